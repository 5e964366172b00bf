"""From lists of JSON values to typed columns. Nothing is dropped or overwritten, and dtypes follow the values.

Every dialect makes its frame here, so that a column of whole numbers with gaps has the same dtype in each of them:

===========================  =========================================================
values of a column           dtype
===========================  =========================================================
whole numbers                int64; Int64 with gaps; object if one is beyond 64 bits
numbers                      float64 (object, if a whole one would lose digits); so are the texts ``NaN``,
                             ``Infinity`` and ``-Infinity`` among them, as JSON has no other form for these
true and false               bool; boolean with gaps
text                         str (object in pandas 2); object if one has no UTF-8 form
times, if that is wanted     datetime64[us, UTC]; [ns] if one has more than six digits; Go's zero time is NaT
lists, anything mixed        object, the values as they are
===========================  =========================================================
"""

from __future__ import annotations

import contextlib
import math
import re
import string
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from itertools import chain, filterfalse, repeat
from typing import TYPE_CHECKING, Any, Literal, cast

from .budget import DEFAULT, FrameBudget

if TYPE_CHECKING:
    import pandas as pd
    from pandas.api.extensions import ExtensionArray

__all__ = [
    "Names",
    "assembled",
    "dotted",
    "empty",
    "epoch_ms",
    "flatten",
    "frame",
    "leaves",
    "numbers",
    "of_kind",
    "typed",
    "utc",
]

_EXACT_IN_FLOAT = 2**53
_NONE = type(None)
# A date, a time and a zone. Text without one of them is no point in time, and stays text.
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:[.,](\d{1,9}))?)?(Z|[+-]\d\d(?::?\d\d)?| ?(?:GMT|UTC))")
_ZERO_TIME = "0001-01-01T00:00:00Z"  # what Go writes for a time that was never set
_LONGEST_TIME = len("2026-11-01T00:00:00.000000000+00:00")
_NANOSECONDS = re.compile(r"[.,]\d{6}0*[1-9]")
_MORE_DIGITS = re.compile(r"(?<=[.,]\d{6})\d+")
_ZEROS = dict.fromkeys(map(ord, string.digits), "0")
_CHUNK_ROWS = 4096
_SPARSE_FROM = 8  # cells per value
# As programs print numbers. `007` and `1_000` are names of something.
_NOT_FINITE = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}
_NOT_FINITE_TEXTS = frozenset({*_NOT_FINITE, "nan", "inf", "-inf", "+Inf", "Inf", "-Inf"})
_NUMBER = re.compile(r"-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?")


class Names:
    """Gives each column a unique name: a second ``a.b`` becomes ``a.b_2``."""

    def __init__(self, taken: Iterable[str] = ()) -> None:
        self._taken = set(taken)
        self._next: dict[str, int] = {}  # by name: the number to try, so that many equal names take linear time

    def free(self, name: str) -> str:
        """Reserve a name; a number is appended if it is already taken."""
        if name not in self._taken:
            self._taken.add(name)
            return name
        number = self._next.get(name, 2)
        while (numbered := f"{name}_{number}") in self._taken:
            number += 1
        self._next[name] = number + 1
        self._taken.add(numbered)
        return numbered


def flatten(
    records: Sequence[Mapping[str, Any]],
    names: Names | None = None,
    *,
    prefix: str = "",
    taken_prefix: str = "",
    budget: FrameBudget = DEFAULT,
) -> dict[str, list[Any]]:
    """Make columns of a list of objects, in the order in which they first appear. Nested objects become dotted columns.

    Parameters
    ----------
    records
        One dict per row. If a row lacks a key, its value is None.
    names
        Names that are taken already.
    prefix
        Stands in front of each name.
    taken_prefix
        Stands in front of a name that is taken: ``_source.`` makes ``_source._id`` of a second ``_id``.
    budget
        The limits on the size of the frame.

    Returns
    -------
    dict
        Each list has one value per row. An object that is empty in all rows is kept as a value, ``{}``.
    """
    values = leaves(records, budget)[0]
    column_names = dotted(values, names, prefix=prefix, taken_prefix=taken_prefix, budget=budget)
    return dict(zip(column_names, values.values(), strict=True))


