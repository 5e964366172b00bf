"""Hits of Elasticsearch to a DataFrame, from memory and over TLS, beside what people write by hand.

As a program it is the server of the second: it answers ``…/_search`` with the file in its folder until its standard
input is closed.
"""

from __future__ import annotations

import contextlib
import json
import pathlib
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any

from benchmarks.dialects.work import Work, answer

HITS = 100_000
HITS_OVER_TLS = 174_000  # 100 MB
WARM_UP = 300
TOKEN = "a-token-that-is-only-here"
PATH = "/api/v1/namespaces/shop/services/http:logs:9200/proxy/"


def hit(i: int) -> dict[str, Any]:
    source: dict[str, Any] = {
        "@timestamp": f"2026-11-01T{i % 24:02}:{i % 60:02}:01.{i % 1000:03}Z",
        "level": ("INFO", "WARN")[i % 2],
        "bytes": None if i % 20 == 0 else 2**53 + i,
        "ok": i % 3 == 0,
        "took": i / 7,
        "user": f"user-{i % 977}",
        "kubernetes": {
            "namespace": "shop",
            "pod": f"app-{i % 50}",
            "container": {"name": "web", "image": "registry.example.org/shop/web:1.2.3"},
            "labels": {"app": "web", "tier": "frontend"},
        },
        "http": {"status": 200 + i % 5, "path": f"/orders/{i}", "query": None if i % 2 else "page=2"},
        "message": f'päckchen {i}\n"quoted" ' + "lorem ipsum dolor sit amet " * 4,
    }
    if i % 10 == 0:
        source["error"] = f"E{i % 99}"
    return {"_index": "logs-2026.11.01", "_id": f"id{i:020}", "_score": 1.0, "_source": source}


def search(count: int) -> bytes:
    found = {"total": {"value": count, "relation": "eq"}, "max_score": 1.0, "hits": [hit(i) for i in range(count)]}
    whole = {"took": 9, "timed_out": False, "_shards": {"total": 5, "failed": 0}, "hits": found}
    return json.dumps(whole, separators=(",", ":"), ensure_ascii=False).encode()


def make(folder: pathlib.Path) -> None:
    (folder / "hits.json").write_bytes(search(HITS))


def make_larger(folder: pathlib.Path) -> None:
    (folder / "more-hits.json").write_bytes(search(HITS_OVER_TLS))


def warmed(body: bytes) -> Callable[[bytes], Any]:
    """The dialect, once it has read something."""
    from kubeaccess_magic import dialects

    def frame(body: bytes) -> Any:
        reply = answer(body, "shop/logs", "_search")
        return dialects.load([reply]).frame

    frame(body)
    return frame


def ours(folder: pathlib.Path) -> Callable[[], Any]:
    frame = warmed(search(2 * WARM_UP))
    body = (folder / "hits.json").read_bytes()
    return lambda: frame(body)


def normalizing(folder: pathlib.Path) -> Callable[[], Any]:
    import pandas as pd

    def frame(body: bytes) -> Any:
        return pd.json_normalize(json.loads(body)["hits"]["hits"])

    frame(search(WARM_UP))
    body = (folder / "hits.json").read_bytes()
    return lambda: frame(body)


def parsing(folder: pathlib.Path) -> Callable[[], Any]:
    import orjson

    orjson.loads(search(WARM_UP))
    body = (folder / "hits.json").read_bytes()
    return lambda: orjson.loads(body)


def same(theirs: Any, ours: Any) -> None:
    """Every value, gaps of any kind apart, and moments that only ours has as such."""
    import pandas as pd

    names = {name.removeprefix("_source."): name for name in theirs}
    assert sorted(names) == sorted(ours) and len(theirs) == len(ours), (list(theirs), list(ours))
    for name, called in names.items():
        one, other = theirs[called], ours[name]
        assert (one.isna() == other.isna()).all(), name
        there = one.notna()
        if name == "@timestamp":
            assert (pd.to_datetime(one) == other).all()
        elif str(other.dtype) == "Int64":  # the other side has made decimals of them: ours are exact
            assert (other[there].astype(float) == one[there].astype(float)).all(), name
        else:
            assert one[there].tolist() == other[there].tolist(), name


