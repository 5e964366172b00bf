"""Forwards proxied requests as Go's reverse proxy does, and streams the responses back (T1-T35)."""

from __future__ import annotations

import asyncio
import contextlib
import zlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Final

from tornado.iostream import StreamClosedError

from ..api.requestinfo import RequestInfo
from ..api.status import bad_request, name_missing, not_allowed, unavailable
from ..http.exchange import CHUNKED, AbortConnection, Exchange
from ..http.gourl import clean, escape_path, join
from ..http.headers import Headers
from ..http.sniff import sniff_content_type
from ..http.wire import (
    UNTIL_CLOSE,
    Connection,
    ConnectionClosedError,
    MalformedHTTPError,
    encode_fields,
    response_framing,
    status_code,
)
from .link_rewriting import CORS, LinkRewriter, is_html
from .locations import Location, Resolver
from .pod_network import DialError, PodNetwork, reset_message
from .upgrade import upgrade

_METHODS: Final = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
_PAGE_LIMIT_BYTES: Final = 64 * 2**20
"""The largest HTML page: pages are held in memory to be rewritten (T33), and larger ones break the connection."""
_FLUSH_S: Final = 0.2
_FLUSHED_FROM_BYTES: Final = 2048
_SENT_LENGTH = ("POST", "PUT", "PATCH")


@dataclass(slots=True)
class ResponseHead:
    """The head of an app's response; `keeps` says whether the connection can be reused."""

    status: int
    headers: Headers
    framing: int
    keeps: bool


