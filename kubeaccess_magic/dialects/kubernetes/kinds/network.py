"""Kinds of the network: services and their endpoints, ingresses, policies, addresses."""

from __future__ import annotations

from typing import Any

from .values import (
    AGE,
    APP,
    NAME,
    NAME_OR_EMPTY,
    WHO,
    Column,
    annotated,
    at,
    count,
    each,
    joined,
    label_selector,
    several,
    text,
)

__all__ = ["COLUMNS"]


def _service_ports(item: dict[str, Any]) -> list[str]:
    """``http 80/TCP``, or ``80/TCP`` if the port has no name."""
    return [
        f"{port.get('name') or ''} {port.get('port')}/{port.get('protocol') or 'TCP'}".lstrip()
        for port in each(item, "spec.ports")
    ]


def _external(item: dict[str, Any]) -> str:
    """The same as `Service.external_addresses`; an Ingress has its addresses in the same field."""
    found = [entry.get("ip") or entry.get("hostname") for entry in each(item, "status.loadBalancer.ingress")]
    found += at(item, "spec.externalIPs") or ()
    found += [at(item, "spec.externalName")] if at(item, "spec.type") == "ExternalName" else []
    return joined(found)


def _ready_in_slice(item: dict[str, Any]) -> int:
    """How many endpoints are ready; a missing condition means ready (F8)."""
    return sum(at(endpoint, "conditions.ready") is not False for endpoint in each(item, "endpoints"))


def _addresses(field: str) -> Column:
    return "Int64", lambda item: sum(len(subset.get(field) or ()) for subset in each(item, "subsets"))


def _endpoint_ports(item: dict[str, Any]) -> list[Any]:
    return [port.get("port") for subset in each(item, "subsets") for port in each(subset, "ports")]


def _backends(item: dict[str, Any]) -> list[str]:
    """``example.org/path web:80``: where an Ingress sends what. ``*`` is any host, and the default backend."""
    found = []
    for rule in each(item, "spec.rules"):
        host = rule.get("host") or "*"
        found += [f"{host}{one.get('path') or ''} {_backend(one)}" for one in each(rule, "http.paths")]
    if at(item, "spec.defaultBackend"):
        found.append(f"* {_backend({'backend': at(item, 'spec.defaultBackend')})}")
    return found


def _backend(path: dict[str, Any]) -> str:
    service = at(path, "backend.service")
    if isinstance(service, dict):
        port = at(service, "port.name") or at(service, "port.number")
        return f"{service.get('name')}" + (f":{port}" if port else "")
    resource = at(path, "backend.resource") or {}
    return f"{resource.get('kind', '')}/{resource.get('name', '')}"


def _policy_types(item: dict[str, Any]) -> list[Any]:
    types = at(item, "spec.policyTypes")
    if isinstance(types, list):
        return types
    return ["Ingress", "Egress"] if at(item, "spec.egress") else ["Ingress"]  # the API server's default


COLUMNS: dict[str, dict[str, Column]] = {
    "/Service": {  # `fast` reads the same values
        "namespace": text("metadata.namespace"),
        **NAME_OR_EMPTY,
        "type": text("spec.type"),
        "cluster_ip": text("spec.clusterIP"),
        "external": ("text", _external),
        "ports": ("object", _service_ports),
        **AGE,
        **APP,
    },
    "/Endpoints": {
        **WHO,
        "ready": _addresses("addresses"),
        "not_ready": _addresses("notReadyAddresses"),
        "ports": ("object", _endpoint_ports),
        **AGE,
    },
    "discovery.k8s.io/EndpointSlice": {
        **WHO,
        "service": ("text", lambda item: (at(item, "metadata.labels") or {}).get("kubernetes.io/service-name")),
        "address_type": text("addressType"),
        "ready": ("Int64", _ready_in_slice),
        "endpoints": count("endpoints"),
        "ports": several("ports", "port"),
        **AGE,
    },
    "networking.k8s.io/Ingress": {
        **WHO,
        "class": text("spec.ingressClassName"),
        "hosts": ("object", lambda item: [rule.get("host") or "*" for rule in each(item, "spec.rules")]),
        "backends": ("object", _backends),
        "tls": ("object", lambda item: [host for one in each(item, "spec.tls") for host in one.get("hosts") or ()]),
        "external": ("text", _external),
        **AGE,
    },
    "networking.k8s.io/IngressClass": {
        **NAME,
        "controller": text("spec.controller"),
        "default": annotated("ingressclass.kubernetes.io/is-default-class"),
        **AGE,
    },
    "networking.k8s.io/NetworkPolicy": {
        **WHO,
        "pods": label_selector("spec.podSelector"),
        "types": ("object", _policy_types),
        "ingress_rules": count("spec.ingress"),
        "egress_rules": count("spec.egress"),
        **AGE,
    },
    "networking.k8s.io/IPAddress": {
        **NAME,
        "resource": text("spec.parentRef.resource"),
        "resource_namespace": text("spec.parentRef.namespace"),
        "resource_name": text("spec.parentRef.name"),
        **AGE,
    },
    "networking.k8s.io/ServiceCIDR": {**NAME, "cidrs": several("spec.cidrs"), **AGE},
    "gateway.networking.k8s.io/Gateway": {
        **WHO,
        "class": text("spec.gatewayClassName"),
        "listeners": several("spec.listeners", "name"),
        "addresses": several("status.addresses", "value"),
        **AGE,
    },
    "gateway.networking.k8s.io/HTTPRoute": {
        **WHO,
        "hosts": several("spec.hostnames"),
        "gateways": several("spec.parentRefs", "name"),
        "rules": count("spec.rules"),
        **AGE,
    },
}
