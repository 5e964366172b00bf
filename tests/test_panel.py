"""The panel without a browser: what is chosen and written, what is asked, what is kept, and what is never in a widget.

A change by a user arrives as the front end sends it, through `set_state`; Enter and clicks as its messages.
"""

from __future__ import annotations

import base64
import io
import json
import re
import subprocess
import sys
import threading
import time
from pathlib import Path
from xml.etree import ElementTree

import ipywidgets
import pandas as pd
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from IPython.core.error import UsageError
from names_server import names_server, services, table
from own_cluster import HOSTILE, own_cluster, written_kubeconfig
from panel_world import panel_world

import kubeaccess_magic.panel
from kubeaccess_magic import Cluster
from kubeaccess_magic.errors import TargetError
from kubeaccess_magic.magics import KProxyMagics
from kubeaccess_magic.magics.open_panels import OpenPanels
from kubeaccess_magic.magics.paneling import MagicHost
from kubeaccess_magic.panel import API, State
from kubeaccess_magic.panel.chart import chart, drawn
from kubeaccess_magic.panel.page import Page
from kubeaccess_magic.panel.request_fields import added
from kubeaccess_magic.panel.table import Table
from kubeaccess_magic.panel.tree import close
from kubeaccess_magic.ways.proxy import api_path

ELASTIC = "kube-system/elasticsearch-logging"
TOKEN = "a-token-of-mine"


@pytest.fixture(scope="module")
def own(tmp_path_factory):
    with own_cluster(tmp_path_factory.mktemp("own"), {"me": TOKEN, "other": "another-token"}) as running:
        yield running


class Shown:
    """A panel, its host's variables and its magic; used as a user would."""

    def __init__(self, kubeconfig, line="", context=None, magics=None, **options):
        self.magics = magics or KProxyMagics(None)
        self.cluster = Cluster(context, kubeconfig=kubeconfig)
        self.magics._cluster = self.magics._cluster or self.cluster
        self.host = MagicHost(self.magics, self.cluster, {})
        self.panel = kubeaccess_magic.panel.Panel(self.host, self.host.read(line) if line else None, **options)

    def field(self, label):
        """The widget of that label, which is shown."""
        labelled = [one for one in widgets_of(self.panel) if getattr(one, "description", None) == label]
        found = [one for one in labelled if one.layout.display != "none"]
        assert labelled, label
        return (found or labelled)[0]

    def options(self, label):
        """What can be picked from a list."""
        return list(self.field(label).options)

    def pick(self, label, begin):
        """Pick the first entry of a list that begins so, once it is there."""
        self.until(lambda: any(option.startswith(begin) for option in self.options(label)))
        with self.panel._lock:  # so that no newer list comes between the look and the pick
            at = next(at for at, option in enumerate(self.options(label)) if option.startswith(begin))
            self.field(label).set_state({"index": at})

    def picked(self, label):
        """The entry that is picked."""
        return self.field(label).label

    def type(self, label, text):
        self.field(label).set_state({"value": text})

    def tick(self, label):
        self.field(label).set_state({"value": True})

    def enter(self, label):
        self.field(label)._handle_custom_msg({"event": "submit"}, [])

    def click(self, label):
        self.field(label)._handle_custom_msg({"event": "click"}, [])

    def text(self):
        return " ".join(one.value for one in widgets_of(self.panel) if isinstance(one, ipywidgets.HTML))

    def until(self, holds, timeout_s=20.0):
        end = time.monotonic() + timeout_s
        while not holds():
            assert time.monotonic() < end, self.text()[-1500:]
            time.sleep(0.01)

    def says(self, text):
        self.until(lambda: text in self.text())

    def asked(self):
        """Ask as it stands, and wait for the answer."""
        self.panel.submit()
        self.until(lambda: not self.panel.running)
        return self.panel

    def close(self):
        self.panel.close()
        self.magics.stop()


def widgets_of(widget):
    """A widget and all below it."""
    yield widget
    for child in getattr(widget, "children", ()):
        yield from widgets_of(child)


@pytest.fixture
def shown(request):
    """`shown(kubeconfig, line)` opens a panel; it is closed at the end."""
    opened = []

    def show(*arguments, **options):
        opened.append(Shown(*arguments, **options))
        return opened[-1]

    yield show
    for one in opened:
        one.close()


@pytest.fixture(scope="module")
def nowhere(tmp_path_factory):
    """A host for a cluster that nobody asks."""
    magics = KProxyMagics(None)
    magics._cluster = Cluster(kubeconfig=written_kubeconfig(tmp_path_factory.mktemp("nowhere"), "https://127.0.0.1:9"))
    return MagicHost(magics, magics._cluster, {"ns": "shop"})


# --- lines


@pytest.mark.parametrize(
    "line",
    [
        "web",
        "shop/web:80 stats",
        "svc/services a",
        "pod/shop/web-0:8080 metrics",
        "node/worker-1:10250 stats/summary",
        "https:web:443 a/b?c=d&e=%2F",
        "/apis/apps/v1/deployments?limit=3",
        "/api/v1/pods -n shop",
        "/api/v1/pods --selector app=web --all-namespaces",
        "web _search -q q=user:kimchy -q size=5",
        """web a -q 'query=sum by (job) (rate(x{a="b"}[5m]))'""",
        "web a -q match[]=up -q match[]=down -q empty=",
        "web a -X DELETE",
        "web a -X PUT -d '{\"a\": 1}'",
        "web a -d a=1",
        "web a --limit all --wide --rows a.b --timeout 3",
        "web a --output text --into hits",
        "web a -H X-Scope-OrgID:one",
        "web 'a b;' --limit 3",
        "web a -q query=${x} -d @file.json",
    ],
)
def test_a_line_opens_the_panel_and_comes_back(nowhere, line):
    state = nowhere.read(line)
    written = nowhere.line(state)
    assert nowhere.read(written) == state
    assert sorted(written.replace("'", "").split()) == sorted(line.replace("'", "").split())


