"""metrics-server: an aggregated API whose objects are computed at each request."""

from __future__ import annotations

import time
from collections.abc import Iterator

from ..api.resources import Resource
from ..api.status import Object
from ..api.store import Store, timestamp
from ..apps.metrics_server import metrics_server
from .builder import World
from .manifests import ServicePort, container
from .usage import Reading, last_scrape, node_usage, running_containers

GROUP = "metrics.k8s.io"


def build(world: World) -> None:
    """Add the objects of metrics-server; its APIService adds the group to the API server."""
    image = "registry.k8s.io/metrics-server/metrics-server:v0.8.0"
    pod_container = container("metrics-server", ("https", 10250), image=image, cpu="100m", memory="200Mi")
    addresses = world.deployment("kube-system", "metrics-server", [pod_container], days=42)
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
    """Compute the current metrics of all nodes, or of running pods.

    Parameters
    ----------
    store
        The objects.
    resource
        The resource of the metrics: ``nodes`` or ``pods``.
    namespace
        Only pods in this namespace; empty for all.
    """
    second = last_scrape(time.time())
    now = timestamp(time.time())
    window = {"timestamp": timestamp(second), "window": "15s"}
    if resource.name == "nodes":
        for node in store.objects("", "nodes"):
            reading = node_usage(node, store.objects("", "pods"), second)
            yield _head(resource, node, now) | window | {"usage": _usage(reading)}
        return
    for pod in store.objects("", "pods", namespace):
        containers = [
            {"name": container["name"], "usage": _usage(load.at(second))} for container, load in running_containers(pod)
        ]
        if containers:
            yield _head(resource, pod, now) | window | {"containers": containers}


def _head(resource: Resource, obj: Object, now: str) -> Object:
    metadata = {"name": obj["metadata"]["name"], "creationTimestamp": now}
    for key in ("namespace", "labels"):
        if obj["metadata"].get(key):
            metadata[key] = obj["metadata"][key]
    return {"kind": resource.kind, "apiVersion": resource.api_version, "metadata": metadata}


def _usage(reading: Reading) -> Object:
    return {"cpu": f"{int(reading.cores * 1e9)}n", "memory": f"{reading.memory // 1024}Ki"}
