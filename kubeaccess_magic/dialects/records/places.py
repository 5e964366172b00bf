"""Finding the rows of a document, by its content alone."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from ...errors import LoadError
from ...text import excerpt, one_line
from ..budget import DEFAULT, FrameBudget
from . import beside_rows, graphql, hints
from .unfolding import NotThere, unfold

if TYPE_CHECKING:
    from ...reply import Reply

__all__ = ["Listing", "RawObjects", "listing_in"]

# Under these keys a list is the rows, whatever it holds; under others, only a list of objects is.
_ROWS = (
    *("data", "items", "results", "result", "rows", "records", "entries", "elements", "values", "value", "content"),
    *("objects", "list", "documents", "docs", "hits", "matches", "responses", "resources", "response"),
)
# An object under one of these keys holds the rows if its parent does not.
_ENVELOPES = ("data", "result", "response", "_embedded", "body", "payload", "results")
# A list under one of these keys is about the answer.
_ABOUT_THE_ANSWER = ("errors", "warnings", "links", "messages", "infos")
_HEADERS = ("columns", "fields", "headers", "header", "meta")
_CELLS = ("rows", "data", "values")
_MOST_ENVELOPES = 4
_LONGEST_ERROR = 300
_MOST_NAMED = 12  # of places, in an error
_EACH = "*"
_WHOLE_HINT = '`--rows .` takes the whole answer, in Python rows="."'


class RawObjects(list[msgspec.Raw]):
    """A list whose items are still bytes. The first ones are objects; the others are assumed to be."""


@dataclasses.dataclass(frozen=True)
class Listing:
    """The rows of one page, with the page's own information about them.

    Parameters
    ----------
    records
        The rows: objects, lists, any values, or `RawObjects`.
    names
        The names of the columns, if rows are lists.
    total
        How many rows there are in all, if that is certain.
    has_more
        Whether the page says that there are more.
    note
        What else it holds.
    path
        The objects on the way to the rows, the outermost first. They may describe the pages.
    listed
        How many items the list has that `path` leads to, if that is not the rows themselves.
    total_is_lower_bound
        Whether there are at least `total` rows.
    types
        The types of columns, as far as the page states them.
    """

    records: Sequence[Any]
    names: list[str] | None = None
    total: int | None = None
    has_more: bool = False
    note: str | None = None
    path: tuple[Mapping[str, Any], ...] = ()
    listed: int | None = None
    total_is_lower_bound: bool = False
    types: Mapping[str, str] = dataclasses.field(default_factory=dict)

    @property
    def items(self) -> int:
        """How many items of the paged list the page holds."""
        return len(self.records) if self.listed is None else self.listed


def listing_in(document: Any, where: str | None, reply: Reply, budget: FrameBudget = DEFAULT) -> Listing:
    """Find the rows of a document.

    Parameters
    ----------
    document
        JSON values.
    where
        The path to the rows, as the user gave it; None finds the rows.
    reply
        The reply that holds the document, for errors.
    budget
        What the frame may cost.

    Raises
    ------
    LoadError
        There is nothing at `where`, or two lists could be meant.
    """
    if graphql.is_graphql(document) and (message := graphql.error(document)) is not None:
        raise LoadError(f"the app answers with an error: {one_line(excerpt(message, _LONGEST_ERROR))}", reply=reply)
    if where is None:
        return _found(document, reply)
    if where == ".":
        rows = document if isinstance(document, list) else [document]
        return _with_pages_of(Listing(rows), document, reply)
    if where == _EACH or where.endswith(f".{_EACH}"):
        outer = where.removesuffix(_EACH).removesuffix(".")
        with contextlib.suppress(KeyError):
            return _keys_at(document, outer, where, reply)
    try:
        path, last = _split(document, where)
    except KeyError:
        return _unfolded(document, where, reply, budget)
    value = path[-1][last]
    records = value if isinstance(value, list) else [value]
    total = beside_rows.total(path, len(records), is_surely_rows=True)
    return Listing(records, total=total, has_more=beside_rows.has_next(path), path=tuple(path))


def _keys_at(document: Any, outer: str, where: str, reply: Reply) -> Listing:
    """One row per key of the object at a path; per item, if a list is there."""
    value = document
    if outer:
        path, last = _split(document, outer)
        value = path[-1][last]
    if isinstance(value, list):
        return _with_pages_of(Listing(value), document, reply)
    if not isinstance(value, dict):
        raise LoadError(f"there are no keys at {where!r}", reply=reply, hint=_WHOLE_HINT)
    return _with_pages_of(Listing(_with_keys(value)), document, reply)


def _unfolded(document: Any, where: str, reply: Reply, budget: FrameBudget) -> Listing:
    """The rows at a path that leads through lists."""
    try:
        unfolded = unfold(document, where, budget)
    except NotThere:
        keys = ", ".join(map(repr, list(document)[:12])) if isinstance(document, dict) else "no keys"
        raise LoadError(
            f"there are no rows at {where!r}: the answer has {keys}", reply=reply, hint=_WHOLE_HINT
        ) from None
    path = unfolded.path
    total = beside_rows.total(path, unfolded.listed, is_surely_rows=True)
    has_more = beside_rows.has_next(path) or (total is not None and total > unfolded.listed)
    return Listing(unfolded.rows, has_more=has_more, path=path, listed=unfolded.listed)


def _with_pages_of(listing: Listing, document: Any, reply: Reply) -> Listing:
    """The same rows, with the pages of the list that would be the rows of the document."""
    if not isinstance(document, dict):
        return listing
    with contextlib.suppress(LoadError):
        inner = _found(document, reply)
        return dataclasses.replace(listing, path=inner.path, listed=len(inner.records))
    return dataclasses.replace(listing, path=(document,), listed=0)


def _split(document: Any, where: str) -> tuple[list[dict[str, Any]], str]:
    """The objects on the way to `where`, and the key in the last of them. A key may itself contain dots."""
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


def _found(document: Any, reply: Reply) -> Listing:
    """The rows of a document whose form nobody described."""
    if not isinstance(document, dict):
        if not isinstance(document, list):
            return Listing([document])
        return Listing(document, note=hints.in_cells(_beginning(document), ""))
    if graphql.is_graphql(document) and (connection := graphql.connection(document)) is not None:
        return _of_connection(connection)
    places = list(_places(document))
    places = [place for place in places if place.rows] or places[:1]
    places = [place for place in places if not _are_links(place.rows) and place.keys[-1] != "errors"] or places
    if len(places) > 1:
        candidates = [".".join(place.keys) for place in places]
        raise LoadError(
            f"the rows could be {' or '.join(map(repr, candidates[:_MOST_NAMED]))}{_more(candidates)}",
            reply=reply,
            hint=f'choose with `--rows {candidates[0]}`, in Python rows="{candidates[0]}"; "." makes one row of all',
        )
    if not places:
        return _without_list(document)
    (place,) = places
    return _at_place(place)


def _without_list(document: dict[str, Any]) -> Listing:
    """The rows of an object that has no list that could be the rows."""
    if "nextUri" in document and isinstance(document.get("stats"), dict):  # Trino: the rows come later
        return Listing([], has_more=True, path=(document, document["stats"]))
    keyed = _keyed(document, "", (document,)) or _keyed_inside(document)
    return keyed or Listing([document], note=hints.in_document(document))


def _of_connection(connection: graphql.Connection) -> Listing:
    path, rows = connection.path, connection.rows
    total = beside_rows.total(path, len(rows), is_surely_rows=True)
    return Listing(rows, total=total, has_more=beside_rows.has_next(path), path=path)


def _at_place(place: _Place) -> Listing:
    is_surely_rows = place.header is not None or place.keys[-1] in _ROWS
    rows, outer = place.rows, place.path[-1]
    total = beside_rows.total(place.path, len(rows), is_surely_rows=is_surely_rows)
    least = beside_rows.lower_bound(place.path, len(rows)) if total is None else None
    header = outer.get(place.header or "meta")
    notes = [beside_rows.note(_beside(place))]
    if place.header is None:
        notes.append(hints.in_cells(_beginning(rows), ".".join(place.keys)))
    return Listing(
        rows,
        names=None if place.header is None else [_name_of(name) for name in outer[place.header]],
        total=least if total is None else total,
        has_more=beside_rows.has_next(place.path),
        note="; ".join(filter(None, notes)) or None,
        path=place.path,
        total_is_lower_bound=least is not None,
        types=_types_in(header) if isinstance(header, list) else {},
    )


def _types_in(header: list[Any]) -> dict[str, str]:
    """The types of the columns, where a header states them."""
    return {
        str(_name_of(column)): column["type"]
        for column in header
        if isinstance(column, dict) and isinstance(column.get("type"), str) and _name_of(column) is not None
    }


def _more(candidates: Sequence[str]) -> str:
    hidden = len(candidates) - _MOST_NAMED
    return f" or {hidden:,} more" if hidden > 0 else ""


def _keyed(outer: Mapping[str, Any], where: str, path: tuple[Mapping[str, Any], ...]) -> Listing | None:
    """Objects of one kind in an object are a list whose items have names; None if it is not plainly that."""
    if len(outer) < 2 or not all(type(value) is dict and value for value in outer.values()):
        return None
    kinds = [frozenset(value) for value in outer.values()]
    in_all, in_any = frozenset.intersection(*kinds), frozenset.union(*kinds)
    if 2 * len(in_all) < len(in_any):
        return None
    note = f"one row per key{f' of {where}' if where else ''} (--rows . makes one row of all)"
    beside = beside_rows.note({name: value for level in path[:-1] for name, value in level.items() if name != where})
    return Listing(_with_keys(outer), note="; ".join(filter(None, [note, beside])), path=path)


def _keyed_inside(document: Mapping[str, Any]) -> Listing | None:
    """The same in an envelope, if there is nothing else in it."""
    inside = [key for key, value in document.items() if key in _ENVELOPES and type(value) is dict]
    if len(inside) != 1:
        return None
    (key,) = inside
    if beside_rows.note({other: value for other, value in document.items() if other != key}) is not None:
        return None
    return _keyed(document[key], key, (document, document[key]))


def _with_keys(outer: Mapping[str, Any]) -> list[dict[str, Any]]:
    """One row per key. The key is a column of its own, in front."""
    rows = [value if type(value) is dict else {"value": value} for value in outer.values()]
    names = {name for row in rows for name in row}
    name = "key"
    while name in names:
        name += "_"
    return [{name: key, **row} for key, row in zip(outer, rows, strict=True)]


@dataclasses.dataclass(frozen=True)
class _Place:
    """Where rows could be: the keys that lead there, the objects that have these keys, the key of a header."""

    keys: tuple[str, ...]
    path: tuple[dict[str, Any], ...]
    header: str | None = None

    @property
    def rows(self) -> list[Any]:
        """The list itself."""
        rows: list[Any] = self.path[-1][self.keys[-1]]
        return rows


def _places(
    outer: dict[str, Any], keys: tuple[str, ...] = (), path: tuple[dict[str, Any], ...] = ()
) -> Iterator[_Place]:
    """The lists that could be the rows: in this object, and in an object whose purpose is to hold them."""
    path = (*path, outer)
    if (table := _columns_and_rows(outer)) is not None:
        header, cells = table
        yield _Place((*keys, cells), path, header)
        return
    for key, value in outer.items():
        if isinstance(value, list) and _could_be_rows(key, outer):
            yield _Place((*keys, key), path)
        elif isinstance(value, dict) and key in _ENVELOPES and len(path) < _MOST_ENVELOPES:
            yield from _places(value, (*keys, key), path)


def _could_be_rows(key: str, outer: Mapping[str, Any]) -> bool:
    """A list of objects, under any key; under a usual one also an empty list, or any list that stands alone.

    An empty list that stands alone is no rows under any key: what was found has that form on other days.
    """
    value = outer[key]
    if not value:
        return key in _ROWS or (key not in _ABOUT_THE_ANSWER and _stands_alone(key, outer))
    if _are_objects(value):
        return not _accompanies_rows(key, value, outer)
    return key in _ROWS and _stands_alone(key, outer)


def _stands_alone(key: str, outer: Mapping[str, Any]) -> bool:
    return beside_rows.note({other: item for other, item in outer.items() if other != key}) is None


def _are_objects(value: Any) -> bool:
    return type(value) is RawObjects or (type(value) is list and all(type(item) is dict for item in value))


def _accompanies_rows(key: str, value: Any, outer: Mapping[str, Any]) -> bool:
    """Whether a list of objects only describes or completes the rows, which stand beside it."""
    if key not in ("included", "meta"):
        return False
    rows = outer.get("data")
    if type(rows) not in (list, RawObjects) or not rows or not _are_objects(rows):
        return False
    first = _first(rows)
    if key == "included":  # JSON:API: what the resources in `data` refer to
        return "type" in first and "id" in first
    # ClickHouse: the names and types of the columns
    return type(value) is list and [_name_of(column) for column in value] == list(first)


def _are_links(rows: list[Any]) -> bool:
    """Whether a list holds links to other pages: ``{"rel": "next", "href": "…"}``."""
    return all(type(row) is dict and {"rel", "relation"} & set(row) and {"href", "url"} & set(row) for row in rows)


def _first(rows: Sequence[Any]) -> Mapping[str, Any]:
    first: Mapping[str, Any] = msgspec.json.decode(rows[0]) if type(rows) is RawObjects else rows[0]
    return first


def _beginning(rows: Sequence[Any]) -> Sequence[Any]:
    """The first rows, which may still be bytes."""
    first = rows[: hints.MOST_ROWS]
    return [msgspec.json.decode(row) for row in first] if type(rows) is RawObjects else first


def _beside(place: _Place) -> dict[str, Any]:
    """What the answer has beside the rows, and beside what holds them."""
    beside: dict[str, Any] = {}
    for level, key in zip(place.path, place.keys, strict=True):
        beside |= {name: value for name, value in level.items() if name != key}
    beside.pop(place.header or "", None)
    return beside


def _columns_and_rows(outer: Mapping[str, Any]) -> tuple[str, str] | None:
    """The keys of names and rows, if a document has the names of its columns apart."""
    headers = [key for key in _HEADERS if _is_header(outer.get(key))]
    cells = [
        key
        for key in _CELLS
        if isinstance(outer.get(key), list) and all(isinstance(row, list) for row in outer[key]) and key not in headers
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
