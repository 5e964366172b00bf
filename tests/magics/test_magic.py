"""``%kproxy`` in a real IPython: every verb, every option, what is shown, what is said and how it fails."""

from __future__ import annotations

import dataclasses
import json
import os
import subprocess
import threading
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from IPython.core.error import UsageError
from IPython.core.interactiveshell import ExecutionResult
from own_cluster import HOSTILE, own_cluster, promptly, written_kubeconfig

import kubeaccess_magic
from kubeaccess_magic import Cluster, Reply
from kubeaccess_magic.errors import AccessDenied, AppError, KubeAccessError, LimitExceeded, LoadError, NotFound
from kubeaccess_magic.magics.help import help_text
from kubeaccess_magic.magics.options import OPTIONS
from kubeaccess_magic.magics.verbs import VERBS

ELASTIC = "kube-system/elasticsearch-logging"
HITS = f"{ELASTIC} _search?q=user:kimchy"
QUERY = '{"query": {"term": {"user": "kimchy"}}}'


@pytest.fixture(scope="module")
def own(tmp_path_factory):
    with own_cluster(tmp_path_factory.mktemp("own"), {"me": "a-token-of-mine"}) as running:
        yield running


@dataclasses.dataclass(frozen=True)
class Ran:
    """A cell that ran: its value, what stands under it, and the error."""

    value: Any
    out: str
    err: str
    error: BaseException | None

    @property
    def last(self) -> list[str]:
        """The lines of what stands under it."""
        return self.out.splitlines()


@pytest.fixture
def run(shell, demo, own, capsys):
    """`run(cell)` runs one that works; `run.fails(cell)` one that does not. The demo cluster is in use."""

    def cell(source: str) -> Ran:
        capsys.readouterr()
        result: ExecutionResult = shell.run_cell(source, store_history=True)
        said = capsys.readouterr()
        return Ran(result.result, said.out, promptly(said.err), result.error_before_exec or result.error_in_exec)

    def works(source: str) -> Ran:
        ran = cell(source)
        assert ran.error is None, ran.out
        return ran

    def fails(source: str) -> Ran:
        ran = cell(source)
        assert ran.error is not None, ran.out
        return ran

    works.fails = fails
    shell.user_ns["shell"] = shell
    shell.user_ns["OWN"] = own.kubeconfig
    works(f"%kproxy use demo --kubeconfig {demo.kubeconfig};")
    return works


# --- a line


def test_a_line_shows_its_frame(run):
    ran = run(f"%kproxy {HITS}")
    assert isinstance(ran.value, pd.DataFrame) and len(ran.value) == 10
    assert "[10 rows x " in ran.out and ran.out.startswith("Out[")
    assert ran.err == "10 of 492 hits; --limit all for the rest\n"


def test_an_assigned_line_keeps_its_frame_shows_nothing_and_says_the_same(run, shell):
    ran = run(f"df = %kproxy {HITS}")
    assert (ran.value, ran.out) == (None, "")
    assert ran.err == "10 of 492 hits; --limit all for the rest\n"
    assert type(shell.user_ns["df"]) is pd.DataFrame and len(shell.user_ns["df"]) == 10


@pytest.mark.parametrize("end", [";", " ;", ";  "])
def test_a_silenced_line_shows_nothing(run, end):
    ran = run(f"%kproxy {HITS}{end}")
    assert (ran.value, ran.out) == (None, "")


@pytest.mark.parametrize("end", [";", "?", ""])
def test_an_assignment_keeps_its_value_whatever_the_line_ends_with(run, shell, end):
    shell.user_ns.pop("df", None)
    run(f"df = %kproxy {ELASTIC} _search?q=user:kimchy&size=3{end if end != '?' else ''}")
    assert len(shell.user_ns["df"]) == 3
    assert run(f"df = %kproxy {ELASTIC} _count{end}").out == ""
    assert len(shell.user_ns["df"]) == 1


def test_a_table_of_cat_is_a_typed_frame_and_its_text_stays_text(run):
    frame = run(f"%kproxy {ELASTIC} _cat/indices").value
    assert {str(frame[name].dtype) for name in ("pri", "docs.count", "store.size")} == {"int64"}
    assert run("%kproxy history").value["path"].iloc[-1] == "/_cat/indices?bytes=b&format=json"
    assert "_cat/indices?bytes=b&format=json" in run(f"%kproxy {ELASTIC} _cat/indices --kubectl").value
    assert "# sends /_cat/indices?bytes=b&format=json" in run(f"%kproxy {ELASTIC} _cat/indices --code").value
    for options in ("--raw", "-o text"):
        text = run(f"%kproxy {ELASTIC} _cat/indices {options}").value
        assert isinstance(text, str) and text.startswith("yellow open logstash-")
        assert "format=json" not in run(f"%kproxy {ELASTIC} _cat/indices {options} --kubectl").value


def test_a_trailing_question_mark_reaches_the_app(run):
    assert len(run(f"%kproxy {ELASTIC} _search?").value) == 10


def test_in_a_function_its_own_variables_come_first(run, shell):
    shell.user_ns["who"] = "alice"
    run(
        f"def ask(who):\n    found = %kproxy {ELASTIC} _search?q=user:${{who}} --quiet\n    return found\n"
        "found = ask('kimchy')"
    )
    assert set(shell.user_ns["found"]["user"]) == {"kimchy"}


