"""Aggregations as tidy frames: one row per innermost bucket, columns named after the aggregations.

An answer has only the results of an aggregation, not its type. Three forms are enough to read all of them: several
buckets (``buckets``), one bucket (``doc_count``), and values (anything else).
"""

from __future__ import annotations

import dataclasses
import re
import shlex
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from ...errors import LoadError
from .. import columns
from ..budget import DEFAULT, FrameBudget
from .bucket_documents import documents_in, unfolded
from .multi_terms import terms_in

if TYPE_CHECKING:
    import pandas as pd

    from ...reply import Reply

__all__ = ["aggregations_frame"]

# The fields of a bucket that are not aggregations.
_BUCKET_FIELDS = ("key", "key_as_string", "doc_count")
_DATE = re.compile(r"\d{4}(?:-\d\d(?:-\d\d)?)?(?![\d.])")
_DAY_MS = 86_400_000
_QUARTER_MS = 900_000
_BLOCK_ROWS = 100  # after so many rows, the budget is asked
_CELL_BYTES = 64  # of a value, while it is in the dict of its row
_MOST_NOTES = 10

Path = tuple[str, ...]
"""The names of the aggregations that lead to one, from the outermost."""


def aggregations_frame(
    aggregations: Mapping[str, Any],
    agg: str | None,
    reply: Reply,
    times: frozenset[str] = frozenset(),
    body: Mapping[str, Any] | None = None,
    budget: FrameBudget = DEFAULT,
) -> tuple[pd.DataFrame, str, list[str]]:
    """Make a frame of one of the aggregations of an answer.

    Parameters
    ----------
    aggregations
        The aggregations by name, as in the answer.
    agg
        Which one to show: its name, or for one inside another the names from the outermost on, with ``>`` between them.
        None: the only one, or all of them if they have no buckets.
    reply
        The answer, for errors.
    times
        The sources of a composite aggregation whose keys are milliseconds since 1970.
    body
        The body of the search, which has the names of the terms of ``multi_terms``.
    budget
        The limits on the frame. The key of an outer bucket is repeated in the rows of all its inner buckets.

    Returns
    -------
    tuple
        The frame, a name for its rows, and notes for the user.

    Raises
    ------
    LoadError
        The choice of aggregation is ambiguous, or there is none of that name.
    """
    by_name = {_plain(name): value for name, value in aggregations.items() if isinstance(value, dict)}
    branches = _branches(by_name)
    names = tuple(_plain(part.strip()) for part in agg.split(">")) if agg is not None else ()
    if names and names[0] not in by_name:
        raise _unknown(agg, list(by_name), reply)
    if not names and len(by_name) > 1 and branches:
        raise LoadError(
            f"the answer has {len(by_name)} aggregations: {', '.join(by_name)}",
            reply=reply,
            hint=_choosing(branches[0][:1]),
        )
    path = _chosen_path(branches, names, agg, reply)
    root = {names[0]: by_name[names[0]]} if names else by_name
    with_buckets = frozenset(branch[:depth] for branch in branches for depth in range(1, len(branch) + 1))
    table = _BucketTable(path, with_buckets, times, terms_in(body or {}), budget)
    rows = table.all_rows(root)
    return table.frame(rows), "buckets" if path else "rows", list(table.notes)


def _chosen_path(branches: Sequence[Path], names: Path, agg: str | None, reply: Reply) -> Path:
    """Find the one branch that begins with the names; () if they lead to no buckets."""
    paths = [branch for branch in branches if branch[: len(names)] == names]
    if len(names) > 1 and not paths:
        raise _unknown(agg, [">".join(branch) for branch in branches], reply)
    if len(paths) > 1:
        raise LoadError(
            f"the buckets have several aggregations inside: {', '.join('>'.join(path) for path in paths)}",
            reply=reply,
            hint=_choosing(paths[0]),
        )
    return paths[0] if paths else ()


Cell = tuple[str, ...]
"""A column: ("key", name), ("count", name), ("field", name, field) or ("value", aggregation, …, field)."""


