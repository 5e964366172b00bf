"""Rows to columns by pyarrow, only where it gives the same values as Python.

pyarrow reads JSON several times faster than anything that makes Python values, but it cannot be trusted everywhere: it
takes text that looks like a date for one and forgets how it was written; it makes a decimal of a whole number beyond 64
bits or beside a decimal; it gives the objects of a list keys that they do not have; and it ends the process at a row
that is ``null``. Each of these cases is found here and read by other means.
"""

from __future__ import annotations

import os
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import repeat
from typing import TYPE_CHECKING, Any

import msgspec

from ..budget import DEFAULT, FrameBudget
from . import arrow, exact
from .arrow import is_decimal
from .blocks import Block, Path
from .shape import NoShape, Shape

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa
    from pandas.api.extensions import ExtensionArray

__all__ = ["Unsure", "blocks", "column", "is_available", "is_decimal", "values_at"]

_EXACT_IN_FLOAT = 2**53
_MOST_THREADS = 4
_MOST_BLOCK_CELLS = 20_000_000
_SAMPLE_PART = 64  # one row of so many is looked at
_LEAST_SAMPLE = 16


class Unsure(ValueError):
    """pyarrow cannot read these rows, or might read them differently from Python."""


def is_available() -> bool:
    """Tell whether pyarrow is installed, with the parts that are needed here."""
    try:
        import pyarrow.compute
        import pyarrow.json  # noqa: F401 - only whether it can be imported
    except ImportError:
        return False
    return True


def blocks(
    pieces: Sequence[Sequence[Any]], date_like: frozenset[Path], budget: FrameBudget = DEFAULT
) -> Generator[Block]:
    """Read blocks of rows; those that pyarrow cannot be trusted with are read by `exact`.

    Parameters
    ----------
    pieces
        For each block, the bytes of its rows.
    date_like
        Columns of text that looks like dates, as far as they are known.
    budget
        The limits on the size of each block.

    Raises
    ------
    NotRows
        A row is not an object, or not valid UTF-8.
    """
    with arrow.lean_memory():
        yield from _blocks(pieces, date_like, budget)


def column(parts: Sequence[tuple[int, pa.Array | None]], *, dates: bool) -> pd.Series | ExtensionArray | None:
    """Make one column of the arrays of all blocks.

    Parameters
    ----------
    parts
        For each block how many rows it has, and the array of the column, or None if it has no values.
    dates
        Whether times as text become datetime64 in UTC.

    Returns
    -------
    Series, ExtensionArray or None
        What `columns.typed` would make of the values. None if arrays cannot tell.
    """
    import pyarrow as pa

    with arrow.lean_memory():
        return arrow.column([pa.nulls(rows) if array is None else array for rows, array in parts], dates=dates)


def values_at(rows: Sequence[Any], paths: Sequence[Path]) -> dict[Path, list[Any]]:
    """Read the Python values of some columns, and build nothing else.

    Parameters
    ----------
    rows
        The bytes of each row. No key occurs twice; pyarrow has checked that.
    paths
        The columns.

    Raises
    ------
    Unsure
        msgspec cannot decode one of the keys.
    """
    if not paths:
        return {}
    try:
        leaves, _ = Shape(paths, has_others=True).leaves(b"[" + b",".join(rows) + b"]")
    except NoShape as error:
        raise Unsure(str(error)) from None
    return {path: leaves.get(path) or [None] * len(rows) for path in paths}


def _blocks(pieces: Sequence[Sequence[Any]], date_like: frozenset[Path], budget: FrameBudget) -> Iterator[Block]:
    """One block after the other until pyarrow reads one and tells what looks like dates; the others on all cores."""
    for number, piece in enumerate(pieces, start=1):
        block = _block(piece, date_like, budget)
        yield block
        if not block.is_exact:
            break
        if number == exact.MOST_FAILURES:
            yield from exact.blocks(pieces[number:], budget)
            return
    else:
        return
    date_like |= block.date_like
    remaining = pieces[number:]
    threads = min(_MOST_THREADS, os.cpu_count() or 1, len(remaining))
    if threads < 2:
        yield from (_block(piece, date_like, budget) for piece in remaining)
        return
    with ThreadPoolExecutor(threads) as pool:
        try:
            yield from pool.map(_block, remaining, repeat(date_like), repeat(budget))
        finally:  # whoever reads them may have had enough
            pool.shutdown(cancel_futures=True)


def _block(rows: Sequence[Any], date_like: frozenset[Path], budget: FrameBudget) -> Block:
    try:
        _check_width(rows, budget)
        leaves, known, is_mixed = _arrays(rows, date_like)
    except Unsure:
        return exact.block(rows, budget)
    keys = sum(len(values) - (0 if isinstance(values, list) else values.null_count) for values in leaves.values())
    return Block(len(rows), leaves, rows if is_mixed else None, frozenset(known), is_exact=False, keys=keys)


