"""Connection failures: the only place where errors of urllib3, OpenSSL and sockets become errors of this package."""

from __future__ import annotations

import http.client
import re
import socket
import ssl
import sys
import traceback
from collections.abc import Iterator
from typing import TYPE_CHECKING, TypeVar

import urllib3.exceptions as foreign

from ..errors import KubeAccessError, LimitExceeded, TargetError, TimedOut, Unreachable
from ..reply import size_text
from .tls import RELAXED

if TYPE_CHECKING:
    from .deadlines import Guard
    from .proxies import Proxy

__all__ = ["broke_before_answer", "translated", "translated_reading", "without_frames"]

_Error = TypeVar("_Error", bound=BaseException)

_RIGHT_ONE = "is the VPN up, and is this the right context (`%kproxy contexts`)?"
_RUNNING = "is the cluster running, and is this the right context (`%kproxy contexts`)?"


def broke_before_answer(error: BaseException, guard: Guard) -> bool:
    """Whether the connection broke before the server answered: then a GET or HEAD may be sent once more.

    Parameters
    ----------
    error
        What was raised.
    guard
        The guard of the request.
    """
    chain = tuple(_chain(error))
    if _first(chain, ssl.SSLCertVerificationError, TimeoutError, foreign.NewConnectionError) is not None:
        return False
    broken = (http.client.RemoteDisconnected, ConnectionResetError, BrokenPipeError, ssl.SSLEOFError)
    return any(isinstance(part, broken) for part in chain) or (guard.connected and _ended_by_alert(chain) is not None)


def translated(
    error: BaseException,
    guard: Guard,
    server: str,
    *,
    unsafe_method: str = "",
    proxy: Proxy | None = None,
    has_ca: bool = True,
) -> KubeAccessError:
    """Translate a foreign error that occurred before an answer arrived; the most specific match wins.

    Parameters
    ----------
    error
        What was raised.
    guard
        The guard of the request, which may have ended it.
    server
        The upstream's URL.
    unsafe_method
        The method, where the request may have changed something although there was no answer.
    proxy
        The proxy on the way, or None.
    has_ca
        Whether the kubeconfig names the CA of the server; if not, the CAs of the system are trusted.
    """
    if isinstance(error, KubeAccessError):
        return error
    if guard.verdict is not None:
        return _ended(guard, server, "no answer so far")
    chain = tuple(_chain(error))
    return (
        _not_through(chain, proxy, server)
        or _not_trusted(chain, server, has_ca)
        or _not_connected(chain, guard, server, proxy)
        or _not_understood(chain, guard, server)
        or _without_answer(chain, server, unsafe_method)
    )


def translated_reading(
    error: BaseException, guard: Guard, server: str, *, read_bytes: int, announced: int | None
) -> KubeAccessError:
    """Translate a foreign error that occurred while a body was being read.

    Parameters
    ----------
    error, guard, server
        As of `translated`.
    read_bytes
        How much of the body came.
    announced
        How much was announced, or None.
    """
    if isinstance(error, KubeAccessError):
        return error
    so_far = f"read {size_text(read_bytes)}" + ("" if announced is None else f", announced {size_text(announced)}")
    if guard.verdict is not None:
        return _ended(guard, server, so_far)
    return _broken_answer(tuple(_chain(error)), server, so_far)


def without_frames(error: _Error) -> _Error:
    """Remove the tracebacks of an error and of its causes, because frames hold secrets; returns the error."""
    for part in _chain(error):
        if part.__traceback__ is not None:
            traceback.clear_frames(part.__traceback__)
        part.__traceback__ = None
    return error


def _ended(guard: Guard, server: str, so_far: str) -> KubeAccessError:
    limits = guard.call.limits
    if guard.verdict == "stopped":
        return KubeAccessError(f"stopped ({so_far})")
    if guard.verdict == "silent":
        return TimedOut(
            f"{server} sent nothing for {_seconds(limits.silence_s)} ({so_far})",
            hint="the app behind it may be slow or stuck: ask for less, or look at its pods",
        )
    return TimedOut(
        f"the answer took longer than {_seconds(guard.call.total_s)} ({so_far})",
        hint="allow more time with --timeout or timeout_s=, or ask for less",
    )


def _without_answer(chain: tuple[BaseException, ...], server: str, unsafe_method: str) -> KubeAccessError:
    """The connection was made, and ended before an answer."""
    hint = "ask again; if it stays so, the app dies while it answers, or something in between cuts connections"
    if server.startswith("http://"):
        hint = "if it speaks TLS, its URL in the kubeconfig must begin with https://"
    if unsafe_method:
        hint = f"the {unsafe_method} may have been carried out all the same: look before you send it again"
    unsendable = _first(chain, ValueError, http.client.InvalidURL)
    if _first(chain, OSError, http.client.HTTPException) not in (None, unsendable):
        return Unreachable(f"{server} closed the connection without an answer", hint=hint)
    if unsendable is not None:
        # The error's own text is left out: it may quote a header, and a header may be the token.
        return TargetError(
            "the request cannot be sent as it is: a header, the method or the URL is not legal in HTTP",
            hint="headers have no line breaks and no characters beyond Latin-1",
        )
    return Unreachable(f"{server} cannot be asked: {type(chain[0]).__name__}", hint=hint)


