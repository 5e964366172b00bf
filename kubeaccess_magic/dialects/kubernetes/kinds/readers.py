"""How the value of a column is read from an object, as it was decoded: a gap where the object has none."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ....kube import app_of, quantity, seconds

__all__ = [
    "AGE",
    "APP",
    "NAME",
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
    "words",
]

Column = tuple[str, Callable[[dict[str, Any]], Any]]
"""The kind of a column and how its value is read from an object.

The kind is one of `columns.of_kind`, or ``number``: whole numbers where all of them are, else floats.
"""


def at(item: Any, path: str) -> Any:
    """The value at a dotted path, or None."""
    for key in path.split("."):
        if not isinstance(item, dict):
            return None
        item = item.get(key)
    return item


def each(item: Any, path: str) -> list[dict[str, Any]]:
    """The objects of the list at a dotted path; of anything else, none."""
    value = at(item, path)
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def text(*paths: str) -> Column:
    """The first of these that is there."""
    if len(paths) == 1:
        (path,) = paths
        return "text", lambda item: at(item, path)
    return "text", lambda item: next((value for path in paths if (value := at(item, path)) is not None), None)


def whole(path: str, default: int | None = None) -> Column:
    """A whole number. What is zero is left out of many objects: the default says where a missing one means nought."""
    return "Int64", lambda item: default if (value := at(item, path)) is None else value


def measure(path: str) -> Column:
    """A quantity: bytes as whole numbers, cores as floats."""
    return ("float" if path.endswith("cpu") else "number"), lambda item: quantity(at(item, path))


def duration(path: str) -> Column:
    """A duration in seconds."""
    return "float", lambda item: seconds(at(item, path))


def moment(*paths: str) -> Column:
    """The first of these moments that is there."""
    return "time", lambda item: next((value for path in paths if (value := at(item, path))), None)


def flag(path: str, default: bool | None = None) -> Column:
    """True or false."""
    return "boolean", lambda item: default if (value := at(item, path)) is None else value


def several(path: str, field: str | None = None) -> Column:
    """The values of a list; with `field`, that of each of its objects. An empty list where there is none."""
    if field is None:
        return "object", lambda item: value if isinstance(value := at(item, path), list) else []
    return "object", lambda item: [one.get(field) for one in each(item, path)]


def words(path: str) -> Column:
    """The names in a mapping, such as the keys of a ConfigMap's data."""
    return "object", lambda item: list(value) if isinstance(value := at(item, path), dict) else []


def count(path: str) -> Column:
    """How many there are in a list or a mapping."""
    return "Int64", lambda item: len(value) if isinstance(value := at(item, path), (list, dict)) else 0


def reference(*paths: str) -> Column:
    """What is referred to, as ``Deployment/web``."""

    def read(item: dict[str, Any]) -> str | None:
        found = next((value for path in paths if isinstance(value := at(item, path), dict)), None)
        return None if found is None else f"{found.get('kind', '')}/{found.get('name', '')}"

    return "text", read


def annotated(name: str) -> Column:
    """Whether an annotation says ``true``."""
    return "boolean", lambda item: (at(item, "metadata.annotations") or {}).get(name) == "true"


def condition(*types: str, path: str = "status.conditions") -> Column:
    """Whether the first of these conditions that is told of is true; a gap where it is unknown."""

    def read(item: dict[str, Any]) -> bool | None:
        told = {one.get("type"): one.get("status") for one in each(item, path)}
        said = next((told[name] for name in types if name in told), None)
        return {"True": True, "False": False}.get(said) if isinstance(said, str) else None

    return "boolean", read


def joined(values: Iterable[Any]) -> str:
    """Text with commas, each value once, in order."""
    return ",".join(dict.fromkeys(str(value) for value in values if value not in (None, "")))


def label_selector(path: str) -> Column:
    """A label selector as kubectl prints it: ``app=web,tier in (a,b),!old``; ``""`` selects all."""

    def read(item: dict[str, Any]) -> str | None:
        found = at(item, path)
        if not isinstance(found, Mapping):
            return None
        is_plain = "matchLabels" not in found and "matchExpressions" not in found
        labels = found if is_plain else found.get("matchLabels")
        parts = [f"{key}={value}" for key, value in sorted(labels.items())] if isinstance(labels, dict) else []
        for one in each(found, "matchExpressions"):
            key, operator = one.get("key"), one.get("operator")
            values = ",".join(map(str, one.get("values") or ()))
            written = {"Exists": f"{key}", "DoesNotExist": f"!{key}", "In": f"{key} in ({values})"}
            parts.append(written.get(str(operator), f"{key} notin ({values})"))
        return ",".join(parts)

    return "text", read


def _app(item: dict[str, Any]) -> str:
    labels = at(item, "metadata.labels")
    return app_of({k: v for k, v in labels.items() if isinstance(v, str)} if isinstance(labels, dict) else None)


def _owner(item: dict[str, Any]) -> str | None:
    owners = each(item, "metadata.ownerReferences")
    found = next((one for one in owners if one.get("controller") is True), owners[0] if owners else None)
    return None if found is None else f"{found.get('kind', '')}/{found.get('name', '')}"


NAME: dict[str, Column] = {"name": text("metadata.name")}
WHO: dict[str, Column] = {"namespace": text("metadata.namespace"), **NAME}
AGE: dict[str, Column] = {"created": moment("metadata.creationTimestamp")}
APP: dict[str, Column] = {"app": ("text", _app)}
OWNER: dict[str, Column] = {"owner": ("text", _owner)}
