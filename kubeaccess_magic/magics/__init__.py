"""``%kproxy`` and ``%%kproxy``: a line or a cell becomes one call on a `Cluster`, and something shown.

The state of the extension is here and nowhere else: the Cluster in use, the last reply, the history, the demo.
Nothing but IPython is imported before the magic is used.
"""

from __future__ import annotations

import builtins
import keyword
import re
import sys
import threading
import time
import unicodedata
from functools import partial
from typing import TYPE_CHECKING, Any

from IPython.core.error import UsageError
from IPython.core.getipython import get_ipython
from IPython.core.magic import Magics, cell_magic, line_magic, magics_class, needs_local_scope, no_var_expand
from traitlets import Bool, Float, Integer, observe

from ..call import MAX_CELLS, MAX_FRAME_BYTES
from ..errors import ConfigError, KubeAccessError, NotFound, TargetError
from .answers import answer, as_meant, fold, name_the_cluster, print_line
from .history import History, HistoryEntry
from .open_panels import OpenPanels
from .transforms import keep_for_the_magic

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

    from ..cluster import Cluster
    from ..panel.state import State
    from ..process import Child
    from .failure import Failure
    from .lines import Line
    from .progress import Progress

__all__ = ["KProxyMagics", "check_name", "current_cluster", "load", "loaded", "unload"]

_CLUSTER_KEYS = frozenset({"context", "kubeconfig", "as", "as_group"})  # options that name another Cluster
_BAR_AFTER_S = 1.0
_KEPT_CLUSTERS = 16  # beside the one in use
_OF_IPYTHON = frozenset("In Out get_ipython exit quit open display _exit_code".split())
_LIMITS = (  # of a Cluster
    *("timeout_s", "max_bytes", "max_cells", "max_frame_bytes"),
    *("connect_timeout_s", "silence_timeout_s", "plugin_timeout_s"),
)


