"""The reader of Loki: pages of log lines, or one answer of samples or of names."""

from __future__ import annotations

import contextlib
import dataclasses
from collections import Counter
from collections.abc import Generator, Mapping
from typing import TYPE_CHECKING, Any

from ...errors import AppError, LoadError
from ...query import ALL
from .. import answer
from ..joining import joined
from ..prometheus.envelope import STATS_NOTE, notes_of
from ..prometheus.listings import listing
from ..prometheus.reader import PrometheusReader
from ..protocol import NO_LABELS, Pages, Step, Table
from . import exact, fast, paging
from .line_page import LinePage, frame_of, without

if TYPE_CHECKING:
    from ...reply import Reply
    from ...request import Request

__all__ = ["LokiReader"]

_MANY_AT_ONCE = "more lines than Loki gives at once have the same time, to the nanosecond: some of them may be missing"
_IGNORES_RANGE = "the rest cannot be asked for: the app sends lines that are out of the range"
_NO_RANGE = "the rest cannot be asked for: the start or the end of the range is not one that can be read"


_Asked = Generator[Step, "Reply", "tuple[Reply, Request]"]


class LokiReader:
    """Reads answers of Loki into one table.

    Parameters
    ----------
    endpoint
        The endpoint that answers, or None if it is not known.
    limit
        How many rows of each conversation are wanted: None for what one answer holds, `ALL` for all.
    wide
        Whether samples have one column per series.
    categories
        Whether labels become categorical columns.
    """

    def __init__(
        self, endpoint: str | None, limit: int | None = None, *, wide: bool = False, categories: bool = False
    ) -> None:
        self._endpoint = endpoint
        self._limit, self._wide, self._categories = limit, wide, categories
        self._tables: list[tuple[Mapping[str, str], Table]] = []
        self._lines: list[_Conversation] = []
        self._samples = PrometheusReader(None, limit, wide=wide, categories=categories)
        self._has_samples = False

    def pages(self, request: Request, labels: Mapping[str, str] = NO_LABELS) -> Pages:
        """Ask for one answer; with a limit, ask for page after page of log lines."""
        reply, sent = yield from _asked(request, can_reduce=self._limit is not None)
        page = fast.read(reply.content)
        document = None
        if page is None:
            document = answer.json_of(reply)
            page = exact.read(document, reply)
        if page is None:
            self._read_other(document, reply, sent, labels)
            return
        if self._wide:
            raise LoadError("log lines have no wide form", reply=reply, hint="leave out wide, or ask for a metric")
        del reply, document
        most_lines = paging.MOST_LINES if sent is request else paging.limit_of(sent)
        conversation = _Conversation(labels, self._limit, sent, most_lines)
        self._lines.append(conversation)
        yield from conversation.read_on(page)

    def table(self) -> Table:
        """Make one table: log lines in the order of time, samples as those of Prometheus."""
        tables = [*self._tables, *((each.labels, each.table(self._categories)) for each in self._lines)]
        if self._has_samples:
            table = self._samples.table()
            notes = tuple(note for note in table.notes if note != STATS_NOTE)  # Loki never goes without them
            tables.append((NO_LABELS, dataclasses.replace(table, notes=notes)))
        return tables[0][1] if len(tables) == 1 and not tables[0][0] else joined(tables)

    def _read_other(self, document: Any, reply: Reply, request: Request, labels: Mapping[str, str]) -> None:
        """Read samples, or a list of names or of streams."""
        endpoint = "labels" if self._endpoint == "label" else self._endpoint
        if endpoint is not None and (endpoint.startswith("label") or endpoint == "series"):
            if isinstance(document, dict) and document.get("status") == "success":
                document = {"data": [], **document}  # Loki leaves an empty list out
            table = listing(endpoint, document, reply, self._limit, as_categories=self._categories)
            self._tables.append((labels, table))
            return
        samples = self._samples.pages(request, labels)
        next(samples)
        with contextlib.suppress(StopIteration):
            samples.send(reply)
        samples.close()
        self._has_samples = True


