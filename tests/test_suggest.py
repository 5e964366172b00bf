"""What may be typed next: from the demo cluster, and from servers that are slow, dead, full or say no."""

from __future__ import annotations

import itertools
import json
import re
import socket
import sys
import threading
import time
from pathlib import Path
from urllib.parse import unquote

import hypothesis
import hypothesis.strategies as st
import pytest
import yaml
from names_server import names_server, services, table
from own_cluster import written_kubeconfig

from kubeaccess_magic import Cluster
from kubeaccess_magic.errors import AccessDenied
from kubeaccess_magic.suggest import MAX_ROWS, MAX_SUGGESTIONS, Question, Suggestion, Suggestions
from kubeaccess_magic.suggest.json_cursor import string_at
from kubeaccess_magic.suggest.known_apps import APPS
from kubeaccess_magic.suggest.promql_cursor import word_at
from kubeaccess_magic.targets import Target

LONG_S = 20.0  # a wait that a healthy server ends at once
ELASTIC = Target.parse("kube-system/elasticsearch-logging").target
PROMETHEUS = Target.parse("monitoring/prometheus").target
LOKI = Target(name="loki", namespace="logging")
API = Target(kind="api")
WORKERS = "kproxy-suggest"


def texts(found):
    return [one.text for one in found]


@pytest.fixture(scope="module")
def cluster(demo):
    with Cluster(kubeconfig=demo.kubeconfig) as made:
        yield made


@pytest.fixture(scope="module")
def known(cluster):
    made = Suggestions(cluster)
    yield made
    made.close()


@pytest.fixture
def suggestions_of(tmp_path):
    """`suggestions_of(server)`: those of an API server of the test's own."""
    made = []

    def make(server, **options):
        folder = tmp_path / str(len(made))
        folder.mkdir()
        cluster = Cluster(kubeconfig=written_kubeconfig(folder, server.url))
        made.append((cluster, Suggestions(cluster, **options)))
        return made[-1][1]

    yield make
    for cluster, suggestions in made:
        suggestions.close()
        cluster.close()


# --- names, from the demo


def test_services_say_what_is_ready_and_which_app_it_is(known):
    found = {one.text: one for one in known.services("kube-system", wait_s=LONG_S)}
    assert found["elasticsearch-logging"] == Suggestion(
        "elasticsearch-logging", "service", "1/1 ready · Elasticsearch", 1, 1
    )
    assert known.services("shop", wait_s=LONG_S) and known.services(wait_s=LONG_S)[0].text == "kubernetes"


def test_namespaces_pods_nodes_and_contexts(known):
    assert "kube-system" in texts(known.namespaces(wait_s=LONG_S))
    pods = {one.text: one for one in known.pods("kube-system", wait_s=LONG_S)}
    assert pods["elasticsearch-logging-0"] == Suggestion("elasticsearch-logging-0", "pod", "1/1 · Running", 1, 1)
    assert ("node-1", "Ready · control-plane") in [
        (one.text, one.note.rpartition(" · ")[0]) for one in known.nodes(wait_s=LONG_S)
    ]
    contexts = known.contexts(wait_s=LONG_S)
    assert {"demo", "viewer"} <= set(texts(contexts)) and all("https://127.0.0.1" in one.note for one in contexts)


def listed(suggestions, read, what=bool):
    """A list, when it is there."""
    end = time.monotonic() + LONG_S
    while not what(listing := read(suggestions.lists)):
        assert time.monotonic() < end, listing
        time.sleep(0.01)
    return listing


def test_whole_lists_have_the_namespace_and_what_is_ready(known):
    found = listed(known, lambda lists: lists.services(), lambda one: any(each.of for each in one.entries))
    services = {one.text: one.note for one in found.entries}
    assert services["kube-system/elasticsearch-logging"] == "1/1 ready · Elasticsearch"
    pods = listed(known, lambda lists: lists.pods(""), lambda one: one.entries)
    assert ("kube-system/elasticsearch-logging-0", "1/1 · Running") in [(one.text, one.note) for one in pods.entries]
    resources = listed(
        known, lambda lists: lists.resources(), lambda one: len({each.version for each in one.entries}) > 2
    )
    paths = {one.path("shop") for one in resources.entries}
    assert {"api/v1/namespaces/shop/pods", "apis/apps/v1/namespaces/shop/deployments", "api/v1/nodes"} <= paths
    assert not any(listing.is_loading or listing.problem for listing in (found, pods, resources))


def test_a_list_that_is_refused_says_so(demo):
    suggestions = Suggestions(Cluster("nobody", kubeconfig=demo.kubeconfig))
    news = []
    suggestions.observe(news.append)
    refused = listed(suggestions, lambda lists: lists.services(), lambda one: one.problem)
    assert isinstance(refused.problem, AccessDenied) and not refused.is_loading and refused.entries == ()
    end = time.monotonic() + LONG_S
    while ("services",) not in news:  # whoever shows the list is told
        assert time.monotonic() < end
        time.sleep(0.01)
    suggestions.close()


