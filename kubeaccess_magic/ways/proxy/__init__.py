"""The way through the API server's proxy verb: it connects to the pod and passes the answer on.

What only this way knows is in this folder: what the verb cannot carry (`carriage`), the paths (`paths`), which
redirects may be followed (`redirects`), other spellings of a target for which there may be rights (`spellings`), and
what the API server's refusals mean (`explanations`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...errors import AccessDenied
from ...reply import Stream
from . import carriage
from .paths import api_path, proxy_path
from .redirects import MOST_REDIRECTS, REDIRECTS, redirected
from .spellings import allowed_spelling

if TYPE_CHECKING:
    from ...call import Call
    from ...discovery import Discovery
    from ...errors import KubeAccessError
    from ...reply import Reply
    from ...request import Request
    from ...transport import Pool

__all__ = ["ApiServerProxy", "allowed_spelling", "api_path", "proxy_path"]


class ApiServerProxy:
    """Requests through ``…/proxy/`` of a service, a pod or a node.

    Parameters
    ----------
    pool
        Connections to the API server, signed in.
    discovery
        Reads the objects that tell why something was refused.
    """

    name = "proxy"

    def __init__(self, pool: Pool, discovery: Discovery) -> None:
        self._pool = pool
        self._discovery = discovery

    def check(self, request: Request) -> None:
        """Raise TargetError for what the verb cannot carry as it was meant; nothing is sent."""
        carriage.check(request)

    def open(self, request: Request, call: Call) -> Stream:
        """Send the request, and follow the redirects that may be followed.

        GET and HEAD follow a redirect to the same server below the same ``…/proxy/`` prefix, at most five times;
        any other answer of 3xx is the answer (T27, T28, X2).
        """
        stream = self._send(request, call)
        for _ in range(MOST_REDIRECTS):
            if stream.status_code not in REDIRECTS or request.method not in ("GET", "HEAD"):
                return stream
            followed = redirected(request, stream.headers.get("location"), self._pool.upstream.url)
            if followed is None:
                return stream
            stream.close()
            request = followed
            stream = self._send(request, call)
        return stream

    def retry(self, reply: Reply) -> Request | None:
        """The request to send in place of one that was answered so, or None.

        A GET whose scheme was not typed goes on by https where the port turns out to speak TLS (E9); never the other
        way round.
        """
        request = reply.request
        if request.method != "GET" or request.target.scheme or reply.ok:
            return None
        from .explanations import wants_tls  # here, as below: an answer that is no refusal does not wait for it

        if not wants_tls(reply):
            return None
        return request.with_target(request.target.with_scheme("https"))

    def explain(self, reply: Reply, call: Call) -> KubeAccessError | None:
        """The API server's own refusal as our error; None for an answer of the app."""
        if reply.ok:
            return None
        from .explanations import explanation

        return explanation(reply.request, reply, self._discovery, call)

    def alternative(self, request: Request, error: KubeAccessError, call: Call) -> Request | None:
        """The refused request in another spelling for which there are rights (A3), or None."""
        return allowed_spelling(request, self._discovery, call) if isinstance(error, AccessDenied) else None

    def _send(self, request: Request, call: Call) -> Stream:
        response = self._pool.open(
            request.method, api_path(request), headers=request.headers, body=request.body, call=call
        )
        return Stream.from_response(response, request, self.name)
