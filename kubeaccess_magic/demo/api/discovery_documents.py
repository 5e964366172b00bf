"""Discovery documents: the API's groups, versions and resources, and the version of the server."""

from __future__ import annotations

import hashlib
import json
from typing import Final

from .resources import Catalogue, Resource, Subresource
from .status import Object

AGGREGATED: Final = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"


def api_versions(host: str) -> Object:
    """The document at `/api`; `host` is the server's address as the client wrote it."""
    address = {"clientCIDR": "0.0.0.0/0", "serverAddress": host}
    return {"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": [address]}


def group_list(catalogue: Catalogue) -> Object:
    """The document at `/apis`: all named groups."""
    groups = [_group(name, versions) for name, versions in catalogue.groups().items() if name]
    return {"kind": "APIGroupList", "apiVersion": "v1", "groups": groups}


def group(catalogue: Catalogue, name: str) -> Object:
    """The document at `/apis/GROUP`.

    Parameters
    ----------
    catalogue
        The resources of the cluster.
    name
        The group.
    """
    return {"kind": "APIGroup", "apiVersion": "v1", **_group(name, catalogue.groups()[name])}


def resource_list(catalogue: Catalogue, group_name: str, version: str) -> Object:
    """The document at `/api/v1` or `/apis/GROUP/VERSION`: the resources there.

    Parameters
    ----------
    catalogue
        The resources of the cluster.
    group_name, version
        As in the path; the core group is empty.
    """
    document: Object = {"kind": "APIResourceList"}
    if group_name:
        document["apiVersion"] = "v1"
    document["groupVersion"] = f"{group_name}/{version}" if group_name else version
    entries = []
    for resource in catalogue.of_version(group_name, version):
        entries.append(_resource_entry(resource))
        entries += [_subresource_entry(resource, subresource) for subresource in resource.subresources]
    return document | {"resources": entries}


def aggregated(catalogue: Catalogue, core: bool) -> tuple[Object, str]:
    """The aggregated discovery document at `/api` or `/apis`, and its ETag: a hash of the content.

    Parameters
    ----------
    catalogue
        The resources of the cluster.
    core
        Whether the document is for the core group (`/api`).
    """
    items = []
    for name, versions in catalogue.groups().items():
        if (not name) is not core:
            continue
        metadata = {"name": name} if name else {}
        version_entries = [
            {
                "version": version,
                "resources": [_aggregated_entry(resource) for resource in catalogue.of_version(name, version)],
                "freshness": "Current",
            }
            for version in versions
        ]
        items.append({"metadata": metadata, "versions": version_entries})
    content: Object = {"metadata": {}, "items": items}
    digest = hashlib.sha512(json.dumps(content, separators=(",", ":")).encode()).hexdigest().upper()
    return {"kind": "APIGroupDiscoveryList", "apiVersion": "apidiscovery.k8s.io/v2"} | content, f'"{digest}"'


def version(number: str) -> Object:
    """The document at `/version`.

    Parameters
    ----------
    number
        The Kubernetes version, such as ``1.37.2``.
    """
    major, minor, _ = number.split(".")
    return {
        "major": major,
        "minor": minor,
        "emulationMajor": major,
        "emulationMinor": minor,
        "minCompatibilityMajor": major,
        "minCompatibilityMinor": str(int(minor) - 1),
        "gitVersion": f"v{number}",
        "gitCommit": "0" * 40,
        "gitTreeState": "clean",
        "buildDate": "2026-06-01T00:00:00Z",
        "goVersion": "go1.26.4",
        "compiler": "gc",
        "platform": "linux/amd64",
    }


def _group(name: str, versions: list[str]) -> Object:
    version_entries = [{"groupVersion": f"{name}/{version}", "version": version} for version in versions]
    return {"name": name, "versions": version_entries, "preferredVersion": version_entries[0]}


def _resource_entry(resource: Resource) -> Object:
    entry: Object = {
        "name": resource.name,
        "singularName": resource.singular,
        "namespaced": resource.namespaced,
        "kind": resource.kind,
    }
    entry["verbs"] = list(resource.verbs)
    if resource.short_names:
        entry["shortNames"] = list(resource.short_names)
    if resource.categories:
        entry["categories"] = list(resource.categories)
    if "watch" in resource.verbs:
        entry["storageVersionHash"] = resource.storage_hash
    return entry


def _subresource_entry(resource: Resource, subresource: Subresource) -> Object:
    entry: Object = {
        "name": f"{resource.name}/{subresource.name}",
        "singularName": "",
        "namespaced": resource.namespaced,
    }
    if subresource.group:
        entry |= {"group": subresource.group, "version": subresource.version}
    return entry | {"kind": subresource.kind, "verbs": list(subresource.verbs)}


def _aggregated_entry(resource: Resource) -> Object:
    entry: Object = {
        "resource": resource.name,
        "responseKind": {"group": "", "version": "", "kind": resource.kind},
        "scope": "Namespaced" if resource.namespaced else "Cluster",
        "singularResource": resource.singular,
        "verbs": list(resource.verbs),
    }
    if resource.short_names:
        entry["shortNames"] = list(resource.short_names)
    if resource.categories:
        entry["categories"] = list(resource.categories)
    if resource.subresources:
        entry["subresources"] = [
            {
                "subresource": subresource.name,
                "responseKind": {"group": subresource.group, "version": subresource.version, "kind": subresource.kind},
                "verbs": list(subresource.verbs),
            }
            for subresource in resource.subresources
        ]
    return entry
