"""The catalogue of resources: their groups, versions, kinds, verbs and subresources."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

_ALL = ("create", "delete", "deletecollection", "get", "list", "patch", "update", "watch")
_STATUS_VERBS = ("get", "patch", "update")
_PROXY_VERBS = ("create", "delete", "get", "patch", "update")


@dataclass(frozen=True, slots=True)
class Subresource:
    """A subresource, such as `pods/log`; `group` and `version` are those of its kind, if not the resource's."""

    name: str
    kind: str
    verbs: tuple[str, ...] = _STATUS_VERBS
    group: str = ""
    version: str = ""


@dataclass(frozen=True, slots=True)
class Resource:
    """A resource in one version of its group."""

    group: str
    version: str
    name: str
    kind: str
    namespaced: bool = True
    short_names: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    verbs: tuple[str, ...] = _ALL
    subresources: tuple[Subresource, ...] = ()

    @property
    def api_version(self) -> str:
        """The ``apiVersion`` of its objects, such as ``v1`` or ``apps/v1``."""
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def singular(self) -> str:
        """The singular name, such as ``pod``."""
        return self.kind.lower()

    @property
    def list_kind(self) -> str:
        """The kind of a list, such as ``PodList``."""
        return f"{self.kind}List"

    @property
    def qualified(self) -> str:
        """The name with its group: ``services``, ``deployments.apps``."""
        return f"{self.name}.{self.group}" if self.group else self.name

    @property
    def stored(self) -> bool:
        """Whether its objects are stored; reviews are only answered."""
        return "get" in self.verbs

    @property
    def storage_hash(self) -> str:
        """The ``storageVersionHash`` of discovery documents."""
        digest = hashlib.sha256(f"{self.group}/{self.version}/{self.kind}".encode()).digest()
        return base64.b64encode(digest[:8]).decode()

    def subresource(self, name: str) -> Subresource | None:
        """The subresource with this name, if there is one."""
        return next((subresource for subresource in self.subresources if subresource.name == name), None)


def _status(kind: str) -> Subresource:
    return Subresource("status", kind)


def _scale() -> Subresource:
    return Subresource("scale", "Scale", group="autoscaling", version="v1")


def _core(name: str, kind: str, *short_names: str, **options: Any) -> Resource:
    return Resource("", "v1", name, kind, short_names=short_names, **options)


def _core_resources() -> Iterator[Resource]:
    yield _core("bindings", "Binding", verbs=("create",))
    yield _core("componentstatuses", "ComponentStatus", "cs", namespaced=False, verbs=("get", "list"))
    yield _core("configmaps", "ConfigMap", "cm")
    yield _core("endpoints", "Endpoints", "ep")
    yield _core("events", "Event", "ev")
    yield _core("limitranges", "LimitRange", "limits")
    yield _core(
        "namespaces", "Namespace", "ns",
        namespaced=False,
        verbs=tuple(verb for verb in _ALL if verb != "deletecollection"),
        subresources=(Subresource("finalize", "Namespace", ("update",)), _status("Namespace")),
    )  # fmt: skip
    proxy = Subresource("proxy", "NodeProxyOptions", _PROXY_VERBS)
    yield _core("nodes", "Node", "no", namespaced=False, subresources=(proxy, _status("Node")))
    claim = "PersistentVolumeClaim"
    yield _core("persistentvolumeclaims", claim, "pvc", subresources=(_status(claim),))
    volume = "PersistentVolume"
    yield _core("persistentvolumes", volume, "pv", namespaced=False, subresources=(_status(volume),))
    yield _core("pods", "Pod", "po", categories=("all",), subresources=tuple(_pod_subresources()))
    yield _core("podtemplates", "PodTemplate")
    controller = "ReplicationController"
    subresources = (_scale(), _status(controller))
    yield _core("replicationcontrollers", controller, "rc", categories=("all",), subresources=subresources)
    yield _core("resourcequotas", "ResourceQuota", "quota", subresources=(_status("ResourceQuota"),))
    yield _core("secrets", "Secret")
    token = Subresource("token", "TokenRequest", ("create",), "authentication.k8s.io", "v1")
    yield _core("serviceaccounts", "ServiceAccount", "sa", subresources=(token,))
    proxy = Subresource("proxy", "ServiceProxyOptions", _PROXY_VERBS)
    yield _core("services", "Service", "svc", categories=("all",), subresources=(proxy, _status("Service")))


def _pod_subresources() -> Iterator[Subresource]:
    yield Subresource("attach", "PodAttachOptions", ("create", "get"))
    yield Subresource("binding", "Binding", ("create",))
    yield Subresource("ephemeralcontainers", "Pod")
    yield Subresource("eviction", "Eviction", ("create",), "policy", "v1")
    yield Subresource("exec", "PodExecOptions", ("create", "get"))
    yield Subresource("log", "Pod", ("get",))
    yield Subresource("portforward", "PodPortForwardOptions", ("create", "get"))
    yield Subresource("proxy", "PodProxyOptions", _PROXY_VERBS)
    yield Subresource("resize", "Pod")
    yield _status("Pod")


