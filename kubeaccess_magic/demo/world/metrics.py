"""metrics-server: an aggregated API whose answers are made when they are asked for."""

from __future__ import annotations

import time
from collections.abc import Iterator

from ..api.resources import Resource
from ..api.status import Object
from ..api.store import Store, timestamp
from ..apps.kubelet import container_usage, node_usage
from .builder import Port, World, container

GROUP = "metrics.k8s.io"


def build(world: World) -> None:
    """Add metrics-server's own objects; the APIService is what makes the API server know the group."""
    world.deployment("kube-system", "metrics-server", [container("metrics-server", ("https", 10250))], days=42)
    labels = {"k8s-app": "metrics-server"}
    world.service("kube-system", "metrics-server", [Port(443, "https", "https")], labels=labels, days=42)
    spec = {
        "group": GROUP,
        "version": "v1beta1",
        "groupPriorityMinimum": 100,
        "versionPriority": 100,
        "insecureSkipTLSVerify": True,
        "service": {"name": "metrics-server", "namespace": "kube-system", "port": 443},
    }
    condition = {"type": "Available", "status": "True", "reason": "Passed", "message": "all checks passed"}
    world.add(
        {
            "apiVersion": "apiregistration.k8s.io/v1",
            "kind": "APIService",
            "metadata": world.meta(f"v1beta1.{GROUP}"),
            "spec": spec,
            "status": {"conditions": [condition]},
        }
    )


def measured(store: Store, resource: Resource, namespace: str) -> Iterator[Object]:
    """The metrics of all nodes, or of the ready pods of a namespace (all namespaces without one)."""
    now = timestamp(time.time())
    about = {"timestamp": now, "window": "20s"}
    if resource.name == "nodes":
        for thing in store.objects("", "nodes"):
            yield _head(resource, thing, now) | about | {"usage": _usage(*node_usage(thing["metadata"]["name"]))}
        return
    for thing in store.objects("", "pods", namespace):
        if thing.get("status", {}).get("phase") != "Running":
            continue
        name = thing["metadata"]["name"]
        names = [str(box["name"]) for box in thing["spec"]["containers"]]
        boxes = [{"name": box, "usage": _usage(*container_usage(name, box))} for box in names]
        yield _head(resource, thing, now) | about | {"containers": boxes}


def _head(resource: Resource, thing: Object, now: str) -> Object:
    metadata = {"name": thing["metadata"]["name"], "creationTimestamp": now}
    for key in ("namespace", "labels"):
        if thing["metadata"].get(key):
            metadata[key] = thing["metadata"][key]
    return {"kind": resource.kind, "apiVersion": resource.api_version, "metadata": metadata}


def _usage(cores: float, size: int) -> Object:
    return {"cpu": f"{int(cores * 1e9)}n", "memory": f"{size // 1024}Ki"}
