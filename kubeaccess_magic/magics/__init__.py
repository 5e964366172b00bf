"""``%kproxy`` and ``%%kproxy``: a line or a cell becomes one call on a `Cluster`, and something shown.

The extension's state is here and nowhere else: the Cluster that is asked, the last Reply, the history, the demo.
Nothing but IPython is imported before the magic is used.
"""

from __future__ import annotations

import keyword
import sys
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from IPython.core.error import UsageError
from IPython.core.getipython import get_ipython
from IPython.core.magic import Magics, cell_magic, line_magic, magics_class, needs_local_scope, no_var_expand
from traitlets import Bool, Float, Integer, observe

from ..errors import ConfigError, KubeAccessError, NotFound, TargetError
from .history import History, Question
from .open_panels import OpenPanels
from .telling import as_meant, folded, new_call, nothing_listed
from .transforms import keep_for_the_magic

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

    from ..cluster import Cluster
    from ..panel.state import State
    from ..process import Child
    from .failure import Failure
    from .options import Line
    from .progress import Progress

__all__ = ["KProxyMagics", "check_name", "current_cluster", "load", "loaded", "unload"]

_ASIDE = 16  # Clusters that are kept beside the one in use
_LIMITS = ("timeout_s", "max_bytes", "connect_timeout_s", "silence_timeout_s", "plugin_timeout_s")  # of a Cluster


