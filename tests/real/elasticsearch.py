"""An app that answers as Elasticsearch does, as far as the documentation page's two examples and their like go."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from .backend import Answer, Asked

HEALTH = {  # exactly what the page shows
    "cluster_name": "kubernetes_logging",
    "status": "yellow",
    "timed_out": False,
    "number_of_nodes": 1,
    "number_of_data_nodes": 1,
    "active_primary_shards": 5,
    "active_shards": 5,
    "relocating_shards": 0,
    "initializing_shards": 0,
    "unassigned_shards": 5,
}
DOCUMENTS = [
    {
        "user": ("kimchy", "elkbee", "käthe")[n % 3],
        "message": f"message {n}",
        "level": ("info", "warning", "error", None)[n % 4],
        "took_ms": n * 7,
        "@timestamp": f"2026-01-{1 + n % 28:02d}T12:00:00Z",
        "kubernetes": {"pod": f"web-{n % 2}", "namespace": "shop"},
    }
    for n in range(120)
]


def answer(asked: Asked) -> Answer:
    """`_search` and `_count`, in one index or all, by `q=field:value` or a body with a term or match query; health."""
    words = asked.path.strip("/").split("/")
    if asked.path == "/_cluster/health":
        return told(asked, 200, HEALTH)
    if words[-1] not in ("_search", "_count"):
        reason = {"type": "index_not_found_exception", "reason": f"no such index [{words[0]}]", "index": words[0]}
        return told(asked, 404, {"error": {"root_cause": [reason], **reason}, "status": 404})
    try:
        body = json.loads(asked.body) if asked.body else {}
        found = matching(asked.query, body)
    except ValueError as error:
        reason = {"type": "parsing_exception", "reason": str(error)}
        return told(asked, 400, {"error": {"root_cause": [reason], **reason}, "status": 400})
    shards = {"total": 5, "successful": 5, "skipped": 0, "failed": 0}
    if words[-1] == "_count":
        return told(asked, 200, {"count": len(found), "_shards": shards})
    first, size = (int(asked.query.get(name, body.get(name, usual))) for name, usual in (("from", 0), ("size", 10)))
    hits = {"total": {"value": len(found), "relation": "eq"}, "max_score": 1.0, "hits": found[first : first + size]}
    return told(asked, 200, {"took": 3, "timed_out": False, "_shards": shards, "hits": hits})


def matching(query: Mapping[str, str], body: Mapping[str, Any]) -> list[dict[str, Any]]:
    field, value = None, None
    if "q" in query:
        field, _, value = query["q"].partition(":")
    elif asked := {**body.get("query", {})}:
        kind, fields = asked.popitem()
        if kind not in ("term", "match", "match_all"):
            raise ValueError(f"unknown query [{kind}]")
        if kind != "match_all":
            field, value = next(iter(fields.items()))
    return [
        {"_index": "logs-2026.01", "_id": f"{n:04d}", "_score": 1.0, "_source": document}
        for n, document in enumerate(DOCUMENTS)
        if field is None or document.get(field) == value
    ]


def told(asked: Asked, status: int, value: Any) -> Answer:
    pretty = asked.query.get("pretty", "false") in ("", "true")
    separators = (",", " : " if pretty else ":")
    text = json.dumps(value, ensure_ascii=False, indent=2 if pretty else None, separators=separators)
    return Answer(status, "application/json; charset=UTF-8", text.encode())
