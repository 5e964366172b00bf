"""Requests: what is typed is what is meant at the other end."""

from __future__ import annotations

import contextlib
import datetime
import decimal
import os
import posixpath
import re
import socketserver
import threading
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl, quote_from_bytes, unquote_to_bytes

import pytest
import urllib3
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from urllib3.util.url import _encode_target, parse_url

from kubeaccess_magic.errors import TargetError
from kubeaccess_magic.request import Request
from kubeaccess_magic.targets import Target
from kubeaccess_magic.ways.proxy import api_path

examples = settings(max_examples=int(os.environ.get("HYPOTHESIS_EXAMPLES", "100")), deadline=None)

WEB = Target(name="web", namespace="shop", port="80")
API = Target(kind="api")
PREFIX = "/api/v1/namespaces/shop/services/web:80/proxy"

# typed, path and query as they are sent
TYPED = [
    (None, "/", ""),
    ("", "/", ""),
    ("/", "/", ""),
    ("_search?q=user:kimchy", "/_search", "q=user:kimchy"),
    ("/_cluster/health?pretty=true", "/_cluster/health", "pretty=true"),
    ("?x=1", "/", "x=1"),
    ("a?", "/a", ""),
    ("a/b/", "/a/b/", ""),
    ("//a//b", "//a//b", ""),
    ("a?b?c=/d?", "/a", "b?c=/d?"),
    ("a#b?c#d", "/a%23b", "c%23d"),
    ("~x!$&'()*+,;=:@-._?~x!$&'()*+,;=:@-._/", "/~x!$&'()*+,;=:@-._", "~x!$&'()*+,;=:@-._/"),
    ('{}"<>|^`[] ?{}"<>|^`[] ', "/%7B%7D%22%3C%3E%7C%5E%60%5B%5D%20", "%7B%7D%22%3C%3E%7C%5E%60%5B%5D%20"),
    ("é?é=😀", "/%C3%A9", "%C3%A9=%F0%9F%98%80"),
    ("%c3%A9%2F?%c3%A9&a%26b=%2B+", "/%c3%A9%2F", "%c3%A9&a%26b=%2B+"),
    ("100%?100%&%zz&%41", "/100%25", "100%25&%25zz&%41"),
    ("a?b\\c\nd\te", "/a", "b%5Cc%0Ad%09e"),
    ('q?query=up{job="a",b=~"c|d"}[5m]', "/q", "query=up%7Bjob=%22a%22,b=~%22c%7Cd%22%7D%5B5m%5D"),
    ("a?../../x", "/a", "../../x"),
]


@pytest.mark.parametrize(("typed", "path", "query"), TYPED)
def test_what_is_typed(typed: str | None, path: str, query: str) -> None:
    request = Request.build("get", WEB, typed)
    assert (request.method, request.path, request.query) == ("GET", path, query)
    assert api_path(request) == PREFIX + path + ("?" + query if query else "")


# brought by the target, typed beside it, path and query
BROUGHT = [
    (None, "x", "/x", ""),
    ("/a", None, "/a", ""),
    ("/a", "", "/a", ""),
    ("/a?x=1", "/", "/a", "x=1"),
    ("/a?x=1", None, "/a", "x=1"),
    ("?x=1", None, "/", "x=1"),
    ("/", "b", "/b", ""),
    ("/a", "b", "/a/b", ""),
    ("/a/", "/b", "/a/b", ""),
    ("/a", "/b/?c", "/a/b/", "c"),
    ("/a", "?c", "/a", "c"),
    ("/a/", "?c", "/a/", "c"),
    ("/", "?c", "/", "c"),
]


@pytest.mark.parametrize(("brought", "typed", "path", "query"), BROUGHT)
def test_a_path_is_appended_below_the_one_brought(
    brought: str | None, typed: str | None, path: str, query: str
) -> None:
    request = Request.build("GET", WEB, typed, path_in_target=brought)
    assert (request.path, request.query) == (path, query)


@pytest.mark.parametrize("typed", ["b", "/b", "?y=1"])
def test_nothing_is_appended_to_a_query_that_was_brought(typed: str) -> None:
    with pytest.raises(TargetError, match="already has a query") as caught:
        Request.build("GET", WEB, typed, path_in_target="/a?x=1")
    assert "-q" in str(caught.value.hint)


