from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from kubeaccess_magic.errors import LoadError

from .answers import hit, note_of, rows_of, search
from .answers import load_search as load

T0 = "2026-11-01T00:00:00.000Z"
T0_MS = 1_793_491_200_000


def aggs(found: dict[str, Any], **more: Any) -> dict[str, Any]:
    return search(total=99, aggregations=found, **more)


TERMS = {
    "doc_count_error_upper_bound": 0,
    "sum_other_doc_count": 0,
    "buckets": [
        {"key": "a", "doc_count": 5, "avg_took": {"value": 1.5}},
        {"key": "b", "doc_count": 3, "avg_took": {"value": None}},
    ],
}
HISTOGRAM = {
    "buckets": [
        {"key": T0_MS + i * 3_600_000, "key_as_string": f"2026-11-01T0{i}:00:00.000Z", "doc_count": i} for i in range(2)
    ]
}
NESTED = {
    "buckets": [
        {"key": "a", "doc_count": 5, "max_took": {"value": 7.0}, "per_hour": HISTOGRAM},
        {"key": "b", "doc_count": 3, "max_took": {"value": 9.0}, "per_hour": {"buckets": []}},
    ]
}


def test_terms_with_a_metric():
    loaded = load(aggs({"by_status": TERMS}))
    assert rows_of(loaded.frame) == [
        {"by_status": "a", "doc_count": 5, "avg_took": 1.5},
        {"by_status": "b", "doc_count": 3, "avg_took": None},
    ]
    assert (loaded.rows, loaded.total, loaded.unit, note_of(loaded)) == (2, None, "buckets", None)


def test_a_date_histogram_has_moments():
    frame = load(aggs({"per_hour": HISTOGRAM})).frame
    assert str(frame["per_hour"].dtype) == "datetime64[us, UTC]"
    assert rows_of(frame)[1] == {"per_hour": pd.Timestamp("2026-11-01T01:00:00Z"), "doc_count": 1}


@pytest.mark.parametrize(
    ("key", "text", "name", "value"),
    [
        (T0_MS, "2026-11-01", "h", pd.Timestamp(T0)),
        (T0_MS, "2026-11", "h", pd.Timestamp(T0)),
        (1_767_225_600_000, "2026", "h", pd.Timestamp("2026-01-01T00:00:00Z")),
        (T0_MS - 3_600_000, "2026-11-01T00:00:00.000+01:00", "h", pd.Timestamp("2026-10-31T23:00:00Z")),
        (-86_400_000, "1969-12-31T00:00:00.000Z", "h", pd.Timestamp("1969-12-31T00:00:00Z")),
        (T0_MS, "01.11.2026", "h", T0_MS),
        (T0_MS, "01.11.2026", "h.as_string", "01.11.2026"),
        (1970, "1970", "h", 1970),
        (5, "5", "h", 5),
        (1, "true", "h", True),
        (5.0, "5.00 EUR", "h.as_string", "5.00 EUR"),
    ],
)
def test_keys_that_have_a_text_too(key, text, name, value):
    (row,) = rows_of(load(aggs({"h": {"buckets": [{"key": key, "key_as_string": text, "doc_count": 1}]}})).frame)
    assert row[name] == value and row["doc_count"] == 1
    assert ("h.as_string" in row) == (text in ("01.11.2026", "1970", "5.00 EUR") and str(key) != text)


def test_buckets_in_buckets_have_one_row_an_innermost_one():
    loaded = load(aggs({"by_status": NESTED}))
    assert rows_of(loaded.frame) == [
        {
            "by_status": "a",
            "per_hour": pd.Timestamp(T0),
            "doc_count": 0,
            "by_status.doc_count": 5,
            "by_status.max_took": 7.0,
        },
        {
            "by_status": "a",
            "per_hour": pd.Timestamp("2026-11-01T01:00:00Z"),
            "doc_count": 1,
            "by_status.doc_count": 5,
            "by_status.max_took": 7.0,
        },
        {"by_status": "b", "per_hour": None, "doc_count": None, "by_status.doc_count": 3, "by_status.max_took": 9.0},
    ]


def test_what_is_empty_in_the_first_bucket_is_seen_in_the_others():
    first_empty = {"buckets": [NESTED["buckets"][1], NESTED["buckets"][0]]}
    deep = {
        "buckets": [
            {"key": "x", "doc_count": 1, "by_status": {"buckets": []}},
            {"key": "y", "doc_count": 2, "by_status": first_empty},
        ]
    }
    frame = load(aggs({"outer": deep})).frame
    assert list(frame.columns)[:4] == ["outer", "by_status", "per_hour", "doc_count"] and len(frame) == 4
    assert {"outer.doc_count", "by_status.doc_count"} <= set(frame.columns)


