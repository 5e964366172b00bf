"""The Kubernetes API server and the kubelet: paths for reading."""

from __future__ import annotations

from .app import App, AppPath, Question

__all__ = ["API_SERVER", "KUBELET", "LIST_PARAMETERS"]

LIST_PARAMETERS = ("labelSelector", "fieldSelector", "limit", "resourceVersion")

API_SERVER = App(
    paths=(
        AppPath("api/v1", "resources of the core API"),
        AppPath("apis", "API groups"),
        AppPath("version", "version of Kubernetes"),
        AppPath("livez", "liveness", ("verbose",)),
        AppPath("readyz", "readiness", ("verbose",)),
        AppPath("metrics", "its own metrics"),
        AppPath("openapi/v3", "schemas of its objects"),
    ),
    parameters={
        "labelSelector": "only objects with these labels: app=web",
        "fieldSelector": "only objects with this field: status.phase=Running",
        "limit": "rows per page",
        "resourceVersion": "0: from the cache of the API server",
        "verbose": "list each check",
    },
    questions=(
        Question("Version", "/version"),
        Question("Deployments of all namespaces", "/apis/apps/v1/deployments"),
        Question("Pods that are not running", "/api/v1/pods", (("fieldSelector", "status.phase!=Running"),)),
        Question("Warnings", "/api/v1/events", (("fieldSelector", "type=Warning"),)),
    ),
)

KUBELET = App(
    paths=(
        AppPath("stats/summary", "CPU, memory and disks of the node and its pods", ("only_cpu_and_memory",)),
        AppPath("pods", "pods of the node"),
        AppPath("healthz", "liveness"),
        AppPath("metrics", "its own metrics"),
        AppPath("metrics/cadvisor", "metrics of containers"),
        AppPath("metrics/resource", "CPU and memory of the node and its pods"),
        AppPath("metrics/probes", "results of probes"),
    ),
    parameters={"only_cpu_and_memory": "true: without disks and network"},
    questions=(
        Question("CPU and memory of pods", "/stats/summary"),
        Question("Pods of this node", "/pods"),
    ),
)