PARAMS = [
    ({"query": 'up{a="b"} + 1'}, "query=up%7Ba%3D%22b%22%7D%20%2B%201"),
    ({"a&b=/": "é/?#%41"}, "a%26b%3D%2F=%C3%A9%2F%3F%23%2541"),
    ({"a": 1, "b": 1.5, "c": 1e30, "d": True, "e": False}, "a=1&b=1.5&c=1e%2B30&d=true&e=false"),
    ({"a": None, "b": ""}, "b="),
    ({"match[]": ["x", 1, True]}, "match%5B%5D=x&match%5B%5D=1&match%5B%5D=true"),
    ({"a": [], "b": ("c",), "d": range(2)}, "b=c&d=0&d=1"),
    ([("a", "1"), ("b", "2"), ("a", "3")], "a=1&b=2&a=3"),
    ({"t": datetime.datetime(2026, 1, 2, 3, 4, 5, tzinfo=datetime.UTC)}, "t=2026-01-02T03%3A04%3A05%2B00%3A00"),
    ({"t": datetime.date(2026, 1, 2), "u": datetime.time(3, 4)}, "t=2026-01-02&u=03%3A04%3A00"),
    ({"d": decimal.Decimal("0.10")}, "d=0.10"),
]


@pytest.mark.parametrize(("params", "query"), PARAMS)
def test_params(params: Any, query: str) -> None:
    assert Request.build("GET", WEB, params=params).query == query
    assert Request.build("GET", WEB, "/x?y=%zz", params=params).query == f"y=%25zz&{query}"


def test_numpys_scalars_and_arrays_are_numbers_too() -> None:
    numpy = pytest.importorskip("numpy")
    params = {
        "a": numpy.int64(3),
        "b": numpy.float64(1.5),
        "c": numpy.bool_(True),
        "d": numpy.array([1, 2]),
    }
    assert Request.build("GET", WEB, params=params).query == "a=3&b=1.5&c=true&d=1&d=2"


@pytest.mark.parametrize("value", [{"a": 1}, datetime.timedelta(minutes=1), b"x", object(), [[1]], 1j])
def test_params_without_one_text_form_are_refused(value: object) -> None:
    with pytest.raises(TargetError, match="the query parameter step"):
        Request.build("GET", WEB, params={"step": value})


def test_parameters_are_read_and_replaced() -> None:
    request = Request.build("GET", WEB, "q?a=1&b=%zz+x&a=2&&flag&c=%C3%A9")
    assert request.params() == [("a", "1"), ("b", "%zz x"), ("a", "2"), ("flag", ""), ("c", "é")]
    assert (request.param("a"), request.param("flag"), request.param("none")) == ("1", "", None)
    assert request.with_param("a", "x y").query == "a=x%20y&b=%25zz+x&&flag&c=%C3%A9"
    assert request.with_param("d", [1, 2]).query == request.query + "&d=1&d=2"
    assert request.with_param("c", None).query == "a=1&b=%25zz+x&a=2&&flag"
    assert request.with_params({"a": 3, "e": 4}).query == "a=3&b=%25zz+x&&flag&c=%C3%A9&e=4"
    assert request.without("a", "b", "c", "flag").query == ""
    assert Request.build("GET", WEB).with_param("a", 1).query == "a=1"
    assert Request.build("GET", WEB, "?a%5B%5D=1").with_param("a[]", 2).query == "a%5B%5D=2"
    assert request.with_param("a", 1).path == request.path
    assert request.path_and_query == "/q?a=1&b=%25zz+x&a=2&&flag&c=%C3%A9"
    assert Request.build("GET", WEB, "q").path_and_query == "/q"


