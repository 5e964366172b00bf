"""`View`: the widgets of a panel and their layout, read into a `State` and filled from one."""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Callable

import ipywidgets as widgets

from ..suggest import Question
from ..text import redact
from . import html
from .answer import AnswerView
from .choices import Choices
from .fold import Fold
from .page import Page
from .picker import Entry, Picker
from .request_fields import RequestFields
from .state import State
from .style import style
from .tree import close, set_visible
from .where import Where

__all__ = ["Acts", "View"]

_PERIODS = (("", "Once"), ("5", "Every 5 s"), ("30", "Every 30 s"), ("300", "Every 5 min"))


@dataclasses.dataclass(frozen=True)
class Acts:
    """Callbacks for what the user does: change a field, add to the query, press Enter or a button."""

    changed: Callable[[], None]
    adds: Callable[[str], None]
    asks: Callable[[], None]
    cancels: Callable[[], None]
    sends: Callable[[str], None]
    asks_question: Callable[[Question], None]
    signs_in: Callable[[], None]


class View:
    """The widgets.

    Parameters
    ----------
    acts
        Called when a user does something.
    page, lock
        Of the panel.
    """

    def __init__(self, acts: Acts, page: Page, lock: threading.RLock) -> None:
        self._acts = acts
        self._state: State | None = None  # that is shown
        self._is_running = False
        self._questions: tuple[str, tuple[Question, ...]] = ("", ())
        self.where = Where(page, lock, acts.changed, acts.signs_in)
        self.request = RequestFields(page, lock, acts.changed, acts.asks, acts.adds)
        self.answer = AnswerView(page, lock)
        self.period = Picker("Ask", page, lock, lambda: None)
        self.period.show([Entry(*period) for period in _PERIODS], "")
        self.status, self.problem, self.texts = widgets.HTML(), widgets.HTML(), widgets.HTML()
        self.fetch = widgets.Button(description="Fetch", button_style="primary")
        self.fetch.on_click(lambda _: acts.asks())
        self.cancel = widgets.Button(description="Cancel")
        self.cancel.on_click(lambda _: acts.cancels())
        # Enter presses any button that is focused, and this one only after Space, or a click, has ticked the box.
        self.send = widgets.Button(description="Send", button_style="danger", disabled=True)
        self.allow = widgets.Checkbox(description="Allow", indent=False)
        self.allow.observe(lambda _: self._enable(), "value")
        for widget in (self.cancel, self.send, self.allow):
            set_visible(widget, False)
        self.parts = self._arranged()

    @property
    def period_s(self) -> float | None:
        """Seconds after which the request is repeated; None for never."""
        return float(self.period.read()) if self.period.read() else None

    def read(self, old: State) -> State:
        """Return the state with the values of the fields; values without a field are unchanged."""
        return self.where.read(self.request.read(old))

    def show(self, state: State, choices: Choices, *, nodes: bool, default_port: str) -> None:
        """Fill every field, from the top down; see `Where.show`."""
        self.where.show(state, choices, nodes=nodes, default_port=default_port)
        self.request.show(state, choices)
        self._show_questions(choices.questions(state))
        self._show_actions(state, choices.cluster(state).name)
        self.answer.compare(state)

    def say(self, line: str) -> None:
        """Show a status line."""
        self.status.value = html.status(line)

    def running(self, is_running: bool) -> None:
        """Show whether a request is running: if so, it can be cancelled and no other can be sent."""
        set_visible(self.cancel, is_running)
        self._is_running = is_running
        self.allow.value = False
        self._enable()

    def close(self) -> None:
        """Close the widgets that are not shown at present."""
        self.request.close()

    def _show_questions(self, known: tuple[str, tuple[Question, ...]]) -> None:
        if known == self._questions:
            return
        self._questions = known
        app, questions = known
        buttons = [widgets.Button(description=one.title, tooltip=one.path) for one in questions]
        for button, question in zip(buttons, questions, strict=True):
            button.on_click(lambda _, question=question: self._acts.asks_question(question))
        heading = [widgets.HTML(html.pale(f"Ask {app}"))] if buttons else []
        old = self.asked.children
        self.asked.children = (*heading, *buttons)
        close(*old)

    def _show_actions(self, state: State, context: str) -> None:
        is_question = state.is_question
        set_visible(self.fetch, is_question)
        whom = "/".join(filter(None, (state.namespace, state.name))) or state.path or "nobody yet"
        label = "" if is_question else redact(f"Send {state.asks_by} to {context} {whom}")
        if label and self.send.description != label:
            # Another button each time: a press that was on its way to the old one does nothing.
            old, self.send = self.send, widgets.Button(description=label, button_style="danger")
            self.send.on_click(lambda _: self._acts.sends(label))
            self.actions.children = (self.allow, self.send, self.period.widget, self.status)
            self.allow.description = f"Allow this {state.asks_by}"
            close(old)
        if state != self._state:  # what was allowed is not what would be sent now
            self._state = state
            self.allow.value = False
        self._enable()
        for widget in (self.send, self.allow):
            set_visible(widget, not is_question)
        set_visible(self.period.widget, is_question)

    def _enable(self) -> None:
        is_complete = self._state is not None and self._state.is_complete
        self.fetch.disabled = not is_complete
        self.allow.disabled = not is_complete or self._is_running
        self.send.disabled = not (is_complete and not self._is_running and self.allow.value)

    def _arranged(self) -> tuple[widgets.Widget, ...]:
        """The parts from top to bottom."""
        head = widgets.HTML(style())
        head.layout.display = "none"
        self.asked = _box([], "kproxy-asked")
        ask = _box([self.request.method.widget, self.request.path.text, self.fetch, self.cancel], "kproxy-ask")
        self.actions = _box([self.allow, self.send, self.period.widget, self.status], "kproxy-actions")
        request = [self.asked, self.request.known.widget, ask, self.request.query, self.request.more.widget]
        self.fold = Fold("The request as URL, line, Python and kubectl", [self.texts])
        return (
            head,
            _box(list(self.where.parts), "kproxy-part"),
            _box([*request, self.fold.widget, self.problem, self.actions], "kproxy-part"),
            self.answer.widget,
        )


def _box(children: list[widgets.Widget], name: str) -> widgets.Box:
    box = widgets.Box(children)
    box.add_class(name)
    return box
