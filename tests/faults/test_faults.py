"""The demo cluster, and a server that is asked in plain, behind a relay that makes one fault at each byte."""

from __future__ import annotations

import gzip
import json
import re
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from own_cluster import OwnCluster, own_cluster, written_kubeconfig
from test_transport import Server, answered, in_chunks

from kubeaccess_magic import Cluster, credentials, kubeconfig
from kubeaccess_magic.call import Call, Limits
from kubeaccess_magic.discovery import Discovery
from kubeaccess_magic.discovery.api import KubernetesApi
from kubeaccess_magic.errors import KubeAccessError, TimedOut, Unreachable
from kubeaccess_magic.reply import Reply
from kubeaccess_magic.request import Request
from kubeaccess_magic.targets import Target
from kubeaccess_magic.transport import Pool
from kubeaccess_magic.ways import ApiServerProxy

from .cases import STRIDE, Counts, faults, outcome, sizes
from .relay import REQUEST, RESPONSE, Fault, Kind, Relay

BREAKS: tuple[Kind, Kind, Kind] = ("cut", "reset", "half-close")
# A GET is not sent again once an answer has begun, or where the server itself ended the handshake.
BEYOND_REPEATING = re.compile("in the middle of the answer|no TLS connection")
SERVICE = "own/http:echo:80"  # as it is sent: nothing is read first


# --- the demo cluster, over TLS ---------------------------------------------------------------------------------------


class Behind(NamedTuple):
    own: OwnCluster
    relay: Relay
    kubeconfig: Path
    wanted: bytes  # what the app says

    def cluster(self) -> Cluster:
        return Cluster(kubeconfig=self.kubeconfig)

    def ask(self, method: str) -> Callable[[str, float], Reply]:
        """A question over a connection of its own."""

        def ask(name: str, limit_s: float) -> Reply:
            with self.cluster() as cluster:
                body = {"data": b"x"} if method == "POST" else {}
                return cluster.request(method, SERVICE, f"/rows?case={name}", timeout_s=limit_s, **body)

        return ask

    def arrived(self, name: str) -> int:
        return sum(1 for asked in self.own.seen if asked["path"] == f"/rows?case={name}")


@pytest.fixture(scope="module")
def behind(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Behind]:
    folder = tmp_path_factory.mktemp("faults")
    with own_cluster(folder, {"me": "a-token"}) as own, Relay(int(own.server.rpartition(":")[2])) as relay:
        told = json.loads(Path(own.kubeconfig).read_text())
        for entry in told["clusters"]:
            entry["cluster"]["server"] = f"https://127.0.0.1:{relay.port}"
        (folder / "behind").write_text(json.dumps(told))
        with Cluster(kubeconfig=own.kubeconfig) as direct:
            wanted = direct.get(SERVICE, "/rows").content
        yield Behind(own, relay, folder / "behind", wanted)


@pytest.mark.parametrize("kind", [*BREAKS, "stall"])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_every_byte_of_an_exchange(behind: Behind, kind: Kind, method: str) -> None:
    ask, counts = behind.ask(method), Counts()
    stride = STRIDE * (5 if kind == "stall" else 1)
    for fault in faults(kind, sizes(behind.relay, ask), stride):
        name = f"{method}-{kind}-{fault.direction}-{fault.after_bytes}"
        ended, _ = outcome(behind.relay, fault, ask, name, behind.wanted)
        assert behind.arrived(name) <= (2 if method == "GET" and kind != "stall" else 1), fault
        counts.add(kind, fault.direction, method, ended)
    print(counts)
    assert len({ended for *_, ended in counts.seen}) > 1  # some were hit, and some after the end


@pytest.mark.parametrize("kind", BREAKS)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_connection_that_breaks_once(behind: Behind, kind: Kind, method: str) -> None:
    # A GET gets its answer by a second connection; a POST is never sent again, also where it did not arrive.
    ask, counts = behind.ask(method), Counts()
    for fault in faults(kind, sizes(behind.relay, ask), STRIDE, times=1):
        name = f"once-{method}-{kind}-{fault.direction}-{fault.after_bytes}"
        ended, said = outcome(behind.relay, fault, ask, name, behind.wanted)
        assert behind.arrived(name) <= (2 if method == "GET" else 1), fault
        assert method == "POST" or ended == "answer" or BEYOND_REPEATING.search(said), (fault, said)
        counts.add(f"{kind} once", fault.direction, method, ended)
    print(counts)


