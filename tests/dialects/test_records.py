from __future__ import annotations

import json

import pandas as pd
import pytest

from kubeaccess_magic import dialects
from kubeaccess_magic.errors import LoadError

from .answers import note_of, reply, rows_of

TEXT = str(pd.Series(["a"]).dtype)
AB = [{"a": 1}, {"a": 2}]
MORE = "the answer names a next page; --limit N or --limit all reads on"


@pytest.mark.parametrize(
    ("document", "rows"),
    [
        (AB, AB),
        ({"a": 1, "b": {"c": 2}}, [{"a": 1, "b.c": 2}]),
        ({"data": AB}, AB),
        ({"items": AB, "total": 2}, AB),
        ({"results": AB}, AB),
        ({"anything": AB, "page": 1}, AB),
        ({"status": "success", "data": {"resultType": "vector", "result": AB}}, AB),
        ({"_embedded": {"orders": AB}, "_links": {}}, AB),
        ({"status": "success", "data": ["x", "y"]}, [{"value": "x"}, {"value": "y"}]),
        ([1, 2], [{"value": 1}, {"value": 2}]),
        ([[1, "x"], [2, "y"]], [{"0": 1, "1": "x"}, {"0": 2, "1": "y"}]),
        ([["n", "s"], [2, "y"]], [{"n": 2, "s": "y"}]),
        ([["n", "s"], ["x", "y"]], [{"0": "n", "1": "s"}, {"0": "x", "1": "y"}]),
        ([[1], [2, 3]], [{"0": 1, "1": None}, {"0": 2, "1": 3}]),
        ({"columns": ["a", "b"], "rows": [[1, 2]]}, [{"a": 1, "b": 2}]),
        ({"columns": [{"name": "a", "type": "long"}], "values": [[1]]}, [{"a": 1}]),
        ({"columns": ["a", "a"], "rows": [[1, 2, 3]]}, [{"a": 1, "a_2": 2, "2": 3}]),
        ({"columns": ["a", "b"], "rows": []}, []),
        (
            [{"a": 1}, 5, None, [1]],
            [{"a": 1, "value": None}, {"a": None, "value": 5}, {"a": None, "value": None}, {"a": None, "value": [1]}],
        ),
        ([{"value": 1}, 5], [{"value": 1, "value_2": None}, {"value": None, "value_2": 5}]),
        ({"a": [1, 2], "b": [3, 4]}, [{"a": [1, 2], "b": [3, 4]}]),
        ({"name": "x", "values": [1, 2]}, [{"name": "x", "values": [1, 2]}]),
        ({"errors": [], "data": {"user": {"name": "x"}}}, [{"errors": [], "data.user.name": "x"}]),
        ({}, [{}]),
        ([{}, {}], [{}, {}]),
        ([], []),
        ({"items": []}, []),
        ({"items": [], "data": []}, []),
        ({"runs": []}, []),
        ({"runs": [], "total_entries": 0}, []),
        ({"errors": []}, [{"errors": []}]),
        ({"name": "x", "runs": []}, [{"name": "x", "runs": []}]),
        ("text", [{"value": "text"}]),
        (None, [{"value": None}]),
        (5, [{"value": 5}]),
    ],
)
def test_rows_are_found_by_looking(document, rows):
    table = dialects.load([reply(document)], dialect="records")
    assert rows_of(table.frame) == rows
    assert table.rows == len(table.frame) == len(rows)


@pytest.mark.parametrize(
    ("document", "names"),
    [
        ({"lines": AB, "taxes": AB}, ["'lines'", "'taxes'"]),
        ({"data": AB, "included": AB}, ["'data'", "'included'"]),
        ({"data": {"items": AB, "links": AB}}, ["'data.items'", "'data.links'"]),
        ({"warnings": AB, "data": {"items": AB}}, ["'warnings'", "'data.items'"]),
    ],
)
def test_two_lists_that_could_be_the_rows_are_both_named(document, names):
    with pytest.raises(LoadError) as raised:
        dialects.load([reply(document)])
    assert all(name in str(raised.value) for name in names)
    assert "rows=" in str(raised.value.hint)


@pytest.mark.parametrize(
    ("document", "where", "rows"),
    [
        ({"lines": AB, "taxes": [{"b": 1}]}, "taxes", [{"b": 1}]),
        ({"a": {"b": AB}}, "a.b", AB),
        ({"a.b": AB, "a": {"b": []}}, "a.b", AB),
        ({"a.b": {"c": AB}}, "a.b.c", AB),
        ({"a": {"b": {"x": 1}}}, "a.b", [{"x": 1}]),
        ({"a": {"b": 5}}, "a.b", [{"value": 5}]),
        ({"items": AB, "x": 1}, ".", [{"items": AB, "x": 1}]),
        (AB, ".", AB),
    ],
)
def test_rows_can_be_chosen(document, where, rows):
    assert rows_of(dialects.load([reply(document)], dialect="records", rows=where).frame) == rows


@pytest.mark.parametrize("where", ["nowhere", "a.nowhere", "a.b.c", ""])
def test_rows_that_are_not_there(where):
    with pytest.raises(LoadError, match="no rows at"):
        dialects.load([reply({"a": {"b": 1}})], rows=where)


def test_header_of_lists_can_be_told():
    lists = [["n", "s"], ["x", "y"]]
    assert rows_of(dialects.load([reply(lists)], header=True).frame) == [{"n": "x", "s": "y"}]
    assert len(dialects.load([reply([["n"], [1]])], header=False).frame) == 2


