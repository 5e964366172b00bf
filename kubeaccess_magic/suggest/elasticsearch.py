"""Elasticsearch and OpenSearch: paths for reading, and the words of their query language."""

from __future__ import annotations

from .app import App, AppPath, Question

__all__ = ["ELASTICSEARCH", "words_in_body"]

_SEARCH = ("q", "size", "sort", "from", "_source", "track_total_hits", "timeout", "routing", "preference", "pretty")
_CAT = ("v", "h", "s", "format", "bytes", "help")

ELASTICSEARCH = App(
    paths=(
        AppPath("_search", "search in all indices", _SEARCH),
        AppPath("_count", "number of documents", ("q",)),
        AppPath("_cat/indices", "indices: documents, size, health", ("health", *_CAT)),
        AppPath("_cat/nodes", "nodes: heap, load, disk", _CAT),
        AppPath("_cat/shards", "shards and their nodes", _CAT),
        AppPath("_cat/aliases", "aliases", _CAT),
        AppPath("_cat/allocation", "shards and disk space of each node", _CAT),
        AppPath("_cat/health", "health on one line", _CAT),
        AppPath("_cat/count", "number of documents", _CAT),
        AppPath("_cat/recovery", "shard recoveries", _CAT),
        AppPath("_cat/segments", "segments", _CAT),
        AppPath("_cat/thread_pool", "thread pools of the nodes", _CAT),
        AppPath("_cat/pending_tasks", "tasks that wait for the master", _CAT),
        AppPath("_cat/templates", "index templates", _CAT),
        AppPath("_cluster/health", "green, yellow or red, and why", ("level", "wait_for_status", "timeout", "pretty")),
        AppPath("_cluster/settings", "changed settings", ("include_defaults", "flat_settings", "pretty")),
        AppPath("_cluster/stats", "statistics of the cluster", ("pretty",)),
        AppPath("_nodes/stats", "statistics of the nodes", ("pretty",)),
        AppPath("_mapping", "fields of all indices", ("pretty",)),
        AppPath("_field_caps", "fields and what they support", ("fields", "pretty")),
        AppPath("_aliases", "aliases and their indices", ("pretty",)),
        AppPath("_stats", "statistics of all indices", ("pretty",)),
        AppPath("{index}/_search", "search in this index", _SEARCH),
        AppPath("{index}/_count", "number of documents in it", ("q",)),
        AppPath("{index}/_mapping", "its fields", ("pretty",)),
        AppPath("{index}/_settings", "its settings", ("flat_settings", "pretty")),
        AppPath("{index}/_stats", "its statistics", ("pretty",)),
        AppPath("{index}/_field_caps", "its fields and what they support", ("fields", "pretty")),
    ),
    parameters={
        "q": "a query: user:kimchy AND level:error",
        "size": "number of hits",
        "sort": "field:desc",
        "from": "hits to skip",
        "_source": "fields to return",
        "track_total_hits": "true: count all hits",
        "timeout": "30s",
        "routing": "routing value of the documents",
        "preference": "which shard copies to use",
        "pretty": "indented JSON",
        "v": "with column titles",
        "h": "columns to return",
        "s": "column:desc",
        "format": "json",
        "bytes": "unit for sizes",
        "help": "list the columns",
        "health": "only indices with this health",
        "level": "level of detail",
        "wait_for_status": "wait for this health",
        "include_defaults": "include unchanged settings",
        "flat_settings": "one line per setting",
        "fields": "field names; * for all",
    },
    values={
        "pretty": ("true",),
        "v": ("true",),
        "help": ("true",),
        "format": ("json",),
        "bytes": ("b", "kb", "mb", "gb"),
        "health": ("green", "yellow", "red"),
        "level": ("cluster", "indices", "shards"),
        "wait_for_status": ("green", "yellow", "red"),
        "include_defaults": ("true",),
        "flat_settings": ("true",),
        "track_total_hits": ("true", "false"),
        "timeout": ("30s", "1m"),
        "fields": ("*",),
    },
    questions=(
        Question("Cluster health", "_cluster/health"),
        Question("Indices, largest first", "_cat/indices", (("v", "true"), ("s", "store.size:desc"), ("bytes", "b"))),
        Question("Latest documents", "_search", (("sort", "@timestamp:desc"), ("size", "50"))),
        Question("Latest errors", "_search", (("q", "level:error"), ("sort", "@timestamp:desc"), ("size", "50"))),
        Question(
            "Documents per hour",
            "_search",
            (("size", "0"),),
            body='{"aggs": {"per_hour": {"date_histogram": {"field": "@timestamp", "calendar_interval": "hour"}}}}',
        ),
        Question("Nodes", "_cat/nodes", (("v", "true"),)),
        Question("Fields", "_field_caps", (("fields", "*"),)),
    ),
)

# The keys of a JSON body that may occur below a key; "" is the top level.
_QUERIES = (
    "bool match match_all match_phrase multi_match term terms range exists prefix wildcard regexp query_string "
    "simple_query_string ids nested"
).split()
_AGGREGATIONS = (
    "terms date_histogram histogram avg sum min max stats percentiles cardinality value_count filter filters range "
    "top_hits missing aggs"
).split()
_KEYS = {
    "": "query aggs size from sort _source fields track_total_hits post_filter highlight search_after timeout".split(),
    "query": _QUERIES,
    "must": _QUERIES,
    "must_not": _QUERIES,
    "should": _QUERIES,
    "filter": _QUERIES,
    "post_filter": _QUERIES,
    "bool": ["must", "should", "filter", "must_not", "minimum_should_match"],
}
_KEY_IS_FIELD = frozenset(
    "match match_phrase match_phrase_prefix term terms range prefix wildcard regexp fuzzy sort".split()
)
_VALUE_IS_FIELD = frozenset({"field", "fields", "sort", "_source", "docvalue_fields", "default_field"})
_PARAMETERS = {
    "terms": ["field", "size", "order", "missing"],
    "date_histogram": ["field", "fixed_interval", "calendar_interval", "min_doc_count", "time_zone"],
    "histogram": ["field", "interval", "min_doc_count"],
    "range": ["field", "ranges", "gte", "lte", "gt", "lt"],
    "query_string": ["query", "default_field", "fields"],
    "simple_query_string": ["query", "fields"],
    "multi_match": ["query", "fields"],
    "exists": ["field"],
}


def words_in_body(keys: tuple[str, ...], is_key: bool) -> tuple[tuple[str, ...], bool]:
    """The keywords that fit into a string of a search body, and whether the name of a field fits.

    Parameters
    ----------
    keys
        The keys above the string, the outermost first. The last key of a value is its own.
    is_key
        Whether the string is a key.
    """
    parent = keys[-1] if keys else ""
    if not is_key:
        return (), parent in _VALUE_IS_FIELD
    above = keys[-2] if len(keys) > 1 else ""
    if above in ("aggs", "aggregations"):  # `parent` is the name of the aggregation
        return tuple(_AGGREGATIONS), False
    if len(keys) > 2 and keys[-3] in ("aggs", "aggregations"):
        return tuple(_PARAMETERS.get(parent, ["field"])), False
    if parent in _KEY_IS_FIELD:
        return (), True
    if above == "range":
        return ("gte", "lte", "gt", "lt", "format", "time_zone"), False
    return tuple(_KEYS.get(parent, _PARAMETERS.get(parent, []))), False
