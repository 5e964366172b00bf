"""The JSON of InfluxQL: statements that contain series, which contain columns and rows.

=====================  ============================================================================
column                 content
=====================  ============================================================================
``statement_id``       int64, if there are several statements
``measurement``        text, if a series has a name
tags                   text, a gap where a series does not have the tag
``time``               datetime64[ns, UTC], also if the query asked for numbers by ``epoch``
fields                 as `columns` types them
=====================  ============================================================================

A tag with the name of another column becomes ``exported_NAME``.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, NoReturn

from ...errors import LoadError
from .. import answer, columns
from ..columns import Names
from ..joining import with_total
from ..prometheus.form_parameters import parameters_of
from ..prometheus.series_labels import column_names
from ..protocol import Table
from .times import nanoseconds

if TYPE_CHECKING:
    import pandas as pd

    from ...reply import Reply

__all__ = ["read"]

_CUT = "InfluxDB cut the answer off (max-row-limit): page with LIMIT and OFFSET in the query, or ask for less"
_NS_PER = {"h": 3600 * 10**9, "m": 60 * 10**9, "s": 10**9, "ms": 10**6, "u": 1000, "µ": 1000, "ns": 1, "n": 1}


def read(reply: Reply) -> Table:
    """Make a table of the results of all statements.

    Raises
    ------
    LoadError
        The answer is an error, or not one of InfluxDB.
    """
    documents, _ = answer.documents(reply)
    results = [result for document in documents for result in _results(document, reply)]
    errors = [str(result["error"]) for result in results if "error" in result]
    series = [each for result in results for each in _series(result, reply)]
    if errors and not series:
        _refuse_error(errors[0], reply)
    ns_per_unit = _NS_PER.get(parameters_of(reply.request).get("epoch", "ns"), 1)
    frame = _frame(series, ns_per_unit, has_statements=len({each.statement for each in series}) > 1)
    # Of an answer in chunks, all but the last one say that they are a part.
    is_partial = bool(series) and (series[-1].is_partial or results[-1].get("partial") is True)
    notes = [f"a statement failed: {error}" for error in errors]
    notes += [f"InfluxDB says: {text}" for result in results for text in _messages(result)]
    notes += [_CUT] * is_partial
    return with_total(Table(frame, len(frame), notes=tuple(dict.fromkeys(notes))), is_partial)


@dataclasses.dataclass(frozen=True)
class _Series:
    """One series of a result."""

    statement: int
    name: str | None
    tags: dict[str, str]
    columns: list[str]
    values: list[list[Any]]
    is_partial: bool


def _results(document: Any, reply: Reply) -> list[dict[str, Any]]:
    if not isinstance(document, dict):
        _refuse("it is not an object", reply)
    if "error" in document:
        _refuse_error(str(document["error"]), reply)
    results = document.get("results")
    if not isinstance(results, list) or not all(isinstance(result, dict) for result in results):
        _refuse("it has no results", reply)
    return results


def _series(result: dict[str, Any], reply: Reply) -> Iterator[_Series]:
    for each in result.get("series") or []:
        names = each.get("columns") if isinstance(each, dict) else None
        values = each.get("values") or [] if isinstance(each, dict) else None
        tags = each.get("tags") or {} if isinstance(each, dict) else None
        if not isinstance(names, list) or not isinstance(values, list) or not isinstance(tags, dict):
            _refuse("a series has no columns", reply)
        if not all(isinstance(row, list) and len(row) == len(names) for row in values):
            _refuse("a series has rows that do not fit its columns", reply)
        free, number = Names(), result.get("statement_id")
        yield _Series(
            statement=number if isinstance(number, int) else 0,
            name=each["name"] if isinstance(each.get("name"), str) else None,
            tags={name: str(value) for name, value in tags.items()},
            columns=[free.free(str(name)) for name in names],
            values=values,
            is_partial=each.get("partial") is True,
        )


def _messages(result: dict[str, Any]) -> list[str]:
    messages = result.get("messages")
    return (
        [str(m["text"]) for m in messages if isinstance(m, dict) and "text" in m] if isinstance(messages, list) else []
    )


def _frame(series: Sequence[_Series], ns_per_unit: int, *, has_statements: bool) -> pd.DataFrame:
    if not series:
        return columns.empty({"time": "time"})
    counts = [len(each.values) for each in series]
    fields = _fields(series, counts)
    data: dict[str, Any] = {}
    own = list(fields)
    if has_statements:
        own.append("statement_id")
        data["statement_id"] = _spread([each.statement for each in series], counts)
    if any(each.name is not None for each in series):
        own.append("measurement")
        data["measurement"] = _spread([each.name for each in series], counts)
    free = Names(fields)
    data = {free.free(name): values for name, values in data.items()}
    tags = dict.fromkeys(name for each in series for name in each.tags)
    column_of = column_names(tags, own)
    for name in tags:
        data[column_of[name]] = _spread([each.tags.get(name) for each in series], counts)
    kinds = {column_of[name]: "text" for name in tags}
    frame = columns.frame({**data, **fields}, sum(counts), kinds=kinds)
    if "time" in fields and (moments := nanoseconds(fields["time"], ns_per_unit)) is not None:
        frame["time"] = moments
    return frame


def _fields(series: Sequence[_Series], counts: Sequence[int]) -> dict[str, list[Any]]:
    """The columns of all series below one another."""
    names = dict.fromkeys(name for each in series for name in each.columns)
    found: dict[str, list[Any]] = {name: [] for name in names}
    for each, count in zip(series, counts, strict=True):
        there = dict(zip(each.columns, zip(*each.values, strict=True), strict=False)) if count else {}
        for name, values in found.items():
            values.extend(there[name] if name in there else [None] * count)
    return found


def _spread(values: Sequence[Any], counts: Sequence[int]) -> list[Any]:
    return [value for value, count in zip(values, counts, strict=True) for _ in range(count)]


def _refuse_error(text: str, reply: Reply) -> NoReturn:
    raise LoadError(f"InfluxDB answered with an error: {text}", reply=reply, hint="see all of it with -o json")


def _refuse(reason: str, reply: Reply) -> NoReturn:
    raise LoadError(f"this is not an answer of InfluxDB: {reason}", reply=reply, hint="see it with -o json")
