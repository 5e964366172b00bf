"""``_eql/search``: one row per event, or per event of each sequence."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from ..joining import cut
from ..protocol import Table
from ..readers import SingleAnswerReader
from .dialect import AnswerOperation
from .hits import frame_of
from .search import MOST_HITS, body_of, incomplete, total_of, with_json
from .single_answers import object_of, objects_of

if TYPE_CHECKING:
    from ...reply import Reply
    from ...request import Request

__all__ = ["EqlOperation", "EqlReader"]


@dataclasses.dataclass(frozen=True)
class EqlOperation(AnswerOperation):
    """A search for events."""

    def prepare(self, limit: int | None, *, for_frame: bool = True) -> Request:
        """Ask for as many events as are wanted, or as one answer can have; without a size there are ten."""
        body = body_of(self.request)
        if limit is None or not body or self.request.body is None:
            return self.request
        return with_json(self.request.without("size"), {**body, "size": min(limit, MOST_HITS)})


class EqlReader(SingleAnswerReader):
    """Reads events as hits; those of a sequence have its number and its join keys in front."""

    def read(self, reply: Reply) -> Table:
        """Make one row per event."""
        document = object_of(reply)
        hits = document.get("hits")
        hits = hits if isinstance(hits, dict) else {}
        sequences = hits.get("sequences")
        if sequences is None:
            rows, unit = objects_of(hits.get("events", []), reply), "events"
        else:
            rows, unit = _of_sequences(objects_of(sequences, reply), reply), "events of sequences"
        total, is_lower_bound = total_of(hits.get("total"))
        total = None if sequences is not None else total
        notes = tuple(incomplete(document))
        if sequences is not None and (count := total_of(hits.get("total"))[0] or 0) > len(sequences):
            notes = (*notes, f"{len(sequences):,} of {count:,} sequences")
        return cut(
            Table(frame_of(rows, reply, self.budget), len(rows), total, unit, is_lower_bound, notes=notes), self.limit
        )


def _of_sequences(sequences: list[dict[str, Any]], reply: Reply) -> list[dict[str, Any]]:
    return [
        {"sequence": number, "join_keys": sequence.get("join_keys"), **event}
        for number, sequence in enumerate(sequences)
        for event in objects_of(sequence.get("events", []), reply)
    ]
