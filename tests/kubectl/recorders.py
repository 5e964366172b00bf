"""API servers and proxies on loopback that record what reaches them, from kubectl and from this package alike."""

from __future__ import annotations

import base64
import contextlib
import datetime
import ipaddress
import json
import select
import socket
import ssl
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

SERVED = (
    "127.0.0.1",
    "::1",
    "0.0.0.0",
    "::",
    "localhost",
    "api.test",
    "a.b.test",
    "xn--tda.test",
    "localhost.localdomain",
)
_NOTED = ("authorization", "proxy-authorization", "impersonate-")


PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


class Identity(NamedTuple):
    certificate: x509.Certificate
    key: PrivateKey

    @property
    def pem(self) -> bytes:
        return self.certificate.public_bytes(serialization.Encoding.PEM)

    @property
    def key_pem(self) -> bytes:
        form = serialization.PrivateFormat.PKCS8
        return self.key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption())


def identity(
    name: str,
    issuer: Identity | None = None,
    *,
    names: tuple[str, ...] = (),
    ca: bool = False,
    bare: bool = False,
    old: bool = False,
    rsa_bits: int = 0,
) -> Identity:
    """A certificate with that common name, self-signed without an issuer; if `bare`, without RFC 5280's extensions."""
    key: PrivateKey = rsa.generate_private_key(65537, rsa_bits) if rsa_bits else ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.certificate.subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + (datetime.timedelta(minutes=-1) if old else datetime.timedelta(days=1)))
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
    )
    if not bare:
        issuing = (issuer.key if issuer else key).public_key()
        builder = builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        builder = builder.add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuing), critical=False)
    if ca and not bare:
        signs = {"key_cert_sign": True, "crl_sign": True, "digital_signature": False, "content_commitment": False,
                 "key_encipherment": False, "data_encipherment": False, "key_agreement": False,
                 "encipher_only": False, "decipher_only": False}  # fmt: skip
        builder = builder.add_extension(x509.KeyUsage(**signs), critical=True)
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName([_alternative(one) for one in names]), False)
    return Identity(builder.sign(issuer.key if issuer else key, hashes.SHA256()), key)


