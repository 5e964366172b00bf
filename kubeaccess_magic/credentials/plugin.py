"""Exec plugins (G22 to G26): run, heard while they run, their answer checked."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import re
import shlex
import shutil
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from .. import kubeconfig
from ..call import Call
from ..errors import ConfigError, CredentialError
from ..kubeconfig import Context
from ..kubeconfig.files import read_file
from .held import Held, bearer, stamp_of
from .running import Program, cleaned
from .signature import ClientCertificate

__all__ = ["Plugin"]


class Plugin:
    """An exec plugin (G22 to G26), ready to run: its stderr is told line by line, its answer checked.

    Raises
    ------
    CredentialError
        It is not there, may not be run, or needs a terminal where there is none.
    """

    def __init__(self, context: Context, spec: Mapping[str, Any], place: str, limit_s: float) -> None:
        self._context = context
        self._spec = spec
        self._version = str(spec["apiVersion"])
        self._command = os.path.normpath(str(spec["command"]))
        label = f"the plugin {os.path.basename(self._command)} of {place}"
        self._program = Program(
            label, limit_s, "sign in in a terminal, where any kubectl command runs it, and ask again"
        )
        self._interactive = self._may_ask()
        self._executable = self._found()
        _obey_policy(self._command, self._executable, self._program.label)
        self._arguments = [self._command, *(argument or "" for argument in spec.get("args") or ())]
        self._environment = dict(os.environ)
        self._environment.update({entry["name"]: entry.get("value") or "" for entry in spec.get("env") or ()})
        self._environment["KUBERNETES_EXEC_INFO"] = self._info()

    @property
    def depends_on(self) -> tuple[object, ...]:
        """All that the answer depends on: the program as it stands there, its arguments, and its whole environment.

        kubectl looks at the exec entry and the cluster alone (G25); but a kernel outlives a change of ``AWS_PROFILE``.
        """
        return self._executable, stamp_of(self._executable), self._arguments, self._environment

    def run(self, call: Call) -> Held:
        """Run it and take its answer; any failure is a CredentialError with the plugin's own last words."""
        answer = self._program.answer(
            self._arguments,
            call,
            executable=self._executable,
            environ=self._environment,
            interactive=self._interactive,
        )
        return self._taken(answer)

    def _may_ask(self) -> bool:
        """Whether the plugin may read from the terminal (G23)."""
        mode = self._spec.get("interactiveMode") or "IfAvailable"
        with contextlib.suppress(OSError, ValueError):
            if mode != "Never" and os.isatty(0):
                return True
        if mode == "Always":
            raise CredentialError(
                f"{self._program.label} asks for a terminal (interactiveMode Always), and there is none here",
                hint=f"sign in once in a terminal, with {shlex.quote(self._command)} or any kubectl command",
            )
        return False

    def _found(self) -> str:
        """The program, from the caller's PATH unless the command has a folder; never via the working folder (G23)."""
        found = self._command
        if os.path.basename(found) == found:
            found = shutil.which(found, path=os.environ.get("PATH", "")) or ""
            if found and not os.path.isabs(found):
                raise self._program.failed("is only found by a relative folder of PATH, which is not safe to run")
        elif not os.path.isfile(found):
            found = ""
        if not found:
            hint = (
                cleaned(self._spec.get("installHint") or "")
                or "install it, or put its folder on the PATH of the kernel"
            )
            raise CredentialError(f"{self._program.label} is not installed ({self._command} is not found)", hint=hint)
        return found

    def _info(self) -> str:
        """What the plugin is told in ``KUBERNETES_EXEC_INFO`` (G23)."""
        spec: dict[str, Any] = {"interactive": self._interactive}
        if self._spec.get("provideClusterInfo"):
            entry, context = kubeconfig.cluster_entry(self._context) or {}, self._context
            authority = context.ca_data if context.ca_file is None else read_file(context.ca_file)
            config = [e.get("extension") for e in entry.get("extensions") or () if e and e.get("name") == _EXTENSION]
            cluster = {
                "server": re.split(r"[?#]", entry.get("server") or context.server, maxsplit=1)[0],
                "tls-server-name": context.tls_server_name,
                "insecure-skip-tls-verify": context.insecure_skip_tls_verify,
                "certificate-authority-data": base64.b64encode(authority or b"").decode(),
                "proxy-url": entry.get("proxy-url"),
                "disable-compression": context.disable_compression,
            }
            spec["cluster"] = {
                **{key: value for key, value in cluster.items() if value},
                "config": (config or [None])[0],
            }
        return json.dumps({"kind": "ExecCredential", "apiVersion": self._version, "spec": spec})

    def _taken(self, answer: bytes) -> Held:
        """The credential in its answer, by kubectl's rules (G24)."""
        try:
            text = answer.decode("utf-8")
            reply = json.loads(text) if text.lstrip().startswith("{") else kubeconfig.parse_yaml(answer, "its answer")
        except (ValueError, RecursionError, ConfigError):
            reply = None
        if not isinstance(reply, dict) or reply.get("kind") not in (None, "", "ExecCredential"):
            raise self._program.failed("did not answer with an ExecCredential")
        if reply.get("apiVersion") != self._version:
            raise self._wrong_version(reply.get("apiVersion"))
        status = reply.get("status")
        if not isinstance(status, dict):
            raise self._program.failed("answered without a status")
        names = ("token", "clientCertificateData", "clientKeyData", "expirationTimestamp")
        values = ["" if status.get(name) is None else status[name] for name in names]
        for name, value in zip(names, values, strict=True):
            if not isinstance(value, str):
                raise self._program.failed(f"answered with a status in which {name} is not text")
        token, certificate, key, expires = values
        if not (token or certificate or key):
            raise self._program.failed("answered without a token or a certificate with its key")
        if bool(certificate) != bool(key) or (key and not ("-----BEGIN" in certificate and "-----BEGIN" in key)):
            raise self._program.failed("answered with only one of certificate and key, or with something else there")
        stamp = None
        if status.get("expirationTimestamp") is not None:
            if not re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d([.,]\d+)?(Z|[+-]\d\d:\d\d)", expires):
                raise self._program.failed("answered with an expirationTimestamp that is not RFC 3339")
            try:
                stamp = datetime.fromisoformat(expires.replace(",", ".")).timestamp()
            except (ValueError, OverflowError):
                raise self._program.failed("answered with an expirationTimestamp that never was") from None
        pair = ClientCertificate(certificate.encode(), key.encode()) if key else None
        signed = bearer(token, f"{self._program.label} answered with a token") if token else None
        return Held(signed, pair, expires=stamp)

    def _wrong_version(self, answered: object) -> CredentialError:
        """The error for an answer in another version than that of the kubeconfig, which kubectl refuses too (G24)."""
        version = cleaned(str(answered))[:100] if answered else "no apiVersion"
        return CredentialError(
            f"{self._program.label} answered with {version}, but the kubeconfig asks for {self._version}",
            hint="update the plugin, or write the apiVersion that it answers with into the kubeconfig, "
            "if that is client.authentication.k8s.io/v1 or v1beta1",
        )


