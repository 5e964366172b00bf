"""A chart of a DataFrame, where one is useful: lines over time, or bars for groups or for one moment.

It is SVG and HTML in the colours of the theme, drawn by the browser, so it needs no other package.
"""

from __future__ import annotations

import dataclasses
import datetime
import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from ..text import escape, shorten

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Chart", "chart", "drawn"]

_SERIES, _BARS, _POINTS = 8, 30, 400
_MOST_ROWS = 200_000
_WIDTH, _HEIGHT, _LEFT, _BOTTOM, _TOP = 720, 240, 64, 24, 10
_OBJECT_LISTS = frozenset({"kubernetes"})  # dialects whose rows are objects, and no measurements
_TIMES = ("time", "timestamp", "@timestamp")


@dataclasses.dataclass(frozen=True)
class Chart:
    """The data of a chart.

    Attributes
    ----------
    kind
        "lines", whose points are seconds since 1970 and values, or "bars", which have one value each.
    value
        What the values are.
    series
        The name of each line or bar, and its points.
    left_out
        How many further lines or bars were not drawn.
    """

    kind: str
    value: str
    series: tuple[tuple[str, tuple[tuple[float, float], ...]], ...]
    left_out: int = 0


def chart(frame: pd.DataFrame) -> Chart | None:
    """Choose a chart for a DataFrame; None where no chart is useful, as for lists of objects."""
    origin = frame.attrs.get("kproxy")
    dialect = origin.get("dialect") if isinstance(origin, dict) else None
    if not frame.columns.is_unique or not 1 < len(frame) <= _MOST_ROWS or dialect in _OBJECT_LISTS:
        return None
    kinds = {column: frame[column].dtype.kind for column in frame.columns}
    values = [column for column, kind in kinds.items() if kind in "fiu" and not str(column).startswith("_")]
    times = [column for column, kind in kinds.items() if kind == "M"]
    labels = [column for column, kind in kinds.items() if kind not in "fiuM"]
    if not values:
        return None
    value = _preferred(values, ("value", "doc_count"))
    time = _preferred(times, _TIMES) if times else None
    if time is not None and frame[time].nunique() > 1:
        return _lines(frame, time, value, labels)
    if labels and (len(values) == 1 or "value" in values or "doc_count" in values):
        return _bars(frame, value, labels)
    return None


def drawn(picture: Chart | None) -> str:
    """Draw a chart as HTML; "" if there is none."""
    if picture is None:
        return ""
    body = _svg(picture) if picture.kind == "lines" else _bar_rows(picture)
    more = f"<div class='kproxy-pale'>and {picture.left_out:,} more</div>" if picture.left_out else ""
    return f"<figure class='kproxy-chart'><figcaption>{escape(picture.value)}</figcaption>{body}{more}</figure>"


def _preferred(columns: Sequence[Any], names: Sequence[str]) -> Any:
    return next((column for name in names for column in columns if str(column) == name), columns[0])


def _names(frame: pd.DataFrame, labels: Sequence[Any]) -> list[str]:
    """The name of each row: the labels that tell rows apart."""
    texts = {label: ["" if text != text else str(text) for text in frame[label].tolist()] for label in labels}
    telling = [label for label in labels if len(set(texts[label])) > 1] or list(labels[:1])
    return [" · ".join(filter(None, row)) for row in zip(*(texts[label] for label in telling), strict=True)]


def _groups(rows: pd.DataFrame, names: Sequence[str]) -> dict[str, pd.DataFrame]:
    places: dict[str, list[int]] = {}
    for at, name in enumerate(names):
        places.setdefault(name, []).append(at)
    return {name: rows.iloc[found] for name, found in places.items()}


def _lines(frame: pd.DataFrame, time: Any, value: Any, labels: Sequence[Any]) -> Chart | None:
    rows = frame[frame[time].notna() & frame[value].notna()]
    groups = _groups(rows, _names(rows, labels)) if labels else {str(value): rows}
    lines = []
    for name, group in groups.items():
        ordered = group.sort_values(time)
        seconds = [moment.timestamp() for moment in ordered[time].tolist()]
        points = [
            pair for pair in zip(seconds, map(float, ordered[value].tolist()), strict=True) if math.isfinite(pair[1])
        ]
        if len(points) > 1:
            lines.append((str(name), tuple(points[:: max(1, math.ceil(len(points) / _POINTS))])))
    lines.sort(key=lambda line: -max(abs(number) for _, number in line[1]))
    return Chart("lines", str(value), tuple(lines[:_SERIES]), max(0, len(lines) - _SERIES)) if lines else None


