"""The interface of a dialect: what it provides, and the values that pass between it and `fetch`.

A dialect sends nothing itself. It says what to send, is given the replies, and builds one table of them::

    operation = dialect.match(request)              # which call of its API the request is
    reader = operation.reader(limit)
    pages = reader.pages(operation.prepare(limit))
    step = next(pages)                              # what to send first
    step = pages.send(reply)                        # the reply is read; what to send next, or StopIteration
    reader.table()                                  # everything that was read
"""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Callable, Generator, Iterator, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Protocol

from ..errors import KubeAccessError, LimitExceeded, LoadError
from .budget import memory_errors

if TYPE_CHECKING:
    import pandas as pd

    from ..reply import Reply
    from ..request import Request

__all__ = [
    "NO_LABELS",
    "Dialect",
    "NoMore",
    "Operation",
    "Pages",
    "PlainOperation",
    "Reader",
    "Step",
    "Table",
    "dialect_errors",
    "options_of",
]

NO_LABELS: Mapping[str, str] = MappingProxyType({})
"""The labels of a conversation with a single target: none."""


@dataclasses.dataclass(frozen=True)
class Table:
    """A DataFrame, and what the answer says about its rows.

    Parameters
    ----------
    frame
        The rows.
    rows
        How many of `unit` the frame holds.
    total
        How many there are in all, as far as the answer says; else None.
    unit
        What `rows` and `total` count, in the plural: ``rows``, ``hits``, ``pods`` …
    total_is_lower_bound
        Whether there are at least `total` of them.
    has_more
        Whether a limit, or a larger one, would bring more.
    notes
        Sentences that whoever reads the frame should see.
    """

    frame: pd.DataFrame
    rows: int
    total: int | None = None
    unit: str = "rows"
    total_is_lower_bound: bool = False
    has_more: bool = False
    notes: tuple[str, ...] = ()

    def shortfall(self, remedy: str) -> str | None:
        """A line that says that there are more rows than the frame holds; None if there are not.

        Parameters
        ----------
        remedy
            How to ask for the rest, for example ``--limit all``. It is mentioned only if that helps.
        """
        if self.total is None or self.rows >= self.total + self.total_is_lower_bound:
            return None
        least = "at least " if self.total_is_lower_bound else ""
        rest = f"; {remedy} for the rest" if self.has_more else ""
        return f"{self.rows:,} of {least}{self.total:,} {self.unit}{rest}"


@dataclasses.dataclass(frozen=True)
class Step:
    """One of the requests that a query takes.

    Parameters
    ----------
    request
        What to send.
    has_rows
        Whether the reply is a page of rows. If not, the request only opens or closes a cursor.
    rows_before
        How many rows were read before, for a progress bar.
    total
        How many rows there will be, if that is known.
    unit
        What `rows_before` and `total` count, in the plural.
    """

    request: Request
    has_rows: bool = True
    rows_before: int = 0
    total: int | None = None
    unit: str = "rows"


Pages = Generator[Step, "Reply", None]
"""A conversation with one target: it yields what to send, and is sent the reply."""


class NoMore(LimitExceeded):
    """Raised in a conversation at its ``yield`` when no further pages are needed."""


class Dialect(Protocol):
    """One family of HTTP APIs.

    It may have a third method, ``fallback(request) -> Operation``, for users who name the dialect with a request that
    `match` does not know, and a reply that `recognize` does not know.

    Attributes
    ----------
    name
        What users type after ``--dialect``.
    """

    name: str

    def match(self, request: Request) -> Operation | None:
        """Identify the call of this API that a request makes, by its target, method, path and body.

        It is called once per query, before anything is sent.

        Returns
        -------
        Operation or None
            None if the request is not one of this API.
        """

    def recognize(self, reply: Reply) -> Operation | None:
        """Identify the call of this API that a reply answers.

        It is called if no dialect matches the request, or if the matching one cannot read the reply.

        Returns
        -------
        Operation or None
            None if this dialect cannot read the reply.
        """


