"""Rows whose keys are known: their values, without dicts to hold them.

The rows of an answer nearly always have the keys of those before. If the keys are known, rows are read in half the
time, and a column of their values takes one pass without looking up a key.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from operator import attrgetter
from typing import Any

import msgspec

from .. import answer
from .blocks import Path

__all__ = ["NoShape", "Shape"]

_Level = tuple[type[msgspec.Struct], dict[str, Any]]
"""The type of an object, and for each of its keys the level inside, or None if its value goes into a column."""

_TEXT = frozenset({str, type(None), msgspec.UnsetType})
_MOST_COLUMNS = 1000  # msgspec compares a key with all those of its level, one after the other


class NoShape(ValueError):
    """msgspec cannot decode these keys, or the rows have different ones."""


class Shape:
    """The keys that lead to the columns of rows.

    Parameters
    ----------
    paths
        The columns.
    has_others
        Whether rows may have other keys, which are skipped.

    Raises
    ------
    NoShape
        If a column is within another one, there are too many, or msgspec cannot look for a key.
    """

    def __init__(self, paths: Collection[Path], *, has_others: bool = False) -> None:
        if len(paths) > _MOST_COLUMNS or {path[:i] for path in paths for i in range(len(path))}.intersection(paths):
            raise NoShape("too many columns, or one within another")
        tree: dict[str, Any] = {}
        for path in paths:
            node = tree
            for key in path:
                node = node.setdefault(key, {})
        try:
            self._level = _level(tree, has_others)
            self._decode = msgspec.json.Decoder(list[self._level[0]]).decode  # type: ignore[name-defined]  # made here
        except (ValueError, RecursionError) as error:
            raise NoShape(str(error)) from None

    def leaves(self, body: bytes) -> tuple[dict[Path, list[Any]], int]:
        """Read a list of rows.

        Parameters
        ----------
        body
            A JSON list of objects.

        Returns
        -------
        tuple
            What `columns.leaves` makes of the rows, in any order, perhaps without columns that have no value; and how
            many keys the rows have, including those of objects in lists.

        Raises
        ------
        NoShape
            A row has another key, or an object where others have a value, or a value where others have an object.
        """
        try:
            rows: list[Any] = self._decode(body)
        except (msgspec.DecodeError, ValueError, RecursionError) as error:
            raise NoShape(str(error)) from None
        leaves: dict[Path, list[Any]] = {}
        keys = 0
        stack: list[tuple[Path, _Level, list[Any]]] = [((), self._level, rows)]
        while stack:
            path, (_, inner), rows = stack.pop()
            for i, (key, level) in enumerate(inner.items()):
                values: list[Any] = list(map(attrgetter(f"f{i}"), rows))
                kinds = set(map(type, values))
                keys += len(values)
                if msgspec.UnsetType in kinds:
                    keys -= values.count(msgspec.UNSET)
                    values = [None if value is msgspec.UNSET else value for value in values]
                if level is not None:
                    nothing = level[0]()
                    if kinds != {level[0]}:
                        values = [nothing if value is None else value for value in values]
                    stack.append(((*path, key), level, values))
                elif dict in kinds:
                    raise NoShape("there is an object in place of a value")
                elif kinds - {msgspec.UnsetType}:
                    leaves[*path, key] = _shared(values) if kinds <= _TEXT else values
                    keys += answer.keys_of(values) if list in kinds else 0
        return leaves, keys


def _shared(values: list[Any]) -> list[Any]:
    """The same texts; of equal ones only one is kept, if that saves memory."""
    texts = dict(zip(values, values, strict=True))
    return list(map(texts.get, values)) if 4 * len(texts) < len(values) else values


def _level(tree: Mapping[str, Any], has_others: bool) -> _Level:
    inner = {key: _level(node, has_others) if node else None for key, node in tree.items()}
    fields: list[tuple[str, Any, Any]] = [
        (f"f{i}", Any if level is None else level[0] | None | msgspec.UnsetType, msgspec.UNSET)
        for i, level in enumerate(inner.values())
    ]
    rename = {f"f{i}": key for i, key in enumerate(inner)}
    row_type = msgspec.defstruct("Row", fields, rename=rename, gc=False, forbid_unknown_fields=not has_others)
    return row_type, inner
