"""Search requests: which documents match, their order, and the page of hits."""

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
from .search_errors import illegal_argument, invalid_request, parsing_error

_WINDOW: Final = 10_000
"""The limit of from + size, and of the total unless the request says otherwise."""
_KEYS: Final = {
    "query", "from", "size", "sort", "search_after", "aggs", "aggregations", "_source", "track_total_hits", "pit",
    "timeout", "post_filter", "fields", "stored_fields", "track_scores", "min_score", "highlight", "version",
}  # fmt: skip
_PAGE_KEYS: Final = {"from", "size", "search_after", "track_total_hits", "pit"}


@dataclass(frozen=True, slots=True)
class SortKey:
    """A sort key."""

    field: str
    descending: bool
    missing_first: bool = False


@dataclass(frozen=True, slots=True)
class SearchResult:
    """All that a search found, in order; hits are made from it when they are sent.

    Attributes
    ----------
    body
        The body of the search.
    ordered
        The documents with their scores.
    keys
        The sort keys.
    count
        The number of documents.
    total
        The total as the response states it.
    best
        The best score.
    aggregations
        The results of the aggregations.
    """

    body: dict[str, Any]
    ordered: list[tuple[Document, float]]
    keys: list[SortKey]
    count: int
    total: dict[str, Any]
    best: float | None
    aggregations: dict[str, Any]

    def page(self, start: int, size: int) -> dict[str, Any]:
        """The `hits` of a response.

        Parameters
        ----------
        start
            The position of the first hit.
        size
            The number of hits.
        """
        by_score = not self.keys or any(key.field == "_score" for key in self.keys)
        shown = self.ordered[start : start + size]
        hits = [_hit(document, score, self.keys, by_score, self.body) for document, score in shown]
        return {"hits": self.total | {"max_score": self.best if by_score and size else None, "hits": hits}}


def search(
    body: dict[str, Any],
    everything: list[Document],
    tie_by_order: bool = False,
    cache: dict[str, SearchResult] | None = None,
) -> dict[str, Any]:
    """Search, and return a page of `hits` with the `aggregations`.

    Parameters
    ----------
    body
        The body of the search.
    everything
        The documents of the selected indices.
    tie_by_order
        Whether to sort by position last, and to say so, as searches with a point in time do.
    cache
        The result for the previous page, by the query; the next page reuses it.

    Raises
    ------
    SearchError
        The body is not a valid search, or the page is beyond the window.
    """
    start, size = whole_number(body, "from", 0), whole_number(body, "size", 10)
    if start + size > _WINDOW:
        raise illegal_argument(
            f"Result window is too large, from + size must be less than or equal to: [{_WINDOW}] but was "
            f"[{start + size}]. See the scroll api for a more efficient way to request large data sets."
        )
    if start and "search_after" in body:
        raise invalid_request("`from` parameter must be set to 0 when `search_after` is used")
    cache_key = json.dumps({name: value for name, value in body.items() if name not in _PAGE_KEYS}, sort_keys=True)
    result = cache.get(cache_key) if cache is not None else None
    if result is None:
        result = find(body, everything, tie_by_order)
        if cache is not None:
            cache.clear()
            cache[cache_key] = result
    result = replace(result, total=_total(body, result.count))
    if "search_after" in body:
        result = replace(result, ordered=_after(result.ordered, result.keys, body["search_after"]))
    return result.page(start, size) | result.aggregations


def find(body: dict[str, Any], everything: list[Document], tie_by_order: bool = False) -> SearchResult:
    """Search, and return everything that matches.

    Parameters
    ----------
    body
        The body of the search.
    everything
        The documents of the selected indices.
    tie_by_order
        Whether to sort by position last, and to say so, as searches with a point in time do.

    Raises
    ------
    SearchError
        The body is not a valid search.
    """
    for name in body:
        if name not in _KEYS:
            raise parsing_error(f"unknown key for a VALUE in [{name}].")
    scorer = query(body.get("query"), everything)
    scored = [(document, score) for document in everything if (score := scorer(document)) is not None]
    results: dict[str, Any] = {}
    if requested := body.get("aggs") or body.get("aggregations"):
        results["aggregations"] = aggregations(requested, [document for document, _ in scored])
    if body.get("post_filter"):
        post_filter = query(body["post_filter"], everything)
        scored = [(document, score) for document, score in scored if post_filter(document) is not None]
    if "min_score" in body:
        least = float(body["min_score"])
        scored = [(document, score) for document, score in scored if score >= least]
    keys = sort_keys(body.get("sort"))
    if tie_by_order and not any(key.field == "_shard_doc" for key in keys):
        keys = [*(keys or [SortKey("_score", True)]), SortKey("_shard_doc", False)]
    ordered = _ordered(scored, keys)
    best = max((score for _, score in scored), default=None)
    return SearchResult(body, ordered, keys, len(scored), _total(body, len(scored)), best, results)


def sort_keys(value: Any) -> list[SortKey]:
    """The sort keys in the value of `sort`, in any of its forms.

    Raises
    ------
    SearchError
        400: a field cannot be sorted by.
    """
    keys = []
    for item in value if isinstance(value, list) else [value] if value else []:
        name, options = (
            next(iter(item.items()), ("", "")) if isinstance(item, dict) else (*str(item).split(":"), "")[:2]
        )
        options = options if isinstance(options, dict) else {"order": options}
        kind = field_type(name)
        if name not in ("_score", "_doc", "_shard_doc", "_id"):
            if kind is None and not options.get("unmapped_type"):
                raise illegal_argument(f"No mapping found for [{name}] in order to sort on")
            if kind == "text":
                raise illegal_argument(
                    "Text fields are not optimised for operations that require per-document field data like "
                    f"aggregations and sorting. Please use a keyword field instead. [{name}]"
                )
        order = options.get("order") or ("desc" if name == "_score" else "asc")
        keys.append(SortKey(name, order == "desc", options.get("missing") == "_first"))
    return keys


