"""Why there is no backend: found in the objects, since the API server's own messages are misleading (S3, S12)."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING

from ...discovery import Discovery, missing_pod, wrong_port
from ...errors import AccessDenied, KubeAccessError, NotFound
from ...kube import Status, matching_ports, pod_is_ready, pod_state, ready_endpoints
from ...text import quoted

if TYPE_CHECKING:
    from ...call import Call
    from ...kube import EndpointSlice, Pod, Service, ServicePort
    from ...targets import Target

__all__ = ["missing_object", "missing_service_backend", "undialled_address"]

_MOST_PODS_NAMED = 3


def missing_service_backend(
    status: Status, target: Target, discovery: Discovery, call: Call, is_guess: bool
) -> KubeAccessError | None:
    """Why the API server finds nothing ready behind a service: no endpoints, no port, or no such service (S1 to S13).

    Parameters
    ----------
    status
        The API server's status.
    target
        A service.
    discovery, call
        Used to read its objects.
    is_guess
        Whether only the status code is known: the objects must then confirm the error.

    Returns
    -------
    KubeAccessError or None
        None if something is ready: then the app itself answered.
    """
    namespace = target.namespace or ""
    try:
        service = discovery.service(namespace, target.name, call, fresh=True)
    except AccessDenied:
        message = f"the API server finds nothing ready behind {target} ({status.message})"
        hint = "you may not read its Service; a wrong name or port looks the same"  # S3, S12
        return None if is_guess else NotFound(message, hint=hint)
    if service is None:
        return discovery.missing_service(target, call)
    if service.spec.type == "ExternalName":
        return _external_name(target, service)
    port = next(iter(matching_ports(service, target.port)), None)
    if port is None:
        return wrong_port(target, service)
    try:
        slices = discovery.slices_of(service, call)
        pods = discovery.pods_of(service, call)
    except AccessDenied:
        hint = "you may not read its endpoints and pods, which would show why"
        return None if is_guess else NotFound(f"nothing is ready behind {target}", hint=hint)
    if ready_endpoints(service, port, slices)[0]:
        if status.code != 404 or _has_endpoints(target, discovery, call):
            return None  # something is ready: the app answered, or it has just become ready
        return NotFound(
            f"{target} has EndpointSlices but no Endpoints, by which this API server finds pods",  # S12
            hint="ask one of its pods by name, or ask an administrator to add the Endpoints",
        )
    return _not_ready(target, service, port, slices, pods)


def _external_name(target: Target, service: Service) -> NotFound:
    name = service.spec.external_name
    return NotFound(
        f"{target} is an ExternalName for {name}: the API server does not proxy to names outside the cluster",  # S11
        hint=f"ask {name} itself",
    )


def missing_object(target: Target, discovery: Discovery, call: Call, is_guess: bool) -> KubeAccessError | None:
    """The error for a pod or node that does not exist; None if it does, since the app's 404 may look the same.

    Parameters
    ----------
    target
        A pod or a node.
    discovery, call
        Used to look it up.
    is_guess
        Whether only the status code is known: the objects must then confirm the error.
    """
    if target.kind == "pod":
        try:
            if discovery.pod(target.namespace or "", target.name, call) is not None:
                return None
        except AccessDenied:
            if is_guess:
                return None
        return missing_pod(target)
    if is_guess and not _is_without_node(target.name, discovery, call):
        return None
    return NotFound(f"no node is called {target.name}", hint="`%kproxy nodes` lists them")


def undialled_address(target: Target, discovery: Discovery, call: Call, is_guess: bool) -> KubeAccessError | None:
    """The error for a pod or node whose address the API server does not connect to (D3, D8).

    Parameters
    ----------
    target
        A pod or a node.
    discovery, call
        Used to look up the address of a pod.
    is_guess
        Whether only the status code is known: the objects must then confirm the error.
    """
    refused_address = f"the {target.kind} {target.name} has an address that the API server does not proxy to"  # D3, D8
    if target.kind == "node":
        return NotFound(refused_address, hint="`%kproxy nodes` shows it")
    hint = f"`%kproxy pods -n {target.namespace}` shows its phase and its address"
    try:
        pod = discovery.pod(target.namespace or "", target.name, call)
    except AccessDenied:
        if is_guess:
            return None
        return NotFound(f"the pod {target.name} has no address, or none that the API server proxies to", hint=hint)
    address = pod.status.pod_ip if pod is not None else None
    if not address:
        return NotFound(f"the pod {target.name} has no address yet", hint=hint)  # D3
    # The API server does connect to other addresses, so it was the app that answered.
    return None if _is_dialled(address) else NotFound(refused_address, hint=hint)


def _has_endpoints(target: Target, discovery: Discovery, call: Call) -> bool:
    try:
        return discovery.has_endpoints(target.namespace or "", target.name, call)
    except AccessDenied:
        return True


def _not_ready(
    target: Target, service: Service, port: ServicePort, slices: list[EndpointSlice], pods: list[Pod] | None
) -> NotFound:
    if ready_endpoints(service, None, slices)[0]:
        return NotFound(
            f"the pods behind {target} have no port {port.target_port}, to which it leads",
            hint="an administrator can fix its targetPort; a pod itself can be asked by its name and port number",
        )
    if any(endpoint.is_ready for piece in slices for endpoint in piece.endpoints or ()):
        return NotFound(
            f"{target} has endpoints without pods behind them, which the API server does not proxy to",  # S10
            hint="ask that address directly, if it can be reached from here",
        )
    if pods is None:
        return NotFound(
            f"{target} has no selector and no endpoints: there is nothing behind it",
            hint="its owner must give it one of the two; a pod can be asked by its name: `%kproxy pods`",
        )
    selector = service.spec.label_selector
    if not pods:
        return NotFound(
            f"no pod matches the selector of {target} ({selector})",
            hint=f"`%kproxy pods -n {target.namespace}` shows the pods there are",
        )
    hint = (
        f"`%kproxy pods -n {target.namespace} -l {quoted(selector)}` lists them; a pod itself can be asked by its name"
    )
    if any(pod_is_ready(pod) for pod in pods):
        return NotFound(
            f"pods of {target} are ready, but none of its endpoints are: they may have become ready just now", hint=hint
        )
    named = ", ".join(f"{pod.metadata.name} ({pod_state(pod)})" for pod in pods[:_MOST_PODS_NAMED])
    more = f" and {len(pods) - _MOST_PODS_NAMED} more" if len(pods) > _MOST_PODS_NAMED else ""
    count = (
        f"none of the {len(pods)} pods behind {target} is" if len(pods) > 1 else f"the only pod behind {target} is not"
    )
    return NotFound(f"{count} ready: {named}{more}", hint=hint)


def _is_dialled(address: str) -> bool:
    """Whether the API server connects to an address: Go calls such addresses global unicast."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return False
    return not (parsed.is_unspecified or parsed.is_loopback or parsed.is_link_local or parsed.is_multicast)


def _is_without_node(name: str, discovery: Discovery, call: Call) -> bool:
    try:
        return all(node.metadata.name != name for node in discovery.nodes(call))
    except AccessDenied:
        return False
