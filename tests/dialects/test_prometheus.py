"""What is asked of Prometheus, in how many requests, and which answers are its own."""

from __future__ import annotations

import contextlib
import time
from typing import Any
from urllib.parse import parse_qs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubeaccess_magic import dialects
from kubeaccess_magic.dialects.prometheus import MOST_POINTS, dialect, times
from kubeaccess_magic.dialects.prometheus.operation import PrometheusOperation
from kubeaccess_magic.errors import AppError, LoadError, TargetError
from kubeaccess_magic.query import ALL
from kubeaccess_magic.reply import Reply
from kubeaccess_magic.request import Request
from kubeaccess_magic.targets import Target

from .answers import note_of, reading, reply, request, rows_of

WHERE = "monitoring/prometheus"
NOW_MS = 1_793_491_200_000


def matrix(*series: tuple[dict[str, str], list[Any]], **more: Any) -> dict[str, Any]:
    result = [{"metric": metric, "values": values} for metric, values in series]
    return {"status": "success", "data": {"resultType": "matrix", "result": result}, **more}


@pytest.mark.parametrize("prefix", ["", "prometheus/", "select/0/prometheus/", "api/datasources/proxy/uid/x/", "a/b/"])
@pytest.mark.parametrize(
    "path",
    "query query_range query_exemplars format_query parse_query series labels label/job/values metadata targets "
    "targets/metadata rules alerts alertmanagers status/tsdb status/config status/walreplay".split(),
)
def test_paths_are_known_behind_any_prefix(prefix, path):
    operation = dialects.match(request(WHERE, f"{prefix}api/v1/{path}?x=1"))
    assert isinstance(operation, PrometheusOperation) and operation.endpoint == path


@pytest.mark.parametrize(
    "path",
    ["api/v1/things", "api/v2/alerts", "api/v1/queryx", "xapi/v1/query", "api/v1/label/values", "loki/api/v1/query"],
)
def test_other_paths_are_not(path):
    assert not isinstance(dialects.match(request(WHERE, path)), PrometheusOperation)


def test_the_api_server_is_no_prometheus():
    assert not isinstance(dialects.match(request("/api/v1/labels")), PrometheusOperation)


def prepared(asked: Request) -> Request:
    operation = dialect.match(asked)
    assert operation is not None
    return operation.prepare(None)


def asked(path: str, **more: Any) -> dict[str, str]:
    return dict(prepared(request(WHERE, path, **more)).params())


@pytest.mark.parametrize(
    ("text", "ago_s"),
    [
        ("now", 0),
        ("now-1h", 3600),
        ("-1h", 3600),
        ("1h30m", 5400),
        ("-1d", 86400),
        ("-1w2d", 777_600),
        ("-0.5h", 1800),
        ("now%2B5m", -300),
        ("now+5m", -300),
        ("%2B5m", -300),
        ("-1500ms", 1.5),
    ],
)
def test_moments_that_prometheus_does_not_read(text, ago_s):
    before = int(time.time())
    found = times.time_ms(asked(f"api/v1/query?query=up&time={text}")["time"])
    assert found is not None
    assert before <= found / 1000 + ago_s <= int(time.time())


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("2026-11-01", "1793491200"),
        ("2026-11-01T00:00", "1793491200"),
        ("2026-11-01 00:00:00.250", "2026-11-01T00:00:00.250Z"),
        ("2026-11-01T02:00:00+02:00", "1793491200"),  # the plus is a blank in a query
        ("2026-11-01T00:00:00Z", "2026-11-01T00:00:00Z"),
        ("2026-11-01T02:00:00%2B02:00", "2026-11-01T02:00:00+02:00"),
        ("1793491200", "1793491200"),
        ("1793491200.123", "1793491200.123"),
        ("1.7934912e9", "1.7934912e9"),
        ("yesterday", "yesterday"),
        ("2026-13-01", "2026-13-01"),
        ("nowhere", "nowhere"),
        ("now1h", "now1h"),
    ],
)
def test_moments_that_stay_or_get_a_zone(text, seconds):
    assert asked(f"api/v1/query?query=up&time={text}")["time"] == seconds


def test_what_a_range_query_lacks_is_filled_in():
    before = int(time.time())
    found = asked("api/v1/query_range?query=up")
    assert list(found) == ["query", "end", "start", "step"] or set(found) == {"query", "end", "start", "step"}
    assert before <= int(found["end"]) <= time.time()
    assert int(found["end"]) - int(found["start"]) == 3600
    assert found["step"] == "10s"


