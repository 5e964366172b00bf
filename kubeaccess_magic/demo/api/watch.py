"""Watches: what there is, a bookmark, then every change as it comes (F7)."""

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

BOOKMARK_S: Final = 60.0
BACKLOG: Final = 1000
"""A client that is so many events behind is cut off."""
_EMPTY: Final[dict[str, Object]] = {
    "Service": {"spec": {}, "status": {"loadBalancer": {}}},
    "Pod": {"spec": {"containers": None}, "status": {}},
    "Namespace": {"spec": {}, "status": {}},
    "Node": {"spec": {}, "status": {"daemonEndpoints": {"kubeletEndpoint": {"Port": 0}}}},
}
"""What an object without anything looks like: bookmarks are such objects."""


@dataclass
class _EventWriter:
    """What one watcher is sent, and in which form."""

    resource: Resource
    form: Representation
    include: str
    defined: bool = field(default=False)

    def event(self, kind: str, obj: Object) -> bytes:
        shown = obj
        if self.form.convert == "Table":
            include = "Metadata" if kind == "BOOKMARK" else self.include
            metadata = {"resourceVersion": obj["metadata"]["resourceVersion"]}
            shown = printers.table(self.resource, [obj], metadata, include, self.form.version)
            if self.defined:
                shown["columnDefinitions"] = None
            self.defined = True
        elif self.form.convert:
            shown = printers.partial(obj, self.form.version)
        return to_json({"type": kind, "object": shown})

    def bookmark(self, version: int, ends_initial: bool) -> bytes:
        metadata: Object = {"resourceVersion": str(version)}
        if ends_initial:
            metadata["annotations"] = {"k8s.io/initial-events-end": "true"}
        empty = {"kind": self.resource.kind, "apiVersion": self.resource.api_version, "metadata": metadata}
        return self.event("BOOKMARK", empty | _EMPTY.get(self.resource.kind, {}))


async def watch(exchange: Exchange, store: Store, resource: Resource, info: RequestInfo) -> None:
    """Answer a watch until its time is over or the client has gone.

    Raises
    ------
    ApiError
        What is wrong with the query; a version that is too old is told by an ERROR event.
    """
    request = exchange.request
    form = negotiate(request, ("Table", "PartialObjectMetadata", "PartialObjectMetadataList"))
    parameters = request.parameters
    options = list_options(parameters, resource)
    talk = _EventWriter(resource, form, printers.include_object(parameters) if form.convert == "Table" else "")
    queue: asyncio.Queue[Change] = asyncio.Queue()
    unsubscribe = store.watch(queue.put_nowait)
    try:
        version = store.version
        await exchange.start(200, Headers([("Content-Type", JSON)]), None)
        if options.version and options.version < store.oldest:
            gone = expired(f"too old resource version: {options.version} ({store.oldest})")
            await exchange.write(to_json({"type": "ERROR", "object": gone.status}))
        else:
            for event in _initial(store, resource, info, options, talk, version):
                await exchange.write(event)
            await _changes(exchange, queue, options, talk, info, version)
    finally:
        unsubscribe()
    await exchange.finish()


def _initial(
    store: Store, resource: Resource, info: RequestInfo, options: ListOptions, talk: _EventWriter, version: int
) -> Iterator[bytes]:
    if options.version and not options.initial_events:
        for change in store.changes_since(options.version):
            if change.version <= version and (event := _seen(change, options, talk, info)):
                yield event
        return
    if options.initial_events is False:
        return
    for obj in store.objects(resource.group, resource.name, info.namespace):
        if options.labels(obj) and options.fields(obj):
            yield talk.event("ADDED", obj)
    if options.initial_events and options.bookmarks:
        yield talk.bookmark(version, ends_initial=True)


async def _changes(
    exchange: Exchange,
    queue: asyncio.Queue[Change],
    options: ListOptions,
    talk: _EventWriter,
    info: RequestInfo,
    version: int,
) -> None:
    loop = asyncio.get_running_loop()
    ends = loop.time() + (options.timeout_s if options.timeout_s is not None else random.randint(1800, 3600))
    marks = loop.time() + BOOKMARK_S
    while (queue.qsize() < BACKLOG and (left := min(ends, marks) - loop.time()) > 0) or loop.time() < ends:
        try:
            change = await asyncio.wait_for(queue.get(), max(left, 0.001))
        except TimeoutError:
            if loop.time() >= marks and options.bookmarks:
                await exchange.write(talk.bookmark(version, ends_initial=False))
            marks = max(marks, loop.time() + BOOKMARK_S) if loop.time() >= marks else marks
            continue
        version = change.version
        if event := _seen(change, options, talk, info):
            await exchange.write(event)


def _seen(change: Change, options: ListOptions, talk: _EventWriter, info: RequestInfo) -> bytes | None:
    """The change as this watcher sees it: an object may enter or leave the selection."""
    if change.key != (talk.resource.group, talk.resource.name):
        return None
    if info.namespace and change.obj["metadata"].get("namespace") != info.namespace:
        return None

    def fits(obj: Object | None) -> bool:
        return obj is not None and options.labels(obj) and options.fields(obj)

    was, is_now = fits(change.before), change.kind != "DELETED" and fits(change.obj)
    if is_now:
        return talk.event("MODIFIED" if was else "ADDED", change.obj)
    return talk.event("DELETED", change.obj) if was else None
