"""The serving side of a connection: requests one after the other, each with the means to answer it."""

from __future__ import annotations

import asyncio
import functools
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from email.utils import formatdate
from typing import Final

from tornado.iostream import IOStream, StreamClosedError

from .headers import Headers, is_token
from .message import IncomingRequest, reason
from .wire import CHUNKED, HEAD_LIMIT, Connection, ConnectionClosedError, Head, MalformedHTTPError, fields

logger = logging.getLogger("kubeaccess_magic.demo")

IDLE_S: Final = 300.0
HEAD_S: Final = 30.0
_LINGER_S: Final = 1.0
_QUIET_S: Final = 0.05
DRAIN: Final = 256 * 2**10
"""So much of a request body that nobody read is passed over to keep a connection (as Go does)."""


class AbortConnection(Exception):
    """The connection is to be closed without another byte, as when the real server panics (D2, T32, E10)."""


class Exchange:
    """One request, and its answer in the making.

    Attributes
    ----------
    request
        What was asked.
    client
        The address of who asks.
    certificate
        The client certificate that TLS brought, in DER; empty when there is none.
    started
        Whether the head of the answer has been sent.
    """

    def __init__(self, connection: Connection, request: IncomingRequest, client: str, certificate: bytes) -> None:
        self.connection = connection
        self.request = request
        self.client = client
        self.certificate = certificate
        self.started = False
        self.finished = False
        self.keep = request.keeps_alive
        self.common: list[tuple[str, str]] = []
        self._chunked = False
        self._left: int | None = None
        self._body_read = request.framing == 0
        self._body: AsyncIterator[bytes] | None = None

    # --- the request's body

    async def body(self) -> AsyncIterator[bytes]:
        """The pieces of the request's body as they come; a client that waits for 100 gets it now."""
        if self._body_read:
            return
        if self._body is None:
            if self.request.headers.get("Expect").lower() == "100-continue":
                await self.connection.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            self._body = self.connection.body(self.request.framing)
        async for piece in self._body:
            yield piece
        self._body_read = True

    async def whole_body(self, limit: int) -> bytes | None:
        """The body in one piece; None when it has more than `limit` bytes."""
        out = bytearray()
        async for piece in self.body():
            out += piece
            if len(out) > limit:
                self.keep = False
                return None
        return bytes(out)

    # --- the answer

    async def respond(self, status: int, headers: Headers, body: bytes = b"") -> None:
        """Answer at once and whole."""
        bodyless = status in (204, 304) or status < 200
        head = self._head(status, headers, None if bodyless else len(body))
        self.started = self.finished = True
        await self.connection.write(head if bodyless or self.request.method == "HEAD" else head + body)

    async def start(self, status: int, headers: Headers, length: int | None) -> None:
        """Send the head of an answer whose body follows piece by piece; without a length it is chunked."""
        silent = status in (204, 304) or self.request.method == "HEAD"
        self._chunked = length is None and not silent and self.request.version >= (1, 1)
        self._left = length if not silent else 0
        if length is None and not self._chunked and not silent:
            self.keep = False
        if self._chunked:
            headers = headers.copy()
            headers.set("Transfer-Encoding", "chunked")
        head = self._head(status, headers, length)
        self.started = True
        await self.connection.write(head)

    async def write(self, data: bytes) -> None:
        """Some of the body."""
        if not data or self.request.method == "HEAD":
            return
        if self._left is not None:
            self._left -= len(data)
        await self.connection.write(b"%x\r\n%s\r\n" % (len(data), data) if self._chunked else data)

    async def finish(self, trailers: list[tuple[str, str]] | None = None) -> None:
        """The end of the body."""
        if self._chunked:
            await self.connection.write(b"0\r\n" + fields(trailers or []) + b"\r\n")
        elif self._left:
            raise AbortConnection
        self.finished = True

    async def interim(self, status: int, headers: Headers) -> None:
        """An answer before the answer, such as 103."""
        head = f"HTTP/1.1 {status} {reason(status)}\r\n".encode() + fields(headers.sorted()) + b"\r\n"
        await self.connection.write(head)

    def hijack(self) -> Connection:
        """Take the connection; nothing is written or read by this exchange any more."""
        self.started = self.finished = True
        self.keep = False
        return self.connection

    async def drain(self) -> bool:
        """Pass over what is left of the request's body; False when that is too much."""
        if self._body_read:
            return True
        if self._body is None and self.request.headers.get("Expect"):
            return False
        left = DRAIN
        async for piece in self.body():
            left -= len(piece)
            if left < 0:
                return False
        return True

    def _head(self, status: int, headers: Headers, length: int | None) -> bytes:
        all_headers = Headers([*headers, *self.common])
        if "Date" not in all_headers:
            all_headers.add("Date", http_date(int(time.time())))
        if length is not None and "Content-Length" not in all_headers:
            all_headers.add("Content-Length", str(length))
        if not self.keep:
            all_headers.set("Connection", "close")
        return f"HTTP/1.1 {status} {reason(status)}\r\n".encode() + fields(all_headers.sorted()) + b"\r\n"


