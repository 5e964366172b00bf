"""How the world is written down: nodes, pods and services in a line each, with the apps that run in them."""

from __future__ import annotations

import hashlib
import random
import time
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final

from ..api.status import Object
from ..api.store import timestamp
from ..apps.shop import Orders
from ..apps.web import Handler

DAY_S: Final = 86400
RBAC: Final = "rbac.authorization.k8s.io"
_LETTERS: Final = "bcdfghjklmnpqrstvwxz2456789"


@dataclass(frozen=True)
class ServicePort:
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
    _ages: dict[str, float] = field(default_factory=dict)

    @cached_property
    def orders(self) -> Orders:
        """The shop's orders: its apps and what counts them see the same."""
        return Orders(self.now)

    def add(self, obj: Object) -> Object:
        """One more object; its uid goes with its kind and name, so that others can refer to it."""
        metadata = obj["metadata"]
        metadata.setdefault("uid", uid(obj["kind"], metadata["name"], metadata.get("namespace", "")))
        self.objects.append(obj)
        return obj

    def meta(self, name: str, namespace: str = "", days: float = 42, **more: Any) -> Object:
        """Metadata of something that is so many days old, or as old as its namespace."""
        out: Object = {"name": name}
        if namespace:
            out["namespace"] = namespace
        days = min(days, self._ages.get(namespace, days))
        return out | {"creationTimestamp": self.ago(days)} | more

    def ago(self, days: float) -> str:
        """A moment so many days before the start."""
        return timestamp(self.now - days * DAY_S)

    def namespace(self, name: str, days: float = 42) -> None:
        """A namespace."""
        self._ages[name] = days
        self.add({"apiVersion": "v1", "kind": "Namespace", "metadata": self.meta(name, days=days)})

    def deployment(
        self, namespace: str, name: str, containers: list[Object], replicas: int = 1, days: float = 12, **labels: str
    ) -> list[str]:
        """A Deployment with its ReplicaSet and ready pods; the pods' addresses."""
        suffix = "".join(self._chance.choice(_LETTERS) for _ in range(9))
        selector = {"app": name} | labels
        hashed = selector | {"pod-template-hash": suffix}
        revision = {"deployment.kubernetes.io/revision": "1"}
        spec: Object = {
            "replicas": replicas,
            "selector": {"matchLabels": {"app": name}},
            "template": _template(selector, containers),
            "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": "25%", "maxSurge": "25%"}},
            "revisionHistoryLimit": 10,
            "progressDeadlineSeconds": 600,
        }
        counts = dict.fromkeys(("replicas", "readyReplicas", "availableReplicas"), replicas) | {"observedGeneration": 1}
        metadata = self.meta(name, namespace, days, labels=selector, annotations=revision, generation=1)
        since = metadata["creationTimestamp"]
        created = f'ReplicaSet "{name}-{suffix}" has successfully progressed.'
        conditions = [
            _condition("Available", since, "MinimumReplicasAvailable", "Deployment has minimum availability."),
            _condition("Progressing", since, "NewReplicaSetAvailable", created),
        ]
        status = counts | {"updatedReplicas": replicas, "conditions": conditions}
        self.add({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata, "spec": spec, "status": status})
        owner = [_owner("Deployment", name, namespace)]
        own = self.meta(
            f"{name}-{suffix}", namespace, days,
            labels=hashed, annotations=revision, generation=1, ownerReferences=owner,
        )  # fmt: skip
        spec = {
            "replicas": replicas,
            "selector": {"matchLabels": {"app": name, "pod-template-hash": suffix}},
            "template": _template(hashed, containers),
        }
        counts["fullyLabeledReplicas"] = replicas
        self.add({"apiVersion": "apps/v1", "kind": "ReplicaSet", "metadata": own, "spec": spec, "status": counts})
        out = []
        for _ in range(replicas):
            tail = "".join(self._chance.choice(_LETTERS) for _ in range(5))
            owner = [_owner("ReplicaSet", f"{name}-{suffix}", namespace)]
            out.append(self.pod(namespace, f"{name}-{suffix}-{tail}", containers, hashed, days, owners=owner))
        return out

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
        """A StatefulSet and its pods, name-0 and on; their addresses. `states` as for a pod."""
        labels = {"app": name}
        revision = f"{name}-{hashlib.sha256(name.encode()).hexdigest()[:9]}"
        spec = {
            "replicas": replicas,
            "serviceName": name,
            "selector": {"matchLabels": labels},
            "template": _template(labels, containers),
            "podManagementPolicy": "OrderedReady",
            "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"partition": 0}},
            "revisionHistoryLimit": 10,
        }
        available = replicas if ready else 0
        status = {
            "observedGeneration": 1,
            "replicas": replicas,
            "readyReplicas": available,
            "availableReplicas": available,
            "currentReplicas": replicas,
            "updatedReplicas": replicas,
            "currentRevision": revision,
            "updateRevision": revision,
            "collisionCount": 0,
        }
        metadata = self.meta(name, namespace, days, labels=labels, generation=1)
        self.add({"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": metadata, "spec": spec, "status": status})
        owner = [_owner("StatefulSet", name, namespace)]
        out = []
        for number in range(replicas):
            pod = f"{name}-{number}"
            own = labels | {
                "apps.kubernetes.io/pod-index": str(number),
                "controller-revision-hash": revision,
                "statefulset.kubernetes.io/pod-name": pod,
            }
            out.append(self.pod(namespace, pod, containers, own, days, ready=ready, states=states, owners=owner))
        return out

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
        address, node = f"10.42.{number % 3 + 1}.{number}", f"node-{number % 3 + 1}"
        metadata = self.meta(name, namespace, days, labels=dict(labels))
        started = metadata["creationTimestamp"]
        running = [
            {
                "name": one["name"],
                "image": one["image"],
                "imageID": image_id(one["image"]),
                "containerID": f"containerd://{hashlib.sha256(f'{namespace}/{name}/{one}'.encode()).hexdigest()}",
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
                    "qosClass": "Burstable" if any(one.get("resources") for one in containers) else "BestEffort",
                },
            }
        )
        return address

    def service(
        self,
        namespace: str,
        name: str,
        ports: list[ServicePort],
        *,
        app: str | None = None,
        labels: Mapping[str, str] | None = None,
        days: float = 30,
        status: Object | None = None,
        **spec: Any,
    ) -> None:
        """A service for the pods with the label app=NAME; `app=""` makes one without a selector.

        Its labels are app=NAME, unless there are others.
        """
        content: Object = {"ports": [port.object for port in ports]} | spec
        if app != "":
            content["selector"] = {"app": app or name}
        metadata = self.meta(name, namespace, days, labels=dict(labels or {"app": app or name}))
        obj: Object = {"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": content}
        self.add(obj | ({"status": status} if status else {}))

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
        minutes: tuple[float, float],
        count: int = 1,
        source: str = "kubelet",
    ) -> None:
        """An event; `about` is kind and name, `minutes` how long ago it was seen first and last."""
        kind, name = about
        first, last = (timestamp(self.now - one * 60) for one in minutes)
        number = hashlib.sha256(f"{namespace}/{kind}/{name}/{reason}/{message}".encode()).hexdigest()[:16]
        version = "apps/v1" if kind in ("Deployment", "ReplicaSet", "StatefulSet") else "v1"
        known = uid(kind, name, "" if kind == "Node" else namespace)
        self.add(
            {
                "apiVersion": "v1",
                "kind": "Event",
                "metadata": self.meta(f"{name}.{number}", namespace, minutes[0] / 1440),
                "involvedObject": {
                    "kind": kind,
                    "namespace": namespace,
                    "name": name,
                    "uid": known,
                    "apiVersion": version,
                },
                "reason": reason,
                "message": message,
                "source": {"component": source},
                "reportingComponent": source,
                "reportingInstance": "",
                "firstTimestamp": first,
                "lastTimestamp": last,
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


def container(name: str, *ports: tuple[str, int], image: str, cpu: str = "20m", memory: str = "64Mi") -> Object:
    """A container with named ports, and what it asks of its node."""
    out: Object = {"name": name, "image": image, "resources": {"requests": {"cpu": cpu, "memory": memory}}}
    if ports:
        out["ports"] = [{"name": label, "containerPort": number, "protocol": "TCP"} for label, number in ports]
    return out


def uid(kind: str, name: str, namespace: str = "") -> str:
    """The uid of an object of the built-in world."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"demo/{kind}/{namespace}/{name}"))


def image_id(image: str) -> str:
    """An image by its digest."""
    name = image.rpartition(":")[0]
    host = "" if "." in name.split("/")[0] else "docker.io/" if "/" in name else "docker.io/library/"
    return f"{host}{name}@sha256:{hashlib.sha256(image.encode()).hexdigest()}"


def _template(labels: Mapping[str, str], containers: list[Object]) -> Object:
    return {"metadata": {"labels": dict(labels)}, "spec": {"containers": containers, "restartPolicy": "Always"}}


def _condition(kind: str, since: str, reason: str, message: str) -> Object:
    stamps = {"lastUpdateTime": since, "lastTransitionTime": since}
    return {"type": kind, "status": "True", "reason": reason, "message": message} | stamps


def _owner(kind: str, name: str, namespace: str) -> Object:
    about = {"apiVersion": "apps/v1", "kind": kind, "name": name, "uid": uid(kind, name, namespace)}
    return about | {"controller": True, "blockOwnerDeletion": True}
