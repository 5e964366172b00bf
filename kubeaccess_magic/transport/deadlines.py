"""Deadlines of a request while it waits: the whole time, the silence between bytes, and whether it was stopped.

urllib3's timeouts bound one wait, not the sum of them: a server that sends a byte now and then could hold a kernel
for hours, in the headers too. So the connections of our pools wait in short slices, and ask a `Guard` between them
whether the request may go on. A connection that works for somebody else (the official client over our pool) has no
guard and waits as urllib3 does.
"""

from __future__ import annotations

import io
import socket
import threading
import time
from collections.abc import Callable
from http.client import BadStatusLine, HTTPResponse, IncompleteRead, RemoteDisconnected, parse_headers
from typing import TYPE_CHECKING, Any, Literal

from urllib3.connection import HTTPConnection
from urllib3.exceptions import ConnectTimeoutError, NameResolutionError, NewConnectionError

from ..call import Call
from .connection_attempt import Attempt

if TYPE_CHECKING:
    from urllib3 import HTTPConnectionPool


__all__ = ["CurrentGuard", "Guard", "guarded"]

_SLICE_S = 0.2  # how long a wait may go on without a check: a stop from another thread takes at most that
_PIECE_BYTES = 256 * 1024  # of a body that is sent: between two pieces there is a check


class Guard:
    """Ends one request when it waits too long or was stopped, and records why.

    Parameters
    ----------
    call
        Says how long the request may take and how long the server may be silent; hears of progress.

    Attributes
    ----------
    url
        What the request line says. urllib3, which logs it, is given the URL without secrets.
    verdict
        Why the request was ended here, or None.
    connected
        Whether there was a connection that it could be sent over.
    ended
        Whether the server closed the connection while an answer was read.
    received_bytes
        Bytes that arrived since the request was sent, headers and framing included.
    progress_base
        How many of these bytes are not the body's, and how long the body is; None: no progress is reported from here.
    """

    __slots__ = (
        "call",
        "connected",
        "deadline",
        "ended",
        "next_check",
        "progress_base",
        "received_bytes",
        "url",
        "verdict",
    )

    verdict: Literal["stopped", "total", "silent"] | None

    def __init__(self, call: Call) -> None:
        self.call = call
        self.url = ""
        self.deadline = call.deadline
        self.next_check = min(time.monotonic() + _SLICE_S, call.deadline)
        self.connected = False
        self.ended = False
        self.received_bytes = 0
        self.progress_base: tuple[int, int] | None = None
        self.verdict = None

    def check(self, now: float) -> None:
        """Raise TimeoutError if the request must end; `verdict` then says why.

        Parameters
        ----------
        now
            Seconds of the monotonic clock.
        """
        if self.call.stopped:
            self.verdict = "stopped"
        elif now >= self.deadline:
            self.verdict = "total"
        else:
            self.next_check = min(now + _SLICE_S, self.deadline)
            if self.progress_base is not None:
                head_bytes, length = self.progress_base
                self.call.progress(max(0, self.received_bytes - head_bytes), length)
            return
        raise TimeoutError(self.verdict)

    def waited(self, since: float) -> None:
        """Check the limits after a time slice without any byte.

        Parameters
        ----------
        since
            When the silence began, in seconds of the monotonic clock.
        """
        now = time.monotonic()
        self.check(now)
        if now - since >= self.call.limits.silence_s:
            self.verdict = "silent"
            raise TimeoutError(self.verdict)


class CurrentGuard(threading.local):
    """The guard of the request that this thread is sending over a pool."""

    guard: Guard | None = None


def guarded(pool: HTTPConnectionPool, connect: Callable[[Call], socket.socket] | None = None) -> CurrentGuard:
    """Make the connections of a pool obey the guard of the current request.

    Parameters
    ----------
    pool
        One without connections so far.
    connect
        Makes their sockets; None: they connect by themselves.

    Returns
    -------
    CurrentGuard
        Where the guard of a request is put before it is sent; the same one whenever the same pool is given.
    """
    current = getattr(pool.ConnectionCls, "current_guard", None)
    if isinstance(current, CurrentGuard):
        return current
    current = CurrentGuard()
    members = {"current_guard": current, "socket_factory": staticmethod(connect) if connect is not None else None}
    pool.ConnectionCls = type("Guarded", (_GuardedConnection, pool.ConnectionCls), members)
    return current


class _FinalResponse(HTTPResponse):
    """A response without the interim ones before it: http.client takes each but 100 for the response itself."""

    def _read_status(self) -> tuple[str, int, str]:
        while True:
            status: tuple[str, int, str] = super()._read_status()  # type: ignore[misc]  # not in the stubs
            if status[1] <= 101 or status[1] >= 200:
                return status
            parse_headers(self.fp)

    def _read_next_chunk_size(self) -> int:
        size: int = super()._read_next_chunk_size()  # type: ignore[misc]  # as above
        if size < 0:  # would be read as "all that comes", past every limit
            raise IncompleteRead(b"")
        return size


