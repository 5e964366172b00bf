"""What the panel looks like, light and dark and 400 px wide; kept as pictures for whoever wants to look."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from .conftest import PICTURES, Notebook

expect = pytest.importorskip("playwright.sync_api", reason="playwright is not installed").expect

expect.set_options(timeout=20_000)  # a busy machine is no fault

LINE = "kube-system/elasticsearch-logging _search -q q=user:kimchy -q size=50"
MEASURED = """() => {
    const panel = document.querySelector('.kproxy-panel')
    const inside = [...panel.querySelectorAll('*')].filter(one => one.checkVisibility())
    const edge = panel.getBoundingClientRect().right + 1
    return {
        width: panel.getBoundingClientRect().width,
        over: inside.filter(one => !one.closest('.kproxy-table') && one.getBoundingClientRect().right > edge)
                    .map(one => one.className || one.tagName),
        scrolls: inside.filter(one => ['auto', 'scroll'].includes(getComputedStyle(one).overflowY)
                                      && one.scrollHeight > one.clientHeight + 1 && one.tagName != 'TEXTAREA')
                       .map(one => one.className || one.tagName),
    }
}"""


def test_it_fits_and_follows_the_theme(notebook: Callable[..., Notebook], demo: Any) -> None:
    opened = notebook(
        f"%load_ext kubeaccess_magic\n%kproxy use --kubeconfig {demo.kubeconfig};", f"%kproxy panel {LINE}"
    )
    opened.page.set_viewport_size({"width": 1280, "height": 1250})
    opened.command("notebook:run-all-cells")
    panel = opened.page.locator(".kproxy-panel")
    expect(panel).to_contain_text("you may GET")
    panel.get_by_role("button", name="Fetch").click()
    expect(panel).to_contain_text("200 OK")
    expect(panel.locator("table")).to_contain_text("kimchy")
    PICTURES.mkdir(parents=True, exist_ok=True)
    for theme in ("JupyterLab Light", "JupyterLab Dark"):
        opened.page.evaluate(
            "name => { window.jupyterapp.commands.execute('apputils:change-theme', {theme: name}); return null }", theme
        )
        expect(opened.page.locator("body")).to_have_attribute("data-jp-theme-name", theme)
        for width, name in ((1280, ""), (400, "-narrow")):
            opened.page.evaluate(
                "width => { const panel = document.querySelector('.kproxy-panel');"
                "panel.style.maxWidth = width < 1000 ? width + 'px' : ''; panel.scrollIntoView() }",
                width,
            )
            opened.page.screenshot(path=PICTURES / f"panel-{theme.split()[-1].lower()}{name}.png")
            measured = opened.page.evaluate(MEASURED)
            assert (measured["over"], measured["scrolls"]) == ([], []), (theme, width)
            assert measured["width"] <= width
    assert (opened.errors, opened.outside) == ([], [])
