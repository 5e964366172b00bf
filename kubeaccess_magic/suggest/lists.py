"""Whole lists to choose from, each with what went wrong: for panels, which show more than what begins as typed."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any, NamedTuple

from ..errors import KubeAccessError
from ..targets import Target
from .looking import Looker
from .memory import Memory
from .suggestion import Suggestion, clean, is_plain

__all__ = ["Listing", "Lists", "Resource"]

_API = Target(kind="api")
_MOST_GROUPS = 100


@dataclasses.dataclass(frozen=True)
class Listing:
    """A list as far as it is known.

    Attributes
    ----------
    entries
        `Suggestion` values, or `Resource` values in a list of those.
    problem
        Why the list could not be read last time; None if it could.
    is_loading
        Whether it is being read for the first time.
    """

    entries: tuple[Any, ...] = ()
    problem: Exception | None = None
    is_loading: bool = False


class Resource(NamedTuple):
    """A kind of object that the API server lists, such as deployments of ``apis/apps/v1``."""

    version: str
    name: str
    kind: str
    is_namespaced: bool

    def path(self, namespace: str = "") -> str:
        """The API path of its list, without "/" in front; of one namespace where it has namespaces."""
        where = f"namespaces/{namespace}/" if namespace and self.is_namespaced else ""
        return f"{self.version}/{where}{self.name}"


class Lists:
    """The lists of one cluster. Nothing waits: what is known is given, and whoever observes hears of more.

    Parameters
    ----------
    looker
        Reads the lists.
    memory
        Keeps them, and reads each again when it is old.
    """

    def __init__(self, looker: Looker, memory: Memory) -> None:
        self._looker = looker
        self._memory = memory
        self._joined: tuple[Any, Any, tuple[Suggestion, ...]] = (None, None, ())

    def namespaces(self) -> Listing:
        """All namespaces, as `Suggestion` values."""
        return self._listing(("namespaces",), self._looker.namespaces)

    def services(self) -> Listing:
        """The services of all namespaces, as ``namespace/name``, with how many of their endpoints are ready."""
        listing = self._listing(("services",), self._looker.everywhere)
        counts = self._listing(("endpoints",), self._looker.endpoints_everywhere)
        entries, slices = listing.entries, counts.entries[0] if counts.entries else None
        known_entries, known_slices, joined = self._joined
        if entries is not known_entries or slices is not known_slices:
            joined = tuple(entries if slices is None else (_counted(one, slices.get(one.text)) for one in entries))
            self._joined = (entries, slices, joined)
        return dataclasses.replace(listing, entries=joined)

    def services_of(self, namespace: str) -> Listing:
        """The services of one namespace, by name alone: for users who may not list those of all namespaces."""
        key = ("services", namespace)
        listing = self._listing(key, lambda: self._looker.services(namespace))
        return dataclasses.replace(listing, entries=tuple(one.suggestion(None) for one in listing.entries))

    def pods(self, namespace: str) -> Listing:
        """The pods of one namespace, or those of all as ``namespace/name`` if it is ""."""
        if not namespace:
            return self._listing(("pods",), self._looker.pods_everywhere)
        return self._listing(("pods", namespace), lambda: self._looker.pods(namespace))

    def nodes(self) -> Listing:
        """All nodes."""
        return self._listing(("nodes",), self._looker.nodes)

    def resources(self) -> Listing:
        """The kinds of objects that the API server lists, as `Resource` values."""
        return self._listing(("api-resources",), self._read_resources)

    def _listing(self, key: tuple[str, ...], fetch: Any) -> Listing:
        value = self._memory.get(key, fetch, 0)
        problem = self._memory.problem(key)
        entries = value if isinstance(value, tuple) else () if value is None else (value,)
        return Listing(entries, problem, value is None and problem is None)

    def _read_resources(self) -> Iterator[tuple[Resource, ...]]:
        found = self._resources_of("api/v1")
        yield tuple(found)
        groups = self._looker.json(_API, "/apis")["groups"][:_MOST_GROUPS]
        for group in groups:
            try:
                found += self._resources_of(f"apis/{group['preferredVersion']['groupVersion']}")
            except KubeAccessError:  # the server of one group may be away
                continue
        yield tuple(found)

    def _resources_of(self, version: str) -> list[Resource]:
        rows = self._looker.json(_API, f"/{version}")["resources"]
        named = [row for row in rows if "list" in row.get("verbs", ()) and is_plain(str(row["name"]))]
        return [
            Resource(version, str(row["name"]), clean(row.get("kind", "")), row.get("namespaced") is True)
            for row in named
        ]


def _counted(service: Suggestion, counts: tuple[int, int] | None) -> Suggestion:
    ready, of = counts or (0, 0)
    state = f"{ready}/{of} ready" if of else "nothing behind it"
    return dataclasses.replace(service, note=" · ".join(filter(None, (state, service.note))), ready=ready, of=of)
