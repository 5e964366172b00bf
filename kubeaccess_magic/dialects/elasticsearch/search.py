"""A search request, and the answer to it.

Asked: where it goes, what its body says, and whether it can be read on. Answered: hits, which stay bytes as long as
possible, and what is said beside them.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from ...errors import LoadError
from ...text import excerpt, one_line
from .. import answer
from .composite import Composite, composite_of

if TYPE_CHECKING:
    from ...reply import Reply
    from ...request import Request

__all__ = [
    "KEEP_ALIVE",
    "MOST_HITS",
    "SearchAnswer",
    "SearchRequest",
    "aggregations_of",
    "answer_of",
    "body_of",
    "has_hits",
    "incomplete",
    "total_of",
    "whole",
    "with_json",
]

MOST_HITS = 10_000
"""How many hits a search gives at most, `from` and `size` together (``index.max_result_window``)."""

KEEP_ALIVE = "2m"
"""How long a cursor is kept: until a page has arrived, and the next one is asked for."""

_LONGEST_REASON = 200  # characters of a failure, in a note
_BODY_HEADERS = ("content-type", "content-encoding")
# With one of these, users page by hand, or want no more than what is found at once.
_BY_HAND = ("pit", "search_after", "slice", "terminate_after")
# These are about all hits, not about a page: the first answer has them.
_ONLY_ONCE = ("aggs", "aggregations", "suggest", "profile")


@dataclasses.dataclass(frozen=True)
class SearchRequest:
    """A search, with everything that paging depends on.

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
        """Read a request.

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
        """The largest number of hits that one answer can reach, including the skipped ones before `start`."""
        return max(MOST_HITS, self.start + (self.size or 0))

    @property
    def is_scroll(self) -> bool:
        """Whether it opens a scroll."""
        return self.request.param("scroll") is not None

    @property
    def has_order(self) -> bool:
        """Whether the search sets the order of its hits."""
        return self.request.param("sort") is not None or bool((self.body or {}).get("sort"))

    @property
    def can_go_on(self) -> bool:
        """Whether further hits can be requested."""
        if self.root is None or self.body is None or self.size == 0:
            return False
        for name in _BY_HAND:
            if name in self.body or self.request.param(name) is not None:
                return False
        return self.says_size or self.start < MOST_HITS

    @property
    def composite(self) -> Composite | None:
        """The composite aggregation whose further pages can be read, if there is one."""
        return composite_of(self.body)

    def with_size(self, limit: int | None) -> Request:
        """Return the request with a size that fits the limit, or the largest possible one, unless it has its own."""
        if limit is None or self.root is None or self.body is None or self.says_size or self.start >= MOST_HITS:
            return self.request
        return self.request.with_param("size", min(limit, MOST_HITS - self.start))

    def beside(self, method: str, path: str, query: str = "") -> Request:
        """Make another request to the same app, with the headers of the search but not its body."""
        headers = tuple(pair for pair in self.request.headers if pair[0].lower() not in _BODY_HEADERS)
        return dataclasses.replace(self.request, method=method, path=path, query=query, headers=headers, body=None)

    def body_of_a_page(self, *names: str) -> dict[str, Any]:
        """Return the body without the parts that only the first answer needs, and without `names`."""
        return {name: value for name, value in (self.body or {}).items() if name not in (*_ONLY_ONCE, *names)}

    def with_body(self, body: Mapping[str, Any], request: Request | None = None) -> Request:
        """Return the search (or `request`) with another body, in the place of the first: a body, or ``source=``."""
        request = request or self.request
        if request.body is None:
            return request.with_param("source", json.dumps(body))
        return with_json(request, body)

    def page_fields(self, request: Request, *names: str) -> Request:
        """Extend ``filter_path`` by the fields that locate the next page."""
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
    """Return a request with a JSON body, and with a content type if it has none."""
    has_type = any(name.lower() == "content-type" for name, _ in request.headers)
    headers = request.headers if has_type else (*request.headers, ("Content-Type", "application/json"))
    return dataclasses.replace(request, headers=headers, body=json.dumps(body).encode())


def whole(value: Any) -> int | None:
    """Convert a value to a whole number of zero or more; None if it is not one."""
    if type(value) is str and value.isdecimal():
        return int(value)
    return value if type(value) is int and value >= 0 else None


class _Hits(msgspec.Struct):
    hits: list[msgspec.Raw]
    total: Any = None


class _Document(msgspec.Struct):
    """The answer to a search. Hits and aggregations are only split off, and built later if at all."""

    hits: _Hits
    shards: Any = msgspec.field(default=None, name="_shards")
    timed_out: Any = None
    terminated_early: Any = None
    suggest: msgspec.Raw | None = None
    aggregations: msgspec.Raw | None = None
    aggs: msgspec.Raw | None = None
    scroll_id: Any = msgspec.field(default=None, name="_scroll_id")
    pit_id: Any = None


@dataclasses.dataclass(frozen=True)
class SearchAnswer:
    """One page of a search.

    Attributes
    ----------
    hits
        Each as JSON, or as an object if the answer had to be read as a whole. None if it has no list of hits.
    total
        How many hits there are, if the answer says so.
    total_is_lower_bound
        Whether there are at least `total`.
    aggregations
        By name; empty if there are none.
    has_suggestions
        Whether there are suggestions.
    scroll_id, pit_id
        By which the next page is asked for, if the answer has them.
    notes
        Why the answer may not be complete.
    document
        The whole answer, if it has no list of hits.
    """

    hits: Sequence[msgspec.Raw | dict[str, Any]] | None
    total: int | None
    total_is_lower_bound: bool
    aggregations: dict[str, Any]
    has_suggestions: bool
    scroll_id: str | None
    pit_id: str | None
    notes: tuple[str, ...]
    document: Mapping[str, Any] | None = None

    def last_sort(self) -> list[Any] | None:
        """Return the sort values of the last hit, which say where the next page begins."""
        if not self.hits:
            return None
        last = self.hits[-1]
        hit = last if isinstance(last, dict) else json.loads(bytes(last))
        sort = hit.get("sort") if isinstance(hit, dict) else None
        return sort if isinstance(sort, list) else None


def answer_of(reply: Reply) -> SearchAnswer:
    """Read the answer to a search.

    Raises
    ------
    LoadError
        The answer is not a JSON object.
    """
    try:
        document = msgspec.json.decode(reply.content, type=_Document)
    except (msgspec.DecodeError, RecursionError):
        # This is another answer; or it is broken; or Python reads it, but msgspec does not (half a surrogate pair).
        return _read_document(reply)
    total, is_lower_bound = total_of(document.hits.total)
    raw = document.aggregations or document.aggs
    return SearchAnswer(
        document.hits.hits,
        total,
        is_lower_bound,
        {} if raw is None else _aggregations(bytes(raw), reply),
        document.suggest is not None,
        _text(document.scroll_id),
        _text(document.pit_id),
        _notes(document.shards, document.timed_out, document.terminated_early),
    )


def has_hits(document: Any) -> bool:
    """Tell whether a JSON value is the answer to a search."""
    hits = document.get("hits") if isinstance(document, dict) else None
    return isinstance(hits, dict) and isinstance(hits.get("hits"), list)


def incomplete(document: Mapping[str, Any]) -> tuple[str, ...]:
    """Say why the rows of an answer may not be all."""
    notes = _notes(document.get("_shards"), document.get("timed_out"), document.get("terminated_early"))
    if document.get("is_running") is True:
        return ("the search is still running: the answer is partial", *notes)
    return ("the answer is partial: it is not complete", *notes) if document.get("is_partial") is True else notes


def total_of(total: Any) -> tuple[int | None, bool]:
    """Read the total number of hits, and whether it is only a lower bound.

    The total is a number before version 7, and an object since then.
    """
    if isinstance(total, dict):
        return whole(total.get("value")), total.get("relation") == "gte"
    return whole(total), False


def aggregations_of(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return the aggregations of an answer by name; {} if there are none."""
    aggregations = document.get("aggregations", document.get("aggs"))
    return aggregations if isinstance(aggregations, dict) else {}


