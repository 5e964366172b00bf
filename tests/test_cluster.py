"""The Python face, against the demo cluster."""

from __future__ import annotations

import concurrent.futures
import dataclasses
import datetime
import io
import json
import pickle
import re
import socket
import threading
import time
from pathlib import Path

import pandas as pd
import pytest
from own_cluster import OwnCluster, own_cluster, written_kubeconfig

import kubeaccess_magic
from kubeaccess_magic import Cluster, Reply, Request, Target
from kubeaccess_magic.access import Attributes
from kubeaccess_magic.call import Call
from kubeaccess_magic.errors import (
    AccessDenied,
    AppError,
    ConfigError,
    KubeAccessError,
    LimitExceeded,
    LoadError,
    NotFound,
    TargetError,
    TimedOut,
    Unreachable,
)

ELASTIC = "kube-system/elasticsearch-logging"
KIMCHY = "_search?q=user:kimchy"


@pytest.fixture(scope="module")
def cluster(demo):
    with Cluster(kubeconfig=demo.kubeconfig) as made:
        yield made


@pytest.fixture(scope="module")
def own(tmp_path_factory):
    with own_cluster(tmp_path_factory.mktemp("own"), {"me": "a-token-of-mine"}) as running:
        yield running


@pytest.fixture(scope="module")
def echo(own: OwnCluster):
    with Cluster(kubeconfig=own.kubeconfig) as made:
        yield made


# --- asking


def test_the_example_of_the_documentation(cluster):
    reply = cluster.get(ELASTIC, KIMCHY)
    assert (reply.status_code, reply.ok, reply.way) == (200, True, "proxy")
    assert {hit["_source"]["user"] for hit in reply.json()["hits"]["hits"]} == {"kimchy"}
    assert json.loads(reply.text) == json.loads(reply.content) == reply.json()
    frame = reply.frame()
    assert len(frame) == 10 and set(frame["user"]) == {"kimchy"}


@pytest.mark.parametrize("method", ["get", "post", "put", "patch", "delete"])
def test_each_method_sends_itself(echo, method):
    said = getattr(echo, method)("own/echo", "a/b?c=d").json()
    assert (said["method"], said["path"], said["body"]) == (method.upper(), "/a/b?c=d", "")


def test_head_has_no_body(echo, own):
    reply = echo.head("own/echo", "many")
    assert (reply.status_code, reply.content, own.seen[-1]["method"]) == (200, b"", "HEAD")
    assert int(reply.headers["content-length"]) > 1000


def test_request_takes_any_method(echo):
    assert echo.request("delete", "own/echo", "thing").json()["method"] == "DELETE"


@pytest.mark.parametrize(
    ("given", "body", "media_type"),
    [
        ({"json": {"a": [1, None]}}, '{"a": [1, null]}', "application/json"),
        ({"data": '{"a": 1}'}, '{"a": 1}', "application/json"),
        ({"data": '{"a": 1}\n{"b": 2}\n'}, '{"a": 1}\n{"b": 2}\n', "application/x-ndjson"),
        ({"data": "hallo ü"}, "hallo ü", "text/plain; charset=utf-8"),
        ({"data": b"\x01\x02"}, "\x01\x02", "application/octet-stream"),
        ({"data": {"a": "b c", "d": [1, 2]}}, "a=b+c&d=1&d=2", "application/x-www-form-urlencoded"),
        ({"data": "x", "headers": {"content-type": "text/csv"}}, "x", "text/csv"),
    ],
)
def test_bodies(echo, given, body, media_type):
    said = echo.post("own/echo", **given).json()
    assert (said["body"], said["headers"]["Content-Type"]) == (body, media_type)


