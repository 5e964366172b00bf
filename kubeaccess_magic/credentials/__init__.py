"""How requests to the API server are signed: tokens, token files, certificates, plugins, impersonation.

A `Credential` reads its secrets from where its `Context` says they stand, when a request is signed. They are held
here alone (a plugin's for all Clusters of the process), and are in no repr, pickle, message or log. It reads again when
a file has changed on disk, once a minute for a token file (G20), a little before a plugin's answer expires, and after
a 401. What kubectl does and what we do is in `kubeconfig/KUBECTL.md` (G20 to G29).
"""

from __future__ import annotations

import base64
import dataclasses
import re
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
from .held import Held, bearer, read_token, stamp_of, unreadable, wire
from .relayed import RelayedAuth
from .shared import OF_THIS_PROCESS, in_turn
from .signature import AuthFlow, ClientCertificate, Signature

__all__ = [
    "AuthFlow",
    "ClientCertificate",
    "Credential",
    "RelayedAuth",
    "Signature",
    "for_context",
    "stamp_of",
]

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
    """Signs the requests to one context, from any number of threads, one renewal at a time."""

    def __init__(self, context: Context, told: Impersonate, plugin_limit_s: float) -> None:
        self._told = told  # as whom to act, instead of what the kubeconfig says
        self._impersonation = tuple(_impersonation(_acting(context, told)))
        self._context = context
        self._plugin_limit_s = plugin_limit_s
        self._lock = ForkLock()
        self._held: Held | None = None
        self._renewals = 0
        self._failed: tuple[float, CredentialError] | None = None

    def for_context(self, context: Context) -> Credential:
        """One like this for what the kubeconfig says now of the context; it signs in anew only for another user.

        Raises
        ------
        ConfigError
            As the function `for_context`.
        """
        credential = Credential(context, self._told, self._plugin_limit_s)
        if (context.user, context.user_file) == (self._context.user, self._context.user_file):
            credential._held, credential._failed = self._held, self._failed
        return credential

    def sign(self, call: Call) -> Signature:
        """The signature of the next request; over plain http nothing but whom to act as (G10).

        Raises
        ------
        CredentialError
            There is nothing to sign in with, or it cannot be had. Then nothing must be sent.
        """
        if self._context.plain_http:
            return Signature(self._impersonation)
        held, renewals = self._current(call)
        authorization = () if held.authorization is None else (("Authorization", held.authorization),)
        return _Given((*authorization, *self._impersonation), held.certificate, held=held, renewals=renewals)

    def renew(self, call: Call, refused: Signature) -> bool:
        """After a 401: read the files again, run the plugin again. True if there is something new to try.

        Threads that were refused with the same signature renew it once; those that come later are told the outcome.

        Raises
        ------
        CredentialError
            The renewal failed.
        """
        if self._context.plain_http or (call.unattended and self._has_plugin) or not isinstance(refused, _Given):
            return False
        with in_turn(self._lock, call):
            if refused.renewals == self._renewals and (self._held is None or self._held.same(refused.held)):
                self._renewals += 1  # also where it fails: those who wait need not fail again, one after the other
                self._obtain(call, anew=True)
            return self._held is not None and not self._held.same(refused.held)

    def __repr__(self) -> str:
        how = " and ".join(self._context.signs_in) or "nothing"
        acting = " as another user" if self._impersonation else ""
        return f"<Credential of {self._context.name!r}, signs in with {how}{acting}>"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a Credential is not pickled: it holds secrets. Pickle its Context")

    def _current(self, call: Call) -> tuple[Held, int]:
        """What signs now, and how often it was renewed. Whoever waited for another takes what that one got."""
        started_at = time.monotonic()
        if call.unattended and self._has_plugin:
            return self._without_plugin(), self._renewals
        with in_turn(self._lock, call):
            held = self._held
            if held is None or not (held.fresh() or held.obtained >= started_at):
                if self._failed is not None and self._failed[0] >= started_at:
                    raise CredentialError(str(self._failed[1]), hint=self._failed[1].hint)
                held = self._obtain(call)
            return held, self._renewals

    @property
    def _has_plugin(self) -> bool:
        return "exec" in self._context.signs_in

    def _without_plugin(self) -> Held:
        """What an earlier request has brought, while it lasts; nothing is read, run or remembered."""
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
        self._held = held
        return held


@dataclasses.dataclass(frozen=True, repr=False)
class _Given(Signature):
    """A signature of a `Credential`, with what tells it whether it has been renewed since."""

    held: Held = dataclasses.field(kw_only=True)
    renewals: int = dataclasses.field(kw_only=True)


