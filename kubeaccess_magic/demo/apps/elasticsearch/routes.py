"""Routing of requests to functions, with errors in the format of Elasticsearch."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import parse_qsl

from ...http.exchange import Exchange
from ...http.headers import Headers
from ..web import is_flag_set, read_json
from .search_errors import SearchError

Response = tuple[int, Any]
"""The status code and the content: text is sent as it is, everything else as JSON."""
_HEADER: Final = ("X-Elastic-Product", "Elasticsearch")


@dataclass(frozen=True, slots=True)
class AppRequest:
    """The parts of a request that a route function needs."""

    method: str
    parameters: dict[str, str]
    body: Any
    wants_json: bool


Function = Callable[..., Response]


class SearchRoutes:
    """Calls a function by the method and path of a request.

    Parameters
    ----------
    *routes
        ``(methods, pattern, function)``: the pattern is a regular expression for the whole path, and its groups are
        passed to the function after the request. The first route that fits path and method is used.
    """

    def __init__(self, *routes: tuple[str, str, Function]) -> None:
        self._declared = routes
        self._routes: list[tuple[list[str], re.Pattern[str], Function]] = []

    async def __call__(self, exchange: Exchange) -> None:
        """Answer one request."""
        if not self._routes:  # compiled at the first request, so that the demo starts fast
            self._routes = [
                (methods.split(), re.compile(pattern), function) for methods, pattern, function in self._declared
            ]
        request = exchange.request
        path = request.path.rstrip("/") or "/"
        allowed: list[str] = []
        for methods, pattern, function in self._routes:
            if (match := pattern.fullmatch(path)) is None:
                continue
            if request.method in methods or (request.method == "HEAD" and "GET" in methods):
                await _answer(exchange, function, match.groups())
                return
            allowed += [method for method in methods if method not in allowed]
        uri = request.path + ("?" + request.query if request.query else "")
        if not allowed:
            reason = f"no handler found for uri [{uri}] and method [{request.method}]"
            await _send(exchange, 400, {"error": f"{reason}: not in the demo"}, {})
            return
        allowed.sort()
        if request.method == "OPTIONS":
            await exchange.respond(200, Headers([("Allow", ",".join(allowed)), _HEADER]))
            return
        reason = f"Incorrect HTTP method for uri [{uri}] and method [{request.method}], allowed: [{', '.join(allowed)}]"
        await _send(exchange, 405, {"error": reason, "status": 405}, {}, [("Allow", ",".join(allowed))])


async def _answer(exchange: Exchange, function: Function, groups: tuple[str, ...]) -> None:
    parameters = dict(parse_qsl(exchange.request.query, keep_blank_values=True))
    wants_json = parameters.get("format") == "json" or "json" in exchange.request.headers.get("Accept")
    try:
        body = await _body(exchange, parameters)
        status, value = function(AppRequest(exchange.request.method, parameters, body, wants_json), *groups)
    except SearchError as error:
        status, value = error.status, error.body
    except (AttributeError, KeyError, OverflowError, RecursionError, TypeError, ValueError) as error:
        # A body can have any shape anywhere; an unexpected one is the client's error, not ours.
        unreadable = SearchError(400, "x_content_parse_exception", f"[1:1] the request cannot be read: {error}")
        status, value = unreadable.status, unreadable.body
    await _send(exchange, status, value, parameters)


async def _body(exchange: Exchange, parameters: dict[str, str]) -> Any:
    """The JSON value of the body, or of the parameter `source` if there is no body."""
    try:
        body = await read_json(exchange)
        return json.loads(parameters["source"]) if body is None and parameters.get("source") else body
    except ValueError as error:
        raise SearchError(400, "parse_exception", f"Failed to parse content to map: {error}") from error


async def _send(
    exchange: Exchange,
    status: int,
    value: Any,
    parameters: dict[str, str],
    headers: list[tuple[str, str]] | None = None,
) -> None:
    """Send a response; with `pretty`, JSON has a blank before the colon, as in Elasticsearch."""
    media_type, text = "text/plain", value
    if not isinstance(value, str):
        pretty = is_flag_set(parameters, "pretty")
        separators = (",", " : ") if pretty else (",", ":")
        media_type, text = (
            "application/json",
            json.dumps(value, ensure_ascii=False, indent=2 if pretty else None, separators=separators),
        )
        text += "\n" if pretty else ""
    all_headers = [("Content-Type", f"{media_type}; charset=UTF-8"), _HEADER, *(headers or [])]
    await exchange.respond(status, Headers(all_headers), text.encode("utf-8", "backslashreplace"))
