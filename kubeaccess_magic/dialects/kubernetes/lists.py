"""The reader of lists: it asks for page after page and takes the rows out of each."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from ...errors import NotFound
from ...kube import ContinueTokens, status_of
from ...query import ALL
from ..budget import DEFAULT, FrameBudget
from ..joining import joined
from ..protocol import NO_LABELS, Step, Table
from .collectors import Collector, collector_for
from .kinds import PARTS
from .page import Page

if TYPE_CHECKING:
    from ...reply import Reply
    from ...request import Request
    from ..protocol import Pages
    from .heads import Head

__all__ = ["ListReader"]

_MOVED = "the list is of more than one moment: its version expired while it was read"


class ListReader:
    """Reads lists, Tables and single objects.

    Parameters
    ----------
    limit
        How many rows of each list are wanted; None for those that `reads_on` brings.
    reads_on
        Whether pages after the first one are asked for.
    unit
        What the rows are, such as "pods"; "" if only the answer tells.
    wide
        Whether all fields are wanted, as dotted columns.
    labels
        Labels that get a column: a sequence, or their names with commas.
    """

    budget = DEFAULT

    def __init__(
        self, limit: int | None = None, *, reads_on: bool, unit: str, wide: bool, labels: str | Sequence[str]
    ) -> None:
        self._limit = ALL if limit is None else limit
        self._reads_on = reads_on
        self._unit = unit
        self._wide = wide
        self._labels = [name for name in (labels.split(",") if isinstance(labels, str) else labels) if name]
        self._lists: list[tuple[Mapping[str, str], _List]] = []

    def pages(self, request: Request, labels: Mapping[str, str] = NO_LABELS) -> Pages:
        """Ask for page after page.

        If a token has expired, the list goes on with the fresh one that the 410 carries (F1): the rest is of a later
        moment. If the 410 carries none, the list is asked for once more, in one piece that cannot expire, as client-go
        does (k8s.io/client-go/tools/pager).
        """
        rows = _List(self._unit, self.budget, wide=self._wide, labels=self._labels)
        self._lists.append((labels, rows))
        tokens, is_whole, step = ContinueTokens(), False, Step(request)
        while True:
            try:
                reply = yield step
            except NotFound as error:
                if step.request is request or is_whole or not _is_expired(error):
                    raise
                token = _fresh_token(error)
                if tokens.renew(token):
                    step = dataclasses.replace(step, request=_continued(request, token))
                else:
                    is_whole, step = True, Step(self._in_one_piece(request), unit=step.unit)
                continue
            if is_whole:
                rows.clear()
            count = rows.count
            rows.add(reply)
            del reply
            if rows.token is None or is_whole or not self._reads_on or rows.count >= self._limit:
                return
            token = tokens.use(rows.token, is_empty_page=rows.count == count)
            step = rows.step(_continued(request, token))

    def table(self) -> Table:
        """Make one table of all lists."""
        tables = [(labels, rows.table(self._limit)) for labels, rows in self._lists]
        return joined([(labels, table) for labels, table in tables if table is not None], self.budget)

    def _in_one_piece(self, request: Request) -> Request:
        return request.without("limit") if self._limit == ALL else request.with_param("limit", self._limit)


class _List:
    """What has been read of one list."""

    def __init__(self, unit: str, budget: FrameBudget, *, wide: bool, labels: Sequence[str]) -> None:
        self._unit = unit
        self._budget = budget
        self._wide = wide
        self._labels = labels
        self.clear()

    def clear(self) -> None:
        """Forget what has been read."""
        self._collector: Collector | None = None
        self._head: Head | None = None  # of the last page
        self._versions: set[str] = set()

    @property
    def count(self) -> int:
        """How many rows have been read."""
        return self._collector.rows if self._collector is not None else 0

    @property
    def token(self) -> str | None:
        """The token of the page after the last one that was read, if there is one."""
        return (self._head.token or None) if self._head is not None else None

    def add(self, reply: Reply) -> None:
        """Take the rows of a page."""
        page = Page(reply, keep_equal_keys=self._wide)
        if self._collector is None:
            self._collector = collector_for(page, wide=self._wide, labels=self._labels, budget=self._budget)
        self._collector.add(page)
        self._head = page.head
        self._versions.add(page.head.version)

    def step(self, request: Request) -> Step:
        """The step that asks for the next page."""
        remaining = _remaining(self._head) if self._head is not None else None
        total = None if remaining is None else self.count + remaining
        return Step(request, rows_before=self.count, total=total, unit=self._unit or "rows")

    def table(self, limit: int) -> Table | None:
        """The table of the first `limit` rows; None if no page has been read."""
        if self._collector is None or self._head is None:
            return None
        head, frame = self._head, self._collector.frame()
        count, remaining = len(frame), _remaining(head)
        total = count + (remaining or 1) if head.token else count
        return Table(
            frame.iloc[:limit] if count > limit else frame,
            rows=min(count, limit),
            total=total if head.is_list or total > limit else None,
            unit="rows" if head.group_kind in PARTS else self._unit or _plural(head.kind),
            total_is_lower_bound=bool(head.token) and remaining is None,
            has_more=total > min(count, limit),
            notes=((_MOVED,) if len(self._versions) > 1 else ()) + self._collector.notes,
        )


def _remaining(head: Head) -> int | None:
    """How many rows follow a page, if that is known: of a selection the server does not say it, of parts it cannot."""
    return None if head.group_kind in PARTS else head.remaining


def _is_expired(error: NotFound) -> bool:
    return error.reply is not None and error.reply.status_code == 410


def _fresh_token(error: NotFound) -> str:
    """The token with which an expired list goes on; "" if there is none."""
    status = status_of(error.reply.content) if error.reply is not None else None
    return status.token if status is not None else ""


def _continued(request: Request, token: str) -> Request:
    """The request for the page of a token, with which the API server does not accept a version."""
    return request.without("resourceVersion", "resourceVersionMatch").with_param("continue", token)


def _plural(kind: str) -> str:
    """What objects of a kind are called in the plural: ``pods``, ``ingresses``, ``networkpolicies``."""
    name = kind.removesuffix("List").lower() or "row"
    if name.endswith("y"):
        return name[:-1] + "ies"
    return name if name.endswith(("ts", "metrics")) else name + ("es" if name.endswith("s") else "s")
