"""What a request is about, as the API server reads it from the path: verb, resource, name, subresource (A1, A2)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from ..http.message import IncomingRequest
from .selectors import exact_name

VERBS: Final = {
    "POST": "create", "GET": "get", "HEAD": "get", "PUT": "update", "PATCH": "patch", "DELETE": "delete",
}  # fmt: skip
"""HTTP method → API verb, for paths that name an object."""
_NAMESPACE_PARTS: Final = ("status", "finalize")


@dataclass(frozen=True, slots=True)
class RequestInfo:
    """What a request is about.

    Attributes
    ----------
    path
        The whole path, percent-decoded.
    verb
        The API verb, such as ``list``; for a path without a resource, the HTTP method in lower case.
    is_resource
        Whether the path names a resource; `/version` and `/api/v1` do not.
    parts
        The segments of the path from the resource on, split after percent-decoding.
    """

    path: str
    verb: str
    is_resource: bool = False
    group: str = ""
    version: str = ""
    namespace: str = ""
    resource: str = ""
    name: str = ""
    subresource: str = ""
    parts: tuple[str, ...] = ()

    @property
    def scope(self) -> str:
        """The scope, in the words of a refusal."""
        return f'in the namespace "{self.namespace}"' if self.namespace else "at the cluster scope"


def request_info(request: IncomingRequest) -> RequestInfo:
    """Read from a request what it is about."""
    path = request.path
    parts = path.strip("/").split("/") if path.strip("/") else []
    non_resource = RequestInfo(path, request.method.lower())
    if len(parts) < 3 or parts[0] not in ("api", "apis"):
        return non_resource
    group = ""
    if parts[0] == "apis":
        if len(parts) < 4:
            return non_resource
        group, parts = parts[1], parts[1:]
    version, parts = parts[1], parts[2:]
    verb = VERBS.get(request.method, "")
    if parts[0] in ("proxy", "watch"):
        if len(parts) < 2:
            return RequestInfo(path, verb, True, group, version)
        verb, parts = parts[0], parts[1:]
    namespace = ""
    if parts[0] == "namespaces" and len(parts) > 1:
        namespace = parts[1]
        if len(parts) > 2 and parts[2] not in _NAMESPACE_PARTS:
            parts = parts[2:]
    name = parts[1] if len(parts) > 1 else ""
    subresource = parts[2] if len(parts) > 2 and verb != "proxy" else ""
    if not name and verb == "get":
        parameters = request.parameters
        is_watch = parameters.get("watch", "false").lower() not in ("false", "0")
        verb = "watch" if is_watch else "list"
        name = exact_name(parameters.get("fieldSelector", ""))
    if not name and verb == "delete":
        verb = "deletecollection"
    return RequestInfo(path, verb, True, group, version, namespace, parts[0], name, subresource, tuple(parts))
