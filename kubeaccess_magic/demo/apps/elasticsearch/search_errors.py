"""Errors in Elasticsearch's own form."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .node_names import NODE_ID, index_uuid


class SearchError(Exception):
    """What Elasticsearch answers instead.

    Parameters
    ----------
    kind
        The type, such as ``parsing_exception``.
    index
        Named where an index is at fault.
    """

    def __init__(self, status: int, kind: str, reason: str, index: str = "") -> None:
        super().__init__(reason)
        self.status = status
        self.kind = kind
        self.reason = reason
        self.index = index

    @property
    def body(self) -> dict[str, Any]:
        """The JSON that is sent."""
        cause: dict[str, Any] = {"type": self.kind, "reason": self.reason}
        if self.index:
            cause |= {
                "resource.type": "index_or_alias",
                "resource.id": self.index,
                "index_uuid": "_na_",
                "index": self.index,
            }
        return {"error": {"root_cause": [cause], **cause}, "status": self.status}

    def on(self, indices: Sequence[str]) -> SearchError:
        """The same error as these indices would give it."""
        return self


class ShardError(SearchError):
    """What each shard answers that cannot even begin: a query string that is none, a number that is none.

    Parameters
    ----------
    caused_by
        Type and reason of what lies beneath.
    indices
        Whose shards.
    """

    def __init__(
        self,
        reason: str,
        caused_by: tuple[str, str] | None = None,
        *,
        indices: Sequence[str] = (),
        kind: str = "query_shard_exception",
        status: int = 400,
    ) -> None:
        super().__init__(status, kind, reason)
        self._caused_by = caused_by
        self._indices = indices

    @property
    def body(self) -> dict[str, Any]:
        """The JSON that is sent."""
        causes: list[dict[str, Any]] = [
            {"type": self.kind, "reason": self.reason, "index_uuid": index_uuid(name), "index": name}
            for name in self._indices
        ] or [{"type": self.kind, "reason": self.reason}]
        failed = []
        for cause in causes:
            whole = dict(cause)
            if self._caused_by:
                whole["caused_by"] = {"type": self._caused_by[0], "reason": self._caused_by[1]}
            failed.append({"shard": 0, "index": cause.get("index"), "node": NODE_ID, "reason": whole})
        error = {"root_cause": causes, "type": "search_phase_execution_exception", "reason": "all shards failed"}
        return {"error": error | {"phase": "query", "grouped": True, "failed_shards": failed}, "status": self.status}

    def on(self, indices: Sequence[str]) -> SearchError:
        """The same error as these indices would give it."""
        return ShardError(self.reason, self._caused_by, indices=indices, kind=self.kind, status=self.status)


def parsing(reason: str) -> SearchError:
    """400 of a query that is none."""
    return SearchError(400, "parsing_exception", reason)


def illegal(reason: str) -> SearchError:
    """400 of an argument that cannot be."""
    return SearchError(400, "illegal_argument_exception", reason)


def invalid(*reasons: str) -> SearchError:
    """400 of a request whose parts do not go together."""
    numbered = "".join(f"{number}: {reason};" for number, reason in enumerate(reasons, 1))
    return SearchError(400, "action_request_validation_exception", f"Validation Failed: {numbered}")