def _bars(frame: pd.DataFrame, value: Any, labels: Sequence[Any]) -> Chart | None:
    rows = frame[frame[value].notna()]
    bars = [(name, float(number)) for name, number in zip(_names(rows, labels), rows[value].tolist(), strict=True)]
    finite = [(name, number) for name, number in bars if math.isfinite(number)]
    finite.sort(key=lambda bar: -abs(bar[1]))
    series = tuple((name, ((0.0, number),)) for name, number in finite[:_BARS])
    return Chart("bars", str(value), series, max(0, len(finite) - _BARS)) if len(series) > 1 else None


def _bar_rows(picture: Chart) -> str:
    most = max(abs(points[0][1]) for _, points in picture.series) or 1.0
    rows = "".join(
        f"<tr><th scope='row'>{escape(shorten(name, 80))}</th><td class='kproxy-number'>{_number(points[0][1])}</td>"
        f"<td class='kproxy-bar'><span style='width: {100 * abs(points[0][1]) / most:.1f}%'></span></td></tr>"
        for name, points in picture.series
    )
    return f"<table class='kproxy-bars'><tbody>{rows}</tbody></table>"


def _svg(picture: Chart) -> str:
    every = [point for _, points in picture.series for point in points]
    first, last = min(at for at, _ in every), max(at for at, _ in every)
    ticks = list(_ticks(min(number for _, number in every), max(number for _, number in every)))
    low, high = ticks[0], ticks[-1]

    def across(at: float) -> float:
        return _LEFT + (at - first) / ((last - first) or 1.0) * (_WIDTH - _LEFT - 10)

    def up(number: float) -> float:
        return _HEIGHT - _BOTTOM - (number - low) / ((high - low) or 1.0) * (_HEIGHT - _BOTTOM - _TOP)

    parts = [
        f"<line x1='{_LEFT}' x2='{_WIDTH - 10}' y1='{up(tick):.1f}' y2='{up(tick):.1f}' class='kproxy-rule'/>"
        f"<text x='{_LEFT - 6}' y='{up(tick) + 4:.1f}' text-anchor='end'>{_number(tick)}</text>"
        for tick in ticks
    ]
    for share, anchor in ((0.0, "start"), (0.5, "middle"), (1.0, "end")):
        at = first + share * (last - first)
        label = _moment(at, last - first)
        parts.append(f"<text x='{across(at):.1f}' y='{_HEIGHT - 6}' text-anchor='{anchor}'>{label}</text>")
    for number, (_, points) in enumerate(picture.series):
        path = " ".join(f"{across(at):.1f},{up(value):.1f}" for at, value in points)
        parts.append(f"<polyline points='{path}' class='kproxy-line kproxy-series-{number}'/>")
    names = ", ".join(shorten(name, 60) for name, _ in picture.series)
    title = f"{picture.value} over time: {names}"
    legend = "".join(
        f"<li class='kproxy-series-{number}'>{escape(shorten(name, 80))}</li>"
        for number, (name, _) in enumerate(picture.series)
    )
    return (
        f"<svg role='img' aria-label='{escape(title)}' viewBox='0 0 {_WIDTH} {_HEIGHT}'>{''.join(parts)}</svg>"
        f"<ul class='kproxy-legend'>{legend}</ul>"
    )


def _ticks(low: float, high: float) -> Iterator[float]:
    """Round numbers from below the lowest value to above the highest."""
    low = min(low, 0.0) if low < (high - low) else low
    span = (high - low) or abs(high) or 1.0
    step = 10.0 ** math.floor(math.log10(span / 3))
    step *= next(factor for factor in (1, 2, 5, 10) if span / (step * factor) <= 5)
    number = math.floor(low / step)
    while True:
        yield number * step
        if number * step >= high:
            return
        number += 1


def _number(number: float) -> str:
    for size, unit in ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e4, "k")):
        if abs(number) >= size:
            return f"{number / (1e3 if unit == 'k' else size):.4g}{unit}"
    return f"{number:.4g}"


def _moment(at: float, span_s: float) -> str:
    forms = ((600, "%H:%M:%S"), (86_400, "%H:%M"), (864_000, "%b %d %H:%M"))
    form = next((form for most_s, form in forms if span_s < most_s), "%Y-%m-%d")
    return datetime.datetime.fromtimestamp(at, datetime.UTC).strftime(form)
