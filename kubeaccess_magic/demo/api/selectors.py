"""Label and field selectors: parsed and refused in the real server's words."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from .status import ApiError, Object, bad_request

ObjectTest = Callable[[Object], bool]

_TOKENS = re.compile(r"\s*(?:(==|!=|[=!(),<>])|([^\s=!(),<>]+))")
_KEY = re.compile(r"(?:[a-z0-9](?:[-a-z0-9.]{0,251}[a-z0-9])?/)?[A-Za-z0-9](?:[-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?")
_VALUE = re.compile(r"(?:[A-Za-z0-9](?:[-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?")
_KEY_RULE = (
    "a valid label key must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an "
    "alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is "
    "'([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]') with an optional DNS subdomain prefix and '/' "
    "(e.g. 'example.com/MyName')"
)
_OPERATORS = "in, notin, =, ==, !=, gt, lt"

FIELDS: Final[Mapping[str, tuple[str, ...]]] = {
    "pods": (
        "spec.nodeName", "spec.restartPolicy", "spec.schedulerName", "spec.serviceAccountName", "spec.hostNetwork",
        "status.phase", "status.podIP", "status.podIPs", "status.nominatedNodeName",
    ),
    "nodes": ("spec.unschedulable",),
    "services": ("spec.clusterIP", "spec.type"),
    "namespaces": ("status.phase", "name"),
    "secrets": ("type",),
    "events": (
        "involvedObject.kind", "involvedObject.namespace", "involvedObject.name", "involvedObject.uid",
        "involvedObject.apiVersion", "involvedObject.resourceVersion", "involvedObject.fieldPath",
        "reason", "reportingComponent", "source", "type",
    ),
    "replicasets": ("status.replicas",),
    "jobs": ("status.successful",),
}  # fmt: skip
"""Which fields a field selector may name, besides name and namespace."""


def label_selector(text: str) -> ObjectTest:
    """A test of an object's labels.

    Raises
    ------
    ApiError
        400, the text is no selector.
    """
    tests = list(_LabelSelectorParser(text).requirements())
    return lambda obj: all(test(obj.get("metadata", {}).get("labels") or {}) for test in tests)


def field_selector(text: str, resource: str) -> ObjectTest:
    """A test of an object's fields.

    Raises
    ------
    ApiError
        400, the text is no selector, or names a field that this resource cannot be selected by.
    """
    tests: list[ObjectTest] = []
    for name, negated, value in _terms(text):
        if not name and not value and not negated:
            continue
        if name not in ("metadata.name", "metadata.namespace", *FIELDS.get(resource, ())):
            raise bad_request(f"field label not supported: {name}")
        tests.append(_field_test("metadata.name" if name == "name" else name, value, negated))
    return lambda obj: all(test(obj) for test in tests)


def exact_name(text: str) -> str:
    """The one name that a field selector asks for; nothing if it asks for several, or is wrong."""
    try:
        for name, negated, value in _terms(text):
            if name == "metadata.name" and not negated and value not in (".", "..") and not set("/%") & set(value):
                return value
    except ApiError:
        pass
    return ""


def field_of(obj: Object, path: str) -> str:
    """The value of a field as selectors compare it; a field that is missing is empty."""
    if path == "source":
        return str(obj.get("source", {}).get("component", "") or obj.get("reportingComponent", ""))
    value: Any = obj
    for step in path.split("."):
        value = value.get(step) if isinstance(value, dict) else None
    if value is None:
        return {"spec.unschedulable": "false", "spec.hostNetwork": "false"}.get(path, "")
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return str(value[0].get("ip", "")) if value else ""
    return str(value)


def _field_test(name: str, value: str, negated: bool) -> ObjectTest:
    return lambda obj: (field_of(obj, name) == value) is not negated


def _terms(text: str) -> Iterator[tuple[str, bool, str]]:
    for term in re.split(r"(?<!\\),", text) if text else ():
        if not term:
            continue
        found = re.match(r"(.*?)(!=|==|=)(.*)", term, re.DOTALL)
        if not found:
            raise bad_request(f"invalid selector: '{text}'; can't understand '{term}'")
        if wrong := re.search(r"(?<!\\)(?:\\\\)*(\\(?:[^\\,=]|$))", found[3]):
            raise bad_request(f"invalid field selector: invalid escape sequence: {wrong[1]}")
        value = re.sub(r"\\([\\,=])", r"\1", found[3])
        yield found[1], found[2] == "!=", value


class _LabelSelectorParser:
    """The recursive descent of one label selector; errors name what was found and what was expected."""

    def __init__(self, text: str) -> None:
        self.tokens = [found[1] or found[2] for found in _TOKENS.finditer(text) if found[1] or found[2]]
        self.at = 0

    def requirements(self) -> Iterator[Callable[[Mapping[str, str]], bool]]:
        while self.peek():
            if not _word(self.peek()) and self.peek() != "!":
                raise bad_request(f"found '{self.peek()}', expected: !, identifier, or 'end of string'")
            try:
                yield self.requirement()
            except ApiError as wrong:
                raise bad_request(f"unable to parse requirement: {wrong.message}") from wrong
            token = self.take()
            if token == "":
                return
            if token != ",":
                raise bad_request(f"found '{token}', expected: ',' or 'end of string'")
            if not _word(self.peek()) and self.peek() != "!":
                raise bad_request(f"found '{self.peek()}', expected: identifier after ','")

    def requirement(self) -> Callable[[Mapping[str, str]], bool]:
        key = self.take()
        negated = key == "!"
        if negated:
            key = self.take()
        if not _word(key):
            raise bad_request(f"found '{key}', expected: identifier")
        if not _KEY.fullmatch(key):
            if key.count("/") > 1:
                raise bad_request(f'<nil>: Invalid value: "{key}": {_KEY_RULE}')
            raise bad_request(
                f'<nil>: Invalid value: "{key}": name part must consist of alphanumeric characters, '
                "'-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',"
                "  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')"
            )
        if negated:
            return lambda labels: key not in labels
        if self.peek() in ("", ","):
            return lambda labels: key in labels
        operator = self.take()
        if operator in ("in", "notin"):
            values = self.values()
            for at, value in enumerate(sorted(values)):
                _checked(key, value, at)
            if operator == "in":
                return lambda labels: labels.get(key) in values if key in labels else False
            return lambda labels: key not in labels or labels[key] not in values
        if operator not in ("=", "==", "!=", ">", "<"):
            raise bad_request(f"found '{operator}', expected: {_OPERATORS}")
        value = "" if self.peek() in ("", ",") else self.take()
        if value and not _word(value):
            raise bad_request(f"found '{value}', expected: identifier")
        if operator in (">", "<"):
            return _compared(key, operator, value)
        _checked(key, value)
        if operator == "!=":
            return lambda labels: labels.get(key) != value
        return lambda labels: labels.get(key) == value

    def values(self) -> frozenset[str]:
        if (token := self.take()) != "(":
            raise bad_request(f"found '{token}' expected: '('")
        out: set[str] = set()
        last = ""
        while (token := self.take()) != ")":
            if token == "":
                raise bad_request(
                    "found '', expected: ',', ')' or identifier" if not out else "found '', expected: ',' or ')'"
                )
            if token == ",":
                if not _word(last):
                    out.add("")
            elif _word(token) and not _word(last):
                out.add(token)
            else:
                raise bad_request(f"found '{token}', expected: ',' or ')'")
            last = token
        if not _word(last):
            out.add("")
        return frozenset(out)

    def peek(self) -> str:
        return self.tokens[self.at] if self.at < len(self.tokens) else ""

    def take(self) -> str:
        token = self.peek()
        self.at += 1
        return token


def _word(token: str) -> bool:
    return bool(token) and token[0] not in "=!(),<>"


def _compared(key: str, operator: str, value: str) -> Callable[[Mapping[str, str]], bool]:
    if not re.fullmatch(r"[-+]?[0-9]+", value):
        raise bad_request(
            f"values[0]: Invalid value: \"{value}\": for 'Gt', 'Lt' operators, the value must be an integer"
        )

    def test(labels: Mapping[str, str]) -> bool:
        found = labels.get(key, "")
        if not re.fullmatch(r"[-+]?[0-9]+", found):
            return False
        return int(found) > int(value) if operator == ">" else int(found) < int(value)

    return test


def _checked(key: str, value: str, at: int = 0) -> None:
    if not _VALUE.fullmatch(value):
        raise bad_request(
            f'values[{at}][{key}]: Invalid value: "{value}": a valid label must be an empty string or consist of '
            "alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character "
            "(e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is "
            "'(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')"
        )
