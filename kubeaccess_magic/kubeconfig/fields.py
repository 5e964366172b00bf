"""What a cluster and a user say of themselves, and what kubectl refuses of it, used or not."""

from __future__ import annotations

import os
import posixpath
import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple
from urllib.parse import quote, unquote, urlsplit

from ..errors import ConfigError
from .entries import text_of

__all__ = ["RELATIVE", "Server", "proxy_of", "server_of", "signs_in_by", "user_faults"]

RELATIVE = "a path that begins without a slash counts from the folder of its kubeconfig"
_LIKE_A_SERVER = "it reads like https://api.example:6443"
_LIKE_A_PROXY = "it reads like http://proxy.example:3128"
_AUTHORITY = re.compile(r"(\[[\w.:%-]+\]|[\w.~-]+)(:\d*)?")  # host and port, without a login


class Server(NamedTuple):
    """An API server's address.

    Attributes
    ----------
    url
        Without login, query, fragment and final slash.
    login
        Whether it was written with a login.
    key
        Scheme, host, port and base path: what every spelling of one server has in common.
    """

    url: str
    login: bool
    key: tuple[str, str, int, str]


def server_of(text: str, label: str = "it") -> Server:
    """Scheme, host, port and base path of a server (G11, G12). No error shows the text: it may hold a login."""
    if not text:
        raise ConfigError(f"{label} has no server", hint=_LIKE_A_SERVER)
    scheme, separator, rest = text.partition("://")
    scheme = scheme.lower()
    if not separator:
        host = text if re.fullmatch(r"[\w.:\[\]-]+", text) else "HOST"
        hint = f"write https://{host}, or http://{host} where it speaks plain http (as kubectl takes it)"
        raise ConfigError(f"{label} has a server without a scheme", hint=hint)
    if scheme not in ("http", "https"):
        raise ConfigError(
            f"{label} has a server that begins neither with https:// nor with http://", hint=_LIKE_A_SERVER
        )
    try:
        parts = urlsplit(f"{scheme}://{rest}")
        authority = parts.netloc.rpartition("@")[2].removesuffix(":")
        hostile = re.search(r"[\0-\x1f\x7f]|%(?![0-9A-Fa-f]{2})", text)
        if hostile or not _AUTHORITY.fullmatch(authority):
            raise ValueError
        key = (scheme, (parts.hostname or "").lower(), parts.port or {"http": 80, "https": 443}[scheme])
    except ValueError:  # urlsplit's own, too
        raise ConfigError(f"{label} has a server that is no URL", hint=_LIKE_A_SERVER) from None
    base = posixpath.normpath("/" + unquote(parts.path).lstrip("/")).rstrip("/")  # as kubectl joins paths
    base = quote(base, safe="/:@$&+,;=~")
    return Server(f"{scheme}://{authority}{base}", "@" in parts.netloc, (*key, base))


def proxy_of(text: str, label: str) -> str | None:
    """The proxy without its login (G16)."""
    if not text:
        return None
    scheme, _, rest = text.partition("://")
    if scheme.lower() not in ("http", "https", "socks5"):
        raise ConfigError(
            f"{label} has a proxy-url that begins neither with http:// nor https:// nor socks5://", hint=_LIKE_A_PROXY
        )
    authority = re.split(r"[/?#]", rest, maxsplit=1)[0].rpartition("@")[2]
    if not _AUTHORITY.fullmatch(authority) and not re.fullmatch(r":\d+", authority):  # a "/" in a password, too
        raise ConfigError(f"{label} has a proxy-url that is no URL", hint=_LIKE_A_PROXY)
    return f"{scheme.lower()}://{authority}"


def user_faults(user: Mapping[str, Any], folder: str) -> Iterator[str]:
    """What kubectl refuses of a user, whether it would be used or not (G13, G21 to G23)."""
    if user.get("token") and (user.get("username") or user.get("password")):
        yield "has a token and a user name with password; keep one"
    if user.get("client-certificate") or user.get("client-certificate-data"):
        for field in ("client-certificate", "client-key"):
            file, data = user.get(field), user.get(f"{field}-data")
            if file and data:
                yield f"has {field} and {field}-data; keep one"
            if not file and not data:
                yield f"has a client certificate without {field}"
            if file and not os.access(os.path.join(folder, file), os.R_OK):
                yield f"has a {field} that cannot be read ({os.path.normpath(os.path.join(folder, file))})"
    plugin = user.get("exec")
    if plugin is None:
        return
    if user.get("auth-provider") is not None:
        yield "has exec and auth-provider; keep one"
    yield from (f"has an exec without {field}" for field in ("command", "apiVersion") if not plugin.get(field))
    if any(not (entry or {}).get("name") for entry in plugin.get("env") or ()):
        yield "has an exec with an env entry without a name"
    mode = plugin.get("interactiveMode") or ""
    if mode not in ("Never", "IfAvailable", "Always") and (mode or not plugin["apiVersion"].endswith("beta1")):
        yield "has an exec that needs an interactiveMode, one of Never, IfAvailable, Always"


def signs_in_by(user: Mapping[str, Any]) -> tuple[str, ...]:
    """How a user signs in, in words; by a plugin only where there is nothing else (G22)."""
    found = ["client certificate"] if user.get("client-certificate") or user.get("client-certificate-data") else []
    for field, how in (("tokenFile", "tokenFile"), ("token", "token"), ("username", "basic")):
        if user.get(field):
            found.append(how)
            break
    if user.get("auth-provider") is not None:
        found.append(f"auth provider {text_of(user['auth-provider'], 'name')}")
    return tuple(found) or (("exec",) if user.get("exec") is not None else ())
