"""A part never looks like the whole: totals, states, and the ways to read on."""

from __future__ import annotations

import contextlib
import json
from typing import Any

import pytest

from kubeaccess_magic import dialects
from kubeaccess_magic.dialects.records.reader import RecordsReader
from kubeaccess_magic.query import ALL
from kubeaccess_magic.request import Request

from .answers import note_of, reply, request

AB = [{"a": 1}, {"a": 2}]


def load(document: Any, *headers: tuple[str, str], limit: int | None = None, path: str = "/items") -> dialects.Table:
    return dialects.load([reply(document, asked=request("shop/web", path), headers=headers)], limit=limit)


def following(document: Any, *headers: tuple[str, str], asked: Request) -> Request | None:
    pages = RecordsReader(ALL).pages(asked)
    next(pages)
    with contextlib.suppress(StopIteration):
        return pages.send(reply(document, asked=asked, headers=headers)).request
    return None


@pytest.mark.parametrize(
    ("header", "value", "total"),
    [
        ("X-Total-Count", "57", 57),
        ("x-total", "57", 57),
        ("X-WP-Total", "2", 2),
        ("Content-Range", "items 0-1/57", 57),
        ("Content-Range", "pods 0-1/57", 57),
        ("Content-Range", "bytes 0-1/57", None),
        ("Content-Range", "items 0-1/*", None),
        ("X-Total-Count", "1", None),
        ("X-Total-Count", "many", None),
        ("X-Total-Count", "-5", None),
    ],
)
def test_totals_in_headers(header, value, total):
    assert load(AB, (header, value)).total == total


@pytest.mark.parametrize(
    ("beside", "total"),
    [
        ({"total_entries": 57}, 57),
        ({"nbHits": 57}, 57),
        ({"metadata": {"remainingItemCount": 55, "continue": "t"}}, 57),
        ({"metadata": {"remainingItemCount": "55", "continue": "t"}}, 57),
    ],
)
def test_totals_in_fields(beside, total):
    assert load({"items": AB, **beside}).total == total


def test_a_total_that_is_a_lower_bound():
    table = load({"meta": [{"name": "a", "type": "UInt8"}], "data": AB, "rows_before_limit_at_least": 50})
    assert table.shortfall("x") == "2 of at least 50 rows"
    assert load({"data": AB, "rows_before_limit_at_least": 2}).shortfall("x") is None


@pytest.mark.parametrize(
    ("beside", "words"),
    [
        ({"is_partial": True}, "is_partial"),
        ({"incomplete_results": True}, "incomplete_results"),
        ({"state": "QUEUED"}, "QUEUED"),
        ({"meta": {"status": "RUNNING"}}, "RUNNING"),
        ({"_shards": {"total": 5, "failed": 2}}, "2 of 5 shards failed"),
        ({"error": "a store\ntimed out"}, "a store"),
        ({"errors": [{"message": "a store timed out"}]}, "a store timed out"),
        ({"hasNextPage": True}, "next page"),
        ({"nextUri": "http://web/2"}, "next page"),
    ],
)
def test_states_that_say_that_rows_are_missing(beside, words):
    note = note_of(load({"items": AB, **beside}))
    assert note is not None and words in note and note.isprintable()


@pytest.mark.parametrize(
    "beside", [{"is_partial": False}, {"state": "FINISHED"}, {"error": None, "errors": []}, {"_shards": {"failed": 0}}]
)
def test_states_that_say_that_all_is_well(beside):
    assert "complete" not in (note_of(load({"items": AB, **beside})) or "")


def test_that_there_is_no_way_to_the_rest_is_said():
    assert "does not say how to ask" in (note_of(load({"items": AB, "total": 57}, limit=ALL)) or "")
    assert note_of(load({"items": AB, "total": 57}, limit=2)) is None
    assert note_of(load({"items": AB, "total": 2}, limit=ALL)) is None


