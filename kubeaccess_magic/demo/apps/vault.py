"""An app that needs an Authorization header of its own, which the proxy verb never passes on (T14)."""

from __future__ import annotations

import base64

from ..http.exchange import Exchange
from .web import send_json

USER, PASSWORD = "teapot", "short-and-stout"
"""The login, which the app itself prints: there is nothing to protect."""


async def vault(exchange: Exchange) -> None:
    """Answer with the signed-in user, or with 401 if the login is missing or wrong."""
    expected = "Basic " + base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
    if exchange.request.headers.get("Authorization") == expected:
        await send_json(exchange, 200, {"signed_in_as": USER, "secret": "there is tea in the pot"})
        return
    hint = f"sign in as {USER} with password {PASSWORD}; the proxy verb never passes the Authorization header on"
    challenge = [("WWW-Authenticate", 'Basic realm="vault"')]
    await send_json(exchange, 401, {"error": "authorization required", "hint": hint}, challenge)