def _check_width(rows: Sequence[Any], budget: FrameBudget) -> None:
    """Raise Unsure if pyarrow would probably make arrays of far more cells than the rows have values.

    It cannot be stopped while it does. So the keys of some rows are read first, and the number of columns is estimated
    from how many of them are new in the second half. A long row is looked at with a higher probability: it has room for
    more keys.
    """
    import numpy as np

    budget.check()
    ends = np.cumsum(np.fromiter(map(len, rows), dtype=np.int64, count=len(rows)))
    count = max(_LEAST_SAMPLE, len(rows) // _SAMPLE_PART)
    chosen = np.unique(np.searchsorted(ends, np.random.default_rng().integers(ends[-1], size=count), side="right"))
    sample = [rows[at] for at in np.random.default_rng().permutation(chosen)]
    half = len(sample) // 2
    paths = _paths_of(sample[:half])
    known = len(paths)
    paths |= _paths_of(sample[half:])
    columns = len(paths) + (len(paths) - known) * len(rows) // max(half, 1)
    if len(rows) * columns > _MOST_BLOCK_CELLS:
        raise Unsure("there may be too many columns")


def _paths_of(rows: Sequence[Any]) -> set[Path]:
    """The keys of rows, and of the objects in them."""
    paths: set[Path] = set()
    try:
        stack: list[tuple[Path, Any]] = [((), row) for row in msgspec.json.decode(b"[" + b",".join(rows) + b"]")]
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise Unsure(str(error)) from None
    while stack:
        path, value = stack.pop()
        if type(value) is dict:
            inner = [((*path, key), item) for key, item in value.items()]
            paths.update(here for here, _ in inner)
            stack += [(here, item) for here, item in inner if type(item) is dict]
    return paths


def _arrays(rows: Sequence[Any], date_like: Iterable[Path]) -> tuple[dict[Path, Any], set[Path], bool]:
    """The columns of rows, as `_block` needs them.

    Parameters
    ----------
    rows
        The bytes of one JSON object each, valid but for the encoding of its text.
    date_like
        Columns of text that looks like dates, as far as they are known from rows before.

    Returns
    -------
    tuple
        For each path a pyarrow array (of null, bool, int64, double, string), or a list of Python values if an array
        would not be true; `date_like` as far as it is known now; and whether a column of decimals may hold whole
        numbers as well, so that its Python values have to come from the bytes.

    Raises
    ------
    Unsure
        They must not be read here.
    """
    import pyarrow as pa

    joined = b"\n".join(rows)
    _check(joined, rows)
    known = set(date_like)
    table = _read(joined, len(rows), known)
    leaves = dict(_walk(table))
    if dates := [path for path, array in leaves.items() if pa.types.is_temporal(array.type)]:
        order = list(leaves)
        known.update(dates)
        as_text = dict(_walk(_read(joined, len(rows), known)))
        leaves = {path: as_text.pop(path) for path in order if path in as_text}
        if as_text or len(leaves) < len(order):
            raise Unsure("the second reading gives other columns")
    del joined, table
    kinds = (pa.null(), pa.bool_(), pa.int64(), pa.float64(), pa.string())
    python = [path for path, array in leaves.items() if array.type not in kinds or _may_be_wrong(array)]
    empty = [path for path in python if pa.types.is_struct(leaves[path].type)]
    for path in empty:
        leaves[path] = [{} if valid else None for valid in leaves[path].is_valid().to_pylist()]
    leaves |= values_at(rows, [path for path in python if path not in empty])
    is_mixed = any(not isinstance(array, list) and _has_whole(array) for array in leaves.values())
    return leaves, known, is_mixed


def _check(joined: bytes, rows: Sequence[Any]) -> None:
    """Raise Unsure unless each row is an object, and all is UTF-8. pyarrow checks neither."""
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


def _read(joined: bytes, rows: int, text: Iterable[Path]) -> pa.Table:
    import pyarrow as pa
    import pyarrow.json

    # All in one block: a row that does not fit into a block is an error, and blocks that are read in parallel do not
    # keep the order of columns.
    options = pyarrow.json.ReadOptions(use_threads=False, block_size=len(joined) + 1)
    parsing = pyarrow.json.ParseOptions(explicit_schema=_schema(text))
    try:
        table = pyarrow.json.read_json(pa.BufferReader(joined), options, parsing)
    except MemoryError:  # one of pyarrow's is an ArrowException, too
        raise
    except (pa.ArrowException, UnicodeError) as error:
        raise Unsure(str(error)) from None
    if table.num_rows != rows:
        raise Unsure(f"{table.num_rows} of {rows} rows")
    return table


def _schema(text: Iterable[Path]) -> pa.Schema | None:
    """Declare that these columns are text. pyarrow still finds out what the others are."""
    import pyarrow as pa

    tree: dict[str, Any] = {}
    for path in text:
        node = tree
        for key in path:
            node = node.setdefault(key, {})

    def fields(node: Mapping[str, Any]) -> list[pa.Field]:
        return [pa.field(key, pa.struct(fields(inner)) if inner else pa.string()) for key, inner in node.items()]

    return pa.schema(fields(tree)) if tree else None


def _walk(table: pa.Table) -> Iterable[tuple[Path, Any]]:
    """Visit each leaf as one array. Where an object is missing, the values in it are null."""
    import pyarrow as pa

    try:
        chunks = [chunked.combine_chunks() for chunked in table.columns]
    except pa.ArrowException as error:  # lists of several nulls
        raise Unsure(str(error)) from None
    stack: list[tuple[Path, pa.Array]] = [
        ((name,), array) for name, array in zip(table.column_names, chunks, strict=True)
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


def _may_be_wrong(array: pa.Array) -> bool:
    """Whether decimals may be whole numbers that lost digits, or a ``-0`` that was given a sign."""
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
