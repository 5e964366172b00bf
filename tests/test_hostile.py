"""Servers that mean harm: whatever they send is refused within a limit, or shown as the text that it is."""

from __future__ import annotations

import gzip
import json
import pickle
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import waits
from IPython.core.interactiveshell import InteractiveShell
from own_cluster import HOSTILE, written_kubeconfig
from test_transport import Seen, Server, answered
from traitlets.config import Config

from kubeaccess_magic import Cluster, contexts, current
from kubeaccess_magic.errors import (
    AccessDenied,
    AppError,
    CredentialError,
    KubeAccessError,
    LimitExceeded,
    LoadError,
    TimedOut,
    Unreachable,
)
from kubeaccess_magic.magics.overview import Overview
from kubeaccess_magic.text import one_line

PREFIX = "/api/v1/namespaces/shop/services/http:web:80/proxy"
TARGET = "shop/http:web:80"  # as it is sent: nothing is read first
ACTING = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202e]")


@pytest.fixture
def asks(tmp_path: Path) -> Iterator[Callable[..., Cluster]]:
    """A Cluster whose API server is the one given."""
    made: list[Cluster] = []

    def ask(server: Server, **options: Any) -> Cluster:
        made.append(Cluster(kubeconfig=written_kubeconfig(tmp_path, server.url), **options))
        return made[-1]

    yield ask
    for one in made:
        one.close()


def always(data: bytes) -> Callable[[Seen, Any], bytes]:
    return lambda seen, _: data


# --- redirects (T27, T28, X2) -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "location",
    [
        "/api/v1/namespaces/shop/secrets/s",  # T28: what the API server makes of /../../../secrets/s
        f"{PREFIX}/../../../../secrets/s",
        f"{PREFIX}/%2e%2e/%2e%2e/%2e%2e/secrets/s",
        f"{PREFIX}/%252e%252e/%252e%252e/secrets/s",
        "../../../../secrets/s",
        "//{other}/x",
        "http://{other}/x",
        "https://{other}" + PREFIX + "/x",
        "http://127.0.0.1:1@{other}" + PREFIX + "/x",
        "\\\\{other}\\x",
        "ftp://{other}/x",
        "file:///etc/passwd",
        "javascript:alert(1)",
        PREFIX + "/a b",
        PREFIX + "/\x7f",
        "http://[::1",
        "x" * 60_000,
    ],
)
@pytest.mark.parametrize("status", ["302 Found", "307 Temporary Redirect"])
def test_a_redirect_elsewhere_is_shown_and_not_followed(asks: Any, location: str, status: str) -> None:
    with Server(always(answered(b"stolen"))) as other:
        place = location.replace("{other}", f"127.0.0.1:{other.port}")
        with Server(always(answered(b"", f"Location: {place}", status=status))) as server:
            cluster = asks(server)
            if place == "x" * 60_000:  # relative, and so below the prefix: followed, five times
                assert cluster.get(TARGET, "/dir/x").status_code == int(status[:3]) and len(server.seen) == 6
                return
            reply = cluster.get(TARGET, "/dir/x")
            assert reply.status_code == int(status[:3]) and len(server.seen) == 1
            with pytest.raises(LoadError, match="redirects to") as caught:
                cluster.frame(TARGET, "/dir/x")
            assert not ACTING.search(str(caught.value))
        assert not other.accepted


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
def test_only_a_read_follows(asks: Any, method: str) -> None:
    with Server(always(answered(b"", f"Location: {PREFIX}/x", status="307 Temporary Redirect"))) as server:
        assert asks(server).request(method, TARGET, "/x").status_code == 307 and len(server.seen) == 1


def test_a_circle_ends(asks: Any) -> None:
    with Server(always(answered(b"", f"Location: {PREFIX}/x", status="302 Found"))) as server:
        assert asks(server).get(TARGET, "/x").status_code == 302 and len(server.seen) == 6


# --- too much ---------------------------------------------------------------------------------------------------------


def endless(first: bytes, again: bytes) -> Callable[[Seen, Any], None]:
    def answer(seen: Seen, connection: Any) -> None:
        connection.sendall(first)
        while True:
            connection.sendall(again)

    return answer


