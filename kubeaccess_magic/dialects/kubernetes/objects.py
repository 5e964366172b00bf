"""The API server's objects, as far as somebody wants to see them: fields that are not named here are never built.

That is what makes a list of 20,000 pods a matter of a fifth of a second, and of 49 MiB. Every field that the API
calls optional may be missing or null, in which case it is None or empty.
"""

from __future__ import annotations

from typing import Generic, TypeVar

import msgspec

from ...errors import LoadError

__all__ = [
    "Condition",
    "Endpoint",
    "EndpointPort",
    "EndpointSlice",
    "EndpointSliceList",
    "ListMetadata",
    "Metadata",
    "Namespace",
    "NamespaceList",
    "Node",
    "NodeList",
    "Pod",
    "PodIP",
    "PodList",
    "Service",
    "ServiceList",
    "ServicePort",
    "decode_endpointslices",
    "decode_namespace",
    "decode_namespaces",
    "decode_node",
    "decode_nodes",
    "decode_pod",
    "decode_pods",
    "decode_service",
    "decode_services",
]


_Item = TypeVar("_Item")


class _Json(msgspec.Struct, gc=False, frozen=True, rename="camel"):
    """Base of all: never part of a reference cycle. `host_ip` is not `hostIP`: names with capitals are written out."""


class ListMetadata(_Json, frozen=True):
    """Of one page of a list."""

    token: str | None = msgspec.field(name="continue", default=None)
    remaining_item_count: int | None = None
    resource_version: str | None = None


class _Page(_Json, Generic[_Item], frozen=True):
    """One page of a list."""

    metadata: ListMetadata
    entries: list[_Item] | None = msgspec.field(name="items", default=None)

    @property
    def items(self) -> list[_Item]:
        """What is on this page; an empty page may have null there."""
        return self.entries or []


class Metadata(_Json, frozen=True):
    """Of one object."""

    name: str = ""
    namespace: str | None = None
    labels: dict[str, str] | None = None
    creation_timestamp: str | None = None
    deletion_timestamp: str | None = None


class Condition(_Json, frozen=True):
    """One condition of an object's status."""

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
    """What a Service is to be."""

    type: str | None = None
    cluster_ip: str | None = msgspec.field(name="clusterIP", default=None)
    external_name: str | None = None
    external_ips: list[str] | None = msgspec.field(name="externalIPs", default=None)
    ports: list[ServicePort] | None = None
    selector: dict[str, str] | None = None


class Ingress(_Json, frozen=True):
    """One address of a load balancer."""

    ip: str | None = None
    hostname: str | None = None


class LoadBalancer(_Json, frozen=True):
    """Where a load balancer can be reached."""

    ingress: list[Ingress] | None = None


class ServiceStatus(_Json, frozen=True):
    """What a Service is."""

    load_balancer: LoadBalancer | None = None


class Service(_Json, frozen=True):
    """A Service."""

    metadata: Metadata
    spec: ServiceSpec = msgspec.field(default_factory=ServiceSpec)
    status: ServiceStatus | None = None

    @property
    def external_address(self) -> str:
        """The first address of its load balancer (C5), or "" if it has none."""
        balancer = self.status.load_balancer if self.status is not None else None
        first = next(iter(balancer.ingress or ()), None) if balancer is not None else None
        return (first.ip or first.hostname or "") if first is not None else ""


class ServiceList(_Page[Service], frozen=True):
    """A page of Services."""


# ---- endpoint slices (F8)


class EndpointConditions(_Json, frozen=True):
    """Whether an endpoint takes requests; null counts as ready (F8)."""

    ready: bool | None = None


class TargetRef(_Json, frozen=True):
    """The object behind an endpoint."""

    kind: str | None = None
    name: str | None = None
    namespace: str | None = None


class Endpoint(_Json, frozen=True):
    """One endpoint; only the first address counts (F8)."""

    addresses: list[str] | None = None
    conditions: EndpointConditions | None = None
    target_ref: TargetRef | None = None

    @property
    def is_ready(self) -> bool:
        """Whether it takes requests; a missing answer counts as yes (F8)."""
        return self.conditions is None or self.conditions.ready is not False


class EndpointPort(_Json, frozen=True):
    """One port of all endpoints of a slice; the name is "" if the Service's port has none (F8)."""

    name: str | None = None
    port: int | None = None
    protocol: str | None = None


class EndpointSlice(_Json, frozen=True):
    """Some endpoints of one Service."""

    metadata: Metadata
    endpoints: list[Endpoint] | None = None
    ports: list[EndpointPort] | None = None
    address_type: str | None = None

    @property
    def service(self) -> str | None:
        """The name of the Service whose endpoints these are."""
        return (self.metadata.labels or {}).get("kubernetes.io/service-name")


