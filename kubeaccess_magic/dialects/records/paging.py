"""The request for the next page: the link in the answer, or the page number in the request plus one.

A link to a next page is data from an app. It may choose path and query at the same target and nothing else: neither
another server, nor another app, nor a header.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from ..links import Elsewhere, request_for_link
from . import body_parameters, link_header
from .beside_rows import levels

if TYPE_CHECKING:
    from ...reply import Reply
    from ...request import Request
    from .places import Listing

__all__ = ["Following", "following"]

_SAME_REQUEST = "the next page that the answer names is the same one"
_URLS = (
    *("next", "nextLink", "next_link", "@odata.nextLink", "odata.nextLink", "next_page", "nextPage", "next_url"),
    *("nextUrl", "next_page_url", "nextPageUrl", "nextHref", "next_href", "nextUri", "next_uri"),
)
# The key of a token in an answer, and the parameter that takes it.
_TOKENS = {
    "nextPageToken": "pageToken",
    "next_page_token": "page_token",
    "nextToken": "nextToken",
    "next_token": "next_token",
    "nextCursor": "cursor",
    "next_cursor": "cursor",
    "continue": "continue",
    "nextPageStart": "start",
}
_NUMBERS = ("page", "page[number]", "p", "page_number", "pageNumber", "pageNum", "current_page", "currentPage")
_OFFSETS = ("offset", "skip", "$skip", "start", "startAt", "_start", "from", "page[offset]")
_SIZES = (
    "limit",
    "page[size]",
    "page[limit]",
    "per_page",
    "perPage",
    "page_size",
    "pageSize",
    "size",
    "count",
    "maxResults",
    "$top",
    "rows",
)
# The keys of the number of a page and of how many there are, and the number of the first page.
_PAGE_OF = (
    *(("page", "total_pages", 1), ("page", "totalPages", 1), ("page", "pages", 1), ("current_page", "last_page", 1)),
    *(("current_page", "total_pages", 1), ("currentPage", "totalPages", 1), ("number", "totalPages", 0)),
)
# The keys of the offset of a page and of how many rows there are, and the parameter of the offset.
_OFFSET_OF = (
    *(("offset", "total", "offset"), ("offset", "count", "offset"), ("offset", "totalCount", "offset")),
    *(("offset", "total_count", "offset"), ("offset", "total_rows", "skip"), ("skip", "total", "skip")),
    *(("startAt", "total", "startAt"), ("start", "total", "start"), ("start", "numFound", "start")),
)
# The header of a token, and the parameter that takes it.
_TOKEN_HEADERS = {
    "X-Next-Cursor": "cursor",
    "X-Next-Page-Token": "page_token",
    "X-Next-Token": "next_token",
    "Next-Page-Token": "page_token",
    "X-Continuation-Token": "continuationToken",
    "X-MS-ContinuationToken": "continuationToken",
}
# The parameter of a size, that of the place which goes with it, and whether that is the number of a page.
_PLACE_OF_SIZE = {
    "limit": ("offset", False),
    "page[limit]": ("page[offset]", False),
    "$top": ("$skip", False),
    "maxResults": ("startAt", False),
    "per_page": ("page", True),
    "perPage": ("page", True),
    "page_size": ("page", True),
    "pageSize": ("page", True),
    "page[size]": ("page[number]", True),
}
_HARBOR = re.compile(r"/api/v2\.0/\w")  # counts pages from 1, whether or not one was typed
_ARGO = re.compile(r"/api/v1/(?:archived-)?(?:cron-|cluster-)?workflow(?:s|-templates)(?:/|\Z)")


@dataclasses.dataclass(frozen=True)
class Following:
    """The request for a next page.

    Parameters
    ----------
    request
        To the same target, with the same headers.
    is_named
        Whether the answer says that there is such a page. If not, it may be empty, or an error.
    """

    request: Request
    is_named: bool


def following(reply: Reply, listing: Listing) -> Following | str | None:
    """Find the next page.

    Parameters
    ----------
    reply
        A page.
    listing
        Its rows.

    Returns
    -------
    Following, str or None
        The request for it; or a sentence that says why the page that the answer names is not asked for; or None if
        there is none.
    """
    request = reply.request
    if request.method == "POST":
        named = _by_token(request, reply, listing)
        return None if named is None or named == request else Following(named, is_named=True)
    if request.method != "GET":
        return None
    url = link_header.next_url(reply.headers.getall("Link"))
    url = url or next(filter(None, map(_named_url, levels(listing.path))), None)
    if url is not None:
        return _at(url, request)
    named = (
        _by_token(request, reply, listing) or _by_page(request, reply, listing) or _by_offset(request, reply, listing)
    )
    if named is not None:
        return _SAME_REQUEST if named == request else Following(named, is_named=True)
    counted = _counted_on(request, listing) or _by_size(request, listing)
    return None if counted is None else Following(counted, is_named=False)


def _named_url(level: Mapping[str, Any]) -> str | None:
    """The URL of the next page in an object that describes the pages."""
    for key in _URLS:
        if (url := _as_url(level.get(key))) is not None:
            return url
    for key in ("_links", "links", "link"):
        links = level.get(key)
        if isinstance(links, dict) and (url := _as_url(links.get("next"), is_surely_url=True)) is not None:
            return url
        if isinstance(links, list):
            for link in links:
                if isinstance(link, dict) and link.get("rel", link.get("relation")) == "next":
                    return _as_url(link.get("href", link.get("url")), is_surely_url=True)
    return None


def _as_url(value: Any, *, is_surely_url: bool = False) -> str | None:
    if isinstance(value, dict):
        value, is_surely_url = value.get("href", value.get("url")), True
    if not isinstance(value, str) or not value.strip():
        return None
    is_url = value.startswith(("http://", "https://", "/", "?")) or "?" in value
    return value.strip() if is_url or is_surely_url else None


def _at(url: str, request: Request) -> Following | str:
    """The request for a URL, if that belongs to the app that was asked."""
    try:
        found = request_for_link(url, request)
    except Elsewhere as error:
        return str(error)
    if (found.path, found.query) == (request.path, request.query):
        return _SAME_REQUEST
    return Following(found, is_named=True)


def _by_token(request: Request, reply: Reply, listing: Listing) -> Request | None:
    """The page that a token leads to: in the query of a GET, in the JSON body of a POST."""
    if request.method == "POST":
        for level in levels(listing.path):
            if (following := body_parameters.after(request, level)) is not None:
                return following
    for parameter, value in _tokens(request, reply, listing):
        if request.method == "POST":
            return body_parameters.with_parameter(request, parameter, value)
        return request.with_param(parameter, value)
    return None


def _tokens(request: Request, reply: Reply, listing: Listing) -> Iterator[tuple[str, str | int]]:
    is_argo = _ARGO.match(request.path) is not None or any("listOptions." in name for name, _ in request.params())
    for level in levels(listing.path):
        for key, parameter in _TOKENS.items():
            value = level.get(key)
            if (type(value) is str and value) or type(value) is int:
                yield f"listOptions.{parameter}" if is_argo and key == "continue" else parameter, value
    for header, parameter in _TOKEN_HEADERS.items():
        if text := reply.headers.get(header):
            yield parameter, text


def _by_page(request: Request, reply: Reply, listing: Listing) -> Request | None:
    """The page whose number the answer names, or the one after this if there are more."""
    parameter = _typed(request, _NUMBERS) or "page"
    if (number := reply.headers.get("X-Next-Page", "")).isdecimal():
        return request.with_param(parameter, number)
    for level in levels(listing.path):
        for key in ("next_page", "nextPage", "next"):
            if type(value := level.get(key)) is int and value > 0:
                return request.with_param(parameter, value)
        for page, pages, first in _PAGE_OF:
            number_here, count = level.get(page), level.get(pages)
            if type(number_here) is int and type(count) is int and number_here + 1 - first < count:
                return request.with_param(parameter, number_here + 1)
    return None


def _by_offset(request: Request, reply: Reply, listing: Listing) -> Request | None:
    """The rows after these, if the answer says at which offset these are and how many there are."""
    if not listing.items:
        return None
    for level in levels(listing.path):
        for offset, total, parameter in _OFFSET_OF:
            here, count = level.get(offset), level.get(total)
            if type(here) is int and type(count) is int and here + listing.items < count:
                return request.with_param(_typed(request, _OFFSETS) or parameter, here + listing.items)
        if type(count := level.get("total_entries")) is int:  # Airflow
            reached = _number(request, "offset") + listing.items
            return request.with_param("offset", reached) if reached < count else None
    if _HARBOR.match(request.path) and "X-Total-Count" in reply.headers:
        page, size = _number(request, "page") or 1, _number(request, "page_size") or listing.items
        reached = (page - 1) * size + listing.items
        return request.with_param("page", page + 1) if reached < (listing.total or 0) else None
    return None


def _by_size(request: Request, listing: Listing) -> Request | None:
    """The rows after the first ones, if their number was typed, and the answer says that there are more."""
    if not listing.items or listing.total is None or listing.total <= listing.items:
        return None
    for size, (place, is_page) in _PLACE_OF_SIZE.items():
        if _typed(request, (size,)) and not _typed(request, (*_OFFSETS, *_NUMBERS)):
            is_full = listing.items >= _number(request, size)
            return request.with_param(place, 2 if is_page else listing.items) if is_full else None
    return None


def _counted_on(request: Request, listing: Listing) -> Request | None:
    """The page after the one whose number or offset was typed, unless this one is the last."""
    if any(key in level for level in levels(listing.path) for key in (*_URLS, *_TOKENS)):
        return None  # the answer would have named it
    size = _typed(request, _SIZES)
    if not listing.items or (size is not None and listing.items < int(request.param(size) or 0)):
        return None
    if (name := _typed(request, _OFFSETS)) is not None:
        reached = int(request.param(name) or 0) + listing.items
        return None if listing.total is not None and reached >= listing.total else request.with_param(name, reached)
    if (name := _typed(request, _NUMBERS)) is not None:
        return request.with_param(name, int(request.param(name) or 0) + 1)
    return None


def _number(request: Request, name: str) -> int:
    """The number that the request gives to a parameter; 0 if it gives none."""
    return int(request.param(name) or 0) if _typed(request, (name,)) else 0


def _typed(request: Request, names: Iterable[str]) -> str | None:
    """The first of these parameters to which the request gives a number."""
    return next((name for name in names if re.fullmatch(r"[0-9]{1,18}", request.param(name) or "")), None)
