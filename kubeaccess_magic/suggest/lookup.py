"""Look-ups of names: small GETs of the API server's objects, and of an app through it. A `Cache` runs them in threads.

Each look-up has one short deadline and one limit on its size and on its requests. A list is read in pages, up to
`MAX_ROWS` names, and yielded as it grows. Pages and answers are small enough that decoding one does not hold up other
threads for long. No refusal is explained and nothing is tried in another form: a name that cannot be read is just not
suggested.
"""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from .. import kube
from ..call import Call, Limits
from ..discovery import pages_of, resolve, resolve_service_port
from ..errors import AccessDenied, KubeAccessError, NotFound
from ..request import Request
from ..targets import Target, is_name, is_port_name
from ..ways.proxy import api_path
from .suggestion import Suggestion, note_of

if TYPE_CHECKING:
    from ..cluster import Cluster
    from ..reply import Reply

__all__ = ["MAX_ROWS", "NameLookup", "PortChoice", "ServingObject"]

MAX_ROWS = 10_000
"""The largest number of names that are read from one list."""

_NEXT_PAGE_ROWS = 2000
_MAX_PAGES = 8
_MAX_LIST_BYTES = 64 * 2**20
_MAX_APP_BYTES = 4 * 2**20
_CONNECT_S = 5.0
_TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json"

_Item = TypeVar("_Item")
_Object = TypeVar("_Object")
_Page = tuple[list[_Item], str | None]  # its items, and the token of the next page


class PortChoice(NamedTuple):
    """A port that can be typed.

    Attributes
    ----------
    name
        Its name; "" if it has none.
    number
        Its number.
    scheme
        "http" or "https"; None if it does not speak HTTP.
    """

    name: str
    number: int
    scheme: str | None


class ServingObject(NamedTuple):
    """The facts about a service or a pod that suggestions need.

    Attributes
    ----------
    name
        Its name.
    app
        The app behind it, such as "Elasticsearch"; "" if it is not recognised.
    ports
        Its TCP ports.
    default_target
        The target with the port and scheme that are used if none are typed; None if there is no default.
    """

    name: str
    app: str
    ports: tuple[PortChoice, ...]
    default_target: Target | None

    def suggestion(self, ready: tuple[int, int] | None) -> Suggestion:
        """The suggestion for it; `ready` is the number of ready endpoints and of all, or None if not known."""
        readiness = f"{ready[0]}/{ready[1]} ready" if ready is not None else ""
        protocol = "" if any(port.scheme for port in self.ports) else "does not speak HTTP"
        note = note_of(readiness, protocol, self.app)
        ready_count, of = ready or (None, None)
        return Suggestion(self.name, "service", note, ready_count, of, self.app)


