"""`Pool`: persistent connections to one upstream, signed and limited; it translates foreign errors.

A pool speaks to its upstream and to nobody else. It follows no redirect. What urllib3, OpenSSL or the socket raise
becomes one of our errors here, without a secret in it.
"""

from __future__ import annotations

import dataclasses
import re
import time
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from urllib3 import HTTPHeaderDict, Retry, Timeout

from ..errors import KubeAccessError, TargetError
from ..text import redact
from ..version import __version__
from . import failures
from .deadlines import Guard
from .leases import FixedRoute, KubeconfigRoute, RouteLeases
from .response import Response

if TYPE_CHECKING:
    from ..call import Call
    from ..credentials import AuthFlow, Credential
    from ..kubeconfig import Context
    from .leases import Lease, LeaseSource
    from .upstream import Upstream

__all__ = ["Pool"]

_SAFE_METHODS = ("GET", "HEAD")


class Pool:
    """Persistent connections to one upstream, for any number of threads. Nothing is contacted before the first request.

    `for_context` makes one to the API server of a context, `for_api_client` one over an official client.

    Parameters
    ----------
    upstream
        Where requests go.
    auth
        Signs them; nothing secret goes over plain http (G10). None: nothing is signed, and the caller may send an
        ``Authorization`` of an app.
    """

    def __init__(self, upstream: Upstream, auth: AuthFlow | None = None) -> None:
        self._begin(RouteLeases(FixedRoute(upstream, auth)), None)

    @classmethod
    def for_context(cls, context: Context, credential: Credential) -> Pool:
        """A pool to the API server of a context, which follows changes of the kubeconfig.

        Parameters
        ----------
        context
            Says where the server is and whom to trust.
        credential
            Signs each request.
        """
        self = cls.__new__(cls)
        self._begin(RouteLeases(KubeconfigRoute(context, credential)), None)
        return self

    @classmethod
    def for_api_client(cls, api_client: Any) -> Pool:
        """A pool over the connections and the headers of an official client that somebody configured.

        Parameters
        ----------
        api_client
            A ``kubernetes.client.ApiClient``, version 31 or later.

        Raises
        ------
        ConfigError
            The object is not an official client.
        """
        from .official_client import leases_of

        self = cls.__new__(cls)
        self._begin(leases_of(api_client), api_client)
        return self

    def _begin(self, leases: LeaseSource, api_client: Any) -> None:
        self._leases = leases
        self._api_client = api_client
        self._closed = False

    def __repr__(self) -> str:
        return f"<Pool to {self.upstream.url}>"

    @property
    def upstream(self) -> Upstream:
        """Where requests go, as far as it is known without reading anything."""
        return self._leases.upstream

    def open(
        self,
        method: str,
        path: str,
        *,
        headers: Iterable[tuple[str, str]] = (),
        body: bytes | Iterable[bytes] | None = None,
        call: Call,
        safe: bool | None = None,
    ) -> Response:
        """Send one request, signed; status and headers of the answer have arrived when this returns.

        A GET or HEAD is sent once more if the connection broke before an answer, and once more with a renewed
        signature after a 401 of the API server. Nothing else is sent twice, nor is a body in pieces.

        Parameters
        ----------
        method
            In upper case.
        path
            From its first "/" on, encoded, with query; the base path of the upstream is put in front.
        headers
            The headers of the request, without credentials and without headers of the connection.
        body
            Bytes, pieces that are sent in chunks as they come, or None.
        call
            Says how long it may take; hears of progress.
        safe
            Whether the request changes nothing, for the hint of an error. None: as the method says.

        Raises
        ------
        TimedOut, Unreachable
            It took too long; the upstream cannot be reached or trusted, or the connection broke.
        CredentialError, TargetError
            Nothing signs; the request cannot be sent as it is.
        """
        content = body if body is None or isinstance(body, bytes) else _Pieces(body)
        reads = method in _SAFE_METHODS
        repeatable = reads and not isinstance(content, _Pieces)
        sending = _Sending(method, path, tuple(headers), content, reads if safe is None else safe, repeatable)
        try:
            return self._open(sending, call)
        except KubeAccessError as error:
            # Raised afresh: the frames below hold signed headers, and a verbose traceback shows what frames hold.
            raise failures.without_frames(error) from error.__cause__
        except BaseException as interrupt:  # a kernel interrupt, above all: its frames would keep the socket open, too
            failures.without_frames(interrupt)
            raise interrupt.with_traceback(None) from None

    @property
    def api_client(self) -> Any:
        """The official ``kubernetes.client.ApiClient`` over these connections, made when first asked for."""
        if self._api_client is None:
            from .official_client import api_client

            self._api_client = api_client(self._leases, _USER_AGENT)
        return self._api_client

    def close(self) -> None:
        """Close the connections; a later request is an error."""
        self._closed = True
        self._leases.close()

    def _open(self, sending: _Sending, call: Call) -> Response:
        started = time.monotonic()
        if self._closed:
            raise KubeAccessError(f"the connection to {self.upstream.url} was closed", hint="make a new Cluster")
        call.check()
        guard = Guard(call)
        may_repeat, may_renew = sending.repeatable, True
        while True:
            lease = self._leases.lease(call)
            try:
                response = self._send(lease, sending, guard, started)
            except Exception as error:
                if may_repeat and guard.verdict is None and failures.broke_before_answer(error, guard):
                    may_repeat = False
                    continue
                failure = self._failure(error, lease, sending, guard)
                # A cause that may quote a header is not shown: the header may be the token.
                hidden = failure is error or isinstance(failure, TargetError)
                raise failure from (None if hidden else error)
            if may_renew and response.status_code == 401 and lease.auth is not None:
                may_renew = False
                if self._renewed(lease, response, sending, call) and sending.repeatable:
                    continue
            return response

    def _renewed(self, lease: Lease, response: Response, sending: _Sending, call: Call) -> bool:
        """Whether the API server refused the signature, and there is another one; the response is closed then."""
        try:
            if not response.is_refusal(sending.method) or not lease.renew(call):
                return False
        except BaseException:
            response.close()
            raise
        if sending.repeatable:
            response.close()
        return True

    def _send(self, lease: Lease, sending: _Sending, guard: Guard, started: float) -> Response:
        connections, limits = lease.connections, guard.call.limits
        upstream = connections.upstream
        # A proxy that forwards plain http is told the whole URL; else a connection has one server.
        forwarded = connections.pool.proxy is not None and not upstream.secure
        begin = upstream.url if forwarded else upstream.base_path
        shown = _shown(sending.path)
        guard.url = begin + sending.path
        guard.connected = False
        outer, connections.current_guard.guard = connections.current_guard.guard, guard
        try:
            response = connections.pool.urlopen(
                sending.method,
                begin + shown,
                body=sending.body,
                headers=_headers(lease, sending.headers),
                retries=_NO_RETRIES,
                redirect=False,
                assert_same_host=False,  # a path has no host; the pool has one
                # Of one wait each: the guard ends the sum of the waits.
                timeout=Timeout(connect=min(limits.connect_s, guard.call.total_s), read=limits.silence_s),
                preload_content=False,
            )
        finally:
            connections.current_guard.guard = outer
        return Response(response, guard, server=upstream.url, url=upstream.url + shown, started=started)  # type: ignore[arg-type]  # the pool's own class

    def _failure(self, error: Exception, lease: Lease, sending: _Sending, guard: Guard) -> Exception:
        if isinstance(sending.body, _Pieces) and sending.body.error is error:
            return error  # whoever makes the body knows what it means
        return failures.translated(
            error,
            guard,
            lease.upstream.url,
            unsafe_method="" if sending.safe else sending.method,
            proxy=lease.upstream.proxy,
            has_ca=bool(lease.upstream.tls.ca_file or lease.upstream.tls.ca_data),
        )