def dotted(
    paths: Collection[tuple[str, ...]],
    names: Names | None = None,
    *,
    prefix: str = "",
    taken_prefix: str = "",
    budget: FrameBudget = DEFAULT,
) -> list[str]:
    """Name columns by the keys that lead to them, as `flatten` does.

    Parameters
    ----------
    paths
        The keys of each column.
    names, prefix, taken_prefix
        As for `flatten`.
    """
    names = names or Names()
    check_names(paths, budget)
    taken = frozenset(names._taken) if taken_prefix else frozenset()
    dotted_names = []
    for path in paths:
        name = prefix + ".".join(path)
        dotted_names.append(names.free(taken_prefix + name if name in taken else name))
    return dotted_names


def check_names(paths: Collection[tuple[str, ...]], budget: FrameBudget) -> None:
    """Raise LimitExceeded if dotted names would take too much: a long key is part of all names below it."""
    size = sum(sum(map(len, path)) + len(path) for path in paths)
    budget.check_bytes(size, f"the names of {len(paths):,} columns")


def leaves(
    records: Sequence[Mapping[str, Any]], budget: FrameBudget = DEFAULT
) -> tuple[dict[tuple[str, ...], list[Any]], int]:
    """Collect the values of a list of objects by the keys that lead to them.

    Parameters
    ----------
    records
        One dict per row.
    budget
        What the frame may cost: asked at each level, before its values are taken out.

    Returns
    -------
    tuple
        For each path one value per row; and how many keys the objects have in all. Objects in lists stay as they are,
        and their keys are not counted.
    """
    values_at: dict[tuple[str, ...], list[Any]] = {}
    keys_in_all = 0
    # A stack, not recursion: an answer may be nested to any depth.
    nothing: dict[str, Any] = {}  # in place of an object that is missing
    width = 0  # how many keys all levels have
    stack: list[tuple[tuple[str, ...], Any, str | None]] = [((), records, None)]
    while stack:
        path, rows, key = stack.pop()
        if key is None:
            filled = sum(map(len, rows))
            keys_in_all += filled
            keys = dict.fromkeys(chain.from_iterable(rows))
            width += len(keys)
            budget.check_cells(len(rows), width, keys_in_all)
            if len(keys) * len(rows) > _SPARSE_FROM * max(filled, _CHUNK_ROWS):
                rows = _spread(rows, keys)
            stack.extend(zip(repeat(path), repeat(rows), reversed(keys)))
            continue
        values = rows.pop(key) if type(rows) is dict else list(map(dict.get, rows, repeat(key)))
        here = (*path, key)
        kinds = set(map(type, values))
        if dict in kinds:
            inner = cast("Sequence[dict[str, Any]]", values)
            if kinds != {dict}:
                inner = [value if type(value) is dict else nothing for value in values]
            if any(inner):
                stack.append((here, inner, None))
                if not kinds - {dict, _NONE}:
                    continue
                values = [None if type(value) is dict else value for value in values]
        values_at[here] = values
    return values_at, keys_in_all


def _spread(rows: Sequence[dict[str, Any]], keys: Iterable[str]) -> dict[str, list[Any]]:
    """The values of each key, in the time that the values take and not that of all gaps."""
    values: dict[str, list[Any]] = {key: [None] * len(rows) for key in keys}
    for at, row in enumerate(rows):
        for key, value in row.items():
            values[key][at] = value
    return values


def frame(
    columns: Mapping[str, Sequence[Any]],
    rows: int,
    *,
    dates: bool = False,
    kinds: Mapping[str, str] | None = None,
    budget: FrameBudget = DEFAULT,
) -> pd.DataFrame:
    """Make a DataFrame of columns of Python values, each with the dtype that fits its values.

    Parameters
    ----------
    columns
        One list of `rows` values per column.
    rows
        How many rows there are, perhaps without any column.
    dates
        Whether columns of times as text become datetime64 in UTC.
    kinds
        The kind of some columns, as for `of_kind`, whatever their values are.
    budget
        The limits on the size of the frame. Text that is one object in many rows becomes many copies.

    Raises
    ------
    LimitExceeded
        The frame would cost more.
    """
    kinds = kinds or {}
    budget.check_cells(rows, len(columns))
    data, size = {}, 0
    for name, values in columns.items():
        budget.check()
        if text_size := _text_size(values):
            size += text_size
            budget.check_bytes(size, f"the text of {rows:,} rows")
        data[name] = of_kind(values, kinds[name]) if name in kinds else typed(values, dates=dates)
    return assembled(data, rows)


def _text_size(values: Sequence[Any]) -> int:
    """How long the texts of a column are together; 0 if it is not a column of text."""
    try:
        return sum(map(len, values))
    except TypeError:  # a gap, or a number
        with contextlib.suppress(TypeError):
            return sum(map(len, filter(None, values)))
    return 0


