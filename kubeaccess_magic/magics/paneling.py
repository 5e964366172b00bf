"""The panel as a host of the magic: reading lines into states, and writing states as lines, cells and code."""

from __future__ import annotations

import dataclasses
import re
import sys
from collections.abc import Mapping, MutableMapping
from typing import TYPE_CHECKING, Any

from IPython.core.error import UsageError
from IPython.core.getipython import get_ipython
from IPython.display import display

from .. import panel
from ..cluster import Cluster
from ..errors import ConfigError, KubeAccessError, TargetError
from ..panel import API, Answered, State, target_of
from ..request import Request
from ..text import redact, redact_header
from . import KProxyMagics, check_name, loaded
from .answers import answer, name_the_cluster
from .lines import Line, parse
from .options import OPTIONS
from .queries import header, pair, path_begins, query_of
from .spelling import as_code, as_kubectl
from .variables import in_text

if TYPE_CHECKING:
    from ..call import Call
    from ..engine import PreparedQuery

__all__ = ["MagicHost", "Panel"]

# What has a field of its own in a panel, or is of the Cluster; everything else stands in the field for options.
_IN_FIELDS = frozenset("request data query header namespace into context kubeconfig as as_group".split())


class Panel(panel.Panel):
    """A form from the context to the answer, with the request as a URL, a line, Python and kubectl.

    ``panel.frame``, ``panel.request``, ``panel.line`` and ``panel.value`` hold the current values, and can be
    observed as traits: ``panel.observe(print, "frame")``.

    Parameters
    ----------
    cluster
        A Cluster or the name of a context; the magic's current one if None.
    line
        A line to open with, written as after ``%kproxy``; the last state in that context if it is empty.
    nodes
        Whether nodes are offered, too.

    Raises
    ------
    ConfigError
        There is no such context.
    TargetError
        The line names an impossible target.
    """

    def __init__(self, cluster: Cluster | str | None = None, line: str | Line = "", *, nodes: bool = False) -> None:
        if not isinstance(cluster, (Cluster, str, type(None))) or not isinstance(line, (str, Line)):
            raise TypeError("Panel(cluster, line) takes a Cluster or the name of a context, and a line as text")
        shell = get_ipython()
        found = loaded(shell) or KProxyMagics(None)  # type: ignore[arg-type]  # Magics takes None for no shell
        if not isinstance(cluster, Cluster):
            cluster = _named(found, cluster) if cluster else found.cluster
        host = MagicHost(found, cluster, shell.user_ns if shell is not None else {})
        if isinstance(line, str):
            state = host.read(line) if line.strip() else None
        else:
            says_something = line.words or set(line.given) - {"context", "kubeconfig", "as", "as_group"}
            state = host.chosen(line) if says_something else None
        _check_shell(shell)
        self._opened = found.open_panels
        super().__init__(host, state, nodes=nodes)
        self._opened.add(self, *_cell_run(shell))

    def close(self) -> None:
        """Stop all background work, and close all widgets of the panel."""
        super().close()
        self._opened.discard(self)

    def _ipython_display_(self) -> None:
        # Without a kernel a front end says that it has no such widget, and nothing of the bundle's other forms: so
        # what it was stands in an output of its own, which a panel that lives hides.
        display(self._repr_mimebundle_(), raw=True)  # type: ignore[no-untyped-call]  # of IPython
        text: Any = display({"text/html": self.fallback()}, raw=True, display_id=True)  # type: ignore[no-untyped-call]  # as above
        if text is not None:
            self.observe(lambda _: text.update({"text/html": self.fallback()}, raw=True), "asked")


def _check_shell(shell: Any) -> None:
    """Refuse to open in a terminal, which cannot show widgets."""
    terminal = sys.modules.get("IPython.terminal.interactiveshell")
    if terminal is not None and isinstance(shell, terminal.TerminalInteractiveShell):
        raise UsageError("the panel needs a notebook: JupyterLab, Notebook or Voila")


