"""Signing in with the user entry of a kubeconfig (G20 to G22), or with the pod's account."""

from __future__ import annotations

import base64
import dataclasses
import re
from collections.abc import Mapping
from typing import Any, NoReturn
from urllib.parse import unquote

from .. import kubeconfig
from ..call import Call
from ..errors import CredentialError
from ..kubeconfig import Context
from ..kubeconfig.files import file_stamp, read_file
from ..kubeconfig.users import exec_version_problem
from .answer_cache import ANSWERS
from .sign_in import SignIn, bearer, read_token
from .signature import ClientCertificate

__all__ = ["NothingToSignInWith", "obtain_sign_in"]


class NothingToSignInWith(CredentialError):
    """The kubeconfig is readable but no longer has a credential, so the old one is not used any more."""


def obtain_sign_in(context: Context, before: SignIn | None, call: Call, *, plugin_limit_s: float, anew: bool) -> SignIn:
    """Read the token and the certificate of a context's user; there may be both.

    Parameters
    ----------
    context
        Says where the secrets stand.
    before
        What signed so far.
    call
        Hears the prompts of a plugin; ends it when it is stopped.
    plugin_limit_s
        Seconds that a plugin may take.
    anew
        The server has refused `before`: nothing of it is kept.

    Raises
    ------
    CredentialError
        It cannot be had; `NothingToSignInWith` where there is nothing.
    ConfigError, OSError
        The kubeconfig, or a file that it names, cannot be read.
    """
    if context.token_file is not None:
        return _with_pod_account(context.token_file)
    user = _User.of(context)
    user.refuse_faults()
    authorization = user.authorization(None if anew else before)
    certificate = user.certificate()
    provider, plugin = user.entry.get("auth-provider"), user.entry.get("exec")
    if provider is not None and provider.get("name") != "oidc":
        _refuse_provider(user.place, provider.get("name") or "")
    if context.login_in_server and (authorization or certificate or plugin is not None):
        authorization = _login_in_server(context) or authorization
    if authorization is None and provider is not None:
        obtained = _with_oidc(provider, user, before, call, plugin_limit_s=plugin_limit_s, anew=anew)
        return dataclasses.replace(obtained, certificate=certificate)
    if authorization is None and certificate is None:
        if plugin is None:
            raise NothingToSignInWith(
                f"{user.place} has nothing to sign in with",
                hint="no request is sent without a credential: give it a token, a client certificate or an exec plugin",
            )
        return _with_plugin(plugin, user, before, call, plugin_limit_s=plugin_limit_s, anew=anew)
    return SignIn(authorization, certificate, files=user.files, token_file=user.entry.get("tokenFile") or None)


@dataclasses.dataclass(frozen=True, repr=False, eq=False)
class _User:
    """The user of a context as the kubeconfig has it now, with its secrets.

    ``files`` are those that it depends on, with their stamps of before it was read; ``place`` is for messages.
    """

    context: Context
    entry: Mapping[str, Any]
    place: str
    files: tuple[tuple[str, object], ...]

    @classmethod
    def of(cls, context: Context) -> _User:
        """Read the user entry of a context."""
        paths = [path for path in (context.user_file, context.cluster_file) if path is not None]
        stamps = {path: file_stamp(path) for path in paths}
        entry = kubeconfig.user_entry(context)
        if entry is None:
            what = f"its user {context.user!r} is not there" if context.user else "it names no user"
            raise NothingToSignInWith(
                f"context {context.name!r} has nothing to sign in with, {what}",
                hint="no request is sent without a credential: name a user of the kubeconfig in the context",
            )
        for field in ("client-certificate", "client-key", "tokenFile"):
            if entry.get(field):
                stamps[entry[field]] = file_stamp(entry[field])
        return cls(context, entry, f"user {context.user!r} of {context.user_file}", tuple(stamps.items()))

    def refuse_faults(self) -> None:
        """Refuse what kubectl refuses, whether it would be used or not."""
        provider, plugin = self.entry.get("auth-provider"), self.entry.get("exec")
        if provider is not None and provider.get("name") == "oidc":
            from . import oidc

            oidc.refuse_faults(provider, self.place)
        if plugin is not None and (problem := exec_version_problem(plugin.get("apiVersion"))) is not None:
            raise CredentialError(f"{self.place} {problem.what}", hint=problem.hint)
        if self.entry.get("tokenFile") and self.entry.get("username"):
            raise CredentialError(
                f"{self.place} has both tokenFile and username; keep one", hint="kubectl refuses that, too"
            )

    def authorization(self, before: SignIn | None) -> str | None:
        """The ``Authorization`` value of the entry: a token file before a token (G20), or basic auth (G21)."""
        entry = self.entry
        if entry.get("tokenFile") and (value := self._of_token_file(before)) is not None:
            return value
        if entry.get("token"):
            return bearer(entry["token"], f"{self.place} has a token")
        return _basic(entry["username"], entry.get("password") or "") if entry.get("username") else None

    def certificate(self) -> ClientCertificate | None:
        """The client certificate with its key, from the entry or from files."""
        parts = []
        for field in ("client-certificate", "client-key"):
            if self.entry.get(f"{field}-data"):
                parts.append(base64.b64decode(self.entry[f"{field}-data"]))
            elif self.entry.get(field):
                parts.append(read_file(self.entry[field]))
            else:
                return None
        return ClientCertificate(*parts)

    def _of_token_file(self, before: SignIn | None) -> str | None:
        """What the token file brings, or brought while it is empty or gone; None where the token counts instead."""
        path = self.entry["tokenFile"]
        try:
            token = read_token(path)
        except OSError:
            if before is None and not self.entry.get("token"):
                raise
            token = ""
        if token:
            return bearer(token, f"{self.place} has a tokenFile")
        if before is not None and before.token_file == path:
            return before.authorization
        if self.entry.get("token"):
            return None
        raise CredentialError(
            f"{self.place} has a tokenFile that is empty ({path})", hint="sign in with the tool that writes it"
        )


