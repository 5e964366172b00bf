"""The panel as a person uses it: by mouse, by keyboard alone, in a hostile world, and what must never happen to it."""

from __future__ import annotations

import json
import secrets
import subprocess
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from own_cluster import OwnCluster, own_cluster
from panel_world import HOSTILE, MANY, panel_world

from .conftest import PICTURES, Lab, Notebook, written
from .panel_page import PanelPage, expect, timed

CELLS = "() => window.jupyterapp.shell.currentWidget.content.widgets.length"
FOCUSED = "() => document.activeElement.closest('.kproxy-panel') ? document.activeElement.getAttribute('aria-label') || (document.activeElement.labels || [])[0]?.textContent || document.activeElement.textContent : null"  # noqa: E501 - one expression
SELECTED = "() => window.getSelection().toString()"
ELASTIC = "kube-system/elasticsearch-logging"
SOURCE = "() => window.jupyterapp.shell.currentWidget.content.widgets[2].model.sharedModel.source"
IN_PANEL = "document.activeElement.closest('.kproxy-panel') !== null"


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnCluster]:
    with own_cluster(tmp_path_factory.mktemp("own"), {"me": "a-token-of-mine"}) as running:
        yield running


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with panel_world(tmp_path_factory.mktemp("world")) as kubeconfig:
        yield kubeconfig


def test_by_mouse(notebook: Callable[..., Notebook], demo: Any) -> None:
    one = PanelPage(notebook, demo.kubeconfig)
    timed("extension loaded, %kproxy use, panel run and shown", one.shown_s)
    assert [one.picked(label) for label in ("Namespace", "Kind", "Method")] == ["All namespaces", "Service", "GET"]
    entry = one.entry("Service", "monitoring/prometheus")
    assert entry == "monitoring/prometheus · 1/1 ready · Prometheus"
    started = time.monotonic()
    one.pick("Service", "monitoring/prometheus")
    expect(one.text("URL")).to_contain_text("services/prometheus:web/proxy/")
    timed("a service picked, URL updated", time.monotonic() - started)
    expect(one.panel).to_contain_text("you may GET monitoring/prometheus:web")
    started = time.monotonic()
    one.button("Scrape targets").click()  # asks at once
    expect(one.panel.locator("table tbody tr").first).to_be_visible()
    timed("a ready question pressed, table shown", time.monotonic() - started)
    expect(one.panel).to_contain_text("→ df_prometheus")
    one.pick("Known paths", "api/v1/query ·")
    one.field("query").fill("up")
    expect(one.text("Line")).to_contain_text("df_prometheus = %kproxy monitoring/prometheus api/v1/query -q query=up")
    expect(one.panel.locator(".kproxy-old")).to_be_visible()  # the answer of another question
    started = time.monotonic()
    one.button("Fetch").click()
    expect(one.panel.locator(".kproxy-heading")).to_contain_text("-q query=up")
    timed("Fetch pressed, table shown", time.monotonic() - started)
    expect(one.panel.locator(".kproxy-old")).to_have_count(0)
    expect(one.panel.locator(".kproxy-bars tr").first).to_be_visible()
    one.field("Search rows").fill("node-1")
    expect(one.panel.locator(".kproxy-table tbody tr")).to_have_count(1)
    one.picture("panel-by-mouse")
    one.calm()


