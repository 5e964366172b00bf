"""The log lines of one answer as arrays, the overlap of two pages, and the frame of all pages.

=====================  ===================================================================
column                 content
=====================  ===================================================================
labels                 text, or categories; a gap where a stream does not have the label
structured metadata    text, a gap where a line has none of that name
``time``               datetime64[ns, UTC]
``line``               text
=====================  ===================================================================

A label with the name of another column becomes ``exported_line``, as Prometheus renames labels in a scrape. Metadata
with the name of a label becomes ``NAME_extracted``, as Loki itself does.
"""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from .. import columns, repeated
from ..columns import Names
from ..prometheus.series_labels import label_columns

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

__all__ = ["LinePage", "frame_of", "text_column", "without"]

_COLUMNS = ("time", "line")


@dataclasses.dataclass(frozen=True)
class LinePage:
    """The log lines of one answer, stream by stream.

    Attributes
    ----------
    streams
        The labels of each stream.
    counts
        How many lines each stream has.
    time
        When, in nanoseconds since 1970.
    line
        The lines, a column of text.
    metadata
        By name, one value per line; None is a gap.
    warnings
        What Loki warns of.
    """

    streams: list[dict[str, str]]
    counts: NDArray[np.int64]
    time: NDArray[np.int64]
    line: pd.Series
    metadata: dict[str, list[Any]] = dataclasses.field(default_factory=dict)
    warnings: tuple[str, ...] = ()

    @property
    def rows(self) -> int:
        """How many lines there are."""
        return len(self.time)

    def lines_at(self, time_ns: int) -> Counter[Any]:
        """Count the identical lines at one time."""
        import numpy as np

        rows = np.flatnonzero(self.time == time_ns)
        return Counter(key for _, key in zip(rows, self._keys(rows), strict=True))

    def _keys(self, rows: NDArray[np.intp]) -> list[Any]:
        """All that a line holds: its labels, its text, its metadata."""
        import numpy as np

        streams = np.searchsorted(np.cumsum(self.counts), rows, side="right").tolist()
        keys: list[Any] = []
        for row, stream in zip(rows.tolist(), streams, strict=True):
            metadata = {name: values[row] for name, values in self.metadata.items() if values[row] is not None}
            labels = frozenset(self.streams[stream].items())
            keys.append((labels, self.line.iloc[row], frozenset(metadata.items())))
        return keys


def text_column(values: Sequence[str]) -> pd.Series:
    """Make a column of pandas' text dtype; object where a text has no UTF-8 form."""
    import pandas as pd

    return pd.Series(columns.of_kind(values, "text"), copy=False)


def without(page: LinePage, time_ns: int, seen: Mapping[Any, int]) -> LinePage:
    """Remove lines that an earlier page already held, each as often as it occurred there.

    Parameters
    ----------
    page
        The page that follows.
    time_ns
        Where it overlaps with the pages before, in nanoseconds since 1970.
    seen
        The lines of that time that were read (`LinePage.lines_at`).
    """
    import numpy as np

    rows = np.flatnonzero(page.time == time_ns)
    left = Counter(seen)
    again = []
    for row, key in zip(rows.tolist(), page._keys(rows), strict=True):
        if left[key] > 0:
            left[key] -= 1
            again.append(row)
    if not again:
        return page
    keep = np.ones(page.rows, dtype=bool)
    keep[again] = False
    streams = np.repeat(np.arange(len(page.counts)), page.counts)[keep]
    return dataclasses.replace(
        page,
        counts=np.bincount(streams, minlength=len(page.counts)).astype("int64"),
        time=page.time[keep],
        line=page.line[keep].reset_index(drop=True),
        metadata={n: [v for v, kept in zip(vs, keep, strict=True) if kept] for n, vs in page.metadata.items()},
    )


def frame_of(pages: Sequence[LinePage], limit: int | None, *, forward: bool, as_categories: bool) -> pd.DataFrame:
    """Make a frame of all pages, in the order of time.

    Parameters
    ----------
    pages
        At least one.
    limit
        How many rows at most.
    forward
        Whether the oldest line comes first.
    as_categories
        Whether labels become categorical columns.
    """
    import numpy as np
    import pandas as pd

    counts = np.concatenate([page.counts for page in pages])
    streams = [labels for page in pages for labels in page.streams]
    time = np.concatenate([page.time for page in pages])
    order = _order(time, limit, forward=forward)
    metadata = _metadata(pages)
    there = np.flatnonzero(counts)
    label_sets = [streams[at] for at in there]
    labels = label_columns(label_sets, _COLUMNS)
    lines = pages[0].line if len(pages) == 1 else pd.concat([page.line for page in pages], ignore_index=True)
    data = _label_columns(labels, counts[there], order, as_categories=as_categories)
    if order is not None:
        time, lines = time[order], lines.take(order)
        metadata = {name: [values[at] for at in order] for name, values in metadata.items()}
    ones = np.ones(len(time), dtype="int64")
    names = Names((*data, *_COLUMNS))
    for name, values in metadata.items():
        data[names.free(name if name not in (*data, *_COLUMNS) else f"{name}_extracted")] = repeated.text(values, ones)
    data["time"] = pd.Series(time.view("datetime64[ns]"), copy=False).dt.tz_localize("UTC")
    data["line"] = lines
    for column in data.values():
        column.index = pd.RangeIndex(len(time))
    return repeated.table(data, len(time))


def _label_columns(
    labels: Mapping[str, Sequence[str | None]],
    counts: NDArray[np.int64],
    order: NDArray[np.intp] | None,
    *,
    as_categories: bool,
) -> dict[str, Any]:
    """Repeat the labels of each stream for its lines, and put them in order."""
    import numpy as np

    if order is None:
        return {n: repeated.repeated(values, counts, as_categories=as_categories) for n, values in labels.items()}
    stream_of = np.repeat(np.arange(len(counts)), counts)[order]
    once = np.ones(len(counts), dtype="int64")
    return {n: repeated.repeated(v, once, as_categories=as_categories).take(stream_of) for n, v in labels.items()}


def _order(time: NDArray[np.int64], limit: int | None, *, forward: bool) -> NDArray[np.intp] | None:
    """Choose which rows stand where; None if all stand there already."""
    import numpy as np

    steps = np.diff(time)
    is_sorted = bool((steps >= 0).all() if forward else (steps <= 0).all())
    if is_sorted and (limit is None or len(time) <= limit):
        return None
    order = np.arange(len(time)) if is_sorted else np.argsort(time if forward else -time, kind="stable")
    return order[:limit]


def _metadata(pages: Sequence[LinePage]) -> dict[str, list[Any]]:
    names = dict.fromkeys(name for page in pages for name in page.metadata)
    return {
        name: [value for page in pages for value in page.metadata.get(name) or [None] * page.rows] for name in names
    }