def test_in_a_loop(run, shell):
    run(
        f"found = []\nfor who in ['kimchy', 'alice']:\n    one = %kproxy {ELASTIC} _search?q=user:${{who}} --quiet\n"
        "    found.append(one)"
    )
    assert [set(one["user"]) for one in shell.user_ns["found"]] == [{"kimchy"}, {"alice"}]


def test_in_a_with_and_an_if(run, shell):
    run(f"if True:\n    with open('/dev/null'):\n        n = %kproxy {ELASTIC} _count -o json")
    assert shell.user_ns["n"]["count"] > 0


@pytest.mark.parametrize(
    ("typed", "arrives"),
    [
        ("a/b?c=d", "/a/b?c=d"),
        ("a{b}|c", "/a%7Bb%7D%7Cc"),
        ("$HOME/~?q=it's!ls", "/$HOME/~?q=it's!ls"),
        ("'x y'", "/x%20y"),
        ("a#b", "/a%23b"),
        ("a%20b%zz", "/a%20b%25zz"),
        ("x?q={a:1}&r=[0]", "/x?q=%7Ba:1%7D&r=%5B0%5D"),
        ("x # a comment", "/x"),
        ("x?q=ü", "/x?q=%C3%BC"),
        ("x?q=${number}&r=$${name}", "/x?q=5&r=$%7Bname%7D"),
        ("${odd}", "/a%20b%2Fc%3F"),
        ("x -q 'a b=${odd}'", "/x?a%20b=a%20b%2Fc%3F"),
        ("""x -q q='up{job="a b"}'""", "/x?q=up%7Bjob%3D%22a%20b%22%7D"),
    ],
)
def test_what_is_typed_is_what_arrives(run, shell, typed, arrives):
    shell.user_ns.update(number=np.int64(5), odd="a b/c?")
    if "odd" in typed and "-q" not in typed:
        ran = run.fails(f"%kproxy own/echo {typed} --kubeconfig ${{OWN}} -o json")
        assert "%2F" in ran.out  # an encoded slash does not pass the proxy verb (T6): refused, not sent
        return
    assert run(f"%kproxy own/echo -o json --kubeconfig ${{OWN}} {typed}").value["path"] == arrives


# --- a cell


def test_a_cell_is_the_body(run):
    ran = run(f"%%kproxy {ELASTIC} _search\n{QUERY}")
    assert len(ran.value) == 10 and set(ran.value["user"]) == {"kimchy"}
    assert ran.err.startswith("10 of 492 hits")


def test_a_cell_into_a_name(run, shell):
    ran = run(f"%%kproxy {ELASTIC} _search --into found\n{QUERY}")
    assert (ran.value, ran.out) == (None, "")
    assert len(shell.user_ns["found"]) == 10


@pytest.mark.parametrize(
    ("line", "cell", "body", "media_type"),
    [
        ("", '{"a": "${name}", "b": ${thing}}', '{"a": "kimchy", "b": {"c": [1]}}\n', "application/json"),
        ("", '{"a": 1}\n{"b": 2}', '{"a": 1}\n{"b": 2}\n', "application/x-ndjson"),
        ("", "hallo ${name};", "hallo ${name};\n", "text/plain; charset=utf-8"),
        ("--expand", "hallo ${name};", "hallo kimchy;\n", "text/plain; charset=utf-8"),
        ("-d @-", "x", "x\n", "text/plain; charset=utf-8"),
        ("-H 'content-type: text/csv'", "a,b", "a,b\n", "text/csv"),
        ("-X PUT", "a", "a\n", "text/plain; charset=utf-8"),
    ],
)
def test_bodies_of_cells(run, shell, line, cell, body, media_type):
    shell.user_ns.update(name="kimchy", thing={"c": [1]})
    said = run(f"%%kproxy own/echo x {line} --kubeconfig ${{OWN}} -o json\n{cell}\n").value
    assert (said["body"], said["headers"]["Content-Type"]) == (body, media_type)
    assert said["method"] == ("PUT" if "PUT" in line else "POST")


def test_a_cell_in_the_query_is_a_get(run):
    said = run('%%kproxy own/echo x -q query=@- --kubeconfig ${OWN} -o json\nsum by (job) (up{job="a"})\n').value
    assert (said["method"], said["body"]) == ("GET", "")
    assert said["path"] == "/x?query=sum%20by%20%28job%29%20%28up%7Bjob%3D%22a%22%7D%29"


@pytest.mark.parametrize("cell", ["", "  \n"])
def test_an_empty_cell_is_a_mistake(run, cell):
    ran = run.fails(f"%%kproxy own/echo x\n{cell}")
    assert isinstance(ran.error, UsageError) and "empty" in ran.out + ran.err


def test_a_cell_under_a_verb_is_a_mistake(run):
    assert isinstance(run.fails("%%kproxy services\nx").error, UsageError)


# --- every option

