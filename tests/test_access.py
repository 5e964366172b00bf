"""Access: what RBAC sees of a request, and the least that must be granted for it."""

from __future__ import annotations

import os
import re
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from kubeaccess_magic.access import Access, Attributes, allows, attributes, equivalent_segments, role
from kubeaccess_magic.errors import TargetError
from kubeaccess_magic.targets import Target

examples = settings(max_examples=int(os.environ.get("HYPOTHESIS_EXAMPLES", "100")), deadline=None)

API = Target(kind="api")


def target(text: str) -> Target:
    return Target.parse(text).target


@pytest.mark.parametrize(
    ("method", "verb"),
    [
        ("GET", "get"),
        ("HEAD", "get"),
        ("POST", "create"),
        ("PUT", "update"),
        ("PATCH", "patch"),
        ("DELETE", "delete"),
        ("OPTIONS", ""),
        ("TRACE", ""),
        ("get", "get"),
    ],
)
def test_the_verb_of_a_method_a1(method: str, verb: str) -> None:
    assert attributes(method, target("shop/web")) == Attributes(verb, "services", "proxy", "web", "shop")


@pytest.mark.parametrize(
    ("rule", "text", "resource", "name", "namespace"),
    [
        ("A2", "web", "services", "web", "default"),
        ("A2", "shop/https:web:443", "services", "https:web:443", "shop"),
        ("A3", "shop/web:80", "services", "web:80", "shop"),
        ("A3", "shop/web:0080", "services", "web:0080", "shop"),
        ("A3", "shop/http:web:", "services", "http:web:", "shop"),
        ("A3", "shop/web:", "services", "web", "shop"),
        ("A2", "pod/shop/web-0:8080", "pods", "web-0:8080", "shop"),
        ("A2", "node/n1:10250", "nodes", "n1:10250", None),
        ("A4", "/api/v1/namespaces/shop/services/web%3A80/proxy/x/y?z", "services", "web:80", "shop"),
    ],
)
def test_what_rbac_sees_through_the_proxy(
    rule: str, text: str, resource: str, name: str, namespace: str | None
) -> None:
    seen = attributes("GET", target(text), "default")
    assert seen == Attributes("get", resource, "proxy", name, namespace)
    assert seen.full_resource == f"{resource}/proxy"


def test_a_namespace_is_needed() -> None:
    with pytest.raises(TargetError):
        attributes("GET", target("web"))
    assert attributes("GET", target("node/n1")).namespace is None


def test_the_review_asks_for_exactly_this_f9() -> None:
    assert attributes("POST", target("shop/web:80")).review() == {
        "resourceAttributes": {
            "namespace": "shop",
            "verb": "create",
            "resource": "services",
            "subresource": "proxy",
            "name": "web:80",
        }
    }
    assert attributes("GET", API, path="/apis/apps/v1/deployments").review() == {
        "resourceAttributes": {"verb": "list", "group": "apps", "resource": "deployments"}
    }
    assert attributes("GET", API, path="/version").review() == {
        "nonResourceAttributes": {"path": "/version", "verb": "get"}
    }


def resource(verb: str, text: str, namespace: str | None = None, group: str = "", name: str = "") -> Attributes:
    kind, _, subresource = text.partition("/")
    return Attributes(verb, kind, subresource, name, namespace, group)


