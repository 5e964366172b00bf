"""The HTTP API of Elasticsearch: search, count, documents, indices, health, `_cat` tables."""

from __future__ import annotations

import fnmatch
import time
from typing import Any, Final

from ...http.exchange import Exchange
from ..web import is_flag_set
from . import cat_output, cluster_apis
from .log_documents import Document, GeneratedLog, Snapshot, all_fields
from .node_names import ALIAS, ARCHIVE
from .query_dsl import query
from .routes import AppRequest, Response, SearchRoutes
from .search_contexts import SearchContexts
from .search_errors import SearchError, invalid_request, parsing_error
from .search_requests import filtered_source, find, search, whole_number

_READ: Final = "GET POST"
_NAME: Final = "/([^/_][^/]*)"
_ANY_INDEX: Final = "(?:/((?:_all|[^/_])[^/]*))?"


class Elasticsearch:
    """An Elasticsearch node.

    Parameters
    ----------
    now
        When it started, in seconds since the epoch; its documents follow the clock.
    """

    def __init__(self, now: float) -> None:
        self._started = int(now)
        self._documents = GeneratedLog()
        self._contexts = SearchContexts()
        self._routes = SearchRoutes(
            ("GET", "/", lambda request: (200, cluster_apis.root())),
            ("GET", "/_cluster/health(?:/([^/]*))?", self._health),
            (
                "GET",
                "/_cluster/stats(?:/.*)?",
                lambda request: (200, cluster_apis.cluster_stats(self._all, int(time.time()))),
            ),
            ("GET", "/_cluster/settings", lambda request: (200, {"persistent": {}, "transient": {}})),
            ("GET", "/_nodes(?:/([^/]*))?(?:/.*)?", self._nodes),
            ("GET", "/_cat", lambda request: (200, cat_output.listing())),
            ("GET", "/_cat/([^/]+)(?:/([^/]+))?", self._cat),
            (_READ, "/_search/scroll(?:/([^/]+))?", self._scroll),
            ("DELETE", "/_search/scroll(?:/([^/]+))?", self._free_scroll),
            ("DELETE", "/_pit", self._free_point),
            ("POST", "/(_all|[^/_][^/]*)/_pit", self._open_point),
            (_READ, _ANY_INDEX + "/_search", self._search),
            (_READ, _ANY_INDEX + "/_count", self._count),
            (_READ, _ANY_INDEX + "/_validate/query", self._validate),
            (_READ, _ANY_INDEX + "/_field_caps", self._field_caps),
            ("GET", _ANY_INDEX + "/_stats(?:/.*)?", self._about(cluster_apis.stats)),
            ("GET", _ANY_INDEX + "/_alias(?:es)?", self._about(cluster_apis.aliases)),
            ("GET", _ANY_INDEX + "/_settings", self._about(cluster_apis.settings)),
            ("GET", _ANY_INDEX + "/_mappings?", self._about(cluster_apis.mappings)),
            ("GET", _ANY_INDEX + "/_mappings?/field/([^/]+)", self._field_mappings),
            ("GET", "/_template(?:/[^/]+)?", lambda request: (200, cluster_apis.templates())),
            ("GET", _NAME + "/_doc/([^/]+)", self._get_document),
            ("GET", _NAME + "/_source/([^/]+)", self._source),
            ("POST", _NAME + "/_doc", self._write),
            ("PUT POST DELETE", _NAME + "/_(?:doc|create|update)/[^/]+", self._write),
            ("POST", _NAME + "/_(?:update|delete)_by_query", self._write),
            ("PUT POST", _NAME + "/_(?:mapping|settings|bulk)", self._write),
            ("GET", _NAME, self._about(cluster_apis.indices)),
            ("PUT DELETE", _NAME, self._write),
        )

    async def __call__(self, exchange: Exchange) -> None:
        """Answer one request."""
        await self._routes(exchange)

    # --- indices

    @property
    def _all(self) -> Snapshot:
        return self._documents.at(time.time())

    def _select(self, pattern: str | None, parameters: dict[str, str]) -> Snapshot:
        """The indices that an index expression selects.

        Raises
        ------
        SearchError
            404: there is no such index.
        """
        everything = self._all
        wildcards = parameters.get("expand_wildcards", "open").split(",")
        sees_hidden = "all" in wildcards or "hidden" in wildcards
        if not pattern or pattern in ("_all", "*"):
            return self._documents.archive(time.time()) + everything if sees_hidden else everything
        selected: set[str] = set()
        for name_pattern in pattern.split(","):
            is_exclusion = name_pattern.startswith("-") and bool(selected)
            names = _matching_names(everything, name_pattern[1:] if is_exclusion else name_pattern, sees_hidden)
            may_be_missing = is_exclusion or "*" in name_pattern or is_flag_set(parameters, "ignore_unavailable")
            if not names and not may_be_missing:
                raise SearchError(404, "index_not_found_exception", f"no such index [{name_pattern}]", name_pattern)
            selected = selected - names if is_exclusion else selected | names
        if not selected and parameters.get("allow_no_indices") == "false":
            raise SearchError(404, "index_not_found_exception", f"no such index [{pattern}]", pattern)
        visible = everything.part(selected - {ARCHIVE})
        return self._documents.archive(time.time()) + visible if ARCHIVE in selected else visible

    def _about(self, describe: Any) -> Any:
        """A route that describes the indices in its path."""
        return lambda request, index=None: (200, describe(self._select(index, request.parameters)))

    def _field_mappings(self, request: AppRequest, index: str | None, fields: str) -> Response:
        snapshot = self._select(index, request.parameters)
        return 200, cluster_apis.field_mappings(snapshot, fields.split(","), all_fields())

    def _field_caps(self, request: AppRequest, index: str | None) -> Response:
        fields = request.parameters.get("fields")
        if not fields and isinstance(request.body, dict):
            fields = request.body.get("fields")
        if not fields:
            raise invalid_request("no fields specified")
        patterns = fields.split(",") if isinstance(fields, str) else [str(field) for field in fields]
        return 200, cluster_apis.field_capabilities(self._select(index, request.parameters), patterns, all_fields())

    def _write(self, request: AppRequest, index: str) -> Response:
        """Refuse a write request: the indices of the demo are read-only."""
        names = self._select(index, request.parameters).names
        reason = f"index [{(names or [index])[-1]}] blocked by: [FORBIDDEN/5/index read-only (api)];"
        raise SearchError(403, "cluster_block_exception", reason)

    # --- the cluster

    def _health(self, request: AppRequest, index: str | None) -> Response:
        answer = cluster_apis.health(self._select(index, request.parameters))
        if request.parameters.get("wait_for_status") == "green":  # it is never green, so there is no point in waiting
            return 408, answer | {"timed_out": True}
        return 200, answer

    def _nodes(self, request: AppRequest, section: str | None) -> Response:
        return 200, cluster_apis.nodes(int(time.time()), self._started, section == "stats")

    def _cat(self, request: AppRequest, name: str, index: str | None) -> Response:
        table = cat_output.table(name)
        if is_flag_set(request.parameters, "help"):
            return 200, cat_output.help_text(table)
        snapshot = self._select(index if table.by_index else None, request.parameters)
        rows = cat_output.rows(table, snapshot, int(time.time()), request.parameters)
        if request.wants_json and request.parameters.get("format", "json") == "json":
            return 200, rows
        return 200, cat_output.text(
            rows, cat_output.names_of(table, request.parameters), is_flag_set(request.parameters, "v")
        )

    # --- documents

    def _get_document(self, request: AppRequest, index: str, document_id: str) -> Response:
        document = self._of_id(request, index, document_id)
        if document is None:
            return 404, {"_index": index, "_type": "_doc", "_id": document_id, "found": False}
        head = {"_index": document.index, "_type": "_doc", "_id": document_id, "_version": 1, "_seq_no": document.order}
        source = filtered_source(document.source, request.parameters.get("_source"))
        return 200, head | {"_primary_term": 1, "found": True} | ({"_source": source} if source is not None else {})

    def _source(self, request: AppRequest, index: str, document_id: str) -> Response:
        document = self._of_id(request, index, document_id)
        if document is None:
            raise SearchError(
                404, "resource_not_found_exception", f"Document not found [{index}]/[_doc]/[{document_id}]"
            )
        return 200, filtered_source(document.source, request.parameters.get("_source")) or {}

    def _of_id(self, request: AppRequest, index: str, document_id: str) -> Document | None:
        documents = self._select(index, request.parameters).documents
        return next((document for document in documents if document.id == document_id), None)

    # --- searching

    def _search(self, request: AppRequest, index: str | None) -> Response:
        search_body = _search_body(request)
        pit, keep_alive = search_body.get("pit"), request.parameters.get("scroll")
        if isinstance(pit, dict):
            if index:
                raise invalid_request("[indices] cannot be used with point in time")
            if keep_alive is not None:
                raise invalid_request("using [point in time] is not allowed in a scroll context")
            point_in_time = self._contexts.point(str(pit.get("id")), pit.get("keep_alive"))
            snapshot, cache = point_in_time.snapshot, point_in_time.cache
        else:
            snapshot, cache = self._select(index, request.parameters), None
        started_at = time.perf_counter()
        head: dict[str, Any] = {}
        try:
            if keep_alive is not None:
                size = whole_number(search_body, "size", 10)
                _check_scroll(search_body, size)
                result = find({"track_total_hits": True} | search_body, snapshot.documents)
                scroll_id, scroll = self._contexts.open_scroll(result, snapshot, size, keep_alive)
                head, answer = {"_scroll_id": scroll_id}, scroll.page() | result.aggregations
            else:
                answer = search(search_body, snapshot.documents, tie_by_order=isinstance(pit, dict), cache=cache)
        except SearchError as error:
            raise error.on(snapshot.names) from error
        if isinstance(pit, dict):
            head = {"pit_id": pit.get("id")}
        head |= {"took": int((time.perf_counter() - started_at) * 1000), "timed_out": False}
        return 200, head | {"_shards": cluster_apis.shards(snapshot)} | answer

    def _count(self, request: AppRequest, index: str | None) -> Response:
        search_body, snapshot = _search_body(request), self._select(index, request.parameters)
        if other_keys := [name for name in search_body if name != "query"]:
            raise parsing_error(f"request does not support [{other_keys[0]}]")
        try:
            scorer = query(search_body.get("query"), snapshot.documents)
        except SearchError as error:
            raise error.on(snapshot.names) from error
        count = sum(1 for document in snapshot.documents if scorer(document) is not None)
        return 200, {"count": count, "_shards": cluster_apis.shards(snapshot)}

    def _validate(self, request: AppRequest, index: str | None) -> Response:
        snapshot = self._select(index, request.parameters)
        try:
            query(_search_body(request).get("query"), snapshot.documents)
            valid = True
        except SearchError:
            valid = False
        return 200, {"_shards": {"total": 1, "successful": 1, "failed": 0}, "valid": valid}

    # --- scroll and point in time

    def _scroll(self, request: AppRequest, scroll_id: str | None) -> Response:
        body = request.body if isinstance(request.body, dict) else {}
        scroll_id = str(body.get("scroll_id") or scroll_id or request.parameters.get("scroll_id", ""))
        if not scroll_id:
            raise invalid_request("scrollId is missing")
        scroll = self._contexts.scroll(scroll_id, body.get("scroll") or request.parameters.get("scroll"))
        head = {
            "_scroll_id": scroll_id,
            "took": 0,
            "timed_out": False,
            "_shards": cluster_apis.shards(scroll.snapshot),
        }
        return 200, head | scroll.page()

    def _free_scroll(self, request: AppRequest, scroll_id: str | None) -> Response:
        named = request.body.get("scroll_id") if isinstance(request.body, dict) else None
        named = named or (scroll_id or request.parameters.get("scroll_id", "")).split(",")
        scroll_ids = [str(name) for name in (named if isinstance(named, list) else [named])]
        if scroll_ids == [""]:
            raise invalid_request("no scroll ids specified")
        freed = self._contexts.free_scrolls(scroll_ids)
        return (200 if freed or scroll_ids == ["_all"] else 404), {"succeeded": True, "num_freed": freed}

    def _open_point(self, request: AppRequest, index: str) -> Response:
        if "keep_alive" not in request.parameters:
            raise invalid_request("[keep_alive] is required")
        snapshot = self._select(index, request.parameters)
        return 200, {"id": self._contexts.open_point(snapshot, request.parameters["keep_alive"])}

    def _free_point(self, request: AppRequest) -> Response:
        point_id = request.body.get("id") if isinstance(request.body, dict) else None
        if not point_id:
            raise parsing_error("Required [id]")
        freed = self._contexts.free_point(str(point_id))
        return (200 if freed else 404), {"succeeded": True, "num_freed": freed}


