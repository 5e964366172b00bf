"""An IPython of the tests' own."""

from __future__ import annotations

from collections.abc import Iterator

import IPython
import pytest
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config


@pytest.fixture(scope="module")
def shell(tmp_path_factory: pytest.TempPathFactory) -> Iterator[InteractiveShell]:
    """One with the extension loaded, and with nothing of the developer's own."""
    config = Config()
    config.HistoryManager.enabled = False
    config.InteractiveShell.colors = "nocolor" if IPython.version_info >= (9,) else "NoColor"
    config.InteractiveShell.ipython_dir = str(tmp_path_factory.mktemp("ipython"))
    InteractiveShell.clear_instance()
    shell = InteractiveShell.instance(config=config)
    assert shell.run_cell("%load_ext kubeaccess_magic").success
    yield shell
    shell.run_cell("%unload_ext kubeaccess_magic")
    InteractiveShell.clear_instance()
