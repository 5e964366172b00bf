"""Rows of JSON that are still bytes, to typed columns: fast with pyarrow, leaner and equal without.

>>> gathered = Rows(dates=True)
>>> gathered.add(msgspec.json.decode(body, type=list[msgspec.Raw]))     # a page; more of them may follow
>>> gathered.columns()                                                  # {("a", "b"): Series, …}, used up by that

The columns are those that `columns.flatten` and `columns.typed` make of the same rows, in the same order. The rows are
read a block at a time, each by pyarrow where that tells the truth, else value by value; so one odd row costs the speed
of its own block, and no page has to be kept for the case that a later one is of another kind.
"""

from __future__ import annotations

import contextlib
import dataclasses
import os
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import chain, repeat
from typing import TYPE_CHECKING, Any

import msgspec

from . import answer, arrow, columns
from .shape import NoShape, Shape

if TYPE_CHECKING:
    import pandas as pd
    from pandas.api.extensions import ExtensionArray

__all__ = ["NotRows", "Path", "Rows"]

Path = tuple[str, ...]
"""The keys that lead to a column: ``("a", "b")`` of ``{"a": {"b": 1}}``."""

_BLOCK_BYTES = 2 * 2**20  # for pyarrow
_SMALL_BLOCK_BYTES = 2**19  # for Python: its values take many times as much, and should stay in the processor's cache
_LEAST_BLOCK_ROWS = 64
_FAST_FROM_BYTES = 256 * 2**10  # below, pyarrow costs more than it saves
_FAST_TO_BYTES_A_ROW = 32 * 2**10  # above, a row has so many keys that its arrays cost more than they save
_MOST_THREADS = 4
_MOST_FAILURES = 2  # of a fast way in a page, before it is tried no more


class NotRows(ValueError):
    """These are no rows, or not in a form that is read here: `answer.documents` knows more forms, or says why."""


