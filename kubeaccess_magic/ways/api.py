"""The way to the API server itself: lists, objects, /version. It is only read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .. import access
from ..errors import TargetError

if TYPE_CHECKING:
    from ..call import Call
    from ..discovery.api import KubernetesApi
    from ..errors import KubeAccessError
    from ..reply import Reply, Stream
    from ..request import Request

__all__ = ["ApiServer"]


class ApiServer:
    """GET and HEAD of API paths that do not go through a proxy.

    Parameters
    ----------
    api
        Sends requests to the API server itself.
    """

    name = "api"

    def __init__(self, api: KubernetesApi) -> None:
        self._api = api

    def check(self, request: Request) -> None:
        """Raise TargetError if the request has a body. A `Request` to the API server itself is always GET or HEAD."""
        if request.body:
            raise TargetError("a request to the API server itself carries no body", hint="leave the body out")

    def open(self, request: Request, call: Call) -> Stream:
        """Send the request; redirects are not followed, and a busy API server is asked again (F11)."""
        return self._api.open(
            request.method, request.path_and_query, headers=request.headers, call=call, request=request
        )

    def retry(self, reply: Reply) -> Request | None:
        """Always None: a request to the API server is never sent again in another way."""
        return None

    def explain(self, reply: Reply, call: Call) -> KubeAccessError | None:
        """The error for a refusal by the API server; None if it did not refuse."""
        if reply.ok:
            return None
        from ..discovery import refused

        request = reply.request
        return refused(reply, access.attributes(request.method, request.target, None, request.path))

    def alternative(self, request: Request, error: KubeAccessError, call: Call) -> Request | None:
        """Always None: an API path has no other spelling."""
        return None
