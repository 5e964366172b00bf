"""The Prometheus of the demo answers like a real one."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import quote, urlencode

import pytest

from .conftest import Ask

NOW = int(time.time()) // 600 * 600 - 600


@pytest.fixture
def prometheus(service: Callable[[str], Ask]) -> Ask:
    return service("monitoring/prometheus:9090")


def query(prometheus: Ask, text: str, second: float = NOW) -> Any:
    answer = prometheus(f"/api/v1/query?query={quote(text)}&time={second}").json()
    assert answer["status"] == "success", answer
    return answer["data"]["result"]


def numbers(result: Any, *labels: str) -> dict[Any, float]:
    return {tuple(one["metric"].get(label) for label in labels): float(one["value"][1]) for one in result}


def test_up_follows_the_world(prometheus: Ask, ask: Ask) -> None:
    found = query(prometheus, "up", NOW // 60 * 60 + 30)
    assert {one["value"][1] for one in found} == {"1"}
    pods = {
        one["metadata"]["name"] for one in ask("/api/v1/namespaces/shop/pods?labelSelector=app=web").json()["items"]
    }
    assert {one["metric"]["pod"] for one in found if one["metric"]["job"] == "web"} == pods
    assert sorted(one["metric"]["node"] for one in found if one["metric"]["job"] == "node") == [
        "node-1",
        "node-2",
        "node-3",
    ]
    failing = query(prometheus, "up == 0", NOW // 60 * 60 + 1)
    assert len(failing) == 1 and failing[0]["metric"]["job"] == "web"


@pytest.mark.parametrize(
    ("selector", "jobs"),
    [
        ('up{job="web"}', {"web"}),
        ('up{job!="web"}', {"node", "kube-dns", "prometheus", "backoffice"}),
        ('up{job=~"web|node"}', {"web", "node"}),
        ('up{job!~"w.*|n.*"}', {"kube-dns", "prometheus", "backoffice"}),
        ('{__name__="up",job="web"}', {"web"}),
        ('up{job=~"we"}', set()),
        ('up{nosuch="",job="web"}', {"web"}),
    ],
)
def test_the_four_matchers(prometheus: Ask, selector: str, jobs: set[str]) -> None:
    assert {one["metric"]["job"] for one in query(prometheus, selector)} == jobs


def test_aggregations_and_rates(prometheus: Ask) -> None:
    rates = numbers(query(prometheus, "rate(http_requests_total[5m])"), "instance", "code", "method")
    assert all(value >= 0 for value in rates.values())  # an hour at night has minutes without an error
    assert all(value > 0 for (_, code, method), value in rates.items() if (code, method) == ("200", "GET"))
    by_code = numbers(query(prometheus, "sum by (code) (rate(http_requests_total[5m]))"), "code")
    assert math.isclose(sum(by_code.values()), sum(rates.values()))
    grown = numbers(query(prometheus, "increase(http_requests_total[5m])"), "instance", "code", "method")
    assert all(math.isclose(grown[key], rates[key] * 300) for key in rates)
    assert query(prometheus, "count(up)")[0]["metric"] == {}
    count, least, most, mean, total = (
        float(query(prometheus, f"{name}(node_memory_MemAvailable_bytes)")[0]["value"][1])
        for name in ("count", "min", "max", "avg", "sum")
    )
    assert count == 3 and least <= mean <= most and math.isclose(total, mean * 3)
    assert len(query(prometheus, "max without (cpu, mode) (node_cpu_seconds_total)")) == 3
    assert numbers(query(prometheus, "sum(up) * 2 + 1"))[()] == 2 * numbers(query(prometheus, "sum(up)"))[()] + 1
    assert query(prometheus, "-1 + 2 * 3 ^ 2") == [NOW, "17"]


def test_ranges(prometheus: Ask) -> None:
    asked = {"query": "sum by (job) (rate(http_requests_total[5m]))", "start": NOW - 3600, "end": NOW, "step": "30s"}
    answer = prometheus(f"/api/v1/query_range?{urlencode(asked)}").json()
    assert answer["data"]["resultType"] == "matrix"
    assert {one["metric"]["job"] for one in answer["data"]["result"]} == {"web", "backoffice"}
    assert all(
        [value[0] for value in one["values"]] == [NOW - 3600 + 30 * n for n in range(121)]
        for one in answer["data"]["result"]
    )
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    assert prometheus("/api/v1/query_range", body=urlencode(asked), headers=form).json() == answer
    matrix = query(prometheus, 'up{job="prometheus"}[1m]')
    assert len(matrix) == 1 and len(matrix[0]["values"]) == 4


def test_numbers_that_are_none_and_series_that_go(prometheus: Ask) -> None:
    assert {one["metric"]["kind"]: one["value"][1] for one in query(prometheus, "demo_special_value")} == {
        "nan": "NaN", "plus_inf": "+Inf", "minus_inf": "-Inf", "tiny": "5e-324",
    }  # fmt: skip
    asked = {"query": "demo_comes_and_goes", "start": NOW // 600 * 600, "end": NOW // 600 * 600 + 599, "step": 15}
    found = prometheus(f"/api/v1/query_range?{urlencode(asked)}").json()["data"]["result"]
    assert len(found) == 1 and len(found[0]["values"]) == 20
    native = query(prometheus, "http_request_duration_seconds")
    assert native and all(set(one) == {"metric", "histogram"} for one in native)
    assert set(native[0]["histogram"][1]) == {"count", "sum", "buckets"}


def test_metadata(prometheus: Ask) -> None:
    def data(path: str) -> Any:
        return prometheus(path).json()["data"]

    assert {"__name__", "job", "instance", "le"} <= set(data("/api/v1/labels"))
    assert data("/api/v1/label/job/values") == ["backoffice", "kube-dns", "node", "prometheus", "web"]
    assert {one["job"] for one in data("/api/v1/series?match[]=up{job=%22web%22}")} == {"web"}
    assert data("/api/v1/metadata?metric=up")["up"][0]["type"] == "gauge"
    assert len(data("/api/v1/targets")["activeTargets"]) == len(query(prometheus, "up"))
    assert data("/api/v1/rules")["groups"][0]["rules"][0]["name"] == "TargetDown"
    assert isinstance(data("/api/v1/alerts")["alerts"], list)
    assert data("/api/v1/status/buildinfo")["version"] == "3.5.0"
    assert prometheus("/-/ready").status == 200


@pytest.mark.parametrize(
    ("path", "status", "kind", "words"),
    [
        ("query?query=", 400, "bad_data", "no expression found in input"),
        ("query?query=up{", 400, "bad_data", "parse error"),
        ("query?query=up)", 400, "bad_data", "parse error"),
        ("query?query={}", 400, "bad_data", "at least one non-empty matcher"),
        ("query?query=up&time=x", 400, "bad_data", 'cannot parse "x" to a valid timestamp'),
        ("query?query=rate(up)", 400, "bad_data", "expected type range vector"),
        ("query?query=histogram_quantile(0.9,x)", 422, "execution", "not in the demo: function histogram_quantile"),
        ("query?query=up%20or%20up", 422, "execution", "not in the demo: or"),
        ("query?query=up%20*%20up", 422, "execution", "not in the demo"),
        (
            "query_range?query=up&start=0&end=11001&step=1",
            400,
            "bad_data",
            "exceeded maximum resolution of 11,000 points",
        ),
        ("query_range?query=up&start=0&end=1&step=0", 400, "bad_data", "zero or negative query resolution"),
        ("query_range?query=up&start=2&end=1&step=1", 400, "bad_data", "end timestamp must not be before start time"),
        ("query_range?query=up&start=0&end=1&step=x", 400, "bad_data", "valid duration"),
        ("series", 400, "bad_data", "no match[] parameter provided"),
    ],
)
def test_errors_have_the_form_of_prometheus(prometheus: Ask, path: str, status: int, kind: str, words: str) -> None:
    answer = prometheus(f"/api/v1/{path}")
    assert answer.status == status
    assert answer.json()["status"] == "error" and answer.json()["errorType"] == kind
    assert words in answer.json()["error"]
