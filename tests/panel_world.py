"""A demo cluster with what a panel must bear: one name in two namespaces, thousands of services, and hostile text."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from kubeaccess_magic import process

MANY = 5000
HOSTILE = "<img src=x onerror='window.hacked = 1'><script>window.hacked = 2</script>"


@contextmanager
def panel_world(folder: Path, many: int = MANY) -> Iterator[str]:
    """Start it; gives its kubeconfig, in which a context is called as a hostile one would be."""
    files = {
        "objects": "\n".join(map(json.dumps, _objects(many))),
        "users": json.dumps({"a-token": ["me", ["system:masters"]], "b-token": [HOSTILE, ["system:masters"]]}),
    }
    command = [sys.executable, "-m", "kubeaccess_magic.demo", "--kubeconfig", str(folder / "kubeconfig")]
    for name, text in files.items():
        (folder / name).write_text(text)
        command += [f"--{name}", str(folder / name)]
    child = process.start([*command, "--ready-json"])
    try:
        yield child.ready["kubeconfig"]
    finally:
        child.stop()


def _objects(many: int) -> Iterator[dict[str, Any]]:
    for namespace in ("first", "second", "many"):
        yield {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}, "status": {"phase": "Active"}}
    yield _service("first", "web", 80, "web")
    yield _service("second", "web", 8080, "web")
    yield _service("first", "hostile", 80, HOSTILE)
    for number in range(many):
        yield _service("many", f"service-{number:04}", 80, "web")


def _service(namespace: str, name: str, port: int, app: str) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name, "namespace": namespace, "labels": {"app.kubernetes.io/name": app}},
        "spec": {
            "type": "ClusterIP",
            "clusterIP": "10.43.7.7",
            "clusterIPs": ["10.43.7.7"],
            "ports": [{"port": port, "targetPort": 8080, "protocol": "TCP"}],
        },
    }
