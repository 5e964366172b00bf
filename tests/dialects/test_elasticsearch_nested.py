"""What Elasticsearch wraps: documents in buckets and in hits, several terms in a key, searches in answers."""

from __future__ import annotations

import json
import math

import pytest

from kubeaccess_magic import dialects
from kubeaccess_magic.query import ALL

from .answers import hit, load_search, note_of, reply, request, rows_of, search

US = "datetime64[us, UTC]"
LOGGING = "kube-system/elasticsearch-logging"


def load(path, document, body=None, **options):
    return dialects.load([reply(document, asked=request(LOGGING, path, body=body))], **options)


def bucket(key, *documents):
    hits = {"total": {"value": len(documents)}, "max_score": None, "hits": list(documents)}
    return {"key": key, "doc_count": 9, "last": {"hits": hits}}


def aggregations(*buckets):
    return search(aggregations={"device": {"buckets": list(buckets)}})


def test_one_document_per_bucket_is_columns():
    # {ES}8.17/search-aggregations-metrics-top-hits-aggregation.html
    document = aggregations(
        bucket("a", hit({"at": "2026-11-01T00:00:00Z", "t": {"c": 20.5}}, sort=[7])),
        bucket("b", hit({"at": "2026-11-01T01:00:00Z", "t": {"c": 19}}, "2", sort=[8])),
        bucket("c"),
    )
    frame = load("_search?size=0", document).frame
    assert frame["device"].tolist() == ["a", "b", "c"] and str(frame["last.at"].dtype) == US
    assert frame["last.t.c"].tolist()[:2] == [20.5, 19.0] and math.isnan(frame["last.t.c"][2])
    assert frame["last._id"].tolist()[:2] == ["1", "2"] and frame["last.sort"].tolist()[:2] == [7, 8]


def test_several_documents_per_bucket_are_rows():
    document = aggregations(
        bucket("a", hit({"n": 1}), hit({"n": 2}, "2")), bucket("b", hit({"n": 3}, "3")), bucket("c")
    )
    frame = load("_search?size=0", document).frame
    assert frame["device"].tolist() == ["a", "a", "b", "c"]
    assert frame["last.n"].tolist()[:3] == [1, 2, 3]


def test_top_metrics():
    # {ES}8.17/search-aggregations-metrics-top-metrics.html
    top = [{"sort": ["2026-11-01T00:00:00.000Z"], "metrics": {"load": 1.5, "mem": 2}}]
    (row,) = rows_of(load("_search?size=0", search(aggregations={"tm": {"top": top}})).frame)
    assert (row["tm.load"], row["tm.mem"]) == (1.5, 2)
    assert len(load("_search?size=0", search(aggregations={"tm": {"top": top * 3}})).frame) == 3


TERMS = [{"field": "host"}, {"field": "code"}, {"field": "day"}]
KEY = {"key": ["a|b", 200, 1793491200000], "key_as_string": "a_b|200|2026-11-01T00:00:00.000Z", "doc_count": 3}


@pytest.mark.parametrize(
    ("body", "names"),
    [
        ({"aggs": {"s": {"multi_terms": {"terms": TERMS}}}}, ["host", "code", "day"]),
        ({"aggs": {"s": {"multi_terms": {"terms": [{"script": "x"}, *TERMS[1:]]}}}}, ["s.0", "code", "day"]),
        ({"aggs": {"other": {"multi_terms": {"terms": TERMS}}}}, ["s.0", "s.1", "s.2"]),
        (None, ["s.0", "s.1", "s.2"]),
    ],
)
def test_several_terms_are_a_column_each(body, names):
    # {ES}8.17/search-aggregations-bucket-multi-terms-aggregation.html
    frame = load("_search?size=0", search(aggregations={"s": {"buckets": [KEY]}}), body).frame
    assert list(frame.columns) == [*names, "doc_count"]
    assert frame[names[0]][0] == "a|b" and frame[names[1]][0] == 200 and str(frame[names[2]].dtype) == US


def test_several_terms_inside_other_buckets():
    body = {"aggs": {"o": {"terms": {"field": "x"}, "aggs": {"s": {"multi_terms": {"terms": TERMS[:2]}}}}}}
    inner = {"buckets": [{"key": ["a", 200], "key_as_string": "a|200", "doc_count": 1}]}
    document = search(aggregations={"o": {"buckets": [{"key": "k", "doc_count": 5, "s": inner}]}})
    (row,) = rows_of(load("_search?size=0", document, body).frame)
    assert row == {"o": "k", "host": "a", "code": 200, "doc_count": 1, "o.doc_count": 5}


def test_statistics_of_dates():
    stats = {"count": 2, "min": 1793491200000.0, "max": 1793577600000.0, "avg": None}
    stats |= {"min_as_string": "2026-11-01T00:00:00.000Z", "max_as_string": "2026-11-02T00:00:00.000Z"}
    percentiles = {"values": {"50.0": 1793491200000.0, "50.0_as_string": "2026-11-01T00:00:00.000Z"}}
    frame = load("_search?size=0", search(aggregations={"s": stats, "p": percentiles})).frame
    assert {name: str(frame[name].dtype) for name in ("s.min", "s.max", "p.50.0")} == dict.fromkeys(
        ("s.min", "s.max", "p.50.0"), US
    )
    assert not [name for name in frame if "as_string" in name] and frame["s.count"].tolist() == [2]


