"""Creating, changing and deleting objects, as far as a demo needs it."""

from __future__ import annotations

import copy
import json
import re
import secrets
from typing import Any, Final

from ..http.message import IncomingRequest
from . import gojson
from .defaults import add_defaults
from .list_requests import without_kind
from .patch import PATCHES, apply_patch
from .requestinfo import RequestInfo
from .resources import Resource
from .review_requests import check_kind, decode_body
from .scale import scale_of, set_scale
from .selectors import field_selector, label_selector
from .status import ApiError, Object, already_exists, bad_request, conflict, invalid, not_allowed, not_found, success
from .store import Store, now

_LABEL: Final = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
_SUBDOMAIN: Final = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
_LABEL_RULE: Final = (
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with "
    "an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is "
    "'[a-z0-9]([-a-z0-9]*[a-z0-9])?')"
)
_SUBDOMAIN_RULE: Final = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and "
    "end with an alphanumeric character (e.g. 'example.com', regex used for validation is "
    "'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
)
_APPLY: Final = "application/apply-patch+yaml"
_MEDIA_TYPES: Final = ("application/json", "application/vnd.kubernetes.protobuf", "*/*")
_GRACE_S: Final = 30
_ANSWERED_WITH_OBJECT: Final = (
    "services", "serviceaccounts", "podtemplates", "resourcequotas", "persistentvolumes", "persistentvolumeclaims",
)  # fmt: skip
"""Resources whose deletion is answered with the object; for others it is a Status."""


def write(
    store: Store, resource: Resource, info: RequestInfo, request: IncomingRequest, body: bytes
) -> tuple[int, Object]:
    """Carry out a write request; return the status code and the object to answer with.

    Parameters
    ----------
    store
        The objects.
    resource
        The resource in the path.
    info
        What the request is about.
    request
        The request, for its headers and query parameters.
    body
        Its body.

    Raises
    ------
    ApiError
        The request is invalid, or conflicts with what is stored.
    """
    dry_run = _is_dry_run(request, info.verb)
    name = info.parts[1] if len(info.parts) > 1 else ""
    if info.subresource == "scale":
        return 200, _scale(store, resource, info, request, body, dry_run)
    if info.verb == "deletecollection":
        return 200, _delete_all(store, resource, info, request, dry_run)
    if info.verb == "delete":
        return _delete(store, resource, info.namespace, name, dry_run)
    if info.verb == "create":
        return 201, _create(store, resource, info.namespace, _decode_object(body, resource, request), dry_run)
    if info.verb == "update":
        return 200, _update(store, resource, info, name, _decode_object(body, resource, request), dry_run)
    if info.verb == "patch":
        return _patch(store, resource, info, name, request, body, dry_run)
    raise not_allowed()


def _is_dry_run(request: IncomingRequest, verb: str) -> bool:
    """Whether the request is a dry run, which stores nothing.

    Raises
    ------
    ApiError
        422: the parameter is not ``All``.
    """
    value = request.parameters.get("dryRun")
    if value not in (None, "", "All"):
        kind = {"create": "CreateOptions", "update": "UpdateOptions", "patch": "PatchOptions"}.get(
            verb, "DeleteOptions"
        )
        detail = f'Unsupported value: ["{value}"]: supported values: "All"'
        raise invalid(kind, "meta.k8s.io", "", "dryRun", detail, "FieldValueNotSupported")
    return bool(value)


def check_name(name: str) -> None:
    """Refuse a name that cannot be a storage key; whether it is a DNS label is not checked (N10, N11).

    Raises
    ------
    ApiError
        400: the name is ``.`` or ``..``, or has a ``/`` or ``%``.
    """
    if name in (".", ".."):
        raise bad_request(f"Name parameter invalid: \"{name}\": may not be '{name}'")
    for character in "/%":
        if character in name:
            raise bad_request(f"Name parameter invalid: \"{name}\": may not contain '{character}'")


def check_media_type(request: IncomingRequest) -> None:
    """Refuse a body of a media type that cannot be read.

    Raises
    ------
    ApiError
        415: the Content-Type is not supported.
    """
    media_type = request.headers.get("Content-Type").split(";")[0].strip() or "application/json"
    if media_type not in _MEDIA_TYPES:
        supported = "application/json, application/yaml, application/vnd.kubernetes.protobuf"
        message = f"the body of the request was in an unknown format - accepted media types include: {supported}"
        raise ApiError(415, "UnsupportedMediaType", message)


def _decode_object(body: bytes, resource: Resource, request: IncomingRequest) -> Object:
    check_media_type(request)
    obj = decode_body(body, resource.kind)
    check_kind(obj, resource.kind, resource.api_version)
    version, kind = resource.api_version, resource.kind
    if not isinstance(obj.setdefault("metadata", {}), dict):
        problem = f"json: cannot unmarshal {gojson.kind(obj['metadata'])} into Go struct field {kind}.metadata"
        prefix = f'{kind} in version "{version.rpartition("/")[2]}" cannot be handled as a {kind}'
        raise bad_request(f"{prefix}: {problem} of type v1.ObjectMeta")
    return {"kind": resource.kind, "apiVersion": resource.api_version} | obj