def _broken_answer(chain: tuple[BaseException, ...], server: str, so_far: str) -> KubeAccessError:
    if _first(chain, foreign.DecodeError) is not None:
        return Unreachable(
            f"the answer is not what its Content-Encoding says ({so_far})",
            hint="the app sends broken compressed data",
        )
    if _first(chain, TimeoutError, foreign.TimeoutError) is not None:
        return TimedOut(f"{server} stopped sending ({so_far})", hint="ask again, or ask for less")
    return Unreachable(
        f"the connection broke in the middle of the answer ({so_far})",
        hint="the app or its pod may have died; ask again, or ask for less",
    )


def _not_through(chain: tuple[BaseException, ...], proxy: Proxy | None, server: str) -> Unreachable | None:
    """What is wrong with the proxy, or with what it says of the server (G16, G17)."""
    socks = next((part for part in reversed(chain) if type(part).__module__ == "socks"), None)
    at_socks = proxy is not None and proxy.scheme == "socks5" and _first(chain, foreign.NewConnectionError) is not None
    if not at_socks and _first(chain, foreign.ProxyError) is None and socks is None:
        return None
    tunnel = next((match for part in chain if (match := _NO_TUNNEL.search(str(part)))), None)
    reason = tunnel[1].strip() if tunnel else str(socks).partition(": ")[2] if _is_called(socks, "SOCKS5Error") else ""
    if reason.startswith("407") or _is_called(socks, "SOCKS5AuthError"):
        what, hint = "refuses the login", "the login is part of the proxy's URL: http://USER:PASSWORD@HOST:PORT"
    elif reason:
        what, hint = f"cannot connect to it ({reason})", f"can it reach the cluster? {_RIGHT_ONE}"
    else:
        of_kubeconfig = proxy is not None and proxy.in_kubeconfig
        without = "remove `proxy-url` from the kubeconfig" if of_kubeconfig else "name the server in NO_PROXY"
        what, hint = "cannot be used", f"is it up? If no proxy is needed, {without}"
        if _first(chain, foreign.NameResolutionError, socket.gaierror) is not None:
            what = "has a name that is not known here"
        elif _first(chain, ConnectionRefusedError) is not None:
            what = "refuses the connection"
        elif _first(chain, TimeoutError, foreign.ReadTimeoutError) is not None:
            what = "does not answer"
        elif (distrust := _first(chain, ssl.SSLCertVerificationError)) is not None:
            what = f"is not trusted: {distrust.verify_message}"
            hint = "the certificate of an https proxy is verified as the server's is"  # G16
    name = f"the proxy {proxy.address} ({proxy.place})" if proxy else "the proxy"
    return Unreachable(f"{name} on the way to {server} {what}", hint=hint)


def _is_called(error: BaseException | None, name: str) -> bool:
    """Whether it is an error of PySocks, which need not be installed."""
    return type(error).__name__ == name


def _not_connected(
    chain: tuple[BaseException, ...], guard: Guard, server: str, proxy: Proxy | None
) -> KubeAccessError | None:
    if _first(chain, foreign.ClosedPoolError) is not None:
        return Unreachable(f"the connection to {server} was closed on this side", hint="make a new Cluster")
    if _first(chain, foreign.NameResolutionError) is not None:
        return Unreachable(f"the name in {server} is not known here", hint=_RIGHT_ONE)
    if _first(chain, ConnectionRefusedError) is not None:
        return Unreachable(f"{server} refuses the connection", hint=_RUNNING)
    if guard.connected:
        return None
    if (
        _first(chain, TimeoutError, foreign.TimeoutError) is not None
        and _first(chain, foreign.NewConnectionError) is None
    ):
        waited_s = min(guard.call.limits.connect_s, guard.call.total_s)
        by = f" through the proxy {proxy.address} ({proxy.place})" if proxy else ""
        return Unreachable(f"{server} did not answer within {_seconds(waited_s)}{by}", hint=_RIGHT_ONE)
    refused = _first(chain, OSError)
    if refused is not None and not isinstance(refused, (ssl.SSLError, ConnectionResetError)) and refused.strerror:
        return Unreachable(f"{server} cannot be reached: {refused.strerror}", hint=_RIGHT_ONE)
    return None


def _not_understood(chain: tuple[BaseException, ...], guard: Guard, server: str) -> KubeAccessError | None:
    large = _first(chain, http.client.LineTooLong, http.client.HTTPException)
    if large is not None and _HEAD_TOO_LARGE.match(str(large)):
        return LimitExceeded(
            f"the head of the answer is too large: {large}",
            hint="the app, or a proxy in front of it, sends far too many headers",
        )
    odd = _first(chain, http.client.BadStatusLine, http.client.LineTooLong)
    if odd is not None and not isinstance(odd, http.client.RemoteDisconnected):
        return Unreachable(
            f"{server} does not speak HTTP here",
            hint="if it speaks TLS, its URL in the kubeconfig must begin with https://",
        )
    handshake = _first(chain, ssl.SSLError)
    ended = isinstance(handshake, ssl.SSLEOFError) or (guard.connected and _ended_by_alert(chain) is not None)
    if handshake is not None and not ended:
        return _no_handshake(handshake, server)
    if _first(chain, TimeoutError, foreign.TimeoutError) is not None:
        return TimedOut(f"{server} did not answer in time", hint="allow more time with --timeout or timeout_s=")
    return None


