"""Errors in the format of Elasticsearch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .node_names import NODE_ID, index_uuid


class SearchError(Exception):
    """An error response of Elasticsearch.

    Parameters
    ----------
    status
        The HTTP status code.
    kind
        The type of the error, such as ``parsing_exception``.
    reason
        What is wrong.
    index
        The index that is the problem, if one is.
    """

    def __init__(self, status: int, kind: str, reason: str, index: str = "") -> None:
        super().__init__(reason)
        self.status = status
        self.kind = kind
        self.reason = reason
        self.index = index

    @property
    def body(self) -> dict[str, Any]:
        """The JSON value of the response."""
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
        """The same error, reported by these indices."""
        return self


class ShardError(SearchError):
    """An error that every shard reports, because it cannot begin: for example, a query string is invalid.

    Parameters
    ----------
    reason
        What is wrong.
    caused_by
        The type and reason of the underlying error.
    indices
        The indices whose shards report it.
    kind
        The type of the error.
    status
        The HTTP status code.
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
        """The JSON value of the response."""
        causes: list[dict[str, Any]] = [
            {"type": self.kind, "reason": self.reason, "index_uuid": index_uuid(name), "index": name}
            for name in self._indices
        ] or [{"type": self.kind, "reason": self.reason}]
        failed_shards = []
        for cause in causes:
            shard_cause = dict(cause)
            if self._caused_by:
                shard_cause["caused_by"] = {"type": self._caused_by[0], "reason": self._caused_by[1]}
            failed_shards.append({"shard": 0, "index": cause.get("index"), "node": NODE_ID, "reason": shard_cause})
        error = {"root_cause": causes, "type": "search_phase_execution_exception", "reason": "all shards failed"}
        return {
            "error": error | {"phase": "query", "grouped": True, "failed_shards": failed_shards},
            "status": self.status,
        }

    def on(self, indices: Sequence[str]) -> SearchError:
        """The same error, reported by these indices."""
        return ShardError(self.reason, self._caused_by, indices=indices, kind=self.kind, status=self.status)


def parsing_error(reason: str) -> SearchError:
    """Error 400: a query is malformed."""
    return SearchError(400, "parsing_exception", reason)


def illegal_argument(reason: str) -> SearchError:
    """Error 400: an argument is not allowed."""
    return SearchError(400, "illegal_argument_exception", reason)


def invalid_request(*reasons: str) -> SearchError:
    """Error 400: parts of a request are missing or do not fit together."""
    numbered = "".join(f"{number}: {reason};" for number, reason in enumerate(reasons, 1))
    return SearchError(400, "action_request_validation_exception", f"Validation Failed: {numbered}")