def test_texts_are_copied_and_put_into_a_cell(notebook: Callable[..., Notebook], demo: Any) -> None:
    one = PanelPage(notebook, demo.kubeconfig, f"{ELASTIC} _search -q q=user:kimchy")
    expect(one.text("Line")).to_contain_text("kimchy")
    expect(one.text("Line")).to_be_hidden()
    one.unfold()
    for name, part in (("URL", "q=user"), ("Line", "%kproxy"), ("Python", "cluster.frame("), ("kubectl", "--raw")):
        one.text(name).click()
        selected = one.page.evaluate(SELECTED)
        assert part in selected and " ".join(selected.split()) == " ".join(one.text(name).inner_text().split())
        one.panel.get_by_role("button", name=f"Copy: {name}").click()
    cells = one.page.evaluate(CELLS)
    one.panel.get_by_role("button", name="Insert as cell below: Python").click()
    below = one.page.locator(".jp-Notebook .jp-Cell").nth(2)
    expect(below.locator(".cm-content")).to_contain_text("cluster.frame(")
    assert one.page.evaluate(CELLS) == cells + 1
    source = one.page.evaluate(
        "() => window.jupyterapp.shell.currentWidget.content.widgets[2].model.sharedModel.source"
    )
    assert source.strip() == one.text("Python").inner_text().strip()
    one.picture("panel-inserted")
    one.calm()


def test_files_are_saved(notebook: Callable[..., Notebook], demo: Any) -> None:
    one = PanelPage(notebook, demo.kubeconfig, f"{ELASTIC} _cat/indices?format=json")
    one.button("Fetch").click()
    one.button("CSV file").click()
    with one.page.expect_download() as download:
        one.panel.get_by_role("link", name="Save df_elasticsearch_logging.csv").click()
    assert download.value.suggested_filename == "df_elasticsearch_logging.csv"
    assert "docs.count" in download.value.path().read_text().splitlines()[0]
    one.calm()


# What stands where on the screen, in pixels: the page's place in it, and a control's place in the page.
PLACE = """list => {
    const box = list.getBoundingClientRect()
    const top = window.screenY + window.outerHeight - window.innerHeight
    return [window.screenX + box.left + box.width / 2, top + box.top + box.height / 2, box.height]
}"""


def test_every_list_opens_whole_and_is_picked_from_by_mouse_and_by_keyboard(
    notebook: Callable[..., Notebook], demo: Any, display: str
) -> None:
    """With the pointer and keys of the screen, as a hand would: a native list is a window of its own."""
    one = PanelPage(notebook, demo.kubeconfig)

    def screen(*words: str) -> None:
        subprocess.run(["xdotool", *words], env={"DISPLAY": display}, check=True, timeout=20)

    one.entry("Service", "monitoring/prometheus")
    for label in ("Service", "Method", "Ask", "Kind", "Namespace", "Context"):
        second = one.list(label).locator("option").nth(1).inner_text().replace("\xa0", " ")
        x, y, height = one.list(label).evaluate(PLACE)
        screen("mousemove", str(int(x)), str(int(y)), "click", "1")
        one.page.wait_for_timeout(500)  # until the list is a window on the screen
        screen("mousemove", str(int(x)), str(int(y + height * 1.5)), "click", "1")
        for _ in range(50):
            if one.picked(label) == second:
                break
            one.page.wait_for_timeout(100)
        assert one.picked(label) == second
    one.picture("panel-picked-by-pointer")
    keyboard = one.page.keyboard
    for label, begin in (("Context", "demo"), ("Namespace", "monitoring"), ("Kind", "Service"), ("Ask", "Once")):
        one.list(label).focus()
        keyboard.type(begin)  # type-ahead
        expect(one.list(label).locator("option:checked")).to_contain_text(begin.split()[0])
    one.entry("Service", "prometheus")
    one.list("Service").focus()
    keyboard.press("ArrowDown")
    expect(one.text("URL")).to_contain_text("services/prometheus:web/proxy/")
    one.calm()


