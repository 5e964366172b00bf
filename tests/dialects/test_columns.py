from __future__ import annotations

import gc
import math
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings

from kubeaccess_magic import dialects
from kubeaccess_magic.dialects import answer, columns
from kubeaccess_magic.errors import LoadError

from .answers import reply, rows_of
from .documents import RECORDS, values_of

TEXT = str(pd.Series(["a"]).dtype)
US, NS = "datetime64[us, UTC]", "datetime64[ns, UTC]"


@pytest.mark.parametrize(
    ("values", "dtype"),
    [
        ([1, 2], "int64"),
        ([1, None], "Int64"),
        ([2**53 + 1, None], "Int64"),
        ([2**63 - 1, -(2**63)], "int64"),
        ([2**63, 1], "object"),
        ([2**63, None], "object"),
        ([2**100], "object"),
        ([1.5, None], "float64"),
        ([1, 1.5, None], "float64"),
        ([2**53 + 1, 1.5], "object"),
        ([math.inf, -math.inf], "float64"),
        ([True, False], "bool"),
        ([True, None], "boolean"),
        ([True, 1], "object"),
        (["a", None], TEXT),
        (["", None], TEXT),
        (["\ud800", "a"], "object"),
        (["a", 1], "object"),
        ([[1], [2]], "object"),
        ([[1, 2], [3, 4]], "object"),
        ([{}], "object"),
        ([None, None], "object"),
        ([], "object"),
        (["2026-11-01T00:00:00Z", None], US),
        (["2026-11-01T00:00:00.123456789Z"], NS),
        (["9999-12-31T23:59:59Z", "0001-01-01T00:00:00Z"], US),
        (["2026-11-01T01:02+02:00", "2026-11-01T00:00:00.5-0330"], US),
        (["2026-11-01T00:00:00", "2026-11-01T00:00:00Z"], TEXT),
        (["2026-11-01", "2026-11-02"], TEXT),
        (["2026-02-30T00:00:00Z"], TEXT),
        (["2026-11-01T00:00:60Z"], TEXT),
        (["2026-11-01T00:00:00.1234567890Z"], TEXT),
        (["9999-12-31T23:59:59.123456789Z"], TEXT),
        (["2026-11-01T00:00:00Z", "-"], TEXT),
        (["2026-11-01T00:00:00Z", 5], "object"),
    ],
)
def test_types_follow_the_values_and_lose_none(values, dtype):
    table = columns.frame({"a": values}, len(values), dates=True)
    assert str(table["a"].dtype) == dtype
    if not dtype.startswith("datetime"):
        found = [row["a"] for row in rows_of(table)]
        assert found == values and list(map(type, found)) == [
            float if dtype == "float64" and v is not None else type(v) for v in values
        ]


def test_moments_are_the_same_in_utc():
    texts = [
        "2026-11-01T01:00:00+02:00",
        "2026-10-31T23:00:00.000Z",
        None,
        "9999-12-31T23:59:59.999999Z",
        "2026-10-31T18:00-05",
    ]
    found = columns.utc(texts)
    assert found is not None
    assert [str(moment) for moment in found] == [
        "2026-10-31 23:00:00+00:00",
        "2026-10-31 23:00:00+00:00",
        "NaT",
        "9999-12-31 23:59:59.999999+00:00",
        "2026-10-31 23:00:00+00:00",
    ]


def test_dates_stay_text_unless_asked_for():
    assert str(columns.frame({"a": ["2026-11-01T00:00:00Z"]}, 1)["a"].dtype) == TEXT


def test_milliseconds():
    assert [str(m) for m in columns.epoch_ms([0, None, 1.5, -1])] == [
        "1970-01-01 00:00:00+00:00",
        "NaT",
        "1970-01-01 00:00:00.001500+00:00",
        "1969-12-31 23:59:59.999000+00:00",
    ]


@pytest.mark.parametrize(
    ("texts", "numbers"),
    [
        (["1", "22", None], [1, 22, None]),
        (["1.50", "-2", "1e3"], [1.5, -2.0, 1000.0]),
        (["9223372036854775808"], [2**63]),
        (["007", "1"], None),
        (["1,000"], None),
        (["1_000"], None),
        (["12%"], None),
        ([" 1"], None),
        ([""], None),
        (["NaN"], None),
        (["٣"], None),
        ([None], None),
        ([5], None),
    ],
)
def test_numbers_in_text(texts, numbers):
    assert columns.numbers(texts) == numbers


@pytest.mark.parametrize(
    ("records", "names"),
    [
        ([{"a": {"b": 1, "c": {"d": 2}}, "e": 3}], ["a.b", "a.c.d", "e"]),
        ([{"a.b": 1, "a": {"b": 2}}], ["a.b", "a.b_2"]),
        ([{"a": {"b": 2}, "a.b": 1}], ["a.b", "a.b_2"]),
        ([{"a": {"b": 2}, "a.b": 1, "a.b_2": 3}], ["a.b", "a.b_2", "a.b_2_2"]),
        ([{"b": 1}, {"a": 2, "b": 3}], ["b", "a"]),
        ([{"a": {}}], ["a"]),
        ([{"a": {}}, {"a": {"b": 1}}, {"a": None}], ["a.b"]),
        ([{"a": 1}, {"a": {"b": 1}}], ["a", "a.b"]),
        ([{"": {"": 1}}], ["."]),
        ([{}], []),
    ],
)
def test_nested_fields_become_dotted_columns_and_overwrite_nothing(records, names):
    assert list(columns.flatten(records)) == names


def test_deep_nesting_is_no_recursion():
    record: dict[str, Any] = {"end": 1}
    for _ in range(10_000):
        record = {"a": record}
    (name,) = columns.flatten([record])
    assert name == "a." * 10_000 + "end"


def test_names_that_have_no_utf8_form():
    table = columns.frame({"\ud800": [1], "b": ["x"]}, 1)
    assert list(table.columns) == ["\ud800", "b"] and table["\ud800"].tolist() == [1]


def test_many_columns():
    table = columns.frame({f"c{i}": [i] for i in range(2000)}, 1)
    assert table.shape == (1, 2000)


def test_the_garbage_collector_is_put_back():
    for enabled in (True, False):
        (gc.enable if enabled else gc.disable)()
        try:
            answer.json_of(reply({"a": 1}))
            with pytest.raises(LoadError):
                answer.json_of(reply(b"{"))
            assert gc.isenabled() is enabled
        finally:
            gc.enable()


@settings(max_examples=60, deadline=None)
@given(RECORDS)
def test_nothing_of_any_records_is_lost(records):
    table = dialects.load([reply(records)]).frame
    assert len(table) == len(records) and table.columns.is_unique
    for row, record in zip(rows_of(table), records, strict=True):
        assert values_of(row) == values_of(record)


@settings(max_examples=60, deadline=None)
@given(RECORDS)
def test_nothing_of_any_hits_is_lost(records):
    hits = [{"_index": "i", "_id": str(number), "_source": record} for number, record in enumerate(records)]
    table = dialects.load([reply({"hits": {"hits": hits}})]).frame
    assert len(table) == len(records) and table.columns.is_unique
    for row, record in zip(rows_of(table), records, strict=True):
        del row["_index"], row["_id"]
        assert values_of(row) == values_of(record)
