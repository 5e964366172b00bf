"""Frames of samples: long, with one row per sample or bucket, or wide, with one column per series.

=====================  ===============================================================================
column (long)          content
=====================  ===============================================================================
``__name__``, labels   text, or categories; a gap where a series does not have the label
``time``               datetime64[ms, UTC], or [us] if a time of the answer is finer than that
``value``              float64, with NaN and infinities; for a native histogram, the count of the bucket
=====================  ===============================================================================

If there are native histograms, each bucket is a row, and there are more columns: ``lower``, ``upper``, ``closed``
(which of these two limits belong to the bucket, as `pandas.Interval` says it), and ``count`` and ``sum`` of the whole
histogram, the same in each of its rows. Rows of other samples have gaps there.

A label with the name of one of these columns becomes ``exported_time``, as Prometheus renames labels in a scrape.

A wide frame has the index ``time``, and its columns are called as PromQL selects their series:
``up{instance="a:9100",job="node"}``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ...errors import LoadError
from .. import repeated
from ..budget import DEFAULT, FrameBudget
from ..columns import Names
from ..protocol import NO_LABELS
from .native_histograms import CLOSED, Buckets
from .series_labels import label_columns, series_name

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    from .sample_page import SamplePage

__all__ = ["long", "times_dtype", "wide"]

_COLUMNS = ("time", "value")
_BUCKET_COLUMNS = ("lower", "upper", "closed", "count", "sum")


def long(
    page: SamplePage,
    limit: int | None,
    *,
    as_categories: bool,
    labels: Mapping[str, str] = NO_LABELS,
    budget: FrameBudget = DEFAULT,
) -> tuple[pd.DataFrame, int]:
    """Make a frame with one row per sample or bucket.

    Parameters
    ----------
    page
        The samples.
    limit
        How many rows at most.
    as_categories
        Whether labels become categorical columns.
    labels
        Columns to put in front, each with one value.
    budget
        The limits on the size of the frame. A label stands in each row of its series.

    Returns
    -------
    tuple
        The frame, and how many rows it would have without the limit.
    """
    import numpy as np

    counts, time, value = page.counts, page.time, page.value
    more: dict[str, NDArray[Any]] = {}
    if page.buckets is not None:
        counts, time, value, more = _with_buckets(page, page.buckets)
    total = len(time)
    if limit is not None and total > limit:
        ends = np.minimum(np.cumsum(counts), limit)
        counts, time, value = np.diff(ends, prepend=0), time[:limit], value[:limit]
        more = {name: array[:limit] for name, array in more.items()}
    if not counts.all():  # a series without samples, or beyond the limit
        there = np.flatnonzero(counts)
        metrics, counts = [page.metrics[at] for at in there], counts[there]
    else:
        metrics = page.metrics
    own = (*labels, *_COLUMNS, *(_BUCKET_COLUMNS if page.buckets is not None else ()))
    columns = label_columns(metrics, own, budget)
    budget.check_cells(len(time), len(columns) + len(own))
    data = _repeated_labels(labels, columns, counts, as_categories, budget)
    data |= {"time": _times(time, page.unit), "value": value}
    if more:
        data |= {name: more[name] for name in _BUCKET_COLUMNS}
        data["closed"] = _closed(more["closed"])
    return repeated.table(data, len(time)), total


def _repeated_labels(
    in_front: Mapping[str, str],
    columns: Mapping[str, list[str | None]],
    counts: NDArray[Any],
    as_categories: bool,
    budget: FrameBudget,
) -> dict[str, Any]:
    """The columns of labels: those of the conversation, and those of each series in each of its rows."""
    rows = counts.sum(keepdims=True)
    data: dict[str, Any] = {
        name: repeated.repeated([text], rows, as_categories=as_categories) for name, text in in_front.items()
    }
    if not as_categories:
        repeated.check_text(((values, counts) for values in columns.values()), budget)
    for name, values in columns.items():
        budget.check()
        data[name] = repeated.repeated(values, counts, as_categories=as_categories)
    return data


def wide(page: SamplePage, limit: int | None, budget: FrameBudget = DEFAULT) -> tuple[pd.DataFrame, int]:
    """Make a frame with one row per time and one column per series.

    Parameters
    ----------
    page
        The samples.
    limit
        How many rows at most.
    budget
        The limits on the size of the frame.

    Returns
    -------
    tuple
        The frame, and how many rows it would have without the limit.

    Raises
    ------
    LoadError
        Two samples of one series have the same time.
    """
    import numpy as np
    import pandas as pd

    names, counts, time, value = [series_name(labels) for labels in page.metrics], page.counts, page.time, page.value
    if page.buckets is not None:
        names, counts, time, value = _with_counts_and_sums(page, page.buckets, names)
    there = np.flatnonzero(counts)
    names, counts = [names[at] for at in there], counts[there]
    free = Names()
    columns = pd.Index(repeated.text([free.free(name) for name in names], np.ones(len(names), dtype="int64")))
    first = int(counts[0]) if len(counts) else 0
    if len(counts) and (counts == first).all() and (time.reshape(len(counts), -1) == time[:first]).all():
        times, grid = time[:first], value.reshape(len(counts), -1)  # all have the same times: nothing has to be moved
        is_rising = bool((np.diff(times) > 0).all())
    else:
        times, at = np.unique(time, return_inverse=True)
        budget.check_cells(len(times), len(counts), len(time))
        grid = np.full((len(counts), len(times)), np.nan)
        series = np.repeat(np.arange(len(counts)), counts)
        grid[series, at] = value
        is_rising = len(np.unique(series * len(times) + at)) == len(at)
    if not is_rising:
        raise LoadError(
            "two samples of one series have the same time", hint="leave out wide: the long form has both of them"
        )
    index = pd.DatetimeIndex(_times(times[:limit], page.unit), name="time")
    return pd.DataFrame(grid.T[:limit], index=index, columns=columns, copy=False), len(times)


def times_dtype() -> Any:
    """Return the dtype of ``time``."""
    import pandas as pd

    return pd.DatetimeTZDtype("ms", "UTC")


def _times(numbers: NDArray[np.int64], unit: str) -> pd.Series:
    """Convert whole numbers of `unit` since 1970 to times in UTC."""
    import pandas as pd

    return pd.Series(numbers.view(f"datetime64[{unit}]"), copy=False).dt.tz_localize("UTC")


def _with_buckets(
    page: SamplePage, buckets: Buckets
) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any], dict[str, NDArray[Any]]]:
    """Put samples and buckets together, series by series and in the order of time."""
    import numpy as np

    fields = buckets.fields()
    size = len(page.time)
    series = np.concatenate([np.repeat(np.arange(len(page.metrics)), page.counts), fields["series"]])
    time = np.concatenate([page.time, fields["time"]])
    order = np.lexsort((np.arange(len(time)), time, series))
    gaps = np.full(size, np.nan)
    more = {name: np.concatenate([gaps, fields[name]])[order] for name in _BUCKET_COLUMNS if name != "closed"}
    more["closed"] = np.concatenate([np.full(size, -1, dtype="int8"), fields["closed"]])[order]
    counts = np.bincount(series, minlength=len(page.metrics)).astype("int64")
    return counts, time[order], np.concatenate([page.value, fields["value"]])[order], more


def _with_counts_and_sums(
    page: SamplePage, buckets: Buckets, names: list[str]
) -> tuple[list[str], NDArray[Any], NDArray[Any], NDArray[Any]]:
    """Add two series per histogram, called as PromQL has them. A wide frame has no place for buckets."""
    import numpy as np

    fields = buckets.fields()
    key = np.stack([fields["series"], fields["time"]])
    first = np.ones(key.shape[1], dtype=bool)
    first[1:] = (key[:, 1:] != key[:, :-1]).any(axis=0)  # the first row of each histogram
    chosen = np.flatnonzero(first)
    chosen = chosen[np.argsort(fields["series"][chosen], kind="stable")]
    histograms = np.bincount(fields["series"][chosen], minlength=len(names)).astype("int64")
    counts = np.concatenate([page.counts, histograms, histograms])
    names = names + [f"histogram_{what}({name})" for what in ("count", "sum") for name in names]
    time = np.concatenate([page.time, fields["time"][chosen], fields["time"][chosen]])
    value = np.concatenate([page.value, fields["count"][chosen], fields["sum"][chosen]])
    return names, counts, time, value


def _closed(codes: NDArray[np.int8]) -> pd.Series:
    import numpy as np

    texts: list[str | None] = [*CLOSED, None]
    return repeated.text([texts[code] for code in codes.tolist()], np.ones(len(codes), dtype="int64"))
