"""Limits on the cells and bytes of a frame, estimated before it is built.

The size of an answer says little about the size of its frame. A thousand rows that each have a key of their own make a
million cells, and a label of a series stands in each of its rows. Whoever builds a frame therefore says first how large
it will be::

    budget.check_cells(rows=6_000, columns=6_000, filled=12_000)     # raises LimitExceeded
"""

from __future__ import annotations

import contextlib
import dataclasses
import math
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from ..call import MAX_CELLS, MAX_FRAME_BYTES
from ..errors import LimitExceeded

if TYPE_CHECKING:
    from ..call import Call
    from .protocol import Table

__all__ = ["DEFAULT", "FrameBudget", "memory_errors"]

_EMPTY_PART = 4  # at most this fraction of the cells may be empty


@dataclasses.dataclass(frozen=True, slots=True)
class FrameBudget:
    """The limits on one frame.

    Parameters
    ----------
    max_cells
        Cells: rows times columns. At most a quarter of that number may be empty.
    max_bytes
        Bytes that the values of the frame take. Text that repeats counts as often as pandas stores it.
    check
        Raises if the time is up; called between blocks of rows, and between columns.
    """

    max_cells: int = MAX_CELLS
    max_bytes: int = MAX_FRAME_BYTES
    check: Callable[[], None] = lambda: None

    @classmethod
    def of(cls, call: Call) -> FrameBudget:
        """Make the budget of a call from its limits and its deadline."""

        def check() -> None:
            if not call.remaining_s:  # a call that was stopped keeps the page in hand
                call.check("making the frame")

        return cls(call.limits.max_cells, call.limits.max_frame_bytes, check)

    def check_cells(self, rows: int, columns: int, filled: int | None = None) -> None:
        """Raise if a frame would have too many cells, or too many empty ones.

        Parameters
        ----------
        rows, columns
            Of the frame.
        filled
            How many of its cells have a value; None if nearly all of them do.

        Raises
        ------
        LimitExceeded
            It would. The message says ``6,000 rows × 6,000 columns``.
        """
        self.check()
        cells = rows * columns
        is_sparse = filled is not None and cells - filled > self.max_cells // _EMPTY_PART
        if cells <= self.max_cells and not is_sparse:
            return
        shape = f"{rows:,} rows × {columns:,} columns"
        nearly_empty = f", and the answer fills {filled:,} of these cells" if is_sparse else ""
        rule = f"max_cells={self.max_cells:,} cells"
        if cells <= self.max_cells:
            rule = f"{self.max_cells // _EMPTY_PART:,} empty cells, a quarter of max_cells"
        raise LimitExceeded(
            f"the frame would have {shape}{nearly_empty}: more than {rule}",
            hint=f"ask for fewer rows or fields, see it with `-o json`, or allow more: {_setting('max_cells', cells)}",
        )

    def check_bytes(self, size: float, what: str, remedy: str = "ask for less") -> None:
        """Raise if the values of a frame would take too much memory.

        Parameters
        ----------
        size
            Bytes.
        what
            What takes them, for the message: ``the labels of 20,000 samples``.
        remedy
            What helps.
        """
        if size > self.max_bytes:
            raise LimitExceeded(
                f"the frame would take {_mebibytes(size)} for {what}: more than max_frame_bytes,"
                f" {_mebibytes(self.max_bytes)}",
                hint=f"{remedy}, or allow more: {_setting('max_frame_bytes', math.ceil(size))}",
            )

    def check_table(self, table: Table) -> None:
        """Raise if a finished frame has too many cells, whoever built it."""
        rows, columns = table.frame.shape
        self.check_cells(rows, columns)


DEFAULT = FrameBudget()
"""The budget of a frame that is not made within a call."""


@contextlib.contextmanager
def memory_errors() -> Iterator[None]:
    """Turn a lack of memory into a LimitExceeded."""
    try:
        yield
    except MemoryError:
        raise LimitExceeded(
            "there is not enough memory for the frame of this answer",
            hint="ask for fewer rows with --limit or a narrower query, or see the answer with `-o json`",
        ) from None


def _mebibytes(size: float) -> str:
    return f"{size / 2**20:,.0f} MiB" if size >= 2**20 else f"{size:,.0f} bytes"


def _setting(name: str, least: int) -> str:
    """How to set a limit, in the magic and in Python; rounded up to a number that is easy to type."""
    digits = max(len(str(least)) - 2, 0)
    number = -(-least // 10**digits) * 10**digits
    return f"`%config KProxyMagics.{name} = {number:_}`, in Python Cluster({name}={number:_})"
