"""The answers of ``/metrics``: Prometheus' text format 0.0.4, and OpenMetrics 1.0."""

from __future__ import annotations

from .dialect import Exposition

__all__ = ["Exposition", "dialect"]

dialect = Exposition()
