"""The objects of a cluster as tidy DataFrames. A note in ``attrs["kproxy"]`` names what could not be read."""

from __future__ import annotations

import fnmatch
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

from ..text import one_line

if TYPE_CHECKING:
    import pandas as pd

    from ..call import Call
    from ..discovery import Discovery
    from ..kubeconfig import ContextRow
    from ..targets import Target

__all__ = ["contexts_frame", "info", "namespaces", "nodes", "pods", "services"]


def contexts_frame(listed: Iterable[ContextRow]) -> pd.DataFrame:
    """The contexts of a kubeconfig: current, name, cluster, server, user, namespace, signs_in, file, problem.

    Control characters in the names are neutralised: anybody may have written the file (X9).
    """
    rows = []
    for row in listed:
        texts = (row.name, row.cluster, row.server, row.user, row.namespace, ", ".join(row.signs_in), row.file)
        rows.append((row.current, *(one_line(text) for text in (*texts, row.problem or ""))))
    names = ("current", "name", "cluster", "server", "user", "namespace", "signs_in", "file", "problem")
    return _table(names, rows)


def namespaces(discovery: Discovery, call: Call, name: str | None) -> pd.DataFrame:
    """The namespaces, one row per namespace; `name` is a pattern."""
    from ..dialects.kubernetes import namespaces_frame

    return _noted(namespaces_frame(_named(discovery.namespaces(call), name)), None)


def nodes(discovery: Discovery, call: Call, name: str | None) -> pd.DataFrame:
    """The nodes, one row per node; `name` is a pattern."""
    from ..dialects.kubernetes import nodes_frame

    return _noted(nodes_frame(_named(discovery.nodes(call), name)), None)


def services(
    discovery: Discovery, call: Call, namespace: str | None, selector: str | None, name: str | None
) -> pd.DataFrame:
    """The services of a namespace, or of all (None), one row per port."""
    from ..dialects.kubernetes import services_frame

    listing = discovery.services(namespace, selector, call)
    items = _named(listing.items, name)
    slices, unread = discovery.slices_in(sorted({item.metadata.namespace or "" for item in items}), call)
    note = listing.note
    if unread:
        note = "; ".join(filter(None, (note, f"endpoints may not be read in {_some(sorted(unread))}")))
    return _noted(services_frame(items, slices, unread=unread), note)


def pods(
    discovery: Discovery, call: Call, namespace: str | None, selector: str | None, name: str | None
) -> pd.DataFrame:
    """The pods of a namespace, or of all (None), one row per pod."""
    from ..dialects.kubernetes import pods_frame

    listing = discovery.pods(namespace, selector, call)
    return _noted(pods_frame(_named(listing.items, name)), listing.note)


def info(discovery: Discovery, call: Call, url_of: Callable[[Target], str], namespace: str | None) -> pd.DataFrame:
    """The built-in services, as in ``kubectl cluster-info``, with their proxy URLs and readiness."""
    from ..discovery.builtin import built_in, built_in_services

    services, note = built_in_services(discovery, namespace, call)
    where = sorted({service.metadata.namespace or "" for service in services})
    slices, unread = discovery.slices_in(where, call)
    lines = [built_in(service, None if unread else slices, url_of) for service in services]
    rows: list[tuple[Any, ...]] = [
        (line.title, line.url, str(line.target or ""), line.ready, line.endpoints, line.external, line.note)
        for line in lines
    ]
    table = _table(("name", "url", "target", "ready", "endpoints", "external", "note"), rows)
    return _noted(table.astype({"ready": "Int64", "endpoints": "Int64"}), note)


def _named(items: list[Any], pattern: str | None) -> list[Any]:
    return items if pattern is None else [item for item in items if fnmatch.fnmatchcase(item.metadata.name, pattern)]


def _noted(frame: pd.DataFrame, note: str | None) -> pd.DataFrame:
    frame.attrs["kproxy"] = {"rows": len(frame)} | ({"note": note[:300]} if note else {})
    return frame


def _table(names: Sequence[str], rows: Sequence[tuple[Any, ...]]) -> pd.DataFrame:
    from ..dialects import columns

    values = map(list, zip(*rows, strict=True)) if rows else ([] for _ in names)
    return columns.frame(dict(zip(names, values, strict=True)), len(rows))


def _some(names: list[str]) -> str:
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
