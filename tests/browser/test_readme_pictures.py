"""The two pictures of the README, taken of the demo cluster; `make pictures` puts them into docs/pictures."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from .conftest import PICTURES, Notebook

expect = pytest.importorskip("playwright.sync_api", reason="playwright is not installed").expect

LINE = "kube-system/elasticsearch-logging _search?q=user:kimchy"
COLUMNS = '["@timestamp", "user", "level", "message"]'


def test_a_cell_and_the_panel(notebook: Callable[..., Notebook]) -> None:
    opened = notebook(
        "%load_ext kubeaccess_magic\n%kproxy demo",
        f"hits = %kproxy {LINE}\nhits[{COLUMNS}].head()",
        f"%kproxy panel {LINE}",
    )
    opened.page.set_viewport_size({"width": 1000, "height": 1500})
    opened.command("notebook:run-all-cells")
    panel = opened.page.locator(".kproxy-panel")
    expect(panel).to_contain_text("you may GET", timeout=40_000)
    panel.get_by_role("button", name="Fetch").click()
    expect(panel.locator("table")).to_contain_text("kimchy", timeout=20_000)
    PICTURES.mkdir(parents=True, exist_ok=True)
    panel.screenshot(path=PICTURES / "readme-panel.png")
    cell = opened.page.locator(".jp-Notebook .jp-Cell").nth(1)
    expect(cell).to_contain_text("kimchy")
    cell.screenshot(path=PICTURES / "readme-cell.png")
    assert (opened.errors, opened.outside) == ([], [])
