"""The port of metrics-server itself: it answers health checks only, since its API is for the API server."""

from __future__ import annotations

from ..http.exchange import Exchange
from .web import send_json, send_text

_CHECKS = ("/healthz", "/livez", "/readyz")


async def metrics_server(exchange: Exchange) -> None:
    """Answer health checks with ``ok``, and everything else with 403, like an API server."""
    request = exchange.request
    if request.path in _CHECKS and request.method in ("GET", "HEAD"):
        await send_text(exchange, 200, "ok")
        return
    verb = {"HEAD": "get"}.get(request.method, request.method.lower())
    message = f'forbidden: User "system:anonymous" cannot {verb} path "{request.path}"'
    status = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "message": message}
    await send_json(exchange, 403, status | {"reason": "Forbidden", "details": {}, "code": 403}, indent=2)
