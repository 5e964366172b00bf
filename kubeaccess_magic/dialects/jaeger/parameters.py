"""The times of a search, which Jaeger counts in microseconds."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from ..prometheus import times

if TYPE_CHECKING:
    from ...request import Request

__all__ = ["DEFAULT_TRACES", "with_times"]

DEFAULT_TRACES = 100
"""How many traces Jaeger gives if the request does not say."""

_US_PER_MS = 1000


def with_times(request: Request) -> Request:
    """Rewrite ``start`` and ``end`` that Jaeger cannot read: ``now``, ``-1h``, ISO 8601."""
    now_ms = int(time.time() * 1000)
    for name in ("start", "end"):
        text = request.param(name)
        time_ms = None if text is None else times.relative_ms(text, now_ms)
        if time_ms is None and text is not None and not text.isdigit():
            time_ms = times.time_ms(text)
        if time_ms is not None:
            request = request.with_param(name, time_ms * _US_PER_MS)
    return request
