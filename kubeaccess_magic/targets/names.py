"""The names, ports and segments that Kubernetes allows. Each refusal says what to type instead."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType

from ..errors import TargetError

__all__ = [
    "check_name",
    "check_port",
    "is_dotted_name",
    "is_name",
    "is_port_name",
    "looks_like_scheme_and_name",
    "quoted",
    "shown",
    "split_segment",
]


def is_name(kind: str, name: str) -> bool:
    """Whether an object of a kind can have a name.

    Parameters
    ----------
    kind
        "service", "namespace", "pod" or "node". Names of pods and nodes may contain dots.
    name
        The name. It must consist of RFC 1123 labels.
    """
    return _name_pattern(kind).fullmatch(name) is not None


def check_name(kind: str, name: str) -> None:
    """Refuse a name that no object of a kind can have.

    Parameters
    ----------
    kind, name
        As of `is_name`.

    Raises
    ------
    TargetError
        The name is empty or not valid.
    """
    if is_name(kind, name):
        return
    if not name:
        raise TargetError(f"the name of the {kind} is missing", hint=f"type for example {_EXAMPLES[kind]}")  # N8
    message = f"{quoted(name)} is not a valid {kind} name"
    if is_name(kind, name.lower()):
        raise TargetError(f"{message}, because names are lower-case", hint=f"type `{name.lower()}`")
    characters = "letters, digits, dots and hyphens" if kind in _DOTTED_KINDS else "letters, digits and hyphens"
    raise TargetError(message, hint=f"names consist of lower-case {characters}, for example {_EXAMPLES[kind]}")


def is_port_name(name: str) -> bool:
    """Whether a port can have a name: an RFC 1123 label that is not a number."""
    return _LABEL.fullmatch(name) is not None and not name.isdigit()


def check_port(kind: str, port: str) -> None:
    """Refuse a port that no object of a kind can have.

    Parameters
    ----------
    kind
        "service", "pod" or "node". A service port may have a plus sign (N13); of a pod's, the API server panics (D2).
    port
        A number or a name; "" for none.

    Raises
    ------
    TargetError
        The port is neither a number from 1 to 65535 nor a valid name.
    """
    if _NUMBER.fullmatch(port):
        if 1 <= int(port) <= 65535 and (kind == "service" or port[0] != "+"):
            return
    elif not port or is_port_name(port):
        return
    hint = "type a number from 1 to 65535, or the name of the port"
    if is_port_name(port.lower()):
        hint = f"type `{port.lower()}`, because port names are lower-case"
    raise TargetError(f"{quoted(port)} is not a valid port", hint=hint)


def is_dotted_name(name: str) -> bool:
    """Whether a name consists of RFC 1123 labels with dots between them, as host names do."""
    return _DOTTED_LABELS.fullmatch(name) is not None


def looks_like_scheme_and_name(scheme: str, name: str, port: str) -> bool:
    """Whether a segment's name and port are probably meant as its scheme and name, as in ``https:web`` (N7).

    Parameters
    ----------
    scheme, name, port
        The parts of the segment as the API server reads them; "" for those that are missing.
    """
    return not scheme and name in ("http", "https") and bool(port) and not _NUMBER.fullmatch(port)


def split_segment(segment: str) -> tuple[str, str, str]:
    """Split a segment into scheme, name and port as the API server does (N1-N9); "" for those that are missing."""
    match segment.split(":"):
        case [name]:
            return "", name, ""
        case [name, port]:
            return "", name, port
        case [scheme, name, port]:
            return scheme, name, port
    raise TargetError(
        f"{quoted(segment)} has more than three parts; the form is scheme:name:port",  # N9
        hint="type `https:NAME:PORT`, `NAME:PORT` or `NAME`",
    )


def shown(text: str) -> str:
    """A text shortened for a message, with only visible characters."""
    if len(text) > 80:
        text = f"{text[:79]}…"
    return text if text.isprintable() else ascii(text)[1:-1]


def quoted(text: str) -> str:
    """A text for a message: short, visible, and in quotation marks."""
    return f'"{shown(text)}"'


def _name_pattern(kind: str) -> re.Pattern[str]:
    return _DOTTED_LABELS if kind in _DOTTED_KINDS else _LABEL


_RFC_1123_LABEL = r"[a-z0-9](?:[-a-z0-9]*[a-z0-9])?"
_LABEL = re.compile(_RFC_1123_LABEL)
_DOTTED_LABELS = re.compile(rf"{_RFC_1123_LABEL}(?:\.{_RFC_1123_LABEL})*")
_DOTTED_KINDS = ("pod", "node")
_NUMBER = re.compile(r"\+?[0-9]{1,19}")  # N13

_EXAMPLES: Mapping[str, str] = MappingProxyType(
    {"service": "`web` or `shop/web:80`", "pod": "`pod/web-0`", "node": "`node/worker-1`", "namespace": "`shop/web`"}
)
