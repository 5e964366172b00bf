"""The endpoint controllers: Endpoints and EndpointSlices follow services and pods."""

from __future__ import annotations

from collections.abc import Iterator

from ..api.defaults import add_defaults
from ..api.status import Object
from ..api.store import Change, Store

_WATCHED = (("", "services"), ("", "pods"))
_SLICES = "discovery.k8s.io"


class EndpointController:
    """Keeps Endpoints and EndpointSlices of services with a selector up to date, from its creation on."""

    def __init__(self, store: Store) -> None:
        self._store = store
        for service in list(store.objects("", "services")):
            self._sync(service)
        store.watch(self._changed)

    def _changed(self, change: Change) -> None:
        if change.key not in _WATCHED:
            return
        namespace = change.obj["metadata"]["namespace"]
        if change.key == ("", "services"):
            if change.kind == "DELETED":
                self._remove(namespace, change.obj["metadata"]["name"])
            else:
                self._sync(change.obj)
            return
        labels = [_labels(obj) for obj in (change.before, change.obj) if obj]
        for service in list(self._store.objects("", "services", namespace)):
            if any(_selects(service, pod_labels) for pod_labels in labels):
                self._sync(service)

    def _sync(self, service: Object) -> None:
        if not service["spec"].get("selector"):
            return
        namespace, name = service["metadata"]["namespace"], service["metadata"]["name"]
        pods = [pod for pod in self._store.objects("", "pods", namespace) if _selects(service, _labels(pod))]
        pods = [pod for pod in pods if pod.get("status", {}).get("podIPs")]
        self._put("", "endpoints", _endpoints(service, pods, namespace, name))
        self._put(_SLICES, "endpointslices", _slice(service, pods, namespace, name))

    def _put(self, group: str, resource: str, obj: Object) -> None:
        obj = add_defaults(obj)
        metadata = obj["metadata"]
        before = self._store.get(group, resource, metadata["namespace"], metadata["name"])
        if before is not None and {**before, "metadata": None} == {**obj, "metadata": None}:
            return
        self._store.put(group, resource, obj)

    def _remove(self, namespace: str, name: str) -> None:
        self._store.remove("", "endpoints", namespace, name)
        self._store.remove(_SLICES, "endpointslices", namespace, f"{name}-demo1")


def _labels(obj: Object) -> dict[str, str]:
    return obj["metadata"].get("labels") or {}


def _selects(service: Object, labels: dict[str, str]) -> bool:
    selector = service["spec"].get("selector")
    return bool(selector) and all(labels.get(key) == value for key, value in selector.items())


def _ready(pod: Object) -> bool:
    conditions = pod["status"].get("conditions") or ()
    return any(condition["type"] == "Ready" and condition["status"] == "True" for condition in conditions)


def _ports(service: Object, pods: list[Object]) -> Iterator[Object]:
    """The service's ports, with their numbers in the pods; a named port is looked up in the first pod that has it."""
    for port in service["spec"].get("ports") or ():
        target = port.get("targetPort") or port["port"]
        if isinstance(target, str):
            numbers = [
                container_port["containerPort"]
                for pod in pods
                for container in pod["spec"]["containers"]
                for container_port in container.get("ports") or ()
                if container_port.get("name") == target
            ]
            if not numbers:
                continue
            target = numbers[0]
        endpoint_port: Object = {"name": port["name"]} if port.get("name") else {}
        if port.get("appProtocol"):
            endpoint_port["appProtocol"] = port["appProtocol"]
        yield endpoint_port | {"port": target, "protocol": port.get("protocol", "TCP")}


def _reference(pod: Object) -> Object:
    metadata = pod["metadata"]
    return {"kind": "Pod", "namespace": metadata["namespace"], "name": metadata["name"], "uid": metadata["uid"]}


def _endpoints(service: Object, pods: list[Object], namespace: str, name: str) -> Object:
    metadata = {"name": name, "namespace": namespace, "creationTimestamp": service["metadata"]["creationTimestamp"]}
    endpoints: Object = {"apiVersion": "v1", "kind": "Endpoints", "metadata": metadata}
    ports = list(_ports(service, pods))
    if not pods or not ports:
        return endpoints
    subset: Object = {}
    for field, ready in (("addresses", True), ("notReadyAddresses", False)):
        addresses = [
            {
                "ip": pod["status"]["podIPs"][0]["ip"],
                "nodeName": pod["spec"].get("nodeName"),
                "targetRef": _reference(pod),
            }
            for pod in pods
            if _ready(pod) is ready
        ]
        if addresses:
            subset[field] = sorted(addresses, key=lambda address: str(address["ip"]))
    return endpoints | {"subsets": [subset | {"ports": ports}]}


def _slice(service: Object, pods: list[Object], namespace: str, name: str) -> Object:
    labels = {
        "kubernetes.io/service-name": name,
        "endpointslice.kubernetes.io/managed-by": "endpointslice-controller.k8s.io",
    }
    metadata = service["metadata"]
    owner = {"apiVersion": "v1", "kind": "Service", "name": name, "uid": metadata["uid"]}
    return {
        "apiVersion": f"{_SLICES}/v1",
        "kind": "EndpointSlice",
        "metadata": {
            "name": f"{name}-demo1",
            "generateName": f"{name}-",
            "namespace": namespace,
            "labels": labels,
            "creationTimestamp": metadata["creationTimestamp"],
            "ownerReferences": [owner | {"controller": True, "blockOwnerDeletion": True}],
        },
        "addressType": "IPv4",
        "endpoints": [
            {
                "addresses": [pod["status"]["podIPs"][0]["ip"]],
                "conditions": {"ready": _ready(pod), "serving": _ready(pod), "terminating": False},
                "nodeName": pod["spec"].get("nodeName"),
                "targetRef": _reference(pod),
            }
            for pod in pods
        ],
        "ports": list(_ports(service, pods)),
    }
