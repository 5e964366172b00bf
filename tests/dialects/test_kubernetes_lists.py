from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from kubeaccess_magic import dialects
from kubeaccess_magic.dialects import kubernetes as k8s
from kubeaccess_magic.dialects.kubernetes.kinds import COLUMNS
from kubeaccess_magic.errors import LoadError
from kubeaccess_magic.query import ALL

from .answers import reply, request, rows_of
from .objects import CREATED, conversation, endpoint, listed, meta, prepared, service, slice_of


@pytest.mark.parametrize(
    ("path", "limit", "query"),
    [
        ("/api/v1/pods", None, "limit=500"),
        ("/api/v1/pods", 20, "limit=20"),
        ("/api/v1/pods", 5000, "limit=500"),
        ("/api/v1/pods", ALL, "limit=500"),
        ("/api/v1/namespaces", None, "limit=500"),
        ("/api/v1/namespaces/shop/pods", None, "limit=500"),
        ("/apis/apps/v1/deployments?labelSelector=a%3Db", None, "labelSelector=a%3Db&limit=500"),
        ("/apis/apps/v1/namespaces/shop/deployments", None, "limit=500"),
        ("/api/v1/pods?limit=3", None, "limit=3"),
        ("/api/v1/pods?continue=x", None, "continue=x"),
        ("/api/v1/pods?watch=1", None, "watch=1"),
        ("/api/v1/namespaces/shop", None, ""),
        ("/api/v1/namespaces/shop/status", None, ""),
        ("/api/v1/namespaces/shop/pods/web-0", None, ""),
        ("/api/v1/nodes/n1", None, ""),
        ("/apis/apps/v1", None, ""),
        ("/api/v1", None, ""),
        ("/version", None, ""),
        ("/healthz", None, ""),
    ],
)
def test_lists_are_asked_for_in_pages(path, limit, query):
    assert prepared(path, limit).query == query


def test_an_app_is_never_asked_for_pages():
    assert k8s.dialect.match(request("shop/web", "api/v1/pods")) is None


def pod_page(count: int, **meta_: Any) -> bytes:
    return listed("Pod", [{"metadata": meta(f"p{i}")} for i in range(count)], **meta_)


def test_pages_follow_until_there_are_enough():
    asked, pages, _ = conversation("/api/v1/pods")
    assert next(pages).request is asked
    second = pages.send(reply(pod_page(2, **{"continue": "a+/="}, remainingItemCount=7), asked=asked))
    assert second.request.params() == [("limit", "500"), ("continue", "a+/=")]
    assert (second.rows_before, second.total, second.unit) == (2, 9, "pods")
    third = pages.send(reply(pod_page(1, **{"continue": "c"}), asked=second.request))
    assert third.request.param("continue") == "c"
    assert is_over(pages, reply(pod_page(1), asked=third.request))


@pytest.mark.parametrize(("path", "limit", "over"), [("", 2, True), ("", 3, False), ("?limit=2", None, True)])
def test_there_is_no_page_more_than_is_wanted(path: str, limit: int | None, over: bool):
    asked, pages, _ = conversation(f"/api/v1/pods{path}", limit)
    next(pages)
    assert is_over(pages, reply(pod_page(2, **{"continue": "a"}), asked=asked)) is over


def is_over(pages: Any, answer: Any) -> bool:
    try:
        pages.send(answer)
    except StopIteration:
        return True
    return False


@pytest.mark.parametrize(
    ("meta_", "limit", "rows", "of", "is_lower_bound"),
    [
        ({}, None, 3, 3, False),
        ({"continue": "a", "remainingItemCount": 7}, None, 3, 10, False),
        ({"continue": "a"}, None, 3, 4, True),
        ({}, 2, 2, 3, False),
        ({"continue": "a", "remainingItemCount": 7}, 2, 2, 10, False),
    ],
)
def test_how_many_there_are(meta_, limit, rows, of, is_lower_bound):
    loaded = dialects.load([reply(pod_page(3, **meta_), asked=request("/api/v1/pods"))], limit=limit)
    assert (loaded.rows, len(loaded.frame), loaded.total, loaded.total_is_lower_bound) == (
        rows,
        rows,
        of,
        is_lower_bound,
    )
    assert loaded.unit == "pods"


