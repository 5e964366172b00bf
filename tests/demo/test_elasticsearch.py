"""The Elasticsearch of the demo answers like a real one."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from .conftest import Ask

PAGE = """{
  "cluster_name" : "kubernetes_logging",
  "status" : "yellow",
  "timed_out" : false,
  "number_of_nodes" : 1,
  "number_of_data_nodes" : 1,
  "active_primary_shards" : 5,
  "active_shards" : 5,
  "relocating_shards" : 0,
  "initializing_shards" : 0,
  "unassigned_shards" : 5
}
"""


@pytest.fixture
def search(service: Callable[[str], Ask]) -> Ask:
    return service("kube-system/elasticsearch-logging")


@pytest.mark.parametrize(
    "segment", ["elasticsearch-logging", "elasticsearch-logging:9200", "https:elasticsearch-logging:"]
)
def test_the_page_of_the_documentation(service: Callable[[str], Ask], segment: str) -> None:
    es = service(f"kube-system/{segment}")
    assert es("/_cluster/health?pretty=true").text == PAGE
    found = es("/_search?q=user:kimchy").json()
    assert found["hits"]["total"] == {"value": 492, "relation": "eq"}
    assert len(found["hits"]["hits"]) == 10
    assert {hit["_source"]["user"] for hit in found["hits"]["hits"]} == {"kimchy"}


def total(search: Ask, query: Any) -> int:
    count = search("/_count", body={"query": query}).json()["count"]
    assert isinstance(count, int)
    return count


def test_queries_agree_with_each_other(search: Ask) -> None:
    everything = total(search, {"match_all": {}})
    assert everything == 4012 == search("/_count").json()["count"]
    kimchy = total(search, {"term": {"user": "kimchy"}})
    assert (
        kimchy == 492 == total(search, {"match": {"user": "kimchy"}}) == search("/_count?q=user:kimchy").json()["count"]
    )
    two = total(search, {"terms": {"user": ["kimchy", "alice"]}})
    assert two == kimchy + total(search, {"term": {"user": "alice"}})
    assert total(search, {"bool": {"must_not": [{"term": {"user": "kimchy"}}]}}) == everything - kimchy
    both = total(search, {"bool": {"filter": [{"term": {"user": "kimchy"}}, {"term": {"level": "error"}}]}})
    assert both == search("/_count?q=user:kimchy+AND+level:error").json()["count"] > 0
    either = {"bool": {"should": [{"term": {"user": "kimchy"}}, {"term": {"level": "error"}}]}}
    assert total(search, either) == kimchy + total(search, {"term": {"level": "error"}}) - both
    slow = total(search, {"range": {"took_ms": {"gte": 50}}})
    assert slow + total(search, {"range": {"took_ms": {"lt": 50}}}) == everything
    assert slow == search("/_count?q=took_ms:%3E%3D50").json()["count"]
    has, lacks = {"exists": {"field": "session"}}, {"bool": {"must_not": {"exists": {"field": "session"}}}}
    assert total(search, has) + total(search, lacks) == everything > total(search, has) > 0
    assert total(search, {"prefix": {"kubernetes.pod_name": "web-"}}) == total(
        search, {"term": {"kubernetes.container_name": "web"}}
    )
    assert total(search, {"range": {"@timestamp": {"gte": "now-30d"}}}) == everything
    assert total(search, {"range": {"@timestamp": {"gt": "now"}}}) == 0
    assert (
        total(search, {"match": {"message": "database timeout"}})
        > total(search, {"match_phrase": {"message": "by database"}})
        > 0
    )


def test_get_and_post_bodies_are_the_same(search: Ask) -> None:
    body = {"query": {"term": {"user": "kimchy"}}, "size": 3, "sort": [{"took_ms": "desc"}]}
    by_post, by_get = search("/_search", body=body).json(), search("/_search", method="GET", body=body).json()
    assert by_post["hits"] == by_get["hits"]
    values = [hit["_source"]["took_ms"] for hit in by_post["hits"]["hits"]]
    assert values == sorted(values, reverse=True) and [hit["sort"] for hit in by_post["hits"]["hits"]] == [
        [v] for v in values
    ]
    assert by_post["hits"]["max_score"] is None


def _pages(search: Ask, first: dict[str, Any]) -> list[str]:
    out, body = [], first
    while hits := search("/_search", body=body).json()["hits"]["hits"]:
        out += [hit["_id"] for hit in hits]
        body = first | {"search_after": hits[-1]["sort"]}
    return out


def test_all_ways_to_page_bring_every_hit_once(search: Ask) -> None:
    # Away from both ends of the log, which move on with each minute.
    now = datetime.now(UTC)
    between = {"gte": (now - timedelta(days=19)).isoformat(), "lt": (now - timedelta(days=1)).isoformat()}
    query = {"bool": {"filter": [{"term": {"user": "kimchy"}}, {"range": {"@timestamp": between}}]}}
    by_from = [
        hit["_id"]
        for start in range(0, 600, 100)
        for hit in search("/_search", body={"query": query, "from": start, "size": 100}).json()["hits"]["hits"]
    ]
    assert 300 < len(set(by_from)) == len(by_from) < 492
    sort = [{"@timestamp": "asc"}, {"_doc": "asc"}]
    assert sorted(_pages(search, {"query": query, "size": 200, "sort": sort})) == sorted(by_from)
    point = search("/logstash-*/_pit?keep_alive=1m", method="POST").json()["id"]
    assert sorted(_pages(search, {"query": query, "size": 150, "pit": {"id": point}})) == sorted(by_from)
    assert search("/_pit", method="DELETE", body={"id": point}).json() == {"succeeded": True, "num_freed": 1}
    assert search("/_search", body={"pit": {"id": point}}).status == 404
    page = search("/_search?scroll=1m", body={"query": query, "size": 200}).json()
    scrolled = []
    while page["hits"]["hits"]:
        scrolled += [hit["_id"] for hit in page["hits"]["hits"]]
        page = search("/_search/scroll", body={"scroll": "1m", "scroll_id": page["_scroll_id"]}).json()
    assert sorted(scrolled) == sorted(by_from)
    assert search("/_search/scroll", method="DELETE", body={"scroll_id": page["_scroll_id"]}).json()["num_freed"] == 1


def test_a_large_index_is_searched_by_its_name_alone(search: Ask) -> None:
    """`index.hidden`: counts over all indices omit it."""
    archive = "archive-000001"
    assert search(f"/{archive}/_count").json()["count"] == 24_072 == 6 * search("/_count").json()["count"]
    assert archive not in search("/_cat/indices").text and search("/arch*/_count").json()["count"] == 0
    assert search("/arch*/_count?expand_wildcards=all").json()["count"] == 24_072
    assert search("/_all/_count?expand_wildcards=open,hidden").json()["count"] == 24_072 + 4_012
    assert search(f"/{archive}/_settings").json()[archive]["settings"]["index"]["hidden"] == "true"
    assert search(f"/{archive}/_alias").json() == {archive: {"aliases": {}}}
    point = search(f"/{archive}/_pit?keep_alive=1m", method="POST").json()["id"]
    first = {"size": 10_000, "pit": {"id": point}, "_source": False, "sort": [{"_score": "desc"}, "_shard_doc"]}
    ids = _pages(search, first)
    assert len(ids) == len(set(ids)) == 24_072
    one = search("/_search", body=first | {"size": 1, "track_total_hits": True}).json()["hits"]
    assert one["total"] == {"value": 24_072, "relation": "eq"}
    assert search("/_pit", method="DELETE", body={"id": point}).json()["succeeded"] is True
    everywhere = search("/_all/_pit?keep_alive=1m", method="POST").json()["id"]
    assert search("/_search", body={"pit": {"id": everywhere}}).json()["hits"]["total"]["value"] == 4_012


def test_aggregations_add_up(search: Ask) -> None:
    asked = {
        "size": 0,
        "aggs": {
            "levels": {"terms": {"field": "level"}, "aggs": {"took": {"avg": {"field": "took_ms"}}}},
            "days": {"date_histogram": {"field": "@timestamp", "calendar_interval": "day"}},
            "users": {"cardinality": {"field": "user"}},
            "bytes": {"sum": {"field": "bytes"}},
            "errors": {
                "filter": {"term": {"level": "error"}},
                "aggs": {"top": {"terms": {"field": "user", "size": 1}}},
            },
        },
    }
    found = search("/_search", body=asked).json()
    assert found["hits"]["hits"] == [] and found["hits"]["total"]["value"] == 4012
    result = found["aggregations"]
    assert sum(bucket["doc_count"] for bucket in result["levels"]["buckets"]) == 4012
    assert all(bucket["took"]["value"] > 0 for bucket in result["levels"]["buckets"])
    assert sum(bucket["doc_count"] for bucket in result["days"]["buckets"]) == 4012
    assert 21 <= len(result["days"]["buckets"]) <= 22
    assert result["users"]["value"] == 10
    assert result["errors"]["doc_count"] == total(search, {"term": {"level": "error"}})
    top = result["errors"]["top"]
    assert top["buckets"][0]["doc_count"] + top["sum_other_doc_count"] == result["errors"]["doc_count"]


def test_documents_have_nulls_nesting_and_unicode(search: Ask) -> None:
    sources = [hit["_source"] for hit in search("/_search?size=1000").json()["hits"]["hits"]]
    assert any(source.get("session", "") is None for source in sources)
    assert any("session" not in source for source in sources)
    assert {source["kubernetes"]["labels"]["tier"] for source in sources} == {"frontend", "backend"}
    assert any(not source["user"].isascii() for source in sources)
    only = search("/_search?size=1&_source=user,kubernetes.labels").json()["hits"]["hits"][0]["_source"]
    assert set(only) == {"user", "kubernetes"} and set(only["kubernetes"]) == {"labels"}


def test_tables_and_mappings(search: Ask) -> None:
    rows = search("/_cat/indices?format=json").json()
    assert sum(int(row["docs.count"]) for row in rows) == 4012
    text = search("/_cat/indices?v&h=index,docs.count&s=index").text.splitlines()
    assert text[0].split() == ["index", "docs.count"] and len(text) == len(rows) + 1
    assert search("/_cat/count").text.split()[2] == "4012"
    mapping = search(f"/{rows[0]['index']}/_mapping").json()[rows[0]["index"]]["mappings"]["properties"]
    assert mapping["@timestamp"] == {"type": "date"}
    one = search(f"/{rows[0]['index']}/_search?size=1").json()["hits"]["hits"][0]
    assert search(f"/{one['_index']}/_doc/{one['_id']}").json()["_source"] == one["_source"]


@pytest.mark.parametrize(
    ("path", "body", "status", "kind"),
    [
        ("/_search", {"query": {"nosuch": {}}}, 400, "parsing_exception"),
        ("/_search", {"nosuch": 1}, 400, "parsing_exception"),
        ("/_search", {"query": {"term": {"a": 1, "b": 2}}}, 400, "parsing_exception"),
        ("/_search", {"from": 9_999, "size": 10}, 400, "illegal_argument_exception"),
        ("/_search", {"size": -1}, 400, "illegal_argument_exception"),
        ("/_search", {"sort": ["message"]}, 400, "illegal_argument_exception"),
        ("/_search", {"sort": ["nosuch"]}, 400, "illegal_argument_exception"),
        ("/_search", {"aggs": {"a": {"nosuch": {}}}}, 400, "parsing_exception"),
        ("/_search", "{", 400, "parse_exception"),
        ("/_search", [], 400, "parsing_exception"),
        ("/nosuch/_search", None, 404, "index_not_found_exception"),
        ("/_search/scroll", {"scroll_id": "x"}, 400, "illegal_argument_exception"),
    ],
)
def test_errors_have_the_form_of_elasticsearch(search: Ask, path: str, body: Any, status: int, kind: str) -> None:
    answer = search(path, body=body) if body is not None else search(path)
    assert answer.status == status == answer.json()["status"]
    assert answer.json()["error"]["type"] == kind == answer.json()["error"]["root_cause"][0]["type"]
    assert answer.json()["error"]["reason"]