HEAD = b"HTTP/1.1 200 OK\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
TOO_MUCH: dict[str, tuple[Callable[[Seen, Any], bytes | None], type[KubeAccessError], str]] = {
    "a body": (endless(HEAD + b"\r\n", b"x" * 65536), LimitExceeded, r"larger than 128 KiB \(read 128 KiB"),
    "chunks": (endless(CHUNKED, b"10000\r\n" + b"x" * 65536 + b"\r\n"), LimitExceeded, "larger than 128 KiB"),
    "tiny chunks": (endless(CHUNKED, b"1\r\nx\r\n" * 10_000), LimitExceeded, "larger than 128 KiB"),
    "a chunk of all": (endless(CHUNKED + b"-1\r\n", b"x" * 65536), Unreachable, "middle of the answer"),
    "a chunk's length": (endless(CHUNKED, b"0" * 65536), Unreachable, "middle of the answer"),
    "an extension": (endless(CHUNKED + b"1;", b"x" * 65536), Unreachable, "middle of the answer"),
    "trailers": (endless(CHUNKED + b"0\r\n", b"X-A: b\r\n" * 5000), TimedOut, r"longer than 0\.7 s"),
    "headers": (
        endless(HEAD, b"X-A: b\r\n" * 1000),
        LimitExceeded,
        "head of the answer is too large: got more than 100 headers",
    ),
    "a header": (
        endless(HEAD + b"X-A: ", b"b" * 65536),
        LimitExceeded,
        "head of the answer is too large: got more than 65536 bytes",
    ),
    "a status line": (endless(b"HTTP/1.1 200 ", b"K" * 65536), Unreachable, "does not speak HTTP"),
    "hints": (endless(b"", b"HTTP/1.1 103 Early Hints\r\n\r\n" * 100), TimedOut, r"longer than 0\.7 s"),
    "continues": (endless(b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 100), TimedOut, r"longer than 0\.7 s"),
    "zipped": (
        endless(
            CHUNKED[:-2] + b"Content-Encoding: gzip\r\n\r\n",
            b"%x\r\n%b\r\n" % (len(bomb := gzip.compress(bytes(3_000_000))), bomb),
        ),
        LimitExceeded,
        "larger than 128 KiB",
    ),
    "announced": (
        always(HEAD + b"Content-Length: 99999999999999999999\r\n\r\n"),
        LimitExceeded,
        "announced",
    ),
}


@pytest.mark.parametrize("what", TOO_MUCH)
def test_what_has_no_end_has_one_here(asks: Any, what: str) -> None:
    answer, kind, said = TOO_MUCH[what]
    with Server(answer) as server:
        started = time.monotonic()
        with pytest.raises(kind, match=said) as caught:
            asks(server, max_bytes=2**17).get(TARGET, "/x", timeout_s=0.7 if kind is TimedOut else 20)
        assert type(caught.value) is kind and caught.value.hint
        assert time.monotonic() - started < 15, "it hung"
        assert server.gone.wait(5)


def test_hundred_headers_are_enough(asks: Any) -> None:
    with Server(always(answered(b"{}", *(f"X-{n}: {'y' * 1000}" for n in range(98))))) as server:
        assert len(asks(server).get(TARGET, "/x").headers) == 99


# --- odd framing ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "data",
    [
        b"\x00" * 100,
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"HTTP/1.1 099 Low\r\n\r\n",
        b"HTTP/1.1 -1 Low\r\n\r\n",
        b"HTTP/1.1 abc What\r\n\r\n",
        b"HTTP/9.9 200 OK\r\n\r\n",
        HEAD + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello!",
        CHUNKED + b"zz\r\nhello",
        CHUNKED + b"5\r\nhel",
        HEAD + b"Content-Encoding: gzip\r\nContent-Length: 5\r\n\r\nhello",
        HEAD + b"Content-Encoding: " + b", ".join([b"gzip"] * 500) + b"\r\nContent-Length: 5\r\n\r\nhello",
    ],
)
def test_what_is_no_answer_is_unreachable(asks: Any, data: bytes) -> None:
    def answer(seen: Seen, connection: Any) -> None:
        connection.sendall(data)

    with Server(answer) as server, pytest.raises(Unreachable) as caught:
        asks(server).post(TARGET, "/x", data=b"x")
    assert not ACTING.search(str(caught.value)) and caught.value.hint and len(server.seen) == 1


def test_a_reason_is_bounded_and_harmless(asks: Any) -> None:
    with Server(
        always(f"HTTP/1.1 999 {HOSTILE}{'y' * 60_000}\r\nContent-Length: 2\r\n\r\n[]".encode("latin-1"))
    ) as server:
        reply = asks(server).get(TARGET, "/x")
    shown = [repr(reply), *reply._repr_mimebundle_().values()]
    with pytest.raises(AppError) as caught:
        reply.raise_for_status()
    for text in (*shown, str(caught.value)):
        assert not ACTING.search(text) and len(text) < 3000
    assert "<script" not in shown[2]