@pytest.mark.parametrize(
    ("path", "document", "headers", "expected"),
    [
        ("/items?per_page=2", AB, [("X-Total", "5")], "/items?per_page=2&page=2"),
        ("/items?page_size=2", {"items": AB, "total": 5}, [], "/items?page_size=2&page=2"),
        ("/items?limit=2", {"items": AB, "total": 5}, [], "/items?limit=2&offset=2"),
        ("/items?limit=9", {"items": AB, "total": 5}, [], None),
        ("/items?limit=2", AB, [], None),
        ("/items?page[size]=2", {"data": AB, "meta": {"total": 5}}, [], "/items?page[size]=2&page%5Bnumber%5D=2"),
        ("/items?page[number]=2", AB, [], "/items?page%5Bnumber%5D=3"),
        ("/api/v1/dags", {"dags": AB, "total_entries": 5}, [], "/api/v1/dags?offset=2"),
        ("/api/v1/dags?limit=2&offset=2", {"dags": AB, "total_entries": 5}, [], "/api/v1/dags?limit=2&offset=4"),
        ("/api/v1/dags?limit=2&offset=3", {"dags": AB, "total_entries": 5}, [], None),
        ("/api/v2.0/projects", AB, [("X-Total-Count", "5")], "/api/v2.0/projects?page=2"),
        ("/projects", AB, [("X-Total-Count", "5")], None),
        ("/projects", AB, [("X-Next-Page", "2")], "/projects?page=2"),
        ("/items", AB, [("X-Next-Cursor", "c/1")], "/items?cursor=c%2F1"),
        ("/items", AB, [("x-ms-continuationtoken", "t")], "/items?continuationToken=t"),
        ("/api/v1/workflows/argo", {"items": AB, "metadata": {"continue": "t"}}, [], "listOptions.continue=t"),
        ("/q", {"data": AB, "nextUri": "http://web:8080/v1/statement/2"}, [], "/v1/statement/2"),
        ("/dags", {"dags": AB, "next_page_token": "t"}, [], "/dags?page_token=t"),
    ],
)
def test_how_to_read_on(path, document, headers, expected):
    found = following(document, *headers, asked=request("shop/web", path))
    if expected is None or found is None:
        assert found is None and expected is None
    else:
        assert (
            found.path_and_query.replace("[", "%5B")
            .replace("]", "%5D")
            .endswith(expected.replace("[", "%5B").replace("]", "%5D"))
        )


def test_a_search_by_post_is_read_on_in_its_body():
    asked = request("shop/web", "/runs/search", body={"experiment": "1"})
    found = following({"runs": AB, "next_page_token": "t"}, asked=asked)
    assert found is not None and found.method == "POST" and isinstance(found.body, bytes)
    assert json.loads(found.body) == {"experiment": "1", "page_token": "t"}
    assert following({"runs": AB, "next_page_token": ""}, asked=asked) is None


@pytest.mark.parametrize(
    ("query", "variables"),
    [
        ("query($c: String) { things(first: 2, after: $c) { edges { node { a } } } }", {"c": "b"}),
        ("{ things(first: 2) { edges { node { a } } } }", None),
    ],
)
def test_graphql_is_read_on_by_a_variable_of_the_query(query, variables):
    things = {"edges": [{"node": row} for row in AB], "pageInfo": {"hasNextPage": True, "endCursor": "b"}}
    found = following({"data": {"things": things}}, asked=request("shop/web", "/graphql", body={"query": query}))
    if variables is None:
        assert found is None
    else:
        assert found is not None and isinstance(found.body, bytes)
        assert json.loads(found.body) == {"query": query, "variables": variables}


def test_a_long_link_header_without_links():
    assert load(AB, ("Link", "<" * 200_000)).notes == ()
    assert load(AB, ("Link", "<a>" + ";" * 100_000 + " " * 100_000)).notes == ()
    assert load(AB, ("Link", "<a>;x" + " " * 200_000 + ', </2>; rel="next"')).notes
