"""Errors in Elasticsearch's own form."""

from __future__ import annotations

from typing import Any


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


def parsing(reason: str) -> SearchError:
    """400 of a query that is none."""
    return SearchError(400, "parsing_exception", reason)


def illegal(reason: str) -> SearchError:
    """400 of an argument that cannot be."""
    return SearchError(400, "illegal_argument_exception", reason)