def _read_document(reply: Reply) -> SearchAnswer:
    """Read the whole answer, with nothing lost."""
    document = answer.json_of(reply)
    if not isinstance(document, dict):
        raise LoadError(
            "this is not an answer of Elasticsearch: it is not an object", reply=reply, hint="see it with -o json"
        )
    is_search = has_hits(document)
    hits = document["hits"] if is_search else {}
    total, is_lower_bound = total_of(hits.get("total"))
    return SearchAnswer(
        hits["hits"] if is_search else None,
        total,
        is_lower_bound,
        aggregations_of(document),
        document.get("suggest") is not None,
        _text(document.get("_scroll_id")),
        _text(document.get("pit_id")),
        _notes(document.get("_shards"), document.get("timed_out"), document.get("terminated_early")),
        None if is_search else document,
    )


def _aggregations(raw: bytes, reply: Reply) -> dict[str, Any]:
    try:
        aggregations = answer.read(raw)
    except ValueError:  # a name may be there twice
        return aggregations_of(answer.json_of(reply))
    return aggregations if isinstance(aggregations, dict) else {}


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None


def _reason(failures: Any) -> str:
    """Say why the first shard failed, in brackets."""
    first = failures[0] if isinstance(failures, list) and failures else None
    reason = first.get("reason") if isinstance(first, dict) else None
    text = reason.get("reason") if isinstance(reason, dict) else reason
    return f" ({one_line(excerpt(text, _LONGEST_REASON))})" if isinstance(text, str) else ""


def _notes(shards: Any, timed_out: Any, terminated_early: Any) -> tuple[str, ...]:
    notes = []
    if isinstance(shards, dict) and shards.get("failed"):
        failed, total = shards["failed"], shards.get("total", "?")
        reason = _reason(shards.get("failures"))
        notes.append(f"{failed} of {total} shards failed{reason}: the answer is not complete")
    if timed_out is True:
        notes.append("the search timed out: the answer is not complete")
    if terminated_early is True:
        notes.append("the search ended early: the answer is not complete")
    return tuple(notes)
