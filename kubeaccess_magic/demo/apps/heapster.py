"""Heapster: the model API, metrics of nodes, namespaces and pods of the last quarter of an hour."""

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

_METRICS = ("cpu/usage_rate", "memory/usage", "memory/working_set", "network/rx_rate", "network/tx_rate")
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
        await _series(exchange, "cluster", metric, 12.0)

    async def _node(self, exchange: Exchange, name: str, metric: str) -> None:
        await _series(exchange, name if name in self._of_kind("Node") else "", metric, 4.0)

    async def _namespace(self, exchange: Exchange, name: str, metric: str) -> None:
        await _series(exchange, name if name in self._of_kind("Namespace") else "", metric, 2.0)

    async def _pod(self, exchange: Exchange, namespace: str, name: str, metric: str) -> None:
        await _series(exchange, name if name in self._of_kind("Pod", namespace) else "", metric, 0.2)

    def _of_kind(self, kind: str, namespace: str = "") -> list[str]:
        return [
            str(thing["metadata"]["name"])
            for thing in self._world.objects
            if thing["kind"] == kind
            and thing["metadata"].get("namespace", "") in (namespace or thing["metadata"].get("namespace", ""),)
        ]


async def _series(exchange: Exchange, name: str, metric: str, scale: float) -> None:
    """The values of a metric, one a minute; without a name there is no such thing."""
    if not name or metric not in _METRICS:
        await send_json(exchange, 404, {"message": "the requested metric or entity was not found"})
        return
    unit = 250 if metric.startswith("cpu") else 1_500_000_000 if metric.startswith("memory") else 20_000
    phase = hashlib.sha256((name + metric).encode()).digest()[0]
    minute = int(time.time()) // 60
    points: list[dict[str, Any]] = []
    for number in range(minute - 14, minute + 1):
        value = scale * unit * (1 + 0.3 * math.sin((number + phase) / 9))
        points.append({"timestamp": timestamp(number * 60), "value": int(value)})
    await send_json(exchange, 200, {"metrics": points, "latestTimestamp": points[-1]["timestamp"]})
