"""The known apps by name, and those among them that have few paths."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from types import MappingProxyType

from .alertmanager import ALERTMANAGER
from .app import App, AppPath, Question
from .elasticsearch import ELASTICSEARCH
from .influxdb import INFLUXDB
from .kubernetes import API_SERVER, KUBELET
from .loki import LOKI
from .prometheus import PROMETHEUS
from .traces import JAEGER, TEMPO

__all__ = ["APPS", "SPEAKS_LOGQL", "SPEAKS_PROMQL", "SPEAKS_SEARCH"]

_GRAFANA = App(
    paths=(
        AppPath("api/health", "health and version"),
        AppPath("api/search", "dashboards and folders", ("query", "type", "limit")),
        AppPath("api/datasources", "the data sources"),
        AppPath("api/ds/query", "queries of a dashboard: the cell, by POST"),
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

_VICTORIA = dataclasses.replace(
    PROMETHEUS,
    paths=(
        *PROMETHEUS.paths,
        AppPath("api/v1/export", "samples as they are stored", ("match[]", "start", "end")),
        AppPath("api/v1/export/csv", "the same as CSV", ("format", "match[]", "start", "end")),
    ),
    parameters={**PROMETHEUS.parameters, "format": "columns: __name__,__timestamp__:unix_ms,__value__,job"},
    values={**PROMETHEUS.values, "format": ("__name__,__timestamp__:unix_ms,__value__",)},
)

SPEAKS_LOGQL = frozenset({"Loki"})
SPEAKS_PROMQL = frozenset({"Prometheus", "Thanos", "VictoriaMetrics"})
SPEAKS_SEARCH = frozenset({"Elasticsearch", "OpenSearch"})

APPS: Mapping[str, App] = MappingProxyType(
    {
        **dict.fromkeys(SPEAKS_SEARCH, ELASTICSEARCH),
        **dict.fromkeys(SPEAKS_PROMQL, PROMETHEUS),
        "Alertmanager": ALERTMANAGER,
        "CoreDNS": _METRICS,
        "Grafana": _GRAFANA,
        "Heapster": _HEAPSTER,
        "InfluxDB": INFLUXDB,
        "Jaeger": JAEGER,
        "Kibana": _KIBANA,
        "Kubernetes": API_SERVER,
        "Loki": LOKI,
        "Tempo": TEMPO,
        "VictoriaMetrics": _VICTORIA,
        "kube-state-metrics": _METRICS,
        "kubelet": KUBELET,
        "node exporter": _METRICS,
    }
)
"""The known apps by their name, as `kubernetes.app_of` returns it; "Kubernetes" is the API server, "kubelet" a node."""
