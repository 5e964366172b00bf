"""Answers: `Stream`, one that is arriving; `Reply`, one that has arrived; and how a Reply shows itself.

A `Stream` is made by whoever holds the connection and hands over decoded bytes; here they are counted against the
limits. A `Reply` is a frozen value with the words of ``requests`` and ``httpx``. What came from a cluster is data:
wherever a Reply shows itself, markup is escaped and control characters are made visible (X9).
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
from ..text import printable, redact_headers, shorten
from . import body, show
from .show import size_text

if TYPE_CHECKING:
    import pandas as pd

    from ..call import Call
    from ..request import Request

__all__ = ["Headers", "Reply", "Stream", "size_text"]


class Headers(Mapping[str, str]):
    """The headers of an answer: names in any case, nothing changes.

    Parameters
    ----------
    pairs
        Names and values in the order in which they came; a name may come several times.
    """

    __slots__ = ("_index", "_pairs")

    _index: dict[str, tuple[str, ...]] | None

    def __init__(self, pairs: Iterable[tuple[str, str]] = ()) -> None:
        self._pairs = tuple(pairs)
        self._index = None  # made at the first look: most answers are asked for two or three names, many for none

    def _indexed(self) -> dict[str, tuple[str, ...]]:
        if self._index is None:
            index: dict[str, tuple[str, ...]] = {}
            for name, value in self._pairs:
                lowered = name.lower()
                index[lowered] = (*index[lowered], value) if lowered in index else (value,)
            self._index = index
        return self._index

    def __getitem__(self, name: str) -> str:
        return ", ".join(self._indexed()[name.lower()])

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and name.lower() in self._indexed()

    def __iter__(self) -> Iterator[str]:
        seen = set()
        for name, _ in self._pairs:
            lowered = name.lower()
            if lowered not in seen:
                seen.add(lowered)
                yield name

    def __len__(self) -> int:
        return len(self._indexed())

    def __eq__(self, other: object) -> bool:
        return self._indexed() == other._indexed() if isinstance(other, Headers) else NotImplemented

    __hash__ = None  # type: ignore[assignment]  # a mapping, and no key of one

    def __repr__(self) -> str:
        return f"Headers({list(redact_headers(self._pairs))!r})"

    def getall(self, name: str) -> tuple[str, ...]:
        """Every value of a name, in order: the API server adds a second ``Cache-Control`` to the app's (T25)."""
        return self._indexed().get(name.lower(), ())

    def pairs(self) -> tuple[tuple[str, str], ...]:
        """Names and values as they came."""
        return self._pairs


