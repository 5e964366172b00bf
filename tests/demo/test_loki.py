"""The Loki of the demo answers as a real one does: https://grafana.com/docs/loki/latest/reference/loki-http-api/."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest

from .conftest import Ask

NS = 10**9
END = int(time.time()) // 600 * 600
START = END - 3600


@pytest.fixture
def loki(service: Callable[[str], Ask]) -> Ask:
    return service("logging/loki:3100")


def query(loki: Ask, text: str, start: int = START, **more: Any) -> list[dict[str, Any]]:
    parameters = {"start": f"{start}", "end": f"{END}", "limit": "5000", **more}
    path = f"/loki/api/v1/query_range?query={quote(text)}" + "".join(f"&{k}={v}" for k, v in parameters.items())
    answer = loki(path)
    assert answer.status == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["data"]["result"]
    return found


def lines(result: list[dict[str, Any]]) -> list[tuple[int, str]]:
    return [(int(at), line) for stream in result for at, line in stream["values"]]


def test_streams_are_those_of_its_pods(loki: Ask, ask: Ask) -> None:
    pods = {
        one["metadata"]["name"] for one in ask("/api/v1/namespaces/shop/pods?labelSelector=app=web").json()["items"]
    }
    found = query(loki, '{app="web"}', start=END - 300)
    assert {stream["stream"]["pod"] for stream in found} == pods
    assert all(START * NS <= at < END * NS for at, _ in lines(found))
    assert lines(found) == lines(query(loki, '{app="web"}', start=END - 300))  # the same whenever it is asked


@pytest.mark.parametrize(
    ("text", "keeps"),
    [
        ('{app="web"} |= "level=error"', lambda line: "level=error" in line),
        ('{app="web"} != "level=info" !~ "status=4.."', lambda line: not re.search("level=info|status=4", line)),
        ("{app=`web`} |~ `status=5\\d\\d`", lambda line: "status=5" in line),
        ('{app="web"} | logfmt | status >= 500', lambda line: "status=5" in line),
        ('{app=~"we.+",namespace!="logging"} | logfmt | level="warn"', lambda line: "level=warn" in line),
        ('{app="backoffice"} | json | level=~"err.*"', lambda line: '"error"' in line),
    ],
)
def test_lines_are_filtered(loki: Ask, text: str, keeps: Callable[[str], bool]) -> None:
    selector = text.partition("}")[0] + "}"
    every, found = lines(query(loki, selector)), lines(query(loki, text))
    assert found and sorted(found) == sorted(line for line in every if keeps(line[1]))


def test_limit_and_direction(loki: Ask) -> None:
    every = sorted(lines(query(loki, '{app="web"}')))
    assert sorted(lines(query(loki, '{app="web"}', limit=7))) == every[-7:]
    assert sorted(lines(query(loki, '{app="web"}', limit=7, direction="forward"))) == every[:7]


def test_counts_are_those_of_the_lines(loki: Ask) -> None:
    (series,) = query(loki, 'sum(count_over_time({app="web"}[1h]))', start=END, step="1h")
    assert int(series["values"][0][1]) == pytest.approx(len(lines(query(loki, '{app="web"}'))), abs=3)
    by_pod = query(loki, 'sum by (pod) (rate({app="web"} |= "error" [5m]))', step="5m")
    assert len(by_pod) == 3 and set(by_pod[0]["metric"]) == {"pod"}


def test_names(loki: Ask) -> None:
    assert loki("/loki/api/v1/labels").json()["data"] == ["app", "container", "namespace", "node", "pod"]
    assert "web" in loki("/loki/api/v1/label/app/values").json()["data"]
    assert loki("/loki/api/v1/label/nosuch/values").json() == {"status": "success"}
    selector = quote('{app="web"}')
    assert len(loki(f"/loki/api/v1/series?match[]={selector}").json()["data"]) == 3
    assert loki("/ready").text == "ready\n"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "parse error at line 1, col 1: syntax error: unexpected $end"),
        ("up", "unexpected IDENTIFIER"),
        ('{app=~".*"}', "queries require at least one regexp or equality matcher"),
        ('{app="web"', "unexpected $end"),
        ('{app="web"} |~ "("', "error parsing regexp"),
    ],
)
def test_what_is_wrong_is_said_in_plain_text(loki: Ask, text: str, says: str) -> None:
    answer = loki(f"/loki/api/v1/query_range?query={quote(text)}")
    assert answer.status == 400 and says in answer.text


def test_too_many_lines_and_instant_logs_are_refused(loki: Ask) -> None:
    every = quote('{app=~".+"}')
    answer = loki(f"/loki/api/v1/query_range?query={every}&limit=5001")
    assert answer.status == 400 and "(5001 > 5000)" in answer.text
    answer = loki(f"/loki/api/v1/query?query={every}")
    assert answer.status == 400 and "not supported as an instant query" in answer.text
