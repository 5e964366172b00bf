"""The execution of one query: its limits, its deadline, its cancellation, and its listeners.

A `Call` is made once per question, by whoever asks it, and handed down. The lower rooms ask it how long they may
still wait, report progress to it and learn from it that they should stop; they draw and print nothing themselves.
"""

from __future__ import annotations

import dataclasses
import math
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from .errors import KubeAccessError, TimedOut

if TYPE_CHECKING:
    from .reply import Reply

__all__ = ["MAX_CELLS", "MAX_FRAME_BYTES", "Call", "Limits"]

MAX_CELLS = 100_000_000
MAX_FRAME_BYTES = 2**30


@dataclasses.dataclass(frozen=True, slots=True)
class Limits:
    """The limits of one query.

    Parameters
    ----------
    connect_s
        Seconds to connect, TLS included.
    silence_s
        Seconds without a byte. The API server needs 30 to notice that a pod does not answer, Prometheus 120 for a
        query.
    total_s
        Seconds for everything: look-ups, retries and all pages.
    max_bytes
        Bytes of one decoded body.
    max_cells
        Cells of one frame, rows times columns. At most a quarter of that number may be empty.
    max_frame_bytes
        Bytes that the values of one frame may take.
    """

    connect_s: float = 10.0
    silence_s: float = 130.0
    total_s: float = 600.0
    max_bytes: int = 256 * 2**20
    max_cells: int = MAX_CELLS
    max_frame_bytes: int = MAX_FRAME_BYTES


class Call:
    """The execution of one query: its limits, its deadline, its cancellation, and its listeners.

    Parameters
    ----------
    limits
        What it may take, from now on. By default there is no deadline; a `child` has one of its own.
    say
        Called with a line that somebody should read at once: a prompt of a credential plugin, a retry.
    progress
        Called with how much has been read, how much was announced (None: unknown), and the unit: ``bytes`` of one
        answer; ``rows``, ``hits``, ``pods`` … of several pages.
    answered
        Called with every `Reply` that belongs to the query: each page, and whatever else had to be asked.
    unattended
        Nobody waits for the answer, as with a completion: no credential plugin may run, since it could ask somebody to
        log in.

    Attributes
    ----------
    limits
        What it may take.
    deadline
        When it must end, in seconds of the monotonic clock; ``inf`` if never.
    total_s
        The seconds that ended at `deadline` when they began: the ones to name in a message.
    notes
        Lines about how the query was run, for whoever reads the answer; shared with all children.
    """

    __slots__ = (
        "_answered",
        "_parent",
        "_progress",
        "_say",
        "_stopped",
        "deadline",
        "limits",
        "notes",
        "total_s",
        "unattended",
    )

    def __init__(
        self,
        limits: Limits | None = None,
        *,
        say: Callable[[str], None] | None = None,
        progress: Callable[[int, int | None, str], None] | None = None,
        answered: Callable[[Reply], None] | None = None,
        unattended: bool = False,
    ) -> None:
        self.limits = limits or Limits(total_s=math.inf)
        self.total_s = self.limits.total_s
        self.deadline = time.monotonic() + self.total_s
        self.unattended = unattended
        self.notes: list[str] = []
        self._say = say
        self._progress = progress
        self._answered = answered
        self._stopped = threading.Event()
        self._parent: Call | None = None

    def child(self, limits: Limits | None = None, *, answered: Callable[[Reply], None] | None = None) -> Call:
        """A part of this call: it reports to the same listeners, ends with this one, and can be stopped alone.

        Parameters
        ----------
        limits
            Its own limits; this call's if None. Its deadline is never later than this call's.
        answered
            A listener for its replies, instead of this call's listener.
        """
        child = Call(
            limits or self.limits,
            say=self._say,
            progress=self._progress,
            answered=answered or self._answered,
            unattended=self.unattended,
        )
        if limits is None or child.deadline >= self.deadline:
            child.deadline, child.total_s = self.deadline, self.total_s
        child.notes = self.notes
        child._parent = self
        return child

    @property
    def remaining_s(self) -> float:
        """Seconds until the deadline, 0 once it has passed."""
        return max(self.deadline - time.monotonic(), 0.0)

    @property
    def stopped(self) -> bool:
        """Whether this call, or a call that it is part of, has been asked to stop."""
        return self._stopped.is_set() or (self._parent is not None and self._parent.stopped)

    def stop(self) -> None:
        """Ask the call to stop; may be called from any thread."""
        self._stopped.set()

    def check(self, doing: str = "the request") -> None:
        """Raise if the call was stopped or its deadline has passed.

        Parameters
        ----------
        doing
            What took so long, for the message.

        Raises
        ------
        KubeAccessError
            It was stopped.
        TimedOut
            The deadline has passed.
        """
        if self.stopped:
            raise KubeAccessError("stopped before anything was sent")
        if time.monotonic() >= self.deadline:
            raise TimedOut(
                f"{doing} took longer than {self.total_s:g} s", hint="allow more time with --timeout or timeout_s="
            )

    def say(self, line: str) -> None:
        """Show the user a line at once."""
        if self._say is not None:
            self._say(line)

    def note(self, line: str) -> None:
        """Keep a note to show with the answer."""
        self.notes.append(line)

    def progress(self, done: int, announced: int | None, unit: str = "bytes") -> None:
        """Report how much has been read.

        Parameters
        ----------
        done
            How much has been read.
        announced
            How much there will be in all; None if that is unknown.
        unit
            What is counted, such as "bytes" or "rows".
        """
        if self._progress is not None:
            self._progress(done, announced, unit)

    def answered(self, reply: Reply) -> None:
        """Report a reply, whatever its status."""
        if self._answered is not None:
            self._answered(reply)
