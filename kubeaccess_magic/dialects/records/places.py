"""Where the rows of a document are, and what stands beside them: found by looking, never by guessing."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from ...errors import LoadError

if TYPE_CHECKING:
    from ...reply import Reply

__all__ = ["Found", "Raws", "found_in", "levels"]

# Under these names a list is the rows, whatever it holds; under others only a list of objects is.
_ROWS = (
    *("data", "items", "results", "result", "rows", "records", "entries", "elements", "values", "value", "content"),
    *("objects", "list", "documents", "docs", "hits", "matches", "responses", "resources", "response"),
)
# An object under one of these holds the rows, if its parent does not.
_ENVELOPES = ("data", "result", "response", "_embedded", "body", "payload", "results")
_HEADERS = ("columns", "fields", "headers", "header", "meta")
_CELLS = ("rows", "data", "values")
# A number under one of these counts what there is in all …
_TOTALS = (
    *("total", "totalCount", "total_count", "totalResults", "total_results", "totalHits", "total_hits", "totalItems"),
    *(
        "total_items",
        "total_rows",
        "totalElements",
        "total_elements",
        "totalSize",
        "total_size",
        "totalRecords",
        "total_records",
    ),
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
_EACH = "*"


class Raws(list[msgspec.Raw]):
    """A list whose items are still bytes. The first ones are objects, and so the others are taken to be."""


@dataclasses.dataclass(frozen=True)
class Found:
    """The rows of one answer, and what it tells of them.

    Attributes
    ----------
    records
        The rows: objects, lists, anything; or `Raws`.
    names
        Of columns, where rows are lists.
    of
        How many rows there are in all, if that is certain.
    is_more
        Whether the answer says that there are more.
    note
        What else it holds.
    path
        The objects on the way to the rows.
    """

    records: Sequence[Any]
    names: list[str] | None = None
    of: int | None = None
    is_more: bool = False
    note: str | None = None
    path: tuple[Mapping[str, Any], ...] = ()


def found_in(document: Any, where: str | None, reply: Reply) -> Found:
    """The rows of a document: at `where`, or where they can only be.

    Raises
    ------
    LoadError
        There is nothing at `where`, or two lists could be meant.
    """
    return _looked_for(document, reply) if where is None else _chosen(document, where, reply)


def _chosen(document: Any, where: str, reply: Reply) -> Found:
    if where == ".":
        return Found(document if isinstance(document, list) else [document])
    if where == _EACH or where.endswith(f".{_EACH}"):
        outer = where.removesuffix(_EACH).removesuffix(".")
        value = _list_at(document, outer, reply)[0] if outer else document
        if not isinstance(value, dict):
            raise LoadError(
                f"there are no keys at {where!r}", reply=reply, hint='`--rows .` takes it whole, in Python rows="."'
            )
        return Found(_with_keys(value))
    rows = _list_at(document, where, reply)
    path, _ = _split(document, where)
    return Found(rows, of=_total(path, len(rows), is_surely_rows=True), is_more=_has_next(path), path=tuple(path))


def _list_at(document: Any, where: str, reply: Reply) -> list[Any]:
    try:
        path, last = _split(document, where)
        value = path[-1][last] if path else document
    except (KeyError, IndexError):
        keys = ", ".join(map(repr, list(document)[:12])) if isinstance(document, dict) else "no keys"
        raise LoadError(
            f"there are no rows at {where!r}: the answer has {keys}",
            reply=reply,
            hint='`--rows .` takes it whole, in Python rows="."',
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


def _looked_for(document: Any, reply: Reply) -> Found:
    """The rows of a document whose form nobody described."""
    if not isinstance(document, dict):
        return Found(document if isinstance(document, list) else [document])
    places = list(_places(document))
    places = [place for place in places if place.rows] or places[:1]
    if len(places) > 1:
        could_be = [".".join(place.keys) for place in places]
        raise LoadError(
            f"the rows could be {' or '.join(map(repr, could_be))}",
            reply=reply,
            hint=f'choose with `--rows {could_be[0]}`, in Python rows="{could_be[0]}"; "." is one row of all',
        )
    if not places:
        return _keyed(document, "", (document,)) or _keyed_inside(document) or Found([document])
    (place,) = places
    of = _total(place.path, len(place.rows), is_surely_rows=place.header is not None or place.keys[-1] in _ROWS)
    names = None if place.header is None else [_name_of(name) for name in place.path[-1][place.header]]
    return Found(place.rows, names, of, _has_next(place.path), _note(_beside(place)), place.path)


def _keyed(found: Mapping[str, Any], where: str, path: tuple[Mapping[str, Any], ...]) -> Found | None:
    """An object of objects of one kind is a list whose items have names; None if it is not plainly that."""
    if len(found) < 2 or not all(type(value) is dict and value for value in found.values()):
        return None
    kinds = [frozenset(value) for value in found.values()]
    in_all, in_any = frozenset.intersection(*kinds), frozenset.union(*kinds)
    if 2 * len(in_all) < len(in_any):
        return None
    note = f"one row a key{f' of {where}' if where else ''} (--rows . has all in one)"
    beside = _note({name: value for level in path[:-1] for name, value in level.items() if name != where})
    return Found(_with_keys(found), note="; ".join(filter(None, [note, beside])), path=path)


def _keyed_inside(document: Mapping[str, Any]) -> Found | None:
    """The same in an envelope, if there is nothing else in it."""
    inside = [key for key, value in document.items() if key in _ENVELOPES and type(value) is dict]
    if len(inside) != 1 or _note({key: value for key, value in document.items() if key != inside[0]}) is not None:
        return None
    return _keyed(document[inside[0]], inside[0], (document, document[inside[0]]))


def _with_keys(found: Mapping[str, Any]) -> list[dict[str, Any]]:
    """One row a key, which is a column of its own, in front."""
    rows = [value if type(value) is dict else {"value": value} for value in found.values()]
    name = "key"
    while any(name in row for row in rows):
        name += "_"
    return [{name: key, **row} for key, row in zip(found, rows, strict=True)]


@dataclasses.dataclass(frozen=True)
class _Place:
    """Where rows could be: the keys that lead there, the objects that these are keys of, the key of a header."""

    keys: tuple[str, ...]
    path: tuple[dict[str, Any], ...]
    header: str | None = None

    @property
    def rows(self) -> list[Any]:
        """The list itself."""
        found: list[Any] = self.path[-1][self.keys[-1]]
        return found


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
    if _are_objects(value):
        return not _is_beside_rows(key, value, beside)
    return key in _ROWS and _note({other: item for other, item in beside.items() if other != key}) is None


def _are_objects(value: Any) -> bool:
    return type(value) is Raws or (type(value) is list and all(type(item) is dict for item in value))


def _is_beside_rows(key: str, value: Any, beside: Mapping[str, Any]) -> bool:
    """Whether a list of objects only describes or completes the rows, which stand beside it."""
    rows = beside.get("data")
    if key == "data" or type(rows) not in (list, Raws) or not rows or not _are_objects(rows):
        return False
    first = _first(rows)
    if key == "included":  # JSON:API: what the resources in `data` refer to
        return "type" in first and "id" in first
    # ClickHouse: the names and types of the columns
    return key == "meta" and type(value) is list and [_name_of(column) for column in value] == list(first)


def _first(rows: Sequence[Any]) -> Mapping[str, Any]:
    found: Mapping[str, Any] = msgspec.json.decode(rows[0]) if type(rows) is Raws else rows[0]
    return found


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


def levels(path: Sequence[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    """Where an answer tells of pages: beside the rows and above, and in objects there that are for that."""
    for level in reversed(path):
        yield level
        for key in _PAGING:
            if isinstance(inner := level.get(key), dict):
                yield inner


def _total(path: Sequence[Mapping[str, Any]], rows: int, *, is_surely_rows: bool) -> int | None:
    """How many rows there are in all, if that is certain: fewer than are here is not."""
    is_paged = any(not _PAGE_WORDS.isdisjoint(level) for level in levels(path)) or is_surely_rows
    for level in levels(path):
        for key in _TOTALS:
            value = level.get(key)
            if type(value) is int and value >= rows and (is_paged or key not in _VAGUE_TOTALS):
                return value
    return None


def _has_next(path: Sequence[Mapping[str, Any]]) -> bool:
    for level in levels(path):
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
    return f"beside the rows the answer has {shown} (--rows . has all)"
