"""The entries of one kubeconfig file, each with its problem, if any.

Entries hold secrets: they do not live longer than a call.
"""

from __future__ import annotations

import base64
import os
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from ..errors import ConfigError
from .document import parse_yaml
from .files import read_file
from .placeholders import placeholder_problem
from .problem import Problem

__all__ = ["SCHEMA", "Entry", "Sections", "base64_decoded", "folder_of", "load", "sound", "text_of"]

# What kubectl decodes, and as which type. A wrong type anywhere fails the whole file (G7), unknown fields do not (G8).
# `bytes` is base64, `object` anything, a list of one type a list of that, the key `...` any key.
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
    """A named entry of a file, with its first problem. It holds secrets, so it is kept only during a call."""

    body: dict[str, Any]
    path: str
    problem: Problem | None


Sections = dict[str, dict[str, Entry]]


def load(path: str) -> Sections:
    """The entries of one file by section and name; the section ``current-context`` has one entry, ``current``.

    Raises
    ------
    ConfigError
        The file cannot be read, or is no kubeconfig.
    FileNotFoundError
        There is no such file: whether that is an error is for the caller to decide.
    """
    document = _document(path)
    current = {"current": Entry({"name": document.get("current-context") or ""}, path, None)}
    sections: Sections = {"current-context": current}
    for section, (kind, fields) in SCHEMA.items():
        entries: dict[str, Entry] = {}
        for position, item in enumerate(document.get(section) or (), 1):
            item = item if isinstance(item, dict) else {kind: item}
            name, body = text_of(item, "name"), item.get(kind)
            place = f"{path}, {kind} {name!r}:" if name else f"{path}, {kind} number {position}:"
            problems = [*_problems(item, {"name": str, kind: fields}, "")]
            problems += [Problem("the name appears twice")] * (name in entries)
            problem = problems[0].of(place) if problems else None
            entries[name] = Entry(body if isinstance(body, dict) else {}, path, problem)
        sections[section] = entries
    return sections


def base64_decoded(text: str) -> bytes | None:
    """Base64 as Go reads it, which ignores line ends; None if the text is not base64."""
    try:
        return base64.b64decode(text.replace("\n", "").replace("\r", ""), validate=True)
    except ValueError:
        return None


def text_of(body: Mapping[str, Any], field: str) -> str:
    """The value of a field if it is text, else ""."""
    value = body.get(field)
    return value if isinstance(value, str) else ""


def folder_of(path: str) -> str:
    """The folder of a path as it was given: for a symlink its own, not its target's (G2)."""
    return os.path.dirname(os.path.abspath(path))


def sound(entry: Entry) -> dict[str, Any]:
    """The body of an entry; ConfigError if something is wrong with it."""
    if entry.problem is not None:
        raise entry.problem.error()
    return entry.body


def _document(path: str) -> dict[str, Any]:
    """The whole file as a mapping whose top level is that of a kubeconfig."""
    document = parse_yaml(_read(path), path)
    document = {} if document is None else document
    if not isinstance(document, dict):
        raise ConfigError(f"{path} is not a kubeconfig: it contains {_WORDS[type(document)]} instead of a mapping")
    for field, value in document.items():  # the names of these two in any case of letters, as with kubectl
        expected = {"apiversion": "v1", "kind": "Config"}.get(field.lower())
        if expected and value not in (None, "", expected):
            raise ConfigError(f"{path} is not a kubeconfig: its {field} is not {expected}")
    for problem in _problems(document, {**_TOP, **{section: [object] for section in SCHEMA}}, ""):
        raise problem.of(f"{path}:").error()
    return document


def _read(path: str) -> bytes:
    try:
        return read_file(path)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise ConfigError(f"the kubeconfig {path} cannot be read: {error.strerror}") from None


def _problems(value: Any, schema: Any, field: str) -> Iterator[Problem]:
    """Where a value does not fit its schema, in words that hold no value of the file."""
    if value is None or schema is object:
        return
    expected: Any = schema if isinstance(schema, type) else type(schema)
    if expected is bytes:
        yield from _base64_problems(value, field)
    elif type(value) is not expected:
        in_quotes = " (in quotes)" if expected is str else ""
        yield Problem(f"{field or 'the entry'} must be {_WORDS[expected]}{in_quotes}, not {_WORDS[type(value)]}")
    elif expected is list:
        for position, inner in enumerate(value):
            yield from _problems(inner, schema[0], f"{field}[{position}]")
    elif expected is dict:
        for key in value if ... in schema else schema:
            yield from _problems(value.get(key), schema.get(key, schema.get(...)), f"{field}.{key}" if field else key)


def _base64_problems(value: Any, field: str) -> Iterator[Problem]:
    if not isinstance(value, str) or base64_decoded(value) is None:
        problem = Problem(f"{field} is not base64 text")
        placeholder = placeholder_problem(value, field) if isinstance(value, str) else None
        yield placeholder._replace(what=f"{problem.what}: {placeholder.what}") if placeholder else problem