def assembled(columns: Mapping[str, pd.Series | ExtensionArray], rows: int) -> pd.DataFrame:
    """Make a DataFrame of columns that already have their dtypes.

    Parameters
    ----------
    columns
        By name.
    rows
        How many rows there are, perhaps without any column.
    """
    import pandas as pd

    index = pd.RangeIndex(rows)
    for values in columns.values():
        if isinstance(values, pd.Series):
            values.index = index  # the same object, else pandas looks up each row of each column
    try:
        return pd.DataFrame(dict(columns), index=index, copy=False)
    except UnicodeEncodeError:  # a name that has no UTF-8 form
        table = pd.DataFrame(dict(enumerate(columns.values())), index=index, copy=False)
        table.columns = pd.Index(list(columns), dtype=object)
        return table


def empty(kinds: Mapping[str, str]) -> pd.DataFrame:
    """Make a frame without rows.

    Parameters
    ----------
    kinds
        The kind of each column, as for `of_kind`.
    """
    return frame({name: [] for name in kinds}, 0, kinds=kinds)


def typed(values: Sequence[Any], *, dates: bool = False) -> pd.Series | ExtensionArray:
    """Make one column of JSON values.

    Parameters
    ----------
    values
        One per row; None is a gap.
    dates
        Whether times as text become datetime64 in UTC.
    """
    types = set(map(type, values))
    has_gaps = _NONE in types
    types.discard(_NONE)
    if types == {str}:
        if dates and (times := utc(values)) is not None:
            return times
        return _text(values)
    if types == {bool}:
        return of_kind(values, "boolean") if has_gaps else _numpy(values, "bool")
    if types == {int}:
        return _whole(values, has_gaps)
    if types == {float}:
        return _numpy(values, "float64")
    if types == {int, float} and _are_exact_in_float(values):
        return of_kind(values, "float")
    if str in types and types <= {str, int, float} and (numbers := _with_not_finite(values)) is not None:
        return of_kind(numbers, "float")
    return of_kind(values, "object")


def of_kind(values: Sequence[Any], kind: str) -> pd.Series | ExtensionArray:
    """Make one column of a given kind, even if it has no values.

    Parameters
    ----------
    values
        Python values; None is a gap.
    kind
        ``text``, ``Int64``, ``float``, ``boolean``, ``time`` (datetime64[us, UTC], of text or of nothing), ``object``.
    """
    import numpy as np
    import pandas as pd

    match kind:
        case "text":
            return _text(values) if set(map(type, values)) <= {str, _NONE} else typed(values)
        case "Int64" | "boolean":
            try:
                return pd.Series(pd.array(values, dtype=kind), copy=False)
            except (TypeError, ValueError, OverflowError):  # another kind of object has a field of that name
                return _objects(values)
        case "float":
            return pd.Series(np.array(values, dtype=float), copy=False)
        case "time":
            times = utc(values)
            return times if times is not None else typed(values)
        case _:
            return _objects(values)


def utc(values: Sequence[str | None]) -> pd.Series | None:
    """Convert texts with date, time and zone to times in UTC.

    Parameters
    ----------
    values
        One per row; None is a gap.

    Returns
    -------
    Series or None
        datetime64 in UTC. None if one of the texts is no such time.
    """
    import pandas as pd

    digits, zones = 0, set[str]()
    for start in range(0, len(values), _CHUNK_ROWS):
        chunk = values[start : start + _CHUNK_ROWS]
        there = [value for value in chunk if value is not None] if None in chunk else cast("Sequence[str]", chunk)
        if not there:
            continue
        if max(map(len, there)) > _LONGEST_TIME:
            return None
        # The form does not depend on the digits. With zeros in their place, there are few different texts to check.
        forms = "\n".join(there).translate(_ZEROS).split("\n")
        matches = list(map(_TIME.fullmatch, set(forms)))
        if len(forms) != len(there) or None in matches:
            return None
        digits = max([digits, *(len(match[1] or "") for match in matches if match)])
        zones |= {match[2][-1] for match in matches if match}
    if zones & {"T", "C"}:  # GMT, UTC
        values = [value and value.replace(" ", "").replace("GMT", "Z").replace("UTC", "Z") for value in values]
    if _ZERO_TIME in values:
        values = [None if value == _ZERO_TIME else value for value in values]
    unit: Literal["us", "ns"] = "us" if digits <= 6 else "ns"
    try:
        times = pd.to_datetime(pd.Series(list(values), dtype=object), utc=True, format="ISO8601")
        return times.astype(pd.DatetimeTZDtype(unit, "UTC"))
    except (ValueError, OverflowError):  # a 30 February; or a year that nanoseconds do not reach
        return _far(values) if unit == "us" or not any(map(_NANOSECONDS.search, filter(None, values))) else None


