"""The HTTP API of Tempo: traces as OpenTelemetry writes them, and searches for them.

- https://grafana.com/docs/tempo/latest/api_docs/
- https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding
"""

from __future__ import annotations

from .dialect import Tempo

__all__ = ["Tempo", "dialect"]

dialect = Tempo()