@pytest.mark.parametrize("kind", BREAKS)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_the_second_exchange_over_a_connection(behind: Behind, kind: Kind, method: str) -> None:
    counts, body = Counts(), {"data": b"x"} if method == "POST" else {}
    behind.relay.arm(None)
    with behind.cluster() as cluster:

        def ask(name: str, limit_s: float) -> Reply:
            return cluster.request(method, SERVICE, f"/rows?case={name}", timeout_s=limit_s, **body)

        ask("first", 20)
        size = sizes(behind.relay, ask)
        for fault in faults(kind, size, max(1, STRIDE // 3), times=1):
            behind.relay.arm(None)
            cluster.get(SERVICE, "/rows")  # so that there is a connection that was used
            name = f"again-{method}-{kind}-{fault.direction}-{fault.after_bytes}"
            ended, said = outcome(behind.relay, fault, ask, name, behind.wanted)
            assert behind.arrived(name) <= (2 if method == "GET" else 1), fault
            assert method == "POST" or ended == "answer" or BEYOND_REPEATING.search(said), (fault, said)
            counts.add(f"{kind} of a used connection", fault.direction, method, ended)
    print(counts)


@pytest.mark.parametrize("direction", [REQUEST, RESPONSE])
def test_slow_bytes_are_waited_for_within_the_limit(behind: Behind, direction: str) -> None:
    ask = behind.ask("GET")
    at = sizes(behind.relay, ask)[direction] - 60
    assert outcome(behind.relay, Fault("drip", direction, at, 0.001), ask, "drip", behind.wanted)[0] == "answer"
    with pytest.raises(TimedOut, match=r"took longer than 1\.5 s"):  # a busy machine needs some of it to connect
        behind.relay.arm(Fault("drip", direction, at, 0.1))
        ask("drip", 1.5)


def test_nothing_is_left_of_them(behind: Behind) -> None:
    assert not [thread.name for thread in threading.enumerate() if thread.name == "kproxy-connect"]


# --- in plain, where every byte is seen by itself ---------------------------------------------------------------------

BODY = json.dumps([{"name": "web", "n": n} for n in range(6)]).encode()
FRAMED = {
    "length": answered(BODY, "Content-Type: application/json"),
    "chunks": answered(in_chunks(BODY, 50), "Transfer-Encoding: chunked", "Content-Type: application/json"),
    "leading zeros": answered(
        b"".join(b"%06x\r\n%b\r\n" % (len(piece), piece) for piece in (BODY[:70], BODY[70:])) + b"000000\r\n\r\n",
        "Transfer-Encoding: chunked",
    ),
    "zipped": answered(gzip.compress(BODY, mtime=0), "Content-Encoding: gzip"),
    "zipped chunks": answered(
        in_chunks(gzip.compress(BODY, mtime=0), 20), "Content-Encoding: gzip", "Transfer-Encoding: chunked"
    ),
    "hints before": b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" + answered(BODY),
}


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("framed", FRAMED)
def test_every_byte_of_an_answer_in_plain(tmp_path: Path, framed: str, method: str) -> None:
    counts = Counts()
    target, body = Target.parse("shop/web").target, b"{}" if method == "POST" else b""
    with Server(lambda seen, _: FRAMED[framed]) as server, Relay(server.port) as relay:
        context = kubeconfig.choose(kubeconfig=str(written_kubeconfig(tmp_path, f"http://127.0.0.1:{relay.port}", {})))

        def ask(name: str, limit_s: float) -> Reply:
            request = Request.build(method, target, "x", headers=[("X-Case", f"{name}.")], body=body or None)
            pool = Pool.for_context(context, credentials.for_context(context))
            call = Call(Limits(connect_s=5, total_s=limit_s))
            try:
                discovery = Discovery(KubernetesApi(pool), "default")
                return ApiServerProxy(pool, discovery).open(request, call).read(call)
            finally:
                pool.close()

        size = sizes(relay, ask)
        kinds: tuple[Kind, ...] = (*BREAKS, "stall") if framed in ("length", "chunks") else BREAKS
        for kind in kinds:
            for fault in faults(kind, size, STRIDE * 5 if kind == "stall" else max(1, STRIDE // 5)):
                name = f"{kind}-{fault.direction}-{fault.after_bytes}"
                ended, _ = outcome(relay, fault, ask, name, BODY)
                whole = [one for one in server.seen if one.header("X-Case") == [f"{name}."] and one.body == body]
                assert len(whole) <= (2 if method == "GET" else 1), fault
                counts.add(kind, fault.direction, method, ended)
    print(counts)


def test_a_relay_does_what_it_says() -> None:
    def said(fault: Fault | None) -> Any:
        with Server(lambda seen, _: answered(b"whole")) as server, Relay(server.port) as relay:
            relay.arm(fault)
            import urllib3

            pool = urllib3.HTTPConnectionPool("127.0.0.1", relay.port, retries=False, timeout=1.5)
            with pool:
                try:
                    return pool.request("GET", "/").data
                except urllib3.exceptions.HTTPError as error:
                    return type(error).__name__

    assert said(None) == said(Fault("cut", RESPONSE, 1000)) == said(Fault("drip", RESPONSE, 3)) == b"whole"
    assert said(Fault("cut", RESPONSE, 0)) == said(Fault("reset", REQUEST, 5)) == "ProtocolError"
    assert said(Fault("stall", RESPONSE, 20)) == said(Fault("stall", REQUEST, 5)) == "ReadTimeoutError"


def test_an_error_says_how_far_it_came(tmp_path: Path) -> None:
    with Server(lambda seen, _: FRAMED["length"]) as server, Relay(server.port) as relay:
        file = written_kubeconfig(tmp_path, f"http://127.0.0.1:{relay.port}", {})
        with Cluster(kubeconfig=file) as cluster:
            relay.arm(Fault("cut", RESPONSE, len(FRAMED["length"]) - 10))
            with pytest.raises(Unreachable, match=rf"read {len(BODY) - 10} B, announced {len(BODY)} B"):
                cluster.get("shop/http:web:80", "/x")
            relay.arm(Fault("cut", RESPONSE, 0))
            with pytest.raises(KubeAccessError, match="without an answer") as caught:
                cluster.post("shop/http:web:80", "/x", data=b"x")
            assert "may have been carried out all the same" in (caught.value.hint or "")
