from __future__ import annotations

import dataclasses
from typing import Any

import pandas as pd
import pytest

from kubeaccess_magic import dialects
from kubeaccess_magic.dialects.elasticsearch import dialect
from kubeaccess_magic.dialects.elasticsearch.dialect import SearchOperation
from kubeaccess_magic.errors import LoadError
from kubeaccess_magic.query import ALL

from .answers import hit, note_of, reading, reply, request, rows_of, search
from .answers import load_search as load

TEXT = str(pd.Series(["a"]).dtype)
T0 = "2026-11-01T00:00:00.000Z"


# As the page has it: kubernetes.io/docs/tasks/access-application-cluster/access-cluster-services (version 1).
OLD = {
    "took": 3,
    "timed_out": False,
    "_shards": {"total": 5, "successful": 5, "failed": 0},
    "hits": {
        "total": 12,
        "max_score": 1.4,
        "hits": [
            {
                "_index": "twitter",
                "_type": "tweet",
                "_id": "1",
                "_score": 1.4,
                "_source": {"user": "kimchy", "post_date": "2009-11-15T14:12:12", "message": "hi"},
            }
        ],
    },
}


def test_hits_of_an_old_version():
    loaded = load(OLD, "_search?q=user:kimchy")
    assert rows_of(loaded.frame) == [
        {
            "_index": "twitter",
            "_id": "1",
            "_score": 1.4,
            "user": "kimchy",
            "post_date": "2009-11-15T14:12:12",
            "message": "hi",
            "_type": "tweet",
        }
    ]
    assert (loaded.rows, loaded.total, loaded.total_is_lower_bound, loaded.unit, note_of(loaded)) == (
        1,
        12,
        False,
        "hits",
        None,
    )


def test_fields_are_typed_column_by_column():
    sources = [
        {
            "@timestamp": T0,
            "bytes": 2**53 + 1,
            "ok": True,
            "took": 1.5,
            "tags": ["a"],
            "k": {"pod": {"name": "p"}},
            "n": 1,
            "day": "2026-11-01",
            "zone": "2026-11-01T02:00:00+02:00",
            "mixed": 1,
            "one_or_more": "a",
        },
        {
            "@timestamp": "2026-11-01T00:00:01Z",
            "bytes": None,
            "took": 2,
            "tags": ["a", "b"],
            "k": {"pod": {"name": None}},
            "n": 2,
            "day": "2026-11-02",
            "zone": None,
            "mixed": "x",
            "one_or_more": ["a", "b"],
            "error": "E1",
        },
    ]
    frame = load(search(*(hit(source, str(i)) for i, source in enumerate(sources)))).frame
    assert {name: str(dtype) for name, dtype in frame.dtypes.items()} == {
        "_index": TEXT,
        "_id": TEXT,
        "_score": "float64",
        "@timestamp": "datetime64[us, UTC]",
        "bytes": "Int64",
        "ok": "boolean",
        "took": "float64",
        "tags": "object",
        "k.pod.name": TEXT,
        "n": "int64",
        "day": TEXT,
        "zone": "datetime64[us, UTC]",
        "mixed": "object",
        "one_or_more": "object",
        "error": TEXT,
    }
    rows = rows_of(frame)
    assert rows[0]["bytes"] == 2**53 + 1 and rows[0]["zone"] == pd.Timestamp(T0)
    assert [row["one_or_more"] for row in rows] == ["a", ["a", "b"]] and [row["mixed"] for row in rows] == [1, "x"]


def test_a_field_never_hides_what_the_hit_says_of_itself():
    source = {"_id": "mine", "sort": "mine", "highlight": {"a": "mine"}, "a": {"b": 1}, "a.b": 2, "_source": {"_id": 3}}
    frame = load(search(hit(source, sort=[1, "x"], highlight={"a": ["<em>"]}, _routing="r", fields={"f": [1]}))).frame
    (row,) = rows_of(frame)
    assert row == {
        "_index": "logs",
        "_id": "1",
        "_score": 1.0,
        "_source._id": "mine",
        "_source.sort": "mine",
        "_source.highlight.a": "mine",
        "a.b": 1,
        "a.b_2": 2,
        "_source._id_2": 3,
        "sort": [1, "x"],
        "highlight.a": ["<em>"],
        "_routing": "r",
        "fields.f": 1,
    }


