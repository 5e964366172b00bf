"""What people ask through a real kube-apiserver, to a DataFrame, beside what they use for it.

``KUBEBUILDER_ASSETS=… python -m benchmarks.backends [ROUNDS]`` starts etcd, kube-apiserver, a Prometheus with a day of
history and an app with 10,000 hits in a network namespace, as the tests do, and prints a Markdown table for each of

- 1,105,920 samples of Prometheus,
- 10,000 hits in the form of Elasticsearch,
- 600 pods of the API server itself.

Each measurement is a fresh process: imports, one small question, then the one that counts; the answers are compared.
The clock also has what the servers take, so there is a row for the bytes alone: nobody can be faster than that. The
CPU is the client's own, with its child processes; the peak is what it held at most beyond what it held before, and
what its largest child held. Over TLS to a server elsewhere all ask for gzip, but the bytes alone and where the
kubeconfig says ``disable-compression``: Prometheus takes longer to compress than a near network to carry.
"""

from __future__ import annotations

import contextlib
import http.server
import json
import os
import pathlib
import random
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from benchmarks import objects
from benchmarks.dialects import elasticsearch
from benchmarks.dialects.kubernetes import official_pages, official_rows

ROOT = pathlib.Path(__file__).resolve().parents[1]
ROUNDS = 7
SERIES, DAY_S, STEP_S = 192, 86_400, 15
HITS, FEW_HITS, PODS = 10_000, 600, 600
SAMPLES_PORT, HITS_PORT = 9091, 9092  # of the pod prometheus-0
SELECTOR = "tier=front"  # the pods that are measured; the world of the tests has some more

Told = dict[str, Any]  # where the servers are, and the token
Side = Callable[[Told, bool], Callable[[], Any]]  # the small question or the whole one → the call that is timed


# ---- the backends


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
    """A Prometheus with that day."""
    from tests.real import control_plane

    with (folder / "day.txt").open("w") as file:
        file.writelines(openmetrics(end))
    blocks = ["promtool", "tsdb", "create-blocks-from", "openmetrics", str(folder / "day.txt"), str(folder / "data")]
    subprocess.run(blocks, check=True, capture_output=True, timeout=300)
    (folder / "prometheus.yml").write_text("{}")
    command = [
        "prometheus",
        f"--config.file={folder}/prometheus.yml",
        f"--web.listen-address={control_plane.PROMETHEUS}:{SAMPLES_PORT}",
        f"--storage.tsdb.path={folder}/data",
        "--storage.tsdb.retention.time=30d",
    ]
    with control_plane.program(command, (control_plane.PROMETHEUS, SAMPLES_PORT), folder):
        yield


@contextlib.contextmanager
def logs(folder: pathlib.Path) -> Iterator[None]:
    """An app that answers a search with as many hits as `size` says, from memory."""
    from tests.real import control_plane

    command = [sys.executable, "-m", "benchmarks.backends", "--logs", control_plane.PROMETHEUS]
    address = (control_plane.PROMETHEUS, HITS_PORT)
    with control_plane.program(["env", f"PYTHONPATH={ROOT}", *command], address, folder):
        yield


