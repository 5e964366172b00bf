"""What is said about a cluster, its nodes and its indices: one row a thing, its properties as dotted columns.

Each function takes the document of an answer and gives the rows; the keys under which an answer has its things become
columns. https://www.elastic.co/guide/en/elasticsearch/reference/8.17/rest-apis.html
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

__all__ = ["ABOUT", "Rows"]

Document = Mapping[str, Any]


@dataclasses.dataclass(frozen=True)
class Rows:
    """How an answer becomes rows.

    Parameters
    ----------
    marks
        Keys of which one stands at the top of the answer, or in each thing at the top; none says nothing.
    rows
        The rows of a document.
    columns
        The columns that there are without any row, by their kind.
    what
        What is counted.
    numbers
        Whether numbers stand in the answer as text.
    note
        What the reader should know, or None.
    """

    marks: tuple[str, ...]
    rows: Callable[[Document], Iterable[Mapping[str, Any]]]
    columns: Mapping[str, str]
    what: str = "rows"
    numbers: bool = False
    note: Callable[[Document], str | None] = lambda document: None


def _things(document: Any, key: str) -> Iterator[tuple[str, Document]]:
    """The things of an object by their names."""
    inner = document.get(key) if isinstance(document, dict) else None
    for name, thing in inner.items() if isinstance(inner, dict) else ():
        yield name, thing if isinstance(thing, dict) else {"value": thing}


def _without(document: Document, *names: str) -> dict[str, Any]:
    return {name: value for name, value in document.items() if name not in names}


# ---- health and the cluster


def _health(document: Document) -> Iterator[Mapping[str, Any]]:
    """One row; with ``level=`` one an index, or one a shard."""
    if "indices" not in document:
        yield document
        return
    for index, about in _things(document, "indices"):
        if "shards" not in about:
            yield {"index": index, **about}
        for shard, state in _things(about, "shards"):
            yield {"index": index, "shard": int(shard) if shard.isdecimal() else shard, **state}


def _health_note(document: Document) -> str | None:
    if "indices" not in document:
        return None
    return f"the cluster {document.get('cluster_name')} is {document.get('status')}"


def _settings_of_cluster(document: Document) -> Iterator[Mapping[str, Any]]:
    for kind in ("persistent", "transient", "defaults"):
        found = document.get(kind)
        for setting, value in _leaves(found) if isinstance(found, dict) else ():
            yield {"setting": setting, "value": value, "kind": kind}


def _leaves(found: Document) -> Iterator[tuple[str, Any]]:
    stack: list[tuple[str, Any]] = [("", found)]
    while stack:
        path, value = stack.pop()
        if isinstance(value, dict) and value:
            stack.extend((f"{path}.{name}" if path else name, inner) for name, inner in reversed(value.items()))
        elif path:
            yield path, value


def _state(document: Document) -> Iterator[Mapping[str, Any]]:
    """Of a cluster's state the copies of its shards, else its indices, else its nodes; else all of it in one row."""
    part = _part_of_state(document)
    if part == "routing_table":
        for index, about in _things(document["routing_table"], "indices"):
            for copies in about.get("shards", {}).values():
                yield from ({"index": index, **copy} for copy in copies)
    elif part == "metadata":
        for index, about in _things(document["metadata"], "indices"):
            yield {"index": index, **about}
    elif part == "nodes":
        yield from ({"node": node, **about} for node, about in _things(document, "nodes"))
    else:
        yield document


def _part_of_state(document: Document) -> str | None:
    for part in ("routing_table", "metadata"):
        if isinstance(document.get(part), dict) and isinstance(document[part].get("indices"), dict):
            return part
    return "nodes" if isinstance(document.get("nodes"), dict) else None


def _state_note(document: Document) -> str | None:
    part = _part_of_state(document)
    told = (part, "cluster_name", "cluster_uuid", "version", "state_uuid", "master_node")
    others = [name for name, value in document.items() if name not in told and value]
    return f"the state has {', '.join(others)}, too: add one to the path" if part and others else None


