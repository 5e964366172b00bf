"""Every list that a real API server has, as frames; and what becomes of a list whose version is forgotten."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Iterator
from typing import Any

import fetching
import pytest
import urllib3
from preparing import prepared

from kubeaccess_magic import Cluster
from kubeaccess_magic.call import Call
from kubeaccess_magic.dialects.kubernetes.kinds import COLUMNS

from .control_plane import ETCD, Real

NAMESPACE = "lists"
AT = {"namespace": NAMESPACE}


def made(kind: str, version: str, name: str, where: dict[str, str] = AT, **fields: Any) -> dict[str, Any]:
    return {"apiVersion": version, "kind": kind, "metadata": {"name": name, **where}, **fields}


POD = {"containers": [{"name": "web", "image": "web:1", "resources": {"requests": {"cpu": "250m"}}}]}
TEMPLATE = {"metadata": {"labels": {"app": "web"}}, "spec": POD}
SELECTOR = {"matchLabels": {"app": "web"}}
PATH = {"path": "/a", "pathType": "Prefix", "backend": {"service": {"name": "web", "port": {"number": 80}}}}
DELAYED = {"volumeBindingMode": "WaitForFirstConsumer", "provisioner": "example.org/disk"}
SCALE = {"scaleTargetRef": {"kind": "Deployment", "name": "web", "apiVersion": "apps/v1"}, "maxReplicas": 5}
CPU = {"type": "Resource", "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 80}}}
RULES = [{"apiGroups": ["apps", ""], "resources": ["deployments"], "verbs": ["get", "list"], "resourceNames": ["web"]}]
HOOK = {
    "name": "a.example.org",
    "clientConfig": {"service": {"namespace": NAMESPACE, "name": "web"}},
    "sideEffects": "None",
    "admissionReviewVersions": ["v1"],
    "failurePolicy": "Ignore",
}
OBJECTS = [
    made("Namespace", "v1", NAMESPACE, {}),
    made("ConfigMap", "v1", "settings", data={"a": "höre", "b": ""}, binaryData={"c": "AAECAw=="}),
    made("Secret", "v1", "login", type="Opaque", data={"password": "c2VjcmV0LXdvcmQ="}),
    made("Deployment", "apps/v1", "web", spec={"replicas": 3, "selector": SELECTOR, "template": TEMPLATE}),
    made("StatefulSet", "apps/v1", "db", spec={"serviceName": "db", "selector": SELECTOR, "template": TEMPLATE}),
    made("DaemonSet", "apps/v1", "logs", spec={"selector": SELECTOR, "template": TEMPLATE}),
    made(
        "CronJob",
        "batch/v1",
        "backup",
        spec={
            "schedule": "5 * * * *",
            "jobTemplate": {"spec": {"template": {"spec": {"restartPolicy": "Never", **POD}}}},
        },
    ),
    made("Job", "batch/v1", "once", spec={"template": {"spec": {"restartPolicy": "Never", **POD}}}),
    made("HorizontalPodAutoscaler", "autoscaling/v2", "web", spec={**SCALE, "metrics": [CPU]}),
    made("PodDisruptionBudget", "policy/v1", "web", spec={"minAvailable": "50%", "selector": SELECTOR}),
    made("Service", "v1", "web", spec={"ports": [{"name": "http", "port": 80}], "selector": {"app": "web"}}),
    made(
        "Ingress",
        "networking.k8s.io/v1",
        "web",
        spec={"rules": [{"host": "a.example.org", "http": {"paths": [PATH]}}], "tls": [{"hosts": ["a.example.org"]}]},
    ),
    made("IngressClass", "networking.k8s.io/v1", "front", {}, spec={"controller": "example.org/front"}),
    made(
        "NetworkPolicy",
        "networking.k8s.io/v1",
        "deny",
        spec={
            "podSelector": {"matchExpressions": [{"key": "app", "operator": "In", "values": ["a", "b"]}]},
            "ingress": [{}],
        },
    ),
    made(
        "PersistentVolume",
        "v1",
        "disk-0",
        {},
        spec={"capacity": {"storage": "1.5Gi"}, "accessModes": ["ReadWriteOnce"], "hostPath": {"path": "/disk"}},
    ),
    made(
        "PersistentVolumeClaim",
        "v1",
        "data",
        spec={"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "500M"}}},
    ),
    made("StorageClass", "storage.k8s.io/v1", "fast", {}, **DELAYED),
    made("ServiceAccount", "v1", "runner"),
    made("Role", "rbac.authorization.k8s.io/v1", "reader", rules=RULES),
    made(
        "RoleBinding",
        "rbac.authorization.k8s.io/v1",
        "reader",
        subjects=[{"kind": "ServiceAccount", "name": "runner", "namespace": NAMESPACE}],
        roleRef={"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "reader"},
    ),
    made(
        "ResourceQuota", "v1", "most", spec={"hard": {"requests.cpu": "1500m", "requests.memory": "1Gi", "pods": "10"}}
    ),
    made(
        "LimitRange",
        "v1",
        "each",
        spec={
            "limits": [
                {
                    "type": "Container",
                    "default": {"cpu": "500m"},
                    "defaultRequest": {"cpu": "100m"},
                    "max": {"memory": "1Gi"},
                }
            ]
        },
    ),
    made(
        "Lease",
        "coordination.k8s.io/v1",
        "leader",
        spec={"holderIdentity": "me", "leaseDurationSeconds": 15, "renewTime": "2026-11-01T00:00:00.123456Z"},
    ),
    made("PriorityClass", "scheduling.k8s.io/v1", "high", {}, value=1000000, description="above all"),
    made("RuntimeClass", "node.k8s.io/v1", "sandbox", {}, handler="gvisor"),
    made("CSIDriver", "storage.k8s.io/v1", "disk.example.org", {}, spec={"attachRequired": False}),
    made("ValidatingWebhookConfiguration", "admissionregistration.k8s.io/v1", "checks", {}, webhooks=[HOOK]),
    made(
        "Event",
        "v1",
        "e1",
        involvedObject={"kind": "Pod", "name": "web-0", "namespace": NAMESPACE},
        reason="Pulled",
        message="pulled it",
        type="Normal",
        count=3,
        lastTimestamp="2026-11-01T01:00:00Z",
    ),
    made(
        "CustomResourceDefinition",
        "apiextensions.k8s.io/v1",
        "widgets.example.org",
        {},
        spec={
            "group": "example.org",
            "scope": "Namespaced",
            "names": {"kind": "Widget", "plural": "widgets"},
            "versions": [
                {
                    "name": "v1",
                    "served": True,
                    "storage": True,
                    "schema": {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}},
                }
            ],
        },
    ),
]


@pytest.fixture(scope="module")
def objects(real: Real, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """One of nearly every kind that somebody makes, by kubectl."""
    file = tmp_path_factory.mktemp("lists") / "objects.json"
    file.write_text(json.dumps({"kind": "List", "apiVersion": "v1", "items": OBJECTS}))
    applied = real.run_kubectl("create", "-f", str(file))
    assert applied.returncode == 0, applied.stderr
    yield
    # Nothing here ends a namespace; the others go, so that no other test counts them.
    file.write_text(json.dumps({"kind": "List", "apiVersion": "v1", "items": OBJECTS[1:]}))
    gone = real.run_kubectl("delete", "-f", str(file), "--wait=false", timeout_s=60)
    assert gone.returncode == 0, gone.stderr


def served(real: Real) -> dict[str, str]:
    """The path of every list that the server has, by group and kind."""
    found = {}
    groups = ["/api/v1"] + [
        f"/apis/{group['preferredVersion']['groupVersion']}" for group in real.ask("GET", "/apis").json()["groups"]
    ]
    for path in groups:
        told = real.ask("GET", path).json()
        for one in told["resources"]:
            if "/" not in one["name"] and "list" in one["verbs"]:
                group = told["groupVersion"].rpartition("/")[0]
                found[f"{group}/{one['kind']}"] = f"{path}/{one['name']}"
    return found


ROWS: dict[str, dict[str, Any]] = {
    "/ConfigMap": {"name": "settings", "keys": ["a", "b", "c"], "size_bytes": 9},
    "/Secret": {"name": "login", "type": "Opaque", "keys": ["password"], "size_bytes": 11},
    "apps/Deployment": {"replicas": 3, "ready": 0, "images": ["web:1"]},
    "batch/CronJob": {"schedule": "5 * * * *", "suspended": False, "images": ["web:1"]},
    "batch/Job": {"completions": 1, "active": 0},
    "autoscaling/HorizontalPodAutoscaler": {"scales": "Deployment/web", "metrics": ["cpu ?/80"], "maximum": 5},
    "policy/PodDisruptionBudget": {"selector": "app=web", "min_available": "50%"},
    "/Service": {"name": "web", "ports": ["http 80/TCP"], "type": "ClusterIP"},
    "networking.k8s.io/Ingress": {"backends": ["a.example.org/a web:80"], "tls": ["a.example.org"]},
    "networking.k8s.io/NetworkPolicy": {"pods": "app in (a,b)", "types": ["Ingress"], "ingress_rules": 1},
    "/PersistentVolume": {"capacity_bytes": 3 * 2**29, "source": "hostPath", "reclaim_policy": "Retain"},
    "/PersistentVolumeClaim": {"request_bytes": 500_000_000, "phase": "Pending"},
    "storage.k8s.io/StorageClass": {"provisioner": "example.org/disk", "binding_mode": "WaitForFirstConsumer"},
    "rbac.authorization.k8s.io/Role": {"rules": ["get,list deployments.apps,deployments (web)"]},
    "rbac.authorization.k8s.io/RoleBinding": {
        "role": "Role/reader",
        "subjects": [f"ServiceAccount/{NAMESPACE}/runner"],
    },
    "/ResourceQuota": {"resource": "requests.cpu", "hard": 1.5},
    "/LimitRange": {"type": "Container", "resource": "cpu", "default_limit": 0.5, "default_request": 0.1},
    "coordination.k8s.io/Lease": {"holder": "me", "lasts_s": 15},
    "scheduling.k8s.io/PriorityClass": {"name": "high", "value": 1000000, "default": False},
    "admissionregistration.k8s.io/ValidatingWebhookConfiguration": {"services": [f"{NAMESPACE}/web"]},
    "/Event": {"object": "Pod/web-0", "count": 3, "message": "pulled it"},
    "events.k8s.io/Event": {"object": "Pod/web-0", "count": 3, "message": "pulled it"},
    "apiextensions.k8s.io/CustomResourceDefinition": {"name": "widgets.example.org", "scope": "Namespaced"},
}


def test_every_list_that_there_is(real: Real, cluster: Cluster, objects: None) -> None:
    lists = served(real)
    missing = set(COLUMNS) - set(lists)
    assert len(set(COLUMNS) & set(lists)) > 45, missing
    assert not {kind for kind in missing if "/" + kind.split("/")[1] in {"/Pod", "/Service", "/Node"}}
    for kind, path in lists.items():
        frame = cluster.frame(path)
        if kind in COLUMNS:
            assert list(frame.columns) == list(COLUMNS[kind]), kind
        assert frame.attrs["kproxy"]["dialect"] == "kubernetes" and frame.attrs["kproxy"]["rows"] == len(frame), kind
        wide = cluster.frame(path, wide=True)
        assert len(wide) == len(frame) or kind in ("/ResourceQuota", "/LimitRange"), kind
    for kind, expected in ROWS.items():
        frame = cluster.frame(lists[kind])
        own = frame[frame["namespace"] == NAMESPACE] if "namespace" in frame else frame
        rows = [dict(zip(own.columns, row, strict=True)) for row in own.itertuples(index=False)]
        assert any(all(row[name] == value for name, value in expected.items()) for row in rows), (kind, expected, rows)


def test_a_secret_is_shown_by_its_keys_alone(cluster: Cluster, objects: None) -> None:
    path = f"/api/v1/namespaces/{NAMESPACE}/secrets"
    assert "c2VjcmV0" not in cluster.frame(path).to_string(max_colwidth=None)
    assert "c2VjcmV0LXdvcmQ=" in cluster.frame(path, wide=True).to_string(max_colwidth=None)


def test_custom_resources_are_read_whole_in_pages(real: Real, cluster: Cluster, objects: None) -> None:
    """Their lists have the items before the head (F1)."""
    path = f"/apis/example.org/v1/namespaces/{NAMESPACE}/widgets"
    for number in range(7):
        answer = None
        for _ in range(100):  # the path is served a moment after its definition
            answer = real.ask("POST", path, made("Widget", "example.org/v1", f"w{number}", spec={"size": number}))
            if answer.status != 404:
                break
            time.sleep(0.1)
        assert answer is not None and answer.status == 201, answer and answer.data
    assert real.ask("GET", path).data.startswith(b'{"apiVersion"')
    frame = cluster.frame(path)
    assert frame["spec.size"].tolist() == list(range(7))
    three = cluster.frame(path, limit=3)
    assert (len(three), three.attrs["kproxy"]["of"]) == (3, 7)


def test_tables(cluster: Cluster, objects: None) -> None:
    """The Accept header is the asker's (F4)."""
    headers = {"Accept": "application/json;as=Table;v=v1;g=meta.k8s.io"}
    frame = cluster.frame("/apis/apps/v1/deployments", headers=headers, labels="app")
    assert list(frame.columns)[:3] == ["namespace", "Name", "Ready"]
    row = frame[frame["namespace"] == NAMESPACE].iloc[0]
    assert (row["Name"], row["Ready"]) == ("web", "0/3")
    partial = {"Accept": "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io"}
    assert "web" in cluster.frame("/apis/apps/v1/deployments", headers=partial)["name"].tolist()


