"""Heapster: its model API, with metrics of nodes, namespaces and pods for the last fifteen minutes."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from ..api.store import timestamp
from ..http.exchange import Exchange
from ..world.usage import Reading, node_usage, pods_usage
from .web import Router, send_json, send_text

if TYPE_CHECKING:
    from ..world.builder import World

Measure = Callable[[float], Reading]
"""The resource usage of something at a time, in seconds since the epoch."""

_METRICS: Final[Mapping[str, Callable[[Reading], float]]] = {
    "cpu/usage_rate": lambda reading: reading.cores * 1000,
    "memory/usage": lambda reading: reading.memory * 6 // 5,
    "memory/working_set": lambda reading: reading.memory,
    "network/rx_rate": lambda reading: reading.received_rate,
    "network/tx_rate": lambda reading: reading.sent_rate,
}
_MODEL = "/api/v1/model"


class Heapster:
    """A Heapster server.

    Parameters
    ----------
    world
        The world whose nodes and pods it reports.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        self._router = Router(
            ("GET", "/healthz", self._healthz),
            ("GET", f"{_MODEL}/", self._index),
            ("GET", f"{_MODEL}/metrics/?", self._metric_names),
            ("GET", f"{_MODEL}/metrics/(.+)", self._cluster),
            ("GET", f"{_MODEL}/nodes/?", self._nodes),
            ("GET", f"{_MODEL}/nodes/([^/]+)/metrics/?", self._metric_names),
            ("GET", f"{_MODEL}/nodes/([^/]+)/metrics/(.+)", self._node),
            ("GET", f"{_MODEL}/namespaces/?", self._namespaces),
            ("GET", f"{_MODEL}/namespaces/([^/]+)/metrics/?", self._metric_names),
            ("GET", f"{_MODEL}/namespaces/([^/]+)/metrics/(.+)", self._namespace),
            ("GET", f"{_MODEL}/namespaces/([^/]+)/pods/?", self._pods),
            ("GET", f"{_MODEL}/namespaces/([^/]+)/pods/([^/]+)/metrics/?", self._metric_names),
            ("GET", f"{_MODEL}/namespaces/([^/]+)/pods/([^/]+)/metrics/(.+)", self._pod),
        )

    async def __call__(self, exchange: Exchange) -> None:
        """Answer one request."""
        await self._router(exchange)

    async def _healthz(self, exchange: Exchange) -> None:
        await send_text(exchange, 200, "ok")

    async def _index(self, exchange: Exchange) -> None:
        await send_json(exchange, 200, ["metrics", "nodes", "namespaces"])

    async def _metric_names(self, exchange: Exchange, *entity: str) -> None:
        await send_json(exchange, 200, list(_METRICS))

    async def _nodes(self, exchange: Exchange) -> None:
        await send_json(exchange, 200, sorted(self._names_of("Node")))

    async def _namespaces(self, exchange: Exchange) -> None:
        await send_json(exchange, 200, sorted(self._names_of("Namespace")))

    async def _pods(self, exchange: Exchange, namespace: str) -> None:
        await send_json(exchange, 200, sorted(self._names_of("Pod", namespace)))

    async def _cluster(self, exchange: Exchange, metric: str) -> None:
        await _send_series(exchange, metric, self._nodes_measure(self._objects("Node")))

    async def _node(self, exchange: Exchange, name: str, metric: str) -> None:
        nodes = [obj for obj in self._objects("Node") if obj["metadata"]["name"] == name]
        await _send_series(exchange, metric, self._nodes_measure(nodes))

    async def _namespace(self, exchange: Exchange, name: str, metric: str) -> None:
        exists = name in self._names_of("Namespace")
        pods = self._objects("Pod", name)
        await _send_series(exchange, metric, partial(pods_usage, pods) if exists else None)

    async def _pod(self, exchange: Exchange, namespace: str, name: str, metric: str) -> None:
        pods = [obj for obj in self._objects("Pod", namespace) if obj["metadata"]["name"] == name]
        await _send_series(exchange, metric, partial(pods_usage, pods) if pods else None)

    def _nodes_measure(self, nodes: list[dict[str, Any]]) -> Measure | None:
        pods = self._objects("Pod")
        if not nodes:
            return None
        return lambda second: sum((node_usage(node, pods, second) for node in nodes), Reading())

    def _objects(self, kind: str, namespace: str = "") -> list[dict[str, Any]]:
        objects = [obj for obj in self._world.objects if obj["kind"] == kind]
        return [obj for obj in objects if not namespace or obj["metadata"].get("namespace") == namespace]

    def _names_of(self, kind: str, namespace: str = "") -> list[str]:
        return [str(obj["metadata"]["name"]) for obj in self._objects(kind, namespace)]


async def _send_series(exchange: Exchange, metric: str, measure: Measure | None) -> None:
    """Answer with the values of a metric, one per minute; 404 if there is no such entity or metric."""
    value = _METRICS.get(metric)
    if measure is None or value is None:
        await send_json(exchange, 404, {"message": "the requested metric or entity was not found"})
        return
    minute = int(time.time()) // 60
    times = [number * 60 for number in range(minute - 14, minute + 1)]
    points = [{"timestamp": timestamp(second), "value": int(value(measure(second)))} for second in times]
    await send_json(exchange, 200, {"metrics": points, "latestTimestamp": points[-1]["timestamp"]})