# ---- nodes, tasks


def _nodes(document: Document) -> Iterator[Mapping[str, Any]]:
    yield from ({"node": node, **about} for node, about in _things(document, "nodes"))


def _tasks(document: Document) -> Iterator[Mapping[str, Any]]:
    """Tasks by node, by their parents, or in a list; one that is asked for by name."""
    if "nodes" in document:
        stack = [task for _, node in _things(document, "nodes") for _, task in _things(node, "tasks")]
    elif isinstance(found := document.get("tasks"), dict):
        stack = [task for _, task in _things(document, "tasks")]
    elif isinstance(found, list):
        stack = [task for task in found if isinstance(task, dict)]
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
    """One row a field, with its multi-fields; ``_type`` where mappings have types (version 6)."""
    for index, about in document.items():
        mappings = about.get("mappings") if isinstance(about, dict) else None
        if not isinstance(mappings, dict):
            continue
        for kind, mapping in _by_type(mappings):
            head = {"index": index} if kind is None else {"index": index, "_type": kind}
            if "full_name" in next(iter(mapping.values()), {}):  # of `_mapping/field/…`
                for name, field in mapping.items():
                    for told in field.get("mapping", {}).values():
                        yield {**head, "field": name, "type": None, **told}
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
        name, about = stack.pop()
        if not isinstance(about, dict):
            continue
        inner = [found for key in ("properties", "fields") if isinstance(found := about.get(key), dict)]
        told = _without(about, "properties", "fields")
        if name and (told or not any(inner)):
            yield {"field": prefix + name, "type": "object", **told}
        below = [(f"{name}.{key}" if name else key, value) for found in inner for key, value in found.items()]
        stack.extend(reversed(below))


def _mapping_note(document: Document) -> str | None:
    others: dict[str, None] = {}
    for about in document.values():
        for _, mapping in _by_type(about.get("mappings") or {}) if isinstance(about, dict) else ():
            if "full_name" not in next(iter(mapping.values()), {}):
                others |= dict.fromkeys(name for name in mapping if name not in ("properties", "runtime"))
    return f"the mappings have {', '.join(others)}, too, which -o json shows" if others else None


def _settings(document: Document) -> Iterator[Mapping[str, Any]]:
    for index, about in document.items():
        settings = about.get("settings") if isinstance(about, dict) else None
        if isinstance(settings, dict):  # one of them is called `index`, too
            others = dict(_leaves(_without(about, "settings")))
            yield {"index": index, **dict(_leaves(settings)), **others}


def _aliases(document: Document) -> Iterator[Mapping[str, Any]]:
    """One row an alias of an index; an index without any has one, too."""
    for index, about in document.items():
        found = list(_things(about, "aliases"))
        if not found:
            yield {"index": index, "alias": None}
        for alias, told in found:
            yield {"index": index, "alias": alias, **told}


def _stats(document: Document) -> Iterator[Mapping[str, Any]]:
    """One row an index; with ``level=shards`` one a copy of a shard; with ``level=cluster`` one of all."""
    indices = list(_things(document, "indices"))
    if not indices and isinstance(document.get("_all"), dict) and document["_all"].get("primaries"):
        yield {"index": "_all", **document["_all"]}
    for index, about in indices:
        if "shards" not in about:
            yield {"index": index, **about}
        for shard, copies in (about.get("shards") or {}).items():
            yield from ({"index": index, "shard": int(shard), **copy} for copy in copies)


def _field_caps(document: Document) -> Iterator[Mapping[str, Any]]:
    """One row a field and type."""
    for field, types in _things(document, "fields"):
        for kind, told in types.items():
            yield {"field": field, "type": kind, **_without(told, "type")}


def _search_shards(document: Document) -> Iterator[Mapping[str, Any]]:
    names = {node: about.get("name") for node, about in _things(document, "nodes")}
    for group in document.get("shards") or ():
        for copy in group:
            head = {"index": copy.get("index"), "shard": copy.get("shard"), "node_name": names.get(copy.get("node"))}
            yield {**head, **copy}


