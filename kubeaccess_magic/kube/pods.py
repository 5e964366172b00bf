"""Pods: whether one is ready, what state it is in, and which container is meant."""

from __future__ import annotations

from .objects import Pod

__all__ = ["default_container", "pod_is_ready", "pod_state"]


def pod_is_ready(pod: Pod) -> bool:
    """Whether a pod runs and all its containers are ready."""
    statuses = pod.status.container_statuses or ()
    return pod.status.phase == "Running" and bool(statuses) and all(status.ready for status in statuses)


def pod_state(pod: Pod) -> str:
    """The state of a pod that is not ready, in a word or two: ``CrashLoopBackOff``, ``Pending``, ``not ready``."""
    for status in pod.status.container_statuses or ():
        if status.waiting:
            return status.waiting
    return "not ready" if pod.status.phase == "Running" else (pod.status.phase or "not ready")


def default_container(pod: Pod) -> str | None:
    """The container that is meant if none is named: the annotated one, else the first (Y12); None if it has none."""
    names = [container.name for container in pod.spec.containers]
    annotated = pod.metadata.annotations.default_container if pod.metadata.annotations is not None else None
    return annotated if annotated in names else next(iter(names), None)
