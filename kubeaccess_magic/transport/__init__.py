"""The way to one API server: a pool of connections, signed, limited, and the one door for foreign errors.

A `Transport` speaks to the server of its context and to nobody else. Redirects are not followed here. What urllib3,
OpenSSL or the socket raise becomes one of our errors here, without a secret in it.
"""

from __future__ import annotations

import dataclasses
import json
import time
from collections.abc import Iterable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http.client import IncompleteRead
from typing import TYPE_CHECKING, Any

from urllib3 import HTTPHeaderDict, HTTPResponse, Retry, Timeout

from ..errors import KubeAccessError, TargetError
from ..reply import Headers, Reply, Stream
from ..request import Request
from ..targets import Target
from ..text import redact
from ..version import __version__
from . import failures
from .guard import Guard
from .sources import ContextSource, Source

if TYPE_CHECKING:
    from ..call import Call
    from ..credentials import Credential
    from ..kubeconfig import Context

__all__ = ["Transport"]

_TIMES_BUSY = 3  # how often an API server that says "later" is asked again
_CALL_READ_S = 30.0  # between bytes of the API server's own answers
_REASON_CHARACTERS = 200  # more is no reason
_STATUS_BYTES = 4096  # no 401 of an API server is longer
_LONG_READ_BYTES = 2**20  # a read that may take so long that somebody wants to see it go on
_DRAINED_BYTES = 16 * 1024  # a rest that is worth reading to keep its connection


