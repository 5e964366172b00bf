"""Rows of any objects, whatever is in them: a value that is not what its kind says becomes a gap.

`fast` reads the same rows from pages of pods and services.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from .kinds import PARTS, Column

__all__ = ["rows_of", "value_of"]


def rows_of(objects: Iterable[dict[str, Any]], group_kind: str, columns: Mapping[str, Column]) -> list[tuple[Any, ...]]:
    """The rows of objects of one kind.

    Parameters
    ----------
    objects
        Plain JSON.
    group_kind
        Their group and kind. An object of one of `kinds.PARTS` has one row per part, but at least one.
    columns
        The columns, by name.

    Returns
    -------
    list of tuple
        One value per column.
    """
    parts = PARTS.get(group_kind)
    if parts is not None:
        objects = _parts(objects, parts)
    reads = [read for _, read in columns.values()]
    return [tuple(value_of(read, item) for read in reads) for item in objects]


def _parts(
    objects: Iterable[dict[str, Any]], parts: Callable[[dict[str, Any]], list[dict[str, Any]]]
) -> Iterator[dict[str, Any]]:
    """Each object once per part. It is the same copy each time, so that many parts of a large object cost little."""
    for item in objects:
        shown = dict(item)
        for part in value_of(parts, item) or [{}]:
            shown["part"] = part
            yield shown


def value_of(read: Callable[[dict[str, Any]], Any], item: dict[str, Any]) -> Any:
    """What `read` finds in an object; None if the object is not at all what its kind says."""
    try:
        return read(item)
    except (AttributeError, TypeError, KeyError, ValueError, IndexError):
        return None
