"""Composite aggregations: their buckets come in pages, each after the last bucket of the page before (``after_key``).

https://www.elastic.co/guide/en/elasticsearch/reference/8.17/search-aggregations-bucket-composite-aggregation.html
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

__all__ = ["Composite", "append_page", "composite_of"]

_DEFAULT_SIZE = 10  # how many buckets Elasticsearch gives if the body does not say
_PAGE_BUCKETS = 1_000  # how many are asked for from the second page on if the body does not say


@dataclasses.dataclass(frozen=True)
class Composite:
    """A composite aggregation that is the only one of its search.

    Attributes
    ----------
    body
        The body of the search.
    word
        What the body calls its aggregations: ``aggs`` or ``aggregations``.
    name
        The name of the aggregation.
    size
        How many buckets per page the body asks for; None if it does not say.
    times
        The sources whose keys are milliseconds since 1970.
    """

    body: Mapping[str, Any]
    word: str
    name: str
    size: int | None
    times: frozenset[str]

    def body_after(self, after: Mapping[str, Any], missing: int) -> dict[str, Any]:
        """Make the body that requests the buckets after a given one.

        Parameters
        ----------
        after
            The ``after_key`` of the page before.
        missing
            How many buckets are still wanted.
        """
        own = self.body[self.word][self.name]
        composite = {**own["composite"], "size": min(self.size or _PAGE_BUCKETS, missing), "after": after}
        return {**self.body, self.word: {self.name: {**own, "composite": composite}}}

    def take_after_key(self, aggregations: dict[str, Any]) -> bool:
        """Remove the ``after_key`` from an answer; tell whether there may be further buckets."""
        own = aggregations.get(self.name)
        if not isinstance(own, dict) or not own.pop("after_key", None):
            return False
        return len(own.get("buckets") or ()) >= (_DEFAULT_SIZE if self.size is None else self.size)


def composite_of(body: Mapping[str, Any] | None) -> Composite | None:
    """Find the composite aggregation of a search; None if there is none, or another aggregation beside it."""
    word = next((word for word in ("aggs", "aggregations") if word in (body or {})), None)
    if body is None or word is None or not isinstance(body[word], dict) or len(body[word]) != 1:
        return None
    ((name, own),) = body[word].items()
    composite = own.get("composite") if isinstance(own, dict) else None
    if not isinstance(composite, dict):
        return None
    sources = [source for source in composite.get("sources") or () if isinstance(source, dict)]
    times = {
        name
        for source in sources
        for name, how in source.items()
        if isinstance(how, dict) and "format" not in (how.get("date_histogram") or {"format": ""})
    }
    size = composite.get("size")
    return Composite(body, word, name, size if type(size) is int else None, frozenset(times))


def append_page(aggregations: dict[str, Any], page: Mapping[str, Any]) -> None:
    """Append the buckets of a further page to those of the first, and adopt its ``after_key``."""
    for name, own in page.items():
        aggregations[name]["buckets"] += own.get("buckets") or []
        aggregations[name]["after_key"] = own.get("after_key")
