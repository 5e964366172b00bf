"""Heapster: the model API, metrics of nodes, namespaces and pods of the last quarter of an hour."""

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
"""What something used at a second."""

_METRICS: Final[Mapping[str, Callable[[Reading], float]]] = {
    "cpu/usage_rate": lambda reading: reading.cores * 1000,
    "memory/usage": lambda reading: reading.memory * 6 // 5,
    "memory/working_set": lambda reading: reading.memory,
    "network/rx_rate": lambda reading: reading.received_rate,
    "network/tx_rate": lambda reading: reading.sent_rate,
}
_MODEL = "/api/v1/model"


class Heapster:
    """One Heapster.

    Parameters
    ----------
    world
        Whose nodes and pods it tells of.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        self._router = Router(
            ("GET", "/healthz", self._healthz),
            ("GET", f"{_MODEL}/", self._entries),
            ("GET", f"{_MODEL}/metrics/?", self._names),
            ("GET", f"{_MODEL}/metrics/(.+)", self._cluster),
            ("GET", f"{_MODEL}/nodes/?", self._nodes),
            ("GET", f"{_MODEL}/nodes/([^/]+)/metrics/?", self._names),
            ("GET", f"{_MODEL}/nodes/([^/]+)/metrics/(.+)", self._node),
            ("GET", f"{_MODEL}/namespaces/?", self._namespaces),
            ("GET", f"{_MODEL}/namespaces/([^/]+)/metrics/?", self._names),
            ("GET", f"{_MODEL}/namespaces/([^/]+)/metrics/(.+)", self._namespace),
            ("GET", f"{_MODEL}/namespaces/([^/]+)/pods/?", self._pods),
            ("GET", f"{_MODEL}/namespaces/([^/]+)/pods/([^/]+)/metrics/?", self._names),
            ("GET", f"{_MODEL}/namespaces/([^/]+)/pods/([^/]+)/metrics/(.+)", self._pod),
        )

    async def __call__(self, exchange: Exchange) -> None:
        """Answer one request."""
        await self._router(exchange)

    async def _healthz(self, exchange: Exchange) -> None:
        await send_text(exchange, 200, "ok")

    async def _entries(self, exchange: Exchange) -> None:
        await send_json(exchange, 200, ["metrics", "nodes", "namespaces"])

    async def _names(self, exchange: Exchange, *where: str) -> None:
        await send_json(exchange, 200, list(_METRICS))

    async def _nodes(self, exchange: Exchange) -> None:
        await send_json(exchange, 200, sorted(self._of_kind("Node")))

    async def _namespaces(self, exchange: Exchange) -> None:
        await send_json(exchange, 200, sorted(self._of_kind("Namespace")))

    async def _pods(self, exchange: Exchange, namespace: str) -> None:
        await send_json(exchange, 200, sorted(self._of_kind("Pod", namespace)))

    async def _cluster(self, exchange: Exchange, metric: str) -> None:
        await _series(exchange, metric, self._of_nodes(self._things("Node")))

    async def _node(self, exchange: Exchange, name: str, metric: str) -> None:
        found = [obj for obj in self._things("Node") if obj["metadata"]["name"] == name]
        await _series(exchange, metric, self._of_nodes(found))

    async def _namespace(self, exchange: Exchange, name: str, metric: str) -> None:
        known = name in self._of_kind("Namespace")
        pods = self._things("Pod", name)
        await _series(exchange, metric, partial(pods_usage, pods) if known else None)

    async def _pod(self, exchange: Exchange, namespace: str, name: str, metric: str) -> None:
        found = [obj for obj in self._things("Pod", namespace) if obj["metadata"]["name"] == name]
        await _series(exchange, metric, partial(pods_usage, found) if found else None)

    def _of_nodes(self, nodes: list[dict[str, Any]]) -> Measure | None:
        pods = self._things("Pod")
        if not nodes:
            return None
        return lambda second: sum((node_usage(node, pods, second) for node in nodes), Reading())

    def _things(self, kind: str, namespace: str = "") -> list[dict[str, Any]]:
        found = [obj for obj in self._world.objects if obj["kind"] == kind]
        return [obj for obj in found if not namespace or obj["metadata"].get("namespace") == namespace]

    def _of_kind(self, kind: str, namespace: str = "") -> list[str]:
        return [str(obj["metadata"]["name"]) for obj in self._things(kind, namespace)]


async def _series(exchange: Exchange, metric: str, measure: Measure | None) -> None:
    """The values of a metric, one a minute; without a measure there is no such thing."""
    value = _METRICS.get(metric)
    if measure is None or value is None:
        await send_json(exchange, 404, {"message": "the requested metric or entity was not found"})
        return
    minute = int(time.time()) // 60
    moments = [number * 60 for number in range(minute - 14, minute + 1)]
    points = [{"timestamp": timestamp(second), "value": int(value(measure(second)))} for second in moments]
    await send_json(exchange, 200, {"metrics": points, "latestTimestamp": points[-1]["timestamp"]})
