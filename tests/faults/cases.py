"""Faults at every byte of an exchange, and what must hold of whatever came of each.

No wrong answer, no hang past the limit, no POST that arrives twice, and an error of the right class. Every byte is hit
where HYPOTHESIS_EXAMPLES is 10,000 or more (`.ci/full`), else one in `STRIDE`.
"""

from __future__ import annotations

import collections
import os
import time
from collections.abc import Callable, Iterator

from kubeaccess_magic.errors import KubeAccessError, TimedOut, Unreachable
from kubeaccess_magic.reply import Reply

from .relay import REQUEST, RESPONSE, Fault, Kind, Relay

STRIDE = 1 if int(os.environ.get("HYPOTHESIS_EXAMPLES", "100")) >= 10_000 else 307
LIMIT_S = 0.2  # of a request that meets a stall; what is cut has 20 s, and needs none of them
HANG_S = 15.0

RIGHT: dict[Kind, tuple[type[KubeAccessError], ...]] = {
    "cut": (Unreachable,),
    "reset": (Unreachable,),
    "half-close": (Unreachable,),
    "stall": (TimedOut, Unreachable),  # Unreachable: there was no connection yet
    "drip": (),
}

Ask = Callable[[str, float], Reply]  # the path's last part, the limit in seconds


def faults(kind: Kind, sizes: dict[str, int], stride: int = STRIDE, times: int = 10**9) -> Iterator[Fault]:
    """One at each byte of both directions, and one after the last."""
    for direction in (REQUEST, RESPONSE):
        size = sizes[direction]
        for at in sorted({*range(0, size, stride), size - 1, size + 16}):  # a handshake's size differs by a byte or two
            yield Fault(kind, direction, at, times=times)


def sizes(relay: Relay, ask: Ask) -> dict[str, int]:
    """How many bytes one exchange takes."""
    relay.arm(None)
    ask("measured", 20)
    return dict(relay.passed)


def outcome(relay: Relay, fault: Fault, ask: Ask, name: str, wanted: bytes) -> tuple[str, str]:
    """What came of it: "answer", or the name of the error, and what that says; raises if it is wrong."""
    relay.arm(fault)
    started = time.monotonic()
    try:
        reply = ask(name, LIMIT_S if fault.kind == "stall" else 20)
    except KubeAccessError as error:
        assert isinstance(error, RIGHT[fault.kind]), (fault, error)
        assert str(error) and error.hint, (fault, error)
        ended = type(error).__name__, str(error)
    else:
        assert (reply.status_code, reply.content) == (200, wanted), (fault, reply, reply.content)
        ended = "answer", ""
    assert time.monotonic() - started < HANG_S, (fault, "it hung")
    return ended


class Counts:
    """Outcomes by kind, for the log of the run."""

    def __init__(self) -> None:
        self.seen: collections.Counter[tuple[str, ...]] = collections.Counter()

    def add(self, *what: str) -> None:
        self.seen[what] += 1

    def __str__(self) -> str:
        lines = (f"{count:6}  {' · '.join(what)}" for what, count in sorted(self.seen.items()))
        return "\n".join([f"{sum(self.seen.values())} faults", *lines])
