"""The API server's refusals of proxied requests, in plain words.

An answer through the proxy verb may be the app's or the API server's own (E11). It counts as the API server's only if
it is a Status whose code, reason, details and text fit what the API server says of that very segment, and a 401 or
403 only if a review of ourselves bears it out: an app may pose as the API server, and must not thereby be believed
about rights or credentials. What then went wrong is read from the objects, since the API server's own words mislead
(S3, S12).
"""

from __future__ import annotations

import ipaddress
import re
from typing import TYPE_CHECKING

from ... import access
from ...discovery import Discovery, missing_pod, ports_to_type, refused
from ...errors import AccessDenied, CredentialError, KubeAccessError, NotFound, TargetError, Unreachable
from ...kube import Status, matching_ports, pod_is_ready, pod_state, ready_endpoints, status_of

if TYPE_CHECKING:
    from ...call import Call
    from ...kube import EndpointSlice, Pod, Service, ServicePort
    from ...reply import Reply
    from ...request import Request
    from ...targets import Target

__all__ = ["explanation", "wants_tls"]

_NO_ENDPOINTS = re.compile(r'no endpoints available for service "(?P<name>.*)"')
_NO_PORT = re.compile(r'no service port (?P<port>\S+) found for service "(?P<name>.*)"')
_NO_REACH = "error trying to reach service: "
_MOST_PODS_NAMED = 3
_SEARCHES = re.compile(r"/_(?:search|count|msearch)/?$")  # Elasticsearch takes their body by GET as well
_WANTS_TLS = (b"Client sent an HTTP request to an HTTPS server", b"The plain HTTP request was sent to HTTPS port")


def explanation(request: Request, reply: Reply, discovery: Discovery, call: Call) -> KubeAccessError | None:
    """Our error for an answer that is the API server's own refusal, or None for an answer of the app.

    Parameters
    ----------
    request
        What was asked; its target has a namespace.
    reply
        What came.
    discovery
        Reads the objects that tell what is wrong.
    call
        Of the running request.
    """
    if reply.ok:
        return None
    target = request.target
    if target.kind == "api":
        return refused(reply, access.attributes(request.method, target, None, request.path))
    if reply.status_code == 400 and reply.content == b"400 Bad Request" and "audit-id" not in reply.headers:
        return Unreachable(  # whatever an app says has an Audit-Id: this is the server's HTTP itself
            "the API server could not read the request: it arrived cut or changed",
            hint="ask again; if it stays so, a proxy between here and there spoils requests",
        )
    if wants_tls(reply):
        return Unreachable(f"{target} speaks TLS on that port", hint=f"type {target.with_scheme('https')}")  # E9
    status = status_of(reply.content)
    if request.method == "HEAD":  # no body comes: only the status can be looked into
        status = _as_if_said(reply.status_code, target)
    if status is None or status.code != reply.status_code or not _fits(status, target):
        return None
    return _explained(status, request, reply, discovery, call)


def wants_tls(reply: Reply) -> bool:
    """Whether a server that speaks TLS says so, in plain text, to a request that did not (E9): Go's, or nginx."""
    plain = reply.status_code == 400 and reply.request.target.scheme != "https"
    return plain and any(words in reply.content[:500] for words in _WANTS_TLS)


def _fits(status: Status, target: Target) -> bool:
    """Whether the API server says this of this very segment (sections 2 and 3 of its rules)."""
    plural, segment, name = f"{target.kind}s", target.segment, target.name
    about, message = (status.kind, status.name), status.message
    match status.code, status.reason:
        case 401, "Unauthorized":
            return message == "Unauthorized"
        case 403, "Forbidden":
            if " cannot impersonate resource " in message:  # T16
                return True
            return about == (plural, segment) and message.startswith(f'{plural} "{segment}" is forbidden: User "')
        case 404, "NotFound":
            return about == (plural, name) and message == f'{plural} "{name}" not found'
        case 400, "BadRequest":  # its other words for it are about what is never sent
            return target.kind in ("pod", "node") and message == "address not allowed"
        case 503, "ServiceUnavailable":
            if message.startswith(_NO_REACH):
                return True
            found = _NO_ENDPOINTS.fullmatch(message) or _NO_PORT.fullmatch(message)
            return found is not None and target.kind == "service" and found["name"] in (name, segment)  # S13
    return False


def _as_if_said(code: int, target: Target) -> Status | None:
    """The Status that a HEAD would have brought, if the API server refused it: a guess, for the objects to bear out."""
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


def _explained(
    status: Status, request: Request, reply: Reply, discovery: Discovery, call: Call
) -> KubeAccessError | None:
    target, is_guess = request.target, request.method == "HEAD"
    match status.code:
        case 401:
            return _unauthorized(reply, discovery, call)
        case 403:
            return _forbidden(status, request, reply, discovery, call)
        case 400:
            return _no_address(target, discovery, call, is_guess)
        case 503 if status.message.startswith(_NO_REACH):
            return _unreached(status.message.removeprefix(_NO_REACH), target)
        case 404 | 503 if target.kind == "service":
            return _nothing_behind(status, target, discovery, call, is_guess)
        case 404:
            return _missing(target, discovery, call, is_guess)
    return None


