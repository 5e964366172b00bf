"""Records of other forms: CSV, keyed objects, tables; long answers; and what is broken."""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
import sys
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kubeaccess_magic import dialects
from kubeaccess_magic.dialects import columns
from kubeaccess_magic.errors import LoadError

from .answers import note_of, reply, rows_of
from .documents import JSON

AB = [{"a": 1}, {"a": 2}]
LONG = [{"a": i, "s": {"d": "2026-11-23", "t": f"päckchen {i}"}, "l": [i]} for i in range(5000)]


def load(body: Any, content_type: str = "application/json", **options: Any) -> dialects.Table:
    return dialects.load([reply(body, content_type)], dialect="records", **options)


@pytest.mark.parametrize(
    ("text", "content_type", "rows"),
    [
        ("a,b\n1,x\n2,\n", "text/csv", [{"a": 1, "b": "x"}, {"a": 2, "b": None}]),
        ('a;b\r\n"1;5";"x ""y"""\r\n', "text/csv; charset=utf-8", [{"a": "1;5", "b": 'x "y"'}]),
        ("a\tb\n007\t1.50\n", "text/tab-separated-values", [{"a": "007", "b": 1.5}]),
        ("a,b\ntrue,1\nfalse,2\n", "text/csv", [{"a": True, "b": 1}, {"a": False, "b": 2}]),
        ("a,b\n1,2026-11-23\nx,NA\n", "text/csv", [{"a": "1", "b": "2026-11-23"}, {"a": "x", "b": "NA"}]),
        ("1,2\n3,4\n", "text/csv", [{"0": 1, "1": 2}, {"0": 3, "1": 4}]),
        ("1,2\n3,4\n", "text/csv; header=present", [{"1": 3, "2": 4}]),
        ("x,y\nz,w\n", "text/csv; header=absent", [{"0": "x", "1": "y"}, {"0": "z", "1": "w"}]),
        ("a,a\n1,2,3\n", "text/csv", [{"a": 1, "a_2": 2, "2": 3}]),
        ('a,b\n"x\ny",1\n\n', "text/csv", [{"a": "x\ny", "b": 1}]),
        ("a\nx\n", "text/csv", [{"a": "x"}]),
        ("a,b\n", "text/csv", []),
        ("\ufeffa,b\n1,2\n", "text/csv", [{"a": 1, "b": 2}]),
        ("a,b\n9007199254740993,1e400\n", "text/csv", [{"a": 2**53 + 1, "b": float("inf")}]),
        ("host,cpu\nn1,5\nn2,6\n", "text/plain", [{"host": "n1", "cpu": 5}, {"host": "n2", "cpu": 6}]),
        ("host|cpu\nn1|5\n", "text/plain", [{"host": "n1", "cpu": 5}]),
    ],
)
def test_csv(text, content_type, rows):
    answer = reply(text.encode(), content_type)
    table = dialects.load([answer])
    assert rows_of(table.frame) == rows and table.rows == len(rows)


def test_csv_without_rows_has_its_columns():
    assert list(load(b"a,b\n", "text/csv").frame) == ["a", "b"]


@pytest.mark.parametrize(
    "text",
    [
        "hello, world\nfoo, bar\n",
        "one line, no more",
        "a,b\n1,2,3\n",
        "a b\nc d\n",
        "1,2\n3,4\n",
        "a,b\n",
        "",
        "Dear all,\nthis, as they say, is text\n",
    ],
)
def test_text_that_may_be_something_else_is_not_taken_for_csv(text):
    answer = reply(text.encode(), "text/plain")
    assert dialects.named("records").recognize(answer) is None


def test_csv_that_is_cut_off_in_a_quoted_value():
    with pytest.raises(LoadError, match=r"not valid CSV: .* in line 3"):
        load(b'a,b\n1,2\n3,"x', "text/csv")


def test_csv_of_several_pages_and_a_limit():
    pages = [reply(b"a,b\n1,x\n2,y\n", "text/csv"), reply(b"a,b\n3,z\n4,w\n", "text/csv")]
    table = dialects.load(pages, limit=3)
    assert rows_of(table.frame) == [{"a": 1, "b": "x"}, {"a": 2, "b": "y"}, {"a": 3, "b": "z"}]


CELLS = st.text(
    st.characters(codec="utf-8", exclude_characters="\x00\r\n\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029"), max_size=4
)


