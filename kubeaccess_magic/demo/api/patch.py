"""The kinds of patches: JSON patch, merge patch, strategic merge patch."""

from __future__ import annotations

import copy
from typing import Any, Final

from .status import ApiError, Object, bad_request

_MERGE_KEYS: Final = {
    "ports": ("containerPort", "port"),
    "containers": ("name",),
    "initContainers": ("name",),
    "env": ("name",),
    "volumes": ("name",),
    "volumeMounts": ("mountPath",),
    "conditions": ("type",),
    "ownerReferences": ("uid",),
    "taints": ("key",),
    "addresses": ("type",),
}
"""Lists that a strategic merge patch merges item by item → the fields that identify an item."""


PATCHES: Final = (
    "application/json-patch+json",
    "application/merge-patch+json",
    "application/strategic-merge-patch+json",
    "application/apply-patch+yaml",
)
"""The media types of patches."""


def apply_patch(obj: Object, media_type: str, patch: Any) -> Object:
    """Apply a patch to an object; the result is a new object.

    Parameters
    ----------
    obj
        The object; it is not modified.
    media_type
        One of `PATCHES`.
    patch
        The decoded patch.

    Raises
    ------
    ApiError
        400 or 422: the patch is invalid.
    """
    if media_type == "application/json-patch+json":
        return _apply_json_patch(obj, patch)
    if not isinstance(patch, dict):
        raise bad_request("error decoding patch: json: cannot unmarshal into Go value of type map[string]interface {}")
    if media_type == "application/merge-patch+json":
        return _checked_object(_merge(obj, patch))
    return _checked_object(_merge_strategically(obj, patch, ""))


def _merge(value: Any, patch: Any) -> Any:
    if not isinstance(patch, dict):
        return copy.deepcopy(patch)
    merged = dict(value) if isinstance(value, dict) else {}
    for key, change in patch.items():
        if change is None:
            merged.pop(key, None)
        else:
            merged[key] = _merge(merged.get(key), change)
    return merged


def _merge_strategically(value: Any, patch: Any, field: str) -> Any:
    if isinstance(patch, list) and isinstance(value, list) and field in _MERGE_KEYS:
        return _merge_list(value, patch, _MERGE_KEYS[field])
    if not isinstance(patch, dict):
        return copy.deepcopy(patch)
    if patch.get("$patch") == "replace":
        return {key: field_value for key, field_value in patch.items() if key != "$patch"}
    merged = dict(value) if isinstance(value, dict) else {}
    for key, change in patch.items():
        if key.startswith("$"):
            continue
        if change is None:
            merged.pop(key, None)
        else:
            merged[key] = _merge_strategically(merged.get(key), change, key)
    return merged


def _merge_list(value: list[Any], patch: list[Any], keys: tuple[str, ...]) -> list[Any]:
    merged = [copy.deepcopy(item) for item in value]
    for change in patch:
        key = next((name for name in keys if isinstance(change, dict) and name in change), None)
        position = next((i for i, item in enumerate(merged) if key and item.get(key) == change[key]), None)
        if isinstance(change, dict) and change.get("$patch") == "delete":
            if position is not None:
                del merged[position]
        elif position is None:
            merged.append(copy.deepcopy(change))
        else:
            merged[position] = _merge_strategically(merged[position], change, "")
    return merged


def _apply_json_patch(obj: Object, patch: Any) -> Object:
    if not isinstance(patch, list):
        raise bad_request("error decoding patch: json: cannot unmarshal into Go value of type jsonpatch.Patch")
    document: Any = copy.deepcopy(obj)
    for operation in patch:
        try:
            document = _apply_operation(document, operation)
        except (KeyError, IndexError, ValueError, TypeError):
            message = "the server rejected our request due to an error in our request"
            raise ApiError(422, "Invalid", message, {}) from None
    return _checked_object(document)


def _apply_operation(document: Any, operation: Object) -> Any:
    name, path = operation["op"], _pointer(operation["path"])
    if name == "add":
        return _add(document, path, copy.deepcopy(operation["value"]))
    if name == "remove":
        return _remove(document, path)
    if name == "replace":
        _value_at(document, path)
        return (
            _add(_remove(document, path), path, copy.deepcopy(operation["value"]))
            if path
            else copy.deepcopy(operation["value"])
        )
    if name == "test":
        if _value_at(document, path) != operation["value"]:
            raise ValueError
        return document
    source = _pointer(operation["from"])
    value = copy.deepcopy(_value_at(document, source))
    if name == "move":
        return _add(_remove(document, source), path, value)
    if name == "copy":
        return _add(document, path, value)
    raise ValueError


def _pointer(text: str) -> list[str]:
    if text and not text.startswith("/"):
        raise ValueError
    return [part.replace("~1", "/").replace("~0", "~") for part in text.split("/")[1:]]


def _value_at(document: Any, path: list[str]) -> Any:
    for part in path:
        document = document[int(part)] if isinstance(document, list) else document[part]
    return document


def _add(document: Any, path: list[str], value: Any) -> Any:
    if not path:
        return value
    parent, key = _value_at(document, path[:-1]), path[-1]
    if isinstance(parent, list):
        parent.insert(len(parent) if key == "-" else int(key), value)
    else:
        parent[key] = value
    return document


def _remove(document: Any, path: list[str]) -> Any:
    parent, key = _value_at(document, path[:-1]), path[-1]
    if isinstance(parent, list):
        del parent[int(key)]
    else:
        del parent[key]
    return document


def _checked_object(value: Any) -> Object:
    if not isinstance(value, dict):
        raise bad_request("the patched document is not an object")
    return value
