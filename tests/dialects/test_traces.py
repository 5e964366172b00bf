"""Answers of Jaeger and of Tempo: one row per span.

- https://www.jaegertracing.io/docs/latest/architecture/apis/
- https://grafana.com/docs/tempo/latest/api_docs/
- https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding
"""

from __future__ import annotations

import contextlib
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubeaccess_magic import dialects
from kubeaccess_magic.errors import LoadError
from kubeaccess_magic.request import Request

from .answers import note_of, reading, reply, request, rows_of

JAEGER, TEMPO = "tracing/jaeger-query:16686", "tracing/tempo:3200"
US = 1_555_385_360_015_391


def span(number: int, parent: int | None = None, **more: Any) -> dict[str, Any]:
    references = [] if parent is None else [{"refType": "CHILD_OF", "traceID": "t", "spanID": f"s{parent}"}]
    return {
        "traceID": "t",
        "spanID": f"s{number}",
        "operationName": "GET /",
        "references": references,
        "startTime": US + number,
        "duration": 100 * number,
        "processID": "p1",
        "tags": [],
        "logs": [],
        "warnings": None,
        **more,
    }


def trace(*spans: dict[str, Any]) -> dict[str, Any]:
    processes = {"p1": {"serviceName": "web", "tags": [{"key": "host", "type": "string", "value": "a"}]}}
    return {"traceID": "t", "spans": list(spans), "processes": processes}


def jaeger(*traces: dict[str, Any], path: str = "api/traces?service=web", **more: Any) -> dialects.Table:
    document = {"data": list(traces), "total": 0, "limit": 0, "offset": 0, "errors": None, **more}
    return dialects.load([reply(document, asked=request(JAEGER, path))])


def tempo(document: Any, path: str = "api/v2/traces/abc", **options: Any) -> dialects.Table:
    return dialects.load([reply(document, asked=request(TEMPO, path))], **options)


def test_a_span_is_a_row_with_its_tags_and_its_service():
    tags = [{"key": "http.status_code", "type": "int64", "value": 200}, {"key": "error", "type": "bool", "value": True}]
    frame = jaeger(trace(span(1), span(2, parent=1, tags=tags))).frame
    first, second = rows_of(frame)
    assert (first["parentSpanID"], second["parentSpanID"]) == (None, "s1")
    assert (second["tags.http.status_code"], second["tags.error"], first["tags.error"]) == (200, True, None)
    assert {first["serviceName"], first["process.tags.host"]} == {"web", "a"}
    assert second["startTime"].isoformat() == "2019-04-16T03:29:20.015393+00:00"
    assert frame["duration"].tolist() == [100, 200] and str(frame["duration"].dtype) == "int64"
    assert not {"logs", "warnings", "references", "processID"} & set(frame.columns)


def test_an_empty_search_has_the_columns_of_spans():
    frame = jaeger().frame
    assert len(frame) == 0 and {"traceID", "startTime", "duration"} <= set(frame.columns)
    assert str(frame["startTime"].dtype) == "datetime64[us, UTC]"


def test_a_search_that_is_full_says_so():
    found = jaeger(trace(span(1)), trace(span(1)), path="api/traces?service=web&limit=2")
    assert found.total_is_lower_bound and "there may be more" in str(note_of(found))
    assert jaeger(trace(span(1)), path="api/traces?service=web&limit=2").total is None
    assert jaeger(trace(span(1)), path="api/traces/abc").total is None


def test_errors_of_jaeger_are_errors():
    with pytest.raises(LoadError, match="trace not found"):
        jaeger(errors=[{"code": 404, "msg": "trace not found"}])


def test_rows_at_other_places_are_records():
    document = {"data": [trace(span(1))], "total": 1}
    found = dialects.load([reply(document, asked=request(JAEGER, "api/traces?service=web"))], rows="data")
    assert list(found.frame["traceID"]) == ["t"] and "spans" in found.frame


