"""The log documents: those of the last three weeks up to the present minute, the same for everybody at that minute."""

from __future__ import annotations

import random
import time
from bisect import bisect_left
from collections import Counter
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from .date_math import stamp
from .node_names import ARCHIVE

COUNT: Final = 4012
PERIOD_S: Final = 21 * 86400
ROLLOVER_S: Final = PERIOD_S // 4
"""How long an index is written to; so the documents of a period are always in five."""
ARCHIVED: Final = 6
"""So many periods before the last two are in the archive."""
Source = dict[str, Any]

_USERS = ("kimchy", "alice", "bob", "carol", "dana", "erik", "Zoë", "josé", "李雷", "nobody")
_USER_WEIGHTS = (12, 22, 18, 12, 9, 8, 6, 5, 5, 3)
_LEVELS = ("info", "debug", "warning", "error")
_LEVEL_WEIGHTS = (70, 14, 10, 6)
_CONTAINERS = (("shop", "web"), ("shop", "orders"), ("kube-system", "kube-dns"), ("monitoring", "prometheus"))
_MESSAGES = {
    "info": (
        "request served", "order placed", "user signed in", "cache warmed", "trying out Elasticsearch",
        "Bestellung über 12 € aufgegeben", "注文を受け付けました", "report ready ✓",
    ),
    "debug": ("cache miss", "connection reused", "query planned", 'parsed {"nested": [1, 2]}'),
    "warning": ("slow query", "retrying connection to database", "queue is filling up", "certificate expires soon"),
    "error": ("connection refused by database", "timeout while calling payment service", "out of stock",
        "panic: <nil>"),
}  # fmt: skip
_METHODS = ("GET", "GET", "GET", "POST", "PUT", "DELETE")
_PATHS = ("/", "/stats", "/orders", "/orders?page=2", "/login", "/cart")


_HOUR_WEIGHTS = (
    45,
    40,
    38,
    36,
    36,
    40,
    55,
    80,
    115,
    140,
    150,
    148,
    125,
    140,
    150,
    146,
    138,
    125,
    118,
    122,
    128,
    112,
    85,
    60,
)
_DAY_WEIGHTS = (1.05, 1.1, 1.15, 1.1, 1.0, 0.8, 0.75)  # Monday first
_EPOCH_WEEKDAY = 3  # 1970-01-01 was a Thursday


@dataclass(frozen=True, slots=True)
class Document:
    """One stored document; `order` grows with its time."""

    index: str
    id: str
    source: Source
    order: int


