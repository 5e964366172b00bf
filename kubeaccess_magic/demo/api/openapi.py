"""OpenAPI documents, reduced to what kubectl needs: whether write operations have `fieldValidation`."""

from __future__ import annotations

import hashlib
import json

from ..http.exchange import http_date
from ..http.headers import Headers
from .resources import Catalogue, Resource
from .status import Object

_PARAMETERS = ("dryRun", "fieldManager", "fieldValidation")
_LAST_MODIFIED = 1767225600


def openapi(path: str, catalogue: Catalogue, version: str) -> tuple[int, Headers, bytes]:
    """Status code, headers and body of the answer at a path below `/openapi/`.

    Parameters
    ----------
    path
        The path of the request.
    catalogue
        The resources of the cluster.
    version
        The Kubernetes version, such as ``1.37.2``.
    """
    headers = Headers([("Accept-Ranges", "bytes"), ("Last-Modified", http_date(_LAST_MODIFIED))])
    if path == "/openapi/v3":
        headers.add("Content-Type", "text/plain; charset=utf-8")
        return 200, headers, _to_json({"paths": _documents(catalogue, version)})
    headers.add("Content-Type", "application/json")
    info = {"title": "Kubernetes", "version": f"v{version}"}
    if path == "/openapi/v2":
        paths = _paths(list(catalogue.all))
        return 200, headers, _to_json({"swagger": "2.0", "info": info, "paths": paths, "definitions": {}})
    group, group_version = _group_version(path.removeprefix("/openapi/v3/"))
    if group_version not in catalogue.groups().get(group, ()):
        return 404, Headers(), b""
    paths = _paths(catalogue.of_version(group, group_version))
    return 200, headers, _to_json({"openapi": "3.0.0", "info": info, "paths": paths, "components": {}})


def _documents(catalogue: Catalogue, version: str) -> Object:
    """The index of the documents: one for each version of a group."""
    names = [
        f"apis/{group}/{group_version}" if group else f"api/{group_version}"
        for group, versions in catalogue.groups().items()
        for group_version in versions
    ]
    return {name: {"serverRelativeURL": f"/openapi/v3/{name}?hash={_digest(name + version)}"} for name in names}


def _group_version(name: str) -> tuple[str, str]:
    """The group and version of a document's name: ``api/v1``, ``apis/apps/v1``."""
    parts = name.split("/")
    if parts[0] == "api" and len(parts) == 2:
        return "", parts[1]
    return (parts[1], parts[2]) if len(parts) == 3 else ("-", parts[-1])


def _paths(resources: list[Resource]) -> Object:
    paths: Object = {}
    for resource in resources:
        root = f"/apis/{resource.group}/{resource.version}" if resource.group else f"/api/{resource.version}"
        path = f"{root}/namespaces/{{namespace}}/{resource.name}" if resource.namespaced else f"{root}/{resource.name}"
        kind = {"group": resource.group, "version": resource.version, "kind": resource.kind}
        operation = {
            "parameters": [{"name": name, "in": "query", "schema": {"type": "string"}} for name in _PARAMETERS],
            "x-kubernetes-group-version-kind": kind,
            "responses": {},
        }
        if "create" in resource.verbs:
            paths[path] = {"post": operation}
        if "patch" in resource.verbs:
            paths[f"{path}/{{name}}"] = {"patch": operation, "put": operation}
    return paths


def _to_json(value: Object) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


def _digest(text: str) -> str:
    return hashlib.sha512(text.encode()).hexdigest().upper()
