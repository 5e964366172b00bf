"""Answers to DataFrames, beside what people use for it: ``python -m benchmarks.dialects`` from the top of the project.

It prints a Markdown table, ``--json`` the same rows as JSON; ``--only NAME`` runs one (part of its name will do),
``--rounds N`` so many. The results of both sides are compared first. Each measurement is a fresh process: imports, a
small warm-up, then the one call. Medians of the clock and of CPU time; the peak is what the process held at most
beyond what it held before the call.
"""

from __future__ import annotations

import argparse
import importlib
import json
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from .work import Side, Work

ROUNDS = 7
FAMILIES = ("records", "elasticsearch", "prometheus", "exposition", "kubernetes", "loki", "influxdb")
_MOST_S = 300.0


class Row(NamedTuple):
    what: str
    beside: str
    theirs_ms: float
    ours_ms: float
    faster: float
    by_cpu: float
    theirs_peak_mib: float
    ours_peak_mib: float
    peak: float
    target: str
    rounds: int


def works(only: str | None = None) -> list[Work]:
    """All works, or those with `only` in their names."""
    here = pathlib.Path(__file__).parent
    found = [
        work
        for family in FAMILIES
        if (here / f"{family}.py").exists()
        for work in importlib.import_module(f"{__package__}.{family}").WORKS
    ]
    names = [work.name for work in found]
    assert len(set(names)) == len(names), f"two works of one name: {names}"
    return [work for work in found if only is None or only in work.name]


def measured(chosen: list[Work], rounds: int) -> Iterator[Row]:
    """One row a work, as soon as it is there."""
    made: set[Callable[[pathlib.Path], None]] = set()
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        for work in chosen:
            if work.make not in made:
                work.make(folder)
                made.add(work.make)
            with work.around(folder):
                _child(work, "both", folder)
                count = min(rounds, work.most_rounds or rounds)
                found = [(_child(work, "theirs", folder), _child(work, "ours", folder)) for _ in range(count)]
            yield _row(work, found)


def _row(work: Work, found: list[tuple[dict[str, float], dict[str, float]]]) -> Row:
    def median(side: int, figure: str) -> float:
        return statistics.median(one[side][figure] for one in found)

    seconds, cpu, peak = ((median(0, f), median(1, f)) for f in ("seconds", "cpu_seconds", "peak_bytes"))
    return Row(
        work.what,
        work.beside,
        seconds[0] * 1000,
        seconds[1] * 1000,
        seconds[0] / seconds[1],
        cpu[0] / cpu[1],
        peak[0] / 2**20,
        peak[1] / 2**20,
        peak[1] / peak[0] if peak[0] > 0 else 0.0,
        f"≥ {work.faster:g}" + ("" if work.peak is None else f", peak ≤ {work.peak:g}"),
        len(found),
    )


def _child(work: Work, side: str, folder: pathlib.Path) -> dict[str, float]:
    command = [sys.executable, "-m", __package__ or "", "--one", work.name, side, str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=_MOST_S)
    if done.returncode:
        sys.exit(f"{work.name}, {side}: {done.stderr[-4000:]}")
    found: dict[str, float] = json.loads(done.stdout)
    return found


def one(work: Work, side: str, folder: pathlib.Path) -> dict[str, float]:
    """In a process of its own: one side, its time and its peak; or both, compared."""
    if side == "both":
        ours = _prepared(work.ours, work, folder)()
        work.same(_prepared(work.theirs, work, folder)(), ours)
        return {}
    call = _prepared(work.ours if side == "ours" else work.theirs, work, folder)
    pathlib.Path("/proc/self/clear_refs").write_text("5")  # the peak begins anew
    before = _status_bytes("VmRSS")
    start, cpu_start = time.perf_counter(), time.process_time()
    found = call()
    seconds, cpu_seconds = time.perf_counter() - start, time.process_time() - cpu_start
    peak = _status_bytes("VmHWM") - before
    del found
    return {"seconds": seconds, "cpu_seconds": cpu_seconds, "peak_bytes": peak}


def _prepared(side: Side, work: Work, folder: pathlib.Path) -> Callable[[], Any]:
    if work.without_pyarrow:
        sys.modules["pyarrow"] = None  # type: ignore[assignment]  # as if it were not installed
    return side(folder)


def _status_bytes(name: str) -> int:
    for line in pathlib.Path("/proc/self/status").read_text().splitlines():
        if line.startswith(name + ":"):
            return int(line.split()[1]) * 1024
    raise LookupError(name)


def line(row: Row) -> str:
    return (
        f"| {row.what} | {row.beside} | {row.theirs_ms:,.0f} ms | {row.ours_ms:,.0f} ms | {row.faster:.1f} "
        f"| {row.by_cpu:.1f} | {row.theirs_peak_mib:,.0f} MiB | {row.ours_peak_mib:,.0f} MiB | {row.peak:.2f} "
        f"| {row.target} | {row.rounds} |"
    )


HEAD = (
    "| what | beside | there | ours | times faster | by CPU | its peak | our peak | part of it | target | rounds |\n"
    + "|---" * 11
    + "|"
)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m benchmarks.dialects", description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--only", help="part of a name")
    parser.add_argument("--list", action="store_true", help="the names")
    parser.add_argument("--one", nargs=3, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one:
        (named,) = [work for work in works() if work.name == arguments.one[0]]
        print(json.dumps(one(named, arguments.one[1], pathlib.Path(arguments.one[2]))))
    elif arguments.list:
        print("\n".join(work.name for work in works()))
    elif arguments.json:
        print(json.dumps([row._asdict() for row in measured(works(arguments.only), arguments.rounds)], indent=1))
    else:
        print(HEAD)
        for row in measured(works(arguments.only), arguments.rounds):
            print(line(row), flush=True)
