"""The reader of summaries."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec

from ....errors import LoadError
from ... import answer, columns
from ...joining import cut
from ...protocol import Table
from ...readers import SingleAnswerReader
from ..frames import table
from . import exact, fast
from .measures import COLUMNS

if TYPE_CHECKING:
    import pandas as pd

    from ....reply import Reply

__all__ = ["SummaryReader", "is_summary"]


def is_summary(body: bytes) -> bool:
    """Whether an answer is a summary: it has two keys, and one of them is a node with a name."""
    if b'"nodeName"' not in body[:4096]:
        return False
    try:
        keys = msgspec.json.decode(body, type=dict[str, msgspec.Raw])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return False
    return set(keys) == {"node", "pods"}


class SummaryReader(SingleAnswerReader):
    """Reads summaries: the node, its parts, then each pod before its containers.

    Parameters
    ----------
    limit
        How many rows of each summary are wanted; None for all.
    wide
        Whether all fields are wanted, as dotted columns.
    labels
        A summary has none: LoadError if one is asked for.
    """

    def __init__(self, limit: int | None = None, *, wide: bool = False, labels: str | Sequence[str] = ()) -> None:
        super().__init__(limit)
        self._wide = wide
        self._has_labels = bool(labels)

    def read(self, reply: Reply) -> Table:
        """Make a table of a summary."""
        frame = self._frame(reply)
        return cut(Table(frame, len(frame), len(frame)), self.limit)

    def _frame(self, reply: Reply) -> pd.DataFrame:
        if self._has_labels:
            raise LoadError(
                "a kubelet's summary has no labels", reply=reply, hint="join it with the pods' own: /api/v1/pods"
            )
        if self._wide:
            items = list(exact.measured(answer.json_of(reply)))
            return columns.frame(columns.flatten(items, budget=self.budget), len(items), dates=True, budget=self.budget)
        rows = fast.rows_of(reply.content)
        return table(COLUMNS, exact.rows_of(answer.json_of(reply)) if rows is None else rows, self.budget)
