"""The official Python client both ways, over TLS; `make test-clients` does this with several versions (P1 to P14)."""

from __future__ import annotations

import importlib.metadata
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from kubernetes import client, config

from kubeaccess_magic import Cluster
from kubeaccess_magic.errors import AppError, ConfigError, NotFound, TargetError

LOGGING = "kube-system/elasticsearch-logging"
VERSION = int(importlib.metadata.version("kubernetes").partition(".")[0])


@pytest.fixture
def ours(kubeconfig: Path) -> Iterator[Cluster]:
    with Cluster(kubeconfig=kubeconfig) as cluster:
        yield cluster


@pytest.fixture
def theirs(kubeconfig: Path) -> Iterator[Any]:
    with config.new_client_from_config(config_file=str(kubeconfig)) as api_client:
        yield api_client


@pytest.fixture
def over_theirs(theirs: Any) -> Iterator[Cluster]:
    with Cluster(api_client=theirs, namespace="kube-system") as cluster:
        yield cluster


def token_of(kubeconfig: Path) -> str:
    """The current user's."""
    told = json.loads(kubeconfig.read_text())
    [user] = [one["context"]["user"] for one in told["contexts"] if one["name"] == told["current-context"]]
    [token] = [one["user"]["token"] for one in told["users"] if one["name"] == user]
    return str(token)


# --- the official client over our connections -------------------------------------------------------------------------


def test_it_reads(ours: Cluster) -> None:
    core = client.CoreV1Api(ours.api_client)
    names = {one.metadata.name for one in core.list_namespaced_service("kube-system").items}
    assert "elasticsearch-logging" in names
    assert core.read_namespace("kube-system").status.phase == "Active"
    assert [one.metadata.name for one in client.CoreV1Api(ours.api_client).list_namespace(limit=1).items]
    assert ours.api_client is ours.api_client


def test_it_writes(ours: Cluster) -> None:
    core = client.CoreV1Api(ours.api_client)
    metadata = client.V1ObjectMeta(name="from-the-official-client", labels={"a": "ä"})
    ports = [client.V1ServicePort(port=80)]
    core.create_namespaced_service(
        "default", client.V1Service(metadata=metadata, spec=client.V1ServiceSpec(ports=ports))
    )
    try:
        body = {"metadata": {"labels": {"b": "2"}}}
        patched = core.patch_namespaced_service(metadata.name, "default", body)
        assert patched.metadata.labels == {"a": "ä", "b": "2"}
        assert "from-the-official-client" in ours.services("default")["name"].tolist()
    finally:
        core.delete_namespaced_service(metadata.name, "default")


def test_it_reviews(ours: Cluster) -> None:
    attributes = client.V1ResourceAttributes(
        verb="get", resource="services", subresource="proxy", namespace=ours.namespace
    )
    spec = client.V1SelfSubjectAccessReviewSpec(resource_attributes=attributes)
    review = client.V1SelfSubjectAccessReview(spec=spec)
    answer = client.AuthorizationV1Api(ours.api_client).create_self_subject_access_review(review)
    assert answer.status.allowed is bool(ours.can("GET", LOGGING))


def test_its_errors_are_its_own(ours: Cluster) -> None:
    with pytest.raises(client.ApiException) as caught:
        client.CoreV1Api(ours.api_client).read_namespaced_service("nosuch", "kube-system")
    assert caught.value.status == 404
    assert json.loads(caught.value.body)["reason"] == "NotFound"


def test_it_reaches_an_app(ours: Cluster) -> None:
    core = client.CoreV1Api(ours.api_client)
    path = "_cluster/health"
    told = core.connect_get_namespaced_service_proxy_with_path("elasticsearch-logging", "kube-system", path)
    assert "status" in told  # P1: the text of a dict, which is why one asks through us


def test_it_asks_nobody_else(ours: Cluster) -> None:
    with pytest.raises(TargetError):
        ours.api_client.rest_client.pool_manager.request("GET", "https://127.0.0.2:1/x")


def test_it_follows_no_redirect(ours: Cluster) -> None:
    # P6, P9: without a path the API server redirects, and the credential would go wherever it says.
    with pytest.raises(client.ApiException) as caught:
        client.CoreV1Api(ours.api_client).connect_get_namespaced_service_proxy("elasticsearch-logging", "kube-system")
    assert caught.value.status == 301


