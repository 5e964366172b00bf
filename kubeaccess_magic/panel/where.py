"""`Where`: the pickers from the context to the port, read into a state and filled from one."""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Callable

import ipywidgets as widgets

from . import html
from .choices import ALL_NAMESPACES, Choices, Offer
from .page import Page
from .picker import Entry, Picker
from .state import API, State
from .tree import set_visible

__all__ = ["Where"]


class Where:
    """The pickers for context, namespace, kind, name and port.

    Parameters
    ----------
    page
        Of the panel.
    lock
        Held by whoever changes widgets of the panel.
    changed
        Called when the user has picked something else.
    signs_in
        Called when the user wants to sign in.
    """

    def __init__(
        self, page: Page, lock: threading.RLock, changed: Callable[[], None], signs_in: Callable[[], None]
    ) -> None:
        self.context = Picker("Context", page, lock, changed)
        self.namespace = Picker("Namespace", page, lock, changed, can_type=True)
        self.kind = Picker("Kind", page, lock, changed)
        self.name = Picker("Service", page, lock, changed, can_type=True)
        self.port = Picker("Port", page, lock, changed, can_type=True, what="port")
        self.sign_in = widgets.Button(description="Sign in and list names")
        self.sign_in.on_click(lambda _: signs_in())
        self.about, self.right = widgets.HTML(), widgets.HTML()
        self._namespace = self._name = self._kind = ""  # what was shown
        pickers = widgets.Box([picker.widget for picker in self._pickers])
        pickers.add_class("kproxy-where")
        self.name.widget.add_class("kproxy-name")
        facts = widgets.Box([self.about, self.right, self.sign_in])
        facts.add_class("kproxy-about")
        self.parts = (pickers, facts)

    @property
    def _pickers(self) -> tuple[Picker, ...]:
        return (self.context, self.namespace, self.kind, self.name, self.port)

    def read(self, old: State) -> State:
        """Return the state with the picked values; everything else is unchanged."""
        namespace, picked, kind = self.namespace.read(), self.name.read(), self.kind.read()
        state = dataclasses.replace(old, context=self.context.read(), port=self.port.read())
        if kind != self._kind:
            return dataclasses.replace(state, kind="" if kind == "service" else kind)
        every = namespace == ALL_NAMESPACES
        state = dataclasses.replace(state, every_namespace=every)
        if state.kind == API:
            if picked != self._name:
                state = dataclasses.replace(state, path=picked, params=())
            return dataclasses.replace(state, namespace="" if every else namespace)
        place, _, name = picked.rpartition("/")
        if state.what == "node":
            return dataclasses.replace(state, name=name)
        if namespace != self._namespace and not every:
            place = namespace  # it was moved to another namespace
        elif picked == self._name:
            place = old.namespace  # which may be the context's, unsaid
        return dataclasses.replace(state, name=name, namespace=place or ("" if every else namespace))

    def show(self, state: State, choices: Choices, *, nodes: bool, default_port: str) -> None:
        """Fill the pickers from the top down.

        Parameters
        ----------
        state
            The chosen state.
        choices
            The choices to offer.
        nodes
            Whether nodes are offered, too.
        default_port
            The port used if none is chosen; "" while it is not known.
        """
        cluster = choices.cluster(state)
        own = state.namespace or cluster.namespace
        self._namespace = ALL_NAMESPACES if state.every_namespace else own
        self._kind = API if state.kind == API else state.what
        self._name = self._shown_name(state, choices, own)
        _fill(self.context, choices.contexts(), state.context)
        namespaces, names = choices.namespaces(state), choices.names(state)
        _fill(self.namespace, namespaces, self._namespace)
        _fill(self.kind, choices.kinds(nodes=nodes), self._kind)
        self.name.rename({"service": "Service", "pod": "Pod", "node": "Node"}.get(self._kind, "Resource"))
        if all(entry.value != self._name for entry in names.entries):  # not listed, or not yet
            label = self._name if state.every_namespace else state.name or self._name
            names = dataclasses.replace(names, entries=[*names.entries, Entry(self._name, label or "None")])
        _fill(self.name, names, self._name)
        _fill(self.port, choices.ports(state, default_port), state.port)
        set_visible(self.namespace.widget, self._kind != "node")
        set_visible(self.port.widget, state.kind != API)
        set_visible(self.sign_in, namespaces.needs_login or names.needs_login)
        self._show_about(state, choices)

    def _shown_name(self, state: State, choices: Choices, own: str) -> str:
        if state.kind == API:
            return choices.moved(state.path.removeprefix("/"), "" if state.every_namespace else state.namespace)
        if not state.name or state.what == "node":
            return state.name
        return f"{own}/{state.name}"

    def _show_about(self, state: State, choices: Choices) -> None:
        known = choices.about(state) if state.name else None
        line = html.target(known.note, None if known.of is None else bool(known.ready)) if known is not None else ""
        if self.about.value != line:
            self.about.value = line


def _fill(picker: Picker, offer: Offer, value: str) -> None:
    picker.show(offer.entries, value, offer.note, must_type=offer.is_refused)
