"""The entries of one kubeconfig file, each with what is wrong with it.

Entries hold secrets: they do not live longer than a call.
"""

from __future__ import annotations

import base64
import os
import stat
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from ..errors import ConfigError
from .document import parse

__all__ = ["SCHEMA", "Entry", "Sections", "decoded", "folder_of", "load", "sound", "text_of"]

MAX_FILE_BYTES = 8 * 2**20

# What kubectl decodes, and as what; a wrong type anywhere fails the whole file (G7), unknown fields do not (G8).
# `bytes` is base64, `object` anything, a list of one a list of that, the key `...` any key.
_EXTENSIONS = [{"name": str, "extension": object}]
SCHEMA: Mapping[str, tuple[str, dict[str, Any]]] = {
    "clusters": ("cluster", {
        "server": str, "tls-server-name": str, "insecure-skip-tls-verify": bool, "certificate-authority": str,
        "certificate-authority-data": bytes, "proxy-url": str, "disable-compression": bool, "extensions": _EXTENSIONS,
    }),
    "users": ("user", {
        "client-certificate": str, "client-certificate-data": bytes, "client-key": str, "client-key-data": bytes,
        "token": str, "tokenFile": str, "username": str, "password": str,
        "as": str, "as-uid": str, "as-groups": [str], "as-user-extra": {...: [str]},
        "auth-provider": {"name": str, "config": {...: str}},
        "exec": {
            "command": str, "args": [str], "env": [{"name": str, "value": str}], "apiVersion": str,
            "installHint": str, "provideClusterInfo": bool, "interactiveMode": str,
        },
        "extensions": _EXTENSIONS,
    }),
    "contexts": ("context", {"cluster": str, "user": str, "namespace": str, "extensions": _EXTENSIONS}),
}  # fmt: skip
_TOP = {"current-context": str, "preferences": {"colors": bool, "extensions": _EXTENSIONS}, "extensions": _EXTENSIONS}
_WORDS = {str: "text", list: "a list", dict: "a mapping", bool: "true or false", int: "a number", float: "a number"}


class Entry(NamedTuple):
    """A named entry of a file. Holds secrets, so it does not live longer than a call."""

    body: dict[str, Any]
    path: str
    fault: str | None


Sections = dict[str, dict[str, Entry]]


def load(path: str) -> Sections:
    """The entries of one file by section and name; ``current-context`` under that name."""
    document = parse(_read(path), path)
    document = {} if document is None else document
    if not isinstance(document, dict):
        raise ConfigError(f"{path} is no kubeconfig: it holds {_WORDS[type(document)]}, not a mapping")
    for field, value in document.items():  # these two in any case of letters, as kubectl
        wanted = {"apiversion": "v1", "kind": "Config"}.get(field.lower())
        if wanted and value not in (None, "", wanted):
            raise ConfigError(f"{path} is no kubeconfig: its {field} is not {wanted}")
    for fault in _faults(document, {**_TOP, **{section: [object] for section in SCHEMA}}, ""):
        raise ConfigError(f"{path}, {fault}")
    current = {"current": Entry({"name": document.get("current-context") or ""}, path, None)}
    sections: Sections = {"current-context": current}
    for section, (inner, fields) in SCHEMA.items():
        found: dict[str, Entry] = {}
        for position, item in enumerate(document.get(section) or (), 1):
            item = item if isinstance(item, dict) else {inner: item}
            name, body = text_of(item, "name"), item.get(inner)
            label = f"{inner} {name!r}" if name else f"{inner} number {position}"
            faults = [*_faults(item, {"name": str, inner: fields}, ""), *["it is there twice"] * (name in found)]
            body = body if isinstance(body, dict) else {}
            found[name] = Entry(body, path, f"{path}, {label}, {faults[0]}" if faults else None)
        sections[section] = found
    return sections


def _read(path: str) -> bytes:
    """The bytes of a file. FileNotFoundError passes: whether a file must exist is the caller's rule."""
    try:
        mode = os.stat(path).st_mode
        if stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode):
            raise ConfigError(f"{path} is a pipe; a kubeconfig is read again when it has changed, so it must be a file")
        with open(path, "rb") as file:
            raw = file.read(MAX_FILE_BYTES + 1)
    except FileNotFoundError:
        raise
    except (OSError, ValueError) as error:
        raise ConfigError(f"{path} cannot be read: {getattr(error, 'strerror', None) or 'not a path'}") from None
    if len(raw) > MAX_FILE_BYTES:
        raise ConfigError(f"{path} is larger than 8 MiB, that is no kubeconfig")
    return raw


def _faults(value: Any, schema: Any, field: str) -> Iterator[str]:
    """What does not fit a schema, in words that hold no value of the file."""
    if value is None or schema is object:
        return
    wanted: Any = schema if isinstance(schema, type) else type(schema)
    if wanted is bytes:
        if not isinstance(value, str) or decoded(value) is None:
            yield f"{field} is no base64 text"
    elif type(value) is not wanted:
        yield f"{field or 'it'} is {_WORDS[type(value)]}, {_WORDS[wanted]} is wanted{' (in quotes)' * (wanted is str)}"
    elif wanted is list:
        for position, inner in enumerate(value):
            yield from _faults(inner, schema[0], f"{field}[{position}]")
    elif wanted is dict:
        for key in value if ... in schema else schema:
            yield from _faults(value.get(key), schema.get(key, schema.get(...)), f"{field}.{key}" if field else key)


def decoded(text: str) -> bytes | None:
    """Base64 as Go reads it: line ends are passed over; None if it is none."""
    try:
        return base64.b64decode(text.replace("\n", "").replace("\r", ""), validate=True)
    except ValueError:
        return None


def text_of(body: Mapping[str, Any], field: str) -> str:
    """A field that is text, else ""."""
    value = body.get(field)
    return value if isinstance(value, str) else ""


def folder_of(path: str) -> str:
    """The folder of a path as it was given: a symlink's own (G2)."""
    return os.path.dirname(os.path.abspath(path))


def sound(entry: Entry) -> dict[str, Any]:
    """What an entry holds; ConfigError if something is wrong with it."""
    if entry.fault is not None:
        raise ConfigError(entry.fault)
    return entry.body
