"""Reads records page by page: finds the next request, and notes about the rows."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from ...errors import AppError
from ..budget import DEFAULT
from ..joining import joined
from ..protocol import NO_LABELS, Pages, Step, Table
from . import beside_rows, paging
from .collection import Collection

if TYPE_CHECKING:
    from ...reply import Reply
    from ...request import Request
    from .places import Listing

__all__ = ["RecordsReader"]

_READ_BEFORE = "the next page that the answer names was read before"
_NO_WAY = "there are more rows, but the answer does not say how to ask for them"
_SAME_PAGE = "the app sent the same page again: its next page cannot be asked for in this way"


class RecordsReader:
    """Reads lists of objects, tables and CSV. Nested objects become dotted columns.

    Parameters
    ----------
    limit
        How many rows of each conversation are wanted: None for what one answer holds, `ALL` for all.
    rows
        Where the rows are: keys with dots between them. ``"."`` takes the whole answer, as one row if it is an object.
        ``"*"`` or ``"a.*"`` makes one row per key of an object, with the key as a column. None finds the rows.
    header
        For lists of lists and CSV: whether the first row holds the column names. None decides by the data.
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
    is_lower_bound: bool = False
    seen: set[tuple[int, int]] = dataclasses.field(default_factory=set)
    sent: set[Request] = dataclasses.field(default_factory=set)

    def read(self, reply: Reply) -> paging.Following | None:
        """Keep the rows of a page, and decide on the next one; None if no other is wanted, or there is none."""
        if self.limit is not None and self._is_repeated(reply):
            self.notes[_SAME_PAGE] = None
            return None
        listing = _with_total_of(self.collection.add(reply), reply)
        if self.total is None:
            self.total, self.is_lower_bound = listing.total, listing.total_is_lower_bound
        following = paging.following(reply, listing)
        self._take_notes(listing, following)
        if not isinstance(following, paging.Following):
            return None
        if not following.is_named and listing.total is not None and self.collection.seen >= listing.total:
            return None
        self.leads_on = True
        if self.limit is None or self.collection.seen >= self.limit:
            return None
        self.sent.add(reply.request)
        if following.request in self.sent:
            self.notes[_READ_BEFORE], self.leads_on = None, False
            return None
        return following

    def table(self) -> Table:
        """Make a table of the rows."""
        frame, rows, seen = self.collection.frame(), self.collection.rows, self.collection.seen
        total = self.total
        if total is None or total < seen:
            total, self.is_lower_bound = seen if seen > rows else None, False
        notes = {**self.notes, **dict.fromkeys(self._notes_on_more(total, seen))}
        is_lower_bound = self.is_lower_bound or (total == seen and self.has_more)
        has_more = rows < seen or (self.limit is None and self.leads_on)
        return Table(frame, rows, total, "rows", is_lower_bound, has_more, tuple(notes))

    def _notes_on_more(self, total: int | None, seen: int) -> Iterator[str]:
        """Say that there are more rows where the total does not say it, and whether they can be read."""
        if self.is_refused:
            return
        if self.has_more and total is None:
            can_read_on = self.limit is None and self.leads_on
            yield "the answer names a next page" + "; --limit N or --limit all reads on" * can_read_on
        elif not self.leads_on and (self.has_more or (self.limit is not None and seen < min(self.limit, total or 0))):
            yield _NO_WAY

    def _take_notes(self, listing: Listing, following: paging.Following | str | None) -> None:
        is_named = isinstance(following, paging.Following) and following.is_named
        self.has_more = listing.has_more or is_named
        self.is_refused = isinstance(following, str)
        self.leads_on = False
        notes = [*beside_rows.state(listing.path), listing.note, following]
        self.notes |= dict.fromkeys(note for note in notes if isinstance(note, str))

    def _is_repeated(self, reply: Reply) -> bool:
        """Whether a page of the same bytes came before; this one is remembered."""
        page = (len(reply.content), hash(reply.content))
        if page in self.seen:
            return True
        self.seen.add(page)
        return False


def _with_total_of(listing: Listing, reply: Reply) -> Listing:
    """The same rows, with the total that stands in the headers of the answer, if it has no other one."""
    total = beside_rows.total_in_headers(reply.headers, listing.items) if listing.total is None else None
    if total is None:
        return listing
    if listing.listed is not None:  # it counts other things than the rows
        return dataclasses.replace(listing, has_more=listing.has_more or total > listing.listed)
    return dataclasses.replace(listing, total=total)
