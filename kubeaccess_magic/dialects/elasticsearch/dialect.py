"""The dialect of Elasticsearch: which requests and which replies are its own."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING

from . import resources
from .operations import AnswerOperation, AsyncSearchOperation, CatOperation, SearchOperation

if TYPE_CHECKING:
    from ...reply import Reply
    from ...request import Request
    from ..protocol import Operation, Reader

__all__ = ["Elasticsearch"]

_Make = Callable[["Request", re.Match[str]], "Operation"]
"""Makes the operation of a request, of whose path a pattern matches the end."""


class Elasticsearch:
    """The dialect of Elasticsearch and OpenSearch."""

    name = "elasticsearch"

    def match(self, request: Request) -> Operation | None:
        """Find the API that a request is for, by its path behind any prefix."""
        for pattern, make in _OPERATIONS.items():
            if (path := _end_of_path(pattern, request.path)) is not None:
                return make(request, path)
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


def _end_of_path(pattern: re.Pattern[str], path: str) -> re.Match[str] | None:
    """Match the end of a path. Anything may stand before it that a way or another proxy needs."""
    for start in (at for at, letter in enumerate(path) if letter == "/"):
        if (match := pattern.fullmatch(path, start)) is not None:
            return match
    return None


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
