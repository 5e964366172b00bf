"""What is asked of Loki, in how many requests, and the frames of its answers.

The format: https://grafana.com/docs/loki/latest/reference/loki-http-api/
"""

from __future__ import annotations

import dataclasses
import json
import time
from typing import Any

import fetching
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal

from kubeaccess_magic import dialects
from kubeaccess_magic.call import Call
from kubeaccess_magic.dialects.loki import dialect, exact, fast, line_page, paging
from kubeaccess_magic.dialects.loki.operation import LokiOperation
from kubeaccess_magic.errors import LoadError
from kubeaccess_magic.fetch import Fetched
from kubeaccess_magic.query import ALL
from kubeaccess_magic.reply import Reply
from kubeaccess_magic.request import Request

from .answers import lines_of, reading, reply, request, rows_of

WHERE = "logging/loki:3100"
PATH = 'loki/api/v1/query_range?query={app="web"}'
T0 = 1_793_491_200_000_000_000

Line = tuple[int, dict[str, str], str]


def streams(*groups: tuple[dict[str, str], list[list[Any]]], **more: Any) -> dict[str, Any]:
    result = [{"stream": labels, "values": values} for labels, values in groups]
    return {"status": "success", "data": {"resultType": "streams", "result": result, "stats": {}, **more}}


def table(document: Any, path: str = PATH, **options: Any) -> dialects.Table:
    return dialects.load([reply(document, asked=request(WHERE, path))], **options)


@dataclasses.dataclass
class Lines:
    """A Loki in memory: its lines, and how many it gives at once."""

    lines: list[Line]
    most: int = 5000

    def __post_init__(self) -> None:
        self.asked: list[dict[str, str]] = []

    def __call__(self, sent: Request, call: Call) -> Reply:
        typed = dict(sent.params())
        self.asked.append(typed)
        limit = int(typed.get("limit", "100"))
        if limit > self.most:
            text = f"max entries limit per query exceeded, limit > max_entries_limit_per_query ({limit} > {self.most})"
            return reply(text.encode(), "text/plain; charset=utf-8", sent, status=400)
        start, end = paging.time_ns(typed.get("start", "0")), paging.time_ns(typed.get("end", "9" * 19))
        assert start is not None and end is not None
        is_forward = typed.get("direction") == "forward"
        there = [line for line in self.lines if start <= line[0] < end]
        there = sorted(there, key=lambda line: line[0], reverse=not is_forward)[:limit]
        groups: dict[str, tuple[dict[str, str], list[list[Any]]]] = {}
        for at, labels, text in there:
            groups.setdefault(json.dumps(labels), (labels, []))[1].append([str(at), text])
        return reply(streams(*groups.values()), asked=sent)

    def frame(self, path: str = PATH, limit: int | None = ALL, **options: Any) -> Fetched:
        return fetching.fetched(request(WHERE, path), self, Call(), limit=limit, **options)


def many(count: int, step_ns: int = 1_000_000) -> list[Line]:
    return [(T0 + i * step_ns, {"app": "web", "pod": f"web-{i % 3}"}, f"line {i}") for i in range(count)]


RANGE = f"&start={T0}&end={T0 + 10**15}"


@pytest.mark.parametrize("prefix", ["", "api/datasources/proxy/uid/x/", "a/b/"])
@pytest.mark.parametrize(
    "path", ["query", "query_range", "labels", "label", "label/app/values", "series", "index/volume"]
)
def test_paths_are_known_behind_any_prefix(prefix, path):
    operation = dialects.match(request(WHERE, f"{prefix}loki/api/v1/{path}?x=1"))
    assert isinstance(operation, LokiOperation) and operation.endpoint == path


@pytest.mark.parametrize("path", ["api/v1/query", "loki/api/v1/push", "loki/api/v1/label/values", "lokiapi/v1/query"])
def test_other_paths_are_not(path):
    assert not isinstance(dialects.match(request(WHERE, path)), LokiOperation)


def test_the_api_server_is_no_loki():
    assert dialects.match(request("/loki/api/v1/labels")) is None


