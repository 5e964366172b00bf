"""Pools against real servers: sockets and TLS on loopback, each answer written byte for byte."""

from __future__ import annotations

import base64
import collections
import concurrent.futures
import contextlib
import datetime
import gzip
import hashlib
import ipaddress
import json
import os
import pathlib
import queue
import signal
import socket
import ssl
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from kubeaccess_magic import Cluster, credentials, kubeconfig
from kubeaccess_magic.call import Call, Limits
from kubeaccess_magic.discovery.api import KubernetesApi
from kubeaccess_magic.errors import ConfigError, KubeAccessError, LimitExceeded, TargetError, TimedOut, Unreachable
from kubeaccess_magic.reply import Reply, Stream
from kubeaccess_magic.request import Request
from kubeaccess_magic.targets import Target
from kubeaccess_magic.transport import Pool, TlsSettings, Upstream
from kubeaccess_magic.ways import ApiServer

TOKEN = "s3cret-token-that-nobody-may-see"
PATH = "/api/v1/namespaces/shop/services/web/proxy/x"
REQUEST = Request.build("GET", Target.parse("shop/web").target, "x")
LIMITS = Limits(connect_s=5, silence_s=5, total_s=20, max_bytes=2**20)

# --- servers ---------------------------------------------------------------------------------------------------------


class Seen(NamedTuple):
    method: str
    path: str
    headers: list[tuple[str, str]]
    body: bytes
    certificate: Any

    def header(self, name: str) -> list[str]:
        return [value for key, value in self.headers if key.lower() == name.lower()]


class Server:
    """Accepts connections; `answer` says what is sent for each request, or does it on the connection and says None."""

    def __init__(self, answer: Callable[[Seen, Any], bytes | None], tls: ssl.SSLContext | None = None) -> None:
        self.answer = answer
        self.tls = tls
        self.accepted = 0
        self.seen: list[Seen] = []
        self.gone = threading.Event()  # a client closed its connection
        self.asked = threading.Event()
        self.listening = socket.create_server(("127.0.0.1", 0), backlog=16)
        self.port = self.listening.getsockname()[1]
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{self.port}"
        self.connections: list[Any] = []
        self.chunks: queue.SimpleQueue[bytes] = queue.SimpleQueue()  # of bodies, as they come
        threading.Thread(target=self._run, daemon=True).start()

    def __enter__(self) -> Server:
        return self

    def __exit__(self, *_: object) -> None:
        # A thread that waits in accept() is woken by shutdown, not by close.
        with contextlib.suppress(OSError):
            self.listening.shutdown(socket.SHUT_RDWR)
        self.listening.close()
        for connection in self.connections:
            with contextlib.suppress(OSError):
                connection.close()

    def _run(self) -> None:
        while True:
            try:
                plain, _ = self.listening.accept()
            except OSError:
                return
            self.accepted += 1
            self.connections.append(plain)
            threading.Thread(target=self._serve, args=(plain,), daemon=True).start()

    def _serve(self, plain: socket.socket) -> None:
        connection: Any = plain
        try:
            plain.settimeout(20)
            if self.tls is not None:
                connection = self.tls.wrap_socket(plain, server_side=True)
                self.connections.append(connection)
            with connection.makefile("rb") as lines:
                while (seen := self._read(lines, connection)) is not None:
                    self.seen.append(seen)
                    self.asked.set()
                    data = self.answer(seen, connection)
                    if data is None:
                        return
                    connection.sendall(data)
        except (OSError, ValueError):
            pass
        finally:
            self.gone.set()
            with contextlib.suppress(OSError):
                connection.close()

    def _read(self, lines: Any, connection: Any) -> Seen | None:
        first = lines.readline().decode("latin-1").split()
        if len(first) < 2:
            return None
        headers = []
        while (line := lines.readline().decode("latin-1").rstrip("\r\n")) != "":
            name, _, value = line.partition(":")
            headers.append((name, value.strip()))
        length = next((int(value) for name, value in headers if name.lower() == "content-length"), 0)
        certificate = connection.getpeercert() if isinstance(connection, ssl.SSLSocket) else None
        chunked = any(name.lower() == "transfer-encoding" for name, _ in headers)
        body = b"".join(self._chunks(lines)) if chunked else lines.read(length)
        return Seen(first[0], first[1], headers, body, certificate)

    def _chunks(self, lines: Any) -> Iterator[bytes]:
        while length := int(lines.readline(), 16):
            chunk = lines.read(length)
            self.chunks.put(chunk)
            lines.readline()
            yield chunk
        lines.readline()


def answered(body: bytes = b"{}", *headers: str, status: str = "200 OK") -> bytes:
    named = {header.partition(":")[0].lower() for header in headers}
    plain = [] if named & {"content-length", "transfer-encoding"} else [f"Content-Length: {len(body)}"]
    return "\r\n".join([f"HTTP/1.1 {status}", *plain, *headers, "", ""]).encode() + body


class Identity(NamedTuple):
    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    @property
    def pem(self) -> bytes:
        return self.certificate.public_bytes(serialization.Encoding.PEM)

    @property
    def key_pem(self) -> bytes:
        form = serialization.PrivateFormat.PKCS8
        return self.key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption())


def identity(
    name: str, issuer: Identity | None = None, *, ca: bool = False, names: tuple[str, ...] = (), days: int = 1
) -> Identity:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject if issuer is None else issuer.certificate.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=10))
        .not_valid_after(now + datetime.timedelta(days=days))
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )
    issuing = key if issuer is None else issuer.key  # Python 3.13 wants a certificate to say which key signed it
    identifier = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuing.public_key())
    builder = builder.add_extension(identifier, critical=False)
    if ca:
        signs = {"key_cert_sign": True, "crl_sign": True, "digital_signature": False, "content_commitment": False,
                 "key_encipherment": False, "data_encipherment": False, "key_agreement": False,
                 "encipher_only": False, "decipher_only": False}  # fmt: skip
        builder = builder.add_extension(x509.KeyUsage(**signs), critical=True)
    if names:
        listed: list[x509.GeneralName] = []
        for one in names:
            try:
                listed.append(x509.IPAddress(ipaddress.ip_address(one)))
            except ValueError:
                listed.append(x509.DNSName(one))
        builder = builder.add_extension(x509.SubjectAlternativeName(listed), critical=False)
    return Identity(builder.sign(issuing, hashes.SHA256()), key)


def data_of(pem: bytes) -> str:
    return base64.b64encode(pem).decode()


class World(NamedTuple):
    ca: Identity
    intermediate: Identity
    folder: pathlib.Path

    def tls(self, *names: str, clients: bool = False) -> ssl.SSLContext:
        server = identity("server", self.intermediate, names=names or ("127.0.0.1", "localhost"))
        path = self.folder / f"server-{len(list(self.folder.iterdir()))}.pem"
        path.write_bytes(server.pem + self.intermediate.pem + server.key_pem)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(path)
        if clients:
            context.load_verify_locations(cadata=self.ca.pem.decode())
            context.verify_mode = ssl.CERT_REQUIRED
        return context


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    ca = identity("a cluster's CA", ca=True)
    return World(ca, identity("an intermediate", ca, ca=True), tmp_path_factory.mktemp("certificates"))


@pytest.fixture(scope="session")
def tls(world: World) -> ssl.SSLContext:
    return world.tls()


def config(folder: pathlib.Path, server: str, user: dict[str, Any] | None = None, **cluster: Any) -> str:
    path = folder / f"config-{len(list(folder.iterdir()))}"
    path.write_text(
        json.dumps(
            {
                "apiVersion": "v1",
                "kind": "Config",
                "current-context": "t",
                "contexts": [{"name": "t", "context": {"cluster": "c", "user": "u"}}],
                "clusters": [{"name": "c", "cluster": {"server": server, **cluster}}],
                "users": [{"name": "u", "user": {"token": TOKEN} if user is None else user}],
            }
        )
    )
    return str(path)


