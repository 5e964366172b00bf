"""Times, durations and steps: those that Prometheus reads, and those that have to be rewritten for it."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal

__all__ = [
    "DEFAULT_RANGE_MS",
    "MOST_POINTS",
    "Grid",
    "default_step",
    "duration_ms",
    "epoch",
    "relative_ms",
    "time_ms",
]

MOST_POINTS = 11_000
"""How many points per series Prometheus gives in one answer at most."""

DEFAULT_RANGE_MS = 3_600_000
_FEWEST_POINTS = 250

_UNITS_MS = {
    "ms": 1,
    "s": 1_000,
    "m": 60_000,
    "h": 3_600_000,
    "d": 86_400_000,
    "w": 7 * 86_400_000,
    "y": 365 * 86_400_000,
}
_PIECE = re.compile(r"(?<![\d.])(\d++(?:\.\d++)?)(ms|[smhdwy])")  # each run of digits is tried once
_DURATION = r"(?:\d+(?:\.\d+)?(?:ms|[smhdwy]))+"
# In a URL a plus is a blank unless it is written %2B: `now+5m` arrives as `now 5m`, and a zone loses its plus, too.
_RELATIVE = re.compile(rf"(?P<now>now)?(?:(?P<sign>[-+ ]?)(?P<duration>{_DURATION}))?")
_RFC_3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)")
_ISO_8601 = re.compile(r"(\d{4}-\d\d-\d\d)(?:[Tt ](\d\d:\d\d(?::\d\d(?:\.\d+)?)?)([Zz]|[-+ ]\d\d:?\d\d)?)?")
_STEPS = ("1s", "2s", "5s", "10s", "15s", "30s", "1m", "2m", "5m", "10m", "15m", "30m", "1h", "2h", "3h", "6h", "12h")
_LONG_STEPS = ("1d", "2d", "7d", "14d", "30d")


def duration_ms(text: str) -> int | None:
    """Convert a duration to milliseconds.

    A duration is written as in Prometheus (``1h30m``, ``15s``), or as a number of seconds. None if it is neither.
    """
    if re.fullmatch(_DURATION, text):
        return round(sum(Decimal(number) * _UNITS_MS[unit] for number, unit in _PIECE.findall(text)))
    return _seconds_ms(text)


def relative_ms(text: str, now_ms: int) -> int | None:
    """Convert a time that people write, but Prometheus cannot read, to milliseconds since 1970.

    These are ``now``, ``now-1h``, ``-1h``, ``1h30m`` (also ago), ``now+5m`` and ``+5m``, and ISO 8601 without a zone,
    without a time of day, or with a blank instead of the ``T``, all in UTC.

    Parameters
    ----------
    text
        The time as it was typed.
    now_ms
        What ``now`` is, in milliseconds since 1970.

    Returns
    -------
    int or None
        None for anything else, also for what Prometheus can read.
    """
    if not text.strip() or _RFC_3339.fullmatch(text) or _seconds_ms(text) is not None:
        return None
    relative = _RELATIVE.fullmatch(text)
    if relative is not None:
        distance = duration_ms(relative["duration"]) if relative["duration"] else 0
        if distance is None or (relative["now"] and relative["duration"] and not relative["sign"]):
            return None
        return now_ms + distance if relative["sign"] in ("+", " ") else now_ms - distance
    return _iso_ms(text)


def time_ms(text: str) -> int | None:
    """Convert a time that Prometheus can read, RFC 3339 or seconds, to milliseconds since 1970; else None."""
    return _iso_ms(text) if _RFC_3339.fullmatch(text) else _seconds_ms(text)


def epoch(ms: int) -> str:
    """Write a time so that every server reads it to the millisecond."""
    if ms % 1000 == 0:
        return str(ms // 1000)
    # No decimal number: servers read it as a float, and may end up a millisecond off.
    return datetime.fromtimestamp(ms // 1000, UTC).strftime("%Y-%m-%dT%H:%M:%S") + f".{ms % 1000:03}Z"


def default_step(range_ms: int) -> str:
    """Choose the longest round step that yields at least 250 points: 10s for an hour, 5m for a day, 30m for a week."""
    fitting = [step for step in _STEPS + _LONG_STEPS if (duration_ms(step) or 0) * _FEWEST_POINTS <= range_ms]
    return fitting[-1] if fitting else _STEPS[0]


@dataclasses.dataclass(frozen=True)
class Grid:
    """The times of a range query, in milliseconds: start, start + step … up to the end."""

    start_ms: int
    end_ms: int
    step_ms: int

    @classmethod
    def of(cls, start: str | None, end: str | None, step: str | None) -> Grid | None:
        """Read a grid from the parameters of a request; None if they do not give one."""
        start_ms, end_ms = time_ms(start or ""), time_ms(end or "")
        step_ms = duration_ms(step or "")
        if start_ms is None or end_ms is None or step_ms is None or step_ms <= 0 or end_ms < start_ms:
            return None
        return cls(start_ms, end_ms, step_ms)

    @property
    def points(self) -> int:
        """How many times there are."""
        return (self.end_ms - self.start_ms) // self.step_ms + 1

    def parts(self) -> Iterator[Grid]:
        """Cut the grid into pieces of at most `MOST_POINTS` times each; no time is in two of them."""
        if self.points <= MOST_POINTS:
            yield self
            return
        for first in range(0, self.points, MOST_POINTS):
            start_ms = self.start_ms + first * self.step_ms
            last_ms = start_ms + (MOST_POINTS - 1) * self.step_ms
            yield Grid(start_ms, min(last_ms, self.end_ms), self.step_ms)


def _seconds_ms(text: str) -> int | None:
    if not re.fullmatch(r"[-+]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d{1,3})?", text):
        return None
    seconds = Decimal(text)
    return round(seconds * 1000) if abs(seconds) < 10**12 else None


def _iso_ms(text: str) -> int | None:
    match = _ISO_8601.fullmatch(text.strip())
    if match is None:
        return None
    date, clock, zone = match.groups()
    zone = "+00:00" if zone in (None, "Z", "z") else zone.replace(" ", "+")
    try:
        moment = datetime.fromisoformat(f"{date}T{clock or '00:00'}{zone}")
    except ValueError:
        return None
    since = moment - datetime(1970, 1, 1, tzinfo=UTC)
    return (since.days * 86_400 + since.seconds) * 1000 + since.microseconds // 1000