def test_log_lines_become_rows_with_labels_and_nanoseconds():
    document = streams(
        ({"app": "web", "pod": "web-0"}, [[str(T0 + 123_456_789), "GET /a"], [str(T0 + 1), "boom"]]),
        ({"app": "api"}, [[str(T0 + 2), "GET /b"]]),
    )
    frame = table(document).frame
    assert list(frame.columns) == ["app", "pod", "time", "line"]
    assert str(frame["time"].dtype) == "datetime64[ns, UTC]"
    assert [row["line"] for row in rows_of(frame)] == ["GET /a", "GET /b", "boom"]  # newest first, as asked
    assert frame["time"].astype("int64").tolist() == [T0 + 123_456_789, T0 + 2, T0 + 1]
    assert [row["pod"] for row in rows_of(frame)] == ["web-0", None, "web-0"]


def test_lines_stand_oldest_first_if_asked_so():
    document = streams(({"a": "1"}, [[str(T0), "x"], [str(T0 + 5), "z"]]), ({"a": "2"}, [[str(T0 + 2), "y"]]))
    frame = table(document, f"{PATH}&direction=forward").frame
    assert frame["line"].tolist() == ["x", "y", "z"] and frame["a"].tolist() == ["1", "2", "1"]


def test_structured_metadata_has_columns_of_its_own():
    values = [[str(T0 + 1), "a", {"trace_id": "x", "app": "y"}], [str(T0), "b"]]
    frame = table(streams(({"app": "web"}, values))).frame
    assert list(frame.columns) == ["app", "trace_id", "app_extracted", "time", "line"]
    assert rows_of(frame[["trace_id", "app_extracted"]]) == [
        {"trace_id": "x", "app_extracted": "y"},
        {"trace_id": None, "app_extracted": None},
    ]


def test_categories_of_labels_are_told_apart_only_where_the_answer_says_so():
    third = {"structuredMetadata": {"trace_id": "x"}, "parsed": {"level": "info"}}
    values = [[str(T0), "a", third]]
    frame = table(streams(({"app": "web"}, values), encodingFlags=["categorize-labels"])).frame
    assert frame[["trace_id", "level"]].iloc[0].tolist() == ["x", "info"]
    assert json.loads(table(streams(({}, values))).frame["parsed"][0]) == {"level": "info"}


def test_labels_that_are_called_like_other_columns_are_renamed():
    frame = table(streams(({"time": "noon", "line": "4"}, [[str(T0), "a"]]))).frame
    assert list(frame.columns) == ["exported_line", "exported_time", "time", "line"]


def test_categories():
    frame = table(streams(({"app": "web"}, [[str(T0), "a"]])), categories=True).frame
    assert str(frame["app"].dtype) == "category"


def test_samples_are_those_of_prometheus():
    document = {
        "status": "success",
        "data": {
            "resultType": "matrix",
            "result": [{"metric": {"app": "web"}, "values": [[1, "2"], [2, "3"]]}],
            "stats": {"summary": {}},
        },
    }
    found = table(document)
    assert rows_of(found.frame[["app", "value"]]) == [{"app": "web", "value": 2.0}, {"app": "web", "value": 3.0}]
    assert found.unit == "samples" and found.notes == ()
    assert list(table(document, wide=True).frame.columns) == ['{app="web"}']


def test_log_lines_have_no_wide_form():
    with pytest.raises(LoadError, match="no wide form"):
        table(streams(({}, [[str(T0), "a"]])), wide=True)


@pytest.mark.parametrize(
    ("path", "data", "column"),
    [
        ("labels", ["app", "pod"], "label"),
        ("label", ["app", "pod"], "label"),
        ("label/app/values", ["web", "api"], "app"),
        ("series", [{"app": "web"}, {"app": "api"}], "app"),
    ],
)
def test_names_and_series(path, data, column):
    found = table({"status": "success", "data": data}, f"loki/api/v1/{path}")
    assert list(found.frame.columns) == [column] and len(found.frame) == 2
    # Loki leaves an empty list out.
    assert len(table({"status": "success"}, f"loki/api/v1/{path}").frame) == 0


