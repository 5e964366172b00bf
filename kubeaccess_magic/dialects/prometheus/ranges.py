"""What is sent for a query over time: times that Prometheus can read, and a long range in several requests."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

from ...errors import TargetError
from . import times
from .form_parameters import parameters_of, with_parameters

if TYPE_CHECKING:
    from ...request import Request

__all__ = ["parts", "with_times"]

_MOST_PARTS = 1000  # a month, second by second, is 236
_TIMES = {
    "query": ("time",),
    "query_range": ("start", "end"),
    "query_exemplars": ("start", "end"),
    "series": ("start", "end"),
    "labels": ("start", "end"),
}
"""The parameters of each endpoint that are times."""


def with_times(request: Request, endpoint: str) -> Request:
    """Rewrite times that Prometheus cannot read, and fill in what a range query lacks.

    ``now``, ``-1h``, ``now-1h``, ``1h30m`` (ago) and ISO 8601 without a zone become seconds since 1970. A range query
    gets ``end=now``, a ``start`` one hour before its end, and the longest round ``step`` that gives 250 points or more.

    Parameters
    ----------
    request
        The request as it was typed.
    endpoint
        The endpoint of the request, such as ``query_range``.
    """
    if request.method not in ("GET", "POST"):
        return request
    typed = parameters_of(request)
    now_ms = int(time.time()) * 1000
    filled: dict[str, str] = {}
    for name in _TIMES.get("labels" if endpoint.startswith("label/") else endpoint, ()):
        if name in typed and (time_ms := times.relative_ms(typed[name], now_ms)) is not None:
            filled[name] = times.epoch(time_ms)
    if endpoint == "query_range":
        filled |= _missing({**typed, **filled}, now_ms)
    return with_parameters(request, filled) if filled else request


def parts(request: Request) -> Iterator[tuple[Request, int, int | None]]:
    """Split a range query into requests of at most `times.MOST_POINTS` points per series.

    Returns
    -------
    iterator
        Each request, the number of points before it, and the number of points in all; None if it is one request.

    Raises
    ------
    TargetError
        There would be more than a thousand requests.
    """
    typed = parameters_of(request)
    grid = times.Grid.of(typed.get("start"), typed.get("end"), typed.get("step"))
    if grid is None or grid.points <= times.MOST_POINTS:
        yield request, 0, None
        return
    if (count := -(-grid.points // times.MOST_POINTS)) > _MOST_PARTS:
        raise TargetError(
            f"a range of {grid.points:,} points per series takes {count:,} requests; at most {_MOST_PARTS:,} are sent",
            hint="ask for a longer step, or for a shorter range",
        )
    done = 0
    for part in grid.parts():
        ends = {"start": times.epoch(part.start_ms), "end": times.epoch(part.end_ms)}
        yield with_parameters(request, ends), done, grid.points
        done += part.points


def _missing(typed: dict[str, str], now_ms: int) -> dict[str, str]:
    """Choose what a range query lacks, as far as that is possible."""
    filled: dict[str, str] = {}
    if "end" not in typed:
        filled["end"] = times.epoch(now_ms)
    end_ms = times.time_ms({**typed, **filled}["end"])
    if "start" not in typed and end_ms is not None:
        filled["start"] = times.epoch(end_ms - times.DEFAULT_RANGE_MS)
    start_ms = times.time_ms({**typed, **filled}.get("start", ""))
    if "step" not in typed and start_ms is not None and end_ms is not None:
        filled["step"] = times.default_step(end_ms - start_ms)
    return filled
