"""The resource usage of pods and nodes over time, which kubelets, metrics-server, Heapster and Prometheus report.

Nothing is stored: every value is a function of the container, its start and the time, and is the same in every run.
"""

from __future__ import annotations

import hashlib
import math
from calendar import timegm
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from time import strptime
from typing import Any, Final

SCRAPE_S: Final = 15
"""All sources measure at multiples of this interval, and therefore at the same times."""
NODE_CORES: Final = 4
NODE_MEMORY: Final = 16384 * 2**20
"""The memory of a node, in bytes."""

_MIB: Final = 2**20
_DAY_S: Final = 86_400
_QUARTER_S: Final = 900
_PROFILES: Final[Mapping[str, tuple[float, float, float]]] = {
    "elasticsearch": (0.310, 1480, 60_000),
    "kibana": (0.042, 310, 6_000),
    "grafana": (0.018, 130, 9_000),
    "heapster": (0.012, 44, 15_000),
    "coredns": (0.009, 26, 5_000),
    "metrics-server": (0.007, 38, 8_000),
    "prometheus": (0.140, 620, 40_000),
    "web": (0.085, 96, 30_000),
    "app": (0.030, 110, 4_000),
    "vault": (0.004, 36, 300),
    "payments": (0.022, 88, 2_500),
}
"""Container → average usage: cores, MiB of memory, bytes per second of network traffic."""
_OTHER_PROFILE: Final = (0.015, 50, 1_000)
_NODE_PROFILE: Final = (0.210, 1350, 20_000)


@dataclass(frozen=True, slots=True)
class Reading:
    """The resource usage at one time.

    Attributes
    ----------
    cores, memory
        What is in use; memory in bytes.
    cpu_s
        CPU seconds since the start.
    received, sent
        Network traffic since the start, in bytes.
    received_rate, sent_rate
        Network traffic, in bytes per second.
    """

    cores: float = 0.0
    memory: int = 0
    cpu_s: float = 0.0
    received: int = 0
    sent: int = 0
    received_rate: float = 0.0
    sent_rate: float = 0.0

    def __add__(self, other: Reading) -> Reading:
        return Reading(
            self.cores + other.cores,
            self.memory + other.memory,
            self.cpu_s + other.cpu_s,
            self.received + other.received,
            self.sent + other.sent,
            self.received_rate + other.received_rate,
            self.sent_rate + other.sent_rate,
        )


@dataclass(frozen=True, slots=True)
class Wave:
    """A rate that rises and falls over the day, with small variations every quarter of an hour.

    Attributes
    ----------
    mean
        The average rate per second.
    started_at
        When its total was 0, in seconds since the epoch.
    phase
        The phase of its oscillations, in radians.
    """

    mean: float
    started_at: float
    phase: float

    def rate(self, second: float) -> float:
        """The rate per second at a time."""
        slow = math.sin(2 * math.pi * second / _DAY_S + self.phase)
        fast = math.sin(2 * math.pi * second / _QUARTER_S + 3 * self.phase)
        return self.mean * (1 + 0.3 * slow + 0.05 * fast)

    def total(self, second: float) -> float:
        """The total since the start: the integral of the rate, which never decreases."""
        return self._area(second) - self._area(self.started_at) if second > self.started_at else 0.0

    def count(self, second: float) -> int:
        """The total since the start, rounded down."""
        return math.floor(self.total(second))

    def _area(self, second: float) -> float:
        slow = _DAY_S / (2 * math.pi) * math.cos(2 * math.pi * second / _DAY_S + self.phase)
        fast = _QUARTER_S / (2 * math.pi) * math.cos(2 * math.pi * second / _QUARTER_S + 3 * self.phase)
        return self.mean * (second - 0.3 * slow - 0.05 * fast)


