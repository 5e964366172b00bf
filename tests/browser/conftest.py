"""`notebook`: a notebook opened in a real JupyterLab on loopback, in a page of the system's chromium.

Lab and chromium are started once for the whole run. They need the extra `browser`, Xvfb, and chromium on PATH or its
path in $CHROMIUM. Tests skip with the reason where something is missing; with CI=true a skip here is a failure.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import secrets
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Locator, Page

PICTURES = Path("build/browser")  # of tests that failed
START_LIMIT_S = 40.0
LOOPBACK = re.compile(r"(https?|wss?)://127\.0\.0\.1[:/]|data:|blob:")
CHROMIUM_FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
SETTINGS = {  # every cell drawn, no news or update question, no autosave behind the test's back
    "notebook-extension/tracker": {"windowingMode": "none"},
    "apputils-extension/notification": {"checkForUpdates": False, "fetchNews": "false", "doNotDisturbMode": True},
    "docmanager-extension/plugin": {"autosave": False},
}
READY = """() => {
    const widget = window.jupyterapp && window.jupyterapp.shell.currentWidget
    const context = widget && widget.sessionContext
    const kernel = context && context.session && context.session.kernel
    return !!(context && context.isReady && kernel
              && kernel.connectionStatus === 'connected' && kernel.status === 'idle')
}"""
COMMAND = (
    "name => { window.jupyterapp.commands.execute(name); return null }"  # a promise would be awaited, without limit
)


@dataclass(frozen=True)
class Lab:
    """A running JupyterLab. `home` is the kernels' home directory: what is written there, they find."""

    url: str
    token: str
    root: Path
    home: Path


@dataclass(frozen=True)
class Notebook:
    """An open notebook whose kernel can run cells."""

    page: Page
    errors: list[str] = field(default_factory=list)  # of scripts in the page
    outside: list[str] = field(default_factory=list)  # requests that were not for this machine

    def command(self, name: str) -> None:
        """Run a command of Lab, such as `notebook:run-all-cells`."""
        self.page.evaluate(COMMAND, name)

    def output(self, cell: int) -> Locator:
        """What stands under the cell, counted from 0; a bar that was shown for a moment stays there, hidden."""
        return self.page.locator(".jp-Notebook .jp-Cell").nth(cell).locator(".jp-OutputArea-output:not(.lm-mod-hidden)")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker("browser")
            item.add_marker(pytest.mark.timeout(180))  # of one, with the start of Lab and chromium on a busy machine


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if os.environ.get("CI") == "true" and report.skipped and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"skipped, which CI=true does not allow: {report.longrepr}"
    if call.when == "call":
        item.stash[FAILED] = report.failed
    return report


FAILED = pytest.StashKey[bool]()


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """A JupyterLab with nothing of the developer's own configuration, Jupyter's or Kubernetes'."""
    pytest.importorskip("jupyterlab", reason="JupyterLab is not installed")
    root, home = tmp_path_factory.mktemp("notebooks"), tmp_path_factory.mktemp("home")
    for name, value in SETTINGS.items():
        file = home / "settings" / "@jupyterlab" / f"{name}.jupyterlab-settings"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(value))
    folders = {"CONFIG": "config", "DATA": "data", "RUNTIME": "run"}
    environment = {name: value for name, value in os.environ.items() if name not in ("KUBECONFIG", "JUPYTER_PATH")}
    environment |= {f"JUPYTER_{name}_DIR": str(home / folder) for name, folder in folders.items()}
    environment |= {f"JUPYTERLAB_{name.upper()}_DIR": str(home / name) for name in ("settings", "workspaces")}
    environment |= {"HOME": str(home), "IPYTHONDIR": str(home / "ipython")}
    token = secrets.token_hex(16)
    options = [
        "--no-browser",
        "--allow-root",
        "--ServerApp.ip=127.0.0.1",
        "--ServerApp.port=0",  # the real one is in jpserver-*.json: no race
        f"--IdentityProvider.token={token}",
        f"--ServerApp.root_dir={root}",
        "--LabApp.expose_app_in_browser=True",  # window.jupyterapp, without which READY never holds
        "--LabApp.news_url=None",
        "--LabApp.extension_manager=readonly",
    ]
    with (home / "lab.log").open("w") as log:
        command = [sys.executable, "-m", "jupyterlab", *options]
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=log, start_new_session=True)
    try:
        yield Lab(wait_for_url(process, home, token), token, root, home)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)  # its own process group: the kernels are in it
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait(5)