# --- what they say ----------------------------------------------------------------------------------------------------


def status(code: int, reason: str, message: str, **details: str) -> bytes:
    told = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "message": message}
    body = json.dumps(told | {"reason": reason, "details": details, "code": code}).encode()
    return answered(body, "Content-Type: application/json", status=f"{code} {reason}")


def test_a_refusal_is_quoted_bounded_and_harmless(asks: Any) -> None:
    with Server(always(status(403, "Forbidden", HOSTILE + "y" * 500_000))) as server:
        cluster = asks(server)
        for ask in (cluster.services, cluster.user, lambda: cluster.frame("/api/v1/pods")):
            with pytest.raises(KubeAccessError) as caught:
                ask()
            for text in (str(caught.value), caught.value.hint or "", str(getattr(caught.value, "role", ""))):
                assert not ACTING.search(text) and len(text) < 5000


@pytest.mark.parametrize(
    ("code", "reason", "message", "details"),
    [
        (401, "Unauthorized", "Unauthorized", {}),
        (
            403,
            "Forbidden",
            'services "http:web:80" is forbidden: User "admin" cannot get resource',
            {"name": "http:web:80", "kind": "services"},
        ),
        (404, "NotFound", 'services "web" not found', {"name": "web", "kind": "services"}),
        (503, "ServiceUnavailable", 'no endpoints available for service "web"', {}),
    ],
)
def test_an_app_that_poses_as_the_api_server_is_not_believed(
    asks: Any, code: int, reason: str, message: str, details: dict[str, str]
) -> None:  # E11: about rights, credentials and objects the API server itself is asked
    allowed = {"kind": "SelfSubjectAccessReview", "status": {"allowed": True}}
    me = {"kind": "SelfSubjectReview", "status": {"userInfo": {"username": "me"}}}
    service = {
        "metadata": {"name": "web", "namespace": "shop"},
        "spec": {"ports": [{"port": 80}], "selector": {"a": "b"}},
    }
    ready = {
        "addresses": ["10.0.0.1"],
        "conditions": {"ready": True},
        "targetRef": {"kind": "Pod", "name": "w", "namespace": "shop"},
    }
    piece = {"metadata": {"name": "w"}, "endpoints": [ready], "ports": [{"name": "", "port": 80}]}

    def answer(seen: Seen, _: Any) -> bytes:
        if "/proxy" in seen.path:
            return status(code, reason, message, **details)
        told: Any = {"items": [piece], "metadata": {}} if "endpointslices" in seen.path else service
        told = {"items": [], "metadata": {}} if seen.path.partition("?")[0].endswith("/pods") else told
        told = me if "selfsubjectreviews" in seen.path else allowed if "selfsubjectaccess" in seen.path else told
        return answered(
            json.dumps(told).encode(),
            "Content-Type: application/json",
            status="201 Created" if "reviews" in seen.path else "200 OK",
        )

    with Server(answer) as server:
        reply = asks(server).get(TARGET, "/x")
        assert reply.status_code == code and reply.json()["message"] == message
        with pytest.raises(AppError):
            reply.raise_for_status()


DEEP = b'{"items":' + b"[" * 200_000 + b"]" * 200_000 + b"}"
ODD = [
    DEEP,
    b"[" * 200_000,
    b"{}",
    b"[]",
    b"null",
    b"3",
    b'"text"',
    b"",
    b"<html>",
    b'{"items": 3}',
    b'{"items": [3]}',
    b'{"items": [{"metadata": []}]}',
    b'{"metadata": {"continue": 7}}',
    b"\xff\xfe",
    b'{"items": [{"spec": {"ports": "x"}}]}',
]


@pytest.mark.parametrize("number", range(len(ODD)))
def test_a_list_that_is_none_is_an_error_of_ours(asks: Any, number: int) -> None:
    data = ODD[number]
    with Server(always(answered(data, "Content-Type: application/json"))) as server:
        cluster = asks(server)
        for ask in (
            cluster.services,
            cluster.pods,
            cluster.nodes,
            cluster.namespaces,
            cluster.info,
            cluster.user,
            lambda: cluster.can("GET", "web"),
            lambda: cluster.get("shop/web"),
            lambda: cluster.frame("/api/v1/services"),
            lambda: cluster.frame(TARGET, "/x"),
            lambda: cluster.get(TARGET, "/x").json(),
        ):
            try:
                ask()
            except KubeAccessError as error:
                assert not isinstance(error, AccessDenied) and len(str(error)) < 1000


