"""URLs as Go's ``net/url`` and ``path`` packages handle them, which the real API server uses (T1-T9, T27-T29).

Percent-decoded text is a `str` that keeps bytes which are not UTF-8 as lone surrogates (``surrogateescape``), so that
encoding it again gives the same bytes.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass, replace
from urllib.parse import unquote_to_bytes

_BAD_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_RAW_PATH = frozenset(b"!'()*[]")
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.\-]*):")
_USER = re.compile(r"[A-Za-z0-9\-._:~!$&'()*+,;=%@]*")
_ESCAPED = re.compile(r"%[0-9A-Fa-f]{2}")
_LETTERS = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
_PLAIN_PATH = frozenset(_LETTERS + b"-_.~$&+,/:;=@")
_PLAIN_FRAGMENT = _PLAIN_PATH | frozenset(b"?!()*")
_PLAIN_HOST = frozenset(_LETTERS + b"-._~!$&'()*+,;=:[]<>\"")
_PORT = re.compile(r"(:[0-9]*)?")


class BadURLError(ValueError):
    """Text that Go does not parse as a URL; the message is close to Go's."""


def unescape(text: str) -> str:
    """Percent-decode a path.

    Raises
    ------
    BadURLError
        A ``%`` is not followed by two hexadecimal digits.
    """
    if "%" not in text and text.isascii():
        return text
    if match := _BAD_ESCAPE.search(text):
        raise BadURLError(f'invalid URL escape "{text[match.start() : match.start() + 3]}"')
    return unquote_to_bytes(text.encode("utf-8", "surrogateescape")).decode("utf-8", "surrogateescape")


def escape_path(path: str) -> str:
    """Percent-encode a path as Go does: ``!'()*`` and non-ASCII characters are encoded, ``$&+,/:;=@`` are not (T8)."""
    return _escaped(path, _PLAIN_PATH)


def clean(path: str) -> str:
    """The shortest equivalent path: without empty, ``.`` and ``..`` segments (T4, T5)."""
    rooted = path.startswith("/")
    segments: list[str] = []
    for segment in path.split("/"):
        if segment in ("", "."):
            continue
        if segment == "..":
            if segments and segments[-1] != "..":
                segments.pop()
            elif not rooted:
                segments.append("..")
            continue
        segments.append(segment)
    return ("/" if rooted else "") + "/".join(segments) or "."


def join(*parts: str) -> str:
    """Join parts with slashes and clean the result; empty if all parts are empty."""
    text = "/".join(part for part in parts if part)
    return clean(text) if text else ""


@dataclass(frozen=True, slots=True)
class GoURL:
    """A parsed URL; `str()` writes it as Go does.

    Attributes
    ----------
    opaque
        What follows the scheme of a URL like ``mailto:someone``.
    user
        The user information before the host, including the ``@``.
    path
        The path, percent-decoded.
    raw_path
        The path as it was written.
    query
        What follows the ``?``; None if there is no ``?``.
    omit_host
        Whether the URL was written as ``scheme:/path``, without an authority.
    """

    scheme: str = ""
    opaque: str = ""
    user: str = ""
    host: str = ""
    path: str = ""
    raw_path: str = ""
    query: str | None = None
    fragment: str = ""
    omit_host: bool = False

    @classmethod
    def parse(cls, text: str) -> GoURL:
        """Parse a URL or a relative reference.

        Raises
        ------
        BadURLError
            Go's `url.Parse` refuses the text.
        """
        if _CONTROL.search(text):
            raise BadURLError("net/url: invalid control character in URL")
        rest, _, fragment = text.partition("#")
        unescape(fragment)
        if rest.startswith(":"):
            raise BadURLError("missing protocol scheme")
        scheme = ""
        if match := _SCHEME.match(rest):
            scheme, rest = match[1].lower(), rest[match.end() :]
        rest, mark, query = rest.partition("?")
        url = cls(scheme=scheme, query=query if mark else None, fragment=fragment)
        if not rest.startswith("/"):
            if scheme:
                return replace(url, opaque=rest)
            if ":" in rest.split("/")[0]:
                raise BadURLError("first path segment in URL cannot contain colon")
        if rest.startswith("//") and (scheme or not rest.startswith("///")):
            authority, slash, path = rest[2:].partition("/")
            rest = slash + path
            user, host = _authority(authority, scheme)
            url = replace(url, user=user, host=host)
        elif scheme:
            url = replace(url, omit_host=True)
        return replace(url, path=unescape(rest), raw_path=rest)

    def escaped_path(self) -> str:
        """The encoded path: as it was written, if that is a valid encoding of it."""
        if self.raw_path and _is_valid(self.raw_path) and unescape(self.raw_path) == self.path:
            return self.raw_path
        return "*" if self.path == "*" else escape_path(self.path)

    def __str__(self) -> str:
        written = f"{self.scheme}:" if self.scheme else ""
        if self.opaque:
            written += self.opaque
        else:
            authority = self.scheme or self.host or self.user
            if authority and not (self.omit_host and not self.host and not self.user):
                if self.host or self.path or self.user:
                    written += f"//{self.user}{_escaped(self.host, _PLAIN_HOST)}"
            path = self.escaped_path()
            if path and not path.startswith("/") and self.host:
                path = "/" + path
            if not written and ":" in path.split("/")[0]:
                path = "./" + path
            written += path
        if self.query is not None:
            written += f"?{self.query}"
        if self.fragment:
            is_valid = _is_valid(self.fragment.replace("?", ""))
            written += "#" + (self.fragment if is_valid else _escaped(unescape(self.fragment), _PLAIN_FRAGMENT))
        return written


def _authority(text: str, scheme: str) -> tuple[str, str]:
    """The user information, with its ``@``, and the host of an authority."""
    user, at, host = text.rpartition("@")
    if not _USER.fullmatch(user):
        raise BadURLError("net/url: invalid userinfo")
    unescape(user)
    if scheme in ("http", "https") and not host.startswith("[") and host.count(":") > 1:
        raise BadURLError(f'invalid port "{host[host.index(":") :]}" after host')
    return user + at, _host(host)


def _host(text: str) -> str:
    if "[" in text[1:]:
        raise BadURLError("invalid IP-literal")
    if text.startswith("["):
        end = text.rfind("]")
        if end < 0:
            raise BadURLError("missing ']' in host")
        port, address = text[end + 1 :], text[1:end].partition("%25")[0]
        try:
            ipaddress.IPv6Address(address)
        except ValueError:
            raise BadURLError(f'invalid host: ParseAddr("{address}"): unable to parse IP') from None
    else:
        colon = text.rfind(":")
        port = text[colon:] if colon >= 0 else ""
    if not _PORT.fullmatch(port):
        raise BadURLError(f'invalid port "{port}" after host')
    for escape in _ESCAPED.findall(text):
        if escape[1] in "01234567" and escape != "%25":
            raise BadURLError(f'invalid URL escape "{escape}"')
    if any(character.isascii() and ord(character) not in _PLAIN_HOST | {0x25} for character in text):
        raise BadURLError("invalid character in host name")
    return unescape(text)


def _escaped(text: str, plain: frozenset[int]) -> str:
    return "".join(chr(byte) if byte in plain else f"%{byte:02X}" for byte in text.encode("utf-8", "surrogateescape"))


def _is_valid(raw: str) -> bool:
    """Whether an encoded path has only characters that Go accepts there."""
    return all(
        byte in _PLAIN_PATH or byte in _RAW_PATH or byte == 0x25 for byte in raw.encode("utf-8", "surrogateescape")
    )
