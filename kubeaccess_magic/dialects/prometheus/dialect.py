"""The dialect of Prometheus: which requests and which replies are its own."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from .operation import PrometheusOperation, is_sample_answer

if TYPE_CHECKING:
    from ...reply import Reply
    from ...request import Request

__all__ = ["Prometheus"]

# Any prefix is allowed: Mimir has /prometheus, VictoriaMetrics /select/0/prometheus, Grafana /api/datasources/proxy/….
# Loki has the same paths with another meaning.
_PATH = re.compile(
    r".*(?<!/loki)/api/v1/(?P<endpoint>query|query_range|query_exemplars|format_query|parse_query|series|labels"
    r"|label/[^/]+/values|metadata|targets|targets/metadata|rules|alerts|alertmanagers|status/[a-z_]+)/?",
    re.DOTALL,
)


class Prometheus:
    """The dialect of Prometheus, Thanos, Mimir, Cortex and VictoriaMetrics."""

    name = "prometheus"

    def match(self, request: Request) -> PrometheusOperation | None:
        """Find the endpoint of the HTTP API that a request is for, behind any prefix."""
        if request.target.kind == "api":
            return None
        path = _PATH.fullmatch(request.path)
        return PrometheusOperation(request, path["endpoint"]) if path is not None else None

    def recognize(self, reply: Reply) -> PrometheusOperation | None:
        """Recognize samples, wherever they come from, and other answers by the path of their request."""
        operation = self.match(reply.request)
        if operation is not None and operation.reads(reply):
            return operation
        return PrometheusOperation(reply.request, None) if is_sample_answer(reply) else None

    def fallback(self, request: Request) -> PrometheusOperation:
        """Read a reply of an unknown path as far as it goes."""
        return PrometheusOperation(request, None)