@pytest.mark.parametrize(
    ("kind", "namespace", "name", "ports"),
    [
        ("service", "monitoring", "prometheus", ["web", "9090"]),
        ("pod", "kube-system", "elasticsearch-logging-0", ["db", "9200"]),
        ("node", None, "node-1", ["10250", "10255"]),
        ("service", "kube-system", "kube-dns", ["metrics", "9153"]),  # DNS speaks no HTTP (C8)
        ("service", "kube-system", "no-such", []),
    ],
)
def test_ports_have_names_numbers_and_a_scheme(known, kind, namespace, name, ports):
    found = known.ports(kind, namespace, name, wait_s=LONG_S)
    assert texts(found) == ports
    assert all("http" in one.note for one in found)


@pytest.mark.parametrize(
    ("target", "app"),
    [
        ("kube-system/elasticsearch-logging", "Elasticsearch"),
        ("monitoring/prometheus", "Prometheus"),
        ("kube-system/monitoring-grafana", "Grafana"),
        ("logging/loki", "Loki"),
        ("pod/kube-system/elasticsearch-logging-0", "Elasticsearch"),
        ("node/node-1", "kubelet"),
        ("/", "Kubernetes"),
        ("default/no-such", None),
    ],
)
def test_the_app_is_recognised(known, target, app):
    asked = Target.parse(target).target
    assert known.app(asked.kind, asked.namespace, asked.name, wait_s=LONG_S) == app


# --- paths and words, from the demo


@pytest.mark.parametrize(
    ("target", "typed", "expected"),
    [
        (ELASTIC, "_cat/ind", "_cat/indices"),
        (ELASTIC, "/_cat/ind", "/_cat/indices"),
        (ELASTIC, "logst", "logstash"),
        (ELASTIC, "logstash-*/_se", "logstash-*/_search"),
        (ELASTIC, "x,logst", "x,logstash"),
        (PROMETHEUS, "api/v1/query_", "api/v1/query_range"),
        (PROMETHEUS, "api/v1/label/jo", "api/v1/label/job/values"),
        (LOKI, "loki/api/v1/query_", "loki/api/v1/query_range"),
        (LOKI, "loki/api/v1/label/ap", "loki/api/v1/label/app/values"),
        (API, "/ver", "/version"),
        (API, "/api/v1/po", "/api/v1/pods"),
        (API, "/apis/app", "/apis/apps/v1/"),
        (API, "/apis/apps/v1/dep", "/apis/apps/v1/deployments"),
        (API, "/api/v1/namespaces/kube-s", "/api/v1/namespaces/kube-system/"),
        (API, "/api/v1/namespaces/kube-system/serv", "/api/v1/namespaces/kube-system/services"),
        (Target(kind="node", name="node-1"), "stats/", "stats/summary"),
        (Target(name="monitoring-grafana", namespace="kube-system"), "api/h", "api/health"),
    ],
)
def test_paths(known, target, typed, expected):
    found = known.paths(target, typed, wait_s=LONG_S)
    assert expected in texts(found)
    assert all(one.text.startswith(typed) for one in found)


def test_no_path_where_a_query_has_begun_or_the_app_is_unknown(known):
    assert known.paths(ELASTIC, "_search?q", wait_s=LONG_S) == []
    unknown = Target(name="kubernetes", namespace="default")
    assert known.paths(unknown, "", wait_s=LONG_S) == [] == known.parameters(unknown, "x")
    assert known.query(unknown, "x", "q", "ab", 2, wait_s=LONG_S) == (2, [])


@pytest.mark.parametrize(
    ("target", "path", "expected"),
    [
        (ELASTIC, "_search", "q"),
        (ELASTIC, "/logstash/_search", "q"),
        (ELASTIC, "_cat/indices", "format"),
        (PROMETHEUS, "api/v1/query_range", "step"),
        (PROMETHEUS, "api/v1/label/job/values", "match[]"),
        (API, "/apis/apps/v1/deployments", "labelSelector"),
    ],
)
def test_parameters_of_a_path(known, target, path, expected):
    known.paths(target, "", wait_s=LONG_S)  # parameters() waits for nothing
    assert expected in texts(known.parameters(target, path))


