"""Objects of an API server by the tens of thousands, as JSON: what a cluster of some size has of pods and services.

A pod has the size that one of a Deployment with two containers has (5.8 KB), a third of it ``managedFields``.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

__all__ = ["endpointslices", "page", "pods", "services"]

_AT = "@NUMBER@"


def pods(count: int) -> Iterator[bytes]:
    """Pods, each another name, address, node and number of restarts."""
    made = {
        "metadata": {
            "name": f"web-6d4b75cb6d-{_AT}",
            "generateName": "web-6d4b75cb6d-",
            "namespace": "team-@TEAM@",
            "uid": f"00000000-0000-4000-8000-{_AT}",
            "resourceVersion": _AT,
            "creationTimestamp": "2026-11-01T00:@MINUTE@:01Z",
            "labels": {"app.kubernetes.io/name": "web", "pod-template-hash": "6d4b75cb6d", "tier": "front"},
            "annotations": {"prometheus.io/scrape": "true", "checksum/config": "0123456789abcdef" * 4},
            "ownerReferences": [{"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "web-6d4b75cb6d", "uid": _AT}],
            "managedFields": [
                {
                    "manager": manager,
                    "operation": "Update",
                    "apiVersion": "v1",
                    "time": "2026-11-01T00:00:01Z",
                    "fieldsType": "FieldsV1",
                    "fieldsV1": {"f:status": {f"f:field{n}": {".": {}, "f:type": {}} for n in range(20)}},
                }
                for manager in ("kube-controller-manager", "kubelet")
            ],
        },
        "spec": {
            "volumes": [{"name": "config", "configMap": {"name": "web", "defaultMode": 420}}],
            "containers": [_container("web", 8080), _container("log", None)],
            "restartPolicy": "Always",
            "serviceAccountName": "web",
            "nodeName": "node-@NODE@",
            "tolerations": [
                {
                    "key": f"node.kubernetes.io/{why}",
                    "operator": "Exists",
                    "effect": "NoExecute",
                    "tolerationSeconds": 300,
                }
                for why in ("not-ready", "unreachable")
            ],
        },
        "status": {
            "phase": "Running",
            "conditions": [
                {"type": kind, "status": "True", "lastProbeTime": None, "lastTransitionTime": "2026-11-01T00:00:09Z"}
                for kind in ("PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady", "PodScheduled")
            ],
            "hostIP": "10.1.0.@NODE@",
            "podIP": "10.42.@MINUTE@.@NODE@",
            "podIPs": [{"ip": "10.42.@MINUTE@.@NODE@"}],
            "startTime": "2026-11-01T00:00:01Z",
            "containerStatuses": [_status("web", "@RESTARTS@"), _status("log", "1")],
            "qosClass": "Burstable",
        },
    }
    yield from _many(made, count)


def _container(name: str, port: int | None) -> dict[str, object]:
    return {
        "name": name,
        "image": f"registry.example.org/shop/{name}:1.8.2",
        "args": ["--listen=:8080", "--log.level=info", "--config=/etc/web/config.yaml"],
        **({"ports": [{"name": "http", "containerPort": port, "protocol": "TCP"}]} if port else {}),
        "env": [{"name": f"SETTING_{n}", "value": "something that is set"} for n in range(6)],
        "resources": {"limits": {"cpu": "1", "memory": "512Mi"}, "requests": {"cpu": "250m", "memory": "128Mi"}},
        "volumeMounts": [{"name": "config", "readOnly": True, "mountPath": "/etc/web"}],
        "livenessProbe": {"httpGet": {"path": "/healthz", "port": "http", "scheme": "HTTP"}, "periodSeconds": 10},
        "terminationMessagePath": "/dev/termination-log",
        "imagePullPolicy": "IfNotPresent",
    }


def _status(name: str, restarts: str) -> dict[str, object]:
    return {
        "name": name,
        "state": {"running": {"startedAt": "2026-11-01T00:00:05Z"}},
        "lastState": {},
        "ready": True,
        "restartCount": f"#{restarts}#",
        "image": f"registry.example.org/shop/{name}:1.8.2",
        "imageID": "registry.example.org/shop/web@sha256:" + "0123456789abcdef" * 4,
        "containerID": "containerd://" + "0123456789abcdef" * 4,
        "started": True,
    }


def services(count: int) -> Iterator[bytes]:
    """Services with two ports."""
    made = {
        "metadata": {
            "name": f"web-{_AT}",
            "namespace": "team-@TEAM@",
            "uid": f"00000000-0000-4000-8000-{_AT}",
            "resourceVersion": _AT,
            "creationTimestamp": "2026-11-01T00:@MINUTE@:01Z",
            "labels": {"app.kubernetes.io/name": "web", "tier": "front"},
            "annotations": {"description": "a service of which somebody wrote at some length what it is for " * 4},
            "managedFields": [
                {
                    "manager": "helm",
                    "operation": "Update",
                    "apiVersion": "v1",
                    "fieldsType": "FieldsV1",
                    "fieldsV1": {"f:spec": {"f:ports": {".": {}, 'k:{"port":80,"protocol":"TCP"}': {".": {}}}}},
                }
            ],
        },
        "spec": {
            "ports": [
                {"name": "http", "protocol": "TCP", "port": 80, "targetPort": "http"},
                {"name": "metrics", "protocol": "TCP", "port": 9090, "targetPort": 9090},
            ],
            "selector": {"app.kubernetes.io/name": f"web-{_AT}"},
            "clusterIP": "10.96.@MINUTE@.@NODE@",
            "clusterIPs": ["10.96.@MINUTE@.@NODE@"],
            "type": "ClusterIP",
            "sessionAffinity": "None",
            "ipFamilies": ["IPv4"],
            "ipFamilyPolicy": "SingleStack",
            "internalTrafficPolicy": "Cluster",
        },
        "status": {"loadBalancer": {}},
    }
    yield from _many(made, count)


def endpointslices(count: int) -> Iterator[bytes]:
    """The slices of as many `services`, two endpoints each."""
    made = {
        "metadata": {
            "name": f"web-{_AT}-abcde",
            "namespace": "team-@TEAM@",
            "creationTimestamp": "2026-11-01T00:@MINUTE@:01Z",
            "labels": {"kubernetes.io/service-name": f"web-{_AT}"},
        },
        "addressType": "IPv4",
        "endpoints": [
            {
                "addresses": [f"10.42.@MINUTE@.{n}"],
                "conditions": {"ready": True, "serving": True, "terminating": False},
                "targetRef": {"kind": "Pod", "namespace": "team-@TEAM@", "name": f"web-{_AT}-{n}"},
            }
            for n in (1, 2)
        ],
        "ports": [{"name": name, "port": 8080, "protocol": "TCP"} for name in ("http", "metrics")],
    }
    yield from _many(made, count)


def _many(made: dict[str, object], count: int) -> Iterator[bytes]:
    text = json.dumps(made, separators=(",", ":")).replace('"#', "").replace('#"', "")
    for number in range(count):
        values = {
            _AT: f"{number:012d}",
            "@TEAM@": str(number * 9 // count),  # as a server lists them: by namespace, then by name
            "@MINUTE@": f"{number % 60:02d}",
            "@NODE@": str(number % 7),
            "@RESTARTS@": str(number % 3),
        }
        one = text
        for name, value in values.items():
            one = one.replace(name, value)
        yield one.encode()


def page(kind: str, items: list[bytes], start: int, limit: int, version: str = "v1") -> bytes:
    """A page of a list as the API server writes it, its token the number of the next object."""
    end = min(start + limit, len(items)) if limit else len(items)
    metadata: dict[str, object] = {"resourceVersion": "4711"}
    if end < len(items):
        metadata |= {"continue": str(end), "remainingItemCount": len(items) - end}
    head = json.dumps({"kind": f"{kind}List", "apiVersion": version, "metadata": metadata}, separators=(",", ":"))
    return head[:-1].encode() + b',"items":[' + b",".join(items[start:end]) + b"]}\n"
