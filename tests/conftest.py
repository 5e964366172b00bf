"""For all tests: how many examples a property gets, and the demo cluster as a process on a free port."""

import dataclasses
import os
import pathlib
import signal
import sys

import hypothesis
import pytest

# Tests interrupt themselves and what they start; who runs them in the background of a shell has SIGINT ignored.
signal.signal(signal.SIGINT, signal.default_int_handler)

hypothesis.settings.register_profile(
    "project",
    deadline=None,  # a busy machine is no bug
    max_examples=int(os.environ.get("HYPOTHESIS_EXAMPLES", "50")),
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
)
hypothesis.settings.load_profile("project")


@dataclasses.dataclass(frozen=True)
class Demo:
    """A running demo cluster."""

    server: str
    kubeconfig: str


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory):
    """The embedded demo cluster, started as users start it."""
    from kubeaccess_magic import process

    file: pathlib.Path = tmp_path_factory.mktemp("demo") / "kubeconfig"
    command = [sys.executable, "-m", "kubeaccess_magic.demo", "--kubeconfig", str(file), "--ready-json"]
    child = process.start(command, timeout_s=60)
    yield Demo(**child.ready)
    child.stop()