class ReverseProxy:
    """Answers `services/proxy`, `pods/proxy` and `nodes/proxy`.

    Parameters
    ----------
    resolver
        Finds the address behind a segment.
    network
        Connects to it.
    """

    def __init__(self, resolver: Resolver, network: PodNetwork) -> None:
        self._resolver = resolver
        self._network = network

    async def __call__(self, exchange: Exchange, info: RequestInfo) -> None:
        """Answer one proxied request.

        Parameters
        ----------
        exchange
            The request to answer.
        info
            What the request is about.

        Raises
        ------
        ApiError
            The API server itself refuses the request, or cannot reach the app.
        AbortConnection
            The response broke off, and so must the connection to the client.
        """
        request = exchange.request
        if request.method not in _METHODS:
            raise not_allowed()
        if "dryRun" in request.parameters:
            raise bad_request("dryRun is not supported")  # E4
        if not info.name:
            raise name_missing()  # N8
        location = self._locate(info)
        path = _app_path(info)
        if request.upgrades:
            await upgrade(exchange, self._network, location, path)
            return
        if not path and request.path.endswith("/"):
            path = "/"
        if not path and request.method in ("GET", "HEAD"):
            query = f"?{request.query}" if request.query else ""
            redirect_target = (request.path + "/" + query).encode("utf-8", "surrogateescape").decode("latin-1")
            await exchange.start(301, Headers([("Location", redirect_target)]), 0 if request.method == "GET" else None)
            await exchange.finish()
            return
        await self._forward(exchange, location, path)

    def _locate(self, info: RequestInfo) -> Location:
        if info.resource == "services":
            return self._resolver.service(info.namespace, info.name)
        if info.resource == "pods":
            return self._resolver.pod(info.namespace, info.name)
        return self._resolver.node(info.name)

    async def _forward(self, exchange: Exchange, location: Location, path: str) -> None:
        request = exchange.request
        suffix = path.rstrip("/") + "/" if request.path.endswith("/") else path
        prefix = request.path.removesuffix(suffix) if suffix else request.path
        escaped = escape_path(path or "/")
        headers = _request_headers(exchange, join(prefix, escaped) + ("/" if escaped.endswith("/") else ""))
        unzip = not headers.get("Accept-Encoding") and not headers.get("Range") and request.method != "HEAD"
        target = f"{escaped}?{request.query}" if request.query else escaped
        line = f"{request.method} {target} HTTP/1.1\r\nHost: {request.host or location.host}\r\n"
        head = (
            line.encode("utf-8", "surrogateescape")
            + encode_fields(_ordered_headers(exchange, headers, unzip))
            + b"\r\n"
        )
        connection, response, sending = await self._send(exchange, location, head)
        try:
            await self._relay(exchange, connection, response, LinkRewriter(prefix, location.host, request.host), unzip)
        except (ConnectionClosedError, StreamClosedError, MalformedHTTPError, OSError) as error:
            raise AbortConnection from error  # E10: whatever was sent, the connection ends here
        finally:
            is_sent = sending is None or (sending.done() and not sending.cancelled() and sending.exception() is None)
            if sending is not None:
                await _cancel(sending)
            if is_sent and exchange.finished and response.keeps:
                self._network.keep(location, connection)
            else:
                connection.close()

    async def _send(
        self, exchange: Exchange, location: Location, head: bytes
    ) -> tuple[Connection, ResponseHead, asyncio.Task[None] | None]:
        """Send the request and read the head of the response.

        Only a request without a body uses an idle connection; if that one turns out to be closed, a new one is opened.
        """
        has_body = exchange.request.framing != 0
        idle = None if has_body else self._network.take_idle(location)
        if idle is not None and (response := await self._send_on_idle(exchange, idle, head)):
            return idle, response, None
        try:
            connection = await self._network.connect(location)
        except DialError as error:
            raise _unreachable(str(error)) from error
        sending: asyncio.Task[None] | None = None
        try:
            await connection.write(head)
            if has_body:
                sending = asyncio.ensure_future(_send_body(exchange, connection))
            return connection, await self._read_head(exchange, connection), sending
        except BaseException as error:
            if sending is not None:
                await _cancel(sending)
            connection.close()
            if isinstance(error, ConnectionResetError):
                raise _unreachable(reset_message(connection, location)) from error
            if isinstance(error, ConnectionClosedError):
                raise _unreachable("unexpected EOF" if error.partial else "EOF") from error
            if isinstance(error, (StreamClosedError, OSError)):
                raise _unreachable("http: server closed idle connection") from error
            if isinstance(error, MalformedHTTPError):
                raise _unreachable(f"net/http: HTTP/1.x transport connection broken: {error}") from error
            raise

    async def _send_on_idle(self, exchange: Exchange, connection: Connection, head: bytes) -> ResponseHead | None:
        """Send the request on an idle connection; None if the app has closed it meanwhile."""
        try:
            await connection.write(head)
            return await self._read_head(exchange, connection)
        except (ConnectionClosedError, StreamClosedError, OSError):
            connection.close()
            return None
        except MalformedHTTPError as error:
            connection.close()
            raise _unreachable(f"net/http: HTTP/1.x transport connection broken: {error}") from error
        except BaseException:
            connection.close()
            raise

    async def _read_head(self, exchange: Exchange, connection: Connection) -> ResponseHead:
        while True:
            head = await connection.head(2**20, b"HTTP/")
            status = status_code(head.first)
            if status == 100:
                continue
            if 101 < status < 200:
                headers = head.headers.copy()
                headers.remove_hop_by_hop()
                await exchange.interim(status, headers)
                continue
            framing = response_framing(exchange.request.method, status, head.headers)
            options = {option.lower() for option in head.headers.items_of("Connection")}
            keeps = framing != UNTIL_CLOSE and "close" not in options and head.first.startswith("HTTP/1.1")
            return ResponseHead(status, head.headers, framing, keeps)

    async def _relay(
        self, exchange: Exchange, connection: Connection, response: ResponseHead, rewriter: LinkRewriter, unzip: bool
    ) -> None:
        headers, framing = response.headers.copy(), response.framing
        trailer_names = headers.items_of("Trailer") if framing == CHUNKED else []
        headers.remove_hop_by_hop()
        headers.remove(*CORS)
        pieces = connection.body(framing)
        bodyless = framing == 0
        if unzip and headers.get("Content-Encoding").lower() == "gzip" and not bodyless:
            headers.remove("Content-Encoding", "Content-Length")
            pieces, framing = _decompress(pieces), CHUNKED
        length = framing if framing > 0 else 0 if "Content-Length" in headers and bodyless else None
        if rewriter.location(headers) or not is_html(headers):
            pass
        elif bodyless:
            rewriter.without_body(headers)
        else:
            page = rewriter.page(headers, await _read_all(pieces))
            headers.set("Content-Length", str(len(page)))
            pieces, length = _single(page), len(page)
        if trailer_names:
            headers.add("Trailer", ", ".join(trailer_names))
        if bodyless:
            await self._without_body(exchange, response, headers)
            return
        first = await anext(pieces, b"")
        if first and "Content-Type" not in headers and not headers.get("Content-Encoding"):
            headers.add("Content-Type", sniff_content_type(first))
        await _send_response(exchange, response.status, headers, length, first, pieces)
        trailers = [pair for pair in connection.trailers if pair[0] in trailer_names] if trailer_names else None
        await exchange.finish(trailers)

    async def _without_body(self, exchange: Exchange, response: ResponseHead, headers: Headers) -> None:
        is_head = exchange.request.method == "HEAD"
        if is_head or response.status in (204, 304):
            await exchange.start(response.status, headers, None)
            await exchange.finish()
        else:
            await exchange.respond(response.status, headers)


