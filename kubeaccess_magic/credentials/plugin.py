"""Exec plugins (G22 to G26): run, heard while they run, their answer checked."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import queue
import re
import shlex
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Mapping
from datetime import datetime
from typing import IO, Any

from .. import kubeconfig, redact
from ..errors import ConfigError, CredentialError
from ..kubeconfig import Context
from ..limits import Watch
from .held import MAX_SECRET_BYTES, ClientCertificate, Held, bearer, read_bytes

__all__ = ["Plugin"]


class Plugin:
    """One run of an exec plugin (G22 to G26): its stderr told line by line, its answer checked."""

    def __init__(self, context: Context, spec: Mapping[str, Any], place: str, limit_s: float) -> None:
        self._context = context
        self._spec = spec
        self._limit_s = limit_s
        self._version = str(spec["apiVersion"])
        self._command = os.path.normpath(str(spec["command"]))
        self._label = f"the plugin {os.path.basename(self._command)} of {place}"
        self._tail: list[str] = []  # the last lines of its stderr

    def run(self, watch: Watch) -> Held:
        """Run it and take its answer; any failure is a CredentialError with the plugin's own last words."""
        interactive = self._interactive()
        executable = self._executable()
        _obey_policy(self._command, executable, self._label)
        environment = dict(os.environ)
        environment.update({entry["name"]: entry.get("value") or "" for entry in self._spec.get("env") or ()})
        environment["KUBERNETES_EXEC_INFO"] = self._info(interactive)
        # A session of its own, so that what it started ends with it; but a prompt needs this terminal.
        own_group = os.name == "posix" and not interactive
        try:
            process = subprocess.Popen(
                [self._command, *(argument or "" for argument in self._spec.get("args") or ())],
                executable=executable,
                stdin=None if interactive else subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env=environment,
                start_new_session=own_group,
            )
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or "an argument that no program can be given"
            raise self._failed(f"could not be started ({reason})") from None
        try:
            answer = self._listen(process, watch)
        except BaseException:  # a kernel interrupt too: nothing is left running
            _end(process, own_group)
            raise
        if process.returncode != 0:
            raise self._failed(f"ended with exit code {process.returncode}")
        return self._taken(answer)

    def _listen(self, process: subprocess.Popen[bytes], watch: Watch) -> bytes:
        """Its stdout; stderr goes to the watch as it comes. By threads: not every system can wait for two pipes."""
        heard: queue.SimpleQueue[tuple[str, bytes]] = queue.SimpleQueue()
        for name, stream in (("stdout", process.stdout), ("stderr", process.stderr)):
            threading.Thread(target=_forward, args=(stream, name, heard), daemon=True).start()
        answer, line, open_streams = bytearray(), b"", {"stdout", "stderr"}
        deadline = time.monotonic() + self._limit_s
        while open_streams or process.poll() is None:
            if not open_streams:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(timeout=0.1)
            try:
                name, data = heard.get(timeout=0.1 if open_streams else 0)
            except queue.Empty:
                line = self._hear(line, watch)  # a prompt without a line end is to be read too
                if process.poll() is not None and "stdout" not in open_streams:
                    break  # something that it left behind holds its stderr
            else:
                if not data:
                    open_streams.discard(name)
                elif name == "stdout":
                    answer += data
                else:
                    *whole, line = (line + data).split(b"\n")
                    for one in whole:
                        self._hear(one, watch)
            if watch.stopped:
                raise CredentialError(f"{self._label} was stopped")
            if time.monotonic() > deadline:
                raise self._failed(f"took longer than {self._limit_s:g} s")
            if len(answer) > MAX_SECRET_BYTES:
                raise self._failed("printed more than 1 MiB")
        self._hear(line, watch)
        return bytes(answer)

    def _hear(self, line: bytes, watch: Watch) -> bytes:
        text = _clean(line[:4096].decode("utf-8", "replace"))
        if text:
            self._tail = [*self._tail[-9:], text]
            watch.say(text)
        return b""

    def _interactive(self) -> bool:
        """Whether the plugin may read from the terminal (G23)."""
        mode = self._spec.get("interactiveMode") or "IfAvailable"
        with contextlib.suppress(OSError, ValueError):
            if mode != "Never" and os.isatty(0):
                return True
        if mode == "Always":
            raise CredentialError(
                f"{self._label} asks for a terminal (interactiveMode Always), and there is none here",
                hint=f"sign in once in a terminal, with {shlex.quote(self._command)} or any kubectl command",
            )
        return False

    def _executable(self) -> str:
        """The program, from the caller's PATH unless the command has a folder; never via the working folder (G23)."""
        found = self._command
        if os.path.basename(found) == found:
            found = shutil.which(found, path=os.environ.get("PATH", "")) or ""
            if found and not os.path.isabs(found):
                raise self._failed("is only found by a relative folder of PATH, which is not safe to run")
        elif not os.path.isfile(found):
            found = ""
        if not found:
            raise self._failed(f"is not installed ({self._command} is not found)")
        return found

    def _info(self, interactive: bool) -> str:
        """What the plugin is told in ``KUBERNETES_EXEC_INFO`` (G23)."""
        spec: dict[str, Any] = {"interactive": interactive}
        if self._spec.get("provideClusterInfo"):
            entry, context = kubeconfig.cluster_entry(self._context) or {}, self._context
            authority = context.ca_data if context.ca_file is None else read_bytes(context.ca_file)
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
            reply = json.loads(text) if text.lstrip().startswith("{") else kubeconfig.parse(answer, "its answer")
        except (ValueError, RecursionError, ConfigError):
            reply = None
        if not isinstance(reply, dict) or reply.get("kind") not in (None, "", "ExecCredential"):
            raise self._failed("did not answer with an ExecCredential")
        if reply.get("apiVersion") != self._version:
            raise self._failed(f"answered in another apiVersion than {self._version}")
        status = reply.get("status")
        if not isinstance(status, dict):
            raise self._failed("answered without a status")
        names = ("token", "clientCertificateData", "clientKeyData", "expirationTimestamp")
        values = ["" if status.get(name) is None else status[name] for name in names]
        for name, value in zip(names, values, strict=True):
            if not isinstance(value, str):
                raise self._failed(f"answered with a status in which {name} is not text")
        token, certificate, key, expires = values
        if not (token or certificate or key):
            raise self._failed("answered without a token or a certificate with its key")
        if bool(certificate) != bool(key) or (key and not ("-----BEGIN" in certificate and "-----BEGIN" in key)):
            raise self._failed("answered with only one of certificate and key, or with something else there")
        stamp = None
        if status.get("expirationTimestamp") is not None:
            if not re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d([.,]\d+)?(Z|[+-]\d\d:\d\d)", expires):
                raise self._failed("answered with an expirationTimestamp that is not RFC 3339")
            try:
                stamp = datetime.fromisoformat(expires.replace(",", ".")).timestamp()
            except (ValueError, OverflowError):
                raise self._failed("answered with an expirationTimestamp that never was") from None
        pair = ClientCertificate(certificate.encode(), key.encode()) if key else None
        signed = bearer(token, f"{self._label} answered with a token") if token else None
        return Held(signed, pair, expires=stamp)

    def _failed(self, what: str) -> CredentialError:
        words = f"; it said: {' / '.join(self._tail)}"[:1500] if self._tail else ""
        return CredentialError(f"{self._label} {what}{words}", hint=_clean(self._spec.get("installHint") or "") or None)


