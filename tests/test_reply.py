"""Replies and streams: counting against limits, reading text and JSON, and showing themselves without harm."""

from __future__ import annotations

import datetime
import html
import json
import pickle
import re
import time
from collections.abc import Callable
from typing import Any

import pytest

from kubeaccess_magic.call import Call, Limits
from kubeaccess_magic.errors import AppError, KubeAccessError, LimitExceeded, LoadError, TimedOut
from kubeaccess_magic.reply import Headers, Reply, Stream, size_text
from kubeaccess_magic.request import Request
from kubeaccess_magic.targets import Target

REQUEST = Request.build("GET", Target.parse("shop/web").target, "stats")
URL = "https://api.example:6443/api/v1/namespaces/shop/services/web/proxy/stats"


def reply(content: bytes = b"", content_type: str = "", status: int = 200, **more: Any) -> Reply:
    headers = [("Content-Type", content_type)] if content_type else []
    elapsed = datetime.timedelta(milliseconds=12)
    values = {"reason": "OK", "headers": Headers(headers), "url": URL, "elapsed": elapsed, "way": "proxy", **more}
    return Reply(status_code=status, content=content, request=REQUEST, **values)


def stream(pieces: list[bytes], announced: int | None = None, **more: Any) -> tuple[Stream, list[str]]:
    """A stream of these pieces, and a list that holds "closed" once it was closed."""
    left = list(pieces)
    closed: list[str] = []

    def read(count: int) -> bytes:
        if not left:
            return b""
        piece = left.pop(0)
        if len(piece) > count:
            left.insert(0, piece[count:])
        return piece[:count]

    values = {"status_code": 200, "reason": "OK", "headers": Headers(), "started": time.monotonic(), **more}
    made = Stream(
        request=REQUEST,
        url=URL,
        way="proxy",
        read=read,
        close=lambda: closed.append("closed"),
        announced=announced,
        **values,
    )
    return made, closed


def shown(one: Reply) -> tuple[str, str]:
    bundle = one._repr_mimebundle_()
    assert set(bundle) == {"text/plain", "text/html"}  # no application/json: it would be saved whole
    return bundle["text/plain"], bundle["text/html"]


# --- headers ---------------------------------------------------------------------------------------------------------


def test_headers_are_found_in_any_case_and_keep_their_repetitions() -> None:
    headers = Headers([("Cache-Control", "max-age=60"), ("ETag", "x"), ("cache-control", "no-cache")])
    assert headers["CACHE-CONTROL"] == "max-age=60, no-cache" and headers.getall("Cache-Control") == (
        "max-age=60",
        "no-cache",
    )
    assert list(headers) == ["Cache-Control", "ETag"] and len(headers) == 2
    assert "etag" in headers and "x" not in headers and 1 not in headers and headers.get("nothing") is None
    assert headers.getall("nothing") == () and headers.pairs()[2] == ("cache-control", "no-cache")
    assert headers == Headers([("cache-control", "max-age=60"), ("etag", "x"), ("Cache-Control", "no-cache")])
    with pytest.raises(KeyError):
        headers["nothing"]
    with pytest.raises(TypeError):
        hash(headers)
    assert pickle.loads(pickle.dumps(headers)) == headers


def test_the_text_of_headers_tells_no_secret() -> None:
    text = repr(Headers([("Set-Cookie", "session=abc"), ("X-Api-Key", "abc"), ("Date", "today")]))
    assert "abc" not in text and "today" in text


# --- streams ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("announced", [None, 11])
@pytest.mark.parametrize("pieces", [[b"hello world"], [b"hello", b" ", b"world"]])
def test_a_stream_becomes_a_reply_and_is_closed(pieces: list[bytes], announced: int | None) -> None:
    told: list[tuple[int, int | None, str]] = []
    made, closed = stream(pieces, announced, status_code=201, reason="Created")
    got = made.read(Call(progress=lambda *now: told.append(now)))
    assert (got.content, got.status_code, got.reason, got.request, got.way) == (
        b"hello world",
        201,
        "Created",
        REQUEST,
        "proxy",
    )
    assert closed == ["closed"] and told[-1] == (11, announced, "bytes")
    made.close()
    assert closed == ["closed"]


