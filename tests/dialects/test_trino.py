"""Statements of Trino: pages, types, errors, and what is cancelled."""

from __future__ import annotations

import contextlib
from decimal import Decimal
from typing import Any

import pytest

from kubeaccess_magic import dialects
from kubeaccess_magic.dialects import NoMore, Table
from kubeaccess_magic.errors import LoadError
from kubeaccess_magic.query import ALL
from kubeaccess_magic.request import Request

from .answers import note_of, reading, reply, request

HEADERS = {"X-Trino-User": "me", "Content-Type": "text/plain"}
STATEMENT = Request.build("POST", request("db/trino").target, "v1/statement", headers=HEADERS, body=b"select 1")
COLUMNS = [
    {"name": "id", "type": "bigint"},
    {"name": "price", "type": "decimal(38,2)"},
    {"name": "share", "type": "double"},
    {"name": "at", "type": "timestamp(3) with time zone"},
    {"name": "at", "type": "varchar(10)"},
]
ROWS = [[2**53 + 1, "1.10", "NaN", "2026-11-01 01:00:00.000 Europe/Berlin", "7"], [None, None, 1, None, None]]


def page(number: int | None, state: str = "RUNNING", **more: Any) -> dict[str, Any]:
    """A page; the number is that of the next one."""
    following = {} if number is None else {"nextUri": f"https://trino.example.org/v1/statement/executing/q/y/{number}"}
    return {"id": "q", "infoUri": "http://trino/ui/query.html?q", **following, "stats": {"state": state}, **more}


PAGES = [
    page(1, "QUEUED"),
    page(2, "PLANNING"),
    page(3, columns=COLUMNS),
    page(4, columns=COLUMNS, data=ROWS),
    page(5, columns=COLUMNS, data=ROWS),
    page(None, "FINISHED", columns=COLUMNS),
]


def walked(pages: list[dict[str, Any]], limit: int | None, stops_at: int | None = None) -> tuple[list[str], Table]:
    """What is sent, and the table."""
    operation = dialects.match(STATEMENT)
    assert operation is not None
    reader, sent = operation.reader(limit), []
    steps = reader.pages(operation.prepare(limit))
    with contextlib.suppress(StopIteration, NoMore):
        step = next(steps)
        for number, document in enumerate([*pages, {}]):
            sent.append(f"{step.request.method} {step.request.path}")
            assert (step.request.body is not None) == (step.request.method == "POST")
            assert step.request.target == STATEMENT.target
            assert dict(step.request.headers)["X-Trino-User"] == "me"
            step = (
                steps.throw(NoMore("enough")) if number == stops_at else steps.send(reply(document, asked=step.request))
            )
        sent.append(f"{step.request.method} {step.request.path}")
    return sent, reader.table()


def test_all_pages_are_read():
    sent, table = walked(PAGES, ALL)
    assert sent == ["POST /v1/statement", *(f"GET /v1/statement/executing/q/y/{number}" for number in range(1, 6))]
    assert (table.rows, table.total, note_of(table)) == (4, None, None)


def test_columns_have_the_types_that_are_stated():
    frame = walked(PAGES, ALL)[1].frame
    assert {name: str(dtype) for name, dtype in frame.dtypes.items() if name != "at_2"} == {
        "id": "Int64",
        "price": "object",
        "share": "float64",
        "at": "datetime64[us, UTC]",
    }
    assert frame["id"][0] == 2**53 + 1 and frame["price"][0] == Decimal("1.10") and frame["at_2"][0] == "7"
    assert str(frame["at"][0]) == "2026-11-01 00:00:00+00:00"


def test_no_rows_have_their_columns():
    frame = walked([page(None, "FINISHED", columns=COLUMNS)], ALL)[1].frame
    assert len(frame) == 0 and list(frame.columns) == ["id", "price", "share", "at", "at_2"]


def test_without_a_limit_one_answer_is_shown_and_says_what_it_is():
    sent, table = walked(PAGES, None)
    assert sent == ["POST /v1/statement"] and table.rows == 0
    assert note_of(table) == "the query is QUEUED, and has a next page; --limit N or --limit all reads on"


def test_what_is_not_wanted_is_cancelled():
    sent, table = walked(PAGES, 1)
    assert sent[-1] == "DELETE /v1/statement/executing/q/y/4"
    assert table.shortfall("x") == "1 of at least 3 rows; x for the rest"


def test_an_interrupt_cancels():
    sent, table = walked(PAGES, ALL, stops_at=4)
    assert sent[-1] == "DELETE /v1/statement/executing/q/y/4" and table.rows == 2


def test_a_query_that_fails():
    failed = page(None, "FAILED", error={"message": "line 1:8: Column 'x' cannot be resolved", "errorCode": 47})
    with pytest.raises(LoadError, match="Column 'x' cannot be resolved"):
        walked([PAGES[0], failed], ALL)


def test_pages_are_recognized():
    assert reading(reply(PAGES[3])) == "trino"
    assert reading(reply(PAGES[3], asked=request("db/trino", "v1/statement/executing/q/y/3"))) == "trino"
    assert reading(reply([{"infoUri": "x"}])) == "records"
    with pytest.raises(LoadError, match="not an answer of Trino"):
        dialects.load([reply([1])], dialect="trino")


@pytest.mark.parametrize("link", ["/../../../secrets", "/api/v1/namespaces/kube-system/services/x/proxy/v1"])
def test_a_link_stays_at_the_app_that_was_asked(link):
    sent, _ = walked([page(1) | {"nextUri": link}], ALL)
    assert sent[0] == "POST /v1/statement" and len(sent) <= 2
