"""``_cat`` answers as frames: tables for people, as JSON or as text under a header; every cell is text."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ...errors import LoadError
from .. import Loaded, answer, columns

if TYPE_CHECKING:
    from ...reply import Reply
    from ...request import Request

__all__ = ["for_frame", "load", "takes"]

# Names of things stay names, also if all of them happen to be made of digits.
_TEXT = frozenset(
    {"alias", "attr", "cluster", "component", "fielddata", "field", "host", "id", "index", "ip", "jdk", "master", "n"}
    | {"name", "node", "node.id", "node.role", "node_id", "node_name", "parent_task_id", "plugin", "repository"}
    | {"routing.index", "routing.search", "snapshot", "source_node", "target_node", "task_id", "type", "uuid", "value"}
    | {"version", "build", "segment", "nodeId", "parent", "i", "idx", "h", "a", "v", "idx.alias"}
)
# The columns of the tables that are often without rows: as JSON they are then without names, too. Elasticsearch 7 to 9
# and OpenSearch have these; https://www.elastic.co/guide/en/elasticsearch/reference/8.17/cat.html
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


def for_frame(request: Request) -> Request:
    """As JSON with sizes in bytes: text without a header names no column, and ``38.5kb`` is no number.

    Who typed how the answer is to look gets it so.
    """
    if any(request.param(name) is not None for name in ("format", "v", "help")):
        return request
    if request.method != "GET" or any(name.lower() == "accept" for name, _ in request.headers):
        return request
    sizes = [] if request.param("bytes") is not None else [("bytes", "b")]
    return request.with_params([*sizes, ("format", "json")])


def takes(request: Request, reply: Reply) -> bool:
    """A list of objects, or a table with a header."""
    if answer.is_html(reply):
        return False
    if answer.looks_like_json(reply):
        return True
    return _has_header(request) and not answer.is_json(reply) and reply.media_type in ("", "text/plain")


def load(name: str, replies: Sequence[Reply], limit: int | None) -> Loaded:
    """One row a line; a column in which every value is a number has numbers."""
    records = [record for reply in replies for record in _records(reply)]
    if not records:
        return Loaded(columns.empty(_names_without_rows(name, replies[0])), 0, what=name)
    of = None
    if limit is not None and len(records) > limit:
        of, records = len(records), records[:limit]
    typed = {
        column: values if column in _TEXT or (found := columns.numbers(values)) is None else found
        for column, values in columns.flatten(records).items()
    }
    return Loaded(columns.frame(typed, len(records), dates=True), len(records), of, what=name)


def _records(reply: Reply) -> list[dict[str, Any]]:
    if answer.looks_like_json(reply):
        found = answer.json_of(reply)
        if not isinstance(found, list) or not all(isinstance(record, dict) for record in found):
            raise LoadError("the answer is no table of _cat", reply=reply, hint="see it with -o json")
        return found
    answer.refuse_html(reply)
    if not _has_header(reply.request):
        raise LoadError(
            "the lines of _cat have no header to name the columns", reply=reply, hint="add ?v or ?format=json"
        )
    return _lines(answer.text_of(reply), reply)


def _names_without_rows(name: str, reply: Reply) -> dict[str, str]:
    """Columns of a table without rows, and their kinds: as its header says, or the question, or as they always are."""
    wanted = reply.request.param("h")
    if not answer.looks_like_json(reply):
        names = answer.text_of(reply).split()
    else:
        names = [one for one in wanted.split(",") if one] if wanted is not None else _COLUMNS.get(name, "").split()
    return {called: "Int64" if _COUNTS.fullmatch(called) else "text" for called in names if "*" not in called}


def _has_header(request: Request) -> bool:
    if request.param("help") not in (None, "false"):
        return False
    value = next((value for name, value in request.params() if name == "v"), None)
    return value in ("", "true")


def _lines(text: str, reply: Reply) -> list[dict[str, Any]]:
    """The cells of a table of text. A cell may be empty, or hold a blank: the place decides, not the blanks."""
    lines = [line for line in text.splitlines() if line.strip()]
    if not lines:
        return []
    header, *rows = lines
    heads = list(_WORD.finditer(header))
    names = columns.Names()
    called = [names.free(head[0]) for head in heads]
    width = max(map(len, lines))
    padded = [line.ljust(width) for line in lines]
    # Where every line has a blank there may be the end of a column: between two heads there must be one such place.
    blanks = "".join(" " if set(letters) == {" "} else "x" for letters in zip(*padded, strict=True))
    ends: list[int] = []
    for left, right in itertools.pairwise(heads):
        between = [
            found.start()
            for found in _BLANKS.finditer(blanks)
            if left.end() <= found.end() and found.start() < right.start()
        ]
        if len(between) != 1:
            break
        ends += between
    else:
        spans = list(zip([0, *ends], [*ends, width], strict=True))
        return [
            {name: line[start:end].strip() or None for name, (start, end) in zip(called, spans, strict=True)}
            for line in padded[1:]
        ]
    cells = [line.split() for line in rows]
    if any(len(row) != len(called) for row in cells):
        raise LoadError("the columns of the text cannot be told apart", reply=reply, hint="add ?format=json")
    return [dict(zip(called, row, strict=True)) for row in cells]