Handler = Callable[[Exchange], Awaitable[None]]


async def serve(stream: IOStream, handler: Handler, client: str, certificate: bytes = b"") -> None:
    """Answer what comes on a stream until either side has had enough.

    While a handler runs, a client that closes its connection cancels it: whatever was done for it ends.

    Parameters
    ----------
    stream
        Open, and past any TLS handshake.
    handler
        Answers one exchange.
    client
        The address to name as the client's.
    """
    connection = Connection(stream)
    try:
        while True:
            head = await _next_head(connection)
            exchange = Exchange(connection, IncomingRequest.read(head), client, certificate)
            await _answer(exchange, handler)
            if not exchange.keep or not await exchange.drain():
                break
    except (ConnectionClosedError, StreamClosedError, AbortConnection, TimeoutError, OSError):
        pass
    except MalformedHTTPError as bad:
        await _refuse(connection, bad)
    except asyncio.CancelledError:
        if not stream.closed():
            raise
    finally:
        connection.close()


async def _next_head(connection: Connection) -> Head:
    if connection.drained:
        async with asyncio.timeout(IDLE_S):
            first = await connection.some()
        if not first:
            raise ConnectionClosedError
        begins = first.lstrip(b"\r\n")[:1].decode("latin-1")
        if begins and not is_token(begins):
            raise MalformedHTTPError(
                "malformed request line"
            )  # said at once: a TLS greeting has no line end to wait for
        connection.put_back(first)
    async with asyncio.timeout(HEAD_S):
        return await connection.head(HEAD_LIMIT)


async def _answer(exchange: Exchange, handler: Handler) -> None:
    stream = exchange.connection.stream
    running: asyncio.Task[None] | None = asyncio.current_task()

    def gone() -> None:
        if running is not None:
            running.cancel()

    stream.set_close_callback(gone)
    try:
        await handler(exchange)
    except (AbortConnection, MalformedHTTPError, StreamClosedError, ConnectionClosedError, ConnectionError):
        raise
    except Exception:
        logger.exception("%s %s failed", exchange.request.method, exchange.request.path)
        raise AbortConnection from None
    finally:
        running = None
        stream.set_close_callback(None)
    if not exchange.finished:
        raise AbortConnection


async def _refuse(connection: Connection, bad: MalformedHTTPError) -> None:
    """The real server's words: 400 in plain text, no Audit-Id, connection closed."""
    text = f"400 Bad Request: {bad}" if "Host" in str(bad) else "400 Bad Request"
    head = "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\n\r\n"
    try:
        await connection.write(head.encode() + text.encode())
        await _linger(connection)
    except (StreamClosedError, OSError):
        pass


async def _linger(connection: Connection) -> None:
    """Read what is already under way before closing: a reset would take the answer from the client."""
    try:
        async with asyncio.timeout(_LINGER_S):
            while await asyncio.wait_for(connection.some(), _QUIET_S):
                pass
    except TimeoutError:
        pass


@functools.lru_cache(maxsize=4)
def http_date(second: int) -> str:
    """The value of a Date header."""
    return formatdate(second, usegmt=True)


__all__ = ["CHUNKED", "AbortConnection", "Exchange", "Handler", "http_date", "serve"]