class Rows:
    """Rows that arrive in pages.

    Parameters
    ----------
    dates
        Whether columns of moments in text become datetime64 in UTC.
    block_bytes
        How much is read at once; None for what is fastest.
    fast_from_bytes
        From how many bytes of a page on pyarrow is used, if it is there.
    """

    def __init__(
        self, *, dates: bool = False, block_bytes: int | None = None, fast_from_bytes: int = _FAST_FROM_BYTES
    ) -> None:
        self._dates = dates
        self._block_bytes = block_bytes
        self._fast_from_bytes = fast_from_bytes
        self._blocks: list[_Block] = []
        self._text: frozenset[Path] = frozenset()  # columns that look like dates

    def __len__(self) -> int:
        """How many rows were added."""
        return sum(block.rows for block in self._blocks)

    def add(self, rows: Sequence[msgspec.Raw | bytes]) -> None:
        """More rows, each the bytes of one JSON object: what msgspec has split, and therefore valid but for its text.

        Raises
        ------
        NotRows
            One of them is no object, or its text is not UTF-8. Then none of them was added.
        """
        if not rows:
            return
        bytes_in_all = sum(map(len, rows))
        is_fast = self._fast_from_bytes <= bytes_in_all <= len(rows) * _FAST_TO_BYTES_A_ROW and arrow.is_there()
        block_bytes = self._block_bytes or (_BLOCK_BYTES if is_fast else _SMALL_BLOCK_BYTES)
        least = 1 if self._block_bytes else _LEAST_BLOCK_ROWS
        step = max(least, len(rows) * block_bytes // max(bytes_in_all, 1))
        pieces = [rows[start : start + step] for start in range(0, len(rows), step)]
        with answer.gc_paused():
            if is_fast:
                with arrow.lean_memory():
                    blocks = list(_by_arrow(pieces, self._text))
            else:
                blocks = list(_exact_blocks(pieces))
        self._blocks += blocks
        self._text = self._text.union(*(block.text for block in blocks))

    def add_values(self, records: Sequence[Mapping[str, Any]]) -> None:
        """More rows that are Python values already (`answer.json_of` has read them)."""
        if records:
            self._blocks.append(_Block(len(records), columns.leaves(records)[0]))

    def columns(self) -> dict[Path, pd.Series | ExtensionArray]:
        """One column a leaf, with the dtype of `columns.typed`; the rows are used up.

        A column that is both a value and an object in different rows is there twice: ``("a",)`` and ``("a", "b")``.
        """
        blocks, self._blocks = self._blocks, []
        found = {}
        for path, is_parent in _in_order(blocks):
            parts = [(block, block.leaves.pop(path, None)) for block in blocks]
            if is_parent:
                parts = [(block, _without_objects(values)) for block, values in parts]
                if not any(_holds_values(values) for _, values in parts):
                    continue
            found[path] = self._joined(path, parts)
        return found

    def _joined(self, path: Path, parts: Sequence[tuple[_Block, Any]]) -> pd.Series | ExtensionArray:
        """One column of what the blocks have of it: arrays, lists, or nothing."""
        if any(values is not None and not isinstance(values, list) for _, values in parts):
            import pyarrow as pa

            if not any(isinstance(values, list) and _holds_values(values) for _, values in parts):
                chunks = [
                    pa.nulls(block.rows) if values is None or isinstance(values, list) else values
                    for block, values in parts
                ]
                with arrow.lean_memory():
                    found = arrow.column(chunks, dates=self._dates)
                if found is not None:
                    return found
        lists = _lists(path, parts)
        return columns.typed(lists[0] if len(lists) == 1 else list(chain.from_iterable(lists)), dates=self._dates)


@dataclasses.dataclass(frozen=True)
class _Block:
    """Some rows, by columns.

    Attributes
    ----------
    rows
        How many.
    leaves
        By path, a list of Python values or a pyarrow array. They are taken out when they are used.
    source
        The bytes of the rows, if a column of decimals may hold whole numbers, too.
    text
        The columns of text that looks like dates, as far as pyarrow came across them.
    is_exact
        Whether pyarrow did not read it.
    """

    rows: int
    leaves: dict[Path, Any]
    source: Sequence[Any] | None = None
    text: frozenset[Path] = frozenset()
    is_exact: bool = True


def _by_arrow(pieces: Sequence[Sequence[Any]], text: frozenset[Path]) -> Iterator[_Block]:
    """One block after the other until pyarrow reads one, which tells what looks like dates; the others on all cores."""
    for number, piece in enumerate(pieces, start=1):
        block = _fast_block(piece, text)
        yield block
        if not block.is_exact:
            break
        if number == _MOST_FAILURES:
            yield from _exact_blocks(pieces[number:])
            return
    else:
        return
    text |= block.text
    threads = min(_MOST_THREADS, os.cpu_count() or 1, len(pieces) - number)
    if threads < 2:
        yield from (_fast_block(piece, text) for piece in pieces[number:])
        return
    with ThreadPoolExecutor(threads) as pool:
        yield from pool.map(_fast_block, pieces[number:], repeat(text))


def _fast_block(rows: Sequence[Any], text: frozenset[Path]) -> _Block:
    try:
        leaves, known, is_mixed = arrow.arrays(rows, text)
    except arrow.Unsure:
        return _exact_block(rows)
    return _Block(len(rows), leaves, rows if is_mixed else None, frozenset(known), is_exact=False)


def _exact_blocks(pieces: Sequence[Sequence[Any]]) -> Iterator[_Block]:
    """The same without pyarrow: most have the keys of those before."""
    paths: dict[Path, None] = {}
    shape: Shape | None = None
    failures = 0
    for piece in pieces:
        block = None if shape is None else _shaped_block(piece, shape)
        if block is None:
            failures += shape is not None
            shape = None
            block = _exact_block(piece)
            paths |= dict.fromkeys(block.leaves)
            if failures < _MOST_FAILURES:
                with contextlib.suppress(NoShape):
                    shape = Shape(paths)
        yield block


def _shaped_block(rows: Sequence[Any], shape: Shape) -> _Block | None:
    """Rows of known keys; None if they have others, or one twice."""
    body = _list_of(rows)
    with contextlib.suppress(NoShape):
        leaves, keys = shape.leaves(body)
        if answer.keys_are_certain(body, keys):
            return _Block(len(rows), leaves)
    return None


def _exact_block(rows: Sequence[Any]) -> _Block:
    """Rows by way of Python values, with nothing lost."""
    body = _list_of(rows)
    try:
        with contextlib.suppress(msgspec.DecodeError, UnicodeDecodeError):
            found = _leaves(msgspec.json.decode(body), len(rows))
            if answer.keys_are_certain(body, found[1]):
                return _Block(len(rows), found[0])
        return _Block(len(rows), _leaves(answer.read_exactly(body.decode()), len(rows))[0])
    except (ValueError, RecursionError) as error:
        raise NotRows(str(error)) from None


def _list_of(rows: Sequence[Any]) -> bytes:
    return b"[" + b",".join(rows) + b"]"


def _leaves(records: list[Any], rows: int) -> tuple[dict[Path, list[Any]], int]:
    """The columns of rows, and how many keys they have in all."""
    if len(records) != rows or not all(type(row) is dict for row in records):
        raise NotRows("a row is no object")
    found, keys = columns.leaves(records)
    columns_of_lists = [values for values in found.values() if list in set(map(type, values))]
    return found, keys + answer.keys_of(columns_of_lists)


def _in_order(blocks: Sequence[_Block]) -> list[tuple[Path, bool]]:
    """The paths of all blocks, in the order in which keys appear at each level; and whether others go on from there."""
    root = _Node()
    for block in blocks:
        for path in block.leaves:
            node = root
            for key in path:
                inner = node.inner.get(key)
                if inner is None:
                    inner = node.inner[key] = _Node()
                node = inner
            node.path = path
    found = []
    stack = [root]
    while stack:
        node = stack.pop()
        if node.path is not None:
            found.append((node.path, bool(node.inner)))
        stack.extend(reversed(node.inner.values()))
    return found


class _Node:
    """A key, and those in it."""

    __slots__ = ("inner", "path")

    def __init__(self) -> None:
        self.inner: dict[str, _Node] = {}
        self.path: Path | None = None


def _without_objects(values: Any) -> Any:
    """Empty objects are nothing where others have keys."""
    return [None if type(value) is dict else value for value in values] if isinstance(values, list) else values


def _holds_values(values: Any) -> bool:
    if values is None:
        return False
    if isinstance(values, list):
        return any(value is not None for value in values)
    return bool(values.null_count < len(values))


def _lists(path: Path, parts: Sequence[tuple[_Block, Any]]) -> list[list[Any]]:
    """Python values of all parts."""
    found = []
    for block, values in parts:
        if values is None:
            found.append([None] * block.rows)
        elif isinstance(values, list):
            found.append(values)
        elif block.source is not None and arrow.is_decimal(values):
            found.append(_numbers_at(block.source, path))  # 1 and 1.0 are one in an array
        else:
            found.append(values.to_pylist())
    return found


def _numbers_at(rows: Sequence[Any], path: Path) -> list[Any]:
    try:
        return arrow.values_at(rows, [path])[path]
    except arrow.Unsure:  # a key that cannot be looked for
        found: list[Any] = _exact_block(rows).leaves[path]
        return found
