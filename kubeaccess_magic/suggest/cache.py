"""A cache that returns what it has at once and refreshes it in the background.

Each key has at most one refresh in progress, and all keys together have a few. Failures are cached, too, and longer
each time; after several failures in a row nothing is refreshed for a while. So a cluster that is down, or refuses, is
not sent a request for each keystroke. The threads are daemons that end when there is nothing left to refresh.
"""

from __future__ import annotations

import collections
import dataclasses
import threading
import time
from collections.abc import Callable, Hashable, Iterable
from typing import Any

from ..errors import AccessDenied, CredentialError, NotFound

__all__ = ["Cache", "Fetch", "Key"]

Key = tuple[Hashable, ...]
Fetch = Callable[[], Iterable[Any]]

_MAX_THREADS = 4
_MAX_QUEUED = 32  # refreshes that wait; the one that has waited longest is dropped
_MAX_ENTRIES = 64  # the entry that was not used for the longest time is dropped
_FAILED_S = 10.0  # how long the first failure of a key is cached; each further one twice as long
_REFUSED_S = 60.0  # the same for a refusal, which rarely changes
_MAX_FAILED_S = 600.0
_FREE_FAILURES = 3  # so many failures in a row, of any keys, pause the refreshing
_FREE_REFUSALS = 10  # the same for refusals: whoever may not list may still read single objects
_FIRST_PAUSE_S = 1.0  # doubled by each further failure


@dataclasses.dataclass
class _Entry:
    value: Any = None  # None until something has arrived
    fresh_until: float = 0.0  # in seconds of the monotonic clock
    failures: int = 0  # in a row
    problem: Exception | None = None  # of the last refresh
    fetch: Fetch | None = None  # None unless a refresh waits or runs
    arrived: threading.Event = dataclasses.field(default_factory=threading.Event)


class Cache:
    """Values by key, refreshed in the background. Usable from any thread.

    Parameters
    ----------
    max_age_s
        How long a value is fresh, in seconds.
    on_change
        Called with a key, from a worker thread, when a new value has arrived or a refresh has failed in a new way.
    max_pause_s
        The longest pause after failures in a row, in seconds; 0 where failures are cheap.
    """

    def __init__(self, max_age_s: float, on_change: Callable[[Key], None], *, max_pause_s: float = 60.0) -> None:
        self._max_age_s = max_age_s
        self._on_change = on_change
        self._max_pause_s = max_pause_s
        self._entries: collections.OrderedDict[Key, _Entry] = collections.OrderedDict()
        self._queue: collections.deque[Key] = collections.deque()
        self._threads = 0
        self._failures = 0  # in a row, of any keys
        self._paused_until = 0.0
        self._lock = threading.Lock()
        self._closed = False

    def get(self, key: Key, fetch: Fetch, wait_s: float) -> Any:
        """The value of a key, perhaps an old one; None if there is none.

        Parameters
        ----------
        key
            The key.
        fetch
            Called in a thread if the value is not fresh. It yields values, each better than the one before; the last
            one is kept. If it raises, the old value is kept.
        wait_s
            How long to wait for the first new value, in seconds.
        """
        with self._lock:
            entry = self._entries.setdefault(key, _Entry())
            self._entries.move_to_end(key)
            now = time.monotonic()
            if self._closed or (entry.fetch is None and now < max(entry.fresh_until, self._paused_until)):
                return entry.value
            if entry.fetch is None:
                entry.fetch, entry.arrived = fetch, threading.Event()
                self._queue.append(key)
                self._drop_oldest()
                if self._threads < _MAX_THREADS:
                    self._threads += 1
                    threading.Thread(target=self._work, name="kproxy-suggest", daemon=True).start()
            arrived = entry.arrived
        if wait_s > 0:
            arrived.wait(wait_s)
        return entry.value

    @property
    def busy(self) -> bool:
        """Whether something is being refreshed."""
        return self._threads > 0

    def problem(self, key: Key) -> Exception | None:
        """Why the last refresh of a key failed; None if it did not."""
        with self._lock:
            entry = self._entries.get(key)
        return None if entry is None else entry.problem

    def peek(self, key: Key) -> Any:
        """The value of a key without refreshing it; None if there is none."""
        with self._lock:
            entry = self._entries.get(key)
        return None if entry is None else entry.value

    def close(self) -> None:
        """Cancel the waiting refreshes. A running one ends by its own deadline and reports nothing."""
        with self._lock:
            self._closed = True
            self._drop_queue()

    def _drop_oldest(self) -> None:
        while len(self._queue) > _MAX_QUEUED:
            self._drop(self._queue.popleft())
        for key in list(self._entries):
            if len(self._entries) <= _MAX_ENTRIES:
                return
            if self._entries[key].fetch is None:
                del self._entries[key]

    def _drop_queue(self) -> None:
        for key in self._queue:
            self._drop(key)
        self._queue.clear()

    def _drop(self, key: Key) -> None:
        entry = self._entries[key]
        entry.fetch = None
        entry.arrived.set()

    def _work(self) -> None:
        while True:
            with self._lock:
                if not self._queue:
                    self._threads -= 1
                    return
                key = self._queue.pop()  # the newest is what somebody types now
                entry = self._entries[key]
            failure = self._refresh(key, entry)
            with self._lock:
                is_new_failure = failure is not None and type(failure) is not type(entry.problem)
                self._finish(entry, failure)
            if is_new_failure and not self._closed:
                self._on_change(key)

    def _refresh(self, key: Key, entry: _Entry) -> Exception | None:
        """Run the fetch of an entry; returns its exception, if any. A suggestion has nobody to report it to."""
        try:
            assert entry.fetch is not None
            for value in entry.fetch():
                entry.value = value
                entry.problem = None  # before observers look
                entry.arrived.set()
                if self._closed:
                    break
                self._on_change(key)
        except Exception as error:
            return error
        return None

    def _finish(self, entry: _Entry, failure: Exception | None) -> None:
        now = time.monotonic()
        entry.problem = failure
        if isinstance(failure, CredentialError):  # nothing was sent, and the next request may repair it
            entry.fresh_until = now
        elif failure is None or isinstance(failure, NotFound):
            self._failures = 0
            entry.failures = 0
            entry.fresh_until = now + (self._max_age_s if failure is None else _FAILED_S)
        else:
            is_refusal = isinstance(failure, AccessDenied)
            first_s, free_failures = (_REFUSED_S, _FREE_REFUSALS) if is_refusal else (_FAILED_S, _FREE_FAILURES)
            entry.fresh_until = now + min(first_s * 2**entry.failures, _MAX_FAILED_S)
            entry.failures = min(entry.failures + 1, 10)
            self._failures = min(self._failures + 1, 20)
            if self._failures >= free_failures and self._max_pause_s:
                pause_s = min(_FIRST_PAUSE_S * 2 ** (self._failures - free_failures), self._max_pause_s)
                self._paused_until = now + pause_s
                self._drop_queue()
        entry.fetch = None
        entry.arrived.set()
