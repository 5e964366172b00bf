"""Rows to columns by way of Python values, without loss. Rows that share their keys take less memory."""

from __future__ import annotations

import contextlib
from collections.abc import Generator, Sequence
from typing import Any

import msgspec

from .. import answer, columns
from ..budget import DEFAULT, FrameBudget
from .blocks import Block, NotRows, Path
from .shape import NoShape, Shape

__all__ = ["MOST_FAILURES", "block", "blocks"]

MOST_FAILURES = 2
"""How often a faster way may fail in a page before it is given up."""


def blocks(pieces: Sequence[Sequence[Any]], budget: FrameBudget = DEFAULT) -> Generator[Block]:
    """Yield the blocks one by one.

    Parameters
    ----------
    pieces
        For each block, the bytes of its rows.
    budget
        The limits on the size of each block.

    Raises
    ------
    NotRows
        A row is not an object, or not valid UTF-8.
    """
    paths: dict[Path, None] = {}
    shape: Shape | None = None
    failures = 0
    for number, piece in enumerate(pieces, start=1):
        read = None if shape is None else _shaped_block(piece, shape)
        if read is None:
            failures += shape is not None
            shape = None
            read = block(piece, budget)
            paths |= dict.fromkeys(read.leaves)
            if failures < MOST_FAILURES and number < len(pieces):
                with contextlib.suppress(NoShape):
                    shape = Shape(paths)
        yield read


def block(rows: Sequence[Any], budget: FrameBudget = DEFAULT) -> Block:
    """Read rows with any keys.

    Parameters
    ----------
    rows
        The bytes of each.
    budget
        What the block may cost.

    Raises
    ------
    NotRows
        A row is not an object, or not valid UTF-8.
    """
    body = b"[" + b",".join(rows) + b"]"
    try:
        with contextlib.suppress(msgspec.DecodeError, UnicodeDecodeError):
            leaves, keys = _leaves(msgspec.json.decode(body), len(rows), budget)
            if answer.keys_are_certain(body, keys):
                return Block(len(rows), leaves, keys=keys)
        leaves, keys = _leaves(answer.read_exactly(body.decode()), len(rows), budget)
        return Block(len(rows), leaves, keys=keys)
    except (ValueError, RecursionError) as error:
        raise NotRows(str(error)) from None


def _shaped_block(rows: Sequence[Any], shape: Shape) -> Block | None:
    """Rows of known keys; None if they have others, or one twice."""
    body = b"[" + b",".join(rows) + b"]"
    with contextlib.suppress(NoShape):
        leaves, keys = shape.leaves(body)
        if answer.keys_are_certain(body, keys):
            return Block(len(rows), leaves, keys=keys)
    return None


def _leaves(records: list[Any], rows: int, budget: FrameBudget) -> tuple[dict[Path, list[Any]], int]:
    """The columns of rows, and how many keys they have in all."""
    if len(records) != rows or set(map(type, records)) - {dict}:
        raise NotRows("a row is no object")
    leaves, keys = columns.leaves(records, budget)
    for values in leaves.values():
        if list in set(map(type, values)):
            keys += answer.keys_of(values)
    return leaves, keys
