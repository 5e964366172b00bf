"""The official Python client, both ways: one made over our pool, and ours over one that somebody configured.

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
from ..errors import ConfigError, TargetError
from . import failures
from .guard import Guards, guarded
from .proxies import Proxy
from .sources import CONNECTIONS, Server, Source

__all__ = ["ClientSource", "api_client", "source_of"]


def api_client(source: Source, user_agent: str) -> Any:
    """An official ``ApiClient`` that asks the source's server over the source's pool, signed afresh each time.

    Parameters
    ----------
    source
        Pool and credential.
    user_agent
        How it introduces itself.
    """
    from kubernetes import client

    configuration = client.Configuration()
    configuration.host = source.server.url
    configuration.proxy = None  # the environment's is not for it to choose: the pool knows the way
    made = client.ApiClient(configuration)
    made.user_agent = user_agent
    made.rest_client.pool_manager = _SignedManager(source)
    return made


def source_of(api_client: Any) -> Source:
    """The pool and the credential behind an official client: ours, if it is one that we made."""
    manager = getattr(getattr(api_client, "rest_client", None), "pool_manager", None)
    return manager.source if isinstance(manager, _SignedManager) else ClientSource(api_client)


class ClientSource:
    """The pool and the headers of an official client that somebody configured.

    Parameters
    ----------
    api_client
        A ``kubernetes.client.ApiClient``.
    """

    def __init__(self, api_client: Any) -> None:
        try:
            self._configuration = api_client.configuration
            self._manager = api_client.rest_client.pool_manager
            self._default_headers = api_client.default_headers
            self.server = Server(str(self._configuration.host))
        except AttributeError as error:
            raise ConfigError(
                f"{type(api_client).__name__} is no kubernetes.client.ApiClient",
                hint="kubernetes.config.new_client_from_config() makes one",
            ) from error
        self.compress = not self.server.loopback
        self.guards = Guards()
        self.proxy: Proxy | None = None  # it is the client's own affair
        self._processes: list[int] = []

    def signed(self, call: Call) -> Mapping[str, str]:
        """The client's own headers and its credential, renewed by the client's own hook."""
        headers = {name: str(value) for name, value in self._default_headers.items() if name.lower() not in _OURS}
        if not self.server.secure:
            return {name: value for name, value in headers.items() if name.lower() not in _SECRET}
        configuration = self._configuration
        if call.unattended:  # the hook may run a plugin
            configuration = copy.copy(configuration)
            configuration.refresh_api_key_hook = None
        for setting in configuration.auth_settings().values():
            if setting.get("in") == "header" and setting.get("value"):
                headers = {name: value for name, value in headers.items() if name.lower() != setting["key"].lower()}
                headers[setting["key"]] = setting["value"]
        return headers

    def pool(self, call: Call) -> HTTPConnectionPool:
        """A pool of the manager: its TLS and its proxy, but of a size of its own, and so apart from the client's.

        A forked process has another size, and so connections of its own.
        """
        if os.getpid() not in self._processes:
            self._processes.append(os.getpid())
        size = CONNECTIONS + self._processes.index(os.getpid())
        pool: HTTPConnectionPool = self._manager.connection_from_url(
            self._configuration.host, pool_kwargs={"maxsize": size, "block": False}
        )
        self.guards = guarded(pool)
        return pool

    def renew(self, call: Call) -> bool:
        """Never: the client renews by itself when it signs."""
        return False

    def close(self) -> None:
        """Nothing: the connections are somebody else's."""


class _SignedManager(urllib3.PoolManager):
    """A pool manager for one server: signs what goes there, and goes nowhere else."""

    def __init__(self, source: Source) -> None:
        super().__init__()
        self.source = source
        self._call = Call(say=logging.getLogger("kubeaccess_magic").warning)  # a plugin's prompt must be read

    def connection_from_host(
        self, host: str | None, port: int | None = None, scheme: str | None = "http", pool_kwargs: Any = None
    ) -> HTTPConnectionPool:
        server = self.source.server
        default = 443 if scheme == "https" else 80
        if (scheme, (host or "").strip("[]").lower(), port or default) != (server.scheme, server.host, server.port):
            raise TargetError(
                f"this client asks {server.url} and nobody else", hint="make a Cluster of the other server"
            )
        return self.source.pool(self._call)

    # No override in types: what urllib3 takes by position, the official client gives by name.
    def urlopen(self, method: str, url: str, redirect: bool = True, **options: Any) -> Any:  # type: ignore[override]
        try:
            return self._urlopen(method, url, **options)
        except BaseException as error:  # its frames hold signed headers, and a verbose traceback shows what frames hold
            raise failures.without_frames(error) from error.__cause__

    def _urlopen(self, method: str, url: str, **options: Any) -> Any:
        # No redirect is followed: the credential is for this server, and a redirect is not of its making (X2).
        headers = options.pop("headers", None) or {}
        options |= {"redirect": False, "assert_same_host": False}
        asked = parse_url(url)
        pool = self.connection_from_host(asked.host, asked.port, asked.scheme)
        # A proxy that forwards plain http is told the whole URL.
        path = asked.request_uri if pool.proxy is None or self.source.server.secure else url
        answer = pool.urlopen(method, path, headers=self._signed(headers), **options)
        if answer.status == 401 and self.source.renew(self._call) and method.upper() in ("GET", "HEAD"):
            answer.drain_conn()
            answer.release_conn()
            answer = pool.urlopen(method, path, headers=self._signed(headers), **options)
        return answer

    def _signed(self, headers: Mapping[str, str]) -> HTTPHeaderDict:
        kept = HTTPHeaderDict({name: value for name, value in headers.items() if name.lower() not in _SECRET})
        for name, value in self.source.signed(self._call).items():
            kept.add(name, value)
        return kept


_OURS = frozenset({"user-agent", "accept", "accept-encoding", "content-type", "content-length", "host"})
_SECRET = frozenset({"authorization", "proxy-authorization", "cookie"})
