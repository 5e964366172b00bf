"""The names of the terms of ``multi_terms``, which are in the body of a search and not in its answer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

__all__ = ["terms_in"]

Path = tuple[str, ...]
"""The names of the aggregations that lead to one, from the outermost."""


def terms_in(body: Mapping[str, Any]) -> dict[Path, Sequence[str]]:
    """Find the fields of all ``multi_terms`` in the body of a search, by the path to their aggregation."""
    return dict(_terms(body, ()))


def _terms(outer: Mapping[str, Any], path: Path) -> Iterator[tuple[Path, Sequence[str]]]:
    for key in ("aggs", "aggregations"):
        inner = outer.get(key)
        for name, aggregation in inner.items() if isinstance(inner, dict) else ():
            if not isinstance(aggregation, dict):
                continue
            several = aggregation.get("multi_terms")
            terms = several.get("terms") if isinstance(several, dict) else None
            if isinstance(terms, list):
                yield (*path, name), [_name(term, place, name) for place, term in enumerate(terms)]
            yield from _terms(aggregation, (*path, name))


def _name(term: Any, place: int, name: str) -> str:
    field = term.get("field") if isinstance(term, dict) else None
    return field if isinstance(field, str) else f"{name}.{place}"
