"""Any list of the API server as a frame: the columns that somebody wants first, or all of them with ``wide=True``."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from ...errors import LoadError
from .. import Loaded, Pages, Step, answer, columns
from .frames import namespaces_frame, nodes_frame, pods_frame
from .kinds import COLUMNS, generic_columns
from .objects import (
    ListMetadata,
    decode_namespace,
    decode_namespaces,
    decode_node,
    decode_nodes,
    decode_pod,
    decode_pods,
)

if TYPE_CHECKING:
    import pandas as pd

    from ...reply import Reply
    from ...request import Request

__all__ = ["PAGE_ROWS", "Kubernetes"]

PAGE_ROWS = 500
"""Objects a page: it bounds the memory that a list takes here and at the server."""

# These have a typed reader: lists of pods are the largest that there are.
_TYPED: dict[str, tuple[Callable[[bytes], Any], Callable[[bytes], Any], Callable[[Iterable[Any]], pd.DataFrame]]] = {
    "/Pod": (decode_pods, decode_pod, pods_frame),
    "/Node": (decode_nodes, decode_node, nodes_frame),
    "/Namespace": (decode_namespaces, decode_namespace, namespaces_frame),
}


class _Head(msgspec.Struct, rename="camel"):
    """What tells a list from anything else; the items are only scanned."""

    kind: str = ""
    api_version: str = ""
    metadata: ListMetadata | None = None
    items: msgspec.Raw = msgspec.Raw(b"")
    rows: msgspec.Raw = msgspec.Raw(b"")


class Kubernetes:
    """The dialect of the API server's own lists."""

    name = "kubernetes"

    def asks(self, request: Request) -> bool:
        """Whether the API server itself is asked for a list."""
        return request.target.kind == "api" and _resource(request.path) is not None

    def ask(self, request: Request, limit: int | None) -> Request:
        """A list is asked for in pages (F1), unless the query says how it is to be read."""
        if not self.asks(request) or request.method != "GET":
            return request
        if any(request.param(name) is not None for name in ("limit", "continue", "watch")):
            return request
        return request.with_param("limit", _page_rows(limit))

    def takes(self, request: Request, reply: Reply) -> bool:
        """A list or a Table of objects; of the API server itself, also one object."""
        head = _head(reply)
        if head is None:
            return False
        return _is_list(head) or (
            request.target.kind == "api"
            and bool(head.kind and head.api_version)
            and head.kind != "Status"
            and head.metadata is not None
            and _resource(request.path) is None
        )

    def pages(self, request: Request, limit: int | None) -> Pages:
        """The pages of a list, if they are ours: a ``limit`` that somebody typed is one page."""
        rows, step = 0, Step(request)
        while True:
            head = _head((yield step))
            metadata = head.metadata if head is not None else None
            if head is None or metadata is None or not metadata.token:
                return
            if request.param("limit") != str(_page_rows(limit)):
                return
            rows += len(msgspec.json.decode(head.items or head.rows or b"[]", type=list[msgspec.Raw] | None) or ())
            if limit is not None and rows >= limit:
                return
            remaining = metadata.remaining_item_count
            of = None if remaining is None else rows + remaining
            step = Step(
                request.with_param("continue", metadata.token), True, rows, of, _resource(request.path) or "rows"
            )

    def load(self, replies: Iterable[Reply], *, limit: int | None = None, wide: bool = False) -> Loaded:
        """One row an object.

        Parameters
        ----------
        replies
            The pages.
        limit
            At most so many rows.
        wide
            All fields, as dotted columns, instead of the chosen ones.
        """
        replies = list(replies)
        heads = [_head(reply) for reply in replies]
        for head, reply in zip(heads, replies, strict=True):
            if head is None or not (head.kind and head.api_version):
                answer.json_of(reply)  # says where it is broken, if it is
                raise LoadError("the answer is no list of Kubernetes objects", reply=reply, hint="see it with -o json")
        first, last = heads[0], heads[-1]
        assert first is not None and last is not None  # looked at above
        table = _table(first, replies, wide)
        rows, of, is_lower_bound = len(table), None, False
        if last.metadata is not None and last.metadata.token:
            # With a selector the server does not count what remains; that there is more, it says.
            remaining = last.metadata.remaining_item_count
            of, is_lower_bound = rows + (remaining or 1), remaining is None
        elif _is_list(first):
            of = rows
        if limit is not None and rows > limit:
            table = table.iloc[:limit]
        return Loaded(table, len(table), of, what=_what(first, replies[0]), of_is_lower_bound=is_lower_bound)


