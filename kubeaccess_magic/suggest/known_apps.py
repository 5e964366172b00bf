"""The known apps by name, and those among them that have few paths."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from .app import App, AppPath, Question
from .elasticsearch import ELASTICSEARCH
from .kubernetes import API_SERVER, KUBELET
from .prometheus import PROMETHEUS

__all__ = ["APPS", "SPEAKS_PROMQL", "SPEAKS_SEARCH"]

_GRAFANA = App(
    paths=(
        AppPath("api/health", "health and version"),
        AppPath("api/search", "dashboards and folders", ("query", "type", "limit")),
        AppPath("api/user", "the signed-in user"),
    ),
    parameters={"query": "part of a title", "type": "dash-db or dash-folder", "limit": "maximum number"},
    values={"type": ("dash-db", "dash-folder")},
    questions=(Question("Health and version", "api/health"),),
)
_KIBANA = App(
    paths=(AppPath("api/status", "health and version"),),
    questions=(Question("Status", "api/status"),),
)
_HEAPSTER = App(
    (
        AppPath("api/v1/model/metrics/", "metrics of the cluster"),
        AppPath("api/v1/model/nodes/", "nodes"),
        AppPath("api/v1/model/namespaces/", "namespaces"),
    ),
    questions=(Question("Nodes", "api/v1/model/nodes/"),),
)
_METRICS = App((AppPath("metrics", "its metrics"),))

SPEAKS_PROMQL = frozenset({"Prometheus", "Thanos", "VictoriaMetrics"})
SPEAKS_SEARCH = frozenset({"Elasticsearch", "OpenSearch"})

APPS: Mapping[str, App] = MappingProxyType(
    {
        **dict.fromkeys(SPEAKS_SEARCH, ELASTICSEARCH),
        **dict.fromkeys(SPEAKS_PROMQL, PROMETHEUS),
        "CoreDNS": _METRICS,
        "Grafana": _GRAFANA,
        "Heapster": _HEAPSTER,
        "Kibana": _KIBANA,
        "Kubernetes": API_SERVER,
        "kube-state-metrics": _METRICS,
        "kubelet": KUBELET,
        "node exporter": _METRICS,
    }
)
"""The known apps by their name, as `kubernetes.app_of` returns it; "Kubernetes" is the API server, "kubelet" a node."""