@pytest.fixture
def connect(world: World, tmp_path: pathlib.Path) -> Iterator[Callable[..., Pool]]:
    made: list[Pool] = []
    ca_file = tmp_path / "ca.pem"
    ca_file.write_bytes(world.ca.pem)

    def pool(server: Server | str, user: dict[str, Any] | None = None, **cluster: Any) -> Pool:
        url = server if isinstance(server, str) else server.url
        if not cluster and url.startswith("https"):
            cluster = {"certificate-authority": str(ca_file)}
        context = kubeconfig.choose(kubeconfig=config(tmp_path, url, user, **cluster))
        made.append(Pool.for_context(context, credentials.for_context(context)))
        return made[-1]

    yield pool
    for one in made:
        one.close()


def opened(pool: Pool, path: str = PATH, method: str = "GET", **options: Any) -> Stream:
    options = {"call": Call(LIMITS), **options}
    return Stream.from_response(pool.open(method, path, **options), REQUEST, "proxy")


def fetched(pool: Pool, path: str = PATH, method: str = "GET", **options: Any) -> Reply:
    call = options.pop("call", None) or Call(LIMITS)
    return opened(pool, path, method, call=call, **options).read(call)


# --- what is sent ----------------------------------------------------------------------------------------------------


def test_a_request_is_signed_and_introduced_and_its_path_goes_out_as_it_is(tls: ssl.SSLContext, connect: Any) -> None:
    with Server(lambda seen, _: answered(), tls) as server:
        path = PATH + "/a%20b/;v=1?q=user:kimchy&x=%5B1%5D&empty"
        reply = fetched(connect(server), path, headers=[("X-Api-Key", "k"), ("X-Twice", "1"), ("x-twice", "2")])
        (seen,) = server.seen
    assert (seen.method, seen.path) == ("GET", path)
    assert seen.header("Authorization") == [f"Bearer {TOKEN}"]
    assert seen.header("User-Agent")[0].startswith("kubeaccess-magic/0")
    assert seen.header("Accept-Encoding") == ["identity"]  # on loopback
    assert seen.header("X-Api-Key") == ["k"] and sorted(seen.header("X-Twice")) == ["1", "2"]
    assert reply.status_code == 200 and reply.way == "proxy" and reply.request is REQUEST


def test_the_base_path_of_the_server_stays(tls: ssl.SSLContext, connect: Any, world: World) -> None:
    with Server(lambda seen, _: answered(), tls) as server:
        url = server.url + "/k8s/clusters/c1/"
        pool = connect(url, **{"certificate-authority-data": data_of(world.ca.pem)})
        reply = fetched(pool)
        assert server.seen[0].path == "/k8s/clusters/c1" + PATH  # and no "//api" (E7)
    assert pool.upstream.url == server.url + "/k8s/clusters/c1"
    assert reply.url == pool.upstream.url + PATH


def test_secrets_in_a_query_are_not_shown_but_sent(tls: ssl.SSLContext, connect: Any) -> None:
    with Server(lambda seen, _: answered(), tls) as server:
        reply = fetched(connect(server), PATH + "?token=abc123&q=up")
        assert server.seen[0].path.endswith("?token=abc123&q=up")
    assert "abc123" not in reply.url and reply.url.endswith("&q=up")


@pytest.mark.parametrize(
    "name", ["Authorization", "impersonate-user", "X-Remote-Group", "Host", "Connection", "Transfer-Encoding"]
)
def test_a_header_that_is_not_the_callers_is_refused(tls: ssl.SSLContext, connect: Any, name: str) -> None:
    with Server(lambda seen, _: answered(), tls) as server:
        with pytest.raises(TargetError):
            opened(connect(server), headers=[(name, "x")])
        assert not server.seen


def test_plain_http_is_never_signed(connect: Any) -> None:  # G10
    with Server(lambda seen, _: answered()) as server:
        pool = connect(server, {"token": TOKEN, "as": "jane", "as-groups": ["a", "b"]})
        fetched(pool)
        fetched(pool, method="POST", body=b"{}")
        KubernetesApi(pool).call("GET", "/api/v1/services", call=Call(LIMITS))
    assert len(server.seen) == 3
    for seen in server.seen:
        assert TOKEN not in str(seen) and not seen.header("Authorization")
        assert seen.header("Impersonate-User") == ["jane"] and seen.header("Impersonate-Group") == ["a", "b"]


def test_every_group_is_sent_with_other_headers_too(tls: ssl.SSLContext, connect: Any) -> None:
    with Server(lambda seen, _: answered(), tls) as server:
        pool = connect(server, {"token": TOKEN, "as": "jane", "as-groups": ["a", "b"]})
        fetched(pool, headers=[("X-One", "1")])
    assert server.seen[0].header("Impersonate-Group") == ["a", "b"]


def test_bodies_are_sent_whole(tls: ssl.SSLContext, connect: Any) -> None:
    body = os.urandom(3_000_000)
    with Server(lambda seen, _: answered(hashlib.sha256(seen.body).hexdigest().encode()), tls) as server:
        assert fetched(connect(server), method="POST", body=body).text == hashlib.sha256(body).hexdigest()
        assert fetched(connect(server), method="PUT", body=b"").text == hashlib.sha256(b"").hexdigest()
    assert server.seen[1].header("Content-Length") == ["0"]


def test_a_body_that_nobody_takes_is_ended(tls: ssl.SSLContext, connect: Any) -> None:
    with socket.create_server(("127.0.0.1", 0)) as deaf:  # the kernel accepts, nobody reads
        pool = connect(f"http://127.0.0.1:{deaf.getsockname()[1]}")
        started = time.monotonic()
        with pytest.raises(TimedOut):
            opened(pool, method="POST", body=bytes(30_000_000), call=Call(Limits(5, 30, 0.6, 100)))
        assert time.monotonic() - started < 15


def test_a_body_in_pieces_is_sent_in_chunks_as_they_come(tls: ssl.SSLContext, connect: Any) -> None:
    with Server(lambda seen, _: answered(seen.body), tls) as server:

        def pieces() -> Iterator[bytes]:
            yield b"one"
            assert server.chunks.get(timeout=20) == b"one"
            yield b"two"

        assert fetched(connect(server), method="POST", body=pieces()).text == "onetwo"
        assert server.seen[0].header("Transfer-Encoding") == ["chunked"] and not server.seen[0].header("Content-Length")


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_body_in_pieces_is_never_sent_twice(tls: ssl.SSLContext, connect: Any, method: str) -> None:
    with Server(hangs_up(1), tls) as server:
        with pytest.raises(Unreachable, match="without an answer"):
            fetched(connect(server), method=method, body=iter([b"one", b"two"]))
        assert len(server.seen) == 1
    with Server(lambda seen, _: UNAUTHORIZED, tls) as server:
        assert fetched(connect(server), method=method, body=[b"one"]).status_code == 401
        assert len(server.seen) == 1


def test_an_error_of_whoever_makes_a_body_passes_as_it_is(tls: ssl.SSLContext, connect: Any) -> None:
    def pieces() -> Iterator[bytes]:
        yield b"one"
        raise LookupError("the file is gone")

    with Server(lambda seen, _: answered(), tls) as server:
        pool = connect(server)
        with pytest.raises(LookupError, match="the file is gone"):
            fetched(pool, method="POST", body=pieces())
        assert server.gone.wait(20)
        assert fetched(pool).ok


