"""Tab in a real JupyterLab, by key presses: what is shown, and what is put in."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from .conftest import Notebook

if TYPE_CHECKING:
    from playwright.sync_api import Locator

expect = pytest.importorskip("playwright.sync_api", reason="playwright is not installed").expect

SHOWN = Path("build/browser")  # pictures of what a person sees, for whoever wants to look
POPUP = ".jp-Completer:not(.lm-mod-hidden)"


@pytest.fixture
def opened(notebook: Callable[..., Notebook], demo: Any) -> Notebook:
    """A notebook in which the demo is used, and an empty cell below."""
    opened = notebook(f"%load_ext kubeaccess_magic\n%kproxy use --kubeconfig {demo.kubeconfig}", "")
    opened.command("notebook:run-cell-and-select-next")
    expect(opened.output(0)).to_contain_text("<Cluster demo")
    return opened


def _typed(opened: Notebook, text: str) -> Locator:
    """Type into the empty cell, a key at a time."""
    cell = opened.page.locator(".jp-Notebook .jp-Cell").nth(1).locator(".cm-content")
    cell.click()
    opened.page.keyboard.type(text)
    return cell


def _tab_until(opened: Notebook, wanted: str) -> Locator:
    """Press Tab until that is offered: the first one may be answered before the names are there."""
    popup = opened.page.locator(POPUP)
    item = popup.locator(".jp-Completer-item").filter(has=opened.page.get_by_text(wanted, exact=True))
    for _ in range(10):
        opened.page.keyboard.press("Tab")
        expect(popup).to_be_visible()
        if item.count():
            return item.first
        expect(popup).to_contain_text("loading, try again")
        opened.page.keyboard.press("Escape")
        expect(popup).to_have_count(0)
        opened.page.wait_for_timeout(200)
    raise AssertionError(f"{wanted} is not offered")


def _picture(opened: Notebook, name: str) -> None:
    SHOWN.mkdir(parents=True, exist_ok=True)
    opened.page.screenshot(path=SHOWN / f"{name}.png")


def test_a_service_is_put_in_whole(opened: Notebook) -> None:
    cell = _typed(opened, "%kproxy kube-system/ela")
    item = _tab_until(opened, "elasticsearch-logging")
    expect(item).to_contain_text("service")  # the kind, beside the name
    _picture(opened, "completion-service")
    opened.page.keyboard.press("Enter")
    expect(cell).to_have_text("%kproxy kube-system/elasticsearch-logging")
    opened.page.keyboard.type(" _cat/")
    _tab_until(opened, "aliases")
    _picture(opened, "completion-path")
    opened.page.keyboard.type("ind")  # Lab narrows the list by what is typed on
    opened.page.keyboard.press("Enter")
    expect(cell).to_have_text("%kproxy kube-system/elasticsearch-logging _cat/indices")
    assert (opened.errors, opened.outside) == ([], [])


def test_a_query_in_a_cell(opened: Notebook) -> None:
    cell = _typed(opened, "%%kproxy monitoring/prometheus api/v1/query -q query=@-\nsum by (job) (rate(http_re")
    item = _tab_until(opened, "http_requests_total")
    expect(item).to_contain_text("metric")
    _picture(opened, "completion-query")
    opened.page.keyboard.type("quests")
    opened.page.keyboard.press("Enter")
    opened.page.keyboard.type("[5m]))")
    expect(cell).to_contain_text("sum by (job) (rate(http_requests_total[5m]))")
    opened.command("notebook:run-cell")
    expect(opened.output(1).locator("table")).to_contain_text("web")
    _picture(opened, "completion-query-ran")
    assert (opened.errors, opened.outside) == ([], [])
