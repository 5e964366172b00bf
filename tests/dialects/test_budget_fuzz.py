"""Any answer within a small budget: a frame of no more cells than that, or an error of ours, in every dialect."""

from __future__ import annotations

import json
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import given
from hypothesis.strategies import SearchStrategy

from kubeaccess_magic import dialects
from kubeaccess_magic.dialects import FrameBudget
from kubeaccess_magic.errors import KubeAccessError

from .answers import reply, request

MAX_CELLS, MAX_BYTES = 60, 400
ES = "kube-system/elasticsearch-logging"

KEYS = st.sampled_from(
    ["a", "b", "a.b", "name", "key", "value", "metadata", "spec", "time", "_id", "x" * 40]
) | st.text(max_size=6)
SCALARS = st.none() | st.booleans() | st.integers(-9, 2**40) | st.floats(allow_nan=False) | st.text(max_size=8)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4), max_leaves=12
)
OBJECTS = st.dictionaries(KEYS, VALUES, max_size=6)
ROWS = st.lists(OBJECTS, max_size=14)
TEXTS = st.dictionaries(KEYS, st.text(max_size=60), max_size=5)


def samples(metrics: list[dict[str, str]], count: int) -> dict[str, Any]:
    result = [{"metric": metric, "values": [[at, "1"] for at in range(count)]} for metric in metrics]
    return {"status": "success", "data": {"resultType": "matrix", "result": result}}


def hits(sources: list[Any]) -> dict[str, Any]:
    found = [{"_index": "i", "_id": str(at), "_source": source} for at, source in enumerate(sources)]
    return {"hits": {"total": {"value": len(found), "relation": "eq"}, "hits": found}}


def aggregations(inner: Any) -> dict[str, Any]:
    return {"hits": {"total": 0, "hits": []}, "aggregations": inner}


def table(names: list[str], rows: list[list[Any]]) -> dict[str, Any]:
    return {"columns": [{"name": name, "type": "keyword"} for name in names], "rows": rows}


def objects(kind: str, items: list[Any]) -> dict[str, Any]:
    return {"kind": f"{kind}List", "apiVersion": "v1", "metadata": {}, "items": items}


def exposition(families: list[tuple[str, dict[str, str], int]]) -> bytes:
    lines = []
    for at, (text, labels, count) in enumerate(families):
        names = ",".join(f"{json.dumps(name)}={json.dumps(value)}" for name, value in labels.items())
        lines += [f"# HELP m{at} {text!r}", f"# TYPE m{at} histogram"]
        lines += [f'm{at}_bucket{{le="{number}"{"," * bool(names)}{names}}} 1' for number in range(count)]
    return "\n".join([*lines, ""]).encode()


BUCKETS = st.recursive(
    st.dictionaries(KEYS, st.fixed_dictionaries({"value": SCALARS}), max_size=4),
    lambda inner: st.fixed_dictionaries(
        {"a": st.fixed_dictionaries({"buckets": st.lists(inner.map(lambda own: {"key": "k" * 30, **own}), max_size=6)})}
    ),
    max_leaves=8,
)
CELLS = st.lists(st.lists(SCALARS, max_size=9), max_size=14)
CASES: dict[str, tuple[SearchStrategy[Any], str, str, dict[str, Any], str]] = {
    "records": (ROWS | VALUES, "shop/web", "x", {}, "application/json"),
    "keyed": (OBJECTS, "shop/web", "x", {"rows": "*"}, "application/json"),
    "columns": (
        st.builds(lambda names, rows: {"columns": names, "rows": rows}, st.lists(KEYS, max_size=12), CELLS),
        *("shop/web", "x", {}, "application/json"),
    ),
    "ndjson": (
        ROWS.map(lambda rows: b"\n".join(json.dumps(row).encode() for row in rows)),
        *("shop/web", "x", {}, "application/x-ndjson"),
    ),
    "csv": (
        CELLS.map(lambda rows: "\n".join(",".join(map(json.dumps, row)) for row in rows).encode()),
        *("shop/web", "x", {}, "text/csv"),
    ),
    "prometheus": (
        st.builds(samples, st.lists(TEXTS, max_size=5), st.integers(0, 8)),
        *("shop/web", "api/v1/query_range", {}, "application/json"),
    ),
    "prometheus-wide": (
        st.builds(samples, st.lists(TEXTS, max_size=5), st.integers(0, 8)),
        *("shop/web", "api/v1/query_range", {"wide": True}, "application/json"),
    ),
    "series": (
        ROWS.map(lambda rows: {"status": "success", "data": rows}),
        *("shop/web", "api/v1/series", {}, "application/json"),
    ),
    "exposition": (
        st.lists(st.tuples(st.text(max_size=30), TEXTS, st.integers(0, 8)), max_size=4).map(exposition),
        *("shop/web", "metrics", {}, "text/plain; version=0.0.4"),
    ),
    "exposition-wide": (
        st.lists(st.tuples(st.text(max_size=30), TEXTS, st.integers(0, 8)), max_size=4).map(exposition),
        *("shop/web", "metrics", {"wide": True, "grouped": True}, "text/plain; version=0.0.4"),
    ),
    "hits": (ROWS.map(hits), ES, "_search", {}, "application/json"),
    "aggregations": (BUCKETS.map(aggregations), ES, "_search", {}, "application/json"),
    "cat": (ROWS, ES, "_cat/indices", {}, "application/json"),
    "cat-text": (
        CELLS.map(lambda rows: "\n".join(" ".join(map(str, row)) for row in rows).encode("utf-8", "replace")),
        *(ES, "_cat/indices?v", {}, "text/plain"),
    ),
    "sql": (st.builds(table, st.lists(KEYS, max_size=12), CELLS), ES, "_sql?query=x", {}, "application/json"),
    "settings": (
        OBJECTS.map(lambda inner: {"i": {"settings": inner}, "j": {"settings": inner}}),
        *(ES, "_settings", {}, "application/json"),
    ),
    "mapping": (
        OBJECTS.map(lambda inner: {"i" * 30: {"mappings": {"properties": inner}}}),
        *(ES, "_mapping", {}, "application/json"),
    ),
    "pods": (ROWS.map(lambda items: objects("Pod", items)), "/api/v1/pods", "", {}, "application/json"),
    "pods-wide": (
        ROWS.map(lambda items: objects("Pod", items)),
        *("/api/v1/pods", "", {"wide": True, "labels": "a,b"}, "application/json"),
    ),
    "widgets": (
        ROWS.map(lambda items: objects("Widget", items)),
        *("/apis/example.org/v1/widgets", "", {}, "application/json"),
    ),
    "summary": (
        ROWS.map(lambda pods: {"node": {"nodeName": "n" * 30}, "pods": pods}),
        *("node/n", "stats/summary", {}, "application/json"),
    ),
}


@pytest.mark.parametrize("name", CASES)
@given(data=st.data())
def test_a_frame_within_its_budget_or_an_error_of_ours(name: str, data: st.DataObject) -> None:
    strategy, target, path, options, content_type = CASES[name]
    answered = reply(data.draw(strategy), content_type, request(target, path or None))
    budget = FrameBudget(MAX_CELLS, MAX_BYTES)
    try:
        operation = dialects.operation_for(answered, dialects.match(answered.request))
        frame = dialects.read([answered], operation, None, options, budget).frame
    except KubeAccessError as error:
        assert str(error)
        return
    assert frame.size <= MAX_CELLS