def test_a_body_that_comes_from_another_answer_keeps_its_own_deadline(tls: ssl.SSLContext, connect: Any) -> None:
    def answer(seen: Seen, _: Any) -> bytes | None:
        if seen.method == "POST":
            time.sleep(15)
            return None
        return answered(b"from there")

    with Server(answer, tls) as server:
        pool = connect(server)

        def pieces() -> Iterator[bytes]:
            yield fetched(pool).content

        started = time.monotonic()
        with pytest.raises(TimedOut, match="took longer than 1 s"):
            fetched(pool, method="POST", body=pieces(), call=Call(Limits(5, 30, 1, 100)))
        assert time.monotonic() - started < 12


# --- what another thread changes meanwhile ---------------------------------------------------------------------------


@pytest.fixture
def busy_threads() -> Iterator[None]:
    """Threads take turns as often as they can."""
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    yield
    sys.setswitchinterval(interval)


@contextlib.contextmanager
def again_and_again(change: Callable[[int], None]) -> Iterator[None]:
    """Change something in a thread, until the block ends."""
    ended = threading.Event()

    def work() -> None:
        number = 0
        while not ended.is_set():
            change(number)
            number += 1

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join(20)


def in_threads(work: Callable[[], object], threads: int = 4) -> None:
    """Run it in threads, to their end; an error in one is an error here."""
    with concurrent.futures.ThreadPoolExecutor(threads) as pool:
        for future in [pool.submit(work) for _ in range(threads)]:
            future.result(60)


@pytest.mark.usefixtures("busy_threads")
def test_secrets_in_a_query_are_sent_while_another_thread_remakes_the_connections(
    connect: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Server(lambda seen, _: answered()) as proxy:  # of the environment; each login is another proxy

        def change(number: int) -> None:
            monkeypatch.setenv("HTTP_PROXY", f"http://user-{number}@127.0.0.1:{proxy.port}")
            time.sleep(0)

        change(0)
        pool = connect("http://cluster.example:8001")
        with again_and_again(change):
            in_threads(lambda: [fetched(pool, PATH + "?token=abc123") for _ in range(125)], threads=8)
        assert {seen.path for seen in proxy.seen} == {f"http://cluster.example:8001{PATH}?token=abc123"}
        assert len(proxy.seen) == 1000 and proxy.accepted > 100  # they were remade


@pytest.mark.usefixtures("busy_threads")
def test_no_token_reaches_another_server_while_the_kubeconfig_changes(
    tls: ssl.SSLContext, connect: Any, world: World, tmp_path: pathlib.Path
) -> None:
    authority = {"certificate-authority-data": data_of(world.ca.pem)}
    with Server(lambda seen, _: answered(), tls) as one, Server(lambda seen, _: answered(), tls) as other:
        texts = [
            pathlib.Path(config(tmp_path, server.url, {"token": token}, **authority)).read_bytes()
            for server, token in ((one, "for-one"), (other, "for-other"))
        ]
        file = tmp_path / "changing"
        file.write_bytes(texts[0])
        context = kubeconfig.choose(kubeconfig=str(file))
        pool = Pool.for_context(context, credentials.for_context(context))

        def change(number: int) -> None:
            (tmp_path / "next").write_bytes(texts[number % 2] + b" " * number)
            os.replace(tmp_path / "next", file)
            time.sleep(0.003)

        with again_and_again(change), contextlib.closing(pool):
            in_threads(lambda: [fetched(pool) for _ in range(60)])
        for server, token in ((one, "for-one"), (other, "for-other")):
            assert {seen.header("Authorization")[0] for seen in server.seen} == {f"Bearer {token}"}


# --- pools to an app -------------------------------------------------------------------------------------------------


def test_without_an_auth_flow_the_caller_may_sign(world: World, tls: ssl.SSLContext) -> None:
    with Server(lambda seen, _: answered(b"in"), tls) as server:
        settings = TlsSettings(ca_data=world.ca.pem)
        with contextlib.closing(Pool(Upstream.parse(server.url + "/app/", tls=settings))) as pool:
            assert fetched(pool, "/x", headers=[("Authorization", "Basic of-the-app")]).text == "in"
            with pytest.raises(TargetError):
                opened(pool, "/x", headers=[("Transfer-Encoding", "chunked")])
        (seen,) = server.seen
        assert seen.path == "/app/x" and seen.header("Authorization") == ["Basic of-the-app"]


@pytest.mark.parametrize("secure", [True, False])
def test_an_upstream_may_bring_its_own_sockets(world: World, tls: ssl.SSLContext, secure: bool) -> None:
    calls: list[Call] = []
    with Server(lambda seen, _: answered(b"here"), tls if secure else None) as server:

        def connect(call: Call) -> socket.socket:
            calls.append(call)
            return socket.create_connection(("127.0.0.1", server.port))

        url = f"{'https' if secure else 'http'}://an-app.example:8080"
        settings = TlsSettings(ca_data=world.ca.pem, server_name="localhost")
        with contextlib.closing(Pool(Upstream.parse(url, tls=settings, connect=connect))) as pool:
            call = Call(LIMITS)
            for _ in range(2):
                assert fetched(pool, "/x", call=call).text == "here"
        assert calls == [call] and server.accepted == 1
        assert server.seen[0].header("Host") == ["an-app.example:8080"]


def test_an_error_of_whoever_makes_sockets_passes_as_it_is() -> None:
    def connect(call: Call) -> socket.socket:
        raise KubeAccessError("the pod is gone")

    with contextlib.closing(Pool(Upstream.parse("http://an-app.example", connect=connect))) as pool:
        with pytest.raises(KubeAccessError, match="the pod is gone"):
            opened(pool, "/x")


def test_a_connection_that_does_not_come_ends() -> None:
    ends = threading.Event()

    def connect(call: Call) -> socket.socket:
        ends.wait(20)
        raise OSError("too late")

    with contextlib.closing(Pool(Upstream.parse("http://an-app.example", connect=connect))) as pool:
        with pytest.raises(Unreachable, match=r"did not answer within 0\.4 s"):
            opened(pool, "/x", call=Call(Limits(0.4, 5, 20, 100)))
    ends.set()


# --- answers ---------------------------------------------------------------------------------------------------------

BODY = json.dumps([{"n": number} for number in range(20_000)]).encode()


def in_chunks(body: bytes, size: int = 10_000) -> bytes:
    parts = [body[at : at + size] for at in range(0, len(body), size)]
    return b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"


FRAMED = {
    "by length": answered(BODY),
    "in chunks": answered(in_chunks(BODY), "Transfer-Encoding: chunked"),
    "compressed": answered(gzip.compress(BODY), "Content-Encoding: gzip"),
    "compressed in chunks": answered(
        in_chunks(gzip.compress(BODY), 1000), "Content-Encoding: gzip", "Transfer-Encoding: chunked"
    ),
}


@pytest.mark.parametrize("framed", FRAMED)
def test_a_body_arrives_whole_and_its_connection_is_used_again(tls: ssl.SSLContext, connect: Any, framed: str) -> None:
    with Server(lambda seen, _: FRAMED[framed], tls) as server:
        pool = connect(server)
        progress: list[tuple[int, int | None, str]] = []
        for _ in range(3):
            call = Call(LIMITS, progress=lambda *told: progress.append(told))
            assert fetched(pool, call=call).content == BODY
        assert b"".join(opened(pool).chunks(Call(LIMITS))) == BODY
        assert server.accepted == 1 and len(server.seen) == 4
    assert progress[-1][0] == len(BODY)


def test_the_progress_of_a_long_body_is_told_while_it_comes(tls: ssl.SSLContext, connect: Any) -> None:
    half_is_told = threading.Event()

    def answer(seen: Seen, connection: Any) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 3000000\r\n\r\n" + bytes(1_500_000))
        half_is_told.wait(20)
        connection.sendall(bytes(1_500_000))

    told: list[tuple[int, int | None, str]] = []

    def hear(*now: Any) -> None:
        told.append(now)
        if now[0] == 1_500_000:
            half_is_told.set()

    with Server(answer, tls) as server:
        reply = fetched(connect(server), call=Call(progress=hear))
        assert len(reply.content) == 3_000_000 and half_is_told.is_set()
    assert (1_500_000, 3_000_000, "bytes") in told and told[-1] == (3_000_000, 3_000_000, "bytes")


def test_a_body_up_to_the_end_of_the_connection_arrives_whole(tls: ssl.SSLContext, connect: Any) -> None:
    def answer(seen: Seen, connection: Any) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + BODY)
        if "said" in seen.path:
            connection.unwrap()

    with Server(answer, tls) as server:
        assert fetched(connect(server), PATH + "/said").content == BODY
        with pytest.raises(Unreachable, match="middle of the answer"):  # TLS says where the end is; here it was cut
            fetched(connect(server))