# --- the limits are settings ------------------------------------------------------------------------------------------


def test_every_limit_can_be_set_and_says_so(tmp_path: Path) -> None:
    def slow(seen: Seen, connection: Any) -> bytes:
        time.sleep(0.6)
        return answered(json.dumps([{"n": 1}] * 100).encode(), "Content-Type: application/json")

    config = Config()
    config.HistoryManager.enabled = False
    config.KProxyMagics.silence_timeout_s = 0.2  # as in ipython_config.py, before anything is loaded
    InteractiveShell.clear_instance()
    shell = InteractiveShell.instance(config=config)
    try:
        with Server(slow) as server, waits.silence() as (port, _):
            file = written_kubeconfig(tmp_path, server.url)
            told = {"silent": f"https://127.0.0.1:{port}", "c": server.url}
            clusters = [{"name": name, "cluster": {"server": url}} for name, url in told.items()]
            contexts = [{"name": name, "context": {"cluster": name, "user": "u"}} for name in told]
            file.write_text(json.dumps(json.loads(file.read_text()) | {"clusters": clusters, "contexts": contexts}))
            shell.run_cell(f"%load_ext kubeaccess_magic\n%kproxy use --kubeconfig {file};")

            def problem(line: str) -> str:
                error = shell.run_cell(line).error_in_exec
                assert isinstance(error, LimitExceeded | Unreachable), error
                return str(error)

            line = f"%kproxy {TARGET} x"
            assert problem(line) == f"{server.url} sent nothing for 0.2 s (no answer so far)"
            shell.run_cell("%config KProxyMagics.silence_timeout_s = 5\n%config KProxyMagics.timeout_s = 0.3")
            assert problem(line) == "the answer took longer than 0.3 s (no answer so far)"
            shell.run_cell("%config KProxyMagics.timeout_s = 20\n%config KProxyMagics.max_bytes = 100")
            assert problem(line) == "the answer is larger than 100 B (read 0 B, announced 1000 B)"
            shell.run_cell("%config KProxyMagics.max_bytes = 1000\n%config KProxyMagics.connect_timeout_s = 0.3")
            assert len(shell.run_cell(line).result) == 100
            assert problem(f"{line} --context silent") == f"{told['silent']} did not answer within 0.3 s"
            shell.run_cell("%config KProxyMagics.plugin_timeout_s = 0.3\n%kproxy use;")
            program = tmp_path / "plugin"
            program.write_text("#!/bin/sh\nsleep 30\n")
            program.chmod(0o755)
            api = "client.authentication.k8s.io/v1"
            user = {"exec": {"apiVersion": api, "command": str(program), "interactiveMode": "Never"}}
            written_kubeconfig(tmp_path, told["silent"], user)
            error = shell.run_cell(f"{line} --kubeconfig {file} --context c").error_in_exec
            assert isinstance(error, CredentialError) and "took longer than 0.3 s" in str(error)
            assert pickle.loads(pickle.dumps(current())).connect_timeout_s == 0.3
    finally:
        shell.run_cell("%unload_ext kubeaccess_magic")
        InteractiveShell.clear_instance()


# --- a kubeconfig that somebody else wrote ----------------------------------------------------------------------------


def test_a_hostile_kubeconfig_runs_nothing_by_being_listed_and_nothing_in_it_acts(tmp_path: Path) -> None:
    ran = tmp_path / "ran"
    program = tmp_path / "program"
    program.write_text(f"#!/bin/sh\ntouch {ran}\n")
    program.chmod(0o755)
    plugin = {"apiVersion": "client.authentication.k8s.io/v1", "command": str(program), "interactiveMode": "Never"}
    provider = {"name": "gcp", "config": {"cmd-path": str(program), "cmd-args": "x"}}
    users = {"plugin": {"exec": plugin}, HOSTILE: {"token": "canary-token"}, "provider": {"auth-provider": provider}}
    clusters = {HOSTILE: {"server": "https://me:canary-login@127.0.0.1:9"}}
    told = {
        "clusters": [{"name": name, "cluster": cluster} for name, cluster in clusters.items()],
        "users": [{"name": name, "user": user} for name, user in users.items()],
        "contexts": [
            {"name": f"{user}\u202e", "context": {"cluster": HOSTILE, "user": user, "namespace": "default"}}
            for user in users
        ],
        "current-context": "plugin\u202e",
    }
    file = tmp_path / "kubeconfig"
    file.write_text(json.dumps(told))
    listed = contexts(file)
    assert len(listed) == 3
    shown = listed.to_string() + str(listed.to_dict())
    assert not ACTING.search(shown) and "canary" not in shown
    assert "<script" not in listed._repr_html_()
    with Cluster(f"{HOSTILE}\u202e", kubeconfig=file) as another:  # naming one that runs none
        for text in (repr(another), repr(another.context)):
            assert "\x1b" not in text and "canary" not in text
        with pytest.raises(Unreachable) as caught:
            another.get(TARGET)
        assert not ACTING.search(f"{caught.value}{caught.value.hint}")
    assert not ran.exists()