def epoch_ms(values: Sequence[float | None]) -> pd.Series:
    """Convert milliseconds since 1970 to datetime64[us, UTC].

    Raises
    ------
    ValueError, OverflowError
        One of them is out of range.
    """
    import numpy as np
    import pandas as pd

    us = [np.iinfo("int64").min if v is None else round(v * 1000) for v in values]  # that number is NaT
    return pd.Series(np.array(us, dtype="int64").view("datetime64[us]")).dt.tz_localize("UTC")


def numbers(values: Sequence[str | None]) -> list[Any] | None:
    """Convert texts to numbers.

    Parameters
    ----------
    values
        One per row; None is a gap.

    Returns
    -------
    list or None
        The numbers; NaN and infinities only beside others. None if one of the texts is not a number, or there is none.
    """
    there = [value for value in values if value is not None]
    finite = [value for value in there if type(value) is not str or value not in _NOT_FINITE_TEXTS]
    if not finite or not all(type(value) is str and _NUMBER.fullmatch(value) for value in finite):
        return None
    whole = not any(c in value for value in finite for c in ".eE")
    try:
        if len(finite) == len(there):
            return [None if value is None else int(value) if whole else float(value) for value in values]
        if whole and not _are_exact_in_float(map(int, finite)):
            return None
        return [None if value is None else float(value) for value in values]
    except ValueError:  # more digits than Python reads
        return None


def _text(values: Sequence[str | None]) -> pd.Series:
    import numpy as np
    import pandas as pd

    dtype = pd.Series([""]).dtype  # pandas decides on the dtype of text: `str`, or object before pandas 3
    try:
        if getattr(dtype, "storage", None) == "python":  # without pyarrow nothing else checks it
            for value in filterfalse(str.isascii, filter(None, values)):
                value.encode()
        return pd.Series(np.fromiter(values, dtype=object, count=len(values)), dtype=dtype, copy=False)
    except UnicodeEncodeError:  # half of a surrogate pair
        return _objects(values)


def _whole(values: Sequence[Any], has_gaps: bool) -> pd.Series | ExtensionArray:
    import numpy as np
    import pandas as pd

    try:
        if not has_gaps:
            return _numpy(values, "int64")
        objects = np.fromiter(values, dtype=object, count=len(values))
        is_gap = np.equal(objects, cast(Any, None)).astype(bool)
        whole = np.zeros(len(values), dtype="int64")
        whole[~is_gap] = objects[~is_gap].astype("int64")
        return pd.arrays.IntegerArray(whole, is_gap)
    except (OverflowError, TypeError):  # beyond 64 bits: Python's own numbers are exact
        return _objects(values)


def _are_exact_in_float(values: Iterable[Any]) -> bool:
    return all(type(value) is not int or abs(value) <= _EXACT_IN_FLOAT for value in values)


def _with_not_finite(values: Sequence[Any]) -> list[float | None] | None:
    """Numbers in place of the texts for NaN and infinities; None if there is another text, or a number loses digits."""
    if not {value for value in values if type(value) is str} <= _NOT_FINITE.keys() or not _are_exact_in_float(values):
        return None
    return [_NOT_FINITE[value] if type(value) is str else value for value in values]


def _numpy(values: Sequence[Any], dtype: str) -> pd.Series:
    import numpy as np
    import pandas as pd

    return pd.Series(np.array(values, dtype=dtype), copy=False)


def _objects(values: Sequence[Any]) -> pd.Series:
    import numpy as np
    import pandas as pd

    # fromiter, as np.array would make two dimensions of lists of one length.
    return pd.Series(np.fromiter(values, dtype=object, count=len(values)), dtype=object, copy=False)


def _far(values: Sequence[str | None]) -> pd.Series | None:
    """Times that nanoseconds cannot hold, by Python's own dates. Many indices have the year 9999 for "never"."""
    import numpy as np
    import pandas as pd

    try:
        times = [None if v is None else _moment(v).astimezone(UTC).replace(tzinfo=None) for v in values]
    except (ValueError, OverflowError):
        return None
    return pd.Series(np.array(times, dtype="datetime64[us]")).dt.tz_localize("UTC")


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(_MORE_DIGITS.sub("", text))
