"""Cluster, nodes, indices, tasks …: what Elasticsearch says about its resources, as rows.

Each function takes the JSON of an answer and yields one row per resource. If an answer has resources by name, the
names become a column. https://www.elastic.co/guide/en/elasticsearch/reference/8.17/rest-apis.html
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

__all__ = ["RESOURCE_APIS", "ResourceApi"]

Document = Mapping[str, Any]


@dataclasses.dataclass(frozen=True)
class ResourceApi:
    """A rule that turns the answers of one API into rows.

    Parameters
    ----------
    marks
        Keys of which one stands at the top level of an answer, or in each object at the top level.
    rows
        Yields the rows of an answer.
    columns
        The columns of a frame without rows, and their kinds.
    unit
        What the rows are, in the plural.
    has_text_numbers
        Whether numbers stand in the answer as text.
    note
        Says what the reader of the frame should know, or None.
    """

    marks: tuple[str, ...]
    rows: Callable[[Document], Iterable[Mapping[str, Any]]]
    columns: Mapping[str, str]
    unit: str = "rows"
    has_text_numbers: bool = False
    note: Callable[[Document], str | None] = lambda document: None


def _named(document: Any, key: str) -> Iterator[tuple[str, Document]]:
    """Yield the objects under a key with their names."""
    inner = document.get(key) if isinstance(document, dict) else None
    for name, value in inner.items() if isinstance(inner, dict) else ():
        yield name, value if isinstance(value, dict) else {"value": value}


def _without(document: Document, *names: str) -> dict[str, Any]:
    return {name: value for name, value in document.items() if name not in names}


# ---- health and the cluster


def _health(document: Document) -> Iterator[Mapping[str, Any]]:
    """Yield one row; with ``level=`` one per index, or one per shard."""
    if "indices" not in document:
        yield document
        return
    for index, properties in _named(document, "indices"):
        if "shards" not in properties:
            yield {"index": index, **properties}
        for shard, state in _named(properties, "shards"):
            yield {"index": index, "shard": int(shard) if shard.isdecimal() else shard, **state}


def _health_note(document: Document) -> str | None:
    if "indices" not in document:
        return None
    return f"the cluster {document.get('cluster_name')} is {document.get('status')}"


def _settings_of_cluster(document: Document) -> Iterator[Mapping[str, Any]]:
    for kind in ("persistent", "transient", "defaults"):
        settings = document.get(kind)
        for setting, value in _leaves(settings) if isinstance(settings, dict) else ():
            yield {"setting": setting, "value": value, "kind": kind}


def _leaves(settings: Document) -> Iterator[tuple[str, Any]]:
    """Yield nested settings by their dotted names."""
    stack: list[tuple[str, Any]] = [("", settings)]
    while stack:
        path, value = stack.pop()
        if isinstance(value, dict) and value:
            stack.extend((f"{path}.{name}" if path else name, inner) for name, inner in reversed(value.items()))
        elif path:
            yield path, value


def _state(document: Document) -> Iterator[Mapping[str, Any]]:
    """Yield the copies of shards in a cluster state; else its indices; else its nodes; else all of it as one row."""
    part = _part_of_state(document)
    if part == "routing_table":
        for index, properties in _named(document["routing_table"], "indices"):
            for copies in properties.get("shards", {}).values():
                yield from ({"index": index, **copy} for copy in copies)
    elif part == "metadata":
        for index, properties in _named(document["metadata"], "indices"):
            yield {"index": index, **properties}
    elif part == "nodes":
        yield from ({"node": node, **properties} for node, properties in _named(document, "nodes"))
    else:
        yield document


def _part_of_state(document: Document) -> str | None:
    for part in ("routing_table", "metadata"):
        if isinstance(document.get(part), dict) and isinstance(document[part].get("indices"), dict):
            return part
    return "nodes" if isinstance(document.get("nodes"), dict) else None


def _state_note(document: Document) -> str | None:
    part = _part_of_state(document)
    shown = (part, "cluster_name", "cluster_uuid", "version", "state_uuid", "master_node")
    others = [name for name, value in document.items() if name not in shown and value]
    return f"the state has {', '.join(others)}, too: add one to the path" if part and others else None


# ---- nodes, tasks


def _nodes(document: Document) -> Iterator[Mapping[str, Any]]:
    yield from ({"node": node, **properties} for node, properties in _named(document, "nodes"))


def _tasks(document: Document) -> Iterator[Mapping[str, Any]]:
    """Yield tasks that are grouped by node or by parent, or listed; or the one that the path names."""
    if "nodes" in document:
        stack = [task for _, node in _named(document, "nodes") for _, task in _named(node, "tasks")]
    elif isinstance(tasks := document.get("tasks"), dict):
        stack = [task for _, task in _named(document, "tasks")]
    elif isinstance(tasks, list):
        stack = [task for task in tasks if isinstance(task, dict)]
    else:
        yield {**_without(document, "task"), **dict(document.get("task") or {})}
        return
    stack.reverse()
    while stack:
        task = stack.pop()
        yield _without(task, "children")
        stack.extend(child for child in reversed(task.get("children") or ()) if isinstance(child, dict))


# ---- indices


def _mapping(document: Document) -> Iterator[Mapping[str, Any]]:
    """Yield one row per field and multi-field, with ``_type`` if mappings have types (version 6)."""
    for index, properties in document.items():
        mappings = properties.get("mappings") if isinstance(properties, dict) else None
        if not isinstance(mappings, dict):
            continue
        for kind, mapping in _by_type(mappings):
            head = {"index": index} if kind is None else {"index": index, "_type": kind}
            if "full_name" in next(iter(mapping.values()), {}):  # of `_mapping/field/…`
                for name, field in mapping.items():
                    for definition in field.get("mapping", {}).values():
                        yield {**head, "field": name, "type": None, **definition}
                continue
            for source, is_runtime in (("properties", False), ("runtime", True)):
                for row in _fields(mapping.get(source), ""):
                    yield {**head, **row, **({"is_runtime": True} if is_runtime else {})}


def _by_type(mappings: Document) -> Iterator[tuple[str | None, Document]]:
    known = ("properties", "dynamic", "runtime", "_source", "_meta", "dynamic_templates", "_routing", "date_detection")
    values = list(mappings.values())
    if (
        values
        and not any(name in mappings for name in known)
        and all(isinstance(value, dict) and "full_name" not in value for value in values)
    ):
        yield from mappings.items()
    else:
        yield None, mappings


def _fields(properties: Any, prefix: str) -> Iterator[dict[str, Any]]:
    stack: list[tuple[str, Any]] = [("", {"properties": properties})]
    while stack:
        name, definition = stack.pop()
        if not isinstance(definition, dict):
            continue
        inner = [fields for key in ("properties", "fields") if isinstance(fields := definition.get(key), dict)]
        own = _without(definition, "properties", "fields")
        if name and (own or not any(inner)):
            yield {"field": prefix + name, "type": "object", **own}
        below = [(f"{name}.{key}" if name else key, value) for fields in inner for key, value in fields.items()]
        stack.extend(reversed(below))


def _mapping_note(document: Document) -> str | None:
    others: dict[str, None] = {}
    for properties in document.values():
        for _, mapping in _by_type(properties.get("mappings") or {}) if isinstance(properties, dict) else ():
            if "full_name" not in next(iter(mapping.values()), {}):
                others |= dict.fromkeys(name for name in mapping if name not in ("properties", "runtime"))
    return f"the mappings have {', '.join(others)}, too, which -o json shows" if others else None


def _settings(document: Document) -> Iterator[Mapping[str, Any]]:
    for index, properties in document.items():
        settings = properties.get("settings") if isinstance(properties, dict) else None
        if isinstance(settings, dict):  # one of them is called `index`, too
            others = dict(_leaves(_without(properties, "settings")))
            yield {"index": index, **dict(_leaves(settings)), **others}


def _aliases(document: Document) -> Iterator[Mapping[str, Any]]:
    """Yield one row per alias of an index; an index without aliases has one row, too."""
    for index, properties in document.items():
        aliases = list(_named(properties, "aliases"))
        if not aliases:
            yield {"index": index, "alias": None}
        for alias, definition in aliases:
            yield {"index": index, "alias": alias, **definition}


def _stats(document: Document) -> Iterator[Mapping[str, Any]]:
    """Yield one row per index; with ``level=shards`` one per copy of a shard; with ``level=cluster`` one in all."""
    indices = list(_named(document, "indices"))
    if not indices and isinstance(document.get("_all"), dict) and document["_all"].get("primaries"):
        yield {"index": "_all", **document["_all"]}
    for index, properties in indices:
        if "shards" not in properties:
            yield {"index": index, **properties}
        for shard, copies in (properties.get("shards") or {}).items():
            yield from ({"index": index, "shard": int(shard), **copy} for copy in copies)


def _field_caps(document: Document) -> Iterator[Mapping[str, Any]]:
    """Yield one row per field and type."""
    for field, types in _named(document, "fields"):
        for kind, capabilities in types.items():
            yield {"field": field, "type": kind, **_without(capabilities, "type")}


def _search_shards(document: Document) -> Iterator[Mapping[str, Any]]:
    names = {node: properties.get("name") for node, properties in _named(document, "nodes")}
    for group in document.get("shards") or ():
        for copy in group:
            head = {"index": copy.get("index"), "shard": copy.get("shard"), "node_name": names.get(copy.get("node"))}
            yield {**head, **copy}


def _resolve(document: Document) -> Iterator[Mapping[str, Any]]:
    for key, kind in (("indices", "index"), ("aliases", "alias"), ("data_streams", "data_stream")):
        for resource in document.get(key) or ():
            yield {"name": resource.get("name"), "kind": kind, **resource}


def _analyze(document: Document) -> Iterator[Mapping[str, Any]]:
    """Yield one row per token; with ``explain`` one per token and step."""
    if isinstance(detail := document.get("detail"), dict):
        for step, parts in detail.items():
            for part in parts if isinstance(parts, list) else [parts]:
                if isinstance(part, dict):
                    yield from ({"step": step, "name": part.get("name"), **token} for token in part.get("tokens") or ())
        return
    yield from document.get("tokens") or ()


def _bulk(document: Document) -> Iterator[Mapping[str, Any]]:
    """Yield one row per item."""
    for item in document.get("items") or ():
        yield from ({"action": action, **result} for action, result in item.items())


def _bulk_note(document: Document) -> str | None:
    items = list(_bulk(document))
    failed = sum(1 for item in items if item.get("error"))
    return f"{failed:,} of {len(items):,} failed" if failed else None


_INDEX = {"index": "text"}
_INDEXED = r"(?:/[^/]+)?"
RESOURCE_APIS: Mapping[str, ResourceApi] = {
    r"/_cluster/health(?:/[^/]+)?": ResourceApi(
        ("cluster_name",), _health, {"index": "text", "status": "text"}, note=_health_note
    ),
    r"/_cluster/state(?:/.+)?": ResourceApi(("cluster_name",), _state, _INDEX, note=_state_note),
    r"/_cluster/stats(?:/.+)?": ResourceApi(("cluster_name",), lambda document: [document], {}),
    r"/_cluster/settings": ResourceApi(
        ("persistent", "transient"),
        _settings_of_cluster,
        {"setting": "text", "value": "object", "kind": "text"},
        "settings",
    ),
    r"/_nodes(?:/.+)?": ResourceApi(("nodes",), _nodes, {"node": "text", "name": "text"}, "nodes"),
    r"/_tasks(?:/[^/]+)?": ResourceApi(
        ("nodes", "tasks", "task"), _tasks, {"node": "text", "id": "Int64", "action": "text"}, "tasks"
    ),
    _INDEXED + r"/_mappings?(?:/.+)?": ResourceApi(
        ("mappings",), _mapping, {"index": "text", "field": "text", "type": "text"}, "fields", note=_mapping_note
    ),
    _INDEXED + r"/_settings(?:/.+)?": ResourceApi(
        ("settings", "defaults"), _settings, _INDEX, "indices", has_text_numbers=True
    ),
    _INDEXED + r"/_alias(?:es)?(?:/.+)?": ResourceApi(
        ("aliases",), _aliases, {"index": "text", "alias": "text"}, "aliases"
    ),
    _INDEXED + r"/_stats(?:/.+)?": ResourceApi(("_all",), _stats, _INDEX, "indices"),
    _INDEXED + r"/_field_caps": ResourceApi(("fields",), _field_caps, {"field": "text", "type": "text"}, "fields"),
    _INDEXED + r"/_search_shards": ResourceApi(
        ("shards",), _search_shards, {"index": "text", "shard": "Int64", "node_name": "text"}, "shards"
    ),
    _INDEXED + r"/_analyze": ResourceApi(
        ("tokens", "detail"),
        _analyze,
        {"token": "text", "start_offset": "Int64", "end_offset": "Int64", "type": "text", "position": "Int64"},
        "tokens",
    ),
    _INDEXED + r"/_bulk": ResourceApi(
        ("items",),
        _bulk,
        {"action": "text", "_index": "text", "_id": "text", "status": "Int64"},
        "items",
        note=_bulk_note,
    ),
    r"/_resolve/index/[^/]+": ResourceApi(
        ("indices", "aliases", "data_streams"), _resolve, {"name": "text", "kind": "text"}, "names"
    ),
}
"""The APIs by their paths, as regular expressions."""