@pytest.mark.parametrize(
    ("span", "step"),
    [
        ("1s", "1s"),
        ("5m", "1s"),
        ("1h", "10s"),
        ("6h", "1m"),
        ("12h", "2m"),
        ("1d", "5m"),
        ("7d", "30m"),
        ("30d", "2h"),
    ],
)
def test_the_default_step_is_round_and_gives_250_points_or_more(span, step):
    assert times.default_step(times.duration_ms(span) or 0) == step


@given(st.integers(250_000, 50 * 365 * 86_400_000))
def test_the_default_step_gives_at_most_1000_points(range_ms):
    assert 250 <= range_ms / (times.duration_ms(times.default_step(range_ms)) or 1) <= 1000


@pytest.mark.parametrize(
    ("path", "changes"),
    [
        ("api/v1/query_range?query=up&start=1&end=2&step=1", False),
        ("api/v1/query?query=up", False),
        ("api/v1/series?match[]=up", False),
        ("api/v1/rules?start=-1h", False),
        ("api/v1/series?match[]=up&start=-1h", True),
        ("api/v1/label/job/values?start=-1h", True),
        ("api/v1/query_exemplars?query=up&start=-1h&end=now", True),
    ],
)
def test_nothing_else_is_changed(path, changes):
    before = request(WHERE, path)
    assert (prepared(before) != before) is changes


@given(
    st.lists(
        st.sampled_from(["query=up", "start=-1h", "start=2026-11-01", "end=now", "end=5", "step=15s", "step=x", "q"]),
        max_size=5,
    )
)
def test_asking_twice_changes_nothing_more(pieces):
    once = prepared(request(WHERE, "api/v1/query_range?" + "&".join(pieces)))
    assert prepared(once) == once


def form(body: bytes, query: str = "") -> Request:
    headers = {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}
    return Request.build("POST", Target.parse(WHERE).target, f"api/v1/query_range{query}", headers=headers, body=body)


def test_a_form_is_filled_in_where_it_stands():
    sent = prepared(form(b"query=up%7Ba%3D%22b%22%7D&start=-1h&start=-2h&step=5s", "?end=1793491200"))
    assert sent.query == "end=1793491200"
    assert sent.body is not None and sent.body.startswith(b"query=up%7Ba%3D%22b%22%7D&start=")
    told = parse_qs(sent.body.decode())
    assert set(told) == {"query", "start", "step"} and len(told["start"]) == 1
    sent = prepared(form(b"query=up"))
    assert set(parse_qs((sent.body or b"").decode())) == {"query", "start", "end", "step"} and sent.query == ""


def test_a_body_that_is_no_form_is_left_alone():
    sent = prepared(request(WHERE, "api/v1/query_range", body={"query": "up"}))
    assert sent.body == b'{"query": "up"}' and "step" in dict(sent.params())


def reading_of(sent: Request) -> dialects.Pages:
    operation = dialect.match(sent)
    assert operation is not None
    return operation.reader().pages(sent)


def fed(sent: Request, replies: list[Reply], **options: Any) -> dialects.Table:
    """The table of replies to the requests that are sent."""
    operation = dialect.match(sent)
    assert operation is not None
    reader = operation.reader(**options)
    pages = reader.pages(sent)
    next(pages)
    with contextlib.suppress(StopIteration):
        for one in replies:
            pages.send(one)
    return reader.table()


def driven(sent: Request, limit: int | None = None, samples: int = 1) -> list[Request]:
    """All the requests that are sent, each answered by so many samples."""
    return read(sent, limit, samples)[0]


def read(
    sent: Request, limit: int | None = None, samples: int = 1, **options: Any
) -> tuple[list[Request], dialects.Table]:
    """All the requests that are sent, and the table of the answers."""
    operation = dialect.match(sent)
    assert operation is not None
    reader, found = operation.reader(limit, **options), []
    pages = reader.pages(sent)
    step = next(pages)
    while True:
        found.append(step.request)
        values = [[float(step.rows_before + second), "1"] for second in range(samples)]
        try:
            step = pages.send(reply(matrix(({"a": "b"}, values)), asked=step.request))
        except StopIteration:
            return found, reader.table()


