from __future__ import annotations

import contextlib
import os
import re
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest

from kubeaccess_magic import dialects
from kubeaccess_magic.errors import LoadError
from kubeaccess_magic.query import ALL

from .answers import reading, reply, request

BUILT_IN = [
    *("prometheus", "loki", "elasticsearch", "kubernetes", "trino", "mlflow", "exposition"),
    *("influxdb", "jaeger", "tempo", "victoriametrics", "alertmanager", "grafana", "records"),
]


def test_built_in_dialects_are_asked_from_the_specific_to_the_general():
    assert [dialect.name for dialect in dialects.registry()] == BUILT_IN


def test_a_dialect_by_name():
    assert dialects.named("records").name == "records"
    with pytest.raises(LoadError, match="no dialect 'spreadsheet'") as raised:
        dialects.named("spreadsheet")
    assert ", ".join(BUILT_IN) in str(raised.value.hint)


@pytest.mark.parametrize(
    ("where", "path", "name"),
    [
        ("shop/web", "_search?q=a", "elasticsearch"),
        ("shop/web", "prefix/index/_search", "elasticsearch"),
        ("shop/web", "_cat/indices?v", "elasticsearch"),
        ("shop/web", "_cluster/health?pretty=true", "elasticsearch"),
        ("shop/web", "api/v1/things", None),
        ("shop/web", "research", None),
        ("/apis/apps/v1/deployments", None, "kubernetes"),
        ("/version", None, None),
        ("/api/v1/namespaces/shop/pods/web-0/log", None, None),
    ],
)
def test_who_is_asked_shows_in_the_path(where, path, name):
    matched = dialects.match(request(where, path))
    assert (matched and matched.dialect) == name


@pytest.mark.parametrize(
    ("body", "content_type", "name"),
    [
        ({"hits": {"hits": []}}, "application/json", "elasticsearch"),
        ({"kind": "PodList", "apiVersion": "v1", "metadata": {}, "items": []}, "application/json", "kubernetes"),
        ({"kind": "Status", "apiVersion": "v1", "metadata": {}}, "application/json", "records"),
        ([{"a": 1}], "application/json", "records"),
        (b'{"a": 1}\n{"a": 2}\n', "text/plain", "records"),
        (b'{"a": 1}', None, "records"),
        (b"{braces} are no JSON", "text/plain", None),
        (b"up 1\n", "text/plain", None),
        (b"<!DOCTYPE html><html></html>", "text/html", None),
        (b"\x89PNG\r\n", "image/png", None),
    ],
)
def test_who_reads_it_shows_in_the_answer(body, content_type, name):
    assert reading(reply(body, content_type)) == name


@pytest.mark.parametrize(
    ("body", "content_type", "status", "message", "hint"),
    [
        (b"", "application/json", 200, "no body", "-o reply"),
        (b" \n", "text/plain", 200, "no body", "-o reply"),
        (b"", None, 204, "204 No Content", "-o reply"),
        (b"<html><title>Sign\n in</title>", "text/html", 200, "web page .*Sign in", "-o text"),
        (b"<!doctype html>\n<p>", "application/json", 200, "web page", "-o text"),
        (b"up 1\nprocess_start 2\n", "text/plain", 200, "text/plain.*'up 1 process_start 2'", "-o json"),
        (b"\x1b[31mred", "text/plain", 200, "red", "--dialect"),
        (b'{"a": [1, 2', "application/json", 200, "cut off.*11 characters.*line 1", "-o text"),
        (b'{"a": "tex', "application/json", 200, "cut off", "ask again"),
        (b'{"a": tru', "application/json", 200, "cut off", "ask again"),
        (b'{"a": "\\u12', "application/json", 200, "cut off", "ask again"),
        (b'{"a": 1,\n "b": x}', "application/json", 200, "Expecting value at line 2 column 7", "-o text"),
        (b'{"a": 1}\n{"a": }\n{"a": 3}', "application/json", 200, "line 2 column 7", "-o text"),
        (b'{\n"a": 1}\n{"a": 2}', "application/json", 200, "Extra data at line 3 column 1", "-o text"),
        (b'{"a": 1} {"a": 2}', "application/json", 200, "Extra data at line 1 column 10", "-o text"),
        (b'{"a": 1}\n{"a": 2', "application/x-ndjson", 200, "cut off in line 2", "ask again"),
        (b'{"a": "\xe4"}', "application/json", 200, "byte 7 of 10", "-o bytes"),
        (b"[" * 100_000 + b"]" * 100_000, "application/json", 200, "nested too deeply", "-o text"),
        (b"[" + b"9" * 5000 + b"]", "application/json", 200, "number that cannot be read", "-o text"),
    ],
)
def test_what_is_no_frame_is_said(body, content_type, status, message, hint):
    with pytest.raises(LoadError, match=f"(?s){message}") as raised:
        dialects.load([reply(body, content_type, status=status)])
    assert raised.value.reply is not None
    assert hint in str(raised.value.hint)
    assert "\x1b" not in str(raised.value)


def test_no_answer_at_all():
    with pytest.raises(LoadError, match="no answer"):
        dialects.load([])


def test_an_option_of_another_dialect_is_named():
    with pytest.raises(LoadError, match="records reads this answer, and has no option agg") as raised:
        dialects.load([reply([{"a": 1}])], agg="x")
    assert raised.value.hint == "it has: rows, header"