@settings(deadline=None)
@given(st.lists(st.lists(CELLS, min_size=2, max_size=2), min_size=1, max_size=5), st.sampled_from([",", "\t"]))
def test_any_csv_keeps_its_cells(rows, delimiter):
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter, quoting=csv.QUOTE_ALL).writerows([["name", "value"], *rows])
    kind = "text/csv" if delimiter == "," else "text/tab-separated-values"
    frame = dialects.load([reply(text.getvalue().encode(), kind)], header=True).frame
    assert list(frame) == ["name", "value"]
    for name, cells in zip(frame, zip(*rows, strict=True), strict=True):
        if columns.numbers([cell or None for cell in cells]) is None and not {*cells} <= {"", "true", "false"}:
            assert [row[name] or "" for row in rows_of(frame)] == list(cells)


@pytest.mark.parametrize(
    ("document", "rows"),
    [
        ({"x": {"n": 1, "s": "a"}, "y": {"n": 2}}, [{"key": "x", "n": 1, "s": "a"}, {"key": "y", "n": 2, "s": None}]),
        ({"data": {"x": {"n": 1}, "y": {"n": 2}}}, [{"key": "x", "n": 1}, {"key": "y", "n": 2}]),
        ({"x": {"key": 1}, "y": {"key": 2}}, [{"key_": "x", "key": 1}, {"key_": "y", "key": 2}]),
        ({"x": {"n": 1}}, [{"x.n": 1}]),
        ({"x": {"n": 1}, "y": {"m": 2}}, [{"x.n": 1, "y.m": 2}]),
        ({"x": {"n": 1}, "y": 5}, [{"x.n": 1, "y": 5}]),
        # ClickHouse, JSON:API, OData, HAL, Solr, CouchDB
        ({"meta": [{"name": "a", "type": "UInt8"}], "data": AB, "rows": 2}, AB),
        ({"meta": [{"name": "a"}, {"name": "b"}], "data": [[1, 2]], "rows": 1}, [{"a": 1, "b": 2}]),
        ({"data": [{"type": "t", "id": "1"}], "included": [{"type": "u", "id": "2"}]}, [{"type": "t", "id": "1"}]),
        ({"@odata.context": "c", "@odata.count": 2, "value": AB}, AB),
        ({"_embedded": {"things": AB}, "_links": {}, "page": {}}, AB),
        ({"responseHeader": {"status": 0}, "response": {"numFound": 2, "start": 0, "docs": AB}}, AB),
        ({"total_rows": 2, "offset": 0, "rows": AB}, AB),
    ],
)
def test_rows_of_other_forms(document, rows):
    assert rows_of(load(document).frame) == rows


@pytest.mark.parametrize(("where", "document"), [("*", {"x": {"n": 1}}), ("a.*", {"a": {"x": {"n": 1}}, "b": AB})])
def test_one_row_a_key_can_be_said(where, document):
    assert rows_of(load(document, rows=where).frame) == [{"key": "x", "n": 1}]


def test_one_row_a_key_of_what_has_none():
    with pytest.raises(LoadError, match="no keys"):
        load({"a": 5}, rows="a.*")


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (json.dumps(LONG).encode(), "application/json"),
        (json.dumps({"total": 5000, "items": LONG}).encode(), "application/json"),
        (json.dumps({"items": LONG}, indent=1, ensure_ascii=False).encode(), "application/json"),
        (json.dumps({"status": "ok", "data": {"things": LONG}}).encode("utf-16"), "application/json"),
        (b"\xef\xbb\xbf" + json.dumps({"data": {"items": LONG}}).encode(), "application/json"),
        ("\n".join(map(json.dumps, LONG)).encode(), "application/x-ndjson"),
        ("\r\n".join(map(json.dumps, LONG)).encode() + b"\n", "text/plain"),
        ("".join(f"\x1e{json.dumps(row)}\n" for row in LONG).encode(), "application/json-seq"),
        (json.dumps({"x": 1, "items": LONG}).replace('"x": 1', '"items": 5, "items": 6').encode(), "application/json"),
    ],
)
def test_long_answers_are_what_short_ones_are(body, content_type):
    table = dialects.load([reply(body, content_type)], rows="items_3" if b'"items": 6' in body else None)
    pd.testing.assert_frame_equal(table.frame, columns.frame(columns.flatten(LONG), len(LONG)))
    assert table.rows == 5000


@pytest.mark.parametrize(
    ("last", "expected"),
    [
        (5, [5]),
        (None, [None]),
        ([1], [[1]]),
    ],
)
def test_a_long_list_with_one_odd_row(last, expected):
    table = load([*LONG, last])
    assert table.rows == 5001
    assert [row.get("value") for row in rows_of(table.frame.tail(1))] in (expected, [None])
    if last is not None:
        assert rows_of(table.frame.tail(1))[0]["value"] == last