def test_every_form_of_a_target_opens_it(nowhere):
    url = "http://prometheus.monitoring.svc:9090/api/v1/query?query=up"
    assert nowhere.line(nowhere.read(url)) == "monitoring/prometheus:9090 /api/v1/query?query=up"
    proxied = "/api/v1/namespaces/shop/services/https:web:443/proxy/stats"
    assert nowhere.line(nowhere.read(proxied)) == "shop/https:web:443 /stats"
    assert nowhere.line(nowhere.read("-n shop web stats")) == "shop/web stats"
    assert nowhere.line(nowhere.read("${ns}/web ${path}")) == "shop/web ${path}"
    assert nowhere.line(nowhere.read("df = %kproxy panel shop/web stats;")) == "shop/web stats"


def test_a_cell_opens_it_and_comes_back(nowhere):
    cell = "%%kproxy shop/web _search\n" + '{"query":\n {"it\'s": "both"}}'
    state = nowhere.read(cell)
    assert state.body.startswith('{"query"') and state.asks_by == "POST"
    assert "%%kproxy " + nowhere.line(state) == cell
    query = '%%kproxy shop/web query -q query=@-\nlabel_join(up{a=\'b\'}, "c", "-")'
    assert dict(nowhere.read(query).params)["query"].startswith("label_join")
    assert "%%kproxy " + nowhere.line(nowhere.read(query)) == query


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("services -A", "is a verb"),
        ("web a b", "unexpected words"),
        ("https://api.elsewhere.example.com:6443/api/v1/pods", "is not the API server of"),
        ("web -q nonsense", "NAME=VALUE"),
    ],
)
def test_what_is_no_question_is_refused(nowhere, line, said):
    with pytest.raises((UsageError, TargetError), match=said):
        nowhere.read(line)


TEXT = st.text("ab '\"{}=&%;?\\#$@-:é", max_size=10)
VALUES = TEXT.filter(lambda text: text.strip() not in ("@-",))
NAMES = st.from_regex(r"[a-z]([-a-z0-9]{0,6}[a-z0-9])?", fullmatch=True)


@given(
    namespace=NAMES | st.just(""),
    name=NAMES,
    port=st.sampled_from(["", "80", "web", "https:443"]),
    path=TEXT.map(lambda text: text.strip().lstrip("-#")),
    params=st.lists(st.tuples(NAMES, VALUES), max_size=2).map(tuple),
    method=st.sampled_from(["", "HEAD", "PUT"]),
    body=TEXT | st.just('{"a":\n"it\'s"}'),
    options=st.sampled_from(["", "--limit 3", "--wide --raw"]),
)
def test_whatever_is_typed_is_written_as_a_line_that_means_it(
    nowhere, namespace, name, port, path, params, method, body, options
):
    state = State(
        namespace=namespace,
        name=name,
        port=port,
        path=path,
        params=params,
        method=method,
        body=body if body.strip() else "",
        options=options,
    )
    try:
        line = nowhere.line(state)
    except TargetError as error:
        assert "both kinds of quotes" in str(error) or "no line can hold" in str(error)
        return
    read = nowhere.read(("%%kproxy " if "\n" in line else "") + line)
    assert State(**{**_fields(read), "options": options}) == state
    assert set(read.options.split()) == set(options.split())


def _fields(state):
    return {name: getattr(state, name) for name in State.__slots__}


# --- choosing


def test_it_is_made_of_core_widgets_that_have_labels(shown, demo):
    """An Output widget takes the prints of others; a control without a label is not read out."""
    panel = shown(demo.kubeconfig, f"{ELASTIC} _search").panel
    kinds = {type(one) for one in widgets_of(panel)} - {type(panel)}
    controls = {ipywidgets.Combobox, ipywidgets.Text, ipywidgets.Textarea, ipywidgets.Dropdown}
    controls |= {ipywidgets.Button, ipywidgets.Checkbox}
    assert kinds <= controls | {ipywidgets.Box, ipywidgets.HTML}
    for one in widgets_of(panel):
        if isinstance(one, tuple(controls)):
            assert one.description


def test_levels_fill_from_the_top_down(shown, demo):
    one = shown(demo.kubeconfig)
    assert one.panel.line == "" and one.panel.request is None
    assert (one.picked("Namespace"), one.picked("Kind"), one.picked("Method")) == ("All namespaces", "Service", "GET")
    one.pick("Namespace", "monitoring")
    one.until(lambda: "prometheus · 1/1 ready · Prometheus" in one.options("Service"))
    assert one.picked("Service").startswith("Choose one of ") and one.options("Service")[-1] == "Type a name …"
    one.pick("Service", "prometheus")
    assert one.picked("Service") == "prometheus · 1/1 ready · Prometheus"
    one.until(lambda: one.panel.request is not None)
    assert api_path(one.panel.request) == "/api/v1/namespaces/monitoring/services/prometheus:web/proxy/"
    one.until(lambda: one.picked("Port") == "web · 9090 · http")
    one.type("Path", "api/v1/query")
    one.until(lambda: one.panel.request.path == "/api/v1/query")
    one.type("query", "up")
    one.until(lambda: one.panel.request.query == "query=up")
    assert one.panel.line == "monitoring/prometheus api/v1/query -q query=up"
    one.says("kubectl --kubeconfig")
    one.says("cluster.frame(")
    one.says("df_prometheus = %kproxy monitoring/prometheus api/v1/query -q query=up")
    one.pick("Namespace", "kube-system")
    assert one.picked("Service").startswith("Choose one of ") and one.field("Path").value == ""
    assert one.panel.request is None


