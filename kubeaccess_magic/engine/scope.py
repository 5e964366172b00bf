"""The namespace and the labels that a query asks for beside its target: ``-n``, ``-A`` and ``-l``.

They change an API path, as they change what ``kubectl get`` reads; a target that is an app has its namespace in its
name. What cannot be honoured is refused: rows of other namespaces than the one that was named would be wrong data.
"""

from __future__ import annotations

import dataclasses
import re
from typing import TYPE_CHECKING
from urllib.parse import quote

from .. import access
from ..errors import TargetError
from ..targets import check_name

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..query import Query
    from ..request import Request

__all__ = ["ScopedRequest", "scoped"]

_COLLECTION = re.compile(r"(?P<version>/api/[^/]+|/apis/[^/]+/[^/]+)/(?P<resource>[^/]+)/?")


@dataclasses.dataclass(frozen=True, slots=True)
class ScopedRequest:
    """A request within the namespace and the labels that were asked for.

    Attributes
    ----------
    request
        The request.
    note
        A line that says what was changed, or None.
    """

    request: Request
    note: str | None = None


def scoped(request: Request, query: Query, is_namespaced: Callable[[str, str], bool | None]) -> ScopedRequest:
    """Apply the namespace and the labels of a query to the request that it means.

    Parameters
    ----------
    request
        The request, as the target and the path say it.
    query
        What somebody wants to know.
    is_namespaced
        Whether the objects of a resource are in namespaces, given the path of the API version, such as ``/api/v1``,
        and the resource, such as ``pods``; None if the API server does not say it.

    Raises
    ------
    TargetError
        The request cannot be limited that way.
    """
    if request.target.kind != "api":
        _check_target(request, query)
        return ScopedRequest(request)
    if query.namespace is None and not query.all_namespaces and query.selector is None:
        return ScopedRequest(request)
    if query.namespace is not None and query.all_namespaces:
        raise TargetError("-n names one namespace, -A means all of them", hint="leave one of them out")
    changed = _in_namespaces(request, query, is_namespaced)
    if query.selector is not None:
        changed = _with_labels(changed, query.selector)
    note = f"asks {changed.path_and_query}" if changed.path_and_query != request.path_and_query else None
    return ScopedRequest(changed, note)


def _check_target(request: Request, query: Query) -> None:
    """Refuse options that contradict a service, pod or node."""
    target = request.target
    if query.all_namespaces:
        raise TargetError(
            f"-A does not go with {target}, which is in one namespace" if target.kind != "node" else _NODE,
            hint="-A goes with `%kproxy services`, `%kproxy pods` and API paths such as /api/v1/pods",
        )
    if query.selector is not None:
        raise TargetError(
            f"-l does not go with {target}, which has a name",
            hint="-l goes with `%kproxy services`, `%kproxy pods` and API paths such as /api/v1/pods",
        )
    if query.namespace is None:
        return
    if target.kind == "node":
        raise TargetError(_NODE, hint="leave -n out")
    if target.namespace not in (None, query.namespace):
        other = target.with_namespace(query.namespace)
        raise TargetError(
            f"{target} is in the namespace {target.namespace}, and -n names {query.namespace}",
            hint=f"leave -n out, or type `{other}`",
        )


_NODE = "a node is in no namespace"


def _in_namespaces(request: Request, query: Query, is_namespaced: Callable[[str, str], bool | None]) -> Request:
    """The request for one namespace or all of them."""
    namespace = query.namespace
    if namespace is None and not query.all_namespaces:
        return request
    option = "-A" if namespace is None else "-n"
    attributes = access.attributes(request.method, request.target, None, request.path)
    if attributes.namespace is not None and attributes.resource != "namespaces":
        if attributes.namespace == namespace:
            return request
        raise TargetError(
            f"the path names the namespace {attributes.namespace}"
            + (f", and -n names {namespace}" if namespace else ", and -A means all of them"),
            hint=f"leave {option} out, or type the path without /namespaces/{attributes.namespace}",
        )
    collection = _COLLECTION.fullmatch(request.path)
    if collection is None:
        raise TargetError(
            f"{option} goes with the path of a list, and {request.path} is not one",
            hint="a list reads like /api/v1/pods or /apis/apps/v1/deployments",
        )
    if namespace is None:
        return request
    check_name("namespace", namespace)
    version, resource = collection["version"], collection["resource"]
    if is_namespaced(version, resource) is False:
        raise TargetError(f"{resource} are in no namespace", hint="leave -n out")
    return dataclasses.replace(request, path=f"{version}/namespaces/{quote(namespace, safe='')}/{resource}")


def _with_labels(request: Request, selector: str) -> Request:
    """The request for the objects with some labels."""
    attributes = access.attributes(request.method, request.target, None, request.path)
    if attributes.verb != "list" or not attributes.resource:
        raise TargetError(
            f"-l goes with the path of a list, and {request.path} is not one",
            hint="a list reads like /api/v1/pods or /api/v1/namespaces/shop/pods",
        )
    if request.param("labelSelector") is not None:
        raise TargetError("the path has a labelSelector, and -l gives another one", hint="leave one of them out")
    return request.with_param("labelSelector", selector)
