"""What a context depends on besides files: environment variables, and the account that a pod has."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Mapping
from typing import NamedTuple

from ..errors import ConfigError
from .context import Context
from .files import read_file
from .merge import default_paths
from .urls import server_of

__all__ = ["ACCOUNT_FOLDER", "IN_CLUSTER", "Surroundings"]

ACCOUNT_FOLDER = "/var/run/secrets/kubernetes.io/serviceaccount"
IN_CLUSTER = "in-cluster"  # what the pod's own account is called among the contexts


class Surroundings(NamedTuple):
    """Where environment variables and the pod's account are read.

    Attributes
    ----------
    environ
        The environment variables.
    account_folder
        The folder that Kubernetes mounts the pod's account in.
    """

    environ: Mapping[str, str]
    account_folder: str

    @property
    def has_pod_account(self) -> bool:
        """Whether this is a pod with an account mounted."""
        inside = self.environ.get("KUBERNETES_SERVICE_HOST") and self.environ.get("KUBERNETES_SERVICE_PORT")
        return bool(inside) and os.path.isfile(self._in_account("token"))

    @property
    def pod_namespace(self) -> str:
        """The pod's namespace (G9): ``POD_NAMESPACE``, else the one in its account; "" outside of a pod."""
        if not self.has_pod_account:
            return ""
        with contextlib.suppress(OSError, ValueError):
            text = read_file(self._in_account("namespace"))[:256].decode().strip()
            return self.environ.get("POD_NAMESPACE") or text
        return self.environ.get("POD_NAMESPACE", "")

    def pod_context(self, namespace: str | None) -> Context | None:
        """The pod's account as a context; None outside of a pod and where no account is mounted."""
        if not self.has_pod_account:
            return None
        host, port = self.environ["KUBERNETES_SERVICE_HOST"], self.environ["KUBERNETES_SERVICE_PORT"]
        ca_file = self._in_account("ca.crt")
        return Context(
            name=IN_CLUSTER,
            cluster="",
            user="",
            namespace=namespace or self.pod_namespace or "default",
            server=server_of(f"https://{f'[{host}]' if ':' in host else host}:{port}", "this pod").url,
            ca_file=ca_file if os.path.isfile(ca_file) else None,
            signs_in=("pod account",),
            in_cluster=True,
            token_file=self._in_account("token"),
        )

    def nothing_found(self) -> ConfigError:
        """Make the error for neither a kubeconfig nor a pod's account: where we looked, and what to do."""
        paths = ", ".join(default_paths(self.environ))
        looked = f"no kubeconfig ({paths} does not exist)" if paths else "no kubeconfig"
        hint = "set KUBECONFIG or give --kubeconfig FILE; `%kproxy demo` starts a demo cluster to try things on"
        if self.environ.get("KUBERNETES_SERVICE_HOST"):
            chart = "in JupyterHub's chart `singleuser.serviceAccountName: NAME` mounts one, for new servers"
            hint = f"{chart}; or put a kubeconfig at ~/.kube/config, or {hint}"
            return ConfigError(f"{looked}, and this pod has no service account mounted", hint=hint)
        return ConfigError(f"{looked}, and this is not running in a pod", hint=hint)

    def _in_account(self, name: str) -> str:
        return os.path.join(self.account_folder, name)
