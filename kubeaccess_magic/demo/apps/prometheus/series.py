"""The series: each one a function of time, sampled every fifteen seconds, from what the world's apps and pods say."""

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
"""A number, or a native histogram as the API writes it."""


@dataclass(frozen=True)
class Series:
    """Labels with the metric's name, and the value at a second; None where there is no sample.

    Attributes
    ----------
    began
        When what is scraped came to be: there is nothing before, nor after the last scrape.
    """

    labels: Mapping[str, str]
    value: Callable[[float], Sample | None]
    started_at: float

    def at(self, second: float) -> Sample | None:
        """The newest sample, unless it is too old or the series has gone stale."""
        now = time.time()
        grid = min(last_scrape(second), last_scrape(now))
        if second - grid > LOOKBACK_S or grid < max(self.started_at, now - RETENTION_S):
            return None
        return self.value(grid)

    def samples(self, begin: float, end: float) -> list[tuple[float, Sample]]:
        """The samples after `begin`, up to `end`."""
        now = time.time()
        oldest = math.ceil(max(self.started_at, now - RETENTION_S) / SCRAPE_S)
        first = max(math.floor(begin / SCRAPE_S) + 1, oldest)
        last = math.floor(min(end, now) / SCRAPE_S)
        found = ((number * SCRAPE_S, self.value(number * SCRAPE_S)) for number in range(first, last + 1))
        return [(float(second), value) for second, value in found if value is not None]


@dataclass(frozen=True, slots=True)
class ScrapeTarget:
    """Something that is scraped."""

    job: str
    instance: str
    labels: Mapping[str, str]
    started_at: float
    fails: bool = False

    @property
    def all_labels(self) -> dict[str, str]:
        """Those that every series of it has."""
        return {"instance": self.instance, "job": self.job, **self.labels}


METADATA: Final = {
    "up": ("gauge", "Whether the last scrape worked."),
    "http_requests_total": ("counter", "Requests answered."),
    "http_request_duration_seconds": ("histogram", "How long requests took."),
    "shop_orders_total": ("counter", "Orders placed."),
    "node_cpu_seconds_total": ("counter", "Seconds the CPUs spent in each mode."),
    "node_memory_MemTotal_bytes": ("gauge", "Memory that the node has."),
    "node_memory_MemAvailable_bytes": ("gauge", "Memory that could be had."),
    "container_cpu_usage_seconds_total": ("counter", "CPU time of a container."),
    "container_memory_working_set_bytes": ("gauge", "Memory of a container that is in use."),
    "kube_pod_info": ("gauge", "One for each pod."),
    "kube_pod_status_ready": ("gauge", "Whether a pod is ready."),
    "kube_pod_container_status_restarts_total": ("counter", "How often a container was started again."),
    "coredns_dns_requests_total": ("counter", "DNS requests."),
    "process_start_time_seconds": ("gauge", "When the process started."),
    "demo_special_value": ("gauge", "Numbers that are none."),
    "demo_comes_and_goes": ("gauge", "There for the first half of every ten minutes."),
}
"""Type and help of each metric."""


def targets(world: World) -> list[ScrapeTarget]:
    """What the pods and nodes of a world offer to be scraped."""
    out = []
    for obj in world.objects:
        if obj["kind"] == "Node":
            name = obj["metadata"]["name"]
            address = next(one["address"] for one in obj["status"]["addresses"] if one["type"] == "InternalIP")
            out.append(ScrapeTarget("node", f"{address}:9100", {"node": name}, created_at(obj)))
        if obj["kind"] != "Pod":
            continue
        metadata, app = obj["metadata"], (obj["metadata"].get("labels") or {}).get("app", "")
        port = {"prometheus": 9090, "web": 8080, "backoffice": 9100, "kube-dns": 9153}.get(app)
        if port:
            where = {"namespace": metadata["namespace"], "pod": metadata["name"]}
            instance = f"{obj['status']['podIP']}:{port}"
            scraped_app = world.apps.get(instance)
            fails = isinstance(scraped_app, Shop) and scraped_app.fails
            out.append(ScrapeTarget(app, instance, where, created_at(obj), fails))
    return out


def series(world: World) -> list[Series]:
    """All series of a world."""
    found = [one for target in targets(world) for one in _of_target(target, world)]
    pods = [obj for obj in world.objects if obj["kind"] == "Pod"]
    found += [one for obj in pods for one in _of_pod(obj, world.now)]
    own = [created_at(obj) for obj in pods if (obj["metadata"].get("labels") or {}).get("app") == "prometheus"]
    found += _special(min(own, default=world.now))
    return sorted(found, key=lambda one: sorted(one.labels.items()))


