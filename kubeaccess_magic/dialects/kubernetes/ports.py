"""Which port speaks HTTP and by which scheme, how it is written in a target, and which app is behind it."""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from typing import Literal

from ...targets import Target
from .objects import Service, ServicePort

__all__ = ["LABELS", "app_of", "app_of_values", "external_of", "scheme_of", "speaks_http", "target_of"]

# appProtocol is free text; these are the values that name a protocol which is not HTTP/1.1.
_NO_HTTP = frozenset(
    {"amqp", "amqps", "dns", "ftp", "grpc", "imap", "kafka", "kerberos", "ldap", "ldaps", "mongo", "mongodb", "mqtt"}
    | {"mysql", "nats", "pop3", "postgres", "postgresql", "redis", "sip", "smtp", "ssh", "udp", "zookeeper"}
)
_HTTPS = frozenset({"https", "wss", "kubernetes.io/wss"})
_HTTP = frozenset({"http", "http1", "ws", "kubernetes.io/ws", "http2", "h2c", "kubernetes.io/h2c"})
# What the API server takes for a number and looks up as one (N13): such a port *name* cannot be asked by.
_NUMBER = re.compile(r"[+-]?[0-9]+")


def scheme_of(port: ServicePort) -> Literal["http", "https"] | None:
    """The scheme by which a port is asked, or None if it speaks no HTTP.

    ``appProtocol`` comes first, if it is one that is known; then a name ``https`` or ``https-…``, or the number 443
    (as ``kubectl cluster-info``, C6); else it is http. UDP and SCTP ports, and DNS, speak no HTTP (C8).
    """
    return _scheme(port.protocol, port.app_protocol, port.name, port.port)


@functools.lru_cache(maxsize=4096)  # thousands of services have the same few ports
def _scheme(
    protocol: str | None, app_protocol: str | None, port_name: str | None, number: int
) -> Literal["http", "https"] | None:
    if (protocol or "TCP") != "TCP":
        return None
    said = (app_protocol or "").lower()
    if said in _HTTPS:
        return "https"
    if said in _HTTP:
        return "http"
    if said in _NO_HTTP:
        return None
    name = port_name or ""
    if name == "https" or name.startswith("https-"):
        return "https"
    if name == "dns" or name.startswith("dns-") or (number == 53 and not name.startswith("http")):
        return None
    return "https" if number == 443 else "http"


def speaks_http(port: ServicePort) -> bool:
    """Whether a request to this port can be answered at all."""
    return scheme_of(port) is not None


def target_of(service: Service, port: ServicePort) -> Target:
    """What to ask to reach this port: by its name, bare if it has none (S2), with a scheme only if that is https."""
    name = port.name or ""
    return Target(
        kind="service",
        name=service.metadata.name,
        namespace=service.metadata.namespace,
        port=str(port.port) if _NUMBER.fullmatch(name) else name,
        scheme="https" if scheme_of(port) == "https" else "",
    )


def external_of(service: Service) -> str:
    """Where a service can be reached from outside: load balancer, external addresses, or the name it stands for."""
    balancer = service.status.load_balancer if service.status is not None else None
    if not (balancer is not None and balancer.ingress) and not service.spec.external_ips:
        return (service.spec.external_name or "") if service.spec.type == "ExternalName" else ""  # as nearly all are
    found = [entry.ip or entry.hostname or "" for entry in (balancer.ingress or () if balancer is not None else ())]
    found += service.spec.external_ips or ()
    if service.spec.type == "ExternalName":
        found.append(service.spec.external_name or "")
    return ",".join(dict.fromkeys(address for address in found if address))


def app_of(labels: Mapping[str, str] | None, name: str = "") -> str:
    """Which app an object belongs to: ``Prometheus``, ``Elasticsearch`` …; else what its labels call it, or "".

    Parameters
    ----------
    labels
        The object's; looked at in the order ``app.kubernetes.io/name``, ``k8s-app``, ``app``, ``name``,
        ``kubernetes.io/name``.
    name
        The object's own, where no label is an app that is known.
    """
    if not labels:
        return _known(name) or ""
    title, said = _of_labels(*map(labels.get, LABELS))
    return title or (_known(name) if name else None) or said


def app_of_values(*values: str | None) -> str:
    """The same of the values of `LABELS`, in their order."""
    title, said = _of_labels(*values)
    return title or said


LABELS = ("app.kubernetes.io/name", "k8s-app", "app", "name", "kubernetes.io/name")
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
# Whole names, where a part of them would say something else.
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
# `elasticsearch-exporter` is not Elasticsearch.
_NOT_THE_APP = frozenset(
    {"adapter", "agent", "config", "curator", "exporter", "operator", "proxy", "pushgateway", "reloader", "webhook"}
)


@functools.lru_cache(maxsize=4096)  # the pods of one app have the same labels
def _of_labels(*values: str | None) -> tuple[str | None, str]:
    """What labels call an app that is known, and what they call it in any case."""
    there = [value for value in values if value]
    return next((title for value in there if (title := _known(value)) is not None), None), (*there, "")[0]


@functools.lru_cache(maxsize=4096)
def _known(value: str) -> str | None:
    value = value.lower().replace("_", "-").replace(" ", "-")
    for chart in ("kube-prometheus-stack-", "prometheus-stack-"):
        value = value.removeprefix(chart)
    if value in _WHOLE_TITLES:
        return _WHOLE_TITLES[value]
    parts = value.split("-")
    if not _NOT_THE_APP.isdisjoint(parts):
        return None
    # The last one: `prometheus-alertmanager` is Alertmanager, `monitoring-grafana` Grafana.
    return next((_TITLES[part] for part in reversed(parts) if part in _TITLES), None)
