"""Whole lists to choose from, with the reason if one could not be read: for panels, which show all of a list."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any, NamedTuple

from ..errors import KubeAccessError
from ..targets import Target, is_name
from .cache import Cache, Key
from .lookup import NameLookup
from .suggestion import Suggestion, note_of

__all__ = ["ApiResource", "ChoiceList", "ChoiceLists"]

_API = Target(kind="api")
_MAX_GROUPS = 100


@dataclasses.dataclass(frozen=True)
class ChoiceList:
    """A list of names, as far as it is known.

    Parameters
    ----------
    entries
        `Suggestion` values, or `ApiResource` values in a list of those.
    problem
        Why the list could not be read the last time; None if it could.
    is_loading
        Whether the list is being read for the first time.
    """

    entries: tuple[Any, ...] = ()
    problem: Exception | None = None
    is_loading: bool = False


class ApiResource(NamedTuple):
    """A resource that the API server lists, such as the deployments of ``apis/apps/v1``.

    Attributes
    ----------
    version
        The API version with its prefix, such as "api/v1" or "apis/apps/v1".
    name
        The plural name, such as "deployments".
    kind
        The kind of its objects, such as "Deployment".
    is_namespaced
        Whether its objects are in namespaces.
    """

    version: str
    name: str
    kind: str
    is_namespaced: bool

    def path(self, namespace: str = "") -> str:
        """The API path of its list without a leading slash; of all namespaces if `namespace` is ""."""
        scope = f"namespaces/{namespace}/" if namespace and self.is_namespaced else ""
        return f"{self.version}/{scope}{self.name}"


class ChoiceLists:
    """The lists of one cluster. They return what is known at once; observers of the cache are told of more.

    Parameters
    ----------
    lookup
        Reads the lists.
    cache
        Keeps the lists and refreshes them.
    """

    def __init__(self, lookup: NameLookup, cache: Cache) -> None:
        self._lookup = lookup
        self._cache = cache
        # All services and their endpoint counts, and the suggestions that were made of them.
        self._counted: tuple[Any, Any, tuple[Suggestion, ...]] = (None, None, ())

    def namespaces(self) -> ChoiceList:
        """All namespaces, as `Suggestion` values."""
        return self._list(("namespaces",), self._lookup.namespaces)

    def services(self) -> ChoiceList:
        """The services of all namespaces, as ``namespace/name``, with the number of their ready endpoints."""
        services = self._list(("services",), self._lookup.all_services)
        endpoints = self._list(("endpoints",), self._lookup.all_endpoints)
        counts = endpoints.entries[0] if endpoints.entries else None
        last_services, last_counts, entries = self._counted
        if services.entries is not last_services or counts is not last_counts:
            entries = services.entries
            if counts is not None:
                entries = tuple(_with_counts(service, counts.get(service.text)) for service in entries)
            self._counted = (services.entries, counts, entries)
        return dataclasses.replace(services, entries=entries)

    def services_of(self, namespace: str) -> ChoiceList:
        """The services of one namespace, by name alone: for users who may not list those of all namespaces."""
        services = self._list(("services", namespace), lambda: self._lookup.services(namespace))
        return dataclasses.replace(services, entries=tuple(service.suggestion(None) for service in services.entries))

    def pods(self, namespace: str) -> ChoiceList:
        """The pods of one namespace; if it is "", those of all namespaces, as ``namespace/name``."""
        if not namespace:
            return self._list(("pods",), self._lookup.all_pods)
        return self._list(("pods", namespace), lambda: self._lookup.pods(namespace))

    def nodes(self) -> ChoiceList:
        """All nodes."""
        return self._list(("nodes",), self._lookup.nodes)

    def resources(self) -> ChoiceList:
        """The resources that the API server lists, as `ApiResource` values."""
        return self._list(("api-resources",), self._read_resources)

    def _list(self, key: Key, fetch: Any) -> ChoiceList:
        value = self._cache.get(key, fetch, 0)
        problem = self._cache.problem(key)
        entries = value if isinstance(value, tuple) else () if value is None else (value,)
        return ChoiceList(entries, problem, value is None and problem is None)

    def _read_resources(self) -> Iterator[tuple[ApiResource, ...]]:
        resources = self._resources_of("api/v1")
        yield tuple(resources)
        groups = self._lookup.json(_API, "/apis")["groups"][:_MAX_GROUPS]
        for group in groups:
            try:
                resources += self._resources_of(f"apis/{group['preferredVersion']['groupVersion']}")
            except KubeAccessError:  # the server of this group may be down
                continue
        yield tuple(resources)

    def _resources_of(self, version: str) -> list[ApiResource]:
        rows = self._lookup.json(_API, f"/{version}")["resources"]
        return [
            ApiResource(version, str(row["name"]), note_of(row.get("kind", "")), row.get("namespaced") is True)
            for row in rows
            if "list" in row.get("verbs", ()) and is_name("service", str(row["name"]))
        ]


def _with_counts(service: Suggestion, counts: tuple[int, int] | None) -> Suggestion:
    ready, of = counts or (0, 0)
    readiness = f"{ready}/{of} ready" if of else "no endpoints"
    return dataclasses.replace(service, note=note_of(readiness, service.note), ready=ready, of=of)
