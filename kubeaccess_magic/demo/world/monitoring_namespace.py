"""The namespace monitoring: Prometheus."""

from __future__ import annotations

from ..apps.prometheus.app import Prometheus
from .builder import ServicePort, World, container

NAMESPACE = "monitoring"


def build(world: World) -> None:
    """Add it all."""
    world.namespace(NAMESPACE, days=40)
    box = container("prometheus", ("web", 9090), image="prom/prometheus:v3.5.0", cpu="100m", memory="512Mi")
    addresses = world.stateful(NAMESPACE, "prometheus", [box])
    world.listen(addresses, 9090, Prometheus(world))
    world.service(NAMESPACE, "prometheus", [ServicePort(9090, "web", "web")], labels={"app": "prometheus"})
