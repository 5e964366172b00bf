"""The log documents: always the same ones, ending at the midnight before the demo started."""

from __future__ import annotations

import random
import time
from dataclasses import dataclass
from typing import Any, Final

COUNT: Final = 4012
DAYS: Final = 21
INDEX: Final = "logstash-"
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


@dataclass(frozen=True, slots=True)
class Document:
    """One stored document."""

    index: str
    id: str
    source: Source
    order: int


def documents(now: float) -> list[Document]:
    """All of them, oldest first.

    Parameters
    ----------
    now
        Seconds since the epoch; only the day counts.
    """
    midnight = int(now) // 86400 * 86400
    chance = random.Random(20260101)
    step = DAYS * 86400 / COUNT
    return [_document(chance, number, midnight - DAYS * 86400 + number * step) for number in range(COUNT)]


def _document(chance: random.Random, number: int, second: float) -> Document:
    second += chance.random() * 60
    level = chance.choices(_LEVELS, _LEVEL_WEIGHTS)[0]
    namespace, container = chance.choice(_CONTAINERS)
    message = chance.choice(_MESSAGES[level])
    user = chance.choices(_USERS, _USER_WEIGHTS)[0]
    source: Source = {
        "@timestamp": _stamp(second),
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
    identity = f"{chance.getrandbits(60):015x}"
    day = time.strftime("%Y.%m.%d", time.gmtime(second))
    return Document(INDEX + day, identity, source, number)


def _stamp(second: float) -> str:
    whole = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(second))
    return f"{whole}.{int(second % 1 * 1000):03d}Z"


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


def field_type(name: str) -> str | None:
    """The type of a field by its dotted name; None when there is no such field."""
    known: dict[str, Any] = {"properties": MAPPING}
    for step in name.split("."):
        below = known.get("properties") or known.get("fields") or {}
        if step not in below:
            return None
        known = below[step]
    return known.get("type")


def values(source: Source, name: str) -> list[Any]:
    """The values of a field of one document: none for null or missing, several for a list."""
    if name.endswith(".keyword"):
        name = name.removesuffix(".keyword")
    found: Any = source
    for step in name.split("."):
        found = found.get(step) if isinstance(found, dict) else None
    if found is None:
        return []
    return [one for one in found if one is not None] if isinstance(found, list) else [found]
