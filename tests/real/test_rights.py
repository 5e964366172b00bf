"""Who may what: refusals, the Role that ends one, other forms of a name, lists that are refused, impersonation."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from kubeaccess_magic import Cluster
from kubeaccess_magic.errors import AccessDenied, ConfigError, KubeAccessError, NotFound
from kubeaccess_magic.query import Query

from .control_plane import Real

AsUser = Callable[[str], Cluster]
VERBS = {"GET": "get", "HEAD": "get", "POST": "create", "PUT": "update", "PATCH": "patch", "DELETE": "delete"}  # A1


@pytest.fixture
def apply(real: Real, tmp_path: Path) -> Iterator[Callable[[str], None]]:
    """Applies YAML as the administrator, as the error's text says, and takes it back after the test."""
    files: list[Path] = []

    def applied(text: str) -> None:
        file = tmp_path / f"{len(files)}.yaml"
        file.write_text(text)
        files.append(file)
        told = real.run_kubectl("apply", "-f", str(file))
        assert told.returncode == 0, told.stderr

    yield applied
    for file in files:
        assert real.run_kubectl("delete", "--ignore-not-found", "-f", str(file)).returncode == 0


def eventually(holds: Callable[[], object]) -> None:
    """Rights count a moment after they were given."""
    end = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < end, "it never held"
        time.sleep(0.05)


def denied(ask: Callable[[], object]) -> AccessDenied:
    with pytest.raises(AccessDenied) as caught:
        ask()
    assert isinstance(caught.value, PermissionError)
    return caught.value


@pytest.mark.parametrize(
    ("target", "segment"),
    [("web", "web"), ("web:80", "web:80"), ("http:web:", "http:web:"), ("https:tls:443", "https:tls:443")],
)
@pytest.mark.parametrize("method", VERBS)
def test_a_refusal_names_verb_and_segment(real: Real, as_user: AsUser, method: str, target: str, segment: str) -> None:
    for user in ("viewer", "nobody"):
        error = denied(lambda user=user: as_user(user).request(method, target))
        # E2, A2: the whole segment; a HEAD brings no words, they come from elsewhere.
        expected = f"{user} may not {VERBS[method]} services/proxy '{segment}' in the namespace demo"
        assert str(error) == expected
        assert error.role and f'resourceNames: ["{segment}"]' in error.role
        assert f'verbs: ["{VERBS[method]}"]' in error.role
    assert real.seen == []


def test_what_is_filled_in_stands_in_the_refusal_and_its_role(as_user: AsUser) -> None:
    assert "'multi:http'" in str(denied(lambda: as_user("viewer").get("multi")))
    assert "'https:tlsnamed:https'" in str(denied(lambda: as_user("viewer").get("tlsnamed")))
    assert "'multi'" in str(denied(lambda: as_user("nobody").get("multi")))  # may not read it: as typed
    assert "pods/proxy 'web-0:8080'" in str(denied(lambda: as_user("viewer").get("pod/web-0:http")))


@pytest.mark.parametrize(
    ("user", "method", "target", "others"),
    [
        ("nobody", "GET", "web", [("POST", "web"), ("GET", "tls"), ("GET", "pod/web-0")]),
        ("nobody", "POST", "http:web:80", [("GET", "http:web:80"), ("DELETE", "http:web:80")]),
        ("nobody", "DELETE", "pod/web-0:8080", [("GET", "pod/web-0:8080"), ("DELETE", "pod/web-1:8080")]),
        ("viewer", "GET", "multi", [("GET", "multi:admin"), ("POST", "multi")]),
        ("viewer", "HEAD", "https:tls:443", [("POST", "https:tls:443"), ("GET", "web")]),
        ("viewer", "GET", "node/node-1", [("GET", "web")]),
        ("viewer", "OPTIONS", "web:80", [("GET", "tls")]),  # A1: only together with all methods
        ("local", "PATCH", "web", [("GET", "web"), ("PUT", "web")]),
    ],
)
def test_the_role_allows_just_that(
    real: Real,
    as_user: AsUser,
    apply: Callable[[str], None],
    user: str,
    method: str,
    target: str,
    others: list[tuple[str, str]],
) -> None:
    cluster = as_user(user)
    error = denied(lambda: cluster.request(method, target))
    refused = cluster.can(method, target)
    assert not refused and refused.role == error.role
    assert error.role
    apply(error.role)
    eventually(lambda: cluster.can(method, target))
    assert cluster.request(method, target).ok
    assert cluster.can(method, target).role is None
    for other_method, other in others:  # and nothing else: least privilege
        denied(lambda other_method=other_method, other=other: cluster.request(other_method, other))


