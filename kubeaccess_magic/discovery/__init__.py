"""What is there: namespaces, services, pods, nodes, rights; and the cache of names.

Everything is read with the rights that the user has. A wide list that is refused falls back to the namespaces that
may be listed, then to the context's own, and the `Listing` says so.
"""

from __future__ import annotations

import concurrent.futures
import dataclasses
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Generic, TypeVar
from urllib.parse import urlencode

from ..access import Access, role
from ..access import attributes as attributes_of
from ..errors import AccessDenied, NotFound
from ..kube import (
    ENDPOINTSLICES,
    NAMESPACES,
    NODES,
    PODS,
    SERVICES,
    EndpointSlice,
    Namespace,
    Node,
    Pod,
    Resource,
    Service,
    path_of,
    status_of,
)
from ..process import ForkLock
from ..targets import Target
from . import reviews
from .ports import pod_target, service_lines, service_target
from .refusals import refused

if TYPE_CHECKING:
    from ..access import Attributes
    from ..call import Call
    from ..reply import Reply
    from .api import KubernetesApi

__all__ = [
    "Discovery",
    "Listing",
    "missing_service",
    "pod_target",
    "refused",
    "service_lines",
    "service_target",
]

_PAGE = 500
_MOST_NAMESPACES = 200
_KEEP_S = 30.0  # how long a name is remembered
_THREADS = 8
_OBJECT_BYTES = 256 * 2**20

Item = TypeVar("Item")


@dataclasses.dataclass(frozen=True)
class Listing(Generic[Item]):
    """Objects, and a line about what is missing among them, if anything is."""

    items: list[Item]
    note: str | None = None


class Discovery:
    """Reads the API server's objects.

    Parameters
    ----------
    api
        Asks the API server itself.
    """

    def __init__(self, api: KubernetesApi) -> None:
        self._api = api
        self._services: dict[tuple[str, str], tuple[float, Service | None]] = {}
        self._lock = ForkLock()

    def namespaces(self, call: Call) -> list[Namespace]:
        """All namespaces; AccessDenied where they may not be listed."""
        return self._list(NAMESPACES, None, None, call)

    def nodes(self, call: Call) -> list[Node]:
        """All nodes; AccessDenied where they may not be listed."""
        return self._list(NODES, None, None, call)

    def services(self, namespace: str | None, selector: str | None, call: Call, own: str) -> Listing[Service]:
        """The services of a namespace, or of all (None); `own` is where to look when all are refused."""
        return self._everywhere(SERVICES, namespace, selector, call, own)

    def pods(self, namespace: str | None, selector: str | None, call: Call, own: str) -> Listing[Pod]:
        """The pods of a namespace, or of all (None); `own` is where to look when all are refused."""
        return self._everywhere(PODS, namespace, selector, call, own)

    def slices(self, namespace: str | None, call: Call, service: str | None = None) -> list[EndpointSlice]:
        """The EndpointSlices of a namespace or of all, or those of one service (F8)."""
        selector = f"kubernetes.io/service-name={service}" if service else None
        return self._list(ENDPOINTSLICES, namespace, selector, call)

    def slices_of(self, namespaces: Sequence[str], call: Call) -> tuple[list[EndpointSlice], frozenset[str]]:
        """The EndpointSlices of these namespaces, and those of the namespaces in which they may not be read."""
        call = call.child()
        if len(namespaces) > 1:
            try:
                return self.slices(None, call), frozenset()
            except AccessDenied:
                pass
        answers = _in_threads(lambda name: _unless_denied(lambda: self.slices(name, call)), namespaces, call)
        unread = frozenset(name for name, answer in zip(namespaces, answers, strict=True) if answer is None)
        return [item for answer in answers for item in answer or ()], unread

    def service(self, namespace: str, name: str, call: Call, *, fresh: bool = False) -> Service | None:
        """One service, or None if there is none of that name; remembered for half a minute unless `fresh`."""
        key = (namespace, name)
        with self._lock:
            known = self._services.get(key)
        if known and not fresh and time.monotonic() - known[0] < _KEEP_S:
            return known[1]
        found = self._get(SERVICES.path(namespace, name), SERVICES.read, call)
        with self._lock:
            self._services[key] = (time.monotonic(), found)
        return found

    def namespaces_of(self, name: str, call: Call) -> list[str]:
        """The namespaces that have a service of that name; none where all of them may not be listed."""
        try:
            found = self._list(SERVICES, None, None, call, f"metadata.name={name}")
        except AccessDenied:
            return []
        return [service.metadata.namespace or "" for service in found]

    def pod(self, namespace: str, name: str, call: Call) -> Pod | None:
        """One pod, or None."""
        return self._get(PODS.path(namespace, name), PODS.read, call)

    def has_endpoints(self, namespace: str, name: str, call: Call) -> bool:
        """Whether a service has an Endpoints object, by which API servers up to 1.36 find its pods (S12)."""
        return self._get(path_of("endpoints", namespace, name), len, call) is not None

    def who_am_i(self, call: Call) -> str:
        """The user name that the API server sees."""
        return self.identity(call)[0]

    def identity(self, call: Call) -> tuple[str, tuple[str, ...]]:
        """The user name and the groups that the API server sees."""
        return reviews.identity(self._api, _for_objects(call))

    def may(self, attributes: Attributes, call: Call) -> Access:
        """Whether exactly this request is allowed; with the Role that would allow it if not."""
        allowed, reason = reviews.may(self._api, attributes, _for_objects(call))
        if allowed:
            return Access(allowed=True, reason=reason, role=None)
        return Access(allowed=False, reason=reason, role=role(attributes, user=self.who_am_i(call) or None))

    def rules(self, namespace: str, call: Call) -> list[dict[str, Any]]:
        """What is allowed in a namespace, as far as it can be listed."""
        return reviews.rules(self._api, namespace, _for_objects(call))

    def _get(self, path: str, decode: Callable[[bytes], Item], call: Call) -> Item | None:
        reply = self._api.call("GET", path, call=_for_objects(call))
        if reply.status_code == 404:
            return None
        return decode(self._checked(reply, path).content)

    def _list(
        self,
        resource: Resource[Item],
        namespace: str | None,
        selector: str | None,
        call: Call,
        fields: str | None = None,
    ) -> list[Item]:
        """A list, in pages (F1); a page whose token grew old goes on with the fresh one that the 410 brings."""
        query = {"limit": str(_PAGE)} | ({"labelSelector": selector} if selector else {})
        query |= {"fieldSelector": fields} if fields else {}
        path = resource.path(namespace)
        items: list[Item] = []
        call = _for_objects(call)
        while True:
            reply = self._api.call("GET", f"{path}?{urlencode(query)}", call=call)
            status = status_of(reply.content) if reply.status_code == 410 else None
            if status and status.token and status.token != query.get("continue"):
                query["continue"] = status.token
                continue
            page = resource.read_list(self._checked(reply, path).content)
            items += page.items
            if not page.metadata.token:
                return items
            query["continue"] = page.metadata.token

    def _everywhere(
        self,
        resource: Resource[Item],
        namespace: str | None,
        selector: str | None,
        call: Call,
        own: str,
    ) -> Listing[Item]:
        call = call.child()

        def in_namespace(name: str) -> list[Item]:
            return self._list(resource, name, selector, call)

        if namespace is not None:
            Target(name="any", namespace=namespace)  # refuses what no namespace can be called
            return Listing(in_namespace(namespace))
        try:
            return Listing(self._list(resource, None, selector, call))
        except AccessDenied as refusal:
            try:
                names = [item.metadata.name for item in self.namespaces(call)]
            except AccessDenied:
                return Listing(
                    in_namespace(own), f"all namespaces are refused; these are the {resource.plural} of {own}"
                )
            return self._in_each(names, in_namespace, resource.plural, refusal, call)

    def _in_each(
        self,
        names: Sequence[str],
        in_namespace: Callable[[str], list[Item]],
        plural: str,
        refusal: AccessDenied,
        call: Call,
    ) -> Listing[Item]:
        asked = names[:_MOST_NAMESPACES]
        answers = _in_threads(lambda name: _unless_denied(lambda: in_namespace(name)), asked, call)
        listed = [answer for answer in answers if answer is not None]
        if not listed:
            raise refusal
        note = f"a list of all {plural} is refused; these are of the {len(listed)} namespaces that may be listed"
        if len(names) > len(asked):
            note += f" among the first {len(asked)} of {len(names)}"
        return Listing([item for answer in listed for item in answer], note)

    def _checked(self, reply: Reply, path: str) -> Reply:
        if reply.ok:
            return reply
        raise refused(reply, attributes_of("GET", Target(kind="api"), None, path))


