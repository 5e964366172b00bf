"""JSON as a tree that can be unfolded, in HTML without scripts or colours; everything in it is plain text (X9)."""

from __future__ import annotations

import json
from typing import Any

from ..text import escape, shorten

__all__ = ["MAX_BYTES", "json_tree"]

MAX_BYTES = 2 * 2**20
"""The largest body that is worth a tree: decoding more would take longer than a glance is worth."""

_MAX_NODES = 2000
_MAX_DEPTH = 60  # browsers and HTML parsers have limits of their own
_MAX_CHARACTERS = 300
_MAX_OPEN = 12  # children of the outermost value that are shown unfolded


class _Number(str):
    """A number exactly as it was written: ``1.10`` and 2^64 + 1 keep all their digits."""

    __slots__ = ()


class _Pairs(list[tuple[str, Any]]):
    """A JSON object as its pairs, so that repeated keys are kept."""


def json_tree(text: str) -> str | None:
    """A JSON object or array as HTML; None if the text is not one, or is empty.

    At most 2,000 values are shown. A line says how many are left out.
    """
    try:
        document = json.loads(
            text, object_pairs_hook=_Pairs, parse_int=_Number, parse_float=_Number, parse_constant=_Number
        )
    except (ValueError, RecursionError):
        return None
    if not isinstance(document, (_Pairs, list)) or not document:
        return None
    writer = _TreeWriter()
    writer.write_children(document, 0)
    return "<div style='font-family: monospace; line-height: 1.35'>" + "".join(writer.parts) + "</div>"


class _TreeWriter:
    def __init__(self) -> None:
        self.parts: list[str] = []
        self._nodes_left = _MAX_NODES

    def write_children(self, parent: _Pairs | list[Any], depth: int) -> None:
        for number, child in enumerate(parent):
            if self._nodes_left <= 0:
                omitted = len(parent) - number
                self.parts.append(f"<div style='opacity: .75'>… {omitted:,} more; .json() has them all</div>")
                return
            self._nodes_left -= 1
            key, value = child if isinstance(parent, _Pairs) else (str(number), child)
            self._write_value(key, value, depth, is_open=depth == 0 and len(parent) <= _MAX_OPEN)

    def _write_value(self, key: str, value: Any, depth: int, *, is_open: bool) -> None:
        label = f"<span style='opacity: .75'>{_escaped(key)}:</span> "
        if not isinstance(value, list) or not value:
            self.parts.append(
                f"<div style='padding-left: 1.1em; overflow-wrap: anywhere'>{label}{_scalar(value)}</div>"
            )
            return
        size = f"{{{len(value):,}}}" if isinstance(value, _Pairs) else f"[{len(value):,}]"
        if depth >= _MAX_DEPTH:
            self.parts.append(f"<div style='padding-left: 1.1em'>{label}{size} …</div>")
            return
        self.parts.append(
            f"<details{' open' * is_open}><summary>{label}<span style='opacity: .75'>{size}</span></summary>"
        )
        self.parts.append("<div style='padding-left: 1.1em'>")
        self.write_children(value, depth + 1)
        self.parts.append("</div></details>")


def _scalar(value: Any) -> str:
    if isinstance(value, _Number):
        return _escaped(value)
    if isinstance(value, list):
        return "{}" if isinstance(value, _Pairs) else "[]"
    return _escaped(json.dumps(value, ensure_ascii=False))


def _escaped(text: str) -> str:
    return escape(shorten(text, _MAX_CHARACTERS))
