"""Pages of records: where the next one is, whom a link may name, and when it is over."""

from __future__ import annotations

import contextlib
import datetime
import json
from typing import Any

import pytest

from kubeaccess_magic import dialects
from kubeaccess_magic.dialects.records.reader import RecordsReader
from kubeaccess_magic.errors import AppError, LoadError
from kubeaccess_magic.query import ALL
from kubeaccess_magic.reply import Headers, Reply
from kubeaccess_magic.request import Request

from .answers import note_of, request, rows_of

PROXY = "https://api.example.org/api/v1/namespaces/shop/services/web/proxy"
AB = [{"a": 1}, {"a": 2}]


def reply(body: Any, asked: Request, *headers: tuple[str, str], content_type: str = "application/json") -> Reply:
    return Reply(
        status_code=200,
        reason="OK",
        headers=Headers((("Content-Type", content_type), *headers)),
        content=body if isinstance(body, bytes) else json.dumps(body).encode(),
        url=("https://api.example.org" if asked.target.kind == "api" else PROXY)
        + asked.path
        + (f"?{asked.query}" if asked.query else ""),
        elapsed=datetime.timedelta(0),
        request=asked,
        way="proxy",
    )


def following(
    body: Any, *headers: tuple[str, str], path: str = "/items", limit: int | None = ALL, rows: str | None = None
) -> str | None:
    """Path and query of the request after a page, or None."""
    asked = request("shop/web", path)
    pages = RecordsReader(limit, rows=rows).pages(asked)
    assert next(pages).request == asked
    with contextlib.suppress(StopIteration):
        step = pages.send(reply(body, asked, *headers))
        assert (step.request.target, step.request.method, step.has_rows) == (asked.target, "GET", True)
        return step.request.path + (f"?{step.request.query}" if step.request.query else "")
    return None


@pytest.mark.parametrize(
    ("link", "path"),
    [
        ('</items?page=2>; rel="next"', "/items?page=2"),
        ("<?page=2>;rel=next", "/items?page=2"),
        ('<other>; rel="next"', "/other"),
        ('</items?page=9>; rel="last", </items?page=2>; rel="next"', "/items?page=2"),
        ('</a,b;c?x="1">; title="a, \\"<b>\\""; REL="prev NEXT"', "/a,b;c?x=%221%22"),
        ('</items?page=2>; rel="next"; anchor="/elsewhere"', None),
        ('</items?page=2>; rel="prev"; rel="next"', None),
        ('</items?page=2>; rel="nextish"', None),
        ("</items?page=2>", None),
        ("not a link", None),
    ],
)
def test_the_link_header_is_read_by_its_rules(link, path):
    assert following(AB, ("Link", link)) == path


def test_several_link_headers():
    assert following(AB, ("Link", "</items?page=9>; rel=last"), ("Link", "</x>; rel=next")) == "/x"


@pytest.mark.parametrize(
    ("beside", "path"),
    [
        ({"next": "/items?page=2"}, "/items?page=2"),
        ({"next": "?cursor=a%2Bb"}, "/items?cursor=a%2Bb"),
        ({"next": None}, None),
        ({"next": ""}, None),
        ({"@odata.nextLink": "items?$skiptoken=7"}, "/items?$skiptoken=7"),
        ({"links": {"next": "/items?page[number]=2"}}, "/items?page%5Bnumber%5D=2"),
        ({"_links": {"self": {"href": "/items"}, "next": {"href": "/items?page=2"}}}, "/items?page=2"),
        ({"links": [{"rel": "next", "href": "/items/2"}]}, "/items/2"),
        ({"meta": {"next_page_url": "/items?page=2"}}, "/items?page=2"),
        ({"nextPageToken": "t/1"}, "/items?pageToken=t%2F1"),
        ({"paging": {"next_cursor": "c"}}, "/items?cursor=c"),
        ({"nextPageStart": 25, "isLastPage": False}, "/items?start=25"),
        ({"next_page": 2}, "/items?page=2"),
        ({"page": 1, "total_pages": 3}, "/items?page=2"),
        ({"page": 3, "total_pages": 3}, None),
        ({"page": {"number": 0, "totalPages": 2}}, "/items?page=1"),
        ({"page": {"number": 1, "totalPages": 2}}, None),
        ({"offset": 0, "limit": 2, "total": 5}, "/items?offset=2"),
        ({"skip": 2, "limit": 2, "total": 5}, "/items?skip=4"),
        ({"offset": 3, "limit": 2, "total": 5}, None),
        ({"total": 5}, None),
        ({"next": "no url"}, None),
    ],
)
def test_what_an_answer_says_of_its_next_page(beside, path):
    assert following({"items": AB, **beside}) == path


@pytest.mark.parametrize(
    ("asked", "rows", "path"),
    [
        ("/items?page=2", AB, "/items?page=3"),
        ("/items?x=1&offset=4&y=2", AB, "/items?x=1&offset=6&y=2"),
        ("/items?skip=0&limit=2", AB, "/items?skip=2&limit=2"),
        ("/items?start=0&limit=3", AB, None),  # fewer than fit: the last page
        ("/items?page=2", [], None),
        ("/items?page=two", AB, None),
        ("/items", AB, None),
    ],
)
def test_a_page_or_offset_that_was_typed_is_counted_on(asked, rows, path):
    assert following(rows, path=asked) == path


def test_no_page_without_a_limit_and_none_beyond_it():
    assert following({"items": AB, "next": "/2"}, limit=None) is None
    assert following({"items": AB, "next": "/2"}, limit=2) is None
    assert following({"items": AB, "next": "/2"}, limit=3) == "/2"


