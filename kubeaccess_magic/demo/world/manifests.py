"""The objects of the built-in world as manifests: containers, pods, workloads, events."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Mapping
from dataclasses import dataclass

from ..api.status import Object


@dataclass(frozen=True)
class ServicePort:
    """A port of a service; `target` is the number or the name of a container's port."""

    number: int
    name: str = ""
    target: int | str = 0
    protocol: str = "TCP"
    node_port: int = 0
    app_protocol: str = ""

    @property
    def entry(self) -> Object:
        """The port as an entry of ``spec.ports``."""
        entry: Object = {"name": self.name} if self.name else {}
        if self.app_protocol:
            entry["appProtocol"] = self.app_protocol
        entry |= {"protocol": self.protocol, "port": self.number, "targetPort": self.target or self.number}
        if self.node_port:
            entry["nodePort"] = self.node_port
        return entry


def container(name: str, *ports: tuple[str, int], image: str, cpu: str = "20m", memory: str = "64Mi") -> Object:
    """Make the spec of a container.

    Parameters
    ----------
    name
        Its name.
    *ports
        The name and number of each port.
    image
        Its image.
    cpu, memory
        The resources that it requests.
    """
    spec: Object = {"name": name, "image": image, "resources": {"requests": {"cpu": cpu, "memory": memory}}}
    if ports:
        spec["ports"] = [{"name": label, "containerPort": number, "protocol": "TCP"} for label, number in ports]
    return spec


def pod(
    metadata: Object, containers: list[Object], node: int, address: str, *, ready: bool, states: list[Object] | None
) -> Object:
    """Make a pod that runs on a node.

    Parameters
    ----------
    metadata
        Its metadata; it started when it was created.
    containers
        Its containers.
    node
        The number of its node.
    address
        Its IP address.
    ready
        Whether it is ready.
    states
        Its container statuses, if the containers are not simply running.
    """
    started = metadata["creationTimestamp"]
    path = f"{metadata['namespace']}/{metadata['name']}"
    has_requests = any(container.get("resources") for container in containers)
    host = f"10.42.100.{node}"
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": metadata,
        "spec": {"nodeName": f"node-{node}", "serviceAccountName": "default", "containers": containers},
        "status": {
            "phase": "Running",
            "conditions": _pod_conditions(started, ready),
            "hostIP": host,
            "hostIPs": [{"ip": host}],
            "podIP": address,
            "podIPs": [{"ip": address}],
            "startTime": started,
            "containerStatuses": states or [_running(container, path, started, ready) for container in containers],
            "qosClass": "Burstable" if has_requests else "BestEffort",
        },
    }


def deployment(metadata: Object, replica_set_name: str, containers: list[Object], replicas: int) -> Object:
    """Make a Deployment whose pods are all available.

    Parameters
    ----------
    metadata
        Its metadata; its labels are those of its pods.
    replica_set_name
        The name of its ReplicaSet.
    containers
        The containers of its pods.
    replicas
        The number of its pods.
    """
    spec = {
        "replicas": replicas,
        "selector": {"matchLabels": {"app": metadata["name"]}},
        "template": _template(metadata["labels"], containers),
        "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": "25%", "maxSurge": "25%"}},
        "revisionHistoryLimit": 10,
        "progressDeadlineSeconds": 600,
    }
    conditions = _deployment_conditions(metadata["creationTimestamp"], replica_set_name)
    status = _available(replicas) | {"updatedReplicas": replicas, "conditions": conditions}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata, "spec": spec, "status": status}


def replica_set(metadata: Object, containers: list[Object], replicas: int) -> Object:
    """Make a ReplicaSet whose pods are all available.

    Parameters
    ----------
    metadata
        Its metadata; its labels are those of its pods.
    containers
        The containers of its pods.
    replicas
        The number of its pods.
    """
    labels = metadata["labels"]
    spec = {
        "replicas": replicas,
        "selector": {"matchLabels": {key: labels[key] for key in ("app", "pod-template-hash")}},
        "template": _template(labels, containers),
    }
    status = _available(replicas) | {"fullyLabeledReplicas": replicas}
    return {"apiVersion": "apps/v1", "kind": "ReplicaSet", "metadata": metadata, "spec": spec, "status": status}


