"""More hits than one answer holds (DESIGN 4): in one state of the indices, each once, and nothing left open."""

from __future__ import annotations

from typing import Any

import fetching
import msgspec
import pandas as pd
import pytest

from kubeaccess_magic import dialects
from kubeaccess_magic.dialects.elasticsearch import dialect
from kubeaccess_magic.errors import AccessDenied, AppError
from kubeaccess_magic.query import ALL

from .answers import lines_of, note_of, reply, request
from .shelf import Shelf

PIT = ["GET /logs/_search", "POST /logs/_pit", *3 * ["POST /_search"], "DELETE /_pit"]
OPEN_SEARCH = [
    *("GET /logs/_search", "POST /logs/_pit", "POST /logs/_search/point_in_time"),
    *3 * ["POST /_search"],
    "DELETE /_search/point_in_time",
]
SCROLL = ["GET /logs/_search", *2 * ["GET /_search/scroll"], "DELETE /_search/scroll"]


def ids(framed: Any) -> list[int]:
    return [int(one) for one in framed.table.frame["_id"]]


def test_all_hits_by_a_point_in_time():
    shelf = Shelf()
    framed = shelf.frame("logs/_search?q=a&df=message&routing=r&ignore_unavailable=true&typed_keys=true")
    assert shelf.log == PIT and not shelf.open
    assert ids(framed) == list(range(20_500))
    loaded = framed.table
    assert (loaded.rows, loaded.total, loaded.total_is_lower_bound, loaded.unit) == (20_500, 20_500, False, "hits")
    assert lines_of(framed) == []
    assert shelf.told == [(10_000, 20_500, "hits"), (20_000, 20_500, "hits")]
    # Where to search is said once; what to search, by each request. https://www.elastic.co/guide/en/elasticsearch/
    # reference/8.17/paginate-search-results.html#search-after
    assert shelf.asked[1].query == "keep_alive=2m&routing=r&ignore_unavailable=true"
    assert [one.query for one in shelf.asked[2:5]] == 3 * ["q=a&df=message&typed_keys=true"]
    body = shelf.body(2)
    assert body["sort"] == [{"_score": "desc"}, "_shard_doc"] and body["track_total_hits"] is True
    assert shelf.body(3)["search_after"] == [1.0, 9_999] and shelf.body(3)["track_total_hits"] is False


@pytest.mark.parametrize("shelf", [Shelf(), Shelf(pit=None)])
def test_the_frame_is_that_of_one_answer(shelf):
    whole = Shelf().page({"size": 20_500, "sort": [], "track_total_hits": True}, 0, {})[1]
    one = dialects.load([reply(msgspec.json.encode(whole), asked=request("shop/es", "_search"))])
    pd.testing.assert_frame_equal(shelf.frame("logs/_search").table.frame, one.frame)
    assert "sort" not in one.frame.columns


@pytest.mark.parametrize(
    ("shelf", "path", "body"),
    [
        (Shelf(), "logs/_search?sort=third:desc,name", None),
        (Shelf(), "logs/_search", {"sort": [{"third": "desc"}, {"name": {"order": "asc"}}]}),
        (Shelf(pit=None), "logs/_search?sort=third:desc,name", None),
    ],
)
def test_an_order_of_its_own_is_kept(shelf, path, body):
    framed = shelf.frame(path, 20_100, body)
    assert len(set(ids(framed))) == 20_100 and not shelf.open
    frame = framed.table.frame
    assert frame["sort"].tolist() == [list(one) for one in zip(frame["third"], frame["name"], strict=True)]
    assert frame["third"].is_monotonic_decreasing and frame[frame["third"] == 2]["name"].is_monotonic_increasing
    assert framed.table.total == 20_500


@pytest.mark.parametrize(
    ("limit", "path", "body", "hits"),
    [
        (None, "logs/_search", None, 10),
        (5, "logs/_search", None, 5),
        (10_000, "logs/_search", None, 10_000),
        (None, "logs/_search?size=50", None, 50),
        (50, "logs/_search?size=50", None, 50),
        (ALL, "logs/_search?size=0", None, 0),
        (20_000, "logs/_search?terminate_after=9000", None, 10_000),
        (20_000, "logs/_search", {"search_after": [-1], "sort": ["_shard_doc"]}, 10_000),
    ],
)
def test_nothing_else_is_asked_where_one_answer_is_what_was_meant(limit, path, body, hits):
    shelf = Shelf()
    assert len(shelf.frame(path, limit, body).table.frame) == hits and len(shelf.asked) == 1