@pytest.mark.parametrize(
    "path",
    ["/api/v1/nodes", "/api/v1/nodes/node-1", "/api/v1/namespaces/demo/services", "/api/v1/namespaces/demo/pods/web-0",
     "/apis/apps/v1/deployments", "/apis/apps/v1/namespaces/demo/deployments", "/metrics", "/api/v1/namespaces/demo"],
)  # fmt: skip
def test_the_role_for_the_api_servers_own_paths(
    real: Real, as_user: AsUser, apply: Callable[[str], None], path: str
) -> None:
    cluster = as_user("nobody")
    error = denied(lambda: cluster.get(path))
    assert error.role
    apply(error.role)
    eventually(lambda: cluster.can("GET", path))
    assert cluster.get(path).ok


def test_the_role_for_a_list(as_user: AsUser, apply: Callable[[str], None]) -> None:
    cluster = as_user("nobody")
    for ask in (cluster.namespaces, cluster.nodes, cluster.services, cluster.pods):
        error = denied(ask)
        assert error.role
        apply(error.role)
        eventually(lambda ask=ask: _is_allowed(ask))


def _is_allowed(ask: Callable[[], object]) -> bool:
    try:
        ask()
    except AccessDenied:
        return False
    return True


# --- other forms of one name (A3) -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "asked"),
    [("web", "web:80"), ("web:80", "web:80"), ("multi:admin", "http:multi:admin"), ("multi", "http:multi:admin")],
)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_the_form_that_rights_are_for_is_used(real: Real, as_user: AsUser, typed: str, asked: str, method: str) -> None:
    # `narrow` may GET web:80 and http:multi:admin, and not even read the Service.
    reply = as_user("narrow").request(method, typed, "/x")
    assert reply.request.target.segment == asked
    assert len(real.seen) == 1
    narrow = as_user("narrow")
    allowed, about = narrow.engine.access(Query.of(typed, method=method, raw=True), narrow.call())
    assert allowed and about == f"demo/{asked}"
    assert as_user("narrow").can(method, typed)


@pytest.mark.parametrize(("method", "target"), [("POST", "web"), ("POST", "web:80"), ("GET", "tls"), ("GET", "nosuch")])
def test_no_form_of_it_is_allowed(real: Real, as_user: AsUser, method: str, target: str) -> None:
    denied(lambda: as_user("narrow").request(method, target))
    assert not as_user("narrow").can(method, target)
    assert real.seen == []


def test_a_post_too_goes_by_the_form_that_is_allowed(real: Real, as_user: AsUser, apply: Callable[[str], None]) -> None:
    # A refused request was not executed, so that another form of it is no second try.
    local = as_user("local")
    role = local.can("POST", "http:web:80").role
    assert role
    apply(role)
    eventually(lambda: local.can("POST", "http:web:80"))
    for target in ("web", "web:80", "http:web:"):
        reply = local.post(target, "/doc", json={"a": 1})
        assert reply.request.target.segment == "http:web:80"
    assert [(asked.method, asked.body) for asked in real.seen] == [("POST", b'{"a": 1}')] * 3
    denied(lambda: local.post("https:web:80", data="x"))  # https is something else
    denied(lambda: local.get("web"))


# --- what may not be read ---------------------------------------------------------------------------------------------


def test_all_namespaces_fall_back_to_those_that_may_be_listed(as_user: AsUser) -> None:
    roamer = as_user("roamer")
    for table, what in ((roamer.services(all_namespaces=True), "services"), (roamer.pods(all_namespaces=True), "pods")):
        assert set(table["namespace"]) == {"demo", "monitoring"}
        assert table.attrs["kproxy"]["note"] == (
            f"a list of all {what} is refused; these are of the 2 namespaces that may be listed"
        )
    assert roamer.services(all_namespaces=True)["ready"].notna().all()


def test_all_namespaces_fall_back_to_the_contexts(as_user: AsUser) -> None:
    for user in ("local", "caller"):
        table = as_user(user).services(all_namespaces=True)
        assert set(table["namespace"]) == {"demo"}
        assert table.attrs["kproxy"]["note"].startswith("all namespaces are refused; these are the services of demo")
    for user in ("narrow", "nobody"):
        denied(lambda user=user: as_user(user).services(all_namespaces=True))
    whole = as_user("viewer").services(all_namespaces=True)
    assert {"demo", "kube-system", "monitoring", "default"} == set(whole["namespace"])
    assert "note" not in whole.attrs["kproxy"]


def test_endpoints_that_may_not_be_read_are_gaps(as_user: AsUser) -> None:
    table = as_user("caller").services()
    assert table[["ready", "endpoints"]].isna().all(axis=None)
    assert table.attrs["kproxy"]["note"] == "endpoints may not be read in demo"
    assert table.loc[table.name == "multi", "target"].tolist() == ["demo/multi:http", "demo/multi:admin"]