@given(
    st.integers(-(10**12), 10**13),
    st.integers(0, 50_000),
    st.integers(1, 10**7),
    st.integers(0, 10**7),
)
def test_pieces_have_every_moment_once(start_ms, steps, step_ms, beyond_ms):
    # `beyond_ms`: the end need not be one of the moments.
    end_ms = start_ms + steps * step_ms + beyond_ms % step_ms
    grid = times.Grid(start_ms, end_ms, step_ms)
    pieces = list(grid.parts())
    assert all(piece.points <= MOST_POINTS for piece in pieces)
    found = [piece.start_ms + at * step_ms for piece in pieces for at in range(piece.points)]
    assert found == list(range(start_ms, end_ms + 1, step_ms))


def test_a_range_that_takes_thousands_of_requests_is_refused_before_one():
    asked = request("monitoring/prometheus:9090", "api/v1/query_range?query=up&start=0&end=34560000&step=1")
    with pytest.raises(TargetError, match="takes 3,142 requests"):
        next(reading_of(asked))


@given(st.integers(0, 10**13))
def test_a_moment_is_written_as_it_is_read(ms):
    assert times.time_ms(times.epoch(ms)) == ms


@pytest.mark.parametrize(
    ("query", "pieces"),
    [
        ("start=0&end=10999&step=1", 1),
        ("start=0&end=11000&step=1", 2),
        ("start=0.5&end=33000&step=1s", 3),
        ("start=2026-11-01T00:00:00Z&end=2026-11-02T00:00:00Z&step=1s", 8),
        ("start=0&end=99999&step=x", 1),
        ("start=5&end=0&step=1", 1),
        ("start=0&end=99999&step=0", 1),
        ("start=0&end=99999", 1),
    ],
)
def test_a_long_range_is_cut(query, pieces):
    whole = request(WHERE, f"api/v1/query_range?query=up&{query}&timeout=5s")
    found = driven(whole)
    assert len(found) == pieces
    if pieces == 1:
        assert found == [whole]
    for one in found:
        assert [name for name, _ in one.params()] == [name for name, _ in whole.params()]


def test_a_long_range_in_a_form_is_cut():
    found = driven(form(b"query=up&start=0&end=30000&step=1"))
    ends = [
        (parse_qs((one.body or b"").decode())["start"][0], parse_qs((one.body or b"").decode())["end"][0])
        for one in found
    ]
    assert ends == [("0", "10999"), ("11000", "21999"), ("22000", "30000")]


def test_a_limit_ends_the_asking():
    whole = request(WHERE, "api/v1/query_range?query=up&start=0&end=99999&step=1")
    assert len(driven(whole, limit=5, samples=3)) == 2
    assert len(driven(whole, limit=ALL)) == 10
    loaded = read(whole, limit=1, samples=2)[1]
    assert (loaded.rows, loaded.total, loaded.total_is_lower_bound, loaded.has_more) == (1, 2, True, True)


def test_the_limit_of_a_wide_frame_is_in_timestamps():
    whole = request(WHERE, "api/v1/query_range?query=up&start=0&end=99999&step=1")
    requests, loaded = read(whole, limit=8, samples=5, wide=True)
    assert len(requests) == 2 and (loaded.rows, loaded.total, loaded.unit) == (8, 10, "timestamps")
    assert loaded.total_is_lower_bound and loaded.has_more


def test_what_is_unwanted_is_not_asked_for():
    pages = reading_of(request(WHERE, "api/v1/query_range?query=up&start=0&end=99999&step=1"))
    next(pages)
    with pytest.raises(dialects.NoMore):
        pages.throw(dialects.NoMore("enough"))


@pytest.mark.parametrize(
    ("body", "status", "message", "hint"),
    [
        ({"status": "error", "errorType": "bad_data", "error": "parse error: x"}, 400, "400: bad_data: parse", "-q"),
        ({"status": "error", "errorType": "execution", "error": "too much"}, 422, "422: execution: too much", "last"),
        ({"status": "error", "error": "cannot parse"}, 422, "422: cannot parse", "last"),
        ({"message": "no"}, 500, "", ""),
        (b"upstream timed out", 504, "", ""),
    ],
)
def test_an_error_is_told_in_the_words_of_the_app(body, status, message, hint):
    pages = reading_of(request(WHERE, "api/v1/query?query=up"))
    step = next(pages)
    original = AppError("as it came", reply=reply(body, asked=step.request, status=status))
    with pytest.raises(AppError) as raised:
        pages.throw(original)
    if message:
        assert message in str(raised.value) and hint in str(raised.value.hint)
        assert raised.value.reply is original.reply
    else:
        assert raised.value is original


