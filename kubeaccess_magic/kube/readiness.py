"""Whether pods and endpoints are ready, as the API server counts them."""

from __future__ import annotations

from collections.abc import Iterable

from .objects import EndpointSlice, Pod, Service, ServicePort

__all__ = ["pod_is_ready", "pod_state", "ready_endpoints"]


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


def pod_is_ready(pod: Pod) -> bool:
    """Whether a pod runs and all its containers are ready."""
    statuses = pod.status.container_statuses or ()
    return pod.status.phase == "Running" and bool(statuses) and all(status.ready for status in statuses)


def pod_state(pod: Pod) -> str:
    """The state of a pod that is not ready, in a word or two: ``CrashLoopBackOff``, ``Pending``, ``not ready``."""
    for status in pod.status.container_statuses or ():
        if status.waiting:
            return status.waiting
    return "not ready" if pod.status.phase == "Running" else (pod.status.phase or "not ready")
