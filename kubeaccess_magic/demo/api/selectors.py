"""Label and field selectors, with the error messages of the real server."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from .status import ApiError, Object, bad_request

ObjectTest = Callable[[Object], bool]
"""Whether an object is selected."""
LabelTest = Callable[[Mapping[str, str]], bool]
"""Whether labels meet one requirement of a label selector."""

_TOKENS = re.compile(r"\s*(?:(==|!=|[=!(),<>])|([^\s=!(),<>]+))")
_KEY = re.compile(r"(?:[a-z0-9](?:[-a-z0-9.]{0,251}[a-z0-9])?/)?[A-Za-z0-9](?:[-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?")
_VALUE = re.compile(r"(?:[A-Za-z0-9](?:[-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?")
_KEY_RULE = (
    "a valid label key must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an "
    "alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is "
    "'([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]') with an optional DNS subdomain prefix and '/' "
    "(e.g. 'example.com/MyName')"
)
_NAME_PART_RULE = (
    "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric "
    "character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is "
    "'([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')"
)
_VALUE_RULE = (
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and "
    "end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is "
    "'(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')"
)
_INTEGER = re.compile(r"[-+]?[0-9]+")
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
"""Resource → the fields that a field selector may name, besides name and namespace."""


def label_selector(text: str) -> ObjectTest:
    """Make a test for the labels of objects from a label selector.

    Raises
    ------
    ApiError
        400: the text is not a label selector.
    """
    tests = list(_LabelSelectorParser(text).requirements())
    return lambda obj: all(test(obj.get("metadata", {}).get("labels") or {}) for test in tests)


def field_selector(text: str, resource: str) -> ObjectTest:
    """Make a test for the fields of objects from a field selector.

    Parameters
    ----------
    text
        The field selector.
    resource
        The resource of the objects.

    Raises
    ------
    ApiError
        400: the text is not a field selector, or it names a field by which this resource cannot be selected.
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
    """The name that a field selector selects; empty if it selects more than one object, or is invalid."""
    try:
        for name, negated, value in _terms(text):
            if name == "metadata.name" and not negated and value not in (".", "..") and not set("/%") & set(value):
                return value
    except ApiError:
        pass
    return ""


def field_of(obj: Object, path: str) -> str:
    """The value of a field as text, as field selectors compare it; empty if the field is missing.

    Parameters
    ----------
    obj
        The object.
    path
        The path of the field, such as ``spec.nodeName``.
    """
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
        match = re.match(r"(.*?)(!=|==|=)(.*)", term, re.DOTALL)
        if not match:
            raise bad_request(f"invalid selector: '{text}'; can't understand '{term}'")
        if bad_escape := re.search(r"(?<!\\)(?:\\\\)*(\\(?:[^\\,=]|$))", match[3]):
            raise bad_request(f"invalid field selector: invalid escape sequence: {bad_escape[1]}")
        value = re.sub(r"\\([\\,=])", r"\1", match[3])
        yield match[1], match[2] == "!=", value


class _LabelSelectorParser:
    """A recursive-descent parser of a label selector; its errors name the token found and those expected."""

    def __init__(self, text: str) -> None:
        self.tokens = [match[1] or match[2] for match in _TOKENS.finditer(text)]
        self.position = 0

    def requirements(self) -> Iterator[LabelTest]:
        while self.peek():
            if not _is_word(self.peek()) and self.peek() != "!":
                raise bad_request(f"found '{self.peek()}', expected: !, identifier, or 'end of string'")
            try:
                yield self.requirement()
            except ApiError as error:
                raise bad_request(f"unable to parse requirement: {error.message}") from error
            token = self.take()
            if token == "":
                return
            if token != ",":
                raise bad_request(f"found '{token}', expected: ',' or 'end of string'")
            if not _is_word(self.peek()) and self.peek() != "!":
                raise bad_request(f"found '{self.peek()}', expected: identifier after ','")

    def requirement(self) -> LabelTest:
        negated = self.peek() == "!"
        if negated:
            self.take()
        key = self.take()
        _check_key(key)
        if negated:
            return lambda labels: key not in labels
        if self.peek() in ("", ","):
            return lambda labels: key in labels
        operator = self.take()
        if operator in ("in", "notin"):
            return self.membership(key, operator)
        if operator not in ("=", "==", "!=", ">", "<"):
            raise bad_request(f"found '{operator}', expected: {_OPERATORS}")
        return self.comparison(key, operator)

    def membership(self, key: str, operator: str) -> LabelTest:
        values = self.values()
        for position, value in enumerate(sorted(values)):
            _check_value(key, value, position)
        if operator == "in":
            return lambda labels: key in labels and labels[key] in values
        return lambda labels: key not in labels or labels[key] not in values

    def comparison(self, key: str, operator: str) -> LabelTest:
        value = "" if self.peek() in ("", ",") else self.take()
        if value and not _is_word(value):
            raise bad_request(f"found '{value}', expected: identifier")
        if operator in (">", "<"):
            return _integer_test(key, operator, value)
        _check_value(key, value)
        if operator == "!=":
            return lambda labels: labels.get(key) != value
        return lambda labels: labels.get(key) == value

    def values(self) -> frozenset[str]:
        if (token := self.take()) != "(":
            raise bad_request(f"found '{token}' expected: '('")
        values: set[str] = set()
        last = ""
        while (token := self.take()) != ")":
            if token == "":
                raise bad_request(
                    "found '', expected: ',', ')' or identifier" if not values else "found '', expected: ',' or ')'"
                )
            if token == ",":
                if not _is_word(last):
                    values.add("")
            elif _is_word(token) and not _is_word(last):
                values.add(token)
            else:
                raise bad_request(f"found '{token}', expected: ',' or ')'")
            last = token
        if not _is_word(last):
            values.add("")
        return frozenset(values)

    def peek(self) -> str:
        return self.tokens[self.position] if self.position < len(self.tokens) else ""

    def take(self) -> str:
        token = self.peek()
        self.position += 1
        return token


def _is_word(token: str) -> bool:
    return bool(token) and token[0] not in "=!(),<>"


def _check_key(key: str) -> None:
    if not _is_word(key):
        raise bad_request(f"found '{key}', expected: identifier")
    if _KEY.fullmatch(key):
        return
    if key.count("/") > 1:
        raise bad_request(f'<nil>: Invalid value: "{key}": {_KEY_RULE}')
    raise bad_request(f'<nil>: Invalid value: "{key}": {_NAME_PART_RULE}')


def _check_value(key: str, value: str, position: int = 0) -> None:
    if not _VALUE.fullmatch(value):
        raise bad_request(f'values[{position}][{key}]: Invalid value: "{value}": {_VALUE_RULE}')


def _integer_test(key: str, operator: str, value: str) -> LabelTest:
    if not _INTEGER.fullmatch(value):
        raise bad_request(
            f"values[0]: Invalid value: \"{value}\": for 'Gt', 'Lt' operators, the value must be an integer"
        )

    def test(labels: Mapping[str, str]) -> bool:
        label = labels.get(key, "")
        if not _INTEGER.fullmatch(label):
            return False
        return int(label) > int(value) if operator == ">" else int(label) < int(value)

    return test
