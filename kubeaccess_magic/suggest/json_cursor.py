"""In which string of a JSON text the cursor is, and below which keys. Pure; the text may be half typed."""

from __future__ import annotations

import json
import re
from typing import NamedTuple

__all__ = ["JsonString", "string_at"]

# A string without its closing quotation mark is the one that is being typed.
_TOKEN = re.compile(r'(?P<string>"(?:[^"\\]|\\.)*+\\?(?P<closing>"?))|[{}\[\]:,]|[^"{}\[\]:,]+', re.DOTALL)


class JsonString(NamedTuple):
    """A string that is being typed in a JSON text.

    Attributes
    ----------
    start
        The position of its first character, after the quotation mark.
    keys
        The keys above it, the outermost first. The last key of a value is its own.
    is_key
        Whether the string is a key.
    """

    start: int
    keys: tuple[str, ...]
    is_key: bool


def string_at(text: str, cursor: int) -> JsonString | None:
    """The string of a JSON text that the cursor is in.

    Parameters
    ----------
    text
        The JSON text, perhaps not complete.
    cursor
        A position from 0 to the length of `text`.

    Returns
    -------
    JsonString or None
        None if the cursor is not in a string.
    """
    levels: list[tuple[str, str]] = []  # each open bracket and the key of its value
    key = ""
    expects_value = False  # after a colon
    for match in _TOKEN.finditer(text[:cursor]):
        token = match[0]
        if match["string"]:
            is_in_object = bool(levels) and levels[-1][0] == "{"
            if not match["closing"]:
                own_key = [key] if is_in_object and expects_value else []
                keys = tuple(filter(None, [*(level_key for _, level_key in levels), *own_key]))
                return JsonString(match.start() + 1, keys, is_in_object and not expects_value)
            if is_in_object and not expects_value:
                key = _decoded(token)
        elif token in "{[":
            levels.append((token, key if expects_value else ""))
            expects_value, key = False, ""
        elif token in "}]":
            if levels:
                levels.pop()
            expects_value = False
        elif token in ":,":
            expects_value = token == ":"
    return None


def _decoded(string: str) -> str:
    try:
        return str(json.loads(string))
    except ValueError:
        return string[1:-1]
