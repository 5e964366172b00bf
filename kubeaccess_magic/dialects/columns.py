"""From lists of JSON values to typed columns: nothing is dropped, nothing overwrites anything, types follow the values.

Every dialect makes its frame here, so that a column of whole numbers with gaps has one dtype wherever it came from:

===========================  =========================================================
values of a column           dtype
===========================  =========================================================
whole numbers                int64; Int64 with gaps; object if one is beyond 64 bits
numbers                      float64 (object, if a whole one would lose digits)
true and false               bool; boolean with gaps
text                         str (object in pandas 2); object if one has no UTF-8 form
dates, where asked for       datetime64[us, UTC]; [ns] if one has more than six digits
lists, anything mixed        object, the values as they are
===========================  =========================================================
"""

from __future__ import annotations

import contextlib
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
# A date, a time and a zone: without one of them it is not a moment, and stays text.
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:[.,](\d{1,9}))?)?(?:Z|[+-]\d\d(?::?\d\d)?)")
_LONGEST_MOMENT = len("2026-11-01T00:00:00.000000000+00:00")
_ZEROS = dict.fromkeys(map(ord, string.digits), "0")
_AT_ONCE = 4096
_SPARSE_FROM = 8  # cells per value
# As programs print numbers: `007` and `1_000` are names of something.
_NUMBER = re.compile(r"-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?")


class Names:
    """Gives each column a name that no other one has: the second ``a.b`` is ``a.b_2``."""

    def __init__(self, taken: Iterable[str] = ()) -> None:
        self._taken = set(taken)
        self._next: dict[str, int] = {}  # by name: the number to try, so that many equal names take linear time

    def free(self, name: str) -> str:
        """`name`, or with a number if it is taken; taken from now on."""
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
    """Columns of a list of objects, nested ones as dotted columns, in the order in which they first appear.

    Parameters
    ----------
    records
        One dict a row. What a row does not have is None.
    names
        Names that are given already.
    prefix
        Stands before each name.
    taken_prefix
        Stands before a name that is taken: ``_source.`` makes ``_source._id`` of a second ``_id``.
    budget
        What the frame may cost.

    Returns
    -------
    dict
        Each list has one value a row. An object that is empty in all rows is kept as a value, ``{}``.
    """
    found = leaves(records, budget)[0]
    column_names = dotted(found, names, prefix=prefix, taken_prefix=taken_prefix, budget=budget)
    return dict(zip(column_names, found.values(), strict=True))


def dotted(
    paths: Collection[tuple[str, ...]],
    names: Names | None = None,
    *,
    prefix: str = "",
    taken_prefix: str = "",
    budget: FrameBudget = DEFAULT,
) -> list[str]:
    """The names of columns by the keys that lead to them: as `flatten` gives them, with its parameters."""
    names = names or Names()
    check_names(paths, budget)
    taken = frozenset(names._taken) if taken_prefix else frozenset()
    found = []
    for path in paths:
        name = prefix + ".".join(path)
        found.append(names.free(taken_prefix + name if name in taken else name))
    return found


def check_names(paths: Collection[tuple[str, ...]], budget: FrameBudget) -> None:
    """Raise LimitExceeded if dotted names would take too much: a long key stands in all names below it."""
    size = sum(sum(map(len, path)) + len(path) for path in paths)
    budget.check_bytes(size, f"the names of {len(paths):,} columns")


def leaves(
    records: Sequence[Mapping[str, Any]], budget: FrameBudget = DEFAULT
) -> tuple[dict[tuple[str, ...], list[Any]], int]:
    """What `flatten` makes columns of, each by the keys that lead to it; and how many keys the objects have in all.

    Objects in lists are not looked into, and not counted. Before the values of a level are taken out, `budget` is asked
    whether there may be so many cells.
    """
    found: dict[tuple[str, ...], list[Any]] = {}
    keys_in_all = 0
    # A stack, not recursion: how deep an answer nests is not ours to choose.
    objects = cast("Sequence[dict[str, Any]]", records)
    nothing: dict[str, Any] = {}  # an object that is not there
    width = 0  # how many keys all levels have
    stack: list[tuple[tuple[str, ...], Any, str | None]] = [((), objects, None)]
    while stack:
        path, rows, key = stack.pop()
        if key is None:
            filled = sum(map(len, rows))
            keys_in_all += filled
            keys = dict.fromkeys(chain.from_iterable(rows))
            width += len(keys)
            budget.check_cells(len(rows), width, keys_in_all)
            if len(keys) * len(rows) > _SPARSE_FROM * max(filled, _AT_ONCE):
                rows = _spread(rows, keys)
            stack.extend((path, rows, key) for key in reversed(keys))
            continue
        values = rows.pop(key) if type(rows) is dict else list(map(dict.get, rows, repeat(key)))
        here = (*path, key)
        kinds = set(map(type, values))
        if dict in kinds and any(type(value) is dict and value for value in values):
            inner = [value if type(value) is dict else nothing for value in values]
            stack.append((here, inner, None))
            if not kinds - {dict, _NONE}:
                continue
            values = [None if type(value) is dict else value for value in values]
        found[here] = values
    return found, keys_in_all


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
    """A DataFrame of columns of Python values, each with the dtype that its values ask for.

    Parameters
    ----------
    columns
        One list of `rows` values a column.
    rows
        How many rows; there may be rows without any column.
    dates
        Whether columns of moments in text become datetime64 in UTC.
    kinds
        The kind of some columns, as `of_kind` takes it, whatever their values are.
    budget
        What the frame may cost. Text that is one object in many rows becomes many copies.

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
    """A DataFrame of columns that have their dtypes already; there may be rows without any column."""
    import pandas as pd

    index = pd.RangeIndex(rows)
    for values in columns.values():
        if isinstance(values, pd.Series):
            values.index = index  # the same one, else pandas looks up each row of each column
    try:
        return pd.DataFrame(dict(columns), index=index, copy=False)
    except UnicodeEncodeError:  # a name that has no UTF-8 form
        table = pd.DataFrame(dict(enumerate(columns.values())), index=index, copy=False)
        table.columns = pd.Index(list(columns), dtype=object)
        return table


def empty(kinds: Mapping[str, str]) -> pd.DataFrame:
    """A frame without rows, its columns of the given kinds."""
    return frame({name: [] for name in kinds}, 0, kinds=kinds)


def typed(values: Sequence[Any], *, dates: bool = False) -> pd.Series | ExtensionArray:
    """One column of JSON values; None is a gap."""
    found = set(map(type, values))
    gaps = _NONE in found
    found.discard(_NONE)
    if found == {str}:
        if dates and (moments := utc(values)) is not None:
            return moments
        return _text(values)
    if found == {bool}:
        return of_kind(values, "boolean") if gaps else _numpy(values, "bool")
    if found == {int}:
        return _whole(values, gaps)
    if found == {float}:
        return of_kind(values, "float")
    if found == {int, float} and all(type(v) is not int or abs(v) <= _EXACT_IN_FLOAT for v in values):
        return of_kind(values, "float")
    return of_kind(values, "object")


def of_kind(values: Sequence[Any], kind: str) -> pd.Series | ExtensionArray:
    """One column of a kind that is known beforehand, also if it has no values.

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
            except (TypeError, ValueError, OverflowError):  # somebody else's object of that name
                return _objects(values)
        case "float":
            return pd.Series(np.array(values, dtype=float), copy=False)
        case "time":
            moments = utc(values)
            return moments if moments is not None else typed(values)
        case _:
            return _objects(values)