def _with_pod_account(token_file: str) -> SignIn:
    stamp = file_stamp(token_file)
    token = read_token(token_file)
    if not token:
        raise CredentialError(
            f"{token_file} (the token of the pod's account) is empty",
            hint="Kubernetes writes it: stop and start the server on the hub to get a new pod with a new token",
        )
    return SignIn(bearer(token, f"{token_file} has a token"), None, token_file=token_file, files=((token_file, stamp),))


def _with_oidc(
    provider: Mapping[str, Any], user: _User, before: SignIn | None, call: Call, *, plugin_limit_s: float, anew: bool
) -> SignIn:
    from . import oidc

    def bring(last: SignIn | None) -> SignIn:
        return oidc.sign_in(provider, user.place, last, plugin_limit_s, call, anew=anew)

    obtained = ANSWERS.get("oidc", provider).current(before, bring, call, anew=anew)
    return dataclasses.replace(obtained, files=user.files)


def _with_plugin(
    plugin: Mapping[str, Any], user: _User, before: SignIn | None, call: Call, *, plugin_limit_s: float, anew: bool
) -> SignIn:
    from .exec_plugin import ExecPlugin

    # A file that changed elsewhere (`kubectl config use-context`) must not ask somebody to log in again.
    if before is not None and not anew and before.exec_entry == plugin and before.lasts() and not before.superseded:
        return dataclasses.replace(before, files=user.files)
    program = ExecPlugin(user.context, plugin, user.place, plugin_limit_s)
    obtained = ANSWERS.get(*program.depends_on).current(before, lambda _: program.run(call), call, anew=anew)
    return dataclasses.replace(obtained, files=user.files, exec_entry=plugin)


def _login_in_server(context: Context) -> str | None:
    """The login in the server's URL, which replaces any other Authorization (G12)."""
    server = (kubeconfig.cluster_entry(context) or {}).get("server") or ""
    authority = re.split(r"[/?#]", server.partition("://")[2], maxsplit=1)[0]
    login, at, _ = authority.rpartition("@")
    if not at:
        return None
    name, _, password = login.partition(":")
    return _basic(unquote(name), unquote(password))


def _refuse_provider(place: str, name: str) -> NoReturn:
    successors = {
        "gcp": "gke-gcloud-auth-plugin: `gcloud container clusters get-credentials` writes it",
        "azure": "kubelogin: `kubelogin convert-kubeconfig` writes it",
    }
    if name in successors:
        raise CredentialError(
            f"{place} has the auth-provider {name}, which no longer exists", hint=f"use {successors[name]}"
        )
    raise CredentialError(
        f"{place} has the auth-provider {name!r}, which does not exist",
        hint="only oidc is supported; other providers have an exec plugin",
    )


def _basic(name: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{name}:{password}".encode()).decode()
