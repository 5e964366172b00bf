"""Lists in pages: what is asked for next, what a forgotten version brings, what is kept of a page."""

from __future__ import annotations

import json
import tracemalloc
from collections.abc import Iterator
from typing import Any

import pytest

from kubeaccess_magic import dialects
from kubeaccess_magic.dialects import kubernetes as k8s
from kubeaccess_magic.errors import LimitExceeded, LoadError, NotFound
from kubeaccess_magic.query import ALL
from kubeaccess_magic.reply import Reply

from .answers import reply, request
from .objects import conversation, listed, meta


def page(count: int, first: int = 0, **meta_: Any) -> bytes:
    return listed("Pod", [{"metadata": meta(f"p{first + i}")} for i in range(count)], **meta_)


def gone(fresh: str | None) -> NotFound:
    """What a list's 410 is, with and without a token to go on with (F1)."""
    metadata = {"continue": fresh} if fresh else {}
    status = {"kind": "Status", "apiVersion": "v1", "metadata": metadata, "status": "Failure", "code": 410}
    return NotFound("too old", reply=reply(status, status=410))


def test_a_forgotten_version_goes_on_with_the_fresh_token() -> None:
    asked, pages, _ = conversation("/api/v1/pods")
    next(pages)
    second = pages.send(reply(page(2, **{"continue": "old", "remainingItemCount": 2}), asked=asked))
    third = pages.throw(gone("fresh"))
    assert third.request.params() == [("limit", "500"), ("continue", "fresh")]
    assert (third.rows_before, third.total) == (second.rows_before, second.total) == (2, 4)
    last = pages.send(reply(page(1, **{"continue": "next", "remainingItemCount": 1}), asked=third.request))
    assert (last.request.param("continue"), last.rows_before, last.total) == ("next", 3, 4)


@pytest.mark.parametrize("fresh", [None, "old"])
@pytest.mark.parametrize(("limit", "query"), [(None, ""), (ALL, ""), (1000, "limit=1000")])
def test_without_a_fresh_token_all_is_asked_for_once_more(fresh: str | None, limit: int | None, query: str) -> None:
    asked, pages, _ = conversation("/api/v1/pods", limit)
    next(pages)
    pages.send(reply(page(2, **{"continue": "old"}), asked=asked))
    again = pages.throw(gone(fresh))
    assert again.request.query == query and again.rows_before == 0
    with pytest.raises(StopIteration):
        pages.send(reply(page(3, **{"continue": "never asked for"}), asked=again.request))


def test_once_more_is_enough() -> None:
    _, pages, _ = conversation("/api/v1/pods")
    next(pages)
    pages.send(reply(page(2, **{"continue": "old"})))
    pages.throw(gone(None))
    with pytest.raises(NotFound):
        pages.throw(gone(None))


@pytest.mark.parametrize("error", [gone("fresh"), NotFound("no such list"), LimitExceeded("no more are wanted")])
def test_other_errors_are_raised(error: Exception) -> None:
    """Also a 410 of the first page: a token that somebody typed."""
    _, pages, _ = conversation("/api/v1/pods")
    next(pages)
    with pytest.raises(type(error)):
        pages.throw(error)


def test_a_list_that_begins_anew_has_nothing_twice() -> None:
    _, pages, reader = conversation("/api/v1/pods?limit=2", ALL)
    next(pages)
    pages.send(reply(page(2, **{"continue": "a"})))
    pages.send(reply(page(2, 2, **{"continue": "b"})))
    assert pages.throw(gone(None)).request.query == ""
    with pytest.raises(StopIteration):
        pages.send(reply(page(5, resourceVersion="9")))
    table = reader.table()
    assert table.frame["name"].tolist() == ["p0", "p1", "p2", "p3", "p4"]
    assert table.notes == () and table.total == 5


