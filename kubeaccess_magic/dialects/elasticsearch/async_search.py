"""``_async_search``: the answer to a search, as far as it is there, with what says whether that is all."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import TYPE_CHECKING

import msgspec

from ...errors import LoadError
from ...text import excerpt, one_line
from ..budget import DEFAULT
from ..joining import joined
from ..protocol import NO_LABELS, Pages, Step, Table
from .search import SearchRequest, answer_of
from .search_reader import BucketPages, HitPages

if TYPE_CHECKING:
    from ...reply import Reply
    from ...request import Request

__all__ = ["AsyncSearchReader"]

_WAIT = "10s"  # for the end of a search, with each request
_LONGEST_ID = 100


class _Document(msgspec.Struct):
    response: msgspec.Raw
    id: str | None = None
    is_partial: bool = False
    is_running: bool = False


class AsyncSearchReader:
    """Reads a search that may still run. With a limit it is waited for.

    Parameters
    ----------
    place
        Where Elasticsearch's own path begins in the path of the request.
    limit
        How many rows of each conversation at most.
    agg
        Which aggregation to show, by name.
    """

    budget = DEFAULT

    def __init__(self, place: int, limit: int | None = None, *, agg: str | None = None) -> None:
        self._place, self._limit, self._agg = place, limit, agg
        self._conversations: list[tuple[Mapping[str, str], list[Table]]] = []

    def pages(self, request: Request, labels: Mapping[str, str] = NO_LABELS) -> Pages:
        """Ask for the search; with a limit, again and again until it is done."""
        tables: list[Table] = []
        self._conversations.append((labels, tables))
        search = SearchRequest.of(request, None)
        reply = yield Step(request)
        document = _read(reply)
        while document.is_running and document.id is not None and self._limit is not None:
            path = f"{request.path[: self._place]}/_async_search/{document.id}"
            reply = yield Step(search.beside("GET", path, f"wait_for_completion_timeout={_WAIT}"))
            document = _read(reply)
        tables.append(self._table(document, search, reply))

    def table(self) -> Table:
        """Join the tables of all conversations."""
        return joined([(labels, table) for labels, tables in self._conversations for table in tables], self.budget)

    def _table(self, document: _Document, search: SearchRequest, reply: Reply) -> Table:
        inner = dataclasses.replace(reply, content=bytes(document.response))
        found = answer_of(inner)
        rows: BucketPages | HitPages
        if found.hits is None or self._agg is not None or (found.aggregations and not found.hits):
            rows = BucketPages(search, self._limit, self._agg, found, inner, self.budget)
        else:
            rows = HitPages(search, self._limit, search.size, self.budget)
            rows.add_first(found, inner)
        table = rows.table()
        return dataclasses.replace(table, notes=(*_notes(document), *table.notes))


def _read(reply: Reply) -> _Document:
    try:
        return msgspec.json.decode(reply.content, type=_Document)
    except (msgspec.DecodeError, RecursionError):
        raise LoadError("the answer is not that of a search", reply=reply, hint="see it with -o json") from None


def _notes(document: _Document) -> list[str]:
    name = one_line(excerpt(document.id or "", _LONGEST_ID))
    if document.is_running:
        later = f"; _async_search/{name} has more later" if name else ""
        return [f"the search is still running: the answer is partial{later}"]
    return ["the answer is partial: it is not complete"] if document.is_partial else []
