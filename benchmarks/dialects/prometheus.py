"""A range answer of Prometheus to a DataFrame, beside the libraries that people use."""

from __future__ import annotations

import json
import pathlib
import random
from collections.abc import Callable
from typing import Any

from .work import Work, answer

SERIES, SAMPLES = 1000, 1000
SMALL = (
    b'{"status":"success","data":{"resultType":"matrix","result":[{"metric":{"a":"b"},"values":[[1,"2"],[2,"3"]]}]}}'
)


def make(folder: pathlib.Path) -> None:
    """1,000 series of 1,000 samples, 32 MB."""
    numbers = random.Random(1)
    times = [1_793_491_200 + 15 * k for k in range(SAMPLES)]
    result = []
    for i in range(SERIES):
        metric = {
            "__name__": "container_cpu_usage_seconds_total",
            "container": "app",
            "instance": f"10.0.{i % 7}.{i % 250}:9100",
            "job": "node",
            "namespace": f"ns-{i % 20}",
            "pod": f"app-{i}-7d9f8b6c5-x2x{i % 10}",
        }
        result.append({"metric": metric, "values": [[at, repr(numbers.random() * 1e5)] for at in times]})
    answer = {"status": "success", "data": {"resultType": "matrix", "result": result}}
    (folder / "matrix.json").write_text(json.dumps(answer, separators=(",", ":")))


def loading(**options: Any) -> Callable[[pathlib.Path], Callable[[], Any]]:
    def ours(folder: pathlib.Path) -> Callable[[], Any]:
        from kubeaccess_magic import dialects

        def frame(body: bytes) -> Any:
            reply = answer(body, "monitoring/prometheus", "api/v1/query_range")
            return dialects.load([reply], **options).frame

        frame(SMALL)
        body = (folder / "matrix.json").read_bytes()
        return lambda: frame(body)

    return ours


def by_api_client(folder: pathlib.Path) -> Callable[[], Any]:
    from prometheus_api_client import MetricRangeDataFrame

    def frame(body: bytes) -> Any:
        return MetricRangeDataFrame(json.loads(body)["data"]["result"])

    frame(SMALL)
    body = (folder / "matrix.json").read_bytes()
    return lambda: frame(body)


def by_prometheus_pandas(folder: pathlib.Path) -> Callable[[], Any]:
    from prometheus_pandas.query import to_pandas

    def frame(body: bytes) -> Any:
        return to_pandas(json.loads(body)["data"])

    frame(SMALL)
    body = (folder / "matrix.json").read_bytes()
    return lambda: frame(body)


def same_long(theirs: Any, ours: Any) -> None:
    """Every sample and label; the order is each one's own."""
    assert len(theirs) == len(ours) == SERIES * SAMPLES
    labels = [name for name in ours.columns if name not in ("time", "value")]
    assert sorted(labels) == sorted(name for name in theirs.columns if name != "value")
    one = theirs.reset_index().rename(columns={"timestamp": "time"})
    one["time"] = one["time"].dt.tz_localize("UTC").astype(ours["time"].dtype)
    other = ours.astype(dict.fromkeys(labels, object))
    one, other = (
        frame.sort_values(["pod", "time"], ignore_index=True)[["time", "value", *labels]] for frame in (one, other)
    )
    for name in one.columns:
        assert one[name].tolist() == other[name].tolist(), name


def same_wide(theirs: Any, ours: Any) -> None:
    """Every sample, by the names of the series, which both write alike."""
    assert theirs.shape == ours.shape == (SAMPLES, SERIES)
    assert sorted(theirs.columns) == sorted(ours.columns)
    assert (theirs[ours.columns].to_numpy() == ours.to_numpy()).all()
    assert theirs.index.tz_localize("UTC").as_unit("ms").equals(ours.index.rename(None))


def _long(name: str, what: str, options: dict[str, Any], faster: float, **more: Any) -> Work:
    return Work(
        name=name,
        what=f"1,000,000 Prometheus samples, long, {what}",
        beside="prometheus_api_client.MetricRangeDataFrame",
        make=make,
        theirs=by_api_client,
        ours=loading(**options),
        same=same_long,
        faster=faster,
        most_rounds=7,
        **more,
    )


WORKS = (
    _long("prometheus-categories", "labels as categories", {"categories": True}, 9, peak=0.15),
    _long("prometheus-text", "labels as text", {}, 6),
    _long("prometheus-without-pyarrow", "without pyarrow", {"categories": True}, 2, without_pyarrow=True),
    Work(
        name="prometheus-wide",
        what="1,000,000 Prometheus samples, wide",
        beside="prometheus_pandas",
        make=make,
        theirs=by_prometheus_pandas,
        ours=loading(wide=True),
        same=same_wide,
        faster=12,
    ),
)