def test_by_keyboard_alone(notebook: Callable[..., Notebook], demo: Any) -> None:
    """Every control is reached by Tab, in the order in which it is read; no key of it acts on the notebook."""
    one = PanelPage(notebook, demo.kubeconfig, f"{ELASTIC} _search")
    expect(one.field("size")).to_be_visible()
    expect(one.panel).to_contain_text("you may GET")
    keyboard, cells = one.page.keyboard, one.page.evaluate(CELLS)
    one.list("Context").focus()
    seen = []
    while (name := one.page.evaluate(FOCUSED)) is not None and len(seen) < 40:
        seen.append(name.lstrip("▸▾ "))
        keyboard.press("Tab")
    wanted = "Context Namespace Kind Service Port".split()
    wanted += ["Cluster health", "Known paths", "Method", "Path", "Fetch", "q", "size", "Add to query"]
    wanted += ["Body, options and variable", "The request as URL, line, Python and kubectl", "Ask"]
    assert [name for name in seen if name in wanted] == wanted
    for label in ("Namespace", "Kind", "Service", "Method", "Ask"):  # keys of a focused list stay in it
        one.list(label).focus()
        for key in ("b", "a", "d", "d", "Escape"):
            keyboard.press(key)
        assert one.page.evaluate(IN_PANEL)
    assert one.page.evaluate(CELLS) == cells
    one.opened.page.wait_for_timeout(300)
    one.list("Kind").focus()
    keyboard.type("Service")
    one.list("Namespace").focus()
    keyboard.type("All")
    one.list("Service").focus()
    keyboard.type("kube-system/elastic")  # type-ahead
    expect(one.text("Line")).to_contain_text(ELASTIC)
    one.list("Method").focus()
    keyboard.type("GET")
    one.button("Cluster health").focus()
    keyboard.press("Space")
    expect(one.panel).to_contain_text("200 OK")
    expect(one.text("Line")).to_contain_text("_cluster/health")
    one.field("Path").focus()
    keyboard.press("Enter")
    expect(one.panel).to_contain_text("200 OK")
    one.field("Add to query").focus()
    keyboard.type("pretty=true&human=true")
    keyboard.press("Enter")
    expect(one.field("human")).to_have_value("true")
    one.button("Fetch").focus()
    keyboard.press("Enter")
    expect(one.panel.locator(".kproxy-heading")).to_contain_text("human=true")
    assert one.page.evaluate(IN_PANEL)
    assert one.page.evaluate(CELLS) == cells
    one.calm()


def test_what_a_screen_reader_is_told(notebook: Callable[..., Notebook], demo: Any) -> None:
    one = PanelPage(notebook, demo.kubeconfig, f"{ELASTIC} _search -q q=user:kimchy")
    expect(one.panel).to_contain_text("you may GET")
    one.button("Fetch").click()
    expect(one.panel.get_by_role("status").filter(has_text="200 OK")).to_be_visible()
    tree = one.panel.aria_snapshot()
    for label in ("Context", "Namespace", "Kind", "Service", "Port", "Method", "Sort by"):
        assert f'combobox "{label}"' in tree, tree
    for label in ("Path", "q", "Add to query", "Search rows"):
        assert f'"{label}"' in tree, tree
    for part in ('button "Fetch"', 'button "CSV file"', "status:", 'region "Rows of the answer"', "columnheader"):
        assert part in tree, tree
    assert 'text: ""' not in tree
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
    one = PanelPage(notebook, demo.kubeconfig, f"{ELASTIC} _search -q q=user", HISTORY)
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
    one = PanelPage(notebook, own.kubeconfig, "own/echo things/1")
    expect(one.text("URL")).to_contain_text("things/1")
    one.pick("Method", "DELETE")
    send = one.button("Send DELETE to me own/echo")
    expect(send).to_be_visible()
    expect(one.button("Fetch")).to_be_hidden()
    own.seen.clear()
    for name in ("Path", "Options"):
        one.field(name).focus()
        one.page.keyboard.press("Enter")
    one.field("Body").fill('{"really": true}')
    expect(one.text("Line")).to_contain_text("-X DELETE -d '{\"really\": true}'")
    assert own.seen == []
    allow, cells = one.field("Allow this DELETE"), one.page.evaluate(CELLS)
    expect(send).to_be_disabled()
    allow.focus()
    one.page.keyboard.press("Enter")
    expect(allow).not_to_be_checked()
    one.page.keyboard.press("Space")
    expect(send).to_be_enabled()
    assert own.seen == []
    one.page.keyboard.press("Tab")
    expect(send).to_be_focused()
    one.page.keyboard.press("Space")
    expect(one.panel).to_contain_text("200 OK")
    expect(allow).not_to_be_checked()
    assert [(asked["method"], asked["body"]) for asked in own.seen] == [("DELETE", '{"really": true}')]
    assert one.page.evaluate(IN_PANEL)
    one.page.keyboard.press("d")
    one.page.keyboard.press("d")
    assert one.page.evaluate(CELLS) == cells
    one.calm()


