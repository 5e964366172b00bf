"""Where a place of a JSON text is: in which string, below which keys. Pure; the text is half typed."""

from __future__ import annotations

import json
import re
from typing import NamedTuple

__all__ = ["Inside", "inside"]

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|"|[{}\[\]:,]|[^"{}\[\]:,]+', re.DOTALL)


class Inside(NamedTuple):
    """A string that is being typed.

    Attributes
    ----------
    start
        Where its text begins, behind the quote.
    keys
        The keys above it, the outermost first; the last one is its own, if it is a value.
    is_key
        Whether it is a key.
    """

    start: int
    keys: tuple[str, ...]
    is_key: bool


def inside(text: str, cursor: int) -> Inside | None:
    """The string that `cursor` stands in; None where it stands in none."""
    levels: list[tuple[str, str]] = []  # each bracket, and the key below which it stands
    key = ""
    wants_value = False  # behind a colon
    for found in _TOKEN.finditer(text[:cursor]):
        piece = found[0]
        if piece == '"':
            bracket = levels[-1][0] if levels else ""
            is_key = bracket == "{" and not wants_value
            own = [key] if bracket == "{" and wants_value else []
            return Inside(found.end(), tuple(filter(None, [*(name for _, name in levels), *own])), is_key)
        if piece[0] == '"':
            if not wants_value and levels and levels[-1][0] == "{":
                key = _read(piece)
        elif piece in "{[":
            levels.append((piece, key if wants_value else ""))
            wants_value, key = False, ""
        elif piece in "}]":
            if levels:
                levels.pop()
            wants_value = False
        elif piece == ":":
            wants_value = True
        elif piece == ",":
            wants_value = False
    return None


def _read(piece: str) -> str:
    try:
        return str(json.loads(piece))
    except ValueError:
        return piece[1:-1]
