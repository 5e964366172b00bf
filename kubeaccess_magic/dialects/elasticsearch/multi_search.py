"""``_msearch``: several searches in one answer."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from .. import columns
from ..joining import joined
from ..protocol import NO_LABELS, Table
from ..readers import SingleAnswerReader
from .aggregations import aggregations_frame
from .hits import frame_of
from .search_answer import aggregations_of, has_hits, total_of
from .search_reader import no_aggregations
from .single_answers import object_of, objects_of

if TYPE_CHECKING:
    from ...reply import Reply
    from ..budget import FrameBudget

__all__ = ["MultiSearchReader"]


class MultiSearchReader(SingleAnswerReader):
    """Reads several searches: one row per hit, or per bucket. The column `response` is the number of the search.

    Parameters
    ----------
    limit
        How many rows of each conversation at most.
    agg
        Which aggregation to show, by name.
    """

    def __init__(self, limit: int | None = None, *, agg: str | None = None) -> None:
        super().__init__(limit)
        self._agg = agg

    def read(self, reply: Reply) -> Table:
        """Make a table of all searches."""
        responses = objects_of(object_of(reply).get("responses"), reply)
        errors = [response["error"] for response in responses if "error" in response]
        notes = [f"{len(errors)} of {len(responses)} searches failed: {_reason(errors[0])}"] if errors else []
        hits = [
            {"response": number, **hit}
            for number, response in enumerate(responses)
            if has_hits(response)
            for hit in objects_of(response["hits"]["hits"], reply)
        ]
        aggregations = [(n, found) for n, response in enumerate(responses) if (found := aggregations_of(response))]
        if aggregations and (self._agg is not None or not hits):
            return self._cut(_aggregations_table(aggregations, self._agg, reply, notes, self.budget))
        if self._agg is not None:
            raise no_aggregations(self._agg, reply)
        if aggregations:
            notes.append('the answer has aggregations, too: agg="…" shows one')
        return self._hits_table(hits, responses, notes, reply)

    def _hits_table(
        self, hits: list[dict[str, Any]], responses: Sequence[Mapping[str, Any]], notes: list[str], reply: Reply
    ) -> Table:
        totals = [total_of(response["hits"].get("total")) for response in responses if has_hits(response)]
        total = None if any(count is None for count, _ in totals) else sum(count or 0 for count, _ in totals)
        rows = hits[: self.limit]
        frame = frame_of(rows, reply, self.budget)
        if rows:
            frame.insert(0, "response", frame.pop("response"))
        else:
            frame.insert(0, "response", columns.of_kind([], "Int64"))  # type: ignore[arg-type]  # the stubs know no ExtensionArray here
        is_lower_bound = any(lower for _, lower in totals)
        return Table(frame, len(rows), total, "hits", is_lower_bound, len(rows) < len(hits), tuple(notes))

    def _cut(self, table: Table) -> Table:
        if self.limit is None or table.rows <= self.limit:
            return table
        frame = table.frame.iloc[: self.limit]
        return Table(frame, len(frame), table.rows, table.unit, has_more=True, notes=table.notes)


def _aggregations_table(
    aggregations: Sequence[tuple[int, dict[str, Any]]],
    agg: str | None,
    reply: Reply,
    notes: Sequence[str],
    budget: FrameBudget,
) -> Table:
    parts = []
    for number, found in aggregations:
        frame, unit, more = aggregations_frame(found, agg, reply, budget=budget)
        frame.insert(0, "response", number)
        parts.append((NO_LABELS, Table(frame, len(frame), unit=unit, notes=(*notes, *more))))
    return joined(parts, budget)


def _reason(error: Any) -> str:
    reason = error.get("reason") if isinstance(error, Mapping) else error
    return reason if isinstance(reason, str) else json.dumps(reason)
