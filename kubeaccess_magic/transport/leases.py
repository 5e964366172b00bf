"""`Lease`: what one request uses, as one value: the connections that it goes over, and what signs it."""

from __future__ import annotations

import dataclasses
import os
from typing import TYPE_CHECKING, Protocol

from ..credentials import Signature
from ..process import ForkLock
from .connections import Connections, connections_to

if TYPE_CHECKING:
    from ..call import Call
    from ..credentials import AuthFlow
    from .routes import Route, RouteSource
    from .upstream import Upstream

__all__ = ["Lease", "LeaseSource", "RouteLeases"]


@dataclasses.dataclass(frozen=True, repr=False, eq=False)
class Lease:
    """What one request uses. It is one value, so that another thread cannot change half of it.

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
        """After a 401: whether another lease has another signature."""
        return self.auth is not None and self.upstream.secure and self.auth.renew(call, self.signature)


class LeaseSource(Protocol):
    """What gives leases to a pool."""

    @property
    def upstream(self) -> Upstream:
        """Where requests go; nothing is read for it."""

    def lease(self, call: Call) -> Lease:
        """What the next request uses."""

    def close(self) -> None:
        """Close the connections that nobody uses."""


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
        """Where requests go; nothing is read for it."""
        return self._routes.upstream

    def lease(self, call: Call) -> Lease:
        """What the next request uses; whatever has changed since the last one is read or made anew.

        Parameters
        ----------
        call
            Hears the prompts of a credential plugin; ends it when it is stopped.

        Raises
        ------
        CredentialError
            Nothing signs.
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
        """Close the connections that nobody uses."""
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


_UNSIGNED = Signature()