@pytest.mark.parametrize("odd", ['{"a": 1, "a": 2}', '{"a": "\\ud800"}', '{"a": 1e400}', '{"a": NaN}', '{"a": "x"}'])
def test_a_long_list_with_one_row_that_is_read_otherwise(odd):
    text = json.dumps(LONG)[:-1] + ", " + odd + "]"
    last = rows_of(load(text.encode()).frame.tail(1))[0]
    expected = rows_of(load(f"[{odd}]".encode()).frame)[0]
    assert {name: last[name] for name in expected} == expected


def test_two_long_lists_are_both_named():
    with pytest.raises(LoadError, match="'things' or 'others'"):
        load({"things": LONG, "others": LONG})
    assert load({"things": LONG, "others": LONG[:4000]}, rows="others").rows == 4000


def test_limit_and_totals_of_long_answers():
    table = load({"total": 9000, "items": LONG}, limit=7)
    assert (table.rows, table.total, len(table.frame)) == (7, 9000, 7)
    assert (load(LONG, limit=7).total, load(LONG, rows=".").rows) == (5000, 5000)


@settings(deadline=None, max_examples=40)
@given(st.lists(JSON, max_size=4), st.dictionaries(st.sampled_from(["total", "next", "x", "data"]), JSON, max_size=3))
def test_a_long_answer_is_read_as_a_short_one(odd, beside):
    """The padding makes it long; what is beside it and in it is anything."""
    for document in ([{"a": 0}, *odd], {**beside, "items": [{"a": 0}, *odd]}):
        found = []
        for padding in ("x", "x" * 17_000):
            text = json.dumps(document).replace('{"a": 0}', f'{{"a": "{padding}"}}', 1)
            try:
                table = load(text.encode())
                found.append((repr(rows_of(table.frame)).replace("x" * 17_000, "x"), table.total, note_of(table)))
            except LoadError as error:
                found.append((str(error), None, None))
        assert found[0] == found[1]


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (json.dumps(LONG).encode()[:-2000], "cut off: it ends after"),
        (json.dumps({"items": LONG}).encode()[:-1], "cut off"),
        ("\n".join(map(json.dumps, LONG)).encode()[:-3], "cut off in line 5,000"),
        (json.dumps(LONG).encode().replace(b'"t"', b"'t'", 1), "not valid JSON"),
        (b"[" * 10_000 + b"]" * 10_000, "nested too deeply"),
        (b'{"a":' * 100_000 + b"1" + b"}" * 100_000, "nested too deeply"),
        (json.dumps(LONG, ensure_ascii=False).encode("latin-1"), "is not UTF-8 text: byte"),
        (b"", "no body"),
    ],
)
def test_what_cannot_be_read_says_where(body, words):
    with pytest.raises(LoadError, match=words):
        load(body)


def test_a_wrong_charset_is_survived():
    text = json.dumps(LONG, ensure_ascii=False)
    frame = load(text.encode("latin-1"), "application/json; charset=latin-1").frame
    assert frame["s.t"][1] == "päckchen 1"


def test_many_thousands_of_columns():
    frame = load([{f"c{i}": i for i in range(10_000)}, {"c9999": 1, "d": 2}]).frame
    assert frame.shape == (2, 10_001) and frame["c9999"].tolist() == [9999, 1]


def test_frames_are_the_same_without_pyarrow(tmp_path):
    """A process that finds no pyarrow makes the same frame of the same bytes."""
    pytest.importorskip("pyarrow")
    rows = [{**row, "n": None if row["a"] % 7 else row["a"], "f": row["a"] / 8, "b": row["a"] % 2 == 0} for row in LONG]
    (tmp_path / "body").write_bytes(json.dumps({"items": rows}).encode())
    program = """
import sys, pathlib
if sys.argv[2] == "without":
    sys.modules["pyarrow"] = None
import pandas as pd
from tests.dialects.answers import reply
from kubeaccess_magic import dialects
frame = dialects.load([reply(pathlib.Path(sys.argv[1], "body").read_bytes())]).frame
lists = frame.pop("l").tolist()
print(list(map(str, frame.dtypes)), frame.astype(object).to_csv(), lists == [[i] for i in range(5000)])
"""
    found = [
        subprocess.run(
            [sys.executable, "-c", program, str(tmp_path), how],
            capture_output=True,
            text=True,
            check=True,
            timeout=120,
            env={**os.environ, "PYTHONPATH": os.getcwd()},
        ).stdout
        for how in ("with", "without")
    ]
    assert found[0] == found[1] and "True" in found[0]