def test_status_and_headers_pass_with_their_duplicates(tls: ssl.SSLContext, connect: Any) -> None:
    data = answered(
        b"no", "Cache-Control: max-age=60", "Etag: x", "Cache-Control: no-cache, private", status="404 Not There"
    )
    with Server(lambda seen, _: data, tls) as server:
        reply = fetched(connect(server))
    assert (reply.status_code, reply.reason, reply.ok, reply.text) == (404, "Not There", False, "no")
    assert reply.headers.getall("cache-control") == ("max-age=60", "no-cache, private")  # T25
    assert reply.headers["ETAG"] == "x"


@pytest.mark.parametrize("status", ["204 No Content", "304 Not Modified", "200 OK"])
def test_an_answer_without_a_body_keeps_its_connection(tls: ssl.SSLContext, connect: Any, status: str) -> None:
    length = "Content-Length: 2000" if status == "200 OK" else "X-Nothing: 1"
    method = "HEAD" if status == "200 OK" else "GET"
    data = f"HTTP/1.1 {status}\r\n{length}\r\n\r\n".encode()
    with Server(lambda seen, _: data, tls) as server:
        pool = connect(server)
        for _ in range(2):
            reply = fetched(pool, method=method)
            assert reply.content == b"" and reply.status_code == int(status[:3])
        assert server.accepted == 1


def test_a_redirect_is_shown_and_not_followed(tls: ssl.SSLContext, connect: Any) -> None:
    with Server(lambda seen, _: answered(b"never"), tls) as other:
        data = answered(b"", f"Location: {other.url}/steal", status="302 Found")
        with Server(lambda seen, _: data, tls) as server:
            reply = fetched(connect(server))
            assert (reply.status_code, reply.headers["location"]) == (302, f"{other.url}/steal")
            assert len(server.seen) == 1
        assert not other.seen and not other.accepted


def test_an_unread_tiny_body_keeps_its_connection_a_large_one_does_not(tls: ssl.SSLContext, connect: Any) -> None:
    with Server(lambda seen, _: answered(b"x" * (5_000_000 if "large" in seen.path else 100)), tls) as server:
        pool = connect(server)
        opened(pool).close()
        opened(pool).close()
        assert server.accepted == 1
        opened(pool, PATH + "/large").close()
        assert server.gone.wait(20)
        assert fetched(pool).content == b"x" * 100
        assert server.accepted == 2


def test_many_threads_share_one_pool(tls: ssl.SSLContext, connect: Any) -> None:
    with Server(lambda seen, _: answered(seen.path.encode()), tls) as server:
        pool = connect(server)
        wrong: collections.deque[str] = collections.deque()

        def work(worker: int) -> None:
            for number in range(20):
                path = f"{PATH}/{worker}/{number}"
                if fetched(pool, path).text != path:
                    wrong.append(path)

        threads = [threading.Thread(target=work, args=(worker,)) for worker in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(20)
        assert not wrong and len(server.seen) == 160 and server.accepted <= 8


# --- limits ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (answered(b"x" * 5000), "read 0 B, announced 4.9 KiB"),
        (answered(in_chunks(b"x" * 500_000), "Transfer-Encoding: chunked"), "read "),
        (answered(gzip.compress(bytes(50_000_000)), "Content-Encoding: gzip"), "read "),
    ],
    ids=["announced", "chunks", "gzip bomb"],
)
def test_more_than_the_limit_is_an_error_that_says_how_much(
    tls: ssl.SSLContext, connect: Any, data: bytes, told: str
) -> None:
    with Server(lambda seen, _: data, tls) as server:
        limits = Limits(max_bytes=1000)
        with pytest.raises(LimitExceeded, match="larger than 1000 B") as caught:
            fetched(connect(server), call=Call(limits))
    assert told in str(caught.value) and not isinstance(caught.value, TimedOut) and caught.value.hint


def test_exactly_the_limit_is_allowed(tls: ssl.SSLContext, connect: Any) -> None:
    for data in (answered(b"x" * 1000), answered(in_chunks(b"x" * 1000), "Transfer-Encoding: chunked")):
        with Server(lambda seen, _, data=data: data, tls) as server:
            assert len(fetched(connect(server), call=Call(Limits(max_bytes=1000))).content) == 1000


def dripping(first: bytes) -> Callable[[Seen, Any], None]:
    def answer(seen: Seen, connection: Any) -> None:
        connection.sendall(first)
        for _ in range(400):
            time.sleep(0.03)
            connection.sendall(b"y")

    return answer


@pytest.mark.parametrize(
    ("first", "told"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n", "announced 97.7 KiB"),
        (b"HTTP/1.1 200 OK\r\nX-Slow: ", "no answer so far"),
        (b"", "no answer so far"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nff00\r\n", "read "),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0000", "read "),
    ],
    ids=["body", "headers", "status line", "chunk", "chunk length"],
)
def test_a_slow_drip_ends_with_the_whole_time(tls: ssl.SSLContext, connect: Any, first: bytes, told: str) -> None:
    with Server(dripping(first), tls) as server:
        started = time.monotonic()
        with pytest.raises(TimedOut, match="took longer than 1 s") as caught:
            fetched(connect(server), call=Call(Limits(5, 5, 1, 2**20)))  # a busy machine needs some of it to begin
        assert time.monotonic() - started < 10  # it drips for 12 s
        assert told in str(caught.value)
        assert server.gone.wait(20)