def _create(store: Store, resource: Resource, namespace: str, obj: Object, dry_run: bool) -> Object:
    metadata = obj["metadata"]
    if resource.namespaced:
        _check_namespace(resource, obj, namespace)
        metadata["namespace"] = namespace
        if store.get("", "namespaces", "", namespace) is None:
            raise not_found("namespaces", namespace)
    if not metadata.get("name") and metadata.get("generateName"):
        metadata["name"] = metadata["generateName"] + secrets.token_hex(3)[:5]
    name = str(metadata.get("name") or "")
    _validate(resource, obj, name)
    if store.get(resource.group, resource.name, namespace, name):
        raise already_exists(resource.name, name, resource.group)
    for field in ("uid", "resourceVersion", "creationTimestamp", "managedFields"):
        metadata.pop(field, None)
    obj = add_defaults(obj)
    return _as_stored(store, obj) if dry_run else store.put(resource.group, resource.name, obj)


def _update(store: Store, resource: Resource, info: RequestInfo, name: str, obj: Object, dry_run: bool) -> Object:
    body_name = str(obj["metadata"].get("name") or "")
    if not body_name:
        prefix = f"the name of the object ({name} based on URL) was undeterminable"
        raise bad_request(f"{prefix}: name must be provided")
    if body_name != name:
        raise bad_request(f"the name of the object ({body_name}) does not match the name on the URL ({name})")
    _check_namespace(resource, obj, info.namespace)
    before = store.get(resource.group, resource.name, info.namespace, name)
    if before is None:
        raise not_found(resource.name, name, resource.group)
    version = obj["metadata"].get("resourceVersion")
    if version and version != before["metadata"]["resourceVersion"]:
        raise conflict(resource.name, name, resource.group)
    obj["metadata"] |= {"name": name} | ({"namespace": info.namespace} if resource.namespaced else {})
    return _store_replacement(store, resource, info, before, obj, dry_run)


def _patch(
    store: Store, resource: Resource, info: RequestInfo, name: str, request: IncomingRequest, body: bytes, dry_run: bool
) -> tuple[int, Object]:
    media_type = request.headers.get("Content-Type").split(";")[0].strip()
    if media_type not in PATCHES:
        raise ApiError(415, "UnsupportedMediaType", "415: Unsupported Media Type", {})
    patch = _decode_json(body)
    before = store.get(resource.group, resource.name, info.namespace, name)
    if before is None:
        if media_type != _APPLY:
            raise not_found(resource.name, name, resource.group)
        patch.setdefault("metadata", {})["name"] = name
        base = {"kind": resource.kind, "apiVersion": resource.api_version}
        return 201, _create(store, resource, info.namespace, base | patch, dry_run)
    obj = apply_patch(before, media_type, patch)
    if (obj.get("metadata") or {}).get("name") != name:
        raise bad_request("the name of the object does not match the name on the URL")
    version = (obj.get("metadata") or {}).get("resourceVersion")
    if version != before["metadata"]["resourceVersion"]:
        raise conflict(resource.name, name, resource.group)
    if obj == before:
        return 200, before
    return 200, _store_replacement(store, resource, info, before, obj, dry_run)


def _scale(
    store: Store, resource: Resource, info: RequestInfo, request: IncomingRequest, body: bytes, dry_run: bool
) -> Object:
    obj = store.get(resource.group, resource.name, info.namespace, info.parts[1])
    if obj is None:
        raise not_found(resource.name, info.parts[1], resource.group)
    if info.verb != "patch":
        return set_scale(store, resource.group, resource.name, obj, decode_body(body, "Scale"), dry_run)
    media_type = request.headers.get("Content-Type").split(";")[0].strip()
    if media_type not in PATCHES:
        raise ApiError(415, "UnsupportedMediaType", "415: Unsupported Media Type", {})
    new_scale = apply_patch(scale_of(obj), media_type, _decode_json(body))
    return set_scale(store, resource.group, resource.name, obj, new_scale, dry_run)


def _check_namespace(resource: Resource, obj: Object, namespace: str) -> None:
    if resource.namespaced and obj["metadata"].get("namespace") not in (None, "", namespace):
        raise bad_request("the namespace of the provided object does not match the namespace sent on the request")