def test_a_request_is_told_of_and_ended_and_goes_on_while_a_cell_runs(
    notebook: Callable[..., Notebook], lab: Lab, own: OwnCluster
) -> None:
    cell = (
        "import pathlib, time\nprint('begun')\nwhile not pathlib.Path('go').exists(): time.sleep(0.1)\nprint('ended')"
    )
    one = PanelPage(notebook, own.kubeconfig, "own/echo hangs", cell)
    expect(one.text("URL")).to_contain_text("hangs")
    one.button("Fetch").click()
    expect(one.panel.get_by_role("status").filter(has_text="1 s")).to_be_visible()
    one.button("Cancel").click()
    expect(one.panel).to_contain_text("Cancelled.")
    expect(one.button("Cancel")).to_be_hidden()
    expect(one.button("Fetch")).to_be_focused()
    # What is asked before a cell runs is answered while it runs.
    one.field("Path").fill("slow")
    expect(one.text("URL")).to_contain_text("slow")
    one.button("Fetch").click()
    expect(one.button("Cancel")).to_be_visible()
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
    one = PanelPage(notebook, world, "first/hostile", again)
    expect(one.panel).to_contain_text("<img src=x")  # what the label says, as text
    assert HOSTILE[:20] in one.entry("Context", "<img")
    one.pick("Context", "<img")
    # Whoever picks while the lists of the new context are on their way picks from the old ones.
    expect(one.list("Service").locator("option").first).to_contain_text("Choose one of 5,")
    one.pick("Namespace", "first")
    one.pick("Service", "hostile")
    one.pick("Method", "DELETE")
    expect(one.panel.get_by_role("button", name="Send DELETE to <img")).to_be_visible()
    one.pick("Method", "GET")
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
        mine.get_by_label("Options", exact=True).evaluate(
            "(field, text) => { field.value = text; field.dispatchEvent(new Event('input', {bubbles: true})) }", options
        )
        expect(mine.locator("dd").first).to_contain_text(f"/{word}")
        mine.get_by_role("button", name="Fetch").click()
        expect(mine).to_contain_text("<script>window.hacked")
    assert one.page.locator(".kproxy-panel img, .kproxy-panel script, .kproxy-panel iframe").count() == 0
    one.picture("panel-hostile")
    one.calm()


def test_thousands_of_services_are_filtered(notebook: Callable[..., Notebook], world: str) -> None:
    one = PanelPage(notebook, world)
    started = time.monotonic()
    expect(one.list("Service").locator("option").nth(MANY)).to_be_attached()
    timed(f"{MANY} services listed", time.monotonic() - started)
    started = time.monotonic()
    one.field("Find service").focus()
    one.page.keyboard.type("service-4990")
    expect(one.list("Service").locator("option")).to_have_count(3)  # no choice, that one, and to type a name
    timed(f"{MANY} services: 12 keys typed, list filtered", time.monotonic() - started)
    expect(one.field("Find service")).to_have_value("service-4990")
    started = time.monotonic()
    one.page.keyboard.press("Enter")
    expect(one.text("URL")).to_contain_text("services/service-4990")
    timed(f"{MANY} services: Enter in the filter, URL updated", time.monotonic() - started)
    one.field("Find service").fill("")
    expect(one.list("Service").locator("option").nth(MANY)).to_be_attached()
    assert one.picked("Service").startswith("many/service-4990")  # marked in the whole list
    one.picture("panel-thousands")
    one.calm()


