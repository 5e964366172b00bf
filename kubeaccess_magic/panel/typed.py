"""`Typed` and `Field`: text fields that the user and the panel both write to, from two threads.

Every field tells each key at once (`continuous_update`): else new suggestions, when they come from a slow cluster,
would wipe out what was typed and not yet told.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import ipywidgets as widgets

from ..suggest import Suggestion
from .tree import set_visible

__all__ = ["Field", "Typed"]

_BETWEEN = " · "  # a suggestion, and its note
_MOST = 60  # suggestions in the browser: with thousands each key takes half a second


class Typed:
    """A text field. Text typed since the last `read` is never overwritten.

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
        """Return the text of the field, or the value that it stands for."""
        self._seen = self.text.value
        self._means = self._meaning(self._seen)
        return self._means

    def write(self, value: str) -> None:
        """Set the text, unless it is already there or the user has typed something newer."""
        if value.strip() == self._means.strip() and (self._means == self._seen or self.text.value != self._seen):
            return
        self._seen = self._means = value
        if self.text.value != value:
            self.text.value = value

    def hint(self, text: str) -> None:
        """Set the placeholder: the default that applies while the field is empty."""
        if self.text.placeholder != text:
            self.text.placeholder = text

    def _meaning(self, text: str) -> str:
        return text


class Field(Typed):
    """A labelled text field with suggestions.

    Parameters
    ----------
    label
        What it is called.
    changed
        Called after each change by the user.
    """

    def __init__(self, label: str, changed: Callable[[], None]) -> None:
        super().__init__(widgets.Combobox(description=label, continuous_update=True), changed)
        self.text.add_class("kproxy-code")
        self._plain: dict[str, str] = {}  # what a suggestion looks like, and what it stands for
        self._suggested: Sequence[Suggestion] | None = None
        self._head = ""

    def _meaning(self, text: str) -> str:
        """The text, or what the suggestion that was picked stands for."""
        return self._plain.get(text, text)

    def rename(self, label: str) -> None:
        """Change the label."""
        if self.text.description != label:
            self.text.description = label

    def suggest(self, suggestions: Sequence[Suggestion], head: str = "") -> None:
        """Offer suggestions; each continues `head`, the text before the word being typed."""
        if head == self._head and suggestions == self._suggested:
            return
        self._suggested, self._head = suggestions, head
        self._plain = {}
        for suggestion in suggestions:
            whole = head + suggestion.text
            label = f"{whole}{_BETWEEN}{suggestion.note}" if suggestion.note else whole
            self._plain.setdefault(label, whole)

    def show(self, value: str, hint: str = "") -> None:
        """Set the text if it differs, and the placeholder that names the default."""
        self.write(value)
        self._offer()
        self.hint(hint)

    def visible(self, is_visible: bool) -> None:
        """Show or hide the field."""
        set_visible(self.text, is_visible)

    def _offer(self) -> None:
        """Give the browser those that fit what is typed, the ones that begin so first."""
        typed = self.text.value.strip().casefold()
        if len(self._plain) <= _MOST:
            fitting = list(self._plain)
        else:
            folded = [(label.casefold(), label) for label in self._plain]
            fitting = [label for fold, label in folded if fold.startswith(typed)]
            if len(fitting) < _MOST:
                fitting += [label for fold, label in folded if typed in fold and not fold.startswith(typed)]
        offered = tuple(fitting[:_MOST])
        if self.text.options != offered:
            self.text.options = offered
