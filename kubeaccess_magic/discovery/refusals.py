"""Our errors for what the API server refuses about its own objects."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ..access import role
from ..errors import AccessDenied, CredentialError, KubeAccessError, NotFound, TargetError, TimedOut, Unreachable
from ..kube import Status, status_of

if TYPE_CHECKING:
    from ..access import Attributes
    from ..reply import Reply

__all__ = ["refused"]

_GROUP = re.compile(r"(/api/v1|/apis/[^/]+/[^/]+)/[^/]")


def refused(reply: Reply, attributes: Attributes | None = None) -> KubeAccessError:
    """Our error for an answer of 400 or above about the API server's own objects.

    Parameters
    ----------
    reply
        What it answered.
    attributes
        What was asked, as RBAC sees it; with it an AccessDenied carries the Role to ask for.
    """
    status = status_of(reply.content)
    message = status.message if status else reply.text.strip()[:200]
    said = f"the API server answered {reply.status_code}: {_one_line(message) or reply.reason}"
    if reply.status_code == 401:
        return CredentialError(
            "the API server does not accept the credential (401 Unauthorized)",
            hint="sign in again as kubectl would (`kubectl get ns`), or choose another context: %kproxy contexts",
        )
    if reply.status_code == 403:
        wanted = role(attributes, user=status.user if status else None) if attributes else None
        hint = "`%kproxy doctor` shows as whom you are signed in, and what you may"
        if wanted:
            hint = "the error's .role is the Role to ask an administrator for: `%kproxy last --why` shows it"
        elif " cannot impersonate " in message:
            hint = "an administrator can allow it, by the verb impersonate; without --as you ask as yourself"
        return AccessDenied(
            f"the API server refuses it: {_one_line(message)}",
            hint=hint,
            role=wanted,
        )
    if reply.status_code == 400 and status is not None:
        return _unasked(reply, status.message)
    if reply.status_code in (404, 410):
        return NotFound(said, hint=_where_to_look(reply, status), reply=reply)
    if reply.status_code == 400 and "HTTP request to an HTTPS server" in message:
        return Unreachable(
            "the API server speaks TLS, and was asked in plain HTTP",
            hint="`server:` in the kubeconfig must begin with https://",
        )
    if reply.status_code == 504:
        return TimedOut(said, hint="ask again, or for less: a namespace, or `--limit`")
    if reply.status_code in (429, 502, 503):
        return Unreachable(said, hint="it may be busy or starting: try again")
    if reply.status_code == 501:
        return KubeAccessError(
            said, hint="this server does not do that at all; a demo cluster does less than a real one"
        )
    if reply.status_code >= 500:
        return KubeAccessError(said, hint="the fault is its own: ask again; if it stays so, its log says why")
    return KubeAccessError(said, hint=f"`kubectl get --raw '{reply.request.path_and_query}'` asks the same, to compare")


def _unasked(reply: Reply, message: str) -> TargetError:
    """Our error for a request that the API server makes no sense of."""
    said = _one_line(message)
    if selector := reply.request.param("labelSelector"):
        return TargetError(
            f"the selector {selector!r} cannot be: {said}",
            hint="it reads like `-l app=web`, `-l 'app in (web, api)'` or `-l '!app'`; several have commas between",
        )
    if selector := reply.request.param("fieldSelector"):
        return TargetError(
            f"the field selector {selector!r} cannot be: {said}",
            hint="it reads like `metadata.name=web`; each kind knows a few fields, names and phases mostly",
        )
    return TargetError(f"the API server makes nothing of it (400): {said}", hint="look at the parameters of the query")


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
