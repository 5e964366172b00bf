"""Errors for connections that failed between the API server and a pod or node, by its message (E8)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...errors import KubeAccessError, TargetError, Unreachable

if TYPE_CHECKING:
    from ...targets import Target

__all__ = ["NO_CONNECTION", "connection_failure"]

NO_CONNECTION = "error trying to reach service: "
"""The beginning of the API server's message."""

_NOT_TLS = ("first record does not look like a TLS handshake", "server gave HTTP response")
_NO_ROUTE = ("i/o timeout", "no route to host", "deadline exceeded")
_HUNG_UP = ("EOF", "reset by peer", "broken pipe", "server closed idle connection")


def connection_failure(words: str, target: Target) -> KubeAccessError:
    """Translate a connection failure behind the API server into an error.

    Parameters
    ----------
    words
        The API server's message after `NO_CONNECTION`.
    target
        The target of the request.
    """
    plain = target.with_scheme("http")  # written out, since https is filled in for some ports
    last = words.rsplit(": ", 1)[-1]
    if _has(words, _NOT_TLS):
        return Unreachable(f"{target} does not speak TLS on that port", hint=f"type {plain}")
    if "connection refused" in words:
        return Unreachable(f"nothing listens behind {target}: the connection was refused", hint=_refused_hint(target))
    if _has(words, _NO_ROUTE):
        hint = f"it may have no route to pods here; `{target.port_forward}` goes through the kubelet"
        if target.kind == "node":
            hint = "it may have no route to that node"
        return Unreachable(f"the API server cannot connect to the pod behind {target} ({last})", hint=hint)
    if "TLS handshake timeout" in words or "tls:" in words:
        return Unreachable(
            f"the TLS handshake with {target} failed: {last}", hint=f"if it speaks plain HTTP type {plain}"
        )
    if "malformed HTTP" in words:
        return Unreachable(
            f"what listens behind {target} does not speak HTTP", hint="choose another port, if there is one"
        )
    if "invalid port" in words:
        return TargetError(f"{target.port} is not a port", hint="a port is a number from 1 to 65535")
    if _has(words, _HUNG_UP):
        other, speaks = (plain, "plain HTTP") if target.scheme == "https" else (target.with_scheme("https"), "TLS")
        return Unreachable(
            f"{target} closed the connection without an answer", hint=f"if that port speaks {speaks}, type {other}"
        )
    if "context canceled" in words:  # the API server takes a half-closed connection for a client that left
        return Unreachable(
            f"the API server gave {target} up, because the connection to the API server was closed on the way",
            hint="ask again; if it stays so, a proxy or load balancer before the API server closes connections",
        )
    return Unreachable(
        f"the API server did not get an answer from {target}: {words}",
        hint="ask again; `%kproxy pods` shows whether its pods restart",
    )


def _has(words: str, parts: tuple[str, ...]) -> bool:
    return any(part in words for part in parts)


def _refused_hint(target: Target) -> str:
    if target.kind == "node":
        return "a kubelet listens on 10250; other ports of a node are those of programs that run there"
    if target.kind == "pod":
        return "`%kproxy pods` shows the ports of its containers; the app may still be starting"
    return "its targetPort may be wrong, or the app may still be starting"