def test_pages_become_one_frame():
    first = reply(pod_page(2, **{"continue": "a", "remainingItemCount": 1}), asked=request("/api/v1/pods?limit=2"))
    loaded = dialects.load([first, reply(pod_page(1), asked=request("/api/v1/pods?limit=2&continue=a"))], limit=ALL)
    assert (len(loaded.frame), loaded.total) == (3, 3)
    assert list(loaded.frame.columns) == list(k8s.POD_COLUMNS)


DEPLOYMENT = {
    "metadata": meta("web", labels={"app": "web"}),
    "spec": {"replicas": 3, "template": {"spec": {"containers": [{"image": "web:1"}, {"image": "log:2"}]}}},
    "status": {"readyReplicas": 2, "updatedReplicas": 3},
}
EVENT = {
    "metadata": meta("e1"),
    "type": "Warning",
    "reason": "BackOff",
    "message": "Back-off",
    "involvedObject": {"kind": "Pod", "name": "web-0"},
    "count": 4,
    "firstTimestamp": CREATED,
    "lastTimestamp": "2026-11-01T01:00:00Z",
}
NEW_EVENT = {
    "metadata": meta("e2"),
    "type": "Normal",
    "reason": "Pulled",
    "note": "Pulled it",
    "regarding": {"kind": "Pod", "name": "web-1"},
    "eventTime": "2026-11-01T02:00:00.123456Z",
    "deprecatedLastTimestamp": None,
}


@pytest.mark.parametrize(
    ("kind", "version", "item", "expected"),
    [
        (
            "Deployment",
            "apps/v1",
            DEPLOYMENT,
            {
                "namespace": "shop",
                "name": "web",
                "ready": 2,
                "replicas": 3,
                "updated": 3,
                "available": 0,
                "images": ["web:1", "log:2"],
                "created": pd.Timestamp(CREATED),
                "app": "web",
            },
        ),
        (
            "Service",
            "v1",
            service("web", {"port": 80, "name": "http"}, {"port": 81, "protocol": "UDP"}, clusterIP="10.96.0.1"),
            {"type": "ClusterIP", "cluster_ip": "10.96.0.1", "external": "", "ports": ["http 80/TCP", "81/UDP"]},
        ),
        (
            "Event",
            "v1",
            EVENT,
            {
                "last_seen": pd.Timestamp("2026-11-01T01:00:00Z"),
                "type": "Warning",
                "object": "Pod/web-0",
                "message": "Back-off",
                "count": 4,
            },
        ),
        (
            "Event",
            "events.k8s.io/v1",
            NEW_EVENT,
            {
                "last_seen": pd.Timestamp("2026-11-01T02:00:00.123456Z"),
                "object": "Pod/web-1",
                "message": "Pulled it",
                "count": 1,
            },
        ),
        (
            "Secret",
            "v1",
            {"metadata": meta("s"), "type": "Opaque", "data": {"password": "c2VjcmV0"}},
            {"type": "Opaque", "keys": ["password"]},
        ),
        ("ConfigMap", "v1", {"metadata": meta("c"), "data": None}, {"keys": []}),
        (
            "Job",
            "batch/v1",
            {"metadata": meta("j"), "status": {"succeeded": 1, "completionTime": CREATED}},
            {"active": 0, "succeeded": 1, "finished": pd.Timestamp(CREATED), "images": []},
        ),
        (
            "CronJob",
            "batch/v1",
            {"metadata": meta("c"), "spec": {"schedule": "* * * * *", "suspend": False}},
            {"schedule": "* * * * *", "suspended": False, "active": 0},
        ),
        (
            "Ingress",
            "networking.k8s.io/v1",
            {
                "metadata": meta("i"),
                "spec": {"rules": [{"host": "a.example.org"}, {}]},
                "status": {"loadBalancer": {"ingress": [{"ip": "192.0.2.1"}]}},
            },
            {"hosts": ["a.example.org", "*"], "external": "192.0.2.1"},
        ),
        (
            "EndpointSlice",
            "discovery.k8s.io/v1",
            slice_of("web", [endpoint("a"), endpoint("b", ready=False)], "http"),
            {"service": "web", "ready": 1, "endpoints": 2, "ports": [8080]},
        ),
        (
            "HorizontalPodAutoscaler",
            "autoscaling/v2",
            {
                "metadata": meta("h"),
                "spec": {"scaleTargetRef": {"kind": "Deployment", "name": "web"}, "maxReplicas": 5},
            },
            {"scales": "Deployment/web", "minimum": 1, "maximum": 5},
        ),
        (
            "Widget",
            "example.org/v1",
            {
                "metadata": meta("w"),
                "spec": {"size": 3, "parts": [1]},
                "status": {"phase": "Up", "conditions": [{"type": "Ready", "status": "True"}]},
            },
            {
                "namespace": "shop",
                "name": "w",
                "ready": True,
                "spec.size": 3,
                "status.phase": "Up",
                "created": pd.Timestamp(CREATED),
            },
        ),
        (
            "Deployment",
            "example.org/v1",
            {"metadata": meta("mine", None), "spec": {"replicas": "many"}},
            {"name": "mine", "spec.replicas": "many", "created": pd.Timestamp(CREATED)},
        ),
    ],
)
def test_the_columns_that_somebody_wants_first(kind, version, item, expected):
    (row,) = rows_of(dialects.load([reply(listed(kind, [item], version))]).frame)
    assert {name: row[name] for name in expected} == expected
    assert next(iter(row)) in ("namespace", "name")


