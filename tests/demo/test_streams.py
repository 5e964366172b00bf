"""Bodies of any size are streamed, not buffered; clients and apps that vanish leave nothing behind."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import random
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from .demo_process import Demo, demo

FULL = int(os.environ.get("HYPOTHESIS_EXAMPLES", "0")) >= 10_000
PIECE = b"x" * 65536
POD = "10.42.9.9:8080"
OBJECTS = [
    {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "here"}},
    {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "app-0", "namespace": "here"},
        "spec": {"containers": [{"name": "app", "image": "i:1", "ports": [{"containerPort": 8080}]}]},
        "status": {"phase": "Running", "podIPs": [{"ip": "10.42.9.9"}]},
    },
]


class App:
    """The app behind the proxy: a thread for each connection, a behaviour for each path."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=256)
        self.port = self._listener.getsockname()[1]
        self.received = 0
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            connection, _ = self._listener.accept()
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError, ValueError), connection, connection.makefile("rb") as stream:
            while line := stream.readline():
                length = 0
                while header := stream.readline().strip():
                    if header.lower().startswith(b"content-length:"):
                        length = int(header.split(b":")[1])
                self.received = 0
                while self.received < length:
                    self.received += len(stream.read(min(length - self.received, 65536)))
                self._answer(connection, line.split()[1].decode())

    def _answer(self, connection: socket.socket, path: str) -> None:
        kind, _, number = path.strip("/").partition("/")
        if kind == "big":
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (int(number) * len(PIECE)))
            for _ in range(int(number)):
                connection.sendall(PIECE)
        elif kind == "chunks":
            connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
            for _ in range(int(number)):
                connection.sendall(b"10000\r\n" + PIECE + b"\r\n")
            connection.sendall(b"0\r\n\r\n")
        elif kind == "die":
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n" + PIECE)
            raise ValueError
        elif kind == "slow":
            time.sleep(0.3)
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nslow")
        else:
            connection.sendall(
                b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%d" % (len(str(self.received)), self.received)
            )


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    folder, app = tmp_path_factory.mktemp("streams"), App()
    (folder / "objects.jsonl").write_text("".join(json.dumps(one) + "\n" for one in OBJECTS))
    (folder / "users.json").write_text(json.dumps({"t": ["admin", ["system:masters"]]}))
    (folder / "dial.json").write_text(json.dumps({POD: f"127.0.0.1:{app.port}"}))
    files = [f"--{name}={folder / name}.json" for name in ("users", "dial")]
    with demo(folder, *files, f"--objects={folder / 'objects.jsonl'}") as one:
        yield one


PROXY = "/api/v1/namespaces/here/pods/app-0/proxy"


def connected(running: Demo) -> http.client.HTTPSConnection:
    return http.client.HTTPSConnection("127.0.0.1", running.port, timeout=120, context=running.tls())


def ask(connection: http.client.HTTPSConnection, path: str, **more: object) -> http.client.HTTPResponse:
    connection.request("POST" if more else "GET", PROXY + path, headers={"Authorization": "Bearer t"}, **more)  # type: ignore[arg-type]
    return connection.getresponse()


def peak_mib(running: Demo) -> float:
    status = Path(f"/proc/{running.process.pid}/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) / 1024


def descriptors(running: Demo) -> int:
    return len(os.listdir(f"/proc/{running.process.pid}/fd"))


@pytest.mark.parametrize("kind", ["big", "chunks"])
def test_a_large_answer_is_never_held(running: Demo, kind: str) -> None:
    pieces, before = 16384 if FULL else 2048, peak_mib(running)  # 1 GiB, or an eighth of it
    with contextlib.closing(connected(running)) as connection:
        reply, size = ask(connection, f"/{kind}/{pieces}"), 0
        buffer = bytearray(2**20)
        while count := reply.readinto(buffer):
            size += count
    assert size == pieces * len(PIECE)
    assert peak_mib(running) < before + 100


def test_a_large_upload_is_never_held(running: Demo) -> None:
    pieces, before = 2048, peak_mib(running)  # 128 MiB
    with contextlib.closing(connected(running)) as connection:
        headers = {"Authorization": "Bearer t", "Content-Length": str(pieces * len(PIECE))}
        connection.request("POST", f"{PROXY}/up", body=(PIECE for _ in range(pieces)), headers=headers)
        assert connection.getresponse().read() == str(pieces * len(PIECE)).encode()
    assert peak_mib(running) < before + 100


def test_a_client_that_reads_slowly_holds_the_app_back(running: Demo) -> None:
    before = peak_mib(running)
    with contextlib.closing(connected(running)) as connection:
        reply = ask(connection, "/big/4096")
        time.sleep(1)
        assert len(reply.read(1000)) == 1000
    assert peak_mib(running) < before + 30


def test_soak(running: Demo) -> None:
    """64 connections at once, a hundred times each (ten if not at full size); some apps die, and some clients leave."""
    wrong: list[str] = []

    def read_whole(connection: http.client.HTTPSConnection) -> None:
        assert ask(connection, "/chunks/3").read() == PIECE * 3

    def read_small(connection: http.client.HTTPSConnection) -> None:
        assert ask(connection, "/small").read() == b"0"

    def upload(connection: http.client.HTTPSConnection) -> None:
        assert ask(connection, "/up", body=PIECE).read() == b"65536"

    def see_it_die(connection: http.client.HTTPSConnection) -> None:
        with pytest.raises((http.client.HTTPException, OSError)):
            ask(connection, "/die").read()
        connection.close()

    def leave(connection: http.client.HTTPSConnection) -> None:
        ask(connection, "/big/100").read(10)
        connection.close()

    def leave_early(connection: http.client.HTTPSConnection) -> None:
        connection.request("GET", f"{PROXY}/slow", headers={"Authorization": "Bearer t"})
        connection.close()

    ways: list[Callable[[http.client.HTTPSConnection], None]] = [
        read_small,
        read_whole,
        upload,
        see_it_die,
        leave,
        leave_early,
    ]

    def work(number: int) -> None:
        chance, connection = random.Random(number), connected(running)
        for _ in range(100 if FULL else 10):
            try:
                chance.choice(ways)(connection)
            except BaseException as problem:
                wrong.append(repr(problem))
                break
        connection.close()

    with contextlib.closing(connected(running)) as connection:
        read_small(connection)
    before = descriptors(running)
    threads = [threading.Thread(target=work, args=(number,)) for number in range(64)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
    with contextlib.closing(connected(running)) as connection:
        read_small(connection)
        read_whole(connection)
    settled = time.monotonic() + 30
    while descriptors(running) > before + 30 and time.monotonic() < settled:  # up to 25 connections are kept for later
        time.sleep(0.2)
    assert descriptors(running) <= before + 30
    assert running.log.read_text() == ""
