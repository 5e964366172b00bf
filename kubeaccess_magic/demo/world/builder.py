"""Building a world: methods that add objects, and the apps that run in pods."""

from __future__ import annotations

import hashlib
import random
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final

from ..api.status import Object
from ..api.store import timestamp
from ..apps.shop import Orders
from ..apps.web import Handler
from . import manifests

DAY_S: Final = 86400
RBAC: Final = "rbac.authorization.k8s.io"
_LETTERS: Final = "bcdfghjklmnpqrstvwxz2456789"


@dataclass
class World:
    """The objects of a cluster, and the apps that listen at its addresses.

    Attributes
    ----------
    now
        When the demo started, in seconds since the epoch; ages are counted from there.
    objects
        The objects, in the order in which they were added.
    apps
        Address → the app that listens there, such as ``10.42.0.11:9200``.
    tls
        Address → ``always`` if the app speaks TLS there, ``either`` if it answers plain HTTP as well.
    """

    now: float = field(default_factory=time.time)
    objects: list[Object] = field(default_factory=list)
    apps: dict[str, Handler] = field(default_factory=dict)
    tls: dict[str, str] = field(default_factory=dict)
    _random: random.Random = field(default_factory=lambda: random.Random(20260101))
    _pods: int = 10
    _ages: dict[str, float] = field(default_factory=dict)

    @cached_property
    def orders(self) -> Orders:
        """The shop's orders, which all its replicas and metrics share."""
        return Orders(self.now)

    def add(self, obj: Object) -> Object:
        """Add an object; its uid follows from its kind and name, so that others can refer to it."""
        metadata = obj["metadata"]
        metadata.setdefault("uid", manifests.uid(obj["kind"], metadata["name"], metadata.get("namespace", "")))
        self.objects.append(obj)
        return obj

    def meta(self, name: str, namespace: str = "", days: float = 42, **more: Any) -> Object:
        """Make the metadata of an object.

        Parameters
        ----------
        name, namespace
            The object; a cluster-scoped one has an empty namespace.
        days
            Its age in days; an object is never older than its namespace.
        **more
            Further fields.
        """
        metadata: Object = {"name": name}
        if namespace:
            metadata["namespace"] = namespace
        days = min(days, self._ages.get(namespace, days))
        return metadata | {"creationTimestamp": self.ago(days)} | more

    def ago(self, days: float) -> str:
        """The timestamp of a time that many days before the start."""
        return timestamp(self.now - days * DAY_S)

    def namespace(self, name: str, days: float = 42) -> None:
        """Add a namespace.

        Parameters
        ----------
        name
            Its name.
        days
            Its age in days.
        """
        self._ages[name] = days
        self.add({"apiVersion": "v1", "kind": "Namespace", "metadata": self.meta(name, days=days)})

    def deployment(
        self, namespace: str, name: str, containers: list[Object], replicas: int = 1, days: float = 12, **labels: str
    ) -> list[str]:
        """Add a Deployment with its ReplicaSet and ready pods.

        Parameters
        ----------
        namespace, name
            The Deployment.
        containers
            The containers of each pod.
        replicas
            The number of pods.
        days
            The age in days.
        **labels
            Labels besides ``app``, which is the name.

        Returns
        -------
        list of str
            The pods' IP addresses.
        """
        pod_template_hash = "".join(self._random.choice(_LETTERS) for _ in range(9))
        replica_set = f"{name}-{pod_template_hash}"
        labels = {"app": name} | labels
        pod_labels = labels | {"pod-template-hash": pod_template_hash}
        common = {"annotations": {"deployment.kubernetes.io/revision": "1"}, "generation": 1}
        metadata = self.meta(name, namespace, days, labels=labels, **common)
        self.add(manifests.deployment(metadata, replica_set, containers, replicas))
        owners = [manifests.owner("Deployment", name, namespace)]
        metadata = self.meta(replica_set, namespace, days, labels=pod_labels, ownerReferences=owners, **common)
        self.add(manifests.replica_set(metadata, containers, replicas))
        owners = [manifests.owner("ReplicaSet", replica_set, namespace)]
        return [
            self.pod(namespace, f"{replica_set}-{self._suffix()}", containers, pod_labels, days, owners=owners)
            for _ in range(replicas)
        ]

    def _suffix(self) -> str:
        return "".join(self._random.choice(_LETTERS) for _ in range(5))

    def stateful(
        self,
        namespace: str,
        name: str,
        containers: list[Object],
        replicas: int = 1,
        days: float = 30,
        *,
        ready: bool = True,
        states: list[Object] | None = None,
    ) -> list[str]:
        """Add a StatefulSet and its pods, which are called NAME-0, NAME-1 and so on.

        Parameters
        ----------
        namespace, name
            The StatefulSet.
        containers
            The containers of each pod.
        replicas
            The number of pods.
        days
            The age in days.
        ready
            Whether the pods are ready.
        states
            The container statuses of each pod, if they are not simply running.

        Returns
        -------
        list of str
            The pods' IP addresses.
        """
        labels = {"app": name}
        revision = f"{name}-{hashlib.sha256(name.encode()).hexdigest()[:9]}"
        metadata = self.meta(name, namespace, days, labels=labels, generation=1)
        self.add(manifests.stateful_set(metadata, containers, replicas, replicas if ready else 0, revision))
        owners = [manifests.owner("StatefulSet", name, namespace)]
        addresses = []
        for number in range(replicas):
            pod = f"{name}-{number}"
            pod_labels = labels | {
                "apps.kubernetes.io/pod-index": str(number),
                "controller-revision-hash": revision,
                "statefulset.kubernetes.io/pod-name": pod,
            }
            address = self.pod(namespace, pod, containers, pod_labels, days, ready=ready, states=states, owners=owners)
            addresses.append(address)
        return addresses

    def pod(
        self,
        namespace: str,
        name: str,
        containers: list[Object],
        labels: Mapping[str, str],
        days: float = 12,
        *,
        ready: bool = True,
        states: list[Object] | None = None,
        owners: Iterable[Object] = (),
    ) -> str:
        """Add a pod on one of the nodes.

        Parameters
        ----------
        namespace, name
            The pod.
        containers
            Its containers.
        labels
            Its labels.
        days
            Its age in days.
        ready
            Whether it is ready.
        states
            Its container statuses, if the containers are not simply running.
        owners
            Its owner references.

        Returns
        -------
        str
            The pod's IP address.
        """
        self._pods += 1
        number = self._pods
        node, address = number % 3 + 1, f"10.42.{number % 3 + 1}.{number}"
        metadata = self.meta(name, namespace, days, labels=dict(labels))
        if owners:
            metadata["ownerReferences"] = list(owners)
        self.add(manifests.pod(metadata, containers, node, address, ready=ready, states=states))
        return address

    def service(
        self,
        namespace: str,
        name: str,
        ports: list[manifests.ServicePort],
        *,
        app: str | None = None,
        labels: Mapping[str, str] | None = None,
        days: float = 30,
        status: Object | None = None,
        **spec: Any,
    ) -> None:
        """Add a service.

        Parameters
        ----------
        namespace, name
            The service.
        ports
            Its ports.
        app
            It selects the pods with this ``app`` label, by default its own name; empty for no selector.
        labels
            Its labels; by default ``app``.
        days
            Its age in days.
        status
            Its status.
        **spec
            Further fields of its spec.
        """
        content: Object = {"ports": [port.entry for port in ports]} | spec
        if app != "":
            content["selector"] = {"app": app or name}
        metadata = self.meta(name, namespace, days, labels=dict(labels or {"app": app or name}))
        obj: Object = {"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": content}
        self.add(obj | ({"status": status} if status else {}))

    def listen(self, addresses: Iterable[str], port: int, app: Handler, tls: str = "") -> None:
        """Let an app listen at a port of some addresses.

        Parameters
        ----------
        addresses
            IP addresses of pods or nodes.
        port
            The port.
        app
            The app.
        tls
            ``always`` if it speaks TLS, ``either`` if it answers plain HTTP as well; empty for plain HTTP.
        """
        for address in addresses:
            self.apps[f"{address}:{port}"] = app
            if tls:
                self.tls[f"{address}:{port}"] = tls

    def event(
        self,
        namespace: str,
        about: tuple[str, str],
        reason: str,
        message: str,
        *,
        warning: bool,
        minutes: tuple[float, float],
        count: int = 1,
        source: str = "kubelet",
    ) -> None:
        """Add an event.

        Parameters
        ----------
        namespace
            Its namespace.
        about
            The kind and the name of the object that it is about.
        reason, message
            What happened.
        warning
            Whether it is a warning.
        minutes
            How many minutes ago it was first and last seen.
        count
            How many times it was seen.
        source
            The component that reports it.
        """
        kind, name = about
        digest = hashlib.sha256(f"{namespace}/{kind}/{name}/{reason}/{message}".encode()).hexdigest()[:16]
        metadata = self.meta(f"{name}.{digest}", namespace, minutes[0] / 1440)
        first, last = (timestamp(self.now - ago * 60) for ago in minutes)
        seen = {"firstTimestamp": first, "lastTimestamp": last, "count": count}
        self.add(manifests.event(metadata, about, reason, message, source, warning=warning) | seen)

    def role(self, name: str, rules: list[Object], user: str, namespace: str = "") -> None:
        """Add a role and bind it to a user.

        Parameters
        ----------
        name, rules
            The role.
        user
            The user who gets it.
        namespace
            Where it applies; empty for the whole cluster.
        """
        kind = "Role" if namespace else "ClusterRole"
        self.add({"apiVersion": f"{RBAC}/v1", "kind": kind, "metadata": self.meta(name, namespace), "rules": rules})
        self.bind(f"{user}-{name}", kind, name, user, namespace)

    def bind(self, binding: str, kind: str, role: str, user: str, namespace: str = "") -> None:
        """Bind a role to a user.

        Parameters
        ----------
        binding
            The name of the binding.
        kind, role
            The kind and the name of the role.
        user
            The user who gets it.
        namespace
            Where it applies; empty for the whole cluster.
        """
        self.add(
            {
                "apiVersion": f"{RBAC}/v1",
                "kind": "RoleBinding" if namespace else "ClusterRoleBinding",
                "metadata": self.meta(binding, namespace),
                "subjects": [{"kind": "User", "apiGroup": RBAC, "name": user}],
                "roleRef": {"apiGroup": RBAC, "kind": kind, "name": role},
            }
        )
