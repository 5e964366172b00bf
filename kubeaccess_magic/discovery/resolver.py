"""Resolving a target: its Service, the port and scheme that are meant, and the pods and addresses behind it."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Protocol

from .. import kube
from ..errors import AccessDenied, NotFound, TargetError
from ..targets import Target
from .port_choice import Resolution, resolve_pod_port, resolve_service_port

if TYPE_CHECKING:
    from ..call import Call
    from ..kube import Backend, EndpointSlice, Pod, Service, ServicePort

__all__ = ["Backends", "Objects", "backends_of", "missing_pod", "missing_service", "resolve"]


class Objects(Protocol):
    """Looks up single objects, for `resolve`."""

    def service(self, namespace: str, name: str, call: Call, *, fresh: bool = False) -> Service | None:
        """One service, or None if there is none of that name. It may be remembered unless `fresh`."""

    def pod(self, namespace: str, name: str, call: Call) -> Pod | None:
        """One pod, or None if there is none of that name."""

    def missing_service(self, target: Target, call: Call) -> NotFound:
        """The error for a service that does not exist."""


class Lists(Protocol):
    """Lists the endpoints and pods behind a service, for `backends_of`."""

    def slices_of(self, service: Service, call: Call) -> list[EndpointSlice]:
        """The EndpointSlices of a service."""

    def pods_of(self, service: Service, call: Call) -> list[Pod] | None:
        """The pods that a service selects; None for a service without a selector."""


@dataclasses.dataclass(frozen=True)
class Backends:
    """The backends behind a port of a service.

    Attributes
    ----------
    backends
        The pods and addresses that serve requests.
    note
        A line about how they were found if that was not the usual way, or None.
    """

    backends: Sequence[Backend]
    note: str | None = None


def resolve(target: Target, objects: Objects, call: Call, *, namespace: str, is_http_url: bool = False) -> Resolution:
    """Fill in namespace, port and scheme of a target.

    If its Service may not be read, the target is left as it was typed.

    Parameters
    ----------
    target
        The target as it was typed.
    objects
        Looks up Services and Pods.
    call
        The running query.
    namespace
        The namespace of a target that names none.
    is_http_url
        Whether it was typed as an ``http://`` URL: http is how an app is asked anyway, and is not written.

    Raises
    ------
    NotFound
        There is no such service, pod or port, or the service does not say which of its ports is meant.
    TargetError
        The port does not speak HTTP.
    """
    if target.kind in ("api", "node"):
        return Resolution(target)
    target = target.with_namespace(target.namespace or namespace)
    if target.kind == "pod":
        return _resolve_pod(target, objects, call)
    resolution = Resolution(target)
    if not (target.port and target.scheme) or is_http_url:
        try:
            resolution = _resolve_service(target, objects, call)
        except AccessDenied:
            pass
    if is_http_url and resolution.target.scheme == "http":
        resolution = dataclasses.replace(resolution, target=resolution.target.with_scheme(""))
    return resolution


def backends_of(service: Service, port: ServicePort, lists: Lists, call: Call) -> Backends:
    """Find the pods and addresses behind a port of a service, as its EndpointSlices list them (Y10, Y11).

    If the slices may not be read, the ready pods that the service selects are taken, by kubectl's rule, with a note.

    Parameters
    ----------
    service
        The service.
    port
        One of its ports.
    lists
        Reads EndpointSlices and pods.
    call
        The running query.

    Raises
    ------
    AccessDenied
        Neither slices nor pods may be read.
    """
    try:
        return Backends(kube.backends_of_slices(port, lists.slices_of(service, call)))
    except AccessDenied:
        pods = lists.pods_of(service, call)
        if pods is None:  # without a selector only the slices say where it leads
            raise
    note = "its EndpointSlices may not be read: these are the ready pods that its selector matches"
    return Backends(kube.backends_of_pods(service, port, pods), note)


def missing_pod(target: Target) -> NotFound:
    """The error for a pod that does not exist."""
    return NotFound(
        f"no pod is called {target.name} in the namespace {target.namespace}",
        hint=f"`%kproxy pods -n {target.namespace}` lists them",
    )


def missing_service(
    target: Target, namespaces: Sequence[str], names_in_namespace: Callable[[], Sequence[str] | None]
) -> NotFound:
    """The error for a service that does not exist: where one of that name is, or the nearest names.

    Parameters
    ----------
    target
        The service; it has a namespace.
    namespaces
        The namespaces that have a service of that name.
    names_in_namespace
        Reads the names of all services of its namespace; None if they may not be read.
    """
    import difflib

    namespace = target.namespace or ""
    message = f"no service is called {target.name} in the namespace {namespace}"
    elsewhere = [Target(name=target.name, namespace=other) for other in namespaces]
    names = names_in_namespace()
    if names is None:
        return NotFound(message, hint=_suggestion(elsewhere) or None)
    if not names:
        everywhere = "`%kproxy services -A` lists those of all namespaces"
        return NotFound(f"{message}, which has none at all", hint=_suggestion(elsewhere) + everywhere)
    alike = [name for name in names if target.name in name] or difflib.get_close_matches(target.name, names, 3, 0.6)
    near = [Target(name=name, namespace=namespace) for name in alike]
    count = f"lists all {len(names)}" if len(names) > 1 else "lists the only one"
    return NotFound(message, hint=_suggestion(elsewhere or near) + f"`%kproxy services -n {namespace}` {count}")


def _resolve_service(target: Target, objects: Objects, call: Call) -> Resolution:
    for fresh in (False, True):  # a remembered Service may have changed: no error comes from it
        service = objects.service(target.namespace or "", target.name, call, fresh=fresh)
        try:
            if service is not None:
                return resolve_service_port(target, service)
        except (NotFound, TargetError):
            if fresh:
                raise
    raise objects.missing_service(target, call)


def _resolve_pod(target: Target, objects: Objects, call: Call) -> Resolution:
    if not target.port or target.port.isdecimal():
        return Resolution(target)
    pod = objects.pod(target.namespace or "", target.name, call)
    if pod is None:
        raise missing_pod(target)
    return resolve_pod_port(target, pod)


def _suggestion(targets: Sequence[Target]) -> str:
    return f"is it {' or '.join(map(str, targets[:3]))}? " if targets else ""