def test_hits_without_source_and_without_score():
    frame = load(search(hit(_score=None), hit({"a": 1}, "2", _score=None))).frame
    assert str(frame["_score"].dtype) == "float64" and str(frame["a"].dtype) == "Int64"
    assert list(load({"hits": {"hits": [{"_source": {"a": 1}}]}}).frame.columns) == ["a"]


def test_no_hits_have_the_right_columns():
    loaded = load(search(total=0))
    assert {n: str(d) for n, d in loaded.frame.dtypes.items()} == {"_index": TEXT, "_id": TEXT, "_score": "float64"}
    assert (loaded.rows, loaded.total) == (0, 0)


@pytest.mark.parametrize(
    ("total", "of", "is_lower_bound"),
    [
        (4012, 4012, False),
        ({"value": 4012, "relation": "eq"}, 4012, False),
        ({"value": 10_000, "relation": "gte"}, 10_000, True),
        ("none", None, False),
    ],
)
def test_the_total_in_all_its_forms(total, of, is_lower_bound):
    document = search(hit({"a": 1}), total=total)
    if total == "none":
        del document["hits"]["total"]  # track_total_hits=false
    loaded = load(document)
    assert (loaded.total, loaded.total_is_lower_bound) == (of, is_lower_bound)


@pytest.mark.parametrize(
    ("more", "note"),
    [
        ({"_shards": {"total": 5, "failed": 2}}, "2 of 5 shards failed: the answer is not complete"),
        ({"timed_out": True}, "the search timed out: the answer is not complete"),
        ({"terminated_early": True}, "the search ended early: the answer is not complete"),
        (
            {"aggregations": {"n": {"value": 1}, "m": {"value": 2}}},
            "the answer has aggregations, too: --agg n shows one (n, m)",
        ),
        ({"suggest": {"s": []}}, "the answer has suggestions, too, which -o json shows"),
    ],
)
def test_what_the_reader_should_know(more, note):
    assert note_of(load(search(hit({"a": 1}), **more))) == note


def test_limit_means_hits():
    loaded = load(search(*(hit({"a": i}) for i in range(5)), total=4012), limit=2)
    assert (loaded.rows, loaded.total, loaded.frame["a"].tolist()) == (2, 4012, [0, 1])


@pytest.mark.parametrize(
    ("path", "body", "limit", "query"),
    [
        ("_search", None, None, ""),
        ("_search", None, 50, "size=50"),
        ("_search?q=a", None, 50, "q=a&size=50"),
        ("logs/_search", None, ALL, "size=10000"),
        ("_search?from=9990", None, 100, "from=9990&size=10"),
        ("_search?from=20000", None, 100, "from=20000"),
        ("_search?size=5", None, 50, "size=5"),
        ("_search", {"query": {}}, 50, "size=50"),
        ("_search", {"size": 5}, 50, ""),
        ("_search", {"from": 9999}, 50, "size=1"),
        ("_search", b"no json", 50, ""),
        ("_search?source={%22size%22:5}", None, 50, "source=%7B%22size%22:5%7D"),
        ("_search/scroll", None, 50, ""),
        ("_search/template", {"id": "x"}, 50, ""),
        ("_msearch", None, 50, ""),
        ("_count", None, 50, ""),
        ("_cat/indices", None, 50, ""),
    ],
)
def test_a_limit_is_asked_for_where_nothing_says_how_many(path, body, limit, query):
    asked = request("shop/es", path, body=body)
    operation = dialect.match(asked)
    assert (asked if operation is None else operation.prepare(limit, for_frame=False)).query == query


@pytest.mark.parametrize(
    ("path", "body", "has_more"),
    [
        ("_search", None, True),
        ("_search?size=1", None, True),
        ("_search", {"size": 1}, True),
        ("_search?from=8", None, False),
        ("_search?from=20000", None, False),
        ("_search?terminate_after=1", None, False),
        ("_search/scroll", None, False),
        ("another/path", None, False),
    ],
)
def test_whether_a_limit_would_bring_more_is_said(path, body, has_more):
    asked = request("shop/es", path, body=body)
    loaded = dialects.load([reply(search(hit({"a": 1}), total=9), asked=asked)])
    assert (loaded.rows, loaded.total, loaded.has_more, note_of(loaded)) == (1, 9, has_more, None)