@pytest.mark.parametrize(
    ("target", "path", "parameter", "text", "start", "expected"),
    [
        (PROMETHEUS, "api/v1/query", "query", "sum(ra", 4, ("rate", "function")),
        (PROMETHEUS, "api/v1/query", "query", "rate(http_requ", 5, ("http_requests_total", "metric")),
        (PROMETHEUS, "api/v1/query", "query", "up{jo", 3, ("job", "label")),
        (PROMETHEUS, "api/v1/query", "query", 'up{job="pro', 8, ("prometheus", "value")),
        (PROMETHEUS, "api/v1/query", "query", 'up{job=~"web|pro', 13, ("prometheus", "value")),
        (PROMETHEUS, "api/v1/query", "query", "sum by (na", 8, ("namespace", "label")),
        (PROMETHEUS, "api/v1/query", "query", "rate(up[", 8, ("5m", "value")),
        (PROMETHEUS, "api/v1/query", "query", "up unl", 3, ("unless", "keyword")),
        (PROMETHEUS, "api/v1/series", "match[]", "http_requ", 0, ("http_requests_total", "metric")),
        (PROMETHEUS, "api/v1/metadata", "metric", "http_requ", 0, ("http_requests_total", "metric")),
        (PROMETHEUS, "api/v1/query_range", "start", "-1", 0, ("-1h", "value")),
        (ELASTIC, "_search", "q", "us", 0, ("user:", "field")),
        (ELASTIC, "_search", "q", "user:kimchy AND (kubernetes.p", 17, ("kubernetes.pod_name:", "field")),
        (ELASTIC, "_search", "q", "user:kimchy -le", 13, ("level:", "field")),
        (ELASTIC, "_search", "q", "user:kimchy AN", 12, ("AND", "keyword")),
        (ELASTIC, "_search", "sort", "level,@ti", 6, ("@timestamp", "field")),
        (ELASTIC, "_cat/indices", "health", "g", 0, ("green", "value")),
        (ELASTIC, "_search", "", '{"que', 2, ("query", "keyword")),
        (ELASTIC, "_search", "", '{"query": {"ma', 12, ("match", "keyword")),
        (ELASTIC, "_search", "", '{"query": {"bool": {"mus', 21, ("must_not", "keyword")),
        (ELASTIC, "_search", "", '{"query": {"bool": {"must": [{"te', 31, ("term", "keyword")),
        (ELASTIC, "_search", "", '{"query": {"term": {"us', 21, ("user", "field")),
        (ELASTIC, "logstash/_search", "", '{"query": {"range": {"took_ms": {"g', 34, ("gte", "keyword")),
        (ELASTIC, "_search", "", '{"aggs": {"mine": {"date_h', 20, ("date_histogram", "keyword")),
        (ELASTIC, "_search", "", '{"aggs": {"mine": {"terms": {"fie', 30, ("field", "keyword")),
        (ELASTIC, "_search", "", '{"aggs": {"mine": {"terms": {"field": "lev', 39, ("level", "field")),
        (ELASTIC, "_search", "", '{"sort": ["@ti', 11, ("@timestamp", "field")),
    ],
)
def test_words_of_a_query(known, target, path, parameter, text, start, expected):
    at, found = known.query(target, path, parameter, text, len(text), wait_s=LONG_S)
    assert at == start
    assert expected in [(one.text, one.kind) for one in found]
    assert all(one.text.startswith(text[start:]) for one in found)


@pytest.mark.parametrize("text", ['"a str', "up{job=", 'up{job="a" ', "# ra", "up 5"])
def test_nothing_fits_where_nothing_known_fits(known, text):
    assert known.query(PROMETHEUS, "api/v1/query", "query", text, len(text), wait_s=LONG_S)[1] == []


def test_labels_are_those_of_the_metric(known):
    _, found = known.query(PROMETHEUS, "api/v1/query", "query", "up{", 3, wait_s=LONG_S)
    assert "job" in texts(found) and "code" not in texts(found)
    query = "sum by () (rate(http_requests_total[5m]))"
    _, found = known.query(PROMETHEUS, "api/v1/query", "query", query, 8, wait_s=LONG_S)
    assert "code" in texts(found) and "mode" not in texts(found)


@pytest.mark.parametrize(
    ("query", "cursor", "expected"),
    [
        ("{", 1, "app"),
        ('{app="we', 8, "web"),
        ("sum(rat", 7, "rate"),
        ('rate({app="web"}[', 17, "5m"),
    ],
)
def test_words_of_logql(known, query, cursor, expected):
    _, found = known.query(LOKI, "loki/api/v1/query_range", "query", query, cursor, wait_s=LONG_S)
    assert expected in texts(found)


