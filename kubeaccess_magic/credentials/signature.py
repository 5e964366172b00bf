"""`Signature`: the headers and certificate that sign one request; and `AuthFlow`: what signs requests."""

from __future__ import annotations

import base64
import dataclasses
import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NoReturn, Protocol

if TYPE_CHECKING:
    from ..call import Call

__all__ = ["AuthFlow", "ClientCertificate", "Signature"]


@dataclasses.dataclass(frozen=True, repr=False)
class ClientCertificate:
    """A certificate with its private key.

    Parameters
    ----------
    certificate, key
        PEM.
    """

    certificate: bytes
    key: bytes

    @property
    def expires(self) -> float | None:
        """When the certificate expires, in seconds since the epoch; None where that cannot be read."""
        block = re.search(rb"-----BEGIN CERTIFICATE-----(.*?)-----END CERTIFICATE-----", self.certificate, re.DOTALL)
        try:
            return _not_after(base64.b64decode(block[1])) if block else None
        except (ValueError, IndexError):
            return None

    def __repr__(self) -> str:
        return "ClientCertificate([hidden])"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a client certificate is not pickled: it holds a key")


@dataclasses.dataclass(frozen=True, repr=False, eq=False)
class Signature:
    """The headers and the certificate that sign one request. As long as nothing changes, the same object is reused.

    Parameters
    ----------
    headers
        Names and values, as they go over the wire: UTF-8 bytes as Latin-1 text, which is what `http.client` wants.
        A name may occur several times.
    certificate
        The client certificate of its connection, or None.
    """

    headers: tuple[tuple[str, str], ...] = ()
    certificate: ClientCertificate | None = None

    def without_secrets(self) -> Signature:
        """A copy that may go over plain HTTP (G10): the user to impersonate, but no credential."""
        return Signature(tuple(pair for pair in self.headers if pair[0].lower() != "authorization"))

    def __repr__(self) -> str:
        return "Signature([hidden])"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a signature is not pickled: it is a secret")


class AuthFlow(Protocol):
    """Signs requests, and renews what signs them."""

    def sign(self, call: Call) -> Signature:
        """The signature of the next request.

        Parameters
        ----------
        call
            Limits the time, and shows the prompts of a credential plugin.

        Raises
        ------
        CredentialError
            There is no usable credential. The request must not be sent.
        """

    def renew(self, call: Call, refused: Signature) -> bool:
        """After a 401: whether there is another signature to try now.

        Parameters
        ----------
        call
            As for `sign`.
        refused
            The signature of the request that was refused.

        Raises
        ------
        CredentialError
            The renewal failed.
        """


def _not_after(der: bytes) -> float:
    """The end of a certificate's validity (RFC 5280, 4.1); ValueError or IndexError for what is no certificate."""

    def value(at: int) -> tuple[int, int]:  # where the value of the element at `at` begins, and where it ends
        size, begin = der[at + 1], at + 2
        if size & 0x80:
            begin += size & 0x7F
            size = int.from_bytes(der[at + 2 : begin], "big")
        return begin, begin + size

    at = value(value(0)[0])[0]  # within the certificate, and what is signed of it
    for _ in range(4 if der[at] == 0xA0 else 3):  # the version, if it is there; serial number, algorithm, issuer
        at = value(at)[1]
    until = value(value(at)[0])[1]  # behind the beginning of the validity
    begin, end = value(until)
    form = "%y%m%d%H%M%SZ" if der[until] == 0x17 else "%Y%m%d%H%M%SZ"
    return datetime.strptime(der[begin:end].decode("ascii"), form).replace(tzinfo=UTC).timestamp()
