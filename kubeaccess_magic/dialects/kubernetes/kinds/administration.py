"""Kinds that make up the cluster itself: nodes, namespaces, quotas, metrics, priorities, leases, the API."""

from __future__ import annotations

from typing import Any

from ....kube import quantity
from ..frames import node_roles, node_target
from .values import (
    AGE,
    NAME,
    WHO,
    Column,
    at,
    condition,
    count,
    duration,
    each,
    flag,
    label_selector,
    measure,
    moment,
    reference,
    several,
    text,
    whole,
)

__all__ = ["COLUMNS", "PARTS", "extended_resources"]


def _internal_ip(item: dict[str, Any]) -> Any:
    addresses = each(item, "status.addresses")
    return next((one.get("address") for one in addresses if one.get("type") == "InternalIP"), None)


def _labels(item: dict[str, Any]) -> dict[str, str]:
    labels = at(item, "metadata.labels")
    return {k: v for k, v in labels.items() if isinstance(v, str)} if isinstance(labels, dict) else {}


def extended_resources(item: dict[str, Any]) -> dict[str, Any]:
    """How much of each extended resource a node can give to pods, by name, such as ``nvidia.com/gpu``."""
    allocatable = at(item, "status.allocatable")
    if not isinstance(allocatable, dict):
        return {}
    return {name: quantity(value) for name, value in allocatable.items() if "/" in name}


def _message(item: dict[str, Any]) -> Any:
    return next((one.get("message") for one in each(item, "conditions")), None)


_NODE: dict[str, Column] = {
    **NAME,
    "ready": condition("Ready"),
    "roles": ("text", lambda item: node_roles(_labels(item))),
    "version": text("status.nodeInfo.kubeletVersion"),
    "internal_ip": ("text", _internal_ip),
    "cpu_cores": measure("status.allocatable.cpu"),
    "memory_bytes": measure("status.allocatable.memory"),
    "pods": measure("status.allocatable.pods"),
    **AGE,
    "target": ("text", lambda item: node_target(at(item, "metadata.name") or "")),
}
_NAMESPACE: dict[str, Column] = {**NAME, "phase": text("status.phase"), **AGE}

_USE: dict[str, Column] = {"cpu_cores": measure("usage.cpu"), "memory_bytes": measure("usage.memory")}
_WHEN: dict[str, Column] = {"time": moment("timestamp"), "window_s": duration("window")}