@magics_class
class KProxyMagics(Magics):
    """``%config KProxyMagics`` shows and sets these."""

    timeout_s = Float(600.0, min=0.1, help="Seconds that one question may take in all.").tag(config=True)
    max_bytes = Integer(256 * 2**20, min=1, help="Bytes that an answer may have, decoded.").tag(config=True)
    connect_timeout_s = Float(10.0, min=0.1, help="Seconds to connect to the API server.").tag(config=True)
    silence_timeout_s = Float(130.0, min=0.1, help="Seconds that an answer may say nothing.").tag(config=True)
    plugin_timeout_s = Float(
        180.0, min=0.1, help="Seconds that a credential plugin may take, from the next `%kproxy use` on."
    ).tag(config=True)
    quiet = Bool(False, help="No lines about answers on stderr.").tag(config=True)
    history_size = Integer(1000, min=1, help="How many questions `%kproxy history` remembers.").tag(config=True)

    def __init__(self, shell: InteractiveShell) -> None:
        self._cluster: Cluster | None = None
        self._aside: dict[tuple[Any, ...], Cluster] = {}  # of lines with a --context of their own, the last used last
        self._lock = threading.Lock()  # a Tab and a panel ask for Clusters in threads of their own
        self._before_demo: Cluster | None = None
        super().__init__(shell)  # sets what the configuration says of the limits
        self.panels: dict[str, State] = {}  # what was chosen last, by cluster
        self.open_panels = OpenPanels()
        self._demo: Child | None = None
        self._failure: Failure | None = None
        self._history = History()

    @no_var_expand
    @needs_local_scope
    @line_magic("kproxy")  # type: ignore[arg-type]  # IPython types what it decorates as Never
    def kproxy_line(self, line: str, local_ns: dict[str, Any] | None = None) -> Any:
        """Ask services, pods and nodes of a Kubernetes cluster; %kproxy -h says how."""
        silent = line.rstrip().endswith(";")
        value = self._run(line.rstrip()[:-1] if silent else line, None, local_ns)
        return None if silent else value

    @no_var_expand
    @needs_local_scope
    @cell_magic("kproxy")  # type: ignore[arg-type]  # as above
    def kproxy_cell(self, line: str, cell: str, local_ns: dict[str, Any] | None = None) -> Any:
        """Ask services, pods and nodes of a Kubernetes cluster; %kproxy -h says how."""
        return self._run(line, cell, local_ns)

    # --- what the rooms above and `current()` use

    @property
    def cluster(self) -> Cluster:
        """The Cluster that lines ask, made when it is first needed."""
        if self._cluster is None:
            made = self._made()
            with self._lock:
                if self._cluster is None:
                    self._cluster = made
        return self._cluster

    @property
    def in_use(self) -> Cluster | None:
        """The Cluster that lines ask; None before the first."""
        return self._cluster

    def cluster_for(self, asked: Line) -> Cluster:
        """The Cluster that a line asks: the one in use, or one of its own by --context, --kubeconfig and --as."""
        own = _own(asked)
        own.pop("namespace", None)  # that one is of the target, not of the Cluster
        if not own and not asked.text("context") and not asked.text("kubeconfig"):
            return self.cluster
        recipe = dict(self._cluster.recipe) if self._cluster is not None else {}
        if asked.text("kubeconfig"):
            recipe = {"kubeconfig": asked.text("kubeconfig")}
        if asked.text("context"):
            recipe = {"context": asked.text("context"), "kubeconfig": recipe.get("kubeconfig")}
        return self.aside(recipe | own)

    def aside(self, recipe: dict[str, Any]) -> Cluster:
        """A Cluster beside the one in use, kept for the next line that asks it; the last `_ASIDE` are."""
        key = tuple(sorted((name, str(value)) for name, value in recipe.items()))
        found = self._aside.get(key) or self._made(**recipe)
        with self._lock:
            found = self._aside.pop(key, found)
            self._aside[key] = found
            if len(self._aside) > _ASIDE:  # it is not closed, since a panel may hold it: its connections end with it
                del self._aside[next(iter(self._aside))]
        return found

    def question(self, cluster: Cluster) -> Question:
        """A question that is about to be asked, and remembered."""
        return self._history.question(cluster, self.history_size)

    def stop(self) -> None:
        """End what was started: panels, the demo, and connections."""
        self.open_panels.close()
        if self._demo is not None:
            self._demo.stop()
        for cluster in (self._cluster, self._before_demo, *self._aside.values()):
            if cluster is not None:
                cluster.close()

    # --- one line

    def _run(self, line: str, cell: str | None, local_ns: dict[str, Any] | None) -> Any:
        from .options import as_typed, help_text, parse

        with folded():
            asked = parse(line)
            if asked.switch("help"):
                return print(help_text())
            from .asking import filled

            asked = filled(asked, {**(self.shell.user_ns if self.shell else {}), **(local_ns or {})})
            try:
                return self._done(asked, cell)
            except KubeAccessError as error:
                from .failure import Failure

                self._failure = Failure.of(error, f"{'%' if cell is None else '%%'}kproxy {as_typed(line)}")
                raise

    def _done(self, asked: Line, cell: str | None) -> Any:
        check_name(asked.text("into"))  # before anything is asked
        if asked.verb or not asked.words:
            if cell is not None:
                raise UsageError("a cell is the body for a target: %%kproxy TARGET [PATH]")
            return self._into(asked, _VERBS[asked.verb](self, asked))
        return self._into(asked, self._ask(asked, cell))

    def _into(self, asked: Line, value: Any) -> Any:
        name = asked.text("into")
        if name is None or asked.verb == "panel":  # there it is what the panel's answers go into
            return value
        assert self.shell is not None
        self.shell.user_ns[name] = value
        return None

    def _ask(self, asked: Line, cell: str | None) -> Any:
        """A target: prepare, ask, remember, show; what is still coming is a bar after a second."""
        from .progress import Progress

        progress = Progress(self.shell, wanted=not (self.quiet or asked.switch("quiet")))
        try:
            return self._asked(asked, cell, progress)
        finally:
            progress.close()

    def _asked(self, asked: Line, cell: str | None, progress: Progress) -> Any:
        from .asking import wanted
        from .ready import Ready

        want = wanted(asked, cell, asked.variables)
        cluster = self.cluster_for(asked)
        question = self.question(cluster)
        call = new_call(progress, question.answered)
        try:
            ready = Ready.of(asked, want, cluster, call)
        except (NotFound, TargetError) as error:
            raise as_meant(error, asked) from None
        if asked.switch("kubectl") or asked.switch("code"):
            return ready.spelled("kubectl" if asked.switch("kubectl") else "code")
        value, _, lines = ready.ask(question, call)
        self._caption(asked, lines)
        return value

    # --- verbs

    def _overview(self, asked: Line) -> Any:
        from .show import Overview, header

        cluster = self.cluster_for(asked)
        print(header(cluster))  # before anything is contacted
        return Overview(cluster, asked.text("namespace"))

    def _contexts(self, asked: Line) -> Any:
        from .. import kubeconfig
        from ..discovery import inventory

        file = asked.text("kubeconfig") or (self._cluster.recipe.get("kubeconfig") if self._cluster else None)
        return inventory.contexts_frame(kubeconfig.contexts(file))

    def _namespaces(self, asked: Line) -> Any:
        return self.cluster_for(asked).namespaces(name=_first(asked))

    def _nodes(self, asked: Line) -> Any:
        return self.cluster_for(asked).nodes(name=_first(asked))

    def _services(self, asked: Line) -> Any:
        return self._listed(asked, self.cluster_for(asked))

    def _pods(self, asked: Line) -> Any:
        return self._listed(asked, self.cluster_for(asked))

    def _listed(self, asked: Line, cluster: Cluster) -> Any:
        frame = (cluster.pods if asked.verb == "pods" else cluster.services)(
            asked.text("namespace"),
            all_namespaces=asked.switch("all_namespaces"),
            selector=asked.text("selector"),
            name=_first(asked),
        )
        note = frame.attrs["kproxy"].get("note")
        lines = [note] if note else []
        self._caption(asked, lines if len(frame) else [*lines, nothing_listed(asked, cluster.namespace)])
        return frame

    def _use(self, asked: Line) -> Any:
        recipe = dict(self._cluster.recipe) if self._cluster is not None else {}
        if asked.text("kubeconfig"):
            recipe = {"kubeconfig": asked.text("kubeconfig")}
        if _first(asked):  # a context that is named is asked as its file says: that is how --as and -n end
            recipe = {"context": _first(asked), "kubeconfig": recipe.get("kubeconfig")}
        made = self._made(**(recipe | _own(asked)))
        with self._lock:
            if self._cluster is not None and self._cluster is not self._before_demo:
                self._cluster.close()
            self._cluster = made
        return made

    def _url(self, asked: Line) -> Any:
        from .asking import place, query
        from .show import Text

        cluster = self.cluster_for(asked)
        target, path = place(asked, asked.variables)
        params, _ = query(asked, None, asked.variables)
        where = asked.text("namespace")
        prepared = cluster.prepare("GET", target, path or "/", params=params, namespace=where, call=new_call())
        self._caption(asked, list(prepared.notes))
        return Text(cluster.server + prepared.request.url_path())

    def _can(self, asked: Line) -> Any:
        from .asking import place
        from .show import Answer

        cluster = self.cluster_for(asked)
        method = (asked.text("request") or "GET").upper()
        access, target = cluster.may(method, place(asked, asked.variables)[0], namespace=asked.text("namespace"))
        return Answer(access, f"{method} {target}")

    def _last_reply(self, asked: Line) -> Any:
        if asked.switch("why"):
            if self._failure is None:
                raise UsageError("nothing has failed yet")
            return self._failure
        if self._history.last is None:
            raise UsageError("nothing was asked yet")
        return self._history.last

    def _doctor(self, asked: Line) -> Any:
        from ..doctor import examine

        own = asked.text("namespace")
        return examine(lambda: self.cluster_for(asked), namespace=own)

    def _panel(self, asked: Line) -> Any:
        from .paneling import Panel

        return Panel(self.cluster_for(asked), asked)

    def _asked_so_far(self, asked: Line) -> Any:
        return self._history.frame()

    def _demo_cluster(self, asked: Line) -> Any:
        word = _first(asked)
        if word == "stop":
            return self._stop_demo()
        if word:
            raise UsageError("%kproxy demo starts a demo cluster, %kproxy demo stop ends it")
        from .. import process

        if self._demo is None or not self._demo.running:
            if self._demo is None:
                self._before_demo = self._cluster
            self._demo = process.start([sys.executable, "-m", "kubeaccess_magic.demo"], ready="demo cluster at ")
        file = self._demo.ready.partition(", kubeconfig ")[2]
        if self._cluster is None or self._cluster.recipe.get("kubeconfig") != file:
            made = self._made(kubeconfig=file)
            with self._lock:
                self._cluster = made
            print("a demo cluster is in use: %kproxy shows what is there, %kproxy demo stop goes back")
        return self._cluster

    def _stop_demo(self) -> None:
        if self._demo is None:
            raise UsageError("no demo cluster is running")
        self._demo.stop()
        self._demo, self._cluster, self._before_demo = None, self._before_demo, None

    # --- around an answer

    def _made(self, **recipe: Any) -> Cluster:
        from ..cluster import Cluster

        return Cluster(**recipe, **{name: getattr(self, name) for name in _LIMITS})

    @observe(*_LIMITS)
    def _limit_changed(self, change: Any) -> None:
        for cluster in (self._cluster, self._before_demo, *self._aside.values()):
            if cluster is not None:
                setattr(cluster, change["name"], change["new"])

    def _caption(self, asked: Line, lines: list[str]) -> None:
        """One line on stderr, if there is anything to tell."""
        from ..text import printable

        if lines and not self.quiet and not asked.switch("quiet"):
            print(printable(" · ".join(lines)), file=sys.stderr)