def _table(head: _Head, replies: Sequence[Reply], wide: bool) -> pd.DataFrame:
    if head.kind == "Table":
        return _server_table(replies)
    group_kind = f"{_group(head.api_version)}/{head.kind.removesuffix('List') if _is_list(head) else head.kind}"
    if not wide and group_kind in _TYPED:
        decode_list, decode_one, make = _TYPED[group_kind]
        if _is_list(head):
            return make(item for reply in replies for item in decode_list(reply.content).items)
        return make(decode_one(reply.content) for reply in replies)
    if _is_list(head):
        items = [item for reply in replies for item in _items(reply)]
    else:
        items = [answer.json_of(reply) for reply in replies]
    if group_kind == "/" and (kinds := {(i.get("apiVersion"), i.get("kind")) for i in items}) and len(kinds) == 1:
        version, kind = kinds.pop()  # kind "List": its items say what they are
        group_kind = f"{_group(version or '')}/{kind}"
    if wide:
        return columns.frame(columns.flatten(items), len(items), dates=True)
    chosen = COLUMNS.get(group_kind)
    if chosen is None:
        return generic_columns(items)
    found = {name: [read(item) for item in items] for name, (_, read) in chosen.items()}
    return columns.frame(found, len(items), kinds={name: kind for name, (kind, _) in chosen.items()})


def _server_table(replies: Sequence[Reply]) -> pd.DataFrame:
    """A Table as the server made it (F4): its cells, and whose they are where it says so."""
    names: list[str] = []
    rows: list[dict[str, Any]] = []
    for reply in replies:
        table = answer.json_of(reply)
        names = names or [str(column.get("name", "")) for column in table.get("columnDefinitions") or ()]
        for row in table.get("rows") or ():
            meta = (row.get("object") or {}).get("metadata") or {}
            whose = {"namespace": meta["namespace"]} if "namespace" in meta else {}
            free = columns.Names(whose)
            rows.append(whose | {free.free(name): cell for name, cell in zip(names, row["cells"], strict=True)})
    found = {name: [row.get(name) for row in rows] for name in dict.fromkeys(n for row in rows for n in row)}
    return columns.frame(found or {name: [] for name in names}, len(rows), dates=True)


def _head(reply: Reply) -> _Head | None:
    start = reply.content[:4096].lstrip()
    if start[:1] != b"{" or (b'"apiVersion"' not in start and b'"kind"' not in start):
        return None
    try:
        return msgspec.json.decode(reply.content, type=_Head)
    except (msgspec.DecodeError, RecursionError):
        return None


def _is_list(head: _Head) -> bool:
    if not head.api_version:
        return False
    rows = head.rows if head.kind == "Table" else head.items if head.kind.endswith("List") else b""
    return bytes(rows)[:1] in (b"[", b"n")  # a list, or null for an empty one


def _items(reply: Reply) -> list[dict[str, Any]]:
    items = answer.json_of(reply).get("items") or []
    if not all(isinstance(item, dict) for item in items):
        raise LoadError("the answer's items are no objects", reply=reply, hint="see it with -o json")
    return list(items)


def _page_rows(limit: int | None) -> int:
    return PAGE_ROWS if limit is None else max(1, min(limit, PAGE_ROWS))


def _group(api_version: str) -> str:
    return api_version.rpartition("/")[0]


def _resource(path: str) -> str | None:
    """The resource that a path lists, or None if it names one object, or none at all."""
    found = re.fullmatch(r"/(?:api/v1|apis/[^/]+/[^/]+)(/namespaces/[^/]+)?/([^/]+)/?", path)
    if found is None or (found[1] and found[2] in {"status", "finalize"}):  # those are a namespace's own parts
        return None
    return found[2]


def _what(head: _Head, reply: Reply) -> str:
    request = reply.request
    if request.target.kind == "api" and (resource := _resource(request.path)) is not None:
        return resource
    kind = head.kind.removesuffix("List").lower() or "row"
    if kind.endswith("y"):
        return kind[:-1] + "ies"
    return kind if kind.endswith("ts") else kind + ("es" if kind.endswith("s") else "s")
