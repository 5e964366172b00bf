"""The API server itself: lists, objects, /version. It is only ever asked, never told."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..errors import TargetError

if TYPE_CHECKING:
    from ..call import Call
    from ..discovery.api import KubernetesApi
    from ..reply import Stream
    from ..request import Request

__all__ = ["ApiServer"]


class ApiServer:
    """GET and HEAD of API paths that name no proxy.

    Parameters
    ----------
    api
        Asks the API server.
    """

    name = "api"

    def __init__(self, api: KubernetesApi) -> None:
        self._api = api

    def check(self, request: Request) -> None:
        """Raise TargetError for a body. A `Request` to the API server itself is GET or HEAD by its nature."""
        if request.body:
            raise TargetError("a request to the API server itself carries no body", hint="leave the body out")

    def open(self, request: Request, call: Call) -> Stream:
        """Send the request; redirects are not followed, and a busy API server is asked again (F11)."""
        self.check(request)
        return self._api.open(request.method, request.url_path(), headers=request.headers, call=call, request=request)
