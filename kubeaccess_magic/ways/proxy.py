"""The API server's proxy verb: it connects to the pod, and passes the answer on.

What the verb would change or swallow is refused here, before anything is sent, with the reason; its rules are those
of the real API server (T4 to T22, E4, X2, X7).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import unquote, urljoin, urlsplit

from ..errors import TargetError
from ..reply import Stream
from ..request import Request

if TYPE_CHECKING:
    from ..call import Call
    from ..targets import Target
    from ..transport import Pool

__all__ = ["ApiServerProxy", "redirected"]

_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_MOST_REDIRECTS = 5
_ENCODED_SLASH = re.compile(r"%2f", re.IGNORECASE)

# Header (or beginning of one) -> why the app would never see it.
_SWALLOWED = {
    "authorization": "the API server removes it after signing you in",  # T14
    "proxy-authorization": "it ends at the next hop",  # T17
    "impersonate-": "the API server takes it for itself",  # T16
    "x-remote-": "the API server removes it",  # T15
    "host": "the app sees the API server's",  # T21
    "connection": "it ends at the next hop",  # T17
    "proxy-connection": "it ends at the next hop",  # T17
    "keep-alive": "it ends at the next hop",  # T17
    "te": "it ends at the next hop",  # T17
    "trailer": "it ends at the next hop",  # T17
    "transfer-encoding": "it ends at the next hop",  # T17
    "upgrade": "it ends at the next hop",  # T17
    "content-length": "it follows from the body",
    "accept-encoding": "it is chosen so that the API server can read the answer",  # T32
}


class ApiServerProxy:
    """Requests through ``…/proxy/`` of a service, a pod or a node.

    Parameters
    ----------
    pool
        To the API server, signed in.
    """

    name = "proxy"

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    def check(self, request: Request) -> None:
        """Raise TargetError for what the verb cannot carry as meant; nothing is sent."""
        target = request.target
        if request.method not in _METHODS:
            raise TargetError(
                f"the API server's proxy verb does not carry {request.method}",  # E6
                hint=f"it carries {', '.join(_METHODS)}",
            )
        if target.kind in ("pod", "node") and target.port and not target.port.isdecimal():
            raise TargetError(
                f"the proxy verb takes a {target.kind}'s port only by its number, not {target.port!r}",  # D2
                hint="`%kproxy pods` shows each pod's ports" if target.kind == "pod" else "a kubelet's is 10250",
            )
        if _ENCODED_SLASH.search(request.path):
            raise TargetError(
                "an encoded slash (%2F) in a path does not pass the API server's proxy verb: it becomes `/`",  # T6
                hint=_around(target, "or ask the app by a query parameter"),
            )
        if "//" in request.path:
            raise TargetError(
                f"the API server's proxy verb makes one slash of two: {request.path} would not arrive as typed",  # T4
                hint=f"type {re.sub('/+', '/', request.path)}",
            )
        if any(unquote(name.replace("+", " ")) == "dryRun" for name in _names(request.query)):
            raise TargetError(
                "the API server refuses any query with dryRun, it never reaches the app",  # E4
                hint=_around(target, "the app may take it in the body"),
            )
        for name, _ in request.headers:
            for swallowed, reason in _SWALLOWED.items():
                if name.lower() == swallowed or (swallowed.endswith("-") and name.lower().startswith(swallowed)):
                    raise TargetError(
                        f"the header {name} cannot reach the app: {reason}", hint=_header_hint(swallowed, target)
                    )

    def open(self, request: Request, call: Call) -> Stream:
        """Send the request; follow what redirects may be followed.

        GET and HEAD follow a redirect to the same server below the same ``…/proxy/`` prefix, at most five times;
        every other answer of 3xx is the answer (T27, T28, X2).
        """
        self.check(request)
        for _ in range(_MOST_REDIRECTS):
            stream = self._send(request, call)
            if stream.status_code not in _REDIRECTS or request.method not in ("GET", "HEAD"):
                return stream
            followed = redirected(request, stream.headers.get("location"), self._pool.upstream.url)
            if followed is None:
                return stream
            stream.close()
            request = followed
        return self._send(request, call)

    def _send(self, request: Request, call: Call) -> Stream:
        response = self._pool.open(
            request.method, request.url_path(), headers=request.headers, body=request.body, call=call
        )
        return Stream.from_response(response, request, self.name)


def redirected(request: Request, location: str | None, server: str) -> Request | None:
    """The request that a redirect asks for, or None where it must not be followed.

    Parameters
    ----------
    request
        What was asked.
    location
        The answer's Location header.
    server
        The API server's URL with its base path.
    """
    if not location or re.search(r"[\\\x00-\x20\x7f]", location):
        return None
    base, here = urlsplit(server), request.url_path()
    prefix = request.target.api_path() + "/"
    try:
        to = urlsplit(urljoin(f"{base.scheme}://{base.netloc}{base.path}{here}", location))
    except ValueError:
        return None
    if (to.scheme, to.netloc.lower()) != (base.scheme, base.netloc.lower()):
        return None
    # The API server rewrites a Location to its own path, which a base path of a server before it may precede or not.
    path = to.path.removeprefix(base.path) if base.path and to.path.startswith(base.path + prefix) else to.path
    if not path.startswith(prefix):
        return None
    rest = "/" + path.removeprefix(prefix) + (f"?{to.query}" if to.query else "")
    try:
        return Request.build(request.method, request.target, rest, headers=request.headers, body=request.body)
    except TargetError:  # dot segments, also encoded ones (X1)
        return None


def _names(query: str) -> list[str]:
    return [pair.partition("=")[0] for pair in query.replace(";", "&").split("&")]


def _around(target: Target, otherwise: str) -> str:
    """The way that carries what this one does not; nodes have none."""
    return otherwise if target.kind == "node" else f"`{target.port_forward}` carries it; {otherwise}"


def _header_hint(swallowed: str, target: Target) -> str | None:
    if swallowed == "authorization":
        return _around(target, "many apps also take a header of their own, such as X-Api-Key")
    if swallowed == "impersonate-":
        return "--as and --as-group ask the API server as somebody else"
    return None
