"""The reader of Prometheus: pages of samples, or one answer of anything else."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from ...errors import AppError, LoadError
from .. import answer
from ..budget import DEFAULT
from ..joining import joined
from ..protocol import NO_LABELS, Pages, Step, Table
from . import exact, fast, ranges, sample_frames
from .envelope import app_error, notes_of, refuse_error
from .listings import listing
from .sample_page import SamplePage, appended, side_by_side

if TYPE_CHECKING:
    import pandas as pd

    from ...reply import Reply
    from ...request import Request

__all__ = ["PrometheusReader"]

_MANY_ROWS = 1_000_000


class PrometheusReader:
    """Reads answers of Prometheus into one table.

    Parameters
    ----------
    endpoint
        The endpoint that answers, or None if it is not known.
    limit
        How many rows of each conversation at most; of a wide frame, how many timestamps.
    wide
        Whether samples have one column per series.
    categories
        Whether labels become categorical columns.
    """

    budget = DEFAULT

    def __init__(
        self, endpoint: str | None, limit: int | None = None, *, wide: bool = False, categories: bool = False
    ) -> None:
        self._endpoint = endpoint
        self._limit, self._wide, self._categories = limit, wide, categories
        self._conversations: list[_Conversation] = []

    def pages(self, request: Request, labels: Mapping[str, str] = NO_LABELS) -> Pages:
        """Ask once; for a long range of time, ask for one piece after the other."""
        conversation = _Conversation(labels)
        self._conversations.append(conversation)
        is_range = self._endpoint == "query_range"
        steps: Iterable[tuple[Request, int, int | None]] = ranges.parts(request) if is_range else [(request, 0, None)]
        for part, points, total in steps:
            if self._is_full(conversation):
                conversation.has_more = True
                return
            try:
                reply = yield Step(part, rows_before=points, total=total, unit="points")
            except AppError as error:
                raise app_error(error) from None
            self._read(conversation, reply)
            del reply

    def table(self) -> Table:
        """Make one table, as `sample_frames` and `listings` describe it."""
        conversations = [each for each in self._conversations if each.pages or each.listing is not None]
        if self._wide and conversations and all(each.pages for each in conversations):
            return self._wide_table(conversations)
        return joined([self._long_table(each) for each in conversations], self.budget)

    def _read(self, conversation: _Conversation, reply: Reply) -> None:
        page = fast.read(reply.content)
        if page is None:
            document = answer.json_of(reply)
            page = exact.read(document, reply)
        if page is not None:
            conversation.pages.append(page)
            conversation.rows += page.timestamps() if self._wide and self._limit is not None else page.rows
            return
        refuse_error(reply)
        if conversation.pages:
            raise LoadError("a part of the answer has no samples", reply=reply, hint="see it with -o json")
        conversation.listing = listing(
            self._endpoint, document, reply, self._limit, as_categories=self._categories, budget=self.budget
        )

    def _is_full(self, conversation: _Conversation) -> bool:
        """Tell whether there is more than is wanted; one more row shows that the table is cut."""
        return self._limit is not None and conversation.rows > self._limit

    def _long_table(self, conversation: _Conversation) -> tuple[Mapping[str, str], Table]:
        if conversation.listing is not None:
            return conversation.labels, conversation.listing
        page = appended(conversation.pages)
        conversation.pages.clear()
        words: Any = {"as_categories": self._categories, "labels": conversation.labels, "budget": self.budget}
        frame, total = sample_frames.long(page, self._limit, **words)
        notes = notes_of(page.envelope)
        if not self._categories and len(frame) > _MANY_ROWS and any(page.metrics):
            notes.append(f"{len(frame):,} rows: --categories (categories=True) takes a fraction of the memory")
        unit = "samples" if page.buckets is None else "rows"
        return NO_LABELS, _table(frame, total, unit, notes, has_more=conversation.has_more)

    def _wide_table(self, conversations: list[_Conversation]) -> Table:
        """Put the series of all conversations side by side; labels become part of their names."""
        page = side_by_side([(each.labels, appended(each.pages)) for each in conversations])
        for each in conversations:
            each.pages.clear()
        frame, total = sample_frames.wide(page, self._limit, self.budget)
        notes = notes_of(page.envelope)
        if page.buckets is not None:
            notes.append("of native histograms, there are counts and sums; the long form has their buckets")
        return _table(frame, total, "timestamps", notes, has_more=any(each.has_more for each in conversations))


@dataclasses.dataclass
class _Conversation:
    """What one target has answered.

    Attributes
    ----------
    labels
        The columns that tell it apart.
    pages
        Samples, piece by piece.
    listing
        The table of an answer without samples.
    rows
        How many rows the pages have.
    has_more
        Whether there are pieces that were not asked for.
    """

    labels: Mapping[str, str]
    pages: list[SamplePage] = dataclasses.field(default_factory=list)
    listing: Table | None = None
    rows: int = 0
    has_more: bool = False


def _table(frame: pd.DataFrame, total: int, unit: str, notes: list[str], *, has_more: bool) -> Table:
    is_cut = len(frame) < total
    return Table(
        frame,
        len(frame),
        total if is_cut else None,
        unit,
        total_is_lower_bound=is_cut and has_more,
        has_more=is_cut,
        notes=tuple(notes),
    )
