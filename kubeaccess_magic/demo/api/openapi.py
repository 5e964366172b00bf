"""OpenAPI documents: as much as kubectl asks of them, which is whether writes know `fieldValidation`."""

from __future__ import annotations

import hashlib
import json

from ..http.exchange import http_date
from ..http.headers import Headers
from ..http.message import IncomingRequest
from .resources import Catalogue, Resource
from .status import Object

_PARAMETERS = ("dryRun", "fieldManager", "fieldValidation")
_STARTED = 1767225600


def openapi(path: str, request: IncomingRequest, catalogue: Catalogue, version: str) -> tuple[int, Headers, bytes]:
    """Status, headers and body for a path below `/openapi/`."""
    headers = Headers([("Accept-Ranges", "bytes"), ("Last-Modified", http_date(_STARTED))])
    if path == "/openapi/v3":
        headers.add("Content-Type", "text/plain; charset=utf-8")
        paths = {
            where: {"serverRelativeURL": f"/openapi/v3/{where}?hash={_digest(where + version)}"}
            for name, versions in catalogue.groups().items()
            for where in (f"apis/{name}/{one}" if name else f"api/{one}" for one in versions)
        }
        return 200, headers, json.dumps({"paths": paths}, separators=(",", ":")).encode()
    headers.add("Content-Type", "application/json")
    info = {"title": "Kubernetes", "version": f"v{version}"}
    if path == "/openapi/v2":
        found = {"swagger": "2.0", "info": info, "paths": _paths(catalogue, list(catalogue.all)), "definitions": {}}
        return 200, headers, json.dumps(found, separators=(",", ":")).encode()
    parts = path.removeprefix("/openapi/v3/").split("/")
    group, one = (
        ("", parts[-1]) if parts[0] == "api" and len(parts) == 2 else (parts[1] if len(parts) == 3 else "-", parts[-1])
    )
    if one not in catalogue.groups().get(group, ()):
        return 404, Headers(), b""
    found = {
        "openapi": "3.0.0",
        "info": info,
        "paths": _paths(catalogue, catalogue.of_version(group, one)),
        "components": {},
    }
    return 200, headers, json.dumps(found, separators=(",", ":")).encode()


def _paths(catalogue: Catalogue, resources: list[Resource]) -> Object:
    out: Object = {}
    for one in resources:
        root = f"/apis/{one.group}/{one.version}" if one.group else f"/api/{one.version}"
        where = f"{root}/namespaces/{{namespace}}/{one.name}" if one.namespaced else f"{root}/{one.name}"
        kind = {"group": one.group, "version": one.version, "kind": one.kind}
        operation = {
            "parameters": [{"name": name, "in": "query", "schema": {"type": "string"}} for name in _PARAMETERS],
            "x-kubernetes-group-version-kind": kind,
            "responses": {},
        }
        if "create" in one.verbs:
            out[where] = {"post": operation}
        if "patch" in one.verbs:
            out[f"{where}/{{name}}"] = {"patch": operation, "put": operation}
    return out


def _digest(text: str) -> str:
    return hashlib.sha512(text.encode()).hexdigest().upper()
