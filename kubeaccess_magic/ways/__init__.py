"""The ways to connect, one file or folder each.

====== ================================================================ ==============================
name   how                                                              where
====== ================================================================ ==============================
proxy  the API server's proxy verb, to a service, a pod or a node       `proxy/`
api    the API server itself                                            `api.py`
====== ================================================================ ==============================

``auto`` means ``proxy`` for services, pods and nodes, and ``api`` for API paths.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from ..errors import TargetError
from .api import ApiServer
from .proxy import ApiServerProxy

if TYPE_CHECKING:
    from ..call import Call
    from ..discovery import Discovery
    from ..discovery.api import KubernetesApi
    from ..errors import KubeAccessError
    from ..reply import Reply, Stream
    from ..request import Request
    from ..transport import Pool

__all__ = ["ApiServer", "ApiServerProxy", "Way", "Ways"]


class Way(Protocol):
    """One way to connect."""

    name: str

    def check(self, request: Request) -> None:
        """Raise TargetError for a request that this way cannot carry as meant; nothing is sent."""

    def open(self, request: Request, call: Call) -> Stream:
        """Send the request, and return once the answer has begun to arrive."""

    def retry(self, reply: Reply) -> Request | None:
        """The request to send instead, given this reply; None to keep the reply."""

    def explain(self, reply: Reply, call: Call) -> KubeAccessError | None:
        """The error for an answer that comes from this way itself; None for an answer of the app."""

    def alternative(self, request: Request, error: KubeAccessError, call: Call) -> Request | None:
        """An equivalent request that may succeed where this one was refused, or None."""


class Ways:
    """The ways to connect of one cluster and user.

    Parameters
    ----------
    pool
        Signed-in connections to the API server.
    api
        Sends requests to the API server itself.
    discovery
        Reads the API server's objects.
    """

    def __init__(self, pool: Pool, api: KubernetesApi, discovery: Discovery) -> None:
        self._proxy = ApiServerProxy(pool, discovery)
        self._api = ApiServer(api)

    def choose(self, via: str, request: Request) -> Way:
        """Choose the way for a request.

        Raises
        ------
        TargetError
            There is no such way, or it does not reach this kind of target.
        """
        way: Way = self._api if request.target.kind == "api" else self._proxy
        if via in ("auto", way.name):
            return way
        if via not in ("proxy", "api"):
            raise TargetError(
                f"there is no way called {via!r}", hint='via="proxy" is the API server\'s proxy verb; leave it out'
            )
        raise TargetError(f"the way {via!r} does not lead to {request.target}", hint="leave via out")
