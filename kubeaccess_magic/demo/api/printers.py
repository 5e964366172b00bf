"""Tables as `kubectl get` prints them (F4), and objects reduced to their metadata (F5)."""

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
    """A column of a table; those of priority 1 are shown by `-o wide` only."""

    name: str
    value: Callable[[Object], Any]
    description: str = ""
    priority: int = 0
    type: str = "string"


def include_object(parameters: dict[str, str]) -> str:
    """How much of its object a row includes: None, Metadata or Object.

    Raises
    ------
    ApiError
        400: the query parameter has another value.
    """
    value = parameters.get("includeObject", "")
    if value not in ("", "None", "Metadata", "Object"):
        raise bad_request(
            f'Unable to convert to Table as requested: includeObject: Invalid value: "{value}": '
            "must be 'Metadata', 'Object', 'None', or empty"
        )
    return value or "Metadata"


def table(resource: Resource, objects: Sequence[Object], metadata: Object, include: str, version: str = "v1") -> Object:
    """Make a table of objects.

    Parameters
    ----------
    resource
        The resource of the objects.
    objects
        One for each row.
    metadata
        The metadata of the table.
    include
        How much of its object each row includes: None, Metadata or Object.
    version
        The version of ``meta.k8s.io``.
    """
    columns = COLUMNS.get(resource.qualified, DEFAULT)
    api_version = f"{_META}/{version}"
    return {
        "kind": "Table",
        "apiVersion": api_version,
        "metadata": metadata,
        "columnDefinitions": [_definition(column) for column in columns],
        "rows": [row(resource, obj, include, version) for obj in objects],
    }


def row(resource: Resource, obj: Object, include: str, version: str = "v1") -> Object:
    """Make the row of an object.

    Parameters
    ----------
    resource
        The resource of the object.
    obj
        The object.
    include
        How much of the object the row includes: None, Metadata or Object.
    version
        The version of ``meta.k8s.io``.
    """
    columns = COLUMNS.get(resource.qualified, DEFAULT)
    included: Object | None = None
    if include == "Object":
        included = {"kind": resource.kind, "apiVersion": resource.api_version} | obj
    elif include == "Metadata":
        included = partial(obj, version)
    return {"cells": [column.value(obj) for column in columns], "object": included}


def partial(obj: Object, version: str = "v1") -> Object:
    """Reduce an object to its metadata.

    Parameters
    ----------
    obj
        The object.
    version
        The version of ``meta.k8s.io``.
    """
    return {"kind": "PartialObjectMetadata", "apiVersion": f"{_META}/{version}", "metadata": obj["metadata"]}


def partial_list(objects: Sequence[Object], metadata: Object, version: str = "v1") -> Object:
    """Reduce a list of objects to their metadata.

    Parameters
    ----------
    objects
        The objects.
    metadata
        The metadata of the list.
    version
        The version of ``meta.k8s.io``.
    """
    return {
        "kind": "PartialObjectMetadataList",
        "apiVersion": f"{_META}/{version}",
        "metadata": metadata,
        "items": [partial(obj, version) for obj in objects],
    }


def not_convertible(requested: str, description: str) -> ApiError:
    """Error 406: an answer cannot be converted as the client asks.

    Parameters
    ----------
    requested
        The kind that the client asks for.
    description
        What the answer is.
    """
    return ApiError(406, "NotAcceptable", f"you requested {requested}, but the requested object is {description}")


def age(stamp: str | None) -> str:
    """The time since a timestamp, as kubectl prints it: 5s, 3m20s, 7m, 5h12m, 3d4h, 40d, 2y30d."""
    if not stamp:
        return "<unknown>"
    seconds = int(time.time() - timegm(time.strptime(stamp[:19], "%Y-%m-%dT%H:%M:%S")))
    if seconds < -1:
        return "<invalid>"
    return duration(max(seconds, 0))


