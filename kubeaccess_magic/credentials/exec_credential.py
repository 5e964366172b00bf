"""``ExecCredential``: the input and the output of a credential plugin, by kubectl's rules (G23, G24)."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from .. import kubeconfig
from ..errors import ConfigError
from ..kubeconfig import Context
from ..kubeconfig.files import read_file
from .sign_in import SignIn, bearer
from .signature import ClientCertificate

__all__ = ["BadAnswer", "WrongVersion", "exec_info", "sign_in_of"]

_EXTENSION = "client.authentication.k8s.io/exec"  # of a cluster: handed to plugins as it is
_RFC3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d([.,]\d+)?(Z|[+-]\d\d:\d\d)")


class BadAnswer(Exception):
    """The plugin's answer is not a credential. The message continues a sentence that begins with the plugin's name."""


class WrongVersion(Exception):
    """The answer has another version than the kubeconfig asks for; the version may be None."""


def exec_info(context: Context, spec: Mapping[str, Any], version: str, *, interactive: bool) -> str:
    """The value of ``KUBERNETES_EXEC_INFO`` for a plugin.

    Parameters
    ----------
    context
        Its cluster is told too, where the exec entry asks for it.
    spec
        The exec entry.
    version
        Its apiVersion.
    interactive
        Whether the plugin may read from the terminal.
    """
    info: dict[str, Any] = {"interactive": interactive}
    if spec.get("provideClusterInfo"):
        info["cluster"] = _cluster_info(context)
    return json.dumps({"kind": "ExecCredential", "apiVersion": version, "spec": info})


def sign_in_of(answer: bytes, version: str, label: str) -> SignIn:
    """The credential in a plugin's answer.

    Parameters
    ----------
    answer
        JSON or YAML.
    version
        The apiVersion that it must have.
    label
        What messages call the plugin.

    Raises
    ------
    BadAnswer, WrongVersion
        It is not a credential, or one in another version.
    CredentialError
        Its token cannot be sent in a header.
    """
    status = _status(answer, version)
    token, certificate, key, expires = _texts(status)
    if not (token or certificate or key):
        raise BadAnswer("answered without a token or a certificate with its key")
    if bool(certificate) != bool(key) or (key and not ("-----BEGIN" in certificate and "-----BEGIN" in key)):
        raise BadAnswer("answered with only one of certificate and key, or with something else there")
    pair = ClientCertificate(certificate.encode(), key.encode()) if key else None
    authorization = bearer(token, f"{label} answered with a token") if token else None
    expires_at = None if status.get("expirationTimestamp") is None else _seconds(expires)
    return SignIn(authorization, pair, expires=expires_at)


def _cluster_info(context: Context) -> dict[str, Any]:
    entry = kubeconfig.cluster_entry(context) or {}
    authority = context.ca_data if context.ca_file is None else read_file(context.ca_file)
    extensions = [e.get("extension") for e in entry.get("extensions") or () if e and e.get("name") == _EXTENSION]
    cluster = {
        "server": re.split(r"[?#]", entry.get("server") or context.server, maxsplit=1)[0],
        "tls-server-name": context.tls_server_name,
        "insecure-skip-tls-verify": context.insecure_skip_tls_verify,
        "certificate-authority-data": base64.b64encode(authority or b"").decode(),
        "proxy-url": entry.get("proxy-url"),
        "disable-compression": context.disable_compression,
    }
    return {**{key: value for key, value in cluster.items() if value}, "config": (extensions or [None])[0]}


def _status(answer: bytes, version: str) -> Mapping[str, Any]:
    try:
        text = answer.decode("utf-8")
        reply = json.loads(text) if text.lstrip().startswith("{") else kubeconfig.parse_yaml(answer, "its answer")
    except (ValueError, RecursionError, ConfigError):
        reply = None
    if not isinstance(reply, dict) or reply.get("kind") not in (None, "", "ExecCredential"):
        raise BadAnswer("did not answer with an ExecCredential")
    if reply.get("apiVersion") != version:
        raise WrongVersion(reply.get("apiVersion"))
    status = reply.get("status")
    if not isinstance(status, dict):
        raise BadAnswer("answered without a status")
    return status


def _texts(status: Mapping[str, Any]) -> list[str]:
    """Token, certificate, key and expiry; ``""`` for each that is not there."""
    names = ("token", "clientCertificateData", "clientKeyData", "expirationTimestamp")
    values = ["" if status.get(name) is None else status[name] for name in names]
    for name, value in zip(names, values, strict=True):
        if not isinstance(value, str):
            raise BadAnswer(f"answered with a status in which {name} is not text")
    return values


def _seconds(timestamp: str) -> float:
    """A timestamp as seconds since the epoch."""
    if not _RFC3339.fullmatch(timestamp):
        raise BadAnswer("answered with an expirationTimestamp that is not RFC 3339")
    try:
        return datetime.fromisoformat(timestamp.replace(",", ".")).timestamp()
    except (ValueError, OverflowError):
        raise BadAnswer("answered with an expirationTimestamp that never was") from None
