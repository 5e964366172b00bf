"""Authentication by bearer token or client certificate, and impersonation (E1, T14, T16)."""

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
    """A user, as the authorizer sees one."""

    name: str
    groups: tuple[str, ...] = ()
    uid: str = ""
    extra: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ImpersonationRight:
    """A right that an impersonation needs: the verb ``impersonate`` on this resource."""

    group: str
    resource: str
    name: str
    namespace: str = ""
    subresource: str = ""


class Authenticator:
    """Finds out which user sent a request.

    Parameters
    ----------
    tokens
        Bearer token → user name and groups.
    """

    def __init__(self, tokens: Mapping[str, tuple[str, tuple[str, ...]]]) -> None:
        self._users = {token: _with_group(name, groups, uid=name) for token, (name, groups) in tokens.items()}

    def holder(self, token: str) -> User | None:
        """The user that a token belongs to, if there is one."""
        return self._users.get(token)

    def user(self, exchange: Exchange) -> User:
        """The user who sent a request; the credentials are removed from its headers (T14, T15).

        A request without a token, or with another authentication scheme, is anonymous.

        Raises
        ------
        ApiError
            401: the token belongs to nobody.
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
    """The bearer token of a request: in the first Authorization header, or in a WebSocket subprotocol."""
    parts = headers.get("Authorization").strip().split(" ", 2)
    if len(parts) > 1 and parts[0].lower() == "bearer":
        return parts[1]
    protocols = headers.items_of("Sec-Websocket-Protocol")
    token_protocols = [protocol for protocol in protocols if protocol.startswith(_SOCKET_TOKEN)]
    if len(token_protocols) != 1 or len(protocols) < 2:
        return ""
    encoded = token_protocols[0].removeprefix(_SOCKET_TOKEN)
    headers.set(
        "Sec-Websocket-Protocol", ", ".join(protocol for protocol in protocols if protocol not in token_protocols)
    )
    try:
        return base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4)).decode()
    except (binascii.Error, UnicodeDecodeError):
        return ""


def certificate_user(der: bytes) -> User:
    """The user that a client certificate names: the common name, with the organizations as groups."""
    subject = x509.load_der_x509_certificate(der).subject
    names = subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    groups = tuple(str(name.value) for name in subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME))
    digest = hashlib.sha256(der).hexdigest()
    extra = {"authentication.kubernetes.io/credential-id": (f"X509SHA256={digest}",)}
    return _with_group(str(names[0].value) if names else "", groups, extra=extra)


def impersonation_rights(headers: Headers) -> list[ImpersonationRight]:
    """The rights that the impersonation headers of a request need.

    Raises
    ------
    ApiError
        400: the headers name groups, extras or a uid, but no user.
    """
    name = headers.get("Impersonate-User")
    rights = [_user_right(name)] if name else []
    rights += [ImpersonationRight("", "groups", group) for group in headers.getall("Impersonate-Group")]
    rights += [
        ImpersonationRight("authentication.k8s.io", "userextras", value, subresource=key)
        for key, value in _extras(headers)
    ]
    if uid := headers.get("Impersonate-Uid"):
        rights.append(ImpersonationRight("authentication.k8s.io", "uids", uid))
    if rights and not name:
        raise _without_user(headers)
    return rights


def impersonated_user(headers: Headers) -> User:
    """The user that the impersonation headers name; the headers are removed (T16)."""
    name = headers.get("Impersonate-User")
    groups = tuple(headers.getall("Impersonate-Group"))
    if not groups and (account := _service_account(name)):
        groups = ("system:serviceaccounts", f"system:serviceaccounts:{account[0]}")
    extra: dict[str, tuple[str, ...]] = {}
    for key, value in _extras(headers):
        extra[key] = (*extra.get(key, ()), value)
    uid = headers.get("Impersonate-Uid")
    extra_headers = [name for name, _ in headers if name.startswith("Impersonate-Extra-")]
    headers.remove("Impersonate-User", "Impersonate-Group", "Impersonate-Uid", *extra_headers)
    if name == ANONYMOUS:
        groups = groups if UNAUTHENTICATED in groups else (*groups, UNAUTHENTICATED)
        return User(name, groups, uid, extra)
    if UNAUTHENTICATED in groups:
        return User(name, groups, uid, extra)
    return _with_group(name, groups, uid, extra)


def _without_user(headers: Headers) -> ApiError:
    """Error 400: the headers say to impersonate, but not whom; the message shows Go's value of the request."""
    groups = ", ".join(f'"{group}"' for group in headers.getall("Impersonate-Group"))
    extras: dict[str, list[str]] = {}
    for key, value in _extras(headers):
        extras.setdefault(key, []).append(f'"{value}"')
    extras_text = ", ".join(f'"{key}":[]string{{{", ".join(values)}}}' for key, values in sorted(extras.items()))
    message = (
        f'requested &user.DefaultInfo{{Name:"", UID:"{headers.get("Impersonate-Uid")}", '
        f"Groups:[]string{f'{{{groups}}}' if groups else '(nil)'}, "
        f"Extra:map[string][]string{f'{{{extras_text}}}' if extras_text else '(nil)'}}} "
        "without impersonating a user name"
    )
    return ApiError(400, "BadRequest", message, None, (("X-Content-Type-Options", "nosniff"),))


def _with_group(
    name: str, groups: tuple[str, ...], uid: str = "", extra: Mapping[str, tuple[str, ...]] | None = None
) -> User:
    groups = tuple(groups)
    return User(name, groups if AUTHENTICATED in groups else (*groups, AUTHENTICATED), uid, extra or {})


def _user_right(name: str) -> ImpersonationRight:
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
