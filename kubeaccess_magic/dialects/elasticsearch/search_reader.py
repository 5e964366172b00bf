"""The reader of searches: one row per hit; without hits, one row per innermost bucket of an aggregation.

The first request is always the typed one, by its own method. If its answer has all that there is, or all that is
wanted, nothing else is asked. Otherwise the hits are read again from the beginning, so that all come from one state of
the indices: by a point in time, or by a scroll. Buckets of a composite aggregation are read on page by page.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ...errors import AccessDenied, AppError, LoadError
from ...query import ALL
from .. import columns
from ..budget import DEFAULT, FrameBudget
from ..joining import joined
from ..protocol import NO_LABELS, Pages, Step, Table
from .aggregations import aggregations_frame
from .composite import append_page
from .hits import AddedSort, Hits
from .point_in_time import hits_by_point_in_time
from .scroll import hits_by_scroll, hits_of_scroll
from .search import MOST_HITS, SearchAnswer, SearchRequest, answer_of

if TYPE_CHECKING:
    from ...reply import Reply
    from ...request import Request

__all__ = ["BucketPages", "HitPages", "SearchReader", "no_aggregations"]

_PAGE_BYTES = 32 * 2**20  # of a page whose size nobody has typed
_FEWEST_HITS = 100  # of such a page


class SearchReader:
    """Reads the answers to a search into one table.

    Parameters
    ----------
    place
        Where Elasticsearch's own path begins in the path of the request; None if the search cannot be read on.
    page_size
        The page size that the user set; None to choose one automatically.
    limit
        How many rows of each conversation at most.
    agg
        Which aggregation to show, by name; ``outer>inner`` if a bucket has several.
    """

    budget = DEFAULT

    def __init__(
        self, place: int | None, page_size: int | None, limit: int | None = None, *, agg: str | None = None
    ) -> None:
        self._place, self._page_size = place, page_size
        self._limit, self._agg = limit, agg
        self._conversations: list[_Conversation] = []

    def pages(self, request: Request, labels: Mapping[str, str] = NO_LABELS) -> Pages:
        """Send the search; with a limit, also request further pages until it is reached."""
        conversation = _Conversation(labels)
        self._conversations.append(conversation)
        search = SearchRequest.of(request, self._place)
        reply = yield Step(request)
        answer = answer_of(reply)
        if answer.hits is None or self._agg is not None or (answer.aggregations and not answer.hits):
            conversation.rows = buckets = BucketPages(search, self._limit, self._agg, answer, reply, self.budget)
            yield from buckets.further()
            return
        conversation.rows = hits = HitPages(search, self._limit, self._page_size, self.budget)
        hits.add_first(answer, reply)
        scroll_id = answer.scroll_id
        del answer, reply  # not to be held while the next page arrives
        if hits.goes_on:
            yield from hits.further(scroll_id)

    def table(self) -> Table:
        """Make one table of all conversations."""
        parts = []
        for each in self._conversations:
            if each.rows is not None:
                parts.append((each.labels, each.rows.table()))
        return parts[0][1] if len(parts) == 1 and not parts[0][0] else joined(parts, self.budget)


@dataclasses.dataclass
class _Conversation:
    """What one target has answered: its labels, and its rows once the first page is there."""

    labels: Mapping[str, str]
    rows: HitPages | BucketPages | None = None


@dataclasses.dataclass(frozen=True)
class _PageEnd:
    """How a page of hits ends: by which the next page is asked for."""

    last_sort: list[Any] | None
    scroll_id: str | None
    pit_id: str | None


class HitPages:
    """The hits of one search, page by page.

    Parameters
    ----------
    search
        The search.
    limit
        The largest number of hits; None for what one answer holds.
    page_size
        The page size that the user set; None to choose one automatically.
    budget
        The limits on the size of the frame.

    Attributes
    ----------
    search
        The search.
    is_complete
        Whether every hit was read, or as many as the limit allows.
    """

    def __init__(
        self, search: SearchRequest, limit: int | None, page_size: int | None, budget: FrameBudget = DEFAULT
    ) -> None:
        self.search = search
        self.is_complete = False
        self._limit = limit
        self._wanted = ALL if limit is None else limit  # hits, with those to leave out
        self._budget = budget
        self._hits = Hits(budget=budget)
        self._page_size = page_size
        self._last_count = 0  # hits of the last page
        self._read = 0  # hits that were read from where `begin_anew` says, or from `search.start` on
        self._skip = 0  # hits to leave out
        self._has_begun_anew = False
        self._total: tuple[int | None, bool] = (None, False)
        self._available: int | None = None  # how many can be read, or are wanted
        self._notes: dict[str, None] = {}
        self._first_notes: list[str] = []
        self._is_refused = False

    def add_first(self, answer: SearchAnswer, reply: Reply) -> None:
        """Add the hits of the first answer."""
        if answer.aggregations:
            names = ", ".join(answer.aggregations)
            first = next(iter(answer.aggregations))
            self._first_notes.append(f"the answer has aggregations, too: --agg {first} shows one ({names})")
        if answer.has_suggestions:
            self._first_notes.append("the answer has suggestions, too, which -o json shows")
        if self._page_size is None and answer.hits:
            fitting = _PAGE_BYTES * len(answer.hits) // len(reply.content)
            self._page_size = max(_FEWEST_HITS, min(MOST_HITS, fitting))
        self._add(answer, reply)

    def add(self, reply: Reply) -> _PageEnd:
        """Add the hits of a further page.

        Raises
        ------
        LoadError
            The page has no hits, not even an empty list.
        """
        answer = answer_of(reply)
        self._add(answer, reply)
        return _PageEnd(answer.last_sort(), answer.scroll_id, answer.pit_id)

    @property
    def goes_on(self) -> bool:
        """Whether the limit needs more hits than the first answer holds, and more can be requested."""
        if self._limit is None or self.is_complete or not self.search.can_go_on or not self.search.size:
            return False
        return self._last_count >= self.search.size and self._hits.count < self._limit

    def further(self, scroll_id: str | None) -> Pages:
        """Read the pages after the first one.

        Parameters
        ----------
        scroll_id
            Of a scroll that the user has opened.
        """
        if self.search.is_scroll:
            yield from hits_of_scroll(self, scroll_id)
            return
        try:
            if (yield from hits_by_point_in_time(self)):
                return
        except AccessDenied:  # POST needs the right `create`; a scroll needs GET alone
            if self._has_begun_anew:
                raise
        yield from hits_by_scroll(self)

    def begin_anew(self, added_sort: AddedSort = "", skip: int = 0) -> None:
        """Discard the hits of the first answer, because they will be read again.

        Parameters
        ----------
        added_sort
            Which values of ``sort`` the following hits have only because of a point in time.
        skip
            How many of the following hits the search skips.
        """
        self._hits = Hits(added_sort, self._budget)
        self._read, self._skip = 0, skip
        self._wanted = (ALL if self._limit is None else self._limit) + skip
        self._available, self._has_begun_anew = None, True

    def refuse(self, error: AppError) -> None:
        """Keep only the first answer, because the app refused the request for more."""
        self._is_refused = True
        self._notes[f"further hits cannot be read: {error}"] = None

    def step(self, request: Request, *, begins: bool = False) -> Step:
        """Make the step for a page; `begins` marks the first page when reading starts over."""
        rows, total = (0, None) if begins else (self._read, self._available)
        return Step(request, rows_before=rows, total=total, unit="hits")

    def next_size(self, *, begins: bool = False, skip: int = 0) -> int:
        """Return the size of the next page: a full page, or the number of hits still missing."""
        missing = (self._limit or 0) + skip if begins else self._wanted - self._read
        return min(self._page_size or MOST_HITS, missing)

    def table(self) -> Table:
        """Make the table of all hits."""
        frame = self._hits.frame()
        count = len(frame)
        total, is_lower_bound = self._total
        read = max(self._read - self._skip, 0)
        if read > count:  # the limit has cut the last page
            total = max(total or 0, read)
        is_part = total is not None and count < total - self.search.start + is_lower_bound
        has_more = is_part and count > 0 and self.search.can_go_on and not self._is_refused
        notes = (*self._notes, *self._first_notes)
        return Table(frame, count, total, "hits", is_lower_bound, has_more, notes)

    def _add(self, answer: SearchAnswer, reply: Reply) -> None:
        hits = answer.hits
        if hits is None:
            raise LoadError("a page of the search has no hits", reply=reply, hint="see it with -o json")
        self._last_count = len(hits)
        left_out = max(self._skip - self._read, 0)
        self._read += len(hits)
        kept = hits[left_out:] if left_out else hits
        self._hits.add(kept if self._limit is None else kept[: self._limit - self._hits.count], reply)
        self._notes |= dict.fromkeys(answer.notes)
        if answer.total is not None:
            self._total = answer.total, answer.total_is_lower_bound
            if not answer.total_is_lower_bound:
                self._available = min(max(answer.total - self.search.start + self._skip, 0), self._wanted)
        self.is_complete = not hits or self._read >= (self._wanted if self._available is None else self._available)


class BucketPages:
    """The aggregations of one search; if it has neither aggregations nor hits, its whole answer as one row.

    Parameters
    ----------
    search
        The search.
    limit
        The largest number of rows; None for what one answer holds.
    agg
        Which aggregation to show.
    answer, reply
        The first answer.
    budget
        The limits on the size of the frame.
    """

    def __init__(
        self,
        search: SearchRequest,
        limit: int | None,
        agg: str | None,
        answer: SearchAnswer,
        reply: Reply,
        budget: FrameBudget = DEFAULT,
    ) -> None:
        self._budget = budget
        self._limit, self._agg = limit, agg
        self._answer, self._reply = answer, reply
        self._search, self._composite = search, search.composite

    def further(self) -> Pages:
        """Read further pages of a composite aggregation until one has no buckets."""
        if self._limit is None or self._composite is None or self._answer.hits or self._answer.hits is None:
            return  # if there are hits, they are what a limit is about
        page, rows = self._answer.aggregations, 0
        while (own := page.get(self._composite.name)) and own.get("buckets") and own.get("after_key"):
            rows += len(page[self._composite.name]["buckets"])
            if rows >= self._limit:
                return
            body = self._composite.body_after(own["after_key"], self._limit - rows)
            reply = yield Step(self._search.with_body(body), rows_before=rows, unit="buckets")
            page = answer_of(reply).aggregations
            append_page(self._answer.aggregations, page)

    def table(self) -> Table:
        """Make the table of the aggregation.

        Raises
        ------
        LoadError
            There is no aggregation of that name, or several could be meant.
        """
        aggregations = self._answer.aggregations
        if not aggregations:
            if self._agg is not None:
                raise no_aggregations(self._agg, self._reply)
            fields = columns.flatten([self._answer.document or {}], budget=self._budget)
            return Table(columns.frame(fields, 1, dates=True, budget=self._budget), 1)
        has_more = self._composite is not None and self._composite.take_after_key(aggregations)
        times = self._composite.times if self._composite is not None else frozenset()
        body = self._search.body
        frame, unit, notes = aggregations_frame(aggregations, self._agg, self._reply, times, body, self._budget)
        count = len(frame)
        is_cut = self._limit is not None and count > self._limit
        total = count + has_more if has_more or is_cut else None
        frame = frame.iloc[: self._limit] if is_cut else frame
        return Table(frame, len(frame), total, unit, has_more, has_more or is_cut, (*self._answer.notes, *notes))


def no_aggregations(agg: str, reply: Reply | None = None) -> LoadError:
    """Make the error for `agg` where the answer has no aggregations."""
    return LoadError(
        f"the answer has no aggregations, so no {agg!r}",
        reply=reply,
        hint='leave agg out, or ask for some: "aggs" in the body',
    )
