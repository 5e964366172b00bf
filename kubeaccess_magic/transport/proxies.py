"""The proxy on the way to a server: the kubeconfig's, else the environment's (G16 to G19).

kubectl reads the environment by Go's ``golang.org/x/net/http/httpproxy``; this follows its source. Python itself,
``requests`` and the official client read the same variables in other ways.
"""

from __future__ import annotations

import base64
import dataclasses
import ipaddress
import re
from collections.abc import Mapping
from typing import NoReturn
from urllib.parse import unquote

from ..errors import ConfigError

__all__ = ["VARIABLES", "Proxy", "from_environment", "from_kubeconfig", "variables"]

VARIABLES = ("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "NO_PROXY", "no_proxy")
_VARIABLES_OF = {
    "https": ("HTTPS_PROXY", "https_proxy", "NO_PROXY", "no_proxy"),
    "http": ("HTTP_PROXY", "http_proxy", "NO_PROXY", "no_proxy", "REQUEST_METHOD"),
}
_LIKE = "it reads like http://proxy.example:3128"
_DEFAULT_PORTS = {"http": 80, "https": 443, "socks5": 1080, "socks5h": 1080}


@dataclasses.dataclass(frozen=True)
class Proxy:
    """One proxy.

    Parameters
    ----------
    scheme
        ``http``, ``https`` or ``socks5``.
    host, port
        Where it listens.
    place
        Where it is named, for messages.
    login
        User name and password, or None; in no repr.
    in_kubeconfig
        Whether the kubeconfig names it, and not the environment.
    """

    scheme: str
    host: str
    port: int
    place: str
    login: tuple[str, str] | None = dataclasses.field(default=None, repr=False)
    in_kubeconfig: bool = False

    def __reduce__(self) -> NoReturn:
        raise TypeError("a proxy is not pickled: it may have a login")

    @property
    def address(self) -> str:
        """``host:port``, an IPv6 address in brackets."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def authorization(self) -> str | None:
        """The value of ``Proxy-Authorization``, None without a login."""
        return None if self.login is None else "Basic " + base64.b64encode(":".join(self.login).encode()).decode()


def from_kubeconfig(text: str, label: str) -> Proxy:
    """The proxy that the ``proxy-url`` of a cluster names (G16).

    Parameters
    ----------
    text
        The URL.
    label
        The cluster, for messages.

    Raises
    ------
    ConfigError
        The value is not a URL, or has a scheme that kubectl does not support.
    """
    parts = _parsed(text)
    if parts is None or parts.scheme not in ("http", "https", "socks5"):
        raise ConfigError(
            f"{label} has a proxy-url that does not begin with http://, https:// or socks5://", hint=_LIKE
        )
    return _proxy(parts, f"the proxy-url of {label}", in_kubeconfig=True)


def from_environment(scheme: str, host: str, port: int, environ: Mapping[str, str]) -> Proxy | None:
    """The proxy that the environment names for a server, or None (G17 to G19).

    Parameters
    ----------
    scheme, host, port
        The server's; the host as in its URL, without brackets.
    environ
        The environment variables.

    Raises
    ------
    ConfigError
        The environment names a proxy that cannot be used.
    """
    no_proxy = _value(environ, "NO_PROXY")
    address = _address(host)
    if address is not None and any(_in_network(address, rule, sloppy=True) for rule in no_proxy.split(",")):
        return None  # kubectl's own check, before Go's
    name = "HTTPS_PROXY" if scheme == "https" else "HTTP_PROXY"
    text = _value(environ, name)
    parts = _parsed(text) if text else None
    if text and (parts is None or not parts.scheme or not parts.authority):
        parts = _parsed(f"http://{text}") or parts
    if parts is None:  # not named, or nonsense: Go ignores it
        return None
    if scheme == "http" and environ.get("REQUEST_METHOD"):
        raise ConfigError(
            "HTTP_PROXY is not used where REQUEST_METHOD is set, as in a CGI program: a client could have chosen it",
            hint="unset one of them, or give the cluster a proxy-url in the kubeconfig",
        )
    if host == "localhost" or (address is not None and address.is_loopback):
        return None
    if _excepted(host.strip().lower(), address, port, no_proxy):
        return None
    return _proxy(parts, name)


def variables(scheme: str) -> tuple[str, ...]:
    """The names of the environment variables that `from_environment` reads for a server of a scheme."""
    return _VARIABLES_OF[scheme]


def _value(environ: Mapping[str, str], name: str) -> str:
    return environ.get(name) or environ.get(name.lower()) or ""


# --- URLs as Go's net/url reads them


@dataclasses.dataclass(frozen=True, repr=False, eq=False)
class _Parts:
    scheme: str
    authority: str
    host: str
    port: str
    login: tuple[str, str] | None


_USER = re.compile(r"[\w.\-:~!$&'()*+,;=%@]*", re.ASCII)
_HOST = re.compile(r"\[[0-9a-zA-Z:.%_~-]*\]|(?:[\w.\-~!$&'()*+,;=<>\"\[\]]|[^\0-\x7f])*", re.ASCII)


def _parsed(text: str) -> _Parts | None:
    """The parts of a URL that matter here; None where Go's `url.Parse` fails."""
    if re.search(r"[\0-\x1f\x7f]", text):
        return None
    text, _, fragment = text.partition("#")
    prefix = re.match(r"([A-Za-z][A-Za-z0-9+.-]*):", text)
    if text.startswith(":") or _badly_escaped(fragment):
        return None
    scheme, rest = (prefix[1].lower(), text[prefix.end() :]) if prefix else ("", text)
    rest = rest.partition("?")[0]
    if not rest.startswith("/"):
        opaque_or_relative = scheme or ":" not in rest.partition("/")[0]
        return _Parts(scheme, "", "", "", None) if opaque_or_relative else None
    authority = path = ""
    if rest.startswith("//") and (scheme or not rest.startswith("///")):
        authority, _, path = rest[2:].partition("/")
    login, at, hostport = authority.rpartition("@")
    host, colon, port = hostport.rpartition(":") if re.search(r":[^\]:]*\Z", hostport) else (hostport, "", "")
    valid = _HOST.fullmatch(host) and (not colon or re.fullmatch(r"[0-9]*", port))
    if not valid or not _USER.fullmatch(login) or _badly_escaped(login) or _badly_escaped(path or rest):
        return None
    user, _, password = login.partition(":")
    inner = host[1:-1] if host.startswith("[") else host
    return _Parts(scheme, authority, unquote(inner), port, (unquote(user), unquote(password)) if at else None)


def _badly_escaped(text: str) -> bool:
    return re.search(r"%(?![0-9A-Fa-f]{2})", text) is not None


def _proxy(parts: _Parts, place: str, *, in_kubeconfig: bool = False) -> Proxy:
    port = int(parts.port) if parts.port else _DEFAULT_PORTS.get(parts.scheme, 0)
    if not 0 < port < 65536:
        raise ConfigError(f"{place} is not the URL of a proxy", hint=_LIKE)
    # kubectl treats socks5 as socks5h: the proxy looks names up. A scheme that Go does not know is treated as http.
    scheme = parts.scheme.removesuffix("h") if parts.scheme.startswith("socks5") else parts.scheme
    scheme = scheme if scheme in _DEFAULT_PORTS else "http"
    return Proxy(scheme, parts.host or "localhost", port, place, parts.login, in_kubeconfig)


# --- NO_PROXY (G19)

_Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def _excepted(host: str, address: _Address | None, port: int, no_proxy: str) -> bool:
    """Whether NO_PROXY names this server."""
    rules = [rule for part in no_proxy.split(",") if (rule := part.strip().lower())]
    return "*" in rules or any(_matches(rule, host, address, port) for rule in rules)


def _matches(rule: str, host: str, address: _Address | None, port: int) -> bool:
    if "/" in rule and _network(rule, sloppy=False) is not None:
        return address is not None and _in_network(address, rule, sloppy=False)
    name, rule_port = _split_port(rule)
    if not name:
        return False
    named_address = None if "%" in name else _address(name)
    if rule_port not in ("", str(port)):
        return False
    if named_address is not None:
        return address == named_address
    if address is not None:
        return False
    name = _ascii(name.removeprefix("*") if name.startswith("*.") else name)
    return _ascii(host).endswith(name) if name.startswith(".") else f".{_ascii(host)}".endswith(f".{name}")


def _split_port(rule: str) -> tuple[str, str]:
    """Host and port as Go's `net.SplitHostPort` splits them; all of it and ``""`` where that fails."""
    bracketed = re.fullmatch(r"\[([^\[\]]*)\]:([^:\[\]]*)", rule)
    plain = re.fullmatch(r"([^:\[\]]*):([^:\[\]]*)", rule)
    match = bracketed or plain
    return (match[1], match[2]) if match else (rule, "")


def _ascii(name: str) -> str:
    if name.isascii():
        return name
    try:
        return name.encode("idna").decode("ascii")
    except UnicodeError:
        return name


def _address(text: str) -> _Address | None:
    """An address without its zone; IPv4 in IPv6 is IPv4, as for Go."""
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return address if mapped is None else mapped


def _network(rule: str, *, sloppy: bool) -> ipaddress.IPv4Network | ipaddress.IPv6Network | None:
    """A range in CIDR form. kubectl's own check is `sloppy`: numbers may have leading zeros."""
    text, slash, bits = rule.partition("/")
    if not slash or not re.fullmatch(r"[0-9]+", bits):
        return None
    if sloppy:
        text = re.sub(r"(^|\.)0+(?=[0-9])", r"\1", text)
    try:
        network = ipaddress.ip_network(f"{text}/{int(bits)}", strict=False)
    except ValueError:
        return None
    if isinstance(network, ipaddress.IPv6Network) and network.prefixlen >= 96:
        mapped = network.network_address.ipv4_mapped
        if mapped is not None:
            return ipaddress.IPv4Network((mapped, network.prefixlen - 96))
    return network


def _in_network(address: _Address, rule: str, *, sloppy: bool) -> bool:
    network = _network(rule, sloppy=sloppy)
    return network is not None and address in network
