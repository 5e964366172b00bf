"""The real kubectl against the demo cluster: what people type when they look round, and what it prints."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

import pytest
import urllib3

PROXY = "/api/v1/namespaces/shop/services/{}/proxy{}"
SERVICE = {
    "apiVersion": "v1",
    "kind": "Service",
    "metadata": {"name": "mine", "labels": {"team": "a"}},
    "spec": {"selector": {"app": "web"}, "ports": [{"name": "http", "port": 80, "targetPort": "http"}]},
}


class Demo(Protocol):
    """The fixture of tests/conftest.py."""

    server: str
    kubeconfig: str


class Kubectl:
    """The real one, with the kubeconfig of the demo; it keeps its caches in a folder of the tests."""

    def __init__(self, program: Path, kubeconfig: str, folder: Path) -> None:
        self.command = [str(program), "--kubeconfig", kubeconfig]
        self.environment = {"PATH": os.environ["PATH"], "HOME": str(folder)}

    def run(self, *arguments: str, given: str | None = None, timeout_s: float = 30) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*self.command, *arguments],
            env=self.environment, input=given, capture_output=True, text=True, timeout=timeout_s,
        )  # fmt: skip

    def __call__(self, *arguments: str, given: str | None = None) -> str:
        """What it prints; it must succeed."""
        done = self.run(*arguments, given=given)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def fails(self, *arguments: str, given: str | None = None) -> str:
        """What it complains of; it must fail."""
        done = self.run(*arguments, given=given)
        assert done.returncode == 1, done.stdout
        return done.stderr.strip()

    def json(self, *arguments: str) -> Any:
        return json.loads(self(*arguments, "-o", "json"))

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        return subprocess.Popen([*self.command, *arguments], env=self.environment, stdout=subprocess.PIPE, text=True)


@pytest.fixture(scope="module")
def kubectl(demo: Demo, tmp_path_factory: pytest.TempPathFactory) -> Kubectl:
    program = Path(os.environ.get("KUBEBUILDER_ASSETS", ""), "kubectl")
    if not os.environ.get("KUBEBUILDER_ASSETS") or not os.access(program, os.X_OK):
        pytest.skip("KUBEBUILDER_ASSETS names no folder with kubectl")
    return Kubectl(program, demo.kubeconfig, tmp_path_factory.mktemp("kubectl"))


@pytest.fixture
def namespace(kubectl: Kubectl, request: pytest.FixtureRequest) -> Iterator[str]:
    """A namespace of the test's own."""
    name = request.node.name.replace("_", "-")[:40]
    kubectl("create", "namespace", name)
    yield name
    kubectl("delete", "namespace", name)


def table(text: str) -> tuple[list[str], dict[str, list[str]]]:
    """Header, and the rows by their first cell; cells stand two blanks apart at least."""
    header, *rows = [[cell.strip() for cell in line.split("  ") if cell.strip()] for line in text.splitlines() if line]
    return header, {row[0]: row for row in rows}


def test_versions_and_cluster_info(kubectl: Kubectl, demo: Demo) -> None:
    said = kubectl("version")
    assert "Server Version: v1.37." in said
    lines = kubectl("cluster-info").splitlines()
    assert lines[0].endswith(f"is running at {demo.server}")
    built_in = [line.split(" is running at ")[1] for line in lines[1:] if " is running at " in line]
    base = f"{demo.server}/api/v1/namespaces/kube-system/services"
    assert {f"{base}/elasticsearch-logging/proxy", f"{base}/kibana-logging/proxy"} <= set(built_in)
    assert {f"{base}/monitoring-grafana/proxy", f"{base}/monitoring-heapster/proxy"} <= set(built_in)
    assert f"{base}/kube-dns:dns/proxy" in built_in


