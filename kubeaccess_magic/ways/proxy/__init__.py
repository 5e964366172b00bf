"""The way through the API server's proxy verb: it connects to the pod and passes the answer on.

Everything specific to this way is in this folder: the paths, and what the verb cannot carry (`carriage`), which
redirects may be followed (`redirects`), other spellings of a target for which there may be rights (`spellings`), and
what the API server's refusals mean (`explanations`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...errors import AccessDenied
from ...reply import Stream
from .carriage import api_path, check, proxy_path
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
        Signed-in connections to the API server.
    discovery
        Reads the objects that explain a refusal.
    """

    name = "proxy"

    def __init__(self, pool: Pool, discovery: Discovery) -> None:
        self._pool = pool
        self._discovery = discovery

    check = staticmethod(check)

    def open(self, request: Request, call: Call) -> Stream:
        """Send the request, and follow the redirects that may be followed.

        GET and HEAD follow a redirect to the same server below the same ``…/proxy/`` prefix, at most five times;
        any other 3xx answer is returned as it is (T27, T28, X2).
        """
        redirects = 0
        while True:
            path = proxy_path(request.target) + request.path_and_query
            response = self._pool.open(request.method, path, headers=request.headers, body=request.body, call=call)
            stream = Stream.from_response(response, request, self.name)
            if response.status_code not in REDIRECTS or request.method not in ("GET", "HEAD"):
                return stream
            followed = redirected(request, stream.headers.get("location"), self._pool.upstream.url)
            if followed is None or redirects == MOST_REDIRECTS:
                return stream
            stream.close()
            request = followed
            redirects += 1

    def retry(self, reply: Reply) -> Request | None:
        """The request to send instead, given this reply; None to keep the reply.

        A GET without a typed scheme is sent again over https if the port turns out to speak TLS (E9), never the other
        way round.
        """
        request = reply.request
        if request.method != "GET" or request.target.scheme or reply.ok:
            return None
        from .explanations import wants_tls  # imported late: most answers are not refusals

        if not wants_tls(reply):
            return None
        return request.with_target(request.target.with_scheme("https"))

    def explain(self, reply: Reply, call: Call) -> KubeAccessError | None:
        """The error for a refusal by the API server itself; None for an answer of the app."""
        if reply.ok:
            return None
        from .explanations import explanation

        return explanation(reply.request, reply, self._discovery, call)

    def alternative(self, request: Request, error: KubeAccessError, call: Call) -> Request | None:
        """The refused request in another spelling for which there are rights (A3), or None."""
        return allowed_spelling(request, self._discovery, call) if isinstance(error, AccessDenied) else None
