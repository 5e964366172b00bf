"""Aggregations: terms, histograms, ranges, filters and composites, with metrics in each bucket."""

from __future__ import annotations

import itertools
import re
import statistics
import time
from collections.abc import Callable
from typing import Any

from .field_queries import comparable
from .log_documents import Document, field_type, values
from .query_dsl import query
from .search_errors import illegal_argument, parsing_error

_INTERVALS = {"ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000, "w": 604_800_000}
_CALENDAR = {"second": "1s", "minute": "1m", "hour": "1h", "day": "1d", "week": "1w", "1M": "30d", "month": "30d"}


def aggregations(requested: dict[str, Any], documents: list[Document]) -> dict[str, Any]:
    """Compute the aggregations of a search; return their results by name.

    Parameters
    ----------
    requested
        The aggregations, by name.
    documents
        The documents that were found.

    Raises
    ------
    SearchError
        400: the app does not support an aggregation.
    """
    results = {}
    for name, body in requested.items():
        if not isinstance(body, dict):
            raise parsing_error(f"Expected [START_OBJECT] under [{name}], but got a [VALUE] in [{name}]")
        inner = body.get("aggs") or body.get("aggregations") or {}
        kinds = [key for key in body if key not in ("aggs", "aggregations", "meta")]
        if len(kinds) != 1:
            raise parsing_error(f"Missing definition for aggregation [{name}]")
        kind, options = kinds[0], body[kinds[0]]
        if metric := _METRICS.get(kind):
            results[name] = metric(options, documents)
        elif bucket := _BUCKETS.get(kind):
            results[name] = bucket(options, documents, inner)
        else:
            raise parsing_error(f"Unknown aggregation type [{kind}] did you mean [terms]?")
    return results


def _field(options: dict[str, Any]) -> str:
    name = str(options.get("field", ""))
    if not name:
        raise illegal_argument("Required one of fields [field, script], but none were specified.")
    if field_type(name) == "text":
        raise illegal_argument(f"Text fields are not optimised for aggregations; use a keyword field instead. [{name}]")
    return name


def _numbers(options: dict[str, Any], documents: list[Document]) -> list[float]:
    name = _field(options)
    if field_type(name) == "keyword":
        raise illegal_argument(f"Field [{name}] of type [keyword] is not supported for aggregation [metric]")
    return [float(comparable(name, value)) for document in documents for value in values(document, name)]


def _stats(options: dict[str, Any], documents: list[Document]) -> dict[str, Any]:
    numbers = _numbers(options, documents)
    if not numbers:
        return {"count": 0, "min": None, "max": None, "avg": None, "sum": 0.0}
    total = round(sum(numbers), 6)
    return {"count": len(numbers), "min": min(numbers), "max": max(numbers), "avg": total / len(numbers), "sum": total}


def _single(
    metric_of: Callable[[list[float]], float | None],
) -> Callable[[dict[str, Any], list[Document]], dict[str, Any]]:
    return lambda options, documents: {"value": metric_of(_numbers(options, documents))}


def _cardinality(options: dict[str, Any], documents: list[Document]) -> dict[str, Any]:
    name = _field(options)
    return {"value": len({str(value) for document in documents for value in values(document, name)})}


def _value_count(options: dict[str, Any], documents: list[Document]) -> dict[str, Any]:
    name = _field(options)
    return {"value": sum(len(values(document, name)) for document in documents)}


def _percentiles(options: dict[str, Any], documents: list[Document]) -> dict[str, Any]:
    numbers = sorted(_numbers(options, documents))
    percents = options.get("percents", [1, 5, 25, 50, 75, 95, 99])
    return {"values": {str(float(percent)): _percentile(numbers, float(percent)) for percent in percents}}


def _percentile(numbers: list[float], percent: float) -> float | None:
    if not numbers:
        return None
    position = (len(numbers) - 1) * percent / 100
    low = int(position)
    high = min(low + 1, len(numbers) - 1)
    return numbers[low] + (numbers[high] - numbers[low]) * (position - low)


_METRICS: dict[str, Callable[[dict[str, Any], list[Document]], dict[str, Any]]] = {
    "avg": _single(lambda numbers: statistics.fmean(numbers) if numbers else None),
    "sum": _single(lambda numbers: round(sum(numbers), 6)),
    "min": _single(lambda numbers: min(numbers, default=None)),
    "max": _single(lambda numbers: max(numbers, default=None)),
    "stats": _stats,
    "cardinality": _cardinality,
    "value_count": _value_count,
    "percentiles": _percentiles,
}


# --- buckets


def _terms(options: dict[str, Any], documents: list[Document], inner: dict[str, Any]) -> dict[str, Any]:
    name, size = _field(options), int(options.get("size", 10))
    groups: dict[Any, list[Document]] = {}
    for document in documents:
        document_values = values(document, name) or ([options["missing"]] if "missing" in options else [])
        for value in dict.fromkeys(document_values):
            groups.setdefault(value, []).append(document)
    buckets = [_term_bucket(name, value, members, inner) for value, members in groups.items()]
    order = options.get("order") or {"_count": "desc"}
    for key, direction in reversed(
        [pair for item in (order if isinstance(order, list) else [order]) for pair in item.items()]
    ):
        buckets.sort(key=lambda bucket: str(bucket["key"]) if isinstance(bucket["key"], str) else bucket["key"])
        buckets.sort(key=lambda bucket, key=key: _ordering(bucket, key), reverse=direction == "desc")  # type: ignore[misc]  # mypy cannot infer a lambda with a default
    shown = buckets[:size]
    rest = sum(bucket["doc_count"] for bucket in buckets[size:])
    return {"doc_count_error_upper_bound": 0, "sum_other_doc_count": rest, "buckets": shown}


def _term_bucket(name: str, value: Any, documents: list[Document], inner: dict[str, Any]) -> dict[str, Any]:
    bucket: dict[str, Any] = {"key": value}
    if field_type(name) == "boolean":
        bucket = {"key": int(value), "key_as_string": str(value).lower()}
    return bucket | {"doc_count": len(documents)} | aggregations(inner, documents)


def _ordering(bucket: dict[str, Any], key: str) -> Any:
    if key == "_count":
        return bucket["doc_count"]
    if key == "_key":
        return bucket["key"]
    outer, _, metric = key.partition(".")
    if outer not in bucket:
        raise illegal_argument(f"Invalid aggregation order path [{key}].")
    value = bucket[outer].get(metric or "value")
    return float("-inf") if value is None else value


def _step_ms(options: dict[str, Any]) -> int:
    interval = str(options.get("fixed_interval") or options.get("calendar_interval") or options.get("interval") or "")
    size = re.fullmatch(r"(\d+)(ms|s|m|h|d|w)", _CALENDAR.get(interval, interval))
    if not size:
        raise illegal_argument(
            "Required one of fields [interval, calendar_interval, fixed_interval], but none were specified."
        )
    return int(size[1]) * _INTERVALS[size[2]]


def _date_histogram(options: dict[str, Any], documents: list[Document], inner: dict[str, Any]) -> dict[str, Any]:
    name, step = _field(options), _step_ms(options)
    buckets = _histogram_buckets(name, step, documents, inner, int(options.get("min_doc_count", 0)))
    for bucket in buckets:
        second = bucket["key"] / 1000
        text = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(second)) + f".{bucket['key'] % 1000:03d}Z"
        bucket["key_as_string"] = text
    return {"buckets": [{"key_as_string": bucket.pop("key_as_string"), **bucket} for bucket in buckets]}