def _getdoc() -> str:
    """What `%kproxy?` shows: the same as `%kproxy -h`."""
    from .options import help_text

    return help_text()


_both: tuple[Any, ...] = (KProxyMagics.kproxy_line, KProxyMagics.kproxy_cell)
for _magic in _both:
    _magic.getdoc = _getdoc  # IPython asks for it before it looks at the docstring

_VERBS: dict[str, Callable[[KProxyMagics, Line], Any]] = {
    "": KProxyMagics._overview,
    "contexts": KProxyMagics._contexts,
    "namespaces": KProxyMagics._namespaces,
    "services": KProxyMagics._services,
    "pods": KProxyMagics._pods,
    "nodes": KProxyMagics._nodes,
    "use": KProxyMagics._use,
    "url": KProxyMagics._url,
    "can": KProxyMagics._can,
    "panel": KProxyMagics._panel,
    "last": KProxyMagics._last_reply,
    "history": KProxyMagics._asked_so_far,
    "doctor": KProxyMagics._doctor,
    "demo": KProxyMagics._demo_cluster,
}


def load(shell: InteractiveShell) -> None:
    """Register the magic, and keep its lines from being taken for help requests."""
    shell.register_magics(KProxyMagics)
    if keep_for_the_magic not in shell.input_transformers_cleanup:
        shell.input_transformers_cleanup.append(keep_for_the_magic)


