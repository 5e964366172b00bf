"""The app that was behind the real API servers when the cases were recorded, on plain sockets to control every byte.

`listen` opens a port for each behaviour: 8080 and 8081 echo, 8443 echoes over TLS, 8082 answers with something that is
not HTTP, 8083 hangs up at once. Other paths than those below are echoed as JSON: method, target, headers, body, port.
"""

from __future__ import annotations

import base64
import gzip
import json
import socket
import ssl
import threading
import time
import zlib
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

ECHO, TLS, GARBAGE, HANGUP = (8080, 8081), 8443, 8082, 8083
_HTML = (
    b'<!DOCTYPE html><html><head><base href="/base/"><link href="/style.css"></head><body>'
    b'<a href="/a?b=1&c=2">abs</a> <a href="rel">rel</a> <a href="http://evil.example/x">far</a>'
    b'<img src="/i.png" srcset="/i2.png 2x" style="background:url(/bg.png)"><form action="/go"></form>'
    b'<script src="/app.js"></script><script>fetch("/api")</script></body></html>'
)
_TAGS = (
    "area:href embed:src source:src source:srcset audio:src video:poster video:src track:src img:src img:longdesc "
    "img:usemap img:data-src iframe:src iframe:longdesc iframe:srcdoc frame:src frame:longdesc input:src "
    "input:formaction button:formaction form:action object:data object:codebase object:classid applet:codebase "
    "blockquote:cite q:cite ins:cite del:cite command:icon use:href use:xlink:href"
)
_EVERYTHING = (
    b"<!DOCTYPE html><html manifest='/m'><head profile='/p'></head><body background='/b'>"
    + b"".join(
        f"<{tag} {attribute}='/u'></{tag}>".encode()
        for tag, _, attribute in (one.partition(":") for one in _TAGS.split())
    )
    + b"</body></html>"
)
_BROTLI = b"\x0b\x02\x80hello\x03"
_STATUS = (
    b'{"kind":"Status","apiVersion":"v1","status":"Failure","message":"from the app","reason":"NotFound","code":404}'
)
_HEADERS = (
    ("Access-Control-Allow-Origin", "*"), ("Access-Control-Allow-Methods", "GET"),
    ("Access-Control-Allow-Headers", "x"),
    ("Access-Control-Allow-Credentials", "true"), ("Access-Control-Expose-Headers", "X-A"),
    ("Cache-Control", "max-age=60"), ("Set-Cookie", "a=1; Path=/"), ("Set-Cookie", "b=2; Path=/; HttpOnly"),
    ("X-Frame-Options", "DENY"), ("Connection", "X-Hop"), ("X-Hop", "1"), ("Keep-Alive", "timeout=5"),
    ("ETag", '"1"'), ("WWW-Authenticate", 'Basic realm="app"'), ("Server", "backend/1"),
)  # fmt: skip

Asked = dict[str, Any]


