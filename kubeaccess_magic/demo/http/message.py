"""A request as it arrived, and the reason phrases of status codes."""

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


class BadHostError(MalformedHTTPError):
    """The Host header is missing, repeated or malformed: the only problem that the real server names."""


@dataclass(slots=True)
class IncomingRequest:
    """A request whose head has been read.

    Attributes
    ----------
    target
        The request target, exactly as sent.
    path
        The path, percent-decoded (see `gourl`).
    query
        Everything after the first ``?``, byte for byte (T9).
    framing
        How the end of the body is found: its length, or `wire.CHUNKED`.
    version
        The HTTP version, major and minor.
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
        """Build a request from the head of a message.

        Raises
        ------
        MalformedHTTPError
            The real server would answer 400 and close the connection.
        """
        method, target, version = _first_line(head.first)
        headers = head.headers
        hosts = headers.getall("Host")
        if len(hosts) > 1:
            raise BadHostError("too many Host headers")
        if not hosts and version >= (1, 1):
            raise BadHostError("missing required Host header")
        host = hosts[0] if hosts else ""
        if not _HOST.fullmatch(host):
            raise BadHostError("malformed Host header")
        framing = request_framing(headers)
        headers.remove("Host")
        decoded = target.encode("latin-1").decode("utf-8", "surrogateescape")
        if decoded.startswith(("http://", "https://")):  # absolute form, as sent to a proxy
            host, slash, rest = decoded.split("//", 1)[1].partition("/")
            decoded = slash + rest
        elif not decoded.startswith("/") and not (decoded == "*" and method == "OPTIONS") and method != "CONNECT":
            raise MalformedHTTPError("malformed request target")
        path, _, query = decoded.partition("?")
        if _CONTROL.search(decoded):
            raise MalformedHTTPError("invalid control character in URL")
        try:
            path = unescape(path)
        except BadURLError as error:
            raise MalformedHTTPError(str(error)) from error
        return cls(method, target, path or "/", query, headers, host, framing, version)

    @property
    def parameters(self) -> dict[str, str]:
        """The query parameters, with the first value of each; as in Go, ``;`` does not separate parameters."""
        parameters: dict[str, str] = {}
        if not self.query:
            return parameters
        for name, value in parse_qsl(self.query, keep_blank_values=True, errors="replace"):
            parameters.setdefault(name, value)
        return parameters

    @property
    def keeps_alive(self) -> bool:
        """Whether the client may send another request on this connection."""
        options = {option.lower() for option in self.headers.items_of("Connection")}
        return "close" not in options and (self.version >= (1, 1) or "keep-alive" in options)

    @property
    def upgrades(self) -> bool:
        """Whether a Connection header asks for an upgrade (T35)."""
        return any("upgrade" in value.lower() for value in self.headers.getall("Connection"))


def _first_line(line: str) -> tuple[str, str, tuple[int, int]]:
    parts = line.split(" ", 1)
    target, _, version = parts[1].rpartition(" ") if len(parts) == 2 else ("", "", "")
    if not target or not is_token(parts[0]):
        raise MalformedHTTPError("malformed request line")
    match = _VERSION.fullmatch(version)
    if not match or match[1] != "1" or " " in target:
        raise MalformedHTTPError("malformed HTTP version")
    return parts[0], target, (int(match[1]), int(match[2]))


def reason_phrase(status: int) -> str:
    """The reason phrase of a status code."""
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return f"status code {status}"
