"""What Elasticsearch 7, 8 and 9 and OpenSearch 2 answer, each in small, after the page that is named beside it.

{ES} stands for https://www.elastic.co/guide/en/elasticsearch/reference/
"""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from kubeaccess_magic import dialects
from kubeaccess_magic.dialects.elasticsearch import dialect
from kubeaccess_magic.errors import LoadError

from .answers import hit, note_of, reading, reply, request, rows_of, search

TEXT = str(pd.Series(["a"]).dtype)
AT = pd.Timestamp("2026-11-01T00:00:00Z")


def load(path: str, document: Any, *, body: Any = None, headers: Any = (), **options: Any) -> dialects.Table:
    asked = request("shop/es", path, body=body)
    answer = reply(document, asked=asked, headers=headers)
    assert dialect.match(asked) is not None and reading(answer) == "elasticsearch"
    return dialects.load([answer], **options)


def rows(path: str, document: Any, **options: Any) -> list[dict[str, Any]]:
    return rows_of(load(path, document, **options).frame)


def kinds(loaded: dialects.Table) -> dict[str, str]:
    return {name: str(kind) for name, kind in loaded.frame.dtypes.items()}


# ---- searches


def test_all_that_a_hit_says_of_itself_stays():
    # {ES}8.17/search-search.html#search-api-response-body
    one = hit(
        {"a": 1},
        "1",
        _version=3,
        _seq_no=7,
        _primary_term=1,
        fields={"a": [1], "day": ["2026-11-01"]},
        highlight={"message": ["<em>x</em>"]},
        sort=["a", 1],
        matched_queries=["q1"],
        inner_hits={"comments": {"hits": {"total": {"value": 1, "relation": "eq"}, "hits": [{"_id": "1"}]}}},
        _explanation={"value": 1.0, "description": "sum of:", "details": []},
        _ignored=["b"],
        ignored_field_values={"b": ["x"]},
        _shard="[logs][0]",
        _node="n1",
    )
    loaded = load("logs/_search?explain=true", search(one))
    (row,) = rows_of(loaded.frame)
    assert row == {
        "_index": "logs",
        "_id": "1",
        "_score": 1.0,
        "a": 1,
        "_version": 3,
        "_seq_no": 7,
        "_primary_term": 1,
        "fields.a": 1,
        "fields.day": "2026-11-01",
        "highlight.message": ["<em>x</em>"],
        "sort": ["a", 1],
        "matched_queries": ["q1"],
        "inner_hits.comments.hits.total.value": 1,
        "inner_hits.comments.hits.total.relation": "eq",
        "inner_hits.comments._id": "1",
        "_explanation.value": 1.0,
        "_explanation.description": "sum of:",
        "_explanation.details": [],
        "_ignored": ["b"],
        "ignored_field_values.b": ["x"],
        "_shard": "[logs][0]",
        "_node": "n1",
    }


def test_the_first_page_of_a_scroll_and_of_a_point_in_time():
    # {ES}7.17/scroll-api.html, {ES}8.17/point-in-time-api.html
    page = search(hit({"a": 1}), total={"value": 3, "relation": "eq"})
    for path, head in (
        ("logs/_search?scroll=1m", {"_scroll_id": "x" * 9000}),
        ("_search/scroll?scroll_id=x", {"_scroll_id": "x"}),
        ("_search", {"pit_id": "x" * 9000}),
    ):
        loaded = load(path, {**head, **page})
        assert list(loaded.frame.columns) == ["_index", "_id", "_score", "a"] and loaded.total == 3


def test_hits_that_are_empty_in_places():
    documents = [hit({}, "1"), hit(None, "2"), hit("text", "3"), hit({"a": {}}, "4"), hit([1], "5")]
    frame = load("logs/_search", search(*documents)).frame
    assert [row["_source"] for row in rows_of(frame)] == [None, None, "text", None, [1]]
    assert [row["a"] for row in rows_of(frame)] == [None, None, None, {}, None]
    only = load("logs/_search", search(hit({}, "1"), hit({}, "2"))).frame
    assert list(only.columns) == ["_index", "_id", "_score"]


