"""The kubeconfig of a demo cluster: one context per user, in a file that only its owner can read."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import stat
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

_MARK: Final = "kubeaccess-demo"
_SIZE_LIMIT: Final = 2**20


def write_kubeconfig(
    path: Path, server: str, authority: bytes, users: Mapping[str, str], namespaces: Mapping[str, str]
) -> None:
    """Write the kubeconfig with mode 0600, replacing one that an earlier demo cluster wrote.

    The content goes to a new file in the same folder, which is then renamed to `path`. So nothing is ever written
    through a symbolic link, and nobody sees half a file.

    Parameters
    ----------
    path
        The file to write.
    server
        The URL of the API server.
    authority
        The CA certificate, in PEM.
    users
        Context name → bearer token; the first is the current context.
    namespaces
        Context name → namespace, for the contexts whose namespace is not ``default``.

    Raises
    ------
    ValueError
        There is a file at `path` that no demo cluster wrote.
    """
    if not _may_replace(path):
        raise ValueError(f"{path} is not overwritten: it was not written by a demo cluster")
    content = _content(server, authority, users, namespaces)
    descriptor, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)  # exclusive, mode 0600
    try:
        with open(descriptor, "w") as file:
            json.dump(content, file, indent=2)  # JSON is YAML
            file.write("\n")
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise


def _content(server: str, authority: bytes, users: Mapping[str, str], namespaces: Mapping[str, str]) -> dict[str, Any]:
    cluster = {"server": server, "certificate-authority-data": base64.b64encode(authority).decode()}
    contexts = []
    for name in users:
        context = {"cluster": "demo", "user": name}
        if namespace := namespaces.get(name):
            context["namespace"] = namespace
        contexts.append({"name": name, "context": context})
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "preferences": {},
        "extensions": [{"name": _MARK, "extension": {}}],
        "clusters": [{"name": "demo", "cluster": cluster}],
        "users": [{"name": name, "user": {"token": token}} for name, token in users.items()],
        "contexts": contexts,
        "current-context": next(iter(users)),
    }


def _may_replace(path: Path) -> bool:
    """Whether nothing would be lost at `path`: it is missing, empty, or the kubeconfig of an earlier demo cluster."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)  # a pipe must not make us wait
    except FileNotFoundError:
        return True  # also a link that leads nowhere: the link is replaced, and what it names is not touched
    with open(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            return False
        text = file.read(_SIZE_LIMIT)
    if not text.strip():
        return True
    try:
        extensions = json.loads(text).get("extensions")
        return any(extension.get("name") == _MARK for extension in extensions or ())
    except (ValueError, AttributeError, TypeError):
        return False
