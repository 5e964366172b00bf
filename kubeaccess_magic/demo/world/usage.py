"""What pods and nodes use at each moment: kubelets, metrics-server, heapster and Prometheus all ask here.

Nothing is stored: each figure is a function of the container, its beginning and the second, the same at every start.
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
"""All sources measure at whole multiples of this, and so at the same moments."""
CORES: Final = 4
MEMORY: Final = 16384 * 2**20
"""What a node has."""

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
"""Container → cores, MiB and bytes a second that it uses on average."""
_OTHER: Final = (0.015, 50, 1_000)
_SYSTEM: Final = (0.210, 1350, 20_000)


@dataclass(frozen=True, slots=True)
class Reading:
    """What was measured at a moment.

    Attributes
    ----------
    cores, memory
        In use; memory in bytes.
    cpu_s
        Seconds of CPU since the beginning.
    received, sent
        Bytes since the beginning.
    received_rate, sent_rate
        Bytes a second.
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
    """Something that goes on all the time: more of it in one half of the day, and a little up and down besides.

    Attributes
    ----------
    mean
        So much a second on average.
    began
        The second at which the count of it was 0.
    """

    mean: float
    began: float
    phase: float

    def rate(self, second: float) -> float:
        """So much a second at that moment."""
        slow = math.sin(2 * math.pi * second / _DAY_S + self.phase)
        fast = math.sin(2 * math.pi * second / _QUARTER_S + 3 * self.phase)
        return self.mean * (1 + 0.3 * slow + 0.05 * fast)

    def total(self, second: float) -> float:
        """So much since it began: the integral of the rate, never less than before."""
        return self._area(second) - self._area(self.began) if second > self.began else 0.0

    def count(self, second: float) -> int:
        """The whole ones since it began."""
        return math.floor(self.total(second))

    def _area(self, second: float) -> float:
        slow = _DAY_S / (2 * math.pi) * math.cos(2 * math.pi * second / _DAY_S + self.phase)
        fast = _QUARTER_S / (2 * math.pi) * math.cos(2 * math.pi * second / _QUARTER_S + 3 * self.phase)
        return self.mean * (second - 0.3 * slow - 0.05 * fast)


@dataclass(frozen=True, slots=True)
class Load:
    """What one container uses, or what a node uses for itself."""

    cpu: Wave
    memory: int
    network: Wave

    def at(self, second: float) -> Reading:
        """What is measured at a moment; nothing before the beginning."""
        if second < self.cpu.began:
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


def scraped(second: float) -> int:
    """The moment of the last measurement."""
    return math.floor(second / SCRAPE_S) * SCRAPE_S


def seconds(stamp: str) -> float:
    """A moment of an object as seconds since the epoch."""
    return float(timegm(strptime(stamp[:19], "%Y-%m-%dT%H:%M:%S")))


def began(obj: Mapping[str, Any]) -> float:
    """When an object came to be."""
    return seconds(obj["metadata"]["creationTimestamp"])


def wave(mean: float, beginning: float, seed: str) -> Wave:
    """A wave whose size and phase go with a text."""
    size, phase = _two(seed)
    return Wave(mean * (0.8 + 0.4 * size), beginning, 2 * math.pi * phase)


def running(pod: Mapping[str, Any]) -> Iterator[tuple[Mapping[str, Any], Load]]:
    """The containers of a pod that run, with what they use."""
    states = {one["name"]: one.get("state") or {} for one in (pod.get("status") or {}).get("containerStatuses") or ()}
    metadata = pod["metadata"]
    for box in pod["spec"]["containers"]:
        if "running" in states.get(box["name"], {}):
            seed = f"{metadata.get('namespace')}/{metadata['name']}/{box['name']}"
            since = seconds(states[box["name"]]["running"]["startedAt"])
            yield box, _load(_PROFILES.get(box["name"], _OTHER), since, seed)


def of_pods(pods: Iterable[Mapping[str, Any]], second: float) -> Reading:
    """What these pods use together."""
    return sum((load.at(second) for pod in pods for _, load in running(pod)), Reading())


def of_node(node: Mapping[str, Any], pods: Iterable[Mapping[str, Any]], second: float) -> Reading:
    """What a node uses: its pods, chosen from these, and what it needs for itself."""
    return sum((load.at(second) for load in on_node(node, pods)), Reading())


def on_node(node: Mapping[str, Any], pods: Iterable[Mapping[str, Any]]) -> list[Load]:
    """The loads that make up what a node uses."""
    name = node["metadata"]["name"]
    own = [pod for pod in pods if pod["spec"].get("nodeName") == name]
    loads = [load for pod in own for _, load in running(pod)]
    return [_load(_SYSTEM, began(node), f"node/{name}"), *loads]


def _load(profile: tuple[float, float, float], beginning: float, seed: str) -> Load:
    cores, mebibytes, traffic = profile
    size, _ = _two(f"{seed}/memory")
    memory = int(mebibytes * _MIB * (0.85 + 0.3 * size))
    return Load(wave(cores, beginning, f"{seed}/cpu"), memory, wave(traffic, beginning, f"{seed}/network"))


def _two(seed: str) -> tuple[float, float]:
    """Two numbers from 0 to 1 that go with a text."""
    digest = hashlib.sha256(seed.encode()).digest()
    return int.from_bytes(digest[:4], "big") / 2**32, int.from_bytes(digest[4:8], "big") / 2**32
