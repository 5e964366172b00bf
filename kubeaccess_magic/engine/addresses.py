"""What the text of a target means in this cluster: the target, the path in it, and namespace, port and scheme."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit

from .. import kubeconfig
from ..discovery import Discovery, missing_service, pod_target, service_target
from ..errors import AccessDenied, ConfigError, NotFound, TargetError
from ..targets import Target

if TYPE_CHECKING:
    from ..call import Call

__all__ = ["Address", "address_of", "resolved"]


class Address(NamedTuple):
    """What the text of a target says by itself, before anything is read.

    Attributes
    ----------
    target
        The target.
    path
        Path and query that stood in the text, if it was a URL; else None.
    is_http_url
        Whether the text was an ``http://`` URL: then the scheme is how apps are asked anyway, and is not written.
    note
        A line about how the text was understood, or None.
    """

    target: Target
    path: str | None = None
    is_http_url: bool = False
    note: str | None = None


def address_of(text: str | Target, server: str, called: str, kubeconfig_file: str | os.PathLike[str] | None) -> Address:
    """What a text or a Target means; a URL of another API server is refused.

    Parameters
    ----------
    text
        As it was typed.
    server
        The API server that is asked.
    called
        What the cluster is called.
    kubeconfig_file
        Where to look for the contexts that have another server.

    Raises
    ------
    TargetError
        It names no target that can be, or an API server that is not this one.
    """
    if isinstance(text, Target):
        return Address(text)
    if not isinstance(text, str):
        raise TargetError(
            f"a target is text or a Target, not {type(text).__name__}", hint='it reads like "shop/web" or "shop/web:80"'
        )
    text = text.strip()
    target, path, named = Target.parse(text)
    note = None
    if named is not None and not kubeconfig.same_server(named, server) and not _is_own_name(named):
        if not _is_loopback(named):
            raise _elsewhere(named, server, called, kubeconfig_file)
        note = f"{named} is taken for kubectl proxy: asking {called}"
    return Address(target, path, text.lower().startswith("http://"), note)


def resolved(
    target: Target, namespace: str, is_http_url: bool, discovery: Discovery, call: Call
) -> tuple[Target, str | None]:
    """Namespace, port and scheme filled in, and a line about a choice.

    Where the Service may not be read, what was typed is sent.
    """
    if target.kind in ("api", "node"):
        return target, None
    target = target.with_namespace(target.namespace or namespace)
    if target.kind == "pod":
        return _pod_resolved(target, discovery, call), None
    note = None
    if not (target.port and target.scheme) or is_http_url:
        try:
            target, note = _service_resolved(target, discovery, call)
        except AccessDenied:
            note = None
    return (target.with_scheme("") if is_http_url and target.scheme == "http" else target), note


def _elsewhere(named: str, server: str, called: str, kubeconfig_file: str | os.PathLike[str] | None) -> TargetError:
    try:
        listed = kubeconfig.contexts(kubeconfig_file)
    except ConfigError:
        listed = ()
    names = [row.name for row in listed if row.server and kubeconfig.same_server(row.server, named)]
    return TargetError(
        f"{named} is not the API server of {called} ({server})",
        hint=f"it is that of {', '.join(names)}: %kproxy use {names[0]}" if names else "no context has that server",
    )


def _service_resolved(target: Target, discovery: Discovery, call: Call) -> tuple[Target, str | None]:
    for fresh in (False, True):  # what is remembered may have changed: no error comes from it
        service = discovery.service(target.namespace or "", target.name, call, fresh=fresh)
        try:
            if service is not None:
                return service_target(target, service)
        except (NotFound, TargetError):
            if fresh:
                raise
    raise missing_service(discovery, target, call)


def _pod_resolved(target: Target, discovery: Discovery, call: Call) -> Target:
    if not target.port or target.port.isdecimal():
        return target
    pod = discovery.pod(target.namespace or "", target.name, call)
    if pod is None:
        raise NotFound(
            f"no pod is called {target.name} in the namespace {target.namespace}",
            hint=f"`%kproxy pods -n {target.namespace}` lists them",
        )
    return pod_target(target, pod)


def _is_own_name(server: str) -> bool:
    """Whether this is what every cluster's API server is called inside that cluster."""
    return re.fullmatch(r"https://kubernetes(?:\.default(?:\.svc(?:\.[^/]*)?)?)?", server) is not None


def _is_loopback(server: str) -> bool:
    host = urlsplit(server).hostname or ""
    return host in ("localhost", "::1") or host.startswith("127.")