def test_it_watches(ours: Cluster) -> None:
    from kubernetes import watch

    stream = watch.Watch()
    core = client.CoreV1Api(ours.api_client)
    events = stream.stream(core.list_namespace, timeout_seconds=5)
    assert next(iter(events))["type"] == "ADDED"
    stream.stop()


# --- ours over an official client that somebody configured ------------------------------------------------------------


def test_ours_asks(over_theirs: Cluster, ours: Cluster) -> None:
    assert (over_theirs.server, over_theirs.context) == (ours.server, None)
    assert over_theirs.user() == ours.user()
    frame = over_theirs.frame("elasticsearch-logging", "_search?q=user:kimchy")
    assert len(frame) and set(frame["user"]) == {"kimchy"}
    assert over_theirs.get(LOGGING, "_cluster/health?pretty=true").ok
    found = over_theirs.post(LOGGING, "_search", json={"query": {"match_all": {}}, "size": 1})
    assert len(found.json()["hits"]["hits"]) == 1
    assert over_theirs.head(LOGGING, "/").content == b""
    assert over_theirs.can("GET", LOGGING)


def test_ours_lists(over_theirs: Cluster) -> None:
    assert "elasticsearch-logging" in over_theirs.services()["name"].tolist()
    assert "kube-system" in over_theirs.namespaces()["name"].tolist()
    assert len(over_theirs.pods(all_namespaces=True)) and len(over_theirs.nodes()) and len(over_theirs.info())


def test_our_errors_are_ours(over_theirs: Cluster) -> None:
    with pytest.raises(NotFound):
        over_theirs.get("nosuch")
    with pytest.raises(AppError):
        over_theirs.frame(LOGGING, "/nosuchindex/_search")


def test_the_client_stays_its_owners(theirs: Any, over_theirs: Cluster) -> None:
    assert over_theirs.api_client is theirs
    over_theirs.get(LOGGING)
    over_theirs.close()
    assert client.CoreV1Api(theirs).list_namespace().items
    assert theirs.default_headers.keys() == {"User-Agent"}


def test_a_token_that_is_set_by_hand(kubeconfig: Path, ours: Cluster) -> None:
    configuration = client.Configuration()
    config.load_kube_config(config_file=str(kubeconfig), client_configuration=configuration)
    key = "BearerToken" if VERSION >= 36 else "authorization"  # P12
    configuration.refresh_api_key_hook = None
    configuration.api_key = {key: token_of(kubeconfig)}
    configuration.api_key_prefix = {key: "Bearer"}
    with client.ApiClient(configuration) as api_client, Cluster(api_client=api_client) as cluster:
        assert cluster.user() == ours.user()
        assert cluster.namespace == "default"


def test_a_token_that_its_hook_renews(kubeconfig: Path, ours: Cluster) -> None:
    configuration = client.Configuration()
    config.load_kube_config(config_file=str(kubeconfig), client_configuration=configuration)
    token, calls = token_of(kubeconfig), []

    def renew(one: Any) -> None:
        calls.append(1)
        one.api_key["authorization"] = f"Bearer {token}"

    configuration.api_key = {"authorization": "Bearer expired"}
    configuration.refresh_api_key_hook = renew
    with client.ApiClient(configuration) as api_client, Cluster(api_client=api_client) as cluster:
        assert cluster.user() == ours.user()
        assert calls


def test_no_secret_of_it_is_shown(kubeconfig: Path, over_theirs: Cluster, ours: Cluster) -> None:
    token = token_of(kubeconfig)
    for cluster in (ours, over_theirs):
        reply = cluster.get(LOGGING, "_cluster/health")
        assert token not in repr(cluster) + repr(reply) + repr(reply.request) + repr(vars(cluster.api_client))
    with pytest.raises(TypeError, match="holds secrets"):
        over_theirs.__reduce__()


def test_what_is_no_official_client() -> None:
    for wrong in (object(), 3, "https://127.0.0.1"):
        with pytest.raises(ConfigError):
            Cluster(api_client=wrong)
