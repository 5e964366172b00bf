"""What is offered for each level of a state: names, ports, paths and words; never more than is known at once."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import TYPE_CHECKING

from ..errors import KubeAccessError
from ..suggest import Suggestion, Suggestions
from .state import API, Host, State, target_of

if TYPE_CHECKING:
    from ..cluster import Cluster

__all__ = ["Choices", "place"]

_LISTED_S = 0.2  # to wait for the names of the contexts, which are there at once but where there are thousands


def place(cluster: Cluster) -> str:
    """What tells one Cluster's panels from another's."""
    return f"{cluster.name} {cluster.server} {cluster.impersonating or ''}"


class Choices:
    """Suggestions for states, of whichever cluster each is in.

    Parameters
    ----------
    host
        Who has the clusters.
    fresh
        Called from a worker thread when something new came.
    """

    def __init__(self, host: Host, fresh: Callable[[Hashable], None]) -> None:
        self._host = host
        self._fresh = fresh
        self._sources: dict[str, Suggestions] = {}

    def has(self, context: str) -> bool:
        """Whether there is a context of that name; "" is the panel's own.

        The names come from the suggestions: to read the kubeconfig for each letter of a name can take seconds.
        """
        own = self._host.cluster("")
        if context in ("", own.name):
            return True
        if all(one.text != context for one in self._source(own).contexts(wait_s=_LISTED_S)):
            return False
        try:
            self._host.cluster(context)
        except KubeAccessError:  # a broken one
            return False
        return True

    def cluster(self, state: State) -> Cluster:
        """The Cluster of a state; that of the panel while the name of a context is being typed."""
        return self._host.cluster(state.context if self.has(state.context) else "")

    def source(self, state: State) -> Suggestions:
        """The suggestions of its cluster."""
        return self._source(self.cluster(state))

    def _source(self, cluster: Cluster) -> Suggestions:
        key = place(cluster)
        if key not in self._sources:
            self._sources[key] = Suggestions(cluster)
            self._sources[key].observe(self._fresh)
        return self._sources[key]

    def names(self, state: State, wait_s: float = 0.0) -> list[Suggestion]:
        """Services, pods or nodes, whichever kind it is; of services those elsewhere, too, once a part is typed."""
        source, namespace = self.source(state), state.namespace or None
        if state.what == "service":
            here = source.services(namespace, wait_s=wait_s)
            if not state.name or any(one.text == state.name for one in here):
                return here
            return here + source.elsewhere(state.name, namespace, wait_s=0)
        if state.what == "pod":
            return source.pods(namespace, wait_s=wait_s)
        return source.nodes(wait_s=wait_s) if state.what == "node" else []

    def app(self, state: State) -> str | None:
        """Which app is asked, if that is known."""
        if not state.is_complete:
            return None
        kind = "api" if state.kind == API else state.what
        return self.source(state).app(kind, state.namespace or None, state.name, wait_s=0)

    def paths(self, state: State) -> list[Suggestion]:
        """Paths that begin as typed."""
        try:
            return self.source(state).paths(target_of(state), state.path, wait_s=0) if state.is_complete else []
        except KubeAccessError:  # a target that is being typed
            return []

    def parameters(self, state: State) -> dict[str, str]:
        """The parameters of its path, and what each means."""
        if not state.is_complete or "?" in state.path:
            return {}
        try:
            return {one.text: one.note for one in self.source(state).parameters(target_of(state), state.path)}
        except KubeAccessError:
            return {}

    def words(self, state: State, parameter: str, typed: str) -> tuple[int, list[Suggestion]]:
        """Where the last word of a parameter begins, and what fits there."""
        try:
            source = self.source(state)
            return source.query(target_of(state), state.path, parameter, typed, len(typed), wait_s=0)
        except KubeAccessError:
            return 0, []

    def close(self) -> None:
        """End what runs."""
        for source in self._sources.values():
            source.close()
