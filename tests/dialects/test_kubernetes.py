from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from kubeaccess_magic.dialects import kubernetes as k8s
from kubeaccess_magic.kube import EndpointSlice, Namespace, Node, Pod, Service, decode_list, target_of
from kubeaccess_magic.targets import Target

from .answers import rows_of
from .objects import CREATED, endpoint, listed, meta, service, slice_of

TEXT = str(pd.Series(["a"]).dtype)
DTYPES = {"text": TEXT, "Int64": "Int64", "boolean": "boolean", "time": "datetime64[us, UTC]", "object": "object"} | {
    "number": "Int64",
    "float": "float64",
}


def services(*items: dict[str, Any]) -> list[Service]:
    return decode_list(listed("Service", list(items)), Service).items


def slices(*items: dict[str, Any]) -> list[EndpointSlice]:
    return decode_list(listed("EndpointSlice", list(items)), EndpointSlice).items


@pytest.mark.parametrize(
    ("name", "port", "target"),
    [
        ("web", {"port": 80}, "shop/web"),  # S2
        ("web", {"port": 80, "name": "http"}, "shop/web:http"),  # S3, S4
        ("web", {"port": 443}, "shop/https:web:"),  # N3, N14
        ("web", {"port": 443, "name": "https"}, "shop/https:web:https"),  # N4
        ("https", {"port": 80, "name": "svc"}, "svc/shop/https:svc"),  # N7
        ("services", {"port": 80}, "shop/services"),
        ("web", {"port": 8080, "name": "80"}, "shop/web:8080"),  # N13: "80" would be looked up as a number
    ],
)
def test_the_text_to_type(name, port, target):
    (found,) = services(service(name, port))
    assert str(target_of(found, (found.spec.ports or [])[0])) == target
    assert k8s.services_frame([found], None)["target"].tolist() == [target]
    assert Target.parse(target).target == target_of(found, (found.spec.ports or [])[0])


def test_a_row_a_port():
    frame = k8s.services_frame(
        services(
            service(
                "web", {"port": 80, "name": "http", "targetPort": "web"}, {"port": 53, "protocol": "UDP", "name": "dns"}
            ),
            service("bare", clusterIP="None"),
            service("ext", {"port": 80}, type="ExternalName", externalName="example.org"),
            service(
                "lb",
                {"port": 80},
                type="LoadBalancer",
                status={"loadBalancer": {"ingress": [{"ip": "192.0.2.1"}, {"hostname": "lb.example.org"}]}},
            ),
            service("ips", {"port": 80}, externalIPs=["192.0.2.7"]),
        ),
        [],
    )
    assert list(frame.columns) == list(k8s.SERVICE_COLUMNS)
    rows = rows_of(frame)
    assert [row["name"] for row in rows] == ["web", "web", "bare", "ext", "lb", "ips"]
    assert rows[0] == {
        "namespace": "shop",
        "name": "web",
        "type": "ClusterIP",
        "port_name": "http",
        "port": 80,
        "protocol": "TCP",
        "target_port": "web",
        "scheme": "http",
        "ready": 0,
        "endpoints": 0,
        "external": "",
        "app": "",
        "target": "shop/web:http",
    }
    assert (rows[1]["scheme"], rows[1]["target"], rows[1]["protocol"]) == (None, None, "UDP")
    assert (rows[2]["port"], rows[2]["target"]) == (None, None)
    assert (rows[3]["external"], rows[3]["target"]) == ("example.org", None)  # S11
    assert rows[4]["external"] == "192.0.2.1,lb.example.org"
    assert rows[5]["external"] == "192.0.2.7"


@pytest.mark.parametrize(
    ("pieces", "ready", "endpoints"),
    [
        ([], 0, 0),
        ([slice_of("web", [endpoint("a"), endpoint("b", "10.0.0.2", ready=False)], "http")], 1, 2),
        ([slice_of("web", [endpoint("a", ready=None)], "http")], 1, 1),  # F8
        (
            [
                slice_of(
                    "web",
                    [{"addresses": ["10.0.0.1"], "targetRef": {"kind": "Pod", "name": "a", "namespace": "shop"}}],
                    "http",
                )
            ],
            1,
            1,
        ),
        ([slice_of("web", [endpoint(None)], "http")], 0, 1),  # S10
        ([slice_of("web", [endpoint("a", namespace="other")], "http")], 0, 1),  # S7
        ([slice_of("web", [endpoint("a")], "admin")], 0, 0),
        ([slice_of("web", [endpoint("a")], "http"), slice_of("web", [endpoint("a", "fd00::1")], "http")], 1, 1),
        ([slice_of("web", [endpoint("a")], "http", namespace="other")], 0, 0),
        ([slice_of("other", [endpoint("a")], "http")], 0, 0),
        ([{"metadata": meta("x"), "endpoints": None, "ports": None}], 0, 0),
    ],
)
def test_endpoints_as_the_api_server_counts_them(pieces, ready, endpoints):
    frame = k8s.services_frame(services(service("web", {"port": 80, "name": "http"})), slices(*pieces))
    assert (frame["ready"][0], frame["endpoints"][0]) == (ready, endpoints)


