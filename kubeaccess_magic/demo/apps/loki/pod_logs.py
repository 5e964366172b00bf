"""What the pods of the demo world log: the same lines whenever they are asked for, made when they are."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from ...world.usage import created_at

if TYPE_CHECKING:
    from ...world.builder import World

__all__ = ["RETENTION_S", "Stream", "streams"]

RETENTION_S: Final = 7 * 86400
"""How long lines are kept."""
NS: Final = 10**9

_USERS = ("kimchy", "alice", "bob", "Zoë")
_PATHS = ("/", "/stats", "/orders", "/orders?page=2", "/orders/17")
_LEVELS = ("info", "info", "info", "info", "info", "info", "debug", "debug", "warn", "error")
_EVENTS = {
    "info": ("report ready", "session renewed", "cache warmed"),
    "debug": ("cache miss", "connection reused"),
    "warn": ("slow query", "queue is filling up"),
    "error": ("connection refused by database", "timeout while calling payments"),
}
_STATUS = {"info": (200, 200, 200, 201), "debug": (304,), "warn": (404, 429), "error": (500, 503)}


@dataclass(frozen=True)
class Stream:
    """The lines of one container.

    Attributes
    ----------
    labels
        What tells it apart from others.
    began_s
        When the container began, in seconds since 1970.
    period_s
        One line is written in each so many seconds.
    text
        Makes a line.
    """

    labels: Mapping[str, str]
    began_s: float
    period_s: int
    text: Callable[[random.Random], str]

    def lines(self, start_ns: int, end_ns: int, *, newest_first: bool) -> Iterator[tuple[int, str]]:
        """The lines of a range, whose end does not belong to it, with their times."""
        start_ns = max(start_ns, int(self.began_s * NS))
        step = self.period_s * NS
        numbers = range(start_ns // step, -(-end_ns // step))
        seed = "/".join(self.labels.values())
        for number in reversed(numbers) if newest_first else numbers:
            chance = random.Random(f"{seed}/{number}")
            time_ns = number * step + chance.randrange(step)
            if start_ns <= time_ns < end_ns:
                yield time_ns, self.text(chance)


def streams(world: World) -> list[Stream]:
    """One stream for each container of the pods that log."""
    found = []
    for pod in world.objects:
        labels = pod["metadata"].get("labels", {}) if pod["kind"] == "Pod" else {}
        app = labels.get("app") or labels.get("k8s-app", "")
        if app not in _APPS:
            continue
        period_s, text = _APPS[app]
        for container in pod["spec"]["containers"]:
            of_stream = {
                "app": app,
                "container": container["name"],
                "namespace": pod["metadata"]["namespace"],
                "node": pod["spec"]["nodeName"],
                "pod": pod["metadata"]["name"],
            }
            found.append(Stream(of_stream, created_at(pod), period_s, text))
    return found


def _request(chance: random.Random) -> str:
    """A request that the shop answered, in logfmt."""
    level = chance.choice(_LEVELS)
    status, took_ms = chance.choice(_STATUS[level]), round(chance.lognormvariate(3, 1), 1)
    return (
        f"level={level} method=GET path={chance.choice(_PATHS)} status={status} took={took_ms}ms "
        f"user={chance.choice(_USERS)}"
    )


def _event(chance: random.Random) -> str:
    """What an app has to say, in JSON."""
    level = chance.choice(_LEVELS)
    event: dict[str, Any] = {"level": level, "msg": chance.choice(_EVENTS[level]), "attempt": chance.randrange(1, 4)}
    return json.dumps(event, ensure_ascii=False)


def _question(chance: random.Random) -> str:
    """A name that was looked up, as CoreDNS writes it."""
    name = chance.choice(("web.shop.svc.cluster.local.", "prometheus.monitoring.svc.cluster.local.", "example.org."))
    client = f"10.42.{chance.randrange(3)}.{chance.randrange(2, 250)}:{chance.randrange(32768, 61000)}"
    took = chance.randrange(50, 4000) / 1_000_000
    return f'[INFO] {client} - {chance.randrange(65536)} "A IN {name} udp 44 false 512" NOERROR qr,aa,rd 86 {took}s'


def _crash(chance: random.Random) -> str:
    """The last words of the importer."""
    return f'level=error msg="cannot reach payments: connection refused" attempt={chance.randrange(1, 18)}'


_APPS: Mapping[str, tuple[int, Callable[[random.Random], str]]] = {
    "web": (4, _request),
    "backoffice": (30, _event),
    "payments": (20, _event),
    "vault": (120, _event),
    "importer": (300, _crash),
    "kube-dns": (15, _question),
}
"""How often the containers of an app write a line, in seconds, and what."""
