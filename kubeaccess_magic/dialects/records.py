"""Any JSON that holds rows: a list of objects, one object, columns and rows, one document a line, common envelopes.

The rows are found by looking, never by guessing. In an object they are the one list that it holds; where two could be
meant, the error names both and ``rows=`` chooses. What stands beside them is told in the note, not dropped unsaid.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ..errors import LoadError
from . import Loaded, Pages, Step, answer, columns

if TYPE_CHECKING:
    from ..reply import Reply
    from ..request import Request

__all__ = ["Records", "dialect"]

# Under these names a list is the rows, whatever it holds; under others only a list of objects is.
_ROWS = (
    *("data", "items", "results", "result", "rows", "records", "entries", "elements", "values", "value", "content"),
    *("objects", "list", "documents", "docs", "hits", "matches", "responses", "resources", "response"),
)
# An object under one of these holds the rows, if its parent does not.
_ENVELOPES = ("data", "result", "response", "_embedded", "body", "payload", "results")
_HEADERS = ("columns", "fields", "headers", "header")
_CELLS = ("rows", "data", "values")
# A number under one of these counts what there is in all …
_TOTALS = (
    *("total", "totalCount", "total_count", "totalResults", "total_results", "totalHits", "total_hits", "totalItems"),
    *("total_items", "totalElements", "total_elements", "totalSize", "total_size", "totalRecords", "total_records"),
    *("@odata.count", "numFound", "hits", "count"),
)
# … but these words may mean something else (a sum of money, this page), unless the answer tells of pages.
_VAGUE_TOTALS = frozenset({"total", "count", "hits"})
_PAGING = ("meta", "pagination", "paging", "page", "page_info", "pageInfo", "_meta", "metadata", "pager")
_NEXT = (
    *("next", "nextLink", "next_link", "@odata.nextLink", "next_page", "nextPage", "next_url", "nextPageToken"),
    *("next_page_token", "next_cursor", "nextCursor", "nextToken", "continue"),
)
_PAGE_WORDS = frozenset(
    {*_NEXT, "page", "per_page", "perPage", "page_size", "pageSize", "limit", "offset", "size", "start", "skip"}
    | {"previous", "prev", "first", "last", "pages", "total_pages", "totalPages", "has_more", "hasMore", "_links"}
    | {"links", "cursor", "number", "numberOfElements"}
)
# Beside the rows, nobody misses these.
_NOISE = frozenset(
    {*_TOTALS, *_PAGING, *_PAGE_WORDS}
    | {"status", "success", "ok", "code", "took", "took_ms", "resultType", "object", "_type"}
)
_MOST_ENVELOPES = 4


class Records:
    """The dialect of any list of objects; it is asked last."""

    name = "records"

    def asks(self, request: Request) -> bool:
        """No path says that records will come."""
        return False

    def ask(self, request: Request, limit: int | None) -> Request:
        """Nothing is filled in: no parameter means a limit everywhere."""
        return request

    def takes(self, request: Request, reply: Reply) -> bool:
        """JSON by its type, or text that is JSON."""
        if answer.is_html(reply):
            return False
        if answer.is_json(reply):
            return True
        if not answer.looks_like_json(reply):
            return False
        try:
            answer.documents(reply)
        except LoadError:
            return False
        return True

    def pages(self, request: Request, limit: int | None) -> Pages:
        """One answer: what it says about a next page is in the note."""
        yield Step(request)

    def load(
        self,
        replies: Iterable[Reply],
        *,
        limit: int | None = None,
        rows: str | None = None,
        header: bool | None = None,
    ) -> Loaded:
        """One row an object, nested ones as dotted columns.

        Parameters
        ----------
        replies
            The pages.
        limit
            At most so many rows.
        rows
            Where the rows are: names of keys with dots between. ``"."`` means the whole answer, as one row if it is an
            object.
        header
            Of lists of lists: whether the first one holds the names of the columns. None: if it is text and what is
            below it is not.
        """
        found = [_read(reply, rows) for reply in replies]
        records = [record for one in found for record in one.records]
        names = next((one.names for one in found if one.names is not None), None)
        flat = _columns(records, names, header)
        count = len(next(iter(flat.values()))) if flat else len(records)
        of = next((one.of for one in found if one.of is not None), None)
        if of is None or of < count:
            of = count if limit is not None and count > limit else None
        note = next((one.note for one in found if one.note), None)
        is_lower_bound = of == count and found[-1].is_more
        if found[-1].is_more and of is None:
            note = "; ".join(filter(None, [note, "the answer names a next page"]))
        if limit is not None and count > limit:
            flat, count = {name: values[:limit] for name, values in flat.items()}, limit
        return Loaded(columns.frame(flat, count), count, of, of_is_lower_bound=is_lower_bound, note=note)


dialect = Records()


@dataclasses.dataclass(frozen=True)
class _Found:
    """The rows of one answer, and what it tells of them."""

    records: Sequence[Any]
    names: list[str] | None = None  # of columns, where rows are lists
    of: int | None = None
    is_more: bool = False
    note: str | None = None


def _read(reply: Reply, where: str | None) -> _Found:
    documents, by_line = answer.documents(reply)
    if by_line:
        if where not in (None, "."):
            documents = [row for document in documents for row in _list_at(document, str(where), reply)]
        return _Found(documents)
    found = _chosen(documents[0], where, reply) if where is not None else _looked_for(documents[0], reply)
    if 'rel="next"' in (link := reply.headers.get("Link", "")) or "rel=next" in link:
        found = dataclasses.replace(found, is_more=True)
    return found


def _chosen(document: Any, where: str, reply: Reply) -> _Found:
    if where == ".":
        return _Found(document if isinstance(document, list) else [document])
    rows = _list_at(document, where, reply)
    path, _ = _split(document, where)
    return _Found(rows, of=_total(path, len(rows), is_surely_rows=True), is_more=_has_next(path))


def _list_at(document: Any, where: str, reply: Reply) -> list[Any]:
    try:
        path, last = _split(document, where)
        value = path[-1][last] if path else document
    except (KeyError, IndexError):
        keys = ", ".join(map(repr, list(document)[:12])) if isinstance(document, dict) else "no keys"
        raise LoadError(
            f"there are no rows at {where!r}: the answer has {keys}", reply=reply, hint='rows="." takes it whole'
        ) from None
    return value if isinstance(value, list) else [value]


def _split(document: Any, where: str) -> tuple[list[dict[str, Any]], str]:
    """The objects on the way to `where`, and the key in the last of them; a key may itself have dots."""
    path: list[dict[str, Any]] = []
    here, rest = document, where
    while True:
        if not isinstance(here, dict):
            raise KeyError(where)
        path.append(here)
        if rest in here:
            return path, rest
        for end in range(len(rest) - 1, 0, -1):
            if rest[end] == "." and rest[:end] in here:
                here, rest = here[rest[:end]], rest[end + 1 :]
                break
        else:
            raise KeyError(where)


def _looked_for(document: Any, reply: Reply) -> _Found:
    """The rows of a document whose form nobody described."""
    if not isinstance(document, dict):
        return _Found(document if isinstance(document, list) else [document])
    places = list(_places(document))
    places = [place for place in places if place.rows] or places[:1]
    if len(places) > 1:
        could_be = [".".join(place.keys) for place in places]
        raise LoadError(
            f"the rows could be {' or '.join(map(repr, could_be))}",
            reply=reply,
            hint=f'choose with rows="{could_be[0]}", or rows="." for one row of all',
        )
    if not places:
        return _Found([document])
    (place,) = places
    of = _total(place.path, len(place.rows), is_surely_rows=place.header is not None or place.keys[-1] in _ROWS)
    names = None if place.header is None else [_name_of(name) for name in place.path[-1][place.header]]
    return _Found(place.rows, names, of, _has_next(place.path), _note(_beside(place)))


@dataclasses.dataclass(frozen=True)
class _Place:
    """Where rows could be: the keys that lead there, the objects that these are keys of, the key of a header."""

    keys: tuple[str, ...]
    path: tuple[dict[str, Any], ...]
    header: str | None = None

    @property
    def rows(self) -> list[Any]:
        """The list itself."""
        return list(self.path[-1][self.keys[-1]])


def _places(
    found: dict[str, Any], keys: tuple[str, ...] = (), path: tuple[dict[str, Any], ...] = ()
) -> Iterator[_Place]:
    """The lists that could be the rows: here, and in an object that is there to hold them."""
    path = (*path, found)
    if (table := _columns_and_rows(found)) is not None:
        header, cells = table
        yield _Place((*keys, cells), path, header)
        return
    for key, value in found.items():
        if isinstance(value, list) and _could_be_rows(key, found):
            yield _Place((*keys, key), path)
        elif isinstance(value, dict) and key in _ENVELOPES and len(path) < _MOST_ENVELOPES:
            yield from _places(value, (*keys, key), path)


def _could_be_rows(key: str, beside: Mapping[str, Any]) -> bool:
    """A list of objects, under any name; under a usual one also an empty one, or any list if it is alone there."""
    value = beside[key]
    if not value:
        return key in _ROWS
    if all(type(item) is dict for item in value):
        return True
    return key in _ROWS and _note({other: item for other, item in beside.items() if other != key}) is None


def _beside(place: _Place) -> dict[str, Any]:
    """What the answer has beside the rows, and beside what holds them."""
    found: dict[str, Any] = {}
    for level, key in zip(place.path, place.keys, strict=True):
        found |= {name: value for name, value in level.items() if name != key}
    found.pop(place.header or "", None)
    return found


def _columns_and_rows(found: Mapping[str, Any]) -> tuple[str, str] | None:
    """The keys of names and rows, where a document has its column names apart."""
    headers = [key for key in _HEADERS if _is_header(found.get(key))]
    cells = [
        key
        for key in _CELLS
        if isinstance(found.get(key), list) and all(isinstance(row, list) for row in found[key]) and key not in headers
    ]
    return (headers[0], cells[0]) if len(headers) == len(cells) == 1 else None


def _is_header(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(_name_of(name) is not None for name in value)


def _name_of(column: Any) -> Any:
    if isinstance(column, str):
        return column
    if isinstance(column, dict):
        return next((column[key] for key in ("name", "field", "text", "id") if isinstance(column.get(key), str)), None)
    return None


def _columns(records: Sequence[Any], names: list[str] | None, header: bool | None) -> dict[str, list[Any]]:
    """Columns of rows that are objects, or lists, or neither, or some of each."""
    if records and all(type(record) is list for record in records):
        if names is None and (_begins_with_header(records) if header is None else header):
            names, records = [str(name) for name in records[0]], records[1:]
        return _columns_of_lists(records, names)
    if not records and names is not None:
        return _columns_of_lists([], names)
    if all(type(record) is dict for record in records):
        return columns.flatten(records)
    free = columns.Names()
    others = [None if type(record) is dict else record for record in records]
    found = columns.flatten([record if type(record) is dict else {} for record in records], free)
    return {**found, free.free("value"): others}


def _begins_with_header(rows: Sequence[list[Any]]) -> bool:
    first = rows[0]
    if not first or not all(type(name) is str and name for name in first) or len(set(first)) < len(first):
        return False
    below = rows[1:]
    return any(below and not any(type(row[i]) is str for row in below if i < len(row)) for i in range(len(first)))


def _columns_of_lists(rows: Sequence[list[Any]], names: list[str] | None) -> dict[str, list[Any]]:
    width = max(map(len, rows), default=0)
    named = list(names or ())
    named += [str(i) for i in range(len(named), width)]
    free = columns.Names()
    return {free.free(name): [row[i] if i < len(row) else None for row in rows] for i, name in enumerate(named)}


def _levels(path: Sequence[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    """Where an answer tells of pages: beside the rows and above, and in objects there that are for that."""
    for level in reversed(path):
        yield level
        for key in _PAGING:
            if isinstance(inner := level.get(key), dict):
                yield inner


def _total(path: Sequence[Mapping[str, Any]], rows: int, *, is_surely_rows: bool) -> int | None:
    """How many rows there are in all, if that is certain: fewer than are here is not."""
    is_paged = any(not _PAGE_WORDS.isdisjoint(level) for level in _levels(path)) or is_surely_rows
    for level in _levels(path):
        for key in _TOTALS:
            value = level.get(key)
            if type(value) is int and value >= rows and (is_paged or key not in _VAGUE_TOTALS):
                return value
    return None


def _has_next(path: Sequence[Mapping[str, Any]]) -> bool:
    for level in _levels(path):
        if any(isinstance(level.get(key), str) and level[key] for key in _NEXT):
            return True
        if level.get("has_more") is True or level.get("hasMore") is True:
            return True
        links = level.get("_links", level.get("links"))
        if isinstance(links, dict) and links.get("next"):
            return True
    return False


def _note(beside: Mapping[str, Any]) -> str | None:
    """What else the answer holds, by name: it is not in the frame."""
    names = [key for key, value in beside.items() if key not in _NOISE and value not in (None, [], {}, "")]
    if not names:
        return None
    shown = ", ".join(names[:6]) + (f" and {len(names) - 6} more" if len(names) > 6 else "")
    return f'beside the rows the answer has {shown} (rows="." has all)'
