"""What a replica of the shop has answered: its customers' requests, and those that really came."""

from __future__ import annotations

import bisect
import math
from collections.abc import Iterator
from typing import Final

from ..world.usage import SCRAPE_S, wave

FAILING_S: Final = 10
"""A replica that fails does so for so long at the beginning of each minute."""
BOUNDS: Final = (("0.05", 0.4), ("0.1", 0.7), ("0.25", 0.88), ("0.5", 0.95), ("1", 0.99), ("+Inf", 1.0))
"""Upper bounds of the histogram of durations, and the share of requests that took no longer."""
MEAN_S: Final = 0.13

Pair = tuple[str, str]
"""Status code, and method in lower case."""


class Tally:
    """How many there were at each moment: a number for each scrape that found more than the one before."""

    def __init__(self) -> None:
        self._seconds: list[int] = []
        self._counts: list[int] = []

    def add(self, second: float) -> None:
        """One more."""
        at = math.ceil(second / SCRAPE_S) * SCRAPE_S
        if self._seconds and self._seconds[-1] >= at:
            self._counts[-1] += 1
        else:
            self._seconds.append(at)
            self._counts.append((self._counts[-1] if self._counts else 0) + 1)

    def at(self, second: float) -> int:
        """So many until then."""
        found = bisect.bisect_right(self._seconds, second)
        return self._counts[found - 1] if found else 0

    @property
    def last(self) -> int:
        """So many until now."""
        return self._counts[-1] if self._counts else 0


class Traffic:
    """The requests of one replica.

    Parameters
    ----------
    seed, rate
        What its customers do: so many requests a second on average.
    began
        When the replica started, in seconds.
    fails
        Whether it answers 503 in the first seconds of each minute.
    """

    def __init__(self, seed: str, rate: float, started_at: float, fails: bool = False) -> None:
        self.started_at = started_at
        self._fails = fails
        self._found = wave(rate, started_at, seed)
        self._missed = wave(rate / 15, started_at, f"{seed}/404")
        self._came: dict[Pair, Tally] = {}

    def came(self, code: int, method: str, second: float) -> None:
        """A request has really been answered."""
        self._came.setdefault((str(code), method.lower()), Tally()).add(second)

    @property
    def pairs(self) -> list[Pair]:
        """The codes and methods that there have been."""
        known = [("200", "get"), ("404", "get")] + ([("503", "get")] if self._fails else [])
        return sorted({*known, *self._came})

    def count(self, pair: Pair, second: float, live: bool = False) -> int:
        """Requests with this code and method; `live` counts those too that no scrape has seen yet."""
        tally = self._came.get(pair)
        return self._customers(pair, second) + ((tally.last if live else tally.at(second)) if tally else 0)

    def total(self, second: float, live: bool = False) -> int:
        """All requests."""
        return sum(self.count(pair, second, live) for pair in self.pairs)

    def _customers(self, pair: Pair, second: float) -> int:
        if pair == ("404", "get"):
            return self._missed.count(second)
        if pair == ("200", "get"):
            return math.floor(self._found.total(second) - self._failed(second))
        return math.floor(self._failed(second)) if pair == ("503", "get") else 0

    def _failed(self, second: float) -> float:
        """What came while it failed: a sixth of all, in the first seconds of each minute."""
        if not self._fails:
            return 0.0
        minute = second // 60 * 60
        before, after = self._found.total(minute), self._found.total(minute + 60)
        share = FAILING_S / 60
        return share * (before + min(second - minute, FAILING_S) / FAILING_S * (after - before))


def failing(second: float) -> bool:
    """Whether the replica that fails does so at that moment."""
    return second % 60 < FAILING_S


def exposition(traffic: Traffic, second: float) -> Iterator[str]:
    """The lines of an app's own `/metrics`."""
    yield "# HELP http_requests_total Requests answered by this replica.\n# TYPE http_requests_total counter\n"
    for code, method in traffic.pairs:
        count = traffic.count((code, method), second, live=True)
        yield f'http_requests_total{{code="{code}",method="{method}"}} {count}\n'
    name = "http_request_duration_seconds"
    yield f"# HELP {name} How long requests took.\n# TYPE {name} histogram\n"
    total = traffic.total(second, live=True)
    for bound, share in BOUNDS:
        yield f'{name}_bucket{{le="{bound}"}} {math.floor(total * share)}\n'
    yield f"{name}_sum {duration_sum(total)}\n{name}_count {total}\n"
    yield "# HELP process_start_time_seconds When the process started.\n# TYPE process_start_time_seconds gauge\n"
    yield f"process_start_time_seconds {int(traffic.started_at)}\n"


def duration_sum(total: int) -> float:
    """How long all requests took together, in seconds."""
    return round(total * MEAN_S, 3)