def test_an_empty_body() -> None:
    for announced in (None, 0):
        made, closed = stream([], announced)
        assert made.read(Call()).content == b"" and closed


def test_pieces_come_as_they_arrive_and_leaving_early_closes() -> None:
    made, closed = stream([b"a", b"b", b"c"])
    pieces = made.chunks(Call())
    assert next(pieces) == b"a" and not closed
    pieces.close()  # type: ignore[attr-defined]  # a generator, as an Iterator
    assert closed


def test_a_stream_is_closed_by_with_and_told_by_its_text() -> None:
    made, closed = stream([b"a"])
    with made as same:
        assert same is made and "shop" in repr(made)
    assert closed


@pytest.mark.parametrize(
    ("pieces", "announced", "told"),
    [
        ([b"x"] * 200, 5000, "read 0 B, announced 4.9 KiB"),
        ([b"x" * 60] * 3, None, "read 101 B"),
        ([b"x" * 101], 100, "read 101 B, announced 100 B"),
    ],
)
def test_too_much_is_said_with_what_was_read_and_announced(
    pieces: list[bytes], announced: int | None, told: str
) -> None:
    made, closed = stream(pieces, announced)
    with pytest.raises(LimitExceeded) as caught:
        made.read(Call(Limits(max_bytes=100)))
    assert f"larger than 100 B ({told})" in str(caught.value) and "--limit" in (caught.value.hint or "")
    assert closed and not isinstance(caught.value, TimedOut)


def test_what_was_announced_before_decoding_is_no_length() -> None:
    made, _ = stream([b"x" * 50, b"y" * 50], 20, headers=Headers([("content-encoding", "gzip")]))
    assert len(made.read(Call()).content) == 100


def test_too_long_and_stopped_are_seen_between_pieces() -> None:
    made, closed = stream([b"x", b"y"])
    late = Call(Limits(total_s=0.001))
    time.sleep(0.01)
    with pytest.raises(TimedOut, match=r"longer than 0.001 s \(read 1 B\)"):
        made.read(late)
    assert closed
    call = Call()
    call.stop()
    made, closed = stream([b"x", b"y"], 2)
    with pytest.raises(KubeAccessError, match="stopped: read 1 B, announced 2 B"):
        made.read(call)
    assert closed


# --- text and JSON ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "content_type", "text"),
    [
        ("grün".encode(), "text/plain", "grün"),
        ("grün".encode("latin-1"), "text/plain; charset=ISO-8859-1", "grün"),
        ("grün".encode("latin-1"), "text/plain", "gr\ufffdn"),
        ("\ufeffgrün".encode(), "text/plain; charset=utf-8", "grün"),
        ("grün".encode("utf-16"), "text/plain", "grün"),
        ("grün".encode("utf-32"), "", "grün"),
        ("grün".encode(), "text/plain; charset=no-such-thing", "grün"),
        (b"YWJj", "text/plain; charset=base64", "YWJj"),
        (b"\\x41", "text/plain; charset=unicode_escape", "\\x41"),
        ("grün".encode("cp1252"), 'text/plain; format=flowed; charset="windows-1252"', "grün"),
        (b"", "text/plain", ""),
    ],
)
def test_text_is_read_by_its_charset(content: bytes, content_type: str, text: str) -> None:
    assert reply(content, content_type).text == text


def test_json_keeps_big_numbers_and_any_encoding() -> None:
    assert reply(b'{"n": 123456789012345678901234567890, "x": 1.5}').json() == {
        "n": 123456789012345678901234567890,
        "x": 1.5,
    }
    assert reply('["grün"]'.encode("utf-16")).json() == ["grün"]
    assert reply('\ufeff["grün"]'.encode()).json() == ["grün"]
    assert reply('["grün"]'.encode("latin-1"), "application/json; charset=latin-1").json() == ["grün"]


