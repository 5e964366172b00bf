"""The choices on each level of a state, each with a note where there is something to say about them."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Hashable, Sequence
from typing import TYPE_CHECKING

from ..errors import AccessDenied, CredentialError, KubeAccessError
from ..suggest import ApiResource, ChoiceList, Question, Suggestion, Suggestions
from .picker import Entry
from .state import API, METHODS, Host, State, target_of

if TYPE_CHECKING:
    from ..cluster import Cluster

__all__ = ["ALL_NAMESPACES", "Choices", "Offer", "place"]

ALL_NAMESPACES = "*"  # as the value of an entry; no namespace can be called so
_LISTED_S = 0.2  # seconds to wait for the names of the contexts, which take longer only where there are thousands
_LIST_PATH = re.compile(
    r"/?(?P<version>api/v1|apis/[^/?]+/[^/?]+)/(?:namespaces/(?P<namespace>[^/?]+)/)?(?P<name>[^/?]+)$"
)
_KIND_LABELS = {"service": "Service", "pod": "Pod", API: API, "node": "Node"}


@dataclasses.dataclass(frozen=True)
class Offer:
    """The entries that a picker offers, with a note.

    Attributes
    ----------
    entries
        The whole list.
    note
        Why there is no list, or how else to come to a name; "" if there is nothing to say.
    is_refused
        Whether a name can only be typed.
    needs_login
        Whether somebody has to sign in before names can be read.
    """

    entries: Sequence[Entry]
    note: str = ""
    is_refused: bool = False
    needs_login: bool = False


def place(cluster: Cluster) -> str:
    """A key that identifies the Cluster of a panel."""
    return f"{cluster.name} {cluster.server} {cluster.impersonating or ''}"


class Choices:
    """Finds the choices for a state, in whichever cluster it names.

    Parameters
    ----------
    host
        Has the clusters.
    fresh
        Called from a worker thread when something new came.
    """

    def __init__(self, host: Host, fresh: Callable[[Hashable], None]) -> None:
        self._host = host
        self._fresh = fresh
        self._sources: dict[str, Suggestions] = {}
        self._sorted: tuple[object, list[Entry]] = (None, [])  # the last list, and what it was made of

    # --- clusters

    def has(self, context: str) -> bool:
        """Whether a context of that name exists; "" is the panel's own."""
        own = self._host.cluster("")
        if context in ("", own.name):
            return True
        if all(known.text != context for known in self._source(own).contexts(wait_s=_LISTED_S)):
            return False
        try:
            self._host.cluster(context)
        except KubeAccessError:  # a broken one
            return False
        return True

    def cluster(self, state: State) -> Cluster:
        """The Cluster of a state; the panel's own if the state names no existing context."""
        return self._host.cluster(state.context if self.has(state.context) else "")

    def source(self, state: State) -> Suggestions:
        """The source of suggestions for the cluster of a state."""
        return self._source(self.cluster(state))

    def _source(self, cluster: Cluster) -> Suggestions:
        key = place(cluster)
        if key not in self._sources:
            self._sources[key] = Suggestions(cluster)
            self._sources[key].observe(self._fresh)
        return self._sources[key]

    def namespace(self, state: State) -> str:
        """The namespace whose names are offered; "" for all."""
        return "" if state.every_namespace else state.namespace or self.cluster(state).namespace

    # --- lists to pick from

    def contexts(self) -> Offer:
        """The contexts of the kubeconfig; the panel's own has the value ""."""
        cluster = self._host.cluster("")
        own, known = cluster.name, self._source(cluster).contexts(wait_s=0)
        entries = [Entry("" if one.text == own else one.text, _label(one.text, one.note)) for one in known]
        return Offer(entries or [Entry("", own)])

    def namespaces(self, state: State) -> Offer:
        """The entry for all namespaces, then one entry per namespace."""
        listing = self.source(state).lists.namespaces()
        known = listing.entries or self.source(state).namespaces(wait_s=0)
        every = Entry(ALL_NAMESPACES, "All namespaces")
        entries = [every, *(Entry(one.text, _label(one.text, one.note)) for one in known)]
        return dataclasses.replace(_offer(entries, listing, "the namespaces"), is_refused=False)

    def kinds(self, *, nodes: bool) -> Offer:
        """The kinds of targets."""
        return Offer([Entry(kind, label) for kind, label in _KIND_LABELS.items() if nodes or kind != "node"])

    def names(self, state: State) -> Offer:
        """Services, pods, nodes or API resources; the value of a service or pod has its namespace."""
        if state.kind == API:
            return self._resources(state)
        lists, namespace, kind = self.source(state).lists, self.namespace(state), state.what
        if kind == "node":
            return self._sorted_offer(lists.nodes(), "", "the nodes", lambda text: text)
        what = f"{kind}s of {namespace or 'all namespaces'}"
        listing, prefix = (lists.services() if kind == "service" else lists.pods(namespace)), ""
        if kind == "pod" and namespace:
            prefix = f"{namespace}/"
        if kind == "service" and namespace and isinstance(listing.problem, AccessDenied):
            listing, prefix = lists.services_of(namespace), f"{namespace}/"
        return self._sorted_offer(listing, namespace, what, lambda text: prefix + text)

    def _sorted_offer(self, listing: ChoiceList, namespace: str, what: str, value: Callable[[str], str]) -> Offer:
        """Those of a namespace ("": all), apps with ready pods first."""
        key = (listing.entries, namespace, what, listing.is_loading)
        if key != self._sorted[0]:
            begin = f"{namespace}/" if namespace else ""
            named = [(value(one.text), one) for one in listing.entries]
            fitting = [(text, one) for text, one in named if text.startswith(begin)]
            fitting.sort(key=lambda pair: (*_order(pair[1]), pair[0]))
            first = "Loading …" if listing.is_loading else f"Choose one of {len(fitting):,} …" if fitting else "None"
            entries = [Entry(text, _label(text.removeprefix(begin), one.note)) for text, one in fitting]
            self._sorted = (key, [Entry("", first), *entries])
        return _offer(self._sorted[1], listing, f"the {what}")

    def _resources(self, state: State) -> Offer:
        listing, namespace = self.source(state).lists.resources(), self.namespace(state)
        rows: Sequence[ApiResource] = listing.entries
        entries = [Entry(one.path(namespace), f"{one.name} · {one.version.removeprefix('apis/')}") for one in rows]
        first = "Loading …" if listing.is_loading else f"Choose one of {len(entries)} …"
        return _offer(
            [Entry("", first), *sorted(entries, key=lambda entry: entry.label)], listing, "the API's resources"
        )

    def ports(self, state: State, default: str) -> Offer:
        """The ports, each once; the default port has the value "".

        Parameters
        ----------
        default
            The port that a request without one goes to; "" while that is not known.
        """
        if not state.name or state.kind == API:
            return Offer([Entry("", "No port")])
        known = self.source(state).ports(state.what, state.namespace or None, state.name, wait_s=0, once=True)
        default = default or (known[0].text if len(known) == 1 else "")
        is_default = {one.text: default in (one.text, one.note.partition(" ")[0]) and bool(default) for one in known}
        entries = [Entry(one.text, _label(one.text, one.note)) for one in known if not is_default[one.text]]
        chosen = next((one for one in known if is_default[one.text]), None)
        label = _label(chosen.text, chosen.note) if chosen else default or "The one that speaks HTTP"
        return Offer([Entry("", label), *entries])

    def methods(self) -> Offer:
        """The HTTP methods, GET first."""
        return Offer([Entry(name, name) for name in METHODS])

    # --- what is known of a target

    def about(self, state: State) -> Suggestion | None:
        """What is known about the chosen name: how many endpoints are ready, and which app it runs."""
        lists = self.source(state).lists
        if state.what == "service":
            name, entries = f"{state.namespace}/{state.name}", lists.services().entries
        elif state.what == "pod":
            name, entries = state.name, lists.pods(state.namespace).entries if state.namespace else ()
        else:
            name, entries = state.name, lists.nodes().entries if state.what == "node" else ()
        return next((one for one in entries if one.text == name), None)

    def app(self, state: State) -> str | None:
        """The app behind the target, if it is known."""
        if not state.is_complete:
            return None
        kind = "api" if state.kind == API else state.what
        return self.source(state).app(kind, state.namespace or None, state.name, wait_s=0)

    def questions(self, state: State) -> tuple[str, tuple[Question, ...]]:
        """The app behind the target, and ready-made requests to it."""
        app = self.app(state) or ""
        return app, self.source(state).questions(app)

    def paths(self, state: State) -> list[Suggestion]:
        """The known paths that begin with the typed text."""
        try:
            return self.source(state).paths(target_of(state), state.path, wait_s=0) if state.is_complete else []
        except KubeAccessError:  # a target that is being typed
            return []

    def parameters(self, state: State) -> dict[str, str]:
        """The query parameters of the path, each with its meaning."""
        if not state.is_complete or "?" in state.path:
            return {}
        try:
            return {one.text: one.note for one in self.source(state).parameters(target_of(state), state.path)}
        except KubeAccessError:
            return {}

    def words(self, state: State, parameter: str, typed: str) -> tuple[int, list[Suggestion]]:
        """Where the last word of a parameter begins, and the words that fit there."""
        try:
            source = self.source(state)
            return source.query(target_of(state), state.path, parameter, typed, len(typed), wait_s=0)
        except KubeAccessError:
            return 0, []

    def moved(self, path: str, namespace: str) -> str:
        """Move the path of an API resource to another namespace ("" for all); other paths stay as they are."""
        parts = _LIST_PATH.fullmatch(path)
        known = [one for source in self._sources.values() for one in source.lists.resources().entries]
        same = [one for one in known if parts and (one.version, one.name) == (parts["version"], parts["name"])]
        return same[0].path(namespace) if same else path

    def close(self) -> None:
        """Stop all background work."""
        for source in self._sources.values():
            source.close()


def _label(text: str, note: str) -> str:
    return f"{text} · {note}" if note else text


def _order(suggestion: Suggestion) -> tuple[bool, bool]:
    """Ready ones of a known app first, then whatever is ready."""
    is_ready = bool(suggestion.ready)
    return not (is_ready and suggestion.app), not is_ready


def _offer(entries: Sequence[Entry], listing: ChoiceList, what: str) -> Offer:
    """Entries, and what is wrong with their list."""
    problem = listing.problem
    if problem is None:
        return Offer(entries)
    if isinstance(problem, AccessDenied):
        note = f"You may not list {what} here; you can type a name."
    elif isinstance(problem, CredentialError):
        return Offer(entries, f"Sign in to list {what}, or type a name.", not listing.entries, needs_login=True)
    else:
        note = f"{what[0].upper()}{what[1:]} cannot be listed now: {problem}"
    return Offer(entries, note, not listing.entries)
