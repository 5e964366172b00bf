"""Frames of samples: long, one row a sample or a bucket; or wide, one column a series.

=====================  ===============================================================================
long: column           what
=====================  ===============================================================================
``__name__``, labels   text, or categoricals; a series without that label has a gap there
``time``               datetime64[ms, UTC] ([us] where an answer is finer than that)
``value``              float64, with NaN and infinities; of a native histogram, the count of the bucket
=====================  ===============================================================================

Where there are native histograms, each bucket is a row, and these follow: ``lower``, ``upper``, ``closed`` (which of
these two belong to it, as `pandas.Interval` says it) and ``count`` and ``sum`` of the whole histogram, the same in
each of its rows. Rows of other samples have gaps there.

A label that is called as one of our columns is ``exported_time``, as Prometheus itself renames a label in the way.

Wide, the index is ``time``, and a column is called as PromQL selects its series: ``up{instance="a:9100",job="node"}``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ...errors import LoadError
from ..columns import Names
from . import runs
from .histograms import CLOSED
from .samples import Page

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

__all__ = ["joined", "label_columns", "long", "series_name", "shown_names", "times", "times_dtype", "wide"]

NAME = "__name__"
_OWN = ("time", "value")
_OF_BUCKETS = ("lower", "upper", "closed", "count", "sum")
_PLAIN_METRIC = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")
_PLAIN_LABEL = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")


def joined(pages: Sequence[Page]) -> Page:
    """Pages that follow one another in time as one: each series once, its samples in order, no moment twice."""
    import numpy as np

    if len(pages) == 1:
        return pages[0]
    unit = "us" if any(page.unit == "us" for page in pages) else "ms"
    index: dict[tuple[Any, int], int] = {}
    metrics: list[dict[str, str]] = []
    parts: list[tuple[NDArray[Any], ...]] = []
    found_buckets = []
    last = None  # a server that aligns what it is asked for may give a moment to two pages
    for page in pages:
        seen: dict[Any, int] = {}
        numbers = np.empty(len(page.metrics), dtype="int64")
        for at, labels in enumerate(page.metrics):
            key = tuple(sorted(labels.items()))
            again = seen[key] = seen.get(key, -1) + 1  # series of the same labels stay apart
            if (key, again) not in index:
                index[key, again] = len(metrics)
                metrics.append(labels)
            numbers[at] = index[key, again]
        scale = 1000 if unit == "us" and page.unit == "ms" else 1
        series, time, value = np.repeat(numbers, page.counts), page.time * scale, page.value
        ends = [int(time.max())] if len(time) else []
        if last is not None and len(time) and time.min() <= last:
            new = time > last
            series, time, value = series[new], time[new], value[new]
        parts.append((series, time, value))
        if page.buckets is not None:
            fields = page.buckets.fields()
            fields |= {"series": numbers[fields["series"]], "time": fields["time"] * scale}
            ends += [int(fields["time"].max())] if len(fields["time"]) else []
            new = fields["time"] > (last if last is not None else np.iinfo("int64").min)
            found_buckets.append({name: array[new] for name, array in fields.items()})
        last = max([*ends, *([] if last is None else [last])], default=None)
    series, time, value = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
    order = np.argsort(series, kind="stable")
    buckets = None
    if found_buckets:
        kind = type(next(page.buckets for page in pages if page.buckets is not None))
        buckets = kind(**{name: np.concatenate([one[name] for one in found_buckets]) for name in found_buckets[0]})
    counts = np.bincount(series, minlength=len(metrics)).astype("int64")
    told: dict[str, Any] = {"warnings": _united(pages, "warnings"), "infos": _united(pages, "infos")}
    told |= {key: any(page.told.get(key) for page in pages) for key in ("isPartial", "stats")}
    return Page(metrics, counts, time[order], value[order], unit, buckets, told)


def long(page: Page, limit: int | None, *, as_categories: bool) -> tuple[pd.DataFrame, int]:
    """One row a sample or a bucket, and how many there would be without the limit."""
    import numpy as np

    counts, time, value = page.counts, page.time, page.value
    more: dict[str, NDArray[Any]] = {}
    if page.buckets is not None:
        counts, time, value, more = _with_buckets(page)
    of = len(time)
    if limit is not None and of > limit:
        ends = np.minimum(np.cumsum(counts), limit)
        counts, time, value = np.diff(ends, prepend=0), time[:limit], value[:limit]
        more = {name: array[:limit] for name, array in more.items()}
    if not counts.all():  # a series without samples, or beyond the limit
        there = np.flatnonzero(counts)
        metrics, counts = [page.metrics[at] for at in there], counts[there]
    else:
        metrics = page.metrics
    own = _OWN + (_OF_BUCKETS if page.buckets is not None else ())
    data: dict[str, Any] = {
        name: runs.repeated(values, counts, as_categories=as_categories)
        for name, values in label_columns(metrics, own).items()
    }
    data |= {"time": times(time, page.unit), "value": value}
    if more:
        data |= {name: more[name] for name in _OF_BUCKETS}
        data["closed"] = _closed(more["closed"])
    return runs.table(data, len(time)), of


def wide(page: Page, limit: int | None) -> tuple[pd.DataFrame, int]:
    """One row a moment, one column a series, and how many rows there would be without the limit.

    Raises
    ------
    LoadError
        Two samples of one series have the same moment.
    """
    import numpy as np
    import pandas as pd

    names, counts, time, value = [series_name(labels) for labels in page.metrics], page.counts, page.time, page.value
    if page.buckets is not None:
        names, counts, time, value = _with_counts_and_sums(page, names)
    there = np.flatnonzero(counts)
    names, counts = [names[at] for at in there], counts[there]
    free = Names()
    columns = pd.Index(runs.text([free.free(name) for name in names], np.ones(len(names), dtype="int64")))
    first = int(counts[0]) if len(counts) else 0
    if len(counts) and (counts == first).all() and (time.reshape(len(counts), -1) == time[:first]).all():
        moments, grid = time[:first], value.reshape(len(counts), -1)  # one grid for all: nothing has to be moved
        is_rising = bool((np.diff(moments) > 0).all())
    else:
        moments, at = np.unique(time, return_inverse=True)
        grid = np.full((len(counts), len(moments)), np.nan)
        series = np.repeat(np.arange(len(counts)), counts)
        grid[series, at] = value
        is_rising = len(np.unique(series * len(moments) + at)) == len(at)
    if not is_rising:
        raise LoadError("two samples of one series have the same time", hint="the long form has both: leave out wide")
    index = pd.DatetimeIndex(times(moments[:limit], page.unit), name="time")
    return pd.DataFrame(grid.T[:limit], index=index, columns=columns, copy=False), len(moments)


def label_columns(metrics: Sequence[Mapping[str, str]], own: Iterable[str] = ()) -> dict[str, list[str | None]]:
    """A column a label, the metric's name first; one that is called as one of `own` becomes ``exported_…``."""
    names = dict.fromkeys(name for labels in metrics for name in labels)
    shown = shown_names(names, own)
    ordered = sorted(names, key=lambda name: (name != NAME, name))
    return {shown[name]: [labels.get(name) for labels in metrics] for name in ordered}


