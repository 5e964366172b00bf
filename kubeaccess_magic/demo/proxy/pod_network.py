"""Connections to pods and nodes, with the error messages of Go's ``net`` package (E8)."""

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

_DIAL_S: Final = 30.0
_HANDSHAKE_S: Final = 10.0
_IDLE_S: Final = 90.0
_IDLE_PER_HOST: Final = 25
_BUFFER_BYTES: Final = 2**20

Listener = Callable[[socket.socket], Awaitable[None]]
"""Serves an app of this process at its end of a socket pair."""


class DialError(Exception):
    """A connection could not be made; the message is close to Go's."""


class PodNetwork:
    """Connects to the logical addresses of pods and nodes, and keeps idle connections for reuse.

    Parameters
    ----------
    addresses
        Logical address → real one: ``10.203.0.2:8080`` → ``127.0.0.1:41234``.
    client_certificate
        The files of the certificate and key that kubelets are shown, and nobody else (D5).
    """

    def __init__(self, addresses: Mapping[str, str], client_certificate: tuple[str, str] | None = None) -> None:
        self._addresses = dict(addresses)
        self._listeners: dict[str, Listener] = {}
        self._idle: dict[Location, list[Connection]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._tls = _unverified()
        self._kubelet_tls = _unverified(client_certificate)

    def listen(self, address: str, listener: Listener) -> None:
        """Let an app of this process listen at a logical address.

        Parameters
        ----------
        address
            Host and port, such as ``10.42.1.11:9200``.
        listener
            Serves each connection.
        """
        self._listeners[address] = listener

    async def connect(self, location: Location) -> Connection:
        """Open a new connection.

        Raises
        ------
        DialError
            It is refused or times out, or the TLS handshake fails.
        """
        address = location.address
        port = address.rsplit(":", 1)[1]
        if int(port) > 65535:
            raise DialError(f"dial tcp: address {port}: invalid port")
        connected = await self._dial(address)
        if location.scheme == "https":
            return Connection(await self._handshake(connected, location))
        return Connection(IOStream(connected, max_buffer_size=_BUFFER_BYTES))

    def take_idle(self, location: Location) -> Connection | None:
        """Take an idle connection that an earlier request left open, if there is one."""
        idle = self._idle.get(location, [])
        while idle:
            connection = idle.pop()
            connection.stream.set_close_callback(None)
            if not connection.stream.closed():
                return connection
        return None

    def keep(self, location: Location, connection: Connection) -> None:
        """Keep a connection open for a later request, or close it if it cannot be reused.

        Parameters
        ----------
        location
            Where it leads.
        connection
            The connection, at the end of a response.
        """
        idle = self._idle.setdefault(location, [])
        if connection.stream.closed() or not connection.drained or len(idle) >= _IDLE_PER_HOST:
            connection.close()
            return
        loop = asyncio.get_running_loop()
        timer = loop.call_later(_IDLE_S, connection.close)

        def forget() -> None:
            timer.cancel()
            if connection in idle:
                idle.remove(connection)

        connection.stream.set_close_callback(forget)
        idle.append(connection)

    def close(self) -> None:
        """Close the idle connections, and stop the apps' tasks."""
        for idle in self._idle.values():
            for connection in list(idle):
                connection.close()
        for task in self._tasks:
            task.cancel()

    async def _dial(self, address: str) -> socket.socket:
        if listener := self._listeners.get(address):
            near_end, far_end = socket.socketpair()
            near_end.setblocking(False)
            far_end.setblocking(False)
            task = asyncio.ensure_future(listener(far_end))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
            return near_end
        real_address = self._addresses.get(address)
        if real_address is None:
            raise DialError(f"dial tcp {address}: connect: connection refused")
        host, _, port = real_address.rpartition(":")
        connected = socket.socket(socket.AF_INET6 if host.startswith("[") else socket.AF_INET, socket.SOCK_STREAM)
        connected.setblocking(False)
        try:
            connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            await asyncio.wait_for(
                asyncio.get_running_loop().sock_connect(connected, (host.strip("[]"), int(port))), _DIAL_S
            )
        except TimeoutError:
            connected.close()
            raise DialError(f"dial tcp {address}: i/o timeout") from None
        except OSError as error:
            connected.close()
            raise DialError(f"dial tcp {address}: connect: {_error_text(error)}") from error
        except BaseException:
            connected.close()
            raise
        return connected

    async def _handshake(self, connected: socket.socket, location: Location) -> IOStream:
        context = self._kubelet_tls if location.kubelet else self._tls
        host = location.address.rsplit(":", 1)[0].strip("[]")
        wrapped = ssl_wrap_socket(
            connected, context, server_hostname=host, server_side=False, do_handshake_on_connect=False
        )
        stream = SSLIOStream(wrapped, ssl_options=context, max_buffer_size=_BUFFER_BYTES)
        try:
            await asyncio.wait_for(stream.wait_for_handshake(), _HANDSHAKE_S)
        except TimeoutError:
            raise DialError("net/http: TLS handshake timeout") from None
        except (StreamClosedError, OSError) as error:
            cause = error.real_error if isinstance(error, StreamClosedError) else error
            raise DialError(_handshake_message(cause)) from error
        finally:
            if not stream.closed() and stream.socket.version() is None:
                stream.close()
        return stream


def reset_message(connection: Connection, location: Location) -> str:
    """Go's message when the other side resets a connection.

    Parameters
    ----------
    connection
        The connection.
    location
        Where it leads.
    """
    try:
        port = connection.stream.socket.getsockname()[1]
    except (OSError, AttributeError, IndexError, TypeError):
        port = 40000
    host = location.address.rpartition(":")[0]
    return f"read tcp {host}:{port}->{location.address}: read: connection reset by peer"


def _unverified(certificate: tuple[str, str] | None = None) -> ssl.SSLContext:
    """TLS settings of the API server towards apps: it accepts any certificate (S15, X10)."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    if certificate:
        context.load_cert_chain(*certificate)
    return context


def _error_text(error: OSError) -> str:
    return "connection refused" if error.errno == errno.ECONNREFUSED else str(error.strerror or error).lower()


def _handshake_message(cause: BaseException | None) -> str:
    if not isinstance(cause, ssl.SSLError) or isinstance(cause, ssl.SSLEOFError):
        return "EOF"
    if cause.reason == "WRONG_VERSION_NUMBER" or "RECORD_LAYER" in (cause.reason or ""):
        return "tls: first record does not look like a TLS handshake"
    return f"remote error: tls: {cause.reason}"
