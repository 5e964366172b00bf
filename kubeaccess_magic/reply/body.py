"""What a body is, by its type and its first bytes: its charset, and whether it is HTML, JSON or binary."""

from __future__ import annotations

import codecs
import json
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from . import Reply

__all__ = ["HEAD_BYTES", "charset", "error_words", "head", "is_binary", "is_html", "is_json"]

HEAD_BYTES = 16 * 1024  # enough for the first 40 lines of anything that is shown
_MOST_ERROR_BYTES = 256 * 1024


def charset(reply: Reply) -> str:
    """How its text is to be decoded: by its byte order mark, the charset that it names, else UTF-8."""
    for mark, marked in _BYTE_ORDER_MARKS:
        if reply.content.startswith(mark):
            return marked
    found = _CHARSET.search(reply.headers.get("content-type", ""))
    if found is None:
        return "utf-8"
    try:
        codec = codecs.lookup(found["charset"])
        b" ".decode(codec.name, "replace")  # refuses what is no encoding of text, such as base64
    except (LookupError, ValueError):
        return "utf-8"
    return "utf-8" if codec.name in _ODD_CODECS else codec.name


def head(reply: Reply) -> str:
    """The begin of its text; a character that is cut in two at the end is left out."""
    decoder = codecs.getincrementaldecoder(charset(reply))("replace")
    text = decoder.decode(reply.content[:HEAD_BYTES], final=len(reply.content) <= HEAD_BYTES)
    return text.replace("\r\n", "\n")


def error_words(reply: Reply) -> str | None:
    """What an error says without the JSON around it: Elasticsearch's, Prometheus', or one ``message``; else None."""
    if not is_json(reply) or len(reply.content) > _MOST_ERROR_BYTES:
        return None
    try:
        told = json.loads(reply.content)
        error = told.get("error")
        if isinstance(error, dict):
            cause = (error.get("root_cause") or [error])[0]
            words = [cause.get("type"), cause.get("reason") or cause.get("message")]
        else:
            words = [told.get("errorType"), error, told.get("message")]
    except (ValueError, RecursionError, TypeError, AttributeError, LookupError):
        return None
    return ": ".join(word for word in words if isinstance(word, str) and word) or None


def is_html(reply: Reply) -> bool:
    """Whether it is a page, by its type or its first bytes."""
    begin = reply.content[:256].lstrip()[:14].lower()
    return reply.media_type in _HTML_TYPES or begin.startswith((b"<!doctype html", b"<html"))


def is_json(reply: Reply) -> bool:
    """Whether it says that it is JSON, or looks so and says nothing else."""
    media_type = reply.media_type
    if media_type.endswith(("/json", "+json")):
        return True
    return media_type in ("", "text/plain") and reply.content[:64].lstrip()[:1] in (b"{", b"[")


def is_binary(reply: Reply) -> bool:
    """Whether it is not to be shown as text."""
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
# Python calls these text encodings, no server does: some run for very long, others turn "\n" into a line end.
_ODD_CODECS = frozenset({"idna", "mbcs", "oem", "punycode", "raw-unicode-escape", "undefined", "unicode-escape"})
_HTML_TYPES = frozenset({"text/html", "application/xhtml+xml"})
_BINARY_BYTE = re.compile(rb"[\x00-\x06\x0e-\x1a]")
