"""Native histograms as rows, one a bucket.

A histogram is ``{"count": "60", "sum": "100", "buckets": [[boundaries, "lower", "upper", "count"], …]}``. What its
boundaries are is said as `pandas.Interval` says it: 0 is ``right``, 1 ``left``, 2 ``neither``, 3 ``both``. One without
buckets is one row without limits, as its count and sum are there all the same.
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

_Bucket = tuple[int, float, float, float]


class _Histogram(msgspec.Struct):
    count: float
    sum: float
    buckets: list[_Bucket] = []


@dataclasses.dataclass(frozen=True)
class Buckets:
    """One entry a row: which series, when, the bucket's limits and its count, and count and sum of its histogram.

    `closed` is an index of `CLOSED`, -1 for none.
    """

    series: NDArray[np.int64]
    time: NDArray[np.int64]
    value: NDArray[np.float64]
    lower: NDArray[np.float64]
    upper: NDArray[np.float64]
    closed: NDArray[np.int8]
    count: NDArray[np.float64]
    sum: NDArray[np.float64]

    def fields(self) -> dict[str, NDArray[Any]]:
        """Each array by its name."""
        return {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}


def buckets(histograms: Iterable[tuple[int, int, float, float, Sequence[_Bucket]]]) -> Buckets:
    """Rows of histograms, each as series, time, count, sum and buckets.

    Raises
    ------
    ValueError
        A bucket says of its boundaries what nobody knows.
    """
    import numpy as np

    whole_numbers, closed, numbers = array("q"), array("b"), array("d")
    for series, time, count, total, found in histograms:
        for boundaries, lower, upper, value in found or [(-1, math.nan, math.nan, math.nan)]:
            if not -1 <= boundaries < len(CLOSED) or (boundaries < 0 and found):
                raise ValueError(f"{boundaries} tells nothing of a bucket's boundaries")
            whole_numbers.extend((series, time))
            closed.append(boundaries)
            numbers.extend((value, lower, upper, count, total))
    which = np.frombuffer(whole_numbers, dtype="int64").reshape(-1, 2) if whole_numbers else np.empty((0, 2), "int64")
    what = np.frombuffer(numbers, dtype="float64").reshape(-1, 5) if numbers else np.empty((0, 5))
    ends = np.frombuffer(closed, dtype="int8") if closed else np.empty(0, "int8")
    return Buckets(which[:, 0], which[:, 1], what[:, 0], what[:, 1], what[:, 2], ends, what[:, 3], what[:, 4])


def raw_histograms(raws: Sequence[msgspec.Raw]) -> Buckets:
    """Those of series whose ``histograms`` (or one ``histogram``) are still JSON; empty where a series has none.

    Raises
    ------
    msgspec.DecodeError, ValueError
        They are not as Prometheus writes them.
    """
    many = msgspec.json.Decoder(list[tuple[float, _Histogram]], strict=False)
    one = msgspec.json.Decoder(tuple[float, _Histogram], strict=False)
    rows = []
    for series, raw in enumerate(raws):
        if not raw:
            continue
        text = bytes(raw).replace(b'"+Inf"', b'"Inf"').replace(b'"-0"', b'"-0.0"')  # which msgspec reads otherwise
        found = many.decode(text) if text[1:2] == b"[" or text == b"[]" else [one.decode(text)]
        for seconds, histogram in found:
            if not is_millisecond(seconds):
                raise ValueError("finer than a millisecond")
            rows.append((series, whole(seconds, "ms"), histogram.count, histogram.sum, histogram.buckets))
    return buckets(rows)


def is_millisecond(seconds: float) -> bool:
    """Whether a moment is one of whole milliseconds, as near as a float can say it."""
    ms = seconds * 1000
    return math.isfinite(ms) and abs(ms) < 2**53 and abs(ms - round(ms)) <= max(7.5e-4, math.ulp(ms))


def whole(seconds: float, unit: str) -> int:
    """A moment as a whole number of ``ms`` or ``us``."""
    return round(seconds * (1000 if unit == "ms" else 1_000_000))