def test_only_what_a_get_asked_has_a_next_page():
    asked = request("shop/web", "/items", body={})
    pages = RecordsReader(99).pages(asked)
    next(pages)
    with pytest.raises(StopIteration):
        pages.send(reply({"items": AB, "next": "/2"}, asked))


@pytest.mark.parametrize(
    ("url", "path"),
    [
        (PROXY + "/items?page=2", "/items?page=2"),
        ("/api/v1/namespaces/shop/services/web/proxy/items?page=2", "/items?page=2"),
        ("http://web/items?page=2", "/items?page=2"),
        ("http://web.shop.svc.cluster.local:8080/items?page=2", "/items?page=2"),
        ("http://10.1.2.3:8080/items?page=2", "/items?page=2"),
        ("http://localhost:8080/items?page=2#part", "/items?page=2"),
        ("https://evil.example.org/items?page=2", None),
        ("//evil.example.org/items?page=2", None),
        ("http://web.shop.evil.example.org/items", None),
        ("http://8.8.8.8/items", None),
        ("https://api.example.org/api/v1/namespaces/kube-system/secrets", None),
        ("https://api.example.org/api/v1/namespaces/shop/services/other/proxy/items", None),
        (PROXY + "/../../../../../secrets", None),
        ("/items/%2e%2e/%2e%2e/x", None),
        ("http://web:x/items?page=2", "/items?page=2"),
        ("http://[::1/items", None),
        ("/items\r\nX: y", None),
    ],
)
def test_a_next_link_reaches_nothing_but_the_app_that_was_asked(url, path):
    """X1, X2: it may choose path and query below the same target, and what it may not is said."""
    found = following({"items": AB, "next": url})
    assert found == path or (path is None and found is not None and found.startswith("/items"))
    table = dialects.load([reply({"items": AB, "next": url}, request("shop/web", "/items"))])
    if found is None:
        assert note_of(table) and ("which is not asked" in note_of(table) or "not a URL" in note_of(table))
        assert note_of(table).isprintable()


def test_the_api_server_itself_is_never_led_elsewhere():
    asked = request("/version")
    pages = RecordsReader(99).pages(asked)
    next(pages)
    with pytest.raises(StopIteration):
        pages.send(reply({"items": AB, "next": "/api/v1/namespaces/shop/services/web/proxy/x"}, asked))


def walked(answers: dict[str, Any], path: str, limit: int) -> tuple[list[str], dialects.Table]:
    """The requests that were sent, and the table, as `fetch` walks the pages."""
    sent: list[str] = []
    reader = RecordsReader(limit)
    steps = reader.pages(request("shop/web", path))
    with contextlib.suppress(StopIteration):
        step = next(steps)
        while True:
            asked = step.request.path + (f"?{step.request.query}" if step.request.query else "")
            sent.append(asked)
            if asked in answers:
                step = steps.send(reply(answers[asked], step.request))
            else:
                step = steps.throw(AppError("404 Not Found", reply=reply({}, step.request)))
    return sent, reader.table()


def test_pages_are_read_to_the_end_and_joined():
    answers = {
        "/items": {"items": [{"a": 1}, {"a": 2}], "next": "?page=2", "total": 3},
        "/items?page=2": {"items": [{"a": 3, "b": "x"}], "next": None, "total": 3},
    }
    sent, table = walked(answers, "/items", ALL)
    assert sent == ["/items", "/items?page=2"]
    assert rows_of(table.frame) == [{"a": 1, "b": None}, {"a": 2, "b": None}, {"a": 3, "b": "x"}]
    assert (table.rows, table.total, note_of(table)) == (3, 3, None)


def test_a_limit_in_the_midst_of_a_page():
    answers = {f"/items?offset={i}": {"items": [{"a": i}, {"a": i + 1}], "total": 99} for i in range(0, 9, 2)}
    sent, table = walked(answers, "/items?offset=0", 3)
    assert (len(sent), table.frame["a"].tolist(), table.rows, table.total) == (2, [0, 1, 2], 3, 99)


def test_an_app_that_does_not_page_is_noticed():
    same = {"items": AB}
    sent, table = walked({"/items?page=1": same, "/items?page=2": same}, "/items?page=1", 99)
    assert (len(sent), table.rows) == (2, 2)
    assert note_of(table) is not None and "same page again" in note_of(table)


@pytest.mark.parametrize("url", ["/items", "?a=1", "/items?a=1"])
def test_a_page_that_names_itself_is_the_last(url):
    answers = {"/items?a=1": {"items": AB, "next": url}, "/items": {"items": [{"a": 3}], "next": "/items"}}
    sent, table = walked(answers, "/items?a=1", 99)
    assert len(sent) <= 2 and note_of(table) is not None and "the same one" in note_of(table)


def test_a_circle_of_pages_is_left():
    answers = {"/a": {"items": AB, "next": "/b"}, "/b": {"items": [{"a": 3}], "next": "/a"}}
    sent, table = walked(answers, "/a", ALL)
    assert sent == ["/a", "/b"] and table.rows == 3
    assert "was read before" in (note_of(table) or "")


def test_a_page_that_was_only_guessed_may_be_missing():
    _, table = walked({"/items?page=1": {"items": AB}}, "/items?page=1", 99)
    assert table.rows == 2
    with pytest.raises(AppError):
        walked({"/items": {"items": AB, "next": "/gone"}}, "/items", 99)


def test_where_the_rows_are_may_have_to_be_said():
    two = {"lines": AB, "taxes": [{"b": 1}], "next": "/2"}
    assert following(two, rows="lines") == "/2"
    with pytest.raises(LoadError):
        dialects.load([reply(two, request())])
