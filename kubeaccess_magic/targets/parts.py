"""What can be a name, a port, a segment and a path; each refusal says what to type instead."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from urllib.parse import unquote_to_bytes

from ..errors import TargetError

__all__ = [
    "check_name",
    "check_port",
    "made_of_labels",
    "quoted",
    "reads_as_slip",
    "safe_path",
    "shown",
    "split_segment",
]


def check_name(what: str, name: str) -> None:
    """Refuse what no object can be called: names are RFC 1123 labels, of pods and nodes one or more with dots."""
    pattern = _LABELS if what in ("pod", "node") else _ONE_LABEL
    if pattern.fullmatch(name):
        return
    if not name:
        raise TargetError(f"the name of the {what} is missing", hint=f"type it as in {_EXAMPLES[what]}")  # N8
    message = f"no {what} can be called {quoted(name)}"
    if pattern.fullmatch(name.lower()):
        raise TargetError(f"{message}, because names are lower-case", hint=f"type `{name.lower()}`")
    characters = "letters, digits, dots and hyphens" if pattern is _LABELS else "letters, digits and hyphens"
    raise TargetError(message, hint=f"names are made of lower-case {characters}, as in {_EXAMPLES[what]}")


def check_port(kind: str, port: str) -> None:
    """Refuse what no port can be. A sign is fine for a service (N13); for a pod the API server panics (D2)."""
    if _NUMBER.fullmatch(port):
        if 1 <= int(port) <= 65535 and (kind == "service" or port[0] != "+"):
            return
    elif not port or (_ONE_LABEL.fullmatch(port) and not port.isdigit()):
        return
    hint = "type a number from 1 to 65535, or the name of the port"
    if _ONE_LABEL.fullmatch(port.lower()) and not port.isdigit():
        hint = f"type `{port.lower()}`, because the names of ports are lower-case"
    raise TargetError(f"no port can be {quoted(port)}", hint=hint)


def made_of_labels(name: str) -> bool:
    """Whether it is made of labels with dots between them, as hosts and the names of pods are."""
    return _LABELS.fullmatch(name) is not None


def reads_as_slip(scheme: str, name: str, port: str) -> bool:
    """Whether name and port look like a scheme and a name (N7)."""
    return not scheme and name in ("http", "https") and bool(port) and not _NUMBER.fullmatch(port)


def split_segment(segment: str) -> tuple[str, str, str]:
    """Scheme, name and port of a segment as the API server splits it (N1-N9)."""
    match segment.split(":"):
        case [name]:
            return "", name, ""
        case [name, port]:
            return "", name, port
        case [scheme, name, port]:
            return scheme, name, port
    raise TargetError(
        f"{quoted(segment)} has more than the three parts scheme:name:port",  # N9
        hint="type `https:NAME:PORT`, `NAME:PORT` or `NAME`",
    )


def safe_path(path: str) -> str:
    """A path as it is sent, if it stays where it is put.

    Legal characters and escapes stay as they are; everything else is percent-encoded, of "%" only those that begin
    no escape. What comes out goes in again unchanged.

    Parameters
    ----------
    path
        A path without query ("?" and "#" are characters like others here).

    Raises
    ------
    TargetError
        After any amount of percent-decoding, the path holds a segment "." or "..", a backslash or a control
        character, which somebody on the way may resolve to another path of the API server (X1); or it holds half a
        surrogate pair, which is no text.
    """
    try:
        data = path.encode()
    except UnicodeEncodeError:
        raise TargetError(
            "the path holds half a surrogate pair, which is no text",
            hint="type the character itself, or its bytes in UTF-8 percent-encoded",
        ) from None
    # What is looked for is no part of an escape: once decoding has brought it to light, no further decoding hides it.
    while (decoded := unquote_to_bytes(_NESTED_PERCENT.sub(b"%", data))) != data:
        data = decoded
    text = data.decode(errors="surrogateescape")
    if not {".", ".."}.isdisjoint(text.split("/")):
        raise TargetError(
            f"the path {quoted(path)} holds a segment `.` or `..`, which may lead out of the target",
            hint="type the path that is meant, without `.` and `..`",
        )
    if found := _NEVER_IN_A_PATH.search(text):
        what = "a backslash" if found[0] == "\\" else "a control character"
        raise TargetError(
            f"the path {quoted(path)} holds {what}, which servers read differently",
            hint="type the path without it, or send it in the query",
        )
    return _ILLEGAL_IN_A_PATH.sub(lambda found: "".join(f"%{byte:02X}" for byte in found[0].encode()), path)


def shown(text: str) -> str:
    """A text as a message can bear it: short, and of visible characters only."""
    if len(text) > 80:
        text = f"{text[:79]}…"
    return text if text.isprintable() else ascii(text)[1:-1]


def quoted(text: str) -> str:
    """The same between quotes."""
    return f'"{shown(text)}"'


_LABEL = r"[a-z0-9](?:[-a-z0-9]*[a-z0-9])?"
_ONE_LABEL = re.compile(_LABEL)
_LABELS = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")
_NUMBER = re.compile(r"\+?[0-9]{1,19}")  # N13
_NESTED_PERCENT = re.compile(rb"%(?:25)+")
_NEVER_IN_A_PATH = re.compile(r"[\\\x00-\x1f\x7f-\x9f]")
_ILLEGAL_IN_A_PATH = re.compile(r"%(?![0-9A-Fa-f]{2})|[^A-Za-z0-9._~!$&'()*+,;=:@/%-]")

_EXAMPLES: Mapping[str, str] = MappingProxyType(
    {"service": "`web` or `shop/web:80`", "pod": "`pod/web-0`", "node": "`node/worker-1`", "namespace": "`shop/web`"}
)
