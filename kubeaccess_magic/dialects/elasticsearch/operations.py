"""Calls of the API of Elasticsearch: what is sent, and which reader reads the answer."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, ClassVar

from .. import answer

if TYPE_CHECKING:
    from ...reply import Reply
    from ...request import Request
    from ..protocol import Reader

__all__ = ["AnswerOperation", "AsyncSearchOperation", "CatOperation", "SearchOperation"]

_HEAD_BYTES = 4096  # in which an answer shows what it is
_HITS = re.compile(rb'"hits"\s*:\s*\{')


@dataclasses.dataclass(frozen=True)
class SearchOperation:
    """A search, or a page of a scroll.

    Parameters
    ----------
    request
        The request.
    place
        Where Elasticsearch's own path, ``/INDEX/_search``, begins in its path. None if it has another path; then one
        answer is all that is read.
    """

    dialect: ClassVar[str] = "elasticsearch"

    request: Request
    place: int | None

    def prepare(self, limit: int | None, *, for_frame: bool = True) -> Request:
        """Ask for as many hits as are wanted, or as one answer can have, unless the user says how many."""
        from .search_request import SearchRequest

        return self.request if limit is None else SearchRequest.of(self.request, self.place).with_size(limit)

    def reads(self, reply: Reply) -> bool:
        """Tell whether a reply has hits or aggregations."""
        if not answer.looks_like_json(reply):
            return False
        # A long `_scroll_id` may stand before the hits.
        return _HITS.search(reply.content) is not None or b'"aggregations"' in reply.content

    def reader(self, limit: int | None = None, *, agg: str | None = None) -> Reader:
        """Make a reader.

        Parameters
        ----------
        limit
            How many rows at most.
        agg
            Which aggregation to show instead of hits, by name; ``outer>inner`` if a bucket has several.
        """
        from .search_reader import SearchReader
        from .search_request import SearchRequest

        return SearchReader(self.place, SearchRequest.of(self.request, self.place).size, limit, agg=agg)

    @staticmethod
    def is_answer(reply: Reply) -> bool:
        """Tell whether a reply has hits as a search has them, wherever it comes from."""
        if not answer.looks_like_json(reply) or _HITS.search(reply.content[:_HEAD_BYTES]) is None:
            return False
        from ...errors import LoadError
        from . import search_answer

        try:
            return search_answer.read(reply).hits is not None
        except LoadError:
            return False


@dataclasses.dataclass(frozen=True)
class CatOperation:
    """A table for people: ``/_cat/TABLE``.

    Parameters
    ----------
    request
        The request.
    table
        The name of the table.
    """

    dialect: ClassVar[str] = "elasticsearch"

    request: Request
    table: str

    def prepare(self, limit: int | None, *, for_frame: bool = True) -> Request:
        """For a frame, ask for the form that has names and types, unless the user asks for a form."""
        from . import cat

        return cat.as_json(self.request) if for_frame else self.request

    def reads(self, reply: Reply) -> bool:
        """Tell whether a reply is a list of objects, or a table with a header."""
        from . import cat

        return cat.is_table(self.request, reply)

    def reader(self, limit: int | None = None, *, agg: str | None = None) -> Reader:
        """Make a reader. A table has no aggregations."""
        from .cat import CatReader

        _refuse_aggregation(agg)
        return CatReader(self.table, limit)


@dataclasses.dataclass(frozen=True)
class AnswerOperation:
    """A call whose request is sent as it was typed.

    Parameters
    ----------
    request
        The request.
    marks
        With one of these texts a reply begins like an answer to this call.
    make_reader
        Makes a reader for a limit.
    may_be_empty
        Whether ``{}`` is an answer, too.
    make_aggregation_reader
        Makes a reader for a limit and the name of an aggregation, if answers have aggregations.
    """

    dialect: ClassVar[str] = "elasticsearch"

    request: Request
    marks: tuple[bytes, ...]
    make_reader: Callable[[int | None], Reader]
    may_be_empty: bool = False
    make_aggregation_reader: Callable[[int | None, str], Reader] | None = None

    def prepare(self, limit: int | None, *, for_frame: bool = True) -> Request:
        """Give the request as it was typed."""
        return self.request

    def reads(self, reply: Reply) -> bool:
        """Tell whether a reply begins like an answer to this call."""
        if not answer.looks_like_json(reply):
            return False
        head = reply.content[:_HEAD_BYTES]
        return any(mark in head for mark in self.marks) or (self.may_be_empty and head.strip() == b"{}")

    def reader(self, limit: int | None = None, *, agg: str | None = None) -> Reader:
        """Make a reader.

        Parameters
        ----------
        limit
            How many rows at most.
        agg
            Which aggregation to show, if answers have aggregations.
        """
        if agg is not None and self.make_aggregation_reader is not None:
            return self.make_aggregation_reader(limit, agg)
        _refuse_aggregation(agg)
        return self.make_reader(limit)


@dataclasses.dataclass(frozen=True)
class AsyncSearchOperation:
    """A search that is answered before it is done, or the question whether it is.

    Parameters
    ----------
    request
        The request.
    place
        Where Elasticsearch's own path begins in its path.
    """

    dialect: ClassVar[str] = "elasticsearch"

    request: Request
    place: int

    def prepare(self, limit: int | None, *, for_frame: bool = True) -> Request:
        """Ask for as many hits as are wanted, or as one answer can have, unless the user says how many."""
        from .search_request import SearchRequest

        return self.request if self.request.method == "GET" else SearchRequest.of(self.request, 0).with_size(limit)

    def reads(self, reply: Reply) -> bool:
        """Tell whether a reply has a response, and says whether it is partial."""
        head = reply.content[:_HEAD_BYTES]
        return answer.looks_like_json(reply) and b'"is_partial"' in head and b'"response"' in head

    def reader(self, limit: int | None = None, *, agg: str | None = None) -> Reader:
        """Make a reader.

        Parameters
        ----------
        limit
            How many rows at most.
        agg
            Which aggregation to show instead of hits, by name.
        """
        from .async_search import AsyncSearchReader

        return AsyncSearchReader(self.place, limit, agg=agg)


def _refuse_aggregation(agg: str | None) -> None:
    if agg is not None:
        from .search_reader import no_aggregations

        raise no_aggregations(agg)
