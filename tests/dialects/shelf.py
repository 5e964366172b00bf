"""A small search engine in memory, as different versions of it behave: what it is asked is written down."""

from __future__ import annotations

import dataclasses
import functools
import json
from bisect import bisect_right
from typing import Any

import fetching
import msgspec

from kubeaccess_magic import fetch
from kubeaccess_magic.call import Call
from kubeaccess_magic.errors import AccessDenied
from kubeaccess_magic.query import ALL
from kubeaccess_magic.reply import Reply
from kubeaccess_magic.request import Request

from .answers import reply, request

WINDOW = 10_000


@dataclasses.dataclass
class Shelf:
    """Hits that can be searched, in one index.

    Parameters
    ----------
    hits
        How many.
    pit
        The form of its points in time: ``elastic``, ``open_search``, or none at all.
    shard_doc
        Whether it knows the tiebreaker.
    product
        Whether it says that it is Elasticsearch (from 7.14).
    create, delete
        Whether the API server lets POST and DELETE through.
    scroll
        Whether the search goes with a scroll.
    long_id
        Whether the id of a scroll is long.
    fails_at, interrupted_at
        The number of the request that fails, or is interrupted.
    """

    hits: int = 20_500
    pit: str | None = "elastic"
    shard_doc: bool = True
    product: bool = True
    create: bool = True
    delete: bool = True
    scroll: bool = True
    long_id: bool = False
    fails_at: int | None = None
    interrupted_at: int | None = None

    def __post_init__(self) -> None:
        self.asked: list[Request] = []
        self.open: dict[str, tuple[dict[str, Any], int]] = {}
        self.told: list[tuple[int, int | None, str]] = []

    def frame(self, path: str, limit: int | None = ALL, body: Any = None, **options: Any) -> fetch.Fetched:
        """What a person gets."""
        call = Call(progress=lambda *told: self.told.append(told))
        asked = request("shop/es", path, body=body)
        return fetching.fetched(asked, self.send, call, limit=limit, **options)

    @property
    def log(self) -> list[str]:
        """What was asked, a line a request."""
        return [f"{one.method} {one.path}" for one in self.asked]

    def body(self, number: int) -> dict[str, Any]:
        """What was in a request."""
        return json.loads(self.asked[number].body or b"{}")

    def send(self, asked: Request, call: Call) -> Reply:
        """The answer."""
        self.asked.append(asked)
        if len(self.asked) == self.interrupted_at:
            raise KeyboardInterrupt
        if (asked.method == "POST" and not self.create) or (asked.method == "DELETE" and not self.delete):
            raise AccessDenied(f"{asked.method} is not allowed")
        status, document = (503, _error("busy")) if len(self.asked) == self.fails_at else self._answer(asked)
        headers = (("X-elastic-product", "Elasticsearch"),) if self.product else ()
        return reply(msgspec.json.encode(document), asked=asked, status=status, headers=headers)

    def _answer(self, asked: Request) -> tuple[int, Any]:
        body = json.loads(asked.body or asked.param("source") or b"{}")
        match asked.method, asked.path.rsplit("/", 1)[-1]:
            case "POST", "_pit" if self.pit == "elastic":
                return 200, {"id": self._opened(body, "pit")}
            case "POST", "point_in_time" if self.pit == "open_search":
                return 200, {"pit_id": self._opened(body, "pit"), "creation_time": 1}
            case "DELETE", "_pit" if self.pit == "elastic":
                return 200, {"succeeded": self.open.pop(body["id"]) is not None, "num_freed": 1}
            case "DELETE", "point_in_time" if self.pit == "open_search":
                return 200, {
                    "pits": [{"pit_id": one, "successful": bool(self.open.pop(one))} for one in body["pit_id"]]
                }
            case "DELETE", "scroll":
                for one in body["scroll_id"]:
                    del self.open[one]
                return 200, {"succeeded": True, "num_freed": 1}
            case "GET", "scroll":
                identity = body.get("scroll_id") or asked.param("scroll_id")
                wanted, place = self.open[identity]
                return self.page(wanted, place, {"_scroll_id": identity})
            case "GET" | "POST", "_search":
                return self._search(asked, body)
        return 405, {"error": f"Incorrect HTTP method for uri [{asked.path}]", "status": 405}

    def _opened(self, wanted: dict[str, Any], kind: str) -> str:
        identity = f"{kind}{len(self.open)}" + ("=" * 5000 if self.long_id else "")
        self.open[identity] = wanted, 0
        return identity

    def _search(self, asked: Request, body: dict[str, Any]) -> tuple[int, Any]:
        wanted = {**body, **{name: int(value) for name, value in asked.params() if name in ("size", "from")}}
        sort = wanted.get("sort") or []
        wanted["sort"] = [*sort, *(asked.param("sort").split(",") if asked.param("sort") else [])]
        if any("_shard_doc" in str(one) for one in wanted["sort"]) and not self.shard_doc:
            return 400, _error("No mapping found for [_shard_doc] in order to sort on")
        if wanted.get("from", 0) + wanted.get("size", 10) > WINDOW:
            return 400, _error("Result window is too large")
        if asked.param("scroll") is not None:
            assert "from" not in wanted, "using [from] is not allowed in a scroll context"
            if not self.scroll:
                return 400, _error("cannot use [collapse] in a scroll context")
            identity = self._opened(wanted, "scroll")
            return self.page(wanted, 0, {"_scroll_id": identity})
        if "pit" in wanted:
            assert asked.path == "/_search" and wanted["pit"]["id"] in self.open
            return self.page(wanted, wanted.get("from", 0), {"pit_id": wanted["pit"]["id"]})
        return self.page(wanted, wanted.get("from", 0), {})

    def page(self, wanted: dict[str, Any], place: int, head: dict[str, Any]) -> tuple[int, Any]:
        """Status and answer of a search, from some place on."""
        keys = [_key(one) for one in wanted["sort"]]
        ordered = _ordered(self.hits, tuple(keys))
        if "search_after" in wanted:
            place = bisect_right(ordered, _signed(wanted["search_after"], keys), key=lambda i: _place(i, keys))
        shown = ordered[place : place + wanted.get("size", 10)]
        if identity := head.get("_scroll_id"):
            self.open[identity] = wanted, place + len(shown)
        by_score = not keys or any(name == "_score" for name, _ in keys)
        hits = [_hit(i, keys, by_score) for i in shown]
        track = wanted.get("track_total_hits", WINDOW)
        found: dict[str, Any] = {"max_score": None, "hits": hits}
        if track is not False:
            is_all = track is True or identity or self.hits <= track
            found["total"] = {"value": self.hits if is_all else track, "relation": "eq" if is_all else "gte"}
        answer = {**head, "took": 1, "timed_out": False, "_shards": {"total": 2, "failed": 0}, "hits": found}
        if "aggs" in wanted:
            answer["aggregations"] = {"n": {"value": self.hits}}
        return 200, answer


