"""Parsing the text of a target into target and path, without reading anything."""

from __future__ import annotations

import os
import re
from typing import NamedTuple
from urllib.parse import urlsplit

from .. import kubeconfig
from ..errors import ConfigError, TargetError
from ..targets import Target
from ..text import quoted

__all__ = ["Address", "address_of"]


class Address(NamedTuple):
    """The text of a target, parsed without reading anything.

    Attributes
    ----------
    target
        The target.
    path
        Path and query in the text, if it was a URL; else None.
    is_http_url
        Whether the text was an ``http://`` URL: plain HTTP is the default, so the scheme is not written again.
    note
        A line about how the text was understood, or None.
    """

    target: Target
    path: str | None = None
    is_http_url: bool = False
    note: str | None = None


def address_of(text: str | Target, server: str, called: str, kubeconfig_file: str | os.PathLike[str] | None) -> Address:
    """Parse the text of a target; a URL of another API server is refused.

    Parameters
    ----------
    text
        The text as it was typed, or a Target.
    server
        The URL of the API server in use.
    called
        The name of the cluster, for messages.
    kubeconfig_file
        The kubeconfig in which to find contexts with the other server; None for kubectl's own choice.

    Raises
    ------
    TargetError
        The text names an impossible target, or another API server.
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


def _elsewhere(named: str, server: str, called: str, kubeconfig_file: str | os.PathLike[str] | None) -> TargetError:
    try:
        listed = kubeconfig.contexts(kubeconfig_file)
    except ConfigError:
        listed = ()
    names = [row.name for row in listed if row.server and kubeconfig.same_server(row.server, named)]
    return TargetError(
        f"{named} is not the API server of {called} ({server})",
        hint=f"it is that of {', '.join(names)}: %kproxy use {quoted(names[0])}"
        if names
        else "no context has that server",
    )


def _is_own_name(server: str) -> bool:
    """Whether a URL is the name that every API server has inside its own cluster."""
    return re.fullmatch(r"https://kubernetes(?:\.default(?:\.svc(?:\.[^/]*)?)?)?", server) is not None


def _is_loopback(server: str) -> bool:
    host = urlsplit(server).hostname or ""
    return host in ("localhost", "::1") or host.startswith("127.")
