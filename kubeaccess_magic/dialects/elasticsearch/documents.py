"""Documents that are asked for by name, and several searches in one answer: one row a document."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ...errors import LoadError
from .. import Loaded, answer, columns
from . import search
from .aggregations import aggregations_frame
from .hits import frame_of

if TYPE_CHECKING:
    from ...reply import Reply

__all__ = ["document", "many_documents", "many_searches", "source"]


def document(reply: Reply, limit: int | None) -> Loaded:
    """``_doc/ID``: one row, as of a hit."""
    return Loaded(frame_of([_object(reply)], reply), 1)


def source(reply: Reply, limit: int | None) -> Loaded:
    """``_source/ID``: one row of its fields."""
    return Loaded(columns.frame(columns.flatten([_object(reply)]), 1, dates=True), 1)


def many_documents(reply: Reply, limit: int | None) -> Loaded:
    """``_mget``: one row a document, `found` or not."""
    found = _objects(_object(reply).get("docs"), reply)
    missing = sum(1 for one in found if one.get("found") is not True)
    note = f"{missing:,} of {len(found):,} were not found" if missing else None
    rows = found if limit is None else found[:limit]
    return Loaded(
        frame_of(rows, reply), len(rows), len(found) if len(rows) < len(found) else None, "documents", note=note
    )


def many_searches(reply: Reply, limit: int | None, agg: str | None) -> Loaded:
    """``_msearch``: one row a hit, or a bucket; the column `response` says of which search."""
    responses = _objects(_object(reply).get("responses"), reply)
    failed = [one["error"] for one in responses if "error" in one]
    notes = [f"{len(failed)} of {len(responses)} searches failed: {_reason(failed[0])}"] if failed else []
    hits = [
        {"response": place, **hit}
        for place, one in enumerate(responses)
        if search.has_hits(one)
        for hit in _objects(one["hits"]["hits"], reply)
    ]
    if agg is not None or not hits:
        found = [(place, inner) for place, one in enumerate(responses) if (inner := one.get("aggregations"))]
        if found:
            return _aggregations(found, reply, limit, agg, notes)
        if agg is not None:
            raise LoadError(
                f"the answer has no aggregations, so no {agg!r}",
                reply=reply,
                hint='leave agg out, or ask for some: "aggs" in the body',
            )
    elif any(one.get("aggregations") for one in responses):
        notes.append('the answer has aggregations, too: agg="…" shows one')
    totals = [search.total_of(one["hits"].get("total")) for one in responses if search.has_hits(one)]
    of = None if any(total is None for total, _ in totals) else sum(total or 0 for total, _ in totals)
    rows = hits if limit is None else hits[:limit]
    frame = frame_of(rows, reply)
    if not rows:
        frame.insert(0, "response", columns.of_kind([], "Int64"))  # type: ignore[arg-type]  # the stubs know no ExtensionArray here
    else:
        frame.insert(0, "response", frame.pop("response"))
    is_lower_bound = any(lower for _, lower in totals)
    return Loaded(frame, len(rows), of, "hits", is_lower_bound, "; ".join(notes) or None)


def _aggregations(
    found: list[tuple[int, dict[str, Any]]], reply: Reply, limit: int | None, agg: str | None, notes: list[str]
) -> Loaded:
    import pandas as pd

    frames, what = [], "rows"
    for place, inner in found:
        frame, what, more = aggregations_frame(inner, agg, reply)
        frame.insert(0, "response", place)
        frames.append(frame)
        notes += [note for note in more if note not in notes]
    whole = pd.concat(frames, ignore_index=True)
    rows = whole if limit is None else whole.iloc[:limit]
    of = len(whole) if len(rows) < len(whole) else None
    return Loaded(rows, len(rows), of, what, note="; ".join(notes) or None)


def _object(reply: Reply) -> dict[str, Any]:
    found = answer.json_of(reply)
    if not isinstance(found, dict):
        raise LoadError("the answer is none of Elasticsearch: it is no object", reply=reply, hint="see it with -o json")
    return found


def _objects(found: Any, reply: Reply) -> list[dict[str, Any]]:
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        raise LoadError("the answer is no list of documents", reply=reply, hint="see it with -o json")
    return found


def _reason(error: Any) -> str:
    reason = error.get("reason") if isinstance(error, Mapping) else error
    return reason if isinstance(reason, str) else json.dumps(reason)
