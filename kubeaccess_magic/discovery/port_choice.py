"""Choosing the port and the scheme of a target from its Service or Pod. Nothing is read here.

The API server has no default port (S2, S3) and does not care about schemes (D4). Whoever types ``shop/web`` means one
of each. A port that is filled in is written by its name, and left out if it has none; a scheme is written only if it is
https.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from .. import kube
from ..errors import NotFound, TargetError

if TYPE_CHECKING:
    from ..kube import Pod, Service, ServicePort
    from ..targets import Target

__all__ = ["Resolution", "ports_to_type", "resolve_pod_port", "resolve_service_port"]

_USUAL = ("http", "https", "web")
_SCHEME_PORTS = {"http": 80, "https": 443}


@dataclasses.dataclass(frozen=True, slots=True)
class Resolution:
    """A resolved target.

    Attributes
    ----------
    target
        The target, with namespace, port and scheme filled in as far as they are known.
    note
        A line about a choice between several ports, or None.
    service, port
        The Service and its port, if they were read.
    """

    target: Target
    note: str | None = None
    service: Service | None = None
    port: ServicePort | None = None


def resolve_service_port(target: Target, service: Service) -> Resolution:
    """Fill in the port and the scheme of a target from its Service.

    Parameters
    ----------
    target
        The target, with a namespace.
    service
        The Service that it names.

    Raises
    ------
    NotFound
        The Service has no such port, or several that could be meant; the hint lists what to type.
    TargetError
        The port does not speak HTTP.
    """
    if not service.spec.ports:  # an ExternalName, or a headless service without ports: sent as it was typed
        return Resolution(target, service=service)
    if target.port:
        port, note = _typed_port(target, service), None
    else:
        port, note = _meant_port(target, service)
        target = target.with_port(port.name or "")
    if not target.scheme and kube.scheme_of(port) == "https":
        target = target.with_scheme("https")
    return Resolution(target, note, service, port)


def resolve_pod_port(target: Target, pod: Pod) -> Resolution:
    """Replace the name of a pod's port by its number, which the API server does not do (D2).

    Parameters
    ----------
    target
        The target, whose port is a name.
    pod
        The Pod that it names.

    Raises
    ------
    NotFound
        No container has a port of that name.
    """
    ports = [port for container in pod.spec.containers for port in container.ports or ()]
    for port in ports:
        if port.name == target.port:
            numbered = target.with_port(str(port.container_port))
            if not target.scheme and (target.port == "https" or target.port.startswith("https-")):
                numbered = numbered.with_scheme("https")
            return Resolution(numbered)
    names = [f"{port.name} ({port.container_port})" if port.name else str(port.container_port) for port in ports]
    raise NotFound(
        f"the pod {target.name} has no port called {target.port}",
        hint=f"its ports: {', '.join(names)}"
        if names
        else "it names no ports; type the number that its app listens on",
    )


def ports_to_type(target: Target, service: Service) -> list[str]:
    """The targets to type for those ports of a service that may speak HTTP.

    Parameters
    ----------
    target
        The target that was typed; its namespace is kept.
    service
        The Service that it names.
    """
    return [
        str(kube.target_of(service, port).with_namespace(target.namespace))
        for port in service.spec.ports or ()
        if kube.speaks_http(port)
    ]


def wrong_port(target: Target, service: Service) -> NotFound:
    """The error for a port that a service does not have; it names the existing ports (S3).

    Parameters
    ----------
    target
        The target that was typed.
    service
        The Service that it names.
    """
    ports = [f"{port.port} ({port.name})" if port.name else str(port.port) for port in service.spec.ports or ()]
    there = f"port{'s' if len(ports) > 1 else ''} {', '.join(ports)}" if ports else "no ports"
    lines = ports_to_type(target, service)
    return NotFound(
        f"{_name_of(target)} has {there}, not {target.port or 'a port without a name'}",
        hint=f"type {' or '.join(lines)}" if lines else f"`%kproxy services -n {target.namespace}` shows its ports",
    )


def _typed_port(target: Target, service: Service) -> ServicePort:
    """The port of a service that was typed."""
    ports = kube.matching_ports(service, target.port)
    lines = ports_to_type(target, service)
    hint = f"type {' or '.join(lines)}" if lines else None
    if not ports:
        raise wrong_port(target, service)
    if all(port.protocol not in (None, "TCP") for port in ports):
        raise TargetError(
            f"port {target.port} of {_name_of(target)} is {ports[0].protocol}: it speaks no HTTP", hint=hint
        )
    return ports[0]


def _meant_port(target: Target, service: Service) -> tuple[ServicePort, str | None]:
    """The port that is meant if none was typed, and a line about the choice if there was one."""
    tcp = [port for port in service.spec.ports or () if port.protocol in (None, "TCP")]
    if not tcp:
        raise TargetError(
            f"{_name_of(target)} has no TCP port: it speaks no HTTP",
            hint=f"`%kproxy services -n {target.namespace}` shows the ports of the others",
        )
    if len(tcp) == 1:
        return tcp[0], None
    usual = [port for port in tcp if port.port == _SCHEME_PORTS.get(target.scheme)]
    if not usual:
        usual = [port for port in tcp if port.name in _USUAL or port.app_protocol in _USUAL]
    if len(usual) != 1:
        lines = ports_to_type(target, service)
        raise NotFound(
            f"{_name_of(target)} has {len(tcp)} ports, and the API server chooses none",  # S3
            hint=f"type {' or '.join(lines)}" if lines else "type the port behind a colon",
        )
    port = usual[0]
    others = ", ".join(str(other.name or other.port) for other in tcp if other is not port)
    return port, f"port {port.name or port.port} of {_name_of(target)} (others: {others})"


def _name_of(target: Target) -> str:
    return f"{target.namespace}/{target.name}" if target.namespace else target.name
