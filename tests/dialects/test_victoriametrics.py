"""What VictoriaMetrics exports: https://docs.victoriametrics.com/#how-to-export-data-in-json-line-format."""

from __future__ import annotations

import contextlib
import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubeaccess_magic import dialects
from kubeaccess_magic.errors import LoadError

from .answers import reading, reply, request, rows_of

WHERE = "monitoring/victoria:8428"
T0 = 1_793_491_200_000
FORMAT = "format=__name__,__timestamp__:{},__value__,job&match[]=up"


def line(metric: dict[str, str], values: list[Any], times: list[int]) -> bytes:
    return json.dumps({"metric": metric, "values": values, "timestamps": times}).encode()


def exported(*lines: bytes, path: str = "api/v1/export?match[]=up", **options: Any) -> dialects.Table:
    return dialects.load([reply(b"\n".join(lines), "application/stream+json", request(WHERE, path))], **options)


def csv(text: str, form: str = "unix_ms", **options: Any) -> dialects.Table:
    path = f"api/v1/export/csv?{FORMAT.format(form)}"
    return dialects.load([reply(text.encode(), "text/csv", request(WHERE, path))], **options)


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("api/v1/export", "victoriametrics"),
        ("select/0/prometheus/api/v1/export/csv", "victoriametrics"),
        ("api/v1/export/native", None),
        ("api/v1/query", "prometheus"),
    ],
)
def test_exports_are_known_by_their_path(path, name):
    matched = dialects.match(request(WHERE, path))
    assert (matched and matched.dialect) == name


def test_each_sample_is_a_row():
    metric = {"__name__": "up", "job": "web"}
    found = exported(
        line(metric, [1, None], [T0, T0 + 1000]),
        line(metric, ["Infinity", 2.5], [T0 + 2000, T0 + 3000]),
        line({"__name__": "up", "time": "noon"}, [0], [T0]),
    )
    assert list(found.frame.columns) == ["__name__", "job", "exported_time", "time", "value"]
    values = found.frame["value"].tolist()
    assert [values[0], values[2], values[3], values[4]] == [1.0, math.inf, 2.5, 0.0] and math.isnan(values[1])
    assert found.frame["time"][1].isoformat() == "2026-11-01T00:00:01+00:00" and found.unit == "samples"


def test_long_series_that_stand_in_several_lines_are_one_column():
    lines = [line({"__name__": "up"}, [i], [T0 + i]) for i in range(3)]
    assert exported(*lines, wide=True).frame["up"].tolist() == [0, 1, 2]
    assert str(exported(*lines, categories=True).frame["__name__"].dtype) == "category"


def test_a_limit_is_told():
    found = exported(line({"__name__": "up"}, [1, 2, 3], [1, 2, 3]), limit=2)
    assert len(found.frame) == 2 and found.total == 3


def test_a_label_that_stands_twice_is_not_lost():
    body = b'{"metric":{"a":"1","a":"2"},"values":[1],"timestamps":[1]}'
    assert rows_of(exported(body).frame[["a", "a_2"]]) == [{"a": "1", "a_2": "2"}]


def test_csv_has_the_columns_that_were_asked_for():
    found = csv(f"up,{T0},1,web\nup,{T0 + 1},2.5,\n")
    assert list(found.frame.columns) == ["__name__", "time", "value", "job"]
    assert rows_of(found.frame[["value", "job"]]) == [{"value": 1.0, "job": "web"}, {"value": 2.5, "job": None}]
    assert found.frame["time"][1].isoformat() == "2026-11-01T00:00:00.001000+00:00"


@pytest.mark.parametrize(
    ("form", "text"),
    [("unix_s", "1793491200"), ("unix_ns", f"{T0}000000"), ("rfc3339", "2026-11-01T02:00:00+02:00")],
)
def test_times_of_csv(form, text):
    assert csv(f"up,{text},1,web\n", form).frame["time"][0].isoformat() == "2026-11-01T00:00:00+00:00"


def test_a_header_of_csv_is_no_row():
    assert len(csv(f"__name__,__timestamp__:unix_ms,__value__,job\nup,{T0},1,web\n").frame) == 1
    assert len(csv(f"a,b,c,d\nup,{T0},1,web\n", header=True).frame) == 1


def test_csv_that_does_not_fit_is_refused():
    with pytest.raises(LoadError, match="do not fit the parameter `format`"):
        csv("up,1\n")


def test_lines_are_recognized_anywhere():
    assert reading(reply(line({}, [1], [1]), asked=request("shop/web", "x"))) == "victoriametrics"


LABELS = st.dictionaries(st.sampled_from(["__name__", "job", "time"]), st.text(max_size=4), max_size=3)
SAMPLES = st.lists(st.tuples(st.none() | st.floats(allow_nan=False, allow_infinity=False), st.integers(0, 2**50)))


@given(st.lists(st.tuples(LABELS, SAMPLES), min_size=1, max_size=4))
def test_no_sample_is_lost(series):
    found = exported(*(line(labels, [v for v, _ in samples], [t for _, t in samples]) for labels, samples in series))
    expected = sorted(t for _, samples in series for _, t in samples)
    assert sorted(found.frame["time"].astype("int64")) == expected


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["metric", "values", "timestamps", "x"]), inner, max_size=4)
    ),
    max_leaves=8,
)


@given(VALUES, VALUES, VALUES)
def test_any_answer_gives_a_frame_or_an_error_of_ours(metric, values, times):
    for document in (metric, {"metric": metric, "values": values, "timestamps": times}):
        with contextlib.suppress(LoadError):
            exported(json.dumps(document).encode(), dialect="victoriametrics")


@given(st.text(st.sampled_from('up,1.5"\n-'), max_size=40), st.sampled_from(["unix_s", "rfc3339", "custom:2006"]))
def test_any_csv_gives_a_frame_or_an_error_of_ours(text, form):
    with contextlib.suppress(LoadError):
        csv(text, form)
