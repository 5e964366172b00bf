"""The URLs of a cluster: its API server and its proxy. Errors never show them, because they may hold a login."""

from __future__ import annotations

import posixpath
import re
from typing import NamedTuple
from urllib.parse import quote, unquote, urlsplit

from ..errors import ConfigError
from .placeholders import has_placeholder

__all__ = ["ServerAddress", "proxy_of", "same_server", "server_of"]

_SERVER_EXAMPLE = "it must look like https://api.example:6443"
_PROXY_EXAMPLE = "it must look like http://proxy.example:3128"
_AUTHORITY = re.compile(r"(\[[\w.:%-]+\]|[\w.~-]+)(:\d*)?")  # host and port, without a login
_DEFAULT_PORTS = {"http": 80, "https": 443}


class ServerAddress(NamedTuple):
    """An API server's address.

    Attributes
    ----------
    url
        Without login, query, fragment and final slash.
    login
        Whether it was written with a login.
    key
        Scheme, host, port and base path: equal for every spelling of the same server.
    """

    url: str
    login: bool
    key: tuple[str, str, int, str]

    @property
    def is_secure(self) -> bool:
        """Whether the server uses https."""
        return self.key[0] == "https"


def server_of(text: str, place: str = "it") -> ServerAddress:
    """The address in a cluster's ``server`` (G11, G12).

    Parameters
    ----------
    text
        The URL as it is written.
    place
        What has this server, for messages: "cluster 'c' of FILE".

    Raises
    ------
    ConfigError
        The value is not an http or https URL.
    """
    if not text:
        raise ConfigError(f"{place} has no server", hint=_SERVER_EXAMPLE)
    if has_placeholder(text):
        hint = f"put the address of the API server there; {_SERVER_EXAMPLE}"
        raise ConfigError(f"{place} has a server with a placeholder that was never filled in", hint=hint)
    scheme, separator, rest = text.partition("://")
    scheme = scheme.lower()
    if not separator:
        host = text if re.fullmatch(r"[\w.:\[\]-]+", text) else "HOST"
        hint = f"write https://{host}, or http://{host} if it speaks plain http (which kubectl assumes)"
        raise ConfigError(f"{place} has a server without a scheme", hint=hint)
    if scheme not in _DEFAULT_PORTS:
        what = "a server that begins neither with https:// nor with http://"
        raise ConfigError(f"{place} has {what}", hint=_SERVER_EXAMPLE)
    try:
        parts = urlsplit(f"{scheme}://{rest}")
        authority = parts.netloc.rpartition("@")[2].removesuffix(":")
        is_hostile = re.search(r"[\0-\x1f\x7f]|%(?![0-9A-Fa-f]{2})", text)
        if is_hostile or not _AUTHORITY.fullmatch(authority):
            raise ValueError
        key = (scheme, (parts.hostname or "").lower(), parts.port or _DEFAULT_PORTS[scheme])
    except ValueError:  # urlsplit raises it, too
        raise ConfigError(f"{place} has a server that is not a URL", hint=_SERVER_EXAMPLE) from None
    base = posixpath.normpath("/" + unquote(parts.path).lstrip("/")).rstrip("/")  # as kubectl joins paths
    base = quote(base, safe="/:@$&+,;=~")
    return ServerAddress(f"{scheme}://{authority}{base}", "@" in parts.netloc, (*key, base))


def same_server(one: str, other: str) -> bool:
    """Whether two URLs name the same API server: scheme, host, port and base path, however they are spelled."""
    try:
        return server_of(one).key == server_of(other).key
    except ConfigError:
        return False


def proxy_of(text: str, place: str) -> str | None:
    """The address in a cluster's ``proxy-url``, without its login (G16).

    Parameters
    ----------
    text
        The URL as it is written.
    place
        What has this proxy, for messages.

    Returns
    -------
    str or None
        None if `text` is empty.

    Raises
    ------
    ConfigError
        The value is not an http, https or socks5 URL.
    """
    if not text:
        return None
    scheme, _, rest = text.partition("://")
    if scheme.lower() not in ("http", "https", "socks5"):
        what = "a proxy-url that begins neither with http:// nor https:// nor socks5://"
        raise ConfigError(f"{place} has {what}", hint=_PROXY_EXAMPLE)
    authority = re.split(r"[/?#]", rest, maxsplit=1)[0].rpartition("@")[2]
    if not _AUTHORITY.fullmatch(authority) and not re.fullmatch(r":\d+", authority):  # a "/" in a password, too
        raise ConfigError(f"{place} has a proxy-url that is not a URL", hint=_PROXY_EXAMPLE)
    return f"{scheme.lower()}://{authority}"