class EndpointSliceList(_Page[EndpointSlice], frozen=True):
    """A page of EndpointSlices."""


# ---- pods


class ContainerPort(_Json, frozen=True):
    """A port that a container says it listens on."""

    container_port: int
    name: str | None = None
    protocol: str | None = None


class Container(_Json, frozen=True):
    """A container of a pod."""

    name: str
    ports: list[ContainerPort] | None = None


class PodSpec(_Json, frozen=True):
    """What a pod is to be."""

    all_containers: list[Container] | None = msgspec.field(name="containers", default=None)
    node_name: str | None = None

    @property
    def containers(self) -> list[Container]:
        """Its containers, without those that only prepare it."""
        return self.all_containers or []


class Waiting(_Json, frozen=True):
    """Why a container does not run."""

    reason: str | None = None


class ContainerState(_Json, frozen=True):
    """Whether a container runs, waits or has ended."""

    waiting: Waiting | None = None


class ContainerStatus(_Json, frozen=True):
    """How a container is."""

    ready: bool = False
    restart_count: int = 0
    state: ContainerState | None = None

    @property
    def waiting(self) -> str:
        """Why it does not run, in a word such as ``CrashLoopBackOff``; "" if it runs."""
        return (self.state.waiting.reason or "") if self.state is not None and self.state.waiting is not None else ""


class PodIP(_Json, frozen=True):
    """One address of a pod."""

    ip: str | None = None


class PodStatus(_Json, frozen=True):
    """How a pod is."""

    phase: str | None = None
    pod_ip: str | None = msgspec.field(name="podIP", default=None)
    pod_ips: list[PodIP] | None = msgspec.field(name="podIPs", default=None)
    container_statuses: list[ContainerStatus] | None = None


class Pod(_Json, frozen=True):
    """A pod."""

    metadata: Metadata
    spec: PodSpec = msgspec.field(default_factory=PodSpec)
    status: PodStatus = msgspec.field(default_factory=PodStatus)


class PodList(_Page[Pod], frozen=True):
    """A page of pods."""


# ---- nodes


class NodeAddress(_Json, frozen=True):
    """One address of a node."""

    type: str = ""
    address: str = ""


class NodeInfo(_Json, frozen=True):
    """What runs on a node."""

    kubelet_version: str | None = None


class NodeStatus(_Json, frozen=True):
    """How a node is."""

    addresses: list[NodeAddress] | None = None
    conditions: list[Condition] | None = None
    node_info: NodeInfo | None = None
    allocatable: dict[str, str] | None = None


class Node(_Json, frozen=True):
    """A node."""

    metadata: Metadata
    status: NodeStatus = msgspec.field(default_factory=NodeStatus)


class NodeList(_Page[Node], frozen=True):
    """A page of nodes."""


# ---- namespaces


class NamespaceStatus(_Json, frozen=True):
    """How a namespace is."""

    phase: str | None = None


class Namespace(_Json, frozen=True):
    """A namespace."""

    metadata: Metadata
    status: NamespaceStatus = msgspec.field(default_factory=NamespaceStatus)


class NamespaceList(_Page[Namespace], frozen=True):
    """A page of namespaces."""


# ---- decoding


def decode_services(body: bytes) -> ServiceList:
    """A page of Services; LoadError if it is none."""
    return _decode(body, ServiceList)


def decode_service(body: bytes) -> Service:
    """One Service; LoadError if it is none."""
    return _decode(body, Service)


def decode_endpointslices(body: bytes) -> EndpointSliceList:
    """A page of EndpointSlices; LoadError if it is none."""
    return _decode(body, EndpointSliceList)


def decode_pods(body: bytes) -> PodList:
    """A page of pods; LoadError if it is none."""
    return _decode(body, PodList)


def decode_pod(body: bytes) -> Pod:
    """One pod; LoadError if it is none."""
    return _decode(body, Pod)


def decode_nodes(body: bytes) -> NodeList:
    """A page of nodes; LoadError if it is none."""
    return _decode(body, NodeList)


def decode_node(body: bytes) -> Node:
    """One node; LoadError if it is none."""
    return _decode(body, Node)


def decode_namespaces(body: bytes) -> NamespaceList:
    """A page of namespaces; LoadError if it is none."""
    return _decode(body, NamespaceList)


def decode_namespace(body: bytes) -> Namespace:
    """One namespace; LoadError if it is none."""
    return _decode(body, Namespace)


_Wanted = TypeVar("_Wanted", bound=_Json)


def _decode(body: bytes, kind: type[_Wanted]) -> _Wanted:
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.DecodeError, RecursionError) as error:  # a ValidationError is one, too, and says where
        raise LoadError(f"the API server's answer is no {kind.__name__}: {error}", hint="see it with -o text") from None
