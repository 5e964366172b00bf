"""Widgets as a tree: show or hide one, listen for Enter, close one with everything that belongs to it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import ipywidgets as widgets

__all__ = ["close", "on_enter", "set_visible"]


def close(*roots: widgets.Widget) -> None:
    """Close widgets with their children, layouts and styles. `Widget.close` alone leaves all of those open."""
    for widget in {id(widget): widget for root in roots for widget in _tree(root)}.values():
        widgets.Widget.close(widget)


def set_visible(widget: widgets.DOMWidget, is_visible: bool) -> None:
    """Show or hide a widget."""
    display = None if is_visible else "none"
    if widget.layout.display != display:
        widget.layout.display = display


def on_enter(text: widgets.Text, pressed: Callable[[], None]) -> None:
    """Call `pressed` when Enter is pressed in a field. Earlier typing may arrive later: see `Page.settle`."""
    text.on_msg(lambda _, content, __: pressed() if content.get("event") == "submit" else None)


def _tree(widget: widgets.Widget) -> Iterator[widgets.Widget]:
    """A widget and every widget that its synchronised traits hold."""
    yield widget
    for name in widget.keys:
        value = getattr(widget, name)
        parts: Iterable[object] = value if isinstance(value, tuple) else (value,)
        for part in parts:
            if isinstance(part, widgets.Widget):
                yield from _tree(part)
