"""Answers that have columns and rows, typed as the answer states: SQL, ES|QL, and the SQL and PPL of OpenSearch.

https://www.elastic.co/guide/en/elasticsearch/reference/8.17/sql-rest-format.html
https://www.elastic.co/guide/en/elasticsearch/reference/8.17/esql-rest.html
https://docs.opensearch.org/2.17/search-plugins/sql/response-formats/
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ...errors import KubeAccessError, LoadError
from .. import answer, columns
from ..budget import DEFAULT, FrameBudget
from ..joining import joined
from ..protocol import NO_LABELS, Pages, Step, Table
from .search import body_of, whole

if TYPE_CHECKING:
    import pandas as pd
    from pandas.api.extensions import ExtensionArray

    from ...reply import Reply
    from ...request import Request

__all__ = ["SqlReader"]

_KINDS = {
    **dict.fromkeys(("text", "keyword", "string", "ip", "version", "time", "binary", "constant_keyword"), "text"),
    **dict.fromkeys(("byte", "short", "integer", "long", "unsigned_long", "counter_long", "counter_integer"), "Int64"),
    **dict.fromkeys(("double", "float", "half_float", "scaled_float", "counter_double"), "float"),
    "boolean": "boolean",
    **dict.fromkeys(("date", "datetime", "timestamp", "date_nanos"), "time"),
}
_WITHOUT_ZONE = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d+)?")
_NO_LIMIT = re.compile(r"No limit defined, adding default limit of \[(\d+)\]")


class SqlReader:
    """Reads rows page by page, up to the limit. Columns have the dtypes of their SQL types.

    Parameters
    ----------
    limit
        How many rows of each conversation at most; None for one answer.
    """

    budget = DEFAULT

    def __init__(self, limit: int | None = None) -> None:
        self._limit = limit
        self._conversations: list[tuple[Mapping[str, str], _Rows]] = []

    def pages(self, request: Request, labels: Mapping[str, str] = NO_LABELS) -> Pages:
        """Follow the cursor of each answer until the limit is reached. An unused cursor is closed."""
        rows = _Rows(self._limit, is_columnar=(body_of(request) or {}).get("columnar") is True)
        self._conversations.append((labels, rows))
        reply = yield Step(request)
        rows.add_first(reply)
        if self._limit is None:
            return
        can_send = True
        try:
            while len(rows.cells) < self._limit and rows.cursor is not None:
                reply = yield Step(_with_cursor(request, request.path, rows.cursor), rows_before=len(rows.cells))
                rows.add(reply)
        except GeneratorExit:  # the conversation is dropped, and nothing can be sent any more
            can_send = False
            raise
        finally:
            if can_send and rows.cursor is not None:
                closing = _with_cursor(request, request.path.rstrip("/") + "/close", rows.cursor)
                with contextlib.suppress(KubeAccessError):
                    yield Step(closing, has_rows=False)

    def table(self) -> Table:
        """Make one table of all conversations."""
        parts = [(labels, rows.table(self.budget)) for labels, rows in self._conversations if rows.heads is not None]
        return joined(parts, self.budget)


@dataclasses.dataclass
class _Rows:
    """The rows of one conversation.

    Attributes
    ----------
    limit
        How many are wanted; None for one answer.
    is_columnar
        Whether an answer has a list of values per column instead of per row.
    heads
        The columns: ``name``, ``type``, perhaps ``alias``; None before the first answer.
    cells
        The rows.
    cursor
        By which the next page is asked for; None if there is none.
    total
        How many rows the answer says that there are.
    notes
        What the reader of the frame should know.
    """

    limit: int | None
    is_columnar: bool
    heads: list[dict[str, Any]] | None = None
    cells: list[list[Any]] = dataclasses.field(default_factory=list)
    cursor: str | None = None
    total: int = 0
    notes: tuple[str, ...] = ()

    def add_first(self, reply: Reply) -> None:
        """Add the first answer, which has the columns.

        Raises
        ------
        LoadError
            The answer has no columns.
        """
        document = _document(reply)
        self.heads = _heads(document, reply)
        self.total = whole(document.get("total")) or 0
        self.notes = tuple(_notes(document, reply))
        self._add(document)

    def add(self, reply: Reply) -> None:
        """Add a further answer."""
        self._add(_document(reply))

    def table(self, budget: FrameBudget) -> Table:
        """Make the table."""
        budget.check_cells(len(self.cells), len(self.heads or ()), sum(map(len, self.cells)))
        cells = self.cells if self.limit is None else self.cells[: self.limit]
        total = max(self.total, len(self.cells) + (self.cursor is not None))
        names = columns.Names()
        data = {
            names.free(str(head.get("alias") or head.get("name", place))): _typed(
                [row[place] if place < len(row) else None for row in cells], str(head.get("type"))
            )
            for place, head in enumerate(self.heads or ())
        }
        return Table(
            columns.assembled(data, len(cells)),
            len(cells),
            total if total > len(cells) else None,
            total_is_lower_bound=self.cursor is not None,
            has_more=self.cursor is not None or len(cells) < len(self.cells),
            notes=self.notes,
        )

    def _add(self, document: dict[str, Any]) -> None:
        keys = ("rows", "datarows", "values")
        rows: list[list[Any]] = next((document[key] for key in keys if isinstance(document.get(key), list)), [])
        self.cells += [list(row) for row in zip(*rows, strict=True)] if self.is_columnar else rows
        cursor = document.get("cursor")
        self.cursor = cursor if isinstance(cursor, str) and cursor else None


def _document(reply: Reply) -> dict[str, Any]:
    document = answer.json_of(reply)
    return document if isinstance(document, dict) else {}


def _heads(document: dict[str, Any], reply: Reply) -> list[dict[str, Any]]:
    heads = document.get("columns", document.get("schema"))
    if not isinstance(heads, list) or not all(isinstance(head, dict) for head in heads):
        raise LoadError("the answer has no columns", reply=reply, hint="see it with -o json")
    return heads


def _with_cursor(request: Request, path: str, cursor: str) -> Request:
    """Make the request for the next page, or to close a cursor, by the method of the first request."""
    body = json.dumps({"cursor": cursor})
    request = dataclasses.replace(request, path=path)
    if request.body is None:  # asked by GET
        return request.without("sql").with_params({"source": body, "source_content_type": "application/json"})
    return dataclasses.replace(request, body=body.encode())


def _notes(document: dict[str, Any], reply: Reply) -> Iterable[str]:
    if document.get("is_partial") is True:
        yield "the answer is partial: it is not complete"
    for name, value in reply.headers.items():
        if name.lower() == "warning" and (warning := _NO_LIMIT.search(value)):
            yield f"the query has no LIMIT: Elasticsearch gives {int(warning[1]):,} rows"


def _typed(values: Sequence[Any], kind: str) -> pd.Series | ExtensionArray:
    """Make a column of values that the answer gives a type. Lists, and values of other types, stay as they are."""
    wanted = _KINDS.get(kind)
    if wanted == "time":
        values = [_time(value) for value in values]
    if wanted is None or any(value is not None for value in values):
        return columns.typed(values, dates=wanted == "time") if wanted != "float" else _float(values)
    return columns.of_kind(values, wanted)


def _float(values: Sequence[Any]) -> pd.Series | ExtensionArray:
    is_number = all(value is None or type(value) in (int, float) for value in values)
    return columns.of_kind(values, "float") if is_number else columns.typed(values)


def _time(value: Any) -> Any:
    """Add a zone to a time: OpenSearch writes times in UTC without saying so."""
    return f"{value.replace(' ', 'T')}Z" if isinstance(value, str) and _WITHOUT_ZONE.fullmatch(value) else value
