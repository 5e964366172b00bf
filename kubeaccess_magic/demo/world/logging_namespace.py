"""The namespace logging: Loki."""

from __future__ import annotations

from ..apps.loki.app import Loki
from .builder import World
from .manifests import ServicePort, container

NAMESPACE = "logging"


def build(world: World) -> None:
    """Add the objects and apps of the namespace to a world."""
    world.namespace(NAMESPACE, days=30)
    box = container("loki", ("http", 3100), image="grafana/loki:3.5.7", cpu="100m", memory="256Mi")
    addresses = world.stateful(NAMESPACE, "loki", [box])
    world.listen(addresses, 3100, Loki(world))
    world.service(NAMESPACE, "loki", [ServicePort(3100, "http", "http")], labels={"app": "loki"})