def test_what_was_read_stays_if_the_list_cannot_begin_anew() -> None:
    _, pages, reader = conversation("/api/v1/pods")
    next(pages)
    pages.send(reply(page(2, **{"continue": "a"})))
    pages.throw(gone(None))
    with pytest.raises(dialects.NoMore):
        pages.throw(dialects.NoMore("interrupted"))
    table = reader.table()
    assert (table.rows, table.total, table.total_is_lower_bound, table.has_more) == (2, 3, True, True)


@pytest.mark.parametrize("limit", [None, ALL])
def test_a_token_that_repeats_is_an_error(limit: int | None) -> None:
    """Also one that comes back after others: such a list has no end."""
    _, pages, _ = conversation("/api/v1/pods", limit)
    next(pages)
    pages.send(reply(page(1, **{"continue": "a"})))
    pages.send(reply(page(1, **{"continue": "b"})))
    with pytest.raises(LoadError, match="repeats a page"):
        pages.send(reply(page(1, **{"continue": "a"})))


def test_a_list_of_empty_pages_ends() -> None:
    _, pages, _ = conversation("/api/v1/pods")
    next(pages)
    with pytest.raises(LoadError, match="without end"):
        for number in range(100):
            pages.send(reply(page(0, **{"continue": f"token{number}"})))


def test_a_list_whose_tokens_always_expire_ends() -> None:
    _, pages, _ = conversation("/api/v1/pods")
    next(pages)
    pages.send(reply(page(1, **{"continue": "old"})))
    requests = 2
    with pytest.raises(NotFound):
        while True:
            pages.throw(gone(f"fresh{requests}"))
            requests += 1
            assert requests < 20


def test_a_limit_wins_over_a_page_size_that_was_typed() -> None:
    """A typed ``limit`` is the size of a page then."""
    asked, pages, reader = conversation("/api/v1/pods?limit=3&labelSelector=a", 7)
    assert asked.params() == [("limit", "3"), ("labelSelector", "a")]
    next(pages)
    step = pages.send(reply(page(3, **{"continue": "a"})))
    assert step.request.params() == [("limit", "3"), ("labelSelector", "a"), ("continue", "a")]
    pages.send(reply(page(3, 3, **{"continue": "b"})))
    with pytest.raises(StopIteration):
        pages.send(reply(page(3, 6, **{"continue": "c"})))
    table = reader.table()
    assert (table.rows, table.has_more, len(table.frame)) == (7, True, 7)


def test_a_page_that_was_typed_is_one_page_that_says_that_there_is_more() -> None:
    _, pages, reader = conversation("/api/v1/pods?limit=3")
    next(pages)
    with pytest.raises(StopIteration):
        pages.send(reply(page(3, **{"continue": "a", "remainingItemCount": 4})))
    table = reader.table()
    assert (table.rows, table.total, table.has_more) == (3, 7, True)


def test_a_version_is_not_repeated_with_a_token() -> None:
    """The API server refuses both together."""
    _, pages, _ = conversation("/api/v1/pods?resourceVersion=5&resourceVersionMatch=NotOlderThan")
    assert next(pages).request.param("resourceVersion") == "5"
    step = pages.send(reply(page(1, **{"continue": "a"})))
    assert step.request.params() == [("limit", "500"), ("continue", "a")]


def test_a_list_that_an_app_sends_is_read_on_with_a_limit() -> None:
    """An API server behind a service, such as a virtual cluster's."""
    asked = request("shop/vcluster", "api/v1/pods")
    operation = k8s.dialect.recognize(reply(page(1, **{"continue": "a"}), asked=asked))
    assert operation is not None
    pages = operation.reader(ALL).pages(asked)
    assert next(pages).request is asked
    assert pages.send(reply(page(1, **{"continue": "a"}), asked=asked)).request.param("continue") == "a"


