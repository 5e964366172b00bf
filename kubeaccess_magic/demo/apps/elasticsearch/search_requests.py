"""Searching: which documents, in which order, which part of them."""

from __future__ import annotations

import fnmatch
import json
from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cmp_to_key
from typing import Any, Final

from .aggregation_results import aggregations
from .field_queries import comparable
from .log_documents import Document, field_type, values
from .query_dsl import query
from .search_errors import illegal, invalid, parsing

WINDOW: Final = 10_000
"""from + size may not go further, and totals are counted no further, unless asked."""
_KNOWN: Final = {
    "query", "from", "size", "sort", "search_after", "aggs", "aggregations", "_source", "track_total_hits", "pit",
    "timeout", "post_filter", "fields", "stored_fields", "track_scores", "min_score", "highlight", "version",
}  # fmt: skip
_OF_A_PAGE: Final = {"from", "size", "search_after", "track_total_hits", "pit"}


@dataclass(frozen=True, slots=True)
class SortKey:
    """One thing to sort by."""

    field: str
    descending: bool
    missing_first: bool = False


@dataclass(frozen=True, slots=True)
class SearchResult:
    """What a search found, all of it and in order; hits are made of it when they are sent."""

    asked: dict[str, Any]
    ordered: list[tuple[Document, float]]
    keys: list[SortKey]
    count: int
    total: dict[str, Any]
    best: float | None
    aggregations: dict[str, Any]

    def page(self, start: int, size: int) -> dict[str, Any]:
        """The `hits` of an answer."""
        by_score = not self.keys or any(key.field == "_score" for key in self.keys)
        shown = self.ordered[start : start + size]
        hits = [_hit(document, score, self.keys, by_score, self.asked) for document, score in shown]
        return {"hits": self.total | {"max_score": self.best if by_score and size else None, "hits": hits}}


def search(
    asked: dict[str, Any],
    everything: list[Document],
    tie_by_order: bool = False,
    kept: dict[str, SearchResult] | None = None,
) -> dict[str, Any]:
    """The `hits` and `aggregations` of an answer; as `find`, but one page of it.

    `kept` has what was found for the page before, by what was asked; the next one need not look again.

    Raises
    ------
    SearchError
        The body is no search, or goes too far.
    """
    start, size = whole(asked, "from", 0), whole(asked, "size", 10)
    if start + size > WINDOW:
        raise illegal(
            f"Result window is too large, from + size must be less than or equal to: [{WINDOW}] but was "
            f"[{start + size}]. See the scroll api for a more efficient way to request large data sets."
        )
    if start and "search_after" in asked:
        raise invalid("`from` parameter must be set to 0 when `search_after` is used")
    question = json.dumps({name: value for name, value in asked.items() if name not in _OF_A_PAGE}, sort_keys=True)
    found = kept.get(question) if kept is not None else None
    if found is None:
        found = find(asked, everything, tie_by_order)
        if kept is not None:
            kept.clear()
            kept[question] = found
    found = replace(found, total=_total(asked, found.count))
    if "search_after" in asked:
        found = replace(found, ordered=_after(found.ordered, found.keys, asked["search_after"]))
    return found.page(start, size) | found.aggregations


def find(asked: dict[str, Any], everything: list[Document], tie_by_order: bool = False) -> SearchResult:
    """All that a search finds.

    Parameters
    ----------
    asked
        The body of the search.
    everything
        The documents of the indices that were named.
    tie_by_order
        Sort by position last, and say so, as searches with a point in time do.

    Raises
    ------
    SearchError
        The body is no search.
    """
    for name in asked:
        if name not in _KNOWN:
            raise parsing(f"unknown key for a VALUE in [{name}].")
    scorer = query(asked.get("query"), everything)
    scored = [(document, score) for document in everything if (score := scorer(document)) is not None]
    out: dict[str, Any] = {}
    if wanted := asked.get("aggs") or asked.get("aggregations"):
        out["aggregations"] = aggregations(wanted, [document for document, _ in scored])
    if asked.get("post_filter"):
        kept = query(asked["post_filter"], everything)
        scored = [(document, score) for document, score in scored if kept(document) is not None]
    if "min_score" in asked:
        least = float(asked["min_score"])
        scored = [(document, score) for document, score in scored if score >= least]
    keys = sort_keys(asked.get("sort"))
    if tie_by_order and not any(key.field == "_shard_doc" for key in keys):
        keys = [*(keys or [SortKey("_score", True)]), SortKey("_shard_doc", False)]
    ordered = _ordered(scored, keys)
    best = max((score for _, score in scored), default=None)
    return SearchResult(asked, ordered, keys, len(scored), _total(asked, len(scored)), best, out)


def sort_keys(asked: Any) -> list[SortKey]:
    """What `sort` says, in any of its forms.

    Raises
    ------
    SearchError
        400: a field that cannot be sorted by.
    """
    out = []
    for one in asked if isinstance(asked, list) else [asked] if asked else []:
        name, options = next(iter(one.items()), ("", "")) if isinstance(one, dict) else (*str(one).split(":"), "")[:2]
        options = options if isinstance(options, dict) else {"order": options}
        kind = field_type(name)
        if name not in ("_score", "_doc", "_shard_doc", "_id"):
            if kind is None and not options.get("unmapped_type"):
                raise illegal(f"No mapping found for [{name}] in order to sort on")
            if kind == "text":
                raise illegal(
                    "Text fields are not optimised for operations that require per-document field data like "
                    f"aggregations and sorting. Please use a keyword field instead. [{name}]"
                )
        order = options.get("order") or ("desc" if name == "_score" else "asc")
        out.append(SortKey(name, order == "desc", options.get("missing") == "_first"))
    return out