OPTION_CELLS = {  # option → cells that use it, and what then holds of the values
    "namespace": (["%kproxy services -n shop", "%kproxy services --namespace=shop"], "set(v.namespace) == {'shop'}"),
    "all_namespaces": (["%kproxy services -A", "%kproxy pods --all-namespaces"], "{'shop'} < set(v.namespace)"),
    "selector": (
        ["%kproxy svc -A -l kubernetes.io/cluster-service=true", "%kproxy svc -n kube-system --selector k8s-app"],
        "set(v.namespace) == {'kube-system'}",
    ),
    "output": (
        [f"%kproxy {HITS} -o json", f"%kproxy {HITS} --output=json", f"%kproxy {HITS} -ojson"],
        "len(v['hits']['hits']) == 10",
    ),
    "context": (["%kproxy can web --context analyst"], "bool(v)"),
    "kubeconfig": (["%kproxy own/echo x -o json --kubeconfig ${OWN}"], "v['path'] == '/x'"),
    "as": (["%kproxy can kube-system/kibana-logging --as viewer"], "not v"),
    "as_group": (["%kproxy can shop/web --as anybody --as-group x --as-group system:masters"], "bool(v)"),
    "request": (
        [f"%kproxy own/echo x {given} --kubeconfig ${{OWN}} -o json" for given in ("-X DELETE", "--request=DELETE")],
        "v['method'] == 'DELETE'",
    ),
    "data": (
        [f"%kproxy own/echo x {given} --kubeconfig ${{OWN}} -o json" for given in ("-d a=b -d c=d", "--data a=b&c=d")],
        "v['body'] == 'a=b&c=d' and v['method'] == 'POST' and v['headers']['Content-Type'].endswith('urlencoded')",
    ),
    "header": (
        ["%kproxy own/echo x -H 'X-A: b c' --header X-D:e --kubeconfig ${OWN} -o json"],
        "v['headers']['X-A'] == 'b c' and v['headers']['X-D'] == 'e'",
    ),
    "query": (
        ["%kproxy own/echo x?z=0 -q a=b/c --query d='e f' --kubeconfig ${OWN} -o json"],
        "v['path'] == '/x?z=0&a=b%2Fc&d=e%20f'",
    ),
    "into": ([f"%kproxy {HITS} --into kept"], "v is None and len(shell.user_ns['kept']) == 10"),
    "limit": ([f"%kproxy {HITS} --limit 25", f"%kproxy {HITS} --limit=all"], "len(v) in (25, 492)"),
    "timeout": ([f"%kproxy {HITS} --timeout 20.5"], "len(v) == 10"),
    "dialect": ([f"%kproxy {HITS} --dialect elasticsearch"], "len(v) == 10"),
    "rows": ([f"%kproxy {HITS} --dialect records --rows hits.hits"], "len(v) == 10 and '_source.user' in v"),
    "agg": (
        [f'%%kproxy {ELASTIC} _search --agg who\n{{"size": 0, "aggs": {{"who": {{"terms": {{"field": "user"}}}}}}}}'],
        "'kimchy' in v.astype(str).values",
    ),
    "labels": (["%kproxy /api/v1/pods --labels app,nosuch"], "'labels.app' in v and v['labels.nosuch'].isna().all()"),
    "wide": (["%kproxy /api/v1/services --wide"], "len(v.columns) > len(shell.user_ns['narrow'].columns)"),
    "categories": (
        ["%kproxy monitoring/prometheus api/v1/query?query=up --categories"],
        "str(v['job'].dtype) == 'category'",
    ),
    "grouped": (["%kproxy shop/backoffice:http metrics --grouped"], "v['le'].notna().any()"),
    "raw": ([f"%kproxy {HITS} --raw"], "len(v) == 10"),
    "expand": (["%%kproxy own/echo x --expand --kubeconfig ${OWN} -o json\nto ${OWN}"], "v['body'].startswith('to /')"),
    "why": (["%kproxy last --why"], "v.kind == 'NotFound' and 'nosuch' in repr(v)"),
    "quiet": ([f"%kproxy {HITS} --quiet"], "len(v) == 10"),
    "code": ([f"%kproxy {HITS} --code"], "'cluster.frame(' in v"),
    "kubectl": ([f"%kproxy {HITS} --kubectl"], "v.startswith('kubectl ')"),
    "help": (["%kproxy -h", "%kproxy --help", "%kproxy services -h", f"%kproxy {HITS} -h"], "v is None"),
}  # fmt: skip


def test_every_option_is_used_here():
    assert set(OPTION_CELLS) == {option.key for option in OPTIONS}
    for option in OPTIONS:
        cells = "\n".join(OPTION_CELLS[option.key][0])
        assert all(name in cells for name in option.names), f"{option.names}: one of them is not used"


@pytest.mark.parametrize("key", OPTION_CELLS)
def test_options(run, shell, key):
    cells, holds = OPTION_CELLS[key]
    if key == "wide":
        shell.user_ns["narrow"] = run("%kproxy /api/v1/services").value
    if key == "why":
        run.fails("%kproxy nosuch")
    for cell in cells:
        value = run(cell).value
        assert eval(holds, {"shell": shell, "v": value}), (cell, value)


def test_quiet_says_nothing(run):
    assert run(f"%kproxy {HITS} --quiet").err == ""


