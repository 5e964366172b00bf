"""Asking: what is typed is what arrives, and what comes back is what was said."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from kubeaccess_magic import Cluster, Target
from kubeaccess_magic.errors import LoadError, TargetError
from kubeaccess_magic.ways.proxy import proxy_path

from . import world
from .control_plane import Real

WEB = {f"{world.PODS['demo', name]}:8080" for name in world.WEB}
ADMIN = {f"{world.PODS['demo', name]}:8081" for name in world.WEB}
TLS = {f"{world.PODS['demo', name]}:8443" for name in world.WEB}


@pytest.mark.parametrize(
    ("target", "listeners"),
    [
        # a name, with and without a port: N1, N2, S1, S2, S4
        ("web", WEB),
        ("web:80", WEB),
        ("demo/web", WEB),
        ("svc/demo/web", WEB),
        ("service/web", WEB),
        ("named", WEB),
        ("named:80", WEB),
        ("named:http", WEB),
        ("web:", WEB),  # N5
        (":web:80", WEB),  # N6
        # with a scheme: N3, N4, and filled in (DESIGN 5)
        ("http:web:", WEB),
        ("http:web:80", WEB),
        ("https:tls:", TLS),
        ("https:tls:443", TLS),
        ("https:tlsnamed:https", TLS),
        ("https:tlsnamed:443", TLS),
        ("tls", TLS),
        ("tls:443", TLS),
        ("tlsnamed", TLS),
        ("tlsnamed:https", TLS),
        ("appproto", TLS),
        ("appproto:8443", TLS),
        # one port of several
        ("multi", WEB),
        ("multi:http", WEB),
        ("multi:admin", ADMIN),
        ("multi:8081", ADMIN),
        ("http:both:", WEB),
        ("https:both:", TLS),
        ("several:metrics", WEB),
        ("dns:dns-tcp", WEB),
        # called like a scheme (N7) or like a verb
        ("svc/https:svc", WEB),
        ("svc/demo/https:svc", WEB),
        ("services", WEB),
        ("svc/services", WEB),
        # kinds of services: S9
        ("headless", WEB),
        ("nodeport", WEB),
        ("lb", TLS),
        # URLs as they work inside the cluster
        ("http://web", WEB),
        ("http://web.demo", WEB),
        ("http://web.demo:80", WEB),
        ("http://web.demo.svc", WEB),
        ("http://web.demo.svc.cluster.local", WEB),
        ("http://WEB.demo.svc.other.domain.", WEB),
        ("http://multi.demo:8081", ADMIN),
        ("http://both.demo", WEB),
        ("https://both.demo", TLS),
        ("https://tls.demo.svc", TLS),
        ("https://appproto.demo:8443", TLS),
        # pods and nodes: D1, D5
        ("pod/web-0", {"10.203.0.2:8080"}),
        ("po/demo/web-1:8081", {"10.203.0.3:8081"}),
        ("pods/https:web-0:8443", {"10.203.0.2:8443"}),
        ("pod/noports-0", {"10.203.0.6:80"}),
        ("pod/unready-0", {"10.203.0.4:8080"}),  # D3
        ("http://web-0.web.demo.svc:8080", {"10.203.0.2:8080"}),
        ("node/node-1", {"10.203.0.10:10250"}),
        ("no/node-1:10250", {"10.203.0.10:10250"}),
    ],
)
def test_every_form_of_a_target_reaches_its_port(
    real: Real, cluster: Cluster, target: str, listeners: set[str]
) -> None:
    reply = cluster.get(target, "a/b?q=1")
    assert (reply.status_code, reply.way) == (200, "proxy")
    [asked] = real.seen
    assert (asked.method, asked.target) == ("GET", "/a/b?q=1")
    assert asked.address in listeners
    assert reply.json()["address"] == asked.address
    # the same as a value, and by the URL that is shown
    resolved = cluster.resolve(target)
    assert cluster.get(resolved).json()["address"] in listeners
    assert cluster.get(str(resolved)).json()["address"] in listeners
    url = cluster.url(target, "a/b?q=1")
    assert url == real.server + proxy_path(resolved) + "/a/b?q=1"
    assert cluster.get(url).json()["target"] == "/a/b?q=1"


@pytest.mark.parametrize(
    ("segment", "port"), [("web", ""), ("tls", ""), ("multi", "http"), ("lb", "https"), ("http:both:", "http")]
)
def test_a_port_is_filled_in_by_its_name_and_bare_if_it_has_none(cluster: Cluster, segment: str, port: str) -> None:
    # S2: no number is needed, and rights are given to one form only (A3).
    assert cluster.resolve(segment).port == port


def test_a_typed_segment_is_sent_as_it_is(real: Real, cluster: Cluster) -> None:
    # A2: to RBAC these are four names.
    for segment in ("web:80", "http:web:80", "http:web:", "https:tlsnamed:https"):
        assert str(cluster.get(segment).request.target) == f"demo/{segment}"
        assert segment in cluster.url(segment)
    assert "http:" not in cluster.url("http://web.demo")  # the http of a URL is how an app is spoken to anyway
    assert "/services/https:tls:/" in cluster.url("https://tls.demo")


def test_services_are_listed(real: Real, cluster: Cluster) -> None:
    table = cluster.services()
    rows = {(row.name, row.port_name): row for row in table.itertuples()}
    made = {
        (one["metadata"]["name"], port.get("name", ""))
        for one in world.objects()
        if one["kind"] == "Service" and one["metadata"]["namespace"] == "demo"
        for port in one["spec"]["ports"]
    }
    assert set(rows) == made
    web = rows["web", ""]
    assert (web.type, web.port, web.protocol, web.scheme, web.ready, web.endpoints) == (
        "ClusterIP", 80, "TCP", "http", 2, 2,
    )  # fmt: skip
    assert rows["multi", "admin"].target == "demo/multi:admin"
    assert rows["tlsnamed", "https"].target == "demo/https:tlsnamed:https"
    assert rows["lb", "https"].external == "198.51.100.7"
    assert (rows["noready", ""].ready, rows["noready", ""].endpoints) == (0, 1)
    assert rows["manual", ""].ready == 0  # S10: endpoints by hand are none for the API server
    assert table.loc[table.name == "udp", ["scheme", "target"]].isna().all(axis=None)  # speaks no HTTP
    assert table.loc[table.name == "external", "target"].isna().all()  # S11
    assert real.seen == []


def test_what_the_list_says_to_type_works(real: Real, cluster: Cluster) -> None:
    table = cluster.services()
    troubled = {"plainastls", "politeastls", "tlsasplain", "gotlsasplain", "dead", "garbage", "hangup", "mute"}
    here = "endpointsonly" if real.generation == "1.36" else "sliceonly"
    gone = {"sliceonly", "endpointsonly"} - {here}
    good = table[(table.ready > 0) & table.target.notna() & ~table.name.isin(troubled | gone)]
    assert len(good) > 15
    for target in good.target:
        assert cluster.get(target, "/status/200").ok, target
    for target in cluster.pods().query("phase == 'Running'").target:
        if "rude" not in target:
            assert cluster.get(target, "/status/200").ok, target
    for target in cluster.nodes().target:
        assert cluster.get(target, "/status/200").ok, target


def test_prometheus_by_its_url_inside_the_cluster(cluster: Cluster, prometheus: str) -> None:
    frame = cluster.frame(f"{prometheus}/api/v1/query?query=up")
    assert len(frame) == 2
    assert {"prometheus", "down"} <= set(frame.filter(like="job").iloc[:, 0])
    told = frame.attrs["kproxy"]
    assert (told["target"], told["path"], told["rows"]) == (
        "monitoring/prometheus:9090", "/api/v1/query?query=up", 2,
    )  # fmt: skip
    same = cluster.frame("monitoring/prometheus", "api/v1/query", params={"query": 'up{job=~"prom.*"}'})
    assert len(same) == 1


def test_the_examples_of_the_documentation_page(cluster: Cluster) -> None:
    # https://kubernetes.io/docs/tasks/access-application-cluster/access-cluster-services/
    logging = "kube-system/elasticsearch-logging"
    for target in (
        logging,
        f"{logging}:9200",
        "kube-system/https:elasticsearch-logging:",
        f"http://{'elasticsearch-logging.kube-system'}:9200",
    ):
        hits = cluster.frame(target, "_search?q=user:kimchy")
        assert (len(hits), set(hits["user"])) == (10, {"kimchy"})
        assert hits.attrs["kproxy"]["of"] == 40
        health = cluster.frame(target, "_cluster/health?pretty=true")
        assert (len(health), health["status"][0]) == (1, "yellow")
    assert len(cluster.frame(logging, "_search", json={"query": {"term": {"user": "käthe"}}, "size": 2})) == 2
    assert len(cluster.frame(logging, "_search?q=user:kimchy", limit="all")) == 40


def test_a_line_tells_of_more_rows_than_there_are_in_the_frame(
    cluster: Cluster, caplog: pytest.LogCaptureFixture
) -> None:
    cluster.frame("kube-system/elasticsearch-logging", "_search?q=user:kimchy")
    [line] = [record.getMessage() for record in caplog.records]
    assert line.startswith("10 of 40 hits; ") and 'limit="all"' in line
    caplog.clear()
    cluster.frame("kube-system/elasticsearch-logging", "_search?q=user:kimchy", limit="all")
    assert caplog.records == []


@pytest.mark.parametrize(
    ("given", "body", "media_type"),
    [
        ({"json": {"a": "ä", "n": [1, None]}}, b'{"a": "\\u00e4", "n": [1, null]}', "application/json"),
        ({"json": []}, b"[]", "application/json"),
        ({"data": '{"a": 1}'}, b'{"a": 1}', "application/json"),
        ({"data": '{"a": 1}\n{"a": 2}\n'}, b'{"a": 1}\n{"a": 2}\n', "application/x-ndjson"),
        ({"data": "käthe"}, "käthe".encode(), "text/plain; charset=utf-8"),
        ({"data": b"\x00\xff"}, b"\x00\xff", "application/octet-stream"),
        ({"data": bytearray(b"abc")}, b"abc", "application/octet-stream"),
        ({"data": {"a": "x y", "b": [1, 2]}}, b"a=x+y&b=1&b=2", "application/x-www-form-urlencoded"),
        ({"data": ""}, b"", "text/plain; charset=utf-8"),
        ({"data": "<x/>", "headers": {"content-type": "application/xml"}}, b"<x/>", "application/xml"),
    ],
)
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_a_body_arrives(
    real: Real, cluster: Cluster, method: str, given: dict[str, Any], body: bytes, media_type: str
) -> None:
    assert cluster.request(method, "web:80", "/doc/1", **given).ok
    [asked] = real.seen
    assert (asked.method, asked.target, asked.body) == (method, "/doc/1", body)
    assert asked.header("content-type") == media_type


def test_methods_by_their_names(real: Real, cluster: Cluster) -> None:
    for name in ("get", "head", "post", "put", "patch", "delete"):
        getattr(cluster, name)("web", "/x")
    cluster.request("options", "web", "/x")
    assert [asked.method for asked in real.seen] == ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
    assert cluster.head("web", "/stats").content == b""


def test_a_frame_is_asked_by_post_where_there_is_a_body(real: Real, cluster: Cluster) -> None:
    cluster.frame("web", "/echo", json={"a": 1})
    cluster.frame("web", "/echo")
    cluster.frame("web", "/echo", method="PUT", data="{}")
    assert [asked.method for asked in real.seen] == ["POST", "GET", "PUT"]


@pytest.mark.parametrize(
    ("typed", "sent"),
    [  # T3, T7, T8, T9 and DESIGN 4
        ("a", "/a"),
        ("/a/", "/a/"),
        ("", "/"),
        ("/", "/"),
        ("?x=1", "/?x=1"),
        ("a;b=1/c", "/a;b=1/c"),
        ("a+b", "/a+b"),
        ("a b", "/a%20b"),
        ("a%20b", "/a%20b"),
        ("ä/b", "/%C3%A4/b"),
        ("a%3Fb", "/a%3Fb"),
        ("a%23b", "/a%23b"),
        ("a#b", "/a%23b"),
        ("100%", "/100%25"),
        ("a%2525b", "/a%2525b"),
        ("a?b", "/a?b"),
        ("a?q=1;r=2", "/a?q=1;r=2"),
        ("a?q=a+b", "/a?q=a+b"),
        ("a?q=a%2Bb", "/a?q=a%2Bb"),
        ("a?q=a b", "/a?q=a%20b"),
        ("a?q=%zz", "/a?q=%25zz"),
        ("a?q=50%", "/a?q=50%25"),
        ('a?q=up{job="a b"}', "/a?q=up%7Bjob=%22a%20b%22%7D"),
        ("a?q=[5m]", "/a?q=%5B5m%5D"),
        ("a?q='x'", "/a?q='x'"),
        ("a?q=ä€😀", "/a?q=%C3%A4%E2%82%AC%F0%9F%98%80"),
        ("a?q=a?b/c", "/a?q=a?b/c"),
        ("a?q=x\\d", "/a?q=x%5Cd"),
        ("a?q=../..", "/a?q=../.."),
        ("a?q=1&q=2&p", "/a?q=1&q=2&p"),
        ("a?q=<>|^`", "/a?q=%3C%3E%7C%5E%60"),
        ("a?q=x#y", "/a?q=x%23y"),
        ("a?x=http://b/c", "/a?x=http://b/c"),
    ],
)
def test_what_is_typed_is_what_arrives(real: Real, cluster: Cluster, typed: str, sent: str) -> None:
    cluster.get("web", typed)
    assert [asked.target for asked in real.seen] == [sent]
    real.seen.clear()
    cluster.get("http://web.demo.svc/" + typed.removeprefix("/"))  # as a URL it is the same
    assert [asked.target for asked in real.seen] == [sent]


def test_parameters_are_encoded_whole(real: Real, cluster: Cluster) -> None:
    params = {"q": 'a b&c=d+e;f#g?h/i%20"ä', "n": 3, "f": 0.5, "t": True, "none": None, "many": ["x", "y"]}
    cluster.get("web", "/a?z=1", params=params)
    [asked] = real.seen
    assert asked.query == {"z": "1", "q": params["q"], "n": "3", "f": "0.5", "t": "true", "many": "y"}
    assert "many=x&many=y" in asked.target and "none" not in asked.target


def test_a_path_goes_below_that_of_a_url(real: Real, cluster: Cluster) -> None:
    cluster.get("http://web.demo/prefix", "a/b?q=1")
    cluster.get("http://web.demo/prefix/", "/a")
    cluster.get("http://web.demo/prefix/")
    assert [asked.target for asked in real.seen] == ["/prefix/a/b?q=1", "/prefix/a", "/prefix/"]


def test_headers_arrive_and_no_secret_with_them(real: Real, cluster: Cluster) -> None:
    pairs = [("X-Api-Key", "k"), ("X-Many", "1"), ("X-Many", "2"), ("Accept", "text/csv"), ("Cookie", "c=1")]
    cluster.get("web", headers=pairs)
    [asked] = real.seen
    assert [asked.header(name) for name in ("x-api-key", "accept", "cookie")] == ["k", "text/csv", "c=1"]
    assert [value for name, value in asked.headers if name == "X-Many"] == ["1", "2"]
    assert asked.header(
        "user-agent",
    ).startswith("kubeaccess-magic/")  # type: ignore[union-attr]  # it is there
    assert asked.header("accept-encoding") in ("gzip", "identity")  # T32: never br or zstd
    assert asked.header("authorization") is None  # T14
    assert real.token("admin") not in repr(asked)
    assert {name.lower() for name, _ in asked.headers} <= {
        "host", "user-agent", "accept-encoding", "accept", "cookie", "x-api-key", "x-many",
        "x-forwarded-for", "x-forwarded-uri",
    }  # fmt: skip


def test_cookies_are_not_kept(real: Real, cluster: Cluster) -> None:
    # T34: with Path=/ one would go to every other app behind the API server.
    assert cluster.get("web", "/cookies").headers["Set-Cookie"] == "a=1; Path=/, b=2; Path=/; HttpOnly"
    cluster.get("web", "/after")
    assert real.seen[-1].header("cookie") is None


def test_a_zipped_answer_is_unzipped(cluster: Cluster) -> None:
    assert len(cluster.frame("web", "/zipped")) == 12


# --- redirects (T1, T2, T26 to T29, X2) -------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["", "/", "?x=1"])
def test_the_root_is_asked_without_a_redirect(real: Real, cluster: Cluster, path: str) -> None:
    assert cluster.get("web", path).ok  # T1: without a slash the API server would redirect
    assert len(real.seen) == 1


@pytest.mark.parametrize(
    ("to", "there"),
    [
        ("/stats", "/stats"),
        ("/stats?a=1%2B2", "/stats?a=1%2B2"),
        ("stats", "/stats"),
        ("?to=/stats", "/redirect?to=/stats"),
        ("/redirect?to=/stats", "/redirect?to=/stats"),
    ],
)
def test_a_redirect_below_the_same_prefix_is_followed(real: Real, cluster: Cluster, to: str, there: str) -> None:
    for method in ("GET", "HEAD"):
        real.seen.clear()
        reply = cluster.request(method, "web", "/redirect", params={"to": to})
        assert reply.status_code == 200
        assert real.seen[1].target == there
        assert {asked.method for asked in real.seen} == {method}


@pytest.mark.parametrize(
    "to",
    [
        "http://evil.example/x",
        "//evil.example/x",
        "https://192.0.2.9/x",
        "/../../../../secrets/x",  # T28: the API server itself makes this an escape
        "../../../../../secrets/x",
        "/%2e%2e/%2e%2e/%2e%2e/%2e%2e/secrets/x",
        "/a/..%2f..%2f..%2f..%2fsecrets",
        "/a\\b",
        "http://192.0.2.1/api/v1/namespaces/demo/services/web/proxy/x",  # plain http (G10)
        "https://192.0.2.1/api/v1/secrets",
        "/api/v1/namespaces/demo/services/other/proxy/x",  # below our prefix it is /api/..., elsewhere it is not
        "javascript:alert(1)",
    ],
)
def test_a_redirect_elsewhere_is_shown_and_not_followed(real: Real, cluster: Cluster, to: str) -> None:
    reply = cluster.get("web", "/redirect", params={"to": to})
    if reply.status_code == 302:
        assert len(real.seen) == 1
        with pytest.raises(LoadError, match=r"redirects to .* not followed"):
            cluster.frame("web", "/redirect", params={"to": to})
    else:  # T29: it could not be parsed; or it was put below our prefix, and followed there
        assert reply.status_code == 500 or real.seen[-1].path.startswith("/")
        assert {asked.address for asked in real.seen} <= WEB


def test_a_redirect_never_sends_a_body_again(real: Real, cluster: Cluster) -> None:
    for code in (301, 302, 303, 307, 308):
        reply = cluster.post("web", f"/redirect?to=/stats&code={code}", data="once")
        assert reply.status_code == code
    assert {asked.path for asked in real.seen} == {"/redirect"}


def test_no_more_than_five_redirects(real: Real, cluster: Cluster) -> None:
    reply = cluster.get("web", "/redirect?to=?to=")  # to itself, without end
    assert reply.status_code == 302
    assert len(real.seen) <= 6


# --- the API server's own paths and URLs ------------------------------------------------------------------------------


def test_any_list_of_the_api_server_is_a_frame(cluster: Cluster) -> None:
    deployments = cluster.frame("/apis/apps/v1/deployments")
    assert deployments["name"].tolist() == ["web"]
    assert len(cluster.frame("/api/v1/namespaces/demo/services")) == cluster.services()["name"].nunique()
    assert len(cluster.frame("/api/v1/pods", limit=3)) == 3
    assert cluster.get("/version").json()["gitVersion"]
    reply = cluster.get("/healthz")
    assert (reply.text, reply.way) == ("ok", "api")


@pytest.mark.parametrize(
    "text",
    [
        "{server}/api/v1/namespaces/demo/services/web:80/proxy/x?y=1",
        "{server}:443/api/v1/namespaces/demo/services/web:80/proxy/x?y=1",
        "HTTPS://192.0.2.1/api/v1/namespaces/demo/services/web:80/proxy/x?y=1",
        "http://127.0.0.1:8001/api/v1/namespaces/demo/services/web:80/proxy/x?y=1",  # kubectl proxy
        "http://localhost:8001/api/v1/namespaces/demo/services/web:80/proxy/x?y=1",
        "http://[::1]:8001/api/v1/namespaces/demo/services/web:80/proxy/x?y=1",
        "/api/v1/namespaces/demo/services/web:80/proxy/x?y=1",
        "/api/v1/namespaces/demo/services/web%3A80/proxy/x?y=1",
        "/api/v1/proxy/namespaces/demo/services/web:80/x?y=1",  # the prefix until 1.10
        "https://kubernetes.default.svc/api/v1/namespaces/demo/services/web:80/proxy/x?y=1",
    ],
)
def test_a_pasted_proxy_url_asks_its_target(real: Real, cluster: Cluster, text: str) -> None:
    reply = cluster.get(text.format(server=real.server))
    assert reply.request.target == Target(name="web", namespace="demo", port="80")
    assert [asked.target for asked in real.seen] == ["/x?y=1"]


def test_the_api_servers_name_inside_the_cluster_is_its_own(cluster: Cluster) -> None:
    for host in ("kubernetes", "kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc.cluster.local"):
        assert cluster.get(f"https://{host}/version").way == "api"
    with pytest.raises(TargetError):  # that is another one
        cluster.get("https://kubernetes.default.svc:9443/version")


def test_a_url_of_another_api_server_is_refused(
    real: Real, cluster: Cluster, as_user: Callable[[str], Cluster]
) -> None:
    url = "https://192.0.2.9/api/v1/namespaces/demo/services/web:80/proxy/"
    with pytest.raises(TargetError, match=r"https://192\.0\.2\.9 is not the API server of admin") as refusal:
        cluster.get(url)
    assert refusal.value.hint == "no context has that server"
    other = Cluster(kubeconfig=real.kubeconfig("viewer", server="https://192.0.2.9"))
    with pytest.raises(TargetError) as refusal:
        other.get(f"{real.server}/api/v1/nodes")
    assert refusal.value.hint == "no context has that server"
    with pytest.raises(TargetError, match="is not the API server"):
        cluster.get(f"{real.server}:6443/version/api/v1/x")
    assert real.seen == []


def test_a_frame_says_where_it_came_from_and_survives(cluster: Cluster) -> None:
    frame = cluster.frame("web", "/stats")
    told = frame.attrs["kproxy"]
    assert (told["context"], told["target"], told["path"], told["way"]) == ("admin", "demo/web", "/stats", "proxy")
    assert (told["dialect"], told["rows"], told["of"]) == ("records", 12, None)
    assert all(isinstance(value, str | int | float | bool | None) for value in told.values())
    assert len(json.dumps(told)) <= 2048
    assert frame.columns.tolist() == ["item", "sold", "price", "shop.city", "shop.open"]
    assert frame["shop.city"][0] == "Zürich"
    assert len(json.dumps(cluster.frame("web", "/stats?" + "x" * 5000).attrs["kproxy"])) <= 2048
