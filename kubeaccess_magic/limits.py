"""How much a request may take, and whom to tell while it runs.

`Limits` holds seconds and bytes. `Watch` is how the lower rooms report progress, say a line, and learn that they
should stop; they draw and print nothing themselves.
"""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Callable

__all__ = ["Limits", "Watch"]


@dataclasses.dataclass(frozen=True, slots=True)
class Limits:
    """What one request may take.

    Parameters
    ----------
    connect_s
        Seconds to connect, TLS included.
    read_s
        Seconds of silence between bytes. The API server needs 30 to find that a pod is not there, Prometheus 120
        for a query.
    total_s
        Seconds for the whole request with its pages.
    max_bytes
        Bytes of the decoded body.
    """

    connect_s: float = 10.0
    read_s: float = 130.0
    total_s: float = 600.0
    max_bytes: int = 256 * 2**20


class Watch:
    """Whom a running request tells.

    Parameters
    ----------
    say
        Called with a line that somebody should read at once: a plugin's prompt, a retry.
    progress
        Called with what was read so far, what was announced (None: unknown), and what is counted: ``bytes`` of one
        answer, ``rows``, ``hits``, ``pods`` of many.
    """

    def __init__(
        self,
        say: Callable[[str], None] | None = None,
        progress: Callable[[int, int | None, str], None] | None = None,
    ) -> None:
        self._say = say
        self._progress = progress
        self._stopped = threading.Event()

    def say(self, line: str) -> None:
        """Tell somebody a line."""
        if self._say is not None:
            self._say(line)

    def progress(self, done: int, announced: int | None, what: str = "bytes") -> None:
        """Tell how much was read of what was announced."""
        if self._progress is not None:
            self._progress(done, announced, what)

    def stop(self) -> None:
        """Ask the running request to end; from any thread."""
        self._stopped.set()

    @property
    def stopped(self) -> bool:
        """Whether somebody asked to end."""
        return self._stopped.is_set()
