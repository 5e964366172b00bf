"""What may be typed next: names, ports, paths and query words of the recognised app; stale, then fresh.

Nothing is sent but GETs that a person could send, no plugin is run to sign in for them, and nobody waits for a slow
cluster: what is known is given, and what is new comes behind it. A list is read to `MOST_ROWS` names, and at most
`MOST` suggestions that begin alike are given.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Hashable, Iterable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any

from .. import kubeconfig
from . import apps
from .catalogue import Question
from .known_apps import APPS
from .lists import Listing, Lists, Resource
from .looking import MOST_ROWS, Looker, Port, Served
from .memory import Memory
from .suggestion import MOST, Suggestion, clean

if TYPE_CHECKING:
    from ..cluster import Cluster
    from ..targets import Target

__all__ = ["MOST", "MOST_ROWS", "Listing", "Question", "Resource", "Suggestion", "Suggestions"]

Key = tuple[Hashable, ...]
_JOINED = 8  # namespaces whose services are kept as suggestions
_LATER = 32  # targets whose app is not known yet, and which wait for it
_KUBELET = (Port("", 10250, "https"), Port("", 10255, "http"))


class Suggestions:
    """What may be typed next for one Cluster. Usable from any thread.

    Every `wait_s` is how long an answer may take at most, in seconds: what is known then is given, perhaps old or
    nothing, and the fetch goes on behind it.

    Parameters
    ----------
    cluster
        Whose names.
    max_age_s
        Seconds for which a name is believed without asking again.

    Attributes
    ----------
    lists
        Whole lists to choose from, with the reason where one could not be read.
    """

    def __init__(self, cluster: Cluster, *, max_age_s: float = 30.0) -> None:
        self._cluster = cluster
        self._looker = Looker(cluster)
        self._memory = Memory(max_age_s, self._tell)
        self.lists = Lists(self._looker, self._memory)
        self._observers: list[Callable[[Key], None]] = []
        self._lock = threading.Lock()
        # Services with their readiness, and what they were made of, by namespace.
        self._joined: dict[tuple[str, bool], tuple[Any, Any, list[Suggestion]]] = {}
        self._later: dict[Target, Callable[[], object]] = {}  # what to fetch as soon as it is known which app that is

    # --- names

    def contexts(self, *, wait_s: float = 0.1) -> list[Suggestion]:
        """The contexts of the kubeconfig; no network."""
        return list(self._contexts(wait_s)[1])

    def namespaces(self, *, wait_s: float = 0.1) -> list[Suggestion]:
        """The namespaces; where they may not be listed, those that the kubeconfig names for this cluster."""
        rows = self._memory.get(("namespaces",), self._looker.namespaces, wait_s)
        if rows is None:
            listed = self._contexts(0)[0]
            named = [row.namespace for row in listed if kubeconfig.same_server(row.server, self._cluster.server)]
            return [Suggestion(name, "namespace") for name in dict.fromkeys([self._cluster.namespace, *named]) if name]
        return list(rows)

    def services(self, namespace: str | None = None, *, wait_s: float = 0.1, counts: bool = True) -> list[Suggestion]:
        """The services of a namespace, the context's if None.

        Parameters
        ----------
        counts
            Whether to say what is ready behind them, which is a second list, and a long one.
        """
        where = namespace or self._cluster.namespace
        until = time.monotonic() + wait_s
        if counts:
            self._slices(where, 0)  # both fetches run at once
        known = self._served(where, wait_s)
        slices = self._slices(where, max(0.0, until - time.monotonic()) if known else 0) if counts else None
        with self._lock:
            last = self._joined.get((where, counts))
        if last is not None and last[0] is known and last[1] is slices:
            return list(last[2])
        found = [one.suggestion(None if slices is None else slices.get(one.name, (0, 0))) for one in known]
        with self._lock:
            self._joined[where, counts] = (known, slices, found)
            if len(self._joined) > _JOINED:
                del self._joined[next(iter(self._joined))]
        return list(found)

    def elsewhere(self, typed: str, namespace: str | None = None, *, wait_s: float = 0.1) -> list[Suggestion]:
        """The services outside a namespace, as ``namespace/name``, whose name or app holds what is typed."""
        here, sought = f"{namespace or self._cluster.namespace}/", typed.casefold()
        rows = self._memory.get(("services",), self._looker.everywhere, wait_s) or ()
        fits = (one for one in rows if sought in one.text.casefold() or sought in one.note.casefold())
        return [one for one in fits if not one.text.startswith(here)][:MOST]

    def pods(self, namespace: str | None = None, *, wait_s: float = 0.1) -> list[Suggestion]:
        """The pods of a namespace, the context's if None."""
        where = namespace or self._cluster.namespace
        return list(self._memory.get(("pods", where), lambda: self._looker.pods(where), wait_s) or ())

    def nodes(self, *, wait_s: float = 0.1) -> list[Suggestion]:
        """The nodes."""
        return list(self._memory.get(("nodes",), self._looker.nodes, wait_s) or ())

    def ports(
        self, kind: str, namespace: str | None, name: str, *, wait_s: float = 0.1, once: bool = False
    ) -> list[Suggestion]:
        """The ports that may speak HTTP, by name and by number; the note says the scheme.

        Parameters
        ----------
        once
            Whether a port that has a name is given by that alone.
        """
        found: list[Suggestion] = []
        for port in self._ports(kind, namespace, name, wait_s):
            if port.scheme is None:
                continue
            if port.name:
                found.append(Suggestion(port.name, "port", f"{port.number} · {port.scheme}"))
                if once:
                    continue
            told = " · ".join(filter(None, (port.name, port.scheme)))
            found.append(Suggestion(str(port.number), "port", clean(told)))
        return found

    # --- the app

    def app(self, kind: str, namespace: str | None, name: str, *, wait_s: float = 0.1) -> str | None:
        """Which app it is, by its labels or its name, such as "Elasticsearch"; None if that is not known."""
        if kind == "api":
            return "Kubernetes"
        if kind == "node":
            return "kubelet"
        served = self._one(kind, namespace, name, wait_s)
        return served.app or None if served is not None else None

    def paths(self, target: Target, typed: str, *, wait_s: float = 0.1) -> list[Suggestion]:
        """Whole paths that begin as typed, of the recognised app; none once a query has begun.

        A "/" in front is kept if it was typed.
        """
        if "?" in typed:
            return []
        until = time.monotonic() + wait_s
        called = self._app_of(target, wait_s, lambda: self.paths(target, typed, wait_s=0))
        return apps.paths(called, self._ask(target, until), typed)

    def parameters(self, target: Target, path: str) -> list[Suggestion]:
        """The query parameters of a path of the recognised app."""
        return apps.parameters(self.app(target.kind, target.namespace, target.name, wait_s=0) or "", path)

    def query(
        self, target: Target, path: str, parameter: str, text: str, cursor: int, *, wait_s: float = 0.1
    ) -> tuple[int, list[Suggestion]]:
        """The words that fit into the value of a query parameter, or into a body.

        Parameters
        ----------
        parameter
            Its name; "" for the body.
        text, cursor
            What is typed so far, not encoded, and where in it.

        Returns
        -------
        tuple
            Where the word that is being typed begins, and what may stand there instead of it.
        """
        until = time.monotonic() + wait_s
        later = partial(self.query, target, path, parameter, text, cursor, wait_s=0)
        called = self._app_of(target, wait_s, later)
        return apps.words(called, self._ask(target, until), path, parameter, text, cursor)

    def questions(self, app: str | None) -> tuple[Question, ...]:
        """What people ask an app."""
        known = APPS.get(app or "")
        return known.questions if known is not None else ()

    # --- itself

    @property
    def busy(self) -> bool:
        """Whether names are being fetched."""
        return self._memory.busy

    def observe(self, callback: Callable[[Key], None]) -> Callable[[], None]:
        """Call `callback` with the key of what came, from a worker thread; what is returned ends that."""
        with self._lock:
            self._observers.append(callback)

        def end() -> None:
            with self._lock:
                if callback in self._observers:
                    self._observers.remove(callback)

        return end

    def close(self) -> None:
        """End what runs; what is known stays."""
        self._memory.close()
        self._looker.stop()
        with self._lock:
            self._observers.clear()

    def _tell(self, key: Key) -> None:
        with self._lock:
            callbacks: list[Callable[[], object]] = [partial(observer, key) for observer in self._observers]
            known = [target for target in self._later if target.name == key[-1]]
            callbacks += [self._later.pop(target) for target in known]
        for callback in callbacks:
            with contextlib.suppress(Exception):  # what somebody does with the news is no failure of the fetch
                callback()

    # --- what is known

    def _contexts(self, wait_s: float) -> tuple[tuple[kubeconfig.ContextRow, ...], list[Suggestion]]:
        """As the kubeconfig has them, and as suggestions."""

        def read() -> Iterator[tuple[tuple[kubeconfig.ContextRow, ...], list[Suggestion]]]:
            listed = kubeconfig.contexts(self._cluster.recipe.get("kubeconfig"))
            noted = [(row.name, row.problem or f"{row.server} · {row.namespace}") for row in listed]
            yield listed, [Suggestion(name, "context", clean(note)) for name, note in noted]

        return self._memory.get(("contexts",), read, wait_s) or ((), [])

    def _served(self, namespace: str, wait_s: float) -> tuple[Served, ...]:
        return self._memory.get(("services", namespace), lambda: self._looker.services(namespace), wait_s) or ()

    def _slices(self, namespace: str, wait_s: float) -> dict[str, tuple[int, int]] | None:
        found: dict[str, tuple[int, int]] | None
        found = self._memory.get(("endpoints", namespace), lambda: self._looker.endpoints(namespace), wait_s)
        return found

    def _one(self, kind: str, namespace: str | None, name: str, wait_s: float) -> Served | None:
        """One service or pod; a service of the list if that is known, since it costs nothing then."""
        where = namespace or self._cluster.namespace
        if kind == "service":
            for served in self._memory.known(("services", where)) or ():
                if served.name == name:
                    return served  # type: ignore[no-any-return]  # what the looker put there
        read = self._looker.service if kind == "service" else self._looker.pod
        one: Served | None = self._memory.get((kind, where, name), lambda: read(where, name), wait_s)
        return one

    def _meant(self, target: Target) -> Target:
        """With the port and scheme that are meant, where that is known already."""
        if target.kind != "service" or target.port or target.scheme:
            return target
        served = self._one("service", target.namespace, target.name, 0)
        return served.meant if served is not None and served.meant is not None else target

    def _ports(self, kind: str, namespace: str | None, name: str, wait_s: float) -> Iterable[Port]:
        if kind == "node":
            return _KUBELET
        served = self._one(kind, namespace, name, wait_s) if kind in ("service", "pod") else None
        return served.ports if served is not None else ()

    def _app_of(self, target: Target, wait_s: float, later: Callable[[], object]) -> str:
        """Which app it is; `later` is called when that becomes known, if it is not known in time."""
        with self._lock:
            self._later[target] = later  # before the question: the answer may come while it is asked
            if len(self._later) > _LATER:  # of half a name that was typed, no answer ever comes
                del self._later[next(iter(self._later))]
        called = self.app(target.kind, target.namespace, target.name, wait_s=wait_s) or ""
        if called or not self._memory.busy:
            with self._lock:
                self._later.pop(target, None)
        return called

    def _ask(self, target: Target, until: float) -> apps.Ask:
        """How an app's names are asked for: at the latest `until` there is an answer."""

        def ask(what: str, path: str, read: Callable[[Any], Any], params: dict[str, str] | None = None) -> Any:
            def fetch() -> Iterator[Any]:
                yield read(self._looker.json(self._meant(target), path, params))

            wait_s = max(0.0, until - time.monotonic())
            return self._memory.get((what, str(target), path, *(params or {}).items()), fetch, wait_s)

        return ask
