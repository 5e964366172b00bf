"""Look-ups of names: small GETs of the API server's objects, and of an app through it. A `Cache` runs them in threads.

Each look-up has one short deadline and one limit on its size and on its requests. A list is read in pages, up to
`MAX_ROWS` names, and yielded as it grows. Pages and answers are small enough that decoding one does not hold up other
threads for long. No refusal is explained and nothing is tried in another form: a name that cannot be read is just not
suggested.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar
from urllib.parse import quote, urlencode

from ..call import Call, Limits
from ..dialects import kubernetes
from ..discovery import pod_target, service_target
from ..errors import AccessDenied, KubeAccessError, NotFound
from ..request import Request
from ..targets import Target, is_name, is_port_name
from .suggestion import Suggestion, note_of

if TYPE_CHECKING:
    from ..cluster import Cluster
    from ..reply import Reply

__all__ = ["MAX_ROWS", "NameLookup", "PortChoice", "ServingObject"]

MAX_ROWS = 10_000
"""The largest number of names that are read from one list."""

_FIRST_PAGE_ROWS, _PAGE_ROWS = 500, 2000
_MAX_PAGES = 8
_MAX_LIST_BYTES = 64 * 2**20
_MAX_APP_BYTES = 4 * 2**20
_TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json"

_Item = TypeVar("_Item")
_Page = tuple[list[Any], str | None]  # its rows, and the token of the next page


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
    """What suggestions need to know of a service or a pod.

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
        return Suggestion(self.name, "service", note_of(readiness, protocol, self.app), *(ready or (None, None)))


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

    def stop(self) -> None:
        """End the look-ups that are running."""
        self._call.stop()

    def namespaces(self) -> Iterator[tuple[Suggestion, ...]]:
        """All namespaces."""
        return self._table_rows("/api/v1/namespaces", ("Status",), "namespace")

    def nodes(self) -> Iterator[tuple[Suggestion, ...]]:
        """All nodes."""
        return self._table_rows("/api/v1/nodes", ("Status", "Roles", "Version"), "node")

    def pods(self, namespace: str) -> Iterator[tuple[Suggestion, ...]]:
        """The pods of a namespace."""
        return self._table_rows(_path(namespace, "pods"), ("Ready", "Status"), "pod")

    def services(self, namespace: str) -> Iterator[tuple[ServingObject, ...]]:
        """The services of a namespace."""
        pages = self._pages(_path(namespace, "services"), _page_reader(kubernetes.decode_services))
        return _growing([_serving_object(service) for service in page if _is_nameable(service)] for page in pages)

    def all_services(self) -> Iterator[tuple[Suggestion, ...]]:
        """The services of all namespaces, as ``namespace/name``, with the app of each."""
        pages = self._pages("/api/v1/services", _page_reader(kubernetes.decode_services))
        return _growing([_qualified(service) for service in page if _is_nameable(service)] for page in pages)

    def endpoints(self, namespace: str) -> Iterator[dict[str, tuple[int, int]]]:
        """The number of ready endpoints and of all endpoints of each service in a namespace."""
        slices: dict[str, list[kubernetes.EndpointSlice]] = {}
        path = f"/apis/discovery.k8s.io/v1/namespaces/{quote(namespace, safe='')}/endpointslices"
        for page in self._pages(path, _page_reader(kubernetes.decode_endpointslices)):
            for endpoint_slice in page:
                slices.setdefault(endpoint_slice.service or "", []).append(endpoint_slice)
        # Without a port, only the service's name and namespace matter.
        services = {
            name: kubernetes.Service(kubernetes.Metadata(name=name, namespace=namespace)) for name in slices if name
        }
        yield {name: kubernetes.ready_endpoints(services[name], None, slices[name]) for name in services}

    def service(self, namespace: str, name: str) -> Iterator[ServingObject]:
        """One service, for users who may not list services.

        Parameters
        ----------
        namespace, name
            Where it is, and its name.
        """
        reply = self._get(_path(namespace, "services", name), self._new_call())
        yield _serving_object(kubernetes.decode_service(reply.content))

    def pod(self, namespace: str, name: str) -> Iterator[ServingObject]:
        """One pod.

        Parameters
        ----------
        namespace, name
            Where it is, and its name.
        """
        pod = kubernetes.decode_pod(self._get(_path(namespace, "pods", name), self._new_call()).content)
        container_ports = [port for container in pod.spec.containers for port in container.ports or ()]
        ports = tuple(
            PortChoice(port.name or "", port.container_port, _pod_scheme(port.name or "", port.container_port))
            for port in container_ports
            if port.protocol in (None, "TCP")
        )
        yield ServingObject(name, note_of(kubernetes.app_of(pod.metadata.labels, name)), _typeable(ports), None)

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
        call = self._new_call()
        request = Request.build("GET", self._resolved(target, call), path, params=params)
        return self._get(request.url_path(self._cluster.namespace), call, max_bytes=_MAX_APP_BYTES).json()

    def _resolved(self, target: Target, call: Call) -> Target:
        """The target with the port and scheme from its Service or Pod, as a request would have them."""
        if target.kind not in ("service", "pod"):
            return target
        target = target.with_namespace(target.namespace or self._cluster.namespace)
        path = _path(target.namespace or "", f"{target.kind}s", target.name)
        if target.kind == "service" and not (target.port and target.scheme):
            try:
                return service_target(target, kubernetes.decode_service(self._get(path, call).content))[0]
            except AccessDenied:
                return target
        if target.kind == "pod" and target.port and not target.port.isdecimal():
            return pod_target(target, kubernetes.decode_pod(self._get(path, call).content))
        return target

    def _table_rows(self, path: str, columns: tuple[str, ...], kind: str) -> Iterator[tuple[Suggestion, ...]]:
        """The names of a list as a table, which is its cheapest form, with some of its columns as notes."""

        def read(reply: Reply) -> _Page:
            answer = reply.json()
            token = (answer.get("metadata") or {}).get("continue")
            if answer.get("kind") != "Table":  # a server without tables
                return [(str(item["metadata"]["name"]), []) for item in answer.get("items") or ()], token
            titles = [column["name"] for column in answer["columnDefinitions"]]
            name_index = titles.index("Name")
            note_indexes = [titles.index(title) for title in columns if title in titles]
            return [_name_and_notes(row["cells"], name_index, note_indexes) for row in answer.get("rows") or ()], token

        pages = self._pages(path, read, _TABLE, {"includeObject": "None"})
        return _growing(
            [_suggestion(kind, name, notes) for name, notes in page if is_name(kind, name)] for page in pages
        )

    def _pages(
        self,
        path: str,
        read: Callable[[Reply], _Page],
        accept: str = "application/json",
        query: Mapping[str, str] | None = None,
    ) -> Iterator[list[Any]]:
        """The rows of each page of a list, within one deadline, `MAX_ROWS`, `_MAX_PAGES` and `_MAX_LIST_BYTES`."""
        call = self._new_call()
        parameters = {"limit": str(_FIRST_PAGE_ROWS), **(query or {})}
        rows, bytes_left, tokens = 0, _MAX_LIST_BYTES, {""}
        for _ in range(_MAX_PAGES):
            reply = self._get(f"{path}?{urlencode(parameters)}", call, accept=accept, max_bytes=bytes_left)
            page, token = read(reply)
            yield page
            rows += len(page)
            bytes_left -= len(reply.content)
            if token is None or token in tokens or rows >= MAX_ROWS or bytes_left <= 0:
                return
            tokens.add(token)
            parameters |= {"continue": token, "limit": str(_PAGE_ROWS)}

    def _new_call(self) -> Call:
        return self._call.child(Limits(total_s=self._timeout_s))

    def _get(
        self, path: str, call: Call, *, accept: str = "application/json", max_bytes: int = _MAX_LIST_BYTES
    ) -> Reply:
        reply = self._cluster.look(path, timeout_s=self._timeout_s, max_bytes=max_bytes, call=call, accept=accept)
        if reply.status_code in (401, 403):
            raise AccessDenied("these names may not be read")
        if reply.status_code == 404:
            raise NotFound("there is no such object")
        if not reply.ok:
            raise KubeAccessError(f"the names could not be read: status {reply.status_code}")
        return reply