def _unauthorized(reply: Reply, discovery: Discovery, call: Call) -> KubeAccessError | None:
    try:
        discovery.who_am_i(call)
    except CredentialError:
        return refused(reply)
    except KubeAccessError:
        return None
    return None  # we are signed in: it is the app that wants to know who asks


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
        allowed = discovery.may(attributes, call)
        if allowed:
            return None  # with the right to ask, it was the app that refused
        wanted = allowed.role
    except AccessDenied as review:  # an anonymous user may not even ask, nor may who may not be somebody else
        if review.is_impersonation:
            return review
        wanted = access.role(attributes, user=status.user)
    except KubeAccessError:
        wanted = None
    where = f" in the namespace {attributes.namespace}" if attributes.namespace else ""
    method = "" if request.method in ("GET", "HEAD") else f" -X {request.method}"
    who = status.user or _user(discovery, call)
    return AccessDenied(
        f"{who} may not {attributes.verb or request.method} {attributes.resource}/{attributes.subresource}"
        f" {attributes.name!r}{where}",
        hint=_by_get(request, discovery, call),
        role=wanted,
        can=f"{request.target}{method}",
    )


def _by_get(request: Request, discovery: Discovery, call: Call) -> str | None:
    """What to type where a search is refused by POST, and its body may be sent by GET (A1, T11)."""
    if request.method != "POST" or not _SEARCHES.search(request.path):
        return None
    try:
        if not discovery.may(access.attributes("GET", request.target, request.target.namespace), call):
            return None
    except KubeAccessError:
        return None
    return "-X GET asks the same and is allowed: a GET may carry the body, too"  # T11


def _user(discovery: Discovery, call: Call) -> str:
    """Who asks, where the answer does not say it."""
    try:
        return discovery.who_am_i(call) or "this user"
    except KubeAccessError:
        return "this user"


def _no_address(target: Target, discovery: Discovery, call: Call, is_guess: bool) -> KubeAccessError | None:
    """A pod or node whose address the API server does not dial (D3, D8)."""
    refused_address = f"the {target.kind} {target.name} has an address that the API server does not proxy to"  # D3, D8
    if target.kind == "node":
        return NotFound(refused_address, hint="`%kproxy nodes` shows it")
    hint = f"`%kproxy pods -n {target.namespace}` shows its phase and its address"
    try:
        pod = discovery.pod(target.namespace or "", target.name, call)
    except AccessDenied:
        if is_guess:
            return None
        return NotFound(f"the pod {target.name} has no address, or none that the API server proxies to", hint=hint)
    address = pod.status.pod_ip if pod is not None else None
    if not address:
        return NotFound(f"the pod {target.name} has no address yet", hint=hint)  # D3
    # With one that is dialled it was the app that said so.
    return None if _is_dialled(address) else NotFound(refused_address, hint=hint)


def _is_dialled(address: str) -> bool:
    """Whether the API server connects to such an address: what Go calls global unicast."""
    try:
        read = ipaddress.ip_address(address)
    except ValueError:
        return False
    return not (read.is_unspecified or read.is_loopback or read.is_link_local or read.is_multicast)


def _unreached(words: str, target: Target) -> KubeAccessError:
    """The pod was chosen, and the API server did not get through to it, or made no sense of it (E8)."""
    called = str(target)
    plain = target.with_scheme("http")  # written out, as the port may be one for which https is filled in
    if "first record does not look like a TLS handshake" in words or "server gave HTTP response" in words:
        return Unreachable(f"{called} does not speak TLS on that port", hint=f"type {plain}")
    if "connection refused" in words:
        return Unreachable(
            f"nothing listens behind {called}: the connection was refused",
            hint="its targetPort may be wrong, or the app still starting",
        )
    if "i/o timeout" in words or "no route to host" in words or "deadline exceeded" in words:
        return Unreachable(
            f"the API server gets no connection to the pod behind {called} ({_last(words)})",
            hint=f"it may have no route to pods here; `{target.port_forward}` goes by the node"
            if target.kind != "node"
            else "it may have no route to that node",
        )
    if "TLS handshake timeout" in words or "tls:" in words:
        return Unreachable(f"no TLS with {called}: {_last(words)}", hint=f"if it speaks plain HTTP type {plain}")
    if "malformed HTTP" in words:
        return Unreachable(f"what listens behind {called} speaks no HTTP", hint="choose another port, if it has one")
    if "invalid port" in words:
        return TargetError(f"{target.port} is no port", hint="a port is a number from 1 to 65535")
    if any(said in words for said in ("EOF", "reset by peer", "broken pipe", "server closed idle connection")):
        other = plain if target.scheme == "https" else target.with_scheme("https")
        speaks = "plain HTTP" if target.scheme == "https" else "TLS"
        return Unreachable(
            f"{called} closed the connection without an answer", hint=f"if that port speaks {speaks}, type {other}"
        )
    if "context canceled" in words:  # the API server takes a half-closed connection for a client that left
        return Unreachable(
            f"the API server gave {called} up, as the connection to it was closed on the way",
            hint="ask again; if it stays so, a proxy or load balancer before the API server closes connections",
        )
    return Unreachable(
        f"the API server did not get an answer from {called}: {words}",
        hint="ask again; `%kproxy pods` shows whether its pods restart",
    )


