"""`real`: a real API server with a small world, for the whole run. `prometheus`: the real one, behind it. `as_user` and
`cluster`: our Cluster over it.

What is missing skips the tests with the reason; with CI=true in the environment a skip here is a failure.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Callable, Generator, Iterator
from pathlib import Path

import pytest

from kubeaccess_magic import Cluster

from . import control_plane, namespace
from .control_plane import Real


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker("real")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if os.environ.get("CI") == "true" and report.skipped and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"skipped, which CI=true does not allow: {report.longrepr}"
    return report


@pytest.fixture(scope="session")
def real(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Real]:
    """A running API server; see `Real`."""
    assets = os.environ.get("KUBEBUILDER_ASSETS")
    if why := namespace.missing():
        pytest.skip(why)
    if not assets:
        pytest.skip("KUBEBUILDER_ASSETS names no folder with etcd and kube-apiserver")
    for name in ("etcd", "kube-apiserver", "kubectl"):
        if not os.access(Path(assets, name), os.X_OK):
            pytest.skip(f"KUBEBUILDER_ASSETS has no {name}")
    executable = shutil.which("prometheus")
    folder = tmp_path_factory.mktemp("real")
    with control_plane.running(Path(assets), Path(executable) if executable else None, folder) as running:
        yield running


@pytest.fixture(scope="session")
def as_user(real: Real) -> Iterator[Callable[..., Cluster]]:
    """A Cluster as one of `world.USERS`, in the namespace demo; the same one each time."""
    made: dict[str, Cluster] = {}
    with contextlib.ExitStack() as ends:

        def give(user: str) -> Cluster:
            if user not in made:
                made[user] = ends.enter_context(Cluster(kubeconfig=real.kubeconfig(user)))
            return made[user]

        yield give


@pytest.fixture
def cluster(as_user: Callable[..., Cluster]) -> Cluster:
    """The administrator's."""
    return as_user("admin")


@pytest.fixture(scope="session")
def prometheus(real: Real) -> str:
    """The real Prometheus has something to tell, at pod monitoring/prometheus-0; gives its in-cluster URL."""
    if shutil.which("prometheus") is None:
        pytest.skip("prometheus is not installed")
    control_plane.wait_for_prometheus(real)
    return "http://prometheus.monitoring.svc:9090"


@pytest.fixture(autouse=True)
def _seen_by_this_test(request: pytest.FixtureRequest) -> None:
    if "real" in request.fixturenames:
        request.getfixturevalue("real").seen.clear()
