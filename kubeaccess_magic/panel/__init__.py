"""`Panel`: the way from a context to an answer, by fields that complete as one types.

Every field is read into one `State`, and every field is filled from it, from the top down, by one `sync`: there is no
chain of observers. What may take time runs in threads of the panel's own (`working`), which set widgets under its
lock. Nothing secret is in a widget: what widgets hold is saved with a notebook.
"""

from __future__ import annotations

import dataclasses
import threading
import time
from collections.abc import Callable, Hashable
from typing import TYPE_CHECKING, Any

import ipywidgets as widgets
from traitlets import Any as AnyTrait
from traitlets import Bool, Unicode

from ..call import Call
from ..errors import KubeAccessError, TargetError
from ..suggest import Question
from ..text import one_line, redact
from . import show
from .choices import Choices, place
from .page import Page
from .state import API, Answered, Asked, Host, State, target_of
from .tree import close
from .view import Acts, View
from .working import Newest, Running

if TYPE_CHECKING:
    from ..access import Access
    from ..request import Request
    from ..targets import Target

__all__ = ["API", "Answered", "Asked", "Host", "Panel", "State", "target_of"]

_TYPED_S = 0.4  # what is typed and is none of the suggestions is looked at when nothing was typed for so long
_SOON_S = 0.05  # what is known already is shown at once
_NAMES_S = 0.15  # whether a name is in another namespace, too, is worth so long a wait
_RIGHTS_S = 30.0  # how long a right is believed
_OFFERED = 5  # parameters of a path that have a field of their own before anybody asked for it


