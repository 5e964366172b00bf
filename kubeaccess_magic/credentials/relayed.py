"""`RelayedAuth`: signs with signatures that another process provides, such as the one that holds the credential."""

from __future__ import annotations

import threading
from collections.abc import Callable

from ..call import Call
from ..errors import CredentialError
from .signature import Signature

__all__ = ["RelayedAuth"]

_SLICE_S = 0.1  # how long a wait goes on without asking whether it was stopped


class RelayedAuth:
    """Signs requests with the latest signature that it received.

    Parameters
    ----------
    request
        Asks for a new signature, which then comes by `tell`, from whatever thread. Called when one
        was refused, and where none has come yet; once for all threads that wait for it. None: they come by themselves.
    """

    def __init__(self, request: Callable[[], None] | None = None) -> None:
        self._request = request
        self._changed = threading.Condition()
        self._signature: Signature | None = None
        self._requested_for: object = self  # the signature for which another one was requested

    def tell(self, signature: Signature) -> None:
        """Set the signature to use from now on."""
        with self._changed:
            self._signature = signature
            self._changed.notify_all()

    def sign(self, call: Call) -> Signature:
        """The latest signature; waits until the first one has arrived.

        Raises
        ------
        CredentialError
            None came before the call had to end.
        """
        signature = self._signature or self._another_than(None, call)
        if signature is None:
            raise CredentialError(
                "no signature came in time", hint="ask again; if that does not help, restart the kernel"
            )
        return signature

    def renew(self, call: Call, refused: Signature) -> bool:
        """After a 401: wait for another signature, until the call ends; returns whether one arrived.

        Parameters
        ----------
        call
            The call that waits for it.
        refused
            The signature that the server refused.
        """
        return self._another_than(refused, call) is not None

    def _another_than(self, old: Signature | None, call: Call) -> Signature | None:
        with self._changed:
            if self._signature is old and self._requested_for is not old:
                if self._request is not None:
                    self._request()
                self._requested_for = old
            while self._signature is old and not call.stopped and call.remaining_s:
                self._changed.wait(min(_SLICE_S, call.remaining_s))
            if self._signature is not old:
                return self._signature
            self._requested_for = self  # it was in vain: the next one requests again
            return None