def test_filters_without_names_have_their_place():
    frame = load("_search?size=0", search(aggregations={"f": {"buckets": [{"doc_count": 1}, {"doc_count": 2}]}})).frame
    assert rows_of(frame) == [{"f": 0, "doc_count": 1}, {"f": 1, "doc_count": 2}]


def test_lists_of_one_in_fields_are_values():
    # {ES}8.17/search-fields.html
    one = {"name": ["ann"], "n": [1], "at": ["2026-11-01T00:00:00Z"], "tags": ["x", "y"], "o": [{"a": 1}]}
    frame = load_search(search(hit(None, fields=one), hit(None, "2", fields={"name": ["bob"], "n": [2]}))).frame
    assert frame["fields.name"].tolist() == ["ann", "bob"] and str(frame["fields.n"].dtype) == "int64"
    assert str(frame["fields.at"].dtype) == US
    assert frame["fields.tags"][0] == ["x", "y"] and frame["fields.o"][0] == [{"a": 1}]
    frame = load_search(search(hit({"n": [1]}))).frame
    assert frame["n"].tolist() == [[1]]  # in a source, a list is what was sent


def test_a_list_of_one_stays_where_another_hit_has_two():
    frame = load_search(search(hit(None, fields={"t": ["x"]}), hit(None, "2", fields={"t": ["x", "y"]}))).frame
    assert frame["fields.t"].tolist() == [["x"], ["x", "y"]]


def inner(*documents):
    return {"comments": {"hits": {"total": {"value": len(documents), "relation": "eq"}, "hits": list(documents)}}}


def test_inner_hits():
    # {ES}8.17/inner-hits.html
    frame = load_search(search(hit({"a": 1}, inner_hits=inner(hit({"text": "x"}))), hit({"a": 2}, "2"))).frame
    assert frame["inner_hits.comments.text"].tolist()[0] == "x"
    documents = hit({"text": "x"}), hit({"text": "y"}, "2")
    frame = load_search(search(hit({"a": 1}, inner_hits=inner(*documents)))).frame
    assert frame["inner_hits.comments"].tolist() == [list(documents)]


def test_a_timestamp_that_is_a_number():
    frame = load_search(search(hit({"@timestamp": 1793491200250, "n": 1793491200250}))).frame
    assert str(frame["@timestamp"][0]) == "2026-11-01 00:00:00.250000+00:00" and frame["n"].tolist() == [1793491200250]
    assert load_search(search(hit({"@timestamp": 5}))).frame["@timestamp"].tolist() == [5]


def test_why_a_shard_failed():
    failure = {"shard": 0, "reason": {"type": "x", "reason": "No mapping\nfound"}}
    document = search(hit({"a": 1}))
    document["_shards"] = {"total": 5, "failed": 1, "failures": [failure]}
    note = note_of(load_search(document))
    assert note is not None and "1 of 5 shards failed (No mapping" in note and note.isprintable()


def events(**more):
    return {"is_partial": False, "is_running": False, "hits": {"total": {"value": 2, "relation": "gte"}, **more}}


def test_eql():
    # {ES}8.17/eql-search-api.html
    table = load("logs/_eql/search", events(events=[hit({"a": 1}), hit({"a": 2}, "2")]), {"query": "x"})
    assert table.frame["a"].tolist() == [1, 2] and table.frame["_id"].tolist() == ["1", "2"]
    assert table.shortfall("") == "2 of at least 2 events"
    sequences = [{"join_keys": ["u"], "events": [hit({"a": 1}), hit({"a": 2}, "2")]}]
    table = load("logs/_eql/search", events(sequences=sequences), {"query": "sequence"})
    assert table.frame["sequence"].tolist() == [0, 0] and note_of(table) == "1 of 2 sequences"
    partial = events(events=[]) | {"is_partial": True}
    assert "partial" in (note_of(load("logs/_eql/search", partial, {"query": "x"})) or "")


def test_a_limit_is_the_size_of_eql():
    operation = dialects.match(request(LOGGING, "logs/_eql/search", body={"query": "x"}))
    assert operation is not None
    body = operation.prepare(500).body
    assert isinstance(body, bytes) and json.loads(body) == {"query": "x", "size": 500}


def running(**more):
    return {"id": "Fm=", "is_partial": True, "is_running": True, "response": search(hit({"a": 1})), **more}


def test_an_async_search_says_that_it_runs():
    # {ES}8.17/async-search.html
    for path, body in (("logs/_async_search", {}), ("_async_search/Fm=", None)):
        table = load(path, running(), body)
        assert table.frame["a"].tolist() == [1]
        assert "still running" in (note_of(table) or "") and "_async_search/Fm=" in (note_of(table) or "")
    assert note_of(load("_async_search/Fm=", running(is_partial=False, is_running=False))) is None


def test_with_a_limit_an_async_search_is_waited_for():
    operation = dialects.match(request(LOGGING, "logs/_async_search", body={"query": {}}))
    assert operation is not None
    reader = operation.reader(ALL)
    pages = reader.pages(operation.prepare(ALL))
    first = next(pages).request
    step = pages.send(reply(running(), asked=first))
    assert (step.request.method, step.request.path, step.request.body) == ("GET", "/_async_search/Fm=", None)
    done = running(is_running=False, is_partial=False, response=search(hit({"a": 1}), hit({"a": 2}, "2")))
    with pytest.raises(StopIteration):
        pages.send(reply(done, asked=step.request))
    table = reader.table()
    assert table.frame["a"].tolist() == [1, 2] and note_of(table) is None
