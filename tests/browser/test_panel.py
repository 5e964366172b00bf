"""The panel as a person uses it: by mouse, by keyboard alone, in a hostile world, and what must never happen to it."""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from own_cluster import OwnCluster, own_cluster
from panel_world import HOSTILE, MANY, panel_world

from .conftest import PICTURES, Lab, Notebook, written

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
expect = playwright.expect
expect.set_options(timeout=20_000)  # a busy machine is no fault

CELLS = "() => window.jupyterapp.shell.currentWidget.content.widgets.length"
FOCUSED = "() => document.activeElement.closest('.kproxy-panel') ? document.activeElement.getAttribute('aria-label') || (document.activeElement.labels || [])[0]?.textContent || document.activeElement.textContent : null"  # noqa: E501 - one expression
SELECTED = "() => window.getSelection().toString()"
UNTOUCHED = "window.hacked === undefined"


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnCluster]:
    with own_cluster(tmp_path_factory.mktemp("own"), {"me": "a-token-of-mine"}) as running:
        yield running


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with panel_world(tmp_path_factory.mktemp("world")) as kubeconfig:
        yield kubeconfig


class Shown:
    """A panel in an open notebook, its last cell but those of `more`."""

    def __init__(self, notebook: Callable[..., Notebook], kubeconfig: str, line: str = "", *more: str) -> None:
        first = f"%load_ext kubeaccess_magic\n%kproxy use --kubeconfig {kubeconfig};"
        self.opened = notebook(first, f"%kproxy panel {line}", *more)
        self.page = self.opened.page
        self.panel = self.page.locator(".kproxy-panel")
        started = time.monotonic()
        self.opened.command("notebook:run-all-cells") if not more else self._run_two()
        expect(self.field("Context")).to_be_visible()
        self.shown_s = time.monotonic() - started

    def _run_two(self) -> None:
        self.page.locator(".jp-Notebook .jp-Cell").nth(0).locator(".cm-content").click()
        for _ in range(2):
            self.opened.command("notebook:run-cell-and-select-next")

    def field(self, label: str) -> Any:
        return self.panel.get_by_label(label, exact=True).and_(self.page.locator("input, textarea"))

    def button(self, name: str) -> Any:
        return self.panel.get_by_role("button", name=name, exact=True)

    def run(self, cell: int) -> None:
        """Run one more cell, with the panel above it in use."""
        self.page.locator(".jp-Notebook .jp-Cell").nth(cell).locator(".cm-content").click()
        self.opened.command("notebook:run-cell")

    def text(self, name: str) -> Any:
        """One of the four texts: URL, Line, Python, kubectl."""
        return self.panel.locator("dt", has_text=name).locator("xpath=following-sibling::dd[1]/code")

    def calm(self) -> None:
        """Nothing ran that should not, and nothing was asked of anybody else."""
        assert (self.opened.errors, self.opened.outside) == ([], [])
        assert self.page.evaluate(UNTOUCHED)


