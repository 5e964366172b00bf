"""The shop: a JSON API that lists orders in pages and accepts new ones."""

from __future__ import annotations

import bisect
import random
import time
from collections.abc import Iterable
from typing import Any, Final
from urllib.parse import urlencode

from ..api.store import timestamp
from ..http.exchange import Exchange
from .traffic import FAILING_S, Traffic, exposition, failing
from .web import Router, read_json, send_json, send_text

_PER_PAGE: Final = 25
_ORDERS: Final = 137
_INTERVAL_S: Final = 5400
_ITEMS = ("tea", "cup", "kettle", "honey", "biscuits", "Zitronenkuchen", "抹茶")
_COUNTRIES = ("DE", "FR", "JP", "US", None)


class Orders:
    """The orders that all replicas share; at the start, the newest is about an hour old."""

    def __init__(self, now: float) -> None:
        generator = random.Random(20260102)
        latest = int(now) // _INTERVAL_S * _INTERVAL_S
        self.all: list[dict[str, Any]] = []
        self._times: list[float] = []
        for number in range(1, _ORDERS + 1):
            lines: list[dict[str, Any]] = [
                {
                    "sku": generator.choice(_ITEMS),
                    "quantity": generator.randrange(1, 5),
                    "price": round(generator.uniform(2, 60), 2),
                }
                for _ in range(generator.randrange(1, 4))
            ]
            placed_at = latest - (_ORDERS - number) * _INTERVAL_S - number * 1777 % 3600
            self._times.append(placed_at)
            self.all.append(
                {
                    "id": number,
                    "placed": timestamp(placed_at),
                    "customer": {
                        "name": generator.choice(("kimchy", "alice", "bob", "Zoë")),
                        "country": generator.choice(_COUNTRIES),
                    },
                    "lines": lines,
                    "total": round(sum(line["quantity"] * line["price"] for line in lines), 2),
                    "paid": generator.random() < 0.9,
                }
            )

    def add(self, order: dict[str, Any]) -> dict[str, Any]:
        """Place an order, which gets the next number."""
        now = time.time()
        stored = order | {"id": self.all[-1]["id"] + 1, "placed": timestamp(now)}
        self.all.append(stored)
        self._times.append(now)
        return stored

    def count(self, second: float) -> int:
        """How many orders were placed up to a time."""
        return bisect.bisect_right(self._times, second)


def _problem(order: Any) -> str:
    """What is wrong with a posted order; empty if it is valid."""
    if not isinstance(order, dict):
        return "an order must be a JSON object"
    if not isinstance(order.get("customer", {}), dict):
        return 'customer must be an object, such as {"name": "kimchy", "country": "DE"}'
    total = order.get("total", 0)
    if isinstance(total, bool) or not isinstance(total, (int, float)):
        return "total must be a number"
    return ""


