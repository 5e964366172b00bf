"""What listens at the pods' addresses: plain sockets, so that every byte is ours, in threads of this process.

What an app answers is a function from `Asked` to `Answer`. `behave`, the app of most pods, echoes what it was asked as
JSON, unless the path names one of its `BEHAVIOURS`. Every request that arrives is appended to a list first.
"""

from __future__ import annotations

import contextlib
import gzip
import json
import select
import socket
import ssl
import threading
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

BLOCK = 64 * 1024
GO_ANSWER = b"HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n"


@dataclass(frozen=True)
class Asked:
    """A request as it arrived."""

    address: str  # of the pod, with port
    method: str
    target: str  # of the raw request line
    headers: tuple[tuple[str, str], ...]
    body: bytes
    time: int = 1  # 2: the same method and target for the second time in this test

    @property
    def path(self) -> str:
        return urlsplit(self.target).path

    @property
    def query(self) -> dict[str, str]:
        return dict(parse_qsl(urlsplit(self.target).query, keep_blank_values=True))

    def header(self, name: str) -> str | None:
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)


@dataclass(frozen=True)
class Answer:
    """What is sent back; a `None` among pieces cuts the connection there. Pieces without a length are chunked."""

    status: int = 200
    content_type: str | None = "application/json"
    body: bytes | Iterable[bytes | None] = b""
    headers: tuple[tuple[str, str], ...] = ()
    length: int | None = None  # what is announced for pieces
    after_s: float = 0.0  # said nothing for so long


App = Callable[[Asked], "Answer | None"]  # None: close the connection without an answer
Talk = Callable[[socket.socket], None]  # for what is not HTTP


@dataclass
class Backends:
    """All listeners; `close` ends them, their connections and their threads."""

    certificate: Path
    key: Path
    seen: list[Asked] = field(default_factory=list)
    closing: threading.Event = field(default_factory=threading.Event)
    _open: set[socket.socket] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _threads: list[threading.Thread] = field(default_factory=list)

    def listen(self, host: str, port: int, app: App | None = None, *, talk: Talk | None = None, tls: str = "") -> None:
        """Serve `app`, or let `talk` have the bare connection.

        `tls`: "" none; "only": what is not TLS is closed; "go": it is answered as Go's servers do; "either": both work.
        """
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate, self.key)
        listener = self._keep(socket.create_server((host, port), backlog=128))

        def serve(connection: socket.socket) -> None:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # else a body waits 40 ms for its headers
            if talk is not None:
                talk(connection)
                return
            is_tls = tls and connection.recv(1, socket.MSG_PEEK) == b"\x16"  # the first byte of a handshake
            if is_tls:
                with context.wrap_socket(connection, server_side=True) as secure, self._kept(secure):
                    self._converse(secure, f"{host}:{port}", app or behave)
            elif tls == "go":
                connection.recv(BLOCK)
                connection.sendall(GO_ANSWER)
            elif tls != "only":
                self._converse(connection, f"{host}:{port}", app or behave)

        def handle(connection: socket.socket) -> None:
            with connection, self._kept(connection), contextlib.suppress(OSError, ValueError):
                serve(connection)

        def accept() -> None:
            with listener, contextlib.suppress(OSError):
                while not self.closing.is_set():
                    self._start(handle, listener.accept()[0])

        self._start(accept)

    def close(self) -> None:
        self.closing.set()
        with self._lock:
            for one in self._open:
                with contextlib.suppress(OSError):
                    one.shutdown(socket.SHUT_RDWR)  # wakes whoever waits on it
        for thread in list(self._threads):
            thread.join(timeout=5)

    def __enter__(self) -> Backends:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def wait_for_end_of(self, connection: socket.socket) -> None:
        """Say nothing until the other end goes away."""
        while not self.closing.is_set():
            readable, _, _ = select.select([connection], [], [], 0.2)
            if readable and not connection.recv(BLOCK):
                return

    def _start(self, function: Callable[..., None], *arguments: Any) -> None:
        thread = threading.Thread(target=function, args=arguments, daemon=True)
        self._threads = [one for one in self._threads if one.is_alive()] + [thread]
        thread.start()

    def _keep(self, one: socket.socket) -> socket.socket:
        with self._lock:
            self._open.add(one)
        return one

    @contextlib.contextmanager
    def _kept(self, one: socket.socket) -> Iterator[None]:
        self._keep(one)
        try:
            yield
        finally:
            with self._lock:
                self._open.discard(one)

    def _converse(self, connection: socket.socket, address: str, app: App) -> None:
        with connection.makefile("rb") as file:
            while (asked := read_request(file, address)) is not None:
                before = sum((one.method, one.target) == (asked.method, asked.target) for one in self.seen)
                asked = replace(asked, time=before + 1)
                self.seen.append(asked)
                answer = app(asked)
                if answer is None or self.closing.wait(answer.after_s):
                    return
                if not send(connection, asked, answer):
                    return