def _store_replacement(
    store: Store, resource: Resource, info: RequestInfo, before: Object, obj: Object, dry_run: bool
) -> Object:
    obj = copy.deepcopy(obj)
    for key in ("kind", "apiVersion"):
        obj[key] = before[key]
    if info.subresource == "status":
        obj = copy.deepcopy(before) | {"status": obj.get("status", {})}
    elif "status" in before and resource.subresource("status"):
        obj["status"] = copy.deepcopy(before["status"])
    for field in ("name", "namespace", "uid", "creationTimestamp"):
        if field in before["metadata"]:
            obj["metadata"][field] = before["metadata"][field]
    if (
        resource.name == "services"
        and before["spec"].get("clusterIP")
        and obj.get("spec", {}).get("type") != "ExternalName"
    ):
        obj["spec"].setdefault("clusterIP", before["spec"]["clusterIP"])
        obj["spec"].setdefault("clusterIPs", before["spec"]["clusterIPs"])
    _validate(resource, obj, obj["metadata"]["name"])
    obj = add_defaults(obj)
    return _as_stored(store, obj) if dry_run else store.put(resource.group, resource.name, obj)


def _delete(store: Store, resource: Resource, namespace: str, name: str, dry_run: bool) -> tuple[int, Object]:
    before = store.get(resource.group, resource.name, namespace, name)
    if before is None:
        raise not_found(resource.name, name, resource.group)
    if resource.name == "namespaces":
        if name in ("default", "kube-system", "kube-public"):
            message = f'namespaces "{name}" is forbidden: this namespace may not be deleted'
            raise ApiError(403, "Forbidden", message, {"name": name, "kind": "namespaces"})
        if not dry_run:
            _remove_all(store, name)
    if not dry_run:
        store.remove(resource.group, resource.name, namespace, name)
    if resource.name == "pods":
        terminating = copy.deepcopy(before)
        terminating["metadata"] |= {"deletionTimestamp": now(), "deletionGracePeriodSeconds": _GRACE_S}
        return 200, terminating
    if resource.name == "namespaces":
        return 200, copy.deepcopy(before) | {"status": {"phase": "Terminating"}}
    if not resource.group and resource.name in _ANSWERED_WITH_OBJECT:
        return 200, before
    return 200, success(resource.name, name, before["metadata"]["uid"], resource.group)


def _delete_all(store: Store, resource: Resource, info: RequestInfo, request: IncomingRequest, dry_run: bool) -> Object:
    parameters = request.parameters
    labels = label_selector(parameters.get("labelSelector", ""))
    fields = field_selector(parameters.get("fieldSelector", ""), resource.name)
    stored = store.objects(resource.group, resource.name, info.namespace)
    selected = [obj for obj in stored if labels(obj) and fields(obj)]
    for obj in selected:
        _delete(store, resource, obj["metadata"].get("namespace", ""), obj["metadata"]["name"], dry_run)
    metadata = {"resourceVersion": str(store.version)}
    head = {"kind": resource.list_kind, "apiVersion": resource.api_version, "metadata": metadata}
    return head | {"items": [without_kind(obj) for obj in selected]}


def _remove_all(store: Store, namespace: str) -> None:
    for group, name in store.keys():
        for obj in list(store.objects(group, name, namespace)):
            store.remove(group, name, namespace, obj["metadata"]["name"])


def _validate(resource: Resource, obj: Object, name: str) -> None:
    """Refuse an object whose name or most important fields are invalid.

    Raises
    ------
    ApiError
        422: a field is invalid.
    """
    if not name:
        detail = "Required value: name or generateName is required"
        raise invalid(resource.kind, resource.group, "", "metadata.name", detail, "FieldValueRequired")
    if resource.group == "rbac.authorization.k8s.io":
        return
    is_label = resource.name in ("services", "namespaces")
    if not (_LABEL if is_label else _SUBDOMAIN).fullmatch(name):
        detail = f'Invalid value: "{name}": {_LABEL_RULE if is_label else _SUBDOMAIN_RULE}'
        raise invalid(resource.kind, resource.group, name, "metadata.name", detail, "FieldValueInvalid")
    if resource.name == "configmaps":
        _validate_data(obj, name)
    if field := _missing_field(resource, obj.get("spec") or {}):
        raise invalid(resource.kind, "", name, field, "Required value", "FieldValueRequired")


def _validate_data(config_map: Object, name: str) -> None:
    for key, value in (config_map.get("data") or {}).items():
        if not isinstance(value, str):
            message = f'ConfigMap in version "v1" cannot be handled as a ConfigMap: data.{key} is not a string'
            raise ApiError(422, "Invalid", message, {"name": name, "kind": "ConfigMap"})


def _missing_field(resource: Resource, spec: Object) -> str:
    """The required field that a spec lacks; empty if it has all."""
    if resource.name == "services" and not spec.get("ports"):
        needs_ports = spec.get("type") != "ExternalName" and spec.get("clusterIP") != "None"
        return "spec.ports" if needs_ports else ""
    return "spec.containers" if resource.name == "pods" and not spec.get("containers") else ""


def _as_stored(store: Store, obj: Object) -> Object:
    obj = copy.deepcopy(obj)
    obj["metadata"].setdefault("uid", "00000000-0000-4000-8000-000000000000")
    obj["metadata"].setdefault("creationTimestamp", now())
    return obj


def _decode_json(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        raise bad_request("invalid JSON patch") from None
