"""Tables: what `kubectl get` prints (F4), and metadata alone (F5)."""

from __future__ import annotations

import time
from calendar import timegm
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from .resources import Resource
from .status import ApiError, Object, bad_request

_NAME: Final = "Name must be unique within a namespace. Is required when creating resources."
_AGE: Final = "The time since the object was created."
_META: Final = "meta.k8s.io"


@dataclass(frozen=True, slots=True)
class PrinterColumn:
    """One column; those of priority 1 are shown by `-o wide` only."""

    name: str
    value: Callable[[Object], Any]
    description: str = ""
    priority: int = 0
    type: str = "string"


def include_object(parameters: dict[str, str]) -> str:
    """What a row says of its object: None, Metadata or Object.

    Raises
    ------
    ApiError
        400: something else was asked.
    """
    asked = parameters.get("includeObject", "")
    if asked not in ("", "None", "Metadata", "Object"):
        raise bad_request(
            f'Unable to convert to Table as requested: includeObject: Invalid value: "{asked}": '
            "must be 'Metadata', 'Object', 'None', or empty"
        )
    return asked or "Metadata"


def table(resource: Resource, things: Sequence[Object], metadata: Object, include: str, version: str = "v1") -> Object:
    """A table of these objects."""
    columns = COLUMNS.get(resource.qualified, DEFAULT)
    api_version = f"{_META}/{version}"
    return {
        "kind": "Table",
        "apiVersion": api_version,
        "metadata": metadata,
        "columnDefinitions": [_definition(column) for column in columns],
        "rows": [row(resource, obj, include, version) for obj in things],
    }


def row(resource: Resource, obj: Object, include: str, version: str = "v1") -> Object:
    """One row."""
    columns = COLUMNS.get(resource.qualified, DEFAULT)
    shown: Object | None = None
    if include == "Object":
        shown = {"kind": resource.kind, "apiVersion": resource.api_version} | obj
    elif include == "Metadata":
        shown = partial(obj, version)
    return {"cells": [column.value(obj) for column in columns], "object": shown}


def partial(obj: Object, version: str = "v1") -> Object:
    """The object's metadata alone."""
    return {"kind": "PartialObjectMetadata", "apiVersion": f"{_META}/{version}", "metadata": obj["metadata"]}


def partial_list(things: Sequence[Object], metadata: Object, version: str = "v1") -> Object:
    """The metadata of several."""
    return {
        "kind": "PartialObjectMetadataList",
        "apiVersion": f"{_META}/{version}",
        "metadata": metadata,
        "items": [partial(obj, version) for obj in things],
    }


def not_convertible(wanted: str, is_what: str) -> ApiError:
    """406 of a conversion that an answer cannot undergo."""
    return ApiError(406, "NotAcceptable", f"you requested {wanted}, but the requested object is {is_what}")


def age(stamp: str | None) -> str:
    """How long ago, as kubectl says it: 5s, 3m20s, 7m, 5h12m, 3d4h, 40d, 2y30d."""
    if not stamp:
        return "<unknown>"
    seconds = int(time.time() - timegm(time.strptime(stamp[:19], "%Y-%m-%dT%H:%M:%S")))
    if seconds < -1:
        return "<invalid>"
    return duration(max(seconds, 0))


