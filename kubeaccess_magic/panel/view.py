"""A panel's widgets: made once, read into a `State`, filled from one."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import TYPE_CHECKING

import ipywidgets as widgets

from ..suggest import Question, Suggestion
from ..text import redact
from . import show as html
from .fields import Field, Typed
from .state import API, State
from .style import STYLE
from .tree import close, on_enter, set_visible

if TYPE_CHECKING:
    from ..cluster import Cluster
    from ..targets import Target
    from .choices import Choices

__all__ = ["Acts", "View"]

_METHODS = tuple(Suggestion(name, "method") for name in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"))
_KINDS = tuple(Suggestion(name, "kind") for name in ("service", "pod", API))
_NODE = Suggestion("node", "kind")


@dataclasses.dataclass(frozen=True)
class Acts:
    """What a user does: changes a field, adds a parameter, types Enter, presses a button."""

    changed: Callable[[], None]
    added: Callable[[], None]
    entered: Callable[[], None]
    pressed: Callable[[], None]
    cancelled: Callable[[], None]
    sent: Callable[[str], None]
    question: Callable[[Question], None]


class View:
    """The widgets.

    Parameters
    ----------
    acts
        What is called when a user does something.
    """

    def __init__(self, acts: Acts) -> None:
        self._acts = acts
        self.questions: tuple[str, tuple[Question, ...]] = ("", ())
        self.rows: list[Field] = []
        self.context, self.namespace = self._field("Context"), self._field("Namespace")
        self.kind, self.name, self.port = self._field("Kind"), self._field("Service"), self._field("Port")
        self.path, self.method = self._field("Path", code=True), self._field("Method")
        self.add = widgets.Text(description="Add to query", placeholder="name=value", continuous_update=False)
        self.body = Typed(widgets.Textarea(description="Body", rows=4), acts.changed)
        self.options = Typed(widgets.Text(description="Options", placeholder="--limit 100"), acts.changed)
        self.into = Typed(widgets.Text(description="Variable"), acts.changed)
        for text in (self.add, self.body.text, self.options.text, self.into.text):
            text.add_class("kproxy-code")
        self.add.observe(lambda _: acts.added(), "value")
        for typed in (self.options, self.into):
            on_enter(typed.text, acts.entered)
        self.about, self.may, self.status = widgets.HTML(), widgets.HTML(), widgets.HTML()
        self.texts, self.result = widgets.HTML(), widgets.HTML()
        self.fetch = widgets.Button(description="Fetch", button_style="primary")
        self.fetch.on_click(lambda _: acts.pressed())
        self.cancel = widgets.Button(description="Cancel")
        self.cancel.on_click(lambda _: acts.cancelled())
        # Enter presses any button that is focused, and this one only after Space, or a click, has ticked the box.
        self.send = widgets.Button(description="Send", button_style="danger", disabled=True)
        self.allow = widgets.Checkbox(description="Allow", indent=False)
        self.allow.observe(lambda _: self._enable(), "value")
        self._state: State | None = None  # that is shown
        self._is_running = False
        for one in (self.cancel, self.send, self.allow):
            set_visible(one, False)

        self.parts = self._parts()

    def read(self, old: State) -> State:
        """What the fields say; what no field holds is as it was."""
        params = []
        for row, (name, was) in zip(self.rows, old.params, strict=False):
            given = row.read()
            params.append((name, given if given or was == "" else None))
        return dataclasses.replace(
            old,
            context=self.context.read().strip(),
            namespace=self.namespace.read().strip(),
            kind=self.kind.read().strip(),
            name=self.name.read().strip(),
            port=self.port.read().strip(),
            path=self.path.read().strip(),
            params=tuple(params),
            method=self.method.read().strip().upper(),
            body=self.body.read(),
            options=self.options.read(),
            into=self.into.read().strip(),
        )

    def show(self, state: State, choices: Choices, *, nodes: bool, asked: Target | None) -> None:
        """Fill every field, from the top down; each value explicitly.

        Parameters
        ----------
        state
            What is chosen.
        choices
            What is offered.
        nodes
            Whether nodes are, too.
        asked
            Whom the last request meant, with the port that was found for it.
        """
        cluster, source = choices.cluster(state), choices.source(state)
        self.context.suggest(source.contexts(wait_s=0))
        self.context.show(state.context, cluster.name)
        self.namespace.suggest(source.namespaces(wait_s=0))
        self.namespace.show(state.namespace, cluster.namespace)
        self.kind.suggest((*_KINDS, _NODE) if nodes else _KINDS)
        self.kind.show(state.kind, "service")
        names = choices.names(state)
        kind = state.what
        self.name.rename(kind.capitalize() if kind in ("service", "pod", "node") else "Name")
        self.name.suggest(names)
        self.name.show(state.name, f"{len(names):,} here; type a part of it" if names else "its name")
        self.port.suggest(source.ports(kind, state.namespace or None, state.name, wait_s=0) if state.name else [])
        self.show_port(state, asked)
        self.method.suggest(_METHODS)
        self.method.show(state.method, "POST" if state.body else "GET")
        itself = state.kind == API
        self.namespace.visible(not itself and kind != "node")
        for field in (self.name, self.port):
            field.visible(not itself)
        self._show_question(state, choices)
        self._show_about(state, names, choices)
        self._show_actions(state, cluster)

    def show_port(self, state: State, asked: Target | None) -> None:
        """The port that is typed; else the one that was found for it, if it was asked before."""
        hint = "the one that speaks HTTP"
        if asked is not None and asked.name == state.name and asked.namespace in (state.namespace, None):
            hint = asked.port or hint
        self.port.show(state.port, hint)

    def _show_question(self, state: State, choices: Choices) -> None:
        self.path.suggest(choices.paths(state))
        self.path.show(state.path, "/")
        while len(self.rows) < len(state.params):
            self.rows.append(self._field("", code=True))
            if len(self.rows) == 1:  # the first parameter is what is asked: PromQL, a query string
                self.rows[0].widget.add_class("kproxy-wide")
        meanings = choices.parameters(state)
        for row, (name, value) in zip(self.rows, state.params, strict=False):
            row.rename(name)
            typed = value or ""
            start, words = choices.words(state, name, typed)
            row.suggest(words, typed[:start])
            row.show(typed, meanings.get(name, ""))
        rows = tuple(row.widget for row in self.rows[: len(state.params)])
        children = (self.path.widget, *rows, self.add, self.body.text, self.options.text, self.into.text)
        if self.question.children != children:
            self.question.children = children
        self.body.write(state.body)
        set_visible(self.body.text, bool(state.body) or not state.is_question)
        self.options.write(state.options)
        self.into.write(state.into)
        self.into.hint(dataclasses.replace(state, into="").variable)

    def _show_about(self, state: State, names: list[Suggestion], choices: Choices) -> None:
        found = next((one for one in names if one.text == state.name), None)
        note = found.note if found else ""
        is_ready = None if found is None or found.of is None else bool(found.ready)
        if found is not None and found.of == 0:
            note = f"nothing runs behind it · {note}"
        about = html.target(note, is_ready)
        if self.about.value != about:
            self.about.value = about
        app = choices.app(state) or ""
        questions = choices.source(state).questions(app)
        if (app, questions) == self.questions:
            return
        self.questions = (app, questions)
        buttons = [widgets.Button(description=one.title, tooltip=one.path) for one in questions]
        for button, question in zip(buttons, questions, strict=True):
            button.on_click(lambda _, question=question: self._acts.question(question))
        heading = [widgets.HTML(html.pale(f"What people ask {app}"))] if buttons else []
        old = self.asks.children
        self.asks.children = (*heading, *buttons)
        close(*old)

    def _show_actions(self, state: State, cluster: Cluster) -> None:
        asks = state.is_question
        set_visible(self.fetch, asks)
        whom = f"{state.namespace or cluster.namespace}/{state.name}" if state.name else "nobody yet"
        label = "" if asks else redact(f"Send {state.asks_by} to {cluster.name} {whom}")
        if label and self.send.description != label:
            # Another button each time: a press that was on its way to the old one does nothing.
            old, self.send = self.send, widgets.Button(description=label, button_style="danger")
            self.send.on_click(lambda _: self._acts.sent(label))
            self.actions.children = (self.fetch, self.cancel, self.allow, self.send, self.status)
            self.allow.description = f"Allow this {state.asks_by}"
            close(old)
        if state != self._state:  # what was allowed is not what would be sent now
            self._state = state
            self.allow.value = False
        self._enable()
        for one in (self.send, self.allow):
            set_visible(one, not asks)

    def close(self) -> None:
        """Close the widgets that are in no part now: rows of parameters that another path had."""
        close(*(row.widget for row in self.rows))

    def running(self, is_running: bool) -> None:
        """Whether a request runs: then it can be ended, and no other one begun."""
        set_visible(self.cancel, is_running)
        self._is_running = is_running
        self.allow.value = False
        self._enable()

    def _enable(self) -> None:
        can = not self._is_running and self._state is not None and self._state.is_complete
        self.fetch.disabled = self.allow.disabled = not can
        self.send.disabled = not (can and self.allow.value)

    def _field(self, label: str, *, code: bool = False) -> Field:
        made = Field(label, self._acts.changed, code=code)
        on_enter(made.text, self._acts.entered)
        return made

    def _parts(self) -> tuple[widgets.Widget, ...]:
        def box(children: list[widgets.Widget], *classes: str) -> widgets.Box:
            made = widgets.Box(children)
            for name in classes:
                made.add_class(name)
            return made

        style = widgets.HTML(STYLE)
        style.layout.display = "none"
        where = [self.context, self.namespace, self.kind, self.name, self.port]
        self.asks = box([], "kproxy-asked")
        for wide in (self.path.widget, self.body.text):
            wide.add_class("kproxy-wide")
        self.question = box([], "kproxy-grid", "kproxy-part")
        self.actions = box([self.fetch, self.cancel, self.allow, self.send, self.status], "kproxy-actions")
        return (
            style,
            box([*(one.widget for one in where), self.method.widget], "kproxy-grid"),
            box([self.about, self.may], "kproxy-about"),
            self.asks,
            self.question,
            box([self.texts], "kproxy-part"),
            self.actions,
            self.result,
        )
