"""Creating, changing and deleting objects: as much as a demo is used for."""

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
from .patch import PATCHES, patched
from .requestinfo import RequestInfo
from .resources import Resource
from .review_requests import check_kind, parsed
from .scale import scale_of, scaled
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
_MEDIA: Final = ("application/json", "application/vnd.kubernetes.protobuf", "*/*")
_GRACE_S: Final = 30
_RETURNED: Final = (
    "services", "serviceaccounts", "podtemplates", "resourcequotas", "persistentvolumes", "persistentvolumeclaims",
)  # fmt: skip
"""What a deletion answers with; of others with a Status."""


def write(
    store: Store, resource: Resource, info: RequestInfo, request: IncomingRequest, body: bytes
) -> tuple[int, Object]:
    """Do what the request asks; the status code and the object to answer with.

    Raises
    ------
    ApiError
        It cannot be done.
    """
    dry = _is_dry(request, info.verb)
    name = info.parts[1] if len(info.parts) > 1 else ""
    if info.subresource == "scale":
        return 200, _scale(store, resource, info, request, body, dry)
    if info.verb == "deletecollection":
        return 200, _delete_all(store, resource, info, request, dry)
    if info.verb == "delete":
        return _delete(store, resource, info.namespace, name, dry)
    if info.verb == "create":
        return 201, _create(store, resource, info.namespace, _read(body, resource, request), dry)
    if info.verb == "update":
        return 200, _update(store, resource, info, name, _read(body, resource, request), dry)
    if info.verb == "patch":
        return _patch(store, resource, info, name, request, body, dry)
    raise not_allowed()


def _is_dry(request: IncomingRequest, verb: str) -> bool:
    """Whether nothing is to be kept.

    Raises
    ------
    ApiError
        422: a word other than All.
    """
    asked = request.parameters.get("dryRun")
    if asked not in (None, "", "All"):
        kind = {"create": "CreateOptions", "update": "UpdateOptions", "patch": "PatchOptions"}.get(
            verb, "DeleteOptions"
        )
        detail = f'Unsupported value: ["{asked}"]: supported values: "All"'
        raise invalid(kind, "meta.k8s.io", "", "dryRun", detail, "FieldValueNotSupported")
    return bool(asked)


def check_name(name: str) -> None:
    """The storage key check: there is no DNS-label check (N10, N11).

    Raises
    ------
    ApiError
        400.
    """
    if name in (".", ".."):
        raise bad_request(f"Name parameter invalid: \"{name}\": may not be '{name}'")
    for character in "/%":
        if character in name:
            raise bad_request(f"Name parameter invalid: \"{name}\": may not contain '{character}'")


def check_media(request: IncomingRequest) -> None:
    """Whether the body is in a form that can be read.

    Raises
    ------
    ApiError
        415.
    """
    media = request.headers.get("Content-Type").split(";")[0].strip() or "application/json"
    if media not in _MEDIA:
        known = "application/json, application/yaml, application/vnd.kubernetes.protobuf"
        message = f"the body of the request was in an unknown format - accepted media types include: {known}"
        raise ApiError(415, "UnsupportedMediaType", message)


def _read(body: bytes, resource: Resource, request: IncomingRequest) -> Object:
    check_media(request)
    obj = parsed(body, resource.kind)
    check_kind(obj, resource.kind, resource.api_version)
    version, kind = resource.api_version, resource.kind
    if not isinstance(obj.setdefault("metadata", {}), dict):
        problem = f"json: cannot unmarshal {gojson.kind(obj['metadata'])} into Go struct field {kind}.metadata"
        lead = f'{kind} in version "{version.rpartition("/")[2]}" cannot be handled as a {kind}'
        raise bad_request(f"{lead}: {problem} of type v1.ObjectMeta")
    return {"kind": resource.kind, "apiVersion": resource.api_version} | obj


