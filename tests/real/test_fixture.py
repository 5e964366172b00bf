"""The fixture itself, by a plain HTTP client: what other tests may rely on."""

from __future__ import annotations

import json
import socket
import ssl

import pytest
import urllib3

from . import world
from .control_plane import Real


def test_the_server_is_ready_and_filled(real: Real) -> None:
    assert real.ask("GET", "/readyz").data == b"ok"
    listed = [one["metadata"] for one in real.ask("GET", "/api/v1/services").json()["items"]]
    made = [one["metadata"] for one in world.objects() if one["kind"] == "Service"]
    names = {(one["namespace"], one["name"]) for one in listed}
    assert names - {("default", "kubernetes")} == {(one["namespace"], one["name"]) for one in made}
    assert real.generation in ("1.36", "1.37")
    assert real.ask("GET", "/version").json()["gitVersion"] == f"v{real.version}"


@pytest.mark.parametrize(
    "segment",  # the last but two is a service that is called https
    [
        "web",
        "web:80",
        "named:http",
        "https:tls:",
        "https:tlsnamed:https",
        "multi:admin",
        "https:svc",
        "headless",
        "dns:dns-tcp",
    ],
)
def test_a_service_is_reached(real: Real, segment: str) -> None:
    answer = real.ask("POST", real.proxy(segment, "/a/b?q=1"), user="editor", body=b"hello")
    assert answer.status == 200
    [asked] = real.seen
    assert (asked.method, asked.target, asked.body) == ("POST", "/a/b?q=1", b"hello")
    assert asked.header("Authorization") is None  # T14
    assert answer.json()["address"] == asked.address


@pytest.mark.parametrize("name", ["web-0:8080", "unready-0", "noports-0", "https:web-0:8443"])
def test_a_pod_is_reached(real: Real, name: str) -> None:
    assert real.ask("GET", real.proxy(name, "/x", kind="pods")).status == 200
    assert [asked.target for asked in real.seen] == ["/x"]


def test_a_node_is_reached(real: Real) -> None:
    assert real.ask("GET", "/api/v1/nodes/node-1/proxy/healthz").status == 200
    assert [asked.address for asked in real.seen] == [f"{world.NODE}:10250"]


def test_elasticsearch_answers_the_examples_of_the_page(real: Real) -> None:
    for segment in ("elasticsearch-logging", "https:elasticsearch-logging:", "elasticsearch-logging:9200"):
        base = real.proxy(segment, namespace="kube-system")
        found = real.ask("GET", base + "_search?q=user:kimchy").json()["hits"]
        assert (found["total"]["value"], len(found["hits"])) == (40, 10)
        assert {hit["_source"]["user"] for hit in found["hits"]} == {"kimchy"}
        assert b'"status" : "yellow"' in real.ask("GET", base + "_cluster/health?pretty=true").data
    asked = {"query": {"term": {"user": "käthe"}}, "size": 2}
    assert len(real.ask("POST", base + "_search", asked).json()["hits"]["hits"]) == 2


def test_prometheus_watches_itself(real: Real, prometheus: str) -> None:
    path = real.proxy("prometheus:9090", "/api/v1/query?query=up", namespace="monitoring")
    up = {one["metric"]["job"]: one["value"][1] for one in real.ask("GET", path).json()["data"]["result"]}
    assert up == {"prometheus": "1", "down": "0"}


@pytest.mark.parametrize(
    ("user", "method", "path", "status"),
    [
        ("nobody", "GET", "/api/v1/namespaces/demo/services/web:80/proxy/", 403),
        ("narrow", "GET", "/api/v1/namespaces/demo/services/web:80/proxy/", 200),
        ("narrow", "GET", "/api/v1/namespaces/demo/services/web/proxy/", 403),
        ("narrow", "GET", "/api/v1/namespaces/demo/services/web", 403),
        ("caller", "GET", "/api/v1/namespaces/demo/services/web/proxy/", 200),
        ("caller", "POST", "/api/v1/namespaces/demo/services/web/proxy/", 403),
        ("viewer", "GET", "/api/v1/services", 200),
        ("viewer", "GET", "/api/v1/namespaces/demo/services/web/proxy/", 403),
        ("roamer", "GET", "/api/v1/services", 403),
        ("roamer", "GET", "/api/v1/namespaces", 200),
        ("roamer", "GET", "/api/v1/namespaces/monitoring/services", 200),
        ("local", "GET", "/api/v1/namespaces", 403),
        ("local", "GET", "/api/v1/namespaces/demo/services", 200),
        ("a stranger", "GET", "/api/v1/namespaces/demo/services", 401),
    ],
)
def test_who_may_what(real: Real, user: str, method: str, path: str, status: int) -> None:
    assert real.ask(method, path, user=user).status == status


