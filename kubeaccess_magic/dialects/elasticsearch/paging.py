"""How a search is asked for more hits than one answer holds: by a point in time, or by a scroll where there is none.

The first request is always the one that was typed, by its own method: where its answer is all there is, or all that is
wanted, nothing else is asked. Only then the hits are read again from the beginning, of one state of the indices:

- ``POST index/_pit`` and ``search_after`` with ``_shard_doc`` as the tiebreaker (Elasticsearch from 7.12);
- ``POST index/_search/point_in_time`` and the same (OpenSearch from 3.3);
- ``GET index/_search?scroll=`` where there is no point in time, or no such tiebreaker, or ``create`` is refused.

OpenSearch 2 has points in time, but no tiebreaker that is unique: its own lose hits between shards
(github.com/opensearch-project/OpenSearch/issues/11831, 14824, 15869), so it is read by a scroll.

https://www.elastic.co/guide/en/elasticsearch/reference/8.17/paginate-search-results.html
https://docs.opensearch.org/2.17/search-plugins/searching-data/point-in-time-api/
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
from collections.abc import Generator
from typing import TYPE_CHECKING, Any

import msgspec

from ...errors import AccessDenied, AppError, KubeAccessError
from .. import Pages, Step
from . import search
from .composite import composite_of

if TYPE_CHECKING:
    from ...reply import Reply
    from ...request import Request

__all__ = ["MOST_HITS", "ask", "pages"]

MOST_HITS = 10_000
"""What a search gives at most, `from` and `size` together (``index.max_result_window``)."""

_KEEP_ALIVE = "2m"  # for one page: it arrives, and the next one is asked for
_PAGE_BYTES = 32 * 2**20
_LONGEST_ID = 2_000  # Elasticsearch reads 4 KiB of a request line (http.max_initial_line_length)

# Which documents are searched is said when a point in time is opened, and may not be said again.
_OF_INDICES = (
    "routing",
    "preference",
    "ignore_unavailable",
    "allow_no_indices",
    "expand_wildcards",
    "ignore_throttled",
)
_NOT_OF_PIT = (*_OF_INDICES, "ccs_minimize_roundtrips", "source", "source_content_type", "size", "from", "scroll")
_ONLY_ONCE = ("aggs", "aggregations", "suggest", "profile")  # of all hits, not of a page: the first answer has them
# Who says one of these pages by hand, or wants no more than what it finds at once.
_BY_HAND = ("pit", "search_after", "slice", "terminate_after")
_OF_A_BODY = ("content-type", "content-encoding")


def ask(request: Request, limit: int | None) -> Request:
    """With a limit, a search asks for as many hits as it can give at once, unless it says itself how many."""
    body = search.asked(request)
    if limit is None or body is None or "size" in body or request.param("size") is not None:
        return request
    start = search.start_of(request)
    if start >= MOST_HITS:  # refused in any case, in Elasticsearch's own words
        return request
    return request.with_param("size", min(limit, MOST_HITS - start))


def pages(request: Request, limit: int | None, place: int) -> Pages:
    """The requests that a search takes.

    Parameters
    ----------
    request
        The search.
    limit
        How many hits are wanted.
    place
        Where Elasticsearch's own path begins in the request's.
    """
    first = yield Step(request)
    if limit is None:
        return
    walk = _begun(request, first, limit, place)
    if walk is None:
        yield from _buckets(request, first, limit)
        return
    if request.param("scroll") is not None:
        yield from walk.scroll(first)
        return
    try:
        if (yield from walk.point_in_time()):
            return
    except AccessDenied:  # POST is `create`; a scroll is asked for by GET
        if walk.rows:
            raise
    yield from walk.scroll(None)


def _buckets(request: Request, reply: Reply, limit: int) -> Pages:
    """The buckets of a composite aggregation behind the first page of them, until a page has none."""
    asked, rows = composite_of(search.asked(request)), 0
    first = search.read(reply) if asked is not None else None
    if asked is None or first is None or first.hits:  # hits are what is read on, if there are any
        return
    while True:
        found = search.aggregations_of(reply)
        inside = found.get(asked.name)
        if not isinstance(inside, dict) or not (buckets := inside.get("buckets")) or not inside.get("after_key"):
            return
        rows += len(buckets)
        if rows >= limit:
            return
        body = asked.behind(inside["after_key"], limit - rows)
        if request.body is None:
            step = request.with_param("source", json.dumps(body))
        else:
            step = _with_body(request, body)
        reply = yield Step(step, rows=rows, what="buckets")


@dataclasses.dataclass
class _Walk:
    """A search that goes on behind its first answer."""

    request: Request
    body: dict[str, Any]
    index: str
    root: str
    limit: int
    start: int
    size: int
    rows: int = 0
    of: int | None = None

    # ---- a point in time

    def point_in_time(self) -> Generator[Step, Reply, bool]:
        """Whether the hits were read by a point in time."""
        for path, name in ((f"{self.index}/_pit", "id"), (f"{self.index}/_search/point_in_time", "pit_id")):
            of_indices = [(key, self.request.param(key)) for key in _OF_INDICES]
            opened = self._asks("POST", path).with_params([("keep_alive", _KEEP_ALIVE), *of_indices])
            try:
                reply = yield Step(opened, holds_rows=False)
            except AppError as error:
                if error.reply is not None and "x-elastic-product" in error.reply.headers:
                    return False  # Elasticsearch, which has no other form
                continue
            if (identity := _text_in(reply, name)) is not None:
                return (yield from self._search_after(identity, name))
        return False

    def _search_after(self, identity: str, name: str) -> Generator[Step, Reply, bool]:
        after: list[Any] | None = None
        try:
            while True:
                try:
                    reply = yield Step(self._page(identity, after), rows=self.rows, of=self.of, what="hits")
                except AppError:
                    if after is None:
                        return False  # no tiebreaker, or something in the search that goes with none
                    raise
                identity = _text_in(reply, "pit_id") or identity
                found = search.read(reply)
                after = found.last_sort() if found is not None else None
                if found is None or after is None or self._is_end(found):
                    return True
        except GeneratorExit:  # nobody asks any more
            identity = ""
            raise
        finally:
            if identity and name == "id":
                yield from self._close("/_pit", {"id": identity})
            elif identity:
                yield from self._close("/_search/point_in_time", {"pit_id": [identity]})

    def _page(self, identity: str, after: list[Any] | None) -> Request:
        """The search of a point in time, behind one hit."""
        request = self._asks("POST", f"{self.root}/_search", self.request.without(*_NOT_OF_PIT).query)
        body = {name: value for name, value in self.body.items() if name not in (*_ONLY_ONCE, "from", "size")}
        body |= {"size": self._next_size(), "pit": {"id": identity, "keep_alive": _KEEP_ALIVE}}
        if (sort := request.param("sort")) is not None:  # it stands behind the body's own
            request = request.with_param("sort", f"{sort},_shard_doc")
        else:
            own = body.get("sort") or {"_score": "desc"}
            body["sort"] = [*(own if isinstance(own, list) else [own]), "_shard_doc"]
        if after is not None:
            body["search_after"] = after
        elif self.start:
            body |= {"from": self.start, "size": min(body["size"], MOST_HITS - self.start)}
        if request.param("track_total_hits") is None and "track_total_hits" not in body:
            body["track_total_hits"] = after is None  # counted once
        return _with_body(_with_filter_path(request, "hits.hits.sort", "hits.total", "pit_id"), body)

    # ---- a scroll

    def scroll(self, first: Reply | None) -> Pages:
        """The hits by a scroll: from its beginning, or behind a page of it that was read."""
        reply = first
        identity: str | None = None
        if first is None:  # it begins at the first hit, always
            self.limit, self.start = self.limit + self.start, 0
        try:
            while True:
                if reply is None:
                    reply = yield Step(self._begin_scroll())
                elif identity is not None:
                    reply = yield Step(self._next_scroll(identity), rows=self.rows, of=self.of, what="hits")
                identity = _text_in(reply, "_scroll_id") or identity
                found = search.read(reply)
                if identity is None or found is None or self._is_end(found):
                    return
        except GeneratorExit:
            identity = None
            raise
        finally:
            if identity is not None:
                yield from self._close("/_search/scroll", {"scroll_id": [identity]})

    def _begin_scroll(self) -> Request:
        request = self.request.without("from", "request_cache")
        request = request.with_params([("scroll", _KEEP_ALIVE), ("size", self._next_size())])
        request = _with_filter_path(request, "_scroll_id", "hits.total")
        body = {name: value for name, value in self.body.items() if name not in (*_ONLY_ONCE, "from")}
        if body == self.body:
            return request
        return request.with_param("source", json.dumps(body)) if request.body is None else _with_body(request, body)

    def _next_scroll(self, identity: str) -> Request:
        request = self._asks("GET", f"{self.root}/_search/scroll")
        if len(identity) > _LONGEST_ID:
            request = _with_body(request, {"scroll": _KEEP_ALIVE, "scroll_id": identity})
        else:
            request = request.with_params([("scroll", _KEEP_ALIVE), ("scroll_id", identity)])
        request = request.with_param("filter_path", self.request.param("filter_path"))
        return _with_filter_path(request, "_scroll_id")

    # ---- both

    def _asks(self, method: str, path: str, query: str = "") -> Request:
        """A request beside the search: what is in its headers, but nothing of its body."""
        headers = tuple(pair for pair in self.request.headers if pair[0].lower() not in _OF_A_BODY)
        return dataclasses.replace(self.request, method=method, path=path, query=query, headers=headers, body=None)

    def _next_size(self) -> int:
        return min(self.size, self.limit - self.rows)

    def _is_end(self, found: search.Found) -> bool:
        """Count a page; whether it was the last one that is there, or that is wanted."""
        total, is_lower_bound = search.total_of(found.total)
        if total is not None and not is_lower_bound:
            self.of = min(max(total - self.start, 0), self.limit)
        self.rows += len(found.hits)
        return not found.hits or self.rows >= (self.limit if self.of is None else self.of)

    def _close(self, path: str, body: dict[str, Any]) -> Pages:
        """End what was opened, without a word if that may not be: it ends by itself."""
        with contextlib.suppress(KubeAccessError):
            yield Step(_with_body(self._asks("DELETE", self.root + path), body), holds_rows=False)


def _begun(request: Request, first: Reply, limit: int, place: int) -> _Walk | None:
    """A walk behind the first answer; None if nothing is there, or nothing that was asked for."""
    body, found = search.asked(request), search.read(first)
    size, start = search.whole(request.param("size")), search.start_of(request)
    if body is None or found is None or not found.hits or size is None or "size" in body:
        return None
    if any(name in body or request.param(name) is not None for name in _BY_HAND):
        return None
    if len(found.hits) < size or len(found.hits) >= limit:
        return None
    if start + size < MOST_HITS and request.param("scroll") is None:
        return None  # so many were typed
    total, is_lower_bound = search.total_of(found.total)
    if total is not None and not is_lower_bound and total <= start + len(found.hits):
        return None
    size = max(100, min(MOST_HITS, _PAGE_BYTES * len(found.hits) // len(first.content)))
    root, path = request.path[:place], request.path[place:]
    index = path.rstrip("/").removesuffix("_search").strip("/") or "_all"
    return _Walk(request, body, f"{root}/{index}", root, limit, start, size)


def _with_body(request: Request, body: dict[str, Any]) -> Request:
    is_typed = any(name.lower() == "content-type" for name, _ in request.headers)
    headers = request.headers if is_typed else (*request.headers, ("Content-Type", "application/json"))
    return dataclasses.replace(request, headers=headers, body=json.dumps(body).encode())


def _with_filter_path(request: Request, *names: str) -> Request:
    """Where only some of an answer is asked for, that of it, too, by which the next page is found."""
    given = request.param("filter_path")
    if given is None or given.startswith("-"):
        return request
    return request.with_param("filter_path", ",".join([given, *names]))


def _text_in(reply: Reply, name: str) -> str | None:
    """A text at the top of an answer."""
    try:
        found = msgspec.json.decode(reply.content, type=dict[str, msgspec.Raw]).get(name)
        value = None if found is None else json.loads(bytes(found))
    except (msgspec.DecodeError, ValueError):
        return None
    return value if isinstance(value, str) and value else None