@pytest.mark.parametrize("count", [0, 9_999, 10_000])
def test_nothing_else_is_asked_where_the_first_answer_has_all(count):
    shelf = Shelf(count)
    assert len(shelf.frame("logs/_search").table.frame) == count and shelf.log == ["GET /logs/_search"]


@pytest.mark.parametrize(
    ("path", "body"),
    [("logs/_search?size=5000", None), ("logs/_search", {"size": 5000}), ("logs/_search?scroll=1m&size=5000", None)],
)
@pytest.mark.parametrize("pit", ["elastic", None])
def test_a_limit_wins_over_a_size_which_is_that_of_a_page(path, body, pit):
    shelf = Shelf(pit=pit, create=pit is not None or body is not None)
    framed = shelf.frame(path, 12_000, body)
    assert ids(framed) == list(range(12_000)) and not shelf.open
    assert lines_of(framed) == ["12,000 of 20,500 hits"]
    sizes = [size for one, inner in zip(shelf.asked, map(shelf.body, range(len(shelf.asked))), strict=True)
             if (size := inner.get("size", one.param("size"))) is not None]  # fmt: skip
    assert set(map(int, sizes)) <= {5_000, 2_000}


def test_what_cannot_be_read_on_keeps_what_is_there_and_says_so():
    body = {"size": 50, "collapse": {"field": "name"}}  # goes with neither a point in time nor a scroll
    framed = Shelf(shard_doc=False, scroll=False, product=False).frame("logs/_search", 200, body)
    assert len(framed.table.frame) == 50
    (total, note) = lines_of(framed)
    assert total == "50 of at least 10,000 hits"
    assert note.startswith("further hits cannot be read: ") and "cannot use [collapse]" in note


def test_a_body_that_is_posted_goes_on_without_its_aggregations():
    shelf = Shelf()
    framed = shelf.frame("logs/_search", body={"query": {"match_all": {}}, "aggs": {"n": {}}})
    assert shelf.log == ["POST /logs/_search", *PIT[1:]] and len(framed.table.frame) == 20_500
    assert shelf.body(2)["query"] == {"match_all": {}} and "aggs" not in shelf.body(2)
    assert note_of(framed) == "the answer has aggregations, too: --agg n shows one (n)"
    shelf = Shelf()
    assert shelf.frame("logs/_search", body={"aggs": {"n": {}}}, agg="n").table.frame["n"].tolist() == [20_500]
    assert len(shelf.asked) == 1


def test_what_is_skipped_stays_skipped():
    for shelf in (Shelf(), Shelf(pit=None)):
        framed = shelf.frame("logs/_search?from=9990", 5_000)
        assert ids(framed) == list(range(9_990, 14_990)) and not shelf.open


def test_open_search_has_its_own_form():
    # https://docs.opensearch.org/3.3/search-plugins/searching-data/point-in-time-api/
    shelf = Shelf(pit="open_search", product=False)
    assert ids(shelf.frame("logs/_search")) == list(range(20_500))
    assert shelf.log == OPEN_SEARCH and not shelf.open


def test_without_a_tiebreaker_a_scroll_reads_them():
    shelf = Shelf(pit="open_search", shard_doc=False, product=False)  # OpenSearch 2
    assert ids(shelf.frame("logs/_search")) == list(range(20_500)) and not shelf.open
    assert shelf.log == [*OPEN_SEARCH[:4], OPEN_SEARCH[-1], *SCROLL]
    shelf = Shelf(shard_doc=False, product=False)  # Elasticsearch 7.10 and 7.11
    assert ids(shelf.frame("logs/_search")) == list(range(20_500)) and not shelf.open


def test_without_points_in_time_a_scroll_reads_them():
    # https://www.elastic.co/guide/en/elasticsearch/reference/7.9/search-request-body.html#request-body-search-scroll
    shelf = Shelf(pit=None, product=False)
    framed = shelf.frame("logs/_search?q=a&from=0&request_cache=true")
    assert shelf.log == [*OPEN_SEARCH[:3], *SCROLL] and not shelf.open
    assert ids(framed) == list(range(20_500)) and framed.table.total == 20_500
    assert shelf.asked[3].query == "q=a&size=10000&scroll=2m"
    assert shelf.asked[4].query == "scroll=2m&scroll_id=scroll0"


def test_a_long_scroll_id_does_not_stand_in_the_path():
    shelf = Shelf(pit=None, long_id=True)
    assert len(shelf.frame("logs/_search").table.frame) == 20_500
    assert all(len(one.path + one.query) < 4_000 for one in shelf.asked) and not shelf.open


