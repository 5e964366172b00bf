"""Dates as Elasticsearch reads them: ISO 8601 or milliseconds, and date maths."""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime, timedelta
from typing import Final

from .search_errors import ShardError

_DATE_MATH: Final = re.compile(r"(now|.+\|\|)((?:[+-]\d+[yMwdhHms])*)(?:/([yMwdhHms]))?")
_PARTIAL: Final = re.compile(r"(\d{4})(?:-(\d\d)(?:-(\d\d)(?:T(\d\d)(?::(\d\d)(?::(\d\d))?)?Z?)?)?)?")
_UNITS: Final = "yMdhms"
_SECONDS: Final = {"s": 1, "m": 60, "h": 3600, "H": 3600, "d": 86400, "w": 604800}


def millis(text: str | float, up: bool = False) -> float:
    """A date, or date maths such as ``now-1d/d``, as milliseconds since the epoch.

    Parameters
    ----------
    text
        What was given; a number is milliseconds.
    up
        The last millisecond of what is meant, where that is a day, a month, …

    Raises
    ------
    SearchError
        400: no date.
    """
    if isinstance(text, (int, float)):
        return float(text)
    text = str(text)
    moment, steps, unit = text, "", None
    if found := _DATE_MATH.fullmatch(text):
        moment, steps, unit = found[1].removesuffix("||"), found[2], found[3]
    if re.fullmatch(r"-?\d{5,}", moment):
        return float(moment)
    try:
        base, smallest = _moment(moment)
        for sign, count, step in re.findall(r"([+-])(\d+)([yMwdhHms])", steps):
            base = _moved(base, step, int(count) * (1 if sign == "+" else -1))
        rounded = unit or (smallest if up and not steps else None)
        if rounded:
            base = _floor(base, rounded)
            return (_moved(base, rounded, 1) if up else base).timestamp() * 1000 - (1 if up else 0)
        return base.timestamp() * 1000
    except (ValueError, OverflowError):
        reason = f"failed to parse date field [{text}] with format [strict_date_optional_time||epoch_millis]"
        raise ShardError(reason, ("date_time_parse_exception", reason), kind="parse_exception") from None


def stamp(second: float) -> str:
    """A moment as the documents have it, in UTC with milliseconds."""
    thousandths = round(second * 1000)
    whole = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(thousandths // 1000))
    return f"{whole}.{thousandths % 1000:03d}Z"


def _moment(text: str) -> tuple[datetime, str | None]:
    """The moment, and the smallest unit that is named; None when that is a fraction of a second or it is now."""
    if text == "now":
        return datetime.now(UTC), None
    if found := _PARTIAL.fullmatch(text):
        given = [int(part) for part in found.groups() if part is not None]
        return _utc(given), _UNITS[len(given) - 1]
    if not re.match(r"\d{4}-\d\d-\d\dT", text):
        raise ValueError(text)
    exact = datetime.fromisoformat(text)
    return (exact if exact.tzinfo else exact.replace(tzinfo=UTC)), None


def _moved(base: datetime, unit: str, count: int) -> datetime:
    if unit in _SECONDS:
        return base + timedelta(seconds=_SECONDS[unit] * count)
    months = base.year * 12 + base.month - 1 + count * (12 if unit == "y" else 1)
    year, month = months // 12, months % 12 + 1
    for day in (base.day, 30, 29, 28):
        try:
            return base.replace(year=year, month=month, day=day)
        except ValueError:
            if day == 28:
                raise
    return base


def _floor(base: datetime, unit: str) -> datetime:
    base = base.astimezone(UTC)
    if unit == "w":
        base -= timedelta(days=base.weekday())
    at = "yMdhms".index({"H": "h", "w": "d"}.get(unit, unit))
    parts = [base.year, base.month, base.day, base.hour, base.minute, base.second]
    return _utc(parts[: at + 1])


def _utc(parts: list[int]) -> datetime:
    """The moment that begins what these parts name: year, month, day, hour, minute, second, or the first of them."""
    year, month, day, hour, minute, second = parts + [1, 1, 1, 0, 0, 0][len(parts) :]
    return datetime(year, month, day, hour, minute, second, tzinfo=UTC)
