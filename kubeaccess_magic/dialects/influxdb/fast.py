"""The fast way to read the rows of annotated CSV: by pyarrow, or without it by pandas.

Both are told the type of each column, and never guess. What does not fit is refused; `exact` reads it then.
"""

from __future__ import annotations

import contextlib
import io
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from .. import columns
from .times import in_nanoseconds

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["read"]

_IS_TIME = re.compile(r"dateTime(?::RFC3339(?:Nano)?)?")
_MARK = "#"  # the name of the column of the annotations
_TEXTS = frozenset({"string", "duration", "base64Binary"})
_NUMBERS = frozenset({"long", "double", "boolean"})
_QUOTE = re.compile(rb'"')
_CARRIAGE_RETURN = re.compile(rb"\r(?!\n)")


def read(
    names: Sequence[str], kinds: Sequence[str], defaults: Sequence[str], data: Sequence[memoryview]
) -> pd.DataFrame | None:
    """Make a frame of rows whose types are stated.

    Parameters
    ----------
    names
        Of the columns.
    kinds, defaults
        What ``#datatype`` and ``#default`` say of each column; empty if they are not there.
    data
        Pieces of the rows.

    Returns
    -------
    DataFrame or None
        None if a type is not known, or anything does not fit its type.
    """
    if not kinds or _MARK in names or not all(k in _TEXTS | _NUMBERS or _IS_TIME.fullmatch(k) for k in kinds):
        return None
    body = data[0] if len(data) == 1 else memoryview(b"".join(data))
    if not len(body):
        return None
    try:
        import pyarrow.csv
    except ImportError:
        return _by_pandas(names, kinds, defaults, body)
    return _by_pyarrow(names, kinds, defaults, body) if pyarrow.csv else None


def _by_pyarrow(
    names: Sequence[str], kinds: Sequence[str], defaults: Sequence[str], body: memoryview
) -> pd.DataFrame | None:
    import pandas as pd
    import pyarrow as pa
    import pyarrow.csv

    types = {"long": pa.int64(), "double": pa.float64(), "boolean": pa.bool_()}
    dtype: Any = pd.Series([""]).dtype
    if getattr(dtype, "storage", None) != "pyarrow":
        return _by_pandas(names, kinds, defaults, body)
    stated = [types.get(k, pa.large_string() if k in _TEXTS else pa.timestamp("ns", "UTC")) for k in kinds]
    try:
        table = pyarrow.csv.read_csv(
            pa.BufferReader(pa.py_buffer(body)),
            pyarrow.csv.ReadOptions(column_names=[_MARK, *names], block_size=1 << 20),
            pyarrow.csv.ParseOptions(newlines_in_values=_QUOTE.search(body) is not None),
            pyarrow.csv.ConvertOptions(
                column_types=dict(zip(names, stated, strict=True)),
                include_columns=list(names),
                null_values=[""],
                strings_can_be_null=True,
                true_values=["true"],
                false_values=["false"],
            ),
        )
        filled = [_filled(table.column(at), defaults[at] if defaults else "") for at in range(len(names))]
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        return None
    return columns.assembled(
        {name: _series(column, dtype) for name, column in zip(names, filled, strict=True)}, len(table)
    )


def _filled(column: Any, default: str) -> Any:
    """Put the default into the gaps.

    Raises
    ------
    ArrowInvalid
        A value does not have the type of its column.
    """
    import pyarrow as pa
    import pyarrow.compute

    if not default or not column.null_count:
        return column
    return pyarrow.compute.fill_null(column, pa.scalar(default, pa.string()).cast(column.type))


def _series(column: Any, dtype: Any) -> Any:
    """Make a column of pandas, with the dtypes of `columns`."""
    import numpy as np
    import pandas as pd
    import pyarrow as pa

    kind = column.type
    if pa.types.is_large_string(kind):
        return pd.Series(dtype.__from_arrow__(column), copy=False)
    if pa.types.is_timestamp(kind):
        numbers = column.cast(pa.int64()).fill_null(np.iinfo("int64").min).to_numpy()  # that number is NaT
        return pd.Series(numbers.view("datetime64[ns]"), copy=False).dt.tz_localize("UTC")
    if pa.types.is_floating(kind):
        return pd.Series(column.to_numpy(), copy=False)
    is_flag = pa.types.is_boolean(kind)
    if not column.null_count:
        return pd.Series(column.to_numpy(), copy=False)
    mask = column.is_null().to_numpy()
    values = column.fill_null(False if is_flag else 0).to_numpy()
    return pd.arrays.BooleanArray(values, mask) if is_flag else pd.arrays.IntegerArray(values, mask)


def _by_pandas(
    names: Sequence[str], kinds: Sequence[str], defaults: Sequence[str], body: memoryview
) -> pd.DataFrame | None:

    if _CARRIAGE_RETURN.search(body):
        return None
    for whole, flag in (("int64", "bool"), ("Int64", "boolean")):  # those without gaps are read faster
        try:
            frame = _read_csv(names, kinds, body, {"long": whole, "boolean": flag, "double": "float64"})
        except (ValueError, OverflowError, TypeError):
            continue
        if _may_be_short(frame, body):
            return None
        table = {}
        for at, (name, kind) in enumerate(zip(names, kinds, strict=True)):
            column = _converted(frame.pop(name), kind, defaults[at] if defaults else "")
            if column is None:
                return None
            table[name] = column
        return columns.assembled(table, len(frame))
    return None


def _read_csv(names: Sequence[str], kinds: Sequence[str], body: memoryview, stated: Mapping[str, str]) -> pd.DataFrame:
    import pandas as pd

    text: Any = pd.Series([""]).dtype
    dtypes = {
        name: stated.get(kind, text if kind in _TEXTS else object) for name, kind in zip(names, kinds, strict=True)
    }
    frame: pd.DataFrame = pd.read_csv(
        io.BytesIO(body),
        header=None,
        names=[_MARK, *names],
        usecols=list(names),
        index_col=False,
        dtype=dtypes,
        keep_default_na=False,
        na_values=[""],
        **_exact_floats(pd.__version__),
    )
    return frame


def _exact_floats(pandas_version: str) -> dict[str, Any]:
    """Ask for exact numbers, which pandas reads by default from 3.1 on."""
    major, minor = (int(part) for part in pandas_version.split(".")[:2])
    return {"float_precision": "round_trip"} if (major, minor) < (3, 1) else {}


def _may_be_short(frame: pd.DataFrame, body: memoryview) -> bool:
    """Tell whether a row may have fewer cells than the others, which pandas fills up without a word."""
    if not frame.iloc[:, -1].isna().any():
        return False
    text = bytes(body)
    return b'"' in text or text.count(b",") != len(frame) * len(frame.columns)


def _converted(column: pd.Series, kind: str, default: str) -> pd.Series | None:
    """Fill the gaps of a column, and give it the dtype that `columns` would."""
    import pandas as pd

    if kind in _TEXTS:
        return column.fillna(default) if default else column
    if default and column.isna().any():
        return None
    if kind == "double" or column.dtype in ("int64", "bool"):
        return column
    if kind in _NUMBERS:
        return column if column.isna().any() else column.astype("bool" if kind == "boolean" else "int64")
    with contextlib.suppress(ValueError, OverflowError):
        return in_nanoseconds(pd.to_datetime(column, utc=True, format="ISO8601"))
    return None
