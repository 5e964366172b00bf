"""The demo cluster: how soon it is there, what it holds, and what goes through it.

``python benchmarks/demo.py`` prints a Markdown table, ``--json`` the same rows as JSON. Start and memory are of fresh
processes, as medians, with the built-in world. The body of 1 GB comes from a server of this process, behind a pod of
a small world; its figure is what the demo held at most beyond what it held before. The small GETs are of an app of
the built-in world, by the service, in a second of each of the rounds; the clients need the machine too.
"""

from __future__ import annotations

import argparse
import base64
import contextlib
import http.client
import json
import os
import pathlib
import socket
import ssl
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from typing import NamedTuple

ROUNDS = 7
CONNECTIONS = 8
BODY_BYTES = 10**9
BLOCK = 2**20
POD = "10.203.0.2"
SMALL = "/api/v1/namespaces/shop/services/backoffice:http/proxy/healthz"
BIG = "/api/v1/namespaces/bench/pods/big:8080/proxy/"
READ_S = 60
SETTLE_S = 0.5
COMPILED = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
"""The environment of the demo: it keeps its bytecode, as an installed package has it."""


class Row(NamedTuple):
    what: str
    figure: str
    target: str
    rounds: int


class Running(NamedTuple):
    process: subprocess.Popen[str]
    port: int
    token: str
    context: ssl.SSLContext
    started_s: float

    def connect(self) -> http.client.HTTPSConnection:
        return http.client.HTTPSConnection("127.0.0.1", self.port, context=self.context, timeout=READ_S)

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}

    def memory_bytes(self, name: str) -> int:
        for line in pathlib.Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith(name + ":"):
                return int(line.split()[1]) * 1024
        raise LookupError(name)


@contextlib.contextmanager
def started(*more: str) -> Iterator[Running]:
    with tempfile.TemporaryDirectory() as folder:
        kubeconfig = pathlib.Path(folder, "kubeconfig")
        command = [sys.executable, "-m", "kubeaccess_magic.demo", "--kubeconfig", str(kubeconfig), *more]
        start = time.perf_counter()
        with subprocess.Popen(command, env=COMPILED, stdout=subprocess.PIPE, text=True) as process:
            try:
                assert process.stdout
                line = process.stdout.readline()
                seconds = time.perf_counter() - start
                assert line.startswith("demo cluster at "), line
                found = json.loads(kubeconfig.read_text())
                ca = base64.b64decode(found["clusters"][0]["cluster"]["certificate-authority-data"]).decode()
                token = found["users"][0]["user"]["token"]
                port = int(line.split(",")[0].rpartition(":")[2])
                yield Running(process, port, token, ssl.create_default_context(cadata=ca), seconds)
            finally:
                process.terminate()


def starts(rounds: int) -> list[Row]:
    """Fresh processes, one after the other."""
    seconds, resident = [], []
    with started():
        pass  # the first compiles
    for _ in range(rounds):
        with started() as running:
            seconds.append(running.started_s)
            time.sleep(SETTLE_S)
            resident.append(running.memory_bytes("VmRSS"))
    return [
        Row("start to the printed line", f"{statistics.median(seconds):.2f} s", "≤ 0.7 s", rounds),
        Row("resident memory after it", f"{statistics.median(resident) / 2**20:.0f} MiB", "≤ 100 MiB", rounds),
    ]


