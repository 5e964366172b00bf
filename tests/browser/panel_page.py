"""A panel in an open notebook, used as a person would: by what stands on the screen."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from .conftest import PICTURES, Notebook

if TYPE_CHECKING:
    from playwright.sync_api import Locator

expect = pytest.importorskip("playwright.sync_api", reason="playwright is not installed").expect
expect.set_options(timeout=20_000)  # a busy machine is no fault


class PanelPage:
    """The panel of the second cell; `more` are cells below it."""

    def __init__(self, notebook: Callable[..., Notebook], kubeconfig: str, line: str = "", *more: str) -> None:
        first = f"%load_ext kubeaccess_magic\n%kproxy use --kubeconfig {kubeconfig};"
        self.opened = notebook(first, f"%kproxy panel {line}", *more)
        self.page = self.opened.page
        self.panel = self.page.locator(".kproxy-panel")
        started = time.monotonic()
        self.opened.command("notebook:run-all-cells") if not more else self._run_two()
        expect(self.list("Context")).to_be_visible()
        self.shown_s = time.monotonic() - started

    def _run_two(self) -> None:
        self.page.locator(".jp-Notebook .jp-Cell").nth(0).locator(".cm-content").click()
        for _ in range(2):
            self.opened.command("notebook:run-cell-and-select-next")

    def field(self, label: str) -> Locator:
        """A field to type in."""
        return self.panel.get_by_label(label, exact=True).and_(self.page.locator("input, textarea"))

    def list(self, label: str) -> Locator:
        """A list to pick from."""
        return self.panel.get_by_label(label, exact=True).and_(self.page.locator("select"))

    def entry(self, label: str, begin: str) -> str:
        """The entry of a list that begins so, once it is there."""
        option = self.list(label).locator("option").filter(has_text=begin).first
        expect(option).to_be_attached()
        return option.inner_text().replace("\xa0", " ")

    def pick(self, label: str, begin: str) -> None:
        """Pick from a list."""
        self.entry(label, begin)
        at = self.list(label).locator("option").filter(has_text=begin).first.evaluate("option => option.index")
        self.list(label).select_option(index=at)

    def picked(self, label: str) -> str:
        """What a list shows."""
        text = self.list(label).evaluate("list => list.selectedOptions[0].textContent")
        return str(text).replace("\xa0", " ")

    def button(self, name: str) -> Locator:
        return self.panel.get_by_role("button", name=name, exact=True)

    def run(self, cell: int) -> None:
        """Run one more cell, with the panel above it in use."""
        self.page.locator(".jp-Notebook .jp-Cell").nth(cell).locator(".cm-content").click()
        self.opened.command("notebook:run-cell")

    def unfold(self) -> None:
        """Show the request in four languages."""
        self.panel.get_by_role("button", name="The request as URL, line, Python and kubectl").click()

    def text(self, name: str) -> Locator:
        """One of the four texts: URL, Line, Python, kubectl; it is there also while it is folded."""
        return self.panel.locator("dt", has_text=name).locator("xpath=following-sibling::dd[1]/code")

    def picture(self, name: str) -> None:
        PICTURES.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=PICTURES / f"{name}.png")

    def calm(self) -> None:
        """Nothing ran that should not, and nothing was asked of anybody else."""
        assert (self.opened.errors, self.opened.outside) == ([], [])
        assert self.page.evaluate("window.hacked === undefined")


def timed(name: str, seconds: float) -> None:
    """Keep what was measured beside the pictures; nothing is asserted about it."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    file = PICTURES / "panel-timings.json"
    known: dict[str, Any] = json.loads(file.read_text()) if file.exists() else {}
    file.write_text(json.dumps(known | {name: round(seconds, 3)}, indent=1))
