"""What somebody wants to know, before it is a request."""

from __future__ import annotations

import sys

__all__ = ["ALL"]

ALL = sys.maxsize
"""The limit that means every row there is."""
