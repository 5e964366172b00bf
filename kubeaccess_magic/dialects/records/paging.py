"""Where the next page of an answer is: what it says itself, or what the numbers in the request lead to.

A next link is data from an app. It may choose path and query below what was asked, and nothing else: neither another
server, nor another app, nor a header.
"""

from __future__ import annotations

import dataclasses
import ipaddress
import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import SplitResult, urljoin, urlsplit

from ...errors import TargetError
from ...request import Request
from ...text import shorten
from .places import Found, levels

if TYPE_CHECKING:
    from ...reply import Reply

__all__ = ["Following", "following", "is_possible"]

_URLS = (
    *("next", "nextLink", "next_link", "@odata.nextLink", "odata.nextLink", "next_page", "nextPage", "next_url"),
    *("nextUrl", "next_page_url", "nextPageUrl", "nextHref", "next_href"),
)
# What an answer calls it, and the parameter that takes it.
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
_NUMBERS = ("page", "p", "page_number", "pageNumber", "pageNum", "current_page", "currentPage")
_OFFSETS = ("offset", "skip", "$skip", "start", "startAt", "_start", "from")
_SIZES = ("limit", "per_page", "perPage", "page_size", "pageSize", "size", "count", "maxResults", "$top", "rows")
# What an answer calls its page and how many there are, and which number the first has.
_PAGE_OF = (
    *(("page", "total_pages", 1), ("page", "totalPages", 1), ("page", "pages", 1), ("current_page", "last_page", 1)),
    *(("current_page", "total_pages", 1), ("currentPage", "totalPages", 1), ("number", "totalPages", 0)),
)
# What an answer calls its offset and how many rows there are, and the parameter.
_OFFSET_OF = (
    *(("offset", "total", "offset"), ("offset", "count", "offset"), ("offset", "totalCount", "offset")),
    *(("offset", "total_count", "offset"), ("offset", "total_rows", "skip"), ("skip", "total", "skip")),
    *(("startAt", "total", "startAt"), ("start", "total", "start"), ("start", "numFound", "start")),
)
_LINK = re.compile(r"<([^>]*)>((?:\s*;\s*[^\s=;,]+\s*(?:=\s*(?:\"(?:[^\"\\]|\\.)*\"|[^\s;,\"]*))?)*)")
_LINK_PARAMETER = re.compile(r";\s*([^\s=;,]+)\s*(?:=\s*(?:\"((?:[^\"\\]|\\.)*)\"|([^\s;,\"]*)))?")


@dataclasses.dataclass(frozen=True)
class Following:
    """The request for a next page.

    Attributes
    ----------
    request
        To the same target, by the same headers.
    is_told
        Whether the answer says that there is such a page; else it may be empty, or an error.
    """

    request: Request
    is_told: bool


def following(reply: Reply, found: Found) -> Following | str | None:
    """The next page; or why what the answer names is not asked for; or None if there is none.

    Parameters
    ----------
    reply
        A page.
    found
        Its rows.
    """
    request = reply.request
    if request.method != "GET":
        return None
    url = _link_of(reply.headers.getall("Link")) or next(filter(None, map(_url_of, levels(found.path))), None)
    if url is not None:
        return _at(url, reply)
    told = _token(request, found) or _page_told(request, reply, found) or _offset_told(request, found)
    if told is not None:
        if told == request:
            return "the next page that the answer names is the same one"
        return Following(told, True)
    guessed = _counted_on(request, found)
    return None if guessed is None else Following(guessed, False)


def is_possible(reply: Reply) -> bool:
    """Whether a next page can be named at all, told without reading the body: a bare list has no place for it."""
    request = reply.request
    if request.method != "GET":
        return False
    is_list = reply.content[:64].lstrip().startswith(b"[")
    is_counted = _typed(request, (*_NUMBERS, *_OFFSETS)) is not None
    return not is_list or is_counted or "Link" in reply.headers or "X-Next-Page" in reply.headers


def _link_of(headers: Iterable[str]) -> str | None:
    """The target of ``rel=next`` (RFC 8288); a link from somewhere else (``anchor``) is none of this page."""
    for header in headers:
        for link in _LINK.finditer(header):
            parameters: dict[str, str] = {}
            for name, quoted, plain in _LINK_PARAMETER.findall(link[2]):
                parameters.setdefault(name.lower(), re.sub(r"\\(.)", r"\1", quoted) or plain)
            if "next" in parameters.get("rel", "").lower().split() and "anchor" not in parameters:
                return link[1].strip()
    return None


