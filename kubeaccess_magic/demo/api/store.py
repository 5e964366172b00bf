"""The store of objects, with their versions and recent changes: it stands for etcd and the watch cache."""

from __future__ import annotations

import bisect
import copy
import time
import uuid
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from .status import Object

FIRST_VERSION: Final = 100
"""The resourceVersion before the first object; older versions are treated as forgotten."""
REMEMBERED: Final = 2000
"""How many past changes are kept for watches and for pages of a list."""

Key = tuple[str, str]
"""Group and resource."""


@dataclass(frozen=True, slots=True)
class Change:
    """A change of one object.

    Attributes
    ----------
    version
        The resourceVersion of the change.
    key
        The group and resource of the object.
    kind
        ADDED, MODIFIED or DELETED.
    obj
        The object after the change; a deleted one as it was last.
    before
        The object before the change; None if it was added.
    """

    version: int
    key: Key
    kind: str
    obj: Object
    before: Object | None


class Store:
    """Objects by group, resource, namespace and name.

    Parameters
    ----------
    seed
        The seed of the generated uids, so that they are the same at each start.
    """

    def __init__(self, seed: str = "demo") -> None:
        self.version = FIRST_VERSION
        self.oldest = FIRST_VERSION
        self._seed = seed
        self._objects: dict[Key, dict[str, Object]] = {}
        self._sorted: dict[Key, list[str]] = {}
        self._changes: deque[Change] = deque()
        self._watchers: set[Callable[[Change], None]] = set()
        self._computed: dict[Key, Callable[[str], Iterator[Object]]] = {}

    def provide(self, group: str, resource: str, compute: Callable[[str], Iterator[Object]]) -> None:
        """Let the objects of a resource be computed at each access, instead of stored.

        Parameters
        ----------
        group, resource
            The resource.
        compute
            Returns the objects in a namespace, or all of them for an empty one.
        """
        self._computed[group, resource] = compute

    # --- reading

    def get(self, group: str, resource: str, namespace: str, name: str) -> Object | None:
        """Get one object, which must not be modified; None if there is none.

        Parameters
        ----------
        group, resource
            The resource; the core group is empty.
        namespace, name
            The object; a cluster-scoped one has an empty namespace.
        """
        if compute := self._computed.get((group, resource)):
            return next((obj for obj in compute(namespace) if obj["metadata"]["name"] == name), None)
        return self._objects.get((group, resource), {}).get(_path(namespace, name))

    def objects(self, group: str, resource: str, namespace: str = "") -> Iterator[Object]:
        """Get the objects of a resource, sorted by namespace and name.

        Parameters
        ----------
        group, resource
            The resource; the core group is empty.
        namespace
            Only objects in this namespace; empty for all.
        """
        for _, obj in self.items((group, resource), namespace):
            yield obj

    def items(self, key: Key, namespace: str = "", start: str = "") -> Iterator[tuple[str, Object]]:
        """Get objects with their paths, sorted by path.

        Parameters
        ----------
        key
            The group and resource.
        namespace
            Only objects in this namespace; empty for all.
        start
            Skip the objects whose path is less than this.
        """
        if compute := self._computed.get(key):
            yield from ((path, obj) for obj in compute(namespace) if (path := _path_of(obj)) >= start)
            return
        paths = self._sorted.get(key, [])
        objects = self._objects.get(key, {})
        prefix = f"{namespace}/" if namespace else ""
        position = bisect.bisect_left(paths, max(prefix, start))
        for path in paths[position:]:
            if prefix and not path.startswith(prefix):
                break
            yield path, objects[path]

    def items_at(self, key: Key, version: int, namespace: str = "", start: str = "") -> list[tuple[str, Object]]:
        """Get objects as they were at an earlier version.

        Parameters
        ----------
        key
            The group and resource.
        version
            The resourceVersion; not less than `oldest`.
        namespace
            Only objects in this namespace; empty for all.
        start
            Skip the objects whose path is less than this.
        """
        objects = dict(self.items(key, namespace, start))
        for change in reversed(self._changes):
            if change.version <= version:
                break
            if change.key == key:
                path = _path_of(change.obj)
                if change.before is None:
                    objects.pop(path, None)
                elif path >= start and (not namespace or path.startswith(f"{namespace}/")):
                    objects[path] = change.before
        return sorted(objects.items())

    def changes_since(self, version: int) -> list[Change]:
        """The changes after a version, in order."""
        return [change for change in self._changes if change.version > version]

    def keys(self) -> list[Key]:
        """The resources that have ever had an object."""
        return list(self._objects)

    # --- writing

    def load(self, group: str, resource: str, obj: Object) -> Object:
        """Store an object at the start, without notifying watchers.

        Parameters
        ----------
        group, resource
            The resource; the core group is empty.
        obj
            The object; a copy is stored.
        """
        return self._store((group, resource), copy.deepcopy(obj))

    def put(self, group: str, resource: str, obj: Object) -> Object:
        """Create or replace an object, and notify watchers.

        Parameters
        ----------
        group, resource
            The resource; the core group is empty.
        obj
            The object; it gets a new resourceVersion, and a uid if it is new.
        """
        key = (group, resource)
        before = self._objects.get(key, {}).get(_path_of(obj))
        stored = self._store(key, obj)
        self._notify(Change(self.version, key, "MODIFIED" if before else "ADDED", stored, before))
        return stored

    def remove(self, group: str, resource: str, namespace: str, name: str) -> Object | None:
        """Remove an object, and notify watchers; return it with its last version, or None if there was none.

        Parameters
        ----------
        group, resource
            The resource; the core group is empty.
        namespace, name
            The object; a cluster-scoped one has an empty namespace.
        """
        key, path = (group, resource), _path(namespace, name)
        before = self._objects.get(key, {}).pop(path, None)
        if before is None:
            return None
        self._sorted[key].remove(path)
        self.version += 1
        last = copy.deepcopy(before)
        last["metadata"]["resourceVersion"] = str(self.version)
        self._notify(Change(self.version, key, "DELETED", last, before))
        return last

    def watch(self, watcher: Callable[[Change], None]) -> Callable[[], None]:
        """Call a function at every change; call the result of this to stop it."""
        self._watchers.add(watcher)
        return lambda: self._watchers.discard(watcher)

    def _store(self, key: Key, obj: Object) -> Object:
        self.version += 1
        path = _path_of(obj)
        metadata = obj["metadata"]
        metadata["resourceVersion"] = str(self.version)
        objects = self._objects.setdefault(key, {})
        before = objects.get(path)
        if before is not None:
            for field in ("uid", "creationTimestamp"):
                metadata[field] = before["metadata"][field]
        else:
            if not _is_set(metadata.get("uid")):
                metadata["uid"] = str(uuid.uuid5(uuid.NAMESPACE_URL, f"{self._seed}/{key}/{path}/{self.version}"))
            if not _is_set(metadata.get("creationTimestamp")):
                metadata["creationTimestamp"] = now()
            bisect.insort(self._sorted.setdefault(key, []), path)
        objects[path] = obj
        return obj

    def _notify(self, change: Change) -> None:
        self._changes.append(change)
        while len(self._changes) > REMEMBERED:
            self.oldest = self._changes.popleft().version
        for watcher in list(self._watchers):
            watcher(change)


def now() -> str:
    """The current time, as objects write it."""
    return timestamp(time.time())


def timestamp(second: float) -> str:
    """A second since the epoch, as objects write it: ``2026-01-31T12:00:00Z``."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(second))


def slices_of_service(slices: Iterable[Object], service: str) -> Iterator[Object]:
    """The EndpointSlices that belong to a service (F8).

    Parameters
    ----------
    slices
        The EndpointSlices of the service's namespace.
    service
        The service's name.
    """
    for obj in slices:
        if (obj["metadata"].get("labels") or {}).get("kubernetes.io/service-name") == service:
            yield obj


def _is_set(value: object) -> bool:
    """Whether a field has a value, and not the mask of a recording, such as ``<UID>``."""
    return bool(value) and not str(value).startswith("<")


def _path(namespace: str, name: str) -> str:
    return f"{namespace}/{name}"


def _path_of(obj: Object) -> str:
    metadata = obj["metadata"]
    return _path(metadata.get("namespace", ""), metadata["name"])