def test_tables(kubectl: Kubectl) -> None:
    header, namespaces = table(kubectl("get", "namespaces"))
    assert header == ["NAME", "STATUS", "AGE"]
    assert {"default", "kube-system", "monitoring", "shop"} <= set(namespaces)
    header, services = table(kubectl("get", "services", "-n", "shop"))
    assert header == ["NAME", "TYPE", "CLUSTER-IP", "EXTERNAL-IP", "PORT(S)", "AGE"]
    assert services["web-public"][1] == "LoadBalancer"
    assert services["web-nodeport"][4] == "80:30080/TCP"
    assert services["web-headless"][2] == "None"
    assert services["mail"][1:5] == ["ExternalName", "<none>", "mail.example.org", "25/TCP"]
    header, pods = table(kubectl("get", "pods", "-n", "shop"))
    assert header == ["NAME", "READY", "STATUS", "RESTARTS", "AGE"]
    assert pods["importer-0"][1:3] == ["0/1", "CrashLoopBackOff"]
    assert pods["warming-up-0"][1:3] == ["0/1", "Running"]
    header, nodes = table(kubectl("get", "nodes"))
    assert header == ["NAME", "STATUS", "ROLES", "AGE", "VERSION"]
    assert all(row[1] == "Ready" for row in nodes.values())
    header, _ = table(kubectl("get", "events", "-n", "shop"))
    assert header == ["LAST SEEN", "TYPE", "REASON", "OBJECT", "MESSAGE"]
    assert "pod/importer-0" in kubectl("get", "events", "-A")


def test_wider_tables(kubectl: Kubectl) -> None:
    header, _ = table(kubectl("get", "pods", "-A", "-o", "wide"))
    assert header[:2] == ["NAMESPACE", "NAME"]
    assert header[-4:] == ["IP", "NODE", "NOMINATED NODE", "READINESS GATES"]
    assert table(kubectl("get", "svc", "-A", "-o", "wide"))[0][-1] == "SELECTOR"
    header, nodes = table(kubectl("get", "nodes", "-o", "wide"))
    assert header[5:] == ["INTERNAL-IP", "EXTERNAL-IP", "OS-IMAGE", "KERNEL-VERSION", "CONTAINER-RUNTIME"]
    assert nodes["node-1"][2] == "control-plane"
    header, pods = table(kubectl("get", "pods", "-n", "shop", "-l", "app=web", "--show-labels"))
    assert header[-1] == "LABELS"
    assert ["app=web" in row[-1] for row in pods.values()] == [True] * 3
    for kind in ("deployments", "replicasets", "statefulsets", "endpoints", "endpointslices", "roles", "rolebindings"):
        assert table(kubectl("get", kind, "-A"))[0][:2] == ["NAMESPACE", "NAME"]
    everything = kubectl("get", "all", "-n", "shop")
    assert "service/web " in everything
    assert "deployment.apps/web " in everything


def test_selectors_and_pages(kubectl: Kubectl) -> None:
    assert len(kubectl("get", "pods", "-A", "-l", "app in (web),app", "-o", "name").split()) == 3
    on_one = kubectl("get", "pods", "-A", "--field-selector", "status.phase=Running,spec.nodeName=node-1", "-o", "json")
    assert {one["spec"]["nodeName"] for one in json.loads(on_one)["items"]} == {"node-1"}
    whole = kubectl("get", "pods", "-A", "-o", "name")
    assert kubectl("get", "pods", "-A", "-o", "name", "--chunk-size=2") == whole
    by_event = kubectl("get", "events", "-n", "shop", "--field-selector", "involvedObject.name=importer-0")
    assert "BackOff" in by_event
    assert "No resources found" in kubectl.run("get", "pods", "-n", "shop", "-l", "app=none").stderr


def test_objects_as_yaml_and_json(kubectl: Kubectl) -> None:
    web = kubectl.json("get", "service", "web", "-n", "shop")
    assert (web["kind"], web["apiVersion"], web["spec"]["selector"]) == ("Service", "v1", {"app": "web"})
    assert "clusterIP: " + web["spec"]["clusterIP"] in kubectl("get", "svc", "web", "-n", "shop", "-o", "yaml")
    assert kubectl.json("get", "nodes")["kind"] == "List"
    path = "{.items[*].metadata.name}"
    assert "web" in kubectl("get", "svc", "-n", "shop", "-o", f"jsonpath={path}").split()


