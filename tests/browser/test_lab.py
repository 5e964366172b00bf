"""The magic in a real notebook, as a person sees it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from own_cluster import OwnCluster, own_cluster

from .conftest import Lab, Notebook

expect = pytest.importorskip("playwright.sync_api", reason="playwright is not installed").expect


@pytest.fixture
def kubeconfig(lab: Lab) -> None:
    """One context, where the kernels look for it; nothing listens at its server."""
    file = lab.home / ".kube" / "config"
    file.parent.mkdir(exist_ok=True)
    cluster = {"name": "nowhere", "cluster": {"server": "https://127.0.0.1:9"}}
    context = {"name": "a-context", "context": {"cluster": "nowhere", "user": "somebody", "namespace": "shop"}}
    user = {"name": "somebody", "user": {"token": "a-secret"}}
    told = {"clusters": [cluster], "contexts": [context], "users": [user], "current-context": "a-context"}
    file.write_text(json.dumps({"apiVersion": "v1", "kind": "Config"} | told))


@pytest.mark.usefixtures("kubeconfig")
def test_a_line_shows_a_frame(notebook: Callable[..., Notebook]) -> None:
    opened = notebook("%load_ext kubeaccess_magic", "%kproxy contexts")
    opened.command("notebook:run-all-cells")
    expect(opened.output(1).locator("table")).to_contain_text("a-context")
    expect(opened.output(0)).to_have_count(0)
    expect(opened.page.locator("body")).not_to_contain_text("a-secret")
    assert (opened.errors, opened.outside) == ([], [])


SHOWN = Path("build/browser")  # pictures of what a person sees, for whoever wants to look
HOSTILE_CELLS = ("rows", "text", "html -o text", "html -o reply")
HOSTILE_ERRORS = ("html", "fails")


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnCluster]:
    with own_cluster(tmp_path_factory.mktemp("own"), {"me": "a-token-of-mine"}) as running:
        yield running


def _picture(opened: Notebook, name: str) -> None:
    SHOWN.mkdir(parents=True, exist_ok=True)
    opened.page.screenshot(path=SHOWN / f"{name}.png")


def _theme(opened: Notebook, name: str) -> None:
    opened.page.evaluate(
        "name => { window.jupyterapp.commands.execute('apputils:change-theme', {theme: name}); return null }", name
    )
    expect(opened.page.locator("body")).to_have_attribute("data-jp-theme-name", name)


@pytest.mark.parametrize("theme", ["JupyterLab Light", "JupyterLab Dark"])
def test_the_first_minutes(notebook: Callable[..., Notebook], theme: str) -> None:
    """What a new user types: the extension, a demo, what there is, data, one answer as it came, a slip."""
    elastic = "kube-system/elasticsearch-logging"
    opened = notebook(
        "%load_ext kubeaccess_magic\n%kproxy demo",
        "%kproxy",
        "%kproxy services -A",
        f"%kproxy {elastic} _search?q=user:kimchy",
        f"%kproxy {elastic} _cluster/health?pretty=true -o reply",
        f"%kproxy {elastic}x",
        f"%kproxy can {elastic} --as viewer",
        "%kproxy demo stop",
    )
    _theme(opened, theme)
    opened.command("notebook:run-all-cells")
    # A cell that fails ends the run: the two behind it are run by hand.
    expect(opened.output(5)).to_contain_text("NotFound: no service is called elasticsearch-loggingx")
    expect(opened.output(0)).to_have_count(2)  # what to type next, and the Cluster
    expect(opened.output(0).nth(1)).to_contain_text("<Cluster demo")
    expect(opened.output(1)).to_have_count(2)  # where, at once; then what is there
    expect(opened.output(1).nth(0)).to_contain_text("namespace default")
    expect(opened.output(1).locator("tbody tr")).to_have_count(5)
    expect(opened.output(1).nth(1)).to_contain_text("%kproxy kube-system/kibana-logging")
    expect(opened.output(2).locator("table")).to_contain_text("monitoring/prometheus")
    expect(opened.output(3).nth(0)).to_contain_text("10 of 492 hits; --limit all for the rest")
    expect(opened.output(3).locator("table")).to_contain_text("kimchy")
    expect(opened.output(4)).to_contain_text("200 OK")
    expect(opened.output(4)).to_contain_text("kubernetes_logging")
    for cell in range(6):
        opened.page.locator(".jp-Notebook .jp-Cell").nth(cell).scroll_into_view_if_needed()
        _picture(opened, f"{theme.split()[-1].lower()}-{cell}")
    opened.page.locator(".jp-Notebook .jp-Cell").nth(6).locator(".cm-content").click()
    opened.command("notebook:run-cell-and-select-next")
    expect(opened.output(6)).to_contain_text("kind: Role")
    _picture(opened, f"{theme.split()[-1].lower()}-6")
    opened.command("notebook:run-cell")
    assert (opened.errors, opened.outside) == ([], [])


def test_what_an_app_says_is_text_and_runs_nothing(notebook: Callable[..., Notebook], own: OwnCluster) -> None:
    cells = [f"%kproxy own/echo {words}" for words in HOSTILE_CELLS]
    cells += [f"from IPython import get_ipython\ntry:\n    %kproxy own/echo {words}\nexcept Exception:\n"
              "    get_ipython().showtraceback()" for words in HOSTILE_ERRORS]  # fmt: skip
    first = f"%load_ext kubeaccess_magic\n%kproxy use --kubeconfig {own.kubeconfig};"
    opened = notebook(first, *cells, "print('the end')")
    opened.command("notebook:run-all-cells")
    expect(opened.output(len(cells) + 1)).to_contain_text("the end")
    for cell in range(1, 5):
        expect(opened.output(cell).first).to_contain_text("<script>window.hacked")
    assert opened.page.locator(".jp-OutputArea-output img, .jp-OutputArea-output script").count() == 0
    assert opened.page.evaluate("window.hacked === undefined")
    _picture(opened, "hostile")
    # Saved, and opened again as a notebook that is trusted.
    opened.command("docmanager:save")
    opened.page.wait_for_function("!window.jupyterapp.shell.currentWidget.context.model.dirty")
    opened.page.reload()
    expect(opened.output(1).first).to_contain_text("<script>window.hacked")
    assert opened.page.evaluate("window.hacked === undefined")
    assert (opened.errors, opened.outside) == ([], [])