def test_services_of_all_namespaces_are_offered_ready_apps_first(shown, demo):
    one = shown(demo.kubeconfig)  # whose own namespace is empty
    one.until(lambda: "monitoring/prometheus · 1/1 ready · Prometheus" in one.options("Service"))
    offered = one.options("Service")[1:-1]
    ready = [" ready · " in option and "0/" not in option for option in offered]
    assert ready == sorted(ready, reverse=True) and ready[0]
    assert len({option.partition(" · ")[0] for option in offered}) == len(offered)  # each once
    one.pick("Service", "monitoring/prometheus")
    assert one.picked("Namespace") == "All namespaces"
    one.until(lambda: one.panel.request is not None)
    assert api_path(one.panel.request) == "/api/v1/namespaces/monitoring/services/prometheus:web/proxy/"
    one.until(lambda: one.options("Port") == ["web · 9090 · http", "Type a port …"])  # the one there is, once
    assert one.options("Service")[1:-1] == offered  # the whole list on every opening
    one.pick("Namespace", "monitoring")
    assert one.picked("Service").startswith("prometheus · ")  # it fits, and stays
    one.pick("Namespace", "All namespaces")
    assert one.picked("Service").startswith("monitoring/prometheus · ")


def test_two_namespaces_with_a_service_of_one_name(shown, tmp_path):
    """Replaced options with the same first value fire no event: a chain of observers goes stale."""
    with panel_world(tmp_path, many=3) as kubeconfig:
        one = shown(kubeconfig, "first/web stats")
        one.until(lambda: one.options("Port")[0] == "80 · http")
        one.pick("Namespace", "second")
        assert one.panel.line == "second/web stats"
        one.until(lambda: one.options("Port")[0] == "8080 · http")
        one.pick("Namespace", "first")
        assert one.panel.line == "first/web stats"
        one.until(lambda: one.options("Port")[0] == "80 · http")


def test_a_pick_means_the_list_that_the_page_shows(shown, demo):
    """A page tells a place in its list, and may have sent it before the newer list came."""
    one = shown(demo.kubeconfig)
    page = HiddenNumbers(one.panel)
    page.answers()
    one.until(lambda: len(one.options("Service")) > 5)
    page.answers()
    old = one.options("Service")
    one.panel.fill("kube-system/kube-dns")  # its namespace alone: a shorter list
    new = one.options("Service")
    assert new != old
    one.field("Service").set_state({"index": 1})
    name = old[1].partition(" · ")[0].rpartition("/")[2]
    assert one.panel.state.name == name
    page.answers()
    one.pick("Service", "Choose one")
    page.answers()
    one.field("Service").set_state({"index": 1})
    assert one.panel.state.name == one.options("Service")[1].partition(" · ")[0]


def test_a_long_list_has_a_filter(shown, tmp_path):
    with panel_world(tmp_path, many=100) as kubeconfig:
        one = shown(kubeconfig)
        one.until(lambda: len(one.options("Service")) > 100)
        whole = [option.partition(" · ")[0] for option in one.options("Service")]  # how many are ready is read later
        one.type("Find service", "e-0042")
        assert [option.partition(" · ")[0] for option in one.options("Service")[1:-1]] == ["many/service-0042"]
        one.enter("Find service")
        assert one.panel.state.name == "service-0042"
        one.type("Find service", "")
        assert [option.partition(" · ")[0] for option in one.options("Service")] == whole
        one.pick("Namespace", "first")
        assert one.field("Find service").layout.display == "none"


def test_where_names_may_not_be_listed_one_types_them(shown, demo):
    one = shown(demo.kubeconfig, context="nobody")
    one.says("You may not list the namespaces here; you can type a name.")
    one.says("You may not list the services of all namespaces here; you can type a name.")
    field = one.field("Service")
    assert isinstance(field, ipywidgets.Text)
    one.type("Service", "shop/web")
    one.until(lambda: one.panel.request is not None)
    assert one.panel.line == "shop/web"
    listed = shown(demo.kubeconfig)
    listed.until(lambda: len(listed.options("Service")) > 5)
    listed.pick("Service", "Type a name")
    assert isinstance(listed.field("Service"), ipywidgets.Text)
    listed.type("Service", "shop/web")
    listed.until(lambda: listed.panel.line == "shop/web")
    listed.click("Choose from the list")
    listed.until(lambda: listed.picked("Service").startswith("shop/web · "))


def many_names(path):
    """An API server of 300 namespaces with a service in each."""
    if path.startswith("/api/v1/namespaces?"):
        return table(*(f"ns-{number:03}" for number in range(300)))
    if path.startswith("/api/v1/services?"):
        items = [item for number in range(300) for item in services(f"ns-{number:03}", "web")[1]["items"]]
        return 200, {"kind": "ServiceList", "metadata": {}, "items": items}
    return 404, {}


def test_hundreds_of_namespaces_and_a_slow_server(shown, tmp_path):
    with names_server(many_names) as server:
        server.open.clear()
        one = shown(str(written_kubeconfig(tmp_path, server.url)))  # at once, though nothing answers
        assert one.picked("Service") == "Loading …" and one.picked("Namespace") == "All namespaces"
        server.open.set()
        one.until(lambda: len(one.options("Namespace")) == 302 and len(one.options("Service")) == 302)
        one.type("Find namespace", "-299")
        one.pick("Namespace", "ns-299")
        assert one.options("Service") == ["Choose one of 1 …", "web", "Type a name …"]


def test_a_server_that_cannot_be_reached_is_said(shown, tmp_path):
    one = shown(str(written_kubeconfig(tmp_path, "https://127.0.0.1:9")))
    one.says("The services of all namespaces cannot be listed now: ")
    assert isinstance(one.field("Service"), ipywidgets.Text)  # a name can be typed


def test_a_context_that_cannot_sign_in_says_so(shown, demo, tmp_path):
    plugin = {"apiVersion": "client.authentication.k8s.io/v1", "command": "/nowhere/login", "interactiveMode": "Never"}
    one = shown(str(written_kubeconfig(tmp_path, demo.server, {"exec": plugin})))
    one.says("Sign in to list the services of all namespaces, or type a name.")
    one.click("Sign in and list names")
    one.says("/nowhere/login")
    assert not one.panel.running and one.panel.frame is None


