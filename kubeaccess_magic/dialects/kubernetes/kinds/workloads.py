"""Kinds of workloads: pods and what makes them, jobs, autoscaling, disruption budgets, events."""

from __future__ import annotations

from typing import Any

from ..frames import pod_target
from .values import (
    AGE,
    APP,
    NAME,
    NAME_OR_EMPTY,
    OWNER,
    WHO,
    Column,
    at,
    condition,
    count,
    each,
    flag,
    label_selector,
    moment,
    reference,
    text,
    whole,
)

__all__ = ["COLUMNS"]


def _images(item: dict[str, Any]) -> list[Any]:
    pod = at(item, "spec.template.spec") or at(item, "spec.jobTemplate.spec.template.spec") or at(item, "template.spec")
    return [container.get("image", "") for container in each(pod, "containers")]


def _pod_ip(item: dict[str, Any]) -> Any:
    return at(item, "status.podIP") or next((one.get("ip") for one in each(item, "status.podIPs")[:1]), None)


def _restarts(item: dict[str, Any]) -> int:
    counts = [status.get("restartCount") for status in each(item, "status.containerStatuses")]
    return sum(number for number in counts if type(number) is int)


def _pod_ports(item: dict[str, Any]) -> list[Any]:
    return [
        port.get("containerPort") for container in each(item, "spec.containers") for port in each(container, "ports")
    ]


# `frames.pod_row` and `fast` read the same values from typed objects.
_POD: dict[str, Column] = {
    "namespace": text("metadata.namespace"),
    **NAME_OR_EMPTY,
    "phase": text("status.phase"),
    "ready": ("Int64", lambda item: sum(s.get("ready") is True for s in each(item, "status.containerStatuses"))),
    "containers": count("spec.containers"),
    "restarts": ("Int64", _restarts),
    "node": text("spec.nodeName"),
    "ip": ("text", _pod_ip),
    "ports": ("object", _pod_ports),
    **AGE,
    **APP,
    "target": ("text", lambda item: pod_target(at(item, "metadata.name") or "", at(item, "metadata.namespace"))),
}

_IMAGES: dict[str, Column] = {"images": ("object", _images)}
_MADE: dict[str, Column] = {**_IMAGES, **AGE, **APP}


def _metrics(item: dict[str, Any]) -> list[str]:
    """The metrics of an autoscaler, as kubectl shows them: ``cpu 45/80`` is 45 of a target of 80, ``?`` is unknown."""
    found = []
    now = {_metric_name(one): one for one in each(item, "status.currentMetrics")}
    for one in each(item, "spec.metrics"):
        name = _metric_name(one)
        found.append(f"{name} {_metric_value(now.get(name), 'current')}/{_metric_value(one, 'target')}")
    return found


def _metric_part(metric: dict[str, Any]) -> dict[str, Any]:
    kind = str(metric.get("type", ""))
    part = metric.get(kind[:1].lower() + kind[1:])
    return part if isinstance(part, dict) else {}


def _metric_name(metric: dict[str, Any]) -> str:
    part = _metric_part(metric)
    return str(part.get("name") or at(part, "metric.name") or "")


def _metric_value(metric: dict[str, Any] | None, side: str) -> str:
    values = at(_metric_part(metric or {}), side) or {}
    found = values.get("averageUtilization", values.get("averageValue", values.get("value")))
    return "?" if found is None else str(found)


_EVENT: dict[str, Column] = {
    "namespace": text("metadata.namespace"),
    "last_seen": moment(
        "series.lastObservedTime", "lastTimestamp", "deprecatedLastTimestamp", "eventTime", "metadata.creationTimestamp"
    ),
    "type": text("type"),
    "reason": text("reason"),
    "object": reference("involvedObject", "regarding"),
    "message": ("text", lambda item: item.get("message") or item.get("note")),
    "count": ("Int64", lambda item: at(item, "series.count") or item.get("count") or item.get("deprecatedCount") or 1),
    "source": text("source.component", "reportingComponent", "reportingController", "deprecatedSource.component"),
    "first_seen": moment("firstTimestamp", "deprecatedFirstTimestamp", "eventTime"),
    **NAME,
}

COLUMNS: dict[str, dict[str, Column]] = {
    "/Pod": _POD,
    "apps/Deployment": {
        **WHO,
        "ready": whole("status.readyReplicas", 0),
        "replicas": whole("spec.replicas", 1),
        "updated": whole("status.updatedReplicas", 0),
        "available": whole("status.availableReplicas", 0),
        **_MADE,
    },
    "apps/StatefulSet": {
        **WHO,
        "ready": whole("status.readyReplicas", 0),
        "replicas": whole("spec.replicas", 1),
        "updated": whole("status.updatedReplicas", 0),
        **_MADE,
    },
    "apps/DaemonSet": {
        **WHO,
        "ready": whole("status.numberReady", 0),
        "desired": whole("status.desiredNumberScheduled", 0),
        "updated": whole("status.updatedNumberScheduled", 0),
        "available": whole("status.numberAvailable", 0),
        **_MADE,
    },
    "apps/ReplicaSet": {
        **WHO,
        "ready": whole("status.readyReplicas", 0),
        "replicas": whole("spec.replicas", 1),
        **OWNER,
        **_MADE,
    },
    "/ReplicationController": {
        **WHO,
        "ready": whole("status.readyReplicas", 0),
        "replicas": whole("spec.replicas", 1),
        **_MADE,
    },
    "/PodTemplate": {**WHO, **_MADE},
    "apps/ControllerRevision": {
        **WHO,
        **OWNER,
        "revision": whole("revision"),
        **AGE,
    },
    "batch/Job": {
        **WHO,
        "active": whole("status.active", 0),
        "succeeded": whole("status.succeeded", 0),
        "failed": whole("status.failed", 0),
        "completions": whole("spec.completions"),
        "complete": condition("Complete"),
        "started": moment("status.startTime"),
        "finished": moment("status.completionTime"),
        **_MADE,
    },
    "batch/CronJob": {
        **WHO,
        "schedule": text("spec.schedule"),
        "time_zone": text("spec.timeZone"),
        "suspended": flag("spec.suspend", False),
        "active": count("status.active"),
        "last_scheduled": moment("status.lastScheduleTime"),
        "last_succeeded": moment("status.lastSuccessfulTime"),
        **_MADE,
    },
    "autoscaling/HorizontalPodAutoscaler": {
        **WHO,
        "scales": reference("spec.scaleTargetRef"),
        "metrics": ("object", _metrics),
        "minimum": whole("spec.minReplicas", 1),
        "maximum": whole("spec.maxReplicas"),
        "replicas": whole("status.currentReplicas"),
        "desired": whole("status.desiredReplicas"),
        "last_scaled": moment("status.lastScaleTime"),
        **AGE,
    },
    "policy/PodDisruptionBudget": {
        **WHO,
        "selector": label_selector("spec.selector"),
        "min_available": text("spec.minAvailable"),
        "max_unavailable": text("spec.maxUnavailable"),
        "allowed_disruptions": whole("status.disruptionsAllowed"),
        "healthy": whole("status.currentHealthy"),
        "desired": whole("status.desiredHealthy"),
        "expected": whole("status.expectedPods"),
        **AGE,
    },
    "/Event": _EVENT,
    "events.k8s.io/Event": _EVENT,
}
