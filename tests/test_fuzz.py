"""Whatever is typed, configured or answered: what comes out is a value, or an error of ours.

The number of examples comes from HYPOTHESIS_EXAMPLES; `.ci/full` takes 10,000 of each. Parsing of targets, requests and
lines has properties beside its own rooms; here it is what reaches a socket, a file or a decoder.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import example, given
from own_cluster import written_kubeconfig
from test_transport import Seen, Server, answered

from kubeaccess_magic import Cluster, credentials, kubeconfig
from kubeaccess_magic.call import Call, Limits
from kubeaccess_magic.discovery import Discovery
from kubeaccess_magic.discovery.api import KubernetesApi
from kubeaccess_magic.errors import KubeAccessError
from kubeaccess_magic.request import Request
from kubeaccess_magic.targets import Target
from kubeaccess_magic.text import HIDDEN, excerpt, redact
from kubeaccess_magic.transport import Pool
from kubeaccess_magic.ways import ApiServerProxy

LIMITS = Limits(connect_s=5, silence_s=5, total_s=5, max_bytes=2**16)
TARGET = Target.parse("shop/http:web:80").target


class Said:
    """A plain server that answers with `data`, byte for byte, and closes the connection."""

    def __init__(self, folder: Path) -> None:
        self.data = b""
        self.server = Server(self._answer)
        self.file = written_kubeconfig(folder, self.server.url)
        self.cluster = Cluster(kubeconfig=self.file, timeout_s=5)
        context = kubeconfig.choose(kubeconfig=str(self.file))
        self.pool = Pool.for_context(context, credentials.for_context(context))
        self.proxy = ApiServerProxy(self.pool, Discovery(KubernetesApi(self.pool), "default"))

    def _answer(self, seen: Seen, connection: Any) -> None:
        connection.sendall(self.data)


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Said]:
    made = Said(tmp_path_factory.mktemp("said"))
    with made.server, made.cluster:
        yield made
    made.pool.close()


@contextlib.contextmanager
def ours() -> Iterator[None]:
    """Nothing but our errors, each with something to say."""
    try:
        yield
    except KubeAccessError as error:
        assert str(error) and len(str(error)) <= 4000
        assert "\x1b" not in str(error) and "\x00" not in str(error)


# --- what is typed ----------------------------------------------------------------------------------------------------

PIECES = st.sampled_from(
    [
        "svc/",
        "pod/",
        "node/",
        "/",
        ":",
        "https:",
        "http://",
        "https://",
        "web",
        "shop",
        ".svc",
        "80",
        "?",
        "#",
        "%2f",
        "..",
        "/api/v1/",
        "namespaces/",
        "/proxy/",
        "@",
        "[::1]",
        " ",
        "\\",
        "\x00",
        "é",
        "${x}",
        "*",
        "%",
        "%zz",
    ]
)
TYPED = st.one_of(st.text(max_size=40), st.lists(PIECES, max_size=8).map("".join))
NOT_FOUND = answered(
    b'{"kind":"Status","status":"Failure","reason":"NotFound","code":404,"message":"x"}', status="404 Not Found"
)


@given(target=TYPED, path=TYPED, name=st.text(max_size=10), value=st.text(max_size=20))
def test_a_target_a_path_and_a_query(said: Said, target: str, path: str, name: str, value: str) -> None:
    said.data = NOT_FOUND
    with ours():
        said.cluster.url(target, path)
    with ours():
        said.cluster.get(target, path, params={name: value})


@given(name=st.text(max_size=20), value=st.text(max_size=40))
@example(name="X-Ok", value="fine")
@example(name="X-Split", value="a\r\nX-Other: b")
@example(name="X-Fold", value="a\r\n b")
def test_a_header(said: Said, name: str, value: str) -> None:
    said.data = answered(b"{}")
    before = len(said.server.seen)
    with ours():
        request = Request.build("GET", TARGET, "x", headers=[(name, value)])
        said.proxy.open(request, Call(LIMITS)).read(Call(LIMITS))
        (seen,) = said.server.seen[before:]
        # It arrived as one header of that name, and nothing else came with it.
        assert sorted(key.lower() for key, _ in seen.headers) == sorted(
            {"host", "user-agent", "accept-encoding", name.lower()}
        )


# --- what is configured -----------------------------------------------------------------------------------------------

WORDS = st.sampled_from(
    [
        "clusters",
        "users",
        "contexts",
        "current-context",
        "cluster",
        "user",
        "context",
        "name",
        "server",
        "token",
        "as",
        "exec",
        "tokenFile",
        "client-key-data",
        "certificate-authority-data",
        "proxy-url",
        "as-user-extra",
        "as-groups",
        "namespace",
        "auth-provider",
        "kind",
        "apiVersion",
        "https://127.0.0.1:1/x",
        "http://[",
        "c",
        "%",
        "!!",
        "&a",
        "*a",
        "- ",
        "<<",
    ]
)
SCALARS = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=12), WORDS)
TREES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(WORDS, inner, max_size=4)),
    max_leaves=20,
)


def named(kind: str) -> st.SearchStrategy[Any]:
    """Entries as a kubeconfig has them, with anything in them."""
    entry = st.fixed_dictionaries({"name": st.just("c"), kind: st.dictionaries(WORDS, TREES, max_size=4)})
    return st.one_of(st.lists(entry, max_size=2), TREES)


WHOLE = st.fixed_dictionaries(
    {
        "clusters": named("cluster"),
        "users": named("user"),
        "contexts": named("context"),
        "current-context": st.just("c"),
    }
)
CONFIGS = st.one_of(
    WHOLE.map(json.dumps).map(str.encode),
    TREES.map(json.dumps).map(str.encode),
    st.lists(WORDS, max_size=12).map(": ".join).map(str.encode),
    st.text(max_size=80).map(lambda text: text.encode("utf-8", "surrogatepass")),
    st.binary(max_size=80),
)


@given(text=CONFIGS)
@example(text=b"a: &a [*a, *a]")
@example(text=b"{" * 5000)
@example(text=b"[" * 100_000)
@example(text=b"- " * 100_000)
@example(text=b"? " * 100_000)
@example(text=b"".join(b" " * n + b"a:\n" for n in range(300)))
@example(text=(b"[" * 100_000).decode().encode("utf-16"))
@example(text=("- " * 100_000).encode("utf-16"))
@example(text=b'["]", ' * 50_000)
@example(text=b"x: !!python/object/apply:os.system [true]")
def test_a_kubeconfig(tmp_path_factory: pytest.TempPathFactory, text: bytes) -> None:
    file = tmp_path_factory.getbasetemp() / "fuzzed-kubeconfig"
    file.write_bytes(text)
    with ours():
        kubeconfig.contexts(str(file))
    with ours():
        context = kubeconfig.choose(kubeconfig=str(file))
        credential = credentials.for_context(context)
        with Cluster(kubeconfig=file) as cluster:
            assert repr(context) and repr(cluster)
        if "exec" not in str(context.signs_in):  # nothing is run here
            credential.sign(Call())


# --- what is answered -------------------------------------------------------------------------------------------------

LINES = st.sampled_from(
    [
        b"HTTP/1.1 200 OK",
        b"HTTP/1.0 200 OK",
        b"HTTP/1.1 204 No",
        b"HTTP/1.1 304 Same",
        b"HTTP/1.1 103 Hint",
        b"HTTP/1.1 101 Up",
        b"HTTP/1.1 401 No",
        b"HTTP/1.1 302 There",
        b"HTTP/1.1 429 Later",
        b"HTTP/1.1 500 Oops",
        b"HTTP/1.1 999 x",
        b"HTTP/1.1",
        b"",
    ]
)
HEADERS = st.sampled_from(
    [
        b"Content-Length: 5",
        b"Content-Length: 0",
        b"Content-Length: -1",
        b"Content-Length: 5, 5",
        b"Content-Length: x",
        b"Transfer-Encoding: chunked",
        b"Transfer-Encoding: gzip, chunked",
        b"Content-Encoding: gzip",
        b"Content-Encoding: br",
        b"Content-Encoding: deflate, gzip",
        b"Content-Type: application/json",
        b"Content-Type: text/html; charset=utf-7",
        b"Location: /x",
        b"Location: ../../..",
        b"Retry-After: 0",
        b"Retry-After: 99999999999",
        b"Connection: close",
        b": no name",
        b"No colon",
        b" folded",
        b"X: \x1b[31m",
        b"Date: never",
    ]
)
BODIES = st.sampled_from(
    [
        b"5\r\nhello\r\n0\r\n\r\n",
        b"hello",
        b"-1\r\n",
        b"ffffffffffffffff\r\n",
        b"0\r\n",
        b"5;a=b\r\nhello\r\n0\r\nX: y\r\n\r\n",
        b'{"a": 1}',
        b"[" * 5000,
        b"\x1f\x8b\x08",
        b"\x80",
        b"<html>",
        b'{"kind": "Status", "status": "Failure", "code": 401}',
    ]
)


@st.composite
def answers(draw: Any) -> bytes:
    """An answer as servers write them, with a piece of it changed or cut."""
    head = b"\r\n".join([draw(LINES), *draw(st.lists(HEADERS, max_size=4)), b"", b""])
    data = head + b"".join(draw(st.lists(st.one_of(BODIES, st.binary(max_size=20)), max_size=3)))
    at = draw(st.integers(0, max(len(data), 1)))
    change = draw(st.sampled_from(["none", "cut", "put"]))
    if change == "put":
        return data[:at] + draw(st.binary(max_size=4)) + data[at:]
    return data if change == "none" else data[:at]


@given(data=st.one_of(answers(), st.binary(max_size=200)), method=st.sampled_from(["GET", "HEAD", "POST"]))
def test_an_answer(said: Said, data: bytes, method: str) -> None:
    said.data = data
    request = Request.build(method, TARGET, "x")
    with ours():
        reply = said.proxy.open(request, Call(LIMITS)).read(Call(LIMITS))
        assert 100 <= reply.status_code <= 999 and repr(reply) and repr(reply.headers) and reply.text is not None
        shown = reply._repr_mimebundle_()
        assert "\x1b" not in shown["text/plain"] + shown["text/html"]
        with ours():
            reply.json()
        reply.raise_for_status()


@given(
    after=st.one_of(
        st.text(max_size=30), st.integers().map(str), st.datetimes().map(lambda at: f"{at:%a, %d %b %Y %H:%M:%S} GMT")
    )
)
@example(after="Wed, 21 Oct 2015 07:28:00 GMT")
@example(after="-1")
@example(after="1e3")
def test_when_to_come_again(said: Said, after: str) -> None:
    value = after.encode("latin-1", "replace").replace(b"\r", b"").replace(b"\n", b"")
    said.data = b"HTTP/1.1 429 Later\r\nContent-Length: 0\r\nConnection: close\r\nRetry-After: " + value + b"\r\n\r\n"
    limits = Limits(5, 5, 0.5, 1000)
    before = len(said.server.seen)
    with ours():
        assert KubernetesApi(said.pool).call("GET", "/api/v1/x", call=Call(limits)).status_code == 429
    assert len(said.server.seen) - before <= 4


ITEMS = st.recursive(
    st.one_of(SCALARS.filter(lambda one: one == one), st.sampled_from(["metadata", "items", "continue", "ports"])),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.sampled_from(
                ["items", "metadata", "name", "namespace", "spec", "ports", "port", "status", "selector", "continue"]
            ),
            inner,
            max_size=5,
        ),
    ),
    max_leaves=25,
)


READS = ("services", "pods", "user", "resolve")


@given(value=ITEMS, read=st.sampled_from(READS))
@example(value={"items": [{"metadata": {"name": "a"}, "spec": {"ports": [{"port": 2**70}]}}]}, read="services")
def test_an_object_of_the_api_server(said: Said, value: Any, read: str) -> None:
    if isinstance(value, dict) and isinstance(value.get("metadata"), dict):
        value["metadata"].pop("continue", None)  # this server has the same page for ever
    said.data = answered(json.dumps(value).encode(), "Content-Type: application/json", "Connection: close")
    with ours():
        getattr(said.cluster, read)(*(["shop/web"] if read == "resolve" else []))


@given(text=st.text(max_size=200))
def test_hiding_secrets(text: str) -> None:
    assert HIDDEN in redact(f"token={text.split('&')[0].split(' ')[0] or 'x'}")
    shown = excerpt(text, 100)
    assert len(shown) <= 100 and "\x1b" not in shown
