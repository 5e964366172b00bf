"""A panel: pick a target and a request from lists, send it, and keep the answer. `panel` has the widget itself."""

from __future__ import annotations

from .panel import Panel
from .state import API, Answered, Asked, Host, State, target_of

__all__ = ["API", "Answered", "Asked", "Host", "Panel", "State", "target_of"]
