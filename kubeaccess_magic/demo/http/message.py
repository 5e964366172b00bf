"""A request as it came, and the reasons of status codes."""

from __future__ import annotations

import re
from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import parse_qsl

from .gourl import BadURLError, unescape
from .headers import Headers, is_token
from .wire import Head, MalformedHTTPError, request_framing

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_HOST = re.compile(r"[A-Za-z0-9\-._~!$&'()*+,;=:\[\]%@]*")
_VERSION = re.compile(r"HTTP/([0-9])\.([0-9])")


@dataclass(slots=True)
class IncomingRequest:
    """A request whose head has been read.

    Attributes
    ----------
    target
        The request target as it was sent.
    path
        Its path, percent-decoded (see `gourl`).
    query
        What stands after the first ``?``, byte for byte (T9).
    framing
        How the body ends, see `wire`.
    """

    method: str
    target: str
    path: str
    query: str
    headers: Headers
    host: str
    framing: int
    version: tuple[int, int] = (1, 1)

    @classmethod
    def read(cls, head: Head) -> IncomingRequest:
        """The request that this head begins.

        Raises
        ------
        MalformedError
            The real server would answer 400 and close.
        """
        method, target, version = _first_line(head.first)
        headers = head.headers
        hosts = headers.getall("Host")
        if len(hosts) > 1:
            raise MalformedHTTPError("too many Host headers")
        if not hosts and version >= (1, 1):
            raise MalformedHTTPError("missing required Host header")
        host = hosts[0] if hosts else ""
        if not _HOST.fullmatch(host):
            raise MalformedHTTPError("malformed Host header")
        framing = request_framing(headers)
        headers.remove("Host")
        where = target.encode("latin-1").decode("utf-8", "surrogateescape")
        if where.startswith(("http://", "https://")):  # absolute form, as to a proxy
            host, slash, rest = where.split("//", 1)[1].partition("/")
            where = slash + rest
        elif not where.startswith("/") and not (where == "*" and method == "OPTIONS") and method != "CONNECT":
            raise MalformedHTTPError("malformed request target")
        path, _, query = where.partition("?")
        if _CONTROL.search(where):
            raise MalformedHTTPError("invalid control character in URL")
        try:
            path = unescape(path)
        except BadURLError as bad:
            raise MalformedHTTPError(str(bad)) from bad
        return cls(method, target, path or "/", query, headers, host, framing, version)

    @property
    def parameters(self) -> dict[str, str]:
        """The query's parameters, the first value of each; a ``;`` separates nothing (Go)."""
        out: dict[str, str] = {}
        if not self.query:
            return out
        for name, value in parse_qsl(self.query, keep_blank_values=True, errors="replace"):
            out.setdefault(name, value)
        return out

    @property
    def keeps_alive(self) -> bool:
        """Whether the client means to send another request on this connection."""
        options = {option.lower() for option in self.headers.items_of("Connection")}
        return "close" not in options and (self.version >= (1, 1) or "keep-alive" in options)

    @property
    def upgrades(self) -> bool:
        """Whether any Connection header speaks of an upgrade (T35)."""
        return any("upgrade" in value.lower() for value in self.headers.getall("Connection"))


def _first_line(line: str) -> tuple[str, str, tuple[int, int]]:
    parts = line.split(" ", 1)
    target, _, version = parts[1].rpartition(" ") if len(parts) == 2 else ("", "", "")
    if not target or not is_token(parts[0]):
        raise MalformedHTTPError("malformed request line")
    known = _VERSION.fullmatch(version)
    if not known or known[1] != "1" or " " in target:
        raise MalformedHTTPError("malformed HTTP version")
    return parts[0], target, (int(known[1]), int(known[2]))


def reason(status: int) -> str:
    """The phrase that goes with a status."""
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return f"status code {status}"