def test_help_is_the_table(run):
    assert run("%kproxy -h").out.strip() == help_text()


@pytest.mark.parametrize("form", ["frame", "json", "text", "bytes", "reply"])
def test_forms(run, form):
    value = run(f"%kproxy {HITS} -o {form}").value
    kinds = {"frame": pd.DataFrame, "json": dict, "text": str, "bytes": bytes, "reply": Reply}
    assert isinstance(value, kinds[form])


def test_a_file_is_a_body(run, shell, tmp_path):
    (tmp_path / "query.json").write_text(QUERY)
    shell.user_ns["folder"] = str(tmp_path)
    said = run("%kproxy own/echo x -d @${folder}/query.json --kubeconfig ${OWN} -o json").value
    assert said["body"] == QUERY
    assert run.fails("%kproxy own/echo x -d @${folder}/nothing --kubeconfig ${OWN}").error


# --- every verb

VERB_LINES = {
    "contexts": ["%kproxy contexts", "%kproxy get contexts"],
    "namespaces": ["%kproxy namespaces", "%kproxy ns sho*", "%kproxy get ns"],
    "services": ["%kproxy services -n shop", "%kproxy svc -A", "%kproxy get svc web* -n shop"],
    "pods": ["%kproxy pods -n shop", "%kproxy po web-* -n shop"],
    "nodes": ["%kproxy nodes", "%kproxy no *"],
    "use": ["%kproxy use analyst", "%kproxy use demo -n shop --as viewer", "%kproxy use"],
    "url": [f"%kproxy url {HITS}"],
    "can": [f"%kproxy can {ELASTIC}", f"%kproxy can {ELASTIC} -X POST"],
    "panel": ["%kproxy panel", f"%kproxy panel {HITS} --limit 3"],
    "last": [f"%kproxy {ELASTIC};\n%kproxy last"],
    "history": [f"%kproxy {ELASTIC};\n%kproxy history"],
    "doctor": ["%kproxy doctor", "%kproxy doctor -n shop --as viewer"],
    "demo": [],  # below
}


def test_every_verb_is_used_here():
    assert set(VERB_LINES) == {verb.name for verb in VERBS}
    for verb in VERBS:
        assert all(f"%kproxy {short} " in str(VERB_LINES) for short in verb.short)


@pytest.mark.parametrize("verb", [verb for verb in VERB_LINES if VERB_LINES[verb]])
def test_verbs(run, verb):
    for line in VERB_LINES[verb]:
        ran = run(line)
        assert ran.out.startswith("Out[")
        assert ran.value is not None
        if verb in ("contexts", "namespaces", "services", "pods", "nodes", "history"):
            assert type(ran.value) is pd.DataFrame and len(ran.value)


def test_the_overview(run, demo):
    ran = run("%kproxy")
    assert ran.last[0] == f"demo · {demo.server} · namespace default"
    for text in ("signed in as admin", "%kproxy kube-system/elasticsearch-logging", "%kproxy services -A"):
        assert text in ran.out
    assert ran.out.count(f"{demo.server}/api/v1/namespaces/kube-system/services/") == 5
    html = ran.value._repr_html_()
    assert html.count("<tr>") == 6 and "<script" not in html
    assert "Out[" not in run("%kproxy ;").out


def test_the_overview_of_a_cluster_that_does_not_answer(run, shell, tmp_path):
    shell.user_ns["nowhere"] = str(written_kubeconfig(tmp_path, "https://127.0.0.1:9"))
    ran = run("%kproxy --kubeconfig ${nowhere}")
    assert ran.last[0].startswith("c · https://127.0.0.1:9")
    assert "Unreachable" in ran.out and "%kproxy demo" in ran.out


def test_use_is_what_the_next_lines_ask(run, demo):
    assert isinstance(run("%kproxy use analyst").value, Cluster)
    assert kubeaccess_magic.current().name == "analyst"
    assert str(run("%kproxy url web").value).endswith("/namespaces/shop/services/web/proxy/")
    run(f"%kproxy {ELASTIC} _count --context demo -o json")
    assert kubeaccess_magic.current().name == "analyst"  # --context is for one line
    run("%kproxy use -n monitoring")
    assert (kubeaccess_magic.current().name, kubeaccess_magic.current().namespace) == ("analyst", "monitoring")
    run("%kproxy use demo --as viewer")
    assert kubeaccess_magic.current().impersonating == "viewer"
    assert kubeaccess_magic.current().namespace == "default"
    assert isinstance(run.fails("%kproxy use no-such").error, KubeAccessError)
    assert kubeaccess_magic.current().name == "demo"


@pytest.mark.parametrize(
    ("line", "behind"),
    [
        (f"{ELASTIC} _search?q=user:kimchy", "elasticsearch-logging/proxy/_search?q=user:kimchy"),
        ("elasticsearch-logging:9200 -n kube-system", "elasticsearch-logging:9200/proxy/"),
        ("https:elasticsearch-logging: x/y -n kube-system", "https:elasticsearch-logging:/proxy/x/y"),
        ("kube-system/https:elasticsearch-logging:9200", "https:elasticsearch-logging:9200/proxy/"),
        ("http://elasticsearch-logging.kube-system.svc:9200/x?y", "elasticsearch-logging:9200/proxy/x?y"),
    ],
)  # fmt: skip
def test_urls(run, demo, line, behind):
    ran = run(f"%kproxy url {line}")
    assert isinstance(ran.value, str)
    assert ran.value == f"{demo.server}/api/v1/namespaces/kube-system/services/{behind}"
    assert ran.last[-1].endswith(ran.value)  # no quotes around it