def wait_for_url(process: subprocess.Popen[bytes], home: Path, token: str) -> str:
    end = time.monotonic() + START_LIMIT_S
    while time.monotonic() < end and process.poll() is None:
        for file in (home / "run").glob("jpserver-*.json"):
            with contextlib.suppress(OSError, ValueError):
                url: str = json.loads(file.read_text())["url"]
                urllib.request.urlopen(f"{url}api/status?token={token}", timeout=2).close()
                return url.rstrip("/")
        time.sleep(0.1)
    raise RuntimeError("JupyterLab did not start:\n" + (home / "lab.log").read_text())


@pytest.fixture(scope="session")
def display() -> Iterator[str]:
    """A screen of its own: a headless browser draws no native list, and handles no key in one."""
    if not shutil.which("Xvfb"):
        pytest.skip("Xvfb is not installed")
    read, write = os.pipe()
    command = ["Xvfb", "-displayfd", str(write), "-screen", "0", "1600x1600x24", "-nolisten", "tcp"]
    process = subprocess.Popen(command, pass_fds=[write], stderr=subprocess.DEVNULL)
    os.close(write)
    try:
        with os.fdopen(read) as numbers:
            yield f":{numbers.readline().strip()}"
    finally:
        process.terminate()
        process.wait(10)


@pytest.fixture(scope="session")
def browser(display: str) -> Iterator[Browser]:
    """The system's chromium, on a screen of its own."""
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    chromium = os.environ.get("CHROMIUM") or shutil.which("chromium")
    if not chromium:
        pytest.skip("chromium is not installed")
    environment = {**os.environ, "DISPLAY": display}
    with playwright.sync_playwright() as started:
        browser: Browser = started.chromium.launch(
            executable_path=chromium, args=CHROMIUM_FLAGS, headless=False, env=environment
        )
        yield browser
        browser.close()


def written(sources: tuple[str, ...]) -> dict[str, object]:
    """A notebook as its file has it."""
    rest: dict[str, object] = {"cell_type": "code", "metadata": {}, "outputs": [], "execution_count": None}
    cells = [rest | {"id": f"cell-{number}", "source": source} for number, source in enumerate(sources)]
    kernel = {"name": "python3", "display_name": "Python 3 (ipykernel)", "language": "python"}
    return {"nbformat": 4, "nbformat_minor": 5, "metadata": {"kernelspec": kernel}, "cells": cells}


@pytest.fixture
def notebook(request: pytest.FixtureRequest, browser: Browser, lab: Lab) -> Iterator[Callable[..., Notebook]]:
    """`notebook(*sources)` writes a notebook of these cells and opens it; a test that fails leaves a picture."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    page.set_default_timeout(30_000)
    opened = Notebook(page)
    page.on("pageerror", lambda error: opened.errors.append(str(error)))
    page.on("request", lambda one: opened.outside.extend([one.url] if not LOOPBACK.match(one.url) else []))

    def open_notebook(*sources: str) -> Notebook:
        name = f"{secrets.token_hex(4)}.ipynb"
        (lab.root / name).write_text(json.dumps(written(sources)))
        page.goto(f"{lab.url}/doc/tree/{name}?token={lab.token}")
        page.wait_for_selector(".jp-Notebook .jp-Cell")
        page.wait_for_function(READY)  # the kernel indicator says "idle" too early: running then asks for a kernel
        return opened

    yield open_notebook
    if request.node.stash.get(FAILED, False):
        PICTURES.mkdir(parents=True, exist_ok=True)
        picture = PICTURES / (re.sub(r"\W+", "-", request.node.name) + ".png")
        page.screenshot(path=picture)
        print(f"picture: {picture}, errors: {opened.errors}, outside: {opened.outside}")
    context.close()
