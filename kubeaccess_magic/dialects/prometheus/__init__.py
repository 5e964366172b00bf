"""The HTTP API of Prometheus, which Thanos, Mimir, Cortex and VictoriaMetrics have, too."""

from __future__ import annotations

from .dialect import Prometheus
from .times import MOST_POINTS

__all__ = ["MOST_POINTS", "Prometheus", "dialect"]

dialect = Prometheus()
