"""Links in an answer. They are data from an app: they may choose path and query at the same target and nothing else.

Neither another server, nor another app, nor a header.
"""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

from ..errors import TargetError
from ..request import Request
from ..targets import Target
from ..text import shorten

if TYPE_CHECKING:
    from urllib.parse import SplitResult

__all__ = ["Elsewhere", "request_for_link"]

_PROXY_PATH = "/api/v1/namespaces/"


class Elsewhere(Exception):
    """A link leads to another place, or nowhere; the message says so."""


def request_for_link(url: str, request: Request, *, is_any_host: bool = False) -> Request:
    """Make the request for a link, by GET, to the same target and with the same headers.

    Parameters
    ----------
    url
        The link.
    request
        The request whose answer has it.
    is_any_host
        Whether the link belongs to the app that was asked by the rules of its API, whatever it calls itself. Its path
        is asked for at the same target even then.

    Raises
    ------
    Elsewhere
        It leads to another server or app, or is no URL.
    """
    try:
        # The app has other names for itself than we have. A relative URL stays below any of them.
        parts = urlsplit(urljoin(f"http://app{request.path_and_query}", url))
        path = _path_at_target(parts, request, is_relative=is_any_host or not urlsplit(url).netloc)
        if path is None:
            host = repr(shorten(parts.netloc, 80))
            raise Elsewhere(f"the next page is said to be at {host}, another server, which is not asked")
        text = path + (f"?{parts.query}" if parts.query else "")
        found = Request.build("GET", request.target, text, headers=request.headers)
    except (TargetError, ValueError):
        raise Elsewhere("what the answer names as its next page is not a URL that can be asked for") from None
    if found.target != request.target:
        raise Elsewhere("the next page is said to belong to another app, which is not asked")
    return found


def _path_at_target(parts: SplitResult, request: Request, *, is_relative: bool) -> str | None:
    """The path of a URL at the target of a request; None if it leads to another server."""
    path = parts.path or "/"
    # An app that knows of the API server in front of it names the whole path there.
    _, prefix, below = path.partition(_PROXY_PATH)
    if prefix and request.target.kind != "api":
        proxied = Target.parse(prefix + below)
        if proxied.target == request.target:
            return proxied.path or "/"
    if is_relative:
        return path
    return path if request.target.kind != "api" and _is_inside(parts.hostname or "", request) else None


def _is_inside(host: str, request: Request) -> bool:
    """Whether an app can have this name or address inside the cluster."""
    name, namespace = request.target.name, request.target.namespace
    if host == "localhost" or host == name:
        return True
    if namespace and (host == f"{name}.{namespace}" or host.startswith(f"{name}.{namespace}.svc")):
        return True
    try:
        return ipaddress.ip_address(host).is_private
    except ValueError:
        return False
