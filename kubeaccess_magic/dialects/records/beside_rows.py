"""What a document says beside its rows: how many there are, whether more pages follow, and whatever else it holds."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ...text import excerpt, one_line

__all__ = ["has_next", "levels", "lower_bound", "note", "state", "total", "total_in_headers"]

# A number under one of these keys counts all rows …
_TOTALS = (
    *("total", "totalCount", "total_count", "totalResults", "total_results", "totalHits", "total_hits", "totalItems"),
    *("total_items", "total_rows", "totalElements", "total_elements", "totalSize", "total_size", "totalRecords"),
    *("total_records", "total_entries", "totalEntries", "nbHits", "@odata.count", "odata.count", "numFound"),
    *("hits", "count"),
)
# … but these words may mean something else (a sum of money, the rows of this page), unless the answer has pages.
_VAGUE_TOTALS = frozenset({"total", "count", "hits"})
# A number under one of these keys counts the rows that follow, as in Kubernetes …
_REMAINING = ("remainingItemCount",)
# … and under one of these at least as many as there are.
_LOWER_BOUNDS = ("rows_before_limit_at_least",)
_TOTAL_HEADERS = ("X-Total-Count", "X-Total", "X-WP-Total", "X-Pagination-Total-Count", "Total-Count")
_CONTENT_RANGE = re.compile(r"(?!bytes\b)\w+ +(?:\d+-\d+|\*)/(\d{1,18})")
# Under these keys, true says that the rows are not all …
_PARTIAL = (
    *("is_partial", "isPartial", "partial", "partialResults", "partial_results", "incomplete", "incomplete_results"),
    *("truncated", "isTruncated", "is_truncated", "timed_out", "timedOut", "is_running", "isRunning"),
)
# … and under these, one of these words.
_STATES = ("state", "status")
_UNFINISHED = frozenset(
    {"QUEUED", "WAITING", "WAITING_FOR_RESOURCES", "DISPATCHING", "PENDING", "PLANNING", "STARTING", "SUBMITTED"}
    | {"RUNNING", "IN_PROGRESS", "FINISHING", "PARTIAL", "INCOMPLETE"}
)
_ERRORS = ("error", "errors")
_LONGEST_ERROR = 160
# An object under one of these keys describes the pages.
_PAGING = ("meta", "pagination", "paging", "page", "page_info", "pageInfo", "_meta", "metadata", "pager")
_NEXT = (
    *("next", "nextLink", "next_link", "@odata.nextLink", "next_page", "nextPage", "next_url", "nextPageToken"),
    *("next_page_token", "next_cursor", "nextCursor", "nextToken", "continue", "nextUri", "next_uri"),
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
    | {"_shards", *_PARTIAL, *_ERRORS, *_REMAINING, *_LOWER_BOUNDS}
)
_MORE = ("has_more", "hasMore", "hasNextPage", "has_next_page", "hasNext", "has_next", "isTruncated", "is_truncated")
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
        for key in _REMAINING:
            if (remaining := _whole(level.get(key))) is not None:
                return rows + remaining
    return None


def lower_bound(path: Sequence[Mapping[str, Any]], rows: int) -> int | None:
    """Find how many rows there are at least, if that is more than are here."""
    values = [level.get(key) for level in levels(path) for key in _LOWER_BOUNDS]
    return next((value for value in values if type(value) is int and value > rows), None)


def total_in_headers(headers: Mapping[str, str], rows: int) -> int | None:
    """Find how many rows there are in all by the headers of the answer. A number below the count of rows is ignored."""
    texts = [headers.get(name, "") for name in _TOTAL_HEADERS]
    if (found := _CONTENT_RANGE.fullmatch(headers.get("Content-Range", ""))) is not None:
        texts.append(found[1])
    return next((total for text in texts if (total := _whole(text)) is not None and total >= rows), None)


def state(path: Sequence[Mapping[str, Any]]) -> list[str]:
    """Say whether the rows are incomplete because the app is still working, gave up, or failed in part."""
    notes: dict[str, None] = {}
    for level in levels(path):
        for key in _PARTIAL:
            if level.get(key) is True:
                notes[f"the answer says {key}: it is not complete"] = None
        for key in _STATES:
            word = level.get(key)
            if isinstance(word, str) and word in _UNFINISHED:
                notes[f"the {key} of the answer is {word}: perhaps not all rows are here"] = None
        notes |= dict.fromkeys(_failures(level))
    return list(notes)


def _failures(level: Mapping[str, Any]) -> Iterator[str]:
    shards = level.get("_shards")
    if isinstance(shards, dict) and type(failed := shards.get("failed")) is int and failed > 0:
        yield f"{failed} of {shards.get('total')} shards failed: the answer is not complete"
    for key in _ERRORS:
        if error := level.get(key):
            text = error if isinstance(error, str) else json.dumps(error, ensure_ascii=False)
            what = "an error" if key == "error" else "errors"
            yield f"the answer has {what}: {one_line(excerpt(text, _LONGEST_ERROR))}"


def _whole(value: Any) -> int | None:
    """A number that may be written as text."""
    if type(value) is str and value.isascii() and value.isdecimal() and len(value) < 19:
        return int(value)
    return value if type(value) is int and value >= 0 else None


def has_next(path: Sequence[Mapping[str, Any]]) -> bool:
    """Tell whether a document says that another page follows."""
    return any(map(_names_next, levels(path)))


def note(beside: Mapping[str, Any]) -> str | None:
    """Name the values beside the rows that are not in the frame; None if none of them is of interest."""
    names = [key for key, value in beside.items() if key not in _NOISE and value not in (None, [], {}, "")]
    if not names:
        return None
    hidden = len(names) - _MOST_NAMES
    listed = ", ".join(names[:_MOST_NAMES]) + (f" and {hidden} more" if hidden > 0 else "")
    return f"beside the rows the answer has {listed} (--rows . shows all)"


def _names_next(level: Mapping[str, Any]) -> bool:
    if any(isinstance(level.get(key), str) and level[key] for key in _NEXT):
        return True
    if any(level.get(key) is True for key in _MORE) or level.get("isLastPage") is False:
        return True
    links = level.get("_links", level.get("links"))
    return isinstance(links, dict) and bool(links.get("next"))
