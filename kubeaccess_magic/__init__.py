"""From an in-cluster address to a DataFrame in one line.

In a notebook::

    %load_ext kubeaccess_magic
    %kproxy                                                          # the context, and the services in it
    df = %kproxy kube-system/elasticsearch-logging _search?q=user:kimchy

In Python::

    from kubeaccess_magic import Cluster
    Cluster().frame("kube-system/elasticsearch-logging", "_search?q=user:kimchy")

Importing the package and ``%load_ext`` are fast: everything else is imported when it is first used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import os

    import pandas as pd
    from IPython.core.interactiveshell import InteractiveShell

    from .cluster import Cluster
    from .magics.paneling import Panel
    from .reply import Reply
    from .request import Request
    from .targets import Target
    from .version import __version__

__all__ = ["Cluster", "Panel", "Reply", "Request", "Target", "__version__", "contexts", "current"]

_HOMES = {
    "Cluster": ".cluster",
    "Panel": ".magics.paneling",
    "Reply": ".reply",
    "Request": ".request",
    "Target": ".targets",
    "__version__": ".version",
}


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used (PEP 562)."""
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(home, __name__), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


def contexts(kubeconfig: str | os.PathLike[str] | None = None) -> pd.DataFrame:
    """The contexts of the kubeconfig as a DataFrame. No context has to be the current one, and no plugin is run.

    Parameters
    ----------
    kubeconfig
        The path of a kubeconfig; None for the files that kubectl would read.

    Returns
    -------
    DataFrame
        One row per context, with the columns current, name, cluster, server, user, namespace, signs_in, file and
        problem.

    Raises
    ------
    ConfigError
        There is no kubeconfig, or it cannot be read.
    """
    from . import kubeconfig as kubeconfigs
    from .cluster import inventory

    return inventory.contexts_frame(kubeconfigs.contexts(kubeconfig))


def current() -> Cluster:
    """The Cluster that ``%kproxy`` uses in this notebook.

    Raises
    ------
    ConfigError
        This is not IPython, the extension is not loaded, or there is no kubeconfig.
    """
    from .magics import current_cluster

    return current_cluster()


def load_ipython_extension(shell: InteractiveShell) -> None:
    """Add the magics and their completion to a shell, for ``%load_ext kubeaccess_magic``."""
    from .completion import install
    from .magics import load

    load(shell)
    install(shell)


def unload_ipython_extension(shell: InteractiveShell) -> None:
    """Remove the magics and their completion from a shell, for ``%unload_ext kubeaccess_magic``."""
    from .completion import uninstall
    from .magics import unload

    uninstall(shell)
    unload(shell)
