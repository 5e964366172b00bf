"""Frames of what Prometheus answers: right in every corner, and the same by each of the ways of reading."""

from __future__ import annotations

import importlib.util
import json
import math
from typing import Any

import msgspec
import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from kubeaccess_magic import dialects
from kubeaccess_magic.dialects import answer, repeated
from kubeaccess_magic.dialects.prometheus import exact, fast, sample_frames
from kubeaccess_magic.errors import LoadError

from .answers import note_of, reply, request, rows_of

TEXT = str(pd.Series(["a"]).dtype)
HISTOGRAM = {"count": "60", "sum": "100.5", "buckets": [[0, "-Inf", "1", "20"], [3, "1", "+Inf", "40"]]}


def of_type(kind: str, result: Any, **more: Any) -> dict[str, Any]:
    return {"status": "success", "data": {"resultType": kind, "result": result}, **more}


def load(document: Any, path: str = "api/v1/query", **options: Any) -> dialects.Table:
    return dialects.load([reply(document, asked=request("monitoring/prometheus", path))], **options)


def dtypes(frame: pd.DataFrame) -> dict[str, str]:
    return {str(name): str(dtype) for name, dtype in frame.dtypes.items()}


def test_an_instant_vector():
    one = {"metric": {"job": "b", "__name__": "up", "a": "x"}, "value": [1793491200.123, "1"]}
    frame = load(of_type("vector", [one, {"metric": {}, "value": [1793491200.123, "NaN"]}])).frame
    assert dtypes(frame) == {
        "__name__": TEXT, "a": TEXT, "job": TEXT, "time": "datetime64[ms, UTC]", "value": "float64",
    }  # fmt: skip
    assert rows_of(frame)[0] == {
        "__name__": "up", "a": "x", "job": "b", "time": pd.Timestamp("2026-11-01T00:00:00.123Z"), "value": 1.0,
    }  # fmt: skip
    assert frame.loc[1, ["__name__", "a", "job"]].isna().all() and math.isnan(frame["value"][1])


def test_a_matrix_long_and_wide():
    a, b = {"__name__": "up", "pod": 'a"\\\n'}, {"my.label": "ü", "__name__": "my.metric"}
    document = of_type(
        "matrix",
        [
            {"metric": a, "values": [[1, "1"], [2.5, "+Inf"]]},
            {"metric": {"gone": "x"}, "values": []},
            {"metric": b, "values": [[2.5, "-Inf"], [3, "-0"]]},
        ],
    )
    frame = load(document).frame
    assert list(frame.columns) == ["__name__", "my.label", "pod", "time", "value"]  # no sample, no label
    assert frame["value"].tolist() == [1, math.inf, -math.inf, 0] and math.copysign(1, frame["value"][3]) == -1
    assert [moment.timestamp() for moment in frame["time"]] == [1, 2.5, 2.5, 3]
    categories = load(document, categories=True).frame
    assert dtypes(categories)["pod"] == "category"
    assert rows_of(categories) == rows_of(frame)
    wide = load(document, wide=True).frame
    assert list(wide.columns) == ['up{pod="a\\"\\\\\\n"}', '{"my.metric","my.label"="ü"}']
    assert wide.index.name == "time" and str(wide.index.dtype) == "datetime64[ms, UTC]"
    expected = [[1, math.nan], [math.inf, -math.inf], [math.nan, 0]]
    np.testing.assert_array_equal(wide.to_numpy(), expected)


def test_wide_series_on_one_grid():
    result = [{"metric": {"i": str(i)}, "values": [[t, str(t + i)] for t in range(3)]} for i in range(2)]
    wide = load(of_type("matrix", result), wide=True).frame
    assert wide.to_numpy().tolist() == [[0, 1], [1, 2], [2, 3]]
    loaded = load(of_type("matrix", result), wide=True, limit=2)
    assert (loaded.rows, loaded.total, loaded.unit) == (2, 3, "timestamps")


def test_wide_has_no_place_for_two_samples_of_one_moment():
    result = [{"metric": {}, "values": [[1, "1"], [1, "2"]]}, {"metric": {"a": "b"}, "values": [[1, "1"]]}]
    for some in (result, result[:1]):
        with pytest.raises(LoadError, match="the same time"):
            load(of_type("matrix", some), wide=True)
    assert len(load(of_type("matrix", result)).frame) == 3


