"""Hints which ``--rows`` would unfold lists inside one wide row, or inside cells."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

__all__ = ["MOST_ROWS", "in_cells", "in_document"]

MOST_ROWS = 20
"""How many rows are looked at."""

_MOST_LEVELS = 4
_MOST_NAMED = 3
_NOT_IN_A_PATH = frozenset(" \t\r\n\"'`")


def in_document(document: Mapping[str, Any]) -> str | None:
    """Name the lists in an object that became one row.

    Lists of objects come first; else objects whose keys are names of rows; else other lists.
    """
    lists = list(_lists(document, "", _MOST_LEVELS))
    paths = [path for path, value in lists if _are_objects(value)] or list(_keyed(document))
    return _sentence("one row of the whole answer", paths or [path for path, value in lists if value])


def in_cells(rows: Sequence[Mapping[str, Any]], where: str) -> str | None:
    """Name the lists of objects in the cells of rows.

    Parameters
    ----------
    rows
        The first rows.
    where
        The path to the rows; "" if they are the whole answer.
    """
    paths: dict[str, None] = {}
    for row in rows[:MOST_ROWS]:
        if isinstance(row, dict):
            paths |= {path: None for path, value in _lists(row, "", _MOST_LEVELS) if _are_objects(value)}
    return _sentence("cells hold lists", [f"{where}[].{path}" for path in paths])


def _lists(outer: Mapping[str, Any], prefix: str, levels: int) -> Iterator[tuple[str, list[Any]]]:
    for key, value in outer.items():
        if type(value) is list:
            yield prefix + key, value
        elif type(value) is dict and levels > 1:
            yield from _lists(value, f"{prefix}{key}.", levels - 1)


def _keyed(document: Mapping[str, Any]) -> Iterator[str]:
    """Paths with ``*`` at the end, where all values of an object are objects, or all are lists."""
    values = [*document.values()]
    if _are_objects(values) or (len(values) > 1 and all(type(value) is list for value in values)):
        yield "*"
    for key, value in document.items():
        if type(value) is dict and value and _are_objects([*value.values()]):
            yield f"{key}.*"


def _are_objects(values: list[Any]) -> bool:
    return bool(values) and all(type(value) is dict for value in values)


def _sentence(what: str, paths: Sequence[str]) -> str | None:
    named = [path for path in paths if _NOT_IN_A_PATH.isdisjoint(path) and path.isprintable()][:_MOST_NAMED]
    if not named:
        return None
    return f"{what}: {' or '.join(f'--rows {path}' for path in named)} makes one row per item"
