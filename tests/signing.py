"""A kubeconfig with one user in an empty home, and the credential that comes of it."""

import base64
import json

import pytest

from kubeaccess_magic import credentials, kubeconfig
from kubeaccess_magic.call import Call
from kubeaccess_magic.errors import CredentialError

CANARY = "canary-7f3a9e-secret"
V1 = "client.authentication.k8s.io/v1"
CERTIFICATE = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"
KEY = f"-----BEGIN PRIVATE KEY-----\n{CANARY}\n-----END PRIVATE KEY-----\n"
SERVER = "https://api.example:6443"


def b64(text):
    return base64.b64encode(text.encode()).decode()


PAIR = {"client-certificate-data": b64(CERTIFICATE), "client-key-data": b64(KEY)}


def empty_home(folder, monkeypatch):
    """Make it the home, and the working folder; nothing else names a kubeconfig."""
    monkeypatch.chdir(folder)
    monkeypatch.setenv("HOME", str(folder))
    for name in ("KUBECONFIG", "KUBERC", "KUBECTL_KUBERC", "KUBERNETES_SERVICE_HOST", "KUBERNETES_SERVICE_PORT"):
        monkeypatch.delenv(name, raising=False)
    return folder


def write_config(home, user, server=SERVER, **cluster):
    """Write ``config`` with one context; its path."""
    path = home / "config"
    path.write_text(
        json.dumps(
            {
                "clusters": [{"name": "c", "cluster": {"server": server, **cluster}}],
                "users": [{"name": "u", "user": user}] if user is not None else [],
                "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u"}}],
                "current-context": "x",
            }
        )
    )
    return str(path)


def credential(home, user, server=SERVER, cluster=None, **acting):
    """The credential of such a context."""
    context = kubeconfig.choose(kubeconfig=write_config(home, user, server, **(cluster or {})))
    return credentials.for_context(context, **acting)


def signed(one, call=None):
    """The Authorization of a request."""
    return dict(one.sign(call or Call()).headers).get("Authorization")


def refused(one, call=None):
    """The error instead of it, with its hint; no secret is in them."""
    with pytest.raises(CredentialError) as caught:
        one.sign(call or Call())
    assert CANARY not in f"{caught.value} {caught.value.hint}"
    return f"{caught.value} | {caught.value.hint}"