def read_request(file: Any, address: str) -> Asked | None:
    line = file.readline(BLOCK).decode("latin-1").rstrip("\r\n")
    if not line:
        return None
    method, target, _ = line.split(" ", 2)
    headers = []
    while header := file.readline(BLOCK).decode("latin-1").rstrip("\r\n"):
        name, value = header.split(":", 1)
        headers.append((name, value.strip()))
    lower = {name.lower(): value for name, value in headers}
    body = b""
    if "chunked" in lower.get("transfer-encoding", ""):
        while size := int(file.readline(), 16):
            body += file.read(size)
            file.readline()
        file.readline()
    elif "content-length" in lower:
        body = file.read(int(lower["content-length"]))
    return Asked(address, method, target, tuple(headers), body)


def send(connection: socket.socket, asked: Asked, answer: Answer) -> bool:
    """Whether the connection can be used again."""
    lines = [f"HTTP/1.1 {answer.status} Said"]
    if answer.content_type is not None:
        lines.append(f"Content-Type: {answer.content_type}")
    length = len(answer.body) if isinstance(answer.body, bytes) else answer.length
    bodiless = answer.status in (204, 304)
    chunked = length is None and not bodiless
    if chunked:
        lines.append("Transfer-Encoding: chunked")
    elif not bodiless:
        lines.append(f"Content-Length: {length}")
    lines += [f"{name}: {value}" for name, value in answer.headers]
    connection.sendall("\r\n".join([*lines, "", ""]).encode("latin-1"))
    if asked.method == "HEAD" or bodiless:
        return True
    sent = 0
    pieces: Iterable[bytes | None] = [answer.body] if isinstance(answer.body, bytes) else answer.body
    for piece in pieces:
        if piece is None:
            return False
        if piece:
            connection.sendall(b"%x\r\n%b\r\n" % (len(piece), piece) if chunked else piece)
            sent += len(piece)
    if chunked:
        connection.sendall(b"0\r\n\r\n")
    return chunked or sent == length


# --- the app of most pods ---------------------------------------------------------------------------------------------

HTML = b'<!DOCTYPE html><html><body><a href="/a?b=1">a</a><script>document.title = "ran"</script></body></html>'
STATS = [
    {"item": f"item {n}", "sold": n, "price": n / 4, "shop": {"city": "Zürich", "open": n % 2 == 0}} for n in range(12)
]


def behave(asked: Asked) -> Answer | None:
    """The behaviour that the path names, else an echo."""
    behaviour = BEHAVIOURS.get(asked.path.strip("/").split("/")[0])
    return echo(asked) if behaviour is None else behaviour(asked)


def echo(asked: Asked) -> Answer:
    told = {"address": asked.address, "method": asked.method, "target": asked.target, "headers": asked.headers}
    return Answer(body=json.dumps(told | {"body": asked.body.decode("latin-1")}).encode())


def status(asked: Asked) -> Answer:
    """`/status/418`: that status, with a little text."""
    code = int(asked.path.strip("/").split("/")[1])
    return Answer(code, "text/plain", b"the app says %d\n" % code)


def say(asked: Asked) -> Answer:
    """`/say?status=200&type=text/csv&body=…&header=Name: value`: just that."""
    query = asked.query
    name, _, value = query.get("header", "").partition(": ")
    headers = ((name, value),) if name else ()
    body = query.get("body", "").encode()
    return Answer(int(query.get("status", "200")), query.get("type", "application/json"), body, headers)


