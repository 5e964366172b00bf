"""``-n``, ``-A`` and ``-l`` beside a target: they choose what an API path reads, or are refused."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from kubeaccess_magic import Cluster
from kubeaccess_magic.engine import Outcome
from kubeaccess_magic.errors import TargetError
from kubeaccess_magic.query import Query


@pytest.fixture(scope="module")
def cluster(demo: Any) -> Iterator[Cluster]:
    with Cluster(kubeconfig=demo.kubeconfig) as cluster:
        yield cluster


def outcome_of(cluster: Cluster, target: str, path: str = "/", **fields: Any) -> Outcome:
    query = Query.of(target, path, output="frame", **fields)
    call = cluster.call(query)
    return cluster.engine.run(cluster.engine.prepare(query, call), call)


def frame_of(cluster: Cluster, target: str, **fields: Any) -> Any:
    outcome = outcome_of(cluster, target, **fields)
    assert outcome.table is not None
    return outcome.table.frame


def test_a_namespace_chooses_the_list_and_the_note_names_its_path(cluster: Cluster) -> None:
    outcome = outcome_of(cluster, "/api/v1/pods", namespace="shop")
    assert outcome.table is not None and set(outcome.table.frame["namespace"]) == {"shop"}
    assert outcome.notes == ("asks /api/v1/namespaces/shop/pods",)
    assert set(frame_of(cluster, "/apis/apps/v1/deployments/", namespace="shop")["namespace"]) == {"shop"}


def test_labels_choose_rows_and_other_parameters_stay(cluster: Cluster) -> None:
    everywhere = frame_of(cluster, "/api/v1/pods", all_namespaces=True)
    frame = frame_of(cluster, "/api/v1/pods?limit=500", selector="app=web")
    assert 0 < len(frame) < len(everywhere)
    assert len(frame_of(cluster, "/api/v1/namespaces/shop/pods", selector="app=web", namespace="shop")) == len(frame)
    assert len(frame_of(cluster, "/api/v1/nodes", selector="nosuch")) == 0


def test_without_options_the_path_is_what_is_asked(cluster: Cluster) -> None:
    outcome = outcome_of(cluster, "/api/v1/pods")
    assert outcome.table is not None and len(set(outcome.table.frame["namespace"])) > 1
    assert outcome.notes == ()


@pytest.mark.parametrize(
    ("target", "fields", "says"),
    [
        (
            "/api/v1/namespaces/shop/pods",
            {"namespace": "other"},
            "the path names the namespace shop, and -n names other",
        ),
        (
            "/api/v1/namespaces/shop/pods",
            {"all_namespaces": True},
            "the path names the namespace shop, and -A means all",
        ),
        ("/api/v1/nodes", {"namespace": "shop"}, "nodes are in no namespace"),
        ("/api/v1/namespaces", {"namespace": "shop"}, "namespaces are in no namespace"),
        ("/apis/rbac.authorization.k8s.io/v1/clusterroles", {"namespace": "shop"}, "clusterroles are in no namespace"),
        ("/api/v1/nodes/node-1", {"namespace": "shop"}, "is not one"),
        ("/version", {"namespace": "shop"}, "is not one"),
        ("/version", {"all_namespaces": True}, "is not one"),
        ("/api/v1", {"selector": "app=web"}, "is not one"),
        ("/api/v1/namespaces/shop/pods/web-0", {"selector": "app=web"}, "is not one"),
        ("/api/v1/pods?labelSelector=a", {"selector": "app=web"}, "has a labelSelector"),
        ("/api/v1/pods", {"namespace": "shop", "all_namespaces": True}, "-n names one namespace, -A means all"),
        ("/api/v1/pods", {"namespace": "../kube-system"}, "kube-system"),
        ("shop/web", {"namespace": "other"}, "shop/web is in the namespace shop, and -n names other"),
        ("http://web.shop.svc", {"namespace": "other"}, "is in the namespace shop"),
        ("/api/v1/namespaces/shop/services/web/proxy/", {"namespace": "other"}, "is in the namespace shop"),
        ("shop/web", {"all_namespaces": True}, "-A does not go with shop/web"),
        ("shop/web", {"selector": "app=web"}, "-l does not go with shop/web"),
        ("node/node-1", {"namespace": "shop"}, "a node is in no namespace"),
    ],
)
def test_what_cannot_be_honoured_is_refused(cluster: Cluster, target: str, fields: dict[str, Any], says: str) -> None:
    with pytest.raises(TargetError) as raised:
        outcome_of(cluster, target, **fields)
    assert says in str(raised.value) and raised.value.hint


def test_a_target_asked_before_does_not_change_that(cluster: Cluster) -> None:
    cluster.get("shop/web")
    for fields in ({"namespace": "other"}, {"all_namespaces": True}, {"selector": "a"}):
        with pytest.raises(TargetError):
            outcome_of(cluster, "shop/web", **fields)