@pytest.mark.parametrize(
    ("content", "content_type", "told"),
    [
        (
            b'{"a": 1,\n oops}',
            "application/json",
            "not valid JSON: expected a property name in double quotes at line 2, column 2",
        ),
        (b"<!DOCTYPE html><p>log in", "text/html", "is HTML, not JSON"),
        (b"  ", "application/json", "is empty"),
        (b"[" * 100_000, "application/json", "cannot be read as JSON"),
        (b'"\xff"', "application/json", "cannot be read as JSON"),
    ],
)
def test_what_is_no_json_is_an_error_with_its_place(content: bytes, content_type: str, told: str) -> None:
    one = reply(content, content_type)
    with pytest.raises(LoadError, match=told) as caught:
        one.json()
    assert caught.value.reply is one and caught.value.hint


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b'{"a": 1\n"b": 2}', "expected ',' at line 2, column 1"),
        (b'{"a" 1}', "expected ':' at line 1, column 6"),
        (b"[1, oops]", "expected a value at line 1, column 5"),
        (b'["a', "unterminated string at line 1, column 2"),
        (b'["\t"]', "invalid control character at line 1, column 3"),
        (b"{} {}", "extra data at line 1, column 4"),
    ],
)
def test_what_is_wrong_with_json_is_said_in_words(content: bytes, problem: str) -> None:
    with pytest.raises(LoadError) as caught:
        reply(content, "application/json").json()
    assert str(caught.value) == f"the answer is not valid JSON: {problem}"


def test_ok_and_media_type() -> None:
    assert reply(status=399).ok and not reply(status=400).ok
    assert reply(b"", "Application/JSON ; charset=utf-8").media_type == "application/json"
    assert reply().media_type == ""


def test_a_status_of_400_and_above_is_raised_with_a_short_excerpt() -> None:
    fine = reply(status=301)
    assert fine.raise_for_status() is fine
    failed = reply(
        b'{"error":\n   "no such index \x1b[31m"}' + b"x" * 5000, "application/json", 404, reason="Not Found"
    )
    with pytest.raises(AppError, match=r'the app answered 404 Not Found: {"error": "no such index') as caught:
        failed.raise_for_status()
    assert caught.value.reply is failed and len(str(caught.value)) < 300 and "\x1b" not in str(caught.value)
    with pytest.raises(AppError) as caught:
        reply(b"<html><p>oops", "text/html", 500, reason="").raise_for_status()
    assert str(caught.value) == "the app answered 500"


@pytest.mark.parametrize(
    ("error", "said"),
    [
        ({"root_cause": [{"type": "why", "reason": "the query"}], "type": "all", "reason": "failed"}, "why: the query"),
        ({"root_cause": [], "type": "all", "reason": "shards\x1b failed"}, "all: shards"),
        ({"reason": "only this"}, "only this"),
        ("plain words", "plain words"),
        ({"type": 3, "root_cause": [4]}, '{"error": {"type": 3'),
        ({"root_cause": {"a": 1}}, '{"error": {"root_cause"'),
        ([], '{"error": []'),
    ],
)
def test_an_error_of_elasticsearch_is_told_in_its_own_words(error: object, said: str) -> None:
    failed = reply(json.dumps({"error": error, "status": 404}).encode(), "application/json", 404, reason="Not Found")
    with pytest.raises(AppError) as caught:
        failed.raise_for_status()
    assert str(caught.value).startswith(f"the app answered 404 Not Found: {said}"), str(caught.value)
    assert "\x1b" not in str(caught.value)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"status": "error", "errorType": "execution", "error": "query timed out"}, "execution: query timed out"),
        ({"message": "Dashboard not found"}, "Dashboard not found"),
        ({"error": "Not Found", "message": "no such order"}, "Not Found: no such order"),
        ({"error": {"code": 404, "message": "gone"}}, "gone"),
        (["error"], '["error"]'),
        ({"detail": "x"}, '{"detail": "x"}'),
    ],
)
def test_an_error_in_other_forms_is_told_in_its_own_words(body: object, said: str) -> None:
    with pytest.raises(AppError) as caught:
        reply(json.dumps(body).encode(), "application/json", 422, reason="").raise_for_status()
    assert str(caught.value) == f"the app answered 422: {said}"