def timed(name: str, seconds: float) -> None:
    """Keep what was measured beside the pictures; nothing is asserted about it."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    file = PICTURES / "panel-timings.json"
    known = json.loads(file.read_text()) if file.exists() else {}
    file.write_text(json.dumps(known | {name: round(seconds, 3)}, indent=1))


def test_by_mouse(notebook: Callable[..., Notebook], demo: Any) -> None:
    one = Shown(notebook, demo.kubeconfig)
    timed("extension loaded, %kproxy use, panel run and shown", one.shown_s)
    expect(one.field("Namespace")).to_have_attribute("placeholder", "default")
    expect(one.field("Service")).to_have_value("")
    one.field("Namespace").click()
    one.field("Namespace").fill("monitoring")
    expect(one.page.locator("datalist option[value^='prometheus']")).to_have_attribute(
        "value", "prometheus · 1/1 ready · Prometheus"
    )
    started = time.monotonic()
    one.field("Service").fill("prometheus · 1/1 ready · Prometheus")  # as the browser does when it is picked
    expect(one.text("URL")).to_contain_text("services/prometheus:web/proxy/")
    timed("a name picked, URL updated", time.monotonic() - started)
    expect(one.field("Service")).to_have_value("prometheus")
    expect(one.panel).to_contain_text("1/1 ready")
    expect(one.panel).to_contain_text("you may GET monitoring/prometheus:web")
    one.button("Targets that are down").click()
    expect(one.field("query")).not_to_have_value("")
    one.field("query").fill("up")
    started = time.monotonic()
    expect(one.text("Line")).to_contain_text("df_prometheus = %kproxy monitoring/prometheus api/v1/query -q query=up")
    timed("a query typed, line updated", time.monotonic() - started)
    for name, part in (("URL", "query=up"), ("Line", "%kproxy"), ("Python", "cluster.frame("), ("kubectl", "--raw")):
        one.text(name).click()
        selected = one.page.evaluate(SELECTED)
        assert part in selected and " ".join(selected.split()) == " ".join(one.text(name).inner_text().split())
    one.button("Fetch").click()
    expect(one.panel).to_contain_text("200 OK")
    expect(one.panel).to_contain_text("→ df_prometheus")
    expect(one.panel.locator("table tbody tr").first).to_be_visible()
    one.panel.locator(".kproxy-clear:visible").nth(1).click()  # of the name
    expect(one.field("Service")).to_have_value("")
    expect(one.field("Path")).to_have_value("")
    one.calm()


def test_by_keyboard_alone(notebook: Callable[..., Notebook], demo: Any) -> None:
    """Every control is reached by Tab, in the order in which it is read; no key of it acts on the notebook."""
    one = Shown(notebook, demo.kubeconfig, "kube-system/elasticsearch-logging _search")
    expect(one.field("size")).to_be_visible()
    expect(one.panel).to_contain_text("you may GET")
    keyboard, cells = one.page.keyboard, one.page.evaluate(CELLS)
    one.field("Context").focus()
    seen = []
    while (name := one.page.evaluate(FOCUSED)) is not None and len(seen) < 40:
        seen.append(name)
        for key in ("b", "a", "ArrowDown", "d", "d", "Escape") if name in ("Port", "Variable") else ():
            keyboard.press(key)
        keyboard.press("Tab")
    wanted = ["Context", "Namespace", "Kind", "Service", "Port", "Method", "Cluster health", "Path", "q", "size"]
    assert [name for name in seen if name in wanted] == wanted
    assert seen[-4:] == ["Add to query", "Options", "Variable", "Fetch"]
    assert one.page.evaluate(CELLS) == cells
    for name in ("Port", "Variable"):
        expect(one.field(name)).to_have_value("badd")
        one.field(name).focus()
        keyboard.press("Control+a")
        keyboard.press("Delete")
    one.field("Service").focus()
    keyboard.press("Control+a")
    keyboard.type("elasticsearch-logging")
    one.button("Cluster health").focus()
    keyboard.press("Space")
    expect(one.text("Line")).to_contain_text("_cluster/health")
    one.field("Path").focus()
    keyboard.press("Enter")
    expect(one.panel).to_contain_text("200 OK")
    one.field("Add to query").focus()
    keyboard.type("pretty=true")
    keyboard.press("Enter")
    expect(one.field("pretty")).to_have_value("true")
    one.button("Fetch").focus()
    keyboard.press("Enter")
    expect(one.text("URL")).to_contain_text("pretty=true")
    expect(one.panel).to_contain_text("200 OK")
    assert one.page.evaluate(CELLS) == cells
    one.calm()


# Every message from the page to the kernel takes so long as over a slow link.
SLOW_LINK = """
const send = WebSocket.prototype.send
WebSocket.prototype.send = function (data) { setTimeout(() => send.call(this, data), 150) }
null
"""
HISTORY = "list(get_ipython().find_line_magic('kproxy')('history')['path'])"


def test_what_is_asked_is_what_is_typed_over_a_slow_link(notebook: Callable[..., Notebook], demo: Any) -> None:
    """The page holds back what is typed while an earlier key is being processed, and sends Enter at once."""
    one = Shown(notebook, demo.kubeconfig, "kube-system/elasticsearch-logging _search -q q=user", HISTORY)
    one.page.evaluate(SLOW_LINK)
    for act in ("Enter", "Fetch"):
        one.field("q").fill("user")
        expect(one.text("URL")).to_contain_text("q=user")
        one.field("q").focus()
        one.page.keyboard.press("End")
        one.page.keyboard.type(":kimchy")
        one.page.keyboard.press("Enter") if act == "Enter" else one.button("Fetch").click()
        expect(one.panel.locator(".kproxy-heading")).to_contain_text("-q q=user:kimchy")
        expect(one.panel.locator("table")).to_contain_text("kimchy")
        one.field("q").fill("")
        expect(one.panel.locator("dd").first).not_to_contain_text("kimchy")
    one.run(2)
    expect(one.opened.output(2)).to_contain_text("'/_search?q=user%3Akimchy'")
    asked = one.opened.output(2).inner_text()
    assert "kimch'" not in asked and "user'" not in asked, asked
    one.calm()


def test_what_changes_something_needs_its_own_button(notebook: Callable[..., Notebook], own: OwnCluster) -> None:
    one = Shown(notebook, own.kubeconfig, "own/echo things/1")
    expect(one.text("URL")).to_contain_text("things/1")
    one.field("Method").fill("DELETE")
    send = one.button("Send DELETE to me own/echo")
    expect(send).to_be_visible()
    expect(one.button("Fetch")).to_be_hidden()
    own.seen.clear()
    for name in ("Path", "Service", "Options", "Method"):
        one.field(name).focus()
        one.page.keyboard.press("Enter")
    one.field("Body").fill('{"really": true}')
    expect(one.text("Line")).to_contain_text("-X DELETE -d '{\"really\": true}'")
    assert own.seen == []
    allow, cells = one.field("Allow this DELETE"), one.page.evaluate(CELLS)
    expect(send).to_be_disabled()
    one.field("Variable").focus()
    one.page.keyboard.press("Tab")
    expect(allow).to_be_focused()
    one.page.keyboard.press("Enter")
    expect(allow).not_to_be_checked()
    allow.focus()
    one.page.keyboard.press("Space")
    expect(send).to_be_enabled()
    assert own.seen == []
    one.page.keyboard.press("Tab")
    expect(send).to_be_focused()
    one.page.keyboard.press("Space")
    expect(one.panel).to_contain_text("200 OK")
    expect(allow).not_to_be_checked()
    assert [(asked["method"], asked["body"]) for asked in own.seen] == [("DELETE", '{"really": true}')]
    assert one.page.evaluate(CELLS) == cells
    one.calm()


def test_a_request_is_told_of_and_ended_and_goes_on_while_a_cell_runs(
    notebook: Callable[..., Notebook], lab: Lab, own: OwnCluster
) -> None:
    cell = (
        "import pathlib, time\nprint('begun')\nwhile not pathlib.Path('go').exists(): time.sleep(0.1)\nprint('ended')"
    )
    one = Shown(notebook, own.kubeconfig, "own/echo hangs", cell)
    expect(one.text("URL")).to_contain_text("hangs")
    one.button("Fetch").click()
    expect(one.panel.get_by_role("status")).to_contain_text("1 s")
    expect(one.button("Fetch")).to_be_disabled()
    one.button("Cancel").click()
    expect(one.panel).to_contain_text("The request was ended.")
    expect(one.button("Cancel")).to_be_hidden()
    # What is asked before a cell runs is answered while it runs.
    one.field("Path").fill("slow")
    expect(one.text("URL")).to_contain_text("slow")
    one.button("Fetch").click()
    one.run(2)
    expect(one.opened.output(2)).to_contain_text("begun")
    expect(one.panel).to_contain_text("200 OK")
    one.field("Path").fill("many")  # the page goes on; the kernel answers when it can
    assert "ended" not in one.opened.output(2).inner_text()
    (lab.root / "go").touch()
    expect(one.opened.output(2)).to_contain_text("ended")
    expect(one.text("URL")).to_contain_text("/many")
    one.calm()


def test_a_hostile_world(notebook: Callable[..., Notebook], world: str, own: OwnCluster) -> None:
    """Names, labels, contexts and replies with HTML and script in them: nothing runs, and nobody else is asked."""
    again = f"%kproxy use --kubeconfig {own.kubeconfig};\n%kproxy panel own/echo rows"
    one = Shown(notebook, world, "first/hostile", again)
    expect(one.panel).to_contain_text("<img src=x")  # what the label says, as text
    contexts = one.page.locator("datalist option[value*='window.hacked']")
    expect(contexts.first).to_be_attached()
    one.field("Context").fill(HOSTILE)
    expect(one.panel).to_contain_text("Choose a service")
    one.field("Namespace").fill("first")
    one.field("Service").fill("hostile")
    one.field("Method").fill("DELETE")
    expect(one.panel.get_by_role("button", name="Send DELETE to <img")).to_be_visible()
    one.field("Method").fill("")
    one.field("Path").fill(f"a?{HOSTILE}")
    one.field("Variable").fill(HOSTILE)
    expect(one.panel).to_contain_text("cannot be the name of a variable")
    one.field("Variable").fill("")
    expect(one.text("Line")).to_contain_text("<script>")
    one.field("Add to query").fill(f"{HOSTILE.split('=')[0]}=b")
    one.page.keyboard.press("Enter")
    one.button("Fetch").click()
    expect(one.panel.get_by_role("alert")).to_be_visible()  # nothing runs behind it
    one.run(2)
    for path in ("rows", "text", "fails", "html -o text"):
        mine = one.page.locator(".kproxy-panel").nth(1)
        word, _, options = path.partition(" ")
        mine.get_by_label("Path", exact=True).and_(one.page.locator("input")).fill(word)
        mine.get_by_label("Options", exact=True).fill(options)
        expect(mine.locator("dd").first).to_contain_text(f"/{word}")
        mine.get_by_role("button", name="Fetch").click()
        expect(mine).to_contain_text("<script>window.hacked")
    assert one.page.locator(".kproxy-panel img, .kproxy-panel script, .kproxy-panel iframe").count() == 0
    one.page.screenshot(path=PICTURES / "panel-hostile.png")
    one.calm()


def test_thousands_of_services_are_typed_through(notebook: Callable[..., Notebook], world: str) -> None:
    one = Shown(notebook, world, "first/web")
    expect(one.page.locator("datalist option[value^='80 ']")).to_be_attached()
    one.field("Namespace").fill("second")  # has one of that name, too: what stands below it is its own
    expect(one.text("URL")).to_contain_text("/namespaces/second/services/web/proxy/")
    expect(one.page.locator("datalist option[value^='8080 ']")).to_be_attached()
    one.field("Namespace").fill("many")
    expect(one.field("Service")).to_have_value("")
    name = f"service-{MANY - 1:04}"
    one.field("Service").focus()
    started = time.monotonic()
    one.page.keyboard.type(name)  # while the names are still coming: what was typed stays
    expect(one.field("Service")).to_have_value(name)
    expect(one.text("URL")).to_contain_text(f"services/{name}")
    timed(f"{MANY} services: {len(name)} keys typed while they come, URL updated", time.monotonic() - started)
    expect(one.page.locator(f"datalist option[value='{name} · 0/0 ready · web']")).to_be_attached()
    expect(one.field("Service")).to_have_value(name)
    one.page.keyboard.press("Control+a")
    started = time.monotonic()
    one.page.keyboard.type("service-2500")
    expect(one.text("URL")).to_contain_text("services/service-2500")
    timed(f"{MANY} services: 12 keys typed through, URL updated", time.monotonic() - started)
    expect(one.field("Service")).to_have_value("service-2500")
    one.page.keyboard.press("Control+a")
    one.page.keyboard.press("Delete")
    expect(one.field("Service")).to_have_attribute("placeholder", f"{MANY:,} here; type a part of it")
    one.page.keyboard.type("4990")  # somewhere in the name
    expect(one.page.locator("datalist option[value^='service-4990']")).to_be_attached()
    one.calm()


def test_reopened_without_a_kernel_it_says_what_it_was(notebook: Callable[..., Notebook], lab: Lab, demo: Any) -> None:
    one = Shown(notebook, demo.kubeconfig, "shop/web 'a<b'")
    expect(one.text("URL")).to_contain_text("a%3Cb")
    one.opened.command("docmanager:save")
    one.page.wait_for_function("!window.jupyterapp.shell.currentWidget.context.model.dirty")
    path = one.page.evaluate("() => window.jupyterapp.shell.currentWidget.context.path")
    saved = json.loads((lab.root / path).read_text())
    data = saved["cells"][1]["outputs"][0]["data"]
    assert "kproxy panel: shop/web a<b" in "".join(data["text/plain"])
    fallback = one.page.locator(".kproxy-fallback")
    expect(fallback).to_be_hidden()
    one.page.evaluate("() => { window.jupyterapp.shell.currentWidget.sessionContext.shutdown(); return null }")
    one.page.reload()
    expect(fallback).to_be_visible()
    expect(fallback).to_contain_text("this cell again")
    expect(fallback).to_contain_text("%kproxy panel shop/web a<b")
    one.page.screenshot(path=PICTURES / "panel-reopened.png")
    one.calm()


COUNT = """import warnings, ipywidgets
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    print("widgets:", len(ipywidgets.Widget.widgets))"""


def test_a_cell_run_again_leaves_no_widget_behind(notebook: Callable[..., Notebook], demo: Any) -> None:
    one = Shown(notebook, demo.kubeconfig, "shop/web stats", COUNT)
    counts = set()
    for _ in range(3):
        expect(one.text("URL")).to_contain_text("stats")
        one.run(2)
        expect(one.opened.output(2)).to_contain_text("widgets:")
        counts.add(one.opened.output(2).inner_text())
        one.run(1)
        expect(one.panel).to_have_count(1)
    assert len(counts) == 1
    one.calm()


def test_after_a_restart_it_says_what_to_run(notebook: Callable[..., Notebook], demo: Any) -> None:
    one = Shown(notebook, demo.kubeconfig, "shop/web stats")
    expect(one.text("URL")).to_contain_text("stats")
    fallback = one.page.locator(".kproxy-fallback")
    expect(fallback).to_be_hidden()
    one.page.evaluate("() => { window.jupyterapp.shell.currentWidget.sessionContext.restartKernel(); return null }")
    expect(fallback).to_be_visible()
    expect(fallback).to_contain_text("this cell again")
    expect(fallback).to_contain_text("%kproxy panel shop/web stats")
    expect(one.button("Fetch")).to_be_hidden()
    one.page.screenshot(path=PICTURES / "panel-restarted.png")
    one.calm()


ELSEWHERE = "kube-system/elasticsearch-logging _search -q q=user:kimchy"


@pytest.mark.parametrize(("where", "width"), [("notebooks", 1000), ("voila/render", 400)])
def test_in_notebook_7_and_in_voila(browser: Any, lab: Lab, demo: Any, where: str, width: int) -> None:
    """Served by the same server. In Voila the page is really 400 px wide, and there are no cells to run."""
    name = f"{secrets.token_hex(4)}.ipynb"
    first = f"%load_ext kubeaccess_magic\n%kproxy use --kubeconfig {demo.kubeconfig};\n%kproxy panel {ELSEWHERE}"
    (lab.root / name).write_text(json.dumps(written((first,))))
    context = browser.new_context(viewport={"width": width, "height": 1400})
    page, errors = context.new_page(), []
    page.set_default_timeout(40_000)
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(f"{lab.url}/{where}/{name}?token={lab.token}")
    if where == "notebooks":
        page.locator(".jp-Notebook .jp-Cell .cm-content").first.click()
        expect(page.locator(".jp-Notebook-ExecutionIndicator").first).to_have_attribute("data-status", "idle")
        errors.clear()  # those of Notebook 7 itself, which finds no settings of its own in Lab's server
        page.keyboard.press("Control+Enter")
    panel = page.locator(".kproxy-panel")
    expect(panel.locator("dd").first).to_contain_text("q=user%3Akimchy")
    expect(panel).to_contain_text("you may GET")
    path = panel.get_by_label("Path", exact=True).and_(page.locator("input"))
    path.fill("_count")
    expect(panel.locator("dd").first).to_contain_text("/_count")
    path.fill("_search")
    expect(panel.locator("dd").first).to_contain_text("/_search")
    panel.get_by_role("button", name="Fetch", exact=True).click()
    expect(panel.locator("table")).to_contain_text("kimchy")
    expect(page.locator(".kproxy-fallback")).to_be_hidden()
    assert page.evaluate("() => document.documentElement.scrollWidth <= window.innerWidth")
    page.screenshot(path=PICTURES / f"panel-{where.split('/')[0]}.png")
    assert errors == []
    context.close()
