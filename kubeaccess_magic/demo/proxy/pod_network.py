"""Connections to where pods and nodes really are; errors in the words of Go's net package (E8)."""

from __future__ import annotations

import asyncio
import errno
import socket
import ssl
from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from tornado.iostream import IOStream, SSLIOStream, StreamClosedError
from tornado.netutil import ssl_wrap_socket

from ..http.wire import Connection
from .locations import Location

DIAL_S: Final = 30.0
HANDSHAKE_S: Final = 10.0
IDLE_S: Final = 90.0
IDLE_PER_HOST: Final = 25
BUFFER: Final = 2**20

Listener = Callable[[socket.socket], Awaitable[None]]
"""An app inside this process: it is handed the other end of a socket pair."""


class DialError(Exception):
    """Not connected; the text is Go's, about."""


class PodNetwork:
    """What listens at which logical address, and connections to it that are kept for the next request.

    Parameters
    ----------
    addresses
        ``10.203.0.2:8080`` → ``127.0.0.1:41234``: where a pod's or a node's port really is.
    client_certificate
        Shown to kubelets only (D5).
    """

    def __init__(self, addresses: Mapping[str, str], client_certificate: tuple[str, str] | None = None) -> None:
        self._addresses = dict(addresses)
        self._listeners: dict[str, Listener] = {}
        self._idle: dict[Location, list[Connection]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._tls = _unverified()
        self._kubelet_tls = _unverified(client_certificate)

    def listen(self, address: str, listener: Listener) -> None:
        """Let an app of this process be what listens at a logical address."""
        self._listeners[address] = listener

    async def connect(self, location: Location) -> Connection:
        """A new connection.

        Raises
        ------
        DialError
            Refused, timed out, no handshake.
        """
        address = location.address
        port = address.rsplit(":", 1)[1]
        if int(port) > 65535:
            raise DialError(f"dial tcp: address {port}: invalid port")
        made = await self._dial(address)
        if location.scheme == "https":
            return Connection(await self._handshake(made, location))
        return Connection(IOStream(made, max_buffer_size=BUFFER))

    def kept(self, location: Location) -> Connection | None:
        """A connection that an earlier request left open."""
        idle = self._idle.get(location, [])
        while idle:
            connection = idle.pop()
            connection.stream.set_close_callback(None)
            if not connection.stream.closed():
                return connection
        return None

    def keep(self, location: Location, connection: Connection) -> None:
        """Leave a connection for the next request."""
        idle = self._idle.setdefault(location, [])
        if connection.stream.closed() or not connection.drained or len(idle) >= IDLE_PER_HOST:
            connection.close()
            return
        loop = asyncio.get_running_loop()
        timer = loop.call_later(IDLE_S, connection.close)

        def closed() -> None:
            timer.cancel()
            if connection in idle:
                idle.remove(connection)

        connection.stream.set_close_callback(closed)
        idle.append(connection)

    def close(self) -> None:
        """Close what is kept."""
        for idle in self._idle.values():
            for connection in list(idle):
                connection.close()
        for task in self._tasks:
            task.cancel()

    async def _dial(self, address: str) -> socket.socket:
        if listener := self._listeners.get(address):
            ours, theirs = socket.socketpair()
            ours.setblocking(False)
            theirs.setblocking(False)
            task = asyncio.ensure_future(listener(theirs))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
            return ours
        real = self._addresses.get(address)
        if real is None:
            raise DialError(f"dial tcp {address}: connect: connection refused")
        host, _, port = real.rpartition(":")
        made = socket.socket(socket.AF_INET6 if host.startswith("[") else socket.AF_INET, socket.SOCK_STREAM)
        made.setblocking(False)
        try:
            made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            await asyncio.wait_for(asyncio.get_running_loop().sock_connect(made, (host.strip("[]"), int(port))), DIAL_S)
        except TimeoutError:
            made.close()
            raise DialError(f"dial tcp {address}: i/o timeout") from None
        except OSError as failed:
            made.close()
            raise DialError(f"dial tcp {address}: connect: {_words(failed)}") from failed
        except BaseException:
            made.close()
            raise
        return made

    async def _handshake(self, made: socket.socket, location: Location) -> IOStream:
        context = self._kubelet_tls if location.kubelet else self._tls
        host = location.address.rsplit(":", 1)[0].strip("[]")
        wrapped = ssl_wrap_socket(made, context, server_hostname=host, server_side=False, do_handshake_on_connect=False)
        stream = SSLIOStream(wrapped, ssl_options=context, max_buffer_size=BUFFER)
        try:
            await asyncio.wait_for(stream.wait_for_handshake(), HANDSHAKE_S)
        except TimeoutError:
            raise DialError("net/http: TLS handshake timeout") from None
        except (StreamClosedError, OSError) as failed:
            cause = failed.real_error if isinstance(failed, StreamClosedError) else failed
            raise DialError(_handshake_words(cause)) from failed
        finally:
            if not stream.closed() and stream.socket.version() is None:
                stream.close()
        return stream


def reset_words(connection: Connection, location: Location) -> str:
    """How Go tells that the other side reset the connection."""
    try:
        port = connection.stream.socket.getsockname()[1]
    except (OSError, AttributeError, IndexError, TypeError):
        port = 40000
    host = location.address.rpartition(":")[0]
    return f"read tcp {host}:{port}->{location.address}: read: connection reset by peer"


def _unverified(certificate: tuple[str, str] | None = None) -> ssl.SSLContext:
    """TLS as the API server speaks it to apps: whoever answers is believed (S15, X10)."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    if certificate:
        context.load_cert_chain(*certificate)
    return context


def _words(failed: OSError) -> str:
    return "connection refused" if failed.errno == errno.ECONNREFUSED else str(failed.strerror or failed).lower()


def _handshake_words(cause: BaseException | None) -> str:
    if not isinstance(cause, ssl.SSLError) or isinstance(cause, ssl.SSLEOFError):
        return "EOF"
    if "WRONG_VERSION_NUMBER" in str(cause) or "RECORD_LAYER" in str(cause):
        return "tls: first record does not look like a TLS handshake"
    return f"remote error: tls: {cause.reason}"
