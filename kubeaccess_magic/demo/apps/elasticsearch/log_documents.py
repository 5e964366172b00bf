"""The log documents of the last three weeks up to the current minute; every demo has the same at the same minute."""

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
"""How long an index is written to; so the documents of a period are always in five indices."""
ARCHIVED: Final = 6
"""How many periods are in the archive; they end before the last two."""
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
    """A stored document; `order` increases with its timestamp."""

    index: str
    id: str
    source: Source
    order: int


@dataclass(frozen=True, slots=True)
class Index:
    """An index: when it was created, whether it is still written to, and whether patterns omit it."""

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
        """The names of the indices."""
        return [index.name for index in self.indices]

    @property
    def counts(self) -> dict[str, int]:
        """Index → the number of its documents."""
        counter = Counter(document.index for document in self.documents)
        return {name: counter[name] for name in self.names}

    def __add__(self, later: Snapshot) -> Snapshot:
        """The indices and documents of both; those of the other snapshot are later."""
        return Snapshot(self.indices + later.indices, self.documents + later.documents)

    def part(self, names: set[str]) -> Snapshot:
        """The part of the snapshot in some indices."""
        if names >= set(self.names):
            return self
        indices = tuple(index for index in self.indices if index.name in names)
        return Snapshot(indices, [document for document in self.documents if document.index in names])


class GeneratedLog:
    """Generates the log documents, when they are first needed.

    The same `COUNT` events repeat every `PERIOD_S`, at the same hour of the same weekday. So the last period, up to any
    minute, has each of them exactly once: counts over all documents never change, while their timestamps, ids and
    indices move with the clock.
    """

    def __init__(self) -> None:
        self._events: list[tuple[float, int, Source]] = []
        self._cycles: dict[int, list[Document]] = {}
        self._latest: tuple[int, Snapshot] | None = None
        self._archived: tuple[int, Snapshot] | None = None

    def at(self, now: float) -> Snapshot:
        """All documents of the period that ends at the last full minute."""
        end = int(now) // 60 * 60
        if self._latest is None or self._latest[0] != end:
            self._latest = end, self._snapshot(end)
        return self._latest[1]

    def archive(self, now: float) -> Snapshot:
        """The documents of earlier periods: about twenty-four thousand, in one hidden index."""
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
        position = bisect_left([event[0] for event in self._events], phase)
        newest = end // ROLLOVER_S
        numbers = range(newest - 4, newest + 1)
        indices = (Index(index_name(number), number * ROLLOVER_S, number == newest) for number in numbers)
        return Snapshot(tuple(indices), older[position:] + newer[:position])

    def _cycle(self, cycle: int) -> list[Document]:
        if not self._events:
            self._events = _events()
        if cycle not in self._cycles:
            self._cycles[cycle] = [_document(cycle, number, *event) for number, event in enumerate(self._events)]
        return self._cycles[cycle]


@lru_cache(16)
def index_name(number: int) -> str:
    """The name of an index as a rollover makes it: with the day when it began, and its number."""
    day = time.strftime("%Y.%m.%d", time.gmtime(number * ROLLOVER_S))
    return f"logstash-{day}-{number:06d}"


def _document(cycle: int, number: int, phase: float, bits: int, source: Source, index: str = "") -> Document:
    second = cycle * PERIOD_S + phase
    document_id = f"{bits ^ cycle * 0x9E3779B97F4A7C1 % 2**60:015x}"
    full_source = {"@timestamp": stamp(second)} | source
    return Document(index or index_name(int(second) // ROLLOVER_S), document_id, full_source, cycle * COUNT + number)


def _events() -> list[tuple[float, int, Source]]:
    """Each event's time in the period, the bits of its id, and its content; there are more by day than by night."""
    generator = random.Random(20260101)
    hour_weights = [
        _DAY_WEIGHTS[(hour // 24 + _EPOCH_WEEKDAY) % 7] * _HOUR_WEIGHTS[hour % 24] for hour in range(PERIOD_S // 3600)
    ]
    share = sum(hour_weights) / COUNT
    events = []
    hour, weight_before = 0, 0.0
    for number in range(COUNT):
        position = (number + generator.random()) * share
        while hour < len(hour_weights) - 1 and position >= weight_before + hour_weights[hour]:
            weight_before += hour_weights[hour]
            hour += 1
        phase = (hour + (position - weight_before) / hour_weights[hour]) * 3600
        events.append((min(int(phase * 1000) / 1000, PERIOD_S - 0.001), *_event(generator)))
    return events


def _event(generator: random.Random) -> tuple[int, Source]:
    level = generator.choices(_LEVELS, _LEVEL_WEIGHTS)[0]
    namespace, container = generator.choice(_CONTAINERS)
    message = generator.choice(_MESSAGES[level])
    user = generator.choices(_USERS, _USER_WEIGHTS)[0]
    source: Source = {
        "user": user,
        "level": level,
        "message": message,
        "kubernetes": {
            "namespace_name": namespace,
            "pod_name": f"{container}-{generator.randrange(3)}",
            "container_name": container,
            "labels": {"app": container, "tier": "frontend" if container == "web" else "backend"},
        },
        "took_ms": round(generator.lognormvariate(3, 1), 1),
        "bytes": generator.randrange(200, 200_000),
        "tags": sorted(generator.sample(("prod", "eu", "canary", "batch"), generator.randrange(0, 3))),
        "ok": level != "error",
    }
    if container in ("web", "orders"):
        status = {"error": 500, "warning": 429}.get(level, generator.choice((200, 200, 200, 201, 204, 404)))
        source["http"] = {"method": generator.choice(_METHODS), "path": generator.choice(_PATHS), "status": status}
    if generator.random() < 0.2:
        source["session"] = None
    elif generator.random() < 0.8:
        source["session"] = f"{generator.getrandbits(64):016x}"
    return generator.getrandbits(60), source


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
"""The mapping: the fields and their types."""


@lru_cache(256)
def field_type(name: str) -> str | None:
    """The type of a field, by its dotted name; None if there is no such field."""
    field: dict[str, Any] = {"properties": MAPPING}
    for key in name.split("."):
        subfields = field.get("properties") or field.get("fields") or {}
        if key not in subfields:
            return None
        field = subfields[key]
    return field.get("type")


def all_fields() -> list[str]:
    """The dotted names of all fields that have a type."""
    return _leaves("", MAPPING)


def _leaves(prefix: str, properties: dict[str, Any]) -> list[str]:
    names = []
    for name, field in properties.items():
        if "type" in field:
            names.append(prefix + name)
        names += _leaves(f"{prefix}{name}.", field.get("properties") or field.get("fields") or {})
    return names


def values(document: Document, name: str) -> list[Any]:
    """The values of a field in a document: none if it is null or missing, several if it is a list.

    Parameters
    ----------
    document
        The document.
    name
        The dotted name of the field.
    """
    if name == "_id":
        return [document.id]
    if name == "_index":
        return [document.index]
    content: Any = document.source
    for key in _keys(name):
        content = content.get(key) if isinstance(content, dict) else None
    if content is None:
        return []
    return [value for value in content if value is not None] if isinstance(content, list) else [content]


@lru_cache(256)
def _keys(name: str) -> tuple[str, ...]:
    return tuple(name.removesuffix(".keyword").split("."))
