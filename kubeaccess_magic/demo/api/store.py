"""The objects, their versions, and what changed when: what etcd and the watch cache are to the real server."""

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
"""The first object's resourceVersion; what is older has been forgotten."""
REMEMBERED: Final = 2000
"""So many changes can be watched from or paged across."""

Key = tuple[str, str]
"""Group and resource."""


@dataclass(frozen=True, slots=True)
class Change:
    """One change of one object.

    Attributes
    ----------
    kind
        ADDED, MODIFIED or DELETED.
    before
        The object as it was; None when it was added.
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
        Makes the uids, so that a world is the same at each start.
    """

    def __init__(self, seed: str = "demo") -> None:
        self.version = FIRST_VERSION
        self.oldest = FIRST_VERSION
        self._seed = seed
        self._things: dict[Key, dict[str, Object]] = {}
        self._sorted: dict[Key, list[str]] = {}
        self._changes: deque[Change] = deque()
        self._watchers: set[Callable[[Change], None]] = set()
        self._made: dict[Key, Callable[[str], Iterator[Object]]] = {}

    def provide(self, group: str, resource: str, make: Callable[[str], Iterator[Object]]) -> None:
        """Let objects of a resource be made when they are asked for; `make` is given the namespace."""
        self._made[group, resource] = make

    # --- reading

    def get(self, group: str, resource: str, namespace: str, name: str) -> Object | None:
        """One object; it is not to be changed."""
        if make := self._made.get((group, resource)):
            return next((obj for obj in make(namespace) if obj["metadata"]["name"] == name), None)
        return self._things.get((group, resource), {}).get(_path(namespace, name))

    def objects(self, group: str, resource: str, namespace: str = "") -> Iterator[Object]:
        """The objects of a resource, by namespace and name."""
        for _, obj in self.items((group, resource), namespace):
            yield obj

    def items(self, key: Key, namespace: str = "", after: str = "") -> Iterator[tuple[str, Object]]:
        """Objects with their places in the order, from behind a place on."""
        if make := self._made.get(key):
            yield from ((path, obj) for obj in make(namespace) if (path := _path_of(obj)) >= after)
            return
        order = self._sorted.get(key, [])
        things = self._things.get(key, {})
        prefix = f"{namespace}/" if namespace else ""
        at = bisect.bisect_left(order, max(prefix, after))
        for path in order[at:]:
            if prefix and not path.startswith(prefix):
                break
            yield path, things[path]

    def items_at(self, key: Key, version: int, namespace: str = "", after: str = "") -> list[tuple[str, Object]]:
        """The same as it was at an older version, which must not be older than `oldest`."""
        found = dict(self.items(key, namespace, after))
        for change in reversed(self._changes):
            if change.version <= version:
                break
            if change.key == key:
                path = _path_of(change.obj)
                if change.before is None:
                    found.pop(path, None)
                elif path >= after and (not namespace or path.startswith(f"{namespace}/")):
                    found[path] = change.before
        return sorted(found.items())

    def changes_since(self, version: int) -> list[Change]:
        """What changed after a version, in order."""
        return [change for change in self._changes if change.version > version]

    def keys(self) -> list[Key]:
        """The resources that have ever had an object."""
        return list(self._things)

    # --- writing

    def load(self, group: str, resource: str, obj: Object) -> Object:
        """Put an object that stands from the beginning; nobody is told."""
        return self._put((group, resource), copy.deepcopy(obj))

    def put(self, group: str, resource: str, obj: Object) -> Object:
        """Create or replace an object, and tell the watchers."""
        key = (group, resource)
        before = self._things.get(key, {}).get(_path_of(obj))
        stored = self._put(key, obj)
        self._tell(Change(self.version, key, "MODIFIED" if before else "ADDED", stored, before))
        return stored

    def remove(self, group: str, resource: str, namespace: str, name: str) -> Object | None:
        """Take an object out, and tell the watchers; it, with its last version."""
        key, path = (group, resource), _path(namespace, name)
        before = self._things.get(key, {}).pop(path, None)
        if before is None:
            return None
        self._sorted[key].remove(path)
        self.version += 1
        last = copy.deepcopy(before)
        last["metadata"]["resourceVersion"] = str(self.version)
        self._tell(Change(self.version, key, "DELETED", last, before))
        return last

    def watch(self, told: Callable[[Change], None]) -> Callable[[], None]:
        """Be told of every change; call the result to hear no more."""
        self._watchers.add(told)
        return lambda: self._watchers.discard(told)

    def _put(self, key: Key, obj: Object) -> Object:
        self.version += 1
        path = _path_of(obj)
        metadata = obj["metadata"]
        metadata["resourceVersion"] = str(self.version)
        things = self._things.setdefault(key, {})
        before = things.get(path)
        if before is not None:
            for field in ("uid", "creationTimestamp"):
                metadata[field] = before["metadata"][field]
        else:
            if not _given(metadata.get("uid")):
                metadata["uid"] = str(uuid.uuid5(uuid.NAMESPACE_URL, f"{self._seed}/{key}/{path}/{self.version}"))
            if not _given(metadata.get("creationTimestamp")):
                metadata["creationTimestamp"] = now()
            bisect.insort(self._sorted.setdefault(key, []), path)
        things[path] = obj
        return obj

    def _tell(self, change: Change) -> None:
        self._changes.append(change)
        while len(self._changes) > REMEMBERED:
            self.oldest = self._changes.popleft().version
        for told in list(self._watchers):
            told(change)


def now() -> str:
    """The current moment as objects write it."""
    return timestamp(time.time())


def timestamp(second: float) -> str:
    """A moment as objects write it."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(second))


def of_service(slices: Iterable[Object], service: str) -> Iterator[Object]:
    """Those EndpointSlices that are of a service (F8)."""
    for obj in slices:
        if (obj["metadata"].get("labels") or {}).get("kubernetes.io/service-name") == service:
            yield obj


def _given(value: object) -> bool:
    return bool(value) and not str(value).startswith("<")


def _path(namespace: str, name: str) -> str:
    return f"{namespace}/{name}"


def _path_of(obj: Object) -> str:
    metadata = obj["metadata"]
    return _path(metadata.get("namespace", ""), metadata["name"])
