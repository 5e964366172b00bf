"""What pyarrow does for rows: JSON to arrays, arrays to columns; only where that is what Python would have made of it.

pyarrow reads JSON several times faster than anything that makes Python values, and lies in places: it takes text that
looks like a date for one and forgets how it was written, makes a decimal of a whole number beyond 64 bits or beside a
decimal, gives a list's objects keys that they do not have, and ends the process at a row that is ``null``. Each of
these is asked for here, and read again by other means.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

from . import columns
from .shape import NoShape, Shape

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    import pyarrow as pa
    from pandas.api.extensions import ExtensionArray

__all__ = ["Unsure", "arrays", "column", "is_decimal", "is_there", "lean_memory", "values_at"]

_Path = tuple[str, ...]
_EXACT_IN_FLOAT = 2**53
_T_AT, _COLON_AT = 10, 13  # of 2026-11-01T00:00
_SURE_YEARS = ("1678-01-01", "2262-01-01")  # pandas 2 reads others by another way, with other bounds
_NAT = -(2**63)


class Unsure(ValueError):
    """pyarrow cannot read these rows, or not certainly as Python would."""


def is_there() -> bool:
    """Whether pyarrow is installed, with what is needed of it."""
    try:
        import pyarrow.compute
        import pyarrow.json  # noqa: F401 - only whether it can be
    except ImportError:
        return False
    return True


@contextlib.contextmanager
def lean_memory() -> Iterator[None]:
    """Let pyarrow take its memory from the system: its own pool takes tens of megabytes more at first, and keeps them.

    What was set before is set again. Two threads at once may leave it so; only where memory is from depends on it.
    """
    import pyarrow as pa

    before = pa.default_memory_pool()
    pa.set_memory_pool(pa.system_memory_pool())
    try:
        yield
    finally:
        pa.set_memory_pool(before)


def arrays(rows: Sequence[Any], text: Iterable[_Path] = ()) -> tuple[dict[_Path, Any], set[_Path], bool]:
    """The columns of rows, by the keys that lead to each, in the order in which they appear.

    Parameters
    ----------
    rows
        The bytes of one JSON object each, valid but for its text.
    text
        Columns that hold text which looks like dates, as far as is known from rows before these.

    Returns
    -------
    tuple
        pyarrow arrays (of null, bool, int64, double, string), or lists of Python values where an array would not be
        true; `text` as far as it is known now; and whether a column of decimals may hold whole numbers, too, so that
        the rows are still needed should Python values of it be wanted.

    Raises
    ------
    Unsure
        If they are not to be read here.
    """
    import pyarrow as pa

    joined = b"\n".join(rows)
    _check(joined, rows)
    known = set(text)
    table = _read(joined, len(rows), known)
    found = dict(_walk(table))
    if dates := [path for path, array in found.items() if pa.types.is_temporal(array.type)]:
        order = list(found)
        known.update(dates)
        again = dict(_walk(_read(joined, len(rows), known)))
        found = {path: again.pop(path) for path in order if path in again}
        if again or len(found) < len(order):  # not as it was
            raise Unsure("other columns at the second look")
    del joined, table
    kinds = (pa.null(), pa.bool_(), pa.int64(), pa.float64(), pa.string())
    python = [path for path, array in found.items() if array.type not in kinds or _may_lie(array)]
    empty = [path for path in python if pa.types.is_struct(found[path].type)]
    for path in empty:
        found[path] = [{} if valid else None for valid in found[path].is_valid().to_pylist()]
    found |= values_at(rows, [path for path in python if path not in empty])
    is_mixed = any(not isinstance(array, list) and _has_whole(array) for array in found.values())
    return found, known, is_mixed


def values_at(rows: Sequence[Any], paths: Sequence[_Path]) -> dict[_Path, list[Any]]:
    """The Python values of some columns of rows: nothing else of them is built.

    The rows have no key twice: pyarrow has seen to that.

    Raises
    ------
    Unsure
        If a key is one that msgspec cannot look for.
    """
    if not paths:
        return {}
    try:
        found, _ = Shape(paths, has_others=True).leaves(b"[" + b",".join(rows) + b"]")
    except NoShape as error:
        raise Unsure(str(error)) from None
    return {path: found.get(path) or [None] * len(rows) for path in paths}


def is_decimal(array: pa.Array) -> bool:
    """Whether an array is of decimals."""
    import pyarrow as pa

    return bool(array.type == pa.float64())


def column(chunks: Sequence[pa.Array], *, dates: bool) -> pd.Series | ExtensionArray | None:
    """One column of arrays of one kind (or null), as `columns.typed` makes it of their values; None if it cannot be."""
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


def _check(joined: bytes, rows: Sequence[Any]) -> None:
    """That each row is an object, and all is UTF-8: pyarrow looks for neither."""
    import numpy as np
    import pyarrow as pa

    lengths = np.fromiter(map(len, rows), dtype=np.int64, count=len(rows))
    starts = np.cumsum(lengths + 1) - lengths - 1
    if not lengths.all() or (np.frombuffer(joined, dtype=np.uint8)[starts] != ord("{")).any():
        raise Unsure("a row is no object")
    ends = pa.py_buffer(np.array([0, len(joined)], dtype=np.int64))
    try:
        pa.Array.from_buffers(pa.large_string(), 1, [None, ends, pa.py_buffer(joined)]).validate(full=True)
    except pa.ArrowException as error:
        raise Unsure(str(error)) from None


def _read(joined: bytes, rows: int, text: Iterable[_Path]) -> pa.Table:
    import pyarrow as pa
    import pyarrow.json

    # All in one block: a row that does not fit in one is an error, and blocks that are read at once do not keep the
    # order of columns.
    options = pyarrow.json.ReadOptions(use_threads=False, block_size=len(joined) + 1)
    parsing = pyarrow.json.ParseOptions(explicit_schema=_schema(text))
    try:
        table = pyarrow.json.read_json(pa.BufferReader(joined), options, parsing)
    except (pa.ArrowException, UnicodeError) as error:
        raise Unsure(str(error)) from None
    if table.num_rows != rows:
        raise Unsure(f"{table.num_rows} of {rows} rows")
    return table


def _schema(text: Iterable[_Path]) -> pa.Schema | None:
    """That these columns are text; pyarrow still finds out what the others are."""
    import pyarrow as pa

    tree: dict[str, Any] = {}
    for path in text:
        node = tree
        for key in path:
            node = node.setdefault(key, {})

    def fields(node: Mapping[str, Any]) -> list[pa.Field]:
        return [pa.field(key, pa.struct(fields(inner)) if inner else pa.string()) for key, inner in node.items()]

    return pa.schema(fields(tree)) if tree else None


def _walk(table: pa.Table) -> Iterable[tuple[_Path, Any]]:
    """Each leaf, as one array; a value in an object that is not there is null."""
    import pyarrow as pa

    stack: list[tuple[_Path, pa.Array]] = [
        ((name,), chunked.combine_chunks()) for name, chunked in zip(table.column_names, table.columns, strict=True)
    ]
    stack.reverse()
    while stack:
        path, array = stack.pop()
        if isinstance(array, pa.ChunkedArray):  # of a table without rows
            array = pa.concat_arrays(array.chunks) if array.num_chunks else pa.array([], array.type)
        if pa.types.is_struct(array.type) and array.type.num_fields:
            names = [array.type.field(i).name for i in range(array.type.num_fields)]
            inner = [((*path, name), child) for name, child in zip(names, array.flatten(), strict=True)]
            stack.extend(reversed(inner))
        else:
            yield path, array


def _may_lie(array: pa.Array) -> bool:
    """Whether a column of decimals may be one of whole numbers that lost digits, or of a ``-0`` that won a sign."""
    import numpy as np

    if not is_decimal(array):
        return False
    values = array.to_numpy(zero_copy_only=False)
    return bool(np.any(np.abs(values) >= _EXACT_IN_FLOAT) or np.any(np.signbit(values) & (values == 0)))


def _has_whole(array: pa.Array) -> bool:
    import numpy as np

    if not is_decimal(array):
        return False
    values = array.to_numpy(zero_copy_only=False)
    return bool(np.any(values == np.floor(values)))


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
    """Moments in text as datetime64 in UTC, as `columns.utc` has them; None if one is not."""
    import numpy as np
    import pandas as pd
    import pyarrow as pa
    import pyarrow.compute as pc

    first = next((chunk[i].as_py() for chunk in whole.chunks for i in _valid(chunk, 1)), None)
    if first is None or columns.utc([first]) is None:
        return None
    # pyarrow also takes a blank for the T, and an hour without minutes: then Python looks at each.
    if not all(_has_t_and_colon(chunk) for chunk in whole.chunks):
        return columns.utc(whole.to_pylist())
    for unit in ("us", "ns"):
        try:
            times = pc.cast(whole, pa.timestamp(unit, tz="UTC"))
        except pa.ArrowInvalid:
            continue
        if unit == "us":
            least, most = (value.cast(pa.int64()).as_py() for value in pc.min_max(times).values())
            years = [np.datetime64(year, "us").astype("int64") for year in _SURE_YEARS]
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
    """Whether each text is ``????-??-??T??:`` as far as its T and colon are concerned."""
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
    """Memory that can be written to: pyarrow's cannot."""
    return values if values.flags.writeable else values.copy()
