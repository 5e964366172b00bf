"""What is asked of Elasticsearch, and which of its answers become which frame."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from ...errors import LoadError
from .. import Loaded, Pages, Step, answer, columns
from . import cat, documents, paging, search, tables
from .about import ABOUT, Rows

if TYPE_CHECKING:
    from ...reply import Reply
    from ...request import Request

__all__ = ["Elasticsearch"]

_SEARCH = re.compile(r"(?:/[^/]+)?/_search/?")
_SCROLL = re.compile(r"/_search/scroll(?:/[^/]+)?/?")
_COUNT = re.compile(r"(?:/[^/]+)?/_count/?")
_CAT = re.compile(r"/_cat/([^/]+)(?:/.*)?")
_TABLE = re.compile(r"/(?:_xpack/sql|_sql|_query|_plugins/_sql|_plugins/_ppl|_opendistro/_sql|_opendistro/_ppl)/?")
_MANY_SEARCHES = re.compile(r"(?:/[^/]+)?/_msearch(?:/template)?/?")
_MANY_DOCUMENTS = re.compile(r"(?:/[^/]+)?/_mget/?")
_DOCUMENT = re.compile(r"/[^/]+/_doc/[^/]+/?")
_SOURCE = re.compile(r"/[^/]+/(?:_source/[^/]+|[^_/][^/]*/[^/]+/_source)/?")
_ABOUT: Mapping[re.Pattern[str], Rows] = {re.compile(path + "/?"): rows for path, rows in ABOUT.items()}
_PATHS = (_SEARCH, _SCROLL, _COUNT, _CAT, _TABLE, _MANY_SEARCHES, _MANY_DOCUMENTS, _DOCUMENT, _SOURCE, *_ABOUT)

_HEAD = 4096  # bytes in which an answer shows what it is
_HITS_IN = re.compile(rb'"hits"\s*:\s*\{')
# Settings and other names that stay text, also if they happen to be made of digits.
_NAMES = re.compile(r"(?:.*\.)?(?:index|uuid|provided_name|name|_name|value|history_uuid)")
_TIMES_MS = re.compile(r"(?:.*\.)?creation_date")

# How an answer of one of these paths begins.
_MARKS: Mapping[re.Pattern[str], tuple[bytes, ...]] = {
    _COUNT: (b'"count"',),
    _TABLE: (b'"columns"', b'"schema"', b'"rows"', b'"datarows"'),
    _MANY_SEARCHES: (b'"responses"',),
    _MANY_DOCUMENTS: (b'"docs"',),
    _DOCUMENT: (b'"_index"', b'"_id"', b'"_source"'),
    _SOURCE: (b"{",),
}


class Elasticsearch:
    """The dialect of Elasticsearch and OpenSearch."""

    name = "elasticsearch"

    def asks(self, request: Request) -> bool:
        """Whether the path is one of those whose answers are frames here."""
        return any(_ends(pattern, request.path) for pattern in _PATHS)

    def ask(self, request: Request, limit: int | None) -> Request:
        """With a limit, a search asks for as many hits as it can give at once, unless it says itself how many."""
        return paging.ask(request, limit) if _ends(_SEARCH, request.path) else request

    def for_frame(self, request: Request) -> Request:
        """A table of ``_cat`` in the form that has names and types, unless the form was typed."""
        return cat.for_frame(request) if _ends(_CAT, request.path) else request

    def takes(self, request: Request, reply: Reply) -> bool:
        """An answer to one of those paths that begins like one; and hits, wherever they come from."""
        if _ends(_CAT, request.path):
            return cat.takes(request, reply)
        if not answer.looks_like_json(reply):
            return False
        head = reply.content[:_HEAD]
        if _is_search(request):
            return _HITS_IN.search(head) is not None or _has_hits(reply) or b'"aggregations"' in reply.content
        for pattern, marks in _MARKS.items():
            if _ends(pattern, request.path):
                return any(mark in head for mark in marks)
        if (rows := _rows_of(request)) is not None:
            return head.strip() == b"{}" or any(f'"{mark}"'.encode() in head for mark in rows.marks)
        return _HITS_IN.search(head) is not None and _has_hits(reply)

    def pages(self, request: Request, limit: int | None) -> Pages:
        """Of a search its hits beyond the first 10,000, of SQL what its cursor brings; of anything else one answer."""
        if (found := _ends(_SEARCH, request.path)) is not None:
            yield from paging.pages(request, limit, found.start())
        elif _ends(_TABLE, request.path) is not None:
            yield from tables.pages(request, limit)
        else:
            yield Step(request)

    def load(self, replies: Iterable[Reply], *, limit: int | None = None, agg: str | None = None) -> Loaded:
        """One row a hit; without hits, one row an innermost bucket of the aggregation.

        Parameters
        ----------
        replies
            The pages.
        limit
            At most so many rows.
        agg
            Which aggregation, by name; ``outer>inner`` where a bucket has several.
        """
        pages = iter(replies)
        first = next(pages)
        request = first.request
        if agg is not None and not (_is_search(request) or _ends(_MANY_SEARCHES, request.path)):
            raise LoadError(
                f"the answer has no aggregations, so no {agg!r}",
                reply=first,
                hint='leave agg out, or ask for some: "aggs" in the body',
            )
        if found := _ends(_CAT, request.path):
            return cat.load(found[1], [first, *pages], limit)
        if _ends(_TABLE, request.path):
            return tables.load(_again(first, pages), limit)
        if _ends(_MANY_SEARCHES, request.path):
            return documents.many_searches(first, limit, agg)
        for pattern, load in _DOCUMENTS.items():
            if _ends(pattern, request.path):
                return load(first, limit)
        if not _is_search(request) and (rows := _rows_of(request)) is not None:
            return _about(rows, first, limit)
        return search.load(_again(first, pages), limit, agg)


_DOCUMENTS: Mapping[re.Pattern[str], Callable[[Reply, int | None], Loaded]] = {
    _MANY_DOCUMENTS: documents.many_documents,
    _DOCUMENT: documents.document,
    _SOURCE: documents.source,
}


def _again(first: Reply, others: Iterable[Reply]) -> Iterable[Reply]:
    yield first
    del first  # it is read, and need not stay
    yield from others


def _about(rows: Rows, reply: Reply, limit: int | None) -> Loaded:
    document = answer.json_of(reply)
    if not isinstance(document, dict):
        raise LoadError("the answer is none of Elasticsearch: it is no object", reply=reply, hint="see it with -o json")
    found = list(rows.rows(document))
    of = len(found) if limit is not None and len(found) > limit else None
    found = found[:limit]
    if not found:
        return Loaded(columns.empty(rows.columns), 0, of, rows.what, note=rows.note(document))
    table: dict[str, Any] = columns.flatten(found)
    if rows.numbers:
        table = {name: _numbers(name, values) for name, values in table.items()}
    times = {name: values for name, values in table.items() if rows.numbers and _is_time(name, values)}
    frame = columns.frame(table, len(found), dates=True)
    for name, values in times.items():
        frame[name] = columns.epoch_ms(values)
    return Loaded(frame, len(found), of, rows.what, note=rows.note(document))


def _numbers(name: str, values: list[Any]) -> list[Any]:
    """Settings are text, all of them: a column in which each is a number has numbers, unless it is a name."""
    return values if _NAMES.fullmatch(name) or (found := columns.numbers(values)) is None else found


def _is_time(name: str, values: list[Any]) -> bool:
    return _TIMES_MS.fullmatch(name) is not None and all(value is None or type(value) is int for value in values)


def _is_search(request: Request) -> bool:
    return _ends(_SEARCH, request.path) is not None or _ends(_SCROLL, request.path) is not None


def _rows_of(request: Request) -> Rows | None:
    return next((rows for pattern, rows in _ABOUT.items() if _ends(pattern, request.path)), None)


def _ends(pattern: re.Pattern[str], path: str) -> re.Match[str] | None:
    """Whether a path is one of Elasticsearch's, behind any prefix that a way or a proxy has put before it."""
    for start in (at for at, letter in enumerate(path) if letter == "/"):
        if (found := pattern.fullmatch(path, start)) is not None:
            return found
    return None


def _has_hits(reply: Reply) -> bool:
    """Whether an answer has hits, found by reading it: it does not always show in how it begins."""
    try:
        return search.read(reply) is not None
    except LoadError:
        return False