def test_describe(kubectl: Kubectl) -> None:
    service = kubectl("describe", "service", "web", "-n", "shop")
    assert "Selector: " in service
    [endpoints] = [line for line in service.splitlines() if line.startswith("Endpoints:")]
    assert endpoints.count(":8080") == 3
    pod = kubectl("describe", "pod", "importer-0", "-n", "shop")
    assert "CrashLoopBackOff" in pod
    assert "Restart Count:" in pod
    for what in (("node", "node-1"), ("namespace", "shop"), ("-n", "shop", "deployment", "web")):
        assert kubectl("describe", *what).startswith("Name:")


def test_discovery(kubectl: Kubectl) -> None:
    listed = kubectl("api-resources")
    assert {"svc", "po", "no", "ns", "ev"} <= set(listed.split())
    assert "v1" in kubectl("api-versions").split()


def test_raw(kubectl: Kubectl) -> None:
    assert kubectl("get", "--raw", "/readyz") == "ok"
    assert json.loads(kubectl("get", "--raw", "/version"))["major"] == "1"
    stats = json.loads(kubectl("get", "--raw", PROXY.format("backoffice:http", "/stats")))
    assert stats["orders"] > 0
    said = kubectl.fails("get", "--raw", PROXY.format("missing", "/"))
    assert said == 'Error from server (ServiceUnavailable): no endpoints available for service "missing"'
    assert "NotFound" in kubectl.fails("get", "--raw", "/nowhere")


def test_who_and_what_may_i(kubectl: Kubectl) -> None:
    assert table(kubectl("auth", "whoami"))[1]["Username"][1] == "admin"
    assert table(kubectl("auth", "whoami", "--as", "analyst"))[1]["Username"][1] == "analyst"
    assert kubectl("auth", "can-i", "delete", "nodes") == "yes\n"
    assert kubectl.run("auth", "can-i", "get", "pods", "--context", "nobody").stdout == "no\n"
    asked = ("auth", "can-i", "get", "services/web:80", "--subresource=proxy", "-n", "shop")
    assert kubectl(*asked, "--context", "analyst") == "yes\n"
    assert kubectl.run(*asked, "--context", "viewer").stdout == "no\n"
    listed = kubectl("auth", "can-i", "--list", "--context", "analyst")
    assert "services/proxy" in listed
    assert "[web:80]" in listed
    assert "*.*" in kubectl("auth", "can-i", "--list")


def test_refusals(kubectl: Kubectl) -> None:
    assert (
        kubectl.fails("get", "svc", "none", "-n", "shop") == 'Error from server (NotFound): services "none" not found'
    )
    assert (
        kubectl.fails("get", "svc", "none", "-n", "none") == 'Error from server (NotFound): namespaces "none" not found'
    )
    assert "doesn't have a resource type" in kubectl.fails("get", "nonsense")
    assert "Unauthorized" in kubectl.fails("get", "ns", "--token", "wrong")
    lead = 'Error from server (Forbidden): services is forbidden: User "nobody" cannot list resource "services"'
    lead += ' in API group ""'
    assert kubectl.fails("get", "svc", "-n", "shop", "--as", "nobody") == f'{lead} in the namespace "shop"'
    assert kubectl.fails("get", "svc", "-A", "--context", "nobody") == f"{lead} at the cluster scope"
    assert 'cannot impersonate resource "users"' in kubectl.fails(
        "get", "svc", "--as", "viewer", "--context", "analyst"
    )
    assert kubectl("get", "svc", "--context", "analyst")  # in the namespace of that context
    assert kubectl("get", "svc", "-A", "--context", "viewer")
    said = kubectl.fails("get", "--raw", PROXY.format("vault", "/"), "--context", "analyst")
    assert 'cannot get resource "services/proxy"' in said


def test_label_and_annotate(kubectl: Kubectl, namespace: str) -> None:
    kubectl("create", "service", "clusterip", "one", "--tcp=80:8080", "-n", namespace)
    assert kubectl("label", "svc", "one", "-n", namespace, "tier=front") == "service/one labeled\n"
    assert "--overwrite is false" in kubectl.fails("label", "svc", "one", "-n", namespace, "tier=back")
    kubectl("label", "svc", "one", "-n", namespace, "tier=back", "--overwrite")
    assert kubectl("get", "svc", "-n", namespace, "-l", "tier=back", "-o", "name") == "service/one\n"
    assert kubectl("label", "svc", "one", "-n", namespace, "tier-") == "service/one unlabeled\n"
    assert kubectl("annotate", "svc", "--all", "-n", namespace, "note=hello") == "service/one annotated\n"
    found = kubectl.json("get", "svc", "one", "-n", namespace)["metadata"]
    assert (found["annotations"], "tier" in found["labels"]) == ({"note": "hello"}, False)


