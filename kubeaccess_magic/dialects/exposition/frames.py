"""Frames of an exposition: one row per sample.

=========================  =============================================================================
column                     meaning
=========================  =============================================================================
``name``                   as it is written: ``http_requests_total``, ``latency_bucket``
``labels``                 text as PromQL has it, ``{job="node"}``; ``""`` for none. With ``wide``, a
                           column per label instead, with gaps where a sample has no such label
``value``                  float64, with NaN and infinities
``time``                   datetime64[ms, UTC]; nearly always missing, which means now
``type``, ``unit``,        of the sample's family, if the text says so
``help``
``exemplar``               labels of an exemplar, which only OpenMetrics has; there also
                           ``exemplar_value`` and ``exemplar_time``
=========================  =============================================================================

With ``grouped``, histograms and summaries are families: one row per bucket or quantile, whose limit is in ``le`` or
``quantile`` and no longer among the labels, with ``count``, ``sum`` and ``created`` of the whole beside it. ``name`` is
the name of the family. One without buckets is one row without a value. All other samples stay as they are.
"""

from __future__ import annotations

import dataclasses
import itertools
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ..budget import DEFAULT, FrameBudget
from ..columns import epoch_ms
from ..prometheus.series_labels import column_names
from ..repeated import check_text, repeated
from .labels import columns_of, pairs_of, written

if TYPE_CHECKING:
    import pandas as pd

    from .samples import Samples

__all__ = ["frame", "grouped"]

_OWN = ("name", "labels", "value", "time", "type", "unit", "help", "exemplar", "exemplar_value", "exemplar_time")
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
# Of a name behind its family's, the attribute of `_Whole` that the sample is.
_PARTS = {"_count": "count", "_gcount": "count", "_sum": "sum", "_gsum": "sum", "_created": "created"}


def frame(
    samples: Samples,
    *,
    wide: bool,
    as_categories: bool,
    more: dict[str, Any] | None = None,
    budget: FrameBudget = DEFAULT,
) -> pd.DataFrame:
    """Make a frame with one row per sample.

    Parameters
    ----------
    samples
        What the text holds.
    wide
        Whether each label is a column, in place of ``labels``.
    as_categories
        Whether text is categorical.
    more
        Columns to insert after the value.
    budget
        The limits on the size of the frame. The help of a family stands in each of its rows.
    """
    import numpy as np
    import pandas as pd

    rows = len(samples.names)
    heads = [(name, len(list(group))) for name, group in itertools.groupby(samples.names)]
    counts = np.array([count for _, count in heads], dtype="int64")
    ones = np.ones(rows, dtype="int64")
    families = [_family(name, samples.types) for name, _ in heads]
    about: dict[str, list[str | None]] = {
        name: [texts.get(family) for family in families]
        for name, texts in (("type", samples.types), ("unit", samples.units), ("help", samples.helps))
    }
    budget.check_cells(rows, len(_OWN) + len(more or ()))
    if not as_categories:
        check_text(((values, counts) for values in about.values()), budget)
    data: dict[str, Any] = {"name": _column([name for name, _ in heads], counts, as_categories)}
    if wide:
        for name, values in _label_columns(samples.labels, {*_OWN, *(more or ())}, budget).items():
            budget.check()
            data[name] = _column(values, ones, as_categories)
    else:
        data["labels"] = _column(samples.labels, ones, as_categories)
    data["value"] = np.array(samples.values, dtype=float)
    data |= more or {}
    data["time"] = _times(samples.times_ms, rows)
    for name, of_family in about.items():
        data[name] = _column(of_family, counts, as_categories)
    if samples.exemplars:
        texts = [samples.exemplars[row].labels if row in samples.exemplars else None for row in range(rows)]
        data["exemplar"] = _column(texts, ones, as_categories)
    else:
        data["exemplar"] = _column([None] * len(heads), counts, as_categories)
    if samples.is_open or samples.exemplars:
        data |= _exemplar_values(samples, rows)
    return pd.DataFrame(data, index=pd.RangeIndex(rows), copy=False)


def _exemplar_values(samples: Samples, rows: int) -> dict[str, Any]:
    """Values and times of exemplars, which OpenMetrics has."""
    import numpy as np

    exemplars = samples.exemplars
    numbers = np.full(rows, np.nan)
    numbers[list(exemplars)] = [exemplar.value for exemplar in exemplars.values()]
    times = {row: exemplar.time_ms for row, exemplar in exemplars.items()}
    moments = _times([times.get(row) for row in range(rows)] if exemplars else None, rows)
    return {"exemplar_value": numbers, "exemplar_time": moments}


