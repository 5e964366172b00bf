"""A real API server behind a relay that makes one fault at each byte: as `tests/faults`, which says what must hold."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from faults.cases import STRIDE, Ask, Counts, faults, outcome, sizes
from faults.relay import REQUEST, Fault, Kind, Relay

from kubeaccess_magic import Cluster
from kubeaccess_magic.errors import Unreachable
from kubeaccess_magic.reply import Reply

from . import world
from .control_plane import Real

SERVICE = "demo/http:web:80"  # as it is sent: nothing is read first
BEYOND_REPEATING = re.compile("in the middle of the answer|no TLS connection")


@pytest.fixture(scope="module")
def relay() -> Iterator[Relay]:
    with Relay(443, world.API_SERVER) as made:
        yield made


@pytest.fixture
def behind(real: Real, relay: Relay, tmp_path: Path) -> Path:
    told = json.loads(real.kubeconfig("editor").read_text())
    told["clusters"][0]["cluster"] |= {
        "server": f"https://127.0.0.1:{relay.port}",
        "tls-server-name": world.API_SERVER,
    }
    file = tmp_path / "kubeconfig"
    file.write_text(json.dumps(told))
    return file


def test_half_closed_within_a_body(relay: Relay, behind: Path) -> None:
    """The API server has begun to ask the app, cancels that, and answers 503 itself, "context canceled" (E8)."""
    with Cluster(kubeconfig=behind) as cluster:
        relay.arm(Fault("half-close", REQUEST, 100_000))
        with pytest.raises(Unreachable) as caught:
            cluster.request("POST", SERVICE, "/stats", data=b"x" * 1_000_000)
    assert caught.value.hint


@pytest.mark.parametrize("times", [1, 10**9])
@pytest.mark.parametrize("kind", ["cut", "reset", "half-close", "stall"])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_every_byte_of_an_exchange(real: Real, relay: Relay, behind: Path, method: str, kind: Kind, times: int) -> None:
    if kind == "stall" and times == 1:
        return  # what stalls is not asked again
    counts, body = Counts(), {"data": b"x"} if method == "POST" else {}

    def ask_for(path: str) -> Ask:
        def ask(name: str, limit_s: float) -> Reply:
            with Cluster(kubeconfig=behind) as cluster:
                return cluster.request(method, SERVICE, f"/{path}?{name}", timeout_s=limit_s, **body)

        return ask

    ask = ask_for("stats")
    with Cluster(kubeconfig=real.kubeconfig("editor")) as direct:
        wanted = direct.get(SERVICE, "/stats").content
    for fault in faults(kind, sizes(relay, ask), STRIDE * (5 if kind == "stall" else 1), times):
        name = f"{method}-{kind}-{times}-{fault.direction}-{fault.after_bytes}"
        ended, said = outcome(relay, fault, ask, name, wanted)
        arrived = sum(asked.target == f"/stats?{name}" for asked in real.seen)
        assert arrived <= (2 if method == "GET" and kind != "stall" else 1), fault
        if method == "GET" and times == 1:
            assert ended == "answer" or BEYOND_REPEATING.search(said), (fault, said)
        counts.add(kind if times > 1 else f"{kind} once", fault.direction, method, ended)
    print(counts)