def _url_of(level: Mapping[str, Any]) -> str | None:
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


def _at(url: str, reply: Reply) -> Following | str:
    """The request for a URL, if it is one of the app that was asked."""
    request = reply.request
    try:
        # The app knows itself by other names than we do: a relative URL is below any.
        parts = urlsplit(urljoin(f"http://app{request.path_and_query}", url))
        is_relative = not urlsplit(url).netloc
        path = _path_here(parts, reply, is_relative=is_relative)
        if path is None:
            host = repr(shorten(parts.netloc, 80))
            return f"the next page is said to be at {host}, another server, which is not asked"
        text = path + (f"?{parts.query}" if parts.query else "")
        found = Request.build("GET", request.target, text, headers=request.headers)
    except (TargetError, ValueError):
        return "what the answer names as its next page is no URL that can be asked"
    if found.target != request.target:
        return "the next page is said to be of another app, which is not asked"
    if (found.path, found.query) == (request.path, request.query):
        return "the next page that the answer names is the same one"
    return Following(found, True)


def _path_here(parts: SplitResult, reply: Reply, *, is_relative: bool) -> str | None:
    """The path below the target that was asked; None where the URL is of another server."""
    request = reply.request
    asked = urlsplit(reply.url)
    before = asked.path.removesuffix(request.path) if asked.path.endswith(request.path) else None
    path = parts.path or "/"
    # An app that knows of the proxy in front of it names its whole path.
    if before and path.startswith(before + "/") and (is_relative or parts.netloc == asked.netloc):
        return path[len(before) :]
    if is_relative:
        return path
    if parts.netloc == asked.netloc and not before:
        return path
    return path if request.target.kind != "api" and _is_inside(parts.hostname or "", request) else None


def _is_inside(host: str, request: Request) -> bool:
    """Whether a name or address can be what the app calls itself inside the cluster."""
    name, namespace = request.target.name, request.target.namespace
    if host == "localhost" or host == name:
        return True
    if namespace and (host == f"{name}.{namespace}" or host.startswith(f"{name}.{namespace}.svc")):
        return True
    try:
        return ipaddress.ip_address(host).is_private
    except ValueError:
        return False


def _token(request: Request, found: Found) -> Request | None:
    for level in levels(found.path):
        for key, parameter in _TOKENS.items():
            value = level.get(key)
            if (type(value) is str and value) or type(value) is int:
                return request.with_param(parameter, value)
    return None


def _page_told(request: Request, reply: Reply, found: Found) -> Request | None:
    parameter = _typed(request, _NUMBERS) or "page"
    if (number := reply.headers.get("X-Next-Page", "")).isdecimal():
        return request.with_param(parameter, number)
    for level in levels(found.path):
        for key in ("next_page", "nextPage", "next"):
            if type(value := level.get(key)) is int and value > 0:
                return request.with_param(parameter, value)
        for page, pages, first in _PAGE_OF:
            here, of = level.get(page), level.get(pages)
            if type(here) is int and type(of) is int and here + 1 - first < of:
                return request.with_param(parameter, here + 1)
    return None


def _offset_told(request: Request, found: Found) -> Request | None:
    if not found.records:
        return None
    for level in levels(found.path):
        for offset, total, parameter in _OFFSET_OF:
            here, of = level.get(offset), level.get(total)
            if type(here) is int and type(of) is int and here + len(found.records) < of:
                return request.with_param(_typed(request, _OFFSETS) or parameter, here + len(found.records))
    return None


def _counted_on(request: Request, found: Found) -> Request | None:
    """The page after the one whose number or offset was typed, unless this one is the last."""
    if any(key in level for level in levels(found.path) for key in (*_URLS, *_TOKENS)):
        return None  # the answer would have said
    count = len(found.records)
    size = _typed(request, _SIZES)
    if not count or (size is not None and count < int(request.param(size) or 0)):
        return None
    if (name := _typed(request, _OFFSETS)) is not None:
        reached = int(request.param(name) or 0) + count
        return None if found.of is not None and reached >= found.of else request.with_param(name, reached)
    if (name := _typed(request, _NUMBERS)) is not None:
        return request.with_param(name, int(request.param(name) or 0) + 1)
    return None


def _typed(request: Request, names: Iterable[str]) -> str | None:
    """The one of these parameters that the request has, with a number."""
    return next((name for name in names if re.fullmatch(r"[0-9]{1,18}", request.param(name) or "")), None)
