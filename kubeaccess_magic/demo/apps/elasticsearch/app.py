"""The routes of Elasticsearch: search, count, documents, health, tables."""

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
from .routes import Answer, AppRequest, SearchRoutes
from .search_contexts import SearchContexts
from .search_errors import SearchError, invalid, parsing
from .search_requests import filtered_source, find, search, whole

_READ: Final = "GET POST"
_NAME: Final = "/([^/_][^/]*)"
_ANY_INDEX: Final = "(?:/((?:_all|[^/_])[^/]*))?"


class Elasticsearch:
    """One Elasticsearch node.

    Parameters
    ----------
    now
        When it was started, in seconds since the epoch; what is logged follows the clock.
    """

    def __init__(self, now: float) -> None:
        self._started = int(now)
        self._log = GeneratedLog()
        self._contexts = SearchContexts()
        self._routes = SearchRoutes(
            ("GET", "/", lambda asked: (200, cluster_apis.root())),
            ("GET", "/_cluster/health(?:/([^/]*))?", self._health),
            (
                "GET",
                "/_cluster/stats(?:/.*)?",
                lambda asked: (200, cluster_apis.cluster_stats(self._all, int(time.time()))),
            ),
            ("GET", "/_cluster/settings", lambda asked: (200, {"persistent": {}, "transient": {}})),
            ("GET", "/_nodes(?:/([^/]*))?(?:/.*)?", self._nodes),
            ("GET", "/_cat", lambda asked: (200, cat_output.listing())),
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
            ("GET", "/_template(?:/[^/]+)?", lambda asked: (200, cluster_apis.templates())),
            ("GET", _NAME + "/_doc/([^/]+)", self._document),
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
        return self._log.at(time.time())

    def _chosen(self, pattern: str | None, parameters: dict[str, str]) -> Snapshot:
        """The indices that a pattern names.

        Raises
        ------
        SearchError
            404: there is no such index.
        """
        everything = self._all
        expanded = parameters.get("expand_wildcards", "open").split(",")
        sees_hidden = "all" in expanded or "hidden" in expanded
        if not pattern or pattern in ("_all", "*"):
            return self._log.archive(time.time()) + everything if sees_hidden else everything
        chosen: set[str] = set()
        for each in pattern.split(","):
            without, wanted = each.startswith("-") and bool(chosen), each
            if without:
                wanted = each[1:]
            names = {name for name in everything.names if fnmatch.fnmatchcase(name, wanted)}
            if fnmatch.fnmatchcase(ALIAS, wanted):
                names = set(everything.names)
            if wanted == ARCHIVE or (sees_hidden and fnmatch.fnmatchcase(ARCHIVE, wanted)):
                names.add(ARCHIVE)
            if not names and "*" not in wanted and not without and not is_flag_set(parameters, "ignore_unavailable"):
                raise SearchError(404, "index_not_found_exception", f"no such index [{each}]", each)
            chosen = chosen - names if without else chosen | names
        if not chosen and parameters.get("allow_no_indices") == "false":
            raise SearchError(404, "index_not_found_exception", f"no such index [{pattern}]", pattern)
        visible = everything.of(chosen - {ARCHIVE})
        return self._log.archive(time.time()) + visible if ARCHIVE in chosen else visible

    def _about(self, of: Any) -> Any:
        """A route that says something about the indices in its path."""
        return lambda asked, index=None: (200, of(self._chosen(index, asked.parameters)))

    def _field_mappings(self, asked: AppRequest, index: str | None, fields: str) -> Answer:
        found = self._chosen(index, asked.parameters)
        return 200, cluster_apis.field_mappings(found, fields.split(","), all_fields())

    def _field_caps(self, asked: AppRequest, index: str | None) -> Answer:
        given = asked.parameters.get("fields") or (asked.body.get("fields") if isinstance(asked.body, dict) else None)
        if not given:
            raise invalid("no fields specified")
        patterns = given.split(",") if isinstance(given, str) else [str(one) for one in given]
        return 200, cluster_apis.field_capabilities(self._chosen(index, asked.parameters), patterns, all_fields())

    def _write(self, asked: AppRequest, index: str) -> Answer:
        """What would change something: the indices of the demo are read-only."""
        names = self._chosen(index, asked.parameters).names
        reason = f"index [{(names or [index])[-1]}] blocked by: [FORBIDDEN/5/index read-only (api)];"
        raise SearchError(403, "cluster_block_exception", reason)

    # --- the cluster

    def _health(self, asked: AppRequest, index: str | None) -> Answer:
        answer = cluster_apis.health(self._chosen(index, asked.parameters))
        if asked.parameters.get("wait_for_status") == "green":  # which it will never be: no need to wait for that
            return 408, answer | {"timed_out": True}
        return 200, answer

    def _nodes(self, asked: AppRequest, what: str | None) -> Answer:
        return 200, cluster_apis.nodes(int(time.time()), self._started, what == "stats")

    def _cat(self, asked: AppRequest, name: str, index: str | None) -> Answer:
        table = cat_output.table(name)
        if is_flag_set(asked.parameters, "help"):
            return 200, cat_output.help_text(table)
        found = self._chosen(index if table.by_index else None, asked.parameters)
        rows = cat_output.rows(table, found, int(time.time()), asked.parameters)
        if asked.wants_json and asked.parameters.get("format", "json") == "json":
            return 200, rows
        return 200, cat_output.text(
            rows, cat_output.names_of(table, asked.parameters), is_flag_set(asked.parameters, "v")
        )

    # --- documents

    def _document(self, asked: AppRequest, index: str, identity: str) -> Answer:
        document = self._of_id(asked, index, identity)
        if document is None:
            return 404, {"_index": index, "_type": "_doc", "_id": identity, "found": False}
        head = {"_index": document.index, "_type": "_doc", "_id": identity, "_version": 1, "_seq_no": document.order}
        source = filtered_source(document.source, asked.parameters.get("_source"))
        return 200, head | {"_primary_term": 1, "found": True} | ({"_source": source} if source is not None else {})

    def _source(self, asked: AppRequest, index: str, identity: str) -> Answer:
        document = self._of_id(asked, index, identity)
        if document is None:
            raise SearchError(404, "resource_not_found_exception", f"Document not found [{index}]/[_doc]/[{identity}]")
        return 200, filtered_source(document.source, asked.parameters.get("_source")) or {}

    def _of_id(self, asked: AppRequest, index: str, identity: str) -> Document | None:
        documents = self._chosen(index, asked.parameters).documents
        return next((one for one in documents if one.id == identity), None)

    # --- searching

    def _search(self, asked: AppRequest, index: str | None) -> Answer:
        wanted = _wanted(asked)
        point, keep = wanted.get("pit"), asked.parameters.get("scroll")
        if isinstance(point, dict):
            if index:
                raise invalid("[indices] cannot be used with point in time")
            if keep is not None:
                raise invalid("using [point in time] is not allowed in a scroll context")
            opened = self._contexts.point(str(point.get("id")), point.get("keep_alive"))
            snapshot, kept = opened.snapshot, opened.found
        else:
            snapshot, kept = self._chosen(index, asked.parameters), None
        started_at = time.perf_counter()
        head: dict[str, Any] = {}
        try:
            if keep is not None:
                size = whole(wanted, "size", 10)
                _check_scroll(wanted, size)
                found = find({"track_total_hits": True} | wanted, snapshot.documents)
                identity, scroll = self._contexts.open_scroll(found, snapshot, size, keep)
                head, answer = {"_scroll_id": identity}, scroll.page() | found.aggregations
            else:
                answer = search(wanted, snapshot.documents, tie_by_order=isinstance(point, dict), kept=kept)
        except SearchError as error:
            raise error.on(snapshot.names) from error
        if isinstance(point, dict):
            head = {"pit_id": point.get("id")}
        head |= {"took": int((time.perf_counter() - started_at) * 1000), "timed_out": False}
        return 200, head | {"_shards": cluster_apis.shards(snapshot)} | answer

    def _count(self, asked: AppRequest, index: str | None) -> Answer:
        wanted, snapshot = _wanted(asked), self._chosen(index, asked.parameters)
        if others := [name for name in wanted if name != "query"]:
            raise parsing(f"request does not support [{others[0]}]")
        try:
            scorer = query(wanted.get("query"), snapshot.documents)
        except SearchError as error:
            raise error.on(snapshot.names) from error
        count = sum(1 for one in snapshot.documents if scorer(one) is not None)
        return 200, {"count": count, "_shards": cluster_apis.shards(snapshot)}

    def _validate(self, asked: AppRequest, index: str | None) -> Answer:
        snapshot = self._chosen(index, asked.parameters)
        try:
            query(_wanted(asked).get("query"), snapshot.documents)
            valid = True
        except SearchError:
            valid = False
        return 200, {"_shards": {"total": 1, "successful": 1, "failed": 0}, "valid": valid}

    # --- scroll and point in time

    def _scroll(self, asked: AppRequest, identity: str | None) -> Answer:
        body = asked.body if isinstance(asked.body, dict) else {}
        identity = str(body.get("scroll_id") or identity or asked.parameters.get("scroll_id", ""))
        if not identity:
            raise invalid("scrollId is missing")
        scroll = self._contexts.scroll(identity, body.get("scroll") or asked.parameters.get("scroll"))
        head = {"_scroll_id": identity, "took": 0, "timed_out": False, "_shards": cluster_apis.shards(scroll.snapshot)}
        return 200, head | scroll.page()

    def _free_scroll(self, asked: AppRequest, identity: str | None) -> Answer:
        given = asked.body.get("scroll_id") if isinstance(asked.body, dict) else None
        given = given or (identity or asked.parameters.get("scroll_id", "")).split(",")
        identities = [str(one) for one in (given if isinstance(given, list) else [given])]
        if identities == [""]:
            raise invalid("no scroll ids specified")
        freed = self._contexts.free_scrolls(identities)
        return (200 if freed or identities == ["_all"] else 404), {"succeeded": True, "num_freed": freed}

    def _open_point(self, asked: AppRequest, index: str) -> Answer:
        if "keep_alive" not in asked.parameters:
            raise invalid("[keep_alive] is required")
        snapshot = self._chosen(index, asked.parameters)
        return 200, {"id": self._contexts.open_point(snapshot, asked.parameters["keep_alive"])}

    def _free_point(self, asked: AppRequest) -> Answer:
        identity = asked.body.get("id") if isinstance(asked.body, dict) else None
        if not identity:
            raise parsing("Required [id]")
        freed = self._contexts.free_point(str(identity))
        return (200 if freed else 404), {"succeeded": True, "num_freed": freed}


def _wanted(asked: AppRequest) -> dict[str, Any]:
    """The search in the body, with what the parameters say put into it."""
    body, parameters = asked.body, asked.parameters
    if body is None:
        body = {}
    if not isinstance(body, dict):
        raise parsing("Expected [START_OBJECT] but found [START_ARRAY]")
    wanted: dict[str, Any] = dict(body)
    for name in ("from", "size"):
        if name in parameters:
            wanted[name] = parameters[name]
    if "q" in parameters:
        text: dict[str, Any] = {"query": parameters["q"]}
        text["default_operator"] = parameters.get("default_operator", "or")
        text["lenient"] = parameters.get("lenient", "false")
        wanted["query"] = {"query_string": text | ({"default_field": parameters["df"]} if "df" in parameters else {})}
    if "sort" in parameters:
        wanted["sort"] = parameters["sort"].split(",")
    if "_source" in parameters:
        given = parameters["_source"]
        wanted["_source"] = given if given in ("true", "false") else given.split(",")
    elif "_source_includes" in parameters or "_source_excludes" in parameters:
        names = ("includes", "excludes")
        wanted["_source"] = {one: parameters.get(f"_source_{one}", "").split(",") for one in names}
    if "track_total_hits" in parameters:
        given = parameters["track_total_hits"]
        wanted["track_total_hits"] = int(given) if given.isdecimal() else given != "false"
    return wanted


def _check_scroll(wanted: dict[str, Any], size: int) -> None:
    wrong = []
    if size == 0:
        wrong.append("[size] cannot be [0] in a scroll context")
    if wanted.get("from"):
        wrong.append("using [from] is not allowed in a scroll context")
    if "search_after" in wanted:
        wrong.append("`search_after` cannot be used in a scroll context.")
    if wrong:
        raise invalid(*wrong)