@dataclasses.dataclass
class _BucketTable:
    """Makes rows of the buckets along one path."""

    path: Path
    with_buckets: frozenset[Path]
    times: frozenset[str]
    terms: Mapping[Path, Sequence[str]]
    budget: FrameBudget
    notes: dict[str, None] = dataclasses.field(default_factory=dict)

    def all_rows(self, root: Mapping[str, Any]) -> list[dict[Cell, Any]]:
        """The rows of the whole answer, if there may be so many cells: each row has those of its outer buckets, too."""
        rows, cells = [], 0
        for row in self.rows(root, 0, {}):
            rows.append(row)
            cells += len(row)
            if not len(rows) % _BLOCK_ROWS:
                self._check(len(rows), cells)
        self._check(len(rows), cells)
        return rows

    def _check(self, rows: int, cells: int) -> None:
        """Raise if rows of so many cells take too much; each of them is a dict."""
        self.budget.check()
        self.budget.check_bytes(cells * _CELL_BYTES, f"the values of {rows:,} buckets")

    def rows(self, content: Mapping[str, Any], depth: int, outer: dict[Cell, Any]) -> Iterator[dict[Cell, Any]]:
        """Yield the rows inside a bucket, or inside the whole answer."""
        here = self.path[depth] if depth < len(self.path) else None
        row = dict(outer)
        inside = None
        for name, value in content.items():
            if not isinstance(value, dict):
                continue
            name = _plain(name)
            if name == here:
                inside = value
            elif name != "key" and (*self.path[:depth], name) not in self.with_buckets:
                self._values(row, (*self.path[:depth], name), value)
        if inside is None:
            yield row
            return
        if "buckets" not in inside:  # one bucket on the way
            self._bucket(row, depth, inside)
            yield from self.rows(inside, depth + 1, row)
            return
        self._note(inside, depth)
        buckets = list(_buckets(inside["buckets"]))
        self._check(len(buckets), len(buckets) * len(row))
        if not buckets:
            yield row  # a bucket without inner buckets is a row, too
        for bucket in buckets:
            bucket_row = dict(row)
            self._key(bucket_row, self.path[depth], bucket)
            self._bucket(bucket_row, depth, bucket)
            yield from self.rows(bucket, depth + 1, bucket_row)

    def frame(self, rows: Sequence[dict[Cell, Any]]) -> pd.DataFrame:
        """Make the frame: keys first, then the count of the innermost buckets, then the rest as it comes."""
        innermost = self.path[-1] if self.path else None
        rows = unfolded(rows)
        cells = dict.fromkeys(cell for row in rows for cell in row)
        if self.path and not rows[0]:  # no bucket at all
            cells, rows = dict.fromkeys([("key", self.path[0]), ("count", self.path[0])]), []
        self.budget.check_cells(len(rows), len(cells), sum(map(len, rows)))
        ordered = sorted(cells, key=lambda cell: 0 if cell[0] == "key" else 1 if cell == ("count", innermost) else 2)
        names = columns.Names()
        table: dict[str, list[Any]] = {}
        kinds: dict[str, str] = {}
        for cell in ordered:
            self.budget.check()
            values = [row.get(cell) for row in rows]
            kind, *where = cell
            if kind == "count":
                name = names.free("doc_count" if where[0] == innermost else f"{where[0]}.doc_count")
                if not rows:
                    kinds[name] = "Int64"
            else:
                name = names.free(self._name(kind, where))
                if kind == "value" and all(value is None for value in values):
                    kinds[name] = "float"  # the mean of nothing is no object
            table[name] = values
        times_ms = {name: ms for name, values in table.items() if (ms := _times_ms(values)) is not None}
        shown = self._with_texts(table, times_ms)
        kinds |= dict.fromkeys(shown.keys() - table.keys(), "text")
        frame = columns.frame(shown, len(rows), dates=True, kinds=kinds, budget=self.budget)
        for name, ms in times_ms.items():
            frame[name] = columns.epoch_ms(ms)
        return frame

    def _with_texts(self, table: Mapping[str, list[Any]], times_ms: Collection[str]) -> dict[str, list[Any]]:
        """The values without their texts, and texts beside numbers if the answer has these in another form, too."""
        names = columns.Names(table)
        shown: dict[str, list[Any]] = {}
        for name, values in table.items():
            shown[name] = bare = [_bare(value) for value in values]
            if name in times_ms or not any(isinstance(value, _Formatted) for value in values):
                continue
            texts = [value.text if isinstance(value, _Formatted) else None for value in values]
            if all(v is None or t in ("true", "false") for v, t in zip(bare, texts, strict=True)):
                shown[name] = [None if text is None else text == "true" for text in texts]
            elif any(str(v) != t for v, t in zip(bare, texts, strict=True) if t is not None):
                shown[names.free(f"{name}.as_string")] = texts
        return shown

    def _name(self, kind: str, where: Sequence[str]) -> str:
        """Name a column: a value of the innermost buckets by itself, one of an outer bucket with its name in front."""
        if kind == "key":
            return where[-1]
        if kind == "field":
            return ".".join(where)
        for depth in range(len(self.path), 0, -1):
            if tuple(where[:depth]) == self.path[:depth]:
                own = where[depth:]
                return ".".join(own if depth == len(self.path) and own else where[depth - 1 :])
        return ".".join(where)

    def _note(self, inside: Mapping[str, Any], depth: int) -> None:
        """Note whether an aggregation has more buckets than the answer, and which interval it has."""
        name = self.path[depth]
        others = inside.get("sum_other_doc_count")
        if type(others) is int and others > 0:
            self._add_note(f"{name} has more terms than these (its size= says how many are shown)")
        if inside.get("after_key"):
            self._add_note(f"{name} may have more buckets (after_key)")
        if isinstance(inside.get("interval"), str):
            self._add_note(f"the interval of {name} is {inside['interval']}")

    def _add_note(self, note: str) -> None:
        if len(self.notes) < _MOST_NOTES:
            self.notes[note] = None

    def _key(self, row: dict[Cell, Any], name: str, bucket: Mapping[str, Any]) -> None:
        key = bucket.get("key")
        if isinstance(key, dict):  # of a composite aggregation, whose sources have names
            for source, value in key.items():
                is_time = source in self.times and type(value) is int
                row["key", name, source] = _formatted(value, _iso(value) if is_time else None)
        elif isinstance(key, list):  # of several terms, whose names are in the request only
            terms = self.terms.get(self.path[: self.path.index(name) + 1], ())
            texts = str(bucket.get("key_as_string", "")).split("|")
            for place, value in enumerate(key):
                term = terms[place] if len(terms) == len(key) else f"{name}.{place}"
                is_number = type(value) in (int, float) and len(texts) == len(key)
                row["key", name, str(place), term] = _formatted(value, texts[place] if is_number else None)
        else:
            row["key", name] = _formatted(key, bucket.get("key_as_string"))

    def _bucket(self, row: dict[Cell, Any], depth: int, bucket: Mapping[str, Any]) -> None:
        """Add the count of a bucket, and its other fields."""
        name = self.path[depth]
        if "doc_count" in bucket:
            row["count", name] = bucket["doc_count"]
        for key, value in bucket.items():
            if (
                key in _BUCKET_FIELDS
                or isinstance(value, dict)
                or key.removesuffix("_as_string") in bucket.keys() - {key}
            ):
                continue
            row["field", name, key] = _formatted(value, bucket.get(f"{key}_as_string"))

    def _values(self, row: dict[Cell, Any], where: Path, value: Mapping[str, Any]) -> None:
        """Add everything that an aggregation without buckets says, field by field."""
        if (documents := documents_in(value)) is not None:
            row["documents", *where] = documents
            return
        if "value" in value:
            row["value", *where] = _formatted(value["value"], value.get("value_as_string"))
            value = {k: v for k, v in value.items() if k not in ("value", "value_as_string")}
        if set(value) == {"values"}:  # percentiles, as an object or as a list
            inner = value["values"]
            if isinstance(inner, list) and all(isinstance(item, dict) and "key" in item for item in inner):
                inner = {str(item["key"]): item.get("value") for item in inner}
            value = inner if isinstance(inner, dict) else value
        stack: list[tuple[Path, Any]] = [((*where, key), item) for key, item in reversed(_fields(value))]
        while stack:
            path, item = stack.pop()
            if isinstance(item, dict) and set(item) <= {"value", "value_as_string"} and "value" in item:
                row["value", *path] = _formatted(item["value"], item.get("value_as_string"))
            elif isinstance(item, dict) and item:
                stack.extend(((*path, key), inner) for key, inner in reversed(_fields(item)))
            else:
                row["value", *path] = item


