"""`--code` and `--kubectl`: what they print is run, and compared with what the magic gives."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pandas as pd
import pytest

from . import notebook
from .control_plane import Real
from .notebook import Notebook


@pytest.fixture(scope="module")
def book(real: Real) -> Iterator[Notebook]:
    with notebook.opened(real.kubeconfig()) as opened:
        yield opened


def run_python(code: str) -> dict[str, Any]:
    """What the code that was shown leaves behind."""
    names: dict[str, Any] = {}
    exec(compile(code, "<shown>", "exec"), names)  # running it is the test
    return names


def arrived(real: Real) -> list[tuple[str, str, bytes, str | None, str | None]]:
    return [
        (asked.method, asked.target, asked.body, asked.header("content-type"), asked.header("x-a"))
        for asked in real.seen
    ]


LINES = [
    "web stats",
    "demo/web /stats",
    "web 'stats?a=b c&d=ä;e+f'",
    "web stats -q 'q=a b&c' -q n=1",
    "multi stats",
    "https:tls: stats",
    "pod/web-0:http stats",
    "http://web.demo.svc/stats",
    "http://web.demo.svc/ stats -q a=1",
    "/api/v1/namespaces/demo/services/web/proxy/stats",
    "/apis/apps/v1/deployments",
    "/api/v1/namespaces/demo/services --limit 7",
    "web stats --limit 3",
    "web stats --rows .",
    "web stats --dialect records",
    "web stats --timeout 20",
    "web stats --raw",
    "web stats -H 'X-A: it b'",
    "web stats -d a=1 -d b=2",
    'web stats -d \'{"a": "ä"}\'',
    "web stats -d text",
    "web stats -X PUT -d '<x/>' -H Content-Type:application/xml",
    "elasticsearch-logging _search?q=user:kimchy -n kube-system",
    "elasticsearch-logging _search?q=user:kimchy -n kube-system --limit 20",
    "kube-system/elasticsearch-logging _cluster/health?pretty=true",
    "web stats --context editor",
    "web stats --context imp --as editor --as-group team",
]


@pytest.mark.parametrize("line", LINES)
def test_the_code_gives_the_same_frame(real: Real, book: Notebook, line: str) -> None:
    real.seen.clear()
    frame = book.value(f"%kproxy {line}")
    before = arrived(real)
    real.seen.clear()
    code = book.value(f"%kproxy {line} --code")
    assert real.seen == []
    same = run_python(code)["df"]
    assert arrived(real) == before
    pd.testing.assert_frame_equal(frame, same)
    drop = {"time"}
    assert {k: v for k, v in frame.attrs["kproxy"].items() if k not in drop} == {
        k: v for k, v in same.attrs["kproxy"].items() if k not in drop
    }


@pytest.mark.parametrize(
    ("form", "name", "same"),
    [
        ("json", "data", lambda value: value),
        ("text", "text", str),
        ("bytes", "content", bytes),
        ("reply", "reply", lambda reply: reply.content),
        ("frame", "df", lambda frame: frame.to_csv()),
    ],
)
@pytest.mark.parametrize("more", ["", " -d a=1", " -X PATCH -d '{}'"])
def test_the_code_gives_the_same_form(book: Notebook, form: str, name: str, same: Any, more: str) -> None:
    line = f"web stats -o {form}{more}"
    assert same(run_python(book.value(f"%kproxy {line} --code"))[name]) == same(book.value(f"%kproxy {line}"))


def test_the_code_of_a_cell_and_of_variables(real: Real, book: Notebook) -> None:
    book.value("words = ['a b', \"it's\"]; n = 3; path = 'stats'")
    cell = '%%kproxy web ${path}?q=${n}{} \n{"words": ${words}, "text": "${n}"}\n'
    frame = book.value(cell.replace("{}", "", 1).replace(" \n", "\n", 1))
    before = arrived(real)
    assert before[0][2] == b'{"words": ["a b", "it\'s"], "text": "3"}\n'
    real.seen.clear()
    code = book.value(cell.replace("{} \n", " --code\n", 1))
    pd.testing.assert_frame_equal(frame, run_python(code)["df"])
    assert arrived(real) == before
    code = book.value('%%kproxy web stats -q query=@- --code\nup{job="a"}')
    real.seen.clear()
    run_python(code)
    assert real.seen[0].query == {"query": 'up{job="a"}'}


def test_the_code_says_what_is_asked_now(real: Real, book: Notebook) -> None:
    try:
        book.value("%kproxy use viewer -n monitoring --as editor")
        code = book.value("%kproxy demo/web stats --code")
        assert "Cluster('viewer', namespace='monitoring', impersonate='editor')" in code
    finally:
        book.value("%kproxy use admin")
    assert "Cluster('admin')" in book.value("%kproxy web stats --code")


# --- for a terminal ---------------------------------------------------------------------------------------------------


def run_shell(real: Real, line: str, shell: str = "sh") -> bytes:
    """What a terminal prints."""
    environment = {
        "PATH": f"{real.kubectl.parent}:{os.environ['PATH']}",
        "HOME": str(real.folder),
        "KUBECONFIG": os.environ["KUBECONFIG"],
    }
    done = subprocess.run([shell, "-c", line], env=environment, capture_output=True, timeout=10)
    assert done.returncode == 0, (line, done.stderr)
    return done.stdout


GETS = [
    "web stats",
    "multi stats",
    "https:tls: stats",
    "pod/web-0:http stats",
    "http://web.demo.svc/stats?a=1&b=2",
    "web stats?b=1&a=2",
    "web 'stats?a=x y'",
    "web stats?a=1%2B2+3",
    "web stats?a=1;b=2",
    "web stats?a=it's",
    'web stats?q=up{job="x"}[5m]',
    "web stats?q=$HOME`id`$(id)",
    "web stats -q 'q=ä&b;c+d'",
    "web page",
    "web size?n=100000",
    "kube-system/elasticsearch-logging _search?q=user:kimchy --limit 20",
    "/api/v1/namespaces/demo/services/web",
    "node/node-1 stats",
    "web stats --context editor",
    "web stats --context imp --as editor",
]
CURLS = [
    "web stats -d a=1 -d 'b=x y'",
    'web status/201 -d \'{"a": "it is ä"}\'',
    "web stats -X PUT -d 'a $HOME `b`' -H 'X-A: \"q\" $x'",
    "web stats -X DELETE",
    "web stats -X PATCH -d @- ",
    "web stats?a=1;b=2+3&c=%2B -H 'X-A: 1'",
    "web stats -d a=1 --context imp --as editor",
]


@pytest.mark.parametrize("line", GETS + CURLS)
@pytest.mark.parametrize("shell", ["sh", "bash"])
def test_the_shell_line_gives_the_same_bytes(real: Real, book: Notebook, line: str, shell: str) -> None:
    if shutil.which("curl") is None:
        pytest.skip("curl is not installed")
    cell = "\nthe body of a cell: \"x\" 'y' \\ $z\n" if "@-" in line else ""
    real.seen.clear()
    shown = book.value(f"%{'%' * bool(cell)}kproxy {line} --kubectl{cell}")
    assert real.seen == []
    told = run_shell(real, shown, shell)
    theirs = arrived(real)
    real.seen.clear()
    ours = book.value(f"%{'%' * bool(cell)}kproxy {line} -o bytes{cell}")
    for mine, other in zip(arrived(real), theirs, strict=True):  # K4: `get --raw` writes a query anew
        assert (mine[0], unquote(mine[1]), *mine[2:]) == (other[0], unquote(other[1]), *other[2:])
    assert told == ours


def test_the_shell_line_of_a_head(real: Real, book: Notebook) -> None:
    shown = book.value("%kproxy web stats?a=1 -X HEAD --kubectl")
    told = run_shell(real, shown)
    assert told.startswith(b"HTTP/1.1 200 OK\r\n")
    assert [(asked.method, asked.target) for asked in real.seen] == [("HEAD", "/stats?a=1")]


def test_the_shell_line_leaves_no_process_behind(real: Real, book: Notebook) -> None:
    folder = Path(real.folder, "tmp")
    folder.mkdir(exist_ok=True)
    run_shell(real, f"TMPDIR={folder}; export TMPDIR; " + book.value("%kproxy web stats -d a=1 --kubectl"))
    listed = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, timeout=10).stdout
    assert not [line for line in listed.splitlines() if "proxy --unix-socket" in line and str(folder) in line]
