"""What cannot be, and what the API server or the app refuses: the error, its words, and whether its hint is true."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest
from preparing import prepared

from kubeaccess_magic import Cluster
from kubeaccess_magic.errors import (
    AppError,
    CredentialError,
    KubeAccessError,
    LoadError,
    NotFound,
    TargetError,
    Unreachable,
)

from .control_plane import Real

AsUser = Callable[[str], Cluster]


def refused(ask: Callable[[], Any], kind: type[KubeAccessError]) -> KubeAccessError:
    with pytest.raises(kind) as caught:
        ask()
    assert type(caught.value) is kind
    assert "\n" not in str(caught.value) and "\n" not in (caught.value.hint or "")
    return caught.value


def to_type(error: KubeAccessError) -> list[str]:
    """The targets that a hint says to type."""
    found = re.search(r"(?:type|is it) (\S+(?: or \S+)*)", error.hint or "", re.IGNORECASE)
    return [word.strip("`.,?") for word in found[1].split(" or ")] if found else []


# --- services: what is behind them (S1 to S13) ------------------------------------------------------------------------

MISSING = r"no service is called \S+ in the namespace demo"
NO_PODS = r"no pod matches the selector of demo/\S+ \(app=\S+\)"
NOT_READY = r"the only pod behind demo/noready(:80)? is not ready: unready-0 \(not ready\)"
OUTSIDE = r"is an ExternalName for example\.invalid"
BY_HAND = r"has endpoints without pods behind them"
NO_SLICES = r"pods of demo/endpointsonly(:80)? are ready, but no endpoints of it are"
NO_OLD = r"demo/sliceonly(:80)? has EndpointSlices but no Endpoints"
NO_TARGET_PORT = r"the pods behind demo/wrongtarget(:80)? have no port nope"

BEHIND = [  # target, what is said, in which generation
    ("nosuch", MISSING, "both"),
    ("nosuch:80", MISSING, "both"),
    ("https:nosuch:http", MISSING, "both"),
    ("noendpoints", NO_PODS, "both"),
    ("noendpoints:80", NO_PODS, "both"),
    ("nomatch", NO_PODS, "both"),
    ("nomatch:80", NO_PODS, "both"),
    ("noready", NOT_READY, "both"),
    ("noready:80", NOT_READY, "both"),
    ("external", OUTSIDE, "both"),
    ("external:80", OUTSIDE, "both"),
    ("manual", BY_HAND, "both"),
    ("manual:80", BY_HAND, "both"),
    ("wrongtarget", NO_TARGET_PORT, "both"),
    ("wrongtarget:80", NO_TARGET_PORT, "both"),
    ("endpointsonly", NO_SLICES, "1.37"),
    ("endpointsonly:80", NO_SLICES, "1.37"),
    ("sliceonly", NO_OLD, "1.36"),
    ("sliceonly:80", NO_OLD, "1.36"),
]


@pytest.mark.parametrize(("target", "said", "generation"), BEHIND)
@pytest.mark.parametrize("method", ["GET", "POST", "HEAD"])
def test_a_service_with_nothing_usable_behind_it(
    real: Real, cluster: Cluster, target: str, said: str, generation: str, method: str
) -> None:
    # S3, S10 to S13: the API server's own words mislead, so the objects are looked at. A HEAD has no words at all.
    if generation not in ("both", real.generation):
        assert cluster.request(method, target, "/x").ok
        return
    error = refused(lambda: cluster.request(method, target, "/x"), NotFound)
    assert re.search(said, str(error)), str(error)
    assert error.hint
    assert isinstance(error, LookupError)
    assert real.seen == []


def test_the_nearest_names_of_a_service_that_is_not_there(cluster: Cluster) -> None:
    error = refused(lambda: cluster.get("wbe"), NotFound)
    assert "demo/web" in to_type(error)
    for line in to_type(error):
        assert cluster.get(line).ok
    assert "`%kproxy services -n demo` lists all" in (error.hint or "")
    assert "none at all" in str(refused(lambda: cluster.get("empty/web"), NotFound))
    assert "none at all" in str(refused(lambda: cluster.get("nosuchnamespace/web"), NotFound))


@pytest.mark.parametrize(
    "target", ["web:81", "web:nope", "named:81", "named:web", "tls:80", "multi:82", "several:http"]
)
@pytest.mark.parametrize("method", ["GET", "POST", "HEAD"])
def test_a_port_that_the_service_has_not(real: Real, cluster: Cluster, target: str, method: str) -> None:
    error = refused(lambda: cluster.request(method, target), NotFound)  # S1, S4
    name, port = target.split(":")
    assert re.fullmatch(rf"demo/{name} has ports? .*, not {port}", str(error))
    assert to_type(error)
    for line in to_type(error):
        assert cluster.get(line).ok, line
    assert {asked.method for asked in real.seen} == {"GET"}  # those of the lines, nothing before


@pytest.mark.parametrize("target", ["both", "several", "https:several:", "http://several.demo", "kube-system/kube-dns"])
def test_no_port_where_several_could_be_meant(real: Real, cluster: Cluster, target: str) -> None:
    error = refused(lambda: cluster.get(target), NotFound)  # S3: there is no first port
    assert re.search(r"has \d ports, and the API server chooses none", str(error))
    assert to_type(error)
    if "kube-dns" not in target:  # nothing is ready behind that one
        for line in to_type(error):
            cluster.get(line)
        assert len(real.seen) == 2


def test_a_choice_among_ports_is_told(cluster: Cluster) -> None:
    assert prepared(cluster, "GET", "multi").notes == ("port http of demo/multi (others: admin)",)
    assert prepared(cluster, "GET", "web").notes == ()
    assert prepared(cluster, "GET", "multi:http").notes == ()


@pytest.mark.parametrize("target", ["udp", "udp:514", "dns:dns"])
def test_a_port_that_speaks_no_http(real: Real, cluster: Cluster, target: str) -> None:
    error = refused(lambda: cluster.get(target), TargetError)  # C8
    assert "speaks no HTTP" in str(error)
    assert real.seen == []


# --- pods and nodes (D1 to D8) ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("target", "kind", "said"),
    [
        ("pod/nope", NotFound, "no pod is called nope in the namespace demo"),
        ("pod/nope:80", NotFound, "no pod is called nope in the namespace demo"),
        ("pod/nope:http", NotFound, "no pod is called nope in the namespace demo"),
        ("pod/empty/web-0", NotFound, "no pod is called web-0 in the namespace empty"),
        ("pod/pending-0", NotFound, "the pod pending-0 has no address yet"),
        ("pod/pending-0:8080", NotFound, "the pod pending-0 has no address yet"),
        ("pod/pending-0:http", NotFound, "the pod pending-0 has no address yet"),
        ("pod/web-0:nope", NotFound, "the pod web-0 has no port called nope"),
        ("pod/noports-0:web", NotFound, "the pod noports-0 has no port called web"),
        ("node/nope", NotFound, "no node is called nope"),
        ("node/node-1:web", TargetError, "the proxy verb takes a node's port only by its number, not 'web'"),
        ("pod/web-0:+80", TargetError, '"+80" is not a valid port'),  # D2: the API server would panic
        ("pod/web-0:99999", TargetError, '"99999" is not a valid port'),
    ],
)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_pods_and_nodes_that_cannot_be_asked(
    real: Real, cluster: Cluster, target: str, kind: type[KubeAccessError], said: str, method: str
) -> None:
    error = refused(lambda: cluster.request(method, target, "/x"), kind)
    assert str(error) == said
    assert error.hint
    assert real.seen == []


@pytest.mark.parametrize(
    ("target", "address"),
    [
        ("pod/web-0:http", "10.203.0.2:8080"),
        ("pod/web-0:admin", "10.203.0.2:8081"),
        ("pod/web-0:https", "10.203.0.2:8443"),
        ("pod/https:web-1:https", "10.203.0.3:8443"),
    ],
)
def test_the_name_of_a_pods_port_is_looked_up(real: Real, cluster: Cluster, target: str, address: str) -> None:
    assert cluster.get(target).json()["address"] == address  # D2: the API server would not, but hang up
    assert cluster.post(target, data="x").ok
    assert cluster.resolve(target).port == address.split(":")[1]


# --- what the API server cannot reach (E8), and TLS against plain (E9) ------------------------------------------------


@pytest.mark.parametrize(
    ("target", "said"),
    [
        ("dead", "nothing listens behind demo/dead: the connection was refused"),
        ("pod/web-0:9", "nothing listens behind pod/demo/web-0:9: the connection was refused"),
        ("node/node-1:9", "nothing listens behind node/node-1:9: the connection was refused"),
        ("dns:53", "nothing listens behind demo/dns:53: the connection was refused"),  # S5: the UDP port, by TCP
        ("garbage", "what listens behind demo/garbage does not speak HTTP"),
        ("hangup", "demo/hangup closed the connection without an answer"),
        ("web /vanish", "demo/web closed the connection without an answer"),
    ],
)
def test_nothing_that_answers_in_http(cluster: Cluster, target: str, said: str) -> None:
    target, _, path = target.partition(" ")
    error = refused(lambda: cluster.get(target, path or "/"), Unreachable)
    assert str(error) == said
    assert error.hint
    assert isinstance(error, ConnectionError)


@pytest.mark.parametrize(
    ("target", "path"),
    [
        # https to a plain port: one hangs up, others answer 400 in plain
        ("plainastls", "/x"),
        ("https:web:", "/x"),
        ("https:web:80", "/x"),
        ("https:named:http", "/x"),
        ("https://web.demo:80/x", ""),
        ("politeastls", "400"),
        # http to a TLS port: one hangs up, Go's answer 400 (E9)
        ("http:tls:443", "/x"),
        ("http:tlsnamed:https", "/x"),
        ("http://tls.demo.svc/x", ""),
        ("tlsasplain", "/x"),
        ("http:gotlsasplain:http", "/x"),
        ("pod/web-0:8443", "/x"),
        ("pod/https:web-0:8080", "/x"),
    ],
)
def test_the_wrong_one_of_http_and_https(cluster: Cluster, target: str, path: str) -> None:
    error = refused(lambda: cluster.get(target, path or "/"), Unreachable)
    assert re.search(r"speaks? TLS on that port|closed the connection without an answer", str(error))
    [line] = to_type(error)
    if path == "400":  # that listener answers 400 to everything
        assert cluster.get(line, "/x").status_code == 400
    else:
        assert cluster.get(line, "/x").ok, line


def test_a_get_whose_scheme_was_not_typed_goes_on_by_tls(real: Real, cluster: Cluster) -> None:
    reply = cluster.get("gotlsasplain", "/x")  # E9
    assert reply.ok and str(reply.request.target) == "demo/https:gotlsasplain:http" and len(real.seen) == 1
    error = refused(lambda: cluster.post("gotlsasplain", "/x", data="x"), Unreachable)
    assert to_type(error) == ["demo/https:gotlsasplain:http"] and len(real.seen) == 1


def test_a_post_is_sent_once_and_a_get_once_more(real: Real, cluster: Cluster) -> None:
    # The API server itself asks again where its connection to the pod was an old one; so it is counted there.
    refused(lambda: cluster.post("web", "/vanish", data="once"), Unreachable)
    assert len(real.seen) == 1
    real.seen.clear()
    assert cluster.get("web", "/flaky").text == "now\n"


def test_an_answer_that_breaks_off(real: Real, cluster: Cluster) -> None:
    # E10: with a length nothing was passed on yet, and the connection is closed; with chunks a part has come.
    error = refused(lambda: cluster.get("web", "/die"), Unreachable)
    assert "closed the connection without an answer" in str(error)
    assert len(real.seen) == 2  # GET: once more
    real.seen.clear()
    error = refused(lambda: cluster.get("web", "/die?chunked"), Unreachable)
    assert str(error) == "the connection broke in the middle of the answer (read 14 B)"
    assert len(real.seen) == 1  # after an answer has begun nothing is sent again
    real.seen.clear()
    error = refused(lambda: cluster.post("web", "/die", data="x"), Unreachable)
    assert "may have been carried out all the same" in (error.hint or "")
    assert len(real.seen) == 1


# --- the app's own answers are the app's (E11) ------------------------------------------------------------------------


@pytest.mark.parametrize("code", [400, 401, 403, 404, 405, 409, 410, 418, 429, 500, 502, 503, 504])
@pytest.mark.parametrize("method", ["GET", "POST", "HEAD"])
@pytest.mark.parametrize("user", ["admin", "editor"])
def test_the_apps_status_is_the_apps(real: Real, as_user: AsUser, code: int, method: str, user: str) -> None:
    reply = as_user(user).request(method, "web", f"/status/{code}")
    assert (reply.status_code, reply.ok) == (code, False)
    assert len(real.seen) == 1
    with pytest.raises(AppError, match=f"the app answered {code}") as caught:
        reply.raise_for_status()
    assert caught.value.reply is reply
    if method != "HEAD":
        assert f"the app says {code}" in str(caught.value)


@pytest.mark.parametrize("code", [400, 401, 403, 404, 503])
def test_the_apps_status_to_a_head_where_nothing_may_be_read(as_user: AsUser, code: int) -> None:
    # No body tells who refuses; what cannot be borne out is the app's.
    assert as_user("caller").head("web", f"/status/{code}").status_code == code
    assert as_user("narrow").head("web:80", f"/status/{code}").status_code == code


FORBIDDEN = 'services "web" is forbidden: User "admin" cannot get resource "services/proxy" in API group "" in the namespace "demo"'  # fmt: skip  # noqa: E501  # as it is
POSES = [
    (401, "Unauthorized", "Unauthorized", ""),
    (403, "Forbidden", FORBIDDEN, "web"),
    (403, "Forbidden", FORBIDDEN.replace("services", "pods"), "web"),
    (403, "Forbidden", 'users "x" is forbidden: User "admin" cannot impersonate resource "users" in API group ""', "x"),
    (404, "NotFound", 'services "web" not found', "web"),
    (404, "NotFound", 'services "other" not found', "other"),
    (404, "NotFound", "the server could not find the requested resource", ""),
    (503, "ServiceUnavailable", 'no endpoints available for service "web"', ""),
    (503, "ServiceUnavailable", 'no service port 80 found for service "web"', ""),
    (503, "ServiceUnavailable", 'no endpoints available for service "other"', ""),
    (400, "BadRequest", 'invalid service request "web"', ""),
    (400, "BadRequest", "address not allowed", ""),
    (400, "BadRequest", "dryRun is not supported", ""),
    (400, "BadRequest", "Namespace parameter required.", ""),
    (405, "MethodNotAllowed", "the server does not allow this method on the requested resource", ""),
    (410, "Expired", "too old resource version: 1 (2)", ""),
    (429, "TooManyRequests", "Too many requests, please try again later.", ""),
    (500, "InternalError", "an error on the server", ""),
    (504, "Timeout", "Too large resource version: 2, current: 1", ""),
]


@pytest.mark.parametrize(("code", "reason", "message", "name"), POSES)
@pytest.mark.parametrize("method", ["GET", "POST", "HEAD"])
def test_an_app_that_poses_as_the_api_server(
    real: Real, cluster: Cluster, code: int, reason: str, message: str, name: str, method: str
) -> None:
    query = f"code={code}&reason={reason}&message={quote(message)}" + (f"&kind=services&name={name}" if name else "")
    reply = cluster.request(method, "web", f"/pose?{query}")
    assert reply.status_code == code
    # Not believed about rights or credentials, and not asked again; GET and HEAD may be after a 401, once renewed.
    assert len(real.seen) == 1
    with pytest.raises(AppError):
        cluster.frame("web", f"/pose?{query}")


@pytest.mark.parametrize(
    ("code", "reason", "message"),
    [(404, "NotFound", 'pods "web-0" not found'), (400, "BadRequest", "address not allowed")],
)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_pod_that_poses_as_the_api_server(
    cluster: Cluster, code: int, reason: str, message: str, method: str
) -> None:
    query = f"code={code}&reason={reason}&message={quote(message)}&kind=pods&name=web-0"
    assert cluster.request(method, "pod/web-0", f"/pose?{query}").status_code == code


def test_a_failed_connection_is_the_one_pose_that_cannot_be_told_apart(cluster: Cluster) -> None:
    # E8 has no object that could bear it out. Nothing follows from it but these words.
    message = "error trying to reach service: dial tcp 10.203.0.2:8080: connect: connection refused"
    path = f"/pose?code=503&reason=ServiceUnavailable&message={quote(message)}"
    assert "nothing listens behind demo/web" in str(refused(lambda: cluster.get("web", path), Unreachable))
    assert cluster.get("web", f"/say?status=503&type=text/plain&body={quote(message)}").status_code == 503
    assert cluster.head("web", path).status_code == 503  # a HEAD that fails so comes as it is


def test_frames_of_what_is_none(real: Real, cluster: Cluster) -> None:
    for path, said in [
        ("/page", "the answer is a web page"),
        ("/say?body=hello&type=text/plain", r"no dialect can read this answer \(text/plain\)"),
        ("/say?body=", "the answer has no body"),
        ("/say?body={bad", "the answer is not valid JSON: .* at line 1 column 2"),
        ("/status/204", "the answer has no body"),
    ]:
        with pytest.raises(LoadError, match=said) as caught:
            cluster.frame("web", path)
        assert caught.value.reply is not None
        assert "-o " in (caught.value.hint or "")
    for path in ("/status/404", "/protected", "/status/500"):
        with pytest.raises(AppError):
            cluster.frame("web", path)
    assert len(real.seen) == 8


# --- the API server itself --------------------------------------------------------------------------------------------


def test_a_credential_that_is_not_accepted(real: Real, as_user: AsUser) -> None:
    stranger = as_user("a stranger")
    for ask in (
        lambda: stranger.get("web"),
        lambda: stranger.get("web:80"),
        lambda: stranger.head("web:80"),
        lambda: stranger.post("http:web:80", data="x"),
        lambda: stranger.get("pod/web-0"),
        lambda: stranger.get("/api/v1/nodes"),
        lambda: stranger.services(),
        lambda: stranger.services(all_namespaces=True),
        lambda: stranger.can("GET", "web"),
        lambda: stranger.user(),
        lambda: stranger.info(),
    ):
        error = refused(ask, CredentialError)  # E1
        assert str(error) == "the API server does not accept the credential (401 Unauthorized)"
        assert error.hint and real.token("a stranger") not in repr(error)
    assert real.seen == []


def test_what_the_api_server_does_not_have(cluster: Cluster) -> None:
    error = refused(lambda: cluster.get("/api/v1/namespaces/demo/services/nosuch"), NotFound)
    assert str(error) == 'the API server answered 404: services "nosuch" not found'
    for path in ("/apis/nope", "/nope", "/api/v1/nope", "/api/v1/namespaces/demo/nope"):
        refused(lambda path=path: cluster.get(path), NotFound)
        refused(lambda path=path: cluster.frame(path), NotFound)
    assert "-l app=web" in f"{refused(lambda: cluster.services(selector='!!'), TargetError).hint}"


def test_an_api_server_at_another_path(real: Real) -> None:
    elsewhere = Cluster(kubeconfig=real.kubeconfig(server=f"{real.server}/base"))
    for ask in (lambda: elsewhere.services(), lambda: elsewhere.get("web"), lambda: elsewhere.get("/version")):
        error = refused(ask, NotFound)  # E7
        assert "404 page not found" in str(error)
        assert "`server:` of the kubeconfig" in (error.hint or "")


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_an_api_server_that_speaks_otherwise(real: Real, scheme: str) -> None:
    server = "http://192.0.2.1:443" if scheme == "http" else "https://10.203.0.2:8080"
    other = Cluster(kubeconfig=real.kubeconfig(server=server))
    for ask in (lambda: other.get("web"), lambda: other.get("web:80"), lambda: other.services(), lambda: other.user()):
        error = refused(ask, Unreachable)
        assert error.hint
    assert all(asked.header("authorization") is None for asked in real.seen)


def test_an_api_server_that_does_not_answer(real: Real) -> None:
    silent = Cluster(kubeconfig=real.kubeconfig(server=real.silent_server), timeout_s=0.5)
    for ask in (lambda: silent.get("web"), lambda: silent.post("http:web:80", data="x"), lambda: silent.services()):
        error = refused(ask, Unreachable)
        assert re.match(r"https://192\.0\.2\.2 did not answer within 0\.\d+ s", str(error))
        assert "right context" in (error.hint or "")


def test_an_api_server_that_refuses_connections(real: Real) -> None:
    for server in (real.refusing_server, f"{real.server}:9"):
        refusing = Cluster(kubeconfig=real.kubeconfig(server=server))
        for ask in (lambda one=refusing: one.get("web"), lambda one=refusing: one.services()):
            error = refused(ask, Unreachable)
            assert str(error) == f"{server} refuses the connection"
            assert error.__cause__ is not None


def test_an_api_server_that_is_not_trusted(real: Real, tmp_path: Any) -> None:
    import json

    told = json.loads(real.kubeconfig().read_text())
    del told["clusters"][0]["cluster"]["certificate-authority"]
    file = tmp_path / "kubeconfig"
    file.write_text(json.dumps(told))
    with Cluster(kubeconfig=file) as cluster:
        error = refused(lambda: cluster.get("web"), Unreachable)
        assert "https://192.0.2.1 is not trusted" in str(error) and "certificate-authority" in (error.hint or "")
    told["clusters"][0]["cluster"]["insecure-skip-tls-verify"] = True
    file.write_text(json.dumps(told))
    with Cluster(kubeconfig=file) as cluster:
        assert cluster.get("web").ok


# --- what is refused here, before anything is sent --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("target", "path"),
    [
        # targets: N7 to N11, and slips
        *[(text, "/") for text in ("", " ", ":web", ":", "::", "https::443", "WEB", "HTTPS:web:443", "tcp:web:80")],
        *[
            (text, "/")
            for text in ("a:b:c:d", "https:web:443:", "https:svc", "http:web", "web:0", "web:65536", "web:-1")
        ],
        *[
            (text, "/")
            for text in ("web:a b", "we b", "we\nb", "a/b/c/d", "demo/web/x", "web?x=1", "web.demo", "-", "..")
        ],
        *[
            (text, "/")
            for text in ("../web", "demo/..", "node/demo/node-1", "pod/", "svc/", "demo/", "wéb", "we\u2028b")
        ],
        # URLs
        *[
            (text, "/")
            for text in ("http://", "http:/web.demo", "ftp://web.demo", "http://user:pw@web.demo/", "http://10.0.0.1/x")
        ],
        *[
            (text, "/")
            for text in ("http://a.b.c.d.e/x", "http://web.demo:http/", "//web.demo/x", "http://web.demo:99999")
        ],
        ("http://web.demo/x?a=1", "y"),
        # paths: X1, T4, T6, E4
        *[
            ("web", path)
            for path in ("..", "/a/../b", "/./a", "/%2e%2e/x", "/%252e%252e/x", "/a\\b", "/a%5Cb", "/a\x00", "/a\n")
        ],
        *[
            ("web", path)
            for path in ("//a", "/a//b", "/a%2Fb", "/a%2fb", "/x?dryRun=All", "/x?a=1&dryRun", "/x?dry%52un=1")
        ],
        ("web", "/\ud800"),
        ("web", "/?\ud800"),
        ("/api/v1/namespaces/../../x", "/"),
        ("/api/v1/namespaces/demo/services/a%2Fb/proxy/", "/"),
    ],
)
def test_what_cannot_be_right_is_not_sent(real: Real, cluster: Cluster, target: str, path: str) -> None:
    for ask in (cluster.get, cluster.url, cluster.frame, cluster.post):
        refused(lambda ask=ask: ask(target, path), TargetError)
    assert real.seen == []


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("https:web", ["https:web:", "svc/https:web"]),
        ("https:tls", ["https:tls:", "svc/https:tls"]),
        ("demo/web/x", ["demo/web x"]),
        ("web?x=1", ["web ?x=1"]),
        ("web.demo", ["http://web.demo", "demo/web"]),
        ("WEB", ["web"]),
        ("http:/web.demo/x", ["http://web.demo/x"]),
        ("HTTPS:tls:443", ["https:tls:443"]),
    ],
)
def test_a_slip_names_what_to_type(cluster: Cluster, text: str, lines: list[str]) -> None:
    error = refused(lambda: cluster.get(text), TargetError)
    for line in lines:
        assert f"`{line}`" in (error.hint or "")
    target, _, path = lines[0].partition(" ")
    if target != "https:web:":
        assert cluster.get(target, path or "/").ok


@pytest.mark.parametrize(
    "name",
    [
        "Authorization", "authorization", "Proxy-Authorization", "Impersonate-User", "Impersonate-Extra-x",
        "X-Remote-User", "Host", "Connection", "Keep-Alive", "TE", "Trailer", "Transfer-Encoding", "Upgrade",
        "Content-Length", "Accept-Encoding",
    ],
)  # fmt: skip
def test_headers_that_would_not_arrive_are_refused(real: Real, cluster: Cluster, name: str) -> None:
    error = refused(lambda: cluster.get("web", headers={name: "canary-value"}), TargetError)  # T14 to T21
    assert name in str(error)
    assert "canary-value" not in str(error) + (error.hint or "")
    assert real.seen == []


@pytest.mark.parametrize(
    "given",
    [
        {"headers": {"X-A": "a\nb"}},
        {"headers": {"X A": "a"}},
        {"headers": {"X-A": "€"}},
        {"json": float("nan")},
        {"json": object()},
        {"data": 3},
        {"data": "\ud800"},
        {"data": "a", "json": 1},
        {"params": {"a": object()}},
        {"params": {"a": "\ud800"}},
        {"via": "forward"},
        {"via": "api"},
        {"timeout_s": 0},
        {"timeout_s": -1},
    ],
    ids=str,
)
def test_options_that_cannot_be_right(real: Real, cluster: Cluster, given: dict[str, Any]) -> None:
    refused(lambda: cluster.post("web", **given), TargetError)
    assert real.seen == []


def test_methods_that_cannot_be_right(real: Real, cluster: Cluster) -> None:
    for method in ("BREW", "TRACE", "CONNECT", "G T", "", "get\n"):
        refused(lambda method=method: cluster.request(method, "web"), TargetError)  # E6
    for target in ("node/node-1", "/api/v1/namespaces", "/api/v1/namespaces/demo/services/web"):
        for method in ("POST", "PUT", "PATCH", "DELETE", "OPTIONS"):
            refused(lambda method=method, target=target: cluster.request(method, target), TargetError)
    refused(lambda: cluster.get("/version", json={}), TargetError)
    for wrong in (None, 5, b"web"):
        refused(lambda wrong=wrong: cluster.get(wrong), TargetError)
    for limit in (0, -1, "x", 1.5):
        refused(lambda limit=limit: cluster.frame("web", "/stats", limit=limit), TargetError)
    refused(lambda: cluster.frame("web", "/stats", dialect="nope"), LoadError)
    refused(lambda: cluster.services("No Such"), TargetError)
    refused(lambda: cluster.pods("../kube-system"), TargetError)
    assert real.seen == []
