"""One request to its end: the answer or our error, the form that is allowed, and the pages after the first."""

from __future__ import annotations

import contextlib
import dataclasses
import signal
import sys
import threading
import time
from collections.abc import Iterator
from itertools import chain
from typing import TYPE_CHECKING, Any

from . import access, dialects
from .call import Call
from .errors import AccessDenied, KubeAccessError, LimitExceeded, LoadError, TimedOut, Unreachable
from .explain import refusal, wants_tls

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

    from .discovery import Discovery
    from .reply import Reply
    from .request import Request
    from .targets import Target
    from .ways import Way

    Send = Callable[[Request, Call], Reply]

__all__ = ["Framed", "allowed_form", "as_asked", "ask", "frame"]

_SOON_S = 5.0  # a pod that vanished is noticed at once; what took longer is not tried again
_CLOSING_S = 5.0  # for each request that closes something at the server


@dataclasses.dataclass(frozen=True)
class Framed:
    """A DataFrame with all that its reader may want to know.

    Attributes
    ----------
    loaded
        The frame, and what the answer told beside it.
    reply
        The answer to the first request.
    asked
        The whole question, of which the first request may be a part.
    dialect
        The name of the dialect that read it.
    more
        Whether a limit would bring what the frame does not hold.
    note
        A line to show, or None.
    """

    loaded: dialects.Loaded
    reply: Reply
    asked: Request
    dialect: str
    more: bool
    note: str | None

    def held(self, how: str) -> str | None:
        """The line that says that there is more than the frame holds, and `how` to have it; None where there is not."""
        rows, of = self.loaded.rows, self.loaded.of
        if of is None or rows >= of + self.loaded.of_is_lower_bound:
            return None
        least = "at least " if self.loaded.of_is_lower_bound else ""
        return f"{rows:,} of {least}{of:,} {self.loaded.what}" + (f"; {how} for the rest" if self.more else "")


def ask(request: Request, way: Way, discovery: Discovery, call: Call) -> Reply:
    """The answer of the app, whatever its status.

    A target that RBAC refuses is asked in an equivalent form if the user has rights for one: a refused request was
    not executed. GET and HEAD are asked once more if a pod vanished (S8).

    Raises
    ------
    KubeAccessError
        What the API server itself refuses, or what broke on the way.
    """
    try:
        return _answer(request, way, discovery, call)
    except AccessDenied:
        other = allowed_form(request, discovery, call)
        if other is None:
            raise
        return _answer(other, way, discovery, call)


def frame(
    request: Request,
    send: Send,
    call: Call,
    *,
    dialect: str | None = None,
    limit: int | None = None,
    raw: bool = False,
    **options: Any,
) -> Framed:
    """The answer and its pages as one DataFrame.

    Parameters
    ----------
    request
        As it was typed.
    send
        Sends one request within a call, and returns the reply.
    call
        Limits all pages together; hears how many rows there are so far.
    dialect
        Its name; None finds it out.
    limit
        How many rows; None shows one answer, ``sys.maxsize`` is all.
    raw
        Whether the request must go out as it was typed.
    **options
        For the dialect.

    Raises
    ------
    AppError
        The app answered 400 or above.
    LoadError
        No dialect takes the answer.
    """
    sender = _Sender(send, call)
    reader = dialects.named(dialect) if dialect else dialects.asking(request)
    asked = request if raw or reader is None else dialects.asked(reader, request, limit, for_frame=True)
    asking = _Asking(_only(asked) if raw or reader is None else reader.pages(asked, limit), sender)
    with asking:
        first = next(asking)
    if dialect is None and (found := dialects.choose(first.request, first)) is not None and found is not reader:
        reader = found
        if not raw:
            asking.end()
            asking = _Asking(reader.pages(first.request, limit), sender, first)
            with asking:
                first = next(asking)
    with asking, _Patience(asking):
        loaded = dialects.load(chain((first,), asking), dialect=reader, limit=limit, **options)
        more = False
        if limit is None and not raw and reader is not None and asking.note is None:
            more = _has_more(reader, first)
    return Framed(loaded, first, asked, reader.name if reader else "", more, asking.note or loaded.note)


