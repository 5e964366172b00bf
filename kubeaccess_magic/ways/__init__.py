"""The ways to connect, one file each.

A way says whether it can carry a `Request` as meant, and opens it: ``open(request, call) -> Stream``.

====== ================================================================ ==============================
name   how                                                              file
====== ================================================================ ==============================
proxy  the API server's proxy verb, to a service, a pod or a node       `proxy.py`
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
    from ..discovery.api import KubernetesApi
    from ..reply import Stream
    from ..request import Request
    from ..transport import Pool

__all__ = ["ApiServer", "ApiServerProxy", "Way", "choose"]


class Way(Protocol):
    """One way to connect."""

    name: str

    def check(self, request: Request) -> None:
        """Raise TargetError for what this way cannot carry as meant; nothing is sent."""

    def open(self, request: Request, call: Call) -> Stream:
        """Send the request; the answer as it begins to arrive."""


def choose(via: str, request: Request, pool: Pool, api: KubernetesApi) -> Way:
    """The way that `via` means for this request.

    Raises
    ------
    TargetError
        There is no such way, or it does not lead to such a target.
    """
    itself = request.target.kind == "api"
    if via not in ("auto", "proxy", "api"):
        raise TargetError(f"no way is called {via!r}", hint='via="proxy" is the API server\'s proxy verb; leave it out')
    if via != "auto" and (via == "api") != itself:
        raise TargetError(f"the way {via!r} does not lead to {request.target}", hint="leave via out")
    return ApiServer(api) if itself else ApiServerProxy(pool)
