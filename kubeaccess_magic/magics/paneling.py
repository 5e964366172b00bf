"""The panel, in the language of lines: what a line chooses in it, and the line, cell and calls that ask the same."""

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
    """Fields from a context to an answer: whom to ask, what, the same as a line, in Python and for a terminal.

    ``panel.frame``, ``panel.request``, ``panel.line`` and ``panel.value`` say what is there, and can be observed as
    traits: ``panel.observe(print, "frame")``.

    Parameters
    ----------
    cluster
        Which one, or the name of a context; the one that the magic asks if None.
    line
        What it opens with, as behind ``%kproxy``; what was chosen last in that context if it says nothing.
    nodes
        Whether nodes are offered, too.

    Raises
    ------
    ConfigError
        There is no such context.
    TargetError
        The line names no target that can be.
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
        """End what runs, and close all widgets of the panel."""
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
    """Refuse to open where nothing can show it."""
    terminal = sys.modules.get("IPython.terminal.interactiveshell")
    if terminal is not None and isinstance(shell, terminal.TerminalInteractiveShell):
        raise UsageError("the panel needs a notebook: JupyterLab, Notebook or Voila")


def _cell_run(shell: Any) -> tuple[str, str]:
    """The cell that runs, and which run of it this is; both "" where the front end does not tell."""
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
    """A question that is ready to be sent, and what a panel shows of it."""

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
    """Shows panels for a magic: its language, its variables, its history.

    Parameters
    ----------
    magics
        Whose lines, variables and history.
    cluster
        Which Cluster a panel opens on.
    variables
        The user's.
    """

    def __init__(self, magics: KProxyMagics, cluster: Cluster, variables: MutableMapping[str, Any]) -> None:
        self._magics = magics
        self._cluster = cluster
        self.variables = variables
        self.remembered: MutableMapping[str, State] = magics.panels

    def cluster(self, context: str) -> Cluster:
        """The Cluster of a context; "" for the one that the panel was opened on."""
        if not context or context == self._cluster.name:
            return self._cluster
        recipe = self._cluster.recipe
        kept = {name: recipe[name] for name in ("kubeconfig", "impersonate", "impersonate_groups") if name in recipe}
        return self._magics.kept({"context": context} | kept)

    def read(self, line: str) -> State:
        """What a line, or a cell, chooses.

        Raises
        ------
        UsageError
            It is no question.
        """
        first, _, cell = line.strip().partition("\n")
        asked = parse(re.sub(r"^(?:\w+\s*=\s*)?%{1,2}kproxy\s+(?:panel\s+)?", "", first).rstrip(";"))
        if asked.verb:
            raise UsageError(f"a panel asks a target, and {asked.verb} is a verb")
        return self.chosen(asked, cell if cell.strip() else None)

    def chosen(self, asked: Line, cell: str | None = None) -> State:
        """What a line that was understood chooses."""
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
        """Target and path; variables are put into the target, whose parts have fields of their own."""
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
        """The line that asks this, or a cell, without the magic's own name; `hidden`: without secrets.

        Raises
        ------
        TargetError
            No such target can be, or a value that no line can hold.
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
        """The options that make the magic ask this Cluster, where it asks another one."""
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
        """The request, checked but not sent; a Service may be read for its port."""
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
        """What the app answers; it is remembered as the magic's own questions are."""
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
    """Path and query as one text: what a URL brought, and what was typed behind it."""
    if not brought or path in ("", "/"):
        return brought or path
    if "?" in brought:
        raise UsageError("the URL brought a query, and another path cannot stand behind it")
    return f"{brought.removesuffix('/')}/{path.removeprefix('/')}"


def _options(given: Mapping[str, str | bool | list[str]]) -> str:
    """The options that have no field of their own, as they stand on a line."""
    words = []
    for option in OPTIONS:
        value = given.get(option.key)
        if value is None or option.key in _IN_FIELDS:
            continue
        name = option.names[-1]
        words.append(name if value is True else f"{name} {_word(str(value))}")
    return " ".join(words)


def _check_options(state: State) -> None:
    """Refuse in the field for options what belongs elsewhere."""
    asked = parse(f"service {state.options}")
    fields = _IN_FIELDS - ({"namespace"} if state.kind == API else set())
    wrong = [option.names[0] for option in OPTIONS if option.key in asked.given and option.key in fields]
    if len(asked.words) > 1:
        raise UsageError(f"{asked.words[1]!r} is no option")
    if wrong:
        raise UsageError(f"{wrong[0]} stands in a field of its own, or on the line that opens the panel")


def _word(text: str) -> str:
    """A text as one word of a line that is no option."""
    for tried in (*_bare(text, text), f"'{text}'", f'"{text}"'):
        asked = _parsed(f"x {tried} -X X")
        if asked is not None and asked.words == ("x", text) and asked.text("request") == "X":
            return tried
    return _refuse(text)


def _spelled(option: str, text: str, before: str = "", value: str = "") -> str | None:
    """An option and its value; None if no line can hold it."""
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
    """The text itself, unless a quote in it counts: a word behind it might close it."""
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
