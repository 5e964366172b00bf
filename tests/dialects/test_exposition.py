"""The text format and OpenMetrics: every line is a row, or an error that names it."""

from __future__ import annotations

import math
import re
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubeaccess_magic import dialects
from kubeaccess_magic.dialects.exposition import exact, fast
from kubeaccess_magic.dialects.exposition.labels import columns_of, has_seals, pairs_of, seal, unseal, written
from kubeaccess_magic.dialects.exposition.samples import BrokenLine, parse
from kubeaccess_magic.errors import LoadError

from .answers import note_of, reading, reply, request, rows_of

TEXT = "text/plain; version=0.0.4; charset=utf-8"
OPEN = "application/openmetrics-text; version=1.0.0; charset=utf-8"
KIND = str(pd.Series(["a"]).dtype)


def load(text: str, content_type: str | None = TEXT, path: str = "metrics", **options: Any) -> dialects.Table:
    return dialects.load([reply(text.encode(), content_type, request("shop/web", path))], **options)


def samples(text: str, content_type: str = TEXT) -> list[tuple[str, str, float]]:
    return [(row["name"], row["labels"], row["value"]) for row in rows_of(load(text, content_type).frame)]


EXAMPLE = r"""# HELP http_requests_total The total number of HTTP requests.
# TYPE http_requests_total counter
http_requests_total{method="post",code="200"} 1027 1395066363000
http_requests_total{method="post",code="400"}    3 1395066363000

# Escaping in label values:
msdos_file_access_time_seconds{path="C:\\DIR\\FILE.TXT",error="Cannot find file:\n\"FILE.TXT\""} 1.458255915e9

# Minimalistic line:
metric_without_timestamp_and_labels 12.47

# A weird metric from before the epoch:
something_weird{problem="division by zero"} +Inf -3982045

# A histogram, which has a pretty complex representation in the text format:
# HELP http_request_duration_seconds A histogram of the request duration.
# TYPE http_request_duration_seconds histogram
http_request_duration_seconds_bucket{le="0.05"} 24054
http_request_duration_seconds_bucket{le="+Inf"} 144320
http_request_duration_seconds_sum 53423
http_request_duration_seconds_count 144320

# Finally a summary, which has a complex representation, too:
# HELP rpc_duration_seconds A summary of the RPC duration in seconds.
# TYPE rpc_duration_seconds summary
rpc_duration_seconds{quantile="0.01"} 3102
rpc_duration_seconds{quantile="0.99"} 76656
rpc_duration_seconds_sum 1.7560473e+07
rpc_duration_seconds_count 2693
"""  # https://prometheus.io/docs/instrumenting/exposition_formats/


def test_the_example_of_the_documentation():
    table = load(EXAMPLE)
    frame = table.frame
    assert {str(name): str(dtype) for name, dtype in frame.dtypes.items()} == {
        "name": KIND, "labels": KIND, "value": "float64", "time": "datetime64[ms, UTC]",
        "type": KIND, "unit": KIND, "help": KIND, "exemplar": KIND,
    }  # fmt: skip
    assert (table.rows, table.unit, note_of(table)) == (13, "samples", None)
    rows = rows_of(frame)
    assert rows[0] == {
        "name": "http_requests_total", "labels": '{method="post",code="200"}', "value": 1027.0,
        "time": pd.Timestamp("2014-03-17T14:26:03Z"), "type": "counter", "unit": None,
        "help": "The total number of HTTP requests.", "exemplar": None,
    }  # fmt: skip
    assert rows[2]["labels"] == r'{path="C:\\DIR\\FILE.TXT",error="Cannot find file:\n\"FILE.TXT\""}'
    assert (rows[3]["labels"], rows[3]["value"], rows[3]["time"]) == ("", 12.47, None)
    assert rows[4]["value"] == math.inf and rows[4]["time"] == pd.Timestamp("1969-12-31T22:53:37.955Z")
    assert [row["type"] for row in rows[5:9]] == ["histogram"] * 4 and rows[9]["type"] == "summary"
    assert [row["name"] for row in rows[11:]] == ["rpc_duration_seconds_sum", "rpc_duration_seconds_count"]