@dataclasses.dataclass(frozen=True, repr=False, eq=False)
class _Sending:
    """One request on its way out."""

    method: str
    path: str
    headers: tuple[tuple[str, str], ...]
    body: bytes | _Pieces | None
    safe: bool  # it changes nothing
    repeatable: bool  # it may be sent a second time


class _Pieces:
    """A body in pieces, which remembers what went wrong while they were made."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self._pieces = pieces
        self.error: BaseException | None = None

    def __iter__(self) -> Iterator[bytes]:
        try:
            yield from self._pieces
        except Exception as error:
            self.error = error
            raise


_NO_RETRIES = Retry.from_int(False)
_USER_AGENT = f"kubeaccess-magic/{__version__}"
_OF_THE_CONNECTION = frozenset(
    {
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
_OF_THE_SIGNATURE = re.compile(r"authorization|impersonate-.*|x-remote-.*", re.DOTALL)


def _headers(lease: Lease, caller_headers: tuple[tuple[str, str], ...]) -> Any:
    """All headers of a request, for urllib3.

    Raises
    ------
    TargetError
        One of the caller's belongs to the connection, or to what signs the request.
    """
    upstream = lease.upstream
    signing = lease.signature.headers
    own = {
        "User-Agent": _USER_AGENT,
        "Accept-Encoding": "gzip" if upstream.compressed else "identity",  # never br or zstd (T32)
        "Host": upstream.host_header,
    }
    if not caller_headers:
        headers = {**own, **dict(signing)}
        if len(headers) == len(own) + len(signing):  # no name comes twice
            return headers
    names = {name.lower() for name, _ in caller_headers}
    for name in names:
        if name in _OF_THE_CONNECTION or (lease.auth is not None and _OF_THE_SIGNATURE.fullmatch(name)):
            raise TargetError(
                f"the header {name} belongs to the connection to the API server and cannot be sent",
                hint="leave it out; --as and --as-group ask as somebody else",
            )
    merged = HTTPHeaderDict({name: value for name, value in own.items() if name.lower() not in names})
    for name, value in (*caller_headers, *signing):
        merged.add(name, value)
    return merged


def _shown(path: str) -> str:
    """A path and query without secrets."""
    path, mark, query = path.partition("?")
    # Redaction takes time: a path without "=" and without the beginning of a token has nothing to redact.
    if "=" in path or "eyJ" in path:
        path = redact(path)
    return path + (redact(mark + query) if mark else "")