def _create(store: Store, resource: Resource, namespace: str, obj: Object, dry: bool) -> Object:
    metadata = obj["metadata"]
    if resource.namespaced:
        _check_namespace(resource, obj, namespace)
        metadata["namespace"] = namespace
        if store.get("", "namespaces", "", namespace) is None:
            raise not_found("namespaces", namespace)
    if not metadata.get("name") and metadata.get("generateName"):
        metadata["name"] = metadata["generateName"] + secrets.token_hex(3)[:5]
    name = str(metadata.get("name") or "")
    _check(resource, obj, name)
    if store.get(resource.group, resource.name, namespace, name):
        raise already_exists(resource.name, name, resource.group)
    for own in ("uid", "resourceVersion", "creationTimestamp", "managedFields"):
        metadata.pop(own, None)
    obj = add_defaults(obj)
    return _dry(store, obj) if dry else store.put(resource.group, resource.name, obj)


def _update(store: Store, resource: Resource, info: RequestInfo, name: str, obj: Object, dry: bool) -> Object:
    given = str(obj["metadata"].get("name") or "")
    if not given:
        lead = f"the name of the object ({name} based on URL) was undeterminable"
        raise bad_request(f"{lead}: name must be provided")
    if given != name:
        raise bad_request(f"the name of the object ({given}) does not match the name on the URL ({name})")
    _check_namespace(resource, obj, info.namespace)
    before = store.get(resource.group, resource.name, info.namespace, name)
    if before is None:
        raise not_found(resource.name, name, resource.group)
    version = obj["metadata"].get("resourceVersion")
    if version and version != before["metadata"]["resourceVersion"]:
        raise conflict(resource.name, name, resource.group)
    obj["metadata"] |= {"name": name} | ({"namespace": info.namespace} if resource.namespaced else {})
    return _replace(store, resource, info, before, obj, dry)


def _patch(
    store: Store, resource: Resource, info: RequestInfo, name: str, request: IncomingRequest, body: bytes, dry: bool
) -> tuple[int, Object]:
    media = request.headers.get("Content-Type").split(";")[0].strip()
    if media not in PATCHES:
        raise ApiError(415, "UnsupportedMediaType", "415: Unsupported Media Type", {})
    patch = _loaded(body)
    before = store.get(resource.group, resource.name, info.namespace, name)
    if before is None:
        if media != _APPLY:
            raise not_found(resource.name, name, resource.group)
        patch.setdefault("metadata", {})["name"] = name
        base = {"kind": resource.kind, "apiVersion": resource.api_version}
        return 201, _create(store, resource, info.namespace, base | patch, dry)
    obj = patched(before, media, patch)
    if (obj.get("metadata") or {}).get("name") != name:
        raise bad_request("the name of the object does not match the name on the URL")
    version = (obj.get("metadata") or {}).get("resourceVersion")
    if version != before["metadata"]["resourceVersion"]:
        raise conflict(resource.name, name, resource.group)
    if obj == before:
        return 200, before
    return 200, _replace(store, resource, info, before, obj, dry)


def _scale(
    store: Store, resource: Resource, info: RequestInfo, request: IncomingRequest, body: bytes, dry: bool
) -> Object:
    obj = store.get(resource.group, resource.name, info.namespace, info.parts[1])
    if obj is None:
        raise not_found(resource.name, info.parts[1], resource.group)
    if info.verb != "patch":
        return scaled(store, resource.group, resource.name, obj, parsed(body, "Scale"), dry)
    media = request.headers.get("Content-Type").split(";")[0].strip()
    if media not in PATCHES:
        raise ApiError(415, "UnsupportedMediaType", "415: Unsupported Media Type", {})
    wanted = patched(scale_of(obj), media, _loaded(body))
    return scaled(store, resource.group, resource.name, obj, wanted, dry)


def _check_namespace(resource: Resource, obj: Object, namespace: str) -> None:
    if resource.namespaced and obj["metadata"].get("namespace") not in (None, "", namespace):
        raise bad_request("the namespace of the provided object does not match the namespace sent on the request")


def _replace(store: Store, resource: Resource, info: RequestInfo, before: Object, obj: Object, dry: bool) -> Object:
    obj = copy.deepcopy(obj)
    for key in ("kind", "apiVersion"):
        obj[key] = before[key]
    if info.subresource == "status":
        obj = copy.deepcopy(before) | {"status": obj.get("status", {})}
    elif "status" in before and resource.subresource("status"):
        obj["status"] = copy.deepcopy(before["status"])
    for own in ("name", "namespace", "uid", "creationTimestamp"):
        if own in before["metadata"]:
            obj["metadata"][own] = before["metadata"][own]
    if (
        resource.name == "services"
        and before["spec"].get("clusterIP")
        and obj.get("spec", {}).get("type") != "ExternalName"
    ):
        obj["spec"].setdefault("clusterIP", before["spec"]["clusterIP"])
        obj["spec"].setdefault("clusterIPs", before["spec"]["clusterIPs"])
    _check(resource, obj, obj["metadata"]["name"])
    obj = add_defaults(obj)
    return _dry(store, obj) if dry else store.put(resource.group, resource.name, obj)


