"""Objects of the Kubernetes API as typed values.

Only the fields that this package reads are named here, and only these are built: 20,000 pods take a fifth of a second
and 49 MiB. A field that the API calls optional may be missing or null; it is None or empty then.
"""

from __future__ import annotations

from typing import Any, Generic, TypeVar, cast

import msgspec

from ..errors import LoadError

__all__ = [
    "ApiResource",
    "ApiResourceList",
    "Condition",
    "Container",
    "ContainerPort",
    "ContainerStatus",
    "Endpoint",
    "EndpointPort",
    "EndpointSlice",
    "ListMetadata",
    "Metadata",
    "Namespace",
    "Node",
    "Page",
    "Pod",
    "PodIP",
    "Service",
    "ServicePort",
    "decode",
    "decode_list",
]


class _Json(msgspec.Struct, gc=False, frozen=True, rename="camel"):
    """Base of all. None is ever part of a reference cycle. Names such as ``hostIP``, with capitals, are written out."""


_Object = TypeVar("_Object", bound=_Json)


class ListMetadata(_Json, frozen=True):
    """The metadata of one page of a list."""

    token: str | None = msgspec.field(name="continue", default=None)
    remaining_item_count: int | None = None
    resource_version: str | None = None


class Page(_Json, Generic[_Object], frozen=True):
    """One page of a list of objects."""

    metadata: ListMetadata
    entries: list[_Object] | None = msgspec.field(name="items", default=None)

    @property
    def items(self) -> list[_Object]:
        """The objects of this page; an empty page may have null in their place."""
        return self.entries or []


class Annotations(_Json, frozen=True):
    """The annotations that are read."""

    default_container: str | None = msgspec.field(name="kubectl.kubernetes.io/default-container", default=None)


class Metadata(_Json, frozen=True):
    """The metadata of one object."""

    name: str = ""
    namespace: str | None = None
    labels: dict[str, str] | None = None
    annotations: Annotations | None = None
    creation_timestamp: str | None = None
    deletion_timestamp: str | None = None


class Condition(_Json, frozen=True):
    """One condition in the status of an object."""

    type: str = ""
    status: str = ""
    reason: str | None = None


# ---- services


class ServicePort(_Json, frozen=True):
    """One port of a Service."""

    port: int
    name: str | None = None
    protocol: str | None = None
    target_port: int | str | None = None
    node_port: int | None = None
    app_protocol: str | None = None


class ServiceSpec(_Json, frozen=True):
    """The specification of a Service."""

    type: str | None = None
    cluster_ip: str | None = msgspec.field(name="clusterIP", default=None)
    external_name: str | None = None
    external_ips: list[str] | None = msgspec.field(name="externalIPs", default=None)
    ports: list[ServicePort] | None = None
    selector: dict[str, str] | None = None

    @property
    def label_selector(self) -> str:
        """The selector as the API takes it in a query, ``app=web,tier=front``; "" if there is none."""
        return ",".join(f"{key}={value}" for key, value in (self.selector or {}).items())


class Ingress(_Json, frozen=True):
    """An ingress point of a load balancer: an IP address or a host name."""

    ip: str | None = None
    hostname: str | None = None


class LoadBalancer(_Json, frozen=True):
    """The addresses of a load balancer."""

    ingress: list[Ingress] | None = None


class ServiceStatus(_Json, frozen=True):
    """The status of a Service."""

    load_balancer: LoadBalancer | None = None


class Service(_Json, frozen=True):
    """A Service."""

    metadata: Metadata
    spec: ServiceSpec = msgspec.field(default_factory=ServiceSpec)
    status: ServiceStatus | None = None

    @property
    def external_addresses(self) -> list[str]:
        """The addresses outside the cluster: of the load balancer, then ``externalIPs``, then the ExternalName."""
        ingress = (balancer.ingress or ()) if self.status and (balancer := self.status.load_balancer) else ()
        spec = self.spec
        if not ingress and not spec.external_ips and spec.type != "ExternalName":
            return []  # nearly all services
        addresses = [entry.ip or entry.hostname or "" for entry in ingress]
        addresses += spec.external_ips or ()
        if spec.type == "ExternalName":
            addresses.append(spec.external_name or "")
        return [address for address in dict.fromkeys(addresses) if address]


# ---- endpoint slices (F8)


class EndpointConditions(_Json, frozen=True):
    """Whether an endpoint accepts requests; null in `ready` means yes (F8)."""

    ready: bool | None = None
    serving: bool | None = None
    terminating: bool | None = None


class TargetRef(_Json, frozen=True):
    """The object behind an endpoint."""

    kind: str | None = None
    name: str | None = None
    namespace: str | None = None
    uid: str | None = None


class Endpoint(_Json, frozen=True):
    """One endpoint; only the first address counts (F8)."""

    addresses: list[str] | None = None
    conditions: EndpointConditions | None = None
    target_ref: TargetRef | None = None

    @property
    def is_ready(self) -> bool:
        """Whether it accepts requests; a missing condition means yes (F8)."""
        return self.conditions is None or self.conditions.ready is not False

    @property
    def is_serving(self) -> bool:
        """Whether it answers requests and is not about to shut down (Y10)."""
        if self.conditions is None or self.conditions.serving is None:
            return self.is_ready
        return self.conditions.serving and not self.conditions.terminating