_EXTENSION = "client.authentication.k8s.io/exec"  # of a cluster: handed to plugins as it is


def _obey_policy(command: str, executable: str, label: str) -> None:
    """What ``~/.kube/kuberc`` says of plugins (G26); ``KUBERC`` names another file, or ``off``."""
    named = os.environ.get("KUBERC", "")
    path = named or os.path.join(os.environ.get("HOME", ""), ".kube", "kuberc")
    if named == "off" or os.environ.get("KUBECTL_KUBERC") == "false" or not (named or os.environ.get("HOME")):
        return
    preference: Mapping[str, Any] = {}
    try:
        for document in re.split(rb"(?m)^---.*$", read_file(path)):
            found = kubeconfig.parse_yaml(document, path)
            if isinstance(found, dict) and found.get("kind") == "Preference":
                preference = found
                break
    except (OSError, ConfigError):
        if named:
            raise CredentialError(
                f"{path} (named by KUBERC) cannot be read, so no plugin is run",
                hint="it may forbid plugins: mend it, or unset KUBERC",
            ) from None
        return  # as kubectl, which warns
    policy, allowed = preference.get("credentialPluginPolicy"), preference.get("credentialPluginAllowlist")
    if preference.get("apiVersion") != "kubectl.config.k8s.io/v1beta1" or not isinstance(policy, str | None):
        return  # not understood: as kubectl, which warns
    commands = [entry.get("command") or entry.get("name") for entry in allowed or () if isinstance(entry, dict)]
    if policy in (None, "", "AllowAll") and allowed is None:
        return
    if policy == "Allowlist" and any(
        e in (command, executable) or shutil.which(str(e)) == executable for e in commands
    ):
        return
    raise CredentialError(
        f"{label} may not be run: the policy {policy!r} of {path} forbids it",
        hint="credentialPluginAllowlist there names the plugins that may be",
    )