@pytest.mark.parametrize(
    "given",
    [
        {"json": 1, "data": "x"},
        {"json": {1, 2}},
        {"json": float("nan")},
        {"data": 5},
        {"data": "\ud800"},
        {"timeout_s": 0},
        {"headers": {"Authorization": "Bearer x"}},
        {"headers": {"a b": "c"}},
        {"path": "a/../b"},
        {"via": "pigeon"},
    ],
)
def test_what_cannot_be_right_is_not_sent(echo, own, given):
    before = len(own.seen)
    with pytest.raises((TargetError, ConfigError, ValueError)):
        echo.post("own/echo", **given)
    assert len(own.seen) == before


def test_parameters_are_encoded_and_headers_arrive(echo):
    said = echo.get(
        "own/echo",
        "x?a=1",
        params={"q": "a b&c", "many": [1, 2], "yes": True, "day": datetime.date(2026, 11, 1)},
        headers=[("X-Note", "hello")],
    ).json()
    assert said["path"] == "/x?a=1&q=a%20b%26c&many=1&many=2&yes=true&day=2026-11-01"
    assert said["headers"]["X-Note"] == "hello"
    assert said["headers"]["User-Agent"].startswith("kubeaccess-magic/")
    assert "Authorization" not in said["headers"]


@pytest.mark.parametrize("target", ["own/echo", "http://echo.own.svc", "own/echo:80", Target("service", "echo", "own")])
def test_a_target_is_text_or_a_target(echo, target):
    assert echo.get(target, "x").json()["path"] == "/x"


@pytest.mark.parametrize("target", ["pod/own/echo-0:8080", "http://echo.own:80/x"])
def test_other_spellings(echo, target):
    assert echo.get(target).json()["method"] == "GET"


def test_what_is_no_target(echo):
    for wrong in (5, None, "", "a b", "a/b/c", "https:web", "own/..", "http://user:word@echo.own"):
        with pytest.raises(TargetError):
            echo.get(wrong)


def test_any_status_of_the_app_is_an_answer_of_get_and_an_error_of_frame(echo):
    reply = echo.get("own/echo", "fails")
    assert (reply.status_code, reply.ok) == (500, False)
    for ask in (reply.raise_for_status, reply.frame, lambda: echo.frame("own/echo", "fails")):
        with pytest.raises(AppError) as failed:
            ask()
        assert failed.value.reply.status_code == 500
        assert "\x1b" not in str(failed.value)


def test_what_is_not_there(cluster):
    with pytest.raises(NotFound, match="no service is called nothing"):
        cluster.get("kube-system/nothing")
    with pytest.raises(LookupError):
        cluster.get("nowhere/nothing")
    with pytest.raises(NotFound, match="not nope") as port:
        cluster.resolve("shop/backoffice:nope")
    assert "shop/backoffice:admin" in port.value.hint


def test_who_may_not_is_told_the_role(demo):
    with Cluster("nobody", kubeconfig=demo.kubeconfig) as nobody:
        with pytest.raises(AccessDenied) as denied:
            nobody.get(ELASTIC)
        assert "services/proxy" in denied.value.role and "elasticsearch-logging" in denied.value.role
        with pytest.raises(PermissionError):
            nobody.frame(ELASTIC)


# --- frames


def test_frame_pages_as_far_as_the_limit(cluster):
    assert len(cluster.frame(ELASTIC, KIMCHY)) == 10
    assert len(cluster.frame(ELASTIC, KIMCHY, limit=25)) == 25
    every = cluster.frame(ELASTIC, KIMCHY, limit="all")
    assert len(every) == every.attrs["kproxy"]["of"] == every["_id"].nunique() > 25


@pytest.mark.parametrize("wrong", [0, -1, "some", 1.5])
def test_limits_that_are_none(cluster, wrong):
    with pytest.raises(TargetError, match="limit"):
        cluster.frame(ELASTIC, KIMCHY, limit=wrong)


def test_frame_posts_where_there_is_a_body(cluster):
    query = {"query": {"term": {"user": "kimchy"}}}
    frames = [
        cluster.frame(ELASTIC, "_search", json=query),
        cluster.frame(ELASTIC, "_search", data=json.dumps(query), method="POST"),
    ]
    pd.testing.assert_frame_equal(*frames)


