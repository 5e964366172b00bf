"""Where the API server has a target: the paths of its proxy verb."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...errors import TargetError
from ...targets import check_name

if TYPE_CHECKING:
    from ...request import Request
    from ...targets import Target

__all__ = ["api_path", "proxy_path"]


def proxy_path(target: Target, namespace: str | None = None) -> str:
    """The path of a target at the API server, up to and with ``/proxy``; "" for the API server itself.

    Parameters
    ----------
    target
        A service, a pod, a node, or the API server itself.
    namespace
        The namespace of a target that names none.

    Raises
    ------
    TargetError
        A namespace is needed and there is none.
    """
    if target.kind == "api":
        return ""
    if target.kind == "node":
        return f"/api/v1/nodes/{target.segment}/proxy"
    namespace = target.namespace or namespace
    if not namespace:
        raise TargetError(
            f"the namespace of {target.kind} {target.name} is not known",
            hint=f"type `NAMESPACE/{target.segment}`, or add `-n NAMESPACE`",
        )
    if not target.namespace:
        check_name("namespace", namespace)
    return f"/api/v1/namespaces/{namespace}/{target.kind}s/{target.segment}/proxy"


def api_path(request: Request, namespace: str | None = None) -> str:
    """What follows the API server's own address when a request is sent to it: path and query.

    Parameters
    ----------
    request
        Any request.
    namespace
        The namespace of a target that names none.

    Raises
    ------
    TargetError
        A namespace is needed and there is none.
    """
    return proxy_path(request.target, namespace) + request.path_and_query
