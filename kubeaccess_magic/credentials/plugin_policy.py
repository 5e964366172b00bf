"""The policy on plugins in ``~/.kube/kuberc`` (G26); ``KUBERC`` names another file, or ``off``."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Mapping
from typing import Any

from .. import kubeconfig
from ..errors import ConfigError, CredentialError
from ..kubeconfig.files import read_file

__all__ = ["refuse_forbidden"]


def refuse_forbidden(command: str, executable: str, label: str) -> None:
    """Raise if the user's policy forbids running a plugin.

    Parameters
    ----------
    command
        As the kubeconfig names it.
    executable
        The file that would be run.
    label
        What messages call it.

    Raises
    ------
    CredentialError
        The policy forbids it, or is named by ``KUBERC`` and cannot be read.
    """
    named = os.environ.get("KUBERC", "")
    if named == "off" or os.environ.get("KUBECTL_KUBERC") == "false" or not (named or os.environ.get("HOME")):
        return
    path = named or os.path.join(os.environ.get("HOME", ""), ".kube", "kuberc")
    try:
        preference = _preference(path)
    except (OSError, ConfigError):
        if named:
            raise CredentialError(
                f"{path} (named by KUBERC) cannot be read, so no plugin is run",
                hint="it may forbid plugins: correct it, or unset KUBERC",
            ) from None
        return  # as kubectl, which warns
    if not _allows(preference, command, executable):
        policy = preference.get("credentialPluginPolicy")
        raise CredentialError(
            f"{label} may not be run: the policy {policy!r} of {path} forbids it",
            hint="credentialPluginAllowlist there names the plugins that may be",
        )


def _preference(path: str) -> Mapping[str, Any]:
    """The first preference in a file of several documents, empty if there is none."""
    for document in re.split(rb"(?m)^---.*$", read_file(path)):
        value = kubeconfig.parse_yaml(document, path)
        if isinstance(value, dict) and value.get("kind") == "Preference":
            return value
    return {}


def _allows(preference: Mapping[str, Any], command: str, executable: str) -> bool:
    policy, allowed = preference.get("credentialPluginPolicy"), preference.get("credentialPluginAllowlist")
    if preference.get("apiVersion") != "kubectl.config.k8s.io/v1beta1" or not isinstance(policy, str | None):
        return True  # not understood: as kubectl, which warns
    if policy in (None, "", "AllowAll") and allowed is None:
        return True
    names = [entry.get("command") or entry.get("name") for entry in allowed or () if isinstance(entry, dict)]
    return policy == "Allowlist" and any(
        name in (command, executable) or shutil.which(str(name)) == executable for name in names
    )
