"""The built-in services of a cluster: what ``kubectl cluster-info`` prints, and the services it omits (C1 to C8)."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from ..errors import AccessDenied
from ..kube import ready_endpoints, scheme_of, speaks_http, target_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ..call import Call
    from ..kube import EndpointSlice, Service, ServicePort
    from ..targets import Target
    from . import Discovery

__all__ = ["BuiltIn", "built_in", "built_in_services"]

_LABEL = "kubernetes.io/cluster-service=true"
_NAMESPACE = "kube-system"  # kubectl looks there, whatever the context's namespace (C1)
_TITLE = "kubernetes.io/name"


def built_in_services(discovery: Discovery, namespace: str | None, call: Call) -> tuple[list[Service], str | None]:
    """The services labelled as built-in; if there are none, other services and a note that says so.

    If none is labelled, all services of the namespace are returned. If no namespace was named, and the default one has
    no services or may not be listed, those of the context's own namespace are returned.

    Parameters
    ----------
    discovery
        Lists services.
    namespace
        Where to look; None means kube-system, where kubectl looks (C1).
    call
        The running query.

    Raises
    ------
    AccessDenied
        The services may not be listed.
    """
    own = discovery.namespace
    where = namespace or _NAMESPACE
    try:
        services = discovery.services(where, _LABEL, call).items
        if services:
            return services, None
        services = discovery.services(where, None, call).items
        if not services and namespace is None and own != where:
            where = own
            services = discovery.services(where, None, call).items
        return services, f"no service is labelled {_LABEL}; these are all of {where}"
    except AccessDenied:
        if namespace is not None or own == where:
            raise
        services = discovery.services(own, None, call).items
        return services, f"the services of {where} may not be listed; these are those of {own}"


@dataclasses.dataclass(frozen=True)
class BuiltIn:
    """One service, with the columns of cluster-info.

    Attributes
    ----------
    title
        Its label ``kubernetes.io/name``, else its name (C4).
    target
        How to ask it; None if no port speaks HTTP, and for a name outside the cluster (S11).
    url
        Its proxy URL, with a slash at its end, which saves a redirect (T1); "" if no port speaks HTTP.
    ready, endpoints
        How many of its endpoints are ready, and how many there are; None if they may not be read.
    external
        Its external URLs, if it has an external address (C5), else "".
    note
        What to know about it, else "".
    """

    title: str
    target: Target | None
    url: str
    ready: int | None
    endpoints: int | None
    external: str
    note: str


def built_in(service: Service, slices: Sequence[EndpointSlice] | None, url_of: Callable[[Target], str]) -> BuiltIn:
    """Describe a service as cluster-info does.

    Parameters
    ----------
    service
        The service.
    slices
        The EndpointSlices of its namespace; None if they may not be read.
    url_of
        Writes the proxy URL of a target (C6).
    """
    ports = list(service.spec.ports or ())
    outside = service.spec.external_name if service.spec.type == "ExternalName" else None
    port = next((port for port in ports if speaks_http(port)), None)
    target = None if port is None or outside else target_of(service, port)
    ready = endpoints = None
    if slices is not None:
        own = [piece for piece in slices if piece.service == service.metadata.name]
        ready, endpoints = ready_endpoints(service, port, own)
    return BuiltIn(
        title=(service.metadata.labels or {}).get(_TITLE) or service.metadata.name,
        target=target,
        url=url_of(target) if target else "",
        ready=ready,
        endpoints=endpoints,
        external=_external(service, ports),
        note=f"a name for {outside}, outside the cluster" if outside else _note(ports, port, ready),
    )


def _external(service: Service, ports: Sequence[ServicePort]) -> str:
    ingress = next(iter(service.external_addresses), "")  # the first, as kubectl (C5)
    if not ingress:
        return ""
    host = f"[{ingress}]" if ":" in ingress else ingress
    urls = [f"{scheme}://{host}:{port.port}" for port in ports if (scheme := scheme_of(port)) is not None]
    return " ".join(urls) or ingress


def _note(ports: Sequence[ServicePort], chosen: ServicePort | None, ready: int | None) -> str:
    silent = [str(port.name or port.port) for port in ports if not speaks_http(port)]
    if chosen is None:
        return f"speaks no HTTP ({', '.join(silent)})" if silent else "has no port"
    notes = [f"{', '.join(silent)} {'speaks' if len(silent) == 1 else 'speak'} no HTTP"] if silent else []
    if ready == 0:
        notes.append("nothing is ready behind it")
    return "; ".join(notes)
