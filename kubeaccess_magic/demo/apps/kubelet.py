"""A node's kubelet: its summary of resources and the metrics of its containers; no streams yet."""

from __future__ import annotations

import hashlib
import math
import time
from typing import TYPE_CHECKING, Any

from ..api.store import timestamp
from ..http.server import Exchange
from .web import Router, send_json, send_text

if TYPE_CHECKING:
    from ..world.builder import World


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
        )

    async def __call__(self, exchange: Exchange) -> None:
        """Answer one request."""
        await self._router(exchange)

    async def _healthz(self, exchange: Exchange) -> None:
        await send_text(exchange, 200, "ok")

    async def _pods(self, exchange: Exchange) -> None:
        await send_json(exchange, 200, {"kind": "PodList", "apiVersion": "v1", "metadata": {}, "items": self._own()})

    async def _summary(self, exchange: Exchange) -> None:
        now = timestamp(time.time())
        started = timestamp(self._world.now - 42 * 86400)
        node = {"nodeName": self._node, "startTime": started} | _stats(*node_usage(self._node), now)
        node["fs"] = {"time": now, "capacityBytes": 100 * 2**30, "usedBytes": 30 * 2**30, "availableBytes": 70 * 2**30}
        pods = []
        for pod in self._own():
            metadata = pod["metadata"]
            containers = [
                {"name": box["name"], "startTime": metadata["creationTimestamp"]}
                | _stats(*container_usage(metadata["name"], box["name"]), now)
                for box in pod["spec"]["containers"]
            ]
            reference = {key: metadata.get(key, "") for key in ("name", "namespace", "uid")}
            pods.append({"podRef": reference, "startTime": metadata["creationTimestamp"], "containers": containers})
        await send_json(exchange, 200, {"node": node, "pods": pods}, indent=1)

    async def _metrics(self, exchange: Exchange) -> None:
        text = f"# TYPE kubelet_running_pods gauge\nkubelet_running_pods {len(self._own())}\n"
        await send_text(exchange, 200, text)

    async def _cadvisor(self, exchange: Exchange) -> None:
        cpu, memory = [], []
        age = time.time() - self._world.now + 42 * 86400
        for pod in self._own():
            metadata = pod["metadata"]
            for box in pod["spec"]["containers"]:
                cores, size = container_usage(metadata["name"], box["name"])
                labels = f'container="{box["name"]}",namespace="{metadata["namespace"]}",pod="{metadata["name"]}"'
                cpu.append(f"container_cpu_usage_seconds_total{{{labels}}} {cores * age:.3f}\n")
                memory.append(f"container_memory_working_set_bytes{{{labels}}} {size}\n")
        head = "# TYPE container_cpu_usage_seconds_total counter\n"
        middle = "# TYPE container_memory_working_set_bytes gauge\n"
        await send_text(exchange, 200, head + "".join(cpu) + middle + "".join(memory))

    def _own(self) -> list[dict[str, Any]]:
        things = self._world.objects
        return [one for one in things if one["kind"] == "Pod" and one["spec"].get("nodeName") == self._node]


def container_usage(pod: str, container: str) -> tuple[float, int]:
    """Cores and bytes that a container uses just now; about the same from minute to minute."""
    share = hashlib.sha256(f"{pod}/{container}".encode()).digest()[0] / 255
    wave = math.sin(time.time() / 300 + share * 6)
    return round(0.02 + 0.1 * share + 0.01 * wave, 6), int(6e7 + 2e8 * share + 1e6 * wave)


def node_usage(node: str) -> tuple[float, int]:
    """Cores and bytes that a node uses just now."""
    cores, size = container_usage(node, "")
    return round(cores * 8, 6), size * 12


def _stats(cores: float, size: int, now: str) -> dict[str, Any]:
    return {
        "cpu": {"time": now, "usageNanoCores": int(cores * 1e9), "usageCoreNanoSeconds": int(cores * 1e9 * 86400)},
        "memory": {
            "time": now,
            "usageBytes": int(size * 1.2),
            "workingSetBytes": size,
            "availableBytes": int(1.6e10) - size,
        },
    }