def test_a_line_is_logged_where_the_frame_holds_less(cluster, caplog):
    cluster.frame(ELASTIC, KIMCHY)
    (said,) = [record.getMessage() for record in caplog.records if record.name == "kubeaccess_magic"]
    assert said.startswith("10 of ") and said.endswith('hits; limit="all" for the rest')


def test_frame_of_what_is_none(cluster):
    with pytest.raises(LoadError) as none:
        cluster.frame("kube-system/kibana-logging")
    assert none.value.reply.status_code == 200


def test_frame_of_a_prometheus_and_of_the_api_server(cluster):
    up = cluster.frame("monitoring/prometheus:9090", "api/v1/query", params={"query": "up"})
    assert len(up)
    deployments = cluster.frame("/apis/apps/v1/deployments")
    assert "web" in set(deployments["name"])
    assert deployments.attrs["kproxy"]["way"] == "api"


@pytest.fixture(scope="module")
def frame(cluster):
    return cluster.frame(ELASTIC, KIMCHY)


def test_attrs_are_flat_and_small(cluster, frame):
    listings = [cluster.services(all_namespaces=True), cluster.pods(), cluster.nodes(), cluster.namespaces()]
    for one in [frame, *listings, cluster.info()]:
        told = one.attrs["kproxy"]
        assert all(isinstance(value, str | int | float | bool | None) for value in told.values()), told
        assert len(json.dumps(told).encode()) <= 2048
    assert set(frame.attrs["kproxy"]) >= {"context", "target", "path", "dialect", "way", "time", "rows", "of"}


def test_attrs_stay_small_whatever_is_asked(echo):
    told = echo.frame("own/echo", "many", params={"q": "ä" * 2000, "r": "\U0001f600" * 500}).attrs["kproxy"]
    assert len(json.dumps(told).encode()) <= 2048


def test_a_frame_survives_what_is_done_to_frames(frame, tmp_path):
    pytest.importorskip("pyarrow", reason="to_parquet needs pyarrow")
    frame.to_parquet(tmp_path / "frame.parquet")
    back = pd.read_parquet(tmp_path / "frame.parquet")
    pd.testing.assert_frame_equal(back, frame, check_dtype=False)
    assert back.attrs["kproxy"] == frame.attrs["kproxy"]
    both = pd.concat([frame, frame])
    assert len(both) == 2 * len(frame)
    merged = frame.merge(frame[["_id", "user"]], on="_id")
    assert len(merged) == len(frame)
    pd.testing.assert_frame_equal(pickle.loads(pickle.dumps(frame)), frame)
    frame.to_csv(io.StringIO())
    assert frame.to_json(date_format="iso")


# --- addresses


@pytest.mark.parametrize(
    ("target", "path", "behind"),
    [
        (ELASTIC, KIMCHY, "elasticsearch-logging/proxy/_search?q=user:kimchy"),
        (f"{ELASTIC}:9200", "/", "elasticsearch-logging:9200/proxy/"),
        ("kube-system/https:elasticsearch-logging:", "x", "https:elasticsearch-logging:/proxy/x"),
        ("kube-system/https:elasticsearch-logging:9200", "x", "https:elasticsearch-logging:9200/proxy/x"),
    ],
)
def test_url(cluster, demo, target, path, behind):
    url = cluster.url(target, path)
    assert url == f"{demo.server}/api/v1/namespaces/kube-system/services/{behind}"
    assert cluster.get(url).ok or path == "x"


@pytest.mark.parametrize(
    ("target", "becomes"),
    [
        ("shop/web", "shop/web"),
        ("http://web.shop.svc.cluster.local", "shop/web"),
        ("monitoring/prometheus", "monitoring/prometheus:web"),
        ("shop/payments", "shop/https:payments:https"),
        ("shop/backoffice", "shop/backoffice:http"),
    ],
)
def test_resolve_fills_in(cluster, target, becomes):
    resolved = cluster.resolve(target)
    assert isinstance(resolved, Target)
    assert str(resolved) == becomes
    assert cluster.resolve(resolved) == resolved