def utc(values: Sequence[str | None]) -> pd.Series | None:
    """Moments in text as datetime64 in UTC, or None if one of them is not: they have a date, a time and a zone."""
    import pandas as pd

    digits = 0
    for start in range(0, len(values), _AT_ONCE):
        there = [value for value in values[start : start + _AT_ONCE] if value is not None]
        if not there:
            continue
        if max(map(len, there)) > _LONGEST_MOMENT:
            return None
        # Whether it is one is not for its digits to say: with zeros in their place, there are few to look at.
        forms = "\n".join(there).translate(_ZEROS).split("\n")
        found = list(map(_MOMENT.fullmatch, set(forms)))
        if len(forms) != len(there) or None in found:
            return None
        digits = max([digits, *(len(one[1] or "") for one in found if one)])
    unit: Literal["us", "ns"] = "us" if digits <= 6 else "ns"
    try:
        times = pd.to_datetime(pd.Series(list(values), dtype=object), utc=True, format="ISO8601")
        return times.astype(pd.DatetimeTZDtype(unit, "UTC"))
    except (ValueError, OverflowError):  # a 30 February; or, in pandas 2, a year that nanoseconds do not reach
        return _far(values) if unit == "us" else None


def epoch_ms(values: Sequence[float | None]) -> pd.Series:
    """Milliseconds since 1970 as datetime64[us, UTC].

    Raises
    ------
    ValueError, OverflowError
        If one of them is no moment.
    """
    import numpy as np
    import pandas as pd

    us = [np.iinfo("int64").min if v is None else round(v * 1000) for v in values]  # that number is NaT
    return pd.Series(np.array(us, dtype="int64").view("datetime64[us]")).dt.tz_localize("UTC")


def numbers(values: Sequence[str | None]) -> list[Any] | None:
    """Numbers in text as numbers, or None if one of the values is none, or there is not one."""
    there = [value for value in values if value is not None]
    if not there or not all(type(value) is str and _NUMBER.fullmatch(value) for value in there):
        return None
    whole = not any(c in value for value in there for c in ".eE")
    try:
        return [None if value is None else int(value) if whole else float(value) for value in values]
    except ValueError:  # more digits than Python reads
        return None


def _text(values: Sequence[str | None]) -> pd.Series:
    import numpy as np
    import pandas as pd

    dtype = pd.Series([""]).dtype  # pandas is left to say what it makes of text: `str`, or object before pandas 3
    try:
        if getattr(dtype, "storage", None) == "python":  # without pyarrow nobody else looks
            for value in filterfalse(str.isascii, filter(None, values)):
                value.encode()
        return pd.Series(np.fromiter(values, dtype=object, count=len(values)), dtype=dtype, copy=False)
    except UnicodeEncodeError:  # half of a surrogate pair
        return _objects(values)


def _whole(values: Sequence[Any], gaps: bool) -> pd.Series | ExtensionArray:
    import numpy as np
    import pandas as pd

    try:
        if not gaps:
            return _numpy(values, "int64")
        objects = np.fromiter(values, dtype=object, count=len(values))
        is_gap = np.equal(objects, cast(Any, None)).astype(bool)
        whole = np.zeros(len(values), dtype="int64")
        whole[~is_gap] = objects[~is_gap].astype("int64")
        return pd.arrays.IntegerArray(whole, is_gap)
    except (OverflowError, TypeError):  # beyond 64 bits: Python's own numbers are exact
        return _objects(values)


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
    """What nanoseconds do not reach (the year 9999 stands for "never" in many indices), by Python's own dates."""
    import numpy as np
    import pandas as pd

    try:
        moments = [
            None if v is None else datetime.fromisoformat(v).astimezone(UTC).replace(tzinfo=None) for v in values
        ]
    except (ValueError, OverflowError):
        return None
    return pd.Series(np.array(moments, dtype="datetime64[us]")).dt.tz_localize("UTC")
