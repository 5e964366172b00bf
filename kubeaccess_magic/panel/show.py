"""What a panel says, as HTML. Whatever came from a cluster or was typed is escaped, and acts on nothing (X9)."""

from __future__ import annotations

import datetime
import json
import numbers
import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from ..errors import KubeAccessError
from ..reply import Reply, size_text
from ..text import escape, redact, shorten

if TYPE_CHECKING:
    import pandas as pd

    from ..access import Access

__all__ = [
    "access",
    "answered",
    "error",
    "fallback",
    "heading",
    "is_frame",
    "pale",
    "plot_code",
    "status",
    "target",
    "texts",
]

_ROWS, _COLUMNS, _CELL_CHARACTERS = 10, 12, 120
_LINES, _CHARACTERS = 40, 4096
_MOST_PLOTTED = 200_000  # rows in which the time axis is looked at


def texts(named: Iterable[tuple[str, str]]) -> str:
    """Texts to take along: each is selected whole by one click."""
    rows = "".join(
        f"<dt>{escape(name)}</dt><dd><code class='kproxy-copy'>{escape(text)}</code></dd>"
        for name, text in named
        if text
    )
    return f"<dl class='kproxy-texts'>{rows}</dl>" if rows else ""


def pale(line: str) -> str:
    """A line that matters less."""
    return f"<div class='kproxy-pale'>{escape(line)}</div>" if line else ""


def status(line: str) -> str:
    """A line that a screen reader says when it changes."""
    return f"<div role='status'>{escape(line)}</div>" if line else ""


def target(note: str, is_ready: bool | None) -> str:
    """What is known of the one that is chosen: how much of it is ready, and which app it is."""
    mark = {True: "kproxy-good", False: "kproxy-bad", None: "kproxy-pale"}[is_ready]
    return f"<span class='{mark}'>{escape(note)}</span>" if note else ""


def access(answer: Access, asked: str) -> str:
    """Whether it may be asked; if not, what is missing."""
    if answer.allowed:
        return f"<span class='kproxy-good'>you may {escape(asked)}</span>"
    role = ""
    if answer.role:
        copied = f"<code class='kproxy-copy'>{escape(answer.role.rstrip())}</code>"
        role = f"<details><summary>the Role to ask for</summary>{copied}</details>"
    rule = [re.search(rf'^[- ]+{key}: \["(.*)"\]$', answer.role or "", re.MULTILINE) for key in ("verbs", "resources")]
    why = " ".join(found[1] for found in rule if found)
    missing = f": missing {escape(why)}" if why else ""
    return f"<span class='kproxy-bad'>you may not {escape(asked)}{missing}</span>{role}"


def error(problem: BaseException) -> str:
    """An error, in the words of the magic."""
    if isinstance(problem, KubeAccessError):
        said, hint = str(problem), problem.hint or ""
    else:
        said, hint = redact(problem), ""
    lines = [f"<strong>{escape(type(problem).__name__)}</strong>: {escape(said)}"]
    lines += [f"<span class='kproxy-pale'>{escape(hint)}</span>"] if hint else []
    role = getattr(problem, "role", None)
    if role:
        copied = f"<code class='kproxy-copy'>{escape(role.rstrip())}</code>"
        lines.append(f"<details><summary>the Role to ask for</summary>{copied}</details>")
    return f"<div class='kproxy-error' role='alert'>{'<br>'.join(lines)}</div>"


def heading(line: str) -> str:
    """The line that was asked, above what came of it."""
    return f"<div class='kproxy-heading'><code>%kproxy {escape(line)}</code></div>"


def answered(value: Any, reply: Reply, lines: Iterable[str], variable: str) -> str:
    """What came: one line about it, and its beginning."""
    took_s = reply.elapsed.total_seconds()
    took = f"{took_s * 1000:.0f} ms" if took_s < 1 else f"{took_s:.1f} s"
    head = [f"{reply.status_code} {reply.reason}".strip(), size_text(len(reply.content)), took]
    told = [line for line in lines if line]
    shown: str
    if is_frame(value):
        first, columns = min(_ROWS, len(value)), min(_COLUMNS, value.shape[1])
        said = f"{first:,} of {len(value):,} rows" if len(value) else "no rows"
        if columns < value.shape[1]:
            said += f", {columns} of {value.shape[1]:,} columns"
        head.append(said)
        shown = _table(value)
    elif isinstance(value, Reply):
        return _joined([value._repr_mimebundle_()["text/html"], *map(pale, told)])
    elif isinstance(value, bytes):
        shown = pale(f"{size_text(len(value))} of bytes")
    else:
        shown = _lines(value if isinstance(value, str) else json.dumps(value, indent=2, ensure_ascii=False))
    kept = f" → <code>{escape(variable)}</code>" if variable else ""
    first_line = f"<div role='status'><strong>{escape(head[0])}</strong> · {escape(' · '.join(head[1:]))}{kept}</div>"
    plot = plot_code(value, variable) if variable and is_frame(value) else ""
    return _joined([first_line, *map(pale, told), shown, texts([("Plot", plot)])])