def test_several_lists_become_one_table() -> None:
    """Conversations take turns; each keeps its own tokens, and its rows stand together."""
    operation = k8s.dialect.match(request("/api/v1/pods"))
    assert operation is not None
    reader, sent = operation.reader(None), operation.prepare(None)
    first, second = reader.pages(sent, {"context": "eu"}), reader.pages(sent, {"context": "us"})
    next(first), next(second)
    first.send(reply(page(1, **{"continue": "a"})))
    with pytest.raises(StopIteration):
        second.send(reply(page(1, 5)))
    with pytest.raises(StopIteration):
        first.send(reply(page(1, 1)))
    table = reader.table()
    assert table.frame["context"].tolist() == ["eu", "eu", "us"]
    assert table.frame["name"].tolist() == ["p0", "p1", "p5"]
    assert list(table.frame.columns) == ["context", *k8s.POD_COLUMNS]
    assert (table.rows, table.total, table.unit) == (3, 3, "pods")


@pytest.mark.parametrize(("version", "is_told"), [("7", False), ("8", True)])
def test_pages_of_two_moments_are_told_of(version: str, is_told: bool) -> None:
    first = reply(page(2, resourceVersion="7", **{"continue": "a"}), asked=request("/api/v1/pods?limit=2"))
    second = reply(page(1, 2, resourceVersion=version), asked=request("/api/v1/pods?limit=2&continue=a"))
    loaded = dialects.load([first, second], limit=ALL)
    assert len(loaded.frame) == 3 and any("more than one moment" in note for note in loaded.notes) == is_told


def test_progress_is_what_the_server_says_is_left() -> None:
    """The rows of the first page are counted; after that, what is left tells."""
    asked, pages, _ = conversation("/api/v1/pods")
    next(pages)
    step = pages.send(reply(page(3, **{"continue": "a", "remainingItemCount": 6}), asked=asked))
    assert (step.rows_before, step.total) == (3, 9)
    step = pages.send(reply(page(3, **{"continue": "b", "remainingItemCount": 3}), asked=step.request))
    assert (step.rows_before, step.total) == (6, 9)
    step = pages.send(reply(page(3, **{"continue": "c"}), asked=step.request))  # a selector: nothing is told
    assert (step.rows_before, step.total) == (9, None)


def test_a_limit_is_counted_not_believed() -> None:
    asked, pages, _ = conversation("/api/v1/pods", 600)
    next(pages)
    step = pages.send(reply(page(500, **{"continue": "a", "remainingItemCount": 900}), asked=asked))
    step = pages.send(reply(page(50, **{"continue": "b", "remainingItemCount": 0}), asked=step.request))
    assert step.rows_before == 550
    with pytest.raises(StopIteration):
        pages.send(reply(page(50, **{"continue": "c"}), asked=step.request))


@pytest.mark.parametrize("kind", ["Pod", "Service", "Deployment", "Widget"])
def test_no_page_is_held(kind: str) -> None:
    """Forty pages of half a megabyte: their rows stay, they do not."""
    padding = "x" * 50_000
    items = [{"metadata": meta(f"p{n}", annotations={"a": padding}), "spec": {"ports": []}} for n in range(10)]
    size = len(listed(kind, items))

    def pages() -> Iterator[Reply]:
        for number in range(40):
            token = {"continue": str(number)} if number < 39 else {}
            yield reply(listed(kind, items, **token), asked=request("/api/v1/pods?limit=10"))

    dialects.load(pages(), limit=ALL)
    tracemalloc.start()
    try:
        loaded = dialects.load(pages(), limit=ALL)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert len(loaded.frame) == 400 and 500_000 < size
    assert peak < 6 * size


# ---- kinds of which an object has several rows


def test_a_row_a_part() -> None:
    quota = {"metadata": meta("q"), "status": {"hard": {"cpu": "2", "memory": "1Gi"}, "used": {"cpu": "250m"}}}
    loaded = dialects.load([reply(listed("ResourceQuota", [quota, {"metadata": meta("none")}]))])
    assert loaded.frame["resource"].tolist()[:2] == ["cpu", "memory"]
    assert loaded.frame["hard"].tolist()[:2] == [2.0, float(2**30)] and loaded.frame["used"].tolist()[0] == 0.25
    assert loaded.frame["name"].tolist() == ["q", "q", "none"] and (loaded.rows, loaded.total) == (3, 3)
    first = dialects.load([reply(listed("ResourceQuota", [quota]))], limit=1)
    assert (first.rows, first.total, first.unit) == (1, 2, "rows")


