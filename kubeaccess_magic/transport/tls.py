"""The one SSL context of a transport."""

from __future__ import annotations

import os
import ssl
import tempfile

from ..errors import ConfigError

__all__ = ["client_context", "use_client_certificate"]


def client_context(ca_file: str | None, ca_data: bytes | None, *, insecure: bool) -> ssl.SSLContext:
    """An SSL context that trusts the cluster's CA and nobody else, or the system's CAs where none is given.

    Parameters
    ----------
    ca_file, ca_data
        The CA as a file, or as PEM.
    insecure
        Nothing is verified (``insecure-skip-tls-verify``).

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
    try:
        # Loading the system's CAs takes 24 ms, a cluster's own a third of one: only where it is needed.
        cadata = None if ca_data is None else ca_data.decode("ascii")
        context = ssl.create_default_context(cafile=None if cadata else ca_file, cadata=cadata)
    except (OSError, ValueError) as error:
        where = "certificate-authority-data" if ca_data is not None else f"certificate-authority {ca_file}"
        why = error.strerror if isinstance(error, OSError) and not isinstance(error, ssl.SSLError) else "not PEM"
        raise ConfigError(
            f"the {where} of the kubeconfig cannot be read: {why}", hint="it must be a certificate in PEM form"
        ) from error
    # G14: an intermediate or a leaf works as CA, and Python 3.13's strictness about key identifiers is not kubectl's.
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    return context


def use_client_certificate(context: ssl.SSLContext, certificate: bytes, key: bytes) -> None:
    """Sign in with a client certificate.

    OpenSSL's loader wants a file: one that only we can read, gone at once.

    Parameters
    ----------
    context
        Of the transport.
    certificate, key
        PEM.

    Raises
    ------
    ConfigError
        They are not PEM, do not fit each other, or the key has a passphrase.
    """
    handle, path = tempfile.mkstemp(prefix="kubeaccess-", suffix=".pem")  # 0600
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(certificate.rstrip() + b"\n" + key.rstrip() + b"\n")
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
