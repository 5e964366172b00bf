"""The samples of one answer as arrays, and those of several answers as one."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from .native_histograms import Buckets
from .series_labels import column_names

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    _Fields = dict[str, NDArray[Any]]

__all__ = ["SamplePage", "appended", "side_by_side"]


@dataclasses.dataclass(frozen=True)
class SamplePage:
    """The samples of one answer, series by series.

    Attributes
    ----------
    metrics
        The labels of each series.
    counts
        How many samples each series has.
    time
        When, as a whole number of `unit` since 1970.
    value
        The values.
    unit
        ``ms``; ``us`` if a time of the answer is finer.
    buckets
        Native histograms, or None.
    envelope
        What the answer has besides its data: ``warnings``, ``infos``, ``isPartial``, ``stats``.
    """

    metrics: list[dict[str, str]]
    counts: NDArray[np.int64]
    time: NDArray[np.int64]
    value: NDArray[np.float64]
    unit: str = "ms"
    buckets: Buckets | None = None
    envelope: dict[str, Any] = dataclasses.field(default_factory=dict)

    @property
    def rows(self) -> int:
        """How many samples and buckets there are."""
        return len(self.time) + len(self.buckets or ())

    def timestamps(self) -> int:
        """Count the different timestamps."""
        import numpy as np

        times = self.time if self.buckets is None else np.concatenate([self.time, self.buckets.time])
        return len(np.unique(times))


def appended(pages: Sequence[SamplePage]) -> SamplePage:
    """Join pages that follow one another in time: each series once, its samples in order, no time twice."""
    import numpy as np

    if len(pages) == 1:
        return pages[0]
    unit = "us" if any(page.unit == "us" for page in pages) else "ms"
    index: dict[tuple[Any, int], int] = {}
    metrics: list[dict[str, str]] = []
    sample_parts: list[_Fields] = []
    bucket_parts: list[_Fields] = []
    last = None  # a server that aligns the times it is asked for may give one to two pages
    for page in pages:
        numbers = _series_numbers(page, index, metrics)
        samples = {"series": np.repeat(numbers, page.counts), "value": page.value}
        groups = [samples | {"time": _in_unit(page.time, page.unit, unit)}]
        sample_parts.append(_later_than(last, groups[0]))
        if page.buckets is not None:
            fields = page.buckets.fields()
            series, time = numbers[fields["series"]], _in_unit(fields["time"], page.unit, unit)
            groups.append(fields | {"series": series, "time": time})
            bucket_parts.append(_later_than(last, groups[1]))
        ends = [int(group["time"].max()) for group in groups if len(group["time"])]
        last = max(ends if last is None else [*ends, last], default=None)
    fields = _concatenated(sample_parts)
    order = np.argsort(fields["series"], kind="stable")
    counts = np.bincount(fields["series"], minlength=len(metrics)).astype("int64")
    time, value = fields["time"][order], fields["value"][order]
    return SamplePage(metrics, counts, time, value, unit, _buckets(bucket_parts), _envelope(pages))


def side_by_side(pages: Sequence[tuple[Mapping[str, str], SamplePage]]) -> SamplePage:
    """Join the pages of several targets; series of different targets stay apart.

    Parameters
    ----------
    pages
        The labels of each target, which its series get, and its page. A label of the same name that a series has
        already becomes ``exported_NAME``.
    """
    import numpy as np

    if len(pages) == 1 and not pages[0][0]:
        return pages[0][1]
    unit = "us" if any(page.unit == "us" for _, page in pages) else "ms"
    metrics: list[dict[str, str]] = []
    bucket_parts: list[_Fields] = []
    for labels, page in pages:
        if page.buckets is not None:
            fields = page.buckets.fields()
            times = _in_unit(fields["time"], page.unit, unit)
            bucket_parts.append(fields | {"series": fields["series"] + len(metrics), "time": times})
        metrics += [_with_labels(metric, labels) for metric in page.metrics]
    return SamplePage(
        metrics,
        np.concatenate([page.counts for _, page in pages]),
        np.concatenate([_in_unit(page.time, page.unit, unit) for _, page in pages]),
        np.concatenate([page.value for _, page in pages]),
        unit,
        _buckets(bucket_parts),
        _envelope([page for _, page in pages]),
    )


def _series_numbers(
    page: SamplePage, index: dict[tuple[Any, int], int], metrics: list[dict[str, str]]
) -> NDArray[np.int64]:
    """Find the number of each series of a page among those of all pages; new ones are added to both collections."""
    import numpy as np

    seen: dict[Any, int] = {}
    numbers = np.empty(len(page.metrics), dtype="int64")
    for at, labels in enumerate(page.metrics):
        key = tuple(sorted(labels.items()))
        again = seen[key] = seen.get(key, -1) + 1  # two series with the same labels stay apart
        if (key, again) not in index:
            index[key, again] = len(metrics)
            metrics.append(labels)
        numbers[at] = index[key, again]
    return numbers


def _in_unit(time: NDArray[np.int64], unit: str, wanted: str) -> NDArray[np.int64]:
    return time * 1000 if unit != wanted else time


def _later_than(last: int | None, fields: _Fields) -> _Fields:
    """Leave out what is not later than the last time of the pages before."""
    time = fields["time"]
    if last is None or not len(time) or time.min() > last:
        return fields
    new = time > last
    return {name: array[new] for name, array in fields.items()}


def _concatenated(parts: Sequence[_Fields]) -> _Fields:
    import numpy as np

    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def _buckets(parts: Sequence[_Fields]) -> Buckets | None:
    return Buckets(**_concatenated(parts)) if parts else None


def _envelope(pages: Sequence[SamplePage]) -> dict[str, Any]:
    envelope: dict[str, Any] = {
        key: list(dict.fromkeys(text for page in pages for text in page.envelope.get(key) or ()))
        for key in ("warnings", "infos")
    }
    return envelope | {key: any(page.envelope.get(key) for page in pages) for key in ("isPartial", "stats")}


def _with_labels(metric: Mapping[str, str], labels: Mapping[str, str]) -> dict[str, str]:
    column_of = column_names(metric, labels)
    return {column_of[name]: value for name, value in metric.items()} | dict(labels)