def duration(seconds: int) -> str:
    """Seconds in kubectl's words."""
    if seconds < 120:
        return f"{seconds}s"
    minutes, hours, days = seconds // 60, seconds // 3600, seconds // 86400
    if minutes < 10:
        return _two(minutes, "m", seconds % 60, "s")
    if minutes < 180:
        return f"{minutes}m"
    if hours < 8:
        return _two(hours, "h", minutes % 60, "m")
    if hours < 48:
        return f"{hours}h"
    if hours < 192:
        return _two(days, "d", hours % 24, "h")
    if days < 730:
        return f"{days}d"
    if days < 365 * 8:
        return _two(days // 365, "y", days % 365, "d")
    return f"{days // 365}y"


def _two(large: int, unit: str, small: int, small_unit: str) -> str:
    return f"{large}{unit}{small}{small_unit}" if small else f"{large}{unit}"


def _definition(column: PrinterColumn) -> Object:
    return {
        "name": column.name,
        "type": column.type,
        "format": "name" if column.name == "Name" else "",
        "description": column.description,
        "priority": column.priority,
    }


# --- cells


def _name(obj: Object) -> str:
    return str(obj["metadata"].get("name", ""))


def _created(obj: Object) -> str:
    return age(obj["metadata"].get("creationTimestamp"))


def _pairs(labels: dict[str, str] | None) -> str:
    return ",".join(f"{key}={value}" for key, value in sorted((labels or {}).items())) or "<none>"


def _external(obj: Object) -> str:
    spec = obj["spec"]
    if spec.get("type") == "ExternalName":
        return str(spec.get("externalName", ""))
    fixed = spec.get("externalIPs") or []
    if spec.get("type") == "LoadBalancer":
        points = obj.get("status", {}).get("loadBalancer", {}).get("ingress") or []
        found = [str(one.get("ip") or one.get("hostname", "")) for one in points] + fixed
        return ",".join(found) or "<pending>"
    if spec.get("type") in ("ClusterIP", "NodePort"):
        return ",".join(fixed) or "<none>"
    return "<unknown>"


def _ports(obj: Object) -> str:
    def one(port: Object) -> str:
        node_port = f":{port['nodePort']}" if port.get("nodePort") else ""
        return f"{port['port']}{node_port}/{port.get('protocol', 'TCP')}"

    return ",".join(one(port) for port in obj["spec"].get("ports") or ()) or "<none>"


def _ready(obj: Object) -> str:
    states = obj.get("status", {}).get("containerStatuses") or []
    return f"{sum(1 for state in states if state.get('ready'))}/{len(obj['spec'].get('containers', ()))}"


def _pod_status(obj: Object) -> str:
    status = obj.get("status", {})
    shown = str(status.get("reason") or status.get("phase") or "")
    for state in reversed(status.get("containerStatuses") or []):
        now = state.get("state", {})
        if reason := now.get("waiting", {}).get("reason"):
            shown = reason
        elif terminated := now.get("terminated"):
            shown = terminated.get("reason") or f"ExitCode:{terminated.get('exitCode', 0)}"
    if obj["metadata"].get("deletionTimestamp"):
        return "Terminating"
    return shown


def _restarts(obj: Object) -> str:
    states = obj.get("status", {}).get("containerStatuses") or []
    total = sum(state.get("restartCount", 0) for state in states)
    ends = [state.get("lastState", {}).get("terminated", {}).get("finishedAt") for state in states]
    last = max((end for end in ends if end), default="")
    return f"{total} ({age(last)} ago)" if total and last else str(total)


def _pod_ip(obj: Object) -> str:
    addresses = obj.get("status", {}).get("podIPs") or []
    return str(addresses[0]["ip"]) if addresses else "<none>"


def _node_status(obj: Object) -> str:
    conditions = {one["type"]: one["status"] for one in obj.get("status", {}).get("conditions") or ()}
    shown = {"True": "Ready", "False": "NotReady"}.get(conditions.get("Ready", ""), "Unknown")
    return shown + (",SchedulingDisabled" if obj["spec"].get("unschedulable") else "")


def _roles(obj: Object) -> str:
    prefix = "node-role.kubernetes.io/"
    labels = obj["metadata"].get("labels") or {}
    return ",".join(sorted(key.removeprefix(prefix) for key in labels if key.startswith(prefix))) or "<none>"


def _address(kind: str) -> Callable[[Object], str]:
    def value(obj: Object) -> str:
        addresses = obj.get("status", {}).get("addresses") or ()
        return next((str(one["address"]) for one in addresses if one["type"] == kind), "<none>")

    return value


def _node_info(*names: str) -> Callable[[Object], str]:
    def value(obj: Object) -> str:
        info = obj.get("status", {}).get("nodeInfo", {})
        first = str(info.get(names[0]) or "<unknown>")
        return f"{first} ({info.get(names[1])})" if len(names) > 1 else first

    return value


def _at(*path: str, missing: Any = "") -> Callable[[Object], Any]:
    def value(obj: Object) -> Any:
        found: Any = obj
        for step in path:
            found = found.get(step) if isinstance(found, dict) else None
        return missing if found is None else found

    return value


def _count(field: str) -> Callable[[Object], int]:
    return lambda obj: len(obj.get(field) or ())


def _subset_addresses(obj: Object) -> str:
    subsets = obj.get("subsets")
    out = [
        f"{address['ip']}:{port['port']}"
        for subset in subsets or ()
        for port in subset.get("ports") or ()
        for address in subset.get("addresses") or ()
    ]
    if not subsets:
        return "<none>"
    return ",".join(out[:3]) + (f" + {len(out) - 3} more..." if len(out) > 3 else "")


def _slice_ports(obj: Object) -> str:
    return ",".join(str(port.get("port", "*")) for port in obj.get("ports") or ()) or "<unset>"


def _slice_addresses(obj: Object) -> str:
    out = [address for point in obj.get("endpoints") or () for address in point["addresses"]]
    return (",".join(out[:3]) + (f" + {len(out) - 3} more..." if len(out) > 3 else "")) or "<unset>"


def _event_object(obj: Object) -> str:
    about = obj.get("involvedObject") or obj.get("regarding") or {}
    return f"{about.get('kind', '').lower()}/{about.get('name', '')}"


def _last_seen(obj: Object) -> str:
    return age(obj.get("lastTimestamp") or obj.get("eventTime") or obj.get("firstTimestamp"))


def _of_desired(ready: str, desired: str) -> Callable[[Object], str]:
    return lambda obj: f"{obj.get('status', {}).get(ready, 0)}/{obj['spec'].get(desired, 1)}"


def _containers(field: str) -> Callable[[Object], str]:
    def value(obj: Object) -> str:
        spec = obj["spec"].get("template", {}).get("spec", {})
        return ",".join(str(one.get(field, "")) for one in spec.get("containers") or ())

    return value


def _selector(obj: Object) -> str:
    return _pairs(obj["spec"].get("selector", {}).get("matchLabels"))


def _subjects(kind: str) -> Callable[[Object], str]:
    def value(obj: Object) -> str:
        own = (one for one in obj.get("subjects") or () if one["kind"] == kind)
        return ", ".join(f"{one['namespace']}/{one['name']}" if one.get("namespace") else one["name"] for one in own)

    return value


_NAME_COLUMN = PrinterColumn("Name", _name, _NAME)
_AGE_COLUMN = PrinterColumn("Age", _created, _AGE)
DEFAULT: Final = (_NAME_COLUMN, PrinterColumn("Created At", _at("metadata", "creationTimestamp"), _AGE, type="date"))
"""The columns of what the real server has no printer for."""


def _text(name: str, value: Callable[[Object], Any], description: str) -> PrinterColumn:
    return PrinterColumn(name, value, description)


def _wide(name: str, value: Callable[[Object], Any], description: str) -> PrinterColumn:
    return PrinterColumn(name, value, description, 1)


_TEMPLATE_COLUMNS = (
    _wide("Containers", _containers("name"), "The containers of its pods."),
    _wide("Images", _containers("image"), "Their images."),
    _wide("Selector", _selector, "Which pods are its own."),
)
_ROLE_COLUMNS = (_NAME_COLUMN, PrinterColumn("Created At", _at("metadata", "creationTimestamp"), _AGE, type="date"))
_BINDING_COLUMNS = (
    _NAME_COLUMN,
    _text("Role", lambda obj: f"{obj['roleRef']['kind']}/{obj['roleRef']['name']}", "What is granted."),
    _AGE_COLUMN,
    _wide("Users", _subjects("User"), "Users it is granted to."),
    _wide("Groups", _subjects("Group"), "Groups it is granted to."),
    _wide("ServiceAccounts", _subjects("ServiceAccount"), "Service accounts it is granted to."),
)

COLUMNS: Final[dict[str, tuple[PrinterColumn, ...]]] = {
    "services": (
        _NAME_COLUMN,
        _text("Type", _at("spec", "type"), "How the Service is exposed."),
        _text("Cluster-IP", _at("spec", "clusterIP", missing="<none>"), "The IP address of the service."),
        _text("External-IP", _external, "Addresses outside the cluster that lead to the service."),
        _text("Port(s)", _ports, "The ports that are exposed by this service."),
        _AGE_COLUMN,
        _wide("Selector", lambda obj: _pairs(obj["spec"].get("selector")), "Which pods are behind the service."),
    ),
    "pods": (
        _NAME_COLUMN,
        _text("Ready", _ready, "The aggregate readiness state of this pod for accepting traffic."),
        _text("Status", _pod_status, "The aggregate status of the containers in this pod."),
        _text("Restarts", _restarts, "How often the containers were restarted, and when last."),
        _AGE_COLUMN,
        _wide("IP", _pod_ip, "The address of the pod."),
        _wide("Node", _at("spec", "nodeName", missing="<none>"), "The node that the pod runs on."),
        _wide("Nominated Node", _at("status", "nominatedNodeName", missing="<none>"), "The node it waits for."),
        _wide("Readiness Gates", lambda obj: "<none>", "Further conditions of readiness."),
    ),
    "namespaces": (_NAME_COLUMN, _text("Status", _at("status", "phase"), "The status of the namespace"), _AGE_COLUMN),
    "nodes": (
        _NAME_COLUMN,
        _text("Status", _node_status, "The status of the node"),
        _text("Roles", _roles, "The roles of the node"),
        _AGE_COLUMN,
        _text("Version", _node_info("kubeletVersion"), "The kubelet's version."),
        _wide("Internal-IP", _address("InternalIP"), "The address inside the cluster."),
        _wide("External-IP", _address("ExternalIP"), "The address outside."),
        _wide("OS-Image", _node_info("osImage"), "The operating system."),
        _wide("Kernel-Version", _node_info("kernelVersion", "architecture"), "The kernel."),
        _wide("Container-Runtime", _node_info("containerRuntimeVersion"), "The container runtime."),
    ),
    "endpoints": (_NAME_COLUMN, _text("Endpoints", _subset_addresses, "Addresses and ports."), _AGE_COLUMN),
    "endpointslices.discovery.k8s.io": (
        _NAME_COLUMN,
        _text("AddressType", _at("addressType"), "The kind of addresses."),
        _text("Ports", _slice_ports, "The ports."),
        _text("Endpoints", _slice_addresses, "The addresses."),
        _AGE_COLUMN,
    ),
    "configmaps": (
        _NAME_COLUMN,
        PrinterColumn("Data", _count("data"), "How many entries it has."),
        _AGE_COLUMN,
    ),
    "secrets": (
        _NAME_COLUMN,
        _text("Type", _at("type"), "What it is for."),
        PrinterColumn("Data", _count("data"), "How many entries it has."),
        _AGE_COLUMN,
    ),
    "serviceaccounts": (_NAME_COLUMN, _AGE_COLUMN),
    "events": (
        _text("Last Seen", _last_seen, "When it happened last."),
        _text("Type", _at("type"), "Normal or Warning."),
        _text("Reason", _at("reason"), "The machine's word for it."),
        _text("Object", _event_object, "What it is about."),
        _wide("Subobject", _at("involvedObject", "fieldPath"), "Which part of that."),
        _wide("Source", _at("source", "component"), "Who says so."),
        _text("Message", _at("message"), "For people."),
        _wide("First Seen", lambda obj: age(obj.get("firstTimestamp")), "When it happened first."),
        PrinterColumn("Count", _at("count", missing=1), "How often it happened.", 1),
        PrinterColumn("Name", _name, _NAME, 1),
    ),
    "deployments.apps": (
        _NAME_COLUMN,
        _text("Ready", _of_desired("readyReplicas", "replicas"), "Ready, of those wanted."),
        PrinterColumn("Up-to-date", _at("status", "updatedReplicas", missing=0), "Of the newest template."),
        PrinterColumn("Available", _at("status", "availableReplicas", missing=0), "Ready for long enough."),
        _AGE_COLUMN,
        *_TEMPLATE_COLUMNS,
    ),
    "replicasets.apps": (
        _NAME_COLUMN,
        PrinterColumn("Desired", _at("spec", "replicas", missing=1), "How many pods are wanted."),
        PrinterColumn("Current", _at("status", "replicas", missing=0), "How many there are."),
        PrinterColumn("Ready", _at("status", "readyReplicas", missing=0), "How many of them are ready."),
        _AGE_COLUMN,
        *_TEMPLATE_COLUMNS,
    ),
    "statefulsets.apps": (
        _NAME_COLUMN,
        _text("Ready", _of_desired("readyReplicas", "replicas"), "Ready, of those wanted."),
        _AGE_COLUMN,
        *_TEMPLATE_COLUMNS[:2],
    ),
    "jobs.batch": (
        _NAME_COLUMN,
        _text("Status", lambda obj: "", "How it stands."),
        _text("Completions", _of_desired("succeeded", "completions"), "Completed, of those wanted."),
        _text("Duration", lambda obj: "", "How long it took."),
        _AGE_COLUMN,
        *_TEMPLATE_COLUMNS,
    ),
    "ingresses.networking.k8s.io": (
        _NAME_COLUMN,
        _text("Class", _at("spec", "ingressClassName", missing="<none>"), "Who serves it."),
        _text("Hosts", lambda obj: "*", "The hosts it is for."),
        _text("Address", lambda obj: "", "Where it is served."),
        _text("Ports", lambda obj: "80", "The ports."),
        _AGE_COLUMN,
    ),
    "roles.rbac.authorization.k8s.io": _ROLE_COLUMNS,
    "clusterroles.rbac.authorization.k8s.io": _ROLE_COLUMNS,
    "rolebindings.rbac.authorization.k8s.io": _BINDING_COLUMNS,
    "clusterrolebindings.rbac.authorization.k8s.io": _BINDING_COLUMNS,
}
