"""A real IPython in this process: cells go in; what they return, show and print comes out."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output
from traitlets.config import Config


@dataclass(frozen=True)
class Ran:
    """What a cell did."""

    result: Any  # None if it returned nothing, or failed
    error: BaseException | None
    shown: str  # stdout: prints, what is displayed as text, a traceback
    told: str  # stderr

    @property
    def lines(self) -> list[str]:
        return [line for line in self.shown.splitlines() if line.strip()]


@dataclass
class Notebook:
    """Runs cells."""

    shell: InteractiveShell

    @property
    def names(self) -> dict[str, Any]:
        namespace: dict[str, Any] = self.shell.user_ns
        return namespace

    def run(self, cell: str) -> Ran:
        with capture_output() as captured:
            done = self.shell.run_cell(cell, store_history=True)
        error = done.error_before_exec or done.error_in_exec
        return Ran(done.result, error, captured.stdout, captured.stderr)

    def value(self, cell: str) -> Any:
        """What a cell that must not fail returns."""
        ran = self.run(cell)
        assert ran.error is None, ran.shown
        return ran.result


@contextlib.contextmanager
def opened(kubeconfig: Path) -> Iterator[Notebook]:
    """An IPython with the extension loaded, and KUBECONFIG set."""
    settings = Config()
    settings.HistoryManager.hist_file = ":memory:"
    settings.InteractiveShell.colors = "nocolor"
    settings.InteractiveShell.cache_size = 0
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("KUBECONFIG", str(kubeconfig))
        shell = InteractiveShell.instance(config=settings)
        try:
            notebook = Notebook(shell)
            notebook.value("%load_ext kubeaccess_magic")
            yield notebook
            notebook.value("%unload_ext kubeaccess_magic")
        finally:
            InteractiveShell.clear_instance()
