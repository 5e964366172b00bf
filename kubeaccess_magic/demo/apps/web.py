"""The little that every app needs: routes, JSON, text."""

from __future__ import annotations

import json
import re
from collections.abc import Awaitable, Callable, Iterable
from typing import Any, Final
from urllib.parse import parse_qsl

from ..http.exchange import Exchange
from ..http.headers import Headers
from ..http.message import IncomingRequest

Handler = Callable[[Exchange], Awaitable[None]]
Route = Callable[..., Awaitable[None]]

BODY_LIMIT: Final = 64 * 2**20
_BROWSERS_READ: Final = "text/html; charset=utf-8"


class Router:
    """Chooses a function by method and path.

    Each route is ``(methods, pattern, function)``; the pattern is a regular expression for the whole path, and its
    groups become arguments after the exchange. What no route takes is answered in plain text, as Go's servers do, or
    by `missing` (no such path) and `refused` (another method; it is given the methods that are allowed).
    """

    def __init__(
        self, *routes: tuple[str, str, Route], missing: Handler | None = None, refused: Route | None = None
    ) -> None:
        self._routes = [(set(methods.split()), re.compile(pattern), function) for methods, pattern, function in routes]
        self._missing = missing or not_found
        self._refused = refused or _refused

    async def __call__(self, exchange: Exchange) -> None:
        """Answer one request."""
        request = exchange.request
        others: set[str] = set()
        for methods, pattern, function in self._routes:
            if found := pattern.fullmatch(request.path):
                if request.method in methods or (request.method == "HEAD" and "GET" in methods):
                    await function(exchange, *found.groups())
                    return
                others |= methods
        if others:
            await self._refused(exchange, ", ".join(sorted(others)))
        else:
            await self._missing(exchange)


async def not_found(exchange: Exchange) -> None:
    """404 in plain text."""
    await send_text(exchange, 404, "404 page not found\n")


async def _refused(exchange: Exchange, allowed: str) -> None:
    await send_text(exchange, 405, "405 method not allowed\n", [("Allow", allowed)])


async def send_json(
    exchange: Exchange, status: int, value: Any, headers: Iterable[tuple[str, str]] = (), indent: int | None = None
) -> None:
    """Answer with a JSON value."""
    body = json.dumps(value, ensure_ascii=False, indent=indent, separators=None if indent else (",", ":")).encode()
    await exchange.respond(status, Headers([("Content-Type", "application/json"), *headers]), body + b"\n")


async def send_text(exchange: Exchange, status: int, text: str, headers: Iterable[tuple[str, str]] = ()) -> None:
    """Answer with text."""
    await exchange.respond(status, Headers([("Content-Type", "text/plain; charset=utf-8"), *headers]), text.encode())


async def send_html(exchange: Exchange, status: int, page: str, headers: Iterable[tuple[str, str]] = ()) -> None:
    """Answer with a page."""
    await exchange.respond(status, Headers([("Content-Type", _BROWSERS_READ), *headers]), page.encode())


async def read_json(exchange: Exchange) -> Any:
    """The JSON value of the request's body; None when there is no body.

    Raises
    ------
    ValueError
        The body is not JSON, or too large.
    """
    body = await exchange.whole_body(BODY_LIMIT)
    if body is None:
        raise ValueError("the body is too large")
    return json.loads(body) if body.strip() else None


def query_pairs(request: IncomingRequest) -> list[tuple[str, str]]:
    """The query's parameters in order, repeated ones too."""
    return parse_qsl(request.query, keep_blank_values=True)


def flag(parameters: dict[str, str], name: str) -> bool:
    """Whether a parameter such as `pretty` is on: present, and not ``false``."""
    return name in parameters and parameters[name].lower() != "false"
