"""The rows of a list, page by page: what a page holds is taken out of it, and the page is let go.

Each of these has ``add`` for a page, ``clear`` to begin anew, and ``frame``. Lists of pods and services come by `slim`
objects; a page with one that is not what its kind says is read as plain JSON instead, by `kinds.COLUMNS`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Protocol

import msgspec

from ...errors import LoadError
from .. import answer, columns
from .frames import table
from .heads import Head
from .kinds import COLUMNS, PARTS, Column, at, condition, plain
from .slim import TYPED

if TYPE_CHECKING:
    import pandas as pd

    from ...reply import Reply

__all__ = ["Gathering", "gathering"]


class Gathering(Protocol):
    """Rows that come page by page."""

    def add(self, reply: Reply, head: Head) -> None:
        """Take the rows of a page."""

    def clear(self) -> None:
        """Forget all that came."""

    def frame(self) -> pd.DataFrame:
        """All rows."""


def gathering(head: Head, *, wide: bool, labels: Sequence[str]) -> Gathering:
    """What takes the rows of a list that begins so.

    Parameters
    ----------
    head
        Of the first page.
    wide
        All fields, as dotted columns.
    labels
        Names of labels, each a column more.
    """
    if head.kind == "Table":
        return _ServerTable(labels)
    if wide:
        return _Wide(labels)
    if head.group_kind in COLUMNS:
        return _Chosen(head.group_kind, labels)
    return _Generic(labels)


class _Chosen:
    """The columns that somebody wants first."""

    def __init__(self, group_kind: str, labels: Sequence[str]) -> None:
        self._columns = COLUMNS[group_kind] | _label_columns(labels)
        self._parts = PARTS.get(group_kind)
        self._typed = None if labels else TYPED.get(group_kind)
        self._rows: list[tuple[Any, ...]] = []

    def add(self, reply: Reply, head: Head) -> None:
        rows = self._typed_rows(reply, head)
        if rows is None:
            items = _items(reply, head)
            if self._parts is not None:
                items = [item | {"part": part} for item in items for part in self._parts_of(item)]
            reads = [read for _, read in self._columns.values()]
            rows = [tuple(_value(read, item) for read in reads) for item in items]
        self._rows += rows

    def _parts_of(self, item: dict[str, Any]) -> list[dict[str, Any]]:
        """One that has no parts has a row all the same: it is there."""
        parts: list[dict[str, Any]] | None = _value(self._parts, item) if self._parts is not None else None
        return parts or [{}]

    def _typed_rows(self, reply: Reply, head: Head) -> list[tuple[Any, ...]] | None:
        """The same, quickly; None where an object is not what its kind says."""
        if self._typed is None or not head.is_list:
            return None
        try:
            return self._typed(reply.content)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return None

    def clear(self) -> None:
        self._rows.clear()

    def frame(self) -> pd.DataFrame:
        return table({name: kind for name, (kind, _) in self._columns.items()}, self._rows)


class _Generic:
    """Kinds that nobody listed: who, whether Ready, plain values at the top and one below (spec, status), when made."""

    def __init__(self, labels: Sequence[str]) -> None:
        self._labels = _label_columns(labels)
        self._who: list[tuple[Any, ...]] = []
        self._plain: list[dict[str, Any]] = []

    def add(self, reply: Reply, head: Head) -> None:
        _, is_ready = condition("Ready")
        for item in _items(reply, head):
            meta = item.get("metadata")
            who = [at(meta, "namespace"), at(meta, "name"), item.get("kind"), is_ready(item)]
            labels = [read(item) for _, read in self._labels.values()]
            self._who.append((*who, at(meta, "creationTimestamp"), *labels))
            self._plain.append(plain(item))

    def clear(self) -> None:
        self._who.clear()
        self._plain.clear()

    def frame(self) -> pd.DataFrame:
        count = len(self._plain)
        namespaces, names, kinds, ready, created, *labels = (
            map(list, zip(*self._who, strict=True)) if count else [[]] * (5 + len(self._labels))
        )
        first: dict[str, list[Any]] = {"namespace": namespaces} if any(namespaces) else {}
        first |= {"kind": kinds} if len({kind for kind in kinds if isinstance(kind, str)}) > 1 else {}
        first["name"] = names
        first |= {"ready": ready} if any(value is not None for value in ready) else {}
        last = {"created": created} | dict(zip(self._labels, labels, strict=True))
        fields = columns.flatten(self._plain, columns.Names([*first, *last]))
        of_kind = {"namespace": "text", "name": "text", "ready": "boolean", "created": "time"}
        of_kind |= dict.fromkeys(self._labels, "text")
        found = first | fields | last
        return columns.frame(found, count, dates=True, kinds={k: v for k, v in of_kind.items() if k in found})


class _Wide:
    """All fields, as dotted columns; nothing is lost, also of two equal keys."""

    def __init__(self, labels: Sequence[str]) -> None:
        self._labels = _label_columns(labels)
        self._items: list[dict[str, Any]] = []

    def add(self, reply: Reply, head: Head) -> None:
        self._items += _items(reply, head, keep_equal_keys=True)

    def clear(self) -> None:
        self._items.clear()

    def frame(self) -> pd.DataFrame:
        labels = {name: [read(item) for item in self._items] for name, (_, read) in self._labels.items()}
        fields = columns.flatten(self._items, columns.Names(labels))
        kinds = dict.fromkeys(labels, "text")
        return columns.frame(fields | labels, len(self._items), dates=True, kinds=kinds)


class _ServerTable:
    """A Table as the server made it (F4): its cells, and whose they are where it says so."""

    def __init__(self, labels: Sequence[str]) -> None:
        self._labels = _label_columns(labels)
        self._names: list[str] = []
        self._rows: list[dict[str, Any]] = []

    def add(self, reply: Reply, head: Head) -> None:
        page = answer.json_of(reply)
        # Only the first page has to name them (F4).
        self._names = self._names or [str(at(one, "name") or "") for one in page.get("columnDefinitions") or ()]
        for row in page.get("rows") or ():
            item = row.get("object") or {}
            meta = item.get("metadata") or {}
            whose = {"namespace": meta["namespace"]} if "namespace" in meta else {}
            free = columns.Names([*whose, *self._labels])
            cells = {free.free(name): cell for name, cell in zip(self._names, row["cells"], strict=True)}
            self._rows.append(whose | cells | {name: read(item) for name, (_, read) in self._labels.items()})

    def clear(self) -> None:
        self._rows.clear()

    def frame(self) -> pd.DataFrame:
        names = dict.fromkeys(name for row in self._rows for name in row)
        found: dict[str, list[Any]] = {name: [row.get(name) for row in self._rows] for name in names}
        kinds = {name: "text" for name in self._labels if found}
        return columns.frame(
            found or {name: [] for name in [*self._names, *self._labels]}, len(self._rows), dates=True, kinds=kinds
        )


def _label_columns(labels: Sequence[str]) -> dict[str, Column]:
    def column(label: str) -> Column:
        return "text", lambda item: value.get(label) if isinstance(value := at(item, "metadata.labels"), dict) else None

    return {f"labels.{label}": column(label) for label in labels}


def _value(read: Callable[[dict[str, Any]], Any], item: dict[str, Any]) -> Any:
    """The value of a column; a gap where an object is not at all what its kind says."""
    try:
        return read(item)
    except (AttributeError, TypeError, KeyError, ValueError, IndexError):
        return None


def _items(reply: Reply, head: Head, *, keep_equal_keys: bool = False) -> list[dict[str, Any]]:
    """The objects of a page as plain JSON. Of two equal keys the last one counts, as for the API server itself."""
    page: Any = None
    if not keep_equal_keys:
        try:
            page = msgspec.json.decode(reply.content)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            pass  # what it cannot read, the slower one can, or says where it is broken
    if page is None:
        page = answer.json_of(reply)
    items = (page.get("items") or []) if head.is_list else [page]
    if not all(isinstance(item, dict) for item in items):
        raise LoadError("the answer's items are no objects", reply=reply, hint="see it with -o json")
    return list(items)
