"""Scrolls and points in time: search contexts whose documents do not change with time."""

from __future__ import annotations

import base64
import binascii
import re
import secrets
import time
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

from .log_documents import Snapshot
from .search_errors import ShardError, illegal_argument, parsing_error
from .search_requests import SearchResult

_MAX_CONTEXTS: Final = 100
"""How many contexts of either kind are kept; the oldest is dropped first."""
_UNITS: Final = {"micros": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}


@dataclass(slots=True)
class Scroll:
    """A scroll and its position.

    Attributes
    ----------
    result
        All that the search found.
    snapshot
        The documents that were searched.
    size
        The number of hits per page.
    next
        The position of the next page.
    ends_at
        When it expires, by the monotonic clock.
    """

    result: SearchResult
    snapshot: Snapshot
    size: int
    next: int
    ends_at: float

    def page(self) -> dict[str, Any]:
        """The next page of hits, which is empty after the last."""
        hits = self.result.page(self.next, self.size)
        self.next += self.size
        return hits


@dataclass(slots=True)
class PointInTime:
    """The documents of some indices at the time when it was opened, with the results of the last search in them."""

    snapshot: Snapshot
    ends_at: float
    cache: dict[str, SearchResult] = field(default_factory=dict)


ContextT = TypeVar("ContextT", Scroll, PointInTime)


class SearchContexts:
    """Scrolls and points in time by id."""

    def __init__(self) -> None:
        self._scrolls: dict[str, Scroll] = {}
        self._points: dict[str, PointInTime] = {}

    def open_scroll(self, result: SearchResult, snapshot: Snapshot, size: int, keep_alive: str) -> tuple[str, Scroll]:
        """Open a scroll; return its id and the scroll.

        Parameters
        ----------
        result
            All that the search found.
        snapshot
            The documents that were searched.
        size
            The number of hits per page.
        keep_alive
            How long to keep it, such as ``1m``.
        """
        context = Scroll(result, snapshot, size, 0, time.monotonic() + seconds("scroll", keep_alive))
        return _store(self._scrolls, context), context

    def scroll(self, context_id: str, keep_alive: str | None) -> Scroll:
        """Find a scroll and prolong it.

        Parameters
        ----------
        context_id
            Its id.
        keep_alive
            How much longer to keep it, such as ``1m``; None does not prolong it.

        Raises
        ------
        SearchError
            404: it has expired; 400: the id is malformed.
        """
        if not _is_valid_id(context_id):
            raise illegal_argument("Cannot parse scroll id")
        context = _open_context(self._scrolls, context_id)
        if keep_alive is not None:
            context.ends_at = time.monotonic() + seconds("scroll", keep_alive)
        return context

    def open_point(self, snapshot: Snapshot, keep_alive: str) -> str:
        """Open a point in time; return its id.

        Parameters
        ----------
        snapshot
            The documents.
        keep_alive
            How long to keep it, such as ``1m``.
        """
        return _store(self._points, PointInTime(snapshot, time.monotonic() + seconds("keep_alive", keep_alive)))

    def point(self, context_id: str, keep_alive: str | None) -> PointInTime:
        """Find a point in time and prolong it.

        Parameters
        ----------
        context_id
            Its id.
        keep_alive
            How much longer to keep it, such as ``1m``; None does not prolong it.

        Raises
        ------
        SearchError
            404: it has expired; 400: the id is malformed.
        """
        if not _is_valid_id(context_id):
            raise illegal_argument("invalid id: [" + context_id + "]")
        context = _open_context(self._points, context_id)
        if keep_alive is not None:
            context.ends_at = time.monotonic() + seconds("keep_alive", keep_alive)
        return context

    def free_scrolls(self, context_ids: list[str]) -> int:
        """Close scrolls, or all of them for ``_all``; return how many were open."""
        closed = list(self._scrolls) if context_ids == ["_all"] else context_ids
        return sum(1 for context_id in closed if self._scrolls.pop(context_id, None) is not None)

    def free_point(self, context_id: str) -> int:
        """Close a point in time; return how many were open."""
        return int(self._points.pop(context_id, None) is not None)


def seconds(name: str, text: str) -> float:
    """A duration such as ``1m``, in seconds.

    Parameters
    ----------
    name
        The name of the parameter, for the error message.
    text
        The duration.

    Raises
    ------
    SearchError
        400: the text is not a duration.
    """
    match = re.fullmatch(r"(\d+)(micros|ms|s|m|h|d)", text.strip())
    if not match:
        reason = (
            f"failed to parse setting [{name}] with value [{text}] as a time value: unit is missing or unrecognized"
        )
        raise illegal_argument(reason) if text else parsing_error(reason)
    return min(int(match[1]) * _UNITS[match[2]], 86400.0)


def _store(contexts: dict[str, ContextT], context: ContextT) -> str:
    now = time.monotonic()
    for expired in [context_id for context_id, open_context in contexts.items() if open_context.ends_at < now]:
        del contexts[expired]
    while len(contexts) >= _MAX_CONTEXTS:
        contexts.pop(next(iter(contexts)))
    context_id = base64.urlsafe_b64encode(secrets.token_bytes(48)).decode()
    contexts[context_id] = context
    return context_id


def _open_context(contexts: dict[str, ContextT], context_id: str) -> ContextT:
    context = contexts.get(context_id)
    if context is None or context.ends_at < time.monotonic():
        contexts.pop(context_id, None)
        reason = f"No search context found for id [{context_id}]"
        raise ShardError(reason, kind="search_context_missing_exception", status=404)
    return context


def _is_valid_id(text: str) -> bool:
    try:
        return len(base64.b64decode(text, b"-_", validate=True)) == 48
    except (binascii.Error, ValueError):
        return False