def _missing(target: Target, discovery: Discovery, call: Call, is_guess: bool) -> KubeAccessError | None:
    """A pod or node that the API server does not find; looked at, since the app's 404 may read alike."""
    if target.kind == "pod":
        try:
            if discovery.pod(target.namespace or "", target.name, call) is not None:
                return None
        except AccessDenied:
            if is_guess:
                return None
        return missing_pod(target)
    if is_guess and not _is_without_node(target.name, discovery, call):
        return None
    return NotFound(f"no node is called {target.name}", hint="`%kproxy nodes` lists them")


def _is_without_node(name: str, discovery: Discovery, call: Call) -> bool:
    try:
        return all(node.metadata.name != name for node in discovery.nodes(call))
    except AccessDenied:
        return False


def _nothing_behind(
    status: Status, target: Target, discovery: Discovery, call: Call, is_guess: bool
) -> KubeAccessError | None:
    """No endpoints, no port or no service, as the objects tell (S1 to S13)."""
    namespace, called = target.namespace or "", str(target)
    try:
        service = discovery.service(namespace, target.name, call, fresh=True)
    except AccessDenied:
        if is_guess:
            return None
        return NotFound(
            f"the API server finds nothing ready behind {called} ({status.message})",
            hint="its Service may not be read with these rights; a wrong name or port looks the same",  # S3, S12
        )
    if service is None:
        return discovery.missing_service(target, call)
    if service.spec.type == "ExternalName":
        return NotFound(
            f"{called} is a name for {service.spec.external_name}, outside the cluster: the API server proxies to no"
            " such service",  # S11
            hint=f"ask {service.spec.external_name} itself",
        )
    lines = ports_to_type(target, service)
    port = next(iter(matching_ports(service, target.port)), None)
    if port is None:
        return NotFound(
            f"{called} has no port {target.port}" if target.port else f"{called} has no port without a name",  # S3
            hint=f"type {' or '.join(lines)}"
            if lines
            else f"`%kproxy services -n {namespace}` shows the ports there are",
        )
    try:
        slices = discovery.slices_of(service, call)
        pods = discovery.pods_of(service, call)
    except AccessDenied:
        if is_guess:
            return None
        return NotFound(f"nothing is ready behind {called}", hint="what stands behind it may not be read here")
    if ready_endpoints(service, port, slices)[0]:
        if status.code != 404 or _has_endpoints(target, discovery, call):
            return None  # something is ready: then it was the app that said so, or it has just become ready
        return NotFound(
            f"{called} has EndpointSlices but no Endpoints, by which this API server finds pods",  # S12
            hint="ask one of its pods by name, or an administrator for the Endpoints",
        )
    return _not_ready(target, service, port, slices, pods)


def _has_endpoints(target: Target, discovery: Discovery, call: Call) -> bool:
    try:
        return discovery.has_endpoints(target.namespace or "", target.name, call)
    except AccessDenied:
        return True


def _not_ready(
    target: Target, service: Service, port: ServicePort, slices: list[EndpointSlice], pods: list[Pod] | None
) -> NotFound:
    called = str(target)
    if ready_endpoints(service, None, slices)[0]:
        return NotFound(
            f"the pods behind {called} have no port {port.target_port}, to which it leads",
            hint="an administrator can mend its targetPort; a pod itself can be asked by its name and number of port",
        )
    if any(endpoint.is_ready for piece in slices for endpoint in piece.endpoints or ()):
        return NotFound(
            f"{called} has endpoints without pods behind them, which the API server does not proxy to",  # S10
            hint="ask their address itself, if it can be reached from here",
        )
    if pods is None:
        return NotFound(
            f"{called} has no selector and no endpoints: nothing stands behind it",
            hint="whoever made it must give it one of both; a pod can be asked by its name: `%kproxy pods`",
        )
    selector = service.spec.label_selector
    if not pods:
        return NotFound(
            f"no pod matches the selector of {called} ({selector})",
            hint=f"`%kproxy pods -n {target.namespace}` shows which there are",
        )
    hint = f"`%kproxy pods -n {target.namespace} -l {selector}` lists them; a pod itself can be asked by its name"
    if any(pod_is_ready(pod) for pod in pods):
        return NotFound(
            f"pods of {called} are ready, but no endpoints of it are: it may have begun just now", hint=hint
        )
    named = ", ".join(f"{pod.metadata.name} ({pod_state(pod)})" for pod in pods[:_MOST_PODS_NAMED])
    more = f" and {len(pods) - _MOST_PODS_NAMED} more" if len(pods) > _MOST_PODS_NAMED else ""
    count = (
        f"none of the {len(pods)} pods behind {called} is" if len(pods) > 1 else f"the only pod behind {called} is not"
    )
    return NotFound(f"{count} ready: {named}{more}", hint=hint)


def _last(words: str) -> str:
    return words.rsplit(": ", 1)[-1]
