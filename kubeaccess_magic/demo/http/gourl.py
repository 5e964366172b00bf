"""URLs as Go's net/url and path packages understand them: the real API server is made of these (T1-T9, T27-T29).

Text that was percent-decoded is a `str` in which bytes that are no UTF-8 are kept as lone surrogates
(``surrogateescape``), so that encoding it again gives the same bytes.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from urllib.parse import unquote_to_bytes

_BAD_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_PLAIN_PATH = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~$&+,/:;=@")
_RAW_PATH = frozenset(b"!'()*[]")
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.\-]*):")
_HOST = re.compile(r"[A-Za-z0-9\-._~!$&'()*+,;=:<>\"\[\]\x80-\U0010ffff%\udc80-\udcff]*")
_PORT = re.compile(r"(:[0-9]*)?")


class BadURLError(ValueError):
    """Go would not parse it; the text is Go's, about."""


def unescape(text: str) -> str:
    """Percent-decode a path.

    Raises
    ------
    BadURLError
        An escape is not two hexadecimal digits.
    """
    if "%" not in text and text.isascii():
        return text
    if bad := _BAD_ESCAPE.search(text):
        raise BadURLError(f'invalid URL escape "{text[bad.start() : bad.start() + 3]}"')
    return unquote_to_bytes(text.encode("utf-8", "surrogateescape")).decode("utf-8", "surrogateescape")


def escape_path(path: str) -> str:
    """Percent-encode a path as Go does: ``!'()*`` and all that is not ASCII are encoded, ``$&+,/:;=@`` are not (T8)."""
    return "".join(
        chr(byte) if byte in _PLAIN_PATH else f"%{byte:02X}" for byte in path.encode("utf-8", "surrogateescape")
    )


def clean(path: str) -> str:
    """The shortest path that means the same: no empty, ``.`` or ``..`` segments (T4, T5)."""
    rooted = path.startswith("/")
    out: list[str] = []
    for segment in path.split("/"):
        if segment in ("", "."):
            continue
        if segment == "..":
            if out and out[-1] != "..":
                out.pop()
            elif not rooted:
                out.append("..")
            continue
        out.append(segment)
    return ("/" if rooted else "") + "/".join(out) or "."


def join(*parts: str) -> str:
    """The parts with slashes between, cleaned; an empty text when all are empty."""
    text = "/".join(part for part in parts if part)
    return clean(text) if text else ""


@dataclass(frozen=True, slots=True)
class GoURL:
    """A parsed URL; `str()` writes it as Go would."""

    scheme: str = ""
    opaque: str = ""
    user: str = ""
    host: str = ""
    path: str = ""
    raw_path: str = ""
    query: str | None = None
    fragment: str | None = None

    @classmethod
    def parse(cls, text: str) -> GoURL:
        """Read a URL or a reference.

        Raises
        ------
        BadURLError
            Go's `url.Parse` refuses it.
        """
        if _CONTROL.search(text):
            raise BadURLError("net/url: invalid control character in URL")
        rest, hash_, fragment = text.partition("#")
        rest, mark, query = rest.partition("?")
        scheme = ""
        if rest.startswith(":"):
            raise BadURLError("missing protocol scheme")
        if found := _SCHEME.match(rest):
            scheme, rest = found[1].lower(), rest[found.end() :]
        url = cls(scheme=scheme, query=query if mark else None, fragment=unescape(fragment) if hash_ else None)
        if not rest.startswith("/"):
            if scheme:
                return replace(url, opaque=rest)
            if ":" in rest.split("/")[0]:
                raise BadURLError("first path segment in URL cannot contain colon")
        if rest.startswith("//") and (scheme or not rest.startswith("///")):
            authority, slash, path = rest[2:].partition("/")
            rest = slash + path
            user, at, host = authority.rpartition("@")
            url = replace(url, user=user + at, host=_host(host))
        return replace(url, path=unescape(rest), raw_path=rest)

    def escaped_path(self) -> str:
        """The path as it is written: as it came, if that is a proper way to write it."""
        if self.raw_path and _proper(self.raw_path) and unescape(self.raw_path) == self.path:
            return self.raw_path
        return escape_path(self.path)

    def __str__(self) -> str:
        out = f"{self.scheme}:" if self.scheme else ""
        if self.opaque:
            out += self.opaque
        else:
            if self.scheme or self.host or self.user:
                if self.host or self.user or self.path:
                    out += f"//{self.user}{self.host}" if self.host or self.path.startswith("/") else ""
                path = self.escaped_path()
                if path and not path.startswith("/") and self.host:
                    path = "/" + path
            else:
                path = self.escaped_path()
                if path.startswith("//"):
                    path = "/." + path
                if ":" in path.split("/")[0] and not out:
                    path = "./" + path
            out += path
        if self.query is not None:
            out += f"?{self.query}"
        if self.fragment:
            out += "#" + "".join(
                chr(byte) if byte in _PLAIN_PATH or byte in b"?!()*" else f"%{byte:02X}"
                for byte in self.fragment.encode("utf-8", "surrogateescape")
            )
        return out


def _host(text: str) -> str:
    if text.startswith("["):
        end = text.rfind("]")
        if end < 0:
            raise BadURLError("missing ']' in host")
        port = text[end + 1 :]
    else:
        colon = text.rfind(":")
        port = text[colon:] if colon >= 0 else ""
    if not _PORT.fullmatch(port):
        raise BadURLError(f'invalid port "{port}" after host')
    if not _HOST.fullmatch(text):
        raise BadURLError("invalid character in host name")
    return text


def _proper(raw: str) -> bool:
    return all(
        byte in _PLAIN_PATH or byte in _RAW_PATH or byte == 0x25 for byte in raw.encode("utf-8", "surrogateescape")
    )
