"""Who asks: bearer tokens, client certificates, nobody; and in whose name (E1, T14, T16)."""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import unquote

from cryptography import x509
from cryptography.x509.oid import NameOID

from ..http.exchange import Exchange
from ..http.headers import Headers
from .status import ApiError, unauthorized

ANONYMOUS: Final = "system:anonymous"
AUTHENTICATED: Final = "system:authenticated"
UNAUTHENTICATED: Final = "system:unauthenticated"
_EXTRA: Final = "Impersonate-Extra-"
_EXTRA_SPACE: Final = (
    '299 - "the provided Authorization header contains extra space before the bearer token, and is ignored"'
)
_SOCKET_TOKEN: Final = "base64url.bearer.authorization.k8s.io."


@dataclass(frozen=True, slots=True)
class User:
    """Someone, as the authorizer sees them."""

    name: str
    groups: tuple[str, ...] = ()
    uid: str = ""
    extra: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ImpersonationRight:
    """One right that impersonation needs: the verb `impersonate` on this."""

    group: str
    resource: str
    name: str
    namespace: str = ""
    subresource: str = ""


class Authenticator:
    """Knows the tokens.

    Parameters
    ----------
    tokens
        Bearer token → user name and groups.
    """

    def __init__(self, tokens: Mapping[str, tuple[str, tuple[str, ...]]]) -> None:
        self._users = {token: _with_group(name, groups, uid=name) for token, (name, groups) in tokens.items()}

    def holder(self, token: str) -> User | None:
        """Whose token this is."""
        return self._users.get(token)

    def user(self, exchange: Exchange) -> User:
        """Who sent this request; its credentials are taken out of the headers (T14, T15).

        Raises
        ------
        ApiError
            401: a token that nobody has. Without a token, or with another scheme, one is anonymous.
        """
        headers = exchange.request.headers
        token = bearer(headers)
        if headers.get("Authorization").lower().startswith("bearer  "):
            exchange.common_headers.append(("Warning", _EXTRA_SPACE))
        headers.remove("Authorization")
        _remove_front_proxy(headers)
        if exchange.certificate:
            return certificate_user(exchange.certificate)
        if not token:
            return User(ANONYMOUS, (UNAUTHENTICATED,))
        if token not in self._users:
            raise unauthorized()
        return self._users[token]


def bearer(headers: Headers) -> str:
    """The bearer token of a request: the first Authorization header, or a websocket's subprotocol."""
    parts = headers.get("Authorization").strip().split(" ", 2)
    if len(parts) > 1 and parts[0].lower() == "bearer":
        return parts[1]
    protocols = headers.items_of("Sec-Websocket-Protocol")
    hidden = [one for one in protocols if one.startswith(_SOCKET_TOKEN)]
    if len(hidden) != 1 or len(protocols) < 2:
        return ""
    coded = hidden[0].removeprefix(_SOCKET_TOKEN)
    headers.set("Sec-Websocket-Protocol", ", ".join(one for one in protocols if one not in hidden))
    try:
        return base64.urlsafe_b64decode(coded + "=" * (-len(coded) % 4)).decode()
    except (binascii.Error, UnicodeDecodeError):
        return ""


def certificate_user(der: bytes) -> User:
    """The user that a client certificate names: common name, organizations."""
    subject = x509.load_der_x509_certificate(der).subject
    names = subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    groups = tuple(str(one.value) for one in subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME))
    digest = hashlib.sha256(der).hexdigest()
    extra = {"authentication.kubernetes.io/credential-id": (f"X509SHA256={digest}",)}
    return _with_group(str(names[0].value) if names else "", groups, extra=extra)


def impersonation_rights(headers: Headers) -> list[ImpersonationRight]:
    """What impersonation headers ask to be; none when there are none.

    Raises
    ------
    ApiError
        400: groups, extras or a uid, but no user.
    """
    name = headers.get("Impersonate-User")
    out = [_as_whom(name)] if name else []
    out += [ImpersonationRight("", "groups", group) for group in headers.getall("Impersonate-Group")]
    out += [
        ImpersonationRight("authentication.k8s.io", "userextras", value, subresource=key)
        for key, value in _extras(headers)
    ]
    if uid := headers.get("Impersonate-Uid"):
        out.append(ImpersonationRight("authentication.k8s.io", "uids", uid))
    if out and not name:
        raise _without_user(headers)
    return out


def impersonated(headers: Headers) -> User:
    """The user that the headers ask to be; they are taken out (T16)."""
    name = headers.get("Impersonate-User")
    groups = tuple(headers.getall("Impersonate-Group"))
    if not groups and (account := _service_account(name)):
        groups = ("system:serviceaccounts", f"system:serviceaccounts:{account[0]}")
    extra: dict[str, tuple[str, ...]] = {}
    for key, value in _extras(headers):
        extra[key] = (*extra.get(key, ()), value)
    uid = headers.get("Impersonate-Uid")
    gone = [known for known, _ in headers if known.startswith("Impersonate-Extra-")]
    headers.remove("Impersonate-User", "Impersonate-Group", "Impersonate-Uid", *gone)
    if name == ANONYMOUS:
        groups = groups if UNAUTHENTICATED in groups else (*groups, UNAUTHENTICATED)
        return User(name, groups, uid, extra)
    if UNAUTHENTICATED in groups:
        return User(name, groups, uid, extra)
    return _with_group(name, groups, uid, extra)


def _without_user(headers: Headers) -> ApiError:
    groups = ", ".join(f'"{one}"' for one in headers.getall("Impersonate-Group"))
    extras: dict[str, list[str]] = {}
    for key, value in _extras(headers):
        extras.setdefault(key, []).append(value)
    shown = ", ".join(
        f'"{key}":[]string{{{", ".join(f"{chr(34)}{one}{chr(34)}" for one in values)}}}'
        for key, values in sorted(extras.items())
    )
    message = (
        f'requested &user.DefaultInfo{{Name:"", UID:"{headers.get("Impersonate-Uid")}", '
        f"Groups:[]string{f'{{{groups}}}' if groups else '(nil)'}, "
        f"Extra:map[string][]string{f'{{{shown}}}' if shown else '(nil)'}}} without impersonating a user name"
    )
    return ApiError(400, "BadRequest", message, None, (("X-Content-Type-Options", "nosniff"),))


def _with_group(
    name: str, groups: tuple[str, ...], uid: str = "", extra: Mapping[str, tuple[str, ...]] | None = None
) -> User:
    groups = tuple(groups)
    return User(name, groups if AUTHENTICATED in groups else (*groups, AUTHENTICATED), uid, extra or {})


def _as_whom(name: str) -> ImpersonationRight:
    if account := _service_account(name):
        return ImpersonationRight("", "serviceaccounts", account[1], account[0])
    return ImpersonationRight("", "users", name)


def _service_account(name: str) -> tuple[str, str] | None:
    parts = name.split(":")
    if len(parts) == 4 and parts[:2] == ["system", "serviceaccount"] and all(parts[2:]):
        return parts[2], parts[3]
    return None


def _extras(headers: Headers) -> Iterator[tuple[str, str]]:
    for name, value in headers:
        if name.startswith(_EXTRA):
            yield unquote(name.removeprefix(_EXTRA).lower()), value


def _remove_front_proxy(headers: Headers) -> None:
    names = ("X-Remote-User", "X-Remote-Uid", "X-Remote-Group")
    headers.remove(*names, *(name for name, _ in headers if name.startswith("X-Remote-Extra-")))
