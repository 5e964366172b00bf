"""Requests put together from words, checked and sent: what a `Cluster` is built on, and what the rooms above it use."""

from __future__ import annotations

import dataclasses
import datetime
import logging
import os
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Literal

from .. import access, fetch, ways
from ..call import Call, Limits
from ..discovery import Discovery
from ..discovery.api import KubernetesApi
from ..request import Request
from ..targets import Target
from ..text import redact, shorten
from .address import Addressed, addressed, resolved
from .arguments import rows, seconds, size
from .body import Data, body_of, with_media_type

if TYPE_CHECKING:
    from ..access import Access
    from ..reply import Reply
    from ..transport import Pool

__all__ = ["Asker", "Data", "Pairs", "Params", "Prepared", "log", "told"]

Params = str | Mapping[str, object] | Iterable[tuple[str, object]] | None
Pairs = Mapping[str, str] | Iterable[tuple[str, str]] | None

log = logging.getLogger("kubeaccess_magic")  # with no logging set up, its warnings are single lines on stderr


def told() -> Call:
    """Who is told where nobody else is: a plugin's prompt must be read by somebody."""
    return Call(say=log.warning)


@dataclasses.dataclass(frozen=True)
class Prepared:
    """A request that is ready to be sent, and lines about what was chosen in it."""

    request: Request
    notes: tuple[str, ...] = ()