@pytest.mark.parametrize(
    "app", ["Elasticsearch", "Prometheus", "Loki", "Grafana", "Kibana", "Heapster", "kubelet", "Kubernetes"]
)
def test_every_path_and_question_is_one_that_the_app_answers(cluster, known, app):
    where = {
        "Elasticsearch": "kube-system/elasticsearch-logging",
        "Prometheus": "monitoring/prometheus",
        "Loki": "logging/loki",
        "Grafana": "kube-system/monitoring-grafana",
        "Kibana": "kube-system/kibana-logging",
        "Heapster": "kube-system/monitoring-heapster",
        "kubelet": "node/https:node-1:10250",
        "Kubernetes": "/",
    }[app]
    # What the demo does not have is left out of this test, not of the table: each is in the app's own documentation.
    not_in_the_demo = {"api/user", "api/search", "livez", "readyz", "openapi/v3", "metrics", "apis", "metrics/probes"}
    not_in_the_demo |= {"api/datasources", "api/ds/query", "loki/api/v1/index/stats"}
    filled = {"{index}": "logstash", "{label}": "job"}
    asked = 0
    for known_path in APPS[app].paths:
        path = known_path.path
        for name, value in filled.items():
            path = path.replace(name, value)
        expression = '{app="web"}' if app == "Loki" and not path.endswith("query") else "up"
        expression = 'rate({app="web"}[5m])' if path == "loki/api/v1/query" else expression
        params = {"query": expression, "match[]": expression, "start": "0", "end": "1", "step": "30", "fields": "*"}
        if path not in not_in_the_demo:
            needed = {name: value for name, value in params.items() if name in known_path.parameters}
            assert cluster.get(where, f"/{path}", params=needed).ok, path
            asked += 1
    for question in known.questions(app):
        assert isinstance(question, Question)
        limits = {} if question.limit is None else {"limit": question.limit}
        body = {"method": question.method, "data": question.body} if question.body else {}
        cluster.frame(where, question.path, params=question.params, **body, **limits)
    assert asked and known.questions(app)
    assert known.questions("no such app") == ()


# --- stale, then fresh


def test_what_is_old_is_given_and_what_is_new_comes_behind(suggestions_of):
    names = ["first"]
    with names_server(lambda _: table(*names)) as server:
        suggestions = suggestions_of(server, max_age_s=0.0)
        assert texts(suggestions.namespaces(wait_s=LONG_S)) == ["first"]
        came = threading.Event()
        end = suggestions.observe(lambda key: came.set() if key == ("namespaces",) else None)
        names[:] = ["second"]
        server.open.clear()
        assert texts(suggestions.namespaces(wait_s=0.05)) == ["first"]  # while the server says nothing
        assert not came.is_set()
        server.open.set()
        assert came.wait(LONG_S)
        assert texts(suggestions.namespaces(wait_s=0)) == ["second"]
        end()
        came.clear()
        suggestions.namespaces(wait_s=LONG_S)
        assert not came.is_set()


def test_what_is_fresh_is_not_asked_for_again(suggestions_of):
    with names_server(lambda _: table("a")) as server:
        suggestions = suggestions_of(server)
        for _ in range(5):
            suggestions.namespaces(wait_s=LONG_S)
        assert server.asked["/api/v1/namespaces"] == 1


def test_one_fetch_is_in_flight_for_a_key(suggestions_of):
    with names_server(lambda _: table("a")) as server:
        server.open.clear()
        suggestions = suggestions_of(server)
        askers = [threading.Thread(target=suggestions.namespaces, kwargs={"wait_s": 0.01}) for _ in range(20)]
        for asker in askers:
            asker.start()
        for asker in askers:
            asker.join()
        assert server.arrived.acquire(timeout=LONG_S)
        server.open.set()
        assert texts(suggestions.namespaces(wait_s=LONG_S)) == ["a"]
        assert server.asked["/api/v1/namespaces"] == 1


def test_a_silent_cluster_holds_nobody_and_few_threads(suggestions_of):
    with names_server(lambda _: table("a")) as server:
        server.open.clear()
        suggestions = suggestions_of(server)
        for number in range(40):  # returns, each time, while the server has answered nothing
            assert suggestions.pods(f"n{number}", wait_s=0.001) == []
        at_work = [one for one in threading.enumerate() if one.name == WORKERS]
        assert 0 < len(at_work) <= 4 and all(one.daemon for one in at_work)
        suggestions.close()
        for one in at_work:
            one.join(LONG_S)
            assert not one.is_alive()


def test_after_close_nothing_is_asked_and_what_is_known_stays(suggestions_of):
    with names_server(lambda _: table("a")) as server:
        suggestions = suggestions_of(server, max_age_s=0.0)
        suggestions.namespaces(wait_s=LONG_S)
        suggestions.close()
        assert texts(suggestions.namespaces(wait_s=0.05)) == ["a"]
        assert server.asked["/api/v1/namespaces"] == 1


def test_a_dead_cluster_has_no_names_and_no_error(suggestions_of):
    with socket.socket() as unused:  # nobody listens there
        unused.bind(("127.0.0.1", 0))

        class Dead:
            url = f"http://127.0.0.1:{unused.getsockname()[1]}"

        suggestions = suggestions_of(Dead)
        assert suggestions.services("a", wait_s=LONG_S) == [] == suggestions.paths(ELASTIC, "", wait_s=LONG_S)
        assert texts(suggestions.namespaces(wait_s=LONG_S)) == ["default"]  # the context's own


