"""The real kubectl against the demo cluster (`make test-real`)."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from .demo_process import Demo

pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(
        "KUBEBUILDER_ASSETS" not in os.environ, reason="KUBEBUILDER_ASSETS names no folder with kubectl"
    ),
]
Kubectl = Callable[..., str]


@pytest.fixture
def kubectl(world: Demo, tmp_path: Path) -> Kubectl:
    program = Path(os.environ["KUBEBUILDER_ASSETS"], "kubectl")
    environment = {"KUBECONFIG": str(world.kubeconfig), "HOME": str(tmp_path), "PATH": os.environ["PATH"]}

    def run(*arguments: str, fails: bool = False, data: str | None = None) -> str:
        done = subprocess.run(
            [program, *arguments], env=environment, capture_output=True, text=True, timeout=30, input=data
        )
        assert (done.returncode != 0) is fails, done.stderr
        return done.stderr if fails else done.stdout

    return run


def test_reading(kubectl: Kubectl, world: Demo) -> None:
    assert "Server Version: v1.37.2" in kubectl("version")
    assert f"https://127.0.0.1:{world.port}{'/api/v1/namespaces/kube-system/services/'}elasticsearch-logging/proxy" in (
        kubectl("cluster-info")
    )
    for kind in ("namespaces", "services", "pods", "nodes", "events", "endpointslices", "deployments"):
        assert kubectl("get", kind, "-A" if kind not in ("namespaces", "nodes") else "-o=wide").startswith("NAME")
    assert kubectl("get", "pods", "-A", "--chunk-size=3", "-o", "name") == kubectl("get", "pods", "-A", "-o", "name")
    assert "user-agent" not in kubectl("get", "--raw", "/api/v1/namespaces/shop/services/backoffice:http/proxy/stats")
    assert "Selector:" in kubectl("describe", "service", "web", "-n", "shop")
    assert "node-1" in kubectl("top", "nodes")


def test_rights(kubectl: Kubectl) -> None:
    assert "yes" in kubectl(
        "auth", "can-i", "get", "services/web", "--subresource=proxy", "-n", "shop", "--as", "analyst"
    )
    assert "services/proxy" in kubectl("auth", "can-i", "--list", "-n", "shop", "--as", "analyst")
    assert "admin" in kubectl("auth", "whoami")
    assert "Forbidden" in kubectl("get", "pods", "--context", "nobody", fails=True)


def test_writing(kubectl: Kubectl) -> None:
    kubectl("create", "namespace", "scratch")
    kubectl("create", "configmap", "a", "--from-literal=b=c", "-n", "scratch")
    kubectl("label", "configmap", "a", "x=y", "-n", "scratch")
    assert kubectl("get", "configmap", "-l", "x=y", "-n", "scratch", "-o", "jsonpath={.items[0].data.b}") == "c"
    thing = '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a","namespace":"scratch"},"data":{"b":"d"}}'
    kubectl("apply", "-f", "-", data=thing)
    assert kubectl("get", "configmap", "a", "-n", "scratch", "-o", "jsonpath={.data.b}") == "d"
    kubectl("delete", "configmap", "a", "-n", "scratch")
    kubectl("delete", "namespace", "scratch")
    assert "NotFound" in kubectl("get", "namespace", "scratch", fails=True)


def test_scaling_and_raw_proxies(kubectl: Kubectl) -> None:
    assert "scaled" in kubectl("scale", "deployment", "web", "--replicas=2", "-n", "shop")
    assert kubectl("get", "deployment", "web", "-n", "shop", "-o", "jsonpath={.spec.replicas}") == "2"
    assert "scaled" in kubectl("scale", "deployment", "web", "--replicas=3", "-n", "shop")
    orders = "/api/v1/namespaces/shop/services/backoffice:http/proxy/orders"
    assert '"id":' in kubectl("create", "--raw", orders, "-f", "-", data='{"total": 2}')


def test_streams_are_told_to_be_missing(kubectl: Kubectl) -> None:
    pod = kubectl("get", "pods", "-n", "shop", "-l", "app=web", "-o", "name").split()[0]
    assert "is not available in this demo cluster" in kubectl("logs", pod, "-n", "shop", fails=True)