@pytest.mark.parametrize("secure", [True, False])
@pytest.mark.parametrize("first", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc"], ids=["silent", "stalled"])
def test_silence_ends(tls: ssl.SSLContext, connect: Any, secure: bool, first: bytes) -> None:
    def answer(seen: Seen, connection: Any) -> None:
        connection.sendall(first)
        time.sleep(18)

    with Server(answer, tls if secure else None) as server:
        started = time.monotonic()
        with pytest.raises(TimedOut, match=r"sent nothing for 0\.7 s") as caught:
            fetched(connect(server), call=Call(Limits(5, 0.7, 20, 2**20)))
        assert time.monotonic() - started < 15
    assert ("read 3 B, announced 10 B" if first else "no answer so far") in str(caught.value)


def test_a_handshake_that_never_comes_ends(connect: Any, world: World) -> None:
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        started = time.monotonic()
        with pytest.raises(Unreachable, match=r"did not answer within 0\.4 s"):
            opened(connect(f"https://127.0.0.1:{deaf.getsockname()[1]}"), call=Call(Limits(0.4, 5, 20, 100)))
        assert time.monotonic() - started < 15


@pytest.mark.parametrize("first", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc"], ids=["before", "within"])
def test_another_thread_can_stop_it(tls: ssl.SSLContext, connect: Any, first: bytes) -> None:
    def answer(seen: Seen, connection: Any) -> None:
        connection.sendall(first)
        time.sleep(18)

    with Server(answer, tls) as server:
        call = Call(LIMITS)
        threading.Thread(target=lambda: (server.asked.wait(20), time.sleep(0.1), call.stop()), daemon=True).start()
        started = time.monotonic()
        with pytest.raises(KubeAccessError, match="stopped"):
            fetched(connect(server), call=call)
        assert time.monotonic() - started < 15


INTERRUPTED = """
import sys
from kubeaccess_magic import Cluster, credentials, kubeconfig
from kubeaccess_magic.call import Call, Limits
from kubeaccess_magic.request import Request
from kubeaccess_magic.targets import Target
from kubeaccess_magic.reply import Stream
from kubeaccess_magic.ways.proxy import api_path
from kubeaccess_magic.transport import Pool
context = kubeconfig.choose(kubeconfig=sys.argv[1])
pool = Pool.for_context(context, credentials.for_context(context))
request = Request.build("GET", Target.parse("shop/web").target, "x")
try:
    Stream.from_response(pool.open("GET", api_path(request), call=Call()), request, "proxy").read(Call())
except KeyboardInterrupt:
    print("interrupted", flush=True)
    sys.stdin.read()  # still there: it is not the end of the process that closes the connection
"""


@pytest.mark.parametrize("first", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc"], ids=["before", "within"])
def test_an_interrupt_ends_the_wait_and_closes_the_connection(
    tls: ssl.SSLContext, world: World, tmp_path: pathlib.Path, first: bytes
) -> None:
    closed = threading.Event()

    def answer(seen: Seen, connection: Any) -> None:
        if first:
            connection.sendall(first)
        with contextlib.suppress(OSError):
            connection.recv(1)
        closed.set()

    (tmp_path / "ca.pem").write_bytes(world.ca.pem)
    with Server(answer, tls) as server:
        path = config(tmp_path, server.url, **{"certificate-authority": str(tmp_path / "ca.pem")})
        child = subprocess.Popen(
            [sys.executable, "-c", textwrap.dedent(INTERRUPTED), path],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        with child:
            assert child.stdin and child.stdout
            assert server.asked.wait(30)
            time.sleep(0.2)
            started = time.monotonic()
            child.send_signal(signal.SIGINT)
            assert child.stdout.readline() == "interrupted\n"
            assert closed.wait(10) and time.monotonic() - started < 15  # the server itself gives up after 20
            child.stdin.close()
            assert child.wait(10) == 0


# --- what breaks -----------------------------------------------------------------------------------------------------


def test_a_truncated_body_says_how_much_came(tls: ssl.SSLContext, connect: Any) -> None:
    def answer(seen: Seen, connection: Any) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 4096\r\n\r\n" + b"x" * 1024)

    with Server(answer, tls) as server, pytest.raises(Unreachable, match="middle of the answer") as caught:
        fetched(connect(server))
    assert "announced 4 KiB" in str(caught.value) and "read 1 KiB" in str(caught.value)


def test_chunks_that_break_off_are_an_error(tls: ssl.SSLContext, connect: Any) -> None:  # E10
    def answer(seen: Seen, connection: Any) -> None:
        connection.sendall(answered(in_chunks(b"x" * 20_000)[:15_000], "Transfer-Encoding: chunked"))

    with Server(answer, tls) as server, pytest.raises(Unreachable, match="middle of the answer"):
        fetched(connect(server))


def test_broken_compression_is_an_error(tls: ssl.SSLContext, connect: Any) -> None:
    with Server(lambda seen, _: answered(b"no gzip at all", "Content-Encoding: gzip"), tls) as server:
        with pytest.raises(Unreachable, match="Content-Encoding"):
            fetched(connect(server))


def hangs_up(times: int, *, reset: bool = False) -> Callable[[Seen, Any], bytes | None]:
    left = [times]

    def answer(seen: Seen, connection: Any) -> bytes | None:
        if left[0] <= 0:
            return answered(b"at last")
        left[0] -= 1
        if reset:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        return None

    return answer


@pytest.mark.parametrize("secure", [True, False])
@pytest.mark.parametrize("reset", [True, False])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_read_is_repeated_once_after_a_broken_connection(
    tls: ssl.SSLContext, connect: Any, method: str, reset: bool, secure: bool
) -> None:
    context = tls if secure else None
    with Server(hangs_up(1, reset=reset), context) as server:
        assert fetched(connect(server), method=method).status_code == 200
        assert len(server.seen) == 2
    with Server(hangs_up(2, reset=reset), context) as server:
        with pytest.raises(Unreachable, match="without an answer"):
            fetched(connect(server), method=method)
        assert len(server.seen) == 2


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_nothing_else_is_sent_twice(tls: ssl.SSLContext, connect: Any, method: str) -> None:
    with Server(hangs_up(1), tls) as server:
        with pytest.raises(Unreachable, match="without an answer") as caught:
            fetched(connect(server), method=method, body=b"{}")
        assert len(server.seen) == 1
    assert method in (caught.value.hint or "")


def test_a_connection_that_died_in_the_pool_is_not_noticed(tls: ssl.SSLContext, connect: Any) -> None:
    with Server(lambda seen, _: answered(), tls) as server:
        pool = connect(server)
        fetched(pool)
        for connection in list(server.connections):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        assert server.gone.wait(20)
        assert fetched(pool, method="POST", body=b"{}").status_code == 200
        assert server.accepted == 2 and len(server.seen) == 2


@contextlib.contextmanager
def refused_port() -> Iterator[int]:
    """A port where nobody listens, and that nobody else is given meanwhile."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield held.getsockname()[1]


def test_a_port_where_nobody_listens(connect: Any) -> None:
    with refused_port() as port, pytest.raises(Unreachable, match="refuses the connection") as caught:
        opened(connect(f"https://127.0.0.1:{port}"))
    assert caught.value.hint


def test_a_name_that_is_not_known(connect: Any) -> None:
    with pytest.raises(Unreachable, match="is not known here"):
        opened(connect("https://no-such-cluster.invalid:6443"))


def test_plain_where_tls_is_spoken_and_tls_where_it_is_not(tls: ssl.SSLContext, connect: Any) -> None:
    with socket.create_server(("127.0.0.1", 0)) as plain:

        def reject() -> None:
            connection, _ = plain.accept()
            with connection:
                connection.recv(1)
                connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\nthis is no TLS")

        threading.Thread(target=reject, daemon=True).start()
        with pytest.raises(Unreachable, match="does not speak TLS"):
            opened(connect(f"https://127.0.0.1:{plain.getsockname()[1]}"))

    def answer(seen: Seen, connection: Any) -> None:
        connection.sendall(b"\x15\x03\x01\x00\x02\x02\x16\r\n\r\n")

    with Server(answer) as odd, pytest.raises(Unreachable, match="does not speak HTTP"):
        opened(connect(odd))


def test_no_message_tells_the_token(tls: ssl.SSLContext, connect: Any) -> None:
    with Server(hangs_up(9), tls) as server, pytest.raises(Unreachable) as caught:
        fetched(connect(server), PATH + "?token=abc123")
    error: BaseException | None = caught.value
    while error is not None:
        assert TOKEN not in repr(error) and TOKEN not in str(error)
        error = error.__cause__ or error.__context__
    assert TOKEN not in repr(connect("https://127.0.0.1:1"))


def test_a_closed_pool_says_so(tls: ssl.SSLContext, connect: Any) -> None:
    with Server(lambda seen, _: answered(), tls) as server:
        pool = connect(server)
        fetched(pool)
        pool.close()
        with pytest.raises(KubeAccessError, match="was closed"):
            fetched(pool)
        assert server.gone.wait(20)


# --- trust -----------------------------------------------------------------------------------------------------------


def test_an_unknown_ca_is_refused_before_anything_is_sent(tls: ssl.SSLContext, connect: Any) -> None:
    stranger = identity("somebody else's CA", ca=True)
    with Server(lambda seen, _: answered(), tls) as server:
        for cluster in ({"certificate-authority-data": data_of(stranger.pem)}, {"disable-compression": True}):
            with pytest.raises(Unreachable, match="is not trusted") as caught:
                opened(connect(server, **cluster))
            assert "certificate-authority" in (caught.value.hint or "")
            assert ("SSL_CERT_FILE" in (caught.value.hint or "")) == ("certificate-authority-data" not in cluster)
        assert not server.seen


@pytest.mark.parametrize("which", ["root", "intermediate"])
def test_a_ca_as_data_and_an_intermediate_are_trusted(
    tls: ssl.SSLContext, connect: Any, world: World, which: str
) -> None:  # G14
    trusted = world.ca if which == "root" else world.intermediate
    with Server(lambda seen, _: answered(), tls) as server:
        assert fetched(connect(server, **{"certificate-authority-data": data_of(trusted.pem)})).ok


def test_the_name_in_the_certificate_counts_or_the_one_that_is_told(connect: Any, world: World) -> None:  # G15
    authority = {"certificate-authority-data": data_of(world.ca.pem)}
    with Server(lambda seen, _: answered(), world.tls("api.example")) as server:
        with pytest.raises(Unreachable, match="is not trusted") as caught:
            opened(connect(server, **authority))
        assert "tls-server-name" in (caught.value.hint or "")
        pool = connect(server, **authority, **{"tls-server-name": "api.example"})
        assert fetched(pool).ok
        assert server.seen[0].header("Host") == [f"127.0.0.1:{server.port}"]


def test_verification_can_be_turned_off(connect: Any, world: World) -> None:
    with Server(lambda seen, _: answered(), world.tls("api.example")) as server:
        assert fetched(connect(server, **{"insecure-skip-tls-verify": True})).ok  # warnings are errors here


def test_a_ca_that_is_none_is_an_error(connect: Any, tmp_path: pathlib.Path) -> None:
    (tmp_path / "nonsense").write_text("this is no certificate")
    with pytest.raises(ConfigError, match="certificate-authority"):
        opened(connect("https://127.0.0.1:1", **{"certificate-authority": str(tmp_path / "nonsense")}))


def test_a_client_certificate_signs_in(
    connect: Any, world: World, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    jane = identity("jane", world.ca)
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setenv("TMPDIR", str(temporary))
    user = {"client-certificate-data": data_of(jane.pem), "client-key-data": data_of(jane.key_pem)}
    authority = {"certificate-authority-data": data_of(world.ca.pem)}
    with Server(lambda seen, _: answered(), world.tls(clients=True)) as server:
        pool = connect(server, user, **authority)
        assert fetched(pool).ok and fetched(pool).ok
        assert "jane" in str(server.seen[0].certificate["subject"]) and server.accepted == 1
        assert not list(temporary.iterdir())  # the key stood on disk for a moment only
        with pytest.raises(Unreachable):
            opened(connect(server, None, **authority))


def test_a_renewed_client_certificate_is_used(connect: Any, world: World, tmp_path: pathlib.Path) -> None:
    paths = {"client-certificate": tmp_path / "c.pem", "client-key": tmp_path / "k.pem"}

    def write(who: Identity) -> None:
        paths["client-certificate"].write_bytes(who.pem)
        paths["client-key"].write_bytes(who.key_pem)

    write(identity("jane", world.ca))
    with Server(lambda seen, _: answered(), world.tls(clients=True)) as server:
        pool = connect(
            server,
            {name: str(path) for name, path in paths.items()},
            **{"certificate-authority-data": data_of(world.ca.pem)},
        )
        fetched(pool)
        write(identity("jane the second", world.ca))
        fetched(pool)
        assert ["second" in str(seen.certificate["subject"]) for seen in server.seen] == [False, True]


# --- proxies ---------------------------------------------------------------------------------------------------------


def relay(source: socket.socket, sink: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            sink.sendall(data)
    with contextlib.suppress(OSError):
        sink.shutdown(socket.SHUT_WR)


def tunnelling(seen: Seen, connection: Any) -> None:
    host, _, port = seen.path.rpartition(":")
    with socket.create_connection((host, int(port))) as onward:
        connection.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
        back = threading.Thread(target=relay, args=(onward, connection), daemon=True)
        back.start()
        relay(connection, onward)
        back.join(5)


def test_a_proxy_of_the_kubeconfig_is_used_with_its_login(tls: ssl.SSLContext, connect: Any, world: World) -> None:
    authority = {"certificate-authority-data": data_of(world.ca.pem)}
    with Server(lambda seen, _: answered(b"through"), tls) as server, Server(tunnelling) as proxy:
        url = f"http://jane:p%40ss@127.0.0.1:{proxy.port}"
        pool = connect(server, **authority, **{"proxy-url": url})
        assert fetched(pool).text == "through" and fetched(pool).text == "through"
        assert proxy.accepted == server.accepted == 1
        assert proxy.seen[0].method == "CONNECT" and proxy.seen[0].header("Proxy-Authorization") == [
            "Basic amFuZTpwQHNz"
        ]
        assert TOKEN not in str(proxy.seen)
        assert server.seen[0].header("Authorization") and not server.seen[0].header("Proxy-Authorization")


def test_a_proxy_forwards_plain_http(connect: Any) -> None:  # G16
    with Server(lambda seen, _: answered(seen.path.encode())) as proxy:
        pool = connect("http://cluster.example:8001/base", **{"proxy-url": f"http://127.0.0.1:{proxy.port}"})
        assert fetched(pool).text == "http://cluster.example:8001/base" + PATH
        assert TOKEN not in str(proxy.seen)


def test_a_proxy_that_is_not_there(connect: Any, world: World) -> None:
    authority = {"certificate-authority-data": data_of(world.ca.pem)}
    with refused_port() as port, pytest.raises(Unreachable, match="proxy") as caught:
        opened(connect("https://127.0.0.1:1", **authority, **{"proxy-url": f"http://u:p4ss@127.0.0.1:{port}"}))
    assert "p4ss" not in str(caught.value)


# --- signing in again ------------------------------------------------------------------------------------------------

UNAUTHORIZED = answered(
    json.dumps(
        {
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": {},
            "status": "Failure",
            "message": "Unauthorized",
            "reason": "Unauthorized",
            "code": 401,
        }
    ).encode(),
    "Content-Type: application/json",
    status="401 Unauthorized",
)


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
def test_after_a_401_a_read_is_repeated_with_a_new_token(
    tls: ssl.SSLContext, connect: Any, tmp_path: pathlib.Path, method: str
) -> None:
    # An exec plugin whose first token is refused: every run gives another one.
    plugin = tmp_path / "plugin"
    plugin.write_text(
        "#!/bin/sh\n"
        f'echo x >> {tmp_path}/runs\nn=$(wc -l < {tmp_path}/runs | tr -d " ")\n'
        'echo "{\\"kind\\":\\"ExecCredential\\",\\"apiVersion\\":\\"client.authentication.k8s.io/v1\\",'
        '\\"status\\":{\\"token\\":\\"token-$n\\"}}"\n'
    )
    plugin.chmod(0o755)
    user = {
        "exec": {
            "apiVersion": "client.authentication.k8s.io/v1",
            "command": str(plugin),
            "interactiveMode": "Never",
        }
    }

    def answer(seen: Seen, _: Any) -> bytes:
        if seen.header("Authorization") == ["Bearer token-1"]:
            return UNAUTHORIZED.partition(b"{")[0] if seen.method == "HEAD" else UNAUTHORIZED
        return answered(b"" if seen.method == "HEAD" else b"in")

    with Server(answer, tls) as server:
        pool = connect(server, user)
        first = fetched(pool, method=method)
        if method == "POST":  # never twice; the next one has the new token
            assert first.status_code == 401 and first.json()["reason"] == "Unauthorized" and len(server.seen) == 1
            assert fetched(pool, method=method).text == "in"
        else:
            assert first.status_code == 200
        assert [seen.header("Authorization") for seen in server.seen] == [["Bearer token-1"], ["Bearer token-2"]]
        assert server.accepted == 1


def test_a_401_that_stays_is_given_whole(tls: ssl.SSLContext, connect: Any) -> None:
    with Server(lambda seen, _: UNAUTHORIZED, tls) as server:
        reply = fetched(connect(server))
        assert reply.status_code == 401 and reply.json()["message"] == "Unauthorized" and len(server.seen) == 1


def test_a_401_of_an_app_passes(tls: ssl.SSLContext, connect: Any) -> None:
    with Server(lambda seen, _: answered(b"log in", status="401 Unauthorized"), tls) as server:
        assert fetched(connect(server)).text == "log in" and len(server.seen) == 1


# --- the API server itself -------------------------------------------------------------------------------------------


def test_a_call_asks_for_json_and_sends_json(tls: ssl.SSLContext, connect: Any) -> None:
    with Server(lambda seen, _: answered(b'{"kind": "ServiceList"}', "Content-Type: application/json"), tls) as server:
        pool = connect(server)
        reply = KubernetesApi(pool).call("GET", "/api/v1/services?limit=500", call=Call(LIMITS))
        assert reply.json() == {"kind": "ServiceList"} and reply.way == "api"
        KubernetesApi(pool).call(
            "POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", b"{}", call=Call(LIMITS)
        )
        KubernetesApi(pool).call("GET", "/openapi/v3", call=Call(LIMITS), accept="application/yaml")
    assert server.seen[0].header("Accept") == ["application/json"] and server.seen[0].path.endswith("?limit=500")
    assert (server.seen[1].method, server.seen[1].body) == ("POST", b"{}")
    assert server.seen[1].header("Content-Type") == ["application/json"]
    assert server.seen[2].header("Accept") == ["application/yaml"]


def busy(times: int, after: str = "0") -> Callable[[Seen, Any], bytes]:
    left = [times]

    def answer(seen: Seen, _: Any) -> bytes:
        left[0] -= 1
        return answered() if left[0] < 0 else answered(b"Too many requests", f"Retry-After: {after}", status="429 Busy")

    return answer


@pytest.mark.parametrize(("times", "status", "asked"), [(2, 200, 3), (3, 200, 4), (4, 429, 4)])
def test_a_busy_api_server_is_asked_again_three_times(
    tls: ssl.SSLContext, connect: Any, times: int, status: int, asked: int
) -> None:  # F11
    lines: list[str] = []
    with Server(busy(times), tls) as server:
        reply = KubernetesApi(connect(server)).call("GET", "/api/v1/services", call=Call(LIMITS, say=lines.append))
        assert reply.status_code == status and len(server.seen) == asked and len(lines) == asked - 1


def test_a_busy_api_server_is_not_waited_for_beyond_the_limit(tls: ssl.SSLContext, connect: Any) -> None:
    with Server(busy(9, after="3600"), tls) as server:
        assert KubernetesApi(connect(server)).call("GET", "/api/v1/services", call=Call(LIMITS)).status_code == 429
        assert len(server.seen) == 1
    with Server(busy(9, after="18"), tls) as server:
        call = Call(LIMITS)
        threading.Timer(0.3, call.stop).start()
        started = time.monotonic()
        with pytest.raises(KubeAccessError, match="stopped"):
            KubernetesApi(connect(server)).call("GET", "/api/v1/services", call=call)
        assert time.monotonic() - started < 15


@pytest.mark.parametrize(
    ("after", "said", "asked"),
    [
        ("Wed, 21 Oct 2015 07:28:00 GMT", "again in 0 s", 4),  # it is past: at once
        ("Wed, 21 Oct 2015 07:28:01 GMT\r\nDate: Wed, 21 Oct 2015 07:28:00 GMT", "again in 1 s", 4),  # by its own clock
        ("Fri, 31 Dec 9999 23:59:59 GMT", "", 1),
        ("Wed, 99 Oct 2015 07:28:00 GMT", "", 1),
        ("Wed, 21 Oct 2015 07:28:00", "", 1),
        ("9" * 400, "", 1),
        ("-1", "", 1),
        ("1.5", "", 1),
        ("1e3", "", 1),
        (b"\xd9\xa1".decode("latin-1"), "", 1),
        ("soon", "", 1),
        ("", "", 1),
    ],
)
def test_when_a_busy_api_server_is_asked_again(connect: Any, after: str, said: str, asked: int) -> None:
    lines: list[str] = []
    with Server(busy(9, after)) as server:
        limits = Limits(5, 5, 10, 1000)
        reply = KubernetesApi(connect(server)).call("GET", "/api/v1/services", call=Call(limits, say=lines.append))
        assert reply.status_code == 429 and len(server.seen) == asked
    assert all(said in line for line in lines) and len(lines) == asked - 1


def test_what_people_ask_of_a_busy_api_server_itself_is_asked_again(connect: Any) -> None:
    request = Request.build("GET", Target(kind="api"), "/apis/apps/v1/deployments")
    with Server(busy(2)) as server:
        way = ApiServer(KubernetesApi(connect(server)))
        assert way.open(request, Call(LIMITS)).read(Call(LIMITS)).ok and len(server.seen) == 3
    with Server(busy(9)) as server:  # a review, too
        KubernetesApi(connect(server)).call("POST", "/apis/x", b"{}", call=Call(LIMITS))
        assert [seen.method for seen in server.seen] == ["POST"] * 4


def test_a_busy_app_is_not_asked_again(tls: ssl.SSLContext, connect: Any) -> None:
    with Server(busy(1), tls) as server:
        assert fetched(connect(server)).status_code == 429 and len(server.seen) == 1  # T13


# --- connecting ------------------------------------------------------------------------------------------------------


def test_each_address_of_a_name_is_tried(tls: ssl.SSLContext, connect: Any, world: World) -> None:
    authority = {"certificate-authority-data": data_of(world.ca.pem)}
    with Server(lambda seen, _: answered(), tls) as server:  # on 127.0.0.1 alone; the name may mean ::1 first
        assert fetched(connect(f"https://localhost:{server.port}", **authority)).ok


@pytest.mark.parametrize("host", ["x" * 64, "a..b", "no-such-cluster.invalid"])
def test_a_name_that_cannot_be_looked_up(connect: Any, host: str) -> None:
    with pytest.raises(Unreachable, match="is not known here"):
        opened(connect(f"https://{host}:6443"))


def test_a_url_that_is_not_legal_is_not_sent(connect: Any) -> None:
    with Server(lambda seen, _: answered()) as server:
        for path in ("/a b", "/a\r\nX: y", "/\x00", "/é"):
            with pytest.raises(TargetError, match="not legal in HTTP"):
                opened(connect(server), path)
        assert not server.seen


# --- http where TLS is spoken (E9) -----------------------------------------------------------------------------------

WANTS_TLS = "Client sent an HTTP request to an HTTPS server."
SERVICE = {
    "metadata": {"name": "web", "namespace": "shop"},
    "spec": {"ports": [{"port": 80}, {"port": 81, "name": "a"}]},
}


def speaks_tls(seen: Seen, _: Any) -> bytes:
    if "/proxy" not in seen.path:
        return answered(json.dumps(SERVICE).encode(), "Content-Type: application/json")
    if "/https:" in seen.path:
        return answered(b'[{"n": 1}]', "Content-Type: application/json")
    return answered(f"{WANTS_TLS}\n".encode(), "Content-Type: text/plain", status="400 Bad Request")


def asked_of(server: Server) -> list[str]:
    return [f"{seen.method} {seen.path.partition('services/')[2]}" for seen in server.seen if "/proxy" in seen.path]


def test_a_get_whose_scheme_was_not_typed_is_asked_by_tls(tmp_path: pathlib.Path) -> None:
    with Server(speaks_tls) as server, Cluster(kubeconfig=config(tmp_path, server.url)) as cluster:
        reply = cluster.get("shop/web:81", "x?a=1")
        assert reply.json() == [{"n": 1}] and str(reply.request.target) == "shop/https:web:81"
        assert asked_of(server) == ["GET web:81/proxy/x?a=1", "GET https:web:81/proxy/x?a=1"]


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_nothing_but_a_get_is(tmp_path: pathlib.Path, method: str) -> None:
    with Server(speaks_tls) as server, Cluster(kubeconfig=config(tmp_path, server.url)) as cluster:
        with pytest.raises(Unreachable, match="speaks TLS") as caught:
            cluster.request(method, "shop/web:81", "x")
        assert caught.value.hint == "type shop/https:web:81" and len(asked_of(server)) == 1


def test_a_scheme_that_was_typed_stays(tmp_path: pathlib.Path) -> None:
    with Server(speaks_tls) as server, Cluster(kubeconfig=config(tmp_path, server.url)) as cluster:
        with pytest.raises(Unreachable, match="speaks TLS"):
            cluster.get("shop/http:web:81", "x")
        assert len(asked_of(server)) <= 2 and not any("https:" in one for one in asked_of(server))


def test_an_app_that_only_says_so_is_asked_once_more_and_believed_then(tmp_path: pathlib.Path) -> None:
    def answer(seen: Seen, _: Any) -> bytes:
        data = speaks_tls(Seen(seen.method, seen.path.replace("https:", ""), *seen[2:]), _)
        return data

    with Server(answer) as server, Cluster(kubeconfig=config(tmp_path, server.url)) as cluster:
        assert cluster.get("shop/web:81", "x").text == f"{WANTS_TLS}\n"
        assert len(asked_of(server)) == 2


# --- the official client ---------------------------------------------------------------------------------------------

SERVICES = answered(
    json.dumps(
        {
            "kind": "ServiceList",
            "apiVersion": "v1",
            "metadata": {"resourceVersion": "1"},
            "items": [{"metadata": {"name": "web", "namespace": "shop"}, "spec": {"ports": [{"port": 80}]}}],
        }
    ).encode(),
    "Content-Type: application/json",
)


def test_the_official_client_works_over_our_pool(tls: ssl.SSLContext, connect: Any) -> None:
    from kubernetes import client

    with Server(lambda seen, _: SERVICES if "/services" in seen.path else answered(), tls) as server:
        pool = connect(server)
        fetched(pool)
        api = client.CoreV1Api(pool.api_client)
        for _ in range(2):
            assert api.list_namespaced_service("shop", limit=5).items[0].metadata.name == "web"
        body = client.V1Namespace(metadata=client.V1ObjectMeta(name="new"))
        api.create_namespace(body)
        fetched(pool)
        assert pool.api_client is pool.api_client
        assert server.accepted == 1  # one pool for both
    assert server.seen[1].path == "/api/v1/namespaces/shop/services?limit=5"
    assert json.loads(server.seen[3].body)["metadata"]["name"] == "new"
    for seen in server.seen:
        assert seen.header("Authorization") == [f"Bearer {TOKEN}"]
        assert seen.header("User-Agent")[0].startswith("kubeaccess-magic/")


def test_the_official_client_keeps_the_base_path_and_reads_a_token_anew(
    tls: ssl.SSLContext, connect: Any, world: World, tmp_path: pathlib.Path
) -> None:
    from kubernetes import client

    token = tmp_path / "token"
    token.write_text("first\n")
    with Server(lambda seen, _: SERVICES, tls) as server:
        authority = {"certificate-authority-data": data_of(world.ca.pem)}
        pool = connect(server.url + "/k8s/clusters/c1", {"tokenFile": str(token)}, **authority)
        api = client.CoreV1Api(pool.api_client)
        api.list_namespaced_service("shop")
        token.write_text("the second\n")
        api.list_namespaced_service("shop")
    assert server.seen[0].path == "/k8s/clusters/c1/api/v1/namespaces/shop/services"
    assert [seen.header("Authorization") for seen in server.seen] == [["Bearer first"], ["Bearer the second"]]


def test_the_official_client_goes_nowhere_else(tls: ssl.SSLContext, connect: Any) -> None:
    from kubernetes import client
    from kubernetes.client.exceptions import ApiException

    with Server(lambda seen, _: answered(), tls) as other:
        redirect = answered(b"", f"Location: {other.url}/x", status="307 Temporary Redirect")
        with Server(lambda seen, _: redirect, tls) as server:
            made = connect(server).api_client
            with pytest.raises(ApiException):
                client.CoreV1Api(made).list_namespaced_service("shop")
            manager = made.rest_client.pool_manager
            for url in (f"{other.url}/api", f"http://127.0.0.1:{server.port}/api", "https://example.com/"):
                with pytest.raises(TargetError, match="nobody else"):
                    manager.request("GET", url)
            assert len(server.seen) == 1
        assert not other.accepted


def test_the_official_client_over_plain_http_is_not_signed(connect: Any) -> None:
    from kubernetes import client

    with Server(lambda seen, _: SERVICES) as server:
        client.CoreV1Api(connect(server).api_client).list_namespaced_service("shop")
    assert TOKEN not in str(server.seen)


def configured(server: Server, ca_file: pathlib.Path, token: str) -> Any:
    """A client as people configure it; the key's name changed in version 36 and both work since (P12)."""
    from kubernetes import client

    configuration = client.Configuration()
    configuration.host = server.url
    configuration.ssl_ca_cert = str(ca_file)
    configuration.api_key = {"authorization": f"Bearer {token}"}
    return client.ApiClient(configuration)


def test_a_configured_official_client_is_used(tls: ssl.SSLContext, world: World, tmp_path: pathlib.Path) -> None:
    from kubernetes import client

    ca_file = tmp_path / "ca.pem"
    ca_file.write_bytes(world.ca.pem)
    with Server(lambda seen, _: SERVICES, tls) as server:
        theirs = configured(server, ca_file, "theirs")
        theirs.set_default_header("Impersonate-User", "jane")
        pool = Pool.for_api_client(theirs)
        assert pool.upstream.url == server.url and pool.api_client is theirs
        for _ in range(3):
            assert fetched(pool).ok
        assert server.accepted == 1
        theirs.configuration.refresh_api_key_hook = lambda configuration: configuration.api_key.update(
            {"authorization": "Bearer renewed"}
        )
        fetched(pool)
        assert client.CoreV1Api(theirs).list_namespaced_service("shop").items
        with pytest.raises(TimedOut, match="took longer"):
            server.answer = dripping(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
            fetched(pool, call=Call(Limits(5, 5, 0.5, 2**20)))
        pool.close()
        theirs.rest_client.pool_manager.clear()
    assert server.seen[0].header("Authorization") == ["Bearer theirs"]
    assert server.seen[0].header("Impersonate-User") == ["jane"]
    assert server.seen[0].header("User-Agent")[0].startswith("kubeaccess-magic/")
    assert server.seen[3].header("Authorization") == ["Bearer renewed"]


def test_a_configured_client_over_plain_http_is_stripped(tmp_path: pathlib.Path) -> None:
    with Server(lambda seen, _: answered()) as server:
        theirs = configured(server, tmp_path / "none", TOKEN)
        theirs.set_default_header("Authorization", f"Bearer {TOKEN}")
        assert fetched(Pool.for_api_client(theirs)).ok
        theirs.rest_client.pool_manager.clear()
    assert TOKEN not in str(server.seen)


def test_something_else_than_a_client_is_refused() -> None:
    with pytest.raises(ConfigError, match="ApiClient"):
        Pool.for_api_client(object())
