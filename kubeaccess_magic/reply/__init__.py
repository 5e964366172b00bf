"""HTTP answers: a `Stream` is still arriving, a `Reply` has arrived and can display itself.

Whoever holds the connection makes a `Stream` of its decoded bytes. The stream checks them against the limits of the
call. A `Reply` is a frozen value with the names of ``requests`` and ``httpx``. Everything in it is untrusted: wherever
it is displayed, markup is escaped and control characters are visible (X9).
"""

from __future__ import annotations

import dataclasses
import datetime
import io
import json
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from ..errors import AppError, KubeAccessError, LimitExceeded, LoadError, TimedOut
from ..text import one_line, redact_headers, shorten
from . import decoding, display
from .display import size_text

if TYPE_CHECKING:
    import pandas as pd

    from ..call import Call
    from ..request import Request
    from ..transport import Response

__all__ = ["Headers", "Reply", "Stream", "size_text"]


class Headers(Mapping[str, str]):
    """The headers of an answer: an immutable mapping whose names are case-insensitive.

    Parameters
    ----------
    pairs
        Names and values in the order of arrival; a name may occur several times.
    """

    __slots__ = ("_index", "_pairs")

    def __init__(self, pairs: Iterable[tuple[str, str]] = ()) -> None:
        self._pairs = tuple(pairs)
        self._index: dict[str, tuple[str, ...]] = {}
        for name, value in self._pairs:
            lowered = name.lower()
            self._index[lowered] = (*self._index.get(lowered, ()), value)

    def __getitem__(self, name: str) -> str:
        return ", ".join(self._index[name.lower()])

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and name.lower() in self._index

    def __iter__(self) -> Iterator[str]:
        seen = set()
        for name, _ in self._pairs:
            lowered = name.lower()
            if lowered not in seen:
                seen.add(lowered)
                yield name

    def __len__(self) -> int:
        return len(self._index)

    def __eq__(self, other: object) -> bool:
        return self._index == other._index if isinstance(other, Headers) else NotImplemented

    __hash__ = None  # type: ignore[assignment]  # like other mappings

    def __repr__(self) -> str:
        return f"Headers({list(redact_headers(self._pairs))!r})"

    def getall(self, name: str) -> tuple[str, ...]:
        """All values of a header, in order. ``Cache-Control`` may be the app's and the API server's (T25)."""
        return self._index.get(name.lower(), ())

    def pairs(self) -> tuple[tuple[str, str], ...]:
        """Names and values in the order of arrival."""
        return self._pairs