def _of_target(target: ScrapeTarget, world: World) -> Iterator[Series]:
    """The series of a target; when it could not be scraped, there is `up` alone."""
    labels = target.all_labels

    def made(name: str, value: Callable[[float], Sample], **more: str) -> Series:
        def seen(second: float) -> Sample | None:
            return None if target.fails and failing(second) else value(second)

        return Series({NAME: name, **labels, **more}, seen, target.started_at)

    def is_up(second: float) -> float:
        return 0.0 if target.fails and failing(second) else 1.0

    yield Series({NAME: "up", **labels}, is_up, target.started_at)
    yield made("process_start_time_seconds", _constant(target.started_at))
    app = world.apps.get(target.instance)
    if isinstance(app, Shop):
        yield made("shop_orders_total", _counted(app.orders.count))
        yield from _of_traffic(app.traffic, made)
    if isinstance(app, Dns):
        for (kind, proto), asked in app.waves.items():
            more = {"family": "1", "server": "dns://:53", "zone": "."}
            yield made("coredns_dns_requests_total", _counted(asked.count), type=kind, proto=proto, **more)
    if target.job == "node":
        node = next(one for one in world.objects if one["metadata"]["name"] == target.labels["node"])
        yield from _of_node(
            target.started_at, node_loads(node, (one for one in world.objects if one["kind"] == "Pod")), made
        )


def _of_traffic(traffic: Traffic, made: Callable[..., Series]) -> Iterator[Series]:
    for code, method in traffic.pairs:
        yield made("http_requests_total", _requests(traffic, (code, method)), code=code, method=method)
    name = "http_request_duration_seconds"
    yield made(name, lambda second: _histogram(traffic.total(second)))
    for bound, share in BOUNDS:
        yield made(f"{name}_bucket", _share(traffic, share), le=bound)
    yield made(f"{name}_count", _share(traffic, 1.0))
    yield made(f"{name}_sum", lambda second: duration_sum(traffic.total(second)))


def _of_node(beginning: float, loads: list[Load], made: Callable[..., Series]) -> Iterator[Series]:
    @lru_cache(maxsize=8192)  # all modes of all CPUs are parts of the same sum
    def used(second: float) -> float:
        return sum(load.cpu.total(second) for load in loads)

    def busy(share: float) -> Callable[[float], Sample]:
        return lambda second: round(used(second) * share / NODE_CORES, 3)

    in_use = busy(1.0)

    def idle(second: float) -> Sample:
        return round(second - beginning - _plain(in_use(second)), 3)

    def available(second: float) -> Sample:
        return float(NODE_MEMORY - sum(load.at(second).memory for load in loads))

    for cpu in range(NODE_CORES):
        for mode, share in (("user", 0.7), ("system", 0.25), ("iowait", 0.05)):
            yield made("node_cpu_seconds_total", busy(share), cpu=str(cpu), mode=mode)
        yield made("node_cpu_seconds_total", idle, cpu=str(cpu), mode="idle")
    yield made("node_memory_MemTotal_bytes", _constant(float(NODE_MEMORY)))
    yield made("node_memory_MemAvailable_bytes", available)


def _of_pod(obj: dict[str, Any], now: float) -> Iterator[Series]:
    metadata, status, beginning = obj["metadata"], obj["status"], created_at(obj)
    where = {"namespace": metadata["namespace"], "pod": metadata["name"]}

    def made(name: str, value: Callable[[float], Sample], **more: str) -> Series:
        return Series({NAME: name, **where, **more}, value, beginning)

    yield made("kube_pod_info", _constant(1.0), node=obj["spec"].get("nodeName", ""), pod_ip=status.get("podIP", ""))
    ready = any(one["type"] == "Ready" and one["status"] == "True" for one in status.get("conditions") or ())
    for condition in ("true", "false"):
        yield made("kube_pod_status_ready", _constant(float((condition == "true") is ready)), condition=condition)
    for one in status.get("containerStatuses") or ():
        restarts = _steps(one["restartCount"], beginning, now)
        yield made("kube_pod_container_status_restarts_total", restarts, container=one["name"])
    for box, load in running_containers(obj):
        yield made("container_cpu_usage_seconds_total", _cpu(load), container=box["name"])
        yield made("container_memory_working_set_bytes", _memory(load), container=box["name"])


def _special(beginning: float) -> list[Series]:
    out = [
        Series({NAME: "demo_special_value", "kind": kind}, _constant(value), beginning)
        for kind, value in (("nan", math.nan), ("plus_inf", math.inf), ("minus_inf", -math.inf), ("tiny", 5e-324))
    ]
    out.append(Series({NAME: "demo_comes_and_goes"}, lambda second: 1.0 if second % 600 < 300 else None, beginning))
    return out


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


def _steps(count: int, beginning: float, now: float) -> Callable[[float], Sample]:
    """Grows from 0 to the count, one step after the other."""
    return lambda second: float(min(count, math.floor(count * (second - beginning) / max(now - beginning, 1.0))))


def _histogram(total: int) -> dict[str, Any]:
    """A native histogram of schema 0: the bounds are powers of two."""
    shares = ((0.0625, 0.4), (0.125, 0.3), (0.25, 0.2), (0.5, 0.08))
    counts = [(bound, math.floor(total * share)) for bound, share in shares]
    counts.append((1.0, total - sum(count for _, count in counts)))
    buckets = [[0, str(bound / 2), str(bound), str(count)] for bound, count in counts]
    return {"count": str(total), "sum": str(duration_sum(total)), "buckets": buckets}


def _plain(value: Sample) -> float:
    return value if isinstance(value, float) else 0.0