async def _send_response(
    exchange: Exchange, status: int, headers: Headers, length: int | None, first: bytes, rest: AsyncIterator[bytes]
) -> None:
    """Send head and body; a small first piece waits a moment for the second, as in Go's buffer (E10, T33)."""
    waiting: asyncio.Future[bytes] | None = None
    if length is not None and len(first) < min(length, _FLUSHED_FROM_BYTES):
        waiting = asyncio.ensure_future(_next(rest))
        try:
            await asyncio.wait({waiting}, timeout=_FLUSH_S)
        finally:
            if not waiting.done() and asyncio.current_task() is not None and exchange.connection.stream.closed():
                waiting.cancel()
        if waiting.done():
            waiting.result()
    await exchange.start(status, headers, length)
    await exchange.write(first)
    if waiting is not None:
        await exchange.write(await waiting)
    async for piece in rest:
        await exchange.write(piece)


async def _next(pieces: AsyncIterator[bytes]) -> bytes:
    return await anext(pieces, b"")


async def _send_body(exchange: Exchange, connection: Connection) -> None:
    chunked = exchange.request.framing == CHUNKED
    async for piece in exchange.body():
        await connection.write(b"%x\r\n%s\r\n" % (len(piece), piece) if chunked else piece)
    if chunked:
        await connection.write(b"0\r\n\r\n")


async def _cancel(task: asyncio.Task[None]) -> None:
    task.cancel()
    with contextlib.suppress(
        asyncio.CancelledError, ConnectionClosedError, StreamClosedError, MalformedHTTPError, OSError
    ):
        await task


async def _decompress(pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Decompress a body, as Go's transport does when it has asked for gzip itself (T23)."""
    decompressor = zlib.decompressobj(31)
    async for compressed in pieces:
        while compressed:
            try:
                piece = decompressor.decompress(compressed, 2**18)
            except zlib.error as error:
                raise MalformedHTTPError("gzip: invalid header") from error
            compressed = decompressor.unconsumed_tail
            if decompressor.eof and decompressor.unused_data:
                compressed, decompressor = decompressor.unused_data, zlib.decompressobj(31)
            if piece:
                yield piece
    if tail := decompressor.flush():
        yield tail


async def _read_all(pieces: AsyncIterator[bytes]) -> bytes:
    body = bytearray()
    async for piece in pieces:
        body += piece
        if len(body) > _PAGE_LIMIT_BYTES:
            raise AbortConnection
    return bytes(body)


async def _single(piece: bytes) -> AsyncIterator[bytes]:
    if piece:
        yield piece


def _app_path(info: RequestInfo) -> str:
    """The cleaned path after `/proxy` (T4, T5); empty if nothing follows (T1, T2)."""
    rest = "/".join(info.parts[3:])
    if rest and not rest.startswith("/"):
        rest = "/" + rest
    if info.path.endswith("/") and not rest.endswith("/"):
        rest += "/"
    if not rest:
        return ""
    path = clean(rest)
    return path if path == "/" or not rest.endswith("/") else path + "/"


def _request_headers(exchange: Exchange, forwarded_uri: str) -> Headers:
    """The headers to send to the app (T14-T23)."""
    request = exchange.request
    headers = request.headers.copy()
    trailers = "trailers" in [item.lower() for item in headers.items_of("Te")]
    headers.remove_hop_by_hop()
    headers.remove("Content-Length")
    if trailers:
        headers.set("Te", "trailers")
    forwarded_for = ", ".join(headers.getall("X-Forwarded-For"))
    headers.set("X-Forwarded-For", f"{forwarded_for}, {exchange.client}" if forwarded_for else exchange.client)
    headers.set("X-Forwarded-Uri", forwarded_uri)
    return headers


def _ordered_headers(exchange: Exchange, headers: Headers, unzip: bool) -> list[tuple[str, str]]:
    """The headers in Go's order: User-Agent, length, the others by name, its own Accept-Encoding last."""
    request = exchange.request
    ordered = [("User-Agent", agent)] if (agent := headers.get("User-Agent")) else []
    if request.framing == CHUNKED:
        ordered.append(("Transfer-Encoding", "chunked"))
    elif request.framing or request.method in _SENT_LENGTH:
        ordered.append(("Content-Length", str(request.framing)))
    ordered += [pair for pair in headers.sorted() if pair[0] != "User-Agent"]
    if unzip:
        ordered.append(("Accept-Encoding", "gzip"))
    return ordered


def _unreachable(detail: str) -> Exception:
    return unavailable(f"error trying to reach service: {detail}")