def test_impersonation(real: Real) -> None:
    path = real.proxy("web")
    assert real.ask("GET", path, user="imp", impersonate_user="editor").status == 200
    assert real.ask("GET", path, user="imp", impersonate_user="admin").status == 403


def test_a_client_certificate_signs_in(real: Real) -> None:
    certificate, key = real.client_certificate("alice")
    with urllib3.PoolManager(ca_certs=str(real.ca_file), cert_file=str(certificate), key_file=str(key)) as pool:
        assert pool.request("GET", real.server + real.proxy("web")).status == 200
        assert pool.request("GET", real.server + "/api/v1/nodes", retries=False).status == 403


@pytest.mark.parametrize(
    ("name", "in_1_36", "in_1_37"),
    [  # S12, S13
        ("missing", 404, 503),
        ("noendpoints", 404, 503),
        ("external", 404, 503),
        ("nomatch", 503, 503),
        ("noready", 503, 503),
        ("manual", 503, 503),
        ("endpointsonly", 200, 503),
        ("sliceonly", 404, 200),
        ("web:81", 503, 503),
        ("both", 503, 503),
        ("missing:80", 404, 404),
        ("dead", 503, 503),
        ("garbage", 503, 503),
        ("hangup", 503, 503),
        ("https:plainastls:https", 503, 503),
        ("tlsasplain:http", 503, 503),
        ("gotlsasplain:http", 400, 400),
    ],
)
def test_troubles(real: Real, name: str, in_1_36: int, in_1_37: int) -> None:
    answer = real.ask("GET", real.proxy(name))
    assert answer.status == (in_1_36 if real.generation == "1.36" else in_1_37), answer.data


def test_a_pod_without_address(real: Real) -> None:
    answer = real.ask("GET", real.proxy("pending-0", kind="pods"))
    assert (answer.status, answer.json()["message"]) == (400, "address not allowed")


def test_behaviours_of_the_app(real: Real) -> None:
    def get(path: str) -> urllib3.BaseHTTPResponse:
        return real.ask("GET", real.proxy("web", path))

    assert get("/status/418").status == 418
    posed = get("/pose?code=403&reason=Forbidden&message=no&kind=services&name=web")
    assert (posed.status, posed.json()["details"]) == (403, {"name": "web", "kind": "services"})
    assert get("/redirect?to=/stats").headers["Location"] == real.proxy("web", "/stats")
    assert get("/page").headers["Content-Type"].startswith("text/html")
    assert len(get("/stats").json()) == 12
    assert get("/say?type=text/csv&body=a,b").data == b"a,b"
    for more in ("", "&chunked", "&gzip"):
        assert len(get(f"/size?n=3000000{more}").data) == 3_000_000
    for path in ("/die", "/die?chunked"):
        with pytest.raises(urllib3.exceptions.ProtocolError):
            get(path)
    assert get("/vanish").status == 503
    assert get("/flaky").status in (200, 503)  # the API server asks again by itself if its connection was an old one
    assert get("/flaky").status == 200
    with pytest.raises(urllib3.exceptions.TimeoutError):
        real.ask("GET", real.proxy("mute"), timeout_s=0.3)


def test_api_servers_that_do_not_answer(real: Real) -> None:
    context = ssl.create_default_context(cafile=str(real.ca_file))
    with socket.create_connection((world.SILENT_SERVER, 443), 2) as silent, pytest.raises(TimeoutError):
        silent.settimeout(0.3)
        context.wrap_socket(silent, server_hostname=world.SILENT_SERVER)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((world.REFUSING_SERVER, 443), 2)


def test_kubectl_and_the_kubeconfig(real: Real) -> None:
    assert real.run_kubectl("auth", "can-i", "get", "services", "--subresource=proxy", user="nobody").stdout == "no\n"
    for user in ("editor", "alice"):
        told = real.run_kubectl("get", "--raw", real.proxy("web", "/status/200"), user=user)
        assert told.stdout == "the app says 200\n"
    file = json.loads(real.kubeconfig("alice", server="https://192.0.2.1/base").read_text())
    assert file["current-context"] == "alice"
    assert real.kubeconfig().stat().st_mode & 0o077 == 0


def test_what_was_seen_is_of_this_test_alone(real: Real) -> None:
    assert real.seen == []
