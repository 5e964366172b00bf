"""The HTTP API of Jaeger's query service: one row per span.

The format: https://www.jaegertracing.io/docs/latest/architecture/apis/ and, for its fields,
https://github.com/jaegertracing/jaeger-ui/blob/main/packages/jaeger-ui/src/types/trace.ts
"""

from __future__ import annotations

from .dialect import Jaeger

__all__ = ["Jaeger", "dialect"]

dialect = Jaeger()
