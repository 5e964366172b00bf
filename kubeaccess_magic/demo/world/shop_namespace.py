"""The namespace ``shop``: services of every type and in every state."""

from __future__ import annotations

from ..api.status import Object
from ..apps.shop import Shop
from ..apps.vault import vault
from .builder import World
from .manifests import ServicePort, container, image_id
from .usage import created_at

NAMESPACE = "shop"
_IMAGE = "registry.example/shop/web:1.8.2"
_IMPORTER = "registry.example/shop/importer:0.4.0"
_WARMING_MINUTES = 14
_CRASHING_MINUTES = 78
_RESTARTS = 17  # as many as fit into that time, with a back-off that doubles up to five minutes


def build(world: World) -> None:
    """Add the objects and apps of the namespace to a world."""
    world.namespace(NAMESPACE, days=20)
    _web(world)
    _services(world)
    _failing_services(world)


def _web(world: World) -> None:
    pod_container = container("web", ("http", 8080), image=_IMAGE, cpu="100m", memory="96Mi")
    addresses = world.deployment(NAMESPACE, "web", [pod_container], replicas=3)
    for number, address in enumerate(addresses):
        world.listen([address], 8080, _replica(world, address, rate=6, fails=number == 2))
    world.service(NAMESPACE, "web", [ServicePort(80, "", "http")])
    world.service(NAMESPACE, "web-headless", [ServicePort(80, "http", "http")], app="web", clusterIP="None")
    world.service(
        NAMESPACE, "web-nodeport", [ServicePort(80, "http", "http", node_port=30080)], app="web", type="NodePort"
    )
    ingress = {"loadBalancer": {"ingress": [{"ip": "198.51.100.7"}]}}
    world.service(
        NAMESPACE,
        "web-public",
        [ServicePort(80, "http", "http", node_port=30081)],
        app="web",
        type="LoadBalancer",
        status=ingress,
    )


def _services(world: World) -> None:
    pod_container = container("app", ("http", 8080), ("admin", 8081), ("metrics", 9100), image=_IMAGE, memory="128Mi")
    addresses = world.deployment(NAMESPACE, "backoffice", [pod_container])
    backoffice = _replica(world, addresses[0])
    for port in (8080, 8081, 9100):
        world.listen(addresses, port, backoffice)
    ports = [
        ServicePort(80, "http", "http"),
        ServicePort(8081, "admin", "admin"),
        ServicePort(9100, "metrics", "metrics"),
    ]
    world.service(NAMESPACE, "backoffice", ports)
    addresses = world.deployment(
        NAMESPACE, "vault", [container("vault", ("http", 8200), image="hashicorp/vault:1.20.4")]
    )
    world.listen(addresses, 8200, vault)
    world.service(NAMESPACE, "vault", [ServicePort(80, "http", "http")])
    pod_container = container("payments", ("https", 8443), image="registry.example/shop/payments:2.1.0")
    addresses = world.deployment(NAMESPACE, "payments", [pod_container])
    world.listen(addresses, 8443, _replica(world, addresses[0]), tls="always")
    world.service(NAMESPACE, "payments", [ServicePort(443, "https", "https", app_protocol="https")])
    world.service(
        NAMESPACE, "mail", [ServicePort(25, "smtp")], app="", type="ExternalName", externalName="mail.example.org"
    )


def _replica(world: World, address: str, rate: float = 0.2, fails: bool = False) -> Shop:
    """The app in the pod with this address."""
    pods = (obj for obj in world.objects if obj["kind"] == "Pod")
    pod = next(pod for pod in pods if pod["status"]["podIP"] == address)
    return Shop(pod["metadata"]["name"], world.orders, started_at=created_at(pod), rate=rate, fails=fails)


def _failing_services(world: World) -> None:
    world.service(NAMESPACE, "abandoned", [ServicePort(80, "http")])  # nothing behind it
    pod_container = container("app", ("http", 8080), image=_IMAGE)
    pod_container["readinessProbe"] = {
        "httpGet": {"path": "/ready", "port": "http", "scheme": "HTTP"},
        "periodSeconds": 60,
    }
    addresses = world.stateful(NAMESPACE, "warming-up", [pod_container], days=_WARMING_MINUTES / 1440, ready=False)
    world.listen(addresses, 8080, _replica(world, addresses[0]))
    world.service(NAMESPACE, "warming-up", [ServicePort(80, "http", "http")])
    _start_events(world, "warming-up", "app", _IMAGE, _WARMING_MINUTES)
    world.event(
        NAMESPACE, ("Pod", "warming-up-0"), "Unhealthy",
        "Readiness probe failed: HTTP probe failed with statuscode: 404",
        warning=True, minutes=(_WARMING_MINUTES, 1), count=14,
    )  # fmt: skip
    _crashing(world)


def _crashing(world: World) -> None:
    terminated: Object = {
        "exitCode": 1,
        "reason": "Error",
        "startedAt": world.ago(0.0021),
        "finishedAt": world.ago(0.002),
    }
    message = "back-off 5m0s restarting failed container=importer pod=importer-0_shop"
    waiting = {"reason": "CrashLoopBackOff", "message": message}
    state = {
        "name": "importer",
        "image": _IMPORTER,
        "imageID": image_id(_IMPORTER),
        "ready": False,
        "started": False,
        "restartCount": _RESTARTS,
        "state": {"waiting": waiting},
        "lastState": {"terminated": terminated},
    }
    pod_container = container("importer", image=_IMPORTER)
    world.stateful(NAMESPACE, "importer", [pod_container], days=_CRASHING_MINUTES / 1440, ready=False, states=[state])
    _start_events(world, "importer", "importer", _IMPORTER, _CRASHING_MINUTES, _RESTARTS + 1)
    world.event(
        NAMESPACE, ("Pod", "importer-0"), "BackOff", "Back-off restarting failed container importer in pod importer-0",
        warning=True, minutes=(_CRASHING_MINUTES - 1, 0.2), count=212,
    )  # fmt: skip


def _start_events(world: World, name: str, container_name: str, image: str, minutes: float, times: int = 1) -> None:
    """Add the events of a StatefulSet's first pod, which was started `times` times."""
    pod = f"{name}-0"
    node = next(obj["spec"]["nodeName"] for obj in world.objects if obj["metadata"]["name"] == pod)
    for about, source, reason, message in (
        (("StatefulSet", name), "statefulset-controller", "SuccessfulCreate",
         f"create Pod {pod} in StatefulSet {name} successful"),
        (("Pod", pod), "default-scheduler", "Scheduled", f"Successfully assigned {NAMESPACE}/{pod} to {node}"),
        (("Pod", pod), "kubelet", "Pulled", f'Container image "{image}" already present on machine'),
        (("Pod", pod), "kubelet", "Created", f"Container created: {container_name}"),
        (("Pod", pod), "kubelet", "Started", f"Container started: {container_name}"),
    ):  # fmt: skip
        is_repeated = source == "kubelet" and times > 1
        seen, count = (minutes, 3.0 if is_repeated else minutes), times if is_repeated else 1
        world.event(NAMESPACE, about, reason, message, warning=False, minutes=seen, count=count, source=source)