COLUMNS: dict[str, dict[str, Column]] = {
    "/Node": _NODE,
    "/Namespace": _NAMESPACE,
    "/ComponentStatus": {**NAME, "healthy": condition("Healthy", path="conditions"), "message": ("text", _message)},
    "/ResourceQuota": {
        **WHO,
        "resource": text("part.resource"),
        "used": measure("part.used"),
        "hard": measure("part.hard"),
        "scopes": several("spec.scopes"),
        **AGE,
    },
    "/LimitRange": {
        **WHO,
        "type": text("part.type"),
        "resource": text("part.resource"),
        "minimum": measure("part.min"),
        "maximum": measure("part.max"),
        "default_request": measure("part.defaultRequest"),
        "default_limit": measure("part.default"),
        "most_limit_per_request": measure("part.maxLimitRequestRatio"),
        **AGE,
    },
    "metrics.k8s.io/PodMetrics": {
        **WHO,
        "container": text("part.name"),
        "cpu_cores": measure("part.usage.cpu"),
        "memory_bytes": measure("part.usage.memory"),
        **_WHEN,
    },
    "metrics.k8s.io/NodeMetrics": {**NAME, **_USE, **_WHEN},
    "custom.metrics.k8s.io/MetricValue": {
        "namespace": text("describedObject.namespace"),
        "object": reference("describedObject"),
        "metric": text("metric.name", "metricName"),
        "value": measure("value"),
        "selector": label_selector("metric.selector"),
        "time": moment("timestamp"),
        "window_s": whole("windowSeconds"),
    },
    "external.metrics.k8s.io/ExternalMetricValue": {
        "metric": text("metricName"),
        "labels": ("object", lambda item: item.get("metricLabels") or {}),
        "value": measure("value"),
        "time": moment("timestamp"),
        "window_s": whole("windowSeconds"),
    },
    "scheduling.k8s.io/PriorityClass": {
        **NAME,
        "value": whole("value"),
        "default": flag("globalDefault", False),
        "preemption": text("preemptionPolicy"),
        "description": text("description"),
        **AGE,
    },
    "node.k8s.io/RuntimeClass": {**NAME, "handler": text("handler"), **AGE},
    "coordination.k8s.io/Lease": {
        **WHO,
        "holder": text("spec.holderIdentity"),
        "renewed": moment("spec.renewTime"),
        "acquired": moment("spec.acquireTime"),
        "lasts_s": whole("spec.leaseDurationSeconds"),
        "transitions": whole("spec.leaseTransitions"),
        **AGE,
    },
    "apiextensions.k8s.io/CustomResourceDefinition": {
        **NAME,
        "group": text("spec.group"),
        "kind": text("spec.names.kind"),
        "scope": text("spec.scope"),
        "versions": several("spec.versions", "name"),
        "established": condition("Established"),
        **AGE,
    },
    "apiregistration.k8s.io/APIService": {
        **NAME,
        "group": text("spec.group"),
        "version": text("spec.version"),
        "available": condition("Available"),
        "service_namespace": text("spec.service.namespace"),
        "service": text("spec.service.name"),
        **AGE,
    },
    "flowcontrol.apiserver.k8s.io/FlowSchema": {
        **NAME,
        "priority_level": text("spec.priorityLevelConfiguration.name"),
        "precedence": whole("spec.matchingPrecedence"),
        "distinguisher": text("spec.distinguisherMethod.type"),
        **AGE,
    },
    "flowcontrol.apiserver.k8s.io/PriorityLevelConfiguration": {
        **NAME,
        "type": text("spec.type"),
        "shares": whole("spec.limited.nominalConcurrencyShares"),
        "queues": whole("spec.limited.limitResponse.queuing.queues"),
        "hand_size": whole("spec.limited.limitResponse.queuing.handSize"),
        "queue_length": whole("spec.limited.limitResponse.queuing.queueLengthLimit"),
        **AGE,
    },
    "resource.k8s.io/DeviceClass": {**NAME, "selectors": count("spec.selectors"), **AGE},
    "resource.k8s.io/ResourceSlice": {
        **NAME,
        "node": text("spec.nodeName"),
        "driver": text("spec.driver"),
        "pool": text("spec.pool.name"),
        "devices": count("spec.devices"),
        **AGE,
    },
    "resource.k8s.io/ResourceClaim": {
        **WHO,
        "requests": several("spec.devices.requests", "name"),
        "allocated": ("boolean", lambda item: at(item, "status.allocation") is not None),
        "reserved_for": several("status.reservedFor", "name"),
        **AGE,
    },
    "resource.k8s.io/ResourceClaimTemplate": {
        **WHO,
        "requests": several("spec.spec.devices.requests", "name"),
        **AGE,
    },
}


def _quota(item: dict[str, Any]) -> list[dict[str, Any]]:
    hard = at(item, "status.hard") or at(item, "spec.hard") or {}
    used = at(item, "status.used") or {}
    return [{"resource": name, "hard": value, "used": used.get(name)} for name, value in hard.items()]


def _limits(item: dict[str, Any]) -> list[dict[str, Any]]:
    found = []
    for limit in each(item, "spec.limits"):
        fields = {key: value for key, value in limit.items() if isinstance(value, dict)}
        for resource in dict.fromkeys(name for values in fields.values() for name in values):
            named = {key: values.get(resource) for key, values in fields.items()}
            found.append({"type": limit.get("type"), "resource": resource, **named})
    return found


PARTS = {
    "/ResourceQuota": _quota,
    "/LimitRange": _limits,
    "metrics.k8s.io/PodMetrics": lambda item: each(item, "containers"),
}
"""What gives the parts of an object, for the kinds that have one row per part."""