def _matching_names(snapshot: Snapshot, pattern: str, sees_hidden: bool) -> set[str]:
    """The names of the indices that fit a pattern, be it by their own name or by their alias."""
    names = {name for name in snapshot.names if fnmatch.fnmatchcase(name, pattern)}
    if fnmatch.fnmatchcase(ALIAS, pattern):
        names = set(snapshot.names)
    if pattern == ARCHIVE or (sees_hidden and fnmatch.fnmatchcase(ARCHIVE, pattern)):
        names.add(ARCHIVE)
    return names


def _search_body(request: AppRequest) -> dict[str, Any]:
    """The search in the body, completed by the query parameters."""
    body, parameters = request.body, request.parameters
    if body is None:
        body = {}
    if not isinstance(body, dict):
        raise parsing_error("Expected [START_OBJECT] but found [START_ARRAY]")
    search_body: dict[str, Any] = dict(body)
    for name in ("from", "size"):
        if name in parameters:
            search_body[name] = parameters[name]
    if "q" in parameters:
        text: dict[str, Any] = {"query": parameters["q"]}
        text["default_operator"] = parameters.get("default_operator", "or")
        text["lenient"] = parameters.get("lenient", "false")
        search_body["query"] = {
            "query_string": text | ({"default_field": parameters["df"]} if "df" in parameters else {})
        }
    if "sort" in parameters:
        search_body["sort"] = parameters["sort"].split(",")
    if "_source" in parameters:
        value = parameters["_source"]
        search_body["_source"] = value if value in ("true", "false") else value.split(",")
    elif "_source_includes" in parameters or "_source_excludes" in parameters:
        names = ("includes", "excludes")
        search_body["_source"] = {name: parameters.get(f"_source_{name}", "").split(",") for name in names}
    if "track_total_hits" in parameters:
        value = parameters["track_total_hits"]
        search_body["track_total_hits"] = int(value) if value.isdecimal() else value != "false"
    return search_body


def _check_scroll(search_body: dict[str, Any], size: int) -> None:
    problems = []
    if size == 0:
        problems.append("[size] cannot be [0] in a scroll context")
    if search_body.get("from"):
        problems.append("using [from] is not allowed in a scroll context")
    if "search_after" in search_body:
        problems.append("`search_after` cannot be used in a scroll context.")
    if problems:
        raise invalid_request(*problems)