def test_headers() -> None:
    headers = {"X-A": " b\tc ", "x-b": "ü"}
    request = Request.build("POST", WEB, headers=headers, body=b"x")
    assert request.headers == (("X-A", "b\tc"), ("x-b", "ü"))
    assert Request.build("GET", WEB, headers=[("A", "1"), ("A", "2")]).headers == (("A", "1"), ("A", "2"))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *((name, "x") for name in ("", "a b", "a:", "é", "a\r\nb", "(a)")),
        *(("a", value) for value in ("x\r\ny: z", "x\n", "\0", "\x1b[1m", "\x7f", "€", "\ud800")),
    ],
)
def test_headers_that_http_cannot_carry(name: str, value: str) -> None:
    with pytest.raises(TargetError):
        Request.build("GET", WEB, headers={name: value})


def test_a_refused_header_is_not_repeated() -> None:
    with pytest.raises(TargetError) as caught:
        Request.build("GET", WEB, headers={"X-Whatever": "hunter2\r\n\r\nx"})
    assert "hunter2" not in f"{caught.value}{caught.value.hint}"


@pytest.mark.parametrize("method", ["", "GE T", "GET\r\n", "GÉT", "GET/"])
def test_methods_that_are_none(method: str) -> None:
    with pytest.raises(TargetError):
        Request.build(method, WEB)


def test_the_api_server_and_nodes_are_only_read() -> None:
    for target in (API, Target(kind="node", name="n1")):
        for method in ("GET", "HEAD", "get"):
            Request.build(method, target, "/x")
        for method in ("POST", "PUT", "PATCH", "DELETE", "OPTIONS", "patch"):
            with pytest.raises(TargetError, match="only asked by GET and HEAD"):
                Request.build(method, target, "/x")
    for method in ("POST", "PUT", "PATCH", "DELETE", "OPTIONS"):
        assert Request.build(method, WEB).method == method


def test_the_path_of_the_api_server_itself() -> None:
    parsed = Target.parse("/apis/apps/v1?x=1")
    request = Request.build("GET", parsed.target, path_in_target=parsed.path)
    assert api_path(request) == "/apis/apps/v1?x=1"
    assert (
        api_path(Request.build("GET", API, "deployments", path_in_target="/apis/apps/v1"))
        == "/apis/apps/v1/deployments"
    )
    with pytest.raises(TargetError):
        Request.build("GET", API, "//x")


def test_an_api_path_that_is_put_together_to_a_proxys_asks_that_target() -> None:
    request = Request.build("POST", API, "web:80/proxy/x?y", path_in_target="/api/v1/namespaces/shop/services")
    assert (request.target, request.path, request.query) == (WEB, "/x", "y")
    assert api_path(request) == f"{PREFIX}/x?y"
    with pytest.raises(TargetError, match="a node"):
        Request.build("POST", API, "/api/v1/nodes/n1/%70roxy/exec")


@pytest.mark.parametrize(
    "path", ["..", "a/../b", "%2e%2e/x", "%252e", "a%2f..", "a\\b", "%5c", "a\nb", "%00", "\ud800"]
)
def test_unsafe_paths_x1(path: str) -> None:
    for target in (WEB, API):
        with pytest.raises(TargetError):
            Request.build("GET", target, path)
        with pytest.raises(TargetError):
            Request.build("GET", target, "x", path_in_target=f"/{path}")


def test_half_a_surrogate_pair_is_no_text() -> None:
    for refused in ({"path": "?\ud800"}, {"params": {"a": "\ud800"}}, {"params": {"\udfff": 1}}):
        with pytest.raises(TargetError, match="surrogate"):
            Request.build("GET", WEB, **refused)


def test_a_request_made_by_hand_is_checked_too() -> None:
    Request("GET", WEB, "/a%20b", "c=%20")
    for parts in (("get", WEB, "/"), ("GET", WEB, ""), ("GET", WEB, "a"), ("GET", WEB, "/a b"), ("GET", WEB, "/", "é")):
        with pytest.raises(TargetError):
            Request(*parts)
    with pytest.raises(TargetError):
        Request("GET", WEB, "/../x")


def test_the_repr_tells_no_secrets_and_no_body() -> None:
    request = Request.build(
        "POST", WEB, "x?token=hunter2&a=1", headers={"X-Api-Key": "hunter2", "Accept": "a/b"}, body=b"hunter2" * 3
    )
    assert "hunter2" not in repr(request)
    for part in ("POST shop/web:80 /x?", "a=1", "a/b", "21 bytes"):
        assert part in repr(request)
    assert repr(Request.build("GET", WEB)) == "<Request GET shop/web:80 />"


