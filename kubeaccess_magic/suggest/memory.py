"""Names by key: what is known is given at once, and what is old is fetched again behind it.

One fetch is in flight for a key, a few for all keys together; a failure is remembered for a while, too, so that a
cluster that is dead or says no is not asked by every keystroke. Threads are daemons that end when nothing is left to
fetch: none waits for work, and none keeps an interpreter from exiting.
"""

from __future__ import annotations

import collections
import dataclasses
import threading
import time
from collections.abc import Callable, Hashable, Iterable
from typing import Any

from ..errors import AccessDenied, CredentialError

__all__ = ["Memory"]

Key = tuple[Hashable, ...]
Fetch = Callable[[], Iterable[Any]]

_THREADS = 4
_WAITING = 32  # keys in the queue; the one that has waited longest is dropped
_KEYS = 64  # remembered; the one that was not asked for the longest is forgotten
_FAILED_S = 10.0  # how long a failure is believed
_REFUSED_S = 60.0  # and how long a refusal, which will hardly change


@dataclasses.dataclass
class _Known:
    """What is known of a key. `value` is None until something came."""

    value: Any = None
    until: float = 0.0  # on the monotonic clock: before that it is fresh
    fetch: Fetch | None = None  # waits or runs
    problem: Exception | None = None  # why the last fetch failed
    came: threading.Event = dataclasses.field(default_factory=threading.Event)


class Memory:
    """Values by key.

    Parameters
    ----------
    max_age_s
        Seconds for which a value is fresh.
    told
        Called with the key, from the fetching thread, when something new came.
    """

    def __init__(self, max_age_s: float, told: Callable[[Key], None]) -> None:
        self._max_age_s = max_age_s
        self._told = told
        self._known: collections.OrderedDict[Key, _Known] = collections.OrderedDict()
        self._queue: collections.deque[Key] = collections.deque()
        self._threads = 0
        self._lock = threading.Lock()
        self._closed = False

    def get(self, key: Key, fetch: Fetch, wait_s: float) -> Any:
        """What is known, at most `wait_s` seconds later; None if that is nothing.

        Parameters
        ----------
        key
            What it is.
        fetch
            Called in a thread if what is known is old. It gives values, each better than the one before; the last
            one stays. What it raises leaves the old value.
        wait_s
            How long to wait for the first fresh value.
        """
        with self._lock:
            known = self._known.setdefault(key, _Known())
            self._known.move_to_end(key)
            if self._closed or (known.fetch is None and time.monotonic() < known.until):
                return known.value
            if known.fetch is None:
                known.fetch, known.came = fetch, threading.Event()
                self._queue.append(key)
                self._forget()
                if self._threads < _THREADS:
                    self._threads += 1
                    threading.Thread(target=self._work, name="kproxy-suggest", daemon=True).start()
            came = known.came
        if wait_s > 0:
            came.wait(wait_s)
        return known.value

    @property
    def busy(self) -> bool:
        """Whether something is being fetched."""
        return self._threads > 0

    def problem(self, key: Key) -> Exception | None:
        """Why the last fetch of a key failed; None if it did not."""
        with self._lock:
            found = self._known.get(key)
        return None if found is None else found.problem

    def known(self, key: Key) -> Any:
        """What is known, however old; None if that is nothing."""
        with self._lock:
            found = self._known.get(key)
        return None if found is None else found.value

    def close(self) -> None:
        """Drop what waits; a fetch that runs ends by its own limit, and nobody is told of it."""
        with self._lock:
            self._closed = True
            for key in self._queue:
                self._dropped(key)
            self._queue.clear()

    def _forget(self) -> None:
        while len(self._queue) > _WAITING:
            self._dropped(self._queue.popleft())
        for key in list(self._known):
            if len(self._known) <= _KEYS:
                return
            if self._known[key].fetch is None:
                del self._known[key]

    def _dropped(self, key: Key) -> None:
        known = self._known[key]
        known.fetch = None
        known.came.set()

    def _work(self) -> None:
        while True:
            with self._lock:
                if not self._queue:
                    self._threads -= 1
                    return
                key = self._queue.pop()  # the newest: what somebody types now
                known = self._known[key]
            age_s = self._max_age_s
            problem: Exception | None = None
            try:
                assert known.fetch is not None
                for value in known.fetch():
                    known.value = value
                    known.came.set()
                    if self._closed:
                        break
                    self._told(key)
            except CredentialError as error:  # cost nothing, and the next request that somebody waits for may mend it
                age_s, problem = 0.0, error
            except AccessDenied as error:
                age_s, problem = _REFUSED_S, error
            except Exception as error:  # whatever it was: a completion has nobody to tell it to
                age_s, problem = _FAILED_S, error
            with self._lock:
                is_news = type(problem) is not type(known.problem)
                known.until = time.monotonic() + age_s
                known.fetch = None
                known.problem = problem
                known.came.set()
            if problem is not None and is_news and not self._closed:
                self._told(key)
