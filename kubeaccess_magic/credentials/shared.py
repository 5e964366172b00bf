"""What plugins and issuers answered, kept for all Clusters of this process (G25).

Whoever makes a second `Cluster` must not be asked to log in again, and an issuer may take a refresh token only once.
So answers are kept as kubectl keeps them: by everything that they depend on, in memory alone.
"""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import json
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from typing import NoReturn

from ..call import Call
from ..errors import CredentialError
from ..process import ForkLock
from .held import Held

__all__ = ["OF_THIS_PROCESS", "Answers", "Shared", "in_turn"]

MOST_ANSWERS = 64


class Answers:
    """The answers there are, each under what it depends on; the one that was asked for longest ago is forgotten."""

    def __init__(self) -> None:
        self._lock = ForkLock()
        self._known: OrderedDict[bytes, Shared] = OrderedDict()

    def of(self, *depends_on: object) -> Shared:
        """The answer that depends on these values (plain ones: they go to JSON), which are not kept themselves."""
        key = hashlib.sha256(json.dumps(depends_on, sort_keys=True, default=str).encode()).digest()
        with self._lock:
            found = self._known.setdefault(key, Shared())
            self._known.move_to_end(key)
            while len(self._known) > MOST_ANSWERS:
                self._known.popitem(last=False)
            return found

    def __reduce__(self) -> NoReturn:
        raise TypeError("answers of plugins are not pickled: they are secrets")


class Shared:
    """One answer, and who may bring the next: one thread at a time, of whichever Cluster."""

    def __init__(self) -> None:
        self._lock = ForkLock()
        self._held: Held | None = None
        self._failed: tuple[float, CredentialError] | None = None

    def answer(self, before: Held | None, bring: Callable[[Held | None], Held], call: Call, *, anew: bool) -> Held:
        """The answer while it lasts, else what `bring` makes of it; whoever waited takes what came, be it an error.

        Parameters
        ----------
        before
            What signed so far.
        anew
            The server has refused that. If another Cluster has brought a new answer since, this is it.
        """
        asked = time.monotonic()
        with in_turn(self._lock, call):
            held = self._held
            if held is not None:
                refused = anew and before is not None and before.mark is held.mark
                if held.obtained >= asked or (held.lasting() and not refused):
                    return held
            if self._failed is not None and self._failed[0] >= asked:
                raise CredentialError(str(self._failed[1]), hint=self._failed[1].hint)
            try:
                brought = dataclasses.replace(bring(held), shared=self)
            except CredentialError as error:
                # Without its traceback, whose frames hold secrets.
                failure = CredentialError(str(error), hint=error.hint)
                self._failed = None if call.stopped else (time.monotonic(), failure)
                raise
            self._held = brought
            return brought

    def is_newer_than(self, held: Held) -> bool:
        """Whether another answer has come since that one."""
        newest = self._held
        return newest is not None and newest.mark is not held.mark

    def __reduce__(self) -> NoReturn:
        raise TypeError("the answer of a plugin is not pickled: it is a secret")


@contextlib.contextmanager
def in_turn(lock: ForkLock, call: Call) -> Iterator[None]:
    """One thread at a time, but none waits for another's plugin once it is told to stop."""
    while not lock.acquire(0.1):
        if call.stopped:
            raise CredentialError("signing in was stopped")
    try:
        yield
    finally:
        lock.release()


# The one state of this package that belongs to no object: a login belongs to the process, and the Clusters that need
# it know nothing of each other.
OF_THIS_PROCESS = Answers()
