"""What can be typed next: names, ports, paths of a recognised app and words of its queries.

Suggestions come from a cache at once and are refreshed in the background. A refresh sends only GETs that the user
could send, and never runs a plugin to sign in. A list is read up to `MAX_ROWS` names; of the suggestions with the same
beginning, at most `MAX_SUGGESTIONS` are returned. Names that no target can have are left out.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any

from .. import kubeconfig
from ..targets import is_name
from . import app_suggestions
from .app import Question
from .cache import Cache, Key
from .choice_lists import ApiResource, ChoiceList, ChoiceLists
from .known_apps import APPS
from .lookup import MAX_ROWS, NameLookup, PortChoice, ServingObject
from .suggestion import MAX_SUGGESTIONS, Suggestion, is_one_visible_line, note_of

if TYPE_CHECKING:
    from ..cluster import Cluster
    from ..targets import Target

__all__ = ["MAX_ROWS", "MAX_SUGGESTIONS", "ApiResource", "ChoiceList", "Question", "Suggestion", "Suggestions"]

_MAX_SERVICE_LISTS = 8  # namespaces whose services are kept as suggestions
_MAX_WAITING = 32  # targets whose app is not known yet
_KUBELET_PORTS = (PortChoice("", 10250, "https"), PortChoice("", 10255, "http"))


class Suggestions:
    """What can be typed next in one cluster. Usable from any thread.

    The parameter `wait_s` of its methods is how long to wait for an answer, in seconds. After that, they return what is
    known by then, perhaps old or nothing, and the refresh goes on in the background.

    Parameters
    ----------
    cluster
        The cluster.
    max_age_s
        How long a name is used without a refresh, in seconds.
    lookup_timeout_s
        The deadline of one refresh with all its requests, in seconds.

    Attributes
    ----------
    lists
        Whole lists to choose from, with the reason if one could not be read.
    """

    def __init__(self, cluster: Cluster, *, max_age_s: float = 30.0, lookup_timeout_s: float = 10.0) -> None:
        self._cluster = cluster
        self._lookup = NameLookup(cluster, timeout_s=lookup_timeout_s)
        self._cache = Cache(max_age_s, self._on_change)
        self.lists = ChoiceLists(self._lookup, self._cache)
        self._observers: list[Callable[[Key], None]] = []
        self._lock = threading.Lock()
        # By namespace: the services and their readiness, and the suggestions that were made of them.
        self._service_lists: dict[tuple[str, bool], tuple[Any, Any, list[Suggestion]]] = {}
        self._waiting: dict[Target, Callable[[], object]] = {}  # what to refresh when the app of a target is known

    # --- names

    def contexts(self, *, wait_s: float = 0.1) -> list[Suggestion]:
        """The contexts of the kubeconfig. This needs no network."""
        return list(self._contexts(wait_s)[1])

    def namespaces(self, *, wait_s: float = 0.1) -> list[Suggestion]:
        """The namespaces. If they may not be listed, those that the kubeconfig names for this cluster."""
        rows = self._cache.get(("namespaces",), self._lookup.namespaces, wait_s)
        if rows is None:
            listed = self._contexts(0)[0]
            named = [row.namespace for row in listed if kubeconfig.same_server(row.server, self._cluster.server)]
            names = dict.fromkeys([self._cluster.namespace, *named])
            return [Suggestion(name, "namespace") for name in names if is_name("namespace", name)]
        return list(rows)

    def services(self, namespace: str | None = None, *, wait_s: float = 0.1, counts: bool = True) -> list[Suggestion]:
        """The services of a namespace.

        Parameters
        ----------
        namespace
            The namespace; the cluster's own if None.
        wait_s
            How long to wait, in seconds.
        counts
            Whether to count the ready endpoints, which takes a second list, and a long one.
        """
        where = namespace or self._cluster.namespace
        until = time.monotonic() + wait_s
        if counts:
            self._endpoint_counts(where, 0)  # so that both lists are read at the same time
        services = self._services(where, wait_s)
        wait_s = max(0.0, until - time.monotonic()) if services else 0
        endpoint_counts = self._endpoint_counts(where, wait_s) if counts else None
        with self._lock:
            last = self._service_lists.get((where, counts))
        if last is not None and last[0] is services and last[1] is endpoint_counts:
            return list(last[2])
        suggestions = [
            service.suggestion(None if endpoint_counts is None else endpoint_counts.get(service.name, (0, 0)))
            for service in services
        ]
        with self._lock:
            self._service_lists[where, counts] = (services, endpoint_counts, suggestions)
            if len(self._service_lists) > _MAX_SERVICE_LISTS:
                del self._service_lists[next(iter(self._service_lists))]
        return list(suggestions)

    def elsewhere(self, typed: str, namespace: str | None = None, *, wait_s: float = 0.1) -> list[Suggestion]:
        """The services outside a namespace, as ``namespace/name``, whose name or app contains a text.

        Parameters
        ----------
        typed
            The text.
        namespace
            The namespace to leave out; the cluster's own if None.
        wait_s
            How long to wait, in seconds.
        """
        prefix, part = f"{namespace or self._cluster.namespace}/", typed.casefold()
        services = self._cache.get(("services",), self._lookup.all_services, wait_s) or ()
        fitting = (one for one in services if part in one.text.casefold() or part in one.note.casefold())
        return [service for service in fitting if not service.text.startswith(prefix)][:MAX_SUGGESTIONS]

    def pods(self, namespace: str | None = None, *, wait_s: float = 0.1) -> list[Suggestion]:
        """The pods of a namespace.

        Parameters
        ----------
        namespace
            The namespace; the cluster's own if None.
        wait_s
            How long to wait, in seconds.
        """
        where = namespace or self._cluster.namespace
        return list(self._cache.get(("pods", where), lambda: self._lookup.pods(where), wait_s) or ())

    def nodes(self, *, wait_s: float = 0.1) -> list[Suggestion]:
        """The nodes."""
        return list(self._cache.get(("nodes",), self._lookup.nodes, wait_s) or ())

    def ports(
        self, kind: str, namespace: str | None, name: str, *, wait_s: float = 0.1, once: bool = False
    ) -> list[Suggestion]:
        """The ports that may speak HTTP, by name and by number. The notes say the scheme.

        Parameters
        ----------
        kind, namespace, name
            The service, pod or node.
        wait_s
            How long to wait, in seconds.
        once
            Whether to leave out the numbers of ports that have names.
        """
        suggestions: list[Suggestion] = []
        for port in self._ports(kind, namespace, name, wait_s):
            if port.scheme is None:
                continue
            if port.name:
                suggestions.append(Suggestion(port.name, "port", note_of(port.number, port.scheme)))
                if once:
                    continue
            suggestions.append(Suggestion(str(port.number), "port", note_of(port.name, port.scheme)))
        return suggestions

    # --- the app

    def app(self, kind: str, namespace: str | None, name: str, *, wait_s: float = 0.1) -> str | None:
        """The app of a target, recognised by its labels or its name, such as "Elasticsearch"; None if not known.

        Parameters
        ----------
        kind, namespace, name
            The target.
        wait_s
            How long to wait, in seconds.
        """
        if kind == "api":
            return "Kubernetes"
        if kind == "node":
            return "kubelet"
        serving_object = self._serving_object(kind, namespace, name, wait_s)
        return serving_object.app or None if serving_object is not None else None

    def paths(self, target: Target, typed: str, *, wait_s: float = 0.1) -> list[Suggestion]:
        """The paths of the target's app that begin with a text; none once a query has begun.

        Parameters
        ----------
        target
            The target.
        typed
            The beginning of the path. If it has a leading slash, the suggestions have one, too.
        wait_s
            How long to wait, in seconds.
        """
        if "?" in typed:
            return []
        until = time.monotonic() + wait_s
        app = self._app_of(target, wait_s, lambda: self.paths(target, typed, wait_s=0))
        return app_suggestions.paths(app, self._app_reader(target, until), typed)

    def parameters(self, target: Target, path: str) -> list[Suggestion]:
        """The query parameters of a path, as far as the target's app is known already.

        Parameters
        ----------
        target
            The target.
        path
            The path without its query.
        """
        return app_suggestions.parameters(self.app(target.kind, target.namespace, target.name, wait_s=0) or "", path)

    def query(
        self, target: Target, path: str, parameter: str, text: str, cursor: int, *, wait_s: float = 0.1
    ) -> tuple[int, list[Suggestion]]:
        """The words that fit into the value of a query parameter, or into a body.

        Parameters
        ----------
        target
            The target.
        path
            The path without its query.
        parameter
            The name of the parameter; "" for the body.
        text
            What is typed so far, not encoded.
        cursor
            The position of the cursor in `text`.
        wait_s
            How long to wait, in seconds.

        Returns
        -------
        tuple of int and list of Suggestion
            Where the word at the cursor begins, and what can replace it.
        """
        until = time.monotonic() + wait_s
        again = partial(self.query, target, path, parameter, text, cursor, wait_s=0)
        app = self._app_of(target, wait_s, again)
        return app_suggestions.words(app, self._app_reader(target, until), path, parameter, text, cursor)

    def questions(self, app: str | None) -> tuple[Question, ...]:
        """Ready-made requests to an app, by its name; none if the app is not known."""
        known_app = APPS.get(app or "")
        return known_app.questions if known_app is not None else ()

    # --- running

    @property
    def busy(self) -> bool:
        """Whether names are being refreshed."""
        return self._cache.busy

    def observe(self, callback: Callable[[Key], None]) -> Callable[[], None]:
        """Call a function whenever new names have arrived.

        Parameters
        ----------
        callback
            Called from a worker thread with the key of the names.

        Returns
        -------
        callable
            Call it to end the observation.
        """
        with self._lock:
            self._observers.append(callback)

        def end() -> None:
            with self._lock:
                if callback in self._observers:
                    self._observers.remove(callback)

        return end

    def close(self) -> None:
        """Stop the running look-ups. Names that are known are kept."""
        self._cache.close()
        self._lookup.stop()
        with self._lock:
            self._observers.clear()

    def _on_change(self, key: Key) -> None:
        with self._lock:
            callbacks: list[Callable[[], object]] = [partial(observer, key) for observer in self._observers]
            recognised = [target for target in self._waiting if target.name == key[-1]]
            callbacks += [self._waiting.pop(target) for target in recognised]
        for callback in callbacks:
            with contextlib.suppress(Exception):  # a fault of an observer is not one of the refresh
                callback()

    # --- cached values

    def _contexts(self, wait_s: float) -> tuple[tuple[kubeconfig.ContextRow, ...], list[Suggestion]]:
        """The contexts as the kubeconfig has them, and as suggestions."""

        def read() -> Iterator[tuple[tuple[kubeconfig.ContextRow, ...], list[Suggestion]]]:
            listed = kubeconfig.contexts(self._cluster.recipe.get("kubeconfig"))
            suggestions = [
                Suggestion(
                    row.name, "context", note_of(row.problem) if row.problem else note_of(row.server, row.namespace)
                )
                for row in listed
                if is_one_visible_line(row.name)
            ]
            yield listed, suggestions

        return self._cache.get(("contexts",), read, wait_s) or ((), [])

    def _services(self, namespace: str, wait_s: float) -> tuple[ServingObject, ...]:
        return self._cache.get(("services", namespace), lambda: self._lookup.services(namespace), wait_s) or ()

    def _endpoint_counts(self, namespace: str, wait_s: float) -> dict[str, tuple[int, int]] | None:
        counts: dict[str, tuple[int, int]] | None
        counts = self._cache.get(("endpoints", namespace), lambda: self._lookup.endpoints(namespace), wait_s)
        return counts

    def _serving_object(self, kind: str, namespace: str | None, name: str, wait_s: float) -> ServingObject | None:
        """A service or a pod. A service comes from the list of services if that is known, which costs nothing."""
        where = namespace or self._cluster.namespace
        if kind == "service":
            for service in self._cache.peek(("services", where)) or ():
                if service.name == name:
                    return service  # type: ignore[no-any-return]  # the look-up put it there
        read = self._lookup.service if kind == "service" else self._lookup.pod
        serving_object: ServingObject | None
        serving_object = self._cache.get((kind, where, name), lambda: read(where, name), wait_s)
        return serving_object

    def _with_default_port(self, target: Target) -> Target:
        """The target with its default port and scheme, if they are known already."""
        if target.kind != "service" or target.port or target.scheme:
            return target
        service = self._serving_object("service", target.namespace, target.name, 0)
        return target if service is None or service.default_target is None else service.default_target

    def _ports(self, kind: str, namespace: str | None, name: str, wait_s: float) -> Iterable[PortChoice]:
        if kind == "node":
            return _KUBELET_PORTS
        serving_object = self._serving_object(kind, namespace, name, wait_s) if kind in ("service", "pod") else None
        return serving_object.ports if serving_object is not None else ()

    def _app_of(self, target: Target, wait_s: float, when_known: Callable[[], object]) -> str:
        """The app of a target; `when_known` is called as soon as it is known, if it is not known in time."""
        with self._lock:
            self._waiting[target] = when_known  # before the look-up, which may be done at once
            if len(self._waiting) > _MAX_WAITING:  # for a half-typed name, no answer ever comes
                del self._waiting[next(iter(self._waiting))]
        app = self.app(target.kind, target.namespace, target.name, wait_s=wait_s) or ""
        if app or not self._cache.busy:
            with self._lock:
                self._waiting.pop(target, None)
        return app

    def _app_reader(self, target: Target, until: float) -> app_suggestions.AppReader:
        """Reads names from an app; waits at most until `until`, in seconds of the monotonic clock."""

        def read_app(what: str, path: str, parse: Callable[[Any], Any], params: dict[str, str] | None = None) -> Any:
            def fetch() -> Iterator[Any]:
                yield parse(self._lookup.json(self._with_default_port(target), path, params))

            wait_s = max(0.0, until - time.monotonic())
            return self._cache.get((what, str(target), path, *(params or {}).items()), fetch, wait_s)

        return read_app
