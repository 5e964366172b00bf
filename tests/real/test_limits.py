"""Time and size: what is too large or takes too long is an error that says how far it came."""

from __future__ import annotations

import threading

import pytest

from kubeaccess_magic import Cluster
from kubeaccess_magic.call import Call
from kubeaccess_magic.errors import KubeAccessError, LimitExceeded, TimedOut, Unreachable

from .control_plane import Real

SIZE = 3_000_000


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ("", "(read 0 B, announced 2.9 MiB)"),  # known before a byte of it was read
        ("&chunked", "(read 976.6 KiB)"),
        ("&gzip", "(read 976.6 KiB)"),  # counted as decoded
    ],
)
def test_an_answer_over_the_limit(cluster: Cluster, more: str, said: str) -> None:
    with pytest.raises(LimitExceeded) as caught:
        cluster.get("web", f"/size?n={SIZE}{more}", max_bytes=1_000_000)
    assert type(caught.value) is LimitExceeded
    assert str(caught.value) == f"the answer is larger than 976.6 KiB {said}"
    assert "max_bytes=" in (caught.value.hint or "")
    assert len(cluster.get("web", f"/size?n={SIZE}{more}", max_bytes=SIZE).content) == SIZE
    assert len(cluster.get("web", f"/size?n={SIZE}{more}").content) == SIZE


def test_the_limit_of_the_cluster(real: Real) -> None:
    with Cluster(kubeconfig=real.kubeconfig(), max_bytes=100) as cluster:
        with pytest.raises(LimitExceeded):
            cluster.get("web", "/stats")
        with pytest.raises(LimitExceeded):
            cluster.frame("web", "/stats")
        assert len(cluster.frame("web", "/stats", max_bytes=10_000)) == 12


def test_an_answer_without_end(cluster: Cluster) -> None:
    with pytest.raises(LimitExceeded, match=r"larger than 976\.6 KiB"):
        cluster.get("web", "/endless", max_bytes=1_000_000)
    with pytest.raises(TimedOut, match=r"the answer took longer than 0\.3 s \(read .*iB\)"):
        cluster.get("web", "/endless", timeout_s=0.3, max_bytes=2**40)
    assert cluster.get("web", "/status/200").ok  # the connection was not used again


@pytest.mark.parametrize(("target", "path"), [("web", "/slow?s=30"), ("mute", "/")])
@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
def test_a_slow_answer(cluster: Cluster, target: str, path: str, method: str) -> None:
    with pytest.raises(TimedOut) as caught:
        cluster.request(method, target, path, timeout_s=0.4)
    assert str(caught.value) == "the answer took longer than 0.4 s (no answer so far)"
    assert "--timeout or timeout_s=" in (caught.value.hint or "")
    assert isinstance(caught.value, TimeoutError)


def test_a_slow_answer_within_the_time(real: Real, cluster: Cluster) -> None:
    assert cluster.get("web", "/slow?s=0.5", timeout_s=20).text == "at last\n"
    assert len(real.seen) == 1


def test_somebody_says_stop(cluster: Cluster) -> None:
    call = Call()
    timer = threading.Timer(0.2, call.stop)
    timer.start()
    with pytest.raises(KubeAccessError, match=r"^stopped"):
        cluster.get("web", "/slow?s=30", call=call)
    timer.join()


def test_progress_is_told(cluster: Cluster) -> None:
    told: list[tuple[int, int | None]] = []
    call = Call(progress=lambda done, announced, what: told.append((done, announced)))
    cluster.get("web", f"/size?n={SIZE}", call=call)
    assert told[-1] == (SIZE, SIZE)
    assert [done for done, _ in told] == sorted(done for done, _ in told)
    told.clear()
    cluster.get("web", f"/size?n={SIZE}&chunked", call=call)
    assert told[-1] == (SIZE, None)


def test_the_time_is_for_all_that_is_asked_meanwhile(real: Real) -> None:
    # The Service is read first: its time counts too.
    with Cluster(kubeconfig=real.kubeconfig(server=real.silent_server)) as silent:
        for ask in (lambda: silent.get("web", timeout_s=0.3), lambda: silent.frame("web", timeout_s=0.3)):
            with pytest.raises(Unreachable, match=r"did not answer within 0\.3 s"):
                ask()
