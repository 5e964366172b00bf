"""`Lease`: the connections and credentials of one request; and the route behind it, which follows the kubeconfig."""

from __future__ import annotations

import dataclasses
import functools
import os
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple, Protocol

from .. import kubeconfig
from ..credentials import Signature
from ..errors import ConfigError
from ..kubeconfig.files import file_stamp
from ..process import ForkLock
from . import proxies, tls
from .connections import Connections, connections_to
from .upstream import TlsSettings, Upstream, host_as_written

if TYPE_CHECKING:
    from ..call import Call
    from ..credentials import AuthFlow, Credential
    from ..kubeconfig import Context

__all__ = ["FixedRoute", "KubeconfigRoute", "Lease", "LeaseSource", "Route", "RouteLeases", "RouteSource"]

_HALF_WRITTEN_S = 0.1  # after that a file that is being written is whole
_UNSIGNED = Signature()


@dataclasses.dataclass(frozen=True, repr=False, eq=False)
class Lease:
    """The connections and credentials that one request uses, as one value that no other thread can half change.

    Parameters
    ----------
    upstream
        Where it goes.
    connections
        What it goes over.
    signature
        What signs it; without secrets over plain http (G10).
    auth
        Who gave the signature, and can renew it; None where nothing is signed.
    """

    upstream: Upstream
    connections: Connections
    signature: Signature
    auth: AuthFlow | None

    def renew(self, call: Call) -> bool:
        """After a 401: whether a new lease brings a different signature to try."""
        return self.auth is not None and self.upstream.secure and self.auth.renew(call, self.signature)


class LeaseSource(Protocol):
    """A source of leases for a pool."""

    @property
    def upstream(self) -> Upstream:
        """Where requests go, without reading anything."""

    def lease(self, call: Call) -> Lease:
        """The lease for the next request."""

    def close(self) -> None:
        """Close the idle connections."""


class RouteLeases:
    """Leases of connections of our own, along a route.

    The connections are made at the first request, and anew when they have become useless: when the upstream or the
    client certificate is another one, and in a forked process.

    Parameters
    ----------
    routes
        Knows the route.
    """

    def __init__(self, routes: RouteSource) -> None:
        self._routes = routes
        self._lock = ForkLock()
        self._kept: tuple[tuple[object, ...], Connections] | None = None  # what they were made for, and they
        self._inherited: list[object] = []  # a parent process's, in a forked one
        # The latest signature, and the state of the kubeconfig that it belongs to: one that was read while the
        # kubeconfig changed may be for another server.
        self._consistent: tuple[object, Signature] | None = None

    @property
    def upstream(self) -> Upstream:
        """Where requests go, without reading anything."""
        return self._routes.upstream

    def lease(self, call: Call) -> Lease:
        """The lease for the next request; whatever has changed since the last one is read or made again.

        Parameters
        ----------
        call
            Receives the prompts of a credential plugin; stopping the call ends it.

        Raises
        ------
        CredentialError
            There is no usable credential.
        ConfigError
            The kubeconfig, a CA, a client certificate or a proxy cannot be used.
        """
        while True:
            call.check()
            route = self._routes.route()
            signature = _UNSIGNED if route.auth is None else route.auth.sign(call)
            read = (route.read_from, signature)
            if read == self._consistent or self._routes.is_current(route):
                self._consistent = read
                break
        upstream = route.upstream
        if not upstream.secure and signature.headers:  # an auth flow knows that, too; here it is certain
            signature = signature.without_secrets()
        made_for = (os.getpid(), upstream, route.auth, signature.certificate)
        kept = self._kept
        connections = kept[1] if kept is not None and kept[0] == made_for else self._make(made_for, route, signature)
        return Lease(upstream, connections, signature, route.auth)

    def close(self) -> None:
        """Close the idle connections."""
        kept, self._kept = self._kept, None
        if kept is not None and kept[0][0] == os.getpid():
            kept[1].pool.close()

    def _make(self, made_for: tuple[object, ...], route: Route, signature: Signature) -> Connections:
        with self._lock:
            kept = self._kept
            if kept is None or kept[0] != made_for:  # no other thread has made them meanwhile
                if kept is not None and kept[0][0] != os.getpid():
                    # A parent's are kept as they are: closing them here would need a lock that may be held for ever.
                    self._inherited.append(kept)
                kept = self._kept = (made_for, connections_to(route.upstream, signature.certificate))
            return kept[1]


@dataclasses.dataclass(frozen=True, repr=False, eq=False)
class Route:
    """Where requests go, and what signs them: one value, so that no signature reaches another server.

    Parameters
    ----------
    upstream
        Where they go.
    auth
        What signs them; None for an app, whose login is the caller's affair.
    read_from
        The state of the files that say so.
    """

    upstream: Upstream
    auth: AuthFlow | None
    read_from: tuple[object, ...] = ()


class RouteSource(Protocol):
    """A source of the current route."""

    @property
    def upstream(self) -> Upstream:
        """Where the last request went, or the first would go, without reading anything."""

    def route(self) -> Route:
        """The route of the next request."""

    def is_current(self, route: Route) -> bool:
        """Whether the route still applies: no file that it was read from has changed since."""


