"""The requests that a replica of the shop has answered: simulated ones of customers, and real ones."""

from __future__ import annotations

import bisect
import math
from collections.abc import Iterator
from typing import Final

from ..world.usage import SCRAPE_S, wave

FAILING_S: Final = 10
"""How long a failing replica fails at the beginning of each minute."""
BOUNDS: Final = (("0.05", 0.4), ("0.1", 0.7), ("0.25", 0.88), ("0.5", 0.95), ("1", 0.99), ("+Inf", 1.0))
"""Upper bounds of the histogram of durations, and the share of requests that took at most that long."""
MEAN_S: Final = 0.13

CodeAndMethod = tuple[str, str]
"""The status code, and the method in lower case."""


class Tally:
    """A counter that remembers its value at each scrape."""

    def __init__(self) -> None:
        self._seconds: list[int] = []
        self._counts: list[int] = []

    def add(self, second: float) -> None:
        """Count an event that happens at a time."""
        scrape = math.ceil(second / SCRAPE_S) * SCRAPE_S
        if self._seconds and self._seconds[-1] >= scrape:
            self._counts[-1] += 1
        else:
            self._seconds.append(scrape)
            self._counts.append((self._counts[-1] if self._counts else 0) + 1)

    def at(self, second: float) -> int:
        """The value at the last scrape before a time."""
        position = bisect.bisect_right(self._seconds, second)
        return self._counts[position - 1] if position else 0

    @property
    def last(self) -> int:
        """The current value."""
        return self._counts[-1] if self._counts else 0


class Traffic:
    """The requests that one replica has answered.

    Parameters
    ----------
    seed
        The seed of the simulated requests.
    rate
        The average number of simulated requests per second.
    started_at
        When the replica started, in seconds since the epoch.
    fails
        Whether it answers 503 in the first seconds of each minute.
    """

    def __init__(self, seed: str, rate: float, started_at: float, fails: bool = False) -> None:
        self.started_at = started_at
        self._fails = fails
        self._all = wave(rate, started_at, seed)
        self._not_found = wave(rate / 15, started_at, f"{seed}/404")
        self._real: dict[CodeAndMethod, Tally] = {}

    def record(self, code: int, method: str, second: float) -> None:
        """Count a real request that was answered.

        Parameters
        ----------
        code
            The status code of the answer.
        method
            The method of the request.
        second
            When it was answered, in seconds since the epoch.
        """
        self._real.setdefault((str(code), method.lower()), Tally()).add(second)

    @property
    def pairs(self) -> list[CodeAndMethod]:
        """The status codes and methods of all requests so far."""
        simulated = [("200", "get"), ("404", "get")] + ([("503", "get")] if self._fails else [])
        return sorted({*simulated, *self._real})

    def count(self, pair: CodeAndMethod, second: float, live: bool = False) -> int:
        """The number of requests with a status code and method.

        Parameters
        ----------
        pair
            The status code and the method.
        second
            The time, in seconds since the epoch.
        live
            Whether to include real requests that no scrape has seen yet.
        """
        tally = self._real.get(pair)
        return self._simulated(pair, second) + ((tally.last if live else tally.at(second)) if tally else 0)

    def total(self, second: float, live: bool = False) -> int:
        """The number of all requests.

        Parameters
        ----------
        second
            The time, in seconds since the epoch.
        live
            Whether to include real requests that no scrape has seen yet.
        """
        return sum(self.count(pair, second, live) for pair in self.pairs)

    def _simulated(self, pair: CodeAndMethod, second: float) -> int:
        if pair == ("404", "get"):
            return self._not_found.count(second)
        if pair == ("200", "get"):
            return math.floor(self._all.total(second) - self._failed(second))
        return math.floor(self._failed(second)) if pair == ("503", "get") else 0

    def _failed(self, second: float) -> float:
        """The simulated requests that failed: those in the first seconds of each minute, a sixth of all."""
        if not self._fails:
            return 0.0
        minute = second // 60 * 60
        before, after = self._all.total(minute), self._all.total(minute + 60)
        share = FAILING_S / 60
        return share * (before + min(second - minute, FAILING_S) / FAILING_S * (after - before))


def failing(second: float) -> bool:
    """Whether failing replicas fail at a time."""
    return second % 60 < FAILING_S


def exposition(traffic: Traffic, second: float) -> Iterator[str]:
    """The lines of a replica's `/metrics`.

    Parameters
    ----------
    traffic
        The requests of the replica.
    second
        The time, in seconds since the epoch.
    """
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
    """The total duration of a number of requests, in seconds."""
    return round(total * MEAN_S, 3)
