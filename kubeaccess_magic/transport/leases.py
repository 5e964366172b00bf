"""`Lease`: what one request uses, as one value: the connections that it goes over, and what signs it."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Protocol

from ..credentials import Signature
from .connections import Connections, KeptConnections

if TYPE_CHECKING:
    from ..call import Call
    from ..credentials import AuthFlow
    from .routes import RouteSource
    from .upstream import Upstream

__all__ = ["Lease", "LeaseSource", "RouteLeases"]


@dataclasses.dataclass(frozen=True)
class Lease:
    """What one request uses. It is one value, so that another thread cannot change half of it.

    Parameters
    ----------
    connections
        What it goes over.
    signature
        What signs it.
    auth
        Who gave the signature, and can renew it; None where nothing is signed.
    """

    connections: Connections
    signature: Signature
    auth: AuthFlow | None

    @property
    def upstream(self) -> Upstream:
        """Where it goes."""
        return self.connections.upstream

    def headers(self) -> tuple[tuple[str, str], ...]:
        """The headers that the signature adds; no secret over plain http (G10)."""
        if self.auth is None or self.upstream.secure:
            return self.signature.headers
        return tuple(pair for pair in self.signature.headers if pair[0].lower() != "authorization")

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

    Parameters
    ----------
    routes
        Knows the route.
    """

    def __init__(self, routes: RouteSource) -> None:
        self._routes = routes
        self._connections = KeptConnections()
        # The latest signature, and the state of the kubeconfig that it belongs to: one that was read while the
        # kubeconfig changed may be for another server.
        self._consistent: tuple[object, Signature] | None = None

    @property
    def upstream(self) -> Upstream:
        """Where requests go; nothing is read for it."""
        return self._routes.upstream

    def lease(self, call: Call) -> Lease:
        """What the next request uses; whatever has changed since the last one is read or made anew.

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
        return Lease(self._connections.get(route, signature), signature, route.auth)

    def close(self) -> None:
        """Close the connections that nobody uses."""
        self._connections.close()


_UNSIGNED = Signature()