def _path(namespace: str, *words: str) -> str:
    return "/".join(["/api/v1/namespaces", *(quote(word, safe="") for word in (namespace, *words))])


def _page_reader(decode: Callable[[bytes], Any]) -> Callable[[Reply], _Page]:
    def read(reply: Reply) -> _Page:
        page = decode(reply.content)
        return page.items, page.metadata.token

    return read


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


def _name_and_notes(cells: list[Any], name_index: int, note_indexes: list[int]) -> tuple[str, list[str]]:
    notes = [str(cells[index]) for index in note_indexes if cells[index] not in (None, "", "<none>")]
    return str(cells[name_index]), notes


def _suggestion(kind: str, name: str, notes: list[str]) -> Suggestion:
    if kind == "namespace" and notes == ["Active"]:
        return Suggestion(name, kind)
    ready: int | None = None
    of: int | None = None
    if kind == "pod" and notes:
        ready_text, _, of_text = notes[0].partition("/")
        if ready_text.isdecimal() and of_text.isdecimal() and len(notes[0]) < 20:
            ready, of = int(ready_text), int(of_text)
    return Suggestion(name, kind, note_of(*notes), ready, of)


def _is_nameable(service: kubernetes.Service) -> bool:
    namespace = service.metadata.namespace
    return is_name("service", service.metadata.name) and (not namespace or is_name("namespace", namespace))


def _serving_object(service: kubernetes.Service) -> ServingObject:
    name = service.metadata.name
    ports = tuple(
        PortChoice(port.name or "", port.port, kubernetes.scheme_of(port))
        for port in service.spec.ports or ()
        if port.protocol in (None, "TCP")
    )
    try:
        default_target = service_target(Target(name=name, namespace=service.metadata.namespace), service)[0]
    except KubeAccessError:
        default_target = None
    app = note_of(kubernetes.app_of(service.metadata.labels, name))
    return ServingObject(name, app, _typeable(ports), default_target)


def _qualified(service: kubernetes.Service) -> Suggestion:
    metadata = service.metadata
    app = kubernetes.app_of(metadata.labels, metadata.name)
    return Suggestion(f"{metadata.namespace}/{metadata.name}", "service", note_of(app))


def _typeable(ports: Iterable[PortChoice]) -> tuple[PortChoice, ...]:
    """The ports that a target can have. A name that it cannot have is left out."""
    return tuple(
        port._replace(name=port.name if is_port_name(port.name) else "") for port in ports if 0 < port.number < 65536
    )


def _pod_scheme(name: str, number: int) -> str:
    return "https" if name == "https" or name.startswith("https-") or number in (443, 6443, 8443) else "http"
