"""Expanding ``${name}``, the user's variables, in a line or a body. Nothing else is ever expanded.

The form of a value depends on its position: unchanged in a target, an option or a header; percent-encoded in a
path or query; JSON in a JSON body, escaped text inside a JSON string. ``$${`` is a literal ``${``.
"""

from __future__ import annotations

import datetime
import json
import os
import re
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote

from IPython.core.error import UsageError

__all__ = ["in_json", "in_path", "in_text"]

_PLACE = re.compile(r"\$(?P<literal>\$)?\{(?:(?P<name>[^\W\d]\w*)\})?")


def in_text(text: str, variables: Mapping[str, Any]) -> str:
    """A text with the variables' values inserted unchanged."""
    return _expanded(text, variables, lambda value, _: _plain(value))


def in_path(text: str, variables: Mapping[str, Any]) -> str:
    """A path and query with the variables' values percent-encoded, so that no character of a value acts as syntax."""
    return _expanded(text, variables, lambda value, _: quote(_plain(value), safe=""))


def in_json(text: str, variables: Mapping[str, Any]) -> str:
    """A JSON body with the variables' values as JSON, or as escaped text inside a string."""

    def value_at(value: Any, at: int) -> str:
        if _inside_string(text, at):
            return json.dumps(_plain(value))[1:-1]
        try:
            return json.dumps(_jsonable(value), allow_nan=False)
        except (TypeError, ValueError):
            raise UsageError(f"a value of type {type(value).__name__} cannot be written as JSON") from None

    return _expanded(text, variables, value_at)


def _expanded(text: str, variables: Mapping[str, Any], write: Callable[[Any, int], str]) -> str:
    def replaced(found: re.Match[str]) -> str:
        if found["literal"]:
            return found[0][1:]
        if found["name"] is None:
            raise UsageError(f"${{ needs a name and a closing brace: {text[found.start() : found.start() + 20]}")
        if found["name"] not in variables:
            raise UsageError(f"no variable is called {found['name']} (in ${{{found['name']}}})")
        return write(variables[found["name"]], found.start())

    return _PLACE.sub(replaced, text)


def _inside_string(text: str, at: int) -> bool:
    """Whether a position in a JSON text is inside a string."""
    inside = False
    position = 0
    while position < at:
        character = text[position]
        if inside and character == "\\":
            position += 1
        elif character == '"':
            inside = not inside
        position += 1
    return inside


def _plain(value: Any) -> str:
    """A value as text: dates in ISO form, lists joined by commas."""
    value = _jsonable(value)
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return ",".join(_plain(item) for item in value)
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, (int, float)) else json.dumps(value)


def _jsonable(value: Any) -> Any:
    """A value in terms of JSON: numpy scalars, arrays, Series, dates, sets and file paths as plain Python."""
    if isinstance(value, (str, bool, int, float)) or value is None:
        return value
    if isinstance(value, (datetime.date, datetime.datetime)):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {str(key): _jsonable(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_jsonable(item) for item in value]
    if isinstance(value, os.PathLike):
        return os.fsdecode(value)
    if hasattr(value, "isoformat"):
        return value.isoformat()
    if type(value).__module__.partition(".")[0] == "numpy" and type(value).__name__.startswith("datetime64"):
        return str(value)
    if hasattr(value, "tolist"):  # numpy scalars and arrays, pandas Series and Index
        return _jsonable(value.tolist())
    raise UsageError(f"a value of type {type(value).__name__} cannot stand in a request")
