"""The built-in world is consistent: all sources report the same values."""

from __future__ import annotations

import http.client
import json
import math
import time
from calendar import timegm
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import pytest

from .demo_process import Demo, demo

PROMETHEUS = "/api/v1/namespaces/monitoring/services/prometheus:web/proxy/api/v1"
HEAPSTER = "/api/v1/namespaces/kube-system/services/monitoring-heapster/proxy/api/v1/model"
SHOP = "/api/v1/namespaces/shop/services/backoffice:metrics/proxy"
NODES = ("node-1", "node-2", "node-3")
SCRAPE_S = 15


@dataclass(frozen=True)
class Client:
    """Sends requests as one of the built-in users."""

    running: Demo

    def ask(self, path: str, context: str = "demo", accept: str = "*/*") -> tuple[int, bytes]:
        connection = http.client.HTTPSConnection("127.0.0.1", self.running.port, context=self.running.tls(), timeout=10)
        try:
            headers = {"Authorization": f"Bearer {self.running.tokens[context]}", "Accept": accept}
            connection.request("GET", path, headers=headers)
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def json(self, path: str) -> Any:
        status, body = self.ask(path)
        assert status == 200, body
        return json.loads(body)

    def items(self, path: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.json(path)["items"]
        return found

    def query(self, query: str, second: float | None = None) -> list[dict[str, Any]]:
        moment = "" if second is None else f"&time={second}"
        found: list[dict[str, Any]] = self.json(f"{PROMETHEUS}/query?query={quote(query)}{moment}")["data"]["result"]
        return found

    def by(self, label: str, query: str) -> dict[str, float]:
        return {one["metric"][label]: float(one["value"][1]) for one in self.query(query)}


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    with demo(tmp_path_factory.mktemp("world")) as running:
        yield Client(running)


def seconds(stamp: str) -> int:
    return timegm(time.strptime(stamp[:19], "%Y-%m-%dT%H:%M:%S"))


def cores(text: str) -> float:
    return int(text.removesuffix("n")) / 1e9


def samples(text: str, name: str) -> dict[str, float]:
    lines = [line.rpartition(" ") for line in text.splitlines() if line.startswith(name)]
    return {labels: float(value) for labels, _, value in lines}


# --- CPU and memory


def test_nodes_use_the_same_whoever_tells(client: Client) -> None:
    listed = {one["metadata"]["name"]: one["usage"] for one in client.items("/apis/metrics.k8s.io/v1beta1/nodes")}
    by_rate = client.by("node", 'sum by (node) (rate(node_cpu_seconds_total{mode!="idle"}[2m]))')
    free = client.by("node", "node_memory_MemAvailable_bytes")
    total = client.by("node", "node_memory_MemTotal_bytes")
    assert set(listed) == set(by_rate) == set(free) == set(NODES)
    whole = 0.0
    for node in NODES:
        summary = client.json(f"/api/v1/nodes/{node}/proxy/stats/summary")["node"]
        heapster = client.json(f"{HEAPSTER}/nodes/{node}/metrics/cpu/usage_rate")["metrics"][-1]["value"] / 1000
        measured = summary["cpu"]["usageNanoCores"] / 1e9
        for other in (cores(listed[node]["cpu"]), by_rate[node], heapster):
            assert other == pytest.approx(measured, rel=0.08), node
        memory = summary["memory"]["workingSetBytes"]
        for size in (
            int(listed[node]["memory"].removesuffix("Ki")) * 1024,
            total[node] - free[node],
            client.json(f"{HEAPSTER}/nodes/{node}/metrics/memory/working_set")["metrics"][-1]["value"],
        ):
            assert size == pytest.approx(memory, rel=0.03), node
        assert memory + summary["memory"]["availableBytes"] == total[node]
        whole += measured
    cluster = client.json(f"{HEAPSTER}/metrics/cpu/usage_rate")["metrics"][-1]["value"] / 1000
    assert cluster == pytest.approx(whole, rel=0.08)


def test_pods_use_the_same_whoever_tells(client: Client) -> None:
    listed = {
        one["metadata"]["name"]: one["containers"][0]["usage"]
        for one in client.items("/apis/metrics.k8s.io/v1beta1/pods")
    }
    running = {
        one["metadata"]["name"]: one
        for one in client.items("/api/v1/pods")
        if "running" in one["status"]["containerStatuses"][0]["state"]
    }
    rates = client.by("pod", "rate(container_cpu_usage_seconds_total[2m])")
    memory = client.by("pod", "container_memory_working_set_bytes")
    assert set(listed) == set(running) == set(rates) == set(memory)
    told: dict[str, dict[str, Any]] = {}
    for node in NODES:
        found = client.json(f"/api/v1/nodes/{node}/proxy/stats/summary")
        told |= {one["podRef"]["name"]: one for one in found["pods"] if one["containers"]}
        assert (
            sum(one["cpu"]["usageNanoCores"] for one in found["pods"] if one["containers"])
            < (found["node"]["cpu"]["usageNanoCores"])
        )
    assert set(told) == set(running)
    for name, one in told.items():
        assert one["podRef"]["uid"] == running[name]["metadata"]["uid"]
        assert one["network"]["rxBytes"] > 0
        measured = one["cpu"]["usageNanoCores"] / 1e9
        assert cores(listed[name]["cpu"]) == pytest.approx(measured, rel=0.03), name
        assert rates[name] == pytest.approx(measured, rel=0.05), name
        assert memory[name] == pytest.approx(one["memory"]["workingSetBytes"], rel=0.03), name


def test_every_second_of_a_cpu_is_in_one_mode(client: Client) -> None:
    for one in client.query("sum by (node, cpu) (rate(node_cpu_seconds_total[5m]))"):
        assert float(one["value"][1]) == pytest.approx(1, rel=1e-3)


@pytest.mark.parametrize("path", ["metrics", "metrics/cadvisor", "metrics/resource", "metrics/probes"])
def test_metrics_of_a_kubelet_have_help_and_type(client: Client, path: str) -> None:
    status, body = client.ask(f"/api/v1/nodes/node-2/proxy/{path}")
    lines = body.decode().splitlines()
    assert status == 200 and lines
    names = {line.split("{")[0].split()[0] for line in lines if not line.startswith("#")}
    for word in ("HELP", "TYPE"):
        assert {line.split()[2] for line in lines if line.startswith(f"# {word}")} == names


@pytest.mark.parametrize("path", ["configz", "logs/", "pods", "healthz"])
def test_a_kubelet_answers(client: Client, path: str) -> None:
    assert client.ask(f"/api/v1/nodes/node-1/proxy/{path}")[0] == 200


# --- orders and requests


def test_orders_are_the_same_in_the_app_its_metrics_and_prometheus(client: Client) -> None:
    stats = client.json(f"{SHOP}/stats")
    own = samples(client.ask(f"{SHOP}/metrics")[1].decode(), "shop_orders_total")
    assert list(own.values()) == [stats["orders"]]
    assert set(client.by("pod", 'shop_orders_total{job="backoffice"}').values()) == {stats["orders"]}
    orders = client.json(f"{SHOP}/orders?per_page=100&page=1")["items"]
    orders += client.json(f"{SHOP}/orders?per_page=100&page=2")["items"]
    placed = [seconds(one["placed"]) for one in orders]
    assert len(orders) == stats["orders"] and placed == sorted(placed) and placed[-1] <= time.time()
    moment = placed[100] // SCRAPE_S * SCRAPE_S + SCRAPE_S
    (then,) = client.query('shop_orders_total{job="backoffice"}', moment)
    assert int(then["value"][1]) == sum(one <= moment for one in placed)


def test_requests_are_whole_numbers_that_the_app_tells_too(client: Client) -> None:
    query = 'http_requests_total{job="backoffice"}'
    before = {one["metric"]["code"]: float(one["value"][1]) for one in client.query(query)}
    text = client.ask(f"{SHOP}/metrics")[1].decode()
    for code, count in before.items():
        own = samples(text, f'http_requests_total{{code="{code}"')
        assert count.is_integer() and 0 <= sum(own.values()) - count < 100, code
    (found,) = client.query('http_request_duration_seconds{job="backoffice"}')
    histogram = found["histogram"][1]
    total = sum(float(one["value"][1]) for one in client.query(query))
    assert sum(int(one[3]) for one in histogram["buckets"]) == int(histogram["count"])
    assert int(histogram["count"]) == pytest.approx(total, abs=100)


@pytest.mark.parametrize(("days", "jobs"), [(-2500, 0), (-16, 0), (-13, 3), (-1, 5), (0, 5), (1, 0), (25_000, 0)])
def test_series_begin_with_what_is_scraped_and_end_now(client: Client, days: int, jobs: int) -> None:
    second = time.time() + days * 86400
    found = client.query("count by (job) (up)", second)
    assert len(found) == jobs
    assert client.query("shop_orders_total", second) if jobs == 5 else not client.query("shop_orders_total", second)


def test_processes_began_when_their_pods_did(client: Client) -> None:
    began = {one["metadata"]["name"]: seconds(one["status"]["startTime"]) for one in client.items("/api/v1/pods")}
    found = client.by("pod", 'process_start_time_seconds{pod!="",job!="web"}')
    assert found and found == {pod: began[pod] for pod in found}


def test_a_target_that_fails_says_what_it_is(client: Client) -> None:
    targets = client.json(f"{PROMETHEUS}/targets")["data"]["activeTargets"]
    web = [one["labels"]["pod"] for one in targets if one["labels"]["job"] == "web"]
    now = math.ceil(time.time() / 60) * 60 - 120
    down = [one["metric"]["pod"] for one in client.query("up == 0", now)]
    assert len(web) == 3 and len(down) == 1 and set(down) < set(web)
    assert [one["metric"]["pod"] for one in client.query('up{job="web"} == 0', now + SCRAPE_S)] == []
    served = {one["metric"]["pod"] for one in client.query('http_requests_total{job="web"}', now)}
    assert served == set(web) - set(down)
    status, body = client.ask(f"/api/v1/namespaces/shop/pods/{down[0]}:8080/proxy/stats")
    if status == 503:
        assert "unavailable until" in json.loads(body)["error"]
    else:
        assert status == 200


# --- objects


def test_references_lead_to_objects(client: Client) -> None:
    kinds = {
        "Pod": "/api/v1/pods",
        "Node": "/api/v1/nodes",
        "Service": "/api/v1/services",
        "Deployment": "/apis/apps/v1/deployments",
        "ReplicaSet": "/apis/apps/v1/replicasets",
        "StatefulSet": "/apis/apps/v1/statefulsets",
    }
    things = {kind: client.items(path) for kind, path in kinds.items()}
    slices = client.items("/apis/discovery.k8s.io/v1/endpointslices")
    leases = client.items("/apis/coordination.k8s.io/v1/leases")
    known = {(kind, one["metadata"]["name"], one["metadata"]["uid"]) for kind, found in things.items() for one in found}
    assert len({uid for _, _, uid in known}) == len(known)
    owned = [one for found in (*things.values(), slices, leases) for one in found]
    owners = [owner for one in owned for owner in one["metadata"].get("ownerReferences", ())]
    events = client.items("/api/v1/events")
    abouts = [one["involvedObject"] for one in events]
    targets = [point["targetRef"] for one in slices for point in one["endpoints"] or () if "targetRef" in point]
    for reference in (*owners, *abouts, *targets):
        assert (reference["kind"], reference["name"], reference["uid"]) in known
    assert all(one["metadata"].get("ownerReferences") for one in things["Pod"])
    assert {one["type"] for one in events} == {"Normal", "Warning"}


def test_nothing_is_older_than_what_it_is_in(client: Client) -> None:
    namespaces = {
        one["metadata"]["name"]: one["metadata"]["creationTimestamp"] for one in client.items("/api/v1/namespaces")
    }
    for path in (
        "/api/v1/services", "/api/v1/pods", "/api/v1/events", "/api/v1/configmaps", "/api/v1/serviceaccounts",
        "/apis/apps/v1/deployments", "/apis/apps/v1/statefulsets", "/apis/discovery.k8s.io/v1/endpointslices",
        "/apis/rbac.authorization.k8s.io/v1/roles",
    ):  # fmt: skip
        for one in client.items(path):
            metadata = one["metadata"]
            assert metadata["creationTimestamp"] >= namespaces[metadata["namespace"]], (path, metadata["name"])
    pods = {one["metadata"]["uid"]: one["metadata"]["creationTimestamp"] for one in client.items("/api/v1/pods")}
    for one in client.items("/api/v1/events"):
        assert one["firstTimestamp"] <= one["lastTimestamp"]
        assert one["firstTimestamp"] >= pods.get(one["involvedObject"]["uid"], "")


@pytest.mark.parametrize("path", ["deployments", "replicasets", "statefulsets"])
def test_what_is_rolled_out_says_so(client: Client, path: str) -> None:
    for one in client.items(f"/apis/apps/v1/{path}"):
        status, name = one["status"], one["metadata"]["name"]
        assert status["observedGeneration"] == one["metadata"]["generation"], name
        if path == "deployments":
            assert {each["type"]: each["status"] for each in status["conditions"]} == dict.fromkeys(
                ("Available", "Progressing"), "True"
            )
            assert one["spec"]["strategy"]["type"] == "RollingUpdate"
            assert status["updatedReplicas"] == status["readyReplicas"] == one["spec"]["replicas"]
        if path == "statefulsets":
            assert status["currentRevision"] == status["updateRevision"]


def test_images_differ_and_pods_ask_for_something(client: Client) -> None:
    boxes = [box for one in client.items("/api/v1/pods") for box in one["spec"]["containers"]]
    assert len({box["image"] for box in boxes}) >= 8
    assert all(box["resources"]["requests"] for box in boxes)


@pytest.mark.parametrize(
    ("path", "names"),
    [
        (
            "/api/v1/namespaces/shop/services?labelSelector=app%3Dweb",
            ["web", "web-headless", "web-nodeport", "web-public"],
        ),
        ("/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases", list(NODES)),
        ("/api/v1/namespaces/shop/serviceaccounts", ["default"]),
        ("/api/v1/namespaces/monitoring/configmaps", ["kube-root-ca.crt"]),
        ("/api/v1/namespaces/default/endpoints", ["kubernetes"]),
        ("/apis/discovery.k8s.io/v1/namespaces/default/endpointslices", ["kubernetes"]),
    ],
)
def test_there_is_what_real_clusters_have(client: Client, path: str, names: list[str]) -> None:
    assert [one["metadata"]["name"] for one in client.items(path)] == names


def test_nodes_are_well_and_have_their_pods_addresses(client: Client) -> None:
    ranges = {}
    for one in client.items("/api/v1/nodes"):
        known = {each["type"]: each["status"] for each in one["status"]["conditions"]}
        pressures = dict.fromkeys(("MemoryPressure", "DiskPressure", "PIDPressure"), "False")
        assert known == pressures | {"Ready": "True"}
        ranges[one["metadata"]["name"]] = one["spec"]["podCIDR"].rpartition(".")[0]
    for one in client.items("/api/v1/pods"):
        assert one["status"]["podIP"].rpartition(".")[0] == ranges[one["spec"]["nodeName"]]


# --- who may ask what


@pytest.mark.parametrize(
    ("context", "path", "status"),
    [
        ("analyst", f"{PROMETHEUS}/query?query=up", 200),
        ("analyst", "/api/v1/namespaces/monitoring/services/prometheus", 200),
        ("analyst", "/api/v1/namespaces/monitoring/services", 403),
        ("analyst", "/api/v1/namespaces/monitoring/pods", 403),
        ("analyst", "/api/v1/namespaces/shop/services/vault:http/proxy/", 403),
        ("nobody", f"{PROMETHEUS}/query?query=up", 403),
        ("demo", "/api/v1/namespaces/kube-system/services/https:metrics-server:https/proxy/livez", 200),
        ("demo", "/api/v1/namespaces/kube-system/services/https:metrics-server:https/proxy/readyz", 200),
        ("demo", "/api/v1/namespaces/kube-system/services/https:metrics-server:https/proxy/", 403),
    ],
)
def test_status(client: Client, context: str, path: str, status: int) -> None:
    assert client.ask(path, context)[0] == status


@pytest.mark.parametrize(
    ("path", "status", "key"),
    [
        (f"{SHOP}/nope", 404, "error"),
        ("/api/v1/namespaces/kube-system/services/monitoring-grafana/proxy/api/nope", 404, "message"),
        ("/api/v1/namespaces/kube-system/services/https:metrics-server:https/proxy/x", 403, "message"),
    ],
)
def test_apps_refuse_in_json(client: Client, path: str, status: int, key: str) -> None:
    found, body = client.ask(path)
    assert found == status and json.loads(body)[key]


# --- paths without a name


@pytest.mark.parametrize(
    "path",
    ["services//proxy/x", "services//proxy", "pods//proxy/x/y", "pods//log", "services//status", "pods//log?watch=1"],
)
def test_a_path_with_an_empty_name_is_refused(client: Client, path: str) -> None:
    status, body = client.ask(f"/api/v1/namespaces/shop/{path}")
    assert (status, json.loads(body)["message"]) == (400, "name must be provided")  # N8


def test_aggregated_discovery_has_the_categories(client: Client) -> None:
    accept = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
    found: dict[str, list[str]] = {}
    for root in ("/api", "/apis"):
        for group in json.loads(client.ask(root, accept=accept)[1])["items"]:
            for resource in group["versions"][0]["resources"]:
                for category in resource.get("categories", ()):
                    found.setdefault(category, []).append(resource["resource"])
    assert {name: sorted(resources) for name, resources in found.items()} == {
        "all": ["cronjobs", "daemonsets", "deployments", "jobs", "pods", "replicasets", "replicationcontrollers",
                "services", "statefulsets"],
        "api-extensions": ["apiservices"],
    }  # fmt: skip