@pytest.mark.parametrize(
    ("document", "of", "note"),
    [
        ({"items": AB, "total": 12}, 12, None),
        ({"items": AB, "total": 1}, None, None),
        ({"things": AB, "total": 12}, None, None),
        ({"things": AB, "total": 12, "page": 1}, 12, None),
        ({"things": AB, "totalCount": 12}, 12, None),
        ({"content": AB, "page": {"size": 2, "totalElements": 40, "number": 0}}, 40, None),
        ({"data": AB, "meta": {"pagination": {}, "total": 9}}, 9, None),
        ({"count": 12, "next": "http://web.shop/?page=2", "previous": None, "results": AB}, 12, None),
        ({"hits": 7, "docs": AB}, 7, None),
        ({"items": AB, "total": "12"}, None, None),
        ({"items": AB, "total": True}, None, None),
        ({"items": AB, "next": "/?page=2"}, None, MORE),
        ({"items": AB, "has_more": True}, None, "the answer names a next page"),
        ({"items": AB, "_links": {"next": {"href": "x"}}}, None, MORE),
        ({"name": "x", "lines": AB}, None, "beside the rows the answer has name (--rows . shows all)"),
        (
            {"status": "success", "warnings": ["w"], "data": {"result": AB}},
            None,
            "beside the rows the answer has warnings (--rows . shows all)",
        ),
    ],
)
def test_what_the_answer_tells_beside_its_rows(document, of, note):
    table = dialects.load([reply(document)], dialect="records")
    assert (table.rows, table.total, note_of(table)) == (2, of, note)


def test_a_link_header_names_a_next_page():
    answer = reply(AB, headers=(("Link", '</?page=2>; rel="next"'),))
    assert dialects.load([answer]).notes == (MORE,)


def test_limit_means_rows_and_the_rest_is_told():
    table = dialects.load([reply([{"a": i} for i in range(10)])], limit=3)
    assert (table.rows, table.total, table.frame["a"].tolist()) == (3, 10, [0, 1, 2])
    table = dialects.load([reply({"items": [{"a": i} for i in range(10)], "total": 99})], limit=3)
    assert (table.rows, table.total) == (3, 99)


def test_pages_are_joined_before_they_are_typed():
    table = dialects.load([reply({"items": [{"a": 1}]}), reply({"items": [{"a": None, "b": "x"}]})])
    assert {name: str(dtype) for name, dtype in table.frame.dtypes.items()} == {"a": "Int64", "b": TEXT}


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b'{"a": 1}\n{"a": 2}\n', "application/x-ndjson"),
        (b'{"a": 1}\n\n{"a": 2}', "text/plain"),
        (b'{"a": 1}\r\n{"a": 2}\r\n', "application/json"),
        (b'\x1e{"a": 1}\n\x1e{"a": 2}\n', "application/json-seq"),
        (b'\xef\xbb\xbf[{"a": 1}, {"a": 2}]', "application/json"),
        ('[{"a": 1}, {"a": 2}]'.encode("utf-16"), "application/json"),
        ('[{"a": 1}, {"a": 2}]'.encode("utf-32-be"), "application/json"),
        (b' \n [{"a": 1}, {"a": 2}]\n', "Application/Problem+JSON; charset=utf-8"),
    ],
)
def test_all_forms_of_json(body, content_type):
    assert rows_of(dialects.load([reply(body, content_type)]).frame) == AB


def test_one_document_a_line_may_be_only_one():
    assert rows_of(dialects.load([reply(b'{"items": [1]}', "application/x-ndjson")]).frame) == [{"items": [1]}]


def test_a_charset_that_json_should_not_have():
    body = '[{"a": "ä"}]'.encode("latin-1")
    assert rows_of(dialects.load([reply(body, "application/json; charset=ISO-8859-1")]).frame) == [{"a": "ä"}]


def test_a_repeated_key_overwrites_nothing():
    assert rows_of(dialects.load([reply(b'{"a": 1, "a": 2, "a_2": 3}')]).frame) == [{"a": 1, "a_3": 2, "a_2": 3}]


def test_half_a_surrogate_pair_survives():
    assert rows_of(dialects.load([reply(b'[{"\\ud800": "\\udfff"}]')]).frame) == [{"\ud800": "\udfff"}]


def test_numbers_beyond_64_bits_stay_exact():
    assert rows_of(dialects.load([reply([{"a": 2**64 + 1}, {"a": 1}])]).frame) == [{"a": 2**64 + 1}, {"a": 1}]


def test_numbers_in_text_stay_text_and_moments_become_moments():
    frame = dialects.load([reply([{"a": "1", "b": "2026-11-01T00:00:00", "c": "2026-11-01T00:00:00Z"}])]).frame
    assert list(map(str, frame.dtypes)) == [TEXT, TEXT, "datetime64[us, UTC]"]


def test_a_frame_can_be_written(tmp_path):
    pytest.importorskip("pyarrow")
    rows = [{"a": 1, "b": "x", "c": [1, 2], "d": None, "e": 1.5, "f": True}, {"a": None, "b": None, "f": None}]
    frame = dialects.load([reply(json.dumps(rows).encode())]).frame
    frame.to_parquet(tmp_path / "frame.parquet")
    assert len(pd.read_parquet(tmp_path / "frame.parquet")) == 2