@magics_class
class KProxyMagics(Magics):
    """The magics ``%kproxy`` and ``%%kproxy``, and their settings, which ``%config KProxyMagics`` shows and changes."""

    timeout_s = Float(600.0, min=0.1, help="Seconds that one query may take in all.").tag(config=True)
    max_bytes = Integer(256 * 2**20, min=1, help="Bytes that one decoded answer may have.").tag(config=True)
    max_cells = Integer(
        MAX_CELLS, min=1, help="Cells, rows times columns, that one frame may have; a quarter of it may be empty."
    ).tag(config=True)
    max_frame_bytes = Integer(MAX_FRAME_BYTES, min=1, help="Bytes that the values of one frame may take.").tag(
        config=True
    )
    connect_timeout_s = Float(10.0, min=0.1, help="Seconds to connect to the API server.").tag(config=True)
    silence_timeout_s = Float(130.0, min=0.1, help="Seconds that an answer may pause.").tag(config=True)
    plugin_timeout_s = Float(
        180.0, min=0.1, help="Seconds that a credential plugin may take, from the next `%kproxy use` on."
    ).tag(config=True)
    quiet = Bool(False, help="Print no lines about answers on stderr.").tag(config=True)
    history_size = Integer(1000, min=1, help="How many requests `%kproxy history` remembers.").tag(config=True)

    def __init__(self, shell: InteractiveShell) -> None:
        self._cluster: Cluster | None = None
        self._kept: dict[tuple[Any, ...], Cluster] = {}  # of lines with a --context of their own, the last used last
        self._lock = threading.Lock()  # completion and panels ask for Clusters in threads of their own
        self._before_demo: Cluster | None = None
        super().__init__(shell)  # sets the limits from the configuration
        self.panels: dict[str, State] = {}  # what was chosen last, by cluster
        self.open_panels = OpenPanels()
        self.failure: Failure | None = None
        self.history = History()
        self._demo: Child | None = None

    @no_var_expand
    @needs_local_scope
    @line_magic("kproxy")  # type: ignore[arg-type]  # IPython types what it decorates as Never
    def kproxy_line(self, line: str, local_ns: dict[str, Any] | None = None) -> Any:
        """Ask services, pods and nodes of a Kubernetes cluster; %kproxy -h says how."""
        is_silent = line.rstrip().endswith(";")
        value = self._run(line.rstrip()[:-1] if is_silent else line, None, local_ns)
        return None if is_silent else value

    @no_var_expand
    @needs_local_scope
    @cell_magic("kproxy")  # type: ignore[arg-type]  # as above
    def kproxy_cell(self, line: str, cell: str, local_ns: dict[str, Any] | None = None) -> Any:
        """Ask services, pods and nodes of a Kubernetes cluster; %kproxy -h says how."""
        return self._run(line, cell, local_ns)

    # --- clusters

    @property
    def cluster(self) -> Cluster:
        """The Cluster that lines ask, made when it is first needed."""
        if self._cluster is None:
            cluster = self._new_cluster()
            with self._lock:
                if self._cluster is None:
                    self._cluster = cluster
        return self._cluster

    @property
    def in_use(self) -> Cluster | None:
        """The Cluster that lines ask; None before the first."""
        return self._cluster

    def cluster_for(self, line: Line) -> Cluster:
        """The Cluster that a line asks: the one in use, or one of its own by --context, --kubeconfig and --as."""
        if not line.given.keys() & _CLUSTER_KEYS:
            return self.cluster
        own = _cluster_options(line)
        own.pop("namespace", None)  # that is the namespace of the target, not of the Cluster
        return self.kept(self._recipe(line.text("kubeconfig"), line.text("context")) | own)

    def kept(self, recipe: dict[str, Any]) -> Cluster:
        """A Cluster beside the one in use, kept for the next line that asks it; the last `_KEPT_CLUSTERS` are."""
        key = tuple(sorted((name, str(value)) for name, value in recipe.items()))
        cluster = self._kept.get(key) or self._new_cluster(**recipe)
        with self._lock:
            cluster = self._kept.pop(key, cluster)
            self._kept[key] = cluster
            if len(self._kept) > _KEPT_CLUSTERS:  # not closed, a panel may hold it: its connections end with it
                del self._kept[next(iter(self._kept))]
        return cluster

    def use(self, line: Line) -> Cluster:
        """Let the following lines ask another Cluster, and return it."""
        cluster = self._new_cluster(**(self._recipe(line.text("kubeconfig"), line.first) | _cluster_options(line)))
        with self._lock:
            if self._cluster is not None and self._cluster is not self._before_demo:
                self._cluster.close()
            self._cluster = cluster
        return cluster

    def start_demo(self) -> Cluster:
        """Start the demo cluster if it does not run yet, let the following lines ask it, and return it."""
        from .. import process

        if self._demo is None or not self._demo.running:
            if self._demo is None:
                self._before_demo = self._cluster
            self._demo = process.start([sys.executable, "-m", "kubeaccess_magic.demo", "--ready-json"])
        file = self._demo.ready["kubeconfig"]
        if self._cluster is None or self._cluster.recipe.get("kubeconfig") != file:
            cluster = self._new_cluster(kubeconfig=file)
            with self._lock:
                self._cluster = cluster
            print("Demo cluster ready. `%kproxy` shows it; `%kproxy demo stop` returns to your own.")
        assert self._cluster is not None
        return self._cluster

    def stop_demo(self) -> None:
        """End the demo cluster, and return to the Cluster before it."""
        if self._demo is None:
            raise UsageError("no demo cluster is running")
        self._demo.stop()
        self._demo, self._cluster, self._before_demo = None, self._before_demo, None

    def stop(self) -> None:
        """End what was started: panels, the demo, and connections."""
        self.open_panels.close()
        if self._demo is not None:
            self._demo.stop()
        for cluster in (self._cluster, self._before_demo, *self._kept.values()):
            if cluster is not None:
                cluster.close()

    def _recipe(self, kubeconfig: str | None, context: str | None) -> dict[str, Any]:
        """The recipe of the Cluster in use, changed by what a line names.

        A context that is named is asked as its file says: that is how --as and -n end.
        """
        recipe = dict(self._cluster.recipe) if self._cluster is not None else {}
        if kubeconfig:
            recipe = {"kubeconfig": kubeconfig}
        return {"context": context, "kubeconfig": recipe.get("kubeconfig")} if context else recipe

    def _new_cluster(self, **recipe: Any) -> Cluster:
        from ..cluster import Cluster

        return Cluster(**recipe, **{name: getattr(self, name) for name in _LIMITS})

    @observe(*_LIMITS)
    def _limit_changed(self, change: Any) -> None:
        for cluster in (self._cluster, self._before_demo, *self._kept.values()):
            if cluster is not None:
                setattr(cluster, change["name"], change["new"])

    # --- one line

    def history_entry(self, cluster: Cluster) -> HistoryEntry:
        """The entry in the history of a query that is about to be asked."""
        return HistoryEntry(self.history, cluster, self.history_size)

    def caption(self, line: Line, captions: list[str]) -> None:
        """Print one line on stderr, if there is anything to say."""
        if captions and not self.quiet and not line.switch("quiet"):
            print_line(" · ".join(captions))

    def _run(self, text: str, cell: str | None, local_ns: dict[str, Any] | None) -> Any:
        from .lines import parse

        try:
            variables = {**(self.shell.user_ns if self.shell else {}), **(local_ns or {})}
            line = parse(text, variables)
            if line.switch("help"):
                from .help import help_text

                return print(help_text())
            name = line.text("into")
            if name is not None:
                check_name(name)  # before anything is asked
            value = self._value(line, cell)
            if name is None or line.verb == "panel":  # there it is where the panel's answers go
                return value
            assert self.shell is not None
            self.shell.user_ns[name] = value
        except (KubeAccessError, UsageError, KeyboardInterrupt) as error:
            if isinstance(error, KubeAccessError):
                self._remember_failure(error, text, cell)
            fold(error)
            raise

    def _value(self, line: Line, cell: str | None) -> Any:
        from .verbs import VERB_BY_WORD, overview

        if not line.verb and line.words:
            bars: list[Progress] = []  # of this line: others may run in threads of their own
            try:
                return self._answer(line, cell, bars)
            finally:
                for bar in bars:
                    bar.close()
        if cell is not None:
            raise UsageError("a cell is the body for a target: %%kproxy TARGET [PATH]")
        return VERB_BY_WORD[line.verb].does(self, line) if line.verb else overview(self, line)

    def _answer(self, line: Line, cell: str | None, bars: list[Progress]) -> Any:
        """The value of a line with a target: prepare the query, run it, remember it, say what there is to say."""
        from .queries import query_of

        query = query_of(line, cell)
        cluster = self.cluster_for(line)
        entry = self.history_entry(cluster)
        progress = None if line.switch("quiet") else partial(self._show_progress, bars, time.monotonic())
        call = cluster.call(query, say=print_line, progress=progress, answered=entry.answered)
        try:
            prepared = cluster.engine.prepare(query, call)
        except (NotFound, TargetError) as error:
            raise as_meant(error, line) from None
        if line.switch("kubectl") or line.switch("code"):
            from .spelling import as_code, as_kubectl

            return as_kubectl(cluster, prepared) if line.switch("kubectl") else as_code(cluster, prepared)
        try:
            result = answer(cluster, prepared, entry, call)
        except KubeAccessError as error:
            name_the_cluster(error, line)
            raise
        if result.lines:
            self.caption(line, result.lines)
        return result.value

    def _show_progress(
        self, bars: list[Progress], started_at: float, done: int, announced: int | None, unit: str
    ) -> None:
        """Draw a bar for what is still coming after a second; `bars` keeps it until the line ends."""
        if time.monotonic() - started_at < _BAR_AFTER_S:
            return
        if not bars:
            from .progress import Progress

            bars.append(Progress(self.shell, not self.quiet, started_at))
        bars[0](done, announced, unit)

    def _remember_failure(self, error: KubeAccessError, text: str, cell: str | None) -> None:
        from .failure import Failure
        from .lines import as_typed

        self.failure = Failure.of(error, f"{'%' if cell is None else '%%'}kproxy {as_typed(text)}")


