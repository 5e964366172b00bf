"""The catalogue of resources: which there are, in which groups, and what may be done with them."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

_ALL = ("create", "delete", "deletecollection", "get", "list", "patch", "update", "watch")
_STATUS_VERBS = ("get", "patch", "update")
_PROXY_VERBS = ("create", "delete", "get", "patch", "update")


@dataclass(frozen=True, slots=True)
class Subresource:
    """Something below an object, such as `pods/log`; group and version are those of its kind, where they are others."""

    name: str
    kind: str
    verbs: tuple[str, ...] = _STATUS_VERBS
    group: str = ""
    version: str = ""


@dataclass(frozen=True, slots=True)
class Resource:
    """One resource of one group and version."""

    group: str
    version: str
    name: str
    kind: str
    namespaced: bool = True
    short: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    verbs: tuple[str, ...] = _ALL
    subresources: tuple[Subresource, ...] = ()

    @property
    def api_version(self) -> str:
        """As objects write it: ``v1``, ``apps/v1``."""
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def singular(self) -> str:
        """The name of one."""
        return self.kind.lower()

    @property
    def list_kind(self) -> str:
        """The kind of a list of them."""
        return f"{self.kind}List"

    @property
    def qualified(self) -> str:
        """``services``, ``deployments.apps``."""
        return f"{self.name}.{self.group}" if self.group else self.name

    @property
    def stored(self) -> bool:
        """Whether objects of it are kept (reviews are only answered)."""
        return "get" in self.verbs

    @property
    def storage_hash(self) -> str:
        """What discovery documents call storageVersionHash: of group, version and kind."""
        digest = hashlib.sha256(f"{self.group}/{self.version}/{self.kind}".encode()).digest()
        return base64.b64encode(digest[:8]).decode()

    def subresource(self, name: str) -> Subresource | None:
        """The subresource of that name."""
        return next((one for one in self.subresources if one.name == name), None)


def _status(kind: str) -> Subresource:
    return Subresource("status", kind)


def _scale() -> Subresource:
    return Subresource("scale", "Scale", group="autoscaling", version="v1")


def _core() -> Iterator[Resource]:
    def made(name: str, kind: str, *short: str, **more: object) -> Resource:
        return Resource("", "v1", name, kind, short=short, **more)  # type: ignore[arg-type]  # the keywords are Resource's own

    yield made("bindings", "Binding", verbs=("create",))
    yield made("componentstatuses", "ComponentStatus", "cs", namespaced=False, verbs=("get", "list"))
    yield made("configmaps", "ConfigMap", "cm")
    yield made("endpoints", "Endpoints", "ep")
    yield made("events", "Event", "ev")
    yield made("limitranges", "LimitRange", "limits")
    yield made(
        "namespaces", "Namespace", "ns",
        namespaced=False,
        verbs=tuple(verb for verb in _ALL if verb != "deletecollection"),
        subresources=(Subresource("finalize", "Namespace", ("update",)), _status("Namespace")),
    )  # fmt: skip
    node_parts = (Subresource("proxy", "NodeProxyOptions", _PROXY_VERBS), _status("Node"))
    yield made("nodes", "Node", "no", namespaced=False, subresources=node_parts)
    yield made(
        "persistentvolumeclaims", "PersistentVolumeClaim", "pvc", subresources=(_status("PersistentVolumeClaim"),)
    )
    yield made(
        "persistentvolumes", "PersistentVolume", "pv", namespaced=False, subresources=(_status("PersistentVolume"),)
    )
    yield made(
        "pods", "Pod", "po",
        categories=("all",),
        subresources=(
            Subresource("attach", "PodAttachOptions", ("create", "get")),
            Subresource("binding", "Binding", ("create",)),
            Subresource("ephemeralcontainers", "Pod"),
            Subresource("eviction", "Eviction", ("create",), "policy", "v1"),
            Subresource("exec", "PodExecOptions", ("create", "get")),
            Subresource("log", "Pod", ("get",)),
            Subresource("portforward", "PodPortForwardOptions", ("create", "get")),
            Subresource("proxy", "PodProxyOptions", _PROXY_VERBS),
            Subresource("resize", "Pod"),
            _status("Pod"),
        ),
    )  # fmt: skip
    yield made("podtemplates", "PodTemplate")
    yield made(
        "replicationcontrollers", "ReplicationController", "rc",
        categories=("all",),
        subresources=(_scale(), _status("ReplicationController")),
    )  # fmt: skip
    yield made("resourcequotas", "ResourceQuota", "quota", subresources=(_status("ResourceQuota"),))
    yield made("secrets", "Secret")
    token = Subresource("token", "TokenRequest", ("create",), "authentication.k8s.io", "v1")
    yield made("serviceaccounts", "ServiceAccount", "sa", subresources=(token,))
    service_parts = (Subresource("proxy", "ServiceProxyOptions", _PROXY_VERBS), _status("Service"))
    yield made("services", "Service", "svc", categories=("all",), subresources=service_parts)


def _others() -> Iterator[Resource]:
    yield Resource(
        "apiregistration.k8s.io", "v1", "apiservices", "APIService", False,
        categories=("api-extensions",),
        subresources=(_status("APIService"),),
    )  # fmt: skip
    yield Resource("apps", "v1", "controllerrevisions", "ControllerRevision")
    for name, kind, short in (
        ("daemonsets", "DaemonSet", "ds"),
        ("deployments", "Deployment", "deploy"),
        ("replicasets", "ReplicaSet", "rs"),
        ("statefulsets", "StatefulSet", "sts"),
    ):
        parts = (_status(kind),) if kind == "DaemonSet" else (_scale(), _status(kind))
        yield Resource("apps", "v1", name, kind, True, (short,), ("all",), subresources=parts)
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
"""What an aggregated metrics-server adds, in a world that has one (an APIService tells)."""


class Catalogue:
    """The resources of this cluster, by group, version and name."""

    def __init__(self, extra: tuple[Resource, ...] = ()) -> None:
        self.all = (*_core(), *_others(), *extra)
        self._by_path = {(one.group, one.version, one.name): one for one in self.all}
        self._by_kind = {(one.api_version, one.kind): one for one in self.all}
        self._groups: dict[str, list[str]] = {}
        for one in self.all:
            versions = self._groups.setdefault(one.group, [])
            if one.version not in versions:
                versions.append(one.version)

    def find(self, group: str, version: str, name: str) -> Resource | None:
        """The resource that a path names."""
        return self._by_path.get((group, version, name))

    def of_kind(self, api_version: str, kind: str) -> Resource | None:
        """The resource that objects of this kind belong to."""
        return self._by_kind.get((api_version, kind))

    def groups(self) -> dict[str, list[str]]:
        """The versions of each group, in order; the core group is ``""``."""
        return self._groups

    def of_version(self, group: str, version: str) -> list[Resource]:
        """The resources of a group's version, by name."""
        found = [one for one in self.all if (one.group, one.version) == (group, version)]
        return sorted(found, key=lambda one: one.name)
