"""The dialect of rows of any origin: which answers it takes, which pages it asks for, and the frame of them all."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from ...errors import AppError, LoadError
from .. import Loaded, Pages, Step, answer, columns
from ..rows import NotRows, Rows
from . import delimited, paging
from .body import in_outline
from .places import Found, Raws, found_in

if TYPE_CHECKING:
    import pandas as pd

    from ...reply import Reply
    from ...request import Request

__all__ = ["Records"]


class Records:
    """The dialect of any list of objects; it is asked last."""

    name = "records"

    def asks(self, request: Request) -> bool:
        """No path says that records will come."""
        return False

    def ask(self, request: Request, limit: int | None) -> Request:
        """Nothing is filled in: no parameter means a limit everywhere."""
        return request

    def takes(self, request: Request, reply: Reply) -> bool:
        """JSON or CSV by its type, or text that is plainly one of them."""
        if answer.is_html(reply):
            return False
        if answer.is_json(reply) or delimited.is_delimited(reply):
            return True
        if not answer.looks_like_json(reply):
            return delimited.looks_delimited(reply)
        try:
            answer.documents(reply)
        except LoadError:
            return False
        return True

    def pages(self, request: Request, limit: int | None) -> Pages:
        """With a limit, the pages that an answer names, or that the parameters of a GET number."""
        rows, step, is_told = 0, Step(request), True
        seen: set[tuple[int, int]] = set()
        while True:
            try:
                reply = yield step
            except AppError:
                if is_told:
                    raise
                return  # no answer told of that page, and there is none
            if limit is None or not paging.is_possible(reply) or _is_seen(reply, seen):
                return
            found = _about(reply)
            rows += len(found.records)
            following = paging.following(reply, found)
            if rows >= limit or not isinstance(following, paging.Following):
                return
            if not following.is_told and found.of is not None and rows >= found.of:
                return
            step, is_told = Step(following.request, True, rows, found.of), following.is_told

    def load(
        self,
        replies: Iterable[Reply],
        *,
        limit: int | None = None,
        rows: str | None = None,
        header: bool | None = None,
    ) -> Loaded:
        """One row an object, nested ones as dotted columns.

        Parameters
        ----------
        replies
            The pages.
        limit
            At most so many rows.
        rows
            Where the rows are: names of keys with dots between. ``"."`` means the whole answer, as one row if it is an
            object; ``"*"`` or ``"a.*"`` one row a key of an object, the key as a column.
        header
            Of lists of lists and of CSV: whether the first one holds the names of the columns. None: if it looks so.
        """
        gathered = _Gathered(limit, header)
        of, is_more, notes = None, False, dict[str, None]()
        seen: set[tuple[int, int]] = set()
        for reply in replies:
            if limit is not None and _is_seen(reply, seen):
                notes["the app sent the same page again: what it was asked for does not lead to the next one"] = None
                break
            found = gathered.add(reply, rows)
            of = found.of if of is None else of
            following = paging.following(reply, found)
            is_more = found.is_more or (isinstance(following, paging.Following) and following.is_told)
            notes |= dict.fromkeys(note for note in (found.note, following) if isinstance(note, str))
            refused, can_go_on = isinstance(following, str), isinstance(following, paging.Following)
            del reply, found
            if limit is not None and gathered.there >= limit:
                break
        frame = gathered.frame()
        if of is None or of < gathered.there:
            of = gathered.there if gathered.there > gathered.rows else None
        if is_more and of is None and not refused:
            reads_on = "; --limit N or --limit all reads on" if limit is None and can_go_on else ""
            notes["the answer names a next page" + reads_on] = None
        is_lower_bound = of == gathered.there and is_more
        return Loaded(frame, gathered.rows, of, of_is_lower_bound=is_lower_bound, note="; ".join(notes) or None)


class _Gathered:
    """The rows of the pages so far, at most as many as are wanted."""

    def __init__(self, limit: int | None, header: bool | None) -> None:
        self._limit, self._header = limit, header
        self._objects = Rows()
        self._others: list[Any] = []  # one a row, if one is no object
        self._names: list[str] | None = None
        self._is_text = False  # CSV, whose values have no types
        self.there = 0  # rows of these pages, wanted or not
        self.rows = 0

    def add(self, reply: Reply, where: str | None) -> Found:
        """What was found in one more page."""
        if delimited.is_or_looks(reply):
            self._is_text = True
            names, cells = delimited.table(reply, self._header)
            found = Found(cells, names)
        else:
            found = _found(reply, where)
        if isinstance(found.records, Raws):
            try:
                self._objects.add(self._wanted(found.records))
                self._count(found.records)
                return found
            except NotRows:  # one among thousands is no object, or what it is cannot be told fast
                found = _exactly(reply, where)
        records = self._without_header(found)
        wanted = self._wanted(records)
        if self._others or not all(type(record) is dict for record in wanted):
            self._others += [None] * (self.rows - len(self._others))
            self._others += [None if type(record) is dict else record for record in wanted]
            wanted = [record if type(record) is dict else {} for record in wanted]
        self._objects.add_values(wanted)
        self._count(records)
        return found

    def _without_header(self, found: Found) -> Sequence[Any]:
        """The rows; of lists, the first of all may be the names of the columns, and each page may begin with them."""
        records = found.records
        if self._names is None:
            self._names = found.names
        if self._is_text or not records or not all(type(record) is list for record in records):
            return records
        if self._names is None and not self.there:
            if _begins_with_header(records) if self._header is None else self._header:
                self._names = [str(name) for name in records[0]]
                return records[1:]
        elif found.names is None and records[0] == self._names:
            return records[1:]
        return records

    def frame(self) -> pd.DataFrame:
        """The frame of all; the rows are used up."""
        lists = [other for other in self._others if type(other) is list]
        if len(lists) == self.rows and (self.rows or self._names is not None):
            return self._table(lists)
        if self._names is not None and self._others:
            raise LoadError(
                "the pages are of different kinds: the rows of some are lists, of others not",
                hint="leave --limit out to read one page; `-o json` shows what it holds",
            )
        found = self._objects.columns()
        names = columns.Names()
        data = dict(zip(columns.dotted(found, names), found.values(), strict=True))
        if self._others:
            self._others += [None] * (self.rows - len(self._others))
            data[names.free("value")] = columns.typed(self._others)
        return columns.assembled(data, self.rows)

    def _table(self, lists: list[list[Any]]) -> pd.DataFrame:
        found = _columns_of_lists(lists, self._names)
        if self._is_text:
            found = {name: delimited.values(texts) for name, texts in found.items()}
        return columns.frame(found, len(lists))

    def _wanted(self, records: Sequence[Any]) -> Sequence[Any]:
        return records if self._limit is None else records[: max(self._limit - self.rows, 0)]

    def _count(self, records: Sequence[Any]) -> None:
        self.there += len(records)
        self.rows = self.there if self._limit is None else min(self.there, self._limit)


def _found(reply: Reply, where: str | None) -> Found:
    """The rows of a page: still bytes if they are many objects, else values."""
    with contextlib.suppress(ValueError, LoadError):
        document = in_outline(reply)
        found = Found(document) if isinstance(document, Raws) and where in (None, ".") else None
        found = found or found_in(document, where, reply)
        if isinstance(found.records, Raws):
            return found
    return _exactly(reply, where)


def _exactly(reply: Reply, where: str | None) -> Found:
    documents, by_line = answer.documents(reply)
    if not by_line:
        return found_in(documents[0], where, reply)
    if where in (None, "."):
        return Found(documents)
    return Found([row for document in documents for row in found_in(document, where, reply).records])


def _about(reply: Reply) -> Found:
    """What a page tells of pages. Which list holds the rows may have been said to `load` alone."""
    try:
        return Found([]) if delimited.is_delimited(reply) else _found(reply, None)
    except LoadError:
        with contextlib.suppress(LoadError):
            document = answer.documents(reply)[0][0]
            return Found([], path=(document,) if isinstance(document, dict) else ())
        return Found([])


def _is_seen(reply: Reply, seen: set[tuple[int, int]]) -> bool:
    """Whether a page of the same bytes was there before; it is remembered."""
    page = (len(reply.content), hash(reply.content))
    if page in seen:
        return True
    seen.add(page)
    return False


def _begins_with_header(rows: Sequence[list[Any]]) -> bool:
    first = rows[0]
    if not first or not all(type(name) is str and name for name in first) or len(set(first)) < len(first):
        return False
    below = rows[1:]
    return any(below and not any(type(row[i]) is str for row in below if i < len(row)) for i in range(len(first)))


def _columns_of_lists(rows: Sequence[list[Any]], names: list[str] | None) -> dict[str, list[Any]]:
    width = max(map(len, rows), default=0)
    named = list(names or ())
    named += [str(i) for i in range(len(named), width)]
    free = columns.Names()
    return {free.free(name): [row[i] if i < len(row) else None for row in rows] for i, name in enumerate(named)}