def test_statistics_are_read_as_rows():
    answer = reply({"streams": 3, "bytes": 9}, asked=request(WHERE, "loki/api/v1/index/stats?start=-1h"))
    assert reading(answer) == "records"


def test_lines_are_recognized_anywhere():
    answer = reply(streams(({"a": "b"}, [[str(T0), "x"]])), asked=request("shop/web", "logs"))
    assert reading(answer) == "loki"


def test_relative_times_become_nanoseconds():
    before = int(time.time())
    sent = dialect.match(request(WHERE, f"{PATH}&start=-1h&end=now")).prepare(None)
    start, end = (paging.time_ns(sent.param(name)) for name in ("start", "end"))
    assert end - start == 3600 * 10**9 and before * 10**9 <= end <= time.time() * 10**9
    assert sent.param("limit") is None


def test_without_a_limit_nothing_is_added():
    typed = request(WHERE, f"{PATH}&start=2026-11-01T00:00:00Z")
    assert dialect.match(typed).prepare(None) == typed


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1793491200", T0),
        ("1793491200.5", T0 + 500_000_000),
        ("1793491200123456789", T0 + 123_456_789),
        ("2026-11-01T00:00:00.000000007Z", T0 + 7),
        ("2026-11-01T02:00:00+02:00", T0),
        ("yesterday", None),
        ("", None),
    ],
)
def test_times_that_loki_reads(text, expected):
    assert paging.time_ns(text) == expected


def test_one_answer_says_that_it_may_be_a_part():
    loki = Lines(many(500))
    found = loki.frame(limit=None)
    assert len(found.table.frame) == 100 and len(loki.asked) == 1
    assert lines_of(found) == ["100 of at least 100 lines; --limit all for the rest"]
    assert lines_of(Lines(many(99)).frame(limit=None)) == []


@pytest.mark.parametrize("direction", ["backward", "forward"])
def test_all_lines_are_read_beyond_what_loki_gives_at_once(direction):
    lines = many(12_345)
    loki = Lines(lines)
    found = loki.frame(f"{PATH}{RANGE}&direction={direction}")
    expected = [text for _, _, text in lines]
    assert found.table.frame["line"].tolist() == (expected if direction == "forward" else expected[::-1])
    assert [asked["limit"] for asked in loki.asked] == ["5000"] * 3
    assert lines_of(found) == []


def test_a_limit_is_exact_and_wins_over_that_of_the_query():
    loki = Lines(many(3000))
    found = loki.frame(f"{PATH}{RANGE}&limit=1000", limit=2500)
    assert len(found.table.frame) == 2500 and len(loki.asked) == 3
    assert loki.asked[0]["limit"] == "1000"
    assert lines_of(found) == ["2,500 of at least 2,500 lines"]


def test_a_range_that_was_not_typed_is_the_same_for_all_pages():
    now = int(time.time()) * 10**9
    lines = [(now - 60 * 10**9 + i * 1000, {"app": "web"}, str(i)) for i in range(7000)]
    loki = Lines(lines)
    assert len(loki.frame().table.frame) == 7000
    assert len({asked["start"] for asked in loki.asked}) == 1
    assert paging.time_ns(loki.asked[0]["end"]) - paging.time_ns(loki.asked[0]["start"]) == 3600 * 10**9


def test_a_loki_that_gives_fewer_lines_is_asked_for_fewer():
    loki = Lines(many(2500), most=1000)
    found = loki.frame(f"{PATH}{RANGE}")
    assert len(found.table.frame) == 2500 and lines_of(found) == []
    assert [asked["limit"] for asked in loki.asked] == ["5000", "1000", "1000", "1000"]


def test_more_lines_of_one_time_than_loki_gives_are_told():
    lines = [(T0, {"app": "web"}, str(i)) for i in range(40)] + many(15, step_ns=10)[1:]
    found = Lines(lines, most=20).frame(f"{PATH}{RANGE}")
    assert any("same time" in note for note in found.notes)
    assert {"line 14", "line 1"} <= set(found.table.frame["line"]) and len(found.table.frame) == 34