class _Conversation:
    """The log lines of one target.

    Parameters
    ----------
    labels
        The columns that tell it apart.
    limit
        How many lines are wanted.
    request
        What was sent first.
    most_lines
        How many lines Loki gives at once.
    """

    def __init__(self, labels: Mapping[str, str], limit: int | None, request: Request, most_lines: int) -> None:
        self.labels = labels
        self._limit, self._request = limit, request
        self._forward = paging.is_forward(request)
        self._page_lines = paging.limit_of(request)
        self._most_lines = max(self._page_lines, most_lines)
        self._pages: list[LinePage] = []
        self._rows = 0
        self._has_more = False
        self._notes: dict[str, None] = {}
        self._boundary_ns: int | None = None  # where the last page ends
        self._seen: Counter[Any] = Counter()  # the lines of that time

    def read_on(self, page: LinePage) -> Pages:
        """Keep the first page, and ask for those that follow it."""
        sent, total = self._request, None if self._limit in (None, ALL) else self._limit
        while self._add(page, paging.limit_of(sent)):
            following = self._following(page)
            if following is None:
                self._has_more = False
                return
            reply, sent = yield from _asked(following, can_reduce=True, rows=self._rows, total=total)
            if sent is not following:
                self._most_lines = self._page_lines = paging.limit_of(sent)
            next_page = fast.read(reply.content) or exact.read(answer.json_of(reply), reply)
            if next_page is None:
                raise LoadError("a page of the answer has no log lines", reply=reply, hint="see it with -o json")
            page = next_page
            del reply, next_page

    def table(self, as_categories: bool) -> Table:
        """Make a table of all pages."""
        frame = frame_of(self._pages, self._limit, forward=self._forward, as_categories=as_categories)
        self._pages.clear()
        has_more = self._has_more or self._rows > len(frame)
        return Table(
            frame,
            len(frame),
            self._rows if has_more else None,
            "lines",
            total_is_lower_bound=has_more,
            has_more=has_more,
            notes=tuple(self._notes),
        )

    def _add(self, page: LinePage, asked: int) -> bool:
        """Keep the lines of a page that are new; tell whether another page is wanted."""
        self._notes |= dict.fromkeys(notes_of({"warnings": page.warnings}))
        if self._boundary_ns is not None and self._is_out_of_range(page, self._boundary_ns):
            self._notes[_IGNORES_RANGE] = None
            return False
        new = page if self._boundary_ns is None else without(page, self._boundary_ns, self._seen)
        self._pages.append(new)
        self._rows += new.rows
        self._has_more = page.rows >= asked
        if not self._has_more or self._limit is None or self._rows >= self._limit:
            return False
        if not paging.can_read_on(self._request):
            self._notes[_NO_RANGE] = None
            return False
        return True

    def _is_out_of_range(self, page: LinePage, boundary_ns: int) -> bool:
        beyond = page.time < boundary_ns if self._forward else page.time > boundary_ns
        return bool(beyond.any())

    def _following(self, page: LinePage) -> Request | None:
        """Ask for the page that follows; None if the range ends here."""
        last = int(page.time.max() if self._forward else page.time.min())
        seen = page.lines_at(last)
        if last == self._boundary_ns:  # all of the page has that one time
            seen |= self._seen
        if seen.total() >= self._most_lines:  # no page can hold the rest of this time
            self._notes[_MANY_AT_ONCE] = None
            last, seen = last + (1 if self._forward else -1), Counter()
        self._boundary_ns, self._seen = last, seen
        wanted = min(self._page_lines, (self._limit or ALL) - self._rows)
        return paging.next_request(self._request, last, min(self._most_lines, wanted + seen.total()))


def _asked(request: Request, *, can_reduce: bool, rows: int = 0, total: int | None = None) -> _Asked:
    """Ask for a page; if Loki gives fewer lines at once, ask for as many as it gives.

    Parameters
    ----------
    request
        What to send.
    can_reduce
        Whether another number of lines than that of the request may be asked for.
    rows, total
        For the progress.

    Returns
    -------
    tuple
        The reply, and the request that it answers.
    """
    try:
        reply = yield Step(request, rows_before=rows, total=total, unit="lines")
    except AppError as error:
        accepted = paging.accepted_limit(error.reply.text) if error.reply is not None else None
        if not can_reduce or accepted is None or accepted >= paging.limit_of(request):
            raise
    else:
        return reply, request
    request = paging.with_limit(request, accepted)
    reply = yield Step(request, rows_before=rows, total=total, unit="lines")
    return reply, request
