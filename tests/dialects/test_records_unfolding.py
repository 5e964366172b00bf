"""Rows that lie deeper, and how one is told of them."""

from __future__ import annotations

import re

import pytest

from kubeaccess_magic import dialects
from kubeaccess_magic.dialects.budget import FrameBudget
from kubeaccess_magic.dialects.records.unfolding import unfold
from kubeaccess_magic.errors import LimitExceeded, LoadError
from kubeaccess_magic.query import ALL

from .answers import note_of, reply, rows_of

ORDERS = {
    "shop": "x",
    "orders": [
        {"id": 1, "by": {"name": "ann"}, "lines": [{"sku": "a", "n": 2}, {"sku": "b", "n": 1}]},
        {"id": 2, "by": {"name": "bob"}, "lines": [{"sku": "c", "n": 5, "tags": ["t", "u"]}]},
        {"id": 3, "by": {"name": "eve"}, "lines": []},
    ],
}
LINES = [
    {"sku": "a", "n": 2, "tags": None, "id": 1, "by.name": "ann"},
    {"sku": "b", "n": 1, "tags": None, "id": 1, "by.name": "ann"},
    {"sku": "c", "n": 5, "tags": ["t", "u"], "id": 2, "by.name": "bob"},
]


def load(document, **options):
    return dialects.load([reply(document)], dialect="records", **options)


@pytest.mark.parametrize("where", ["orders.lines", "orders[].lines", "orders[].lines[]", "orders.*.lines"])
def test_rows_in_lists_with_what_stands_beside_them(where):
    assert rows_of(load(ORDERS, rows=where).frame) == LINES


@pytest.mark.parametrize("where", ["lines", "[].lines", "*.lines", "[].lines[]"])
def test_the_same_in_a_list_that_has_no_name(where):
    assert rows_of(load(ORDERS["orders"], rows=where).frame) == LINES


def test_rows_two_lists_down():
    rows = rows_of(load(ORDERS, rows="orders.lines.tags").frame)
    assert rows == [{"value": tag, "sku": "c", "n": 5, "id": 2, "by.name": "bob"} for tag in ("t", "u")]


def test_rows_in_the_objects_of_an_object():
    document = {"pools": {"a": {"size": 1, "members": [{"m": 1}, {"m": 2}]}, "b": {"size": 2, "members": [{"m": 3}]}}}
    rows = rows_of(load(document, rows="pools.*.members").frame)
    assert [(row["m"], row["key"], row["size"]) for row in rows] == [(1, "a", 1), (2, "a", 1), (3, "b", 2)]


def test_a_name_that_a_row_has_itself_is_not_overwritten():
    document = {"traces": [{"id": "t", "n": 1, "spans": [{"id": "s"}, {"x": 1}]}]}
    assert rows_of(load(document, rows="traces.spans").frame) == [
        {"id": "s", "x": None, "traces.id": "t", "n": 1},
        {"id": None, "x": 1, "traces.id": "t", "n": 1},
    ]


def test_an_object_in_each_item():
    rows = rows_of(load(ORDERS, rows="orders[].by").frame)
    assert [(row["name"], row["id"]) for row in rows] == [("ann", 1), ("bob", 2), ("eve", 3)]


def test_no_items_are_no_rows_and_no_such_key_is_an_error():
    assert len(load({"orders": []}, rows="orders.lines").frame) == 0
    with pytest.raises(LoadError, match=r"no rows at 'orders\.nothing'"):
        load(ORDERS, rows="orders.nothing")


def test_long_answers_are_unfolded_alike():
    orders = [{"id": i, "pad": "x" * 100, "lines": [{"n": i}, {"n": -i}]} for i in range(1000)]
    frame = load({"orders": orders}, rows="orders.lines").frame
    assert frame["n"].tolist() == [n for i in range(1000) for n in (i, -i)]
    assert frame["id"].tolist() == [i for i in range(1000) for _ in range(2)]


def test_what_is_repeated_in_each_row_is_bounded():
    parent = {f"k{i}": i for i in range(200)} | {"rows": [{"n": i} for i in range(200)]}
    with pytest.raises(LimitExceeded, match="200 rows × 200 columns"):
        unfold([parent], "rows", FrameBudget(max_cells=10_000))
    assert load([parent], rows="rows").rows == 200


def test_long_answers_have_the_note_too():
    rows = [{"id": i, "pad": "x" * 100, "lines": [{"n": i}]} for i in range(1000)]
    assert note_of(load(rows)) == note_of(load(rows[:2])) == "cells hold lists: --rows [].lines makes one row per item"


def test_a_limit_counts_rows():
    table = load(ORDERS, rows="orders.lines", limit=2)
    assert (table.rows, table.total) == (2, 3)


@pytest.mark.parametrize(
    ("document", "rows"),
    [
        (ORDERS, 3),
        (ORDERS["orders"], 3),
        ({"cluster": {"name": "x", "nodes": [{"a": 1}, {"a": 2}]}}, 2),
        ({"c1": {"state": "RUNNING", "worker": {"id": 1}}}, 1),
        ({"names": ["a", "b"]}, 2),
        ({"request_id": "x", "data": {"keys": ["a", "b", "c"]}}, 3),
        ({"redis": ["a", "b"], "web": [], "db": []}, 3),
    ],
)
def test_the_note_names_the_rows_that_would_unfold(document, rows):
    table = load(document)
    named = re.findall(r"--rows (\S+) ?", (note_of(table) or "").replace("--rows .", ""))
    assert len(load(document, rows=named[-1]).frame) == rows


@pytest.mark.parametrize("document", [[{"a": 1}], {"a": 1, "b": {"c": "x"}}, [{"a": [1, 2]}], [], {}, [1], "x"])
def test_what_needs_no_unfolding_has_no_note(document):
    assert note_of(load(document)) is None


def test_names_from_the_answer_that_could_mislead_are_not_put_into_a_command():
    assert note_of(load({"x": {"y` --into z": [{"a": 1}, {"a": 2}]}})) in (None, note_of(load({"x": {"y": {}}})))


EDGES = [{"cursor": "a", "node": {"n": 1}}, {"cursor": "b", "node": {"n": 2}}]


def connection(key="edges", **more):
    return {"data": {"viewer": {"things": {key: EDGES, "totalCount": 9, **more}}}}


def test_a_connection_of_graphql():
    table = load(connection(pageInfo={"hasNextPage": True, "endCursor": "b"}))
    assert rows_of(table.frame) == [{"cursor": "a", "node.n": 1}, {"cursor": "b", "node.n": 2}]
    assert table.total == 9
    assert rows_of(load(connection("nodes")).frame) == rows_of(table.frame)


def test_errors_of_graphql():
    with pytest.raises(LoadError, match="Cannot query field"):
        load({"errors": [{"message": "Cannot query field 'x'"}], "data": None})
    table = load(connection() | {"errors": [{"message": "the rest is slow"}]})
    assert table.rows == 2 and "the rest is slow" in (note_of(table) or "")


def test_a_part_of_a_connection_that_cannot_be_read_on_says_so():
    table = load(connection(pageInfo={"hasNextPage": True, "endCursor": "b"}), limit=ALL)
    assert (table.rows, table.total) == (2, 9) and "does not say how to ask" in (note_of(table) or "")
