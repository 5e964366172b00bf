"""Reading the API server: listing and finding objects, resolving targets, and checking the user's rights.

Everything is read with the rights that the user has. If a list of all namespaces is refused, the namespaces that may be
listed are read, else the context's own one, and the `ObjectList` says so.
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from .. import kube
from ..access import Access, attributes, role
from ..errors import AccessDenied, LoadError, NotFound
from ..targets import Target
from . import reviews
from .lists import Budget, ObjectList, pages_of, read_in_each
from .port_choice import Resolution, ports_to_type, resolve_service_port, wrong_port
from .refusals import ANONYMOUS, redirected, refused, unrecognized
from .resolver import Backends, backends_of, missing_pod, missing_service, resolve

if TYPE_CHECKING:
    from ..access import Attributes
    from ..call import Call
    from ..kube import EndpointSlice, Namespace, Node, Pod, Resource, Service
    from ..reply import Reply
    from .api import KubernetesApi

__all__ = [
    "ANONYMOUS",
    "Backends",
    "Discovery",
    "ObjectList",
    "Resolution",
    "backends_of",
    "missing_pod",
    "pages_of",
    "ports_to_type",
    "redirected",
    "refused",
    "resolve",
    "resolve_service_port",
    "unrecognized",
    "wrong_port",
]

_MAX_NAMESPACES = 200
_KEEP_S = 30.0  # how long a Service is remembered
_OBJECT_BYTES = 256 * 2**20

Item = TypeVar("Item")


class Discovery:
    """Reads the API server's objects. It may be used from several threads.

    Parameters
    ----------
    api
        Asks the API server itself.
    namespace
        The context's own namespace, which is listed if all others are refused.
    """

    def __init__(self, api: KubernetesApi, namespace: str) -> None:
        self.namespace = namespace
        self._api = api
        self._services: dict[tuple[str, str], tuple[float, Service | None]] = {}

    # --- lists

    def namespaces(self, call: Call) -> list[Namespace]:
        """All namespaces; AccessDenied if they may not be listed."""
        return self._list(kube.NAMESPACES, None, call)

    def nodes(self, call: Call) -> list[Node]:
        """All nodes; AccessDenied if they may not be listed."""
        return self._list(kube.NODES, None, call)

    def services(self, namespace: str | None, selector: str | None, call: Call) -> ObjectList[Service]:
        """The services of a namespace, or of all (None), that a label selector matches."""
        return self._everywhere(kube.SERVICES, namespace, selector, call)

    def pods(self, namespace: str | None, selector: str | None, call: Call) -> ObjectList[Pod]:
        """The pods of a namespace, or of all (None), that a label selector matches."""
        return self._everywhere(kube.PODS, namespace, selector, call)

    def pods_of(self, service: Service, call: Call) -> list[Pod] | None:
        """The pods that a service selects; None for a service without a selector."""
        if not service.spec.selector:
            return None
        return self._list(kube.PODS, service.metadata.namespace, call, labelSelector=service.spec.label_selector)

    def slices_of(self, service: Service, call: Call) -> list[EndpointSlice]:
        """The EndpointSlices of a service (F8)."""
        selector = f"kubernetes.io/service-name={service.metadata.name}"
        return self._list(kube.ENDPOINTSLICES, service.metadata.namespace, call, labelSelector=selector)

    def slices_in(self, namespaces: Sequence[str], call: Call) -> tuple[list[EndpointSlice], frozenset[str]]:
        """The EndpointSlices of these namespaces, and those of the namespaces whose slices may not be read."""
        call = call.child()
        budget = Budget(_for_objects(call).limits.max_bytes)
        if len(namespaces) > 1:
            try:
                return self._list(kube.ENDPOINTSLICES, None, call, budget), frozenset()
            except AccessDenied:
                pass
        answers = read_in_each(namespaces, lambda name: self._list(kube.ENDPOINTSLICES, name, call, budget), call)
        unread = frozenset(name for name, answer in zip(namespaces, answers, strict=True) if answer is None)
        return [item for answer in answers for item in answer or ()], unread

    # --- single objects

    def service(self, namespace: str, name: str, call: Call, *, fresh: bool = False) -> Service | None:
        """One service, or None if there is none of that name; remembered for half a minute unless `fresh`."""
        key = (namespace, name)
        remembered = self._services.get(key)
        if remembered and not fresh and time.monotonic() - remembered[0] < _KEEP_S:
            return remembered[1]
        service = self._get(kube.SERVICES.path(namespace, name), kube.SERVICES.read, call)
        self._services[key] = (time.monotonic(), service)
        return service

    def pod(self, namespace: str, name: str, call: Call) -> Pod | None:
        """One pod, or None if there is none of that name."""
        return self._get(kube.PODS.path(namespace, name), kube.PODS.read, call)

    def has_endpoints(self, namespace: str, name: str, call: Call) -> bool:
        """Whether a service has an Endpoints object, by which API servers up to 1.36 find its pods (S12)."""
        return self._get(kube.path_of("endpoints", namespace, name), len, call) is not None

    def missing_service(self, target: Target, call: Call) -> NotFound:
        """The error for a service that does not exist: it suggests similar names, and namespaces that have it."""
        return missing_service(target, self._namespaces_with(target.name, call), lambda: self._names_near(target, call))

    def is_namespaced(self, version: str, resource: str, call: Call) -> bool | None:
        """Whether the objects of a resource are in namespaces; None if the API server does not say it.

        Parameters
        ----------
        version
            The path of the API version, such as ``/apis/apps/v1``.
        resource
            The name of the resource in paths, such as "deployments".
        call
            Limits the look-up.
        """
        try:
            scopes = self._get(version, kube.namespaced_resources, call)
        except (AccessDenied, LoadError):
            return None
        return scopes.get(resource) if scopes is not None else None

    # --- rights

    def who_am_i(self, call: Call) -> str:
        """The user name that the API server sees."""
        return self.identity(call)[0]

    def identity(self, call: Call) -> tuple[str, tuple[str, ...]]:
        """The user name and the groups that the API server sees."""
        return reviews.identity(self._api, _for_objects(call))

    def may(self, attributes: Attributes, call: Call) -> Access:
        """Whether exactly this request is allowed; if not, with the Role that would allow it."""
        allowed, reason = reviews.may(self._api, attributes, _for_objects(call))
        if allowed:
            return Access(allowed=True, reason=reason, role=None, attributes=attributes)
        needed = role(attributes, user=self.who_am_i(call) or None)
        return Access(allowed=False, reason=reason, role=needed, attributes=attributes)

    def rules(self, namespace: str, call: Call) -> list[dict[str, Any]]:
        """The rules that apply to the user in a namespace, as far as the API server can list them."""
        return reviews.rules(self._api, namespace, _for_objects(call))

    # --- reading

    def _get(self, path: str, read: Callable[[bytes], Item], call: Call) -> Item | None:
        reply = self._api.call("GET", path, call=_for_objects(call))
        if reply.status_code == 404:
            return None
        return read(_checked(reply, path).content)

    def _list(
        self,
        resource: Resource[Item],
        namespace: str | None,
        call: Call,
        budget: Budget | None = None,
        **selectors: str,
    ) -> list[Item]:
        return [item for page in self._pages(resource, namespace, call, budget, selectors) for item in page]

    def _pages(
        self,
        resource: Resource[Item],
        namespace: str | None,
        call: Call,
        budget: Budget | None,
        selectors: dict[str, str],
    ) -> Iterator[list[Item]]:
        path = resource.path(namespace)

        def send(path: str, call: Call) -> Reply:
            return self._api.call("GET", path, call=call)

        def read(reply: Reply) -> tuple[list[Item], str | None]:
            page = resource.read_list(_checked(reply, path).content)
            return page.items, page.metadata.token

        return pages_of(send, path, read, _for_objects(call), params=selectors, budget=budget)

    def _everywhere(
        self, resource: Resource[Item], namespace: str | None, selector: str | None, call: Call
    ) -> ObjectList[Item]:
        call = call.child()
        budget = Budget(_for_objects(call).limits.max_bytes)
        selectors = {"labelSelector": selector} if selector else {}

        def list_in(name: str | None) -> list[Item]:
            return self._list(resource, name, call, budget, **selectors)

        if namespace is not None:
            Target(name="any", namespace=namespace)  # refuses what cannot be the name of a namespace
            return ObjectList(list_in(namespace))
        try:
            return ObjectList(list_in(None))
        except AccessDenied as refusal:
            try:
                names = [item.metadata.name for item in self.namespaces(call)]
            except AccessDenied:
                note = f"all namespaces are refused; these are the {resource.plural} of {self.namespace}"
                return ObjectList(list_in(self.namespace), note)
            return _of_namespaces(names, list_in, resource.plural, refusal, call)

    def _namespaces_with(self, name: str, call: Call) -> list[str]:
        """The namespaces that have a service of that name; none if they may not all be listed."""
        try:
            services = self._list(kube.SERVICES, None, call, fieldSelector=f"metadata.name={name}")
        except AccessDenied:
            return []
        return [service.metadata.namespace or "" for service in services]

    def _names_near(self, target: Target, call: Call) -> list[str] | None:
        """The names of the services in a target's namespace; None if they may not be listed."""
        try:
            return [service.metadata.name for service in self._list(kube.SERVICES, target.namespace, call)]
        except AccessDenied:
            return None


def _of_namespaces(
    names: Sequence[str], list_in: Callable[[str], list[Item]], plural: str, refusal: AccessDenied, call: Call
) -> ObjectList[Item]:
    """What the namespaces that may be listed have; raises `refusal` if none may."""
    some = names[:_MAX_NAMESPACES]
    answers = read_in_each(some, list_in, call)
    listed = [answer for answer in answers if answer is not None]
    if not listed:
        raise refusal
    note = f"a list of all {plural} is refused; these are of the {len(listed)} namespaces that may be listed"
    if len(names) > len(some):
        note += f" among the first {len(some)} of {len(names)}"
    return ObjectList([item for answer in listed for item in answer], note)


def _checked(reply: Reply, path: str) -> Reply:
    if reply.status_code < 300:
        return reply
    if reply.ok:
        raise redirected(reply)
    raise refused(reply, attributes("GET", Target(kind="api"), None, path))


def _for_objects(call: Call) -> Call:
    """A call for the API server's own objects, to which the limit for an app's answer does not apply."""
    return call.child(dataclasses.replace(call.limits, max_bytes=max(call.limits.max_bytes, _OBJECT_BYTES)))
