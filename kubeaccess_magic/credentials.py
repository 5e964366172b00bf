"""How requests to the API server are signed: tokens, token files, certificates, plugins, impersonation.

A `Credential` reads its secrets from where its `Context` says they stand, when a request is signed, and holds them
alone: they are in no repr, pickle, message or log. It reads again when a file has changed on disk, once a minute for
a token file (G20), a little before a plugin's answer expires, and after a 401. Beside the table in `kubeconfig`:

=====  ======================================================  =====================================================
rule   kubectl does                                            we do
=====  ======================================================  =====================================================
G6     asks for a user name                                    CredentialError, never an anonymous request
G10    over plain http still sends the login of a server URL   nothing secret is sent, no plugin is run
G20    re-reads a token file after a minute                    and at once when it has changed on disk
G24    waits for a plugin for ever                             60 s, and ends it when the reader interrupts
G25    a plugin's answer is used until it expires; after a     renewed a little before it expires; after a 401 at
       401 renewed for the next command                        once, for all threads together
G27    auth-provider oidc                                      CredentialError that names the plugin to use instead
=====  ======================================================  =====================================================
"""

from __future__ import annotations

import base64
import contextlib
import dataclasses
import itertools
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
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import IO, Any, NoReturn
from urllib.parse import unquote

from . import kubeconfig, redact
from .errors import ConfigError, CredentialError, KubeAccessError
from .kubeconfig import Context, Impersonate
from .limits import Watch

__all__ = ["ClientCertificate", "Credential", "for_context"]

PLUGIN_LIMIT_S = 60.0
TOKEN_FILE_FRESH_S = 60.0
MAX_SECRET_BYTES = 2**20
_EXEC_VERSIONS = ("client.authentication.k8s.io/v1", "client.authentication.k8s.io/v1beta1")


@dataclasses.dataclass(frozen=True, repr=False)
class ClientCertificate:
    """A certificate with its key, both PEM."""

    certificate: bytes
    key: bytes

    def __repr__(self) -> str:
        return "ClientCertificate([hidden])"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a client certificate is not pickled: it holds a key")


def for_context(
    context: Context,
    *,
    impersonate: str | None = None,
    impersonate_groups: Sequence[str] = (),
    impersonate_uid: str | None = None,
    plugin_limit_s: float = PLUGIN_LIMIT_S,
) -> Credential:
    """What signs the requests to a context. Nothing is read or run yet.

    Parameters
    ----------
    impersonate, impersonate_groups, impersonate_uid
        As whom to act; each replaces what the kubeconfig says there (G29).
    plugin_limit_s
        Seconds that a plugin may take.

    Raises
    ------
    ConfigError
        Groups, uid or extra without a user to impersonate (G28).
    """
    told = context.impersonate or Impersonate()
    acting = Impersonate(
        user=impersonate or told.user,
        uid=impersonate_uid or told.uid,
        groups=tuple(impersonate_groups) or told.groups,
        extra=told.extra,
    )
    if acting != Impersonate() and not acting.user:
        where = f"user {context.user!r} of {context.user_file}" if told != Impersonate() else "the call"
        raise ConfigError(f"{where} asks for groups, a uid or extra without the user to impersonate (G28)")
    return Credential(context, tuple(_impersonation(acting)), plugin_limit_s)