def test_url_takes_its_query_too(run):
    assert run(f"%kproxy url {ELASTIC} x -q 'a=b c'").value.endswith("/proxy/x?a=b%20c")


def test_can_shows_the_role(run):
    ran = run(f"%kproxy can {ELASTIC} -X POST --as viewer")
    assert not ran.value and "kind: Role" in ran.out and "create" in ran.value.role
    assert run(f"%kproxy can {ELASTIC}").value


def test_last_and_history(run):
    run(f"%kproxy {HITS}")
    ran = run("%kproxy last")
    assert isinstance(ran.value, Reply) and ran.value.json()["hits"]
    assert "200 OK" in ran.out and "application/json" in ran.out
    run.fails(f"%kproxy {ELASTIC} no-such-index/_search")
    history = run("%kproxy history").value
    assert list(history["status"].tail(2)) == [200, 404]
    assert list(history["problem"].tail(2)) == ["", "AppError"]
    assert run("%kproxy last").value.status_code == 404


def test_every_request_of_a_question_is_in_the_history(run):
    before = len(run("%kproxy history").value)
    run(f"%kproxy {ELASTIC} archive-000001/_search --limit 12000")
    sent = run("%kproxy history").value.iloc[before:]
    assert list(sent["path"].str.extract(r"/(_\w+)")[0]) == ["_search", "_pit", "_search", "_search", "_pit"]
    assert list(sent["method"]) == ["GET", "POST", "POST", "POST", "DELETE"]
    assert list(sent["rows"].dropna()) == [12_000] and set(sent["status"]) == {200}
    assert list(sent.loc[sent["rows"] == 12_000, "method"]) != ["DELETE"]  # which closes, and gives none
    run.fails(f"%kproxy {ELASTIC} _search --as viewer")
    assert list(run("%kproxy history").value[["status", "problem"]].iloc[-1]) == [403, "AccessDenied"]


def test_clusters_beside_the_one_in_use_are_bounded(run, shell, demo):
    magics = shell.magics_manager.registry["KProxyMagics"]
    first = magics.kept({"context": "viewer", "kubeconfig": demo.kubeconfig})
    for number in range(20):
        run(f"%kproxy url shop/web:80 --as user-{number}")
    assert len(magics._kept) == 16 and first not in magics._kept.values()
    assert len(first.services("kube-system"))  # who holds it goes on
    kept = magics.kept({**magics.cluster.recipe, "impersonate": "user-19"})
    assert kept is magics.kept({**magics.cluster.recipe, "impersonate": "user-19"})


def test_why_tells_what_is_known_of_the_last_failure(run, own):
    run.fails(f"%kproxy own/echo fails --kubeconfig {own.kubeconfig}")
    why = run("%kproxy last --why").value
    assert (why.kind, why.asked) == ("AppError", f"%kproxy own/echo fails --kubeconfig {own.kubeconfig}")
    assert why.answer[0].startswith("500 ") and "failed:" in why.answer[2]
    assert "\x1b" not in repr(why)
    run.fails(f"%kproxy {ELASTIC} _search --as viewer")
    why = run("%kproxy last --why").value
    assert why.kind == "AccessDenied" and "kind: Role" in repr(why)


def test_why_tells_no_secret(run, own):
    run.fails(f"%kproxy own/echo fails?access_token=canary-1 -H 'X-Api-Key: canary-2' --kubeconfig {own.kubeconfig}")
    assert "canary" not in repr(run("%kproxy last --why").value)
    secret = "-q token='two canaries' -HX-Api-Key:canary -H 'Cookie: a canary' -q size=3 --data='a canary' -d canary"
    run.fails(f"%kproxy own/echo fails {secret} -n own --kubeconfig {own.kubeconfig}")
    assert run("%kproxy last --why").value.asked == (
        "%kproxy own/echo fails -q 'token=[hidden]' -H 'X-Api-Key:[hidden]' -H 'Cookie:[hidden]' -q size=3 -d … -d …"
        f" -n own --kubeconfig {own.kubeconfig}"
    )


def test_a_search_that_may_not_be_posted_may_be_asked_by_get(run):
    error = run.fails(f"%%kproxy shop/web _search --as analyst\n{QUERY}").error
    assert isinstance(error, AccessDenied) and error.hint.startswith(
        "type -X GET: you may send the same search by GET"
    )  # T11
    error = run.fails(f"%%kproxy {ELASTIC} _search --as viewer\n{QUERY}").error
    assert "-X GET" not in error.hint