def test_measured_pods_and_nodes() -> None:
    pod = {
        "metadata": meta("web-0"),
        "timestamp": "2026-11-01T00:00:15Z",
        "window": "15.016s",
        "containers": [
            {"name": "web", "usage": {"cpu": "12345678n", "memory": "131072Ki"}},
            {"name": "log", "usage": {"cpu": "0", "memory": "1Mi"}},
        ],
    }
    asked = request("/apis/metrics.k8s.io/v1beta1/pods")
    frame = dialects.load([reply(listed("PodMetrics", [pod], "metrics.k8s.io/v1beta1"), asked=asked)]).frame
    assert frame["container"].tolist() == ["web", "log"]
    assert frame["cpu_cores"].tolist() == [0.012345678, 0.0] and frame["memory_bytes"].tolist() == [2**27, 2**20]
    assert frame["memory_bytes"].dtype == "Int64" and frame["window_s"].tolist() == [15.016] * 2
    node = {"metadata": meta("n1", None), "window": "20s", "usage": {"cpu": "1500m", "memory": "3Gi"}}
    frame = dialects.load([reply(listed("NodeMetrics", [node], "metrics.k8s.io/v1beta1"))]).frame
    assert frame[["cpu_cores", "memory_bytes", "window_s"]].iloc[0].tolist() == [1.5, 3 * 2**30, 20.0]


@pytest.mark.parametrize(
    ("memory", "dtype", "values"),
    [
        (["1Ki", "2Ki"], "Int64", [1024, 2048]),
        (["1500m", "1"], "float64", [1.5, 1.0]),
        (["12E", "1"], "object", [12 * 10**18, 1]),
        (["much", "1"], "object", ["much", 1]),
        (["9007199254740993", "0.5"], "object", [2**53 + 1, 0.5]),
    ],
)
def test_no_digit_of_a_quantity_is_lost(memory: list[str], dtype: str, values: list[Any]) -> None:
    nodes = [{"metadata": meta("n", None), "usage": {"memory": one}} for one in memory]
    column = dialects.load([reply(listed("NodeMetrics", nodes, "metrics.k8s.io/v1beta1"))]).frame["memory_bytes"]
    assert str(column.dtype) == dtype and column.tolist() == values


def test_labels_of_kinds_that_nobody_listed_and_of_tables() -> None:
    item = {"metadata": meta("w", labels={"app": "web", "size": "l"}), "spec": {"labels": 1}}
    frame = dialects.load([reply(listed("Widget", [item], "example.org/v1"))], labels=["app", "no"]).frame
    assert frame["labels.app"].tolist() == ["web"] and frame["labels.no"].isna().all()
    frame = dialects.load([reply(listed("Widget", [item], "example.org/v1"))], labels="size", wide=True).frame
    assert frame["labels.size"].tolist() == frame["metadata.labels.size"].tolist() == ["l"]
    rows = [{"cells": ["w"], "object": item}, {"cells": ["v"]}]
    table = {"kind": "Table", "apiVersion": "meta.k8s.io/v1", "columnDefinitions": [{"name": "Name"}], "rows": rows}
    frame = dialects.load([reply(table | {"metadata": {}})], labels="app").frame
    assert frame["labels.app"].tolist()[0] == "web" and frame["Name"].tolist() == ["w", "v"]


def test_a_list_of_several_kinds_says_which() -> None:
    items = [
        {"kind": "Pod", "apiVersion": "v1", "metadata": meta("a")},
        {"kind": "Service", "apiVersion": "v1", "metadata": meta("b")},
    ]
    body = json.dumps({"kind": "List", "apiVersion": "v1", "metadata": {}, "items": items}).encode()
    assert dialects.load([reply(body)]).frame["kind"].tolist() == ["Pod", "Service"]
