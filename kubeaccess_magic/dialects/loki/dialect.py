"""The dialect of Loki: which requests and which replies are its own."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from .operation import LokiOperation, is_line_answer

if TYPE_CHECKING:
    from ...reply import Reply
    from ...request import Request

__all__ = ["Loki"]

# Any prefix is allowed: Grafana has /api/datasources/proxy/uid/….
_PATH = re.compile(
    r".*/loki/api/v1/(?P<endpoint>query|query_range|series|labels|label|label/[^/]+/values|patterns|detected_labels"
    r"|detected_fields|detected_field/[^/]+/values|index/(?:stats|volume|volume_range))/?",
    re.DOTALL,
)


class Loki:
    """The dialect of Loki."""

    name = "loki"

    def match(self, request: Request) -> LokiOperation | None:
        """Find the endpoint of the HTTP API that a request is for, behind any prefix."""
        if request.target.kind == "api":
            return None
        path = _PATH.fullmatch(request.path)
        return LokiOperation(request, path["endpoint"]) if path is not None else None

    def recognize(self, reply: Reply) -> LokiOperation | None:
        """Recognize log lines, wherever they come from."""
        return LokiOperation(reply.request, None) if is_line_answer(reply) else None

    def fallback(self, request: Request) -> LokiOperation:
        """Read a reply of an unknown path as far as it goes."""
        return LokiOperation(request, None)
