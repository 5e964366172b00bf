"""Apps with a handful of paths, and which app is which."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from types import MappingProxyType

from .alertmanager import ALERTMANAGER
from .catalogue import App, Endpoint, Question
from .elasticsearch import ELASTICSEARCH
from .influxdb import INFLUXDB
from .kubernetes import API_SERVER, KUBELET
from .loki import LOKI
from .prometheus import PROMETHEUS
from .traces import JAEGER, TEMPO

__all__ = ["APPS", "SPEAKS_LOGQL", "SPEAKS_PROMQL", "SPEAKS_SEARCH"]

_GRAFANA = App(
    endpoints=(
        Endpoint("api/health", "whether it works, and its version"),
        Endpoint("api/search", "dashboards and folders", ("query", "type", "limit")),
        Endpoint("api/datasources", "the data sources"),
        Endpoint("api/ds/query", "queries of a dashboard: the cell, by POST"),
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

_VICTORIA = dataclasses.replace(
    PROMETHEUS,
    endpoints=(
        *PROMETHEUS.endpoints,
        Endpoint("api/v1/export", "samples as they are stored", ("match[]", "start", "end")),
        Endpoint("api/v1/export/csv", "the same as CSV", ("format", "match[]", "start", "end")),
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
"""By the name that `app_of` gives; "Kubernetes" is the API server, "kubelet" a node."""
