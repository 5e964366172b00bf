"""Lists of Kubernetes objects, and what a kubelet sums up, to DataFrames, beside the official client's models."""

from __future__ import annotations

import contextlib
import functools
import json
import pathlib
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

from .. import objects
from .work import Work

SERVER = pathlib.Path(__file__).parents[1] / "server.py"
TOKEN = "a-token-that-is-only-here"
PODS, SERVICES = 50_000, 10_000
PODS_IN_ONE = 20_000
COLUMNS = ["namespace", "name", "phase", "ready", "containers", "restarts", "node", "ip", "ports", "created"]


def make_bodies(folder: pathlib.Path) -> None:
    """A PodList in one piece, and a kubelet's summary; a small one of each to warm up with."""
    for name, count in (("pods.json", PODS_IN_ONE), ("few-pods.json", 20)):
        (folder / name).write_bytes(objects.page("Pod", list(objects.pods(count)), 0, 0))
    for name, count in (("summary.json", 250), ("few-summary.json", 3)):
        (folder / name).write_bytes(summary(count))


def make_nothing(folder: pathlib.Path) -> None:
    """The server has what is listed."""


@contextlib.contextmanager
def served(folder: pathlib.Path) -> Iterator[None]:
    """The API server of `benchmarks/server.py`; where it is stands in a kubeconfig in the folder."""
    process = subprocess.Popen(
        [sys.executable, str(SERVER), str(folder), str(PODS), str(SERVICES)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdin and process.stdout
    try:
        cluster = {
            "server": f"https://127.0.0.1:{int(process.stdout.readline())}",
            "certificate-authority": str(folder / "ca.pem"),
        }
        told = {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "bench",
            "contexts": [{"name": "bench", "context": {"cluster": "bench", "user": "bench"}}],
            "clusters": [{"name": "bench", "cluster": cluster}],
            "users": [{"name": "bench", "user": {"token": TOKEN}}],
        }
        (folder / "config").write_text(json.dumps(told))
        yield
    finally:
        process.stdin.close()
        process.stdout.close()
        process.wait(timeout=30)


# ---- the official client: what its users write


def official_rows(pods: Any) -> list[dict[str, Any]]:
    return [
        {
            "namespace": pod.metadata.namespace,
            "name": pod.metadata.name,
            "phase": pod.status.phase,
            "ready": sum(status.ready for status in pod.status.container_statuses or ()),
            "containers": len(pod.spec.containers),
            "restarts": sum(status.restart_count for status in pod.status.container_statuses or ()),
            "node": pod.spec.node_name,
            "ip": pod.status.pod_ip,
            "ports": [port.container_port for one in pod.spec.containers for port in one.ports or ()],
            "created": pod.metadata.creation_timestamp,
        }
        for pod in pods
    ]


def official_services(services: Any) -> list[dict[str, Any]]:
    return [
        {
            "namespace": service.metadata.namespace,
            "name": service.metadata.name,
            "type": service.spec.type,
            "cluster_ip": service.spec.cluster_ip,
            "ports": [f"{port.name or ''} {port.port}/{port.protocol}".lstrip() for port in service.spec.ports or ()],
            "created": service.metadata.creation_timestamp,
        }
        for service in services
    ]


def official_api(folder: pathlib.Path) -> Any:
    from kubernetes import client, config

    return client.CoreV1Api(config.new_client_from_config(str(folder / "config")))


def official_pages(ask: Callable[..., Any]) -> Iterator[Any]:
    token = None
    while True:
        page = ask(limit=500, _continue=token)
        yield from page.items
        token = page.metadata._continue
        if not token:
            return


def official_list_pods(folder: pathlib.Path) -> Callable[[], Any]:
    import pandas as pd

    api = official_api(folder)
    official_rows(api.list_pod_for_all_namespaces(limit=20).items)
    return lambda: pd.DataFrame(official_rows(official_pages(api.list_pod_for_all_namespaces)))


def official_list_services(folder: pathlib.Path) -> Callable[[], Any]:
    import pandas as pd

    api = official_api(folder)
    official_services(api.list_service_for_all_namespaces(limit=20).items)
    return lambda: pd.DataFrame(official_services(official_pages(api.list_service_for_all_namespaces)))


def official_pod_list(folder: pathlib.Path) -> Callable[[], Any]:
    import pandas as pd
    from kubernetes.client import ApiClient

    client = ApiClient()

    def load(body: bytes) -> Any:
        return pd.DataFrame(official_rows(client.deserialize(body.decode(), "V1PodList", "application/json").items))

    load((folder / "few-pods.json").read_bytes())
    body = (folder / "pods.json").read_bytes()
    return lambda: load(body)


def official_summary(folder: pathlib.Path) -> Callable[[], Any]:
    """No model there: what one writes with pandas, rows of containers with whose they are."""
    import pandas as pd

    def load(body: bytes) -> Any:
        return pd.json_normalize(
            json.loads(body)["pods"],
            record_path="containers",
            meta=[["podRef", "namespace"], ["podRef", "name"]],
        )

    load((folder / "few-summary.json").read_bytes())
    body = (folder / "summary.json").read_bytes()
    return lambda: load(body)


# ---- ours


def our_list(path: str) -> Callable[[pathlib.Path], Callable[[], Any]]:
    def make(folder: pathlib.Path) -> Callable[[], Any]:
        from kubeaccess_magic import Cluster

        cluster = Cluster(kubeconfig=folder / "config")
        cluster.frame(path, limit=20)
        return lambda: cluster.frame(path)

    return make


def our_services_verb(folder: pathlib.Path) -> Callable[[], Any]:
    from kubeaccess_magic import Cluster

    cluster = Cluster(kubeconfig=folder / "config")
    cluster.frame("/api/v1/services", limit=20)
    return lambda: cluster.services(all_namespaces=True)


def our_body(name: str, path: str) -> Callable[[pathlib.Path], Callable[[], Any]]:
    def make(folder: pathlib.Path) -> Callable[[], Any]:
        reply_of((folder / f"few-{name}").read_bytes(), path).frame()
        body = (folder / name).read_bytes()
        return lambda: reply_of(body, path).frame()

    return make


def reply_of(body: bytes, path: str) -> Any:
    import datetime

    from kubeaccess_magic.reply import Headers, Reply
    from kubeaccess_magic.request import Request
    from kubeaccess_magic.targets import Target

    target, brought, _ = Target.parse(path)
    asked = Request.build("GET", target, None, brought=brought)
    headers = Headers((("Content-Type", "application/json"),))
    took = datetime.timedelta(0)
    return Reply(200, "OK", headers, body, "https://api.example.org/", took, asked, "api")


def summary(pods: int) -> bytes:
    """What a kubelet with so many pods of two containers sums up."""
    when = "2026-11-23T12:00:00Z"

    def measured(number: int) -> dict[str, Any]:
        cpu = {"time": when, "usageNanoCores": number * 1000, "usageCoreNanoSeconds": number * 10**9}
        memory = {
            "time": when,
            "usageBytes": number * 4096,
            "workingSetBytes": number * 2048,
            "rssBytes": number * 1024,
            "pageFaults": number,
            "majorPageFaults": 0,
        }
        return {"startTime": when, "cpu": cpu, "memory": memory}

    def fs(number: int) -> dict[str, Any]:
        return {"time": when, "availableBytes": 10**10, "capacityBytes": 10**11, "usedBytes": number, "inodes": 10**6}

    made = [
        {
            "podRef": {"name": f"web-{number}", "namespace": f"team-{number % 9}", "uid": str(number)},
            "containers": [
                {"name": name, **measured(number + 1), "rootfs": fs(number), "logs": fs(number)}
                for name in ("web", "log")
            ],
            **measured(number + 2),
            "network": {"time": when, "name": "eth0", "rxBytes": number, "txBytes": number},
            "ephemeral-storage": fs(number),
        }
        for number in range(pods)
    ]
    node = {"nodeName": "node-1", **measured(1), "fs": fs(1)}
    return json.dumps({"node": node, "pods": made}, separators=(",", ":")).encode()


# ---- the values that both sides have


def same(columns: list[str], theirs: Any, ours: Any) -> None:
    import pandas as pd

    if "level" in ours:
        ours = ours[ours["level"] == "container"]
        theirs = theirs.rename(columns=SUMMARY_NAMES)
        theirs["time"] = pd.to_datetime(theirs["time"], utc=True)
    else:
        ours = ours.drop_duplicates(["namespace", "name"])  # the verb has a row a port
    for column in columns:
        assert list(map(str, theirs[column])) == list(map(str, ours[column])), f"{column} differs"


SUMMARY_NAMES = {
    "podRef.namespace": "namespace",
    "podRef.name": "pod",
    "memory.workingSetBytes": "memory_bytes",
    "rootfs.usedBytes": "fs_used_bytes",
    "cpu.time": "time",
}

WORKS = (
    Work(
        name="kubernetes-pod-list",
        what=f"a PodList of {PODS_IN_ONE:,} pods to 12 columns",
        beside="kubernetes, V1PodList and 10 columns",
        make=make_bodies,
        theirs=official_pod_list,
        ours=our_body("pods.json", "/api/v1/pods"),
        same=functools.partial(same, COLUMNS),
        faster=60,
        peak=0.05,
        most_rounds=3,
    ),
    Work(
        name="kubernetes-list-pods",
        what=f"list {PODS:,} pods over TLS; ours in 100 MiB",
        beside="kubernetes, limit=500",
        make=make_nothing,
        theirs=official_list_pods,
        ours=our_list("/api/v1/pods"),
        same=functools.partial(same, COLUMNS),
        faster=30,
        most_rounds=3,
        around=served,
    ),
    Work(
        name="kubernetes-list-services",
        what=f"list {SERVICES:,} services over TLS",
        beside="kubernetes, limit=500",
        make=make_nothing,
        theirs=official_list_services,
        ours=our_list("/api/v1/services"),
        same=functools.partial(same, ["namespace", "name", "type", "cluster_ip", "ports", "created"]),
        faster=8,
        around=served,
    ),
    Work(
        name="kubernetes-services-verb",
        what=f"{SERVICES:,} services and their slices, as `services -A`",
        beside="kubernetes, the services alone",
        make=make_nothing,
        theirs=official_list_services,
        ours=our_services_verb,
        same=functools.partial(same, ["namespace", "name", "type"]),
        faster=1,
        around=served,
    ),
    Work(
        name="kubernetes-summary",
        what="a kubelet's summary of 250 pods",
        beside="json_normalize",
        make=make_bodies,
        theirs=official_summary,
        ours=our_body("summary.json", "/api/v1/nodes/node-1/proxy/stats/summary"),
        same=functools.partial(same, ["namespace", "pod", "name", "memory_bytes", "fs_used_bytes", "time"]),
        faster=2,
    ),
)