class _Gone(CredentialError):
    """The kubeconfig can be read, and no longer has what signs in: the old credential is not kept then."""


def _sign_in(context: Context, before: Held | None, plugin_limit_s: float, call: Call, *, anew: bool) -> Held:
    """Everything that a context's user brings (G20 to G22): token and certificate may both be there."""
    if context.token_file is not None:
        return _pod_account(context.token_file)
    place = f"user {context.user!r} of {context.user_file}"
    stamps = {path: stamp_of(path) for path in (context.user_file, context.cluster_file) if path is not None}
    user = kubeconfig.user_entry(context)
    if user is None:
        what = f"its user {context.user!r} does not exist" if context.user else "it names no user"
        raise _Gone(
            f"context {context.name!r} has nothing to sign in with: {what}",
            hint="requests are never sent anonymously; name a user of the kubeconfig in the context",
        )
    for field in ("client-certificate", "client-key", "tokenFile"):
        if user.get(field):
            stamps[user[field]] = stamp_of(user[field])
    files = tuple(stamps.items())
    provider, plugin = user.get("auth-provider"), user.get("exec")
    _refuse_faults(user, place)
    authorization = _authorization_of(user, place, None if anew else before)
    certificate = _certificate_of(user)
    if provider is not None and provider.get("name") != "oidc":
        _refuse_provider(place, provider.get("name") or "")
    if context.login_in_server and (authorization or certificate or plugin is not None):
        authorization = _login_of(context) or authorization
    if provider is not None and authorization is None:
        answer = _from_issuer(provider, place, before, plugin_limit_s, call, anew=anew)
        return dataclasses.replace(answer, certificate=certificate, files=files)
    if authorization is None and certificate is None and plugin is not None:
        # A file that changed elsewhere (`kubectl config use-context`) must not ask somebody to log in again.
        if before is not None and not anew and before.plugin == plugin and before.lasting() and not before.superseded:
            return dataclasses.replace(before, files=files)
        answer = _from_plugin(context, plugin, place, before, plugin_limit_s, call, anew=anew)
        return dataclasses.replace(answer, files=files, plugin=plugin)
    if authorization is None and certificate is None:
        raise _Gone(
            f"{place} has nothing to sign in with",
            hint="requests are never sent anonymously; give the user a token, a client certificate or an exec plugin",
        )
    return Held(authorization, certificate, files=files, token_file=user.get("tokenFile") or None)


def _pod_account(token_file: str) -> Held:
    """The token of the account that Kubernetes mounts into a pod."""
    stamp = stamp_of(token_file)
    token = read_token(token_file)
    if not token:
        raise CredentialError(
            f"{token_file} (the token of the pod's account) is empty",
            hint="Kubernetes writes it: a new server on the hub is a new pod with a new one",
        )
    held = Held(bearer(token, token_file), None, token_file=token_file)
    return dataclasses.replace(held, files=((token_file, stamp),))


def _refuse_faults(user: Mapping[str, Any], place: str) -> None:
    """What kubectl refuses of a user when it signs in, whether it is used or not (G22, G27)."""
    provider, plugin = user.get("auth-provider"), user.get("exec")
    if provider is not None and provider.get("name") == "oidc":
        from . import oidc  # where it is used: most users sign in without

        oidc.refuse_faults(provider, place)
    if plugin is not None and (problem := exec_version_problem(plugin.get("apiVersion"))) is not None:
        raise CredentialError(f"{place} {problem.what}", hint=problem.hint)
    if user.get("tokenFile") and user.get("username"):
        raise CredentialError(f"{place} has both tokenFile and username; keep one", hint="kubectl refuses both as well")


def _from_issuer(
    provider: Mapping[str, Any], place: str, before: Held | None, limit_s: float, call: Call, *, anew: bool
) -> Held:
    from . import oidc

    shared = OF_THIS_PROCESS.of("oidc", provider)
    return shared.answer(
        before, lambda last: oidc.sign_in(provider, place, last, limit_s, call, anew=anew), call, anew=anew
    )


def _from_plugin(
    context: Context,
    plugin: Mapping[str, Any],
    place: str,
    before: Held | None,
    limit_s: float,
    call: Call,
    *,
    anew: bool,
) -> Held:
    from .plugin import Plugin  # where it is used, as above

    program = Plugin(context, plugin, place, limit_s)
    return OF_THIS_PROCESS.of(*program.depends_on).answer(before, lambda _: program.run(call), call, anew=anew)


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
    for name, value in pairs:
        yield name, wire(value, f"{name} cannot be sent: what to impersonate")


def _basic(name: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{name}:{password}".encode()).decode()