class NameLookup:
    """Reads the names in one cluster.

    Parameters
    ----------
    cluster
        The cluster.
    timeout_s
        The deadline of one look-up with all its requests, in seconds.
    """

    def __init__(self, cluster: Cluster, *, timeout_s: float) -> None:
        self._cluster = cluster
        self._timeout_s = timeout_s
        self._call = Call(unattended=True)
        self._objects = _Objects(self._get)

    def stop(self) -> None:
        """End the look-ups that are running."""
        self._call.stop()

    def namespaces(self) -> Iterator[tuple[Suggestion, ...]]:
        """All namespaces."""
        return self._table_rows("namespace", kube.NAMESPACES.path(), ("Status",))

    def nodes(self) -> Iterator[tuple[Suggestion, ...]]:
        """All nodes."""
        return self._table_rows("node", kube.NODES.path(), ("Status", "Roles", "Version"))

    def pods(self, namespace: str) -> Iterator[tuple[Suggestion, ...]]:
        """The pods of a namespace."""
        return self._table_rows("pod", kube.PODS.path(namespace), ("Ready", "Status"))

    def all_pods(self) -> Iterator[tuple[Suggestion, ...]]:
        """The pods of all namespaces, as ``namespace/name``."""
        return self._table_rows("pod", kube.PODS.path(), ("Ready", "Status"), with_namespace=True)

    def services(self, namespace: str) -> Iterator[tuple[ServingObject, ...]]:
        """The services of a namespace."""
        pages = self._objects_of(kube.SERVICES, namespace)
        return _growing([_serving_object(service) for service in page if _is_nameable(service)] for page in pages)

    def all_services(self) -> Iterator[tuple[Suggestion, ...]]:
        """The services of all namespaces, as ``namespace/name``, with the app of each."""
        pages = self._objects_of(kube.SERVICES)
        return _growing([_qualified(service) for service in page if _is_nameable(service)] for page in pages)

    def endpoints(self, namespace: str) -> Iterator[dict[str, tuple[int, int]]]:
        """For each service in a namespace, by name: the number of ready endpoints and of all endpoints."""
        yield {name: counts for (_, name), counts in self._endpoint_counts(namespace)}

    def all_endpoints(self) -> Iterator[dict[str, tuple[int, int]]]:
        """For each service, by ``namespace/name``: the number of ready endpoints and of all endpoints."""
        yield {f"{namespace}/{name}": counts for (namespace, name), counts in self._endpoint_counts()}

    def service(self, namespace: str, name: str) -> Iterator[ServingObject]:
        """One service, for users who may not list services.

        Parameters
        ----------
        namespace, name
            Where it is, and its name.
        """
        yield _serving_object(self._objects.service(namespace, name, self._new_call()))

    def pod(self, namespace: str, name: str) -> Iterator[ServingObject]:
        """One pod.

        Parameters
        ----------
        namespace, name
            Where it is, and its name.
        """
        pod = self._objects.pod(namespace, name, self._new_call())
        container_ports = [port for container in pod.spec.containers for port in container.ports or ()]
        ports = tuple(
            PortChoice(port.name or "", port.container_port, _pod_scheme(port.name or "", port.container_port))
            for port in container_ports
            if port.protocol in (None, "TCP")
        )
        yield ServingObject(name, note_of(kube.app_of(pod.metadata.labels, name)), _typeable(ports), None)

    def json(self, target: Target, path: str, params: Mapping[str, Any] | None = None) -> Any:
        """The JSON that an app, or the API server itself, answers to a GET.

        Parameters
        ----------
        target
            The app.
        path
            The path at the app.
        params
            Query parameters.
        """
        namespace = self._cluster.namespace
        call = self._new_call(_MAX_APP_BYTES)
        resolution = resolve(target, self._objects, call, namespace=namespace)
        request = Request.build("GET", resolution.target, path, params=params)
        return _checked(self._get(api_path(request, namespace), call)).json()

    def _endpoint_counts(self, namespace: str | None = None) -> list[tuple[tuple[str, str], tuple[int, int]]]:
        """The number of ready endpoints and of all endpoints, with the namespace and name of each service."""
        slices: dict[tuple[str, str], list[kube.EndpointSlice]] = {}
        for page in self._objects_of(kube.ENDPOINTSLICES, namespace):
            for endpoint_slice in page:
                key = (endpoint_slice.metadata.namespace or "", endpoint_slice.service or "")
                slices.setdefault(key, []).append(endpoint_slice)
        # Without a port, only the service's name and namespace matter.
        return [
            (key, kube.ready_endpoints(kube.Service(kube.Metadata(name=key[1], namespace=key[0])), None, slices[key]))
            for key in slices
            if key[1]
        ]

    def _table_rows(
        self, kind: str, path: str, columns: tuple[str, ...], *, with_namespace: bool = False
    ) -> Iterator[tuple[Suggestion, ...]]:
        """The names of a list as a table, which is its cheapest form, with some of its columns as notes."""

        def read(reply: Reply) -> _Page[Suggestion | None]:
            answer = reply.json()
            token = (answer.get("metadata") or {}).get("continue")
            if answer.get("kind") != "Table":  # a server without tables
                items = answer.get("items") or ()
                return [_suggestion(kind, item["metadata"], [], with_namespace) for item in items], token
            titles = [column["name"] for column in answer["columnDefinitions"]]
            name_index = titles.index("Name")
            note_indexes = [titles.index(title) for title in columns if title in titles]
            suggestions = []
            for row in answer.get("rows") or ():
                cells = row["cells"]
                metadata = row["object"]["metadata"] if with_namespace else {"name": cells[name_index]}
                notes = [str(cells[index]) for index in note_indexes if cells[index] not in (None, "", "<none>")]
                suggestions.append(_suggestion(kind, metadata, notes, with_namespace))
            return suggestions, token

        pages = self._pages(path, read, _TABLE, {"includeObject": "Metadata" if with_namespace else "None"})
        return _growing([suggestion for suggestion in page if suggestion is not None] for page in pages)

    def _objects_of(self, resource: kube.Resource[_Object], namespace: str | None = None) -> Iterator[list[_Object]]:
        """The objects of each page of a list; of all namespaces if `namespace` is None."""

        def read(reply: Reply) -> _Page[_Object]:
            page = resource.read_list(reply.content)
            return page.items, page.metadata.token

        return self._pages(resource.path(namespace), read)

    def _pages(
        self,
        path: str,
        read: Callable[[Reply], _Page[_Item]],
        accept: str = "application/json",
        params: Mapping[str, str] | None = None,
    ) -> Iterator[list[_Item]]:
        """The items of each page of a list, within one deadline, `MAX_ROWS`, `_MAX_PAGES` and `_MAX_LIST_BYTES`."""

        def send(path: str, call: Call) -> Reply:
            return self._get(path, call, accept)

        def read_checked(reply: Reply) -> _Page[_Item]:
            return read(_checked(reply))

        pages = pages_of(send, path, read_checked, self._new_call(), params=params, next_rows=_NEXT_PAGE_ROWS)
        rows = 0
        for page in itertools.islice(pages, _MAX_PAGES):
            yield page
            rows += len(page)
            if rows >= MAX_ROWS:
                return

    def _get(self, path: str, call: Call, accept: str = "application/json") -> Reply:
        return self._cluster.engine.look(path, call, accept)

    def _new_call(self, max_bytes: int = _MAX_LIST_BYTES) -> Call:
        """A call for one look-up, with all its requests."""
        return self._call.child(Limits(_CONNECT_S, self._timeout_s, self._timeout_s, max_bytes))


