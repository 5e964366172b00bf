"""The series: each one a function of time, sampled every fifteen seconds; the same at every start."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

SCRAPE_S: Final = 15
LOOKBACK_S: Final = 300
NAME: Final = "__name__"
_ZERO: Final = 1_767_225_600
"""Counters began at this second."""

Sample = float | dict[str, Any]
"""A number, or a native histogram as the API writes it."""


@dataclass(frozen=True)
class Series:
    """Labels with the metric's name, and the value at a second; None where there is no sample."""

    labels: Mapping[str, str]
    value: Callable[[float], Sample | None]

    def at(self, second: float) -> Sample | None:
        """The newest sample, unless it is too old or the series has gone stale."""
        grid = math.floor(second / SCRAPE_S) * SCRAPE_S
        return self.value(grid)

    def samples(self, begin: float, end: float) -> list[tuple[float, Sample]]:
        """The samples after `begin`, up to `end`."""
        first = math.floor(begin / SCRAPE_S) + 1
        last = math.floor(end / SCRAPE_S)
        found = ((number * SCRAPE_S, self.value(number * SCRAPE_S)) for number in range(first, last + 1))
        return [(float(second), value) for second, value in found if value is not None]


@dataclass(frozen=True, slots=True)
class Target:
    """Something that is scraped."""

    job: str
    instance: str
    labels: Mapping[str, str]
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
    "node_memory_MemAvailable_bytes": ("gauge", "Memory that could be had."),
    "container_cpu_usage_seconds_total": ("counter", "CPU time of a container."),
    "container_memory_working_set_bytes": ("gauge", "Memory of a container that is in use."),
    "kube_pod_info": ("gauge", "One for each pod."),
    "kube_pod_status_ready": ("gauge", "Whether a pod is ready."),
    "coredns_dns_requests_total": ("counter", "DNS requests."),
    "process_start_time_seconds": ("gauge", "When the process started."),
    "demo_special_value": ("gauge", "Numbers that are none."),
    "demo_comes_and_goes": ("gauge", "There for the first half of every ten minutes."),
}
"""Type and help of each metric."""


def targets(objects: list[dict[str, Any]]) -> list[Target]:
    """What the pods and nodes of a world offer to be scraped."""
    out = []
    for thing in objects:
        if thing["kind"] == "Node":
            name = thing["metadata"]["name"]
            address = next(one["address"] for one in thing["status"]["addresses"] if one["type"] == "InternalIP")
            out.append(Target("node", f"{address}:9100", {"node": name}))
        if thing["kind"] != "Pod":
            continue
        metadata, app = thing["metadata"], (thing["metadata"].get("labels") or {}).get("app", "")
        port = {"prometheus": 9090, "web": 8080, "backoffice": 9100, "kube-dns": 9153}.get(app)
        if port:
            where = {"namespace": metadata["namespace"], "pod": metadata["name"]}
            fails = app == "web" and sum(1 for one in out if one.job == "web") == 2
            out.append(Target(app, f"{thing['status']['podIP']}:{port}", where, fails))
    return out


def series(objects: list[dict[str, Any]]) -> list[Series]:
    """All series of a world."""
    found = [one for target in targets(objects) for one in _of_target(target)]
    found += [one for thing in objects if thing["kind"] == "Pod" for one in _of_pod(thing)]
    found += _special()
    return sorted(found, key=lambda one: sorted(one.labels.items()))


def _of_target(target: Target) -> Iterator[Series]:
    labels = target.all_labels

    def made(name: str, value: Callable[[float], Sample | None], **more: str) -> Series:
        return Series({NAME: name, **labels, **more}, value)

    yield made("up", lambda second: 0.0 if target.fails and second % 60 < 10 else 1.0)
    yield made("process_start_time_seconds", lambda second: float(_ZERO + 86_400))
    if target.job in ("web", "backoffice"):
        for code, method, share in (
            ("200", "get", 6.0),
            ("201", "post", 1.5),
            ("404", "get", 0.4),
            ("503", "get", 0.05),
        ):
            rate = share * _factor(target.instance + code)
            yield made("http_requests_total", _counter(rate, target.instance), code=code, method=method)
        yield made("shop_orders_total", _counter(0.02, target.instance))
        rate = 6 * _factor(target.instance)
        yield made("http_request_duration_seconds", _histogram(rate, target.instance))
        total = _counter(rate, target.instance)
        for bound, share in (("0.05", 0.4), ("0.1", 0.7), ("0.5", 0.95), ("1", 0.99), ("+Inf", 1.0)):
            yield made("http_request_duration_seconds_bucket", _scaled(total, share), le=bound)
        yield made("http_request_duration_seconds_count", _scaled(total, 1.0))
        yield made("http_request_duration_seconds_sum", lambda second: round(_plain(total(second)) * 0.13, 3))
    if target.job == "node":
        for mode, share in (("idle", 0.78), ("user", 0.15), ("system", 0.06), ("iowait", 0.01)):
            for cpu in ("0", "1"):
                yield made("node_cpu_seconds_total", _counter(share, target.instance + mode + cpu), cpu=cpu, mode=mode)
        yield made("node_memory_MemAvailable_bytes", _gauge(8e9, 1e9, target.instance))
    if target.job == "kube-dns":
        for kind in ("A", "AAAA"):
            yield made("coredns_dns_requests_total", _counter(3.0, target.instance + kind), type=kind, proto="udp")


