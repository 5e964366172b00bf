"""Reading JSON with the complaints of Go's encoding/json."""

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
    """Not JSON, or not of the wanted type; the text is Go's."""


def loads(body: bytes) -> Any:
    """The value.

    Raises
    ------
    GoJSONError
        It is no JSON.
    """
    try:
        return json.loads(body)
    except UnicodeDecodeError:
        raise GoJSONError("invalid character '\\ufffd' looking for beginning of value") from None
    except RecursionError:
        raise GoJSONError("exceeded max depth") from None
    except json.JSONDecodeError as wrong:
        if wrong.pos >= len(wrong.doc.rstrip()) or wrong.msg.startswith("Unterminated string"):
            raise GoJSONError("unexpected end of JSON input") from None
        found = wrong.doc[wrong.pos]
        if found in wrong.doc[wrong.pos :] and found.isspace():
            found = wrong.doc[wrong.pos :].lstrip()[:1] or found
        shown = {"'": "'\\''", '"': "'\"'"}.get(found, f"'{found}'")
        raise GoJSONError(
            f"invalid character {shown} {_EXPECTED.get(wrong.msg, 'looking for beginning of value')}"
        ) from None


def kind(value: Any) -> str:
    """What Go calls the type of a JSON value."""
    return _KINDS.get(type(value), "null")