class Credential:
    """Signs the requests to one context, from any number of threads, one renewal at a time.

    For a request call `headers` first, then look at `certificate_version`: if it has changed, a new
    `client_certificate` is there and connections made with the old one should go. After a 401 call `renew` **in the
    thread that called** `headers`, and send the request again if it says True.
    """

    def __init__(self, context: Context, impersonation: tuple[tuple[str, str], ...], plugin_limit_s: float) -> None:
        self._context = context
        self._impersonation = impersonation
        self._plugin_limit_s = plugin_limit_s
        self._lock = threading.Lock()
        self._held: _Held | None = None
        self._version = 0  # of the certificate
        self._renewals = 0
        self._failed: tuple[float, CredentialError] | None = None
        self._unspent = False  # obtained for a certificate and not yet given out by headers
        self._seen = threading.local()  # what this thread was last given, so that a 401 of it is told from another's

    def headers(self, watch: Watch) -> dict[str, str]:
        """The headers that sign a request, ready for the wire (UTF-8 bytes as latin-1 text, as `http.client` wants).

        A header that repeats (several groups) is there once for each value, its name in another mixture of upper and
        lower case: names are the same whatever their case, keys of a dict are not. Add them one by one.

        Raises
        ------
        CredentialError
            There is no credential, or it cannot be had; nothing must be sent then.
        """
        signed = None if self._context.plain_http else self._current(watch, signs=True).authorization
        return {**({} if signed is None else {"Authorization": signed}), **dict(self._impersonation)}

    def client_certificate(self, watch: Watch) -> ClientCertificate | None:
        """The client certificate and key, None if this context signs in without (or over plain http, G10)."""
        return None if self._context.plain_http else self._current(watch, signs=False).certificate

    @property
    def certificate_version(self) -> int:
        """Another number whenever the client certificate is another one."""
        return self._version

    def renew(self, watch: Watch) -> bool:
        """After a 401: read the files again, run the plugin again. True if there is something new to try.

        Threads that were refused with the same credential renew it once; those that come later are told the outcome.

        Raises
        ------
        CredentialError
            The renewal failed.
        """
        if self._context.plain_http:
            return False
        with self._locked(watch):
            seen: tuple[int, _Held | None] = getattr(self._seen, "given", (self._renewals, self._held))
            current = self._held is None or seen[1] is None or self._held.same(seen[1])
            if seen[0] == self._renewals and current:
                self._renewals += 1  # also where it fails: those who wait need not fail again, one after the other
                self._obtain(watch, anew=True)
            self._seen.given = (self._renewals, self._held)
            return self._held is not None and (seen[1] is None or not self._held.same(seen[1]))

    def __repr__(self) -> str:
        how = " and ".join(self._context.signs_in) or "nothing"
        acting = " as another user" if self._impersonation else ""
        return f"<Credential of {self._context.name!r}, signs in with {how}{acting}>"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a Credential is not pickled: it holds secrets. Pickle its Context")

    def _current(self, watch: Watch, *, signs: bool) -> _Held:
        """What signs now. Whoever waited for another's turn takes what that one got, be it an error."""
        asked = time.monotonic()
        with self._locked(watch):
            held = self._held
            if held is None or (signs and not (held.fresh() or held.obtained >= asked or self._unspent)):
                if self._failed is not None and self._failed[0] >= asked:
                    raise CredentialError(str(self._failed[1]), hint=self._failed[1].hint)
                held = self._obtain(watch)
                self._unspent = True
            if signs:
                self._unspent = False
                self._seen.given = (self._renewals, held)
            return held

    def _obtain(self, watch: Watch, *, anew: bool = False) -> _Held:
        """Read or run whatever signs in. A file that is gone or half written leaves the old credential (G20)."""
        before = self._held
        try:
            held = _sign_in(self._context, None if anew else before, self._plugin_limit_s, watch)
        except (KubeAccessError, OSError) as error:
            if before is None or anew or before.expired():
                told = (str(error), error.hint) if isinstance(error, KubeAccessError) else (_unreadable(error), None)
                failure = CredentialError(told[0], hint=told[1])
                self._failed = None if watch.stopped else (time.monotonic(), failure)
                raise failure from None  # anew: the frames below hold secrets, which a verbose traceback shows
            held = dataclasses.replace(before, obtained=time.monotonic())
        except KeyboardInterrupt:
            raise KeyboardInterrupt from None
        if (before and before.certificate) != held.certificate:
            self._version += 1
        self._held = held
        return held

    @contextlib.contextmanager
    def _locked(self, watch: Watch) -> Iterator[None]:
        """One thread at a time, but none waits for another's plugin once it is told to stop."""
        while not self._lock.acquire(timeout=0.1):
            if watch.stopped:
                raise CredentialError("signing in was stopped")
        try:
            yield
        finally:
            self._lock.release()


# --- what is held ----------------------------------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True, repr=False)
class _Held:
    """What signs requests now, and how to tell that it has become old."""

    authorization: str | None
    certificate: ClientCertificate | None
    obtained: float = dataclasses.field(default_factory=time.monotonic)
    files: tuple[tuple[str, object], ...] = ()  # path and what `_stamp` said when it was read
    token_file: str | None = None
    plugin: Mapping[str, Any] | None = None  # the exec entry that this is the answer of
    expires: float | None = None  # seconds since the epoch

    def expired(self) -> bool:
        return self.expires is not None and time.time() >= self.expires

    def fresh(self) -> bool:
        if self.token_file is not None and time.monotonic() - self.obtained >= TOKEN_FILE_FRESH_S:
            return False
        return self.lasting() and all(_stamp(path) == stamp for path, stamp in self.files)

    def lasting(self) -> bool:
        """Whether it will be valid for a while: 30 s, or a tenth of its life where that is short."""
        if self.expires is None:
            return True
        lifetime_s = self.expires - (time.time() - (time.monotonic() - self.obtained))
        return time.time() < self.expires - min(30.0, max(0.0, lifetime_s) / 10)

    def same(self, other: _Held) -> bool:
        return (self.authorization, self.certificate) == (other.authorization, other.certificate)


