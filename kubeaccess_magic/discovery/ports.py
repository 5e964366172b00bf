"""Which port and scheme a target means, from the Service or Pod that it names. Pure.

The API server has no default port (S2, S3) and no opinion about schemes (D4); a person who types ``shop/web`` has
both. A port that is filled in is written by its name, bare if it has none; a scheme is written only when it is https.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..errors import NotFound, TargetError
from ..kube import scheme_of, speaks_http, target_of

if TYPE_CHECKING:
    from ..kube import Pod, Service, ServicePort
    from ..targets import Target

__all__ = ["pod_target", "service_lines", "service_target"]

_USUAL = ("http", "https", "web")
_SCHEME_PORTS = {"http": 80, "https": 443}


def service_target(target: Target, service: Service) -> tuple[Target, str | None]:
    """The target with the port and scheme that `service` gives it, and a line that says so where it was a choice.

    Raises
    ------
    NotFound
        It has no such port, or several that could be meant; the hint lists them as lines to type.
    TargetError
        The port speaks no HTTP.
    """
    ports = list(service.spec.ports or ())
    if not ports:  # an ExternalName, or headless without ports: what was typed is sent
        return target, None
    if target.port:
        return _with_scheme(target, _typed(target, service, ports)), None
    port, why = _meant(target, service, ports)
    return _with_scheme(target.with_port(port.name or ""), port), why


def service_lines(target: Target, service: Service) -> list[str]:
    """The ports of a service that may speak HTTP, each as the text to type."""
    return [
        str(target_of(service, port).with_namespace(target.namespace))
        for port in service.spec.ports or ()
        if speaks_http(port)
    ]


def pod_target(target: Target, pod: Pod) -> Target:
    """The target with a pod's port *name* looked up, since the API server does not (D2).

    Raises
    ------
    NotFound
        No container has a port of that name.
    """
    ports = [port for container in pod.spec.containers or () for port in container.ports or ()]
    for port in ports:
        if port.name == target.port:
            numbered = target.with_port(str(port.container_port))
            if not target.scheme and (target.port == "https" or target.port.startswith("https-")):
                return numbered.with_scheme("https")
            return numbered
    named = [f"{port.name} ({port.container_port})" if port.name else str(port.container_port) for port in ports]
    raise NotFound(
        f"the pod {target.name} has no port called {target.port}",
        hint=f"its ports: {', '.join(named)}"
        if named
        else "it names no ports; type the number that its app listens on",
    )


def _typed(target: Target, service: Service, ports: list[ServicePort]) -> ServicePort:
    """The service's port that was typed."""
    number = int(target.port) if target.port.lstrip("+").isdecimal() else None
    found = [port for port in ports if (port.port == number if number is not None else port.name == target.port)]
    lines = service_lines(target, service)
    hint = f"type {' or '.join(lines)}" if lines else None
    if not found:
        raise NotFound(f"{_called(target)} has no port {target.port}", hint=hint)
    if all(port.protocol not in (None, "TCP") for port in found):
        raise TargetError(
            f"port {target.port} of {_called(target)} is {found[0].protocol}: it speaks no HTTP", hint=hint
        )
    return found[0]


def _meant(target: Target, service: Service, ports: list[ServicePort]) -> tuple[ServicePort, str | None]:
    """The port that is meant where none was typed, and why where there was a choice."""
    tcp = [port for port in ports if port.protocol in (None, "TCP")]
    if not tcp:
        raise TargetError(
            f"{_called(target)} has no TCP port: it speaks no HTTP",
            hint=f"`%kproxy services -n {target.namespace}` shows the ports of the others",
        )
    if len(tcp) == 1:
        return tcp[0], None
    usual = [port for port in tcp if port.port == _SCHEME_PORTS.get(target.scheme)]
    if not usual:
        usual = [port for port in tcp if port.name in _USUAL or port.app_protocol in _USUAL]
    if len(usual) != 1:
        lines = service_lines(target, service)
        raise NotFound(
            f"{_called(target)} has {len(tcp)} ports, and the API server chooses none",  # S3
            hint=f"type {' or '.join(lines)}" if lines else "type the port behind a colon",
        )
    port = usual[0]
    others = ", ".join(str(other.name or other.port) for other in tcp if other is not port)
    return port, f"port {port.name or port.port} of {_called(target)} (others: {others})"


def _with_scheme(target: Target, port: ServicePort) -> Target:
    if target.scheme or scheme_of(port) != "https":
        return target
    return target.with_scheme("https")


def _called(target: Target) -> str:
    return f"{target.namespace}/{target.name}" if target.namespace else target.name
