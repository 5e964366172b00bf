"""The objects of the Kubernetes API: typed values, and what follows from them alone.

`objects` are the values, `resources` their paths, `tokens` lead from page to page of a list, and `status` is what the
API server says when it refuses. `ports`, `endpoints`, `pods` and `apps` say which scheme a port speaks, what stands
behind it, whether that is ready, and which app an object belongs to. `quantity` turns ``128Mi`` into a number.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .apps import APP_LABELS, app_of, app_of_values
    from .endpoints import Backend, backends_of_pods, backends_of_slices, ready_endpoints
    from .objects import (
        Condition,
        Container,
        ContainerPort,
        ContainerStatus,
        Endpoint,
        EndpointPort,
        EndpointSlice,
        ListMetadata,
        Metadata,
        Namespace,
        Node,
        Page,
        Pod,
        PodIP,
        Service,
        ServicePort,
        decode,
        decode_list,
    )
    from .pods import default_container, pod_is_ready, pod_state
    from .ports import matching_ports, scheme_of, speaks_http, target_of
    from .quantity import quantity, seconds
    from .resources import ENDPOINTSLICES, NAMESPACES, NODES, PODS, SERVICES, Resource, path_of
    from .status import Status, status_of
    from .tokens import ContinueTokens

__all__ = [
    "APP_LABELS",
    "ENDPOINTSLICES",
    "NAMESPACES",
    "NODES",
    "PODS",
    "SERVICES",
    "Backend",
    "Condition",
    "Container",
    "ContainerPort",
    "ContainerStatus",
    "ContinueTokens",
    "Endpoint",
    "EndpointPort",
    "EndpointSlice",
    "ListMetadata",
    "Metadata",
    "Namespace",
    "Node",
    "Page",
    "Pod",
    "PodIP",
    "Resource",
    "Service",
    "ServicePort",
    "Status",
    "app_of",
    "app_of_values",
    "backends_of_pods",
    "backends_of_slices",
    "decode",
    "decode_list",
    "default_container",
    "matching_ports",
    "path_of",
    "pod_is_ready",
    "pod_state",
    "quantity",
    "ready_endpoints",
    "scheme_of",
    "seconds",
    "speaks_http",
    "status_of",
    "target_of",
]

_NAMES = {
    "apps": ("APP_LABELS", "app_of", "app_of_values"),
    "endpoints": ("Backend", "backends_of_pods", "backends_of_slices", "ready_endpoints"),
    "objects": (
        "Condition",
        "Container",
        "ContainerPort",
        "ContainerStatus",
        "Endpoint",
        "EndpointPort",
        "EndpointSlice",
        "ListMetadata",
        "Metadata",
        "Namespace",
        "Node",
        "Page",
        "Pod",
        "PodIP",
        "Service",
        "ServicePort",
        "decode",
        "decode_list",
    ),
    "pods": ("default_container", "pod_is_ready", "pod_state"),
    "ports": ("matching_ports", "scheme_of", "speaks_http", "target_of"),
    "quantity": ("quantity", "seconds"),
    "resources": (
        "ENDPOINTSLICES",
        "NAMESPACES",
        "NODES",
        "PODS",
        "SERVICES",
        "Resource",
        "namespaced_resources",
        "path_of",
    ),
    "status": ("Status", "status_of"),
    "tokens": ("ContinueTokens",),
}
_HOMES = {name: module for module, names in _NAMES.items() for name in names}


def __getattr__(name: str) -> Any:
    """Load a name with its first use (PEP 562): a request whose target is complete reads no objects."""
    module = _HOMES.get(name)
    if module is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(importlib.import_module(f".{module}", __name__), name)
    return value
