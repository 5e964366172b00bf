"""`Credential`: signs the requests to one context, and reads and renews what signs them."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Sequence
from typing import NoReturn

from .. import kubeconfig
from ..call import Call
from ..errors import ConfigError, CredentialError, KubeAccessError
from ..kubeconfig import Context, Impersonate
from ..process import ForkLock
from .answer_cache import when_free
from .impersonation import impersonation_headers
from .sign_in import SignIn, unreadable
from .signature import Signature
from .user_entry import NothingToSignInWith, obtain_sign_in

__all__ = ["PLUGIN_LIMIT_S", "Credential", "for_context"]

PLUGIN_LIMIT_S = 180.0  # somebody may have to type a code in a browser


def for_context(
    context: Context,
    *,
    impersonate: str | None = None,
    impersonate_groups: Sequence[str] = (),
    impersonate_uid: str | None = None,
    plugin_limit_s: float = PLUGIN_LIMIT_S,
) -> Credential:
    """Make the credential of a context. Nothing is read or run yet.

    Parameters
    ----------
    context
        The context, which names where the secrets are stored.
    impersonate, impersonate_groups, impersonate_uid
        The user to act as; each replaces what the kubeconfig says there (G29).
    plugin_limit_s
        Seconds that a plugin may take.

    Raises
    ------
    ConfigError
        There are groups, a uid or extra fields without a user to impersonate (G28).
    """
    override = Impersonate(user=impersonate or "", uid=impersonate_uid or "", groups=tuple(impersonate_groups))
    return Credential(context, override, plugin_limit_s)


class Credential:
    """Signs the requests to one context, from any number of threads, one renewal at a time.

    Parameters
    ----------
    context
        The context, which names where the secrets are stored.
    override
        The user to act as, instead of what the kubeconfig says.
    plugin_limit_s
        Seconds that a plugin may take.
    """

    def __init__(self, context: Context, override: Impersonate, plugin_limit_s: float) -> None:
        self._context = context
        self._plain_http = context.plain_http
        self._override = override
        self._plugin_limit_s = plugin_limit_s
        self._plain_http = context.plain_http
        self._impersonation = Signature(impersonation_headers(context, override))
        self._lock = ForkLock()
        self._sign_in: SignIn | None = None
        self._renewals = 0
        self._signature: _CredentialSignature | None = None
        self._failure: tuple[float, CredentialError] | None = None

    def for_context(self, context: Context) -> Credential:
        """A copy for the current content of the kubeconfig; it signs in again only if the user has changed.

        Parameters
        ----------
        context
            The context as it is now.

        Raises
        ------
        ConfigError
            As the function `for_context`.
        """
        credential = Credential(context, self._override, self._plugin_limit_s)
        if (context.user, context.user_file) == (self._context.user, self._context.user_file):
            credential._sign_in, credential._failure = self._sign_in, self._failure
        return credential

    def sign(self, call: Call) -> Signature:
        """Sign the next request; over plain HTTP, only with the user to impersonate (G10).

        Parameters
        ----------
        call
            Hears the prompts of a plugin; ends it when it is stopped.

        Raises
        ------
        CredentialError
            There is nothing to sign in with, or it cannot be had. Then nothing must be sent.
        """
        if self._plain_http:
            return self._impersonation
        sign_in, renewals = self._current(call)
        signature = self._signature
        if signature is None or signature.sign_in is not sign_in or signature.renewals != renewals:
            token = () if sign_in.authorization is None else (("Authorization", sign_in.authorization),)
            signature = self._signature = _CredentialSignature(
                (*token, *self._impersonation.headers), sign_in.certificate, sign_in=sign_in, renewals=renewals
            )
        return signature

    def renew(self, call: Call, refused: Signature) -> bool:
        """After a 401: read the files again, run the plugin again. True if there is something new to try.

        If several threads were refused with the same signature, one renews it and the others take the outcome.

        Parameters
        ----------
        call
            As for `sign`.
        refused
            The signature that the server refused.

        Raises
        ------
        CredentialError
            The renewal failed.
        """
        if self._plain_http or not isinstance(refused, _CredentialSignature):
            return False
        if call.unattended and self._has_plugin:
            return False
        with when_free(self._lock, call):
            current = self._sign_in is None or self._sign_in.signs_like(refused.sign_in)
            if current and refused.renewals == self._renewals:
                self._renewals += 1  # also where it fails: those who wait need not fail again, one after the other
                self._obtain(call, anew=True)
            return self._sign_in is not None and not self._sign_in.signs_like(refused.sign_in)

    def __repr__(self) -> str:
        how = " and ".join(self._context.signs_in) or "nothing"
        acting = " as another user" if self._impersonation.headers else ""
        return f"<Credential of {self._context.name!r}, signs in with {how}{acting}>"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a Credential is not pickled: it holds secrets. Pickle its Context")

    def _current(self, call: Call) -> tuple[SignIn, int]:
        """What signs now, and how often it was renewed. A thread that waited takes what the other one got."""
        started_at = time.monotonic()
        if call.unattended and self._has_plugin:
            return self._without_plugin(), self._renewals
        with when_free(self._lock, call):
            sign_in = self._sign_in
            if sign_in is None or not (sign_in.fresh() or sign_in.obtained_at >= started_at):
                if self._failure is not None and self._failure[0] >= started_at:
                    raise CredentialError(str(self._failure[1]), hint=self._failure[1].hint)
                sign_in = self._obtain(call)
            return sign_in, self._renewals

    @property
    def _has_plugin(self) -> bool:
        return "exec" in self._context.signs_in

    def _without_plugin(self) -> SignIn:
        """What an earlier request has brought, while it lasts; nothing is read, run or remembered."""
        sign_in = self._sign_in
        if sign_in is None or not sign_in.lasts():
            raise CredentialError(
                "signing in would run a plugin, and nobody waits for this request", hint="run a line: that signs in"
            )
        return sign_in

    def _obtain(self, call: Call, *, anew: bool = False) -> SignIn:
        """Read or run whatever signs in. A file that is gone or half written leaves the old credential (G20)."""
        before = self._sign_in
        try:
            obtained = obtain_sign_in(self._context, before, call, plugin_limit_s=self._plugin_limit_s, anew=anew)
        except (KubeAccessError, OSError) as error:
            if before is None or anew or before.expired() or isinstance(error, NothingToSignInWith):
                failure = _without_frames(error)
                self._failure = None if call.stopped else (time.monotonic(), failure)
                raise failure from None
            obtained = dataclasses.replace(before, obtained_at=time.monotonic())
        except KeyboardInterrupt:
            raise KeyboardInterrupt from None
        self._sign_in = obtained
        return obtained


@dataclasses.dataclass(frozen=True, repr=False, eq=False)
class _CredentialSignature(Signature):
    """A signature of a `Credential`, with what tells it whether it has been renewed since."""

    sign_in: SignIn = dataclasses.field(kw_only=True)
    renewals: int = dataclasses.field(kw_only=True)


def _without_frames(error: KubeAccessError | OSError) -> CredentialError:
    """The error anew: the frames of the old one hold secrets, which a verbose traceback shows."""
    if isinstance(error, ConfigError):
        error = kubeconfig.without_frames(error)
    if isinstance(error, OSError):
        error = unreadable(error)
    return CredentialError(str(error), hint=error.hint)
