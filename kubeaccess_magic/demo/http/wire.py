"""HTTP messages on a stream: reading heads and bodies, how bodies are framed, and refusing what is not HTTP."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Final

from tornado.iostream import IOStream, StreamClosedError

from .headers import Headers, is_token

HEAD_LIMIT_BYTES: Final = 64 * 2**10
"""The largest request head, in bytes."""
PIECE_BYTES: Final = 64 * 2**10
_DIGITS = re.compile(r"[0-9]{1,18}")
_HEX_DIGITS = re.compile(rb"[0-9A-Fa-f]{1,15}")
_PROTOCOL = re.compile(r"HTTP/1\.[01]")
_BAD_VALUE = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")

CHUNKED: Final = -1
UNTIL_CLOSE: Final = -2


class MalformedHTTPError(Exception):
    """The other side sent something that is not HTTP; the message says what is wrong."""


class ConnectionClosedError(Exception):
    """The other side closed the connection; `partial` says whether part of a message had arrived."""

    def __init__(self, partial: bool = False) -> None:
        super().__init__("unexpected EOF" if partial else "EOF")
        self.partial = partial


@dataclass
class Head:
    """The first line and the header fields of a message; `raw` has the same as bytes."""

    first: str
    headers: Headers
    raw: bytes = field(repr=False, default=b"")


class Connection:
    """A stream with the reading operations that HTTP needs.

    Parameters
    ----------
    stream
        An open stream.
    """

    def __init__(self, stream: IOStream) -> None:
        self.stream = stream
        self._buffer = bytearray()
        self.trailers = Headers()

    # --- reading

    @property
    def drained(self) -> bool:
        """Whether everything that arrived has been read."""
        return not self._buffer

    async def head(self, limit: int = HEAD_LIMIT_BYTES, begins: bytes = b"") -> Head:
        """Read the next head.

        Parameters
        ----------
        limit
            The largest head, in bytes.
        begins
            How the first line must begin; of another line, only that line is read.

        Raises
        ------
        ConnectionClosedError
            The stream ended before the end of the head.
        MalformedHTTPError
            The head is too large or malformed.
        """
        raw = await self._until_blank_line(limit, begins)
        lines = raw.decode("latin-1").split("\n")
        lines = [line[:-1] if line.endswith("\r") else line for line in lines]
        while lines and not lines[-1]:
            lines.pop()
        if not lines:
            raise MalformedHTTPError("empty head")
        return Head(lines[0], parse_fields(lines[1:]), raw)

    async def body(self, framing: int) -> AsyncIterator[bytes]:
        """Read a body in pieces; `framing` is its length in bytes, CHUNKED or UNTIL_CLOSE."""
        if framing == CHUNKED:
            async for piece in self._chunks():
                yield piece
        elif framing == UNTIL_CLOSE:
            while piece := await self.some(PIECE_BYTES):
                yield piece
        else:
            while framing > 0:
                piece = await self.some(min(framing, PIECE_BYTES))
                if not piece:
                    raise ConnectionClosedError(partial=True)
                framing -= len(piece)
                yield piece

    async def some(self, most: int = PIECE_BYTES) -> bytes:
        """Read at least one byte and at most `most`; nothing at the end of the stream."""
        if not self._buffer:
            try:
                return await self.stream.read_bytes(most, partial=True)
            except StreamClosedError as closed:
                if isinstance(closed.real_error, ConnectionError):
                    raise closed.real_error from closed
                return b""
        piece = bytes(self._buffer[:most])
        del self._buffer[:most]
        return piece

    def put_back(self, data: bytes) -> None:
        """Return data to the buffer: it is read first."""
        self._buffer[:0] = data

    # --- writing

    async def write(self, data: bytes) -> None:
        """Send data, and wait until the operating system has accepted it (back pressure)."""
        await self.stream.write(data)

    def close(self) -> None:
        """Close the connection at once."""
        self.stream.close()

    # --- private

    async def _fill(self) -> bool:
        piece = await self.stream.read_bytes(PIECE_BYTES, partial=True)
        self._buffer += piece
        return bool(piece)

    async def _until_blank_line(self, limit: int, begins: bytes) -> bytes:
        has_begun = False
        while True:
            if not has_begun:  # empty lines before the first are skipped, as in Go
                while self._buffer[:2] == b"\r\n":
                    del self._buffer[:2]
            has_begun = bool(self._buffer)
            if begins and b"\n" in self._buffer and not self._buffer.startswith(begins):
                raw = bytes(self._buffer[: self._buffer.find(b"\n") + 1])
                self._buffer.clear()
                return raw
            end = self._buffer.find(b"\r\n\r\n")
            bare_end = self._buffer.find(b"\n\n")
            size = 4 if end >= 0 and (bare_end < 0 or end < bare_end) else 2
            end = end if size == 4 else bare_end
            if 0 <= end <= limit:
                raw = bytes(self._buffer[: end + size])
                del self._buffer[: end + size]
                return raw
            if len(self._buffer) > limit:
                raise MalformedHTTPError("header too large")
            try:
                await self._fill()
            except StreamClosedError as closed:
                if isinstance(closed.real_error, ConnectionError):
                    raise closed.real_error from closed
                if self._buffer and b"\n" in self._buffer:  # a first line and nothing more: judge that line
                    raw = bytes(self._buffer) + b"\r\n\r\n"
                    self._buffer.clear()
                    return raw
                raise ConnectionClosedError(partial=bool(self._buffer)) from closed

    async def _line(self, limit: int = 8192) -> bytes:
        while (end := self._buffer.find(b"\n")) < 0:
            if len(self._buffer) > limit:
                raise MalformedHTTPError("line too long")
            try:
                await self._fill()
            except StreamClosedError as closed:
                raise ConnectionClosedError(partial=True) from closed
        line = bytes(self._buffer[:end])
        del self._buffer[: end + 1]
        return line[:-1] if line.endswith(b"\r") else line

    async def _chunks(self) -> AsyncIterator[bytes]:
        while True:
            line = await self._line()
            size = _HEX_DIGITS.fullmatch(line.split(b";")[0].strip())
            if not size:
                raise MalformedHTTPError("invalid chunk size")
            remaining = int(size[0], 16)
            if not remaining:
                break
            while remaining > 0:
                piece = await self.some(min(remaining, PIECE_BYTES))
                if not piece:
                    raise ConnectionClosedError(partial=True)
                remaining -= len(piece)
                yield piece
            if await self._line() != b"":
                raise MalformedHTTPError("chunk without an end")
        lines = []
        while line := await self._line():
            lines.append(line.decode("latin-1"))
            if len(lines) > 100:
                raise MalformedHTTPError("too many trailers")
        self.trailers = parse_fields(lines)


def parse_fields(lines: list[str]) -> Headers:
    """Parse lines as header fields.

    Raises
    ------
    MalformedHTTPError
        A line is not a field: it has no colon, blanks around the name or a control character, or it is folded.
    """
    headers = Headers()
    for line in lines:
        name, colon, value = line.partition(":")
        if not colon or not is_token(name):
            raise MalformedHTTPError("malformed MIME header line")
        value = value.strip(" \t")
        if _BAD_VALUE.search(value):
            raise MalformedHTTPError("invalid header value")
        headers.add(name, value)
    return headers


def request_framing(headers: Headers) -> int:
    """How the end of a request body is found: its length in bytes, or CHUNKED.

    Raises
    ------
    MalformedHTTPError
        There are two lengths, a length that is not a number, both a length and chunks, or a coding other than chunked:
        the patterns of request smuggling.
    """
    lengths = headers.getall("Content-Length")
    codings = headers.getall("Transfer-Encoding")
    if codings:
        if lengths or len(codings) > 1 or codings[0].lower() != "chunked":
            raise MalformedHTTPError("unsupported transfer encoding")
        return CHUNKED
    if not lengths:
        return 0
    if len(lengths) > 1 or not _DIGITS.fullmatch(lengths[0]):
        raise MalformedHTTPError("bad Content-Length")
    return int(lengths[0])


def response_framing(method: str, status: int, headers: Headers) -> int:
    """How the end of a response body is found: its length in bytes, CHUNKED or UNTIL_CLOSE.

    Parameters
    ----------
    method
        The method of the request: the response to HEAD has no body.
    status
        The status code of the response.
    headers
        Its headers.

    Raises
    ------
    MalformedHTTPError
        The length is not a number, or there are two different lengths.
    """
    if method == "HEAD" or status in (204, 304) or 100 <= status < 200:
        return 0
    if any(coding.lower() == "chunked" for coding in headers.items_of("Transfer-Encoding")):
        return CHUNKED
    lengths = set(headers.getall("Content-Length"))
    if not lengths:
        return UNTIL_CLOSE
    if len(lengths) > 1 or not _DIGITS.fullmatch(length := lengths.pop()):
        raise MalformedHTTPError("bad Content-Length")
    return int(length)


def status_code(line: str) -> int:
    """The status code in the first line of a response.

    Raises
    ------
    MalformedHTTPError
        It is not a status line; the message is Go's.
    """
    protocol, blank, rest = line.partition(" ")
    if not blank:
        raise MalformedHTTPError(f'malformed HTTP response "{line}"')
    code = rest.lstrip(" ").split(" ")[0]
    if len(code) != 3 or not code.isdecimal():
        raise MalformedHTTPError(f'malformed HTTP status code "{code}"')
    if not _PROTOCOL.fullmatch(protocol):
        raise MalformedHTTPError(f'malformed HTTP version "{protocol}"')
    return int(code)


def encode_fields(pairs: list[tuple[str, str]]) -> bytes:
    """Header fields as bytes, without the blank line that follows them."""
    return "".join(f"{name}: {value}\r\n" for name, value in pairs).encode("latin-1", "replace")
