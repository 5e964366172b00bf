"""A search as it is answered: hits, which stay bytes as long as possible, and what is said beside them."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from ...errors import LoadError
from ...text import excerpt, one_line
from .. import answer
from .search_request import whole

if TYPE_CHECKING:
    from ...reply import Reply

__all__ = ["SearchAnswer", "aggregations_of", "has_hits", "incomplete", "read", "total_of"]

_LONGEST_REASON = 200  # of a failure, in a note


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


def read(reply: Reply) -> SearchAnswer:
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
    """Read how many hits there are, and whether there are at least so many.

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
