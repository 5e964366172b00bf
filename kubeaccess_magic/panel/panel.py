"""`Panel`: from a context to an answer, by lists to pick from.

Every field is read into one `State`, and every field is filled from it, from the top down, by one `sync`: there is no
chain of observers. What may take time runs in threads of the panel's own (`working`), which set widgets under its
lock. Nothing secret is in a widget: what widgets hold is saved with a notebook.
"""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Hashable
from typing import Any

import ipywidgets as widgets
from traitlets import Any as AnyTrait
from traitlets import Bool, Unicode

from ..call import Call
from ..errors import KubeAccessError, TargetError
from ..suggest import Question
from ..text import redact
from . import html
from .answer import is_frame
from .choices import Choices, place
from .page import Page
from .preview import Preview
from .request_fields import added
from .state import API, METHODS, Answered, Asked, Host, State
from .tree import close
from .view import Acts, View
from .working import Repeated, Running

__all__ = ["Panel"]

_OFFERED = 5  # parameters of a path that have a field of their own before anybody asked for it


class Panel(widgets.VBox):  # type: ignore[misc]  # ipywidgets has no types
    """Pick a target and a request, see it as URL, line, Python and kubectl, send it, and keep the answer.

    Parameters
    ----------
    host
        Shows the panel: its language of lines, clusters and variables.
    state
        What it opens with; what was chosen last in that context if None.
    nodes
        Whether nodes are offered, too.

    Attributes
    ----------
    frame
        The last answer as a DataFrame, or None.
    value
        The last answer, whatever it is.
    request
        The `Request` that would be sent; None while there is none.
    line
        What would be asked, as behind ``%kproxy``.
    asked
        What was asked last, as behind ``%kproxy``, without secrets.
    running
        Whether a request runs.

    Raises
    ------
    TargetError
        The state has a method that a panel does not send.
    """

    nodes = Bool(False, help="Whether nodes are offered, too.")
    frame = AnyTrait(None, allow_none=True, help="The last answer as a DataFrame.")
    value = AnyTrait(None, allow_none=True, help="The last answer.")
    request = AnyTrait(None, allow_none=True, help="The request that would be sent.")
    line = Unicode("", help="What would be asked, as behind %kproxy.")
    asked = Unicode("", help="What was asked last, as behind %kproxy, without secrets.")
    running = Bool(False, help="Whether a request runs.")

    def __init__(self, host: Host, state: State | None = None, *, nodes: bool = False) -> None:
        first = _checked(state or host.remembered.get(place(host.cluster("")), State(every_namespace=True)))
        if first.context == host.cluster("").name:
            first = dataclasses.replace(first, context="")
        self._host = host
        self._lock = threading.RLock()
        self._syncing = self._closed = False
        self._run: Running | None = None
        self._state = State()
        self._page = Page()
        self._choices = Choices(host, self._fresh)
        self._repeated = Repeated(self._ask_again)
        self._preview = Preview(host, self._lock, self._show_preview, self._show_right, self._say)
        self._view = View(self._acts(), self._page, self._lock)
        super().__init__(self._view.parts)
        self.add_class("kproxy-panel")
        self.nodes = nodes or first.what == "node"  # to type the word is to ask for it
        self._choose(first)
        self.observe(lambda _: self.sync(), "nodes")

    # --- for Python

    @property
    def state(self) -> State:
        """The state of all fields."""
        return self._state

    def fill(self, line: str) -> None:
        """Fill the fields from a line, written as after ``%kproxy``."""
        self._choose(_checked(self._host.read(line)))

    def fetch(self) -> None:
        """Send a GET or HEAD in a thread; `running` is true until the answer has arrived.

        Raises
        ------
        TargetError
            The method is another one, which only `submit` sends.
        """
        if not self._state.is_question:
            raise TargetError(f"fetch asks by GET and HEAD, not by {self._state.asks_by}", hint="submit() sends it")
        self.submit()

    def submit(self) -> None:
        """Send the chosen request in a thread, whatever its method; see `fetch`."""
        with self._lock:
            if self.running or self._closed:
                return
            self.running = True
            state = self._state
            self._view.running(True)
            self._view.say("asking …")
            self._run = Running(lambda call: self._ask(state, call), self._tell)

    def cancel(self) -> None:
        """Cancel the running request, and stop repeating it."""
        self._repeated.stop()
        run = self._run
        if run is not None:
            run.stop()

    def close(self) -> None:
        """Stop all background work, and close all widgets of the panel with their layouts and styles."""
        if self.comm is None:  # it was closed before, or never opened
            return
        with self._lock:
            self._closed = True
            self.cancel()
            self._preview.close()
            self._choices.close()
            self._page.close()
            self._view.close()
        close(self)

    # --- fields and state

    def sync(self) -> None:
        """Read the fields, and update every level from the top down."""
        with self._lock:
            if self._syncing or self._closed:
                return
            try:
                state = self._filled(self._followed(self._view.read(self._state)))
            except Exception as problem:  # in a callback nobody else would show it
                self._view.problem.value = html.error(problem)
                return
        self._preview.look(state, is_typed=self._view.where.name.is_typing)

    def _choose(self, state: State) -> None:
        self._preview.look(self._filled(state), is_typed=False)

    def _filled(self, state: State) -> State:
        """Fill every field from a state; what it is with the fields that its path has."""
        with self._lock:
            self._syncing = True
            try:
                self._state = state = self._with_offered(state)
                self._host.remembered[place(self._choices.cluster(state))] = state
                self._show()
            finally:
                self._syncing = False
            self.line = self._line(state)
            return state

    def _show(self) -> None:
        self._view.show(self._state, self._choices, nodes=self.nodes, default_port=self._default_port())

    def _default_port(self) -> str:
        """The port that was found for what is chosen, if it was looked up already."""
        target, state = self._preview.target, self._state
        is_same = target is not None and target.name == state.name and target.namespace in (state.namespace, None)
        return target.port if target is not None and is_same and not state.port else ""

    def _followed(self, new: State) -> State:
        """What does not belong to a level that changed goes; what still fits stays."""
        old = self._state
        if new.context != old.context:
            known = self._host.remembered.get(place(self._choices.cluster(new)), State(every_namespace=True))
            return dataclasses.replace(known, context=new.context)
        if new.kind != old.kind:
            return dataclasses.replace(new, name="", port="", path="", params=(), method="", body="")
        if new.kind == API and new.namespace != old.namespace:
            return dataclasses.replace(new, path=self._choices.moved(new.path, new.namespace))
        if (new.namespace, new.name) == (old.namespace, old.name):
            return new
        if new.name and new.namespace != old.namespace and new.name == old.name and not self._is_there(new):
            new = dataclasses.replace(new, name="")
        new = dataclasses.replace(new, port="")
        was, now = self._choices.app(old), self._choices.app(new)
        is_other_app = new.name != old.name and was is not None and was != now
        if not new.name or is_other_app:
            new = dataclasses.replace(new, path="", params=(), method="", body="")
        return new

    def _is_there(self, state: State) -> bool:
        """Whether a name is in its namespace, or may be, since its list is not there."""
        entries = self._choices.names(state).entries
        return len(entries) < 2 or any(entry.value == f"{state.namespace}/{state.name}" for entry in entries)

    def _with_offered(self, state: State) -> State:
        """A field for each parameter that has a value, and for those that the path has."""
        offered = list(self._choices.parameters(state))[:_OFFERED]
        kept = [(name, value) for name, value in state.params if value is not None or name in offered]
        here = {name for name, _ in kept}
        return dataclasses.replace(state, params=(*kept, *((name, None) for name in offered if name not in here)))

    def _fresh(self, _: Hashable) -> None:
        """New names came, in a thread of the suggestions."""
        self.sync()

    def _line(self, state: State, *, hidden: bool = False) -> str:
        try:
            return self._host.line(state, hidden=hidden) if state.is_complete else ""
        except Exception:  # the preview says why
            return ""

    # --- what would be asked

    def _show_preview(self, state: State, asked: Asked | None, problem: str) -> None:
        if self._closed or state != self._state:
            return
        self.request = asked.request if asked is not None else None
        named = asked.texts if asked is not None else ()
        notes = "".join(html.pale(note) for note in asked.notes) if asked is not None else ""
        self._view.texts.value = html.texts(named) or html.pale("Choose a target, and the request stands here.")
        self._view.problem.value = problem or notes
        if not self.running:
            self._view.status.value = ""
        self._syncing = True
        try:
            self._show()
        finally:
            self._syncing = False

    def _show_right(self, right: str) -> None:
        if not self._closed:
            self._view.where.right.value = right

    # --- what a user does

    def _acts(self) -> Acts:
        return Acts(
            changed=self.sync,
            adds=self._add,
            asks=self._press,
            cancels=self._press_cancel,
            sends=self._press_send,
            asks_question=self._press_question,
            signs_in=self._sign_in,
        )

    def _press(self) -> None:
        """Enter in a field, or the button: it asks, and never sends."""

        def ask() -> None:
            if self._state.is_question and self._state.is_complete:
                self.fetch()

        self._page.settle(ask)

    def _press_cancel(self) -> None:
        self.cancel()
        self._view.fetch.focus()  # the button that was pressed goes away

    def _press_send(self, label: str) -> None:
        """The button that says what it sends was pressed: what it says is what is sent, if it was allowed."""

        def send() -> None:
            if label == self._view.send.description and self._view.allow.value and not self._state.is_question:
                self._view.allow.focus()
                self.submit()

        self._page.settle(send)

    def _add(self, text: str) -> None:
        with self._lock:
            read = self._view.read(self._state)
            state = self._filled(dataclasses.replace(read, params=added(read.params, text)))
        self._preview.look(state, is_typed=False)

    def _press_question(self, question: Question) -> None:
        def ask() -> None:
            self._choose(_with_question(self._state, question))
            if self._state.is_question:
                self.fetch()

        self._page.settle(ask)

    def _sign_in(self) -> None:
        """Ask something that needs a login, and then for the names again."""
        cluster = self._choices.cluster(self._state)

        def work(call: Call) -> None:
            try:
                cluster.engine.look("/version", call.child(cluster.call().limits))
                said = ""
            except KubeAccessError as problem:
                said = html.error(problem)
            with self._lock:
                if self._closed:
                    return
                self._view.problem.value = said
                self._view.status.value = ""
            if not said:
                self.sync()
                self._preview.again()

        Running(work, self._say)

    def _say(self, line: str) -> None:
        with self._lock:
            if not self._closed:
                self._view.say(line)

    def _tell(self, line: str) -> None:
        with self._lock:
            if self.running and not self._closed:
                self._view.say(line)

    # --- asking

    def _ask_again(self) -> None:
        if self._view.period_s is not None and self._state.is_question and self._state.is_complete:
            self.fetch()

    def _ask(self, state: State, call: Call) -> None:
        """In a thread: ask, keep, show."""
        answered: Answered | None = None
        line = self._line(state, hidden=True)
        try:
            answered = self._host.answer(self._host.prepare(state, call), call)
            variable = state.variable if is_frame(answered.value) or state.into else ""
            if variable:
                self._host.variables[variable] = answered.value
            self._view.answer.show(state, line, answered, variable)
        except BaseException as problem:  # in a thread nobody else would show it
            has_questions = bool(self._choices.questions(state)[1])
            said = html.error(problem, has_questions=has_questions) if not call.stopped else html.pale("Cancelled.")
            self._view.answer.show_problem(state, line, said)
            answered = None
        with self._lock:
            if self._closed:
                return
            self._ended(answered, line)

    def _ended(self, answered: Answered | None, line: str) -> None:
        self._run = None
        self._view.status.value = ""
        self._view.running(False)
        self._view.answer.compare(self._state)
        if answered is not None:
            self.value = answered.value
            self.frame = answered.value if is_frame(answered.value) else None
        self.asked = line
        self.running = False
        if answered is not None and self._view.period_s is not None:
            self._repeated.start(self._view.period_s)

    # --- where there is no front end, or no kernel any more

    def __repr__(self) -> str:
        return f"<kproxy panel: {redact(self._line(self._state, hidden=True) or 'nothing chosen yet')}>"

    def _repr_mimebundle_(self, **kwargs: Any) -> dict[str, Any] | None:
        bundle: dict[str, Any] | None = super()._repr_mimebundle_(**kwargs)
        return None if bundle is None else bundle | {"text/plain": repr(self), "text/html": self.fallback()}

    def fallback(self) -> str:
        """Static HTML that describes the panel once its kernel is gone; a live panel hides it."""
        line = self.asked or self._line(self._state, hidden=True)
        return html.fallback(f"%kproxy panel {line}".rstrip())


def _checked(state: State) -> State:
    """A state that the fields can show."""
    if state.asks_by not in METHODS:
        raise TargetError(f"a panel does not send {state.asks_by!r}", hint=f"methods are {', '.join(METHODS)}")
    return dataclasses.replace(state, every_namespace=True) if state.kind == API else state


def _with_question(state: State, question: Question) -> State:
    return dataclasses.replace(
        state,
        path=question.path if state.kind == API else question.path.removeprefix("/"),
        params=question.params,
        method="" if question.method == "GET" and not question.body else question.method,
        body=question.body or "",
        options=f"--limit {question.limit}" if question.limit else "",
    )
