"""A node's kubelet: its resource summary and the metrics of its containers; it has no streams yet."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final

from ..api.store import timestamp
from ..http.exchange import Exchange
from ..world.usage import NODE_MEMORY, Reading, last_scrape, node_usage, pods_usage, running_containers
from .web import Router, send_html, send_json, send_text

if TYPE_CHECKING:
    from ..world.builder import World


Family = tuple[str, str, str]
"""The name, type and help text of a metric."""
Samples = list[tuple[str, float]]
"""Labels in braces, and the value of each sample."""

_CPU: Final = ("container_cpu_usage_seconds_total", "counter", "Cumulative cpu time consumed in seconds.")
_WORKING_SET: Final = ("container_memory_working_set_bytes", "gauge", "Current working set in bytes.")
_RECEIVED: Final = ("container_network_receive_bytes_total", "counter", "Cumulative count of bytes received.")
_SENT: Final = ("container_network_transmit_bytes_total", "counter", "Cumulative count of bytes transmitted.")
_STARTED: Final = ("container_start_time_seconds", "gauge", "Start time of the container since unix epoch in seconds.")
_BUILD_INFO: Final = ("kubernetes_build_info", "gauge", "The versions that this was built from.")
_NODE_NAME: Final = ("kubelet_node_name", "gauge", "The node's name. The value is always 1.")
_RUNNING_PODS: Final = ("kubelet_running_pods", "gauge", "Number of pods that have a running sandbox.")
_RUNNING_CONTAINERS: Final = ("kubelet_running_containers", "gauge", "Number of containers currently running.")
_PROBES: Final = ("prober_probe_total", "counter", "Cumulative number of probes for a container by result.")


class Kubelet:
    """The kubelet of one node.

    Parameters
    ----------
    world
        The world of which the node is a part.
    node
        The node's name.
    """

    def __init__(self, world: World, node: str) -> None:
        self._world = world
        self._node = node
        self._router = Router(
            ("GET", "/healthz", self._healthz),
            ("GET", "/pods/?", self._pods),
            ("GET", "/stats/summary", self._summary),
            ("GET", "/metrics", self._metrics),
            ("GET", "/metrics/cadvisor", self._cadvisor),
            ("GET", "/metrics/resource", self._resource),
            ("GET", "/metrics/probes", self._probes),
            ("GET", "/configz", self._config),
            ("GET", "/logs/?", self._logs),
        )

    async def __call__(self, exchange: Exchange) -> None:
        """Answer one request."""
        await self._router(exchange)

    async def _healthz(self, exchange: Exchange) -> None:
        await send_text(exchange, 200, "ok")

    async def _pods(self, exchange: Exchange) -> None:
        await send_json(
            exchange, 200, {"kind": "PodList", "apiVersion": "v1", "metadata": {}, "items": self._pods_here()}
        )

    async def _summary(self, exchange: Exchange) -> None:
        second = last_scrape(time.time())
        now = timestamp(second)
        reading = node_usage(self._node_object, self._pods_here(), second)
        node = {
            "nodeName": self._node,
            "startTime": self._node_object["metadata"]["creationTimestamp"],
            **_stats(reading, now, NODE_MEMORY),
            "network": _network(reading, now),
            "fs": _filesystem(now, 30 * 2**30),
        }
        pods = [_pod_summary(pod, second) for pod in self._pods_here()]
        await send_json(exchange, 200, {"node": node, "pods": pods}, indent=1)

    async def _metrics(self, exchange: Exchange) -> None:
        count = sum(1 for pod in self._pods_here() for _ in running_containers(pod))
        version = self._node_object["status"]["nodeInfo"]["kubeletVersion"]
        families: list[tuple[Family, Samples]] = [
            (_BUILD_INFO, [(f'{{git_version="{version}",platform="linux/amd64"}}', 1)]),
            (_NODE_NAME, [(f'{{node="{self._node}"}}', 1)]),
            (_RUNNING_PODS, [("", len(self._pods_here()))]),
            (_RUNNING_CONTAINERS, [('{container_state="running"}', count)]),
        ]
        await _send_metrics(exchange, families)

    async def _cadvisor(self, exchange: Exchange) -> None:
        second = last_scrape(time.time())
        families: dict[Family, Samples] = {_CPU: [], _WORKING_SET: [], _STARTED: [], _RECEIVED: [], _SENT: []}
        for pod in self._pods_here():
            for container, load in running_containers(pod):
                labels, reading = _cadvisor_labels(pod, container), load.at(second)
                families[_CPU].append((labels, round(reading.cpu_s, 3)))
                families[_WORKING_SET].append((labels, reading.memory))
                families[_STARTED].append((labels, int(load.cpu.started_at)))
            reading = pods_usage([pod], second)
            if reading.memory:
                labels = _cadvisor_labels(pod)
                families[_RECEIVED].append((labels, reading.received))
                families[_SENT].append((labels, reading.sent))
        await _send_metrics(exchange, families.items())

    async def _resource(self, exchange: Exchange) -> None:
        """The metrics that metrics-server reads."""
        second = last_scrape(time.time())
        node = node_usage(self._node_object, self._pods_here(), second)
        loads = [
            (f"{{{_container_labels(pod, container)}}}", load)
            for pod in self._pods_here()
            for container, load in running_containers(pod)
        ]
        cpu, memory = "Cumulative cpu time consumed in core-seconds", "Current working set in bytes"
        families: list[tuple[Family, Samples]] = [
            (
                ("container_cpu_usage_seconds_total", "counter", f"{cpu} of the container."),
                [(labels, round(load.at(second).cpu_s, 3)) for labels, load in loads],
            ),
            (
                ("container_memory_working_set_bytes", "gauge", f"{memory} of the container."),
                [(labels, load.at(second).memory) for labels, load in loads],
            ),
            (("node_cpu_usage_seconds_total", "counter", f"{cpu} of the node."), [("", round(node.cpu_s, 3))]),
            (("node_memory_working_set_bytes", "gauge", f"{memory} of the node."), [("", node.memory)]),
        ]
        await _send_metrics(exchange, families)

    async def _probes(self, exchange: Exchange) -> None:
        samples: Samples = []
        for pod in self._pods_here():
            for container, load in running_containers(pod):
                if probe := container.get("readinessProbe"):
                    count = int((time.time() - load.cpu.started_at) // probe["periodSeconds"])
                    labels = _container_labels(pod, container)
                    samples.append((f'{{{labels},probe_type="Readiness",result="failed"}}', count))
        await _send_metrics(exchange, [(_PROBES, samples)])

    async def _config(self, exchange: Exchange) -> None:
        config = {
            "kind": "KubeletConfiguration", "apiVersion": "kubelet.config.k8s.io/v1beta1", "port": 10250,
            "cgroupDriver": "systemd", "clusterDomain": "cluster.local", "clusterDNS": ["10.96.0.10"], "maxPods": 110,
            "podCIDR": self._node_object["spec"]["podCIDR"],
        }  # fmt: skip
        await send_json(exchange, 200, {"kubeletconfig": config})

    async def _logs(self, exchange: Exchange) -> None:
        """A directory listing like that of Go's file server."""
        names = ("containers/", "pods/")
        links = "".join(f'<a href="{name}">{name}</a>\n' for name in names)
        page = f'<!doctype html>\n<meta name="viewport" content="width=device-width">\n<pre>\n{links}</pre>\n'
        await send_html(exchange, 200, page)

    @property
    def _node_object(self) -> dict[str, Any]:
        nodes = (obj for obj in self._world.objects if obj["kind"] == "Node")
        return next(node for node in nodes if node["metadata"]["name"] == self._node)

    def _pods_here(self) -> list[dict[str, Any]]:
        pods = (obj for obj in self._world.objects if obj["kind"] == "Pod")
        return [pod for pod in pods if pod["spec"].get("nodeName") == self._node]


