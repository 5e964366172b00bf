"""What a document says beside its rows: how many there are, whether more pages follow, and whatever else it holds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

__all__ = ["has_next", "levels", "note", "total"]

# A number under one of these keys counts all rows …
_TOTALS = (
    *("total", "totalCount", "total_count", "totalResults", "total_results", "totalHits", "total_hits", "totalItems"),
    *("total_items", "total_rows", "totalElements", "total_elements", "totalSize", "total_size", "totalRecords"),
    *("total_records", "@odata.count", "numFound", "hits", "count"),
)
# … but these words may mean something else (a sum of money, the rows of this page), unless the answer has pages.
_VAGUE_TOTALS = frozenset({"total", "count", "hits"})
# An object under one of these keys describes the pages.
_PAGING = ("meta", "pagination", "paging", "page", "page_info", "pageInfo", "_meta", "metadata", "pager")
_NEXT = (
    *("next", "nextLink", "next_link", "@odata.nextLink", "next_page", "nextPage", "next_url", "nextPageToken"),
    *("next_page_token", "next_cursor", "nextCursor", "nextToken", "continue"),
)
_PAGE_WORDS = frozenset(
    {*_NEXT, "page", "per_page", "perPage", "page_size", "pageSize", "limit", "offset", "size", "start", "skip"}
    | {"previous", "prev", "first", "last", "pages", "total_pages", "totalPages", "has_more", "hasMore", "_links"}
    | {"links", "cursor", "number", "numberOfElements"}
)
# Nobody misses these if they are not in the frame.
_NOISE = frozenset(
    {*_TOTALS, *_PAGING, *_PAGE_WORDS}
    | {"status", "success", "ok", "code", "took", "took_ms", "resultType", "object", "_type"}
)
_MOST_NAMES = 6


def levels(path: Sequence[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    """Visit the objects that may describe the pages, from the rows outwards.

    Parameters
    ----------
    path
        The objects on the way to the rows, the outermost first.
    """
    for level in reversed(path):
        yield level
        for key in _PAGING:
            if isinstance(inner := level.get(key), dict):
                yield inner


def total(path: Sequence[Mapping[str, Any]], rows: int, *, is_surely_rows: bool) -> int | None:
    """Find how many rows there are in all, if that is certain.

    Parameters
    ----------
    path
        The objects on the way to the rows, the outermost first.
    rows
        How many are here. A smaller number is no total.
    is_surely_rows
        Whether the list is the rows of the answer without doubt, so that a vague word counts them.
    """
    is_certain = is_surely_rows or any(not _PAGE_WORDS.isdisjoint(level) for level in levels(path))
    for level in levels(path):
        for key in _TOTALS:
            value = level.get(key)
            if type(value) is int and value >= rows and (is_certain or key not in _VAGUE_TOTALS):
                return value
    return None


def has_next(path: Sequence[Mapping[str, Any]]) -> bool:
    """Tell whether a document says that another page follows."""
    return any(map(_names_next, levels(path)))


def note(beside: Mapping[str, Any]) -> str | None:
    """Name what stands beside the rows and is not in the frame; None if that is nothing of interest."""
    names = [key for key, value in beside.items() if key not in _NOISE and value not in (None, [], {}, "")]
    if not names:
        return None
    hidden = len(names) - _MOST_NAMES
    listed = ", ".join(names[:_MOST_NAMES]) + (f" and {hidden} more" if hidden > 0 else "")
    return f"beside the rows the answer has {listed} (--rows . shows all)"


def _names_next(level: Mapping[str, Any]) -> bool:
    if any(isinstance(level.get(key), str) and level[key] for key in _NEXT):
        return True
    if level.get("has_more") is True or level.get("hasMore") is True:
        return True
    links = level.get("_links", level.get("links"))
    return isinstance(links, dict) and bool(links.get("next"))