def test_many_searches():
    # {ES}8.17/search-multi-search.html
    document = {
        "took": 1,
        "responses": [
            {**search(hit({"a": 1}), hit({"a": 2}, "2"), total={"value": 9, "relation": "gte"}), "status": 200},
            {"error": {"type": "index_not_found_exception", "reason": "no such index [x]"}, "status": 404},
            {**search(hit({"b": "x"}, "3")), "status": 200},
        ],
    }
    loaded = load("_msearch", document)
    assert list(loaded.frame.columns) == ["response", "_index", "_id", "_score", "a", "b"]
    assert loaded.frame["response"].tolist() == [0, 0, 2] and (loaded.rows, loaded.total) == (3, 10)
    assert loaded.total_is_lower_bound and note_of(loaded) == "1 of 3 searches failed: no such index [x]"
    assert load("_msearch", document, limit=1).frame["_id"].tolist() == ["1"]
    with pytest.raises(LoadError, match="no aggregations"):
        load("_msearch", document, agg="n")
    nothing = load("_msearch", {"responses": [search(total=0)]})
    assert kinds(nothing) == {"response": "Int64", "_index": TEXT, "_id": TEXT, "_score": "float64"}


def test_aggregations_of_many_searches():
    def one(count: int) -> dict[str, Any]:
        return search(total=9, aggregations={"t": {"buckets": [{"key": "a", "doc_count": count}]}})

    assert rows("logs/_msearch", {"responses": [one(1), one(2)]}) == [
        {"response": 0, "t": "a", "doc_count": 1},
        {"response": 1, "t": "a", "doc_count": 2},
    ]


# ---- documents


def test_documents_by_name():
    # {ES}8.17/docs-multi-get.html, {ES}8.17/docs-get.html
    found = {"_index": "logs", "_id": "1", "_version": 1, "_seq_no": 0, "found": True, "_source": {"at": str(AT)}}
    missing = {"_index": "logs", "_id": "2", "found": False}
    failed = {"_index": "x", "_id": "3", "error": {"type": "index_not_found_exception"}}
    loaded = load("_mget", {"docs": [found | {"_source": {"a": 1}}, missing, failed]})
    assert note_of(loaded) == "2 of 3 were not found" and loaded.unit == "documents"
    assert loaded.frame["a"].tolist()[0] == 1 and rows_of(loaded.frame)[1]["found"] is False
    assert rows_of(loaded.frame)[2]["error.type"] == "index_not_found_exception"
    (row,) = rows("logs/_doc/1", found | {"_source": {"at": "2026-11-01T00:00:00Z"}})
    assert row == {"_index": "logs", "_id": "1", "at": AT, "_version": 1, "_seq_no": 0, "found": True}
    assert rows("logs/_source/1", {"at": "2026-11-01T00:00:00Z", "a": {"b": [1]}}) == [{"at": AT, "a.b": [1]}]


def test_answers_of_a_bulk():
    # {ES}8.17/docs-bulk.html#bulk-api-response-body
    items = [
        {"index": {"_index": "t", "_id": "1", "status": 201, "result": "created"}},
        {"delete": {"_index": "t", "_id": "2", "status": 404, "error": {"type": "x", "reason": "y"}}},
    ]
    loaded = load("_bulk", {"took": 3, "errors": True, "items": items})
    assert note_of(loaded) == "1 of 2 failed" and loaded.frame["action"].tolist() == ["index", "delete"]
    assert rows_of(loaded.frame)[1]["error.reason"] == "y"


# ---- the cluster and its indices


