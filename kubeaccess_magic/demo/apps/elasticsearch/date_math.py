"""Dates as Elasticsearch reads them: ISO 8601, milliseconds, and date math."""

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
    """A date, or date math such as ``now-1d/d``, in milliseconds since the epoch.

    Parameters
    ----------
    text
        The date; a number is milliseconds.
    up
        Whether to round up, to the last millisecond of a day, a month, …

    Raises
    ------
    SearchError
        400: the text is not a date.
    """
    if isinstance(text, (int, float)):
        return float(text)
    text = str(text)
    date, steps, unit = text, "", None
    if match := _DATE_MATH.fullmatch(text):
        date, steps, unit = match[1].removesuffix("||"), match[2], match[3]
    if re.fullmatch(r"-?\d{5,}", date):
        return float(date)
    try:
        moment, smallest = _parse_date(date)
        for sign, count, step in re.findall(r"([+-])(\d+)([yMwdhHms])", steps):
            moment = _shift(moment, step, int(count) * (1 if sign == "+" else -1))
        rounded = unit or (smallest if up and not steps else None)
        if rounded:
            moment = _floor(moment, rounded)
            return (_shift(moment, rounded, 1) if up else moment).timestamp() * 1000 - (1 if up else 0)
        return moment.timestamp() * 1000
    except (ValueError, OverflowError):
        reason = f"failed to parse date field [{text}] with format [strict_date_optional_time||epoch_millis]"
        raise ShardError(reason, ("date_time_parse_exception", reason), kind="parse_exception") from None


def stamp(second: float) -> str:
    """A second since the epoch, as documents write it: in UTC with milliseconds."""
    thousandths = round(second * 1000)
    whole = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(thousandths // 1000))
    return f"{whole}.{thousandths % 1000:03d}Z"


def _parse_date(text: str) -> tuple[datetime, str | None]:
    """The time of a date, and its smallest unit; None for fractions of a second and for ``now``."""
    if text == "now":
        return datetime.now(UTC), None
    if match := _PARTIAL.fullmatch(text):
        parts = [int(part) for part in match.groups() if part is not None]
        return _utc(parts), _UNITS[len(parts) - 1]
    if not re.match(r"\d{4}-\d\d-\d\dT", text):
        raise ValueError(text)
    parsed = datetime.fromisoformat(text)
    return (parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)), None


def _shift(moment: datetime, unit: str, count: int) -> datetime:
    if unit in _SECONDS:
        return moment + timedelta(seconds=_SECONDS[unit] * count)
    months = moment.year * 12 + moment.month - 1 + count * (12 if unit == "y" else 1)
    year, month = months // 12, months % 12 + 1
    for day in (moment.day, 30, 29, 28):
        try:
            return moment.replace(year=year, month=month, day=day)
        except ValueError:
            if day == 28:
                raise
    return moment


def _floor(moment: datetime, unit: str) -> datetime:
    moment = moment.astimezone(UTC)
    if unit == "w":
        moment -= timedelta(days=moment.weekday())
    position = _UNITS.index({"H": "h", "w": "d"}.get(unit, unit))
    parts = [moment.year, moment.month, moment.day, moment.hour, moment.minute, moment.second]
    return _utc(parts[: position + 1])


def _utc(parts: list[int]) -> datetime:
    """The beginning of a period that is named by a year, and perhaps month, day, hour, minute and second."""
    year, month, day, hour, minute, second = parts + [1, 1, 1, 0, 0, 0][len(parts) :]
    return datetime(year, month, day, hour, minute, second, tzinfo=UTC)
