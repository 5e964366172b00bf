"""The namespace ``monitoring``, with Prometheus."""

from __future__ import annotations

from ..apps.prometheus.app import Prometheus
from .builder import World
from .manifests import ServicePort, container

NAMESPACE = "monitoring"


def build(world: World) -> None:
    """Add the objects and apps of the namespace to a world."""
    world.namespace(NAMESPACE, days=40)
    pod_container = container("prometheus", ("web", 9090), image="prom/prometheus:v3.5.0", cpu="100m", memory="512Mi")
    addresses = world.stateful(NAMESPACE, "prometheus", [pod_container])
    world.listen(addresses, 9090, Prometheus(world))
    world.service(NAMESPACE, "prometheus", [ServicePort(9090, "web", "web")], labels={"app": "prometheus"})
