"""Answers of InfluxDB: JSON of InfluxQL, annotated CSV of Flux.

- https://docs.influxdata.com/influxdb/v1/tools/api/#query-http-endpoint
- https://docs.influxdata.com/influxdb/v2/reference/syntax/annotated-csv/
"""

from __future__ import annotations

import contextlib
import csv
import io
import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal

from kubeaccess_magic import dialects
from kubeaccess_magic.dialects.influxdb import exact, fast
from kubeaccess_magic.errors import LoadError

from .answers import note_of, reading, reply, request, rows_of

WHERE = "db/influxdb:8086"
HEAD = (
    "#datatype,string,long,dateTime:RFC3339,double,string\r\n"
    "#group,false,false,false,false,true\r\n"
    "#default,_result,,,,\r\n"
    ",result,table,_time,_value,host\r\n"
)


def statements(*results: dict[str, Any]) -> dict[str, Any]:
    return {"results": [{"statement_id": at, **result} for at, result in enumerate(results)]}


def series(name: str | None, columns: list[str], values: list[list[Any]], **more: Any) -> dict[str, Any]:
    return ({"name": name} if name else {}) | {"columns": columns, "values": values, **more}


def influxql(document: Any, path: str = "query?db=x&q=select", **options: Any) -> dialects.Table:
    return dialects.load([reply(document, asked=request(WHERE, path))], **options)


def flux(text: str | bytes, **options: Any) -> dialects.Table:
    body = text.encode() if isinstance(text, str) else text
    return dialects.load([reply(body, "text/csv", request(WHERE, "api/v2/query?org=x", body=b"from()"))], **options)


@pytest.mark.parametrize(
    ("path", "body", "name"),
    [
        ("query?db=x&q=select", None, "influxdb"),
        ("influx/query?q=select", None, "influxdb"),
        ("api/v2/query?org=x", b"from()", "influxdb"),
        ("api/v2/query?org=x", None, None),
        ("query", None, None),
    ],
)
def test_queries_are_known_by_their_path(path, body, name):
    matched = dialects.match(request(WHERE, path, body=body))
    assert (matched and matched.dialect) == name


def test_series_of_influxql_become_rows_with_tags():
    time = "2018-04-13T11:59:48.607716143Z"
    found = influxql(
        statements(
            {
                "series": [
                    series("cpu", ["time", "mean"], [[time, 0.5], [None, None]], tags={"host": "a", "time": "noon"}),
                    series("cpu", ["time", "mean"], [[time, 2]], tags={"host": "b"}),
                ]
            }
        )
    )
    assert list(found.frame.columns) == ["measurement", "host", "exported_time", "time", "mean"]
    assert str(found.frame["time"].dtype) == "datetime64[ns, UTC]" and str(found.frame["mean"].dtype) == "float64"
    assert [row["host"] for row in rows_of(found.frame)] == ["a", "a", "b"]
    assert found.frame["time"][0].isoformat() == "2018-04-13T11:59:48.607716143+00:00"


def test_statements_are_told_apart_and_their_errors_told():
    found = influxql(
        statements(
            {"series": [series("cpu", ["time", "a"], [["2018-04-13T00:00:00Z", 1]])]},
            {"series": [series("mem", ["time", "b"], [["2018-04-13T00:00:00Z", 2]])]},
            {"error": "measurement not found"},
        )
    )
    assert [row["statement_id"] for row in rows_of(found.frame)] == [0, 1]
    assert rows_of(found.frame[["a", "b"]]) == [{"a": 1, "b": None}, {"a": None, "b": 2}]
    assert note_of(found) == "a statement failed: measurement not found"


@pytest.mark.parametrize("document", [statements({"error": "no"}), {"error": "no"}, {"results": [{"error": "no"}]}])
def test_an_error_with_status_200_is_one(document):
    with pytest.raises(LoadError, match="InfluxDB answered with an error: no"):
        influxql(document)


