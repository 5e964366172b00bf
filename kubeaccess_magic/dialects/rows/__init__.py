"""Rows of JSON that are still bytes, to typed columns: fast with pyarrow, leaner and equal without.

>>> rows = Rows(dates=True)
>>> rows.add(msgspec.json.decode(body, type=list[msgspec.Raw]))     # a page; more of them may follow
>>> rows.columns()                                                  # {("a", "b"): Series, …}; the rows are used up

The columns are those that `columns.flatten` and `columns.typed` make of the same rows, in the same order. Rows are
read in blocks: by `fast` where pyarrow reads them as Python would, else by `exact`. So one odd row slows down its own
block only, and no page has to be kept for the case that a later one is different.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from itertools import chain
from typing import TYPE_CHECKING, Any

import msgspec

from .. import answer, columns
from ..budget import DEFAULT, FrameBudget
from . import exact, fast
from .blocks import Block, NotRows, Path

if TYPE_CHECKING:
    import pandas as pd
    from pandas.api.extensions import ExtensionArray

__all__ = ["NotRows", "Path", "Rows"]

_BLOCK_BYTES = 2 * 2**20  # for pyarrow
_SMALL_BLOCK_BYTES = 2**19  # for Python: its values take many times as much, and should fit into the processor's cache
_LEAST_BLOCK_ROWS = 64
_FAST_FROM_BYTES = 256 * 2**10  # below, pyarrow costs more than it saves
_FAST_TO_BYTES_PER_ROW = 32 * 2**10  # above, a row has so many keys that their arrays cost more than they save


class Rows:
    """Rows that arrive in pages.

    Parameters
    ----------
    dates
        Whether columns of times as text become datetime64 in UTC.
    block_bytes
        The size of a block; None for the fastest size.
    fast_from_bytes
        The page size above which pyarrow is used, if it is installed.
    budget
        The limits on the size of the frame.

    Attributes
    ----------
    count
        How many rows were added.
    """

    def __init__(
        self,
        *,
        dates: bool = False,
        block_bytes: int | None = None,
        fast_from_bytes: int = _FAST_FROM_BYTES,
        budget: FrameBudget = DEFAULT,
    ) -> None:
        self._dates = dates
        self._block_bytes = block_bytes
        self._fast_from_bytes = fast_from_bytes
        self._budget = budget
        self._blocks: list[Block] = []
        self.count = 0
        self._paths: dict[Path, None] = {}  # of all blocks
        self._keys = 0  # how many values all blocks have
        self._date_like: frozenset[Path] = frozenset()  # columns of text that looks like dates

    def __len__(self) -> int:
        """How many rows were added."""
        return self.count

    def add(self, rows: Sequence[msgspec.Raw | bytes]) -> None:
        """Add rows that msgspec has split, so that they are valid JSON but for the encoding of their text.

        Parameters
        ----------
        rows
            The bytes of one JSON object each.

        Raises
        ------
        NotRows
            One of them is not an object, or not valid UTF-8. In that case none is added.
        LimitExceeded
            The frame would cost too much.
        """
        if not rows:
            return
        size = sum(map(len, rows))
        is_fast = self._fast_from_bytes <= size <= len(rows) * _FAST_TO_BYTES_PER_ROW and fast.is_available()
        block_bytes = self._block_bytes or (_BLOCK_BYTES if is_fast else _SMALL_BLOCK_BYTES)
        least = 1 if self._block_bytes else _LEAST_BLOCK_ROWS
        step = max(least, len(rows) * block_bytes // max(size, 1))
        pieces = [rows] if step >= len(rows) else [rows[start : start + step] for start in range(0, len(rows), step)]
        count, rows_before, keys = len(self._blocks), self.count, self._keys
        try:
            with answer.gc_paused():
                if len(pieces) == 1 and not is_fast:
                    self._keep(exact.block(rows, self._budget))
                    return
                read = (
                    fast.blocks(pieces, self._date_like, self._budget)
                    if is_fast
                    else exact.blocks(pieces, self._budget)
                )
                with contextlib.closing(read) as blocks:
                    for block in blocks:
                        self._keep(block)
        except NotRows:
            del self._blocks[count:]
            self.count, self._keys = rows_before, keys
            raise
        self._date_like = self._date_like.union(*(block.date_like for block in self._blocks[count:]))

    def add_values(self, records: Sequence[Mapping[str, Any]]) -> None:
        """Add rows that are Python values already."""
        if records:
            leaves, keys = columns.leaves(records, self._budget)
            self._keep(Block(len(records), leaves, keys=keys))

    def columns(self) -> dict[Path, pd.Series | ExtensionArray]:
        """Make one column for each leaf, with the dtype of `columns.typed`. The rows are used up.

        A key that has a value in some rows and an object in others makes two columns: ``("a",)`` and ``("a", "b")``.
        """
        columns.check_names(self._paths, self._budget)
        blocks, self._blocks, self.count = self._blocks, [], 0
        result: dict[Path, pd.Series | ExtensionArray] = {}
        if len(blocks) == 1 and blocks[0].is_exact:  # its columns are in order, and their values are complete
            leaves = blocks[0].leaves
            for path in list(leaves):
                self._budget.check()
                result[path] = columns.typed(leaves.pop(path), dates=self._dates)
            return result
        for path, is_parent in _ordered_paths(blocks):
            parts = [(block, block.leaves.pop(path, None)) for block in blocks]
            if is_parent:
                parts = [(block, _without_objects(values)) for block, values in parts]
                if not any(_holds_values(values) for _, values in parts):
                    continue
            result[path] = self._joined(path, parts)
        return result

    def _keep(self, block: Block) -> None:
        """Add a block, if the rows so far may have so many cells."""
        self._blocks.append(block)
        self._paths |= dict.fromkeys(block.leaves)
        self.count += block.rows
        self._keys += block.keys
        self._budget.check_cells(self.count, len(self._paths), self._keys)

    def _joined(self, path: Path, parts: Sequence[tuple[Block, Any]]) -> pd.Series | ExtensionArray:
        """One column of what the blocks have of it: arrays, lists, or nothing."""
        self._budget.check()
        has_arrays = any(values is not None and not isinstance(values, list) for _, values in parts)
        if has_arrays and not any(isinstance(values, list) and _holds_values(values) for _, values in parts):
            arrays = [(block.rows, None if isinstance(values, list) else values) for block, values in parts]
            if (column := fast.column(arrays, dates=self._dates)) is not None:
                return column
        lists = [_values(path, block, values) for block, values in parts]
        return columns.typed(lists[0] if len(lists) == 1 else list(chain.from_iterable(lists)), dates=self._dates)


def _ordered_paths(blocks: Sequence[Block]) -> list[tuple[Path, bool]]:
    """The paths of all blocks in the order in which keys appear at each level, and whether others go on from there."""
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
    paths = []
    stack = [root]
    while stack:
        node = stack.pop()
        if node.path is not None:
            paths.append((node.path, bool(node.inner)))
        stack.extend(reversed(node.inner.values()))
    return paths


class _Node:
    """A key, and those below it."""

    __slots__ = ("inner", "path")

    def __init__(self) -> None:
        self.inner: dict[str, _Node] = {}
        self.path: Path | None = None


def _without_objects(values: Any) -> Any:
    """Empty objects become gaps where other rows have keys in them."""
    return [None if type(value) is dict else value for value in values] if isinstance(values, list) else values


def _holds_values(values: Any) -> bool:
    if values is None:
        return False
    if isinstance(values, list):
        return any(value is not None for value in values)
    return bool(values.null_count < len(values))


def _values(path: Path, block: Block, values: Any) -> list[Any]:
    """Python values of a column of a block."""
    if values is None:
        return [None] * block.rows
    if isinstance(values, list):
        return values
    if block.source is None or not fast.is_decimal(values):
        python_values: list[Any] = values.to_pylist()
        return python_values
    try:
        return fast.values_at(block.source, [path])[path]  # an array of decimals does not tell 1 from 1.0
    except fast.Unsure:  # msgspec cannot look for the key
        exact_values: list[Any] = exact.block(block.source).leaves[path]
        return exact_values
