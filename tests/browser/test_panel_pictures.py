"""What the panel looks like, light and dark and 400 px wide; kept as pictures for whoever wants to look."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from .conftest import Notebook
from .panel_page import PanelPage, expect

LINE = "kube-system/elasticsearch-logging _search -q q=user:kimchy -q size=50"
MEASURED = """() => {
    const panel = document.querySelector('.kproxy-panel')
    const inside = [...panel.querySelectorAll('*')].filter(one => one.checkVisibility())
    const edge = panel.getBoundingClientRect().right + 1
    return {
        width: panel.getBoundingClientRect().width,
        over: inside.filter(one => !one.closest('.kproxy-table, .kproxy-bars, svg'))
                    .filter(one => one.getBoundingClientRect().right > edge)
                    .map(one => one.className || one.tagName),
        scrolls: inside.filter(one => ['auto', 'scroll'].includes(getComputedStyle(one).overflowY)
                                      && one.scrollHeight > one.clientHeight + 1
                                      && !one.matches('textarea, select, .kproxy-table'))
                       .map(one => one.className || one.tagName),
    }
}"""


RANGE = "monitoring/prometheus api/v1/query_range -q query=up -q start=-1h"


@pytest.mark.parametrize(("name", "line", "drawn"), [("hits", LINE, "kimchy"), ("chart", RANGE, "kube-dns")])
def test_it_fits_and_follows_the_theme(
    notebook: Callable[..., Notebook], demo: Any, name: str, line: str, drawn: str
) -> None:
    one = PanelPage(notebook, demo.kubeconfig, line)
    page = one.page
    page.set_viewport_size({"width": 1280, "height": 1500})
    expect(one.panel).to_contain_text("you may GET")
    one.button("Fetch").click()
    expect(one.panel).to_contain_text("200 OK")
    expect(one.panel.locator(".kproxy-table table")).to_contain_text(drawn)
    one.unfold()
    for theme in ("JupyterLab Light", "JupyterLab Dark"):
        page.evaluate(
            "name => { window.jupyterapp.commands.execute('apputils:change-theme', {theme: name}); return null }", theme
        )
        expect(page.locator("body")).to_have_attribute("data-jp-theme-name", theme)
        for width, suffix in ((1280, ""), (400, "-narrow")):
            page.evaluate(
                "width => { const panel = document.querySelector('.kproxy-panel');"
                "panel.style.maxWidth = width < 1000 ? width + 'px' : ''; panel.scrollIntoView() }",
                width,
            )
            one.picture(f"panel-{name}-{theme.split()[-1].lower()}{suffix}")
            measured = page.evaluate(MEASURED)
            assert (measured["over"], measured["scrolls"]) == ([], []), (theme, width)
            assert measured["width"] <= width
    one.calm()
