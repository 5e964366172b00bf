"""The series, each a function of time that is sampled every fifteen seconds, computed from apps and pods."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from ...world.usage import (
    NODE_CORES,
    NODE_MEMORY,
    SCRAPE_S,
    Load,
    created_at,
    last_scrape,
    node_loads,
    running_containers,
)
from ..kubedns import Dns
from ..shop import Shop
from ..traffic import BOUNDS, Traffic, duration_sum, failing

if TYPE_CHECKING:
    from ...world.builder import World

LOOKBACK_S: Final = 300
RETENTION_S: Final = 15 * 86_400
NAME: Final = "__name__"

Sample = float | dict[str, Any]
"""A number, or a native histogram in the format of the API."""


@dataclass(frozen=True)
class Series:
    """A time series.

    Attributes
    ----------
    labels
        Its labels, including the name of the metric.
    value
        The value at a time; None if there is no sample.
    started_at
        When its target was created, in seconds since the epoch: there are no samples before.
    """

    labels: Mapping[str, str]
    value: Callable[[float], Sample | None]
    started_at: float

    def at(self, second: float) -> Sample | None:
        """The newest sample at a time; None if it is too old, or the series is stale."""
        now = time.time()
        scrape = min(last_scrape(second), last_scrape(now))
        if second - scrape > LOOKBACK_S or scrape < max(self.started_at, now - RETENTION_S):
            return None
        return self.value(scrape)

    def samples(self, begin: float, end: float) -> list[tuple[float, Sample]]:
        """The samples in a range of time.

        Parameters
        ----------
        begin, end
            The range in seconds since the epoch; the begin is excluded, the end included.
        """
        now = time.time()
        oldest = math.ceil(max(self.started_at, now - RETENTION_S) / SCRAPE_S)
        first = max(math.floor(begin / SCRAPE_S) + 1, oldest)
        last = math.floor(min(end, now) / SCRAPE_S)
        all_series = ((number * SCRAPE_S, self.value(number * SCRAPE_S)) for number in range(first, last + 1))
        return [(float(second), value) for second, value in all_series if value is not None]


@dataclass(frozen=True, slots=True)
class ScrapeTarget:
    """A target that is scraped."""

    job: str
    instance: str
    labels: Mapping[str, str]
    started_at: float
    fails: bool = False

    @property
    def all_labels(self) -> dict[str, str]:
        """The labels that all its series have."""
        return {"instance": self.instance, "job": self.job, **self.labels}


METADATA: Final = {
    "up": ("gauge", "Whether the last scrape worked."),
    "http_requests_total": ("counter", "Requests answered."),
    "http_request_duration_seconds": ("histogram", "How long requests took."),
    "shop_orders_total": ("counter", "Orders placed."),
    "node_cpu_seconds_total": ("counter", "Seconds the CPUs spent in each mode."),
    "node_memory_MemTotal_bytes": ("gauge", "Memory that the node has."),
    "node_memory_MemAvailable_bytes": ("gauge", "Memory that is available."),
    "container_cpu_usage_seconds_total": ("counter", "CPU time of a container."),
    "container_memory_working_set_bytes": ("gauge", "Memory of a container that is in use."),
    "kube_pod_info": ("gauge", "One for each pod."),
    "kube_pod_status_ready": ("gauge", "Whether a pod is ready."),
    "kube_pod_container_status_restarts_total": ("counter", "How often a container was restarted."),
    "coredns_dns_requests_total": ("counter", "DNS requests."),
    "process_start_time_seconds": ("gauge", "When the process started."),
    "demo_special_value": ("gauge", "Special values: NaN, infinities and a tiny number."),
    "demo_comes_and_goes": ("gauge", "Present in the first half of every ten minutes."),
}
"""Metric → its type and help text."""


def targets(world: World) -> list[ScrapeTarget]:
    """The scrape targets in a world: pods and nodes with metrics."""
    scrape_targets = []
    for obj in world.objects:
        if obj["kind"] == "Node":
            name = obj["metadata"]["name"]
            address = next(entry["address"] for entry in obj["status"]["addresses"] if entry["type"] == "InternalIP")
            scrape_targets.append(ScrapeTarget("node", f"{address}:9100", {"node": name}, created_at(obj)))
        if obj["kind"] != "Pod":
            continue
        metadata, app = obj["metadata"], (obj["metadata"].get("labels") or {}).get("app", "")
        port = {"prometheus": 9090, "web": 8080, "backoffice": 9100, "kube-dns": 9153}.get(app)
        if port:
            pod_labels = {"namespace": metadata["namespace"], "pod": metadata["name"]}
            instance = f"{obj['status']['podIP']}:{port}"
            scraped_app = world.apps.get(instance)
            fails = isinstance(scraped_app, Shop) and scraped_app.fails
            scrape_targets.append(ScrapeTarget(app, instance, pod_labels, created_at(obj), fails))
    return scrape_targets


def series(world: World) -> list[Series]:
    """All series in a world."""
    all_series = [entry for target in targets(world) for entry in _of_target(target, world)]
    pods = [obj for obj in world.objects if obj["kind"] == "Pod"]
    all_series += [entry for pod in pods for entry in _of_pod(pod, world.now)]
    prometheus_starts = [
        created_at(obj) for obj in pods if (obj["metadata"].get("labels") or {}).get("app") == "prometheus"
    ]
    all_series += _special(min(prometheus_starts, default=world.now))
    return sorted(all_series, key=lambda entry: sorted(entry.labels.items()))


def _of_target(target: ScrapeTarget, world: World) -> Iterator[Series]:
    """The series of a target; while it cannot be scraped, only `up` has samples."""
    target_labels = target.all_labels

    def make(name: str, value: Callable[[float], Sample], **labels: str) -> Series:
        def value_if_up(second: float) -> Sample | None:
            return None if target.fails and failing(second) else value(second)

        return Series({NAME: name, **target_labels, **labels}, value_if_up, target.started_at)

    def is_up(second: float) -> float:
        return 0.0 if target.fails and failing(second) else 1.0

    yield Series({NAME: "up", **target_labels}, is_up, target.started_at)
    yield make("process_start_time_seconds", _constant(target.started_at))
    app = world.apps.get(target.instance)
    if isinstance(app, Shop):
        yield make("shop_orders_total", _counted(app.orders.count))
        yield from _of_traffic(app.traffic, make)
    if isinstance(app, Dns):
        for (kind, proto), query_wave in app.waves.items():
            labels = {"family": "1", "server": "dns://:53", "zone": "."}
            yield make("coredns_dns_requests_total", _counted(query_wave.count), type=kind, proto=proto, **labels)
    if target.job == "node":
        node = next(obj for obj in world.objects if obj["metadata"]["name"] == target.labels["node"])
        pods = (obj for obj in world.objects if obj["kind"] == "Pod")
        yield from _of_node(target.started_at, node_loads(node, pods), make)


def _of_traffic(traffic: Traffic, make: Callable[..., Series]) -> Iterator[Series]:
    for code, method in traffic.pairs:
        yield make("http_requests_total", _requests(traffic, (code, method)), code=code, method=method)
    name = "http_request_duration_seconds"
    yield make(name, lambda second: _histogram(traffic.total(second)))
    for bound, share in BOUNDS:
        yield make(f"{name}_bucket", _share(traffic, share), le=bound)
    yield make(f"{name}_count", _share(traffic, 1.0))
    yield make(f"{name}_sum", lambda second: duration_sum(traffic.total(second)))


def _of_node(started_at: float, loads: list[Load], make: Callable[..., Series]) -> Iterator[Series]:
    @lru_cache(maxsize=8192)  # all modes of all CPUs are shares of the same total
    def used(second: float) -> float:
        return sum(load.cpu.total(second) for load in loads)

    def busy(share: float) -> Callable[[float], Sample]:
        return lambda second: round(used(second) * share / NODE_CORES, 3)

    in_use = busy(1.0)

    def idle(second: float) -> Sample:
        return round(second - started_at - _float(in_use(second)), 3)

    def available(second: float) -> Sample:
        return float(NODE_MEMORY - sum(load.at(second).memory for load in loads))

    for cpu in range(NODE_CORES):
        for mode, share in (("user", 0.7), ("system", 0.25), ("iowait", 0.05)):
            yield make("node_cpu_seconds_total", busy(share), cpu=str(cpu), mode=mode)
        yield make("node_cpu_seconds_total", idle, cpu=str(cpu), mode="idle")
    yield make("node_memory_MemTotal_bytes", _constant(float(NODE_MEMORY)))
    yield make("node_memory_MemAvailable_bytes", available)


def _of_pod(pod: dict[str, Any], now: float) -> Iterator[Series]:
    metadata, status, started_at = pod["metadata"], pod["status"], created_at(pod)
    pod_labels = {"namespace": metadata["namespace"], "pod": metadata["name"]}

    def make(name: str, value: Callable[[float], Sample], **labels: str) -> Series:
        return Series({NAME: name, **pod_labels, **labels}, value, started_at)

    yield make("kube_pod_info", _constant(1.0), node=pod["spec"].get("nodeName", ""), pod_ip=status.get("podIP", ""))
    ready = any(
        condition["type"] == "Ready" and condition["status"] == "True" for condition in status.get("conditions") or ()
    )
    for value in ("true", "false"):
        yield make("kube_pod_status_ready", _constant(float((value == "true") is ready)), condition=value)
    for container_status in status.get("containerStatuses") or ():
        restarts = _steps(container_status["restartCount"], started_at, now)
        yield make("kube_pod_container_status_restarts_total", restarts, container=container_status["name"])
    for container, load in running_containers(pod):
        yield make("container_cpu_usage_seconds_total", _cpu(load), container=container["name"])
        yield make("container_memory_working_set_bytes", _memory(load), container=container["name"])


def _special(started_at: float) -> list[Series]:
    special = [
        Series({NAME: "demo_special_value", "kind": kind}, _constant(value), started_at)
        for kind, value in (("nan", math.nan), ("plus_inf", math.inf), ("minus_inf", -math.inf), ("tiny", 5e-324))
    ]
    special.append(
        Series({NAME: "demo_comes_and_goes"}, lambda second: 1.0 if second % 600 < 300 else None, started_at)
    )
    return special


def _constant(value: float) -> Callable[[float], Sample]:
    return lambda second: value


def _counted(count: Callable[[float], int]) -> Callable[[float], Sample]:
    return lambda second: float(count(second))


def _requests(traffic: Traffic, pair: tuple[str, str]) -> Callable[[float], Sample]:
    return lambda second: float(traffic.count(pair, second))


def _share(traffic: Traffic, share: float) -> Callable[[float], Sample]:
    return lambda second: float(math.floor(traffic.total(second) * share))


def _cpu(load: Load) -> Callable[[float], Sample]:
    return lambda second: round(load.cpu.total(second), 3)


def _memory(load: Load) -> Callable[[float], Sample]:
    return lambda second: float(load.at(second).memory)


def _steps(count: int, started_at: float, now: float) -> Callable[[float], Sample]:
    """A value that grows in steps from 0 to a count."""
    return lambda second: float(min(count, math.floor(count * (second - started_at) / max(now - started_at, 1.0))))


def _histogram(total: int) -> dict[str, Any]:
    """A native histogram of schema 0, whose bounds are powers of two."""
    shares = ((0.0625, 0.4), (0.125, 0.3), (0.25, 0.2), (0.5, 0.08))
    counts = [(bound, math.floor(total * share)) for bound, share in shares]
    counts.append((1.0, total - sum(count for _, count in counts)))
    buckets = [[0, str(bound / 2), str(bound), str(count)] for bound, count in counts]
    return {"count": str(total), "sum": str(duration_sum(total)), "buckets": buckets}


def _float(value: Sample) -> float:
    return value if isinstance(value, float) else 0.0
