"""Turning replies that have arrived into a table. Nothing is sent."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Mapping
from itertools import chain
from typing import TYPE_CHECKING, Any

from ..errors import LoadError
from . import answer
from .budget import DEFAULT, FrameBudget
from .joining import cut
from .protocol import NoMore, dialect_errors, options_of
from .registry import match, named, operation_for

if TYPE_CHECKING:
    from ..reply import Reply
    from .protocol import Dialect, Operation, Pages, Reader, Table

__all__ = ["check_options", "load", "read", "reader_for", "table_of"]


def load(
    replies: Iterable[Reply], dialect: str | Dialect | None = None, limit: int | None = None, **options: Any
) -> Table:
    """Make a table of a reply, or of several that are the pages of one answer.

    Parameters
    ----------
    replies
        At least one. Separate answers are concatenated.
    dialect
        The dialect that reads them, or its name; None chooses one by the reply.
    limit
        The maximum number of rows; None for all rows of the replies.
    **options
        Options of the dialect, such as ``rows=`` of records, ``agg=`` of elasticsearch, ``wide=`` of kubernetes.

    Returns
    -------
    Table
        The rows of these replies.

    Raises
    ------
    LoadError
        No dialect can read the replies, or one is empty, HTML, truncated, or not in the expected form.
    """
    remaining = iter(replies)
    first = next(remaining, None)
    if first is None:
        raise LoadError("there is no answer to make a frame of", hint="give at least one Reply")
    chosen = named(dialect) if isinstance(dialect, str) else dialect
    operation = operation_for(first, match(first.request, chosen), chosen)
    return read(chain((first,), remaining), operation, limit, options)


def read(
    replies: Iterable[Reply],
    operation: Operation,
    limit: int | None,
    options: Mapping[str, Any],
    budget: FrameBudget = DEFAULT,
) -> Table:
    """Make a table of replies of one operation, and send nothing.

    Parameters
    ----------
    replies
        The pages; at least one.
    operation
        What reads them.
    limit
        The maximum number of rows; None for all rows of the replies.
    options
        Options of the dialect, by name.
    budget
        The limits on the size of the frame.

    Raises
    ------
    LimitExceeded
        The frame would cost more.
    LoadError
        The replies are not what they seemed to be, or the operation has no such option.
    """
    remaining = iter(replies)
    first = next(remaining)
    with dialect_errors(operation, first), answer.gc_paused():
        reader = reader_for(operation, limit, options, first, budget)
        pages: Pages | None = None
        for reply in chain((first,), remaining):
            if pages is None:
                pages = reader.pages(reply.request)
                next(pages)
            try:
                pages.send(reply)
            except StopIteration:  # it asks for nothing more: the next reply stands for itself
                pages = None
        if pages is not None:
            _end(pages)
        return cut(table_of(reader, budget), limit)


def table_of(reader: Reader, budget: FrameBudget) -> Table:
    """Make the table of a reader; LimitExceeded if its frame has more cells than `budget` allows."""
    table = reader.table()
    budget.check_table(table)
    return table


def _end(pages: Pages) -> None:
    """End a conversation. What it would close at the server was not opened here."""
    with contextlib.suppress(StopIteration, NoMore):
        pages.throw(NoMore("there are no more replies"))
    pages.close()


def reader_for(
    operation: Operation,
    limit: int | None,
    options: Mapping[str, Any],
    reply: Reply | None,
    budget: FrameBudget = DEFAULT,
) -> Reader:
    """Make the reader of an operation.

    Parameters
    ----------
    operation
        What reads the replies.
    limit
        How many rows are wanted.
    options
        Options that the user gave, by name.
    reply
        The first reply. None if it is not here yet: then another dialect may read it, and options that this one does
        not have are left out.
    budget
        The limits on the size of the frame.

    Raises
    ------
    LoadError
        The reader has no such option.
    """
    if options and reply is not None:
        check_options(operation, options, reply)
    names = options_of(operation) if options else None
    reader = operation.reader(limit, **{name: options[name] for name in options if names is None or name in names})
    if hasattr(reader, "budget"):
        reader.budget = budget
    return reader


def check_options(operation: Operation, options: Mapping[str, Any], reply: Reply) -> None:
    """Raise LoadError for an option that the reader of an operation does not take; the hint names those it takes."""
    names = options_of(operation) if options else None
    unknown = [name for name in options if names is not None and name not in names]
    if unknown:
        raise LoadError(
            f"the dialect {operation.dialect} reads this answer, and has no option {', '.join(unknown)}",
            reply=reply,
            hint=f"it has: {', '.join(names)}" if names else "it has no options",
        )