# What the API server makes of the path: it decodes, cleans and encodes again (T3-T9).


def backend_path(sent: str) -> str:
    """What the app gets for a path that was sent after ``/proxy``."""
    decoded = unquote_to_bytes(sent)
    cleaned = posixpath.normpath(b"/" + decoded.lstrip(b"/"))
    if decoded.endswith(b"/") and cleaned != b"/":
        cleaned += b"/"
    return quote_from_bytes(cleaned, safe="/~$&+,:;=@")


@pytest.mark.parametrize(
    ("rule", "sent", "received"),
    [
        ("T3", "/", "/"),
        ("T3", "/a/b/", "/a/b/"),
        ("T4", "//a", "/a"),
        ("T4", "/a//b", "/a/b"),
        ("T6", "/a%2Fb", "/a/b"),
        ("T6", "/a%252Fb", "/a%252Fb"),
        ("T7", "/a;b=1/c", "/a;b=1/c"),
        ("T7", "/a%3Bb", "/a;b"),
        ("T8", "/a%20b", "/a%20b"),
        ("T8", "/a+b", "/a+b"),
        ("T8", "/a%3Fb", "/a%3Fb"),
        ("T8", "/a%23b", "/a%23b"),
        ("T8", "/a%25b", "/a%25b"),
        ("T8", "/~x!$&'()*,=", "/~x%21$&%27%28%29%2A,="),
        ("T8", "/é", "/%C3%A9"),
    ],
)
def test_the_model_of_the_api_server(rule: str, sent: str, received: str) -> None:
    assert backend_path(sent) == received
    assert backend_path(Request.build("GET", WEB, sent).path) == received


texts = st.text() | st.lists(
    st.sampled_from([*"/?#%&=+;. \\[]{}\"'é€😀a0F", *"%41 %2F %3f %26 %3D %2B %C3%A9 %ff %25 .. x=".split()])
    | st.characters(),
    max_size=14,
).map("".join)


def unsafe(path: str) -> bool:
    """Whether a path is one that has to be refused (X1), told in another way than the code tells it."""
    try:
        data = path.encode()
    except UnicodeEncodeError:
        return True
    for _ in range(len(path)):
        data = unquote_to_bytes(data)
    text = data.decode(errors="surrogateescape")
    return bool(re.search(r"[\x00-\x1f\x7f-\x9f\\]|(^|/)\.\.?(/|$)", text))


def means_the_same(typed: str, sent: str) -> bool:
    """Whether two queries are the same to any reader: of bytes, of pairs, of pairs between semicolons."""
    return unquote_to_bytes(typed) == unquote_to_bytes(sent) and all(
        parse_qsl(typed, separator=separator, keep_blank_values=True, errors="surrogateescape")
        == parse_qsl(sent, separator=separator, keep_blank_values=True, errors="surrogateescape")
        for separator in "&;"
    )


@examples
@given(texts)
@example("%4%31?%4%31")
@example("%%41?%%41")
def test_path_and_query_mean_the_same_at_the_other_end(typed: str) -> None:
    path, _, query = typed.partition("?")
    try:
        request = Request.build("GET", WEB, typed)
    except TargetError:
        assert unsafe(path) or not query.isascii()
        return
    assert not unsafe(path)
    words = f"/{path.removeprefix('/')}".split("/")
    assert [unquote_to_bytes(word) for word in words] == [unquote_to_bytes(word) for word in request.path.split("/")]
    assert means_the_same(query, request.query)
    decoded = unquote_to_bytes(request.path)
    assert unquote_to_bytes(backend_path(request.path)) == re.sub(b"//+", b"/", decoded)
    # What Go's parser would answer with 400: none of it is left.
    assert re.fullmatch(r"(?:[!$&-;=?-Z_a-z~]|%[0-9A-Fa-f]{2})+", api_path(request))
    assert api_path(request).startswith(f"{PREFIX}/")
    # Typing what was sent sends it again.
    assert Request.build("GET", WEB, api_path(request).removeprefix(PREFIX)) == request


