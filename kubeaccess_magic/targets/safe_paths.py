"""Paths that stay below their target: what is encoded, and what is refused."""

from __future__ import annotations

import re
from urllib.parse import unquote_to_bytes

from ..errors import TargetError
from .names import quoted

__all__ = ["safe_path"]


def safe_path(path: str) -> str:
    """Encode a path for sending, and refuse it if it could lead out of its target.

    Legal characters and percent-escapes stay as they are. Every other character is percent-encoded, and so is a "%"
    that does not begin an escape. Encoding the result again does not change it.

    Parameters
    ----------
    path
        A path without its query: "?" and "#" are ordinary characters here.

    Raises
    ------
    TargetError
        After any number of percent-decodings the path contains a segment "." or "..", a backslash or a control
        character: another program could resolve it to a different path of the API server (X1). Or it contains half a
        surrogate pair.
    """
    try:
        decoded = path.encode()
    except UnicodeEncodeError:
        raise TargetError(
            "the path contains half a surrogate pair, which is not text",
            hint="type the character itself, or its UTF-8 bytes percent-encoded",
        ) from None
    # Decode until nothing changes. What is refused is not part of an escape, so more decoding cannot hide it again.
    while (again := unquote_to_bytes(_NESTED_PERCENT.sub(b"%", decoded))) != decoded:
        decoded = again
    text = decoded.decode(errors="surrogateescape")
    if not {".", ".."}.isdisjoint(text.split("/")):
        raise TargetError(
            f"the path {quoted(path)} contains a segment `.` or `..`, which could lead out of the target",
            hint="type the path without `.` and `..`",
        )
    if refused := _REFUSED.search(text):
        what = "a backslash" if refused[0] == "\\" else "a control character"
        raise TargetError(
            f"the path {quoted(path)} contains {what}, which servers interpret differently",
            hint="type the path without it, or send it in the query",
        )
    return _TO_ENCODE.sub(_percent_encoded, path)


def _percent_encoded(match: re.Match[str]) -> str:
    return "".join(f"%{byte:02X}" for byte in match[0].encode())


_NESTED_PERCENT = re.compile(rb"%(?:25)+")
_REFUSED = re.compile(r"[\\\x00-\x1f\x7f-\x9f]")
_TO_ENCODE = re.compile(r"%(?![0-9A-Fa-f]{2})|[^A-Za-z0-9._~!$&'()*+,;=:@/%-]")
