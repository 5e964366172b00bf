"""The first request of a process loads what it needs and no more."""

import subprocess
import sys

PROGRAM = """
import sys
from kubeaccess_magic import Cluster
reply = Cluster(kubeconfig=sys.argv[1]).get("monitoring/http:prometheus:web", "-/healthy")
print(reply.status_code, *sys.modules)
"""
NOT_NEEDED = (
    "IPython", "ipywidgets", "kubernetes", "msgspec", "numpy", "pandas", "pyarrow", "requests", "tornado", "tqdm",
    "kubeaccess_magic.credentials.exec_plugin", "kubeaccess_magic.credentials.oidc", "kubeaccess_magic.dialects",
    "kubeaccess_magic.discovery.builtin", "kubeaccess_magic.doctor", "kubeaccess_magic.kube.objects",
    "kubeaccess_magic.magics", "kubeaccess_magic.panel", "kubeaccess_magic.suggest",
    "kubeaccess_magic.ways.proxy.explanations",
)  # fmt: skip


def test_a_first_get_of_a_complete_target_loads_no_more_than_it_needs(demo):
    run = subprocess.run(
        [sys.executable, "-c", PROGRAM, demo.kubeconfig], capture_output=True, text=True, timeout=60, check=True
    )
    status, *loaded = run.stdout.split()
    assert status == "200"
    assert not set(NOT_NEEDED) & set(loaded)
