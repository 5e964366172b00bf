"""The namespace shop: services of every kind, in every state."""

from __future__ import annotations

from ..apps.guarded import guarded
from ..apps.shop import Orders, Shop
from .builder import Port, World, container

NAMESPACE = "shop"


def build(world: World) -> None:
    """Add it all."""
    world.namespace(NAMESPACE, days=20)
    orders = Orders(world.now)
    _web(world, orders)
    _services(world, orders)
    _troubled(world, orders)


def _web(world: World, orders: Orders) -> None:
    addresses = world.deployment(NAMESPACE, "web", [container("web", ("http", 8080))], replicas=3)
    pods = [thing["metadata"]["name"] for thing in world.objects if thing["kind"] == "Pod"][-3:]
    for number, (address, pod) in enumerate(zip(addresses, pods, strict=True)):
        world.listen([address], 8080, Shop(pod, orders, fails=number == 2))
    world.service(NAMESPACE, "web", [Port(80, "", "http")])
    world.service(NAMESPACE, "web-headless", [Port(80, "http", "http")], app="web", clusterIP="None")
    world.service(NAMESPACE, "web-nodeport", [Port(80, "http", "http", node_port=30080)], app="web", type="NodePort")
    ingress = {"loadBalancer": {"ingress": [{"ip": "198.51.100.7"}]}}
    world.service(
        NAMESPACE,
        "web-public",
        [Port(80, "http", "http", node_port=30081)],
        app="web",
        type="LoadBalancer",
        status=ingress,
    )


def _services(world: World, orders: Orders) -> None:
    many = world.deployment(
        NAMESPACE, "backoffice", [container("app", ("http", 8080), ("admin", 8081), ("metrics", 9100))]
    )
    for port in (8080, 8081, 9100):
        world.listen(many, port, Shop("backoffice", orders))
    ports = [Port(80, "http", "http"), Port(8081, "admin", "admin"), Port(9100, "metrics", "metrics")]
    world.service(NAMESPACE, "backoffice", ports)
    vault = world.deployment(NAMESPACE, "vault", [container("vault", ("http", 8200))])
    world.listen(vault, 8200, guarded)
    world.service(NAMESPACE, "vault", [Port(80, "http", "http")])
    pay = world.deployment(NAMESPACE, "payments", [container("payments", ("https", 8443))])
    world.listen(pay, 8443, Shop("payments", orders), tls="always")
    world.service(NAMESPACE, "payments", [Port(443, "https", "https", app_protocol="https")])
    world.service(NAMESPACE, "mail", [Port(25, "smtp")], app="", type="ExternalName", externalName="mail.example.org")


def _troubled(world: World, orders: Orders) -> None:
    world.service(NAMESPACE, "abandoned", [Port(80, "http")])  # nothing behind it
    slow = world.pod(
        NAMESPACE, "warming-up-0", [container("app", ("http", 8080))], {"app": "warming-up"}, 0.01, ready=False
    )
    world.listen([slow], 8080, Shop("warming-up-0", orders))
    world.service(NAMESPACE, "warming-up", [Port(80, "http", "http")])
    world.event(
        NAMESPACE, ("Pod", "warming-up-0"), "Unhealthy",
        "Readiness probe failed: HTTP probe failed with statuscode: 503",
        warning=True, minutes=1, count=14,
    )  # fmt: skip
    waiting = {"reason": "CrashLoopBackOff", "message": "back-off 5m0s restarting failed container"}
    ended = {"exitCode": 1, "reason": "Error", "startedAt": world.ago(0.003), "finishedAt": world.ago(0.002)}
    state = {
        "name": "importer",
        "image": "example/importer:2",
        "imageID": "",
        "ready": False,
        "started": False,
        "restartCount": 17,
        "state": {"waiting": waiting},
        "lastState": {"terminated": ended},
    }
    world.pod(NAMESPACE, "importer-0", [container("importer")], {"app": "importer"}, 2, ready=False, states=[state])
    world.event(
        NAMESPACE, ("Pod", "importer-0"), "BackOff", "Back-off restarting failed container importer in pod importer-0",
        warning=True, minutes=3, count=212,
    )  # fmt: skip