def _other_resources() -> Iterator[Resource]:
    yield Resource(
        "apiregistration.k8s.io", "v1", "apiservices", "APIService", False,
        categories=("api-extensions",),
        subresources=(_status("APIService"),),
    )  # fmt: skip
    yield Resource("apps", "v1", "controllerrevisions", "ControllerRevision")
    for name, kind, short_name in (
        ("daemonsets", "DaemonSet", "ds"),
        ("deployments", "Deployment", "deploy"),
        ("replicasets", "ReplicaSet", "rs"),
        ("statefulsets", "StatefulSet", "sts"),
    ):
        subresources = (_status(kind),) if kind == "DaemonSet" else (_scale(), _status(kind))
        yield Resource("apps", "v1", name, kind, True, (short_name,), ("all",), subresources=subresources)
    yield Resource("events.k8s.io", "v1", "events", "Event", True, ("ev",))
    yield Resource("authentication.k8s.io", "v1", "selfsubjectreviews", "SelfSubjectReview", False, verbs=("create",))
    yield Resource("authentication.k8s.io", "v1", "tokenreviews", "TokenReview", False, verbs=("create",))
    for name, kind in (
        ("localsubjectaccessreviews", "LocalSubjectAccessReview"),
        ("selfsubjectaccessreviews", "SelfSubjectAccessReview"),
        ("selfsubjectrulesreviews", "SelfSubjectRulesReview"),
        ("subjectaccessreviews", "SubjectAccessReview"),
    ):
        yield Resource("authorization.k8s.io", "v1", name, kind, name.startswith("local"), verbs=("create",))
    yield Resource("batch", "v1", "cronjobs", "CronJob", True, ("cj",), ("all",), subresources=(_status("CronJob"),))
    yield Resource("batch", "v1", "jobs", "Job", True, (), ("all",), subresources=(_status("Job"),))
    yield Resource(
        "networking.k8s.io", "v1", "ingresses", "Ingress", True, ("ing",), subresources=(_status("Ingress"),)
    )
    for name, kind, namespaced in (
        ("clusterrolebindings", "ClusterRoleBinding", False),
        ("clusterroles", "ClusterRole", False),
        ("rolebindings", "RoleBinding", True),
        ("roles", "Role", True),
    ):
        yield Resource("rbac.authorization.k8s.io", "v1", name, kind, namespaced)
    yield Resource("coordination.k8s.io", "v1", "leases", "Lease")
    yield Resource("discovery.k8s.io", "v1", "endpointslices", "EndpointSlice")


METRICS = (
    Resource("metrics.k8s.io", "v1beta1", "nodes", "NodeMetrics", False, verbs=("get", "list")),
    Resource("metrics.k8s.io", "v1beta1", "pods", "PodMetrics", True, verbs=("get", "list")),
)
"""The resources that metrics-server adds to the API, in a world that has one."""


class Catalogue:
    """The resources of a cluster, found by group, version, name or kind.

    Parameters
    ----------
    extra
        Resources besides those of the API server itself.
    """

    def __init__(self, extra: tuple[Resource, ...] = ()) -> None:
        self.all = (*_core_resources(), *_other_resources(), *extra)
        self._by_path = {(resource.group, resource.version, resource.name): resource for resource in self.all}
        self._by_kind = {(resource.api_version, resource.kind): resource for resource in self.all}
        self._groups: dict[str, list[str]] = {}
        for resource in self.all:
            versions = self._groups.setdefault(resource.group, [])
            if resource.version not in versions:
                versions.append(resource.version)

    def find(self, group: str, version: str, name: str) -> Resource | None:
        """The resource at a path.

        Parameters
        ----------
        group, version, name
            As in the path; the core group is empty.
        """
        return self._by_path.get((group, version, name))

    def of_kind(self, api_version: str, kind: str) -> Resource | None:
        """The resource that objects of a kind belong to.

        Parameters
        ----------
        api_version, kind
            As in the objects.
        """
        return self._by_kind.get((api_version, kind))

    def groups(self) -> dict[str, list[str]]:
        """Group → its versions, in order; the core group is ``""``."""
        return self._groups

    def of_version(self, group: str, version: str) -> list[Resource]:
        """The resources in a version of a group, sorted by name.

        Parameters
        ----------
        group, version
            As in the path; the core group is empty.
        """
        resources = [resource for resource in self.all if (resource.group, resource.version) == (group, version)]
        return sorted(resources, key=lambda resource: resource.name)