def test_demo_and_back(run, shell):
    before = kubeaccess_magic.current()
    ran = run("%kproxy demo")
    assert isinstance(ran.value, Cluster) and ran.value is kubeaccess_magic.current() is not before
    assert len(run(f"%kproxy {HITS} --quiet").value) == 10
    assert run("%kproxy demo").value is ran.value  # the same one
    run("%kproxy use analyst")  # of the demo
    assert run("%kproxy demo").value.server == ran.value.server
    assert run("%kproxy demo stop").value is None
    assert kubeaccess_magic.current() is before
    assert len(run(f"%kproxy {HITS} --quiet").value) == 10
    assert "no demo" in run.fails("%kproxy demo stop").err
    run.fails("%kproxy demo elsewhere")


# --- the same elsewhere


@pytest.mark.parametrize(
    "line",
    [
        HITS,
        f"{ELASTIC} _search?q=user:kimchy --limit 25",
        f"{ELASTIC} _search -q q=user:kimchy -n kube-system --timeout 30",
        "/api/v1/pods -n shop -l app=web -q fieldSelector=status.phase=Running",
        "elasticsearch-logging _search?q=user:kimchy -n kube-system",
        "http://elasticsearch-logging.kube-system.svc:9200/_search?q=user:kimchy",
        f"""{ELASTIC} _search -d {QUERY.replace(" ", "")} --limit 12""",
        f"{HITS} --dialect records --rows hits.hits",
        f"{HITS} --context demo --as somebody --as-group system:masters",
        "/apis/apps/v1/deployments --wide",
        "own/echo x -H 'X-A: b' -q 'c=d e' --kubeconfig ${OWN}",
    ],
)
def test_code_gives_an_equal_frame(run, line):
    frame = run(f"%kproxy {line}").value
    code = run(f"%kproxy {line} --code").value
    given: dict[str, Any] = {}
    exec(code, given)
    pd.testing.assert_frame_equal(given["df"], frame)
    told = ("context", "target", "path", "dialect", "way", "rows", "of")
    assert {key: given["df"].attrs["kproxy"][key] for key in told} == {key: frame.attrs["kproxy"][key] for key in told}


@pytest.mark.parametrize(
    ("form", "name"), [("json", "data"), ("text", "text"), ("bytes", "content"), ("reply", "reply")]
)
def test_code_gives_the_other_forms(run, form, name):
    asked = f"%kproxy {ELASTIC} _count -o {form}"
    given: dict[str, Any] = {}
    exec(run(f"{asked} --code").value, given)
    value = run(asked).value
    assert given[name].content == value.content if form == "reply" else given[name] == value


@pytest.mark.skipif(
    not any(os.access(Path(folder, "kubectl"), os.X_OK) for folder in os.get_exec_path()), reason="kubectl is not here"
)
@pytest.mark.parametrize(
    "line",
    [
        f"{ELASTIC} _search?q=user:kimchy&size=2",
        "shop/backoffice:http orders?page=2",
        f"{ELASTIC} _count -d {QUERY.replace(' ', '')}",
        "/api/v1/namespaces/kube-system/services",
    ],
)
def test_kubectl_gives_the_same_bytes(run, line):
    content = run(f"%kproxy {line} -o bytes").value
    command = run(f"%kproxy {line} --kubectl").value
    done = subprocess.run(["bash", "-c", command], capture_output=True, timeout=120, check=True)
    got, wanted = json.loads(done.stdout), json.loads(content)
    for answer in (got, wanted):
        answer.pop("took", None)  # of one search only
    assert got == wanted


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("pods -n none", "no pods in the namespace none; -A lists those of all namespaces"),
        ("services elastic", "no services called elastic in the namespace default; `%kproxy services -n elastic` if"),
        ("pods elastic -A", "no pods called elastic in any namespace; `%kproxy pods *elastic* -A` looks"),
        ("pods no* -A -l app=none", "no pods called no* with the labels app=none in any namespace"),
    ],
)
def test_an_empty_list_says_what_was_looked_for(run, line, says):
    ran = run(f"%kproxy {line}")
    assert len(ran.value) == 0 and ran.err.startswith(says)
    assert run(f"%kproxy {line} --quiet").err == ""


# --- errors

ERRORS = [
    (f"{ELASTIC}x", NotFound, "no service is called elasticsearch-loggingx"),
    ("elasticsearch-logging _search", NotFound, "is it kube-system/elasticsearch-logging?"),
    ("/api/v1/pod", NotFound, "`%kproxy /api/v1` lists"),
    (f"{ELASTIC} no-index/_search", AppError, "404 Not Found: index_not_found_exception: no such index [no-index]"),
    ("kube-system/kibana-logging", LoadError, "a web page"),
    ("a/b/c", ValueError, "a/b c"),
    ("https:web -n shop", ValueError, "https:web:"),
    (f"{ELASTIC} a/../b", ValueError, "a/../b"),
    (f"{ELASTIC} _search --as nobody", AccessDenied, "services/proxy"),
    ("shop/abandoned", NotFound, "abandoned"),
    ("servces", NotFound, "servces"),
    ("own/echo many --kubeconfig ${OWN}", LimitExceeded, "larger than 1 KiB"),
    ("--context no-such shop/web", KubeAccessError, "no-such"),
    (f"{ELASTIC} -H Authorization:x", ValueError, "uthorization"),
    ("own/echo fails --kubeconfig ${OWN}", AppError, "the app answered 500"),
    ("web -A", ValueError, "-A"),
    ("shop/web -n other", ValueError, "-n names other"),
    ("/api/v1/nodes -n shop", ValueError, "nodes are in no namespace"),
]


