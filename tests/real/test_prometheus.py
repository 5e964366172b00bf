"""A real Prometheus with a day of history, and a real node exporter, through the real API server.

What our frames hold is compared with what the programs themselves say: `promtool` asked beside the API server, and the
exporter's text as Prometheus read it.
"""

from __future__ import annotations

import json
import math
import shutil
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import prometheus_client
import pytest
import urllib3
from prometheus_client.openmetrics import parser as openmetrics_parser

from kubeaccess_magic import Cluster
from kubeaccess_magic.errors import AppError, LoadError

from . import control_plane
from .control_plane import Real

HOST = control_plane.PROMETHEUS
TARGET = "pod/monitoring/prometheus-0:9091"
EXPORTER = "pod/monitoring/prometheus-0:9100"
DAY_S, STEP_S = 86_400, 15
PODS = ("a", "b", 'q"\\')
RULES = {
    "groups": [
        {
            "name": "day",
            "rules": [
                {
                    "alert": "Always",
                    "expr": "vector(1)",
                    "labels": {"severity": "page"},
                    "annotations": {"summary": "s"},
                },
                {"record": "one", "expr": "vector(1)"},
            ],
        }
    ]
}


@dataclass(frozen=True)
class History:
    """What was written, and where it can be asked without the API server."""

    begin: int
    end: int
    url: str

    def promtool(self, *arguments: str) -> Any:
        """What promtool says, as JSON."""
        command = ["promtool", "query", "-o", "json", *arguments]
        return json.loads(subprocess.run(command, capture_output=True, text=True, check=True, timeout=30).stdout)


