"""The three ways to patch an object: JSON patch, merge patch, strategic merge patch."""

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
"""Lists that a strategic merge patch merges item by item, and by which field."""


PATCHES: Final = (
    "application/json-patch+json",
    "application/merge-patch+json",
    "application/strategic-merge-patch+json",
    "application/apply-patch+yaml",
)
"""The kinds of patches there are."""


def patched(obj: Object, media_type: str, patch: Any) -> Object:
    """The object after the patch; it is not changed itself. `media_type` is one of `PATCHES`.

    Raises
    ------
    ApiError
        400 or 422 of a patch that is none.
    """
    if media_type == "application/json-patch+json":
        return _json_patch(obj, patch)
    if not isinstance(patch, dict):
        raise bad_request("error decoding patch: json: cannot unmarshal into Go value of type map[string]interface {}")
    if media_type == "application/merge-patch+json":
        return _object(_merged(obj, patch))
    return _object(_strategic(obj, patch, ""))


def _merged(value: Any, patch: Any) -> Any:
    if not isinstance(patch, dict):
        return copy.deepcopy(patch)
    out = dict(value) if isinstance(value, dict) else {}
    for key, change in patch.items():
        if change is None:
            out.pop(key, None)
        else:
            out[key] = _merged(out.get(key), change)
    return out


def _strategic(value: Any, patch: Any, field: str) -> Any:
    if isinstance(patch, list) and isinstance(value, list) and field in _MERGE_KEYS:
        return _strategic_list(value, patch, _MERGE_KEYS[field])
    if not isinstance(patch, dict):
        return copy.deepcopy(patch)
    if patch.get("$patch") == "replace":
        return {key: one for key, one in patch.items() if key != "$patch"}
    out = dict(value) if isinstance(value, dict) else {}
    for key, change in patch.items():
        if key.startswith("$"):
            continue
        if change is None:
            out.pop(key, None)
        else:
            out[key] = _strategic(out.get(key), change, key)
    return out


def _strategic_list(value: list[Any], patch: list[Any], keys: tuple[str, ...]) -> list[Any]:
    out = [copy.deepcopy(item) for item in value]
    for change in patch:
        key = next((name for name in keys if isinstance(change, dict) and name in change), None)
        at = next((i for i, item in enumerate(out) if key and item.get(key) == change[key]), None)
        if isinstance(change, dict) and change.get("$patch") == "delete":
            if at is not None:
                del out[at]
        elif at is None:
            out.append(copy.deepcopy(change))
        else:
            out[at] = _strategic(out[at], change, "")
    return out


def _json_patch(obj: Object, patch: Any) -> Object:
    if not isinstance(patch, list):
        raise bad_request("error decoding patch: json: cannot unmarshal into Go value of type jsonpatch.Patch")
    document: Any = copy.deepcopy(obj)
    for step in patch:
        try:
            document = _step(document, step)
        except (KeyError, IndexError, ValueError, TypeError):
            message = "the server rejected our request due to an error in our request"
            raise ApiError(422, "Invalid", message, {}) from None
    return _object(document)


def _step(document: Any, step: Object) -> Any:
    operation, path = step["op"], _pointer(step["path"])
    if operation == "add":
        return _add(document, path, copy.deepcopy(step["value"]))
    if operation == "remove":
        return _remove(document, path)
    if operation == "replace":
        _at(document, path)
        return (
            _add(_remove(document, path), path, copy.deepcopy(step["value"])) if path else copy.deepcopy(step["value"])
        )
    if operation == "test":
        if _at(document, path) != step["value"]:
            raise ValueError
        return document
    source = _pointer(step["from"])
    value = copy.deepcopy(_at(document, source))
    if operation == "move":
        return _add(_remove(document, source), path, value)
    if operation == "copy":
        return _add(document, path, value)
    raise ValueError


def _pointer(text: str) -> list[str]:
    if text and not text.startswith("/"):
        raise ValueError
    return [part.replace("~1", "/").replace("~0", "~") for part in text.split("/")[1:]]


def _at(document: Any, path: list[str]) -> Any:
    for part in path:
        document = document[int(part)] if isinstance(document, list) else document[part]
    return document


def _add(document: Any, path: list[str], value: Any) -> Any:
    if not path:
        return value
    parent, last = _at(document, path[:-1]), path[-1]
    if isinstance(parent, list):
        parent.insert(len(parent) if last == "-" else int(last), value)
    else:
        parent[last] = value
    return document


def _remove(document: Any, path: list[str]) -> Any:
    parent, last = _at(document, path[:-1]), path[-1]
    if isinstance(parent, list):
        del parent[int(last)]
    else:
        del parent[last]
    return document


def _object(value: Any) -> Object:
    if not isinstance(value, dict):
        raise bad_request("the patch leaves no object")
    return value