def load(shell: InteractiveShell) -> None:
    """Register the magic, and keep its lines from being taken for help requests."""
    shell.register_magics(KProxyMagics)
    if keep_for_the_magic not in shell.input_transformers_cleanup:
        shell.input_transformers_cleanup.append(keep_for_the_magic)


def unload(shell: InteractiveShell) -> None:
    """Undo everything that `load` did."""
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
    """The Cluster that the magic asks in this IPython.

    Raises
    ------
    ConfigError
        The extension is not loaded here.
    """
    magics = loaded(get_ipython())
    if magics is None:
        raise ConfigError("the extension is not loaded here", hint="%load_ext kubeaccess_magic, or make a Cluster()")
    return magics.cluster


def loaded(shell: InteractiveShell | None) -> KProxyMagics | None:
    """The magic of a shell; None where there is no shell, or the extension is not loaded in it."""
    magics = shell.magics_manager.registry.get("KProxyMagics") if shell is not None else None
    return magics if isinstance(magics, KProxyMagics) else None


def check_name(name: str | None) -> None:
    """Refuse what cannot be the name of a variable here, and names that IPython or Python need themselves.

    Parameters
    ----------
    name
        As after ``--into``; None is no name and is accepted.

    Raises
    ------
    UsageError
        It is not a name in Python, or somebody else's; the message says whose.
    """
    if name is None:
        return
    if not name.isidentifier() or keyword.iskeyword(name) or name == "kproxy":
        raise UsageError(f"{name!r} cannot be the name of a variable here")
    name = unicodedata.normalize("NFKC", name)  # as Python reads it
    if name in _OF_IPYTHON or re.fullmatch(r"_+(?:\d+|i+\d*|[dio]h)?", name):
        raise UsageError(f"{name} is IPython's own name: choose another one")
    if hasattr(builtins, name) or re.fullmatch(r"__\w+__", name):
        raise UsageError(f"{name} is Python's own name: choose another one")


def _cluster_options(line: Line) -> dict[str, Any]:
    """What a line says about the Cluster itself."""
    groups = line.many("as_group")
    if groups and not line.text("as"):
        raise UsageError("--as-group goes with --as USER")
    options = {"namespace": line.text("namespace"), "impersonate": line.text("as"), "impersonate_groups": groups}
    return {key: value for key, value in options.items() if value}


def _help_text() -> str:
    """What `%kproxy?` shows: the same as `%kproxy -h`."""
    from .help import help_text

    return help_text()


_both: tuple[Any, ...] = (KProxyMagics.kproxy_line, KProxyMagics.kproxy_cell)
for _magic in _both:
    _magic.getdoc = _help_text  # IPython asks for it before it looks at the docstring
