"""The API's objects as typed values, and what follows from them alone."""

from __future__ import annotations

import json

import pytest
from dialects.objects import listed, meta, service

from kubeaccess_magic.errors import LoadError
from kubeaccess_magic.kube import (
    ENDPOINTSLICES,
    NAMESPACES,
    PODS,
    Pod,
    Service,
    app_of,
    decode,
    decode_list,
    default_container,
    matching_ports,
    path_of,
    pod_is_ready,
    pod_state,
    scheme_of,
    speaks_http,
    status_of,
)


@pytest.mark.parametrize(
    ("port", "scheme"),
    [
        ({"port": 80}, "http"),
        ({"port": 443}, "https"),
        ({"port": 443, "name": "http"}, "https"),
        ({"port": 8443, "name": "https"}, "https"),
        ({"port": 8443, "name": "https-admin"}, "https"),
        ({"port": 8443, "name": "httpsx"}, "http"),
        ({"port": 8080, "name": "web", "appProtocol": "https"}, "https"),
        ({"port": 8080, "name": "web", "appProtocol": "HTTPS"}, "https"),
        ({"port": 443, "name": "https", "appProtocol": "http"}, "http"),
        ({"port": 8080, "appProtocol": "kubernetes.io/wss"}, "https"),
        ({"port": 8080, "appProtocol": "kubernetes.io/h2c"}, "http"),
        ({"port": 8080, "appProtocol": "example.com/mine", "name": "https"}, "https"),
        ({"port": 6379, "appProtocol": "redis"}, None),
        ({"port": 9000, "appProtocol": "grpc"}, None),
        ({"port": 53, "name": "dns", "protocol": "UDP"}, None),
        ({"port": 53, "name": "dns-tcp", "protocol": "TCP"}, None),
        ({"port": 53}, None),
        ({"port": 443, "name": "https", "protocol": "UDP"}, None),
        ({"port": 80, "protocol": "SCTP"}, None),
        ({"port": 9153, "name": "metrics", "protocol": "TCP"}, "http"),
    ],
)
def test_scheme_of_a_port(port, scheme):
    (found,) = decode(json.dumps(service("web", port)).encode(), Service).spec.ports or ()
    assert scheme_of(found) == scheme
    assert speaks_http(found) is (scheme is not None)


@pytest.mark.parametrize(
    ("labels", "name", "app"),
    [
        ({"app.kubernetes.io/name": "prometheus"}, "", "Prometheus"),
        ({"k8s-app": "elasticsearch-logging", "kubernetes.io/name": "Elasticsearch"}, "", "Elasticsearch"),
        ({"k8s-app": "kube-dns", "kubernetes.io/name": "CoreDNS"}, "", "CoreDNS"),
        ({"app": "kube-prometheus-stack-alertmanager"}, "", "Alertmanager"),
        ({"app": "kube-prometheus-stack-prometheus"}, "", "Prometheus"),
        ({"app": "kube-prometheus-stack-operator"}, "", "kube-prometheus-stack-operator"),
        ({"app": "kube-prometheus-stack-kubelet"}, "", "kube-prometheus-stack-kubelet"),
        ({"app": "prometheus-node-exporter"}, "", "node exporter"),
        ({"app": "elasticsearch-exporter"}, "", "elasticsearch-exporter"),
        ({"app": "monitoring-grafana"}, "", "Grafana"),
        ({"app": "opensearch-dashboards"}, "", "OpenSearch Dashboards"),
        ({"app": "thanos-query"}, "", "Thanos"),
        ({"app.kubernetes.io/name": "checkout", "app": "loki"}, "", "Loki"),
        ({"app": "web"}, "", "web"),
        ({}, "kibana-logging", "Kibana"),
        ({}, "metrics-server", "metrics-server"),
        (None, "web", ""),
    ],
)
def test_apps_are_recognised_by_their_labels(labels, name, app):
    assert app_of(labels, name) == app


@pytest.mark.parametrize("items", [None, []])
def test_an_empty_page(items):
    page = decode_list(listed("Pod", items, remainingItemCount=3, **{"continue": "abc"}), Pod)
    assert page.items == [] and page.metadata.token == "abc" and page.metadata.remaining_item_count == 3


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b'{"metadata": {}, "items": [{}]}', b'{"metadata": {}, "items": [{"metadata": {"name": 5}}]}'],
)
def test_what_is_no_list(body):
    with pytest.raises(LoadError, match="not a valid PodList"):
        decode_list(body, Pod)


