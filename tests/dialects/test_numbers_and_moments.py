"""Numbers are numbers and moments are moments, whatever they are written as."""

from __future__ import annotations

import math

import pandas as pd
import pytest

from kubeaccess_magic import dialects
from kubeaccess_magic.dialects import columns

from .answers import load_search, reply, rows_of, search

TEXT = str(pd.Series(["a"]).dtype)
US, NS = "datetime64[us, UTC]", "datetime64[ns, UTC]"


def column(values, kind="json"):
    if kind == "csv":
        lines = ["n,a", *(f"x,{'' if value is None else value}" for value in values), ""]
        return dialects.load([reply("\n".join(lines).encode(), "text/csv")]).frame["a"]
    return dialects.load([reply([{"n": "x", "a": value} for value in values])], dialect="records").frame["a"]


@pytest.mark.parametrize(
    ("values", "numbers"),
    [
        ([1.5, "NaN"], [1.5, math.nan]),
        ([2, None, "Infinity", "-Infinity"], [2.0, math.nan, math.inf, -math.inf]),
        ([None, "NaN", 2**53], [math.nan, math.nan, 2.0**53]),
    ],
)
@pytest.mark.parametrize("kind", ["json", "csv"])
def test_what_json_cannot_write_as_a_number(values, numbers, kind):
    found = column(values, kind)
    assert found.dtype == "float64"
    assert list(map(repr, found)) == list(map(repr, numbers))


@pytest.mark.parametrize(
    "values", [["NaN", None], ["NaN", "Infinity"], [1, "NaN", "x"], [2**53 + 1, "NaN"], [1, "inf"]]
)
def test_text_and_long_numbers_stay_as_they_are(values):
    assert column(values).dropna().tolist() == [value for value in values if value is not None]


def test_other_programs_write_infinity_in_csv():
    assert column(["1", "inf", "-inf", "nan", "+Inf"], "csv").tolist()[:3] == [1.0, math.inf, -math.inf]
    assert str(column(["nan", "inf"], "csv").dtype) == TEXT
    assert column([str(2**53 + 1), "NaN"], "csv").tolist() == [str(2**53 + 1), "NaN"]


def test_a_statistic_of_one_document():
    buckets = [{"key": "a", "doc_count": 1, "d": {"value": "NaN"}}, {"key": "b", "doc_count": 9, "d": {"value": 2}}]
    found = load_search(search(aggregations={"k": {"buckets": buckets}}), "_search?size=0").frame
    assert str(found["d"].dtype) == "float64" and math.isnan(found["d"][0])


@pytest.mark.parametrize("kind", ["json", "csv"])
@pytest.mark.parametrize(
    ("values", "dtype", "first"),
    [
        (["2026-11-01T01:00:00+02:00", None], US, "2026-10-31 23:00:00+00:00"),
        (["2026-11-01T01:00:00.25-0330"], US, "2026-11-01 04:30:00.250000+00:00"),
        (["2026-11-01T01:00:00.123456789Z", "2026-11-01T01:00Z"], NS, "2026-11-01 01:00:00.123456789+00:00"),
        (["2026-11-01T01:00:00.250GMT", "2026-11-01T01:00:00Z"], US, "2026-11-01 01:00:00.250000+00:00"),
        (["2026-11-01T01:00:00 UTC"], US, "2026-11-01 01:00:00+00:00"),
        (["9999-12-31T23:59:59.000000000Z"], US, "9999-12-31 23:59:59+00:00"),
        (["2026-11-01T01:00:00Z", "0001-01-01T00:00:00Z"], US, "2026-11-01 01:00:00+00:00"),
    ],
)
def test_moments(values, dtype, first, kind):
    found = column(values, kind)
    assert str(found.dtype) == dtype and str(found[0]) == first


def test_a_time_that_was_never_set_is_a_gap():
    assert column(["0001-01-01T00:00:00Z", "2026-11-01T01:00:00Z"]).isna().tolist() == [True, False]
    assert str(column(["0001-01-01T00:00:00Z"]).dtype) == US


@pytest.mark.parametrize("kind", ["json", "csv"])
@pytest.mark.parametrize(
    "values",
    [
        ["2026-11-01"],
        ["2026-11-01T01:00:00"],
        ["2026-11-01 01:00:00"],
        ["2026-11-01T01:00:00Z", "soon"],
        ["2026-11-01T01:00:00Z", "2026-11-01T01:00:00"],
        ["2026-02-30T01:00:00Z"],
        ["2026-11-01T01:00:00EST"],
        ["9999-12-31T23:59:59.123456789Z"],
    ],
)
def test_what_is_not_surely_a_moment_stays_text(values, kind):
    found = column(values, kind)
    assert str(found.dtype) == TEXT and found.tolist() == values


def test_rows_of_lists_have_moments_too():
    document = {"columns": ["at", "n"], "rows": [["2026-11-01T01:00:00Z", 1]]}
    assert str(dialects.load([reply(document)]).frame["at"].dtype) == US
    assert str(dialects.load([reply(["2026-11-01T01:00:00Z"])]).frame["value"].dtype) == US


def test_many_rows_are_read_alike():
    rows = [{"id": i, "at": f"2026-11-01T01:00:{i % 60:02}.5GMT", "pad": "x" * 100} for i in range(5000)]
    found = dialects.load([reply(rows)]).frame
    assert str(found["at"].dtype) == US and rows_of(found[:1])[0]["id"] == 0
    assert columns.utc([row["at"] for row in rows]).equals(found["at"].rename(None))


@pytest.mark.parametrize("word", ["NULL", "null", "N/A", "NA", "\\N"])
def test_words_for_a_gap_in_csv(word):
    assert column([word, "5"], "csv").tolist() == [pd.NA, 5]
    assert str(column([word, "2026-11-01T01:00:00Z"], "csv").dtype) == US
    assert column([word, "x"], "csv").tolist() == [word, "x"]
    assert column([word, word], "csv").tolist() == [word, word]
