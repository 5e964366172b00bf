"""Kubernetes: lists and objects of the API server, and the summary of a kubelet, as tidy frames."""

from __future__ import annotations

from .dialect import Kubernetes
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
from .operations import PAGE_ROWS

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
