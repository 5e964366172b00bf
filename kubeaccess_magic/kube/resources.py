"""Resources of the API: their names, and the paths of their lists and objects."""

from __future__ import annotations

import dataclasses
from typing import Any, Generic, TypeVar
from urllib.parse import quote

from .objects import ApiResourceList, EndpointSlice, Namespace, Node, Page, Pod, Service, decode, decode_list

__all__ = ["ENDPOINTSLICES", "NAMESPACES", "NODES", "PODS", "SERVICES", "Resource", "namespaced_resources", "path_of"]

Object = TypeVar("Object", bound=Any)


@dataclasses.dataclass(frozen=True, slots=True)
class Resource(Generic[Object]):
    """A resource of the API whose objects are typed values.

    Attributes
    ----------
    plural
        The name of the resource in paths and in RBAC, such as "services".
    kind
        The class of its objects.
    group, version
        API group ("" for the core) and version.
    """

    plural: str
    kind: type[Object]
    group: str = ""
    version: str = "v1"

    def path(self, namespace: str | None = None, name: str | None = None) -> str:
        """The path of an object, or of a list without `name`; of all namespaces without `namespace`."""
        return path_of(self.plural, namespace, name, group=self.group, version=self.version)

    def read(self, body: bytes) -> Object:
        """One object from its JSON; LoadError if it is not one."""
        return decode(body, self.kind)

    def read_list(self, body: bytes) -> Page[Object]:
        """One page of a list from its JSON; LoadError if it is not one."""
        return decode_list(body, self.kind)


NAMESPACES = Resource("namespaces", Namespace)
NODES = Resource("nodes", Node)
SERVICES = Resource("services", Service)
PODS = Resource("pods", Pod)
ENDPOINTSLICES = Resource("endpointslices", EndpointSlice, group="discovery.k8s.io")


def namespaced_resources(body: bytes) -> dict[str, bool]:
    """Whether the objects of each resource are in namespaces, from an APIResourceList; LoadError if it is not one."""
    return {entry.name: entry.namespaced for entry in decode(body, ApiResourceList).resources}


def path_of(
    plural: str, namespace: str | None = None, name: str | None = None, *, group: str = "", version: str = "v1"
) -> str:
    """The path of an object of the API, or of a list.

    Parameters
    ----------
    plural
        The name of the resource, such as "pods".
    namespace
        None for objects that are in no namespace, and for a list of all namespaces.
    name
        The name of the object; None for a list.
    group, version
        API group ("" for the core) and version.

    Returns
    -------
    str
        The path, with the characters that a path segment cannot hold encoded.
    """
    words = ["", "apis", group, version] if group else ["", "api", version]
    if namespace is not None:
        words += ["namespaces", quote(namespace, safe="")]
    words.append(plural)
    if name is not None:
        words.append(quote(name, safe=""))
    return "/".join(words)
