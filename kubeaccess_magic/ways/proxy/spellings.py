"""Equivalent spellings of a target: the same to the API server's proxy verb, but different names to RBAC (A3)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ... import access
from ...errors import AccessDenied, KubeAccessError

if TYPE_CHECKING:
    from ...call import Call
    from ...discovery import Discovery
    from ...request import Request
    from ...targets import Target

__all__ = ["allowed_spelling"]


def allowed_spelling(request: Request, discovery: Discovery, call: Call) -> Request | None:
    """A request in an equivalent spelling for which the user has rights.

    Parameters
    ----------
    request
        A request that was refused and so not executed; its target has a namespace.
    discovery
        Reads the user's rights and the ports of the service.
    call
        The running query.

    Returns
    -------
    Request or None
        None where there is no such spelling, or where the rights cannot be read.
    """
    target = request.target
    if target.kind == "api" or not target.namespace:
        return None
    try:
        rules = discovery.rules(target.namespace, call)
        spellings = access.equivalent_segments(target, _service_ports(target, discovery, call))
        if target.kind == "service" and not target.port and not spellings[1:]:
            spellings += access.granted_segments(rules, request.method, target)  # the one port granted was meant
    except KubeAccessError:
        return None
    for spelling in spellings:
        if access.allows(rules, access.attributes(request.method, spelling)):
            return request.with_target(spelling)
    return None


def _service_ports(target: Target, discovery: Discovery, call: Call) -> list[tuple[str, int]]:
    """Names and numbers of a service's ports; none where they may not be read."""
    if target.kind != "service" or not target.namespace:
        return []
    try:
        service = discovery.service(target.namespace, target.name, call)
    except AccessDenied:
        return []
    return [(port.name or "", port.port) for port in service.spec.ports or ()] if service else []