def test_labels_as_columns():
    frame = load(EXAMPLE, wide=True).frame
    assert list(frame.columns)[:3] == ["name", "code", "error"] and "labels" not in frame
    row = rows_of(frame)[2]
    assert (row["path"], row["error"], row["code"]) == ("C:\\DIR\\FILE.TXT", 'Cannot find file:\n"FILE.TXT"', None)
    frame = load('a{value="1",exported_value="2",time="3"} 4\n', wide=True).frame
    assert frame[["exported_exported_value", "exported_value", "exported_time", "value"]].iloc[0].tolist() == [
        "1", "2", "3", 4,
    ]  # fmt: skip


def test_histograms_and_summaries_grouped():
    table = load(EXAMPLE, grouped=True)
    rows = [
        [row[key] for key in ("name", "labels", "le", "quantile", "value", "count", "sum")]
        for row in rows_of(table.frame)
    ]
    assert rows[5:] == [
        ["http_request_duration_seconds", "", 0.05, None, 24054, 144320, 53423],
        ["http_request_duration_seconds", "", math.inf, None, 144320, 144320, 53423],
        ["rpc_duration_seconds", "", None, 0.01, 3102, 2693, 1.7560473e07],
        ["rpc_duration_seconds", "", None, 0.99, 76656, 2693, 1.7560473e07],
    ]
    text = '# TYPE s summary\ns_sum{a="b"} 1\ns_count{a="b"} 2\ns_created{a="b"} 3\ns_x 5\n# TYPE c counter\nc 4\n'
    frame = load(text, grouped=True, wide=True).frame
    first, second, third = rows_of(frame)
    assert (first["name"], first["a"], first["value"], first["count"], first["sum"]) == ("s", "b", None, 2, 1)
    assert first["created"] == pd.Timestamp(3, unit="s", tz="UTC")
    assert (second["name"], second["value"], third["name"], third["value"]) == ("s_x", 5, "c", 4)


def test_openmetrics():
    text = """# TYPE foo_seconds counter
# UNIT foo_seconds seconds
# HELP foo_seconds Help \\"quoted\\" \\n and \\\\.
foo_seconds_total{a="b"} 17.0 1520879607.789 # {trace_id="x\\"y"} 0.67 1520879606.5
foo_seconds_created{a="b"} 1520872607.123
# TYPE h histogram
h_bucket{le="0.1"} 8 # {} 0.054
h_count 8
# TYPE i info
i_info{v="1"} 1
# EOF
"""
    frame = load(text, OPEN).frame
    rows = rows_of(frame)
    assert list(frame.columns)[-3:] == ["exemplar", "exemplar_value", "exemplar_time"]
    assert rows[0] == {
        "name": "foo_seconds_total", "labels": '{a="b"}', "value": 17.0,
        "time": pd.Timestamp("2018-03-12T18:33:27.789Z"), "type": "counter", "unit": "seconds",
        "help": 'Help "quoted" \n and \\.', "exemplar": '{trace_id="x\\"y"}', "exemplar_value": 0.67,
        "exemplar_time": pd.Timestamp("2018-03-12T18:33:26.5Z"),
    }  # fmt: skip
    assert rows[1]["type"] == "counter" and rows[1]["time"] is None
    assert (rows[2]["exemplar"], rows[2]["exemplar_value"], rows[2]["exemplar_time"]) == ("{}", 0.054, None)
    assert rows[4]["type"] == "info"


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("a 1", ("a", "", 1)),
        ("a{} 1", ("a", "", 1)),
        ("a\t1", ("a", "", 1)),
        ("  a  1  ", ("a", "", 1)),
        ("a 1 ", ("a", "", 1)),
        ('a{b="c"} 1', ("a", '{b="c"}', 1)),
        ('a{b="c"}1', ("a", '{b="c"}', 1)),
        ('a {b="c"} 1', ("a", '{b="c"}', 1)),
        ('a{ b = "c" , d="e", } 1', ("a", '{b="c",d="e"}', 1)),
        ('a{b="c",} 1', ("a", '{b="c"}', 1)),
        ('a{b="}{,= # {"} 1', ("a", '{b="}{,= # {"}', 1)),
        ('a{b=""} -2.5', ("a", '{b=""}', -2.5)),
        ('a{b="é"} 1e-3', ("a", '{b="é"}', 0.001)),
        ('a{b="\\\\n"} 1', ("a", '{b="\\\\n"}', 1)),
        ('a{b="\\d"} 1', ("a", '{b="\\\\d"}', 1)),
        ('a:b_1{b="c"} .5', ("a:b_1", '{b="c"}', 0.5)),
        ('{"a.b"} 1', ("a.b", "", 1)),
        ('{"a.b",c="d","e.f"="g"} 1', ("a.b", '{c="d","e.f"="g"}', 1)),
        ("a 0x1p-2", ("a", "", 0.25)),
        ("a Inf", ("a", "", math.inf)),
        ("a -Inf", ("a", "", -math.inf)),
    ],
)  # fmt: skip
def test_lines_as_they_may_be_written(line, expected):
    assert samples(f"{line}\n") == samples(line) == samples(f"\n# c\n{line}\r\n") == [expected]


