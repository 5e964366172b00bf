"""The shop: a JSON API whose orders can be read page by page and added to."""

from __future__ import annotations

import random
import time
from typing import Any, Final
from urllib.parse import urlencode

from ..api.store import timestamp
from ..http.server import Exchange
from .web import Router, read_json, send_json, send_text

PER_PAGE: Final = 25
ORDERS: Final = 137
_ITEMS = ("tea", "cup", "kettle", "honey", "biscuits", "Zitronenkuchen", "抹茶")
_COUNTRIES = ("DE", "FR", "JP", "US", None)


class Orders:
    """The orders that all replicas share."""

    def __init__(self, now: float) -> None:
        chance = random.Random(20260102)
        midnight = int(now) // 86400 * 86400
        self.all: list[dict[str, Any]] = []
        for number in range(1, ORDERS + 1):
            lines: list[dict[str, Any]] = [
                {
                    "sku": chance.choice(_ITEMS),
                    "quantity": chance.randrange(1, 5),
                    "price": round(chance.uniform(2, 60), 2),
                }
                for _ in range(chance.randrange(1, 4))
            ]
            self.all.append(
                {
                    "id": number,
                    "placed": timestamp(midnight - (ORDERS - number) * 5400),
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
        stored = order | {"id": self.all[-1]["id"] + 1, "placed": timestamp(time.time())}
        self.all.append(stored)
        return stored


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
    fails
        Whether this one answers 503 for ten seconds of every minute.
    """

    def __init__(self, pod: str, orders: Orders, fails: bool = False) -> None:
        self._pod = pod
        self._orders = orders
        self._fails = fails
        self._requests = 0
        self._router = Router(
            ("GET", "/", self._index),
            ("GET", "/stats", self._stats),
            ("GET", "/orders", self._list),
            ("POST", "/orders", self._place),
            ("GET", r"/orders/(\d+)", self._one),
            ("GET", "/metrics", self._metrics),
            ("GET", "/healthz", self._healthz),
        )

    async def __call__(self, exchange: Exchange) -> None:
        """Answer one request."""
        self._requests += 1
        if self._fails and int(time.time()) % 60 < 10 and exchange.request.path not in ("/metrics",):
            await send_json(exchange, 503, {"error": "out of breath", "pod": self._pod}, [("Retry-After", "10")])
            return
        await self._router(exchange)

    async def _index(self, exchange: Exchange) -> None:
        await send_json(exchange, 200, {"app": "shop", "pod": self._pod, "paths": ["/stats", "/orders", "/metrics"]})

    async def _stats(self, exchange: Exchange) -> None:
        orders = self._orders.all
        stats = {
            "pod": self._pod,
            "orders": len(orders),
            "revenue": round(sum(float(order.get("total") or 0) for order in orders), 2),
            "unpaid": sum(1 for order in orders if not order.get("paid")),
            "customers": len({str((order.get("customer") or {}).get("name")) for order in orders}),
            "last": orders[-1]["placed"],
        }
        await send_json(exchange, 200, stats)

    async def _list(self, exchange: Exchange) -> None:
        parameters = exchange.request.parameters
        try:
            page, size = int(parameters.get("page", "1")), min(int(parameters.get("per_page", str(PER_PAGE))), 100)
        except ValueError:
            await send_json(exchange, 400, {"error": "page and per_page are numbers"})
            return
        found = self._orders.all
        if customer := parameters.get("customer"):
            found = [order for order in found if (order.get("customer") or {}).get("name") == customer]
        shown = found[(page - 1) * size : page * size] if page > 0 and size > 0 else []
        more = page * size < len(found)
        following = f"/orders?{urlencode({**parameters, 'page': page + 1})}" if more else None
        headers = [("Link", f'<{following}>; rel="next"')] if following else []
        await send_json(exchange, 200, {"items": shown, "page": page, "total": len(found), "next": following}, headers)

    async def _place(self, exchange: Exchange) -> None:
        try:
            order = await read_json(exchange)
        except ValueError:
            order = None
        if problem := _wrong(order):
            await send_json(exchange, 400, {"error": problem})
            return
        stored = self._orders.add(order)
        await send_json(exchange, 201, stored, [("Location", f"/orders/{stored['id']}")])

    async def _one(self, exchange: Exchange, number: str) -> None:
        for order in self._orders.all:
            if order["id"] == int(number):
                await send_json(exchange, 200, order)
                return
        await send_json(exchange, 404, {"error": f"no order {number}"})

    async def _metrics(self, exchange: Exchange) -> None:
        text = (
            "# HELP shop_orders_total Orders placed.\n# TYPE shop_orders_total counter\n"
            f"shop_orders_total {len(self._orders.all)}\n"
            "# HELP http_requests_total Requests answered by this replica.\n# TYPE http_requests_total counter\n"
            f'http_requests_total{{code="200",method="get"}} {self._requests}\n'
        )
        await send_text(exchange, 200, text, [])

    async def _healthz(self, exchange: Exchange) -> None:
        await send_text(exchange, 200, "ok\n")
