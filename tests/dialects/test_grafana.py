"""Frames of Grafana: https://grafana.com/docs/grafana/latest/developers/http_api/data_source/#query-a-data-source."""

from __future__ import annotations

import contextlib
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubeaccess_magic import dialects
from kubeaccess_magic.errors import LoadError

from .answers import note_of, reading, reply, request, rows_of

WHERE = "kube-system/monitoring-grafana"
T0 = 1_793_491_200_000


def field(name: str, kind: str = "number", **more: Any) -> dict[str, Any]:
    return {"name": name, "type": kind, "typeInfo": {"frame": kind}, **more}


def frame(
    fields: list[dict[str, Any]], values: list[list[Any]], name: str | None = None, **data: Any
) -> dict[str, Any]:
    schema = {"refId": "A", "fields": fields} | ({"name": name} if name else {})
    return {"schema": schema, "data": {"values": values, **data}}


def results(*frames: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"results": {"A": {"status": 200, "frames": list(frames), **more}}}


def loaded(document: Any, **options: Any) -> dialects.Table:
    return dialects.load([reply(document, asked=request(WHERE, "api/ds/query", body={"queries": []}))], **options)


def test_queries_are_known_by_their_path():
    matched = dialects.match(request(WHERE, "api/ds/query?ds_type=prometheus", body={}))
    assert matched is not None and matched.dialect == "grafana"
    assert dialects.match(request(WHERE, "api/ds/query")) is None


def test_each_point_of_a_series_is_a_row():
    found = loaded(
        results(
            frame([field("Time", "time"), field("Value", labels={"pod": "a"})], [[T0, T0 + 1000], [1, None]]),
            frame([field("Time", "time"), field("Value", labels={"pod": "b"})], [[T0], [2.5]], nanos=[[7], None]),
        )
    )
    assert list(found.frame.columns) == ["pod", "Time", "Value"]
    assert [row["Value"] for row in rows_of(found.frame)] == [1.0, None, 2.5]
    assert found.frame["Time"][2].nanosecond == 7 and str(found.frame["Time"].dtype) == "datetime64[ns, UTC]"


def test_a_wide_frame_is_unrolled_and_fields_with_the_same_labels_stay_together():
    fields = [
        field("time", "time"),
        *(field(name, labels={"host": host}) for host in ("a", "b") for name in ("min", "max")),
    ]
    table = loaded(results(frame(fields, [[T0], [1], [2], [3], [4]]))).frame
    assert rows_of(table[["host", "min", "max"]]) == [
        {"host": "a", "min": 1, "max": 2},
        {"host": "b", "min": 3, "max": 4},
    ]


def test_a_frame_without_labels_is_a_table():
    table = loaded(results(frame([field("name", "string"), field("n")], [["a", "b"], [1, 2]]))).frame
    assert rows_of(table) == [{"name": "a", "n": 1}, {"name": "b", "n": 2}]


def test_numbers_that_json_has_not_stand_beside_the_values():
    entities = [None, {"NaN": [0], "Inf": [1], "NegInf": [2]}]
    document = results(frame([field("Time", "time"), field("Value")], [[1, 2, 3], [None] * 3], entities=entities))
    values = loaded(document).frame["Value"].tolist()
    assert math.isnan(values[0]) and values[1:] == [math.inf, -math.inf]


def test_objects_in_cells_become_columns():
    document = results(
        frame([field("labels", "other"), field("Time", "time"), field("Line", "string")], [[{"app": "x"}], [T0], ["y"]])
    )
    assert rows_of(loaded(document).frame[["labels.app", "Line"]]) == [{"labels.app": "x", "Line": "y"}]


def test_several_queries_and_names_are_told_apart():
    first, second = frame([field("n")], [[1]], "one"), frame([field("n")], [[2]], "two")
    document = {"results": {"A": {"frames": [first]}, "B": {"frames": [second]}}}
    assert rows_of(loaded(document).frame) == [
        {"refId": "A", "frame": "one", "n": 1},
        {"refId": "B", "frame": "two", "n": 2},
    ]


def test_a_query_that_failed_is_told_and_an_error_if_all_did():
    document = results(frame([field("n")], [[1]]))
    document["results"]["B"] = {"status": 400, "error": "no such table"}
    found = loaded(document)
    assert note_of(found) == "query B failed: no such table" and found.total_is_lower_bound
    with pytest.raises(LoadError, match="query A failed: no"):
        loaded({"results": {"A": {"status": 500, "error": "no"}}})


def test_notices_are_told():
    one = frame([field("n")], [[1]])
    one["schema"]["meta"] = {"notices": [{"severity": "warning", "text": "cut at 1,000 rows"}]}
    assert note_of(loaded(results(one))) == "the data source says: cut at 1,000 rows"


@pytest.mark.parametrize(
    "document",
    [
        {"results": []},
        {"results": {"A": {"frames": {}}}},
        results({"schema": {"fields": [{}]}, "data": {"values": []}}),
        results({"schema": {"fields": [{}, {}]}, "data": {"values": [[1], []]}}),
    ],
)
def test_what_is_no_answer_is_refused(document):
    with pytest.raises(LoadError, match="not an answer of Grafana"):
        loaded(document, dialect="grafana")


def test_frames_are_recognized_anywhere():
    assert reading(reply(results(frame([field("n")], [[1]])), asked=request("shop/web", "x"))) == "grafana"


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from("frames schema fields data values labels name type entities nanos error meta NaN".split()),
            inner,
            max_size=4,
        )
    ),
    max_leaves=14,
)


@given(VALUES, st.lists(VALUES, max_size=3), st.lists(VALUES, max_size=3))
def test_any_json_gives_a_frame_or_an_error_of_ours(value, described, values):
    inner = frame(described, values, entities=value, nanos=value)  # type: ignore[arg-type]
    for document in ({"results": value}, {"results": {"A": value}}, results(value), results(inner)):
        with contextlib.suppress(LoadError):
            loaded(document, dialect="grafana")
