"""Scrolls and points in time: what was found stays as it was, whatever the clock says."""

from __future__ import annotations

import base64
import binascii
import re
import secrets
import time
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

from .log_documents import Snapshot
from .search_errors import ShardError, illegal, parsing
from .search_requests import SearchResult

_MOST: Final = 100
"""So many of either kind are kept; the oldest goes first."""
_UNITS: Final = {"micros": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}


@dataclass(slots=True)
class Scroll:
    """Where a scroll is."""

    found: SearchResult
    snapshot: Snapshot
    size: int
    next: int
    ends: float

    def page(self) -> dict[str, Any]:
        """The next hits; none after the last."""
        hits = self.found.page(self.next, self.size)
        self.next += self.size
        return hits


@dataclass(slots=True)
class PointInTime:
    """The documents of some indices, as they were when it was opened, and what was found among them last."""

    snapshot: Snapshot
    ends: float
    found: dict[str, SearchResult] = field(default_factory=dict)


Kept = TypeVar("Kept", Scroll, PointInTime)


class SearchContexts:
    """Scrolls and points in time by their ids."""

    def __init__(self) -> None:
        self._scrolls: dict[str, Scroll] = {}
        self._points: dict[str, PointInTime] = {}

    def open_scroll(self, found: SearchResult, snapshot: Snapshot, size: int, keep: str) -> tuple[str, Scroll]:
        """Begin one."""
        made = Scroll(found, snapshot, size, 0, time.monotonic() + seconds("scroll", keep))
        return _kept(self._scrolls, made), made

    def scroll(self, identity: str, keep: str | None) -> Scroll:
        """The scroll of that id, kept on.

        Raises
        ------
        SearchError
            404: it is over; 400: the id is none.
        """
        if not _is_identity(identity):
            raise illegal("Cannot parse scroll id")
        found = _alive(self._scrolls, identity)
        if keep is not None:
            found.ends = time.monotonic() + seconds("scroll", keep)
        return found

    def open_point(self, snapshot: Snapshot, keep: str) -> str:
        """Begin one."""
        return _kept(self._points, PointInTime(snapshot, time.monotonic() + seconds("keep_alive", keep)))

    def point(self, identity: str, keep: str | None) -> PointInTime:
        """The point in time of that id, kept on.

        Raises
        ------
        SearchError
            404: it is over; 400: the id is none.
        """
        if not _is_identity(identity):
            raise illegal("invalid id: [" + identity + "]")
        found = _alive(self._points, identity)
        if keep is not None:
            found.ends = time.monotonic() + seconds("keep_alive", keep)
        return found

    def free_scrolls(self, identities: list[str]) -> int:
        """End scrolls, or all with ``_all``; how many there were."""
        wanted = list(self._scrolls) if identities == ["_all"] else identities
        return sum(1 for one in wanted if self._scrolls.pop(one, None) is not None)

    def free_point(self, identity: str) -> int:
        """End a point in time; how many there were."""
        return int(self._points.pop(identity, None) is not None)


def seconds(name: str, text: str) -> float:
    """A time such as ``1m``.

    Raises
    ------
    SearchError
        400: it is none.
    """
    found = re.fullmatch(r"(\d+)(micros|ms|s|m|h|d)", text.strip())
    if not found:
        reason = (
            f"failed to parse setting [{name}] with value [{text}] as a time value: unit is missing or unrecognized"
        )
        raise illegal(reason) if text else parsing(reason)
    return min(int(found[1]) * _UNITS[found[2]], 86400.0)


def _kept(among: dict[str, Kept], made: Kept) -> str:
    for identity in [one for one, context in among.items() if context.ends < time.monotonic()]:
        del among[identity]
    while len(among) >= _MOST:
        among.pop(next(iter(among)))
    identity = base64.urlsafe_b64encode(secrets.token_bytes(48)).decode()
    among[identity] = made
    return identity


def _alive(among: dict[str, Kept], identity: str) -> Kept:
    found = among.get(identity)
    if found is None or found.ends < time.monotonic():
        among.pop(identity, None)
        reason = f"No search context found for id [{identity}]"
        raise ShardError(reason, kind="search_context_missing_exception", status=404)
    return found


def _is_identity(text: str) -> bool:
    try:
        return len(base64.b64decode(text, b"-_", validate=True)) == 48
    except (binascii.Error, ValueError):
        return False
