"""Background work of a panel: the newest of several jobs, a request with its progress, and a timer."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from ..call import Call
from ..reply import size_text

__all__ = ["Newest", "Repeated", "Running"]

_TOLD_AFTER_S = 0.5
_TOLD_EVERY_S = 0.5


class Newest:
    """Runs jobs in a thread, and skips all waiting jobs but the newest."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: tuple[int, float, Callable[[Callable[[], bool]], None]] | None = None
        self._number = 0
        self._works = False
        self._changed = threading.Event()

    def submit(self, job: Callable[[Callable[[], bool]], None], delay_s: float = 0.0) -> None:
        """Run `job` after a delay unless a newer one is submitted; the function it receives tells whether one was."""
        with self._lock:
            self._number += 1
            self._waiting = (self._number, time.monotonic() + delay_s, job)
            self._changed.set()
            if not self._works:
                self._works = True
                threading.Thread(target=self._work, name="kproxy-panel", daemon=True).start()

    def drop(self) -> None:
        """Discard the waiting job, and tell the running one that its result is no longer needed."""
        with self._lock:
            self._number += 1
            self._waiting = None
            self._changed.set()

    def _work(self) -> None:
        while True:
            with self._lock:
                self._changed.clear()
                waiting = self._waiting
                left_s = waiting[1] - time.monotonic() if waiting else 0.0
                if waiting is None:
                    self._works = False
                    return
                if left_s <= 0:
                    self._waiting = None
            if left_s > 0:
                self._changed.wait(left_s)
                continue
            number, _, job = waiting
            job(lambda number=number: number == self._number)  # type: ignore[misc]  # bound to this one


class Running:
    """One request in a thread of its own.

    Parameters
    ----------
    work
        Does it, and sees to its errors.
    told
        Called with a line about the progress, from half a second on.
    """

    def __init__(self, work: Callable[[Call], None], told: Callable[[str], None]) -> None:
        self.call = Call(say=self._say, progress=self._progress)
        self._work = work
        self._told = told
        self._said = ""
        self._so_far = ""
        self._ended = threading.Event()
        for name, run in (("kproxy-ask", self._run), ("kproxy-progress", self._tell)):
            threading.Thread(target=run, name=name, daemon=True).start()

    def stop(self) -> None:
        """Ask the request to stop; it ends shortly afterwards."""
        self.call.stop()

    def _run(self) -> None:
        try:
            self._work(self.call)
        finally:
            self._ended.set()

    def _tell(self) -> None:
        started = time.monotonic()
        wait_s = _TOLD_AFTER_S
        while not self._ended.wait(wait_s):
            parts = [f"{time.monotonic() - started:.0f} s", self._so_far, self._said]
            self._told(" · ".join(part for part in parts if part))
            wait_s = _TOLD_EVERY_S

    def _say(self, line: str) -> None:
        self._said = line

    def _progress(self, done: int, announced: int | None, what: str = "bytes") -> None:
        if what == "bytes":
            of = f" of {size_text(announced)}" if announced else ""
            self._so_far = f"{size_text(done)}{of}"
        else:
            of = f" of {announced:,}" if announced else ""
            self._so_far = f"{done:,}{of} {what}"


class Repeated:
    """A timer that calls a function once, unless it is stopped first.

    Parameters
    ----------
    action
        Called in a thread of its own.
    """

    def __init__(self, action: Callable[[], None]) -> None:
        self._action = action
        self._timer: threading.Timer | None = None

    def start(self, seconds: float) -> None:
        """Start the timer; the delay is in seconds."""
        self.stop()
        self._timer = threading.Timer(seconds, self._action)
        self._timer.daemon = True
        self._timer.start()

    def stop(self) -> None:
        """Stop the timer."""
        if self._timer is not None:
            self._timer.cancel()