def _histogram(options: dict[str, Any], documents: list[Document], inner: dict[str, Any]) -> dict[str, Any]:
    name, step = _field(options), float(options.get("interval", 0))
    if step <= 0:
        raise illegal_argument("[interval] must be >0 for histogram aggregation [histogram]")
    return {"buckets": _histogram_buckets(name, step, documents, inner, int(options.get("min_doc_count", 0)))}


def _histogram_buckets(
    name: str, step: float, documents: list[Document], inner: dict[str, Any], min_count: int
) -> list[dict[str, Any]]:
    groups: dict[int, list[Document]] = {}
    for document in documents:
        for value in values(document, name):
            groups.setdefault(int(comparable(name, value) // step), []).append(document)
    if not groups:
        return []
    numbers = range(min(groups), max(groups) + 1) if min_count == 0 else sorted(groups)
    buckets = []
    for number in numbers:
        members = groups.get(number, [])
        if len(members) >= min_count:
            key = number * step
            buckets.append(
                {"key": int(key) if isinstance(step, int) else key, "doc_count": len(members)}
                | aggregations(inner, members)
            )
    return buckets


def _range(options: dict[str, Any], documents: list[Document], inner: dict[str, Any]) -> dict[str, Any]:
    name = _field(options)
    buckets = []
    for limits in options.get("ranges") or ():
        low, high = limits.get("from"), limits.get("to")
        members = [
            document
            for document in documents
            if any(
                (low is None or comparable(name, value) >= low) and (high is None or comparable(name, value) < high)
                for value in values(document, name)
            )
        ]
        bucket: dict[str, Any] = {
            "key": limits.get("key") or f"{'*' if low is None else float(low)}-{'*' if high is None else float(high)}"
        }
        bucket |= ({"from": float(low)} if low is not None else {}) | ({"to": float(high)} if high is not None else {})
        buckets.append(bucket | {"doc_count": len(members)} | aggregations(inner, members))
    return {"buckets": buckets}


def _filter(options: dict[str, Any], documents: list[Document], inner: dict[str, Any]) -> dict[str, Any]:
    scorer = query(options, documents)
    members = [document for document in documents if scorer(document) is not None]
    return {"doc_count": len(members)} | aggregations(inner, members)


def _filters(options: dict[str, Any], documents: list[Document], inner: dict[str, Any]) -> dict[str, Any]:
    return {"buckets": {name: _filter(body, documents, inner) for name, body in (options.get("filters") or {}).items()}}


def _missing(options: dict[str, Any], documents: list[Document], inner: dict[str, Any]) -> dict[str, Any]:
    name = _field(options)
    members = [document for document in documents if not values(document, name)]
    return {"doc_count": len(members)} | aggregations(inner, members)


def _composite(options: dict[str, Any], documents: list[Document], inner: dict[str, Any]) -> dict[str, Any]:
    sources = {
        name: next(iter(body.items())) for source in options.get("sources") or () for name, body in source.items()
    }
    if not sources:
        raise illegal_argument("Composite [sources] cannot be null or empty")
    groups: dict[tuple[Any, ...], list[Document]] = {}
    for document in documents:
        for key in itertools.product(*(_source_keys(kind, body, document) for kind, body in sources.values())):
            groups.setdefault(key, []).append(document)
    after = options.get("after")
    start = tuple(after.get(name) for name in sources) if isinstance(after, dict) else None
    keys = sorted(key for key in groups if start is None or key > start)[: int(options.get("size", 10))]
    buckets = [
        {"key": dict(zip(sources, key, strict=True)), "doc_count": len(groups[key])} | aggregations(inner, groups[key])
        for key in keys
    ]
    return ({"after_key": buckets[-1]["key"]} if buckets else {}) | {"buckets": buckets}


def _source_keys(kind: str, options: dict[str, Any], document: Document) -> list[Any]:
    name = _field(options)
    if kind == "terms":
        return list(dict.fromkeys(values(document, name)))
    if kind == "date_histogram":
        step = _step_ms(options)
        return list(dict.fromkeys(int(comparable(name, value) // step) * step for value in values(document, name)))
    raise parsing_error(f"[sources] unknown field [{kind}]")


_BUCKETS: dict[str, Callable[[dict[str, Any], list[Document], dict[str, Any]], dict[str, Any]]] = {
    "terms": _terms,
    "date_histogram": _date_histogram,
    "histogram": _histogram,
    "range": _range,
    "filter": _filter,
    "filters": _filters,
    "missing": _missing,
    "composite": _composite,
}
