"""The official Python client over our connections, and ours over one that somebody configured."""

from __future__ import annotations

import io
from collections.abc import Callable

import pytest
from kubernetes import client, config

from kubeaccess_magic import Cluster
from kubeaccess_magic.errors import AccessDenied, ConfigError, NotFound, TargetError

from .control_plane import Real


@pytest.mark.parametrize("user", ["editor", "alice"])
def test_the_official_client_over_ours(real: Real, as_user: Callable[[str], Cluster], user: str) -> None:
    core = client.CoreV1Api(as_user(user).api_client)
    names = {one.metadata.name for one in core.list_namespaced_service("demo").items}
    assert {"web", "multi"} <= names
    assert core.read_namespaced_pod("web-0", "demo").status.pod_ip == "10.203.0.2"
    with pytest.raises(client.ApiException) as caught:
        core.list_node()
    assert caught.value.status == 403
    assert core.connect_get_namespaced_service_proxy_with_path("web:80", "demo", "status/200") == "the app says 200\n"
    review = client.V1SelfSubjectReview()
    assert (
        client.AuthenticationV1Api(as_user(user).api_client)
        .create_self_subject_review(review)
        .status.user_info.username
        == user
    )


def test_the_official_client_writes(as_user: Callable[[str], Cluster]) -> None:
    core = client.CoreV1Api(as_user("admin").api_client)
    made = core.create_namespaced_config_map(
        "demo", client.V1ConfigMap(metadata={"generateName": "c-"}, data={"a": "1"})
    )
    try:
        patched = core.patch_namespaced_config_map(made.metadata.name, "demo", {"data": {"b": "2"}})
        assert patched.data == {"a": "1", "b": "2"}
    finally:
        core.delete_namespaced_config_map(made.metadata.name, "demo")


def test_one_connection_for_both(real: Real) -> None:
    with Cluster(kubeconfig=real.kubeconfig()) as cluster:
        first, second = cluster.api_client, cluster.api_client
        assert first is second
        client.CoreV1Api(first).list_namespace()
        assert cluster.get("web").ok


def test_the_official_client_asks_nobody_else(as_user: Callable[[str], Cluster]) -> None:
    api_client = as_user("admin").api_client
    with pytest.raises(TargetError):
        api_client.rest_client.pool_manager.request("GET", "https://192.0.2.3/x")
    # T28, P9: a redirect of an app is not followed with the credential.
    core = client.CoreV1Api(api_client)
    with pytest.raises(client.ApiException) as caught:
        core.connect_get_namespaced_service_proxy_with_path("web:80", "demo", "status/302")
    assert caught.value.status == 302


@pytest.mark.parametrize("user", ["editor", "alice", "narrow"])
def test_ours_over_the_official_client(real: Real, user: str) -> None:
    api_client = config.new_client_from_config(config_file=str(real.kubeconfig(user)))
    with api_client, Cluster(api_client=api_client, namespace="demo") as cluster:
        assert (cluster.server, cluster.namespace, cluster.context) == (real.server, "demo", None)
        assert cluster.user() == user
        assert cluster.get("web", "/status/200").text == "the app says 200\n"
        if user == "narrow":
            assert cluster.get("web").request.target.port == "80"
            with pytest.raises(AccessDenied):
                cluster.services()
        else:
            assert len(cluster.services()) > 20
            assert cluster.post("web", json={"a": 1}).ok
            assert len(cluster.frame("web", "/stats")) == 12
            with pytest.raises(NotFound):
                cluster.get("nosuch")
        assert cluster.api_client is api_client
        client.CoreV1Api(api_client)  # still its owner's
        assert "Cluster" in repr(cluster) and real.token(user) not in repr(cluster)
        with pytest.raises(TypeError, match="holds secrets"):
            cluster.__reduce__()


def test_an_official_client_from_a_dict(real: Real) -> None:
    configuration = client.Configuration()
    configuration.host = real.server
    configuration.ssl_ca_cert = str(real.ca_file)
    configuration.api_key = {"authorization": f"Bearer {real.token('viewer')}"}
    with client.ApiClient(configuration) as api_client, Cluster(api_client=api_client) as cluster:
        assert cluster.namespace == "default"
        assert cluster.user() == "viewer"
        assert len(cluster.services("demo")) > 20
        api_client.set_default_header("X-Own", "1")
        assert cluster.nodes()["name"].tolist() == ["node-1"]


def test_what_is_no_official_client(real: Real) -> None:
    for wrong in (object(), io.StringIO(), client.CoreV1Api(client.ApiClient(client.Configuration()))):
        with pytest.raises(ConfigError):
            Cluster(api_client=wrong)
    with client.ApiClient(client.Configuration()) as api_client, pytest.raises(ConfigError):
        Cluster(api_client=api_client, kubeconfig=real.kubeconfig())
