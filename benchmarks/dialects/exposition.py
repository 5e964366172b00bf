"""Prometheus' text format to a DataFrame, beside the parser of the official client."""

from __future__ import annotations

import pathlib
import random
from collections.abc import Callable
from typing import Any

from .work import Work, answer

SAMPLES = 50_000
SMALL = b'# TYPE a gauge\na{b="c"} 1\n'


def make(folder: pathlib.Path) -> None:
    """50,000 samples without an escape, and as many with one in each line; 6 MB each."""
    for file, message in (("plain.txt", "quote"), ("escaped.txt", r"\"quote\"")):
        numbers = random.Random(2)
        lines = [
            f'm{i % 200}_seconds{{namespace="shop",pod="app-{numbers.randrange(9999)}",container="app",'
            f'instance="10.0.0.{i % 250}:9090",msg="{message}"}} {numbers.random() * 1e5!r}'
            for i in range(SAMPLES)
        ]
        (folder / file).write_text("# HELP a text\n# TYPE a gauge\n" + "\n".join(lines) + "\n")


def loading(file: str, **options: Any) -> Callable[[pathlib.Path], Callable[[], Any]]:
    def ours(folder: pathlib.Path) -> Callable[[], Any]:
        from kubeaccess_magic import dialects

        def frame(body: bytes) -> Any:
            reply = answer(body, "shop/web", "metrics", "text/plain; version=0.0.4")
            return dialects.load([reply], **options).frame

        frame(SMALL)
        body = (folder / file).read_bytes()
        return lambda: frame(body)

    return ours


def parsing(file: str, *, columns: bool) -> Callable[[pathlib.Path], Callable[[], Any]]:
    def theirs(folder: pathlib.Path) -> Callable[[], Any]:
        import pandas as pd
        from prometheus_client.parser import text_string_to_metric_families

        def frame(body: bytes) -> Any:
            found = (one for family in text_string_to_metric_families(body.decode()) for one in family.samples)
            if columns:
                return pd.DataFrame([{"name": one.name, "value": one.value, **one.labels} for one in found])
            return pd.DataFrame([{"name": one.name, "value": one.value, "labels": one.labels} for one in found])

        frame(SMALL)
        body = (folder / file).read_bytes()
        return lambda: frame(body)

    return theirs


def same(theirs: Any, ours: Any) -> None:
    """Every sample and label, in the same order."""
    assert len(theirs) == len(ours) == SAMPLES
    assert theirs["name"].tolist() == ours["name"].tolist() and theirs["value"].tolist() == ours["value"].tolist()
    if "labels" in ours:
        from kubeaccess_magic.dialects.exposition.lines import pairs_of

        assert theirs["labels"].tolist() == [dict(pairs_of(text)) for text in ours["labels"]]
    else:
        labels = [name for name in theirs.columns if name not in ("name", "value")]
        assert len(labels) == 5
        for name in labels:
            assert theirs[name].tolist() == ours[name].tolist(), name


WORKS = tuple(
    Work(
        name=f"exposition-{text}{'-wide' * wide}",
        what=f"50,000 samples of metrics as text, {what}{', a column a label' * wide}",
        beside="prometheus_client.parser + DataFrame",
        make=make,
        theirs=parsing(f"{text}.txt", columns=wide),
        ours=loading(f"{text}.txt", **({"wide": True} if wide else {})),
        same=same,
        faster=target,
    )
    for text, what, wide, target in (
        ("plain", "no escapes", False, 8),
        ("plain", "no escapes", True, 5),
        ("escaped", "an escape in every line", False, 4),
        ("escaped", "an escape in every line", True, 4),
    )
)