class Asker:
    """Asks one API server, as one user.

    Parameters
    ----------
    pool
        Connections to it, signed in.
    name
        What it is called.
    namespace
        Of targets that name none.
    kubeconfig
        The file that was named, if one was: where to look for the context that a pasted URL belongs to.
    timeout_s, max_bytes, connect_timeout_s, silence_timeout_s
        As of `Cluster`.
    """

    def __init__(
        self,
        pool: Pool,
        name: str,
        namespace: str,
        kubeconfig: str | os.PathLike[str] | None,
        *,
        timeout_s: float,
        max_bytes: int,
        connect_timeout_s: float,
        silence_timeout_s: float,
    ) -> None:
        self.timeout_s = timeout_s
        self.max_bytes = max_bytes
        self.connect_timeout_s = connect_timeout_s
        self.silence_timeout_s = silence_timeout_s
        self._pool = pool
        self._api = KubernetesApi(pool)
        self._name = name
        self._namespace = namespace
        self._kubeconfig = kubeconfig
        self._limits()  # refuses what cannot be
        self._discovery = Discovery(self._api)

    @property
    def server(self) -> str:
        """The API server's URL."""
        return self._pool.upstream.url

    @property
    def namespace(self) -> str:
        """The namespace of targets that name none."""
        return self._namespace

    @property
    def name(self) -> str:
        """The context's name, or the server where there is no context."""
        return self._name

    def prepare(
        self,
        method: str | None,
        target: str | Target,
        path: str = "/",
        *,
        params: Params = None,
        headers: Pairs = None,
        json: Any = None,
        data: Data = None,
        namespace: str | None = None,
        via: str = "auto",
        timeout_s: float | None = None,
        call: Call | None = None,
    ) -> Prepared:
        """The request that these words mean, checked but not sent; a Service may be read for its port.

        Parameters are those of `Cluster.request`, and `namespace`, of a target that names none: the Cluster's if None.
        """
        body, media_type = body_of(json, data)
        headers = with_media_type(headers, media_type)
        if method is None:
            method = "GET" if body is None else "POST"
        found = self.addressed(target)
        request = Request.build(
            method, found.target, path, brought=found.brought, params=params, headers=headers, body=body
        )
        if request.target.kind in ("service", "pod"):
            own = request.target.with_namespace(request.target.namespace or namespace or self.namespace)
            request = dataclasses.replace(request, target=own)
        # What cannot be right asks nothing, not even for the Service; a pod's port by name is looked up (D2).
        asked = request.target.with_port("") if request.target.kind == "pod" else request.target
        ways.choose(via, request, self._pool, self._api).check(dataclasses.replace(request, target=asked))
        call = self._call(call, timeout_s)
        whom, note = resolved(request.target, self.namespace, found.by_http_url, self._discovery, call)
        return Prepared(dataclasses.replace(request, target=whom), tuple(filter(None, (found.note, note))))

    def may(self, method: str, target: str | Target, *, namespace: str | None = None) -> tuple[Access, str]:
        """What `can` answers, and what was asked about: the target in the form that would be sent, or an API path."""
        call = self._call()
        request = self.prepare(method, target, namespace=namespace, call=call).request
        asked = access.attributes(request.method, request.target, self.namespace, request.path)
        answer = self._discovery.may(asked, call)
        if not answer and (other := fetch.allowed_form(request, self._discovery, call)) is not None:
            # Asking would go on with that form, so the answer is about it.
            return self._discovery.may(access.attributes(other.method, other.target), call), str(other.target)
        return answer, request.path if request.target.kind == "api" else str(request.target)

    def allows(self, attributes: access.Attributes) -> bool:
        """Whether RBAC lets this pass, whatever it is: a list, or a name left open."""
        return bool(self._discovery.may(attributes, self._call()))

    @staticmethod
    def as_asked(
        request: Request,
        *,
        dialect: str | None = None,
        limit: int | Literal["all"] | None = None,
        for_frame: bool = True,
    ) -> Request:
        """The request as its family of APIs must be asked: what is filled in, and how many rows are wanted."""
        return fetch.as_asked(request, dialect, rows(limit), for_frame=for_frame)

    def send(
        self,
        request: Request,
        *,
        via: str = "auto",
        timeout_s: float | None = None,
        max_bytes: int | None = None,
        call: Call | None = None,
    ) -> Reply:
        """The answer to a prepared request; raises what `request` raises."""
        way = ways.choose(via, request, self._pool, self._api)
        return fetch.ask(request, way, self._discovery, self._call(call, timeout_s, max_bytes))

    def send_for_frame(
        self,
        request: Request,
        *,
        dialect: str | None = None,
        limit: int | Literal["all"] | None = None,
        raw: bool = False,
        via: str = "auto",
        timeout_s: float | None = None,
        max_bytes: int | None = None,
        call: Call | None = None,
        **options: Any,
    ) -> fetch.Framed:
        """The answer to a prepared request as a frame, with what there is to say about it."""

        def send(request: Request, call: Call) -> Reply:
            return fetch.ask(request, ways.choose(via, request, self._pool, self._api), self._discovery, call)

        framed = fetch.frame(
            request,
            send,
            self._call(call, timeout_s, max_bytes),
            dialect=dialect,
            limit=rows(limit),
            raw=raw,
            **options,
        )
        framed.loaded.frame.attrs["kproxy"] = self._origin(framed)
        return framed

    def look(
        self, path: str, *, timeout_s: float, max_bytes: int, call: Call, accept: str = "application/json"
    ) -> Reply:
        """One GET of an API path, ``…/proxy/…`` included, for names that somebody may want to type next.

        The answer is given whatever it is: no review explains a refusal, and no redirect is followed.
        """
        limits = Limits(total_s=timeout_s, connect_s=min(timeout_s, 5.0), max_bytes=max_bytes)
        return self._api.call("GET", path, call=call.child(limits), accept=accept)

    def _call(self, call: Call | None = None, timeout_s: float | None = None, max_bytes: int | None = None) -> Call:
        return (call or told()).child(self._limits(timeout_s, max_bytes))

    def _limits(self, timeout_s: float | None = None, max_bytes: int | None = None) -> Limits:
        return Limits(
            connect_s=seconds("connect_timeout_s", self.connect_timeout_s),
            silence_s=seconds("silence_timeout_s", self.silence_timeout_s),
            total_s=seconds("timeout_s", self.timeout_s if timeout_s is None else timeout_s),
            max_bytes=size("max_bytes", self.max_bytes if max_bytes is None else max_bytes),
        )

    def addressed(self, target: str | Target) -> Addressed:
        """What a target's text says by itself, before anything is read.

        Raises
        ------
        TargetError
            It names no target that can be, or an API server that is not this one.
        """
        return addressed(target, self.server, self.name, self._kubeconfig)

    def _origin(self, framed: fetch.Framed) -> dict[str, str | int | None]:
        """What a frame says of where it came from: flat, small, and without a secret."""
        reply, loaded, asked = framed.reply, framed.loaded, framed.asked
        path = redact(asked.path_and_query)
        origin: dict[str, str | int | None] = {
            "context": self.name[:200],
            "target": str(reply.request.target)[:300],
            "path": shorten(path, 600),
            "dialect": framed.dialect,
            "way": reply.way,
            "time": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
            "rows": len(loaded.frame),
            "of": loaded.of,
        }
        return origin | ({"note": framed.note[:300]} if framed.note else {})
