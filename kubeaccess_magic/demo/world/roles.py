"""The users and their roles: an admin, a viewer, an analyst who may query two services, and nobody."""

from __future__ import annotations

from typing import Final

from ..api.rbac import MASTERS
from .builder import World

USERS: Final = {"admin": (MASTERS,), "viewer": (), "analyst": (), "nobody": ()}
"""User → groups; the admin's context is called `demo`."""
NAMESPACES: Final = {"analyst": "shop"}
"""Context → namespace, for the contexts whose namespace is not `default`."""

_READ = ["get", "list", "watch"]


def build(world: World) -> None:
    """Add the roles and their bindings to a world."""
    cluster_roles = {obj["metadata"]["name"]: obj for obj in world.objects if obj["kind"] == "ClusterRole"}
    view = cluster_roles["system:aggregate-to-view"]["rules"]
    edit = cluster_roles["system:aggregate-to-edit"]["rules"]
    for name, rules in (("view", view), ("edit", view + edit), ("admin", view + edit)):
        version = "rbac.authorization.k8s.io/v1"
        world.add({"apiVersion": version, "kind": "ClusterRole", "metadata": world.meta(name), "rules": rules})
    world.bind("viewer-view", "ClusterRole", "view", "viewer")
    world.role("node-reader", [{"apiGroups": [""], "resources": ["nodes"], "verbs": _READ}], "viewer")
    segments = ["web", "web:80", "http:web:80", "backoffice:http", "backoffice:80"]
    world.role(
        "analyst",
        [
            {"apiGroups": [""], "resources": ["services", "pods", "endpoints"], "verbs": _READ},
            {"apiGroups": ["discovery.k8s.io"], "resources": ["endpointslices"], "verbs": _READ},
            {"apiGroups": [""], "resources": ["services/proxy"], "resourceNames": segments, "verbs": ["get"]},
        ],
        "analyst",
        "shop",
    )
    prometheus = ["prometheus:9090", "prometheus:web", "http:prometheus:web"]
    world.role(
        "analyst-metrics",
        [
            {"apiGroups": [""], "resources": ["services"], "resourceNames": ["prometheus"], "verbs": ["get"]},
            {"apiGroups": [""], "resources": ["services/proxy"], "resourceNames": prometheus, "verbs": ["get"]},
        ],
        "analyst",
        "monitoring",
    )