@pytest.mark.parametrize("kind", ["vector", "matrix"])
def test_nothing_has_the_right_columns(kind):
    assert dtypes(load(of_type(kind, [])).frame) == {"time": "datetime64[ms, UTC]", "value": "float64"}
    assert dtypes(load(of_type(kind, None)).frame) == {"time": "datetime64[ms, UTC]", "value": "float64"}
    wide = load(of_type(kind, []), wide=True).frame
    assert wide.shape == (0, 0) and str(wide.index.dtype) == "datetime64[ms, UTC]" and wide.index.name == "time"


def test_scalars_and_strings():
    frame = load(of_type("scalar", [1793491200.5, "-Inf"])).frame
    assert rows_of(frame) == [{"time": pd.Timestamp("2026-11-01T00:00:00.5Z"), "value": -math.inf}]
    frame = load(of_type("string", [1793491200, "5"])).frame
    assert dtypes(frame) == {"time": "datetime64[ms, UTC]", "value": TEXT} and frame["value"][0] == "5"
    with pytest.raises(LoadError, match="not a number"):
        load(of_type("scalar", [1, "five"]))


def test_labels_that_are_called_as_our_columns_are_kept():
    labels = {"time": "a", "value": "b", "exported_value": "c", "le": "d", "count": "e"}
    (row,) = rows_of(load(of_type("vector", [{"metric": labels, "value": [1, "2"]}])).frame)
    assert row == {
        "count": "e", "exported_value": "c", "le": "d", "exported_time": "a", "exported_exported_value": "b",
        "time": pd.Timestamp(1, unit="s", tz="UTC"), "value": 2.0,
    }  # fmt: skip
    row = rows_of(load(of_type("vector", [{"metric": labels, "histogram": [1, HISTOGRAM]}])).frame)[0]
    assert row["exported_count"] == "e" and row["count"] == 60


def test_native_histograms_are_rows_a_bucket():
    result = [
        {"metric": {"a": "1"}, "values": [[1, "7"], [3, "8"]], "histograms": [[2, HISTOGRAM]]},
        {"metric": {"a": "2"}, "histograms": [[2, {"count": "0", "sum": "NaN"}]]},
    ]
    loaded = load(of_type("matrix", result))
    columns = ["a", "time", "value", "lower", "upper", "closed", "count", "sum"]
    rows = [list(row.values()) for row in rows_of(loaded.frame)]
    at = [pd.Timestamp(second, unit="s", tz="UTC") for second in range(4)]
    none = [None] * 5
    assert list(loaded.frame.columns) == columns
    assert rows == [
        ["1", at[1], 7, *none],
        ["1", at[2], 20, -math.inf, 1, "right", 60, 100.5],
        ["1", at[2], 40, 1, math.inf, "both", 60, 100.5],
        ["1", at[3], 8, *none],
        ["2", at[2], None, None, None, None, 0, None],
    ]
    assert (loaded.rows, loaded.unit) == (5, "rows")
    assert len(load(of_type("matrix", result), limit=2).frame) == 2
    wide = load(of_type("matrix", result), wide=True)
    assert list(wide.frame.columns) == [
        '{a="1"}', 'histogram_count({a="1"})', 'histogram_count({a="2"})',
        'histogram_sum({a="1"})', 'histogram_sum({a="2"})',
    ]  # fmt: skip
    assert wide.frame.iloc[1, :3].fillna(-1).tolist() == [-1, 60, 0] and "buckets" in str(note_of(wide))


def test_what_the_answer_tells_beside_its_samples():
    document = of_type("vector", [], warnings=["w1", "w2"], infos=["i"], isPartial=True)
    document["data"]["stats"] = {"samples": 1}
    assert note_of(load(document)) == (
        "the app warns: w1; w2; the app remarks: i; the answer is partial: a part of the storage did not answer; "
        "the answer has stats, too, which -o json shows"
    )
    assert note_of(load({"status": "success", "data": ["a"], "warnings": list("abcd")}, "api/v1/labels")) == (
        "the app warns: a; b; c (and 1 more)"
    )


def test_many_rows_suggest_categories():
    values = "[" + ",".join(f'[{t},"1"]' for t in range(1_000_001)) + "]"
    head = '{"status":"success","data":{"resultType":"matrix","result":[{"metric":{"a":"b"},"values":'
    body = (head + values + "}]}}").encode()
    assert "--categories" in str(note_of(load(body)))
    assert note_of(load(body, categories=True)) is None
    assert note_of(load(body, limit=10)) is None


