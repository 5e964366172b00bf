"""Grafana: a login with a cookie, a search, and dashboards with live data from a WebSocket."""

from __future__ import annotations

import asyncio
import json
import math
import secrets
import time
from typing import Any, Final
from urllib.parse import parse_qs

from ..http.exchange import Exchange
from ..http.websocket import WebSocket, accept_websocket
from .web import Router, send_html, send_json, send_text

VERSION: Final = "11.6.0"
USER, PASSWORD = "admin", "prom-operator"
COOKIE: Final = "grafana_session"
_DASHBOARDS: Final = (
    ("nodes", "Nodes", ["infrastructure"]),
    ("shop", "Shop", ["business", "shop"]),
    ("logging", "Logging", ["infrastructure"]),
)
_LOGIN_PAGE: Final = """<!DOCTYPE html><html><head><title>Grafana</title>
<link rel="stylesheet" href="/public/grafana.css"></head><body><h1>Welcome to Grafana</h1>
<p>User admin, password prom-operator.</p>
<form method="post" action="/login"><input name="user"><input name="password" type="password">
<button>Log in</button></form>
</body></html>"""
_PAGE: Final = """<!DOCTYPE html><html><head><title>{title} - Grafana</title>
<link rel="stylesheet" href="/public/grafana.css"></head>
<body><a href="/">Home</a><h1>{title}</h1><pre id="live">waiting for data</pre><script>
const socket = new WebSocket(location.origin.replace(/^http/, "ws") + "/api/live/ws");
socket.onmessage = (event) => {{ document.getElementById("live").textContent = event.data; }};
</script></body></html>"""