# --- what is there


def test_listings(cluster):
    services = cluster.services(all_namespaces=True)
    named = services[services["namespace"] == "kube-system"]["name"].unique()
    assert set(named) >= {
        "elasticsearch-logging",
        "kibana-logging",
        "kube-dns",
        "monitoring-grafana",
        "monitoring-heapster",
    }
    assert set(cluster.services("shop", name="web*")["name"]) >= {"web"}
    assert set(cluster.services("shop", name="web*")["name"].str[:3]) == {"web"}
    labelled = cluster.services("kube-system", selector="kubernetes.io/cluster-service=true")
    assert "elasticsearch-logging" in set(labelled["name"]) <= set(named)
    assert set(cluster.pods("shop", name="web-*")["namespace"]) == {"shop"}
    assert {"shop", "kube-system"} <= set(cluster.namespaces()["name"])
    assert list(cluster.namespaces(name="sho*")["name"]) == ["shop"]
    assert len(cluster.nodes()) and len(cluster.nodes(name="no-such-*")) == 0
    assert len(cluster.services("no-such-namespace")) == 0


def test_every_target_of_the_listing_resolves_to_itself(cluster):
    for target in cluster.services(all_namespaces=True)["target"].dropna():
        assert str(cluster.resolve(target)) == target


def test_info_names_the_five_services(cluster, demo):
    info = cluster.info()
    assert len(info) == 5
    assert info["url"].str.startswith(demo.server).all()


def test_contexts_and_their_users(cluster, demo):
    frame = cluster.contexts()
    pd.testing.assert_frame_equal(frame, kubeaccess_magic.contexts(demo.kubeconfig))
    assert {"demo", "viewer", "analyst", "nobody"} <= set(frame["name"])
    assert list(frame.loc[frame["current"], "name"]) == ["demo"]
    assert cluster.user() == "admin"


def test_contexts_work_without_a_current_one(demo, tmp_path):
    told = json.loads(Path(demo.kubeconfig).read_text())
    del told["current-context"]
    file = tmp_path / "kubeconfig"
    file.write_text(json.dumps(told))
    assert not kubeaccess_magic.contexts(file)["current"].any()
    with Cluster("analyst", kubeconfig=file) as analyst:
        assert analyst.namespace == "shop"


def test_kubeconfig_is_read_from_the_environment(demo, monkeypatch):
    monkeypatch.setenv("KUBECONFIG", demo.kubeconfig)
    with Cluster() as cluster:
        assert cluster.server == demo.server
    assert len(kubeaccess_magic.contexts())


def test_can(cluster, demo):
    allowed = cluster.can("GET", ELASTIC)
    assert allowed and allowed.allowed and allowed.role is None
    with Cluster("analyst", kubeconfig=demo.kubeconfig) as analyst:
        assert analyst.can("GET", "web")
        refused = analyst.can("POST", "web")
        assert not refused and "create" in refused.role and "services/proxy" in refused.role
        assert analyst.get("shop/backoffice:80", "stats").ok and analyst.get("http://backoffice.shop/stats").ok
        with pytest.raises(AccessDenied):
            analyst.post("web", "orders", json={})


# --- itself


def test_what_it_says_of_itself(cluster, demo):
    assert (cluster.server, cluster.namespace, cluster.name) == (demo.server, "default", "demo")
    assert cluster.context.name == "demo"
    assert cluster.impersonating is None
    assert repr(cluster) == f"<Cluster demo, namespace default, {demo.server}>"