@pytest.mark.parametrize(("epoch", "number"), [("ms", 1_500_000_000_000), ("s", 1_500_000_000), ("ns", 15 * 10**17)])
def test_numbers_are_times_in_the_unit_that_was_asked_for(epoch, number):
    document = statements({"series": [series("cpu", ["time", "a"], [[number, 1]])]})
    frame = influxql(document, f"query?db=x&q=select&epoch={epoch}").frame
    assert frame["time"][0].isoformat() == "2017-07-14T02:40:00+00:00"


def test_an_answer_that_was_cut_off_says_so():
    found = influxql(statements({"series": [series("cpu", ["time"], [["2018-04-13T00:00:00Z"]], partial=True)]}))
    assert found.shortfall("--limit all") == "1 of at least 1 rows" and "max-row-limit" in str(note_of(found))


def test_chunks_are_one_answer():
    chunks = [
        {"results": [{"statement_id": 0, "series": [series("cpu", ["a"], [[i]], partial=i < 2)], "partial": i < 2}]}
        for i in range(3)
    ]
    body = b"\n".join(json.dumps(chunk).encode() for chunk in chunks)
    found = dialects.load([reply(body, asked=request(WHERE, "query?q=select&chunked=true"))])
    assert found.frame["a"].tolist() == [0, 1, 2] and found.total is None


def test_names_need_no_measurement():
    frame = influxql(statements({"series": [series("measurements", ["name"], [["cpu"], ["mem"]])]})).frame
    assert rows_of(frame) == [{"measurement": "measurements", "name": name} for name in ("cpu", "mem")]
    assert len(influxql(statements({})).frame) == 0


def test_annotations_state_the_types():
    found = flux(HEAD + ",,0,2021-12-22T10:00:00Z,1.5,007\r\n,,0,2021-12-22T10:01:00.000000001Z,,\r\n\r\n")
    assert [str(dtype) for dtype in found.frame.dtypes][1:4] == ["int64", "datetime64[ns, UTC]", "float64"]
    first, second = rows_of(found.frame)
    assert (first["result"], first["host"], first["_value"]) == ("_result", "007", 1.5)
    assert (second["host"], second["_value"], second["_time"].nanosecond) == (None, None, 1)


