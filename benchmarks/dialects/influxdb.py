"""Annotated CSV of InfluxDB to a DataFrame, beside pandas.read_csv with the same dtypes and times."""

from __future__ import annotations

import pathlib
import random
from collections.abc import Callable
from typing import Any

from .work import Work, answer

ROWS = 1_000_000
HEAD = (
    "#datatype,string,long,dateTime:RFC3339,dateTime:RFC3339,dateTime:RFC3339,double,string,string,string\n"
    "#group,false,false,true,true,false,false,true,true,true\n"
    "#default,_result,,,,,,,,\n"
    ",result,table,_start,_stop,_time,_value,_field,_measurement,host\n"
)
TIMES = ("_start", "_stop", "_time")
TEXTS = ("result", "_field", "_measurement", "host")


def make(folder: pathlib.Path) -> None:
    """100 series of 10,000 points, 120 MB."""
    chance = random.Random(1)
    with (folder / "influx.csv").open("w", newline="") as file:
        file.write(HEAD)
        for row in range(ROWS):
            series, point = divmod(row, 10_000)
            at = f"2026-11-{1 + point // 1440 % 28:02}T{point // 60 % 24:02}:{point % 60:02}:00Z"
            value = chance.random() * 100
            file.write(
                f",,{series},2026-11-01T00:00:00Z,2026-11-30T00:00:00.5Z,{at},{value!r},usage,cpu,node-{series}\n"
            )


def ours(folder: pathlib.Path) -> Callable[[], Any]:
    from kubeaccess_magic import dialects

    def frame(body: bytes) -> Any:
        reply = answer(body, "db/influxdb", "api/v2/query", "text/csv; charset=utf-8")
        return dialects.load([reply], "influxdb").frame

    small = HEAD + ",,0,2026-11-01T00:00:00Z,2026-11-01T00:00:00Z,2026-11-01T00:00:00Z,1.5,a,b,c\n"
    frame(small.encode())
    body = (folder / "influx.csv").read_bytes()
    return lambda: frame(body)


def theirs(folder: pathlib.Path) -> Callable[[], Any]:
    import io

    import pandas as pd

    def frame(body: bytes) -> Any:
        found = pd.read_csv(
            io.BytesIO(body),
            comment="#",
            dtype={**dict.fromkeys(TEXTS, "str"), "table": "int64", "_value": "float64"},
            parse_dates=list(TIMES),
            date_format="ISO8601",
        ).drop(columns="Unnamed: 0")
        found["result"] = found["result"].fillna("_result")
        return found

    small = HEAD + ",,0,2026-11-01T00:00:00Z,2026-11-01T00:00:00Z,2026-11-01T00:00:00Z,1.5,a,b,c\n"
    frame(small.encode())
    body = (folder / "influx.csv").read_bytes()
    return lambda: frame(body)


def same(theirs: Any, ours: Any) -> None:
    """Every cell."""
    assert list(theirs.columns) == list(ours.columns) and len(theirs) == len(ours) == ROWS
    for name in ours.columns:
        one = theirs[name].astype(ours[name].dtype) if name in TIMES else theirs[name]
        assert one.equals(ours[name]) or one.tolist() == ours[name].tolist(), name


def _work(name: str, what: str, faster: float, **more: Any) -> Work:
    return Work(
        name=name,
        what=f"1,000,000 rows of annotated CSV{what}",
        beside="pandas.read_csv with dtypes",
        make=make,
        theirs=theirs,
        ours=ours,
        same=same,
        faster=faster,
        most_rounds=3,
        **more,
    )


WORKS = (
    _work("influxdb", "", 1),
    _work("influxdb-without-pyarrow", ", without pyarrow", 1 / 1.3, without_pyarrow=True),
)
