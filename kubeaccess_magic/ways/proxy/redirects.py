"""Redirects of an app that may be followed through the proxy verb (T27, T28, X2)."""

from __future__ import annotations

import re
from urllib.parse import urljoin, urlsplit

from ...errors import TargetError
from ...request import Request
from .carriage import api_path, proxy_path

__all__ = ["MOST_REDIRECTS", "REDIRECTS", "redirected"]

REDIRECTS = frozenset({301, 302, 303, 307, 308})
MOST_REDIRECTS = 5


def redirected(request: Request, location: str | None, server: str) -> Request | None:
    """The request that a redirect asks for, or None where it must not be followed.

    Parameters
    ----------
    request
        The request that was redirected.
    location
        The answer's Location header.
    server
        The API server's URL with its base path.
    """
    if not location or re.search(r"[\\\x00-\x20\x7f]", location):
        return None
    base, here = urlsplit(server), api_path(request)
    prefix = proxy_path(request.target) + "/"
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