@dataclass(frozen=True, slots=True)
class Load:
    """The resource usage of a container, or of a node's own processes, over time."""

    cpu: Wave
    memory: int
    network: Wave

    def at(self, second: float) -> Reading:
        """The usage at a time; zero before the start."""
        if second < self.cpu.started_at:
            return Reading()
        swing = 0.06 * math.sin(2 * math.pi * second / 7200 + self.cpu.phase)
        received, rate = self.network.total(second), self.network.rate(second)
        return Reading(
            cores=self.cpu.rate(second),
            memory=int(self.memory * (1 + swing)) // 4096 * 4096,
            cpu_s=self.cpu.total(second),
            received=int(received),
            sent=int(received * 0.8),
            received_rate=rate,
            sent_rate=rate * 0.8,
        )


def last_scrape(second: float) -> int:
    """The time of the last measurement before a time."""
    return math.floor(second / SCRAPE_S) * SCRAPE_S


def seconds(stamp: str) -> float:
    """A timestamp of an object, in seconds since the epoch."""
    return float(timegm(strptime(stamp[:19], "%Y-%m-%dT%H:%M:%S")))


def created_at(obj: Mapping[str, Any]) -> float:
    """When an object was created, in seconds since the epoch."""
    return seconds(obj["metadata"]["creationTimestamp"])


def wave(mean: float, started_at: float, seed: str) -> Wave:
    """Make a wave whose exact mean and phase depend on a seed.

    Parameters
    ----------
    mean
        The average rate per second, about.
    started_at
        When its total was 0, in seconds since the epoch.
    seed
        Any text.
    """
    size, phase = _two_fractions(seed)
    return Wave(mean * (0.8 + 0.4 * size), started_at, 2 * math.pi * phase)


def running_containers(pod: Mapping[str, Any]) -> Iterator[tuple[Mapping[str, Any], Load]]:
    """The running containers of a pod, with their usage over time."""
    statuses = (pod.get("status") or {}).get("containerStatuses") or ()
    states = {status["name"]: status.get("state") or {} for status in statuses}
    metadata = pod["metadata"]
    for container in pod["spec"]["containers"]:
        if "running" in states.get(container["name"], {}):
            seed = f"{metadata.get('namespace')}/{metadata['name']}/{container['name']}"
            started_at = seconds(states[container["name"]]["running"]["startedAt"])
            yield container, _load(_PROFILES.get(container["name"], _OTHER_PROFILE), started_at, seed)


def pods_usage(pods: Iterable[Mapping[str, Any]], second: float) -> Reading:
    """The total usage of some pods at a time.

    Parameters
    ----------
    pods
        The pods.
    second
        The time, in seconds since the epoch.
    """
    return sum((load.at(second) for pod in pods for _, load in running_containers(pod)), Reading())


def node_usage(node: Mapping[str, Any], pods: Iterable[Mapping[str, Any]], second: float) -> Reading:
    """The usage of a node at a time: its pods and its own processes.

    Parameters
    ----------
    node
        The node.
    pods
        Pods of any node; those of this node are selected.
    second
        The time, in seconds since the epoch.
    """
    return sum((load.at(second) for load in node_loads(node, pods)), Reading())


def node_loads(node: Mapping[str, Any], pods: Iterable[Mapping[str, Any]]) -> list[Load]:
    """The usages over time that make up a node's: its pods and its own processes.

    Parameters
    ----------
    node
        The node.
    pods
        Pods of any node; those of this node are selected.
    """
    name = node["metadata"]["name"]
    node_pods = [pod for pod in pods if pod["spec"].get("nodeName") == name]
    loads = [load for pod in node_pods for _, load in running_containers(pod)]
    return [_load(_NODE_PROFILE, created_at(node), f"node/{name}"), *loads]


def _load(profile: tuple[float, float, float], started_at: float, seed: str) -> Load:
    cores, mebibytes, traffic = profile
    size, _ = _two_fractions(f"{seed}/memory")
    memory = int(mebibytes * _MIB * (0.85 + 0.3 * size))
    return Load(wave(cores, started_at, f"{seed}/cpu"), memory, wave(traffic, started_at, f"{seed}/network"))


def _two_fractions(seed: str) -> tuple[float, float]:
    """Two numbers between 0 and 1 that depend on a seed."""
    digest = hashlib.sha256(seed.encode()).digest()
    return int.from_bytes(digest[:4], "big") / 2**32, int.from_bytes(digest[4:8], "big") / 2**32