class EndpointPort(_Json, frozen=True):
    """One port of all endpoints of a slice; its name is "" if the port of the Service has no name (F8)."""

    name: str | None = None
    port: int | None = None
    protocol: str | None = None


class EndpointSlice(_Json, frozen=True):
    """A part of the endpoints of one Service."""

    metadata: Metadata
    endpoints: list[Endpoint] | None = None
    ports: list[EndpointPort] | None = None
    address_type: str | None = None

    @property
    def service(self) -> str | None:
        """The name of the Service that the endpoints belong to."""
        return (self.metadata.labels or {}).get("kubernetes.io/service-name")


# ---- pods


class ContainerPort(_Json, frozen=True):
    """A port that a container declares."""

    container_port: int
    name: str | None = None
    protocol: str | None = None


class Container(_Json, frozen=True):
    """A container of a pod."""

    name: str
    ports: list[ContainerPort] | None = None


class PodSpec(_Json, frozen=True):
    """The specification of a pod."""

    all_containers: list[Container] | None = msgspec.field(name="containers", default=None)
    node_name: str | None = None

    @property
    def containers(self) -> list[Container]:
        """The containers, without the init containers."""
        return self.all_containers or []


class Waiting(_Json, frozen=True):
    """The state of a container that does not run yet."""

    reason: str | None = None


class ContainerState(_Json, frozen=True):
    """The state of a container: running, waiting or terminated."""

    waiting: Waiting | None = None


class ContainerStatus(_Json, frozen=True):
    """The status of a container."""

    ready: bool = False
    restart_count: int = 0
    state: ContainerState | None = None

    @property
    def waiting(self) -> str:
        """Why the container waits, in a word such as ``CrashLoopBackOff``; "" if it does not."""
        return (self.state.waiting.reason or "") if self.state is not None and self.state.waiting is not None else ""


class PodIP(_Json, frozen=True):
    """One address of a pod."""

    ip: str | None = None


class PodStatus(_Json, frozen=True):
    """The status of a pod."""

    phase: str | None = None
    pod_ip: str | None = msgspec.field(name="podIP", default=None)
    pod_ips: list[PodIP] | None = msgspec.field(name="podIPs", default=None)
    container_statuses: list[ContainerStatus] | None = None


class Pod(_Json, frozen=True):
    """A pod."""

    metadata: Metadata
    spec: PodSpec = msgspec.field(default_factory=PodSpec)
    status: PodStatus = msgspec.field(default_factory=PodStatus)


# ---- nodes


class NodeAddress(_Json, frozen=True):
    """One address of a node."""

    type: str = ""
    address: str = ""


class NodeInfo(_Json, frozen=True):
    """The software of a node."""

    kubelet_version: str | None = None


class NodeStatus(_Json, frozen=True):
    """The status of a node."""

    addresses: list[NodeAddress] | None = None
    conditions: list[Condition] | None = None
    node_info: NodeInfo | None = None
    allocatable: dict[str, str] | None = None


class Node(_Json, frozen=True):
    """A node."""

    metadata: Metadata
    status: NodeStatus = msgspec.field(default_factory=NodeStatus)


# ---- namespaces


class NamespaceStatus(_Json, frozen=True):
    """The status of a namespace."""

    phase: str | None = None


class Namespace(_Json, frozen=True):
    """A namespace."""

    metadata: Metadata
    status: NamespaceStatus = msgspec.field(default_factory=NamespaceStatus)


# ---- decoding


class ApiResource(_Json, frozen=True):
    """A resource that an API version has, and whether its objects are in namespaces."""

    name: str = ""
    namespaced: bool = False


class ApiResourceList(_Json, frozen=True):
    """What an API version has."""

    resources: list[ApiResource] = []


def decode(body: bytes, kind: type[_Object]) -> _Object:
    """One object from its JSON.

    Parameters
    ----------
    body
        JSON in UTF-8.
    kind
        The class of the object, such as `Pod`.

    Raises
    ------
    LoadError
        The JSON is not such an object.
    """
    return _decode(body, kind, kind.__name__)


def decode_list(body: bytes, kind: type[_Object]) -> Page[_Object]:
    """One page of a list from its JSON.

    Parameters
    ----------
    body
        JSON in UTF-8.
    kind
        The class of the objects, such as `Pod`.

    Raises
    ------
    LoadError
        The JSON is not a list of such objects.
    """
    return cast("Page[_Object]", _decode(body, cast("Any", Page)[kind], f"{kind.__name__}List"))


def _decode(body: bytes, kind: type[_Object], name: str) -> _Object:
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:  # its text says where the fault is
        raise LoadError(f"the API server's answer is not a valid {name}: {error}", hint="see it with -o text") from None
