"""Prometheus' HTTP API, as Prometheus, Thanos, Mimir, Cortex and VictoriaMetrics speak it."""

from __future__ import annotations

from .dialect import Prometheus
from .times import MOST_POINTS

__all__ = ["MOST_POINTS", "Prometheus", "dialect"]

dialect = Prometheus()
