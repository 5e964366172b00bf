"""Marks for tests that need an extra: they skip without it, and say which."""

from __future__ import annotations

from importlib.util import find_spec

import pytest

__all__ = ["HAS_SOCKS", "needs_socks"]

HAS_SOCKS = find_spec("socks") is not None
needs_socks = pytest.mark.skipif(not HAS_SOCKS, reason="PySocks is not installed (the extra socks)")
