"""Starting: what loading the extension and the first fetch cost in a kernel that is running already.

``python benchmarks/start.py`` prints a Markdown table, ``--json`` the same rows as JSON. Each figure is of a fresh
process that has loaded what a kernel has (ipykernel, IPython, tornado, asyncio, ssl, json), interleaved with its
baseline, as a median; the answers are compared first. The server is that of `server.py`, TLS, from memory.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable

from fetch import ROUNDS, TOKEN, Row, Served, served, table

TARGET = "shop/http:web:http"


def first_with_ours(server: Served) -> object:
    from kubeaccess_magic import Cluster

    return Cluster(kubeconfig=server.kubeconfig).get(TARGET, "small").json()


def first_with_official(server: Served) -> object:
    from kubernetes import client, config

    api = client.CoreV1Api(config.new_client_from_config(config_file=server.kubeconfig))
    call = api.connect_get_namespaced_service_proxy_with_path
    return json.loads(call("http:web:http", "shop", "small", _preload_content=False).data)


def first_with_requests(server: Served) -> object:
    import requests

    url = f"{server.url}/api/v1/namespaces/shop/services/http:web:http/proxy/small"
    headers = {"Authorization": f"Bearer {TOKEN}"}
    return requests.get(url, headers=headers, verify=server.ca_file, timeout=(10, 130)).json()


def load_ours(server: Served) -> object:
    shell().run_line_magic("load_ext", "kubeaccess_magic")
    return None


def load_heavy(server: Served) -> object:
    """What an extension costs that imports what it uses at its top."""
    import ipywidgets  # noqa: F401 - importing is what is measured
    import kubernetes  # noqa: F401
    import pandas  # noqa: F401
    import requests  # noqa: F401

    return None


def shell():  # type: ignore[no-untyped-def]  # IPython has no types for it
    from IPython.core.interactiveshell import InteractiveShell

    return InteractiveShell.instance()


WORK: dict[str, Callable[[Served], object]] = {
    "first_with_ours": first_with_ours,
    "first_with_official": first_with_official,
    "first_with_requests": first_with_requests,
    "load_ours": load_ours,
    "load_heavy": load_heavy,
}


def one(name: str, server: Served) -> None:
    """In a process of its own: load what a kernel has, then do one thing once."""
    import asyncio  # noqa: F401 - a kernel has these
    import ssl  # noqa: F401

    import ipykernel.ipkernel  # noqa: F401
    import IPython  # noqa: F401
    import tornado.ioloop  # noqa: F401

    shell()
    loaded = {name.partition(".")[0] for name in sys.modules}
    assert not loaded & {"kubeaccess_magic", "requests", "urllib3", "kubernetes"}, "what is measured has begun already"
    start = time.perf_counter()
    answer = WORK[name](server)
    print(json.dumps({"seconds": time.perf_counter() - start, "answer": answer}))


def compared(server: Served, what: str, target: str, ours: str, others: dict[str, str], rounds: int) -> list[Row]:
    found: dict[str, list[float]] = {name: [] for name in (ours, *others)}
    answers = []
    # As where people work: compiled modules stay. The first round makes them, and is not counted.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    for number in range(rounds + 1):
        for name in found:
            command = [sys.executable, __file__, "--one", name, *server]
            run = subprocess.run(command, check=True, capture_output=True, timeout=60, env=environment)
            told = json.loads(run.stdout)
            answers.append(told["answer"])
            if number:
                found[name].append(told["seconds"])
    assert all(answer == answers[0] for answer in answers)
    median = {name: statistics.median(seconds) for name, seconds in found.items()}
    return [
        Row(
            what,
            label,
            f"{median[name] * 1000:.1f} ms",
            f"{median[ours] * 1000:.1f} ms",
            median[name] / median[ours],
            0.0,
            target if number == 0 else "",
            rounds,
        )
        for number, (name, label) in enumerate(others.items())
    ]


def rows(rounds: int = ROUNDS) -> list[Row]:
    """All rows of this file."""
    with served() as server:
        heavy = {"load_heavy": "importing kubernetes, requests, pandas, ipywidgets"}
        official = {"first_with_official": "CoreV1Api", "first_with_requests": "requests.get, token by hand"}
        return [
            *compared(server, "`%load_ext` in a live kernel", "≤ 5 ms", "load_ours", heavy, rounds),
            *compared(server, "first fetch to parsed JSON", "≥ 8", "first_with_ours", official, rounds),
        ]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--one", nargs=4, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one:
        one(arguments.one[0], Served(*arguments.one[1:]))
    else:
        measured = rows(arguments.rounds)
        print(json.dumps([row._asdict() for row in measured], indent=1) if arguments.json else table(measured))
