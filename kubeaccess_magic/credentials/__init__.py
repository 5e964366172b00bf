"""How requests to the API server are signed: tokens, token files, certificates, plugins, impersonation.

A `Credential` reads its secrets from where its `Context` says they stand, when a request is signed. They are held
here alone (a plugin's for all Clusters of the process), and are in no repr, pickle, message or log. It reads again when
a file has changed on disk, once a minute for a token file (G20), a little before a plugin's answer expires, and after
a 401. What kubectl does and what we do is in `kubeconfig/KUBECTL.md` (G20 to G29).
"""

from __future__ import annotations

import base64
import dataclasses
import itertools
import re
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NoReturn
from urllib.parse import unquote

from .. import kubeconfig
from ..call import Call
from ..errors import ConfigError, CredentialError, KubeAccessError
from ..kubeconfig import Context, Impersonate
from ..kubeconfig.files import read_file
from ..kubeconfig.users import exec_version_problem
from ..process import ForkLock
from . import oidc
from .held import ClientCertificate, Held, bearer, read_token, stamp_of, unreadable, wire
from .plugin import Plugin
from .shared import OF_THIS_PROCESS, in_turn

__all__ = ["ClientCertificate", "Credential", "for_context"]

PLUGIN_LIMIT_S = 180.0  # somebody may have to type a code in a browser


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
    told = Impersonate(user=impersonate or "", uid=impersonate_uid or "", groups=tuple(impersonate_groups))
    return Credential(context, told, plugin_limit_s)


class Credential:
    """Signs the requests to one context, from any number of threads, one renewal at a time.

    For a request call `headers` first, then look at `certificate_version`: if it has changed, a new
    `client_certificate` is there and connections made with the old one should go. After a 401 call `renew` **in the
    thread that called** `headers`, and send the request again if it says True.
    """

    def __init__(self, context: Context, told: Impersonate, plugin_limit_s: float) -> None:
        self._told = told  # as whom to act, instead of what the kubeconfig says
        self._impersonation = tuple(_impersonation(_acting(context, told)))
        self._context = context
        self._plugin_limit_s = plugin_limit_s
        self._lock = ForkLock()
        self._held: Held | None = None
        self._version = 0  # of the certificate
        self._renewals = 0
        self._failed: tuple[float, CredentialError] | None = None
        self._unspent = False  # obtained for a certificate and not yet given out by headers
        self._seen = threading.local()  # what this thread was last given, so that a 401 of it is told from another's

    def follow(self, context: Context, call: Call) -> None:
        """Take what the kubeconfig says now of the context; another user's credential is forgotten.

        Raises
        ------
        ConfigError
            As `for_context`; nothing has changed then.
        """
        impersonation = tuple(_impersonation(_acting(context, self._told)))
        with in_turn(self._lock, call):
            before, self._context, self._impersonation = self._context, context, impersonation
            if (before.user, before.user_file) != (context.user, context.user_file):
                self._held = self._failed = None

    def headers(self, call: Call) -> dict[str, str]:
        """The headers that sign a request, ready for the wire (UTF-8 bytes as latin-1 text, as `http.client` wants).

        A header that repeats (several groups) is there once for each value, its name in another mixture of upper and
        lower case: names are the same whatever their case, keys of a dict are not. Add them one by one.

        Raises
        ------
        CredentialError
            There is no credential, or it cannot be had; nothing must be sent then.
        """
        signed = None if self._context.plain_http else self._current(call, signs=True).authorization
        return {**({} if signed is None else {"Authorization": signed}), **dict(self._impersonation)}

    def client_certificate(self, call: Call) -> ClientCertificate | None:
        """The client certificate and key, None if this context signs in without (or over plain http, G10)."""
        return None if self._context.plain_http else self._current(call, signs=False).certificate

    @property
    def certificate_version(self) -> int:
        """Another number whenever the client certificate is another one."""
        return self._version

    def renew(self, call: Call) -> bool:
        """After a 401: read the files again, run the plugin again. True if there is something new to try.

        Threads that were refused with the same credential renew it once; those that come later are told the outcome.

        Raises
        ------
        CredentialError
            The renewal failed.
        """
        if self._context.plain_http or (call.unattended and self._has_plugin):
            return False
        with in_turn(self._lock, call):
            seen: tuple[int, Held | None] = getattr(self._seen, "given", (self._renewals, self._held))
            current = self._held is None or seen[1] is None or self._held.same(seen[1])
            if seen[0] == self._renewals and current:
                self._renewals += 1  # also where it fails: those who wait need not fail again, one after the other
                self._obtain(call, anew=True)
            self._seen.given = (self._renewals, self._held)
            return self._held is not None and (seen[1] is None or not self._held.same(seen[1]))

    def __repr__(self) -> str:
        how = " and ".join(self._context.signs_in) or "nothing"
        acting = " as another user" if self._impersonation else ""
        return f"<Credential of {self._context.name!r}, signs in with {how}{acting}>"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a Credential is not pickled: it holds secrets. Pickle its Context")

    def _current(self, call: Call, *, signs: bool) -> Held:
        """What signs now. Whoever waited for another's turn takes what that one got, be it an error."""
        asked = time.monotonic()
        if call.unattended and self._has_plugin:
            return self._without_plugin()
        with in_turn(self._lock, call):
            held = self._held
            if held is None or (signs and not (held.fresh() or held.obtained >= asked or self._unspent)):
                if self._failed is not None and self._failed[0] >= asked:
                    raise CredentialError(str(self._failed[1]), hint=self._failed[1].hint)
                held = self._obtain(call)
                self._unspent = True
            if signs:
                self._unspent = False
                self._seen.given = (self._renewals, held)
            return held

    @property
    def _has_plugin(self) -> bool:
        return "exec" in self._context.signs_in

    def _without_plugin(self) -> Held:
        """What a request that was waited for has brought, while it lasts; nothing is read, run or remembered."""
        held = self._held
        if held is None or not held.lasting():
            raise CredentialError(
                "signing in would run a plugin, and nobody waits for this request", hint="a line that is run signs in"
            )
        return held

    def _obtain(self, call: Call, *, anew: bool = False) -> Held:
        """Read or run whatever signs in. A file that is gone or half written leaves the old credential (G20)."""
        before = self._held
        try:
            held = _sign_in(self._context, before, self._plugin_limit_s, call, anew=anew)
        except (KubeAccessError, OSError) as error:
            if before is None or anew or before.expired() or isinstance(error, _Gone):
                if isinstance(error, ConfigError):
                    error = kubeconfig.without_frames(error)
                if isinstance(error, OSError):
                    error = unreadable(error)
                failure = CredentialError(str(error), hint=error.hint)
                self._failed = None if call.stopped else (time.monotonic(), failure)
                raise failure from None  # anew: the frames below hold secrets, which a verbose traceback shows
            held = dataclasses.replace(before, obtained=time.monotonic())
        except KeyboardInterrupt:
            raise KeyboardInterrupt from None
        if (before and before.certificate) != held.certificate:
            self._version += 1
        self._held = held
        return held


