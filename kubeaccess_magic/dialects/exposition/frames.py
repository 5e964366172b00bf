"""Frames of an exposition: one row a sample.

=========================  =============================================================================
column                     what
=========================  =============================================================================
``name``                   as it is written: ``http_requests_total``, ``latency_bucket``
``labels``                 text as PromQL has it, ``{job="node"}``; ``""`` for none. With ``wide``, a
                           column a label instead, with gaps where a sample has no such label
``value``                  float64, with NaN and infinities
``time``                   datetime64[ms, UTC]; nearly always missing, as the text then means now
``type``, ``unit``,        of the sample's family, if the text tells
``help``
``exemplar``               labels of an exemplar, which only OpenMetrics has; where the answer is that, also
                           ``exemplar_value`` and ``exemplar_time``
=========================  =============================================================================

``grouped``, histograms and summaries are families again: a row a bucket or quantile, its limit in ``le`` or
``quantile`` and no longer among the labels, with ``count``, ``sum`` and ``created`` of the whole beside it; ``name`` is
the family's. One without buckets is one row without a value. All other samples stay as they are.
"""

from __future__ import annotations

import dataclasses
import itertools
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from .. import repeated as runs
from ..columns import epoch_ms
from ..prometheus.labels import column_names as shown_names
from .lines import Samples, columns_of, pairs_of, written

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["frame", "grouped"]

_OWN = ("name", "labels", "value", "time", "type", "unit", "help", "exemplar", "exemplar_value", "exemplar_time")
_OF_GROUPS = ("le", "quantile", "count", "sum", "created")
_SUFFIXES = {  # of a sample's name, with the types of family that have such samples
    "_bucket": ("histogram", "gaugehistogram"),
    "_count": ("histogram", "summary"),
    "_sum": ("histogram", "summary"),
    "_gcount": ("gaugehistogram",),
    "_gsum": ("gaugehistogram",),
    "_created": ("counter", "histogram", "summary"),
    "_total": ("counter",),
    "_info": ("info",),
}
_GROUPED = ("histogram", "gaugehistogram", "summary")


def frame(samples: Samples, *, wide: bool, as_categories: bool, more: dict[str, Any] | None = None) -> pd.DataFrame:
    """One row a sample.

    Parameters
    ----------
    samples
        What the text has.
    wide
        A column a label instead of ``labels``.
    as_categories
        Text that repeats as categoricals.
    more
        Columns that follow the value.
    """
    import numpy as np
    import pandas as pd

    rows = len(samples.names)
    heads = [(name, len(list(group))) for name, group in itertools.groupby(samples.names)]
    counts = np.array([count for _, count in heads], dtype="int64")
    ones = np.ones(rows, dtype="int64")
    families = [_family(name, samples.types) for name, _ in heads]
    data: dict[str, Any] = {"name": _column([name for name, _ in heads], counts, as_categories)}
    if wide:
        for name, values in _label_columns(samples.labels, {*_OWN, *(more or ())}).items():
            data[name] = _column(values, ones, as_categories)
    else:
        data["labels"] = _column(samples.labels, ones, as_categories)
    data["value"] = np.array(samples.values, dtype=float)
    data |= more or {}
    data["time"] = _times(samples.times_ms, rows)
    for name, told in (("type", samples.types), ("unit", samples.units), ("help", samples.helps)):
        data[name] = _column([told.get(family) for family in families], counts, as_categories)
    found = samples.exemplars
    texts = [found[row].labels if row in found else None for row in range(rows)] if found else [None] * len(heads)
    data["exemplar"] = _column(texts, ones if found else counts, as_categories)
    if samples.is_open:
        numbers = np.full(rows, np.nan)
        numbers[list(found)] = [one.value for one in found.values()]
        data["exemplar_value"] = numbers
        times = {row: one.time_ms for row, one in found.items()}
        data["exemplar_time"] = _times([times.get(row) for row in range(rows)] if found else None, rows)
    return pd.DataFrame(data, index=pd.RangeIndex(rows), copy=False)


@dataclasses.dataclass
class _Whole:
    """One histogram or summary, while its samples are collected."""

    name: str
    labels: str
    time_ms: float | None
    count: float = math.nan
    sum: float = math.nan
    created: float = math.nan
    rows: list[int] = dataclasses.field(default_factory=list)
    limits: list[tuple[float, float]] = dataclasses.field(default_factory=list)