def test_metrics_alone_are_one_row():
    found = {
        "mean": {"value": 2.5},
        "latest": {"value": T0_MS * 1.0, "value_as_string": T0},
        "took": {"count": 2, "min": 1.0, "max": 2.0, "avg": 1.5, "sum": 3.0},
        "load": {"values": {"50.0": 1.0, "99.0": 2.0}},
        "listed": {"values": [{"key": 50.0, "value": 1.0}]},
        "errors": {"doc_count": 4, "mean": {"value": 9.0}},
        "where": {"bounds": {"top_left": {"lat": 1.0, "lon": 2.0}}},
        "nothing": {"value": None},
    }
    loaded = load(aggs(found))
    assert rows_of(loaded.frame) == [
        {
            "mean": 2.5,
            "latest": pd.Timestamp(T0),
            "took.count": 2,
            "took.min": 1.0,
            "took.max": 2.0,
            "took.avg": 1.5,
            "took.sum": 3.0,
            "load.50.0": 1.0,
            "load.99.0": 2.0,
            "listed.50.0": 1.0,
            "errors.doc_count": 4,
            "errors.mean": 9.0,
            "where.bounds.top_left.lat": 1.0,
            "where.bounds.top_left.lon": 2.0,
            "nothing": None,
        }
    ]
    assert loaded.unit == "rows"
    assert list(load(aggs(found), agg="took").frame.columns) == [
        "took.count",
        "took.min",
        "took.max",
        "took.avg",
        "took.sum",
    ]


def test_several_aggregations_are_named():
    found = {"by_status": TERMS, "mean": {"value": 1.0}}
    with pytest.raises(LoadError, match="2 aggregations: by_status, mean") as raised:
        load(aggs(found))
    assert raised.value.hint == 'choose with `--agg by_status`, in Python agg="by_status"'
    assert len(load(aggs(found), agg="by_status").frame) == 2
    assert rows_of(load(aggs(found), agg="mean").frame) == [{"mean": 1.0}]
    with pytest.raises(LoadError, match="no aggregation 'x'") as raised:
        load(aggs(found), agg="x")
    assert raised.value.hint == "there are: by_status, mean"


def test_several_aggregations_inside_a_bucket_are_named():
    found = {"a": {"buckets": [{"key": 1, "doc_count": 3, "b": TERMS, "c": TERMS, "m": {"value": 1.0}}]}}
    with pytest.raises(LoadError, match="a>b, a>c") as raised:
        load(aggs(found))
    assert raised.value.hint == 'choose with `--agg a>b`, in Python agg="a>b"'
    frame = load(aggs(found), agg="a>c").frame
    assert list(frame.columns) == ["a", "c", "doc_count", "a.doc_count", "a.m", "avg_took"] and len(frame) == 2
    with pytest.raises(LoadError, match="no aggregation 'a>x'"):
        load(aggs(found), agg="a>x")


@pytest.mark.parametrize(
    ("found", "rows"),
    [
        (
            {"f": {"buckets": {"errors": {"doc_count": 1}, "rest": {"doc_count": 2}}}},
            [{"f": "errors", "doc_count": 1}, {"f": "rest", "doc_count": 2}],
        ),
        (
            {"r": {"buckets": [{"key": "*-5.0", "to": 5.0, "doc_count": 1}]}},
            [{"r": "*-5.0", "doc_count": 1, "r.to": 5.0}],
        ),
        ({"c": {"buckets": [{"key": {"s": "a", "h": 1}, "doc_count": 1}]}}, [{"s": "a", "h": 1, "doc_count": 1}]),
        (
            {"m": {"buckets": [{"key": ["a", 1], "key_as_string": "a|1", "doc_count": 1}]}},
            [{"m.0": "a", "m.1": 1, "doc_count": 1}],
        ),
        (
            {"sterms#t": {"buckets": [{"key": "a", "doc_count": 1, "avg#x": {"value": 1.0}}]}},
            [{"t": "a", "doc_count": 1, "x": 1.0}],
        ),
        (
            {"only": {"doc_count": 9, "t": {"buckets": [{"key": "a", "doc_count": 1}]}}},
            [{"t": "a", "doc_count": 1, "only.doc_count": 9}],
        ),
        (
            {"t": {"buckets": [{"key": "a", "doc_count": 1, "t": {"value": 2.0}}]}},
            [{"t": "a", "doc_count": 1, "t_2": 2.0}],
        ),
        (
            {
                "t": {
                    "buckets": [
                        {
                            "key": "a",
                            "doc_count": 1,
                            "top": {"hits": {"total": {"value": 1, "relation": "eq"}, "hits": [{"_id": "1"}]}},
                        }
                    ]
                }
            },
            [
                {"t": "a", "doc_count": 1, "top._id": "1"},
            ],
        ),
        ({"t": {"buckets": []}}, []),
        ({"g": {"doc_count": 2}}, [{"g.doc_count": 2}]),
    ],
)
def test_other_forms_of_buckets(found, rows):
    assert rows_of(load(aggs(found)).frame) == rows


def test_no_buckets_have_the_right_columns():
    assert list(load(aggs({"t": {"buckets": []}})).frame.columns) == ["t", "doc_count"]


def test_more_buckets_than_these_are_told_of():
    assert "more terms" in str(note_of(load(aggs({"t": TERMS | {"sum_other_doc_count": 7}}))))
    assert "after_key" in str(note_of(load(aggs({"c": {"after_key": {"s": "a"}, "buckets": []}}))))
    assert load(aggs({"t": TERMS}), limit=1).total == 2


def test_hits_come_before_aggregations_unless_one_is_named():
    both = search(hit({"a": 1}), aggregations={"t": TERMS})
    assert load(both).unit == "hits"
    assert load(both, agg="t").unit == "buckets"
    with pytest.raises(LoadError, match="no aggregations"):
        load({"count": 1}, "_count", agg="t")


def test_aggregations_without_hits_in_the_answer():
    assert load({"aggregations": {"m": {"value": 1}}}, "_search?filter_path=aggregations").frame["m"].tolist() == [1]