def test_signing_in_lists_the_names(shown, own, tmp_path):
    """Lists never run a plugin by themselves, since it could ask somebody to log in."""
    told = yaml.safe_load(Path(own.kubeconfig).read_text())
    credential = {"kind": "ExecCredential", "apiVersion": "client.authentication.k8s.io/v1", "status": {"token": TOKEN}}
    program = tmp_path / "plugin"
    program.write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\necho '{json.dumps(credential)}'\n")
    program.chmod(0o755)
    plugin = {"apiVersion": "client.authentication.k8s.io/v1", "command": str(program), "interactiveMode": "Never"}
    told["users"] = [{"name": user["name"], "user": {"exec": plugin}} for user in told["users"]]
    (tmp_path / "kubeconfig").write_text(json.dumps(told))
    one = shown(str(tmp_path / "kubeconfig"))
    one.says("Sign in to list the services of all namespaces, or type a name.")
    assert not (tmp_path / "ran").exists()
    one.click("Sign in and list names")
    one.until(lambda: one.field("Sign in and list names").layout.display == "none")
    one.until(lambda: isinstance(one.field("Service"), ipywidgets.Dropdown))
    one.pick("Service", "own/echo")
    assert one.panel.line == "own/echo"


def test_a_ready_question_asks_at_once(shown, demo):
    one = shown(demo.kubeconfig, ELASTIC)
    one.until(lambda: "Cluster health" in [getattr(w, "description", "") for w in widgets_of(one.panel)])
    one.click("Cluster health")
    one.until(lambda: one.panel.frame is not None and not one.panel.running)
    assert "_cluster/health" in one.panel.line and one.panel.asked == one.panel.line
    assert isinstance(one.panel.frame, pd.DataFrame)
    assert one.host.variables["df_elasticsearch_logging"] is one.panel.frame


def test_known_paths_are_offered(shown, demo):
    one = shown(demo.kubeconfig, f"{ELASTIC} _search")
    one.pick("Known paths", "_cluster/health")
    assert one.field("Path").value == "_cluster/health"
    one.type("Path", "elsewhere")
    assert one.picked("Known paths") == "Choose a path …"


@pytest.mark.parametrize(
    ("text", "params"),
    [
        ("pretty=true", [("pretty", "true")]),
        ("size=5&from=2", [("size", "5"), ("from", "2")]),
        ("query=rate(x[5m]) & up", [("query", "rate(x[5m]) & up")]),
        ("query=a==1", [("query", "a==1")]),
        ("alone", [("alone", "")]),
    ],
)
def test_what_is_added_to_the_query(text, params):
    assert added([("q", "a"), ("size", None)], text) == (
        *[pair for pair in [("q", "a"), ("size", None)] if pair[0] not in dict(params) or pair[1] is not None],
        *params,
    )


def test_a_parameter_of_any_name_can_be_added(shown, demo):
    one = shown(demo.kubeconfig, f"{ELASTIC} _search")
    one.type("Add to query", "pretty=true&human=true")
    assert one.field("Add to query").value == ""
    assert (one.field("pretty").value, one.field("human").value) == ("true", "true")
    assert one.panel.line == f"{ELASTIC} _search -q pretty=true -q human=true"


def test_a_time_range_is_picked(shown, demo):
    one = shown(demo.kubeconfig, "monitoring/prometheus api/v1/query_range -q query=up")
    one.until(lambda: one.field("Time range").layout.display is None and "start" in dict(one.panel.state.params))
    one.pick("Time range", "The last hour")
    assert one.panel.line == "monitoring/prometheus api/v1/query_range -q query=up -q start=-1h"
    one.asked()
    one.until(lambda: "<svg role='img'" in one.text())


def test_pods_and_nodes_are_offered_nodes_only_where_a_trait_allows_it(shown, demo):
    one = shown(demo.kubeconfig)
    assert "Node" not in one.options("Kind")
    one.panel.nodes = True
    assert "Node" in one.options("Kind")
    assert "Node" in shown(demo.kubeconfig, nodes=True).options("Kind")
    one.pick("Kind", "Pod")
    one.pick("Pod", "shop/web-")
    assert one.panel.line.startswith("pod/shop/web-")
    one.pick("Namespace", "shop")
    assert one.picked("Pod").startswith("web-")
    one.pick("Kind", "Node")
    one.pick("Node", "node-1")
    assert one.panel.line == "node/node-1"


def test_api_resources_are_offered_of_one_namespace_or_of_all(shown, demo):
    one = shown(demo.kubeconfig)
    one.pick("Kind", API)
    one.pick("Resource", "deployments · apps/v1")
    assert one.panel.line == "/apis/apps/v1/deployments"
    one.pick("Namespace", "shop")
    assert one.panel.line == "/apis/apps/v1/namespaces/shop/deployments"
    assert one.picked("Resource") == "deployments · apps/v1"
    assert len(one.asked().frame) > 0
    one.pick("Resource", "nodes · v1" if "nodes · v1" in one.options("Resource") else "nodes")
    assert one.panel.line == "/api/v1/nodes"


def test_what_is_missing_is_seen_before_asking(shown, demo):
    one = shown(demo.kubeconfig, "shop/web stats", context="nobody")
    one.says("you may not GET shop/web: missing get services/proxy")
    assert "resourceNames" in one.text()
    allowed = shown(demo.kubeconfig, f"{ELASTIC} _search")
    allowed.says("you may GET")
    allowed.says("1/1 ready")


def test_the_context_is_changed_within_the_panel(shown, demo):
    one = shown(demo.kubeconfig, "shop/web stats")
    one.pick("Context", "nobody")
    assert one.panel.line == ""  # nothing was chosen there yet
    one.says("You may not list the services of all namespaces here")
    one.type("Service", "shop/web")
    one.until(lambda: one.panel.request is not None)
    assert one.panel.line == "shop/web --context nobody"
    one.asked()
    one.says("%kproxy can shop/web --context nobody")  # the hint asks as this panel does
    one.pick("Context", "demo")
    assert one.panel.line == "shop/web stats"


def test_what_a_panel_does_not_send_is_refused_at_once(shown, demo):
    with pytest.raises(TargetError, match="does not send 'PURGE'"):
        shown(demo.kubeconfig, "shop/web -X PURGE")


def test_of_the_api_server_and_of_nobody(shown, demo):
    one = shown(demo.kubeconfig)
    assert one.field("Fetch").disabled  # nobody is chosen
    one.pick("Kind", API)
    assert not one.field("Fetch").disabled


def test_a_ready_question_with_a_body_is_asked_by_get(shown, demo):
    one = shown(demo.kubeconfig, ELASTIC)
    one.until(lambda: any(getattr(each, "description", "") == "Documents per hour" for each in widgets_of(one.panel)))
    one.click("Documents per hour")
    assert "date_histogram" in one.field("Body").value and one.picked("Method") == "GET"
    one.until(lambda: one.panel.frame is not None)
    assert list(one.panel.frame.columns) == ["per_hour", "doc_count"]
    one.says("<svg role='img' aria-label='doc_count over time")


def test_it_opens_where_one_left_it_per_context(shown, demo, own):
    first = shown(demo.kubeconfig, "shop/web stats")
    again = shown(demo.kubeconfig, magics=first.magics)
    assert again.panel.line == "shop/web stats"
    assert shown(own.kubeconfig, magics=first.magics).panel.state.name == ""
    assert shown(demo.kubeconfig).panel.line == ""


# --- asking


def test_an_answer_is_kept_and_told(shown, demo):
    one = shown(demo.kubeconfig, f"{ELASTIC} _search -q q=user:kimchy")
    seen = []
    one.panel.observe(lambda change: seen.append(change["new"]), "frame")
    one.asked()
    assert len(seen) == 1 and len(seen[0]) == 10
    assert one.host.variables["df_elasticsearch_logging"] is seen[0]
    one.says("Rows 1 to 10 of 10")
    one.says("10 of 492 hits; --limit all for the rest")
    one.says("200 OK")
    assert one.magics.history.frame()["rows"].iloc[-1] == 10


def test_a_variable_of_ones_own(shown, demo):
    one = shown(demo.kubeconfig, f"{ELASTIC} _cat/indices?format=json")
    one.type("Variable", "mine")
    one.asked()
    assert list(one.host.variables) == ["mine"]
    one.type("Variable", "kproxy")  # would hide the magic
    one.says("cannot be the name of a variable here")
    one.asked()
    assert list(one.host.variables) == ["mine"]


def test_what_a_plugin_wants_is_seen_before_anything_is_asked(shown, demo, tmp_path):
    """The port is read as soon as a name stands there, and that signs in."""
    program = tmp_path / "plugin"
    program.write_text(
        f"#!/bin/sh\necho 'enter ABCD-1234' >&2\nwhile [ ! -e {tmp_path}/entered ]; do sleep 0.02; done\n"
        f'echo \'{{"kind": "ExecCredential", "apiVersion": "client.authentication.k8s.io/v1",'
        f' "status": {{"token": "none"}}}}\'\n'
    )
    program.chmod(0o755)
    plugin = {"apiVersion": "client.authentication.k8s.io/v1", "command": str(program), "interactiveMode": "Never"}
    one = shown(str(written_kubeconfig(tmp_path, demo.server, {"exec": plugin})), "shop/web stats")
    one.says("enter ABCD-1234")
    (tmp_path / "entered").touch()
    one.until(lambda: "enter ABCD-1234" not in one.text())


def test_errors_appear_in_the_words_of_the_magic(shown, demo):
    one = shown(demo.kubeconfig, "kube-system/elasticsearch-loggin _search")
    one.says("<strong>NotFound</strong>: no service is called elasticsearch-loggin")
    one.asked()
    assert one.panel.frame is None
    one.pick("Service", "elasticsearch-logging")
    one.type("Path", "nothing/here/at/all")
    one.asked()
    one.says("<strong>AppError</strong>: the app answered")
    assert "kproxy-old" not in one.panel._view.answer.widget._dom_classes
    one.type("Options", "--limit lots")
    assert "kproxy-old" in one.panel._view.answer.widget._dom_classes  # greyed: it is not what stands there
    one.says("--limit is a number of rows, or all")
    one.type("Options", "-n shop")
    one.says("stands in a field of its own")


def test_only_the_button_that_says_so_sends(shown, own):
    one = shown(own.kubeconfig, "own/echo things/1 -X DELETE")
    one.until(lambda: one.panel.request is not None)
    own.seen.clear()
    label = "Send DELETE to me own/echo"
    assert one.field(label).layout.display is None and one.field("Fetch").layout.display == "none"
    for field in ("Path", "Options"):
        one.enter(field)
    one.click("Fetch")
    stale = one.field(label)
    one.pick("Service", "Choose one")
    stale._handle_custom_msg({"event": "click"}, [])  # it was on its way when the name changed
    one.pick("Service", "echo")
    one.pick("Method", "DELETE")
    one.type("Path", "things/1")
    with pytest.raises(TargetError, match="not by DELETE"):
        one.panel.fetch()
    assert not one.panel.running and own.seen == []
    assert one.field(label).disabled
    one.click(label)
    one.tick("Allow this DELETE")
    one.type("Path", "things/2")  # what is allowed is what stands there, and nothing that is typed later
    one.type("Path", "things/1")
    one.click(label)
    assert not one.panel.running and own.seen == []
    one.tick("Allow this DELETE")
    assert not one.field(label).disabled
    one.click(label)
    one.until(lambda: not one.panel.running)
    assert [(asked["method"], asked["path"]) for asked in own.seen] == [("DELETE", "/things/1")]
    one.click(label)  # once
    assert not one.panel.running


class HiddenNumbers:
    """The page's side of `panel.page`: what a link in the page does, by hand."""

    def __init__(self, panel):
        self.question, self.answer = (getattr(panel._page, name) for name in ("_question", "_answer"))

    def answers(self):
        self.answer.set_state({"value": self.question.value})


@pytest.mark.parametrize("act", [lambda one: one.enter("q"), lambda one: one.click("Fetch")])
def test_what_is_asked_is_what_is_typed_though_enter_overtakes_it(shown, demo, act):
    """A page sends Enter and clicks at once, and holds back a change while the one before is being processed."""
    one = shown(demo.kubeconfig, f"{ELASTIC} _search -q q=user:kimch")
    page = HiddenNumbers(one.panel)
    page.answers()  # as soon as it has made the link
    act(one)
    assert not one.panel.running
    one.type("q", "user:kimchy")
    page.answers()
    one.until(lambda: one.panel.frame is not None)
    assert len(one.panel.frame) == 10
    one.says("<code>%kproxy kube-system/elasticsearch-logging _search -q q=user:kimchy</code>")
    assert one.magics.history.frame()["path"].iloc[-1] == "/_search?q=user%3Akimchy"


def test_a_send_is_given_up_when_a_change_comes_behind_it(shown, own):
    one = shown(own.kubeconfig, "own/echo things/1 -X DELETE")
    page = HiddenNumbers(one.panel)
    page.answers()
    one.until(lambda: one.panel.request is not None)
    own.seen.clear()
    one.tick("Allow this DELETE")
    one.click("Send DELETE to me own/echo")
    one.type("Path", "things/2")  # typed before the click, and held back
    page.answers()
    assert not one.panel.running and own.seen == []


def test_enter_asks(shown, own):
    one = shown(own.kubeconfig, "own/echo many")
    one.enter("Path")
    one.until(lambda: one.panel.frame is not None)
    assert len(one.panel.frame) == 1000
    one.says("Rows 1 to 100 of 1,000")


def test_a_request_tells_of_its_progress_and_can_be_ended(shown, own):
    one = shown(own.kubeconfig, "own/echo hangs")
    one.panel.fetch()
    assert one.panel.running
    one.says("<div role='status'>1 s")
    one.type("Path", "many")  # the panel goes on meanwhile
    one.until(lambda: one.panel.request is not None and one.panel.request.path == "/many")
    one.click("Cancel")
    one.until(lambda: not one.panel.running)
    one.says("Cancelled.")
    assert one.magics.history.frame()["problem"].iloc[-1] == "interrupted"
    assert one.asked().frame is not None


def test_what_is_no_frame_is_shown_as_text(shown, own):
    one = shown(own.kubeconfig, "own/echo text")
    one.asked()
    assert one.panel.frame is None and "window.hacked" in one.panel.value
    assert one.host.variables == {}
    one.type("Options", "-o reply")
    assert one.asked().value.status_code == 200
    one.type("Options", "")
    one.pick("Method", "HEAD")
    one.asked()
    one.says("200 OK")


# --- closing


def open_widgets():
    """How many widgets the kernel holds."""
    with pytest.deprecated_call():
        return len(ipywidgets.Widget.widgets)


def test_closing_a_panel_closes_every_widget_of_it(demo):
    before = open_widgets()
    for line in ["", f"{ELASTIC} _search -q q=user:kimchy"] * 25:
        one = Shown(demo.kubeconfig, line)
        one.panel.fill(f"{ELASTIC} _cluster/health")  # fewer fields than the line before
        assert open_widgets() > before + 50
        one.close()
    assert open_widgets() == before


def test_closing_the_magic_closes_its_panels(demo):
    before = open_widgets()
    one = Shown(demo.kubeconfig)
    one.magics.open_panels.add(one.panel, "", "")
    one.magics.stop()
    assert open_widgets() == before


class Opened:
    """Stands where a panel does."""

    closed = False

    def close(self):
        self.closed = True


def test_a_cell_that_is_run_again_closes_what_its_last_run_opened():
    panels, opened = OpenPanels(), [Opened() for _ in range(6)]
    first, beside, elsewhere, again, nowhere, nowhere_again = opened
    panels.add(first, "cell-1", "run-1")
    panels.add(beside, "cell-1", "run-1")
    panels.add(elsewhere, "cell-2", "run-2")
    assert not any(panel.closed for panel in opened)
    panels.add(again, "cell-1", "run-3")
    panels.add(nowhere, "", "run-4")
    panels.add(nowhere_again, "", "run-5")  # no front end tells which cell it is
    assert [panel.closed for panel in opened] == [True, True, False, False, False, False]
    panels.discard(elsewhere)
    panels.close()
    assert [panel.closed for panel in opened] == [True, True, False, True, True, True]


# --- nothing acts, nothing secret


def test_what_came_from_a_cluster_is_only_text(shown, own):
    one = shown(own.kubeconfig, "own/echo rows")
    one.asked()
    for path in ("text", "fails", "html -o text", "html -o reply"):
        one.panel.fill(f"own/echo {path}")
        one.asked()
        one.says("&lt;script&gt;")
        assert "<script" not in one.text() and "<img" not in one.text() and "\x1b" not in one.text()
    one.panel.fill(f"own/echo 'a?{HOSTILE.split(chr(27))[0].replace(chr(39), '')}'")
    one.type("Variable", "<img src=x>")
    one.says("cannot be the name")
    assert "<img" not in one.text() and "<script" not in one.text()


def test_what_is_chosen_shows_no_secret():
    secrets = {"path": "x?token=abc-secret", "params": (("api_key", "def-secret"), ("q", None)), "body": "ghi-secret"}
    state = State(name="echo", headers=("X-Api-Key: jkl-secret",), **secrets)
    assert "secret" not in repr(state) and "name='echo'" in repr(state) and "api_key" in repr(state)
    assert repr(State()) == "State()"


def test_nothing_secret_is_in_a_widget(shown, own):
    """nbclient writes the value of every widget into the notebook, and Lab what a panel says of itself."""
    line = "own/echo many -H 'Authorisation-Key: abc-secret' -H 'X-Api-Key: def-secret'"
    one = shown(own.kubeconfig, line)
    one.asked()
    one.says("Rows 1 to 100 of 1,000")
    saved = json.dumps([_state_of(widget) for widget in widgets_of(one.panel)], default=str)
    bundle = json.dumps(one.panel._repr_mimebundle_())
    for secret in ("def-secret", TOKEN):
        assert secret not in saved and secret not in bundle and secret not in repr(one.panel)
    assert "def-secret" in one.panel.line  # that is Python's, and no widget's
    assert own.seen[-1]["headers"]["X-Api-Key"] == "def-secret"
    sent = {name for widget in widgets_of(one.panel) for name in _state_of(widget)}
    assert not sent & {"line", "frame", "request", "value_of"}


def _state_of(widget):
    return widget.get_state()


def test_it_says_what_it_was(shown, demo):
    bundle = shown(demo.kubeconfig, "shop/web 'a<b' -q token=abcdef").panel._repr_mimebundle_()
    assert bundle["text/plain"].startswith("<kproxy panel: shop/web a<b")
    assert "this cell again" in bundle["text/html"] and "a&lt;b" in bundle["text/html"]
    assert "abcdef" not in json.dumps(bundle)


CELLS = [
    "%load_ext kubeaccess_magic",
    "%kproxy use --kubeconfig {kubeconfig};",
    "%kproxy panel own/echo many -H 'X-Api-Key: def-secret'",
    "panel = %kproxy panel own/echo many\npanel.fetch()\nimport time\nwhile panel.running: time.sleep(0.05)\n"
    "len(df_echo), panel.line, panel.request.method",
    "from kubeaccess_magic import Panel, Cluster\nprint('kproxy' in globals())\n"
    "Panel(Cluster(kubeconfig='{kubeconfig}'))",
]


def test_in_nbclient_it_renders_and_does_no_harm(own, tmp_path):
    import nbclient  # here, since it takes seconds where JupyterLab is installed, too
    import nbformat

    sources = [source.replace("{kubeconfig}", own.kubeconfig) for source in CELLS]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in sources])
    nbclient.NotebookClient(notebook, timeout=120, kernel_name="python3").execute()
    view, value, last = (notebook.cells[at].outputs for at in (2, 3, 4))
    assert set(view[0]["data"]) == {"text/plain", "text/html", "application/vnd.jupyter.widget-view+json"}
    assert "own/echo many" in view[0]["data"]["text/html"] and "own/echo many" in view[1]["data"]["text/html"]
    assert value[0]["data"]["text/plain"] == "(1000, 'own/echo many', 'GET')"
    assert last[0]["text"] == "False\n"
    saved = json.dumps([notebook.metadata, *(cell.outputs for cell in notebook.cells)])
    assert "Rows 1 to 100 of 1,000" in saved  # the values of widgets are
    assert "def-secret" not in saved and TOKEN not in saved


def test_in_plain_python_there_is_no_magic(own, tmp_path):
    program = (
        "from kubeaccess_magic import Cluster, Panel\nimport time, sys\n"
        f"panel = Panel(Cluster(kubeconfig={own.kubeconfig!r}), 'own/echo many')\npanel.fetch()\n"
        "while panel.running: time.sleep(0.05)\nprint(len(panel.frame), panel.line, panel)\npanel.close()"
    )
    environment = {"HOME": str(tmp_path)}
    run = subprocess.run(
        [sys.executable, "-W", "error", "-c", program], capture_output=True, text=True, timeout=120, env=environment,
        cwd=Path(__file__).parent.parent,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
    assert run.stdout.startswith("1000 own/echo many"), run.stdout


def test_a_context_is_named_or_a_cluster_given(demo, tmp_path):
    program = (
        "from kubeaccess_magic import Panel\nprint(Panel('viewer')._view.where.context.dropdown.label)\n"
        "for first in (3, 'nope', 'shop/web stats'):\n    try: Panel(first)\n"
        "    except Exception as error: print(type(error).__name__, error, getattr(error, 'hint', ''))"
    )
    run = subprocess.run(
        [sys.executable, "-W", "error", "-c", program], capture_output=True, text=True, timeout=120,
        env={"HOME": str(tmp_path), "KUBECONFIG": demo.kubeconfig}, cwd=Path(__file__).parent.parent,
    )  # fmt: skip
    viewer, wrong, nope, line = run.stdout.splitlines()
    assert viewer.partition(" · ")[0] == "viewer"
    assert wrong == "TypeError Panel(cluster, line) takes a Cluster or the name of a context, and a line as text "
    assert nope.startswith("ConfigError ") and "has no context 'nope' available contexts: demo, " in nope
    assert line.endswith("a line is another argument: Panel(line='shop/web stats')")


# --- charts, tables and files


def frame_of(dialect, **columns):
    frame = pd.DataFrame(columns)
    frame.attrs["kproxy"] = {"dialect": dialect}
    return frame


def test_what_is_drawn():
    times = pd.date_range("2026-01-01", periods=4, freq="h", tz="UTC")
    single = frame_of("prometheus", time=times, value=[1.0, 2, 3, 4])
    assert chart(single).kind == "lines" and [name for name, _ in chart(single).series] == ["value"]
    several = frame_of("prometheus", time=times.repeat(2), job=["a", "b"] * 4, same="x", value=range(8))
    assert {name: len(points) for name, points in chart(several).series} == {"a": 4, "b": 4}
    moment = frame_of("prometheus", time=times[:1].repeat(2), job=["a", "b"], value=[1, 5])
    assert chart(moment).kind == "bars" and [name for name, _ in chart(moment).series] == ["b", "a"]
    groups = frame_of("elasticsearch", level=["info", "error"], doc_count=[5, 2])
    assert chart(groups).kind == "bars" and chart(groups).value == "doc_count"
    many = frame_of("exposition", name=[f"metric_{n}" for n in range(90)], value=range(90))
    assert len(chart(many).series) == 30 and chart(many).left_out == 60


def test_what_is_not_drawn():
    times = pd.date_range("2026-01-01", periods=4, freq="D", tz="UTC")
    objects = frame_of("kubernetes", name=["a", "b"], ready=[1, 2], created=times[:2])
    hits = frame_of("elasticsearch", **{"@timestamp": times, "_score": 1.0, "message": list("abcd")})
    assert [chart(one) for one in (objects, hits, objects.head(0), pd.DataFrame({"a": [1, 2]}))] == [None] * 4
    assert chart(frame_of("prometheus", time=times[:1], value=[1.0])) is None


@given(
    st.lists(
        st.tuples(st.text(max_size=5), st.floats() | st.integers(-(2**60), 2**60).map(float)), min_size=2, max_size=12
    ),
    st.booleans(),
)
def test_whatever_is_drawn_is_well_formed(rows, is_over_time):
    names, values = [name for name, _ in rows], [value for _, value in rows]
    times = pd.date_range("2026-01-01", periods=len(rows), freq="s", tz="UTC")
    columns = {"time": times} if is_over_time else {}
    text = drawn(chart(frame_of("prometheus", **columns, name=names, value=values)))
    assert not text or ElementTree.fromstring(text.replace("\x00", "")) is not None


class Rows:
    """A table of a panel without the panel."""

    def __init__(self, frame):
        self.page = Page()
        self.table = Table(self.page, threading.RLock())
        self.table.show(frame)

    @property
    def cells(self):
        return re.findall(r"<td[^>]*>([^<]*)</td>", self.table.rows.value)

    def sort(self, label):
        dropdown = self.table.sort.dropdown
        dropdown.set_state({"index": list(dropdown.options).index(label)})

    def close(self):
        close(self.table.widget)
        self.page.close()


@pytest.fixture
def rows():
    opened = []

    def show(frame):
        opened.append(Rows(frame))
        return opened[-1]

    yield show
    for one in opened:
        one.close()


def test_a_table_is_searched_sorted_and_paged(rows):
    one = rows(pd.DataFrame({"n": range(250), "text": [f"row {n % 7}" for n in range(250)]}))
    assert one.cells[:2] == ["0", "row 0"] and "Rows 1 to 100 of 250" in one.table.count.value
    one.table.next.click()
    one.table.next.click()
    one.table.next.click()
    assert one.cells[0] == "200" and "Rows 201 to 250 of 250" in one.table.count.value
    one.sort("n ↓")
    assert one.cells[0] == "249"
    one.table.search.set_state({"value": "ROW 3"})
    assert one.cells[1] == "row 3" and "of 36 · 250 in all" in one.table.count.value and one.cells[0] == "248"
    one.table.search.set_state({"value": "("})
    assert one.cells == [] and "No rows" in one.table.count.value
    one.table.show(pd.DataFrame({"other": [[2], [1]]}))
    one.sort("other ↑")
    assert one.cells == ["[1]", "[2]"]


def test_a_table_of_odd_columns(rows):
    odd = pd.DataFrame([[1, "<b>", None], [2.5, {"a": 1}, pd.NaT]], columns=["a", "a", "<script>"])
    one = rows(odd)
    one.sort("a ↓")
    assert "<script>" not in one.table.rows.value and "&lt;b&gt;" in one.table.rows.value
    wide = rows(pd.DataFrame([range(100)]))
    assert "the first 60 of 100 columns" in wide.table.count.value


def test_files_of_the_answer(shown, demo):
    one = shown(demo.kubeconfig, f"{ELASTIC} _cat/indices?format=json")
    one.asked()
    for form, read in (("CSV", pd.read_csv), ("Parquet", pd.read_parquet)):
        one.click(f"{form} file")
        found = re.search(
            rf"download='df_elasticsearch_logging.{form.lower()}' href='data:[^;]+;base64,([^']+)'", one.text()
        )
        assert len(read(io.BytesIO(base64.b64decode(found[1])))) == len(one.panel.frame)


def test_a_web_page_as_answer_offers_the_ready_questions(shown, demo):
    one = shown(demo.kubeconfig, "kube-system/monitoring-grafana login")
    one.until(lambda: "Health and version" in [getattr(w, "description", "") for w in widgets_of(one.panel)])
    one.asked()
    one.says("Choose one of the ready questions above")
    assert "-o text" not in one.text()


def test_it_is_asked_again_every_few_seconds(shown, own):
    one = shown(own.kubeconfig, "own/echo many")
    one.pick("Ask", "Every 5 s")
    own.seen.clear()
    one.asked()
    one.until(lambda: len(own.seen) > 1)
    one.panel.cancel()


def test_in_a_terminal_it_says_that_it_needs_a_notebook(demo, tmp_path):
    program = "%load_ext kubeaccess_magic\n%kproxy panel shop/web\n"
    (tmp_path / "program.ipy").write_text(program)
    run = subprocess.run(
        [sys.executable, "-m", "IPython", "--simple-prompt", "--colors=NoColor", str(tmp_path / "program.ipy")],
        capture_output=True, text=True, timeout=120, cwd=Path(__file__).parent.parent,
        env={"HOME": str(tmp_path), "KUBECONFIG": demo.kubeconfig},
    )  # fmt: skip
    assert "the panel needs a notebook" in run.stdout + run.stderr


def test_the_api_server_itself_is_asked(shown, demo):
    one = shown(demo.kubeconfig, "/apis/apps/v1/deployments")
    assert one.panel.state.kind == API
    one.says("you may GET /apis/apps/v1/deployments")
    assert len(one.asked().frame) > 0
    assert one.panel.line == "/apis/apps/v1/deployments"