def test_whoever_may_not_read_the_service_sends_what_was_typed(as_user: AsUser, real: Real) -> None:
    narrow = as_user("narrow")
    assert str(narrow.resolve("multi")) == "demo/multi"
    assert narrow.url("multi").endswith("/services/multi/proxy/")
    assert narrow.get("http:multi:admin").ok


def test_what_stands_behind_may_not_be_read(as_user: AsUser) -> None:
    with pytest.raises(NotFound, match="nothing is ready behind demo/noready") as caught:
        as_user("caller").get("noready")
    assert "you may not read its endpoints" in (caught.value.hint or "")
    with pytest.raises(NotFound, match=r"demo/web has ports? 80.*, not 81"):
        as_user("caller").get("web:81")


def test_the_overview_without_the_right_to_kube_system(as_user: AsUser) -> None:
    assert as_user("viewer").info()["name"].tolist() == ["Elasticsearch", "Kibana", "KubeDNS", "Grafana", "Heapster"]
    table = as_user("local").info()
    assert table.attrs["kproxy"]["note"] == "the services of kube-system may not be listed; these are those of demo"
    assert len(table) > 20
    denied(as_user("nobody").info)


def test_everybody_may_ask_who_they_are(as_user: AsUser) -> None:
    for user in ("admin", "viewer", "nobody", "alice"):
        assert as_user(user).user() == user


@pytest.mark.parametrize(
    ("user", "method", "target", "allowed"),
    [
        ("editor", "GET", "web", True),
        ("editor", "DELETE", "pod/web-0", True),
        ("editor", "OPTIONS", "web", False),
        ("admin", "OPTIONS", "web", True),
        ("caller", "GET", "web", True),
        ("caller", "POST", "web", False),
        ("caller", "GET", "pod/web-0:http", None),  # may not read the pod to look its port up
        ("viewer", "GET", "/api/v1/nodes", True),
        ("viewer", "GET", "http://web.demo.svc/x", False),
        ("nobody", "GET", "/version", True),
        ("alice", "POST", "https:tls:443", True),
        ("roamer", "GET", "/api/v1/pods", False),
    ],
)
def test_may_i(real: Real, as_user: AsUser, user: str, method: str, target: str, allowed: bool | None) -> None:
    if allowed is None:
        with pytest.raises(KubeAccessError):
            as_user(user).can(method, target)
        return
    access = as_user(user).can(method, target)
    assert (bool(access), access.allowed, access.role is None) == (allowed, allowed, allowed)
    assert not allowed or user == "admin" or access.reason.startswith("RBAC: allowed by")
    assert real.seen == []  # nothing was asked of the app


# --- as somebody else (T16) -------------------------------------------------------------------------------------------


def test_asking_as_somebody_else(real: Real) -> None:
    with Cluster(kubeconfig=real.kubeconfig("imp"), impersonate="editor") as cluster:
        assert cluster.user() == "editor"
        assert cluster.post("web", data="x").ok
        assert cluster.can("GET", "web")
        assert "as editor" in repr(cluster)
    with Cluster(kubeconfig=real.kubeconfig("imp"), impersonate="editor", impersonate_groups=["team"]) as cluster:
        assert cluster.get("web").ok
        assert cluster.get("/version").ok
    assert not any(name.lower().startswith("impersonate") for asked in real.seen for name, _ in asked.headers)
    with pytest.raises(ConfigError):
        Cluster(kubeconfig=real.kubeconfig("imp"), impersonate_groups=["team"])


@pytest.mark.parametrize(
    ("given", "whom"),
    [
        ({"impersonate": "admin"}, 'users "admin"'),
        ({"impersonate": "editor", "impersonate_groups": ["team", "system:masters"]}, 'groups "system:masters"'),
    ],
)
def test_asking_as_somebody_whom_one_may_not_be(real: Real, given: dict[str, object], whom: str) -> None:
    with Cluster(kubeconfig=real.kubeconfig("imp"), **given) as cluster:  # type: ignore[arg-type]  # a table of both
        for ask in (
            lambda: cluster.get("web"),
            lambda: cluster.get("web:80"),
            lambda: cluster.head("http:web:80"),
            lambda: cluster.get("/api/v1/nodes"),
            lambda: cluster.services(),
            lambda: cluster.user(),
            lambda: cluster.can("GET", "http:web:80"),
        ):
            error = denied(ask)
            assert re.search(rf'{whom} is forbidden: User "imp" cannot impersonate', str(error)), str(error)
    assert real.seen == []