def _stamp(path: str) -> object:
    """What changes when a file is written or replaced; mounts of Kubernetes replace by moving a symlink."""
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns


def _sign_in(context: Context, before: _Held | None, plugin_limit_s: float, watch: Watch) -> _Held:
    """Everything that a context's user brings (G20 to G22): token and certificate may both be there."""
    if context.token_file is not None:
        stamp = _stamp(context.token_file)
        token = _read_text(context.token_file)
        if not token:
            raise CredentialError(f"{context.token_file} (the token of the pod's account) is empty")
        held = _Held(_bearer(token, context.token_file), None, token_file=context.token_file)
        return dataclasses.replace(held, files=((context.token_file, stamp),))
    place = f"user {context.user!r} of {context.user_file}"
    paths = [path for path in (context.user_file, context.cluster_file) if path is not None]
    stamps = {path: _stamp(path) for path in paths}
    user = kubeconfig.user_entry(context)
    if user is None:
        what = f"its user {context.user!r} is not there" if context.user else "it names no user"
        raise CredentialError(
            f"context {context.name!r} has nothing to sign in with, {what}",
            hint="nothing is ever asked anonymously; name a user of the kubeconfig in the context",
        )
    for field in ("client-certificate", "client-key", "tokenFile"):
        if user.get(field):
            stamps[user[field]] = _stamp(user[field])
    provider, plugin = user.get("auth-provider"), user.get("exec")
    if plugin is not None and plugin.get("apiVersion") not in _EXEC_VERSIONS:
        raise CredentialError(
            f"{place} has an exec with the apiVersion {plugin.get('apiVersion')!r}",
            hint=f"{_EXEC_VERSIONS[0]} and v1beta1 are understood, as by kubectl; a newer plugin writes them",
        )
    if user.get("tokenFile") and user.get("username"):
        raise CredentialError(f"{place} has both tokenFile and username; keep one")
    authorization = _authorization_of(user, place, before)
    certificate = _certificate_of(user)
    if provider is not None and (authorization is None or provider.get("name") != "oidc"):
        _refuse_provider(place, provider.get("name") or "")
    if context.login_in_server and (authorization or certificate or plugin is not None):
        authorization = _login_of(context) or authorization
    files = tuple(stamps.items())
    if authorization is None and certificate is None and plugin is not None:
        # A file that changed elsewhere (`kubectl config use-context`) must not ask somebody to log in again.
        kept = before is not None and before.plugin == plugin and before.lasting()
        answer = before if kept and before else _Plugin(context, plugin, place, plugin_limit_s).run(watch)
        return dataclasses.replace(answer, files=files, plugin=plugin)
    if authorization is None and certificate is None:
        raise CredentialError(
            f"{place} has nothing to sign in with",
            hint="nothing is ever asked anonymously; give it a token, a client certificate or an exec plugin",
        )
    return _Held(authorization, certificate, files=files, token_file=user.get("tokenFile") or None)


def _authorization_of(user: Mapping[str, Any], place: str, before: _Held | None) -> str | None:
    """The Authorization header that the entry itself brings: a token file before a token (G20), or basic (G21)."""
    if user.get("tokenFile"):
        try:
            token = _read_text(user["tokenFile"])
        except OSError:
            if before is None and not user.get("token"):
                raise
            token = ""
        if token:
            return _bearer(token, f"{place} has a tokenFile")
        if before is not None and before.token_file == user["tokenFile"]:
            return before.authorization
        if not user.get("token"):
            raise CredentialError(f"{place} has a tokenFile that is empty ({user['tokenFile']})")
    if user.get("token"):
        return _bearer(user["token"], f"{place} has a token")
    return _basic(user["username"], user.get("password") or "") if user.get("username") else None


def _certificate_of(user: Mapping[str, Any]) -> ClientCertificate | None:
    parts = []
    for field in ("client-certificate", "client-key"):
        if user.get(f"{field}-data"):
            parts.append(base64.b64decode(user[f"{field}-data"]))
        elif user.get(field):
            parts.append(_read_bytes(user[field]))
        else:
            return None
    return ClientCertificate(*parts)


