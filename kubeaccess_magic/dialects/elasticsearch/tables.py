"""Answers that have columns and rows: SQL, ES|QL, and the SQL and PPL of OpenSearch; typed as they say.

https://www.elastic.co/guide/en/elasticsearch/reference/8.17/sql-rest-format.html
https://www.elastic.co/guide/en/elasticsearch/reference/8.17/esql-rest.html
https://docs.opensearch.org/2.17/search-plugins/sql/response-formats/
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from ...errors import KubeAccessError, LoadError
from .. import Loaded, Pages, Step, answer, columns
from . import search

if TYPE_CHECKING:
    import pandas as pd
    from pandas.api.extensions import ExtensionArray

    from ...reply import Reply
    from ...request import Request

__all__ = ["load", "pages"]

_KINDS = {
    **dict.fromkeys(("text", "keyword", "string", "ip", "version", "time", "binary", "constant_keyword"), "text"),
    **dict.fromkeys(("byte", "short", "integer", "long", "unsigned_long", "counter_long", "counter_integer"), "Int64"),
    **dict.fromkeys(("double", "float", "half_float", "scaled_float", "counter_double"), "float"),
    "boolean": "boolean",
    **dict.fromkeys(("date", "datetime", "timestamp", "date_nanos"), "time"),
}
_WITHOUT_ZONE = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d+)?")
_NO_LIMIT = re.compile(r"No limit defined, adding default limit of \[(\d+)\]")


def pages(request: Request, limit: int | None) -> Pages:
    """With a limit: by the cursor of each answer, as far as is wanted; one that is left is closed."""
    reply = yield Step(request)
    if limit is None:
        return
    is_columnar = _is_columnar(request)
    document = _document(reply)
    rows = 0
    cursor = _cursor(document)
    try:
        while (rows := rows + len(_rows(document, is_columnar))) < limit and cursor is not None:
            reply = yield Step(_by_cursor(request, request.path, cursor), rows=rows, what="rows")
            document = _document(reply)
            cursor = _cursor(document)
    except GeneratorExit:  # nobody asks any more
        cursor = None
        raise
    finally:
        if cursor is not None:
            closing = _by_cursor(request, request.path.rstrip("/") + "/close", cursor)
            with contextlib.suppress(KubeAccessError):
                yield Step(closing, holds_rows=False)


def load(replies: Iterable[Reply], limit: int | None) -> Loaded:
    """One row a row; a column has the dtype of its type, whatever values it has.

    Raises
    ------
    LoadError
        If an answer has no columns.
    """
    heads: list[dict[str, Any]] | None = None
    is_columnar, cursor, of = False, None, None
    cells: list[list[Any]] = []
    notes: list[str] = []
    for reply in replies:
        document = _document(reply)
        if heads is None:
            heads = _heads(document, reply)
            is_columnar = _is_columnar(reply.request)
            of = search.whole(document.get("total"))
            notes = list(_notes(document, reply))
        cells += _rows(document, is_columnar)
        cursor = _cursor(document)
    assert heads is not None  # somebody who loads has an answer
    rows = len(cells)
    of = max(of or 0, rows) if limit is not None or (of or 0) > rows else None
    if cursor is not None and limit is None:
        notes.append("there are more rows; --limit all for the rest")
    cells = cells if limit is None else cells[:limit]
    names = columns.Names()
    table = {
        names.free(str(head.get("alias") or head.get("name", place))): _typed(
            [row[place] if place < len(row) else None for row in cells], str(head.get("type"))
        )
        for place, head in enumerate(heads)
    }
    return Loaded(columns.assembled(table, len(cells)), len(cells), of, note="; ".join(notes) or None)


def _document(reply: Reply) -> dict[str, Any]:
    document = answer.json_of(reply)
    return document if isinstance(document, dict) else {}


def _heads(document: dict[str, Any], reply: Reply) -> list[dict[str, Any]]:
    heads = document.get("columns", document.get("schema"))
    if not isinstance(heads, list) or not all(isinstance(head, dict) for head in heads):
        raise LoadError("the answer has no columns", reply=reply, hint="see it with -o json")
    return heads


def _rows(document: dict[str, Any], is_columnar: bool) -> list[list[Any]]:
    keys = ("rows", "datarows", "values")
    found: list[list[Any]] = next((document[key] for key in keys if isinstance(document.get(key), list)), [])
    return [list(row) for row in zip(*found, strict=True)] if is_columnar else found


def _is_columnar(request: Request) -> bool:
    return (search.asked(request) or {}).get("columnar") is True


def _cursor(document: dict[str, Any]) -> str | None:
    cursor = document.get("cursor")
    return cursor if isinstance(cursor, str) and cursor else None


def _by_cursor(request: Request, path: str, cursor: str) -> Request:
    """The question behind an answer, by the method of the first one."""
    body = json.dumps({"cursor": cursor})
    request = dataclasses.replace(request, path=path)
    if request.body is None:  # asked by GET
        return request.without("sql").with_params({"source": body, "source_content_type": "application/json"})
    return dataclasses.replace(request, body=body.encode())


def _notes(document: dict[str, Any], reply: Reply) -> Iterable[str]:
    if document.get("is_partial") is True:
        yield "the answer is not whole"
    for name, value in reply.headers.items():
        if name.lower() == "warning" and (found := _NO_LIMIT.search(value)):
            yield f"the query has no LIMIT: Elasticsearch gives {int(found[1]):,} rows"


def _typed(values: Sequence[Any], kind: str) -> pd.Series | ExtensionArray:
    """A column of values that are said to be of some type; several values in a cell, or others than said, stay so."""
    wanted = _KINDS.get(kind)
    if wanted == "time":
        values = [_moment(value) for value in values]
    if wanted is None or any(value is not None for value in values):
        return columns.typed(values, dates=wanted == "time") if wanted != "float" else _float(values)
    return columns.of_kind(values, wanted)


def _float(values: Sequence[Any]) -> pd.Series | ExtensionArray:
    is_number = all(value is None or type(value) in (int, float) for value in values)
    return columns.of_kind(values, "float") if is_number else columns.typed(values)


def _moment(value: Any) -> Any:
    """OpenSearch writes a moment in UTC without saying so."""
    return f"{value.replace(' ', 'T')}Z" if isinstance(value, str) and _WITHOUT_ZONE.fullmatch(value) else value