def test_namespace_and_impersonation(demo):
    with Cluster(kubeconfig=demo.kubeconfig, namespace="shop", impersonate="viewer") as viewer:
        assert viewer.user() == "viewer"
        assert viewer.impersonating == "viewer"
        assert "as viewer" in repr(viewer)
        assert str(viewer.resolve("web")) == "shop/web"
        with pytest.raises(AccessDenied):
            viewer.get("web")
    with Cluster(kubeconfig=demo.kubeconfig, impersonate="somebody", impersonate_groups=["system:masters"]) as somebody:
        assert somebody.get(ELASTIC).ok


@pytest.mark.parametrize(
    "wrong",
    [
        {"context": "no-such-context"},
        {"impersonate_groups": ["system:masters"]},
        {"api_client": object(), "context": "demo"},
    ],
)
def test_a_cluster_that_cannot_be(demo, wrong):
    with pytest.raises(ConfigError):
        Cluster(**({"kubeconfig": demo.kubeconfig} | wrong))


def test_nothing_is_contacted_before_the_first_question(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(0.2)
        server = f"https://127.0.0.1:{listening.getsockname()[1]}"
        with Cluster(kubeconfig=written_kubeconfig(tmp_path, server)) as cluster:
            assert (cluster.server, cluster.namespace) == (server, "default")
            assert cluster.context and repr(cluster) and cluster.contexts() is not None
        with pytest.raises(TimeoutError):
            listening.accept()


def test_the_official_client_over_it_and_under_it(cluster):
    from kubernetes.client import CoreV1Api
    from kubernetes.config import new_client_from_config

    listed = CoreV1Api(cluster.api_client).list_namespaced_service("kube-system")
    assert "elasticsearch-logging" in {item.metadata.name for item in listed.items}
    configured = new_client_from_config(cluster.recipe["kubeconfig"])
    with Cluster(api_client=configured, namespace="kube-system") as other:
        assert other.context is None
        assert other.name == other.server == cluster.server
        assert len(other.frame("elasticsearch-logging", KIMCHY)) == 10
        with pytest.raises(TypeError, match="secrets"):
            pickle.dumps(other)


def test_it_pickles_as_its_recipe(demo):
    token = json.loads(Path(demo.kubeconfig).read_text())["users"][0]["user"]["token"]
    with Cluster(kubeconfig=demo.kubeconfig, namespace="shop", impersonate="viewer", timeout_s=7, max_bytes=8) as made:
        made.user()
        written = pickle.dumps(made)
        assert token.encode() not in written
        with pickle.loads(written) as back:
            assert repr(back) == repr(made)
            assert (back.timeout_s, back.max_bytes) == (7, 8)
            assert back.user() == "viewer"


def test_after_close_and_with(demo):
    cluster = Cluster(kubeconfig=demo.kubeconfig)
    with cluster as same:
        assert same is cluster
        assert cluster.get(ELASTIC).ok
    cluster.close()
    with pytest.raises(KubeAccessError, match="closed"):
        cluster.get(ELASTIC)


def test_a_reply_outlives_its_cluster(demo):
    with Cluster(kubeconfig=demo.kubeconfig) as cluster:
        reply = cluster.get(ELASTIC, KIMCHY)
    assert isinstance(reply, Reply)
    assert len(reply.frame()) == 10
    assert isinstance(reply.request, Request)
    assert reply.elapsed > datetime.timedelta(0)
    assert reply.reason == "OK" and reply.headers["CONTENT-TYPE"].startswith("application/json")
    assert reply.url.endswith("/elasticsearch-logging/proxy/_search?q=user:kimchy")
    assert repr(reply).startswith("<Reply 200 OK · application/json")
    with pytest.raises(dataclasses.FrozenInstanceError):
        reply.status_code = 1


def test_threads_share_one(echo):
    start = threading.Barrier(8)

    def ask(number):
        start.wait(30)
        return [echo.get("own/echo", f"{number}/{turn}").json()["path"] for turn in range(10)]

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        asked = list(pool.map(ask, range(8)))
    assert asked == [[f"/{number}/{turn}" for turn in range(10)] for number in range(8)]


def test_threads_share_one_that_asked_nothing_yet(demo):
    with Cluster(kubeconfig=demo.kubeconfig) as fresh, concurrent.futures.ThreadPoolExecutor(8) as pool:
        start = threading.Barrier(8)

        def ask(_):
            start.wait(30)
            return len(fresh.frame(ELASTIC, KIMCHY)), fresh.user(), len(fresh.services("kube-system"))

        assert set(pool.map(ask, range(8))) == {(10, "admin", len(fresh.services("kube-system")))}


def test_current_without_a_magic():
    from IPython.core.interactiveshell import InteractiveShell

    if InteractiveShell.initialized():
        pytest.skip("another test's shell is there")
    with pytest.raises(ConfigError, match="not loaded here"):
        kubeaccess_magic.current()


# --- limits


def test_too_much_is_an_error(echo):
    with pytest.raises(LimitExceeded, match=r"larger than 100 B .*announced"):
        echo.get("own/echo", "many", max_bytes=100)
    with Cluster(kubeconfig=echo.recipe["kubeconfig"], max_bytes=100) as small:
        with pytest.raises(LimitExceeded):
            small.frame("own/echo", "many")
        assert small.get("own/echo", "many", max_bytes=100_000).ok


def test_too_long_is_an_error(own, echo):
    with pytest.raises(TimedOut, match=r"longer than 1\.5 s"):  # a busy machine needs some of it to connect
        echo.get("own/echo", "hangs", timeout_s=1.5)
    with Cluster(kubeconfig=own.kubeconfig, timeout_s=1.5) as cluster, pytest.raises(TimeoutError):
        cluster.frame("own/echo:80", "hangs")
    assert echo.get("own/echo", "x").ok


def test_a_server_that_says_nothing(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        server = f"https://127.0.0.1:{silent.getsockname()[1]}"
        with Cluster(kubeconfig=written_kubeconfig(tmp_path, server), timeout_s=0.2) as cluster:
            with pytest.raises((Unreachable, TimedOut), match=r"did not answer|took longer"):
                cluster.get("web:80")


def test_nobody_at_the_address(tmp_path):
    with Cluster(kubeconfig=written_kubeconfig(tmp_path, "https://127.0.0.1:9")) as cluster:
        with pytest.raises(Unreachable):
            cluster.get("web:80")
        with pytest.raises(ConnectionError):
            cluster.services()


def test_a_watch_stops_it(echo, own):
    call = Call()
    before = len(own.seen)

    def stop_when_asked():
        while len(own.seen) == before:
            time.sleep(0.01)
        call.stop()

    stopping = threading.Thread(target=stop_when_asked)
    stopping.start()
    with pytest.raises(KubeAccessError, match="stopped"):
        echo.get("own/echo", "hangs", call=call)
    stopping.join()
    assert echo.get("own/echo", "many").ok


def test_who_asks_and_what_is_allowed(demo):
    with Cluster(kubeconfig=demo.kubeconfig, impersonate="analyst", impersonate_groups=["g"]) as cluster:
        assert cluster.identity()[0] == "analyst" and "g" in cluster.identity()[1]
        assert cluster.engine.allows(Attributes("list", "services", "", "", "shop"), cluster.call())
        assert not cluster.engine.allows(Attributes("list", "services", "", "", "default"), cluster.call())


def test_the_public_names():
    assert set(kubeaccess_magic.__all__) <= set(dir(kubeaccess_magic))
    for name in kubeaccess_magic.__all__:
        assert getattr(kubeaccess_magic, name).__doc__
    with pytest.raises(AttributeError):
        kubeaccess_magic.nothing  # noqa: B018 - looking is what is tested


def test_every_public_part_of_a_cluster_is_tested_here():
    here = Path(__file__).read_text()
    inner = {"engine", "call", "limits"}  # for the rooms above, and tested with them
    for name in {*vars(Cluster), *Reply.__dataclass_fields__} - inner:
        assert name.startswith("_") or re.search(rf"\.{name}\b|\"{name}\"", here), name
