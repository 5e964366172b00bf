"""Rows of MLflow: lists of keys and values become columns, numbers that are times become times."""

from __future__ import annotations

import dataclasses
from typing import Any

import pandas as pd

from .. import columns
from ..budget import FrameBudget
from ..protocol import Table
from ..records.reader import RecordsReader

__all__ = ["MlflowReader"]

# Milliseconds since 1970, wherever the API has them.
_TIMES = frozenset(
    {"start_time", "end_time", "creation_time", "last_update_time", "creation_timestamp", "last_updated_timestamp"}
    | {"timestamp"}
)
_KEYED = frozenset({"metrics", "params", "tags"})


class MlflowReader(RecordsReader):
    """Reads lists of experiments, runs, models and metrics as records, and knows what their fields mean."""

    def table(self) -> Table:
        """Make one table of all pages."""
        table = super().table()
        data: dict[str, Any] = {}
        names = columns.Names(table.frame.columns)
        for name, column in table.frame.items():
            last = str(name).rpartition(".")[2]
            if last in _TIMES and str(column.dtype) in ("int64", "Int64"):
                data[str(name)] = columns.epoch_ms([None if value is pd.NA else value for value in column.tolist()])
            elif last in _KEYED and (keyed := _by_key(column, self.budget)) is not None:
                kind = "float" if last == "metrics" else "text"
                data |= {names.free(f"{name}.{key}"): columns.of_kind(values, kind) for key, values in keyed.items()}
            else:
                data[str(name)] = column
        notes = tuple(note for note in table.notes if not note.startswith("cells hold lists"))
        return dataclasses.replace(table, frame=columns.assembled(data, len(table.frame)), notes=notes)


def _by_key(column: pd.Series, budget: FrameBudget) -> dict[str, list[Any]] | None:
    """One column of values for each key; None if these are no lists of keys and values."""
    lists = [value if type(value) is list else [] for value in column]
    if not any(lists) or not all(isinstance(item, dict) and "key" in item for items in lists for item in items):
        return None
    rows = [{str(item["key"]): item.get("value") for item in items} for items in lists]
    keys = dict.fromkeys(key for row in rows for key in row)
    budget.check_cells(len(rows), len(keys), sum(map(len, rows)))
    return {key: [row.get(key) for row in rows] for key in keys}
