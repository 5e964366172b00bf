"""`RequestFields`: method, path, query, body and options, read into a state and filled from one."""

from __future__ import annotations

import dataclasses
import re
import threading
from collections.abc import Callable, Sequence

import ipywidgets as widgets

from .choices import Choices
from .fold import Fold
from .page import Page
from .picker import Entry, Picker
from .state import State
from .tree import close, on_enter, set_visible
from .typed import Field, Typed

__all__ = ["RequestFields", "added"]

_RANGES = (
    ("-5m", "5 minutes"),
    ("-15m", "15 minutes"),
    ("-1h", "hour"),
    ("-6h", "6 hours"),
    ("-24h", "day"),
    ("-7d", "week"),
)
_PAIRS = re.compile(r"[^\s=&]+=[^&]*(?:&[^\s=&]+=[^&]*)*")


def added(params: Sequence[tuple[str, str | None]], text: str) -> tuple[tuple[str, str | None], ...]:
    """Parameters extended by those in a text: ``name=value``, or several joined by "&"."""
    pairs = [pair.partition("=") for pair in (text.split("&") if _PAIRS.fullmatch(text) else [text])]
    names = {name for name, _, _ in pairs}
    kept = [pair for pair in params if pair[0] not in names or pair[1] is not None]
    return (*kept, *((name, value) for name, _, value in pairs))


class RequestFields:
    """The fields of the request: method, path, query, body and options.

    Parameters
    ----------
    page
        The page that shows the panel.
    lock
        Held by whoever changes widgets of the panel.
    changed
        Called when the user has changed a field.
    entered
        Called when Enter is typed in a field.
    adds
        Called with what was typed into "Add to query".
    """

    def __init__(
        self,
        page: Page,
        lock: threading.RLock,
        changed: Callable[[], None],
        entered: Callable[[], None],
        adds: Callable[[str], None],
    ) -> None:
        self._changed, self._entered, self._adds = changed, entered, adds
        self.rows: list[Field] = []
        self._method = self._known = self._range = ""  # what was shown
        self.method = Picker("Method", page, lock, changed)
        self.known = Picker("Known paths", page, lock, changed)
        self.range = Picker("Time range", page, lock, changed)
        self.path = self._field("Path")
        self.add = widgets.Text(description="Add to query", placeholder="name=value", continuous_update=False)
        self.add.observe(lambda change: self._added(change["new"]), "value")
        self.body = Typed(widgets.Textarea(description="Body", rows=4), changed)
        self.options = Typed(widgets.Text(description="Options", placeholder="--limit 100"), changed)
        self.into = Typed(widgets.Text(description="Variable"), changed)
        for text in (self.add, self.body.text, self.options.text, self.into.text):
            text.add_class("kproxy-code")
        for typed in (self.options, self.into):
            on_enter(typed.text, entered)
        self.query = widgets.Box([])
        self.query.add_class("kproxy-grid")
        self.more = Fold("Body, options and variable", [self.body.text, self.options.text, self.into.text])

    def read(self, old: State) -> State:
        """Return the state with the values of the fields."""
        params = []
        for row, (name, was) in zip(self.rows, old.params, strict=False):
            value = row.read()
            params.append((name, value if value or was == "" else None))
        method, known, chosen = self.method.read(), self.known.read(), self.range.read()
        body, path = self.body.read(), self.path.read().strip()
        if known != self._known:
            path, params = known, []
        if chosen != self._range:
            params = [(name, chosen if name == "start" else value) for name, value in params if name != "end"]
        if method != self._method:
            method = "" if method == "GET" and not body else method
        else:
            method = old.method
        return dataclasses.replace(
            old,
            path=path,
            params=tuple(params),
            method=method,
            body=body,
            options=self.options.read(),
            into=self.into.read().strip(),
        )

    def show(self, state: State, choices: Choices) -> None:
        """Fill the fields from a state."""
        self._method = state.asks_by
        self.method.show(choices.methods().entries, state.asks_by)
        self.path.suggest(choices.paths(state))
        self.path.show(state.path, "/")
        self._show_known(state, choices)
        self._show_query(state, choices)
        self.body.write(state.body)
        self.options.write(state.options)
        self.into.write(state.into)
        self.into.hint(dataclasses.replace(state, into="").variable)
        if state.body or not state.is_question:
            self.more.open(True)

    def _show_known(self, state: State, choices: Choices) -> None:
        """The paths that the app is known to have."""
        paths = choices.paths(dataclasses.replace(state, path="/" if state.path.startswith("/") else ""))
        entries = [Entry(one.text, f"{one.text} · {one.note}" if one.note else one.text) for one in paths]
        is_known = any(entry.value == state.path for entry in entries)
        self._known = state.path if is_known else ""
        self.known.show([Entry("", "Choose a path …"), *entries], self._known)
        set_visible(self.known.widget, bool(entries))

    def _show_query(self, state: State, choices: Choices) -> None:
        while len(self.rows) < len(state.params):
            self.rows.append(self._field(""))
            if len(self.rows) == 1:  # the first parameter is what is asked: PromQL, a query string
                self.rows[0].text.add_class("kproxy-wide")
        meanings = choices.parameters(state)
        for row, (name, value) in zip(self.rows, state.params, strict=False):
            row.rename(name)
            start, words = choices.words(state, name, value or "")
            row.suggest(words, (value or "")[:start])
            row.show(value or "", meanings.get(name, ""))
        self._show_range(state)
        rows = tuple(row.text for row in self.rows[: len(state.params)])
        children = (*rows, self.range.widget, self.add)
        if self.query.children != children:
            self.query.children = children

    def _show_range(self, state: State) -> None:
        """The time range, where the path has a start."""
        names = [name for name, _ in state.params]
        self._range = next((value or "" for name, value in state.params if name == "start"), "")
        entries = [Entry("", "As the query says"), *(Entry(value, f"The last {label}") for value, label in _RANGES)]
        self.range.show(entries, self._range)
        set_visible(self.range.widget, "start" in names)

    def close(self) -> None:
        """Close the parameter rows that belonged to another path."""
        close(*(row.text for row in self.rows))

    def _added(self, text: str) -> None:
        if text.strip():
            self.add.value = ""
            self._adds(text.strip())

    def _field(self, label: str) -> Field:
        field = Field(label, self._changed)
        on_enter(field.text, self._entered)
        return field
