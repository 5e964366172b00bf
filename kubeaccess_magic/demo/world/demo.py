"""The built-in world."""

from __future__ import annotations

import json
from importlib import resources

from ..api.status import Object
from . import kube_system, metrics, monitoring, rights, shop
from .builder import World


def built_in() -> World:
    """All of it; the same at each start, but for the day."""
    world = World()
    world.objects = bootstrap()
    for thing in world.objects:
        thing["metadata"]["creationTimestamp"] = world.ago(42)
    for room in (kube_system, metrics, monitoring, shop, rights):
        room.build(world)
    return world


def bootstrap() -> list[Object]:
    """What a real API server creates by itself: namespaces, its own service, the default roles."""
    text = resources.files(__package__).joinpath("bootstrap.jsonl").read_text()
    return [json.loads(line) for line in text.splitlines()]