def shown_names(names: Iterable[str], own: Iterable[str]) -> dict[str, str]:
    """What the column of each label is called: none as one of `own`, and no two alike."""
    shown = {name: name for name in names}
    own = set(own)
    taken = own | set(shown)
    for name in sorted(own & set(shown)):
        free = name
        while free in taken:
            free = f"exported_{free}"
        taken.add(free)
        shown[name] = free
    return shown


def series_name(labels: Mapping[str, str]) -> str:
    """A series as PromQL selects it: ``up{job="node"}``, and ``{"my.metric","a.b"="c"}`` where names are not plain."""
    name = labels.get(NAME)
    is_plain = name is None or _PLAIN_METRIC.fullmatch(name) is not None
    parts = [] if is_plain or name is None else [_quoted(name)]
    for label in sorted(labels):
        if label != NAME:
            written = label if _PLAIN_LABEL.fullmatch(label) else _quoted(label)
            parts.append(f"{written}={_quoted(labels[label])}")
    inner = ",".join(parts)
    return (name or "") + (f"{{{inner}}}" if inner or name is None else "") if is_plain else f"{{{inner}}}"


def times(numbers: NDArray[np.int64], unit: str) -> pd.Series:
    """Moments in UTC, of whole `unit` since 1970."""
    import pandas as pd

    return pd.Series(numbers.view(f"datetime64[{unit}]"), copy=False).dt.tz_localize("UTC")


def times_dtype() -> Any:
    """The dtype of ``time``."""
    import pandas as pd

    return pd.DatetimeTZDtype("ms", "UTC")


def _quoted(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


def _united(pages: Sequence[Page], key: str) -> list[str]:
    return list(dict.fromkeys(text for page in pages for text in page.told.get(key) or ()))


def _with_buckets(page: Page) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any], dict[str, NDArray[Any]]]:
    """Samples and buckets together, series by series and in the order of time."""
    import numpy as np

    assert page.buckets is not None
    fields = page.buckets.fields()
    size = len(page.time)
    series = np.concatenate([np.repeat(np.arange(len(page.metrics)), page.counts), fields["series"]])
    time = np.concatenate([page.time, fields["time"]])
    order = np.lexsort((np.arange(len(time)), time, series))
    gaps = np.full(size, np.nan)
    more = {name: np.concatenate([gaps, fields[name]])[order] for name in _OF_BUCKETS if name != "closed"}
    more["closed"] = np.concatenate([np.full(size, -1, dtype="int8"), fields["closed"]])[order]
    counts = np.bincount(series, minlength=len(page.metrics)).astype("int64")
    return counts, time[order], np.concatenate([page.value, fields["value"]])[order], more


def _with_counts_and_sums(page: Page, names: list[str]) -> tuple[list[str], NDArray[Any], NDArray[Any], NDArray[Any]]:
    """Series of histograms as two columns, called as PromQL has them; their buckets have no place in a wide frame."""
    import numpy as np

    assert page.buckets is not None
    fields = page.buckets.fields()
    key = np.stack([fields["series"], fields["time"]])
    first = np.ones(key.shape[1], dtype=bool)
    first[1:] = (key[:, 1:] != key[:, :-1]).any(axis=0)  # one row of each histogram
    chosen = np.flatnonzero(first)
    chosen = chosen[np.argsort(fields["series"][chosen], kind="stable")]
    having = np.bincount(fields["series"][chosen], minlength=len(names)).astype("int64")
    parts = [page.counts, having, having]
    names = names + [f"histogram_{what}({name})" for what in ("count", "sum") for name in names]
    time = np.concatenate([page.time, fields["time"][chosen], fields["time"][chosen]])
    value = np.concatenate([page.value, fields["count"][chosen], fields["sum"][chosen]])
    return names, np.concatenate(parts), time, value


def _closed(codes: NDArray[np.int8]) -> pd.Series:
    import numpy as np

    texts: list[str | None] = [*CLOSED, None]
    return runs.text([texts[code] for code in codes.tolist()], np.ones(len(codes), dtype="int64"))
