"""Malformed requests are refused with 400 and a closed connection; unusual but valid ones are answered."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator

import pytest

from .demo_process import Demo, demo


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    with demo(tmp_path_factory.mktemp("http")) as one:
        yield one


def talk(running: Demo, data: bytes, half_close: bool = False) -> bytes:
    """Send bytes, and read until the connection ends."""
    with (
        socket.create_connection(("127.0.0.1", running.port), 10) as plain,
        running.tls().wrap_socket(plain, server_hostname="127.0.0.1") as secure,
    ):
        secure.settimeout(10)
        out = b""
        try:
            secure.sendall(data)
            while piece := secure.recv(65536):
                out += piece
        except (ssl.SSLError, ConnectionError):
            pass
        return out


def head(running: Demo, *lines: str, host: str = "") -> bytes:
    host = host or f"127.0.0.1:{running.port}"
    token = running.tokens["demo"]
    first, *more = lines
    return "\r\n".join([first, f"Host: {host}", f"Authorization: Bearer {token}", *more, "", ""]).encode("latin-1")


@pytest.mark.parametrize(
    "lines",
    [
        ["GET /version HTTP/1.1", "Content-Length: 3", "Content-Length: 4"],
        ["GET /version HTTP/1.1", "Content-Length: 3", "Content-Length: 3"],
        ["GET /version HTTP/1.1", "Content-Length: 3", "Transfer-Encoding: chunked"],
        ["GET /version HTTP/1.1", "Transfer-Encoding: chunked", "Transfer-Encoding: chunked"],
        ["GET /version HTTP/1.1", "Transfer-Encoding: chunked, gzip"],
        ["GET /version HTTP/1.1", "Transfer-Encoding: xchunked"],
        ["GET /version HTTP/1.1", "Content-Length: +3"],
        ["GET /version HTTP/1.1", "Content-Length: -1"],
        ["GET /version HTTP/1.1", "Content-Length: 0x10"],
        ["GET /version HTTP/1.1", "Content-Length: 1, 1"],
        ["GET /version HTTP/1.1", "Content-Length:"],
        ["GET /version HTTP/1.1", "Content-Length : 0"],
        ["GET /version HTTP/1.1", " folded: 1"],
        ["GET /version HTTP/1.1", "X-A: 1", " folded"],
        ["GET /version HTTP/1.1", "no colon"],
        ["GET /version HTTP/1.1", "X-A: a\x00b"],
        ["GET /version HTTP/1.1", "X-A: a\rb"],
        ["GET /version HTTP/1.1", "Host: other"],
        ["GET /version HTTP/2.0"],
        ["GET /version HTTP/1.10"],
        ["GET /version"],
        ["GET  /version HTTP/1.1"],
        ["GET /ver sion HTTP/1.1"],
        ["G@T /version HTTP/1.1"],
        ["GET version HTTP/1.1"],
        ["GET /a\x01b HTTP/1.1"],
        ["GET /%zz HTTP/1.1"],
        ["GET /% HTTP/1.1"],
        [""],
    ],
    ids=repr,
)
def test_malformed_requests_get_400_and_a_closed_connection(running: Demo, lines: list[str]) -> None:
    answer = talk(running, head(running, *lines) + b"GET /version HTTP/1.1\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 400 Bad Request\r\n")
    assert b"\r\nConnection: close\r\n" in answer
    assert answer.count(b"HTTP/1.1 ") == 1
    assert b"Audit-Id" not in answer


def test_a_missing_host_is_told(running: Demo) -> None:
    assert b"missing required Host header" in talk(running, b"GET /version HTTP/1.1\r\n\r\n")


@pytest.mark.parametrize("size", [70_000, 3_000_000])
def test_a_flood_of_headers_is_refused(running: Demo, size: int) -> None:
    flood = "".join(f"X-{number}: {'a' * 90}\r\n" for number in range(size // 100))
    answer = talk(running, b"GET /version HTTP/1.1\r\nHost: x\r\n" + flood.encode() + b"\r\n")
    assert answer == b"" or answer.startswith(b"HTTP/1.1 400 ")
    assert talk(running, head(running, "GET /version HTTP/1.1", "Connection: close")).startswith(b"HTTP/1.1 200 ")


def test_headers_up_to_the_limit_are_taken(running: Demo) -> None:
    answer = talk(running, head(running, "GET /version HTTP/1.1", f"X-A: {'a' * 60_000}", "Connection: close"))
    assert answer.startswith(b"HTTP/1.1 200 OK\r\n")


def test_what_is_no_http_at_all(running: Demo) -> None:
    assert talk(running, b"\x16\x03\x01 hello\r\n\r\n").startswith(b"HTTP/1.1 400 ")
    with socket.create_connection(("127.0.0.1", running.port), 5) as plain:
        plain.settimeout(5)
        plain.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        try:
            assert plain.recv(100) == b"" or True
        except ConnectionError:
            pass


def test_pipelined_requests_are_answered_in_order(running: Demo) -> None:
    one = head(running, "GET /version HTTP/1.1")
    last = head(running, "GET /healthz HTTP/1.1", "Connection: close")
    answer = talk(running, b"\r\n" + one + one + last)
    assert answer.count(b"HTTP/1.1 200 OK\r\n") == 3
    assert answer.endswith(b"ok")


def test_http_1_0_closes_and_absolute_targets_work(running: Demo) -> None:
    answer = talk(running, head(running, "GET /healthz HTTP/1.0"))
    assert answer.startswith(b"HTTP/1.1 200 OK\r\n") and answer.endswith(b"ok")
    absolute = f"GET https://127.0.0.1:{running.port}/healthz HTTP/1.1"
    assert talk(running, head(running, absolute, "Connection: close")).endswith(b"ok")


def test_a_body_that_nobody_reads_does_not_hide_a_request(running: Demo) -> None:
    smuggled = b"GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n"
    first = head(running, "GET /version HTTP/1.1", f"Content-Length: {len(smuggled)}") + smuggled
    answer = talk(running, first + head(running, "GET /healthz HTTP/1.1", "Connection: close"))
    assert answer.count(b"HTTP/1.1 ") == 2 and answer.endswith(b"ok")


def test_another_host_is_only_for_those_who_sign_in(running: Demo) -> None:
    anonymous = b"GET /version HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n"
    assert talk(running, anonymous).startswith(b"HTTP/1.1 403 ")
    signed_in = head(running, "GET /version HTTP/1.1", "Connection: close", host="evil.example")
    assert talk(running, signed_in).startswith(b"HTTP/1.1 200 ")
    known = f"GET /version HTTP/1.1\r\nHost: localhost:{running.port}\r\nConnection: close\r\n\r\n".encode()
    assert talk(running, known).startswith(b"HTTP/1.1 200 ")
