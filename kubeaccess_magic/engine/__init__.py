"""`Engine`: prepares and runs queries for one cluster and user.

::

    query = Query.of("shop/web", "stats", output="frame")
    prepared = engine.prepare(query, call)          # resolved and checked; nothing was sent to the app
    outcome = engine.run(prepared, call)            # the reply, and the table that was made of it
    stream = engine.open(prepared, call)            # or: the answer as it arrives
"""

from __future__ import annotations

import dataclasses
import datetime
import functools
import os
import time
from typing import TYPE_CHECKING, Any

from .. import access
from ..discovery import Discovery, resolve
from ..discovery.api import KubernetesApi
from ..errors import KubeAccessError, Unreachable
from ..query import Query
from ..text import redact, shorten
from ..ways import Ways
from ..ways.proxy import allowed_spelling, api_path
from .addresses import Address, address_of
from .scope import scoped

if TYPE_CHECKING:
    from ..access import Access, Attributes
    from ..call import Call
    from ..dialects import Operation, Table
    from ..discovery import Resolution
    from ..reply import Reply, Stream
    from ..request import Request
    from ..targets import Target
    from ..transport import Pool
    from ..ways import Way

__all__ = ["Engine", "Outcome", "PreparedQuery"]

_SOON_S = 5.0  # a vanished pod is noticed at once; what took longer is not sent again (S8)
_REPEATABLE = ("GET", "HEAD")
_REMEMBERED_S = 30.0
_MAX_MEANINGS = 256


@dataclasses.dataclass(frozen=True, slots=True, repr=False)
class PreparedQuery:
    """A query that is ready to be run.

    Attributes
    ----------
    query
        What somebody wants to know.
    request
        The request that it means, resolved and checked.
    first
        What is sent first: `request` with what its API needs filled in.
    operation
        Which call of which API the request is; None if no dialect knows it, or none may change it.
    way
        The way it will take.
    notes
        Lines about what was chosen on the way: a port, a cluster.
    """

    query: Query
    request: Request
    first: Request
    operation: Operation | None
    way: Way
    notes: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return f"<PreparedQuery {self.request!r} by {self.way.name}>"


@dataclasses.dataclass(frozen=True, slots=True)
class Outcome:
    """The result of a query.

    Attributes
    ----------
    reply
        The answer; of several pages the first.
    table
        The rows of all pages, or None if no frame was wanted.
    way
        The name of the way that it took.
    notes
        Lines for whoever reads the answer.
    """

    reply: Reply
    table: Table | None
    way: str
    notes: tuple[str, ...] = ()

    def lines(self, remedy: str) -> list[str]:
        """All lines to show with the result: rows that the table lacks, and the notes.

        Parameters
        ----------
        remedy
            How to ask for the rest, such as ``--limit all``.
        """
        shortfall = self.table.shortfall(remedy) if self.table is not None else None
        return [shortfall, *self.notes] if shortfall else list(self.notes)


@dataclasses.dataclass(frozen=True, slots=True)
class _Meaning:
    """What the text of a target meant, and the way to it: it is remembered as long as a Service is."""

    target: Target
    way: Way
    notes: tuple[str, ...]
    fresh_until: float