def _cell_run(shell: Any) -> tuple[str, str]:
    """The id of the running cell, and of this run; both "" if the front end does not send them."""
    parent = shell.get_parent() if hasattr(shell, "get_parent") else {}
    return str(parent.get("metadata", {}).get("cellId", "")), str(parent.get("header", {}).get("msg_id", ""))


def _named(magics: KProxyMagics, context: str) -> Cluster:
    try:
        return magics.cluster_for(Line("", (), {"context": context}))
    except ConfigError as error:
        if not {"/", " "} & set(context):
            raise
        raise ConfigError(str(error), hint=f"a line is another argument: Panel(line={context!r})") from None


@dataclasses.dataclass(frozen=True, repr=False)
class _Asked:
    """A prepared request, and the texts that a panel shows for it."""

    cluster: Cluster
    line: Line
    prepared: PreparedQuery
    texts: tuple[tuple[str, str], ...]

    @property
    def request(self) -> Request:
        return self.prepared.request

    @property
    def notes(self) -> tuple[str, ...]:
        return self.prepared.notes


class MagicHost:
    """The host of a panel: it provides the magic's syntax, variables and history.

    Parameters
    ----------
    magics
        The magics whose lines, variables and history are used.
    cluster
        The Cluster that the panel opens on.
    variables
        The user's variables.
    """

    def __init__(self, magics: KProxyMagics, cluster: Cluster, variables: MutableMapping[str, Any]) -> None:
        self._magics = magics
        self._cluster = cluster
        self.variables = variables
        self.remembered: MutableMapping[str, State] = magics.panels

    def cluster(self, context: str) -> Cluster:
        """Return the Cluster of a context; "" means the one that the panel was opened on."""
        if not context or context == self._cluster.name:
            return self._cluster
        recipe = self._cluster.recipe
        kept = {name: recipe[name] for name in ("kubeconfig", "impersonate", "impersonate_groups") if name in recipe}
        return self._magics.kept({"context": context} | kept)

    def read(self, line: str) -> State:
        """Read a line or a cell into a state.

        Raises
        ------
        UsageError
            The line does not hold a request.
        """
        first, _, cell = line.lstrip().partition("\n")
        asked = parse(re.sub(r"^(?:\w+\s*=\s*)?%{1,2}kproxy\s+(?:panel\s+)?", "", first.rstrip()).rstrip(";"))
        if asked.verb:
            raise UsageError(f"a panel asks a target, and {asked.verb} is a verb")
        return self.chosen(asked, cell if cell.strip() else None)

    def chosen(self, asked: Line, cell: str | None = None) -> State:
        """Read a parsed line into a state."""
        body = "&".join(asked.many("data"))
        params = [pair(text) for text in asked.many("query")]
        if cell is not None and any(value == "@-" for _, value in params):
            params = [(name, cell.rstrip("\n") if value == "@-" else value) for name, value in params]
        elif cell is not None:
            if body not in ("", "@-"):
                raise UsageError("both -d and the cell give a body; -d @- is the cell")
            body = cell
        own = self._cluster.name
        state = State(
            context="" if asked.text("context") in (None, own) else asked.text("context") or "",
            namespace=asked.text("namespace") or "",
            params=tuple(params),
            method=(asked.text("request") or "").upper(),
            body=body,
            options=_options(asked.given),
            into=asked.text("into") or "",
            headers=tuple(": ".join(header(text)) for text in asked.many("header")),
        )
        return self._with_target(state, asked) if asked.words else state

    def _with_target(self, state: State, asked: Line) -> State:
        """Add target and path; variables in the target are expanded, since its parts have separate fields."""
        word = asked.words[0]
        cut = path_begins(word)
        text = in_text(word[:cut], self.variables) + word[cut:]
        found = self.cluster(state.context).engine.address(text)
        target, path = found.target, _below(found.path or "", asked.words[1] if len(asked.words) > 1 else "")
        if target.kind == "api":
            # An API path has no field for its namespace: -n stays an option of the line.
            scope = f"-n {_word(state.namespace)}" if state.namespace else ""
            options = " ".join(word for word in (state.options, scope) if word)
            return dataclasses.replace(state, kind=API, namespace="", path=path, options=options)
        scheme = "" if found.is_http_url and target.scheme == "http" and target.port else target.scheme
        return dataclasses.replace(
            state,
            kind="" if target.kind == "service" else target.kind,
            namespace=target.namespace or ("" if target.kind == "node" else state.namespace),
            name=target.name,
            port=f"{scheme}:{target.port}" if scheme else target.port,
            path=path,
        )

    def line(self, state: State, *, hidden: bool = False) -> str:
        """Write a state as a line or a cell, without the magic's name; with `hidden`, without secrets.

        Raises
        ------
        TargetError
            The target is impossible, or a value cannot be written on a line.
        """
        line, cell = self._written(state, hidden)
        whole = line if cell is None else f"{line}\n{cell}"
        return redact(whole) if hidden else whole

    def _written(self, state: State, hidden: bool) -> tuple[str, str | None]:
        """The line, and the cell below it, or None."""
        itself = state.kind == API
        words = [_word(f"/{state.path.removeprefix('/')}") if itself else str(target_of(state))]
        if state.path and not itself:
            words.append(_word(f"/{state.path}" if state.path.startswith("-") else state.path))
        words += self._whose(state)
        words += [f"-X {_word(state.method)}"] if state.method else []
        cell: str | None = None
        for name, value in state.params:
            if value is None:
                continue
            spelled = _spelled("-q", f"{name}={value}", name + "=", value)
            if spelled is None and cell is None and not state.body:
                spelled, cell = f"-q {name}=@-", value  # the cell holds what no word of a line can
            words.append(spelled or _refuse(f"the value of {name}"))
        for text in state.headers:
            name, value = header(text)
            if hidden:
                value = redact_header(name, value)
            words.append(_spelled("-H", f"{name}: {value}", f"{name}:", value) or _refuse(f"the header {name}"))
        if state.body:
            spelled = None if "\n" in state.body else _spelled("-d", state.body)
            words += [spelled] if spelled else []
            cell = cell if spelled else state.body
        words += [" ".join(state.options.split("\n")).strip(), f"--into {_word(state.into)}" if state.into else ""]
        line = " ".join(word for word in words if word)
        # A ";" at the end would silence the line, a backslash join it to the next.
        return (f"{line} --" if line.endswith((";", "\\")) else line), cell

    def _whose(self, state: State) -> list[str]:
        """The options that select this Cluster, if the magic uses another one."""
        cluster, current = self.cluster(state.context), self._magics.in_use
        if cluster.context is None or current is cluster or (current is not None and current.recipe == cluster.recipe):
            return []
        recipe = cluster.recipe
        ours, theirs = recipe.get("kubeconfig"), current.recipe.get("kubeconfig") if current is not None else None
        words = [f"--kubeconfig {_word(str(ours))}"] if ours is not None and str(ours) != str(theirs) else []
        words += [f"--context {_word(cluster.name)}"]
        words += [f"--as {_word(recipe['impersonate'])}"] if recipe.get("impersonate") else []
        return words + [f"--as-group {_word(group)}" for group in recipe.get("impersonate_groups", ())]

    def prepare(self, state: State, call: Call) -> panel.Asked:
        """Prepare and check the request without sending it; a Service may be read to find its port."""
        _check_options(state)
        line, cell = self._written(state, False)
        asked = parse(line, self.variables)
        check_name(state.into or None)
        query, cluster = query_of(asked, cell), self.cluster(state.context)
        prepared = cluster.engine.prepare(query, call.child(cluster.limits(query)))
        url = redact(cluster.engine.url(prepared.first))
        shown = dataclasses.replace(state, into="" if cell is None else state.variable)
        begin = f"{state.variable} = %kproxy" if cell is None else "%%kproxy"
        line_text = f"{begin} {self.line(shown, hidden=True)}"
        spelled = (("Python", str(as_code(cluster, prepared))), ("kubectl", str(as_kubectl(cluster, prepared))))
        return _Asked(cluster, asked, prepared, (("URL", url), ("Line", line_text), *spelled))

    def answer(self, asked: panel.Asked, call: Call) -> Answered:
        """Send the request and return the result, recorded in the history like those of the magic."""
        assert isinstance(asked, _Asked)
        cluster, prepared = asked.cluster, asked.prepared
        entry = self._magics.history_entry(cluster)
        call = call.child(cluster.limits(prepared.query), answered=entry.answered)
        try:
            result = answer(cluster, prepared, entry, call)
        except KubeAccessError as error:
            name_the_cluster(error, asked.line)
            raise
        return Answered(result.value, result.reply, tuple(result.lines))


