"""Hits by a point in time: a frozen state of the indices, through which ``search_after`` goes page by page.

- ``POST index/_pit``, with ``_shard_doc`` as the tiebreaker (Elasticsearch from 7.12);
- ``POST index/_search/point_in_time``, with the same (OpenSearch from 3.3).

OpenSearch 2 has points in time, but no unique tiebreaker: its own one loses hits between shards
(github.com/opensearch-project/OpenSearch/issues/11831, 14824, 15869). It is read by a scroll.

https://www.elastic.co/guide/en/elasticsearch/reference/8.17/paginate-search-results.html
https://docs.opensearch.org/2.17/search-plugins/searching-data/point-in-time-api/
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
from collections.abc import Callable, Generator
from typing import TYPE_CHECKING, Any

import msgspec

from ...errors import AppError, KubeAccessError
from ..protocol import Pages, Step
from .search import KEEP_ALIVE, SearchRequest, with_json

if TYPE_CHECKING:
    from ...reply import Reply
    from ...request import Request
    from .search_reader import HitPages

__all__ = ["hits_by_point_in_time"]

# These say which documents are searched. They are said when a point in time is opened, and may not be said again.
_ABOUT_INDICES = (
    "routing",
    "preference",
    "ignore_unavailable",
    "allow_no_indices",
    "expand_wildcards",
    "ignore_throttled",
)
_NOT_OF_A_PAGE = (*_ABOUT_INDICES, "ccs_minimize_roundtrips", "source", "source_content_type", "size", "from", "scroll")


@dataclasses.dataclass(frozen=True)
class _Form:
    """How one family of programs opens and closes a point in time."""

    path: str
    id_name: str
    closing_body: Callable[[str], dict[str, Any]]


_FORMS = (
    _Form("/_pit", "id", lambda pit_id: {"id": pit_id}),
    _Form("/_search/point_in_time", "pit_id", lambda pit_id: {"pit_id": [pit_id]}),
)


def hits_by_point_in_time(pages: HitPages) -> Generator[Step, Reply, bool]:
    """Read all hits of a search from the beginning, by a point in time.

    Returns
    -------
    bool
        Whether that was possible. If not, nothing was read.
    """
    search = pages.search
    about_indices = [(name, search.request.param(name)) for name in _ABOUT_INDICES]
    for form in _FORMS:
        opening = search.beside("POST", f"{search.root}/{search.index}{form.path}")
        opening = opening.with_params([("keep_alive", KEEP_ALIVE), *about_indices])
        try:
            reply = yield Step(opening, has_rows=False)
        except AppError as error:
            if error.reply is not None and "x-elastic-product" in error.reply.headers:
                return False  # Elasticsearch, which has no other form
            continue
        pit_id = _text_in(reply, form.id_name)
        if pit_id is not None:
            return (yield from _search_after(pages, pit_id, form))
    return False


def _search_after(pages: HitPages, pit_id: str, form: _Form) -> Generator[Step, Reply, bool]:
    after: list[Any] | None = None
    has_begun = False
    try:
        while True:
            request = _page(pages, pit_id, after, has_begun=has_begun)
            try:
                reply = yield pages.step(request, begins=not has_begun)
            except AppError:
                if not has_begun:
                    return False  # no tiebreaker, or something in the search that does not go with one
                raise
            if not has_begun:
                pages.begin_anew(added_sort="last" if pages.search.has_order else "all")
                has_begun = True
            page = pages.add(reply)
            del reply
            pit_id, after = page.pit_id or pit_id, page.last_sort
            if after is None or pages.is_complete:
                return True
    except GeneratorExit:  # the conversation is dropped, and nothing can be sent any more
        pit_id = ""
        raise
    finally:
        if pit_id:
            yield from _close(pages.search, pit_id, form)


def _page(pages: HitPages, pit_id: str, after: list[Any] | None, *, has_begun: bool) -> Request:
    """Make the request for the page after a hit, or for the first page."""
    search = pages.search
    request = search.beside("POST", f"{search.root}/_search", search.request.without(*_NOT_OF_A_PAGE).query)
    body = search.body_of_a_page("from", "size")
    body |= {"size": pages.next_size(begins=not has_begun), "pit": {"id": pit_id, "keep_alive": KEEP_ALIVE}}
    if (sort := request.param("sort")) is not None:  # it counts before that of the body
        request = request.with_param("sort", f"{sort},_shard_doc")
    else:
        own = body.get("sort") or {"_score": "desc"}
        body["sort"] = [*(own if isinstance(own, list) else [own]), "_shard_doc"]
    if after is not None:
        body["search_after"] = after
    elif search.start:
        body |= {"from": search.start, "size": min(body["size"], search.window - search.start)}
    if request.param("track_total_hits") is None and "track_total_hits" not in body:
        body["track_total_hits"] = after is None  # counting once is enough
    return with_json(search.page_fields(request, "hits.hits.sort", "hits.total", "pit_id"), body)


def _close(search: SearchRequest, pit_id: str, form: _Form) -> Pages:
    """Close a point in time. If that is not allowed, it ends by itself."""
    closing = search.beside("DELETE", f"{search.root}{form.path}")
    with contextlib.suppress(KubeAccessError):
        yield Step(with_json(closing, form.closing_body(pit_id)), has_rows=False)


def _text_in(reply: Reply, name: str) -> str | None:
    """Read a text at the top level of an answer."""
    try:
        raw = msgspec.json.decode(reply.content, type=dict[str, msgspec.Raw]).get(name)
        value = None if raw is None else json.loads(bytes(raw))
    except (msgspec.DecodeError, ValueError):
        return None
    return value if isinstance(value, str) and value else None
