"""Columns have the types that an answer states."""

from __future__ import annotations

import math
from decimal import Decimal

import pytest

from kubeaccess_magic import dialects

from .answers import reply, rows_of


def column(kind, values, rows="objects"):
    data = [{"a": value} for value in values] if rows == "objects" else [[value] for value in values]
    document = {"meta": [{"name": "a", "type": kind}], "data": data}
    return dialects.load([reply(document)], dialect="records").frame["a"]


@pytest.mark.parametrize("rows", ["objects", "lists"])
@pytest.mark.parametrize(
    ("kind", "values", "dtype", "expected"),
    [
        ("UInt64", ["7", "18446744073709551615"], "uint64", [7, 2**64 - 1]),
        ("Nullable(UInt64)", [None, "18446744073709551615"], "UInt64", [None, 2**64 - 1]),
        ("Int64", ["-9007199254740993", "1"], "int64", [-(2**53) - 1, 1]),
        ("bigint", [None, 5], "Int64", [None, 5]),
        ("Int256", [str(2**200)], "object", [2**200]),
        ("LowCardinality(Nullable(Int8))", [None], "Int64", [None]),
        ("Float64", [2, None], "float64", [2.0, None]),
        ("double", [1, "Infinity"], "float64", [1.0, math.inf]),
        ("Float32", ["-inf", 1], "float64", [-math.inf, 1.0]),
        ("decimal(38, 2)", ["1.10", None], "object", [Decimal("1.10"), None]),
        ("Bool", [True, None], "boolean", [True, None]),
        ("boolean", ["true", "false"], "bool", [True, False]),
        ("String", ["7", "8"], None, ["7", "8"]),
        ("Date", ["2020-03-26"], None, ["2020-03-26"]),
        ("DateTime", ["2020-03-26 10:00:00"], None, ["2020-03-26 10:00:00"]),
        ("UInt64", ["7", "x"], None, ["7", "x"]),
        ("unknown(1)", ["7"], None, ["7"]),
    ],
)
def test_values(kind, values, dtype, expected, rows):
    found = column(kind, values, rows)
    assert dtype is None or str(found.dtype) == dtype
    assert [row["a"] for row in rows_of(found.to_frame())] == expected


@pytest.mark.parametrize(
    ("kind", "text", "moment"),
    [
        ("DateTime('UTC')", "2020-03-26 10:00:00", "2020-03-26 10:00:00+00:00"),
        ("Nullable(DateTime64(3, 'Etc/UTC'))", "2020-03-26 10:00:00.125", "2020-03-26 10:00:00.125000+00:00"),
        ("DateTime('Europe/Berlin')", "2020-07-26 10:00:00", "2020-07-26 08:00:00+00:00"),
        ("timestamp(3) with time zone", "2020-03-26 10:00:00.000 UTC", "2020-03-26 10:00:00+00:00"),
        ("timestamp(3) with time zone", "2020-03-26 10:00:00.000 +02:00", "2020-03-26 08:00:00+00:00"),
        ("timestamp(9) with time zone", "2020-03-26 10:00:00.123456789 UTC", "2020-03-26 10:00:00.123456789+00:00"),
        ("timestamp(3) with time zone", "2020-07-26 10:00:00.000 America/New_York", "2020-07-26 14:00:00+00:00"),
    ],
)
def test_moments(kind, text, moment):
    found = column(kind, [text, None])
    assert str(found.dtype).endswith("UTC]") and str(found[0]) == moment and found.isna()[1]


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("DateTime('Europe/Berlin')", "2020-10-25 02:30:00"),
        ("DateTime('Nowhere/Atall')", "2020-10-25 02:30:00"),
        ("timestamp(3)", "2020-03-26 10:00:00.000"),
        ("timestamp(3) with time zone", "soon"),
    ],
)
def test_what_is_not_surely_a_moment_stays_text(kind, text):
    assert column(kind, [text]).tolist() == [text]


def test_decimals_keep_their_digits():
    body = b'{"meta": [{"name": "a", "type": "Decimal(38, 20)"}], "data": [{"a": 0.12345678901234567890}]}'
    assert dialects.load([reply(body)]).frame["a"].tolist() == [Decimal("0.12345678901234567890")]
