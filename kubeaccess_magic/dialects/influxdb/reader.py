"""The reader of InfluxDB: one answer, in one of two formats."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .. import answer
from ..protocol import Table
from ..readers import SingleAnswerReader
from . import annotated_csv, statements

if TYPE_CHECKING:
    from ...reply import Reply

__all__ = ["InfluxReader"]


class InfluxReader(SingleAnswerReader):
    """Reads results of InfluxDB into one table, with one row per point."""

    def read(self, reply: Reply) -> Table:
        """Read JSON or annotated CSV, whichever it is."""
        answer.refuse_empty(reply)
        answer.refuse_html(reply)
        return statements.read(reply) if answer.looks_like_json(reply) else annotated_csv.read(reply)
