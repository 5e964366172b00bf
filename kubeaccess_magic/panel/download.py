"""`Downloads`: the answer as a CSV or a Parquet file, saved by the browser."""

from __future__ import annotations

import base64
import io
import threading
from typing import TYPE_CHECKING

import ipywidgets as widgets

from ..reply import size_text
from ..text import escape
from . import html
from .tree import set_visible

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Downloads"]

_MOST_BYTES, _MOST_CELLS = 16 * 2**20, 5_000_000
_TYPES = {"csv": "text/csv", "parquet": "application/vnd.apache.parquet"}


class Downloads:
    """Buttons that make a file of a frame, and the link that saves it.

    Parameters
    ----------
    lock
        Held by whoever changes widgets of the panel.
    """

    def __init__(self, lock: threading.RLock) -> None:
        self._lock = lock
        self._frame: pd.DataFrame | None = None
        self._name = ""
        self.csv = widgets.Button(description="CSV file", tooltip="Make a CSV file of the answer")
        self.parquet = widgets.Button(description="Parquet file", tooltip="Make a Parquet file of the answer")
        self.link = widgets.HTML()
        self.csv.on_click(lambda _: self._make("csv"))
        self.parquet.on_click(lambda _: self._make("parquet"))
        self.widget = widgets.Box([self.csv, self.parquet, self.link])
        self.widget.add_class("kproxy-actions")

    def show(self, frame: pd.DataFrame | None, name: str) -> None:
        """Offer a DataFrame as files; offer nothing for None."""
        with self._lock:
            self._frame, self._name = frame, name
            self.link.value = ""
            set_visible(self.widget, frame is not None)

    def _make(self, form: str) -> None:
        with self._lock:
            frame, file = self._frame, f"{self._name}.{form}"
        if frame is None:
            return
        if frame.size > _MOST_CELLS:
            self.link.value = html.pale(f"{frame.size:,} cells are too many for a page; {self._call(form)}")
            return
        try:
            content = _written(frame, form)
        except Exception as problem:  # in a callback nobody else would show it
            self.link.value = html.error(problem)
            return
        if len(content) > _MOST_BYTES:
            self.link.value = html.pale(f"{size_text(len(content))} are too many for a page; {self._call(form)}")
            return
        data = base64.b64encode(content).decode()
        self.link.value = (
            f"<a download='{escape(file)}' href='data:{_TYPES[form]};base64,{data}'>"
            f"Save {escape(file)} ({size_text(len(content))})</a>"
        )

    def _call(self, form: str) -> str:
        """What writes the file in a cell."""
        index = ", index=False" if form == "csv" else ""
        return f"in a cell: {self._name}.to_{form}('{self._name}.{form}'{index})"


def _written(frame: pd.DataFrame, form: str) -> bytes:
    if form == "csv":
        return frame.to_csv(index=False).encode("utf-8")
    plain = frame.copy(deep=False)
    plain.attrs = {}
    content = io.BytesIO()
    try:
        plain.to_parquet(content)
    except ImportError:
        raise ImportError("a Parquet file needs pyarrow: %pip install 'kubeaccess_magic[fast]'") from None
    return content.getvalue()