def test_where_create_is_refused_a_scroll_reads_them_by_get():
    shelf = Shelf(create=False, delete=False)
    framed = shelf.frame("logs/_search")
    assert shelf.log == ["GET /logs/_search", "POST /logs/_pit", *SCROLL]
    assert ids(framed) == list(range(20_500)) and not framed.notes  # what may not be closed ends by itself


def test_who_scrolls_is_followed():
    shelf = Shelf()
    framed = shelf.frame("logs/_search?scroll=1m&size=6000")
    assert shelf.log == ["GET /logs/_search", *3 * ["GET /_search/scroll"], "DELETE /_search/scroll"]
    assert ids(framed) == list(range(20_500)) and not shelf.open


@pytest.mark.parametrize(("shelf", "rows"), [(Shelf(interrupted_at=4), 10_000), (Shelf(interrupted_at=2), 10_000)])
def test_an_interrupt_closes_and_keeps_what_came(shelf, rows):
    framed = shelf.frame("logs/_search")
    assert len(framed.table.frame) == rows and not shelf.open
    assert "interrupted" in note_of(framed)


def test_an_error_closes():
    for shelf in (Shelf(fails_at=4), Shelf(pit=None, fails_at=5)):
        with pytest.raises(AppError, match="503"):
            shelf.frame("logs/_search")
        assert not shelf.open and shelf.log[-1].startswith("DELETE")
    with pytest.raises(AccessDenied):
        Shelf(create=False).frame("logs/_search", body={"query": {}})


def test_a_filtered_answer_still_tells_where_to_go_on():
    shelf = Shelf()
    shelf.frame("logs/_search?filter_path=hits.hits._source")
    assert shelf.asked[2].param("filter_path") == "hits.hits._source,hits.hits.sort,hits.total,pit_id"


def test_all_indices_have_a_name_and_a_prefix_stays():
    for path, opened, searched in [
        ("_search", "/_all/_pit", "/_search"),
        ("a,b*/_search", "/a,b*/_pit", "/_search"),
        ("prefix/logs/_search", "/prefix/logs/_pit", "/prefix/_search"),
    ]:
        operation = dialect.match(request("shop/es", path))
        assert operation is not None
        pages = operation.reader(ALL).pages(operation.prepare(ALL))
        asked = next(pages).request
        shelf = Shelf()
        first = reply(msgspec.json.encode(shelf.page({"size": 10_000, "sort": []}, 0, {})[1]), asked=asked)
        opening = pages.send(first)
        assert opening.request.path == opened and not opening.has_rows
        assert pages.send(reply({"id": "p"}, asked=opening.request)).request.path == searched


# ---- SQL: https://www.elastic.co/guide/en/elasticsearch/reference/8.17/sql-pagination.html


class Sql:
    """Answers with five rows, two at a time."""

    def __init__(self) -> None:
        self.log: list[str] = []

    def send(self, asked: Any, call: Any) -> Any:
        self.log.append(f"{asked.method} {asked.path} {(asked.body or b'').decode()}")
        if asked.path.endswith("/close"):
            return reply({"succeeded": True}, asked=asked)
        at = int((asked.body or b"").split(b'"c')[-1].strip(b'"}')) if b'"c' in (asked.body or b"")[10:] else 0
        head = {"columns": [{"name": "n", "type": "long"}]} if at == 0 else {}
        more = {"cursor": f"c{at + 2}"} if at + 2 < 5 else {}
        return reply({**head, "rows": [[i] for i in range(at, min(at + 2, 5))], **more}, asked=asked)


@pytest.mark.parametrize(
    ("limit", "rows", "asked", "lines"),
    [
        (None, 2, 1, ["2 of at least 3 rows; --limit all for the rest"]),
        (ALL, 5, 3, []),
        (3, 3, 3, ["3 of at least 5 rows"]),
        (2, 2, 2, ["2 of at least 3 rows"]),
    ],
)
def test_sql_goes_on_by_its_cursor(limit, rows, asked, lines):
    from kubeaccess_magic.call import Call

    sql = Sql()
    question = request("shop/es", "_sql", body={"query": "SELECT n FROM t", "fetch_size": 2})
    framed = fetching.fetched(question, sql.send, Call(), limit=limit)
    assert framed.table.frame["n"].tolist() == list(range(rows)) and lines_of(framed) == lines
    assert len(sql.log) == asked and (rows == 5 or limit is None or sql.log[-1].startswith("POST /_sql/close"))


def test_a_full_page_of_more_says_so():
    framed = Shelf().frame("logs/_search", 10_000)
    assert lines_of(framed) == ["10,000 of at least 10,000 hits"]
