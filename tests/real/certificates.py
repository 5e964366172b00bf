"""A certificate authority of one test run, and what it issues."""

from __future__ import annotations

import datetime
import ipaddress
from collections.abc import Sequence
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


def write_all(folder: Path, addresses: Sequence[str], users: dict[str, str]) -> None:
    """Write `ca.crt`, `server.crt` for all addresses, `USER.crt` for each user and its group, and all keys."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = named("tests of kubeaccess_magic")
    authority = x509.BasicConstraints(ca=True, path_length=None)
    root = builder(name, name, key).add_extension(authority, critical=True).sign(key, hashes.SHA256())
    (folder / "ca.crt").write_bytes(root.public_bytes(serialization.Encoding.PEM))
    alternatives = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(one)) for one in addresses])
    for file, subject, usage, extension in [
        ("server", named("server"), ExtendedKeyUsageOID.SERVER_AUTH, alternatives),
        *((user, named(user, group), ExtendedKeyUsageOID.CLIENT_AUTH, None) for user, group in users.items()),
    ]:
        own = ec.generate_private_key(ec.SECP256R1())
        unsigned = builder(subject, name, own).add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
        if extension is not None:
            unsigned = unsigned.add_extension(extension, critical=False)
        issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key())
        signed = unsigned.add_extension(issuer, critical=False).sign(key, hashes.SHA256())
        (folder / f"{file}.crt").write_bytes(signed.public_bytes(serialization.Encoding.PEM))
        write_key(folder / f"{file}.key", own)
    write_key(folder / "accounts.key", rsa.generate_private_key(public_exponent=65537, key_size=2048))


def named(common: str, organization: str | None = None) -> x509.Name:
    parts = [x509.NameAttribute(NameOID.COMMON_NAME, common)]
    if organization is not None:
        parts.append(x509.NameAttribute(NameOID.ORGANIZATION_NAME, organization))
    return x509.Name(parts)


def builder(subject: x509.Name, issuer: x509.Name, key: PrivateKey) -> x509.CertificateBuilder:
    now = datetime.datetime.now(datetime.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def write_key(path: Path, key: PrivateKey) -> None:
    path.touch(mode=0o600)
    kind = serialization.PrivateFormat.PKCS8
    path.write_bytes(key.private_bytes(serialization.Encoding.PEM, kind, serialization.NoEncryption()))