def test_nan():
    assert math.isnan(load("a NaN\n").frame["value"][0])


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("a", "no value"),
        ('a{b="c"}', "no value"),
        ("a x", "'x' is not a number"),
        ("a 1_0", "not a number"),
        ("a \u0661", "not a number"),
        ("a 1 x", "'x' is not a time"),
        ("a 1 1.5", "'1.5' is not a time"),
        ("a 1 2 3", "'3' follows the time"),
        ('a{b="c} 1', "is not in quotes"),
        ("a{b=c} 1", "is not in quotes"),
        ('a{b "c"} 1', "no = after the label b"),
        ('a{b="c"', "no comma after the label b"),
        ('a{b="c",', "braces stay open"),
        ('a{b="c" d="e"} 1', "no comma after the label b"),
        ('a{b="c",b="d"} 1', "the label b is there twice"),
        ('a{b="\\n",b="d"} 1', "the label b is there twice"),
        ('a{1b="c"} 1', "no name of a label"),
        ("1a 1", "no name of a metric"),
        ("a-b 1", "no name of a metric"),
        ('{b="c"} 1', "no name of a metric"),
        ("<html>", "no name of a metric"),
        ("# TYPE a", "no type for a"),
    ],
)
def test_broken_lines_are_named(line, why):
    with pytest.raises(LoadError, match=f"line 3: .*{re.escape(why)}"):
        load(f"fine 1\n# HELP x y\n{line}\nfine 2\n")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("a 1\n", "line 2: the text is cut off"),
        ("a 1\n# EOF\nb 2\n", "line 3: something follows # EOF"),
        ("a 1 x\n# EOF\n", "line 1: 'x' is not a number"),
        ("a 1 NaN\n# EOF\n", "line 1: 'NaN' is not a time"),
    ],
)
def test_broken_openmetrics(text, why):
    with pytest.raises(LoadError, match=re.escape(why)):
        load(text, OPEN)


@pytest.mark.parametrize(
    ("text", "content_type", "path", "name"),
    [
        ("a 1\n", TEXT, "x", "exposition"),
        ("x", OPEN, "x", "exposition"),
        ("# HELP a b\na 1\n", "text/plain", "x", "exposition"),
        ("# some words\n# TYPE a gauge\n", None, "x", "exposition"),
        ("a 1\n", "text/plain", "metrics", "exposition"),
        ('a{b="c"} 1\n', "text/plain", "deep/down/metrics/cadvisor", "exposition"),
        ("a 1\n", "text/plain", "x", None),
        ("not an exposition\n", "text/plain", "metrics", None),
        ('{"a": 1}', "application/json", "metrics", "records"),
        ('{"a": 1}', "text/plain", "metrics", "records"),
        ("<html></html>", "text/html", "metrics", None),
    ],
)
def test_who_reads_it(text, content_type, path, name):
    answer = reply(text.encode(), content_type, request("shop/web", path))
    assert reading(answer) == name


def test_seconds_or_milliseconds():
    assert load("a 1 1500\n# EOF", "text/plain").frame["time"][0] == pd.Timestamp(1500, unit="s", tz="UTC")
    assert load("a 1 1500\n# EOF", TEXT).frame["time"][0] == pd.Timestamp(1500, unit="ms", tz="UTC")
    assert load("a 1 1500\n").frame["time"][0] == pd.Timestamp(1500, unit="ms", tz="UTC")


