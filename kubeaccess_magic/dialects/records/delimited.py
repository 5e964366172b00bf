"""CSV and TSV. Values that are written as JSON writes numbers, true and false become those."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ...errors import LoadError
from .. import answer, columns

if TYPE_CHECKING:
    from ...reply import Reply

__all__ = ["is_delimited", "is_or_looks_delimited", "looks_delimited", "table", "values"]

_DELIMITER_OF = {
    "text/csv": ",",
    "application/csv": ",",
    "text/x-csv": ",",
    "text/comma-separated-values": ",",
    "text/tab-separated-values": "\t",
    "text/tsv": "\t",
}
_DELIMITERS = ",\t;|"
_PLAIN = frozenset({"", "text/plain", "application/octet-stream"})
_MOST_CHECKED_ROWS = 50
_GAPS = frozenset({"NULL", "null", "N/A", "NA", "n/a", "#N/A", "None", "<NA>", "\\N"})
_LINE_END = re.compile(rb"[\r\n]")
_NAME = re.compile(r"[^\W\d][\w .:/()%@#-]*")
_STATED_HEADER = re.compile(r";\s*header\s*=\s*\"?(present|absent)", re.IGNORECASE)  # RFC 4180, section 3


def is_delimited(reply: Reply) -> bool:
    """Tell whether the answer says that it is CSV or TSV."""
    return reply.media_type in _DELIMITER_OF


def looks_delimited(reply: Reply) -> bool:
    """Tell whether text without a media type is certainly CSV: a line of names, then lines with as many values."""
    if reply.media_type not in _PLAIN or not reply.content[:1].strip():
        return False
    first = _LINE_END.split(reply.content, maxsplit=1)[0]
    if len(first) == len(reply.content) or not any(delimiter.encode() in first for delimiter in _DELIMITERS):
        return False
    try:
        rows, _ = _read(reply)
    except LoadError:
        return False
    names = rows[0]
    if len(rows) < 2 or len(names) < 2 or len(set(names)) < len(names) or not all(map(_NAME.fullmatch, names)):
        return False
    # Prose has a blank behind each comma.
    return all(len(row) == len(names) for row in rows) and not any(cell.startswith(" ") for row in rows for cell in row)


def is_or_looks_delimited(reply: Reply) -> bool:
    """Tell whether the answer is CSV or TSV, by its type or, without one, by its text."""
    return is_delimited(reply) or (
        not answer.is_json(reply) and not answer.looks_like_json(reply) and looks_delimited(reply)
    )


def table(reply: Reply, header: bool | None) -> tuple[list[str] | None, list[list[str]]]:
    """Split the text into cells.

    Parameters
    ----------
    reply
        The answer.
    header
        Whether the first line holds names. None decides by the media type and the cells of that line.

    Returns
    -------
    tuple
        The names of the columns, or None if the first line does not hold them; and the rows.

    Raises
    ------
    LoadError
        The text is not CSV: a quote is not closed, for example.
    """
    rows, stated_header = _read(reply)
    if not rows:
        return None, []
    if header is None:
        header = stated_header
    if header is None:
        header = not any(not name or columns.numbers([name]) is not None for name in rows[0])
    return (rows[0], rows[1:]) if header else (None, rows)


def values(texts: Sequence[str | None]) -> list[Any]:
    """Convert a column of cells to numbers, to true and false, or leave it as text.

    An empty cell becomes a gap. So does a word that stands for one, if all other cells are numbers or times.
    """
    there = [text or None for text in texts]
    if (numbers := columns.numbers(there)) is not None:
        return numbers
    if not _GAPS.isdisjoint(there):
        without = [None if text in _GAPS else text for text in there]
        if (numbers := columns.numbers(without)) is not None:
            return numbers
        if any(without) and columns.utc(without) is not None:
            return without
    kinds = set(there) - {None}
    if kinds and kinds <= {"true", "false", "True", "False"}:
        return [None if text is None else text in ("true", "True") for text in there]
    return there


def _read(reply: Reply) -> tuple[list[list[str]], bool | None]:
    """All rows but blank lines, and whether the first one is a header, if the answer says so."""
    text = answer.text_of(reply)
    stated = _STATED_HEADER.search(reply.headers.get("Content-Type", ""))
    delimiter = _delimiter(text, _DELIMITER_OF.get(reply.media_type, ","))
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        rows = [row for row in lines if row]
    except csv.Error as error:
        raise LoadError(
            f"the answer is not valid CSV: {error} in line {lines.line_num:,}", reply=reply, hint="see it with -o text"
        ) from None
    return rows, None if stated is None else stated[1].lower() == "present"


def _delimiter(text: str, usual: str) -> str:
    """The delimiter that splits all of the first rows into the same number of cells, as many as possible."""
    head = text[: 2**16]
    best, cells = usual, 1
    for delimiter in dict.fromkeys(usual + _DELIMITERS):
        counts = []
        try:
            for row in csv.reader(io.StringIO(head, newline=""), delimiter=delimiter):
                if row:
                    counts.append(len(row))
                if len(counts) >= _MOST_CHECKED_ROWS:
                    break
        except csv.Error:
            continue
        whole = counts[:-1] if len(text) > 2**16 and len(counts) < _MOST_CHECKED_ROWS else counts
        if len(set(whole)) == 1 and whole[0] > cells:
            best, cells = delimiter, whole[0]
    return best
