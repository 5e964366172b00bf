"""How a Reply shows itself: bounded and calm, nothing that came is ever more than text (X9)."""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING

from ..text import printable, redact_headers
from . import body
from .tree import MOST_BYTES, tree

if TYPE_CHECKING:
    from . import Reply

__all__ = ["bundle", "size_text", "summary"]

_LINES = 40
_CHARACTERS = 4096
_BINARY_BYTES = 128
_VALUE_CHARACTERS = 200


def bundle(reply: Reply) -> dict[str, str]:
    """A reply as ``text/plain`` and ``text/html``."""
    lines, rest = _body_lines(reply)
    said = summary(reply)
    asked = f"{reply.request.method} {printable(reply.url)}"
    plain = "\n".join([said, asked, *lines, *([rest] if rest else [])])
    return {"text/plain": plain, "text/html": _html(reply, said, asked, lines, rest)}


def summary(reply: Reply) -> str:
    """One line: status, type, size, time."""
    status = f"{reply.status_code} {printable(reply.reason)}".rstrip()
    kind = printable(reply.media_type[:_VALUE_CHARACTERS]) or "no type"
    elapsed_s = reply.elapsed.total_seconds()
    took = f"{elapsed_s * 1000:.0f} ms" if elapsed_s < 1 else f"{elapsed_s:.1f} s"
    return f"{status} · {kind} · {size_text(len(reply.content))} · {took}"


def size_text(count_bytes: int) -> str:
    """So many bytes, in words for people: ``312 B``, ``2.1 KiB``, ``256 MiB``."""
    if count_bytes < 1024:
        return f"{count_bytes} B"
    size = float(count_bytes)
    for unit in ("KiB", "MiB", "GiB", "TiB"):
        size /= 1024
        if size < 1023.95 or unit == "TiB":
            break
    return f"{size:.1f}".removesuffix(".0") + f" {unit}"


def _html(reply: Reply, said: str, asked: str, lines: list[str], rest: str) -> str:
    # No colours of its own: the theme's, a little paler where it matters less.
    pale = "style='opacity: .75; overflow-wrap: anywhere'"
    headers = "".join(
        f"<div>{html.escape(': '.join(printable(part[:_VALUE_CHARACTERS]) for part in pair))}</div>"
        for pair in redact_headers(reply.headers.pairs()[:_LINES])
    )
    drawn = tree(reply.text) if body.is_json(reply) and len(reply.content) <= MOST_BYTES else None
    if drawn is not None:
        rest = ""  # a tree says itself what it leaves out
    elif lines:
        text = html.escape("\n".join(lines))
        drawn = f"<pre style='white-space: pre-wrap; margin: .4em 0'>{text}</pre>"
    return "".join(
        [
            f"<div><div><strong>{html.escape(said)}</strong></div><div {pale}>{html.escape(asked)}</div>",
            drawn or "",
            f"<div {pale}>{html.escape(rest)}</div>" if rest else "",
            f"<details {pale}><summary>{len(reply.headers)} headers</summary>{headers}</details></div>",
        ]
    )


def _body_lines(reply: Reply) -> tuple[list[str], str]:
    """The first lines of the body, fit to be shown, and a line about the rest of it."""
    content = reply.content
    if not content:
        return [], ""
    if body.is_binary(reply):
        shown = content[:_BINARY_BYTES]
        rows = [shown[at : at + 16] for at in range(0, len(shown), 16)]
        lines = [f"{16 * number:04x}  {row.hex(' '):47}  {_printable(row)}" for number, row in enumerate(rows)]
        more = len(content) - len(shown)
        return lines, f"… {size_text(more)} more, binary" if more else ""
    text = body.head(reply)
    if body.is_json(reply):
        text = _indented(text)
    lines = text.split("\n")
    whole = len(lines) <= _LINES and len(text) <= _CHARACTERS and len(content) <= body.HEAD_BYTES
    shown_text = "\n".join(lines[:_LINES])[:_CHARACTERS].rstrip("\n")
    rest = "" if whole else f"… the first lines of {size_text(len(content))}; .text or .json() has it all"
    return printable(shown_text).split("\n"), rest


def _printable(row: bytes) -> str:
    return "".join(chr(byte) if 0x20 <= byte < 0x7F else "." for byte in row)


def _indented(text: str) -> str:
    """The begin of a JSON text on lines of its own, numbers and strings letter by letter as they came."""
    out: list[str] = []
    depth = 0
    length = 0
    for found in _JSON_PARTS.finditer(text):
        part = found[0]
        if part in "{[":
            depth += 1
            part += "\n" + "  " * min(depth, 40)
        elif part in "}]":
            depth -= 1
            opened = out and out[-1][0] in "{["
            if opened:
                out[-1] = out[-1][0]
            else:
                part = "\n" + "  " * min(max(depth, 0), 40) + part
        elif part == ",":
            part += "\n" + "  " * min(max(depth, 0), 40)
        elif part == ":":
            part = ": "
        out.append(part)
        length += len(part)
        if length > 2 * _CHARACTERS:
            break
    return "".join(out)


_JSON_PARTS = re.compile(r'"(?:[^"\\]|\\.)*(?:"|\Z)|[{}\[\],:]|[^\s{}\[\],:"]+', re.DOTALL)
