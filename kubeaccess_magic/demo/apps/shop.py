"""The shop: a JSON API whose orders can be read page by page and added to."""

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

PER_PAGE: Final = 25
ORDERS: Final = 137
_BETWEEN_S: Final = 5400
_ITEMS = ("tea", "cup", "kettle", "honey", "biscuits", "Zitronenkuchen", "抹茶")
_COUNTRIES = ("DE", "FR", "JP", "US", None)


class Orders:
    """The orders that all replicas share; the newest of those that are there at the start is an hour old or so."""

    def __init__(self, now: float) -> None:
        chance = random.Random(20260102)
        latest = int(now) // _BETWEEN_S * _BETWEEN_S
        self.all: list[dict[str, Any]] = []
        self._placed: list[float] = []
        for number in range(1, ORDERS + 1):
            lines: list[dict[str, Any]] = [
                {
                    "sku": chance.choice(_ITEMS),
                    "quantity": chance.randrange(1, 5),
                    "price": round(chance.uniform(2, 60), 2),
                }
                for _ in range(chance.randrange(1, 4))
            ]
            placed = latest - (ORDERS - number) * _BETWEEN_S - number * 1777 % 3600
            self._placed.append(placed)
            self.all.append(
                {
                    "id": number,
                    "placed": timestamp(placed),
                    "customer": {
                        "name": chance.choice(("kimchy", "alice", "bob", "Zoë")),
                        "country": chance.choice(_COUNTRIES),
                    },
                    "lines": lines,
                    "total": round(sum(line["quantity"] * line["price"] for line in lines), 2),
                    "paid": chance.random() < 0.9,
                }
            )

    def add(self, order: dict[str, Any]) -> dict[str, Any]:
        """Place an order; it gets the next number."""
        now = time.time()
        stored = order | {"id": self.all[-1]["id"] + 1, "placed": timestamp(now)}
        self.all.append(stored)
        self._placed.append(now)
        return stored

    def count(self, second: float) -> int:
        """How many had been placed by then."""
        return bisect.bisect_right(self._placed, second)


def _wrong(order: Any) -> str:
    """What is wrong with an order that someone posts; nothing if it is one."""
    if not isinstance(order, dict):
        return "an order is a JSON object"
    if not isinstance(order.get("customer", {}), dict):
        return 'customer is an object, such as {"name": "kimchy", "country": "DE"}'
    total = order.get("total", 0)
    if isinstance(total, bool) or not isinstance(total, (int, float)):
        return "total is a number"
    return ""


class Shop:
    """One replica.

    Parameters
    ----------
    began
        When its container started, in seconds.
    rate
        So many requests a second its customers make, besides those that really come.
    fails
        Whether this one answers 503 for ten seconds of every minute.
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
            ("GET", r"/orders/(\d+)", self._one),
            ("GET", "/metrics", self._metrics),
            ("GET", "/healthz", self._healthz),
            missing=self._missing,
            refused=self._refused,
        )

    async def __call__(self, exchange: Exchange) -> None:
        """Answer one request."""
        now = time.time()
        if self.fails and failing(now):
            ends = int(now) // 60 * 60 + FAILING_S
            problem = f"out of breath until {timestamp(ends)[11:19]} UTC: this replica fails {FAILING_S} s a minute"
            wait = [("Retry-After", str(max(1, ends - int(now))))]
            await self._json(exchange, 503, {"error": problem, "pod": self._pod}, wait)
            return
        await self._router(exchange)

    async def _json(self, exchange: Exchange, status: int, value: Any, headers: Iterable[tuple[str, str]] = ()) -> None:
        """Answer, and count it."""
        self.traffic.came(status, exchange.request.method, time.time())
        await send_json(exchange, status, value, headers)

    async def _text(self, exchange: Exchange, text: str) -> None:
        self.traffic.came(200, exchange.request.method, time.time())
        await send_text(exchange, 200, text)

    async def _missing(self, exchange: Exchange) -> None:
        await self._json(exchange, 404, {"error": f"nothing at {exchange.request.path}"})

    async def _refused(self, exchange: Exchange, allowed: str) -> None:
        problem = f"{exchange.request.method} is not for {exchange.request.path}"
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
            page, size = int(parameters.get("page", "1")), min(int(parameters.get("per_page", str(PER_PAGE))), 100)
        except ValueError:
            await self._json(exchange, 400, {"error": "page and per_page are numbers"})
            return
        found = self.orders.all
        if customer := parameters.get("customer"):
            found = [order for order in found if (order.get("customer") or {}).get("name") == customer]
        shown = found[(page - 1) * size : page * size] if page > 0 and size > 0 else []
        more = page * size < len(found)
        following = f"/orders?{urlencode({**parameters, 'page': page + 1})}" if more else None
        headers = [("Link", f'<{following}>; rel="next"')] if following else []
        await self._json(exchange, 200, {"items": shown, "page": page, "total": len(found), "next": following}, headers)

    async def _place(self, exchange: Exchange) -> None:
        try:
            order = await read_json(exchange)
        except ValueError:
            order = None
        if problem := _wrong(order):
            await self._json(exchange, 400, {"error": problem})
            return
        stored = self.orders.add(order)
        await self._json(exchange, 201, stored, [("Location", f"/orders/{stored['id']}")])

    async def _one(self, exchange: Exchange, number: str) -> None:
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
