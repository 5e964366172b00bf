"""Hits of a search as a frame: the metadata of each, and its source field by field."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from ...errors import LoadError
from .. import answer, columns
from ..budget import DEFAULT, FrameBudget
from ..rows import NotRows, Path, Rows
from .hit_columns import plain_hits

if TYPE_CHECKING:
    import pandas as pd

    from ...reply import Reply

__all__ = ["AddedSort", "Hits", "frame_of"]

_META = ("_index", "_id", "_score")
_KINDS = {"_index": "text", "_id": "text", "_score": "float"}
_SOURCE = "_source"
# `sort` is the last field of a hit. What holds no other bracket is all of that list.
_SORT = re.compile(rb',"sort":\[([^\[\]]*)\]\}\Z')
_LAST_WHOLE = re.compile(rb",\d+\Z")

AddedSort = Literal["", "all", "last"]
"""Which part of `sort` each hit has only because of a point in time: nothing, all of it, or the last value."""


class Hits:
    """Hits that arrive in pages. Each page becomes columns at once, to free its bytes.

    Parameters
    ----------
    added_sort
        The part of `sort` that is left out, because nobody asked for it.
    budget
        The limits on the size of the frame.

    Attributes
    ----------
    count
        How many hits were added.
    """

    def __init__(self, added_sort: AddedSort = "", budget: FrameBudget = DEFAULT) -> None:
        self._budget = budget
        self._rows = Rows(dates=True, budget=budget)
        self._added_sort = added_sort
        self.count = 0

    def add(self, hits: Sequence[msgspec.Raw | Mapping[str, Any]], reply: Reply) -> None:
        """Add the hits of an answer.

        Parameters
        ----------
        hits
            As JSON, or as objects.
        reply
            The answer, for errors.

        Raises
        ------
        LoadError
            They cannot be read.
        """
        self.count += len(hits)
        raws: Sequence[Any] | None = None
        if set(map(type, hits)) <= {msgspec.Raw}:
            raws = _without_sort(hits, self._added_sort) if self._added_sort else hits
        if raws is not None:
            try:
                self._rows.add(raws)
                return
            except NotRows:
                pass
        self._rows.add_values([_trimmed(hit, self._added_sort) for hit in _built(hits, reply)])

    def frame(self) -> pd.DataFrame:
        """Make a frame with one row per hit. It may be called only once.

        The columns are ``_index``, ``_id`` and ``_score``; the fields of the source, with dots (``_source.x`` if ``x``
        is the name of a column already); then whatever else the hits have: ``sort``, ``highlight.…``, ``fields.…``,
        ``_routing``. A field becomes datetime64 in UTC if all its values are times.
        """
        if not self.count:
            return columns.empty(_KINDS)
        values = plain_hits(self._rows.columns())
        sources = _no_objects(values.pop((_SOURCE,))) if (_SOURCE,) in values else None
        own: list[Path] = []
        fields: list[Path] = []
        for path in values:
            if path[0] == _SOURCE:
                fields.append(path[1:])
            else:
                own.append(path)
        if sources is not None:
            values[_SOURCE,] = sources
            own.insert(0, (_SOURCE,))
        names = columns.Names()
        metadata = dict(zip(columns.dotted(own, names, budget=self._budget), map(values.pop, own), strict=True))
        field_names = columns.dotted(fields, names, taken_prefix=f"{_SOURCE}.", budget=self._budget)
        first = {}
        for name in _META:
            if name in metadata:
                first[name] = metadata.pop(name)
        if "_score" in first and first["_score"].dtype != "float64":
            first["_score"] = _score(first["_score"])
        return columns.assembled(first | dict(zip(field_names, values.values(), strict=True)) | metadata, self.count)


def frame_of(hits: Sequence[Mapping[str, Any]], reply: Reply, budget: FrameBudget = DEFAULT) -> pd.DataFrame:
    """Make the frame of the hits of one answer, as `Hits.frame` does."""
    rows = Hits(budget=budget)
    rows.add(hits, reply)
    return rows.frame()


def _without_sort(hits: Sequence[Any], added_sort: AddedSort) -> Sequence[msgspec.Raw | bytes] | None:
    """Take what was added to `sort` off the JSON of hits; None if that cannot be done there."""
    trimmed = []
    for hit in map(bytes, hits):
        sort = _SORT.search(hit, max(hit.rfind(b',"sort":['), 0))
        if sort is None:
            return None
        if added_sort == "all":
            trimmed.append(hit[: sort.start()] + b"}")
        elif (last := _LAST_WHOLE.search(sort[1])) is not None:
            trimmed.append(hit[: sort.start(1) + last.start()] + b"]}")
        else:
            return None
    return trimmed


def _built(hits: Sequence[Any], reply: Reply) -> Sequence[Mapping[str, Any]]:
    """Build hits as objects, with nothing lost."""
    if all(isinstance(hit, Mapping) for hit in hits):
        return hits
    try:
        built: list[Any] = answer.read(b"[" + b",".join(hits) + b"]")
    except (ValueError, RecursionError):
        answer.json_of(reply)  # which says where
        raise
    if not all(isinstance(hit, Mapping) for hit in built):
        raise LoadError("a hit is not an object", reply=reply, hint="see it with -o json")
    return built


def _trimmed(hit: Mapping[str, Any], added_sort: AddedSort) -> Mapping[str, Any]:
    sort = hit.get("sort")
    if not added_sort or not isinstance(sort, list):
        return hit
    without = {name: value for name, value in hit.items() if name != "sort"}
    return without if added_sort == "all" else {**without, "sort": sort[:-1]}


def _no_objects(values: Any) -> Any:
    """Keep sources that are not objects, if there are any: a program may have sent anything."""
    if values.dtype == object:
        values = columns.typed([None if type(value) is dict else value for value in values], dates=True)
    return None if values.isna().all() else values


def _score(values: Any) -> Any:
    """Make scores floats, also if all of them are whole; what is not a number stays."""
    import pandas as pd

    plain = [None if value is pd.NA else value for value in values.tolist()]
    is_number = all(value is None or type(value) in (int, float) for value in plain)
    return columns.of_kind(plain, "float") if is_number else values