def test_labels_and_selectors(cluster: Cluster) -> None:
    everything = cluster.frame("/api/v1/pods", labels=["app"])
    app = everything["labels.app"].dropna().iloc[0]
    some = cluster.frame("/api/v1/pods", params={"labelSelector": f"app={app}"}, labels="app")
    assert 0 < len(some) <= len(everything) and set(some["labels.app"]) == {app}


def compacted() -> None:
    """Let etcd forget all that was, as it does every five minutes for a real cluster."""
    pool = urllib3.PoolManager()
    now = pool.request("POST", f"{ETCD}/v3/kv/range", body=b'{"key":"AA=="}').json()["header"]["revision"]
    order = json.dumps({"revision": now, "physical": True}).encode()
    done = pool.request("POST", f"{ETCD}/v3/kv/compaction", body=order)
    assert done.status == 200, done.data


def test_a_list_goes_on_when_its_version_is_forgotten(real: Real, cluster: Cluster) -> None:
    """410 brings a fresh token (F1), of a later moment, which is said."""
    path = f"/api/v1/namespaces/{NAMESPACE}/configmaps"
    real.ask("POST", "/api/v1/namespaces", made("Namespace", "v1", NAMESPACE, {}))
    for number in range(520):
        real.ask("POST", path, made("ConfigMap", "v1", f"many-{number:04d}", data={"n": str(number)}))
    asked: list[str] = []
    request = prepared(cluster, "GET", path).request

    def send(one: Any, call: Any) -> Any:
        if len(asked) == 1:  # a long time passes: the API server remembers some versions beyond etcd's, not this one
            real.ask("POST", path, made("ConfigMap", "v1", "zz-later", data={}))
            compacted()
            told = json.loads(base64.urlsafe_b64decode(one.param("continue") + "=="))
            old = base64.urlsafe_b64encode(json.dumps(told | {"rv": 2}).encode()).decode().rstrip("=")
            one = one.with_param("continue", old)
        asked.append(one.query)
        return cluster.get(f"{one.path}?{one.query}")

    framed = fetching.fetched(request, send, Call())
    names = framed.table.frame["name"].tolist()
    assert len(asked) == 3 and asked[1] != asked[2]
    assert names == sorted(names) and len(set(names)) == len(names) and "many-0519" in names and "zz-later" in names
    assert framed.note is not None and "more than one moment" in framed.note


def test_kubectl_counts_the_same(real: Real, cluster: Cluster, objects: None) -> None:
    for resource, path in {"pods": "/api/v1/pods", "roles": "/apis/rbac.authorization.k8s.io/v1/roles"}.items():
        listed = real.run_kubectl("get", resource, "-A", "-o", "name")
        assert len(listed.stdout.split()) == len(cluster.frame(path))
