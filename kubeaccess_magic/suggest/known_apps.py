"""Apps with a handful of paths, and which app is which."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from .catalogue import App, Endpoint, Question
from .elasticsearch import ELASTICSEARCH
from .kubernetes import API_SERVER, KUBELET
from .prometheus import PROMETHEUS

__all__ = ["APPS", "SPEAKS_PROMQL", "SPEAKS_SEARCH"]

_GRAFANA = App(
    endpoints=(
        Endpoint("api/health", "whether it works, and its version"),
        Endpoint("api/search", "dashboards and folders", ("query", "type", "limit")),
        Endpoint("api/user", "who is signed in"),
    ),
    parameters={"query": "words of a title", "type": "dash-db or dash-folder", "limit": "how many"},
    values={"type": ("dash-db", "dash-folder")},
    questions=(Question("Health and version", "api/health"),),
)
_KIBANA = App(
    endpoints=(Endpoint("api/status", "whether it works, and its version"),),
    questions=(Question("Status", "api/status"),),
)
_HEAPSTER = App(
    (
        Endpoint("api/v1/model/metrics/", "metrics of the cluster"),
        Endpoint("api/v1/model/nodes/", "the nodes"),
        Endpoint("api/v1/model/namespaces/", "the namespaces"),
    ),
    questions=(Question("Nodes", "api/v1/model/nodes/"),),
)
_METRICS = App((Endpoint("metrics", "its metrics"),))

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
"""By the name that `app_of` gives; "Kubernetes" is the API server, "kubelet" a node."""
