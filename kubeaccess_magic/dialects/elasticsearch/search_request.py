"""A search as it is asked: where it goes, what its body says, and whether it can be read on."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from .composite import Composite, composite_of

if TYPE_CHECKING:
    from ...request import Request

__all__ = ["KEEP_ALIVE", "MOST_HITS", "SearchRequest", "body_of", "whole", "with_json"]

MOST_HITS = 10_000
"""How many hits a search gives at most, `from` and `size` together (``index.max_result_window``)."""

KEEP_ALIVE = "2m"
"""How long a cursor is kept: until a page has arrived, and the next one is asked for."""

_BODY_HEADERS = ("content-type", "content-encoding")
# With one of these, users page by hand, or want no more than what is found at once.
_BY_HAND = ("pit", "search_after", "slice", "terminate_after")
# These are about all hits, not about a page: the first answer has them.
_ONLY_ONCE = ("aggs", "aggregations", "suggest", "profile")


@dataclasses.dataclass(frozen=True)
class SearchRequest:
    """A search, with the facts that paging depends on.

    Attributes
    ----------
    request
        The request.
    root
        What stands in its path before Elasticsearch's own path; None if the path is not the one of a search.
    index
        The part of the path that names indices; ``_all`` if there is none.
    body
        The JSON of its body, or of ``source=``; {} if there is none, None if it cannot be read.
    start
        How many hits it skips.
    size
        How many hits it asks for, if it says so.
    says_size
        Whether it says how many hits it wants, in whatever form.
    """

    request: Request
    root: str | None
    index: str
    body: Mapping[str, Any] | None
    start: int
    size: int | None
    says_size: bool

    @classmethod
    def of(cls, request: Request, place: int | None) -> SearchRequest:
        """Read the facts from a request.

        Parameters
        ----------
        request
            The request.
        place
            Where Elasticsearch's own path, ``/INDEX/_search``, begins in its path; None if it is another one.
        """
        body = body_of(request)
        fields = body or {}
        own_path = "" if place is None else request.path[place:]
        index = own_path.rstrip("/").removesuffix("_search").strip("/") or "_all"
        start = whole(request.param("from")) or whole(fields.get("from")) or 0
        size = request.param("size")
        return cls(
            request,
            None if place is None else request.path[:place],
            index,
            body,
            start,
            whole(fields.get("size") if size is None else size),
            size is not None or "size" in fields,
        )

    @property
    def window(self) -> int:
        """How many hits one answer can reach, `start` included."""
        return max(MOST_HITS, self.start + (self.size or 0))

    @property
    def is_scroll(self) -> bool:
        """Whether it opens a scroll."""
        return self.request.param("scroll") is not None

    @property
    def has_order(self) -> bool:
        """Whether it says in which order it wants its hits."""
        return self.request.param("sort") is not None or bool((self.body or {}).get("sort"))

    @property
    def can_go_on(self) -> bool:
        """Whether further hits can be asked for."""
        if self.root is None or self.body is None or self.size == 0:
            return False
        for name in _BY_HAND:
            if name in self.body or self.request.param(name) is not None:
                return False
        return self.says_size or self.start < MOST_HITS

    @property
    def composite(self) -> Composite | None:
        """The composite aggregation that can be read on, if there is one."""
        return composite_of(self.body)

    def with_size(self, limit: int | None) -> Request:
        """Give the request with as many hits as are wanted, or as one answer can have, unless it says so itself."""
        if limit is None or self.root is None or self.body is None or self.says_size or self.start >= MOST_HITS:
            return self.request
        return self.request.with_param("size", min(limit, MOST_HITS - self.start))

    def beside(self, method: str, path: str, query: str = "") -> Request:
        """Make another request to the same app: with the headers of the search, but nothing of its body."""
        headers = tuple(pair for pair in self.request.headers if pair[0].lower() not in _BODY_HEADERS)
        return dataclasses.replace(self.request, method=method, path=path, query=query, headers=headers, body=None)

    def body_of_a_page(self, *names: str) -> dict[str, Any]:
        """Give the body without what only the first answer needs, and without `names`."""
        return {name: value for name, value in (self.body or {}).items() if name not in (*_ONLY_ONCE, *names)}

    def with_body(self, body: Mapping[str, Any], request: Request | None = None) -> Request:
        """Give the search (or `request`) another body, where the search has its own: as a body, or in ``source=``."""
        request = request or self.request
        if request.body is None:
            return request.with_param("source", json.dumps(body))
        return with_json(request, body)

    def page_fields(self, request: Request, *names: str) -> Request:
        """Let a filtered answer (``filter_path``) also have the fields by which the next page is found."""
        wanted = request.param("filter_path")
        if wanted is None or wanted.startswith("-"):
            return request
        return request.with_param("filter_path", ",".join([wanted, *names]))


def body_of(request: Request) -> dict[str, Any] | None:
    """Read the JSON object of a body, or of ``source=``; {} if there is none, None if it cannot be read."""
    text = request.body if request.body is not None else (request.param("source") or "").encode()
    if not isinstance(text, bytes):
        return None
    if not text.strip():
        return {}
    try:
        body = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return body if isinstance(body, dict) else None


def with_json(request: Request, body: Mapping[str, Any]) -> Request:
    """Give a request another body, with a content type if it has none."""
    has_type = any(name.lower() == "content-type" for name, _ in request.headers)
    headers = request.headers if has_type else (*request.headers, ("Content-Type", "application/json"))
    return dataclasses.replace(request, headers=headers, body=json.dumps(body).encode())


def whole(value: Any) -> int | None:
    """Convert what is or reads as a whole number from zero on, else return None."""
    if type(value) is str and value.isdecimal():
        return int(value)
    return value if type(value) is int and value >= 0 else None
