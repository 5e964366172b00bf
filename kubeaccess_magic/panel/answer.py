"""`AnswerView`: the result of a request: the line that was run, a summary, and a table, chart or text."""

from __future__ import annotations

import json
import threading
from typing import Any

import ipywidgets as widgets

from ..reply import Reply, size_text
from . import html
from .chart import chart, drawn
from .download import Downloads
from .page import Page
from .state import Answered, State
from .table import Table
from .tree import set_visible

__all__ = ["AnswerView", "is_frame"]


def is_frame(value: Any) -> bool:
    """Whether a value is a DataFrame; pandas is not imported to find out."""
    return type(value).__name__ == "DataFrame"


class AnswerView:
    """The lower part of a panel, which shows the answer.

    Parameters
    ----------
    page
        Of the panel.
    lock
        Held by whoever changes widgets of the panel.
    """

    def __init__(self, page: Page, lock: threading.RLock) -> None:
        self._lock = lock
        self._state: State | None = None  # what is answered here
        self.head, self.text, self.chart = widgets.HTML(), widgets.HTML(), widgets.HTML()
        self.table, self.downloads = Table(page, lock), Downloads(lock)
        parts = [self.head, self.text, self.chart, self.table.widget, self.downloads.widget]
        self.widget = widgets.Box(parts)
        self.widget.add_class("kproxy-answer")
        self._show_frame(None, "")
        set_visible(self.widget, False)

    def show(self, state: State, line: str, answered: Answered, variable: str) -> None:
        """Show an answer.

        Parameters
        ----------
        state, line
            What was asked.
        answered
            What came.
        variable
            Where it was put; "" if nowhere.
        """
        value = answered.value
        size = f"{len(value):,} rows, {value.shape[1]:,} columns" if is_frame(value) else ""
        summary = html.summary(answered.reply, size, answered.lines, variable)
        body, picture = _text(value), drawn(chart(value)) if is_frame(value) else ""
        with self._lock:
            self._state = state
            self._write(html.heading(line) + summary, body, picture)
            self._show_frame(value if is_frame(value) and len(value) else None, state.variable)

    def show_problem(self, state: State, line: str, problem: str) -> None:
        """Show why there is no answer; `problem` is HTML."""
        with self._lock:
            self._state = state
            self._write(html.heading(line) + problem, "", "")
            self._show_frame(None, "")

    def compare(self, state: State) -> None:
        """Grey out the answer if the fields have changed since the request."""
        is_old = self._state is not None and state != self._state
        (self.widget.add_class if is_old else self.widget.remove_class)("kproxy-old")

    def _write(self, head: str, body: str, picture: str) -> None:
        self.head.value, self.text.value, self.chart.value = head, body, picture
        set_visible(self.chart, bool(picture))
        set_visible(self.text, bool(body))
        set_visible(self.widget, True)
        self.widget.remove_class("kproxy-old")

    def _show_frame(self, frame: Any, name: str) -> None:
        self.table.show(frame)
        self.downloads.show(frame, name)


def _text(value: Any) -> str:
    """What is no table, as HTML."""
    if is_frame(value) or value is None:
        return ""
    if isinstance(value, Reply):
        text: str = value._repr_mimebundle_()["text/html"]
        return text
    if isinstance(value, bytes):
        return html.pale(f"{size_text(len(value))} of bytes")
    return html.lines(value if isinstance(value, str) else json.dumps(value, indent=2, ensure_ascii=False))