def test_an_error_with_status_200_is_no_frame():
    document = {"status": "error", "errorType": "timeout", "error": "query timed out"}
    with pytest.raises(LoadError, match="200 with an error: timeout: query timed out"):
        dialects.load([reply(document, asked=request(WHERE, "api/v1/query?query=up"))])


@pytest.mark.parametrize(
    ("path", "document", "name"),
    [
        ("api/v1/query", matrix(), "prometheus"),
        ("somewhere/else", matrix(), "prometheus"),
        ("somewhere/else", {"isPartial": False, **matrix()}, "records"),
        ("api/v1/query", {"isPartial": False, **matrix()}, "prometheus"),
        ("api/v1/labels", {"status": "success", "data": ["a"]}, "prometheus"),
        ("somewhere/else", {"status": "success", "data": ["a"]}, "records"),
        ("api/v1/rules", [{"a": 1}], "records"),
        ("api/v1/rules", {"rules": [{"a": 1}]}, "records"),
        ("loki/api/v1/query", {"status": "success", "data": {"resultType": "streams", "result": []}}, "loki"),
    ],
)
def test_who_reads_it(path, document, name):
    assert reading(reply(document, asked=request(WHERE, path))) == name


def test_pages_are_joined_and_no_moment_is_there_twice():
    whole = request(WHERE, "api/v1/query_range?query=up&start=0&end=21999&step=1")
    first, second = driven(whole)
    a, b, again = {"__name__": "up", "pod": "a"}, {"__name__": "up", "pod": "b"}, {"__name__": "up", "pod": "a"}
    pages = [
        reply(matrix((a, [[0, "1"], [10999, "2"]]), (again, [[0, "7"]]), warnings=["w"]), asked=first),
        # 10999 once more, as a server that aligns moments may give it; another series comes, one is gone
        reply(matrix((b, [[11000, "5"]]), (a, [[10999, "2"], [11000, "3"]]), warnings=["w", "v"]), asked=second),
    ]
    loaded = fed(whole, pages)
    assert [(row["pod"], row["time"].timestamp(), row["value"]) for row in rows_of(loaded.frame)] == [
        ("a", 0, 1), ("a", 10999, 2), ("a", 11000, 3), ("a", 0, 7), ("b", 11000, 5),
    ]  # fmt: skip
    assert note_of(loaded) == "the app warns: w; v"
    wide = fed(whole, pages, wide=True).frame
    assert list(wide.columns) == ['up{pod="a"}', 'up{pod="a"}_2', 'up{pod="b"}'] and len(wide) == 3


def test_a_page_without_samples_is_an_error():
    error = {"status": "error", "errorType": "execution", "error": "no"}
    asked = request(WHERE, "api/v1/query_range?query=up&start=0&end=21999&step=1")
    with pytest.raises(LoadError, match="execution: no"):
        fed(asked, [reply(matrix(), asked=asked), reply(error, asked=asked)])


def test_answers_of_several_targets_are_one_table():
    whole = request(WHERE, "api/v1/query?query=up")
    operation = dialect.match(whole)
    assert operation is not None
    vector = {"resultType": "vector", "result": [{"metric": {"pod": "mine", "job": "j"}, "value": [1, "2"]}]}
    for wide in (False, True):
        reader = operation.reader(wide=wide)
        conversations = [reader.pages(whole, {"pod": pod}) for pod in ("a", "b")]
        for pages in conversations:
            next(pages)
        for pages in reversed(conversations):
            with pytest.raises(StopIteration):
                pages.send(reply({"status": "success", "data": vector}, asked=whole))
        table = reader.table()
        if wide:
            assert [*table.frame.columns] == [f'{{exported_pod="mine",job="j",pod="{pod}"}}' for pod in ("a", "b")]
        else:
            assert [*table.frame.columns] == ["pod", "job", "exported_pod", "time", "value"]
            assert table.frame["pod"].tolist() == ["a", "b"] and table.rows == 2


def test_lists_of_several_targets_are_one_table():
    asked = request(WHERE, "api/v1/label/pod/values")
    operation = dialect.match(asked)
    assert operation is not None
    reader = operation.reader()
    for pod in ("a", "b"):
        pages = reader.pages(asked, {"pod": pod})
        next(pages)
        with pytest.raises(StopIteration):
            pages.send(reply({"status": "success", "data": ["x", "y"]}, asked=asked))
    assert rows_of(reader.table().frame) == [
        {"pod": pod, "exported_pod": value} for pod in ("a", "b") for value in ("x", "y")
    ]
