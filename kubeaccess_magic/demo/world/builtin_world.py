"""Assembles the built-in world."""

from __future__ import annotations

import json
from importlib import resources

from ..api.status import Object
from . import (
    infrastructure,
    kube_system_namespace,
    logging_namespace,
    metrics_api,
    monitoring_namespace,
    roles,
    shop_namespace,
)
from .builder import World
from .manifests import uid


def builtin_world(authority: bytes = b"") -> World:
    """Make the built-in world; only its dates differ from start to start.

    Parameters
    ----------
    authority
        The certificate of the cluster's CA, in PEM; each namespace gets it in a ConfigMap.
    """
    world = World()
    world.objects = bootstrap()
    for obj in world.objects:
        metadata = obj["metadata"]
        metadata["creationTimestamp"] = world.ago(42)
        metadata["uid"] = uid(obj["kind"], metadata["name"], metadata.get("namespace", ""))
    infrastructure.nodes(world)
    infrastructure.api_server(world)
    for part in (kube_system_namespace, metrics_api, monitoring_namespace, shop_namespace, roles, logging_namespace):
        part.build(world)
    infrastructure.namespaces(world, authority.decode())
    return world


def bootstrap() -> list[Object]:
    """The objects that a real API server creates itself: namespaces, its own service, the default roles."""
    text = resources.files(__package__).joinpath("bootstrap.jsonl").read_text()
    return [json.loads(line) for line in text.splitlines()]
