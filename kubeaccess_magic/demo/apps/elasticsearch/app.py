"""The routes of Elasticsearch: search, count, documents, health, tables."""

from __future__ import annotations

import base64
import fnmatch
import json
import secrets
import time
from collections.abc import Awaitable, Callable
from typing import Any, Final
from urllib.parse import parse_qsl

from ...http.headers import Headers
from ...http.server import Exchange
from ..web import Router, flag, read_json
from . import cat
from .aggregations import counts
from .documents import MAPPING, Document, documents
from .errors import SearchError, illegal, parsing
from .query import query, query_string
from .search import filtered_source, search, sort_keys

VERSION: Final = "7.17.28"
HEALTH: Final = {
    "cluster_name": "kubernetes_logging",
    "status": "yellow",
    "timed_out": False,
    "number_of_nodes": 1,
    "number_of_data_nodes": 1,
    "active_primary_shards": 5,
    "active_shards": 5,
    "relocating_shards": 0,
    "initializing_shards": 0,
    "unassigned_shards": 5,
}
"""As the documentation page prints it."""
_KEPT: Final = 100
_ANY: Final = "GET POST"
Answer = tuple[int, Any]


class Elasticsearch:
    """One Elasticsearch node."""

    def __init__(self, now: float) -> None:
        self._now = now
        self._documents: list[Document] = []
        self._scrolls: dict[str, list[dict[str, Any]]] = {}
        self._points: dict[str, str] = {}
        route = self._route
        self._router = Router(
            ("GET", "/", route(self._root)),
            ("GET", "/_cluster/health/?([^/]*)", route(self._health)),
            ("GET", r"/_cat/(\w+)/?([^/]*)", self._cat),
            (_ANY, "/()_search", route(self._search)),
            (_ANY, "/([^/_][^/]*)/_search", route(self._search)),
            (_ANY, "/_search/scroll/?([^/]*)", route(self._scroll)),
            ("DELETE", "/_search/scroll/?([^/]*)", route(self._free_scroll)),
            ("POST", "/([^/_][^/]*)/_pit", route(self._open_point)),
            ("DELETE", "/_pit", route(self._close_point)),
            (_ANY, "/()_count", route(self._count)),
            (_ANY, "/([^/_][^/]*)/_count", route(self._count)),
            ("GET", "/()_mappings?", route(self._mapping)),
            ("GET", "/([^/_][^/]*)/_mappings?", route(self._mapping)),
            ("GET", "/([^/_][^/]*)/_doc/([^/]+)", route(self._document)),
            ("GET", "/([^/_][^/]*)", route(self._index)),
            missing=route(self._unknown),
        )

    async def __call__(self, exchange: Exchange) -> None:
        """Answer one request."""
        await self._router(exchange)

    @property
    def documents(self) -> list[Document]:
        """The documents; made when they are first asked for, so that a demo starts at once."""
        if not self._documents:
            self._documents = documents(self._now)
        return self._documents

    def _route(self, function: Callable[..., Answer]) -> Callable[..., Awaitable[None]]:
        """Read the body, call the function, send what it says or the error it raises."""

        async def answer(exchange: Exchange, *groups: str) -> None:
            parameters = dict(parse_qsl(exchange.request.query, keep_blank_values=True))
            try:
                body = await _body(exchange)
                status, value = function(parameters, body, *groups)
            except SearchError as error:
                status, value = error.status, error.body
            await _send(exchange, status, value, parameters)

        return answer

    # --- about the cluster

    def _root(self, parameters: dict[str, str], body: Any) -> Answer:
        version = {"number": VERSION, "build_flavor": "default", "build_type": "docker", "lucene_version": "8.11.3"}
        return 200, {
            "name": "elasticsearch-logging-0",
            "cluster_name": "kubernetes_logging",
            "cluster_uuid": "3kXyFv5bQm2Wg9tQZ0dEmo",
            "version": version | {"minimum_wire_compatibility_version": "6.8.0"},
            "tagline": "You Know, for Search",
        }

    def _health(self, parameters: dict[str, str], body: Any, index: str) -> Answer:
        self._chosen(index)
        return 200, HEALTH

    async def _cat(self, exchange: Exchange, table: str, index: str) -> None:
        parameters = dict(parse_qsl(exchange.request.query, keep_blank_values=True))
        now = int(time.time())
        try:
            chosen = self._chosen(index) if table in ("indices", "count") else []
            tables: dict[str, Callable[[], list[dict[str, str]]]] = {
                "indices": lambda: cat.indices(counts(chosen)),
                "count": lambda: cat.count(len(chosen), now),
                "health": lambda: cat.health(now),
                "nodes": cat.nodes,
            }
            if table not in tables:
                raise illegal(f"request [/_cat/{table}] is not in the demo; there are {', '.join(sorted(tables))}")
            rows = cat.shaped(tables[table](), parameters)
        except SearchError as error:
            await _send(exchange, error.status, error.body, parameters)
            return
        if parameters.get("format") == "json" or exchange.request.headers.get("Accept") == "application/json":
            await _send(exchange, 200, rows, parameters)
            return
        headers = Headers([("Content-Type", "text/plain; charset=UTF-8")])
        await exchange.respond(200, headers, cat.text(rows, flag(parameters, "v")).encode())

    def _unknown(self, parameters: dict[str, str], body: Any) -> Answer:
        raise illegal("no handler found for this uri and method: not in the demo")

    # --- indices and documents

    def _mapping(self, parameters: dict[str, str], body: Any, index: str) -> Answer:
        names = sorted(counts(self._chosen(index)))
        return 200, {name: {"mappings": {"properties": MAPPING}} for name in names}

    def _index(self, parameters: dict[str, str], body: Any, index: str) -> Answer:
        settings = {"index": {"number_of_shards": "1", "number_of_replicas": "1"}}
        names = sorted(counts(self._chosen(index)))
        return 200, {name: {"aliases": {}, "mappings": {"properties": MAPPING}, "settings": settings} for name in names}

    def _document(self, parameters: dict[str, str], body: Any, index: str, identity: str) -> Answer:
        for document in self._chosen(index):
            if document.id == identity:
                head = {"_index": document.index, "_type": "_doc", "_id": identity, "_version": 1, "found": True}
                source = filtered_source(document.source, parameters.get("_source"))
                return 200, head | ({"_source": source} if source is not None else {})
        return 404, {"_index": index, "_type": "_doc", "_id": identity, "found": False}

    # --- searching

    def _search(self, parameters: dict[str, str], body: Any, index: str) -> Answer:
        asked = self._asked(parameters, body)
        point = asked.get("pit")
        if isinstance(point, dict):
            if index:
                raise illegal("[indices] cannot be used with point in time")
            index = self._point(str(point.get("id")))
        everything = self._chosen(index)
        began = time.perf_counter()
        scroll = "scroll" in parameters
        if scroll:
            size = int(asked.get("size", 10))
            found = search(asked | {"size": 10_000, "track_total_hits": True}, everything)
            rest = found["hits"]["hits"][size:]
            found["hits"]["hits"] = found["hits"]["hits"][:size]
        elif "q" in parameters:
            found = self._by_text(parameters, asked, everything)
        else:
            found = search(asked, everything, tie_by_order=point is not None)
        shards = {"total": 5, "successful": 5, "skipped": 0, "failed": 0}
        head: dict[str, Any] = {
            "took": int((time.perf_counter() - began) * 1000),
            "timed_out": False,
            "_shards": shards,
        }
        if scroll:
            head = {"_scroll_id": self._keep_scroll(rest, found["hits"], size)} | head
        if isinstance(point, dict):
            head = {"pit_id": point.get("id")} | head
        return 200, head | found

    def _by_text(self, parameters: dict[str, str], asked: dict[str, Any], everything: list[Document]) -> dict[str, Any]:
        text = {"query": parameters["q"], "default_operator": parameters.get("default_operator", "or")}
        text["default_field"] = parameters.get("df", "message")
        return search(asked | {"query": {"query_string": text}}, everything)

    def _count(self, parameters: dict[str, str], body: Any, index: str) -> Answer:
        everything = self._chosen(index)
        if "q" in parameters:
            scorer = query_string(parameters["q"], everything)
        else:
            scorer = query(body.get("query") if isinstance(body, dict) else None, everything)
        shards = {"total": 5, "successful": 5, "skipped": 0, "failed": 0}
        return 200, {"count": sum(1 for one in everything if scorer(one) is not None), "_shards": shards}

    def _asked(self, parameters: dict[str, str], body: Any) -> dict[str, Any]:
        if body is None:
            body = {}
        if not isinstance(body, dict):
            raise parsing("Expected [START_OBJECT] but found [START_ARRAY]")
        asked: dict[str, Any] = dict(body)
        for name in ("from", "size"):
            if name in parameters:
                asked[name] = parameters[name]
        if "sort" in parameters:
            asked["sort"] = parameters["sort"].split(",")
            sort_keys(asked["sort"])
        if "_source" in parameters:
            asked["_source"] = (
                parameters["_source"]
                if parameters["_source"] in ("true", "false")
                else parameters["_source"].split(",")
            )
        if "track_total_hits" in parameters:
            given = parameters["track_total_hits"]
            asked["track_total_hits"] = int(given) if given.isdecimal() else given != "false"
        return asked

    def _chosen(self, pattern: str) -> list[Document]:
        """The documents of the indices that a pattern names.

        Raises
        ------
        SearchError
            404: there is no such index.
        """
        if pattern in ("", "_all", "*"):
            return self.documents
        patterns = pattern.split(",")
        found = [one for one in self.documents if any(fnmatch.fnmatchcase(one.index, each) for each in patterns)]
        for each in patterns:
            if "*" not in each and not any(one.index == each for one in found):
                raise SearchError(404, "index_not_found_exception", f"no such index [{each}]", each)
        return found

    # --- scroll and point in time

    def _keep_scroll(self, rest: list[dict[str, Any]], hits: dict[str, Any], size: int) -> str:
        identity = base64.urlsafe_b64encode(secrets.token_bytes(24)).decode()
        while len(self._scrolls) >= _KEPT:
            self._scrolls.pop(next(iter(self._scrolls)))
        self._scrolls[identity] = [
            {"hits": hits | {"hits": rest[at : at + size]}} for at in range(0, len(rest), max(size, 1))
        ]
        return identity

    def _scroll(self, parameters: dict[str, str], body: Any, identity: str) -> Answer:
        given = body.get("scroll_id") if isinstance(body, dict) else None
        identity = str(given[0] if isinstance(given, list) else given or identity or parameters.get("scroll_id", ""))
        if identity not in self._scrolls:
            raise SearchError(404, "search_context_missing_exception", f"No search context found for id [{identity}]")
        pages = self._scrolls[identity]
        page = (
            pages.pop(0)
            if pages
            else {"hits": {"total": {"value": 0, "relation": "eq"}, "max_score": None, "hits": []}}
        )
        shards = {"total": 5, "successful": 5, "skipped": 0, "failed": 0}
        return 200, {"_scroll_id": identity, "took": 1, "timed_out": False, "_shards": shards} | page

    def _free_scroll(self, parameters: dict[str, str], body: Any, identity: str) -> Answer:
        given = body.get("scroll_id") if isinstance(body, dict) else None
        given = given or identity.split(",")
        if given == ["_all"]:
            given = list(self._scrolls)
        freed = sum(1 for one in ([given] if isinstance(given, str) else given) if self._scrolls.pop(str(one), None) is not None)
        return (200 if freed else 404), {"succeeded": True, "num_freed": freed}

    def _open_point(self, parameters: dict[str, str], body: Any, index: str) -> Answer:
        if "keep_alive" not in parameters:
            raise illegal("[keep_alive] is required")
        self._chosen(index)
        identity = base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()
        while len(self._points) >= _KEPT:
            self._points.pop(next(iter(self._points)))
        self._points[identity] = index
        return 200, {"id": identity}

    def _close_point(self, parameters: dict[str, str], body: Any) -> Answer:
        identity = str(body.get("id", "")) if isinstance(body, dict) else ""
        freed = self._points.pop(identity, None) is not None
        return (200 if freed else 404), {"succeeded": freed, "num_freed": int(freed)}

    def _point(self, identity: str) -> str:
        if identity not in self._points:
            raise SearchError(404, "search_context_missing_exception", f"No search context found for id [{identity}]")
        return self._points[identity]


async def _body(exchange: Exchange) -> Any:
    try:
        return await read_json(exchange)
    except ValueError as bad:
        raise SearchError(400, "parse_exception", f"Failed to parse content to map: {bad}") from bad


async def _send(exchange: Exchange, status: int, value: Any, parameters: dict[str, str]) -> None:
    """JSON; `pretty` puts a blank before the colon, as Elasticsearch does."""
    pretty = flag(parameters, "pretty")
    separators = (",", " : ") if pretty else (",", ":")
    text = json.dumps(value, ensure_ascii=False, indent=2 if pretty else None, separators=separators)
    headers = [("Content-Type", "application/json; charset=UTF-8"), ("X-Elastic-Product", "Elasticsearch")]
    await exchange.respond(status, Headers(headers), text.encode() + (b"\n" if pretty else b""))
