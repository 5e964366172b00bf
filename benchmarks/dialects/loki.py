"""Log lines of Loki to a DataFrame, beside json and pandas."""

from __future__ import annotations

import json
import pathlib
import random
from collections.abc import Callable
from typing import Any

from .work import Work, answer

LINES, STREAMS = 100_000, 20
LABELS = ("app", "namespace", "pod")
SMALL = json.dumps(
    {
        "status": "success",
        "data": {
            "resultType": "streams",
            "result": [
                {"stream": dict.fromkeys(LABELS, name), "values": [["2", "x"], [time, "y"]]}
                for name, time in (("a", "1"), ("b", "0"))
            ],
        },
    },
    separators=(",", ":"),
).encode()


def make(folder: pathlib.Path) -> None:
    """20 streams of 5,000 lines each, 12 MB."""
    chance = random.Random(1)
    result = []
    for stream in range(STREAMS):
        labels = {"app": f"app-{stream % 5}", "namespace": f"ns-{stream % 3}", "pod": f"app-{stream % 5}-{stream}"}
        values = []
        for number in range(LINES // STREAMS, 0, -1):
            at = 1_793_491_200 * 10**9 + number * 10**6 * STREAMS + chance.randrange(10**6)
            line = f"level=info method=GET path=/orders/{number} status=200 took={chance.random():.6f} user=kimchy"
            values.append([str(at), line])
        result.append({"stream": labels, "values": values})
    document = {"status": "success", "data": {"resultType": "streams", "result": result, "stats": {}}}
    (folder / "loki.json").write_text(json.dumps(document, separators=(",", ":")))


def ours(folder: pathlib.Path) -> Callable[[], Any]:
    from kubeaccess_magic import dialects

    def frame(body: bytes) -> Any:
        return dialects.load([answer(body, "logging/loki", "loki/api/v1/query_range")]).frame

    frame(SMALL)
    body = (folder / "loki.json").read_bytes()
    return lambda: frame(body)


def theirs(folder: pathlib.Path) -> Callable[[], Any]:
    import pandas as pd

    def frame(body: bytes) -> Any:
        result = json.loads(body)["data"]["result"]
        found = pd.json_normalize(result, "values", meta=[["stream", name] for name in LABELS], errors="ignore")
        found.columns = ["time", "line", *LABELS]
        found["time"] = pd.to_datetime(found["time"].astype("int64"), unit="ns", utc=True)
        return found

    frame(SMALL)
    body = (folder / "loki.json").read_bytes()
    return lambda: frame(body)


def same(theirs: Any, ours: Any) -> None:
    """Every line with its labels; ours are in the order of time."""
    assert len(theirs) == len(ours) == LINES
    one, other = (each.sort_values(["time", "pod"], ignore_index=True) for each in (theirs, ours))
    for name in ("time", "line", *LABELS):
        assert one[name].tolist() == other[name].tolist(), name


WORKS = (
    Work(
        name="loki",
        what="100,000 log lines of Loki",
        beside="json.loads and json_normalize",
        make=make,
        theirs=theirs,
        ours=ours,
        same=same,
        faster=5,
        peak=0.5,
    ),
)
