"""Which app an object belongs to, as its labels say."""

from __future__ import annotations

import functools
from collections.abc import Mapping

__all__ = ["APP_LABELS", "app_of", "app_of_values"]

APP_LABELS = ("app.kubernetes.io/name", "k8s-app", "app", "name", "kubernetes.io/name")
"""The labels that name an app, in the order in which they are read."""


def app_of(labels: Mapping[str, str] | None, name: str = "") -> str:
    """The app that an object belongs to: a known app by its title (``Prometheus``), any other by its label.

    Parameters
    ----------
    labels
        The labels of the object; `APP_LABELS` are read.
    name
        The name of the object, which counts if no label names a known app.

    Returns
    -------
    str
        "" if nothing names an app.
    """
    if not labels:
        return _title(name) or ""
    title, label = _from_labels(*map(labels.get, APP_LABELS))
    return title or (_title(name) if name else None) or label


def app_of_values(*values: str | None) -> str:
    """The app that the values of `APP_LABELS`, in that order, name; "" if none does."""
    title, label = _from_labels(*values)
    return title or label


_TITLES = {
    "alertmanager": "Alertmanager",
    "argocd": "Argo CD",
    "argocd-server": "Argo CD",
    "cadvisor": "cAdvisor",
    "consul": "Consul",
    "coredns": "CoreDNS",
    "elasticsearch": "Elasticsearch",
    "fluentd": "Fluentd",
    "grafana": "Grafana",
    "heapster": "Heapster",
    "influxdb": "InfluxDB",
    "jaeger": "Jaeger",
    "jupyterhub": "JupyterHub",
    "kibana": "Kibana",
    "loki": "Loki",
    "mimir": "Mimir",
    "minio": "MinIO",
    "opensearch": "OpenSearch",
    "prometheus": "Prometheus",
    "rabbitmq": "RabbitMQ",
    "spark": "Spark",
    "tempo": "Tempo",
    "thanos": "Thanos",
    "traefik": "Traefik",
    "vault": "Vault",
    "victoriametrics": "VictoriaMetrics",
    "zipkin": "Zipkin",
}
# Whole names, of which a part alone would mean another app.
_WHOLE_TITLES = {
    "argo-cd": "Argo CD",
    "ingress-nginx": "ingress-nginx",
    "kube-dns": "CoreDNS",
    "kube-state-metrics": "kube-state-metrics",
    "kubernetes-dashboard": "Kubernetes Dashboard",
    "metrics-server": "metrics-server",
    "node-exporter": "node exporter",
    "opensearch-dashboards": "OpenSearch Dashboards",
    "prometheus-node-exporter": "node exporter",
    "prometheus-pushgateway": "Pushgateway",
    "pushgateway": "Pushgateway",
    "victoria-metrics": "VictoriaMetrics",
    "vmselect": "VictoriaMetrics",
    "vmsingle": "VictoriaMetrics",
}
# A name with one of these words is not the app itself: `elasticsearch-exporter` is not Elasticsearch.
_NOT_THE_APP = frozenset(
    {"adapter", "agent", "config", "curator", "exporter", "operator", "proxy", "pushgateway", "reloader", "webhook"}
)


@functools.lru_cache(maxsize=4096)  # the pods of one app have the same labels
def _from_labels(*values: str | None) -> tuple[str | None, str]:
    """The title of the first known app among the values of labels, and the first value."""
    present = [value for value in values if value]
    return next((title for value in present if (title := _title(value)) is not None), None), (*present, "")[0]


@functools.lru_cache(maxsize=4096)
def _title(value: str) -> str | None:
    """The title of the app that a name or a label's value names; None for an app that is not known."""
    value = value.lower().replace("_", "-").replace(" ", "-")
    for chart in ("kube-prometheus-stack-", "prometheus-stack-"):
        value = value.removeprefix(chart)
    if value in _WHOLE_TITLES:
        return _WHOLE_TITLES[value]
    parts = value.split("-")
    if not _NOT_THE_APP.isdisjoint(parts):
        return None
    # The last part counts: `prometheus-alertmanager` is Alertmanager, `monitoring-grafana` Grafana.
    return next((_TITLES[part] for part in reversed(parts) if part in _TITLES), None)