def same_values(theirs: Any, ours: Any) -> None:
    import pandas as pd

    same(pd.json_normalize(theirs["hits"]["hits"]), ours)


# ---- over TLS


@contextlib.contextmanager
def serving(folder: pathlib.Path) -> Iterator[None]:
    child = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.dialects.elasticsearch", str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert child.stdin and child.stdout
    try:
        server, ca = f"https://127.0.0.1:{int(child.stdout.readline())}", str(folder / "ca.pem")
        config = {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "bench",
            "contexts": [{"name": "bench", "context": {"cluster": "bench", "user": "bench"}}],
            "clusters": [{"name": "bench", "cluster": {"server": server, "certificate-authority": ca}}],
            "users": [{"name": "bench", "user": {"token": TOKEN}}],
        }
        (folder / "config").write_text(json.dumps(config))
        yield
    finally:
        child.stdin.close()
        child.stdout.close()
        child.wait(timeout=30)


def with_cluster(folder: pathlib.Path) -> Callable[[], Any]:
    from kubeaccess_magic import Cluster

    cluster = Cluster(kubeconfig=str(folder / "config"))
    cluster.frame("shop/http:logs:9200", "small/_count")
    warmed(search(2 * WARM_UP))
    return lambda: cluster.frame("shop/http:logs:9200", "_search")


def with_requests(folder: pathlib.Path) -> Callable[[], Any]:
    import pandas as pd
    import requests

    server = json.loads((folder / "config").read_text())["clusters"][0]["cluster"]
    session = requests.Session()
    session.headers["Authorization"] = f"Bearer {TOKEN}"

    def get(path: str) -> Any:
        url = server["server"] + PATH + path
        return session.get(url, verify=server["certificate-authority"], timeout=(10, 130)).json()

    get("small/_count")
    pd.json_normalize(json.loads(search(WARM_UP))["hits"]["hits"])
    return lambda: pd.json_normalize(get("_search")["hits"]["hits"])


def serve(folder: pathlib.Path) -> None:
    sys.path.insert(0, str(pathlib.Path(__file__).parent.parent))
    from server import Server, answer

    running = Server(folder, pods=1, services=1)
    for name, body in ((b"_search", (folder / "more-hits.json").read_bytes()), (b"_count", b'{"count":1}')):
        running.answers[name] = answer(body, f"Content-Length: {len(body)}")
    threading.Thread(target=running.run, daemon=True).start()
    print(running.listening.getsockname()[1], flush=True)
    sys.stdin.read()


WORKS = (
    Work(
        name="elasticsearch-hits",
        what=f"Elasticsearch: {HITS:,} hits, 58 MB",
        beside="json.loads + json_normalize",
        make=make,
        theirs=normalizing,
        ours=ours,
        same=same,
        faster=6,
        peak=0.5,
    ),
    Work(
        name="elasticsearch-hits-beside-a-parser",
        what=f"Elasticsearch: {HITS:,} hits, 58 MB",
        beside="orjson.loads alone",
        make=make,
        theirs=parsing,
        ours=ours,
        same=same_values,
        faster=1,
    ),
    Work(
        name="elasticsearch-hits-without-pyarrow",
        what=f"Elasticsearch: {HITS:,} hits, 58 MB, without pyarrow",
        beside="json.loads + json_normalize",
        make=make,
        theirs=normalizing,
        ours=ours,
        same=same,
        faster=2,
        without_pyarrow=True,
    ),
    Work(
        name="elasticsearch-hits-over-tls",
        what=f"Elasticsearch over TLS: {HITS_OVER_TLS:,} hits, 100 MB",
        beside="requests + json_normalize",
        make=make_larger,
        theirs=with_requests,
        ours=with_cluster,
        same=same,
        faster=5,
        peak=0.55,
        around=serving,
    ),
)

if __name__ == "__main__":
    serve(pathlib.Path(sys.argv[1]))