@examples
@given(texts, st.sampled_from(["http://web.shop:80", f"https://10.0.0.1:6443/k8s/clusters/c1{PREFIX}", PREFIX]))
def test_a_pasted_url_brings_its_path_and_query(typed: str, before: str) -> None:
    text = f"{before}/{typed}"
    try:
        expected = Request.build("GET", WEB, typed)
    except TargetError:
        with pytest.raises(TargetError):
            parsed = Target.parse(text)
            Request.build("GET", parsed.target, path_in_target=parsed.path)
        return
    parsed = Target.parse(text)
    request = Request.build("GET", parsed.target, path_in_target=parsed.path)
    assert request.target.with_scheme("") == WEB
    assert (request.path.lstrip("/"), request.query) == (expected.path.lstrip("/"), expected.query)


@examples
@given(st.lists(st.tuples(st.text(), st.text())))
def test_params_arrive_as_they_are(params: list[tuple[str, str]]) -> None:
    try:
        request = Request.build("GET", WEB, params=params)
    except TargetError:
        assert any(re.search("[\ud800-\udfff]", name + value) for name, value in params)
        return
    assert parse_qsl(request.query, keep_blank_values=True) == params
    assert request.params() == params
    for name, value in params:
        replaced = request.with_param(name, value + "x")
        assert replaced.param(name) == value + "x"
        assert [pair for pair in replaced.params() if pair[0] != name] == [pair for pair in params if pair[0] != name]


# What is really sent, by the client that sends it, to a server that sees the request line.


class RequestLines(socketserver.StreamRequestHandler):
    timeout = 10
    server: LineServer

    def handle(self) -> None:
        while line := self.rfile.readline():
            self.server.lines.append(line)
            with contextlib.suppress(StopIteration):
                next(header for header in iter(self.rfile.readline, b"") if header == b"\r\n")
            self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")


class LineServer(socketserver.ThreadingTCPServer):
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), RequestLines)
        self.lines: list[bytes] = []


@pytest.fixture(scope="module")
def server() -> Iterator[LineServer]:
    with LineServer() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join(10)


@pytest.fixture(scope="module")
def pool(server: LineServer) -> Iterator[urllib3.HTTPConnectionPool]:
    with urllib3.HTTPConnectionPool("127.0.0.1", server.server_address[1], maxsize=1, timeout=10) as pool:
        yield pool


def upper_escapes(text: str) -> str:
    return re.sub("%[0-9A-Fa-f]{2}", lambda found: found[0].upper(), text)


@examples
@given(texts, st.lists(st.tuples(texts, texts), max_size=2), st.sampled_from(["GET", "POST"]))
@example("%c3%a9/100%?x=%zz&y=%41", [], "GET")
@example("//a//b/", [("a[]", "b c")], "GET")
def test_what_is_shown_is_what_is_sent(
    server: LineServer, pool: urllib3.HTTPConnectionPool, typed: str, params: list[tuple[str, str]], method: str
) -> None:
    try:
        request = Request.build(method, WEB, typed, params=params)
    except TargetError:
        assume(False)
    shown = api_path(request)
    assert str(_encode_target(shown)) == upper_escapes(shown)
    assert parse_url(f"https://10.0.0.1{shown}").request_uri == upper_escapes(shown)
    server.lines.clear()
    pool.urlopen(method, shown, redirect=False, retries=False)
    [line] = server.lines
    sent_method, sent, version = line.decode("ascii").split(" ")
    assert (sent_method, version) == (method, "HTTP/1.1\r\n")
    assert sent == upper_escapes(shown)
    sent_path, _, sent_query = sent.partition("?")
    typed_path, _, typed_query = typed.partition("?")
    assert unquote_to_bytes(sent_path) == f"{PREFIX}/".encode() + unquote_to_bytes(typed_path.removeprefix("/"))
    pairs = parse_qsl(sent_query, keep_blank_values=True, errors="surrogateescape")
    typed_pairs = parse_qsl(typed_query, keep_blank_values=True, errors="surrogateescape")
    assert pairs == typed_pairs + params
