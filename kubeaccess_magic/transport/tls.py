"""SSL contexts: which certificate authorities are trusted, and the client certificate."""

from __future__ import annotations

import contextlib
import ipaddress
import os
import re
import ssl
import tempfile

from .. import kubeconfig
from ..errors import ConfigError
from ..kubeconfig.files import read_file

__all__ = [
    "RELAXED",
    "client_context",
    "ipv4_within",
    "is_relaxed_for",
    "trust_like_kubectl",
    "use_client_certificate",
]

RELAXED = "KUBEACCESS_RELAXED_CA"  # the environment variable that lists servers whose CA may miss extensions


def client_context(
    ca_file: str | None, ca_data: bytes | None, *, insecure: bool, relaxed: bool = False
) -> ssl.SSLContext:
    """An SSL context that trusts the cluster's CA and nobody else, or the system's CAs where none is given.

    Parameters
    ----------
    ca_file, ca_data
        The CA as a file, or as PEM.
    insecure
        Verify nothing (``insecure-skip-tls-verify``).
    relaxed
        Accept a CA of the cluster's own without the extensions that RFC 5280 asks for.

    Raises
    ------
    ConfigError
        The CA cannot be read.
    """
    if insecure:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        return context
    if not ca_file and not ca_data:  # loading the system's takes 24 ms: only where they are needed
        context = ssl.create_default_context()
    else:
        where = "certificate-authority-data" if ca_data is not None else f"certificate-authority {ca_file}"
        context = _with_authority(where, ca_data if ca_data is not None else ca_file or "")
    context.hostname_checks_common_name = False  # nor does Go
    trust_like_kubectl(context, relaxed=relaxed and bool(ca_file or ca_data))
    return context


def _with_authority(where: str, authority: bytes | str) -> ssl.SSLContext:
    """A context that trusts these certificates, PEM or a path; broken ones are skipped, as by Go."""
    hint = "it must be a certificate in PEM form"
    try:
        if isinstance(authority, str):
            authority = read_file(authority)
        blocks = [block.decode("ascii") for block in _blocks(authority, rb"CERTIFICATE")]
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else "not PEM"
        raise ConfigError(f"the {where} of the kubeconfig cannot be read: {why}", hint=hint) from error
    context: ssl.SSLContext | None = None
    for block in blocks:
        with contextlib.suppress(ssl.SSLError):
            if context is None:
                context = ssl.create_default_context(cadata=block)
            else:
                context.load_verify_locations(cadata=block)
    if context is None:
        raise ConfigError(f"the {where} of the kubeconfig cannot be read: not PEM", hint=hint)
    return context


def trust_like_kubectl(context: ssl.SSLContext, *, relaxed: bool) -> None:
    """Accept an intermediate or a leaf as CA (G14).

    Parameters
    ----------
    context
        The context to change.
    relaxed
        Python 3.13 and newer are stricter about the extensions of a CA than kubectl. This takes that flag back, and
        nothing else.
    """
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    if relaxed:
        context.verify_flags &= ~ssl.VERIFY_X509_STRICT


def _blocks(pem: bytes, kind: bytes) -> list[bytes]:
    """The PEM blocks of one kind; other text between them is skipped."""
    matches = re.finditer(rb"-----BEGIN (" + kind + rb")-----(?:(?!-----BEGIN).)*?-----END \1-----", pem, re.DOTALL)
    blocks = [match[0] for match in matches]
    if not blocks:
        raise ValueError("not PEM")
    return blocks


def is_relaxed_for(server: str, listed: str) -> bool:
    """Whether a CA of this server is accepted although RFC 5280 asks for more.

    Parameters
    ----------
    server
        Its URL.
    listed
        The servers for which it is: what the environment variable `RELAXED` says.
    """
    return any(kubeconfig.same_server(named, server) for named in listed.replace(",", " ").split())


def ipv4_within(host: str) -> str | None:
    """The IPv4 address that an address in IPv6 form stands for, which is what certificates name; else None."""
    try:
        mapped = getattr(ipaddress.ip_address(host), "ipv4_mapped", None)
    except ValueError:
        return None
    return None if mapped is None else str(mapped)


def use_client_certificate(context: ssl.SSLContext, certificate: bytes, key: bytes) -> None:
    """Sign in with a client certificate.

    OpenSSL loads it from a file only: one that only we can read, and that is deleted at once.

    Parameters
    ----------
    context
        The context to change.
    certificate, key
        PEM.

    Raises
    ------
    ConfigError
        Certificate and key are not PEM, do not match, or the key has a passphrase.
    """
    handle, path = tempfile.mkstemp(prefix="kubeaccess-", suffix=".pem")  # 0600
    try:
        with os.fdopen(handle, "wb") as file:
            blocks = _blocks(certificate, rb"CERTIFICATE") + _blocks(key, rb"[A-Z ]*PRIVATE KEY")[:1]
            file.write(b"\n".join([*blocks, b""]))
        # A passphrase would be asked for on the terminal, which a kernel does not have.
        context.load_cert_chain(path, password="")
    except (OSError, ValueError) as error:
        reason = (getattr(error, "reason", None) or "not PEM").lower().replace("_", " ")
        raise ConfigError(
            f"the client certificate cannot be used: {reason}",
            hint="certificate and key must be PEM, belong together, and have no passphrase",
        ) from error
    finally:
        os.unlink(path)
