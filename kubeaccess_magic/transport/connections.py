"""Connections to one upstream: urllib3's pools, and how they are made."""

from __future__ import annotations

import dataclasses
import re
import ssl
from typing import TYPE_CHECKING, Any

from urllib3 import HTTPConnectionPool, HTTPSConnectionPool, PoolManager, ProxyManager

from ..errors import ConfigError, Unreachable
from . import tls
from .deadlines import CurrentGuard, guarded
from .upstream import Upstream, is_address

if TYPE_CHECKING:
    from ..credentials import ClientCertificate
    from .proxies import Proxy

__all__ = ["CONNECTIONS", "Connections", "connections_to"]

CONNECTIONS = 32  # kept open; more are opened when more threads ask, and closed after
_ALMOST_AN_ADDRESS = re.compile(r"[\d.]+|0[xX][\da-fA-FxX.]*")


@dataclasses.dataclass(frozen=True, repr=False, eq=False)
class Connections:
    """Connections to one upstream, with the guard of the current request of each thread.

    Pool and guard are one value: a request whose guard stood elsewhere would have no deadline.

    Parameters
    ----------
    upstream
        Where they lead.
    pool
        urllib3's.
    current_guard
        Where the guard of a request is put while it is sent.
    """

    upstream: Upstream
    pool: HTTPConnectionPool
    current_guard: CurrentGuard


def connections_to(upstream: Upstream, certificate: ClientCertificate | None) -> Connections:
    """Prepare connections to an upstream; none is opened before the first request.

    Parameters
    ----------
    upstream
        Where they lead.
    certificate
        The client certificate to sign in with, or None.

    Raises
    ------
    ConfigError
        A CA, the client certificate or the proxy cannot be used.
    Unreachable
        The host is an address that only libc understands.
    """
    options: dict[str, Any] = {"maxsize": CONNECTIONS, "block": False}
    trust: ssl.SSLContext | None = None
    if upstream.secure:
        trust = _trust(upstream, certificate)
        options |= {"ssl_context": trust, "server_hostname": upstream.tls.server_name or tls.ipv4_within(upstream.host)}
    pool: HTTPConnectionPool
    if upstream.proxy is not None:
        pool = _pool_through(upstream.proxy, upstream, certificate, trust, options)
    elif _ALMOST_AN_ADDRESS.fullmatch(upstream.host) and not is_address(upstream.host):
        # `127.1` and `0x7f.1` are addresses to libc alone: to kubectl they are names, and nobody has such a name.
        raise Unreachable(f"the name in {upstream.url} is not known here", hint="write an address in full")
    elif upstream.secure:
        pool = HTTPSConnectionPool(upstream.address, upstream.port, **options)
    else:
        pool = HTTPConnectionPool(upstream.address, upstream.port, **options)
    return Connections(upstream, pool, guarded(pool, upstream.connect))


def _trust(upstream: Upstream, certificate: ClientCertificate | None) -> ssl.SSLContext:
    trust = tls.client_context(
        upstream.tls.ca_file, upstream.tls.ca_data, insecure=upstream.tls.insecure, relaxed=upstream.tls.relaxed
    )
    if certificate is not None:
        tls.use_client_certificate(trust, certificate.certificate, certificate.key)
    return trust


def _pool_through(
    proxy: Proxy,
    upstream: Upstream,
    certificate: ClientCertificate | None,
    trust: ssl.SSLContext | None,
    options: dict[str, Any],
) -> HTTPConnectionPool:
    """A pool whose connections go through a proxy."""
    manager: PoolManager
    if proxy.scheme == "socks5":
        try:
            from urllib3.contrib.socks import SOCKSProxyManager
        except ImportError as error:
            raise ConfigError(
                f"{proxy.place} names a SOCKS proxy, and PySocks is not installed",
                hint="pip install kubeaccess_magic[socks]",
            ) from error
        name, password = proxy.login or ("", "")
        # socks5h, as urllib3 calls it: the proxy looks names up.
        manager = SOCKSProxyManager(
            f"socks5h://{proxy.address}", username=name or None, password=password or None, **options
        )
    else:
        if proxy.scheme == "https":  # verified by the cluster's CA, or the system's for a plain server (G16)
            options["proxy_ssl_context"] = trust or tls.client_context(None, None, insecure=False)
            if trust and upstream.tls.server_name:  # urllib3 turns off the context's own check of names then
                options["proxy_ssl_context"] = _trust(upstream, certificate)
                options["proxy_assert_hostname"] = upstream.tls.server_name
        if proxy.authorization is not None:
            options["proxy_headers"] = {"proxy-authorization": proxy.authorization}
        manager = ProxyManager(f"{proxy.scheme}://{proxy.address}", **options)
    return manager.connection_from_host(upstream.address, upstream.port, upstream.scheme)
