"""The endpoints of a service: those that the API server would connect to, and those that other ways reach."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable

from .objects import Endpoint, EndpointSlice, Pod, Service, ServicePort
from .pods import pod_is_ready

__all__ = ["Backend", "backends_of_pods", "backends_of_slices", "ready_endpoints"]


@dataclasses.dataclass(frozen=True, slots=True)
class Backend:
    """One place where the app behind a port of a service runs.

    Attributes
    ----------
    pod, namespace
        The pod; `pod` is None for an address that belongs to no pod.
    addresses
        The addresses, of both families if there are two.
    port
        The number of the port there.
    """

    pod: str | None
    namespace: str | None
    addresses: tuple[str, ...]
    port: int


def ready_endpoints(service: Service, port: ServicePort | None, slices: Iterable[EndpointSlice]) -> tuple[int, int]:
    """How many endpoints the API server would connect to for a port of a service, and how many there are.

    It connects to ready endpoints that are pods in the namespace of the service, and to no others: it never counts
    endpoints that somebody made by hand as ready (S7, S10). A pod with an IPv4 and an IPv6 address counts once.

    Parameters
    ----------
    service
        The service.
    port
        One of its ports; None counts the endpoints of all ports.
    slices
        The EndpointSlices of the service.

    Returns
    -------
    tuple of int
        The number of ready endpoints, and of all endpoints.
    """
    is_ready: dict[tuple[str | None, ...], bool] = {}
    for piece in slices:
        # A slice lists by name the ports of the service that its endpoints serve.
        if port is not None and all((other.name or "") != (port.name or "") for other in piece.ports or ()):
            continue
        for endpoint in piece.endpoints or ():
            ref = endpoint.target_ref
            is_pod = ref is not None and ref.kind == "Pod" and ref.name is not None
            if ref is not None and is_pod:
                key: tuple[str | None, ...] = (ref.namespace or piece.metadata.namespace, ref.name)
                is_pod = key[0] == service.metadata.namespace
            else:
                key = (next(iter(endpoint.addresses or ()), None),)
            is_ready[key] = is_ready.get(key, False) or (endpoint.is_ready and is_pod)
    return sum(is_ready.values()), len(is_ready)


def backends_of_slices(port: ServicePort, slices: Iterable[EndpointSlice]) -> list[Backend]:
    """The backends of a port of a service that serve requests, as its EndpointSlices list them (Y10, Y11).

    Each slice states the number of the port in its pods, so a named ``targetPort`` may differ between pods.

    Parameters
    ----------
    port
        The port.
    slices
        The EndpointSlices of the service.

    Returns
    -------
    list of Backend
        One per pod, or per address without a pod. Those that shut down are left out.
    """
    backends: dict[tuple[str | None, ...], Backend] = {}
    for piece in slices:
        numbers = [other.port for other in piece.ports or () if (other.name or "") == (port.name or "")]
        number = next((number for number in numbers if number is not None), None)
        if number is None:
            continue
        for endpoint in piece.endpoints or ():
            if not endpoint.is_serving:
                continue
            backend = _backend(endpoint, piece, number)
            ref = endpoint.target_ref
            key = (ref.uid or ref.name, backend.namespace) if ref is not None and backend.pod else backend.addresses
            known = backends.get(key)
            if known is not None:  # a pod with two address families stands in two slices
                both = dict.fromkeys((*known.addresses, *backend.addresses))
                backend = dataclasses.replace(known, addresses=tuple(both))
            backends[key] = backend
    return list(backends.values())


def backends_of_pods(service: Service, port: ServicePort, pods: Iterable[Pod]) -> list[Backend]:
    """The ready pods of a service as backends, where its EndpointSlices may not be read: by kubectl's rule (Y10).

    Parameters
    ----------
    service
        The service.
    port
        One of its ports.
    pods
        The pods that its selector matches.
    """
    backends = []
    for pod in pods:
        number = _number_in(pod, service, port)
        if number is None or not pod_is_ready(pod) or pod.metadata.deletion_timestamp is not None:
            continue
        addresses = [pod.status.pod_ip, *(address.ip for address in pod.status.pod_ips or ())]
        unique = tuple(dict.fromkeys(address for address in addresses if address))
        backends.append(Backend(pod.metadata.name, pod.metadata.namespace, unique, number))
    return backends


def _backend(endpoint: Endpoint, piece: EndpointSlice, number: int) -> Backend:
    ref = endpoint.target_ref
    addresses = tuple((endpoint.addresses or ())[:1])  # only the first one counts (F8)
    if ref is None or ref.kind != "Pod" or ref.name is None:
        return Backend(None, piece.metadata.namespace, addresses, number)
    return Backend(ref.name, ref.namespace or piece.metadata.namespace, addresses, number)


def _number_in(pod: Pod, service: Service, port: ServicePort) -> int | None:
    """The number of a service's port in a pod, as kubectl finds it; None if the pod has no port of that name."""
    if service.spec.cluster_ip == "None":  # headless (Y11)
        return port.port
    if not isinstance(port.target_port, str) or not port.target_port:
        return port.target_port or port.port
    named = (other for container in pod.spec.containers for other in container.ports or ())
    return next((other.container_port for other in named if other.name == port.target_port), None)
