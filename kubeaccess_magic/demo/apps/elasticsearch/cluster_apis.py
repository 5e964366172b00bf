"""Information about the cluster, its node and its indices."""

from __future__ import annotations

import fnmatch
from typing import Any, Final

from .log_documents import MAPPING, Snapshot, field_type
from .node_names import ADDRESS, ALIAS, BYTES_PER_DOCUMENT, CLUSTER, CLUSTER_UUID, NODE, NODE_ID, VERSION, index_uuid

Content = dict[str, Any]
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
"""Cluster health, as the Kubernetes documentation prints it."""


def root() -> Content:
    """The content of `/`."""
    version = {"number": VERSION, "build_flavor": "default", "build_type": "docker", "build_snapshot": False}
    compatible = {"minimum_wire_compatibility_version": "6.8.0", "minimum_index_compatibility_version": "6.0.0-beta1"}
    return {
        "name": NODE,
        "cluster_name": CLUSTER,
        "cluster_uuid": CLUSTER_UUID,
        "version": version | {"lucene_version": "8.11.3"} | compatible,
        "tagline": "You Know, for Search",
    }


def health(snapshot: Snapshot) -> Content:
    """The content of `_cluster/health` for some indices."""
    count = len(snapshot.indices)
    return HEALTH | {"active_primary_shards": count, "active_shards": count, "unassigned_shards": count}


def cluster_stats(snapshot: Snapshot, now: int) -> Content:
    """The content of `_cluster/stats`.

    Parameters
    ----------
    snapshot
        All indices.
    now
        The time, in seconds since the epoch.
    """
    count, size = len(snapshot.indices), len(snapshot.documents) * BYTES_PER_DOCUMENT
    return {
        "_nodes": {"total": 1, "successful": 1, "failed": 0},
        "cluster_name": CLUSTER,
        "cluster_uuid": CLUSTER_UUID,
        "timestamp": now * 1000,
        "status": "yellow",
        "indices": {
            "count": count,
            "shards": {"total": count, "primaries": count, "replication": 0.0},
            "docs": {"count": len(snapshot.documents), "deleted": 0},
            "store": {"size_in_bytes": size, "reserved_in_bytes": 0},
            "segments": {"count": sum(1 for count in snapshot.counts.values() if count)},
        },
        "nodes": {
            "count": {"total": 1, "data": 1, "ingest": 1, "master": 1, "coordinating_only": 0},
            "versions": [VERSION],
        },
    }


def nodes(now: int, started: int, with_stats: bool) -> Content:
    """The content of `_nodes` or `_nodes/stats`.

    Parameters
    ----------
    now, started
        The time, and when the node started, in seconds since the epoch.
    with_stats
        Whether it is `_nodes/stats`.
    """
    node: Content = {"name": NODE, "transport_address": f"{ADDRESS}:9300", "host": ADDRESS, "ip": ADDRESS}
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


def stats(snapshot: Snapshot) -> Content:
    """The content of `_stats` for some indices."""
    count = len(snapshot.indices)
    shards = {"total": 2 * count, "successful": count, "failed": 0}
    total = _primaries(len(snapshot.documents))
    indices = {
        name: {"uuid": index_uuid(name), "primaries": _primaries(number), "total": _primaries(number)}
        for name, number in snapshot.counts.items()
    }
    return {"_shards": shards, "_all": {"primaries": total, "total": total}, "indices": indices}


def indices(snapshot: Snapshot) -> Content:
    """The aliases, mappings and settings of some indices."""
    all_aliases, all_settings = aliases(snapshot), settings(snapshot)
    mapping = {"mappings": {"properties": MAPPING}}
    return {name: all_aliases[name] | mapping | all_settings[name] for name in snapshot.names}


def aliases(snapshot: Snapshot) -> Content:
    """The content of `_alias` for some indices; the newest one is the write index."""
    return {
        index.name: {"aliases": {} if index.hidden else {ALIAS: {"is_write_index": index.newest}}}
        for index in snapshot.indices
    }


def mappings(snapshot: Snapshot) -> Content:
    """The content of `_mapping` for some indices."""
    return {name: {"mappings": {"properties": MAPPING}} for name in snapshot.names}


def field_mappings(snapshot: Snapshot, patterns: list[str], fields: list[str]) -> Content:
    """The content of `_mapping/field/…` for some indices.

    Parameters
    ----------
    snapshot
        The indices.
    patterns
        Which fields to show.
    fields
        The names of all fields.
    """
    shown = {}
    for name in fields:
        if not any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns):
            continue
        mapping: Any = {"properties": MAPPING}
        for key in name.split("."):
            mapping = (mapping.get("properties") or mapping.get("fields") or {})[key]
        shown[name] = {"full_name": name, "mapping": {name.rsplit(".", 1)[-1]: mapping}}
    return {name: {"mappings": shown} for name in snapshot.names}


def field_capabilities(snapshot: Snapshot, patterns: list[str], fields: list[str]) -> Content:
    """The content of `_field_caps` for some indices.

    Parameters
    ----------
    snapshot
        The indices.
    patterns
        Which fields to show.
    fields
        The names of all fields.
    """
    capabilities: Content = {}
    for name in fields:
        if any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns):
            kind = str(field_type(name))
            capability = {"type": kind, "metadata_field": False, "searchable": True, "aggregatable": kind != "text"}
            capabilities[name] = {kind: capability}
    return {"indices": snapshot.names, "fields": capabilities}


def settings(snapshot: Snapshot) -> Content:
    """The content of `_settings` for some indices."""
    all_settings = {}
    for index in snapshot.indices:
        content = {
            "creation_date": str(index.created_s * 1000),
            "number_of_shards": "1",
            "number_of_replicas": "1",
            "uuid": index_uuid(index.name),
            "version": {"created": "7172899"},
            "provided_name": index.name,
            "blocks": {"read_only": "true"},
        }
        if index.hidden:
            content["hidden"] = "true"
        all_settings[index.name] = {"settings": {"index": content}}
    return all_settings


def templates() -> Content:
    """The content of `_template`."""
    settings = {"index": {"number_of_shards": "1", "number_of_replicas": "1"}}
    template = {"order": 0, "version": 1, "index_patterns": [f"{ALIAS}-*"], "settings": settings}
    return {ALIAS: template | {"mappings": {"properties": MAPPING}, "aliases": {}}}


def shards(snapshot: Snapshot) -> Content:
    """The `_shards` of a search in some indices."""
    return {"total": len(snapshot.indices), "successful": len(snapshot.indices), "skipped": 0, "failed": 0}


def _primaries(count: int) -> Content:
    return {"docs": {"count": count, "deleted": 0}, "store": {"size_in_bytes": count * BYTES_PER_DOCUMENT}}
