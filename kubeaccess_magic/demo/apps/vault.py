"""An app that wants its own Authorization header, which the proxy verb never lets through (T14)."""

from __future__ import annotations

import base64

from ..http.exchange import Exchange
from .web import send_json

USER, PASSWORD = "teapot", "short-and-stout"
"""Printed on its own front page: there is nothing to guard."""


async def vault(exchange: Exchange) -> None:
    """401 without the right login; who is signed in, with it."""
    wanted = "Basic " + base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
    if exchange.request.headers.get("Authorization") == wanted:
        await send_json(exchange, 200, {"signed_in_as": USER, "secret": "there is tea in the pot"})
        return
    hint = f"sign in as {USER} with password {PASSWORD}; through the proxy verb that header never arrives"
    challenge = [("WWW-Authenticate", 'Basic realm="vault"')]
    await send_json(exchange, 401, {"error": "authorization required", "hint": hint}, challenge)