def listen(certificate: str, key: str, seen: list[Asked]) -> dict[int, int]:
    """Serve in threads; return port of the pod → real port. Requests are appended to `seen`."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    ports = {}
    for port in (*ECHO, TLS, GARBAGE, HANGUP):
        listener = socket.create_server(("127.0.0.1", 0))
        ports[port] = listener.getsockname()[1]
        arguments = (listener, port, seen, context if port == TLS else None)
        threading.Thread(target=_accept, args=arguments, daemon=True).start()
    return ports


def _accept(listener: socket.socket, port: int, seen: list[Asked], context: ssl.SSLContext | None) -> None:
    while True:
        connection, _ = listener.accept()
        threading.Thread(target=_handle, args=(connection, port, seen, context), daemon=True).start()


def _handle(connection: socket.socket, port: int, seen: list[Asked], context: ssl.SSLContext | None) -> None:
    try:
        if port == HANGUP:
            return
        if port == GARBAGE:
            connection.recv(65536)
            connection.sendall(b"220 mail.example ESMTP\r\n")
            return
        if context:
            connection = context.wrap_socket(connection, server_side=True)
        stream = connection.makefile("rb")
        while (asked := _read(stream, port)) is not None:
            seen.append(asked)
            for piece in _respond(asked):
                if piece is None:
                    return
                connection.sendall(piece)
            if _low(asked).get("upgrade"):
                while _path(asked) not in ("/ws-refuse", "/ws-200", "/ws-302") and (data := connection.recv(4096)):
                    connection.sendall(b"echo:" + data)
                return
    except (OSError, ValueError):
        pass
    finally:
        try:
            connection.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        connection.close()


def _read(stream: Any, port: int) -> Asked | None:
    line = stream.readline(65536)
    if not line.strip():
        return None
    method, target, _ = line.decode("latin-1").rstrip("\r\n").split(" ", 2)
    headers = []
    while text := stream.readline(65536).decode("latin-1").rstrip("\r\n"):
        name, value = text.split(":", 1)
        headers.append([name, value.strip()])
    asked: Asked = {"port": port, "method": method, "target": target, "headers": headers, "body": b""}
    if "chunked" in _low(asked).get("transfer-encoding", ""):
        while size := int(stream.readline().split(b";")[0], 16):
            asked["body"] += stream.read(size)
            stream.readline()
        stream.readline()
    elif "content-length" in _low(asked):
        asked["body"] = stream.read(int(_low(asked)["content-length"]))
    asked["body"] = base64.b64encode(asked["body"]).decode()
    return asked


def _low(asked: Asked) -> dict[str, str]:
    return {name.lower(): value for name, value in asked["headers"]}


def _path(asked: Asked) -> str:
    return urlsplit(asked["target"]).path


def _answer(status: int, headers: list[tuple[str, Any]], body: bytes, reason: str = "OK") -> bytes:
    head = f"HTTP/1.1 {status} {reason}\r\n" + "".join(f"{name}: {value}\r\n" for name, value in headers)
    return head.encode("latin-1") + b"\r\n" + body


def _respond(asked: Asked) -> Iterator[bytes | None]:
    """The pieces of the response; None cuts the connection."""
    parts = urlsplit(asked["target"])
    query = {name: values[0] for name, values in parse_qs(parts.query, keep_blank_values=True).items()}
    path, is_head = parts.path, asked["method"] == "HEAD"

    def full(status: int, kind: str, body: bytes, *more: tuple[str, Any], reason: str = "OK") -> bytes:
        headers = [("Content-Type", kind), ("Content-Length", len(body)), *more]
        return _answer(status, headers, b"" if is_head else body, reason)

    if _low(asked).get("upgrade", "").lower() == "websocket":
        yield {
            "/ws-refuse": full(403, "text/plain", b"no websocket here\n", reason="Forbidden"),
            "/ws-200": full(200, "text/plain", b"not an upgrade\n"),
            "/ws-302": full(302, "text/plain", b"", ("Location", "/there"), reason="Found"),
        }.get(path) or _answer(
            101,
            [("Upgrade", "websocket"), ("Connection", "Upgrade"), ("X-Backend", "ws")],
            b"RAW",
            "Switching Protocols",
        )
    elif path.startswith("/status/"):
        code = int(path.split("/")[2])
        if code in (204, 304):
            yield _answer(code, [("X-Backend", "yes")], b"", "Nothing")
        else:
            yield full(code, "text/plain", b"status %d\n" % code, reason="Whatever")
    elif path == "/redirect":
        where = ("Location", unquote(parts.query.split("to=", 1)[1]))
        yield full(int(query.get("code", 302)), "text/html", b'<a href="/there">there</a>', where, reason="Found")
    elif path == "/maybe-gzip" and "gzip" in _low(asked).get("accept-encoding", ""):
        yield full(200, "application/json", gzip.compress(b'{"zipped": true}', mtime=0), ("Content-Encoding", "gzip"))
    elif path in ("/html-deflate", "/html-zlib"):  # a bare deflate stream, and what HTTP means by the word
        packer = zlib.compressobj(wbits=-15 if path == "/html-deflate" else 15)
        packed = packer.compress(_HTML) + packer.flush()
        yield full(200, "text/html", packed, ("Content-Encoding", "deflate"))
    elif path == "/die":  # promises more than it sends
        yield _answer(200, [("Content-Type", "application/json"), ("Content-Length", 1000)], b'{"half": ')
        yield None
    elif path == "/die-chunked":
        yield _answer(200, [("Content-Type", "text/plain"), ("Transfer-Encoding", "chunked")], b"5\r\nhello\r\n")
        yield None
    elif path == "/events":
        yield _answer(200, [("Content-Type", "text/event-stream"), ("Transfer-Encoding", "chunked")], b"")
        for number in range(3):
            data = b"data: %d\n\n" % number
            yield b"%x\r\n%s\r\n" % (len(data), data)
            time.sleep(0.1)
        yield b"0\r\n\r\n"
    elif path == "/trailers":
        headers = [("Content-Type", "text/plain"), ("Transfer-Encoding", "chunked"), ("Trailer", "X-T")]
        yield _answer(200, headers, b"2\r\nok\r\n0\r\nX-T: end\r\n\r\n")
    elif path == "/slow":
        time.sleep(float(query.get("s", 1)))
        yield full(200, "text/plain", b"slept\n")
    elif path == "/empty":
        yield _answer(200, [("Content-Length", 0)], b"")
    elif path == "/no-type":
        yield _answer(200, [("Content-Length", 5)], b"plain")
    else:
        plain = {
            "/html": lambda: full(200, query.get("type", "text/html"), _HTML),
            "/html-gzip": lambda: full(
                200, "text/html; charset=utf-8", gzip.compress(_HTML, mtime=0), ("Content-Encoding", "gzip")
            ),
            "/html-all": lambda: full(200, "text/html", _EVERYTHING),
            "/html-br": lambda: full(200, "text/html", _BROTLI, ("Content-Encoding", "br")),
            "/json-br": lambda: full(200, "application/json", _BROTLI, ("Content-Encoding", "br")),
            "/json-gzip": lambda: full(
                200, "application/json", gzip.compress(b'{"zipped": true}', mtime=0), ("Content-Encoding", "gzip")
            ),
            "/maybe-gzip": lambda: full(200, "application/json", b'{"zipped": false}'),
            "/headers": lambda: full(200, "text/plain", b"headers\n", *_HEADERS),
            "/k8s-status": lambda: full(404, "application/json", _STATUS, reason="Not Found"),
            "/bytes": lambda: full(200, "application/octet-stream", bytes(range(256))),
        }.get(path)
        if plain:
            yield plain()
            return
        echo = {key: asked[key] for key in ("port", "method", "target", "headers")}
        echo["body"] = base64.b64decode(asked["body"]).decode("latin-1")
        yield full(200, "application/json", json.dumps(echo).encode(), ("X-Backend", "echo"))