def _resolve(document: Document) -> Iterator[Mapping[str, Any]]:
    for key, kind in (("indices", "index"), ("aliases", "alias"), ("data_streams", "data_stream")):
        for found in document.get(key) or ():
            yield {"name": found.get("name"), "kind": kind, **found}


def _analyze(document: Document) -> Iterator[Mapping[str, Any]]:
    """One row a token; with ``explain`` one a token and step."""
    if isinstance(detail := document.get("detail"), dict):
        for step, found in detail.items():
            for part in found if isinstance(found, list) else [found]:
                if isinstance(part, dict):
                    yield from ({"step": step, "name": part.get("name"), **token} for token in part.get("tokens") or ())
        return
    yield from document.get("tokens") or ()


def _bulk(document: Document) -> Iterator[Mapping[str, Any]]:
    """One row an item."""
    for item in document.get("items") or ():
        yield from ({"action": action, **told} for action, told in item.items())


def _bulk_note(document: Document) -> str | None:
    items = list(_bulk(document))
    failed = sum(1 for item in items if item.get("error"))
    return f"{failed:,} of {len(items):,} failed" if failed else None


_INDEX = {"index": "text"}
_INDEXED = r"(?:/[^/]+)?"
ABOUT: Mapping[str, Rows] = {
    r"/_cluster/health(?:/[^/]+)?": Rows(
        ("cluster_name",), _health, {"index": "text", "status": "text"}, note=_health_note
    ),
    r"/_cluster/state(?:/.+)?": Rows(("cluster_name",), _state, _INDEX, note=_state_note),
    r"/_cluster/stats(?:/.+)?": Rows(("cluster_name",), lambda document: [document], {}),
    r"/_cluster/settings": Rows(
        ("persistent", "transient"),
        _settings_of_cluster,
        {"setting": "text", "value": "object", "kind": "text"},
        "settings",
    ),
    r"/_nodes(?:/.+)?": Rows(("nodes",), _nodes, {"node": "text", "name": "text"}, "nodes"),
    r"/_tasks(?:/[^/]+)?": Rows(
        ("nodes", "tasks", "task"), _tasks, {"node": "text", "id": "Int64", "action": "text"}, "tasks"
    ),
    _INDEXED + r"/_mappings?(?:/.+)?": Rows(
        ("mappings",), _mapping, {"index": "text", "field": "text", "type": "text"}, "fields", note=_mapping_note
    ),
    _INDEXED + r"/_settings(?:/.+)?": Rows(("settings", "defaults"), _settings, _INDEX, "indices", numbers=True),
    _INDEXED + r"/_alias(?:es)?(?:/.+)?": Rows(("aliases",), _aliases, {"index": "text", "alias": "text"}, "aliases"),
    _INDEXED + r"/_stats(?:/.+)?": Rows(("_all",), _stats, _INDEX, "indices"),
    _INDEXED + r"/_field_caps": Rows(("fields",), _field_caps, {"field": "text", "type": "text"}, "fields"),
    _INDEXED + r"/_search_shards": Rows(
        ("shards",), _search_shards, {"index": "text", "shard": "Int64", "node_name": "text"}, "shards"
    ),
    _INDEXED + r"/_analyze": Rows(
        ("tokens", "detail"),
        _analyze,
        {"token": "text", "start_offset": "Int64", "end_offset": "Int64", "type": "text", "position": "Int64"},
        "tokens",
    ),
    _INDEXED + r"/_bulk": Rows(
        ("items",),
        _bulk,
        {"action": "text", "_index": "text", "_id": "text", "status": "Int64"},
        "items",
        note=_bulk_note,
    ),
    r"/_resolve/index/[^/]+": Rows(
        ("indices", "aliases", "data_streams"), _resolve, {"name": "text", "kind": "text"}, "names"
    ),
}
"""The answers by their paths, as regular expressions."""