def _of_pod(thing: dict[str, Any]) -> Iterator[Series]:
    metadata, status = thing["metadata"], thing["status"]
    where = {"namespace": metadata["namespace"], "pod": metadata["name"]}
    info = {"node": thing["spec"].get("nodeName", ""), "pod_ip": status.get("podIP", "")}
    yield Series({NAME: "kube_pod_info", **where, **info}, lambda second: 1.0)
    ready = any(one["type"] == "Ready" and one["status"] == "True" for one in status.get("conditions") or ())
    for condition in ("true", "false"):
        value = float((condition == "true") is ready)
        yield Series({NAME: "kube_pod_status_ready", **where, "condition": condition}, _constant(value))
    for box in thing["spec"]["containers"]:
        labels = {**where, "container": box["name"]}
        seed = metadata["name"] + box["name"]
        yield Series({NAME: "container_cpu_usage_seconds_total", **labels}, _counter(0.05, seed))
        yield Series({NAME: "container_memory_working_set_bytes", **labels}, _gauge(6e7, 1e7, seed))


def _special() -> list[Series]:
    out = [
        Series({NAME: "demo_special_value", "kind": kind}, _constant(value))
        for kind, value in (("nan", math.nan), ("plus_inf", math.inf), ("minus_inf", -math.inf), ("tiny", 5e-324))
    ]
    out.append(Series({NAME: "demo_comes_and_goes"}, lambda second: 1.0 if second % 600 < 300 else None))
    return out


def _constant(value: float) -> Callable[[float], Sample]:
    return lambda second: value


def _counter(rate: float, seed: str) -> Callable[[float], Sample]:
    """Grows by `rate` a second on average, faster in the afternoon."""
    phase = _factor(seed) * 86_400

    def value(second: float) -> float:
        age = second - _ZERO
        wave = math.sin(2 * math.pi * (second + phase) / 86_400)
        start = math.sin(2 * math.pi * (_ZERO + phase) / 86_400)
        return float(round(rate * (age + 0.6 * 86_400 / (2 * math.pi) * (wave - start)), 2))

    return value


def _gauge(middle: float, swing: float, seed: str) -> Callable[[float], Sample]:
    phase = _factor(seed) * 3600
    return lambda second: float(round(middle + swing * math.sin(2 * math.pi * (second + phase) / 3600)))


def _scaled(of: Callable[[float], Sample], share: float) -> Callable[[float], Sample]:
    return lambda second: float(math.floor(_plain(of(second)) * share))


def _histogram(rate: float, seed: str) -> Callable[[float], Sample]:
    """A native histogram of schema 0: the bounds are powers of two."""
    total = _counter(rate, seed)

    def value(second: float) -> dict[str, Any]:
        count = math.floor(_plain(total(second)))
        shares = ((0.0625, 0.4), (0.125, 0.3), (0.25, 0.2), (0.5, 0.08), (1.0, 0.02))
        buckets = [[0, str(bound / 2), str(bound), str(math.floor(count * share))] for bound, share in shares]
        return {"count": str(count), "sum": str(round(count * 0.13, 3)), "buckets": buckets}

    return value


def _plain(value: Sample) -> float:
    return value if isinstance(value, float) else 0.0


def _factor(seed: str) -> float:
    """A number from 0.5 to 1.5 that goes with a text."""
    return 0.5 + int.from_bytes(hashlib.sha256(seed.encode()).digest()[:4], "big") / 2**32
