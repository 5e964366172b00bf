"""Text from a cluster, fit for a terminal and a page (X9)."""

from __future__ import annotations

from ..redact import visible

__all__ = ["visible"]
