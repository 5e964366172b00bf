"""The fast way to read log lines: each is a time and a text, and nothing else.

Where pyarrow can copy them out of the bytes, it does (`arrow`). Anything else, such as structured metadata, is refused;
`exact` reads it then, and says what is wrong.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import msgspec

from . import arrow
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


class _RawStream(msgspec.Struct, gc=False):
    stream: msgspec.Raw
    values: msgspec.Raw


_S = TypeVar("_S")


class _Data(msgspec.Struct, Generic[_S], rename="camel"):
    result_type: str
    result: list[_S] | None


class _Answer(msgspec.Struct, Generic[_S], rename="camel"):
    status: str
    data: _Data[_S]
    warnings: list[str] | None = None


def read(body: bytes) -> LinePage | None:
    """Read log lines without looking at each of them.

    Returns
    -------
    LinePage or None
        None if the answer is something else, or holds anything that `exact.read` has to read.
    """
    try:
        page = _by_arrow(body) if arrow.is_possible(body) else None
        return page or _by_msgspec(body)
    except (msgspec.DecodeError, ValueError, OverflowError, RecursionError):
        return None


def _by_arrow(body: bytes) -> LinePage | None:
    document = msgspec.json.decode(body, type=_Answer[_RawStream])
    if not _has_lines(document):
        return None
    streams = document.data.result or []
    found = arrow.read([stream.values for stream in streams])
    if found is None:
        return None
    counts, time, lines = found
    return LinePage(_label_sets(streams), counts, time, lines, warnings=tuple(document.warnings or ()))


def _by_msgspec(body: bytes) -> LinePage | None:
    document = msgspec.json.decode(body, type=_Answer[_Stream], strict=False)  # the times are numbers in text
    if not _has_lines(document):
        return None
    streams, warnings = document.data.result or [], tuple(document.warnings or ())
    del document  # before the column of lines is made, nothing else has to hold them
    return _page(_label_sets(streams), streams, warnings)


def _has_lines(document: _Answer[Any]) -> bool:
    return document.data.result_type == "streams" and document.status == "success"


def _page(label_sets: list[dict[str, str]], streams: list[_Stream], warnings: tuple[str, ...]) -> LinePage:
    import numpy as np

    counts = np.fromiter((len(stream.values) for stream in streams), dtype="int64", count=len(streams))
    total = int(counts.sum())
    time = np.fromiter((entry.time for stream in streams for entry in stream.values), dtype="int64", count=total)
    lines = [entry.line for stream in streams for entry in stream.values]
    streams.clear()
    return LinePage(label_sets, counts, time, text_column(lines), warnings=warnings)


def _label_sets(streams: Sequence[_Stream | _RawStream]) -> list[dict[str, str]]:
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
