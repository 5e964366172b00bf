"""How the value of a column is read from an object in plain JSON. What the object does not have is a gap."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ....kube import app_of, quantity, seconds

__all__ = [
    "AGE",
    "APP",
    "NAME",
    "NAME_OR_EMPTY",
    "OWNER",
    "WHO",
    "Column",
    "annotated",
    "at",
    "condition",
    "count",
    "duration",
    "each",
    "flag",
    "joined",
    "label_selector",
    "measure",
    "moment",
    "reference",
    "several",
    "text",
    "whole",
]

Column = tuple[str, Callable[[dict[str, Any]], Any]]
"""The kind of a column, and what reads its value from an object.

The kind is one of `columns.of_kind`, or ``number``: whole numbers if all values are whole, else floats.
"""


def at(item: Any, path: str) -> Any:
    """The value at a dotted path, or None."""
    for key in path.split("."):
        if not isinstance(item, dict):
            return None
        item = item.get(key)
    return item


def each(item: Any, path: str) -> list[dict[str, Any]]:
    """The objects in the list at a dotted path; an empty list if there is no list."""
    value = at(item, path)
    return [entry for entry in value if isinstance(entry, dict)] if isinstance(value, list) else []


def text(*paths: str) -> Column:
    """Text: the value of the first of these paths that has one."""
    if len(paths) == 1:
        (path,) = paths
        return "text", lambda item: at(item, path)
    return "text", lambda item: next((value for path in paths if (value := at(item, path)) is not None), None)


def whole(path: str, default: int | None = None) -> Column:
    """A whole number. The API leaves zero out of many objects, so a missing one may stand for `default`."""
    return "Int64", lambda item: default if (value := at(item, path)) is None else value


def measure(path: str) -> Column:
    """A quantity as a number: bytes are whole, cores are floats."""
    return ("float" if path.endswith("cpu") else "number"), lambda item: quantity(at(item, path))


def duration(path: str) -> Column:
    """A duration in seconds."""
    return "float", lambda item: seconds(at(item, path))


def moment(*paths: str) -> Column:
    """A time: the value of the first of these paths that has one."""
    return "time", lambda item: next((value for path in paths if (value := at(item, path))), None)


def flag(path: str, default: bool | None = None) -> Column:
    """True or false."""
    return "boolean", lambda item: default if (value := at(item, path)) is None else value


def several(path: str, field: str | None = None) -> Column:
    """The values of a list, or the `field` of each of its objects; an empty list if there is no list."""
    if field is None:
        return "object", lambda item: value if isinstance(value := at(item, path), list) else []
    return "object", lambda item: [entry.get(field) for entry in each(item, path)]


def count(path: str) -> Column:
    """The length of a list or a mapping."""
    return "Int64", lambda item: len(value) if isinstance(value := at(item, path), (list, dict)) else 0


def reference(*paths: str) -> Column:
    """The object that a reference names, such as ``Deployment/web``."""

    def read(item: dict[str, Any]) -> str | None:
        value = next((value for path in paths if isinstance(value := at(item, path), dict)), None)
        return None if value is None else f"{value.get('kind', '')}/{value.get('name', '')}"

    return "text", read


def annotated(name: str) -> Column:
    """Whether an annotation has the value ``true``."""
    return "boolean", lambda item: (at(item, "metadata.annotations") or {}).get(name) == "true"


def condition(*types: str, path: str = "status.conditions") -> Column:
    """Whether a condition is true: the first of these types that the object reports. Unknown is a gap."""

    def read(item: dict[str, Any]) -> bool | None:
        statuses = {entry.get("type"): entry.get("status") for entry in each(item, path)}
        status = next((statuses[name] for name in types if name in statuses), None)
        return {"True": True, "False": False}.get(status) if isinstance(status, str) else None

    return "boolean", read


def joined(values: Iterable[Any]) -> str:
    """The values with commas between them, each once, in order."""
    return ",".join(dict.fromkeys(str(value) for value in values if value not in (None, "")))


def label_selector(path: str) -> Column:
    """A label selector as kubectl prints it: ``app=web,tier in (a,b),!old``; ``""`` selects all."""

    def read(item: dict[str, Any]) -> str | None:
        selector = at(item, path)
        if not isinstance(selector, Mapping):
            return None
        is_plain = "matchLabels" not in selector and "matchExpressions" not in selector
        labels = selector if is_plain else selector.get("matchLabels")
        parts = [f"{key}={value}" for key, value in sorted(labels.items())] if isinstance(labels, dict) else []
        for expression in each(selector, "matchExpressions"):
            key, operator = expression.get("key"), expression.get("operator")
            values = ",".join(map(str, expression.get("values") or ()))
            written = {"Exists": f"{key}", "DoesNotExist": f"!{key}", "In": f"{key} in ({values})"}
            parts.append(written.get(str(operator), f"{key} notin ({values})"))
        return ",".join(parts)

    return "text", read


def _app(item: dict[str, Any]) -> str:
    labels = at(item, "metadata.labels")
    return app_of({k: v for k, v in labels.items() if isinstance(v, str)} if isinstance(labels, dict) else None)


def _owner(item: dict[str, Any]) -> str | None:
    owners = each(item, "metadata.ownerReferences")
    owner = next((entry for entry in owners if entry.get("controller") is True), owners[0] if owners else None)
    return None if owner is None else f"{owner.get('kind', '')}/{owner.get('name', '')}"


NAME: dict[str, Column] = {"name": text("metadata.name")}
NAME_OR_EMPTY: dict[str, Column] = {
    "name": ("text", lambda item: "" if (name := at(item, "metadata.name")) is None else name)
}
WHO: dict[str, Column] = {"namespace": text("metadata.namespace"), **NAME}
AGE: dict[str, Column] = {"created": moment("metadata.creationTimestamp")}
APP: dict[str, Column] = {"app": ("text", _app)}
OWNER: dict[str, Column] = {"owner": ("text", _owner)}
