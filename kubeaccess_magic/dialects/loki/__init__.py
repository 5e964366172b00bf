"""The HTTP API of Loki: log lines as rows, and metric queries as Prometheus answers them.

The format of answers: https://grafana.com/docs/loki/latest/reference/loki-http-api/
"""

from __future__ import annotations

from .dialect import Loki

__all__ = ["Loki", "dialect"]

dialect = Loki()