def test_hits_of_several_targets_are_one_table():
    asked = request("shop/es", "_search")
    operation = dialect.match(asked)
    assert operation is not None
    reader = operation.reader()
    conversations = [reader.pages(asked, {"pod": pod}) for pod in ("a", "b")]
    for pages in conversations:
        next(pages)
    for number, pages in enumerate(reversed(conversations)):
        with pytest.raises(StopIteration):
            pages.send(reply(search(hit({"pod": number} if number else {"n": 1}), total=9), asked=asked))
    table = reader.table()
    assert (table.rows, table.total, table.unit, table.has_more) == (2, 18, "hits", True)
    assert [(row["pod"], row["exported_pod"], row["n"]) for row in rows_of(table.frame)] == [
        ("a", 1, None),
        ("b", None, 1),
    ]


def test_there_is_no_page_after_the_first():
    asked = request("shop/es", "_search")
    pages = SearchOperation(asked, 0).reader(ALL).pages(asked)
    assert next(pages).request is asked
    with pytest.raises(StopIteration):
        pages.send(reply(search(total=99), asked=asked))


def test_hits_are_known_by_their_shape_and_others_are_not():
    assert "a" in load(search(hit({"a": 1})), "any/other/path").frame
    assert "a" in load({"hits": [{"a": 1}]}, "api/search").frame  # another search engine's


@pytest.mark.parametrize(
    ("document", "path", "row"),
    [
        (
            {
                "cluster_name": "kubernetes-logging",
                "status": "yellow",
                "timed_out": False,
                "number_of_nodes": 1,
                "active_shards_percent_as_number": 50.0,
            },
            "_cluster/health?pretty=true",
            {
                "cluster_name": "kubernetes-logging",
                "status": "yellow",
                "timed_out": False,
                "number_of_nodes": 1,
                "active_shards_percent_as_number": 50.0,
            },
        ),
        (
            {"count": 7, "_shards": {"total": 5, "failed": 0}},
            "logs/_count",
            {"count": 7, "_shards.total": 5, "_shards.failed": 0},
        ),
    ],
)
def test_one_row_answers(document, path, row):
    loaded = load(document, path)
    assert (
        rows_of(loaded.frame) == [row] and reading(reply(document, asked=request("shop/es", path))) == "elasticsearch"
    )


# ---- _cat

INDICES = b"""\
health status index        uuid                   pri rep docs.count docs.deleted store.size pri.store.size
yellow open   logs-2026.11 9xLoCQHqQ7q0bXn7dY8M0g   1   1         12            0     38.5kb         38.5kb
green  open   2026         abcdefghijklmnopqrstuv  10   0    1234567            3        1gb            1gb
"""
SHARDS = b"""\
index        shard prirep state      docs  store ip         node
logs-2026.11 0     p      STARTED      12 38.5kb 10.244.0.9 node one
logs-2026.11 0     r      UNASSIGNED                        \n"""
ONE_LINE = b"""\
epoch      timestamp cluster    status node.total node.data shards pri relo init unassign
1793491200 00:00:00  kubernetes yellow          1         1      5   5    0    0        5
"""


def cat(body: Any, path: str, content_type: str = "text/plain; charset=UTF-8", **options: Any) -> dialects.Table:
    return dialects.load([reply(body, content_type, request("shop/es", path))], **options)


def test_cat_text_with_a_header():
    loaded = cat(INDICES, "_cat/indices?v")
    assert rows_of(loaded.frame)[1] == {
        "health": "green",
        "status": "open",
        "index": "2026",
        "uuid": "abcdefghijklmnopqrstuv",
        "pri": 10,
        "rep": 0,
        "docs.count": 1234567,
        "docs.deleted": 3,
        "store.size": "1gb",
        "pri.store.size": "1gb",
    }
    assert str(loaded.frame["docs.count"].dtype) == "int64" and loaded.unit == "indices"
    assert cat(INDICES, "_cat/indices?v", limit=1).total == 2


