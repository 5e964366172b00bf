"""A bar for what is still coming: after a second, and only where somebody sees it."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

__all__ = ["AFTER_S", "Progress"]

AFTER_S = 1.0
"""Seconds after which a bar is drawn."""


class Progress:
    """The progress that a `Call` reports, as a bar that goes away when all has come.

    Parameters
    ----------
    shell
        The shell in which the line runs.
    is_wanted
        False draws nothing.
    started_at
        When the line began, in seconds of the monotonic clock; now if None.
    """

    def __init__(self, shell: InteractiveShell | None, is_wanted: bool = True, started_at: float | None = None) -> None:
        self._is_seen = is_wanted and _is_attended(shell)
        self._started_at = time.monotonic() if started_at is None else started_at
        self._bar: Any = None
        self._unit = ""

    def __call__(self, done: int, announced: int | None, unit: str) -> None:
        """Show how much of how much; once rows are counted, the bytes of each page are not.

        Parameters
        ----------
        done
            How much has come.
        announced
            How much there will be, or None if that is not known.
        unit
            What is counted: ``bytes``, ``rows`` …
        """
        if not self._is_seen or time.monotonic() - self._started_at < AFTER_S:
            return
        if unit != self._unit:
            if unit == "bytes" and self._unit:
                return
            self._begin(done, announced, unit)
        self._bar.total = announced if announced is None or announced >= done else done
        self._bar.update(done - self._bar.n)

    def close(self) -> None:
        """Take the bar away."""
        if self._bar is not None:
            self._bar.total = None  # the last page is not counted, and a notebook keeps a bar that is not full, in red
            self._bar.close()

    def _begin(self, done: int, announced: int | None, unit: str) -> None:
        from tqdm.auto import tqdm

        self.close()
        self._unit = unit
        options: dict[str, Any] = {"unit": f" {unit}"}
        if unit == "bytes":
            options = {"unit": "B", "unit_scale": True, "unit_divisor": 1024}

        class Bar(tqdm):  # type: ignore[type-arg]  # it counts, and iterates over nothing
            monitor_interval = 0  # no thread that outlives the line

        self._bar = Bar(initial=done, total=announced, leave=False, file=sys.stderr, **options)


def _is_attended(shell: InteractiveShell | None) -> bool:
    """Whether somebody looks on: a terminal, or a front end that could be asked for input, unlike papermill."""
    kernel = getattr(shell, "kernel", None)
    if kernel is not None:
        return bool(getattr(kernel, "_allow_stdin", False))
    return sys.stderr.isatty()