def _below(brought: str, path: str) -> str:
    """Path and query as one text: those of a URL, and those typed after it."""
    if not brought or path in ("", "/"):
        return brought or path
    if "?" in brought:
        raise UsageError("the URL brought a query, and another path cannot stand behind it")
    return f"{brought.removesuffix('/')}/{path.removeprefix('/')}"


def _options(given: Mapping[str, str | bool | list[str]]) -> str:
    """The options without a field of their own, written as on a line."""
    words = []
    for option in OPTIONS:
        value = given.get(option.key)
        if value is None or option.key in _IN_FIELDS:
            continue
        name = option.names[-1]
        words.append(name if value is True else f"{name} {_word(str(value))}")
    return " ".join(words)


def _check_options(state: State) -> None:
    """Refuse options that have a field of their own, in the field for other options."""
    asked = parse(f"service {state.options}")
    fields = _IN_FIELDS - ({"namespace"} if state.kind == API else set())
    wrong = [option.names[0] for option in OPTIONS if option.key in asked.given and option.key in fields]
    if len(asked.words) > 1:
        raise UsageError(f"{asked.words[1]!r} is no option")
    if wrong:
        raise UsageError(f"{wrong[0]} stands in a field of its own, or on the line that opens the panel")


def _word(text: str) -> str:
    """Write a text as one word of a line, quoted if necessary."""
    for tried in (*_bare(text, text), f"'{text}'", f'"{text}"'):
        asked = _parsed(f"x {tried} -X X")
        if asked is not None and asked.words == ("x", text) and asked.text("request") == "X":
            return tried
    return _refuse(text)


def _spelled(option: str, text: str, before: str = "", value: str = "") -> str | None:
    """Write an option and its value; None if no line can hold it."""
    key = next(one.key for one in OPTIONS if option in one.names)
    quoted = [f"{before}'{value}'", f'{before}"{value}"'] if before else []
    tries = [*_bare(text, value or text), *quoted, f"'{text}'", f'"{text}"']
    for tried in tries:
        asked = _parsed(f"x {option} {tried} -X X")
        if asked is None or asked.words != ("x",) or asked.text("request") != "X" or len(asked.many(key)) != 1:
            continue
        read = asked.many(key)[0]
        if read == text or (option == "-H" and header(read) == header(text)):
            return f"{option} {tried}"
    return None


def _bare(text: str, value: str) -> tuple[str, ...]:
    """The text itself, unless it begins with a quote, which a later word might close."""
    return () if text[:1] in ("'", '"') or value[:1] in ("'", '"') else (text,)


def _parsed(line: str) -> Line | None:
    try:
        return parse(line)
    except UsageError:
        return None


def _refuse(what: str) -> str:
    raise TargetError(
        f"no line can hold {what}: it has both kinds of quotes", hint="put it into a variable, and ${its_name} here"
    )
