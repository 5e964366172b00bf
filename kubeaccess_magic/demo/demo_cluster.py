"""The demo cluster: puts world, API server and TLS together and starts them."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import secrets
import socket
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Final

from tornado.iostream import IOStream, SSLIOStream, StreamClosedError
from tornado.netutil import bind_sockets, ssl_wrap_socket
from tornado.tcpserver import TCPServer

from .api.apiserver import ApiServer
from .api.authentication import Authenticator
from .api.defaults import add_defaults
from .api.resources import METRICS, Catalogue
from .api.status import Object
from .api.store import Store
from .certificates import Authority, KeyPair, server_context
from .http.exchange import Handler, serve
from .kubeconfig_file import write_kubeconfig
from .proxy.pod_network import Listener, PodNetwork
from .world.builder import World
from .world.builtin_world import builtin_world
from .world.controller import EndpointController
from .world.metrics_api import current_metrics
from .world.objects_file import read_objects
from .world.roles import NAMESPACES, USERS

VERSIONS: Final = {"1.36": "1.36.3", "1.37": "1.37.2"}
"""Generation → the exact Kubernetes version that it claims to be."""
HOST: Final = "127.0.0.1"
CURRENT_CONTEXT: Final = "demo"
_BUFFER_BYTES: Final = 2**20
_ADMIN: Final = "admin"
_NODE_ADDRESS: Final = "10.42.100.1"
_HANDSHAKE_S: Final = 10.0
_FIRST_BYTE_S: Final = 30.0
_CLIENT_HELLO: Final = b"\x16"

Users = dict[str, tuple[str, tuple[str, ...]]]
"""Bearer token → user name and groups."""


@dataclass(frozen=True)
class DemoOptions:
    """The options of the command line.

    Attributes
    ----------
    kubeconfig
        The file to write.
    port
        The port to listen on; 0 takes a free one.
    objects, users, dial
        Files that replace the built-in objects, the built-in users, and the addresses at which apps listen.
    generation
        ``1.36`` or ``1.37``.
    tls
        Certificate, key and CA to use instead of generated ones.
    """

    kubeconfig: Path
    port: int = 0
    objects: Path | None = None
    users: Path | None = None
    dial: Path | None = None
    generation: str = "1.37"
    tls: tuple[Path, Path, Path] | None = None


@dataclass
class DemoCluster:
    """A running demo cluster.

    Attributes
    ----------
    url
        Where its API server listens.
    tokens
        Context name → bearer token.
    """

    url: str
    network: PodNetwork
    server: TCPServer
    tokens: Mapping[str, str] = field(repr=False)

    async def stop(self) -> None:
        """Stop listening and close all connections."""
        self.server.stop()
        self.network.close()


async def start(options: DemoOptions) -> DemoCluster:
    """Start a demo cluster and write its kubeconfig.

    Raises
    ------
    OSError
        A file cannot be read or written, or the port is taken.
    ValueError
        A file does not hold what it should, or the kubeconfig would replace somebody else's.
    """
    key_pair, ca = _certificates(options)
    is_builtin = options.objects is None
    world = builtin_world(ca) if options.objects is None else World(objects=read_objects(options.objects))
    catalogue = Catalogue(METRICS if is_builtin else ())
    store = _filled_store(world, catalogue, is_builtin)
    network = PodNetwork(json.loads(options.dial.read_text()) if options.dial else {})
    for address, app in world.apps.items():
        network.listen(address, _app_listener(app, world.tls.get(address, "")))
    tokens, users = _users(options)
    sockets = _listen(options.port)
    port = sockets[0].getsockname()[1]
    hosts = frozenset(f"{name}:{port}" for name in ("127.0.0.1", "localhost", "[::1]"))
    api = ApiServer(store, catalogue, Authenticator(users), network, hosts, VERSIONS[options.generation])
    server = _ApiListener(api, server_context(key_pair, ca))
    server.add_sockets(sockets)
    url = f"https://{HOST}:{port}"
    write_kubeconfig(options.kubeconfig, url, ca, tokens, NAMESPACES)
    return DemoCluster(url, network, server, tokens)


class _ApiListener(TCPServer):
    """Accepts connections at the API server's port."""

    def __init__(self, handler: Handler, context: ssl.SSLContext) -> None:
        super().__init__(ssl_options=context, max_buffer_size=_BUFFER_BYTES, read_chunk_size=2**16)
        self._handler = handler

    async def handle_stream(self, stream: IOStream, address: tuple[str, int]) -> None:
        with contextlib.suppress(OSError):
            stream.set_nodelay(True)
        if not isinstance(stream, SSLIOStream) or not await _shake_hands(stream):
            stream.close()
            return
        certificate = stream.socket.getpeercert(binary_form=True) or b""
        await serve(stream, self._handler, address[0].removeprefix("::ffff:"), certificate)