def grouped(samples: Samples, *, wide: bool, as_categories: bool) -> pd.DataFrame:
    """One row a bucket, a quantile, or any other sample."""
    import numpy as np

    wholes: dict[Any, _Whole] = {}
    order: list[_Whole | int] = []
    times = samples.times_ms or itertools.repeat(None, len(samples.names))
    for row, (name, labels, time_ms) in enumerate(zip(samples.names, samples.labels, times, strict=True)):
        family = _family(name, samples.types)
        kind = samples.types.get(family)
        if kind not in _GROUPED:
            order.append(row)
            continue
        limit = "quantile" if kind == "summary" else "le"
        pairs = pairs_of(labels)
        rest = [pair for pair in pairs if pair[0] != limit] if name != family or kind == "summary" else pairs
        key = (family, tuple(sorted(rest)), time_ms)
        whole = wholes.get(key)
        if whole is None:
            whole = wholes[key] = _Whole(family, written(rest), time_ms)
            order.append(whole)
        value, suffix = samples.values[row], name[len(family) :]
        part = {"_gcount": "count", "_gsum": "sum"}.get(suffix, suffix[1:])
        if part in ("count", "sum", "created") and math.isnan(getattr(whole, part)):
            setattr(whole, part, value)
        elif (bound := _bound(pairs, limit)) is not None:
            whole.rows.append(row)
            whole.limits.append((math.nan, bound) if kind == "summary" else (bound, math.nan))
        else:  # no part of one
            order.append(row)
    chosen: list[tuple[int, _Whole | None, tuple[float, float]]] = []
    for one in order:
        if isinstance(one, int):
            chosen.append((one, None, (math.nan, math.nan)))
        else:
            chosen += [(row, one, limits) for row, limits in zip(one.rows, one.limits, strict=True)]
            chosen += [(-1, one, (math.nan, math.nan))] * (not one.rows)
    parts = [whole for _, whole, _ in chosen]
    new = dataclasses.replace(
        samples,
        names=[whole.name if whole else samples.names[row] for row, whole, _ in chosen],
        labels=[whole.labels if whole else samples.labels[row] for row, whole, _ in chosen],
        values=[samples.values[row] if row >= 0 else math.nan for row, _, _ in chosen],
        times_ms=samples.times_ms and [whole.time_ms if whole else samples.times_ms[row] for row, whole, _ in chosen],
        exemplars={at: samples.exemplars[row] for at, (row, _, _) in enumerate(chosen) if row in samples.exemplars},
    )
    limits = np.array([limits for _, _, limits in chosen], dtype=float).reshape(-1, 2)
    more: dict[str, Any] = {"le": limits[:, 0], "quantile": limits[:, 1]}
    more |= {key: np.array([getattr(whole, key) if whole else math.nan for whole in parts]) for key in ("count", "sum")}
    created = [whole.created * 1000 if whole and math.isfinite(whole.created) else None for whole in parts]
    more["created"] = _times(created, len(parts))
    return frame(new, wide=wide, as_categories=as_categories, more=more)


def _family(name: str, types: dict[str, str]) -> str:
    """The family of a sample: of its own name, or of what is before a suffix that its type has."""
    if name not in types:
        for suffix, kinds in _SUFFIXES.items():
            if name.endswith(suffix) and types.get(name[: -len(suffix)]) in kinds:
                return name[: -len(suffix)]
    return name


def _bound(pairs: Sequence[tuple[str, str]], limit: str) -> float | None:
    text = dict(pairs).get(limit)
    try:
        return None if text is None else float(text)
    except ValueError:
        return None


def _label_columns(labels: Sequence[str], own: set[str]) -> dict[str, list[str | None]]:
    found = columns_of(labels)
    shown = shown_names(found, own)
    return {shown[name]: found[name] for name in sorted(found)}


def _column(values: Sequence[str | None], counts: Any, as_categories: bool) -> pd.Series:
    return runs.repeated(values, counts, as_categories=as_categories)


def _times(times_ms: Sequence[float | None] | None, rows: int) -> pd.Series:
    import pandas as pd

    dtype = pd.DatetimeTZDtype("ms", "UTC")
    return pd.Series([pd.NaT] * rows, dtype=dtype) if times_ms is None else epoch_ms(times_ms).astype(dtype)
