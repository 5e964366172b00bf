"""The HTTP API of Loki: https://grafana.com/docs/loki/latest/reference/loki-http-api/."""

from __future__ import annotations

import asyncio
import heapq
import itertools
import re
import time
from collections.abc import Awaitable, Callable, Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qsl

from ...http.exchange import Exchange
from ..web import BODY_LIMIT_BYTES, Router, query_pairs, send_json, send_text
from .logql import LogQLError, LogQuery, MetricQuery, parse
from .pod_logs import NS, RETENTION_S, Stream, streams

if TYPE_CHECKING:
    from ...world.builder import World

VERSION: Final = "3.5.7"
MOST_LINES: Final = 5000
_BUSY: Final = "GET POST"
_HOUR_NS: Final = 3600 * NS
_POINTS: Final = 11_000
_UNITS_NS: Final = {"ms": 10**6, "s": NS, "m": 60 * NS, "h": _HOUR_NS, "d": 24 * _HOUR_NS}

Parameters = dict[str, str]
Entry = tuple[int, str, dict[str, str]]
"""Time in nanoseconds, line, labels."""


class Loki:
    """One Loki.

    Parameters
    ----------
    world
        Whose pods log; it is read when the first request comes.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        self._streams: list[Stream] = []
        base = "/loki/api/v1"
        self._router = Router(
            (_BUSY, f"{base}/query_range", self._answering(self._query_range)),
            (_BUSY, f"{base}/query", self._answering(self._query)),
            (_BUSY, f"{base}/labels?", self._answering(self._labels)),
            ("GET", f"{base}/label/([^/]+)/values", self._answering(self._values)),
            (_BUSY, f"{base}/series", self._answering(self._series)),
            ("GET", f"{base}/status/buildinfo", self._buildinfo),
            ("GET", "/ready", self._ready),
        )

    async def __call__(self, exchange: Exchange) -> None:
        """Answer one request."""
        await self._router(exchange)

    @property
    def streams(self) -> list[Stream]:
        """All streams."""
        if not self._streams:
            self._streams = streams(self._world)
        return self._streams

    def _answering(self, function: Callable[..., Any]) -> Callable[..., Awaitable[None]]:
        """Read the parameters, call the function in a thread, send its data, or its error in plain text."""

        async def answer(exchange: Exchange, *groups: str) -> None:
            try:
                parameters = await _parameters(exchange)
                data = await asyncio.to_thread(function, parameters, *groups)
            except LogQLError as error:
                await send_text(exchange, 400, f"{error}\n")
                return
            await send_json(exchange, 200, {"status": "success"} | ({"data": data} if data != [] else {}))

        return answer

    # --- queries

    def _query_range(self, parameters: Parameters) -> dict[str, Any]:
        query, (start, end) = parse(parameters.get("query", "")), _range(parameters)
        if isinstance(query, MetricQuery):
            return _result("matrix", self._matrix(query, start, end, _step_ns(parameters, start, end)))
        newest_first = parameters.get("direction", "backward").lower() != "forward"
        entries = itertools.islice(self._entries(query, start, end, newest_first), _limit(parameters))
        groups: dict[tuple[tuple[str, str], ...], list[list[str]]] = {}
        for at, line, labels in entries:
            groups.setdefault(tuple(sorted(labels.items())), []).append([str(at), line])
        return _result("streams", [{"stream": dict(labels), "values": values} for labels, values in groups.items()])

    def _query(self, parameters: Parameters) -> dict[str, Any]:
        query = parse(parameters.get("query", ""))
        if isinstance(query, LogQuery):
            raise LogQLError(
                "log queries are not supported as an instant query type, please change your query to a range query type"
            )
        at = _moment(parameters, "time", time.time_ns())
        series = self._matrix(query, at, at, NS)
        return _result("vector", [{"metric": one["metric"], "value": one["values"][0]} for one in series])

    def _entries(self, query: LogQuery, start: int, end: int, newest_first: bool) -> Iterator[Entry]:
        """The lines that a query keeps, in the order of time."""
        start = max(start, time.time_ns() - RETENTION_S * NS)
        end = min(end, time.time_ns())

        def kept(stream: Stream) -> Iterator[Entry]:
            for at, line in stream.lines(start, end, newest_first=newest_first):
                labels = query.keeps(line, stream.labels)
                if labels is not None:
                    yield at, line, labels

        selected = [kept(stream) for stream in self.streams if query.selects(stream.labels)]
        return heapq.merge(*selected, key=lambda entry: entry[0], reverse=newest_first)

    def _matrix(self, query: MetricQuery, start: int, end: int, step: int) -> list[dict[str, Any]]:
        """The series of a metric query: at each time, what was logged in the range before it."""
        length = int(query.range_s * NS)
        times = range(start, end + 1, step)
        if len(times) > _POINTS:
            raise LogQLError(
                "exceeded maximum resolution of 11,000 points per time series. Try increasing the value of the step "
                "parameter"
            )
        in_bytes, is_rate = query.function.startswith("bytes"), query.function.endswith("rate")
        # Lines are counted in the series that they belong to before series are put together.
        counts: dict[tuple[tuple[str, str], ...], list[float]] = {}
        for at, line, labels in self._entries(query.inner, start - length, end, newest_first=False):
            series = counts.setdefault(tuple(sorted(labels.items())), [0.0] * len(times))
            first = max(0, -(-(at - start) // step))
            last = min(len(times) - 1, (at + length - 1 - start) // step)
            for point in range(first, last + 1):
                series[point] += len(line.encode()) if in_bytes else 1
        if is_rate:
            counts = {key: [value / query.range_s for value in values] for key, values in counts.items()}
        return [_points(labels, values, times) for labels, values in _together(query, counts).items() if any(values)]

    # --- names

    def _labels(self, parameters: Parameters) -> list[str]:
        return sorted({name for stream in self._found(parameters) for name in stream.labels})

    def _values(self, parameters: Parameters, name: str) -> list[str]:
        return sorted({stream.labels[name] for stream in self._found(parameters) if name in stream.labels})

    def _series(self, parameters: Parameters) -> list[dict[str, str]]:
        return [dict(stream.labels) for stream in self._found(parameters)]

    def _found(self, parameters: Parameters) -> list[Stream]:
        text = parameters.get("match[]") or parameters.get("match") or parameters.get("query")
        if not text:
            return self.streams
        query = parse(text)
        if not isinstance(query, LogQuery):
            raise LogQLError("parse error : only a selector of streams can be matched")
        return [stream for stream in self.streams if query.selects(stream.labels)]

    # --- the server

    async def _ready(self, exchange: Exchange) -> None:
        await send_text(exchange, 200, "ready\n")

    async def _buildinfo(self, exchange: Exchange) -> None:
        await send_json(
            exchange, 200, {"version": VERSION, "revision": "demo", "branch": "HEAD", "goVersion": "go1.24"}
        )


_COMBINE: Final[dict[str, Callable[[tuple[float, ...]], float]]] = {
    "sum": lambda several: sum(several),
    "min": lambda several: min(several),
    "max": lambda several: max(several),
    "avg": lambda several: sum(several) / len(several),
    "count": lambda several: float(sum(value > 0 for value in several)),
}


def _together(
    query: MetricQuery, counts: dict[tuple[tuple[str, str], ...], list[float]]
) -> dict[tuple[tuple[str, str], ...], list[float]]:
    """Put series together as the aggregation says."""
    if query.aggregation is None:
        return counts
    groups: dict[tuple[tuple[str, str], ...], list[list[float]]] = {}
    for labels, values in counts.items():
        groups.setdefault(query.group(dict(labels)), []).append(values)
    combine = _COMBINE[query.aggregation]
    return {labels: [combine(point) for point in zip(*several, strict=True)] for labels, several in groups.items()}


def _points(labels: tuple[tuple[str, str], ...], values: list[float], times: range) -> dict[str, Any]:
    points = [[at / NS, f"{value:.10g}"] for at, value in zip(times, values, strict=True) if value]
    return {"metric": dict(labels), "values": points}


def _result(kind: str, result: list[dict[str, Any]]) -> dict[str, Any]:
    return {"resultType": kind, "result": result, "stats": {"summary": {"totalEntriesReturned": len(result)}}}


async def _parameters(exchange: Exchange) -> Parameters:
    """The parameters of the query, and of a form in the body, which count first."""
    pairs = query_pairs(exchange.request)
    if exchange.request.method == "POST":
        body = await exchange.whole_body(BODY_LIMIT_BYTES)
        pairs = parse_qsl((body or b"").decode("utf-8", "replace"), keep_blank_values=True) + pairs
    return dict(reversed(pairs))


def _limit(parameters: Parameters) -> int:
    text = parameters.get("limit", "100")
    if not text.isdigit() or int(text) == 0:
        raise LogQLError("limit must be a positive value")
    if int(text) > MOST_LINES:
        raise LogQLError(
            f"max entries limit per query exceeded, limit > max_entries_limit_per_query ({text} > {MOST_LINES})"
        )
    return int(text)


def _range(parameters: Parameters) -> tuple[int, int]:
    end = _moment(parameters, "end", time.time_ns())
    start = _moment(parameters, "start", end - _HOUR_NS)
    if end < start:
        raise LogQLError("end timestamp must not be before or equal to start time")
    return start, end


def _step_ns(parameters: Parameters, start: int, end: int) -> int:
    text = parameters.get("step")
    if not text:
        return max((end - start) // 250 // NS, 1) * NS
    match = re.fullmatch(r"(\d+(?:\.\d+)?)(ms|[smhd])?", text)
    step = 0 if match is None else int(float(match[1]) * _UNITS_NS[match[2] or "s"])
    if step <= 0:
        raise LogQLError(f'cannot parse "{text}" to a valid duration')
    return step


def _moment(parameters: Parameters, name: str, default: int) -> int:
    """A time as Loki reads it: nanoseconds, seconds, or RFC 3339."""
    text = parameters.get(name)
    if not text:
        return default
    if re.fullmatch(r"\d+", text):
        return int(text) * (NS if len(text) <= 10 else 1)
    try:
        if re.fullmatch(r"\d+\.\d+", text):
            return int(float(text) * NS)
        moment = datetime.fromisoformat(text)
        fraction = re.search(r"\.(\d{1,9})", text)
        seconds = int(moment.replace(microsecond=0).timestamp())
        return seconds * NS + int((fraction[1] if fraction else "0").ljust(9, "0"))
    except (ValueError, OverflowError):
        raise LogQLError(f'could not parse "{name}" parameter: cannot parse "{text}" to a valid timestamp') from None
