"""Small GETs for names: of the API server's objects, and of an app through it. Each runs in a thread of a `Memory`.

A list is read in pages, `MOST_ROWS` names at most, and given as it grows. Pages and answers are small, since decoding
one holds up the other threads; that takes some hundredths of a second. Nothing is tried in another spelling or
explained: a name that may not be read is not offered.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from .. import kube
from ..call import Call, Limits
from ..discovery import pages_of, resolve, resolve_service_port
from ..errors import AccessDenied, KubeAccessError, NotFound
from ..request import Request
from ..targets import Target
from ..text import shorten
from ..ways.proxy import api_path
from .suggestion import NOTE_CHARACTERS, Suggestion, clean, is_plain

if TYPE_CHECKING:
    from ..cluster import Cluster
    from ..reply import Reply

__all__ = ["MOST_ROWS", "Looker", "Port", "Served"]

MOST_ROWS = 10_000  # of one list
_NEXT_ROWS = 2000  # of each page after the first
_MAX_PAGES = 20
_LIST_BYTES = 64 * 2**20  # of one list
_APP_BYTES = 4 * 2**20
_CONNECT_S = 5.0
_TIMEOUT_S = 15.0
_TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json"


class Port(NamedTuple):
    """A port: its name ("" if it has none), its number, and the scheme it speaks (None if no HTTP)."""

    name: str
    number: int
    scheme: str | None


class Served(NamedTuple):
    """What is remembered of a service or a pod.

    Attributes
    ----------
    app
        The app that it is; "" if it is not a known one.
    meant
        The target that is asked if no port is typed; None if none is meant.
    """

    name: str
    app: str
    ports: tuple[Port, ...]
    meant: Target | None

    def suggestion(self, ready: tuple[int, int] | None) -> Suggestion:
        """The suggestion of it. `ready` is how many of its endpoints are ready, and how many there are, if known."""
        words = [f"{ready[0]}/{ready[1]} ready"] if ready is not None else []
        if not any(port.scheme for port in self.ports):
            words.append("speaks no HTTP")
        note = shorten(" · ".join([*words, self.app] if self.app else words), NOTE_CHARACTERS)
        return Suggestion(self.name, "service", note, *(ready or (None, None)))


_Item = TypeVar("_Item")
_Object = TypeVar("_Object")


class Looker:
    """Reads names of one cluster.

    Parameters
    ----------
    cluster
        Whose names.
    """

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._call = Call(unattended=True)
        self._objects = _Objects(self._look)

    def stop(self) -> None:
        """End what runs."""
        self._call.stop()

    def namespaces(self) -> Iterator[tuple[Suggestion, ...]]:
        """All namespaces."""
        return self._rows(kube.NAMESPACES.path(), ("Status",), _namespace)

    def nodes(self) -> Iterator[tuple[Suggestion, ...]]:
        """All nodes."""
        return self._rows(kube.NODES.path(), ("Status", "Roles", "Version"), _node)

    def pods(self, namespace: str) -> Iterator[tuple[Suggestion, ...]]:
        """The pods of a namespace."""
        return self._rows(kube.PODS.path(namespace), ("Ready", "Status"), _pod)

    def services(self, namespace: str) -> Iterator[tuple[Served, ...]]:
        """The services of a namespace."""
        pages = self._typed(kube.SERVICES, namespace)
        return _growing([_service(one) for one in page if is_plain(one.metadata.name)] for page in pages)

    def everywhere(self) -> Iterator[tuple[Suggestion, ...]]:
        """The services of all namespaces, as ``namespace/name``, and which app each is."""
        pages = self._typed(kube.SERVICES)
        return _growing([_placed(one) for one in page if is_plain(one.metadata.name)] for page in pages)

    def pods_everywhere(self) -> Iterator[tuple[Suggestion, ...]]:
        """The pods of all namespaces, as ``namespace/name``."""
        return self._rows(kube.PODS.path(), ("Ready", "Status"), _pod, with_namespace=True)

    def endpoints_everywhere(self) -> Iterator[dict[str, tuple[int, int]]]:
        """How many endpoints of each service are ready, and how many there are, by ``namespace/name``."""
        slices: dict[tuple[str, str], list[kube.EndpointSlice]] = {}
        for page in self._typed(kube.ENDPOINTSLICES):
            for piece in page:
                slices.setdefault((piece.metadata.namespace or "", piece.service or ""), []).append(piece)
        yield {f"{where}/{name}": _ready(where, name, pieces) for (where, name), pieces in slices.items() if name}

    def endpoints(self, namespace: str) -> Iterator[dict[str, tuple[int, int]]]:
        """How many endpoints of each service are ready, and how many there are."""
        slices: dict[str, list[kube.EndpointSlice]] = {}
        for page in self._typed(kube.ENDPOINTSLICES, namespace):
            for piece in page:
                slices.setdefault(piece.service or "", []).append(piece)
        yield {name: _ready(namespace, name, pieces) for name, pieces in slices.items() if name}

    def service(self, namespace: str, name: str) -> Iterator[Served]:
        """One service, for users who may not list them."""
        yield _service(self._objects.service(namespace, name, self._child()))

    def pod(self, namespace: str, name: str) -> Iterator[Served]:
        """One pod."""
        pod = self._objects.pod(namespace, name, self._child())
        ports = [port for container in pod.spec.containers for port in container.ports or ()]
        served = tuple(
            Port(port.name or "", port.container_port, _scheme(port.name or "", port.container_port))
            for port in ports
            if port.protocol in (None, "TCP")
        )
        yield Served(name, clean(kube.app_of(pod.metadata.labels, name)), served, None)

    def json(self, target: Target, path: str, params: Mapping[str, Any] | None = None) -> Any:
        """The JSON that an app, or the API server itself, answers to a GET."""
        namespace = self._cluster.namespace
        call = self._child(_APP_BYTES)
        resolution = resolve(target, self._objects, call, namespace=namespace)
        request = Request.build("GET", resolution.target, path, params=params)
        return _checked(self._look(api_path(request, namespace), call)).json()

    def _rows(
        self,
        path: str,
        columns: tuple[str, ...],
        suggestion: Callable[[str, str], Suggestion],
        *,
        with_namespace: bool = False,
    ) -> Iterator[tuple[Suggestion, ...]]:
        """The names of a list as a table, which is the cheapest form of it, and what it says of each."""

        def read(reply: Reply) -> tuple[list[tuple[str, str]], str | None]:
            answer = reply.json()
            token = (answer.get("metadata") or {}).get("continue")
            if answer.get("kind") != "Table":  # a server that knows no tables
                return [(_name_of(item, with_namespace), "") for item in answer.get("items") or ()], token
            titles = [column["name"] for column in answer["columnDefinitions"]]
            name, told = titles.index("Name"), [titles.index(title) for title in columns if title in titles]
            rows = answer.get("rows") or ()
            if with_namespace:
                return [(_name_of(row["object"], True), _row(row["cells"], name, told)[1]) for row in rows], token
            return [_row(row["cells"], name, told) for row in rows], token

        pages = self._pages(path, read, _TABLE, {"includeObject": "Metadata" if with_namespace else "None"})
        return _growing([suggestion(name, note) for name, note in page if is_plain(name)] for page in pages)

    def _typed(self, resource: kube.Resource[_Object], namespace: str | None = None) -> Iterator[list[_Object]]:
        """The objects of each page of a list."""

        def read(reply: Reply) -> tuple[list[_Object], str | None]:
            page = resource.read_list(reply.content)
            return page.items, page.metadata.token

        return self._pages(resource.path(namespace), read)

    def _pages(
        self,
        path: str,
        read: Callable[[Reply], tuple[list[_Item], str | None]],
        accept: str = "application/json",
        params: Mapping[str, str] | None = None,
    ) -> Iterator[list[_Item]]:
        """What `read` gives of each page, up to `MOST_ROWS` rows."""

        def send(path: str, call: Call) -> Reply:
            return self._look(path, call, accept)

        def read_checked(reply: Reply) -> tuple[list[_Item], str | None]:
            return read(_checked(reply))

        pages = pages_of(send, path, read_checked, self._child(), params=params, next_rows=_NEXT_ROWS)
        rows = 0
        for page in itertools.islice(pages, _MAX_PAGES):
            yield page
            rows += len(page)
            if rows >= MOST_ROWS:
                return

    def _look(self, path: str, call: Call, accept: str = "application/json") -> Reply:
        return self._cluster.engine.look(path, call, accept)

    def _child(self, max_bytes: int = _LIST_BYTES) -> Call:
        """A call for one list, or for one answer."""
        return self._call.child(Limits(_CONNECT_S, _TIMEOUT_S, _TIMEOUT_S, max_bytes))


class _Objects:
    """Looks up Services and Pods for `resolve`; what cannot be read is not explained."""

    def __init__(self, look: Callable[[str, Call], Reply]) -> None:
        self._look = look

    def service(self, namespace: str, name: str, call: Call, *, fresh: bool = False) -> kube.Service:
        return kube.SERVICES.read(_checked(self._look(kube.SERVICES.path(namespace, name), call)).content)

    def pod(self, namespace: str, name: str, call: Call) -> kube.Pod:
        return kube.PODS.read(_checked(self._look(kube.PODS.path(namespace, name), call)).content)

    def missing_service(self, target: Target, call: Call) -> NotFound:
        return NotFound("there is nothing of that name")


def _checked(reply: Reply) -> Reply:
    if reply.status_code in (401, 403):
        raise AccessDenied("these names may not be read")
    if reply.status_code == 404:
        raise NotFound("there is nothing of that name")
    if not reply.ok:
        raise KubeAccessError(f"no names: {reply.status_code}")
    return reply


def _ready(namespace: str, name: str, slices: list[kube.EndpointSlice]) -> tuple[int, int]:
    """How many endpoints of a service are ready, and how many there are."""
    return kube.ready_endpoints(kube.Service(kube.Metadata(name=name, namespace=namespace)), None, slices)


def _growing(pages: Iterable[list[_Item]]) -> Iterator[tuple[_Item, ...]]:
    """What has come so far: of the first page, and as often as that has doubled: many pages cost little more."""
    found: list[_Item] = []
    given = -1
    for page in pages:
        found += page
        if len(found) >= 2 * given:
            given = len(found)
            yield tuple(found[:MOST_ROWS])
    if len(found) > given:
        yield tuple(found[:MOST_ROWS])


def _name_of(item: Mapping[str, Any], with_namespace: bool) -> str:
    metadata = item["metadata"]
    return f"{metadata['namespace']}/{metadata['name']}" if with_namespace else str(metadata["name"])


def _row(cells: list[Any], name: int, told: list[int]) -> tuple[str, str]:
    said = [str(cells[at]) for at in told if cells[at] not in (None, "", "<none>")]
    return str(cells[name]), " · ".join(said)


def _namespace(name: str, note: str) -> Suggestion:
    return Suggestion(name, "namespace", "" if note == "Active" else clean(note))


def _node(name: str, note: str) -> Suggestion:
    return Suggestion(name, "node", clean(note))


def _pod(name: str, note: str) -> Suggestion:
    ready, _, of = note.partition(" · ")[0].partition("/")
    counts = (int(ready), int(of)) if ready.isdecimal() and of.isdecimal() else (None, None)
    return Suggestion(name, "pod", clean(note), *counts)


def _service(service: kube.Service) -> Served:
    name = service.metadata.name
    ports = tuple(
        Port(port.name or "", port.port, kube.scheme_of(port))
        for port in service.spec.ports or ()
        if port.protocol in (None, "TCP")
    )
    try:
        meant = resolve_service_port(Target(name=name, namespace=service.metadata.namespace), service).target
    except KubeAccessError:
        meant = None
    return Served(name, clean(kube.app_of(service.metadata.labels, name)), ports, meant)


def _placed(service: kube.Service) -> Suggestion:
    meta = service.metadata
    app = clean(kube.app_of(meta.labels, meta.name))
    ports = [port for port in service.spec.ports or () if port.protocol in (None, "TCP")]
    speaks = "" if any(kube.scheme_of(port) for port in ports) else "speaks no HTTP"
    return Suggestion(f"{meta.namespace}/{meta.name}", "service", " · ".join(filter(None, (speaks, app))))


def _scheme(name: str, number: int) -> str:
    return "https" if name == "https" or name.startswith("https-") or number in (443, 6443, 8443) else "http"
