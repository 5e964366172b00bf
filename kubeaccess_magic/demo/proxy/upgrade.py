"""Upgrade requests, such as WebSockets: after the handshake, bytes are copied in both directions (T35)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from tornado.iostream import StreamClosedError

from ..api.status import plain_500
from ..http.exchange import CHUNKED, Exchange
from ..http.gourl import escape_path
from ..http.headers import Headers
from ..http.wire import (
    Connection,
    ConnectionClosedError,
    Head,
    MalformedHTTPError,
    encode_fields,
    response_framing,
    status_code,
)
from .locations import Location
from .pod_network import DialError, PodNetwork, reset_message

_FIRST = ("User-Agent", "Content-Length", "Transfer-Encoding")


async def upgrade(exchange: Exchange, network: PodNetwork, location: Location, path: str) -> None:
    """Forward an upgrade request; the query string is dropped, as the real server does.

    Parameters
    ----------
    exchange
        The request to forward.
    network
        Connects to the app.
    location
        Where the app is.
    path
        The path for the app.

    Raises
    ------
    ApiError
        500 without a reason: the app cannot be reached, hangs up, or answers neither 101 nor an error.
    """
    try:
        backend = await network.connect(location)
    except DialError as error:
        raise plain_500(f"error dialing backend: {error}") from error
    try:
        await backend.write(_request(exchange, location, path))
        async for piece in exchange.body():
            chunked = exchange.request.framing == CHUNKED
            await backend.write(b"%x\r\n%s\r\n" % (len(piece), piece) if chunked else piece)
        if exchange.request.framing == CHUNKED:
            await backend.write(b"0\r\n\r\n")
        head, status = await _response_head(backend, location)
        if status == 101:
            client = exchange.hijack()
            await client.write(head.raw)
            await _pipe(client, backend)
        elif status < 400:
            raise plain_500(f"invalid upgrade response: status code {status}")
        else:
            await _pass_refusal(exchange, backend, head, status)
    finally:
        backend.close()


def _request(exchange: Exchange, location: Location, path: str) -> bytes:
    request = exchange.request
    headers = request.headers.copy()
    forwarded_for = headers.get("X-Forwarded-For")
    headers.set("X-Forwarded-For", f"{forwarded_for}, {exchange.client}" if forwarded_for else exchange.client)
    if "User-Agent" not in headers:
        headers.set("User-Agent", "Go-http-client/1.1")
    headers.remove("Content-Length", "Transfer-Encoding")
    first_headers = [("User-Agent", headers.get("User-Agent"))] if headers.get("User-Agent") else []
    if request.framing == CHUNKED:
        first_headers.append(("Transfer-Encoding", "chunked"))
    elif request.framing or request.method in ("POST", "PUT", "PATCH"):
        first_headers.append(("Content-Length", str(request.framing)))
    other_headers = [pair for pair in headers.sorted() if pair[0] not in _FIRST]
    request_line = f"{request.method} {escape_path(path or '/')} HTTP/1.1\r\nHost: {request.host or location.host}\r\n"
    return request_line.encode("utf-8", "surrogateescape") + encode_fields(first_headers + other_headers) + b"\r\n"


async def _response_head(backend: Connection, location: Location) -> tuple[Head, int]:
    try:
        head = await backend.head(2**20, b"HTTP/")
        return head, status_code(head.first)
    except ConnectionClosedError as error:
        raise plain_500("unexpected EOF") from error
    except OSError as error:
        raise plain_500(reset_message(backend, location)) from error
    except MalformedHTTPError as error:
        raise plain_500(str(error)) from error


async def _pass_refusal(exchange: Exchange, backend: Connection, head: Head, status: int) -> None:
    """Pass on the app's refusal unchanged, without our own headers, and end the connection (X3)."""
    framing = response_framing(exchange.request.method, status, head.headers)
    client = exchange.hijack()
    headers = Headers(head.headers)
    if framing < 0:
        headers.remove("Transfer-Encoding")
        headers.set("Connection", "close")
    await client.write(f"{head.first}\r\n".encode("latin-1") + encode_fields(headers.sorted()) + b"\r\n")
    async for piece in _until_broken(backend, framing):
        await client.write(piece)


async def _until_broken(backend: Connection, framing: int) -> AsyncIterator[bytes]:
    try:
        async with asyncio.timeout(10):
            async for piece in backend.body(framing):
                yield piece
    except (ConnectionClosedError, MalformedHTTPError, TimeoutError):
        return


async def _pipe(client: Connection, backend: Connection) -> None:
    """Copy bytes in both directions until one side ends."""
    tasks = [asyncio.ensure_future(_copy(client, backend)), asyncio.ensure_future(_copy(backend, client))]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _copy(source: Connection, target: Connection) -> None:
    try:
        while piece := await source.some():
            await target.write(piece)
    except (StreamClosedError, OSError):
        pass