def test_where_lists_are_refused_a_name_is_typed(notebook: Callable[..., Notebook], demo: Any) -> None:
    one = PanelPage(notebook, demo.kubeconfig)
    one.pick("Context", "nobody")
    expect(one.panel).to_contain_text("You may not list the services of all namespaces here; you can type a name.")
    one.field("Service").fill("shop/web")
    expect(one.panel).to_contain_text("you may not GET shop/web")
    one.picture("panel-refused")
    one.calm()


def test_reopened_without_a_kernel_it_says_what_it_was(notebook: Callable[..., Notebook], lab: Lab, demo: Any) -> None:
    one = PanelPage(notebook, demo.kubeconfig, "shop/web 'a<b'")
    expect(one.text("URL")).to_contain_text("a%3Cb")
    one.field("Path").fill("stats?a<b")
    expect(one.text("URL")).to_contain_text("stats")
    one.button("Fetch").click()
    expect(one.panel.locator(".kproxy-heading")).to_contain_text("stats?a<b")
    fallback = one.page.locator(".kproxy-fallback")
    expect(fallback).to_contain_text("stats?a<b")  # the last request
    expect(fallback).to_be_hidden()
    one.opened.command("docmanager:save")
    one.page.wait_for_function("!window.jupyterapp.shell.currentWidget.context.model.dirty")
    path = one.page.evaluate("() => window.jupyterapp.shell.currentWidget.context.path")
    saved = json.loads((lab.root / path).read_text())
    data = saved["cells"][1]["outputs"][0]["data"]
    assert "kproxy panel: shop/web a<b" in "".join(data["text/plain"])
    one.page.evaluate("() => { window.jupyterapp.shell.currentWidget.sessionContext.shutdown(); return null }")
    one.page.reload()
    expect(fallback).to_be_visible()
    expect(fallback).to_contain_text("this cell again")
    expect(fallback).to_contain_text("%kproxy panel shop/web stats?a<b")
    one.picture("panel-reopened")
    one.calm()


COUNT = """import warnings, ipywidgets
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    print("widgets:", len(ipywidgets.Widget.widgets))"""


def test_a_cell_run_again_leaves_no_widget_behind(notebook: Callable[..., Notebook], demo: Any) -> None:
    one = PanelPage(notebook, demo.kubeconfig, "shop/web stats", COUNT)
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
    one = PanelPage(notebook, demo.kubeconfig, "shop/web stats")
    expect(one.text("URL")).to_contain_text("stats")
    fallback = one.page.locator(".kproxy-fallback")
    expect(fallback).to_be_hidden()
    one.page.evaluate("() => { window.jupyterapp.shell.currentWidget.sessionContext.restartKernel(); return null }")
    expect(fallback).to_be_visible()
    expect(fallback).to_contain_text("this cell again")
    expect(fallback).to_contain_text("%kproxy panel shop/web stats")
    expect(one.button("Fetch")).to_be_hidden()
    one.picture("panel-restarted")
    one.calm()


ELSEWHERE = f"{ELASTIC} _search -q q=user:kimchy"


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
    known = panel.get_by_label("Known paths", exact=True).and_(page.locator("select"))
    known.select_option(label=known.locator("option").filter(has_text="_count").first.inner_text())
    expect(panel.locator("dd").first).to_contain_text("/_count")
    path = panel.get_by_label("Path", exact=True).and_(page.locator("input"))
    path.fill("_search?q=user:kimchy")
    expect(panel.locator("dd").first).to_contain_text("/_search")
    panel.get_by_role("button", name="Fetch", exact=True).click()
    expect(panel.locator("table")).to_contain_text("kimchy")
    expect(page.locator(".kproxy-fallback")).to_be_hidden()
    assert page.evaluate("() => document.documentElement.scrollWidth <= window.innerWidth")
    page.screenshot(path=PICTURES / f"panel-{where.split('/')[0]}.png")
    assert errors == []
    context.close()
