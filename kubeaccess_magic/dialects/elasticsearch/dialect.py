"""What is asked of Elasticsearch, and which of its answers become which frame."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from ...errors import LoadError
from .. import Loaded, Pages, Step, answer, columns
from . import cat
from .aggregations import aggregations_frame
from .hits import hits_frame

if TYPE_CHECKING:
    from ...reply import Reply
    from ...request import Request

__all__ = ["MOST_HITS", "Elasticsearch"]

MOST_HITS = 10_000
"""What a search gives at most, `from` and `size` together (``index.max_result_window``)."""

_SEARCH = re.compile(r"(?:/[^/]+)?/_search/?")
_COUNT = re.compile(r"(?:/[^/]+)?/_count/?")
_HEALTH = re.compile(r"/_cluster/health(?:/[^/]+)?/?")
_CAT = re.compile(r"/_cat/([^/]+)(?:/.*)?")


class _Hits(msgspec.Struct):
    hits: list[msgspec.Raw]


class _Search(msgspec.Struct):
    """What is a search's answer, whatever was asked: only scanned, never built."""

    hits: _Hits


class Elasticsearch:
    """The dialect of Elasticsearch and OpenSearch."""

    name = "elasticsearch"

    def asks(self, request: Request) -> bool:
        """Whether the path is one of those whose answers are frames here."""
        return any(_ends(pattern, request.path) for pattern in (_SEARCH, _COUNT, _HEALTH, _CAT))

    def ask(self, request: Request, limit: int | None) -> Request:
        """With a limit, a search asks for as many hits as it can give at once, unless it says itself how many."""
        if limit is None or not _ends(_SEARCH, request.path):
            return request
        body = _asked(request)
        if body is None or "size" in body or request.param("size") is not None:
            return request
        start = _whole(request.param("from")) or _whole(body.get("from")) or 0
        if start >= MOST_HITS:  # refused in any case, in Elasticsearch's own words
            return request
        return request.with_param("size", min(limit, MOST_HITS - start))

    def takes(self, request: Request, reply: Reply) -> bool:
        """An answer to one of those paths that looks like one; and hits, wherever they come from."""
        if _ends(_CAT, request.path):
            return cat.takes(request, reply)
        if not answer.looks_like_json(reply):
            return False
        start = reply.content[:4096]
        if b'"hits"' in start or _ends(_SEARCH, request.path):
            try:
                msgspec.json.decode(reply.content, type=_Search)
                return True
            except msgspec.ValidationError:
                pass  # no hits: aggregations alone, perhaps
            except (msgspec.DecodeError, RecursionError):
                # Broken, of which `load` says where; or what msgspec refuses and Python reads: half a surrogate pair.
                return _ends(_SEARCH, request.path) is not None or _is_search(reply)
        if _ends(_SEARCH, request.path):
            return b'"aggregations"' in reply.content
        if _ends(_COUNT, request.path):
            return b'"count"' in start
        return _ends(_HEALTH, request.path) is not None and b'"cluster_name"' in start

    def pages(self, request: Request, limit: int | None) -> Pages:
        """One page: beyond the first 10,000 hits a search has no next page by GET."""
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
        replies = list(replies)
        first = replies[0]
        if found := _ends(_CAT, first.request.path):
            return cat.load(found[1], replies, limit)
        documents = [answer.json_of(reply) for reply in replies]
        if not all(isinstance(document, dict) for document in documents):
            raise LoadError(
                "the answer is none of Elasticsearch: it is no object", reply=first, hint="see it with -o json"
            )
        hits = [document["hits"] for document in documents if _has_hits(document)]
        aggregations = _aggregations(documents[0])
        if not hits and not aggregations:
            if agg is not None:
                raise LoadError(f"the answer has no aggregations, so no {agg!r}", reply=first)
            return Loaded(columns.frame(columns.flatten(documents), len(documents), dates=True), len(documents))
        rows = [hit for one in hits for hit in one["hits"]]
        notes = list(_shard_notes(documents[-1]))
        if agg is not None or (aggregations and not rows):
            frame, what, more = aggregations_frame(aggregations, agg, first)
            count, of = len(frame), len(frame) if limit is not None and len(frame) > limit else None
            if limit is not None:
                frame = frame.iloc[:limit]
            note = "; ".join([*notes, *more]) or None
            return Loaded(frame, min(count, len(frame)), of, what=what, note=note)
        if aggregations:
            names = ", ".join(aggregations)
            notes.append(f'the answer has aggregations, too: agg="{next(iter(aggregations))}" shows one ({names})')
        if "suggest" in documents[0]:
            notes.append("the answer has suggestions, too, which -o json shows")
        of, is_lower_bound = _total(hits[0])
        body = _asked(first.request) or {}
        if limit is not None and "size" in body and len(rows) < min(limit, of or 0):
            notes.append(f"the search itself asks for {body['size']} hits")
        if limit is not None and len(rows) > limit:
            of, rows = max(of or 0, len(rows)), rows[:limit]
        return Loaded(hits_frame(rows), len(rows), of, "hits", is_lower_bound, "; ".join(notes) or None)


def _ends(pattern: re.Pattern[str], path: str) -> re.Match[str] | None:
    """Whether a path is one of Elasticsearch's, behind any prefix that a way or a proxy has put before it."""
    for start in (at for at, letter in enumerate(path) if letter == "/"):
        if (found := pattern.fullmatch(path, start)) is not None:
            return found
    return None


def _asked(request: Request) -> dict[str, Any] | None:
    """The search in the body or in ``source=``; {} if there is none, None if it cannot be read."""
    text = request.body if request.body is not None else (request.param("source") or "").encode()
    if not text.strip():
        return {}
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _is_search(reply: Reply) -> bool:
    try:
        return _has_hits(answer.json_of(reply))
    except LoadError:
        return False


def _has_hits(document: Any) -> bool:
    hits = document.get("hits") if isinstance(document, dict) else None
    return isinstance(hits, dict) and isinstance(hits.get("hits"), list)


def _aggregations(document: dict[str, Any]) -> dict[str, Any]:
    found = document.get("aggregations", document.get("aggs"))
    return found if isinstance(found, dict) else {}


def _total(hits: dict[str, Any]) -> tuple[int | None, bool]:
    """How many hits there are, and whether at least so many: a number before version 7, an object since."""
    total = hits.get("total")
    if isinstance(total, dict):
        return _whole(total.get("value")), total.get("relation") == "gte"
    return _whole(total), False


def _whole(value: Any) -> int | None:
    """A number that is or reads as a whole one, else None."""
    if type(value) is str and value.isdecimal():
        return int(value)
    return value if type(value) is int and value >= 0 else None


def _shard_notes(document: dict[str, Any]) -> Sequence[str]:
    """What makes an answer less than the whole truth."""
    notes = []
    shards = document.get("_shards")
    if isinstance(shards, dict) and shards.get("failed"):
        notes.append(f"{shards['failed']} of {shards.get('total', '?')} shards failed: the answer is not whole")
    if document.get("timed_out") is True:
        notes.append("the search timed out: the answer is not whole")
    if document.get("terminated_early") is True:
        notes.append("the search ended early: the answer is not whole")
    return notes
