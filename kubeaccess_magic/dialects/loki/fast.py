"""The fast way to read log lines: each is a time and a text, and nothing else.

Anything else, such as structured metadata, is refused; `exact` reads it then, and says what is wrong.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import msgspec

from .line_page import LinePage, text_column

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["read"]


class _Entry(msgspec.Struct, array_like=True, forbid_unknown_fields=True, gc=False):
    time: int
    line: str


class _Stream(msgspec.Struct, gc=False):
    stream: msgspec.Raw
    values: list[_Entry]


class _Data(msgspec.Struct, rename="camel"):
    result_type: str
    result: list[_Stream] | None


class _Answer(msgspec.Struct, rename="camel"):
    status: str
    data: _Data
    warnings: list[str] | None = None


def read(body: bytes) -> LinePage | None:
    """Read log lines without looking at each of them.

    Returns
    -------
    LinePage or None
        None if the answer is something else, or holds anything that `exact.read` has to read.
    """
    try:
        document = msgspec.json.decode(body, type=_Answer, strict=False)  # the times are numbers in text
        if document.data.result_type != "streams" or document.status != "success":
            return None
        streams = document.data.result or []
        return _page(_label_sets(streams), streams, document.warnings)
    except (msgspec.DecodeError, ValueError, OverflowError, RecursionError):
        return None


def _page(label_sets: list[dict[str, str]], streams: Sequence[_Stream], warnings: list[str] | None) -> LinePage:
    import numpy as np

    counts = np.fromiter((len(stream.values) for stream in streams), dtype="int64", count=len(streams))
    total = int(counts.sum())
    time = np.fromiter((entry.time for stream in streams for entry in stream.values), dtype="int64", count=total)
    lines = [entry.line for stream in streams for entry in stream.values]
    return LinePage(label_sets, counts, time, text_column(lines), warnings=tuple(warnings or ()))


def _label_sets(streams: Sequence[_Stream]) -> list[dict[str, str]]:
    """Read labels from their JSON.

    Raises
    ------
    msgspec.DecodeError, ValueError
        They are not labels, or a name stands there twice.
    """
    decode = msgspec.json.Decoder(dict[str, str]).decode
    label_sets = []
    for stream in streams:
        labels = decode(stream.stream)
        raw = bytes(stream.stream)
        # If the numbers differ, a name stands there twice; or a value holds a quote and a colon, or there are blanks.
        if raw.count(b'":') != len(labels) and len(json.loads(raw, object_pairs_hook=list)) > len(labels):
            raise ValueError("a label twice")
        label_sets.append(labels)
    return label_sets