# --- the ways of reading ----------------------------------------------------------------------------------------------


NUMBERS = st.sampled_from(
    [
        *("1", "-0", "+Inf", "-Inf", "Inf", "NaN", "1e400", "-1e-400", "5e-324", "1e+06", "12345678901234567890.5"),
        *(
            "0x1",
            "1_0",
            "1,2",
            "[1",
            "1]",
            "a\\b",
            '"',
            "",
            " 1",
            "1 2",
            "nan(x)",
            "\u0661",
            "1.",
            ".5",
            "true",
            "null",
        ),
    ]
) | st.floats().map(repr)
VALUES = NUMBERS | st.none() | st.integers(-(2**70), 2**70) | st.floats(allow_nan=False, allow_infinity=False)
MOMENTS = st.integers(-(10**12), 10**14).map(lambda ms: ms / 1000) | st.sampled_from(
    [0, 1.2345678, "5", "5.001", None, True, 1e300, 253402300799.999, "NaN"]
)
SAMPLES = st.tuples(MOMENTS, VALUES).map(list) | st.sampled_from([[1], [], [1, "2", "3"], [[1, "2"]], 5, {"a": 1}])
SANE = st.tuples(st.integers(0, 10**13).map(lambda ms: ms / 1000), st.floats().map(repr)).map(list)
LABELS = st.dictionaries(st.sampled_from(["a", "time", "__name__", "\u00fc", ""]), st.text(max_size=4), max_size=3)
SERIES = st.fixed_dictionaries(
    {"metric": LABELS},
    optional={
        "values": st.lists(SANE, max_size=3) | st.lists(SAMPLES | SANE, max_size=3),
        "histograms": st.lists(st.tuples(st.integers(0, 5), st.just(HISTOGRAM)).map(list), max_size=2),
    },
)


def read(body: bytes, *, exactly: bool) -> Any:
    """A page as plain values, or the message of the error."""
    page = None if exactly else fast.read(body)
    try:
        if page is None:
            page = exact.read(answer.json_of(reply(body)), reply(body))
    except LoadError as error:
        return str(error)
    assert page is not None
    frame, _ = sample_frames.long(page, None, as_categories=False)
    return [(str(name), str(dtype)) for name, dtype in frame.dtypes.items()], repr(rows_of(frame)), page.counts.tolist()


@given(st.lists(SERIES, max_size=4), st.sampled_from([(",", ":"), (", ", ": ")]))
@example([{"metric": {}, "values": [[1], [2, 3, "4"]]}], (",", ":"))
@example([{"metric": {}, "values": [["1"], [2, "3", "4"]]}], (",", ":"))
@example([{"metric": {}, "values": [[1, "2]"]]}], (",", ":"))
@example([{"metric": {}, "values": [[1, "[2"]]}], (",", ":"))
@example([{"metric": {}, "values": [[1, "2],[3", "4"]]}], (",", ":"))
@example([{"metric": {}, "values": [["1", "2],[3,4"]]}], (",", ":"))
@example([{"metric": {}, "values": [[1, "2"], []]}], (",", ":"))
@example([{"metric": {}, "values": [[[1, "2"]]]}], (",", ":"))
@example([{"metric": {}, "values": [[1, 2], [3, 4]]}], (",", ":"))
@example([{"metric": {}, "values": [[1, "-0"]]}], (",", ":"))
@example([{"metric": {}, "values": [[1, "1 2"]]}], (", ", ": "))
def test_every_way_of_reading_gives_the_same(result, separators):
    body = json.dumps(of_type("matrix", result), separators=separators).encode()
    assert read(body, exactly=False) == read(body, exactly=True)


@given(st.lists(st.tuples(st.integers(0, 10**13), NUMBERS), min_size=1, max_size=4))
def test_both_quick_readers_read_as_python_does_or_refuse(values):
    """Each alone, on pairs of a number and a string without quotes or brackets: the rest is never given to them."""
    pairs = [[ms / 1000, text] for ms, text in values if not set(text) - set(fast._NUMBER_LETTERS.decode())]
    raw = b"," + json.dumps(pairs, separators=(",", ":")).encode()
    readers = [fast._by_msgspec]
    if importlib.util.find_spec("pyarrow") is not None:
        readers.append(fast._by_pyarrow)
    for reader in readers if pairs else []:
        try:
            found = reader(raw, len(pairs))
        except msgspec.DecodeError:
            continue
        if found is not None:
            expected = [(when, exact.number(value)) for when, value in pairs]
            assert repr(list(zip(found[0].tolist(), found[1].tolist(), strict=True))) == repr(expected)


