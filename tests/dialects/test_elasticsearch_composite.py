"""Composite aggregations: buckets page by page with a limit, and keys of times as times."""

from __future__ import annotations

import json
from typing import Any

import fetching
import pandas as pd
import pytest

from kubeaccess_magic import Cluster, fetch
from kubeaccess_magic.call import Call
from kubeaccess_magic.reply import Reply
from kubeaccess_magic.request import Request

from .answers import lines_of, note_of, reply, request

DAY_MS = 86_400_000
BEGIN = pd.Timestamp("2026-11-01", tz="UTC")
SOURCES = [
    {"day": {"date_histogram": {"field": "@timestamp", "calendar_interval": "day"}}},
    {"text": {"date_histogram": {"field": "@timestamp", "calendar_interval": "day", "format": "yyyy"}}},
    {"user": {"terms": {"field": "user"}}},
]


class Searched:
    """An index of so many buckets, as Elasticsearch gives them: an `after_key` wherever there are buckets."""

    def __init__(self, buckets: int) -> None:
        self.buckets = buckets
        self.asked: list[dict[str, Any]] = []

    def __call__(self, one: Request, call: Call) -> Reply:
        body = json.loads(one.body if one.body is not None else one.param("source") or "")
        ((name, own),) = body["aggs"].items()
        self.asked.append(own["composite"])
        start = own["composite"].get("after", {"n": -1})["n"] + 1
        numbers = range(start, min(start + own["composite"].get("size", 10), self.buckets))
        buckets = [{"key": self.key(number), "doc_count": number, "top": {"value": None}} for number in numbers]
        found = {"buckets": buckets} | ({"after_key": buckets[-1]["key"]} if buckets else {})
        hits = {"total": {"value": 99, "relation": "eq"}, "max_score": None, "hits": []}
        shards = {"total": 1, "successful": 1, "failed": 0}
        return reply({"_shards": shards, "hits": hits, "aggregations": {name: found}}, asked=one)

    @staticmethod
    def key(number: int) -> dict[str, Any]:
        day = int(BEGIN.timestamp() * 1000) + number * DAY_MS
        return {"day": day, "text": "2026", "user": f"user-{number}", "n": number}


def framed(index: Searched, limit: int | None, *, size: int | None = None, in_query: bool = False) -> fetch.Fetched:
    composite = {"sources": SOURCES} | ({} if size is None else {"size": size})
    body = {"size": 0, "aggs": {"by": {"composite": composite, "aggs": {"top": {"max": {"field": "took"}}}}}}
    if in_query:
        path = "logs/_search?source_content_type=application/json"
        asked = request("shop/es", path).with_param("source", json.dumps(body))
    else:
        asked = request("shop/es", "logs/_search", body=body)
    return fetching.fetched(asked, index, Call(), limit=limit)


@pytest.mark.parametrize("in_query", [False, True])
@pytest.mark.parametrize(
    ("buckets", "size", "limit", "rows", "requests"),
    [
        (25, None, 10**9, 25, 3),  # 10, the rest, and none
        (25, 10, 10**9, 25, 4),
        (25, 10, 15, 15, 2),
        (25, 10, 5, 5, 1),
        (20, 10, 10**9, 20, 3),
        (0, 10, 10**9, 0, 1),
    ],
)
def test_the_buckets_come_page_by_page_with_a_limit(buckets, size, limit, rows, requests, in_query):
    index = Searched(buckets)
    found = framed(index, limit, size=size, in_query=in_query)
    frame = found.table.frame
    assert len(frame) == rows and len(index.asked) == requests
    if rows:
        assert frame["n"].tolist() == list(range(rows))
        assert frame["day"].tolist() == [BEGIN + pd.Timedelta(days=number) for number in range(rows)]
        assert frame["text"].tolist() == ["2026"] * rows and str(frame["top"].dtype) == "float64"
    assert not found.notes


@pytest.mark.parametrize(
    ("buckets", "size", "line"),
    [
        (25, None, "10 of at least 11 buckets; --limit all for the rest"),
        (25, 20, "20 of at least 21 buckets; --limit all for the rest"),
        (7, 20, None),
    ],
)
def test_without_a_limit_it_says_that_there_are_more(buckets, size, line):
    index = Searched(buckets)
    assert lines_of(framed(index, None, size=size)) == ([line] if line else [])
    assert len(index.asked) == 1


def test_what_stands_beside_another_aggregation_is_one_page():
    body = {"size": 0, "aggs": {"by": {"composite": {"sources": SOURCES}}, "n": {"max": {"field": "took"}}}}
    alone = request("shop/es", "_search", body={"aggs": {"by": {"composite": {}}}})
    page = Searched(25)(alone, Call()).json()
    page["aggregations"]["n"] = {"value": 3.0}
    sent: list[Request] = []

    def send(one: Request, call: Call) -> Reply:
        sent.append(one)
        return reply(page, asked=one)

    asked = request("shop/es", "_search", body=body)
    found = fetching.fetched(asked, send, Call(), limit=100, agg="by")
    assert len(sent) == 1 and found.table.rows == 10 and note_of(found) == "by may have more buckets (after_key)"


def test_all_buckets_of_the_demo_are_those_of_its_documents(demo):
    where = "kube-system/elasticsearch-logging"
    sources = [SOURCES[0], {"level": {"terms": {"field": "level"}}}]
    body = {"size": 0, "aggs": {"by": {"composite": {"size": 7, "sources": sources}}}}
    with Cluster("demo", kubeconfig=demo.kubeconfig) as cluster:
        found = cluster.frame(where, "_search", json=body, limit="all")
        hits = cluster.frame(where, "_search", params={"_source": "@timestamp,level"}, limit="all")
    counted = hits.groupby([hits["@timestamp"].dt.floor("D"), "level"]).size()
    assert found.set_index(["day", "level"])["doc_count"].to_dict() == counted.to_dict()
    assert len(found) > 20


def test_where_there_are_hits_the_buckets_are_one_page():
    body = {"size": 1, "aggs": {"by": {"composite": {"sources": SOURCES}}}}
    page = Searched(25)(request("shop/es", "_search", body=body), Call()).json()
    page["hits"]["hits"] = [{"_index": "logs", "_id": "1", "_score": None, "_source": {"a": 1}}]
    page["hits"]["total"]["value"] = 1
    sent: list[Request] = []

    def send(one: Request, call: Call) -> Reply:
        sent.append(one)
        return reply(page, asked=one)

    for options, rows in (({}, 1), ({"agg": "by"}, 10)):
        asked = request("shop/es", "_search", body=body)
        assert fetching.fetched(asked, send, Call(), limit=100, **options).table.rows == rows
    assert len(sent) == 2
