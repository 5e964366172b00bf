"""A TLS server that answers from memory, in a process of its own, so that a benchmark measures the client.

``python benchmarks/server.py FOLDER [PODS SERVICES]`` makes a CA and a certificate in FOLDER (``ca.pem``), listens on a
free port of 127.0.0.1 and prints the port. It ends when its standard input is closed.

Paths: ``/small`` (2 KB of JSON), ``/big`` (100 MB, by length), ``/chunked`` (the same, in chunks of 32 KiB), ``/gzip``
(the same, compressed beforehand at level 1), ``/connections`` (how many were accepted so far). Anything before that
last part of the path is ignored. With two numbers on the command line there are none of these but ``/connections``,
and so many ``pods``, ``services`` and ``endpointslices`` instead, in pages by ``limit`` and ``continue`` as an API
server has them.
"""

from __future__ import annotations

import datetime
import gzip
import ipaddress
import json
import pathlib
import socket
import ssl
import sys
import threading
from urllib.parse import parse_qs

import objects

BIG_BYTES = 100_000_000
CHUNK_BYTES = 32 * 1024


def make_certificates(folder: pathlib.Path) -> ssl.SSLContext:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "benchmark")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    (folder / "ca.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    pem = serialization.PrivateFormat.PKCS8
    (folder / "key.pem").write_bytes(key.private_bytes(serialization.Encoding.PEM, pem, serialization.NoEncryption()))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "ca.pem", folder / "key.pem")
    return context


def answer(body: bytes, *headers: str) -> bytes:
    head = [
        "HTTP/1.1 200 OK",
        "Content-Type: application/json",
        "Cache-Control: no-cache, private",
        "Date: Mon, 23 Nov 2026 12:00:00 GMT",
        "Audit-Id: 0f0f0f0f-0000-4000-8000-000000000000",
        *headers,
    ]
    return ("\r\n".join(head) + "\r\n\r\n").encode() + body


def make_answers() -> dict[bytes, bytes]:
    small = json.dumps([{"index": number, "value": "x" * 20} for number in range(43)]).encode()
    row = b'{"@timestamp":"2026-11-23T12:00:00Z","user":"kimchy","status":200,"bytes":%7d,"path":"/a/b/%d"},'
    rows = b"".join(row % (number, number % 100) for number in range(BIG_BYTES // 90))
    big = (b"[" + rows)[: BIG_BYTES - 1] + b"]"
    chunks = [big[at : at + CHUNK_BYTES] for at in range(0, len(big), CHUNK_BYTES)]
    chunked = b"".join(b"%x\r\n%b\r\n" % (len(chunk), chunk) for chunk in chunks) + b"0\r\n\r\n"
    packed = gzip.compress(big, 1)
    return {
        b"small": answer(small, f"Content-Length: {len(small)}"),
        b"big": answer(big, f"Content-Length: {len(big)}"),
        b"chunked": answer(chunked, "Transfer-Encoding: chunked"),
        b"gzip": answer(packed, "Content-Encoding: gzip", f"Content-Length: {len(packed)}"),
    }


class Server:
    """One blocking thread a connection: OpenSSL writes a whole answer in one call, without the interpreter's lock."""

    def __init__(self, folder: pathlib.Path, pods: int = 0, services: int = 0) -> None:
        self.context = make_certificates(folder)
        self.answers = {} if pods or services else make_answers()
        self.lists = {
            b"pods": ("Pod", "v1", list(objects.pods(pods))),
            b"services": ("Service", "v1", list(objects.services(services))),
            b"endpointslices": ("EndpointSlice", "discovery.k8s.io/v1", list(objects.endpointslices(services))),
        }
        self.accepted = 0
        self.listening = socket.create_server(("127.0.0.1", 0), backlog=256)

    def run(self) -> None:
        while True:
            plain, _ = self.listening.accept()
            self.accepted += 1
            threading.Thread(target=self.serve, args=(plain,), daemon=True).start()

    def serve(self, plain: socket.socket) -> None:
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        received = b""
        try:
            with self.context.wrap_socket(plain, server_side=True) as connection:
                while data := connection.recv(65536):
                    received += data
                    while b"\r\n\r\n" in received:
                        head, _, received = received.partition(b"\r\n\r\n")
                        connection.sendall(self.answer_to(head))
        except OSError:
            pass  # a client that goes away is no news

    def answer_to(self, head: bytes) -> bytes:
        path, _, query = head.split(b" ", 2)[1].partition(b"?")
        what = path.rpartition(b"/")[2]
        if what == b"connections":
            count = b"%d" % self.accepted
            return answer(count, f"Content-Length: {len(count)}")
        if what in self.answers:
            return self.answers[what]
        kind, version, items = self.lists[what]
        asked = {name: int(values[0]) for name, values in parse_qs(query.decode()).items() if values[0].isdigit()}
        body = objects.page(kind, items, asked.get("continue", 0), asked.get("limit", 0), version)
        return answer(body, f"Content-Length: {len(body)}")


if __name__ == "__main__":
    server = Server(pathlib.Path(sys.argv[1]), *map(int, sys.argv[2:4]))
    print(server.listening.getsockname()[1], flush=True)
    threading.Thread(target=server.run, daemon=True).start()
    sys.stdin.read()
