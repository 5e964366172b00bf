"""The main walk through the panel in Firefox: pick, ask, read."""

from __future__ import annotations

import json
import secrets
import shutil
import subprocess
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


def test_the_main_walk(lab: Lab, demo: Any, display: str, tmp_path: Path) -> None:
    program = shutil.which("firefox-esr") or shutil.which("firefox")
    if not program:
        pytest.skip("Firefox is not installed")
    name = f"{secrets.token_hex(4)}.ipynb"
    first = f"%load_ext kubeaccess_magic\n%kproxy use --kubeconfig {demo.kubeconfig};"
    (lab.root / name).write_text(json.dumps(written((first, "%kproxy panel"))))
    with firefox(program, display, tmp_path) as page:
        page.open(f"{lab.url}/doc/tree/{name}?token={lab.token}")
        page.until("document.querySelector('.jp-Notebook .jp-Cell .cm-content') !== null")
        page.click("document.querySelector('.jp-Notebook .jp-Cell .cm-content')")  # Lab asks who has the focus
        page.until(f"({READY})()")
        page.evaluate("(window.jupyterapp.commands.execute('notebook:run-all-cells'), null)")
        service = control("Service")
        page.until(f"{service}?.textContent.includes('monitoring/prometheus')")
        assert page.evaluate(f"{control('Namespace')}.selectedOptions[0].textContent").split() == ["All", "namespaces"]
        _pick_by_pointer(page, display)
        page.until(f"{control('Method')}.value == 'HEAD'")
        cells = page.evaluate(CELLS)
        page.evaluate(f"({control('Method')}.focus(), null)")
        page.type("Gbdd")  # GET by its first key; what is no first key of an entry goes nowhere
        page.evaluate(f"({service}.focus(), null)")
        page.type("monitoring/prom")
        page.until(f"{TEXT}.includes('you may GET monitoring/prometheus:web')")
        page.click(
            "[...document.querySelectorAll('.kproxy-panel button')].find(b => b.textContent == 'What is scraped')"
        )
        page.until("document.querySelectorAll('.kproxy-table tbody tr').length > 0")
        assert page.evaluate(CELLS) == cells
        page.picture(PICTURES / "panel-firefox.png")
        assert "df_prometheus" in page.evaluate(TEXT)


def _pick_by_pointer(page: Any, display: str) -> None:
    """Open the list of methods, and pick the second, by the pointer of the screen."""
    x, y, height = page.evaluate(
        f"(e => {{ e.scrollIntoView({{block: 'center'}}); const b = e.getBoundingClientRect(); return ["
        f"window.mozInnerScreenX + b.x + b.width / 2, window.mozInnerScreenY + b.y + b.height / 2, b.height] }})"
        f"({control('Method')})"
    )
    for down in (0.0, height * 1.5):
        words = ["mousemove", str(int(x)), str(int(y + down)), "sleep", "0.3", "click", "1", "sleep", "0.7"]
        subprocess.run(["xdotool", *words], env={"DISPLAY": display}, check=True, timeout=20)