class _Gone(CredentialError):
    """The kubeconfig can be read, and no longer has what signs in: the old credential is not kept then."""


def _sign_in(context: Context, before: Held | None, plugin_limit_s: float, call: Call, *, anew: bool) -> Held:
    """Everything that a context's user brings (G20 to G22): token and certificate may both be there."""
    if context.token_file is not None:
        stamp = stamp_of(context.token_file)
        token = read_token(context.token_file)
        if not token:
            raise CredentialError(
                f"{context.token_file} (the token of the pod's account) is empty",
                hint="Kubernetes writes it: a new server on the hub is a new pod with a new one",
            )
        held = Held(bearer(token, context.token_file), None, token_file=context.token_file)
        return dataclasses.replace(held, files=((context.token_file, stamp),))
    place = f"user {context.user!r} of {context.user_file}"
    paths = [path for path in (context.user_file, context.cluster_file) if path is not None]
    stamps = {path: stamp_of(path) for path in paths}
    user = kubeconfig.user_entry(context)
    if user is None:
        what = f"its user {context.user!r} is not there" if context.user else "it names no user"
        raise _Gone(
            f"context {context.name!r} has nothing to sign in with, {what}",
            hint="nothing is ever asked anonymously; name a user of the kubeconfig in the context",
        )
    for field in ("client-certificate", "client-key", "tokenFile"):
        if user.get(field):
            stamps[user[field]] = stamp_of(user[field])
    provider, plugin = user.get("auth-provider"), user.get("exec")
    if provider is not None and provider.get("name") == "oidc":
        oidc.refuse_faults(provider, place)
    if plugin is not None and (problem := exec_version_problem(plugin.get("apiVersion"))) is not None:
        raise CredentialError(f"{place} {problem.what}", hint=problem.hint)
    if user.get("tokenFile") and user.get("username"):
        raise CredentialError(f"{place} has both tokenFile and username; keep one", hint="kubectl refuses both as well")
    authorization = _authorization_of(user, place, None if anew else before)
    certificate = _certificate_of(user)
    if provider is not None and provider.get("name") != "oidc":
        _refuse_provider(place, provider.get("name") or "")
    if context.login_in_server and (authorization or certificate or plugin is not None):
        authorization = _login_of(context) or authorization
    files = tuple(stamps.items())
    if provider is not None and authorization is None:
        answer = OF_THIS_PROCESS.of("oidc", provider).answer(
            before, lambda last: oidc.sign_in(provider, place, last, plugin_limit_s, call, anew=anew), call, anew=anew
        )
        return dataclasses.replace(answer, certificate=certificate, files=files)
    if authorization is None and certificate is None and plugin is not None:
        # A file that changed elsewhere (`kubectl config use-context`) must not ask somebody to log in again.
        if before is not None and not anew and before.plugin == plugin and before.lasting() and not before.superseded:
            return dataclasses.replace(before, files=files)
        program = Plugin(context, plugin, place, plugin_limit_s)
        answer = OF_THIS_PROCESS.of(*program.depends_on).answer(before, lambda _: program.run(call), call, anew=anew)
        return dataclasses.replace(answer, files=files, plugin=plugin)
    if authorization is None and certificate is None:
        raise _Gone(
            f"{place} has nothing to sign in with",
            hint="nothing is ever asked anonymously; give it a token, a client certificate or an exec plugin",
        )
    return Held(authorization, certificate, files=files, token_file=user.get("tokenFile") or None)


