"""The magic in a real IPython, against the real API server: lines, cells, verbs, variables, errors, history."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest
from IPython.core.error import UsageError

from kubeaccess_magic import Cluster, Reply, current
from kubeaccess_magic.errors import AccessDenied, AppError, ConfigError, LoadError, NotFound, TargetError, TimedOut

from . import notebook
from .control_plane import Real
from .notebook import Notebook


@pytest.fixture(scope="module")
def _opened(real: Real) -> Iterator[Notebook]:
    with notebook.opened(real.kubeconfig()) as opened:
        yield opened


@pytest.fixture
def book(_opened: Notebook, real: Real) -> Notebook:
    _opened.value(f"%kproxy use admin --kubeconfig {real.kubeconfig()}")
    real.seen.clear()
    return _opened


# --- what a line gives ------------------------------------------------------------------------------------------------


def test_a_line_shows_a_frame(real: Real, book: Notebook) -> None:
    ran = book.run("%kproxy web stats")
    assert isinstance(ran.result, pd.DataFrame) and ran.result.shape == (12, 5)
    assert "Zürich" in ran.shown and ran.told == ""
    assert [asked.target for asked in real.seen] == ["/stats"]


@pytest.mark.parametrize(
    "cell", ["df = %kproxy web stats", "df = %kproxy web stats;", "%kproxy web stats --into df", "df=%kproxy web stats"]
)
def test_a_line_is_kept_and_not_shown(book: Notebook, cell: str) -> None:
    book.names.pop("df", None)
    ran = book.run(cell)
    assert (ran.error, ran.result, ran.shown.strip()) == (None, None, "")
    assert book.names["df"].shape == (12, 5)


def test_a_line_is_silenced(real: Real, book: Notebook) -> None:
    ran = book.run("%kproxy web stats;")
    assert (ran.error, ran.result, ran.shown.strip()) == (None, None, "")
    assert len(real.seen) == 1


@pytest.mark.parametrize(
    ("line", "sent"),
    [
        ("web stats?", "/stats"),  # a trailing ? reaches the magic, and a bare one is no query (T9)
        ("web echo?a=1?", "/echo?a=1?"),
        ('web echo?q=up{job="a b"}', None),
        ("web 'echo?q=up{job=\"a b\"}'", "/echo?q=up%7Bjob=%22a%20b%22%7D"),
        ('web echo?q=up{job="a"}', "/echo?q=up%7Bjob=%22a%22%7D"),
        ("web echo?q={a}{{b}}", "/echo?q=%7Ba%7D%7B%7Bb%7D%7D"),
        ("web echo?q=it's", "/echo?q=it's"),
        ("web echo?q=\\d", "/echo?q=%5Cd"),
        ("web echo?q=1#2", "/echo?q=1%232"),
        ("web echo?q=1 # a comment with 'quotes", "/echo?q=1"),
        ("web echo?q=$HOME", "/echo?q=$HOME"),
        ("web echo?q=$x", "/echo?q=$x"),
        ("web echo?q=!ls", "/echo?q=!ls"),
        ("web echo?q=a;b=c", "/echo?q=a;b=c"),
        ("web echo -q 'q=a b' -q r=\"c d\" -q s='e'", "/echo?q=a%20b&r=c%20d&s=e"),
        ("web echo -q=x", None),
        ("-q a=1 web -o json echo", "/echo?a=1"),
        ("-n demo web echo -X GET", "/echo"),
        ("web /", "/"),
        ("web", "/"),
        ("svc/web echo", "/echo"),
        ("get web echo", "/echo"),
        ("http://web.demo.svc/echo?a=1&b=2", "/echo?a=1&b=2"),
        ("http://web.demo.svc/echo more", "/echo/more"),
    ],
)
def test_what_is_typed_is_what_arrives(real: Real, book: Notebook, line: str, sent: str | None) -> None:
    ran = book.run(f"%kproxy {line}")
    if sent is None:
        assert isinstance(ran.error, UsageError)
        assert real.seen == []
    else:
        assert ran.error is None, ran.shown + ran.told
        assert [asked.target for asked in real.seen] == [sent]


def test_words_left_over_show_the_line_with_quotes(real: Real, book: Notebook) -> None:
    ran = book.run('%kproxy web echo?q=up{job="a b"} -o json')
    fixed = "%kproxy web 'echo?q=up{job=\"a b\"}' -o json"
    assert (
        ran.told.strip() == f'UsageError: unexpected words: b"}}; if they belong to the word before, quote it: {fixed}'
    )
    assert real.seen == []
    book.value("%kproxy web 'echo?q=up{job=\"a b\"}' -o json")
    assert real.seen[0].query == {"q": 'up{job="a b"}'}


@pytest.mark.parametrize(
    ("form", "kind"), [("frame", pd.DataFrame), ("json", list), ("text", str), ("bytes", bytes), ("reply", Reply)]
)
def test_the_forms_of_an_answer(book: Notebook, form: str, kind: type) -> None:
    assert isinstance(book.value(f"%kproxy web stats -o {form}"), kind)
    ran = book.run(f"%kproxy web status/418 -o {form}")
    if form == "reply":
        assert ran.result.status_code == 418
    else:
        assert isinstance(ran.error, AppError)


def test_text_shows_its_lines_and_html_is_none_of_ours(book: Notebook) -> None:
    ran = book.run("%kproxy web say?type=text/plain&body=a%0Ab%1B[31mred")
    assert ran.result == "a\nb\x1b[31mred"
    assert "a\nb" in ran.shown and "\x1b" not in ran.shown  # X9
    ran = book.run("%kproxy web page")
    assert isinstance(ran.error, LoadError)
    assert ran.lines == ["LoadError: the answer is a web page, not data", *ran.lines[1:]] and len(ran.lines) == 2
    assert book.value("%kproxy web page -o text").startswith("<!DOCTYPE html>")
    assert book.value("%kproxy web status/204").status_code == 204


# --- cells ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cell", "method", "body", "media_type"),
    [
        ('%%kproxy web echo\n{"a": 1}', "POST", b'{"a": 1}\n', "application/json"),
        ('%%kproxy web echo\n{"a": 1}\n{"a": 2};', "POST", b'{"a": 1}\n{"a": 2};\n', "text/plain; charset=utf-8"),
        ('%%kproxy web echo\n{"a": 1}\n{"a": 2}', "POST", b'{"a": 1}\n{"a": 2}\n', "application/x-ndjson"),
        (
            "%%kproxy web echo -X PUT\nkäthe {x} $x ${{",
            "PUT",
            "käthe {x} $x ${{\n".encode(),
            "text/plain; charset=utf-8",
        ),
        ("%%kproxy web echo -d @-\nx?", "POST", b"x?\n", "text/plain; charset=utf-8"),
        ("%%kproxy web echo -H Content-Type:text/csv\na,b", "POST", b"a,b\n", "text/csv"),
    ],
)
def test_a_cell_is_the_body(real: Real, book: Notebook, cell: str, method: str, body: bytes, media_type: str) -> None:
    book.value(cell)
    [asked] = real.seen
    assert (asked.method, asked.body, asked.header("content-type")) == (method, body, media_type)


def test_a_cell_as_a_parameter_and_kept(real: Real, book: Notebook) -> None:
    book.value('%%kproxy web echo -q query=@- -o json --into told\nsum(rate(x{a="b"}[5m]))\n  by (c)')
    [asked] = real.seen
    assert (asked.method, asked.body) == ("GET", b"")
    assert asked.query == {"query": 'sum(rate(x{a="b"}[5m]))\n  by (c)'}
    assert book.names["told"]["method"] == "GET"


def test_a_cell_from_a_file(real: Real, book: Notebook, tmp_path: Path) -> None:
    (tmp_path / "body.bin").write_bytes(b"\x00\xff")
    book.value(f"%kproxy web echo -d @{tmp_path}/body.bin -o bytes;")
    assert real.seen[0].body == b"\x00\xff"
    assert "No such file" in book.run(f"%kproxy web echo -d @{tmp_path}/nope").told


@pytest.mark.parametrize(
    "cell",
    ["%%kproxy services\nx", "%%kproxy\nx", "%%kproxy web\n", "%%kproxy web\n  \n", "%%kproxy web -d a=1\nx",
     "%kproxy web -d @-", "%kproxy web -q q=@-", "%kproxy web -q q", "%kproxy web -H nocolon"],
)  # fmt: skip
def test_cells_and_bodies_that_do_not_go_together(real: Real, book: Notebook, cell: str) -> None:
    ran = book.run(cell)
    assert isinstance(ran.error, UsageError)
    assert len(ran.told.strip().splitlines()) == 1
    assert real.seen == []


# --- variables --------------------------------------------------------------------------------------------------------


def test_variables_in_every_place(real: Real, book: Notebook) -> None:
    book.value("import numpy, datetime\nservice, space, port, n = 'web', 'demo', 80, numpy.int64(3)")
    book.value("word, step, key, form = 'a b/c?d&e=ä', 'x?y z', 'h v', 'json'")
    book.value("day, many = datetime.date(2026, 1, 2), ['x', 'y']")
    told = book.value(
        "%kproxy ${space}/${service}:${port} echo/${step}?q=${word}&n=${n}"
        " -q r=${word} -q d=${day} -H X-A:${key} -o ${form}"
    )
    [asked] = real.seen
    assert asked.path == "/echo/x%3Fy%20z"
    assert asked.query == {"q": "a b/c?d&e=ä", "n": "3", "r": "a b/c?d&e=ä", "d": "2026-01-02"}
    assert asked.header("x-a") == "h v"
    assert told["target"] == asked.target
    book.value(
        "%%kproxy ${service} echo\n" + '{"n": ${n}, "many": ${many}, "text": "${word} ${n}", "d": ${day}, "l": "$${n}"}'
    )
    assert real.seen[1].body.decode() == (
        '{"n": 3, "many": ["x", "y"], "text": "a b/c?d&e=\\u00e4 3", "d": "2026-01-02", "l": "${n}"}\n'
    )
    book.value("%%kproxy web echo\nplain ${n}")
    book.value("%%kproxy web echo --expand\nplain ${n}")
    book.value("%kproxy web echo -d a=${n}")
    book.value("%kproxy http://${service}.${space}.svc/echo/${step}")
    assert [asked.body for asked in real.seen[2:]] == [b"plain ${n}\n", b"plain 3\n", b"a=3", b""]
    assert real.seen[-1].path == "/echo/x%3Fy%20z"


def test_variables_in_verbs_and_options(real: Real, book: Notebook) -> None:
    book.value("space, service, who, labels, n, named = 'demo', 'web', 'editor', 'app=web', 3, 'z'")
    assert book.value("%kproxy services ${service} -n ${space}")["name"].tolist() == ["web"]
    assert len(book.value("%kproxy pods -l ${labels}")) == 2
    assert book.value("%kproxy url ${service} x?q=${who} -q n=${n}").endswith("/services/web/proxy/x?q=editor&n=3")
    assert book.value("%kproxy can ${service} --context ${who}")
    assert len(book.value("%kproxy web stats --limit ${n} --context ${who}")) == 3
    book.value("%kproxy web stats --into ${named}")
    assert len(book.names["z"]) == 12
    book.value("%kproxy use ${who}")
    assert current().name == "editor"


def test_local_variables_come_first(real: Real, book: Notebook) -> None:
    book.value("q = 'global'")
    book.value("def asked(q):\n    frame = %kproxy web echo?q=${q} -q r=${q} -o json\n    return frame['target']")
    assert book.value("asked('local')") == "/echo?q=local&r=local"
    book.value("def url(q):\n    return get_ipython().run_line_magic('kproxy', 'url web x?q=${q}')")
    assert book.value("url('local')").endswith("?q=local")
    assert book.value("[len(one) for one in [get_ipython().run_line_magic('kproxy', 'web stats') for _ in 'ab']]") == [
        12,
        12,
    ]


def test_a_variable_that_is_not_there(real: Real, book: Notebook) -> None:
    for cell in (
        "%kproxy web echo?q=${nope}",
        "%kproxy ${nope}",
        "%kproxy web -n ${nope}",
        "%kproxy url web ${nope}",
        "%kproxy can ${nope}",
        "%kproxy services ${nope}",
        '%%kproxy web\n{"a": ${nope}}',
        "%kproxy web echo?q=${",
    ):
        ran = book.run(cell)
        assert isinstance(ran.error, UsageError), cell
    assert real.seen == []


# --- verbs ------------------------------------------------------------------------------------------------------------


def test_the_overview(real: Real, book: Notebook) -> None:
    ran = book.run("%kproxy")
    assert ran.lines[:2] == ["admin · https://192.0.2.1 · namespace demo", "signed in as admin"]
    assert "Elasticsearch · 1/1 ready" in ran.shown
    assert "    %kproxy kube-system/elasticsearch-logging" in ran.lines
    assert "KubeDNS · 0/0 ready · dns, dns-tcp speak no HTTP; nothing is ready behind it" in ran.lines
    url = "    https://192.0.2.1/api/v1/namespaces/kube-system/services/elasticsearch-logging/proxy/"
    assert url in ran.lines
    assert book.value(f"%kproxy {url.strip()}_cluster/health")["status"].tolist() == ["yellow"]
    html = ran.result._repr_html_()
    assert "<strong>Elasticsearch</strong>" in html and "<script" not in html
    assert "no service is labelled" in book.run("%kproxy -n demo").shown
    book.value("%kproxy use nobody")
    ran = book.run("%kproxy")
    assert ran.error is None and "AccessDenied" in ran.shown and "signed in as nobody" in ran.shown


def test_lists(book: Notebook) -> None:
    for short, long in (("svc", "services"), ("po", "pods"), ("no", "nodes"), ("ns", "namespaces")):
        pd.testing.assert_frame_equal(book.value(f"%kproxy get {short}"), book.value(f"%kproxy {long}"))
    assert set(book.value("%kproxy services -A")["namespace"]) == {"default", "demo", "kube-system", "monitoring"}
    assert set(book.value("%kproxy pods -n monitoring")["name"]) == {"prometheus-0"}
    assert set(book.value("%kproxy services *tls*")["name"]) >= {"tls", "tlsnamed", "plainastls", "tlsasplain"}
    assert book.value("%kproxy contexts")["current"].sum() == 1
    ran = book.run("%kproxy services -A --context roamer;")
    assert ran.told.startswith("a list of all services is refused; these are of the 2 namespaces")
    assert book.run("%kproxy services -A --context roamer --quiet;").told == ""


def test_use_says_what_the_next_lines_ask(real: Real, book: Notebook) -> None:
    assert isinstance(book.value("%kproxy use viewer -n monitoring"), Cluster)
    assert (current().name, current().namespace) == ("viewer", "monitoring")
    assert book.value("%kproxy pods")["name"].tolist() == ["prometheus-0"]
    assert isinstance(book.run("%kproxy demo/web").error, AccessDenied)
    assert book.value("%kproxy demo/web stats --context admin").shape == (12, 5)  # this once
    assert current().name == "viewer"
    book.value("%kproxy use -n demo")
    assert (current().name, current().namespace) == ("viewer", "demo")
    book.value("%kproxy use imp --as editor")
    assert book.value("%kproxy web stats").shape == (12, 5)
    book.value("%kproxy use imp")  # as its file says again
    assert isinstance(book.run("%kproxy web stats").error, AccessDenied)
    ran = book.run("%kproxy use nope")
    assert isinstance(ran.error, ConfigError) and current().name == "imp"
    book.value(f"%kproxy use --kubeconfig {real.kubeconfig('editor', namespace='monitoring')}")
    assert (current().name, current().namespace) == ("editor", "monitoring")


def test_url_and_can(real: Real, book: Notebook) -> None:
    base = "https://192.0.2.1/api/v1/namespaces"
    for line, url in (
        ("web x?y=1", f"{base}/demo/services/web/proxy/x?y=1"),
        ("https:elasticsearch-logging: _cluster/health -n kube-system",
         f"{base}/kube-system/services/https:elasticsearch-logging:/proxy/_cluster/health"),
        ("pod/web-0:http", f"{base}/demo/pods/web-0:8080/proxy/"),
        ("tls", f"{base}/demo/services/https:tls:/proxy/"),
        ("web x -q q=ä", f"{base}/demo/services/web/proxy/x?q=%C3%A4"),
    ):  # fmt: skip
        ran = book.run(f"%kproxy url {line}")
        assert (ran.result, ran.shown.strip()) == (url, url)
    yes = book.run("%kproxy can web -X POST")
    assert yes.result and yes.lines[0] == "yes: POST demo/web"
    no = book.run("%kproxy can web --context viewer")
    assert not no.result and no.lines[0] == "no: GET demo/web" and "kind: RoleBinding" in no.shown
    assert book.run("%kproxy can web --context narrow").lines[0] == "yes: GET demo/web:80"
    assert real.seen == []


def test_last_and_history(book: Notebook) -> None:
    before = len(book.value("%kproxy history"))
    book.value("%kproxy web stats --limit 3;")
    book.run("%kproxy web status/404")
    book.run("%kproxy nosuch")
    book.run("%kproxy hangup")
    book.value("%%kproxy web echo?token=canary -o json --into x\nthe body")
    assert book.value("%kproxy last").json()["body"] == "the body\n"
    told = book.value("%kproxy history")[before:]
    assert told["target"].tolist() == ["demo/web", "demo/web", "demo/hangup", "demo/hangup", "demo/web"]  # S8
    assert told["status"].tolist()[:2] == [200, 404] and told["rows"].tolist()[0] == 3
    assert told["problem"].tolist() == ["", "AppError", "", "Unreachable", ""]
    assert told["method"].tolist() == ["GET", "GET", "GET", "GET", "POST"]
    assert "the body" not in told.to_csv() and "canary" not in told.to_csv()


def test_options_that_mean_nothing_are_refused(real: Real, book: Notebook) -> None:
    for line in (
        "services --limit 3", "services -X POST", "pods -o json", "nodes -n demo", "use --context viewer", "last -n x",
        "history --limit 1", "can web -d a=1", "url web -X POST", "contexts -A", "-X POST",
        "web --nope", "web --lim 3", "web -n", "web -n a -n b", "web --raw=1", "web -o yaml", "web --limit 0",
        "web --limit x", "web --timeout 0", "web --timeout x", "web --into 1x", "last x", "can", "url",
        "web --as-group g",
    ):  # fmt: skip
        ran = book.run(f"%kproxy {line}")
        assert isinstance(ran.error, UsageError), line
        assert len(ran.told.strip().splitlines()) == 1
    assert real.seen == []


@pytest.mark.parametrize("option", ["-A", "-l a=b"])
def test_options_of_lists_are_refused_for_one_service(book: Notebook, option: str) -> None:
    error = book.run(f"%kproxy web x {option}").error
    assert isinstance(error, TargetError) and option.partition(" ")[0] in str(error)


# --- what is told, and errors -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("web stats", ""),
        ("multi stats", "port http of demo/multi (others: admin)"),
        ("multi stats --quiet", ""),
        ("web stats --limit 3", "3 of 12 rows"),
        ("web redirect?to=/stats", "redirected to /stats"),
        ("web redirect?to=http://evil.example/x", "redirects to http://evil.example/x: not followed"),
        ("kube-system/elasticsearch-logging _search?q=user:kimchy", "10 of 40 hits; --limit all for the rest"),
        ("web stats --context narrow", "asked as demo/web:80, for which there are rights"),
    ],
)
def test_a_caption_only_where_there_is_something_to_tell(book: Notebook, line: str, told: str) -> None:
    assert book.run(f"%kproxy {line};").told.strip() == told
    assert book.run(f"x = %kproxy {line}").told.strip() == told  # also when assigned


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        ("nosuch", NotFound),
        ("web:81", NotFound),
        ("pod/nope", NotFound),
        ("noready", NotFound),
        ("web status/500", AppError),
        ("web stats --context viewer", AccessDenied),
        ("web stats --context nope", ConfigError),
        ("web slow?s=20 --timeout 0.3", TimedOut),
        ("web say?body={bad", LoadError),
    ],
)
def test_errors_are_two_lines_and_the_cell_fails(book: Notebook, line: str, kind: type[Exception]) -> None:
    ran = book.run(f"%kproxy {line}")
    assert isinstance(ran.error, kind)
    assert len(ran.lines) == 2 and ran.lines[0].startswith(f"{kind.__name__}: ") and ran.lines[1].startswith("    ")
    assert ran.told == ""
    caught = book.value(f"try:\n    %kproxy {line}\nexcept Exception as error:\n    caught = error\ncaught")
    assert isinstance(caught, kind) and caught.__traceback__ is not None


def test_a_slip_of_a_verb(book: Notebook) -> None:
    for word, verb in (("servics", "services"), ("histroy", "history"), ("namespace", "namespaces")):
        ran = book.run(f"%kproxy {word}")
        assert isinstance(ran.error, NotFound) and f"the verb {verb}?" in ran.shown
    ran = book.run("%kproxy stop")
    assert "is it" not in ran.shown  # nothing is near


def test_help(real: Real, book: Notebook) -> None:
    for line in ("-h", "--help", "web -h", "services --help"):
        assert book.run(f"%kproxy {line}").shown.startswith("%kproxy [VERB | TARGET] [PATH] [options]")
    assert real.seen == []


def test_settings(book: Notebook) -> None:
    try:
        book.value("%config KProxyMagics.timeout_s = 0.3")
        book.value("%config KProxyMagics.quiet = True")
        assert isinstance(book.run("%kproxy web slow?s=20").error, TimedOut)
        assert book.run("%kproxy multi stats;").told == ""
    finally:
        book.value("%config KProxyMagics.timeout_s = 600.0")
        book.value("%config KProxyMagics.quiet = False")


def test_nothing_is_left_after_unloading(book: Notebook) -> None:
    book.value("%unload_ext kubeaccess_magic")
    try:
        assert "kproxy" not in book.shell.magics_manager.magics["line"]
        with pytest.raises(ConfigError):
            current()
    finally:
        book.value("%load_ext kubeaccess_magic")
    assert book.value("%kproxy web stats").shape == (12, 5)