def test_cat_text_with_gaps_and_blanks_in_cells():
    rows = rows_of(cat(SHARDS, "_cat/shards?v=true").frame)
    assert rows[0]["node"] == "node one" and rows[0]["docs"] == 12
    assert rows[1] == {
        "index": "logs-2026.11",
        "shard": 0,
        "prirep": "r",
        "state": "UNASSIGNED",
        "docs": None,
        "store": None,
        "ip": None,
        "node": None,
    }


def test_cat_text_of_one_line():
    (row,) = rows_of(cat(ONE_LINE, "_cat/health?v").frame)
    assert row["epoch"] == 1793491200 and row["cluster"] == "kubernetes" and row["unassign"] == 5


def test_cat_json():
    body = [
        {"health": "green", "index": "2026", "docs.count": "12", "rep": None},
        {"health": "green", "index": "7", "docs.count": None, "rep": None},
    ]
    frame = cat(body, "_cat/indices?format=json", "application/json").frame
    assert {n: str(d) for n, d in frame.dtypes.items()} == {
        "health": TEXT,
        "index": TEXT,
        "docs.count": "Int64",
        "rep": "object",
    }


def test_cat_without_a_header_stays_text_and_says_why():
    answer = reply(INDICES, "text/plain", request("shop/es", "_cat/indices"))
    assert reading(answer) is None
    with pytest.raises(LoadError, match="no header") as raised:
        dialects.load([answer])
    assert raised.value.hint == "add ?v or ?format=json"


@pytest.mark.parametrize("path", ["_cat/indices?help&v", "_cat"])
def test_cat_that_is_no_table(path):
    with pytest.raises(LoadError):
        cat(b"health | h | current health status\n", path)


def test_cat_text_that_cannot_be_told_apart():
    with pytest.raises(LoadError, match="told apart"):
        cat(b"a b\nxxxx yyy zz\nx  y z\n", "_cat/plugins?v")


@pytest.mark.parametrize(
    ("body", "path", "names"),
    [
        (b"health status index docs.count\n", "_cat/indices?v", ["health", "status", "index", "docs.count"]),
        (b"[]", "_cat/pending_tasks?format=json", ["insertOrder", "timeInQueue", "priority", "source"]),
        (b"[]", "_cat/aliases?format=json&h=alias,index", ["alias", "index"]),
        (b"[]", "_cat/tasks?format=json", []),
    ],
)
def test_cat_without_rows_keeps_its_columns(body, path, names):
    frame = cat(body, path).frame
    assert len(frame) == 0 and list(frame.columns) == names
    kinds = {name: str(dtype) for name, dtype in frame.dtypes.items()}
    assert {name for name, kind in kinds.items() if kind == "Int64"} == {"docs.count", "insertOrder"} & set(names)


@pytest.mark.parametrize(
    ("path", "headers", "query"),
    [
        ("_cat/indices", (), "bytes=b&format=json"),
        ("_cat/shards/logs-*?h=index,store&bytes=mb", (), "h=index,store&bytes=mb&format=json"),
        ("_cat/indices?v", (), "v"),
        ("_cat/indices?v=false", (), "v=false"),
        ("_cat/indices?format=yaml", (), "format=yaml"),
        ("_cat/indices?help", (), "help"),
        ("_cat/indices", (("Accept", "application/yaml"),), ""),
        ("_cat", (), ""),
        ("_search", (), ""),
    ],
)
def test_cat_is_asked_as_json_for_a_frame_unless_a_form_was_typed(path, headers, query):
    asked = dataclasses.replace(request("shop/es", path), headers=headers)
    operation = dialects.match(asked, dialect)
    if operation is None:
        assert query == asked.query
        return
    assert operation.prepare(None).query == query
    assert operation.prepare(None, for_frame=False) == asked


def test_a_search_that_is_cut_off():
    body = reply(search(hit({"a": 1}))).content[:-10]
    with pytest.raises(LoadError, match="cut off"):
        load(body)