def grouped(samples: Samples, *, wide: bool, as_categories: bool, budget: FrameBudget = DEFAULT) -> pd.DataFrame:
    """Make a frame with one row per bucket, quantile, or other sample.

    Parameters
    ----------
    samples
        What the text holds.
    wide
        Whether each label is a column.
    as_categories
        Whether text is categorical.
    budget
        The limits on the size of the frame. The labels of a histogram stand in each of its rows.
    """
    import numpy as np

    rows = _grouped_rows(samples)
    wholes = [row.whole for row in rows]
    size = sum(len(whole.labels) for whole in wholes if whole is not None)
    budget.check_bytes(size, f"the labels that repeat in {len(rows):,} rows")
    at = [row.sample for row in rows]
    regrouped = dataclasses.replace(
        samples,
        names=[row.whole.name if row.whole else samples.names[row.sample] for row in rows],
        labels=[row.whole.labels if row.whole else samples.labels[row.sample] for row in rows],
        values=[samples.values[sample] if sample >= 0 else math.nan for sample in at],
        times_ms=samples.times_ms
        and [row.whole.time_ms if row.whole else samples.times_ms[row.sample] for row in rows],
        exemplars={row: samples.exemplars[sample] for row, sample in enumerate(at) if sample in samples.exemplars},
    )
    more: dict[str, Any] = {
        "le": np.array([row.le for row in rows], dtype=float),
        "quantile": np.array([row.quantile for row in rows], dtype=float),
        "count": np.array([whole.count if whole else math.nan for whole in wholes], dtype=float),
        "sum": np.array([whole.sum if whole else math.nan for whole in wholes], dtype=float),
    }
    created_ms = [whole.created * 1000 if whole and math.isfinite(whole.created) else None for whole in wholes]
    more["created"] = _times(created_ms, len(rows))
    return frame(regrouped, wide=wide, as_categories=as_categories, more=more, budget=budget)


@dataclasses.dataclass
class _Whole:
    """One histogram or summary, while its samples are collected."""

    name: str
    labels: str
    time_ms: float | None
    count: float = math.nan
    sum: float = math.nan
    created: float = math.nan
    rows: list[_Row] = dataclasses.field(default_factory=list)


@dataclasses.dataclass
class _Row:
    """One row: the number of its sample (-1 if it has none), the whole it is a part of, and its limit there."""

    sample: int
    whole: _Whole | None = None
    le: float = math.nan
    quantile: float = math.nan


def _grouped_rows(samples: Samples) -> list[_Row]:
    """The rows in order: those of a histogram or summary stand where its first sample is."""
    wholes: dict[Any, _Whole] = {}
    order: list[_Whole | _Row] = []
    times = samples.times_ms or itertools.repeat(None, len(samples.names))
    for at, (name, labels, time_ms) in enumerate(zip(samples.names, samples.labels, times, strict=True)):
        family = _family(name, samples.types)
        kind = samples.types.get(family)
        if kind not in _GROUPED:
            order.append(_Row(at))
            continue
        limit = "quantile" if kind == "summary" else "le"
        pairs = pairs_of(labels)
        rest = [pair for pair in pairs if pair[0] != limit] if name != family or kind == "summary" else pairs
        key = (family, tuple(sorted(rest)), time_ms)
        whole = wholes.get(key)
        if whole is None:
            whole = wholes[key] = _Whole(family, written(rest), time_ms)
            order.append(whole)
        part = _PARTS.get(name[len(family) :])
        if part is not None and math.isnan(getattr(whole, part)):
            setattr(whole, part, samples.values[at])
        elif (bound := _bound(pairs, limit)) is not None:
            whole.rows.append(_Row(at, whole, **{limit: bound}))
        else:  # it is no part of one
            order.append(_Row(at))
    rows: list[_Row] = []
    for entry in order:
        rows += [entry] if isinstance(entry, _Row) else entry.rows or [_Row(-1, entry)]
    return rows


def _family(name: str, types: dict[str, str]) -> str:
    """The family of a sample: its own name, or that without a suffix that samples of such a family have."""
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


def _label_columns(labels: Sequence[str], own: set[str], budget: FrameBudget) -> dict[str, list[str | None]]:
    values_of = columns_of(labels, budget)
    column_of = column_names(values_of, own)
    return {column_of[name]: values_of[name] for name in sorted(values_of)}


def _column(values: Sequence[str | None], counts: Any, as_categories: bool) -> pd.Series:
    return repeated(values, counts, as_categories=as_categories)


def _times(times_ms: Sequence[float | None] | None, rows: int) -> pd.Series:
    import pandas as pd

    dtype = pd.DatetimeTZDtype("ms", "UTC")
    return pd.Series([pd.NaT] * rows, dtype=dtype) if times_ms is None else epoch_ms(times_ms).astype(dtype)