@pytest.mark.parametrize("kind", sorted(COLUMNS))
def test_every_kind_bears_objects_with_nothing_in_them(kind):
    group, _, name = kind.partition("/")
    version = f"{group}/v1" if group else "v1"
    bare = [{"metadata": {"name": "a"}}, {"metadata": {"name": "b"}, "spec": None, "status": None}, {}]
    if name == "Service":
        bare = [{"metadata": {"name": "a"}, "spec": {"ports": None}}] * 3
    loaded = dialects.load([reply(listed(name, bare, version))])
    assert len(loaded.frame) == 3
    empty = dialects.load([reply(listed(name, [], version))])
    assert list(empty.frame.columns) == list(loaded.frame.columns) and len(empty.frame) == 0
    assert [str(d) for d in empty.frame.dtypes] == [str(d) for d in loaded.frame.dtypes]


def test_a_kind_that_nobody_listed_shows_its_plain_values():
    items = [
        {"metadata": meta("a", None), "provisioner": "p", "roleRef": {"kind": "Role", "name": "r"}, "subjects": [{}]},
        {"metadata": meta("b", None), "data": {"secret": "x"}, "deep": {"deeper": {"x": 1}}, "when": CREATED},
    ]
    frame = dialects.load([reply(listed("Oddity", items, "example.org/v1"))]).frame
    assert list(frame.columns) == ["name", "provisioner", "roleRef.kind", "roleRef.name", "when", "created"]
    assert str(frame["when"].dtype) == "datetime64[us, UTC]"


@pytest.mark.parametrize(
    ("kind", "unit"),
    [("Pod", "pods"), ("NetworkPolicy", "networkpolicies"), ("Ingress", "ingresses"), ("Endpoints", "endpoints")],
)
def test_what_is_counted(kind, unit):
    assert dialects.load([reply(listed(kind, []))]).unit == unit


def test_wide_has_all_fields():
    loaded = dialects.load([reply(listed("Deployment", [DEPLOYMENT], "apps/v1"))], wide=True)
    (row,) = rows_of(loaded.frame)
    assert row["spec.replicas"] == 3 and row["metadata.labels.app"] == "web"
    assert row["metadata.creationTimestamp"] == pd.Timestamp(CREATED)
    assert row["spec.template.spec.containers"] == [{"image": "web:1"}, {"image": "log:2"}]


def test_one_object_of_the_api_server_is_one_row():
    asked = request("/apis/apps/v1/namespaces/shop/deployments/web")
    loaded = dialects.load([reply({"kind": "Deployment", "apiVersion": "apps/v1", **DEPLOYMENT}, asked=asked)])
    assert (loaded.rows, loaded.unit, loaded.total) == (1, "deployments", None)
    pod = {"kind": "Pod", "apiVersion": "v1", "metadata": meta("web-0"), "spec": {"containers": [{"name": "a"}]}}
    loaded = dialects.load([reply(pod, asked=request("/api/v1/namespaces/shop/pods/web-0"))])
    assert list(loaded.frame.columns) == list(k8s.POD_COLUMNS)


