"""`kubeconfig`: of a demo cluster that runs for the whole time, as a process of its own."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from kubeaccess_magic import process


@pytest.fixture(scope="session")
def kubeconfig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    file = tmp_path_factory.mktemp("demo") / "kubeconfig"
    command = [sys.executable, "-m", "kubeaccess_magic.demo", "--kubeconfig", str(file), "--ready-json"]
    child = process.start(command, timeout_s=30)
    yield file
    child.stop()
