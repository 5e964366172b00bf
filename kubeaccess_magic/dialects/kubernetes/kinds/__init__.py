"""The columns that are shown of each kind of object, and the plain values that are shown of all other kinds.

Of a ConfigMap or Secret only the names of its keys and its size are shown, never its data. ``wide=True`` shows all
fields, the data too.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from . import administration, network, rights, storage, workloads
from .administration import extended_resources
from .values import Column, at, condition

__all__ = ["COLUMNS", "PARTS", "Column", "at", "condition", "deeper_fields", "extended_resources", "plain"]

COLUMNS: dict[str, dict[str, Column]] = {
    **workloads.COLUMNS,
    **network.COLUMNS,
    **storage.COLUMNS,
    **rights.COLUMNS,
    **administration.COLUMNS,
}
"""By group and kind, such as ``apps/Deployment`` and ``/Pod``: all versions of a kind have the same columns."""

PARTS: dict[str, Callable[[dict[str, Any]], list[dict[str, Any]]]] = administration.PARTS
"""The kinds that have one row per part of an object, and what gives the parts. Columns find a part as ``part``."""

_NOT_PLAIN = frozenset({"apiVersion", "kind", "metadata", "data", "binaryData", "stringData"})


def plain(item: dict[str, Any]) -> dict[str, Any]:
    """The plain values of an object and one level below; no lists, and no data of a ConfigMap or Secret."""
    values: dict[str, Any] = {}
    for key, value in item.items():
        if key in _NOT_PLAIN:
            continue
        if isinstance(value, dict):
            value = {name: inner for name, inner in value.items() if not isinstance(inner, (dict, list))}
        if value is not None and not isinstance(value, list) and value != {}:
            values[key] = value
    return values


def deeper_fields(item: dict[str, Any]) -> list[str]:
    """The names of the fields of an object that `plain` leaves out because they are nested or lists."""
    names: list[str] = []
    for key, value in item.items():
        if key in _NOT_PLAIN:
            continue
        if isinstance(value, dict):
            names += [f"{key}.{name}" for name, inner in value.items() if inner and isinstance(inner, (dict, list))]
        elif value and isinstance(value, list):
            names.append(key)
    return names
