"""An answer without rows says what may be wrong: a name that does not exist."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from kubeaccess_magic import Cluster
from kubeaccess_magic.dialects.elasticsearch.queried_fields import queried_fields
from kubeaccess_magic.dialects.elasticsearch.search import SearchRequest
from kubeaccess_magic.dialects.prometheus.metric_names import metric_names
from kubeaccess_magic.query import Query
from kubeaccess_magic.request import Request
from kubeaccess_magic.targets import Target

PROMETHEUS = "monitoring/prometheus"
ELASTIC = "kube-system/elasticsearch-logging"


@pytest.fixture(scope="module")
def cluster(demo: Any) -> Iterator[Cluster]:
    with Cluster(kubeconfig=demo.kubeconfig) as cluster:
        yield cluster


def notes_of(cluster: Cluster, target: str, path: str = "/", **fields: Any) -> tuple[int, str]:
    """How many rows there are, and the notes."""
    query = Query.of(target, path, output="frame", **fields)
    call = cluster.call(query)
    outcome = cluster.engine.run(cluster.engine.prepare(query, call), call)
    assert outcome.table is not None
    return len(outcome.table.frame), "; ".join(outcome.notes)


@pytest.mark.parametrize(
    ("path", "params", "says"),
    [
        ("api/v1/query", {"query": "upp"}, "no metric is called upp; there are up"),
        ("api/v1/query", {"query": "sum by (job) (rate(no_such_thing_at_all[5m]))"}, "called no_such_thing_at_all"),
        ("api/v1/query_range", {"query": "upp", "start": "-1h"}, "no metric is called upp"),
        ("api/v1/query", {"query": 'up{job="none"}'}, ""),
    ],
)
def test_no_metric_of_that_name(cluster: Cluster, path: str, params: dict[str, str], says: str) -> None:
    rows, notes = notes_of(cluster, PROMETHEUS, path, params=params)
    assert rows == 0 and (says in notes if says else notes == "")


def test_a_metric_in_the_form_of_a_post_is_looked_for_too(cluster: Cluster) -> None:
    rows, notes = notes_of(cluster, PROMETHEUS, "api/v1/query", method="POST", data={"query": "upp"})
    assert rows == 0 and "no metric is called upp" in notes


def test_nothing_else_is_asked_with_raw(cluster: Cluster) -> None:
    assert notes_of(cluster, PROMETHEUS, "api/v1/query", params={"query": "upp"}, raw=True) == (0, "")


@pytest.mark.parametrize(
    ("path", "json_body", "says"),
    [
        ("_search?q=usr:kimchy", None, "no field is called usr"),
        ("_search?q=user:nobody_at_all", None, ""),
        ("_search", {"query": {"bool": {"filter": [{"term": {"levell": "x"}}]}}}, "no field is called levell"),
    ],
)
def test_no_field_of_that_name(cluster: Cluster, path: str, json_body: Any, says: str) -> None:
    rows, notes = notes_of(cluster, ELASTIC, path, json=json_body)
    assert rows == 0 and (says in notes if says else notes == "")


def test_no_namespace_of_that_name(cluster: Cluster) -> None:
    assert notes_of(cluster, "/api/v1/namespaces/shpo/pods") == (0, "there is no namespace shpo")
    assert "there is no namespace shpo" in notes_of(cluster, "/api/v1/pods", namespace="shpo")[1]
    assert notes_of(cluster, "/api/v1/namespaces/shop/pods?labelSelector=a%3Db") == (0, "")


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("up", ["up"]),
        ('sum by (job) (rate(requests_total{code=~"5.."}[5m])) / on(job) group_left() b:c', ["requests_total", "b:c"]),
        ("a offset 5m and b unless c > bool 1e5", ["a", "b", "c"]),
        ('label_replace(up, "a", "$1", "b", "(.*)") # comment', ["up"]),
        ("sum(up) without (a, b)", ["up"]),
        ('{__name__="x"}', []),
        ("vector(1) + Inf", []),
    ],
)  # fmt: skip
def test_names_of_metrics(query: str, names: list[str]) -> None:
    assert metric_names(query) == names


@pytest.mark.parametrize(
    ("q", "body", "names"),
    [
        ("user:kimchy AND (level:error OR -a.b:[1 TO 2])", None, ["user", "level", "a.b"]),
        ('message:"the user: said" _exists_:x', None, ["message"]),
        ("use*:x http\\:a", None, []),
        ("", {"query": {"range": {"@timestamp": {"gte": "now-1h"}}}}, ["@timestamp"]),
        ("", {"query": {"bool": {"must": [{"match": {"a": "b"}}, {"exists": {"field": "c"}}]}}}, ["a", "c"]),
        ("", {"query": {"query_string": {"query": "d:e"}}}, ["d"]),
    ],
)
def test_names_of_fields(q: str, body: Any, names: list[str]) -> None:
    target = Target.parse(ELASTIC).target
    content = None if body is None else json.dumps(body).encode()
    request = Request.build("GET", target, "/_search", params={"q": q} if q else None, body=content)
    assert queried_fields(SearchRequest.of(request, 0)) == names
