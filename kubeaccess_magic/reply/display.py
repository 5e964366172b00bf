"""How a reply is displayed: bounded, without colours, and with everything from the server as plain text (X9)."""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING

from ..text import one_line, printable, redact_headers
from . import decoding
from .json_tree import MAX_BYTES, json_tree

if TYPE_CHECKING:
    from . import Reply

__all__ = ["mime_bundle", "size_text", "summary"]

_MAX_LINES = 40
_MAX_CHARACTERS = 4096
_MAX_BINARY_BYTES = 128
_MAX_VALUE_CHARACTERS = 200
_MAX_INDENT = 40


def mime_bundle(reply: Reply) -> dict[str, str]:
    """A reply as ``text/plain`` and ``text/html``."""
    body_lines, omission = _body_lines(reply)
    status_line = summary(reply)
    request_line = f"{reply.request.method} {one_line(reply.url)}"
    plain = "\n".join([status_line, request_line, *body_lines, *([omission] if omission else [])])
    return {"text/plain": plain, "text/html": _html(reply, status_line, request_line, body_lines, omission)}


def summary(reply: Reply) -> str:
    """Status, media type, size and duration of a reply, on one line."""
    status = f"{reply.status_code} {one_line(reply.reason)}".rstrip()
    media_type = one_line(reply.media_type[:_MAX_VALUE_CHARACTERS]) or "no media type"
    elapsed_s = reply.elapsed.total_seconds()
    duration = f"{elapsed_s * 1000:.0f} ms" if elapsed_s < 1 else f"{elapsed_s:.1f} s"
    return f"{status} · {media_type} · {size_text(len(reply.content))} · {duration}"


def size_text(count_bytes: int) -> str:
    """A number of bytes in binary units, such as ``312 B``, ``2.1 KiB`` or ``256 MiB``."""
    if count_bytes < 1024:
        return f"{count_bytes} B"
    size = float(count_bytes)
    for unit in ("KiB", "MiB", "GiB", "TiB"):
        size /= 1024
        if size < 1023.95 or unit == "TiB":
            break
    return f"{size:.1f}".removesuffix(".0") + f" {unit}"


def _html(reply: Reply, status_line: str, request_line: str, body_lines: list[str], omission: str) -> str:
    pale = "style='opacity: .75; overflow-wrap: anywhere'"  # a paler form of whatever colour the theme has
    headers = "".join(
        f"<div>{html.escape(': '.join(one_line(part[:_MAX_VALUE_CHARACTERS]) for part in header))}</div>"
        for header in redact_headers(reply.headers.pairs()[:_MAX_LINES])
    )
    may_be_tree = decoding.is_json(reply) and len(reply.content) <= MAX_BYTES
    body = json_tree(reply.text) if may_be_tree else None
    if body is not None:
        omission = ""  # the tree says what it leaves out
    elif body_lines:
        text = html.escape("\n".join(body_lines))
        body = f"<pre style='white-space: pre-wrap; margin: .4em 0'>{text}</pre>"
    return "".join(
        [
            f"<div><div><strong>{html.escape(status_line)}</strong></div>",
            f"<div {pale}>{html.escape(request_line)}</div>",
            body or "",
            f"<div {pale}>{html.escape(omission)}</div>" if omission else "",
            f"<details {pale}><summary>{len(reply.headers)} headers</summary>{headers}</details></div>",
        ]
    )


def _body_lines(reply: Reply) -> tuple[list[str], str]:
    """The first lines of the body, safe to show, and a line that says what is left out; "" if nothing is."""
    content = reply.content
    if not content:
        return [], ""
    if decoding.is_binary(reply):
        return _hex_dump(content)
    text = decoding.head(reply)
    if decoding.is_json(reply):
        text = _indent_json(text)
    lines = text.split("\n")
    is_whole = len(lines) <= _MAX_LINES and len(text) <= _MAX_CHARACTERS and len(content) <= decoding.HEAD_BYTES
    first_lines = "\n".join(lines[:_MAX_LINES])[:_MAX_CHARACTERS].rstrip("\n")
    omission = "" if is_whole else f"… the beginning of {size_text(len(content))}; .text or .json() has everything"
    return printable(first_lines).split("\n"), omission


def _hex_dump(content: bytes) -> tuple[list[str], str]:
    start = content[:_MAX_BINARY_BYTES]
    rows = [start[offset : offset + 16] for offset in range(0, len(start), 16)]
    lines = [f"{16 * number:04x}  {row.hex(' '):47}  {_ascii(row)}" for number, row in enumerate(rows)]
    omitted = len(content) - len(start)
    return lines, f"… {size_text(omitted)} more, binary" if omitted else ""


def _ascii(row: bytes) -> str:
    return "".join(chr(byte) if 0x20 <= byte < 0x7F else "." for byte in row)


def _indent_json(text: str) -> str:
    """Put the beginning of a JSON text on indented lines. Numbers and strings stay exactly as they came."""
    output: list[str] = []
    depth = 0
    length = 0
    for match in _JSON_TOKEN.finditer(text):
        token = match[0]
        if token in "{[":
            depth += 1
            token += _line_break(depth)
        elif token in "}]":
            depth -= 1
            is_empty = bool(output) and output[-1][0] in "{["
            if is_empty:
                output[-1] = output[-1][0]
            else:
                token = _line_break(depth) + token
        elif token == ",":
            token += _line_break(depth)
        elif token == ":":
            token = ": "
        output.append(token)
        length += len(token)
        if length > 2 * _MAX_CHARACTERS:
            break
    return "".join(output)


def _line_break(depth: int) -> str:
    return "\n" + "  " * min(max(depth, 0), _MAX_INDENT)


# A string may be cut at the end of the text. The pattern always matches at a quotation mark, in linear time.
_JSON_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*+\\?(?:"|\Z)|[{}\[\],:]|[^\s{}\[\],:"]+', re.DOTALL)
