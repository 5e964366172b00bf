"""One proxied request: sent on as Go's reverse proxy does, its answer streamed back (T1-T35)."""

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
from .link_rewriting import CORS, LinkRewriter, is_page
from .locations import Location, Resolver
from .pod_network import DialError, PodNetwork, reset_words
from .upgrade import upgrade

METHODS: Final = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
PAGE_LIMIT: Final = 64 * 2**20
"""HTML is held in memory to be rewritten (T33); a page larger than this is cut off."""
FLUSH_S: Final = 0.2
FLUSHED_FROM: Final = 2048
_SENT_LENGTH = ("POST", "PUT", "PATCH")


@dataclass(slots=True)
class ResponseHead:
    """The head of an app's answer."""

    status: int
    headers: Headers
    framing: int
    keeps: bool


class ReverseProxy:
    """Answers `services/proxy`, `pods/proxy` and `nodes/proxy`."""

    def __init__(self, resolver: Resolver, network: PodNetwork) -> None:
        self._resolver = resolver
        self._network = network

    async def __call__(self, exchange: Exchange, info: RequestInfo) -> None:
        """Answer one proxied request.

        Raises
        ------
        ApiError
            What the API server itself refuses.
        AbortConnection
            The connection is to be cut.
        """
        request = exchange.request
        if request.method not in METHODS:
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
            where = (request.path + "/" + query).encode("utf-8", "surrogateescape").decode("latin-1")
            await exchange.start(301, Headers([("Location", where)]), 0 if request.method == "GET" else None)
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
        headers = _sent_headers(exchange, join(prefix, escaped) + ("/" if escaped.endswith("/") else ""))
        unzip = not headers.get("Accept-Encoding") and not headers.get("Range") and request.method != "HEAD"
        target = f"{escaped}?{request.query}" if request.query else escaped
        line = f"{request.method} {target} HTTP/1.1\r\nHost: {request.host or location.host}\r\n"
        head = line.encode("utf-8", "surrogateescape") + encode_fields(_in_order(exchange, headers, unzip)) + b"\r\n"
        connection, answer, sending = await self._ask(exchange, location, head)
        try:
            await self._relay(exchange, connection, answer, LinkRewriter(prefix, location.host, request.host), unzip)
        except (ConnectionClosedError, StreamClosedError, MalformedHTTPError, OSError) as broken:
            raise AbortConnection from broken  # E10: whatever has been sent, the connection ends here
        finally:
            done = sending is None or (sending.done() and not sending.cancelled() and sending.exception() is None)
            if sending is not None:
                await _ended(sending)
            if done and exchange.finished and answer.keeps:
                self._network.keep(location, connection)
            else:
                connection.close()

    async def _ask(
        self, exchange: Exchange, location: Location, head: bytes
    ) -> tuple[Connection, ResponseHead, asyncio.Task[None] | None]:
        """Send the request and read the head of the answer.

        A kept connection that turns out to be dead is replaced once; only requests without a body use one.
        """
        has_body = exchange.request.framing != 0
        kept = None if has_body else self._network.kept(location)
        if kept is not None and (answer := await self._ask_kept(exchange, kept, head)):
            return kept, answer, None
        try:
            connection = await self._network.connect(location)
        except DialError as failed:
            raise _unreachable(str(failed)) from failed
        sending: asyncio.Task[None] | None = None
        try:
            await connection.write(head)
            if has_body:
                sending = asyncio.ensure_future(_send_body(exchange, connection))
            return connection, await self._read_head(exchange, connection), sending
        except BaseException as failed:
            if sending is not None:
                await _ended(sending)
            connection.close()
            if isinstance(failed, ConnectionResetError):
                raise _unreachable(reset_words(connection, location)) from failed
            if isinstance(failed, ConnectionClosedError):
                raise _unreachable("unexpected EOF" if failed.partial else "EOF") from failed
            if isinstance(failed, (StreamClosedError, OSError)):
                raise _unreachable("http: server closed idle connection") from failed
            if isinstance(failed, MalformedHTTPError):
                raise _unreachable(f"net/http: HTTP/1.x transport connection broken: {failed}") from failed
            raise

    async def _ask_kept(self, exchange: Exchange, connection: Connection, head: bytes) -> ResponseHead | None:
        """The same on a kept connection; None if the app had closed it in the meantime."""
        try:
            await connection.write(head)
            return await self._read_head(exchange, connection)
        except (ConnectionClosedError, StreamClosedError, OSError):
            connection.close()
            return None
        except MalformedHTTPError as bad:
            connection.close()
            raise _unreachable(f"net/http: HTTP/1.x transport connection broken: {bad}") from bad
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
        self, exchange: Exchange, connection: Connection, answer: ResponseHead, rewriter: LinkRewriter, unzip: bool
    ) -> None:
        headers, framing = answer.headers.copy(), answer.framing
        trailer = headers.items_of("Trailer") if framing == CHUNKED else []
        headers.remove_hop_by_hop()
        headers.remove(*CORS)
        pieces = connection.body(framing)
        bodyless = framing == 0
        if unzip and headers.get("Content-Encoding").lower() == "gzip" and not bodyless:
            headers.remove("Content-Encoding", "Content-Length")
            pieces, framing = _unzipped(pieces), CHUNKED
        length = framing if framing > 0 else 0 if "Content-Length" in headers and bodyless else None
        if rewriter.location(headers) or not is_page(headers):
            pass
        elif bodyless:
            rewriter.no_page(headers)
        else:
            page = rewriter.page(headers, await _whole(pieces))
            headers.set("Content-Length", str(len(page)))
            pieces, length = _one(page), len(page)
        if trailer:
            headers.add("Trailer", ", ".join(trailer))
        if bodyless:
            await self._without_body(exchange, answer, headers)
            return
        first = await anext(pieces, b"")
        if first and "Content-Type" not in headers and not headers.get("Content-Encoding"):
            headers.add("Content-Type", sniff_content_type(first))
        await _first_flushed(exchange, answer.status, headers, length, first, pieces)
        sent = [pair for pair in connection.trailers if pair[0] in trailer] if trailer else None
        await exchange.finish(sent)

    async def _without_body(self, exchange: Exchange, answer: ResponseHead, headers: Headers) -> None:
        is_head = exchange.request.method == "HEAD"
        if is_head or answer.status in (204, 304):
            await exchange.start(answer.status, headers, None)
            await exchange.finish()
        else:
            await exchange.respond(answer.status, headers)


