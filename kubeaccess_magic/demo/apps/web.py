"""What all apps need: routing, and sending and reading JSON and text."""

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

BODY_LIMIT_BYTES: Final = 64 * 2**20
_HTML_TYPE: Final = "text/html; charset=utf-8"


class Router:
    """Calls a function by the method and path of a request.

    Parameters
    ----------
    *routes
        ``(methods, pattern, function)``: the pattern is a regular expression for the whole path, and its groups are
        passed to the function after the exchange.
    missing
        Answers a request whose path fits no route; by default in plain text, as Go's servers do.
    refused
        Answers a request whose method fits no route; it gets the allowed methods.
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
        allowed: set[str] = set()
        for methods, pattern, function in self._routes:
            if match := pattern.fullmatch(request.path):
                if request.method in methods or (request.method == "HEAD" and "GET" in methods):
                    await function(exchange, *match.groups())
                    return
                allowed |= methods
        if allowed:
            await self._refused(exchange, ", ".join(sorted(allowed)))
        else:
            await self._missing(exchange)


async def not_found(exchange: Exchange) -> None:
    """Answer 404 in plain text."""
    await send_text(exchange, 404, "404 page not found\n")


async def _refused(exchange: Exchange, allowed: str) -> None:
    await send_text(exchange, 405, "405 method not allowed\n", [("Allow", allowed)])


async def send_json(
    exchange: Exchange, status: int, value: Any, headers: Iterable[tuple[str, str]] = (), indent: int | None = None
) -> None:
    """Answer with a JSON value.

    Parameters
    ----------
    exchange
        The request to answer.
    status
        The status code.
    value
        The value to encode.
    headers
        Headers besides Content-Type.
    indent
        The number of blanks to indent by; None for compact JSON.
    """
    body = json.dumps(value, ensure_ascii=False, indent=indent, separators=None if indent else (",", ":")).encode()
    await exchange.respond(status, Headers([("Content-Type", "application/json"), *headers]), body + b"\n")


async def send_text(exchange: Exchange, status: int, text: str, headers: Iterable[tuple[str, str]] = ()) -> None:
    """Answer with plain text.

    Parameters
    ----------
    exchange
        The request to answer.
    status
        The status code.
    text
        The text.
    headers
        Headers besides Content-Type.
    """
    await exchange.respond(status, Headers([("Content-Type", "text/plain; charset=utf-8"), *headers]), text.encode())


async def send_html(exchange: Exchange, status: int, page: str, headers: Iterable[tuple[str, str]] = ()) -> None:
    """Answer with an HTML page.

    Parameters
    ----------
    exchange
        The request to answer.
    status
        The status code.
    page
        The HTML.
    headers
        Headers besides Content-Type.
    """
    await exchange.respond(status, Headers([("Content-Type", _HTML_TYPE), *headers]), page.encode())


async def read_json(exchange: Exchange) -> Any:
    """Read the JSON value in the body of a request; None if there is no body.

    Raises
    ------
    ValueError
        The body is not JSON, or is too large.
    """
    body = await exchange.whole_body(BODY_LIMIT_BYTES)
    if body is None:
        raise ValueError("the body is too large")
    return json.loads(body) if body.strip() else None


def query_pairs(request: IncomingRequest) -> list[tuple[str, str]]:
    """The query parameters in order, including repeated ones."""
    return parse_qsl(request.query, keep_blank_values=True)


def is_flag_set(parameters: dict[str, str], name: str) -> bool:
    """Whether a flag such as `pretty` is set: the parameter is present and not ``false``.

    Parameters
    ----------
    parameters
        The query parameters.
    name
        The flag.
    """
    return name in parameters and parameters[name].lower() != "false"
