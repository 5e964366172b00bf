"""`KubernetesApi`: sends requests to the API server itself, and retries while it is busy."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Iterable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

from ..errors import KubeAccessError
from ..reply import Stream
from ..request import Request
from ..targets import Target

if TYPE_CHECKING:
    from ..call import Call
    from ..reply import Headers, Reply
    from ..transport import Pool

__all__ = ["KubernetesApi"]

_BUSY_RETRIES = 3  # how often an API server that is busy is asked again
_SILENCE_S = 30.0  # between bytes of the API server's own answers
_SLICE_S = 0.2  # how long a pause goes on without asking whether it was stopped


class KubernetesApi:
    """Sends requests to the API server itself: for lists, objects and reviews.

    A 429 that says when to come again (F11) is asked again, three times at most and within the call's deadline. What
    goes to an app is never sent here: its 429 is its own (T13).

    Parameters
    ----------
    pool
        Signed-in connections to the API server.
    """

    def __init__(self, pool: Pool) -> None:
        self.pool = pool

    def open(
        self,
        method: str,
        path: str,
        *,
        headers: Iterable[tuple[str, str]] = (),
        body: bytes | None = None,
        call: Call,
        request: Request | None = None,
    ) -> Stream:
        """Send one request; the answer has begun when this returns, whatever its status.

        Parameters
        ----------
        method
            In upper case.
        path
            From ``/api`` on, encoded, with query.
        headers
            The headers of the request.
        body
            Bytes, or None.
        call
            Says how long it may take, with the pauses; hears that the API server is busy.
        request
            What the answer is of; None: a `Request` of the same path.

        Raises
        ------
        TimedOut, Unreachable, CredentialError
            As of `Pool.open`.
        """
        # A Request to the API server itself is one that people make: reading only. A review is none of them.
        request = request or Request.build(method if method in ("GET", "HEAD") else "GET", _API_SERVER, path)
        headers = tuple(headers)
        started = time.monotonic()
        for retries in range(_BUSY_RETRIES + 1):
            response = self.pool.open(method, path, headers=headers, body=body, call=call, safe=True)
            wait_s = _retry_after_s(response.headers) if response.status_code == 429 else None
            if wait_s is None or retries == _BUSY_RETRIES or wait_s >= call.remaining_s:
                break
            response.close()
            call.say(f"the API server is busy; asking again in {wait_s:g} s")
            _pause(wait_s, call)
        stream = Stream.from_response(response, request, "api")
        stream.started = started  # the pauses count
        return stream

    def call(
        self, method: str, path: str, body: bytes | None = None, *, call: Call, accept: str = "application/json"
    ) -> Reply:
        """Send one request and read the whole answer, whatever its status.

        Parameters
        ----------
        method
            In upper case.
        path
            From ``/api`` on, encoded, with query.
        body
            JSON, or None.
        call
            Says how long it may take; between bytes at most 30 s.
        accept
            The media type that is wanted.

        Raises
        ------
        LimitExceeded, TimedOut, Unreachable, CredentialError
            As of `Pool.open` and `Stream.read`.
        """
        headers = [("Accept", accept)]
        if body is not None:
            headers.append(("Content-Type", "application/json"))
        limits = dataclasses.replace(call.limits, silence_s=min(call.limits.silence_s, _SILENCE_S))
        call = call.child(limits)
        return self.open(method, path, headers=headers, body=body, call=call).read(call)


_API_SERVER = Target(kind="api")


def _retry_after_s(headers: Headers) -> float | None:
    """When to come again, in seconds: Kubernetes sends a number, a server before it may send a date (RFC 9110, 10.2.3).

    None for what is neither, and for what is years away.
    """
    text = headers.get("retry-after", "").strip()
    if not text:
        return None
    if text.isascii() and text.isdigit():
        return float(text) if len(text) < 7 else None
    try:
        # By the clock that wrote it, where it is known.
        written = parsedate_to_datetime(headers["date"]) if "date" in headers else datetime.now(UTC)
        wait_s = (parsedate_to_datetime(text) - written).total_seconds()
    except (ValueError, TypeError, OverflowError):  # not a date; one without a zone; one that never was
        return None
    return max(0.0, wait_s) if wait_s < 1e6 else None


def _pause(wait_s: float, call: Call) -> None:
    until = time.monotonic() + wait_s
    while (left_s := until - time.monotonic()) > 0:
        if call.stopped:
            raise KubeAccessError("stopped while the API server was busy")
        time.sleep(min(left_s, _SLICE_S))
