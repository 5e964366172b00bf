"""The defaults that the real server fills in when an object is created, so that manifests can be loaded as written."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any, Final

from .status import Object


def add_defaults(obj: Object) -> Object:
    """Fill in the defaults of an object in place, without changing what is set; return the object."""
    if "apiVersion" in obj:
        kind, version = obj.pop("kind"), obj.pop("apiVersion")
        others = dict(obj)
        obj.clear()
        obj |= {"kind": kind, "apiVersion": version} | others
    metadata = obj["metadata"]
    for field in ("labels", "annotations"):
        if not metadata.get(field, True):
            del metadata[field]
    if fill := _FILL_BY_KIND.get(obj["kind"]):
        fill(obj)
    return obj


def _service(obj: Object) -> None:
    spec = obj.setdefault("spec", {})
    kind = spec.setdefault("type", "ClusterIP")
    spec.setdefault("sessionAffinity", "None")
    is_external = kind in ("NodePort", "LoadBalancer")
    for port in spec.get("ports") or ():
        port.setdefault("protocol", "TCP")
        if not port.get("targetPort"):
            port["targetPort"] = port["port"]
        if is_external and not port.get("nodePort"):
            port["nodePort"] = 30000 + _number(obj, str(port["port"])) % 2768
    if kind != "ExternalName":
        address = spec.setdefault("clusterIP", "") or _cluster_address(obj)
        spec["clusterIP"] = address
        spec.setdefault("clusterIPs", [address])
        spec.setdefault("ipFamilies", ["IPv6" if ":" in address else "IPv4"])
        spec.setdefault("ipFamilyPolicy", "SingleStack")
        spec.setdefault("internalTrafficPolicy", "Cluster")
    if is_external:
        spec.setdefault("externalTrafficPolicy", "Cluster")
    if kind == "LoadBalancer":
        spec.setdefault("allocateLoadBalancerNodePorts", True)
    balancer = obj.setdefault("status", {}).setdefault("loadBalancer", {})
    for ingress in balancer.get("ingress") or ():
        if ingress.get("ip"):
            ingress.setdefault("ipMode", "VIP")


def _pod(obj: Object) -> None:
    obj["metadata"].setdefault("generation", 1)
    spec = obj["spec"]
    for container in (*spec.get("initContainers", ()), *spec["containers"]):
        for port in container.get("ports") or ():
            port.setdefault("protocol", "TCP")
        container.setdefault("resources", {})
        container.setdefault("terminationMessagePath", "/dev/termination-log")
        container.setdefault("terminationMessagePolicy", "File")
        image = str(container.get("image", ""))
        is_latest = ":" not in image.rsplit("/", 1)[-1] or image.endswith(":latest")
        container.setdefault("imagePullPolicy", "Always" if is_latest else "IfNotPresent")
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
    status = obj.setdefault("status", {})
    status.setdefault("phase", "Pending")
    for condition in status.get("conditions") or ():
        condition.setdefault("lastProbeTime", None)
        condition.setdefault("lastTransitionTime", None)
    for state in status.get("containerStatuses") or ():
        state.setdefault("lastState", {})
    status.setdefault("qosClass", "BestEffort")


def _node(obj: Object) -> None:
    obj.setdefault("spec", {})
    if "taints" not in obj["spec"]:
        obj["spec"]["taints"] = [{"key": "node.kubernetes.io/not-ready", "effect": "NoSchedule"}]
    status = obj.setdefault("status", {})
    for condition in status.get("conditions") or ():
        condition.setdefault("lastHeartbeatTime", None)
        condition.setdefault("lastTransitionTime", None)
    if not status.get("addresses", True):
        del status["addresses"]


def _namespace(obj: Object) -> None:
    obj["metadata"].setdefault("labels", {})["kubernetes.io/metadata.name"] = obj["metadata"]["name"]
    spec: Any = obj.setdefault("spec", {})
    spec.setdefault("finalizers", ["kubernetes"])
    obj.setdefault("status", {}).setdefault("phase", "Active")


def _slice(obj: Object) -> None:
    obj["metadata"].setdefault("generation", 1)
    for port in obj.get("ports") or ():
        port.setdefault("name", "")
        port.setdefault("protocol", "TCP")
    if not obj.get("endpoints"):
        obj["endpoints"] = None


def _endpoints(obj: Object) -> None:
    for subset in obj.get("subsets") or ():
        for port in subset.get("ports") or ():
            port.setdefault("protocol", "TCP")


def _secret(obj: Object) -> None:
    obj.setdefault("type", "Opaque")


def _deployment(obj: Object) -> None:
    obj["metadata"].setdefault("generation", 1)
    obj.setdefault("spec", {}).setdefault("replicas", 1)
    obj.setdefault("status", {})


def _cluster_address(obj: Object) -> str:
    number = _number(obj, "clusterIP") % 62000 + 2000
    return f"10.97.{number // 250}.{number % 250 + 2}"


def _number(obj: Object, purpose: str) -> int:
    """A number that depends on the object's name and a purpose only, so that it is the same at each start."""
    text = f"{obj['metadata'].get('namespace')}/{obj['metadata'].get('name')}/{purpose}"
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big")


_FILL_BY_KIND: Final[dict[str, Callable[[Object], None]]] = {
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
