"""A panel's fields: text with suggestions, never a list that takes the keys of the notebook around it.

A focused `Dropdown` or `Select` of ipywidgets leaves keys to JupyterLab, where "b" inserts a cell; a `Combobox` and a
`Text` do not. Every field tells each key at once (`continuous_update`): else new suggestions, when they come from a
slow cluster, would wipe out what was typed and not yet told. So what fits is chosen here, and a browser is given some
dozens of suggestions: with thousands it takes half a second for each key.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import ipywidgets as widgets

from ..suggest import Suggestion
from .tree import set_visible

__all__ = ["Field", "Typed"]

_BETWEEN = " · "  # a suggestion, and what is said of it
_AT_ONCE = 60  # suggestions in the browser


class Typed:
    """A text that a user and a panel write, in two threads: what was typed since it was read is never overwritten.

    Parameters
    ----------
    text
        The widget.
    changed
        Called after each change by the user.
    """

    def __init__(self, text: widgets.Text | widgets.Textarea, changed: Callable[[], None]) -> None:
        self.text = text
        self._seen = self._means = ""  # what was read last, and what that stood for
        text.observe(lambda _: changed(), "value")

    def read(self) -> str:
        """What is chosen: what is there, or what that stands for."""
        self._seen = self.text.value
        self._means = self._meant(self._seen)
        return self._means

    def write(self, value: str) -> None:
        """Put a value there, if it is another one than was read."""
        if value.strip() == self._means.strip() and (self._means == self._seen or self.text.value != self._seen):
            return  # it stands there already, or something newer does
        self._seen = self._means = value
        if self.text.value != value:
            self.text.value = value

    def hint(self, said: str) -> None:
        """Say what applies if nothing is there."""
        if self.text.placeholder != said:
            self.text.placeholder = said

    def _meant(self, typed: str) -> str:
        return typed


class Field(Typed):
    """A labelled text with suggestions, and a way to empty it by one click.

    A browser shows of the suggestions those that hold what is typed already, so one must be able to empty it.

    Parameters
    ----------
    label
        What it is called.
    changed
        Called after each change by the user.
    """

    def __init__(self, label: str, changed: Callable[[], None], *, code: bool = False) -> None:
        super().__init__(widgets.Combobox(description=label, continuous_update=True), changed)
        if code:
            self.text.add_class("kproxy-code")
        self._clear = widgets.Button(description=f"Clear {label}", tooltip=f"Clear {label}", tabbable=False)
        self._clear.add_class("kproxy-clear")
        self._clear.layout.display = "none"
        self.widget = widgets.Box([self.text, self._clear])
        self.widget.add_class("kproxy-field")
        self._plain: dict[str, str] = {}  # what a suggestion looks like, and what it stands for
        self._names: frozenset[str] = frozenset()
        self._suggested: Sequence[Suggestion] | None = None
        self._head = ""
        self._clear.on_click(self._emptied)

    def _meant(self, typed: str) -> str:
        """The text, or what the suggestion that was picked stands for."""
        return self._plain.get(typed, typed)

    @property
    def is_suggested(self) -> bool:
        """Whether what is there is one of the suggestions, whole."""
        return self._means in self._names

    def rename(self, label: str) -> None:
        """Call it otherwise."""
        if self.text.description != label:
            self.text.description = label
            self._clear.description = self._clear.tooltip = f"Clear {label}"

    def suggest(self, found: Sequence[Suggestion], head: str = "") -> None:
        """Offer these; each stands behind `head`, which is there already."""
        if head != self._head or found != self._suggested:
            self._suggested, self._head = found, head
            self._plain = {}
            for one in found:
                whole = head + one.text
                self._plain.setdefault(f"{whole}{_BETWEEN}{one.note}" if one.note else whole, whole)
            self._names = frozenset(self._plain.values())

    def _offer(self) -> None:
        """Those that fit what is typed, the ones that begin so first."""
        typed = self.text.value.strip().casefold()
        if len(self._plain) <= _AT_ONCE:
            fitting = list(self._plain)
        else:
            folded = [(shown.casefold(), shown) for shown in self._plain]
            fitting = [shown for fold, shown in folded if fold.startswith(typed)]
            if len(fitting) < _AT_ONCE:
                fitting += [shown for fold, shown in folded if typed in fold and not fold.startswith(typed)]
        offered = tuple(fitting[:_AT_ONCE])
        if self.text.options != offered:
            self.text.options = offered

    def show(self, value: str, hint: str = "") -> None:
        """Put a value there, if it is another one, and what applies if there is none."""
        self.write(value)
        self._offer()
        self.hint(hint)
        display = None if self.text.value else "none"
        if self._clear.layout.display != display:
            self._clear.layout.display = display

    def visible(self, is_visible: bool) -> None:
        """Show it, or take it away."""
        set_visible(self.widget, is_visible)

    def _emptied(self, _: widgets.Button) -> None:
        self.text.value = ""
