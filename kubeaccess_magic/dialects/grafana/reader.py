"""Frames of Grafana as one table.

A frame whose fields have labels is a set of time series: each point is a row, with its labels in front. Fields with the
same labels share their rows. Any other frame is a table already.

=====================  =============================================================
column                 content
=====================  =============================================================
``refId``              text, if there are several queries
``frame``              text, if frames without labels have names that tell them apart
labels                 text
fields of time         datetime64[ns, UTC]
other fields           as `columns` types them, with NaN and infinities
=====================  =============================================================
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NoReturn

from ...errors import LoadError
from .. import answer, columns
from ..columns import Names
from ..joining import with_total
from ..prometheus.series_labels import column_names
from ..protocol import Table
from ..readers import SingleAnswerReader
from .fields import Field, fields_of, moments

if TYPE_CHECKING:
    import pandas as pd

    from ...reply import Reply

__all__ = ["GrafanaReader"]


class GrafanaReader(SingleAnswerReader):
    """Reads the frames of all queries into one table."""

    def read(self, reply: Reply) -> Table:
        """Concatenate the frames of all queries.

        Raises
        ------
        LoadError
            All queries failed, or it is not an answer of Grafana.
        """
        document = answer.json_of(reply)
        results = document.get("results") if isinstance(document, dict) else None
        if not isinstance(results, dict) or not all(isinstance(result, dict) for result in results.values()):
            _refuse("it has no results", reply)
        errors = {query: str(result["error"]) for query, result in results.items() if result.get("error")}
        try:
            pieces = [piece for query, result in results.items() for piece in _pieces(query, result)]
        except ValueError as error:
            _refuse(str(error), reply)
        if errors and not pieces:
            query, text = next(iter(errors.items()))
            raise LoadError(f"query {query} failed: {text}", reply=reply, hint="see all of it with -o json")
        frame = _frame(pieces)
        notes = [f"query {query} failed: {text}" for query, text in errors.items()]
        notes += [text for result in results.values() for text in _notices(result)]
        return with_total(Table(frame, len(frame), notes=tuple(dict.fromkeys(notes))), bool(errors))


@dataclasses.dataclass(frozen=True)
class _Piece:
    """Rows with the same labels."""

    query: str
    frame: str | None
    labels: dict[str, str]
    fields: list[Field]

    @property
    def rows(self) -> int:
        return len(self.fields[0].values) if self.fields else 0


def _pieces(query: str, result: Mapping[str, Any]) -> Iterator[_Piece]:
    """The rows of all frames of a query.

    Raises
    ------
    ValueError
        A frame is not one.
    """
    frames = result.get("frames")
    if frames is None:
        return
    if not isinstance(frames, list):
        raise ValueError(f"the frames of query {query} are not a list")
    for each in frames:
        name, fields = fields_of(each)
        if not any(field.labels for field in fields):
            yield _Piece(query, name, {}, fields)
            continue
        times = [field for field in fields if field.is_time]
        groups: dict[tuple[tuple[str, str], ...], list[Field]] = {}
        for field in fields:
            if not field.is_time:
                groups.setdefault(tuple(sorted(field.labels.items())), []).append(field)
        for labels, values in groups.items():
            yield _Piece(query, None, dict(labels), [*times, *values])


def _notices(result: Mapping[str, Any]) -> Iterator[str]:
    """What a data source says about its frames."""
    for frame in result.get("frames") or []:
        schema = frame.get("schema") if isinstance(frame, dict) else None
        meta = schema.get("meta") if isinstance(schema, dict) else None
        notices = meta.get("notices") if isinstance(meta, dict) else None
        for notice in notices if isinstance(notices, list) else []:
            if isinstance(notice, dict) and notice.get("text"):
                yield f"the data source says: {notice['text']}"


def _frame(pieces: Sequence[_Piece]) -> pd.DataFrame:
    counts = [piece.rows for piece in pieces]
    fields = dict.fromkeys(field.name for piece in pieces for field in piece.fields)
    times = {field.name for piece in pieces for field in piece.fields if field.is_time}
    texts = times & {field.name for piece in pieces for field in piece.fields if not field.is_time}
    ordered = sorted(fields, key=lambda name: name not in times)
    free = Names(ordered)
    data: dict[str, list[Any]] = {}
    if len({piece.query for piece in pieces}) > 1:
        data[free.free("refId")] = _spread([piece.query for piece in pieces], counts)
    if len({piece.frame for piece in pieces if not piece.labels}) > 1:
        data[free.free("frame")] = _spread([piece.frame for piece in pieces], counts)
    labels = sorted({name for piece in pieces for name in piece.labels})
    column_of = column_names(labels, (*ordered, *data))
    for name in labels:
        data[column_of[name]] = _spread([piece.labels.get(name) for piece in pieces], counts)
    kinds = {column_of[name]: "text" for name in labels}
    for name in ordered:
        data[name] = _below(pieces, counts, name)
    nested = [name for name in ordered if any(isinstance(value, dict) for value in data[name])]
    frame = columns.frame(_unfolded(data, nested), sum(counts), kinds=kinds)
    for name in times - texts:
        if name in frame and (found := moments(data[name])) is not None:
            frame[name] = found
    return frame


def _below(pieces: Sequence[_Piece], counts: Sequence[int], name: str) -> list[Any]:
    """The values of one field of all pieces."""
    values: list[Any] = []
    for piece, count in zip(pieces, counts, strict=True):
        field = next((field for field in piece.fields if field.name == name), None)
        values += field.values if field is not None else [None] * count
    return values


def _unfolded(data: Mapping[str, list[Any]], nested: Sequence[str]) -> dict[str, list[Any]]:
    """Objects in cells, such as the labels of log lines, become columns."""
    found: dict[str, list[Any]] = {}
    free = Names(name for name in data if name not in nested)
    for name, values in data.items():
        if name in nested:
            found |= columns.flatten([{name: value} for value in values], free)
        else:
            found[name] = values
    return found


def _spread(values: Sequence[Any], counts: Sequence[int]) -> list[Any]:
    return [value for value, count in zip(values, counts, strict=True) for _ in range(count)]


def _refuse(reason: str, reply: Reply) -> NoReturn:
    raise LoadError(f"this is not an answer of Grafana: {reason}", reply=reply, hint="see it with -o json") from None
