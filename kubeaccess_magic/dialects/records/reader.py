"""Reads records page by page: which request comes next, and what there is to say about the rows."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import TYPE_CHECKING

from ...errors import AppError
from ..budget import DEFAULT
from ..joining import joined
from ..protocol import NO_LABELS, Pages, Step, Table
from . import paging
from .collection import Collection

if TYPE_CHECKING:
    from ...reply import Reply
    from ...request import Request
    from .places import Listing

__all__ = ["RecordsReader"]

_SAME_PAGE = "the app sent the same page again: its next page cannot be asked for in this way"


class RecordsReader:
    """Reads lists of objects, tables and CSV. Nested objects become dotted columns.

    Parameters
    ----------
    limit
        How many rows of each conversation are wanted: None for what one answer holds, `ALL` for all.
    rows
        Where the rows are: keys with dots between them. ``"."`` takes the whole answer, as one row if it is an object.
        ``"*"`` or ``"a.*"`` makes one row per key of an object, with the key as a column. None finds them.
    header
        Of lists of lists and of CSV: whether the first one holds the names of the columns. None finds it out.
    """

    budget = DEFAULT

    def __init__(self, limit: int | None = None, *, rows: str | None = None, header: bool | None = None) -> None:
        self._limit, self._where, self._header = limit, rows, header
        self._conversations: list[_Conversation] = []

    def pages(self, request: Request, labels: Mapping[str, str] = NO_LABELS) -> Pages:
        """Ask for one page; with a limit also for those that an answer names, or that the parameters of a GET count."""
        collection = Collection(self._limit, self._where, self._header, self.budget)
        conversation = _Conversation(labels, self._limit, collection)
        self._conversations.append(conversation)
        step, is_named = Step(request), True
        while True:
            try:
                reply = yield step
            except AppError:
                if is_named:
                    raise
                return  # no answer named that page, and it does not exist
            following = conversation.read(reply)
            del reply
            if following is None:
                return
            is_named = following.is_named
            step = Step(following.request, rows_before=collection.seen, total=conversation.total)

    def table(self) -> Table:
        """Make one table of all pages."""
        return joined([(each.labels, each.table()) for each in self._conversations], self.budget)


@dataclasses.dataclass
class _Conversation:
    """The pages of one target: their rows, and what they say about further ones."""

    labels: Mapping[str, str]
    limit: int | None
    collection: Collection
    total: int | None = None
    has_more: bool = False
    is_refused: bool = False
    leads_on: bool = False
    notes: dict[str, None] = dataclasses.field(default_factory=dict)
    seen: set[tuple[int, int]] = dataclasses.field(default_factory=set)

    def read(self, reply: Reply) -> paging.Following | None:
        """Keep the rows of a page, and decide on the next one; None if no other is wanted, or there is none."""
        if self.limit is not None and self._is_repeated(reply):
            self.notes[_SAME_PAGE] = None
            return None
        listing = self.collection.add(reply)
        self.total = listing.total if self.total is None else self.total
        following = paging.following(reply, listing)
        self._take_notes(listing, following)
        if not isinstance(following, paging.Following):
            return None
        if not following.is_named and listing.total is not None and self.collection.seen >= listing.total:
            return None
        self.leads_on = True
        return following if self.limit is not None and self.collection.seen < self.limit else None

    def table(self) -> Table:
        """Make a table of the rows."""
        frame, rows, seen = self.collection.frame(), self.collection.rows, self.collection.seen
        total = self.total
        if total is None or total < seen:
            total = seen if seen > rows else None
        notes = dict(self.notes)
        if self.has_more and total is None and not self.is_refused:
            can_read_on = self.limit is None and self.leads_on
            notes["the answer names a next page" + "; --limit N or --limit all reads on" * can_read_on] = None
        is_lower_bound = total == seen and self.has_more
        has_more = rows < seen or (self.limit is None and self.leads_on)
        return Table(frame, rows, total, "rows", is_lower_bound, has_more, tuple(notes))

    def _take_notes(self, listing: Listing, following: paging.Following | str | None) -> None:
        is_named = isinstance(following, paging.Following) and following.is_named
        self.has_more = listing.has_more or is_named
        self.is_refused = isinstance(following, str)
        self.leads_on = False
        self.notes |= dict.fromkeys(note for note in (listing.note, following) if isinstance(note, str))

    def _is_repeated(self, reply: Reply) -> bool:
        """Whether a page of the same bytes came before; this one is remembered."""
        page = (len(reply.content), hash(reply.content))
        if page in self.seen:
            return True
        self.seen.add(page)
        return False
