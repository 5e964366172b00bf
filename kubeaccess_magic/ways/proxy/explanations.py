"""Refusals by the API server itself, translated into errors.

An answer through the proxy verb may be the app's or the API server's own (E11). It counts as the API server's only if
it is a Status whose code, reason, details and text fit what the API server says about that very segment, and a 401 or
403 only if a self review confirms it: an app could imitate the API server, and must not be believed about rights or
credentials. The cause is then read from the objects, since the API server's own messages are misleading (S3, S12).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ... import access
from ...discovery import ANONYMOUS, Discovery, refused, unrecognized
from ...errors import AccessDenied, CredentialError, KubeAccessError, Unreachable
from ...kube import Status, status_of
from .connection_failures import NO_CONNECTION, connection_failure
from .missing_backends import missing_object, missing_service_backend, undialled_address

if TYPE_CHECKING:
    from ...call import Call
    from ...reply import Reply
    from ...request import Request
    from ...targets import Target

__all__ = ["explanation", "wants_tls"]

_NO_ENDPOINTS = re.compile(r'no endpoints available for service "(?P<name>.*)"')
_NO_PORT = re.compile(r'no service port (?P<port>\S+) found for service "(?P<name>.*)"')
_SEARCHES = re.compile(r"/_(?:search|count|msearch)/?$")  # Elasticsearch takes their body by GET as well
_WANTS_TLS = (b"Client sent an HTTP request to an HTTPS server", b"The plain HTTP request was sent to HTTPS port")


def explanation(request: Request, reply: Reply, discovery: Discovery, call: Call) -> KubeAccessError | None:
    """Translate an answer of 400 or above into an error, if the API server itself sent it.

    Parameters
    ----------
    request
        The request that was sent; its target has a namespace.
    reply
        The answer.
    discovery
        Reads the objects that show what is wrong.
    call
        The running query.

    Returns
    -------
    KubeAccessError or None
        None if the answer is the app's own.
    """
    target = request.target
    if reply.status_code == 400 and reply.content == b"400 Bad Request" and "audit-id" not in reply.headers:
        return Unreachable(  # every answer of an app has an Audit-Id: this is the HTTP server of the API server
            "the API server could not read the request: it arrived cut or changed",
            hint="ask again; if it stays so, a proxy on the way to the API server spoils requests",
        )
    if wants_tls(reply):
        return Unreachable(f"{target} speaks TLS on that port", hint=f"type {target.with_scheme('https')}")  # E9
    is_guess = request.method == "HEAD"  # there is no body, only the status code to go by
    status = _guessed(reply.status_code, target) if is_guess else status_of(reply.content)
    if status is None or status.code != reply.status_code or not _fits(status, target):
        return None
    match status.code:
        case 401:
            return _unauthorized(reply, discovery, call)
        case 403:
            return _forbidden(status, request, reply, discovery, call)
        case 400:
            return undialled_address(target, discovery, call, is_guess)
        case 503 if status.message.startswith(NO_CONNECTION):
            return connection_failure(status.message.removeprefix(NO_CONNECTION), target)
        case 404 | 503 if target.kind == "service":
            return missing_service_backend(status, target, discovery, call, is_guess)
        case 404:
            return missing_object(target, discovery, call, is_guess)
    return None


def wants_tls(reply: Reply) -> bool:
    """Whether a server that speaks TLS says so to a request in plain HTTP, in the words of Go or nginx (E9)."""
    is_plain = reply.status_code == 400 and reply.request.target.scheme != "https"
    return is_plain and any(words in reply.content[:500] for words in _WANTS_TLS)


def _fits(status: Status, target: Target) -> bool:
    """Whether a status fits what the API server says about this exact segment."""
    plural, segment, name = f"{target.kind}s", target.segment, target.name
    subject, message = (status.kind, status.name), status.message
    match status.code, status.reason:
        case 401, "Unauthorized":
            return message == "Unauthorized"
        case 403, "Forbidden":
            if " cannot impersonate resource " in message:  # T16
                return True
            return subject == (plural, segment) and message.startswith(f'{plural} "{segment}" is forbidden: User "')
        case 404, "NotFound":
            return subject == (plural, name) and message == f'{plural} "{name}" not found'
        case 400, "BadRequest":  # its other messages are about requests that are never sent
            return target.kind in ("pod", "node") and message == "address not allowed"
        case 503, "ServiceUnavailable":
            if message.startswith(NO_CONNECTION):
                return True
            named = _NO_ENDPOINTS.fullmatch(message) or _NO_PORT.fullmatch(message)
            return named is not None and target.kind == "service" and named["name"] in (name, segment)  # S13
    return False


def _guessed(code: int, target: Target) -> Status | None:
    """The Status that a refused HEAD would have brought if it had a body: a guess that the objects must confirm."""
    plural, segment, name = f"{target.kind}s", target.segment, target.name
    match code:
        case 400 if target.kind == "pod":
            return Status(400, "BadRequest", "address not allowed")
        case 401:
            return Status(401, "Unauthorized", "Unauthorized")
        case 403:
            return Status(403, "Forbidden", f'{plural} "{segment}" is forbidden: User "', segment, plural)
        case 404:
            return Status(404, "NotFound", f'{plural} "{name}" not found', name, plural)
        case 503 if target.kind == "service":
            return Status(503, "ServiceUnavailable", f'no endpoints available for service "{name}"')
    return None


def _unauthorized(reply: Reply, discovery: Discovery, call: Call) -> KubeAccessError | None:
    try:
        discovery.who_am_i(call)
    except CredentialError:
        return refused(reply)
    except KubeAccessError:
        return None
    return None  # we are signed in, so it is the app that answered 401


def _forbidden(
    status: Status, request: Request, reply: Reply, discovery: Discovery, call: Call
) -> KubeAccessError | None:
    if " cannot impersonate resource " in status.message:
        try:
            discovery.who_am_i(call)
        except AccessDenied:
            return refused(reply)
        return None
    attributes = access.attributes(request.method, request.target, request.target.namespace)
    try:
        permission = discovery.may(attributes, call)
        if permission:
            return None  # the request is allowed, so it is the app that refused it
        role = permission.role
    except AccessDenied as review:  # of an anonymous user, or of one who may not impersonate
        if review.is_impersonation:
            return review
        if status.user == ANONYMOUS:
            return unrecognized()
        role = access.role(attributes, user=status.user)
    except KubeAccessError:
        role = None
    where = f" in the namespace {attributes.namespace}" if attributes.namespace else ""
    method = "" if request.method in ("GET", "HEAD") else f" -X {request.method}"
    who = status.user or _user(discovery, call)
    return AccessDenied(
        f"{who} may not {attributes.verb or request.method} {attributes.resource}/{attributes.subresource}"
        f" {attributes.name!r}{where}",
        hint=_by_get(request, discovery, call),
        role=role,
        can=f"{request.target}{method}",
    )


def _by_get(request: Request, discovery: Discovery, call: Call) -> str | None:
    """What to type if a search is refused by POST and its body may be sent by GET (A1, T11)."""
    if request.method != "POST" or not _SEARCHES.search(request.path):
        return None
    try:
        if not discovery.may(access.attributes("GET", request.target, request.target.namespace), call):
            return None
    except KubeAccessError:
        return None
    return "type -X GET: you may send the same search by GET, body included"  # T11


def _user(discovery: Discovery, call: Call) -> str:
    """The name of the user, for a refusal that does not name one."""
    try:
        return discovery.who_am_i(call) or "this user"
    except KubeAccessError:
        return "this user"
