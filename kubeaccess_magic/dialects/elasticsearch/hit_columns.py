"""Columns of hits that Elasticsearch wraps: lists of one in ``fields``, hits inside hits, and ``@timestamp``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .. import columns
from ..rows import Path
from .bucket_documents import documents_in

__all__ = ["plain_hits"]

_FIELDS = "fields"
_INNER = "inner_hits"
_TIMESTAMP = ("_source", "@timestamp")
_LIKELY_MS = range(10**11, 10**14)  # from 1973 on; seconds and nanoseconds have other lengths


def plain_hits(values: Mapping[Path, Any]) -> dict[Path, Any]:
    """Take the wrapping off columns.

    Parameters
    ----------
    values
        The columns of hits, by path.

    Returns
    -------
    dict
        The same columns. One of ``fields`` whose lists never have several values holds these values. Inner hits are
        columns where no hit has several of one name, else lists. Whole numbers of ``@timestamp`` are times, since
        that field is one by definition, in milliseconds where it is a number.
    """
    result: dict[Path, Any] = {}
    for path, column in values.items():
        if path[0] == _FIELDS and len(path) > 1 and column.dtype == object:
            result[path] = _without_lists_of_one(column)
        elif path[0] == _INNER and path[-2:] == ("hits", "hits"):
            result |= _inner_hits(path[:-2], column)
        elif path == _TIMESTAMP and str(column.dtype) in ("int64", "Int64"):
            result[path] = _times(column)
        else:
            result[path] = column
    return result


def _without_lists_of_one(column: Any) -> Any:
    values = column.tolist()
    lists = [value for value in values if type(value) is list]
    if any(len(value) != 1 or isinstance(value[0], dict | list) for value in lists):
        return column
    if len(lists) < int(column.notna().sum()):  # a value that is no list
        return column
    return columns.typed([value[0] if type(value) is list else None for value in values], dates=True)


def _inner_hits(path: Path, column: Any) -> dict[Path, Any]:
    """The documents of inner hits: columns if there is at most one for each hit."""
    documents = [documents_in({"hits": {"hits": value}}) if type(value) is list else [] for value in column.tolist()]
    if any(each is None or len(each) > 1 for each in documents):
        return {path: column}
    rows = [each[0] if each else {} for each in documents]
    return {(*path, *inner): columns.typed(values, dates=True) for inner, values in columns.leaves(rows)[0].items()}


def _times(column: Any) -> Any:
    import pandas as pd

    numbers = [None if value is pd.NA else value for value in column.tolist()]
    if not all(value is None or value in _LIKELY_MS for value in numbers):
        return column
    return columns.epoch_ms(numbers)