def unload(shell: InteractiveShell) -> None:
    """Take everything back that `load` did."""
    if keep_for_the_magic in shell.input_transformers_cleanup:
        shell.input_transformers_cleanup.remove(keep_for_the_magic)
    manager = shell.magics_manager
    registered: Any = manager.registry.pop("KProxyMagics", None)
    for kind in ("line", "cell"):
        manager.magics[kind].pop("kproxy", None)
    if isinstance(registered, KProxyMagics):
        registered.stop()
        configurables: list[Any] = shell.configurables
        if registered in configurables:
            configurables.remove(registered)


def current_cluster() -> Cluster:
    """The Cluster that the magic asks in this IPython."""
    found = loaded(get_ipython())
    if found is None:
        raise ConfigError("no magic is loaded here", hint="%load_ext kubeaccess_magic, or make a Cluster()")
    return found.cluster


def loaded(shell: InteractiveShell | None) -> KProxyMagics | None:
    """The magic of a shell; None where there is no shell, or the extension is not loaded in it."""
    found = shell.magics_manager.registry.get("KProxyMagics") if shell is not None else None
    return found if isinstance(found, KProxyMagics) else None


def check_name(name: str | None) -> None:
    """Refuse what cannot be a variable.

    Raises
    ------
    UsageError
        It is no name in Python, or the magic's own.
    """
    if name is not None and (not name.isidentifier() or keyword.iskeyword(name) or name == "kproxy"):
        raise UsageError(f"{name!r} cannot be the name of a variable here")


def _first(asked: Line) -> str | None:
    return asked.words[0] if asked.words else None


def _own(asked: Line) -> dict[str, Any]:
    """What a line says of the Cluster itself."""
    groups = asked.many("as_group")
    if groups and not asked.text("as"):
        raise UsageError("--as-group goes with --as USER")
    own = {"namespace": asked.text("namespace"), "impersonate": asked.text("as"), "impersonate_groups": groups}
    return {key: value for key, value in own.items() if value}
