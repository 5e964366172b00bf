"""The main walk through the panel in Firefox: pick, ask, read."""

from __future__ import annotations

import json
import secrets
import shutil
from pathlib import Path
from typing import Any

import pytest

from .conftest import PICTURES, READY, Lab, written
from .firefox import firefox

CONTROL = (
    "(label => [...document.querySelectorAll('.kproxy-panel label')].filter(l => l.textContent == label)"
    ".map(l => l.control).find(c => c && c.checkVisibility()))('{}')"
)
BUTTON = "[...document.querySelectorAll('.kproxy-panel button')].find(b => b.textContent == '{}')"
TEXT = "document.querySelector('.kproxy-panel')?.textContent"
CELLS = "window.jupyterapp.shell.currentWidget.content.widgets.length"


def control(label: str) -> str:
    return CONTROL.format(label)


def test_the_main_walk(lab: Lab, demo: Any, tmp_path: Path) -> None:
    program = shutil.which("firefox-esr") or shutil.which("firefox")
    if not program:
        pytest.skip("Firefox is not installed")
    name = f"{secrets.token_hex(4)}.ipynb"
    first = f"%load_ext kubeaccess_magic\n%kproxy use --kubeconfig {demo.kubeconfig};"
    (lab.root / name).write_text(json.dumps(written((first, "%kproxy panel"))))
    with firefox(program, tmp_path) as page:
        page.open(f"{lab.url}/doc/tree/{name}?token={lab.token}")
        page.until("document.querySelector('.jp-Notebook .jp-Cell .cm-content') !== null")
        page.click("document.querySelector('.jp-Notebook .jp-Cell .cm-content')")
        # Lab works with what had the focus last, and a window without a screen has none.
        page.evaluate("(document.querySelector('.jp-Cell .cm-content').dispatchEvent(new FocusEvent('focus')), null)")
        page.until(f"({READY})()")
        page.evaluate("(window.jupyterapp.commands.execute('notebook:run-all-cells'), null)")
        service = control("Service")
        page.until(f"{service}?.textContent.includes('monitoring/prometheus')")
        assert page.evaluate(f"{control('Namespace')}.selectedOptions[0].textContent").split() == ["All", "namespaces"]
        cells = page.evaluate(CELLS)
        page.evaluate(f"({control('Method')}.focus(), null)")
        page.type("H")
        page.until(f"{control('Method')}.selectedOptions[0].textContent == 'HEAD'")
        page.type("bdd")  # commands of the notebook, which get nothing of it
        page.evaluate(f"({service}.focus(), null)")
        page.type("moni")
        page.until(f"{TEXT}.includes('monitoring/prometheus:web')")
        page.click(
            "[...document.querySelectorAll('.kproxy-panel button')].find(b => b.textContent == 'Scrape targets')"
        )
        page.until("document.querySelectorAll('.kproxy-table tbody tr').length > 0")
        assert page.evaluate(CELLS) == cells
        page.picture(PICTURES / "panel-firefox.png")
        assert "df_prometheus" in page.evaluate(TEXT)
