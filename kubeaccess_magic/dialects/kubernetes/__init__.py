"""Lists of the API server, its objects, and the summary of a kubelet, as tidy frames."""

from __future__ import annotations

from .frames import (
    NAMESPACE_COLUMNS,
    NODE_COLUMNS,
    POD_COLUMNS,
    SERVICE_COLUMNS,
    namespaces_frame,
    nodes_frame,
    pods_frame,
    services_frame,
)
from .lists import PAGE_ROWS, Kubernetes

__all__ = [
    "NAMESPACE_COLUMNS",
    "NODE_COLUMNS",
    "PAGE_ROWS",
    "POD_COLUMNS",
    "SERVICE_COLUMNS",
    "dialect",
    "namespaces_frame",
    "nodes_frame",
    "pods_frame",
    "services_frame",
]

dialect = Kubernetes()
