"""Lists of the API server's objects, read page by page, with one deadline and one sum of bytes for each list."""

from __future__ import annotations

import concurrent.futures
import dataclasses
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Generic, TypeVar
from urllib.parse import urlencode

from .. import kube
from ..errors import AccessDenied, LimitExceeded, TimedOut
from ..reply import size_text

if TYPE_CHECKING:
    from ..call import Call
    from ..reply import Reply

__all__ = ["PAGE_ROWS", "Budget", "ObjectList", "pages_of", "read_in_each", "unless_denied"]

PAGE_ROWS = 500
"""Objects per page."""

_THREADS = 8

Item = TypeVar("Item")


@dataclasses.dataclass(frozen=True)
class ObjectList(Generic[Item]):
    """Objects, with a note if some are missing."""

    items: list[Item]
    note: str | None = None


class Budget:
    """The bytes that a list may take, with all its pages and parts. It may be shared between threads.

    Parameters
    ----------
    max_bytes
        How many.
    """

    def __init__(self, max_bytes: int) -> None:
        self.max_bytes = max_bytes
        self._remaining = max_bytes
        self._lock = threading.Lock()

    @property
    def remaining(self) -> int:
        """How many bytes are left."""
        return self._remaining

    def spend(self, count: int) -> None:
        """Subtract bytes that were read."""
        with self._lock:
            self._remaining = max(self._remaining - count, 0)

    def exceeded(self) -> LimitExceeded:
        """The error for a list that exceeds the budget."""
        return LimitExceeded(
            f"the list is larger than {size_text(self.max_bytes)}",
            hint="ask for less: one namespace, or a selector",
        )


def pages_of(
    send: Callable[[str, Call], Reply],
    path: str,
    read: Callable[[Reply], tuple[list[Item], str | None]],
    call: Call,
    *,
    params: Mapping[str, str] | None = None,
    next_rows: int = PAGE_ROWS,
    budget: Budget | None = None,
) -> Iterator[list[Item]]:
    """The objects of a list, page by page (F1). A token that has expired is replaced by the one that the 410 carries.

    Parameters
    ----------
    send
        Sends a GET of path and query within a call.
    path
        The path of the list.
    read
        Gives the objects of a page and the token of the next one; raises for a refusal.
    call
        Its deadline holds for the whole list, and so does its ``limits.max_bytes``.
    params
        Parameters of the query.
    next_rows
        Objects per page after the first one, which has `PAGE_ROWS`.
    budget
        The bytes that the list may take, if it is a part of a larger one.

    Raises
    ------
    LimitExceeded, LoadError
        The list is too large, takes too long, or has no end.
    """
    budget = budget or Budget(call.limits.max_bytes)
    query = {"limit": str(PAGE_ROWS), **(params or {})}
    tokens = kube.ContinueTokens()
    while True:
        call.check("the list")
        reply = _send_within(budget, send, f"{path}?{urlencode(query)}", call)
        if reply.status_code == 410 and (status := kube.status_of(reply.content)) and tokens.renew(status.token):
            query["continue"] = status.token
            continue
        items, token = read(reply)
        yield items
        if not token:
            return
        query |= {"continue": tokens.use(token, is_empty_page=not items), "limit": str(next_rows)}


def read_in_each(names: Sequence[str], read: Callable[[str], list[Item]], call: Call) -> list[list[Item] | None]:
    """Read several namespaces in parallel; None for one whose list is refused.

    Parameters
    ----------
    names
        The namespaces.
    read
        Lists one of them.
    call
        Stopped by an error or an interrupt, so that no thread goes on.
    """

    def read_one(name: str) -> list[Item] | None:
        return unless_denied(lambda: read(name))

    if len(names) < 2:
        return [read_one(name) for name in names]
    pool = concurrent.futures.ThreadPoolExecutor(_THREADS, thread_name_prefix="kproxy-list")
    try:
        return list(pool.map(read_one, names))
    except BaseException:
        call.stop()
        raise
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def unless_denied(read: Callable[[], Item]) -> Item | None:
    """The result of `read`; None if access is denied."""
    try:
        return read()
    except AccessDenied:
        return None


def _send_within(budget: Budget, send: Callable[[str, Call], Reply], path: str, call: Call) -> Reply:
    if not budget.remaining:
        raise budget.exceeded()
    is_first = budget.remaining == budget.max_bytes
    limits = dataclasses.replace(call.limits, max_bytes=min(call.limits.max_bytes, budget.remaining))
    try:
        reply = send(path, call.child(limits))
    except TimedOut:
        raise
    except LimitExceeded:
        if is_first:
            raise
        raise budget.exceeded() from None
    budget.spend(len(reply.content))
    return reply
