"""The errors for refused requests for the API server's own objects."""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING

from .. import kube
from ..access import role
from ..errors import (
    AccessDenied,
    CredentialError,
    KubeAccessError,
    LoadError,
    NotFound,
    TargetError,
    TimedOut,
    Unreachable,
)

if TYPE_CHECKING:
    from ..access import Attributes
    from ..kube import Status
    from ..reply import Reply

__all__ = ["ANONYMOUS", "redirected", "refused", "unrecognized"]

ANONYMOUS = "system:anonymous"
"""The user that the API server sees in a request whose credential it does not recognize."""

_GROUP = re.compile(r"(/api/v1|/apis/[^/]+/[^/]+)/[^/]")


def refused(reply: Reply, attributes: Attributes | None = None) -> KubeAccessError:
    """Translate an answer of 400 or above about the API server's own objects into an error.

    Parameters
    ----------
    reply
        The answer.
    attributes
        What was asked, as RBAC sees it. With it an AccessDenied carries the Role to ask for.
    """
    status = kube.status_of(reply.content)
    message = _one_line(status.message if status else reply.text.strip()[:200])
    summary = f"the API server answered {reply.status_code}: {message or reply.reason}"
    match reply.status_code:
        case 400:
            return _bad_request(reply, status, message, summary)
        case 401:
            return CredentialError(
                "the API server does not accept the credential (401 Unauthorized)",
                hint="sign in again as kubectl would (`kubectl get ns`), or choose another context: %kproxy contexts",
            )
        case 403:
            return _forbidden(message, attributes, status.user if status else None)
        case 404 | 410:
            return NotFound(summary, hint=_where_to_look(reply, status), reply=reply)
        case 504:
            return TimedOut(summary, hint="ask again, or for less: a namespace, or `--limit`")
        case 429 | 502 | 503:
            return Unreachable(summary, hint="it may be busy or starting: try again")
        case 501:
            return KubeAccessError(
                summary, hint="this server does not do that at all; a demo cluster does less than a real one"
            )
        case code if code >= 500:
            return KubeAccessError(summary, hint="the fault is its own: ask again; if it stays so, its log says why")
    return _other(reply, summary)


def unrecognized() -> AccessDenied:
    """The error for a refusal of `ANONYMOUS`. No Role helps: every request of ours carries a credential."""
    return AccessDenied(
        f"the API server does not recognize the credential: it sees {ANONYMOUS}, who may not do that",
        hint="a proxy on the way may take the credential away, or it belongs to another cluster: `%kproxy doctor`"
        " shows what is sent; sign in again as kubectl would, or choose another context: %kproxy contexts",
    )


def redirected(reply: Reply) -> LoadError:
    """The error for a redirect by the API server: it is not followed, so that no credential goes elsewhere."""
    location = reply.headers.get("location") or "nowhere"
    return LoadError(
        f"the API server redirects to {location!r}, which is not followed",
        reply=reply,
        hint="an API server redirects no such request: look at `server:` in the kubeconfig, and at what stands there",
    )


def _forbidden(message: str, attributes: Attributes | None, user: str | None) -> AccessDenied:
    if user == ANONYMOUS:
        return unrecognized()
    hint = "`%kproxy doctor` shows as whom you are signed in, and what you may"
    if attributes is not None:
        hint = "the error's .role is the Role to ask an administrator for: `%kproxy last --why` shows it"
    elif " cannot impersonate " in message:
        hint = "an administrator can allow it, by the verb impersonate; without --as you ask as yourself"
    needed = role(attributes, user=user) if attributes is not None else None
    is_impersonation = " cannot impersonate resource " in message  # the API server's own words (T16)
    return AccessDenied(
        f"the API server refuses it: {message}", hint=hint, role=needed, is_impersonation=is_impersonation
    )


def _bad_request(reply: Reply, status: Status | None, message: str, summary: str) -> KubeAccessError:
    if status is None:
        if "HTTP request to an HTTPS server" in message:
            return Unreachable(
                "the API server speaks TLS, and was asked in plain HTTP",
                hint="`server:` in the kubeconfig must begin with https://",
            )
        return _other(reply, summary)
    if selector := reply.request.param("labelSelector"):
        return TargetError(
            f"the selector {selector!r} is not valid: {message}",
            hint="it reads like `-l app=web`, `-l 'app in (web, api)'` or `-l '!app'`; separate several with commas",
        )
    if selector := reply.request.param("fieldSelector"):
        return TargetError(
            f"the field selector {selector!r} is not valid: {message}",
            hint="it reads like `metadata.name=web`; each kind knows a few fields, mostly names and phases",
        )
    return TargetError(
        f"the API server does not understand the request (400): {message}", hint="look at the parameters of the query"
    )


def _other(reply: Reply, summary: str) -> KubeAccessError:
    path = shlex.quote(reply.request.path_and_query)
    return KubeAccessError(summary, hint=f"`kubectl get --raw {path}` asks the same, to compare")


def _where_to_look(reply: Reply, status: Status | None) -> str:
    """What to try after a 404."""
    if status is None:
        return "it knows no such path; a wrong path in `server:` of the kubeconfig looks the same"  # E7
    group = _GROUP.match(reply.request.path)
    parent, _, last = reply.request.path.rpartition("/")
    if status.name and last == status.name:
        return f"`%kproxy {parent}` lists those that are there"
    if status.name or group is None:
        return "look at the path; `kubectl api-resources` lists the kinds that there are"
    return f"`%kproxy {group[1]}` lists what the API server has there; an app is named before its path"


def _one_line(text: str) -> str:
    return " ".join(text.split())
