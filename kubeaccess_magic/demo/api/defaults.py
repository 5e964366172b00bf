"""What the real server fills in when an object is created: so that objects may be given as they are written by hand."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any, Final

from .status import Object


def defaulted(thing: Object) -> Object:
    """The object with its defaults; what is there already stays. It is changed in place."""
    if "apiVersion" in thing:
        kind, version = thing.pop("kind"), thing.pop("apiVersion")
        rest = dict(thing)
        thing.clear()
        thing |= {"kind": kind, "apiVersion": version} | rest
    metadata = thing["metadata"]
    for empty in ("labels", "annotations"):
        if not metadata.get(empty, True):
            del metadata[empty]
    if fill := _KINDS.get(thing["kind"]):
        fill(thing)
    return thing


def _service(thing: Object) -> None:
    spec = thing.setdefault("spec", {})
    kind = spec.setdefault("type", "ClusterIP")
    spec.setdefault("sessionAffinity", "None")
    outside = kind in ("NodePort", "LoadBalancer")
    for port in spec.get("ports") or ():
        port.setdefault("protocol", "TCP")
        if not port.get("targetPort"):
            port["targetPort"] = port["port"]
        if outside and not port.get("nodePort"):
            port["nodePort"] = 30000 + _number(thing, str(port["port"])) % 2768
    if kind != "ExternalName":
        address = spec.setdefault("clusterIP", "") or _cluster_address(thing)
        spec["clusterIP"] = address
        spec.setdefault("clusterIPs", [address])
        spec.setdefault("ipFamilies", ["IPv6" if ":" in address else "IPv4"])
        spec.setdefault("ipFamilyPolicy", "SingleStack")
        spec.setdefault("internalTrafficPolicy", "Cluster")
    if outside:
        spec.setdefault("externalTrafficPolicy", "Cluster")
    if kind == "LoadBalancer":
        spec.setdefault("allocateLoadBalancerNodePorts", True)
    balancer = thing.setdefault("status", {}).setdefault("loadBalancer", {})
    for point in balancer.get("ingress") or ():
        if point.get("ip"):
            point.setdefault("ipMode", "VIP")


def _pod(thing: Object) -> None:
    thing["metadata"].setdefault("generation", 1)
    spec = thing["spec"]
    for container in (*spec.get("initContainers", ()), *spec["containers"]):
        for port in container.get("ports") or ():
            port.setdefault("protocol", "TCP")
        container.setdefault("resources", {})
        container.setdefault("terminationMessagePath", "/dev/termination-log")
        container.setdefault("terminationMessagePolicy", "File")
        image = str(container.get("image", ""))
        latest = ":" not in image.rsplit("/", 1)[-1] or image.endswith(":latest")
        container.setdefault("imagePullPolicy", "Always" if latest else "IfNotPresent")
    for key, value in (
        ("restartPolicy", "Always"), ("terminationGracePeriodSeconds", 30), ("dnsPolicy", "ClusterFirst"),
        ("securityContext", {}), ("schedulerName", "default-scheduler"), ("priority", 0),
        ("enableServiceLinks", True), ("preemptionPolicy", "PreemptLowerPriority"),
    ):  # fmt: skip
        spec.setdefault(key, value)
    if "tolerations" not in spec:
        spec["tolerations"] = [
            {
                "key": f"node.kubernetes.io/{state}",
                "operator": "Exists",
                "effect": "NoExecute",
                "tolerationSeconds": 300,
            }
            for state in ("not-ready", "unreachable")
        ]
    status = thing.setdefault("status", {})
    status.setdefault("phase", "Pending")
    for condition in status.get("conditions") or ():
        condition.setdefault("lastProbeTime", None)
        condition.setdefault("lastTransitionTime", None)
    for state in status.get("containerStatuses") or ():
        state.setdefault("lastState", {})
    status.setdefault("qosClass", "BestEffort")


def _node(thing: Object) -> None:
    thing.setdefault("spec", {})
    if "taints" not in thing["spec"]:
        thing["spec"]["taints"] = [{"key": "node.kubernetes.io/not-ready", "effect": "NoSchedule"}]
    status = thing.setdefault("status", {})
    for condition in status.get("conditions") or ():
        condition.setdefault("lastHeartbeatTime", None)
        condition.setdefault("lastTransitionTime", None)
    if not status.get("addresses", True):
        del status["addresses"]


def _namespace(thing: Object) -> None:
    thing["metadata"].setdefault("labels", {})["kubernetes.io/metadata.name"] = thing["metadata"]["name"]
    spec: Any = thing.setdefault("spec", {})
    spec.setdefault("finalizers", ["kubernetes"])
    thing.setdefault("status", {}).setdefault("phase", "Active")


def _slice(thing: Object) -> None:
    thing["metadata"].setdefault("generation", 1)
    for port in thing.get("ports") or ():
        port.setdefault("name", "")
        port.setdefault("protocol", "TCP")
    if not thing.get("endpoints"):
        thing["endpoints"] = None


def _endpoints(thing: Object) -> None:
    for subset in thing.get("subsets") or ():
        for port in subset.get("ports") or ():
            port.setdefault("protocol", "TCP")


def _secret(thing: Object) -> None:
    thing.setdefault("type", "Opaque")


def _deployment(thing: Object) -> None:
    thing["metadata"].setdefault("generation", 1)
    thing.setdefault("spec", {}).setdefault("replicas", 1)
    thing.setdefault("status", {})


def _cluster_address(thing: Object) -> str:
    number = _number(thing, "clusterIP") % 62000 + 2000
    return f"10.97.{number // 250}.{number % 250 + 2}"


def _number(thing: Object, what: str) -> int:
    text = f"{thing['metadata'].get('namespace')}/{thing['metadata'].get('name')}/{what}"
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big")


_KINDS: Final[dict[str, Callable[[Object], None]]] = {
    "Service": _service,
    "Pod": _pod,
    "Node": _node,
    "Namespace": _namespace,
    "EndpointSlice": _slice,
    "Endpoints": _endpoints,
    "Secret": _secret,
    "Deployment": _deployment,
    "StatefulSet": _deployment,
    "ReplicaSet": _deployment,
}
