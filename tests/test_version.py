"""The version stands in one place, and costs nothing to look at."""

import importlib.metadata
import re
import subprocess
import sys

import kubeaccess_magic


def test_it_is_the_version_that_is_installed():
    assert kubeaccess_magic.__version__ == importlib.metadata.version("kubeaccess_magic")
    assert re.fullmatch(r"\d+\.\d+\.\d+((a|b|rc|\.dev)\d+)?", kubeaccess_magic.__version__)


def test_looking_at_it_does_not_read_the_installed_packages():
    program = "import sys, kubeaccess_magic; print(kubeaccess_magic.__version__, 'importlib.metadata' in sys.modules)"
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True)
    assert run.stdout.split() == [kubeaccess_magic.__version__, "False"]
