"""A base class for readers of APIs whose answers have no further page."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import TYPE_CHECKING

from .joining import cut, joined
from .protocol import NO_LABELS, Pages, Step, Table

if TYPE_CHECKING:
    from ..reply import Reply
    from ..request import Request

__all__ = ["SinglePageReader", "with_total"]


class SinglePageReader:
    """Makes one table of the answer of each target. A subclass implements `read`.

    Parameters
    ----------
    limit
        How many rows of each conversation are wanted; None and `ALL` for all that the answer holds.
    """

    def __init__(self, limit: int | None = None) -> None:
        self.limit = limit
        self._parts: list[tuple[Mapping[str, str], Table | None]] = []

    def read(self, reply: Reply) -> Table:
        """Make a table of an answer."""
        raise NotImplementedError

    def pages(self, request: Request, labels: Mapping[str, str] = NO_LABELS) -> Pages:
        """Send the request; there is only one page."""
        place = len(self._parts)
        self._parts.append((labels, None))
        reply = yield Step(request)
        self._parts[place] = (labels, cut(self.read(reply), self.limit))

    def table(self) -> Table:
        """Join the tables of all targets."""
        return joined([(labels, table) for labels, table in self._parts if table is not None])


def with_total(table: Table, is_partial: bool) -> Table:
    """Mark a table as incomplete where the answer says that there is more, but not how much."""
    if not is_partial:
        return table
    return dataclasses.replace(table, total=table.rows, total_is_lower_bound=True)