def missing_service(discovery: Discovery, target: Target, call: Call) -> NotFound:
    """The error for a service that is not there: where one of that name is, or the nearest names that are."""
    import difflib

    namespace = target.namespace or ""
    said = f"no service is called {target.name} in the namespace {namespace}"
    elsewhere = [Target(name=target.name, namespace=other) for other in discovery.namespaces_of(target.name, call)]
    try:
        names = [service.metadata.name for service in discovery.services(namespace, None, call, namespace).items]
    except AccessDenied:
        return NotFound(said, hint=_is_it(elsewhere) or None)
    if not names:
        everywhere = "`%kproxy services -A` lists those of all namespaces"
        return NotFound(f"{said}, which has none at all", hint=_is_it(elsewhere) + everywhere)
    alike = [name for name in names if target.name in name] or difflib.get_close_matches(target.name, names, 3, 0.6)
    near = [Target(name=name, namespace=namespace) for name in alike]
    listed = f"lists all {len(names)}" if len(names) > 1 else "lists the only one"
    return NotFound(said, hint=_is_it(elsewhere or near) + f"`%kproxy services -n {namespace}` {listed}")


def _is_it(targets: Sequence[Target]) -> str:
    return f"is it {' or '.join(map(str, targets[:3]))}? " if targets else ""


def _unless_denied(read: Callable[[], Item]) -> Item | None:
    try:
        return read()
    except AccessDenied:
        return None


def _in_threads(ask: Callable[[str], Item], names: Sequence[str], call: Call) -> list[Item]:
    """What `ask` gives for each name, in their order; an error or an interrupt stops the `call` that all have."""
    if len(names) < 2:
        return [ask(name) for name in names]
    pool = concurrent.futures.ThreadPoolExecutor(_THREADS, thread_name_prefix="kproxy-list")
    try:
        return list(pool.map(ask, names))
    except BaseException:
        call.stop()
        raise
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _for_objects(call: Call) -> Call:
    """A call for the API server's own objects, whose size does not count as that of an app's answer."""
    return call.child(dataclasses.replace(call.limits, max_bytes=max(call.limits.max_bytes, _OBJECT_BYTES)))
