"""`Picker`: a dropdown that shows its whole list whenever it is opened, with a filter above long lists.

Where a name cannot be listed, or is not in the list, it can be typed instead.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple

import ipywidgets as widgets

from . import html
from .page import Page
from .tree import on_enter, set_visible
from .typed import Typed

__all__ = ["Entry", "Picker"]

_FILTER_ABOVE = 60  # entries


class Entry(NamedTuple):
    """An entry of a list: its value, and its label."""

    value: str
    label: str


class Picker:
    """A labelled dropdown.

    Parameters
    ----------
    label
        What is picked, such as "Service".
    page
        Tells when the page has received a new list.
    lock
        Held by whoever changes widgets of the panel.
    changed
        Called when the user has picked or typed something else.
    can_type
        Whether what is not in the list can be typed.
    what
        What is typed then: "name" or "port".
    """

    def __init__(
        self,
        label: str,
        page: Page,
        lock: threading.RLock,
        changed: Callable[[], None],
        *,
        can_type: bool = False,
        what: str = "name",
    ) -> None:
        self._type_entry = Entry("\0", f"Type a {what} …")  # no name has this value
        self._page, self._lock, self._changed, self._can_type = page, lock, changed, can_type
        self._filler = 0  # the thread that fills the dropdown now: its changes are not the user's
        self._value = ""
        self._entries: Sequence[Entry] = ()  # all
        self._offered: Sequence[Entry] = ()  # those that pass the filter: what the dropdown has
        self._on_page: Sequence[Entry] = ()  # what it has in the page, as far as we know
        self._is_typing = self._must_type = False
        self.filter = widgets.Text(placeholder="Part of a name", continuous_update=True)
        self.dropdown = widgets.Dropdown()
        self.typed = Typed(widgets.Text(continuous_update=True), changed)
        self.back = widgets.Button(description="Choose from the list")
        self.note = widgets.HTML()
        self.widget = widgets.Box([self.filter, self.dropdown, self.typed.text, self.back, self.note])
        self.widget.add_class("kproxy-picker")
        self.dropdown.observe(self._picked, "index")
        self.filter.observe(lambda _: self._filtered(), "value")
        self.back.on_click(lambda _: self._type(False))
        on_enter(self.filter, lambda: page.settle(self._pick_first))
        self.rename(label)
        self._arrange()

    @property
    def is_typing(self) -> bool:
        """Whether the user is typing a name instead of picking one."""
        return self._is_typing

    @property
    def entries(self) -> Sequence[Entry]:
        """The whole list that is offered."""
        return self._entries

    def read(self) -> str:
        """Return the picked or typed value."""
        return self.typed.read().strip() if self._is_typing else self._value

    def rename(self, label: str) -> None:
        """Change the label."""
        for widget, text in ((self.dropdown, label), (self.typed.text, label), (self.filter, f"Find {label.lower()}")):
            if widget.description != text:
                widget.description = text

    def show(self, entries: Sequence[Entry], value: str, note: str = "", *, must_type: bool = False) -> None:
        """Offer entries, and select one of them.

        Parameters
        ----------
        entries
            The whole list. Where the first one has the value "", it stands for no choice.
        value
            What is picked; it is added to the list if it is not there.
        note
            A line below, such as why there is no list.
        must_type
            Whether there is no list to pick from.
        """
        self._value = value
        if entries is not self._entries:
            self._entries = entries
        if self._can_type and must_type != self._must_type and (must_type or not self.typed.text.value):
            self._is_typing = self._must_type = must_type
        if self._is_typing:
            self.typed.write(value)
        self._offer()
        self._arrange()
        line = html.pale(note)
        if self.note.value != line:
            self.note.value = line

    def _offer(self) -> None:
        """Fill the dropdown with the entries that pass the filter."""
        wanted = self.filter.value.strip().casefold() if len(self._entries) > _FILTER_ABOVE else ""
        offered = [
            entry
            for entry in self._entries
            if not wanted or entry.value in ("", self._value) or wanted in entry.label.casefold()
        ]
        if all(entry.value != self._value for entry in offered):
            offered.append(Entry(self._value, self._value or "None"))
        if self._can_type:
            offered.append(self._type_entry)
        index = next(at for at, entry in enumerate(offered) if entry.value == self._value)
        self._filler = threading.get_ident()
        try:
            with self.dropdown.hold_sync():
                if offered != self._offered:
                    self._offered = offered
                    self.dropdown.options = [entry.label for entry in offered]
                    self._page.settle(partial(self._received, offered))
                if self.dropdown.index != index:
                    self.dropdown.index = index
        finally:
            self._filler = 0

    def _received(self, offered: Sequence[Entry]) -> None:
        self._on_page = offered

    def _picked(self, change: dict[str, int]) -> None:
        if self._filler == threading.get_ident():
            return
        with self._lock:
            # The page tells a place in the list that it shows, which may be an older one than ours.
            entry = (self._on_page or self._offered)[change["new"]]
            if entry is self._type_entry:
                self._type(True)
                return
            self._value = entry.value
        self._changed()

    def _type(self, is_typing: bool) -> None:
        """Change between the list and a field to type in."""
        with self._lock:
            self._is_typing = is_typing
            is_chosen = not self._entries or self._value != self._entries[0].value
            self.typed.write(self._value if is_chosen else "")
            self._offer()
            self._arrange()
            (self.typed.text if is_typing else self.dropdown).focus()

    def _filtered(self) -> None:
        with self._lock:
            self._offer()

    def _pick_first(self) -> None:
        """Enter in the filter: pick the first entry that passes it."""
        with self._lock:
            wanted = self.filter.value.strip().casefold()
            fitting = [entry for entry in self._entries if entry.value and wanted in entry.label.casefold()]
            if not wanted or not fitting:
                return
            self._value = fitting[0].value
            self._offer()
            self.dropdown.focus()
        self._changed()

    def _arrange(self) -> None:
        set_visible(self.dropdown, not self._is_typing)
        set_visible(self.filter, not self._is_typing and len(self._entries) > _FILTER_ABOVE)
        set_visible(self.typed.text, self._is_typing)
        set_visible(self.back, self._is_typing and len(self._entries) > 1)