class Engine:
    """Prepares and runs queries for one cluster and user. It may be used from several threads.

    Parameters
    ----------
    pool
        Signed-in connections to the API server.
    name
        What the cluster is called in messages.
    namespace
        The namespace of targets that name none.
    kubeconfig
        The kubeconfig file that was named, if any: where to look for the context that a pasted URL belongs to.
    """

    def __init__(self, pool: Pool, name: str, namespace: str, kubeconfig: str | os.PathLike[str] | None = None) -> None:
        self.name = name
        self.namespace = namespace
        self._pool = pool
        self._api = KubernetesApi(pool)
        self.discovery = Discovery(self._api, namespace)
        self._kubeconfig = kubeconfig
        self._ways = Ways(pool, self._api, self.discovery)
        # Of targets that were typed: by text, namespace and `via`.
        self._meanings: dict[tuple[str, str | None, str], _Meaning] = {}

    @property
    def server(self) -> str:
        """The API server's URL."""
        return self._pool.upstream.url

    def address(self, target: str | Target) -> Address:
        """Parse the text of a target, without reading anything.

        Raises
        ------
        TargetError
            The text is not a target, or belongs to another API server.
        """
        return address_of(target, self.server, self.name, self._kubeconfig)

    def resolve(self, target: str | Target, call: Call) -> Target:
        """The target with its namespace, port and scheme filled in.

        Raises
        ------
        NotFound
            There is no such service, or the choice of its port is ambiguous.
        """
        address = self.address(target)
        return self._resolve(address, address.target, call).target

    def url(self, request: Request) -> str:
        """The URL at the API server by which a request can be sent, as ``kubectl`` and a browser would write it."""
        return self.server + api_path(request, self.namespace)

    def prepare(self, query: Query, call: Call) -> PreparedQuery:
        """Resolve and check a query. A Service or a Pod may be read for its port; the app is not asked.

        Parameters
        ----------
        query
            What somebody wants to know.
        call
            Its running.

        Raises
        ------
        TargetError
            The request cannot be sent as it was meant.
        NotFound
            There is no such service or port.
        KubeAccessError
            The API server cannot be asked.
        """
        meaning = None
        if isinstance(query.target, str) and not query.all_namespaces and query.selector is None:
            meaning = self._meanings.get((query.target, query.namespace, query.via))
        if meaning is not None and time.monotonic() < meaning.fresh_until:
            request, way, notes = query.request(meaning.target, None), meaning.way, meaning.notes
        else:
            request, way, notes = self._resolved(query, call)
        way.check(request)
        operation, first = self._operation(query, request)
        return PreparedQuery(query, request, first, operation, way, notes)

    def run(self, prepared: PreparedQuery, call: Call) -> Outcome:
        """Run a prepared query to its end.

        Parameters
        ----------
        prepared
            From `prepare`.
        call
            Its running.

        Raises
        ------
        AppError
            A frame was wanted, and the app answered 400 or above.
        LoadError
            A frame was wanted, and no dialect can read the answer.
        KubeAccessError
            The API server refused the request itself, or something broke on the way.
        """
        way, query = prepared.way, prepared.query
        if not query.wants_frame:
            reply = self._reply(way, prepared.first, call)
            return Outcome(reply, None, reply.way, prepared.notes)
        from ..fetch import fetch

        send = functools.partial(self._reply, way)
        words: Any = {"dialect": query.dialect, "limit": query.limit, "raw": query.raw, **query.options}
        fetched = fetch(prepared.first, send, call, prepared.operation, **words)
        fetched.table.frame.attrs["kproxy"] = self._origin(fetched)
        notes = (*prepared.notes, fetched.note) if fetched.notes else prepared.notes
        return Outcome(fetched.reply, fetched.table, fetched.reply.way, notes)

    def open(self, prepared: PreparedQuery, call: Call) -> Stream:
        """Send the first request of a prepared query, and return the answer as a stream, whatever its status.

        Raises
        ------
        KubeAccessError
            Something broke on the way. A refusal of the API server is the answer here.
        """
        return prepared.way.open(prepared.first, call)

    def access(self, query: Query, call: Call) -> tuple[Access, str]:
        """Whether a query may be sent, and what was checked: the target as it would be sent, or an API path."""
        prepared = self.prepare(query, call)
        request = prepared.request
        attributes = access.attributes(request.method, request.target, self.namespace, request.path)
        answer = self.discovery.may(attributes, call)
        if not answer and (other := allowed_spelling(request, self.discovery, call)) is not None:
            # The query would go on with that spelling, so the answer is about it.
            return self.discovery.may(access.attributes(other.method, other.target), call), str(other.target)
        return answer, request.path if request.target.kind == "api" else str(request.target)

    def allows(self, attributes: Attributes, call: Call) -> bool:
        """Whether RBAC allows any kind of access, such as to a list, or to a name that is not known yet."""
        return bool(self.discovery.may(attributes, call))

    def look(self, path: str, call: Call, accept: str = "application/json") -> Reply:
        """GET an API path, ``…/proxy/…`` included, to find names for suggestions.

        The reply is returned whatever it is: no review explains a refusal, and no redirect is followed.

        Parameters
        ----------
        path
            From ``/api`` on, encoded, with query.
        call
            Limits it.
        accept
            The media type that is wanted.
        """
        return self._api.call("GET", path, call=call, accept=accept)

    def _resolved(self, query: Query, call: Call) -> tuple[Request, Way, tuple[str, ...]]:
        """The request that a query means, with namespace, port and scheme filled in; its way; lines about choices."""
        address = self.address(query.target)
        scope = scoped(
            query.request(address.target, address.path),
            query,
            lambda version, resource: self.discovery.is_namespaced(version, resource, call),
        )
        request, target = scope.request, scope.request.target
        if target.kind in ("service", "pod") and target.namespace is None:
            target = target.with_namespace(query.namespace or self.namespace)
            request = request.with_target(target)
        # Whatever cannot be sent is refused before anything is read; the name of a pod's port is looked up first (D2).
        sent = request.with_target(target.with_port("")) if target.kind == "pod" and target.port else request
        way = self._ways.choose(query.via, request)
        way.check(sent)
        resolution = self._resolve(address, target, call)
        notes = tuple(line for line in (address.note, scope.note, resolution.note) if line)
        if address.target.kind in ("service", "pod") and address.path is None and isinstance(query.target, str):
            if len(self._meanings) >= _MAX_MEANINGS:
                self._meanings.clear()
            meaning = _Meaning(resolution.target, way, notes, time.monotonic() + _REMEMBERED_S)
            self._meanings[query.target, query.namespace, query.via] = meaning
        return request.with_target(resolution.target), way, notes

    def _resolve(self, address: Address, target: Target, call: Call) -> Resolution:
        return resolve(target, self.discovery, call, namespace=self.namespace, is_http_url=address.is_http_url)

    def _operation(self, query: Query, request: Request) -> tuple[Operation | None, Request]:
        """Which call of which API a request is, and the request as that API needs it; decided here, once."""
        if query.raw and not query.wants_frame:
            return None, request
        from .. import dialects

        operation = dialects.match(request, dialects.named(query.dialect) if query.dialect else None)
        if operation is None or query.raw:
            return operation, request
        return operation, operation.prepare(query.limit, for_frame=query.wants_frame)

    def _reply(self, way: Way, request: Request, call: Call) -> Reply:
        """The app's answer, whatever its status.

        GET and HEAD are sent once more if a pod vanished (S8); a refused request, which was not executed, is sent in
        another spelling if there are rights for one (A3).
        """
        started_at = time.monotonic()
        reply, error = _exchange(request, way, call)
        if isinstance(error, Unreachable) and request.method in _REPEATABLE:
            if time.monotonic() - started_at <= _SOON_S:
                reply, error = _exchange(request, way, call)
        if error is not None and (other := way.alternative(request, error, call)) is not None:
            reply, error = _exchange(other, way, call)
        if error is not None:
            raise error
        return reply

    def _origin(self, fetched: Any) -> dict[str, str | int | None]:
        """What a frame says of where it came from: flat, small, and without a secret."""
        reply, table = fetched.reply, fetched.table
        origin: dict[str, str | int | None] = {
            "context": self.name[:200],
            "target": str(reply.request.target)[:300],
            "path": shorten(redact(fetched.request.path_and_query), 600),
            "dialect": fetched.operation.dialect,
            "way": reply.way,
            "time": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
            "rows": len(table.frame),
            "of": table.total,
        }
        return origin | ({"note": fetched.note[:300]} if fetched.notes else {})


def _exchange(request: Request, way: Way, call: Call) -> tuple[Reply, KubeAccessError | None]:
    """One request and its reply, and the error if the way itself refused it."""
    reply = way.open(request, call).read(call)
    call.answered(reply)
    if reply.status_code < 400:
        return reply, None
    if (retry := way.retry(reply)) is not None:
        reply = way.open(retry, call).read(call)
        call.answered(reply)
    return reply, way.explain(reply, call)
