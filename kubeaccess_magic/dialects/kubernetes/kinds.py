"""The columns that somebody wants first, kind by kind; and for kinds that nobody listed, what can be told."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from .. import columns
from .ports import app_of

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["COLUMNS", "Column", "generic_columns"]

Column = tuple[str, Callable[[dict[str, Any]], Any]]
"""The kind of a column, as `columns.of_kind` has it, and how its value is read from an object."""


def _at(item: Any, path: str) -> Any:
    """The value at a dotted path, or None."""
    for key in path.split("."):
        if not isinstance(item, dict):
            return None
        item = item.get(key)
    return item


def _text(path: str) -> Column:
    return "text", lambda item: None if (value := _at(item, path)) is None else str(value)


def _int(path: str, default: int | None = None) -> Column:
    # What is zero is left out of many objects: the default says where a missing number means nought.
    return "Int64", lambda item: default if (value := _at(item, path)) is None else value


def _time(*paths: str) -> Column:
    return "time", lambda item: next((value for path in paths if (value := _at(item, path))), None)


def _bool(path: str) -> Column:
    return "boolean", lambda item: _at(item, path)


def _object(read: Callable[[dict[str, Any]], Any]) -> Column:
    return "object", read


def _images(item: dict[str, Any]) -> list[str]:
    pod = _at(item, "spec.template.spec") or _at(item, "spec.jobTemplate.spec.template.spec") or {}
    return [container.get("image", "") for container in pod.get("containers") or ()]


def _keys(item: dict[str, Any]) -> list[str]:
    """What a ConfigMap or Secret holds, by name; never the values."""
    return [*(item.get("data") or ()), *(item.get("binaryData") or ())]


def _service_ports(item: dict[str, Any]) -> list[str]:
    """``http 80/TCP``, or ``80/TCP`` where the port has no name."""
    return [
        f"{port.get('name', '')} {port.get('port')}/{port.get('protocol', 'TCP')}".lstrip()
        for port in _at(item, "spec.ports") or ()
    ]


def _external(item: dict[str, Any]) -> str:
    """As `external_of` of a Service; an Ingress has its addresses at the same place."""
    spec, ingress = item.get("spec") or {}, _at(item, "status.loadBalancer.ingress") or ()
    found = [entry.get("ip") or entry.get("hostname") for entry in ingress] + list(spec.get("externalIPs") or ())
    found += [spec.get("externalName")] if spec.get("type") == "ExternalName" else []
    return ",".join(dict.fromkeys(address for address in found if address))


def _ready_in_slice(item: dict[str, Any]) -> int:
    """A missing answer counts as ready (F8)."""
    return sum(_at(endpoint, "conditions.ready") is not False for endpoint in item.get("endpoints") or ())


def _one_reference(path: str) -> Column:
    def read(item: dict[str, Any]) -> str | None:
        found = _at(item, path)
        return f"{found.get('kind', '')}/{found.get('name', '')}" if isinstance(found, dict) else None

    return "text", read


_NAMESPACE = {"namespace": _text("metadata.namespace")}
_NAME = {"name": _text("metadata.name")}
_WHO = _NAMESPACE | _NAME
_CREATED = {"created": _time("metadata.creationTimestamp")}
_APP: dict[str, Column] = {"app": ("text", lambda item: app_of(_at(item, "metadata.labels")))}
_IMAGES = {"images": _object(_images)}

_EVENT: dict[str, Column] = {
    **_NAMESPACE,
    "last_seen": _time(
        "series.lastObservedTime", "lastTimestamp", "deprecatedLastTimestamp", "eventTime", "metadata.creationTimestamp"
    ),
    "type": _text("type"),
    "reason": _text("reason"),
    "object": (
        "text",
        lambda item: _one_reference("involvedObject")[1](item) or _one_reference("regarding")[1](item),
    ),
    "message": ("text", lambda item: item.get("message") or item.get("note")),
    "count": (
        "Int64",
        lambda item: _at(item, "series.count") or item.get("count") or item.get("deprecatedCount") or 1,
    ),
    "first_seen": _time("firstTimestamp", "deprecatedFirstTimestamp", "eventTime"),
    **_NAME,
}

COLUMNS: dict[str, dict[str, Column]] = {
    "/Service": {
        **_WHO,
        "type": _text("spec.type"),
        "cluster_ip": _text("spec.clusterIP"),
        "external": ("text", _external),
        "ports": _object(_service_ports),
        **_CREATED,
        **_APP,
    },
    "apps/Deployment": {
        **_WHO,
        "ready": _int("status.readyReplicas", 0),
        "replicas": _int("spec.replicas", 1),
        "updated": _int("status.updatedReplicas", 0),
        "available": _int("status.availableReplicas", 0),
        **_IMAGES,
        **_CREATED,
        **_APP,
    },
    "apps/StatefulSet": {
        **_WHO,
        "ready": _int("status.readyReplicas", 0),
        "replicas": _int("spec.replicas", 1),
        "updated": _int("status.updatedReplicas", 0),
        **_IMAGES,
        **_CREATED,
        **_APP,
    },
    "apps/DaemonSet": {
        **_WHO,
        "ready": _int("status.numberReady", 0),
        "desired": _int("status.desiredNumberScheduled", 0),
        "updated": _int("status.updatedNumberScheduled", 0),
        "available": _int("status.numberAvailable", 0),
        **_IMAGES,
        **_CREATED,
        **_APP,
    },
    "apps/ReplicaSet": {
        **_WHO,
        "ready": _int("status.readyReplicas", 0),
        "replicas": _int("spec.replicas", 1),
        **_IMAGES,
        **_CREATED,
        **_APP,
    },
    "batch/Job": {
        **_WHO,
        "active": _int("status.active", 0),
        "succeeded": _int("status.succeeded", 0),
        "failed": _int("status.failed", 0),
        "completions": _int("spec.completions"),
        "started": _time("status.startTime"),
        "finished": _time("status.completionTime"),
        **_IMAGES,
        **_CREATED,
        **_APP,
    },
    "batch/CronJob": {
        **_WHO,
        "schedule": _text("spec.schedule"),
        "suspended": _bool("spec.suspend"),
        "active": ("Int64", lambda item: len(_at(item, "status.active") or ())),
        "last_scheduled": _time("status.lastScheduleTime"),
        "last_succeeded": _time("status.lastSuccessfulTime"),
        **_IMAGES,
        **_CREATED,
        **_APP,
    },
    "/Event": _EVENT,
    "events.k8s.io/Event": _EVENT,
    "/ConfigMap": {**_WHO, "keys": _object(_keys), **_CREATED},
    "/Secret": {**_WHO, "type": _text("type"), "keys": _object(_keys), **_CREATED},
    "/PersistentVolumeClaim": {
        **_WHO,
        "phase": _text("status.phase"),
        "volume": _text("spec.volumeName"),
        "capacity": _text("status.capacity.storage"),
        "access_modes": _object(lambda item: _at(item, "spec.accessModes") or []),
        "storage_class": _text("spec.storageClassName"),
        **_CREATED,
    },
    "/PersistentVolume": {
        **_NAME,
        "phase": _text("status.phase"),
        "capacity": _text("spec.capacity.storage"),
        "access_modes": _object(lambda item: _at(item, "spec.accessModes") or []),
        "reclaim_policy": _text("spec.persistentVolumeReclaimPolicy"),
        "claim_namespace": _text("spec.claimRef.namespace"),
        "claim": _text("spec.claimRef.name"),
        "storage_class": _text("spec.storageClassName"),
        **_CREATED,
    },
    "networking.k8s.io/Ingress": {
        **_WHO,
        "class": _text("spec.ingressClassName"),
        "hosts": _object(lambda item: [rule.get("host", "*") for rule in _at(item, "spec.rules") or ()]),
        "external": ("text", _external),
        **_CREATED,
    },
    "discovery.k8s.io/EndpointSlice": {
        **_WHO,
        "service": ("text", lambda item: (_at(item, "metadata.labels") or {}).get("kubernetes.io/service-name")),
        "address_type": _text("addressType"),
        "ready": ("Int64", _ready_in_slice),
        "endpoints": ("Int64", lambda item: len(item.get("endpoints") or ())),
        "ports": _object(lambda item: [port.get("port") for port in item.get("ports") or ()]),
        **_CREATED,
    },
    "autoscaling/HorizontalPodAutoscaler": {
        **_WHO,
        "scales": _one_reference("spec.scaleTargetRef"),
        "minimum": _int("spec.minReplicas", 1),
        "maximum": _int("spec.maxReplicas"),
        "replicas": _int("status.currentReplicas"),
        "desired": _int("status.desiredReplicas"),
        **_CREATED,
    },
    "apiextensions.k8s.io/CustomResourceDefinition": {
        **_NAME,
        "group": _text("spec.group"),
        "kind": _text("spec.names.kind"),
        "scope": _text("spec.scope"),
        "versions": _object(lambda item: [version.get("name") for version in _at(item, "spec.versions") or ()]),
        **_CREATED,
    },
}


_NOT_PLAIN = frozenset({"apiVersion", "kind", "metadata", "data", "binaryData", "stringData"})


def generic_columns(items: Sequence[dict[str, Any]]) -> pd.DataFrame:
    """Kinds that nobody listed: who, whether Ready, plain values at the top and one below (spec, status), when made."""
    fixed: dict[str, list[Any]] = {}
    kinds = {"name": "text", "created": "time"}
    namespaces = [_at(item, "metadata.namespace") for item in items]
    if any(namespaces):
        fixed["namespace"] = namespaces
        kinds["namespace"] = "text"
    fixed["name"] = [_at(item, "metadata.name") for item in items]
    ready = [_ready(item) for item in items]
    if any(value is not None for value in ready):
        fixed["ready"] = ready
        kinds["ready"] = "boolean"
    names = columns.Names([*fixed, "created"])
    plain = [_plain(item) for item in items]
    created = {"created": [_at(item, "metadata.creationTimestamp") for item in items]}
    return columns.frame(fixed | columns.flatten(plain, names) | created, len(items), dates=True, kinds=kinds)


def _plain(item: dict[str, Any]) -> dict[str, Any]:
    """The plain values of an object, and of the objects in it; no lists, nothing deeper, nothing that is data."""
    found: dict[str, Any] = {}
    for key, value in item.items():
        if key in _NOT_PLAIN:
            continue
        if isinstance(value, dict):
            value = {name: inner for name, inner in value.items() if not isinstance(inner, (dict, list))}
        if value is not None and not isinstance(value, list) and value != {}:
            found[key] = value
    return found


def _ready(item: dict[str, Any]) -> bool | None:
    for condition in _at(item, "status.conditions") or ():
        if isinstance(condition, dict) and condition.get("type") == "Ready":
            return {"True": True, "False": False}.get(condition.get("status", ""))
    return None
