"""The demo cluster: world, API server and TLS, put together and started."""

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

from .api.defaults import defaulted
from .api.resources import METRICS, Catalogue
from .api.server import ApiServer
from .api.signin import SignIn
from .api.status import Object
from .api.store import Store
from .http.server import Handler, serve
from .kubeconfig_file import write_kubeconfig
from .proxy.dial import Listener, Network
from .tls import Authority, Pair, server_context
from .world.builder import World
from .world.controller import Controller
from .world.demo import built_in
from .world.given import given
from .world.metrics import measured
from .world.rights import NAMESPACES, USERS

VERSIONS: Final = {"1.36": "1.36.3", "1.37": "1.37.2"}
HOST: Final = "127.0.0.1"
BUFFER: Final = 2**20
CURRENT: Final = "demo"
_ADMIN: Final = "admin"
_NODE: Final = "10.42.100.1"
_HANDSHAKE_S: Final = 10.0
_CLIENT_HELLO: Final = b"\x16"


@dataclass(frozen=True)
class Options:
    """What the command line says.

    Attributes
    ----------
    port
        0 takes a free one.
    objects, users, dial
        Files that take the place of the built-in world, its users, and where its apps listen.
    generation
        ``1.36`` or ``1.37``.
    tls
        Certificate, key and CA to use in place of ones made at the start.
    """

    kubeconfig: Path
    port: int = 0
    objects: Path | None = None
    users: Path | None = None
    dial: Path | None = None
    generation: str = "1.37"
    tls: tuple[Path, Path, Path] | None = None


@dataclass
class Cluster:
    """A running demo cluster."""

    url: str
    network: Network
    server: TCPServer
    tokens: Mapping[str, str] = field(repr=False)

    async def stop(self) -> None:
        """Listen no more, and close what is open."""
        self.server.stop()
        self.network.close()


async def start(options: Options) -> Cluster:
    """Start serving, and write the kubeconfig."""
    pair, ca = _certificates(options)
    world = built_in(ca) if options.objects is None else World(objects=given(options.objects))
    catalogue = Catalogue(METRICS if options.objects is None else ())
    store = Store()
    for thing in world.objects:
        _load(store, catalogue, thing)
    if options.objects is None:
        Controller(store)
        for one in METRICS:
            store.provide(one.group, one.name, partial(measured, store, one))
    addresses = json.loads(options.dial.read_text()) if options.dial else {}
    network = Network(addresses)
    for address, app in world.apps.items():
        network.listen(address, _listener(app, world.tls.get(address, "")))
    tokens, signed_in = _users(options)
    sockets = _sockets(options.port)
    port = sockets[0].getsockname()[1]
    hosts = frozenset(f"{name}:{port}" for name in ("127.0.0.1", "localhost", "[::1]"))
    api = ApiServer(store, catalogue, SignIn(signed_in), network, hosts, VERSIONS[options.generation])
    server = _Listening(api, server_context(pair, ca))
    server.add_sockets(sockets)
    url = f"https://{HOST}:{port}"
    write_kubeconfig(options.kubeconfig, url, ca, tokens, NAMESPACES)
    return Cluster(url, network, server, tokens)


class _Listening(TCPServer):
    """The API's own port."""

    def __init__(self, handler: Handler, context: ssl.SSLContext) -> None:
        super().__init__(ssl_options=context, max_buffer_size=BUFFER, read_chunk_size=2**16)
        self._handler = handler

    async def handle_stream(self, stream: IOStream, address: tuple[str, int]) -> None:
        with contextlib.suppress(OSError):
            stream.set_nodelay(True)
        if not isinstance(stream, SSLIOStream) or not await _shaken(stream):
            stream.close()
            return
        certificate = stream.socket.getpeercert(binary_form=True) or b""
        await serve(stream, self._handler, address[0].removeprefix("::ffff:"), certificate)


def _listener(app: Handler, tls: str) -> Listener:
    """What serves an app's end of a connection: in plain, by TLS with its own certificate, or as the client likes."""
    contexts: list[ssl.SSLContext] = []

    async def listen(ours: socket.socket) -> None:
        stream = IOStream(ours, max_buffer_size=BUFFER)
        if tls == "always" or (tls == "either" and await _first_byte(ours) == _CLIENT_HELLO):
            if not contexts:
                contexts.append(server_context(Authority().server("self-signed", ("localhost",))))
            wrapped = ssl_wrap_socket(ours, contexts[0], server_side=True, do_handshake_on_connect=False)
            secure = SSLIOStream(wrapped, ssl_options=contexts[0], max_buffer_size=BUFFER)
            if not await _shaken(secure):
                return
            stream = secure
        await serve(stream, app, _NODE)

    return listen


async def _shaken(stream: SSLIOStream) -> bool:
    """Whether the TLS handshake came about."""
    try:
        await asyncio.wait_for(stream.wait_for_handshake(), _HANDSHAKE_S)
    except (TimeoutError, StreamClosedError, OSError):
        stream.close()
        return False
    return True


async def _first_byte(ours: socket.socket) -> bytes:
    """What the client begins with; it stays to be read."""
    loop, ready = asyncio.get_running_loop(), asyncio.Event()
    loop.add_reader(ours.fileno(), ready.set)
    try:
        await asyncio.wait_for(ready.wait(), 30)
        return ours.recv(1, socket.MSG_PEEK)
    except (TimeoutError, OSError):
        return b""
    finally:
        loop.remove_reader(ours.fileno())


def _certificates(options: Options) -> tuple[Pair, bytes]:
    """The server's certificate, and that of the authority behind it."""
    if options.tls is None:
        authority = Authority()
        return authority.server("kube-apiserver"), authority.certificate
    certificate, key, ca = (path.read_bytes() for path in options.tls)
    return Pair(certificate, key), ca


def _users(options: Options) -> tuple[dict[str, str], dict[str, tuple[str, tuple[str, ...]]]]:
    """Context → token for the kubeconfig, and token → user with groups."""
    if options.users is not None:
        known = json.loads(options.users.read_text())
        users = {token: (str(name), tuple(groups)) for token, (name, groups) in known.items()}
        return {name: token for token, (name, _) in users.items()} or {CURRENT: ""}, users
    made = {name: secrets.token_urlsafe(24) for name in USERS}
    contexts = {CURRENT if name == _ADMIN else name: token for name, token in made.items()}
    return contexts, {made[name]: (name, groups) for name, groups in USERS.items()}


def _load(store: Store, catalogue: Catalogue, thing: Object) -> None:
    resource = catalogue.of_kind(str(thing.get("apiVersion")), str(thing.get("kind")))
    if resource is None:
        raise ValueError(f"no resource for {thing.get('apiVersion')} {thing.get('kind')}")
    store.load(resource.group, resource.name, defaulted(thing))


def _sockets(port: int) -> list[socket.socket]:
    """127.0.0.1, and ::1 on the same port where there is one."""
    sockets = bind_sockets(port, HOST, family=socket.AF_INET, backlog=512)
    with contextlib.suppress(OSError):
        sockets += bind_sockets(sockets[0].getsockname()[1], "::1", family=socket.AF_INET6, backlog=512)
    return sockets


logging.getLogger("tornado.general").setLevel(logging.CRITICAL)  # failed handshakes are the client's affair
