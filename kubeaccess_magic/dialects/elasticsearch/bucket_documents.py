"""The documents of a bucket (``top_hits``, ``top_metrics``): columns if no bucket has several, else rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .. import columns

__all__ = ["documents_in", "unfolded"]

Cell = tuple[str, ...]


def documents_in(value: Mapping[str, Any]) -> list[Mapping[str, Any]] | None:
    """Find the documents in the result of an aggregation; None if it has no list of them."""
    hits, top = value.get("hits"), value.get("top")
    if isinstance(hits, dict) and isinstance(documents := hits.get("hits"), list):
        return list(map(_of_hit, documents)) if all(isinstance(hit, dict) for hit in documents) else None
    if isinstance(top, list) and all(isinstance(each, dict) and isinstance(each.get("metrics"), dict) for each in top):
        return [{**each["metrics"], **_without_lists_of_one(each, ("sort",))} for each in top]
    return None


def unfolded(rows: Sequence[dict[Cell, Any]]) -> list[dict[Cell, Any]]:
    """Put documents into rows.

    Parameters
    ----------
    rows
        Rows in which the value of a cell ``("documents", aggregation, …)`` is what `documents_in` found.

    Returns
    -------
    list
        A row for each document of the first such cell that has several in any row. The others have one column for
        each of their fields, or for the list of their documents.
    """
    cells = dict.fromkeys(cell for row in rows for cell in row if cell[0] == "documents")
    several = [cell for cell in cells if any(len(row.get(cell, ())) > 1 for row in rows)]
    if several:
        rows = [{**row, several[0]: [document]} for row in rows for document in row.get(several[0]) or [{}]]
    return [_flat(row, several[1:]) for row in rows] if cells else list(rows)


def _flat(row: Mapping[Cell, Any], kept: Sequence[Cell]) -> dict[Cell, Any]:
    flat: dict[Cell, Any] = {}
    for cell, value in row.items():
        if cell[0] != "documents":
            flat[cell] = value
        elif cell in kept:
            flat["value", *cell[1:]] = value
        else:
            fields = columns.leaves(value)[0]
            flat |= {("value", *cell[1:], *path): values[0] for path, values in fields.items()}
    return flat


def _of_hit(hit: Mapping[str, Any]) -> Mapping[str, Any]:
    """The fields of the source of a hit, and beside them what else it has."""
    source = hit.get("_source")
    others = {name: value for name, value in hit.items() if name != "_source"}
    if isinstance(others.get("fields"), dict):
        others["fields"] = _without_lists_of_one(others["fields"], tuple(others["fields"]))
    others = _without_lists_of_one(others, ("sort",))
    return {**source, **others} if isinstance(source, dict) else others


def _without_lists_of_one(values: Mapping[str, Any], names: Sequence[str]) -> dict[str, Any]:
    """The same values; a list of one of these names becomes its value."""
    return {
        name: value[0] if name in names and type(value) is list and len(value) == 1 else value
        for name, value in values.items()
        if name != "metrics"
    }
