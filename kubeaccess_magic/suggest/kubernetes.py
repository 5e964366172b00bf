"""The API server and the kubelet: paths that are read."""

from __future__ import annotations

from .catalogue import App, Endpoint, Question

__all__ = ["API_SERVER", "KUBELET", "LIST_PARAMETERS"]

LIST_PARAMETERS = ("labelSelector", "fieldSelector", "limit", "resourceVersion")

API_SERVER = App(
    endpoints=(
        Endpoint("api/v1", "what the core API has"),
        Endpoint("apis", "the groups of the API"),
        Endpoint("version", "which Kubernetes it is"),
        Endpoint("livez", "whether it lives", ("verbose",)),
        Endpoint("readyz", "whether it is ready", ("verbose",)),
        Endpoint("metrics", "its own metrics"),
        Endpoint("openapi/v3", "the schemas of its objects"),
    ),
    parameters={
        "labelSelector": "only what has these labels: app=web",
        "fieldSelector": "only where a field is so: status.phase=Running",
        "limit": "rows of one page",
        "resourceVersion": "0: as the cache has it",
        "verbose": "each check by its name",
    },
    questions=(
        Question("Which version", "/version"),
        Question("Deployments of all namespaces", "/apis/apps/v1/deployments"),
        Question("Pods that do not run", "/api/v1/pods", (("fieldSelector", "status.phase!=Running"),)),
        Question("Warnings", "/api/v1/events", (("fieldSelector", "type=Warning"),)),
    ),
)

KUBELET = App(
    endpoints=(
        Endpoint("stats/summary", "CPU, memory and disks of the node and its pods", ("only_cpu_and_memory",)),
        Endpoint("pods", "the pods that it runs"),
        Endpoint("healthz", "whether it lives"),
        Endpoint("metrics", "its own metrics"),
        Endpoint("metrics/cadvisor", "metrics of the containers"),
        Endpoint("metrics/resource", "CPU and memory of node and pods"),
        Endpoint("metrics/probes", "results of the probes"),
    ),
    parameters={"only_cpu_and_memory": "true: without disks and network"},
    questions=(
        Question("CPU and memory of the pods", "/stats/summary"),
        Question("Pods of this node", "/pods"),
    ),
)
