"""The official Python client against the demo cluster, used the way people's scripts use it."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator

import pytest
from kubernetes import client, config, watch
from kubernetes.client.exceptions import ApiException

from .demo_process import Demo, demo

SHOP = "shop"


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    with demo(tmp_path_factory.mktemp("clients")) as one:
        yield one


@contextlib.contextmanager
def signed_in(running: Demo, context: str) -> Iterator[client.ApiClient]:
    with config.new_client_from_config(config_file=str(running.kubeconfig), context=context) as api_client:
        yield api_client


@pytest.fixture(scope="module")
def admin(running: Demo) -> Iterator[client.ApiClient]:
    with signed_in(running, "demo") as api_client:
        yield api_client


@pytest.fixture
def core(admin: client.ApiClient) -> client.CoreV1Api:
    return client.CoreV1Api(admin)


@pytest.fixture
def namespace(core: client.CoreV1Api) -> Iterator[str]:
    """A namespace for one test."""
    made = core.create_namespace(client.V1Namespace(metadata=client.V1ObjectMeta(generate_name="scratch-")))
    yield made.metadata.name
    core.delete_namespace(made.metadata.name)


def _config_map(name: str, **data: str) -> client.V1ConfigMap:
    return client.V1ConfigMap(metadata=client.V1ObjectMeta(name=name, labels={"made-by": "test"}), data=data)


def _service(name: str, **selector: str) -> client.V1Service:
    spec = client.V1ServiceSpec(selector=selector, ports=[client.V1ServicePort(port=80, target_port="http")])
    return client.V1Service(metadata=client.V1ObjectMeta(name=name), spec=spec)


def test_versions_and_discovery(admin: client.ApiClient) -> None:
    assert client.VersionApi(admin).get_code().git_version.startswith("v1.37.")
    assert client.CoreApi(admin).get_api_versions().versions == ["v1"]
    groups = {group.name for group in client.ApisApi(admin).get_api_versions().groups}
    assert {"apps", "authorization.k8s.io", "discovery.k8s.io"} <= groups
    resources = {one.name: one for one in client.CoreV1Api(admin).get_api_resources().resources}
    assert resources["services"].short_names == ["svc"]
    assert "services/proxy" in resources


def test_lists(core: client.CoreV1Api, admin: client.ApiClient) -> None:
    assert {"default", "kube-system", "monitoring", SHOP} <= {one.metadata.name for one in core.list_namespace().items}
    services = {(one.metadata.namespace, one.metadata.name) for one in core.list_service_for_all_namespaces().items}
    assert {(SHOP, "web"), ("monitoring", "prometheus"), ("kube-system", "elasticsearch-logging")} <= services
    assert all(one.status.node_info.kubelet_version.startswith("v1.3") for one in core.list_node().items)
    assert core.list_event_for_all_namespaces().items[0].involved_object.kind == "Pod"
    assert {one.metadata.name for one in client.AppsV1Api(admin).list_namespaced_deployment(SHOP).items} >= {"web"}
    slices = client.DiscoveryV1Api(admin).list_namespaced_endpoint_slice(
        SHOP, label_selector="kubernetes.io/service-name=web"
    )
    assert sum(len(one.endpoints) for one in slices.items) == 3


def test_selectors_and_pages(core: client.CoreV1Api) -> None:
    web = core.list_namespaced_pod(SHOP, label_selector="app in (web)").items
    assert len(web) == 3
    assert core.list_namespaced_pod(SHOP, label_selector="app notin (web),!app").items == []
    node = web[0].spec.node_name
    there = core.list_pod_for_all_namespaces(field_selector=f"spec.nodeName={node},status.phase=Running").items
    assert web[0].metadata.name in {one.metadata.name for one in there}
    whole = [one.metadata.name for one in core.list_pod_for_all_namespaces().items]
    first = core.list_pod_for_all_namespaces(limit=4)
    assert first.metadata.remaining_item_count == len(whole) - 4
    rest = core.list_pod_for_all_namespaces(limit=500, _continue=first.metadata._continue)
    assert [one.metadata.name for one in first.items + rest.items] == whole


def test_one_object(core: client.CoreV1Api) -> None:
    web = core.read_namespaced_service("web", SHOP)
    assert (web.spec.type, web.spec.ports[0].target_port) == ("ClusterIP", "http")
    assert core.read_namespace(SHOP).status.phase == "Active"
    assert core.read_node("node-1").metadata.uid
    with pytest.raises(ApiException) as failed:
        core.read_namespaced_service("missing", SHOP)
    said = json.loads(failed.value.body)
    assert (failed.value.status, said["reason"], said["details"]) == (
        404,
        "NotFound",
        {"name": "missing", "kind": "services"},
    )


def test_create_patch_replace_delete(core: client.CoreV1Api, namespace: str) -> None:
    made = core.create_namespaced_config_map(namespace, _config_map("settings", a="1"))
    assert made.metadata.uid
    with pytest.raises(ApiException, match="AlreadyExists"):
        core.create_namespaced_config_map(namespace, _config_map("settings"))
    merged = core.patch_namespaced_config_map("settings", namespace, {"data": {"b": "2", "a": None}})
    assert merged.data == {"b": "2"}
    added = [{"op": "add", "path": "/data/c", "value": "3"}]
    assert core.patch_namespaced_config_map("settings", namespace, added).data == {"b": "2", "c": "3"}
    made.data = {"late": "yes"}
    with pytest.raises(ApiException, match="Conflict"):  # it has changed since
        core.replace_namespaced_config_map("settings", namespace, made)
    made.metadata.resource_version = None
    assert core.replace_namespaced_config_map("settings", namespace, made).data == {"late": "yes"}
    core.delete_namespaced_config_map("settings", namespace)
    assert core.list_namespaced_config_map(namespace).items == []


def test_labels_of_a_pod(core: client.CoreV1Api) -> None:
    labelled = core.patch_namespaced_pod("importer-0", SHOP, {"metadata": {"labels": {"seen": "yes"}}})
    assert labelled.metadata.labels["seen"] == "yes"
    assert [one.metadata.name for one in core.list_namespaced_pod(SHOP, label_selector="seen").items] == ["importer-0"]
    cleared = core.patch_namespaced_pod("importer-0", SHOP, {"metadata": {"labels": {"seen": None}}})
    assert "seen" not in cleared.metadata.labels


def test_a_new_service_leads_to_pods(core: client.CoreV1Api) -> None:
    core.create_namespaced_service(SHOP, _service("another", app="backoffice"))
    try:
        stats = core.connect_get_namespaced_service_proxy_with_path("another:80", SHOP, "stats", _preload_content=False)
        assert json.loads(stats.data)["pod"]
        core.patch_namespaced_service("another", SHOP, {"spec": {"selector": {"app": "nothing-has-this"}}})
        with pytest.raises(ApiException, match="no endpoints available") as failed:
            core.connect_get_namespaced_service_proxy_with_path("another:80", SHOP, "stats")
        assert failed.value.status == 503
    finally:
        assert core.delete_namespaced_service("another", SHOP).metadata.name == "another"


def test_watch(core: client.CoreV1Api, namespace: str) -> None:
    core.create_namespaced_config_map(namespace, _config_map("one", a="1"))
    seen = []
    changes = watch.Watch()
    for event in changes.stream(core.list_namespaced_config_map, namespace, timeout_seconds=20):
        seen.append((event["type"], event["object"].metadata.name, event["object"].data))
        if len(seen) == 1:
            core.patch_namespaced_config_map("one", namespace, {"data": {"a": "2"}})
            core.create_namespaced_config_map(namespace, _config_map("two", b="3"))
            core.delete_namespaced_config_map("one", namespace)
        if len(seen) == 4:
            changes.stop()
    assert seen == [
        ("ADDED", "one", {"a": "1"}),
        ("MODIFIED", "one", {"a": "2"}),
        ("ADDED", "two", {"b": "3"}),
        ("DELETED", "one", {"a": "2"}),
    ]


def test_watch_from_a_list(core: client.CoreV1Api, namespace: str) -> None:
    version = core.list_namespaced_config_map(namespace).metadata.resource_version
    core.create_namespaced_config_map(namespace, _config_map("later"))
    stream = watch.Watch().stream(
        core.list_namespaced_config_map, namespace, resource_version=version, timeout_seconds=1
    )
    assert [(event["type"], event["object"].metadata.name) for event in stream] == [("ADDED", "later")]


@pytest.mark.parametrize("segment", ["backoffice:http", "backoffice:80", "http:backoffice:80"])
def test_the_proxy_verb_of_a_service(core: client.CoreV1Api, segment: str) -> None:
    answer = core.connect_get_namespaced_service_proxy_with_path(segment, SHOP, "stats", _preload_content=False)
    assert (answer.status, answer.headers["Content-Type"]) == (200, "application/json")
    assert json.loads(answer.data)["orders"] > 0


def test_the_proxy_verb_of_a_pod_and_by_https(core: client.CoreV1Api) -> None:
    name = core.list_namespaced_pod(SHOP, label_selector="app=backoffice").items[0].metadata.name
    answer = core.connect_get_namespaced_pod_proxy_with_path(f"{name}:8080", SHOP, "stats", _preload_content=False)
    assert json.loads(answer.data)["orders"] > 0
    for segment, namespace, path in (
        ("https:payments:https", SHOP, "stats"),
        ("https:elasticsearch-logging:", "kube-system", "_cluster/health"),
    ):
        call = core.connect_get_namespaced_service_proxy_with_path
        assert call(segment, namespace, path, _preload_content=False).status == 200


def test_a_viewer_an_analyst_and_nobody(running: Demo) -> None:
    with signed_in(running, "viewer") as viewer:
        assert client.CoreV1Api(viewer).list_service_for_all_namespaces().items
        with pytest.raises(ApiException, match=r"cannot list resource .{2}secrets"):
            client.CoreV1Api(viewer).list_secret_for_all_namespaces()
    with signed_in(running, "analyst") as analyst:
        core = client.CoreV1Api(analyst)
        assert core.connect_get_namespaced_service_proxy_with_path(
            "backoffice:80", SHOP, "stats", _preload_content=False
        ).data
        for segment in ("vault", "https:payments:https"):
            with pytest.raises(ApiException) as failed:
                core.connect_get_namespaced_service_proxy_with_path(segment, SHOP, "stats")
            assert failed.value.status == 403
        rules = client.AuthorizationV1Api(analyst).create_self_subject_rules_review(
            client.V1SelfSubjectRulesReview(spec=client.V1SelfSubjectRulesReviewSpec(namespace=SHOP))
        )
        assert any("web:80" in (rule.resource_names or ()) for rule in rules.status.resource_rules)
    with signed_in(running, "nobody") as nobody:
        for ask in (client.CoreV1Api(nobody).list_namespace, client.CoreV1Api(nobody).list_node):
            with pytest.raises(ApiException) as failed:
                ask()
            assert failed.value.status == 403
        who = client.AuthenticationV1Api(nobody).create_self_subject_review(client.V1SelfSubjectReview())
        assert who.status.user_info.username == "nobody"


def test_access_reviews(running: Demo, admin: client.ApiClient) -> None:
    attributes = client.V1ResourceAttributes(
        verb="get", resource="services", subresource="proxy", name="web:80", namespace=SHOP
    )
    spec = client.V1SelfSubjectAccessReviewSpec(resource_attributes=attributes)
    allowed = {}
    for context in ("demo", "viewer", "analyst", "nobody"):
        with signed_in(running, context) as one:
            review = client.V1SelfSubjectAccessReview(spec=spec)
            answer = client.AuthorizationV1Api(one).create_self_subject_access_review(review)
            allowed[context] = answer.status.allowed
    assert allowed == {"demo": True, "viewer": False, "analyst": True, "nobody": False}
    token = running.config["users"][0]["user"]["token"]
    review = client.V1TokenReview(spec=client.V1TokenReviewSpec(token=token))
    assert client.AuthenticationV1Api(admin).create_token_review(review).status.user.username == "admin"


def test_a_wrong_token(running: Demo) -> None:
    found = running.config
    found["users"] = [{**one, "user": {"token": "wrong"}} for one in found["users"]]
    with config.new_client_from_config_dict(found) as stranger, pytest.raises(ApiException) as failed:
        client.CoreV1Api(stranger).list_namespace()
    assert (failed.value.status, json.loads(failed.value.body)["reason"]) == (401, "Unauthorized")


def test_the_dynamic_client(admin: client.ApiClient) -> None:
    from kubernetes.dynamic import DynamicClient

    dynamic = DynamicClient(admin)
    services = dynamic.resources.get(api_version="v1", kind="Service")
    assert services.get(name="web", namespace=SHOP).spec.ports[0].port == 80
    deployments = dynamic.resources.get(api_version="apps/v1", kind="Deployment")
    assert "web" in [one.metadata.name for one in deployments.get(namespace=SHOP).items]
