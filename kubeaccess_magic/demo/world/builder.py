"""How the world is written down: nodes, pods and services in a line each, with the apps that run in them."""

from __future__ import annotations

import random
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from ..api.status import Object
from ..api.store import timestamp
from ..apps.web import Handler

DAY_S: Final = 86400
RBAC: Final = "rbac.authorization.k8s.io"
_LETTERS: Final = "bcdfghjklmnpqrstvwxz2456789"


@dataclass(frozen=True)
class Port:
    """A port of a service; `target` is a number or the name of a container's port."""

    number: int
    name: str = ""
    target: int | str = 0
    protocol: str = "TCP"
    node_port: int = 0
    app_protocol: str = ""

    @property
    def object(self) -> Object:
        """As the API has it."""
        out: Object = {"name": self.name} if self.name else {}
        if self.app_protocol:
            out["appProtocol"] = self.app_protocol
        out |= {"protocol": self.protocol, "port": self.number, "targetPort": self.target or self.number}
        if self.node_port:
            out["nodePort"] = self.node_port
        return out


@dataclass
class World:
    """Objects, apps, and who may sign in.

    Attributes
    ----------
    now
        Seconds since the epoch at the start; ages count from there.
    apps
        ``10.42.0.11:9200`` → what listens there.
    tls
        Addresses at which it speaks TLS: ``always``, or ``either`` when it answers plain HTTP there too.
    """

    now: float = field(default_factory=time.time)
    objects: list[Object] = field(default_factory=list)
    apps: dict[str, Handler] = field(default_factory=dict)
    tls: dict[str, str] = field(default_factory=dict)
    _chance: random.Random = field(default_factory=lambda: random.Random(20260101))
    _pods: int = 10

    def add(self, thing: Object) -> Object:
        """One more object."""
        self.objects.append(thing)
        return thing

    def meta(self, name: str, namespace: str = "", days: float = 42, **more: Any) -> Object:
        """Metadata of something that is so many days old."""
        out: Object = {"name": name}
        if namespace:
            out["namespace"] = namespace
        return out | {"creationTimestamp": self.ago(days)} | more

    def ago(self, days: float) -> str:
        """A moment so many days before the start."""
        return timestamp(self.now - days * DAY_S)

    def namespace(self, name: str, days: float = 42) -> None:
        """A namespace."""
        self.add({"apiVersion": "v1", "kind": "Namespace", "metadata": self.meta(name, days=days)})

    def deployment(
        self, namespace: str, name: str, containers: list[Object], replicas: int = 1, days: float = 12, **labels: str
    ) -> list[str]:
        """A Deployment with its ReplicaSet and ready pods; the pods' addresses."""
        suffix = "".join(self._chance.choice(_LETTERS) for _ in range(9))
        selector = {"app": name} | labels
        template = {"metadata": {"labels": selector}, "spec": {"containers": containers}}
        spec = {"replicas": replicas, "selector": {"matchLabels": {"app": name}}, "template": template}
        status = dict.fromkeys(("replicas", "updatedReplicas", "readyReplicas", "availableReplicas"), replicas)
        metadata = self.meta(name, namespace, days, labels=selector)
        self.add({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata, "spec": spec, "status": status})
        own = self.meta(
            f"{name}-{suffix}", namespace, days, labels=selector, ownerReferences=[_owner("Deployment", name)]
        )
        counts = {"replicas": replicas, "readyReplicas": replicas, "availableReplicas": replicas}
        self.add({"apiVersion": "apps/v1", "kind": "ReplicaSet", "metadata": own, "spec": spec, "status": counts})
        out = []
        for _ in range(replicas):
            tail = "".join(self._chance.choice(_LETTERS) for _ in range(5))
            owner = [_owner("ReplicaSet", f"{name}-{suffix}")]
            out.append(self.pod(namespace, f"{name}-{suffix}-{tail}", containers, selector, days, owners=owner))
        return out

    def stateful(
        self, namespace: str, name: str, containers: list[Object], replicas: int = 1, days: float = 30
    ) -> list[str]:
        """A StatefulSet and its pods, name-0 and on; their addresses."""
        labels = {"app": name}
        spec = {
            "replicas": replicas,
            "serviceName": name,
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": {"containers": containers}},
        }
        status = {"replicas": replicas, "readyReplicas": replicas}
        metadata = self.meta(name, namespace, days, labels=labels)
        self.add({"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": metadata, "spec": spec, "status": status})
        owner = [_owner("StatefulSet", name)]
        return [self.pod(namespace, f"{name}-{n}", containers, labels, days, owners=owner) for n in range(replicas)]

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
        """A pod on one of the nodes; its address. `states` replaces the containers' running state."""
        self._pods += 1
        number = self._pods
        address, node = f"10.42.0.{number}", f"node-{number % 3 + 1}"
        started = self.ago(days)
        running = [
            {
                "name": one["name"],
                "image": one.get("image", "example/app:1"),
                "imageID": "",
                "ready": ready,
                "started": ready,
                "restartCount": 0,
                "state": {"running": {"startedAt": started}},
            }
            for one in containers
        ]
        truth = "True" if ready else "False"
        conditions = [
            {"type": kind, "status": value, "lastProbeTime": None, "lastTransitionTime": started}
            for kind, value in (
                ("PodScheduled", "True"),
                ("Initialized", "True"),
                ("ContainersReady", truth),
                ("Ready", truth),
            )
        ]
        metadata = self.meta(name, namespace, days, labels=dict(labels))
        if owners:
            metadata["ownerReferences"] = list(owners)
        host = f"10.42.100.{number % 3 + 1}"
        self.add(
            {
                "apiVersion": "v1",
                "kind": "Pod",
                "metadata": metadata,
                "spec": {"nodeName": node, "serviceAccountName": "default", "containers": containers},
                "status": {
                    "phase": "Running",
                    "conditions": conditions,
                    "hostIP": host,
                    "hostIPs": [{"ip": host}],
                    "podIP": address,
                    "podIPs": [{"ip": address}],
                    "startTime": started,
                    "containerStatuses": states or running,
                },
            }
        )
        return address

    def service(
        self,
        namespace: str,
        name: str,
        ports: list[Port],
        *,
        app: str | None = None,
        labels: Mapping[str, str] | None = None,
        days: float = 30,
        status: Object | None = None,
        **spec: Any,
    ) -> None:
        """A service for the pods with the label app=NAME; `app=""` makes one without a selector."""
        content: Object = {"ports": [port.object for port in ports]} | spec
        if app != "":
            content["selector"] = {"app": app or name}
        metadata = self.meta(name, namespace, days)
        if labels:
            metadata["labels"] = dict(labels)
        thing: Object = {"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": content}
        self.add(thing | ({"status": status} if status else {}))

    def listen(self, addresses: Iterable[str], port: int, app: Handler, tls: str = "") -> None:
        """Let an app answer at a port of these addresses."""
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
        minutes: float,
        count: int,
    ) -> None:
        """An event; `about` is kind and name."""
        when = timestamp(self.now - minutes * 60)
        kind, name = about
        self.add(
            {
                "apiVersion": "v1",
                "kind": "Event",
                "metadata": self.meta(f"{name}.{self._chance.getrandbits(60):015x}", namespace, minutes / 1440),
                "involvedObject": {"kind": kind, "namespace": namespace, "name": name, "apiVersion": "v1"},
                "reason": reason,
                "message": message,
                "source": {"component": "kubelet"},
                "reportingComponent": "kubelet",
                "firstTimestamp": self.ago(1),
                "lastTimestamp": when,
                "count": count,
                "type": "Warning" if warning else "Normal",
            }
        )

    def role(self, name: str, rules: list[Object], user: str, namespace: str = "") -> None:
        """A role and its binding to a user; without a namespace, for the whole cluster."""
        kind = "Role" if namespace else "ClusterRole"
        self.add({"apiVersion": f"{RBAC}/v1", "kind": kind, "metadata": self.meta(name, namespace), "rules": rules})
        self.bind(f"{user}-{name}", kind, name, user, namespace)

    def bind(self, binding: str, kind: str, role: str, user: str, namespace: str = "") -> None:
        """The binding of a role to a user."""
        self.add(
            {
                "apiVersion": f"{RBAC}/v1",
                "kind": "RoleBinding" if namespace else "ClusterRoleBinding",
                "metadata": self.meta(binding, namespace),
                "subjects": [{"kind": "User", "apiGroup": RBAC, "name": user}],
                "roleRef": {"apiGroup": RBAC, "kind": kind, "name": role},
            }
        )


def container(name: str, *ports: tuple[str, int], image: str = "example/app:1") -> Object:
    """A container with named ports."""
    out: Object = {"name": name, "image": image}
    if ports:
        out["ports"] = [{"name": label, "containerPort": number, "protocol": "TCP"} for label, number in ports]
    return out


def _owner(kind: str, name: str) -> Object:
    return {"apiVersion": "apps/v1", "kind": kind, "name": name, "uid": f"owner-{name}", "controller": True}
