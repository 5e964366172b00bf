"""Hits by a scroll, where there is no usable point in time, or where the user opened a scroll.

https://www.elastic.co/guide/en/elasticsearch/reference/7.9/search-request-body.html#request-body-search-scroll
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from ...errors import AppError, KubeAccessError
from ..protocol import Pages, Step
from .search import KEEP_ALIVE, SearchRequest, with_json

if TYPE_CHECKING:
    from ...request import Request
    from .search_reader import HitPages

__all__ = ["hits_by_scroll", "hits_of_scroll"]

_LONGEST_ID = 2_000  # Elasticsearch reads 4 KiB of a request line (http.max_initial_line_length)


def hits_by_scroll(pages: HitPages) -> Pages:
    """Read all hits of a search from the beginning, by a scroll.

    A scroll always begins at the first hit. Hits that the search skips are read, and left out.
    """
    try:
        reply = yield pages.step(_opening(pages), begins=True)
    except AppError as error:
        if error.reply.status_code != 400:
            raise
        pages.refuse(error)  # something in the search does not go with a scroll
        return
    pages.begin_anew(skip=pages.search.start)
    page = pages.add(reply)
    del reply
    yield from hits_of_scroll(pages, page.scroll_id)


def hits_of_scroll(pages: HitPages, scroll_id: str | None) -> Pages:
    """Read the further hits of a scroll that is open, and close it.

    Parameters
    ----------
    pages
        What was read so far; the further pages are added.
    scroll_id
        The id that requests the next page; None if there is none.
    """
    try:
        while scroll_id is not None and not pages.is_complete:
            reply = yield pages.step(_next(pages.search, scroll_id))
            scroll_id = pages.add(reply).scroll_id or scroll_id
            del reply
    except GeneratorExit:  # the conversation is dropped, and nothing can be sent any more
        scroll_id = None
        raise
    finally:
        if scroll_id is not None:
            closing = pages.search.beside("DELETE", f"{pages.search.root}/_search/scroll")
            with contextlib.suppress(KubeAccessError):  # it ends by itself
                yield Step(with_json(closing, {"scroll_id": [scroll_id]}), has_rows=False)


def _opening(pages: HitPages) -> Request:
    search = pages.search
    request = search.request.without("from", "request_cache")
    size = pages.next_size(begins=True, skip=search.start)
    request = request.with_params([("scroll", KEEP_ALIVE), ("size", size)])
    request = search.page_fields(request, "_scroll_id", "hits.total")
    body = search.body_of_a_page("from")
    return request if body == search.body else search.with_body(body, request)


def _next(search: SearchRequest, scroll_id: str) -> Request:
    request = search.beside("GET", f"{search.root}/_search/scroll")
    if len(scroll_id) > _LONGEST_ID:
        request = with_json(request, {"scroll": KEEP_ALIVE, "scroll_id": scroll_id})
    else:
        request = request.with_params([("scroll", KEEP_ALIVE), ("scroll_id", scroll_id)])
    request = request.with_param("filter_path", search.request.param("filter_path"))
    return search.page_fields(request, "_scroll_id")
