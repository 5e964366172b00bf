"""The body of a reply as text: its charset, whether it is HTML, JSON or binary, and what an error body says."""

from __future__ import annotations

import codecs
import json
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from . import Reply

__all__ = [
    "HEAD_BYTES",
    "charset",
    "error_message",
    "head",
    "is_binary",
    "is_html",
    "is_json",
    "json_problem",
]

HEAD_BYTES = 16 * 1024  # enough for the lines that a reply shows
_MAX_ERROR_BYTES = 256 * 1024


def charset(reply: Reply) -> str:
    """The encoding of the body: by its byte order mark, else by the charset of its media type, else UTF-8."""
    for mark, encoding in _BYTE_ORDER_MARKS:
        if reply.content.startswith(mark):
            return encoding
    parameter = _CHARSET.search(reply.headers.get("content-type", ""))
    if parameter is None:
        return "utf-8"
    try:
        codec = codecs.lookup(parameter["charset"])
        b" ".decode(codec.name, "replace")  # fails for codecs that are not text encodings, such as base64
    except (LookupError, ValueError):
        return "utf-8"
    return "utf-8" if codec.name in _ODD_CODECS else codec.name


def head(reply: Reply) -> str:
    """The beginning of the body as text, without a character that is cut at the end."""
    decoder = codecs.getincrementaldecoder(charset(reply))("replace")
    text = decoder.decode(reply.content[:HEAD_BYTES], final=len(reply.content) <= HEAD_BYTES)
    return text.replace("\r\n", "\n")


def error_message(reply: Reply) -> str | None:
    """The message in a JSON error body: of Elasticsearch, of Prometheus, or a field ``message``; None if none."""
    if not is_json(reply) or len(reply.content) > _MAX_ERROR_BYTES:
        return None
    try:
        document = json.loads(reply.content)
        error = document.get("error")
        if isinstance(error, dict):
            cause = (error.get("root_cause") or [error])[0]
            parts = [cause.get("type"), cause.get("reason") or cause.get("message")]
        else:
            parts = [document.get("errorType"), error, document.get("message")]
    except (ValueError, RecursionError, TypeError, AttributeError, LookupError):
        return None
    return ": ".join(part for part in parts if isinstance(part, str) and part) or None


def json_problem(error: json.JSONDecodeError) -> str:
    """What is wrong with a JSON text and where, such as "expected ',' at line 2, column 1"."""
    message = error.msg.removesuffix(" at").removesuffix(" starting").removesuffix(" delimiter")
    message = message.replace("Expecting property name", "expected a property name").replace(
        "Expecting value", "expected a value"
    )
    message = message.replace("Expecting ", "expected ").replace(" enclosed in ", " in ")
    return f"{message[:1].lower()}{message[1:]} at line {error.lineno}, column {error.colno}"


def is_html(reply: Reply) -> bool:
    """Whether the body is HTML, by its media type or its first bytes."""
    start = reply.content[:256].lstrip()[:14].lower()
    return reply.media_type in _HTML_TYPES or start.startswith((b"<!doctype html", b"<html"))


def is_json(reply: Reply) -> bool:
    """Whether the body is JSON, by its media type or, without a telling one, by its first byte."""
    media_type = reply.media_type
    if media_type.endswith(("/json", "+json")):
        return True
    return media_type in ("", "text/plain") and reply.content[:64].lstrip()[:1] in (b"{", b"[")


def is_binary(reply: Reply) -> bool:
    """Whether the body should not be shown as text."""
    media_type = reply.media_type
    if media_type.startswith(("text/", "application/json")) or media_type.endswith(("+json", "+xml")):
        return False
    if charset(reply).startswith(("utf-16", "utf-32")):
        return False
    if media_type.startswith(("image/", "audio/", "video/", "font/")):
        return True
    return _BINARY_BYTE.search(reply.content[:1024]) is not None


_CHARSET = re.compile(r";\s*charset\s*=\s*[\"']?(?P<charset>[\w.:+-]+)", re.IGNORECASE)
_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# Text encodings for Python, but not for servers: some are very slow, others turn the letters \n into a line feed.
_ODD_CODECS = frozenset({"idna", "mbcs", "oem", "punycode", "raw-unicode-escape", "undefined", "unicode-escape"})
_HTML_TYPES = frozenset({"text/html", "application/xhtml+xml"})
_BINARY_BYTE = re.compile(rb"[\x00-\x06\x0e-\x1a]")