@pytest.mark.parametrize("kind", [None, "_doc"])
def test_mappings_are_one_row_a_field(kind):
    # {ES}8.17/indices-get-mapping.html; with types: {ES}6.8/indices-get-mapping.html
    properties = {
        "@timestamp": {"type": "date"},
        "message": {"type": "text", "fields": {"keyword": {"type": "keyword", "ignore_above": 256}}},
        "k": {"properties": {"pod": {"properties": {"name": {"type": "keyword"}}}}},
        "raw": {"type": "object", "enabled": False},
        "nested": {"type": "nested", "properties": {"a": {"type": "long"}}},
        "empty": {"properties": {}},
        "with.dots": {"type": "ip"},
    }
    mapping = {"dynamic": "strict", "properties": properties}
    document = {"logs": {"mappings": mapping if kind is None else {kind: mapping}}, "other": {"mappings": {}}}
    loaded = load("logs/_mapping", document)
    assert note_of(loaded) == "the mappings have dynamic, too, which -o json shows"
    assert [(row["field"], row["type"]) for row in rows_of(loaded.frame)] == [
        ("@timestamp", "date"),
        ("message", "text"),
        ("message.keyword", "keyword"),
        ("k.pod.name", "keyword"),
        ("raw", "object"),
        ("nested", "nested"),
        ("nested.a", "long"),
        ("empty", "object"),
        ("with.dots", "ip"),
    ]
    assert set(loaded.frame["index"]) == {"logs"} and ("_type" in loaded.frame) == (kind is not None)
    assert rows_of(loaded.frame)[2]["ignore_above"] == 256 and loaded.unit == "fields"
    field = {"full_name": "message.keyword", "mapping": {"keyword": {"type": "keyword"}}}
    assert rows("logs/_mapping/field/m*", {"logs": {"mappings": {"message.keyword": field}}}) == [
        {"index": "logs", "field": "message.keyword", "type": "keyword"}
    ]
    runtime = {"logs": {"mappings": {"runtime": {"day": {"type": "keyword"}}, "properties": {"a": {"type": "long"}}}}}
    assert [row["is_runtime"] for row in rows("_mappings", runtime)] == [None, True]


def test_settings_and_aliases():
    # {ES}8.17/indices-get-settings.html, {ES}8.17/indices-get-alias.html
    index = {"creation_date": "1793491200000", "number_of_shards": "1", "uuid": "12345", "provided_name": "7"}
    loaded = load("_settings", {"logs": {"settings": {"index": index}, "defaults": {"index": {"hidden": "false"}}}})
    assert rows_of(loaded.frame) == [
        {
            "index": "logs",
            "index.creation_date": AT,
            "index.number_of_shards": 1,
            "index.uuid": "12345",
            "index.provided_name": "7",
            "defaults.index.hidden": "false",
        }
    ]
    aliases = {"a": {"aliases": {"all": {"is_write_index": True}, "x": {}}}, "b": {"aliases": {}}}
    assert rows("_alias", aliases) == [
        {"index": "a", "alias": "all", "is_write_index": True},
        {"index": "a", "alias": "x", "is_write_index": None},
        {"index": "b", "alias": None, "is_write_index": None},
    ]


def test_statistics():
    # {ES}8.17/indices-stats.html, {ES}8.17/cluster-nodes-stats.html
    one = {"docs": {"count": 3}}
    document = {
        "_shards": {"total": 1},
        "_all": {"primaries": one, "total": one},
        "indices": {"logs": {"uuid": "u", "primaries": one, "total": one}},
    }
    assert rows("logs/_stats", document) == [
        {"index": "logs", "uuid": "u", "primaries.docs.count": 3, "total.docs.count": 3}
    ]
    assert rows("_stats?level=cluster", {**document, "indices": {}})[0]["index"] == "_all"
    shard = {"routing": {"state": "STARTED", "primary": True}, **one}
    by_shard = {**document, "indices": {"logs": {"shards": {"0": [shard]}}}}
    assert rows("_stats?level=shards", by_shard) == [
        {"index": "logs", "shard": 0, "routing.state": "STARTED", "routing.primary": True, "docs.count": 3}
    ]
    nodes = {"_nodes": {"total": 1}, "cluster_name": "c", "nodes": {"n1": {"name": "es-0", "jvm": {"uptime": 5}}}}
    assert rows("_nodes/stats", nodes) == [{"node": "n1", "name": "es-0", "jvm.uptime": 5}]


