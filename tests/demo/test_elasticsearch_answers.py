"""The exact answers of the demo's Elasticsearch, queried as in a cluster: through the proxy verb."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

import pytest
import urllib3

from .demo_process import Demo, demo

Ask = Callable[..., urllib3.BaseHTTPResponse]
SERVICE = "/api/v1/namespaces/kube-system/services/elasticsearch-logging/proxy"
HEALTH = {
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
COUNT, KIMCHY = 4012, 492
"""These counts never change, since the events repeat."""


@pytest.fixture(scope="module")
def ask(world: Demo) -> Iterator[Ask]:
    with urllib3.PoolManager(ssl_context=world.tls(), timeout=20, retries=False) as pool:
        signed = {"Authorization": f"Bearer {world.tokens['demo']}"}

        def asking(path: str, body: Any = None, method: str = "GET", **headers: str) -> urllib3.BaseHTTPResponse:
            url = f"https://127.0.0.1:{world.port}{SERVICE}{path}"
            data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
            return pool.request(method, url, body=data, headers=signed | headers)

        yield asking


def _count(ask: Ask, text: str, more: str = "") -> int:
    reply = ask(f"/_count?q={quote(text)}{more}")
    assert reply.status == 200, reply.data
    found: int = reply.json()["count"]
    return found


@pytest.fixture(scope="module")
def documents(ask: Ask) -> list[dict[str, Any]]:
    """They differ by their timestamps only, so they are read once."""
    hits = ask("/_search", {"size": 10000, "query": {"match_all": {}}}).json()["hits"]["hits"]
    return [hit["_source"] for hit in hits]


@pytest.mark.parametrize(
    ("path", "status", "expected"),
    [
        ("/_cluster/health", 200, HEALTH),
        ("/_cluster/health?pretty=true", 200, HEALTH),
        ("/_cluster/health/logstash", 200, HEALTH),
        ("/_cluster/health?wait_for_status=green", 408, HEALTH | {"timed_out": True}),
        ("/_cluster/settings", 200, {"persistent": {}, "transient": {}}),
        ("/_validate/query?q=user:kimchy", 200, {"_shards": {"total": 1, "successful": 1, "failed": 0}, "valid": True}),
        ("/_validate/query?q=user:", 200, {"_shards": {"total": 1, "successful": 1, "failed": 0}, "valid": False}),
    ],
)
def test_what_is_answered_to_the_letter(ask: Ask, path: str, status: int, expected: Any) -> None:
    reply = ask(path)
    assert (reply.status, reply.json()) == (status, expected)


def test_pretty_health_is_the_text_of_the_page(ask: Ask) -> None:
    text = ask("/_cluster/health?pretty=true").data.decode()
    assert text.startswith(
        '{\n  "cluster_name" : "kubernetes_logging",\n  "status" : "yellow",\n  "timed_out" : false,'
    )
    assert text.endswith('"unassigned_shards" : 5\n}\n')


def _same(*tests: Callable[[dict[str, Any]], bool]) -> Callable[[dict[str, Any]], bool]:
    return lambda one: all(test(one) for test in tests)


def _of(field: str, *wanted: Any) -> Callable[[dict[str, Any]], bool]:
    def test(one: dict[str, Any]) -> bool:
        value: Any = one
        for step in field.split("."):
            value = value.get(step) if isinstance(value, dict) else None
        return bool(set(value if isinstance(value, list) else [value]) & set(wanted))

    return test


def _not(test: Callable[[dict[str, Any]], bool]) -> Callable[[dict[str, Any]], bool]:
    return lambda one: not test(one)


def _any(*tests: Callable[[dict[str, Any]], bool]) -> Callable[[dict[str, Any]], bool]:
    return lambda one: any(test(one) for test in tests)


ERROR, BOB, KIM = _of("level", "error"), _of("user", "bob"), _of("user", "kimchy")


@pytest.mark.parametrize(
    ("text", "test"),
    [
        ("*", lambda one: True),
        ("*:*", lambda one: True),
        ("", lambda one: False),
        ("user:kimchy", KIM),
        ("kimchy", KIM),
        ("KIMCHY", lambda one: False),
        ("user:Kimchy", lambda one: False),
        ("level:error -user:bob", _same(ERROR, _not(BOB))),
        ("level:error NOT user:bob", _same(ERROR, _not(BOB))),
        ("level:error !user:bob", _same(ERROR, _not(BOB))),
        ("-level:info", _not(_of("level", "info"))),
        ("NOT level:info", _not(_of("level", "info"))),
        ("+level:error user:bob", ERROR),
        ("level:error user:bob", _any(ERROR, BOB)),
        ("level:error OR user:bob", _any(ERROR, BOB)),
        ("level:error || user:bob", _any(ERROR, BOB)),
        ("level:error AND user:bob", _same(ERROR, BOB)),
        ("level:error && user:bob", _same(ERROR, BOB)),
        ("user:kimchy OR level:error AND user:bob", _same(ERROR, BOB)),  # AND requires what stands beside it, no more
        ("user:kimchy OR (level:error AND user:bob)", _any(KIM, _same(ERROR, BOB))),
        ("user:kimchy OR (-level:error)", KIM),  # what only excludes has nothing to exclude from
        ("level:(error OR warning)", _of("level", "error", "warning")),
        ("level:(error warning)", lambda one: False),  # words without an operator go to a field together
        (
            "level:(error OR warning) -user:(bob OR kimchy)",
            _same(_of("level", "error", "warning"), _not(_any(BOB, KIM))),
        ),
        ("user:kimchy^2 AND level:error", _same(KIM, ERROR)),
        ('message:"refused by database"', _of("message", "connection refused by database")),
        ('message:"database by refused"', lambda one: False),
        (
            'message:"connection database"~2',
            _of("message", "connection refused by database", "retrying connection to database"),
        ),
        ("message:DATABASE", lambda one: "database" in one["message"]),
        ("message:data*", lambda one: "database" in one["message"]),
        ("user:k?mchy", KIM),
        ("kim*", KIM),
        ("user:kimchi~", KIM),
        ("user:/k.*y/", KIM),
        ("http.status:500", _of("http.status", 500)),
        ("http.status:>=429", _of("http.status", 429, 500)),
        ("http.status:[400 TO 429]", _of("http.status", 404, 429)),
        ("http.status:{404 TO *]", _of("http.status", 429, 500)),
        ("http.status:[* TO 404}", _of("http.status", 200, 201, 204)),
        ("kubernetes.labels.tier:frontend", _of("kubernetes.labels.tier", "frontend")),
        (r"kubernetes.labels.\*:frontend", _of("kubernetes.labels.tier", "frontend")),
        ("ok:false", _of("ok", False)),
        ("_exists_:session", lambda one: one.get("session") is not None),
        ("-_exists_:session", lambda one: one.get("session") is None),
        ("_exists_:http", lambda one: "http" in one),
        ("session:*", lambda one: one.get("session") is not None),
        ("tags:prod AND tags:eu", _same(_of("tags", "prod"), _of("tags", "eu"))),
        ("user:李雷", _of("user", "李雷")),
        ("nosuch:x", lambda one: False),
        ("connection refused", lambda one: "connection" in one["message"] or "refused" in one["message"]),
        (r"http.path:\/orders\?page=2", _of("http.path", "/orders?page=2")),
        ('http.path:"/orders?page=2"', _of("http.path", "/orders?page=2")),
    ],
)
def test_query_strings_mean_what_lucene_means(
    ask: Ask, documents: list[dict[str, Any]], text: str, test: Callable[[dict[str, Any]], bool]
) -> None:
    expected = sum(1 for one in documents if test(one))
    found = ask(f"/_search?size=0&q={quote(text)}").json()
    assert found["hits"]["total"]["value"] == expected


@pytest.mark.parametrize(
    ("text", "more", "same"),
    [
        ("level:error user:bob", "&default_operator=AND", "level:error AND user:bob"),
        ("level:error OR user:bob", "&default_operator=AND", "level:error user:bob"),
        ("database", "&df=message", "message:database"),
        ("http.status:abc", "&lenient=true", "nosuch:x"),
    ],
)
def test_parameters_of_query_strings(ask: Ask, text: str, more: str, same: str) -> None:
    assert _count(ask, text, more) == _count(ask, same)


@pytest.mark.parametrize(
    ("text", "reason", "cause"),
    [
        (
            "nosuch:",
            "Failed to parse query [nosuch:]",
            "Cannot parse 'nosuch:': Encountered \"<EOF>\" at line 1, column 7.",
        ),
        ("(a", "Failed to parse query [(a]", "Cannot parse '(a': Encountered \"<EOF>\""),
        ("a)", "Failed to parse query [a)]", 'Cannot parse \'a)\': Encountered " ")" ") "" at line 1, column 2.'),
        ("a AND", "Failed to parse query [a AND]", "Cannot parse 'a AND': Encountered \"<EOF>\""),
        (
            "AND b",
            "Failed to parse query [AND b]",
            'Cannot parse \'AND b\': Encountered " <AND> "AND "" at line 1, column 1.',
        ),
        ('"open', 'Failed to parse query ["open]', "Cannot parse '\"open': Lexical error at line 1, column 6."),
        (
            "a:b:c",
            "Failed to parse query [a:b:c]",
            'Cannot parse \'a:b:c\': Encountered " ":" ": "" at line 1, column 4.',
        ),
        ("[1 TO", "Failed to parse query [[1 TO]", "Cannot parse '[1 TO': Encountered"),
        ("http.*:GET", "Failed to parse query [http.*:GET]", "Cannot parse"),
        ("http.path:/orders", "Failed to parse query [http.path:/orders]", "Cannot parse"),
        ("(" * 3000, f"Failed to parse query [{'(' * 3000}]", "Cannot parse"),
        ("http.status:abc", 'failed to create query: For input string: "abc"', 'For input string: "abc"'),
        ("ok:maybe", None, "Can't parse boolean value [maybe], expected [true] or [false]"),
        ("@timestamp:yesterday", None, "failed to parse date field [yesterday]"),
    ],
)
def test_broken_query_strings(ask: Ask, text: str, reason: str | None, cause: str) -> None:
    for path in ("_search", "_count"):
        reply = ask(f"/{path}?q={quote(text, safe='')}")
        error = reply.json()["error"]
        assert (reply.status, reply.json()["status"]) == (400, 400)
        assert (error["type"], error["reason"]) == ("search_phase_execution_exception", "all shards failed")
        assert len(error["root_cause"]) == len(error["failed_shards"]) == 5
        first = error["failed_shards"][0]["reason"]
        assert reason is None or first["reason"] == error["root_cause"][0]["reason"] == reason
        assert first["caused_by"]["reason"].startswith(cause)


def test_indices_health_shards_and_counts_agree(ask: Ask) -> None:
    reply = ask("/_search?size=0&track_total_hits=true", {"aggs": {"by": {"terms": {"field": "_index"}}}}).json()
    rows = ask("/_cat/indices?format=json&s=index").json()
    shards = ask("/_cat/shards?format=json").json()
    stats = ask("/_stats").json()
    health = ask("/_cluster/health").json()
    assert (
        len(rows) == health["active_primary_shards"] == reply["_shards"]["total"] == stats["_shards"]["successful"] == 5
    )
    assert sum(int(row["docs.count"]) for row in rows) == reply["hits"]["total"]["value"] == COUNT
    assert [row["index"] for row in rows] == sorted(stats["indices"]) == sorted(ask("/_aliases").json())
    assert sorted(ask("/_mapping").json()) == sorted(stats["indices"])
    assert Counter(row["state"] for row in shards) == {"STARTED": 5, "UNASSIGNED": 5}
    assert int(ask("/_cat/count?h=count").data) == ask("/_cluster/stats").json()["indices"]["docs"]["count"] == COUNT
    assert stats["_all"]["primaries"]["docs"]["count"] == COUNT
    one = rows[1]["index"]
    part = ask(f"/{one}/_search?size=0").json()
    assert part["_shards"]["total"] == 1 and ask(f"/_cluster/health/{one}").json()["active_shards"] == 1
    assert ask(f"/logstash-*,-{one}/_search?size=0").json()["_shards"]["total"] == 4
    writable = [row["index"] for row in ask("/_cat/aliases?format=json").json() if row["is_write_index"] == "true"]
    assert writable == [rows[-1]["index"]]


def test_documents_reach_up_to_now_and_counts_stay(ask: Ask) -> None:
    newest, oldest = (
        ask(f"/_search?size=1&sort=@timestamp:{order}").json()["hits"]["hits"][0]["_source"]["@timestamp"]
        for order in ("desc", "asc")
    )
    now = datetime.now(UTC)
    assert timedelta() < now - datetime.fromisoformat(newest) < timedelta(hours=1)
    assert timedelta(days=20, hours=23) < now - datetime.fromisoformat(oldest) < timedelta(days=21, minutes=2)
    assert _count(ask, "@timestamp:[now-1h TO now]") > 0
    assert _count(ask, "@timestamp:>now") == 0
    assert _count(ask, "user:kimchy") == KIMCHY and _count(ask, "*") == COUNT
    body = {"size": 0, "aggs": {"day": {"date_histogram": {"field": "@timestamp", "calendar_interval": "day"}}}}
    days = [one["doc_count"] for one in ask("/_search", body).json()["aggregations"]["day"]["buckets"]]
    dates = [datetime.fromisoformat(one).date() for one in (oldest, newest)]
    assert len(days) == (dates[1] - dates[0]).days + 1
    assert sum(days) == COUNT and max(days[1:-1]) > 1.3 * min(days[1:-1])


def test_two_demos_have_the_same_documents(ask: Ask, tmp_path_factory: pytest.TempPathFactory) -> None:
    now_ms = int(time.time() * 1000)
    between = {"lt": now_ms - 300_000, "gte": now_ms - 864_000_000}
    body = {"query": {"range": {"@timestamp": between}}, "size": 10000, "sort": ["@timestamp"]}
    with demo(tmp_path_factory.mktemp("other")) as running, urllib3.PoolManager(ssl_context=running.tls()) as pool:
        url = f"https://127.0.0.1:{running.port}{SERVICE}/_search"
        signed = {"Authorization": f"Bearer {running.tokens['demo']}"}
        other = pool.request("POST", url, body=json.dumps(body), headers=signed).json()
    assert other["hits"] == ask("/_search", body).json()["hits"]


WANTED: list[dict[str, Any]] = [
    {},
    {"query": {"query_string": {"query": "level:error OR user:kimchy"}}},
    {"sort": [{"level": "desc"}, {"@timestamp": "asc"}]},
    {"sort": ["session"], "query": {"prefix": {"kubernetes.pod_name": "web"}}},
    {"sort": ["_score", {"took_ms": "asc"}], "query": {"match": {"message": "connection database"}}},
]


@pytest.mark.parametrize("wanted", WANTED, ids=str)
def test_search_after_with_a_point_in_time_gives_each_document_once(ask: Ask, wanted: dict[str, Any]) -> None:
    opened = ask("/logstash-*/_pit?keep_alive=1m", method="POST").json()["id"]
    body = wanted | {"pit": {"id": opened, "keep_alive": "1m"}, "size": 1500}
    seen: list[str] = []
    while True:
        reply = ask("/_search", body, "POST").json()
        hits = reply["hits"]["hits"]
        if not hits:
            break
        assert reply["pit_id"] == opened
        seen += [hit["_id"] for hit in hits]
        body["search_after"] = hits[-1]["sort"]
    assert len(seen) == len(set(seen)) == reply["hits"]["total"]["value"] > 0
    assert seen == _scrolled(ask, wanted) or _minute_passed(ask, seen)
    freed = [ask("/_pit", {"id": opened}, "DELETE") for _ in range(2)]
    assert [(one.status, one.json()["num_freed"]) for one in freed] == [(200, 1), (404, 0)]
    gone = ask("/_search", {"pit": {"id": opened}})
    assert (gone.status, gone.json()["error"]["root_cause"][0]["type"]) == (404, "search_context_missing_exception")


def _minute_passed(ask: Ask, seen: list[str]) -> bool:
    """Whether there is a newer document than before, because the clock has moved on."""
    newest = ask("/_search?size=1&sort=@timestamp:desc").json()["hits"]["hits"][0]["_id"]
    return newest not in seen


def _scrolled(ask: Ask, wanted: dict[str, Any]) -> list[str]:
    reply = ask("/_search?scroll=1m", wanted | {"size": 1500}, "POST").json()
    identity, total, seen = reply["_scroll_id"], reply["hits"]["total"], []
    while reply["hits"]["hits"]:
        seen += [hit["_id"] for hit in reply["hits"]["hits"]]
        reply = ask("/_search/scroll", {"scroll": "1m", "scroll_id": identity}, "POST").json()
        assert reply["hits"]["total"] == total
    assert len(seen) == len(set(seen)) == total["value"]
    freed = [ask("/_search/scroll", {"scroll_id": [identity]}, "DELETE") for _ in range(2)]
    assert [(one.status, one.json()) for one in freed] == [
        (200, {"succeeded": True, "num_freed": 1}),
        (404, {"succeeded": True, "num_freed": 0}),
    ]
    gone = ask("/_search/scroll?scroll_id=" + identity)
    assert (gone.status, gone.json()["error"]["root_cause"][0]["type"]) == (404, "search_context_missing_exception")
    return seen


def test_scroll_by_parameters(ask: Ask) -> None:
    reply = ask("/logstash/_search?q=user:kimchy&scroll=1m&size=400").json()
    assert len(reply["hits"]["hits"]) == 400 and {hit["_source"]["user"] for hit in reply["hits"]["hits"]} == {"kimchy"}
    reply = ask(f"/_search/scroll?scroll=1m&scroll_id={reply['_scroll_id']}").json()
    assert len(reply["hits"]["hits"]) == KIMCHY - 400
    assert ask(f"/_search/scroll/{reply['_scroll_id']}", method="DELETE").json()["num_freed"] == 1
    assert ask("/_search/scroll/_all", method="DELETE").status == 200


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "kind", "reason"),
    [
        ("GET", "/nosuch/_search", None, 404, "index_not_found_exception", "no such index [nosuch]"),
        ("GET", "/nosuch", None, 404, "index_not_found_exception", "no such index [nosuch]"),
        ("GET", "/_search", b"{", 400, "parse_exception", "Failed to parse content to map"),
        ("GET", "/_search", {"query": {"nosuch": {}}}, 400, "parsing_exception", "unknown query [nosuch]"),
        ("GET", "/_search", {"nosuch": 1}, 400, "parsing_exception", "unknown key for a VALUE in [nosuch]."),
        ("GET", "/_search?from=9999&size=2", None, 400, "illegal_argument_exception", "Result window is too large"),
        ("GET", "/_search?sort=message", None, 400, "illegal_argument_exception", "Text fields are not optimised"),
        ("GET", "/_search?sort=nosuch", None, 400, "illegal_argument_exception", "No mapping found for [nosuch]"),
        ("GET", "/_search", {"search_after": [1]}, 400, "illegal_argument_exception", "Sort must contain"),
        (
            "GET",
            "/_search?scroll=1m&size=0",
            None,
            400,
            "action_request_validation_exception",
            "Validation Failed: 1: [size]",
        ),
        ("GET", "/_search?scroll=soon", None, 400, "illegal_argument_exception", "failed to parse setting [scroll]"),
        (
            "POST",
            "/logstash/_pit",
            None,
            400,
            "action_request_validation_exception",
            "Validation Failed: 1: [keep_alive]",
        ),
        ("GET", "/_search/scroll?scroll_id=x", None, 400, "illegal_argument_exception", "Cannot parse scroll id"),
        ("GET", "/_cat/nosuch", None, 400, "illegal_argument_exception", "request [/_cat/nosuch] is not in the demo"),
        (
            "GET",
            "/_cat/indices?s=nosuch",
            None,
            400,
            "illegal_argument_exception",
            "Unable to sort by unknown sort key",
        ),
        ("DELETE", "/logstash", None, 403, "cluster_block_exception", "index [logstash-"),
        ("POST", "/logstash/_doc", {"a": 1}, 403, "cluster_block_exception", "index [logstash-"),
    ],
)
def test_errors_in_its_own_form(
    ask: Ask, method: str, path: str, body: Any, status: int, kind: str, reason: str
) -> None:
    reply = ask(path, body, method)
    error = reply.json()["error"]
    assert (reply.status, reply.json()["status"], error["type"]) == (status, status, kind)
    assert error["reason"].startswith(reason) and error["root_cause"][0]["type"] == kind
    assert reply.headers["Content-Type"] == "application/json; charset=UTF-8"


@pytest.mark.parametrize(
    "body",
    [
        {"aggs": [1]},
        {"aggs": {"a": {"terms": {"field": "user", "size": "x"}}}},
        {"min_score": "x"},
        {"sort": [[]]},
        {"sort": [{}]},
        {"query": {"bool": {"minimum_should_match": {}}}},
        {"query": {"ids": {"values": 1}}, "size": []},
        {"query": {"range": {"@timestamp": {"gte": "9999-12-31||+9y"}}}},
        {"fields": [{}]},
        {"search_after": [{}], "sort": ["bytes"]},
    ],
    ids=str,
)
def test_odd_bodies_are_refused_and_no_more(ask: Ask, body: Any) -> None:
    reply = ask("/_search", body, "POST")
    assert (reply.status, reply.json()["status"]) == (400, 400), reply.data


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("DELETE", "/", "GET"),
        ("DELETE", "/_search?q=a", "GET, POST"),
        ("PUT", "/_cat/indices", "GET"),
        ("GET", "/_pit", "DELETE"),
        ("GET", "/logstash/_pit", "POST"),
        ("POST", "/_cluster/health", "GET"),
    ],
)
def test_wrong_methods(ask: Ask, method: str, path: str, allowed: str) -> None:
    reply = ask(path, method=method)
    reason = f"Incorrect HTTP method for uri [{path}] and method [{method}], allowed: [{allowed}]"
    assert (reply.status, reply.json()) == (405, {"error": reason, "status": 405})
    assert reply.headers["Allow"] == allowed.replace(", ", ",")


def test_what_nobody_answers(ask: Ask) -> None:
    reply = ask("/_ml/jobs?x=1")
    assert (reply.status, reply.json()["error"]) == (
        400, "no handler found for uri [/_ml/jobs?x=1] and method [GET]: not in the demo",
    )  # fmt: skip


def test_cat_lists_its_tables_and_each_answers(ask: Ask) -> None:
    lines = ask("/_cat").data.decode().splitlines()
    assert lines[0] == "=^.^=" and {"/_cat/shards", "/_cat/master", "/_cat/plugins"} <= set(lines)
    for path in (line for line in lines[1:] if "{" not in line):
        rows = ask(f"{path}?format=json").json()
        header, *text = ask(f"{path}?v").data.decode().splitlines()
        about = ask(f"{path}?help").data.decode().splitlines()
        assert len(text) == len(rows) and all(list(row) == header.split() for row in rows), path
        assert set(header.split()) <= {line.split("|")[0].strip() for line in about}
        assert ask(path, Accept="application/json").json() == rows or path in ("/_cat/count", "/_cat/health")


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/_cat/master?h=node", "elasticsearch-logging-0\n"),
        ("/_cat/health?h=cluster,st,nosuch&v", "cluster            st    \nkubernetes_logging yellow\n"),
        ("/_cat/health?h=pri,unassign", "5 5\n"),
        ("/_cat/shards?h=prirep,state&s=state:desc,prirep", "r UNASSIGNED\n" * 5 + "p STARTED   \n" * 5),
        ("/_cat/nodes?h=name,v", "elasticsearch-logging-0 7.17.28\n"),
        ("/_cat/plugins", ""),
        ("/_cat/plugins?v", "name component version\n"),
        ("/_cat/templates?h=n,t", "logstash [logstash-*]\n"),
    ],
)
def test_cat_columns(ask: Ask, path: str, expected: str) -> None:
    assert ask(path).data.decode() == expected


def test_cat_sizes_in_the_asked_unit(ask: Ask) -> None:
    rows = ask("/_cat/indices?format=json&bytes=b&s=store.size:desc").json()
    sizes = [int(row["store.size"]) for row in rows]
    assert sizes == sorted(sizes, reverse=True) and sizes[0] == 412 * int(rows[0]["docs.count"])


def test_mapping_says_what_documents_have(ask: Ask, documents: list[dict[str, Any]]) -> None:
    mappings = ask("/_mapping").json()
    (properties,) = {json.dumps(one["mappings"]["properties"]) for one in mappings.values()}
    known = json.loads(properties)
    for one in documents[:200]:
        assert set(one) <= set(known)
        assert set(one["kubernetes"]) == set(known["kubernetes"]["properties"])
    assert known["@timestamp"] == {"type": "date"} and known["http"]["properties"]["status"] == {"type": "integer"}
    name = next(iter(mappings))
    field = ask(f"/{name}/_mapping/field/http.status").json()[name]["mappings"]["http.status"]
    assert field == {"full_name": "http.status", "mapping": {"status": {"type": "integer"}}}
    caps = ask("/_field_caps?fields=*").json()["fields"]
    assert caps["message"]["text"]["aggregatable"] is False and caps["message.keyword"]["keyword"]["aggregatable"]


def test_a_document_by_its_id(ask: Ask) -> None:
    hit = ask("/_search?q=user:kimchy&size=1&sort=@timestamp:desc").json()["hits"]["hits"][0]
    found = ask(f"/{hit['_index']}/_doc/{hit['_id']}").json()
    assert found["found"] is True and found["_source"] == hit["_source"]
    assert ask(f"/{hit['_index']}/_source/{hit['_id']}").json() == hit["_source"]
    assert ask(f"/{hit['_index']}/_doc/nosuch").status == 404
    assert _count(ask, f"_id:{hit['_id']}") == 1
    assert ask(f"/{hit['_index']}", method="HEAD").status == 200 and ask("/nosuch", method="HEAD").status == 404


@pytest.mark.parametrize(
    ("wanted", "same"),
    [
        ({"multi_match": {"query": "kimchy", "fields": ["*"]}}, "kimchy"),
        ({"multi_match": {"query": "AND (", "fields": ["message"]}}, "nosuch:x"),
        ({"term": {"http.status": "500"}}, "http.status:500"),
        ({"range": {"http.status": {"gte": "400"}}}, "http.status:>=400"),
        ({"fuzzy": {"user": "kimchi"}}, "user:kimchy"),
        ({"dis_max": {"queries": [{"term": {"user": "bob"}}, {"term": {"level": "error"}}]}}, "user:bob level:error"),
        ({"bool": {"must_not": {"exists": {"field": "session"}}}}, "-_exists_:session"),
        ({"wildcard": {"message.keyword": "*[1, 2]*"}}, "message:parsed"),
    ],
    ids=str,
)
def test_queries_with_a_body(ask: Ask, wanted: dict[str, Any], same: str) -> None:
    assert ask("/_count", {"query": wanted}, "POST").json()["count"] == _count(ask, same)
    assert ask("/_count?source=" + quote(json.dumps({"query": wanted}))).json()["count"] == _count(ask, same)
