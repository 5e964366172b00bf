"""Targets: every spelling that is taken and every one that is refused, with the rule that says so."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from urllib.parse import unquote

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from kubeaccess_magic.errors import TargetError
from kubeaccess_magic.targets import KINDS, VERBS, Parsed, Target, safe_path
from kubeaccess_magic.ways.proxy import proxy_path

examples = settings(max_examples=int(os.environ.get("HYPOTHESIS_EXAMPLES", "100")), deadline=None)


def service(name: str, namespace: str | None = None, port: str = "", scheme: str = "") -> Target:
    return Target("service", name, namespace, port, scheme)


def pod(name: str, namespace: str | None = None, port: str = "", scheme: str = "") -> Target:
    return Target("pod", name, namespace, port, scheme)


def node(name: str, port: str = "", scheme: str = "") -> Target:
    return Target("node", name, None, port, scheme)


API = Target(kind="api")

# rule, text, target, its segment for the API server, how it prints
SHORT_FORMS = [
    ("N1", "web", service("web"), "web", "web"),
    ("N2", "web:80", service("web", port="80"), "web:80", "web:80"),
    ("N2", "web:http", service("web", port="http"), "web:http", "web:http"),
    ("N3", "https:web:", service("web", scheme="https"), "https:web:", "https:web:"),
    ("N3", "http:web:", service("web", scheme="http"), "http:web:", "http:web:"),
    ("N4", "https:web:443", service("web", port="443", scheme="https"), "https:web:443", "https:web:443"),
    ("N4", "https:web:https", service("web", port="https", scheme="https"), "https:web:https", "https:web:https"),
    ("N5", "web:", service("web"), "web", "web"),
    ("N6", ":web:", service("web"), "web", "web"),
    ("N6", ":web:80", service("web", port="80"), "web:80", "web:80"),
    ("N6", ":https:web", service("https", port="web"), "https:web", "svc/https:web"),
    ("N6", "pod/:https:web", pod("https", port="web"), "https:web", "pod/:https:web"),
    ("N7", "svc/https:web", service("https", port="web"), "https:web", "svc/https:web"),
    ("N7", "services/shop/http:web", service("http", "shop", "web"), "http:web", "svc/shop/http:web"),
    ("N7", "https:8443", service("https", port="8443"), "https:8443", "https:8443"),
    ("N7", "https", service("https"), "https", "https"),
    ("N13", "web:0080", service("web", port="0080"), "web:0080", "web:0080"),
    ("N13", "web:+80", service("web", port="+80"), "web:+80", "web:+80"),
    ("N13", "web:8e1", service("web", port="8e1"), "web:8e1", "web:8e1"),
    ("N13", "web:0x50", service("web", port="0x50"), "web:0x50", "web:0x50"),
    ("N13", "web:65535", service("web", port="65535"), "web:65535", "web:65535"),
    ("namespace", "shop/web", service("web", "shop"), "web", "shop/web"),
    ("namespace", "svc/shop/web", service("web", "shop"), "web", "shop/web"),
    ("namespace", "shop/https:web:443", service("web", "shop", "443", "https"), "https:web:443", "shop/https:web:443"),
    ("kind", "svc/web", service("web"), "web", "web"),
    ("kind", "service/web", service("web"), "web", "web"),
    ("kind", "services/web", service("web"), "web", "web"),
    ("kind", "po/web-0", pod("web-0"), "web-0", "pod/web-0"),
    ("kind", "pod/shop/web-0:8080", pod("web-0", "shop", "8080"), "web-0:8080", "pod/shop/web-0:8080"),
    ("kind", "pods/shop/web-0.v2", pod("web-0.v2", "shop"), "web-0.v2", "pod/shop/web-0.v2"),
    ("kind", "no/worker-1", node("worker-1"), "worker-1", "node/worker-1"),
    ("kind", "nodes/ip-10-0-0-1.ec2", node("ip-10-0-0-1.ec2"), "ip-10-0-0-1.ec2", "node/ip-10-0-0-1.ec2"),
    ("D2", "pod/web-0:http", pod("web-0", port="http"), "web-0:http", "pod/web-0:http"),
    ("D6", "node/https:n1:9100", node("n1", "9100", "https"), "https:n1:9100", "node/https:n1:9100"),
    ("kind word", "svc/services", service("services"), "services", "svc/services"),
    ("kind word", "svc/po", service("po"), "po", "svc/po"),
    ("kind word", "svc/svc/web", service("web", "svc"), "web", "svc/svc/web"),
    ("kind word", "pod/pod/web", pod("web", "pod"), "web", "pod/pod/web"),
    ("kind word", "svc:80", service("svc", port="80"), "svc:80", "svc:80"),
    ("verb", "svc/panel", service("panel"), "panel", "svc/panel"),
    ("verb", "panel:80", service("panel", port="80"), "panel:80", "panel:80"),
    ("verb", "panel/web", service("web", "panel"), "web", "panel/web"),
    ("verb", "shop/panel", service("panel", "shop"), "panel", "shop/panel"),
]


@pytest.mark.parametrize(("rule", "text", "target", "segment", "printed"), SHORT_FORMS)
def test_short_forms(rule: str, text: str, target: Target, segment: str, printed: str) -> None:
    assert Target.parse(text) == Parsed(target, None, None)
    assert target.segment == segment
    assert str(target) == printed


PROMETHEUS = "prometheus.monitoring"
QUERY = "/api/v1/query?query=up"
SHOP = "/api/v1/namespaces/shop/services"
RANCHER = "https://rancher.example.com/k8s/clusters/c1"

# rule, text, target
INSIDE = [
    ("svc", f"http://{PROMETHEUS}.svc:9090", service("prometheus", "monitoring", "9090", "http")),
    ("svc", f"http://{PROMETHEUS}.svc.cluster.local:9090", service("prometheus", "monitoring", "9090", "http")),
    ("svc", f"https://{PROMETHEUS}.svc.corp.example.com", service("prometheus", "monitoring", "", "https")),
    ("svc", "HTTP://Web.Shop.SVC.Cluster.Local:80", service("web", "shop", "80", "http")),
    ("svc", "http://web.shop.svc.cluster.local.:80", service("web", "shop", "80", "http")),
    ("svc", "http://svc.svc.svc.svc", service("svc", "svc", "", "http")),
    ("svc", "https://kubernetes.shop.svc", service("kubernetes", "shop", "", "https")),
    ("2 labels", f"http://{PROMETHEUS}:9090", service("prometheus", "monitoring", "9090", "http")),
    ("2 labels", "https://web.shop", service("web", "shop", "", "https")),
    ("2 labels", "http://web.shop.", service("web", "shop", "", "http")),
    ("2 labels", "http://web.svc", service("web", "svc", "", "http")),
    ("2 labels", "http://kubernetes.default", service("kubernetes", "default", "", "http")),
    ("1 label", "http://web", service("web", None, "", "http")),
    ("1 label", "http://web:0080", service("web", None, "0080", "http")),
    ("1 label", "http://web:", service("web", None, "", "http")),
    ("1 label", "http://panel", service("panel", None, "", "http")),
    ("pod", "http://web-0.web.shop.svc.cluster.local:8080", pod("web-0", "shop", "8080", "http")),
    ("pod", "https://a.web.shop.svc", pod("a", "shop", "", "https")),
    ("pod", f"http://prometheus-0.{PROMETHEUS}:9090", pod("prometheus-0", "monitoring", "9090", "http")),
]


@pytest.mark.parametrize(("rule", "text", "target"), INSIDE)
def test_hosts_inside_the_cluster(rule: str, text: str, target: Target) -> None:
    for path in (None, "/", "/x", "?x=1", "/x?y=http://z/#w", QUERY, "/apis/a/v1", "/api/v1/pods"):
        assert Target.parse(text + (path or "")) == Parsed(target, path, None)


# rule, text, target, path, server
PASTED = [
    ("pod", "http://a.web.shop/x", pod("a", "shop", "", "http"), "/x", None),
    ("api inside", "https://kubernetes/version", API, "/version", "https://kubernetes"),
    ("api inside", "https://kubernetes.default", API, "/", "https://kubernetes.default"),
    ("api inside", "https://kubernetes.default.svc/api/v1", API, "/api/v1", "https://kubernetes.default.svc"),
    ("api inside", "https://kubernetes.default.svc.a.b:443/livez", API, "/livez", "https://kubernetes.default.svc.a.b"),
    ("api server", f"https://1.2.3.4:6443{SHOP}/web:80/proxy/a?c=d", service("web", "shop", "80"), "/a?c=d", "https://1.2.3.4:6443"),
    ("api server", "https://API.Example.com:443/api/v1/pods?limit=5", API, "/api/v1/pods?limit=5", "https://api.example.com"),
    ("api server", "https://[2001:DB8:0::1]:6443/api", API, "/api", "https://[2001:db8::1]:6443"),
    ("api server", "https://[2001:db8::1]/api/", API, "/api/", "https://[2001:db8::1]"),
    ("api server", f"https://master{SHOP}/web/proxy/x", service("web", "shop"), "/x", "https://master"),
    ("api server", f"https://k8s.corp{SHOP}/web/proxy", service("web", "shop"), None, "https://k8s.corp"),
    ("api server", "https://k8s-1.corp.com:6443/api/v1/nodes/n1/proxy/", node("n1"), "/", "https://k8s-1.corp.com:6443"),
    ("base path", f"{RANCHER}{SHOP}/https:web:443/proxy/", service("web", "shop", "443", "https"), "/", RANCHER),
    ("base path", f"{RANCHER}{SHOP}/web/proxy{QUERY}", service("web", "shop"), QUERY, RANCHER),
    ("base path", f"{RANCHER}/apis/apps/v1/deployments", API, "/apis/apps/v1/deployments", RANCHER),
    ("base path", "https://a.b.c.d/api/x/api/v1/pods", API, "/api/v1/pods", "https://a.b.c.d/api/x"),
    ("kubectl proxy", f"http://127.0.0.1:8001{SHOP}/https:web:/proxy/#/a", service("web", "shop", "", "https"), "/#/a", "http://127.0.0.1:8001"),
    ("kubectl proxy", "http://localhost:8001/api/v1/pods", API, "/api/v1/pods", "http://localhost:8001"),
    ("kubectl proxy", "http://[::1]:8001/apis", API, "/apis", "http://[::1]:8001"),
    ("kubectl proxy", "http://LOCALHOST:80/k/api/v1/nodes", API, "/api/v1/nodes", "http://localhost/k"),
    ("A2", f"{SHOP}/https%3Aweb%3A443/proxy/x", service("web", "shop", "443", "https"), "/x", None),
    ("A2", f"{SHOP}/web%3a80/proxy", service("web", "shop", "80"), None, None),
    ("N5", f"{SHOP}/web:/proxy", service("web", "shop"), None, None),
    ("N6", f"{SHOP}/:web:80/proxy", service("web", "shop", "80"), None, None),
    ("N7", f"{SHOP}/https:web/proxy", service("https", "shop", "web"), None, None),
    ("T6", "/api/v1/namespaces/a/pods/web-0:80/proxy/x%2Fy//z/", pod("web-0", "a", "80"), "/x%2Fy//z/", None),
    ("T9", f"{SHOP}/web/proxy?x=%zz", service("web", "shop"), "?x=%zz", None),
    ("api path", "/api/v1/nodes/n1/proxy/metrics", node("n1"), "/metrics", None),
    ("api path", "/api/v1/%6eodes/n1/%70roxy/metrics", node("n1"), "/metrics", None),
    ("api path", f"{SHOP}/web", API, f"{SHOP}/web", None),
    ("api path", f"{SHOP}/web/status", API, f"{SHOP}/web/status", None),
    ("api path", "/api/v1/namespaces/a/configmaps/c/proxy", API, "/api/v1/namespaces/a/configmaps/c/proxy", None),
    ("api path", "/version?x", API, "/version?x", None),
    ("api path", "/", API, "/", None),
    ("old prefix", "/api/v1/proxy/namespaces/a/services/web:80/x?y", service("web", "a", "80"), "/x?y", None),
    ("old prefix", "/api/v1/proxy/namespaces/a/pods/web-0", pod("web-0", "a"), None, None),
    ("old prefix", "/api/v1/proxy/nodes/n1/stats/", node("n1"), "/stats/", None),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "text", "target", "path", "server"), PASTED)
def test_pasted(rule: str, text: str, target: Target, path: str | None, server: str | None) -> None:
    assert Target.parse(text) == Parsed(target, path, server)


# rule, text, a part of the message, a part of the hint
REFUSED = [
    ("N7", "https:web", 'service "https" with the port "web"', "`https:web:` for https to web, or `svc/https:web`"),
    ("N7", "shop/http:web", 'service "http" with', "`shop/http:web:` for http to web, or `svc/shop/http:web`"),
    ("N7", "pod/https:web-0", 'pod "https" with', "`pod/https:web-0:` for https to web-0, or `pod/:https:web-0`"),
    ("N8", "", "the name of the service is missing", "`web`"),
    ("N8", ":", "the name of the service is missing", "`web`"),
    ("N8", "::", "the name of the service is missing", "`web`"),
    ("N8", ":web", "the name of the service is missing", "`web`"),
    ("N8", "https::443", "the name of the service is missing", "`web`"),
    ("N8", "web/", "the name of the service is missing", "`web`"),
    ("N8", "pod/", "the name of the pod is missing", "`pod/web-0`"),
    ("N8", "node/", "the name of the node is missing", "`node/worker-1`"),
    ("N8", "svc//web", "the name of the namespace is missing", "`shop/web`"),
    ("N8", f"{SHOP}//proxy/x", "the name of the service is missing", "`web`"),
    ("N9", "HTTPS:web:443", "lower-case", "`https:web:443`"),
    ("N9", "tcp:web:80", 'does not support the scheme "tcp"', "`https`"),
    ("N9", "a:b:c:d", "more than three parts", "`NAME:PORT`"),
    ("N9", "https:web:443:", "more than three parts", "`NAME:PORT`"),
    ("N9", f"{SHOP}/HTTPS:web:1/proxy/x", 'does not support the scheme "HTTPS"', "`https`"),
    ("N10", "Web", "lower-case", "`web`"),
    ("N10", "SVC/Shop/web:HTTP", "lower-case", "`svc/shop/web:http`"),
    ("N10", "/api/v1/namespaces/A/services/web/proxy/x", "lower-case", "`a`"),
    ("N11", ".", "cannot contain dots", "NAMESPACE"),
    ("N11", "pod/..", '".." is not a valid pod name', "`pod/web-0`"),
    ("N11", "pod/%2e%2e", "is not a valid pod name", "`pod/web-0`"),
    ("N11", "a%b", "is not a valid service name", "`web`"),
    ("N13", "web:-1", "is not a valid port", "from 1 to 65535"),
    ("N13", "web: 80", "is not a valid port", "from 1 to 65535"),
    ("N13", "web:0", "is not a valid port", "from 1 to 65535"),
    ("N13", "web:65536", "is not a valid port", "from 1 to 65535"),
    ("N13", f"web:{10**30}", "is not a valid port", "from 1 to 65535"),
    ("N13", "web:८०", "is not a valid port", "from 1 to 65535"),
    ("D2", "pod/web-0:+80", "is not a valid port", "from 1 to 65535"),
    ("D2", "pod/web-0:99999", "is not a valid port", "from 1 to 65535"),
    ("name", "we b", '"we b" is not a valid service name', "lower-case letters"),
    ("name", "web\n", r"web\n", "lower-case letters"),
    ("name", "web\\x", "is not a valid service name", "lower-case letters"),
    ("name", "wéb", "is not a valid service name", "lower-case letters"),
    ("name", "web_1", "is not a valid service name", "lower-case letters"),
    ("name", "-web", "is not a valid service name", "hyphens"),
    ("name", "web#x", "is not a valid service name", "lower-case letters"),
    ("name", "\ud800", r"\ud800", "lower-case letters"),
    ("name", "x" * 80 + "_", "…", "lower-case letters"),
    ("path", "a/b/c", "more than a target", "did you mean `a/b c`?"),
    ("path", "api/v1/pods", "without its leading slash", "type `/api/v1/pods`"),
    ("path", "apis/apps/v1/deployments?limit=3", "leading slash", "type `/apis/apps/v1/deployments?limit=3`"),
    ("path", "?", "not a target", "%kproxy -h lists"),
    ("path", "a/b/c/d", "more than a target", "did you mean `a/b c/d`?"),
    ("path", "a/b/", "more than a target", "did you mean `a/b /`?"),
    ("path", "svc/a/b/c", "more than a target", "did you mean `svc/a/b c`?"),
    ("path", "web:80/path/x", "more than a target", "did you mean `web:80 path/x`?"),
    ("path", "https:web:443/", "more than a target", "did you mean `https:web:443 /`?"),
    ("path", "a/web:80/X?y=/z", "more than a target", "did you mean `a/web:80 X?y=/z`?"),
    ("path", "web?x=1", "more than a target", "did you mean `web ?x=1`?"),
    ("path", "a/b?x=1/2", "more than a target", "did you mean `a/b ?x=1/2`?"),
    ("path", "https:mon/prom", "more than a target", "did you mean `mon/https:prom:`, or `https:mon: prom`?"),
    ("path", "https:mon/prom:9/x?y", "more than", "did you mean `mon/https:prom:9 x?y`, or `https:mon: prom:9/x?y`?"),
    ("path", "https:web/_search", "more than a target", "did you mean `https:web: _search`?"),
    ("path", "mon/https:prom/graph", "more than a target", "did you mean `mon/https:prom: graph`?"),
    ("path", "pod/https:web/graph", "more than a target", "did you mean `pod/https:web: graph`?"),
    ("path", "svc/https:web/graph", "more than a target", "did you mean `svc/https:web graph`?"),
    ("path", "node/n1/metrics", "more than a target", "did you mean `node/n1 metrics`?"),
    ("host", f"{PROMETHEUS}:9090", "contain dots", f"`http://{PROMETHEUS}:9090` or `monitoring/prometheus:9090`"),
    ("host", "https:web.shop:", "cannot contain dots", "`https://web.shop` or `shop/https:web:`"),
    ("host", "web.shop.svc.cluster.local", "cannot contain dots", "`http://web.shop.svc.cluster.local` or `shop/web`"),
    ("host", "web-0.web.shop", "cannot contain dots", "`http://web-0.web.shop` or `pod/shop/web-0`"),
    ("host", "10.0.0.1:80", "cannot contain dots", "`pod/NAMESPACE/NAME:PORT`"),
    ("host", "shop/web.v2", "cannot contain dots", "`NAMESPACE/NAME:PORT`"),
    ("login", "user:pw@web", "or a login", "`NAMESPACE/NAME:PORT`"),
    ("login", "web?to=a@b", "or a login", "the path as a separate word"),
    ("login", "https://user:pw@web/x", "a login is refused", "before the @"),
    ("login", "https://user@web/x", "a login is refused", "before the @"),
    ("login", "https://user:p/w@web/x", "no valid host", "`NAMESPACE/NAME:PORT`"),
    ("url", "ftp://web/x", '"ftp"', "http"),
    ("url", "file:///etc/passwd", '"file"', "http"),
    ("url", "postgres://user:pw@db:5432/x", '"postgres"', "http"),
    ("url", "http:/web/x", "lacks a slash", "`http://web/x`"),
    ("url", "http:///x", "no valid host", "`http://NAME.NAMESPACE:PORT`"),
    ("url", "http://", "no valid host", "`http://NAME.NAMESPACE:PORT`"),
    ("url", "http://:80/", "no valid host", "`http://NAME.NAMESPACE:PORT`"),
    ("url", "http://web:http/", "not a number", "`NAMESPACE/NAME:PORT`"),
    ("url", "http://web:0/", "is not a valid port", "65535"),
    ("url", "http://web:65536/", "is not a valid port", "65535"),
    ("url", "http://we b/", "no valid host", "`http://NAME.NAMESPACE:PORT`"),
    ("url", "http://web\\.evil/", "a backslash", "`http://NAME.NAMESPACE:PORT`"),
    ("url", "https://1.2.3.4:6443\\x/api/v1/pods", "a backslash", "`http://NAME.NAMESPACE:PORT`"),
    ("url", "https://k8s.corp\\/api/v1/pods", "a backslash", "`http://NAME.NAMESPACE:PORT`"),
    ("url", "http://web_1/", '"web_1" is not a valid service name', "lower-case letters"),
    ("url", "http://web..svc/", "the name of the namespace is missing", "`shop/web`"),
    ("url", "http://a.b.c.d/x", "not the host of a service", "`http://NAME.NAMESPACE.svc:PORT`"),
    ("url", "http://10.0.0.1/x", "not the host of a service", "`http://NAME.NAMESPACE.svc:PORT`"),
    ("url", "http://127.0.0.1:8001/version", "not the host of a service", "from its first slash"),
    ("url", "http://localhost/", "not the host of a service", "from its first slash"),
    ("url", "//web/x", "one slash", "`/web/x`"),
    ("%2F", f"{SHOP}/b%2Fc/proxy/x", "encoded slash", "`NAMESPACE/NAME:PORT`"),
    ("%2F", "https://1.2.3.4/api/v1/nodes/b%2Fc/proxy/x", "encoded slash", "`NAMESPACE/NAME:PORT`"),
    ("X1", f"{SHOP}/b/proxy/../../../../secrets", "a segment", "without"),
    ("X1", f"{SHOP}/%2e%2e/proxy/x", "a segment", "without"),
    ("X1", "/api/v1/namespaces/%252e./services/b/proxy/x", "a segment", "without"),
    ("X1", "/api\\v1", "a backslash", "without"),
    ("X1", "https://1.2.3.4/../api/v1/pods", "a segment", "without"),
]  # fmt: skip


def typed_in(hint: str) -> Iterator[str]:
    """What a hint says to type, but for parts of targets and examples with words to fill in."""
    for typed in re.findall(r"`([^`]+)`", hint):
        if not re.search("NAME|PORT", typed) and typed not in (".", "..", "http", "https"):
            yield typed


@pytest.mark.parametrize(("rule", "text", "message", "hint"), REFUSED)
def test_refused(rule: str, text: str, message: str, hint: str) -> None:
    with pytest.raises(TargetError) as caught:
        Target.parse(text)
    error = caught.value
    assert error.hint is not None
    assert message in str(error)
    assert hint in error.hint
    for line in (str(error), error.hint):
        assert line.isprintable()
        assert len(line) < 250
    for typed in typed_in(error.hint):
        Target.parse(typed.split(" ")[0])


def test_a_login_is_never_repeated() -> None:
    for text in (
        "https://user:hunter2@web/x",
        "https://hunter2@web/",
        "https://user:hunter2/x@web/",
        "https://user:hunter2",
        "ftp://user:hunter2@web/x",
        "user:hunter2@web",
        "https:user:hunter2@web:443",
    ):
        with pytest.raises(TargetError) as caught:
            Target.parse(text)
        assert "hunter2" not in f"{caught.value}{caught.value.hint}"


@pytest.mark.parametrize(
    "parts",
    [
        {"name": ""},
        {"name": "Web"},
        {"name": "a/b"},
        {"name": "a.b"},
        {"name": ".."},
        {"name": "a", "namespace": ""},
        {"name": "a", "namespace": "a.b"},
        {"name": "a", "namespace": "../b"},
        {"name": "a", "port": "80/x"},
        {"name": "a", "port": "80:81"},
        {"name": "a", "scheme": "HTTP"},
        {"name": "a", "scheme": "ftp"},
        {"name": "a", "kind": "deployment"},
        {"name": "a", "kind": "node", "namespace": "b"},
        {"name": "a", "kind": "api"},
        {"kind": "api", "namespace": "b"},
    ],
)
def test_a_target_made_by_hand_is_checked_too(parts: dict[str, str]) -> None:
    with pytest.raises(TargetError):
        Target(**parts)  # type: ignore[arg-type]  # wrong on purpose


def test_parts_are_replaced_and_checked() -> None:
    web = service("web")
    assert web.port_forward == "kubectl port-forward svc/web 8080:PORT"
    assert web.with_namespace("a").with_port("80").port_forward == "kubectl port-forward -n a svc/web 8080:80"
    assert web.with_namespace("shop").with_port("http").with_scheme("https") == service("web", "shop", "http", "https")
    assert web.with_namespace("shop").with_namespace(None) == web
    with pytest.raises(TargetError):
        web.with_namespace("a/b")
    with pytest.raises(TargetError):
        web.with_port("../x")
    with pytest.raises(TargetError):
        web.with_scheme("ftp")
    with pytest.raises(TargetError):
        node("n1").with_namespace("shop")


def test_the_path_at_the_api_server() -> None:
    assert proxy_path(service("web", "shop", "443", "https"), "other") == (
        "/api/v1/namespaces/shop/services/https:web:443/proxy"
    )
    assert proxy_path(service("web"), "other") == "/api/v1/namespaces/other/services/web/proxy"
    assert proxy_path(pod("web-0", port="80"), "shop") == "/api/v1/namespaces/shop/pods/web-0:80/proxy"
    assert proxy_path(node("n1", "10250"), "shop") == "/api/v1/nodes/n1:10250/proxy"
    assert proxy_path(API) == ""


@pytest.mark.parametrize("namespace", [None, "", "..", "a/b", "a%2Fb", "Shop"])
def test_a_namespace_is_needed_and_checked(namespace: str | None) -> None:
    with pytest.raises(TargetError):
        proxy_path(service("web"), namespace)


def test_kind_words_and_verbs() -> None:
    assert set(KINDS) == {"svc", "service", "services", "po", "pod", "pods", "no", "node", "nodes"}
    assert VERBS >= {"contexts", "services", "svc", "po", "no", "ns", "get", "url", "can", "panel", "demo"}
    for word in KINDS.keys() | VERBS:
        assert str(service(word)) == f"svc/{word}"


# path, how it is sent (T8 and RFC 3986)
SAFE = [
    ("", ""),
    ("/", "/"),
    ("//a///b/", "//a///b/"),
    ("/a.b/.../..c/d../.e", "/a.b/.../..c/d../.e"),
    ("/~x!$&'()*+,;=:@-._", "/~x!$&'()*+,;=:@-._"),
    ("/a b", "/a%20b"),
    ('/{}"<>|^`[]', "/%7B%7D%22%3C%3E%7C%5E%60%5B%5D"),
    ("/é/😀", "/%C3%A9/%F0%9F%98%80"),
    ("/a#b?c", "/a%23b%3Fc"),
    ("/%41%2f%2F%c3", "/%41%2f%2F%c3"),
    ("/100%", "/100%25"),
    ("/%/%4/%zz/%%41", "/%25/%254/%25zz/%25%41"),
    ("/%25252e.x", "/%25252e.x"),
    ("/..;x/", "/..;x/"),
]


@pytest.mark.parametrize(("path", "sent"), SAFE)
def test_safe_paths(path: str, sent: str) -> None:
    assert safe_path(path) == sent
    assert safe_path(sent) == sent


@pytest.mark.parametrize(
    "path",
    [
        *("..", "/..", "/a/../b", "/./a", "/a/.", "/%2e", "/%2E%2e/x", "/.%2e/", "/%252e%252e/", "/%25252525252e"),
        *("/a%2f..%2fb", "/a%252f%252e", "/a%2f.", "/%2%65", "/%25%32%65%2e"),
        *("/a\\b", "/a%5Cb", "/a%255cb", "\\..\\"),
        *("/a\nb", "/\x00", "/%00", "/%0d%0a", "/%250a", "/\x7f", "/%7F", "/\x85", "/%C2%85", "/%C2%2585"),
        *("/\ud800", "/a\udfffb"),
    ],
)
def test_unsafe_paths_x1(path: str) -> None:
    with pytest.raises(TargetError) as caught:
        safe_path(path)
    assert str(caught.value).isprintable()


# Properties.

labels = st.text("a-z09", max_size=6).map(lambda text: text.strip("-") or "web") | st.sampled_from(
    sorted(KINDS.keys() | VERBS | {"http", "https", "kubernetes", "default", "localhost", "api", "0", "80"})
)
numbers = st.integers(1, 65535).map(str)


schemes = st.sampled_from(["", "http", "https"])
namespaces = st.none() | labels
dotted = labels | st.lists(labels, min_size=2, max_size=3).map(".".join)
ports = st.just("") | numbers | numbers.map("00{}".format) | labels.filter(lambda label: not label.isdigit())
proxied = st.one_of(
    st.builds(service, labels, namespaces, ports | numbers.map("+{}".format), schemes),
    st.builds(pod, dotted, namespaces, ports, schemes),
    st.builds(node, dotted, ports, schemes),
)
targets = proxied | st.just(API)


@examples
@given(targets)
@example(pod("https", port="web"))
@example(service("http", "svc", "http"))
def test_parse_and_print_are_inverses(target: Target) -> None:
    assert Target.parse(str(target)) == Parsed(target, "/" if target.kind == "api" else None, None)


@examples
@given(targets, labels, st.sampled_from([None, "/", "/x%2Fy?z=/proxy/", "?q"]))
def test_the_path_at_the_api_server_parses_back(target: Target, namespace: str, path: str | None) -> None:
    expected = target if target.kind in ("api", "node") else target.with_namespace(target.namespace or namespace)
    if target.kind == "api":
        path = f"/apis/apps/v1{path or ''}"
    sent = proxy_path(target, namespace) + (path or "")
    assert Target.parse(sent) == Parsed(expected, path, None)
    server = "https://10.0.0.1:6443/k8s/clusters/c1"
    assert Target.parse(server + sent) == Parsed(expected, path, server)


@examples
@given(
    labels, labels, st.sampled_from(["", ".svc", ".svc.cluster.local", ".svc.a.b.c.example.com", ".svc.svc"]), numbers
)
def test_any_service_is_reached_by_its_host_name(name: str, namespace: str, domain: str, port: str) -> None:
    parsed = Target.parse(f"http://{name}.{namespace}{domain}:{port}/api/v1/query?x")
    assert parsed == Parsed(service(name, namespace, port, "http"), "/api/v1/query?x", None)


pieces = st.lists(
    st.sampled_from([*"/:.%?#@[]\\ -a0Z", "..", "svc", "pod/", "https:", "http://", "/api/v1/", "nodes/", "/proxy"])
    | st.characters(),
    max_size=12,
).map("".join)


@examples
@given(st.text() | pieces)
def test_any_text_names_a_target_or_says_what_to_type(text: str) -> None:
    try:
        parsed = Target.parse(text)
    except TargetError as error:
        assert error.hint is None or error.hint.isprintable()
        assert str(error).isprintable()
    else:
        assert Target.parse(str(parsed.target)).target == parsed.target
        assert parsed.target.kind == "api" or re.fullmatch(r"[a-z0-9.:+-]+", parsed.target.segment)


nasty = st.lists(
    st.sampled_from(
        [".", "..", "/", "\\", "%", "25", "2e", "2E", "2f", "5c", "%2e", "%2f", "%5c", "%25", "%00", ";", "a"]
    )
    | st.characters(),
    max_size=10,
).map("".join)


def resolved(path: str) -> str:
    """A path as the most willing reader resolves it: backslashes are slashes, dot segments go up."""
    done: list[str] = []
    for word in path.replace("\\", "/").split("/"):
        if word == "..":
            done = done[:-1] or done
        elif word != ".":
            done.append(word)
    return "/".join(done)


@examples
@given(nasty | st.text(), proxied)
@example("%252e%252e/%252e%252e/x", service("web"))
@example("a%2f..%2f..", service("web"))
def test_nothing_leads_out_of_the_target_x1(path: str, target: Target) -> None:
    try:
        sent = safe_path(f"/{path}")
    except TargetError:
        return
    assert re.fullmatch(r"(?:[A-Za-z0-9._~!$&'()*+,;=:@/-]|%[0-9A-Fa-f]{2})+", sent)
    assert safe_path(sent) == sent
    prefix = proxy_path(target, "shop")
    read = prefix + sent
    while True:
        assert resolved(read).startswith(f"{prefix}/")
        assert not re.search(r"[\x00-\x1f\x7f\\]", read)
        decoded = unquote(read, errors="surrogateescape")
        if decoded == read:
            break
        read = decoded