def serve_logs(host: str) -> None:
    bodies = {size: elasticsearch.search(size) for size in (FEW_HITS, HITS)}

    class Answering(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            body = bodies[int(parse_qs(urlsplit(self.path).query)["size"][0])]
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    http.server.ThreadingHTTPServer((host, HITS_PORT), Answering).serve_forever()


def make_pods(real: Any) -> None:
    """The pods, with their status, in namespaces of their own."""
    for number in range(9):
        real.ask("POST", "/api/v1/namespaces", {"metadata": {"name": f"team-{number}"}})
    for number, text in enumerate(objects.pods(PODS)):
        pod = json.loads(text) | {"apiVersion": "v1", "kind": "Pod"}
        meta, spec = pod["metadata"], pod["spec"]
        for name in ("uid", "resourceVersion", "creationTimestamp", "managedFields", "ownerReferences"):
            meta.pop(name, None)
        spec.pop("serviceAccountName", None)
        address = f"10.42.{number % 60}.{number % 7 + 1}"
        pod["status"] |= {"podIP": address, "podIPs": [{"ip": address}]}
        path = f"/api/v1/namespaces/{meta['namespace']}/pods"
        made = real.ask("POST", path, pod)
        assert made.status == 201, made.data
        made = real.ask(
            "PATCH",
            f"{path}/{meta['name']}/status",
            {"status": pod["status"]},
            content_type="application/merge-patch+json",
        )
        assert made.status == 200, made.data


# ---- those who ask


def by_requests(path: Callable[[Told, bool], str], load: Callable[[], Callable[[Any], Any]]) -> Side:
    """``requests``, its own JSON, and what makes a frame of that."""

    def side(told: Told, whole: bool) -> Callable[[], Any]:
        import requests

        session, frame = requests.Session(), load()
        session.headers["Authorization"] = f"Bearer {told['token']}"
        url = told["server"] + path(told, whole)
        return lambda: frame(session.get(url, verify=told["ca_file"], timeout=60).json())

    return side


def bytes_alone(path: Callable[[Told, bool], str]) -> Side:
    """urllib3, and nothing made of it."""

    def side(told: Told, whole: bool) -> Callable[[], Any]:
        import urllib3

        pool = urllib3.PoolManager(ca_certs=told["ca_file"])
        headers = {"Authorization": f"Bearer {told['token']}", "Accept-Encoding": "identity"}
        return lambda: len(pool.request("GET", told["server"] + path(told, whole), headers=headers).data)

    return side


def ours(target: str, path: Callable[[Told, bool], str], *, compressed: bool = True, **options: Any) -> Side:
    def side(told: Told, whole: bool) -> Callable[[], Any]:
        from kubeaccess_magic import Cluster

        cluster = Cluster(kubeconfig=told["kubeconfig" if compressed else "uncompressed"])
        asked = path(told, whole).rpartition("/proxy/")[2]
        return lambda: cluster.frame(*([target, asked] if target else [asked]), **options)

    return side


def proxied(port: int, path: str) -> str:
    return f"/api/v1/namespaces/monitoring/pods/prometheus-0:{port}/proxy/{path}"


def samples(told: Told, whole: bool) -> str:
    start = told["end"] - (DAY_S if whole else 300)
    span = {"query": "node_load1", "start": start, "end": told["end"] - 1, "step": STEP_S}
    return proxied(SAMPLES_PORT, f"api/v1/query_range?{urlencode(span)}")


def hits(told: Told, whole: bool) -> str:
    return proxied(HITS_PORT, f"logs/_search?size={HITS if whole else FEW_HITS}")


def pods(told: Told, whole: bool) -> str:
    return f"/api/v1/{'' if whole else 'namespaces/team-0/'}pods?{urlencode({'labelSelector': SELECTOR})}"


def range_frame() -> Callable[[Any], Any]:
    from prometheus_api_client import MetricRangeDataFrame

    return lambda answer: MetricRangeDataFrame(answer["data"]["result"])


def pandas_wide() -> Callable[[Any], Any]:
    from prometheus_pandas.query import to_pandas

    return lambda answer: to_pandas(answer["data"])


def normalized() -> Callable[[Any], Any]:
    import pandas as pd

    return lambda answer: pd.json_normalize(answer["hits"]["hits"])


def pods_by_hand() -> Callable[[Any], Any]:
    import pandas as pd

    def row(pod: Any) -> dict[str, Any]:
        meta, spec, status = pod["metadata"], pod["spec"], pod["status"]
        statuses = status.get("containerStatuses", [])
        return {
            "namespace": meta["namespace"],
            "name": meta["name"],
            "phase": status.get("phase"),
            "ready": sum(one["ready"] for one in statuses),
            "containers": len(spec["containers"]),
            "restarts": sum(one["restartCount"] for one in statuses),
            "node": spec.get("nodeName"),
            "ip": status.get("podIP"),
            "ports": [port["containerPort"] for one in spec["containers"] for port in one.get("ports", [])],
            "created": pd.Timestamp(meta["creationTimestamp"]),
        }

    return lambda answer: pd.DataFrame([row(pod) for pod in answer["items"]])


def official_hits(told: Told, whole: bool) -> Callable[[], Any]:
    import pandas as pd

    api = official_api(told)
    size = HITS if whole else FEW_HITS

    def ask() -> Any:
        answer = api.api_client.call_api(
            "GET",
            f"{told['server']}{proxied(HITS_PORT, f'logs/_search?size={size}')}",
            header_params={"authorization": f"Bearer {told['token']}"},
        )
        return pd.json_normalize(json.loads(answer.read())["hits"]["hits"])

    return ask


def official_pods(told: Told, whole: bool) -> Callable[[], Any]:
    import functools

    import pandas as pd

    api = official_api(told)
    ask = functools.partial(
        *((api.list_pod_for_all_namespaces,) if whole else (api.list_namespaced_pod, "team-0")),
        label_selector=SELECTOR,
    )
    return lambda: pd.DataFrame(official_rows(official_pages(ask)))


def official_api(told: Told) -> Any:
    from kubernetes import client, config

    return client.CoreV1Api(config.new_client_from_config(told["kubeconfig"]))


def kubectl_pods(told: Told, whole: bool) -> Callable[[], Any]:
    frame = pods_by_hand()
    command = [told["kubectl"], "--kubeconfig", told["kubeconfig"], "get", "pods", "-o", "json", "-l", SELECTOR]
    command += ["-A"] if whole else ["-n", "team-0"]
    return lambda: frame(json.loads(subprocess.run(command, check=True, capture_output=True, timeout=60).stdout))


POD = "pod/monitoring/prometheus-0:"
WORKS: dict[str, tuple[str, dict[str, Side]]] = {
    f"{SERIES * DAY_S // STEP_S:,} samples of Prometheus": (
        "value",
        {
            "the bytes alone, urllib3": bytes_alone(samples),
            "requests + json + MetricRangeDataFrame": by_requests(samples, range_frame),
            "requests + json + prometheus_pandas, wide": by_requests(samples, pandas_wide),
            "ours, labels as categories": ours(f"{POD}{SAMPLES_PORT}", samples, categories=True),
            "ours, labels as text": ours(f"{POD}{SAMPLES_PORT}", samples),
            "ours, wide": ours(f"{POD}{SAMPLES_PORT}", samples, wide=True),
            "ours, labels as text; disable-compression": ours(f"{POD}{SAMPLES_PORT}", samples, compressed=False),
            "ours, wide; disable-compression": ours(f"{POD}{SAMPLES_PORT}", samples, compressed=False, wide=True),
        },
    ),
    f"{HITS:,} hits": (
        "took",
        {
            "the bytes alone, urllib3": bytes_alone(hits),
            "requests + json + json_normalize": by_requests(hits, normalized),
            "kubernetes ApiClient + json + json_normalize": official_hits,
            "ours": ours(f"{POD}{HITS_PORT}", hits),
        },
    ),
    f"{PODS} pods": (
        "restarts",
        {
            "the bytes alone, urllib3": bytes_alone(pods),
            "requests + json, 10 columns by hand": by_requests(pods, pods_by_hand),
            "kubernetes CoreV1Api, 10 columns by hand": official_pods,
            "kubectl get -o json, 10 columns by hand": kubectl_pods,
            "ours": ours("", pods),
        },
    ),
}


# ---- measuring


def one(work: str, client: str, told: Told) -> dict[str, Any]:
    """In a process of its own: one question, its time and its peak."""
    column, sides = WORKS[work]
    sides[client](told, False)()
    timed = sides[client](told, True)
    pathlib.Path("/proc/self/clear_refs").write_text("5")  # the peak begins anew
    before, children = _status_mib("VmRSS"), resource.getrusage(resource.RUSAGE_CHILDREN)
    start, cpu_start = time.perf_counter(), time.process_time()
    frame = timed()
    seconds, cpu = time.perf_counter() - start, time.process_time() - cpu_start
    peak = _status_mib("VmHWM") - before
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if after.ru_utime > children.ru_utime:
        cpu += after.ru_utime + after.ru_stime - children.ru_utime - children.ru_stime
        peak += after.ru_maxrss / 1024
    if isinstance(frame, int):
        return {"seconds": seconds, "cpu": cpu, "peak": peak, "found": None}
    named = [name for name in frame.columns if name in (column, f"_source.{column}")]
    numbers = frame[named] if named else frame.select_dtypes("number")
    return {"seconds": seconds, "cpu": cpu, "peak": peak, "found": [numbers.size, round(float(numbers.sum().sum()), 3)]}


def _status_mib(name: str) -> float:
    lines = pathlib.Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith(name + ":"))


