"""`Response`: an answer that is arriving over a connection, read as decoded bytes."""

from __future__ import annotations

import json
import time
from http.client import IncompleteRead
from typing import TYPE_CHECKING

from ..reply import Headers
from . import failures

if TYPE_CHECKING:
    from urllib3 import HTTPResponse

    from .deadlines import Guard

__all__ = ["Response"]

_REASON_CHARACTERS = 200  # a longer one explains nothing
_STATUS_BYTES = 4096  # a 401 of an API server is shorter
_LONG_READ_BYTES = 2**20  # a read that may take so long that its progress is reported
_DRAINED_BYTES = 16 * 1024  # a rest that is worth reading to keep its connection
_DRAIN_S = 0.05


class Response:
    """An answer whose status and headers have arrived. Call `close` in any case, whether it was read or not.

    Parameters
    ----------
    response
        urllib3's.
    guard
        Ends the reading when it takes too long.
    server
        The URL of the server, for messages.
    url
        What was asked, without secrets, for people.
    started
        When the request began, in seconds of the monotonic clock.

    Attributes
    ----------
    status_code, reason, headers
        What came first.
    url, started
        As given.
    announced
        Bytes that the server said it would send, before decoding, or None.
    """

    __slots__ = (
        "_ahead",
        "_encoded",
        "_guard",
        "_response",
        "_server",
        "announced",
        "headers",
        "reason",
        "started",
        "status_code",
        "url",
    )

    def __init__(self, response: HTTPResponse, guard: Guard, *, server: str, url: str, started: float) -> None:
        self.status_code: int = response.status
        self.reason: str = (response.reason or "")[:_REASON_CHARACTERS]
        self.headers = Headers(response.headers.iteritems())
        self.url = url
        self.started = started
        self.announced: int | None = response.length_remaining
        self._response = response
        self._guard = guard
        self._server = server
        self._encoded = "content-encoding" in response.headers
        self._ahead = b""

    def __repr__(self) -> str:
        return f"<Response {self.status_code} {self.url}>"

    def read(self, count: int) -> bytes:
        """Read decoded bytes of the body; ``b""`` at its end.

        Parameters
        ----------
        count
            How many at most.

        Raises
        ------
        TimedOut
            The server was silent, or the call's deadline has passed.
        Unreachable
            The connection broke, or the body is not what its headers say.
        """
        if self._ahead:
            piece, self._ahead = self._ahead[:count], self._ahead[count:]
            return piece
        if count > _LONG_READ_BYTES and self.announced is not None:
            self._guard.progress_base = (self._head_bytes(), self.announced)
        try:
            piece = self._response.read(count, decode_content=self._encoded)
            if not piece and self._guard.ended and self._response.chunked:
                raise IncompleteRead(b"")  # http.client takes a cut length of a chunk, such as 0, for the last one
            return piece
        except Exception as error:
            raise failures.translated_reading(
                error,
                self._guard,
                self._server,
                read_bytes=max(0, self._guard.received_bytes - self._head_bytes()),
                announced=self.announced,
            ) from error

    def close(self) -> None:
        """Return the connection to the pool if the body was read or its small rest has arrived; else close it."""
        response = self._response
        if response.connection is None:
            return
        rest = response.length_remaining
        if rest is not None and 0 <= rest <= _DRAINED_BYTES and self._guard.verdict is None:
            guard = self._guard
            guard.deadline = guard.next_check = min(guard.deadline, time.monotonic() + _DRAIN_S)
            response.drain_conn()  # swallows errors; closes the connection then
        if response.connection is not None:
            response.close()
            response.release_conn()  # a closed connection goes back too: it connects anew when it is used

    def is_refusal(self, method: str) -> bool:
        """Whether a 401 looks like the API server's own (E1). An app can imitate it, at the cost of one extra GET.

        Parameters
        ----------
        method
            The method of the request, in upper case.
        """
        if method == "HEAD":
            return True
        if self.announced is None or self.announced > _STATUS_BYTES or self._encoded:
            return False
        body = b""
        while len(body) < self.announced and (piece := self.read(_STATUS_BYTES)):
            body += piece
        self._ahead = body
        try:
            status = json.loads(body)
        except ValueError:
            return False
        return isinstance(status, dict) and (status.get("kind"), status.get("reason")) == ("Status", "Unauthorized")

    def _head_bytes(self) -> int:
        """Bytes of the status line and the headers, as they most likely came."""
        lines = sum(len(name) + len(value) + 4 for name, value in self.headers.pairs())
        return lines + len(f"HTTP/1.1 {self.status_code} {self._response.reason}\r\n\r\n")
