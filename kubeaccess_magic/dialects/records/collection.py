"""The rows of all pages of one conversation, until they become a frame."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ...errors import LoadError
from .. import columns, stated_types
from ..budget import DEFAULT, FrameBudget
from ..rows import NotRows, Rows
from . import delimited, exact, fast
from .places import Listing, RawObjects

if TYPE_CHECKING:
    import pandas as pd

    from ...reply import Reply

__all__ = ["Collection"]


class Collection:
    """Rows of any kind, page after page, at most as many as are wanted.

    Parameters
    ----------
    limit
        How many rows are wanted; None wants all.
    where
        Where the rows are in a document; None finds them.
    header
        Whether the first of several lists holds the names of the columns; None finds it out.
    budget
        The limits on the size of the frame.

    Attributes
    ----------
    seen
        How many rows the pages held, wanted or not.
    rows
        How many rows were kept.
    """

    def __init__(
        self, limit: int | None, where: str | None, header: bool | None, budget: FrameBudget = DEFAULT
    ) -> None:
        self.seen = 0
        self.rows = 0
        self._limit, self._where, self._header = limit, where, header
        self._budget = budget
        self._objects = Rows(dates=True, budget=budget)
        self._others: list[Any] = []  # one per row as soon as one is not an object; None for objects
        self._names: list[str] | None = None
        self._types: dict[str, str] = {}
        self._is_text = False  # CSV, whose values have no types

    def add(self, reply: Reply) -> Listing:
        """Keep the rows of one more page.

        Returns
        -------
        Listing
            What the page says about its rows.
        """
        if delimited.is_or_looks_delimited(reply):
            self._is_text = True
            names, cells = delimited.table(reply, self._header)
            listing = Listing(cells, names)
            self._add_values(listing)
            return listing
        quick = fast.listing_of(reply, self._where)
        if quick is not None and not stated_types.has_decimals(quick.types) and self._add_raw(quick.records):
            self._types |= quick.types
            return quick
        listing = exact.listing_of(reply, self._where, self._budget)
        self._types |= listing.types
        self._add_values(listing)
        return listing

    def frame(self) -> pd.DataFrame:
        """Make one frame of all rows, and release them."""
        lists = [other for other in self._others if type(other) is list]
        if len(lists) == self.rows and (self.rows or self._names is not None):
            return self._frame_of_lists(lists)
        if self._names is not None and self._others:
            raise LoadError(
                "the pages are of different kinds: the rows of some are lists, of others not",
                hint="leave --limit out to read one page; `-o json` shows what it holds",
            )
        series = self._objects.columns()
        names = columns.Names()
        data = dict(zip(columns.dotted(series, names, budget=self._budget), series.values(), strict=True))
        if self._others:
            self._others += [None] * (self.rows - len(self._others))
            data[names.free("value")] = columns.typed(self._others, dates=True)
        for name in self._types.keys() & data.keys():
            data[name] = stated_types.column(data[name], self._types[name])
        return columns.assembled(data, self.rows)

    def _add_raw(self, records: Sequence[Any]) -> bool:
        """Keep rows that are bytes; False, and none is kept, if one of them is no object or may not be read fast."""
        assert isinstance(records, RawObjects)
        try:
            self._objects.add(self._wanted(records))
        except NotRows:
            return False
        self._count(records)
        return True

    def _add_values(self, listing: Listing) -> None:
        records = self._without_header(listing)
        wanted = self._wanted(records)
        if self._others or not all(type(record) is dict for record in wanted):
            self._others += [None] * (self.rows - len(self._others))
            self._others += [None if type(record) is dict else record for record in wanted]
            wanted = [record if type(record) is dict else {} for record in wanted]
        self._objects.add_values(wanted)
        self._count(records)

    def _without_header(self, listing: Listing) -> Sequence[Any]:
        """The rows without names of columns, which may be the first list of all, or of each page."""
        records = listing.records
        if self._names is None:
            self._names = listing.names
        if self._is_text or not records or not all(type(record) is list for record in records):
            return records
        if self._names is None and not self.seen:
            if _begins_with_header(records) if self._header is None else self._header:
                self._names = [str(name) for name in records[0]]
                return records[1:]
        elif listing.names is None and records[0] == self._names:
            return records[1:]
        return records

    def _frame_of_lists(self, lists: list[list[Any]]) -> pd.DataFrame:
        data = _columns_of_lists(lists, self._names, self._budget)
        if self._is_text:
            data = {name: delimited.values(texts) for name, texts in data.items()}
        frame = columns.frame(data, len(lists), dates=True, budget=self._budget)
        for name in self._types.keys() & data.keys():
            frame[name] = stated_types.column(frame[name], self._types[name])
        return frame

    def _wanted(self, records: Sequence[Any]) -> Sequence[Any]:
        return records if self._limit is None else records[: max(self._limit - self.rows, 0)]

    def _count(self, records: Sequence[Any]) -> None:
        self.seen += len(records)
        self.rows = self.seen if self._limit is None else min(self.seen, self._limit)


def _begins_with_header(rows: Sequence[list[Any]]) -> bool:
    """Whether the first list holds different texts, and the others hold no text in some column."""
    first = rows[0]
    if not first or not all(type(name) is str and name for name in first) or len(set(first)) < len(first):
        return False
    below = rows[1:]
    return any(below and not any(type(row[i]) is str for row in below if i < len(row)) for i in range(len(first)))


def _columns_of_lists(rows: Sequence[list[Any]], names: list[str] | None, budget: FrameBudget) -> dict[str, list[Any]]:
    width = max(map(len, rows), default=0)
    named = list(names or ())
    budget.check_cells(len(rows), max(len(named), width), sum(map(len, rows)))
    named += [str(i) for i in range(len(named), width)]
    free = columns.Names()
    return {free.free(name): [row[i] if i < len(row) else None for row in rows] for i, name in enumerate(named)}