class Panel(widgets.VBox):  # type: ignore[misc]  # ipywidgets has no types
    """Choose whom to ask and what, see the request in four languages, ask, and keep the answer.

    Parameters
    ----------
    host
        Who shows it.
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
    running
        Whether a request runs.
    """

    nodes = Bool(False, help="Whether nodes are offered, too.")
    frame = AnyTrait(None, allow_none=True, help="The last answer as a DataFrame.")
    value = AnyTrait(None, allow_none=True, help="The last answer.")
    request = AnyTrait(None, allow_none=True, help="The request that would be sent.")
    line = Unicode("", help="What would be asked, as behind %kproxy.")
    running = Bool(False, help="Whether a request runs.")

    def __init__(self, host: Host, state: State | None = None, *, nodes: bool = False) -> None:
        self._host = host
        self._lock = threading.RLock()
        self._syncing = False
        self._closed = False
        self._newest = Newest()
        self._run: Running | None = None
        self._choices = Choices(host, self._fresh)
        self._rights: dict[tuple[str, str, str], tuple[float, Access]] = {}
        self._previewed: State | None = None
        self._asked: Asked | None = None
        self._page = Page()
        self._failed = False  # what was answered last
        self._state = State()
        self._of = ""  # the context that the fields belong to; another is typed, and may not be known yet
        self._view = View(
            Acts(self.sync, self._added, self._pressed, self._pressed, self.cancel, self._sent, self._question_pressed)
        )
        super().__init__(self._view.parts)
        self.add_class("kproxy-panel")
        own = host.cluster("")
        first = state or host.remembered.get(place(own), State())
        if first.context == own.name:
            first = dataclasses.replace(first, context="")
        self.nodes = nodes or first.what == "node"  # to type the word is to ask for it
        self._choose(first)
        self.observe(lambda _: self.sync(), "nodes")

    # --- by hand

    @property
    def state(self) -> State:
        """What is chosen."""
        return self._state

    def fill(self, line: str) -> None:
        """Choose what a line says, as behind ``%kproxy``."""
        self._choose(self._host.read(line))

    def fetch(self) -> None:
        """Ask by GET or HEAD, in a thread of its own: `running` is true until the answer is there.

        Raises
        ------
        TargetError
            The method is another one, which only `submit` sends.
        """
        if not self._state.is_question:
            raise TargetError(f"fetch asks by GET and HEAD, not by {self._state.asks_by}", hint="submit() sends it")
        self.submit()

    def submit(self) -> None:
        """Send what is chosen, whatever its method, in a thread of its own; see `fetch`."""
        with self._lock:
            if self.running or self._closed:
                return
            self.running = True
            state = self._state
            self._view.result.value = ""
            self._view.running(True)
            self._view.status.value = show.status("asking …")
            self._run = Running(lambda call: self._ask(state, call), self._progress)

    def cancel(self) -> None:
        """End the running request."""
        run = self._run
        if run is not None:
            run.stop()

    def close(self) -> None:
        """End what runs, and close all widgets of the panel with their layouts and styles."""
        with self._lock:
            self._closed = True
            self._newest.drop()
            self.cancel()
            self._choices.close()
            self._page.close()
            self._view.close()
        close(self)

    # --- fields and state

    def sync(self) -> None:
        """Read what was typed, and fill every level, from the top down."""
        with self._lock:
            if self._syncing or self._closed:
                return
            read = self._view.read(self._state)
            try:
                state = self._filled(self._followed(read))
            except Exception as problem:  # in a callback nobody else would show it
                self._view.texts.value = show.error(problem)
                return
        self._preview(state)

    def _choose(self, state: State) -> None:
        self._of = state.context
        self._preview(self._filled(state))

    def _filled(self, state: State) -> State:
        """Fill every field from a state; what it is with the fields that its path has."""
        with self._lock:
            self._syncing = True
            try:
                state = self._with_offered(state)
                if self._failed and state != self._state:  # an error is of what was asked, and not of what stands there
                    self._failed, self._view.result.value = False, ""
                self._state = state
                cluster = self._choices.cluster(state)
                if state.context == self._of and self._choices.has(state.context):
                    self._host.remembered[place(cluster)] = state
                self._view.show(state, self._choices, nodes=self.nodes, asked=self._meant())
            finally:
                self._syncing = False
            self.line = self._line(state)
            return state

    def _followed(self, new: State) -> State:
        """The levels below one that changed: what does not belong to it goes."""
        old = self._state
        if new.context != self._of and self._choices.has(new.context):
            self._of = new.context
            known = self._host.remembered.get(place(self._choices.cluster(new)), State())
            return dataclasses.replace(known, context=new.context)
        if new.kind != old.kind:
            return dataclasses.replace(new, name="", port="", path="", params=(), method="", body="")
        if (new.namespace, new.name) != (old.namespace, old.name):
            if "/" in new.name and any(one.text == new.name for one in self._choices.names(new)):
                namespace, name = new.name.split("/")  # a service of another namespace was picked
                new = dataclasses.replace(new, namespace=namespace, name=name)
            elif new.namespace != old.namespace:
                names = self._choices.names(new, wait_s=_NAMES_S)
                new = new if new.name in [one.text for one in names] else dataclasses.replace(new, name="")
            was, now = self._choices.app(old), self._choices.app(new)
            new = dataclasses.replace(new, port="")
            if not new.name or (was is not None and was != now):
                new = dataclasses.replace(new, path="", params=(), method="", body="")
        return new

    def _with_offered(self, state: State) -> State:
        """A field for each parameter that was given, and for those that the path has."""
        given = [(name, value) for name, value in state.params if value is not None]
        offered = list(self._choices.parameters(state))[:_OFFERED]
        kept = [(name, value) for name, value in state.params if value is not None or name in offered]
        here = {name for name, _ in kept}
        params = (*kept, *((name, None) for name in offered if name not in here)) if offered else tuple(given)
        return dataclasses.replace(state, params=params)

    def _meant(self) -> Target | None:
        """Whom the last request that was made ready means; its port was found then."""
        return self._asked.request.target if self._asked is not None else None

    def _fresh(self, _: Hashable) -> None:
        """New names came, in a thread of the suggestions."""
        self.sync()

    # --- what would be asked

    def _preview(self, state: State) -> None:
        with self._lock:
            if state == self._previewed or state != self._state:
                return
            self._previewed = state
            if not state.is_complete:
                self._newest.drop()
                self._asked, self.request = None, None
                self._view.texts.value = show.pale("Choose a service, and here stands what will be asked.")
                self._view.may.value = ""
                return
            done = threading.Event()

            def job(is_newest: Callable[[], bool]) -> None:
                try:
                    self._look(state, is_newest, done)
                finally:
                    done.set()

            known = not state.name or self._view.name.is_suggested
            self._newest.submit(job, 0.0 if known else _TYPED_S)
        # Not under the lock, which the job needs.
        if not known or not done.wait(_SOON_S):
            with self._lock:
                if state == self._previewed and not done.is_set():
                    line = self._line(state, hidden=True)
                    self._view.texts.value = show.texts([("Line", f"%kproxy {line}")]) + show.pale("…")

    def _line(self, state: State, *, hidden: bool = False) -> str:
        try:
            return self._host.line(state, hidden=hidden) if state.is_complete else ""
        except Exception:  # the preview says why
            return ""

    def _look(self, state: State, is_newest: Callable[[], bool], done: threading.Event) -> None:
        """In a worker: the request in four languages, and whether it may be asked."""
        asked: Asked | None = None
        try:
            asked = self._host.prepare(state, Call(say=self._prompted))
            said = show.texts(asked.texts) + "".join(show.pale(note) for note in asked.notes)
        except Exception as problem:  # in a thread nobody else would show it
            said = show.error(problem)
        with self._lock:
            if not is_newest() or self._closed:
                return
            self._view.texts.value = said
            if not self.running:
                self._view.status.value = ""
            self._asked = asked
            self.request = asked.request if asked is not None else None
            self._view.show_port(state, self._meant())
            done.set()
            if asked is None:
                self._view.may.value = ""
                return
        said = self._right(state, asked.request)
        with self._lock:
            if is_newest() and not self._closed:
                self._view.may.value = said

    def _right(self, state: State, request: Request) -> str:
        whom = request.path if request.target.kind == "api" else str(request.target)
        key = (state.context, request.method, whom)
        known = self._rights.get(key)
        if known is None or time.monotonic() - known[0] > _RIGHTS_S:
            try:
                answer = self._host.cluster(state.context).can(
                    request.method, whom if request.target.kind == "api" else request.target
                )
            except KubeAccessError:
                return ""  # asking will say what is wrong
            known = self._rights[key] = (time.monotonic(), answer)
        return show.access(known[1], f"{request.method} {whom}")

    # --- asking

    def _pressed(self) -> None:
        """Enter in a field, or the button: it asks, and never sends."""

        def ask() -> None:
            if self._state.is_question and self._state.is_complete:
                self.fetch()

        self._page.settle(ask)

    def _sent(self, label: str) -> None:
        """The button that says what it sends was pressed: what it says is what is sent, if it was allowed."""

        def send() -> None:
            if label == self._view.send.description and self._view.allow.value and not self._state.is_question:
                self.submit()

        self._page.settle(send)

    def _added(self) -> None:
        text = self._view.add.value.strip()
        if not text:
            return
        with self._lock:
            self._view.add.value = ""
            name, _, value = text.partition("=")
            params = [pair for pair in self._state.params if pair[0] != name or pair[1] is not None]
            state = self._filled(dataclasses.replace(self._view.read(self._state), params=(*params, (name, value))))
        self._preview(state)

    def _question_pressed(self, question: Question) -> None:
        self._page.settle(lambda: self._fill_in(question))

    def _fill_in(self, question: Question) -> None:
        with self._lock:
            state = self._filled(
                dataclasses.replace(
                    self._state,
                    path=question.path if self._state.kind == API else question.path.removeprefix("/"),
                    params=question.params,
                    method="" if question.method == "GET" and not question.body else question.method,
                    body=question.body or "",
                    options=f"--limit {question.limit}" if question.limit else "",
                )
            )
        self._preview(state)

    def _prompted(self, line: str) -> None:
        """A plugin wants something of the reader, before anything was asked."""
        with self._lock:
            self._view.status.value = show.status(line)

    def _progress(self, line: str) -> None:
        with self._lock:
            if self.running:
                self._view.status.value = show.status(line)

    def _ask(self, state: State, call: Call) -> None:
        """In a thread: ask, keep, show."""
        answered: Answered | None = None
        variable = ""
        try:
            answered = self._host.answer(self._host.prepare(state, call), call)
            variable = state.variable if show.is_frame(answered.value) or state.into else ""
            if variable:
                self._host.variables[variable] = answered.value
            said = show.answered(answered.value, answered.reply, answered.lines, variable)
        except BaseException as problem:  # in a thread nobody else would show it
            said = show.error(problem) if not call.stopped else show.pale("The request was ended.")
        said = show.heading(self._line(state, hidden=True)) + said
        with self._lock:
            if self._closed:
                return
            self._run = None
            self._failed = answered is None
            self._view.status.value = ""
            self._view.result.value = said
            self._view.running(False)
            if answered is not None:
                self.value = answered.value
                self.frame = answered.value if show.is_frame(answered.value) else None
            self.running = False

    # --- where there is no front end, or no kernel any more

    def __repr__(self) -> str:
        line = one_line(redact(self._line(self._state, hidden=True)))
        return f"<kproxy panel: {line or 'nothing chosen yet'}>"

    def _repr_mimebundle_(self, **kwargs: Any) -> dict[str, Any] | None:
        bundle: dict[str, Any] | None = super()._repr_mimebundle_(**kwargs)
        return None if bundle is None else bundle | {"text/plain": repr(self), "text/html": self.fallback()}

    def fallback(self) -> str:
        """HTML that says what it was, for where there is no kernel any more; a panel that lives hides it."""
        return show.fallback(f"%kproxy panel {self._line(self._state, hidden=True)}".rstrip())
