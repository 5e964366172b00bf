"""Replies that have arrived to a table. Nothing is sent."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from typing import TYPE_CHECKING, Any

from ..errors import KubeAccessError, LoadError
from . import answer
from .protocol import NoMore, options_of
from .registry import match, named, operation_for

if TYPE_CHECKING:
    from ..reply import Reply
    from .protocol import Dialect, Operation, Pages, Reader, Table

__all__ = ["load", "reader_for", "reading_errors"]


def load(
    replies: Iterable[Reply], dialect: str | Dialect | None = None, limit: int | None = None, **options: Any
) -> Table:
    """Make a table of a reply, or of several that are the pages of one answer.

    Parameters
    ----------
    replies
        At least one. Further ones are read if the dialect asks for them: nearly all dialects do so only with a limit.
    dialect
        The dialect that reads them, or its name; None finds it out.
    limit
        How many rows at most; None for what one answer holds.
    **options
        Options of the dialect, such as ``rows=`` of records, ``agg=`` of elasticsearch, ``wide=`` of kubernetes.

    Returns
    -------
    Table
        The rows of these replies.

    Raises
    ------
    LoadError
        No dialect can read the replies, or one is empty, HTML, cut off, or not what it seemed to be.
    """
    remaining = iter(replies)
    first = next(remaining, None)
    if first is None:
        raise LoadError("there is no answer to make a frame of", hint="give at least one Reply")
    chosen = named(dialect) if isinstance(dialect, str) else dialect
    operation = operation_for(first, match(first.request, chosen), chosen)
    with reading_errors(operation, first), answer.gc_paused():
        reader = reader_for(operation, limit, options, first)
        _feed(reader.pages(first.request), chain((first,), remaining))
        return reader.table()


def reader_for(operation: Operation, limit: int | None, options: Mapping[str, Any], reply: Reply) -> Reader:
    """Make the reader of an operation with the options of the user.

    Parameters
    ----------
    operation
        What reads the reply.
    limit
        How many rows are wanted.
    options
        By name.
    reply
        The reply that decided on the operation, for an error to show.

    Raises
    ------
    LoadError
        The reader has no such option. The hint names those that it has.
    """
    names = options_of(operation)
    unknown = [name for name in options if names is not None and name not in names]
    if unknown:
        raise LoadError(
            f"the dialect {operation.dialect} reads this answer, and has no option {', '.join(unknown)}",
            reply=reply,
            hint=f"it has: {', '.join(names)}" if names else "it has no options",
        )
    return operation.reader(limit, **options)


@contextlib.contextmanager
def reading_errors(operation: Operation, reply: Reply) -> Iterator[None]:
    """Turn a mistake of a dialect into a LoadError, which holds the reply."""
    try:
        yield
    except (KubeAccessError, MemoryError):
        raise
    except Exception as error:
        raise LoadError(
            f"the dialect {operation.dialect} cannot read this answer: {type(error).__name__}: {error}",
            reply=reply,
            hint="see it with -o json or -o text, or name another one with --dialect",
        ) from error


def _feed(pages: Pages, replies: Iterable[Reply]) -> None:
    """Give a conversation the replies that it asks for; what it would have to close was never opened."""
    next(pages)
    with contextlib.suppress(StopIteration, NoMore):
        for reply in replies:
            pages.send(reply)
        pages.throw(NoMore("there are no more replies"))
    pages.close()