@pytest.mark.parametrize("status", [403, 401, 404, 500])
def test_a_refusal_is_remembered_and_explained_by_nothing(suggestions_of, status):
    with names_server(lambda _: (status, {"kind": "Status", "status": "Failure", "code": status})) as server:
        suggestions = suggestions_of(server, max_age_s=0.0)
        for _ in range(5):
            assert suggestions.services("shop", wait_s=LONG_S) == []
            assert texts(suggestions.namespaces(wait_s=LONG_S)) == ["default"]
        assert server.methods == {"GET"}  # no review
        assert max(server.asked.values()) == 1


def test_services_that_may_not_be_listed_can_be_read_one_by_one(suggestions_of):
    def says(url):
        if url.endswith("/services/web"):
            return 200, services("shop", "web", app="prometheus")[1]["items"][0]
        return 403, {"kind": "Status"}

    with names_server(says) as server:
        suggestions = suggestions_of(server)
        assert suggestions.services("shop", wait_s=LONG_S) == []
        assert texts(suggestions.ports("service", "shop", "web", wait_s=LONG_S)) == ["web", "80"]
        assert suggestions.app("service", "shop", "web", wait_s=LONG_S) == "Prometheus"


def test_what_cannot_be_read_is_no_error(suggestions_of):
    odd = ["no object", [1], {"kind": "Table"}, {"items": [{}]}, None, {"data": {"a": 1}}]
    for value in odd:
        with names_server(lambda _, value=value: (200, value)) as server:
            suggestions = suggestions_of(server)
            assert suggestions.services("shop", wait_s=LONG_S) == []
            assert suggestions.pods("shop", wait_s=LONG_S) == []
            assert suggestions.nodes(wait_s=LONG_S) == []
            assert suggestions.query(PROMETHEUS, "api/v1/query", "query", "a", 1, wait_s=0.2)[0] in (0, 1)


@pytest.mark.parametrize("name", ["../../../apis", "a/b", "a?b", "%2e%2e", "a#b"])
def test_no_name_that_is_typed_leads_elsewhere(suggestions_of, name):
    with names_server(lambda _: table("a")) as server:
        suggestions = suggestions_of(server)
        suggestions.pods(name, wait_s=LONG_S)
        suggestions.app("service", name, name, wait_s=LONG_S)
        assert all(url.startswith("/api/v1/namespaces/") and url.count("/") <= 6 for url in server.urls)
        assert not any(".." in unquote(unquote(url)) for url in server.urls)


# --- bounds, and what comes from a cluster is data


def test_a_list_is_read_in_pages_and_to_a_bound(suggestions_of):
    def says(url):
        first = int(url.partition("continue=")[2].partition("&")[0] or 0)
        page = int(url.partition("?limit=")[2].partition("&")[0])
        status, answer = table(*(f"n{number}" for number in range(first, first + page)))
        answer["metadata"] = {"continue": str(first + page)}  # without end
        return status, answer

    with names_server(says) as server:
        suggestions = suggestions_of(server)
        complete = threading.Event()
        suggestions.observe(lambda _: complete.set() if len(suggestions.namespaces(wait_s=0)) == MAX_ROWS else None)
        suggestions.namespaces(wait_s=LONG_S)  # the first page is given when it is there
        assert complete.wait(LONG_S)
        assert len(server.urls) < 10


def test_five_thousand_services_are_all_given(suggestions_of):
    names = [f"service-{number:04}" for number in range(5000)]
    slices = 200, {"kind": "EndpointSliceList", "metadata": {}, "items": []}
    with names_server(lambda url: slices if "endpointslices" in url else services("big", *names)) as server:
        suggestions = suggestions_of(server)
        assert texts(suggestions.services("big", wait_s=LONG_S)) == names
        assert len(server.asked) == 2


def _prometheus(metrics):
    """An API server with a Prometheus behind it that knows these metrics."""

    def says(url):
        if "/proxy/" not in url:
            return 200, services("monitoring", "prometheus", app="prometheus")[1]["items"][0]
        if "label/__name__/values" in url:
            begin = re.search(r'__name__=~"(\w+)', unquote(url))
            if begin is not None:
                return 200, {"status": "success", "data": [name for name in metrics if name.startswith(begin[1])]}
            return 200, {"status": "success", "data": metrics}
        return 404, {}

    return says


def test_a_hundred_thousand_metrics_are_bounded_and_the_rest_is_asked_for_by_its_beginning(suggestions_of):
    metrics = [f"metric_{number}" for number in range(100_000)] + ["zzz_last"]
    with names_server(_prometheus(metrics)) as server:
        suggestions = suggestions_of(server)
        _, found = suggestions.query(PROMETHEUS, "api/v1/query", "query", "metric_", 7, wait_s=LONG_S)
        assert len(found) == MAX_SUGGESTIONS
        _, found = suggestions.query(PROMETHEUS, "api/v1/query", "query", "zzz_l", 5, wait_s=LONG_S)
        assert texts(found) == ["zzz_last"]


