"""What MLflow answers: runs with their metrics, and times."""

from __future__ import annotations

import math

from kubeaccess_magic import dialects

from .answers import note_of, reply, request

RUNS = [
    {
        "info": {"run_id": "u1", "start_time": 1793491200250, "end_time": 1793491200250},
        "data": {
            "metrics": [{"key": "rmse", "value": 0.5, "timestamp": 1, "step": 3}, {"key": "r2", "value": "NaN"}],
            "params": [{"key": "alpha", "value": "0.1"}],
            "tags": [{"key": "user", "value": "ann"}],
        },
    },
    {"info": {"run_id": "u2", "start_time": 1793491200250}, "data": {"params": [{"key": "beta", "value": "x"}]}},
]


def load(document, path="api/2.0/mlflow/runs/search"):
    return dialects.load([reply(document, asked=request("ml/mlflow", path, body={"experiment_ids": ["1"]}))])


def test_runs():
    table = load({"runs": RUNS, "next_page_token": "t"})
    frame = table.frame
    assert list(frame.columns) == [
        *("info.run_id", "info.start_time", "info.end_time", "data.metrics.rmse", "data.metrics.r2"),
        *("data.params.alpha", "data.params.beta", "data.tags.user"),
    ]
    assert str(frame["info.start_time"][0]) == "2026-11-01 00:00:00.250000+00:00" and frame["info.end_time"].isna()[1]
    assert frame["data.metrics.rmse"][0] == 0.5 and math.isnan(frame["data.metrics.r2"][0])
    assert str(frame["data.metrics.r2"].dtype) == "float64"
    assert frame["data.params.alpha"].dropna().tolist() == ["0.1"]
    assert note_of(table) == "the answer names a next page; --limit N or --limit all reads on"


def test_experiments_and_a_history_of_metrics():
    experiments = [{"experiment_id": "1", "creation_time": 1793491200250, "tags": [{"key": "a", "value": "b"}]}]
    frame = load({"experiments": experiments}, "api/2.0/mlflow/experiments/search").frame
    assert str(frame["creation_time"].dtype) == "datetime64[us, UTC]" and frame["tags.a"].tolist() == ["b"]
    metrics = [{"key": "rmse", "value": 0.5, "timestamp": 1793491200250, "step": 0}]
    frame = load({"metrics": metrics}, "api/2.0/mlflow/metrics/get-history").frame
    assert frame["value"].tolist() == [0.5] and str(frame["timestamp"].dtype) == "datetime64[us, UTC]"


def test_nothing():
    assert len(load({"runs": []}).frame) == 0
