"""Base classes for readers: of answers that are one page, and of pages that are frames."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import TYPE_CHECKING

from .budget import DEFAULT, FrameBudget
from .joining import cut, joined, stacked
from .protocol import NO_LABELS, Pages, Step, Table

if TYPE_CHECKING:
    import pandas as pd

    from ..reply import Reply
    from ..request import Request

__all__ = ["FrameReader", "SingleAnswerReader"]


class SingleAnswerReader:
    """A base class for readers whose answer is always one page: a subclass needs only `read`.

    Parameters
    ----------
    limit
        How many rows of each conversation are wanted; None and `ALL` for all that the answer holds.

    Attributes
    ----------
    budget
        The limits on the size of the frame.
    """

    budget = DEFAULT

    def __init__(self, limit: int | None = None) -> None:
        self.limit = limit
        self._conversations: list[tuple[Mapping[str, str], list[Table]]] = []

    def read(self, reply: Reply) -> Table:
        """Make a table of the answer."""
        raise NotImplementedError

    def pages(self, request: Request, labels: Mapping[str, str] = NO_LABELS) -> Pages:
        """Ask for the answer."""
        tables: list[Table] = []
        self._conversations.append((labels, tables))
        reply = yield Step(request)
        tables.append(cut(self.read(reply), self.limit))

    def table(self) -> Table:
        """Join the tables of all conversations."""
        return joined([(labels, table) for labels, tables in self._conversations for table in tables], self.budget)


class FrameReader:
    """A base class for readers that make a frame of each page. A subclass has `read`, or `read_page`.

    Options of the dialect are keyword-only parameters of the subclass's own ``__init__``.

    Parameters
    ----------
    limit
        How many rows of each conversation are wanted: None for what one answer holds, `ALL` for all.

    Attributes
    ----------
    budget
        The limits on the size of the frame.
    """

    budget = DEFAULT

    def __init__(self, limit: int | None = None) -> None:
        self.limit = limit
        self._conversations: list[_Conversation] = []

    def read(self, reply: Reply) -> pd.DataFrame:
        """Make a frame of the only page."""
        raise NotImplementedError

    def read_page(self, reply: Reply) -> tuple[pd.DataFrame, Request | None]:
        """Make a frame of a page, and find the request for the page that follows; None if this is the last one."""
        return self.read(reply), None

    def pages(self, request: Request, labels: Mapping[str, str] = NO_LABELS) -> Pages:
        """Request page after page, until there is none or `limit` is reached."""
        conversation = _Conversation(labels)
        self._conversations.append(conversation)
        following: Request | None = request
        while following is not None:
            reply = yield Step(following, rows_before=conversation.rows)
            frame, following = self.read_page(reply)
            conversation.frames.append(frame)
            del reply, frame
            if self.limit is None or conversation.rows >= self.limit:
                conversation.has_more = following is not None
                return

    def table(self) -> Table:
        """Join the frames of all pages."""
        return joined([(each.labels, each.table(self.limit, self.budget)) for each in self._conversations], self.budget)


@dataclasses.dataclass
class _Conversation:
    """The frames of the pages of one target."""

    labels: Mapping[str, str]
    frames: list[pd.DataFrame] = dataclasses.field(default_factory=list)
    has_more: bool = False

    @property
    def rows(self) -> int:
        return sum(map(len, self.frames))

    def table(self, limit: int | None, budget: FrameBudget) -> Table:
        """Join all frames, cut to the limit. A further page means that there is at least one more row."""
        rows, total = self.rows, self.rows + 1 if self.has_more else None
        table = Table(
            stacked(self.frames, budget), rows, total, total_is_lower_bound=self.has_more, has_more=self.has_more
        )
        return cut(table, limit)
