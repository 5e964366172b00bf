"""Fetching: what the client costs, beside ``requests`` and urllib3, against a TLS server that answers from memory.

``python benchmarks/fetch.py`` prints a Markdown table, ``--json`` the same rows as JSON. Each row compares the two in
one run, interleaved, as medians, by the clock and by the CPU time of the client (the steadier figure where other
things run on the machine); the answers are compared first. A body of 100 MB is read in a fresh process each
time, as somebody's first download is; its peak is what the process held at most beyond what it held before.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import json
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

HERE = pathlib.Path(__file__).parent
ROUNDS = 9
REQUESTS = 300
PATH = "/api/v1/namespaces/shop/services/web:http/proxy/"
TOKEN = "a-token-that-is-only-here"


class Row(NamedTuple):
    what: str
    baseline: str
    baseline_figure: str
    ours_figure: str
    ratio: float
    cpu_ratio: float
    target: str
    rounds: int


class Served(NamedTuple):
    url: str
    ca_file: str
    kubeconfig: str


@contextlib.contextmanager
def served() -> Iterator[Served]:
    with tempfile.TemporaryDirectory() as folder:
        process = subprocess.Popen(
            [sys.executable, str(HERE / "server.py"), folder], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert process.stdin and process.stdout
        try:
            url = f"https://127.0.0.1:{int(process.stdout.readline())}"
            ca_file = str(pathlib.Path(folder) / "ca.pem")
            kubeconfig = pathlib.Path(folder) / "config"
            kubeconfig.write_text(
                json.dumps(
                    {
                        "apiVersion": "v1",
                        "kind": "Config",
                        "current-context": "bench",
                        "contexts": [{"name": "bench", "context": {"cluster": "bench", "user": "bench"}}],
                        "clusters": [{"name": "bench", "cluster": {"server": url, "certificate-authority": ca_file}}],
                        "users": [{"name": "bench", "user": {"token": TOKEN}}],
                    }
                )
            )
            yield Served(url, ca_file, str(kubeconfig))
        finally:
            process.stdin.close()
            process.stdout.close()
            process.wait(timeout=30)


def with_requests(server: Served, what: str) -> Callable[[], bytes]:
    import requests

    session = requests.Session()
    session.headers["Authorization"] = f"Bearer {TOKEN}"
    url = f"{server.url}{PATH}{what}"

    def get() -> bytes:
        return session.get(url, verify=server.ca_file, timeout=(10, 130)).content

    return get


def with_urllib3(server: Served, what: str) -> Callable[[], bytes]:
    import ssl

    import urllib3

    pool = urllib3.connectionpool.connection_from_url(
        server.url, ssl_context=ssl.create_default_context(cafile=server.ca_file)
    )
    headers = {"Authorization": f"Bearer {TOKEN}"}
    if what == "gzip":
        headers["Accept-Encoding"] = "gzip"

    def get() -> bytes:
        response = pool.urlopen("GET", PATH + what, headers=headers)
        return response.data

    return get


def with_ours(server: Served, what: str) -> Callable[[], bytes]:
    from kubeaccess_magic import credentials, kubeconfig
    from kubeaccess_magic.call import Call
    from kubeaccess_magic.reply import Stream
    from kubeaccess_magic.request import Request
    from kubeaccess_magic.targets import Target
    from kubeaccess_magic.transport import Pool
    from kubeaccess_magic.ways.proxy import api_path

    context = kubeconfig.choose(kubeconfig=server.kubeconfig)
    pool = Pool.for_context(context, credentials.for_context(context))
    request = Request.build("GET", Target.parse("shop/web:http").target, what)
    path = api_path(request)
    call = Call()

    def get() -> bytes:
        return Stream.from_response(pool.open("GET", path, call=call), request, "proxy").read(call).content

    return get


CLIENTS = {"requests": with_requests, "urllib3": with_urllib3, "ours": with_ours}


def small(server: Served) -> list[Row]:
    """A warm GET of 2 KB: all in this process, interleaved."""
    clients = {name: make(server, "small") for name, make in CLIENTS.items()}
    bodies = {name: get() for name, get in clients.items()}
    assert bodies["requests"] == bodies["urllib3"] == bodies["ours"] and len(bodies["ours"]) > 1500
    for get in clients.values():
        for _ in range(100):
            get()
    before = int(with_requests(server, "connections")())
    times: dict[str, list[float]] = {name: [] for name in clients}
    cpu: dict[str, list[float]] = {name: [] for name in clients}
    for _ in range(ROUNDS):
        for name, get in clients.items():
            cpu_start = time.thread_time()
            for _ in range(REQUESTS):
                start = time.perf_counter()
                get()
                times[name].append(time.perf_counter() - start)
            cpu[name].append(time.thread_time() - cpu_start)
    opened = int(with_requests(server, "connections")()) - before - 1
    assert opened == 0, f"{opened} connections were opened for repeated fetches"
    median_us = {name: statistics.median(spent) * 1e6 for name, spent in times.items()}
    return [
        Row(
            "warm GET of 2 KB",
            baseline,
            f"{median_us[baseline]:.0f} µs",
            f"{median_us['ours']:.0f} µs",
            median_us[baseline] / median_us["ours"],
            statistics.median(cpu[baseline]) / statistics.median(cpu["ours"]),
            target,
            ROUNDS,
        )
        for baseline, target in (("requests", "≥ 2"), ("urllib3", ""))
    ] + [Row(f"connections opened in {ROUNDS * REQUESTS:,} more fetches", "", "", str(opened), 0.0, 0.0, "0", ROUNDS)]


def large(server: Served, what: str, label: str, target: str, rounds: int) -> list[Row]:
    """A body of 100 MB to bytes: a fresh process each, interleaved."""
    found: dict[str, list[dict[str, Any]]] = {name: [] for name in CLIENTS}
    for _ in range(rounds):
        for name in CLIENTS:
            out = subprocess.run(
                [sys.executable, __file__, "--one", name, what, *server], check=True, capture_output=True, timeout=120
            )
            found[name].append(json.loads(out.stdout))
    assert len({one["digest"] for several in found.values() for one in several}) == 1
    size = found["ours"][0]["bytes"]
    seconds = {name: statistics.median(one["seconds"] for one in several) for name, several in found.items()}
    cpu = {name: statistics.median(one["cpu_seconds"] for one in several) for name, several in found.items()}
    peak = {name: statistics.median(one["peak_bytes"] for one in several) / size for name, several in found.items()}
    return [
        Row(
            f"{label}, peak {peak['ours']:.2f} times the body (there {peak[baseline]:.2f})",
            baseline,
            f"{seconds[baseline] * 1000:.0f} ms",
            f"{seconds['ours'] * 1000:.0f} ms",
            seconds[baseline] / seconds["ours"],
            cpu[baseline] / cpu["ours"],
            target if baseline == "requests" else "",
            rounds,
        )
        for baseline in ("requests", "urllib3")
    ]


def one(name: str, what: str, server: Served) -> None:
    """In a process of its own: one body, its time, and the most memory that it took."""
    get_small = CLIENTS[name](server, "small")
    get = CLIENTS[name](server, what)
    get_small()
    pathlib.Path("/proc/self/clear_refs").write_text("5")  # the peak begins anew
    before = _status_bytes("VmRSS")
    start, cpu_start = time.perf_counter(), time.process_time()
    body = get()
    seconds, cpu_seconds = time.perf_counter() - start, time.process_time() - cpu_start
    peak = _status_bytes("VmHWM") - before
    digest = hashlib.sha256(body).hexdigest()
    figures = {"seconds": seconds, "cpu_seconds": cpu_seconds, "peak_bytes": peak, "bytes": len(body)}
    print(json.dumps({**figures, "digest": digest}))


def _status_bytes(name: str) -> int:
    for line in pathlib.Path("/proc/self/status").read_text().splitlines():
        if line.startswith(name + ":"):
            return int(line.split()[1]) * 1024
    raise LookupError(name)


def rows(rounds: int = ROUNDS) -> list[Row]:
    """All rows of this file."""
    with served() as server:
        return [
            *small(server),
            *large(server, "big", "100 MB by length to bytes", "≥ 1.7, peak ≤ 1.05", rounds),
            *large(server, "chunked", "100 MB in chunks to bytes", "", rounds),
            *large(server, "gzip", "100 MB from gzip to bytes", "", rounds),
        ]


def times(ratio: float) -> str:
    return f"{ratio:.2f}" if ratio else ""


def table(all_rows: list[Row]) -> str:
    lines = ["| what | beside | there | ours | times faster | by CPU | target | rounds |", "|---" * 8 + "|"]
    lines += [
        f"| {row.what} | {row.baseline} | {row.baseline_figure} | {row.ours_figure} | {times(row.ratio)} "
        f"| {times(row.cpu_ratio)} | {row.target} | {row.rounds} |"
        for row in all_rows
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--one", nargs=5, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one:
        one(arguments.one[0], arguments.one[1], Served(*arguments.one[2:]))
    else:
        measured = rows(arguments.rounds)
        print(json.dumps([row._asdict() for row in measured], indent=1) if arguments.json else table(measured))
