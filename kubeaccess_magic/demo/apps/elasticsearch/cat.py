"""`_cat`: tables for people, as text, or as JSON with `format=json`."""

from __future__ import annotations

from typing import Any

from .errors import illegal

_SHARDS_PER_INDEX = 1


def indices(counts: dict[str, int]) -> list[dict[str, str]]:
    """`_cat/indices`."""
    return [
        {
            "health": "yellow",
            "status": "open",
            "index": name,
            "uuid": f"{abs(hash_of(name)):022x}"[:22],
            "pri": str(_SHARDS_PER_INDEX),
            "rep": "1",
            "docs.count": str(count),
            "docs.deleted": "0",
            "store.size": f"{count * 0.4:.1f}kb",
            "pri.store.size": f"{count * 0.4:.1f}kb",
        }
        for name, count in sorted(counts.items())
    ]


def health(now: int) -> list[dict[str, str]]:
    """`_cat/health`."""
    clock = f"{now // 3600 % 24:02d}:{now // 60 % 60:02d}:{now % 60:02d}"
    return [
        {
            "epoch": str(now), "timestamp": clock, "cluster": "kubernetes_logging", "status": "yellow",
            "node.total": "1", "node.data": "1", "shards": "5", "pri": "5", "relo": "0", "init": "0", "unassign": "5",
            "pending_tasks": "0", "max_task_wait_time": "-", "active_shards_percent": "50.0%",
        }
    ]  # fmt: skip


def nodes() -> list[dict[str, str]]:
    """`_cat/nodes`."""
    return [
        {
            "ip": "10.42.0.11", "heap.percent": "41", "ram.percent": "87", "cpu": "3", "load_1m": "0.21",
            "load_5m": "0.30", "load_15m": "0.28", "node.role": "dim", "master": "*", "name": "elasticsearch-logging-0",
        }
    ]  # fmt: skip


def count(total: int, now: int) -> list[dict[str, str]]:
    """`_cat/count`."""
    clock = f"{now // 3600 % 24:02d}:{now // 60 % 60:02d}:{now % 60:02d}"
    return [{"epoch": str(now), "timestamp": clock, "count": str(total)}]


def shaped(rows: list[dict[str, str]], parameters: dict[str, str]) -> list[dict[str, str]]:
    """Rows with the columns (`h=`) and in the order (`s=`) that were asked for."""
    for key in reversed([one for one in parameters.get("s", "").split(",") if one]):
        name, _, direction = key.partition(":")
        if rows and name not in rows[0]:
            raise illegal(f"Unable to sort by unknown sort key `{name}`")
        rows = sorted(rows, key=lambda row: _sortable(row[name]), reverse=direction == "desc")
    if asked := [one for one in parameters.get("h", "").split(",") if one]:
        rows = [{name: row.get(name, "") for name in asked} for row in rows]
    return rows


def text(rows: list[dict[str, str]], verbose: bool) -> str:
    """The rows in columns; numbers to the right."""
    if not rows:
        return ""
    names = list(rows[0])
    shown = ([{name: name for name in names}] if verbose else []) + rows
    widths = {name: max(len(row[name]) for row in shown) for name in names}
    right = {name: all(_is_number(row[name]) for row in rows) for name in names}
    lines = (
        " ".join(row[name].rjust(widths[name]) if right[name] else row[name].ljust(widths[name]) for name in names)
        for row in shown
    )
    return "".join(line + "\n" for line in lines)


def hash_of(name: str) -> int:
    """A number that is the same for a name at each start."""
    out = 0
    for character in name:
        out = (out * 1_000_003 + ord(character)) % 2**88
    return out


def _is_number(value: str) -> bool:
    return value.replace(".", "", 1).isdecimal()


def _sortable(value: str) -> Any:
    return (0, float(value), "") if _is_number(value) else (1, 0.0, value)
