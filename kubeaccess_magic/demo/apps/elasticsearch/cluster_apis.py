"""What is said about the cluster, its node and its indices."""

from __future__ import annotations

import fnmatch
from typing import Any, Final

from .log_documents import MAPPING, Snapshot, field_type
from .node_names import ADDRESS, ALIAS, BYTES_PER_DOCUMENT, CLUSTER, CLUSTER_UUID, NODE, NODE_ID, VERSION, index_uuid

Answer = dict[str, Any]
HEALTH: Final = {
    "cluster_name": CLUSTER,
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
"""As the documentation page prints it."""


def root() -> Answer:
    """The front page."""
    version = {"number": VERSION, "build_flavor": "default", "build_type": "docker", "build_snapshot": False}
    compatible = {"minimum_wire_compatibility_version": "6.8.0", "minimum_index_compatibility_version": "6.0.0-beta1"}
    return {
        "name": NODE,
        "cluster_name": CLUSTER,
        "cluster_uuid": CLUSTER_UUID,
        "version": version | {"lucene_version": "8.11.3"} | compatible,
        "tagline": "You Know, for Search",
    }


def health(found: Snapshot) -> Answer:
    """How the shards of some indices are."""
    count = len(found.indices)
    return HEALTH | {"active_primary_shards": count, "active_shards": count, "unassigned_shards": count}


def cluster_stats(found: Snapshot, now: int) -> Answer:
    """`_cluster/stats`."""
    count, size = len(found.indices), len(found.documents) * BYTES_PER_DOCUMENT
    return {
        "_nodes": {"total": 1, "successful": 1, "failed": 0},
        "cluster_name": CLUSTER,
        "cluster_uuid": CLUSTER_UUID,
        "timestamp": now * 1000,
        "status": "yellow",
        "indices": {
            "count": count,
            "shards": {"total": count, "primaries": count, "replication": 0.0},
            "docs": {"count": len(found.documents), "deleted": 0},
            "store": {"size_in_bytes": size, "reserved_in_bytes": 0},
            "segments": {"count": sum(1 for one in found.counts.values() if one)},
        },
        "nodes": {
            "count": {"total": 1, "data": 1, "ingest": 1, "master": 1, "coordinating_only": 0},
            "versions": [VERSION],
        },
    }


def nodes(now: int, started: int, with_stats: bool) -> Answer:
    """`_nodes`, and `_nodes/stats`."""
    node: Answer = {"name": NODE, "transport_address": f"{ADDRESS}:9300", "host": ADDRESS, "ip": ADDRESS}
    node |= {"roles": ["data", "ingest", "master"]}
    if with_stats:
        node["timestamp"] = now * 1000
        node |= {"jvm": {"uptime_in_millis": (now - started) * 1000, "mem": {"heap_used_percent": 41}}}
        node |= {"os": {"cpu": {"percent": 3, "load_average": {"1m": 0.21, "5m": 0.3, "15m": 0.28}}}}
    else:
        node |= {"version": VERSION, "build_flavor": "default", "build_type": "docker"}
        node |= {"http": {"publish_address": f"{ADDRESS}:9200"}}
    head = {"_nodes": {"total": 1, "successful": 1, "failed": 0}, "cluster_name": CLUSTER}
    return head | {"nodes": {NODE_ID: node}}


def stats(found: Snapshot) -> Answer:
    """`_stats`."""
    count = len(found.indices)
    shards = {"total": 2 * count, "successful": count, "failed": 0}
    whole = _primaries(len(found.documents))
    indices = {
        name: {"uuid": index_uuid(name), "primaries": _primaries(number), "total": _primaries(number)}
        for name, number in found.counts.items()
    }
    return {"_shards": shards, "_all": {"primaries": whole, "total": whole}, "indices": indices}


def indices(found: Snapshot) -> Answer:
    """What each index is: aliases, mappings, settings."""
    known, own = aliases(found), settings(found)
    return {name: known[name] | {"mappings": {"properties": MAPPING}} | own[name] for name in found.names}


def aliases(found: Snapshot) -> Answer:
    """`_aliases`: the newest index is the one that is written to."""
    return {
        one.name: {"aliases": {} if one.hidden else {ALIAS: {"is_write_index": one.newest}}} for one in found.indices
    }


def mappings(found: Snapshot) -> Answer:
    """`_mapping`."""
    return {name: {"mappings": {"properties": MAPPING}} for name in found.names}


def field_mappings(found: Snapshot, patterns: list[str], known: list[str]) -> Answer:
    """`_mapping/field/…`."""
    wanted = [name for name in known if any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns)]
    fields = {}
    for name in wanted:
        below: Any = {"properties": MAPPING}
        for step in name.split("."):
            below = (below.get("properties") or below.get("fields") or {})[step]
        fields[name] = {"full_name": name, "mapping": {name.rsplit(".", 1)[-1]: below}}
    return {name: {"mappings": fields} for name in found.names}


def field_capabilities(found: Snapshot, patterns: list[str], known: list[str]) -> Answer:
    """`_field_caps`."""
    fields: Answer = {}
    for name in known:
        if any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns):
            kind = str(field_type(name))
            one = {"type": kind, "metadata_field": False, "searchable": True, "aggregatable": kind != "text"}
            fields[name] = {kind: one}
    return {"indices": found.names, "fields": fields}


def settings(found: Snapshot) -> Answer:
    """`_settings`."""
    out = {}
    for one in found.indices:
        index = {
            "creation_date": str(one.created_s * 1000),
            "number_of_shards": "1",
            "number_of_replicas": "1",
            "uuid": index_uuid(one.name),
            "version": {"created": "7172899"},
            "provided_name": one.name,
            "blocks": {"read_only": "true"},
        }
        if one.hidden:
            index["hidden"] = "true"
        out[one.name] = {"settings": {"index": index}}
    return out


def templates() -> Answer:
    """`_template`."""
    settings = {"index": {"number_of_shards": "1", "number_of_replicas": "1"}}
    template = {"order": 0, "version": 1, "index_patterns": [f"{ALIAS}-*"], "settings": settings}
    return {ALIAS: template | {"mappings": {"properties": MAPPING}, "aliases": {}}}


def shards(found: Snapshot) -> Answer:
    """The `_shards` of a search over some indices."""
    return {"total": len(found.indices), "successful": len(found.indices), "skipped": 0, "failed": 0}


def _primaries(count: int) -> Answer:
    return {"docs": {"count": count, "deleted": 0}, "store": {"size_in_bytes": count * BYTES_PER_DOCUMENT}}
