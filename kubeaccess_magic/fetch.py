"""One query to its table: the requests that its reader asks for, one after the other, until there are no more."""

from __future__ import annotations

import contextlib
import dataclasses
import signal
import threading
import time
from typing import TYPE_CHECKING, Any

from . import dialects
from .call import Call
from .dialects.answer import gc_paused
from .discovery import redirected
from .errors import KubeAccessError, LoadError, TimedOut

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator, Mapping
    from types import FrameType

    from .reply import Reply
    from .request import Request

    Send = Callable[[Request, Call], Reply]

__all__ = ["Fetched", "fetch"]

_CLOSING_S = 5.0  # for each request that closes something at the server


@dataclasses.dataclass(frozen=True)
class Fetched:
    """The table that a query gave, and where it came from.

    Parameters
    ----------
    table
        The rows of all pages that were read.
    reply
        The reply to the first request.
    operation
        What read the replies.
    request
        The request that the query became; the first one that was sent may be a part of it.
    notes
        Sentences that whoever reads the frame should see.
    """

    table: dialects.Table
    reply: Reply
    operation: dialects.Operation
    request: Request
    notes: tuple[str, ...] = ()

    @property
    def note(self) -> str:
        """All notes in one line; empty if there are none."""
        return "; ".join(self.notes)


def fetch(
    first: Request,
    send: Send,
    call: Call,
    operation: dialects.Operation | None,
    *,
    dialect: str | None = None,
    limit: int | None = None,
    raw: bool = False,
    **options: Any,
) -> Fetched:
    """Ask for an answer with its pages, and make one table of it.

    Parameters
    ----------
    first
        The request, as the operation prepared it; as it was typed if there is no operation, or with `raw`.
    send
        Sends one request within a call, and returns the reply.
    call
        Limits all pages together, and hears how many rows there are so far.
    operation
        What the request matches, or None.
    dialect, limit, raw, **options
        As in `Query`. With `raw`, no other request is sent.

    Returns
    -------
    Fetched
        The table; also if the user interrupts after at least one page was read, with a note that says so.

    Raises
    ------
    AppError
        The app answered 400 or above.
    LoadError
        No dialect can read the answer.
    """
    chosen = dialects.named(dialect) if dialect else None
    sender = _Sender(send, call)
    if raw:
        return _fetch_one(first, sender, operation, chosen, limit, options)
    conversation, reply = _begin(first, sender, operation, chosen, limit, options)
    with _patience(conversation):
        conversation.read_pages()
        table = conversation.table()
    if limit is not None or conversation.notes:
        table = dataclasses.replace(table, has_more=False)
    notes = (*conversation.notes, *table.notes)
    if not len(table.frame) and not conversation.notes:
        notes += _why_empty(conversation.operation, first, reply, sender)
    return Fetched(table, reply, conversation.operation, first, notes)


def _why_empty(operation: dialects.Operation, first: Request, reply: Reply, sender: _Sender) -> tuple[str, ...]:
    """Let the operation of an empty answer find out what may be wrong; no note if that cannot be found out."""
    explain: Callable[[Request], Generator[dialects.Step, Reply, str | None]] | None
    explain = getattr(operation, "why_empty", None)
    if explain is None:
        return ()
    note = None
    with contextlib.suppress(KubeAccessError), dialects.dialect_errors(operation, reply):
        note = _result_of(explain(first), sender)
    return (note,) if note else ()


def _result_of(steps: Generator[dialects.Step, Reply, str | None], sender: _Sender) -> str | None:
    """Send what a generator asks for until it returns."""
    try:
        step = next(steps)
        while True:
            try:
                reply = sender(step)
            except KubeAccessError as error:
                step = steps.throw(error)
            else:
                step = steps.send(reply)
    except StopIteration as end:
        result: str | None = end.value
        return result


def _fetch_one(
    request: Request,
    sender: _Sender,
    matched: dialects.Operation | None,
    chosen: dialects.Dialect | None,
    limit: int | None,
    options: Mapping[str, Any],
) -> Fetched:
    """Send one request and nothing else."""
    reply = sender(dialects.Step(request))
    operation = dialects.operation_for(reply, matched, chosen)
    table = dialects.read([reply], operation, limit, options, sender.budget)
    return Fetched(dataclasses.replace(table, has_more=False), reply, operation, request, table.notes)


def _begin(
    request: Request,
    sender: _Sender,
    matched: dialects.Operation | None,
    chosen: dialects.Dialect | None,
    limit: int | None,
    options: Mapping[str, Any],
) -> tuple[_Conversation, Reply]:
    """Get the first page, and decide who reads it: the operation that matched, or the one that recognizes the reply."""
    if matched is None:
        first = sender(dialects.Step(request))
        operation = dialects.operation_for(first, None, chosen)
    else:
        conversation = _Conversation(matched, sender, limit, options)
        first = conversation.begin(request)
        try:
            operation = dialects.operation_for(first, matched, chosen)
            if operation is matched:
                if options:
                    dialects.check_options(matched, options, first)
                return conversation, first
        except BaseException:
            conversation.end()
            raise
        conversation.end()
    conversation = _Conversation(operation, sender, limit, options, first)
    return conversation, conversation.begin(first.request)


