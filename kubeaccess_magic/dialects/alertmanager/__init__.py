"""The HTTP API of Alertmanager: one row per alert, or per silence.

The format: https://github.com/prometheus/alertmanager/blob/main/api/v2/openapi.yaml
"""

from __future__ import annotations

from .dialect import Alertmanager

__all__ = ["Alertmanager", "dialect"]

dialect = Alertmanager()
