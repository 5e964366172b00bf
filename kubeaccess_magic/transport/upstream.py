"""`Upstream`: the server that connections lead to, and how to reach it."""

from __future__ import annotations

import dataclasses
import functools
import ipaddress
import re
from collections.abc import Callable
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, urlsplit

from ..errors import ConfigError

if TYPE_CHECKING:
    import socket

    from ..call import Call
    from .proxies import Proxy

__all__ = ["TlsSettings", "Upstream", "host_as_written", "is_address"]

_DEFAULT_PORTS = {"http": 80, "https": 443}


@dataclasses.dataclass(frozen=True, repr=False)
class TlsSettings:
    """How the server's certificate is verified.

    Parameters
    ----------
    ca_file, ca_data
        The certificates to trust, as a path or as PEM; the system's where both are None.
    insecure
        Whether to skip the verification.
    server_name
        The name that the certificate must have, if it is not the host.
    relaxed
        Accept a CA of the cluster's own without the extensions that RFC 5280 asks for.
    ca_stamp
        A value that changes with the file, so that connections made with the old CA are discarded.
    """

    ca_file: str | None = None
    ca_data: bytes | None = None
    insecure: bool = False
    server_name: str | None = None
    relaxed: bool = False
    ca_stamp: object = None


@dataclasses.dataclass(frozen=True, repr=False)
class Upstream:
    """Where connections lead: one server, and the way there. `parse` makes one of a URL.

    Parameters
    ----------
    scheme
        ``http`` or ``https``.
    host
        In lower case; an IPv6 address without brackets.
    port
        Its number.
    base_path
        In front of every path, as Rancher and others have it: ``""``, or from its first "/" on, without one at its end.
    tls
        How its certificate is verified.
    proxy
        The proxy to go through.
    connect
        Makes the socket, in place of a connection to `host` and `port`. It raises our errors only.
    host_header
        What requests say in ``Host``; made of `host` and `port` where empty.
    compressed
        Whether compressed answers are asked for. They only cost time on the same machine.
    """

    scheme: str
    host: str
    port: int
    base_path: str = ""
    tls: TlsSettings = TlsSettings()
    proxy: Proxy | None = None
    connect: Callable[[Call], socket.socket] | None = None
    host_header: str = ""
    compressed: bool = True

    def __post_init__(self) -> None:
        if self.proxy is not None and self.connect is not None:
            raise ValueError("an upstream has a proxy or a socket factory, not both")
        if not self.host_header:
            object.__setattr__(self, "host_header", self.origin.partition("://")[2])

    def __repr__(self) -> str:
        through = f" through {self.proxy}" if self.proxy else ""
        return f"<Upstream {self.url}{through}>"

    @classmethod
    def parse(
        cls,
        url: str,
        *,
        tls: TlsSettings = TlsSettings(),
        proxy: Proxy | None = None,
        connect: Callable[[Call], socket.socket] | None = None,
        compressed: bool | None = None,
    ) -> Upstream:
        """The server that a URL names; a login in it is left out.

        Parameters
        ----------
        url
            ``http(s)://host[:port][/base]``.
        tls, proxy, connect
            As of `Upstream`.
        compressed
            None: unless the server is on this machine.

        Raises
        ------
        ConfigError
            The text is not such a URL.
        """
        parts = urlsplit(url)
        host = (parts.hostname or "").replace("%25", "%")  # of an IPv6 zone
        port = _port(parts)
        if parts.scheme not in _DEFAULT_PORTS or not host or port is None:
            raise ConfigError(
                "the server of the context is not an http or https URL",
                hint="`server:` in the kubeconfig reads like https://10.0.0.1:6443",
            )
        return cls(
            scheme=parts.scheme,
            host=host,
            port=port,
            base_path=parts.path.rstrip("/"),
            tls=tls,
            proxy=proxy,
            connect=connect,
            host_header=_host_header(_authority(parts)),
            compressed=not _on_this_machine(host) if compressed is None else compressed,
        )

    @functools.cached_property
    def origin(self) -> str:
        """Scheme, host and port, without a default port (E7)."""
        port = "" if self.port == _DEFAULT_PORTS.get(self.scheme) else f":{self.port}"
        return f"{self.scheme}://{self.address}{port}"

    @functools.cached_property
    def url(self) -> str:
        """The origin with the base path; never a login."""
        return self.origin + self.base_path

    @property
    def address(self) -> str:
        """The host as it stands in a URL: an IPv6 address in brackets."""
        return f"[{self.host}]" if ":" in self.host else self.host

    @functools.cached_property
    def secure(self) -> bool:
        """Whether connections use TLS; secrets are sent only then (G10)."""
        return self.scheme == "https"


def host_as_written(url: str) -> str:
    """The host of a URL as it is written: to Go ``LOCALHOST`` is not ``localhost`` (G18)."""
    return re.sub(r":\d+\Z", "", _authority(urlsplit(url))).strip("[]")


def is_address(host: str) -> bool:
    """Whether a host is an IP address in full."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _port(parts: SplitResult) -> int | None:
    """The port of a URL, None where it is not a number that a port can have."""
    try:
        return parts.port or _DEFAULT_PORTS.get(parts.scheme)
    except ValueError:
        return None


def _authority(parts: SplitResult) -> str:
    return parts.netloc.rpartition("@")[2].removesuffix(":")


def _on_this_machine(host: str) -> bool:
    if is_address(host):
        return ipaddress.ip_address(host).is_loopback
    return host == "localhost" or host.endswith(".localhost")


def _host_header(authority: str) -> str:
    """An authority as it goes over the wire: without a zone (RFC 6874), a name in its ASCII form (G15)."""
    authority = re.sub(r"%[^\]]*\]", "]", authority)
    if authority.isascii():
        return authority
    host, colon, port = authority.partition(":")
    try:
        return host.encode("idna").decode() + colon + port
    except UnicodeError:
        raise ConfigError(
            "the server of the context has a name that cannot be written in ASCII",
            hint="write it in `server:` as the DNS has it, with xn--",
        ) from None
