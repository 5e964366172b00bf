"""What signs requests now, held alone by a `Credential`, and how it is read from where it stands."""

from __future__ import annotations

import dataclasses
import os
import re
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ..errors import CredentialError
from ..kubeconfig.files import read_file

if TYPE_CHECKING:
    from .shared import Shared
    from .signature import ClientCertificate

__all__ = ["Held", "bearer", "read_token", "stamp_of", "unreadable", "wire"]

TOKEN_FILE_FRESH_S = 60.0
MAX_SECRET_BYTES = 2**20


@dataclasses.dataclass(frozen=True, repr=False)
class Held:
    """What signs requests now, and how to tell that it has become old."""

    authorization: str | None
    certificate: ClientCertificate | None
    obtained: float = dataclasses.field(default_factory=time.monotonic)
    files: tuple[tuple[str, object], ...] = ()  # path and what `stamp_of` said when it was read
    token_file: str | None = None
    plugin: Mapping[str, Any] | None = None  # the exec entry that this is the answer of
    renewed: Mapping[str, Any] | None = None  # what an auth-provider has instead of its entry's fields
    expires: float | None = None  # seconds since the epoch
    shared: Shared | None = None  # where other Clusters of this process find it, too
    mark: object = dataclasses.field(default_factory=object)  # the same one in all copies of an answer

    def expired(self, margin_s: float = 0.0) -> bool:
        """Whether whoever gave it said that it is over by now."""
        return self.expires is not None and time.time() + margin_s >= self.expires

    def fresh(self) -> bool:
        """Whether it may be used without looking again."""
        if self.token_file is not None and time.monotonic() - self.obtained >= TOKEN_FILE_FRESH_S:
            return False
        if self.superseded:
            return False
        return self.lasting() and all(stamp_of(path) == stamp for path, stamp in self.files)

    @property
    def superseded(self) -> bool:
        """Whether another Cluster has brought a newer answer."""
        return self.shared is not None and self.shared.is_newer_than(self)

    def lasting(self) -> bool:
        """Whether it will be valid for a while: 30 s, or a tenth of its life where that is short."""
        if self.expires is None:
            return True
        lifetime_s = self.expires - (time.time() - (time.monotonic() - self.obtained))
        return time.time() < self.expires - min(30.0, max(0.0, lifetime_s) / 10)

    def same(self, other: Held) -> bool:
        """Whether both sign alike."""
        return (self.authorization, self.certificate) == (other.authorization, other.certificate)


def stamp_of(path: str) -> object:
    """What changes when a file is written or replaced; mounts of Kubernetes replace by moving a symlink."""
    try:
        found = os.stat(path)
    except (OSError, ValueError):  # ValueError: a NUL in the path
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns


def bearer(token: str, place: str) -> str:
    """The Authorization of a token; `place` says where it stands, should it be none that can be sent."""
    return wire(f"Bearer {token}", place)


def wire(value: str, place: str) -> str:
    """A value as http.client takes it: UTF-8 bytes, each as a character. CredentialError for control characters."""
    if re.search(r"[\0-\x08\x0a-\x1f\x7f]", value):
        raise CredentialError(
            f"{place} with a line break or another control character in it", hint="write it anew, in one line"
        )
    return value.strip(" \t").encode("utf-8", "surrogatepass").decode("latin-1")


def unreadable(error: OSError) -> CredentialError:
    """Which file, and why."""
    return CredentialError(
        f"{error.filename} cannot be read ({error.strerror})",
        hint="the kubeconfig names that file: sign in with whatever writes it, or choose another context",
    )


def read_token(path: str) -> str:
    """A token from its file, without blanks and line ends around it (G20); OSError as `read_file`."""
    return read_file(path, MAX_SECRET_BYTES).decode("utf-8", "replace").strip()
