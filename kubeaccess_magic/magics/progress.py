"""A bar for what is still coming: after a second, and only where somebody sees it."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

__all__ = ["Progress"]

_AFTER_S = 1.0


class Progress:
    """What a `Call` tells of progress, as a bar that goes away when all has come.

    Parameters
    ----------
    shell
        In which the line runs.
    wanted
        False draws nothing.
    """

    def __init__(self, shell: InteractiveShell | None, wanted: bool = True) -> None:
        self._is_seen = wanted and _is_attended(shell)
        self._began = time.monotonic()
        self._bar: Any = None
        self._what = ""

    def __call__(self, done: int, announced: int | None, what: str) -> None:
        """So many of so many; once rows are counted, the bytes of each page are not."""
        if not self._is_seen or time.monotonic() - self._began < _AFTER_S:
            return
        if what != self._what:
            if what == "bytes" and self._what:
                return
            self._begin(done, announced, what)
        self._bar.total = announced if announced is None or announced >= done else done
        self._bar.update(done - self._bar.n)

    def close(self) -> None:
        """Take the bar away."""
        if self._bar is not None:
            self._bar.total = None  # the last page is not counted, and a notebook keeps a bar that is not full, in red
            self._bar.close()

    def _begin(self, done: int, announced: int | None, what: str) -> None:
        from tqdm.auto import tqdm

        self.close()
        self._what = what
        unit: dict[str, Any] = {"unit": f" {what}"}
        if what == "bytes":
            unit = {"unit": "B", "unit_scale": True, "unit_divisor": 1024}

        class Bar(tqdm):  # type: ignore[type-arg]  # it counts, and goes over nothing
            monitor_interval = 0  # no thread that outlives the line

        self._bar = Bar(initial=done, total=announced, leave=False, file=sys.stderr, **unit)


def _is_attended(shell: InteractiveShell | None) -> bool:
    """Whether somebody looks on: a terminal, or a front end that could be asked for input, as papermill could not."""
    kernel = getattr(shell, "kernel", None)
    if kernel is not None:
        return bool(getattr(kernel, "_allow_stdin", False))
    return sys.stderr.isatty()