@pytest.mark.parametrize("bom", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("newline", ["\r\n", "\n"])
def test_tables_with_other_columns_stand_below_one_another(bom, newline):
    other = HEAD.replace("double", "string").replace("host", "pod")
    text = f"{HEAD},,0,2021-12-22T10:00:00Z,1.5,a\r\n\r\n{other},,1,2021-12-22T10:00:00Z,up,b\r\n\r\n"
    frame = flux(bom + text.replace("\r\n", newline).encode()).frame
    assert rows_of(frame[["table", "_value", "host", "pod"]]) == [
        {"table": 0, "_value": 1.5, "host": "a", "pod": None},
        {"table": 1, "_value": "up", "host": None, "pod": "b"},
    ]


def test_without_annotations_types_follow_the_values():
    head = ",result,table,_time,_value,host\r\n"
    text = "".join(f"{head},_result,{i},2021-12-22T10:00:00Z,{i}.5,00{i}\r\n\r\n" for i in range(3))
    frame = flux(text).frame
    assert frame["_value"].tolist() == [0.5, 1.5, 2.5] and frame["host"].tolist() == ["000", "001", "002"]
    assert str(frame["_time"].dtype) == "datetime64[ns, UTC]" and frame["table"].tolist() == [0, 1, 2]


def test_quoted_texts_may_hold_anything():
    text = 'a,b\r\n\r\n#datatype "x"\r\n'
    quoted = '"' + text.replace('"', '""') + '"'
    frame = flux(f"{HEAD},,0,2021-12-22T10:00:00Z,1.5,{quoted}\r\n,,0,2021-12-22T10:00:00Z,+Inf,b\r\n").frame
    assert frame["host"].tolist() == [text, "b"] and frame["_value"].tolist() == [1.5, math.inf]


def test_errors_in_csv():
    error = "#datatype,string,string\r\n#group,true,true\r\n#default,,\r\n,error,reference\r\n,out of memory,897\r\n"
    with pytest.raises(LoadError, match="error: out of memory"):
        flux(error)
    found = flux(f"{HEAD},,0,2021-12-22T10:00:00Z,1.5,a\r\n\r\n{error}")
    assert "out of memory" in str(note_of(found)) and found.total_is_lower_bound


@pytest.mark.parametrize("text", [HEAD + ",,0,2021-12-22T10:00:00Z\r\n", HEAD + ',,0,"x\r\n'])
def test_what_is_no_annotated_csv_is_refused(text):
    with pytest.raises(LoadError, match="not annotated CSV"):
        flux(text)


def test_results_are_recognized_anywhere():
    assert reading(reply(statements({"series": []}), asked=request("shop/web", "x"))) == "influxdb"
    assert reading(reply(HEAD.encode(), "text/csv", request("shop/web", "x"))) == "influxdb"
    assert reading(reply({"results": [{"name": "a"}]}, asked=request("shop/web", "x"))) == "records"


TEXT = st.text(st.sampled_from('ab,"\n ü#\u2028'), max_size=6)
FLOATS = st.floats(allow_nan=False, allow_infinity=False)
CELLS = {
    "string": TEXT,
    "long": st.integers(-(2**63), 2**63 - 1).map(str),
    "double": FLOATS.map(repr),
    "boolean": st.sampled_from(["true", "false"]),
    "dateTime:RFC3339": st.datetimes().map(lambda at: at.replace(year=2000 + at.year % 100).isoformat() + "Z"),
}
KINDS = st.lists(st.sampled_from(sorted(CELLS)), min_size=1, max_size=4)


@st.composite
def tables(draw: Any) -> tuple[list[str], list[list[str]]]:
    kinds = draw(KINDS)
    rows = draw(st.lists(st.tuples(*(CELLS[kind] | st.just("") for kind in kinds)).map(list), min_size=1, max_size=5))
    return kinds, rows


def written(rows: list[list[str]]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text).writerows(["", *row] for row in rows)
    return text.getvalue().encode()


@given(tables(), st.booleans())
def test_the_fast_ways_and_the_exact_one_read_the_same(table, by_pandas):
    kinds, rows = table
    names, data = [f"c{i}" for i in range(len(kinds))], written(rows)
    read = fast._by_pandas if by_pandas else fast.read
    found = read(names, kinds, [], memoryview(data) if by_pandas else [memoryview(data)])  # type: ignore[operator]
    if found is not None:
        assert_frame_equal(found, exact.read(names, kinds, [], data), check_dtype=True)


@given(st.lists(tables(), min_size=1, max_size=3))
def test_every_row_of_every_table_is_there(several):
    body = b""
    for kinds, rows in several:
        names = [f"c{i}" for i in range(len(kinds))]
        head = [["#datatype", *kinds], ["#group", *(["false"] * len(kinds))], ["#default", *([""] * len(kinds))]]
        text = io.StringIO(newline="")
        csv.writer(text).writerows([*head, ["", *names]])
        body += text.getvalue().encode() + written(rows) + b"\r\n"
    assert len(flux(body).frame) == sum(len(rows) for _, rows in several)


JUNK = st.text(st.sampled_from('#datatype,group"result\r\n 1.5Z'), max_size=60)


@given(JUNK.map(str.encode) | st.binary(max_size=80) | JUNK.map(lambda text: (HEAD + text).encode()))
def test_any_text_gives_a_frame_or_an_error_of_ours(body):
    with contextlib.suppress(LoadError):
        flux(body)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from("results series columns values tags name error partial messages text".split()),
            inner,
            max_size=4,
        )
    ),
    max_leaves=14,
)


@given(VALUES | VALUES.map(lambda value: {"results": [{"statement_id": 0, "series": value}]}))
def test_any_json_gives_a_frame_or_an_error_of_ours(document):
    with contextlib.suppress(LoadError):
        influxql(document)
