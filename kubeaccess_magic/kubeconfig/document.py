"""YAML as kubectl reads it (G7, G8): what it takes for numbers, dates and booleans differs from PyYAML."""

from __future__ import annotations

import base64
import contextlib
import math
import re
from collections.abc import Mapping
from typing import Any

import yaml

from ..errors import ConfigError

__all__ = ["parse_yaml"]

MAX_DEPTH = 100
MAX_NODES = 400_000  # in one file; an alias counts each time that it is used


def parse_yaml(raw: bytes, source: str) -> Any:
    """The first YAML or JSON document in a text, with the types that kubectl sees (G7, G8).

    Parameters
    ----------
    raw
        The text.
    source
        What to call it in messages, such as its path.

    Raises
    ------
    ConfigError
        The text is not valid YAML, is nested too deeply, or grows without bound through its aliases. The message has
        line and column, never a part of the text.
    """
    # Every node needs one of these characters, so memory is bounded before the parser makes an object of each.
    if sum(raw.count(character) for character in (b"\n", b",", b":", b"[", b"{")) > MAX_NODES:
        raise ConfigError(f"{source} has too many entries for a kubeconfig")
    try:
        if b"%YAML" in raw and (version := re.match(_VERSION, raw)) is not None and version[1] != b"1.1":
            raise ConfigError(f"{source} is in another version of YAML than 1.1, which kubectl reads")
        if raw.count(b"[") + raw.count(b"{") > MAX_DEPTH or _DEEP.search(raw):
            _refuse_depth(raw, source)  # the parser recurses in C: depth would end the whole process
        loader = _NodeLoader(raw)
        return _Builder(source).value_of(loader.get_node()) if loader.check_node() else None
    except ConfigError:
        raise
    except Exception as error:  # hostile bytes raise more than YAMLError; the text of any may quote the file
        mark = getattr(error, "problem_mark", None)
        place = f" (line {mark.line + 1}, column {mark.column + 1})" if mark else ""
        raise ConfigError(f"{source} is not valid YAML{place}") from None


# Compiled where they are needed, since the first request waits for it.
_VERSION = rb"(?:\xef\xbb\xbf)?(?:[ \t]*(?:#[^\n]*)?\r?\n|%(?!YAML)[^\n]*\n)*+%YAML[ \t]+(\S+)"


class _NodeLoader(yaml.CSafeLoader if yaml.__with_libyaml__ else yaml.SafeLoader):  # type: ignore[misc]  # chosen at import
    """Leaves the type of unquoted text open: PyYAML takes other texts for numbers, dates and booleans than kubectl."""

    yaml_implicit_resolvers = {None: [("!plain", re.compile(""))]}  # noqa: RUF012  # as PyYAML declares it


def _refuse_depth(raw: bytes, source: str) -> None:
    """Raise ConfigError for more than `MAX_DEPTH` levels, counted by events, which need no recursion."""
    loader, depth = _NodeLoader(raw), 0
    while loader.check_event():
        event = loader.get_event()
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > MAX_DEPTH:
            raise ConfigError(f"{source} is nested too deeply for a kubeconfig")


# A line that may open many blocks at once; NUL and the byte order mark are for UTF-16.
_DEEP = re.compile(rb"^[ \t?:\x00\xff\xfe-]{100}", re.MULTILINE)
_PLAIN = frozenset(("!plain", *(f"tag:yaml.org,2002:{kind}" for kind in ("bool", "int", "float", "null"))))
_CONSTANTS: Mapping[str, bool | None] = {
    **dict.fromkeys("y Y yes Yes YES true True TRUE on On ON".split(), True),
    **dict.fromkeys("n N no No NO false False FALSE off Off OFF".split(), False),
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
}
_NUMBER = (
    r"[-+]?(0[xX][0-9a-fA-F]+|0[bB][01]+|0[oO][0-7]+|(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?)"
    r"|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)"
)


class _Builder:
    """Builds the values of nodes. An aliased node is built once, but counts each time that it is used."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._built: dict[int, tuple[Any, int] | None] = {}  # by id of the node; None while it is being built

    def value_of(self, node: yaml.Node) -> Any:
        return self._build(node)[0]

    def _build(self, node: yaml.Node) -> tuple[Any, int]:
        """The value of a node, and how many nodes it is with every alias written out."""
        if id(node) in self._built:
            built = self._built[id(node)]
            if built is None:
                raise ConfigError(f"{self._source} is not a kubeconfig: an alias contains itself")
            return built
        self._built[id(node)] = None
        value: Any = None
        weight = 1
        if isinstance(node, yaml.ScalarNode):
            value = _scalar(node.tag, node.value)
        elif isinstance(node, yaml.SequenceNode):
            items = [self._build(child) for child in node.value]
            value = [item for item, _ in items]
            weight += sum(item_weight for _, item_weight in items)
        elif isinstance(node, yaml.MappingNode):
            value, weight = self._mapping(node)
        if weight > MAX_NODES:
            what = "too many entries for a kubeconfig (an alias counts each time that it is used)"
            raise ConfigError(f"{self._source} has {what}")
        self._built[id(node)] = value, weight
        return value, weight

    def _mapping(self, node: yaml.MappingNode) -> tuple[dict[str, Any], int]:
        value: dict[str, Any] = {}
        weight = 1
        for key, child in node.value:
            child_value, child_weight = self._build(child)
            weight += child_weight + 1
            if key.tag == "!plain" and key.value == "<<" and weight <= MAX_NODES:
                for part in reversed(child_value) if isinstance(child_value, list) else (child_value,):
                    value.update(part or {})
            else:
                value[self._key(key)] = child_value
        return value, weight

    def _key(self, node: yaml.Node) -> str:
        value = _scalar(node.tag, node.value) if isinstance(node, yaml.ScalarNode) else None
        if value is None:
            raise ConfigError(f"{self._source} has a key that is not text (line {node.start_mark.line + 1})")
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
    if digits[:1] not in "+-.0123456789" or not re.fullmatch(_NUMBER, digits):
        return text
    with contextlib.suppress(ValueError):
        return int(digits, 0)
    number = float(digits if digits[-1].isdigit() or digits[-1] == "." else digits.replace(".", ""))
    return text if math.isinf(number) and digits[-1].isdigit() else number
