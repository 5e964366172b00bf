"""Rows of a summary that was parsed as plain JSON, whatever is in it. `fast` reads the same rows from its bytes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..kinds import at
from .measures import from_nano

__all__ = ["measured", "rows_of"]


def rows_of(summary: Any) -> list[tuple[Any, ...]]:
    """The rows of a summary, the values of `measures.COLUMNS`."""
    return [_row_of(item) for item in measured(summary)]


def measured(summary: Any) -> Iterator[dict[str, Any]]:
    """The node, its parts, the pods and the containers, as plain JSON: each with the fields that identify it in front.

    Parameters
    ----------
    summary
        The whole answer.
    """
    node = _mapping(summary.get("node"))
    name = node.get("nodeName")
    yield _identity("node", name, None, None, name) | {k: v for k, v in node.items() if k != "systemContainers"}
    for part in _mappings(node.get("systemContainers")):
        yield _identity("system", name, None, None, part.get("name")) | part
    for pod in _mappings(summary.get("pods")):
        pod_identity = (name, at(pod, "podRef.namespace"), at(pod, "podRef.name"))
        fields = {key: value for key, value in pod.items() if key != "containers"}
        yield _identity("pod", *pod_identity, at(pod, "podRef.name")) | fields
        for container in _mappings(pod.get("containers")):
            yield _identity("container", *pod_identity, container.get("name")) | container


def _identity(level: str, node: Any, namespace: Any, pod: Any, name: Any) -> dict[str, Any]:
    return {"level": level, "node": node, "namespace": namespace, "pod": pod, "name": name}


def _row_of(item: dict[str, Any]) -> tuple[Any, ...]:
    level = item["level"]
    fs = {"node": "fs", "pod": "ephemeral-storage"}.get(level, "rootfs")
    paths = (
        *("memory.workingSetBytes", "memory.usageBytes", "memory.rssBytes", "memory.availableBytes"),
        *("memory.pageFaults", "memory.majorPageFaults", f"{fs}.usedBytes", f"{fs}.capacityBytes", "logs.usedBytes"),
        *("network.rxBytes", "network.txBytes", "rlimit.curproc" if level == "node" else "process_stats.process_count"),
    )
    return (
        *(item[key] for key in ("level", "node", "namespace", "pod", "name")),
        from_nano(at(item, "cpu.usageNanoCores")),
        from_nano(at(item, "cpu.usageCoreNanoSeconds")),
        *(at(item, path) for path in paths),
        at(item, "cpu.time") or at(item, "memory.time"),
        item.get("startTime"),
    )


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _mappings(value: Any) -> list[dict[str, Any]]:
    return [entry for entry in value if isinstance(entry, dict)] if isinstance(value, list) else []