class Stream:
    """An answer that is arriving: its status and headers are here, its body is read from the connection.

    Parameters
    ----------
    status_code, reason, headers
        The beginning of the answer.
    request
        The request that is answered.
    url
        The URL of the request for display, without secrets.
    way
        The way by which the request was sent, such as "proxy".
    read
        Returns the next decoded bytes, at most as many as its argument says, and ``b""`` at the end. It raises only
        errors of this package.
    close
        Releases the connection. It is called once.
    started
        When the request began, in seconds of the monotonic clock.
    announced
        The announced length of the body before decoding, in bytes; None if it is unknown.
    """

    __slots__ = (
        "_close",
        "_length",
        "_read",
        "announced",
        "headers",
        "reason",
        "request",
        "started",
        "status_code",
        "url",
        "way",
    )

    def __init__(
        self,
        *,
        status_code: int,
        reason: str,
        headers: Headers,
        request: Request,
        url: str,
        way: str,
        read: Callable[[int], bytes],
        close: Callable[[], None],
        started: float,
        announced: int | None,
    ) -> None:
        self.status_code = status_code
        self.reason = reason
        self.headers = headers
        self.request = request
        self.url = url
        self.way = way
        self.started = started
        self.announced = announced
        # The length of the decoded body, if known: Content-Length is the length before decoding.
        self._length = None if "content-encoding" in headers else announced
        self._read = read
        self._close: Callable[[], None] | None = close

    @classmethod
    def from_response(cls, response: Response, request: Request, way: str) -> Stream:
        """The stream of a response that is arriving over a connection.

        Parameters
        ----------
        response
            The connection's.
        request
            What was asked.
        way
            The way by which the request was sent.
        """
        return cls(
            status_code=response.status_code,
            reason=response.reason,
            headers=response.headers,
            request=request,
            url=response.url,
            way=way,
            read=response.read,
            close=response.close,
            started=response.started,
            announced=response.announced,
        )

    def __enter__(self) -> Stream:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<Stream {self.status_code} {one_line(self.reason)} {one_line(self.url)}>"

    def chunks(self, call: Call) -> Iterator[bytes]:
        """Read the decoded body piece by piece. The stream is closed at the end, also if the caller stops early.

        Parameters
        ----------
        call
            Limits the size of the decoded body and the time; progress is reported to it.

        Raises
        ------
        LimitExceeded
            The body is larger than the call allows. The message says how much was read and how much was announced.
        TimedOut
            The call's deadline has passed.
        Unreachable
            The connection broke.
        """
        return self._pieces(call, _CHUNK_BYTES)

    def read(self, call: Call) -> Reply:
        """Read the whole answer and close the stream; raises the errors of `chunks`.

        Parameters
        ----------
        call
            As of `chunks`.
        """
        # A body of known length is read in one piece, so that it is in memory only once. The connection observes the
        # deadline and reports progress meanwhile.
        pieces = self._pieces(call, max(self._length or 0, _CHUNK_BYTES))
        content = next(pieces, b"")
        buffer: io.BytesIO | None = None
        for piece in pieces:
            if buffer is None:
                buffer = io.BytesIO()
                buffer.write(content)
                content = b""
            buffer.write(piece)
        if buffer is not None:
            content = buffer.getvalue()  # shares the buffer's memory instead of copying it
        return Reply(
            status_code=self.status_code,
            reason=self.reason,
            headers=self.headers,
            content=content,
            url=self.url,
            elapsed=datetime.timedelta(seconds=time.monotonic() - self.started),
            request=self.request,
            way=self.way,
        )

    def close(self) -> None:
        """Release the connection, whether or not the body was read."""
        close, self._close = self._close, None
        if close is not None:
            close()

    def _pieces(self, call: Call, piece_bytes: int) -> Iterator[bytes]:
        announced = self.announced
        max_bytes = call.limits.max_bytes
        read_bytes = 0
        try:
            if announced is not None and announced > max_bytes:
                raise self._too_large(max_bytes, read_bytes)
            while True:
                data = self._read(min(piece_bytes, max_bytes - read_bytes + 1))
                if not data:
                    return
                read_bytes += len(data)
                if read_bytes > max_bytes:
                    raise self._too_large(max_bytes, read_bytes)
                call.progress(read_bytes, announced)
                yield data
                if read_bytes == self._length:
                    return
                if call.stopped:
                    raise KubeAccessError(f"stopped: {self._progress_text(read_bytes)}")
                if time.monotonic() > call.deadline:
                    raise TimedOut(
                        f"the answer took longer than {call.total_s:g} s ({self._progress_text(read_bytes)})",
                        hint="allow more time with --timeout or timeout_s=, or ask for less",
                    )
        finally:
            self.close()

    def _progress_text(self, read_bytes: int) -> str:
        announced = "" if self.announced is None else f", announced {size_text(self.announced)}"
        return f"read {size_text(read_bytes)}{announced}"

    def _too_large(self, max_bytes: int, read_bytes: int) -> LimitExceeded:
        return LimitExceeded(
            f"the answer is larger than {size_text(max_bytes)} ({self._progress_text(read_bytes)})",
            hint="ask for less with --limit or a narrower query, or allow more with max_bytes=",
        )


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Reply:
    """An answer that has arrived.

    Parameters
    ----------
    status_code
        The HTTP status of the app or of the API server.
    reason
        The reason phrase of the status; may be empty.
    headers
        The headers of the answer.
    content
        The decoded body.
    url
        The URL of the request for display, without secrets.
    elapsed
        The time from the start of the request to the end of the body.
    request
        The request that was answered.
    way
        The way by which the request was sent, such as "proxy".
    """

    status_code: int
    reason: str
    headers: Headers
    content: bytes
    url: str
    elapsed: datetime.timedelta
    request: Request
    way: str

    @property
    def ok(self) -> bool:
        """Whether the status is below 400."""
        return self.status_code < 400

    @property
    def media_type(self) -> str:
        """The media type of the body in lower case, without parameters; ``""`` if the answer has none."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    @property
    def text(self) -> str:
        """The body as text, by its charset or as UTF-8. Bytes that cannot be decoded become U+FFFD."""
        return self.content.decode(decoding.charset(self), "replace")

    def json(self) -> Any:
        """Decode the body as JSON.

        Returns
        -------
        dict, list, str, int, float, bool or None
            The document. Integers have any size.

        Raises
        ------
        LoadError
            The body is not JSON. The message says what is wrong and where.
        """
        charset = decoding.charset(self)
        hint = "`-o text` or .text shows the body"
        try:
            # The decoder recognises UTF-8, UTF-16 and UTF-32 itself, which saves a copy of the text.
            return json.loads(self.content if charset.startswith("utf") else self.text)
        except json.JSONDecodeError as error:
            if not self.content.strip():
                raise LoadError("the answer is empty, not JSON", reply=self, hint=hint) from error
            what = "HTML, not JSON" if decoding.is_html(self) else "not valid JSON"
            raise LoadError(f"the answer is {what}: {decoding.json_problem(error)}", reply=self, hint=hint) from error
        except (ValueError, RecursionError) as error:
            raise LoadError(f"the answer cannot be read as JSON: {error}", reply=self, hint=hint) from error

    def frame(self, dialect: str | None = None, **options: Any) -> pd.DataFrame:
        """The body as a DataFrame.

        Parameters
        ----------
        dialect
            The name of the dialect that reads the body; None for the first one that recognises it.
        **options
            Options of that dialect.

        Raises
        ------
        AppError
            The status is 400 or above.
        LoadError
            No dialect can read the body.
        """
        from .. import dialects

        self.raise_for_status()
        return dialects.load([self], dialect=dialect, **options).frame

    def raise_for_status(self) -> Reply:
        """Return this reply if its status is below 400.

        Raises
        ------
        AppError
            The status is 400 or above. The message quotes the app's own, if the body has one.
        """
        if self.ok:
            return self
        status = f"{self.status_code} {one_line(self.reason)}".rstrip()
        is_readable = not decoding.is_html(self) and not decoding.is_binary(self)
        text = (decoding.error_message(self) or decoding.head(self)) if is_readable else ""
        excerpt = shorten(one_line(" ".join(text[:400].split())), _MAX_EXCERPT_CHARACTERS)
        raise AppError(
            f"the app answered {status}" + (f": {excerpt}" if excerpt else ""),
            reply=self,
            hint=self._login_hint()
            or self._body_hint()
            or "`%kproxy last`, or .reply of the error, has the whole answer",
        )

    def _login_hint(self) -> str | None:
        """How to send a login that the app reads from a header which the proxy verb removes (T14)."""
        target = self.request.target
        if self.status_code != 401 or self.way != "proxy" or target.kind not in ("service", "pod"):
            return None
        return f"this app needs its own login, which the proxy cannot pass on; `{target.port_forward}` can"  # T14

    def _body_hint(self) -> str | None:
        """What is wrong with a request body that looks like JSON; apps often do not say it."""
        body = self.request.body
        if self.status_code != 400 or not isinstance(body, bytes) or body.lstrip()[:1] not in (b"{", b"["):
            return None
        try:
            json.loads(body)
        except json.JSONDecodeError as error:
            if error.msg == "Extra data":  # some apps take one JSON document per line
                return None
            return f"the body is not valid JSON: {decoding.json_problem(error)}"
        except (UnicodeDecodeError, RecursionError):
            return None
        return None

    def __repr__(self) -> str:
        return f"<Reply {display.summary(self)}>"

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        # Without application/json, which front ends prefer: the notebook would contain the whole body.
        return display.mime_bundle(self)


_CHUNK_BYTES = 128 * 1024
_MAX_EXCERPT_CHARACTERS = 200