class Grafana:
    """A Grafana server with its sessions."""

    def __init__(self) -> None:
        self._sessions: dict[str, str] = {}
        self._router = Router(
            ("GET", "/api/health", self._health),
            ("GET", "/login", self._login_page),
            ("POST", "/login", self._login),
            ("GET", "/logout", self._logout),
            ("GET", "/api/user", self._user),
            ("GET", "/api/search", self._search),
            ("GET", "/api/dashboards/uid/([^/]+)", self._dashboard),
            ("GET", "/d/([^/]+)(?:/.*)?", self._page),
            ("GET", "/api/live/ws", self._live),
            ("GET", "/public/grafana.css", self._style),
            ("GET", "/", self._home),
            missing=_missing,
            refused=_refused,
        )

    async def __call__(self, exchange: Exchange) -> None:
        """Answer one request."""
        await self._router(exchange)

    async def _health(self, exchange: Exchange) -> None:
        await send_json(exchange, 200, {"commit": "demo", "database": "ok", "version": VERSION}, indent=2)

    async def _login_page(self, exchange: Exchange) -> None:
        await send_html(exchange, 200, _LOGIN_PAGE)

    async def _login(self, exchange: Exchange) -> None:
        text = (await exchange.whole_body(2**16) or b"").decode("utf-8", "replace")
        is_json = "json" in exchange.request.headers.get("Content-Type")
        try:
            login: Any = json.loads(text) if is_json else {name: values[0] for name, values in parse_qs(text).items()}
        except ValueError:
            login = {}
        if not isinstance(login, dict) or (login.get("user"), login.get("password")) != (USER, PASSWORD):
            await send_json(
                exchange, 401, {"message": "Invalid username or password", "messageId": "password-auth.failed"}
            )
            return
        token = secrets.token_hex(16)
        self._sessions[token] = USER
        cookie = ("Set-Cookie", f"{COOKIE}={token}; Path=/; Max-Age=2592000; HttpOnly; SameSite=Lax")
        if is_json:
            await send_json(exchange, 200, {"message": "Logged in", "redirectUrl": "/"}, [cookie])
        else:
            await send_text(exchange, 302, "", [cookie, ("Location", "/")])

    async def _logout(self, exchange: Exchange) -> None:
        self._sessions.pop(self._token(exchange), None)
        cookie = ("Set-Cookie", f"{COOKIE}=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax")
        await send_text(exchange, 302, "", [cookie, ("Location", "/login")])

    async def _user(self, exchange: Exchange) -> None:
        if await self._signed_in(exchange):
            await send_json(exchange, 200, {"id": 1, "login": USER, "email": "admin@localhost", "isGrafanaAdmin": True})

    async def _search(self, exchange: Exchange) -> None:
        if not await self._signed_in(exchange):
            return
        query = exchange.request.parameters.get("query", "").lower()
        dashboards = [
            {
                "id": number,
                "uid": uid,
                "title": title,
                "uri": f"db/{uid}",
                "url": f"/d/{uid}/{uid}",
                "type": "dash-db",
                "tags": tags,
            }
            for number, (uid, title, tags) in enumerate(_DASHBOARDS, 1)
            if query in title.lower()
        ]
        await send_json(exchange, 200, dashboards)

    async def _dashboard(self, exchange: Exchange, uid: str) -> None:
        if not await self._signed_in(exchange):
            return
        for dashboard_uid, title, tags in _DASHBOARDS:
            if dashboard_uid == uid:
                dashboard = {
                    "uid": uid,
                    "title": title,
                    "tags": tags,
                    "panels": [{"id": 1, "type": "timeseries", "title": "live"}],
                }
                await send_json(
                    exchange, 200, {"meta": {"slug": uid, "url": f"/d/{uid}/{uid}"}, "dashboard": dashboard}
                )
                return
        await send_json(exchange, 404, {"message": "Dashboard not found"})

    async def _page(self, exchange: Exchange, uid: str) -> None:
        if self._token(exchange) not in self._sessions:
            await send_text(exchange, 302, "", [("Location", "/login")])
            return
        title = next((title for dashboard_uid, title, _ in _DASHBOARDS if dashboard_uid == uid), "")
        await send_html(exchange, 200 if title else 404, _PAGE.format(title=title or "Dashboard not found"))

    async def _home(self, exchange: Exchange) -> None:
        if self._token(exchange) not in self._sessions:
            await send_text(exchange, 302, "", [("Location", "/login")])
            return
        links = "".join(f'<li><a href="/d/{uid}/{uid}">{title}</a></li>' for uid, title, _ in _DASHBOARDS)
        head = "<!DOCTYPE html><html><head><title>Grafana</title></head>"
        await send_html(exchange, 200, f"{head}<body><h1>Dashboards</h1><ul>{links}</ul></body></html>")

    async def _style(self, exchange: Exchange) -> None:
        await send_text(exchange, 200, "body { font-family: sans-serif }\n", [])

    async def _live(self, exchange: Exchange) -> None:
        """Send a message every second until one side closes; messages of the client are echoed."""
        socket = await accept_websocket(exchange)
        if socket is None:
            await send_text(exchange, 400, "Bad Request\n")
            return
        feeding = asyncio.ensure_future(_feed(socket))
        try:
            while (text := await socket.receive()) is not None:
                await socket.send(json.dumps({"echo": text}))
        finally:
            feeding.cancel()

    async def _signed_in(self, exchange: Exchange) -> bool:
        if self._token(exchange) in self._sessions:
            return True
        await send_json(exchange, 401, {"message": "Unauthorized", "messageId": "auth.unauthorized"})
        return False

    def _token(self, exchange: Exchange) -> str:
        for item in ";".join(exchange.request.headers.getall("Cookie")).split(";"):
            name, _, value = item.strip().partition("=")
            if name == COOKIE:
                return value
        return ""


async def _missing(exchange: Exchange) -> None:
    await send_json(exchange, 404, {"message": "Not found"})


async def _refused(exchange: Exchange, allowed: str) -> None:
    await send_json(exchange, 405, {"message": "Method not allowed"}, [("Allow", allowed)])


async def _feed(socket: WebSocket) -> None:
    while True:
        second = time.time()
        load = round(0.5 + 0.3 * math.sin(second / 60), 3)
        await socket.send(json.dumps({"channel": "stream/demo/load", "time": round(second, 3), "load": load}))
        await asyncio.sleep(1)
