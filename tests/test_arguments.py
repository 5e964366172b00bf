"""The Python face with arguments that users of requests try: each works, or gives one plain sentence."""

from __future__ import annotations

import pathlib
from urllib.parse import urlsplit

import numpy as np
import pytest
from preparing import prepared

from kubeaccess_magic import Cluster
from kubeaccess_magic.errors import ConfigError, KubeAccessError, NotFound, TargetError
from kubeaccess_magic.query import Query


@pytest.fixture(scope="module")
def cluster(demo):
    with Cluster(kubeconfig=demo.kubeconfig) as one:
        yield one


@pytest.mark.parametrize(
    ("params", "query"),
    [
        ("a=1&b=2", "a=1&b=2"),
        ("?a=1", "a=1"),
        ("a=x y&a=%20&b=ü", "a=x%20y&a=%20&b=%C3%BC"),  # as typed: only what is no URL character is encoded (T9)
        (b"a=1", "a=1"),
        ("", ""),
        ({}, ""),
        ([("a", 1), ("a", 2)], "a=1&a=2"),
        ((["a", "1&b"],), "a=1%26b"),
        (iter([("a", 1)]), "a=1"),
        ({1: 2, "a": [1, None, np.int64(3)], "b": None}, "1=2&a=1&a=3"),
    ],
)
def test_params_are_taken_as_requests_takes_them(cluster, params, query):
    assert urlsplit(cluster.get("shop/web:80", "/", params=params).url).query == query


def test_params_follow_the_query_of_the_path(cluster):
    assert urlsplit(cluster.get("shop/web:80", "/?x=1", params="a=1").url).query == "x=1&a=1"


@pytest.mark.parametrize("headers", [{"X-A": "b"}, [("X-A", "b")], {"X-A": b"b"}, {"X-A": " b ", "X-None": None}])
def test_headers_are_taken_as_requests_takes_them(cluster, headers):
    assert prepared(cluster, "GET", "shop/web:80", headers=headers).request.headers == (("X-A", "b"),)


@pytest.mark.parametrize("data", [{"a": [1, 2]}, [("a", 1), ("a", 2)], (("a", 1), ("a", 2))])
def test_a_form_may_be_pairs(cluster, data):
    request = prepared(cluster, "POST", "shop/web:80", data=data).request
    assert request.body == b"a=1&a=2"
    assert request.headers == (("Content-Type", "application/x-www-form-urlencoded"),)


@pytest.mark.parametrize(
    "wrong",
    [{"params": one} for one in (3, True, ["a=1"], [("a", 1, 2)], {"ab"}, {"a": {"b": 1}}, {None: 1})]
    + [{"headers": one} for one in ("X: y", ["X: y"], 3, {"X": 1}, {3: "x"}, [("a", "b", "c")])]
    + [{"timeout_s": one} for one in ("x", "5", 0, -1, float("nan"), (1, 2), True)]
    + [{"max_bytes": one} for one in (-1, 0, "1MiB", float("nan"), float("inf"))]
    + [{"path": one} for one in (b"/x", 3, pathlib.PurePosixPath("x"), {"a": 1})]
    + [{"target": one} for one in (None, b"shop/web", pathlib.PurePosixPath("shop/web"), 3, "")]
    + [{"method": one} for one in (3, b"GET", "", "GET ")]
    + [{"data": 3}, {"data": "a", "json": 1}, {"json": {1, 2}}, {"json": float("nan")}, {"via": None}],
    ids=str,
)
def test_what_cannot_be_is_one_sentence_and_nothing_is_sent(cluster, wrong):
    with pytest.raises(TargetError) as caught:
        cluster.request(**{"method": "GET", "target": "shop/web:80", **wrong})
    assert caught.value.hint
    assert len(str(caught.value).splitlines()) == 1


@pytest.mark.parametrize("limit", ["x", 0, -1, 1.5, True])
def test_a_limit_is_a_number_of_rows(cluster, limit):
    with pytest.raises(TargetError, match="limit") as caught:
        cluster.frame("/api/v1/pods", limit=limit)
    assert caught.value.hint