def pose(asked: Asked) -> Answer:
    """`/pose?code=403&reason=Forbidden&message=…&kind=services&name=web`: a Status, as the API server writes it."""
    query = asked.query
    code = int(query.get("code", "404"))
    told: dict[str, Any] = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure"}
    told |= {"message": query.get("message", "from the app"), "reason": query.get("reason", "NotFound")}
    if details := {key: query[key] for key in ("name", "kind") if key in query}:
        told["details"] = details
    return Answer(code, "application/json", json.dumps(told | {"code": code}).encode())


def redirect(asked: Asked) -> Answer:
    """`/redirect?to=/there&code=302`: to `to`, which is there if it names no behaviour."""
    return Answer(int(asked.query.get("code", "302")), "text/plain", b"", (("Location", asked.query["to"]),))


def page(asked: Asked) -> Answer:
    return Answer(200, "text/html; charset=utf-8", HTML)


def stats(asked: Asked) -> Answer:
    """A list of flat and nested objects."""
    return Answer(body=json.dumps(STATS, ensure_ascii=False).encode())


def slow(asked: Asked) -> Answer:
    """`/slow?s=2`: says nothing for so long."""
    return Answer(200, "text/plain", b"at last\n", after_s=float(asked.query.get("s", "2")))


def size(asked: Asked) -> Answer:
    """`/size?n=1000000`: so many bytes, announced; with `&chunked`, not; with `&gzip`, zipped (and chunked)."""
    query, left = asked.query, int(asked.query["n"])

    def pieces(left: int = left) -> Iterator[bytes]:
        while left > 0:
            yield b"x" * min(left, BLOCK)
            left -= BLOCK

    def zipped() -> Iterator[bytes]:
        packer = zlib.compressobj(wbits=31)
        yield from map(packer.compress, pieces())
        yield packer.flush()

    if "gzip" in query:
        return Answer(200, "text/plain", zipped(), (("Content-Encoding", "gzip"),))
    return Answer(200, "text/plain", pieces(), length=None if "chunked" in query else left)


def endless(asked: Asked) -> Answer:
    """Never ends by itself."""

    def pieces() -> Iterator[bytes]:
        while True:
            yield b"and so on\n" * 100

    return Answer(200, "text/plain", pieces())


def die(asked: Asked) -> Answer:
    """Promises more than it sends; with `?chunked`, breaks off in the midst."""
    if "chunked" in asked.query:
        return Answer(200, "application/json", [b'{"half": ', None])
    return Answer(200, "application/json", [b'{"half": ', None], length=1000)


def vanish(asked: Asked) -> None:
    """Closes the connection without an answer."""


def flaky(asked: Asked) -> Answer | None:
    """`/flaky?times=1`: closes the connection so many times, then answers. (The API server may itself ask again.)"""
    return None if asked.time <= int(asked.query.get("times", "1")) else Answer(200, "text/plain", b"now\n")


def zipped(asked: Asked) -> Answer:
    """Zipped if that was accepted."""
    body = json.dumps(STATS).encode()
    if "gzip" in (asked.header("Accept-Encoding") or ""):
        return Answer(body=gzip.compress(body, mtime=0), headers=(("Content-Encoding", "gzip"),))
    return Answer(body=body)


def protected(asked: Asked) -> Answer:
    """Wants a login of its own."""
    return Answer(401, "text/plain", b"sign in\n", (("WWW-Authenticate", 'Basic realm="app"'),))


def cookies(asked: Asked) -> Answer:
    two = (("Set-Cookie", "a=1; Path=/"), ("Set-Cookie", "b=2; Path=/; HttpOnly"))
    return Answer(200, "text/plain", b"two cookies\n", two)


BEHAVIOURS: dict[str, App] = {
    "status": status,
    "say": say,
    "pose": pose,
    "redirect": redirect,
    "page": page,
    "stats": stats,
    "slow": slow,
    "size": size,
    "endless": endless,
    "die": die,
    "vanish": vanish,
    "flaky": flaky,
    "zipped": zipped,
    "protected": protected,
    "cookies": cookies,
}


# --- what is not HTTP -------------------------------------------------------------------------------------------------


def hang_up(connection: socket.socket) -> None:
    """Close at once."""


def complain(connection: socket.socket) -> None:
    """What an HTTP server says to a handshake of TLS."""
    connection.recv(BLOCK)
    connection.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")


def greet(connection: socket.socket) -> None:
    """Another protocol."""
    connection.recv(BLOCK)
    connection.sendall(b"220 mail.example ESMTP\r\n")