async def _send_metrics(exchange: Exchange, families: Iterable[tuple[Family, Samples]]) -> None:
    await send_text(exchange, 200, "".join(_family_text(family, samples) for family, samples in families))


def _family_text(family: Family, samples: Samples) -> str:
    name, kind, description = family
    lines = "".join(f"{name}{labels} {value}\n" for labels, value in samples)
    return f"# HELP {name} {description}\n# TYPE {name} {kind}\n{lines}" if lines else ""


def _container_labels(pod: Mapping[str, Any], container: Mapping[str, Any]) -> str:
    metadata = pod["metadata"]
    return f'container="{container["name"]}",namespace="{metadata["namespace"]}",pod="{metadata["name"]}"'


def _cadvisor_labels(pod: Mapping[str, Any], container: Mapping[str, Any] | None = None) -> str:
    """The labels of a container, or without one, of the pod's network interface."""
    metadata = pod["metadata"]
    pod_labels = f'namespace="{metadata["namespace"]}",pod="{metadata["name"]}"'
    group = f"/kubepods.slice/kubepods-pod{metadata['uid'].replace('-', '_')}.slice"
    if container is None:
        return f'{{container="",id="{group}",image="",interface="eth0",name="",{pod_labels}}}'
    name, image = container["name"], container["image"]
    status = next(status for status in pod["status"]["containerStatuses"] if status["name"] == name)
    number = str(status.get("containerID", "")).rpartition("/")[2]
    cgroup = f"{group}/cri-containerd-{number}.scope"
    return f'{{container="{name}",id="{cgroup}",image="{image}",name="{number}",{pod_labels}}}'


def _pod_summary(pod: Mapping[str, Any], second: float) -> dict[str, Any]:
    now = timestamp(second)
    containers = [
        {
            "name": container["name"],
            "startTime": timestamp(load.cpu.started_at),
            **_stats(load.at(second), now),
            "rootfs": _filesystem(now, 40 * 2**20),
            "logs": _filesystem(now, 2**20),
        }
        for container, load in running_containers(pod)
    ]
    summary: dict[str, Any] = {
        "podRef": {key: pod["metadata"][key] for key in ("name", "namespace", "uid")},
        "startTime": pod["status"]["startTime"],
        "containers": containers,
    }
    if containers:
        reading = pods_usage([pod], second)
        summary |= _stats(reading, now) | {"network": _network(reading, now)}
    return summary


def _stats(reading: Reading, now: str, available: int = 0) -> dict[str, Any]:
    memory = {"time": now, "usageBytes": reading.memory * 6 // 5, "workingSetBytes": reading.memory}
    if available:
        memory["availableBytes"] = available - reading.memory
    cpu = {
        "time": now,
        "usageNanoCores": int(reading.cores * 1e9),
        "usageCoreNanoSeconds": int(reading.cpu_s * 1e9),
    }
    return {"cpu": cpu, "memory": memory}


def _network(reading: Reading, now: str) -> dict[str, Any]:
    counts = {"rxBytes": reading.received, "rxErrors": 0, "txBytes": reading.sent, "txErrors": 0}
    return {"time": now, "name": "eth0", **counts, "interfaces": [{"name": "eth0", **counts}]}


def _filesystem(now: str, used: int) -> dict[str, Any]:
    capacity = 100 * 2**30
    return {"time": now, "capacityBytes": capacity, "usedBytes": used, "availableBytes": 70 * 2**30}
