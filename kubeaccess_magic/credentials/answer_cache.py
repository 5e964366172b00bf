"""Answers of plugins and issuers, kept for all Clusters of this process (G25).

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
from .sign_in import SignIn

__all__ = ["ANSWERS", "MOST_ANSWERS", "AnswerCache", "CachedAnswer", "when_free"]

MOST_ANSWERS = 64
_SLICE_S = 0.1  # how long a wait goes on without asking whether it was stopped


class AnswerCache:
    """A cache of answers by the values that they depend on; the least recently used one is dropped."""

    def __init__(self) -> None:
        self._lock = ForkLock()
        self._answers: OrderedDict[bytes, CachedAnswer] = OrderedDict()

    def get(self, *depends_on: object) -> CachedAnswer:
        """The answer that depends on these values, empty if there is none yet.

        Parameters
        ----------
        depends_on
            Plain values, which go to JSON; they are not kept themselves.
        """
        key = hashlib.sha256(json.dumps(depends_on, sort_keys=True, default=str).encode()).digest()
        with self._lock:
            answer = self._answers.setdefault(key, CachedAnswer())
            self._answers.move_to_end(key)
            while len(self._answers) > MOST_ANSWERS:
                self._answers.popitem(last=False)
            return answer

    def __reduce__(self) -> NoReturn:
        raise TypeError("answers of plugins are not pickled: they are secrets")


class CachedAnswer:
    """One cached answer. Only one thread at a time, of any Cluster, may replace it."""

    def __init__(self) -> None:
        self._lock = ForkLock()
        self._sign_in: SignIn | None = None
        self._failure: tuple[float, CredentialError] | None = None

    def current(
        self, before: SignIn | None, bring: Callable[[SignIn | None], SignIn], call: Call, *, anew: bool
    ) -> SignIn:
        """The answer while it is valid, else a new one; threads that waited share the result, even an error.

        Parameters
        ----------
        before
            What signed so far.
        bring
            Makes a new answer; it is given the one before.
        call
            Ends the waiting when it is stopped.
        anew
            The server has refused `before`. If another Cluster has brought a new answer since, that is taken.

        Raises
        ------
        CredentialError
            No answer can be had.
        """
        started_at = time.monotonic()
        with when_free(self._lock, call):
            sign_in = self._sign_in
            if sign_in is not None:
                refused = anew and before is not None and before.answer is sign_in.answer
                if sign_in.obtained_at >= started_at or (sign_in.lasts() and not refused):
                    return sign_in
            if self._failure is not None and self._failure[0] >= started_at:
                raise CredentialError(str(self._failure[1]), hint=self._failure[1].hint)
            try:
                brought = dataclasses.replace(bring(sign_in), cached=self)
            except CredentialError as error:
                # Without its traceback, whose frames hold secrets.
                failure = CredentialError(str(error), hint=error.hint)
                self._failure = None if call.stopped else (time.monotonic(), failure)
                raise
            self._sign_in = brought
            return brought

    def is_newer_than(self, sign_in: SignIn) -> bool:
        """Whether a newer answer than the given one is cached."""
        newest = self._sign_in
        return newest is not None and newest.answer is not sign_in.answer

    def __reduce__(self) -> NoReturn:
        raise TypeError("the answer of a plugin is not pickled: it is a secret")


@contextlib.contextmanager
def when_free(lock: ForkLock, call: Call) -> Iterator[None]:
    """Hold a lock; waiting for it ends when the call is stopped.

    Parameters
    ----------
    lock
        The lock.
    call
        The call that waits.

    Raises
    ------
    CredentialError
        The call was stopped.
    """
    while not lock.acquire(_SLICE_S):
        if call.stopped:
            raise CredentialError("signing in was stopped")
    try:
        yield
    finally:
        lock.release()


# The one state of this package that belongs to no object: a login belongs to the process, and the Clusters that need
# it know nothing of each other.
ANSWERS = AnswerCache()