def _app_listener(app: Handler, tls: str) -> Listener:
    """A listener that serves an app: in plain text, by TLS with a certificate of its own, or as the client begins."""
    contexts: list[ssl.SSLContext] = []  # made at the first TLS connection, and kept

    async def listen(connected: socket.socket) -> None:
        stream = IOStream(connected, max_buffer_size=_BUFFER_BYTES)
        if tls == "always" or (tls == "either" and await _first_byte(connected) == _CLIENT_HELLO):
            if not contexts:
                contexts.append(server_context(Authority().server("self-signed", ("localhost",))))
            wrapped = ssl_wrap_socket(connected, contexts[0], server_side=True, do_handshake_on_connect=False)
            tls_stream = SSLIOStream(wrapped, ssl_options=contexts[0], max_buffer_size=_BUFFER_BYTES)
            if not await _shake_hands(tls_stream):
                return
            stream = tls_stream
        await serve(stream, app, _NODE_ADDRESS)

    return listen


async def _shake_hands(stream: SSLIOStream) -> bool:
    """Wait for the TLS handshake; return whether it succeeded."""
    try:
        await asyncio.wait_for(stream.wait_for_handshake(), _HANDSHAKE_S)
    except (TimeoutError, StreamClosedError, OSError):
        stream.close()
        return False
    return True


async def _first_byte(connected: socket.socket) -> bytes:
    """The first byte that the client sends; it stays in the socket's buffer."""
    loop, ready = asyncio.get_running_loop(), asyncio.Event()
    loop.add_reader(connected.fileno(), ready.set)
    try:
        await asyncio.wait_for(ready.wait(), _FIRST_BYTE_S)
        return connected.recv(1, socket.MSG_PEEK)
    except (TimeoutError, OSError):
        return b""
    finally:
        loop.remove_reader(connected.fileno())


def _filled_store(world: World, catalogue: Catalogue, is_builtin: bool) -> Store:
    """A store with the objects of a world; a built-in one also gets its controller and its metrics API."""
    store = Store()
    for obj in world.objects:
        _load(store, catalogue, obj)
    if is_builtin:
        EndpointController(store)
        for resource in METRICS:
            store.provide(resource.group, resource.name, partial(current_metrics, store, resource))
    return store


def _load(store: Store, catalogue: Catalogue, obj: Object) -> None:
    resource = catalogue.of_kind(str(obj.get("apiVersion")), str(obj.get("kind")))
    if resource is None:
        raise ValueError(f"no resource for {obj.get('apiVersion')} {obj.get('kind')}")
    store.load(resource.group, resource.name, add_defaults(obj))


def _certificates(options: DemoOptions) -> tuple[KeyPair, bytes]:
    """The server's certificate with its key, and the certificate of its CA."""
    if options.tls is None:
        authority = Authority()
        return authority.server("kube-apiserver"), authority.certificate
    certificate, key, ca = (path.read_bytes() for path in options.tls)
    return KeyPair(certificate, key), ca


def _users(options: DemoOptions) -> tuple[dict[str, str], Users]:
    """Context name → token, for the kubeconfig; and token → user with groups, for the API server."""
    if options.users is not None:
        content = json.loads(options.users.read_text())
        users = {token: (str(name), tuple(groups)) for token, (name, groups) in content.items()}
        return {name: token for token, (name, _) in users.items()} or {CURRENT_CONTEXT: ""}, users
    tokens = {name: secrets.token_urlsafe(24) for name in USERS}
    contexts = {CURRENT_CONTEXT if name == _ADMIN else name: token for name, token in tokens.items()}
    return contexts, {tokens[name]: (name, groups) for name, groups in USERS.items()}


def _listen(port: int) -> list[socket.socket]:
    """Sockets that listen on 127.0.0.1 and, if there is IPv6, on the same port of ::1."""
    sockets = bind_sockets(port, HOST, family=socket.AF_INET, backlog=512)
    with contextlib.suppress(OSError):
        sockets += bind_sockets(sockets[0].getsockname()[1], "::1", family=socket.AF_INET6, backlog=512)
    return sockets


logging.getLogger("tornado.general").setLevel(logging.CRITICAL)  # a failed handshake is the client's problem
