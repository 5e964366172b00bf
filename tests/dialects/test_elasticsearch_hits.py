"""Hits are read fast, and as if each had been read value by value: also where the fast way would lie."""

from __future__ import annotations

import json
from typing import Any

import hypothesis
import pandas as pd
import pytest
from hypothesis import strategies as st

from kubeaccess_magic import dialects
from kubeaccess_magic.dialects import answer, columns
from kubeaccess_magic.dialects.elasticsearch import dialect
from kubeaccess_magic.dialects.elasticsearch.hits import Hits
from kubeaccess_magic.errors import LoadError
from kubeaccess_magic.query import ALL

from .answers import hit, reply, request, search
from .documents import JSON, RECORDS


def slowly(body: bytes) -> pd.DataFrame:
    """The frame of a search, by Python's own values."""
    hits = answer.read_exactly(body)["hits"]["hits"]
    sources = [one.pop("_source") if type(one.get("_source")) is dict else {} for one in hits]
    names = columns.Names()
    told = columns.flatten(hits, names)
    fields = columns.flatten(sources, names, taken_prefix="_source.")
    others = told.pop("_source", [])
    if any(value is not None for value in others):
        told = {"_source": others, **told}
    first = {name: told.pop(name) for name in ("_index", "_id", "_score") if name in told}
    is_number = all(value is None or type(value) in (int, float) for value in first.get("_score", [""]))
    return columns.frame(first | fields | told, len(hits), dates=True, kinds={"_score": "float"} if is_number else {})


def load(body: bytes) -> pd.DataFrame:
    return dialects.load([reply(body, asked=request("shop/es", "_search"))]).frame


def same(body: bytes) -> None:
    pd.testing.assert_frame_equal(load(body), slowly(body))


ORDINARY = [
    hit(
        {
            "at": f"2026-11-01T00:00:{i % 60:02}.{i % 1000:03}Z",
            "n": i,
            "gap": None if i % 7 == 0 else i,
            "ratio": i / 7,
            "ok": i % 3 == 0,
            "k": {"pod": {"name": f"web-{i % 5}"}},
            "tags": ["a"] * (i % 3),
            "message": f"päckchen {i} " + "x" * 120,
        },
        str(i),
        highlight={"message": ["<em>x</em>"]},
    )
    for i in range(1_200)
]
ODD: list[Any] = [
    {"n": "text"},
    {"n": 2**63},
    {"n": 2**53 + 1, "ratio": 2**53 + 1},
    {"ratio": 1},
    {"ratio": -0.0},
    {"at": "2026-11-01"},
    {"at": "9999-12-31T00:00:00Z"},
    {"at": "\ud800"},
    {"k": {}},
    {"k": "text"},
    {"k.pod.name": "dotted", "k": {"pod": {"name": "nested"}}},
    {"_id": "mine", "_index": 1, "highlight": {"message": "mine"}},
    {"tags": [1, "a", {"b": None}]},
    {"new": {"a": [{"b": 1}, {}]}},
    {},
    None,
    "text",
]


@pytest.mark.parametrize("odd", ODD)
def test_one_odd_hit_among_many(odd):
    body = json.dumps(search(*ORDINARY, {**hit(None, "odd"), "_source": odd})).encode()
    same(body)


@pytest.mark.parametrize(("old", "new"), [(b'"n": 5,', b'"n": 5, "n": 6,'), (b'"ratio": 0.0', b'"ratio": 1e400')])
def test_what_json_allows_and_few_expect(old, new):
    body = json.dumps(search(*ORDINARY)).encode()
    assert old in body
    same(body.replace(old, new, 1))


@hypothesis.given(RECORDS, st.lists(JSON, max_size=3), st.sampled_from([None, 1, 2.5]), st.booleans())
def test_any_hits(records, others, score, ensure_ascii):
    hits = [hit(one, str(i), _score=score) for i, one in enumerate(records)]
    hits += [{**hit(None, "x"), "_source": other, "explanation": other} for other in others]
    if hits:
        same(json.dumps(search(*hits), ensure_ascii=True if "\\ud80" in json.dumps(hits) else ensure_ascii).encode())


@pytest.mark.parametrize("separators", [(",", ":"), (", ", ": ")])
@pytest.mark.parametrize("surplus", ["all", "last"])
@pytest.mark.parametrize("place", [["x", 1.5, 7], [1, 7], [None, 7]])
def test_what_a_point_in_time_adds_is_taken_off(separators, surplus, place):
    def page(hits: list[dict[str, Any]]) -> Any:
        return reply(json.dumps(search(*hits), separators=separators).encode())

    left = {"sort": place[:-1]} if surplus == "last" else {}
    source = {"a": ',"sort":[1,2]}', "sort": [1, 2]}
    with_more = page([hit(source, sort=place), hit(source, "2", sort=place, inner_hits={"b": [1]})])
    gathered = Hits(surplus)
    from kubeaccess_magic.dialects.elasticsearch.search import answer_of

    found = answer_of(with_more)
    assert found.hits is not None
    gathered.add(found.hits, with_more)
    expected = load(page([hit(source, **left), hit(source, "2", **left, inner_hits={"b": [1]})]).content)
    pd.testing.assert_frame_equal(gathered.frame(), expected, check_like=True)


def test_pages_are_as_one_answer():
    pages = [ORDINARY[:500], [*ORDINARY[500:1000], hit({"at": "no date", "n": 1.5, "new": [1]})], ORDINARY[1000:]]
    asked = request("shop/es", "_search?size=500&scroll=1m")
    operation = dialect.match(asked)
    assert operation is not None
    reader = operation.reader(ALL)
    conversation = reader.pages(asked)
    next(conversation)
    total = sum(map(len, pages))
    with pytest.raises(StopIteration):
        for page in pages:
            conversation.send(reply(search(*page, total=total, _scroll_id="x"), asked=asked))
        conversation.send(reply({"succeeded": True}, asked=asked))
    whole = json.dumps(search(*(one for page in pages for one in page))).encode()
    pd.testing.assert_frame_equal(reader.table().frame, slowly(whole))


@pytest.mark.parametrize("hits", [[1], [None], [[]]])
def test_hits_that_are_none(hits):
    with pytest.raises(LoadError):
        load(json.dumps({"hits": {"hits": hits}}).encode())
