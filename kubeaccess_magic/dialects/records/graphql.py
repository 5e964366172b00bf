"""Answers of GraphQL: their errors, and the connection whose edges are the rows."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from typing import Any

__all__ = ["Connection", "connection", "error", "is_graphql"]

_KEYS = frozenset({"data", "errors", "extensions"})
_MOST_LEVELS = 8


@dataclasses.dataclass(frozen=True)
class Connection:
    """A list of edges or nodes, with the cursor of its next page.

    Parameters
    ----------
    path
        The objects on the way to the list, the outermost first.
    key
        Its key in the last of them.
    """

    path: tuple[Mapping[str, Any], ...]
    key: str

    @property
    def rows(self) -> list[Any]:
        """The list."""
        rows: list[Any] = self.path[-1][self.key]
        return rows


def is_graphql(document: Any) -> bool:
    """Tell whether a document has the form of every answer of GraphQL, and no other."""
    return isinstance(document, dict) and document.keys() <= _KEYS and isinstance(document.get("data", {}), dict | None)


def error(document: Mapping[str, Any]) -> str | None:
    """The message of an answer that has errors and no data; None if there is data."""
    errors, data = document.get("errors"), document.get("data")
    if not isinstance(errors, list) or not errors or (data and any(value is not None for value in data.values())):
        return None
    messages = [each.get("message") for each in errors if isinstance(each, dict)]
    return "; ".join(map(str, filter(None, messages))) or "no message"


def connection(document: Mapping[str, Any]) -> Connection | None:
    """Find the only connection; None if there is none, or several."""
    data = document.get("data")
    found = list(_connections(data, (document,))) if isinstance(data, dict) else []
    return found[0] if len(found) == 1 else None


def _connections(outer: dict[str, Any], path: tuple[Mapping[str, Any], ...]) -> Iterator[Connection]:
    path = (*path, outer)
    edges, nodes = outer.get("edges"), outer.get("nodes")
    if isinstance(edges, list) and all(isinstance(edge, dict) and "node" in edge for edge in edges):
        yield Connection(path, "edges")
    elif isinstance(nodes, list) and all(isinstance(node, dict) for node in nodes):
        yield Connection(path, "nodes")
    elif len(path) <= _MOST_LEVELS:
        for value in outer.values():
            if isinstance(value, dict):
                yield from _connections(value, path)
