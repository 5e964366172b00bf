"""Joining tables: those of many targets become one, with leading columns that tell them apart."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ..errors import LoadError
from . import columns
from .budget import DEFAULT, FrameBudget
from .protocol import Table

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["cut", "joined", "labelled", "stacked", "with_total"]

_EXACT_IN_FLOAT = 2**53


def joined(parts: Sequence[tuple[Mapping[str, str], Table]], budget: FrameBudget = DEFAULT) -> Table:
    """Concatenate the tables of several conversations.

    Parameters
    ----------
    parts
        The labels of each conversation and its table, in the order of the rows.
    budget
        The limits on the size of the frame.

    Returns
    -------
    Table
        With the union of the columns, dtypes that hold the values of all, and the sums of `rows` and `total`.

    Raises
    ------
    LoadError
        There is no part.
    """
    if not parts:
        raise LoadError("there is no answer to make a frame of", hint="give at least one Reply")
    if len(parts) == 1 and not parts[0][0]:
        return parts[0][1]
    tables = [table for _, table in parts]
    units = {table.unit for table in tables}
    has_total = any(table.total is not None for table in tables)
    return Table(
        stacked([labelled(table.frame, labels) for labels, table in parts], budget),
        rows=sum(table.rows for table in tables),
        total=sum(table.rows if table.total is None else table.total for table in tables) if has_total else None,
        unit=units.pop() if len(units) == 1 else "rows",
        total_is_lower_bound=any(table.total_is_lower_bound for table in tables),
        has_more=any(table.has_more for table in tables),
        notes=tuple(dict.fromkeys(note for table in tables for note in table.notes)),
    )


def cut(table: Table, limit: int | None) -> Table:
    """Keep at most `limit` rows of a table; None keeps all."""
    if limit is None or len(table.frame) <= limit or table.rows != len(table.frame):
        return table
    total = max(table.total or 0, table.rows)
    return dataclasses.replace(table, frame=table.frame.iloc[:limit], rows=limit, total=total, has_more=True)


def with_total(table: Table, is_partial: bool) -> Table:
    """Mark a table as incomplete where the answer says that there is more, but not how much."""
    if not is_partial:
        return table
    return dataclasses.replace(table, total=table.rows, total_is_lower_bound=True)


def labelled(frame: pd.DataFrame, labels: Mapping[str, str]) -> pd.DataFrame:
    """Add the labels as leading columns; an existing column of the same name becomes ``exported_NAME``."""
    if not labels:
        return frame
    import pandas as pd

    taken = {*frame.columns, *labels}
    exported = {}
    for name in filter(frame.columns.__contains__, labels):
        free = name
        while free in taken:
            free = f"exported_{free}"  # as Prometheus does in a scrape
        taken.add(free)
        exported[name] = free
    frame = frame.rename(columns=exported)
    in_front = {name: columns.of_kind([value] * len(frame), "text") for name, value in labels.items()}
    return pd.concat([pd.DataFrame(in_front).set_axis(frame.index), frame], axis="columns")


def stacked(frames: Sequence[pd.DataFrame], budget: FrameBudget = DEFAULT) -> pd.DataFrame:
    """Concatenate frames; each column gets a dtype that holds all values."""
    import pandas as pd

    if len(frames) == 1:
        return frames[0]
    names = dict.fromkeys(name for frame in frames for name in frame.columns)
    budget.check_cells(sum(map(len, frames)), len(names), sum(frame.size for frame in frames))
    has_plain_index = all(isinstance(frame.index, pd.RangeIndex) for frame in frames)
    index = pd.RangeIndex(sum(map(len, frames))) if has_plain_index else _index_of(frames)
    data = {name: _column([frame.get(name) for frame in frames], list(map(len, frames))) for name in names}
    for column in data.values():
        column.index = index
    return pd.DataFrame(data, index=index, copy=False)


def _index_of(frames: Sequence[pd.DataFrame]) -> pd.Index[Any]:
    index: pd.Index[Any] = frames[0].index
    return index.append([frame.index for frame in frames[1:]])


def _column(parts: Sequence[pd.Series | None], rows: Sequence[int]) -> pd.Series:
    import pandas as pd

    pieces = [part for part, count in zip(parts, rows, strict=True) if part is not None and count]
    with_values = [piece for piece in pieces if piece.notna().any()] or pieces or [p for p in parts if p is not None]
    has_gaps = len(with_values) < sum(map(bool, rows))
    dtype = _common_dtype(with_values, has_gaps=has_gaps)
    filled: list[pd.Series] = [
        part.astype(dtype)
        if part is not None and any(part is piece for piece in with_values)
        else pd.Series([None] * count, dtype=dtype)
        for part, count in zip(parts, rows, strict=True)
    ]
    return pd.concat(filled, ignore_index=True)


def _common_dtype(parts: Sequence[pd.Series], *, has_gaps: bool) -> Any:
    """The dtype that holds the values of all parts as they are."""
    import pandas as pd

    names = {str(part.dtype) for part in parts}
    if names <= {"int64", "Int64"}:
        return "Int64" if has_gaps or len(names) > 1 else names.pop()
    if names <= {"bool", "boolean"}:
        return "boolean" if has_gaps or len(names) > 1 else names.pop()
    if names <= {"int64", "Int64", "float64"}:
        whole = [part.dropna() for part in parts if part.dtype != "float64"]
        is_exact = all(not len(part) or max(-int(part.min()), int(part.max())) <= _EXACT_IN_FLOAT for part in whole)
        return "float64" if is_exact else "object"
    if len(names) == 1 and not isinstance(parts[0].dtype, pd.CategoricalDtype):
        return parts[0].dtype
    if all(isinstance(part.dtype, pd.CategoricalDtype) for part in parts):
        return pd.api.types.union_categoricals([part.array for part in parts]).dtype
    if all(isinstance(part.dtype, pd.DatetimeTZDtype) for part in parts):
        return pd.DatetimeTZDtype("ns" if any("[ns" in name for name in names) else "us", "UTC")
    return "object"
