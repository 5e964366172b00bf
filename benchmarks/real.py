"""A warm small GET through a real kube-apiserver, beside ``requests``: what the client's share is where it matters.

``KUBEBUILDER_ASSETS=… python benchmarks/real.py`` starts etcd and kube-apiserver in a network namespace, as the tests
do, and prints a Markdown table. A Cluster's whole way (target, port, way, explanation) is measured as well as the bare
pool; all are interleaved in one run, medians; the answers are compared first.
"""

from __future__ import annotations

import os
import pathlib
import statistics
import sys
import tempfile
import time
from collections.abc import Callable

ROOT = pathlib.Path(__file__).resolve().parents[1]
ROUNDS = 9
REQUESTS = 200
PATH = "/api/v1/namespaces/demo/services/web/proxy/say?body=hello"


def measure(server: str, ca_file: str, token: str, kubeconfig: str) -> str:
    import requests

    from kubeaccess_magic import Cluster
    from kubeaccess_magic.call import Call
    from kubeaccess_magic.reply import Stream
    from kubeaccess_magic.request import Request
    from kubeaccess_magic.targets import Target

    session = requests.Session()
    session.headers["Authorization"] = f"Bearer {token}"
    cluster = Cluster(kubeconfig=kubeconfig)
    request = Request.build("GET", Target.parse("demo/web").target, "say?body=hello")
    pool, call = cluster._pool, Call()

    def by_requests() -> bytes:
        return session.get(server + PATH, verify=ca_file, timeout=(10, 130)).content

    def by_pool() -> bytes:
        return Stream.from_response(pool.open("GET", PATH, call=call), request, "proxy").read(call).content

    def by_cluster() -> bytes:
        return cluster.get("demo/web", "say?body=hello").content

    clients: dict[str, Callable[[], bytes]] = {
        "requests.Session": by_requests,
        "Pool.open": by_pool,
        "Cluster.get": by_cluster,
    }
    assert len({get() for get in clients.values()}) == 1
    times: dict[str, list[float]] = {name: [] for name in clients}
    cpu: dict[str, list[float]] = {name: [] for name in clients}
    for _ in range(ROUNDS):
        for name, get in clients.items():
            cpu_start = time.thread_time()
            for _ in range(REQUESTS):
                start = time.perf_counter()
                get()
                times[name].append(time.perf_counter() - start)
            cpu[name].append((time.thread_time() - cpu_start) / REQUESTS)
    lines = ["| client | median | its CPU | times faster | by CPU |", "|---|---|---|---|---|"]
    base, base_cpu = statistics.median(times["requests.Session"]), statistics.median(cpu["requests.Session"])
    for name in clients:
        spent, work = statistics.median(times[name]), statistics.median(cpu[name])
        lines.append(
            f"| {name} | {spent * 1e6:.0f} µs | {work * 1e6:.0f} µs | {base / spent:.2f} | {base_cpu / work:.2f} |"
        )
    return "\n".join(lines)


def main() -> int:
    assets = os.environ.get("KUBEBUILDER_ASSETS")
    if not assets:
        print("KUBEBUILDER_ASSETS names no folder with etcd and kube-apiserver", file=sys.stderr)
        return 1
    sys.path.insert(0, str(ROOT))
    if os.environ.get("BENCH_IN_NAMESPACE") != "1":
        os.environ["BENCH_IN_NAMESPACE"] = "1"
        namespace = str(ROOT / "tests" / "real" / "namespace.py")
        os.execv(sys.executable, [sys.executable, namespace, sys.executable, __file__])
    from tests.real import control_plane

    with tempfile.TemporaryDirectory() as folder:
        with control_plane.running(pathlib.Path(assets), None, pathlib.Path(folder)) as real:
            print(f"kube-apiserver {real.version}, {ROUNDS} rounds of {REQUESTS} requests\n")
            print(measure(real.server, str(real.ca_file), real.token("admin"), str(real.kubeconfig())))
    return 0


if __name__ == "__main__":
    sys.exit(main())