class _Sender:
    """Sends the requests of one answer, within the limits of all of them together."""

    def __init__(self, send: Send, call: Call) -> None:
        self._send, self.call = send, call
        self._sent = 0

    def __call__(self, step: dialects.Step, *, closes: bool = False) -> Reply:
        """The answer, if it is one that can be read; an error of the app is raised.

        What closes something at the server is sent also where the rest is not wanted any more.
        """
        call = self.call
        if closes:
            call = Call(dataclasses.replace(call.limits, total_s=_CLOSING_S), answered=call.answered)
        elif not call.remaining_s:
            raise TimedOut(
                f"the pages took longer than {call.total_s:g} s ({self._sent} were read)",
                hint="allow more time with --timeout or timeout_s=, or ask for fewer rows",
            )
        if step.rows:
            self.call.progress(step.rows, step.of, step.what)
        reply = self._send(step.request, call).raise_for_status()
        if reply.status_code >= 300:
            raise LoadError(
                f"the app redirects to {reply.headers.get('location', 'nowhere')!r}, which is not followed",  # X2
                reply=reply,
                hint="ask what it redirects to, if that is what you want",
            )
        self._sent += 1
        return reply


class _Asking(Iterator["Reply"]):
    """The pages that a dialect asks for, each sent when it is wanted; what is open is closed after a ``with``."""

    def __init__(self, pages: dialects.Pages, sender: _Sender, known: Reply | None = None) -> None:
        self._pages, self._sender = pages, sender
        self._known = known  # an answer that is here already, if it is the first one that is asked for
        self._last: Reply | None = None
        self._given = 0
        self._ended = False
        self._waits = False  # for a page; else one is being read
        self._interrupted = False
        self.note: str | None = None

    def __next__(self) -> Reply:
        self._waits = True
        try:
            if self._interrupted and not self._ended:  # while the page before was read
                raise KeyboardInterrupt
            page = self._page()
        except (KeyboardInterrupt, KubeAccessError) as reason:
            wanted = isinstance(reason, KeyboardInterrupt) or self._sender.call.stopped
            if not wanted or not self._given:
                raise
            page = None
            self._interrupted = True
            self.note = f"interrupted after {self._given} page{'s' * (self._given > 1)}: the frame holds those"
            self.end()
        finally:
            self._waits = False
        if page is None:
            self._ended = True
            raise StopIteration
        self._given += 1
        return page

    def _page(self) -> Reply | None:
        """The next answer that holds rows, after those that hold none; None where the dialect asks for no more."""
        if self._ended:
            return None
        try:
            step = self._pages.send(self._last) if self._last is not None else next(self._pages)
            while True:
                try:
                    self._last = self._answer(step)
                except KubeAccessError as error:
                    if self._sender.call.stopped:
                        raise
                    step = self._pages.throw(error)  # it may know another way
                else:
                    if step.holds_rows:
                        return self._last
                    step = self._pages.send(self._last)
        except StopIteration:
            return None
        except (KubeAccessError, MemoryError):
            raise
        except Exception as error:  # a plugin's mistake
            raise LoadError(
                f"the dialect cannot ask for this: {type(error).__name__}: {error}",
                hint="`--raw` asks exactly as typed",
            ) from error

    def waits_with_interrupt(self) -> bool:
        """Whether an interrupt, the first one, may wait: pages were collected, and one more is being read."""
        may = self._given > 1 and not self._waits and not self._interrupted
        self._interrupted = self._interrupted or may
        return may

    def _answer(self, step: dialects.Step) -> Reply:
        known, self._known = self._known, None
        return known if known is not None and known.request == step.request else self._sender(step)

    def __enter__(self) -> _Asking:
        return self

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        # Between two `with` it only rests; at the end of the last one every page was read.
        if error is not None:
            self.end()

    def end(self) -> None:
        """Ask for what has to be closed, and for nothing else."""
        if self._ended:
            return
        self._ended = True
        with contextlib.suppress(KubeAccessError, StopIteration):
            step = self._pages.throw(LimitExceeded("no more pages are wanted"))
            while not step.holds_rows:
                step = self._pages.send(self._sender(step, closes=True))


