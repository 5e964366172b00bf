"""Hits of a search as a frame: what the search says of each, then its source field by field."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from .. import columns

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["hits_frame"]

_META = ("_index", "_id", "_score")
_KINDS = {"_index": "text", "_id": "text", "_score": "float"}
_SOURCE = "_source"
_NOTHING: dict[str, Any] = {}


def hits_frame(hits: Sequence[dict[str, Any]]) -> pd.DataFrame:
    """One row a hit.

    Columns ``_index``, ``_id`` and ``_score``, the fields of the source (dotted; ``_source.x`` where ``x`` is the
    name of a column already), then whatever else the hits have: ``sort``, ``highlight.…``, ``fields.…``, ``_routing``.
    Moments become datetime64 in UTC where every value of a field is one. The hits are used up: they lose their source.
    """
    if not hits:
        return columns.empty(_KINDS)
    # A source may be anything that a program once sent: one that is no object stays with the rest.
    sources = [hit.pop(_SOURCE) if type(hit.get(_SOURCE)) is dict else _NOTHING for hit in hits]
    names = columns.Names()
    told = columns.flatten(hits, names)
    fields = columns.flatten(sources, names, taken_prefix=f"{_SOURCE}.")
    if _SOURCE in told and not any(value is not None for value in told[_SOURCE]):
        del told[_SOURCE]
    first = {name: told.pop(name) for name in _META if name in told}
    kinds = {"_score": "float"} if all(_is_number(value) for value in first.get("_score", [""])) else {}
    return columns.frame(first | fields | told, len(hits), dates=True, kinds=kinds)


def _is_number(value: Any) -> bool:
    return value is None or type(value) in (int, float)
