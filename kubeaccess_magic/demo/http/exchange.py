"""The server's side of a connection: reads one request after the other and lets a handler answer each."""

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
from .message import BadHostError, IncomingRequest, reason_phrase
from .wire import CHUNKED, HEAD_LIMIT_BYTES, Connection, ConnectionClosedError, Head, MalformedHTTPError, encode_fields

logger = logging.getLogger("kubeaccess_magic.demo")

_IDLE_S: Final = 300.0
_HEAD_S: Final = 30.0
_LINGER_S: Final = 1.0
_QUIET_S: Final = 0.05
_DRAIN_BYTES: Final = 256 * 2**10
"""How much of an unread request body is skipped to keep the connection open (as Go does)."""


class AbortConnection(Exception):
    """The connection must be closed without sending another byte, as when the real server panics (D2, T32, E10)."""


class Exchange:
    """One request, and the means to answer it.

    Attributes
    ----------
    client
        The client's IP address.
    certificate
        The client certificate of the TLS connection, in DER; empty if there is none.
    started
        Whether the head of the response has been sent.
    finished
        Whether the whole response has been sent.
    keep_alive
        Whether the connection stays open after the response.
    common_headers
        Headers that are added to whatever the response is.
    """

    def __init__(self, connection: Connection, request: IncomingRequest, client: str, certificate: bytes) -> None:
        self.connection = connection
        self.request = request
        self.client = client
        self.certificate = certificate
        self.started = False
        self.finished = False
        self.keep_alive = request.keeps_alive
        self.common_headers: list[tuple[str, str]] = []
        self._chunked = False
        self._remaining: int | None = None
        self._body_read = request.framing == 0
        self._body: AsyncIterator[bytes] | None = None

    # --- the request body

    async def body(self) -> AsyncIterator[bytes]:
        """The pieces of the request body as they arrive; a client that waits for ``100 Continue`` gets it first."""
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
        """The whole request body; None if it is longer than `limit` bytes."""
        body = bytearray()
        async for piece in self.body():
            body += piece
            if len(body) > limit:
                self.keep_alive = False
                return None
        return bytes(body)

    # --- the response

    async def respond(self, status: int, headers: Headers, body: bytes = b"") -> None:
        """Send a complete response.

        Parameters
        ----------
        status
            The status code.
        headers
            Its headers; Date and Content-Length are added.
        body
            The body; it is left out in the answer to a HEAD request.
        """
        bodyless = status in (204, 304) or status < 200
        head = self._head(status, headers, None if bodyless else len(body))
        self.started = self.finished = True
        await self.connection.write(head if bodyless or self.request.method == "HEAD" else head + body)

    async def start(self, status: int, headers: Headers, length: int | None) -> None:
        """Send the head of a response whose body follows in pieces.

        Parameters
        ----------
        status
            The status code.
        headers
            Its headers.
        length
            The length of the body in bytes; None sends it in chunks.
        """
        bodyless = status in (204, 304) or self.request.method == "HEAD"
        self._chunked = length is None and not bodyless and self.request.version >= (1, 1)
        self._remaining = length if not bodyless else 0
        if length is None and not self._chunked and not bodyless:
            self.keep_alive = False
        if self._chunked:
            headers = headers.copy()
            headers.set("Transfer-Encoding", "chunked")
        head = self._head(status, headers, length)
        self.started = True
        await self.connection.write(head)

    async def write(self, data: bytes) -> None:
        """Send a piece of the response body."""
        if not data or self.request.method == "HEAD":
            return
        if self._remaining is not None:
            self._remaining -= len(data)
        await self.connection.write(b"%x\r\n%s\r\n" % (len(data), data) if self._chunked else data)

    async def finish(self, trailers: list[tuple[str, str]] | None = None) -> None:
        """End the response body.

        Raises
        ------
        AbortConnection
            The body is shorter than announced.
        """
        if self._chunked:
            await self.connection.write(b"0\r\n" + encode_fields(trailers or []) + b"\r\n")
        elif self._remaining:
            raise AbortConnection
        self.finished = True

    async def interim(self, status: int, headers: Headers) -> None:
        """Send an interim response, such as ``103 Early Hints``.

        Parameters
        ----------
        status
            The status code, from 100 to 199.
        headers
            Its headers.
        """
        head = f"HTTP/1.1 {status} {reason_phrase(status)}\r\n".encode() + encode_fields(headers.sorted()) + b"\r\n"
        await self.connection.write(head)

    def hijack(self) -> Connection:
        """Hand over the connection; this exchange no longer reads or writes."""
        self.started = self.finished = True
        self.keep_alive = False
        return self.connection

    async def drain(self) -> bool:
        """Skip the rest of the request body; return False if it is too long to skip."""
        if self._body_read:
            return True
        if self._body is None and self.request.headers.get("Expect"):
            return False
        remaining = _DRAIN_BYTES
        async for piece in self.body():
            remaining -= len(piece)
            if remaining < 0:
                return False
        return True

    def _head(self, status: int, headers: Headers, length: int | None) -> bytes:
        all_headers = Headers([*headers, *self.common_headers])
        if "Date" not in all_headers:
            all_headers.add("Date", http_date(int(time.time())))
        if length is not None and "Content-Length" not in all_headers:
            all_headers.add("Content-Length", str(length))
        if not self.keep_alive:
            all_headers.set("Connection", "close")
        return f"HTTP/1.1 {status} {reason_phrase(status)}\r\n".encode() + encode_fields(all_headers.sorted()) + b"\r\n"


