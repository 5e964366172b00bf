"""What VictoriaMetrics exports: samples as JSON lines, or as CSV. The rest of its API is that of Prometheus.

The format: https://docs.victoriametrics.com/#how-to-export-data-in-json-line-format
"""

from __future__ import annotations

from .dialect import VictoriaMetrics

__all__ = ["VictoriaMetrics", "dialect"]

dialect = VictoriaMetrics()
