"""A search as it was asked and as it was answered; its hits, of all its pages, as one frame."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from ...errors import LoadError
from .. import Loaded, answer, columns
from .aggregations import aggregations_frame
from .composite import composite_of, joined
from .hits import Hits

if TYPE_CHECKING:
    from ...reply import Reply
    from ...request import Request

__all__ = [
    "Found",
    "aggregations_of",
    "asked",
    "has_hits",
    "load",
    "read",
    "start_of",
    "total_of",
    "whole",
]


class _Hits(msgspec.Struct):
    hits: list[msgspec.Raw]
    total: Any = None


class _Answer(msgspec.Struct):
    """What is a search's answer: each hit is only split off, and built later if at all."""

    hits: _Hits
    shards: Any = msgspec.field(default=None, name="_shards")
    timed_out: Any = None
    terminated_early: Any = None
    suggest: msgspec.Raw | None = None
    aggregations: msgspec.Raw | None = None
    aggs: msgspec.Raw | None = None


@dataclasses.dataclass(frozen=True)
class Found:
    """One page of hits.

    Attributes
    ----------
    hits
        Each as JSON, or as an object where the answer had to be read whole.
    total
        As the answer says it, in any of its forms.
    about
        What else was read of the answer.
    """

    hits: Sequence[msgspec.Raw | dict[str, Any]]
    total: Any
    about: dict[str, Any]

    def last_sort(self) -> list[Any] | None:
        """Where the last hit stands in the order."""
        if not self.hits:
            return None
        last = self.hits[-1]
        hit = last if isinstance(last, dict) else json.loads(bytes(last))
        sort = hit.get("sort") if isinstance(hit, dict) else None
        return sort if isinstance(sort, list) else None


def asked(request: Request) -> dict[str, Any] | None:
    """What is in the body or in ``source=``; {} if there is none, None if it cannot be read."""
    text = request.body if request.body is not None else (request.param("source") or "").encode()
    if not text.strip():
        return {}
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def start_of(request: Request) -> int:
    """How many hits a search skips."""
    return whole(request.param("from")) or whole((asked(request) or {}).get("from")) or 0


def read(reply: Reply) -> Found | None:
    """The hits of an answer; None if it has none, not even none of them.

    Raises
    ------
    LoadError
        If the answer is no object, or no JSON.
    """
    try:
        found = msgspec.json.decode(reply.content, type=_Answer)
    except (msgspec.DecodeError, RecursionError):
        # No search, broken, of which this says where, or what msgspec refuses and Python reads: half a surrogate pair.
        document = answer.json_of(reply)
        if not isinstance(document, dict):
            raise LoadError(
                "the answer is none of Elasticsearch: it is no object", reply=reply, hint="see it with -o json"
            ) from None
        if not has_hits(document):
            return None
        about = {
            "aggregations" if name == "aggs" else name: value for name, value in document.items() if name != "hits"
        }
        return Found(document["hits"]["hits"], document["hits"].get("total"), about)
    about = {"_shards": found.shards, "timed_out": found.timed_out, "terminated_early": found.terminated_early}
    if found.suggest is not None:
        about["suggest"] = True
    if (aggregations := found.aggregations or found.aggs) is not None:
        about["aggregations"] = json.loads(bytes(aggregations))
    return Found(found.hits.hits, found.hits.total, about)


