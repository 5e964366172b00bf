"""Where a transport's connections and signatures come from: a `Context` with its `Credential`."""

from __future__ import annotations

import dataclasses
import ipaddress
import os
import re
import ssl
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import urlsplit

from urllib3 import HTTPConnectionPool, HTTPSConnectionPool, PoolManager, ProxyManager

from .. import kubeconfig
from ..credentials.held import stamp_of
from ..errors import ConfigError, Unreachable
from ..process import ForkLock
from . import proxies, tls
from .guard import Guards, guarded

if TYPE_CHECKING:
    from ..call import Call
    from ..credentials import Credential
    from ..kubeconfig import Context

__all__ = ["CONNECTIONS", "ContextSource", "Server", "Source"]

CONNECTIONS = 32  # kept open; more are opened when more threads ask, and closed after
_WRITTEN_S = 0.1  # after that a file is written


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
    host_header
        What requests say in ``Host``: as the URL spells it, with a default port if it is there (G15).
    address
        The host as urllib3 wants it, an IPv6 address in brackets.
    spelled
        The host as the URL spells it: to Go ``LOCALHOST`` is not ``localhost`` (G18).
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
        self.host = parts.hostname.replace("%25", "%")  # of an IPv6 zone
        self.port = port or (443 if parts.scheme == "https" else 80)
        self.base = parts.path.rstrip("/")
        self.address = host = f"[{self.host}]" if ":" in self.host else self.host
        authority = parts.netloc.rpartition("@")[2].removesuffix(":")
        self.host_header = _host_header(authority)
        self.spelled = re.sub(r":\d+\Z", "", authority).strip("[]")
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
        if _is_address(self.host):
            return ipaddress.ip_address(self.host).is_loopback
        return self.host == "localhost" or self.host.endswith(".localhost")


class Source(Protocol):
    """What a transport needs: connections to one server, and what signs a request to it."""

    server: Server
    compress: bool
    guards: Guards  # those of the pool that was given last
    proxy: proxies.Proxy | None  # that this pool goes through, as far as it is known

    def signed(self, call: Call) -> Mapping[str, str]:
        """The headers that sign a request, a repeated one in other cases of its letters; no secret over plain http."""

    def pool(self, call: Call) -> HTTPConnectionPool:
        """Connections to the server, and to nobody else."""

    def renew(self, call: Call) -> bool:
        """After a 401: whether there is another credential now."""

    def close(self) -> None:
        """Close what is open."""


