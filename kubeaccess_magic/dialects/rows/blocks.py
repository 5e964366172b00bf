"""Some rows of a page, by columns."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

__all__ = ["Block", "NotRows", "Path"]

Path = tuple[str, ...]
"""The keys that lead to a column: ``("a", "b")`` of ``{"a": {"b": 1}}``."""


class NotRows(ValueError):
    """The bytes are not rows, or in a form not read here: `answer.documents` reads more forms, or explains why not."""


@dataclasses.dataclass(frozen=True)
class Block:
    """Some rows, by columns.

    Parameters
    ----------
    rows
        How many.
    leaves
        For each path a list of Python values or a pyarrow array. They are taken out when they are used.
    source
        The bytes of the rows, if a column of decimals may hold whole numbers as well.
    date_like
        The columns of text that looks like dates, as far as pyarrow came across them.
    is_exact
        Whether it was read without pyarrow.
    keys
        How many values the rows have.
    """

    rows: int
    leaves: dict[Path, Any]
    source: Sequence[Any] | None = None
    date_like: frozenset[Path] = frozenset()
    is_exact: bool = True
    keys: int = 0
