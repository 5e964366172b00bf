"""What a kubelet sums up at ``/stats/summary``: one row for the node, each of its parts, each pod and each container.

The source is k8s.io/kubelet/pkg/apis/stats/v1alpha1. ``level`` says what a row is about, so that no sum counts a
container twice: ``node``, ``system`` (a part of the node, such as ``kubelet``), ``pod`` or ``container``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from ...errors import LoadError
from .. import Loaded, answer, columns
from .frames import table
from .kinds import at

if TYPE_CHECKING:
    from ...reply import Reply
    from ...request import Request

__all__ = ["COLUMNS", "asks", "load", "takes"]

COLUMNS = {
    "level": "text",
    "node": "text",
    "namespace": "text",
    "pod": "text",
    "name": "text",
    "cpu_cores": "float",
    "cpu_seconds": "float",
    "memory_bytes": "number",
    "memory_usage_bytes": "number",
    "memory_rss_bytes": "number",
    "memory_available_bytes": "number",
    "page_faults": "number",
    "major_page_faults": "number",
    "fs_used_bytes": "number",
    "fs_capacity_bytes": "number",
    "logs_used_bytes": "number",
    "received_bytes": "number",
    "sent_bytes": "number",
    "processes": "number",
    "time": "time",
    "started": "time",
}
"""``memory_bytes`` is the working set, which evictions and ``kubectl top`` go by. ``fs`` is the node's file system, a
container's own layer, and of a pod all that counts as its ephemeral storage. All other fields: ``wide=True``."""


class _Json(msgspec.Struct, gc=False, rename="camel"):
    pass


class _Cpu(_Json):
    time: str | None = None
    usage_nano_cores: int | None = None
    usage_core_nano_seconds: int | None = None


class _Memory(_Json):
    time: str | None = None
    available_bytes: int | None = None
    usage_bytes: int | None = None
    working_set_bytes: int | None = None
    rss_bytes: int | None = None
    page_faults: int | None = None
    major_page_faults: int | None = None


class _Fs(_Json):
    used_bytes: int | None = None
    capacity_bytes: int | None = None


class _Network(_Json):
    rx_bytes: int | None = None
    tx_bytes: int | None = None


class _Processes(_Json):
    process_count: int | None = msgspec.field(name="process_count", default=None)


class _Rlimit(_Json):
    curproc: int | None = None


class _Measured(_Json):
    start_time: str | None = None
    cpu: _Cpu | None = None
    memory: _Memory | None = None


class _Container(_Measured):
    name: str | None = None
    rootfs: _Fs | None = None
    logs: _Fs | None = None


class _Reference(_Json):
    name: str | None = None
    namespace: str | None = None


class _Pod(_Measured):
    pod_ref: _Reference = msgspec.field(default_factory=_Reference)
    containers: list[_Container] | None = None
    network: _Network | None = None
    storage: _Fs | None = msgspec.field(name="ephemeral-storage", default=None)
    processes: _Processes | None = msgspec.field(name="process_stats", default=None)


class _Node(_Measured):
    node_name: str | None = None
    system_containers: list[_Container] | None = None
    network: _Network | None = None
    fs: _Fs | None = None
    rlimit: _Rlimit | None = None


class _Summary(_Json):
    node: _Node
    pods: list[_Pod] | None


def asks(request: Request) -> bool:
    """Whether it is a kubelet's summary that is asked for, through the API server or at the node's target."""
    return request.target.kind != "api" and request.path.rstrip("/") == "/stats/summary"


def takes(reply: Reply) -> bool:
    """Whether an answer is a summary: two keys, and one of them a node by name."""
    if not asks(reply.request) or b'"nodeName"' not in reply.content[:4096]:
        return False
    try:
        keys = msgspec.json.decode(reply.content, type=dict[str, msgspec.Raw])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return False
    return set(keys) == {"node", "pods"}


def load(reply: Reply, *, limit: int | None, wide: bool, labels: Sequence[str]) -> Loaded:
    """The rows of a summary: the node, its parts, then each pod before its containers.

    Parameters
    ----------
    reply
        The answer.
    limit
        At most so many rows.
    wide
        All fields, as dotted columns.
    labels
        There are none here: LoadError if one is asked for.
    """
    if labels:
        raise LoadError(
            "a kubelet's summary has no labels", reply=reply, hint="join it with the pods' own: /api/v1/pods"
        )
    if wide:
        items = list(_items(answer.json_of(reply)))
        frame = columns.frame(columns.flatten(items), len(items), dates=True)
    else:
        try:
            rows = list(_rows(msgspec.json.decode(reply.content, type=_Summary)))
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):  # something is not of its type
            rows = [_row_of(item) for item in _items(answer.json_of(reply))]
        frame = table(COLUMNS, rows)
    found = len(frame)
    if limit is not None and found > limit:
        frame = frame.iloc[:limit]
    return Loaded(frame, len(frame), found, what="rows")