def value_of(pod: str, second: int) -> float:
    """Values of every kind."""
    if pod == "a":
        return second / 7
    return [math.inf, -math.inf, math.nan, 1e-9, -0.0][second // STEP_S % 5] if pod == "b" else float(second % 1000)


def openmetrics(begin: int, end: int) -> str:
    written = ["# TYPE day gauge"]
    for pod in PODS:
        label = pod.replace("\\", "\\\\").replace('"', '\\"')
        for second in range(begin, end, STEP_S):
            if pod == "a" and second - begin in range(36_000, 36_600):
                continue
            text = repr(value_of(pod, second)).replace("inf", "Inf").replace("nan", "NaN")
            written.append(f'day{{pod="{label}",time="x"}} {text} {second}')
    return "\n".join([*written, "# EOF", ""])


@pytest.fixture(scope="module")
def history(real: Real, tmp_path_factory: pytest.TempPathFactory) -> Iterator[History]:
    """The day before this hour in a Prometheus that also watches a node exporter, both at pod prometheus-0."""
    for name in ("prometheus", "promtool", "prometheus-node-exporter"):
        if shutil.which(name) is None:
            pytest.skip(f"{name} is not installed")
    folder: Path = tmp_path_factory.mktemp("history")
    end = int(time.time()) // 3600 * 3600 - 3600
    begin = end - DAY_S
    (folder / "day.txt").write_text(openmetrics(begin, end))
    blocks = ["promtool", "tsdb", "create-blocks-from", "openmetrics", str(folder / "day.txt"), str(folder / "data")]
    subprocess.run(blocks, check=True, capture_output=True, timeout=60)
    jobs = [{"job_name": "node", "static_configs": [{"targets": [f"{HOST}:9100"]}]}]
    settings = {"global": {"scrape_interval": "1s", "evaluation_interval": "1s"}, "scrape_configs": jobs}
    (folder / "rules.yml").write_text(json.dumps(RULES))
    (folder / "prometheus.yml").write_text(json.dumps({**settings, "rule_files": [str(folder / "rules.yml")]}))
    server = [
        "prometheus",
        f"--config.file={folder}/prometheus.yml",
        f"--web.listen-address={HOST}:9091",
        f"--storage.tsdb.path={folder}/data",
        "--storage.tsdb.retention.time=30d",
    ]
    exporter = ["prometheus-node-exporter", f"--web.listen-address={HOST}:9100"]
    with control_plane.program(exporter, (HOST, 9100), folder), control_plane.program(server, (HOST, 9091), folder):
        url = f"http://{HOST}:9091"

        def is_there() -> bool:
            with urllib3.PoolManager(retries=False) as pool:
                asked = "node_load1 or one or ALERTS"
                found = pool.request("GET", f"{url}/api/v1/query", fields={"query": asked}, timeout=5)
                return found.status == 200 and len(found.json()["data"]["result"]) >= 3

        control_plane.until(is_there, "history", folder)
        yield History(begin, end, url)


def rows(result: Any) -> list[tuple[str | None, float, str]]:
    """Pod, second and value of a matrix or a vector as promtool prints it."""
    found = []
    for one in result:
        for second, text in one.get("values") or [one["value"]]:
            found.append((one["metric"].get("pod"), second, repr(float(text))))
    return found


def framed(frame: pd.DataFrame) -> list[tuple[str | None, float, str]]:
    return [
        (pod, when.timestamp(), repr(value))
        for pod, when, value in zip(frame["pod"], frame["time"], frame["value"], strict=True)
    ]


def test_a_day_is_what_promtool_says(cluster: Cluster, history: History) -> None:
    span = {"start": history.begin, "end": history.end, "step": "1m"}
    frame = cluster.frame(TARGET, "api/v1/query_range", params={"query": "day", **span})
    arguments = [f"--start={history.begin}", f"--end={history.end}", "--step=1m", history.url, "day"]
    told = history.promtool("range", *arguments)
    assert framed(frame) == rows(told)
    assert len(frame) > 4000 and set(frame["pod"]) == set(PODS)
    assert list(frame.columns) == ["__name__", "pod", "exported_time", "time", "value"]
    categories = cluster.frame(TARGET, "api/v1/query_range", params={"query": "day", **span}, categories=True)
    assert framed(categories) == framed(frame)


def test_every_sample_is_what_was_written(cluster: Cluster, history: History) -> None:
    query = f"day[{DAY_S}s]"
    frame = cluster.frame(TARGET, "api/v1/query", params={"query": query, "time": history.end - 1})
    seconds = [moment.timestamp() for moment in frame["time"]]
    written = [repr(value_of(pod, int(second))) for pod, second in zip(frame["pod"], seconds, strict=True)]
    assert [repr(value) for value in frame["value"]] == written
    assert frame.groupby("pod").size().to_dict() == {"a": 5720, "b": 5760, 'q"\\': 5760}


def test_a_long_range_is_joined_as_if_it_were_one(cluster: Cluster, history: History) -> None:
    end = history.begin + 40_001  # no moment of the grid
    span = {"query": 'day{pod!="b"}', "start": history.begin, "end": end, "step": 1}
    frame = cluster.frame(TARGET, "api/v1/query_range", params=span)
    moments = frame.groupby("pod")["time"].agg(["min", "max", "size"])
    assert moments["size"]['q"\\'] == 40_002
    assert not frame.duplicated(["pod", "time"]).any()
    told: list[Any] = []
    for begin in range(history.begin, end + 1, 10_000):
        ends = [f"--start={begin}", f"--end={min(begin + 9_999, end)}", "--step=1s"]
        told += rows(history.promtool("range", *ends, history.url, 'day{pod!="b"}'))
    assert framed(frame) == sorted(told, key=lambda row: (str(row[0]), row[1]))
    wide = cluster.frame(TARGET, "api/v1/query_range", params=span, wide=True)
    assert wide.shape == (40_002, 2) and (np.diff(wide.index.to_numpy()) == np.timedelta64(1, "s")).all()
    assert wide['day{pod="q\\"\\\\",time="x"}'].tolist() == frame.loc[frame["pod"] == PODS[2], "value"].tolist()
    some = cluster.frame(TARGET, "api/v1/query_range", params=span, limit=7)
    assert framed(some) == framed(frame.head(7))


def test_what_is_not_said_is_filled_in(cluster: Cluster, history: History) -> None:
    frame = cluster.frame(TARGET, "api/v1/query_range?query=vector(1)")
    assert len(frame) == 361 and set(frame["time"].diff().dropna().dt.total_seconds()) == {10.0}
    assert abs(frame["time"].iloc[-1].timestamp() - time.time()) < 30
    ago = cluster.frame(TARGET, "api/v1/query", params={"query": "time()", "time": "now-1d"})
    assert abs(ago["value"][0] - (time.time() - DAY_S)) < 30
    form = cluster.frame(TARGET, "api/v1/query_range", data={"query": "vector(1)", "start": "-5m"})
    assert len(form) == 301
    with pytest.raises(AppError, match="bad_data"):
        cluster.frame(TARGET, "api/v1/query_range?query=vector(1)", raw=True)


@pytest.mark.parametrize(
    ("query", "said"),
    [("up{", "400: bad_data: .*parse error"), ('label_replace(up, "a b", "", "", "")', "execution|bad_data")],
)
def test_errors_in_its_own_words(cluster: Cluster, history: History, query: str, said: str) -> None:
    with pytest.raises(AppError, match=said):
        cluster.frame(TARGET, "api/v1/query", params={"query": query})


@pytest.mark.parametrize(
    ("path", "columns"),
    [
        ("query?query=1%2B1", {"time", "value"}),
        ('query?query="text"', {"time", "value"}),
        ("query?query=nothing_of_that_name", {"time", "value"}),
        ("series?match[]=day&start=-7d", {"__name__", "pod", "time"}),
        ("labels", {"label"}),
        ("label/pod/values?start=-7d", {"pod"}),
        ("metadata", {"metric", "type", "help", "unit"}),
        ("targets", {"job", "instance", "health", "lastScrape"}),
        ("targets/metadata", {"job", "instance", "metric", "type", "help", "unit"}),
        ("rules", {"group", "name", "query", "labels.severity", "lastEvaluation"}),
        ("alerts", {"alertname", "severity", "state", "activeAt", "value"}),
        ("alertmanagers", {"state", "url"}),
        ("status/tsdb", {"statistic", "name", "value"}),
        ("status/config", {"yaml"}),
        ("status/flags", {"flag", "value"}),
        ("status/buildinfo", {"version", "goVersion"}),
        ("status/runtimeinfo", {"startTime", "storageRetention"}),
        ("status/walreplay", {"min", "max", "current"}),
        ("format_query?query=sum(up)by(job)", {"query"}),
        ("query_exemplars?query=up&start=-1h&end=now", {"time", "value"}),
    ],
)
def test_every_endpoint_is_a_frame(cluster: Cluster, history: History, path: str, columns: set[str]) -> None:
    frame = cluster.frame(TARGET, f"api/v1/{path}")
    assert columns <= set(frame.columns), list(frame.columns)
    assert frame.attrs["kproxy"]["dialect"] == "prometheus"
    for moment in ("lastScrape", "lastEvaluation", "activeAt", "startTime"):
        assert moment not in frame or str(frame[moment].dtype).startswith("datetime64")


def test_the_node_exporter_says_what_prometheus_read(cluster: Cluster, history: History) -> None:
    text = cluster.get(EXPORTER, "metrics").text
    frame = cluster.frame(EXPORTER, "metrics")
    assert len(frame) == sum(1 for line in text.splitlines() if line and line[0] != "#") > 300
    assert frame.attrs["kproxy"]["dialect"] == "exposition"
    series = cluster.frame(TARGET, "api/v1/query", params={"query": '{job="node"}'})
    # What Prometheus added, and what changes from one scrape to the next:
    read = series[~series["__name__"].str.contains("^(?:up|scrape_.*|ALERTS.*|go_.*|process_.*)$")]
    ours = frame[~frame["name"].str.contains("^(?:go_|process_)")]
    assert set(read["__name__"]) == set(ours["name"])
    assert len(read) == len(ours)
    wide = cluster.frame(EXPORTER, "metrics", wide=True)
    cpu = wide[wide["name"] == "node_cpu_seconds_total"]
    expected = series[series["__name__"] == "node_cpu_seconds_total"]
    assert set(zip(cpu["cpu"], cpu["mode"], strict=True)) == set(zip(expected["cpu"], expected["mode"], strict=True))
    types = cluster.frame(TARGET, "api/v1/metadata").set_index("metric")["type"].to_dict()
    shown = {name: kind for name, kind in zip(frame["name"], frame["type"], strict=True) if name in types}
    assert len(shown) > 100 and {name: types[name] for name in shown} == {
        name: kind if kind != "untyped" else "unknown" for name, kind in shown.items()
    }
    grouped = cluster.frame(EXPORTER, "metrics", grouped=True)
    summary = grouped[grouped["name"] == "go_gc_duration_seconds"]
    assert summary["quantile"].tolist() == [0, 0.25, 0.5, 0.75, 1] and summary["count"].nunique() == 1


def test_openmetrics_of_a_program_that_has_exemplars(cluster: Cluster) -> None:
    """The client library of Prometheus serves OpenMetrics to who asks for it; its own parser says what is in it."""
    registry = prometheus_client.CollectorRegistry()
    orders = prometheus_client.Counter("orders", "Orders\nplaced", ["shop", "how"], unit="items", registry=registry)
    orders.labels('q"\\', "line\nend").inc(2, {"trace_id": "abc"})
    seconds = prometheus_client.Histogram("seconds", "It took", buckets=(0.1, 1), registry=registry)
    for took_s in (0.05, 0.5, 5):
        seconds.observe(took_s, {"trace_id": f"t{took_s}"})
    prometheus_client.Info("build", "Which", registry=registry).info({"version": "1"})
    prometheus_client.Enum("state", "How", states=["up", "down"], registry=registry).state("down")
    prometheus_client.Gauge("odd", "", registry=registry).set(math.inf)
    server, thread = prometheus_client.start_http_server(9101, HOST, registry)
    try:
        where = "pod/monitoring/prometheus-0:9101"
        reply = cluster.get(where, "metrics", headers={"Accept": "application/openmetrics-text; version=1.0.0"})
        plain = cluster.frame(where, "metrics")
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
    assert reply.media_type == "application/openmetrics-text"
    frame = reply.frame()
    families = list(openmetrics_parser.text_string_to_metric_families(reply.text))
    read = [(family, sample) for family in families for sample in family.samples]
    assert frame["name"].tolist() == [sample.name for _, sample in read]
    assert frame["value"].tolist() == [sample.value for _, sample in read]
    assert frame["type"].tolist() == [family.type for family, _ in read]
    assert frame["help"].fillna("").tolist() == [family.documentation for family, _ in read]
    assert frame["unit"].fillna("").tolist() == [family.unit for family, _ in read]
    told = [sample.exemplar for _, sample in read]
    assert frame["exemplar_value"].dropna().tolist() == [one.value for one in told if one is not None] != []
    times_s = frame["exemplar_time"].dropna().map(pd.Timestamp.timestamp)
    assert times_s.tolist() == pytest.approx([float(one.timestamp) for one in told if one is not None], abs=0.001)
    wide = reply.frame(wide=True)
    for name in ("shop", "how", "le", "version"):
        assert wide[name].fillna("").tolist() == [sample.labels.get(name, "") for _, sample in read]
    # The same samples in the older format.
    assert plain["value"].tolist() == frame["value"].tolist()


def test_the_own_metrics_of_prometheus(cluster: Cluster, history: History) -> None:
    reply = cluster.get(TARGET, "metrics")
    frame = reply.frame()
    assert len(frame) == sum(1 for line in reply.text.splitlines() if line and line[0] != "#")
    assert {"counter", "gauge", "histogram", "summary"} <= set(frame["type"])
    with pytest.raises(LoadError, match="web page"):
        cluster.frame(TARGET, "graph", dialect="exposition")
