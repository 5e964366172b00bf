"""Composite aggregations: their buckets come in pages, each behind the last bucket of the one before (``after_key``).

https://www.elastic.co/guide/en/elasticsearch/reference/8.17/search-aggregations-bucket-composite-aggregation.html
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from typing import Any

__all__ = ["Composite", "composite_of", "joined"]

_SIZE = 10  # what Elasticsearch gives, if nothing is said
_PAGE_BUCKETS = 1_000  # of the pages behind the first, if nothing is said


@dataclasses.dataclass(frozen=True)
class Composite:
    """The one aggregation of a search, if it is a composite one.

    Attributes
    ----------
    body
        Of the search.
    word
        How the body calls its aggregations: ``aggs`` or ``aggregations``.
    name
        What the aggregation is called.
    size
        How many buckets of a page the search asks for; None if it does not say.
    times
        Sources whose keys are milliseconds since 1970.
    """

    body: Mapping[str, Any]
    word: str
    name: str
    size: int | None
    times: frozenset[str]

    def behind(self, after: Mapping[str, Any], wanted: int) -> dict[str, Any]:
        """The body that asks for the buckets behind one."""
        own = self.body[self.word][self.name]
        size = min(self.size or _PAGE_BUCKETS, wanted)
        return {
            **self.body,
            self.word: {self.name: {**own, "composite": {**own["composite"], "size": size, "after": after}}},
        }

    def has_more(self, found: dict[str, Any]) -> bool:
        """Whether there may be buckets behind those that were found; the ``after_key`` that tells is taken out."""
        inside = found.get(self.name)
        if not isinstance(inside, dict) or not inside.pop("after_key", None):
            return False
        return len(inside.get("buckets") or ()) >= (_SIZE if self.size is None else self.size)


def composite_of(body: Mapping[str, Any] | None) -> Composite | None:
    """The composite aggregation of a search without hits; None where there is none, or another one beside it."""
    word = next((word for word in ("aggs", "aggregations") if word in (body or {})), None)
    if body is None or word is None or not isinstance(body[word], dict) or len(body[word]) != 1:
        return None
    ((name, own),) = body[word].items()
    told = own.get("composite") if isinstance(own, dict) else None
    if not isinstance(told, dict):
        return None
    sources = [one for one in told.get("sources") or () if isinstance(one, dict)]
    times = {
        source
        for one in sources
        for source, how in one.items()
        if isinstance(how, dict) and "format" not in (how.get("date_histogram") or {"format": ""})
    }
    size = told.get("size")
    return Composite(body, word, name, size if type(size) is int else None, frozenset(times))


def joined(first: dict[str, Any], others: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """The aggregations of the first page with the buckets of the pages behind it, and the last one's ``after_key``."""
    for other in others:
        for name, more in other.items():
            first[name]["buckets"] += more.get("buckets") or []
            first[name]["after_key"] = more.get("after_key")
    return first