@pytest.mark.parametrize(
    ("path", "seen"),
    [
        ("/api/v1/pods", resource("list", "pods")),
        ("/api/v1/pods/", resource("list", "pods")),
        ("/api/v1/pods?limit=5&watch=false", resource("list", "pods")),
        ("/api/v1/pods?watch=1", resource("watch", "pods")),
        ("/api/v1/pods?watch=", resource("watch", "pods")),
        ("/api/v1/namespaces/shop/pods", resource("list", "pods", "shop")),
        ("/api/v1/namespaces/shop/pods?fieldSelector=metadata.name%3Da", resource("list", "pods", "shop", name="a")),
        ("/api/v1/pods?fieldSelector=status.phase=Running,metadata.name==a", resource("list", "pods", name="a")),
        ("/api/v1/pods?fieldSelector=metadata.name!=a", resource("list", "pods")),
        ("/api/v1/namespaces/shop/pods/web-0", resource("get", "pods", "shop", name="web-0")),
        ("/api/v1/namespaces/shop/pods/web-0/log?follow=1", resource("get", "pods/log", "shop", name="web-0")),
        ("/api/v1/namespaces", resource("list", "namespaces")),
        ("/api/v1/namespaces/shop", resource("get", "namespaces", "shop", name="shop")),
        ("/api/v1/namespaces/shop/status", resource("get", "namespaces/status", "shop", name="shop")),
        ("/api/v1/%6eodes/n1", resource("get", "nodes", name="n1")),
        ("/api/v1/nodes/n1/proxy/x/y", resource("get", "nodes/proxy", name="n1")),
        ("/api/v1/proxy/nodes/n1/x", resource("proxy", "nodes", name="n1")),
        ("/api/v1/watch/namespaces/shop/pods/a/b", resource("watch", "pods/b", "shop", name="a")),
        ("/apis/apps/v1/deployments", resource("list", "deployments", group="apps")),
        ("/apis/apps/v1/namespaces/a/deployments/b", resource("get", "deployments", "a", "apps", "b")),
        ("/apis/metrics.k8s.io/v1beta1/nodes", resource("list", "nodes", group="metrics.k8s.io")),
        *(
            (path, Attributes("get", "", "", path=path))
            for path in ("/", "/version", "/healthz/etcd", "/api", "/api/v1", "/apis/apps", "/apis/apps/v1", "/a/b/c/d")
        ),
    ],
)
def test_what_rbac_sees_of_an_api_path(path: str, seen: Attributes) -> None:
    assert attributes("GET", API, "ignored", path) == seen
    assert attributes("HEAD", API, path=path).verb == ("head" if seen.path is not None else seen.verb)


def test_a_delete_of_a_list_is_a_verb_of_its_own() -> None:
    assert attributes("DELETE", API, path="/api/v1/namespaces/a/pods").verb == "deletecollection"
    assert attributes("DELETE", API, path="/api/v1/namespaces/a/pods/b").verb == "delete"


def rule(verbs: str, resources: str, names: str = "", groups: tuple[str, ...] = ("",)) -> dict[str, Any]:
    made: dict[str, Any] = {"verbs": verbs.split(), "apiGroups": list(groups), "resources": resources.split()}
    return made | ({"resourceNames": names.split()} if names else {})


@pytest.mark.parametrize(
    ("ref", "rules", "allowed"),
    [
        ("F10", [], False),
        ("F10", [rule("get", "services/proxy")], True),
        ("F10", [rule("get", "*/proxy")], True),
        ("F10", [rule("*", "*", groups=("*",))], True),
        ("F10", [rule("get", "*")], True),
        ("F10", [rule("get", "services")], False),
        ("F10", [rule("get", "services/*")], False),
        ("F10", [rule("get", "pods/proxy")], False),
        ("F10", [rule("list watch create", "services/proxy")], False),
        ("F10", [rule("get", "services/proxy", groups=("apps",))], False),
        ("F10", [rule("get", "pods/proxy"), rule("get", "services/proxy")], True),
        ("A2", [rule("get", "services/proxy", "web:80")], True),
        ("A2", [rule("get", "services/proxy", "a web:80 b")], True),
        ("A3", [rule("get", "services/proxy", "web")], False),
        ("A3", [rule("get", "services/proxy", "web:http http:web:80 web:080")], False),
        ("A2", [rule("get", "services/proxy", "*")], False),
        ("F10", [{"verbs": ["get"], "apiGroups": [""], "resources": ["services/proxy"], "resourceNames": None}], True),
        ("F10", [{"verbs": ["get"], "nonResourceURLs": ["*"]}], False),
        ("F10", [{}], False),
    ],
)
def test_which_rules_allow_a_request(ref: str, rules: list[dict[str, Any]], allowed: bool) -> None:
    assert allows(rules, attributes("GET", target("shop/web:80"))) is allowed


def test_only_a_rule_for_all_verbs_allows_options_a1() -> None:
    wanted = attributes("OPTIONS", target("shop/web"))
    assert not allows([rule("get create update patch delete", "*")], wanted)
    assert allows([rule("*", "services/proxy")], wanted)


@pytest.mark.parametrize(
    ("urls", "allowed"), [(["/version"], True), (["/ver*"], True), (["*"], True), (["/version/*"], False), ([], False)]
)
def test_rules_for_paths_that_are_no_resource(urls: list[str], allowed: bool) -> None:
    wanted = attributes("GET", API, path="/version")
    assert allows([{"verbs": ["get"], "nonResourceURLs": urls}], wanted) is allowed
    assert not allows([rule("get", "*")], wanted)