def test_an_app_that_has_kind_and_api_version_is_not_taken():
    assert "spec.a" in dialects.load([reply({"kind": "X", "apiVersion": "v1", "metadata": {}, "spec": {"a": 1}})]).frame


def test_a_list_whose_items_say_what_they_are():
    items = [{"kind": "Deployment", "apiVersion": "apps/v1", **DEPLOYMENT}]
    body = {"kind": "List", "apiVersion": "v1", "metadata": {"resourceVersion": ""}, "items": items}
    assert dialects.load([reply(body)]).frame["ready"].tolist() == [2]


def test_a_table_of_the_server():
    table = {
        "kind": "Table",
        "apiVersion": "meta.k8s.io/v1",
        "metadata": {"continue": "x", "remainingItemCount": 4},
        "columnDefinitions": [{"name": "Name"}, {"name": "Ready"}, {"name": "Restarts"}],
        "rows": [{"cells": ["web-0", "1/1", 3], "object": {"metadata": {"namespace": "shop"}}}],
    }
    loaded = dialects.load([reply(table, asked=request("/api/v1/pods"))])
    assert rows_of(loaded.frame) == [{"namespace": "shop", "Name": "web-0", "Ready": "1/1", "Restarts": 3}]
    assert (loaded.total, loaded.unit) == (5, "pods")
    assert list(dialects.load([reply(table | {"rows": []})]).frame.columns) == ["Name", "Ready", "Restarts"]


def test_the_kind_may_stand_behind_the_items():
    items = b'"items": [{"metadata": {"name": "w"}}]'
    body = b'{"apiVersion": "example.org/v1", ' + items + b', "kind": "WidgetList", "metadata": {}}'
    assert dialects.load([reply(body)]).frame["name"].tolist() == ["w"]


def test_a_list_that_is_cut_off():
    body = pod_page(3)[:-20]
    with pytest.raises(LoadError, match="cut off"):
        dialects.load([reply(body, asked=request("/api/v1/pods"))])
    with pytest.raises(LoadError, match="cut off"):
        dialects.load([reply(body)], dialect="kubernetes")


def nodes_with(*allocatable: dict[str, str]) -> bytes:
    items = [
        {"metadata": meta(f"n{number}", None), "status": {"allocatable": {"memory": "1Gi", **resources}}}
        for number, resources in enumerate(allocatable)
    ]
    return listed("Node", items)


def test_extended_resources_of_nodes_are_columns():
    answer = reply(nodes_with({"cpu": "95690m", "nvidia.com/gpu": "8", "hugepages-2Mi": "0"}, {"cpu": "4"}))
    frame = dialects.load([answer]).frame
    assert frame["nvidia.com/gpu"].tolist() == [8, pd.NA] and str(frame["nvidia.com/gpu"].dtype) == "Int64"
    assert [name for name in frame if "hugepages" in name] == []
    assert "nvidia.com/gpu" not in dialects.load([reply(nodes_with({"cpu": "4"}))]).frame


def test_wide_has_numbers_for_quantities():
    answer = reply(nodes_with({"cpu": "95690m", "nvidia.com/gpu": "8"}, {"cpu": "4"}))
    frame = dialects.load([answer], wide=True).frame
    assert frame["status.allocatable.cpu"].tolist() == [95.69, 4.0]
    assert frame["status.allocatable.memory"].tolist() == [2**30, 2**30]
    assert frame["status.allocatable.nvidia.com/gpu"].tolist() == [8, pd.NA]


def test_wide_keeps_what_is_no_quantity():
    items = [{"metadata": meta("a"), "spec": {"limits": {"cpu": "1", "mode": "burst"}, "version": "1"}}]
    frame = dialects.load([reply(listed("Thing", items, "example.org/v1"))], wide=True).frame
    assert frame["spec.limits.mode"].tolist() == ["burst"] and frame["spec.version"].tolist() == ["1"]


def test_a_kind_that_nobody_listed_says_which_fields_are_not_shown():
    items = [{"metadata": meta("a"), "spec": {"size": 1, "parts": [1]}, "status": {"nodes": {"a": {"b": 1}}, "no": {}}}]
    table = dialects.load([reply(listed("Thing", items, "example.org/v1"))])
    assert table.notes == ("not shown: spec.parts, status.nodes; --wide (wide=True) shows all fields",)
    assert dialects.load([reply(listed("Thing", items, "example.org/v1"))], wide=True).notes == ()