def big(rounds: int) -> list[Row]:
    """1 GB through the proxy verb, from a server in a thread, by length."""
    seconds, held = [], []
    block = bytes(BLOCK)
    for _ in range(rounds):
        with tempfile.TemporaryDirectory() as folder, socket.create_server(("127.0.0.1", 0)) as server:
            arguments = world(pathlib.Path(folder), server.getsockname()[1])
            thread = threading.Thread(target=send_once, args=(server, block), daemon=True)
            with started(*arguments) as running, contextlib.closing(running.connect()) as connection:
                thread.start()
                connection.request("GET", "/version")
                connection.getresponse().read()
                time.sleep(SETTLE_S)
                pathlib.Path(f"/proc/{running.process.pid}/clear_refs").write_text("5")  # the peak begins anew
                before, start = running.memory_bytes("VmRSS"), time.perf_counter()
                connection.request("GET", BIG, headers=running.headers)
                answer, buffer, size = connection.getresponse(), bytearray(BLOCK), 0
                assert answer.status == 200, answer.read()
                while count := answer.readinto(buffer):
                    size += count
                assert size == BODY_BYTES
                seconds.append(time.perf_counter() - start)
                held.append(running.memory_bytes("VmHWM") - before)
            thread.join()
    speed = BODY_BYTES / statistics.median(seconds) / 10**6
    what = f"more of it while 1 GB goes through, at {speed:.0f} MB/s"
    return [Row(what, f"{max(held) / 2**20:.0f} MiB", "≤ 100 MiB", rounds)]


def send_once(server: socket.socket, block: bytes) -> None:
    connection, _ = server.accept()
    with connection:
        connection.recv(2**16)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\nConnection: close\r\n\r\n" % BODY_BYTES)
        left = BODY_BYTES
        while left:
            left -= connection.send(block[:left])


def world(folder: pathlib.Path, port: int) -> list[str]:
    """A namespace with a pod, and where it is."""
    objects = [
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "bench"}},
        {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": "big", "namespace": "bench"},
            "spec": {"containers": [{"name": "big", "image": "big"}]},
            "status": {"phase": "Running", "podIP": POD, "podIPs": [{"ip": POD}]},
        },
    ]
    (folder / "objects.jsonl").write_text("".join(json.dumps(one) + "\n" for one in objects))
    (folder / "users.json").write_text(json.dumps({"benchmark": ["admin", ["system:masters"]]}))
    (folder / "dial.json").write_text(json.dumps({f"{POD}:8080": f"127.0.0.1:{port}"}))
    return [
        *("--objects", str(folder / "objects.jsonl")),
        *("--users", str(folder / "users.json")),
        *("--dial", str(folder / "dial.json")),
    ]


def small(rounds: int) -> list[Row]:
    """Small GETs from kept connections, a thread each, for a second a round."""
    rates = []
    with started() as running, contextlib.ExitStack() as ends:
        connections = [ends.enter_context(contextlib.closing(running.connect())) for _ in range(CONNECTIONS)]
        for number in range(rounds + 1):
            counts: list[int] = []
            until = time.perf_counter() + 1
            threads = [
                threading.Thread(target=ask_until, args=(one, running.headers, until, counts), daemon=True)
                for one in connections
            ]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            assert len(counts) == CONNECTIONS
            if number:  # the first warms up
                rates.append(sum(counts))
    what = f"small GETs through the proxy verb, {CONNECTIONS} kept connections"
    return [Row(what, f"{statistics.median(rates):.0f} a second", "", rounds)]


def ask_until(
    connection: http.client.HTTPSConnection, headers: dict[str, str], until: float, counts: list[int]
) -> None:
    count = 0
    while time.perf_counter() < until:
        connection.request("GET", SMALL, headers=headers)
        answer = connection.getresponse()
        assert (answer.status, answer.read()) == (200, b"ok\n")
        count += 1
    counts.append(count)


def rows(rounds: int = ROUNDS) -> list[Row]:
    """All rows of this file."""
    return [*starts(rounds), *big(min(rounds, 3)), *small(rounds)]


def table(all_rows: list[Row]) -> str:
    lines = ["| what | figure | target | rounds |", "|---" * 4 + "|"]
    lines += [f"| {row.what} | {row.figure} | {row.target} | {row.rounds} |" for row in all_rows]
    return "\n".join(lines)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    arguments = parser.parse_args()
    measured = rows(arguments.rounds)
    print(json.dumps([row._asdict() for row in measured], indent=1) if arguments.json else table(measured))