@pytest.mark.parametrize(("line", "kind", "says"), ERRORS)
def test_an_error_is_a_line_and_a_hint(run, shell, line, kind, says):
    if kind is LimitExceeded:
        run("%config KProxyMagics.max_bytes = 1024")
    try:
        for cell in (f"%kproxy {line}", f"found = %kproxy {line}"):
            ran = run.fails(cell)
            assert isinstance(ran.error, kind)
            assert isinstance(ran.error, KubeAccessError)
            assert 1 <= len(ran.last) <= 2, ran.out
            assert ran.last[0] == f"{type(ran.error).__name__}: {ran.last[0].partition(': ')[2]}"
            assert says in ran.out
            assert len(ran.last) == 1 or ran.last[1].startswith("    ")
            assert "\x1b" not in ran.out and "<Cluster" not in ran.out
            assert ran.err == ""
    finally:
        run("%config KProxyMagics.max_bytes = 268435456")


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("--nothing web", "no option --nothing"),
        ("web x y z", "%kproxy web 'x y z'"),
        ("web -o xml", "-o is one of frame, json"),
        ("web --limit 0", "--limit"),
        ("web --timeout soon", "--timeout"),
        ("web -X", "-X needs a value"),
        ("web -n a -n b", "twice"),
        ("web ${nothing_like_it}", "nothing_like_it"),
        ("url", "needs TARGET"),
        ("contexts x", "takes no words"),
        ("last more", "takes no words"),
        ("web -d @-", "there is none"),
        ("web -q x", "NAME=VALUE"),
        ("web -H x", "no colon"),
        ("web --as-group x", "--as USER"),
        ("web --into a.b", "a.b"),
        ("web _search -query x", "two dashes: --query"),
        ("port-forward svc/web 8080", "a verb of kubectl's"),
        ("kubectl get svc", "%kproxy services -A"),
        ("shop web stats", "with a namespace: %kproxy shop/web stats"),
        ("shop web stats -o json", "with a namespace: %kproxy shop/web stats -o json"),
        ('web _search {"query": {"match_all": {}}}', """behind -d: -d '{"query": {"match_all": {}}}'"""),
    ],
)
def test_a_usage_mistake_is_one_line(run, line, says):
    ran = run.fails(f"%kproxy {line}")
    assert isinstance(ran.error, UsageError)
    shown = (ran.out + ran.err).strip().splitlines()
    assert len(shown) == 1 and shown[0].startswith("UsageError: ")
    assert says in shown[0]


def test_a_caller_gets_the_exception_with_its_cause(run, shell, tmp_path):
    shell.user_ns["nowhere"] = str(written_kubeconfig(tmp_path, "https://127.0.0.1:9"))
    run(
        "from kubeaccess_magic.errors import KubeAccessError\ntry:\n    %kproxy web:80 --kubeconfig ${nowhere}\n"
        "except KubeAccessError as error:\n    caught = error"
    )
    caught = shell.user_ns["caught"]
    assert type(caught).__name__ == "Unreachable" and isinstance(caught, ConnectionError)
    assert caught.__cause__ is not None and caught.hint and caught.__traceback__ is not None


def test_a_call_of_python_has_its_usual_traceback(run, shell, demo):
    shell.user_ns["cluster"] = kubeaccess_magic.current()
    ran = run.fails("cluster.get('kube-system/nothing')")
    assert "Traceback (most recent call last)" in ran.out
    assert "cluster.get('kube-system/nothing')" in ran.out
    assert ran.last[-2].startswith("NotFound: no service is called nothing")
    assert ran.last[-1].startswith("hint: ")


def test_a_part_of_a_name_names_those_that_hold_it(run):
    assert "is it kube-system/elasticsearch-logging?" in run.fails("%kproxy kube-system/elastic").out
    assert "a verb of kubectl's and not one here" in run.fails("%kproxy logs shop/web").out


@pytest.mark.parametrize(
    ("line", "hint"),
    [
        ("help", "`%kproxy -h` shows the help"),
        ("cluster-info", "`%kproxy` alone shows that"),
        ("logs shop/web", "/pods/POD/log"),
        ("{es} _search", "a variable is put in as ${es}"),
        ("shop/$es _search", "a variable is put in as ${es}"),
    ],
)
def test_a_habit_of_another_program_is_answered_with_what_to_type_here(run, line, hint):
    assert hint in run.fails(f"%kproxy {line}").out.splitlines()[-1]


def test_the_overview_proposes_what_can_answer(run):
    lines = repr(run("%kproxy --context analyst").value).splitlines()  # who sees the shop alone; its first is abandoned
    assert "df = %kproxy shop/backoffice:http PATH" in lines
    assert "mail · 0/0 ready · a name for mail.example.org, outside the cluster" in lines
    assert not any("shop/mail" in line for line in lines)