def duration(seconds: int) -> str:
    """A number of seconds, as kubectl prints it."""
    if seconds < 120:
        return f"{seconds}s"
    minutes, hours, days = seconds // 60, seconds // 3600, seconds // 86400
    if minutes < 10:
        return _two_units(minutes, "m", seconds % 60, "s")
    if minutes < 180:
        return f"{minutes}m"
    if hours < 8:
        return _two_units(hours, "h", minutes % 60, "m")
    if hours < 48:
        return f"{hours}h"
    if hours < 192:
        return _two_units(days, "d", hours % 24, "h")
    if days < 730:
        return f"{days}d"
    if days < 365 * 8:
        return _two_units(days // 365, "y", days % 365, "d")
    return f"{days // 365}y"


def _two_units(large: int, unit: str, small: int, small_unit: str) -> str:
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


def _labels_text(labels: dict[str, str] | None) -> str:
    return ",".join(f"{key}={value}" for key, value in sorted((labels or {}).items())) or "<none>"


def _external_addresses(obj: Object) -> str:
    spec = obj["spec"]
    if spec.get("type") == "ExternalName":
        return str(spec.get("externalName", ""))
    fixed = spec.get("externalIPs") or []
    if spec.get("type") == "LoadBalancer":
        ingresses = obj.get("status", {}).get("loadBalancer", {}).get("ingress") or []
        addresses = [str(ingress.get("ip") or ingress.get("hostname", "")) for ingress in ingresses] + fixed
        return ",".join(addresses) or "<pending>"
    if spec.get("type") in ("ClusterIP", "NodePort"):
        return ",".join(fixed) or "<none>"
    return "<unknown>"


def _ports_text(obj: Object) -> str:
    def text(port: Object) -> str:
        node_port = f":{port['nodePort']}" if port.get("nodePort") else ""
        return f"{port['port']}{node_port}/{port.get('protocol', 'TCP')}"

    return ",".join(text(port) for port in obj["spec"].get("ports") or ()) or "<none>"


def _ready_containers(obj: Object) -> str:
    states = obj.get("status", {}).get("containerStatuses") or []
    return f"{sum(1 for state in states if state.get('ready'))}/{len(obj['spec'].get('containers', ()))}"


def _pod_status(obj: Object) -> str:
    status = obj.get("status", {})
    text = str(status.get("reason") or status.get("phase") or "")
    for state in reversed(status.get("containerStatuses") or []):
        current = state.get("state", {})
        if reason := current.get("waiting", {}).get("reason"):
            text = reason
        elif terminated := current.get("terminated"):
            text = terminated.get("reason") or f"ExitCode:{terminated.get('exitCode', 0)}"
    if obj["metadata"].get("deletionTimestamp"):
        return "Terminating"
    return text


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
    conditions = {condition["type"]: condition["status"] for condition in obj.get("status", {}).get("conditions") or ()}
    text = {"True": "Ready", "False": "NotReady"}.get(conditions.get("Ready", ""), "Unknown")
    return text + (",SchedulingDisabled" if obj["spec"].get("unschedulable") else "")


def _roles(obj: Object) -> str:
    prefix = "node-role.kubernetes.io/"
    labels = obj["metadata"].get("labels") or {}
    return ",".join(sorted(key.removeprefix(prefix) for key in labels if key.startswith(prefix))) or "<none>"


def _address(kind: str) -> Callable[[Object], str]:
    def value(obj: Object) -> str:
        addresses = obj.get("status", {}).get("addresses") or ()
        return next((str(address["address"]) for address in addresses if address["type"] == kind), "<none>")

    return value


def _node_info(*names: str) -> Callable[[Object], str]:
    def value(obj: Object) -> str:
        info = obj.get("status", {}).get("nodeInfo", {})
        text = str(info.get(names[0]) or "<unknown>")
        return f"{text} ({info.get(names[1])})" if len(names) > 1 else text

    return value


def _field(*path: str, missing: Any = "") -> Callable[[Object], Any]:
    def value(obj: Object) -> Any:
        content: Any = obj
        for key in path:
            content = content.get(key) if isinstance(content, dict) else None
        return missing if content is None else content

    return value


def _count(field: str) -> Callable[[Object], int]:
    return lambda obj: len(obj.get(field) or ())


def _first_three(texts: list[str]) -> str:
    return ",".join(texts[:3]) + (f" + {len(texts) - 3} more..." if len(texts) > 3 else "")


def _subset_addresses(obj: Object) -> str:
    subsets = obj.get("subsets")
    if not subsets:
        return "<none>"
    return _first_three(
        [
            f"{address['ip']}:{port['port']}"
            for subset in subsets
            for port in subset.get("ports") or ()
            for address in subset.get("addresses") or ()
        ]
    )


def _slice_ports(obj: Object) -> str:
    return ",".join(str(port.get("port", "*")) for port in obj.get("ports") or ()) or "<unset>"


def _slice_addresses(obj: Object) -> str:
    endpoints = obj.get("endpoints") or ()
    return _first_three([address for endpoint in endpoints for address in endpoint["addresses"]]) or "<unset>"


def _event_object(obj: Object) -> str:
    reference = obj.get("involvedObject") or obj.get("regarding") or {}
    return f"{reference.get('kind', '').lower()}/{reference.get('name', '')}"


def _last_seen(obj: Object) -> str:
    return age(obj.get("lastTimestamp") or obj.get("eventTime") or obj.get("firstTimestamp"))


def _of_desired(ready: str, desired: str) -> Callable[[Object], str]:
    return lambda obj: f"{obj.get('status', {}).get(ready, 0)}/{obj['spec'].get(desired, 1)}"


def _containers(field: str) -> Callable[[Object], str]:
    def value(obj: Object) -> str:
        spec = obj["spec"].get("template", {}).get("spec", {})
        return ",".join(str(container.get(field, "")) for container in spec.get("containers") or ())

    return value


def _selector(obj: Object) -> str:
    return _labels_text(obj["spec"].get("selector", {}).get("matchLabels"))


def _subjects(kind: str) -> Callable[[Object], str]:
    def value(obj: Object) -> str:
        subjects = (subject for subject in obj.get("subjects") or () if subject["kind"] == kind)
        return ", ".join(
            f"{subject['namespace']}/{subject['name']}" if subject.get("namespace") else subject["name"]
            for subject in subjects
        )

    return value


_NAME_COLUMN = PrinterColumn("Name", _name, _NAME)
_AGE_COLUMN = PrinterColumn("Age", _created, _AGE)
DEFAULT: Final = (_NAME_COLUMN, PrinterColumn("Created At", _field("metadata", "creationTimestamp"), _AGE, type="date"))
"""The columns for resources without a printer of their own."""


def _text(name: str, value: Callable[[Object], Any], description: str) -> PrinterColumn:
    return PrinterColumn(name, value, description)


def _wide(name: str, value: Callable[[Object], Any], description: str) -> PrinterColumn:
    return PrinterColumn(name, value, description, 1)


_TEMPLATE_COLUMNS = (
    _wide("Containers", _containers("name"), "Names of each container in the template."),
    _wide("Images", _containers("image"), "Images referenced by each container in the template."),
    _wide("Selector", _selector, "Label selector for the pods."),
)
_ROLE_COLUMNS = (_NAME_COLUMN, PrinterColumn("Created At", _field("metadata", "creationTimestamp"), _AGE, type="date"))
_BINDING_COLUMNS = (
    _NAME_COLUMN,
    _text("Role", lambda obj: f"{obj['roleRef']['kind']}/{obj['roleRef']['name']}", "The role that is granted."),
    _AGE_COLUMN,
    _wide("Users", _subjects("User"), "Users in the binding."),
    _wide("Groups", _subjects("Group"), "Groups in the binding."),
    _wide("ServiceAccounts", _subjects("ServiceAccount"), "Service accounts in the binding."),
)

COLUMNS: Final[dict[str, tuple[PrinterColumn, ...]]] = {
    "services": (
        _NAME_COLUMN,
        _text("Type", _field("spec", "type"), "How the Service is exposed."),
        _text("Cluster-IP", _field("spec", "clusterIP", missing="<none>"), "The IP address of the service."),
        _text("External-IP", _external_addresses, "Addresses outside the cluster that lead to the service."),
        _text("Port(s)", _ports_text, "The ports that are exposed by this service."),
        _AGE_COLUMN,
        _wide(
            "Selector",
            lambda obj: _labels_text(obj["spec"].get("selector")),
            "Label selector of the pods behind the service.",
        ),
    ),
    "pods": (
        _NAME_COLUMN,
        _text("Ready", _ready_containers, "The aggregate readiness state of this pod for accepting traffic."),
        _text("Status", _pod_status, "The aggregate status of the containers in this pod."),
        _text("Restarts", _restarts, "The number of restarts of the containers, and the time since the last."),
        _AGE_COLUMN,
        _wide("IP", _pod_ip, "The address of the pod."),
        _wide("Node", _field("spec", "nodeName", missing="<none>"), "The node that the pod runs on."),
        _wide(
            "Nominated Node",
            _field("status", "nominatedNodeName", missing="<none>"),
            "The node that the pod may be scheduled to after preemption.",
        ),
        _wide("Readiness Gates", lambda obj: "<none>", "Further conditions for readiness."),
    ),
    "namespaces": (
        _NAME_COLUMN,
        _text("Status", _field("status", "phase"), "The status of the namespace"),
        _AGE_COLUMN,
    ),
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
        _text("AddressType", _field("addressType"), "The kind of addresses."),
        _text("Ports", _slice_ports, "The ports."),
        _text("Endpoints", _slice_addresses, "The addresses."),
        _AGE_COLUMN,
    ),
    "configmaps": (
        _NAME_COLUMN,
        PrinterColumn("Data", _count("data"), "The number of entries."),
        _AGE_COLUMN,
    ),
    "secrets": (
        _NAME_COLUMN,
        _text("Type", _field("type"), "The type of the secret."),
        PrinterColumn("Data", _count("data"), "The number of entries."),
        _AGE_COLUMN,
    ),
    "serviceaccounts": (_NAME_COLUMN, _AGE_COLUMN),
    "events": (
        _text("Last Seen", _last_seen, "When it last happened."),
        _text("Type", _field("type"), "Normal or Warning."),
        _text("Reason", _field("reason"), "The machine-readable reason."),
        _text("Object", _event_object, "The object that the event is about."),
        _wide("Subobject", _field("involvedObject", "fieldPath"), "The part of the object."),
        _wide("Source", _field("source", "component"), "The component that reports the event."),
        _text("Message", _field("message"), "The text for people."),
        _wide("First Seen", lambda obj: age(obj.get("firstTimestamp")), "When it first happened."),
        PrinterColumn("Count", _field("count", missing=1), "How many times it happened.", 1),
        PrinterColumn("Name", _name, _NAME, 1),
    ),
    "deployments.apps": (
        _NAME_COLUMN,
        _text("Ready", _of_desired("readyReplicas", "replicas"), "Ready and desired number of pods."),
        PrinterColumn(
            "Up-to-date", _field("status", "updatedReplicas", missing=0), "Number of pods with the latest template."
        ),
        PrinterColumn("Available", _field("status", "availableReplicas", missing=0), "Number of available pods."),
        _AGE_COLUMN,
        *_TEMPLATE_COLUMNS,
    ),
    "replicasets.apps": (
        _NAME_COLUMN,
        PrinterColumn("Desired", _field("spec", "replicas", missing=1), "Desired number of pods."),
        PrinterColumn("Current", _field("status", "replicas", missing=0), "Current number of pods."),
        PrinterColumn("Ready", _field("status", "readyReplicas", missing=0), "Number of ready pods."),
        _AGE_COLUMN,
        *_TEMPLATE_COLUMNS,
    ),
    "statefulsets.apps": (
        _NAME_COLUMN,
        _text("Ready", _of_desired("readyReplicas", "replicas"), "Ready and desired number of pods."),
        _AGE_COLUMN,
        *_TEMPLATE_COLUMNS[:2],
    ),
    "jobs.batch": (
        _NAME_COLUMN,
        _text("Status", lambda obj: "", "The status of the job."),
        _text("Completions", _of_desired("succeeded", "completions"), "Completed and desired number of pods."),
        _text("Duration", lambda obj: "", "How long the job has been running."),
        _AGE_COLUMN,
        *_TEMPLATE_COLUMNS,
    ),
    "ingresses.networking.k8s.io": (
        _NAME_COLUMN,
        _text("Class", _field("spec", "ingressClassName", missing="<none>"), "The ingress class."),
        _text("Hosts", lambda obj: "*", "The hosts of its rules."),
        _text("Address", lambda obj: "", "The address of the load balancer."),
        _text("Ports", lambda obj: "80", "The ports."),
        _AGE_COLUMN,
    ),
    "roles.rbac.authorization.k8s.io": _ROLE_COLUMNS,
    "clusterroles.rbac.authorization.k8s.io": _ROLE_COLUMNS,
    "rolebindings.rbac.authorization.k8s.io": _BINDING_COLUMNS,
    "clusterrolebindings.rbac.authorization.k8s.io": _BINDING_COLUMNS,
}