def measure(work: str, told: Told, rounds: int) -> str:
    sides = WORKS[work][1]
    found: dict[str, list[dict[str, Any]]] = {name: [] for name in sides}
    for _ in range(rounds):
        for client in sides:
            command = [sys.executable, "-m", "benchmarks.backends", "--one", work, client]
            # The token goes by stdin: a command line is for everybody to see.
            done = subprocess.run(
                command, input=json.dumps(told), capture_output=True, text=True, timeout=300, cwd=ROOT
            )
            if done.returncode:
                sys.exit(f"{work}, {client}: {done.stderr[-3000:]}")
            found[client].append(json.loads(done.stdout))
    answers = [one["found"] for several in found.values() for one in several if one["found"] is not None]
    assert all(count == answers[0][0] and abs(sum - answers[0][1]) < 1 for count, sum in answers), answers
    lines = ["| client | median | its CPU | peak |", "|---|---|---|---|"]
    for client, several in found.items():
        seconds, cpu, peak = (statistics.median(one[key] for one in several) for key in ("seconds", "cpu", "peak"))
        lines.append(f"| {client} | {seconds * 1000:,.0f} ms | {cpu * 1000:,.0f} ms | {peak:,.0f} MiB |")
    return "\n".join(lines)


def main(rounds: int, only: str) -> int:
    assets = os.environ.get("KUBEBUILDER_ASSETS")
    if not assets or not shutil.which("promtool"):
        print(
            "needs KUBEBUILDER_ASSETS, a folder with etcd and kube-apiserver, and Debian's prometheus", file=sys.stderr
        )
        return 1
    if os.environ.get("BENCH_IN_NAMESPACE") != "1":
        os.environ["BENCH_IN_NAMESPACE"] = "1"
        namespace = str(ROOT / "tests" / "real" / "namespace.py")
        command = [sys.executable, "-m", "benchmarks.backends", *sys.argv[1:]]
        os.execv(sys.executable, [sys.executable, namespace, *command])
    from tests.real import control_plane

    end = int(time.time()) // 3600 * 3600 - 3600
    with contextlib.ExitStack() as ends:
        folders = [pathlib.Path(ends.enter_context(tempfile.TemporaryDirectory())) for _ in range(3)]
        real = ends.enter_context(control_plane.running(pathlib.Path(assets), None, folders[0]))
        ends.enter_context(history(folders[1], end))
        ends.enter_context(logs(folders[2]))
        make_pods(real)
        told: Told = {"server": real.server, "ca_file": str(real.ca_file), "token": real.token("admin")}
        told |= {"kubeconfig": str(real.kubeconfig()), "kubectl": str(real.kubectl), "end": end}
        uncompressed = json.loads(real.kubeconfig().read_text())
        uncompressed["clusters"][0]["cluster"]["disable-compression"] = True
        told["uncompressed"] = str(folders[0] / "uncompressed")
        pathlib.Path(told["uncompressed"]).write_text(json.dumps(uncompressed))
        print(f"kube-apiserver {real.version}, {rounds} rounds")
        for work in WORKS:
            if only in work:
                print(f"\n{work}\n\n{measure(work, told, rounds)}", flush=True)
    return 0


if __name__ == "__main__":
    if sys.argv[1:2] == ["--one"]:
        print(json.dumps(one(sys.argv[2], sys.argv[3], json.loads(sys.stdin.read()))))
    elif sys.argv[1:2] == ["--logs"]:
        serve_logs(sys.argv[2])
    else:
        numbers = [int(word) for word in sys.argv[1:] if word.isdigit()]
        words = [word for word in sys.argv[1:] if not word.isdigit()]
        sys.exit(main(numbers[0] if numbers else ROUNDS, words[0] if words else ""))