def test_create_and_delete(kubectl: Kubectl, namespace: str) -> None:
    create = ("create", "configmap", "settings", "--from-literal=a=1", "-n", namespace)
    assert kubectl(*create) == "configmap/settings created\n"
    assert "already exists" in kubectl.fails(*create)
    assert kubectl.json("get", "cm", "settings", "-n", namespace)["data"] == {"a": "1"}
    patch = json.dumps({"data": {"b": "2"}})
    assert kubectl("patch", "cm", "settings", "-n", namespace, "-p", patch) == "configmap/settings patched\n"
    assert kubectl("delete", "cm", "settings", "-n", namespace).startswith('configmap "settings" deleted')
    assert "NotFound" in kubectl.fails("delete", "cm", "settings", "-n", namespace)
    assert kubectl("run", "box", "--image=example", "-n", namespace) == "pod/box created\n"
    assert table(kubectl("get", "pods", "-n", namespace))[1]["box"][1:3] == ["0/1", "Pending"]
    assert kubectl("delete", "pods", "--all", "-n", namespace).startswith('pod "box" deleted')


def test_apply(kubectl: Kubectl, namespace: str) -> None:
    def apply(thing: dict[str, Any], *more: str) -> str:
        return kubectl("apply", "-n", namespace, "-f", "-", *more, given=json.dumps(thing))

    assert apply(SERVICE) == "service/mine created\n"
    address = kubectl.json("get", "svc", "mine", "-n", namespace)["spec"]["clusterIP"]
    assert apply(SERVICE) == "service/mine unchanged\n"
    ports = [{"name": "http", "port": 8080, "targetPort": "http"}]
    changed = SERVICE | {"spec": {"selector": {"app": "web"}, "ports": ports}}
    assert apply(changed, "--dry-run=server") == "service/mine configured (server dry run)\n"
    assert kubectl.json("get", "svc", "mine", "-n", namespace)["spec"]["ports"][0]["port"] == 80
    assert apply(changed) == "service/mine configured\n"
    found = kubectl.json("get", "svc", "mine", "-n", namespace)["spec"]
    assert (found["ports"][0]["port"], found["clusterIP"]) == (8080, address)
    assert apply(changed, "--server-side") == "service/mine serverside-applied\n"
    told = kubectl("delete", "-n", namespace, "-f", "-", given=json.dumps(SERVICE))
    assert told.startswith('service "mine" deleted')


def test_watching(kubectl: Kubectl, namespace: str) -> None:
    with kubectl.start("get", "cm", "-n", namespace, "-w", "--request-timeout=20s", "--no-headers") as watching:
        assert watching.stdout is not None
        kubectl("create", "configmap", "first", "--from-literal=a=1", "-n", namespace)
        assert watching.stdout.readline().split()[:2] == ["first", "1"]
        kubectl("patch", "cm", "first", "-n", namespace, "-p", '{"data": {"b": "2"}}')
        assert watching.stdout.readline().split()[:2] == ["first", "2"]
        watching.terminate()
    assert (
        kubectl("wait", "pod", "-n", "shop", "-l", "app=web", "--for=condition=Ready", "--timeout=5s").count("met") == 3
    )


def test_kubectl_proxy(kubectl: Kubectl) -> None:
    with kubectl.start("proxy", "--port=0", "--context", "analyst") as proxy, urllib3.PoolManager() as pool:
        try:
            assert proxy.stdout is not None
            base = "http://" + proxy.stdout.readline().split()[-1]
            answer = pool.request("GET", base + PROXY.format("backoffice:http", "/stats"), timeout=10)
            assert answer.status == 200
            assert answer.json()["pod"].startswith("backoffice")
            assert pool.request("GET", base + PROXY.format("vault", "/"), timeout=10).status == 403
            assert pool.request("GET", base + "/api/v1/namespaces/shop/services", timeout=10).json()["items"]
        finally:
            proxy.terminate()  # else the block waits for it
