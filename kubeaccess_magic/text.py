"""Make text safe to show: hide secrets, escape control characters and markup, shorten.

Every message, repr, history entry and log line of the package goes through this module. Two rules find secrets: the
value after a name that *denotes* a secret is hidden (``token=…``, ``Authorization: …``, ``user:password@``), and text
that *looks* like a secret is hidden wherever it is (a JSON Web Token, a PEM key). All patterns take linear time.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Mapping

__all__ = [
    "HIDDEN",
    "escape",
    "excerpt",
    "one_line",
    "printable",
    "quoted",
    "redact",
    "redact_header",
    "redact_headers",
    "redact_mapping",
    "shorten",
]

HIDDEN = "[hidden]"

# A name denotes a secret if it contains one of these (`access_token`, `X-Api-Key`) or equals one of `_SECRET_NAMES`.
_SECRET_PART = re.compile(
    r"token|passw(?:or)?d|passphrase|secret|api[_-]?key|access[_-]?key|private[_-]?key|signature|credential|"
    r"session[_-]?id|jwt|authorization",
    re.IGNORECASE,
)
_SECRET_WORDS = tuple(  # each name of a secret contains one of these; looking for them is cheap
    "token passw passphrase secret key signature credential session jwt auth pwd sig cookie".split()
)
_SECRET_NAMES = frozenset({"pwd", "sig", "auth", "cookie", "set-cookie"})

# What every secret below has in or before it; most texts have none of it, and one look is enough for them.
_MAY_HOLD_SECRET = re.compile("-----BEGIN |eyJ|@|bearer|basic|digest|apikey|" + "|".join(_SECRET_WORDS), re.IGNORECASE)

_PEM = re.compile(r"-----BEGIN ([A-Z ]{0,30}PRIVATE KEY)-----.*?(?:-----END \1-----|\Z)", re.DOTALL)
# The first part alone matches, too: so each run of characters is read once, which keeps the time linear.
_JWT = re.compile(r"\beyJ[\w-]{6,}+(?P<rest>\.[\w-]{4,}+\.[\w-]*+)?")
_LOGIN = re.compile(r"(?P<scheme>\b[a-zA-Z][a-zA-Z0-9+.-]{0,20}://)[^/?#\s@'\"]*@")
_HEADER = re.compile(
    r"(?P<name>\b(?:(?:proxy-)?authorization|(?:set-)?cookie)['\"]?\s{0,3}[:=]\s{0,3}['\"]?)[^'\"\r\n]+", re.IGNORECASE
)
_SCHEME = re.compile(r"(?P<name>\b(?:Bearer|Basic|Digest|ApiKey)\s{1,3})[A-Za-z0-9+/._~:=-]{4,}", re.IGNORECASE)
# Control characters (C0 without tab and line feed, C1), zero-width and direction marks, separators, lone surrogates.
_CONTROL = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ud800-\udfff\ufff9-\ufffb]"
)
# `token=x`. A name is read whole or not at all, from its first character, which keeps the time linear.
_PAIR_NAME = re.compile(r"(?<![\w.-])(?P<name>[\w.-]++)=")
_PAIR_VALUE = re.compile(r"[^&;\s\"'<>)]*")
# `token: x` and `"token":"x"`, but not `auth:9090`, which is a service with its port.
_FIELD_NAME = re.compile(r"(?<![\w.-])(?P<name>[\w.-]++)(?:\s{0,3}:\s{1,3}|['\"]\s{0,3}:\s{0,3})['\"]?")
_FIELD_VALUE = re.compile(r"(?!\[hidden\])[^\s'\",}\]]+")


def redact(value: object) -> str:
    """Replace every secret in a text by ``[hidden]``.

    Parameters
    ----------
    value
        The text, or any object, of which ``str(value)`` is taken.
    """
    text = str(value)
    if _MAY_HOLD_SECRET.search(text) is None:
        return text
    if "-----BEGIN " in text:
        text = _PEM.sub(HIDDEN, text)
    if "eyJ" in text:
        text = _JWT.sub(lambda match: match[0] if match["rest"] is None else HIDDEN, text)
    if "@" in text:
        text = _LOGIN.sub(rf"\g<scheme>{HIDDEN}@", text)
    lowered = text.lower()  # looking for a word is much cheaper than the patterns, and most texts contain none
    if "authorization" in lowered or "cookie" in lowered:
        text = _HEADER.sub(rf"\g<name>{HIDDEN}", text)
    if any(word in lowered for word in ("bearer", "basic", "digest", "apikey")):
        text = _SCHEME.sub(rf"\g<name>{HIDDEN}", text)
    if any(word in lowered for word in _SECRET_WORDS):
        text = _redact_values(text, _PAIR_NAME, _PAIR_VALUE)
        text = _redact_values(text, _FIELD_NAME, _FIELD_VALUE)
    return text


def printable(text: str) -> str:
    r"""Escape characters that act on a terminal or change the reading direction (X9): ESC becomes ``\x1b``.

    Line feeds and tabs stay as they are; `one_line` escapes them, too.
    """
    return _CONTROL.sub(_escaped, text)


def one_line(text: str) -> str:
    r"""Escape all control characters, line feeds and tabs included, so that the text cannot forge lines of its own."""
    return printable(text).replace("\n", "\\n").replace("\t", "\\t")


def escape(value: object) -> str:
    """Escape a text for HTML: it cannot contain markup or control characters (X9)."""
    return html.escape(printable(str(value)))


def excerpt(value: object, max_characters: int) -> str:
    """The beginning of a text, redacted and printable, as messages quote it.

    Parameters
    ----------
    value
        The text, or any object, of which ``str(value)`` is taken.
    max_characters
        Longest result, in characters.
    """
    # Cutting first could split a secret, so that it is no longer recognised. Redacting all of a long text is too slow.
    return shorten(printable(redact(str(value)[: 2 * max_characters])), max_characters)


def shorten(text: str, max_characters: int) -> str:
    """Cut a text that is too long and end it with an ellipsis.

    Parameters
    ----------
    text
        The text.
    max_characters
        Longest result, in characters.
    """
    return text if len(text) <= max_characters else text[: max_characters - 1] + "…"


def quoted(text: str) -> str:
    """A text as one word of a line of the magic: in quotes if it must be."""
    if text and not re.search(r"\s", text) and text[0] not in "'\"" and text != "#":
        return text
    return f"'{text}'" if "'" not in text else f'"{text}"'


def redact_header(name: str, value: str) -> str:
    """The value of an HTTP header without secrets.

    Parameters
    ----------
    name
        The header's name. If it denotes a secret, the whole value is hidden.
    value
        The header's value.
    """
    return HIDDEN if _is_secret(name) else redact(value)


def redact_headers(pairs: Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    """HTTP headers, as pairs of name and value, without secrets and in the same order."""
    return tuple((name, redact_header(name, value)) for name, value in pairs)


def redact_mapping(values: Mapping[str, object]) -> dict[str, object]:
    """A copy of a mapping in which the values of secrets are hidden, at any depth."""

    def redacted(name: str, value: object) -> object:
        if isinstance(value, (str, bytes, int)) and _is_secret(name):
            return HIDDEN
        if isinstance(value, Mapping):
            return redact_mapping(value)
        if isinstance(value, (list, tuple)):
            return [redacted(name, item) for item in value]
        return redact(value) if isinstance(value, str) else value

    return {str(name): redacted(str(name), value) for name, value in values.items()}


def _escaped(match: re.Match[str]) -> str:
    return match[0].encode("unicode_escape").decode("ascii")


def _is_secret(name: str) -> bool:
    return _SECRET_PART.search(name) is not None or name.lower() in _SECRET_NAMES


def _redact_values(text: str, name_pattern: re.Pattern[str], value_pattern: re.Pattern[str]) -> str:
    """Hide the value behind each name of a secret. Other values are searched, too: a URL may have such names in it."""
    pieces, position = [], 0
    while match := name_pattern.search(text, position):
        pieces.append(text[position : match.end()])
        position = match.end()
        if _is_secret(match["name"]) and (value := value_pattern.match(text, position)):
            pieces.append(HIDDEN)
            position = value.end()
    return "".join(pieces) + text[position:]
