"""The built-in world."""

from __future__ import annotations

import json
from importlib import resources

from ..api.status import Object
from . import basics, kube_system, metrics, monitoring, rights, shop
from .builder import World, uid


def built_in(authority: bytes = b"") -> World:
    """All of it; the same at each start, but for the day.

    Parameters
    ----------
    authority
        The certificate of the cluster's CA, in PEM: it is told in each namespace.
    """
    world = World()
    world.objects = bootstrap()
    for thing in world.objects:
        metadata = thing["metadata"]
        metadata["creationTimestamp"] = world.ago(42)
        metadata["uid"] = uid(thing["kind"], metadata["name"], metadata.get("namespace", ""))
    basics.nodes(world)
    basics.api_server(world)
    for room in (kube_system, metrics, monitoring, shop, rights):
        room.build(world)
    basics.namespaces(world, authority.decode())
    return world


def bootstrap() -> list[Object]:
    """What a real API server creates by itself: namespaces, its own service, the default roles."""
    text = resources.files(__package__).joinpath("bootstrap.jsonl").read_text()
    return [json.loads(line) for line in text.splitlines()]