def stateful_set(metadata: Object, containers: list[Object], replicas: int, available: int, revision: str) -> Object:
    """Make a StatefulSet.

    Parameters
    ----------
    metadata
        Its metadata; its labels are those of its pods.
    containers
        The containers of its pods.
    replicas, available
        The number of its pods, and how many of them are available.
    revision
        The name of its revision.
    """
    spec = {
        "replicas": replicas,
        "serviceName": metadata["name"],
        "selector": {"matchLabels": metadata["labels"]},
        "template": _template(metadata["labels"], containers),
        "podManagementPolicy": "OrderedReady",
        "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"partition": 0}},
        "revisionHistoryLimit": 10,
    }
    status = _stateful_set_status(replicas, available, revision)
    return {"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": metadata, "spec": spec, "status": status}


def event(metadata: Object, about: tuple[str, str], reason: str, message: str, source: str, *, warning: bool) -> Object:
    """Make an event, without the times at which it was seen.

    Parameters
    ----------
    metadata
        Its metadata.
    about
        The kind and the name of the object that it is about.
    reason, message
        What happened.
    source
        The component that reports it.
    warning
        Whether it is a warning.
    """
    kind, name = about
    namespace = metadata["namespace"]
    return {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": metadata,
        "involvedObject": {
            "kind": kind,
            "namespace": namespace,
            "name": name,
            "uid": uid(kind, name, "" if kind == "Node" else namespace),
            "apiVersion": "apps/v1" if kind in ("Deployment", "ReplicaSet", "StatefulSet") else "v1",
        },
        "reason": reason,
        "message": message,
        "source": {"component": source},
        "reportingComponent": source,
        "reportingInstance": "",
        "type": "Warning" if warning else "Normal",
    }


def owner(kind: str, name: str, namespace: str) -> Object:
    """Make a reference to the workload that owns an object.

    Parameters
    ----------
    kind, name, namespace
        The workload.
    """
    reference = {"apiVersion": "apps/v1", "kind": kind, "name": name, "uid": uid(kind, name, namespace)}
    return reference | {"controller": True, "blockOwnerDeletion": True}


def uid(kind: str, name: str, namespace: str = "") -> str:
    """The uid of an object in the built-in world, which follows from its identity.

    Parameters
    ----------
    kind, name, namespace
        The object; a cluster-scoped one has an empty namespace.
    """
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"demo/{kind}/{namespace}/{name}"))


def image_id(image: str) -> str:
    """The image ID of an image: its name with a digest."""
    name = image.rpartition(":")[0]
    host = "" if "." in name.split("/")[0] else "docker.io/" if "/" in name else "docker.io/library/"
    return f"{host}{name}@sha256:{hashlib.sha256(image.encode()).hexdigest()}"


def _available(replicas: int) -> Object:
    counts = dict.fromkeys(("replicas", "readyReplicas", "availableReplicas"), replicas)
    return counts | {"observedGeneration": 1}


def _deployment_conditions(created: str, replica_set: str) -> list[Object]:
    progressed = f'ReplicaSet "{replica_set}" has successfully progressed.'
    return [
        _condition("Available", created, "MinimumReplicasAvailable", "Deployment has minimum availability."),
        _condition("Progressing", created, "NewReplicaSetAvailable", progressed),
    ]


def _stateful_set_status(replicas: int, available: int, revision: str) -> Object:
    return {
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


def _running(container: Object, pod: str, started: str, ready: bool) -> Object:
    """The status of a running container of a pod (``namespace/name``)."""
    digest = hashlib.sha256(f"{pod}/{container}".encode()).hexdigest()
    return {
        "name": container["name"],
        "image": container["image"],
        "imageID": image_id(container["image"]),
        "containerID": f"containerd://{digest}",
        "ready": ready,
        "started": ready,
        "restartCount": 0,
        "state": {"running": {"startedAt": started}},
    }


def _pod_conditions(started: str, ready: bool) -> list[Object]:
    if_ready = "True" if ready else "False"
    statuses = {"PodScheduled": "True", "Initialized": "True", "ContainersReady": if_ready, "Ready": if_ready}
    return [
        {"type": kind, "status": status, "lastProbeTime": None, "lastTransitionTime": started}
        for kind, status in statuses.items()
    ]


def _template(labels: Mapping[str, str], containers: list[Object]) -> Object:
    return {"metadata": {"labels": dict(labels)}, "spec": {"containers": containers, "restartPolicy": "Always"}}


def _condition(kind: str, created: str, reason: str, message: str) -> Object:
    timestamps = {"lastUpdateTime": created, "lastTransitionTime": created}
    return {"type": kind, "status": "True", "reason": reason, "message": message} | timestamps