def test_a_frame_is_made_of_a_good_answer_only() -> None:
    frame = reply(b'[{"a": 1, "b": "x"}, {"a": 2, "b": "y"}]', "application/json").frame()
    assert frame.to_dict("list") == {"a": [1, 2], "b": ["x", "y"]}
    with pytest.raises(AppError):
        reply(b"[]", "application/json", 503).frame()
    with pytest.raises(LoadError):
        reply(b"<html>", "text/html").frame()


def test_a_reply_can_be_pickled_and_not_changed() -> None:
    one = pickle.loads(pickle.dumps(reply(b"x", "text/plain")))
    assert (one.text, one.headers["content-type"], one.request.method) == ("x", "text/plain", "GET")
    with pytest.raises(AttributeError):
        one.status_code = 500


# --- showing ---------------------------------------------------------------------------------------------------------

EVIL = (
    '<script>alert("x")</script><img src=x onerror=y> & '
    "\x1b[31mred\x1b[0m \x07\x9b31m \u202egnp.exe \u2066 \r\nnext\ttab"
)


def acts(text: str) -> list[str]:
    """Characters that would act on a terminal or turn the reading direction."""
    return re.findall("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]", text)


def tags(text: str) -> set[str]:
    return set(re.findall(r"</?([a-z!]+)", text, re.IGNORECASE))


@pytest.mark.parametrize("content_type", ["text/plain", "text/html", "application/json", "", "image/svg+xml", EVIL])
@pytest.mark.parametrize("wrap", [lambda text: text, lambda text: json.dumps({text: [text]}, ensure_ascii=False)])
def test_nothing_that_came_acts_where_it_is_shown(content_type: str, wrap: Callable[[str], str]) -> None:
    headers = Headers([("Content-Type", content_type), ("X-Evil", EVIL), (EVIL, "x"), ("Set-Cookie", "abc")])
    one = reply(wrap(EVIL).encode(), headers=headers, reason=EVIL, url=URL + "?" + EVIL)
    plain, marked = shown(one)
    for text in (plain, marked, repr(one)):
        assert not acts(text)
    assert tags(marked) <= {"div", "strong", "pre", "details", "summary", "span"}
    assert "onerror" not in re.sub(r"&lt;.*?&gt;", "", marked.replace("\n", " "))
    assert "abc" not in marked


def test_no_line_is_forged() -> None:
    forged = "x\n200 OK · text/html\r\n\tGET /\u2028\x85"
    headers = Headers([("Content-Type", forged), (forged, forged)])
    one = reply(b"body", headers=headers, reason=forged, url=f"{URL}?{forged}", status=404)
    plain, _ = shown(one)
    assert plain.split("\n")[2:] == ["body"] and plain.splitlines()[2:] == ["body"]
    with pytest.raises(AppError) as caught:
        one.raise_for_status()
    made, _ = stream([], reason=forged)
    for text in (repr(one), repr(made), str(caught.value)):
        assert len(text.splitlines()) == 1 and "\n" not in text


def test_json_is_shown_on_lines_letter_by_letter() -> None:
    plain, marked = shown(reply(b'{"a":1.50,"b":[],"c":{"d":[1,{}],"e":"x,{y}\\""},"f":null}', "application/json"))
    assert plain.splitlines()[:2] == ["200 OK · application/json · 57 B · 12 ms", f"GET {URL}"]
    assert "\n".join(plain.splitlines()[2:]) == "\n".join(
        [
            "{",
            '  "a": 1.50,',
            '  "b": [],',
            '  "c": {',
            '    "d": [',
            "      1,",
            "      {}",
            "    ],",
            '    "e": "x,{y}\\""',
            "  },",
            '  "f": null',
            "}",
        ]
    )
    assert ">a:</span> 1.50</div>" in marked and ">b:</span> []</div>" in marked


