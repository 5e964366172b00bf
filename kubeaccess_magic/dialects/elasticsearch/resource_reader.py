"""The reader of `resources`: one row per resource, its properties as dotted columns."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from .. import columns
from ..protocol import Table
from ..readers import SingleAnswerReader
from .single_answers import object_of

if TYPE_CHECKING:
    from ...reply import Reply
    from .resources import ResourceApi

__all__ = ["ResourceReader"]

# These settings are names, which stay text even if all of them happen to be made of digits.
_NAMES = re.compile(r"(?:.*\.)?(?:index|uuid|provided_name|name|_name|value|history_uuid)")
_TIMES_MS = re.compile(r"(?:.*\.)?creation_date")


class ResourceReader(SingleAnswerReader):
    """Reads information about a cluster, its nodes or its indices.

    Parameters
    ----------
    api
        How the answer becomes rows.
    limit
        How many rows of each conversation at most.
    """

    def __init__(self, api: ResourceApi, limit: int | None = None) -> None:
        super().__init__(limit)
        self._api = api

    def read(self, reply: Reply) -> Table:
        """Make a table of the answer."""
        api, document = self._api, object_of(reply)
        self.budget.check_bytes(_names_size(document), "the dotted names of its fields")
        rows = list(api.rows(document))
        note = api.note(document)
        notes = (note,) if note is not None else ()
        total = len(rows)
        rows = rows[: self.limit]
        is_cut = len(rows) < total
        frame = (
            columns.empty(api.columns)
            if not rows
            else self._frame(columns.flatten(rows, budget=self.budget), len(rows))
        )
        return Table(frame, len(rows), total if is_cut else None, api.unit, has_more=is_cut, notes=notes)

    def _frame(self, data: dict[str, list[Any]], rows: int) -> Any:
        if not self._api.has_text_numbers:
            return columns.frame(data, rows, dates=True, budget=self.budget)
        data = {name: _numbers(name, values) for name, values in data.items()}
        frame = columns.frame(data, rows, dates=True, budget=self.budget)
        for name, values in data.items():
            if _is_time(name, values):
                frame[name] = columns.epoch_ms(values)
        return frame


def _names_size(document: Any) -> int:
    """How long all dotted names are together: a long key stands in the name of everything below it."""
    size = 0
    stack = [(0, document)]
    while stack:
        length, value = stack.pop()
        if isinstance(value, dict):
            for key, inner in value.items():
                size += length + len(key)
                if isinstance(inner, dict):
                    stack.append((length + len(key) + 1, inner))
    return size


def _numbers(name: str, values: list[Any]) -> list[Any]:
    """Make numbers of settings, which are all text, if each value is one and the column does not hold names."""
    if _NAMES.fullmatch(name):
        return values
    numbers = columns.numbers(values)
    return values if numbers is None else numbers


def _is_time(name: str, values: list[Any]) -> bool:
    return _TIMES_MS.fullmatch(name) is not None and all(value is None or type(value) is int for value in values)