def load(replies: Iterable[Reply], limit: int | None, agg: str | None) -> Loaded:
    """One row a hit of all pages; without hits, one row an innermost bucket of the aggregation.

    Raises
    ------
    LoadError
        If there is no aggregation that is asked for, or several could be meant.
    """
    hits, rows, skip = Hits(), 0, 0
    asked_first: Request | None = None
    total: tuple[int | None, bool] = (None, False)
    about: dict[str, Any] = {}
    notes: dict[str, None] = {}
    pages = iter(replies)
    for reply in pages:
        found = read(reply)
        if asked_first is None:
            asked_first = reply.request
            about = {} if found is None else found.about
            if found is None or agg is not None or ("aggregations" in about and not found.hits):
                return _without_hits(reply, () if found is not None and found.hits else pages, limit, agg)
        elif found is None:
            raise LoadError("a page of the search has no hits", reply=reply, hint="see it with -o json")
        elif _begins_anew(reply.request):  # what was read before is read again
            is_pit = "pit" in (asked(reply.request) or {})
            hits, rows = Hits("" if not is_pit else "last" if _has_own_order(asked_first) else "all"), 0
            skip = 0 if is_pit else start_of(asked_first)
        page = found.hits[skip:] if skip else found.hits
        skip -= min(skip, len(found.hits))
        rows += len(page)
        hits.add(page if limit is None else page[: limit - len(hits)], reply)
        notes |= dict.fromkeys(_shard_notes(found.about))
        if (told := total_of(found.total))[0] is not None:
            total = told
        del reply, found, page  # not to be held while the next one arrives
    assert asked_first is not None  # somebody who loads has an answer
    of, is_lower_bound = total
    told_of = [*notes, *_other_notes(about)]
    size = (asked(asked_first) or {}).get("size")
    if limit is not None and size is not None and rows < min(limit, of or 0):
        told_of.append(f"the search itself asks for {size} hits")
    count = len(hits)
    if rows > count:
        of = max(of or 0, rows)
    return Loaded(hits.frame(), count, of, "hits", is_lower_bound, "; ".join(told_of) or None)


def _has_own_order(request: Request) -> bool:
    """Whether a search says in which order it wants its hits."""
    return request.param("sort") is not None or bool((asked(request) or {}).get("sort"))


def _begins_anew(request: Request) -> bool:
    """Whether a page is the first one of a point in time or of a scroll."""
    if request.path.endswith("/_search/scroll"):
        return False
    body = asked(request) or {}
    return request.param("scroll") is not None or ("pit" in body and "search_after" not in body)


def has_hits(document: Any) -> bool:
    """Whether a document is a search's answer."""
    hits = document.get("hits") if isinstance(document, dict) else None
    return isinstance(hits, dict) and isinstance(hits.get("hits"), list)


def total_of(total: Any) -> tuple[int | None, bool]:
    """How many hits there are, and whether at least so many: a number before version 7, an object since."""
    if isinstance(total, dict):
        return whole(total.get("value")), total.get("relation") == "gte"
    return whole(total), False


def whole(value: Any) -> int | None:
    """A number that is or reads as a whole one, else None."""
    if type(value) is str and value.isdecimal():
        return int(value)
    return value if type(value) is int and value >= 0 else None


def aggregations_of(reply: Reply) -> dict[str, Any]:
    """The aggregations of an answer by name; {} if it has none."""
    document = answer.json_of(reply)
    found = document.get("aggregations", document.get("aggs")) if isinstance(document, dict) else None
    return found if isinstance(found, dict) else {}


def _without_hits(reply: Reply, others: Iterable[Reply], limit: int | None, agg: str | None) -> Loaded:
    """The aggregations of an answer; where it has neither them nor hits, the answer as one row."""
    document = answer.json_of(reply)
    aggregations = aggregations_of(reply)
    if not aggregations:
        if agg is not None:
            raise LoadError(
                f"the answer has no aggregations, so no {agg!r}", reply=reply, hint="see what it has with -o json"
            )
        return Loaded(columns.frame(columns.flatten([document]), 1, dates=True), 1)
    composite = composite_of(asked(reply.request))
    if composite is not None:
        aggregations = joined(aggregations, map(aggregations_of, others))
    has_more = composite is not None and composite.has_more(aggregations)
    times = composite.times if composite is not None else frozenset()
    frame, what, more = aggregations_frame(aggregations, agg, reply, times)
    count = len(frame)
    of = count + has_more if has_more or (limit is not None and count > limit) else None
    if limit is not None:
        frame = frame.iloc[:limit]
    note = "; ".join([*_shard_notes(document), *more]) or None
    return Loaded(frame, len(frame), of, what=what, of_is_lower_bound=has_more, note=note)


def _other_notes(about: dict[str, Any]) -> Sequence[str]:
    """What an answer has beside its hits."""
    notes = []
    aggregations = about.get("aggregations")
    if isinstance(aggregations, dict) and aggregations:
        names = ", ".join(aggregations)
        notes.append(f"the answer has aggregations, too: --agg {next(iter(aggregations))} shows one ({names})")
    if "suggest" in about:
        notes.append("the answer has suggestions, too, which -o json shows")
    return notes


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
