"""`Context`: one chosen context; and `ContextRow`: one row in the list of contexts."""

from __future__ import annotations

import dataclasses
from typing import NamedTuple

__all__ = ["Context", "ContextRow", "Impersonate"]


@dataclasses.dataclass(frozen=True, slots=True)
class Impersonate:
    """The user to act as (G28).

    Groups, uid or extra without a user are allowed here: ``--as`` may still add one. Signing a request refuses them.
    """

    user: str = ""
    uid: str = ""
    groups: tuple[str, ...] = ()
    extra: tuple[tuple[str, tuple[str, ...]], ...] = dataclasses.field(default=(), repr=False)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """One chosen context: where the API server is and where the secrets are stored, never the secrets themselves.

    Attributes
    ----------
    name, cluster, user
        Names of the entries in the files. The pod's account has no cluster and no user.
    namespace
        The namespace of targets that name none (G9).
    server
        ``http(s)://host[:port][/base]``, without login, query, fragment and final slash (G12).
    files
        Every kubeconfig that was read, in order.
    user_file, cluster_file
        The files that define user and cluster; None if none does.
    ca_file, ca_data
        The certificate authority to trust, as a path or as PEM, never both (G13); the system's where both are None.
    tls_server_name
        The name that the server's certificate must have, if it is not the host (G15).
    insecure_skip_tls_verify
        Whether the server's certificate is accepted without a check.
    disable_compression
        Whether to ask for uncompressed answers.
    signs_in
        How the user signs in: ``token``, ``tokenFile``, ``client certificate``, ``basic``, ``exec``,
        ``auth provider NAME``, ``pod account``, ``login in the server URL``. Empty without a credential (G6).
    impersonate
        The user to act as, or None.
    in_cluster
        Whether this is the pod's own account.
    proxy
        The ``proxy-url`` without its login (G16); `cluster_entry` has the login.
    login_in_server
        Whether the server's URL has a login; `cluster_entry` has it.
    token_file
        The file with the token of the pod's account; None for any other context.
    """

    name: str
    cluster: str
    user: str
    namespace: str
    server: str
    files: tuple[str, ...] = ()
    user_file: str | None = None
    cluster_file: str | None = None
    ca_file: str | None = None
    ca_data: bytes | None = dataclasses.field(default=None, repr=False)
    tls_server_name: str | None = None
    insecure_skip_tls_verify: bool = False
    disable_compression: bool = False
    signs_in: tuple[str, ...] = ()
    impersonate: Impersonate | None = None
    in_cluster: bool = False
    proxy: str | None = None
    login_in_server: bool = False
    token_file: str | None = None

    @property
    def plain_http(self) -> bool:
        """Whether the server speaks plain http, so that no secret may be sent to it (G10)."""
        return self.server.startswith("http://")


class ContextRow(NamedTuple):
    """One context in the list of all; ``problem`` says why it cannot be chosen, and is None if it can."""

    name: str
    current: bool
    cluster: str
    server: str
    user: str
    namespace: str
    signs_in: tuple[str, ...]
    impersonate: str
    file: str
    problem: str | None
