"""Rows of a summary from its bytes, if everything in it has the type that the kubelet's API states."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from .measures import from_nano

__all__ = ["rows_of"]


def rows_of(body: bytes) -> list[tuple[Any, ...]] | None:
    """The rows of a summary, the values of `measures.COLUMNS`; None if a value in it is not of its type."""
    try:
        return list(_rows(msgspec.json.decode(body, type=_Summary)))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


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


_NO_CPU, _NO_MEMORY, _NO_FS, _NO_NETWORK = _Cpu(), _Memory(), _Fs(), _Network()


def _rows(summary: _Summary) -> Iterator[tuple[Any, ...]]:
    node = summary.node
    name = node.node_name
    processes = node.rlimit.curproc if node.rlimit is not None else None
    yield _row(("node", name, None, None, name), node, node.fs, None, node.network, processes)
    for part in node.system_containers or ():
        yield _row(("system", name, None, None, part.name), part, part.rootfs, part.logs, None, None)
    for pod in summary.pods or ():
        identity = (name, pod.pod_ref.namespace, pod.pod_ref.name)
        processes = pod.processes.process_count if pod.processes is not None else None
        yield _row(("pod", *identity, pod.pod_ref.name), pod, pod.storage, None, pod.network, processes)
        for container in pod.containers or ():
            names = ("container", *identity, container.name)
            yield _row(names, container, container.rootfs, container.logs, None, None)


def _row(
    identity: tuple[str | None, ...],
    measured: _Measured,
    fs: _Fs | None,
    logs: _Fs | None,
    network: _Network | None,
    processes: int | None,
) -> tuple[Any, ...]:
    cpu, memory = measured.cpu or _NO_CPU, measured.memory or _NO_MEMORY
    fs, network = fs or _NO_FS, network or _NO_NETWORK
    return (
        *identity,
        from_nano(cpu.usage_nano_cores),
        from_nano(cpu.usage_core_nano_seconds),
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
