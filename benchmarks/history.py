"""1.1 million samples of a real Prometheus through a real kube-apiserver to a DataFrame, beside what people use.

``KUBEBUILDER_ASSETS=… python benchmarks/history.py`` starts etcd, kube-apiserver and a Prometheus with a day of history
in a network namespace, as the tests do, and prints a Markdown table. Each measurement is a fresh process: imports, one
small question, then the one that counts. Medians; the peak is what the process held at most beyond what it held before.
"""

from __future__ import annotations

import contextlib
import json
import os
import pathlib
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from typing import Any

ROOT = pathlib.Path(__file__).resolve().parents[1]
ROUNDS = 7
SERIES, DAY_S, STEP_S = 192, 86_400, 15
HOST_PORT = 9091
PROXY = f"/api/v1/namespaces/monitoring/pods/prometheus-0:{HOST_PORT}/proxy"
CLIENTS = {
    "requests + json + MetricRangeDataFrame": "api_client",
    "requests + json + prometheus_pandas, wide": "pandas_wide",
    "ours, labels as categories": "categories",
    "ours, labels as text": "text",
    "ours, wide": "wide",
}


def openmetrics(end: int) -> Iterator[str]:
    """A day of 192 series."""
    numbers = random.Random(3)
    yield "# TYPE node_load1 gauge\n"
    for i in range(SERIES):
        labels = f'instance="10.0.0.{i}:9100",job="node",namespace="ns-{i % 20}",pod="app-{i}"'
        for second in range(end - DAY_S, end, STEP_S):
            yield f"node_load1{{{labels}}} {numbers.random() * 100!r} {second}\n"
    yield "# EOF\n"


@contextlib.contextmanager
def history(folder: pathlib.Path, end: int) -> Iterator[None]:
    """A Prometheus with that day, at the address of the pod prometheus-0."""
    from tests.real import control_plane

    with (folder / "day.txt").open("w") as file:
        file.writelines(openmetrics(end))
    blocks = ["promtool", "tsdb", "create-blocks-from", "openmetrics", str(folder / "day.txt"), str(folder / "data")]
    subprocess.run(blocks, check=True, capture_output=True, timeout=300)
    (folder / "prometheus.yml").write_text("{}")
    command = [
        "prometheus",
        f"--config.file={folder}/prometheus.yml",
        f"--web.listen-address={control_plane.PROMETHEUS}:{HOST_PORT}",
        f"--storage.tsdb.path={folder}/data",
        "--storage.tsdb.retention.time=30d",
    ]
    with control_plane.program(command, (control_plane.PROMETHEUS, HOST_PORT), folder):
        yield


def call(client: str, told: dict[str, Any], seconds: int) -> Callable[[], Any]:
    """What is timed: the question for so many of the last seconds of the day."""
    span = {"query": "node_load1", "start": told["end"] - seconds, "end": told["end"] - 1, "step": STEP_S}
    if client in ("categories", "text", "wide"):
        from kubeaccess_magic import Cluster

        cluster = Cluster(kubeconfig=told["kubeconfig"])
        options = {"text": {}, "categories": {"categories": True}, "wide": {"wide": True}}[client]
        target = f"pod/monitoring/prometheus-0:{HOST_PORT}"
        return lambda: cluster.frame(target, "api/v1/query_range", params=span, **options)
    import requests

    session = requests.Session()
    session.headers["Authorization"] = f"Bearer {told['token']}"
    url = f"{told['server']}{PROXY}/api/v1/query_range"

    def result() -> Any:
        return session.get(url, params=span, verify=told["ca_file"], timeout=60).json()["data"]

    if client == "api_client":
        from prometheus_api_client import MetricRangeDataFrame

        return lambda: MetricRangeDataFrame(result()["result"])
    from prometheus_pandas.query import to_pandas

    return lambda: to_pandas(result())


def one(client: str, told: dict[str, Any]) -> dict[str, Any]:
    """In a process of its own: one question, its time and its peak."""
    call(client, told, 300)()
    timed = call(client, told, DAY_S)
    pathlib.Path("/proc/self/clear_refs").write_text("5")  # the peak begins anew
    before = _status_mib("VmRSS")
    start, cpu_start = time.perf_counter(), time.process_time()
    frame = timed()
    seconds, cpu_seconds = time.perf_counter() - start, time.process_time() - cpu_start
    peak = _status_mib("VmHWM") - before
    numbers = frame.select_dtypes("number")
    return {
        "seconds": seconds,
        "cpu": cpu_seconds,
        "peak": peak,
        "samples": numbers.size,
        "sum": float(numbers.sum().sum()),
    }


def _status_mib(name: str) -> float:
    lines = pathlib.Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith(name + ":"))


def measure(told: dict[str, Any], rounds: int) -> str:
    found: dict[str, list[dict[str, Any]]] = {name: [] for name in CLIENTS}
    for _ in range(rounds):
        for name, client in CLIENTS.items():
            command = [sys.executable, __file__, "--one", client]
            # The token goes by stdin: a command line is for everybody to see.
            done = subprocess.run(command, input=json.dumps(told), capture_output=True, text=True, timeout=300)
            if done.returncode:
                sys.exit(f"{name}: {done.stderr[-3000:]}")
            found[name].append(json.loads(done.stdout))
    assert {one["samples"] for all_of_it in found.values() for one in all_of_it} == {SERIES * DAY_S // STEP_S}
    sums = [one["sum"] for all_of_it in found.values() for one in all_of_it]
    assert max(sums) - min(sums) < 1e-6 * max(sums), sums
    lines = ["| client | median | its CPU | peak | times faster |", "|---|---|---|---|---|"]
    base = None
    for name, all_of_it in found.items():
        seconds, cpu, peak = (statistics.median(one[key] for one in all_of_it) for key in ("seconds", "cpu", "peak"))
        base = seconds if base is None else base
        lines.append(f"| {name} | {seconds:.2f} s | {cpu:.2f} s | {peak:,.0f} MiB | {base / seconds:.1f} |")
    return "\n".join(lines)


def main(rounds: int) -> int:
    assets = os.environ.get("KUBEBUILDER_ASSETS")
    if not assets or not shutil.which("promtool"):
        print(
            "needs KUBEBUILDER_ASSETS, a folder with etcd and kube-apiserver, and Debian's prometheus", file=sys.stderr
        )
        return 1
    if os.environ.get("BENCH_IN_NAMESPACE") != "1":
        os.environ["BENCH_IN_NAMESPACE"] = "1"
        namespace = str(ROOT / "tests" / "real" / "namespace.py")
        os.execv(sys.executable, [sys.executable, namespace, sys.executable, __file__, *sys.argv[1:]])
    from tests.real import control_plane

    end = int(time.time()) // 3600 * 3600 - 3600
    with tempfile.TemporaryDirectory() as first, tempfile.TemporaryDirectory() as second:
        with control_plane.running(pathlib.Path(assets), None, pathlib.Path(first)) as real:
            with history(pathlib.Path(second), end):
                told = {"server": real.server, "ca_file": str(real.ca_file), "token": real.token("admin")}
                told |= {"kubeconfig": str(real.kubeconfig()), "end": end}
                print(f"kube-apiserver {real.version}, {SERIES * DAY_S // STEP_S:,} samples, {rounds} rounds\n")
                print(measure(told, rounds))
    return 0


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    if sys.argv[1:2] == ["--one"]:
        print(json.dumps(one(sys.argv[2], json.loads(sys.stdin.read()))))
        sys.exit(0)
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS))
