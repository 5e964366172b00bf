"""What is there, as tidy DataFrames. What may not be read is left out, and ``attrs["kproxy"]["note"]`` says so."""

from __future__ import annotations

import fnmatch
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from ..dialects import kubernetes
from ..errors import AccessDenied
from ..text import printable
from .builtin import LABEL, NAMESPACE, built_in

if TYPE_CHECKING:
    import pandas as pd

    from ..kubeconfig import ContextRow
    from ..limits import Watch
    from . import Discovery

__all__ = ["contexts_frame", "info", "namespaces", "nodes", "pods", "services"]


def contexts_frame(listed: Iterable[ContextRow]) -> pd.DataFrame:
    """The contexts of a kubeconfig: current, name, cluster, server, user, namespace, signs_in, file, problem.

    Whoever wrote the file may have put anything into these names: nothing in them acts on a terminal (X9).
    """
    rows = []
    for row in listed:
        told = (row.name, row.cluster, row.server, row.user, row.namespace, ", ".join(row.signs_in), row.file)
        rows.append((row.current, *(printable(text) for text in (*told, row.problem or ""))))
    names = ("current", "name", "cluster", "server", "user", "namespace", "signs_in", "file", "problem")
    return _table(names, rows)


def namespaces(discovery: Discovery, watch: Watch, name: str | None) -> pd.DataFrame:
    """The namespaces, one row each."""
    return _noted(kubernetes.namespaces_frame(_named(discovery.namespaces(watch), name)), None)


def nodes(discovery: Discovery, watch: Watch, name: str | None) -> pd.DataFrame:
    """The nodes, one row each."""
    return _noted(kubernetes.nodes_frame(_named(discovery.nodes(watch), name)), None)


def services(
    discovery: Discovery, watch: Watch, namespace: str | None, selector: str | None, name: str | None, own: str
) -> pd.DataFrame:
    """The services of a namespace, or of all (None), one row a port."""
    listing = discovery.services(namespace, selector, watch, own)
    found = _named(listing.items, name)
    where = sorted({item.metadata.namespace or "" for item in found})
    slices, unread = discovery.slices_of(where, watch)
    note = listing.note
    if unread:
        note = "; ".join(filter(None, (note, f"endpoints may not be read in {_some(sorted(unread))}")))
    return _noted(kubernetes.services_frame(found, slices, unread=unread), note)


def pods(
    discovery: Discovery, watch: Watch, namespace: str | None, selector: str | None, name: str | None, own: str
) -> pd.DataFrame:
    """The pods of a namespace, or of all (None), one row each."""
    listing = discovery.pods(namespace, selector, watch, own)
    return _noted(kubernetes.pods_frame(_named(listing.items, name)), listing.note)


def info(discovery: Discovery, watch: Watch, server: str, namespace: str | None, own: str) -> pd.DataFrame:
    """What ``kubectl cluster-info`` prints, each service with its proxy URL and whether it is ready.

    Where the label finds nothing, or may not be listed, the services that are there: of that namespace, else of the
    context's own.
    """
    note = None
    where = namespace or NAMESPACE
    try:
        found = discovery.services(where, LABEL, watch, own).items
        if not found:
            note = f"no service is labelled {LABEL}; these are all of"
            found = discovery.services(where, None, watch, own).items
            if not found and namespace is None and own != where:
                where = own
                found = discovery.services(where, None, watch, own).items
            note = f"{note} {where}"
    except AccessDenied:
        if namespace is not None or own == where:
            raise
        where, note = own, f"the services of {where} may not be listed; these are those of {own}"
        found = discovery.services(where, None, watch, own).items
    slices, unread = discovery.slices_of([where], watch)
    lines = [built_in(service, None if unread else slices, server) for service in found]
    rows: list[tuple[Any, ...]] = [
        (line.title, line.url, str(line.target or ""), line.ready, line.endpoints, line.external, line.note)
        for line in lines
    ]
    table = _table(("name", "url", "target", "ready", "endpoints", "external", "note"), rows)
    return _noted(table.astype({"ready": "Int64", "endpoints": "Int64"}), note)


def _named(items: list[Any], pattern: str | None) -> list[Any]:
    return items if pattern is None else [i for i in items if fnmatch.fnmatchcase(i.metadata.name, pattern)]


def _noted(frame: pd.DataFrame, note: str | None) -> pd.DataFrame:
    frame.attrs["kproxy"] = {"rows": len(frame)} | ({"note": note[:300]} if note else {})
    return frame


def _table(names: tuple[str, ...], rows: list[tuple[Any, ...]]) -> pd.DataFrame:
    import pandas as pd

    return pd.DataFrame(rows, columns=list(names))


def _some(names: list[str]) -> str:
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
