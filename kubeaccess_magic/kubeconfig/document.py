"""YAML as kubectl reads it (G7, G8): its idea of numbers, dates and booleans is not PyYAML's."""

from __future__ import annotations

import base64
import contextlib
import math
import re
from collections.abc import Mapping
from typing import Any

import yaml

from ..errors import ConfigError

__all__ = ["parse"]

MAX_DEPTH = 100
MAX_NODES = 400_000  # of a file, aliases counted as often as they are used


def parse(raw: bytes, source: str) -> Any:
    """The first YAML or JSON document of a file, with the types that kubectl sees (G7, G8).

    Raises
    ------
    ConfigError
        It is no YAML, nested too deeply, or a bomb of aliases. The message has line and column, never text of the file.
    """
    # Every node needs one of these, so memory is bounded before the parser makes an object of each.
    if sum(raw.count(character) for character in (b"\n", b",", b":", b"[", b"{")) > MAX_NODES:
        raise ConfigError(f"{source} has too many entries for a kubeconfig")
    try:
        if (version := _VERSION.match(raw)) is not None and version[1] != b"1.1":
            raise ConfigError(f"{source} is in another version of YAML than 1.1, which kubectl reads")
        if raw.count(b"[") + raw.count(b"{") > MAX_DEPTH or _DEEP.search(raw):
            _refuse_depth(raw, source)  # the parser recurses in C: depth would end the whole process
        loader = _Nodes(raw)
        return _build(loader.get_node(), {}, source)[0] if loader.check_node() else None
    except ConfigError:
        raise
    except Exception as error:  # hostile bytes raise more than YAMLError; the text of any may hold the file's
        mark = getattr(error, "problem_mark", None)
        place = f", line {mark.line + 1} column {mark.column + 1}" if mark else ""
        raise ConfigError(f"{source} is no YAML{place}") from None


_VERSION = re.compile(rb"(?:\xef\xbb\xbf)?(?:[ \t]*(?:#[^\n]*)?\r?\n|%(?!YAML)[^\n]*\n)*+%YAML[ \t]+(\S+)")


class _Nodes(yaml.CSafeLoader if yaml.__with_libyaml__ else yaml.SafeLoader):  # type: ignore[misc]  # chosen at import
    """Leaves unquoted text unresolved: PyYAML's idea of numbers, dates and booleans is not kubectl's."""

    yaml_implicit_resolvers = {None: [("!plain", re.compile(""))]}  # noqa: RUF012  # as PyYAML declares it


def _refuse_depth(raw: bytes, source: str) -> None:
    """Raise ConfigError for more than `MAX_DEPTH` levels; events come without recursion."""
    loader, depth = _Nodes(raw), 0
    while loader.check_event():
        event = loader.get_event()
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > MAX_DEPTH:
            raise ConfigError(f"{source} is nested too deeply for a kubeconfig")


# A line that may begin many blocks at once; NUL and the mark for UTF-16.
_DEEP = re.compile(rb"^[ \t?:\x00\xff\xfe-]{100}", re.MULTILINE)
_PLAIN = frozenset(("!plain", *(f"tag:yaml.org,2002:{kind}" for kind in ("bool", "int", "float", "null"))))
_CONSTANTS: Mapping[str, bool | None] = {
    **dict.fromkeys("y Y yes Yes YES true True TRUE on On ON".split(), True),
    **dict.fromkeys("n N no No NO false False FALSE off Off OFF".split(), False),
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
}
_NUMBER = re.compile(
    r"[-+]?(0[xX][0-9a-fA-F]+|0[bB][01]+|0[oO][0-7]+|(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?)"
    r"|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)"
)


def _build(node: yaml.Node, built: dict[int, tuple[Any, int] | None], source: str) -> tuple[Any, int]:
    """The value of a node, and how many nodes it is with every alias written out."""
    if id(node) in built:
        done = built[id(node)]
        if done is None:
            raise ConfigError(f"{source} is no kubeconfig: an alias holds itself")
        return done
    built[id(node)] = None
    value: Any = None
    weight = 1
    if isinstance(node, yaml.ScalarNode):
        value = _scalar(node.tag, node.value)
    elif isinstance(node, yaml.SequenceNode):
        value = []
        for child_node in node.value:
            child, more = _build(child_node, built, source)
            value.append(child)
            weight += more
    elif isinstance(node, yaml.MappingNode):
        value = {}
        for key, child_node in node.value:
            child, more = _build(child_node, built, source)
            weight += more + 1
            if key.tag == "!plain" and key.value == "<<" and weight <= MAX_NODES:
                for part in reversed(child) if isinstance(child, list) else (child,):
                    value.update(part or {})
            else:
                value[_key(key, source)] = child
    if weight > MAX_NODES:
        raise ConfigError(f"{source} has too many entries for a kubeconfig, aliases counted as often as they are used")
    built[id(node)] = value, weight
    return value, weight


def _key(node: yaml.Node, source: str) -> str:
    value = _scalar(node.tag, node.value) if isinstance(node, yaml.ScalarNode) else None
    if value is None:
        raise ConfigError(f"{source} has a key that is no text, line {node.start_mark.line + 1}")
    return str(value).lower() if isinstance(value, bool) else str(node.value)


def _scalar(tag: str, text: str) -> Any:
    """One scalar by kubectl's YAML 1.1: ``y`` is true, ``1e3`` and ``0o7`` are numbers, a date is text."""
    if tag == "tag:yaml.org,2002:binary":
        return base64.b64decode(text).decode("utf-8", "replace")
    if tag not in _PLAIN:
        return text
    if text in _CONSTANTS:
        return _CONSTANTS[text]
    digits = text.replace("_", "")
    if not _NUMBER.fullmatch(digits):
        return text
    with contextlib.suppress(ValueError):
        return int(digits, 0)
    number = float(digits if digits[-1].isdigit() or digits[-1] == "." else digits.replace(".", ""))
    return text if math.isinf(number) and digits[-1].isdigit() else number
