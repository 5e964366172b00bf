"""How the API server's proxy verb carries a request: under which path, and what it cannot carry unchanged.

The verb would silently change or drop such parts, so they are refused here with the reason, before anything is sent.
The rules are those of the real API server (T4 to T22, E4, X7).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import unquote

from ...errors import TargetError
from ...targets import check_name

if TYPE_CHECKING:
    from ...request import Request
    from ...targets import Target

__all__ = ["api_path", "check", "proxy_path"]

_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
_ENCODED_SLASH = re.compile(r"%2f", re.IGNORECASE)

# Header (or beginning of one) -> why the app would never see it.
_DROPPED = {
    "authorization": "the API server removes it after signing you in",  # T14
    "proxy-authorization": "it ends at the next hop",  # T17
    "impersonate-": "the API server takes it for itself",  # T16
    "x-remote-": "the API server removes it",  # T15
    "host": "the app sees the API server's",  # T21
    "connection": "it ends at the next hop",  # T17
    "proxy-connection": "it ends at the next hop",  # T17
    "keep-alive": "it ends at the next hop",  # T17
    "te": "it ends at the next hop",  # T17
    "trailer": "it ends at the next hop",  # T17
    "transfer-encoding": "it ends at the next hop",  # T17
    "upgrade": "it ends at the next hop",  # T17
    "content-length": "it follows from the body",
    "accept-encoding": "it is chosen so that the API server can read the answer",  # T32
}


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


def check(request: Request) -> None:
    """Refuse a request that the proxy verb cannot carry as it was meant.

    Raises
    ------
    TargetError
        The request cannot be carried; the message says why, the hint what to do instead. Nothing was sent.
    """
    target = request.target
    if request.method not in _METHODS:
        raise TargetError(
            f"the API server's proxy verb does not carry {request.method}",  # E6
            hint=f"it carries {', '.join(_METHODS)}",
        )
    if target.kind in ("pod", "node") and target.port and not target.port.isdecimal():
        raise TargetError(
            f"the proxy verb takes a {target.kind}'s port only by its number, not {target.port!r}",  # D2
            hint="`%kproxy pods` shows each pod's ports" if target.kind == "pod" else "a kubelet's is 10250",
        )
    _check_path(request)
    for name, _ in request.headers:
        _check_header(name.lower(), name, target)


def _check_path(request: Request) -> None:
    path, target = request.path, request.target
    if _ENCODED_SLASH.search(path):
        raise TargetError(
            "the API server's proxy verb turns an encoded slash (%2F) in a path into `/`",  # T6
            hint=_elsewhere(target, "or ask the app with a query parameter"),
        )
    if "//" in path:
        raise TargetError(
            f"the API server's proxy verb merges two slashes into one: {path} would not arrive as typed",  # T4
            hint=f"type {re.sub('/+', '/', path)}",
        )
    for piece in request.query.replace(";", "&").split("&"):
        if "dry" in piece.lower() and unquote(piece.partition("=")[0].replace("+", " ")) == "dryRun":
            raise TargetError(
                "the API server refuses any query with dryRun; it never reaches the app",  # E4
                hint=_elsewhere(target, "the app may take it in the body"),
            )


def _check_header(lowered: str, name: str, target: Target) -> None:
    for dropped, reason in _DROPPED.items():
        if lowered == dropped or (dropped.endswith("-") and lowered.startswith(dropped)):
            raise TargetError(f"the header {name} cannot reach the app: {reason}", hint=_header_hint(dropped, target))


def _elsewhere(target: Target, otherwise: str) -> str:
    """A hint at port-forwarding, which carries what this way does not; not available for nodes."""
    return otherwise if target.kind == "node" else f"`{target.port_forward}` carries it; {otherwise}"


def _header_hint(dropped: str, target: Target) -> str | None:
    if dropped == "authorization":
        return _elsewhere(target, "many apps also take a header of their own, such as X-Api-Key")
    if dropped == "impersonate-":
        return "--as and --as-group ask the API server as somebody else"
    return None