@pytest.mark.parametrize(
    "body", [b"", b"[]", b'{"spec": {}}', b'{"metadata": {"name": 5}}', b'{"metadata": {"name": "\xff"}}']
)
def test_what_is_not_an_object(body):
    with pytest.raises(LoadError, match="not a valid Pod"):
        decode(body, Pod)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (NAMESPACES.path(), "/api/v1/namespaces"),
        (NAMESPACES.path(name="shop"), "/api/v1/namespaces/shop"),
        (PODS.path("shop"), "/api/v1/namespaces/shop/pods"),
        (PODS.path("shop", "web-0"), "/api/v1/namespaces/shop/pods/web-0"),
        (PODS.path("a/b", "../c?d"), "/api/v1/namespaces/a%2Fb/pods/..%2Fc%3Fd"),
        (ENDPOINTSLICES.path("shop"), "/apis/discovery.k8s.io/v1/namespaces/shop/endpointslices"),
        (path_of("deployments", group="apps"), "/apis/apps/v1/deployments"),
    ],
)
def test_paths_of_lists_and_objects(path, expected):
    assert path == expected


def status(**fields):
    return json.dumps({"kind": "Status", "status": "Failure", **fields}).encode()


def test_a_status_is_read():
    found = status_of(
        status(
            code=403,
            reason="Forbidden",
            message='pods "a" is forbidden: User "me" cannot get',
            details={"name": "a", "kind": "pods"},
        )
    )
    assert found is not None
    assert (found.code, found.reason, found.name, found.kind, found.token) == (403, "Forbidden", "a", "pods", "")
    assert found.user == "me"
    expired = status_of(status(code=410, metadata={"continue": "fresh"}))
    assert expired is not None and expired.token == "fresh" and expired.user is None


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"no",
        b"[]",
        b"{",
        b'{"kind": "Status", "status": "Success"}',
        b'{"kind": "Pod", "status": "Failure"}',
        b"[" * 100_000,
        b"{" + b" " * (1 << 20) + b"}",
        b'{"a": "\xff"}',
    ],
)
def test_what_is_not_a_status(body):
    assert status_of(body) is None


def test_fields_of_the_wrong_type_count_as_missing():
    found = status_of(status(code="403", reason=1, message=None, details=[], metadata="x"))
    assert found is not None
    assert (found.code, found.reason, found.message, found.name, found.token) == (0, "", "", "", "")


@pytest.mark.parametrize(
    ("fields", "is_ready", "state"),
    [
        ({"phase": "Running", "containerStatuses": [{"ready": True}]}, True, "not ready"),
        ({"phase": "Running", "containerStatuses": [{"ready": True}, {"ready": False}]}, False, "not ready"),
        ({"phase": "Running", "containerStatuses": []}, False, "not ready"),
        ({"phase": "Running"}, False, "not ready"),
        ({"phase": "Pending"}, False, "Pending"),
        ({}, False, "not ready"),
        (
            {"phase": "Running", "containerStatuses": [{"state": {"waiting": {"reason": "CrashLoopBackOff"}}}]},
            False,
            "CrashLoopBackOff",
        ),
    ],
)
def test_readiness_of_a_pod(fields, is_ready, state):
    pod = decode(json.dumps({"metadata": meta("a"), "status": fields}).encode(), Pod)
    assert (pod_is_ready(pod), pod_state(pod)) == (is_ready, state)


@pytest.mark.parametrize(
    ("spec", "addresses"),
    [
        ({}, []),
        ({"status": None}, []),
        ({"externalIPs": ["192.0.2.1", "192.0.2.1"]}, ["192.0.2.1"]),
        (
            {
                "externalIPs": ["192.0.2.7"],
                "status": {"loadBalancer": {"ingress": [{"ip": "192.0.2.1"}, {"hostname": "lb.example.org"}, {}]}},
            },
            ["192.0.2.1", "lb.example.org", "192.0.2.7"],
        ),
        ({"type": "ExternalName", "externalName": "example.org"}, ["example.org"]),
        ({"type": "ExternalName"}, []),
    ],
)
def test_external_addresses_of_a_service(spec, addresses):
    assert decode(json.dumps(service("web", **spec)).encode(), Service).external_addresses == addresses


@pytest.mark.parametrize(
    ("annotations", "containers", "expected"),
    [
        (None, ["a", "b"], "a"),
        ({"kubectl.kubernetes.io/default-container": "b", "other": "x"}, ["a", "b"], "b"),
        ({"kubectl.kubernetes.io/default-container": "gone"}, ["a", "b"], "a"),
        (None, [], None),
    ],
)
def test_default_container(annotations, containers, expected):
    """Y12."""
    spec = {"containers": [{"name": name} for name in containers]}
    item = {"metadata": meta("a", annotations=annotations), "spec": spec}
    assert default_container(decode(json.dumps(item).encode(), Pod)) == expected


@pytest.mark.parametrize(
    ("port", "numbers"),
    [("http", [80]), ("80", [80]), ("+80", [80]), ("", [81]), ("81", [81]), ("82", []), ("admin", []), ("-80", [])],
)
def test_ports_that_the_api_server_takes_for_a_typed_one(port, numbers):
    """S1, S2, S4."""
    item = service("web", {"port": 80, "name": "http"}, {"port": 81})
    found = matching_ports(decode(json.dumps(item).encode(), Service), port)
    assert [one.port for one in found] == numbers
