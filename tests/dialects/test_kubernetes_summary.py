"""What a kubelet sums up, and its own list of pods."""

from __future__ import annotations

import json
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubeaccess_magic import dialects
from kubeaccess_magic.dialects.kubernetes import POD_COLUMNS, dialect, summary
from kubeaccess_magic.dialects.kubernetes.summary import exact, fast
from kubeaccess_magic.errors import LoadError

from .answers import reply, request, rows_of
from .objects import CREATED, listed, meta

PATH = "/api/v1/nodes/n1/proxy/stats/summary"
CPU = {"time": CREATED, "usageNanoCores": 250_000_000, "usageCoreNanoSeconds": 9_007_199_254_740_993}
MEMORY = {"workingSetBytes": 2**64 - 1, "usageBytes": 3, "rssBytes": 0, "availableBytes": 7, "pageFaults": 5}
SUMMARY: dict[str, Any] = {
    "node": {
        "nodeName": "n1",
        "startTime": CREATED,
        "cpu": CPU,
        "memory": {"workingSetBytes": 100},
        "fs": {"usedBytes": 10, "capacityBytes": 20},
        "network": {"rxBytes": 1, "txBytes": 2, "interfaces": [{"name": "eth0"}]},
        "rlimit": {"maxpid": 99, "curproc": 42},
        "systemContainers": [{"name": "kubelet", "cpu": CPU}],
    },
    "pods": [
        {
            "podRef": {"name": "web-0", "namespace": "shop", "uid": "u"},
            "startTime": CREATED,
            "cpu": CPU,
            "ephemeral-storage": {"usedBytes": 30},
            "process_stats": {"process_count": 3},
            "containers": [{"name": "web", "memory": MEMORY, "rootfs": {"usedBytes": 4}, "logs": {"usedBytes": 5}}],
        }
    ],
}


def load(document: Any, asked: str = PATH, **options: Any) -> dialects.Table:
    return dialects.load([reply(document, asked=request(asked))], **options)


@pytest.mark.parametrize("asked", [PATH, "https://api.example.org" + PATH])
def test_a_row_for_each_thing_that_is_measured(asked: str) -> None:
    loaded = load(SUMMARY, asked)
    frame = loaded.frame
    assert list(frame.columns) == list(summary.COLUMNS)
    assert frame["level"].tolist() == ["node", "system", "pod", "container"]
    assert frame["name"].tolist() == ["n1", "kubelet", "web-0", "web"]
    rows = rows_of(frame)
    assert rows[0]["processes"] == 42 and rows[0]["sent_bytes"] == 2 and rows[0]["fs_capacity_bytes"] == 20
    assert rows[1]["cpu_cores"] == 0.25 and rows[1]["node"] == "n1" and rows[1]["pod"] is None
    assert rows[2]["processes"] == 3 and rows[2]["fs_used_bytes"] == 30 and rows[2]["namespace"] == "shop"
    assert rows[3]["memory_bytes"] == 2**64 - 1 and rows[3]["logs_used_bytes"] == 5 and rows[3]["pod"] == "web-0"
    assert rows[0]["started"] == pd.Timestamp(CREATED) and rows[0]["time"] == pd.Timestamp(CREATED)
    assert (loaded.rows, loaded.total) == (4, 4)
    assert len(load(SUMMARY, limit=2).frame) == 2 and load(SUMMARY, limit=2).total == 4


def test_the_targets_own_form_is_the_same() -> None:
    frame = dialects.load([reply(SUMMARY, asked=request("node/n1", "stats/summary"))]).frame
    pd.testing.assert_frame_equal(frame, load(SUMMARY).frame)


def test_wide_has_all_fields() -> None:
    frame = load(SUMMARY, wide=True).frame
    assert len(frame) == 4
    assert frame["cpu.usageCoreNanoSeconds"].tolist()[0] == 9_007_199_254_740_993
    assert frame["network.interfaces"].tolist()[0] == [{"name": "eth0"}] and "rlimit.maxpid" in frame


@pytest.mark.parametrize(
    "document",
    [{"node": {"nodeName": "n1"}, "pods": pods} for pods in (None, [], [{"podRef": {"name": "a", "namespace": "b"}}])],
)
def test_little_is_enough(document: Any) -> None:
    frame = load(document).frame
    assert frame["node"].tolist()[0] == "n1" and len(frame) == 1 + len(document["pods"] or ())
    assert [str(d) for d in frame.dtypes] == [
        str(d) for d in load({"node": {"nodeName": "x"}, "pods": []}).frame.dtypes
    ]


@pytest.mark.parametrize("labels", ["app", ["app"]])
def test_it_has_no_labels(labels: Any) -> None:
    with pytest.raises(LoadError, match="no labels"):
        load(SUMMARY, labels=labels)


@pytest.mark.parametrize("document", [{"node": 1, "pods": []}, [SUMMARY], {**SUMMARY, "more": 1}])
def test_what_only_looks_so_is_no_summary(document: Any) -> None:
    assert not summary.is_summary(json.dumps(document).encode())
    assert dialect.match(request("shop/web", "stats")) is None


odd = st.none() | st.integers(-1, 2**66) | st.floats(allow_nan=False, allow_infinity=False)
odd |= st.sampled_from(["5", [], {}, True])


@given(st.sampled_from(["memory", "rootfs", "logs", "cpu"]), st.data())
def test_the_fast_rows_are_the_exact_rows_or_there_are_none(part: str, data: st.DataObject) -> None:
    document = json.loads(json.dumps(SUMMARY))
    measured = document["pods"][0]["containers"][0] if part != "cpu" else document["pods"][0]
    measured[part][data.draw(st.sampled_from(sorted(measured[part])))] = data.draw(odd)
    rows = fast.rows_of(json.dumps(document).encode())
    assert rows is None or rows == exact.rows_of(document)


@pytest.mark.parametrize("value", ["5", 5.5, [1], {"a": 1}, 2**66])
def test_a_value_of_another_type_is_shown_as_it_is(value: Any) -> None:
    document = json.loads(json.dumps(SUMMARY))
    document["pods"][0]["containers"][0]["memory"]["workingSetBytes"] = value
    assert load(document).frame["memory_bytes"].tolist()[3] == value


def test_a_kubelets_list_of_pods() -> None:
    pods = listed("Pod", [{"metadata": meta("web-0"), "spec": {"containers": [{"name": "a"}]}}])
    for asked in (request("/api/v1/nodes/n1/proxy/pods"), request("node/n1", "pods")):
        assert list(dialects.load([reply(pods, asked=asked)]).frame.columns) == list(POD_COLUMNS)