def sort_values(document: Document, score: float, keys: Sequence[SortKey]) -> list[Any]:
    """A document's place in the order."""
    return [_sort_value(document, score, key) for key in keys]


def filtered_source(source: dict[str, Any], wanted: Any) -> dict[str, Any] | None:
    """The part of a document that `_source` asks for; None when it asks for none."""
    if wanted is None or wanted is True or wanted == "true":
        return source
    if wanted is False or wanted == "false":
        return None
    includes = wanted.get("includes") or wanted.get("include") if isinstance(wanted, dict) else wanted
    excludes = (wanted.get("excludes") or wanted.get("exclude")) if isinstance(wanted, dict) else None
    return _pruned(source, "", _patterns(includes), _patterns(excludes))


def whole(asked: dict[str, Any], name: str, default: int) -> int:
    """A number of hits, as a number or as text.

    Raises
    ------
    SearchError
        400: it is none.
    """
    value = asked.get(name, default)
    try:
        number = int(value)
    except (TypeError, ValueError):
        raise illegal(f"Failed to parse int parameter [{name}] with value [{json.dumps(value)}]") from None
    if number < 0:
        raise illegal(f"[{name}] parameter cannot be negative, found [{number}]")
    return number


def _total(asked: dict[str, Any], count: int) -> dict[str, Any]:
    track = asked.get("track_total_hits", WINDOW)
    if track is False:
        return {}
    limit = count if track is True else int(track)
    return {"total": {"value": min(count, limit), "relation": "eq" if count <= limit else "gte"}}


def _patterns(given: Any) -> list[str]:
    return [str(one) for one in given] if isinstance(given, list) else str(given).split(",") if given else []


def _pruned(source: dict[str, Any], prefix: str, includes: list[str], excludes: list[str]) -> dict[str, Any]:
    out = {}
    for name, value in source.items():
        path = prefix + name
        if any(fnmatch.fnmatchcase(path, pattern) for pattern in excludes):
            continue
        taken = not includes or any(fnmatch.fnmatchcase(path, pattern) for pattern in includes)
        if isinstance(value, dict):
            if inner := _pruned(value, path + ".", [] if taken else includes, excludes):
                out[name] = inner
        elif taken:
            out[name] = value
    return out


def _hit(
    document: Document, score: float, keys: list[SortKey], by_score: bool, asked: dict[str, Any]
) -> dict[str, Any]:
    out: dict[str, Any] = {"_index": document.index, "_type": "_doc", "_id": document.id}
    out["_score"] = score if by_score else None
    source = filtered_source(document.source, asked.get("_source"))
    if source is not None:
        out["_source"] = source
    if asked.get("fields"):
        names = [str(one["field"] if isinstance(one, dict) else one) for one in asked["fields"]]
        out["fields"] = {name: found for name in names if (found := values(document, name))}
    if keys:
        out["sort"] = sort_values(document, score, keys)
    return out


def _ordered(scored: list[tuple[Document, float]], keys: list[SortKey]) -> list[tuple[Document, float]]:
    if not keys:
        return sorted(scored, key=lambda one: (-one[1], one[0].order))
    decorated = [(sort_values(document, score, keys), document, score) for document, score in scored]
    for place, key in reversed(list(enumerate(keys))):  # each sort keeps the order of the ones before
        missing = 1 if key.descending is key.missing_first else -1
        decorated.sort(
            key=lambda row, place=place, missing=missing: (  # type: ignore[misc]  # mypy cannot infer a lambda with a default
                (missing, 0) if row[0][place] is None else (0, row[0][place])
            ),
            reverse=key.descending,
        )
    return [(document, score) for _, document, score in decorated]


def _after(ordered: list[tuple[Document, float]], keys: list[SortKey], after: Any) -> list[tuple[Document, float]]:
    if not keys:
        raise illegal("Sort must contain at least one field.")
    if not isinstance(after, list) or len(after) != len(keys):
        raise illegal(
            f"search_after has {len(after) if isinstance(after, list) else 0} value(s) but sort has {len(keys)}."
        )
    place = [comparable(key.field, value) for key, value in zip(keys, after, strict=True)]
    rank = cmp_to_key(_comparison(keys))
    return ordered[bisect_right(ordered, rank(place), key=lambda one: rank(sort_values(one[0], one[1], keys))) :]


def _comparison(keys: list[SortKey]) -> Callable[[list[Any], list[Any]], int]:
    def compare(one: list[Any], other: list[Any]) -> int:
        for key, a, b in zip(keys, one, other, strict=True):
            if a is None or b is None:
                if (a is None) is not (b is None):
                    return (-1 if a is None else 1) * (1 if key.missing_first else -1)
                continue
            if type(a) is not type(b) and isinstance(a, str) is not isinstance(b, str):
                a, b = str(a), str(b)
            if a != b:
                return (-1 if a < b else 1) * (-1 if key.descending else 1)
        return 0

    return compare


def _sort_value(document: Document, score: float, key: SortKey) -> Any:
    if key.field == "_score":
        return score
    if key.field in ("_doc", "_shard_doc"):
        return document.order
    if key.field == "_id":
        return document.id
    found = [comparable(key.field, value) for value in values(document, key.field)]
    if not found:
        return None
    value = max(found) if key.descending else min(found)
    return int(value) if field_type(key.field) == "date" else int(value) if isinstance(value, bool) else value