def fallback(line: str) -> str:
    """What stays where there is no kernel, and no widget."""
    copied = f"<code style='user-select: all; white-space: pre-wrap'>{escape(line)}</code>"
    load = "<code>%load_ext kubeaccess_magic</code>"
    return f"<div class='kproxy-fallback'>To use this panel, run {load}, then this cell again:<br>{copied}</div>"


def plot_code(frame: pd.DataFrame, name: str) -> str:
    """Python that plots a frame over its time axis, or bars of one moment; "" where there is nothing to plot."""
    times = [column for column in frame.columns if frame[column].dtype.kind == "M"] if frame.columns.is_unique else []
    kinds = {column: frame[column].dtype.kind for column in frame.columns} if frame.columns.is_unique else {}
    values = [column for column, kind in kinds.items() if kind in "fiu" and not str(column).startswith("_")]
    if not times or len(frame) < 2:
        return ""
    time = next((column for column in times if str(column) in ("time", "timestamp", "@timestamp")), times[0])
    if not values:  # events: how many there are
        return f"{name}.resample({_bin(frame[time])!r}, on={time!r}).size().plot()"
    value = next((column for column in values if str(column) == "value"), values[0])
    labels = [column for column, kind in kinds.items() if column not in (time, value) and kind not in "fiuM"]
    if not frame[time].head(_MOST_PLOTTED).duplicated().any():
        return f"{name}.plot(x={time!r}, y={value!r})"
    few = [column for column in labels if _tells_apart(frame[column].head(_MOST_PLOTTED))]
    if not few:
        return f"{name}.groupby({time!r})[{value!r}].mean().plot()"
    columns = few[0] if len(few) == 1 else few
    if frame[time].nunique() == 1:  # of one moment a line would be a point, which nobody sees
        return f"{name}.set_index({columns!r})[{value!r}].sort_values().plot.barh()"
    return f"{name}.pivot_table(index={time!r}, columns={columns!r}, values={value!r}).plot()"


def _bin(times: pd.Series[Any]) -> str:
    """A span of time that makes some dozens of points."""
    spans = {"1s": 1, "10s": 10, "1min": 60, "10min": 600, "1h": 3600, "6h": 21600, "1D": 86400}
    length_s = (times.max() - times.min()).total_seconds()
    return next((name for name, span_s in spans.items() if length_s <= 100 * span_s), "7D")


def _tells_apart(column: pd.Series[Any]) -> bool:
    """Whether a column has more than one value, and few enough for a line each."""
    try:
        return 1 < column.nunique() <= 40
    except TypeError:  # lists and such
        return False


def is_frame(value: Any) -> bool:
    """Whether it is a DataFrame; pandas is not imported to find out."""
    return type(value).__name__ == "DataFrame"


def _table(frame: pd.DataFrame) -> str:
    part = frame.iloc[:_ROWS, :_COLUMNS]
    numeric = [kind in "fiu" for kind in (dtype.kind for dtype in part.dtypes)]
    classes = [" class='kproxy-number'" if is_number else "" for is_number in numeric]
    head = "".join(f"<th{cls}>{_cell(name)}</th>" for name, cls in zip(part.columns, classes, strict=True))
    rows = "".join(
        "<tr>" + "".join(f"<td{cls}>{_cell(value)}</td>" for value, cls in zip(row, classes, strict=True)) + "</tr>"
        for row in part.itertuples(index=False, name=None)
    )
    table = f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"
    return f"<div class='kproxy-table' tabindex='0' role='region' aria-label='the first rows'>{table}</div>"


def _cell(value: object) -> str:
    if value is None or str(value) in ("<NA>", "NaT", "nan"):
        said = ""
    elif isinstance(value, datetime.datetime):
        said = value.isoformat(" ", "milliseconds" if value.microsecond else "seconds").replace("+00:00", "Z")
    elif isinstance(value, numbers.Real) and not isinstance(value, (bool, numbers.Integral)):
        said = f"{float(value):.6g}"
    else:
        said = str(value)
    return escape(" ".join(shorten(said, _CELL_CHARACTERS).split()))


def _lines(text: str) -> str:
    lines = text[:_CHARACTERS].split("\n")
    part = "\n".join(lines[:_LINES])
    rest = pale(f"the first lines of {len(text):,} characters") if len(part) < len(text) else ""
    return f"<pre>{escape(part)}</pre>{rest}"


def _joined(parts: Iterable[str]) -> str:
    return "".join(part for part in parts if part)