def _delete(store: Store, resource: Resource, namespace: str, name: str, dry: bool) -> tuple[int, Object]:
    before = store.get(resource.group, resource.name, namespace, name)
    if before is None:
        raise not_found(resource.name, name, resource.group)
    if resource.name == "namespaces":
        if name in ("default", "kube-system", "kube-public"):
            message = f'namespaces "{name}" is forbidden: this namespace may not be deleted'
            raise ApiError(403, "Forbidden", message, {"name": name, "kind": "namespaces"})
        if not dry:
            _empty(store, name)
    if not dry:
        store.remove(resource.group, resource.name, namespace, name)
    if resource.name == "pods":
        leaving = copy.deepcopy(before)
        leaving["metadata"] |= {"deletionTimestamp": now(), "deletionGracePeriodSeconds": _GRACE_S}
        return 200, leaving
    if resource.name == "namespaces":
        return 200, copy.deepcopy(before) | {"status": {"phase": "Terminating"}}
    if not resource.group and resource.name in _RETURNED:
        return 200, before
    return 200, success(resource.name, name, before["metadata"]["uid"], resource.group)


def _delete_all(store: Store, resource: Resource, info: RequestInfo, request: IncomingRequest, dry: bool) -> Object:
    parameters = request.parameters
    labels = label_selector(parameters.get("labelSelector", ""))
    fields = field_selector(parameters.get("fieldSelector", ""), resource.name)
    found = [one for one in store.objects(resource.group, resource.name, info.namespace) if labels(one) and fields(one)]
    for one in found:
        _delete(store, resource, one["metadata"].get("namespace", ""), one["metadata"]["name"], dry)
    metadata = {"resourceVersion": str(store.version)}
    head = {"kind": resource.list_kind, "apiVersion": resource.api_version, "metadata": metadata}
    return head | {"items": [without_kind(one) for one in found]}


def _empty(store: Store, namespace: str) -> None:
    for group, name in store.keys():
        for obj in list(store.objects(group, name, namespace)):
            store.remove(group, name, namespace, obj["metadata"]["name"])


def _check(resource: Resource, obj: Object, name: str) -> None:
    if not name:
        detail = "Required value: name or generateName is required"
        raise invalid(resource.kind, resource.group, "", "metadata.name", detail, "FieldValueRequired")
    if resource.group == "rbac.authorization.k8s.io":
        return
    pattern = _LABEL if resource.name in ("services", "namespaces") else _SUBDOMAIN
    if not pattern.fullmatch(name):
        detail = f'Invalid value: "{name}": {_LABEL_RULE if pattern is _LABEL else _SUBDOMAIN_RULE}'
        raise invalid(resource.kind, resource.group, name, "metadata.name", detail, "FieldValueInvalid")
    for key, value in (obj.get("data") or {}).items() if resource.name == "configmaps" else ():
        if not isinstance(value, str):
            message = f'ConfigMap in version "v1" cannot be handled as a ConfigMap: data.{key} is no text'
            raise ApiError(422, "Invalid", message, {"name": name, "kind": "ConfigMap"})
    spec = obj.get("spec") or {}
    if (
        resource.name == "services"
        and not spec.get("ports")
        and spec.get("type") != "ExternalName"
        and spec.get("clusterIP") != "None"
    ):
        raise invalid("Service", "", name, "spec.ports", "Required value", "FieldValueRequired")
    if resource.name == "pods" and not spec.get("containers"):
        raise invalid("Pod", "", name, "spec.containers", "Required value", "FieldValueRequired")


def _dry(store: Store, obj: Object) -> Object:
    obj = copy.deepcopy(obj)
    obj["metadata"].setdefault("uid", "00000000-0000-4000-8000-000000000000")
    obj["metadata"].setdefault("creationTimestamp", now())
    return obj


def _loaded(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        raise bad_request("invalid JSON patch") from None
