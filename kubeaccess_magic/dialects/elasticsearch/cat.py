"""``_cat``: tables for people, as JSON or as text under a header. Every cell is text in both forms."""

from __future__ import annotations

import bisect
import itertools
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ...errors import LoadError
from .. import answer, columns
from ..budget import FrameBudget
from ..protocol import Table
from ..readers import SingleAnswerReader

if TYPE_CHECKING:
    from ...reply import Reply
    from ...request import Request

__all__ = ["CatReader", "as_json", "is_table"]

# These columns hold names, which stay text even if all of them happen to be made of digits.
_TEXT = frozenset(
    {"alias", "attr", "cluster", "component", "fielddata", "field", "host", "id", "index", "ip", "jdk", "master", "n"}
    | {"name", "node", "node.id", "node.role", "node_id", "node_name", "parent_task_id", "plugin", "repository"}
    | {"routing.index", "routing.search", "snapshot", "source_node", "target_node", "task_id", "type", "uuid", "value"}
    | {"version", "build", "segment", "nodeId", "parent", "i", "idx", "h", "a", "v", "idx.alias"}
)
# The columns of tables that often have no rows: as JSON, these have no names then, either. Elasticsearch 7 to 9 and
# OpenSearch have these columns; https://www.elastic.co/guide/en/elasticsearch/reference/8.17/cat.html
_COLUMNS = {
    "aliases": "alias index filter routing.index routing.search is_write_index",
    "fielddata": "id host ip node field size",
    "indices": "health status index uuid pri rep docs.count docs.deleted store.size pri.store.size",
    "nodeattrs": "node host ip attr value",
    "pending_tasks": "insertOrder timeInQueue priority source",
    "plugins": "name component version",
    "repositories": "id type",
    "segments": "index shard prirep ip segment generation docs.count docs.deleted size size.memory committed searchable"
    " version compound",
    "shards": "index shard prirep state docs store ip node",
    "templates": "name index_patterns order version composed_of",
}
_COUNTS = re.compile(r"pri|rep|shard|docs|docs\..*|(?:.*\.)?size|size\.memory|store|generation|insertOrder|order")
_WORD = re.compile(r"\S+")
_BLANKS = re.compile(" +")
_MOST_PADDING = 8  # how many times as long a text may become


def as_json(request: Request) -> Request:
    """Ask for JSON with sizes in bytes: text without a header has no column names, and ``38.5kb`` is not a number.

    A request that says itself how the answer is to look stays as it is.
    """
    if any(request.param(name) is not None for name in ("format", "v", "help")):
        return request
    if request.method != "GET" or any(name.lower() == "accept" for name, _ in request.headers):
        return request
    sizes = [] if request.param("bytes") is not None else [("bytes", "b")]
    return request.with_params([*sizes, ("format", "json")])


def is_table(request: Request, reply: Reply) -> bool:
    """Tell whether a reply is a list of objects, or text with a header.

    Parameters
    ----------
    request
        Whether text has a header is known from the request.
    reply
        The reply.
    """
    if answer.is_html(reply):
        return False
    if answer.looks_like_json(reply):
        return True
    return _has_header(request) and not answer.is_json(reply) and reply.media_type in ("", "text/plain")


class CatReader(SingleAnswerReader):
    """Reads the tables of ``_cat``: one row per line. A column has numbers if every value in it is one.

    Parameters
    ----------
    table
        The name of the table.
    limit
        How many rows of each conversation at most.
    """

    def __init__(self, table: str, limit: int | None = None) -> None:
        super().__init__(limit)
        self._table = table

    def read(self, reply: Reply) -> Table:
        """Make a table of the lines."""
        records = _records(reply, self.budget)
        if not records:
            return Table(columns.empty(_kinds_without_rows(self._table, reply)), 0, unit=self._table)
        total = len(records)
        is_cut = self.limit is not None and total > self.limit
        records = records[: self.limit]
        data = {
            name: values if name in _TEXT or (numbers := columns.numbers(values)) is None else numbers
            for name, values in columns.flatten(records, budget=self.budget).items()
        }
        frame = columns.frame(data, len(records), dates=True, budget=self.budget)
        return Table(frame, len(records), total if is_cut else None, self._table, has_more=is_cut)


def _records(reply: Reply, budget: FrameBudget) -> list[dict[str, Any]]:
    if answer.looks_like_json(reply):
        records = answer.json_of(reply)
        if not isinstance(records, list) or not all(isinstance(record, dict) for record in records):
            raise LoadError("this is not a table of _cat", reply=reply, hint="see it with -o json")
        return records
    answer.refuse_html(reply)
    if not _has_header(reply.request):
        raise LoadError(
            "the text of _cat has no header that names the columns", reply=reply, hint="add ?v or ?format=json"
        )
    return _lines(answer.text_of(reply), reply, budget)


def _kinds_without_rows(table: str, reply: Reply) -> dict[str, str]:
    """Find the columns of a table without rows, and their kinds.

    Their names are in the header, or in the request; or they are the ones that the table always has.
    """
    typed = reply.request.param("h")
    if not answer.looks_like_json(reply):
        names = answer.text_of(reply).split()
    elif typed is not None:
        names = [name for name in typed.split(",") if name]
    else:
        names = _COLUMNS.get(table, "").split()
    return {name: "Int64" if _COUNTS.fullmatch(name) else "text" for name in names if "*" not in name}


def _has_header(request: Request) -> bool:
    if request.param("help") not in (None, "false"):
        return False
    return request.param("v") in ("", "true")


def _lines(text: str, reply: Reply, budget: FrameBudget) -> list[dict[str, Any]]:
    """Cut a table of text into cells. A cell may be empty, or hold a blank: its place decides."""
    lines = [line for line in answer.lines_of(text) if line.strip()]
    if not lines:
        return []
    header, *rows = lines
    heads = list(_WORD.finditer(header))
    free = columns.Names()
    names = [free.free(head[0]) for head in heads]
    budget.check_cells(len(rows), len(names))
    width = max(map(len, lines))
    # One very long line would make all lines long.
    padded = [line.ljust(width) for line in lines] if width * len(lines) <= _MOST_PADDING * len(text) else []
    ends = _column_ends(padded, heads) if padded else None
    if ends is not None:
        spans = list(zip([0, *ends], [*ends, width], strict=True))
        return [
            {name: line[start:end].strip() or None for name, (start, end) in zip(names, spans, strict=True)}
            for line in padded[1:]
        ]
    cells = [line.split() for line in rows]
    if any(len(row) != len(names) for row in cells):
        raise LoadError("the columns of this text cannot be told apart", reply=reply, hint="add ?format=json")
    return [dict(zip(names, row, strict=True)) for row in cells]


def _column_ends(lines: Sequence[str], heads: Sequence[re.Match[str]]) -> list[int] | None:
    """Find where each column but the last ends; None if that is not certain.

    A column can end where all lines have a blank. Between two heads, there must be exactly one such place.
    """
    blanks = "".join(" " if set(letters) == {" "} else "x" for letters in zip(*lines, strict=True))
    gaps = [gap.span() for gap in _BLANKS.finditer(blanks)]
    starts, gap_ends = [start for start, _ in gaps], [end for _, end in gaps]
    ends: list[int] = []
    for left, right in itertools.pairwise(heads):
        first, after = bisect.bisect_left(gap_ends, left.end()), bisect.bisect_left(starts, right.start())
        if after - first != 1:
            return None
        ends.append(starts[first])
    return ends
