"""Annotated CSV: one table after another, each with a header and optional lines that describe its columns.

The first column is that of the annotations, and left out. Tables with the same header are read at once. Types are those
of ``#datatype``; without it, they follow the values. Times are datetime64[ns, UTC].
"""

from __future__ import annotations

import csv
import dataclasses
import io
from collections.abc import Iterator
from typing import TYPE_CHECKING, NoReturn

from ...errors import LoadError
from ..columns import Names
from ..joining import joined, with_total
from ..protocol import NO_LABELS, Table
from . import exact, fast

if TYPE_CHECKING:
    from ...reply import Reply

__all__ = ["read"]

_BOM = b"\xef\xbb\xbf"
_LINE_FEED, _CARRIAGE_RETURN, _NUMBER_SIGN = b"\n\r#"
_CHUNK_BYTES = 1 << 20
_ERROR_COLUMNS = ["error", "reference"]


def read(reply: Reply) -> Table:
    """Join all tables of an answer into one.

    Raises
    ------
    LoadError
        The answer is an error, or not annotated CSV.
    """
    body = reply.content.removeprefix(_BOM)
    tables, errors = [], []
    try:
        for part in _same(_parts(body)):
            if part.names == _ERROR_COLUMNS:
                errors += [row[1] for row in exact.rows(b"".join(part.data)) if len(row) > 1]
            else:
                frame = fast.read(part.names, part.kinds, part.defaults, part.data)
                if frame is None:
                    frame = exact.read(part.names, part.kinds, part.defaults, b"".join(part.data))
                tables.append((NO_LABELS, Table(frame, len(frame))))
    except (csv.Error, ValueError) as error:
        _refuse(str(error), reply)
    if not tables:
        if errors:
            raise LoadError(f"InfluxDB answered with an error: {errors[0]}", reply=reply, hint="see it with -o text")
        _refuse("it has no table", reply)
    table = joined(tables)
    notes = tuple(f"InfluxDB failed before the end of the answer: {error}" for error in errors)
    return with_total(dataclasses.replace(table, notes=notes), bool(errors))


@dataclasses.dataclass(frozen=True)
class _Part:
    """A table, or several with the same header.

    Attributes
    ----------
    head
        The text of annotations and header, by which equal ones are known.
    names
        Of the columns, without that of the annotations.
    kinds, defaults
        What ``#datatype`` and ``#default`` say of each column; empty if they are not there.
    data
        Pieces of the body with the rows.
    """

    head: tuple[bytes, ...]
    names: list[str]
    kinds: list[str]
    defaults: list[str]
    data: list[memoryview]


def _same(parts: Iterator[_Part]) -> Iterator[_Part]:
    """Join tables that follow one another and have the same head."""
    last: _Part | None = None
    for part in parts:
        if last is not None and last.head == part.head:
            last.data.extend(part.data)
            continue
        if last is not None:
            yield last
        last = part
    if last is not None:
        yield last


def _parts(body: bytes) -> Iterator[_Part]:
    annotations: list[bytes] = []
    for start, end in _segments(body):
        while start < end and body[start] == ord("#"):
            line_end = _end_of_record(body, start, end)
            annotations.append(body[start:line_end])
            start = line_end
        if start >= end:
            continue
        line_end = _end_of_record(body, start, end)
        head = (*annotations, body[start:line_end])
        yield _part(head, memoryview(body)[line_end:end])
        annotations = []


def _part(head: tuple[bytes, ...], data: memoryview) -> _Part:
    *annotations, names = (_cells(line) for line in head)
    said = {cells[0]: cells[1:] for cells in annotations}
    if names[0]:
        raise ValueError(f"the header begins with {names[0][:40]!r}, and not with an empty cell")
    free = Names()
    columns = [free.free(name) for name in names[1:]]
    kinds, defaults = said.get("#datatype", []), said.get("#default", [])
    if any(cells and len(cells) != len(columns) for cells in (kinds, defaults)):
        raise ValueError("an annotation has not as many cells as the header")
    return _Part(head, columns, kinds, defaults, [data])


def _segments(body: bytes) -> Iterator[tuple[int, int]]:
    """Cut a body at empty lines, and before annotations."""
    start = 0
    for position, length in _breaks(body):
        if position <= start or body.count(b'"', start, position) % 2:  # in a quoted text
            continue
        if position > start:
            yield start, position
        start = position + length
    if start < len(body):
        yield start, len(body)


def _breaks(body: bytes) -> list[tuple[int, int]]:
    """Find where a table may end: behind which byte, and how many bytes the empty line has."""
    import numpy as np

    letters = np.frombuffer(body, dtype=np.uint8)
    found = []
    for start in range(0, len(letters), _CHUNK_BYTES):  # in pieces that fit into a cache
        begins = np.flatnonzero(letters[start : start + _CHUNK_BYTES] == _LINE_FEED) + (start + 1)
        first = letters[begins[begins < len(letters)]]
        ends = (first == _LINE_FEED) | (first == _NUMBER_SIGN) | (first == _CARRIAGE_RETURN)
        for at in begins[: len(first)][ends].tolist():
            line = body[at : at + 2]
            if line[:1] == b"#":
                found.append((at, 0))
            elif line[:1] == b"\n" or line == b"\r\n":
                found.append((at, 1 if line[:1] == b"\n" else 2))
    return found


def _end_of_record(body: bytes, start: int, end: int) -> int:
    """Find the end of a line, which may lie behind a quoted text of several lines."""
    at = body.find(b"\n", start, end)
    while at >= 0 and body.count(b'"', start, at) % 2:
        at = body.find(b"\n", at + 1, end)
    return end if at < 0 else at + 1


def _cells(line: bytes) -> list[str]:
    return next(csv.reader(io.StringIO(line.decode(), newline=""), strict=True), [""])


def _refuse(reason: str, reply: Reply) -> NoReturn:
    raise LoadError(f"this is not annotated CSV: {reason}", reply=reply, hint="see it with -o text") from None
