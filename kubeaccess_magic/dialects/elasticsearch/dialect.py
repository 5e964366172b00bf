"""The dialect of Elasticsearch: the calls of its API, the requests that they send, and the readers of their answers."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Generator, Iterable, Mapping
from typing import TYPE_CHECKING, ClassVar

from .. import answer
from . import resources

if TYPE_CHECKING:
    from ...reply import Reply
    from ...request import Request
    from ..protocol import Operation, Reader, Step

__all__ = ["AnswerOperation", "CatOperation", "Elasticsearch", "SearchOperation"]

_HEAD_BYTES = 4096  # in which an answer shows what it is
_HITS = re.compile(rb'"hits"\s*:\s*\{')

_Make = Callable[["Request", re.Match[str]], "Operation"]
"""Makes the operation of a request, of whose path a pattern matches the end."""


class Elasticsearch:
    """The dialect of Elasticsearch and OpenSearch."""

    name = "elasticsearch"

    def match(self, request: Request) -> Operation | None:
        """Find the API that a request is for, by its path behind any prefix."""
        path = request.path
        for pattern, make in _OPERATIONS.items():
            start = path.find("/")
            while start >= 0:  # anything may stand before it that a way or another proxy needs
                if (match := pattern.fullmatch(path, start)) is not None:
                    return make(request, match)
                start = path.find("/", start + 1)
        return None

    def recognize(self, reply: Reply) -> Operation | None:
        """Recognize hits, wherever they come from, and other answers by the path of their request."""
        operation = self.match(reply.request)
        if operation is not None and operation.reads(reply):
            return operation
        return self.fallback(reply.request) if SearchOperation.is_answer(reply) else None

    def fallback(self, request: Request) -> Operation:
        """Read a reply of an unknown path as the answer to a search."""
        return SearchOperation(request, None)


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
        """Set the size to the limit, or to the largest possible page, unless the user has set one."""
        from .search import SearchRequest

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
        from .search import SearchRequest
        from .search_reader import SearchReader

        return SearchReader(self.place, SearchRequest.of(self.request, self.place).size, limit, agg=agg)

    def why_empty(self, request: Request) -> Generator[Step, Reply, str | None]:
        """Ask whether the fields of a search exist; the sentence that says which one does not."""
        from .queried_fields import why_empty
        from .search import SearchRequest

        return (yield from why_empty(SearchRequest.of(request, self.place)))

    @staticmethod
    def is_answer(reply: Reply) -> bool:
        """Tell whether a reply has hits as a search has them, wherever it comes from."""
        if not answer.looks_like_json(reply) or _HITS.search(reply.content[:_HEAD_BYTES]) is None:
            return False
        from ...errors import LoadError
        from .search import answer_of

        try:
            return answer_of(reply).hits is not None
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
        """For a frame, request the format with names and types, unless the user has chosen one."""
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
        Texts with which an answer to this call begins.
    make_reader
        Makes a reader for a limit.
    may_be_empty
        Whether ``{}`` is also a valid answer.
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
        """Return the request as it was typed."""
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
        from .search import SearchRequest

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


def _answer(*marks: bytes, make_reader: Callable[[int | None], Reader], may_be_empty: bool = False) -> _Make:
    return lambda request, path: AnswerOperation(request, marks, make_reader, may_be_empty=may_be_empty)


def _sql(limit: int | None) -> Reader:
    from .sql import SqlReader

    return SqlReader(limit)


def _object(limit: int | None) -> Reader:
    from .single_answers import ObjectReader

    return ObjectReader(limit)


def _eql_operation(request: Request, path: re.Match[str]) -> Operation:
    from .eql import EqlOperation, EqlReader

    return EqlOperation(request, (b'"hits"',), EqlReader)


def _document(limit: int | None) -> Reader:
    from .single_answers import DocumentReader

    return DocumentReader(limit)


def _documents(limit: int | None) -> Reader:
    from .single_answers import MultiGetReader

    return MultiGetReader(limit)


def _multi_search(limit: int | None, agg: str | None = None) -> Reader:
    from .multi_search import MultiSearchReader

    return MultiSearchReader(limit, agg=agg)


def _resource(api: resources.ResourceApi) -> _Make:
    def make_reader(limit: int | None) -> Reader:
        from .resource_reader import ResourceReader

        return ResourceReader(api, limit)

    marks = tuple(f'"{mark}"'.encode() for mark in api.marks)
    return _answer(*marks, make_reader=make_reader, may_be_empty=True)


def _compiled(operations: Iterable[tuple[str, _Make]]) -> Mapping[re.Pattern[str], _Make]:
    return {re.compile(f"{path}/?"): make for path, make in operations}


_OPERATIONS: Mapping[re.Pattern[str], _Make] = _compiled(
    (
        (r"(?:/[^/]+)?/_search", lambda request, path: SearchOperation(request, path.start())),
        (r"/_search/scroll(?:/[^/]+)?", lambda request, path: SearchOperation(request, None)),
        (r"(?:/[^/]+)?/_async_search", lambda request, path: AsyncSearchOperation(request, path.start())),
        (r"/_async_search/[^/]+", lambda request, path: AsyncSearchOperation(request, path.start())),
        (r"(?:/[^/]+)?/_eql/search(?:/[^/]+)?", _eql_operation),
        (r"(?:/[^/]+)?/_count", _answer(b'"count"', make_reader=_object)),
        (r"/_cat/([^/]+)(?:/.*)?", lambda request, path: CatOperation(request, path[1])),
        (
            r"/(?:_xpack/sql|_sql|_query|_plugins/_sql|_plugins/_ppl|_opendistro/_sql|_opendistro/_ppl)",
            _answer(b'"columns"', b'"schema"', b'"rows"', b'"datarows"', make_reader=_sql),
        ),
        (
            r"(?:/[^/]+)?/_msearch(?:/template)?",
            lambda request, path: AnswerOperation(
                request, (b'"responses"',), _multi_search, make_aggregation_reader=_multi_search
            ),
        ),
        (r"(?:/[^/]+)?/_mget", _answer(b'"docs"', make_reader=_documents)),
        (r"/[^/]+/_doc/[^/]+", _answer(b'"_index"', b'"_id"', b'"_source"', make_reader=_document)),
        (r"/[^/]+/(?:_source/[^/]+|[^_/][^/]*/[^/]+/_source)", _answer(b"{", make_reader=_object)),
        *((path, _resource(api)) for path, api in resources.RESOURCE_APIS.items()),
    )
)
