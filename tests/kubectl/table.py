"""All situations, by the rules that they are about (G1 to G29)."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator, Mapping
from pathlib import Path

from . import files, proxies, servers, users
from .running import Situation

__all__ = ["SITUATIONS", "VERDICTS", "part", "verdicts"]

VERDICTS = Path(__file__).with_name("verdicts.json")


def _all() -> Iterator[Situation]:
    seen: set[str] = set()
    for one in itertools.chain(files.situations(), servers.situations(), proxies.situations(), users.situations()):
        assert one.name not in seen, f"two situations are called {one.name!r}"
        seen.add(one.name)
        yield one


SITUATIONS: Mapping[str, Situation] = {one.name: one for one in _all()}


def part(number: int, of: int) -> list[Situation]:
    """One of several equal parts of the situations: every `of`-th one, from `number` on."""
    return list(SITUATIONS.values())[number::of]


def verdicts() -> dict[str, list[str]]:
    """What kubectl 1.36.3 did in each situation, as `record` wrote it."""
    return dict(json.loads(VERDICTS.read_text()))
