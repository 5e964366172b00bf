"""The dialect of Grafana: which requests and which replies are its own."""

from __future__ import annotations

import dataclasses
import re
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from ...reply import Reply
    from ...request import Request
    from .reader import GrafanaReader

__all__ = ["Grafana", "GrafanaOperation"]

_HEAD_BYTES = 4096  # in which an answer shows what it is
_PATH = re.compile(r".*/api/(?:ds/query|public/dashboards/[^/]+/panels/[^/]+/query)/?", re.DOTALL)
_RESULTS = re.compile(
    rb"\s*\{\s*\"results\"\s*:\s*\{\s*(?:\}|\"(?:[^\"\\]|\\.)*\"\s*:\s*\{\s*\"(?:status|frames|error|errorSource|refId)\")"
)


@dataclasses.dataclass(frozen=True)
class GrafanaOperation:
    """The queries of a dashboard.

    Parameters
    ----------
    request
        The request.
    """

    dialect: ClassVar[str] = "grafana"

    request: Request

    def prepare(self, limit: int | None, *, for_frame: bool = True) -> Request:
        """Return the request as it was typed: each query sets its own limit."""
        return self.request

    def reads(self, reply: Reply) -> bool:
        """Tell whether a reply has results by query."""
        return _RESULTS.match(reply.content[:_HEAD_BYTES]) is not None

    def reader(self, limit: int | None = None) -> GrafanaReader:
        """Make a reader.

        Parameters
        ----------
        limit
            How many rows at most.
        """
        from .reader import GrafanaReader

        return GrafanaReader(limit)


class Grafana:
    """The dialect of Grafana's queries: the frames of any data source."""

    name = "grafana"

    def match(self, request: Request) -> GrafanaOperation | None:
        """Find queries behind any prefix."""
        if request.target.kind == "api" or request.method != "POST":
            return None
        return GrafanaOperation(request) if _PATH.fullmatch(request.path) is not None else None

    def recognize(self, reply: Reply) -> GrafanaOperation | None:
        """Recognize frames wherever they come from."""
        operation = GrafanaOperation(reply.request)
        return operation if operation.reads(reply) and b'"frames"' in reply.content[:_HEAD_BYTES] else None

    def fallback(self, request: Request) -> GrafanaOperation:
        """Read any reply as frames."""
        return GrafanaOperation(request)