class Shop:
    """A replica of the shop.

    Parameters
    ----------
    pod
        The name of its pod.
    orders
        The orders, shared by all replicas.
    started_at
        When its container started, in seconds since the epoch.
    rate
        Simulated requests per second, which are counted in addition to the real ones.
    fails
        Whether it answers 503 during ten seconds of every minute.
    """

    def __init__(self, pod: str, orders: Orders, *, started_at: float, rate: float = 0.2, fails: bool = False) -> None:
        self.orders = orders
        self.traffic = Traffic(pod, rate, started_at, fails)
        self._pod = pod
        self.fails = fails
        self._router = Router(
            ("GET", "/", self._index),
            ("GET", "/stats", self._stats),
            ("GET", "/orders", self._list),
            ("POST", "/orders", self._place),
            ("GET", r"/orders/(\d+)", self._order),
            ("GET", "/metrics", self._metrics),
            ("GET", "/healthz", self._healthz),
            missing=self._missing,
            refused=self._refused,
        )

    async def __call__(self, exchange: Exchange) -> None:
        """Answer one request."""
        now = time.time()
        if self.fails and failing(now):
            ends_at = int(now) // 60 * 60 + FAILING_S
            recovery = timestamp(ends_at)[11:19]
            problem = f"unavailable until {recovery} UTC: this replica fails for {FAILING_S} s of every minute"
            headers = [("Retry-After", str(max(1, ends_at - int(now))))]
            await self._json(exchange, 503, {"error": problem, "pod": self._pod}, headers)
            return
        await self._router(exchange)

    async def _json(self, exchange: Exchange, status: int, value: Any, headers: Iterable[tuple[str, str]] = ()) -> None:
        """Answer with JSON, and count the request."""
        self.traffic.record(status, exchange.request.method, time.time())
        await send_json(exchange, status, value, headers)

    async def _text(self, exchange: Exchange, text: str) -> None:
        self.traffic.record(200, exchange.request.method, time.time())
        await send_text(exchange, 200, text)

    async def _missing(self, exchange: Exchange) -> None:
        await self._json(exchange, 404, {"error": f"nothing at {exchange.request.path}"})

    async def _refused(self, exchange: Exchange, allowed: str) -> None:
        problem = f"{exchange.request.method} is not allowed for {exchange.request.path}"
        await self._json(exchange, 405, {"error": problem}, [("Allow", allowed)])

    async def _index(self, exchange: Exchange) -> None:
        await self._json(exchange, 200, {"app": "shop", "pod": self._pod, "paths": ["/stats", "/orders", "/metrics"]})

    async def _stats(self, exchange: Exchange) -> None:
        orders = self.orders.all
        stats = {
            "pod": self._pod,
            "orders": len(orders),
            "revenue": round(sum(float(order.get("total") or 0) for order in orders), 2),
            "unpaid": sum(1 for order in orders if not order.get("paid")),
            "customers": len({str((order.get("customer") or {}).get("name")) for order in orders}),
            "last": orders[-1]["placed"],
        }
        await self._json(exchange, 200, stats)

    async def _list(self, exchange: Exchange) -> None:
        parameters = exchange.request.parameters
        try:
            page, size = int(parameters.get("page", "1")), min(int(parameters.get("per_page", str(_PER_PAGE))), 100)
        except ValueError:
            await self._json(exchange, 400, {"error": "page and per_page must be numbers"})
            return
        orders = self.orders.all
        if customer := parameters.get("customer"):
            orders = [order for order in orders if (order.get("customer") or {}).get("name") == customer]
        shown = orders[(page - 1) * size : page * size] if page > 0 and size > 0 else []
        has_more = page * size < len(orders)
        next_page = f"/orders?{urlencode({**parameters, 'page': page + 1})}" if has_more else None
        headers = [("Link", f'<{next_page}>; rel="next"')] if next_page else []
        await self._json(
            exchange, 200, {"items": shown, "page": page, "total": len(orders), "next": next_page}, headers
        )

    async def _place(self, exchange: Exchange) -> None:
        try:
            order = await read_json(exchange)
        except ValueError:
            order = None
        if problem := _problem(order):
            await self._json(exchange, 400, {"error": problem})
            return
        stored = self.orders.add(order)
        await self._json(exchange, 201, stored, [("Location", f"/orders/{stored['id']}")])

    async def _order(self, exchange: Exchange, number: str) -> None:
        for order in self.orders.all:
            if order["id"] == int(number):
                await self._json(exchange, 200, order)
                return
        await self._json(exchange, 404, {"error": f"no order {number}"})

    async def _metrics(self, exchange: Exchange) -> None:
        orders = (
            "# HELP shop_orders_total Orders placed; all replicas share them.\n# TYPE shop_orders_total counter\n"
            f"shop_orders_total {len(self.orders.all)}\n"
        )
        await self._text(exchange, orders + "".join(exposition(self.traffic, time.time())))

    async def _healthz(self, exchange: Exchange) -> None:
        await self._text(exchange, "ok\n")
