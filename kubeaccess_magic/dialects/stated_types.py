"""Columns whose type the answer states, as ClickHouse and Trino do: SQL type names in any spelling."""

from __future__ import annotations

import contextlib
import decimal
import re
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from . import columns

if TYPE_CHECKING:
    import pandas as pd
    from pandas.api.extensions import ExtensionArray

__all__ = ["column", "has_decimals"]

_WRAPPER = re.compile(r"\s*(?:Nullable|LowCardinality)\((.*)\)\s*", re.DOTALL)
_NAME = re.compile(r"[a-z0-9_]+")
_WHOLE = re.compile(r"u?int(?:8|16|32|64|128|256)?|tinyint|smallint|integer|bigint|hugeint|long|short|byte")
_FLOAT = re.compile(r"float(?:4|8|32|64)?|bfloat16|double|real")
_DECIMAL = re.compile(r"decimal(?:32|64|128|256)?|numeric")
_BOOLEAN = re.compile(r"bool|boolean")
_NUMBER = re.compile(r"[-+]?\d{1,100}")
_FLOATS = {"nan": "nan", "inf": "inf", "infinity": "inf", "-inf": "-inf", "-infinity": "-inf", "+inf": "inf"}
_CLICKHOUSE_TIME = re.compile(r"DateTime(?:64)?\((?:\d,\s*)?'([\w/+-]+)'\)")
_ZONED_TIME = re.compile(
    r"timestamp(?:\s*\(\d+\))? with time zone|timestamptz|timestamp_tz|timestamp_ltz", re.IGNORECASE
)
_TIME = re.compile(r"(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d:\d\d(?:\.\d{1,9})?)(?: ?([\w/+:-]+))?")
_OFFSET = re.compile(r"[+-]\d\d:\d\d|Z")


_Read = Callable[[Sequence[Any], str], "pd.Series | ExtensionArray"]


def has_decimals(types: Mapping[str, str]) -> bool:
    """Tell whether one of the types is decimal, so that numbers must not be read as floats."""
    return any(_DECIMAL.fullmatch(_name(kind)) for kind in types.values())


def column(values: pd.Series | ExtensionArray, kind: str) -> pd.Series | ExtensionArray:
    """Give a column the type that the answer states.

    Parameters
    ----------
    values
        As `columns.typed` made it.
    kind
        For example ``Nullable(UInt64)``, ``decimal(38, 2)``, ``timestamp(3) with time zone``.

    Returns
    -------
    Series or ExtensionArray
        The same column, if the type is unknown or a value is not of it.
    """
    import pandas as pd

    kind = _unwrapped(kind)
    dtype = str(values.dtype)
    read = _reader_of(kind)
    if read is None or dtype in _DONE.get(read, ()):
        return values
    plain = [None if is_gap else value for value, is_gap in zip(values.tolist(), pd.isna(values), strict=True)]
    with contextlib.suppress(ValueError, TypeError, KeyError, OverflowError, decimal.InvalidOperation):
        return read(plain, kind)
    return values


def _reader_of(kind: str) -> _Read | None:
    name = _name(kind)
    if _CLICKHOUSE_TIME.fullmatch(kind) or _ZONED_TIME.fullmatch(kind):
        return _moments
    for pattern, read in ((_WHOLE, _whole), (_FLOAT, _floats), (_DECIMAL, _decimals), (_BOOLEAN, _booleans)):
        if pattern.fullmatch(name):
            return read
    return None


def _unwrapped(kind: str) -> str:
    for _ in range(4):
        if (found := _WRAPPER.fullmatch(kind)) is None:
            break
        kind = found[1]
    return kind.strip()


def _name(kind: str) -> str:
    found = _NAME.match(_unwrapped(kind).lower())
    return "" if found is None else found[0]


def _whole(values: Sequence[Any], kind: str) -> pd.Series | ExtensionArray:
    import numpy as np
    import pandas as pd

    numbers = [None if value is None else _whole_number(value) for value in values]
    there = [number for number in numbers if number is not None]
    if not there:
        return columns.of_kind(numbers, "Int64")
    if min(there) >= 0 and 2**63 <= max(there) < 2**64:
        filled = np.array([number or 0 for number in numbers], dtype="uint64")
        if len(there) == len(numbers):
            return pd.Series(filled, copy=False)
        return pd.arrays.IntegerArray(filled, np.array([number is None for number in numbers]))
    return columns.typed(numbers)


def _whole_number(value: Any) -> int:
    if type(value) is str and _NUMBER.fullmatch(value):
        return int(value)
    if type(value) is not int:
        raise ValueError("this is no whole number")
    return value


def _floats(values: Sequence[Any], kind: str) -> pd.Series | ExtensionArray:
    return columns.of_kind([None if value is None else _float(value) for value in values], "float")


def _float(value: Any) -> float:
    if type(value) is bool:
        raise ValueError("this is no number")
    return float(_FLOATS.get(value.lower(), value) if type(value) is str else value)


def _decimals(values: Sequence[Any], kind: str) -> pd.Series | ExtensionArray:
    if any(type(value) not in (str, int, decimal.Decimal, type(None)) for value in values):
        raise ValueError("this is no decimal")
    return columns.of_kind([None if value is None else decimal.Decimal(value) for value in values], "object")


def _booleans(values: Sequence[Any], kind: str) -> pd.Series | ExtensionArray:
    words = {True: True, False: False, None: None, "true": True, "false": False}
    return columns.typed([words[value] for value in values])


def _moments(values: Sequence[Any], kind: str) -> pd.Series | ExtensionArray:
    stated = _CLICKHOUSE_TIME.fullmatch(kind)
    times = columns.utc([None if value is None else _time(value, stated[1] if stated else None) for value in values])
    if times is None:
        raise ValueError("these are no times")
    return times


def _time(text: str, zone: str | None) -> str:
    """A time in ISO 8601, of a text that has a blank in place of the T, or names a zone."""
    found = _TIME.fullmatch(text)
    if found is None:
        raise ValueError("this is no time")
    date, clock, written = found.groups()
    zone = written or zone
    if zone is None:
        raise ValueError("the zone is not known")
    if _OFFSET.fullmatch(zone):
        return f"{date}T{clock}{zone}"
    if zone in ("UTC", "Etc/UTC", "GMT"):
        return f"{date}T{clock}Z"
    return f"{date}T{clock}{_offset_of(f'{date}T{clock[:8]}', zone)}"


def _offset_of(time: str, zone: str) -> str:
    from datetime import datetime

    moment = datetime.fromisoformat(time).replace(tzinfo=ZoneInfo(zone))
    if moment.utcoffset() != moment.replace(fold=1).utcoffset():
        raise ValueError("this time is there twice, or never, in its zone")
    return f"{moment:%z}"


_DONE: dict[_Read, tuple[str, ...]] = {
    _whole: ("int64", "Int64"),
    _floats: ("float64",),
    _booleans: ("bool", "boolean"),
    _moments: ("datetime64[us, UTC]", "datetime64[ns, UTC]"),
}