_NO_CPU, _NO_MEMORY, _NO_FS, _NO_NETWORK = _Cpu(), _Memory(), _Fs(), _Network()


def _rows(summary: _Summary) -> Iterator[tuple[Any, ...]]:
    node = summary.node
    name = node.node_name
    processes = node.rlimit.curproc if node.rlimit is not None else None
    yield _row(("node", name, None, None, name), node, node.fs, None, node.network, processes)
    for part in node.system_containers or ():
        yield _row(("system", name, None, None, part.name), part, part.rootfs, part.logs, None, None)
    for pod in summary.pods or ():
        who = (name, pod.pod_ref.namespace, pod.pod_ref.name)
        processes = pod.processes.process_count if pod.processes is not None else None
        yield _row(("pod", *who, pod.pod_ref.name), pod, pod.storage, None, pod.network, processes)
        for one in pod.containers or ():
            yield _row(("container", *who, one.name), one, one.rootfs, one.logs, None, None)


def _row(
    who: tuple[str | None, ...],
    measured: _Measured,
    fs: _Fs | None,
    logs: _Fs | None,
    network: _Network | None,
    processes: int | None,
) -> tuple[Any, ...]:
    cpu, memory = measured.cpu or _NO_CPU, measured.memory or _NO_MEMORY
    fs, network = fs or _NO_FS, network or _NO_NETWORK
    return (
        *who,
        _of_nano(cpu.usage_nano_cores),
        _of_nano(cpu.usage_core_nano_seconds),
        memory.working_set_bytes,
        memory.usage_bytes,
        memory.rss_bytes,
        memory.available_bytes,
        memory.page_faults,
        memory.major_page_faults,
        fs.used_bytes,
        fs.capacity_bytes,
        None if logs is None else logs.used_bytes,
        network.rx_bytes,
        network.tx_bytes,
        processes,
        cpu.time or memory.time,
        measured.start_time,
    )


def _of_nano(value: Any) -> Any:
    return value / 1e9 if type(value) in (int, float) else value


def _items(summary: Any) -> Iterator[dict[str, Any]]:
    """The things that are measured, as plain JSON, each with whose it is in front."""
    node = _mapping(summary.get("node"))
    name = node.get("nodeName")
    yield _whose("node", name, None, None, name) | {k: v for k, v in node.items() if k != "systemContainers"}
    for part in _mappings(node.get("systemContainers")):
        yield _whose("system", name, None, None, part.get("name")) | part
    for pod in _mappings(summary.get("pods")):
        who = (name, at(pod, "podRef.namespace"), at(pod, "podRef.name"))
        yield _whose("pod", *who, at(pod, "podRef.name")) | {k: v for k, v in pod.items() if k != "containers"}
        for one in _mappings(pod.get("containers")):
            yield _whose("container", *who, one.get("name")) | one


def _whose(level: str, node: Any, namespace: Any, pod: Any, name: Any) -> dict[str, Any]:
    return {"level": level, "node": node, "namespace": namespace, "pod": pod, "name": name}


def _row_of(item: dict[str, Any]) -> tuple[Any, ...]:
    """As `_row`, of an item of any shape."""
    level = item["level"]
    fs = {"node": "fs", "pod": "ephemeral-storage"}.get(level, "rootfs")
    paths = (
        *("memory.workingSetBytes", "memory.usageBytes", "memory.rssBytes", "memory.availableBytes"),
        *("memory.pageFaults", "memory.majorPageFaults", f"{fs}.usedBytes", f"{fs}.capacityBytes", "logs.usedBytes"),
        *("network.rxBytes", "network.txBytes", "rlimit.curproc" if level == "node" else "process_stats.process_count"),
    )
    return (
        *(item[key] for key in ("level", "node", "namespace", "pod", "name")),
        _of_nano(at(item, "cpu.usageNanoCores")),
        _of_nano(at(item, "cpu.usageCoreNanoSeconds")),
        *(at(item, path) for path in paths),
        at(item, "cpu.time") or at(item, "memory.time"),
        item.get("startTime"),
    )


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _mappings(value: Any) -> list[dict[str, Any]]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []
