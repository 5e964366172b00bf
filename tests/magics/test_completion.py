"""Tab in an IPython: what is replaced and by what, within its budget, and only where our magics are."""

from __future__ import annotations

import shutil
from pathlib import Path

import hypothesis
import hypothesis.strategies as st
import pytest
import yaml
from IPython.core.completer import provisionalcompleter
from names_server import names_server, services, table
from own_cluster import written_kubeconfig

from kubeaccess_magic.completion.candidates import CandidateSource
from kubeaccess_magic.completion.cursor import find_place
from kubeaccess_magic.magics.options import OPTIONS
from kubeaccess_magic.magics.verbs import VERBS

ELASTIC = "kube-system/elasticsearch-logging"
PROMETHEUS = "monitoring/prometheus"
SOON_S = 20.0  # a budget that a healthy cluster never needs


@pytest.fixture(scope="module")
def in_use(shell, demo):
    assert shell.run_cell(f"%kproxy use --kubeconfig {demo.kubeconfig};").success
    shell.run_cell("user, chosen, number = 'kimchy', 'kube-system/elasticsearch-logging', 5")


@pytest.fixture
def tab(shell, in_use):
    """`tab("text|rest")` presses Tab at the bar, until what was fetched has come: the text that is replaced, offers."""

    def press(text):
        cursor = text.index("|")
        text = text.replace("|", "", 1)
        (matcher,) = shell.Completer.custom_matchers
        with provisionalcompleter():
            list(shell.Completer.completions(text, cursor))  # begins what must be fetched
            source = _source_of(matcher)
            if source is not None:
                source.candidates_at(text, cursor, SOON_S)
            found = list(shell.Completer.completions(text, cursor))
        assert len({(one.start, one.end) for one in found}) <= 1
        assert all(one.end == cursor for one in found)
        replaced = text[found[0].start : cursor] if found else ""
        return replaced, [(one.text, one.type) for one in found]

    return press


def _source_of(matcher):
    (sources,) = [cell.cell_contents for cell in matcher.__closure__ if isinstance(cell.cell_contents, list)]
    return sources[0] if sources else None


@pytest.mark.parametrize(
    ("typed", "replaced", "expected"),
    [
        # verbs and their words
        ("%kproxy |", "", ("services", "verb")),
        ("%kproxy |", "", ("kubernetes", "service")),  # of the context's namespace
        ("%kproxy |", "", ("kube-system/", "namespace")),
        ("%kproxy |", "", ("pod/", "kind")),
        ("%kproxy con|", "con", ("contexts", "verb")),
        ("%kproxy use vi|", "vi", ("viewer", "context")),
        ("%kproxy services -n kube-system ela|", "ela", ("elasticsearch-logging", "service")),
        ("%kproxy get services -n kube-system ela|", "ela", ("elasticsearch-logging", "service")),
        ("%kproxy po -n kube-system ela|", "ela", ("elasticsearch-logging-0", "pod")),
        ("%kproxy nodes no|", "no", ("node-1", "node")),
        ("%kproxy namespaces kube-s|", "kube-s", ("kube-system", "namespace")),
        ("%kproxy demo st|", "st", ("stop", "keyword")),
        ("%kproxy url kube-system/ela|", "ela", ("elasticsearch-logging", "service")),
        (f"%kproxy url {ELASTIC} _cat/ind|", "ind", ("indices", "path")),
        ("%kproxy can kube-system/ela|", "ela", ("elasticsearch-logging", "service")),
        # targets
        ("%kproxy kube-s|", "kube-s", ("kube-system/", "namespace")),
        ("%kproxy kube-system/ela|", "ela", ("elasticsearch-logging", "service")),
        ("df = %kproxy kube-system/ela|", "ela", ("elasticsearch-logging", "service")),
        ("%kproxy -n kube-system ela|", "ela", ("elasticsearch-logging", "service")),
        ("%kproxy ela| -n kube-system", "ela", ("elasticsearch-logging", "service")),
        ("%%kproxy ela| -n kube-system\nbody", "ela", ("elasticsearch-logging", "service")),
        ("%kproxy svc/kube-system/ela|", "ela", ("elasticsearch-logging", "service")),
        ("%kproxy pod/kube-system/ela|", "ela", ("elasticsearch-logging-0", "pod")),
        ("%kproxy pod/kube-s|", "kube-s", ("kube-system/", "namespace")),
        ("%kproxy node/no|", "no", ("node-1", "node")),
        ("%kproxy monitoring/prometheus:|", "", ("web", "port")),
        ("%kproxy monitoring/prometheus:90|", "90", ("9090", "port")),
        ("%kproxy monitoring/http:prometheus:w|", "w", ("web", "port")),
        ("%kproxy monitoring/http:pro|", "pro", ("prometheus:", "service")),  # with the colon that it needs (N7)
        ("%kproxy node/https:node-1:1025|", "1025", ("10250", "port")),
        ("%kproxy 'kube-system/ela|", "ela", ("elasticsearch-logging", "service")),
        # paths and queries
        (f"%kproxy {ELASTIC} _cat/ind|", "ind", ("indices", "path")),
        (f"%kproxy {ELASTIC} /_cat/ind|", "ind", ("indices", "path")),
        (f"%kproxy {ELASTIC} logst|", "logst", ("logstash", "index")),
        (f"%kproxy {ELASTIC} logstash/|", "", ("_search", "path")),
        (f"%kproxy {ELASTIC} _search?|", "", ("q=", "parameter")),
        (f"%kproxy {ELASTIC} _search?size=1&so|", "so", ("sort=", "parameter")),
        (f"%kproxy {ELASTIC} _search?q=use|", "use", ("user:", "field")),
        (f"%kproxy {ELASTIC} _search?q=user:kimchy+AND+lev|", "lev", ("level:", "field")),
        (f"%kproxy {ELASTIC} '_search?q=user:kimchy AND lev|", "lev", ("level:", "field")),
        (f"%kproxy {ELASTIC} _search?pretty=|", "", ("true", "value")),
        (f"%kproxy {ELASTIC} _cat/ind| -o json", "ind", ("indices", "path")),
        ("%kproxy ${chosen} _cat/ind|", "ind", ("indices", "path")),
        ("%kproxy /apis/apps/v1/dep|", "dep", ("deployments", "path")),
        ("%kproxy /apis/apps/v1/deployments?lab|", "lab", ("labelSelector=", "parameter")),
        ("%kproxy http://prometheus.monitoring.svc:9090/api/v1/que|", "que", ("query", "path")),
        ("%kproxy /api/v1/namespaces/monitoring/services/prometheus:web/proxy/api/v1/que|", "que", ("query", "path")),
        (f"%kproxy {PROMETHEUS} api/v1/query -q qu|", "qu", ("query=", "parameter")),
        (f"%kproxy {PROMETHEUS} api/v1/query -q query=ra|", "ra", ("rate", "function")),
        (f"%kproxy {PROMETHEUS} api/v1/query -q 'query=sum by (jo|", "jo", ("job", "label")),
        (f"%kproxy {PROMETHEUS} api/v1/query -q query='sum by (jo|", "jo", ("job", "label")),
        (f'%kproxy {PROMETHEUS} api/v1/query -q query=up{{job="pro|', "pro", ("prometheus", "value")),
        (f"%kproxy {PROMETHEUS} api/v1/query?query=http_req|", "http_req", ("http_requests_total", "metric")),
        (f"%kproxy {PROMETHEUS} api/v1/query_range -q start=-|", "-", ("-1h", "value")),
        # options and their values
        ("%kproxy web --ti|", "--ti", ("--timeout", "option")),
        ("%kproxy services -A|", "-A", ("-A", "option")),
        ("%kproxy web -o |", "", ("json", "value")),
        ("%kproxy web -oj|", "j", ("json", "value")),
        ("%kproxy web --output=j|", "j", ("json", "value")),
        ("%kproxy web -X P|", "P", ("POST", "value")),
        ("%kproxy web --dialect ela|", "ela", ("elasticsearch", "value")),
        ("%kproxy -n kube-s|", "kube-s", ("kube-system", "namespace")),
        ("%kproxy --namespace=kube-s|", "kube-s", ("kube-system", "namespace")),
        ("%kproxy --context vi|", "vi", ("viewer", "context")),
        ("%kproxy web --limit a|", "a", ("all", "value")),
        # variables
        ("%kproxy ${cho|", "cho", ("chosen}", "variable")),
        (f"%kproxy {ELASTIC} _search?q=user:${{us|", "us", ("user}", "variable")),
        # cells
        ("%%kproxy kube-system/ela|\nbody", "ela", ("elasticsearch-logging", "service")),
        ("\n%%kproxy kube-system/ela|", "ela", ("elasticsearch-logging", "service")),
        ("%%time\n%kproxy kube-system/ela|", "ela", ("elasticsearch-logging", "service")),
        ("for a in b:\n    %kproxy kube-system/ela|\nc = 1", "ela", ("elasticsearch-logging", "service")),
        ("%kproxy \\\n  kube-system/ela|", "ela", ("elasticsearch-logging", "service")),
        (f"%%kproxy {PROMETHEUS} api/v1/query -q query=@-\nsum(\n  shop_|", "shop_", ("shop_orders_total", "metric")),
        (f'%%kproxy {PROMETHEUS} api/v1/query -q query=@-\nup{{job="pro|"}}', "pro", ("prometheus", "value")),
        (f'%%kproxy {ELASTIC} _search\n{{"query": {{"term": {{"use|"}}}}}}', "use", ("user", "field")),
        (f'%%kproxy {ELASTIC} _search\n{{"query": {{"term": {{"user": "${{us|"}}}}}}', "us", ("user}", "variable")),
    ],
)  # fmt: skip
def test_what_is_replaced_and_by_what(tab, typed, replaced, expected):
    found = tab(typed)
    assert found[0] == replaced
    assert expected in found[1]
    assert all(text.startswith(replaced) for text, _ in found[1])


@pytest.mark.parametrize(
    "typed",
    [
        "%kproxy services web |",  # nothing stands there
        f"%kproxy {ELASTIC} _search zz|",
        "%kproxy kube-system/no-such-serv|",
        "%kproxy --into na|",
        "%kproxy a/b/c/d|",
        "%kproxy web -o zz|",
        "%kproxy web -q 'query=a b' zz|",
        "%kproxy https://elsewhere.example.org/api/v1/po|",  # another API server
    ],
)
def test_where_nothing_fits_nothing_changes(tab, typed):
    """IPython would offer files and Python's names there; what is offered is what stands there already."""
    replaced, found = tab(typed)
    assert found == [(replaced, "nothing known")]


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("prin|", "print"),
        ("a = 1; prin|\n%kproxy web", "print"),
        ("%kproxy web\nprin|", "print"),
        ("%load_e|", "%load_ext"),
        ("%%kprox|", "%%kproxy"),
        ("%%time\nprin|", "print"),
        ("kproxy = us|", "user"),
    ],
)
def test_all_else_is_left_to_ipython(tab, typed, expected):
    assert expected in [text for text, _ in tab(typed)[1]]


@pytest.mark.parametrize("typed", ["%%bash\n%kproxy kube-system/ela|", "%kproxy web # kube-system/ela|", "%kprox|y x"])
def test_another_magics_cell_and_a_comment_are_not_ours(tab, typed):
    assert "elasticsearch-logging" not in [text for text, _ in tab(typed)[1]]


@pytest.mark.parametrize("jedi", [True, False])
def test_jedi_has_no_say(shell, tab, jedi):
    before = shell.Completer.use_jedi
    shell.Completer.use_jedi = jedi
    try:
        assert [text for text, _ in tab("%kproxy kube-system/ela|")[1]] == ["elasticsearch-logging"]
    finally:
        shell.Completer.use_jedi = before


def test_the_older_interface_gives_the_same(shell, tab):
    tab("%kproxy kube-system/ela|")
    line = "%kproxy kube-system/ela"
    with pytest.deprecated_call():
        assert shell.complete("ela", line, len(line)) == ("ela", ["elasticsearch-logging"])


def test_every_verb_and_option_is_offered(tab):
    offered = {text for text, _ in tab("%kproxy |")[1]}
    assert {verb.name for verb in VERBS} <= offered
    offered = {text for text, _ in tab("%kproxy -|")[1]}
    assert {name for option in OPTIONS for name in option.names} <= offered


def test_only_options_that_mean_something_there_are_offered(tab):
    offered = {text for text, _ in tab("%kproxy contexts -|")[1]}
    assert "--kubeconfig" in offered and "--limit" not in offered
    offered = {text for text, _ in tab("%kproxy web --limit 5 -q a=b -|")[1]}
    assert "--limit" not in offered and "-A" not in offered and "-q" in offered


def test_the_forms_that_are_offered_are_those_that_there_are(tab, shell, capsys):
    offered = [text for text, _ in tab("%kproxy web -o |")[1]]
    shell.run_cell("%kproxy web -o no-such")
    assert f"-o is one of {', '.join(offered)}, not" in "".join(capsys.readouterr())


def test_files_for_what_takes_a_file(tab, tmp_path, monkeypatch):
    (tmp_path / "query.json").write_text("{}")
    (tmp_path / "queries").mkdir()
    monkeypatch.chdir(tmp_path)
    assert [text for text, _ in tab("%kproxy web -d @que|")[1]] == ["queries/", "query.json"]
    assert [text for text, _ in tab(f"%kproxy --kubeconfig {tmp_path}/query|")[1]] == [f"{tmp_path}/query.json"]


def test_the_line_says_whose_names(tab, shell, tmp_path):
    """--context, --kubeconfig and --as choose another Cluster, as they do when the line runs."""
    with names_server(lambda url: table("elsewhere")) as server:
        file = written_kubeconfig(tmp_path, server.url)
        assert ("elsewhere", "namespace") in tab(f"%kproxy --kubeconfig {file} -n else|")[1]
    assert ("kube-system", "namespace") not in tab("%kproxy --as nobody-at-all -n kube-s|")[1]
    assert tab("%kproxy --context no-such -n kube-s|")[1] == [("kube-s", "nothing known")]


def test_no_name_of_a_cluster_puts_in_a_variable(tab, tmp_path):
    hostile = ["x-${user}", "x y", "x-fine"]
    with names_server(lambda url: services("shop", *hostile)) as server:
        file = written_kubeconfig(tmp_path, server.url)
        assert tab(f"%kproxy --kubeconfig {file} shop/x|")[1] == [("x-fine", "service")]


@pytest.mark.parametrize("name", ["--data=@/etc/passwd", "-h", "../..", "<b>x</b>", "a\nb", "x;y", "'x", "A"])
def test_no_name_of_a_cluster_becomes_an_option_or_a_path(tab, tmp_path, name):
    """Names that nothing can have; contexts, which can have any name, begin with no hyphen here."""
    with names_server(lambda url: services("shop", name) if "services" in url else table(name)) as server:
        file = written_kubeconfig(tmp_path, server.url)
        for line in ("shop/", "pod/shop/", "node/", "-n ", "pods -n shop ", "services -n shop ", ""):
            assert name not in [text for text, _ in tab(f"%kproxy --kubeconfig {file} {line}|")[1]]


def test_no_name_of_a_context_becomes_an_option(tab, demo, tmp_path):
    written = yaml.safe_load(Path(demo.kubeconfig).read_text())
    names = ["--data=@x", "a\nb", "plain@fine"]
    written["contexts"] = [{**written["contexts"][0], "name": name} for name in names]
    written["current-context"] = "plain@fine"
    (tmp_path / "kubeconfig").write_text(yaml.safe_dump(written))
    offered = tab(f"%kproxy use --kubeconfig {tmp_path}/kubeconfig |")[1]
    assert [text for text, _ in offered] == ["plain@fine"]


def test_a_silent_cluster_is_not_waited_for(tab, shell, tmp_path):
    """The answer is there while the server has said nothing, and the names when it has."""
    with names_server(lambda url: services("shop", "web") if url.startswith("/api/v1/n") else (403, {})) as server:
        file = written_kubeconfig(tmp_path, server.url)
        server.open.clear()
        line = f"%kproxy --kubeconfig {file} shop/w"
        with provisionalcompleter():
            found = [(one.text, one.type) for one in shell.Completer.completions(line, len(line))]
        assert found == [("w", "loading, try again")]  # what stands there, so that nothing is put in its place
        assert server.arrived.acquire(timeout=SOON_S)
        server.open.set()
        assert tab(f"{line}|") == ("w", [("web", "service")])


def test_no_kubeconfig_is_no_error(tab, shell, tmp_path, monkeypatch):
    assert tab(f"%kproxy --kubeconfig {tmp_path}/none kube-system/e|")[1] == [("e", "nothing known")]
    assert tab(f"%kproxy --kubeconfig {tmp_path}/none --context |")[1] == [("", "nothing known")]


def test_no_kubeconfig_is_read_while_somebody_waits(shell, in_use, demo, tmp_path):
    """One of a thousand contexts takes a second."""
    source = CandidateSource(shell)
    while source.candidates_at("%kproxy --dialect ", 18, SOON_S).loading:
        pass
    for number, typed in enumerate(("--context vi", "services -n kube-s")):
        file = shutil.copy(demo.kubeconfig, tmp_path / str(number))
        text = f"%kproxy --kubeconfig {file} {typed}"
        assert source.candidates_at(text, len(text), 0.0)[1:] == ([], True)
        found = source.candidates_at(text, len(text), SOON_S).candidates
        assert [one.text for one in found] == [("viewer", "kube-system")[number]]
    source.close()


def test_unloading_takes_it_back(shell, in_use, demo):
    shell.run_cell("%unload_ext kubeaccess_magic")
    assert shell.Completer.custom_matchers == []
    shell.run_cell("%load_ext kubeaccess_magic")
    shell.run_cell("%reload_ext kubeaccess_magic")
    assert len(shell.Completer.custom_matchers) == 1
    assert shell.run_cell(f"%kproxy use --kubeconfig {demo.kubeconfig};").success


PIECES = (
    "%kproxy  |%%kproxy |x = |\n| |'|\"|-q |query=|-n|--as|=|/|:|?|&|${|}|#|\\\n|kube-system|web|@-|{|pod/|\\|é|get "
)


@hypothesis.example("%%kproxy -n' kube-system\n", 25)
@hypothesis.example("%kproxy https://a b", 16)
@hypothesis.example("%kproxy ${none} x", 17)
@hypothesis.example("%kproxy #", 9)
@hypothesis.given(st.lists(st.sampled_from(PIECES.split("|"))).map("".join), st.integers(0, 60))
def test_any_text_can_be_typed(shell, in_use, text, cursor):
    """Nothing is raised, and what is replaced is what stands before the cursor."""
    cursor = min(cursor, len(text))
    source = CandidateSource(shell)
    found = source.candidates_at(text, cursor, 0.0)
    source.close()
    assert found is None or text[:cursor].endswith(found.fragment)
    assert found is None or find_place(text, cursor) is not None