def test_limits_notes_and_categories():
    table = load("# TYPE a gauge\n# TYPE a counter\n# HELP a x\n# HELP a x\na 1\na 2\n", limit=1, categories=True)
    assert (table.rows, table.total) == (1, 2)
    assert note_of(table) == "the text has two types, units or helps for a; the first one counts"
    assert str(table.frame["name"].dtype) == "category" and table.frame["type"].tolist() == ["gauge"]
    assert load("# HELP a b\n").frame.shape == (0, 8)


LABEL = st.sampled_from(["a", "b_1", "le", "value", "c.d"])
WORDS = st.text(st.sampled_from('ab\\"\n{},=# \x00\x01é'), max_size=6)


@given(
    st.lists(
        st.tuples(st.sampled_from(["up", "a:b", "x.y"]), st.dictionaries(LABEL, WORDS, max_size=3), st.floats()),
        max_size=6,
    )
)
def test_what_is_written_is_read(rows):
    text = ""
    for name, labels, value in rows:
        inner = written(labels.items())[1:-1]
        head = f'{{"{name}"{"," * bool(inner)}{inner}}}' if "." in name else name + (f"{{{inner}}}" if inner else "")
        text += f"{head} {value!r}\n"
    found = parse(text, is_open=False)
    assert found.names == [name for name, _, _ in rows]
    assert [dict(pairs_of(one)) for one in found.labels] == [labels for _, labels, _ in rows]
    assert repr(found.values) == repr([value for _, _, value in rows])
    columns = columns_of(found.labels)
    again = [
        {name: column[at] for name, column in columns.items() if column[at] is not None} for at in range(len(rows))
    ]
    assert again == [labels for _, labels, _ in rows]


@given(st.text(st.sampled_from('ab1\\"\n{},=# .+'), max_size=30))
def test_any_text_is_read_or_refused_with_a_line(text):
    for is_open in (False, True):
        try:
            found = parse(text, is_open=is_open)
        except BrokenLine as error:
            assert re.match(r"line \d+: ", str(error))
        else:
            assert len(found.names) == len(found.labels) == len(found.values) and all(found.names)


LINES = st.lists(
    st.sampled_from(
        ["up", "a:b", "1a", "", " ", "{", "}", 'b="c"', 'd="e\\n"', "b=", ",", '"', "\\", "#", "1", "NaN", "é"]
    ),
    max_size=9,
).map("".join)


@given(LINES)
def test_what_the_fast_path_reads_the_exact_one_reads_likewise(line):
    sealed = seal(line)
    rows = fast.read_lines([sealed], is_sealed=sealed != line)
    if rows.names and not rows.odd:
        sample = exact.read_line(line) if rows.tails[0].strip() else None
        read = unseal(rows.labels[0]) if has_seals(rows.labels[0]) else rows.labels[0]
        if sample is not None:
            assert (sample.name, pairs_of(sample.labels)) == (rows.names[0], pairs_of(read))
            assert sample.tail == rows.tails[0].strip()


@pytest.mark.parametrize(
    ("exemplar", "reason"),
    [
        ("x", "without labels"),
        ('{b="c"}', "without a value"),
        ('{b="c} 1', "not in quotes"),
        ('{b="c"} x', "not a number"),
        ('{b="c"} 1 soon', "not a number"),
        ('{b="c"} 1 2 3', "without a value"),
    ],
)
@pytest.mark.parametrize("kind", ["application/openmetrics-text", "text/plain; version=0.0.4"])
def test_a_broken_exemplar_costs_nothing_but_itself(exemplar, reason, kind):
    text = f'a 1 # {exemplar}\nb 2 # {{c="d"}} 0.5\n# EOF\n'
    table = dialects.load([reply(text.encode(), kind)])
    assert table.frame["value"].tolist() == [1, 2]
    assert rows_of(table.frame)[0]["exemplar"] is None and table.frame["exemplar"].tolist()[1] == '{c="d"}'
    assert "an exemplar is left out in line 1" in table.notes[0] and reason in table.notes[0]


def test_several_broken_exemplars_are_counted():
    text = "a 1 # x\nb 2 # x\nc 3 # x\n# EOF\n"
    (note,) = dialects.load([reply(text.encode(), "application/openmetrics-text")]).notes
    assert note.endswith("and 2 more")