@dataclass(frozen=True, slots=True)
class Index:
    """One index, since when it is written to, whether it still is, and whether patterns leave it out."""

    name: str
    created_s: int
    newest: bool
    hidden: bool = False


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Some indices with their documents at one minute, oldest first."""

    indices: tuple[Index, ...]
    documents: list[Document]

    @property
    def names(self) -> list[str]:
        """What the indices are called."""
        return [one.name for one in self.indices]

    @property
    def counts(self) -> dict[str, int]:
        """How many documents each index has."""
        found = Counter(document.index for document in self.documents)
        return {name: found[name] for name in self.names}

    def __add__(self, later: Snapshot) -> Snapshot:
        """Both; the documents of the other one are later than these."""
        return Snapshot(self.indices + later.indices, self.documents + later.documents)

    def of(self, names: set[str]) -> Snapshot:
        """A part of them."""
        if names >= set(self.names):
            return self
        kept = tuple(one for one in self.indices if one.name in names)
        return Snapshot(kept, [one for one in self.documents if one.index in names])


class GeneratedLog:
    """What was logged.

    The same `COUNT` events come again each `PERIOD_S`, at the same hour of the same weekday. So at any minute the last
    period has each of them exactly once: whatever is counted over all documents is the same for ever, whereas their
    times, ids and indices move on with the clock. Nothing is made before it is asked for.
    """

    def __init__(self) -> None:
        self._events: list[tuple[float, int, Source]] = []
        self._cycles: dict[int, list[Document]] = {}
        self._last: tuple[int, Snapshot] | None = None
        self._archived: tuple[int, Snapshot] | None = None

    def at(self, now: float) -> Snapshot:
        """All documents of the period that ends with the last whole minute."""
        end = int(now) // 60 * 60
        if self._last is None or self._last[0] != end:
            self._last = end, self._snapshot(end)
        return self._last[1]

    def archive(self, now: float) -> Snapshot:
        """The documents of whole periods that are over: twenty-four thousand of them, in one hidden index."""
        last = int(now) // PERIOD_S - 2
        if self._archived is None or self._archived[0] != last:
            self._cycle(last + 1)
            cycles = range(last - ARCHIVED + 1, last + 1)
            events = self._events
            documents = [
                _document(cycle, number, *event, ARCHIVE) for cycle in cycles for number, event in enumerate(events)
            ]
            index = Index(ARCHIVE, cycles[0] * PERIOD_S, newest=False, hidden=True)
            self._archived = last, Snapshot((index,), documents)
        return self._archived[1]

    def _snapshot(self, end: int) -> Snapshot:
        cycle, phase = divmod(end, PERIOD_S)
        for number in set(self._cycles) - {cycle - 1, cycle}:
            del self._cycles[number]
        older, newer = self._cycle(cycle - 1), self._cycle(cycle)
        at = bisect_left([event[0] for event in self._events], phase)
        newest = end // ROLLOVER_S
        numbers = range(newest - 4, newest + 1)
        indices = (Index(index_name(number), number * ROLLOVER_S, number == newest) for number in numbers)
        return Snapshot(tuple(indices), older[at:] + newer[:at])

    def _cycle(self, cycle: int) -> list[Document]:
        if not self._events:
            self._events = _events()
        if cycle not in self._cycles:
            self._cycles[cycle] = [_document(cycle, number, *event) for number, event in enumerate(self._events)]
        return self._cycles[cycle]


@lru_cache(16)
def index_name(number: int) -> str:
    """The name of an index by its number, as a rollover gives it: the day it began, and the number."""
    day = time.strftime("%Y.%m.%d", time.gmtime(number * ROLLOVER_S))
    return f"logstash-{day}-{number:06d}"


def _document(cycle: int, number: int, phase: float, bits: int, source: Source, index: str = "") -> Document:
    second = cycle * PERIOD_S + phase
    identity = f"{bits ^ cycle * 0x9E3779B97F4A7C1 % 2**60:015x}"
    whole = {"@timestamp": stamp(second)} | source
    return Document(index or index_name(int(second) // ROLLOVER_S), identity, whole, cycle * COUNT + number)


def _events() -> list[tuple[float, int, Source]]:
    """When in the period each happens, the bits of its id, and what is logged; more of them by day than by night."""
    chance = random.Random(20260101)
    hours = [
        _DAY_WEIGHTS[(hour // 24 + _EPOCH_WEEKDAY) % 7] * _HOUR_WEIGHTS[hour % 24] for hour in range(PERIOD_S // 3600)
    ]
    share = sum(hours) / COUNT
    out = []
    hour, before = 0, 0.0
    for number in range(COUNT):
        place = (number + chance.random()) * share
        while hour < len(hours) - 1 and place >= before + hours[hour]:
            before += hours[hour]
            hour += 1
        phase = (hour + (place - before) / hours[hour]) * 3600
        out.append((min(int(phase * 1000) / 1000, PERIOD_S - 0.001), *_event(chance)))
    return out


def _event(chance: random.Random) -> tuple[int, Source]:
    level = chance.choices(_LEVELS, _LEVEL_WEIGHTS)[0]
    namespace, container = chance.choice(_CONTAINERS)
    message = chance.choice(_MESSAGES[level])
    user = chance.choices(_USERS, _USER_WEIGHTS)[0]
    source: Source = {
        "user": user,
        "level": level,
        "message": message,
        "kubernetes": {
            "namespace_name": namespace,
            "pod_name": f"{container}-{chance.randrange(3)}",
            "container_name": container,
            "labels": {"app": container, "tier": "frontend" if container == "web" else "backend"},
        },
        "took_ms": round(chance.lognormvariate(3, 1), 1),
        "bytes": chance.randrange(200, 200_000),
        "tags": sorted(chance.sample(("prod", "eu", "canary", "batch"), chance.randrange(0, 3))),
        "ok": level != "error",
    }
    if container in ("web", "orders"):
        status = {"error": 500, "warning": 429}.get(level, chance.choice((200, 200, 200, 201, 204, 404)))
        source["http"] = {"method": chance.choice(_METHODS), "path": chance.choice(_PATHS), "status": status}
    if chance.random() < 0.2:
        source["session"] = None
    elif chance.random() < 0.8:
        source["session"] = f"{chance.getrandbits(64):016x}"
    return chance.getrandbits(60), source


MAPPING: Final[dict[str, Any]] = {
    "@timestamp": {"type": "date"},
    "user": {"type": "keyword"},
    "level": {"type": "keyword"},
    "message": {"type": "text", "fields": {"keyword": {"type": "keyword", "ignore_above": 256}}},
    "kubernetes": {
        "properties": {
            "namespace_name": {"type": "keyword"},
            "pod_name": {"type": "keyword"},
            "container_name": {"type": "keyword"},
            "labels": {"properties": {"app": {"type": "keyword"}, "tier": {"type": "keyword"}}},
        }
    },
    "took_ms": {"type": "float"},
    "bytes": {"type": "long"},
    "tags": {"type": "keyword"},
    "ok": {"type": "boolean"},
    "http": {"properties": {"method": {"type": "keyword"}, "path": {"type": "keyword"}, "status": {"type": "integer"}}},
    "session": {"type": "keyword"},
}
"""The fields and their types."""


@lru_cache(256)
def field_type(name: str) -> str | None:
    """The type of a field by its dotted name; None when there is no such field."""
    known: dict[str, Any] = {"properties": MAPPING}
    for step in name.split("."):
        below = known.get("properties") or known.get("fields") or {}
        if step not in below:
            return None
        known = below[step]
    return known.get("type")


def all_fields() -> list[str]:
    """The dotted names of all fields that have a type."""
    return _leaves("", MAPPING)


def _leaves(prefix: str, properties: dict[str, Any]) -> list[str]:
    out = []
    for name, one in properties.items():
        if "type" in one:
            out.append(prefix + name)
        out += _leaves(f"{prefix}{name}.", one.get("properties") or one.get("fields") or {})
    return out


def values(document: Document, name: str) -> list[Any]:
    """The values of a field of one document: none for null or missing, several for a list."""
    if name == "_id":
        return [document.id]
    if name == "_index":
        return [document.index]
    found: Any = document.source
    for step in _steps(name):
        found = found.get(step) if isinstance(found, dict) else None
    if found is None:
        return []
    return [one for one in found if one is not None] if isinstance(found, list) else [found]


@lru_cache(256)
def _steps(name: str) -> tuple[str, ...]:
    return tuple(name.removesuffix(".keyword").split("."))
