"""JSON decoding with the error messages of Go's ``encoding/json``."""

from __future__ import annotations

import json
from typing import Any

_EXPECTED = {
    "Expecting value": "looking for beginning of value",
    "Expecting property name enclosed in double quotes": "looking for beginning of object key string",
    "Illegal trailing comma before end of object": "looking for beginning of object key string",
    "Illegal trailing comma before end of array": "looking for beginning of value",
    "Expecting ':' delimiter": "after object key",
    "Expecting ',' delimiter": "after object key:value pair",
    "Extra data": "after top-level value",
    "Invalid control character at": "in string literal",
    "Invalid \\escape": "in string escape code",
}
_KINDS = {str: "string", list: "array", dict: "object", bool: "bool", int: "number", float: "number"}


class GoJSONError(ValueError):
    """A text that is not JSON; the message is Go's."""


def loads(body: bytes) -> Any:
    """Decode JSON.

    Raises
    ------
    GoJSONError
        The body is not JSON.
    """
    try:
        return json.loads(body)
    except UnicodeDecodeError:
        raise GoJSONError("invalid character '\\ufffd' looking for beginning of value") from None
    except RecursionError:
        raise GoJSONError("exceeded max depth") from None
    except json.JSONDecodeError as error:
        if error.pos >= len(error.doc.rstrip()) or error.msg.startswith("Unterminated string"):
            raise GoJSONError("unexpected end of JSON input") from None
        character = error.doc[error.pos]
        if character.isspace():
            character = error.doc[error.pos :].lstrip()[:1] or character
        quoted = {"'": "'\\''", '"': "'\"'"}.get(character, f"'{character}'")
        raise GoJSONError(
            f"invalid character {quoted} {_EXPECTED.get(error.msg, 'looking for beginning of value')}"
        ) from None


def kind(value: Any) -> str:
    """What Go calls the type of a JSON value."""
    return _KINDS.get(type(value), "null")
