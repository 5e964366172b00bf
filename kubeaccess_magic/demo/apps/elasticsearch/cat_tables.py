"""The `_cat` tables: their columns, and how their rows are made."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from .log_documents import Snapshot
from .node_names import ADDRESS, ALIAS, BYTES_PER_DOCUMENT, CLUSTER, NODE, NODE_ID, VERSION, index_uuid

Row = dict[str, str | int]
"""Column → value; a number of bytes is an int, everything else is text."""
_DISK: Final = 100 * 2**30


@dataclass(frozen=True, slots=True)
class CatTable:
    """A `_cat` table.

    Attributes
    ----------
    columns
        For each: its name, its aliases separated by commas, and its description.
    rows
        Makes the rows for some indices at a time, in seconds since the epoch.
    by_index
        Whether the path can name indices.
    hidden
        Columns that are shown only on request.
    """

    columns: tuple[tuple[str, str, str], ...]
    rows: Callable[[Snapshot, int], list[Row]]
    by_index: bool = False
    hidden: frozenset[str] = frozenset()


def _clock(now: int) -> str:
    return f"{now // 3600 % 24:02d}:{now // 60 % 60:02d}:{now % 60:02d}"


def _aliases(snapshot: Snapshot, now: int) -> list[Row]:
    return [
        {"alias": ALIAS, "index": index.name, "filter": "-", "routing.index": "-", "routing.search": "-",
         "is_write_index": str(index.newest).lower()}
        for index in snapshot.indices
        if not index.hidden
    ]  # fmt: skip


def _allocation(snapshot: Snapshot, now: int) -> list[Row]:
    size, used, shards = len(snapshot.documents) * BYTES_PER_DOCUMENT, 30 * 2**30, str(len(snapshot.indices))
    return [
        {"shards": shards, "disk.indices": size, "disk.used": used, "disk.avail": _DISK - used, "disk.total": _DISK,
         "disk.percent": "30", "host": ADDRESS, "ip": ADDRESS, "node": NODE},
        {"shards": shards, "disk.indices": "", "disk.used": "", "disk.avail": "", "disk.total": "", "disk.percent": "",
         "host": "", "ip": "", "node": "UNASSIGNED"},
    ]  # fmt: skip


def _count(snapshot: Snapshot, now: int) -> list[Row]:
    return [{"epoch": str(now), "timestamp": _clock(now), "count": str(len(snapshot.documents))}]


def _health(snapshot: Snapshot, now: int) -> list[Row]:
    shards = str(len(snapshot.indices))
    return [
        {"epoch": str(now), "timestamp": _clock(now), "cluster": CLUSTER, "status": "yellow", "node.total": "1",
         "node.data": "1", "shards": shards, "pri": shards, "relo": "0", "init": "0", "unassign": shards,
         "pending_tasks": "0", "max_task_wait_time": "-", "active_shards_percent": "50.0%"}
    ]  # fmt: skip


def _indices(snapshot: Snapshot, now: int) -> list[Row]:
    return [
        {"health": "yellow", "status": "open", "index": name, "uuid": index_uuid(name), "pri": "1", "rep": "1",
         "docs.count": str(count), "docs.deleted": "0", "store.size": count * BYTES_PER_DOCUMENT,
         "pri.store.size": count * BYTES_PER_DOCUMENT}
        for name, count in snapshot.counts.items()
    ]  # fmt: skip


def _master(snapshot: Snapshot, now: int) -> list[Row]:
    return [{"id": NODE_ID, "host": ADDRESS, "ip": ADDRESS, "node": NODE}]


def _nodeattrs(snapshot: Snapshot, now: int) -> list[Row]:
    values = (("ml.enabled", "false"), ("xpack.installed", "true"))
    return [{"node": NODE, "host": ADDRESS, "ip": ADDRESS, "attr": attr, "value": value} for attr, value in values]


def _nodes(snapshot: Snapshot, now: int) -> list[Row]:
    return [
        {"ip": ADDRESS, "heap.percent": "41", "ram.percent": "87", "cpu": "3", "load_1m": "0.21", "load_5m": "0.30",
         "load_15m": "0.28", "node.role": "dim", "master": "*", "name": NODE, "id": NODE_ID[:4], "version": VERSION}
    ]  # fmt: skip


def _recovery(snapshot: Snapshot, now: int) -> list[Row]:
    return [
        {"index": name, "shard": "0", "time": "12ms", "type": "empty_store", "stage": "done", "source_node": "n/a",
         "target_node": NODE, "files_percent": "100.0%", "bytes_percent": "100.0%"}
        for name in snapshot.names
    ]  # fmt: skip


def _segments(snapshot: Snapshot, now: int) -> list[Row]:
    return [
        {"index": name, "shard": "0", "prirep": "p", "ip": ADDRESS, "segment": "_0", "generation": "0",
         "docs.count": str(count), "docs.deleted": "0", "size": count * BYTES_PER_DOCUMENT, "committed": "true",
         "searchable": "true", "version": "8.11.3", "compound": "true"}
        for name, count in snapshot.counts.items()
        if count
    ]  # fmt: skip


def _shards(snapshot: Snapshot, now: int) -> list[Row]:
    rows: list[Row] = []
    for name, count in snapshot.counts.items():
        size = count * BYTES_PER_DOCUMENT
        rows.append(
            {"index": name, "shard": "0", "prirep": "p", "state": "STARTED", "docs": str(count), "store": size,
             "ip": ADDRESS, "node": NODE, "unassigned.reason": ""}
        )  # fmt: skip
        rows.append(
            {"index": name, "shard": "0", "prirep": "r", "state": "UNASSIGNED", "docs": "", "store": "", "ip": "",
             "node": "", "unassigned.reason": "INDEX_CREATED"}
        )  # fmt: skip
    return rows


def _templates(snapshot: Snapshot, now: int) -> list[Row]:
    return [
        {"name": ALIAS, "index_patterns": f"[{ALIAS}-*]", "order": "0", "version": "1", "composed_of": ""},
    ]


def _thread_pool(snapshot: Snapshot, now: int) -> list[Row]:
    names = ("analyze", "get", "search", "write")
    return [{"node_name": NODE, "name": name, "active": "0", "queue": "0", "rejected": "0"} for name in names]


def _none(snapshot: Snapshot, now: int) -> list[Row]:
    return []


_INDEX = ("index", "i,idx", "index name")
_IP = ("ip", "", "ip address of node")
_HOST = ("host", "h", "host of node")
_NODE = ("node", "n", "name of node")
_EPOCH = ("epoch", "t,time", "seconds since 1970-01-01 00:00:00")
_TIMESTAMP = ("timestamp", "ts,hms,hhmmss", "time in HH:MM:SS")
_PRIREP = ("prirep", "p,pr,primaryOrReplica", "primary or replica")

TABLES: Final[dict[str, CatTable]] = {
    "aliases": CatTable(
        (("alias", "a", "alias name"), ("index", "i,idx", "index alias points to"), ("filter", "f,fi", "filter"),
         ("routing.index", "ri,routingIndex", "index routing"),
         ("routing.search", "rs,routingSearch", "search routing"),
         ("is_write_index", "w,isWriteIndex", "write index")), _aliases),
    "allocation": CatTable(
        (("shards", "s", "number of shards on node"), ("disk.indices", "di,diskIndices", "disk used by ES indices"),
         ("disk.used", "du,diskUsed", "disk used (total, not just ES)"),
         ("disk.avail", "da,diskAvail", "disk available"),
         ("disk.total", "dt,diskTotal", "total capacity of all volumes"),
         ("disk.percent", "dp,diskPercent", "percent disk used"), _HOST, _IP, _NODE), _allocation),
    "count": CatTable((_EPOCH, _TIMESTAMP, ("count", "dc,docs.count,docsCount", "the document count")), _count, True),
    "fielddata": CatTable(
        (("id", "", "node id"), _HOST, _IP, _NODE, ("field", "f", "field name"),
         ("size", "", "field data usage")), _none),
    "health": CatTable(
        (_EPOCH, _TIMESTAMP, ("cluster", "cl", "cluster name"), ("status", "st", "health status"),
         ("node.total", "nt,nodeTotal", "total number of nodes"), ("node.data", "nd,nodeData", "number of data nodes"),
         ("shards", "t,sh,shards.total,shardsTotal", "total number of shards"),
         ("pri", "p,shards.primary,shardsPrimary", "number of primary shards"),
         ("relo", "r,shards.relocating,shardsRelocating", "number of relocating nodes"),
         ("init", "i,shards.initializing,shardsInitializing", "number of initializing nodes"),
         ("unassign", "u,shards.unassigned,shardsUnassigned", "number of unassigned shards"),
         ("pending_tasks", "pt,pendingTasks", "number of pending tasks"),
         ("max_task_wait_time", "mtwt,maxTaskWaitTime", "wait time of longest task pending"),
         ("active_shards_percent", "asp,activeShardsPercent", "active number of shards in percent")), _health),
    "indices": CatTable(
        (("health", "h", "current health status"), ("status", "s", "open/close status"), _INDEX,
         ("uuid", "id,uuid", "index uuid"), ("pri", "p,shards.primary,shardsPrimary", "number of primary shards"),
         ("rep", "r,shards.replica,shardsReplica", "number of replica shards"),
         ("docs.count", "dc,docsCount", "available docs"), ("docs.deleted", "dd,docsDeleted", "deleted docs"),
         ("store.size", "ss,storeSize", "store size of primaries & replicas"),
         ("pri.store.size", "", "store size of primaries")), _indices, True),
    "master": CatTable((("id", "", "node id"), _HOST, _IP, _NODE), _master),
    "nodeattrs": CatTable(
        (_NODE, _HOST, _IP, ("attr", "attr.name", "attribute description"), ("value", "attr.value", "attribute value")),
        _nodeattrs),
    "nodes": CatTable(
        (("ip", "i", "ip address"), ("heap.percent", "hp,heapPercent", "used heap ratio"),
         ("ram.percent", "rp,ramPercent", "used machine memory ratio"), ("cpu", "", "recent cpu usage"),
         ("load_1m", "l", "1m load avg"), ("load_5m", "l", "5m load avg"), ("load_15m", "l", "15m load avg"),
         ("node.role", "r,role,nodeRole", "m:master eligible node, d:data node, i:ingest node"),
         ("master", "m", "*:current master"), ("name", "n", "node name"), ("id", "nodeId", "unique node id"),
         ("version", "v", "es version")), _nodes, hidden=frozenset({"id", "version"})),
    "pending_tasks": CatTable(
        (("insertOrder", "o", "task insertion order"), ("timeInQueue", "t", "how long task has been in queue"),
         ("priority", "p", "task priority"), ("source", "s", "task source")), _none),
    "plugins": CatTable(
        (("name", "n", "node name"), ("component", "c", "component"), ("version", "v", "component version")), _none),
    "recovery": CatTable(
        (_INDEX, ("shard", "s,sh", "shard name"), ("time", "t,ti", "recovery time"), ("type", "ty", "recovery type"),
         ("stage", "st", "recovery stage"), ("source_node", "snode", "source node name"),
         ("target_node", "tnode", "target node name"), ("files_percent", "fp", "percent of files recovered"),
         ("bytes_percent", "bp", "percent of bytes recovered")), _recovery, True),
    "repositories": CatTable(
        (("id", "id,repoId", "unique repository id"), ("type", "t,type", "repository type")), _none),
    "segments": CatTable(
        (_INDEX, ("shard", "s,sh", "shard name"), _PRIREP, _IP, ("segment", "seg", "segment name"),
         ("generation", "g,gen", "segment generation"), ("docs.count", "dc,docsCount", "number of docs in segment"),
         ("docs.deleted", "dd,docsDeleted", "number of deleted docs in segment"),
         ("size", "si", "segment size in bytes"), ("committed", "ic,isCommitted", "is segment committed"),
         ("searchable", "is,isSearchable", "is segment searched"), ("version", "v,ver", "version"),
         ("compound", "ico,isCompound", "is segment compound")), _segments, True),
    "shards": CatTable(
        (_INDEX, ("shard", "s,sh", "shard name"), _PRIREP, ("state", "st", "shard state"),
         ("docs", "d,dc", "number of docs in shard"), ("store", "sto", "store size of shard (how much disk it uses)"),
         _IP, ("node", "n", "name of node where it lives"),
         ("unassigned.reason", "ur", "reason shard became unassigned")), _shards, True,
        frozenset({"unassigned.reason"})),
    "templates": CatTable(
        (("name", "n", "template name"), ("index_patterns", "t", "template index patterns"),
         ("order", "o,p", "template application order/priority number"), ("version", "v", "version"),
         ("composed_of", "c", "component templates comprising index template")), _templates),
    "thread_pool": CatTable(
        (("node_name", "nn", "node name"), ("name", "n", "thread pool name"),
         ("active", "a", "number of active threads"),
         ("queue", "q", "number of tasks currently in queue"), ("rejected", "r", "number of rejected tasks")),
        _thread_pool),
}  # fmt: skip