class Stream:
    """An answer that is arriving.

    Parameters
    ----------
    status_code, reason, headers
        What came first.
    request
        What was asked.
    url
        What was asked, as text for people, without secrets.
    way
        By which way it was asked.
    read
        Gives at most so many decoded bytes, ``b""`` at the end; raises our errors only.
    close
        Gives back what the answer holds; called once.
    started
        When the request began, on the monotonic clock, in seconds.
    announced
        Bytes that the answer said it would send, before decoding, or None.
    """

    __slots__ = (
        "_close",
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
        self._read = read
        self._close: Callable[[], None] | None = close

    def __enter__(self) -> Stream:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<Stream {self.status_code} {printable(self.reason)} {self.url}>"

    def chunks(self, call: Call) -> Iterator[bytes]:
        """The decoded body in pieces; the stream is closed at the end, or when the caller stops asking.

        Parameters
        ----------
        call
            Says how many bytes the decoded body may have and when to end; hears of progress.

        Raises
        ------
        LimitExceeded
            The body is longer than the call allows. The message says how much was read and what was announced.
        TimedOut
            The call's deadline passed.
        Unreachable
            The connection broke.
        """
        return self._pieces(call, _CHUNK_BYTES)

    def read(self, call: Call) -> Reply:
        """The whole answer; the stream is closed.

        Raises what `chunks` raises.
        """
        # A body of known length is read in one piece, so that it is in memory once. The connection below watches the
        # deadline and reports progress while it waits.
        known = self._length() or 0
        pieces = self._pieces(call, max(known, _CHUNK_BYTES))
        content = next(pieces, b"")
        buffer: io.BytesIO | None = None
        for more in pieces:
            if buffer is None:
                buffer = io.BytesIO()
                buffer.write(content)
                content = b""
            buffer.write(more)
        if buffer is not None:
            content = buffer.getvalue()  # shares the buffer's memory: no copy
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
        """Give back what the answer holds, read or not."""
        close, self._close = self._close, None
        if close is not None:
            close()

    def _length(self) -> int | None:
        """Of the decoded body, where it is known: Content-Length counts the bytes before decoding."""
        return None if "content-encoding" in self.headers else self.announced

    def _pieces(self, call: Call, piece_bytes: int) -> Iterator[bytes]:
        announced = self.announced
        length = self._length()
        max_bytes = call.limits.max_bytes
        done = 0
        try:
            if announced is not None and announced > max_bytes:
                raise self._too_large(max_bytes, done)
            while True:
                data = self._read(min(piece_bytes, max_bytes - done + 1))
                if not data:
                    return
                done += len(data)
                if done > max_bytes:
                    raise self._too_large(max_bytes, done)
                call.progress(done, announced)
                yield data
                if done == length:
                    return
                if call.stopped:
                    raise KubeAccessError(f"stopped after {self._read_so_far(done)}")
                if time.monotonic() > call.deadline:
                    raise TimedOut(
                        f"the answer took longer than {call.total_s:g} s ({self._read_so_far(done)})",
                        hint="allow more time with --timeout or timeout_s=, or ask for less",
                    )
        finally:
            self.close()

    def _read_so_far(self, done: int) -> str:
        announced = "" if self.announced is None else f", announced {size_text(self.announced)}"
        return f"read {size_text(done)}{announced}"

    def _too_large(self, max_bytes: int, done: int) -> LimitExceeded:
        return LimitExceeded(
            f"the answer is larger than {size_text(max_bytes)} ({self._read_so_far(done)})",
            hint="ask for less with --limit or a narrower query, or allow more with max_bytes=",
        )


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Reply:
    """An answer that has arrived.

    Parameters
    ----------
    status_code
        What the app or the API server answered.
    reason
        The words beside it; may be empty.
    headers
        The answer's headers.
    content
        The body, decoded.
    url
        What was asked, as text for people, without secrets.
    elapsed
        From the begin of the request to the end of the body.
    request
        What was asked.
    way
        By which way it was asked.
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
        """The media type in lower case without parameters, ``""`` where none was given."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    @property
    def text(self) -> str:
        """The body as text: by the charset that it names, else UTF-8; what cannot be read becomes U+FFFD."""
        return self.content.decode(body.charset(self), "replace")

    def json(self) -> Any:
        """The body as JSON: dicts, lists, str, float, bool, None, and int of any size.

        Raises
        ------
        LoadError
            It is not JSON; the message says where.
        """
        charset = body.charset(self)
        try:
            # The decoder finds UTF-8, UTF-16 and UTF-32 by itself, and saves a copy of the text.
            return json.loads(self.content if charset.startswith("utf") else self.text)
        except json.JSONDecodeError as error:
            what = "empty" if not self.content.strip() else "HTML, not JSON" if body.is_html(self) else "not JSON"
            message = f"the answer is {what}: {error.msg} at line {error.lineno} column {error.colno}"
            raise LoadError(message, reply=self, hint="`-o text` or .text shows it as it is") from error
        except (ValueError, RecursionError) as error:
            message = f"the answer cannot be read as JSON: {error}"
            raise LoadError(message, reply=self, hint="`-o text` or .text shows it as it is") from error

    def frame(self, dialect: str | None = None, **options: Any) -> pd.DataFrame:
        """The body as a DataFrame.

        Parameters
        ----------
        dialect
            The name of the dialect that reads it, or None: the one that takes it.
        options
            For that dialect.

        Raises
        ------
        AppError
            The status is 400 or above.
        LoadError
            No dialect takes it.
        """
        from .. import dialects

        self.raise_for_status()
        return dialects.load([self], dialect=dialect, **options).frame

    def raise_for_status(self) -> Reply:
        """The reply itself, or `AppError` if the status is 400 or above."""
        if self.ok:
            return self
        status = f"{self.status_code} {printable(self.reason)}".rstrip()
        shown = not body.is_html(self) and not body.is_binary(self)
        text = (body.error_words(self) or body.head(self)) if shown else ""
        said = shorten(printable(" ".join(text[:400].split())), _EXCERPT_CHARACTERS)
        message = f"the app answered {status}" + (f": {said}" if said else "")
        raise AppError(
            message,
            reply=self,
            hint=self._login() or self._bad_body() or "the whole answer: `%kproxy last`, or the error's .reply",
        )

    def _login(self) -> str | None:
        """How to send the login that an app wants, where it is a header that the proxy verb swallows (T14)."""
        target = self.request.target
        if self.status_code != 401 or self.way != "proxy" or target.kind not in ("service", "pod"):
            return None
        carries = f"`{target.port_forward}` does"
        return f"the app wants a login of its own; the proxy verb carries no Authorization, {carries}"  # T14

    def _bad_body(self) -> str | None:
        """Where a body that looks like JSON is none, which apps say in words of their own, if at all."""
        sent = self.request.body
        if self.status_code != 400 or not isinstance(sent, bytes) or sent.lstrip()[:1] not in (b"{", b"["):
            return None
        try:
            json.loads(sent)
        except json.JSONDecodeError as error:
            if error.msg == "Extra data":  # a line of JSON after another is what some apps take
                return None
            where = f"line {error.lineno}, column {error.colno}"
            return f"the body is no JSON: {error.msg[0].lower()}{error.msg[1:]}, {where} of it"
        except (UnicodeDecodeError, RecursionError):
            return None
        return None

    def __repr__(self) -> str:
        return f"<Reply {show.summary(self)}>"

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        # No application/json: front ends would prefer it, and save the whole body in the notebook.
        return show.bundle(self)


_CHUNK_BYTES = 128 * 1024
_EXCERPT_CHARACTERS = 200
