"""Which function answers a request, with refusals in Elasticsearch's own form."""

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

Answer = tuple[int, Any]
"""Status, and what is sent: text as it is, all else as JSON."""
_HEADER: Final = ("X-Elastic-Product", "Elasticsearch")


@dataclass(frozen=True, slots=True)
class AppRequest:
    """What a function is told of a request."""

    method: str
    parameters: dict[str, str]
    body: Any
    wants_json: bool


Function = Callable[..., Answer]


class SearchRoutes:
    """Chooses a function by method and path.

    Each route is ``(methods, pattern, function)``, where the pattern is a regular expression for the whole path,
    and its groups become arguments after what was asked. The first route that fits path and method counts.
    """

    def __init__(self, *routes: tuple[str, str, Function]) -> None:
        self._written = routes
        self._routes: list[tuple[list[str], re.Pattern[str], Function]] = []

    async def __call__(self, exchange: Exchange) -> None:
        """Answer one request."""
        if not self._routes:  # not before the first request, so that a demo starts at once
            self._routes = [(one.split(), re.compile(pattern), function) for one, pattern, function in self._written]
        request = exchange.request
        path = request.path.rstrip("/") or "/"
        allowed: list[str] = []
        for methods, pattern, function in self._routes:
            if (found := pattern.fullmatch(path)) is None:
                continue
            if request.method in methods or (request.method == "HEAD" and "GET" in methods):
                await _answer(exchange, function, found.groups())
                return
            allowed += [one for one in methods if one not in allowed]
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
        # A body may have any shape at any place; one that nobody foresaw is still the client's.
        failed = SearchError(400, "x_content_parse_exception", f"[1:1] the request cannot be read: {error}")
        status, value = failed.status, failed.body
    await _send(exchange, status, value, parameters)


async def _body(exchange: Exchange, parameters: dict[str, str]) -> Any:
    """The body, or what stands in `source` where there is none."""
    try:
        body = await read_json(exchange)
        return json.loads(parameters["source"]) if body is None and parameters.get("source") else body
    except ValueError as bad:
        raise SearchError(400, "parse_exception", f"Failed to parse content to map: {bad}") from bad


async def _send(
    exchange: Exchange,
    status: int,
    value: Any,
    parameters: dict[str, str],
    headers: list[tuple[str, str]] | None = None,
) -> None:
    """JSON; `pretty` puts a blank before the colon, as Elasticsearch does."""
    kind, text = "text/plain", value
    if not isinstance(value, str):
        pretty = is_flag_set(parameters, "pretty")
        separators = (",", " : ") if pretty else (",", ":")
        kind, text = (
            "application/json",
            json.dumps(value, ensure_ascii=False, indent=2 if pretty else None, separators=separators),
        )
        text += "\n" if pretty else ""
    all_headers = [("Content-Type", f"{kind}; charset=UTF-8"), _HEADER, *(headers or [])]
    await exchange.respond(status, Headers(all_headers), text.encode("utf-8", "backslashreplace"))