def test_a_limit_may_be_numpys(cluster):
    assert len(cluster.frame("/api/v1/pods", limit=np.int64(2))) == 2


@pytest.mark.parametrize(
    "wrong",
    [{"context": 3}, {"context": b"demo"}, {"context": "nope"}, {"kubeconfig": 3}, {"kubeconfig": b"x"},
     {"kubeconfig": {"clusters": []}}, {"kubeconfig": "/"}, {"namespace": 3}, {"impersonate": 3},
     {"impersonate_groups": ["g"]}, {"impersonate": "x", "impersonate_groups": 3}, {"api_client": "demo"},
     {"timeout_s": "x"}, {"timeout_s": -1}, {"max_bytes": "x"}, {"max_bytes": -1}, {"connect_timeout_s": 0},
     {"silence_timeout_s": None}, {"plugin_timeout_s": "x"}],
    ids=str,
)  # fmt: skip
def test_a_cluster_that_cannot_be_is_one_sentence(demo, wrong):
    with pytest.raises(TargetError if next(iter(wrong)).endswith(("_s", "_bytes")) else ConfigError) as caught:
        Cluster(**{"kubeconfig": demo.kubeconfig, **wrong})
    assert isinstance(caught.value, KubeAccessError) and caught.value.hint


def test_a_file_in_place_of_a_context_is_told(demo):
    with pytest.raises(ConfigError) as caught:
        Cluster(demo.kubeconfig, kubeconfig=demo.kubeconfig)
    assert "kubeconfig=" in caught.value.hint and "--kubeconfig" in caught.value.hint


def test_one_group_alone_is_not_its_letters(demo):
    with Cluster(kubeconfig=demo.kubeconfig, impersonate="eve", impersonate_groups="staff") as one:
        assert "staff" in one.identity()[1]


@pytest.mark.parametrize(
    ("list_name", "wrong"),
    [("services", {"namespace": 3}), ("services", {"name": 3}), ("services", {"selector": {"app": "web"}}),
     ("services", {"all_namespaces": True, "name": ["web"]}), ("pods", {"namespace": b"shop"}), ("nodes", {"name": 3}),
     ("namespaces", {"name": 3}), ("info", {"namespace": 3})],
    ids=str,
)  # fmt: skip
def test_what_names_objects_is_text(cluster, list_name, wrong):
    with pytest.raises(TargetError, match="is text, not") as caught:
        getattr(cluster, list_name)(**wrong)
    assert caught.value.hint


@pytest.mark.parametrize("selector", ["app in (web", "app=web=x", "a b", "=", "app in ()x", "-a=b"])
@pytest.mark.parametrize("list_name", ["services", "pods"])
def test_a_selector_that_cannot_be_is_told_with_examples(cluster, list_name, selector):
    for where in ({"namespace": "shop"}, {"all_namespaces": True}):
        with pytest.raises(TargetError) as caught:
            getattr(cluster, list_name)(selector=selector, **where)
        assert repr(selector) in str(caught.value)
        assert "-l 'app in (web, api)'" in caught.value.hint


@pytest.mark.parametrize(
    ("path", "words", "hint"),
    [
        ("/api/v1/pods?labelSelector=app+in+(", "the selector 'app in ('", "app=web"),
        ("/api/v1/pods?fieldSelector=spec.colour%3Dred", "the field selector", "metadata.name"),
        ("/api/v1/pods?limit=x", "(400)", "parameters"),
        ("/api/v1/namespaces/shop/pods/nope", "not found", "`%kproxy /api/v1/namespaces/shop/pods`"),
    ],
)
def test_what_the_api_server_makes_nothing_of_is_told_with_a_way_on(cluster, path, words, hint):
    with pytest.raises((TargetError, NotFound)) as caught:
        cluster.get(path)
    assert words in str(caught.value) and hint in caught.value.hint


def test_whether_an_api_path_may_be_asked_says_which(cluster):
    def may(target):
        return cluster.engine.access(Query.of(target, method="GET", raw=True), cluster.call())

    assert may("/api/v1/nodes?limit=1") == (cluster.can("GET", "/api/v1/nodes"), "/api/v1/nodes")
    assert may("shop/web")[1].startswith("shop/web")
