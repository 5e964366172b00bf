"""The official Python client, both ways: one made over our connections, and ours over one that somebody configured.

Works with the clients 31 to 37: nothing but ``Configuration.host`` and ``auth_settings()``, ``ApiClient
.default_headers`` and ``.rest_client.pool_manager`` is used of them (P14).
"""

from __future__ import annotations

import copy
import logging
import os
from collections.abc import Mapping
from typing import Any

import urllib3
from urllib3 import HTTPConnectionPool, HTTPHeaderDict
from urllib3.util import parse_url

from ..call import Call
from ..credentials import Signature
from ..errors import ConfigError, TargetError
from . import failures
from .connections import CONNECTIONS, Connections
from .deadlines import guarded
from .leases import Lease, LeaseSource
from .upstream import Upstream

__all__ = ["ClientLeases", "api_client", "leases_of"]


def api_client(leases: LeaseSource, user_agent: str) -> Any:
    """An official ``ApiClient`` that asks our upstream over our connections, signed afresh each time.

    Parameters
    ----------
    leases
        Give the connections and the signatures.
    user_agent
        How it introduces itself.
    """
    from kubernetes import client

    configuration = client.Configuration()
    configuration.host = leases.upstream.url
    configuration.proxy = None  # the environment's is not for it to choose: our connections know the way
    official = client.ApiClient(configuration)
    official.user_agent = user_agent
    official.rest_client.pool_manager = _SigningManager(leases)
    return official


def leases_of(api_client: Any) -> LeaseSource:
    """The connections and the credential behind an official client: ours, if it is one that we made.

    Raises
    ------
    ConfigError
        The object is not an official client.
    """
    manager = getattr(getattr(api_client, "rest_client", None), "pool_manager", None)
    return manager.leases if isinstance(manager, _SigningManager) else ClientLeases(api_client)


class ClientLeases:
    """Leases of the connections and the headers of an official client that somebody configured.

    Parameters
    ----------
    api_client
        A ``kubernetes.client.ApiClient``.

    Raises
    ------
    ConfigError
        The object is not an official client.
    """

    def __init__(self, api_client: Any) -> None:
        try:
            self._manager = api_client.rest_client.pool_manager
            self._host = str(api_client.configuration.host)
            self.upstream = Upstream.parse(self._host)
            self._auth = _ClientAuth(api_client, secure=self.upstream.secure)
        except AttributeError as error:
            raise ConfigError(
                f"{type(api_client).__name__} is not a kubernetes.client.ApiClient",
                hint="kubernetes.config.new_client_from_config() makes one",
            ) from error
        self._processes: list[int] = []

    def lease(self, call: Call) -> Lease:
        """The client's connections, with its TLS and its proxy, and its headers.

        Its manager is asked for a pool of a size of its own, so that it is apart from the client's. A forked process
        has another size, and so connections of its own.
        """
        if os.getpid() not in self._processes:
            self._processes.append(os.getpid())
        size = CONNECTIONS + self._processes.index(os.getpid())
        pool: HTTPConnectionPool = self._manager.connection_from_url(
            self._host, pool_kwargs={"maxsize": size, "block": False}
        )
        connections = Connections(self.upstream, pool, guarded(pool))
        return Lease(self.upstream, connections, self._auth.sign(call), self._auth)

    def close(self) -> None:
        """Does nothing: the connections belong to the client."""


class _ClientAuth:
    """Signs as an official client does."""

    def __init__(self, api_client: Any, *, secure: bool) -> None:
        self._secure = secure
        self._configuration = api_client.configuration
        self._default_headers = api_client.default_headers

    def sign(self, call: Call) -> Signature:
        """The client's own headers and its credential, renewed by the client's own hook."""
        headers = {name: str(value) for name, value in self._default_headers.items() if name.lower() not in _OURS}
        if not self._secure:
            return Signature(tuple(pair for pair in headers.items() if pair[0].lower() not in _SECRET))
        configuration = self._configuration
        if call.unattended:  # the hook may run a plugin
            configuration = copy.copy(configuration)
            configuration.refresh_api_key_hook = None
        for setting in configuration.auth_settings().values():
            if setting.get("in") == "header" and setting.get("value"):
                headers = {name: value for name, value in headers.items() if name.lower() != setting["key"].lower()}
                headers[setting["key"]] = setting["value"]
        return Signature(tuple(headers.items()))

    def renew(self, call: Call, refused: Signature) -> bool:
        """Always false: the client renews its credential itself when it signs."""
        return False


class _SigningManager(urllib3.PoolManager):
    """A pool manager for one server: signs what goes there, and goes nowhere else."""

    def __init__(self, leases: LeaseSource) -> None:
        super().__init__()
        self.leases = leases
        self._call = Call(say=logging.getLogger("kubeaccess_magic").warning)  # somebody must read a plugin's prompt

    def connection_from_host(
        self, host: str | None, port: int | None = None, scheme: str | None = "http", pool_kwargs: Any = None
    ) -> HTTPConnectionPool:
        self._refuse_another(host, port, scheme)
        return self.leases.lease(self._call).connections.pool

    # No override in types: what urllib3 takes by position, the official client gives by name.
    def urlopen(self, method: str, url: str, redirect: bool = True, **options: Any) -> Any:  # type: ignore[override]
        try:
            return self._urlopen(method, url, **options)
        except BaseException as error:  # its frames hold signed headers, and a verbose traceback shows what frames hold
            raise failures.without_frames(error) from error.__cause__

    def _urlopen(self, method: str, url: str, **options: Any) -> Any:
        # No redirect is followed: the credential is for this server, and a redirect may lead elsewhere (X2).
        headers = options.pop("headers", None) or {}
        options |= {"redirect": False, "assert_same_host": False}
        parts = parse_url(url)
        self._refuse_another(parts.host, parts.port, parts.scheme)
        lease = self.leases.lease(self._call)
        response = _sent(lease, method, url, headers, options)
        if response.status == 401 and lease.renew(self._call) and method.upper() in ("GET", "HEAD"):
            response.drain_conn()
            response.release_conn()
            response = _sent(self.leases.lease(self._call), method, url, headers, options)
        return response

    def _refuse_another(self, host: str | None, port: int | None, scheme: str | None) -> None:
        upstream = self.leases.upstream
        default = 443 if scheme == "https" else 80
        if (scheme, (host or "").strip("[]").lower(), port or default) != (
            upstream.scheme,
            upstream.host,
            upstream.port,
        ):
            raise TargetError(
                f"this client asks {upstream.url} and nobody else", hint="make a Cluster of the other server"
            )


def _sent(lease: Lease, method: str, url: str, headers: Mapping[str, str], options: Mapping[str, Any]) -> Any:
    """urllib3's response to a request of the official client."""
    pool = lease.connections.pool
    # A proxy that forwards plain http is told the whole URL.
    path = parse_url(url).request_uri if pool.proxy is None or lease.upstream.secure else url
    signed = HTTPHeaderDict({name: value for name, value in headers.items() if name.lower() not in _SECRET})
    signed["Host"] = lease.upstream.host_header
    for name, value in lease.signature.headers:
        signed.add(name, value)
    return pool.urlopen(method, path, headers=signed, **options)


_OURS = frozenset({"user-agent", "accept", "accept-encoding", "content-type", "content-length", "host"})
_SECRET = frozenset({"authorization", "proxy-authorization", "cookie"})