def _error(reason: str) -> dict[str, Any]:
    return {"error": {"type": "illegal_argument_exception", "reason": reason}, "status": 400}


def _key(sort: Any) -> tuple[str, bool]:
    name, order = next(iter(sort.items())) if isinstance(sort, dict) else (f"{sort}:".split(":")[:2])
    order = order["order"] if isinstance(order, dict) else order
    return name, (order or ("desc" if name == "_score" else "asc")) == "desc"


def _value(i: int, name: str) -> Any:
    if name == "_shard_doc":
        return i
    if name == "_score":
        return 1.0
    return i % 3 if name == "third" else f"name {i % 50:02}"


@functools.cache
def _ordered(hits: int, keys: tuple[tuple[str, bool], ...]) -> list[int]:
    return sorted(range(hits), key=lambda i: _place(i, list(keys)))


def _signed(values: list[Any], keys: list[tuple[str, bool]]) -> tuple[Any, ...]:
    return tuple(
        -value if descending and not isinstance(value, str) else value
        for value, (_, descending) in zip(values, keys, strict=False)
    )


def _place(i: int, keys: list[tuple[str, bool]]) -> tuple[Any, ...]:
    return (*_signed([_value(i, name) for name, _ in keys if name != "_shard_doc"], keys), i)


def _hit(i: int, keys: list[tuple[str, bool]], by_score: bool) -> dict[str, Any]:
    hit: dict[str, Any] = {"_index": "logs", "_id": str(i), "_score": 1.0 if by_score else None, "_source": _source(i)}
    return {**hit, "sort": [_value(i, name) for name, _ in keys]} if keys else hit


@functools.cache
def _source(i: int) -> msgspec.Raw:
    source = {"i": i, "third": i % 3, "name": f"name {i % 50:02}", "at": f"2026-11-01T00:00:{i % 60:02}.000Z"}
    return msgspec.Raw(msgspec.json.encode(source))