def test_the_quick_readers_do_not_refuse_what_prometheus_writes():
    values = [[1793491200 + i / 8, text] for i, text in enumerate(["1", "NaN", "+Inf", "-Inf", "-0", "1.5", "1e-7"])]
    raw = b"," + json.dumps(values, separators=(",", ":")).encode()
    assert fast._by_msgspec(raw, len(values)) is not None
    body = json.dumps(of_type("matrix", [{"metric": {"a": "+Inf"}, "values": values}])).encode()
    assert fast.read(body.replace(b", ", b",").replace(b": ", b":")) is not None
    vector = of_type("vector", [{"metric": {}, "value": values[0]}, {"metric": {"a": "b"}, "value": values[1]}])
    assert fast.read(json.dumps(vector, separators=(",", ":")).encode()) is not None
    histograms = of_type("matrix", [{"metric": {}, "histograms": [[1, HISTOGRAM]]}, {"metric": {}, "values": values}])
    assert fast.read(json.dumps(histograms, separators=(",", ":")).encode()) is not None


def test_an_answer_written_for_people_is_read():
    document = of_type("matrix", [{"metric": {"a b": "c, d"}, "values": [[1, "2"], [3, "4"]]}])
    frame = load(json.dumps(document, indent=2).encode()).frame
    assert (frame["a b"].tolist(), frame["value"].tolist()) == (["c, d"] * 2, [2, 4])


def test_moments_finer_than_a_millisecond_are_kept():
    frame = load(of_type("vector", [{"metric": {}, "value": [1793491200.123456, "1"]}])).frame
    assert str(frame["time"].dtype) == "datetime64[us, UTC]"
    assert frame["time"][0] == pd.Timestamp("2026-11-01T00:00:00.123456Z")


@pytest.mark.parametrize(
    ("series", "message"),
    [
        (
            {"metric": {}, "values": [[1, "2"], [3, "x"]]},
            r"data.result\[0\].values\[1\] is not a sample: 'x' is not a number",
        ),
        ({"metric": {}, "values": [["x", "2"]]}, "'x' is not a number"),
        ({"metric": {}, "values": [[1e300, "2"]]}, "not a time"),
        ({"metric": {}, "values": {"a": 1}}, "is not a list"),
        ({"metric": 5, "values": []}, "is not a series"),
        (5, "is not a series"),
        ({"metric": {}, "histogram": [1, {"count": "1"}]}, r"histograms\[0\] is not a sample"),
        (
            {"metric": {}, "histogram": [1, {**HISTOGRAM, "buckets": [[7, "1", "2", "3"]]}]},
            "7 is not a kind",
        ),
    ],
)
def test_what_is_wrong_is_said_with_its_place(series, message):
    with pytest.raises(LoadError, match=message):
        load(of_type("matrix", [series]))


def test_a_truncated_answer():
    body = json.dumps(of_type("matrix", [{"metric": {"a": "b"}, "values": [[1, "2"]] * 9}])).encode()
    with pytest.raises(LoadError, match="cut off"):
        load(body[:-20])


def test_odd_labels():
    body = b'{"status":"success","data":{"resultType":"vector","result":[{"metric":%b,"value":[1,"2"]}]}}'
    assert rows_of(load(body % b'{"a":"1","a":"2"}').frame)[0] | {"time": 0} == {
        "a": "1",
        "a_2": "2",
        "time": 0,
        "value": 2,
    }
    assert load(body % b'{"a":"\\ud800"}').frame["a"][0] == "\ud800"
    assert load(body % b'{"a":"\\ud800"}', categories=True).frame["a"][0] == "\ud800"
    assert load(body % b'{"a":"x\\":\\"y"}').frame["a"][0] == 'x":"y'
    assert load(body % b'{"a":5}').frame["a"][0] == "5"
    assert load(body % b'{"\\ud800":"x"}', wide=True).frame.shape == (1, 1)
    many = json.dumps({f"l{i}": "x" for i in range(1000)}).encode()
    assert load(body % many).frame.shape == (1, 1002)