def _alternative(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


class World:
    """All servers and proxies. `log` has one line per request that reached any of them, in order."""

    def __init__(self) -> None:
        self.log: list[str] = []
        self.ports: dict[str, int] = {}
        self._open: list[socket.socket] = []
        self.ca = identity("ca", ca=True)
        self.intermediate = identity("intermediate", self.ca, ca=True)
        self.stranger = identity("stranger", ca=True)
        self.people = {name: identity(name, self.ca) for name in ("alice", "bob")}
        self.people |= {"old": identity("old", self.ca, old=True), "rsa": identity("rsa", self.ca, rsa_bits=2048)}
        self.people |= {"stray": identity("stray", self.stranger), "chained": identity("chained", self.intermediate)}
        with tempfile.TemporaryDirectory() as folder:
            self._folder = Path(folder)
            self.tls_identity = identity("tls", self.ca, names=SERVED)
            for name, issued in {
                "tls": self.tls_identity,
                "below": identity("below", self.intermediate, names=SERVED),
                "wild": identity("wild", self.ca, names=("*.test", "*.k8s.test")),
                "named": identity("named", self.ca, names=("kube.test",)),
                "nameless": identity("localhost", self.ca),
                "old": identity("old", self.ca, names=SERVED, old=True),
                "small": identity("small", self.ca, names=SERVED, rsa_bits=1024),
                "other": identity("other", self.stranger, names=SERVED),
            }.items():
                self._listen(name, self._server, self._tls(issued, (self.intermediate,) if name == "below" else ()))
            self._listen("plain", self._server, None)
            self._listen("proxy", self._proxy, None)
            self._listen("onward", self._proxy, None)
            self._listen("proxys", self._proxy, self._tls(identity("proxys", self.ca, names=SERVED)))
            self._listen("proxyx", self._proxy, self._tls(identity("proxyx", self.stranger, names=SERVED)))
            self._listen("proxyn", self._proxy, self._tls(identity("proxyn", self.ca, names=("kube.test",))))
            self._listen("socks", self._socks, None)
            self._listen("refusing", self._refusing, None)
        self.ports["closed"] = 9  # the discard service: nobody has it

    def close(self) -> None:
        for sock in self._open:
            sock.close()

    def filled(self, text: str) -> str:
        """The text with `@name@` replaced by a port or by a file in base64, and `@@file` by the file as it is."""
        for name, port in self.ports.items():
            text = text.replace(f"@{name}@", str(port))
        for name, data in self.files().items():
            if f"@{name}@" in text:
                text = text.replace(f"@{name}@", base64.b64encode(data).decode())
            if f"@@{name}" in text:
                text = text.replace(f"@@{name}", data.decode())
        return text

    def files(self) -> dict[str, bytes]:
        """The files that the folder of every situation has."""
        found = {"ca.crt": self.ca.pem, "other.crt": self.stranger.pem, "leaf.crt": self.tls_identity.pem}
        found["intermediate.crt"] = self.intermediate.pem
        for name, person in self.people.items():
            found[f"{name}.crt"], found[f"{name}.key"] = person.pem, person.key_pem
            form = serialization.PrivateFormat.TraditionalOpenSSL
            found[f"{name}.old"] = person.key.private_bytes(
                serialization.Encoding.PEM, form, serialization.NoEncryption()
            )
            found[f"{name}.locked"] = person.key.private_bytes(
                serialization.Encoding.PEM, form, serialization.BestAvailableEncryption(b"x")
            )
            found[f"{name}.der"] = person.certificate.public_bytes(serialization.Encoding.DER)
        return found

    def noted(self, since: int) -> list[str]:
        """The lines since then, with names in place of ports; a line that repeats counts once."""
        lines: list[str] = []
        for line in self.log[since:]:
            for name, port in self.ports.items():
                line = line.replace(f":{port}", f":@{name}@")
            line = line.replace(base64.b64encode(self.ca.pem).decode(), "@ca.crt@")
            if lines[-1:] != [line]:
                lines.append(line)
        return lines

    # --- what listens

    def _tls(self, issued: Identity, chain: tuple[Identity, ...] = ()) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        (self._folder / "pem").write_bytes(issued.pem + b"".join(one.pem for one in chain) + issued.key_pem)
        context.set_ciphers("DEFAULT@SECLEVEL=0")  # it may have a key that OpenSSL finds too short
        context.load_cert_chain(self._folder / "pem")
        context.verify_mode = ssl.CERT_OPTIONAL
        context.load_verify_locations(cadata=self.ca.pem.decode())
        return context

    def _listen(self, name: str, serve: Callable[[str, socket.socket], None], tls: ssl.SSLContext | None) -> None:
        for _ in range(20):
            four = socket.create_server(("127.0.0.1", 0))
            port = four.getsockname()[1]
            try:
                six = socket.create_server(("::1", port), family=socket.AF_INET6)
                break
            except OSError:
                four.close()
        self.ports[name] = port
        for listening in (four, six):
            self._open.append(listening)
            threading.Thread(target=self._accept, args=(listening, name, serve, tls), daemon=True).start()

    def _accept(
        self,
        listening: socket.socket,
        name: str,
        serve: Callable[[str, socket.socket], None],
        tls: ssl.SSLContext | None,
    ) -> None:
        def work(sock: socket.socket) -> None:
            with contextlib.suppress(OSError, ValueError, IndexError):
                sock.settimeout(20)
                sock = tls.wrap_socket(sock, server_side=True) if tls else sock
                serve(name, sock)
            sock.close()

        while True:
            try:
                sock, _ = listening.accept()
            except OSError:
                return
            threading.Thread(target=work, args=(sock,), daemon=True).start()

    def _server(self, name: str, sock: socket.socket) -> None:
        lines = sock.makefile("rb")
        while first := lines.readline().decode("latin-1").split():
            headers = list(_headers(lines))
            noted = sorted(f"{key.title()}: {_told(value)}" for key, value in headers if key.lower().startswith(_NOTED))
            host = next((value for key, value in headers if key.lower() == "host"), None)
            if host is None:  # the begin of a handshake
                sock.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
                return
            certificate = sock.getpeercert() if isinstance(sock, ssl.SSLSocket) else None
            person = f" as {dict(part[0] for part in certificate['subject'])['commonName']}" if certificate else ""
            self.log.append(f"{name}{person} {first[0]} {first[1]} at {host}{''.join(f' | {one}' for one in noted)}")
            refused = any(value.startswith("Bearer expired") for _, value in headers)
            body = json.dumps(_answer(first[1].partition("?")[0])).encode()
            status = "401 Unauthorized" if refused else "200 OK"
            if refused:
                told = {
                    "kind": "Status",
                    "apiVersion": "v1",
                    "status": "Failure",
                    "reason": "Unauthorized",
                    "code": 401,
                }
                body = json.dumps({**told, "message": "Unauthorized", "metadata": {}}).encode()
            head = f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
            sock.sendall(head.encode() + body)

    def _proxy(self, name: str, sock: socket.socket) -> None:
        """A proxy that tunnels and forwards plain http, always to this machine except for `onward`."""
        lines = sock.makefile("rb", buffering=0)
        method, target, _ = _line(lines).split()
        headers = list(_headers(lines))
        login = "".join(f" | {_told(value)}" for key, value in headers if key.lower() == "proxy-authorization")
        certificate = sock.getpeercert() if isinstance(sock, ssl.SSLSocket) else None
        shown = " shown a certificate" if certificate else ""
        if method == "CONNECT":
            self.log.append(f"{name}{shown} CONNECT {target.lower()}{login}")  # names are the same in any case
            host, _, port = target.rpartition(":")
            with socket.create_connection((host if name == "onward" else "127.0.0.1", int(port)), timeout=5) as onward:
                sock.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
                _relay(sock, onward)
            return
        self.log.append(f"{name}{shown} {method} {target.replace('LOCALHOST', 'localhost')}{login}")
        rest = target.partition("://")[2]
        authority, _, path = rest.partition("/")
        with socket.create_connection(("127.0.0.1", int(authority.rpartition(":")[2])), timeout=5) as onward:
            kept = "".join(f"{key}: {value}\r\n" for key, value in headers if not key.lower().startswith("proxy-"))
            onward.sendall(f"{method} /{path} HTTP/1.1\r\n{kept}\r\n".encode("latin-1"))
            _relay(sock, onward)

    def _socks(self, name: str, sock: socket.socket) -> None:
        """A SOCKS 5 proxy, which takes a login if one is offered."""
        lines = sock.makefile("rb", buffering=0)
        version, count = _exactly(lines, 2)
        if version != 5:
            return
        methods = _exactly(lines, count)
        login = ""
        sock.sendall(b"\5\2" if 2 in methods else b"\5\0")
        if 2 in methods:
            user = _exactly(lines, _exactly(lines, 2)[1]).decode()
            login = f" | {user}:{_exactly(lines, _exactly(lines, 1)[0]).decode()}"
            sock.sendall(b"\1\0")
        kind = _exactly(lines, 4)[3]
        if kind == 3:
            host = _exactly(lines, _exactly(lines, 1)[0]).decode()
        else:
            host = str(ipaddress.ip_address(_exactly(lines, 4 if kind == 1 else 16)))
        port = int.from_bytes(_exactly(lines, 2), "big")
        self.log.append(f"{name} {('', 'address', '', 'name', 'address')[kind]} {host.lower()}:{port}{login}")
        with socket.create_connection(("127.0.0.1", port), timeout=5) as onward:
            sock.sendall(b"\5\0\0\1\0\0\0\0\0\0")
            _relay(sock, onward)

    def _refusing(self, name: str, sock: socket.socket) -> None:
        """A proxy that refuses every connection."""
        self.log.append(f"{name} {_line(sock.makefile('rb', buffering=0)).split()[0]}")
        sock.sendall(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")


def _line(lines: socket.SocketIO) -> str:
    return lines.readline().decode("latin-1").rstrip("\r\n")


def _headers(lines: socket.SocketIO) -> Iterator[tuple[str, str]]:
    while line := _line(lines):
        key, _, value = line.partition(":")
        yield key, value.strip()


def _exactly(lines: socket.SocketIO, count: int) -> bytes:
    got = b""
    while len(got) < count:
        piece = lines.read(count - len(got))
        if not piece:
            raise OSError("closed")
        got += piece
    return got


def _relay(one: socket.socket, other: socket.socket) -> None:
    while True:
        pending = isinstance(one, ssl.SSLSocket) and one.pending()
        for sock in [one] if pending else select.select([one, other], [], [], 10)[0] or [None]:
            data = sock.recv(65536) if sock else b""
            if not data:
                return
            (other if sock is one else one).sendall(data)


def _told(value: str) -> str:
    """A header's value for the log: logins decoded, the input of a plugin with its fields in order."""
    kind, _, rest = value.partition(" ")
    if kind == "Basic":
        return f"Basic {base64.b64decode(rest).decode()}"
    if rest.startswith("info."):
        padded = rest[5:].replace("-", "+").replace("_", "/")
        return f"told {json.dumps(json.loads(base64.b64decode(padded)), sort_keys=True)}"
    return value.encode("latin-1").decode("utf-8", "replace")


def _answer(path: str) -> dict[str, object]:
    """As much of the API as `kubectl get configmaps` needs."""
    if path == "/api":
        return {"kind": "APIVersions", "versions": ["v1"]}
    if path == "/apis":
        return {"kind": "APIGroupList", "apiVersion": "v1", "groups": []}
    if path == "/api/v1":
        verbs = ["get", "list"]
        kind = {
            "name": "configmaps",
            "singularName": "configmap",
            "namespaced": True,
            "kind": "ConfigMap",
            "verbs": verbs,
        }
        return {"kind": "APIResourceList", "groupVersion": "v1", "resources": [kind]}
    kind = "ConfigMapList" if path.endswith("configmaps") else "NamespaceList"
    return {"kind": kind, "apiVersion": "v1", "metadata": {}, "items": []}
