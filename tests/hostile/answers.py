"""Small answers whose frames are huge, or take very long to make: one per way to do that.

Each is some hundred kilobytes. `ANSWERS` has them by name; `tests/hostile/app.py` serves them under that name.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from typing import Any

__all__ = ["ANSWERS", "Answer"]

JSON = "application/json"
TEXT = "text/plain; version=0.0.4"
ROWS = 6_000


@dataclasses.dataclass(frozen=True)
class Answer:
    """What the app answers.

    Parameters
    ----------
    make
        Makes the body.
    content_type
        Its type.
    path
        Where the app answers so; any path if empty.
    options
        Options of the dialect that show it.
    body
        The body of the request, as JSON.
    target
        What is asked; "" is the app.
    """

    make: Callable[[], bytes]
    content_type: str = JSON
    path: str = ""
    options: dict[str, Any] = dataclasses.field(default_factory=dict)
    body: Any = None
    target: str = ""


def as_json(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


def own_keys(rows: int = ROWS, value: Any = 1) -> list[dict[str, Any]]:
    """Rows that each have a key of their own."""
    return [{f"key_{row}_{'x' * 50}": value} for row in range(rows)]


def beside(one: Any, many: Any, rows: int) -> list[Any]:
    """One large row beside many small ones."""
    return [one, *([many] * rows)]


def series(metric: dict[str, str], samples: int) -> dict[str, Any]:
    return {"metric": metric, "values": [[1_700_000_000 + at, "1"] for at in range(samples)]}


def prometheus(result: list[Any], kind: str = "matrix") -> bytes:
    return as_json({"status": "success", "data": {"resultType": kind, "result": result}})


def vector(metrics: list[dict[str, str]]) -> bytes:
    return prometheus([{"metric": metric, "value": [1_700_000_000, "1"]} for metric in metrics], "vector")


def hits(sources: list[Any]) -> bytes:
    found = [{"_index": "a", "_id": str(at), "_score": 1, "_source": source} for at, source in enumerate(sources)]
    return as_json({"hits": {"total": {"value": len(found), "relation": "eq"}, "hits": found}})


def kubernetes(kind: str, items: list[Any], version: str = "v1") -> bytes:
    return as_json({"kind": kind, "apiVersion": version, "metadata": {"resourceVersion": "1"}, "items": items})


def buckets(outer: Any, inner: int, cells: int = 0) -> bytes:
    """Buckets in one bucket, which has a key and values of its own."""
    within = [{"key": at, "doc_count": 1} for at in range(inner)]
    values = {f"v{at}": {"value": at} for at in range(cells)}
    return as_json(
        {
            "hits": {"total": 0, "hits": []},
            "aggregations": {"a": {"buckets": [{"key": outer, "doc_count": 1, "b": {"buckets": within}, **values}]}},
        }
    )


def nested(depth: int) -> dict[str, Any]:
    value: dict[str, Any] = {"a": 1}
    for _ in range(depth):
        value = {"a": value}
    return value


def spellings(dots: int) -> dict[str, Any]:
    """One dotted path, ``a.a.a…``, written in every way in which keys with dots lead there."""
    if not dots:
        return {"a": 1}
    result: dict[str, Any] = {".".join("a" * (dots + 1)): 1}
    for at in range(dots):
        result[".".join("a" * (at + 1))] = spellings(dots - at - 1)
    return result


def exposition(lines: list[str]) -> bytes:
    return "\n".join([*lines, ""]).encode()


CSV = "text/csv"
ES = "kube-system/elasticsearch-logging"
SEARCH: dict[str, Any] = {"target": ES, "path": "_search"}
QUERY: dict[str, Any] = {"path": "api/v1/query"}
LONG = "x" * 300_000
OPEN = "[" * 200_000

ANSWERS: dict[str, Answer] = {
    # rows that each have a key of their own
    "json": Answer(lambda: as_json(own_keys())),
    "json-text": Answer(lambda: as_json(own_keys(value="a"))),
    "json-few": Answer(lambda: as_json(own_keys(4_000))),
    "json-many": Answer(lambda: as_json(own_keys(60_000))),
    "json-twice": Answer(lambda: b'[{"a":1,"a":2},' + as_json(own_keys())[1:]),
    "json-in-objects": Answer(lambda: as_json([{"a": row} for row in own_keys()])),
    "json-wide-and-short": Answer(
        lambda: as_json(beside({f"k{at}": 1 for at in range(30_000)}, {}, 60_000)),
    ),
    "json-keyed": Answer(lambda: as_json({f"r{at}": row for at, row in enumerate(own_keys())}), options={"rows": "*"}),
    "json-keys-of-rows": Answer(
        lambda: as_json(
            {"x": {"_" * n: 1 for n in range(1)} | {"key" + "_" * n: 1 for n in range(900)}}
            | {f"r{at}": {} for at in range(40_000)}
        ),
        options={"rows": "*"},
    ),
    "json-deep": Answer(lambda: as_json(beside(nested(400), {}, 100_000))),
    "json-lists-beside": Answer(
        lambda: (
            b'{"b":1,"b":2,"data":'
            + as_json([{"a": 1}] * 20_000)
            + b","
            + b",".join(b'"l%d":[{}]' % at for at in range(20_000))
            + b"}"
        )
    ),
    "ndjson": Answer(lambda: b"\n".join(map(as_json, own_keys())), "application/x-ndjson"),
    "columns-and-rows": Answer(
        lambda: as_json({"columns": [f"c{at}" for at in range(20_000)], "rows": [[1]] * 60_000})
    ),
    "lists": Answer(lambda: as_json(beside(list(range(30_000)), [1], 60_000))),
    # names
    "csv-wide": Answer(lambda: (",".join(f"c{at}" for at in range(20_000)) + "\n" + "1\n" * 60_000).encode(), CSV),
    "csv-equal-names": Answer(lambda: (",".join(["a"] * 20_000) + "\n" + ",".join(["1"] * 20_000)).encode(), CSV),
    "equal-keys": Answer(lambda: b"[{" + b",".join([b'"a":1'] * 40_000) + b"}]"),
    "equal-columns": Answer(lambda: as_json({"columns": ["a"] * 40_000, "rows": [[1] * 40_000]})),
    "spellings": Answer(lambda: as_json([spellings(14)])),
    "long-parent-key": Answer(lambda: as_json([{LONG: {f"k{at}": 1 for at in range(30_000)}}])),
    # Prometheus
    "labels": Answer(lambda: vector(own_keys(value="a")), **QUERY),
    "long-label": Answer(lambda: prometheus([series({"a": LONG}, 20_000)]), **QUERY),
    "long-label-categories": Answer(
        lambda: prometheus([series({"a": LONG}, 20_000)]), **QUERY, options={"categories": True}
    ),
    "wide": Answer(
        lambda: prometheus([{"metric": {"a": f"{at}"}, "values": [[at, "1"]]} for at in range(8_000)]),
        **QUERY,
        options={"wide": True},
    ),
    "series": Answer(lambda: as_json({"status": "success", "data": own_keys(value="a")}), path="api/v1/series"),
    "metadata": Answer(
        lambda: as_json({"status": "success", "data": {LONG: [{"type": "gauge"}] * 20_000}}), path="api/v1/metadata"
    ),
    "rules": Answer(
        lambda: as_json({"status": "success", "data": {"groups": [{"name": LONG, "rules": [{}] * 60_000}]}}),
        path="api/v1/rules",
    ),
    # expositions
    "help": Answer(
        lambda: exposition(["# TYPE a gauge", f"# HELP a {LONG}", *("a 1",) * 60_000]), TEXT, path="metrics"
    ),
    "exposition-wide": Answer(
        lambda: exposition([f'a{{key_{at}="1"}} 1' for at in range(8_000)]), TEXT, "metrics", {"wide": True}
    ),
    "exposition-wide-quoted": Answer(
        lambda: exposition([f'{{"a.b","key.{at}"="1"}} 1' for at in range(8_000)]), TEXT, "metrics", {"wide": True}
    ),
    "exposition-many-labels": Answer(
        lambda: exposition(["a{" + ",".join(f'"l.{at}"="1"' for at in range(30_000)) + "} 1"]), TEXT, path="metrics"
    ),
    "exposition-grouped": Answer(
        lambda: exposition(["# TYPE a histogram", *(f'a_bucket{{x="{"y" * 20}",le="{at}"}} 1' for at in range(9_000))]),
        TEXT,
        "metrics",
        {"grouped": True, "wide": True},
    ),
    "exposition-blank": Answer(lambda: b"\n" * 4_000 + b"!", "text/plain", path="metrics"),
    # Elasticsearch
    "hits": Answer(lambda: hits(own_keys()), **SEARCH),
    "hits-deep": Answer(lambda: hits(beside(nested(300), {}, 30_000)), **SEARCH),
    "long-bucket-key": Answer(lambda: buckets(LONG, 20_000), **SEARCH),
    "wide-bucket": Answer(lambda: buckets("a", 12_000, 12_000), **SEARCH),
    "own-values": Answer(
        lambda: as_json(
            {
                "hits": {"total": 0, "hits": []},
                "aggregations": {"a": {"buckets": [{"key": at, f"v{at}": {"value": 1}} for at in range(ROWS)]}},
            }
        ),
        **SEARCH,
    ),
    "intervals": Answer(
        lambda: as_json(
            {
                "hits": {"total": 0, "hits": []},
                "aggregations": {
                    "a": {"buckets": [{"key": at, "b": {"interval": f"{at}d", "buckets": []}} for at in range(20_000)]}
                },
            }
        ),
        **SEARCH,
    ),
    "texts-of-buckets": Answer(
        lambda: as_json(
            {
                "hits": {"total": 0, "hits": []},
                "aggregations": {f"v{at}": {"value": at, "value_as_string": f"<{at}>"} for at in range(8_000)},
            }
        ),
        **SEARCH,
    ),
    "msearch": Answer(lambda: as_json({"responses": [json.loads(hits(own_keys()))]}), target=ES, path="_msearch"),
    "settings": Answer(
        lambda: as_json({f"i{at}": {"settings": row} for at, row in enumerate(own_keys())}), target=ES, path="_settings"
    ),
    "setting-names": Answer(
        lambda: as_json({"i": {"settings": {LONG: {f"k{at}": 1 for at in range(20_000)}}}}), target=ES, path="_settings"
    ),
    "mapping": Answer(
        lambda: as_json({LONG: {"mappings": {"properties": {f"f{at}": {"type": "long"} for at in range(20_000)}}}}),
        target=ES,
        path="_mapping",
    ),
    "cat": Answer(lambda: as_json(own_keys()), target=ES, path="_cat/indices"),
    "cat-text": Answer(
        lambda: ("index health\n" + "a " * 100_000 + "\n" + "a b\n" * 60_000).encode(),
        "text/plain",
        target=ES,
        path="_cat/indices?v",
    ),
    "cat-heads": Answer(
        lambda: ("a " * 60_000 + "\n" + "1 " * 60_000 + "\n").encode(), "text/plain", target=ES, path="_cat/indices?v"
    ),
    "sql": Answer(
        lambda: as_json(
            {"columns": [{"name": f"c{at}", "type": "long"} for at in range(9_000)], "rows": [[]] * 60_000}
        ),
        target=ES,
        path="_sql?query=x",
    ),
    # Kubernetes
    "custom-resources": Answer(
        lambda: kubernetes("WidgetList", [{"spec": row} for row in own_keys()], "example.org/v1"),
        target="/apis/example.org/v1/widgets",
    ),
    "pods-wide": Answer(lambda: kubernetes("PodList", own_keys()), target="/api/v1/pods", options={"wide": True}),
    "quota": Answer(
        lambda: kubernetes(
            "ResourceQuotaList",
            [
                {
                    "metadata": {"name": LONG},
                    "spec": {"hard": {f"r{at}": "1" for at in range(20_000)}},
                    **{f"k{at}": 1 for at in range(20_000)},
                }
            ],
        ),
        target="/api/v1/resourcequotas",
    ),
    "table": Answer(
        lambda: as_json(
            {
                "kind": "Table",
                "apiVersion": "meta.k8s.io/v1",
                "metadata": {},
                "columnDefinitions": [{"name": "a"}] * 20_000,
                "rows": [{"cells": [1] * 20_000}] * 4,
            }
        ),
        target="/api/v1/pods",
    ),
    "summary": Answer(
        lambda: as_json(
            {
                "node": {"nodeName": LONG},
                "pods": [{"podRef": {"name": "a"}, "containers": [{"name": "c"}] * 20_000}],
            }
        ),
        target="/api/v1/nodes/a/proxy/stats/summary",
    ),
    # headers and nesting
    "brackets": Answer(lambda: OPEN.encode()),
}
