"""The objects of the Kubernetes API: typed values, and what follows from them alone.

`objects` are the values, `resources` their paths, `tokens` lead from page to page of a list, `status` is what the API
server says when it refuses. `ports`, `readiness` and `apps`
say what a service's port speaks, which endpoints are ready, and which app an object belongs to. `quantity` turns
``128Mi`` into a number.
"""

from __future__ import annotations

from .apps import APP_LABELS, app_of, app_of_values
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
from .ports import scheme_of, speaks_http, target_of
from .quantity import quantity, seconds
from .readiness import pod_is_ready, pod_state, ready_endpoints
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
    "decode",
    "decode_list",
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