def test_a_server_that_ignores_the_range_is_asked_no_further():
    page = streams(({"a": "b"}, [[str(T0 + i), str(i)] for i in range(5000)]))
    asked = []

    def send(sent: Request, call: Call) -> Reply:
        asked.append(sent)
        return reply(page, asked=sent)

    found = fetching.fetched(request(WHERE, f"{PATH}{RANGE}"), send, Call(), limit=ALL)
    assert len(found.table.frame) == 5000 and len(asked) == 2
    assert any("out of the range" in note for note in found.notes)


@pytest.mark.parametrize(
    "document",
    [
        {"status": "success", "data": {"resultType": "streams", "result": [1]}},
        {"status": "success", "data": {"resultType": "streams", "result": [{"stream": {}, "values": [["x", "y"]]}]}},
        {"status": "success", "data": {"resultType": "streams", "result": [{"stream": {}, "values": [[1]]}]}},
        {"status": "success", "data": {"resultType": "streams", "result": [{"stream": [], "values": []}]}},
        {"status": "success", "data": {"resultType": "streams", "result": {}}},
    ],
)
def test_what_is_no_answer_is_refused(document):
    with pytest.raises(LoadError, match="not an answer of Loki"):
        table(document)


TEXTS = st.text(st.characters(codec="utf-8") | st.sampled_from('":\\ü\u2028'), max_size=8)
LABELS = st.dictionaries(st.sampled_from(["app", "time", "line", "pod", "é"]), TEXTS, max_size=3)


@given(
    times=st.lists(st.tuples(st.integers(0, 6), LABELS, TEXTS), max_size=30),
    page=st.integers(1, 8),
    limit=st.one_of(st.just(ALL), st.integers(1, 40)),
    is_forward=st.booleans(),
)
def test_no_line_is_lost_or_doubled(times, page, limit, is_forward):
    # A Loki with few lines of one time for each page, else none of them could be read on.
    lines = [(T0 + at, labels, text) for at, labels, text in times]
    direction = "forward" if is_forward else "backward"
    found = Lines(lines).frame(f"{PATH}{RANGE}&limit={page}&direction={direction}", limit=limit)
    expected = sorted(lines, key=lambda line: line[0], reverse=not is_forward)[: min(limit, len(lines))]
    frame = found.table.frame
    assert frame["time"].astype("int64").tolist() == [line[0] for line in expected]
    if limit >= len(lines):
        assert sorted(frame["line"]) == sorted(line[2] for line in expected)
    assert (found.table.total is not None) >= (limit < len(lines))


PLAIN = st.text(st.sampled_from("ab ü[],:{}\u2028"), max_size=8)  # without backslashes, pyarrow reads the lines
ENTRIES = st.lists(st.tuples(st.integers(-(2**63), 2**63 - 1), PLAIN | TEXTS).map(list), max_size=4)


@given(
    groups=st.lists(st.tuples(LABELS, ENTRIES), max_size=4), indent=st.sampled_from([None, 1]), ascii_only=st.booleans()
)
def test_fast_and_exact_read_the_same(groups, indent, ascii_only):
    document = streams(*((labels, [[str(at), text] for at, text in values]) for labels, values in groups))
    separators = (",", ":") if indent is None else None
    body = json.dumps(document, indent=indent, ensure_ascii=ascii_only, separators=separators).encode()
    fast_page, exact_page = fast.read(body), exact.read(json.loads(body), reply(document))
    assert exact_page is not None
    if fast_page is None:
        return
    frames = [line_page.frame_of([page], None, forward=True, as_categories=False) for page in (fast_page, exact_page)]
    assert_frame_equal(*frames)


@given(
    st.binary(max_size=200)
    | st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | TEXTS,
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["stream", "values", "data", "result", "resultType", "status", "x"]), inner, max_size=4
            )
        ),
        max_leaves=12,
    ).map(lambda value: json.dumps(streams(({}, [])) | {"data": {"resultType": "streams", "result": value}}).encode())
)
def test_any_answer_gives_a_frame_or_an_error_of_ours(body):
    try:
        dialects.load([reply(body, asked=request(WHERE, PATH))])
    except LoadError as error:
        assert str(error)
