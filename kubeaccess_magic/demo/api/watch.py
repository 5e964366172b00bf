"""Watches: the existing objects, a bookmark, then every change as it happens (F7)."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from ..http.exchange import Exchange
from ..http.headers import Headers
from . import printers
from .encoding import JSON, Representation, negotiate, to_json
from .list_requests import ListOptions, list_options
from .requestinfo import RequestInfo
from .resources import Resource
from .status import Object, expired
from .store import Change, Store

_BOOKMARK_S: Final = 60.0
_BACKLOG: Final = 1000
"""A client that is this many events behind is disconnected."""
_EMPTY: Final[dict[str, Object]] = {
    "Service": {"spec": {}, "status": {"loadBalancer": {}}},
    "Pod": {"spec": {"containers": None}, "status": {}},
    "Namespace": {"spec": {}, "status": {}},
    "Node": {"spec": {}, "status": {"daemonEndpoints": {"kubeletEndpoint": {"Port": 0}}}},
}
"""Kind → an object without content, as bookmarks are."""


@dataclass
class _EventWriter:
    """Writes the events for one watcher, in the negotiated representation."""

    resource: Resource
    representation: Representation
    include: str
    has_columns: bool = field(default=False)

    def event(self, kind: str, obj: Object) -> bytes:
        content = obj
        if self.representation.convert == "Table":
            include = "Metadata" if kind == "BOOKMARK" else self.include
            metadata = {"resourceVersion": obj["metadata"]["resourceVersion"]}
            content = printers.table(self.resource, [obj], metadata, include, self.representation.version)
            if self.has_columns:
                content["columnDefinitions"] = None
            self.has_columns = True
        elif self.representation.convert:
            content = printers.partial(obj, self.representation.version)
        return to_json({"type": kind, "object": content})

    def bookmark(self, version: int, ends_initial: bool) -> bytes:
        metadata: Object = {"resourceVersion": str(version)}
        if ends_initial:
            metadata["annotations"] = {"k8s.io/initial-events-end": "true"}
        empty = {"kind": self.resource.kind, "apiVersion": self.resource.api_version, "metadata": metadata}
        return self.event("BOOKMARK", empty | _EMPTY.get(self.resource.kind, {}))


async def watch(exchange: Exchange, store: Store, resource: Resource, info: RequestInfo) -> None:
    """Answer a watch until it times out or the client disconnects.

    Parameters
    ----------
    exchange
        The request to answer.
    store
        The objects.
    resource
        The resource to watch.
    info
        The request, which may name a namespace.

    Raises
    ------
    ApiError
        The options are invalid. A version that is too old is reported by an ERROR event instead.
    """
    request = exchange.request
    representation = negotiate(request, ("Table", "PartialObjectMetadata", "PartialObjectMetadataList"))
    parameters = request.parameters
    options = list_options(parameters, resource)
    writer = _EventWriter(
        resource, representation, printers.include_object(parameters) if representation.convert == "Table" else ""
    )
    queue: asyncio.Queue[Change] = asyncio.Queue()
    unsubscribe = store.watch(queue.put_nowait)
    try:
        version = store.version
        await exchange.start(200, Headers([("Content-Type", JSON)]), None)
        if options.version and options.version < store.oldest:
            error = expired(f"too old resource version: {options.version} ({store.oldest})")
            await exchange.write(to_json({"type": "ERROR", "object": error.status}))
        else:
            for event in _initial(store, resource, info, options, writer, version):
                await exchange.write(event)
            await _changes(exchange, queue, options, writer, info, version)
    finally:
        unsubscribe()
    await exchange.finish()


def _initial(
    store: Store, resource: Resource, info: RequestInfo, options: ListOptions, writer: _EventWriter, version: int
) -> Iterator[bytes]:
    if options.version and not options.initial_events:
        for change in store.changes_since(options.version):
            if change.version <= version and (event := _event(change, options, writer, info)):
                yield event
        return
    if options.initial_events is False:
        return
    for obj in store.objects(resource.group, resource.name, info.namespace):
        if options.labels(obj) and options.fields(obj):
            yield writer.event("ADDED", obj)
    if options.initial_events and options.bookmarks:
        yield writer.bookmark(version, ends_initial=True)


async def _changes(
    exchange: Exchange,
    queue: asyncio.Queue[Change],
    options: ListOptions,
    writer: _EventWriter,
    info: RequestInfo,
    version: int,
) -> None:
    loop = asyncio.get_running_loop()
    ends_at = loop.time() + (options.timeout_s if options.timeout_s is not None else random.randint(1800, 3600))
    bookmark_at = loop.time() + _BOOKMARK_S
    while (
        queue.qsize() < _BACKLOG and (remaining_s := min(ends_at, bookmark_at) - loop.time()) > 0
    ) or loop.time() < ends_at:
        try:
            change = await asyncio.wait_for(queue.get(), max(remaining_s, 0.001))
        except TimeoutError:
            if loop.time() >= bookmark_at and options.bookmarks:
                await exchange.write(writer.bookmark(version, ends_initial=False))
            bookmark_at = max(bookmark_at, loop.time() + _BOOKMARK_S) if loop.time() >= bookmark_at else bookmark_at
            continue
        version = change.version
        if event := _event(change, options, writer, info):
            await exchange.write(event)


def _event(change: Change, options: ListOptions, writer: _EventWriter, info: RequestInfo) -> bytes | None:
    """The event for a change, if this watcher sees one: an object may enter or leave the selection."""
    if change.key != (writer.resource.group, writer.resource.name):
        return None
    if info.namespace and change.obj["metadata"].get("namespace") != info.namespace:
        return None

    def is_selected(obj: Object | None) -> bool:
        return obj is not None and options.labels(obj) and options.fields(obj)

    was_selected, is_selected_now = is_selected(change.before), change.kind != "DELETED" and is_selected(change.obj)
    if is_selected_now:
        return writer.event("MODIFIED" if was_selected else "ADDED", change.obj)
    return writer.event("DELETED", change.obj) if was_selected else None