def test_a_body_that_is_no_json_is_said_to_be_none_where_the_app_refuses_it(run):
    slip = f"%%kproxy {ELASTIC} _search\n{{\"query\": {{'match_all': {{}}}}}}"
    assert "the body is not valid JSON: expected a property name" in run.fails(slip).out
    assert "line 1, column 12" in run.fails(slip).out
    sound = run.fails(f'%%kproxy {ELASTIC} _search\n{{"query": {{"trem": {{}}}}}}').out
    assert "unknown query [trem]" in sound and "not valid JSON" not in sound


def test_what_comes_after_a_failing_line_does_not_run(run, shell):
    shell.user_ns.pop("after", None)
    run.fails("%kproxy kube-system/nothing\nafter = 1")
    assert "after" not in shell.user_ns


# --- what a cluster says is text


def test_what_came_acts_on_nothing(run):
    for line in ("text", "html -o text", "fails -o reply", "html -o reply"):
        ran = run(f"%kproxy own/echo {line} --kubeconfig ${{OWN}}")
        assert "\x1b" not in ran.out + ran.err
    reply = run("%kproxy last").value
    assert "<script" not in reply._repr_mimebundle_()["text/html"]
    assert "application/json" not in reply._repr_mimebundle_()
    assert run("%kproxy own/echo text --kubeconfig ${OWN}").value == HOSTILE  # the value is as it came
    assert "<script" not in run("%kproxy own/echo rows --kubeconfig ${OWN}").value._repr_html_()
    assert "\x1b" not in run.fails("%kproxy own/echo fails --kubeconfig ${OWN}").out


def test_an_answer_without_a_body_shows_its_status(run):
    assert run("%kproxy own/echo empty --kubeconfig ${OWN}").value.status_code == 204


# --- captions


@pytest.mark.parametrize(
    ("line", "says"),
    [
        (HITS, ["10 of 492 hits; --limit all for the rest"]),
        (f"{HITS} --limit all", []),
        (f"{ELASTIC} _count", []),
        ("kube-system/kube-dns:metrics metrics", []),
        (f"url {ELASTIC}", []),
        ("services -A", []),
    ],
)
def test_captions_come_once_and_only_when_there_is_something(run, line, says):
    assert run(f"%kproxy {line}").err.splitlines() == says
    assert run(f"value = %kproxy {line}").err.splitlines() == says


def test_nothing_is_said_twice_by_logging(run, caplog):
    run(f"%kproxy {HITS}")
    assert not [record for record in caplog.records if record.name.startswith("kubeaccess_magic")]


# --- settings, and the extension itself


def test_settings(run, own):
    assert "KProxyMagics" in run("%config").out
    assert "timeout_s" in run("%config KProxyMagics").out
    run("%config KProxyMagics.quiet = True")
    assert run(f"%kproxy {HITS}").err == ""
    run("%config KProxyMagics.quiet = False")
    run("%config KProxyMagics.timeout_s = 1.5")  # a busy machine needs some of it to connect
    ran = run.fails("%kproxy own/echo hangs --kubeconfig ${OWN}")
    assert isinstance(ran.error, TimeoutError) and "1.5 s" in ran.out
    run("%config KProxyMagics.timeout_s = 600")
    run("%config KProxyMagics.history_size = 2")
    run(f"%kproxy {ELASTIC};\n%kproxy {ELASTIC};\n%kproxy {ELASTIC};")
    assert len(run("%kproxy history").value) == 2
    run("%config KProxyMagics.history_size = 1000")


@pytest.mark.parametrize("asked", ["%kproxy?", "?%kproxy", "%%kproxy?"])
def test_help_by_a_question_mark(run, asked):
    ran = run(asked)
    assert "--limit" in ran.out


def test_unload_and_reload(run, shell):
    run("%kproxy demo;")
    pid = shell.magics_manager.registry["KProxyMagics"]._demo.pid
    run("%unload_ext kubeaccess_magic")
    assert not Path(f"/proc/{pid}").exists()
    ran = run.fails(f"x = %kproxy {ELASTIC}")
    assert isinstance(ran.error, UsageError) and "not found" in ran.out + ran.err
    with pytest.raises(KubeAccessError):
        kubeaccess_magic.current()
    assert "KProxyMagics" not in run("%config").out
    run("%load_ext kubeaccess_magic")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # reloading makes traits' classes anew, which IPython says
        run("%reload_ext kubeaccess_magic")
    count = sum(getattr(one, "__name__", "") == "keep_for_the_magic" for one in shell.input_transformers_cleanup)
    assert count == 1
    assert run("%kproxy -h").out


# --- in threads


def test_two_magics_in_two_threads_each_have_their_own_answer(run, shell):
    """The history has every request; no line ends the other's bar, or takes its answer."""
    before = len(run("%kproxy history").value)
    answers: dict[str, list[str]] = {"a": [], "b": []}

    def ask(name: str) -> None:
        for number in range(20):
            line = f"own/echo {name}/{number} -o json --kubeconfig {shell.user_ns['OWN']}"
            answers[name].append(shell.run_line_magic("kproxy", line)["path"])

    threads = [threading.Thread(target=ask, args=(name,)) for name in answers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert answers == {name: [f"/{name}/{number}" for number in range(20)] for name in answers}
    paths = list(run("%kproxy history").value["path"][before:])
    assert sorted(paths) == sorted(answers["a"] + answers["b"])
