"""Which lines are asked for: times that Loki can read, the size of a page, and the page that follows.

Loki has no cursor. The page that follows begins at the time of the last line, which several lines may share; those that
were read already are left out by `line_page.without`.
"""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING

from ...query import ALL
from ..prometheus import times
from ..prometheus.form_parameters import parameters_of, with_parameters

if TYPE_CHECKING:
    from ...request import Request

__all__ = [
    "DEFAULT_LINES",
    "MOST_LINES",
    "accepted_limit",
    "can_read_on",
    "first_request",
    "is_forward",
    "limit_of",
    "next_request",
    "time_ns",
    "with_limit",
]

DEFAULT_LINES = 100
"""How many lines Loki gives if the request does not say."""

MOST_LINES = 5000
"""How many lines Loki gives in one answer at most, as it is configured by default."""

_DEFAULT_RANGE_MS = 3_600_000
_NS_PER_MS = 1_000_000
_TOO_MANY = re.compile(r"max entries limit.*\(\d+ > (\d+)\)", re.DOTALL)
_RFC_3339 = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)")
_DECIMAL = re.compile(r"(\d{1,12})(?:\.(\d{1,9})\d*)?")


def first_request(request: Request, endpoint: str, limit: int | None) -> Request:
    """Rewrite times that Loki cannot read; with a limit, also set the number of lines and the time range.

    Parameters
    ----------
    request
        The request as it was typed.
    endpoint
        The endpoint of the request, such as ``query_range``.
    limit
        How many rows are wanted; None if the user did not say.
    """
    if request.method not in ("GET", "POST"):
        return request
    typed = parameters_of(request)
    now_ms = int(time.time()) * 1000
    filled: dict[str, str] = {}
    for name in ("time",) if endpoint == "query" else ("start", "end"):
        if name in typed and (time_ms := times.relative_ms(typed[name], now_ms)) is not None:
            filled[name] = str(time_ms * _NS_PER_MS)
    if limit is not None and endpoint in ("query", "query_range"):
        page = limit_of(request, MOST_LINES)
        filled["limit"] = str(max(1, min(limit, page)))
        if endpoint == "query_range":
            filled |= _range({**typed, **filled}, now_ms)
    return with_parameters(request, filled) if filled else request


def limit_of(request: Request, default: int = DEFAULT_LINES) -> int:
    """Return the maximum number of lines that a request asks for."""
    text = parameters_of(request).get("limit", "")
    return int(text) if re.fullmatch(r"0*[1-9]\d{0,8}", text) else default


def with_limit(request: Request, limit: int) -> Request:
    """Copy a request with another limit of lines."""
    return with_parameters(request, {"limit": str(limit)})


def accepted_limit(error_text: str) -> int | None:
    """Read the maximum number of lines from Loki's error about too large a limit; None for any other error."""
    match = _TOO_MANY.search(error_text)
    return int(match[1]) if match is not None and int(match[1]) > 0 else None


def is_forward(request: Request) -> bool:
    """Tell whether a request asks for the oldest lines first."""
    return parameters_of(request).get("direction", "").lower() == "forward"


def can_read_on(request: Request) -> bool:
    """Tell whether further pages can be requested, which takes both ends of the time range."""
    typed = parameters_of(request)
    return time_ns(typed.get("start", "")) is not None and time_ns(typed.get("end", "")) is not None


def next_request(request: Request, last_ns: int, lines: int) -> Request | None:
    """Make the request for the next page.

    Parameters
    ----------
    request
        The request for the page before.
    last_ns
        The time of the last line of that page, in nanoseconds since 1970. Lines with exactly this time are sent again.
    lines
        How many lines to ask for.

    Returns
    -------
    Request or None
        None if the range ends there.
    """
    typed = parameters_of(request)
    start, end = time_ns(typed.get("start", "")), time_ns(typed.get("end", ""))
    if start is None or end is None:
        return None
    if is_forward(request):  # the start is part of the range, the end is not
        moved, is_empty = {"start": str(last_ns)}, last_ns >= end
    else:
        moved, is_empty = {"end": str(last_ns + 1)}, last_ns < start
    return None if is_empty else with_parameters(request, {**moved, "limit": str(min(lines, ALL))})


def time_ns(text: str) -> int | None:
    """Convert a time that Loki can read to nanoseconds since 1970; None for anything else.

    That is RFC 3339, seconds (up to ten digits, or with a decimal point), or nanoseconds.
    """
    if re.fullmatch(r"\d{11,19}", text):
        return int(text)
    if (match := _DECIMAL.fullmatch(text)) is not None:
        return int(match[1]) * 10**9 + int((match[2] or "").ljust(9, "0"))
    if (match := _RFC_3339.fullmatch(text)) is not None:
        seconds = times.time_ms(match[1] + match[3])
        return None if seconds is None else seconds * _NS_PER_MS + int((match[2] or "").ljust(9, "0"))
    return None


def _range(typed: dict[str, str], now_ms: int) -> dict[str, str]:
    """Fill in what Loki would choose anew for each page: the end is now, the start an hour before."""
    filled: dict[str, str] = {}
    end = time_ns(typed["end"]) if "end" in typed else now_ms * _NS_PER_MS
    if "end" not in typed:
        filled["end"] = str(end)
    if "start" not in typed and end is not None:
        since = typed.get("since")
        length_ms = times.duration_ms(since) if since else _DEFAULT_RANGE_MS
        if length_ms is not None:
            filled["start"] = str(max(0, end - length_ms * _NS_PER_MS))
    return filled
