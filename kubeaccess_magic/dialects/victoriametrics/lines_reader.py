"""Samples as JSON lines: each has the labels of a series, its values, and their times in milliseconds."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import msgspec

from ...errors import LoadError
from .. import answer
from ..prometheus.reader import PrometheusReader
from ..prometheus.sample_page import SamplePage

if TYPE_CHECKING:
    from ...reply import Reply

__all__ = ["LinesReader"]


class _Series(msgspec.Struct, gc=False):
    """A line. Not a number is null, and infinity is text."""

    metric: dict[str, str]
    values: list[float | str | None]
    timestamps: list[int]


class LinesReader(PrometheusReader):
    """Reads exported samples into one table, as those of Prometheus."""

    def _read(self, conversation: Any, reply: Reply) -> None:
        answer.refuse_empty(reply)
        try:
            page = _page(_fast(reply.content) or _exact(reply))
        except (ValueError, OverflowError) as error:
            raise LoadError(
                f"this is not an export of VictoriaMetrics: {error}", reply=reply, hint="see it with -o text"
            ) from None
        conversation.pages.append(page)
        conversation.rows += page.timestamps() if self._wide and self._limit is not None else page.rows


def _fast(body: bytes) -> list[_Series] | None:
    """Read all lines; None if a line has anything else, or a key twice."""
    try:
        series = msgspec.json.Decoder(_Series).decode_lines(body)
    except (msgspec.DecodeError, RecursionError):
        return None
    keys = sum(len(each.metric) + 3 for each in series)
    return series if answer.keys_are_certain(body, keys) else None


def _exact(reply: Reply) -> list[_Series]:
    """Read line by line.

    Raises
    ------
    LoadError, ValueError
        A line is no JSON, or does not have samples.
    """
    documents, _ = answer.documents(reply)
    series = []
    for number, document in enumerate(documents, start=1):
        try:
            metric = {name: str(value) for name, value in document["metric"].items()}
            series.append(_Series(metric, list(document["values"]), list(document["timestamps"])))
        except (KeyError, TypeError, AttributeError):
            raise ValueError(f"line {number:,} has no samples") from None
    return series


def _page(series: Iterable[_Series]) -> SamplePage:
    """Put the lines of each series together; there are several if it is long.

    Raises
    ------
    ValueError, OverflowError
        A value is not a number, or a time not a whole one.
    """
    import numpy as np

    merged: dict[frozenset[tuple[str, str]], tuple[dict[str, str], list[Any], list[Any]]] = {}
    for each in series:
        if len(each.values) != len(each.timestamps):
            raise ValueError("a series has not as many values as times")
        _, values, times = merged.setdefault(frozenset(each.metric.items()), (each.metric, [], []))
        values.append(_floats(each.values))
        times.append(_whole(each.timestamps))
    metrics = [metric for metric, _, _ in merged.values()]
    value = [array for _, arrays, _ in merged.values() for array in arrays]
    time = [array for _, _, arrays in merged.values() for array in arrays]
    counts = np.array([sum(map(len, arrays)) for _, _, arrays in merged.values()], dtype="int64")
    return SamplePage(metrics, counts, np.concatenate([_whole([]), *time]), np.concatenate([_floats([]), *value]))


def _floats(values: list[Any]) -> Any:
    import numpy as np

    if any(isinstance(value, (list, dict, bool)) for value in values):
        raise ValueError("a value is not a number")
    return np.array(values, dtype=float)


def _whole(times: list[Any]) -> Any:
    import numpy as np

    if set(map(type, times)) - {int}:
        raise ValueError("a time is not a whole number of milliseconds")
    return np.array(times, dtype="int64")