PORTS = [("http", 80), ("tls", 443), ("dns", 53), ("dns-tcp", 53)]


@pytest.mark.parametrize(
    ("ref", "text", "ports", "others"),
    [
        ("S1", "web:80", PORTS, "web:http http:web:http http:web:80"),
        ("S4", "web:http", PORTS, "web:80 http:web:http http:web:80"),
        ("D4", "http:web:80", PORTS, "web:http web:80 http:web:http"),
        ("A3", "https:web:443", PORTS, "https:web:tls"),
        ("N13", "web:0080", PORTS, "web:http web:80 http:web:http http:web:80"),
        ("N13", "web:+80", PORTS, "web:http web:80 http:web:http http:web:80"),
        ("S2", "web", [("", 80)], "web:80 http:web: http:web:80"),
        ("S2", "web:80", [("", 80)], "web http:web: http:web:80"),
        ("S2", "https:web:", [("", 443)], "https:web:443"),
        ("S3", "web", PORTS, "http:web:"),
        ("S5", "web:53", PORTS, "web:dns http:web:dns http:web:53"),
        ("S5", "web:dns-tcp", PORTS, "http:web:dns-tcp"),
        ("S1", "web:81", PORTS, "http:web:81"),
        ("D4", "web:80", [], "http:web:80"),
        ("D4", "pod/web-0:80", [], "pod/http:web-0:80"),
        ("D4", "pod/https:web-0:80", [], ""),
        ("A3", "/version", [], ""),
    ],
)
def test_other_spellings_of_the_same(ref: str, text: str, ports: list[tuple[str, int]], others: str) -> None:
    assert " ".join(map(str, equivalent_segments(target(text), ports))) == others


def test_access_is_true_or_false() -> None:
    assert Access(True)
    assert not Access(False, "RBAC: no", "kind: Role")


def documents(text: str) -> tuple[dict[str, Any], dict[str, Any]]:
    granted, binding = yaml.safe_load_all(text)
    return granted, binding


def test_the_role_for_a_service() -> None:
    assert role(attributes("HEAD", target("shop/https:web:443")), user="jane@example.com") == (
        """\
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata:
  name: "proxy-https-web-443"
  namespace: "shop"
rules:
- apiGroups: [""]
  resources: ["services/proxy"]
  resourceNames: ["https:web:443"]
  verbs: ["get"]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata:
  name: "proxy-https-web-443"
  namespace: "shop"
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: Role
  name: "proxy-https-web-443"
subjects:
- apiGroup: rbac.authorization.k8s.io
  kind: User
  name: "jane@example.com"
"""
    )


@pytest.mark.parametrize(
    ("seen", "name"),
    [
        (attributes("GET", target("shop/web:80")), "proxy-web-80"),
        (attributes("GET", target("shop/https:web:")), "proxy-https-web"),
        (attributes("POST", target("shop/web:80")), "proxy-web-80-create"),
        (attributes("OPTIONS", target("shop/web:80")), "proxy-web-80-any"),
        (attributes("GET", target("pod/shop/web-0")), "proxy-pod-web-0"),
        (attributes("GET", target("node/n1.example.com")), "proxy-node-n1-example-com"),
        (attributes("GET", API, path="/apis/apps/v1/namespaces/a/deployments"), "list-deployments"),
        (attributes("GET", API, path="/api/v1/namespaces/a/pods/web-0/log"), "get-pods-log-web-0"),
        (attributes("GET", API, path="/version"), "get-version"),
        (attributes("GET", API, path="/"), "get"),
        (attributes("GET", target(f"shop/{'x' * 63}")), f"proxy-{'x' * 57}"),
    ],
)
def test_the_name_of_a_role(seen: Attributes, name: str) -> None:
    granted, binding = documents(role(seen))
    assert granted["metadata"]["name"] == binding["metadata"]["name"] == binding["roleRef"]["name"] == name


def test_what_is_in_no_namespace_takes_a_cluster_role() -> None:
    for seen in (attributes("GET", target("node/n1")), attributes("GET", API, path="/api/v1/pods")):
        granted, binding = documents(role(seen))
        assert (granted["kind"], binding["kind"]) == ("ClusterRole", "ClusterRoleBinding")
        assert binding["roleRef"]["kind"] == "ClusterRole"
        assert "namespace" not in granted["metadata"] | binding["metadata"]
    granted, _ = documents(role(attributes("GET", API, path="/version")))
    assert granted["rules"] == [{"nonResourceURLs": ["/version"], "verbs": ["get"]}]