class _GuardedConnection(HTTPConnection):
    """What a connection of a guarded pool does, in front of the class that the pool connects with."""

    current_guard: CurrentGuard
    socket_factory: Callable[[Call], socket.socket] | None
    response_class = _FinalResponse
    debuglevel = 0  # http.client's switch for all connections prints headers, and so the token
    attempt: Attempt | None = None
    sock: Any

    def connect(self) -> None:
        guard = self.current_guard.guard
        if guard is None:
            super().connect()
        else:
            self.attempt = Attempt(guard)
            try:
                self.attempt.run(super().connect, self.close)
            finally:
                self.attempt = None
        # Whoever turned verification off in the kubeconfig knows it; urllib3 would warn at each request.
        self.is_verified = True
        if hasattr(self.sock, "suppress_ragged_eofs"):  # a TLS socket
            # Else a body without a length that is cut off within TLS would pass as complete.
            self.sock.suppress_ragged_eofs = False
        self.sock = _GuardedSocket(self.sock, guard)

    def _new_conn(self) -> Any:
        attempt = self.attempt
        if self.socket_factory is not None:
            return self.socket_factory(Call()) if attempt is None else attempt.take(self.socket_factory(attempt.call))
        if attempt is None:
            return super()._new_conn()
        if getattr(super()._new_conn, "__func__", None) is not HTTPConnection._new_conn:  # a SOCKS proxy's
            connected = super()._new_conn()
            attempt.hold(connected)
            return connected
        try:
            return attempt.reach(self._dns_host, self.port, self.socket_options, self.source_address)
        except socket.gaierror as error:
            raise NameResolutionError(self.host, self, error) from error
        except TimeoutError as error:
            raise ConnectTimeoutError("no answer") from error
        except OSError as error:
            raise NewConnectionError(self, str(error)) from error

    def request(self, method: str, url: str, *args: Any, **options: Any) -> None:
        guard = self.current_guard.guard
        if isinstance(self.sock, _GuardedSocket):
            self.sock.guard = guard
            if guard is not None:
                guard.connected = True
        # urllib3 was given the URL without secrets, for its log and its errors. This is the true one.
        super().request(method, url if guard is None else guard.url, *args, **options)

    def getresponse(self) -> Any:
        guard = self.current_guard.guard
        if guard is None:
            return super().getresponse()
        guard.ended = False
        try:
            response = super().getresponse()
        except BadStatusLine:
            if guard.ended:
                raise RemoteDisconnected("within the status line") from None
            raise
        if guard.ended:  # http.client takes the end of the connection for the end of the headers
            response.close()
            raise RemoteDisconnected("within the headers")
        return response


class _GuardedSocket:
    """A socket whose sending and reading wait in slices, as long as it has a guard."""

    def __init__(self, sock: socket.socket, guard: Guard | None) -> None:
        self._sock = sock
        self._timeout_s: float | None = -1.0  # not a timeout: the first one is always set
        self.fileno = sock.fileno
        self.shutdown = getattr(sock, "shutdown", None)  # TLS within TLS has none
        self.guard = guard  # of the request that it works for
        if guard is not None:
            guard.connected = True
        self.settimeout(sock.gettimeout())

    def __getattr__(self, name: str) -> Any:
        return getattr(self._sock, name)

    def settimeout(self, timeout_s: float | None) -> None:
        if self.guard is not None:
            timeout_s = _SLICE_S
        if timeout_s != self._timeout_s:  # a system call each
            self._sock.settimeout(timeout_s)
            self._timeout_s = timeout_s

    def sendall(self, data: bytes) -> None:
        guard = self.guard
        if guard is None:
            self._sock.sendall(data)
            return
        rest = memoryview(data)
        since = time.monotonic()
        while rest:
            try:
                sent = self._sock.send(rest[:_PIECE_BYTES])
            except TimeoutError:
                guard.waited(since)
                continue
            rest = rest[sent:]
            if rest:
                since = time.monotonic()
                guard.check(since)

    def makefile(self, mode: str, *args: Any, **options: Any) -> Any:
        if self.guard is None or mode != "rb":
            return self._sock.makefile(mode, *args, **options)  # type: ignore[call-overload]  # passed on as it came
        return io.BufferedReader(_GuardedReads(self._sock, self.guard))


class _GuardedReads(io.RawIOBase):
    """The bytes that arrive on a socket, for one request."""

    def __init__(self, sock: socket.socket, guard: Guard) -> None:
        self._held = sock.makefile("rb", buffering=0)  # counts among the socket's users, as http.client expects
        self._recv_into = sock.recv_into
        self._guard = guard

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        guard = self._guard
        since = time.monotonic()
        if since >= guard.next_check:
            guard.check(since)
        while True:
            try:
                count = self._recv_into(buffer)
            except TimeoutError:
                guard.waited(since)
                continue
            if not count:
                guard.ended = True
            guard.received_bytes += count
            return count

    def close(self) -> None:
        if not self.closed:
            self._held.close()
        super().close()