@dataclasses.dataclass(frozen=True)
class _Formatted:
    """A value that the answer has as text, too: ``key`` and ``key_as_string``."""

    value: Any
    text: str


def _formatted(value: Any, text: Any) -> Any:
    return _Formatted(value, text) if isinstance(text, str) and value is not None else value


def _fields(value: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """The fields of a value; those that it has as text, too, with that text."""
    fields = []
    for key, item in value.items():
        base = key.removesuffix("_as_string")
        if base == key or base not in value:
            fields.append((key, _formatted(item, value.get(f"{key}_as_string"))))
    return fields


def _iso(milliseconds: int) -> str | None:
    try:
        return datetime.fromtimestamp(milliseconds / 1000, UTC).isoformat()
    except (ValueError, OverflowError, OSError):
        return None


def _bare(value: Any) -> Any:
    return value.value if isinstance(value, _Formatted) else value


def _times_ms(values: Sequence[Any]) -> list[float | None] | None:
    """Return milliseconds if each value is a time: a number whose text is a date, and the same date."""
    there = [value for value in values if value is not None]
    if not there or not all(isinstance(value, _Formatted) and _is_time(value) for value in there):
        return None
    return [None if value is None else value.value for value in values]


def _is_time(formatted: _Formatted) -> bool:
    date = _DATE.match(formatted.text)
    if date is None or type(formatted.value) not in (int, float):
        return False
    try:
        near = [datetime.fromtimestamp((formatted.value + day) / 1000, UTC) for day in (-_DAY_MS, 0, _DAY_MS)]
    except (ValueError, OverflowError, OSError):
        return False
    # A year alone says little. In any zone, a year begins on a quarter of an hour.
    if len(date[0]) == 4 and formatted.value % _QUARTER_MS:
        return False
    # A zone may move a date by a day, so the days around it count, too.
    return any(day.isoformat().startswith(date[0]) for day in near)


def _buckets(buckets: Any) -> Iterator[Mapping[str, Any]]:
    """Yield buckets, which some answers have as an object by key."""
    if isinstance(buckets, dict):
        for key, bucket in buckets.items():
            yield {"key": key, **bucket}
    else:
        for place, bucket in enumerate(buckets):  # anonymous filters have nothing but their place
            yield bucket if "key" in bucket else {"key": place, **bucket}


def _branches(aggregations: Mapping[str, Any]) -> list[Path]:
    """Find the paths to the innermost aggregations with buckets.

    All buckets are looked at, because an empty one does not show what others have inside.
    """
    with_buckets: dict[Path, None] = {}

    def look(content: Mapping[str, Any], path: Path) -> None:
        for name, value in content.items():
            if not isinstance(value, dict) or (path and name == "key"):
                continue
            here = (*path, _plain(name))
            if "buckets" in value:
                with_buckets[here] = None
                for bucket in _buckets(value["buckets"]):
                    look(bucket, here)
            elif "doc_count" in value:
                look(value, here)

    look(aggregations, ())
    outer = {path[:depth] for path in with_buckets for depth in range(1, len(path))}
    return [path for path in with_buckets if path not in outer]


def _plain(name: str) -> str:
    """Remove the type that ``typed_keys`` puts before a name (``sterms#status``)."""
    return name.partition("#")[2] or name


def _choosing(path: Path) -> str:
    text = ">".join(path)
    return f'choose with `--agg {shlex.quote(text) if " " in text else text}`, in Python agg="{text}"'


def _unknown(agg: str | None, names: Sequence[str], reply: Reply) -> LoadError:
    return LoadError(f"there is no aggregation {agg!r}", reply=reply, hint=f"there are: {', '.join(names) or 'none'}")