def test_health_by_index_and_by_shard():
    # {ES}8.17/cluster-health.html
    shard = {"status": "green", "primary_active": True}
    health = {
        "cluster_name": "c",
        "status": "yellow",
        "indices": {"logs": {"status": "yellow", "shards": {"0": shard}}},
    }
    assert rows("_cluster/health/logs?level=shards", health) == [
        {"index": "logs", "shard": 0, "status": "green", "primary_active": True}
    ]
    del health["indices"]["logs"]["shards"]
    loaded = load("_cluster/health?level=indices", health)
    assert rows_of(loaded.frame) == [{"index": "logs", "status": "yellow"}]
    assert note_of(loaded) == "the cluster c is yellow"


def test_settings_and_state_of_the_cluster():
    # {ES}8.17/cluster-get-settings.html, {ES}8.17/cluster-state.html
    settings = {"persistent": {"cluster": {"routing": {"x": "all"}}}, "transient": {"a.b": ["1"]}}
    assert rows("_cluster/settings", settings) == [
        {"setting": "cluster.routing.x", "value": "all", "kind": "persistent"},
        {"setting": "a.b", "value": ["1"], "kind": "transient"},
    ]
    copy = {"state": "STARTED", "primary": True, "node": "n1", "shard": 0, "index": "logs"}
    state = {
        "cluster_name": "c",
        "cluster_uuid": "u",
        "nodes": {"n1": {"name": "es-0"}},
        "metadata": {"indices": {"logs": {"state": "open"}}},
        "routing_table": {"indices": {"logs": {"shards": {"0": [copy]}}}},
    }
    loaded = load("_cluster/state", state)
    assert rows_of(loaded.frame) == [{"index": "logs", "state": "STARTED", "primary": True, "node": "n1", "shard": 0}]
    assert note_of(loaded) == "the state has nodes, metadata, too: add one to the path"
    del state["routing_table"]
    assert rows("_cluster/state/metadata", state) == [{"index": "logs", "state": "open"}]
    del state["metadata"]
    assert rows("_cluster/state/nodes", state) == [{"node": "n1", "name": "es-0"}]


def test_fields_shards_tokens_names_and_tasks():
    # {ES}8.17/search-field-caps.html, search-shards.html, indices-analyze.html, indices-resolve-index-api.html and
    # tasks.html
    caps = {"indices": ["a", "b"], "fields": {"n": {"long": {"type": "long", "searchable": True, "indices": ["a"]}}}}
    assert rows("_field_caps?fields=*", caps) == [{"field": "n", "type": "long", "searchable": True, "indices": ["a"]}]
    copy = {"state": "STARTED", "primary": True, "node": "n1", "shard": 0, "index": "logs"}
    shards = {"nodes": {"n1": {"name": "es-0"}}, "indices": {"logs": {}}, "shards": [[copy]]}
    assert rows("logs/_search_shards", shards)[0]["node_name"] == "es-0"
    token = {"token": "big", "start_offset": 0, "end_offset": 3, "type": "<ALPHANUM>", "position": 0}
    assert rows("_analyze", {"tokens": [token]}) == [token]
    detail = {"custom_analyzer": True, "tokenizer": {"name": "standard", "tokens": [token]}, "tokenfilters": []}
    assert rows("_analyze", {"detail": detail})[0] == {"step": "tokenizer", "name": "standard", **token}
    names = {
        "indices": [{"name": "logs-1", "aliases": ["logs"], "attributes": ["open"]}],
        "aliases": [{"name": "logs", "indices": ["logs-1"]}],
        "data_streams": [],
    }
    assert [(row["name"], row["kind"]) for row in rows("_resolve/index/*", names)] == [
        ("logs-1", "index"),
        ("logs", "alias"),
    ]
    child = {"node": "n1", "id": 2, "action": "read"}
    task = {"node": "n1", "id": 1, "action": "search", "children": [child]}
    by_node = {"nodes": {"n1": {"name": "es-0", "tasks": {"n1:1": {"node": "n1", "id": 1, "action": "search"}}}}}
    assert rows("_tasks", by_node) == [{"node": "n1", "id": 1, "action": "search"}]
    assert [row["id"] for row in rows("_tasks?group_by=parents", {"tasks": {"n1:1": task}})] == [1, 2]
    assert rows("_tasks/n1:1", {"completed": False, "task": child})[0] == {"completed": False, **child}


