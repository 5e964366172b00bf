"""Elasticsearch and OpenSearch: the paths that are read, and the words of their queries."""

from __future__ import annotations

from .catalogue import App, Endpoint, Question

__all__ = ["ELASTICSEARCH", "words_of_a_body"]

_SEARCH = ("q", "size", "sort", "from", "_source", "track_total_hits", "timeout", "routing", "preference", "pretty")
_CAT = ("v", "h", "s", "format", "bytes", "help")

ELASTICSEARCH = App(
    endpoints=(
        Endpoint("_search", "search all indices", _SEARCH),
        Endpoint("_count", "how many documents", ("q",)),
        Endpoint("_cat/indices", "the indices: documents, size, health", ("health", *_CAT)),
        Endpoint("_cat/nodes", "the nodes: heap, load, disk", _CAT),
        Endpoint("_cat/shards", "the shards, and where they are", _CAT),
        Endpoint("_cat/aliases", "the aliases", _CAT),
        Endpoint("_cat/allocation", "shards and disk of each node", _CAT),
        Endpoint("_cat/health", "health in one line", _CAT),
        Endpoint("_cat/count", "how many documents there are", _CAT),
        Endpoint("_cat/recovery", "shards that are copied", _CAT),
        Endpoint("_cat/segments", "the segments", _CAT),
        Endpoint("_cat/thread_pool", "what the nodes are busy with", _CAT),
        Endpoint("_cat/pending_tasks", "what waits for the master", _CAT),
        Endpoint("_cat/templates", "the index templates", _CAT),
        Endpoint("_cluster/health", "green, yellow or red, and why", ("level", "wait_for_status", "timeout", "pretty")),
        Endpoint("_cluster/settings", "settings that were changed", ("include_defaults", "flat_settings", "pretty")),
        Endpoint("_cluster/stats", "the cluster in numbers", ("pretty",)),
        Endpoint("_nodes/stats", "the nodes in numbers", ("pretty",)),
        Endpoint("_mapping", "the fields of all indices", ("pretty",)),
        Endpoint("_field_caps", "the fields, and what can be done with them", ("fields", "pretty")),
        Endpoint("_aliases", "which alias names which index", ("pretty",)),
        Endpoint("_stats", "all indices in numbers", ("pretty",)),
        Endpoint("{index}/_search", "search this index", _SEARCH),
        Endpoint("{index}/_count", "how many documents it has", ("q",)),
        Endpoint("{index}/_mapping", "its fields", ("pretty",)),
        Endpoint("{index}/_settings", "its settings", ("flat_settings", "pretty")),
        Endpoint("{index}/_stats", "it in numbers", ("pretty",)),
        Endpoint("{index}/_field_caps", "its fields, and what can be done with them", ("fields", "pretty")),
    ),
    parameters={
        "q": "a query: user:kimchy AND level:error",
        "size": "how many hits",
        "sort": "field:desc",
        "from": "hits to leave out",
        "_source": "which fields",
        "track_total_hits": "true: count them all",
        "timeout": "30s",
        "routing": "of the documents",
        "preference": "which copies are asked",
        "pretty": "JSON with line ends",
        "v": "with titles",
        "h": "which columns",
        "s": "column:desc",
        "format": "json",
        "bytes": "unit of sizes",
        "help": "the columns that there are",
        "health": "only those that are so",
        "level": "how much is told",
        "wait_for_status": "answer when it is so",
        "include_defaults": "with those that were not changed",
        "flat_settings": "one line a setting",
        "fields": "which; * is all",
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
        Question(
            "Indices, the largest first", "_cat/indices", (("v", "true"), ("s", "store.size:desc"), ("bytes", "b"))
        ),
        Question("The latest documents", "_search", (("sort", "@timestamp:desc"), ("size", "50"))),
        Question(
            "Errors, the latest first", "_search", (("q", "level:error"), ("sort", "@timestamp:desc"), ("size", "50"))
        ),
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

# Of a JSON body: what may stand as a key below which key; "" is the top.
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
_BY_FIELD = frozenset(
    "match match_phrase match_phrase_prefix term terms range prefix wildcard regexp fuzzy sort".split()
)
_NAMES_A_FIELD = frozenset({"field", "fields", "sort", "_source", "docvalue_fields", "default_field"})
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


def words_of_a_body(keys: tuple[str, ...], is_key: bool) -> tuple[tuple[str, ...], bool]:
    """What may stand in a string of a search's JSON: words of the language, and whether a field's name fits.

    Parameters
    ----------
    keys
        The keys above it, the outermost first; for a value, its own key is the last.
    is_key
        Whether the string is a key.
    """
    parent = keys[-1] if keys else ""
    if not is_key:
        return (), parent in _NAMES_A_FIELD
    above = keys[-2] if len(keys) > 1 else ""
    if above in ("aggs", "aggregations"):  # `parent` is the name that somebody gave it
        return tuple(_AGGREGATIONS), False
    if len(keys) > 2 and keys[-3] in ("aggs", "aggregations"):
        return tuple(_PARAMETERS.get(parent, ["field"])), False
    if parent in _BY_FIELD:
        return (), True
    if above == "range":
        return ("gte", "lte", "gt", "lt", "format", "time_zone"), False
    return tuple(_KEYS.get(parent, _PARAMETERS.get(parent, []))), False
