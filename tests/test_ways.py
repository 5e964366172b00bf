"""What the proxy verb cannot carry is refused with the reason; which redirects may be followed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubeaccess_magic.errors import TargetError
from kubeaccess_magic.request import Request
from kubeaccess_magic.targets import Target
from kubeaccess_magic.ways import Ways
from kubeaccess_magic.ways.api import ApiServer
from kubeaccess_magic.ways.proxy import ApiServerProxy, api_path
from kubeaccess_magic.ways.proxy.redirects import redirected

SERVER = "https://api.example:6443/k8s/clusters/c1"
PREFIX = "/api/v1/namespaces/shop/services/web:80/proxy"


def request(path="/x", method="GET", target="shop/web:80", **more):
    return Request.build(method, Target.parse(target).target, path, **more)


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        (request("/a%2Fb"), "an encoded slash"),  # T6
        (request("/a%2fb"), "an encoded slash"),  # T6
        (request("/a//b"), "merges two slashes into one"),  # T4
        (request("//a"), "merges two slashes into one"),  # T4
        (request("/x?dryRun=All"), "any query with dryRun"),  # E4
        (request("/x?a=1&dryRun"), "any query with dryRun"),  # E4
        (request("/x?a=1;dryRun=x"), "any query with dryRun"),  # E4
        (request("/x?dry%52un=All"), "any query with dryRun"),  # E4
        (request(headers={"Authorization": "Basic x"}), "removes it after signing you in"),  # T14
        (request(headers={"authorization": "Basic x"}), "removes it after signing you in"),  # T14
        (request(headers={"X-Remote-User": "x"}), "the API server removes it"),  # T15
        (request(headers={"Impersonate-User": "x"}), "takes it for itself"),  # T16
        (request(headers={"Connection": "close"}), "ends at the next hop"),  # T17
        (request(headers={"TE": "trailers"}), "ends at the next hop"),  # T17
        (request(headers={"Transfer-Encoding": "chunked"}), "ends at the next hop"),  # T17
        (request(headers={"Host": "x"}), "sees the API server's"),  # T21
        (request(headers={"Accept-Encoding": "br"}), "so that the API server can read"),  # T32
        (request(target="pod/shop/web-0:http"), "only by its number"),  # D2
    ],
)
def test_what_would_not_arrive_is_refused(asked, words):
    with pytest.raises(TargetError) as caught:
        ApiServerProxy(None, None).check(asked)
    assert words in str(caught.value)


def test_what_does_not_pass_is_told_where_it_does():
    for asked in (request("/a%2Fb"), request(headers={"Authorization": "Basic x"})):
        with pytest.raises(TargetError) as caught:
            ApiServerProxy(None, None).check(asked)
        assert "`kubectl port-forward -n shop svc/web 8080:80` carries it" in caught.value.hint
    with pytest.raises(TargetError) as caught:
        ApiServerProxy(None, None).check(request("/a%2Fb", target="node/node-1"))
    assert "port-forward" not in caught.value.hint  # there is none to a node


@pytest.mark.parametrize(
    "asked",
    [
        request("/a%252Fb"),  # T6: this one is preserved
        request("/a;b=1/c%20d?x=1;y=2"),
        request("/x?dryrun=1&mydryRun=2"),
        request(headers={"X-Api-Key": "k", "Cookie": "a=1", "Origin": "http://x", "X-Forwarded-For": "1.2.3.4"}),
        request(target="pod/shop/web-0:8080"),
        request(target="node/node-1"),
        request(method="POST", body=b"x"),
    ],
)
def test_what_arrives_is_let_pass(asked):
    ApiServerProxy(None, None).check(asked)


def test_the_api_server_itself_takes_no_body():
    with pytest.raises(TargetError):
        ApiServer(None).check(request("/api/v1/pods", target="/", body=b"x"))


def test_which_way():
    assert Ways(None, None, None).choose("auto", request()).name == "proxy"
    assert Ways(None, None, None).choose("proxy", request()).name == "proxy"
    assert Ways(None, None, None).choose("auto", request("/version", target="/")).name == "api"
    for via, asked in [("api", request()), ("proxy", request("/version", target="/")), ("tunnel", request())]:
        with pytest.raises(TargetError):
            Ways(None, None, None).choose(via, asked)


@pytest.mark.parametrize(
    ("location", "path", "query"),
    [
        (f"{PREFIX}/there", "/there", ""),
        (f"{PREFIX}/there?a=1&b=%20", "/there", "a=1&b=%20"),
        (f"/k8s/clusters/c1{PREFIX}/there", "/there", ""),
        (f"https://api.example:6443{PREFIX}/there", "/there", ""),
        (f"https://API.example:6443{PREFIX}/there", "/there", ""),
        ("there", "/dir/there", ""),
        ("../there", "/there", ""),
        ("?a=1", "/dir/x", "a=1"),
        (f"{PREFIX}/", "/", ""),
    ],
)
def test_redirects_below_the_same_prefix_are_followed(location, path, query):
    followed = redirected(request("/dir/x"), location, SERVER)
    assert followed is not None
    assert (followed.path, followed.query, followed.target) == (path, query, request().target)


@pytest.mark.parametrize(
    "location",
    [
        None,
        "",
        "/api/v1/namespaces/shop/secrets/s",  # T28: what /../../../secrets/s becomes
        f"{PREFIX}/../../../secrets/s",
        "../../../../secrets/s",
        f"{PREFIX}/%2e%2e/%2e%2e/secrets",
        f"{PREFIX}/..%2f..%2fsecrets",
        f"{PREFIX}",  # the verb itself, without its slash
        f"{PREFIX}x/there",
        "/api/v1/namespaces/shop/services/web:81/proxy/there",
        "/api/v1/namespaces/other/services/web:80/proxy/there",
        f"http://api.example:6443{PREFIX}/there",
        f"https://api.example{PREFIX}/there",
        f"https://evil.example{PREFIX}/there",
        f"https://api.example:6443@evil.example{PREFIX}/there",
        f"//evil.example{PREFIX}/there",
        f"\\\\evil.example{PREFIX}/there",
        f"{PREFIX}/a\tb",
        "javascript:alert(1)",
        "https://[",
    ],
)
def test_no_other_redirect_is_followed(location):
    assert redirected(request("/dir/x"), location, SERVER) is None


@given(st.text(alphabet="./%2eEfF\\abc:?#@", max_size=40))
def test_a_followed_redirect_never_leaves_the_prefix(location):
    followed = redirected(request("/dir/x"), location, SERVER)
    if followed is not None:
        assert api_path(followed).startswith(f"{PREFIX}/")
        assert ".." not in followed.path.split("/")
