"""An attempt to connect, which can be cancelled at any moment.

Looking up a name, connecting, asking a proxy and a TLS handshake cannot be stopped from outside, and a resolver does
not even notice an interrupt. So all that happens in a thread of its own, while the caller waits. When the caller gives
up, the thread's socket is shut down. Only a silent resolver and a SOCKS proxy (whose library does not hand out its
socket) cannot be ended: such a thread ends by itself, by its own timeout.
"""

from __future__ import annotations

import contextlib
import errno
import os
import socket
import threading
import time
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from urllib3.exceptions import ConnectTimeoutError
from urllib3.util.connection import allowed_gai_family
from urllib3.util.wait import wait_for_write

if TYPE_CHECKING:
    from ..call import Call
    from .deadlines import Guard

__all__ = ["Attempt"]

_SLICE_S = 0.1  # between two checks
_LEAST_S = 2.0  # for one of several addresses, as Go's dialer has it
_FAREWELL_S = 0.2  # a thread whose socket was shut down ends sooner
_IN_PROGRESS = frozenset(
    {errno.EINPROGRESS, errno.EWOULDBLOCK, errno.EALREADY, errno.EINTR, getattr(errno, "WSAEWOULDBLOCK", -1)}
)


class Attempt:
    """One attempt to connect.

    Parameters
    ----------
    guard
        Of the request that needs the connection: its ``connect_s`` and its deadline bound the whole attempt.
    """

    def __init__(self, guard: Guard) -> None:
        now = time.monotonic()
        self._guard = guard
        self._deadline = min(now + guard.call.limits.connect_s, guard.deadline)
        self._given_up = False
        self._lock = threading.Lock()
        self._held: socket.socket | None = None

    @property
    def call(self) -> Call:
        """The call that needs the connection."""
        return self._guard.call

    def run(self, connect: Callable[[], None], close: Callable[[], None]) -> None:
        """Connect in a thread, wait for it, and raise what it raised.

        Parameters
        ----------
        connect
            Makes the connection, by `reach` or with `hold`.
        close
            Closes the connection; called where it was made too late.

        Raises
        ------
        TimeoutError
            It took too long, or the call was stopped.
        """
        done = threading.Event()
        failed: list[BaseException] = []

        def work() -> None:
            try:
                connect()
            except BaseException as error:  # raised in the thread that waits
                failed.append(error)
            with self._lock:
                if self._held is not None:
                    self._held.close()
                    self._held = None
                done.set()
                if self._given_up:
                    close()

        try:
            threading.Thread(target=work, name="kproxy-connect", daemon=True).start()  # may be interrupted
            while not done.wait(_SLICE_S):
                if self._guard.call.stopped:
                    self._guard.verdict = "stopped"
                    raise TimeoutError("stopped")
                if time.monotonic() >= self._deadline:
                    raise ConnectTimeoutError("connecting took too long")
        except BaseException:  # a kernel interrupt, too
            self._give_up(done)
            raise
        if failed:
            raise failed[0]

    def hold(self, sock: socket.socket) -> None:
        """Register a socket to be shut down if the attempt is given up."""
        with self._lock:
            if self._given_up:
                sock.close()
                raise TimeoutError("given up")
            self._held = sock.dup()

    def take(self, sock: socket.socket) -> socket.socket:
        """Adopt a connected socket, and set the time left for a TLS handshake on it."""
        sock.settimeout(self._guard.call.limits.connect_s)
        self.hold(sock)
        return sock

    def reach(
        self, host: str, port: int, options: Iterable[tuple[Any, ...]] | None, source: tuple[str, int] | None
    ) -> socket.socket:
        """Connect a socket: each address of the host is tried in turn, for a fair share of the remaining time.

        Parameters
        ----------
        host, port
            Where to connect; an IPv6 address with or without brackets.
        options
            Socket options to set, or None.
        source
            Address and port to connect from, or None.

        Raises
        ------
        OSError
            No address answers: the last one's error, or ``socket.gaierror`` where there is no address.
        """
        try:
            addresses = socket.getaddrinfo(host.strip("[]"), port, allowed_gai_family(), socket.SOCK_STREAM)
        except UnicodeError:
            raise socket.gaierror(socket.EAI_NONAME, "not a legal name") from None
        failed: OSError = socket.gaierror(socket.EAI_NONAME, "the name has no address")
        for number, (family, kind, protocol, _, address) in enumerate(addresses):
            now = time.monotonic()
            until = now + max((self._deadline - now) / (len(addresses) - number), _LEAST_S)
            try:
                sock = socket.socket(family, kind, protocol)
                try:
                    for option in options or ():
                        sock.setsockopt(*option)
                    if source:
                        sock.bind(source)
                    self._connect(sock, address, until)
                except BaseException:
                    sock.close()
                    raise
            except OSError as error:
                failed = error
                if self._given_up:
                    break
            else:
                return self.take(sock)
        raise failed

    def _connect(self, sock: socket.socket, address: Any, until: float) -> None:
        sock.setblocking(False)
        state = sock.connect_ex(address)
        while state in _IN_PROGRESS:
            if self._given_up or time.monotonic() >= until:
                raise TimeoutError("no answer")
            if wait_for_write(sock, timeout=_SLICE_S):
                state = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
                break
        if state:
            raise OSError(state, os.strerror(state))

    def _give_up(self, done: threading.Event) -> None:
        with self._lock:
            self._given_up = True
            if self._held is not None:
                with contextlib.suppress(OSError):
                    self._held.shutdown(socket.SHUT_RDWR)
        done.wait(_FAREWELL_S)
