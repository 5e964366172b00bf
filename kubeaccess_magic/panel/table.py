"""`Table`: a whole DataFrame to scroll, search and sort, built of core widgets. The kernel searches and sorts."""

from __future__ import annotations

import datetime
import numbers
import threading
from typing import TYPE_CHECKING, Any

import ipywidgets as widgets

from ..text import escape, shorten
from . import html
from .page import Page
from .picker import Entry, Picker
from .tree import set_visible
from .working import Newest

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Table"]

_ROWS, _COLUMNS, _CELL_CHARACTERS = 100, 60, 200  # of one page
_MOST = 100_000  # rows that are searched and sorted
_CELLS_AT_ONCE = 100_000  # with more, the kernel would not answer for a moment
_TYPED_S = 0.3  # seconds without a key after which rows are searched


class Table:
    """Shows one frame at a time.

    Parameters
    ----------
    page
        Of the panel.
    lock
        Held by whoever changes widgets of the panel.
    """

    def __init__(self, page: Page, lock: threading.RLock) -> None:
        self._lock = lock
        self._frame: pd.DataFrame | None = None
        self._rows: pd.DataFrame | None = None  # those that are found, in their order
        self._first = 0
        self._newest = Newest()
        self.search = widgets.Text(description="Search rows", placeholder="Text in any column", continuous_update=True)
        self.sort = Picker("Sort by", page, lock, self._changed)
        self.back = widgets.Button(description="Previous rows")
        self.next = widgets.Button(description="Next rows")
        self.count, self.rows = widgets.HTML(), widgets.HTML()
        self.search.observe(lambda _: self._changed(), "value")
        self.back.on_click(lambda _: self._turn(-_ROWS))
        self.next.on_click(lambda _: self._turn(_ROWS))
        controls = widgets.Box([self.search, self.sort.widget])
        controls.add_class("kproxy-grid")
        pages = widgets.Box([self.count, self.back, self.next])
        pages.add_class("kproxy-actions")
        self.widget = widgets.Box([controls, self.rows, pages])
        self.widget.add_class("kproxy-rows")

    def show(self, frame: pd.DataFrame | None) -> None:
        """Show a frame from its first row; nothing if None."""
        with self._lock:
            self._frame = frame
            set_visible(self.widget, frame is not None)
            if frame is None:
                self.rows.value = ""
                return
            self.search.value = ""
            names = [" ".join(str(name).split()) for name in frame.columns[:_COLUMNS]]
            entries = [Entry("", "As it came")]
            for at, name in enumerate(names):
                entries += [Entry(f"+{at}", f"{name} ↑"), Entry(f"-{at}", f"{name} ↓")]
            self.sort.show(entries, "")
            self._arrange()

    def _changed(self) -> None:
        """Search and sort: a large frame in a thread, once nothing was typed for a moment."""
        with self._lock:
            self.sort.show(self.sort.entries, self.sort.read())
            is_small = self._frame is not None and self._frame.size <= _CELLS_AT_ONCE
        if is_small:
            self._arrange()
        else:
            self._newest.submit(lambda _: self._arrange(), _TYPED_S)

    def _arrange(self) -> None:
        """Search and sort anew, and show the first rows."""
        with self._lock:
            frame, wanted, order = self._frame, self.search.value.strip(), self.sort.read()
        if frame is None:
            return
        rows = frame.iloc[:_MOST]
        if wanted:
            rows = rows[_holds(rows, wanted)]
        if order:
            rows = _sorted(rows, int(order[1:]), is_descending=order[0] == "-")
        with self._lock:
            if frame is self._frame:
                self._rows, self._first = rows, 0
                self._draw()

    def _turn(self, by: int) -> None:
        with self._lock:
            if self._rows is not None and 0 <= self._first + by < max(len(self._rows), 1):
                self._first += by
                self._draw()

    def _draw(self) -> None:
        assert self._frame is not None and self._rows is not None
        total, here = len(self._frame), len(self._rows)
        last = min(self._first + _ROWS, here)
        shown = f"Rows {self._first + 1:,} to {last:,} of {here:,}" if here else "No rows"
        parts = [shown, f"{total:,} in all" if here != total else ""]
        parts += [f"of the first {_MOST:,} rows" if total > _MOST else ""]
        parts += [
            f"the first {_COLUMNS} of {self._frame.shape[1]:,} columns" if self._frame.shape[1] > _COLUMNS else ""
        ]
        self.count.value = html.status(" · ".join(filter(None, parts)))
        self.rows.value = _drawn(self._rows.iloc[self._first : last, :_COLUMNS])
        is_long = here > _ROWS
        for button in (self.back, self.next):
            set_visible(button, is_long)


def _holds(rows: pd.DataFrame, wanted: str) -> Any:
    """Which rows hold a text in one of their columns."""
    found: Any = None
    for at in range(min(rows.shape[1], _COLUMNS)):
        held = rows.iloc[:, at].astype(str).str.contains(wanted, case=False, regex=False)
        found = held if found is None else found | held
    return found if found is not None else slice(0, 0)


def _sorted(rows: pd.DataFrame, column: int, *, is_descending: bool) -> pd.DataFrame:
    values = rows.iloc[:, column].reset_index(drop=True)
    try:
        order = values.sort_values(ascending=not is_descending, kind="stable").index
    except TypeError:  # lists, or values of several types
        order = values.astype(str).sort_values(ascending=not is_descending, kind="stable").index
    return rows.iloc[list(order)]


def _drawn(part: pd.DataFrame) -> str:
    numeric = [dtype.kind in "fiu" for dtype in part.dtypes]
    classes = [" class='kproxy-number'" if is_number else "" for is_number in numeric]
    head = "".join(f"<th scope='col'{cls}>{_cell(name)}</th>" for name, cls in zip(part.columns, classes, strict=True))
    rows = "".join(
        "<tr>" + "".join(f"<td{cls}>{_cell(value)}</td>" for value, cls in zip(row, classes, strict=True)) + "</tr>"
        for row in part.itertuples(index=False, name=None)
    )
    table = f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"
    return f"<div class='kproxy-table' tabindex='0' role='region' aria-label='Rows of the answer'>{table}</div>"


def _cell(value: object) -> str:
    if value is None or str(value) in ("<NA>", "NaT", "nan"):
        text = ""
    elif isinstance(value, datetime.datetime):
        text = value.isoformat(" ", "milliseconds" if value.microsecond else "seconds").replace("+00:00", "Z")
    elif isinstance(value, numbers.Real) and not isinstance(value, (bool, numbers.Integral)):
        text = f"{float(value):.6g}"
    else:
        text = str(value)
    return escape(" ".join(shorten(text, _CELL_CHARACTERS).split()))
