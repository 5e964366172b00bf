"""Services, pods, nodes and namespaces as tidy frames, with the target to type for each row.

Columns and dtypes do not depend on the rows. Names of measures carry their unit: ``cpu_cores``, ``memory_bytes``.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from ...errors import TargetError
from ...kube import (
    EndpointSlice,
    Metadata,
    Namespace,
    Node,
    Pod,
    Service,
    ServicePort,
    app_of,
    quantity,
    ready_endpoints,
    scheme_of,
    target_of,
)
from ...targets import Target
from .. import columns
from ..budget import DEFAULT, FrameBudget

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "NAMESPACE_COLUMNS",
    "NODE_COLUMNS",
    "POD_COLUMNS",
    "SERVICE_COLUMNS",
    "namespaces_frame",
    "node_roles",
    "node_target",
    "nodes_frame",
    "pod_row",
    "pod_target",
    "pods_frame",
    "service_row",
    "services_frame",
    "table",
]

SERVICE_COLUMNS = {
    "namespace": "text",
    "name": "text",
    "target": "text",  # far enough to the left that no screen cuts it off
    "type": "text",
    "port_name": "text",
    "port": "Int64",
    "protocol": "text",
    "target_port": "text",
    "scheme": "text",
    "ready": "Int64",
    "endpoints": "Int64",
    "external": "text",
    "app": "text",
}
POD_COLUMNS = {
    "namespace": "text",
    "name": "text",
    "phase": "text",
    "ready": "Int64",
    "containers": "Int64",
    "restarts": "Int64",
    "node": "text",
    "ip": "text",
    "ports": "object",
    "created": "time",
    "app": "text",
    "target": "text",
}
NODE_COLUMNS = {
    "name": "text",
    "ready": "boolean",
    "roles": "text",
    "version": "text",
    "internal_ip": "text",
    "cpu_cores": "float",  # allocatable
    "memory_bytes": "number",
    "pods": "number",
    "created": "time",
    "target": "text",
}
NAMESPACE_COLUMNS = {"name": "text", "phase": "text", "created": "time"}

_ROLE = "node-role.kubernetes.io/"
_EXACT_IN_FLOAT = 2**53
# Nearly every name. `Target` knows the other names that a pod can have.
_PLAIN_NAME = re.compile(r"[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?").fullmatch


def services_frame(
    services: Iterable[Service], slices: Iterable[EndpointSlice] | None, *, unread: Collection[str] = ()
) -> pd.DataFrame:
    """One row per port of each service; a service without ports has one row with gaps.

    Parameters
    ----------
    services
        The services, in the order of the rows.
    slices
        Their EndpointSlices; None if these could not be read.
    unread
        The namespaces whose EndpointSlices could not be read.

    Returns
    -------
    pandas.DataFrame
        Columns `SERVICE_COLUMNS`. ``ready`` and ``endpoints`` are the counts of `kube.ready_endpoints`, and <NA> if
        the endpoints could not be read. ``scheme`` and ``target`` are gaps if the port does not speak HTTP;
        ``target`` also if the API server connects to nothing (ExternalName, S11).
    """
    by_service: dict[tuple[str | None, str | None], list[EndpointSlice]] = {}
    for piece in slices or ():
        by_service.setdefault((piece.metadata.namespace, piece.service), []).append(piece)
    rows: list[tuple[Any, ...]] = []
    for service in services:
        key = (service.metadata.namespace, service.metadata.name)
        is_read = slices is not None and key[0] not in unread
        rows += _service_rows(service, by_service.get(key, ()) if is_read else None)
    return table(SERVICE_COLUMNS, rows)


def _service_rows(service: Service, slices: Sequence[EndpointSlice] | None) -> Iterator[tuple[Any, ...]]:
    """The values of `SERVICE_COLUMNS` for each port of a service; `slices` are its own, or None if not read."""
    namespace, name = service.metadata.namespace, service.metadata.name
    kind = service.spec.type or "ClusterIP"
    external, app = ",".join(service.external_addresses), app_of(service.metadata.labels, name)
    for port in service.spec.ports or (None,):
        ready, total = ready_endpoints(service, port, slices) if slices is not None else (None, None)
        if port is None:
            yield (namespace, name, None, kind, None, None, None, None, None, ready, total, external, app)
            continue
        scheme = scheme_of(port)
        has_target = scheme is not None and kind != "ExternalName"
        yield (
            namespace,
            name,
            _service_target(service, port) if has_target else None,
            kind,
            port.name or "",
            port.port,
            port.protocol or "TCP",
            str(port.port if port.target_port in (None, 0, "") else port.target_port),
            scheme,
            ready,
            total,
            external,
            app,
        )


def service_row(service: Service) -> tuple[Any, ...]:
    """One row per service: the values of ``kinds.COLUMNS["/Service"]``."""
    meta, spec = service.metadata, service.spec
    return (
        meta.namespace,
        meta.name,
        spec.type,
        spec.cluster_ip,
        ",".join(service.external_addresses),
        [f"{port.name or ''} {port.port}/{port.protocol or 'TCP'}".lstrip() for port in spec.ports or ()],
        meta.creation_timestamp,
        app_of(meta.labels),
    )


def pods_frame(pods: Iterable[Pod]) -> pd.DataFrame:
    """One row per pod, columns `POD_COLUMNS`. ``ready`` of its ``containers`` are ready, ``ports`` are numbers."""
    return table(POD_COLUMNS, [pod_row(pod) for pod in pods])


def pod_row(pod: Pod) -> tuple[Any, ...]:
    """The values of `POD_COLUMNS` for one pod."""
    meta, spec, status = pod.metadata, pod.spec, pod.status
    containers = spec.all_containers or ()
    ready = restarts = 0
    for container in status.container_statuses or ():  # one loop: there may be tens of thousands of pods
        ready += container.ready
        restarts += container.restart_count
    return (
        meta.namespace,
        meta.name,
        status.phase,
        ready,
        len(containers),
        restarts,
        spec.node_name,
        status.pod_ip or (status.pod_ips[0].ip if status.pod_ips else None),
        [port.container_port for container in containers if container.ports for port in container.ports],
        meta.creation_timestamp,
        app_of(meta.labels),
        pod_target(meta.name, meta.namespace),
    )


def _service_target(service: Service, port: ServicePort) -> str | None:
    """The target to type for a port of a service, or None if no target can have that name."""
    name, namespace = service.metadata.name, service.metadata.namespace
    if namespace is None or name in ("http", "https") or not _PLAIN_NAME(name):  # N7, and other odd names
        return _printed(partial(target_of, service, port))
    around = _around_name(namespace, port)
    return None if around is None else name.join(around)


@functools.lru_cache(maxsize=4096)
def _around_name(namespace: str, port: ServicePort) -> tuple[str, str] | None:
    """The text before and after the name of the service in the target of such a port."""
    try:
        target = target_of(Service(metadata=Metadata(name="a", namespace=namespace)), port)
    except TargetError:
        return None
    scheme = f"{target.scheme}:" if target.scheme else ""
    return str(target).removesuffix(target.segment) + scheme, target.segment.removeprefix(f"{scheme}a")


def pod_target(name: str, namespace: str | None) -> str | None:
    """The target to type for a pod, or None if no target can have that name."""
    before = _before_pods_of(namespace)
    if before is not None and _PLAIN_NAME(name):
        return before + name
    return _printed(partial(Target, "pod", name, namespace))


@functools.lru_cache(maxsize=1024)
def _before_pods_of(namespace: str | None) -> str | None:
    text = _printed(partial(Target, "pod", "a", namespace))
    return None if text is None else text.removesuffix("a")


def nodes_frame(nodes: Iterable[Node]) -> pd.DataFrame:
    """One row per node, columns `NODE_COLUMNS`. ``ready`` is a gap if the node does not report it."""
    rows: list[tuple[Any, ...]] = []
    for node in nodes:
        meta, status = node.metadata, node.status
        allocatable = status.allocatable or {}
        ready = next((c.status for c in status.conditions or () if c.type == "Ready"), "")
        rows.append(
            (
                meta.name,
                {"True": True, "False": False}.get(ready),
                node_roles(meta.labels or {}),
                status.node_info.kubelet_version if status.node_info is not None else None,
                next((a.address for a in status.addresses or () if a.type == "InternalIP"), None),
                *(quantity(allocatable.get(what)) for what in ("cpu", "memory", "pods")),
                meta.creation_timestamp,
                node_target(meta.name),
            )
        )
    return table(NODE_COLUMNS, rows)


def node_roles(labels: Mapping[str, str]) -> str:
    """The roles of a node, which its labels name, with commas between them."""
    roles = [key.removeprefix(_ROLE) for key in labels if key.startswith(_ROLE)]
    roles += [labels["kubernetes.io/role"]] if labels.get("kubernetes.io/role") else []
    return ",".join(sorted(dict.fromkeys(role for role in roles if role)))


def node_target(name: str) -> str | None:
    """The target to type for a node, or None if no target can have that name."""
    return _printed(partial(Target, "node", name))


def namespaces_frame(namespaces: Iterable[Namespace]) -> pd.DataFrame:
    """One row per namespace, columns `NAMESPACE_COLUMNS`."""
    return table(
        NAMESPACE_COLUMNS, [(n.metadata.name, n.status.phase, n.metadata.creation_timestamp) for n in namespaces]
    )


def _printed(make: Callable[[], Target]) -> str | None:
    """The target as text, or None if its name is invalid: one odd object must not fail the whole list."""
    try:
        return str(make())
    except TargetError:
        return None


def table(kinds: Mapping[str, str], rows: Sequence[tuple[Any, ...]], budget: FrameBudget = DEFAULT) -> pd.DataFrame:
    """A frame of rows.

    Parameters
    ----------
    kinds
        The kind of each column: one of `columns.of_kind`, or ``number``, which is Int64 if all values are whole, else
        float64. Values that are not of their kind are kept as they are.
    rows
        One value per column.
    budget
        What the frame may cost.
    """
    values = map(list, zip(*rows, strict=True)) if rows else ([] for _ in kinds)
    by_name = dict(zip(kinds, values, strict=True))
    kinds = {name: _kind_of(kind, by_name[name]) for name, kind in kinds.items()}
    return columns.frame(by_name, len(rows), kinds=kinds, budget=budget)


def _kind_of(kind: str, values: Sequence[Any]) -> str:
    """The kind that a column of these values can have: `kind` if all of them are of it."""
    if kind in ("text", "object"):
        return kind
    types = set(map(type, values)) - {type(None)}
    if kind in ("boolean", "time"):
        return kind if types <= {bool if kind == "boolean" else str} else "object"
    if kind in ("Int64", "number") and types <= {int}:
        present = [value for value in values if value is not None] if None in values else values
        return "Int64" if not present or (min(present) >= -(2**63) and max(present) < 2**63) else "object"
    is_exact = types <= {int, float} and all(type(v) is not int or abs(v) <= _EXACT_IN_FLOAT for v in values)
    return "float" if is_exact and kind != "Int64" else "object"
