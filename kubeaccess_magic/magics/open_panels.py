"""`OpenPanels`: the panels of a session, so that each is closed when nobody can see it any more."""

from __future__ import annotations

import threading
from typing import Protocol

__all__ = ["OpenPanels"]


class _Closes(Protocol):
    def close(self) -> None: ...


class OpenPanels:
    """The panels that are open, by the cell that opened them."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._panels: dict[str, tuple[str, list[_Closes]]] = {}

    def add(self, panel: _Closes, cell: str, run: str) -> None:
        """Remember a panel; those that an earlier run of the same cell opened are closed.

        Parameters
        ----------
        panel
            The new panel.
        cell
            The id of the cell that runs; "" where the front end sends none.
        run
            The id of this run of the cell.
        """
        with self._lock:
            last_run, panels = self._panels.get(cell, (run, []))
            is_run_again = bool(cell) and last_run != run
            self._panels[cell] = (run, [panel] if is_run_again else [*panels, panel])
        if is_run_again:
            for old in panels:
                old.close()

    def discard(self, panel: _Closes) -> None:
        """Forget a panel that was closed."""
        with self._lock:
            for cell, (run, panels) in list(self._panels.items()):
                kept = [other for other in panels if other is not panel]
                self._panels[cell] = (run, kept)
                if not kept:
                    del self._panels[cell]

    def close(self) -> None:
        """Close every panel."""
        with self._lock:
            opened = [panel for _, panels in self._panels.values() for panel in panels]
        for panel in opened:
            panel.close()