@pytest.mark.parametrize("words", ["EOF", "read: connection reset by peer", "write: broken pipe"])
def test_an_app_that_hangs_up_may_speak_tls_however_the_api_server_noticed(asks: Any, words: str) -> None:  # E8
    message = f"error trying to reach service: write tcp 10.0.0.1:1->10.0.0.2:80: {words}"
    status = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "message": message}
    status |= {"reason": "ServiceUnavailable", "code": 503}
    body = json.dumps(status).encode()
    with Server(always(answered(body, status="503 Service Unavailable"))) as server:
        with pytest.raises(Unreachable) as caught:
            asks(server).post(TARGET, "/x", data="x")
    assert "closed the connection without an answer" in str(caught.value)
    assert "type shop/https:web:80" in caught.value.hint


# --- text that would forge a line of ours (X9) ------------------------------------------------------------------------

FORGED = "web\nsigned in as admin\r\n\u2028    %kproxy evil"


def _lists_titled(title: str) -> Callable[[Seen, Any], bytes]:
    """An API server whose one service and whose user have this title, wherever an API server has free text."""
    labels = {"kubernetes.io/cluster-service": "true", "kubernetes.io/name": title, "app": title}
    item = {
        "metadata": {"name": "web", "namespace": "shop", "labels": labels},
        "spec": {"ports": [{"port": 80, "name": "http"}], "externalIPs": [title]},
        "status": {"loadBalancer": {"ingress": [{"hostname": title}]}},
    }
    body = json.dumps({"kind": "List", "metadata": {}, "items": [item], "status": {"userInfo": {"username": title}}})
    return always(answered(body.encode(), "Content-Type: application/json"))


def test_names_of_a_cluster_forge_no_line_of_the_overview(asks: Callable[..., Cluster]) -> None:
    with Server(_lists_titled(FORGED)) as server:
        overview = Overview(asks(server))
    assert overview.services is not None and len(overview.services) == 1
    shown = repr(overview).splitlines()
    assert not [line for line in shown if line.strip().startswith(("signed in as admin", "%kproxy evil"))]
    assert f"signed in as {one_line(FORGED)}" in shown


@pytest.mark.parametrize("status", [400, 404, 410, 429, 500, 503])
def test_a_message_of_a_cluster_forges_no_line(asks: Callable[..., Cluster], status: int) -> None:
    body = json.dumps({"kind": "Status", "apiVersion": "v1", "message": FORGED, "reason": FORGED, "code": status})
    answer = always(answered(body.encode(), "Content-Type: application/json", status=f"{status} Not"))
    with Server(answer) as server, pytest.raises(KubeAccessError) as failed:
        asks(server).pods()
    for text in (str(failed.value), failed.value.hint or ""):
        assert len(text.splitlines()) <= 1


@pytest.mark.parametrize("location", ["https://elsewhere.example.com/api/v1/pods", "/api/v1/secrets", ""])
def test_a_list_that_redirects_says_so(asks: Callable[..., Cluster], location: str) -> None:
    """No credential follows it, and nobody is told of an answer without items (X2)."""
    headers = [f"Location: {location}"] if location else []
    with Server(always(answered(b"<html>", "Content-Type: text/html", *headers, status="302 Found"))) as server:
        cluster = asks(server)
        for ask in (cluster.pods, cluster.services, cluster.nodes, lambda: cluster.frame("/api/v1/pods")):
            with pytest.raises(LoadError, match="the API server redirects to") as failed:
                ask()
            assert (location or "nowhere") in str(failed.value)
        assert not [seen for seen in server.seen if "secrets" in seen.path]
