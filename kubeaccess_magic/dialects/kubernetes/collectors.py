"""Collectors take the rows out of the pages of a list, one page at a time, and make one frame of them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Protocol

from ...kube import quantity
from ...text import quoted
from .. import columns
from ..budget import DEFAULT, FrameBudget
from . import fast
from .exact import rows_of
from .frames import table
from .kinds import COLUMNS, Column, at, condition, deeper_fields, extended_resources, plain

if TYPE_CHECKING:
    import pandas as pd

    from .page import Page

__all__ = ["Collector", "collector_for"]

_NAMED = 5  # fields in a note
# The fields whose values the API knows as quantities, by the name of a resource such as cpu or nvidia.com/gpu.
_OF_RESOURCES = re.compile(r"(?:^|\.)(?:capacity|allocatable|requests|limits|hard|used|usage|overhead\.podFixed)\.[^.]")


class Collector(Protocol):
    """Keeps the rows of the pages that it is given."""

    @property
    def rows(self) -> int:
        """How many rows there are so far."""

    def add(self, page: Page) -> None:
        """Take the rows of a page."""

    @property
    def notes(self) -> tuple[str, ...]:
        """Sentences about what the frame does not show."""

    def frame(self) -> pd.DataFrame:
        """All rows."""


def collector_for(page: Page, *, wide: bool, labels: Sequence[str], budget: FrameBudget = DEFAULT) -> Collector:
    """The collector for a list that begins with this page.

    Parameters
    ----------
    page
        The first page, or one object.
    wide
        Whether all fields are wanted, as dotted columns.
    labels
        Names of labels, each of which gets a column.
    budget
        What the frame may cost.
    """
    if page.head.kind == "Table":
        return _ServerTable(labels, budget)
    if wide:
        return _AllFields(labels, budget)
    group_kind = _kind_of_all(page)
    if group_kind in COLUMNS:
        return _ChosenColumns(group_kind, labels, budget)
    return _PlainValues(labels, budget)


class _ChosenColumns:
    """The columns that were chosen for a kind; of nodes, one more for each extended resource, such as GPUs."""

    notes = ()

    def __init__(self, group_kind: str, labels: Sequence[str], budget: FrameBudget) -> None:
        self._budget = budget
        self._group_kind = group_kind
        self._columns = COLUMNS[group_kind] | _label_columns(labels)
        self._may_be_fast = not labels
        self._rows: list[tuple[Any, ...]] = []
        self._has_resources = group_kind == "/Node"
        self._resources: list[dict[str, Any]] = []  # of each row

    @property
    def rows(self) -> int:
        return len(self._rows)

    def add(self, page: Page) -> None:
        rows = None
        if self._may_be_fast and not page.is_parsed and page.head.is_list:
            rows = fast.rows_of(page.body, self._group_kind)
        self._rows += rows_of(page.objects, self._group_kind, self._columns) if rows is None else rows
        if self._has_resources:
            self._resources += map(extended_resources, page.objects)

    def frame(self) -> pd.DataFrame:
        kinds = {name: kind for name, (kind, _) in self._columns.items()}
        resources = sorted({name for row in self._resources for name in row} - kinds.keys())
        if not resources:
            return table(kinds, self._rows, self._budget)
        self._budget.check_cells(self.rows, len(kinds) + len(resources))
        extra = [tuple(row.get(name) for name in resources) for row in self._resources]
        rows = [row + more for row, more in zip(self._rows, extra, strict=True)]
        return table(kinds | dict.fromkeys(resources, "number"), rows, self._budget)


class _PlainValues:
    """For kinds without chosen columns: name, readiness, the plain values of the object and one level below, age."""

    def __init__(self, labels: Sequence[str], budget: FrameBudget) -> None:
        self._budget = budget
        self._labels = _label_columns(labels)
        self._identities: list[tuple[Any, ...]] = []
        self._values: list[dict[str, Any]] = []
        self._deeper: dict[str, None] = {}  # names of fields that are not shown

    @property
    def notes(self) -> tuple[str, ...]:
        if not self._deeper:
            return ()
        names = list(self._deeper)
        shown = ", ".join(quoted(name) for name in names[:_NAMED]) + (" …" if len(names) > _NAMED else "")
        return (f"not shown: {shown}; --wide (wide=True) shows all fields",)

    @property
    def rows(self) -> int:
        return len(self._values)

    def add(self, page: Page) -> None:
        _, is_ready = condition("Ready")
        for item in page.objects:
            meta = item.get("metadata")
            identity = (at(meta, "namespace"), at(meta, "name"), item.get("kind"), is_ready(item))
            labels = [read(item) for _, read in self._labels.values()]
            self._identities.append((*identity, at(meta, "creationTimestamp"), *labels))
            self._values.append(plain(item))
            self._deeper |= dict.fromkeys(deeper_fields(item))

    def frame(self) -> pd.DataFrame:
        namespaces, names, kinds, ready, created, *labels = (
            map(list, zip(*self._identities, strict=True)) if self._identities else [[]] * (5 + len(self._labels))
        )
        first: dict[str, list[Any]] = {"namespace": namespaces} if any(namespaces) else {}
        first |= {"kind": kinds} if len({kind for kind in kinds if isinstance(kind, str)}) > 1 else {}
        first["name"] = names
        first |= {"ready": ready} if any(value is not None for value in ready) else {}
        last = {"created": created} | dict(zip(self._labels, labels, strict=True))
        values = first | columns.flatten(self._values, columns.Names([*first, *last]), budget=self._budget) | last
        kind_of = {"namespace": "text", "name": "text", "ready": "boolean", "created": "time"}
        kind_of |= dict.fromkeys(self._labels, "text")
        shown = {name: kind for name, kind in kind_of.items() if name in values}
        return columns.frame(values, self.rows, dates=True, kinds=shown, budget=self._budget)


class _AllFields:
    """All fields, as dotted columns. Nothing is lost, not even one of two equal keys. Quantities become numbers."""

    notes = ()

    def __init__(self, labels: Sequence[str], budget: FrameBudget) -> None:
        self._budget = budget
        self._labels = _label_columns(labels)
        self._objects: list[dict[str, Any]] = []

    @property
    def rows(self) -> int:
        return len(self._objects)

    def add(self, page: Page) -> None:
        self._objects += page.objects

    def frame(self) -> pd.DataFrame:
        labels = {name: [read(item) for item in self._objects] for name, (_, read) in self._labels.items()}
        fields = columns.flatten(self._objects, columns.Names(labels), budget=self._budget)
        fields = {name: _in_numbers(name, values) for name, values in fields.items()}
        return columns.frame(
            fields | labels, self.rows, dates=True, kinds=dict.fromkeys(labels, "text"), budget=self._budget
        )


def _in_numbers(name: str, values: list[Any]) -> list[Any]:
    """The numbers of a column of quantities; any other column as it is."""
    if _OF_RESOURCES.search(name) is None or any(type(value) not in (str, type(None)) for value in values):
        return values
    numbers = [quantity(value) for value in values]
    return values if any(type(number) is str for number in numbers) else numbers


class _ServerTable:
    """A Table as the server made it (F4): its cells, and the namespace of each row if the server gives it."""

    notes = ()

    def __init__(self, labels: Sequence[str], budget: FrameBudget) -> None:
        self._budget = budget
        self._labels = _label_columns(labels)
        self._names: list[str] = []
        self._rows: list[dict[str, Any]] = []

    @property
    def rows(self) -> int:
        return len(self._rows)

    def add(self, page: Page) -> None:
        document = page.document
        definitions = document.get("columnDefinitions") or ()
        self._names = self._names or [str(at(column, "name") or "") for column in definitions]  # the first page's (F4)
        for row in document.get("rows") or ():
            item = row.get("object") or {}
            meta = item.get("metadata") or {}
            namespace = {"namespace": meta["namespace"]} if "namespace" in meta else {}
            free = columns.Names([*namespace, *self._labels])
            cells = {free.free(name): cell for name, cell in zip(self._names, row["cells"], strict=True)}
            self._rows.append(namespace | cells | {name: read(item) for name, (_, read) in self._labels.items()})

    def frame(self) -> pd.DataFrame:
        names = dict.fromkeys(name for row in self._rows for name in row)
        self._budget.check_cells(self.rows, len(names))
        values: dict[str, list[Any]] = {name: [row.get(name) for row in self._rows] for name in names}
        kinds = {name: "text" for name in self._labels if values}
        values = values or {name: [] for name in [*self._names, *self._labels]}
        return columns.frame(values, self.rows, dates=True, kinds=kinds, budget=self._budget)


def _kind_of_all(page: Page) -> str:
    """Group and kind of the objects; of a plain ``List``, the kind that its objects state, if it is one for all."""
    head = page.head
    if head.kind != "List":
        return head.group_kind
    kinds = {(item.get("apiVersion"), item.get("kind")) for item in page.objects}
    if len(kinds) != 1:
        return head.group_kind
    version, kind = kinds.pop()
    return f"{str(version or '').rpartition('/')[0]}/{kind}"


def _label_columns(labels: Sequence[str]) -> dict[str, Column]:
    def column(label: str) -> Column:
        return "text", lambda item: value.get(label) if isinstance(value := at(item, "metadata.labels"), dict) else None

    return {f"labels.{label}": column(label) for label in labels}