def test_endpoints_that_could_not_be_read_are_gaps():
    found = services(service("web", {"port": 80}))
    assert rows_of(k8s.services_frame(found, None))[0]["ready"] is None
    assert rows_of(k8s.services_frame(found, [], unread={"shop"}))[0]["endpoints"] is None
    assert rows_of(k8s.services_frame(found, [], unread={"other"}))[0]["endpoints"] == 0


def test_pods():
    items = [
        {
            "metadata": meta("web-0", labels={"app": "web"}),
            "spec": {
                "nodeName": "n1",
                "containers": [{"name": "a", "ports": [{"containerPort": 80}, {"containerPort": 81}]}, {"name": "b"}],
            },
            "status": {
                "phase": "Running",
                "podIP": "10.0.0.1",
                "containerStatuses": [{"ready": True, "restartCount": 2}, {"ready": False, "restartCount": 1}],
            },
        },
        {"metadata": meta("new"), "spec": {"containers": [{"name": "a"}]}, "status": {}},
        {"metadata": {"name": "least"}},
    ]
    frame = k8s.pods_frame(decode_list(listed("Pod", items), Pod).items)
    rows = rows_of(frame)
    assert rows[0] == {
        "namespace": "shop",
        "name": "web-0",
        "phase": "Running",
        "ready": 1,
        "containers": 2,
        "restarts": 3,
        "node": "n1",
        "ip": "10.0.0.1",
        "ports": [80, 81],
        "created": pd.Timestamp(CREATED),
        "app": "web",
        "target": "pod/shop/web-0",
    }
    assert rows[1]["ip"] is None and rows[1]["ports"] == []
    assert rows[2]["created"] is None and rows[2]["target"] == "pod/least"


def test_nodes_and_namespaces():
    node = {
        "metadata": meta(
            "n1", None, labels={"node-role.kubernetes.io/worker": "", "node-role.kubernetes.io/control-plane": ""}
        ),
        "status": {
            "conditions": [{"type": "MemoryPressure", "status": "False"}, {"type": "Ready", "status": "True"}],
            "addresses": [{"type": "Hostname", "address": "n1"}, {"type": "InternalIP", "address": "10.1.0.1"}],
            "nodeInfo": {"kubeletVersion": "v1.37.2"},
            "allocatable": {"cpu": "3920m", "memory": "1.5Gi", "pods": "110"},
        },
    }
    unknown = {"metadata": meta("n2", None), "status": {"conditions": [{"type": "Ready", "status": "Unknown"}]}}
    rows = rows_of(k8s.nodes_frame(decode_list(listed("Node", [node, unknown]), Node).items))
    assert rows[0] == {
        "name": "n1",
        "ready": True,
        "roles": "control-plane,worker",
        "version": "v1.37.2",
        "internal_ip": "10.1.0.1",
        "cpu_cores": 3.92,
        "memory_bytes": 3 * 2**29,
        "pods": 110,
        "created": pd.Timestamp(CREATED),
        "target": "node/n1",
    }
    assert rows[1]["ready"] is None and rows[1]["roles"] == ""
    space = {"metadata": meta("shop", None), "status": {"phase": "Active"}}
    (row,) = rows_of(k8s.namespaces_frame(decode_list(listed("Namespace", [space]), Namespace).items))
    assert row == {"name": "shop", "phase": "Active", "created": pd.Timestamp(CREATED)}


@pytest.mark.parametrize(
    ("frame", "kinds"),
    [
        (lambda: k8s.services_frame([], []), k8s.SERVICE_COLUMNS),
        (lambda: k8s.pods_frame([]), k8s.POD_COLUMNS),
        (lambda: k8s.nodes_frame([]), k8s.NODE_COLUMNS),
        (lambda: k8s.namespaces_frame([]), k8s.NAMESPACE_COLUMNS),
        (lambda: k8s.services_frame(services(service("web", {"port": 80})), None), k8s.SERVICE_COLUMNS),
        (lambda: k8s.pods_frame(decode_list(listed("Pod", [{"metadata": {"name": "a"}}]), Pod).items), k8s.POD_COLUMNS),
        (
            lambda: k8s.nodes_frame(decode_list(listed("Node", [{"metadata": {"name": "a"}}]), Node).items),
            k8s.NODE_COLUMNS,
        ),
    ],
)
def test_columns_and_dtypes_do_not_depend_on_the_rows(frame, kinds):
    table = frame()
    assert {name: str(dtype) for name, dtype in table.dtypes.items()} == {
        name: DTYPES[kind] for name, kind in kinds.items()
    }


def test_a_name_that_no_target_can_have_costs_no_list():
    frame = k8s.services_frame(services(service("Odd_Name", {"port": 80}), service("web", {"port": 80})), None)
    assert [row["target"] for row in rows_of(frame)] == [None, "shop/web"]
