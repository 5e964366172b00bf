"""`SignIn`: the current token and certificate, and when they have to be renewed."""

from __future__ import annotations

import dataclasses
import re
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ..errors import CredentialError
from ..kubeconfig.files import file_stamp, read_file

if TYPE_CHECKING:
    from .answer_cache import CachedAnswer
    from .signature import ClientCertificate

__all__ = ["MAX_SECRET_BYTES", "SignIn", "bearer", "header_value", "read_token", "unreadable"]

MAX_SECRET_BYTES = 2**20
_TOKEN_FILE_FRESH_S = 60.0


@dataclasses.dataclass(frozen=True, repr=False, eq=False)
class SignIn:
    """The current token and certificate, with everything that shows whether they are out of date.

    Parameters
    ----------
    authorization
        The value of ``Authorization``, or None.
    certificate
        The client certificate, or None.
    obtained_at
        When it was read or received, in seconds of the monotonic clock.
    files
        The files that it was read from, each with its `file_stamp` at that time.
    token_file
        The file of the token, which is read again after a minute (G20).
    exec_entry
        The exec entry of the kubeconfig whose plugin returned this credential.
    oidc_tokens
        Tokens from an issuer, which replace those of the kubeconfig.
    expires
        When it expires, in seconds since the epoch, if that is known.
    cached
        The cache entry through which other Clusters of this process share it.
    answer
        An object that identifies the answer of a plugin or an issuer: all its copies share it.
    """

    authorization: str | None
    certificate: ClientCertificate | None
    obtained_at: float = dataclasses.field(default_factory=time.monotonic)
    files: tuple[tuple[str, object], ...] = ()
    token_file: str | None = None
    exec_entry: Mapping[str, Any] | None = None
    oidc_tokens: Mapping[str, Any] | None = None
    expires: float | None = None
    cached: CachedAnswer | None = None
    answer: object = dataclasses.field(default_factory=object)

    def expired(self, margin_s: float = 0.0) -> bool:
        """Whether it has expired, or will expire within a number of seconds."""
        return self.expires is not None and time.time() + margin_s >= self.expires

    def lasts(self) -> bool:
        """Whether it stays valid for at least 30 s, or for a tenth of its lifetime if that is shorter."""
        if self.expires is None:
            return True
        lifetime_s = self.expires - (time.time() - (time.monotonic() - self.obtained_at))
        return time.time() < self.expires - min(30.0, max(0.0, lifetime_s) / 10)

    def fresh(self) -> bool:
        """Whether it can be used without reading a file or running a plugin."""
        if self.token_file is not None and time.monotonic() - self.obtained_at >= _TOKEN_FILE_FRESH_S:
            return False
        if self.superseded:
            return False
        return self.lasts() and all(file_stamp(path) == stamp for path, stamp in self.files)

    @property
    def superseded(self) -> bool:
        """Whether another Cluster has received a newer answer."""
        return self.cached is not None and self.cached.is_newer_than(self)

    def signs_like(self, other: SignIn) -> bool:
        """Whether both have the same token and the same certificate."""
        return (self.authorization, self.certificate) == (other.authorization, other.certificate)


def bearer(token: str, place: str) -> str:
    """The value of ``Authorization`` for a token.

    Parameters
    ----------
    token
        The token.
    place
        Where it stands, for the message: a clause that ends with "a token".

    Raises
    ------
    CredentialError
        It cannot be sent in a header.
    """
    return header_value(f"Bearer {token}", place)


def header_value(value: str, place: str) -> str:
    """A value as `http.client` takes it: UTF-8 bytes, each as one character.

    Parameters
    ----------
    value
        The text.
    place
        Where it stands, for the message: a clause that ends with what it is.

    Raises
    ------
    CredentialError
        It has control characters.
    """
    if re.search(r"[\0-\x08\x0a-\x1f\x7f]", value):
        raise CredentialError(
            f"{place} with a line break or another control character in it", hint="write it anew, in one line"
        )
    return value.strip(" \t").encode("utf-8", "surrogatepass").decode("latin-1")


def read_token(path: str) -> str:
    """A token from its file, without blanks and line ends around it (G20); OSError as `read_file`."""
    return read_file(path, MAX_SECRET_BYTES).decode("utf-8", "replace").strip()


def unreadable(error: OSError) -> CredentialError:
    """Make the error for a file that cannot be read: it names the file and the reason."""
    return CredentialError(
        f"{error.filename} cannot be read ({error.strerror})",
        hint="the kubeconfig names that file: sign in with the tool that writes it, or choose another context",
    )
