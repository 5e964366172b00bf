"""From an in-cluster address to a DataFrame in one line.

In a notebook::

    %load_ext kubeaccess_magic
    %kproxy                                                          # where am I, and what is there
    df = %kproxy kube-system/elasticsearch-logging _search?q=user:kimchy

In Python::

    from kubeaccess_magic import Cluster
    Cluster().frame("kube-system/elasticsearch-logging", "_search?q=user:kimchy")

Importing this, and ``%load_ext``, load nothing heavy: everything else comes with the first use of its name.
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
    """Load a public name when it is first asked for (PEP 562)."""
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(home, __name__), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


def contexts(kubeconfig: str | os.PathLike[str] | None = None) -> pd.DataFrame:
    """The contexts of the kubeconfig; works without a current one, and runs nothing.

    Parameters
    ----------
    kubeconfig
        A file; what kubectl would read if None.

    Returns
    -------
    DataFrame
        current, name, cluster, server, user, namespace, signs_in, file, problem.

    Raises
    ------
    ConfigError
        There is no kubeconfig, or it cannot be read.
    """
    from . import kubeconfig as room
    from .cluster import inventory

    return inventory.contexts_frame(room.contexts(kubeconfig))


def current() -> Cluster:
    """The Cluster that the magic asks in this notebook.

    Raises
    ------
    ConfigError
        There is no IPython here, the extension is not loaded, or there is no kubeconfig.
    """
    from .magics import current_cluster

    return current_cluster()


def load_ipython_extension(shell: InteractiveShell) -> None:
    """``%load_ext kubeaccess_magic``."""
    from .completion import install
    from .magics import load

    load(shell)
    install(shell)


def unload_ipython_extension(shell: InteractiveShell) -> None:
    """``%unload_ext kubeaccess_magic``."""
    from .completion import uninstall
    from .magics import unload

    uninstall(shell)
    unload(shell)
