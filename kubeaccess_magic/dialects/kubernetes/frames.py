"""Services, pods, nodes and namespaces as tidy frames, each with the text to type for its rows.

The columns and their dtypes are the same whether there are rows or not. What is measured says its unit in its name:
``cpu_cores``, ``memory_bytes``.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
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
    "target": "text",  # what one comes for: so far left that no screen cuts it off
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
    "cpu_cores": "float",  # what pods may have of it
    "memory_bytes": "number",
    "pods": "number",
    "created": "time",
    "target": "text",
}
NAMESPACE_COLUMNS = {"name": "text", "phase": "text", "created": "time"}

_ROLE = "node-role.kubernetes.io/"
_EXACT_IN_FLOAT = 2**53
# Nearly every name. What else a pod can be called, `Target` knows.
_PLAIN_NAME = re.compile(r"[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?").fullmatch


def services_frame(
    services: Iterable[Service], slices: Iterable[EndpointSlice] | None, *, unread: Collection[str] = ()
) -> pd.DataFrame:
    """One row for each port of each service; a service without ports has one row with gaps.

    Parameters
    ----------
    services
        In the order in which they are to be shown.
    slices
        Their endpoints; None if these could not be read.
    unread
        Namespaces whose endpoints could not be read.

    Returns
    -------
    pandas.DataFrame
        Columns `SERVICE_COLUMNS`. ``ready`` and ``endpoints`` count as `ready_endpoints` does, and are <NA> where
        endpoints could not be read. ``scheme`` is a gap where no HTTP is spoken, and so is ``target`` there and
        where the API server connects to nothing (ExternalName, S11).
    """
    by_service: dict[tuple[str | None, str | None], list[EndpointSlice]] = {}
    for one in slices or ():
        by_service.setdefault((one.metadata.namespace, one.service), []).append(one)
    rows: list[tuple[Any, ...]] = []
    for service in services:
        namespace, name = service.metadata.namespace, service.metadata.name
        is_read = slices is not None and namespace not in unread
        mine = by_service.get((namespace, name), ())
        kind = service.spec.type or "ClusterIP"
        external, app = ",".join(service.external_addresses), app_of(service.metadata.labels, name)
        for port in service.spec.ports or (None,):
            ready, total = ready_endpoints(service, port, mine) if is_read else (None, None)
            if port is None:
                rows.append((namespace, name, None, kind, None, None, None, None, None, ready, total, external, app))
                continue
            scheme = scheme_of(port)
            can_be_asked = scheme is not None and kind != "ExternalName"
            rows.append(
                (
                    namespace,
                    name,
                    _service_target(service, port) if can_be_asked else None,
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
            )
    return table(SERVICE_COLUMNS, rows)


def service_row(service: Service) -> tuple[Any, ...]:
    """One row a service, as a list of the API server has it: the values of ``kinds.COLUMNS["/Service"]``."""
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
    """One row a pod, columns `POD_COLUMNS`: ``ready`` of its ``containers`` are ready, ``ports`` are numbers."""
    return table(POD_COLUMNS, [pod_row(pod) for pod in pods])


def pod_row(pod: Pod) -> tuple[Any, ...]:
    """The values of `POD_COLUMNS`."""
    meta, spec, status = pod.metadata, pod.spec, pod.status
    containers = spec.all_containers or ()
    ready = restarts = 0
    for one in status.container_statuses or ():  # tens of thousands of pods come by here
        ready += one.ready
        restarts += one.restart_count
    return (
        meta.namespace,
        meta.name,
        status.phase,
        ready,
        len(containers),
        restarts,
        spec.node_name,
        status.pod_ip or (status.pod_ips[0].ip if status.pod_ips else None),
        [port.container_port for one in containers if one.ports for port in one.ports],
        meta.creation_timestamp,
        app_of(meta.labels),
        pod_target(meta.name, meta.namespace),
    )


def _service_target(service: Service, port: ServicePort) -> str | None:
    """The text to type for a port of a service, or None where no target can be called so."""
    name, namespace = service.metadata.name, service.metadata.namespace
    if namespace is None or name in ("http", "https") or not _PLAIN_NAME(name):  # N7, and what else is odd
        return _printed(partial(target_of, service, port))
    around = _around_name(namespace, port)
    return None if around is None else name.join(around)


@functools.lru_cache(maxsize=4096)
def _around_name(namespace: str, port: ServicePort) -> tuple[str, str] | None:
    """What stands before and after the name of a service."""
    try:
        target = target_of(Service(metadata=Metadata(name="a", namespace=namespace)), port)
    except TargetError:
        return None
    scheme = f"{target.scheme}:" if target.scheme else ""
    return str(target).removesuffix(target.segment) + scheme, target.segment.removeprefix(f"{scheme}a")


def pod_target(name: str, namespace: str | None) -> str | None:
    """The text to type for a pod, or None where no target can be called so."""
    before = _before_pods_of(namespace)
    if before is not None and _PLAIN_NAME(name):
        return before + name
    return _printed(partial(Target, "pod", name, namespace))


@functools.lru_cache(maxsize=1024)
def _before_pods_of(namespace: str | None) -> str | None:
    text = _printed(partial(Target, "pod", "a", namespace))
    return None if text is None else text.removesuffix("a")


def nodes_frame(nodes: Iterable[Node]) -> pd.DataFrame:
    """One row a node, columns `NODE_COLUMNS`; ``ready`` is a gap where the node does not say."""
    rows: list[tuple[Any, ...]] = []
    for node in nodes:
        meta, status = node.metadata, node.status
        allocatable = status.allocatable or {}
        said = next((c.status for c in status.conditions or () if c.type == "Ready"), "")
        rows.append(
            (
                meta.name,
                {"True": True, "False": False}.get(said),
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
    """The roles of a node, as its labels tell them, with commas."""
    roles = [key.removeprefix(_ROLE) for key in labels if key.startswith(_ROLE)]
    roles += [labels["kubernetes.io/role"]] if labels.get("kubernetes.io/role") else []
    return ",".join(sorted(dict.fromkeys(role for role in roles if role)))


def node_target(name: str) -> str | None:
    """The text to type for a node, or None where no target can be called so."""
    return _printed(partial(Target, "node", name))


def namespaces_frame(namespaces: Iterable[Namespace]) -> pd.DataFrame:
    """One row a namespace, columns `NAMESPACE_COLUMNS`."""
    return table(
        NAMESPACE_COLUMNS, [(n.metadata.name, n.status.phase, n.metadata.creation_timestamp) for n in namespaces]
    )


def _printed(make: Callable[[], Target]) -> str | None:
    """A target as text, or None for a name that no target can have: one odd object must not cost the whole list."""
    try:
        return str(make())
    except TargetError:
        return None


def table(kinds: Mapping[str, str], rows: Sequence[tuple[Any, ...]]) -> pd.DataFrame:
    """A frame of rows, its columns of these kinds: those of `columns.of_kind`, and ``number``.

    A ``number`` is Int64 where all are whole, else float64. Values that are not of their kind stay as they are.
    """
    values = map(list, zip(*rows, strict=True)) if rows else ([] for _ in kinds)
    found = dict(zip(kinds, values, strict=True))
    return columns.frame(found, len(rows), kinds={name: _settled(kind, found[name]) for name, kind in kinds.items()})


def _settled(kind: str, values: Sequence[Any]) -> str:
    """The kind that values are of, if it is not the one that they should be of."""
    if kind in ("text", "object"):
        return kind
    types = set(map(type, values)) - {type(None)}
    if kind in ("boolean", "time"):
        return kind if types <= {bool if kind == "boolean" else str} else "object"
    if kind in ("Int64", "number") and types <= {int}:
        there = [value for value in values if value is not None] if None in values else values
        return "Int64" if not there or (min(there) >= -(2**63) and max(there) < 2**63) else "object"
    is_exact = types <= {int, float} and all(type(v) is not int or abs(v) <= _EXACT_IN_FLOAT for v in values)
    return "float" if is_exact and kind != "Int64" else "object"