class ContextSource:
    """One pool to the server of a context, made at the first request, signed by its credential.

    When the kubeconfig has changed on disk, the next request follows it: to another server, with another CA, through
    another proxy. So does a forked process, to connections of its own.

    Parameters
    ----------
    context
        Says where the server is and whom to trust.
    credential
        Signs.
    """

    def __init__(self, context: Context, credential: Credential) -> None:
        self._credential = credential
        self.guards = Guards()
        self.proxy: proxies.Proxy | None = None
        self._lock = ForkLock()
        self._pool: HTTPConnectionPool | None = None
        self._inherited: list[HTTPConnectionPool] = []  # a parent process's, in a forked one
        self._made_for: tuple[object, ...] = ()
        self._take(context)
        self._stamps = self._looked()

    def signed(self, call: Call) -> Mapping[str, str]:
        """The headers that sign a request."""
        self._follow(call)
        signed = self._credential.headers(call)
        if not self.server.secure:  # the credential knows it too (G10); whom to act as is said over plain http as well
            signed.pop("Authorization", None)
        return {"Host": self.server.host_header, **signed}

    def pool(self, call: Call) -> HTTPConnectionPool:
        """The pool; a new one when what it was made for has changed, and in a forked process."""
        if self._wanted() == self._made_for and (pool := self._pool) is not None:
            return pool
        with self._lock:
            if self._pool is None or self._made_for != self._wanted():
                made = self._make(call)
                if self._pool is not None and self._made_for[0] != os.getpid():
                    # A parent's pool is kept as it is: closing it here would need a lock that may be held for ever.
                    self._inherited.append(self._pool)
                self._pool = made
                self._made_for = self._wanted()  # asking for the certificate may have renewed it
            return self._pool

    def renew(self, call: Call) -> bool:
        """Whether there is another credential now."""
        return self.server.secure and self._credential.renew(call)

    def close(self) -> None:
        """Close the connections that wait in the pool."""
        pool, self._pool = self._pool, None
        if pool is not None and self._made_for[0] == os.getpid():
            pool.close()

    def _take(self, context: Context) -> None:
        self._context = context
        self.server = Server(context.server)
        self.compress = not (context.disable_compression or self.server.loopback)

    def _looked(self) -> tuple[object, ...]:
        return tuple(map(stamp_of, self._context.files))

    def _follow(self, call: Call) -> None:
        """Take what the kubeconfig says now of this context, if it has changed; a broken one is not taken."""
        stamps = self._looked()
        if stamps == self._stamps:
            return
        with self._lock:
            if stamps == self._stamps:  # another thread has taken it
                return
            named = {**os.environ, "KUBECONFIG": os.pathsep.join(self._context.files)}
            try:
                kubeconfig.contexts(environ=named)
            except ConfigError:  # gone or half written: looked at again for the next request
                return
            try:
                found = kubeconfig.choose(self._context.name, environ=named)
            except ConfigError:
                time.sleep(_WRITTEN_S)  # kubectl itself writes in two steps: empties the file, and fills it
                found = kubeconfig.choose(self._context.name, environ=named)
            found = dataclasses.replace(found, files=self._context.files, namespace=self._context.namespace)
            if found != self._context:
                self._credential.follow(found, call)
                self._take(found)
            self._stamps = stamps

    def _wanted(self) -> tuple[object, ...]:
        """What a pool is made for; it is of no use when this is another."""
        context = self._context
        return (
            os.getpid(),
            context,
            self._credential.certificate_version if self.server.secure else None,
            None if context.proxy else proxies.variables(os.environ),
            None if context.ca_file is None else (stamp_of(context.ca_file), os.environ.get(tls.RELAXED)),
        )

    def _make(self, call: Call) -> HTTPConnectionPool:
        server, context = self.server, self._context
        options: dict[str, Any] = {"maxsize": CONNECTIONS, "block": False}
        trust: ssl.SSLContext | None = None
        if server.secure:
            trust = self._trust(call)
            options |= {"ssl_context": trust, "server_hostname": context.tls_server_name or _in_ipv4(server.host)}
        pool: HTTPConnectionPool
        proxy = self._proxy()
        if proxy is not None:
            if proxy.scheme == "https":  # checked with the cluster's CA, or the system's for a plain server (G16)
                options["proxy_ssl_context"] = trust or tls.client_context(None, None, insecure=False)
                if trust and context.tls_server_name:  # urllib3 turns off the context's own look at names then
                    options["proxy_ssl_context"] = self._trust(call)
                    options["proxy_assert_hostname"] = context.tls_server_name
            pool = _through(proxy, server, options)
        elif re.fullmatch(r"[\d.]+|0[xX][\da-fA-FxX.]*", server.host) and not _is_address(server.host):
            # `127.1` and `0x7f.1` are addresses to libc alone: to kubectl they are names, and nobody has such a name.
            raise Unreachable(f"the name in {server.url} is not known here", hint="write an address in full")
        elif server.secure:
            pool = HTTPSConnectionPool(server.address, server.port, **options)
        else:
            pool = HTTPConnectionPool(server.address, server.port, **options)
        self.guards = guarded(pool)
        self.proxy = proxy
        return pool

    def _trust(self, call: Call) -> ssl.SSLContext:
        context = self._context
        relaxed = tls.relaxed_for(context.server, os.environ)
        trust = tls.client_context(
            context.ca_file, context.ca_data, insecure=context.insecure_skip_tls_verify, relaxed=relaxed
        )
        certificate = self._credential.client_certificate(call)
        if certificate is not None:
            tls.use_client_certificate(trust, certificate.certificate, certificate.key)
        return trust

    def _proxy(self) -> proxies.Proxy | None:
        """The kubeconfig's proxy, which wins, or the environment's."""
        context = self._context
        if context.proxy is not None:
            entry = kubeconfig.cluster_entry(context) or {}
            return proxies.from_kubeconfig(str(entry.get("proxy-url") or context.proxy), f"cluster {context.cluster!r}")
        return proxies.from_environment(self.server.scheme, self.server.spelled, self.server.port, os.environ)


def _through(proxy: proxies.Proxy, server: Server, options: dict[str, Any]) -> HTTPConnectionPool:
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
        # socks5h, as urllib3 calls it: names are resolved at the proxy.
        manager = SOCKSProxyManager(
            f"socks5h://{proxy.address}", username=name or None, password=password or None, **options
        )
    else:
        if proxy.authorization is not None:
            options["proxy_headers"] = {"proxy-authorization": proxy.authorization}
        manager = ProxyManager(f"{proxy.scheme}://{proxy.address}", **options)
    return manager.connection_from_host(server.address, server.port, server.scheme)


def _host_header(authority: str) -> str:
    """An authority as it goes over the wire: without a zone (RFC 6874), names in their ASCII form."""
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


def _in_ipv4(host: str) -> str | None:
    """The address that an IPv4 address in IPv6 form is, for whose name the certificate must be; else None."""
    mapped = getattr(ipaddress.ip_address(host), "ipv4_mapped", None) if _is_address(host) else None
    return None if mapped is None else str(mapped)


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
