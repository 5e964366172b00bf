"""Where a transport's connections and signatures come from: a `Context` with its `Credential`."""

from __future__ import annotations

import ipaddress
import os
import ssl
import threading
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import unquote, urlsplit

from urllib3 import HTTPConnectionPool, HTTPSConnectionPool, PoolManager, ProxyManager, make_headers

from .. import kubeconfig
from ..errors import ConfigError
from . import tls
from .guard import Guards, guarded

if TYPE_CHECKING:
    from ..credentials import Credential
    from ..kubeconfig import Context
    from ..limits import Watch

__all__ = ["CONNECTIONS", "ContextSource", "Server", "Source"]

CONNECTIONS = 32  # kept open; more are opened when more threads ask, and closed after


class Server:
    """Where the API server is.

    Parameters
    ----------
    url
        Its URL, with the base path that Rancher and others have.

    Attributes
    ----------
    url
        Lower-case scheme and host, no default port, no "/" at the end (E7), no login.
    base
        The base path, ``""`` or from its first "/".
    """

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        try:
            port = parts.port
        except ValueError:
            port = -1
        if parts.scheme not in ("http", "https") or not parts.hostname or port == -1:
            raise ConfigError(
                "the server of the context is no http or https URL",
                hint="`server:` in the kubeconfig reads like https://10.0.0.1:6443",
            )
        self.scheme = parts.scheme
        self.host = parts.hostname
        self.port = port or (443 if parts.scheme == "https" else 80)
        self.base = parts.path.rstrip("/")
        host = f"[{self.host}]" if ":" in self.host else self.host
        shown_port = "" if self.port == (443 if self.secure else 80) else f":{self.port}"
        self.origin = f"{self.scheme}://{host}{shown_port}"
        self.url = self.origin + self.base

    @property
    def secure(self) -> bool:
        """Whether TLS is spoken: only then is anything signed (G10)."""
        return self.scheme == "https"

    @property
    def loopback(self) -> bool:
        """Whether it is on this machine: compression would only take time there."""
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost" or self.host.endswith(".localhost")


class Source(Protocol):
    """What a transport needs: connections to one server, and what signs a request to it."""

    server: Server
    compress: bool
    guards: Guards  # those of the pool that was given last

    def signed(self, watch: Watch) -> Mapping[str, str]:
        """The headers that sign a request, a repeated one in other cases of its letters; no secret over plain http."""

    def pool(self, watch: Watch) -> HTTPConnectionPool:
        """Connections to the server, and to nobody else."""

    def renew(self, watch: Watch) -> bool:
        """After a 401: whether there is another credential now."""

    def close(self) -> None:
        """Close what is open."""


class ContextSource:
    """One pool to the server of a context, made at the first request, signed by its credential.

    Parameters
    ----------
    context
        Says where the server is and whom to trust.
    credential
        Signs.
    """

    def __init__(self, context: Context, credential: Credential) -> None:
        self.server = Server(context.server)
        self.compress = not (context.disable_compression or self.server.loopback)
        self._context = context
        self._credential = credential
        self.guards = Guards()
        self._lock = threading.Lock()
        self._pool: HTTPConnectionPool | None = None
        self._made_for: tuple[int, object] = (0, None)

    def signed(self, watch: Watch) -> Mapping[str, str]:
        """The headers that sign a request."""
        signed = self._credential.headers(watch)
        if not self.server.secure:  # the credential knows it too (G10); whom to act as is said over plain http as well
            signed.pop("Authorization", None)
        return signed

    def pool(self, watch: Watch) -> HTTPConnectionPool:
        """The pool; a new one after the client certificate was renewed, and in a forked process."""
        made_for = (os.getpid(), self._credential.certificate_version if self.server.secure else None)
        pool = self._pool
        if pool is not None and made_for == self._made_for:
            return pool
        with self._lock:
            if self._pool is None or made_for != self._made_for:
                self._pool = self._make(watch)
                # Asking for the certificate may have renewed it.
                self._made_for = (made_for[0], self._credential.certificate_version if self.server.secure else None)
            return self._pool

    def renew(self, watch: Watch) -> bool:
        """Whether there is another credential now."""
        return self.server.secure and self._credential.renew(watch)

    def close(self) -> None:
        """Close the connections that wait in the pool."""
        pool, self._pool = self._pool, None
        if pool is not None:
            pool.close()

    def _make(self, watch: Watch) -> HTTPConnectionPool:
        server, context = self.server, self._context
        options: dict[str, Any] = {"maxsize": CONNECTIONS, "block": False}
        trust: ssl.SSLContext | None = None
        if server.secure:
            trust = tls.client_context(context.ca_file, context.ca_data, insecure=context.insecure_skip_tls_verify)
            certificate = self._credential.client_certificate(watch)
            if certificate is not None:
                tls.use_client_certificate(trust, certificate.certificate, certificate.key)
            options |= {"ssl_context": trust, "server_hostname": context.tls_server_name or None}
        pool: HTTPConnectionPool
        if context.proxy is not None:
            pool = _through_proxy(context, server, trust, options)
        elif server.secure:
            pool = HTTPSConnectionPool(server.host, server.port, **options)
        else:
            pool = HTTPConnectionPool(server.host, server.port, **options)
        self.guards = guarded(pool)
        return pool


def _through_proxy(
    context: Context, server: Server, trust: ssl.SSLContext | None, options: dict[str, Any]
) -> HTTPConnectionPool:
    """A pool whose connections go through the ``proxy-url`` of the kubeconfig (G16)."""
    entry = kubeconfig.cluster_entry(context) or {}
    url = urlsplit(str(entry.get("proxy-url") or context.proxy))
    host = f"[{url.hostname}]" if ":" in (url.hostname or "") else url.hostname
    address = host if url.port is None else f"{host}:{url.port}"
    login = None if url.username is None else f"{unquote(url.username)}:{unquote(url.password or '')}"
    manager: PoolManager
    if url.scheme in ("http", "https"):
        if login is not None:
            options["proxy_headers"] = make_headers(proxy_basic_auth=login)
        if url.scheme == "https":  # checked with the cluster's CA
            options["proxy_ssl_context"] = trust or tls.client_context(context.ca_file, context.ca_data, insecure=False)
        manager = ProxyManager(f"{url.scheme}://{address}", **options)
    elif url.scheme == "socks5":
        try:
            from urllib3.contrib.socks import SOCKSProxyManager
        except ImportError as error:
            raise ConfigError(
                "the proxy-url of the context is a SOCKS proxy, and PySocks is not installed",
                hint="pip install kubeaccess_magic[socks]",
            ) from error
        user, _, password = (login or "").partition(":")
        # socks5h, as urllib3 calls it: names are resolved at the proxy.
        manager = SOCKSProxyManager(f"socks5h://{address}", username=user or None, password=password or None, **options)
    else:
        raise ConfigError(
            f"the proxy-url of the context has the scheme {url.scheme!r}", hint="http, https and socks5 are possible"
        )
    return manager.connection_from_host(server.host, server.port, server.scheme)