async def _first_flushed(
    exchange: Exchange, status: int, headers: Headers, length: int | None, first: bytes, rest: AsyncIterator[bytes]
) -> None:
    """Head and body; a small first piece waits a moment for the second, as Go's buffer does (E10, T33)."""
    waiting: asyncio.Future[bytes] | None = None
    if length is not None and len(first) < min(length, FLUSHED_FROM):
        waiting = asyncio.ensure_future(_next(rest))
        try:
            await asyncio.wait({waiting}, timeout=FLUSH_S)
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


async def _ended(task: asyncio.Task[None]) -> None:
    task.cancel()
    with contextlib.suppress(
        asyncio.CancelledError, ConnectionClosedError, StreamClosedError, MalformedHTTPError, OSError
    ):
        await task


async def _unzipped(pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """What Go's transport does when it asked for gzip by itself (T23)."""
    unpack = zlib.decompressobj(31)
    async for piece in pieces:
        left = piece
        while left:
            try:
                out = unpack.decompress(left, 2**18)
            except zlib.error as bad:
                raise MalformedHTTPError("gzip: invalid header") from bad
            left = unpack.unconsumed_tail
            if unpack.eof and unpack.unused_data:
                left, unpack = unpack.unused_data, zlib.decompressobj(31)
            if out:
                yield out
    if tail := unpack.flush():
        yield tail


async def _whole(pieces: AsyncIterator[bytes]) -> bytes:
    out = bytearray()
    async for piece in pieces:
        out += piece
        if len(out) > PAGE_LIMIT:
            raise AbortConnection
    return bytes(out)


async def _one(piece: bytes) -> AsyncIterator[bytes]:
    if piece:
        yield piece


def _app_path(info: RequestInfo) -> str:
    """The path below `/proxy`, cleaned (T4, T5); empty when nothing followed (T1, T2)."""
    rest = "/".join(info.parts[3:])
    if rest and not rest.startswith("/"):
        rest = "/" + rest
    if info.path.endswith("/") and not rest.endswith("/"):
        rest += "/"
    if not rest:
        return ""
    path = clean(rest)
    return path if path == "/" or not rest.endswith("/") else path + "/"


def _sent_headers(exchange: Exchange, forwarded_uri: str) -> Headers:
    """The headers for the app (T14-T23)."""
    request = exchange.request
    headers = request.headers.copy()
    trailers = "trailers" in [item.lower() for item in headers.items_of("Te")]
    headers.remove_hop_by_hop()
    headers.remove("Content-Length")
    if trailers:
        headers.set("Te", "trailers")
    before = ", ".join(headers.getall("X-Forwarded-For"))
    headers.set("X-Forwarded-For", f"{before}, {exchange.client}" if before else exchange.client)
    headers.set("X-Forwarded-Uri", forwarded_uri)
    return headers


def _in_order(exchange: Exchange, headers: Headers, unzip: bool) -> list[tuple[str, str]]:
    """As Go writes a request: User-Agent, length, the others by name, its own Accept-Encoding last."""
    request = exchange.request
    out = [("User-Agent", agent)] if (agent := headers.get("User-Agent")) else []
    if request.framing == CHUNKED:
        out.append(("Transfer-Encoding", "chunked"))
    elif request.framing or request.method in _SENT_LENGTH:
        out.append(("Content-Length", str(request.framing)))
    out += [pair for pair in headers.sorted() if pair[0] != "User-Agent"]
    if unzip:
        out.append(("Accept-Encoding", "gzip"))
    return out


def _unreachable(words: str) -> Exception:
    return unavailable(f"error trying to reach service: {words}")