class Operation(Protocol):
    """One call of one API, such as a search. It belongs to one request.

    It may have a further method, ``why_empty(request) -> Generator[Step, Reply, str | None]``: it is called if the
    frame has no rows, asks what it needs, and returns a sentence that says what may be wrong.
    """

    @property
    def dialect(self) -> str:
        """The name of its dialect."""

    @property
    def reader(self) -> Callable[..., Reader]:
        """Make a reader: ``reader(limit, **options)``; usually a method.

        `limit` is how many rows of each conversation are wanted: None for what one answer holds, `ALL` for all. The
        options are its keyword-only parameters; any other one is an error that names them.
        """

    def prepare(self, limit: int | None, *, for_frame: bool = True) -> Request:
        """Complete the request with what the API needs.

        Parameters
        ----------
        limit
            How many rows are wanted. None if the user did not say.
        for_frame
            Whether a frame is made of the answer. If not, it is shown as it is, and has to keep its form.

        Returns
        -------
        Request
            What is sent first.
        """

    def reads(self, reply: Reply) -> bool:
        """Tell whether the reader of this operation can read a reply.

        If not, all dialects are asked whether they recognize it.
        """


class Reader(Protocol):
    """Reads the replies of one or several targets into one table.

    Calls are never concurrent, but several conversations may be open, and take turns.

    It may have an attribute ``budget``: a `FrameBudget`, which is set before the first conversation. A reader asks it
    before it builds a frame that could be much larger than the replies. The finished frame is checked in any case.
    """

    def pages(self, request: Request, labels: Mapping[str, str] = NO_LABELS) -> Pages:
        """Hold a conversation with one target.

        Each ``yield Step(...)`` asks for one request to be sent and is given the reply. The reply is parsed once, its
        rows are kept, and it is let go before the next ``yield``. Before the first page is read, nothing may be known
        of `request` but what it says itself.

        If the request of a step fails, the error is raised at its ``yield``, as a `KubeAccessError`. A generator that
        catches it may try something else. If no more pages are wanted, `NoMore` is raised there. Both in its ``except``
        and its ``finally``, a generator may yield steps without rows, to close what it opened.

        Parameters
        ----------
        request
            As `Operation.prepare` made it, or as it was typed. The first step sends it, unless it has to be split.
        labels
            Columns that are put in front of the rows of this conversation, such as ``{"pod": "web-0"}``. A column of
            the same name in the answer is renamed to ``exported_pod``.
        """

    def table(self) -> Table:
        """Make one table of everything that was read. It is called at most once.

        Rows stand in the order in which the conversations began.

        Raises
        ------
        LoadError
            The replies are not what they seemed to be.
        """


@dataclasses.dataclass(frozen=True)
class PlainOperation:
    """An operation whose request is sent as it was typed, and whose reader takes any reply.

    Parameters
    ----------
    dialect
        The name of its dialect.
    request
        The request it belongs to.
    reader
        Makes the reader, for example a class: ``reader(limit, **options)``.
    """

    dialect: str
    request: Request
    reader: Callable[..., Reader]

    def prepare(self, limit: int | None, *, for_frame: bool = True) -> Request:
        """Return the request as it was typed."""
        return self.request

    def reads(self, reply: Reply) -> bool:
        """Take any reply."""
        return True


@contextlib.contextmanager
def dialect_errors(operation: Operation, reply: Reply | None) -> Iterator[None]:
    """Turn an unexpected error in a dialect into LoadError, and a MemoryError into LimitExceeded.

    Parameters
    ----------
    operation
        What the dialect makes of the request.
    reply
        The first reply, which the error holds; None while there is none.
    """
    try:
        with memory_errors():
            yield
    except KubeAccessError:
        raise
    except Exception as error:
        what, hint = "read this answer", "see it with -o json or -o text, or name another one with --dialect"
        if reply is None:
            what, hint = "ask for this", "`--raw` sends the request as it was typed"
        message = f"the dialect {operation.dialect} cannot {what}: {type(error).__name__}: {error}"
        raise LoadError(message, reply=reply, hint=hint) from error


def options_of(operation: Operation) -> list[str] | None:
    """Return the options that the reader of an operation takes; None if it takes any."""
    import inspect

    parameters: list[Any] = list(inspect.signature(operation.reader).parameters.values())
    if any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters):
        return None
    return [p.name for p in parameters if p.kind is p.KEYWORD_ONLY and p.name != "limit"]