class FixedRoute:
    """A route that never changes.

    Parameters
    ----------
    upstream, auth
        As of `Route`.
    """

    def __init__(self, upstream: Upstream, auth: AuthFlow | None) -> None:
        self.upstream = upstream
        self._route = Route(upstream, auth)

    def route(self) -> Route:
        """The route that was given."""
        return self._route

    def is_current(self, route: Route) -> bool:
        """Always true: this route never changes."""
        return True


class KubeconfigRoute:
    """The route of a context, which follows its kubeconfig and the environment.

    When the kubeconfig has changed on disk, the next request goes where it leads now: to another server, with another
    CA, through another proxy, signed by another user.

    Parameters
    ----------
    context
        Says where the server is and whom to trust.
    credential
        Signs.
    """

    def __init__(self, context: Context, credential: Credential) -> None:
        self._lock = ForkLock()
        stamps = tuple(map(file_stamp, context.files))
        self._state = _State(context, credential, stamps, Upstream.parse(context.server))
        self._latest: tuple[_State, _Surroundings, Upstream] | None = None

    @property
    def upstream(self) -> Upstream:
        """The server of the context."""
        return self._state.server

    def route(self) -> Route:
        """The route of the next request; the kubeconfig is read again if it has changed.

        Raises
        ------
        ConfigError
            The kubeconfig has no such context any more, or names a proxy or a CA that cannot be used.
        """
        state = self._state
        stamps = tuple(map(file_stamp, state.context.files))
        if stamps != state.stamps:
            state = self._follow(stamps)
        surroundings = _Surroundings.of(state)
        latest = self._latest
        if latest is None or latest[:2] != (state, surroundings):
            latest = self._latest = (state, surroundings, _upstream(state, surroundings))
        return Route(latest[2], state.credential, stamps)

    def is_current(self, route: Route) -> bool:
        """Whether the kubeconfig has not changed since the route was read."""
        return tuple(map(file_stamp, self._state.context.files)) == route.read_from

    def _follow(self, stamps: tuple[object, ...]) -> _State:
        """The state, after what the kubeconfig says now has been taken; a broken kubeconfig is not taken."""
        with self._lock:
            state = self._state
            if stamps != state.stamps and (context := _reread(state.context)) is not None:
                credential = state.credential
                if context != state.context:
                    credential = credential.for_context(context)
                self._state = state = _State(context, credential, stamps, Upstream.parse(context.server))
        return state


@dataclasses.dataclass(frozen=True, repr=False, eq=False)
class _State:
    """What the kubeconfig said when its files had these stamps."""

    context: Context
    credential: Credential
    stamps: tuple[object, ...]
    server: Upstream  # without its TLS settings and its proxy, which depend on more than the kubeconfig

    @functools.cached_property
    def proxy_variables(self) -> tuple[str, ...]:
        """The names of the environment variables that can name a proxy."""
        return () if self.context.proxy else proxies.variables(self.server.scheme)


class _Surroundings(NamedTuple):
    """What the upstream depends on besides the kubeconfig."""

    proxy_variables: tuple[str | None, ...]
    ca_stamp: object
    relaxed: str

    @classmethod
    def of(cls, state: _State) -> _Surroundings:
        """Read the current values."""
        context = state.context
        return cls(
            tuple(map(os.environ.get, state.proxy_variables)),
            None if context.ca_file is None else file_stamp(context.ca_file),
            os.environ.get(tls.RELAXED, "") if context.ca_file or context.ca_data else "",
        )


def _reread(context: Context) -> Context | None:
    """What the kubeconfig says now of a context; None while it is gone or half written.

    Raises
    ------
    ConfigError
        The kubeconfig can be read, and the context cannot be chosen any more.
    """
    environ = {**os.environ, "KUBECONFIG": os.pathsep.join(context.files)}
    try:
        kubeconfig.contexts(environ=environ)
    except ConfigError:  # looked at again for the next request
        return None
    try:
        reread = kubeconfig.choose(context.name, environ=environ)
    except ConfigError:
        time.sleep(_HALF_WRITTEN_S)  # kubectl itself writes in two steps: empties the file, and fills it
        reread = kubeconfig.choose(context.name, environ=environ)
    return dataclasses.replace(reread, files=context.files, namespace=context.namespace)


def _upstream(state: _State, surroundings: _Surroundings) -> Upstream:
    context, server = state.context, state.server
    settings = TlsSettings(
        ca_file=context.ca_file,
        ca_data=context.ca_data,
        insecure=context.insecure_skip_tls_verify,
        server_name=context.tls_server_name,
        relaxed=tls.is_relaxed_for(context.server, surroundings.relaxed),
        ca_stamp=surroundings.ca_stamp,
    )
    variables = zip(state.proxy_variables, surroundings.proxy_variables, strict=True)
    proxy = _proxy(context, server, {name: value for name, value in variables if value is not None})
    compressed = server.compressed and not context.disable_compression
    return dataclasses.replace(server, tls=settings, proxy=proxy, compressed=compressed)


def _proxy(context: Context, server: Upstream, environ: Mapping[str, str]) -> proxies.Proxy | None:
    """The kubeconfig's proxy, which wins, or the environment's."""
    if context.proxy is not None:
        entry = kubeconfig.cluster_entry(context) or {}
        return proxies.from_kubeconfig(str(entry.get("proxy-url") or context.proxy), f"cluster {context.cluster!r}")
    return proxies.from_environment(server.scheme, host_as_written(context.server), server.port, environ)