@given(st.lists(st.none() | st.text(max_size=3), max_size=5), st.data())
def test_runs_are_what_repeating_gives(values, data):
    counts = data.draw(st.lists(st.integers(0, 3), min_size=len(values), max_size=len(values)))
    expected = [value for value, times in zip(values, counts, strict=True) for _ in range(times)]
    for as_categories in (False, True):
        found = repeated.repeated(values, np.array(counts, dtype="int64"), as_categories=as_categories)
        assert [None if value is None or value != value else value for value in found.astype(object)] == expected


# --- everything that is no sample -------------------------------------------------------------------------------------


def success(data: Any) -> dict[str, Any]:
    return {"status": "success", "data": data}


TARGET = {
    "labels": {"job": "node", "instance": "a:9100", "health": "mine"},
    "discoveredLabels": {"__address__": "a:9100"},
    "scrapePool": "node", "scrapeUrl": "http://a:9100/metrics", "lastError": "", "health": "up",
    "lastScrape": "2026-11-01T00:00:00.123456789Z", "lastScrapeDuration": 0.5,
}  # fmt: skip
RULE = {
    "name": "r", "query": "up", "health": "ok", "type": "alerting", "state": "firing", "duration": 60,
    "labels": {"severity": "page"}, "annotations": {}, "alerts": [{"a": 1}], "lastEvaluation": "2026-11-01T00:00:00Z",
}  # fmt: skip
ALERT = {
    "labels": {"alertname": "x", "state": "mine"}, "annotations": {"summary": "s"}, "state": "firing",
    "activeAt": "2026-11-01T00:00:00Z", "value": "1e+00",
}  # fmt: skip
MOMENT = pd.Timestamp("2026-11-01T00:00:00Z")
EXEMPLAR = {"labels": {"trace_id": "t"}, "value": "6", "timestamp": 1793491200.0}


@pytest.mark.parametrize(
    ("path", "data", "rows"),
    [
        ("series", [{"__name__": "up", "time": "x"}, {"a": "b"}],
         [{"__name__": "up", "a": None, "time": "x"}, {"__name__": None, "a": "b", "time": None}]),
        ("labels", ["a", "b"], [{"label": "a"}, {"label": "b"}]),
        ("label/my%20job/values", ["x"], [{"my job": "x"}]),
        ("metadata", {"up": [{"type": "gauge", "help": "h", "unit": ""}, {"type": "counter", "help": "", "unit": ""}]},
         [{"metric": "up", "type": "gauge", "help": "h", "unit": ""},
          {"metric": "up", "type": "counter", "help": "", "unit": ""}]),
        ("targets/metadata", [{"target": {"job": "j"}, "type": "gauge", "help": "h", "unit": ""}],
         [{"job": "j", "metric": None, "type": "gauge", "help": "h", "unit": ""}]),
        ("alertmanagers", {"activeAlertmanagers": [{"url": "u"}], "droppedAlertmanagers": [{"url": "v"}]},
         [{"state": "active", "url": "u"}, {"state": "dropped", "url": "v"}]),
        ("alerts", {"alerts": [ALERT]},
         [{"alertname": "x", "exported_state": "mine", "state": "firing", "activeAt": MOMENT, "value": 1.0,
           "annotations.summary": "s"}]),
        ("query_exemplars", [{"seriesLabels": {"__name__": "m", "value": "l"}, "exemplars": [EXEMPLAR]}],
         [{"__name__": "m", "exported_value": "l", "time": MOMENT, "value": 6.0, "exemplar.trace_id": "t"}]),
        ("status/flags", {"web.port": "9090"}, [{"flag": "web.port", "value": "9090"}]),
        ("status/buildinfo", {"version": "3.5.0"}, [{"version": "3.5.0"}]),
        ("status/config", {"yaml": "a: b"}, [{"yaml": "a: b"}]),
        ("status/runtimeinfo", {"startTime": "2026-11-01T00:00:00Z", "GOMAXPROCS": 2},
         [{"startTime": MOMENT, "GOMAXPROCS": 2}]),
        ("status/tsdb", {"headStats": {"numSeries": 5}, "seriesCountByMetricName": [{"name": "up", "value": 2}]},
         [{"statistic": "headStats", "name": "numSeries", "value": 5},
          {"statistic": "seriesCountByMetricName", "name": "up", "value": 2}]),
        ("format_query", "up", [{"query": "up"}]),
        ("parse_query", {"type": "call", "func": {"name": "rate"}}, [{"type": "call", "func.name": "rate"}]),
        ("status/other", [1, 2], [{"value": 1}, {"value": 2}]),
        ("labels", {"not": "expected"}, [{"not": "expected"}]),
        ("rules", {"groups": 5}, [{"groups": 5}]),
        ("series", None, []),
        ("label/job/values", None, []),
    ],
)  # fmt: skip
def test_tables(path, data, rows):
    loaded = load(success(data), f"prometheus/api/v1/{path}")
    assert rows_of(loaded.frame) == rows
    assert loaded.rows == len(rows)