def sort_values(document: Document, score: float, keys: Sequence[SortKey]) -> list[Any]:
    """The values by which a document is sorted.

    Parameters
    ----------
    document
        The document.
    score
        Its score.
    keys
        The sort keys.
    """
    return [_sort_value(document, score, key) for key in keys]


def filtered_source(source: dict[str, Any], selection: Any) -> dict[str, Any] | None:
    """The part of a document that `_source` selects; None if it selects nothing.

    Parameters
    ----------
    source
        The document.
    selection
        The value of `_source`: true, false, patterns, or includes and excludes.
    """
    if selection is None or selection is True or selection == "true":
        return source
    if selection is False or selection == "false":
        return None
    includes, excludes = selection, None
    if isinstance(selection, dict):
        includes = selection.get("includes") or selection.get("include")
        excludes = selection.get("excludes") or selection.get("exclude")
    return _pruned(source, "", _patterns(includes), _patterns(excludes))


def whole_number(body: dict[str, Any], name: str, default: int) -> int:
    """A whole number in a search, which may be written as a number or as text.

    Parameters
    ----------
    body
        The body of the search.
    name
        The name of the number.
    default
        Its value if the body does not have it.

    Raises
    ------
    SearchError
        400: the value is not a whole number, or is negative.
    """
    value = body.get(name, default)
    try:
        number = int(value)
    except (TypeError, ValueError):
        raise illegal_argument(f"Failed to parse int parameter [{name}] with value [{json.dumps(value)}]") from None
    if number < 0:
        raise illegal_argument(f"[{name}] parameter cannot be negative, found [{number}]")
    return number


def _total(body: dict[str, Any], count: int) -> dict[str, Any]:
    track = body.get("track_total_hits", _WINDOW)
    if track is False:
        return {}
    limit = count if track is True else int(track)
    return {"total": {"value": min(count, limit), "relation": "eq" if count <= limit else "gte"}}


def _patterns(value: Any) -> list[str]:
    return [str(item) for item in value] if isinstance(value, list) else str(value).split(",") if value else []


def _pruned(source: dict[str, Any], prefix: str, includes: list[str], excludes: list[str]) -> dict[str, Any]:
    pruned = {}
    for name, value in source.items():
        path = prefix + name
        if any(fnmatch.fnmatchcase(path, pattern) for pattern in excludes):
            continue
        is_included = not includes or any(fnmatch.fnmatchcase(path, pattern) for pattern in includes)
        if isinstance(value, dict):
            if inner := _pruned(value, path + ".", [] if is_included else includes, excludes):
                pruned[name] = inner
        elif is_included:
            pruned[name] = value
    return pruned


def _hit(document: Document, score: float, keys: list[SortKey], by_score: bool, body: dict[str, Any]) -> dict[str, Any]:
    hit: dict[str, Any] = {"_index": document.index, "_type": "_doc", "_id": document.id}
    hit["_score"] = score if by_score else None
    source = filtered_source(document.source, body.get("_source"))
    if source is not None:
        hit["_source"] = source
    if body.get("fields"):
        names = [str(field["field"] if isinstance(field, dict) else field) for field in body["fields"]]
        hit["fields"] = {name: field_values for name in names if (field_values := values(document, name))}
    if keys:
        hit["sort"] = sort_values(document, score, keys)
    return hit


def _ordered(scored: list[tuple[Document, float]], keys: list[SortKey]) -> list[tuple[Document, float]]:
    if not keys:
        return sorted(scored, key=lambda scored_document: (-scored_document[1], scored_document[0].order))
    decorated = [(sort_values(document, score, keys), document, score) for document, score in scored]
    for position, key in reversed(list(enumerate(keys))):  # each sort is stable, so the most important key comes last
        missing = 1 if key.descending is key.missing_first else -1
        decorated.sort(
            key=lambda row, position=position, missing=missing: (  # type: ignore[misc]  # mypy cannot infer a lambda with a default
                (missing, 0) if row[0][position] is None else (0, row[0][position])
            ),
            reverse=key.descending,
        )
    return [(document, score) for _, document, score in decorated]


def _after(ordered: list[tuple[Document, float]], keys: list[SortKey], after: Any) -> list[tuple[Document, float]]:
    if not keys:
        raise illegal_argument("Sort must contain at least one field.")
    if not isinstance(after, list) or len(after) != len(keys):
        raise illegal_argument(
            f"search_after has {len(after) if isinstance(after, list) else 0} value(s) but sort has {len(keys)}."
        )
    position = [comparable(key.field, value) for key, value in zip(keys, after, strict=True)]
    rank = cmp_to_key(_comparison(keys))
    return ordered[bisect_right(ordered, rank(position), key=lambda pair: rank(sort_values(pair[0], pair[1], keys))) :]


def _comparison(keys: list[SortKey]) -> Callable[[list[Any], list[Any]], int]:
    def compare(left: list[Any], right: list[Any]) -> int:
        for key, a, b in zip(keys, left, right, strict=True):
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
    candidates = [comparable(key.field, value) for value in values(document, key.field)]
    if not candidates:
        return None
    value = max(candidates) if key.descending else min(candidates)
    return int(value) if field_type(key.field) == "date" else int(value) if isinstance(value, bool) else value