def test_a_dialect_can_be_forced():
    hits = reply({"hits": {"total": 1, "hits": [{"_id": "1", "_source": {"a": 1}}]}})
    assert "a" in dialects.load([hits]).frame
    assert "_source.a" in dialects.load([hits], dialect="records", rows="hits.hits").frame
    assert "_source.a" in dialects.load([hits], dialect=dialects.named("records"), rows="hits.hits").frame


PLUGINS = {
    "broken": "raise RuntimeError('no')",
    "half": "class D:\n    name = 'half'\n    def ask(self, request, limit): return request\ndialect = D()",
    "klass": "class dialect:\n    name = 'klass'",
    "misnamed": "from kubeaccess_magic.dialects.records import Records\ndialect = Records()",
    "records": "raise RuntimeError('stands in for a built-in one')",
    "angry": """
        from kubeaccess_magic.dialects import PlainOperation
        class Angry:
            name = 'angry'
            def match(self, request): raise ValueError('matches')
            def recognize(self, reply): raise ValueError('recognizes')
            def fallback(self, request): return PlainOperation('angry', request, reader)
        def reader(limit, **options): raise ValueError('reads')
        dialect = Angry()
        """,
    "fine": """
        import pandas as pd
        from kubeaccess_magic.dialects import FrameReader, PlainOperation
        class Reader(FrameReader):
            def read(self, reply): return pd.DataFrame({'fine': [7]})
        class Fine:
            name = 'fine'
            def match(self, request):
                return PlainOperation('fine', request, Reader) if request.path == '/fine' else None
            def recognize(self, reply):
                return PlainOperation('fine', reply.request, Reader) if reply.content == b'fine' else None
        dialect = Fine()
        """,
}


def test_plugins_come_through_the_same_door_and_broken_ones_are_left_out(tmp_path: Path):
    metadata = tmp_path / "plugins-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: plugins\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text(
        "[kubeaccess_magic.dialects]\n" + "".join(f"{name} = a_{name}:dialect\n" for name in PLUGINS)
    )
    for name, text in PLUGINS.items():
        (tmp_path / f"a_{name}.py").write_text(textwrap.dedent(text))
    program = """
        import warnings
        from kubeaccess_magic import dialects
        from kubeaccess_magic.errors import LoadError
        from tests.dialects.answers import reading, reply, request
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            print([d.name for d in dialects.registry()], [d.name for d in dialects.registry()])
        assert all(issubclass(w.category, dialects.DialectWarning) for w in caught)
        print(sorted(str(w.message).split("'")[1] for w in caught))
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            print(dialects.match(request("shop/web", "fine")).dialect)
            fine = reply(b"fine", "text/plain")
            print(reading(fine), dialects.load([fine]).frame["fine"][0])
        print({str(w.message) for w in caught})
        try:
            dialects.load([fine], dialect="angry")
        except LoadError as error:
            print(error, error.__cause__)
        """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)],
        env={**os.environ, "PYTHONPATH": f"{tmp_path}{os.pathsep}{Path(__file__).parents[2]}"},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    registry, left_out, asked, chosen, passed_over, failed = done.stdout.splitlines()
    names = [*BUILT_IN[:-1], "angry", "fine", "records"]
    assert registry == f"{names} {names}"
    assert left_out == "['broken', 'half', 'klass', 'misnamed', 'records']"
    assert (asked, chosen) == ("fine", "fine 7")
    assert "'angry': ValueError: matches" in passed_over and "'angry': ValueError: recognizes" in passed_over
    assert failed == "the dialect angry cannot read this answer: ValueError: reads reads"


def test_importing_the_registry_loads_nothing_heavy():
    program = (
        "import sys, kubeaccess_magic.dialects; print({'pandas', 'msgspec', 'pyarrow', 'numpy'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=120, check=True)
    assert done.stdout.strip() == "set()"


def test_choosing_a_dialect_needs_no_pandas():
    program = """
        import sys
        from kubeaccess_magic import dialects
        from tests.dialects.answers import reading, reply
        print(reading(reply([{"a": 1}])), "pandas" in sys.modules)
        """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.stdout.split() == ["records", "False"], done.stderr


PAGE = (Path(__file__).parents[2] / "docs" / "dialect.md").read_text()
EXAMPLE, PAGED = re.findall(r"^```python\n((?:import|class) .*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


def test_the_example_of_the_documentation_works():
    named: dict[str, Any] = {}
    exec(EXAMPLE + PAGED, named)
    dialect = named["dialect"]
    answer = reply(b"ok\n", "text/plain", request("shop/web", "healthz"))
    assert dialects.match(answer.request, dialect).dialect == "health"
    table = dialects.load([answer], dialect=dialect)
    assert table.frame.to_dict("records") == [{"ok": True, "text": "ok"}]
    pages = [reply({"things": [{"a": 1}, {"a": 2}], "next": "t"}), reply({"things": [{"a": 3}]})]
    for limit, rows, total in ((None, 2, 3), (2, 2, 3), (3, 3, None), (ALL, 3, None)):
        reader = named["ThingsReader"](limit)
        conversation = reader.pages(request())
        next(conversation)
        asked = []
        with contextlib.suppress(StopIteration):
            for page in pages:
                asked.append(conversation.send(page).request.query)
        table = reader.table()
        assert (asked, len(table.frame), table.total) == (["token=t"] if rows > 2 else [], rows, total)
        assert table.has_more is (total is not None)