class _Patience:
    """While pages are read: an interrupt waits until the page in hand is in the frame, with those before it.

    A second one does not wait. Only the main thread hears of interrupts at all.
    """

    def __init__(self, asking: _Asking) -> None:
        self._asking = asking
        self._before: Any = None

    def __enter__(self) -> None:
        if threading.current_thread() is threading.main_thread() and callable(signal.getsignal(signal.SIGINT)):
            self._before = signal.signal(signal.SIGINT, self._heard)

    def __exit__(self, *_: object) -> None:
        if self._before is not None:
            signal.signal(signal.SIGINT, self._before)

    def _heard(self, number: int, frame: FrameType | None) -> None:
        if not self._asking.waits_with_interrupt():
            self._before(number, frame)


def _only(request: Request) -> dialects.Pages:
    yield dialects.Step(request)


def _has_more(reader: dialects.Dialect, first: Reply) -> bool:
    """Whether a limit would bring more: by another first request, or by a page after it."""
    asked = first.request
    pages = reader.pages(reader.ask(asked, sys.maxsize), sys.maxsize)
    try:
        if next(pages).request == asked:
            pages.send(first)  # what is asked next may open a cursor, before there are rows
    except StopIteration:
        return False
    return True


def as_asked(request: Request, dialect: str | None, limit: int | None, *, for_frame: bool = True) -> Request:
    """The request with what its dialect fills in before the first answer."""
    asking = dialects.named(dialect) if dialect else dialects.asking(request)
    return request if asking is None else dialects.asked(asking, request, limit, for_frame=for_frame)


def _answer(request: Request, way: Way, discovery: Discovery, call: Call) -> Reply:
    """The answer; asked once more if the API server did not get through to the pod that it chose (S8)."""
    started = time.monotonic()
    reply, error = _one_answer(request, way, discovery, call)
    took_s = time.monotonic() - started
    if isinstance(error, Unreachable) and request.method in ("GET", "HEAD") and took_s <= _SOON_S:
        reply, error = _one_answer(request, way, discovery, call)
    if error is not None:
        raise error
    return reply


def _one_answer(request: Request, way: Way, discovery: Discovery, call: Call) -> tuple[Reply, KubeAccessError | None]:
    # A connection to the API server that breaks is seen to below, where it is known how far the request had come.
    reply = way.open(request, call).read(call)
    call.answered(reply)
    if request.method == "GET" and not request.target.scheme and wants_tls(reply):  # E9; never the other way round
        secure = dataclasses.replace(request, target=request.target.with_scheme("https"))
        reply = way.open(secure, call).read(call)
        call.answered(reply)
    return reply, refusal(reply.request, reply, discovery, call)


def allowed_form(request: Request, discovery: Discovery, call: Call) -> Request | None:
    """The request in an equivalent form for which the rights exist (A3), or None."""
    target = request.target
    if target.kind == "api" or not target.namespace:
        return None
    try:
        rules = discovery.rules(target.namespace, call)
        forms = access.equivalent_segments(target, _ports(target, discovery, call))
        if target.kind == "service" and not target.port and not forms[1:]:
            forms += access.granted_segments(rules, request.method, target)  # no port was meant but the one granted
        allowed = [form for form in forms if access.allows(rules, access.attributes(request.method, form))]
    except KubeAccessError:
        return None
    return dataclasses.replace(request, target=allowed[0]) if allowed else None


def _ports(target: Target, discovery: Discovery, call: Call) -> list[tuple[str, int]]:
    """Names and numbers of a service's ports; none where they may not be read."""
    if target.kind != "service" or not target.namespace:
        return []
    try:
        service = discovery.service(target.namespace, target.name, call)
    except AccessDenied:
        return []
    return [(port.name or "", port.port) for port in service.spec.ports or ()] if service else []