_EXTENSION = "client.authentication.k8s.io/exec"  # of a cluster: handed to plugins as it is


def _forward(stream: IO[bytes], name: str, heard: queue.SimpleQueue[tuple[str, bytes]]) -> None:
    with stream:
        while data := os.read(stream.fileno(), 65536):
            heard.put((name, data))
    heard.put((name, b""))


def _end(process: subprocess.Popen[bytes], own_group: bool) -> None:
    """End a plugin and what it started: asked first, made to 0.2 s later."""
    for signal_number in (signal.SIGTERM, getattr(signal, "SIGKILL", signal.SIGTERM)):
        with contextlib.suppress(OSError):
            if own_group:
                os.killpg(process.pid, signal_number)
            else:
                process.send_signal(signal_number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(timeout=0.2)


def _clean(line: str) -> str:
    """A line without colours, cursor movements and other control characters, and without secrets."""
    line = re.sub(r"\x1b(\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(\x07|\x1b\\)|.)", "", line.replace("\t", " "))
    return redact.text("".join(character for character in line if character.isprintable() or character == "\n")).strip()


def _obey_policy(command: str, executable: str, label: str) -> None:
    """What ``~/.kube/kuberc`` says of plugins (G26); ``KUBERC`` names another file, or ``off``."""
    named = os.environ.get("KUBERC", "")
    path = named or os.path.join(os.environ.get("HOME", ""), ".kube", "kuberc")
    if named == "off" or os.environ.get("KUBECTL_KUBERC") == "false" or not (named or os.environ.get("HOME")):
        return
    preference: Mapping[str, Any] = {}
    try:
        for document in re.split(rb"(?m)^---.*$", read_bytes(path)):
            found = kubeconfig.parse(document, path)
            if isinstance(found, dict) and found.get("kind") == "Preference":
                preference = found
                break
    except (OSError, ConfigError):
        if named:
            raise CredentialError(f"{path} (named by KUBERC) cannot be read, so no plugin is run") from None
        return  # as kubectl, which warns
    policy, allowed = preference.get("credentialPluginPolicy"), preference.get("credentialPluginAllowlist")
    if preference.get("apiVersion") != "kubectl.config.k8s.io/v1beta1":
        return
    commands = [entry.get("command") or entry.get("name") for entry in allowed or () if isinstance(entry, dict)]
    if policy in (None, "", "AllowAll") and allowed is None:
        return
    if policy == "Allowlist" and any(
        e in (command, executable) or shutil.which(str(e)) == executable for e in commands
    ):
        return
    raise CredentialError(f"{label} may not be run: the policy {policy!r} of {path} forbids it")
