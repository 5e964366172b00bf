"""Rows of pods and services straight from the bytes of a page: only what the columns show is ever built.

A list of pods can be larger than any other, and a row needs a hundredth of each pod. If an object is not what its
kind says (a value of another type, a null that cannot be), there are no rows, and `exact` reads the page.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from ...kube import PodIP, Service, app_of_values
from .frames import pod_target, service_row

__all__ = ["rows_of"]


def rows_of(body: bytes, group_kind: str) -> list[tuple[Any, ...]] | None:
    """The rows of a page of a list.

    Parameters
    ----------
    body
        The page, as JSON.
    group_kind
        Group and kind of its objects.

    Returns
    -------
    list of tuple or None
        The values of ``kinds.COLUMNS[group_kind]``. None if there is no fast way to read such objects, or one of
        them is not what its kind says.
    """
    read = _READERS.get(group_kind)
    if read is None:
        return None
    try:
        return read(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


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


def _rows(items: list[Any] | None, row: Callable[[Any], tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """One row per object; each object is let go when its row is made."""
    if not items:
        return []
    items.reverse()
    return [row(items.pop()) for _ in range(len(items))]


def _pod_row(pod: _Pod) -> tuple[Any, ...]:
    """The values that `frames.pod_row` gives."""
    meta, spec, status = pod.metadata, pod.spec, pod.status
    containers, labels, name = spec.containers or (), meta.labels, meta.name
    ready = restarts = 0
    for container in status.container_statuses or ():
        ready += container.ready
        restarts += container.restart_count
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
        status.pod_ip or _first_ip(status.pod_ips),
        [port.container_port for container in containers if container.ports for port in container.ports],
        meta.creation_timestamp,
        app,
        pod_target(name, meta.namespace),
    )


def _first_ip(ips: msgspec.Raw) -> str | None:
    addresses = msgspec.json.decode(ips, type=list[PodIP] | None)
    return addresses[0].ip if addresses else None


_READERS: dict[str, Callable[[bytes], list[tuple[Any, ...]]]] = {
    "/Pod": lambda body: _rows(_decode_pods(body).items, _pod_row),
    "/Service": lambda body: _rows(_decode_services(body).items, service_row),
}
