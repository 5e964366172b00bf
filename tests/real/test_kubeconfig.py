"""Runs kubectl itself and this package in the situations of tests/kubectl, and signs in at the real API server."""

from __future__ import annotations

import contextlib
import json
import os
import pathlib
import subprocess
import sys
from collections.abc import Iterator

import pytest
from kubectl.recorders import World
from kubectl.running import Stage
from kubectl.table import part, verdicts

from kubeaccess_magic import Cluster

from .control_plane import Real

TESTS = pathlib.Path(__file__).parents[1]
PARTS = 16
# Each part has situations of every kind. At full size all are asked; else a quarter, which are some 300.
ASKED = range(PARTS) if int(os.environ.get("HYPOTHESIS_EXAMPLES", "0")) >= 10_000 else range(0, PARTS, 4)


@pytest.fixture(scope="module")
def kubectl() -> str:
    assets = os.environ.get("KUBEBUILDER_ASSETS")
    if not assets:
        pytest.skip("KUBEBUILDER_ASSETS names no folder with kubectl")
    return str(pathlib.Path(assets, "kubectl").expanduser())


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with contextlib.closing(World()) as made:
        yield made


@pytest.fixture(scope="module")
def stage(world: World, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    made = Stage(world, tmp_path_factory.mktemp("kubectl") / "k")
    yield made
    made.close()


@pytest.mark.timeout(300)
@pytest.mark.parametrize("number", ASKED)
def test_kubectl_does_as_recorded_and_we_as_kubectl(kubectl: str, stage: Stage, number: int) -> None:
    recorded = verdicts()
    different = {}
    for situation in part(number, PARTS):
        told, words = stage.ask_kubectl(kubectl, situation)
        did, said = stage.ask_ours(situation)
        if told != recorded[situation.name] or (did == told) == bool(situation.difference):
            different[situation.name] = {"kubectl": told, "in words": words, "we": did, "said": said}
    assert not different, json.dumps(different, indent=1)


@pytest.mark.timeout(300)
def test_in_a_pod_we_do_as_kubectl_does(kubectl: str) -> None:  # G1, G5, G9
    command = [sys.executable, "-m", "kubectl.pods", kubectl]
    ran = subprocess.run(command, cwd=TESTS, capture_output=True, text=True, timeout=280, check=False)
    assert ran.returncode == 0, ran.stderr
    rows = json.loads(ran.stdout)
    assert len(rows) > 40
    different = {name: row for name, row in rows.items() if (row["kubectl"] == row["we"]) == bool(row["difference"])}
    assert not different, json.dumps(different, indent=1)


def test_the_real_server_by_a_proxy_a_plugin_and_as_another(
    real: Real, world: World, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """G17, G24, G28: who the API server says that we are, through a proxy from the environment."""
    told = json.loads(real.kubeconfig("admin").read_text())
    [user] = [one for one in told["users"] if one["name"] == "admin"]
    version = "client.authentication.k8s.io/v1"
    answer = json.dumps({"kind": "ExecCredential", "apiVersion": version, "status": {"token": real.token("admin")}})
    (tmp_path / "plugin").write_text(f"#!/bin/sh\ncat <<'EOF'\n{answer}\nEOF\n")
    (tmp_path / "plugin").chmod(0o755)
    user["user"] = {
        "exec": {"command": "./plugin", "apiVersion": version, "interactiveMode": "Never"},
        "as": "eve",
        "as-groups": ["auditors"],
        "as-user-extra": {"example.org/Reason": ["\u00fc"]},
    }
    (tmp_path / "config").write_text(json.dumps(told))
    monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{world.ports['onward']}")
    since = len(world.log)
    with Cluster(kubeconfig=tmp_path / "config") as cluster:
        assert cluster.user() == "eve"
    assert [line.split()[:2] for line in world.log[since:]] == [["onward", "CONNECT"]]
