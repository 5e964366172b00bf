"""A TCP relay that makes one fault: it passes every byte until the one that is named, and then misbehaves.

It understands nothing of what it passes. One thread a connection; what it counts begins anew whenever a fault is armed,
also on connections that are open, so that the second exchange over a connection can be hit as exactly as the first.
"""

from __future__ import annotations

import contextlib
import selectors
import socket
import threading
import time
from dataclasses import dataclass
from typing import Literal

REQUEST, RESPONSE = "request", "response"
RESET = b"\1\0\0\0\0\0\0\0"  # SO_LINGER on, 0 s: closing sends RST

Kind = Literal["cut", "reset", "half-close", "stall", "drip"]


@dataclass(frozen=True)
class Fault:
    """What happens once `after_bytes` have passed in that direction.

    Both ends are closed ("cut") or reset; that direction alone is ended ("half-close") or says nothing more ("stall");
    or every later byte of it comes alone, `pause_s` after the one before ("drip").
    """

    kind: Kind
    direction: str
    after_bytes: int
    pause_s: float = 0.0
    times: int = 10**9  # so many connections are hit, the rest passes


class Relay:
    """Listens on loopback and passes everything on to `port` there, or at `host`."""

    def __init__(self, port: int, host: str = "127.0.0.1") -> None:
        self._onward = (host, port)
        self._listening = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port: int = self._listening.getsockname()[1]
        self.accepted = 0
        self.passed = {REQUEST: 0, RESPONSE: 0}  # since the last fault was armed
        self._lock = threading.Lock()
        self._fault: Fault | None = None
        self._age = 0
        self._left = 0
        self._ended = False
        threading.Thread(target=self._accept, name="relay", daemon=True).start()

    def __enter__(self) -> Relay:
        return self

    def __exit__(self, *_: object) -> None:
        self._ended = True
        with contextlib.suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()

    def arm(self, fault: Fault | None) -> None:
        """From now on, and counted from now on."""
        with self._lock:
            self._fault, self._age, self._left = fault, self._age + 1, fault.times if fault else 0
            self.passed = {REQUEST: 0, RESPONSE: 0}

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listening.accept()
            except OSError:
                return
            self.accepted += 1
            threading.Thread(target=self._pass, args=(near,), name="relay", daemon=True).start()

    def _pass(self, near: socket.socket) -> None:
        with near, contextlib.suppress(OSError), socket.create_connection(self._onward) as far:
            for one in (near, far):
                one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            _Pair(self, near, far).run()

    def told(self, direction: str, count: int) -> tuple[int, Fault | None]:
        """Which fault is armed, and since when; `count` bytes more have come."""
        with self._lock:
            self.passed[direction] += count
            return self._age, self._fault

    def take(self, age: int) -> bool:
        """Whether this connection is one of those that are hit."""
        with self._lock:
            if age != self._age or self._left <= 0:
                return False
            self._left -= 1
            return True

    @property
    def ended(self) -> bool:
        return self._ended


class _Pair:
    """One connection's two sides."""

    def __init__(self, relay: Relay, near: socket.socket, far: socket.socket) -> None:
        self.relay, self.near, self.far = relay, near, far
        self.age, self.passed = -1, {REQUEST: 0, RESPONSE: 0}
        self.hit: bool | None = None
        self.silent: set[str] = set()

    def run(self) -> None:
        with selectors.DefaultSelector() as selector:
            selector.register(self.near, selectors.EVENT_READ, REQUEST)
            selector.register(self.far, selectors.EVENT_READ, RESPONSE)
            while selector.get_map() and not self.relay.ended:
                for key, _ in selector.select(timeout=1):
                    source, direction = key.fileobj, key.data
                    assert isinstance(source, socket.socket)
                    data = source.recv(65536)
                    if direction in self.silent:
                        if not data:
                            return  # who is kept waiting has gone
                        continue
                    if not data:
                        selector.unregister(source)
                        self._sink(direction).shutdown(socket.SHUT_WR)
                    elif not self._forward(data, direction):
                        return

    def _sink(self, direction: str) -> socket.socket:
        return self.far if direction == REQUEST else self.near

    def _forward(self, data: bytes, direction: str) -> bool:
        """Whether the connection goes on."""
        age, fault = self.relay.told(direction, len(data))
        if age != self.age:
            self.age, self.passed, self.hit = age, {REQUEST: 0, RESPONSE: 0}, None
        before = self.passed[direction]
        self.passed[direction] = before + len(data)
        if fault is None or fault.direction != direction or fault.after_bytes >= before + len(data):
            self._sink(direction).sendall(data)
            return True
        if self.hit is None:
            self.hit = self.relay.take(age)
        if not self.hit:
            self._sink(direction).sendall(data)
            return True
        keep = max(0, fault.after_bytes - before)
        if keep:
            self._sink(direction).sendall(data[:keep])
        return self._misbehave(fault, data[keep:])

    def _misbehave(self, fault: Fault, rest: bytes) -> bool:
        sink = self._sink(fault.direction)
        match fault.kind:
            case "cut":
                return False
            case "reset":
                for one in (self.near, self.far):
                    one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
                return False
            case "half-close":
                self.silent.add(fault.direction)
                sink.shutdown(socket.SHUT_WR)
            case "stall":
                self.silent.add(fault.direction)
            case "drip":
                for at in range(len(rest)):
                    time.sleep(fault.pause_s)
                    sink.sendall(rest[at : at + 1])
        return True