@pytest.mark.parametrize(
    ("path", "document", "columns"),
    [
        ("_mapping", {}, {"index": TEXT, "field": TEXT, "type": TEXT}),
        ("_settings", {}, {"index": TEXT}),
        ("_aliases", {}, {"index": TEXT, "alias": TEXT}),
        ("_stats", {"_shards": {}, "_all": {}, "indices": {}}, {"index": TEXT}),
        ("_nodes", {"cluster_name": "c", "nodes": {}}, {"node": TEXT, "name": TEXT}),
        ("_tasks", {"nodes": {}}, {"node": TEXT, "id": "Int64", "action": TEXT}),
        ("_field_caps?fields=x", {"indices": [], "fields": {}}, {"field": TEXT, "type": TEXT}),
        ("_resolve/index/x", {"indices": [], "aliases": [], "data_streams": []}, {"name": TEXT, "kind": TEXT}),
        ("_sql", {"columns": [{"name": "n", "type": "long"}], "rows": []}, {"n": "Int64"}),
        ("_mget", {"docs": []}, {"_index": TEXT, "_id": TEXT, "_score": "float64"}),
    ],
)
def test_nothing_has_the_right_columns(path, document, columns):
    loaded = load(path, document)
    assert kinds(loaded) == columns and len(loaded.frame) == 0


@pytest.mark.parametrize("path", ["_mapping", "_stats", "_nodes", "_sql", "_mget", "_msearch", "logs/_count", "_tasks"])
def test_another_answer_of_such_a_path_is_left_to_others(path):
    asked = request("shop/other", path)
    assert reading(reply({"ok": True, "items": [1]}, asked=asked)) != "elasticsearch"


# ---- columns and rows

SQL = {
    "columns": [
        {"name": "at", "type": "datetime"},
        {"name": "n", "type": "long"},
        {"name": "took", "type": "double"},
        {"name": "ok", "type": "boolean"},
        {"name": "name", "type": "keyword"},
        {"name": "ip", "type": "ip"},
        {"name": "nothing", "type": "integer"},
        {"name": "many", "type": "long"},
        {"name": "n", "type": "unsigned_long"},
    ],
    "rows": [
        ["2026-11-01T00:00:00.000Z", 1, 1, True, "a", "10.0.0.1", None, [1, 2], 2**64 - 1],
        [None, None, None, None, None, None, None, 3, 1],
    ],
}
KINDS = {
    "at": "datetime64[us, UTC]",
    "n": "Int64",
    "took": "float64",
    "ok": "boolean",
    "name": TEXT,
    "ip": TEXT,
    "nothing": "Int64",
    "many": "object",
    "n_2": "object",
}


def test_sql_has_the_types_of_its_columns():
    # {ES}8.17/sql-rest-format.html
    loaded = load("_sql?format=json", SQL)
    assert kinds(loaded) == KINDS and loaded.frame["n_2"].tolist() == [2**64 - 1, 1]
    assert loaded.frame["at"][0] == AT and loaded.frame["many"].tolist() == [[1, 2], 3]
    assert load("_sql", SQL, limit=1).total == 2


