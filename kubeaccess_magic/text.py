"""Make text fit to be seen: hide secrets in text, URLs, headers and mappings, and what acts on a terminal.

Every message, repr, history entry and log line of the package passes here. Two rules: what *names* a secret
(``token=…``, ``Authorization: …``, ``user:password@``) hides its value, and what *looks* like one (a JSON Web
Token, a PEM key) is hidden wherever it stands. Each pattern is bounded, so that no text takes more than linear time.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Mapping

__all__ = [
    "HIDDEN",
    "escape",
    "excerpt",
    "printable",
    "redact",
    "redact_header",
    "redact_headers",
    "redact_mapping",
    "shorten",
]

HIDDEN = "[hidden]"

# What a name of a secret holds, whatever stands around it (`access_token`, `X-Api-Key`), or what it is as a whole.
_PART = re.compile(
    r"token|passw(?:or)?d|passphrase|secret|api[_-]?key|access[_-]?key|private[_-]?key|signature|credential|"
    r"session[_-]?id|jwt|authorization",
    re.IGNORECASE,
)
_WORDS = tuple(  # without one of these in it no name is secret
    "token passw passphrase secret key signature credential session jwt auth pwd sig cookie".split()
)
_WHOLE = frozenset({"pwd", "sig", "auth", "cookie", "set-cookie"})

_PEM = re.compile(r"-----BEGIN ([A-Z ]{0,30}PRIVATE KEY)-----.*?(?:-----END \1-----|\Z)", re.DOTALL)
_JWT = re.compile(r"\beyJ[\w-]{6,}\.[\w-]{4,}\.[\w-]*")
_LOGIN = re.compile(r"(?P<scheme>\b[a-zA-Z][a-zA-Z0-9+.-]{0,20}://)[^/?#\s@'\"]*@")
_HEADER = re.compile(
    r"(?P<name>\b(?:(?:proxy-)?authorization|(?:set-)?cookie)['\"]?\s{0,3}[:=]\s{0,3}['\"]?)[^'\"\r\n]+", re.IGNORECASE
)
_SCHEME = re.compile(r"(?P<name>\b(?:Bearer|Basic|Digest|ApiKey)\s{1,3})[A-Za-z0-9+/._~:=-]{4,}", re.IGNORECASE)
_PAIR_NAME = re.compile(r"(?P<name>[\w.-]{1,80})=")
_PAIR_VALUE = re.compile(r"[^&;\s\"'<>)]*")
# Control characters (C0 but tab and line feed, C1), zero-width and direction marks, separators, lone surrogates.
_ACTING = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ud800-\udfff\ufff9-\ufffb]"
)
# `token: x` and `"token":"x"`, but not `auth:9090`, which is a service and its port.
_FIELD = re.compile(
    r"(?P<before>(?P<name>[\w.-]{1,80})(?:\s{0,3}:\s{1,3}|['\"]\s{0,3}:\s{0,3})['\"]?)(?!\[hidden\])[^\s'\",}\]]+",
    re.IGNORECASE,
)


def redact(value: object) -> str:
    """Any text without the secrets that it names or that can be told by their look.

    Parameters
    ----------
    value
        Anything; its ``str`` is taken.
    """
    out = str(value)
    if "-----BEGIN " in out:
        out = _PEM.sub(HIDDEN, out)
    if "eyJ" in out:
        out = _JWT.sub(HIDDEN, out)
    if "@" in out:
        out = _LOGIN.sub(rf"\g<scheme>{HIDDEN}@", out)
    lowered = out.lower()  # a look for the words is many times cheaper than the patterns, and most texts have none
    if "authorization" in lowered or "cookie" in lowered:
        out = _HEADER.sub(rf"\g<name>{HIDDEN}", out)
    if any(word in lowered for word in ("bearer", "basic", "digest", "apikey")):
        out = _SCHEME.sub(rf"\g<name>{HIDDEN}", out)
    if any(word in lowered for word in _WORDS):
        out = _FIELD.sub(_field_hidden, _pairs_hidden(out))
    return out


def printable(text: str) -> str:
    r"""Text in which nothing acts on a terminal or turns the reading direction (X9): ESC becomes the letters ``\x1b``.

    Line ends and tabs stay.
    """
    return _ACTING.sub(lambda found: found[0].encode("unicode_escape").decode("ascii"), text)


def escape(value: object) -> str:
    """Any text as part of a page: never markup, and nothing in it acts (X9)."""
    return html.escape(printable(str(value)))


def excerpt(value: object, most_characters: int) -> str:
    """Any text as a message shows it: without secrets, harmless, and no longer than that."""
    # A secret may be cut where the text is, so what is looked through is longer than what is shown; never all of it.
    return shorten(printable(redact(str(value)[: 2 * most_characters])), most_characters)


def shorten(text: str, most_characters: int) -> str:
    """Text that is no longer than that; where it was, an ellipsis ends it."""
    return text if len(text) <= most_characters else text[: most_characters - 1] + "…"


def redact_header(name: str, value: str) -> str:
    """The value of one header, hidden whole if the header carries a secret."""
    return HIDDEN if _is_secret(name) else redact(value)


def redact_headers(pairs: Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    """Headers with the secret ones hidden, in their order."""
    return tuple((name, redact_header(name, value)) for name, value in pairs)


def redact_mapping(values: Mapping[str, object]) -> dict[str, object]:
    """A mapping with the values of secret names hidden, at any depth."""

    def hide(name: str, value: object) -> object:
        if isinstance(value, (str, bytes, int)) and _is_secret(name):
            return HIDDEN
        if isinstance(value, Mapping):
            return redact_mapping(value)
        if isinstance(value, (list, tuple)):
            return [hide(name, item) for item in value]
        return redact(value) if isinstance(value, str) else value

    return {str(name): hide(str(name), value) for name, value in values.items()}


def _is_secret(name: str) -> bool:
    return _PART.search(name) is not None or name.lower() in _WHOLE


def _pairs_hidden(text: str) -> str:
    """``name=value`` with the values of secret names hidden; a value that is a URL is looked into, too."""
    pieces, at = [], 0
    while found := _PAIR_NAME.search(text, at):
        pieces.append(text[at : found.end()])
        at = found.end()
        if _is_secret(found["name"]) and (value := _PAIR_VALUE.match(text, at)):
            pieces.append(HIDDEN)
            at = value.end()
    return "".join(pieces) + text[at:]


def _field_hidden(found: re.Match[str]) -> str:
    return found["before"] + HIDDEN if _is_secret(found["name"]) else found[0]
