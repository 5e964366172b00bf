"""Kibana: a JavaScript app whose URLs begin at the root of its origin, so that it breaks behind a path prefix."""

from __future__ import annotations

from ..http.exchange import Exchange
from .web import Router, send_html, send_json, send_text

_PAGE = """<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>Kibana</title>
<link rel="stylesheet" href="/ui/legacy.css"></head><body><div id="app">Loading Kibana</div>
<noscript>Kibana needs JavaScript.</noscript><script src="/bundles/app.js"></script></body></html>"""
_SCRIPT = """"use strict";
// Every URL here begins at the root of the origin: behind the proxy verb that is the API server's own root.
const show = (text) => { document.getElementById("app").textContent = text; };
fetch("/api/status")
  .then((answer) => { if (!answer.ok) { throw new Error("HTTP " + answer.status); } return answer.json(); })
  .then((status) => show("Kibana is " + status.status.overall.state))
  .catch((problem) => show("Kibana did not load properly: " + problem.message));
"""
_STATUS = {
    "name": "kibana-logging",
    "uuid": "5b2de169-2785-441b-ae8c-186a1936b17d",
    "version": {"number": "7.17.28", "build_hash": "demo", "build_number": 1, "build_snapshot": False},
    "status": {
        "overall": {"state": "green", "title": "Green", "nickname": "Looking good"},
        "statuses": [{"id": "plugin:elasticsearch", "state": "green", "message": "Ready"}],
    },
}


async def _front(exchange: Exchange) -> None:
    await send_text(exchange, 302, "", [("Location", "/app/kibana"), ("kbn-name", "kibana-logging")])


async def _app(exchange: Exchange) -> None:
    await send_html(exchange, 200, _PAGE, [("kbn-name", "kibana-logging")])


async def _script(exchange: Exchange) -> None:
    await send_text(exchange, 200, _SCRIPT)


async def _style(exchange: Exchange) -> None:
    await send_text(exchange, 200, "body { font-family: sans-serif }\n")


async def _status(exchange: Exchange) -> None:
    await send_json(exchange, 200, _STATUS)


kibana = Router(
    ("GET", "/", _front),
    ("GET", "/app/kibana", _app),
    ("GET", "/bundles/app.js", _script),
    ("GET", "/ui/legacy.css", _style),
    ("GET", "/api/status", _status),
)
"""The Kibana app."""