@pytest.mark.parametrize(
    "document",
    [
        {"a": list(range(10_000))},
        [[number] for number in range(10_000)],
        {str(number): {"x": {"y": number}} for number in range(5_000)},
    ],
)
def test_a_tree_is_bounded_and_says_what_it_leaves_out(document: Any) -> None:
    _, marked = shown(reply(json.dumps(document).encode(), "application/json"))
    assert 1_000 < marked.count("padding-left") <= 4_100 and " more; .json() has them all" in marked


def test_a_tree_keeps_numbers_equal_keys_and_depth() -> None:
    _, marked = shown(
        reply(b'{"n": 18446744073709551617.10, "n": 1e400, "deep": ' + b"[" * 90 + b"]" * 90 + b"}", "application/json")
    )
    assert "18446744073709551617.10" in marked and "1e400" in marked and marked.count(">n:</span>") == 2
    assert marked.count("<details") < 70


def test_what_is_no_document_has_no_tree() -> None:
    for content in (b'{"a": ', b"7", b"[]", b"[" * 100_000):
        assert "padding-left" not in shown(reply(content, "application/json"))[1]


@pytest.mark.parametrize(
    "content",
    [
        json.dumps([{"name": "x" * 50, "n": number} for number in range(100_000)]).encode(),
        b"line\n" * 100_000,
        b"x" * 1_000_000,
        b"[" * 100_000,
        b'"' + b"\\" * 100_000,
        b'"' + b'\\"' * 100_000 + b"\\",
        b"{" * 100_000 + b"}" * 100_000,
    ],
    ids=["json", "lines", "one line", "brackets", "backslashes", "quotes", "braces"],
)
@pytest.mark.parametrize("content_type", ["application/json", "text/plain"])
def test_a_large_body_is_shown_bounded(content: bytes, content_type: str) -> None:
    plain, marked = shown(reply(content, content_type))
    assert len(plain) < 6000 and len(plain.splitlines()) <= 43 and len(marked) < 40_000
    assert "the beginning of" in plain.splitlines()[-1]


def test_a_character_that_is_cut_is_left_out() -> None:
    plain, _ = shown(reply("é".encode() * 8192 + b"x", "text/plain"))
    assert "\ufffd" not in plain


def test_binary_is_shown_as_its_size_and_first_bytes() -> None:
    plain, marked = shown(reply(b"\x89PNG\r\n\x1a\n" + bytes(5000), "image/png"))
    assert "4.9 KiB" in plain and "89 50 4e 47" in plain and ".PNG" in plain and "more, binary" in plain
    assert "image/png" in marked and "<img" not in marked
    assert "00 01" in shown(reply(b"\x00\x01", "application/octet-stream"))[0]
    assert shown(reply(b"plain", "application/octet-stream"))[0].endswith("plain")


def test_html_of_an_app_is_shown_as_text() -> None:
    plain, marked = shown(reply(b"<html><body><h1>Grafana</h1></body></html>", "text/html"))
    assert "<h1>Grafana</h1>" in plain and html.escape("<h1>Grafana</h1>") in marked and "<h1>" not in marked


def test_a_calm_look() -> None:
    _, marked = shown(reply(b'{"a": 1}', "application/json"))
    assert "color" not in marked and "<script" not in marked and "<style" not in marked
    plain, _ = shown(reply())
    assert plain == f"200 OK · no media type · 0 B · 12 ms\nGET {URL}"
    assert repr(reply(b"x", "text/plain", elapsed=datetime.timedelta(seconds=2))) == (
        "<Reply 200 OK · text/plain · 1 B · 2.0 s>"
    )


@pytest.mark.parametrize(
    ("count", "text"),
    [(0, "0 B"), (1023, "1023 B"), (1024, "1 KiB"), (2150, "2.1 KiB"), (256 * 2**20, "256 MiB"), (1048575, "1 MiB")],
)
def test_sizes_for_people(count: int, text: str) -> None:
    assert size_text(count) == text
