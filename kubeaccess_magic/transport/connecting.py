"""Making a connection that whoever waits for it can give up at once.

A name is looked up, a connection made, a proxy asked, a handshake done: none of that can be stopped from outside, and
a resolver does not even notice an interrupt. So it is done in a thread of its own, while the caller waits and looks;
when the caller goes, the thread's socket is shut down under it. A resolver that says nothing, and a SOCKS proxy (whose
library keeps the socket to itself), are all that cannot be ended: such a thread ends by itself, by their timeouts.
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
    from .guard import Guard

__all__ = ["Attempt"]

_SLICE_S = 0.1  # between two looks
_LEAST_S = 2.0  # for one of several addresses, as Go's dialer has it
_FAREWELL_S = 0.2  # a thread whose socket was shut down needs less
_UNDERWAY = frozenset(
    {errno.EINPROGRESS, errno.EWOULDBLOCK, errno.EALREADY, errno.EINTR, getattr(errno, "WSAEWOULDBLOCK", -1)}
)


class Attempt:
    """One connection that is being made.

    Parameters
    ----------
    guard
        Of the request that it is for: ``connect_s`` and the whole time bound all of it together.
    """

    def __init__(self, guard: Guard) -> None:
        now = time.monotonic()
        self._guard = guard
        self._deadline = min(now + guard.call.limits.connect_s, guard.deadline)
        self._given_up = False
        self._lock = threading.Lock()
        self._held: socket.socket | None = None

    def run(self, connect: Callable[[], None], close: Callable[[], None]) -> None:
        """Connect, and raise what that raised; TimeoutError when nobody wants to wait any longer.

        Parameters
        ----------
        connect
            Makes the connection, by `reach` or with `hold`.
        close
            Closes it; called where it was made too late.
        """
        done = threading.Event()
        failed: list[BaseException] = []

        def work() -> None:
            try:
                connect()
            except BaseException as error:  # raised where somebody waits for it
                failed.append(error)
            with self._lock:
                if self._held is not None:
                    self._held.close()
                    self._held = None
                done.set()
                if self._given_up:
                    close()

        try:
            threading.Thread(target=work, name="kproxy-connect", daemon=True).start()  # waits, and may be interrupted
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
        """From now on this socket is shut down if the attempt is given up, whoever owns it then."""
        with self._lock:
            if self._given_up:
                sock.close()
                raise TimeoutError("given up")
            self._held = sock.dup()

    def reach(
        self, host: str, port: int, options: Iterable[tuple[Any, ...]] | None, source: tuple[str, int] | None
    ) -> socket.socket:
        """A connected socket: each address of the host in turn, with a fair part of the time that is left.

        Raises
        ------
        OSError
            None of them answers; the last one's error, ``socket.gaierror`` where there is none.
        """
        try:
            found = socket.getaddrinfo(host.strip("[]"), port, allowed_gai_family(), socket.SOCK_STREAM)
        except UnicodeError:
            raise socket.gaierror(socket.EAI_NONAME, "no name can be written like that") from None
        failed: OSError = socket.gaierror(socket.EAI_NONAME, "the name has no address")
        for number, (family, kind, protocol, _, address) in enumerate(found):
            now = time.monotonic()
            until = now + max((self._deadline - now) / (len(found) - number), _LEAST_S)
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
                sock.settimeout(self._guard.call.limits.connect_s)
                self.hold(sock)
                return sock
        raise failed

    def _connect(self, sock: socket.socket, address: Any, until: float) -> None:
        sock.setblocking(False)
        state = sock.connect_ex(address)
        while state in _UNDERWAY:
            if self._given_up or time.monotonic() >= until:
                raise TimeoutError("nobody answers")
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
