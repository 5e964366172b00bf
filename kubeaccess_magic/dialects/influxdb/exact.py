"""The exact way to read the rows of annotated CSV: cell by cell."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from .. import columns
from ..records import delimited
from .times import in_nanoseconds, nanoseconds

if TYPE_CHECKING:
    import pandas as pd
    from pandas.api.extensions import ExtensionArray

__all__ = ["read", "rows"]

_FLAGS = {"true": True, "false": False}
_READERS: dict[str, Callable[[str], Any]] = {
    "long": int,
    "unsignedLong": int,
    "double": float,
    "boolean": _FLAGS.__getitem__,
}


def read(names: Sequence[str], kinds: Sequence[str], defaults: Sequence[str], data: bytes) -> pd.DataFrame:
    """Make a frame of rows, the first cell of which is left out.

    Parameters
    ----------
    names
        Of the columns.
    kinds, defaults
        What ``#datatype`` and ``#default`` say of each column; empty if they are not there.
    data
        The rows.

    Raises
    ------
    csv.Error, ValueError
        The text is not CSV, or a row has the wrong number of cells.
    """
    cells = rows(data)
    for number, row in enumerate(cells, start=1):
        if len(row) != len(names) + 1:
            raise ValueError(f"row {number:,} has {len(row)} cells, and not {len(names) + 1}")
    table = {}
    for at, name in enumerate(names):
        default = defaults[at] if defaults else ""
        table[name] = _column([row[at + 1] or default or None for row in cells], kinds[at] if kinds else None)
    return columns.assembled(table, len(cells))


def rows(data: bytes) -> list[list[str]]:
    """Read the cells of all lines that are not empty."""
    return [row for row in csv.reader(io.StringIO(data.decode(), newline=""), strict=True) if row]


def _column(texts: Sequence[str | None], kind: str | None) -> pd.Series | ExtensionArray:
    if kind is None:
        values = delimited.values(texts)
        moments = columns.utc(values) if any(values) and set(map(type, values)) <= {str, type(None)} else None
        return columns.typed(values) if moments is None else in_nanoseconds(moments)
    if kind.startswith("dateTime"):
        moments = nanoseconds(texts)
        return columns.of_kind(texts, "text") if moments is None else moments
    if kind not in _READERS:
        return columns.of_kind(texts, "text")
    convert = _READERS[kind]
    try:
        values = [None if text is None else convert(text) for text in texts]
    except (ValueError, KeyError):  # it is not what the annotation says
        return columns.of_kind(texts, "text")
    return columns.of_kind(values, "float") if kind == "double" else _typed(values, kind)


def _typed(values: Sequence[Any], kind: str) -> pd.Series | ExtensionArray:
    """The dtype of a column of whole numbers or flags, also if it has no value."""
    if any(value is not None for value in values):
        return columns.typed(values)
    return columns.of_kind(values, "boolean" if kind == "boolean" else "Int64")
