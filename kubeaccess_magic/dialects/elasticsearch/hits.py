"""Hits of a search as a frame: what the search says of each, then its source field by field."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from ...errors import LoadError
from .. import answer, columns
from ..rows import NotRows, Rows

if TYPE_CHECKING:
    import pandas as pd

    from ...reply import Reply

__all__ = ["Hits", "Surplus", "frame_of"]

_META = ("_index", "_id", "_score")
_KINDS = {"_index": "text", "_id": "text", "_score": "float"}
_SOURCE = "_source"
# Where a hit stands in the order is the last that it says. What holds no other bracket is all of that list.
_SORT = re.compile(rb',"sort":\[([^\[\]]*)\]\}\Z')
_LAST_WHOLE = re.compile(rb",\d+\Z")

Surplus = Literal["", "all", "last"]
"""What of `sort` a point in time has added to each hit: nothing, all of it, or its last value."""


class Hits:
    """Hits that arrive in pages; each page is made columns of at once, and need not stay."""

    def __init__(self, surplus: Surplus = "") -> None:
        self._rows = Rows(dates=True)
        self._surplus = surplus

    def __len__(self) -> int:
        """How many were added."""
        return len(self._rows)

    def add(self, hits: Sequence[msgspec.Raw | Mapping[str, Any]], reply: Reply) -> None:
        """The hits of an answer, as JSON or as objects.

        Raises
        ------
        LoadError
            If they cannot be read.
        """
        raws = _without_sort(hits, self._surplus)
        if raws is not None:
            try:
                self._rows.add(raws)
                return
            except NotRows:
                pass
        self._rows.add_values([_trimmed(hit, self._surplus) for hit in _built(hits, reply)])

    def frame(self) -> pd.DataFrame:
        """One row a hit; they are used up.

        Columns ``_index``, ``_id`` and ``_score``, the fields of the source (dotted; ``_source.x`` where ``x`` is the
        name of a column already), then whatever else the hits have: ``sort``, ``highlight.…``, ``fields.…``,
        ``_routing``. Moments become datetime64 in UTC where every value of a field is one.
        """
        count = len(self._rows)
        if not count:
            return columns.empty(_KINDS)
        found = self._rows.columns()
        sources = _no_objects(found.pop((_SOURCE,), None))
        own = [path for path in found if path[0] != _SOURCE]
        if sources is not None:
            found[_SOURCE,] = sources
            own.insert(0, (_SOURCE,))
        names = columns.Names()
        told = dict(zip(columns.dotted(own, names), map(found.pop, own), strict=True))
        called = columns.dotted([path[1:] for path in found], names, taken_prefix=f"{_SOURCE}.")
        first = {name: told.pop(name) for name in _META if name in told}
        if "_score" in first:
            first["_score"] = _score(first["_score"])
        return columns.assembled(first | dict(zip(called, found.values(), strict=True)) | told, count)


def frame_of(hits: Sequence[Mapping[str, Any]], reply: Reply) -> pd.DataFrame:
    """One row a hit of one answer, as `Hits.frame`."""
    gathered = Hits()
    gathered.add(hits, reply)
    return gathered.frame()


def _without_sort(hits: Sequence[Any], surplus: Surplus) -> Sequence[msgspec.Raw | bytes] | None:
    """The hits as JSON without what was added to `sort`; None if it cannot be taken off there."""
    if set(map(type, hits)) - {msgspec.Raw}:
        return None
    if not surplus:
        return hits
    found = []
    for hit in map(bytes, hits):
        sort = _SORT.search(hit, max(hit.rfind(b',"sort":['), 0))
        if sort is None:
            return None
        if surplus == "all":
            found.append(hit[: sort.start()] + b"}")
        elif (last := _LAST_WHOLE.search(sort[1])) is not None:
            found.append(hit[: sort.start(1) + last.start()] + b"]}")
        else:
            return None
    return found


def _built(hits: Sequence[Any], reply: Reply) -> Sequence[Mapping[str, Any]]:
    """Hits as objects, in which no value overwrites another one."""
    if all(isinstance(hit, Mapping) for hit in hits):
        return hits
    try:
        found: list[Any] = answer.read(b"[" + b",".join(hits) + b"]")
    except (ValueError, RecursionError):
        answer.json_of(reply)  # which says where
        raise
    if not all(isinstance(hit, Mapping) for hit in found):
        raise LoadError("a hit is no object", reply=reply, hint="see it with -o json")
    return found


def _trimmed(hit: Mapping[str, Any], surplus: Surplus) -> Mapping[str, Any]:
    sort = hit.get("sort")
    if not surplus or not isinstance(sort, list):
        return hit
    without = {name: value for name, value in hit.items() if name != "sort"}
    return without if surplus == "all" else {**without, "sort": sort[:-1]}


def _no_objects(values: Any) -> Any:
    """Sources that are no objects, if there are such: a program may once have sent anything."""
    if values is not None and values.dtype == object:
        values = columns.typed([None if type(value) is dict else value for value in values], dates=True)
    return None if values is None or values.isna().all() else values


def _score(values: Any) -> Any:
    """A score is a number or nothing: then the column is one of decimals, also where all of them are whole."""
    if values.dtype == "float64":
        return values
    import pandas as pd

    plain = [None if value is pd.NA else value for value in values.tolist()]
    is_number = all(value is None or type(value) in (int, float) for value in plain)
    return columns.of_kind(plain, "float") if is_number else values
