"""The auth-provider oidc (G27): its token while that is valid, then one renewed at the issuer.

The renewal is the official client's own code, run as a program of its own (`oidc_renewal`): so it can be ended by an
interrupt, has a time limit, and the kernel does not import it. The user's file is never written.
"""

from __future__ import annotations

import base64
import dataclasses
import json
import os
import ssl
import sys
import tempfile
from collections.abc import Mapping
from typing import Any

from ..call import Call
from ..errors import CredentialError
from ..kubeconfig.files import read_file
from .program import HelperProgram
from .sign_in import SignIn, bearer

__all__ = ["refuse_faults", "sign_in"]

_EXPIRED = "e30.eyJleHAiOjF9.x"  # what the official client renews
_HINT = "sign in anew with the tool that wrote this entry; `kubectl oidc-login setup` writes an exec plugin instead"


def refuse_faults(provider: Mapping[str, Any], place: str) -> None:
    """Raise for an entry that kubectl refuses, even if its token is not used.

    Parameters
    ----------
    provider
        The auth-provider of the kubeconfig.
    place
        The user that has it, for messages.

    Raises
    ------
    CredentialError
        A field is missing or cannot be used.
    """
    config = provider.get("config") or {}
    for field in ("idp-issuer-url", "client-id"):
        if not config.get(field):
            raise CredentialError(f"{place} has the auth-provider oidc without {field}", hint=_HINT)
    _authority(config, place)


def sign_in(
    provider: Mapping[str, Any], place: str, before: SignIn | None, limit_s: float, call: Call, *, anew: bool
) -> SignIn:
    """The id-token of the entry or of an earlier renewal while it is valid, else a renewed one.

    Parameters
    ----------
    provider
        The auth-provider of the kubeconfig.
    place
        The user that has it, for messages.
    before
        The answer before, to this very entry; its renewed tokens count.
    limit_s
        Seconds that a renewal may take.
    call
        Ends a renewal when it is stopped.
    anew
        The server has refused the token: renew it although it is valid.

    Raises
    ------
    CredentialError
        There is no valid token, and no other can be had.
    """
    config = dict(provider.get("config") or {})
    if before is not None and before.oidc_tokens is not None:
        config |= before.oidc_tokens
    token = config.get("id-token") or ""
    expires = _expires(token, place) if token else 0.0
    current = SignIn(bearer(token, f"{place} has an id-token"), None, expires=expires) if token else None
    if current is not None and not anew and not current.expired(margin_s=10) and (before is None or current.lasts()):
        return dataclasses.replace(current, oidc_tokens=_tokens(config))
    if not config.get("refresh-token"):
        raise CredentialError(f"{place} has no valid id-token and no refresh-token", hint=_HINT)
    config |= _renewed(config, place, limit_s, call)
    token = str(config["id-token"])
    authorization = bearer(token, f"{place} was given an id-token")
    return SignIn(authorization, None, expires=_expires(token, place), oidc_tokens=_tokens(config))


def _tokens(config: Mapping[str, Any]) -> dict[str, Any]:
    return {field: config[field] for field in ("id-token", "refresh-token") if config.get(field)}


def _renewed(config: Mapping[str, Any], place: str, limit_s: float, call: Call) -> dict[str, Any]:
    """The tokens that the issuer gives for the refresh-token."""
    program = HelperProgram(f"the renewal at {config['idp-issuer-url']} for {place}", limit_s, _HINT)
    authority = _authority(config, place)
    with tempfile.TemporaryDirectory(prefix="kubeaccess-") as folder:
        if authority is None:
            ca_file = ssl.get_default_verify_paths().cafile
        else:
            ca_file = os.path.join(folder, "ca.crt")
            with open(ca_file, "wb") as file:
                file.write(authority)
        question = {
            "client-secret": "",
            **{field: value for field, value in config.items() if not field.startswith("idp-certificate")},
            "id-token": _EXPIRED,
            **({"idp-certificate-authority": ca_file} if ca_file else {}),
        }
        command = [sys.executable, "-m", "kubeaccess_magic.credentials.oidc_renewal"]
        secret = json.dumps(question).encode()
        answer = program.answer(command, call, executable=sys.executable, environ=os.environ, secret=secret)
    try:
        tokens = json.loads(answer)
        if not isinstance(tokens["id-token"], str) or tokens["id-token"] == _EXPIRED:
            raise ValueError
    except (ValueError, LookupError, TypeError):
        raise program.failed("brought no id-token") from None
    return dict(tokens)


def _authority(config: Mapping[str, Any], place: str) -> bytes | None:
    """The CA of the issuer, None for the system's. A path counts from the working folder, as with kubectl."""
    if config.get("idp-certificate-authority-data"):
        try:
            return base64.b64decode(config["idp-certificate-authority-data"], validate=True)
        except ValueError:
            raise CredentialError(
                f"{place} has an idp-certificate-authority-data that is not base64 text",
                hint="it is what `base64 -w0 ca.pem` prints",
            ) from None
    if config.get("idp-certificate-authority"):
        try:
            return read_file(config["idp-certificate-authority"])
        except OSError as error:
            raise CredentialError(
                f"{place} has an idp-certificate-authority that cannot be read ({error.filename}: {error.strerror})",
                hint="its path counts from the working folder, as with kubectl: an absolute one works everywhere",
            ) from None
    return None


def _expires(token: str, place: str) -> float:
    """When an id-token ends, in seconds since the epoch; 0 where it does not say."""
    try:
        _, claims, _ = token.split(".")
        if "=" in claims:
            raise ValueError
        ends = json.loads(base64.b64decode(claims + "=" * (-len(claims) % 4), altchars=b"-_", validate=True)).get("exp")
        return 0.0 if ends is None else float(ends)
    except (ValueError, TypeError, AttributeError):
        raise CredentialError(f"{place} has an id-token that is not a JSON Web Token", hint=_HINT) from None
