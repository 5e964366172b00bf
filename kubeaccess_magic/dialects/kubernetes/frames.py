"""Services, pods, nodes and namespaces as tidy frames, each with the text to type for its rows.

The columns and their dtypes are the same whether there are rows or not.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from ...errors import TargetError
from ...target import Target
from .. import columns
from .objects import EndpointSlice, Namespace, Node, Pod, Service, ServicePort
from .ports import app_of, external_of, scheme_of, target_of

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "NAMESPACE_COLUMNS",
    "NODE_COLUMNS",
    "POD_COLUMNS",
    "SERVICE_COLUMNS",
    "namespaces_frame",
    "nodes_frame",
    "pods_frame",
    "ready_endpoints",
    "services_frame",
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
    "created": "time",
    "target": "text",
}
NAMESPACE_COLUMNS = {"name": "text", "phase": "text", "created": "time"}

_ROLE = "node-role.kubernetes.io/"


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
        external, app = external_of(service), app_of(service.metadata.labels, name)
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
                    _printed(partial(target_of, service, port)) if can_be_asked else None,
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
    return _table(SERVICE_COLUMNS, rows)


def ready_endpoints(service: Service, port: ServicePort | None, slices: Iterable[EndpointSlice]) -> tuple[int, int]:
    """How many endpoints the API server would connect to for a port of a service, and how many there are.

    It connects to ready endpoints that are pods of the service's namespace, and to no others: endpoints made by
    hand are never ready for it (S7, S10). A pod with an IPv4 and an IPv6 address counts once.

    Parameters
    ----------
    service
        Whose they are.
    port
        Which port; None counts those of all ports.
    slices
        The slices of that service.
    """
    found: dict[tuple[str | None, ...], bool] = {}
    for one in slices:
        # A slice says which of the ports its endpoints serve, by name.
        if port is not None and all((p.name or "") != (port.name or "") for p in one.ports or ()):
            continue
        for endpoint in one.endpoints or ():
            ref = endpoint.target_ref
            is_pod = ref is not None and ref.kind == "Pod" and ref.name is not None
            if ref is not None and is_pod:
                key: tuple[str | None, ...] = (ref.namespace or one.metadata.namespace, ref.name)
                is_pod = key[0] == service.metadata.namespace
            else:
                key = (next(iter(endpoint.addresses or ()), None),)
            found[key] = found.get(key, False) or (endpoint.is_ready and is_pod)
    return sum(found.values()), len(found)


def pods_frame(pods: Iterable[Pod]) -> pd.DataFrame:
    """One row a pod, columns `POD_COLUMNS`: ``ready`` of its ``containers`` are ready, ``ports`` are numbers."""
    rows: list[tuple[Any, ...]] = []
    for pod in pods:
        meta, status = pod.metadata, pod.status
        containers = pod.spec.containers
        statuses = status.container_statuses or ()
        ips = status.pod_ips or ()
        rows.append(
            (
                meta.namespace,
                meta.name,
                status.phase,
                sum([c.ready for c in statuses]),
                len(containers),
                sum([c.restart_count for c in statuses]),
                pod.spec.node_name,
                status.pod_ip or (ips[0].ip if ips else None),
                [port.container_port for c in containers if c.ports for port in c.ports],
                meta.creation_timestamp,
                app_of(meta.labels),
                _printed(partial(Target, "pod", meta.name, meta.namespace)),
            )
        )
    return _table(POD_COLUMNS, rows)


def nodes_frame(nodes: Iterable[Node]) -> pd.DataFrame:
    """One row a node, columns `NODE_COLUMNS`; ``ready`` is a gap where the node does not say."""
    rows: list[tuple[Any, ...]] = []
    for node in nodes:
        meta, status = node.metadata, node.status
        labels = meta.labels or {}
        said = next((c.status for c in status.conditions or () if c.type == "Ready"), "")
        roles = [key.removeprefix(_ROLE) for key in labels if key.startswith(_ROLE)]
        roles += [labels["kubernetes.io/role"]] if labels.get("kubernetes.io/role") else []
        rows.append(
            (
                meta.name,
                {"True": True, "False": False}.get(said),
                ",".join(sorted(dict.fromkeys(role for role in roles if role))),
                status.node_info.kubelet_version if status.node_info is not None else None,
                next((a.address for a in status.addresses or () if a.type == "InternalIP"), None),
                meta.creation_timestamp,
                _printed(partial(Target, "node", meta.name)),
            )
        )
    return _table(NODE_COLUMNS, rows)


def namespaces_frame(namespaces: Iterable[Namespace]) -> pd.DataFrame:
    """One row a namespace, columns `NAMESPACE_COLUMNS`."""
    return _table(
        NAMESPACE_COLUMNS, [(n.metadata.name, n.status.phase, n.metadata.creation_timestamp) for n in namespaces]
    )


def _printed(make: Callable[[], Target]) -> str | None:
    """A target as text, or None for a name that no target can have: one odd object must not cost the whole list."""
    try:
        return str(make())
    except TargetError:
        return None


def _table(kinds: dict[str, str], rows: Sequence[tuple[Any, ...]]) -> pd.DataFrame:
    values = zip(*rows, strict=True) if rows else ([] for _ in kinds)
    return columns.frame(dict(zip(kinds, map(list, values), strict=True)), len(rows), kinds=kinds)