def test_an_answer_that_would_take_long_to_decode_is_not_read(suggestions_of):
    metrics = [f"metric_{number}_{'x' * 100}" for number in range(50_000)] + ["zzz_last"]
    with names_server(_prometheus(metrics)) as server:
        suggestions = suggestions_of(server)
        _, found = suggestions.query(PROMETHEUS, "api/v1/query", "query", "zz", 2, wait_s=LONG_S)
        assert [one.text for one in found if one.kind == "metric"] == []
        _, found = suggestions.query(PROMETHEUS, "api/v1/query", "query", "zzz_l", 5, wait_s=LONG_S)
        assert texts(found) == ["zzz_last"]


def test_a_name_in_which_nobody_sees_what_is_put_there_is_not_offered(suggestions_of):
    hostile = ["good", "bad\x1b[31m", "bad\nline", "bad\u202eturned", "bad\u200bgap"]
    with names_server(_prometheus(hostile)) as server:
        suggestions = suggestions_of(server)
        _, found = suggestions.query(PROMETHEUS, "api/v1/query", "query", "", 0, wait_s=LONG_S)
        assert [one.text for one in found if one.kind == "metric"] == ["good"]
    with names_server(lambda url: services("a", *hostile) if "services" in url else table(*hostile)) as server:
        suggestions = suggestions_of(server)
        assert texts(suggestions.pods("a", wait_s=LONG_S)) == ["good"]
        assert texts(suggestions.services("a", wait_s=LONG_S)) == ["good"]


def test_a_note_is_one_short_line_in_which_nothing_acts(suggestions_of):
    app = "x" * 300 + "\x1b[31m\n\u202e<b>"
    with names_server(lambda url: services("shop", "web", app="\n\x1b" + app)) as server:
        (found,) = suggestions_of(server).services("shop", wait_s=LONG_S)
        assert len(found.note) <= 120 and found.note.isprintable()


def at_rest(suggestions):
    """Wait until nothing is refreshed."""
    end = time.monotonic() + 60
    while suggestions.busy:
        assert time.monotonic() < end
        time.sleep(0.01)


def _endless(tokens):
    """Lists without end: each page is empty, or has the same rows, and names a next page."""

    def says(url):
        status, answer = table("a")
        answer["rows"] = [] if "nodes" in url else answer["rows"]
        answer["metadata"] = {"continue": next(tokens)}
        return status, answer

    return says


def test_a_list_that_never_ends_is_left_after_a_few_pages(suggestions_of):
    with names_server(_endless(map(str, itertools.count()))) as server:
        suggestions = suggestions_of(server)
        assert set(texts(suggestions.namespaces(wait_s=LONG_S))) == {"a"}
        assert suggestions.nodes(wait_s=LONG_S) == []
        at_rest(suggestions)
        assert max(server.asked.values()) <= 10


def test_a_token_that_repeats_ends_a_list(suggestions_of):
    with names_server(_endless(itertools.repeat("again"))) as server:
        suggestions = suggestions_of(server)
        assert set(texts(suggestions.namespaces(wait_s=LONG_S))) == {"a"}
        at_rest(suggestions)
        assert max(server.asked.values()) == 2


def test_the_bytes_of_all_pages_are_bounded(suggestions_of):
    megabytes = []

    def says(url):
        status, answer = table(f"n{len(megabytes)}")
        answer["filler"] = "x" * (20 * 2**20)
        answer["metadata"] = {"continue": f"{len(megabytes)}"}
        megabytes.append(20)
        return status, answer

    with names_server(says) as server:
        suggestions = suggestions_of(server, lookup_timeout_s=60)
        assert suggestions.namespaces(wait_s=60)
        at_rest(suggestions)
        assert sum(megabytes) <= 80


def test_a_refresh_ends_by_its_own_deadline(suggestions_of):
    with names_server(lambda _: table("a")) as server:
        server.open.clear()
        suggestions = suggestions_of(server, lookup_timeout_s=0.3)
        assert suggestions.nodes(wait_s=0) == []
        at_rest(suggestions)  # while the server still says nothing
        assert sum(server.asked.values()) == 1


@pytest.mark.parametrize(("status", "most"), [(500, 25), (429, 25), (403, 35), (401, 35)])
def test_who_is_refused_slows_down(suggestions_of, status, most):
    """A hundred and twenty names, as somebody types them and moves on."""
    with names_server(lambda _: (status, {"kind": "Status", "status": "Failure", "code": status})) as server:
        suggestions = suggestions_of(server)
        for number in range(60):
            suggestions.app("service", f"n{number}", "web", wait_s=0.1)
            suggestions.pods(f"n{number}", wait_s=0)
        at_rest(suggestions)
        assert 3 <= sum(server.asked.values()) <= most


def test_who_has_slowed_down_goes_on_when_it_is_answered_again(suggestions_of):
    status = [500]
    with names_server(lambda _: (status[0], table("a")[1])) as server:
        suggestions = suggestions_of(server)
        for number in range(3):
            suggestions.pods(f"n{number}", wait_s=LONG_S)
        assert sum(server.asked.values()) == 3
        status[0] = 200
        end = time.monotonic() + LONG_S
        while texts(suggestions.nodes(wait_s=0.1)) != ["a"]:
            assert time.monotonic() < end
        assert texts(suggestions.pods("other", wait_s=LONG_S)) == ["a"]