def _login_of(context: Context) -> str | None:
    """The login in the server's URL, which replaces any other Authorization (G12)."""
    server = (kubeconfig.cluster_entry(context) or {}).get("server") or ""
    authority = re.split(r"[/?#]", server.partition("://")[2], maxsplit=1)[0]
    login, at, _ = authority.rpartition("@")
    if not at:
        return None
    name, _, password = login.partition(":")
    return _basic(unquote(name), unquote(password))


def _refuse_provider(place: str, name: str) -> NoReturn:
    replaced = {
        "gcp": "gke-gcloud-auth-plugin: `gcloud container clusters get-credentials` writes it",
        "azure": "kubelogin: `kubelogin convert-kubeconfig` writes it",
    }
    if name in replaced:
        raise CredentialError(f"{place} has the auth-provider {name}, which is gone", hint=f"use {replaced[name]}")
    if name == "oidc":
        raise CredentialError(
            f"{place} has the auth-provider oidc, and this version cannot sign in by it",
            hint="use an exec plugin instead, `kubectl oidc-login setup` writes it",
        )
    raise CredentialError(f"{place} has the auth-provider {name!r}, which nobody knows")


def _impersonation(acting: Impersonate) -> Iterator[tuple[str, str]]:
    """Impersonate-* headers (G28); names of extra percent-encoded, values UTF-8."""
    pairs = [("Impersonate-User", acting.user)] if acting.user else []
    pairs += [("Impersonate-Uid", acting.uid)] if acting.uid else []
    pairs += [("Impersonate-Group", group) for group in acting.groups]
    for key, values in acting.extra:
        escaped = re.sub(rb"[^!#$&'*+.^_`|~0-9A-Za-z-]", lambda byte: b"%%%02X" % ord(byte[0]), key.encode())
        pairs += [("Impersonate-Extra-" + escaped.decode(), value) for value in values]
    used: dict[str, Iterator[str]] = {}
    for name, value in pairs:
        spellings = used.setdefault(name.lower(), _spellings(name))
        if (spelled := next(spellings, None)) is None:
            raise ConfigError(f"{name} cannot be sent so many times")
        yield spelled, _wire(value, f"{name} cannot be sent: what to impersonate")


def _spellings(name: str) -> Iterator[str]:
    """The name, then the same in every other mixture of upper and lower case."""
    yield name
    both = [(letter.lower(), letter.upper()) if letter.isalpha() else (letter,) for letter in name]
    yield from ("".join(letters) for letters in itertools.product(*both) if "".join(letters) != name)


def _bearer(token: str, place: str) -> str:
    return _wire(f"Bearer {token}", place)


def _basic(name: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{name}:{password}".encode()).decode()


def _wire(value: str, place: str) -> str:
    if re.search(r"[\0-\x08\x0a-\x1f\x7f]", value):
        raise CredentialError(f"{place} with a line break or another control character in it")
    return value.strip(" \t").encode("utf-8", "surrogatepass").decode("latin-1")


def _unreadable(error: OSError) -> str:
    return f"{error.filename} cannot be read ({error.strerror})"


def _read_bytes(path: str) -> bytes:
    with open(path, "rb") as file:
        return file.read(MAX_SECRET_BYTES)


def _read_text(path: str) -> str:
    return _read_bytes(path).decode("utf-8", "replace").strip()


# --- plugins ---------------------------------------------------------------------------------------------------------


class _Plugin:
    """One run of an exec plugin (G22 to G26): its stderr told line by line, its answer checked."""

    def __init__(self, context: Context, spec: Mapping[str, Any], place: str, limit_s: float) -> None:
        self._context = context
        self._spec = spec
        self._limit_s = limit_s
        self._version = str(spec["apiVersion"])
        self._command = os.path.normpath(str(spec["command"]))
        self._label = f"the plugin {os.path.basename(self._command)} of {place}"
        self._tail: list[str] = []  # the last lines of its stderr

    def run(self, watch: Watch) -> _Held:
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
            authority = context.ca_data if context.ca_file is None else _read_bytes(context.ca_file)
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

    def _taken(self, answer: bytes) -> _Held:
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
        signed = _bearer(token, f"{self._label} answered with a token") if token else None
        return _Held(signed, pair, expires=stamp)

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
        for document in re.split(rb"(?m)^---.*$", _read_bytes(path)):
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
