"""Discovery documents: which groups and resources there are, which version this is, that all is well."""

from __future__ import annotations

import hashlib
import json
from typing import Final

from .resources import Catalogue, Resource, Subresource
from .status import Object

AGGREGATED: Final = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"


def api_versions(host: str) -> Object:
    """`/api`."""
    address = {"clientCIDR": "0.0.0.0/0", "serverAddress": host}
    return {"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": [address]}


def group_list(catalogue: Catalogue) -> Object:
    """`/apis`."""
    groups = [_group(name, versions) for name, versions in catalogue.groups().items() if name]
    return {"kind": "APIGroupList", "apiVersion": "v1", "groups": groups}


def group(catalogue: Catalogue, name: str) -> Object:
    """`/apis/GROUP`."""
    return {"kind": "APIGroup", "apiVersion": "v1", **_group(name, catalogue.groups()[name])}


def resource_list(catalogue: Catalogue, group_name: str, version: str) -> Object:
    """`/api/v1`, `/apis/GROUP/VERSION`."""
    out: Object = {"kind": "APIResourceList"}
    if group_name:
        out["apiVersion"] = "v1"
    out["groupVersion"] = f"{group_name}/{version}" if group_name else version
    entries = []
    for resource in catalogue.of_version(group_name, version):
        entries.append(_entry(resource))
        entries += [_part(resource, part) for part in resource.subresources]
    return out | {"resources": entries}


def aggregated(catalogue: Catalogue, core: bool) -> tuple[Object, str]:
    """`/api` or `/apis` in one document, with its ETag: the hash of what it says, kind and version aside."""
    items = []
    for name, versions in catalogue.groups().items():
        if (not name) is not core:
            continue
        metadata = {"name": name} if name else {}
        shown = [
            {
                "version": version,
                "resources": [_discovered(one) for one in catalogue.of_version(name, version)],
                "freshness": "Current",
            }
            for version in versions
        ]
        items.append({"metadata": metadata, "versions": shown})
    content: Object = {"metadata": {}, "items": items}
    digest = hashlib.sha512(json.dumps(content, separators=(",", ":")).encode()).hexdigest().upper()
    return {"kind": "APIGroupDiscoveryList", "apiVersion": "apidiscovery.k8s.io/v2"} | content, f'"{digest}"'


def version(text: str) -> Object:
    """`/version`; `text` is such as ``1.37.2``."""
    major, minor, _ = text.split(".")
    return {
        "major": major,
        "minor": minor,
        "emulationMajor": major,
        "emulationMinor": minor,
        "minCompatibilityMajor": major,
        "minCompatibilityMinor": str(int(minor) - 1),
        "gitVersion": f"v{text}",
        "gitCommit": "0" * 40,
        "gitTreeState": "clean",
        "buildDate": "2026-06-01T00:00:00Z",
        "goVersion": "go1.26.4",
        "compiler": "gc",
        "platform": "linux/amd64",
    }


def _group(name: str, versions: list[str]) -> Object:
    known = [{"groupVersion": f"{name}/{version}", "version": version} for version in versions]
    return {"name": name, "versions": known, "preferredVersion": known[0]}


def _entry(one: Resource) -> Object:
    out: Object = {"name": one.name, "singularName": one.singular, "namespaced": one.namespaced, "kind": one.kind}
    out["verbs"] = list(one.verbs)
    if one.short:
        out["shortNames"] = list(one.short)
    if one.categories:
        out["categories"] = list(one.categories)
    if "watch" in one.verbs:
        out["storageVersionHash"] = one.storage_hash
    return out


def _part(one: Resource, part: Subresource) -> Object:
    out: Object = {"name": f"{one.name}/{part.name}", "singularName": "", "namespaced": one.namespaced}
    if part.group:
        out |= {"group": part.group, "version": part.version}
    return out | {"kind": part.kind, "verbs": list(part.verbs)}


def _discovered(one: Resource) -> Object:
    out: Object = {
        "resource": one.name,
        "responseKind": {"group": "", "version": "", "kind": one.kind},
        "scope": "Namespaced" if one.namespaced else "Cluster",
        "singularResource": one.singular,
        "verbs": list(one.verbs),
    }
    if one.short:
        out["shortNames"] = list(one.short)
    if one.categories:
        out["categories"] = list(one.categories)
    if one.subresources:
        out["subresources"] = [
            {
                "subresource": part.name,
                "responseKind": {"group": part.group, "version": part.version, "kind": part.kind},
                "verbs": list(part.verbs),
            }
            for part in one.subresources
        ]
    return out
