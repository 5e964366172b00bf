"""Native histograms as arrays, one entry for each bucket.

Prometheus writes a histogram as ``{"count": "60", "sum": "100", "buckets": [[boundaries, "lower", "upper", "count"],
…]}``. The number `boundaries` says which limits belong to the bucket, in the terms of `pandas.Interval`: 0 is
``right``, 1 ``left``, 2 ``neither``, 3 ``both``. A histogram without buckets has one entry without limits, because its
count and sum still count.
"""

from __future__ import annotations

import dataclasses
import math
from array import array
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["CLOSED", "Buckets", "buckets", "is_millisecond", "raw_histograms", "whole"]

CLOSED = ("right", "left", "neither", "both")
"""Which limits belong to a bucket, by the number that Prometheus writes."""

_Bucket = tuple[int, float, float, float]


class _Histogram(msgspec.Struct):
    count: float
    sum: float
    buckets: list[_Bucket] = []


@dataclasses.dataclass(frozen=True)
class Buckets:
    """The buckets of native histograms, as arrays of one length.

    Attributes
    ----------
    series
        The position of the series.
    time
        When, in the unit of the page.
    value
        The count of the bucket.
    lower, upper
        The limits of the bucket.
    closed
        Which limits belong to it, as an index of `CLOSED`; -1 if there are none.
    count, sum
        Count and sum of the whole histogram.
    """

    series: NDArray[np.int64]
    time: NDArray[np.int64]
    value: NDArray[np.float64]
    lower: NDArray[np.float64]
    upper: NDArray[np.float64]
    closed: NDArray[np.int8]
    count: NDArray[np.float64]
    sum: NDArray[np.float64]

    def __len__(self) -> int:
        """Count the entries."""
        return len(self.time)

    def fields(self) -> dict[str, NDArray[Any]]:
        """Return all arrays by name."""
        return {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}


def buckets(histograms: Iterable[tuple[int, int, float, float, Sequence[_Bucket]]]) -> Buckets:
    """Make arrays of histograms, each given as series, time, count, sum and buckets.

    Raises
    ------
    ValueError
        The boundaries of a bucket are not one of the four numbers.
    """
    import numpy as np

    whole_numbers, closed, numbers = array("q"), array("b"), array("d")
    for series, time, count, total, inner in histograms:
        for boundaries, lower, upper, value in inner or [(-1, math.nan, math.nan, math.nan)]:
            if not -1 <= boundaries < len(CLOSED) or (boundaries < 0 and inner):
                raise ValueError(f"{boundaries} is not a kind of bucket boundaries")
            whole_numbers.extend((series, time))
            closed.append(boundaries)
            numbers.extend((value, lower, upper, count, total))
    which = np.frombuffer(whole_numbers, dtype="int64").reshape(-1, 2) if whole_numbers else np.empty((0, 2), "int64")
    what = np.frombuffer(numbers, dtype="float64").reshape(-1, 5) if numbers else np.empty((0, 5))
    ends = np.frombuffer(closed, dtype="int8") if closed else np.empty(0, "int8")
    return Buckets(which[:, 0], which[:, 1], what[:, 0], what[:, 1], what[:, 2], ends, what[:, 3], what[:, 4])


def raw_histograms(raws: Sequence[msgspec.Raw]) -> Buckets:
    """Make arrays of histograms that are still JSON.

    Parameters
    ----------
    raws
        The ``histograms`` (or the one ``histogram``) of each series; empty where a series has none.

    Raises
    ------
    msgspec.DecodeError, ValueError
        The histograms are not in Prometheus' format.
    """
    many = msgspec.json.Decoder(list[tuple[float, _Histogram]], strict=False)
    single = msgspec.json.Decoder(tuple[float, _Histogram], strict=False)
    rows = []
    for series, raw in enumerate(raws):
        if not raw:
            continue
        text = bytes(raw).replace(b'"+Inf"', b'"Inf"').replace(b'"-0"', b'"-0.0"')  # msgspec reads these two otherwise
        pairs = many.decode(text) if text[1:2] == b"[" or text == b"[]" else [single.decode(text)]
        for seconds, histogram in pairs:
            if not is_millisecond(seconds):
                raise ValueError("finer than a millisecond")
            rows.append((series, whole(seconds, "ms"), histogram.count, histogram.sum, histogram.buckets))
    return buckets(rows)


def is_millisecond(seconds: float) -> bool:
    """Tell whether a time is a whole number of milliseconds, as nearly as a float can say it."""
    ms = seconds * 1000
    return math.isfinite(ms) and abs(ms) < 2**53 and abs(ms - round(ms)) <= max(7.5e-4, math.ulp(ms))


def whole(seconds: float, unit: str) -> int:
    """Convert a time in seconds to a whole number of milliseconds (``ms``) or microseconds (``us``)."""
    return round(seconds * (1000 if unit == "ms" else 1_000_000))