class _Objects:
    """Reads Services and Pods for `resolve`, without an explanation if they cannot be read."""

    def __init__(self, get: Callable[[str, Call], Reply]) -> None:
        self._get = get

    def service(self, namespace: str, name: str, call: Call, *, fresh: bool = False) -> kube.Service:
        return kube.SERVICES.read(_checked(self._get(kube.SERVICES.path(namespace, name), call)).content)

    def pod(self, namespace: str, name: str, call: Call) -> kube.Pod:
        return kube.PODS.read(_checked(self._get(kube.PODS.path(namespace, name), call)).content)

    def missing_service(self, target: Target, call: Call) -> NotFound:
        return NotFound("there is no such object")


def _checked(reply: Reply) -> Reply:
    if reply.status_code in (401, 403):
        raise AccessDenied("these names may not be read")
    if reply.status_code == 404:
        raise NotFound("there is no such object")
    if not reply.ok:
        raise KubeAccessError(f"the names could not be read: status {reply.status_code}")
    return reply


def _growing(pages: Iterable[list[_Item]]) -> Iterator[tuple[_Item, ...]]:
    """The items so far, after the first page and whenever their number has doubled, so that long lists stay cheap."""
    items: list[_Item] = []
    yielded = -1
    for page in pages:
        items += page
        if len(items) >= 2 * yielded:
            yielded = len(items)
            yield tuple(items[:MAX_ROWS])
    if len(items) > yielded:
        yield tuple(items[:MAX_ROWS])


def _suggestion(kind: str, metadata: Mapping[str, Any], notes: list[str], with_namespace: bool) -> Suggestion | None:
    """The suggestion for a row of a table; None if no object can have its name."""
    text = name = str(metadata["name"])
    if not is_name(kind, name):
        return None
    if with_namespace:
        namespace = str(metadata["namespace"])
        if not is_name("namespace", namespace):
            return None
        text = f"{namespace}/{name}"
    if kind == "namespace" and notes == ["Active"]:
        notes = []
    ready: int | None = None
    of: int | None = None
    if kind == "pod" and notes:
        ready_text, _, of_text = notes[0].partition("/")
        if ready_text.isdecimal() and of_text.isdecimal() and len(notes[0]) < 20:
            ready, of = int(ready_text), int(of_text)
    return Suggestion(text, kind, note_of(*notes), ready, of)


def _is_nameable(service: kube.Service) -> bool:
    namespace = service.metadata.namespace
    return is_name("service", service.metadata.name) and (not namespace or is_name("namespace", namespace))


def _serving_object(service: kube.Service) -> ServingObject:
    name = service.metadata.name
    ports = tuple(
        PortChoice(port.name or "", port.port, kube.scheme_of(port))
        for port in service.spec.ports or ()
        if port.protocol in (None, "TCP")
    )
    default_target: Target | None = None
    try:
        target = Target(name=name, namespace=service.metadata.namespace)
        default_target = resolve_service_port(target, service).target
    except KubeAccessError:
        pass
    app = note_of(kube.app_of(service.metadata.labels, name))
    return ServingObject(name, app, _typeable(ports), default_target)


def _qualified(service: kube.Service) -> Suggestion:
    serving_object = _serving_object(service)
    suggestion = serving_object.suggestion(None)
    return dataclasses.replace(suggestion, text=f"{service.metadata.namespace}/{suggestion.text}")


def _typeable(ports: Iterable[PortChoice]) -> tuple[PortChoice, ...]:
    """The ports that a target can have. A name that it cannot have is left out."""
    return tuple(
        port._replace(name=port.name if is_port_name(port.name) else "") for port in ports if 0 < port.number < 65536
    )


def _pod_scheme(name: str, number: int) -> str:
    return "https" if name == "https" or name.startswith("https-") or number in (443, 6443, 8443) else "http"