def _authorization_of(user: Mapping[str, Any], place: str, before: Held | None) -> str | None:
    """The Authorization header that the entry itself brings: a token file before a token (G20), or basic (G21)."""
    if user.get("tokenFile"):
        try:
            token = read_token(user["tokenFile"])
        except OSError:
            if before is None and not user.get("token"):
                raise
            token = ""
        if token:
            return bearer(token, f"{place} has a tokenFile")
        if before is not None and before.token_file == user["tokenFile"]:
            return before.authorization
        if not user.get("token"):
            raise CredentialError(
                f"{place} has a tokenFile that is empty ({user['tokenFile']})", hint="sign in with whatever writes it"
            )
    if user.get("token"):
        return bearer(user["token"], f"{place} has a token")
    return _basic(user["username"], user.get("password") or "") if user.get("username") else None


def _certificate_of(user: Mapping[str, Any]) -> ClientCertificate | None:
    parts = []
    for field in ("client-certificate", "client-key"):
        if user.get(f"{field}-data"):
            parts.append(base64.b64decode(user[f"{field}-data"]))
        elif user.get(field):
            parts.append(read_file(user[field]))
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
    raise CredentialError(
        f"{place} has the auth-provider {name!r}, which nobody knows",
        hint="there is only oidc; all else signs in by an exec plugin, which your cluster's provider has",
    )


def _acting(context: Context, told: Impersonate) -> Impersonate:
    """As whom to act: each part as told, else as the kubeconfig has it (G29)."""
    written = context.impersonate or Impersonate()
    acting = Impersonate(
        told.user or written.user, told.uid or written.uid, told.groups or written.groups, written.extra
    )
    if acting != Impersonate() and not acting.user:
        where = f"user {context.user!r} of {context.user_file}: " if written != Impersonate() else ""
        raise ConfigError(f"{where}groups are impersonated only together with a user", hint="name one, `--as USER`")
    return acting


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
            raise ConfigError(f"{name} cannot be sent so many times", hint="name fewer of them")
        yield spelled, wire(value, f"{name} cannot be sent: what to impersonate")


def _spellings(name: str) -> Iterator[str]:
    """The name, then the same in every other mixture of upper and lower case."""
    yield name
    both = [(letter.lower(), letter.upper()) if letter.isalpha() else (letter,) for letter in name]
    yield from ("".join(letters) for letters in itertools.product(*both) if "".join(letters) != name)


def _basic(name: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{name}:{password}".encode()).decode()
