"""Rows of pods and services from the bytes of a page: only what the columns show is ever built.

Lists of pods are the largest that there are, of which a pod's row needs a hundredth. Each object is let go when its
row is made. Where an object is not what its kind says (another type, a null where none can be), nothing is made:
such a page is read by `kinds.COLUMNS`, which gives the same rows of all others.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from ...kube import PodIP, Service, app_of_values
from .frames import pod_target, service_row

__all__ = ["TYPED", "pod_rows", "service_rows"]


class _Json(msgspec.Struct, gc=False, rename="camel"):
    pass


class _Labels(_Json):
    """The labels that name an app: `kube.APP_LABELS`."""

    recommended: str | None = msgspec.field(name="app.kubernetes.io/name", default=None)
    k8s_app: str | None = msgspec.field(name="k8s-app", default=None)
    app: str | None = None
    name: str | None = None
    kubernetes: str | None = msgspec.field(name="kubernetes.io/name", default=None)


class _Metadata(_Json):
    name: str = ""
    namespace: str | None = None
    labels: _Labels | None = None
    creation_timestamp: str | None = None


class _Port(_Json):
    container_port: int


class _Container(_Json):
    ports: list[_Port] | None = None


class _Spec(_Json):
    containers: list[_Container] | None = None
    node_name: str | None = None


class _ContainerStatus(_Json):
    ready: bool = False
    restart_count: int = 0


class _Status(_Json):
    phase: str | None = None
    pod_ip: str | None = msgspec.field(name="podIP", default=None)
    pod_ips: msgspec.Raw = msgspec.field(name="podIPs", default_factory=lambda: msgspec.Raw(b"null"))
    container_statuses: list[_ContainerStatus] | None = None


class _Pod(_Json):
    metadata: _Metadata
    spec: _Spec = msgspec.field(default_factory=_Spec)
    status: _Status = msgspec.field(default_factory=_Status)


class _Pods(_Json):
    items: list[_Pod] | None = None


class _Services(_Json):
    items: list[Service] | None = None


_decode_pods = msgspec.json.Decoder(_Pods).decode
_decode_services = msgspec.json.Decoder(_Services).decode


def pod_rows(body: bytes) -> list[tuple[Any, ...]]:
    """The rows of a page of pods, the values of `frames.POD_COLUMNS`.

    Raises
    ------
    msgspec.DecodeError, UnicodeDecodeError, RecursionError
        A pod is none.
    """
    return _rows(_decode_pods(body).items, _pod_row)


def service_rows(body: bytes) -> list[tuple[Any, ...]]:
    """The rows of a page of services, the values of ``kinds.COLUMNS["/Service"]``; raises what `pod_rows` raises."""
    return _rows(_decode_services(body).items, service_row)


TYPED: dict[str, Callable[[bytes], list[tuple[Any, ...]]]] = {"/Pod": pod_rows, "/Service": service_rows}


def _rows(items: list[Any] | None, row: Callable[[Any], tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    if not items:
        return []
    items.reverse()
    return [row(items.pop()) for _ in range(len(items))]


def _pod_row(pod: _Pod) -> tuple[Any, ...]:
    """As `frames.pod_row`, of fewer fields."""
    meta, spec, status = pod.metadata, pod.spec, pod.status
    containers, labels, name = spec.containers or (), meta.labels, meta.name
    ready = restarts = 0
    for one in status.container_statuses or ():
        ready += one.ready
        restarts += one.restart_count
    app = ""
    if labels is not None:
        app = app_of_values(labels.recommended, labels.k8s_app, labels.app, labels.name, labels.kubernetes)
    return (
        meta.namespace,
        name,
        status.phase,
        ready,
        len(containers),
        restarts,
        spec.node_name,
        status.pod_ip or _other_ip(status.pod_ips),
        [port.container_port for one in containers if one.ports for port in one.ports],
        meta.creation_timestamp,
        app,
        pod_target(name, meta.namespace),
    )


def _other_ip(ips: msgspec.Raw) -> str | None:
    found = msgspec.json.decode(ips, type=list[PodIP] | None)
    return found[0].ip if found else None