def test_times_become_microseconds():
    def prepared(path: str) -> Request:
        operation = dialects.match(request(JAEGER, path))
        assert operation is not None
        return operation.prepare(None)

    before = time.time()
    sent = prepared("api/traces?service=web&start=-1h&end=now&lookback=2d")
    start, end = int(sent.param("start") or ""), int(sent.param("end") or "")
    assert end - start == 3_600_000_000 and before * 1e6 - 1e4 <= end <= time.time() * 1e6
    assert sent.param("lookback") == "2d"
    assert prepared(f"api/traces?start={US}").param("start") == str(US)
    assert prepared("api/traces?start=2026-11-01T00:00:00Z").param("start") == "1793491200000000"


def otlp(*spans: dict[str, Any], key: str = "batches") -> dict[str, Any]:
    resource = {"attributes": [{"key": "service.name", "value": {"stringValue": "web"}}]}
    return {key: [{"resource": resource, "scopeSpans": [{"scope": {"name": "lib"}, "spans": list(spans)}]}]}


SPAN = {
    "traceId": "AAAAAAAAAAAAAAAAAAAAAQ==",
    "spanId": "AAAAAAAAAAI=",
    "name": "GET /",
    "kind": "SPAN_KIND_SERVER",
    "startTimeUnixNano": "1678972751297796608",
    "endTimeUnixNano": "1678972751297796708",
    "attributes": [
        {"key": "http.status_code", "value": {"intValue": "500"}},
        {"key": "ok", "value": {"boolValue": False}},
    ],
    "status": {"code": "STATUS_CODE_ERROR"},
}


@pytest.mark.parametrize("document", [otlp(SPAN), {"trace": otlp(SPAN, key="resourceSpans")}])
def test_spans_of_opentelemetry_are_rows(document):
    (row,) = rows_of(tempo(document).frame)
    assert (row["traceId"], row["spanId"], row["parentSpanId"]) == ("0" * 31 + "1", "0" * 15 + "2", None)
    assert (row["service.name"], row["attributes.http.status_code"], row["attributes.ok"]) == ("web", 500, False)
    assert (row["durationNanos"], row["status.code"], row["scope"]) == (100, "STATUS_CODE_ERROR", "lib")
    assert row["startTime"].isoformat() == "2023-03-16T13:19:11.297796608+00:00"


def test_a_search_has_a_row_for_each_span_that_it_matched():
    spans = [
        {"spanID": f"{i}", "startTimeUnixNano": "1678972751297796608", "durationNanos": "687", "attributes": []}
        for i in range(2)
    ]
    head = {"rootServiceName": "web", "startTimeUnixNano": "1678972751297796608", "durationMs": 6}
    traces = [{"traceID": "a", **head, "spanSets": [{"spans": spans, "matched": 5}]}, {"traceID": "b", **head}]
    found = tempo({"traces": traces, "metrics": {}}, "api/search?q=x")
    assert found.frame["traceID"].tolist() == ["a", "a", "b"] and found.frame["durationNanos"].tolist()[:2] == [687] * 2
    assert "more spans match" in str(note_of(found))


def test_what_an_answer_is_shows_wherever_it_comes_from():
    assert reading(reply(otlp(SPAN), asked=request(TEMPO, "api/traces/abc"))) == "tempo"
    assert reading(reply({"data": [trace(span(1))]}, asked=request("shop/web", "x"))) == "jaeger"
    assert reading(reply([{"traceID": "a"}], asked=request(JAEGER, "api/traces"))) == "records"


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                "data spans processes tags key value references traceID startTime duration errors batches trace "
                "resource scopeSpans attributes traces spanSets matched startTimeUnixNano status".split()
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=14,
)


@given(VALUES, st.sampled_from(["api/traces?service=a", "api/search", "api/v2/traces/ab"]))
def test_any_json_gives_a_frame_or_an_error_of_ours(value, path):
    for document in (value, {"data": value}, {"data": [{"spans": value}]}, otlp(value), {"traces": value}):
        for name in ("jaeger", "tempo"):
            with contextlib.suppress(LoadError):
                dialects.load([reply(document, asked=request(JAEGER, path))], dialect=name)
