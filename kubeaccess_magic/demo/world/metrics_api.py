"""metrics-server: an aggregated API whose answers are made when they are asked for."""

from __future__ import annotations

import time
from collections.abc import Iterator

from ..api.resources import Resource
from ..api.status import Object
from ..api.store import Store, timestamp
from ..apps.metrics_server import metrics_server
from .builder import ServicePort, World, container
from .usage import Reading, of_node, running, scraped

GROUP = "metrics.k8s.io"


def build(world: World) -> None:
    """Add metrics-server's own objects; the APIService is what makes the API server know the group."""
    image = "registry.k8s.io/metrics-server/metrics-server:v0.8.0"
    box = container("metrics-server", ("https", 10250), image=image, cpu="100m", memory="200Mi")
    addresses = world.deployment("kube-system", "metrics-server", [box], days=42)
    world.listen(addresses, 10250, metrics_server, tls="always")
    labels = {"k8s-app": "metrics-server"}
    world.service("kube-system", "metrics-server", [ServicePort(443, "https", "https")], labels=labels, days=42)
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


def current_metrics(store: Store, resource: Resource, namespace: str) -> Iterator[Object]:
    """The metrics of all nodes, or of the running pods of a namespace (all namespaces without one)."""
    second = scraped(time.time())
    now = timestamp(time.time())
    about = {"timestamp": timestamp(second), "window": "15s"}
    if resource.name == "nodes":
        for obj in store.objects("", "nodes"):
            reading = of_node(obj, store.objects("", "pods"), second)
            yield _head(resource, obj, now) | about | {"usage": _usage(reading)}
        return
    for obj in store.objects("", "pods", namespace):
        boxes = [{"name": box["name"], "usage": _usage(load.at(second))} for box, load in running(obj)]
        if boxes:
            yield _head(resource, obj, now) | about | {"containers": boxes}


def _head(resource: Resource, obj: Object, now: str) -> Object:
    metadata = {"name": obj["metadata"]["name"], "creationTimestamp": now}
    for key in ("namespace", "labels"):
        if obj["metadata"].get(key):
            metadata[key] = obj["metadata"][key]
    return {"kind": resource.kind, "apiVersion": resource.api_version, "metadata": metadata}


def _usage(reading: Reading) -> Object:
    return {"cpu": f"{int(reading.cores * 1e9)}n", "memory": f"{reading.memory // 1024}Ki"}
