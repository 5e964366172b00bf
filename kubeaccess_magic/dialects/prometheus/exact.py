"""The exact way to read samples: one by one, as Python values. Its errors say what is wrong, and where."""

from __future__ import annotations

import dataclasses
import json
import math
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NoReturn

from ...errors import LoadError
from .native_histograms import buckets, is_millisecond, whole
from .sample_page import SamplePage

if TYPE_CHECKING:
    from ...reply import Reply

__all__ = ["number", "read"]

_NUMBER = re.compile(r"[-+]?(?:(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d+)?|inf(?:inity)?|nan)", re.ASCII | re.IGNORECASE)
_HEXADECIMAL = re.compile(r"[-+]?0[xX][0-9a-fA-F]{1,20}(?:\.[0-9a-fA-F]{1,20})?[pP][-+]?\d{1,5}")  # as Go reads it
_RESULT_TYPES = ("vector", "matrix")
_LATEST_S = 2**53 / 1000


def read(document: Any, reply: Reply) -> SamplePage | None:
    """Read the samples of a vector or a matrix one by one.

    Parameters
    ----------
    document
        The JSON of the answer.
    reply
        The answer, for errors.

    Returns
    -------
    SamplePage or None
        None if the answer is something else.

    Raises
    ------
    LoadError
        The answer claims to be a vector or a matrix but does not have its form.
    """
    data = document.get("data") if isinstance(document, dict) else None
    if not isinstance(data, dict) or document.get("status") != "success":
        return None
    is_empty = data.get("resultType") == "" and data.get("result") in (None, [])  # as Cortex says that there is nothing
    if not is_empty and data.get("resultType") not in _RESULT_TYPES:
        return None
    samples = _Samples(reply)
    for series in _listed(data.get("result") or [], "data.result", reply):
        samples.add(series)
    envelope = {key: document.get(key) for key in ("warnings", "infos", "isPartial")}
    return samples.page(envelope | {"stats": bool(data.get("stats"))})


def number(value: Any) -> float:
    """Read a number that stands as JSON, or as text as Go writes it; null is NaN.

    Raises
    ------
    ValueError
        The value is not a number.
    """
    if isinstance(value, str):
        text = value.strip(" \t")
        if _HEXADECIMAL.fullmatch(text) is not None:
            return float.fromhex(text)
        if _NUMBER.fullmatch(text) is None:
            raise ValueError(f"{value[:40]!r} is not a number")
        return float(text)
    if value is None:
        return math.nan
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise ValueError(f"{str(value)[:40]!r} is not a number")
    return float(value)


@dataclasses.dataclass
class _Samples:
    """Samples while they are read, series by series; times in seconds."""

    reply: Reply
    metrics: list[dict[str, str]] = dataclasses.field(default_factory=list)
    counts: list[int] = dataclasses.field(default_factory=list)
    pairs: list[tuple[float, float]] = dataclasses.field(default_factory=list)
    histograms: list[tuple[int, float, Any]] = dataclasses.field(default_factory=list)

    def add(self, series: Any) -> None:
        at = len(self.metrics)
        where = f"data.result[{at}]"
        if not isinstance(series, dict) or not isinstance(series.get("metric", {}), dict):
            _refuse(f"{where} is not a series", self.reply)
        labels = series.get("metric", {})
        self.metrics.append({k: v if isinstance(v, str) else json.dumps(v) for k, v in labels.items()})
        values = self._samples(series, "values", where)
        self.counts.append(len(values))
        self.pairs += values
        self.histograms += [(at, seconds, value) for seconds, value in self._samples(series, "histograms", where)]

    def _samples(self, series: Mapping[str, Any], key: str, where: str) -> list[tuple[float, Any]]:
        """Read the list of ``values`` or ``histograms`` of a series, or its one ``value`` or ``histogram``."""
        read_value = number if key == "values" else _histogram
        singular = key.removesuffix("s")
        samples = series.get(key) or ([series[singular]] if singular in series else [])
        pairs = []
        for at, sample in enumerate(_listed(samples, f"{where}.{key}", self.reply)):
            try:
                seconds, value = sample
                pairs.append((_seconds(seconds), read_value(value)))
            except (ValueError, TypeError, KeyError, OverflowError) as error:
                _refuse(f"{where}.{key}[{at}] is not a sample: {error}", self.reply)
        return pairs

    def page(self, envelope: dict[str, Any]) -> SamplePage:
        import numpy as np

        times = (*(seconds for seconds, _ in self.pairs), *(seconds for _, seconds, _ in self.histograms))
        unit = "ms" if all(map(is_millisecond, times)) else "us"
        bucket_arrays = None
        if self.histograms:
            rows = ((at, whole(seconds, unit), *histogram) for at, seconds, histogram in self.histograms)
            try:
                bucket_arrays = buckets(rows)
            except ValueError as error:
                _refuse(f"a native histogram cannot be read: {error}", self.reply)
        time = np.array([whole(seconds, unit) for seconds, _ in self.pairs], dtype="int64")
        value = np.array([value for _, value in self.pairs], dtype=float)
        counts = np.array(self.counts, dtype="int64")
        return SamplePage(self.metrics, counts, time, value, unit, bucket_arrays, envelope)


def _seconds(value: Any) -> float:
    seconds = number(value)
    if not abs(seconds) < _LATEST_S:
        raise ValueError(f"{value!r} is not a time")
    return seconds


def _histogram(value: Mapping[str, Any]) -> tuple[float, float, list[tuple[int, float, float, float]]]:
    if any(isinstance(bucket, list) and len(bucket) != 4 for bucket in value.get("buckets") or ()):
        raise ValueError("it is a native histogram in a form that is not known (leave histogram_format out)")
    rows = [
        (int(boundaries), number(lower), number(upper), number(count))
        for boundaries, lower, upper, count in value.get("buckets") or []
    ]
    return number(value["count"]), number(value["sum"]), rows


def _listed(value: Any, where: str, reply: Reply) -> list[Any]:
    if not isinstance(value, list):
        _refuse(f"{where} is not a list", reply)
    return value


def _refuse(reason: str, reply: Reply) -> NoReturn:
    raise LoadError(f"this is not an answer of Prometheus: {reason}", reply=reply, hint="see it with -o json")
