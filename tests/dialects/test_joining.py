"""One reader and many targets: one table, with columns in front that tell the rows apart."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubeaccess_magic import dialects
from kubeaccess_magic.errors import LoadError, Unreachable
from kubeaccess_magic.query import ALL
from kubeaccess_magic.request import Request

from .answers import hit, reply, request, rows_of, search


def prometheus(value: int) -> Any:
    sample = {"metric": {"__name__": "up", "pod": "in the answer"}, "value": [1700000000, str(value)]}
    return {"status": "success", "data": {"resultType": "vector", "result": [sample]}}


def kubernetes(value: int) -> Any:
    items = [{"metadata": {"name": f"n{value}", "namespace": "shop"}}]
    return {"kind": "ConfigMapList", "apiVersion": "v1", "metadata": {}, "items": items}


FAMILIES = [
    pytest.param("shop/web", "items", lambda value: [{"n": value, "pod": "in the answer"}], "n", id="records"),
    pytest.param("shop/web", "_search", lambda value: search(hit({"n": value, "pod": "x"})), "n", id="elasticsearch"),
    pytest.param("shop/web", "_cat/indices", lambda value: [{"index": f"i{value}"}], "index", id="a table of _cat"),
    pytest.param("shop/web", "api/v1/query?query=up", prometheus, "value", id="prometheus"),
    pytest.param("shop/web", "metrics", lambda value: f'n{{pod="x"}} {value}\n'.encode(), "value", id="exposition"),
    pytest.param("/api/v1/configmaps", None, kubernetes, "name", id="kubernetes"),
]


def answered(asked: Request, body: Any) -> Any:
    return reply(body, "text/plain; version=0.0.4" if isinstance(body, bytes) else "application/json", asked)


@pytest.mark.parametrize(("where", "path", "body", "column"), FAMILIES)
def test_conversations_that_take_turns_make_one_table(where, path, body, column):
    asked = request(where, path)
    operation = dialects.operation_for(answered(asked, body(1)), dialects.match(asked))
    reader = operation.reader(None)
    conversations = [reader.pages(asked, {"pod": f"web-{number}"}) for number in range(3)]
    steps = [next(pages) for pages in conversations]
    for number in (2, 0, 1):
        with pytest.raises(StopIteration):
            conversations[number].send(answered(steps[number].request, body(number)))
    table = reader.table()
    alone = dialects.load([answered(asked, body(number)) for number in range(3)])
    assert next(iter(table.frame)) == "pod" and table.frame["pod"].tolist() == ["web-0", "web-1", "web-2"]
    assert table.frame[column].tolist() == alone.frame[column].tolist()
    assert table.frame[column].dtype == alone.frame[column].dtype
    assert (table.rows, len(table.frame)) == (3, 3)
    exported = [name for name in alone.frame if name == "pod"]
    assert ["exported_pod"] * len(exported) == [name for name in table.frame if name == "exported_pod"]


def test_a_target_with_more_pages_keeps_its_rows_together():
    reader = dialects.named("records").fallback(request()).reader(ALL)
    asked = request("shop/web", "items")
    first, second = reader.pages(asked, {"pod": "a"}), reader.pages(asked, {"pod": "b"})
    next(first)
    next(second)
    step = first.send(reply({"items": [{"n": 1}], "next": "?page=2"}, asked=asked))
    with pytest.raises(StopIteration):
        second.send(reply({"items": [{"n": 3}]}, asked=asked))
    with pytest.raises(StopIteration):
        first.send(reply({"items": [{"n": 2}], "next": None}, asked=step.request))
    assert rows_of(reader.table().frame) == [{"pod": "a", "n": 1}, {"pod": "a", "n": 2}, {"pod": "b", "n": 3}]


def test_a_target_that_fails_spoils_nothing():
    class Reader(dialects.FrameReader):
        def read(self, answer):
            return pd.DataFrame({"n": [1]})

    reader = Reader()
    first, second = reader.pages(request(), {"pod": "a"}), reader.pages(request(), {"pod": "b"})
    next(first)
    next(second)
    with pytest.raises(Unreachable):
        first.throw(Unreachable("no route"))
    with pytest.raises(StopIteration):
        second.send(reply({}))
    assert rows_of(reader.table().frame) == [{"pod": "b", "n": 1}]


def table(data: dict[str, list[Any]], **more: Any) -> dialects.Table:
    frame = pd.DataFrame(data)
    return dialects.Table(frame, len(frame), **more)


def test_values_keep_their_types_where_columns_have_gaps():
    joined = dialects.joined(
        [
            ({}, table({"n": [2**60], "b": [True], "s": ["x"], "f": [1]})),
            ({}, table({"n": [None], "s": ["y"], "f": [1.5]})),
            ({}, table({"t": [pd.Timestamp(0, tz="UTC")]})),
        ]
    ).frame
    assert [str(joined[name].dtype) for name in ("n", "b", "f")] == ["Int64", "boolean", "float64"]
    assert isinstance(joined["t"].dtype, pd.DatetimeTZDtype)
    assert rows_of(joined)[0] == {"n": 2**60, "b": True, "s": "x", "f": 1.0, "t": None}
    whole = dialects.joined([({}, table({"n": [2**60 + 1]})), ({}, table({"n": [0.5]}))]).frame
    assert whole["n"].tolist() == [2**60 + 1, 0.5]


def test_totals_are_added_up_and_notes_are_said_once():
    parts = [
        ({"pod": "a"}, table({"n": [1]}, total=5, has_more=True, notes=("slow", "old"))),
        ({"pod": "b"}, table({"n": [2]}, notes=("slow",))),
    ]
    joined = dialects.joined(parts)
    assert (joined.rows, joined.total, joined.has_more, joined.notes) == (2, 6, True, ("slow", "old"))
    assert joined.shortfall("--limit all") == "2 of 6 rows; --limit all for the rest"


def test_a_column_of_the_answer_is_never_lost_to_a_label():
    frame = pd.DataFrame({"pod": ["a"], "exported_pod": ["b"]})
    labelled = dialects.labelled(frame, {"context": "c", "pod": "web-0"})
    assert rows_of(labelled) == [
        {"context": "c", "pod": "web-0", "exported_exported_pod": "a", "exported_pod": "b"},
    ]


def test_nothing_to_join():
    with pytest.raises(LoadError):
        dialects.joined([])


VALUES = st.sampled_from([None, 1, 2**60, -1, 0.5, True, "x", "", [1], {"a": 1}])


@given(
    st.lists(st.lists(st.dictionaries(st.sampled_from("abc"), VALUES, max_size=3), min_size=1, max_size=3), max_size=4)
)
def test_joined_answers_hold_the_values_of_each(pages):
    answers = [reply(page) for page in pages]
    if not answers:
        return
    loaded = [row for answer in answers for row in rows_of(dialects.load([answer]).frame)]
    joined = rows_of(dialects.load(answers).frame)
    assert [{name: value for name, value in row.items() if value is not None} for row in joined] == [
        {name: value for name, value in row.items() if value is not None} for row in loaded
    ]