HOSTILE_NAMES = [
    "--data=@/etc/passwd",
    "-h",
    "../..",
    "..",
    ".",
    "a/b",
    "a b",
    "a;b",
    "<script>alert(1)</script>",
    "[a](javascript:b)",
    "a\nb",
    "a\tb",
    "${user}",
    "a'b",
    'a"b',
    "`a`",
    "a\\b",
    "A",
    "",
    "é",
    "a?b",
    "a#b",
    "a%2fb",
    "a:b",
    "\u202ea",
]


def test_a_name_that_nothing_can_have_is_not_suggested(suggestions_of):
    names = [*HOSTILE_NAMES, "fine"]
    with names_server(lambda url: services("a", *names) if "services" in url else table(*names)) as server:
        suggestions = suggestions_of(server)
        assert texts(suggestions.services("a", wait_s=LONG_S, counts=False)) == ["fine"]
        assert texts(suggestions.elsewhere("", "b", wait_s=LONG_S)) == ["a/fine"]
        for found in (suggestions.pods("a", wait_s=LONG_S), suggestions.nodes(wait_s=LONG_S)):
            assert texts(found) == ["fine"]
        assert texts(suggestions.namespaces(wait_s=LONG_S)) == ["fine"]
    with names_server(lambda url: (200, services("../..", "fine")[1]) if "services" in url else (404, {})) as server:
        assert suggestions_of(server).elsewhere("", "b", wait_s=LONG_S) == []


def test_a_port_that_no_target_can_have_is_not_suggested(suggestions_of):
    ports = [{"name": name, "port": number, "protocol": "TCP"} for number, name in enumerate(HOSTILE_NAMES, 8000)]
    ports += [{"name": "web", "port": 80}, {"name": "far", "port": 99999}, {"name": "none", "port": 0}]
    item = {"metadata": {"name": "web", "namespace": "a"}, "spec": {"ports": ports}}
    with names_server(lambda url: (200, item) if url.endswith("/services/web") else (403, {})) as server:
        found = suggestions_of(server).ports("service", "a", "web", wait_s=LONG_S)
        assert [one.text for one in found if not one.text.isdigit()] == ["web"]
        assert {"99999", "0"}.isdisjoint(texts(found)) and all(one.note.isprintable() for one in found)


def test_a_name_of_an_app_that_would_change_a_line_is_not_suggested(suggestions_of):
    names = [*HOSTILE_NAMES, "fine"]

    def search(url):
        if "/proxy/" not in url:
            return 200, services("a", "search", app="elasticsearch")[1]["items"][0]
        if "_cat/indices" in url:
            return 200, [{"index": name, "docs.count": "1", "health": "green"} for name in names]
        if "_cat/aliases" in url:
            return 200, [{"alias": name} for name in names]
        return 200, {"fields": {name: {"keyword": {}} for name in names}}

    with names_server(search) as server:
        suggestions, target = suggestions_of(server), Target(name="search", namespace="a", port="80")
        indices = [one.text for one in suggestions.paths(target, "", wait_s=LONG_S) if one.kind == "index"]
        assert set(indices) <= {"fine", "A", "é", "a.b"} and "fine" in indices
        _, found = suggestions.query(target, "_search", "sort", "", 0, wait_s=LONG_S)
        fields = [one.text for one in found if one.kind == "field"]
        assert set(fields) <= {"fine", "A", "é", "a/b"} and "fine" in fields
    with names_server(_prometheus(names)) as server:
        suggestions = suggestions_of(server)
        _, found = suggestions.query(PROMETHEUS, "api/v1/query", "query", "", 0, wait_s=LONG_S)
        assert [one.text for one in found if one.kind == "metric"] == ["A", "a:b", "fine"]


def test_a_path_of_the_api_server_that_leads_elsewhere_is_not_suggested(suggestions_of):
    names = [*HOSTILE_NAMES, "fine"]

    def says(url):
        path = url.partition("?")[0]
        if path == "/apis":
            return 200, {"groups": [{"preferredVersion": {"groupVersion": f"{name}/v1"}} for name in names]}
        if path == "/api/v1/namespaces":
            return 200, {"items": [{"metadata": {"name": name}} for name in names]}
        return 200, {"resources": [{"name": name, "verbs": ["list"], "namespaced": True} for name in names]}

    with names_server(says) as server:
        suggestions = suggestions_of(server)
        assert texts(suggestions.paths(API, "/apis/", wait_s=LONG_S)) == ["/apis/fine/v1/"]
        assert texts(suggestions.paths(API, "/api/v1/namespaces/", wait_s=LONG_S)) == ["/api/v1/namespaces/fine/"]
        assert texts(suggestions.paths(API, "/api/v1/f", wait_s=LONG_S)) == ["/api/v1/fine"]