class _Sender:
    """Sends the requests of one answer, within the limits of all of them together."""

    def __init__(self, send: Send, call: Call) -> None:
        self._send, self.call = send, call
        self.budget = dialects.FrameBudget.of(call)
        self._sent = 0

    def __call__(self, step: dialects.Step, *, closes: bool = False) -> Reply:
        """Send one request.

        Parameters
        ----------
        step
            The request, and the progress until now.
        closes
            Whether it closes something at the server: then it is sent also after the deadline or a stop.

        Returns
        -------
        Reply
            With a status below 300.

        Raises
        ------
        KubeAccessError
            Whatever else happened.
        """
        call = self.call
        if closes:
            call = Call(dataclasses.replace(call.limits, total_s=_CLOSING_S), answered=call.answered)
        elif time.monotonic() >= call.deadline:
            raise TimedOut(
                f"the pages took longer than {call.total_s:g} s ({self._sent} were read)",
                hint="allow more time with --timeout or timeout_s=, or ask for fewer rows",
            )
        if step.rows_before:
            self.call.progress(step.rows_before, step.total, step.unit)
        reply = self._send(step.request, call)
        if reply.status_code >= 300:
            reply.raise_for_status()
            if step.request.target.kind == "api":
                raise redirected(reply)
            raise LoadError(
                f"the app redirects to {reply.headers.get('location', 'nowhere')!r}, which is not followed",  # X2
                reply=reply,
                hint="ask for the address that it redirects to, if that is what you want",
            )
        self._sent += 1
        return reply


class _Conversation:
    """Sends what a reader asks for, and lets it read the replies, until it has all or the user interrupts.

    Parameters
    ----------
    operation
        What reads the replies.
    sender
        Sends requests.
    limit
        How many rows are wanted.
    options
        Options of the dialect.
    first
        The first page, if it is here already: then the first step is not sent.
    """

    def __init__(
        self,
        operation: dialects.Operation,
        sender: _Sender,
        limit: int | None,
        options: Mapping[str, Any],
        first: Reply | None = None,
    ) -> None:
        self.operation = operation
        self.notes: tuple[str, ...] = ()
        self._sender = sender
        self._first = first
        self._unread = first  # the first page, until it is read
        with dialects.dialect_errors(operation, first):
            self._reader = dialects.reader_for(operation, limit, options, first, sender.budget)
        self._step: dialects.Step | None = None
        self._pages_read = 0
        self._is_reading = False
        self._is_interrupted = False

    def begin(self, request: Request) -> Reply:
        """Send requests until the first page is here; it is not read yet."""
        self._pages = self._reader.pages(request)
        self._advance(next, self._pages)
        if self._first is None:
            self._first = self._unread = self._receive()
        if self._first is None:
            raise LoadError(f"the dialect {self.operation.dialect} asks for nothing")
        return self._first

    def read_pages(self) -> None:
        """Read page after page, and close what is open at the server.

        After an interrupt, or when the call was stopped, the pages that were read are kept, and a note says so.
        """
        try:
            while (page := self._receive()) is not None:
                self._is_reading = True
                self._advance(self._pages.send, page)
                self._is_reading = False
                self._pages_read += 1
                del page  # while the next one arrives
        except (KeyboardInterrupt, KubeAccessError) as error:
            is_wanted = isinstance(error, KeyboardInterrupt) or self._sender.call.stopped
            if not is_wanted or self._is_reading or not self._pages_read:
                raise
            several = "s" * (self._pages_read > 1)
            self.notes = (f"interrupted after {self._pages_read} page{several}: the frame holds those",)
        finally:
            self.end()

    def table(self) -> dialects.Table:
        """Make one table of all that was read."""
        self._is_reading = True
        with dialects.dialect_errors(self.operation, self._first), gc_paused():
            return dialects.table_of(self._reader, self._sender.budget)

    def defers_interrupt(self) -> bool:
        """Tell whether an interrupt has to wait until the page in hand is read, since pages were read before it.

        Only the first one waits.
        """
        defers = self._is_reading and self._pages_read > 0 and not self._is_interrupted
        self._is_interrupted = self._is_interrupted or defers
        return defers

    def end(self) -> None:
        """Close what is open at the server, and ask for nothing else."""
        if self._step is None and self._pages_read:  # the reader asked for no more, and has closed what it opened
            return
        with contextlib.suppress(KubeAccessError, StopIteration):
            step = self._pages.throw(dialects.NoMore("no more pages are wanted"))
            while not step.has_rows:
                try:
                    reply = self._sender(step, closes=True)
                except KubeAccessError as error:
                    step = self._pages.throw(error)
                else:
                    step = self._pages.send(reply)

    def _receive(self) -> Reply | None:
        """Send requests until there is a page to read; None if the reader asks for no more."""
        if self._unread is not None:
            page, self._unread = self._unread, None
            return page
        while (step := self._step) is not None:
            if self._is_interrupted and step.has_rows:  # while the page before was read
                raise KeyboardInterrupt
            try:
                reply = self._sender(step)
            except KubeAccessError as error:
                if self._sender.call.stopped:
                    raise
                self._advance(self._pages.throw, error)  # it may know another way
            else:
                if step.has_rows:
                    return reply
                self._advance(self._pages.send, reply)
        return None

    def _advance(self, resume: Callable[..., dialects.Step], *arguments: Any) -> None:
        """Let the reader work until it asks for something."""
        with dialects.dialect_errors(self.operation, self._first), gc_paused():
            try:
                self._step = resume(*arguments)
            except StopIteration:
                self._step = None


@contextlib.contextmanager
def _patience(conversation: _Conversation) -> Iterator[None]:
    """While pages are read, let an interrupt wait until the page in hand is in the table.

    A second interrupt does not wait. Only the main thread hears of interrupts at all.
    """
    before: Any = None

    def handle(number: int, frame: FrameType | None) -> None:
        if not conversation.defers_interrupt():
            before(number, frame)

    try:
        if threading.current_thread() is threading.main_thread() and callable(signal.getsignal(signal.SIGINT)):
            before = signal.signal(signal.SIGINT, handle)
        yield
    finally:
        if before is not None:
            signal.signal(signal.SIGINT, before)