Handler = Callable[[Exchange], Awaitable[None]]


async def serve(stream: IOStream, handler: Handler, client: str, certificate: bytes = b"") -> None:
    """Serve the requests that arrive on a stream, until one side closes it.

    If the client closes the connection while a handler runs, the handler is cancelled.

    Parameters
    ----------
    stream
        An open stream; a TLS handshake is already done.
    handler
        Answers one exchange.
    client
        The client's IP address.
    certificate
        The client certificate of the TLS connection, in DER.
    """
    connection = Connection(stream)
    try:
        while True:
            head = await _next_head(connection)
            exchange = Exchange(connection, IncomingRequest.read(head), client, certificate)
            await _answer(exchange, handler)
            if not exchange.keep_alive or not await exchange.drain():
                break
    except (ConnectionClosedError, StreamClosedError, AbortConnection, TimeoutError, OSError):
        pass
    except MalformedHTTPError as error:
        await _refuse(connection, error)
    except asyncio.CancelledError:
        if not stream.closed():
            raise
    finally:
        connection.close()


async def _next_head(connection: Connection) -> Head:
    if connection.drained:
        async with asyncio.timeout(_IDLE_S):
            first_bytes = await connection.some()
        if not first_bytes:
            raise ConnectionClosedError
        first_character = first_bytes.lstrip(b"\r\n")[:1].decode("latin-1")
        if first_character and not is_token(first_character):
            raise MalformedHTTPError("malformed request line")  # a TLS greeting has no line end
        connection.put_back(first_bytes)
    async with asyncio.timeout(_HEAD_S):
        return await connection.head(HEAD_LIMIT_BYTES)


async def _answer(exchange: Exchange, handler: Handler) -> None:
    stream = exchange.connection.stream
    task: asyncio.Task[None] | None = asyncio.current_task()

    def cancel_handler() -> None:
        if task is not None:
            task.cancel()

    stream.set_close_callback(cancel_handler)
    try:
        await handler(exchange)
    except (AbortConnection, MalformedHTTPError, StreamClosedError, ConnectionClosedError, ConnectionError):
        raise
    except Exception:
        logger.exception("%s %s failed", exchange.request.method, exchange.request.path)
        raise AbortConnection from None
    finally:
        task = None
        stream.set_close_callback(None)
    if not exchange.finished:
        raise AbortConnection


async def _refuse(connection: Connection, error: MalformedHTTPError) -> None:
    """Answer as the real server does: 400 in plain text, without Audit-Id, and close."""
    text = f"400 Bad Request: {error}" if isinstance(error, BadHostError) else "400 Bad Request"
    head = "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\n\r\n"
    try:
        await connection.write(head.encode() + text.encode())
        await _linger(connection)
    except (StreamClosedError, OSError):
        pass


async def _linger(connection: Connection) -> None:
    """Read what is already on its way before closing; otherwise a reset could destroy the answer."""
    try:
        async with asyncio.timeout(_LINGER_S):
            while await asyncio.wait_for(connection.some(), _QUIET_S):
                pass
    except TimeoutError:
        pass


@functools.lru_cache(maxsize=4)
def http_date(second: int) -> str:
    """The value of a Date header for a second since the epoch."""
    return formatdate(second, usegmt=True)


__all__ = ["CHUNKED", "AbortConnection", "Exchange", "Handler", "http_date", "serve"]
