"""The body of a request: its bytes, and their media type, which a header may override."""

from __future__ import annotations

import json as json_module
import re
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urlencode

from ..errors import TargetError
from ..request import header_pairs, pairs

__all__ = ["BINARY", "Data", "body_of", "media_type_of", "media_type_of_bytes", "with_media_type"]

BINARY = "application/octet-stream"

Data = bytes | str | Mapping[str, object] | Iterable[tuple[str, object]] | None


def body_of(json: Any, data: Data) -> tuple[bytes | None, str | None]:
    """The bytes of a body, and their media type, which a header may override."""
    if json is not None and data is not None:
        raise TargetError("a request has one body: json or data", hint="leave one of them out")
    if json is not None:
        try:
            return json_module.dumps(json, allow_nan=False).encode(), "application/json"
        except (TypeError, ValueError, RecursionError) as error:
            raise TargetError(
                f"the body cannot be written as JSON: {error}",
                hint="make it of dicts, lists, text, finite numbers, True, False, None",
            ) from None
    if data is None:
        return None, None
    if isinstance(data, Mapping | list | tuple):
        return urlencode(pairs(data, "data"), doseq=True).encode(), "application/x-www-form-urlencoded"
    if isinstance(data, str):
        try:
            return data.encode(), media_type_of(data)
        except UnicodeEncodeError:
            raise TargetError(
                "the body holds half a surrogate pair, which is no text", hint="send it as bytes, in its own encoding"
            ) from None
    if not isinstance(data, (bytes, bytearray, memoryview)):
        raise TargetError(
            f"data is bytes, text or the fields of a form, not {type(data).__name__}", hint="json= sends it as JSON"
        )
    return bytes(data), BINARY


def with_media_type(
    headers: Mapping[str, str] | Iterable[tuple[str, str]] | None, media_type: str | None
) -> list[tuple[str, str]]:
    """The headers as pairs, with the body's media type added unless one of them states it."""
    pairs_of_text = header_pairs(headers)
    if media_type and not any(name.lower() == "content-type" for name, _ in pairs_of_text):
        pairs_of_text.append(("Content-Type", media_type))
    return pairs_of_text


def media_type_of_bytes(content: bytes) -> str:
    """The media type of a file's content: that of its text, see `media_type_of`, or `BINARY` if it is not UTF-8."""
    try:
        return media_type_of(content.decode())
    except UnicodeDecodeError:
        return BINARY


def media_type_of(text: str) -> str:
    """The media type of a text body: JSON if it parses, NDJSON if every line does, else plain text."""
    if _is_json(text):
        return "application/json"
    lines = [line for line in re.split(r"[\r\n]+", text) if line.strip()]
    if len(lines) > 1 and all(_is_json(line) for line in lines):
        return "application/x-ndjson"
    return "text/plain; charset=utf-8"


def _is_json(text: str) -> bool:
    try:
        json_module.loads(text)
    except (ValueError, RecursionError):
        return False
    return True
