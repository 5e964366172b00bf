"""A node's kubelet: its summary of resources and the metrics of its containers; no streams yet."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Final

from ..api.store import timestamp
from ..http.exchange import Exchange
from ..world.usage import NODE_MEMORY, Load, Reading, last_scrape, node_usage, pods_usage, running_containers
from .web import Router, send_html, send_json, send_text

if TYPE_CHECKING:
    from ..world.builder import World


Family = tuple[str, str, str]
"""Name, type and help of a metric."""

_CPU: Final = ("container_cpu_usage_seconds_total", "counter", "Cumulative cpu time consumed in seconds.")
_WORKING: Final = ("container_memory_working_set_bytes", "gauge", "Current working set in bytes.")
_RECEIVED: Final = ("container_network_receive_bytes_total", "counter", "Cumulative count of bytes received.")
_SENT: Final = ("container_network_transmit_bytes_total", "counter", "Cumulative count of bytes transmitted.")
_STARTED: Final = ("container_start_time_seconds", "gauge", "Start time of the container since unix epoch in seconds.")
_PROBES: Final = ("prober_probe_total", "counter", "Cumulative number of probes for a container by result.")


class Kubelet:
    """One kubelet.

    Parameters
    ----------
    world
        Whose pods run on the node.
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
        await send_json(exchange, 200, {"kind": "PodList", "apiVersion": "v1", "metadata": {}, "items": self._own()})

    async def _summary(self, exchange: Exchange) -> None:
        second = last_scrape(time.time())
        now = timestamp(second)
        obj = self._thing
        node = {"nodeName": self._node, "startTime": obj["metadata"]["creationTimestamp"]}
        reading = node_usage(obj, self._own(), second)
        node |= _stats(reading, now, NODE_MEMORY) | {
            "network": _network(reading, now),
            "fs": _filesystem(now, 30 * 2**30),
        }
        pods = []
        for pod in self._own():
            metadata = pod["metadata"]
            containers = [
                {"name": box["name"], "startTime": timestamp(load.cpu.started_at)}
                | _stats(load.at(second), now)
                | {"rootfs": _filesystem(now, 40 * 2**20), "logs": _filesystem(now, 2**20)}
                for box, load in running_containers(pod)
            ]
            whole = pods_usage([pod], second)
            about: dict[str, Any] = {
                "podRef": {key: metadata[key] for key in ("name", "namespace", "uid")},
                "startTime": pod["status"]["startTime"],
                "containers": containers,
            }
            if containers:
                about |= _stats(whole, now) | {"network": _network(whole, now)}
            pods.append(about)
        await send_json(exchange, 200, {"node": node, "pods": pods}, indent=1)

    async def _metrics(self, exchange: Exchange) -> None:
        boxes = sum(1 for pod in self._own() for _ in running_containers(pod))
        version = self._thing["status"]["nodeInfo"]["kubeletVersion"]
        rows: list[tuple[Family, list[tuple[str, float]]]] = [
            (
                ("kubernetes_build_info", "gauge", "The versions that this was built from."),
                [(f'{{git_version="{version}",platform="linux/amd64"}}', 1)],
            ),
            (
                ("kubelet_node_name", "gauge", "The node's name. The value is always 1."),
                [(f'{{node="{self._node}"}}', 1)],
            ),
            (
                ("kubelet_running_pods", "gauge", "Number of pods that have a running sandbox."),
                [("", len(self._own()))],
            ),
            (
                ("kubelet_running_containers", "gauge", "Number of containers currently running."),
                [('{container_state="running"}', boxes)],
            ),
        ]
        await send_text(exchange, 200, "".join(_family(family, samples) for family, samples in rows))

    async def _cadvisor(self, exchange: Exchange) -> None:
        second = last_scrape(time.time())
        rows: dict[Family, list[tuple[str, float]]] = {_CPU: [], _WORKING: [], _STARTED: [], _RECEIVED: [], _SENT: []}
        for pod in self._own():
            metadata, whole = pod["metadata"], pods_usage([pod], second)
            where = f'namespace="{metadata["namespace"]}",pod="{metadata["name"]}"'
            group = f"/kubepods.slice/kubepods-pod{metadata['uid'].replace('-', '_')}.slice"
            names = {one["name"]: one for one in pod["status"]["containerStatuses"]}
            for box, load in running_containers(pod):
                number = str(names[box["name"]].get("containerID", "")).rpartition("/")[2]
                labels = (
                    f'{{container="{box["name"]}",id="{group}/cri-containerd-{number}.scope",image="{box["image"]}"'
                )
                labels = f'{labels},name="{number}",{where}}}'
                reading = load.at(second)
                rows[_CPU].append((labels, round(reading.cpu_s, 3)))
                rows[_WORKING].append((labels, reading.memory))
                rows[_STARTED].append((labels, int(load.cpu.started_at)))
            if whole.memory:
                labels = f'{{container="",id="{group}",image="",interface="eth0",name="",{where}}}'
                rows[_RECEIVED].append((labels, whole.received))
                rows[_SENT].append((labels, whole.sent))
        await send_text(exchange, 200, "".join(_family(family, samples) for family, samples in rows.items()))

    async def _resource(self, exchange: Exchange) -> None:
        """What metrics-server reads."""
        second = last_scrape(time.time())
        node = node_usage(self._thing, self._own(), second)
        help_of = {"cpu": "Cumulative cpu time consumed in core-seconds", "memory": "Current working set in bytes"}
        rows: list[tuple[Family, list[tuple[str, float]]]] = []
        loads: list[tuple[str, Load]] = [
            (
                f'{{container="{box["name"]}",namespace="{pod["metadata"]["namespace"]}",pod="{pod["metadata"]["name"]}"}}',
                load,
            )
            for pod in self._own()
            for box, load in running_containers(pod)
        ]
        cpu = [(labels, round(load.at(second).cpu_s, 3)) for labels, load in loads]
        memory: list[tuple[str, float]] = [(labels, load.at(second).memory) for labels, load in loads]
        rows.append((("container_cpu_usage_seconds_total", "counter", f"{help_of['cpu']} of the container."), cpu))
        rows.append((("container_memory_working_set_bytes", "gauge", f"{help_of['memory']} of the container."), memory))
        whole: list[tuple[str, float]] = [("", round(node.cpu_s, 3))]
        rows.append((("node_cpu_usage_seconds_total", "counter", f"{help_of['cpu']} of the node."), whole))
        family = ("node_memory_working_set_bytes", "gauge", f"{help_of['memory']} of the node.")
        rows.append((family, [("", node.memory)]))
        await send_text(exchange, 200, "".join(_family(family, samples) for family, samples in rows))

    async def _probes(self, exchange: Exchange) -> None:
        rows: list[tuple[str, float]] = []
        for pod in self._own():
            metadata = pod["metadata"]
            for box, load in running_containers(pod):
                if probe := box.get("readinessProbe"):
                    times = int((time.time() - load.cpu.started_at) // probe["periodSeconds"])
                    labels = f'container="{box["name"]}",namespace="{metadata["namespace"]}",pod="{metadata["name"]}"'
                    rows.append((f'{{{labels},probe_type="Readiness",result="failed"}}', times))
        await send_text(exchange, 200, _family(_PROBES, rows))

    async def _config(self, exchange: Exchange) -> None:
        config = {
            "kind": "KubeletConfiguration", "apiVersion": "kubelet.config.k8s.io/v1beta1", "port": 10250,
            "cgroupDriver": "systemd", "clusterDomain": "cluster.local", "clusterDNS": ["10.96.0.10"], "maxPods": 110,
            "podCIDR": self._thing["spec"]["podCIDR"],
        }  # fmt: skip
        await send_json(exchange, 200, {"kubeletconfig": config})

    async def _logs(self, exchange: Exchange) -> None:
        """A directory as Go's file server lists it."""
        names = ("containers/", "pods/")
        links = "".join(f'<a href="{name}">{name}</a>\n' for name in names)
        page = f'<!doctype html>\n<meta name="viewport" content="width=device-width">\n<pre>\n{links}</pre>\n'
        await send_html(exchange, 200, page)

    @property
    def _thing(self) -> dict[str, Any]:
        """The node's own object."""
        return next(
            one for one in self._world.objects if one["kind"] == "Node" and one["metadata"]["name"] == self._node
        )

    def _own(self) -> list[dict[str, Any]]:
        things = self._world.objects
        return [one for one in things if one["kind"] == "Pod" and one["spec"].get("nodeName") == self._node]


def _family(family: Family, samples: Iterable[tuple[str, float]]) -> str:
    name, kind, text = family
    lines = "".join(f"{name}{labels} {value}\n" for labels, value in samples)
    return f"# HELP {name} {text}\n# TYPE {name} {kind}\n{lines}" if lines else ""


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
