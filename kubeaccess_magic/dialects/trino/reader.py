"""Reads a statement page by page, and cancels it when no further rows are wanted."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ...errors import KubeAccessError, LoadError
from ...text import excerpt, one_line
from .. import answer, columns, stated_types
from ..budget import DEFAULT, FrameBudget
from ..joining import joined
from ..links import Elsewhere, request_for_link
from ..protocol import NO_LABELS, Pages, Step, Table

if TYPE_CHECKING:
    import pandas as pd

    from ...reply import Reply
    from ...request import Request

__all__ = ["TrinoReader"]

_LONGEST_ERROR = 500
_WITHOUT_A_BODY = ("content-type", "content-encoding", "content-length")


class TrinoReader:
    """Reads the rows of a statement. Without a limit, it shows the first answer only, which seldom has rows.

    Parameters
    ----------
    limit
        How many rows of each conversation are wanted: None for what one answer holds, `ALL` for all.
    """

    budget = DEFAULT

    def __init__(self, limit: int | None = None) -> None:
        self._limit = limit
        self._conversations: list[_Conversation] = []

    def pages(self, request: Request, labels: Mapping[str, str] = NO_LABELS) -> Pages:
        """Send the statement; with a limit, ask for its pages until there are enough rows, then cancel it."""
        conversation = _Conversation(labels, self._limit, self.budget)
        self._conversations.append(conversation)
        reply = yield Step(request)
        following = conversation.add(reply, request)
        if self._limit is None:
            return
        try:
            while following is not None and len(conversation.rows) < self._limit:
                reply = yield Step(following, rows_before=len(conversation.rows))
                # The app forgets a page when the next one is asked for, so a page that failed has nothing to cancel.
                following = conversation.add(reply, request)
                del reply
        except GeneratorExit:  # the conversation is dropped, and nothing can be sent any more
            following = None
            raise
        finally:
            if following is not None:
                with contextlib.suppress(KubeAccessError):
                    yield Step(dataclasses.replace(following, method="DELETE"), has_rows=False)

    def table(self) -> Table:
        """Make one table of all statements."""
        return joined([(each.labels, each.table()) for each in self._conversations], self.budget)


@dataclasses.dataclass
class _Conversation:
    """The rows of one statement, and what its pages say."""

    labels: Mapping[str, str]
    limit: int | None
    budget: FrameBudget
    heads: list[dict[str, Any]] = dataclasses.field(default_factory=list)
    rows: list[list[Any]] = dataclasses.field(default_factory=list)
    notes: dict[str, None] = dataclasses.field(default_factory=dict)
    has_more: bool = False

    def add(self, reply: Reply, first: Request) -> Request | None:
        """Keep the rows of a page, and find the request for the next one.

        Raises
        ------
        LoadError
            The statement has failed, or this is no page of one.
        """
        document = answer.json_of(reply)
        if not isinstance(document, dict):
            raise LoadError("this is not an answer of Trino", reply=reply, hint="see it with -o json")
        _refuse_error(document, reply)
        heads, rows = document.get("columns"), document.get("data")
        if isinstance(heads, list) and all(isinstance(head, dict) for head in heads):
            self.heads = self.heads or heads
        if isinstance(rows, list):
            self.rows += [row if isinstance(row, list) else [row] for row in rows]
        for warning in document.get("warnings") or ():
            if isinstance(warning, dict):
                self.notes[f"the app warns: {one_line(excerpt(warning.get('message'), _LONGEST_ERROR))}"] = None
        return self._following(document, first)

    def table(self) -> Table:
        """Make the table."""
        rows = self.rows if self.limit is None else self.rows[: self.limit]
        is_cut = len(rows) < len(self.rows) or (self.limit is not None and self.has_more)
        total = len(self.rows) + self.has_more if is_cut else None
        more = is_cut or self.has_more
        return Table(self._frame(rows), len(rows), total, "rows", self.has_more, more, tuple(self.notes))

    def _following(self, document: Mapping[str, Any], first: Request) -> Request | None:
        link = document.get("nextUri")
        self.has_more = isinstance(link, str) and bool(link)
        if not self.has_more or not isinstance(link, str):
            return None
        if self.limit is None:
            stats = document.get("stats")
            state = one_line(excerpt(stats.get("state"), 40)) if isinstance(stats, dict) else "unknown"
            self.notes[f"the query is {state}, and has a next page; --limit N or --limit all reads on"] = None
            return None
        headers = tuple(pair for pair in first.headers if pair[0].lower() not in _WITHOUT_A_BODY)
        try:
            return request_for_link(link, dataclasses.replace(first, headers=headers), is_any_host=True)
        except Elsewhere as error:
            self.notes[str(error)] = None
            return None

    def _frame(self, rows: list[list[Any]]) -> pd.DataFrame:
        self.budget.check_cells(len(rows), len(self.heads))
        names = columns.Names()
        data = {}
        for place, head in enumerate(self.heads):
            values = [row[place] if place < len(row) else None for row in rows]
            column = columns.typed(values, dates=True)
            data[names.free(str(head.get("name", place)))] = stated_types.column(column, str(head.get("type")))
        return columns.assembled(data, len(rows))


def _refuse_error(document: Mapping[str, Any], reply: Reply) -> None:
    error = document.get("error")
    if error:
        message = error.get("message") if isinstance(error, dict) else error
        raise LoadError(f"the query failed: {one_line(excerpt(message, _LONGEST_ERROR))}", reply=reply)