def _not_trusted(chain: tuple[BaseException, ...], server: str, has_ca: bool) -> Unreachable | None:
    error = _first(chain, ssl.SSLCertVerificationError)
    if error is None:
        return None
    reason = (error.verify_message or "certificate verify failed").rstrip(".")
    if error.verify_code in _STRICT_ONLY:
        version = f"{sys.version_info[0]}.{sys.version_info[1]}"
        return Unreachable(
            f"{server} is not trusted: its CA lacks what Python {version} asks for, and kubectl does not ({reason})",
            hint=f"`%env {RELAXED}={server}` accepts the CA of this server as it is; all else is verified as before",
        )
    if error.verify_code in _WRONG_NAME:
        hint = "the certificate is for another name: write that as `tls-server-name` in the kubeconfig"
    elif error.verify_code in _WRONG_TIME:
        hint = "check the clock of this machine; if it is right, the server's certificate must be renewed"
    elif not has_ca:
        hint = (
            "the kubeconfig names no CA, so those of this system count: set `certificate-authority-data` of the"
            " cluster, or SSL_CERT_FILE to a file that has its CA"
        )
    else:
        hint = "is `certificate-authority` in the kubeconfig that of this cluster? The cluster may have a new one"
    return Unreachable(f"{server} is not trusted: {reason}", hint=hint)


def _no_handshake(error: ssl.SSLError, server: str) -> Unreachable:
    reason = (error.reason or "").upper()
    if reason in ("WRONG_VERSION_NUMBER", "HTTP_REQUEST", "RECORD_LAYER_FAILURE", "PACKET_LENGTH_TOO_LONG"):
        return Unreachable(
            f"{server} does not speak TLS",
            hint="if it does not use TLS, its URL in the kubeconfig must begin with http://; nothing is signed then",
        )
    if _is_about_certificate(error):
        return Unreachable(
            f"{server} does not accept the client certificate ({reason.lower().replace('_', ' ')})",
            hint="is it of this cluster, and still valid?",
        )
    words = reason.lower().replace("_", " ") or "the handshake failed"
    return Unreachable(
        f"no TLS connection to {server}: {words}", hint="does something between this machine and the server end TLS?"
    )


def _ended_by_alert(chain: tuple[BaseException, ...]) -> ssl.SSLError | None:
    """The TLS error that ended a connection, unless it is about the client certificate.

    With TLS 1.3 a server refuses that after the handshake.
    """
    alert = _first(chain, ssl.SSLError)
    return None if alert is None or _is_about_certificate(alert) else alert


def _is_about_certificate(error: ssl.SSLError) -> bool:
    reason = (error.reason or "").upper()
    return "CERTIFICATE" in reason or "UNKNOWN_CA" in reason


_NO_TUNNEL = re.compile(r"Tunnel connection failed: (\d{3}[ \w-]{0,60})")  # http.client's own words
# http.client's own words: a line of 64 KiB, a hundred headers.
_HEAD_TOO_LARGE = re.compile(r"got more than \d+ (bytes when reading header line|headers)$")
# OpenSSL's numbers of what only X509_V_FLAG_STRICT refuses: extensions that RFC 5280 asks for, and a CA lacks.
_STRICT_ONLY = range(80, 94)
_WRONG_NAME = (62, 64)  # X509_V_ERR_HOSTNAME_MISMATCH, X509_V_ERR_IP_ADDRESS_MISMATCH
_WRONG_TIME = (9, 10)  # X509_V_ERR_CERT_NOT_YET_VALID, X509_V_ERR_CERT_HAS_EXPIRED


def _first(chain: tuple[BaseException, ...], *kinds: type[_Error]) -> _Error | None:
    return next((part for part in chain if isinstance(part, kinds)), None)


def _seconds(count: float) -> str:
    return (f"{count:.1f}".removesuffix(".0") if count >= 1 else f"{count:.1g}") + " s"


def _chain(error: BaseException) -> Iterator[BaseException]:
    """The error, those that it carries in its arguments, as urllib3's do, and those that caused it."""
    seen: list[BaseException] = []
    waiting: list[BaseException | None] = [error]
    while waiting:
        part = waiting.pop(0)
        if part is None or part in seen or len(seen) > 16:
            continue
        seen.append(part)
        yield part
        waiting += [arg for arg in part.args if isinstance(arg, BaseException)]
        waiting += [getattr(part, "original_error", None), getattr(part, "reason", None)]
        waiting += [part.__cause__, part.__context__]
        waiting = [part for part in waiting if isinstance(part, BaseException)]
