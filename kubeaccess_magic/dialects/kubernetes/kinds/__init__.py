"""The columns that somebody wants first, kind by kind; and for kinds that nobody listed, what can be told.

What is shown is never the data of a ConfigMap or Secret: the names of its keys and its size are. ``wide=True`` has
all fields, those too, since somebody asked for them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from . import cluster, network, rights, storage, workloads
from .readers import Column, at, condition

__all__ = ["COLUMNS", "PARTS", "Column", "at", "condition", "plain"]

COLUMNS: dict[str, dict[str, Column]] = {
    **workloads.COLUMNS,
    **network.COLUMNS,
    **storage.COLUMNS,
    **rights.COLUMNS,
    **cluster.COLUMNS,
}
"""By group and kind, as ``apps/Deployment`` and ``/Pod``: every version of them has the same columns."""

PARTS: dict[str, Callable[[dict[str, Any]], list[dict[str, Any]]]] = cluster.PARTS

_NOT_PLAIN = frozenset({"apiVersion", "kind", "metadata", "data", "binaryData", "stringData"})


def plain(item: dict[str, Any]) -> dict[str, Any]:
    """The plain values of an object, and of the objects in it; no lists, nothing deeper, nothing that is data."""
    found: dict[str, Any] = {}
    for key, value in item.items():
        if key in _NOT_PLAIN:
            continue
        if isinstance(value, dict):
            value = {name: inner for name, inner in value.items() if not isinstance(inner, (dict, list))}
        if value is not None and not isinstance(value, list) and value != {}:
            found[key] = value
    return found