def test_a_role_says_where_it_grants_more_than_it_seems() -> None:
    assert role(attributes("GET", target("node/n1"))).startswith("# Caution: nodes/proxy")
    options = role(attributes("OPTIONS", target("shop/web")))
    assert options.startswith("# Caution")
    assert documents(options)[0]["rules"][0]["verbs"] == ["*"]


def test_who_a_role_is_for() -> None:
    seen = attributes("GET", target("shop/web"))
    [nobody] = documents(role(seen))[1]["subjects"]
    assert nobody["kind"] == "User"
    assert nobody["name"].startswith("REPLACE ME")
    [account] = documents(role(seen, user="system:serviceaccount:jupyter:hub"))[1]["subjects"]
    assert account == {"kind": "ServiceAccount", "namespace": "jupyter", "name": "hub"}
    [user] = documents(role(seen, user="system:node:n1"))[1]["subjects"]
    assert (user["kind"], user["name"]) == ("User", "system:node:n1")


segments = st.tuples(
    st.sampled_from(["", "http:", "https:"]), st.text("a-z09", max_size=6), st.sampled_from(["", ":", ":80", ":web"])
).map(lambda parts: "{}w{}b{}".format(*parts))
words = st.text(st.characters(exclude_categories=["Cs"]), min_size=1)


@examples
@given(
    verb=st.sampled_from(["get", "create", "update", "patch", "delete", ""]),
    kind=st.sampled_from(["services", "pods"]),
    segment=segments,
    other=segments,
    user=words,
)
def test_a_role_allows_the_request_and_nothing_else(verb: str, kind: str, segment: str, other: str, user: str) -> None:
    seen = Attributes(verb, kind, "proxy", segment, "shop")
    granted, binding = documents(role(seen, user=user))
    assert granted["metadata"]["namespace"] == binding["metadata"]["namespace"] == "shop"
    assert re.fullmatch(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?", granted["metadata"]["name"])
    [subject] = binding["subjects"]
    assert subject["name"] == user or subject["kind"] == "ServiceAccount"
    assert allows(granted["rules"], seen)
    others = [
        Attributes("list", kind, "proxy", segment, "shop"),
        Attributes(verb, kind, "", segment, "shop"),
        Attributes(verb, kind, "log", segment, "shop"),
        Attributes(verb, "nodes", "proxy", segment),
        Attributes(verb, kind, "proxy", segment, "shop", group="apps"),
        Attributes(verb, "", "", path="/version"),
    ]
    if other != segment:
        others.append(Attributes(verb, kind, "proxy", other, "shop"))
    assert not any(allows(granted["rules"], wanted) for wanted in (others[1:] if verb == "" else others))


@examples
@given(words)
def test_a_role_for_any_api_path_is_yaml(path: str) -> None:
    seen = attributes("GET", API, path=f"/{path}")
    granted, _ = documents(role(seen, user=path))
    assert allows(granted["rules"], seen)
    assert re.fullmatch(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?", granted["metadata"]["name"])


def reached(target: Target, ports: list[tuple[str, int]]) -> tuple[int, str] | None:
    """Which port the API server finds for a target, and how it speaks to it (S1-S5, D4)."""
    name: str | None = target.port
    if re.fullmatch(r"\+?[0-9]+", target.port):
        name = next((name for name, number in ports if number == int(target.port)), None)
    found = next((index for index, (other, _) in enumerate(ports) if other == name), None)
    return None if found is None else (found, target.scheme or "http")


@examples
@given(
    ports=st.lists(
        st.tuples(st.sampled_from(["", "http", "web", "dns"]), st.sampled_from([53, 80, 443])),
        max_size=4,
        unique_by=lambda port: port[0],
    ),
    port=st.sampled_from(["", "http", "web", "80", "0080", "+53", "443", "8080"]),
    scheme=st.sampled_from(["", "http", "https"]),
)
def test_other_spellings_reach_the_same_port(ports: list[tuple[str, int]], port: str, scheme: str) -> None:
    asked = Target(name="a", port=port, scheme=scheme)
    others = equivalent_segments(asked, ports)
    assert len({asked.segment, *(other.segment for other in others)}) == len(others) + 1
    for other in others:
        assert reached(other, ports) == reached(asked, ports)
