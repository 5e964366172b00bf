"""The scale subresource, which `kubectl scale` reads and writes: how many replicas there are and should be."""

from __future__ import annotations

import copy
from typing import Any

from .status import ApiError, Object, bad_request
from .store import Store


def scale_of(obj: Object) -> Object:
    """The Scale object of a Deployment, ReplicaSet or StatefulSet."""
    metadata = obj["metadata"]
    copied = ("name", "namespace", "uid", "resourceVersion", "creationTimestamp")
    selector = obj.get("spec", {}).get("selector", {}).get("matchLabels") or {}
    return {
        "kind": "Scale",
        "apiVersion": "autoscaling/v1",
        "metadata": {key: metadata[key] for key in copied if key in metadata},
        "spec": {"replicas": obj.get("spec", {}).get("replicas", 1)},
        "status": {
            "replicas": obj.get("status", {}).get("replicas", 0),
            "selector": ",".join(f"{key}={value}" for key, value in sorted(selector.items())),
        },
    }


def set_scale(store: Store, group: str, resource: str, obj: Object, new_scale: Any, dry: bool) -> Object:
    """Set the number of replicas, and return the new Scale; no controller creates or deletes pods.

    Parameters
    ----------
    store
        The objects.
    group, resource
        The resource of the object.
    obj
        The object to scale.
    new_scale
        The Scale object in the request.
    dry
        Whether to store nothing.

    Raises
    ------
    ApiError
        400 or 422: the number of replicas is invalid.
    """
    replicas = (new_scale.get("spec") or {}).get("replicas") if isinstance(new_scale, dict) else None
    if isinstance(replicas, bool) or not isinstance(replicas, int):
        raise bad_request("spec.replicas is not a number")
    if replicas < 0:
        detail = f"Invalid value: {replicas}: must be greater than or equal to 0"
        causes = [{"reason": "FieldValueInvalid", "message": detail, "field": "spec.replicas"}]
        name = obj["metadata"]["name"]
        details = {"name": name, "group": "autoscaling", "kind": "Scale", "causes": causes}
        raise ApiError(422, "Invalid", f'Scale.autoscaling "{name}" is invalid: spec.replicas: {detail}', details)
    changed = copy.deepcopy(obj)
    changed["spec"]["replicas"] = replicas
    return scale_of(changed if dry else store.put(group, resource, changed))
