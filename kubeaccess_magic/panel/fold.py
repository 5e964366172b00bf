"""`Fold`: a part of a panel that a button shows and hides."""

from __future__ import annotations

import ipywidgets as widgets

from .tree import set_visible

__all__ = ["Fold"]


class Fold:
    """A button, and the widgets that it shows.

    Parameters
    ----------
    title
        The title of the button.
    parts
        The widgets.
    """

    def __init__(self, title: str, parts: list[widgets.Widget]) -> None:
        self._title = title
        self.button = widgets.Button()
        self.button.add_class("kproxy-fold")
        self.content = widgets.Box(parts)
        self.content.add_class("kproxy-grid")
        self.widget = widgets.Box([self.button, self.content])
        self.widget.add_class("kproxy-folded")
        self.button.on_click(lambda _: self.open(not self._is_open))
        self.open(False)

    def open(self, is_open: bool) -> None:
        """Show or hide the widgets."""
        self._is_open = is_open
        self.button.description = f"{'▾' if is_open else '▸'} {self._title}"
        self.button.tooltip = f"{'Hide' if is_open else 'Show'}: {self._title}"
        set_visible(self.content, is_open)
