"""pyarrow's arrays as columns of a frame, with the dtypes and values that `columns.typed` gives to Python values."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, cast

from .. import columns

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    import pyarrow as pa
    from pandas.api.extensions import ExtensionArray

__all__ = ["column", "is_decimal", "lean_memory"]

_EXACT_IN_FLOAT = 2**53
_T_AT, _COLON_AT = 10, 13  # of 2026-11-01T00:00
_CERTAIN_YEARS = ("1678-01-01", "2262-01-01")  # pandas 2 reads others in another way, with other bounds
_NAT = -(2**63)


def column(chunks: Sequence[pa.Array], *, dates: bool) -> pd.Series | ExtensionArray | None:
    """Make one column of several arrays.

    Parameters
    ----------
    chunks
        The arrays of the column, in the order of the rows. They may be of type null.
    dates
        Whether times as text become datetime64 in UTC.

    Returns
    -------
    Series, ExtensionArray or None
        What `columns.typed` makes of their values. None if the arrays have different types.
    """
    import pandas as pd
    import pyarrow as pa
    import pyarrow.compute as pc

    kinds = {chunk.type for chunk in chunks} - {pa.null()}
    if kinds == {pa.int64(), pa.float64()}:
        for chunk in chunks:
            if chunk.type == pa.int64() and chunk.null_count < len(chunk):
                least, most = (value.as_py() for value in pc.min_max(chunk).values())
                if max(-least, most) > _EXACT_IN_FLOAT:
                    return None
        kinds = {pa.float64()}
    if len(kinds) != 1:
        return None
    (kind,) = kinds
    whole = pa.chunked_array([chunk.cast(kind) for chunk in chunks], type=kind)
    if kind == pa.string():
        moments = _moments(whole) if dates else None
        return moments if moments is not None else _text(whole)
    if whole.null_count and kind == pa.int64():
        return cast("ExtensionArray", cast(Any, pd.Int64Dtype()).__from_arrow__(whole))
    if whole.null_count and kind == pa.bool_():
        return cast("ExtensionArray", cast(Any, pd.BooleanDtype()).__from_arrow__(whole))
    return pd.Series(_own(whole.to_numpy()), copy=False)


def is_decimal(array: pa.Array) -> bool:
    """Tell whether an array holds decimals."""
    import pyarrow as pa

    return bool(array.type == pa.float64())


@contextlib.contextmanager
def lean_memory() -> Iterator[None]:
    """Let pyarrow take its memory from the system: its own pool takes tens of megabytes more, and keeps them.

    The pool from before is set again. If two threads do this at once, it may not be; that changes nothing but where
    memory comes from.
    """
    import pyarrow as pa

    before = pa.default_memory_pool()
    pa.set_memory_pool(pa.system_memory_pool())
    try:
        yield
    finally:
        pa.set_memory_pool(before)


def _text(whole: pa.ChunkedArray) -> pd.Series:
    import numpy as np
    import pandas as pd
    import pyarrow as pa

    text = pd.Series([""]).dtype
    if getattr(text, "storage", None) == "pyarrow":
        array = pd.arrays.ArrowStringArray(whole.cast(pa.large_string()), dtype=text)  # type: ignore[call-arg]  # the stubs lack it
        return pd.Series(array, copy=False)
    if text == np.dtype(object):
        return pd.Series(whole.to_numpy(), dtype=object, copy=False)
    return cast("pd.Series", columns.of_kind(whole.to_pylist(), "text"))


def _moments(whole: pa.ChunkedArray) -> pd.Series | None:
    """Times as text to datetime64 in UTC, as `columns.utc` gives them; None if one is no time."""
    import numpy as np
    import pandas as pd
    import pyarrow as pa
    import pyarrow.compute as pc

    first = next((chunk[i].as_py() for chunk in whole.chunks for i in _valid(chunk, 1)), None)
    if first is None or columns.utc([first]) is None:
        return None
    # pyarrow also takes a blank in place of the T, and an hour without minutes: then Python checks each of them.
    if not all(_has_t_and_colon(chunk) for chunk in whole.chunks):
        return columns.utc(whole.to_pylist())
    for unit in ("us", "ns"):
        try:
            times = pc.cast(whole, pa.timestamp(unit, tz="UTC"))
        except pa.ArrowInvalid:
            continue
        if unit == "us":
            least, most = (value.cast(pa.int64()).as_py() for value in pc.min_max(times).values())
            years = [np.datetime64(year, "us").astype("int64") for year in _CERTAIN_YEARS]
            if not years[0] <= least <= most < years[1]:
                break
        numbers = _own(times.cast(pa.int64()).fill_null(_NAT).to_numpy())
        return pd.Series(numbers.view(f"datetime64[{unit}]"), copy=False).dt.tz_localize("UTC")
    return columns.utc(whole.to_pylist())


def _valid(chunk: pa.Array, most: int) -> list[int]:
    import numpy as np

    return [] if chunk.null_count == len(chunk) else np.flatnonzero(_mask(chunk))[:most].tolist()


def _mask(chunk: pa.Array) -> np.ndarray[Any, Any]:
    return cast("np.ndarray[Any, Any]", chunk.is_valid().to_numpy(zero_copy_only=False))


def _has_t_and_colon(chunk: pa.Array) -> bool:
    """Whether each text has a T and a colon where ``????-??-??T??:`` has them."""
    import numpy as np

    _, offsets, data = chunk.buffers()
    if data is None or chunk.null_count == len(chunk):
        return bool(chunk.null_count == len(chunk))
    ends = np.frombuffer(offsets, dtype=np.int32, count=chunk.offset + len(chunk) + 1)[chunk.offset :]
    starts, lengths = ends[:-1], np.diff(ends)
    if chunk.null_count:
        starts, lengths = starts[_mask(chunk)], lengths[_mask(chunk)]
    if lengths.min() <= _COLON_AT:
        return False
    letters = np.frombuffer(data, dtype=np.uint8)
    return bool((letters[starts + _T_AT] == ord("T")).all() and (letters[starts + _COLON_AT] == ord(":")).all())


def _own(values: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """The values in memory that can be written to. That of pyarrow cannot."""
    return values if values.flags.writeable else values.copy()
