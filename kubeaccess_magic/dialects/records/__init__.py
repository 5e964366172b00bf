"""Any answer that holds rows: lists of objects in any envelope, columns and rows, one document per line, CSV."""

from __future__ import annotations

from .dialect import Records

__all__ = ["Records", "dialect"]

dialect = Records()
