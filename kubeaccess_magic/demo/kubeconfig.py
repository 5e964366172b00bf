"""The kubeconfig of a demo: one context for each user, readable by nobody else."""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Mapping
from pathlib import Path

_MARK = "kubeaccess-demo"


def write(path: Path, server: str, authority: bytes, users: Mapping[str, str], namespaces: Mapping[str, str]) -> None:
    """Write the file, mode 0600, replacing one that an earlier demo wrote.

    Parameters
    ----------
    authority
        The CA certificate, in PEM.
    users
        Context name → bearer token; the first is the current context.
    namespaces
        Context name → namespace, where it is not ``default``.

    Raises
    ------
    ValueError
        There is a kubeconfig of somebody else.
    """
    if path.exists() and path.read_text().strip() and not _is_ours(path):
        raise ValueError(f"{path} is not overwritten: it was not written by a demo cluster")
    cluster = {"server": server, "certificate-authority-data": base64.b64encode(authority).decode()}
    contexts = []
    for name in users:
        context = {"cluster": "demo", "user": name}
        if namespace := namespaces.get(name):
            context["namespace"] = namespace
        contexts.append({"name": name, "context": context})
    content = {
        "apiVersion": "v1",
        "kind": "Config",
        "preferences": {},
        "extensions": [{"name": _MARK, "extension": {}}],
        "clusters": [{"name": "demo", "cluster": cluster}],
        "users": [{"name": name, "user": {"token": token}} for name, token in users.items()],
        "contexts": contexts,
        "current-context": next(iter(users)),
    }
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        json.dump(content, file, indent=2)  # JSON is YAML
        file.write("\n")
    fresh.replace(path)


def _is_ours(path: Path) -> bool:
    try:
        extensions = json.loads(path.read_text()).get("extensions")
    except (ValueError, AttributeError):
        return False
    return any(one.get("name") == _MARK for one in extensions or ())
