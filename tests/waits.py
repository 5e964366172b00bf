"""Every kind of wait that a request can come to, each made real by a server or a program that says nothing.

A `Wait` is a kubeconfig, a line for the magic, and `begun`, which returns once that wait has begun.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from test_transport import Seen, Server, answered

USER: dict[str, Any] = {"token": "a-token"}
HERE_S = 20.0


@dataclass(frozen=True)
class Wait:
    """`line` follows ``%kproxy``; `left_over` says what may still be running of what was started."""

    kubeconfig: Path
    begun: Callable[[], None]
    line: str = "shop/http:web:80 x"
    left_over: Callable[[], bool] = lambda: False


def until(holds: Callable[[], Any]) -> None:
    end = time.monotonic() + HERE_S
    while not holds():
        assert time.monotonic() < end, "that did not happen"
        time.sleep(0.01)


def written(folder: Path, server: str, user: dict[str, Any] = USER, **cluster: Any) -> Path:
    file = folder / "kubeconfig"
    told = {
        "clusters": [{"name": "c", "cluster": {"server": server, **cluster}}],
        "users": [{"name": "u", "user": user}],
        "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
        "current-context": "c",
    }
    file.write_text(json.dumps(told))
    return file


@contextlib.contextmanager
def silence() -> Iterator[tuple[int, threading.Event]]:
    """A port where somebody accepts and reads, and never says anything; the event: something was sent there."""
    heard, open_ones = threading.Event(), []
    listening = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = listening.accept()
                open_ones.append(connection)
                threading.Thread(target=read, args=(connection,), daemon=True).start()

    def read(connection: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while connection.recv(65536):
                heard.set()

    threading.Thread(target=serve, daemon=True).start()
    try:
        yield listening.getsockname()[1], heard
    finally:
        for one in (listening, *open_ones):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()


@contextlib.contextmanager
def connecting(folder: Path) -> Iterator[Wait]:
    """Nobody takes the connection: the queue of a listener is full."""
    with contextlib.ExitStack() as ends:
        full = ends.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        port = full.getsockname()[1]
        for _ in range(2):
            one = ends.enter_context(socket.socket())
            one.setblocking(False)
            one.connect_ex(("127.0.0.1", port))
        time.sleep(0.05)
        mine = len(_connecting_to(port))
        file = written(folder, f"https://127.0.0.1:{port}")
        yield Wait(file, lambda: until(lambda: len(_connecting_to(port)) > mine))


def _connecting_to(port: int) -> list[str]:
    """Sockets in SYN_SENT to a port on loopback."""
    lines = Path("/proc/net/tcp").read_text().splitlines()[1:]
    return [line for line in lines if line.split()[2].endswith(f":{port:04X}") and line.split()[3] == "02"]


@contextlib.contextmanager
def handshake(folder: Path) -> Iterator[Wait]:
    with silence() as (port, heard):
        yield Wait(written(folder, f"https://127.0.0.1:{port}"), lambda: until(heard.is_set))


@contextlib.contextmanager
def http_proxy(folder: Path) -> Iterator[Wait]:
    with silence() as (port, heard):
        file = written(folder, "https://192.0.2.1:6443", **{"proxy-url": f"http://127.0.0.1:{port}"})
        yield Wait(file, lambda: until(heard.is_set))


@contextlib.contextmanager
def https_proxy(folder: Path) -> Iterator[Wait]:
    with silence() as (port, heard):
        file = written(folder, "https://192.0.2.1:6443", **{"proxy-url": f"https://127.0.0.1:{port}"})
        yield Wait(file, lambda: until(heard.is_set))


@contextlib.contextmanager
def socks_proxy(folder: Path) -> Iterator[Wait]:
    with silence() as (port, heard):
        file = written(folder, "https://192.0.2.1:6443", **{"proxy-url": f"socks5://127.0.0.1:{port}"})
        yield Wait(file, lambda: until(heard.is_set))


@contextlib.contextmanager
def saying(folder: Path, first: bytes, drips: bytes = b"") -> Iterator[Wait]:
    """A server that begins to answer, and goes on a byte at a time, or not at all."""

    def answer(seen: Seen, connection: Any) -> None:
        connection.sendall(first)
        for _ in range(2000):
            time.sleep(0.01)
            connection.sendall(drips)

    with Server(answer) as server:
        yield Wait(written(folder, server.url), lambda: until(server.asked.is_set))


def headers(folder: Path) -> contextlib.AbstractContextManager[Wait]:
    return saying(folder, b"")


def dripping_headers(folder: Path) -> contextlib.AbstractContextManager[Wait]:
    return saying(folder, b"HTTP/1.1 200 OK\r\nX-Slow: ", b"y")


def body(folder: Path) -> contextlib.AbstractContextManager[Wait]:
    return saying(folder, b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc")


def dripping_body(folder: Path) -> contextlib.AbstractContextManager[Wait]:
    return saying(folder, b"HTTP/1.1 200 OK\r\nContent-Length: 9000000\r\n\r\nabc", b"y")


@contextlib.contextmanager
def plugin(folder: Path) -> Iterator[Wait]:
    """A credential plugin that waits for somebody, with a child of its own."""
    program, started = folder / "plugin", folder / "started"
    # It says that it waits a little later, so that whoever started it has come to wait for it.
    script = f"sleep 60 &\necho $! > {started}.new\nsleep 0.5\nmv {started}.new {started}\nwait\n"
    program.write_text(f"#!/bin/sh\n{script}")
    program.chmod(0o755)
    exec_ = {"apiVersion": "client.authentication.k8s.io/v1", "command": str(program), "interactiveMode": "Never"}
    file = written(folder, "https://127.0.0.1:9", {"exec": exec_})

    def running() -> bool:
        with contextlib.suppress(FileNotFoundError):
            return Path(f"/proc/{started.read_text().strip()}/stat").read_text().split()[2] != "Z"
        return False

    yield Wait(file, lambda: until(started.exists), left_over=running)
    if running():
        os.kill(int(started.read_text()), 9)


def kubernetes_list(kind: str, *names: str, more: str = "") -> bytes:
    items = [{"metadata": {"name": name, "namespace": "shop"}} for name in names]
    told = {"kind": kind, "apiVersion": "v1", "metadata": {"continue": more}, "items": items}
    return answered(json.dumps(told).encode(), "Content-Type: application/json")


@contextlib.contextmanager
def page(folder: Path) -> Iterator[Wait]:
    """The second page of a list does not come."""

    def answer(seen: Seen, _: Any) -> bytes:
        if "continue=" in seen.path:
            time.sleep(HERE_S)
        return kubernetes_list("ConfigMapList", "one", "two", more="more")

    with Server(answer) as server:
        begun = lambda: until(lambda: any("continue=" in seen.path for seen in server.seen))  # noqa: E731 - one line
        yield Wait(written(folder, server.url), begun, "/api/v1/configmaps")


@contextlib.contextmanager
def busy(folder: Path) -> Iterator[Wait]:
    """The API server says to come again in a minute (F11)."""
    with Server(lambda seen, _: answered(b"later", "Retry-After: 60", status="429 Too Many Requests")) as server:
        yield Wait(written(folder, server.url), lambda: until(server.asked.is_set), "/api/v1/configmaps")


@contextlib.contextmanager
def threads(folder: Path) -> Iterator[Wait]:
    """All services are refused, and those of each namespace, asked in threads, do not come."""
    refused = {"kind": "Status", "status": "Failure", "reason": "Forbidden", "code": 403, "details": {}}

    def answer(seen: Seen, _: Any) -> bytes:
        if seen.path.startswith("/api/v1/services"):
            return answered(json.dumps(refused).encode(), "Content-Type: application/json", status="403 Forbidden")
        if "/namespaces/" in seen.path:
            time.sleep(HERE_S)
        return kubernetes_list("NamespaceList", *"abcdefghijkl")

    with Server(answer) as server:
        begun = lambda: until(lambda: sum("/namespaces/" in seen.path for seen in server.seen) >= 8)  # noqa: E731
        yield Wait(written(folder, server.url), begun, "services -A")


ALL: dict[str, Callable[[Path], contextlib.AbstractContextManager[Wait]]] = {
    "connecting": connecting,
    "handshake": handshake,
    "http proxy": http_proxy,
    "https proxy": https_proxy,
    "socks proxy": socks_proxy,
    "headers": headers,
    "dripping headers": dripping_headers,
    "body": body,
    "dripping body": dripping_body,
    "plugin": plugin,
    "page": page,
    "busy": busy,
    "threads": threads,
}
