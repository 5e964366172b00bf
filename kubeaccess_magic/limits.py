"""How much a request may take, and whom to tell while it runs.

`Limits` holds seconds and bytes. `Watch` is how the lower rooms report progress, say a line, and learn that they
should stop; they draw and print nothing themselves.
"""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .reply import Reply

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
    answered
        Called with each answer to a request of the question: every page, and what a dialect asks beside them.
    unattended
        Nobody waits for this request, as for a completion: signing in runs no plugin for it, which might ask somebody
        to log in.
    """

    def __init__(
        self,
        say: Callable[[str], None] | None = None,
        progress: Callable[[int, int | None, str], None] | None = None,
        answered: Callable[[Reply], None] | None = None,
        *,
        unattended: bool = False,
    ) -> None:
        self.unattended = unattended
        self._say = say
        self._progress = progress
        self._answered = answered
        self._stopped = threading.Event()
        self._whole: Watch | None = None

    def say(self, line: str) -> None:
        """Tell somebody a line."""
        if self._say is not None:
            self._say(line)

    def progress(self, done: int, announced: int | None, what: str = "bytes") -> None:
        """Tell how much was read of what was announced."""
        if self._progress is not None:
            self._progress(done, announced, what)

    def answered(self, reply: Reply) -> None:
        """Tell of an answer, whatever its status."""
        if self._answered is not None:
            self._answered(reply)

    def stop(self) -> None:
        """Ask the running request to end; from any thread."""
        self._stopped.set()

    @property
    def stopped(self) -> bool:
        """Whether somebody asked to end."""
        return self._stopped.is_set() or (self._whole is not None and self._whole.stopped)

    def part(self, answered: Callable[[Reply], None] | None = None) -> Watch:
        """A watch for a part of the request: it tells the same, ends with the whole, and can be stopped alone.

        `answered` is told of its answers, instead of who is told by the whole.
        """
        part = Watch(self._say, self._progress, answered or self._answered, unattended=self.unattended)
        part._whole = self
        return part