# --- nobody is asked to log in by a Tab


@pytest.fixture
def by_plugin(demo, tmp_path):
    """A Cluster of the demo whose token comes from a plugin, and how often that ran."""
    told = yaml.safe_load(Path(demo.kubeconfig).read_text())
    token = told["users"][0]["user"]["token"]
    runs, expires = tmp_path / "runs", tmp_path / "expires"
    expires.write_text("2099-01-01T00:00:00Z")
    script = tmp_path / "plugin.py"
    script.write_text(
        f"import json\nopen({str(runs)!r}, 'a').write('x')\n"
        "print(json.dumps({'apiVersion': 'client.authentication.k8s.io/v1', 'kind': 'ExecCredential',"
        f" 'status': {{'token': {token!r}, 'expirationTimestamp': open({str(expires)!r}).read()}}}}))"
    )
    plugin = {
        "apiVersion": "client.authentication.k8s.io/v1",
        "command": sys.executable,
        "args": [str(script)],
        "interactiveMode": "Never",
    }
    told["users"][0]["user"] = {"exec": plugin}
    (tmp_path / "kubeconfig").write_text(json.dumps(told))
    with Cluster(kubeconfig=tmp_path / "kubeconfig") as cluster:
        suggestions = Suggestions(cluster)
        yield cluster, suggestions, lambda: len(runs.read_text()) if runs.exists() else 0, expires
        suggestions.close()


def test_no_plugin_runs_for_a_suggestion(by_plugin):
    cluster, suggestions, runs, _ = by_plugin
    assert suggestions.services("kube-system", wait_s=LONG_S) == []
    assert suggestions.paths(ELASTIC, "", wait_s=0.2) == []
    assert runs() == 0
    cluster.get("/version")  # somebody asked for something, and was signed in
    assert runs() == 1
    assert "elasticsearch-logging" in texts(suggestions.services("kube-system", wait_s=LONG_S))
    assert runs() == 1


def test_no_plugin_runs_again_for_a_suggestion_when_its_answer_has_expired(by_plugin):
    cluster, suggestions, runs, expires = by_plugin
    expires.write_text(time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 1.5)))
    cluster.get("/version")
    before = runs()
    time.sleep(1.6)
    assert suggestions.services("kube-system", wait_s=LONG_S) == []
    assert runs() == before
    cluster.get("/version")  # and the next request is none the worse for it
    assert runs() == before + 1


def test_the_hook_of_an_official_client_is_not_called_for_a_suggestion(demo):
    from kubernetes import client, config

    called = []
    made = config.new_client_from_config(demo.kubeconfig)
    made.configuration.refresh_api_key_hook = called.append
    assert isinstance(made, client.ApiClient)
    with Cluster(api_client=made) as cluster:
        suggestions = Suggestions(cluster)
        assert "kube-system" in texts(suggestions.namespaces(wait_s=LONG_S))
        assert called == []
        cluster.get("/version")
        assert called
        suggestions.close()


# --- pure parts


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("sum(|", ("", "expression", "", "")),
        ("sum by (|) (rate(up[5m]))", ("", "label", "up", "")),
        ("sum(rate(up[5m])) by (jo|", ("jo", "label", "up", "")),
        ("sum by (job) (rate(up{co|", ("co", "label", "up", "")),
        ('up{job=~"a|b§"', ("b", "value", "up", "job")),
        ('a{b="c"} / d{|', ("", "label", "d", "")),
        ('{__name__="up", jo|', ("jo", "label", "up", "")),
        ('{__name__="u|', ("u", "value", "", "__name__")),
        ("rate(up[5|", ("5", "duration", "", "")),
        ("up offset |", ("", "duration", "", "")),
        ("up offset 5|", ("", "nothing", "", "")),
        ("'a |", ("", "nothing", "", "")),
        ("up # ra|", ("", "nothing", "", "")),
        ('up{job="a"|', ("", "nothing", "", "")),
        ("a on (|", ("", "label", "a", "")),
    ],
)
def test_what_is_typed_in_a_query(query, expected):
    mark = "§" if "§" in query else "|"
    cursor = query.index(mark)
    word = word_at(query.replace(mark, "", 1), cursor)
    assert (word.text, word.kind, word.metric, word.label) == expected


@hypothesis.given(
    st.lists(
        st.sampled_from(
            ["up", "{", "}", "(", ")", "[", "]", '"', "'", "`", "\\", "by", "=", ",", " ", "5m", "#", "|", "\n"]
        )
    ).map("".join)
    | st.text(),
    st.integers(0, 40),
)
def test_any_text_has_a_place(text, cursor):
    cursor = min(cursor, len(text))
    word = word_at(text, cursor)
    assert text[word.start : cursor] == word.text
    string = string_at(text, cursor)
    assert string is None or 0 < string.start <= cursor