class Transport:
    """Connections to one API server.

    Nothing is contacted, read or run before the first request.

    Parameters
    ----------
    context
        Says where the server is and whom to trust.
    credential
        Signs each request, but none over plain http (G10).
    """

    def __init__(self, context: Context, credential: Credential) -> None:
        self._begin(ContextSource(context, credential), None)

    @classmethod
    def from_api_client(cls, api_client: Any) -> Transport:
        """A transport over the pool and the headers of an official client that somebody configured.

        Parameters
        ----------
        api_client
            A ``kubernetes.client.ApiClient``, version 31 or later.
        """
        from .official import source_of

        self = cls.__new__(cls)
        self._begin(source_of(api_client), api_client)
        return self

    def _begin(self, source: Source, api_client: Any) -> None:
        self._source = source
        self._api_client = api_client
        self._timeouts: tuple[tuple[float, float], Timeout] | None = None
        self._closed = False
        self._headers = {
            "User-Agent": f"kubeaccess-magic/{__version__}",
            "Accept-Encoding": "gzip" if source.compress else "identity",  # never br or zstd (T32)
        }

    def __repr__(self) -> str:
        return f"<Transport to {self.server}>"

    @property
    def server(self) -> str:
        """The API server's URL with its base path, without "/" at its end."""
        return self._source.server.url

    def send(self, request: Request, path: str, *, call: Call, way: str) -> Stream:
        """Send a Request as it is to a path of the API server; what `open` says holds."""
        return self.open(
            request.method,
            path,
            headers=request.headers,
            body=request.body,  # type: ignore[arg-type]  # pieces: with the seam
            call=call,
            request=request,
            way=way,
        )

    def open(
        self,
        method: str,
        url_path: str,
        *,
        headers: Iterable[tuple[str, str]] = (),
        body: bytes | None = None,
        call: Call,
        request: Request,
        way: str = "proxy",
    ) -> Stream:
        """Send one request, signed; the answer has begun when this returns.

        A GET or HEAD is sent once more if the connection broke before an answer, and once more with a renewed
        credential after a 401 of the API server. Nothing else is sent twice, and no redirect is followed.

        Parameters
        ----------
        method
            In upper case.
        url_path
            From ``/api`` on, encoded, with query; the server's base path is put in front.
        headers
            Of the request. None of them may sign it, or belong to the connection.
        body
            Bytes, or None.
        call
            Says how long it may take; hears of progress.
        request
            What it is sent for.
        way
            How it is asked, as the reply tells it.

        Raises
        ------
        TimedOut
            It took longer than `call` allows.
        Unreachable
            The server cannot be reached or trusted, or the connection broke.
        CredentialError
            The credential cannot sign.
        """
        try:
            return self._open(method, url_path, headers, body, call, request, way)
        except KubeAccessError as error:
            # Raised afresh: the frames below hold signed headers, and a verbose traceback shows what frames hold.
            raise failures.without_frames(error) from error.__cause__
        except BaseException as interrupt:  # a kernel interrupt, above all: its frames would keep the socket open, too
            failures.without_frames(interrupt)
            raise interrupt.with_traceback(None) from None

    def _open(
        self,
        method: str,
        url_path: str,
        headers: Iterable[tuple[str, str]],
        body: bytes | None,
        call: Call,
        request: Request,
        way: str,
    ) -> Stream:
        started = time.monotonic()
        source = self._source
        if self._closed:
            raise KubeAccessError(f"the connection to {self.server} was closed", hint="make a new Cluster")
        call.check()
        shown = _shown(url_path)
        guard = Guard(call)
        repeatable = method in ("GET", "HEAD")
        may_repeat = may_renew = True
        while True:
            sent = self._merged(headers, source.signed(call))
            pool = source.pool(call)
            # A proxy that forwards plain http is told the whole URL; else a connection has one server.
            begin = source.server.base if pool.proxy is None or source.server.secure else source.server.url
            guard.url = begin + url_path
            guard.connected = False
            guards = source.guards
            guards.guard = guard
            try:
                response = pool.urlopen(
                    method,
                    begin + shown,
                    body=body,
                    headers=sent,
                    retries=_NO_RETRIES,
                    redirect=False,
                    assert_same_host=False,  # a path has no host; the pool has one
                    timeout=self._timeout(call),
                    preload_content=False,
                )
            except Exception as error:
                if repeatable and may_repeat and guard.verdict is None and failures.broke_before_answer(error, guard):
                    may_repeat = False
                    continue
                told = "" if way == "api" else method  # a review changes nothing, whether it arrived or not
                ours = failures.translated(error, guard, self.server, sent=told, proxy=source.proxy)
                # A cause that may quote a header is not shown: the header may be the token.
                raise ours from (None if isinstance(ours, TargetError) else error)
            finally:
                guards.guard = None
            answer = _Answer(response, guard, self.server)  # type: ignore[arg-type]  # the pool's own class
            if may_renew and response.status == 401 and answer.is_refusal(method):
                may_renew = False
                if source.renew(call) and repeatable:
                    answer.close()
                    continue
            return Stream(
                status_code=response.status,
                reason=(response.reason or "")[:_REASON_CHARACTERS],
                headers=Headers(response.headers.iteritems()),
                request=request,
                url=self.server + shown,
                way=way,
                read=answer.read,
                close=answer.close,
                started=started,
                announced=answer.announced,
            )

    def call(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        *,
        call: Call,
        accept: str = "application/json",
    ) -> Reply:
        """Ask the API server itself: a list, an object, a review. The reply is given whatever its status.

        A 429 that says when to come again (F11) is asked again, three times at most and within the limit.

        Parameters
        ----------
        method
            In upper case.
        path
            From ``/api`` on, encoded, with query.
        body
            JSON, or None.
        call
            Says how long it may take; 30 s between bytes are allowed at most.
        accept
            The media type that is wanted.

        Raises
        ------
        LimitExceeded, Unreachable, CredentialError
            As in `open` and `Stream.read`.
        """
        headers = [("Accept", accept)]
        if body is not None:
            headers.append(("Content-Type", "application/json"))
        call = call.child(dataclasses.replace(call.limits, silence_s=min(call.limits.silence_s, _CALL_READ_S)))
        # A Request to the API server itself is one that people make: reading only. A review is none of them.
        asked = Request.build(method if method in ("GET", "HEAD") else "GET", _API_SERVER, path)
        return self.open_patiently(method, path, headers=headers, body=body, call=call, request=asked).read(call)

    def open_patiently(self, method: str, url_path: str, *, call: Call, **options: Any) -> Stream:
        """As `open`, of the API server itself; a 429 that says when to come again (F11) is asked again.

        Three times at most, and within the limit. Never for what goes to an app: its 429 is its own (T13).
        """
        started = time.monotonic()
        for times in range(_TIMES_BUSY + 1):
            stream = self.open(method, url_path, call=call, way="api", **options)
            stream.started = started  # all of it counts
            wait_s = _retry_after_s(stream)
            if wait_s is None or times == _TIMES_BUSY or wait_s >= call.remaining_s:
                break
            stream.close()
            call.say(f"the API server is busy; asking again in {wait_s:g} s")
            _pause(wait_s, call)
        return stream

    @property
    def api_client(self) -> Any:
        """The official ``kubernetes.client.ApiClient`` over this pool and credential, made when first asked for."""
        if self._api_client is None:
            from .official import api_client

            self._api_client = api_client(self._source, self._headers["User-Agent"])
        return self._api_client

    def close(self) -> None:
        """Close the connections; what is asked later is an error."""
        self._closed = True
        self._source.close()

    def _merged(self, headers: Iterable[tuple[str, str]], signed: Any) -> Any:
        pairs = tuple(headers)
        if not pairs:
            return {**self._headers, **signed}
        given = {name.lower() for name, _ in pairs}
        for name in given:
            if name in _NOT_FOR_CALLERS or name.startswith(("impersonate-", "x-remote-")):
                raise TargetError(
                    f"the header {name} belongs to the connection to the API server and cannot be sent",
                    hint="leave it out; --as and --as-group ask as somebody else",
                )
        merged = HTTPHeaderDict({name: value for name, value in self._headers.items() if name.lower() not in given})
        for name, value in pairs:
            merged.add(name, value)
        for name, value in signed.items():  # one by one: several groups differ in the case of the name only
            merged.add(name, value)
        return merged

    def _timeout(self, call: Call) -> Timeout:
        """For urllib3; shared while the limits stay the same. The guard looks after the sum of the waits."""
        key = (min(call.limits.connect_s, call.total_s), call.limits.silence_s)
        made = self._timeouts
        if made is None or made[0] != key:
            made = self._timeouts = (key, Timeout(connect=key[0], read=key[1]))
        return made[1]