def test_targets_and_rules():
    targets = load(success({"activeTargets": [TARGET], "droppedTargets": [{"discoveredLabels": {"a": "b"}}]}),
                   "api/v1/targets").frame  # fmt: skip
    first, second = rows_of(targets)
    assert list(targets.columns)[:5] == ["exported_health", "instance", "job", "state", "health"]
    assert targets.columns[-1] == "discoveredLabels" and json.loads(first["discoveredLabels"]) == {
        "__address__": "a:9100"
    }
    assert first["lastScrape"] == pd.Timestamp("2026-11-01T00:00:00.123456789Z")
    assert (first["state"], second["state"], second["health"]) == ("active", "dropped", None)
    groups = {"groups": [{"name": "g", "file": "f", "interval": 15, "rules": [RULE]}, {"name": "h", "rules": []}]}
    rules = load(success(groups), "api/v1/rules").frame
    (row,) = rows_of(rules)
    assert (row["group"], row["labels.severity"], row["lastEvaluation"], row["alerts"]) == (
        "g",
        "page",
        MOMENT,
        [{"a": 1}],
    )


@pytest.mark.parametrize(
    ("path", "data", "columns"),
    [
        ("series", [], ["__name__"]),
        ("labels", [], ["label"]),
        ("label/job/values", [], ["job"]),
        ("metadata", {}, ["metric", "type", "help", "unit"]),
        ("rules", {"groups": []}, ["group", "file", "type", "name", "query", "health", "state", "lastEvaluation"]),
        ("alerts", {"alerts": []}, ["state", "activeAt", "value"]),
        ("query_exemplars", [], ["time", "value"]),
        ("status/flags", {}, ["flag", "value"]),
    ],
)
def test_tables_without_rows_have_their_columns(path, data, columns):
    loaded = load(success(data), f"api/v1/{path}")
    assert (list(loaded.frame.columns), loaded.rows) == (columns, 0)


def test_limits_and_categories_of_tables():
    loaded = load(success(["a", "b", "b"]), "api/v1/label/job/values", limit=2, categories=True)
    assert (loaded.rows, loaded.total, loaded.unit) == (2, 3, "values")
    assert dtypes(loaded.frame) == {"job": "category"}


def test_a_frame_can_be_written(tmp_path):
    pytest.importorskip("pyarrow")
    result = [{"metric": {"a": "b"}, "values": [[1, "2"]], "histograms": [[2, HISTOGRAM]]}]
    for options in ({}, {"categories": True}, {"wide": True}):
        frame = load(of_type("matrix", result), **options).frame
        frame.to_parquet(tmp_path / "frame.parquet")
        pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / "frame.parquet"), frame)


@pytest.mark.parametrize("result", [None, []])
def test_nothing_of_no_type_is_no_samples(result):
    document = {"status": "success", "data": {"resultType": "", "result": result}}
    frame = dialects.load([reply(document, asked=request("mon/cortex", "prometheus/api/v1/query?query=up"))]).frame
    assert list(frame.columns) == ["time", "value"] and frame.empty


def test_numbers_that_go_reads():
    values = [[1, "0x1p-2"], [2, "-0X1.8p1"], [3, "1"]]
    document = {"status": "success", "data": {"resultType": "matrix", "result": [{"metric": {}, "values": values}]}}
    assert dialects.load([reply(document)]).frame["value"].tolist() == [0.25, -3.0, 1.0]


def test_a_form_of_native_histograms_that_is_not_known():
    histogram = {"count": "5", "sum": "2.5", "buckets": [[0, "2"]]}
    result = [{"metric": {}, "histogram": [1, histogram]}]
    with pytest.raises(LoadError, match="native histogram in a form that is not known"):
        dialects.load([reply({"status": "success", "data": {"resultType": "vector", "result": result}})])