def test_es_ql_by_row_and_by_column():
    # {ES}8.17/esql-rest.html
    document = {"took": 1, "is_partial": True, "columns": SQL["columns"], "values": SQL["rows"]}
    loaded = load("_query", document, body={"query": "FROM t"})
    assert kinds(loaded) == KINDS and note_of(loaded) == "the answer is partial: it is not complete"
    turned = {**document, "is_partial": False, "values": [list(one) for one in zip(*SQL["rows"], strict=True)]}
    by_column = load("_query", turned, body={"query": "FROM t", "columnar": True})
    pd.testing.assert_frame_equal(by_column.frame, loaded.frame)
    warning = '299 Elasticsearch-8.17.0 "No limit defined, adding default limit of [1000]"'
    assert note_of(load("_query", document, headers=(("Warning", warning),))) == (
        "the answer is partial: it is not complete; the query has no LIMIT: Elasticsearch gives 1,000 rows"
    )


@pytest.mark.parametrize("path", ["_plugins/_sql", "_plugins/_ppl", "_opendistro/_sql"])
def test_sql_and_ppl_of_open_search(path):
    # https://docs.opensearch.org/2.17/search-plugins/sql/response-formats/
    document = {
        "schema": [
            {"name": "at", "type": "timestamp"},
            {"name": "count()", "alias": "hits", "type": "integer"},
            {"name": "day", "type": "date"},
        ],
        "datarows": [["2026-11-01 00:00:00", 3, "2026-11-01"], ["2026-11-01 00:00:00.5", 4, None]],
        "total": 2,
        "size": 2,
        "status": 200,
    }
    loaded = load(path, document)
    assert kinds(loaded) == {"at": "datetime64[us, UTC]", "hits": "int64", "day": TEXT}
    assert loaded.frame["at"][0] == AT and (loaded.rows, loaded.total) == (2, None)
    assert load(path, {**document, "total": 9}).total == 9


def test_an_error_in_the_form_of_an_answer():
    with pytest.raises(LoadError, match="no columns"):
        load("_sql", {"columns": "x", "rows": []})


@pytest.mark.parametrize(
    ("path", "document", "rows"),
    [
        ("_cat/aliases?format=json", [{"alias": "a", "index": "i"}], [{"alias": "a", "index": "i"}]),
        ("_sql", {"columns": [{"name": "n", "type": "long"}], "rows": [[1]]}, [{"n": 1}]),
        ("_nodes", {"nodes": {"n1": {"name": "es-0"}}}, [{"node": "n1", "name": "es-0"}]),
        ("logs/_source/1", {"a": 1}, [{"a": 1}]),
        ("_msearch", {"responses": [search(hit({"a": 1}))]}, [
            {"response": 0, "_index": "logs", "_id": "1", "_score": 1.0, "a": 1}]),
        ("_search", search(total=1, aggregations={"t": {"buckets": [{"key": "a", "doc_count": 2}]}}), [
            {"t": "a", "doc_count": 2}]),
    ],
)  # fmt: skip
def test_answers_of_several_targets_are_one_table(path, document, rows):
    asked = request("shop/es", path)
    operation = dialect.match(asked)
    assert operation is not None
    reader = operation.reader()
    for pod in ("a", "b"):
        pages = reader.pages(asked, {"pod": pod})
        next(pages)
        with pytest.raises(StopIteration):
            pages.send(reply(document, asked=asked))
    table = reader.table()
    assert rows_of(table.frame) == [{"pod": pod, **row} for pod in ("a", "b") for row in rows]


def test_what_has_no_aggregations_says_so_before_anything_is_sent():
    operation = dialect.match(request("shop/es", "_cat/indices"))
    assert operation is not None
    with pytest.raises(LoadError, match="no aggregations"):
        operation.reader(agg="x")