class _Answer:
    """The body of one answer: gives decoded bytes, and our errors."""

    __slots__ = ("_ahead", "_encoded", "_guard", "_head_bytes", "_response", "_server", "announced")

    def __init__(self, response: HTTPResponse, guard: Guard, server: str) -> None:
        self._response = response
        self._guard = guard
        self._server = server
        self._encoded = "content-encoding" in response.headers
        self._ahead = b""
        self.announced = response.length_remaining

    def is_refusal(self, method: str) -> bool:
        """Whether a 401 reads like the API server's own (E1). An app may say the same; it costs one GET more."""
        if method == "HEAD":
            return True
        if self.announced is None or self.announced > _STATUS_BYTES or self._encoded:
            return False
        while len(self._ahead) < self.announced:
            piece = self.read(_STATUS_BYTES)
            if not piece:
                break
            self._ahead += piece
        try:
            status = json.loads(self._ahead)
        except ValueError:
            return False
        return isinstance(status, dict) and (status.get("kind"), status.get("reason")) == ("Status", "Unauthorized")

    def read(self, count: int) -> bytes:
        """At most so many decoded bytes, ``b""`` at the end."""
        if self._ahead:
            piece, self._ahead = self._ahead[:count], self._ahead[count:]
            return piece
        if count > _LONG_READ_BYTES and self.announced is not None:
            self._guard.tells = (self._headers_bytes(), self.announced)
        try:
            piece = self._response.read(count, decode_content=self._encoded)
            if not piece and self._guard.ended and self._response.chunked:
                raise IncompleteRead(b"")  # http.client takes a cut length of a chunk, such as 0, for the last one
            return piece
        except Exception as error:
            raise failures.translated(
                error,
                self._guard,
                self._server,
                answered_bytes=max(0, self._guard.received_bytes - self._headers_bytes()),
                announced=self.announced,
            ) from error

    def close(self) -> None:
        """Give the connection back if the body was read, or if its rest is tiny and there; else close it."""
        response = self._response
        if response.connection is None:
            return
        rest = response.length_remaining
        if rest is not None and 0 <= rest <= _DRAINED_BYTES and self._guard.verdict is None:
            guard = self._guard
            guard.deadline = guard.next_look = min(guard.deadline, time.monotonic() + 0.05)
            response.drain_conn()  # swallows errors; closes the connection then
        if response.connection is not None:
            response.close()
            response.release_conn()  # a closed connection goes back too: it connects anew when it is used

    def _headers_bytes(self) -> int:
        lines = sum(len(name) + len(value) + 4 for name, value in self._response.headers.iteritems())
        return lines + len(f"HTTP/1.1 {self._response.status} {self._response.reason}\r\n\r\n")


_API_SERVER = Target(kind="api")
_NO_RETRIES = Retry.from_int(False)
_NOT_FOR_CALLERS = frozenset(
    {
        "authorization",
        "connection",
        "content-length",
        "host",
        "keep-alive",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)


def _shown(url_path: str) -> str:
    """A path and query as they may be shown."""
    path, mark, query = url_path.partition("?")
    # Telling secrets costs time: a path without "=" and without a token's begin holds none that could be told.
    if "=" in path or "eyJ" in path:
        path = redact(path)
    return path + (redact(mark + query) if mark else "")


def _retry_after_s(answer: Stream) -> float | None:
    """When to come again, in seconds: Kubernetes says a number, who stands before it may say a date (RFC 9110, 10.2.3).

    None for another status, for what is neither, and for what is years away.
    """
    said = answer.headers.get("retry-after", "").strip()
    if answer.status_code != 429 or not said:
        return None
    if said.isascii() and said.isdigit():
        return float(said) if len(said) < 7 else None
    try:
        # By the clock that wrote it, where it says so.
        written = parsedate_to_datetime(answer.headers["date"]) if "date" in answer.headers else datetime.now(UTC)
        wait_s = (parsedate_to_datetime(said) - written).total_seconds()
    except (ValueError, TypeError, OverflowError):  # no date; one without a zone; one that never was
        return None
    return max(0.0, wait_s) if wait_s < 1e6 else None


def _pause(wait_s: float, call: Call) -> None:
    until = time.monotonic() + wait_s
    while (left_s := until - time.monotonic()) > 0:
        if call.stopped:
            raise KubeAccessError("stopped while the API server was busy")
        time.sleep(min(left_s, 0.2))
