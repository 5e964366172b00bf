"""`Page`: waits until everything typed in the browser has reached the kernel.

A page holds back a change of a widget while an earlier change of it is being processed, but sends a click or Enter at
once: they overtake the change. So an action waits for a question to the page and its answer. The question is a number
that a link in the page copies from one hidden widget to another; the page answers it after what it held back before.
"""

from __future__ import annotations

import collections
import threading
from collections.abc import Callable

import ipywidgets as widgets

from .tree import close

__all__ = ["Page"]


class Page:
    """The browser page of a panel, used to order its messages."""

    def __init__(self) -> None:
        # They differ from the start, so that a page answers as soon as it has made the link.
        self._question, self._answer = widgets.IntText(1), widgets.IntText(0)
        self._link = widgets.jsdlink((self._question, "value"), (self._answer, "value"))
        self._waiting: collections.deque[tuple[int, Callable[[], None]]] = collections.deque()
        self._lock = threading.Lock()
        self._answer.observe(lambda _: self._answered(), "value")

    def settle(self, action: Callable[[], None]) -> None:
        """Call `action` once the page has sent its pending changes and received everything sent to it so far.

        Where no page has ever answered (a script, a notebook that runs without a browser), it is called at once.
        """
        with self._lock:
            is_answered = self._answer.value != 0
            if is_answered:
                self._waiting.append((self._question.value + 1, action))
                self._question.value += 1
        if not is_answered:
            action()

    def close(self) -> None:
        """Discard the waiting actions, and close the hidden widgets."""
        self._waiting.clear()
        close(self._link, self._question, self._answer)

    def _answered(self) -> None:
        while True:
            with self._lock:
                if not self._waiting or self._waiting[0][0] > self._answer.value:
                    return
                _, action = self._waiting.popleft()
            action()
