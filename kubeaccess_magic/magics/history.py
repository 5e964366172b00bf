"""The requests so far, one row per request, as `%kproxy history` shows them; and the last reply."""

from __future__ import annotations

import dataclasses
import datetime
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

    from ..cluster import Cluster
    from ..reply import Reply
    from ..request import Request

__all__ = ["History", "HistoryEntry"]

_COLUMNS = ("time", "context", "method", "target", "path", "status", "bytes", "seconds", "rows", "way", "problem")
_KEPT_BODY = 8 * 2**20  # bytes of a body that `last` keeps


class History:
    """The requests of a session, without their bodies.

    Attributes
    ----------
    last
        The last answer, without its body if that is large; None before the first one.
    """

    def __init__(self) -> None:
        self._rows: list[dict[str, Any]] = []
        self.last: Reply | None = None

    def frame(self) -> pd.DataFrame:
        """One row per request, the oldest first.

        For a query with several requests, `rows` is set on the one whose answer `%kproxy last` shows, and `problem`
        on the last one.
        """
        from ..dialects.plain import frame_of

        return frame_of(_COLUMNS, self._rows, whole_numbers=("status", "bytes", "rows"))


class HistoryEntry:
    """One query in the history; its requests are recorded as they are answered.

    Parameters
    ----------
    history
        The history to record them in.
    cluster
        The Cluster that runs the query.
    most
        The maximum number of requests in the history, over all queries.
    """

    def __init__(self, history: History, cluster: Cluster, most: int) -> None:
        self._history, self._cluster, self._most = history, cluster, most
        self._started_at = time.monotonic()
        self._row: dict[str, Any] | None = None
        self._answered: list[tuple[Request, dict[str, Any]]] = []

    def answered(self, reply: Reply) -> None:
        """Record one request of the query, with its answer."""
        self._row = self._written(reply.request, reply)
        self._answered.append((reply.request, self._row))

    def ended(self, request: Request, reply: Reply | None, *, rows: int | None = None, problem: str = "") -> None:
        """Complete the entry.

        Parameters
        ----------
        request
            The request to record if none was answered.
        reply
            The answer that `%kproxy last` shows, or None.
        rows
            The rows of its frame; None if it gave no frame.
        problem
            What went wrong, in a word; "" if nothing did.
        """
        if self._row is None:
            self._row = self._written(request, reply)
        self._row["problem"] = problem
        # A request that only closes something, after the last page, has no rows.
        row_of_reply = self._row
        if reply is not None:
            for request, row in self._answered:
                if request == reply.request:
                    row_of_reply = row
        row_of_reply["rows"] = rows
        if reply is not None:
            large = len(reply.content) > _KEPT_BODY
            self._history.last = dataclasses.replace(reply, content=b"") if large else reply

    def _written(self, request: Request, reply: Reply | None) -> dict[str, Any]:
        from ..text import redact

        seconds = time.monotonic() - self._started_at if reply is None else reply.elapsed.total_seconds()
        row = {
            "time": datetime.datetime.now(datetime.UTC),
            "context": self._cluster.engine.name,
            "method": request.method,
            "target": str(request.target),
            "path": redact(request.path_and_query)[:2000],
            "status": reply.status_code if reply is not None else None,
            "bytes": len(reply.content) if reply is not None else None,
            "seconds": round(seconds, 3),
            "rows": None,
            "way": reply.way if reply is not None else "",
            "problem": "",
        }
        self._history._rows.append(row)
        del self._history._rows[: -self._most]
        return row
