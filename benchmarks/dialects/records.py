"""Any list of JSON objects to a DataFrame, beside pandas' own ways."""

from __future__ import annotations

import io
import json
import pathlib
from collections.abc import Callable
from typing import Any

from .work import Work, answer

ROWS, DOCUMENTS = 1_000_000, 100_000
WARM_UP = 300


def make_flat(folder: pathlib.Path) -> None:
    """Records of eight fields, 92 MB."""
    rows = (
        f'{{"id":{i},"host":"node-{i % 50}","path":"/items/{i % 997}","ms":{i % 9973 / 8},"bytes":{i * 37 % 65536},'
        f'"ok":{"true" if i % 7 else "false"},"level":"{("info", "warn")[i % 2]}","code":{200 + i % 5}}}'
        for i in range(ROWS)
    )
    (folder / "flat.json").write_text("[" + ",".join(rows) + "]")


def make_nested(folder: pathlib.Path) -> None:
    """Documents as logs are, in an envelope, with gaps, nested objects and a list."""

    def document(i: int) -> dict[str, Any]:
        found: dict[str, Any] = {
            "id": i,
            "time": f"2026-11-01T{i % 24:02}:{i % 60:02}:01.{i % 1000:03}Z",
            "message": f'GET /päckchen/{i} "HTTP/1.1"',
            "took": i / 7,
            "bytes": None if i % 20 == 0 else 2**53 + i,
            "kubernetes": {"namespace": "shop", "pod": {"name": f"app-{i % 50}", "ready": i % 3 > 0}},
            "tags": ["a", "b"][: i % 3],
        }
        if i % 10 == 0:
            found["error"] = {"code": f"E{i % 99}"}
        return found

    whole = {"total": DOCUMENTS, "items": [document(i) for i in range(DOCUMENTS)]}
    (folder / "nested.json").write_text(json.dumps(whole))


def loading(file: str) -> Callable[[pathlib.Path], Callable[[], Any]]:
    def ours(folder: pathlib.Path) -> Callable[[], Any]:
        from kubeaccess_magic import dialects

        def frame(body: bytes) -> Any:
            reply = answer(body, "shop/web", "items")
            return dialects.load([reply]).frame

        frame(json.dumps([{"id": i, "name": "x" * 1000} for i in range(WARM_UP)]).encode())
        body = (folder / file).read_bytes()
        return lambda: frame(body)

    return ours


def reading_flat(folder: pathlib.Path) -> Callable[[], Any]:
    import pandas as pd

    pd.read_json(io.BytesIO(json.dumps([{"id": i, "name": "x"} for i in range(WARM_UP)]).encode()))
    body = (folder / "flat.json").read_bytes()
    return lambda: pd.read_json(io.BytesIO(body))


def normalizing_nested(folder: pathlib.Path) -> Callable[[], Any]:
    import pandas as pd

    pd.json_normalize([{"id": i, "name": {"first": "x"}} for i in range(WARM_UP)])
    body = (folder / "nested.json").read_bytes()
    return lambda: pd.json_normalize(json.loads(body)["items"])


def same(theirs: Any, ours: Any) -> None:
    """Every value, gaps of any kind apart."""
    assert sorted(theirs) == sorted(ours) and len(theirs) == len(ours), (list(theirs), list(ours))
    for name in theirs:
        one, other = theirs[name], ours[name]
        assert (one.isna() == other.isna()).all(), name
        there = one.notna()
        if str(other.dtype) == "Int64":  # the other side has made decimals of them: ours are exact
            assert (other[there].astype(float) == one[there].astype(float)).all(), name
        else:
            assert one[there].tolist() == other[there].tolist(), name


WORKS = (
    Work(
        name="flat-records",
        what="1,000,000 flat records, 92 MB",
        beside="pandas.read_json",
        make=make_flat,
        theirs=reading_flat,
        ours=loading("flat.json"),
        same=same,
        faster=3,
        peak=0.35,
    ),
    Work(
        name="nested-json-without-pyarrow",
        what="100,000 nested documents, without pyarrow",
        beside="json.loads + json_normalize",
        make=make_nested,
        theirs=normalizing_nested,
        ours=loading("nested.json"),
        same=same,
        faster=2,
        without_pyarrow=True,
    ),
    Work(
        name="nested-json",
        what="100,000 nested documents",
        beside="json.loads + json_normalize",
        make=make_nested,
        theirs=normalizing_nested,
        ours=loading("nested.json"),
        same=same,
        faster=2,
    ),
)
