"""JSON as a tree to open and close, of HTML alone: no script, no colours, every text only text (X9)."""

from __future__ import annotations

import json
from typing import Any

from ..text import escape, shorten

__all__ = ["MOST_BYTES", "tree"]

MOST_BYTES = 2 * 2**20
"""A larger body is not made a tree: reading it for a look would take as long as reading it for good."""

_MOST_NODES = 2000
_MOST_DEPTH = 60  # browsers and readers of HTML have limits of their own
_MOST_CHARACTERS = 300
_OPEN_TO = 12  # so many things in the outermost one are shown at once, opened


class _Number(str):
    """A number, letter by letter as it came: ``1.10`` and 2^64 + 1 stay what they are."""

    __slots__ = ()


def tree(text: str) -> str | None:
    """HTML of a JSON document, or None where the text is none, or is a bare value.

    At most 2,000 nodes are drawn; a line says how many things are left out.
    """
    try:
        document = json.loads(
            text, object_pairs_hook=_Pairs, parse_int=_Number, parse_float=_Number, parse_constant=_Number
        )
    except (ValueError, RecursionError):
        return None
    if not isinstance(document, (_Pairs, list)) or not document:
        return None
    drawing = _Drawing()
    drawing.inside(document, 0)
    return "<div style='font-family: monospace; line-height: 1.35'>" + "".join(drawing.parts) + "</div>"


class _Pairs(list[tuple[str, Any]]):
    """An object as its pairs: none of two equal keys is lost."""


class _Drawing:
    def __init__(self) -> None:
        self.parts: list[str] = []
        self._left = _MOST_NODES

    def inside(self, value: _Pairs | list[Any], depth: int) -> None:
        """The things in an object or a list, one below the other."""
        for number, item in enumerate(value):
            if self._left <= 0:
                rest = len(value) - number
                self.parts.append(f"<div style='opacity: .75'>… {rest:,} more; .json() has them all</div>")
                return
            self._left -= 1
            key, inner = item if isinstance(value, _Pairs) else (str(number), item)
            self._one(key, inner, depth, is_open=depth == 0 and len(value) <= _OPEN_TO)

    def _one(self, key: str, value: Any, depth: int, *, is_open: bool) -> None:
        name = f"<span style='opacity: .75'>{_text(key)}:</span> "
        if not isinstance(value, list) or not value:
            self.parts.append(f"<div style='padding-left: 1.1em; overflow-wrap: anywhere'>{name}{_scalar(value)}</div>")
            return
        kind = f"{{{len(value):,}}}" if isinstance(value, _Pairs) else f"[{len(value):,}]"
        if depth >= _MOST_DEPTH:
            self.parts.append(f"<div style='padding-left: 1.1em'>{name}{kind} …</div>")
            return
        self.parts.append(
            f"<details{' open' * is_open}><summary>{name}<span style='opacity: .75'>{kind}</span></summary>"
        )
        self.parts.append("<div style='padding-left: 1.1em'>")
        self.inside(value, depth + 1)
        self.parts.append("</div></details>")


def _scalar(value: Any) -> str:
    if isinstance(value, _Number):
        return _text(value)
    if isinstance(value, list):
        return "{}" if isinstance(value, _Pairs) else "[]"
    return _text(json.dumps(value, ensure_ascii=False))


def _text(text: str) -> str:
    return escape(shorten(text, _MOST_CHARACTERS))
